"""The stepper as a saved page, with no kernel and no network: its lines and numbers against the engine."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Locator, Page, expect
from saved_pages import NODES, Open, enter, slide, where

import bpkit as bp
from bpkit.apps.stepper import phase_of
from bpkit.mistakes.typed_number import read

ARTICLE = bp.examples.article


def place(app: Locator) -> Locator:
    return app.locator(".bpkit-card > b")


def result(app: Locator) -> Locator:
    return app.locator(".bpkit-line-lit .bpkit-line-result b")


def test_next_and_back_walk_through_every_line_and_on_into_the_next_update(opened: Open) -> None:
    app = opened(bp.apps.stepper(ARTICLE))
    after, back = app.locator(".bpkit-walk button").last, app.get_by_role("button", name="◂ Back")
    expect(back).to_be_disabled()
    for line in range(2, 68):
        after.click()
        expect(place(app)).to_contain_text(f"line {line} of 67")
    expect(after).to_have_text("Next update ▸")
    after.press("Enter")
    expect(place(app)).to_have_text("After 1 update, forward phase, line 1 of 67")
    expect(after).to_have_text("Next ▸")
    net = bp.evaluate(ARTICLE.problem.updated(1))["net_h1"]
    expect(app.get_by_text(f"net {net:.6g}")).to_be_visible()
    expect(app.get_by_label("Share")).to_have_value("bp.examples.article.problem.updated(1)")
    back.click()
    expect(place(app)).to_have_text("After 0 updates, update phase, line 67 of 67")


@pytest.mark.parametrize(
    "problem",
    [
        ARTICLE.problem.replace(update=bp.updates.Adam(), train_biases=True),
        bp.Problem(
            bp.Network(2, 3, 2, activation=["tanh", "softmax"], loss="cross_entropy", bias="neuron"),
            {n: 0.3 - 0.1 * k for k, n in enumerate(bp.Network(2, 3, 2, bias="neuron").parameters)},
            [1, -0.5],
            [1, 0],
        ),
    ],
)
def test_every_line_has_the_engine_s_number(opened: Open, problem: bp.Problem) -> None:
    twin = bp.apps.stepper(problem)
    app = opened(twin)
    enter(app, "learning rate", 0.3)
    enter(app, "updates done", 2)
    rows = bp.derive(problem).at(problem.replace(learning_rate=0.3).updated(2))
    for step in rows.lines.steps[::7]:
        enter(app, "line", step.number)
        expect(place(app)).to_have_text(
            f"After 2 updates, {phase_of(step)} phase, line {step.number} of {len(rows.lines)}"
        )
        first, *less = [read(part).value for part in result(app).inner_text().split(" − ")]  # 1 − 2.5·10⁻⁹
        value = first - sum(less)
        assert value == pytest.approx(rows.numbers[step.name], rel=1e-5, abs=1e-12)
        used = app.locator(".bpkit-card tbody tr:not(.bpkit-line-lit) .bpkit-line-number")
        assert [int(text.strip("()")) for text in used.all_inner_texts()] == [*step.uses]


def test_the_gradient_travels_back_on_the_picture_and_new_weights_come_last(opened: Open) -> None:
    app, rows = opened(bp.apps.stepper(ARTICLE)), bp.evaluate(ARTICLE.problem)
    picture = app.locator(".bpkit-net-picture")
    plate = lambda name: picture.locator(".bpkit-net-plate").filter(has_text=re.compile(f"^{name}[ =]"))
    enter(app, "line", 23)
    expect(picture).to_have_attribute("data-phase", "backward")
    expect(picture.get_by_text(f"δ = {rows['dE_total/dnet_o1']:.6g}")).to_be_visible()
    expect(plate("w5")).to_have_text(f"w5 ← {rows['dE_total/dw5']:.4g}")  # instead of its value: the ways stay in sight
    expect(plate("w6")).not_to_contain_text("←")  # its line comes later
    enter(app, "line", 62)
    expect(plate("w5")).to_contain_text(f"→ {rows['w5_new']:.4g}")
    expect(plate("w6")).not_to_contain_text("→")
    expect(picture.get_by_text("δ =")).to_have_count(0)
    app.get_by_role("button", name="1 forward").click()
    expect(picture).to_have_attribute("data-phase", "forward")
    expect(picture.get_by_text(re.compile(r"net \d"))).to_have_count(1)
    expect(picture.locator(".bpkit-net-end text")).to_be_empty()  # the loss


def test_words_reasons_and_used_lines(opened: Open) -> None:
    app = opened(bp.apps.stepper(ARTICLE))
    app.get_by_label("Picture in words").check()
    app.get_by_role("button", name="4 update").click()
    enter(app, "line", 62)
    slope = bp.evaluate(ARTICLE.problem)["dE_total/dw5"]
    words = app.locator(".bpkit-words")
    expect(words).to_contain_text("After 0 updates, update phase, line 62 of 67: new w₅ = 0.35 − 0.5 · ")
    expect(words).to_contain_text(f"{slope:.6g} = {0.35 - 0.5 * slope:.6g}. Why: gradient descent moves w₅ against")
    expect(words).to_contain_text("Lit: w5_new, dE_total/dw5, w5. After the update")
    app.get_by_role("button", name="(23)").click()  # a line that is used leads to itself
    expect(place(app)).to_have_text("After 0 updates, backward phase, line 23 of 67")
    expect(app.locator(".bpkit-card").get_by_text("Why: chain rule for w₅")).to_be_visible()


def test_a_learning_rate_that_fails_is_stated(opened: Open) -> None:
    wild = bp.Problem(bp.Network(1, 1, activation="identity"), {"w1": 1, "b1": 0}, [100], [3], learning_rate=0.01)
    twin = bp.apps.stepper(wild)
    app = opened(twin)
    enter(app, "learning rate", 100)
    expect(app.locator(".bpkit-message")).to_be_empty()
    enter(app, "updates done", 90)
    twin.set(rate=100, update=90)
    expect(app.get_by_role("alert").and_(app.locator(".bpkit-message"))).to_have_text(twin.note(twin.state)[0])
    expect(place(app)).to_contain_text(f"After {twin.state.update} updates")
    enter(app, "line", len(wild.derivation))
    expect(app.get_by_role("button", name="Next update ▸")).to_be_disabled()
    enter(app, "learning rate", 0.0001)
    expect(app.locator(".bpkit-message")).to_be_empty()
    expect(place(app)).to_contain_text("After 90 updates")


def test_nothing_jumps_nothing_is_left_behind_and_all_is_in_sight(opened: Open, page: Page) -> None:
    app = opened(bp.apps.stepper(ARTICLE))
    slider = app.get_by_role("slider", name="line, slider")
    counts, places = set(), set()
    for turn in range(3):
        seen = slide(slider, range(1, 68), f"[{NODES}, {where('.bpkit-net')} + {where('.bpkit-bar')}]")
        expect(place(app)).to_contain_text("line 67 of 67")
        counts.add(seen[-1][0])
        places |= {one for _, one in seen if turn}
    assert len(counts) == 1
    assert len(places) == 1
    assert page.evaluate("document.documentElement.scrollWidth") <= 900
    assert app.bounding_box()["height"] <= 620  # type: ignore[index]


def test_on_a_phone_what_is_lit_is_in_sight(opened: Open, page: Page) -> None:
    app = opened(bp.apps.stepper(ARTICLE), width=390)
    enter(app, "line", 19)
    expect(place(app)).to_contain_text("line 19 of 67")
    output = app.locator(".bpkit-net-neuron.is-lit").bounding_box()
    assert output is not None
    assert 0 <= output["x"] <= output["x"] + output["width"] <= 390
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
