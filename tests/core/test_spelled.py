"""Text, LaTeX and numbers of a derivation agree line by line: every side of every line is read back and computed."""

from __future__ import annotations

import re
from collections.abc import Callable

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from oracle import Case, parameter_names
from spelled import python_of_latex, python_of_text, value
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
    for row in body.split(" \\\\\n"):
        _, left, right, _ = re.split(" && | &= ", row, maxsplit=3) if " && {" in row else row.split(" && ")
        right = re.sub(r"\\begin\{aligned\}\[t\] & (.*) \\\\ & = (.*) \\end\{aligned\}", r"\1 = \2", right)
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


@examples(5, 40)
@given(cases(ONE), st.integers(0, 10**6))
def test_every_path_comes_to_its_product_and_all_together_to_the_derivative(case: Case, pick: int) -> None:
    problem = case.problem()
    names = parameter_names(case)
    name = names[pick % len(names)]
    numbers = {**problem.givens, **bp.evaluate(problem)}
    paths = bp.derive(problem.network).paths(name).at(problem)
    *rows, last = paths._repr_latex_().removeprefix("$$\\begin{align}\n").split(" \\\\\n")
    texts = str(paths).splitlines()
    assert len(rows) == len(paths) == len(texts) - 1
    for row, text, path in zip(rows, texts, paths):
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
