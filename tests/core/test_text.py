"""What people read: every printed line recomputed from its text; LaTeX, text and numbers agree line by line."""

from __future__ import annotations

import math
import re
from typing import Any

import numpy as np
import pytest
from oracle import random_case

import bpkit as bp
from bpkit.core.matrix import derive_matrices
from bpkit.show.spelling import bracketed, name_latex, number, number_latex

KINDS = {
    "article": bp.examples.article.problem,
    **{
        f"{last}-{loss}": random_case(np.random.default_rng(n), (2, 3, 2), (hidden, last), loss, bias).problem()
        for n, (hidden, last, loss, bias) in enumerate([
            ("tanh", "sigmoid", "binary_cross_entropy", "neuron"),
            ("leaky_relu", "softmax", "cross_entropy", "layer"),
            ("softplus", "softmax", "mean_squared_error", "none"),
            ("relu", "identity", "squared_error", "layer"),
        ])
    },
    "deep": random_case(np.random.default_rng(9), (1, 2, 2, 1), ("relu", "softplus", "tanh"), "half_squared_error",
                        "neuron", own_names=True).problem(),
}  # fmt: skip
LINE = re.compile(r"^ *\((?P<number>\d+)\) +(?P<name>\S+) = (?P<sides>.*?) {3,}(?P<reason>\S.*)$")
FUNCTIONS = {"exp": math.exp, "ln": math.log, "tanh": math.tanh, "max": max}


def lines(text: str) -> list[re.Match[str]]:
    found = [LINE.match(line) for line in text.splitlines()]
    assert all(found), text
    return [line for line in found if line]


def calculate(text: str, names: Any) -> float:
    """The value of printed mathematics, by a reader of this test's own; names stand for numbers."""
    text = re.sub(
        r"\{(.+?) if (.+?), else (.+?)\}",
        lambda m: f"(({m[1]}) if ({m[2]}) else ({m[3]}))",
        text,
    )
    for sign, python in (("·", "*"), ("²", "**2"), ("½", "0.5"), ("^", "**")):
        text = text.replace(sign, python)
    name = r"(?<![\d.])[A-Za-z_]\w*(?:/[A-Za-z_]\w*)?"  # not the e of 1e-07
    text = re.sub(name, lambda m: m[0] if m[0] in {*FUNCTIONS, "if", "else"} else f"({names[m[0]]!r})", text)
    return float(eval(text, {"__builtins__": {}}, FUNCTIONS))


@pytest.mark.parametrize("which", KINDS)
@pytest.mark.parametrize("digits", [6, 16])
def test_each_line_computes_to_the_result_that_it_prints(which: str, digits: int) -> None:
    problem = KINDS[which]
    at = bp.derive(problem.network).at(problem, digits)
    numbers = {**problem.givens, **bp.evaluate(problem)}
    printed = lines(str(at))
    assert len(printed) == len(at)
    for line, step in zip(printed, at, strict=True):
        assert (int(line["number"]), line["name"], line["reason"]) == (step.number, step.name, step.reason)
        sides = line["sides"].split(" = ")
        result = float(sides[-1])
        assert result == pytest.approx(numbers[step.name], rel=10.0**-digits * 6)
        assert len(sides) >= 2 or step.rhs.is_Atom
        left = 1e-12 if digits == 16 else 2e-5  # what rounding each number leaves of the result
        for side in sides:
            assert calculate(side, numbers) == pytest.approx(result, rel=left, abs=left), line[0]


@pytest.mark.parametrize("which", KINDS)
def test_the_symbols_are_the_step(which: str) -> None:
    """Without a problem: the same lines, whose symbols compute to the quantity."""
    problem = KINDS[which].replace(train_biases=True)
    derivation, numbers = bp.derive(problem.network), {**problem.givens, **bp.evaluate(problem)}
    for line, step in zip(lines(str(derivation)), derivation, strict=True):
        assert (int(line["number"]), line["name"]) == (step.number, step.name)
        for side in line["sides"].split(" = "):
            assert calculate(side, numbers) == pytest.approx(numbers[step.name], rel=1e-11, abs=1e-13)


