"""Networks of any size in JavaScript: what the matrix form's program says is what Python says, in a real engine."""

from __future__ import annotations

import atexit
import json
import math
import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import sympy as sp
from module_engine import returned
from numpy.typing import NDArray
from py_mini_racer import MiniRacer
from rows import ACTIVATIONS as HIDDEN
from rows import ANYWHERE, RULES
from thorough import THOROUGH

import bpkit as bp
from bpkit.core import javascript_matrices
from bpkit.core.initial import SPREADS, initial_parameters
from bpkit.core.javascript_matrices import layered, places
from bpkit.core.matrix_program import matrix_gradient, predict
from bpkit.show.depth_picture import gradient_sizes

Array = NDArray[np.float64]
ENGINE = MiniRacer()
atexit.register(ENGINE.close)
ENDS = (
    ("sigmoid", "binary_cross_entropy"),
    ("sigmoid", "half_squared_error"),
    ("identity", "mean_squared_error"),
    ("softmax", "cross_entropy"),
    ("softmax", "squared_error"),
    ("tanh", "output"),
    *(("identity", loss) for loss in ANYWHERE[3:]),
)


def problem_of(
    sizes: Sequence[int], hidden: Any = "tanh", end: tuple[Any, Any] = ENDS[0], samples: int = 5, seed: int = 0,
    bias: str = "neuron", **more: Any,
) -> bp.Problem:  # fmt: skip
    activations = [*[hidden] * (len(sizes) - 2), end[0]]
    network = bp.Network(*sizes, activation=activations, loss=end[1], bias=bias)
    rng = np.random.default_rng(seed)
    numbers = {name: rng.normal() for name in network.parameters}
    targets = rng.dirichlet(np.ones(sizes[-1]), samples) if sizes[-1] > 1 else rng.uniform(size=(samples, 1))
    given = {"targets": targets} if network.targets else {}
    return bp.Problem(network, numbers, rng.normal(size=(samples, sizes[0])), learning_rate=0.1, **given, **more)


def run(text: str, problem: bp.Problem, script: str, numbers: Sequence[float] | None = None) -> list[float]:
    """The numbers that a script returns; it has a model with the problem's parameters, and the problem's samples."""
    network = problem.network
    theta = [problem.parameters[name] for name in network.parameters] if numbers is None else numbers
    kinds = [one.name for one in network.activations]
    constants = {"learning_rate": problem.learning_rate, **problem.update.constants}
    start = f"""const model = make({list(network.sizes)}, {json.dumps(kinds[0] if kinds[1:] else None)} ?? undefined,
      {json.dumps(kinds[-1])});
    const places = {[*places(network).values()]}, numbers = {[*map(float, theta)]};
    places.forEach((place, k) => {{ model.theta[place] = numbers[k]; }});
    const x = Float64Array.from({problem.inputs.ravel().tolist()}), n = {problem.n_samples};
    const y = Float64Array.from({problem.targets.ravel().tolist()}), constants = {json.dumps(constants)};
    const named = (array) => places.map((place) => array[place]);"""
    plain = text.replace("export function", "function")
    return returned(ENGINE, f"{plain}\n{start}\n{script}")


def close(ours: Any, theirs: Any, tolerance: float = 1e-12) -> bool:
    """To 12 digits, or of those that cancel to some of the largest one's."""
    one, other = np.asarray(ours, float).ravel(), np.asarray(theirs, float).ravel()
    floor = 4e-15 * max(1.0, float(abs(other[np.isfinite(other)]).max(initial=0)))
    return one.shape == other.shape and bool(np.allclose(one, other, rtol=tolerance, atol=floor))


GRADIENTS = "const E = gradients(model, x, y, n); return Float64Array.from([E, ...named(model.gradient)]);"
BIASES = ("layer", "neuron", "none")
SHAPES = ((2, 8, 8, 1), (3, 1, 2), (1, 4, 3, 5, 2), (2, 2, 1, 1, 3), (4, 6, 1), (2, *[3] * 7, 2))


def gradient_of(problem: bp.Problem) -> list[float]:
    loss, slopes = matrix_gradient(problem)
    return [loss, *slopes.values()]


