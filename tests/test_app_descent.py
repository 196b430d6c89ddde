"""The descent app against a plain program, against training, and against autograd."""

from __future__ import annotations

import io
import math
from dataclasses import replace

import matplotlib.image
import numpy as np
import pytest
from app_cases import BY_HAND, plain, slopes
from oracle import mp_loss

import bpkit as bp
from bpkit.apps.descent import MOST_STEPS

LESSON = bp.Problem(bp.Network(1, 1, bias="none"), {"w1": 3.0}, inputs=[1.0], targets=[0.2], learning_rate=5)
ARTICLE = bp.examples.article


def loss_by_hand(w: float) -> float:
    return 0.5 * (0.2 - 1 / (1 + math.exp(-w))) ** 2


def by_hand(w: float, rate: float, steps: int) -> list[tuple[float, float, float]]:
    """Where each step stands, its loss and its slope, for the lesson's problem."""
    rows = []
    for _ in range(steps + 1):
        out = 1 / (1 + math.exp(-w))
        slope = (out - 0.2) * out * (1 - out)
        rows.append((w, 0.5 * (0.2 - out) ** 2, slope))
        w -= rate * slope
    return rows


@pytest.mark.parametrize(("start", "rate"), [(3.0, 5.0), (3.0, 0.1), (3.0, 100.0), (-4.5, 20.0)])
def test_the_walk_is_that_of_a_plain_program_and_of_training(start: float, rate: float) -> None:
    app = bp.apps.descent(LESSON)
    app.set(w1=start, rate=rate, steps=MOST_STEPS)
    rows = by_hand(start, rate, MOST_STEPS)
    walk = app.state.walk
    np.testing.assert_allclose(np.column_stack([walk.at, walk.loss, walk.slope]), rows, rtol=1e-9, atol=1e-12)
    trace = bp.train(LESSON.replace(w1=start, learning_rate=rate), MOST_STEPS)
    np.testing.assert_allclose(walk.at, trace["w1"], rtol=1e-9)
    for step in (0, 1, 7, 100):
        app.steps.value = step
        w, loss, slope = rows[step]
        assert f"w1 = {w:.6g}, E_total = {loss:.6g}, slope dE_total/dw1 = {slope:.6g}; the next step is" in repr(app)
        lines = plain(app.view["lines"].value)
        assert f"= {loss:.6g} " in lines
        assert f"= {slope:.6g} " in lines
        assert f"= {w - rate * slope:.6g} " in lines


def test_the_curve_and_what_moves_on_it() -> None:
    app = bp.apps.descent(LESSON)
    assert (app.curve.low, app.curve.high) == (-6, 6)
    for w, loss in zip(app.curve.at[::60], app.curve.loss[::60], strict=True):
        assert loss == pytest.approx(loss_by_hand(w), rel=1e-9, abs=1e-15)
    app.set(rate=100, steps=1)
    (w0, loss0, _), (w, loss, slope) = by_hand(3, 100, 1)
    artists = {name: artist.get_xydata() for name, artist in app._plot.artists.items()}
    np.testing.assert_allclose(artists["point"], [[w, loss]])
    np.testing.assert_allclose(artists["walk"], [[w0, loss0], [w, loss]])
    np.testing.assert_allclose(artists["next"], [[w, loss], [w - 100 * slope, loss]])
    (left, low), (right, high) = artists["tangent"]
    assert (high - low) / (right - left) == pytest.approx(slope)
    assert (left + right) / 2 == pytest.approx(w)
    assert (low + high) / 2 == pytest.approx(loss)


def test_step_sets_the_control_and_stops_at_the_end() -> None:
    app = bp.apps.descent(LESSON)
    for step in range(1, 4):
        app.step.click()
        assert app.steps.value == app.state.step == step
    app.steps.value = MOST_STEPS
    app.step.click()
    assert app.steps.value == app.state.step == MOST_STEPS


