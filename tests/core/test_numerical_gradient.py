"""The gradient check by itself: what it may accuse, over batches too, and what no comparison can pass."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import bpkit as bp
from bpkit.core import numerical_gradient
from bpkit.core.numerical_gradient import _passed_on, difference_quotient

NAN, INF = float("nan"), float("inf")
IDENTITY = {"activation": "identity", "loss": "squared_error", "bias": "neuron"}


@pytest.mark.parametrize("batch", ["mean", "sum", "each"])
@pytest.mark.parametrize("samples", [1, 400])
def test_honest_derivatives_near_a_target_are_not_accused(batch: str, samples: int) -> None:
    """There the loss is far smaller than the outputs whose rounding it passes on, the more samples are added."""
    rng = np.random.default_rng(0)
    for w2, b in zip(10 ** rng.uniform(-8, -5, 60), rng.uniform(0.5, 2, 60), strict=True):
        x = rng.normal(size=(samples, 1))
        numbers = {"w1": 0.7, "w2": w2, "b_h1": 0.2, "b_o1": b}
        problem = bp.Problem(bp.Network(1, 1, 1, **IDENTITY), numbers, x, np.full((samples, 1), b + 1e-3), batch=batch)
        check = bp.check_gradient(problem)
        assert check.passed, check


def test_honest_derivatives_far_from_a_target_are_not_accused() -> None:
    """There the rounding of the loss itself hides what a tiny derivative makes of it."""
    network = bp.Network(1, 1, 1, **{**IDENTITY, "bias": "none"})
    for w2 in np.random.default_rng(0).uniform(1e-9, 1e-8, 60):
        check = bp.check_gradient(bp.Problem(network, {"w1": 0.7, "w2": w2}, [0.6], [0.9]))
        assert check.passed, check
        assert check.rows[0].unresolved()


@pytest.mark.parametrize("batch", ["mean", "sum"])
def test_a_wrong_derivative_is_not_excused_by_rounding(batch: str) -> None:
    """A thousandth too large is seen, however the batch is put together."""
    rng = np.random.default_rng(0)
    numbers = {"w1": 0.7, "w2": -0.4, "b_h1": 0.2, "b_o1": 0.1}
    problem = bp.Problem(
        bp.Network(1, 1, 1, **IDENTITY), numbers, rng.normal(size=(400, 1)), rng.normal(size=(400, 1)), batch=batch
    )
    values = bp.evaluate(problem)
    for name in problem.parameters:
        check = bp.check_gradient(problem, {name: 1.001 * values[f"dE/d{name}"]})
        assert [row.label for row in check.wrong] == [name]


@pytest.mark.parametrize("batch", ["mean", "sum"])
@pytest.mark.parametrize("loss", ["squared_error", "binary_cross_entropy", "cross_entropy"])
def test_what_a_rounded_output_does_to_the_loss(batch: str, loss: str) -> None:
    """The slope in what the loss is computed from, times that: outputs, or nets where loss and activation cancel."""
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(5, 2)), rng.dirichlet([1, 1], size=5)
    w1, w2 = rng.normal(size=(2, 3)), rng.normal(size=(3, 2))
    outputs = "softmax" if loss == "cross_entropy" else "sigmoid"
    network = bp.Network(2, 3, 2, activation=["tanh", outputs], loss=loss, bias="none")
    problem = bp.Problem(network, [w1, w2], x, y, batch=batch)
    net = np.tanh(x @ w1) @ w2
    out = np.exp(net) / np.exp(net).sum(axis=1, keepdims=True) if outputs == "softmax" else 1 / (1 + np.exp(-net))
    parts = 2 * (out - y) * out if loss == "squared_error" else (out - y) * net
    whole = np.abs(parts).sum() / (5 if batch == "mean" else 1)
    assert _passed_on(problem, bp.evaluate(problem)) == pytest.approx(whole, rel=1e-12)


@pytest.mark.parametrize("given", [0.0, 1.0, NAN, INF])
def test_a_loss_that_is_no_number_passes_nothing(given: float) -> None:
    far = bp.Problem(bp.Network(1, 1, **IDENTITY), {"w1": 1e200, "b_o1": 0.0}, [1.0], [0.0])
    check = bp.check_gradient(far, {"w1": given})
    assert not check.passed
    assert check.wrong == check.rows
    assert not check.worst.relative <= 1
    assert "not passed: w1 differs most" in repr(check)


@pytest.mark.parametrize("bad", [0, -1e-6, NAN, INF, "1e-6", None])
def test_a_tolerance_must_be_above_0(bad: Any) -> None:
    problem = bp.Problem(bp.Network(1, 1), {"w1": 0.5, "b1": 0.0}, [1], [0])
    with pytest.raises(bp.BpkitError, match=r"check_gradient: expected a tolerance above 0, got .*; 1e-6 is usual"):
        bp.check_gradient(problem, tolerance=bad)


def test_what_rounding_leaves_of_nothing_passes_where_every_loss_is_0() -> None:
    problem = bp.Problem(bp.Network(1, 1, activation="relu"), {"w1": 1.0, "b1": -5.0}, [1.0], [0.0])
    assert bp.check_gradient(problem, {"w1": 1e-18}).passed
    assert not bp.check_gradient(problem, {"w1": 1e-6}).passed


@pytest.mark.parametrize("samples", [0, 1, 100])
def test_many_parameters_are_nudged_together(samples: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """The quotients are those of a plain program that nudges one entry after another, and few losses are asked for."""
    rng, runs = np.random.default_rng(0), []
    arrays = [rng.normal(size=shape) for shape in ((2, 20), (20,), (20, 25), (25,), (25, 2), (2,))]
    x, y = rng.normal(size=(samples or 1, 2)), rng.normal(size=(samples or 1, 2))
    network = bp.Network(2, 20, 25, 2, activation=["tanh", "tanh", "identity"], bias="neuron")
    problem = bp.Problem(network, arrays, x if samples else x[0], y if samples else y[0])

    def loss() -> float:
        w1, b1, w2, b2, w3, b3 = arrays
        out = np.tanh(np.tanh(x @ w1 + b1) @ w2 + b2) @ w3 + b3
        return float(0.5 * ((out - y) ** 2).sum() / len(x))

    def measured(array: Any, index: tuple[int, ...]) -> float:
        old, losses = array[index], []
        h = 1e-5 * max(1, abs(old))
        for array[index] in (old + h, old - h):
            losses.append(loss())
        array[index] = old
        return (losses[0] - losses[1]) / (2 * h)

    asked = numerical_gradient.loss_over
    monkeypatch.setattr(
        numerical_gradient, "loss_over", lambda *given, **grids: runs.append(0) or asked(*given, **grids)
    )
    check = bp.check_gradient(problem, arrays)
    assert len(check.rows) == sum(array.size for array in arrays) == 637
    assert 2 <= len(runs) <= 4
    theirs = [measured(array, index) for array in arrays for index in np.ndindex(array.shape)]
    np.testing.assert_allclose([row.measured for row in check.rows], theirs, rtol=1e-6, atol=1e-8)
    assert [row.derived for row in check.rows] == [value for array in arrays for value in array.flat]
    assert bp.check_gradient(problem).passed


def test_quotients_together_are_those_alone() -> None:
    """To the last bit: several steps of a parameter, several parameters, to one side and to both."""
    problem = bp.examples.article.problem
    for central in (True, False):
        for names in ("w1", ["w1", "w5", "w1"]):
            found = np.array(difference_quotient(problem, names, [1e-3, 1e-4, 1e-12], central))
            assert found.shape == (2, 3)
            for name, h, column in zip([*names] if names != "w1" else ["w1"] * 3, (1e-3, 1e-4, 1e-12), found.T):
                assert tuple(column) == difference_quotient(problem, name, h, central)
                above = bp.evaluate(problem.replace(**{name: problem.parameters[name] + h}))["E_total"]
                assert column[1] == pytest.approx(above, rel=1e-15)
                below = problem.parameters[name] - h if central else problem.parameters[name]
                loss, wide = bp.evaluate(problem.replace(**{name: below}))["E_total"], 2 * h if central else h
                assert column[0] == pytest.approx((above - loss) / wide, abs=1e-15 / wide)


def test_the_worst_row_is_one_that_is_no_number() -> None:
    check = bp.check_gradient(bp.examples.article.problem, {"w1": 5.0, "w2": NAN, "w3": 0.1})
    assert check.worst.label == "w2"
    assert [row.label for row in check.wrong] == ["w1", "w2", "w3"]
    right = bp.check_gradient(bp.examples.article.problem)
    assert not any(row.unresolved() for row in right.rows)
