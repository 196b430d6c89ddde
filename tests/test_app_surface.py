"""The surface app: contours from one array call, the walk from the engine, both against plain programs."""

from __future__ import annotations

import math
import re
import xml.etree.ElementTree as ET
from typing import Any

import numpy as np
import pytest

import bpkit as bp
from bpkit.show.relief import relief, scene
from bpkit.show.surface import POINTS, landscape

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


class Picture:
    """What stands on the picture, in units of its own axes."""

    def __init__(self, app: Any) -> None:
        self.nodes = list(ET.fromstring(app.view["picture"].value).iter())
        texts = [node for node in self.nodes if node.tag.endswith("text") and not node.get("transform")]
        self.across = self._axis(texts, "middle", "x")
        self.up = self._axis(texts, "end", "y", 4)  # a letter's foot is lower than its middle

    def _axis(self, texts: list[ET.Element], anchor: str, way: str, shift: float = 0) -> tuple[float, float]:
        """From pixels to numbers: a factor and what is added, from the first and the last number on the axis."""
        ticks = [
            (float(node.get(way, "nan")) - shift, float(str(node.text)))
            for node in texts
            if node.get("text-anchor") == anchor and re.fullmatch(r"[-\d.e+]+", str(node.text))
        ]
        assert len(ticks) >= 4
        (a, low), *_, (b, high) = ticks
        factor = (high - low) / (b - a)
        return factor, low - factor * a

    def points(self, kind: str) -> list[np.ndarray[Any, Any]]:
        """The lines of a kind, each with a row for a point."""
        (node,) = (node for node in self.nodes if node.get("class") == kind)
        lines = [text for text in re.split("[Mz]|h0", node.get("d") or node.get("points") or "") if text]
        return [np.array([self.place(*map(float, pair.split(","))) for pair in line.split()]) for line in lines]

    def place(self, x: float, y: float) -> tuple[float, float]:
        return self.across[0] * x + self.across[1], self.up[0] * y + self.up[1]

    def start(self) -> tuple[float, float]:
        node = next(node for node in self.nodes if node.get("class") == "start")
        return self.place(float(node.get("cx", "nan")), float(node.get("cy", "nan")))

    def end(self) -> tuple[float, float]:
        """The middle of the star, from the corners that lie around it."""
        node = next(node for node in self.nodes if node.get("class") == "end")
        corners = np.array([tuple(map(float, pair.split(","))) for pair in node.get("points", "").split()])
        return self.place(*corners.mean(axis=0).tolist())


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
def test_a_kept_relief_is_the_one_drawn_from_scratch(change: dict[str, Any]) -> None:
    app = bp.apps.surface(ARTICLE)
    app.set(**change)
    words = app.words(app.state)
    assert app.view["picture"].value == scene(relief(land_of(app)), app.state.window, app._trace(app.state), words)
    named = next(node for node in Picture(app).nodes if node.get("aria-label"))
    assert named.get("aria-label") == words


