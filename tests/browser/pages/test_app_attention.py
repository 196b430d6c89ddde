"""The attention app as a saved page, with no kernel and no network: every box against the engine."""

from __future__ import annotations

import math
import random
import re

import pytest
from playwright.sync_api import Locator, Page, expect
from saved_pages import Open, enter

import bpkit as bp
from bpkit.show.attention_picture import layout, numbers_of

EXAMPLE = bp.examples.attention


def agrees(app: Locator, twin: bp.apps.attention) -> None:
    """Everything that the page shows is what the kernel knows."""
    values, placed = numbers_of(twin.state.problem), layout(twin.state.problem)
    said = (app.locator(".bpkit-attention").get_attribute("aria-label") or "").replace("−", "-")
    shown = dict(re.findall(r"(\S+) = (-?\d+(?:\.\d+)?(?:e[-+]\d+)?)", said))
    backs = {one.said[1]: str(one.back) for one in placed.boxes if one.back}
    names = {one.said[0]: one.name for one in placed.boxes} | (backs if twin.state.back else {})
    assert {*shown} == {*names}
    for name, number in shown.items():
        assert float(number) == pytest.approx(values[names[name]], rel=1e-5, abs=1e-12)
    drawn = app.locator(".bpkit-attention-box > text:nth-of-type(1)").all_text_contents()
    for text, box in zip(drawn, placed.boxes, strict=True):
        if "10" not in text:
            assert float(text.replace("−", "-")) == pytest.approx(values[box.name], rel=1e-2, abs=1e-3)
    expect(app.locator(".bpkit-message")).to_have_text(twin.note(twin.state)[0])


def test_every_box_is_the_engine_s(opened: Open) -> None:
    twin = bp.apps.attention(EXAMPLE)
    app, draw = opened(twin), random.Random(0)
    agrees(app, twin)
    names = [*EXAMPLE.problem.network.inputs, *EXAMPLE.problem.parameters]
    for turn in range(4):
        values = {name: round(draw.uniform(-2, 2), 2) for name in draw.sample(names, 4)}
        for name, value in values.items():
            enter(app, name, value)
        app.get_by_label("show the way back").set_checked(turn % 2 == 0)
        twin.set(**values, back=turn % 2 == 0)
        agrees(app, twin)
    enter(app, "Wq1_2_1", 3)
    twin.set(Wq1_2_1=3)
    agrees(app, twin)
    share = app.get_by_label("Share", exact=True).input_value()
    assert eval(share, {"bp": bp}) == twin.state.problem


def test_the_way_back_is_shown_when_it_is_asked_for(opened: Open) -> None:
    app = opened(bp.apps.attention(EXAMPLE))
    slopes = app.locator(".bpkit-attention-slope")
    assert set(slopes.all_text_contents()) == {""}
    app.get_by_label("show the way back").check()
    assert sum(bool(text) for text in slopes.all_text_contents()) == 24
    values = bp.evaluate(EXAMPLE.problem)
    share = app.locator(".bpkit-attention-is-share").nth(1).locator("title")  # a box has room for three digits
    expect(share).to_have_text(
        f"share(o1,2) = {values['share_o1_2']:.6g}, ∂E/∂share(o1,2) = {values['dE/dshare_o1_2']:.6g}".replace("-", "−")
    )
    box = app.locator(".bpkit-attention-is-share > text").nth(2)
    expect(box).to_have_text("0.67")
    app.get_by_label("Numbers").select_option("12 digits")
    expect(box).to_have_text("0.669762")
    enter(app, "Wq1_2_1", 3)
    app.get_by_label("Numbers").select_option("6 digits")
    expect(box).to_have_text("0.999898")  # nearly all of the other word, and not all
    expect(app.locator(".bpkit-attention-is-share > text").first).to_have_text("0.0001")
    assert all(
        one.evaluate("(node) => node.getBBox().width <= node.parentNode.querySelector('rect').getBBox().width")
        for one in app.locator(".bpkit-attention-box > text").all()
    )
    app.get_by_label("show the way back").uncheck()
    assert set(slopes.all_text_contents()) == {""}


def test_the_ways_of_one_word_are_lit(opened: Open) -> None:
    app = opened(bp.apps.attention(EXAMPLE, back=True))
    assert sum(bool(text) for text in app.locator(".bpkit-attention-slope").all_text_contents()) == 24
    dim = app.locator(".bpkit-attention-other")
    expect(dim).to_have_count(0)
    app.get_by_label("ways of").select_option(label="word 1")
    placed, values = layout(EXAMPLE.problem), numbers_of(EXAMPLE.problem)
    expect(dim).to_have_count(sum(one.of == 2 for one in (*placed.ways, *placed.boxes, *placed.labels)))
    whole = [one for one in placed.boxes if one.kind in "kv"]
    found = dict.fromkeys((one.name for one in whole), 0.0)
    for row, word in enumerate(("word 1", "word 2")):
        app.get_by_label("ways of").select_option(label=word)
        expect(app.locator(".bpkit-message")).to_contain_text(f"show the part of {word}.")
        texts = app.locator(".bpkit-attention-slope").all_text_contents()
        for one, text in zip(placed.boxes, texts, strict=True):
            if one in whole:
                part = sum(math.prod(values[name] for name in factors) for factors in one.parts[row])
                assert float(text.replace("−", "-")) == pytest.approx(part, rel=1e-2)
                found[one.name] += part
    assert found == pytest.approx({one.name: values[str(one.back)] for one in whole})


@pytest.mark.parametrize("width", [390, 900])
def test_it_fits(opened: Open, page: Page, width: int) -> None:
    app = opened(bp.apps.attention(EXAMPLE), width=width)
    expect(app.locator(".bpkit-attention")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    if width > 800:
        assert app.bounding_box()["height"] <= 640  # type: ignore[index]
