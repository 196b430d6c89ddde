"""The apps on models of blocks: lines, pictures and runs as for networks, and the others refuse a model in words."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import pytest
from stacks import STACKS, drawn, gradients, loss_of, samples
from thorough import THOROUGH

import bpkit as bp
from bpkit import blocks
from bpkit.core.errors import BpkitError
from bpkit.core.spelling import number_read

EXAMPLES = {name: getattr(bp.examples, name) for name in ("rnn", "convolution", "attention")}
PROBLEMS = {name: one.problem for name, one in EXAMPLES.items()}
PROBLEMS |= {
    name: drawn(STACKS[name], 2, spread=0.5, learning_rate=0.05)
    for name in ("lstm alone", "layer norm", "residual", "embedding")
}
PROBLEMS |= {
    name: drawn(STACKS[name], 2, spread=0.3, learning_rate=0.05) for name in ("conv2d", "softmax", "lstm, last")
}
READING = ("forward", "chain", "paths", "stepper", "training", "gradient_check", "surface", "descent")
DENSE = ("boundary", "cost", "depth", "neuron")


def slope_of(problem: bp.Problem, name: str) -> float:
    """The derivative in a parameter, by autograd over arrays."""
    found = gradients(problem.network, problem.arrays(), samples(problem))
    for key, table in problem.network.tables.items():
        if name in table:
            return float(np.reshape(found[key], table.shape)[table == name][0])
    raise AssertionError(name)


def losses(problem: bp.Problem, updates: int, move_biases: bool = True) -> list[float]:
    """The loss before each update of plain gradient descent, by autograd over arrays."""
    model, arrays, rows, found = problem.network, problem.arrays(), samples(problem), []
    for _ in range(updates + 1):
        found.append(float(np.mean([loss_of(model, arrays, x, y) for x, y in rows])))
        slopes = gradients(model, arrays, rows)
        moving = {key for key in arrays if move_biases or model.tables[key].flat[0] not in model.biases}
        arrays = {k: one - problem.learning_rate * slopes[k] if k in moving else one for k, one in arrays.items()}
    return found


PAIRS = [*product(READING, PROBLEMS)][:: 1 if THOROUGH else 3]  # each app with some models, each model with some apps


@pytest.mark.parametrize(("app", "name"), PAIRS)
def test_each_opens_on_a_model_and_tells_how_to_make_it(app: str, name: str) -> None:
    made = getattr(bp.apps, app)(PROBLEMS[name])
    if app != "descent":
        assert eval(made.share, {"bp": bp}) == made.state.problem == made.problem
    assert made.bundles()


@pytest.mark.parametrize("app", DENSE)
def test_what_is_about_layers_refuses_a_model(app: str) -> None:
    batch = drawn(bp.Model(2, blocks.Dense(3, "tanh"), blocks.LayerNorm(), blocks.Dense(1)), 1, 4)
    given = batch if app == "boundary" else PROBLEMS["rnn"]
    with pytest.raises(BpkitError, match=f"{app} app: expected a fully connected Network, got Model"):
        getattr(bp.apps, app)(given)


@pytest.mark.parametrize("name", PROBLEMS)
def test_every_chain_adds_up_to_the_derivative(name: str) -> None:
    app = bp.apps.chain(PROBLEMS[name])
    for _, parameter in app.setting["parameter"].options:
        app.set(parameter=parameter)
        expected = slope_of(PROBLEMS[name], parameter)
        assert app.state.derivative == pytest.approx(expected, rel=1e-9, abs=1e-14)
        total = sum(float(np.prod(way.values)) for way in app.state.ways)
        assert total == pytest.approx(expected, rel=1e-9, abs=1e-14)
    assert [value for _, value in app.setting["parameter"].options] == [*PROBLEMS[name].network.parameters]


def test_a_shared_weight_has_a_path_for_each_use() -> None:
    app = bp.apps.chain(EXAMPLES["rnn"])
    assert app.parameter.value == "W2_1_1"
    app.set(parameter="Wx1_1_1")
    assert len(app.state.ways) == 3
    assert "is the sum of 3 paths" in repr(app)
    app.set(path=2)
    assert "Path 2 from Wx1_1_1 to the loss is lit: Wx1_1_1 → net_h1_2_1" in repr(app)
    assert app.state.highlight == app.state.ways[1].factors  # this use of the weight alone
    second = app.drawing(app.state).figure
    app.set(path=1)
    assert app.drawing(app.state).figure != second


def test_what_a_use_contributes_depends_on_its_input() -> None:
    """A shared weight has an input for each use; a network of layers has its inputs elsewhere."""
    app = bp.apps.paths(EXAMPLES["rnn"])
    app.set(parameter="Wx1_1_1", x3_1=0)
    assert app.state.ways[2].values[-1] == 0
    assert app.state.ways[1].values[-1] != 0
    assert ["x1_1", "x2_1", "x3_1"] in [names for _, names in app.spec["layout"]["groups"]]
    assert "x1" not in bp.apps.paths(bp.examples.article).setting


def test_each_path_of_a_shared_weight_is_drawn_on_the_ways_that_it_takes() -> None:
    """From the input of its step along the neuron's memory to the output; the first leg is the weight itself."""
    app = bp.apps.paths(EXAMPLES["rnn"])
    edges = {one["key"]: one for one in app.spec["parts"]["network"]["edges"]}
    routes = app.spec["routes"]["Wx1_1_1"]
    assert [[weight for weight, *_ in route] for route in routes] == [
        ["Wx1_1_1", "Wh1_1_1", "Wh1_1_1", "W2_1_1"],
        ["Wx1_1_1", "Wh1_1_1", "W2_1_1"],
        ["Wx1_1_1", "W2_1_1"],
    ]
    for step, route in enumerate(routes, 1):
        [_, start, end], *_ = route
        assert [*start, *end] == edges[f"x{step}_1 → h1_{step}_1"]["ends"]
    assert all(start[0] < end[0] for route in routes for _, start, end in route)
    slope = app.spec["slopes"]["dout_h1_1_1/dnet_h1_1_1"]
    low, high = slope["curve"]["heights"]  # tanh has two sides, and its steepest tangent fits in
    assert low == -high
    assert high > 1.2


