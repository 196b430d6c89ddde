"""The rules app as a saved page, with no kernel and no network: walks, losses and message against the engine."""

from __future__ import annotations

import random
import re

import pytest
from playwright.sync_api import Locator, Page, expect
from saved_pages import Open, enter
from thorough import many

import bpkit as bp
from bpkit.apps.rules import NAMES

VALLEY = bp.Problem(
    bp.Network(2, 1, activation="identity", bias="none"),
    {"w1": -0.5, "w2": -2.0},
    inputs=[[2, 0.3], [2, -0.3]],
    targets=[[2.6], [1.4]],
    learning_rate=0.47,
    update=bp.updates.Momentum(0.5),
)
ARTICLE = bp.examples.article.problem
LANDSCAPE = ".bpkit-field-picture[role=img]"
SIDES = ("x", "width"), ("y", "height")


def agrees(app: Locator, twin: bp.apps.rules) -> None:
    """What the page says of each walk is what the kernel knows."""
    state, label = twin.state, app.locator(LANDSCAPE).get_attribute("aria-label") or ""
    x, y = (twin.spec["parts"]["field"][axis]["label"] for axis in "xy")
    number = r"(-?[\d.]+(?:e[-+]\d+)?)"
    found = {
        name: tuple(map(float, ends))
        for name, *ends in re.findall(
            rf"(gradient descent|momentum|RMSProp|Adam): The walk goes from {x} = {number}, {y} = {number} \(circle\) "
            rf"to {x} = {number}, {y} = {number}",
            label.replace("−", "-"),
        )
    }
    assert set(found) == {NAMES[name] for name in state.rules}
    for name, trace in twin._traces(state).items():
        last = min(state.shown, len(trace) - 1)
        ends = [trace[twin.x][0], trace[twin.y][0], trace[twin.x][last], trace[twin.y][last]]
        assert found[NAMES[name]] == pytest.approx(ends, rel=1e-4, abs=1e-5)
    expect(app.locator(".bpkit-message")).to_have_text(twin.note(state)[0])


@pytest.mark.parametrize("problem", [VALLEY, ARTICLE, ARTICLE.replace(update=bp.updates.Adam(0.8, weight_decay=0.1))])
def test_walks_and_message_are_the_engine_s(opened: Open, problem: bp.Problem) -> None:
    twin = bp.apps.rules(problem)
    app, draw = opened(twin), random.Random(str(problem))
    agrees(app, twin)
    for _ in range(many(2, 4)):
        chosen = {name: draw.random() < 0.6 for name in NAMES}
        values = {
            "learning rate": draw.choice([0.05, 0.2, 0.4]),
            "β": draw.choice([0, 0.5, 0.8]),
            "weight decay": draw.choice([0, 0.1]),
            "updates": draw.randint(0, 12),
        }
        for name, on in chosen.items():
            app.get_by_label(NAMES[name], exact=True).set_checked(on)
        for label, value in values.items():
            enter(app, label, value)
        rate, beta, decay, shown = values.values()
        twin.set(**chosen, rate=rate, beta=beta, decay=decay, updates=shown)
        agrees(app, twin)
    share = app.get_by_label("Share").input_value()
    assert eval(share, {"bp": bp}) == twin.state.problem


def test_a_walk_and_its_curve_have_one_colour(opened: Open, page: Page) -> None:
    app = opened(bp.apps.rules(VALLEY))
    for name in ("RMSProp", "Adam"):
        app.get_by_label(name, exact=True).check()
    seen = set()
    for name in NAMES.values():
        sign = app.locator(".bpkit-field-legend span").filter(has_text=re.compile(rf"^\s*{name}\s*$")).locator("path")
        label = app.locator(".bpkit-curve-label").get_by_text(name, exact=True)
        colors = {sign.evaluate("n => getComputedStyle(n).stroke"), label.evaluate("n => getComputedStyle(n).fill")}
        colors.add(
            app.locator(".bpkit-rules label", has_text=name).evaluate("n => getComputedStyle(n).borderBottomColor")
        )
        assert len(colors) == 1
        seen |= colors
    assert len(seen) == len(NAMES)


