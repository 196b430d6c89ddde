"""The shapes app as a saved page: its boxes have the sides that their counts ask for, its words are the kernel's."""

from __future__ import annotations

from playwright.sync_api import Page, expect
from saved_pages import Open, enter

import bpkit as bp

NETWORK = bp.Network(2, 8, 1, activation=["tanh", "sigmoid"], loss="binary_cross_entropy", bias="neuron")
MOONS = bp.examples.data_set("moons", 100).problem(NETWORK, seed=0)


def test_words_note_and_share_are_the_kernels_halfs(opened: Open) -> None:
    twin = bp.apps.shapes(MOONS)
    app = opened(twin)
    app.get_by_label("Picture in words").check()
    for values in ({}, {"n": 1, "l1": 3}, {"n": 200, "l0": 5, "l2": 4}):
        for name, value in values.items():
            enter(app, twin.setting[name].label, value)
        twin.set(**values)
        expect(app.locator(".bpkit-message")).to_have_text(twin.note(twin.state)[0])
        expect(app.locator(".bpkit-words")).to_have_text(twin.words(twin.state))
        expect(app.get_by_label("Share")).to_have_value(twin.share)


def test_more_points_make_the_boxes_with_rows_for_points_higher_and_no_others(opened: Open) -> None:
    app = opened(bp.apps.shapes(MOONS))
    measure = "boxes => boxes.map(box => box.getBoundingClientRect().height)"
    areas = app.locator(".bpkit-boxes-row").first.locator(".bpkit-box-area")  # net = out W + b
    before = areas.evaluate_all(measure)
    enter(app, "points (n)", 200)
    after = areas.evaluate_all(measure)
    assert [new > old for old, new in zip(before, after)] == [True, True, False, False]
    assert before[2:] == after[2:]


def test_it_fits_a_screen_and_a_phone(opened: Open, page: Page) -> None:
    app = opened(bp.apps.shapes(MOONS), width=960)
    assert app.evaluate("app => app.getBoundingClientRect().height") < 660
    page.set_viewport_size({"width": 390, "height": 700})
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