@pytest.mark.parametrize("end", ENDS, ids="-".join)
@pytest.mark.parametrize("hidden", HIDDEN)
def test_losses_and_gradients(hidden: str, end: tuple[str, str]) -> None:
    turn = HIDDEN.index(hidden) + ENDS.index(end)
    for seed in range(turn, turn + (5 if THOROUGH else 1), 2):  # some of the shapes, all of them in turn
        problem = problem_of(SHAPES[seed % 6], hidden, end, 1 + seed, seed)
        text = layered(problem_of((2, 2, problem.network.sizes[-1]), hidden, end))
        assert close(run(text, problem, GRADIENTS), gradient_of(problem)), problem.network


@pytest.mark.parametrize("bias", BIASES)
@pytest.mark.parametrize("batch", ["mean", "sum"])
def test_biases_and_sums(bias: str, batch: str) -> None:
    for sizes in SHAPES if THOROUGH else SHAPES[(BIASES.index(bias) + (batch == "sum")) % 3 :: 3]:
        problem = problem_of(sizes, "softplus", ENDS[3], bias=bias, batch=batch)
        assert close(run(layered(problem), problem, GRADIENTS), gradient_of(problem)), sizes


def test_one_sample_is_what_its_lines_say() -> None:
    whole = problem_of((2, 3, 4, 2), "sigmoid", ENDS[1], 4)
    text = layered(whole)
    for k in range(4):
        problem = whole.sample(k)
        values = bp.evaluate(problem)
        right = [values["E_total"], *(values[f"dE_total/d{name}"] for name in problem.network.parameters)]
        assert close(run(text, problem, GRADIENTS), right)


def test_outputs_of_every_layer() -> None:
    """Those of a larger table too, for which there must be room, and then of a smaller one."""
    problem = problem_of((2, 3, 4, 2), "relu", ENDS[3])
    text, rng = layered(problem), np.random.default_rng(1)
    for samples in (7, 300, 2):
        table = rng.normal(size=(samples, 2))
        script = f"""forward(model, x, n); forward(model, Float64Array.from({table.ravel().tolist()}), {samples});
        return Float64Array.from([1, 2, 3].flatMap((l) => [...model.out[l].slice(0, {samples}*model.sizes[l])]));"""
        arrays = problem.arrays()
        first = np.maximum(0, table @ arrays["W1"] + arrays["b1"])
        second = np.maximum(0, first @ arrays["W2"] + arrays["b2"])
        right = [*first.ravel(), *second.ravel(), *predict(problem, table).ravel()]
        assert close(run(text, problem, script), right), samples


TRAIN = """const run = train(model, x, y, n, constants, {updates: 12});
return Float64Array.from([...run.losses, ...named(model.theta)]);"""


@pytest.mark.parametrize("turn", range(len(RULES)), ids=map(repr, RULES.values()))
def test_training_over_all_samples(turn: int) -> None:
    """With the biases trained and without, on some of the shapes, all of them in turn."""
    rule = [*RULES.values()][turn]
    for seed in {one % 6 for one in range(turn, turn + (6 if THOROUGH else 2))}:
        hidden, trained = HIDDEN[seed % len(HIDDEN)], seed % 2 == 1
        problem = problem_of(SHAPES[seed], hidden, ENDS[seed], 6, seed, update=rule, train_biases=trained)
        trace = bp.train(problem, 12)
        ours = run(layered(problem), problem, TRAIN)
        assert close(ours, [*trace.loss, *trace.final.parameters.values()], 1e-10), problem


def test_training_goes_on() -> None:
    """Two runs of 5 and 7 updates are one of 12: with the count and what the rule remembers."""
    problem = problem_of((2, 4, 1), update=bp.updates.Adam())
    script = """const one = train(model, x, y, n, constants, {updates: 5}), half = model.theta.slice();
    model.theta.fill(0); model.theta.set(half);
    train(model, x, y, n, constants, {updates: 7});
    return Float64Array.from([...named(model.theta), model.t[0]]);"""
    final = bp.train(problem, 12).final
    assert close(run(layered(problem), problem, script), [*final.parameters.values(), 12], 1e-11)


