"""The worked examples beyond dense layers: numbers that a person can follow, and no line that shows nothing."""

from __future__ import annotations

import math
from collections.abc import Callable

import autograd.numpy as anp
import numpy as np
import pytest
from autograd import grad

import bpkit as bp
from bpkit.core.quantities import Role
from bpkit.examples.example import Example

BLOCKS = [bp.examples.rnn, bp.examples.convolution, bp.examples.attention]
ALL = [*BLOCKS, bp.examples.adam_step]


def rnn(Wx1, Wh1, b1, W2, b2):
    state = anp.zeros(1)
    for x in (1.0, 0.5, -1.0):
        state = anp.tanh(x * Wx1[0] + state @ Wh1 + b1)
    return ((state @ W2 + b2)[0] - 0.5) ** 2 / 2


def convolution(k1, b1, W3, b3):
    x = [2.0, 3.0, 1.0, -1.0, 3.0]
    outs = [anp.maximum(0.0, k1[0] * a + k1[1] * b + b1[0]) for a, b in zip(x, x[1:])]
    largest = anp.array([anp.maximum(outs[0], outs[1]), anp.maximum(outs[2], outs[3])])
    return ((largest @ W3 + b3)[0] - 1.0) ** 2 / 2


def attention(Wq1, Wk1, Wv1):
    x, y = anp.array([[1.0, -1.0], [0.0, 1.0]]), anp.array([[0.0, 0.0], [0.0, 1.0]])
    powers = anp.exp(x @ Wq1 @ (x @ Wk1).T / math.sqrt(2))
    shares = powers / anp.sum(powers, axis=1, keepdims=True)
    return anp.sum((shares @ (x @ Wv1) - y) ** 2) / 2


@pytest.mark.parametrize(("example", "loss"), [*zip(BLOCKS, (rnn, convolution, attention))])
def test_every_derivative_is_that_of_a_plain_program(example: Example, loss: Callable[..., float]) -> None:
    problem, arrays = example.problem, [*example.problem.arrays().values()]
    values = bp.evaluate(problem)
    assert values["E_total"] == pytest.approx(loss(*arrays), rel=1e-12)
    for place, names in enumerate(problem.network.tables.values()):
        found = np.vectorize(lambda name: values[f"dE_total/d{name}"], otypes=[float])(names)
        assert found == pytest.approx(grad(loss, place)(*arrays).reshape(names.shape), rel=1e-9)


@pytest.mark.parametrize("example", ALL, ids=lambda one: one.name)
def test_given_numbers_are_short(example: Example) -> None:
    problem = example.problem
    for value in (*problem.parameters.values(), *problem.inputs.ravel(), *problem.targets.ravel()):
        assert value == round(value, 1)
        assert abs(value) <= 3


@pytest.mark.parametrize("example", BLOCKS, ids=lambda one: one.name)
def test_no_path_is_dead_and_no_two_derivatives_are_the_same(example: Example) -> None:
    values = bp.evaluate(example.problem)
    found = [abs(values[f"dE_total/d{name}"]) for name in example.problem.network.parameters]
    assert min(found) > 0.02
    assert len({round(value, 3) for value in found}) == len(found)
    assert max(found) < 3


def test_the_numbers_of_the_convolution_are_exact_and_nothing_ties() -> None:
    problem = bp.examples.convolution.problem
    values = bp.evaluate(problem)
    assert all(value == round(value, 4) for value in values.values())
    forward = [step.name for step in problem.derivation if step.role is Role.FORWARD]
    assert [values[name] for name in forward[:4]] == [1.0, 3.0, 2.0, -2.0]
    windows = [(values["out_h1_1"], values["out_h1_2"]), (values["out_h1_3"], values["out_h1_4"])]
    assert all(abs(one - other) >= 1 for one, other in windows)


def test_no_two_shares_of_the_attention_are_the_same() -> None:
    """Else the softmax over the other axis would not show."""
    values = bp.evaluate(bp.examples.attention.problem)
    shares = [[values[f"share_o{i}_{j}"] for j in (1, 2)] for i in (1, 2)]
    assert np.sum(shares, axis=1) == pytest.approx([1, 1])
    assert abs(np.sum(shares, axis=0)[0] - 1) > 0.3
    assert len({round(one, 3) for one in np.ravel(shares)}) == 4


def test_the_outputs_of_the_recurrent_neuron_are_neither_flat_nor_alike() -> None:
    values = bp.evaluate(bp.examples.rnn.problem)
    outs = [abs(values[f"out_h1_{t}_1"]) for t in (1, 2, 3)]
    assert all(0.2 < out < 0.8 for out in outs)
    assert len({round(out, 2) for out in outs}) == 3


def test_the_first_step_of_adam_is_the_learning_rate_in_each_direction() -> None:
    problem = bp.examples.adam_step.problem
    values, after = bp.evaluate(problem), problem.updated()
    assert [values[f"dE_total/d{name}"] for name in ("w1", "w2", "b1")] == [1.0, -0.5, 0.5]
    for name, slope in (("w1", 1.0), ("w2", -0.5), ("b1", 0.5)):
        mhat = 0.1 * slope / (1 - 0.9)
        vhat = 0.001 * slope**2 / (1 - 0.999)
        wanted = problem.parameters[name] - 0.1 * mhat / (math.sqrt(vhat) + 1e-8)
        assert after.parameters[name] == pytest.approx(wanted, abs=1e-12)
        assert after.parameters[name] == pytest.approx(problem.parameters[name] - math.copysign(0.1, slope), abs=1e-7)
