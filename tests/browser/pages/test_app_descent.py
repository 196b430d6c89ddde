"""The descent app as a saved page, with no kernel and no network: curve, walk and lines against the engine."""

from __future__ import annotations

import random
import re

import pytest
from playwright.sync_api import Locator, Page, expect
from saved_pages import NODES, Open, enter, slide
from thorough import many

import bpkit as bp

LESSON = bp.Problem(bp.Network(1, 1, bias="none"), {"w1": 3.0}, inputs=[1.0], targets=[0.2], learning_rate=5)
STRAIGHT = bp.Problem(bp.Network(1, 1, activation="identity", bias="none"), {"w1": 3.0}, [10.0], [0.2])
ARTICLE = bp.examples.article


def picture(app: Locator) -> Locator:
    return app.locator(".bpkit-curve-picture")


def results(app: Locator) -> list[float]:
    """What the line gives: the new value."""
    return [float(text.replace("−", "-")) for text in app.locator(".bpkit-line-result b").all_inner_texts()]


def agrees(app: Locator, twin: bp.apps.descent) -> None:
    """Everything that the page shows is what the kernel knows."""
    state = twin.state
    walk, step = state.walk, state.step
    here, loss, slope, after = (float(one[step]) for one in (walk.at, walk.loss, walk.slope, walk.next))
    name = twin.spec["parts"]["curve"]["x"]["label"]
    said = picture(app)
    if twin.curve.low <= here <= twin.curve.high:
        expect(said).to_have_attribute("aria-label", _holds(f"Shown: E = {loss:.6g} at {name} = {here:.6g}."))
    expect(said).to_have_attribute("aria-label", _holds(f"The slope at {name} = {here:.6g} is {slope:.6g}."))
    expect(said).to_have_attribute("aria-label", _holds(f"goes from {name} = {here:.6g} to {after:.6g}."))
    assert results(app) == pytest.approx([after], rel=1e-5, abs=1e-12)
    expect(app.locator(".bpkit-message")).to_have_text(twin.note(state)[0])


def _holds(text: str) -> re.Pattern[str]:
    return re.compile(re.escape(text))


@pytest.mark.parametrize(
    ("problem", "parameter"),
    [
        (LESSON, "w1"),
        (ARTICLE, "w7"),
        (ARTICLE.problem.replace(train_biases=False), "b1"),
        (LESSON.replace(update=bp.updates.Adam(), learning_rate=0.3), "w1"),
        (LESSON.replace(update=bp.updates.Momentum(), learning_rate=2), "w1"),
    ],
)
def test_curve_walk_and_lines_are_the_engine_s(opened: Open, problem: bp.Problem, parameter: str) -> None:
    twin = bp.apps.descent(problem, parameter)
    app, draw = opened(twin), random.Random(parameter)
    agrees(app, twin)
    for _ in range(many(2, 3)):
        values = {
            parameter: round(draw.uniform(-5, 5), 2),
            "rate": draw.choice([0.1, 5, 20]),
            "steps": draw.randint(0, 100),
        }
        for label, value in zip((parameter, "learning rate", "steps"), values.values(), strict=True):
            enter(app, label, value)
        twin.set(**values)
        agrees(app, twin)
    share = app.get_by_label("Share").input_value()
    assert eval(share, {"bp": bp, **vars(bp.updates)}) == twin.state.problem


def test_a_walk_that_has_arrived_says_so_unless_there_is_fog(opened: Open) -> None:
    twin = bp.apps.descent(LESSON)
    app = opened(twin)
    for rate, steps in ((20, 5), (20, 6), (20, 8), (100, 60)):
        enter(app, "learning rate", rate)
        enter(app, "steps", steps)
        twin.set(rate=rate, steps=steps)
        agrees(app, twin)
        assert ("arrived: step 6" in twin.note(twin.state)[0]) == (rate == 20 and steps >= 6)
    enter(app, "learning rate", 20)
    expect(app.locator(".bpkit-message")).to_contain_text("You have arrived")
    app.get_by_label("fog", exact=True).check()
    expect(app.locator(".bpkit-message")).not_to_contain_text("You have arrived")


def test_the_curve_that_is_drawn_is_the_engine_s(opened: Open) -> None:
    twin = bp.apps.descent(ARTICLE, "w5")
    app = opened(twin)
    label = picture(app).get_attribute("aria-label") or ""
    for end in (-6, 6):
        loss = bp.evaluate(ARTICLE.problem.replace(w5=end))["E_total"]
        assert f"E = {loss:.6g} at w₅ = {end}" in label
    box = picture(app).bounding_box()
    assert box is not None
    for share in (0.2, 0.5, 0.8):
        picture(app).hover(position={"x": share * box["width"], "y": 40})
        text = app.locator(".bpkit-curve-readout text").last.inner_html().replace("−", "-")
        w, loss = (float(part.split()[-1]) for part in text.split(","))
        assert loss == pytest.approx(bp.evaluate(ARTICLE.problem.replace(w5=w))["E_total"], rel=1e-4)


