"""Every block, alone and stacked: outputs and derivatives against autograd over a second program."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import numpy as np
import pytest
from rows import DECAYING
from stacks import SOME, STACKS, drawn, forward, gradients, input_gradients, loss_of, random_stack, samples, tied
from thorough import many

import bpkit as bp
from bpkit.core.blocks import Conv1d, Conv2d, Dense, Embedding, MaxPool, Recurrent

NAMED = pytest.mark.parametrize("name", STACKS)
SUMS = {"mean": True, "sum": False, "each": True}


def close(ours: Any, theirs: Any) -> None:
    """To 1e-9 of each number; beside the largest of an array, what cancels may leave its rounding."""
    theirs = np.asarray(theirs, dtype=float)
    largest = max(1.0, float(np.abs(theirs).max(initial=0)))
    np.testing.assert_allclose(np.asarray(ours, dtype=float), theirs, rtol=1e-9, atol=1e-13 * largest)


def check(problem: bp.Problem) -> bp.core.numeric.Values:
    """The loss, and the derivative with respect to every parameter and every input."""
    model, arrays, rows = problem.network, problem.arrays(), samples(problem)
    values, mean = bp.evaluate(problem), SUMS[problem.batch]
    losses = [loss_of(model, arrays, *row) for row in rows]
    close(values["E_total"], np.mean(losses) if mean else np.sum(losses))
    theirs = gradients(model, arrays, rows, mean)
    assert theirs.keys() == model.tables.keys()
    for key, names in model.tables.items():
        close([values[f"dE/d{name}"] for name in names.flat], np.ravel(theirs[key]))
    if not model.vocabulary:
        found = np.array([values[f"dE/d{name}"] for name in model.inputs])
        whole = np.array([np.ravel(one) for one in input_gradients(model, arrays, rows)])
        close(found.T.reshape(whole.shape), whole)
    return values


@NAMED
def test_one_sample(name: str) -> None:
    for seed in range(many(2, 20)):
        check(drawn(STACKS[name], seed))


@NAMED
def test_outputs(name: str) -> None:
    problem = drawn(STACKS[name], 5)
    values, model = bp.evaluate(problem), problem.network
    theirs = forward(model, problem.arrays(), problem.inputs)
    assert theirs.shape == model.output_shape
    last = [values[f"out_{one}"] for one in model.outputs]
    close(last, np.ravel(theirs))


@pytest.mark.parametrize("batch", ["mean", "sum", "each"])
@pytest.mark.parametrize("name", SOME)
def test_batches(name: str, batch: str) -> None:
    values = check(drawn(STACKS[name], 7, count=3, batch=batch))
    of_inputs = [values[f"dE/d{one}"] for one in STACKS[name].inputs]
    assert all(np.shape(one) == (3,) for one in of_inputs)


def test_random_stacks() -> None:
    seen = set()
    for seed in range(many(40, 600)):
        model = random_stack(seed)
        seen |= {type(one).__name__ for one in model.blocks}
        check(drawn(model, seed, count=seed % 3))
    assert seen >= {*"Dense Recurrent LSTM Conv1d Conv2d MaxPool LayerNorm Residual Embedding Attention".split()}


def test_a_token_that_comes_twice_moves_its_row_twice() -> None:
    model = bp.Model((4,), Embedding(3, 2), Dense(1), loss="output")
    problem = bp.Problem(model, model.random(0), [2, 1, 2, 2])
    weights, values = problem.arrays()["W2"], check(problem)
    found = np.array([[values[f"dE/d{name}"] for name in row] for row in model.tables["W1"]])
    np.testing.assert_allclose(found, np.outer([0, 1, 3], weights[:, 0]), rtol=1e-14)


@pytest.mark.parametrize(
    ("model", "firsts"),
    [
        (bp.Model((6,), Conv1d(1), MaxPool(3), loss="output"), [0, 3]),
        (bp.Model((4, 4), Conv2d(1), MaxPool(2), loss="output"), [0, 2, 8, 10]),
    ],
)
def test_a_tie_goes_to_the_first(model: bp.Model, firsts: list[int]) -> None:
    """All inputs are equal; the kernel of one weight passes them on."""
    problem = tied(drawn(model, 1))
    values = check(problem)
    found = np.array([values[f"dE/dout_h1_{name.removeprefix('x').lstrip('_')}"] for name in model.inputs])
    assert [*np.flatnonzero(found)] == firsts
    assert {*found[firsts]} == {1.0}


def test_the_second_of_two_when_only_it_is_largest() -> None:
    problem = bp.Problem(
        bp.Model((3,), Conv1d(1), MaxPool(3), loss="output"), {"k1_1": 1.0, "b1": 0.0}, [1.0, 2.0, 2.0]
    )
    values = bp.evaluate(problem)
    assert [values[f"dE/dout_h1_{n}"] for n in (1, 2, 3)] == [0, 1, 0]


def test_a_parameter_is_named_after_its_place() -> None:
    problem = drawn(STACKS["embedding and lstm"], 0)
    for key, array in problem.arrays().items():
        if key == "W1":  # rows are those of tokens, which begin at 0
            assert array[2, 1] == problem.parameters["W1_2_2"]
    recurrent = drawn(STACKS["recurrent, last"], 0)
    assert recurrent.arrays()["Wx1"][1, 0] == recurrent.parameters["Wx1_2_1"]
    assert recurrent.arrays()["Wh1"][0, 1] == recurrent.parameters["Wh1_1_2"]
    assert drawn(STACKS["lstm, last"], 0).network.tables["Wx1"].tolist() == [
        [f"Wx{gate}1_1_{unit}" for gate in "ifog" for unit in (1, 2)]
    ]


# Updates


def plain_updates(problem: bp.Problem, steps: int) -> list[dict[str, float]]:
    """The parameters after each update, by the plain numbers of the rule and gradients by autograd."""
    model, rule, now = problem.network, problem.update, dict(problem.parameters)
    memories: dict[str, dict[str, float]] = {name: defaultdict(float) for name in now}
    found = []
    for t in range(1, steps + 1):
        rows = samples(problem)
        rows = [rows[(t - 1) % len(rows)]] if problem.batch == "each" else rows
        arrays = problem.replace(parameters=now).arrays()
        slopes = gradients(model, arrays, rows, problem.batch != "sum")
        for key, names in model.tables.items():
            for name, g in zip(names.flat, np.ravel(slopes[key])):
                decay = rule.weight_decay * now[name] * (model.lines.parameters[name].tag != "bias")
                memories[name].update(rule.computed(g + decay, memories[name]))
                now[name] = now[name] - problem.learning_rate * memories[name]["step"]
        found.append(dict(now))
    return found


LEARNT = (
    "recurrent, last",
    "lstm, all",
    "conv1d and pool",
    "conv2d and pool",
    "layer norm",
    "residual attention",
    "embedding and attention",
    "output as loss",
)


@pytest.mark.parametrize("rule", DECAYING.values(), ids=lambda rule: type(rule).__name__)
@pytest.mark.parametrize("name", LEARNT)
def test_five_updates(name: str, rule: Any) -> None:
    for seed, batch in enumerate(["one", "mean", "sum", "each"]):
        more = {} if batch == "one" else {"count": 2, "batch": batch}
        problem = drawn(STACKS[name], seed, spread=0.5, update=rule, learning_rate=0.02, **more)
        trace, theirs = bp.train(problem, 5), plain_updates(problem, 5)
        for step, parameters in enumerate(theirs, 1):
            ours = [trace[one][step] for one in problem.network.parameters]
            np.testing.assert_allclose(ours, [*map(parameters.get, problem.network.parameters)], rtol=1e-8, atol=1e-11)
        assert problem.updated(5).parameters == trace.final.parameters


def test_a_recurrent_layer_that_keeps_its_biases() -> None:
    model = bp.Model((2, 1), Recurrent(2), Dense(1))
    problem = drawn(model, 3, train_biases=False)
    final = problem.updated(3)
    moved = {name for name in model.parameters if final.parameters[name] != problem.parameters[name]}
    assert moved == set(model.parameters) - {"b1_1", "b1_2", "b2_1"}