@pytest.mark.parametrize("change", [{}, {"w1": -1.0, "zoom": 3.0}, {"x": "w5", "y": "w7"}])
def test_contours_are_where_the_loss_of_a_plain_program_has_their_heights(change: dict[str, Any]) -> None:
    app = bp.apps.surface(ARTICLE)
    app.set(**change)
    window, levels = app.state.window, land_of(app).levels
    others = {"w1": change.get("w1", PROBLEM.parameters["w1"])}
    seen = set()
    for line in Picture(app).points("contours"):
        for x, y in line[:: max(1, len(line) // 7)]:
            loss = plain_loss(**{**others, window.x: x, window.y: y})
            nearest = min(levels, key=lambda level: abs(level - loss))
            assert loss == pytest.approx(nearest, rel=0.02)
            seen.add(nearest)
    assert sorted(seen) == levels


def test_the_walk_is_drawn_where_a_plain_program_goes() -> None:
    app = bp.apps.surface(ARTICLE)
    app.set(x="w5", y="w8", rate=2.0, updates=40)
    picture, pixel = Picture(app), 2 * app.state.window.reach / 486
    for updates, place in ((0, picture.start()), (40, picture.end())):
        there = walked(2.0, updates)
        assert place == pytest.approx((there["w5"], there["w8"]), abs=0.6 * pixel)
    (walk,) = picture.points("walk")
    for updates in (3, 17):
        there = walked(2.0, updates)
        assert min(math.dist(point, (there["w5"], there["w8"])) for point in walk) < pixel
    assert len(picture.points("dots")) == len(walk)


@pytest.mark.parametrize(("rate", "updates"), [(0.5, 1000), (10.0, 1000), (10.0, 10_000)])
def test_a_dot_is_drawn_for_each_update_however_long_the_walk(rate: float, updates: int) -> None:
    app = bp.apps.surface(ARTICLE)
    app.set(rate=rate, updates=updates)
    window, trace = app.state.window, app._trace(app.state)
    dots = np.array([point for line in Picture(app).points("dots") for point in line])
    pixel = 2 * window.reach / 486
    for update in (*range(30), updates // 2, updates):  # a dot stands for all updates that share its half pixel
        here = trace[window.x][update], trace[window.y][update]
        assert np.hypot(*(dots - here).T).min() < pixel
    assert len(dots) < 2000
    assert "a dot for each update" in repr(app)
    assert "each update</text>" in app.view["picture"].value


@pytest.mark.parametrize("zoom", [0.1, 1.0, 10.0, 1000.0])
@pytest.mark.parametrize(("x", "y"), [("w1", "w2"), ("w6", "w8"), ("w3", "w5")])
def test_no_two_contour_lines_read_alike_and_each_is_named_rightly(x: str, y: str, zoom: float) -> None:
    app = bp.apps.surface(ARTICLE)
    app.set(x=x, y=y, zoom=zoom)
    land = land_of(app)
    levels, marks = land.levels, land.marks
    assert len(set(marks)) == len(marks) == len(levels) > 3
    gap = np.diff(levels).min()
    assert all(abs(float(mark) - level) < 0.1 * gap for mark, level in zip(marks, levels))
    texts = [node.text for node in Picture(app).nodes if node.tag.endswith("text") and node.get("paint-order")]
    assert len(set(texts)) == len(texts)
    assert set(texts) <= set(marks)
    assert f"contour lines at {', '.join(marks)};" in repr(app)


def test_a_long_walk_is_drawn_with_no_more_points_than_pixels() -> None:
    app = bp.apps.surface(ARTICLE)
    app.set(updates=10_000, rate=0.01)
    (walk,) = Picture(app).points("walk")
    trace = app._trace(app.state)
    assert len(walk) < 500
    pixel = 2 * app.state.window.reach / 486
    every = np.column_stack([trace[app.state.window.x], trace[app.state.window.y]])
    assert max(np.hypot(*(walk - point).T).min() for point in every[::97]) < pixel


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
    assert "start</text>" in app.view["picture"].value  # the axes stay
    assert "class='walk'" not in app.view["picture"].value


def test_a_walk_beyond_the_picture_is_told() -> None:
    app = bp.apps.surface(ARTICLE)
    for start, zoom, told in ((0.2, 1, False), (12, 1, True), (12, 0.1, False)):
        app.set(w6=start, zoom=zoom)
        assert ("None of its points lies in this picture" in app.message.value) == told


@pytest.mark.parametrize(
    ("change", "axes"), [({"x": "w8"}, "w8 w6"), ({"y": "w6"}, "w8 w6"), ({"x": "w1", "y": "w1"}, "w8 w1")]
)
def test_a_parameter_chosen_for_both_axes_trades_places(change: dict[str, str], axes: str) -> None:
    app = bp.apps.surface(ARTICLE)
    assert (app.x.value, app.y.value) == ("w6", "w8")
    app.set(**change)
    assert f"{app.x.value} {app.y.value}" == f"{app.state.window.x} {app.state.window.y}" == axes
    assert "Note" not in app.message.value


def test_a_flat_surface_has_no_contours() -> None:
    dead = bp.Problem(bp.Network(1, 1, activation="relu"), {"w1": -2, "b1": -3}, [1], [3])
    app = bp.apps.surface(dead)
    assert "none, it is flat" in repr(app)
    assert Picture(app).points("contours") == []


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
