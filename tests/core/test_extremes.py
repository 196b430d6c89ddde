"""Net inputs of ±1000: finite and right wherever the mathematics is, without a warning."""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator
from dataclasses import replace

import mpmath as mp
import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from oracle import Case, differences, mp_gradient, mp_loss, mp_values, random_case
from rows import ACTIVATIONS, ANYWHERE, DEFINED, KINKED
from thorough import EVERYTHING, examples

import bpkit as bp
from bpkit.core.matrix_program import matrix_gradient
from bpkit.core.numeric import loss_over

DIGITS = 1400  # e^-1000 is 1e-434, and a third of the digits go to the step of the difference
NETS = (-1000.0, -745.2, -709.9, -36.9, -5.0, 0.0, 4.6, 36.9, 709.9, 1000.0)
SOME = NETS if EVERYTHING else NETS[::3]  # -1000 and 1000 among them


@pytest.fixture(autouse=True)
def _no_warning() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


def agree(case: Case, tolerance: float = 1e-9, floor: float = 2e-14) -> None:
    """One sample, the batch of it, the matrix form and one update, against many digits."""
    with mp.workdps(DIGITS):
        loss = mp_loss(case, case.parameters)
        gradient = mp_gradient(case, DIGITS)
        forward = mp_values(case, case.parameters)
    problem = case.problem(learning_rate=0.01)
    values = bp.evaluate(problem)
    if case.single:
        assert differences({name: values[name] for name in forward}, forward, tolerance, floor) == [], case
    batch = replace(case, single=False).problem(learning_rate=0.01)
    for name, (found, total) in {
        "lines": ({n: values[f"dE/d{n}"] for n in gradient}, values["E_total"]),
        "batch": ({n: bp.evaluate(batch)[f"dE/d{n}"] for n in gradient}, bp.evaluate(batch)["E_total"]),
        "matrix": matrix_gradient(problem)[::-1],
    }.items():
        assert differences(found, gradient, tolerance, floor) == [], (name, case)
        assert differences({"E": float(total)}, {"E": loss}, tolerance, floor) == [], (name, case)
    assert float(loss_over(problem)) == pytest.approx(float(loss), rel=1e-9, abs=1e-290)
    moved = {n: problem.parameters[n] - 0.01 * float(gradient[n]) for n in gradient}
    trace = bp.train(problem, 1)
    assert trace.diverged_at is None, case
    for name in moved:
        assert trace[name][1] == pytest.approx(moved[name], rel=1e-12, abs=1e-12), name
    assert batch.updated().parameters == pytest.approx(moved, rel=1e-12, abs=1e-12)


def one_neuron(net: float, activation: str, loss: str, y: float) -> Case:
    return Case((1, 1), (activation,), loss, "none", ("w1",), {"w1": net}, ((1.0,),), ((y,),), True)


@pytest.mark.parametrize("net", SOME)
@pytest.mark.parametrize("y", [0.0, 1.0, 0.3])
def test_sigmoid_with_binary_cross_entropy_is_exact(net: float, y: float) -> None:
    """Also where out rounds to 0 or 1, and relative to numbers as small as e^-700."""
    if net > 0 and y > 0 and y != 1:
        agree(one_neuron(net, "sigmoid", "binary_cross_entropy", y))
    else:
        agree(one_neuron(net, "sigmoid", "binary_cross_entropy", y), tolerance=1e-13, floor=0)


@pytest.mark.parametrize("net", [net for net in SOME if net])
@pytest.mark.parametrize("ys", [(1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0), (0.2, 0.3, 0.5)])
def test_softmax_with_cross_entropy_is_exact(net: float, ys: tuple[float, ...]) -> None:
    weights = {"w1": net, "w2": 0.3, "w3": -0.6}
    case = Case((1, 3), ("softmax",), "cross_entropy", "none", tuple(weights), weights, ((1.0,),), (ys,), True)
    agree(case, tolerance=1e-13, floor=0 if 1.0 in ys else 2e-16)


@pytest.mark.parametrize("loss", ANYWHERE)
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_one_neuron(activation: str, loss: str) -> None:
    for net in SOME:
        if net or activation not in KINKED:
            agree(one_neuron(net, activation, loss, 0.3))


@pytest.mark.parametrize(("activation", "slope"), [("relu", 0.0), ("leaky_relu", 0.01)])
def test_the_slope_at_the_kink(activation: str, slope: float) -> None:
    problem = one_neuron(0.0, activation, "half_squared_error", 0.3).problem(learning_rate=1)
    assert bp.evaluate(problem)["dout_o1/dnet_o1"] == slope
    assert matrix_gradient(problem)[1]["w1"] == bp.evaluate(problem)["dE/dw1"] == -0.3 * slope
    assert bp.train(problem, 1)["w1"][1] == 0.3 * slope


@pytest.mark.parametrize("activation", ["sigmoid", "tanh", "softplus"])
def test_slopes_keep_their_digits(activation: str) -> None:
    """Relative to each slope, with nothing allowed for terms that cancel."""
    for net in NETS:
        agree(one_neuron(net, activation, "half_squared_error", -3.0), tolerance=1e-12, floor=0)


