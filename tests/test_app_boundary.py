"""The boundary app's half in the kernel: a plain NumPy program learns the same, what comes on the way is kept."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose
from thorough import THOROUGH

import bpkit as bp
from bpkit.apps.boundary_words import read_neurons
from bpkit.show.boundary_picture import plane

DECAY = bp.updates.GradientDescent(weight_decay=0.01)


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

    def learn(self, updates: int, decay: float = 0.0, batch: int = 0, first: int = 0) -> Plain:
        for turn in range(updates):
            rows = np.arange(first + turn * batch, first + (turn + 1) * batch) % len(self.x) if batch else slice(None)
            x, y = self.x[rows], self.y[rows]
            hidden = np.tanh(x @ self.w1 + self.b1)
            wrong = (self.out(x) - y) / len(x)
            back = np.outer(wrong, self.w2) * (1 - hidden**2)
            self.w2 = self.w2 - self.rate * (hidden.T @ wrong + decay * self.w2)
            self.b2 = self.b2 - self.rate * wrong.sum()
            self.w1 = self.w1 - self.rate * (x.T @ back + decay * self.w1)
            self.b1 = self.b1 - self.rate * back.sum(axis=0)
        return self


@pytest.mark.parametrize("data", ["xor", "moons", "circles", "spiral", "tomatoes"])
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
    test = app.state.test
    passed = int(np.sum((plain.out(test.inputs) > 0.5) == (test.targets[:, 0] > 0.5)))
    assert f"Right: {good} of 100 training points, {passed} of 100 test points." in app.note(app.state)[0]


def test_the_line_of_the_tomatoes_takes_about_half_of_the_run_to_bend_around_the_last_one() -> None:
    """What lesson 10 says of its first picture."""
    app = bp.apps.boundary("tomatoes")
    plain = Plain(app.state.problem)
    good = {}
    for step in range(0, 401, 20):
        if step:
            plain.learn(100)
        good[step] = int(np.sum((plain.out(plain.x) > 0.5) == (plain.y > 0.5)))
    assert {good[step] for step in range(40, 200, 20)} == {99}
    assert {good[step] for step in range(240, 401, 20)} == {100}
    test = app.state.test
    assert ((plain.out(test.inputs) > 0.5) == (test.targets[:, 0] > 0.5)).all()


def test_mini_batches_of_the_moons_take_twice_the_updates_and_a_tenth_of_the_points() -> None:
    """What lesson 10 says of the moons, by mini-batches of 5 and by all points."""
    taken = {}
    for batch in (5, 0):
        plain = Plain(bp.apps.boundary("moons").state.problem)
        losses, good = [], []
        for turn in range(800):
            losses.append(plain.loss())
            good.append(((plain.out(plain.x) > 0.5) == (plain.y > 0.5)).all())
            plain.learn(1, batch=batch, first=turn * batch)
        taken[batch] = max(turn for turn, all_right in enumerate(good) if not all_right) + 1
        rises = np.diff(losses)
        assert max(rises[700:]) < 0.003
        assert (max(rises[:400]) > 0.1) == (batch == 5)  # the teeth
    assert taken[5] / taken[0] == pytest.approx(2, abs=0.25)
    assert 5 * taken[5] / (100 * taken[0]) == pytest.approx(0.1, abs=0.015)
    assert 0.95 < losses[100] / losses[50] < 1  # the pause with all points


def test_mini_batches_and_weight_decay_are_those_of_a_plain_program() -> None:
    app = bp.apps.boundary("moons")
    plain = Plain(app.state.problem)
    app.set(batch=10, decay=0.01, step=6)
    plain.learn(30, 0.01, 10)
    assert app.state.loss[-1] == pytest.approx(plain.loss(), rel=1e-8)
    app.set(batch=20)
    app.set(step=8)  # the next points, not the first again: 30 updates of 10 points end where they began
    plain.learn(10, 0.01, 20)
    assert app.state.loss[-1] == pytest.approx(plain.loss(), rel=1e-8)
    assert app.state.updates == 40


def test_the_points_of_a_data_set_are_half_to_train_on_and_half_to_test() -> None:
    state = bp.apps.boundary("circles").state
    training, test = bp.examples.data_set("circles", 200, 0.1).split()
    assert np.array_equal(state.problem.inputs, training.inputs)
    assert np.array_equal(state.test.inputs, test.inputs)
    assert {tuple(one) for one in training.inputs}.isdisjoint(map(tuple, test.inputs))


def test_steps_add_up_to_one_run_whatever_the_way_there() -> None:
    app, jump = bp.apps.boundary("circles"), bp.apps.boundary("circles")
    for step in (1, 2, 3, 10, 4, 30, 30, 20):
        app.step.value = step
        _ = app.state
    jump.step.value = 20
    whole = bp.train(app.state.start, 100)
    assert app.state.problem == jump.state.problem == whole.final
    assert_allclose(app.state.loss, whole.loss, rtol=0)
    assert repr(app) == repr(jump)


def test_what_changes_on_the_way_starts_nothing_anew() -> None:
    app = bp.apps.boundary("moons")
    app.step.value = 5
    for change in ({"rate": 0.3}, {"decay": 0.01}, {"updates": 20}):
        app.set(**change)
        assert app.step.value == 5
    app.step.value = 7
    expected = app.state.start.updated(25).replace(learning_rate=0.3, update=DECAY).updated(40)
    assert app.state.problem == expected
    assert eval(app.share, {"bp": bp}) == expected
    app.step.value = 3  # a look back changes nothing
    assert app.state.problem == app.state.start.updated(15)
    app.step.value = 7
    assert app.state.problem == expected
    app.step.value = 3
    app.rate.value = 2.0  # a change forgets what came after
    assert app.values["course"] == [[3, 5, 1.0, 0.0, 0]]
    app.step.value = 4
    expected = app.state.start.updated(15).replace(learning_rate=2.0, update=DECAY).updated(20)
    assert app.state.problem == expected
    app.step.value = 0
    app.rate.value = 1.0
    assert app.values["course"] == []


def test_back_at_the_start_a_run_begins_anew() -> None:
    app = bp.apps.boundary("moons")
    app.step.value = 5
    app.rate.value = 0.1
    app.step.value = 9
    app.rate.value = 0.3
    app.step.value = 0
    assert app.values["course"] == []
    app.step.value = 9
    assert app.state.problem == app.state.start.replace(learning_rate=0.3).updated(45)


def test_after_mini_batches_the_share_line_has_the_numbers() -> None:
    app = bp.apps.boundary("moons")
    app.set(batch=5, step=4, neurons="3, 2")
    assert eval(app.share, {"bp": bp}) == app.state.problem
    assert "parameters={'w1': " in app.share


@pytest.mark.parametrize(
    "change",
    [
        {"neurons": "3"},
        {"neurons": "8, 4, 2, 3"},
        {"neurons": ""},
        {"activation": "relu"},
        {"seed": 4},
        {"data": "xor"},
        {"noise": 0.3},
    ],
)
def test_a_new_setup_starts_from_the_beginning(change: dict[str, Any]) -> None:
    app = bp.apps.boundary("moons")
    app.set(rate=0.5, step=5)
    app.set(rate=1.0)
    before = app.state.loss
    app.set(**change)
    assert (app.step.value, app.state.updates, app.values["course"]) == (0, 0, [])
    assert app.state.loss != before[:1]
    assert eval(app.share, {"bp": bp}) == app.state.problem
    app.step.value = 2
    assert eval(app.share, {"bp": bp}) == app.state.problem == app.state.start.updated(10)


def test_a_batch_of_one_s_own() -> None:
    network = bp.Network(2, 3, 1, activation="tanh", loss="squared_error")
    own = bp.examples.data_set("moons", samples=30).problem(network, seed=3, learning_rate=0.05)
    app = bp.apps.boundary(own)
    assert app.state.problem == own
    assert app.state.test is None
    app.set(rate=0.1, step=4)
    assert app.state.problem == own.replace(learning_rate=0.1).updated(20)
    assert eval(app.share, {"bp": bp}) == app.state.problem
    app.neurons.value = "5"
    assert app.state.problem.network.sizes == (2, 5, 1)
    assert app.state.problem.network.loss.name == "squared_error"
    assert eval(app.share, {"bp": bp}) == app.state.problem
    app.set(batch=10, step=3)
    assert app.state.updates == 15
    app.data.value = "xor"
    assert app.state.problem.network.loss.name == "binary_cross_entropy"


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (bp.examples.article.problem, "two inputs and one output"),
        ("moon", "did you mean 'moons'"),
        (bp.examples.data_set("xor").problem(bp.Network(2, 2, 1)).replace(update=bp.updates.Adam()), "plain gradient"),
        (
            bp.examples.data_set("xor").problem(bp.Network(2, 2, 2, 1, activation=["tanh", "relu", "sigmoid"])),
            "tanh, relu",
        ),
        (bp.examples.data_set("xor").problem(bp.Network(2, 17, 1)), "boundary app: neurons: expected from 1 to 16"),
    ],
)
def test_what_it_cannot_show_is_refused(given: Any, words: str) -> None:
    with pytest.raises(bp.BpkitError, match=words):
        bp.apps.boundary(given)


@pytest.mark.parametrize(("typed", "read"), [("8", (8,)), ("8,4", (8, 4)), (" 3 ; 2  1 ", (3, 2, 1)), ("", ())])
def test_neurons_are_read_as_people_type_them(typed: str, read: tuple[int, ...]) -> None:
    assert read_neurons(typed) == read


@pytest.mark.parametrize("typed", ["x", "8, x", "0", "17", "1 1 1 1 1", "-2", "2.5", "8,,4,"])
def test_other_neurons_are_refused_and_nothing_moves(typed: str) -> None:
    app = bp.apps.boundary("moons")
    with pytest.raises(bp.BpkitError, match="write 8, or 8, 4 for two layers"):
        app.neurons.value = typed
    assert app.neurons.value == "8"


@pytest.mark.parametrize("course", [[3], [[0, 5, 1, 0, 0]], [[5, 5, 1, 0, 0], [4, 5, 1, 0, 0]], [[5, 7, 1, 0, 0]]])
def test_a_course_that_makes_no_sense_is_refused(course: list[Any]) -> None:
    app = bp.apps.boundary("moons")
    with pytest.raises(bp.BpkitError, match="course: expected rows"):
        app.set(course=course)


def test_a_run_that_leaves_the_floats_stops_is_stated_and_the_app_goes_on() -> None:
    network = bp.Network(2, 4, 1, activation="identity", loss="squared_error")
    for batch in (0, 5):
        app = bp.apps.boundary(bp.examples.data_set("moons", samples=20).problem(network, learning_rate=0.1))
        app.set(rate=50.0, step=300, batch=batch)
        assert app.state.step < 300
        said, warning = app.note(app.state)
        assert warning
        assert f"no longer finite after update {app.state.updates}: learning rate 50" in said
        assert np.isfinite(app.state.loss).all()
        app.set(step=0, rate=0.05)
        app.step.value = 10
        assert not app.note(app.state)[1]
        assert app.state.updates == 50


def test_the_still_picture_has_the_words() -> None:
    app = bp.apps.boundary("moons")
    app.step.value = 3
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
    assert "Right: 100 of 100 training points" in app.note(app.state)[0]


@pytest.mark.parametrize(
    ("data", "change", "step", "said"),
    [
        (
            "xor",
            {"neurons": "1"},
            100,
            "With a single hidden neuron the boundary is a straight line, and no straight line",
        ),
        ("circles", {"neurons": "1, 1, 1"}, 40, "With a single hidden neuron the boundary is a straight line"),
        ("circles", {"neurons": ""}, 40, "With no hidden layer the boundary is a straight line"),
        ("xor", {"activation": "identity"}, 30, "With identity as activation the boundary is a straight line"),
        ("xor", {"neurons": "2", "seed": 1}, 400, "This start leads no further"),
        ("circles", {"rate": 0.01}, 10, ""),
        ("xor", {"neurons": "2"}, 400, ""),
    ],
)
def test_a_start_that_does_not_learn_is_stated_with_the_reason(
    data: str, change: dict[str, Any], step: int, said: str
) -> None:
    app = bp.apps.boundary(data)
    app.set(**change)
    app.step.value = step
    note = app.note(app.state)[0]
    assert said in note
    assert ("wrong side" in note) == bool(said)
    outputs = plane(app.state.problem)[1] > 0.5
    if "straight line" in said:  # one side of it is all of one kind: rows change at most once, and all the same way
        ways = [np.diff(row.astype(int)) for row in outputs]
        assert all(np.abs(way).sum() <= 1 for way in ways)
        assert len({int(way.sum()) for way in ways if way.any()}) <= 1
    if "leads no further" in said:
        before, after = app.state.problem, app.state.problem.updated(200)
        losses = [bp.train(problem, 0).loss[0] for problem in (before, after)]
        assert losses[1] > 0.98 * losses[0]


@pytest.mark.parametrize("name", ["xor", "moons", "circles", "spiral"])
def test_no_straight_line_separates_the_points(name: str) -> None:
    points = bp.examples.data_set(name)
    classes = points.targets[:, 0] > 0.5
    for angle in np.linspace(0, np.pi, 721):
        along = points.inputs @ [np.cos(angle), np.sin(angle)]
        assert max(along[classes].min(), along[~classes].min()) <= min(along[classes].max(), along[~classes].max())


def test_the_words_say_the_loss() -> None:
    app = bp.apps.boundary("xor")
    app.step.value = 8
    assert f"{app.state.loss[0]:.6g} before the first update, {app.state.loss[-1]:.6g} after 40." in repr(app)
    app.digits.value = 12
    assert f"{app.state.loss[-1]:.12g} after 40." in app.words(app.state)
