"""How answers are read and judged: as text or numbers, rounded on paper, as formulas, as functions."""

from __future__ import annotations

import builtins
import math
import re
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import sympy as sp

import bpkit as bp
from bpkit.core.errors import BpkitError
from bpkit.exercises.questions.bank.quantity_questions import number_part
from bpkit.exercises.questions.generation import generate
from bpkit.exercises.questions.parts import ExactPart
from bpkit.mistakes.formula import read_formula
from bpkit.mistakes.hand_rounding import half_unit, paper_slack
from bpkit.mistakes.typed_number import read

ARTICLE = bp.examples.article.problem


@pytest.mark.parametrize(
    "given",
    [
        0.0851,
        "0.0851",
        " 0.0851 ",
        "0,0851",
        ".0851",
        "+0.0851",
        "8.51e-2",
        "8.51E-02",
        "8.51·10^-2",
        "8.51 × 10^(-2)",
        "8.51*10**-2",
        "dE/dw5 = 0.0851",
        np.float64(0.0851),
    ],
)
def test_a_number_is_read_however_it_was_typed(given: object) -> None:
    assert read(given).value == pytest.approx(0.0851, rel=1e-12)


def test_a_minus_sign_is_read_in_every_spelling() -> None:
    assert read("−0.02").value == read("-0.02").value == read("–0.02").value == -0.02


@pytest.mark.parametrize(
    "given",
    [
        *(None, True, "", "abc", "0.08.51", "1e999", math.nan, math.inf, "nan", "inf", [0.1], {}, "1" * 300, 10**400),
        *("10**10**10", "__import__('os')", "8e-99999", object()),
    ],
)
def test_what_is_no_finite_number_is_refused_in_words(given: object) -> None:
    with pytest.raises(BpkitError, match="answer: expected a"):
        read(given)


def test_digits_typed_are_counted() -> None:
    assert [read(text).digits for text in ("0.0851", "0.085100", "12", "0,5", "0")] == [3, 5, 2, 1, 1]


def test_an_answer_is_judged_at_the_digits_asked() -> None:
    part = number_part(ARTICLE, "w5", ())
    assert part.right == pytest.approx(0.0851429384, abs=1e-10)
    assert part.judge(0.0851429384).verdict == "correct"
    assert part.judge("0.08514").verdict == "correct"
    assert part.judge("0.08517").verdict == "rounded"
    assert part.judge("0.0853").verdict == "unknown"
    exact = replace(part, right=0.0851, paper=0.0, quantity=None)
    assert [exact.judge(text).verdict for text in ("0.085105", "0.0851051", "0.085095", "0.0850949")] == [
        "correct", "unknown", "correct", "unknown"]  # half a unit away counts, and nothing beyond  # fmt: skip
    for judge in (part.judge, exact.judge):  # a quantity of the derivation, and a number that is none
        assert [judge(given).verdict for given in ("0.09", 0.085, "0.0851 ")][:2] == ["few_digits"] * 2
        assert "4 significant digits" in judge(0.085).message  # as it stands in an answer cell
        assert judge(0.086).verdict == judge("0.21").verdict == judge("0.2137").verdict == "unknown"
        assert not judge("0.09").share
    assert part.judge("").verdict == part.judge(None).verdict == "blank"
    assert part.judge("eight").verdict == "unreadable"
    assert part.judge(-0.08514).misconceptions[0] == "swaps the sign of the error"


