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

import bpkit as bp

z = sp.Symbol("z")
GOLDEN = json.loads((Path(__file__).parent / "golden.json").read_text())
NETWORKS = {
    "article": bp.examples.article.problem.network,
    "mazur": bp.examples.mazur.problem.network,
    "one to one": bp.Network(1, 1),
    "single output": bp.Network(2, 2, 1),
    "three hidden layers": bp.Network(2, 3, 2, 4, 2, activation=["tanh", "relu", "softplus", "sigmoid"]),
    "a bias for each neuron": bp.Network(3, 2, 2, activation="tanh", bias="neuron", loss="squared_error"),
    "no bias": bp.Network(2, 3, 2, bias="none", activation="leaky_relu", loss="mean_squared_error"),
    "logistic": bp.Network(3, 1, loss="binary_cross_entropy"),
    "sigmoids with cross-entropy": bp.Network(2, 3, 2, loss="binary_cross_entropy"),
    "softmax": bp.Network(2, 3, 3, activation=["tanh", "softmax"], loss="cross_entropy"),
    "softmax, squared": bp.Network(2, 2, 3, activation=["sigmoid", "softmax"]),
    "softmax without hidden": bp.Network(2, 2, activation="softmax", loss="cross_entropy"),
    "tanh with cross-entropy": bp.Network(2, 2, 1, activation=["relu", "softplus"], loss="binary_cross_entropy"),
    "straight": bp.Network(2, 2, 2, activation="identity", loss="mean_squared_error"),
    "own activation": bp.Network(2, 2, 1, activation=bp.Activation("swish", z / (1 + sp.exp(-z)))),
    "own names": bp.Network(1, 2, 1, weight_names={("x1", "h1"): "theta_3", ("h2", "o1"): "u"}),
}
each = pytest.mark.parametrize("name", GOLDEN)


def text(expr: sp.Expr) -> str:
    """An expression as it is read: its terms and factors in the order in which they stand."""
    return sp.sstr(expr, order="none")


def problem(name: str) -> bp.Problem:
    arguments = ("parameters", "inputs", "targets", "learning_rate", "train_biases")
    return bp.Problem(NETWORKS[name], **{argument: GOLDEN[name][argument] for argument in arguments})


def rows(name: str) -> list[tuple[str, str, float, str | None]]:
    return [(*row, None) if len(row) == 3 else tuple(row) for row in GOLDEN[name]["lines"]]


def test_every_network_has_its_lines() -> None:
    assert set(GOLDEN) == set(NETWORKS)
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