@pytest.mark.parametrize("name", PROBLEMS)
def test_the_stepper_walks_all_lines(name: str) -> None:
    problem = PROBLEMS[name]
    app = bp.apps.stepper(problem)
    values = bp.evaluate(problem)
    phases = [place["phase"] for place in app.spec["places"]]
    assert len(phases) == len(problem.derivation)
    assert set(phases) == {"forward", "loss", "backward", "update"}
    for line in {1, len(phases) // 2, len(phases)}:
        app.set(line=line)
        step = app.state.step
        assert f"line {line} of {len(phases)}: {step.name} = " in repr(app)
        assert app.state.rows.numbers[step.name] == pytest.approx(values[step.name])
        known = {one.name for one in app.state.rows if one.number <= line}
        assert {one for one in app.state.numbers if one in problem.derivation} == known
    app.set(line=1, update=2)
    assert app.state.rows.numbers["E_total"] == pytest.approx(losses(problem, 2)[2], rel=1e-9)


@pytest.mark.parametrize("name", PROBLEMS)
def test_the_run_is_that_of_a_program_over_arrays(name: str) -> None:
    app = bp.apps.training(PROBLEMS[name])
    app.set(updates=8, rate=0.05)
    expected = losses(PROBLEMS[name].replace(learning_rate=0.05), 8)
    trace = app._trace(app.state.run)
    assert trace.loss == pytest.approx(expected, rel=1e-9)
    assert f"to {number_read(expected[-1])}." in app.note(app.state)[0]
    if PROBLEMS[name].network.biases:
        app.set(biases="kept")
        assert "biases kept" in repr(app)
        kept = losses(PROBLEMS[name].replace(learning_rate=0.05), 8, move_biases=False)
        assert app._trace(app.state.run).loss == pytest.approx(kept, rel=1e-9)


def test_a_batch_trains_too_and_is_checked_too() -> None:
    problem = drawn(STACKS["recurrent, last"], 7, 3, spread=0.5, learning_rate=0.05)
    app = bp.apps.training(problem)
    app.set(updates=5)
    assert app._trace(app.state.run).loss == pytest.approx(losses(problem, 5), rel=1e-9)
    check = bp.apps.gradient_check(problem)
    assert f"= {slope_of(problem, check.parameter.value):.6g};" in repr(check)
    for name in ("chain", "stepper"):
        with pytest.raises(BpkitError, match="expected one sample, got a batch of 3"):
            getattr(bp.apps, name)(problem)


@pytest.mark.parametrize("name", PROBLEMS)
def test_nudging_agrees_with_the_lines(name: str) -> None:
    app = bp.apps.gradient_check(PROBLEMS[name])
    for parameter in PROBLEMS[name].network.parameters[:6]:
        app.set(parameter=parameter)
        value = slope_of(PROBLEMS[name], parameter)
        assert (
            repr(app).startswith(f"App gradient_check: dE_total/d{parameter} = {value + 0.0:.6g};") or abs(value) < 1e-9
        )


def test_a_token_is_chosen_among_the_rows() -> None:
    app = bp.apps.forward(PROBLEMS["embedding"])
    app.set(x1=2.2, x2=99)
    assert (app.x1.value, app.x2.value) == (2, 3)
    assert app.state.problem.inputs[:2].tolist() == [2, 3]


def test_a_large_model_opens_with_its_blocks() -> None:
    model = bp.Model((3, 4), blocks.Residual(blocks.LayerNorm(), blocks.Attention(4)), blocks.Dense(2))
    problem = drawn(model, 3, spread=0.3)
    for name in ("chain", "stepper", "training", "gradient_check"):
        app: Any = getattr(bp.apps, name)(problem)
        assert eval(app.share, {"bp": bp}) == problem
    chain = bp.apps.chain(problem)
    assert "Attention 2, 3 × 4, 48 parameters, from LayerNorm 1." in repr(chain)
    chain.set(parameter="Wq2_1_1")
    assert chain.state.derivative == pytest.approx(slope_of(problem, "Wq2_1_1"), rel=1e-9)
