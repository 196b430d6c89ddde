"""The classes app as a saved page: its bars and its sentences are those of the kernel's half."""

from __future__ import annotations

from playwright.sync_api import expect
from saved_pages import Open, enter

import bpkit as bp


def test_bars_and_words_are_the_kernels_halfs(opened: Open) -> None:
    twin = bp.apps.classes()
    app = opened(twin)
    app.get_by_label("Picture in words").check()
    names = {"o1": "o1 (unripe)", "o2": "o2 (ripe)", "o3": "o3 (rotten)"}
    for nets, true in (((1, 2, 0), "o2"), ((-3, 2.5, 0.5), "o1"), ((4, 4, -5), "o3")):
        for name, net in zip(names.values(), nets):
            enter(app, f"net of {name}", net)
        app.get_by_label("true class", exact=True).select_option(names[true])
        twin.set(**dict(zip(("w1", "w2", "w3"), nets)), true=true)
        expect(app.locator(".bpkit-message")).to_have_text(twin.note(twin.state)[0])
        expect(app.locator(".bpkit-words")).to_have_text(twin.words(twin.state))
        assert eval(app.get_by_role("textbox", name="Share").input_value(), {"bp": bp}) == twin.state.problem
        expect(app.locator(".bpkit-bars-true").filter(has_text="true class")).to_have_count(1)


def test_the_longest_bar_of_shares_is_the_largest_share(opened: Open) -> None:
    app = opened(bp.apps.classes())
    wide = app.locator(".bpkit-bar-share").evaluate_all("bars => bars.map(bar => Number(bar.getAttribute('width')))")
    assert wide.index(max(wide)) == 1
    enter(app, "net of o1 (unripe)", 5)
    wide = app.locator(".bpkit-bar-share").evaluate_all("bars => bars.map(bar => Number(bar.getAttribute('width')))")
    assert wide.index(max(wide)) == 0