def test_half_a_unit_of_the_last_digit() -> None:
    assert half_unit(0.0851429, 4) == pytest.approx(0.000005)
    assert half_unit(-1.5, 3) == pytest.approx(0.005)
    assert half_unit(1.0, 4) == pytest.approx(0.0005)


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("id", ["hidden-weight", "whole-forward", "hidden-update", "loss"])
def test_whoever_rounds_every_line_on_paper_is_not_blamed(id: str, seed: int) -> None:
    """Work the lines out with SymPy, rounding each result to the digits asked before it is used."""
    exercise = generate(id, seed=seed)
    problem = exercise.problem
    for part in exercise.content.parts:
        paper: dict[str, Any] = dict(problem.givens)
        for step in bp.derive(problem.network).toward(part.quantity):
            exact = step.rhs.xreplace({sp.Symbol(name): sp.Float(value) for name, value in paper.items()})
            paper[step.name] = float(f"{float(exact):.{part.digits - 1}e}")
        said = part.judge(f"{paper[part.quantity]:#.{part.digits}g}")
        assert said.verdict in ("correct", "rounded"), (said, part.right, paper[part.quantity])


def on_paper(problem: Any, digits: int) -> dict[str, Any]:
    """Every line of a problem, worked out with SymPy from results that were rounded before."""
    paper: dict[str, Any] = dict(problem.givens)
    for step in problem.derivation:
        exact = step.rhs.xreplace({sp.Symbol(name): sp.Float(value) for name, value in paper.items()})
        paper[step.name] = float(f"{float(exact):.{digits - 1}e}")
    return paper


@pytest.mark.parametrize("level", ["easy", "medium", "hard"])
def test_rounding_every_line_is_right_behind_an_update_and_over_a_batch_too(level: str) -> None:
    for seed in range(8):
        for part in generate("learning-rate", seed=seed, difficulty=level).content.parts[:2]:
            first = on_paper(part.problem, part.digits)
            new = {name: first[f"{name}_new"] for name in part.problem.network.parameters}
            after = on_paper(part.problem.replace(**new), part.digits)["E_total"]
            assert part.judge(f"{after:#.{part.digits}g}"), (seed, part.right, after)
            assert abs(after - part.right) <= part.room  # what a learning system is told
        *samples, mean = generate("batch-mean", seed=seed, difficulty=level).content.parts
        each = [on_paper(one.problem, one.digits)[one.quantity] for one in samples]
        typed = sum(each) / len(each)
        assert mean.judge(f"{typed:#.{mean.digits}g}"), (seed, mean.right, typed)
        assert abs(float(f"{typed:#.{mean.digits}g}") - mean.right) <= mean.room


@pytest.mark.parametrize("id", ["output-update", "hidden-update"])
def test_four_digits_on_the_way_to_an_update_are_right_up_to_rounding(id: str) -> None:
    for seed in range(6):
        (part,) = generate(id, seed=seed, difficulty="easy").content.parts
        kept = on_paper(part.problem, 4)
        parameter = part.quantity.removesuffix("_new")
        step = part.problem.learning_rate * kept[f"dE_total/d{parameter}"]
        typed = f"{part.problem.parameters[parameter] - float(f'{step:.4g}'):.{part.digits}g}"
        found = part.judge(typed)
        assert found.verdict in ("correct", "rounded"), (seed, part.right, typed, found)


def test_slack_grows_along_the_derivation_and_shrinks_with_the_digits() -> None:
    coarse, fine = (
        {name: paper_slack(ARTICLE, name, digits) for name in bp.derive(ARTICLE).by_name} for digits in (3, 6)
    )
    assert coarse["net_h1"] < coarse["net_o1"]
    assert all(fine[name] < coarse[name] for name in coarse if coarse[name])


# Words, shapes, paths


