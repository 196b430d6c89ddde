"""The depth app: gradient sizes against the autograd library on a program of its own, and the words on them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import autograd.numpy as anp
import nbformat
import numpy as np
import pytest
from autograd import grad
from numpy.testing import assert_allclose
from thorough import THOROUGH, in_ci

import bpkit as bp
from bpkit.apps.controls import Number
from bpkit.apps.depth import ONE, PINS, PRESETS, TABLE
from bpkit.apps.questions import QUESTIONS
from bpkit.core.numeric import evaluate
from bpkit.show.depth_picture import change, changes, depth_figure, gradient_sizes, limits, output_spreads
from bpkit.show.residual_picture import residual_picture

ARTICLE = bp.examples.article
CELLS = nbformat.read(Path(__file__).parents[1] / "notebooks" / "11_deep_networks.ipynb", as_version=4).cells
KINDS = {
    "sigmoid": lambda z: 1 / (1 + anp.exp(-z)),
    "tanh": anp.tanh,
    "relu": lambda z: anp.maximum(z, 0),
    "identity": lambda z: z,
}


def autograd_sizes(problem: bp.Problem, kind: str) -> list[list[float]]:
    """Root mean squares of the derivatives by each weight matrix, and by each layer's nets, with the article's loss."""
    layers, p, weight = problem.network.layers, problem.parameters, problem.network.weight_of
    matrices = [
        np.array([[p[weight[s, t]] for t in after] for s in before]) for before, after in zip(layers, layers[1:])
    ]
    kinds = [*[kind] * (len(matrices) - 1), problem.network.activations[-1].name]

    def loss(given: list[Any]) -> Any:
        out = problem.inputs
        for (matrix, added), name in zip(given, kinds):
            out = KINDS[name](anp.dot(out, matrix) + added)
        return anp.sum((problem.targets - out) ** 2) / 2

    slopes = grad(loss)([(matrix, np.zeros(matrix.shape[1])) for matrix in matrices])
    return [[float(np.sqrt(np.mean(pair[i] ** 2))) for pair in slopes] for i in (0, 1)]


@pytest.mark.parametrize("kind", list(KINDS))
@pytest.mark.parametrize(("depth", "width", "scale"), [(1, 2, 1.0), (4, 5, 0.5), (10, 8, 1.5)])
def test_sizes_are_those_of_autograd(kind: str, depth: int, width: int, scale: float) -> None:
    app = bp.apps.depth(ARTICLE)
    app.set(activation=kind, depth=depth, width=width, scale=scale, seed=3)
    sizes = gradient_sizes(app.state.problem)
    exact = autograd_sizes(app.state.problem, kind)
    assert_allclose(sizes, exact, rtol=1e-9)
    for words, row in zip(("respect to the weights", "respect to the nets"), exact):
        listed = re.search(rf"{words}: (.*?)\. ", repr(app) + " ")[1].split(", ")  # type: ignore[index]
        assert listed == [f"{size:.6g}" for size in row]


def test_sigmoids_shrink_and_large_weights_blow_up() -> None:
    app = bp.apps.depth(ARTICLE)
    for row, name in zip(
        autograd_sizes(app.state.problem, "sigmoid"), ("Derivatives with respect to the weights", "Deltas")
    ):
        factor = float(f"{row[-1] / row[0]:.3g}")
        assert factor > 1e5
        each = f"{(row[-1] / row[0]) ** 0.1:.3g}"
        words = f"{name}: from the last layer to the first they shrink {factor:,.0f} times, about {each} times a layer."
        assert words in app.note(app.state)[0]
        assert words in repr(app)
    app.set(activation="identity", output="identity", scale=2.0)
    _, deltas = autograd_sizes(app.state.problem, "identity")
    assert deltas[0] > 100 * deltas[-1]
    assert "Deltas: from the last layer to the first they grow" in repr(app)
    app.set(activation="relu", output="sigmoid", scheme="he", scale=1.0)
    assert "stay within a factor of" in repr(app)


@pytest.mark.parametrize(
    ("sizes", "words"),
    [
        ([1e-6, 1e-3, 1.0], "they shrink 1,000,000 times, about 1e+03 times a layer."),
        ([5.0, 1.0], "they grow 5 times."),
        ([1.2, 1.0], "stay within a factor of 1.2, and the largest size is 1.2."),
        ([1.2, 8.0, 0.5, 1.0], "stay within a factor of 16, and the largest size is 8."),
        ([0.0, 0.0, 1.0], "they are exactly 0"),
        ([0.0, 0.0], "all are 0"),
        ([np.inf, 1.0], "they overflow"),
        ([1e-200, 1.0], "shrink 1e+200 times."),
    ],
)
def test_what_becomes_of_the_gradient(sizes: list[float], words: str) -> None:
    assert words in change(np.array(sizes))
    assert depth_figure(np.array([sizes, sizes[::-1]]), words).png().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("sizes", "cells"),
    [
        ([1.2, 1.0], "× 1.2|× 1.2"),
        ([1.2, 8.0, 1e6, 1.0], "× 1.2|× 1.06"),  # equal is said of nothing that explodes in between
        ([1.0, 1e-3, 1.0], "× 1|× 1"),
        ([1e-6, 1e-3, 1.0], "÷ 1,000,000|÷ 1e+03"),
    ],
)
def test_the_table_gives_a_factor_in_all_and_per_layer(sizes: list[float], cells: str) -> None:
    assert change(np.array(sizes), TABLE, ONE) == cells


@pytest.mark.parametrize(
    ("spreads", "words"),
    [
        ([1e-3, 1e-14], "in the last hidden layer it is below 10⁻¹²"),
        ([1e-14, 1e-15], "in the first hidden layer already"),
    ],
)
def test_a_spread_that_is_mostly_rounding_has_no_factor(spreads: list[float], words: str) -> None:
    assert words in changes(np.ones((2, 3)), np.array(spreads))


def test_the_sliders_reach_an_explosion_by_a_million() -> None:
    app = bp.apps.depth(ARTICLE)
    app.set(activation="relu", scheme="he", output="identity")
    scale = app.setting["scale"]
    assert isinstance(scale, Number)
    app.scale.value = 10.0**scale.high
    _, deltas = autograd_sizes(app.state.problem, "relu")
    assert deltas[0] > 1e6 * deltas[-1]


MOONS = bp.examples.data_set("moons", 100).problem(
    bp.Network(2, 8, 1, loss="binary_cross_entropy", bias="neuron"), learning_rate=0.1
)
LN2 = np.log(2)  # the loss of answering one half to everything


@pytest.mark.parametrize(
    ("name", "said", "low", "high"),
    [
        ("sigmoid", r"shrink \d,\d{3},\d{3} times", LN2 - 1e-6, LN2 + 1e-6),
        ("tanh", r"shrink [5-9]\.\d+ times", 0, 0.02),
        ("ReLU", r"shrink [5-9]\.\d+ times", 0, 0.1),
        ("ReLU × 6", r"grow \d\d,\d{3},\d{3} times", LN2 - 1e-6, LN2 + 1e-6),
    ],
)
def test_the_lessons_settings_do_what_the_lesson_says(name: str, said: str, low: float, high: float) -> None:
    app = bp.apps.depth(MOONS)
    app.set(**PRESETS[name])
    told, _, deltas = app.note(app.state)[0].partition("Deltas: ")
    assert told
    assert re.search(said, deltas)
    assert low <= bp.train(app.state.problem, 300).loss[-1] <= high


@pytest.mark.parametrize(("name", "low", "high"), [("sigmoid", 0, 1e-5), ("tanh", 0.1, 1), ("ReLU × 6", 1e5, 1e9)])
def test_the_spread_of_the_outputs_goes_the_way_that_the_lesson_says(name: str, low: float, high: float) -> None:
    app = bp.apps.depth(MOONS)
    app.set(**PRESETS[name])
    problem = app.state.problem
    values, layers = evaluate(problem), problem.network.layers[1:-1]
    spreads = [np.sqrt(np.mean([np.var(values[f"out_{neuron}"]) for neuron in layer])) for layer in layers]
    assert_allclose(output_spreads(problem), spreads, rtol=1e-6)
    assert low < spreads[-1] < high
    assert f"hidden layer by hidden layer: {spreads[0]:.6g}" in app.words(app.state)
    assert "Spread" not in bp.apps.depth(ARTICLE).words(bp.apps.depth(ARTICLE).state)


def test_tanh_forgives_weights_that_are_too_large_and_relu_does_not() -> None:
    app = bp.apps.depth(MOONS)
    app.set(**PRESETS["tanh, unit"])
    assert bp.train(app.state.problem, 300).loss[-1] < 0.1
    app.set(**PRESETS["ReLU, unit"])
    assert bp.train(app.state.problem, 300).loss[-1] == pytest.approx(LN2, abs=1e-3)


def test_per_layer_the_deltas_of_the_lessons_draws_differ_as_it_says() -> None:
    app = bp.apps.depth(MOONS)
    each = {}
    for scheme in ("he", "lecun", "unit"):
        app.set(activation="relu", scheme=scheme)
        deltas = gradient_sizes(app.state.problem)[1]
        each[scheme] = (deltas[0] / deltas[-1]) ** (1 / app.depth.value)
    assert each["he"] / each["lecun"] == pytest.approx(2**0.5, rel=1e-3)  # the deltas of the outputs differ a little
    assert each["unit"] / each["he"] == pytest.approx(2, rel=2e-3)
    assert [round(1 / each[scheme], 2) for scheme in ("he", "lecun")] == [1.18, 1.67]
    assert round(each["unit"], 1) == 1.7


def test_of_ten_sigmoids_the_slopes_take_nearly_all() -> None:
    app = bp.apps.depth(MOONS)
    factors = []
    for kind in ("sigmoid", "identity"):
        app.set(activation=kind)
        deltas = gradient_sizes(app.state.problem)[1]
        factors.append(deltas[-1] / deltas[0])
    assert factors[0] > 4**10
    assert 1 < factors[1] < 4
    assert "only about 3 times smaller" in QUESTIONS["ten-layers"].solve()[1]


def test_weights_half_as_large_hold_a_tanh_back() -> None:
    app = bp.apps.depth(MOONS)
    app.set(activation="tanh", scale=0.5)
    told, _, deltas = app.note(app.state)[0].partition("Deltas: ")
    for size in (gradient_sizes(app.state.problem)[1, ::-1], output_spreads(app.state.problem)):
        assert 1.5 < (size[0] / size[-1]) ** (1 / (len(size) - 1)) < 3  # what half the right weights say: about 2
    assert "about 2.27 times a layer. Spread of the outputs: from the first hidden layer to the last it" in deltas
    assert "about 1.91 times a layer" in deltas
    assert "shrink" in told
    assert bp.train(app.state.problem, 300).loss[-1] == pytest.approx(LN2, abs=1e-3)


def test_the_lesson_names_the_settings_that_the_app_has() -> None:
    prose = "".join(cell.source for cell in CELLS if cell.cell_type == "markdown")
    assert "**explode**" in prose
    for name in (*PRESETS, PINS["pin"], PINS["unpin"]):
        assert f"*{name}*" in prose
    assert PRESETS["ReLU × 6"]["scale"] == 6


def test_deltas_of_points_do_not_cancel() -> None:
    network = bp.Network(2, 3, 3, 1, activation="tanh", loss="half_squared_error", bias="neuron")
    batch = bp.examples.data_set("moons", 6).problem(network, seed=0)
    alone = [batch.replace(inputs=x, targets=y) for x, y in zip(batch.inputs, batch.targets)]
    assert_allclose(gradient_sizes(batch)[1] ** 2, np.mean([gradient_sizes(one)[1] ** 2 for one in alone], axis=0))


def test_of_a_model_the_layers_are_the_blocks_with_weights() -> None:
    plain = bp.Network(2, 4, 4, 1, activation="sigmoid", loss="binary_cross_entropy", bias="neuron")
    dense = [bp.blocks.Dense(4, "sigmoid") for _ in range(2)]
    model = bp.Model(2, *dense, bp.blocks.Dense(1, "sigmoid"), loss="binary_cross_entropy")
    points = bp.examples.data_set("moons", 20)
    one = points.problem(plain, seed=0)
    same = points.problem(model, seed=0).replace(parameters=one.arrays())
    assert_allclose(gradient_sizes(same), gradient_sizes(one))
    assert_allclose(output_spreads(same), output_spreads(one))


def test_a_way_past_each_layer_is_that_of_a_program_by_hand() -> None:
    app = bp.apps.depth(MOONS)
    app.set(activation="tanh", depth=4, width=3, scale=0.5, past=True)
    problem = app.state.problem
    weights, deltas, spreads = by_hand(problem, problem.arrays())
    sizes = [[float(np.sqrt(np.mean(one**2))) for one in row] for row in (weights, deltas)]
    assert_allclose(gradient_sizes(problem), sizes)
    assert_allclose(output_spreads(problem), spreads)
    assert "a way past each after the first" in app.words(app.state)
    assert eval(app.share, {"bp": bp, "np": np}) == problem
    app.depth.value = 1
    assert app.state.problem is app.state.plain
    assert "way past" not in app.words(app.state)
    assert residual_picture().png().startswith(b"\x89PNG")


def test_with_ways_past_the_lessons_small_weights_learn() -> None:
    app = bp.apps.depth(MOONS)
    app.set(activation="tanh", scale=0.5)
    arrays = app.state.problem.arrays()
    for _ in range(150):
        weights, deltas, _ = by_hand(MOONS, arrays)
        for layer, (slopes, delta) in enumerate(zip(weights, deltas), 1):
            arrays[f"W{layer}"] -= MOONS.learning_rate * slopes
            arrays[f"b{layer}"] -= MOONS.learning_rate * delta.mean(axis=0)
    assert np.abs(by_hand(MOONS, arrays)[1][-1]).mean() < 0.1  # how far the outputs are off


def by_hand(problem: bp.Problem, arrays: Mapping[str, Any]) -> tuple[list[Any], list[Any], list[float]]:
    """Derivatives, deltas and spreads in a network of tanh with ways past its layers after the first."""
    depth, signals, own = len(arrays) // 2 - 1, [problem.inputs], []
    for layer in range(1, depth + 1):
        own.append(np.tanh(signals[-1] @ arrays[f"W{layer}"] + arrays[f"b{layer}"]))
        signals.append(own[-1] + (signals[-1] if layer > 1 else 0))
    net = signals[-1] @ arrays[f"W{depth + 1}"] + arrays[f"b{depth + 1}"]
    deltas = [1 / (1 + np.exp(-net)) - problem.targets]
    back = deltas[0] @ arrays[f"W{depth + 1}"].T
    for layer in range(depth, 0, -1):
        deltas.insert(0, back * (1 - own[layer - 1] ** 2))
        back = back + deltas[0] @ arrays[f"W{layer}"].T if layer > 1 else back
    spreads = [float(np.sqrt(np.mean(np.var(one, axis=0)))) for one in signals[1:]]
    return [x.T @ delta / len(x) for x, delta in zip(signals, deltas)], deltas, spreads


def test_saturated_outputs_are_stated_with_what_to_do() -> None:
    app = bp.apps.depth(ARTICLE)
    assert "saturated" not in app.note(app.state)[0]
    app.set(activation="relu", scheme="he", scale=6.0)
    assert "with identity as the output layer you see what grows" in app.note(app.state)[0]
    app.output.value = "identity"
    assert "saturated" not in app.note(app.state)[0]


def test_small_gradients_do_not_vanish_by_being_squared() -> None:
    app = bp.apps.depth(ARTICLE)
    app.set(depth=20, scale=1e-6)
    assert 0 < gradient_sizes(app.state.problem)[0, 3] < 1e-90


def linear(*inputs: float) -> bp.Problem:
    network = bp.Network(2, 2, activation="identity")
    return bp.Problem(network, dict.fromkeys(network.parameters, 0.1), inputs, [0, 1])


def test_a_gradient_that_leaves_the_floats_is_stated_and_the_app_goes_on() -> None:
    app = bp.apps.depth(linear(1e200, 2e200))
    app.set(activation="identity", depth=2, width=2, scheme="unit", scale=1e10)
    assert app.scale.value == 1e6
    assert app.state.problem.network.sizes == (2, 2, 2, 2)
    assert not np.isfinite(gradient_sizes(app.state.problem)).all()
    words, warning = app.note(app.state)
    assert "Derivatives with respect to the weights: on the way back to the first layer they overflow" in words
    assert warning
    app.set(scale=1.0, scheme="xavier", activation="sigmoid")
    assert not app.note(app.state)[1]


@pytest.mark.parametrize("lowest", [-320, -200, 150])
def test_sizes_near_the_end_of_the_floats_are_drawn(lowest: int) -> None:
    """The axis puts ticks above the largest one, and those must be numbers too."""
    sizes = np.array([[float(f"1e{lowest}"), 1e305]] * 2)
    assert depth_figure(sizes, "").png().startswith(b"\x89PNG")
    low, high = limits(sizes)
    assert 0 < low < high <= 1.01e201


@in_ci
def test_the_largest_network_with_the_largest_weights_is_shown() -> None:
    app = bp.apps.depth(linear(1, 2))
    for kind in ("identity", "softplus") if THOROUGH else ("identity",):  # of which nothing grows faster
        app.set(activation=kind, depth=20, width=16, scheme="unit", scale=1e10)
        _, deltas = gradient_sizes(app.state.problem)
        assert 1e100 * deltas[-1] < deltas[0] < np.inf
        assert not app.note(app.state)[1]


def test_the_share_line_draws_the_same_weights() -> None:
    app = bp.apps.depth(ARTICLE)
    app.set(depth=3, width=4, activation="tanh", output="identity", scheme="he", scale=1.25, seed=7)
    assert eval(app.share, {"bp": bp, "np": np}) == app.state.problem


def test_the_share_line_has_the_numbers_of_the_problem() -> None:
    problem = ARTICLE.problem.replace(learning_rate=0.125, x1=-0.3, train_biases=True)
    app = bp.apps.depth(problem)
    assert eval(app.share, {"bp": bp, "np": np}) == app.state.problem
    assert app.state.problem.inputs.tolist() == [-0.3, 0.2]


def test_a_still_picture_is_of_the_state() -> None:
    app = bp.apps.depth(ARTICLE)
    before = app.drawing(app.state)
    assert before.caption == f"{app.words(app.state)} {app.note(app.state)[0]}"
    app.depth.value = 3
    assert app.drawing(app.state).png() != before.png()
    assert app.page_spec()["values"]["depth"] == 3  # a page of the course opens where the lesson has set it


def test_values_stay_within_their_bounds_and_nonsense_is_refused() -> None:
    app = bp.apps.depth(ARTICLE)
    app.set(depth=99, width=2.4, scale=1e10, seed=-1)
    assert (app.depth.value, app.width.value, app.scale.value, app.seed.value) == (20, 2, 1e6, 0)
    assert app.state.problem.network.sizes == (2, *[2] * 20, 2)
    with pytest.raises(bp.BpkitError, match=r"activation: expected one of sigmoid, tanh, .*, got 'tan'; did you mean"):
        app.activation.value = "tan"
    assert app.output.options == ("sigmoid", "identity")
    assert bp.apps.depth(bp.examples.data_set("moons", samples=12).problem(bp.Network(2, 3, 1))).state.problem.is_batch


def test_outputs_whose_loss_needs_them_have_no_choice() -> None:
    network = bp.Network(2, 2, 2, activation=["tanh", "softmax"], loss="cross_entropy")
    problem = bp.Problem(network, dict.fromkeys(network.parameters, 0.1), [1, 2], [0, 1])
    app = bp.apps.depth(problem)
    assert app.output.options == ("softmax",)
    assert app.activation.value == "tanh"
