"""The cost app as a saved page, with no kernel and no network: its counts against the engine, its times as times."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Locator, Page, expect
from saved_pages import NODES, Open, enter, slide, where
from thorough import THOROUGH

import bpkit as bp
from bpkit.show.cost_picture import count

ARTICLE = bp.examples.article
TIME = re.compile(r"^[\d.]+ (µs|ms)$")


def cells(app: Locator) -> list[list[str]]:
    return [row.locator("th, td").all_inner_texts() for row in app.locator(".bpkit-texts tbody tr").all()]


@pytest.mark.parametrize(("width", "depth"), [(1, 1), (5, 2), (24, 3), *[(32, 2)] * THOROUGH])
def test_counts_and_words_are_the_engine_s(opened: Open, width: int, depth: int) -> None:
    twin = bp.apps.cost(ARTICLE)
    app = opened(twin)
    app.get_by_label("Picture in words").check()
    enter(app, "hidden layers", depth)
    enter(app, "neurons in each", width)
    twin.set(depth=depth, width=width)
    cost = count(twin.state.problem.network)
    expect(app.locator(".bpkit-words")).to_have_text(twin.words(twin.state))
    nudging, backward, gap = cells(app)
    assert nudging[:3] == ["nudging", f"{cost.runs:,} forward", f"{cost.nudging:,}"]
    assert backward[:3] == ["backpropagation", "1 forward, 1 backward", f"{cost.both:,}"]
    assert gap[:3] == ["nudging costs", "", f"{cost.times:.3g} times as much"]
    for value in (cost.nudging, cost.both):
        expect(app.locator(".bpkit-curve-label").get_by_text(f"{value:,}", exact=True)).to_be_visible()
    expect(app.locator(".bpkit-message")).to_contain_text(
        f"nudging as much as {cost.runs:,}. {twin.note(twin.state)[0]}".strip()
    )
    expect(app.get_by_label("Share")).to_have_value(twin.share)


def seconds(text: str) -> float:
    assert TIME.match(text)
    return float(text.split()[0]) * (1e-6 if text.endswith("µs") else 1e-3)


def test_times_are_measured_once_the_sliders_rest(opened: Open) -> None:
    app = opened(bp.apps.cost(ARTICLE))
    enter(app, "neurons in each", 16)
    enter(app, "hidden layers", 2)
    times = app.locator(".bpkit-texts tbody tr td:last-child")
    expect(times.nth(0)).to_have_text(TIME)
    nudging, backward, ratio = times.all_inner_texts()
    assert seconds(nudging) > 10 * seconds(backward)  # counted: 217 times as much
    assert seconds(nudging) / seconds(backward) == pytest.approx(float(ratio.split()[0]), rel=0.02)
    enter(app, "hidden layers", 1)
    expect(times.nth(0)).not_to_have_text(nudging)
    expect(times.nth(0)).to_have_text(TIME)
    enter(app, "hidden layers", 2)  # known: the same times again, at once
    expect(times.nth(0)).to_have_text(nudging)
    expect(times.nth(1)).to_have_text(backward)


def test_whatever_the_sliders_offer_is_shown(opened: Open) -> None:
    app = opened(bp.apps.cost(ARTICLE))
    width, depth = (app.get_by_role("slider", name=f"{name}, slider") for name in ("neurons in each", "hidden layers"))
    box = app.get_by_label("neurons in each", exact=True)
    width.press("End")
    expect(box).to_have_value("32")
    depth.press("End")
    expect(box).to_have_value("24")
    expect(app.locator(".bpkit-message")).to_contain_text(
        "With 3 hidden layers this app goes up to 24 neurons in each."
    )
    width.press("Home")
    expect(box).to_have_value("1")
    width.press("ArrowRight")
    expect(box).to_have_value("2")
    width.press("End")
    expect(box).to_have_value("24")
    enter(app, "neurons in each", 30)
    expect(app.locator(".bpkit-said:visible")).to_have_text("This box takes whole numbers from 1 to 24. I took 24.")
    expect(app.get_by_label("Share")).to_have_value(re.compile(r"bp\.Network\(2, 24, 24, 24, 2, "))
    depth.press("Home")
    expect(app.locator(".bpkit-message")).not_to_contain_text("goes up to")  # the slider has its new end
    width.press("End")
    expect(box).to_have_value("32")
    app.get_by_role("button", name="Reset").click()
    expect(box).to_have_value("2")


def test_layers_of_several_kinds_have_counts_and_no_times(opened: Open) -> None:
    mixed = bp.Network(2, 4, 4, 1, activation=["tanh", "relu", "sigmoid"])
    app = opened(bp.apps.cost(bp.Problem(mixed, dict.fromkeys(mixed.parameters, 0.1), [1, 2], [0])))
    expect(app.locator(".bpkit-texts tbody tr").first).to_contain_text(f"{count(mixed).nudging:,}")
    expect(app.locator(".bpkit-texts tbody td:last-child").first).to_have_text("–")


@pytest.mark.parametrize("size", [900, 390])
def test_nothing_is_left_behind_and_all_is_in_sight(opened: Open, page: Page, size: int) -> None:
    app = opened(bp.apps.cost(ARTICLE), size)
    width, counts, places = app.get_by_role("slider", name="neurons in each, slider"), set(), set()
    for turn in range(3):
        seen = slide(width, range(1, 33), f"[{NODES}, {where('.bpkit-curve')} + {where('.bpkit-bar')}]")
        expect(app.get_by_label("neurons in each", exact=True)).to_have_value("32")
        counts.add(seen[-1][0])
        places |= {one for _, one in seen if turn and size == 900}
    assert len(counts) == 1
    assert len(places) <= 1
    assert page.evaluate("document.documentElement.scrollWidth") <= size
    if size == 900:
        assert app.bounding_box()["height"] <= 620  # type: ignore[index]