def test_words_shapes_and_paths_are_read_in_several_spellings() -> None:
    sign = ExactPart("?", "negative", "word", ("positive", "negative"))
    assert [sign.judge(word).verdict for word in ("negative", " Negative", "-", "−", "minus")] == ["correct"] * 5
    assert sign.judge("+").verdict == "unknown"
    assert sign.judge("perhaps").verdict == "unreadable"
    shape = ExactPart("?", (2, 3), "shape")
    assert [shape.judge(s).verdict for s in ((2, 3), [2, 3], "2x3", "(2, 3)", "2 × 3")] == ["correct"] * 5
    assert shape.judge((3, 2)).verdict == "unknown"
    assert ExactPart("?", (3,), "shape").judge("(3,)").verdict == "correct"
    assert shape.judge(3).verdict == "unreadable"
    assert "got 'rows'" in shape.judge("rows").message
    paths = ExactPart("?", frozenset({("h1", "o1"), ("h1", "o2")}), "paths")
    for given in (["h1 o1", "h1 o2"], "h1 o2, h1 o1", ("h1->o2", "h1 → o1"), [["h1", "o1"], ["h1", "o2"]]):
        assert paths.judge(given).verdict == "correct", given
    assert paths.judge(["h1 o1"]).verdict == "unknown"
    assert paths.judge(["h1 o1"]).message == "One right, one still missing."
    known = ExactPart("?", paths.right, "paths", neurons=("h1", "h2", "o1", "o2"))
    assert known.judge("h1 o1, h2 o1").message == "One right, one still missing. The others are not among them."
    assert known.judge("h2 o1").message == "Not right: none of these is one of the paths."
    assert known.judge("h1 o1, h1 o2, h2").message == "Two right, and none missing. The others are not among them."
    assert known.judge(["w1 → net_h1 → h1 → o1 → E_total", "x1 h1 w7 o2"]).verdict == "correct"
    assert known.judge(["h2 h1 o1", "h1 o2"]).verdict == "unknown"
    whole = ExactPart("?", -2, "whole")
    assert whole.judge("-2").verdict == whole.judge(-2.0).verdict == "correct"
    assert whole.judge(1.5).verdict == "unreadable"


def test_parts_of_an_exercise_are_checked_one_by_one_or_together() -> None:
    exercise = generate("net-and-out", seed=3)
    good = exercise.answer
    assert exercise.check(good).verdict == "correct"
    assert exercise.check(good["a"], part="a").verdict == "correct"
    half = exercise.check({"a": good["a"], "b": 0.123})
    assert not half
    assert half["a"]
    assert half.verdict == half["b"].verdict != "correct"
    assert exercise.check({"a": good["a"]})["b"].verdict == "blank"
    with pytest.raises(BpkitError, match="parts a, b"):
        exercise.check(0.5)
    with pytest.raises(BpkitError, match="part of this exercise"):
        exercise.check(0.5, part="z")


# Formulas


def test_a_formula_is_judged_by_meaning() -> None:
    exercise = next(e for e in (generate("symbolic", seed=s, difficulty="easy") for s in range(30)) if _is_simple(e))
    weight = exercise.task.about["weight"]
    (part,) = exercise.content.parts
    source, _ = exercise.problem.network.weights[weight]
    before = source if source.startswith("x") else f"out_{source}"
    forms = [
        f"(out_o1 - y1)*out_o1*(1 - out_o1)*{before}",
        f"-(y1-out_o1) · out_o1 · (1−out_o1) · {before}",
        f"{before}*(out_o1 - y1)*(out_o1 - out_o1^2)",
        f"dE/dw = (out_o1-y1)*exp(-net_o1)/(1+exp(-net_o1))**2*{before}",
        f"{before}*(out_o1*out_o1 - out_o1^3 - y1*out_o1 + y1*out_o1^2)",
    ]
    assert [part.judge(form).verdict for form in forms] == ["correct"] * len(forms)
    assert part.judge(f"(out_o1 - y1)*{before}").misconceptions == ("forgets the output slope",)
    assert part.judge(f"(out_o1 - y1)*out_o1*{before}").verdict == "unknown"
    assert part.judge("log(out_o1 - 2)").verdict == "unknown"
    both = part.judge(f"(out_o1 - y1)*{weight}")
    assert both.misconceptions == ("multiplies by a weight instead of a signal",)
    assert "the slope of the output is missing as well" in both.message
    example = re.findall("`(.*?)`", part.asks)
    assert [part.judge(one).verdict for one in example] == ["unknown"]  # no start of an answer, right or wrong


