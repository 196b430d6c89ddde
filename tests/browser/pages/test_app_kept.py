"""The kept app as a saved page: its words, note and share are the kernel's, and its stairs rise with the points."""

from __future__ import annotations

from playwright.sync_api import Page, expect
from saved_pages import Open, enter

import bpkit as bp

MOONS = bp.examples.data_set("moons").problem(bp.Network(2, 8, 8, 1, bias="neuron"), seed=0)


def test_words_note_and_share_are_the_kernels_halfs(opened: Open) -> None:
    twin = bp.apps.kept(MOONS)
    app = opened(twin)
    app.get_by_label("Picture in words").check()
    for values in ({}, {"points": 1, "layers": 1}, {"points": 350, "layers": 3}):
        for name, value in values.items():
            enter(app, twin.setting[name].label, value)
        for kind in ("sigmoid", "relu"):
            app.get_by_role("combobox", name="hidden neurons").select_option({"relu": "ReLU"}.get(kind, kind))
            twin.set(**values, activation=kind)
            expect(app.locator(".bpkit-message")).to_have_text(twin.note(twin.state)[0])
            expect(app.locator(".bpkit-words")).to_have_text(twin.words(twin.state))
            expect(app.get_by_label("Share")).to_have_value(twin.share)


def test_more_points_make_higher_stairs_and_another_activation_more_bars_that_wait(opened: Open) -> None:
    app = opened(bp.apps.kept(MOONS))
    high = "(steps) => Math.max(...steps.map((one) => one.height.baseVal.value))"
    steps = app.locator(".bpkit-kept rect:not([rx])")
    before = steps.evaluate_all(high)
    enter(app, "points", 100)
    assert abs(steps.evaluate_all(high) - before / 2) < 0.2
    blue = app.locator(".bpkit-kept rect[rx='9'][fill='var(--low)']")
    expect(blue).to_have_count(4)
    app.get_by_role("combobox", name="hidden neurons").select_option("ReLU")
    expect(blue).to_have_count(6)


def test_it_fits_a_screen_and_a_phone(opened: Open, page: Page) -> None:
    app = opened(bp.apps.kept(MOONS), width=960)
    assert app.evaluate("app => app.getBoundingClientRect().height") < 660
    page.set_viewport_size({"width": 390, "height": 700})
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
