"""The surface app's half in the kernel: its window, its walk and its words, against plain programs."""

from __future__ import annotations

import math

import numpy as np
import pytest

import bpkit as bp
from bpkit.show.surface_picture import landscape

ARTICLE = bp.examples.article
PROBLEM = ARTICLE.problem


def plain_loss(**changed: float) -> float:
    """The loss of the article's network in plain arithmetic."""
    p = {**PROBLEM.parameters, **changed}
    squash = lambda z: 1 / (1 + math.exp(-z))
    h1, h2 = (squash(p[a] * 0.1 + p[b] * 0.2 + p["b1"]) for a, b in (("w1", "w4"), ("w3", "w2")))
    outs = (squash(p[a] * h1 + p[b] * h2 + p["b2"]) for a, b in (("w5", "w6"), ("w7", "w8")))
    return sum(0.5 * (y - out) ** 2 for y, out in zip((0.05, 0.95), outs))


def walked(rate: float, updates: int, moving: tuple[str, ...]) -> dict[str, float]:
    """Gradient descent on difference quotients: the article's weights after some updates, its biases kept."""
    p, h = dict(PROBLEM.parameters), 1e-6
    for _ in range(updates):
        slopes = {
            name: (plain_loss(**{**p, name: p[name] + h}) - plain_loss(**{**p, name: p[name] - h})) / (2 * h)
            for name in moving
        }
        p |= {name: p[name] - rate * slope for name, slope in slopes.items()}
    return p


def test_the_landscape_is_the_plain_loss() -> None:
    app = bp.apps.surface(ARTICLE)
    app.set(x="w1", y="w7", zoom=2)
    land = landscape(PROBLEM, app.state.window)
    draw = np.random.default_rng(0)
    for row, column in draw.integers(0, len(land.xs), (20, 2)):
        expected = plain_loss(w1=float(land.xs[column]), w7=float(land.ys[row]))
        assert land.loss[row, column] == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("only", [False, True])
def test_the_walk_is_gradient_descent(only: bool) -> None:
    app = bp.apps.surface(ARTICLE)
    app.set(x="w5", y="w8", updates=15, rate=0.8, only=only)
    expected = walked(0.8, 15, ("w5", "w8") if only else tuple(PROBLEM.network.weights))
    trace = app._trace(app.state)
    for name in PROBLEM.network.weights:
        assert trace[name][-1] == pytest.approx(expected[name], abs=1e-8)
    assert trace.loss[-1] == pytest.approx(plain_loss(**expected), abs=1e-8)
    assert f"E_total = {trace.loss[-1]:.6g} after 15 updates" in repr(app)
    words = "Only w₅ and w₈ move" if only else "All parameters move; what is drawn is the projection onto w₅ and w₈"
    assert words in repr(app)


def test_the_page_has_a_window_for_every_pair_and_it_is_the_kernels() -> None:
    app = bp.apps.surface(ARTICLE)
    for x, y in (("w1", "w6"), ("w6", "w1"), ("b1", "w3")):
        app.set(x=x, y=y)
        window = app.state.window
        spec = app.spec["windows"]
        *middle, reach = spec.get(f"{x} {y}") or [*spec[f"{y} {x}"][:2][::-1], spec[f"{y} {x}"][2]]
        assert (tuple(middle), reach) == (window.middle, window.reach)


def test_it_opens_with_the_parameters_that_are_asked_for() -> None:
    app = bp.apps.surface(ARTICLE, x="w1", y="w7", only=True)
    assert (app.x.value, app.y.value, app.only.value) == ("w1", "w7", True)
    assert app.state.window.x == "w1"
    assert "projection" not in repr(app)
    with pytest.raises(bp.BpkitError, match="surface app: expected a parameter, got 'w9'"):
        bp.apps.surface(ARTICLE, x="w9")


def test_a_walk_of_two_parameters_that_has_arrived_is_not_called_too_slow() -> None:
    """The others have derivatives still, and they stay."""
    network = bp.Network(2, 2, 2, activation="identity", weight_names=PROBLEM.network.weight_of)
    valley = PROBLEM.replace(network=network, w5=-0.2, w6=-0.2, learning_rate=3)
    app = bp.apps.surface(valley, x="w5", y="w6", only=True)
    words, warning = app.note(app.state)
    assert "too small" not in words
    assert not warning
    loss = app._trace(app.state).loss
    assert (np.diff(loss[:20]) < 0).all()
    app.rate.value = 4  # each step lands higher on the other side
    trace = app._trace(app.state)
    assert (np.diff(trace.loss) > 0).all()
    assert (np.diff(np.sign(np.diff(trace["w5"]))) != 0).all()


def test_a_parameter_chosen_for_both_trades_places() -> None:
    app = bp.apps.surface(ARTICLE)
    x, y = app.x.value, app.y.value
    app.y.value = x
    assert (app.x.value, app.y.value) == (y, x)
    app.x.value = x
    assert (app.x.value, app.y.value) == (x, y)


def test_divergence_and_a_walk_out_of_sight_are_told() -> None:
    line = bp.Problem(bp.Network(1, 1, activation="identity"), {"w1": 1, "b1": 0}, [1], [3], learning_rate=0.1)
    app = bp.apps.surface(line)
    app.rate.value = 90
    words, warning = app.note(app.state)
    assert "no longer finite" in words
    assert warning
    app.set(rate=0.1, w1=500.0, updates=1)
    words, warning = app.note(app.state)
    assert "None of its points is in this picture" in words
    assert warning


def test_a_network_with_one_parameter_is_refused() -> None:
    one = bp.Problem(bp.Network(1, 1, bias="none"), {"w1": 1.0}, [1.0], [0.0])
    with pytest.raises(bp.BpkitError, match=r"surface app: expected a network with two parameters or more, got 1"):
        bp.apps.surface(one)


def test_of_a_large_network_those_that_move_most_can_be_chosen() -> None:
    network = bp.Network(3, 8, 4)
    draw = np.random.default_rng(0)
    problem = bp.Problem(network, {n: float(draw.normal()) for n in network.parameters}, [1, 0, -1], [0, 1, 0, 1])
    app = bp.apps.surface(problem)
    trace = bp.train(problem, 1000)
    moved = sorted(network.parameters, key=lambda name: -abs(trace[name][-1] - trace[name][0]))
    assert set(app.x.options) == set(moved[:24])


def test_play_takes_one_step_after_the_other_from_the_start() -> None:
    app = bp.apps.surface(ARTICLE, updates=3, starts=False)
    assert [title for title, _ in app.spec["layout"]["groups"]] == ["Surface", "Walk"]
    assert (app.updates.value, app.setting["updates"].low) == (3, 0)
    assert ["play", "updates"] in app.spec["layout"]["rows"]
    app.updates.value = 0
    assert len(app._trace(app.state)) == 1
