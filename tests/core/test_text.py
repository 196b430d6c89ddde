"""What people read: every printed line recomputed from its text; LaTeX, text and numbers agree line by line."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
import sympy as sp
from oracle import random_case

import bpkit as bp
from bpkit.core.families import Row
from bpkit.core.quantities import Quantity
from bpkit.core.spelling import HTML, bracketed, expr_html, expr_latex, expr_text, number, number_latex, typeset
from bpkit.core.text import sides_latex, sides_of

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
    return latex.removeprefix("$$\\begin{align}\n").removesuffix("\n\\end{align}$$").split(" \\\\[4pt]\n")


def literals(text: str) -> list[float]:
    """The numbers that stand in a side whose symbols have been replaced, in the order of their size."""
    text = re.sub(r" \\times 10\^\{(-?\d+)\}", r"e\1", text).replace("½", "").replace("\\frac{1}{2}", "")
    return sorted(abs(float(n)) for n in re.findall(r"\d+(?:\.\d+)?(?:e[-+]?\d+)?", text))


def put_in(sides: list[str]) -> list[float]:
    """The numbers put in for symbols, which in both spellings stand in the last side but one."""
    return [] if len(sides) == 1 else [n for n in literals(sides[-2]) if n not in (0.5, 1, 2)]


def in_words(line: str, quantities: Mapping[str, Quantity]) -> str:
    """A line of a typeset reason as it was, with the names for their formulas."""
    names = {one.latex: name for name, one in quantities.items()}
    pieces = re.split(r"\\textrm\{(.*?)\}", line)
    words = [piece if k % 2 else names.get(piece.strip(), piece.strip()) for k, piece in enumerate(pieces)]
    return "".join(words).replace(r"\_", "_").replace("−", "-")


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
        assert left == derivation.quantities[step.name].latex
        assert reason.startswith(r"{\small")
        whole = re.sub(r"\\begin\{aligned\}\[t\] &|\\end\{aligned\}", "", reason.removeprefix(r"{\small")[:-1])
        words = [in_words(part, derivation.quantities) for part in whole.split(r" \\ & ")]  # a long one goes on below
        assert " ".join(words) == re.sub(r"\b(h\d+)_(\d+)", r"\1,\2", line["reason"])
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
                assert derivation.quantities[symbol].latex in sides[0], row


def test_negative_numbers_stand_in_brackets() -> None:
    problem = KINDS["article"].replace(w5=-0.35)
    at = bp.derive(problem.network).at(problem)
    line = next(line for line in str(at).splitlines() if " net_o1 = " in line)
    assert "(-0.35) · 0.623634 + 0.2 · 0.632045 + 0.5 = 0.408" in line
    row = next(row for row in rows(at._repr_latex_()) if r"\mathit{net}_{o1} &= " in row)
    assert r"(-0.35) \times 0.623634 + 0.2 \times 0.632045" in row
    assert r" \\ & \quad {}+ 0.5 = 0.408" in row


def test_a_long_sum_goes_on_below_before_a_sign() -> None:
    """Of symbols and of numbers, so that the reasons find room beside it; brackets stay whole."""
    problem = bp.examples.rnn.problem
    at = bp.derive(problem).at(problem)
    for name in ("dE/dWx1_1_1", "dE/dWh1_1_1"):
        latex = sides_latex(at[name], at.numbers)
        found = latex.removeprefix(r"\begin{aligned}[t] & ").removesuffix(r" \end{aligned}").split(r" \\ & ")
        assert [row.startswith(r"\quad {}+ ") for row in found] == [False, True, False, True]
        assert [row.startswith("= ") for row in found] == [False, False, True, False]
        whole = " ".join(row.removeprefix(r"\quad {}") for row in found)
        assert whole == " = ".join(sides_of(at[name], at.numbers))
        assert all(row.count("(") == row.count(")") for row in found)
    assert "aligned" not in sides_latex(at["net_h1_1_1"])


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


def test_bare_lines_are_formulas_and_no_more() -> None:
    at = bp.derive(KINDS["article"].network).at(KINDS["article"])
    bare, usual = at.pick(["net_h1", "dE/dw5"], bare=True), at.pick(["net_h1", "dE/dw5"])
    for line, whole in zip(str(bare).splitlines(), str(usual).splitlines(), strict=True):
        assert line in whole
        assert not re.match(r" *\(\d", line)
    assert "chain rule" in str(usual)
    for shown in (str(bare), bare._repr_latex_()):
        assert "chain rule" not in shown
        assert "text{(" not in shown
    assert bare._repr_latex_().count("&= ") == 2


def test_kept_biases_say_so() -> None:
    problem = KINDS["article"]
    at = bp.derive(problem.network).at(problem)
    assert re.search(r"b1_new = b1 = 0\.45 +this problem keeps its biases: b1 stays", str(at))
    freed = str(bp.derive(problem.network).at(problem.replace(train_biases=True)))
    assert "b1_new = b1 - learning_rate · dE_total/db1 = 0.45 - 0.5 · " in freed


OWN = {("x1", "h1_1"): "theta_3", ("x2", "h1_1"): "w1_2", ("x1", "h1_2"): "what7", ("x2", "h1_2"): "rho",
       ("h1_2", "h2_2"): "a5b3", ("h1_2", "h2_1"): "theta_3_1", ("h2_1", "o1"): "my_own_word"}  # fmt: skip
DEEP = bp.Network(2, 2, 2, 1, bias="neuron", weight_names=OWN)
NAMED = bp.Problem(
    DEEP, dict.fromkeys(DEEP.parameters, 0.5), [1, 2], [0.5], update=bp.updates.Adam(weight_decay=0.1)
)  # fmt: skip


@pytest.mark.parametrize(
    ("name", "latex", "html", "plain"),
    [
        ("w10", "w_{10}", "w<sub>10</sub>", "w₁₀"),
        ("x2", "x_{2}", "x<sub>2</sub>", "x₂"),
        ("net_o1", r"\mathit{net}_{o1}", "<i>net</i><sub>o1</sub>", "net(o1)"),
        ("out_h1_2", r"\mathit{out}_{h1,2}", "<i>out</i><sub>h1,2</sub>", "out(h1,2)"),
        ("b_h1_2", "b_{h1,2}", "<i>b</i><sub>h1,2</sub>", "b(h1,2)"),
        ("E_total", "E", "<i>E</i>", "E"),
        ("dE_total/dw5", r"\frac{\partial E}{\partial w_{5}}", "∂<i>E</i>/∂w<sub>5</sub>", "∂E/∂w₅"),
        ("dE_o1/dnet_o1", r"\frac{\partial E_{o1}}{\partial \mathit{net}_{o1}}",
         "∂<i>E</i><sub>o1</sub>/∂<i>net</i><sub>o1</sub>", "∂E(o1)/∂net(o1)"),
        ("w5_new", r"w_{5}^{\text{new}}", "w<sub>5</sub><sup>new</sup>", "new w₅"),
        ("theta_3", r"\mathit{theta}_{3}", "theta_3", "theta_3"),
        ("w1_2", "w_{1,2}", "w1_2", "w1,2"),
        ("what7", r"\mathit{what}_{7}", "what7", "what7"),
        ("a5b3", r"\mathit{a5b3}", "a5b3", "a5b3"),
        ("theta_3_1", r"\mathit{theta}_{3,1}", "theta_3_1", "theta_3_1"),
        ("my_own_word", r"\mathit{my}_{own\_word}", "my_own_word", "my_own_word"),
        ("rho", r"\mathit{rho}", "rho", "rho"),  # a weight, and no constant of a rule
        ("learning_rate", r"\eta", "η", "η"),
        ("weight_decay", r"\lambda", "λ", "λ"),
        ("beta2", r"\beta_{2}", "β₂", "β₂"),
        ("v_w5_old", r"v_{w_{5}}^{\text{old}}", "<i>v</i><sub>w<sub>5</sub></sub><sup>old</sup>", "old v(w₅)"),
        ("mhat_b_o1", r"\hat{m}_{b_{o1}}", "<i>m\u0302</i><sub><i>b</i><sub>o1</sub></sub>", "m\u0302(b(o1))"),
        ("t", "t", "t", "t"),
    ],
)  # fmt: skip
def test_names_in_latex_on_pages_and_in_sentences(name: str, latex: str, html: str, plain: str) -> None:
    names = bp.derive(NAMED).quantities
    assert names[name].latex == latex
    assert HTML(names[name]) == html
    assert typeset(f"({name})", names) == f"({plain})"
    assert all(step.names[name] == names[name] for step in bp.derive(NAMED) if name != "learning_rate")


def test_every_constant_of_a_rule_has_its_sign() -> None:
    greek = {"learning_rate": ("eta", "η"), "weight_decay": ("lambda", "λ"), "rho": ("rho", "ρ")}
    greek |= {
        "epsilon": ("epsilon", "ε"),
        "beta": ("beta", "β"),
        "beta1": ("beta_{1}", "β₁"),
        "beta2": ("beta_{2}", "β₂"),
    }
    network = bp.Network(1, 1, bias="none")
    seen = set()
    for rule in (bp.updates.Momentum(weight_decay=0.1), bp.updates.RMSProp(), bp.updates.Adam()):
        names = bp.derive(bp.Problem(network, {"w1": 1.0}, [1], [0], update=rule)).quantities
        for name in ("learning_rate", *rule.constants):
            latex, sign = greek[name]
            assert (names[name].latex, HTML(names[name]), typeset(name, names)) == (f"\\{latex}", sign, sign)
            seen.add(name)
    assert seen == set(greek)
    adam = {name: typeset(name, names) for name in ("mhat_w1", "vhat_w1")}
    assert adam == {"mhat_w1": "m\u0302(w₁)", "vhat_w1": "v\u0302(w₁)"}
    assert names["vhat_w1"].latex == r"\hat{v}_{w_{1}}"
    samples = Quantity("n_samples", tag="constant")
    assert samples.latex == HTML(samples) == typeset("n_samples", {"n_samples": samples}) == "n"


def test_a_sentence_keeps_the_words_that_this_network_has_no_quantity_for() -> None:
    names = bp.derive(KINDS["article"]).quantities
    assert typeset("w9 · dE_total/dw9 beside w8 and dE_total/dw8", names) == "w9 · dE_total/dw9 beside w₈ and ∂E/∂w₈"
    assert typeset("net_h1/net_h2, h1 and E_total", names) == "net(h1)/net(h2), h1 and E"
    assert typeset("out_h1² · (1 - out_h1), new w_new", names) == "out(h1)² · (1 − out(h1)), new w_new"
    assert (
        typeset("from h1_2 through h2_1, not h3_1", bp.derive(NAMED).quantities) == "from h1,2 through h2,1, not h3_1"
    )


def test_what_is_raised_to_a_power_stands_in_brackets_where_it_is_no_plain_name() -> None:
    problem = bp.Problem(bp.Network(1, 1), {"w1": 0.5, "b1": 0.1}, [1], [0], update=bp.updates.RMSProp())
    line = bp.derive(problem)["s_w1"]
    assert "(1 - rho) · (dE_total/dw1)²" in str(line)
    slope = r"\frac{\partial E}{\partial w_{1}}"
    assert rf"\left(1 - \rho\right) \cdot \left({slope}\right)^{{2}}" in line._repr_latex_()
    assert "(1 − ρ) · (∂<i>E</i>/∂w<sub>1</sub>)²" in expr_html(line.rhs, line.names)
    tanh = bp.derive(bp.Network(1, 1, activation="tanh"))["dout_o1/dnet_o1"]
    assert expr_html(tanh.rhs, tanh.names) == "1 − <i>out</i><sub>o1</sub>²"


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


def test_a_small_number_has_brackets_in_products_and_powers_but_not_as_a_term() -> None:
    a, b, c = sp.symbols("a b c")
    names = {name: Quantity(name, spelled=name) for name in "abc"}
    for form, text, latex in (
        (a + b - c, "1e-07 + 2e-07 - 3e-07", r"1 \times 10^{-7} + 2 \times 10^{-7} - 3 \times 10^{-7}"),
        (c + a * b, "3e-07 + (1e-07) · (2e-07)", r"3 \times 10^{-7} + (1 \times 10^{-7}) \times (2 \times 10^{-7})"),
        (
            a / (b + c),
            "1e-07 / (2e-07 + 3e-07)",
            r"\frac{1 \times 10^{-7}}{2 \times 10^{-7} + 3 \times 10^{-7}}",
        ),
        (1 - a**2, "1 - (1e-07)²", r"1 - (1 \times 10^{-7})^{2}"),
    ):
        put_in = {name: f"({i}e-07)" for i, name in enumerate("abc", 1)}
        assert expr_text(form, put_in) == text
        in_latex = {name: rf"({i} \times 10^{{-7}})" for i, name in enumerate("abc", 1)}
        assert expr_latex(form, names, in_latex) == latex
    assert expr_text(a + b, {"a": "(-1e-07)", "b": "(1 - 3e-09)"}) == "(-1e-07) + (1 - 3e-09)"
    at = KINDS["article"].replace(update=bp.updates.Adam())
    assert re.search(r"/ \(√0\.\d+ \+ 1e-08\) = ", str(bp.derive(at).at(at).pick(["w5_new"])))


def test_a_row_in_a_function_says_from_where_to_where() -> None:
    j, k = sp.symbols("j k")
    a, largest = sp.IndexedBase("a"), sp.Function("largest")
    row = largest(Row(a[j, k + 1] ** 2, sp.Tuple(k, 1, 3)))
    assert expr_text(row) == "largest(a[j,2..4]²)"


def test_brackets() -> None:
    assert bracketed("0.5") == "0.5"
    assert bracketed("-0.5") == "(-0.5)"
    assert bracketed("1e-07") == "(1e-07)"


# The matrix form


@pytest.mark.parametrize("which", KINDS)
def test_the_matrix_lines_in_text_and_latex(which: str) -> None:
    form = bp.derive(KINDS[which].network).matrices()
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
    text = str(bp.derive(KINDS["article"].network).matrices())
    for line in (
        "net_1 = out_0 @ W_1 + b_1",
        "delta_2 = out_2 - targets * out_2 * (1 - out_2)",
        "dE_total/dW_2 = out_1.T @ delta_2 / n",
        "delta_1 = (delta_2 @ W_2.T) * out_1 * (1 - out_1)",
        "W_1_new = W_1 - learning_rate * dE_total/dW_1",
    ):
        assert re.sub(r"[() ]", "", line) in re.sub(r"[() ]", "", text), line
    assert "= (out_2 - targets) * " in text
    latex = bp.derive(KINDS["article"].network).matrices()._repr_latex_()
    assert r"\delta_{1} &= \left(\delta_{2}\,W_{2}^{\top}\right) \circ \mathit{out}_{1} \circ" in latex


def test_the_matrix_form_gives_a_line_by_name_and_its_source() -> None:
    form = bp.derive(KINDS["article"].network).matrices()
    assert form["delta_1"] is next(step for step in form if step.name == "delta_1")
    assert form.source() == form.source(train_biases=True) != form.source(train_biases=False)


# Representations


def everything() -> list[Any]:
    problem = KINDS["article"]
    one = KINDS["sigmoid-binary_cross_entropy"]
    batch = one.replace(inputs=[one.inputs] * 3, targets=[one.targets] * 3)
    derivation = bp.derive(problem.network)
    form = derivation.matrices()
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
