"""The variety app as a saved page: the same lines are marked as changed as in the kernel's half."""

from __future__ import annotations

from playwright.sync_api import Page, expect
from saved_pages import Open, enter

import bpkit as bp


def test_what_is_marked_is_what_the_kernels_half_finds(opened: Open) -> None:
    twin = bp.apps.variety()
    app = opened(twin)
    for values in ({"hidden": 4}, {"outputs": 1}, {"activation": "tanh"}, {"pair": "sigmoid binary_cross_entropy"},
                   {"pair": "softmax cross_entropy"}, {"hidden": 1, "activation": "relu"}):  # fmt: skip
        for name, value in values.items():
            if name in ("hidden", "outputs"):
                enter(app, twin.setting[name].label, value)
            else:
                label = next(label for label, one in twin.setting[name].options if one == value)
                app.get_by_label(twin.setting[name].label, exact=True).select_option(label=label)
        twin.set(**values)
        expect(app.locator(".bpkit-message")).to_have_text(twin.note(twin.state)[0])
        marked = [words for words, *_, cause in twin.state.rows if cause]
        expect(app.locator("tr.is-changed th")).to_have_text(marked)
        causes = [cause for *_, cause in twin.state.rows if cause]
        expect(app.locator("tr.is-changed .bpkit-variety-mark")).to_have_text(causes)
        expect(app.get_by_label("Share")).to_have_value(twin.share)


def test_the_picture_has_the_neurons_that_are_chosen_and_it_fits(opened: Open, page: Page) -> None:
    app = opened(bp.apps.variety(), width=960)
    expect(app.locator(".bpkit-variety circle").locator("visible=true")).to_have_count(2 + 2 + 2 + 1)
    enter(app, "hidden neurons", 4)
    expect(app.locator(".bpkit-variety circle").locator("visible=true")).to_have_count(2 + 4 + 2 + 1)
    assert app.evaluate("app => app.getBoundingClientRect().height") < 660
    page.set_viewport_size({"width": 390, "height": 700})
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
