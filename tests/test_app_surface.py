"""The surface app: contours from one array call, the walk from the engine, both against plain programs."""

from __future__ import annotations

import io
import math
from typing import Any

import matplotlib.image
import numpy as np
import pytest

import bpkit as bp
from bpkit.show.surface import POINTS, SurfacePlot, landscape

ARTICLE = bp.examples.article
PROBLEM = ARTICLE.problem


def plain_loss(**changed: float) -> float:
    """The loss of the article's network in plain arithmetic."""
    p = {**PROBLEM.parameters, **changed}
    squash = lambda z: 1 / (1 + math.exp(-z))
    h1, h2 = (squash(p[a] * 0.1 + p[b] * 0.2 + p["b1"]) for a, b in (("w1", "w4"), ("w3", "w2")))
    outs = (squash(p[a] * h1 + p[b] * h2 + p["b2"]) for a, b in (("w5", "w6"), ("w7", "w8")))
    return sum(0.5 * (y - out) ** 2 for y, out in zip((0.05, 0.95), outs))


def walked(rate: float, updates: int) -> dict[str, float]:
    """Gradient descent on difference quotients: the article's weights after some updates, its biases kept."""
    p, h = dict(PROBLEM.parameters), 1e-6
    for _ in range(updates):
        slopes = {
            name: (plain_loss(**{**p, name: p[name] + h}) - plain_loss(**{**p, name: p[name] - h})) / (2 * h)
            for name in PROBLEM.network.weights
        }
        p |= {name: p[name] - rate * slope for name, slope in slopes.items()}
    return p


def land_of(app: Any) -> Any:
    return app._land(app.state)


def ink(png: bytes) -> np.ndarray[Any, Any]:
    return matplotlib.image.imread(io.BytesIO(png))


def test_the_landscape_is_the_loss_of_a_plain_program() -> None:
    app = bp.apps.surface(ARTICLE)
    land = land_of(app)
    assert land.loss.shape == (POINTS, POINTS)
    for row, column in [(0, 0), (7, 50), (POINTS - 1, 3), (30, 30)]:
        here = {app.state.window.x: float(land.xs[column]), app.state.window.y: float(land.ys[row])}
        assert land.loss[row, column] == pytest.approx(plain_loss(**here), rel=1e-12)
    x, y, low = land.lowest()
    assert low == land.loss.min() == pytest.approx(plain_loss(**{land.window.x: x, land.window.y: y}), rel=1e-12)


def test_the_walk_in_words_is_that_of_a_plain_program() -> None:
    app = bp.apps.surface(ARTICLE)
    app.set(x="w5", y="w8", rate=2.0, updates=12)
    end = walked(2.0, 12)
    assert f"to w5 = {end['w5']:.4f}"[:-1] in repr(app)
    trace = app._trace(app.state)
    for name in ("w5", "w8", "w1"):
        assert trace[name][-1] == pytest.approx(end[name], abs=1e-7)
    assert "(circle)" in repr(app)
    assert "after 12 updates (star)" in repr(app)
    assert "It moves all parameters, so it is drawn as its projection" in repr(app)
    below = plain_loss(w5=trace["w5"][-1], w8=trace["w8"][-1])
    assert f"with the others at their start, has {below:.6g}" in repr(app)
    assert below != pytest.approx(trace.loss[-1], rel=1e-3)


def test_the_rate_redraws_the_walk_and_nothing_else() -> None:
    app = bp.apps.surface(ARTICLE)
    land, picture = land_of(app), app.view["picture"].value
    app.rate.value = 3.0
    assert land_of(app) is land
    assert app.view["picture"].value != picture
    app.updates.value = 10
    assert land_of(app) is land
    app.set(**{land.window.x: 0.0})  # where the walk starts, on the same surface
    assert land_of(app) is land
    app.w1.value = 1.0  # another parameter: another surface, over the same piece of the plane
    assert land_of(app) is not land
    assert land_of(app).window == land.window
    app.reset.click()
    assert app.view["picture"].value == picture


