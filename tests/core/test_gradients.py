"""Every derivative against autograd and against 50-digit differences, on random networks of every kind."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import mpmath as mp
import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from oracle import (
    Case,
    array_gradients,
    differences,
    mp_gradient,
    mp_loss,
    mp_values,
    parameter_names,
    random_case,
)
from rows import ACTIVATIONS, DEFINED, KINKED
from strategies import cases
from thorough import examples

import bpkit as bp
from bpkit.core.matrix_program import matrix_gradient, predict
from bpkit.core.numeric import evaluate_given, loss_over

ONE = st.just(0)  # one sample, given as a plain list
BATCH = st.integers(1, 4)


def of_parameters(case: Case, found: Any) -> dict[str, Any]:
    return {name: found[name] for name in parameter_names(case)}


def ours(values: bp.core.numeric.Values) -> dict[str, float]:
    return {name: values[f"dE/d{name}"] for name in derivatives(values)}


def derivatives(values: bp.core.numeric.Values) -> list[str]:
    return [name.removeprefix("dE_total/d") for name in values if name.startswith("dE_total/d")]


def close(case: Case, numbers: dict[str, Any], theirs: dict[str, Any]) -> None:
    assert differences(numbers, theirs, floor=2e-14) == [], case


@examples(25, 400)
@given(cases(ONE))
def test_one_sample_line_by_line(case: Case) -> None:
    """The generated straight lines: derivatives by parameters, and by every net and out on the way."""
    theirs = array_gradients(case)
    values = bp.evaluate(case.problem())
    close(case, ours(values), {name: theirs[name] for name in derivatives(values)})
    assert set(derivatives(values)) == set(theirs)


@examples(20, 300)
@given(cases(BATCH))
def test_batches_line_by_line(case: Case) -> None:
    """The same lines over arrays: means over the samples for parameters, a number for each sample for the others."""
    theirs = array_gradients(case)
    values = bp.evaluate(case.problem())
    close(case, {n: values[f"dE/d{n}"] for n in parameter_names(case)}, of_parameters(case, theirs))
    between = {name: value for name, value in theirs.items() if name not in case.parameters}
    assert all(values[f"dE/d{name}"].shape == (len(case.inputs),) for name in between)
    close(case, {name: float(values[f"dE/d{name}"][0]) for name in between}, between)


@examples(25, 400)
@given(cases())
def test_the_matrix_form(case: Case) -> None:
    theirs = of_parameters(case, array_gradients(case))
    problem = case.problem()
    loss, gradient = matrix_gradient(problem)
    close(case, gradient, theirs)
    assert list(gradient) == list(problem.network.parameters)
    assert loss == pytest.approx(float(bp.evaluate(problem)["E_total"]), rel=1e-12)


@examples(12, 200)
@given(cases())
def test_fifty_digits(case: Case) -> None:
    """The way forward, and differences for the derivatives: another program and another method."""
    problem = case.problem()
    theirs = mp_gradient(case)
    values = bp.evaluate(problem)
    close(case, {name: values[f"dE/d{name}"] for name in theirs}, theirs)
    close(case, matrix_gradient(problem)[1], theirs)
    losses = []
    for row in range(len(case.inputs)):
        with mp.workdps(50):
            theirs = mp_values(case, case.parameters, row)
        losses.append(theirs.pop("E_total"))
        numbers = {name: float(np.atleast_1d(values[name])[row]) for name in theirs}
        close(case, numbers, theirs)
        outs = [theirs[f"out_{name}"] for name in case.layers[-1]]
        close(case, dict(enumerate(predict(problem, case.inputs)[row].tolist())), dict(enumerate(outs)))
    mean = float(mp.fsum(losses) / len(losses))
    assert values["E_total"] == pytest.approx(mean, rel=1e-12)
    assert float(loss_over(problem)) == pytest.approx(mean, rel=1e-12)


@examples(12, 150)
@given(cases(ONE))
@example(random_case(np.random.default_rng(1), (2, 2, 2), ("sigmoid", "sigmoid"), "half_squared_error", "layer"))
def test_the_error_of_each_output(case: Case) -> None:
    """dE_o1/dout_h1 and its like, for the last hidden layer of every network without softmax."""
    values = bp.evaluate(case.problem())
    wanted = [] if case.activations[-1] == "softmax" or len(case.sizes) == 2 else case.layers[-2]
    found = {n for n in values if n.startswith("dE_o") and n.split("/")[1].startswith("dout_h")}
    assert found == {f"dE_{o}/dout_{h}" for o in case.layers[-1] for h in wanted}
    for number, output in enumerate(case.layers[-1]):
        theirs = array_gradients(case, number)
        own = {h: values[f"dE_{output}/dout_{h}"] for h in wanted}
        if values[f"out_{output}"] < 1 - 1e-6:  # nearer to 1 it has too few digits left for 1 - out to have any
            own[output] = values[f"dE_{output}/dout_{output}"]
        close(case, own, {neuron: theirs[f"out_{neuron}"] for neuron in own})


@pytest.mark.parametrize(("output", "loss"), DEFINED)
def test_every_output_with_every_loss_and_bias(output: str, loss: str) -> None:
    rng = np.random.default_rng([len(output), len(loss)])
    for n, (hidden, second) in enumerate(zip(ACTIVATIONS[::2], [*ACTIVATIONS[1::2], ACTIVATIONS[0]])):
        bias = ("layer", "neuron", "none")[n % 3]
        for samples in (0, 3):
            case = random_case(rng, (2, 3, 2, 2), (hidden, second, output), loss, bias, samples)
            theirs = of_parameters(case, array_gradients(case))
            values = bp.evaluate(case.problem())
            close(case, {name: values[f"dE/d{name}"] for name in theirs}, theirs)
            close(case, matrix_gradient(case.problem())[1], theirs)


@examples(4, 150)
@given(cases())
def test_complex_step(case: Case) -> None:
    """A third method: the imaginary part that a tiny imaginary nudge leaves in the loss."""
    # A kink has no complex plane around it.
    smooth = tuple("tanh" if name in KINKED else name for name in case.activations)
    case = replace(case, activations=smooth, loss="squared_error" if case.loss in KINKED else case.loss)
    values, step = bp.evaluate(case.problem()), mp.mpf(10) ** -40
    with mp.workdps(50):
        nudged = lambda name: {**case.parameters, name: mp.mpc(case.parameters[name], step)}
        theirs = {name: mp.im(mp_loss(case, nudged(name))) / step for name in parameter_names(case)}
    close(case, {name: values[f"dE/d{name}"] for name in theirs}, theirs)


@examples(8, 100)
@given(cases(BATCH))
def test_a_batch_is_the_mean_of_its_samples(case: Case) -> None:
    problem = case.problem()
    batch = bp.evaluate(problem)
    rows = [bp.evaluate(problem.sample(row)) for row in range(len(case.inputs))]
    for name in batch:
        alone = np.array([row[name] for row in rows])
        if name == "E_total" or name.endswith("_new") or name.removeprefix("dE_total/d") in case.parameters:
            assert isinstance(batch[name], float)
            alone = alone.mean()
        np.testing.assert_allclose(batch[name], alone, rtol=1e-9, atol=1e-13 * max(1, np.abs(alone).max()))


@examples(8, 60)
@given(cases())
def test_values_hold_every_quantity_of_the_derivation(case: Case) -> None:
    problem = case.problem()
    derivation = bp.derive(problem.network)
    values = bp.evaluate(problem)
    assert list(values) == [step.name for step in derivation]
    assert len(values) == len(derivation) == len(set(values))
    for name in parameter_names(case):
        assert values[f"dE/d{name}"] == values[f"dE_total/d{name}"]
        assert f"{name}_new" in values


@pytest.mark.parametrize("bias", [0.5, -1000.0])  # the second leaves the floats on its way, and math refuses it
def test_numbers_handed_in_are_gone_on_with(bias: float) -> None:
    """Errors carried forward: a wrong output of a hidden neuron, with the slope of the lesson, out(1 - out)."""
    problem = bp.examples.article.problem.replace(b2=bias)
    p, h2 = problem.givens, float(1 / (1 + mp.exp(-0.541)))
    outs = [float(1 / (1 + mp.exp(-(p[a] * 1.25 + p[b] * h2 + bias)))) for a, b in (("w5", "w6"), ("w7", "w8"))]
    values = evaluate_given(problem, {"out_h1": 1.25})
    assert [values[f"out_{name}"] for name in ("h1", "o1", "o2")] == pytest.approx([1.25, *outs], rel=1e-12)
    back = sum((o - y) * o * (1 - o) * p[w] for o, y, w in zip(outs, problem.targets, ("w5", "w7")))
    assert values["dE/dw1"] == pytest.approx(back * 1.25 * (1 - 1.25) * p["x1"], rel=1e-9)
    assert values["w1_new"] == pytest.approx(p["w1"] - p["learning_rate"] * values["dE/dw1"], rel=1e-12)
    assert evaluate_given(problem, {})["E_total"] == pytest.approx(bp.evaluate(problem)["E_total"], rel=1e-12)