def rows(latex: str) -> list[str]:
    assert latex.startswith("$$\\begin{align}\n")
    assert latex.endswith("\n\\end{align}$$")
    return latex.removeprefix("$$\\begin{align}\n").removesuffix("\n\\end{align}$$").split(" \\\\\n")


def literals(text: str) -> list[float]:
    """The numbers that stand in a side whose symbols have been replaced, in the order of their size."""
    text = re.sub(r" \\times 10\^\{(-?\d+)\}", r"e\1", text).replace("½", "").replace("\\frac{1}{2}", "")
    return sorted(abs(float(n)) for n in re.findall(r"\d+(?:\.\d+)?(?:e[-+]?\d+)?", text))


def put_in(sides: list[str]) -> list[float]:
    """The numbers put in for symbols, which in both spellings stand in the last side but one."""
    return [] if len(sides) == 1 else [n for n in literals(sides[-2]) if n not in (0.5, 1, 2)]


@pytest.mark.parametrize("which", KINDS)
@pytest.mark.parametrize("numbered", [True, False])
def test_latex_has_the_lines_of_the_text(which: str, numbered: bool) -> None:
    problem = KINDS[which]
    derivation = bp.derive(problem.network)
    shown = derivation.at(problem) if numbered else derivation
    for row, line, step in zip(rows(shown._repr_latex_()), lines(str(shown)), derivation, strict=True):
        number, left, right = re.split(" && | &= ", row, maxsplit=2)
        assert number == rf"\text{{({line['number']})}}"
        formula, reason = right.split(" && ", 1)
        assert left == name_latex(step.name)
        assert reason.startswith(r"{\small")
        words = re.findall(r"\\text\{(.*?)\}(?= |\})", reason)  # a long reason goes on below
        assert " ".join(words) == line["reason"].replace("_", r"\_")
        assert max(map(len, words)) <= 50
        sides, theirs = formula.split(" = "), line["sides"].split(" = ")
        assert len(sides) == len(theirs), row
        for opening, closing in ("{}", "()", r"\left \right".split()):
            assert row.count(opening) == row.count(closing), row
        if numbered:
            assert literals(sides[-1]) == literals(theirs[-1]), row
            assert "Piecewise" in type(step.rhs).__name__ or put_in(sides) == put_in(theirs), row
        else:
            for symbol in {str(s) for s in step.rhs.free_symbols}:
                assert name_latex(symbol) in sides[0], row


def test_negative_numbers_stand_in_brackets() -> None:
    problem = KINDS["article"].replace(w5=-0.35)
    at = bp.derive(problem.network).at(problem)
    line = next(line for line in str(at).splitlines() if " net_o1 = " in line)
    assert "(-0.35) · 0.623634 + 0.2 · 0.632045 + 0.5 = 0.408" in line
    row = next(row for row in rows(at._repr_latex_()) if f"{name_latex('net_o1')} &= " in row)
    assert r"(-0.35) \times 0.623634 + 0.2 \times 0.632045 + 0.5 = 0.408" in row


def test_the_line_of_the_lesson() -> None:
    """Symbols, numbers put in, result: w5 as a reader checks it on paper."""
    problem = KINDS["article"]
    at = str(bp.derive(problem.network).at(problem))
    assert "= dE_total/dnet_o1 · dnet_o1/dw5 = 0.136527 · 0.623634 = 0.0851429" in at
    assert "= out_o1 · (1 - out_o1) = 0.69945 · (1 - 0.69945) = 0.21022" in at
    assert "= ½ · (y1 - out_o1)² = ½ · (0.05 - 0.69945)² = 0.210893" in at
    assert "= w5 · out_h1 + w6 · out_h2 + b2 = 0.35 · 0.623634 + 0.2 · 0.632045 + 0.5 = 0.844681" in at


