"""The descent app's half in the kernel against a plain program, against training, and against autograd."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from app_cases import BY_HAND, slopes
from oracle import mp_loss

import bpkit as bp
from bpkit.apps.descent import MOST_STEPS

LESSON = bp.Problem(bp.Network(1, 1, bias="none"), {"w1": 3.0}, inputs=[1.0], targets=[0.2], learning_rate=5)
STRAIGHT = bp.Problem(bp.Network(1, 1, activation="identity", bias="none"), {"w1": 3.0}, [10.0], [0.2])
ARTICLE = bp.examples.article


def loss_by_hand(w: float) -> float:
    return 0.5 * (0.2 - 1 / (1 + math.exp(-w))) ** 2


def by_hand(w: float, rate: float, steps: int) -> list[tuple[float, float, float]]:
    """Where each step is, its loss and its slope, for the lesson's problem."""
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
        assert f"to w1 = {w - rate * slope:.6g}." in repr(app)


@pytest.mark.parametrize(("rate", "step"), [(5, 31), (15, 9), (20, 6), (50, 9), (0.1, 0), (100, 0)])
def test_a_walk_says_when_it_has_arrived_at_the_lowest_point(rate: float, step: int) -> None:
    app = bp.apps.descent(LESSON)
    app.set(rate=rate)
    said = f"You have arrived: step {step} took you to the lowest point, and the slope is nearly 0."
    told = []
    for steps in (max(step - 1, 0), step, step + 1, MOST_STEPS):
        app.set(steps=steps)
        told.append(app.note(app.state)[0] == said)
    assert told == [False, *[step > 0] * 3]
    app.set(fog=True)  # there you find out yourself
    assert "arrived" not in app.note(app.state)[0]


def test_flat_ground_is_no_arrival() -> None:
    app = bp.apps.descent(LESSON)
    app.set(w1=0.5, rate=65, steps=1)  # a jump to where the steps are tiny
    walk = app.state.walk
    assert abs(walk.next[1] - walk.at[1]) < 0.04
    assert "arrived" not in app.note(app.state)[0]


@pytest.mark.parametrize("rule", [bp.updates.Momentum(), bp.updates.RMSProp(), bp.updates.Adam()])
def test_a_rule_that_remembers_goes_on_remembering(rule: bp.updates.UpdateRule) -> None:
    problem = LESSON.replace(update=rule, learning_rate=0.3)
    app = bp.apps.descent(problem)
    trace = bp.train(problem, MOST_STEPS)
    np.testing.assert_allclose(app.state.walk.at, trace["w1"], rtol=1e-9)
    np.testing.assert_allclose(app.state.walk.next[:-1], trace["w1"][1:], rtol=1e-9)


def test_the_curve_is_that_of_a_plain_function() -> None:
    curve = bp.apps.descent(LESSON).curve
    assert (curve.low, curve.high) == (-6, 6)
    for w, loss in zip(curve.at[::60], curve.loss[::60], strict=True):
        assert loss == pytest.approx(loss_by_hand(w), rel=1e-9, abs=1e-15)
    bottom, top = curve.heights
    assert bottom < 0 < loss_by_hand(6) < top
    assert bp.apps.descent(LESSON.replace(w1=-20.0)).curve.low == -40


def test_overshooting_and_leaving_the_picture_are_said() -> None:
    app = bp.apps.descent(LESSON)
    assert app.note(app.state) == ("", False)
    app.set(w1=1.0, rate=100, steps=1)
    (_, before, _), (w, after, _) = by_hand(1, 100, 1)
    assert after < before
    left = f"The steps were so long that the walk left the picture. It is now at w₁ = {w:.6g}; choose a smaller "
    assert app.note(app.state) == (f"{left}learning rate.", True)
    app.set(w1=1e3, steps=0)
    assert app.note(app.state) == ("w₁ = 1000 is outside the picture.", True)
    app.set(w1=-0.5, rate=100, steps=1)
    (_, before, _), (_, after, _) = by_hand(-0.5, 100, 1)
    assert after > before
    words = f"The last step made the loss larger, from {before:.6g} to {after:.6g}. It overshot."
    assert app.note(app.state) == (words, False)
    app.set(w1=-0.5, rate=30)
    (_, before, slope), (_, after, turned), *_ = by_hand(-0.5, 30, 1)
    assert after < before
    assert slope * turned < 0
    assert app.note(app.state) == ("The last step went past a lowest point, so the slope has changed its sign.", False)
    app.set(w1=-0.5, rate=100)
    (_, before, _), (_, after, _) = by_hand(-0.5, 100, 1)
    app.digits.value = 12
    assert f"to {after:.12g}. It" in app.note(app.state)[0]
    app.rate.value = 5
    assert app.note(app.state) == ("", False)


