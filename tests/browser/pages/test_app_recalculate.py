"""The printed forward pass as a saved page: what it says of a calculation is what the kernel says."""

from __future__ import annotations

from playwright.sync_api import Page, expect
from saved_pages import Open

import bpkit as bp

ARTICLE = bp.examples.article
TYPED = {
    "net_h1": "0.25*0.1 + 0.15*0.2 + 0.45",
    "net_h2": "0,541",
    "out_h1": "1/(1+exp(-0.505))",
    "out_h2": "0.63",
    "net_o1": "0.35*0.623633 + 0.20*0.632045 + 0.5",
    "net_o2": "0.4+",
    "out_o1": "-0.7",
    "out_o2": "1/(1+exp(-1.0334528))",
}


def test_every_box_says_what_the_kernel_says(opened: Open, page: Page) -> None:
    twin = bp.apps.recalculate(ARTICLE)
    app = opened(twin)
    twin.set(**TYPED)
    boxes, told = app.locator("input"), app.locator(".bpkit-recalc-told")
    expect(told).to_have_text([""] * 8)
    for box, typed in zip(boxes.all(), TYPED.values()):
        box.fill(typed)
    expect(told).to_have_text([row.told for row in twin.state.rows])
    assert [one.get_attribute("data-off") for one in told.all()] == [
        "false", "false", "false", "true", "true", None, None, "true"
    ]  # fmt: skip
    expect(app.get_by_label("net(o1)")).to_have_value(TYPED["net_o1"])
    more = {
        "net_h1": "0.25*0.1 + 0.15*0.2",
        "net_h2": "0.35*0.1 + 0.28*0.2 + 0.5",
        "out_h1": "1/(1+e^0.505)",
        "out_h2": "1/(1+exp(-0.541)",
        "net_o1": "0.35*0.623633+0.2*0.632045+0.45",
        "net_o2": "0.45(0.6)",
        "out_o1": "1/(1+ex",
        "out_o2": "1/(1+e^(-1.0334528))",
    }
    twin.set(**more)
    for box, typed in zip(boxes.all(), more.values()):
        box.fill(typed)
    expect(told).to_have_text([row.told for row in twin.state.rows])
    for width in (900, 390):
        page.set_viewport_size({"width": width, "height": 700})
        assert page.evaluate("document.documentElement.scrollWidth") <= width