def test_the_reasons_of_the_lesson() -> None:
    derivation = bp.derive(KINDS["article"].network)
    assert derivation["net_o1"].reason == "net input of o1: each hidden output times its weight, plus the bias b2"
    assert derivation["dE/dout_h1"].reason == "out_h1 reaches the loss through o1 and o2"
    assert (
        bp.derive(bp.Network(1, 1, 5))["dE/dout_h1"].reason == "out_h1 reaches the loss through every neuron after it"
    )


def test_parts_keep_their_numbers() -> None:
    problem = KINDS["article"]
    derivation = bp.derive(problem.network)
    at = derivation.at(problem)
    whole = str(at).splitlines()
    strip = lambda line: re.sub(r"\s+", " ", line).strip()
    for part in (at.toward("w5"), derivation.toward("w5").at(problem), at.pick(["net_h1", "dE/dw5"])):
        assert {strip(line) for line in str(part).splitlines()} <= {strip(line) for line in whole}
        assert repr(part) == str(part)
    assert str(at.toward("w5")) == str(derivation.toward("w5").at(problem))
    assert strip(str(derivation["dE/dw5"])) in {strip(line) for line in str(derivation).splitlines()}
    assert at["dE/dw5"] == derivation["dE/dw5"]
    picked = at.pick(["dE/dw5", "net_h1"])
    assert [step.name for step in picked] == ["net_h1", "dE_total/dw5"]
    assert [step.name for step in picked.toward("w5")] == ["dE_total/dw5"]


def test_kept_biases_say_so() -> None:
    problem = KINDS["article"]
    at = bp.derive(problem.network).at(problem)
    assert re.search(r"b1_new = b1 = 0\.45 +this problem keeps its biases: b1 stays", str(at))
    freed = str(bp.derive(problem.network).at(problem.replace(train_biases=True)))
    assert "b1_new = b1 - learning_rate · dE_total/db1 = 0.45 - 0.5 · " in freed


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("w12", "w_{12}"),
        ("net_h1", r"\mathit{net}_{h1}"),
        ("out_h1_2", r"\mathit{out}_{h1,2}"),
        ("E_total", r"E_{\text{total}}"),
        ("dE_total/dw5", r"\frac{\partial E_{\text{total}}}{\partial w_{5}}"),
        ("dnet_o1/dout_h1", r"\frac{\partial \mathit{net}_{o1}}{\partial \mathit{out}_{h1}}"),
        ("w5_new", r"w_{5}^{\text{new}}"),
        ("learning_rate", r"\eta"),
        ("theta_3", r"\mathit{theta}_{3}"),
    ],
)
def test_names_in_latex(name: str, shown: str) -> None:
    assert name_latex(name) == shown


@pytest.mark.parametrize(
    ("value", "text", "latex"),
    [
        (0.0851429384, "0.0851429", "0.0851429"),
        (-0.0, "0", "0"),
        (6.87323e-7, "6.87323e-07", r"6.87323 \times 10^{-7}"),
        (1.5e300, "1.5e+300", r"1.5 \times 10^{300}"),
        (math.inf, "inf", r"\infty"),
        (-math.inf, "-inf", r"-\infty"),
        (math.nan, "nan", r"\text{undefined}"),
        (np.float64(0.25), "0.25", "0.25"),
    ],
)
def test_numbers(value: float, text: str, latex: str) -> None:
    assert number(value) == text
    assert number_latex(value) == latex


def test_brackets() -> None:
    assert bracketed("0.5") == "0.5"
    assert bracketed("-0.5") == "(-0.5)"
    assert bracketed("1e-07") == "(1e-07)"


# The matrix form