def test_nothing_jumps_and_the_picture_is_that_of_the_state() -> None:
    app = bp.apps.descent(LESSON)
    first = app.view["curve"].value
    size = matplotlib.image.imread(io.BytesIO(first)).shape
    limits = (app._plot.live.axes.get_xlim(), app._plot.live.axes.get_ylim())
    for values in ({"rate": 100, "steps": 3}, {"w1": 5.9, "steps": 50}, {"w1": -30.0}, {"rate": 0.01, "steps": 100}):
        app.set(**values)
        assert app.view["curve"].value != first
        assert matplotlib.image.imread(io.BytesIO(app.view["curve"].value)).shape == size
        assert (app._plot.live.axes.get_xlim(), app._plot.live.axes.get_ylim()) == limits
        other = bp.apps.descent(LESSON)
        other.set(**{name: app.control[name].value for name in ("w1", "rate", "steps")})
        assert other.view["curve"].value == app.view["curve"].value
    app.reset.click()
    assert app.view["curve"].value == first
    assert app.view["curve"].tooltip == app.words(app.state)


def test_overshooting_and_leaving_the_picture_are_said() -> None:
    app = bp.apps.descent(LESSON)
    app.set(w1=1.0, rate=100, steps=1)
    (_, before, _), (w, after, _) = by_hand(1, 100, 1)
    assert after < before
    assert f"w1 = {w:.6g} lies outside the picture." in app.message.value
    app.set(w1=-0.5, rate=100)
    (_, before, _), (_, after, _) = by_hand(-0.5, 100, 1)
    assert after > before
    assert f"made the loss larger, from {before:.6g} to {after:.6g}: it overshot." in app.message.value
    app.rate.value = 5
    assert "overshot" not in app.message.value


def test_a_walk_that_leaves_the_floats_is_said_and_the_app_goes_on() -> None:
    straight = bp.Problem(bp.Network(1, 1, activation="identity", bias="none"), {"w1": 3.0}, [10.0], [0.2])
    app = bp.apps.descent(straight)
    app.set(rate=100, steps=90)
    end = app.state.walk.ended_at
    assert end is not None
    assert f"The walk leaves all numbers at step {end}: learning rate 100 is too large here." in app.message.value
    assert app.state.step == end - 1
    app.rate.value = 0.01
    assert (app.state.step, app.state.walk.ended_at) == (90, None)
    assert "alert" not in app.message.value
    app.w1.value = 1e200
    assert "No point to draw" in repr(app)
    assert app.view["lines"].value == ""
    app.reset.click()
    assert repr(app) == repr(bp.apps.descent(straight))


@pytest.mark.parametrize("parameter", ["w1", "w7", "b1"])
def test_one_parameter_of_many_moves_alone(parameter: str) -> None:
    app = bp.apps.descent(ARTICLE, parameter)
    case = BY_HAND
    for step in range(3):
        app.steps.value = step
        slope = slopes(case)[f"dE_total/d{parameter}"]
        value = case.parameters[parameter]
        assert app.state.here == pytest.approx(value, rel=1e-12)
        assert app.state.walk.slope[step] == pytest.approx(slope, rel=1e-9)
        assert app.state.walk.loss[step] == pytest.approx(float(mp_loss(case, case.parameters)), rel=1e-12)
        case = replace(case, parameters={**case.parameters, parameter: value - 0.5 * slope})
    app.control[parameter].value = -2.0
    moved = {**BY_HAND.parameters, parameter: float(app.curve.at[200])}
    assert app.curve.loss[200] == pytest.approx(float(mp_loss(BY_HAND, moved)), rel=1e-12)
    assert eval(app.share, {"bp": bp}) == ARTICLE.problem.replace(**{parameter: -2.0})


def test_the_first_weight_unless_another_is_asked_for() -> None:
    assert list(bp.apps.descent(ARTICLE).control) == "w1 rate steps digits twin".split()
    with pytest.raises(bp.BpkitError, match="descent app: expected a weight or bias, got 'w9'; choose one of w1, w2"):
        bp.apps.descent(ARTICLE, "w9")


def test_words_digits_and_a_still_picture() -> None:
    app = bp.apps.descent(LESSON)
    assert repr(app).startswith(
        "App descent: Loss E_total over w1, from 0.01951 at w1 = -6 to 0.318 at w1 = 6; lowest "
    )
    assert "near w1 = -1.38." in repr(app)
    app.digits.value = 12
    assert f"E_total = {loss_by_hand(3):.12g}" in repr(app)
    assert app._repr_mimebundle_()["image/png"].startswith(b"\x89PNG")
    assert app.drawing(app.state).caption == app.words(app.state)  # type: ignore[union-attr]