@pytest.mark.parametrize("change", [{"rate": 7.0}, {"w1": -1.0}, {"x": "w1", "y": "b2"}, {"zoom": 0.5}])
def test_a_kept_picture_equals_one_drawn_from_scratch(change: dict[str, Any]) -> None:
    app = bp.apps.surface(ARTICLE)
    app.set(**change)
    fresh = SurfacePlot().frame(land_of(app), app._trace(app.state))
    assert app.view["picture"].value == fresh
    if change != {"x": "w1", "y": "b2"}:
        pixels = ink(fresh)[:, :, :3]
        star = np.abs(pixels - np.array([0xC4, 0x4E, 0x00]) / 255).max(axis=2) < 0.02
        assert star[80:].sum() > 50  # below the legend


def test_contour_lines_stand_at_round_losses_within_the_surface() -> None:
    land = landscape(PROBLEM, land_of(bp.apps.surface(ARTICLE)).window)
    assert 5 <= len(land.levels) <= 13
    assert land.loss.min() < land.levels[0] < land.levels[-1] < land.loss.max()
    assert all(level == float(f"{level:.3g}") for level in land.levels)


def test_a_run_that_leaves_the_floats_is_stated_and_the_app_goes_on() -> None:
    problem = bp.Problem(bp.Network(1, 1, activation="identity"), {"w1": 1, "b1": 0}, [1], [3], learning_rate=0.1)
    app = bp.apps.surface(problem)
    app.rate.value = 5
    assert "learning rate 5 is too large here" in app.message.value
    assert "leaves the picture at update 1" in repr(app)
    app.rate.value = 0.2
    assert "Note" not in app.message.value
    app.set(w1=1e200, x="w1", y="b1")
    assert "No walk" in repr(app)
    assert bytes(app.view["picture"].value).startswith(b"\x89PNG")


def test_twice_the_same_parameter_is_told_and_the_picture_stays() -> None:
    app = bp.apps.surface(ARTICLE)
    before, picture = app.state, app.view["picture"].value
    app.x.value = app.y.value
    assert "two different parameters" in app.message.value
    assert (app.state, app.view["picture"].value) == (before, picture)
    app.x.value = "w1"
    assert "Note" not in app.message.value


def test_a_flat_surface_has_no_contours() -> None:
    dead = bp.Problem(bp.Network(1, 1, activation="relu"), {"w1": -2, "b1": -3}, [1], [3])
    assert "none, it is flat" in repr(bp.apps.surface(dead))


def test_batches_and_wide_layers_and_one_parameter() -> None:
    moons = bp.examples.data_set("moons", samples=20).problem(bp.Network(2, 4, 1, activation=["tanh", "sigmoid"]))
    app = bp.apps.surface(moons)
    land = land_of(app)
    here = {land.window.x: float(land.xs[5]), land.window.y: float(land.ys[9])}
    losses = [bp.evaluate(moons.replace(**here).sample(i))["E_total"] for i in range(20)]
    assert land.loss[9, 5] == pytest.approx(np.mean(losses))
    with pytest.raises(bp.BpkitError, match=r"bp\.apps\.descent"):
        bp.apps.surface(bp.Problem(bp.Network(1, 1, bias="none"), {"w1": 3.0}, [1.0], [0.2]))


def test_a_storm_of_moves_ends_in_the_last_state() -> None:
    draw, app, other = np.random.default_rng(0), bp.apps.surface(ARTICLE), bp.apps.surface(ARTICLE)
    for _ in range(6):
        app.rate.value = float(draw.uniform(0.1, 10))
        app.w1.value = float(draw.uniform(-1, 1))
    other.set(w1=app.w1.value, rate=app.rate.value)
    assert repr(app) == repr(other)
    assert app.view["picture"].value == other.view["picture"].value
    assert app.share == f"bp.examples.article.problem.replace(w1={app.w1.value!r}, learning_rate={app.rate.value!r})"
    assert eval(app.share, {"bp": bp}) == app.state.problem


def test_words_and_picture_for_a_page_that_runs_nothing() -> None:
    app = bp.apps.surface(ARTICLE)
    still = app.drawing(app.state)
    assert repr(still) == app.words(app.state)
    assert still.png().startswith(b"\x89PNG")
    app.set(digits=12, twin=True)
    assert f"E_total = {plain_loss():.12g} (circle)" in app.twin_text.value


def test_a_network_with_more_weights_than_sliders() -> None:
    wide = bp.Network(2, 30, 1, activation="tanh")
    problem = bp.Problem(wide, dict.fromkeys(wide.parameters, 0.1), [1, 2], [0.5])
    app = bp.apps.surface(problem)
    assert "w3" not in app.control
    assert app.view["picture"].value
