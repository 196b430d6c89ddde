"""The chain app, also called paths, as a saved page with no kernel and no network: its numbers against the engine."""

from __future__ import annotations

import re

import numpy as np
import pytest
from playwright.sync_api import Locator, Page, expect
from saved_pages import Open, enter

import bpkit as bp
from bpkit.core.spelling import minus

ARTICLE = bp.examples.article
NETWORK = ARTICLE.problem.network


def agrees(app: Locator, twin: bp.apps.chain) -> None:
    """The page shows what the kernel has: each product, the sum, the new value, the nudge, what is lit."""
    state = twin.state
    rows = app.locator(".bpkit-products tbody tr")
    expect(rows).to_have_count(len(state.ways) + (len(state.ways) > 1))
    for row, way in zip(rows.all(), state.ways):
        expect(row).to_contain_text(minus(f"= {way.product + 0:.6g}"))
    expect(rows.last).to_contain_text(minus(f"= {state.derivative + 0:.6g}"))
    words = app.locator(".bpkit-words")
    expect(words).to_contain_text(twin._check(state))
    expect(words).to_contain_text(twin._lit_words(state))
    new = bp.evaluate(state.problem)[f"{state.parameter}_new"]
    expect(app.locator(".bpkit-line-result").last).to_have_text(minus(f"= {new:.6g}"))
    expect(words).to_contain_text(f"Lit: {', '.join(state.highlight)}.")


def test_every_parameter_and_path_at_drawn_values(opened: Open) -> None:
    twin, draw = bp.apps.chain(ARTICLE), np.random.default_rng(5)
    app = opened(twin)
    app.get_by_label("Picture in words").check()
    for parameter in NETWORK.parameters:
        values = {name: round(float(draw.normal()), 3) for name in (parameter, "w5", "b2")}
        twin.set(parameter=parameter, path=0, **values)
        app.get_by_label("parameter").select_option(parameter)
        enter(app, "path (0: all)", 0)
        for name, value in values.items():
            enter(app, name, value)
        agrees(app, twin)
    twin.set(parameter="b1", rate=3)
    app.get_by_label("parameter").select_option("b1")
    enter(app, "learning rate", 3)
    for path in range(1, 5):
        twin.path.value = path
        enter(app, "path (0: all)", path)
        agrees(app, twin)
    share = app.get_by_label("Share").input_value()
    assert eval(share, {"bp": bp}) == twin.state.problem


@pytest.mark.parametrize(
    ("sizes", "activation", "loss", "bias"),
    [
        ((2, 3, 3), ["tanh", "softmax"], "cross_entropy", "neuron"),
        ((2, 4, 4, 1), "softplus", "half_squared_error", "layer"),
    ],
)
def test_other_networks(opened: Open, sizes: tuple[int, ...], activation: object, loss: str, bias: str) -> None:
    network, draw = bp.Network(*sizes, activation=activation, loss=loss, bias=bias), np.random.default_rng(2)
    parameters = {name: round(float(draw.normal()), 3) for name in network.parameters}
    problem = bp.Problem(network, parameters, [1, -0.5], [1, 0, 0][: sizes[-1]], update=bp.updates.Adam())
    twin = bp.apps.paths(problem)
    app = opened(twin)
    app.get_by_label("Picture in words").check()
    for parameter in ("w1", [*network.weights][-1], network.parameters[-1]):
        twin.parameter.value = parameter
        app.get_by_label("parameter").select_option(parameter)
        agrees(app, twin)
        note, _ = twin.note(twin.state)
        expect(app.locator(".bpkit-message")).to_have_text(note)


def test_a_weight_is_chosen_on_the_picture_by_pointer_and_by_key(opened: Open) -> None:
    app = opened(bp.apps.chain(ARTICLE))
    choice, plate = app.get_by_label("parameter"), lambda name: app.get_by_role("button", name=f"choose {name}")
    plate("w6").click()
    expect(choice).to_have_value("w6")
    plate("w1").focus()
    plate("w1").press("Enter")
    expect(choice).to_have_value("w1")
    expect(plate("w1")).to_have_attribute("aria-pressed", "true")
    expect(plate("w6")).to_have_attribute("aria-pressed", "false")
    plate("b1").press("Space")
    expect(choice).to_have_value("b1")


