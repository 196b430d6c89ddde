"""The lines of sixteen networks as they are written down once and for all: names, order, right sides, numbers.

``golden.json`` holds for each network the problem's numbers and its lines: name, right side, number, and the cancelled
form where there is one. Lessons, sheets and printed answers rest on them.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import sympy as sp
from models import NETWORKS

import bpkit as bp

GOLDEN = json.loads((Path(__file__).parent / "golden.json").read_text())
each = pytest.mark.parametrize("name", GOLDEN)


def text(expr: sp.Expr) -> str:
    """An expression as it is read: its terms and factors in the order in which they stand."""
    return sp.sstr(expr, order="none")


def problem(name: str) -> bp.Problem:
    arguments = ("parameters", "inputs", "targets", "learning_rate", "train_biases")
    return bp.Problem(NETWORKS[name], **{argument: GOLDEN[name][argument] for argument in arguments})


def rows(name: str) -> list[tuple[str, str, float, str | None]]:
    return [(*row, None) if len(row) == 3 else tuple(row) for row in GOLDEN[name]["lines"]]


def test_sixteen_networks_have_their_lines() -> None:
    assert len(GOLDEN) == 16
    assert set(GOLDEN) < set(NETWORKS)
    assert len(rows("article")) == 67


@each
def test_names_right_sides_and_cancelled_forms(name: str) -> None:
    derivation = bp.derive(NETWORKS[name])
    found = [
        (step.name, text(step.rhs), None if step.cancelled is None else text(step.cancelled)) for step in derivation
    ]
    assert found == [(line, rhs, cancelled) for line, rhs, _, cancelled in rows(name)]
    assert [step.number for step in derivation] == list(range(1, len(derivation) + 1))


@each
def test_numbers(name: str) -> None:
    values: Any = bp.evaluate(problem(name))
    expected = {line: number for line, _, number, _ in rows(name)}
    assert list(values) == list(expected)
    assert dict(values) == pytest.approx(expected, rel=1e-12, abs=0)


@each
def test_each_line_uses_the_lines_that_its_right_side_names(name: str) -> None:
    """The numbers of a line's ``uses`` are those of the earlier lines in it, and only earlier ones."""
    numbers = {line: number for number, (line, *_) in enumerate(rows(name), 1)}
    for step in bp.derive(NETWORKS[name]):
        read = step.rhs.free_symbols | (step.cancelled.free_symbols if step.cancelled is not None else set())
        assert set(step.uses) == {numbers[symbol.name] for symbol in read if symbol.name in numbers}
        assert all(number < step.number for number in step.uses)