def test_step_and_play_walk_and_stop_at_the_end(opened: Open, page: Page) -> None:
    twin = bp.apps.descent(LESSON)
    app = opened(twin)
    step = app.get_by_role("button", name="Step", exact=True)
    box = app.get_by_role("textbox", name="steps", exact=True)
    for taken in range(1, 4):
        step.press("Enter")
        expect(box).to_have_value(str(taken))
    twin.set(steps=3)
    agrees(app, twin)
    play = app.get_by_role("button", name="Play or pause")
    play.click()
    expect(box).to_have_value(re.compile("^([5-9]|1.)$"))
    play.click()
    expect(play).to_have_text("▶ Play")
    enter(app, "steps", 99)
    step.click()
    step.click()
    expect(box).to_have_value("100")
    app.get_by_role("button", name="Stop, back to the start").click()
    expect(box).to_have_value("0")
    page.emulate_media(reduced_motion="reduce")
    try:
        app = opened(twin)
        app.get_by_role("button", name="One step on").click()
        expect(app.get_by_role("textbox", name="steps", exact=True)).to_have_value("4")
    finally:
        page.emulate_media(reduced_motion="no-preference")


def test_a_nudge_is_told_by_what_it_changes(opened: Open) -> None:
    app = opened(bp.apps.descent(ARTICLE, "w5", walk=False))
    readings = app.locator(".bpkit-curve-readings > span")
    expect(readings).to_contain_text(["w₅ = 0.35", "E = ", "slope = ", "change of w₅ = 0", "change of E = 0"])
    for w5 in (0.36, 0.34):
        enter(app, "w5", w5)
        before, after = (bp.evaluate(one)["E_total"] for one in (ARTICLE.problem, ARTICLE.problem.replace(w5=w5)))
        moved, grown = (f"{one:.6g}".replace("-", "−") for one in (w5 - 0.35, after - before))
        expect(readings.nth(3)).to_have_text(f"change of w₅ = {moved}")
        expect(readings.nth(4)).to_have_text(f"change of E = {grown}")
    rows = [round(one.bounding_box()["y"]) for one in readings.all()]  # type: ignore[index]
    assert rows[0] == rows[1] == rows[2] < rows[3] == rows[4]  # what is divided is on one line


# Readings under the curve whose texts lie over each other.
OVERLAPPING = """() => {
    const range = new Range(), text = node => (range.selectNodeContents(node), range.getBoundingClientRect());
    const all = [...document.querySelectorAll('.bpkit-curve-readings > span')].map(one => [one.textContent, text(one)]);
    const over = (a, b) => a.right > b.left && b.right > a.left && a.bottom > b.top + 4 && b.bottom > a.top + 4;
    return all.flatMap(([one, a], place) =>
        all.slice(place + 1).filter(([_, b]) => over(a, b)).map(([other]) => [one, other]));
}"""


@pytest.mark.parametrize("width", [1366, 900, 760, 560, 500, 430, 390, 360])
def test_readings_stand_beside_each_other(opened: Open, page: Page, width: int) -> None:
    app = opened(bp.apps.descent(ARTICLE, "w5", walk=False), width)
    for at in ("0.38", "-0.123456", "-5.12345"):
        enter(app, "w5", at)
        expect(app.locator(".bpkit-curve-readings > span").last).not_to_have_text("change of E = 0")
        assert page.evaluate(OVERLAPPING) == []
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        moved, grown = (one.bounding_box()["y"] for one in app.locator(".bpkit-curve-readings > span").all()[3:])  # type: ignore[index]
        assert moved == grown  # what is divided is on one line


def test_a_walk_that_overflows_is_said_and_goes_no_further(opened: Open) -> None:
    twin = bp.apps.descent(STRAIGHT)
    app = opened(twin)
    enter(app, "steps", 90)
    enter(app, "learning rate", 100)
    twin.set(rate=100, steps=90)
    warning = app.get_by_role("alert").and_(app.locator(".bpkit-message"))
    expect(warning).to_have_text(twin.note(twin.state)[0])
    end = twin.state.walk.ended_at
    assert f"At step {end} " in twin.note(twin.state)[0]
    enter(app, "steps", 95)
    expect(app.get_by_text(f"I took {end}.")).to_be_visible()
    expect(app.get_by_role("textbox", name="steps", exact=True)).to_have_value(str(end))
    expect(warning).to_have_text(twin.note(twin.state)[0])
    enter(app, "steps", str(int(end or 0) - 1))
    expect(warning).not_to_contain_text("overflow")
    enter(app, "w1", 1e200)
    twin.set(w1=1e200)
    expect(warning).to_have_text(twin.note(twin.state)[0])
    app.get_by_role("button", name="Reset").click()
    twin = bp.apps.descent(STRAIGHT)
    agrees(app, twin)


