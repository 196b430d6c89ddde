"""The boundary app: a plain NumPy program learns the same, slices add up to one run, stop and go changes nothing."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose
from thorough import THOROUGH

import bpkit as bp
from bpkit.show.boundary import BoundaryPlot, plane


class Plain:
    """A 2-n-1 network, tanh and sigmoid, that learns by its own few lines of NumPy."""

    def __init__(self, problem: bp.Problem) -> None:
        network, p = problem.network, problem.parameters
        _, hidden, (out,) = network.layers
        self.w1 = np.array([[p[network.weight_of[x, h]] for h in hidden] for x in network.inputs])
        self.w2 = np.array([p[network.weight_of[h, out]] for h in hidden])
        self.b1, self.b2 = np.array([p[network.bias_of[h]] for h in hidden]), p[network.bias_of[out]]
        self.x, self.y, self.rate = problem.inputs, problem.targets[:, 0], problem.learning_rate

    def out(self, x: Any) -> Any:
        return 1 / (1 + np.exp(-(np.tanh(x @ self.w1 + self.b1) @ self.w2 + self.b2)))

    def loss(self) -> float:
        out = self.out(self.x)
        return float(-np.mean(self.y * np.log(out) + (1 - self.y) * np.log(1 - out)))

    def learn(self, updates: int) -> Plain:
        for _ in range(updates):
            hidden = np.tanh(self.x @ self.w1 + self.b1)
            wrong = (self.out(self.x) - self.y) / len(self.x)
            back = np.outer(wrong, self.w2) * (1 - hidden**2)
            self.w2 = self.w2 - self.rate * hidden.T @ wrong
            self.b2 = self.b2 - self.rate * wrong.sum()
            self.w1 = self.w1 - self.rate * self.x.T @ back
            self.b1 = self.b1 - self.rate * back.sum(axis=0)
        return self


@pytest.mark.parametrize("data", ["xor", "moons", "circles"])
def test_a_plain_program_learns_the_same(data: str) -> None:
    app = bp.apps.boundary(data)
    plain = Plain(app.state.problem)
    before = plain.loss()
    app.step.value = 12
    plain.learn(60)
    assert app.state.updates == 60
    assert app.state.loss[0] == pytest.approx(before, rel=1e-12)
    assert app.state.loss[-1] == pytest.approx(plain.loss(), rel=1e-8)
    ends, outputs = plane(app.state.problem)
    for row, column in [(0, 0), (10, 50), (60, 60)]:
        point = np.array([[np.linspace(*ends[:2], 61)[column], np.linspace(*ends[2:], 61)[row]]])
        assert outputs[row, column] == pytest.approx(plain.out(point)[0], rel=1e-7)
    good = int(np.sum((plain.out(plain.x) > 0.5) == (plain.y > 0.5)))
    assert f"{good} of {len(plain.x)} points are on their side" in repr(app)


def test_slices_add_up_to_one_run_whatever_the_way_there() -> None:
    app, jump = bp.apps.boundary("circles"), bp.apps.boundary("circles")
    for step in (1, 2, 3, 10, 4, 30, 30, 20):
        app.step.value = step
    jump.step.value = 20
    whole = bp.train(app.state.start, 100)
    assert app.state.problem == jump.state.problem == whole.final
    assert_allclose(app.state.loss, whole.loss, rtol=0)
    assert repr(app) == repr(jump)
    assert app.view["picture"].value == jump.view["picture"].value


def test_play_moves_along_the_slider_in_the_browser_and_trains_little_at_a_time() -> None:
    app = bp.apps.boundary("xor")
    assert app.play.max == 400
    trained = []
    for tick in range(1, 6):
        app.step.slider.value = tick  # what the browser's link does
        trained.append(len(app._run.slices))
    assert trained == [1, 2, 3, 4, 5]
    app.updates.value = 20
    assert (app.step.value, app.state.updates) == (0, 0)
    app.step.value = 3
    assert app.state.updates == 60


@pytest.mark.parametrize(
    "change", [{"width": 3}, {"depth": 2}, {"activation": "relu"}, {"rate": 0.1}, {"seed": 4}, {"data": "xor"}]
)
def test_a_new_setup_starts_from_the_beginning(change: dict[str, Any]) -> None:
    app = bp.apps.boundary("moons")
    app.step.value = 5
    before = app.view["picture"].value
    app.set(**change)
    assert (app.step.value, app.state.updates) == (0, 0)
    assert app.view["picture"].value != before
    assert eval(app.share, {"bp": bp}) == app.state.problem
    app.step.value = 2
    assert eval(app.share, {"bp": bp}) == app.state.problem == app.state.start.updated(10)
    app.reset.click()
    app.step.value = 5
    assert app.view["picture"].value == before


def test_a_batch_of_one_s_own() -> None:
    network = bp.Network(2, 3, 1, activation="tanh", loss="squared_error")
    own = bp.examples.data_set("moons", samples=30).problem(network, seed=3, learning_rate=0.05)
    app = bp.apps.boundary(own)
    assert app.state.problem == own
    app.set(rate=0.1, step=4)
    assert app.state.problem == own.replace(learning_rate=0.1).updated(20)
    assert eval(app.share, {"bp": bp}) == app.state.problem
    app.width.value = 5
    assert app.state.problem.network.sizes == (2, 5, 1)
    assert app.state.problem.network.loss.name == "squared_error"
    assert eval(app.share, {"bp": bp}) == app.state.problem
    with pytest.raises(bp.BpkitError, match="two inputs and one output"):
        bp.apps.boundary(bp.examples.article.problem)
    with pytest.raises(bp.BpkitError, match="moons"):
        bp.apps.boundary("moon")


def test_a_run_that_leaves_the_floats_stops_is_stated_and_the_app_goes_on() -> None:
    network = bp.Network(2, 4, 1, activation="identity", loss="squared_error")
    app = bp.apps.boundary(bp.examples.data_set("moons", samples=20).problem(network, learning_rate=0.1))
    app.set(rate=50.0, step=300)
    assert app.step.value < 300
    assert "no longer finite" in app.message.value
    assert np.isfinite(app.state.loss).all()
    app.rate.value = 0.05
    app.step.value = 10
    assert "Note" not in app.message.value
    assert app.state.updates == 50


def test_the_picture_is_drawn_as_from_scratch_and_shows_both_classes_by_shape() -> None:
    app = bp.apps.boundary("moons")
    for step in (1, 40, 3):
        app.step.value = step
        assert app.view["picture"].value == BoundaryPlot().frame(app.state.problem)
    app.data.value = "circles"
    assert app.view["picture"].value == BoundaryPlot().frame(app.state.problem)
    low, high = app._plot.points
    assert {low.get_marker(), high.get_marker()} == {"o", "^"}
    assert len(low.get_xdata()) == int((app.state.problem.targets == 0).sum())
    still = app.drawing(app.state)
    assert repr(still) == app.words(app.state)
    assert still.png().startswith(b"\x89PNG")


@pytest.mark.parametrize("seed", range(0, 21, 1 if THOROUGH else 4))
def test_xor_is_learned_from_every_start_within_a_hundred_steps(seed: int) -> None:
    app = bp.apps.boundary("xor")
    app.set(seed=seed, step=100)
    problem = app.state.problem
    assert (app.state.updates, problem.learning_rate) == (500, 1.0)
    assert app.state.loss[-1] < 0.01
    outputs = Plain(problem).out(np.array([[0, 0], [0, 1], [1, 0], [1, 1]]))
    assert_allclose(outputs, [0, 1, 1, 0], atol=0.05)
    assert "4 of 4 points are on their side" in repr(app)
    assert "wrong side" not in app.message.value


@pytest.mark.parametrize(
    ("data", "change", "step", "said"),
    [
        ("xor", {"width": 1}, 100, "With a single hidden neuron the boundary is a straight line, and no straight line"),
        ("circles", {"width": 1, "depth": 3}, 40, "With a single hidden neuron the boundary is a straight line"),
        ("xor", {"activation": "identity"}, 30, "With identity as activation the boundary is a straight line"),
        ("xor", {"width": 2, "seed": 1}, 400, "This start leads no further"),
        ("xor", {"width": 3, "activation": "relu"}, 400, "This start leads no further"),
        ("moons", {"seed": 1}, 100, "It can be a pause: play on"),
        ("moons", {"seed": 1}, 400, ""),
        ("circles", {"rate": 0.01}, 10, ""),
        ("xor", {"width": 2}, 400, ""),
    ],
)
def test_a_start_that_does_not_learn_is_stated_with_the_reason(
    data: str, change: dict[str, Any], step: int, said: str
) -> None:
    app = bp.apps.boundary(data)
    app.set(**change)
    app.step.value = step
    assert said in app.message.value
    assert ("wrong side" in app.message.value) == bool(said)
    assert "1 of 4 points are" not in app.message.value + app.words(app.state)
    outputs = plane(app.state.problem)[1] > 0.5
    if "straight line" in said:  # one side of it is all of one kind: rows change at most once, and all the same way
        ways = [np.diff(row.astype(int)) for row in outputs]
        assert all(np.abs(way).sum() <= 1 for way in ways)
        assert len({int(way.sum()) for way in ways if way.any()}) <= 1
    if "leads no further" in said:
        before, after = app.state.problem, app.state.problem.updated(200)
        losses = [bp.train(problem, 0).loss[0] for problem in (before, after)]
        assert losses[1] > 0.98 * losses[0]


@pytest.mark.parametrize("name", ["xor", "moons", "circles"])
def test_no_straight_line_separates_the_points(name: str) -> None:
    points = bp.examples.data_set(name)
    classes = points.targets[:, 0] > 0.5
    for angle in np.linspace(0, np.pi, 721):
        along = points.inputs @ [np.cos(angle), np.sin(angle)]
        assert max(along[classes].min(), along[~classes].min()) <= min(along[classes].max(), along[~classes].max())


def test_the_loss_curve_says_its_numbers() -> None:
    app = bp.apps.boundary("xor")
    assert "Press play" in app.view["loss"].value
    app.step.value = 8
    assert "Press play" not in app.view["loss"].value
    assert f"{app.state.loss[0]:.6g} before the first update, {app.state.loss[-1]:.6g} after 40." in repr(app)
    assert app.view["loss"].value.count("polyline") == 1
    app.digits.value = 12
    assert f"{app.state.loss[-1]:.12g} after 40." in app.view["loss"].value