def _is_simple(exercise: Any) -> bool:
    _, target = exercise.problem.network.weights[exercise.task.about["weight"]]
    return bool(target == "o1")


HOSTILE = [
    "__import__('os').system('true')",
    "10**10**10",
    "9**9**9**9",
    "2**(2**100)",
    "x1**999",
    "x1**w1",
    "x1**-9",
    "(lambda: 1)()",
    "[x1 for x1 in (1,2)]",
    "x1.__class__",
    "open('f')",
    "exp(x1, w1)",
    "exp(*[1])",
    "exp(x=1)",
    "'a'*9",
    "x1 if x1 else 2",
    "x1 < 2",
    "x1 := 3",
    "x1; 2",
    "f'{x1}'",
    "unknown_name",
    "True",
    "1j",
    "1e400",
    "",
    "(" * 500 + "x1" + ")" * 500,
    "-" * 3000 + "1",
    "+".join(["x1"] * 500),
    "x1" * 5000,
    "\x00",
    "x1\n+__import__('os')",
    "１**２",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_formulas_are_refused_and_never_run(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Alone, and on every side of what is a formula."""

    def never(*arguments: object, **more: object) -> None:
        raise AssertionError("evaluated")

    monkeypatch.setattr(builtins, "eval", never)
    monkeypatch.setattr(sp, "sympify", never)
    for whole in (text, f"({text})*x1", f"x1 - ({text})", f"({text})**2", f"-({text})", f"exp({text})"):
        with pytest.raises(BpkitError, match="formula"):
            read_formula(whole, frozenset(["x1", "w1"]))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("(x1 - w1)(1 - x1)", r"a \* is missing before the bracket; write \(x1 - w1\)\*\(\.\.\)"),
        ("x1(1 - x1)", r"a \* is missing before the bracket; write x1\*"),
        ("2(x1)", r"a \* is missing before the bracket; write 2\*"),
        ("2 x1", r"write products with \*, for example \(out_h1 - w1\)\*x1"),
        ("sin(x1)", r"sin\(\.\.\) is not known here"),
    ],
)
def test_a_forgotten_sign_is_said_with_names_of_the_question(text: str, said: str) -> None:
    with pytest.raises(BpkitError, match=said):
        read_formula(text, frozenset(["x1", "w1", "out_h1"]))


@pytest.mark.parametrize("given", [None, 3, ["x1"], {"x1": 1}])
def test_what_is_no_text_is_no_formula(given: Any) -> None:
    with pytest.raises(BpkitError, match="formula: expected text"):
        read_formula(given, frozenset(["x1"]))


def test_a_formula_has_the_value_that_python_gives_it() -> None:
    numbers = {"x1": 0.3, "w1": -0.7, "out_h1": 0.6}
    for text in ("x1*w1 + out_h1**2", "-(x1 - w1)/out_h1", "exp(-x1)/(1 + exp(-x1))**2", "tanh(x1)**-2 + ln(out_h1)"):
        plain = eval(text, {"exp": math.exp, "tanh": math.tanh, "ln": math.log}, numbers)
        assert read_formula(text, frozenset(numbers)).at(numbers) == pytest.approx(plain, rel=1e-15)
    for text, same in {
        "6÷x1": "6/x1",
        "x1·w1×2⋅3": "x1*w1*2*3",
        "−x1–w1": "-x1-w1",
        "w1^2": "w1**2",
        "+x1": "x1",
    }.items():
        assert read_formula(text, frozenset(numbers)).at(numbers) == eval(same, {}, numbers)
    for text in ("e^(-x1)", "e**-x1", "1/(1 + e^-x1)", "-e^-x1^2*w1"):
        plain = eval(text.replace("^", "**"), {"e": math.e}, numbers)
        assert read_formula(text, frozenset(numbers)).at(numbers) == pytest.approx(plain, rel=1e-14)
    assert read_formula("e^2", frozenset(["e"])).at({"e": 3}) == 9  # where a question has an e of its own
    assert read_formula("η*x1", frozenset(["learning_rate", "x1"])).at({"learning_rate": 0.5, "x1": 0.3}) == 0.15
    assert math.isnan(read_formula("1/(x1 - x1)", frozenset(numbers)).at(numbers))
    assert math.isnan(read_formula("sqrt(w1)", frozenset(numbers)).at(numbers))


# Functions


def sigmoid(z: Any) -> Any:
    return 1 / (1 + np.exp(-z))


def forward(x: Any, W1: Any, b1: Any, W2: Any, b2: Any) -> Any:
    return sigmoid(sigmoid(x @ W1 + b1) @ W2 + b2)


def backward(x: Any, y: Any, W1: Any, b1: Any, W2: Any, b2: Any, slope: bool = True) -> Any:
    hidden = sigmoid(x @ W1 + b1)
    out = sigmoid(hidden @ W2 + b2)
    delta = (out - y) * out * (1 - out)
    before = (W2 @ delta) * (hidden * (1 - hidden) if slope else 1)
    return [np.outer(x, before), before, np.outer(hidden, delta), delta]


def update(parameters: Any, gradients: Any, rate: float) -> Any:
    return [p - rate * g for p, g in zip(parameters, gradients)]


def gradient_check(loss: Any, w: Any, h: float = 1e-5) -> Any:
    result = []
    for i in range(len(w)):
        up, down = w.copy(), w.copy()
        up[i] += h
        down[i] -= h
        result.append((loss(up) - loss(down)) / (2 * h))
    return result


@pytest.mark.parametrize("level", ["easy", "medium", "hard"])
def test_a_plain_numpy_program_is_right(level: str) -> None:
    exercise = generate("code", seed=1, difficulty=level)
    functions = {"a": forward, "b": backward, "c": update, "d": gradient_check}
    said = exercise.check(functions)
    assert said.verdict == "correct", said


def test_a_function_that_is_wrong_is_told_why() -> None:
    exercise = generate("code", seed=1)
    without = lambda *arguments: backward(*arguments, slope=False)
    assert exercise.check(without, part="b").misconceptions == ("forgets the hidden slope",)
    assert exercise.check(lambda p, g, r: [a + r * b for a, b in zip(p, g)], part="c").misconceptions == (
        "adds the gradient",
    )
    assert "ZeroDivisionError" in exercise.check(lambda *arguments: 1 / 0, part="a").message
    assert "shape" in exercise.check(lambda *arguments: np.zeros((2, 7)), part="d").message
    assert exercise.check(lambda *arguments: [0.0], part="b").verdict == "unknown"
    assert exercise.check(lambda *arguments: "text", part="a").verdict == "unknown"
    assert exercise.check(0.5, part="a").verdict == "unreadable"


def test_a_function_that_changes_its_arguments_harms_nothing() -> None:
    def greedy(parameters: Any, gradients: Any, rate: float) -> Any:
        for p, g in zip(parameters, gradients):
            p -= rate * g
        return parameters

    exercise = generate("code", seed=1)
    assert exercise.check(greedy, part="c").verdict == "correct"
    assert exercise.check(greedy, part="c").verdict == "correct"


def test_the_solution_of_a_formula_begins_behind_the_forward_pass_and_ends_with_the_formula() -> None:
    exercise = generate("symbolic", seed=3, difficulty="easy")
    lines, whole = map(str, exercise.content.solve().pieces)
    first = lines.splitlines()[1]
    assert first.startswith(r"\text{(1)} && \frac{\partial E_{o1}}{\partial \mathit{out}_{o1}} &=")
    assert "net input of" not in lines
    slope = r"\mathit{out}_{o1} \cdot \left(1 - \mathit{out}_{o1}\right)"
    assert rf"{slope} \cdot \left(\mathit{{out}}_{{o1}} - y_{{1}}\right)" in whole
    assert "`" not in whole