def test_a_cross_marks_the_lowest_point_if_it_is_in_the_picture(opened: Open, page: Page) -> None:
    for problem, seen in ((VALLEY, 1), (ARTICLE, 0)):
        app = opened(bp.apps.rules(problem))
        expect(app.locator(".bpkit-field-legend").get_by_text("lowest point")).to_have_count(seen)
        expect(app.locator(f"{LANDSCAPE} .bpkit-field-lowest:not([visibility=hidden])")).to_have_count(seen)


def test_the_goal_stands_larger_in_a_corner_and_a_click_there_chooses_the_start(opened: Open) -> None:
    app = opened(bp.apps.rules(ARTICLE))
    expect(app.locator(".bpkit-field-corner .bpkit-field")).to_be_hidden()  # its lowest point is beyond the border
    app = opened(bp.apps.rules(VALLEY))
    corner, frame = app.locator(".bpkit-field-corner .bpkit-field"), app.locator(".bpkit-field-zoomed").first
    expect(corner).to_be_visible()
    plot, cover = app.locator(".bpkit-field-plot").first, app.locator(".bpkit-field-cover").bounding_box()
    framed = float(frame.get_attribute("width") or 0), float(frame.get_attribute("height") or 0)
    assert framed == pytest.approx([float(plot.get_attribute(side) or 0) / 5 for side in ("width", "height")], rel=0.01)
    for label in plot.locator(".bpkit-field-labels text:not([visibility=hidden])").all():  # none is inside the frame
        box, other = label.bounding_box(), frame.bounding_box()
        assert box
        assert other
        assert not (
            other["x"] < box["x"] + box["width"] / 2 < other["x"] + other["width"]
            and other["y"] < box["y"] + box["height"] / 2 < other["y"] + other["height"]
        )
    size = corner.bounding_box()
    assert size
    assert cover
    assert size["x"] + size["width"] <= cover["x"] + cover["width"] + 1
    corner.click(position={"x": size["width"] / 2, "y": size["height"] / 2})
    for name, goal in (("w1", 1), ("w2", 2)):  # to half a step of the grid
        value = app.get_by_role("textbox", name=name, exact=True).input_value()
        assert float(value) == pytest.approx(goal, abs=0.06)


def test_decay_moves_a_second_mark_and_the_corner_follows_it(opened: Open) -> None:
    app = opened(bp.apps.rules(VALLEY))
    legend, marks = app.locator(".bpkit-field-legend"), app.locator(".bpkit-field-plot .bpkit-field-goal")
    expect(legend).not_to_contain_text("with decay")
    enter(app, "weight decay", 0.5)
    expect(legend).to_contain_text("lowest point with decay")
    twin = bp.apps.rules(VALLEY)
    twin.set(decay=0.5)
    [told] = re.findall(r"with decay \(diamond\) is at \w+ = (\S+), \w+ = (\S+)\.", repr(twin))
    label = app.locator(LANDSCAPE).get_attribute("aria-label") or ""
    assert f"with decay (diamond) is at w₂ = {told[0]}, w₁ = {told[1]}." in label
    [right, down] = map(float, re.findall(r"[\d.]+", marks.nth(1).get_attribute("transform") or "")[:2])
    corner = app.locator(".bpkit-field-corner .bpkit-field-plot")
    sides = [float(corner.get_attribute(side) or 0) for side in ("width", "height")]
    assert [right, down] == pytest.approx([side / 2 for side in sides], abs=0.1)
    cross = app.locator(f"{LANDSCAPE} .bpkit-field-lowest").bounding_box()
    assert cross
    for text in app.locator(f"{LANDSCAPE} .bpkit-field-labels text:not([visibility=hidden])").all():
        box = text.bounding_box()
        assert box
        assert max(abs(box[at] + box[size] / 2 - cross[at] - cross[size] / 2) for at, size in SIDES) > 8
    enter(app, "weight decay", 0)
    expect(legend).not_to_contain_text("with decay")


def test_the_corner_hides_nothing_of_what_it_shows(opened: Open) -> None:
    app = opened(bp.apps.rules(ARTICLE, x="w5", y="w7"))
    enter(app, "weight decay", 0.1)
    corner, frame = app.locator(".bpkit-field-corner .bpkit-field"), app.locator(".bpkit-field-zoomed").first
    expect(corner).to_be_visible()
    above, below = corner.bounding_box(), frame.bounding_box()
    assert above
    assert below
    assert above["y"] + above["height"] < below["y"]


