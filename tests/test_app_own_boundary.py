"""The boundary app with a program of the learner's own: where it went, how it compares, and what stopped it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import bpkit as bp

NETWORK = bp.Network(2, 4, 1, bias="neuron")
BATCH = bp.examples.data_set("moons", samples=40).problem(NETWORK, seed=1, learning_rate=5)


def sigmoid(z: Any) -> Any:
    return 1 / (1 + np.exp(-z))


def stepping(slope: bool = True, sign: float = -1.0) -> Callable[..., Any]:
    """A program that makes an update, right or with a bug."""

    def step(x: Any, y: Any, W1: Any, b1: Any, W2: Any, b2: Any, rate: float) -> Any:
        h = sigmoid(x @ W1 + b1)
        out = sigmoid(h @ W2 + b2)
        last = (out - y) * (out * (1 - out) if slope else 1) / len(x)
        first = last @ W2.T * h * (1 - h)
        found = [x.T @ first, first.sum(axis=0), h.T @ last, last.sum(axis=0)]
        return [old + sign * rate * new for old, new in zip((W1, b1, W2, b2), found)]

    return step


def test_it_opens_where_the_program_ended_and_every_step_is_a_place_on_its_way() -> None:
    app = bp.apps.boundary(BATCH, program=stepping(), updates=300)
    assert type(app).__name__ == "OwnBoundary"
    assert isinstance(app, bp.apps.boundary)
    assert (app.updates.value, app.state.updates) == (300, 300)
    for step in (150, 0, 1, 77):
        app.updates.value = 2 * step
        expected = BATCH.updated(2 * step)
        assert app.state.updates == 2 * step
        assert app.state.problem.parameters == pytest.approx(expected.parameters, rel=1e-7)
        assert app.state.loss[-1] == pytest.approx(bp.train(BATCH, 2 * step).loss[-1], rel=1e-7)
        assert eval(app.share, {"bp": bp}).parameters == app.state.problem.parameters
    said, warning = app.note(app.state)
    assert not warning
    assert said.startswith("154 updates: the loss is ")
    assert said.endswith("The derivation, trained as often, has the same loss.")
    assert repr(app.drawing(app.state)) == app.words(app.state)


def test_a_number_of_updates_that_is_not_kept_gives_the_nearest_that_is() -> None:
    app = bp.apps.boundary(BATCH, program=stepping(), updates=1001)  # every sixth, and the last
    for asked, shown in ((250, 252), (997, 996), (1001, 1001), (5000, 1001), (3, 0)):
        app.updates.value = asked
        assert (app.updates.value, app.state.updates) == (shown, shown)


def test_a_program_with_a_bug_draws_its_boundary_and_is_compared() -> None:
    app = bp.apps.boundary(BATCH, program=stepping(slope=False), updates=50)
    said, warning = app.note(app.state)
    assert warning
    assert f"has the loss {bp.train(BATCH, 50).loss[-1]:.6g}. Your program computes something else" in said
    app.updates.value = 0
    assert not app.note(app.state)[1]


@pytest.mark.parametrize("returns", [True, False])
def test_arrays_may_be_changed_in_place(returns: bool) -> None:
    def in_place(x: Any, y: Any, W1: Any, b1: Any, W2: Any, b2: Any, rate: float) -> Any:
        new = stepping()(x, y, W1, b1, W2, b2, rate)
        for old, one in zip((W1, b1, W2, b2), new):
            old[...] = one
        return (W1, b1, W2, b2) if returns else None

    app = bp.apps.boundary(BATCH, program=in_place, updates=10)
    assert app.note(app.state)[0].endswith("has the same loss.")
    assert BATCH.updated(10).parameters == pytest.approx(app.state.problem.parameters, rel=1e-7)


@pytest.mark.parametrize(
    ("program", "words"),
    [
        (lambda *given: None, "your function ends here and returned nothing"),
        (lambda *given: 1 / 0, "your program stopped with ZeroDivisionError: division by zero"),
        (
            lambda x, y, W1, b1, W2, b2, rate: (W1.T, b1, W2, b2),
            "returned arrays of the shapes (4, 2), (4,), (4, 1), (1,)",
        ),
        (lambda x, y, *arrays: 3.0, "returned arrays of the shapes that I cannot read"),
        (lambda x, y, W1, b1, W2, b2, rate: (W1 * np.inf, b1, W2, b2), "from here on your numbers are infinite"),
    ],
)
def test_what_stops_a_program_is_said_and_nothing_is_raised(program: Any, words: str) -> None:
    app = bp.apps.boundary(BATCH, program=program, updates=5)
    said, warning = app.note(app.state)
    assert warning
    assert words in said
    assert (app.state.step, app.state.updates) == (0, 0)


def test_what_came_before_the_trouble_is_kept() -> None:
    app = bp.apps.boundary(BATCH, program=lambda x, y, *arrays: [1e200 * one for one in arrays[:-1]], updates=20)
    said, warning = app.note(app.state)
    assert warning
    assert "your function gives W1, b1 and W2, and no b2" in said
    assert app.state.updates <= 1
    assert np.isfinite([*app.state.problem.parameters.values()]).all()


@pytest.mark.parametrize(("program", "updates"), [(3, 10), (stepping(), 0), (stepping(), 2.5)])
def test_what_is_no_program_is_refused(program: Any, updates: Any) -> None:
    with pytest.raises(bp.BpkitError, match="expected program=step, a function, and a number of updates"):
        bp.apps.boundary(BATCH, program=program, updates=updates)


def test_other_problems_are_refused_as_by_the_app_without_a_program() -> None:
    with pytest.raises(bp.BpkitError, match="two inputs and one output"):
        bp.apps.boundary(bp.examples.article.problem, program=stepping(), updates=1)