def test_without_a_walk_there_is_only_the_slope() -> None:
    app = bp.apps.descent(ARTICLE, "w5", walk=False)
    laid = str(app.spec["layout"])
    assert [name for name in ("w5", "rate", "fog", "step", "play") if f"'{name}'" in laid] == ["w5"]
    assert repr(app).endswith("At w5 = 0.35 the loss E_total is 0.233453, and the slope dE_total/dw5 is 0.0851429.")
    assert "next step" not in app.words(app.state)


def test_a_walk_that_overflows_is_said_and_the_app_goes_on() -> None:
    app = bp.apps.descent(STRAIGHT)
    app.set(rate=100, steps=90)
    end = app.state.walk.ended_at
    assert end is not None
    words = f"At step {end} the numbers overflow, because learning rate 100 is too large here."
    assert app.note(app.state) == (words, True)
    assert app.state.step == end - 1
    app.steps.value = end - 1
    assert "overflow" not in app.note(app.state)[0]
    app.set(rate=0.01, steps=90)
    assert (app.state.step, app.state.walk.ended_at) == (90, None)
    assert app.note(app.state)[0].startswith("You have arrived: step 1 ")
    app.w1.value = 1e200
    assert "No point to draw" in repr(app)
    assert app.note(app.state)[0].startswith("The numbers overflow before the first step. Choose another w₁")
    assert app.bundles()[0]["image/png"].startswith(b"\x89PNG")
    app.w1.value = 3
    assert "No point to draw" not in repr(app)


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
    app.set(**{parameter: -2.0})
    moved = {**BY_HAND.parameters, parameter: float(app.curve.at[200])}
    assert app.curve.loss[200] == pytest.approx(float(mp_loss(BY_HAND, moved)), rel=1e-12)
    assert eval(app.share, {"bp": bp}) == ARTICLE.problem.replace(**{parameter: -2.0})


def test_the_first_weight_unless_another_is_asked_for() -> None:
    assert list(bp.apps.descent(ARTICLE).setting) == "w1 rate fog steps digits twin".split()
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
    app.set(rate=100, steps=1)
    (w0, loss0, _), (w, loss, slope) = by_hand(3, 100, 1)
    drawing = app.drawing(app.state)
    assert drawing is not None
    assert drawing.caption == app.words(app.state)
    (axes,) = drawing.figure.axes  # type: ignore[union-attr]
    lines = {line.get_label(): np.array(line.get_xydata()) for line in axes.lines}
    np.testing.assert_allclose(lines["here"], [[w, loss]])
    np.testing.assert_allclose(lines["walk"], [[w0, loss0], [w, loss]])
    (left, low), (right, high) = lines["tangent"]
    assert (high - low) / (right - left) == pytest.approx(slope)
    assert ((left + right) / 2, (low + high) / 2) == pytest.approx((w, loss))


def test_in_fog_nothing_of_the_curve_is_told() -> None:
    app = bp.apps.descent(LESSON, fog=True)
    assert app.values["fog"]
    app.set(steps=2)
    assert "lowest" not in repr(app)
    assert repr(app).startswith("App descent: Loss E_total over w1, in fog. After 2 steps from w1 = 3 ")
    drawing = app.drawing(app.state)
    assert drawing is not None
    lines = {line.get_label(): line for line in drawing.figure.axes[0].lines}  # type: ignore[union-attr]
    assert "loss" not in lines
    seen = np.array(lines["ground"].get_xydata())
    seen = seen[np.isfinite(seen[:, 1]), 0]
    walked = app.state.walk.at[:3]
    assert 1 < walked.min() - seen.min() < 1.2  # the run of the triangle is 1
    assert 1 < seen.max() - walked.max() < 1.2
