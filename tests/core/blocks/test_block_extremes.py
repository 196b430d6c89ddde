"""Blocks at net inputs and scores of ±1000: finite, without a warning, and right to many digits."""

from __future__ import annotations

import math
from functools import cache
from typing import Any

import mpmath as mp
import numpy as np
import pytest
import sympy as sp
from stacks import SOME, STACKS, drawn
from thorough import many

import bpkit as bp
from bpkit.core.blocks import Attention, Dense

SATURATED = ("conv1d and pool", "conv2d and pool", "two convolutions")  # tanh of 500 and of 1000 are both 1 as floats
SIZES = {"nets": 1000.0, "scores": 31.6}  # a score is a product of two projections


def extreme(name: str, seed: int, size: float, count: int = 0) -> bp.Problem:
    """Weights of 1, -1 and 0 and inputs of so much, or of its opposite, so that nets and scores reach ±1000."""
    problem = drawn(STACKS[name], seed, count)
    rng = np.random.default_rng(seed)
    parameters = {one: float(rng.choice([-1.0, 1.0, 1.0, 0.0])) for one in problem.parameters}
    if problem.network.vocabulary:
        rows = {one for one in parameters if problem.network.lines.parameters[one].tag == "row"}
        return problem.replace(parameters={n: v * size if n in rows else v for n, v in parameters.items()})
    inputs = size * rng.choice([-1.0, 1.0, 0.5], size=problem.inputs.shape)
    return problem.replace(parameters=parameters, inputs=inputs)


@cache
def precise(expr: sp.Expr, places: tuple[sp.Symbol, ...]) -> Any:
    """A line with its quantities called by their places among its names, as most lines are of few shapes."""
    return sp.lambdify(places, expr, "mpmath")


def precisely(problem: bp.Problem) -> dict[str, Any]:
    """Every line as people read it, with so many digits that e^-1000 beside a 1 keeps its own."""
    with mp.workdps(1800):
        values = {name: mp.mpf(value) for name, value in problem.givens.items()}
        for step in problem.derivation.with_inputs:
            names = sorted({one.name for one in step.rhs.free_symbols})
            places = tuple(sp.Symbol(f"at_{k:03}") for k in range(len(names)))
            line = step.rhs.xreplace({sp.Symbol(name): place for name, place in zip(names, places)})
            values[step.name] = mp.mpf(precise(line, places)(*(values[name] for name in names)))
    return values


def wanted(problem: bp.Problem) -> list[str]:
    """The names of the derivatives with respect to parameters and inputs, and of the loss."""
    return ["E_total", *(f"dE_total/d{name}" for name in (*problem.parameters, *problem.network.inputs))]


@pytest.mark.parametrize("size", SIZES.values(), ids=SIZES)
@pytest.mark.parametrize("name", SOME)
def test_finite_and_right(name: str, size: float) -> None:
    for seed in range(many(1, 6)):
        problem = extreme(name, seed, size)
        values = bp.evaluate(problem)
        assert all(math.isfinite(values[one]) for one in wanted(problem))
        if name in SATURATED:
            continue
        theirs = precisely(problem)
        largest = max(1.0, *(abs(float(theirs[one])) for one in wanted(problem)))
        for one in (*values, *wanted(problem)):
            near = float(theirs[one])
            cancels = "norm" in name or "attention" in name  # nets and scores of ±1000 that leave few digits
            rounding = (1e-10 if cancels else 1e-13) * largest
            assert abs(values[one] - near) <= 1e-9 * abs(near) + rounding or values[one] == near, one


@pytest.mark.parametrize("size", SIZES.values(), ids=SIZES)
@pytest.mark.parametrize("name", SOME)
def test_batches_are_finite_too(name: str, size: float) -> None:
    for seed in range(many(2, 12)):
        problem = extreme(name, seed, size, count=3)
        values = bp.evaluate(problem)
        alone = [bp.evaluate(problem.sample(row)) for row in range(3)]
        for one in wanted(problem):
            assert np.isfinite(values[one]).all(), one
            rows = np.array([row[one] for row in alone])
            rows = rows if one.removeprefix("dE_total/d") in problem.network.inputs else rows.mean()
            # Where a layer norm takes numbers of 1000 from each other, their rounding is left.
            np.testing.assert_allclose(values[one], rows, rtol=1e-9, atol=1e-14 * size * max(1.0, np.abs(rows).max()))


def test_a_score_of_a_thousand_takes_everything() -> None:
    """Token 1 fits itself by 1000 and the other by -1000: it takes its own value, and nobody's share moves."""
    model = bp.Model((2, 1), Attention(1), loss="output")
    problem = bp.Problem(model, {"Wq1_1_1": 1.0, "Wk1_1_1": 1000.0, "Wv1_1_1": 3.0}, [[1.0], [-1.0]])
    values = bp.evaluate(problem)
    assert (values["score_o1_1"], values["score_o1_2"]) == (1000.0, -1000.0)
    assert (values["share_o1_1"], values["share_o1_2"]) == (1.0, 0.0)
    assert (values["out_o1_1"], values["out_o2_1"]) == (3.0, -3.0)
    assert values["dE/dWq1_1_1"] == 0.0


def test_training_stays_finite() -> None:
    model = bp.Model((2, 2), Attention(2), Dense(2, "softmax"), loss="cross_entropy")
    problem = drawn(model, 3, learning_rate=0.01).replace(inputs=[[30.0, -30.0], [25.0, 30.0]])
    assert np.isfinite(bp.train(problem, 20).loss).all()