def minibatches(problem: bp.Problem, updates: int, batch: int, first: int) -> tuple[list[float], list[float], int]:
    """A plain program: sigmoid outputs with binary cross-entropy, one hidden layer of tanh, weight decay."""
    arrays = {name: array.copy() for name, array in problem.arrays().items()}
    decay, n = problem.update.weight_decay, problem.n_samples
    size = batch if 0 < batch < n else n

    def out(x: Array) -> tuple[Array, Array]:
        hidden = np.tanh(x @ arrays["W1"] + arrays["b1"])
        return hidden, 1 / (1 + np.exp(-(hidden @ arrays["W2"] + arrays["b2"])))

    def loss() -> float:
        p, y = out(problem.inputs)[1], problem.targets
        return float(-(y * np.log(p) + (1 - y) * np.log(1 - p)).sum() / n)

    losses = [loss()]
    for _ in range(updates):
        rows = (first + np.arange(size)) % n
        x, y = problem.inputs[rows], problem.targets[rows]
        hidden, p = out(x)
        delta = (p - y) / size
        before = (delta @ arrays["W2"].T) * (1 - hidden**2)
        slopes = {"W1": x.T @ before, "b1": before.sum(axis=0), "W2": hidden.T @ delta, "b2": delta.sum(axis=0)}
        for name, slope in slopes.items():
            arrays[name] -= problem.learning_rate * (slope + decay * arrays[name] * (name[0] == "W"))
        losses.append(loss())
        first = (first + size) % n
    flat = [arrays[name].ravel() for name in ("W1", "W2", "b1", "b2")]
    return losses, [float(one) for part in flat for one in part], first


@pytest.mark.parametrize(("batch", "first"), [(1, 0), (3, 0), (4, 5), (6, 6), (7, 2), (0, 0), (100, 3)])
def test_mini_batches(batch: int, first: int) -> None:
    problem = problem_of((2, 5, 1), samples=7, update=bp.updates.GradientDescent(weight_decay=0.02))
    script = f"""const run = train(model, x, y, n, constants, {{updates: 9, batch: {batch}, first: {first}}});
    return Float64Array.from([...run.losses, ...model.theta, run.first, Number(run.ended)]);"""
    losses, theta, after = minibatches(problem, 9, batch, first)
    assert close(run(layered(problem), problem, script), [*losses, *theta, after, 0], 1e-11)


def test_single_samples_in_order_are_each() -> None:
    problem = problem_of((2, 3, 2), "sigmoid", ENDS[1], 4, update=bp.updates.Momentum(0.7), batch="each")
    script = """const run = train(model, x, y, n, constants, {updates: 11, batch: 1});
    return Float64Array.from([...run.losses, ...named(model.theta), run.first]);"""
    trace = bp.train(problem, 11)
    right = [*trace.loss, *trace.final.parameters.values(), trace.final.next_sample]
    assert close(run(layered(problem), problem, script), right, 1e-11)


def test_a_run_that_leaves_the_floats_ends_before() -> None:
    problem = problem_of((2, 3, 1), "identity", ENDS[2], samples=4).replace(learning_rate=300.0)
    trace = bp.train(problem, 300)
    assert trace.diverged_at
    for batch, least in ((0, len(trace)), (3, 3)):
        script = f"""const run = train(model, x, y, n, constants, {{updates: 300, batch: {batch}, first: 0}});
        return Float64Array.from([Number(run.ended), run.losses.length, run.first, loss(model, x, y, n),
          run.losses.at(-1)]);"""
        ended, length, first, loss, last = run(layered(problem), problem, script)
        assert ended == 1
        assert loss == last
        assert math.isfinite(loss)
        assert length >= least
        assert first == ((length - 1) * batch) % 4
        if not batch:
            assert length == len(trace)


def test_parameters_by_name() -> None:
    """The order of default names is that of the network, and names of one's own have their places."""
    for bias in ("layer", "neuron", "none"):
        problem = problem_of((3, 2, 4, 2), bias=bias)
        ours = run(layered(problem), problem, "return Float64Array.from(order(model));")
        assert ours == [*places(problem.network).values()]
    edges = {("x1", "h1"): "z9", ("x1", "h2"): "a", ("h2", "o1"): "b2_x"}
    own = bp.Network(2, 2, 1, bias="neuron", weight_names=edges)
    names = {place: name for name, place in places(own).items()}
    flat = ["z9", "a", own.weight_of["x2", "h1"], own.weight_of["x2", "h2"], own.weight_of["h1", "o1"], "b2_x"]
    assert [names[k] for k in range(9)] == [*flat, "b_h1", "b_h2", "b_o1"]


@pytest.mark.parametrize("scheme", SPREADS)
def test_starting_weights(scheme: str) -> None:
    problem = problem_of((3, 5, 2, 1))
    rng, count = np.random.default_rng(4), 3 * 5 + 5 * 2 + 2
    right = initial_parameters(problem.network, np.random.default_rng(4), scheme, 1.7)
    script = f"""const drawn = {[rng.normal() for _ in range(count)]};
    initial(model, () => drawn.shift(), "{scheme}", 1.7);
    return Float64Array.from(named(model.theta));"""
    assert run(layered(problem), problem, script) == [*right.values()]