def test_equal_first_steps_are_both_seen(opened: Open) -> None:
    app = opened(bp.apps.rules(VALLEY))
    enter(app, "updates", 1)
    under = app.locator(f"{LANDSCAPE} .bpkit-field-run-0 .bpkit-field-under")
    expect(under).to_have_attribute("d", re.compile(r"^M[\d.]+,[\d.]+L[\d.]+,[\d.]+$"))
    line = app.locator(f"{LANDSCAPE} .bpkit-field-run-1 .bpkit-field-edge")
    widths = [float(one.evaluate("n => parseFloat(getComputedStyle(n).strokeWidth)")) for one in (under, line)]
    assert widths[0] > widths[1] + 3


def test_the_mark_at_the_floor_is_explained_where_there_is_one(opened: Open) -> None:
    twin = bp.apps.rules(VALLEY)
    app = opened(twin)
    expect(app.locator(".bpkit-message")).to_contain_text("▼ marks where a loss falls below the picture.")
    enter(app, "updates", 5)
    expect(app.locator(".bpkit-message")).not_to_contain_text("▼")
    enter(app, "weight decay", 0.5)
    expect(app.locator(".bpkit-message")).to_contain_text("Over all 60 updates, none gets below 0.0522")
    twin.set(updates=5, decay=0.5)
    agrees(app, twin)


def test_the_landscape_has_no_colour_of_a_walk(opened: Open) -> None:
    app = opened(bp.apps.rules(VALLEY))
    corner = """node => {
      const {width, height} = node;
      return [...node.getContext("2d").getImageData(width - 1, 0, 1, 1).data].slice(0, 3);
    }"""
    red, green, blue = app.locator("canvas").first.evaluate(corner)
    assert max(red, green, blue) - min(red, green, blue) < 24


def test_play_walks_and_a_click_chooses_the_start(opened: Open) -> None:
    twin = bp.apps.rules(VALLEY)
    app = opened(twin)
    box = app.get_by_role("textbox", name="updates", exact=True)
    app.get_by_role("button", name="Stop, back to the start").click()
    expect(box).to_have_value("0")
    twin.set(updates=0)
    agrees(app, twin)
    play = app.get_by_role("button", name="Play or pause")
    play.click()
    expect(box).to_have_value(re.compile(r"^[3-9]$"))
    play.click()
    expect(play).to_have_text("▶ Play")
    cover = app.locator(".bpkit-field-cover")
    size = cover.bounding_box()
    assert size is not None
    cover.click(position={"x": size["width"] / 2, "y": size["height"] / 2})
    left, right, bottom, top = twin.window.ends
    label = app.locator(LANDSCAPE).get_attribute("aria-label") or ""
    w2, w1 = map(float, re.findall(r"from w₂ = ([-−\d.]+), w₁ = ([-−\d.]+) ", label.replace("−", "-"))[0])
    assert w2 == pytest.approx((left + right) / 2, abs=0.05)
    assert w1 == pytest.approx((bottom + top) / 2, abs=0.05)


def test_a_walk_that_leaves_the_numbers_is_said(opened: Open) -> None:
    twin = bp.apps.rules(VALLEY)
    app = opened(twin)
    enter(app, "learning rate", 1e9)
    twin.set(rate=1e9)
    expect(app.get_by_role("alert").and_(app.locator(".bpkit-message"))).to_have_text(twin.note(twin.state)[0])
    assert "has overflowed" in twin.note(twin.state)[0]
    for name in ("gradient descent", "momentum"):
        app.get_by_label(name, exact=True).uncheck()
    expect(app.locator(".bpkit-message")).to_have_text("Choose a rule.")


@pytest.mark.parametrize("width", [390, 900])
def test_it_fits(opened: Open, page: Page, width: int) -> None:
    app = opened(bp.apps.rules(VALLEY), width=width)
    expect(app.locator(".bpkit-curve-picture")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    if width > 800:  # everything that moves on one screen
        assert app.bounding_box()["height"] <= 620  # type: ignore[index]