def test_the_start_is_chosen_on_the_picture(opened: Open) -> None:
    app = opened(bp.apps.descent(LESSON))
    enter(app, "steps", 3)
    box = picture(app).bounding_box()
    assert box is not None
    picture(app).click(position={"x": box["width"] / 2, "y": 100})
    start = app.get_by_role("textbox", name="w1", exact=True)
    expect(start).not_to_have_value("3")
    expect(app.get_by_role("textbox", name="steps", exact=True)).to_have_value("0")
    w = float(start.input_value())
    assert abs(w) < 1
    loss = bp.evaluate(LESSON.replace(w1=w))["E_total"]
    expect(picture(app)).to_have_attribute("aria-label", _holds(f"Shown: E = {loss:.6g} at"))


def ground(app: Locator) -> tuple[float, float]:
    """How far to the left and right the loss curve is drawn, in pixels of the picture."""
    drawn = app.locator(".bpkit-curve-inside .bpkit-curve-line").first.get_attribute("d") or ""
    places = [float(one) for one in re.findall(r"[ML]([\d.]+)", drawn)]
    return min(places), max(places)


def test_in_fog_only_the_ground_near_the_steps_is_drawn_and_said(opened: Open) -> None:
    app = opened(bp.apps.descent(LESSON, fog=True))
    label = picture(app).get_by_text("loss", exact=True)
    fog = app.locator(".bpkit-curve-fog")
    expect(app.get_by_label("fog", exact=True)).to_be_checked()
    expect(label).to_be_hidden()
    expect(fog).to_have_attribute("d", re.compile("^M"))
    low, high = ground(app)
    assert high - low < 140
    enter(app, "steps", 8)
    wider = ground(app)
    assert wider[0] < low
    assert wider[1] == high  # what was seen is still seen
    app.get_by_label("fog", exact=True).uncheck()
    expect(label).to_be_visible()
    expect(fog).to_have_attribute("d", "")
    assert ground(app)[1] - ground(app)[0] > 5 * (wider[1] - wider[0]) / 3
    app.get_by_label("fog", exact=True).check()
    expect(label).to_be_hidden()
    expect(picture(app)).not_to_have_attribute("aria-label", _holds("w₁ = 6"))
    expect(picture(app)).to_have_attribute("aria-label", _holds("The slope at w₁ = "))
    app.get_by_label("Picture in words").check()
    expect(app.locator(".bpkit-words")).to_contain_text("The next step goes from w₁ = ")
    expect(app.locator(".bpkit-words")).not_to_contain_text("loss: E")


def test_loss_slope_and_step_have_a_fixed_place_and_the_lamp_glows(opened: Open) -> None:
    app = opened(bp.apps.descent(LESSON))
    values = bp.evaluate(LESSON)
    readings = app.locator(".bpkit-curve-readings > span")
    here, loss, slope = "w₁ = 3", f"E = {values['E_total']:.6g}", f"slope = {values['dE/dw1']:.6g}"
    expect(readings).to_have_text([here, loss, slope, f"next step = −{5 * values['dE/dw1']:.6g}"])
    for word in ("slope", "next step", "run 1"):
        expect(picture(app).get_by_text(word, exact=True)).to_be_visible()
    places = [one.bounding_box()["x"] for one in readings.all()]  # type: ignore[index]
    enter(app, "steps", 9)
    assert [one.bounding_box()["x"] for one in readings.all()] == places  # type: ignore[index]
    enter(app, "steps", 0)
    lamps = app.locator(".bpkit-lamp")
    expect(app.locator(".bpkit-lamps")).to_have_text(f"o1: {values['out_o1']:.3g}should be 0.2")
    glow = "node => Number(node.style.getPropertyValue('--glow'))"
    assert [one.evaluate(glow) for one in lamps.all()] == pytest.approx([values["out_o1"], 0.2])
    enter(app, "w1", -6)
    assert lamps.first.evaluate(glow) == pytest.approx(bp.evaluate(LESSON.replace(w1=-6))["out_o1"])
    assert opened(bp.apps.descent(STRAIGHT)).locator(".bpkit-lamp").count() == 0  # its output is no brightness


def test_the_picture_stays_where_it_is_and_keeps_its_nodes(opened: Open, page: Page) -> None:
    app = opened(bp.apps.descent(LESSON))
    slider = app.get_by_role("slider", name="steps, slider")
    enter(app, "learning rate", 60)
    axis = app.locator(".bpkit-curve-ticks")
    ticks, counts, places = axis.inner_html(), set(), set()
    for turn in range(3):
        slide(slider, range(0, 101, 2))
        expect(app.get_by_role("textbox", name="steps", exact=True)).to_have_value("100")
        if turn:
            counts.add(page.evaluate(NODES))
        places.add(str(picture(app).bounding_box()) + str(app.locator(".bpkit-bar").bounding_box()))
    assert axis.inner_html() == ticks
    assert len(counts) == len(places) == 1
    assert page.evaluate("document.documentElement.scrollWidth") <= 900
    assert app.bounding_box()["height"] <= 620  # type: ignore[index]


def test_on_a_phone_it_is_as_wide_as_the_page(opened: Open, page: Page) -> None:
    app = opened(bp.apps.descent(ARTICLE), width=390)
    expect(picture(app)).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