@pytest.mark.parametrize("which", KINDS)
def test_the_matrix_lines_in_text_and_latex(which: str) -> None:
    form = derive_matrices(KINDS[which].network)
    printed = lines(str(form))
    shown = rows(form._repr_latex_())
    assert len(printed) == len(shown) == len(form)
    for line, row, step in zip(printed, shown, form, strict=True):
        assert (int(line["number"]), line["name"], line["reason"]) == (step.number, step.name, step.reason)
        assert row.startswith(rf"\text{{({step.number})}} && ")
        assert row.count("{") == row.count("}")
        assert row.count(r"\left") == row.count(r"\right")
        assert not re.search(r"(?<![\\a-z{])(learning_rate|delta_|net_|out_)", row), row
        assert "@" not in row


def test_the_matrix_form_of_the_article() -> None:
    text = str(derive_matrices(KINDS["article"].network))
    for line in (
        "net_1 = out_0 @ W_1 + b_1",
        "delta_2 = out_2 - targets * out_2 * (1 - out_2)",
        "dE_total/dW_2 = out_1.T @ delta_2 / n",
        "delta_1 = (delta_2 @ W_2.T) * out_1 * (1 - out_1)",
        "W_1_new = W_1 - learning_rate * dE_total/dW_1",
    ):
        assert re.sub(r"[() ]", "", line) in re.sub(r"[() ]", "", text), line
    assert "= (out_2 - targets) * " in text


def test_the_matrix_form_gives_a_line_by_name_and_its_source() -> None:
    form = derive_matrices(KINDS["article"].network)
    assert form["delta_1"] is next(step for step in form if step.name == "delta_1")
    assert form.source() == form.source(train_biases=True) != form.source(train_biases=False)


# Representations


def everything() -> list[Any]:
    problem = KINDS["article"]
    one = KINDS["sigmoid-binary_cross_entropy"]
    batch = one.replace(inputs=[one.inputs] * 3, targets=[one.targets] * 3)
    derivation, form = bp.derive(problem.network), derive_matrices(problem.network)
    shown = [derivation, derivation[1], derivation.at(problem), form, form.steps[0]]
    paths = derivation.paths("w1")
    shown += [paths, paths[0], paths.at(problem), paths.at(problem)[0]]
    shown += [bp.evaluate(problem), bp.evaluate(batch), bp.train(problem, 3)]
    shown += [bp.check_gradient(problem), bp.check_gradient(problem).worst]
    shown += [bp.examples.article, bp.examples.mazur, bp.examples.article.audit(), *bp.examples.mazur.audit()]
    shown += [problem, batch, problem.network, problem.network.activations[0], problem.network.loss]
    return [*shown, problem.replace(w1=np.float64(0.5), learning_rate=np.float64(0.1)).updated(2)]


def test_no_representation_depends_on_the_run() -> None:
    for result in everything():
        kinds = [repr(result), str(result)]
        kinds += [getattr(result, name)() for name in ("_repr_latex_", "_repr_html_") if hasattr(result, name)]
        for text in kinds:
            assert text
            assert not re.search(r"0x[0-9a-f]{4,}|np\.|float64|array\(|object at|mappingproxy", text), text[:300]


def test_a_network_and_a_problem_are_what_their_representation_makes() -> None:
    names = {"Network": bp.Network, "Problem": bp.Problem}
    for problem in KINDS.values():
        assert eval(repr(problem), names) == problem
        assert eval(repr(problem.network), names) == problem.network


def test_tables_say_the_same_in_text_and_html() -> None:
    problem = KINDS["article"]
    for result in (bp.evaluate(problem), bp.check_gradient(problem), bp.examples.article.audit()):
        html = result._repr_html_()
        cells = re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", html)
        for row in str(result).splitlines():
            for cell in re.split(r" {2,}", row):
                if cell and not set(cell) <= {"-"}:
                    assert cell in cells or cell in html, cell
        assert html.count("<table") == html.count("</table>") == 1
        assert 'scope="col"' in html