def test_a_path_is_lit_alone_and_its_factors_are_marked_where_they_live(opened: Open) -> None:
    app, numbers = opened(bp.apps.paths(ARTICLE)), bp.evaluate(ARTICLE.problem)
    marks = app.locator(".bpkit-factor-mark:visible")
    expect(marks).to_have_count(0)
    expect(app.locator(".bpkit-factor-lines")).to_be_hidden()
    button = app.get_by_role("button", name=re.compile("path 2"))
    button.click()
    expect(app.get_by_role("textbox", name="path (0: all)")).to_have_value("2")
    expect(button).to_have_attribute("aria-pressed", "true")
    factors = ["dE_total/dout_o2", "dout_o2/dnet_o2", "dnet_o2/dout_h1", "dout_h1/dnet_h1", "dnet_h1/dw1"]
    texts = ["∂E/∂out", "∂out/∂net", "∂net/∂out", "∂out/∂net", "∂net/∂w₁"]
    expect(marks).to_have_text([f"{text}={numbers[name]:.4g}" for text, name in zip(texts, factors)])
    results = app.locator(".bpkit-factor-lines .bpkit-line-result b")
    expect(results).to_have_text([minus(f"{numbers[name]:.6g}") for name in factors])
    colour = "node => getComputedStyle(node).getPropertyValue('--mark')"
    in_formula = [one.evaluate(colour) for one in app.locator(".bpkit-line-lit .bpkit-factors > span").all()]
    assert in_formula == [one.evaluate(colour) for one in marks.all()]
    assert len(set(in_formula)) == 5
    button.click()
    expect(app.get_by_role("textbox", name="path (0: all)")).to_have_value("0")
    expect(marks).to_have_count(0)


def test_a_path_that_a_parameter_does_not_have_is_its_last(opened: Open) -> None:
    app = opened(bp.apps.paths(ARTICLE))
    app.get_by_label("parameter").select_option("b1")
    enter(app, "path (0: all)", 4)
    app.get_by_label("parameter").select_option("w5")
    expect(app.get_by_role("textbox", name="path (0: all)")).to_have_value("1")


def test_a_nudge_says_when_it_shows_nothing_and_when_it_disagrees(opened: Open) -> None:
    app = opened(bp.apps.chain(ARTICLE))
    app.get_by_label("parameter").select_option("w1")
    enter(app, "b1", 18)
    expect(app.locator(".bpkit-nudge")).to_contain_text("mostly rounding, and cannot show whether they agree.")
    network = bp.Network(1, 1, activation="relu", bias="none")
    app = opened(bp.apps.chain(bp.Problem(network, {"w1": 0.0}, [1.0], [1.0])))
    expect(app.locator(".bpkit-nudge")).to_contain_text("the derivative is 0: they do not agree.")


def test_moves_leave_nothing_behind_and_all_is_in_sight(opened: Open, page: Page) -> None:
    app = opened(bp.apps.chain(ARTICLE))
    slider, count = app.get_by_role("slider", name="w5, slider"), "document.querySelectorAll('*').length"
    result = app.locator(".bpkit-products b").last
    before = {}
    for turn in range(3):
        for parameter, path in (("w5", 0), ("b1", 0), ("b1", 3), ("w1", 1)):
            app.get_by_label("parameter").select_option(parameter)
            enter(app, "path (0: all)", path)
            for value in np.linspace(-3, 3, 20):
                slider.fill(f"{value:.2f}")
            slope = bp.evaluate(ARTICLE.problem.replace(w5=3))[f"dE/d{parameter}"]
            expect(result).to_have_text(f"{slope:.6g}")
            if turn:
                assert before.setdefault((parameter, path), page.evaluate(count)) == page.evaluate(count)
            height = app.bounding_box()["height"]  # type: ignore[index]
            assert height <= 620, (parameter, path, height)
    assert page.evaluate("document.documentElement.scrollWidth") <= 900
    page.set_viewport_size({"width": 390, "height": 620})
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