SIZES = "const found = gradientSizes(model, n); return Float64Array.from([...found.weights, ...found.nets]);"


@pytest.mark.parametrize("hidden", HIDDEN)
def test_sizes_of_gradients(hidden: str) -> None:
    text = layered(problem_of((2, 2, 2), hidden, ENDS[1]), outputs=["sigmoid", "identity"])
    for samples, scale in ((1, 1), (4, 1), (1, 1e-3), (3, 30)):
        network = bp.Network(2, *[3] * 12, 2, activation=[*[hidden] * 12, "identity"], bias="neuron")
        drawn = initial_parameters(network, np.random.default_rng(samples), "xavier", scale)
        rng = np.random.default_rng(1)
        problem = bp.Problem(network, drawn, rng.normal(size=(samples, 2)), rng.uniform(size=(samples, 2)))
        ours = run(text, problem, GRADIENTS.split("return")[0] + SIZES)
        assert np.allclose(ours, gradient_sizes(problem).ravel(), rtol=1e-11, atol=1e-300), (samples, scale)


@pytest.mark.parametrize("hidden", ["tanh", "relu", "identity"])
def test_ways_past_layers_are_those_of_blocks(hidden: str) -> None:
    for depth, end in ((1, ENDS[0]), (2, ENDS[1]), (4, ENDS[0])):
        plain = problem_of((2, *[3] * depth, 2), hidden, end, 4, update=bp.updates.Momentum(0.5))
        first, last = plain.network.activations[0], plain.network.activations[-1]
        layers = [bp.blocks.Dense(3, first) for _ in range(depth)]
        ways = [layers[0], *map(bp.blocks.Residual, layers[1:]), bp.blocks.Dense(2, last)]
        model = bp.Model(2, *ways, loss=plain.network.loss)
        problem = plain.replace(network=model, parameters=plain.arrays())
        text = layered(plain, past=True).replace("past = false", "past = true")
        assert close(run(text, plain, GRADIENTS.split("return")[0] + SIZES), gradient_sizes(problem).ravel(), 1e-11)
        assert close(run(text, plain, TRAIN)[:13], bp.train(problem, 12).loss, 1e-9)


def test_sizes_of_what_is_no_number() -> None:
    problem = problem_of((2, 2, 1))
    found = "loss(model, x, y, n); model.dW[1].fill(0); model.dW[2][1] = NaN; model.delta[1][0] = -Infinity;"
    script = f"{found} model.delta[2].fill(0); {SIZES}"
    assert np.array_equal(run(layered(problem), problem, script), [0, math.nan, math.inf, 0], equal_nan=True)


z = sp.Symbol("z")


def test_functions_of_one_s_own() -> None:
    swish = bp.Activation("swish", z / (1 + sp.exp(-z)))
    y, out = sp.symbols("y out")
    huber = bp.Loss("log_cosh", sp.log(sp.cosh(out - y)))
    problem = problem_of((2, 3, 4, 2), swish, ("identity", huber), update=bp.updates.RMSProp())
    text = layered(problem)
    assert close(run(text, problem, GRADIENTS), gradient_of(problem), 1e-11)
    assert close(run(text, problem, TRAIN)[:13], bp.train(problem, 12).loss, 1e-9)


def test_saturated_neurons_keep_their_digits() -> None:
    for hidden in ("sigmoid", "tanh"):
        problem = problem_of((2, 3, 3, 1), hidden)
        problem = problem.replace(**{name: 20 * value for name, value in problem.parameters.items()})
        ours, right = run(layered(problem), problem, GRADIENTS), gradient_of(problem)
        assert np.allclose(ours, right, rtol=1e-11, atol=0)


def test_what_is_refused() -> None:
    problem = problem_of((2, 1))
    with pytest.raises(bp.BpkitError, match="expected an activation for hidden layers"):
        layered(problem)
    assert close(run(layered(problem, ["tanh"]), problem, GRADIENTS), gradient_of(problem))
    for name in ("width", "sum1", "hold"):
        with pytest.raises(bp.BpkitError, match=f"name of its own, got '{name}'"):
            layered(problem_of((2, 2, 1), bp.Activation(name, z**3)))
    with pytest.raises(bp.BpkitError, match="expected a bias for each neuron, got bias='layer'"):
        layered(problem_of((2, 2, 1), bias="layer"), past=True)
    text = layered(problem_of((2, 2, 1), "tanh"), ["relu", "tanh"]).replace("export ", "")
    uneven = 'make([2, 2, 3, 1], "tanh", "sigmoid", true)'
    for call in ("make([2, 2, 2])", "make([1])", 'make([2, 2, 1], "swish")', 'make([2, 1], "tanh", "tanh")', uneven):
        said = ENGINE.eval(f"(() => {{{text} try {{ {call}; }} catch (error) {{ return error.message; }}}})()")
        assert str(said).startswith("make: expected"), call