@pytest.mark.parametrize("hidden", ACTIVATIONS)
@pytest.mark.parametrize("net", [-1000.0, 1000.0])
def test_a_hidden_neuron(hidden: str, net: float) -> None:
    lasts = {"sigmoid": "binary_cross_entropy", "tanh": "half_squared_error"}
    lasts |= {"identity": "squared_error"} if EVERYTHING else {}
    for output, loss in lasts.items():
        parameters = {"w1": net, "w2": 0.7, "b_h1": 0.1, "b_o1": -0.2}
        agree(Case((1, 1, 1), (hidden, output), loss, "neuron", ("w1", "w2"), parameters, ((1.0,),), ((0.6,),), True))


@pytest.mark.parametrize("loss", [*ANYWHERE, "cross_entropy"])
@pytest.mark.parametrize("net", [-1000.0, 37.0, 1000.0])
def test_softmax_with_every_loss(net: float, loss: str) -> None:
    weights = {"w1": net, "w2": 0.3, "w3": -0.6}
    agree(Case((1, 3), ("softmax",), loss, "none", tuple(weights), weights, ((1.0,),), ((0.2, 0.3, 0.5),), True))


@pytest.mark.parametrize(("output", "loss"), DEFINED)
def test_each_row_of_a_batch_is_its_sample_alone(output: str, loss: str) -> None:
    """Every quantity, the per-output ones too, whatever the other samples of the batch are."""
    rng = np.random.default_rng(len(output) + len(loss))
    case = random_case(rng, (1, 2, 3), ("leaky_relu", output), loss, "neuron", 5)
    problem = replace(case, inputs=((1000.0,), (-1000.0,), (40.0,), (0.3,), (-720.0,))).problem()
    batch = bp.evaluate(problem)
    for row in range(5):
        alone = bp.evaluate(problem.sample(row))
        for name, values in batch.items():
            if isinstance(values, np.ndarray):
                assert values[row] == pytest.approx(alone[name], rel=1e-9, abs=1e-14, nan_ok=True), (row, name)


LASTS = [("sigmoid", "binary_cross_entropy"), ("softmax", "cross_entropy"), ("sigmoid", "half_squared_error")]


@examples(3, 40)
@given(st.sampled_from(ACTIVATIONS), st.sampled_from(LASTS), st.integers(0, 2), st.integers(0, 2**32 - 1))
def test_random_networks_with_large_inputs(hidden: str, last: tuple[str, str], samples: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    case = random_case(rng, (2, 3, 2), (hidden, last[0]), last[1], rng.choice(["layer", "neuron", "none"]), samples)
    case = replace(case, inputs=tuple(tuple(x * 1000 / max(map(abs, row)) for x in row) for row in case.inputs))
    nets = [bp.evaluate(replace(case, single=False).problem())[f"net_{n}"] for n in ("h1", "h2", "h3", "o1", "o2")]
    assume(np.abs(nets).max() < 1500)
    agree(case)


def test_a_batch_may_hold_every_extreme_at_once() -> None:
    case = Case((1, 1), ("sigmoid",), "binary_cross_entropy", "none", ("w1",), {"w1": 1.0},
                tuple((net,) for net in NETS), tuple((float(i % 2),) for i in range(len(NETS))))  # fmt: skip
    agree(case)


def test_what_leaves_the_floats_is_infinite_and_says_nothing() -> None:
    """dE/dout is e^1000 here: no float. The derivatives that rest on p - y are there all the same."""
    values = bp.evaluate(one_neuron(1000.0, "sigmoid", "binary_cross_entropy", 0.0).problem())
    assert values["dE/dout_o1"] == math.inf
    assert values["dE/dnet_o1"] == 1.0
    assert values["dE/dw1"] == 1.0
    assert values["E_total"] == 1000.0
    assert "inf" in repr(values)


def test_terms_beyond_the_floats_may_cancel() -> None:
    """1e400 - 1e400 + 0.5, which floats alone would call nan."""
    numbers = {"w1": 1e200, "w2": -1e200, "b1": 0.5}
    values = bp.evaluate(bp.Problem(bp.Network(2, 1), numbers, [1e200, 1e200], [0.0]))
    out = float(1 / (1 + mp.exp(-0.5)))
    assert values["net_o1"] == 0.5
    assert values["dE/db1"] == pytest.approx(out * out * (1 - out), rel=1e-14)


def test_the_lines_and_the_matrices_train_alike_at_extremes() -> None:
    rng = np.random.default_rng(3)
    for hidden in ACTIVATIONS:
        case = random_case(rng, (2, 2, 2), (hidden, "softmax"), "cross_entropy", "layer")
        case = replace(case, inputs=((900.0, -1100.0),))
        alone = bp.train(case.problem(learning_rate=1e-6), 20)
        batch = bp.train(replace(case, single=False).problem(learning_rate=1e-6), 20)
        assert alone.diverged_at is None
        np.testing.assert_allclose(alone.table, batch.table, rtol=1e-11, atol=1e-13)
        np.testing.assert_allclose(alone.loss, batch.loss, rtol=1e-10, atol=1e-290)
