"""Text, LaTeX and numbers of a derivation agree line by line: every side of every line is read back and computed."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from oracle import Case, parameter_names, random_case
from rows import ACTIVATIONS, DEFINED, RULES
from spelled import python_of_latex, python_of_text, unfolded, value
from strategies import cases
from thorough import examples

import bpkit as bp

ONE = st.just(0)
EXACT = 1e-13  # what the engine's numbers, spelled so that nothing cancels, may differ by from those of the lines


def text_sides(text: str) -> list[tuple[str, list[str]]]:
    """For each line of text its quantity and the sides of its equation, as Python."""
    lines = [re.match(r"^ *\(\d+\) +(\S+) = (.*?) {3,}\S", line) for line in text.splitlines()]
    return [(line[1], list(map(python_of_text, line[2].split(" = ")))) for line in lines if line]


def latex_sides(latex: str) -> list[tuple[str, list[str]]]:
    """The same of LaTeX."""
    read = []
    body = latex.removeprefix("$$\\begin{align}\n").removesuffix("\n\\end{align}$$")
    for row in body.split(" \\\\[4pt]\n"):
        _, left, right, _ = re.split(" && | &= ", row, maxsplit=3) if " && {" in row else row.split(" && ")
        right = re.sub(r"\\begin\{aligned\}\[t\] & (.*) \\end\{aligned\}", r"\1", right).replace(r" \\ & = ", " = ")
        quantity = re.fullmatch(r"V\('(.*)'\)", python_of_latex(left))
        assert quantity, left
        read.append((quantity[1], list(map(python_of_latex, right.split(" = ")))))
    return read


def shaker(size: float, seed: int) -> Callable[[float], float]:
    rng = np.random.default_rng(seed)
    return lambda number: float(number) * (1 + size * rng.uniform(-1, 1))


def comes_to(side: str, names: dict[str, float], wanted: float, rounding: float) -> bool:
    """Whether a side gives a number, up to what rounding each number in it by so much can move."""
    found = value(side, names)
    if abs(found - wanted) <= 4 * rounding * abs(wanted):
        return True
    moved = max(abs(value(side, names, shaker(rounding, seed)) - found) for seed in range(6))
    return abs(found - wanted) <= 8 * moved + 4 * rounding * abs(wanted) + 1e-290


@examples(5, 50)
@given(cases(ONE), st.sampled_from([6, 17]))
def test_every_side_of_every_line_comes_to_its_number(case: Case, digits: int) -> None:
    problem = case.problem(train_biases=True)
    derivation = bp.derive(problem.network)
    numbers = {**problem.givens, **bp.evaluate(problem)}
    at, printed = derivation.at(problem, digits), max(5 * 10.0**-digits, EXACT)
    bare, put_in = [list(zip(text_sides(str(d)), latex_sides(d._repr_latex_()), strict=True)) for d in (derivation, at)]
    assert len(bare) == len(put_in) == len(derivation)
    for step, symbols, filled in zip(derivation, bare, put_in, strict=True):
        for (text_name, text), (latex_name, latex) in (symbols, filled):
            assert text_name == latex_name == step.name
            assert len(text) == len(latex)
            for ours, theirs in zip(text, latex, strict=True):
                try:
                    agreed = comes_to(ours, numbers, value(theirs, numbers), 1e-15)
                    right = comes_to(ours, numbers, numbers[step.name], printed if "N(" in ours else EXACT)
                except (ZeroDivisionError, OverflowError, ValueError):
                    continue  # 1 - out where out rounds to 1: the line holds in numbers of more digits alone
                assert agreed, (ours, theirs)
                assert right, (step, ours)


@pytest.mark.parametrize("rule", RULES.values(), ids=repr)
@pytest.mark.parametrize("begun", [False, True])
def test_every_line_of_an_update_rule_comes_to_its_number(rule: Any, begun: bool) -> None:
    rng = np.random.default_rng(4)
    names = {("x1", "h1"): "theta_3", ("h1", "o1"): "w1_2"}
    network = bp.Network(1, 1, 1, activation="tanh", bias="neuron", weight_names=names)
    parameters = {name: float(rng.normal()) for name in network.parameters}
    problem = bp.Problem(network, parameters, [0.7], [0.3], 0.4, update=rule)
    if begun:
        problem = problem.replace(state={name: 3.0 if name == "t" else float(rng.uniform(0.1, 1))
                                         for name in problem.state})  # fmt: skip
    derivation, numbers = bp.derive(problem), {**problem.givens, **bp.evaluate(problem)}
    for shown in (derivation, derivation.at(problem, 12)):
        both = zip(text_sides(str(shown)), latex_sides(shown._repr_latex_()), derivation, strict=True)
        for (text_name, text), (latex_name, latex), step in both:
            assert text_name == latex_name == step.name
            assert len(text) == len(latex)
            for side in (*text, *latex):
                assert comes_to(side, numbers, numbers[step.name], 1e-11), (step, side)


@examples(5, 40)
@given(cases(ONE), st.integers(0, 10**6))
def test_every_path_comes_to_its_product_and_all_together_to_the_derivative(case: Case, pick: int) -> None:
    problem = case.problem()
    names = parameter_names(case)
    name = names[pick % len(names)]
    numbers = {**problem.givens, **bp.evaluate(problem)}
    paths = bp.derive(problem.network).paths(name).at(problem)
    *rows, last = paths._repr_latex_().removeprefix("$$\\begin{align}\n").split(" \\\\[4pt]\n")
    texts = str(paths).splitlines()
    assert len(rows) == len(paths) == len(texts) - 1
    for row, text, path in zip(rows, texts, paths):
        assert text.startswith(" → ".join(path.nodes) + ":  ")
        left, right = re.fullmatch(r"(?:.* &= |&\+ )(.*) && (.*)", row).groups()  # type: ignore[union-attr]
        sides = [*map(python_of_latex, (left, *right.split(" = ")))]
        sides += map(python_of_text, text.split(":  ")[1].split(" = "))
        assert len(sides) == 6
        for side in sides:
            assert comes_to(side, numbers, path.product, 5e-6), (row, text)
    total = numbers[f"dE_total/d{name}"]
    scale = 5e-6 * sum(abs(path.product) for path in paths)
    for side in (python_of_text(texts[-1].split(" = ")[1]), python_of_latex(last.split("\n")[0].removeprefix("&= "))):
        assert abs(value(side, numbers) - total) <= 5e-6 * abs(total) + scale


def arrays_of_text(text: str) -> str:
    """The right side of a line of the matrix form as Python on arrays."""
    text = unfolded(text.replace("½", "0.5").replace("²", "**2"), "where({condition}, {value}, {rest})")
    text = re.sub(r"^mean over samples of the sum over outputs of (.*)", r"(\1).sum() / n", text)
    text = re.sub(r"\(row sums of (\w+)\)", r"\1.sum(axis=1, keepdims=True)", text)
    text = re.sub(r"^column sums of (\w+)", r"\1.sum(axis=0)", text)
    return re.sub(r"^sum\((\w+)\)", r"\1.sum()", text).replace("dE_total/d", "dE_total_d")


ARRAYS = {
    "where": np.where,
    "exp": np.exp,
    "ln": np.log,
    "tanh": np.tanh,
    "max": np.maximum,
    "softmax": lambda net: np.exp(net) / np.exp(net).sum(axis=1, keepdims=True),
    "I": np.eye(2),  # of the outputs
}


def matrix_cases() -> Iterator[Case]:
    """Every loss behind every activation that it may follow, with each activation before it in turn."""
    for n, (last, loss) in enumerate(DEFINED):
        hidden, bias = ACTIVATIONS[n % len(ACTIVATIONS)], ("layer", "neuron", "none")[n % 3]
        yield random_case(np.random.default_rng(n), (2, 3, 2), (hidden, last), loss, bias, n % 4, 0.7)


@pytest.mark.parametrize("case", list(matrix_cases()), ids=lambda case: "-".join((*case.activations, case.loss)))
def test_the_lines_of_the_matrix_form_come_to_the_derivatives(case: Case) -> None:
    problem = case.problem(train_biases=True)
    known = {"n": len(case.inputs), "learning_rate": problem.learning_rate, **ARRAYS}
    known |= {"out_0": np.array(case.inputs), "targets": np.array(case.targets)}
    for layer, rows in enumerate(case.wiring, 1):
        known[f"W_{layer}"] = np.array([[case.parameters[w] for w in weights] for weights, _ in rows]).T
        if case.bias != "none":
            known[f"b_{layer}"] = np.array([case.parameters[biases[0]] for _, biases in rows])
    for line in str(bp.derive(problem.network).matrices()).splitlines():
        name, right = re.fullmatch(r"\s*\(\d+\)\s+(\S+) = (.*?) {3,}.*", line).groups()  # type: ignore[union-attr]
        known[name.replace("/", "_")] = eval(arrays_of_text(right), {}, known)
    values = bp.evaluate(problem)
    assert known["E_total"] == pytest.approx(values["E_total"], rel=1e-9, abs=1e-12)
    for layer, rows in enumerate(case.wiring, 1):
        for column, (weights, biases) in enumerate(rows):
            names = [(f"W_{layer}", row, weight) for row, weight in enumerate(weights)]
            for array, row, name in [*names, *((f"b_{layer}", None, bias) for bias in biases)]:
                place = (row, column) if row is not None else () if case.bias == "layer" else (column,)
                assert known[f"dE_total_d{array}"][place] == pytest.approx(values[f"dE/d{name}"], rel=1e-8, abs=1e-10)
                place = (row, column) if row is not None else (column,)
                assert known[f"{array}_new"][place] == pytest.approx(values[f"{name}_new"], rel=1e-8, abs=1e-10)