def test_a_line_that_differs_from_layer_to_layer_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    problem = problem_of((2, 2, 1))
    form = type(problem.derivation.matrices())
    real = form.__iter__

    def other(self: Any) -> Any:
        for step in real(self):
            yield replace(step, stable=2 * sp.Symbol("net_2")) if step.name == "out_2" else step

    monkeypatch.setattr(form, "__iter__", other)
    monkeypatch.setattr(javascript_matrices, "_layered", javascript_matrices._layered.__wrapped__)  # keeps no text
    with pytest.raises(bp.BpkitError, match="the same in every layer, got others for out_tanh"):
        layered(problem)


# The comparison says no


@pytest.mark.parametrize(
    "problem",
    [
        problem_of((2, 3, 4, 1), "tanh", update=bp.updates.Adam(weight_decay=0.1)),
        problem_of((2, 3, 4, 3), "sigmoid", ENDS[4], update=bp.updates.Momentum(weight_decay=0.1)),
        problem_of((2, 3, 4, 3), "softplus", ENDS[3], bias="layer", update=bp.updates.RMSProp(0.9, 1e-3)),
    ],
    ids=["Adam", "Momentum", "RMSProp"],
)
def test_a_change_in_any_line_is_seen(problem: bp.Problem) -> None:
    text, trace = layered(problem), bp.train(problem, 12)

    def same(text: str) -> bool:
        trained = run(text, problem, TRAIN)
        right = [*trace.loss, *trace.final.parameters.values()]
        return close(run(text, problem, GRADIENTS), gradient_of(problem)) and close(trained, right, 1e-10)

    assert same(text)
    end = text.index("const HIDDEN")
    lines = re.findall(r"^ +(?:if .*?\) )?(?:const |return )?(\S+(?: \+?=)? ?.*);$", text[:end], re.MULTILINE)
    lines = [one for one in {*lines} if re.search(r"^\w+\[.*\] = |^\w+ \+= |^(still|g_|mhat_|vhat_)", one)]
    assert len(lines) > 12
    for line in lines:
        left, sign, right = re.split(r"( \+?= )", line, maxsplit=1)
        wrong = text.replace(f"{line};", f"{left}{sign}({right})*1.001;")
        assert wrong != text
        assert not same(wrong), line


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("(first + i) % n", "(first + i + 1) % n"),
        ("first = (first + size) % n", "first = (first + size + 1) % n"),
        ("batch < n) ", "batch < n - 1) "),
        ("inputs[i*width + k] = x[row*width + k]", "inputs[i*width + k] = x[i*width + k]"),
        ("targets[i*wide + k] = y[row*wide + k]", "targets[i*wide + k] = y[i*wide + k]"),
        ("backward(model, size)", "backward(model, n)"),
    ],
)
def test_a_change_in_the_batches_is_seen(old: str, new: str) -> None:
    problem = problem_of((2, 5, 1), samples=7, update=bp.updates.GradientDescent(weight_decay=0.02))
    text = layered(problem)
    old, new = old.strip(), new.strip()
    assert old in text
    same = []
    for batch, first in ((3, 0), (6, 5)):
        script = f"""const run = train(model, x, y, n, constants, {{updates: 9, batch: {batch}, first: {first}}});
        return Float64Array.from([...run.losses, ...model.theta, run.first]);"""
        losses, theta, after = minibatches(problem, 9, batch, first)
        same.append(close(run(text.replace(old, new), problem, script), [*losses, *theta, after], 1e-11))
    assert not all(same)


def test_nothing_is_allocated_while_it_trains() -> None:
    """Beyond what stands before the loop; softmax alone takes its row as a view."""
    text = layered(problem_of((2, 3, 1), update=bp.updates.Adam()))
    lines = text[: text.index("const HIDDEN")]
    assert not re.search(r"\bnew\b|\.slice|\.map|=> |\[\.\.\.", lines)
