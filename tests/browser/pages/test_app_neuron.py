"""The neuron app as a saved page, with no kernel and no network: curve, point and lines against the engine."""

from __future__ import annotations

import random
import re
from typing import Any

import numpy as np
import pytest
import sympy as sp
from playwright.sync_api import Locator, Page, expect
from saved_pages import NODES, Open, enter, slide

import bpkit as bp
from bpkit.core.functions import HIDDEN
from bpkit.core.spelling import readable
from bpkit.show.activations_picture import profile

NEURON = bp.Problem(bp.Network(1, 1), {"w1": 1.5, "b1": -0.5}, inputs=[1.0], targets=[1.0])
ARTICLE = bp.examples.article


def picture(app: Locator) -> Locator:
    return app.locator(".bpkit-curve-picture")


def results(app: Locator) -> list[str]:
    """What the lines give: net, out, slope."""
    return app.locator(".bpkit-line-result b").all_inner_texts()


def choose(app: Locator, value: int) -> None:
    app.get_by_label("activation", exact=True).select_option(index=value)


def numbers(app: Locator) -> list[float]:
    return [float(text.replace("−", "-")) for text in results(app)]


def agrees(app: Locator, twin: bp.apps.neuron) -> None:
    """Everything that the page shows is what the kernel knows."""
    here = twin.state.here
    said = picture(app)
    if here.inside:
        expect(said).to_have_attribute("aria-label", _holds(f"Shown: net {here.net:.6g}, out {here.out:.6g}."))
        expect(said).to_have_attribute("aria-label", _holds(f"at net {here.net:.6g} is {here.slope:.6g}."))
    assert numbers(app) == pytest.approx([here.net, here.out, here.slope], rel=1e-5)
    expect(app.locator(".bpkit-message")).to_have_text(twin.note(twin.state)[0])
    share = app.get_by_label("Share").input_value()
    assert eval(share, {"bp": bp}) == twin.state.problem


def _holds(text: str) -> re.Pattern[str]:
    return re.compile(re.escape(text))


@pytest.mark.parametrize("problem", [NEURON, ARTICLE], ids=["lesson", "article"])
def test_point_slope_and_lines_are_the_engine_s_for_every_activation(opened: Open, problem: Any) -> None:
    twin = bp.apps.neuron(problem)
    app, draw = opened(twin), random.Random(3)
    agrees(app, twin)
    numbers = [name for name in twin.setting if name[0] in "xwb"]
    for place, name in enumerate(twin.activation.options):
        choose(app, place)
        values = {one: round(draw.uniform(-2, 2), 2) for one in numbers}
        for label, value in values.items():
            enter(app, label, value)
        twin.set(activation=name, **values)
        agrees(app, twin)


def test_the_terms_of_the_net_input_are_arrows_that_add_up(opened: Open) -> None:
    lamp = bp.Problem(bp.Network(2, 1), {"w1": 2, "w2": 1, "b1": -1.4}, [0.9, 0.6], [0.95])
    app = opened(bp.apps.neuron(lamp))
    for text in ("w₁ · x₁ = 1.8", "w₂ · x₂ = 0.6", "b₁ = −1.4"):
        expect(picture(app).get_by_text(text, exact=True)).to_be_visible()

    def hops() -> list[tuple[float, float]]:
        paths = [one.get_attribute("d") or "" for one in app.locator(".bpkit-curve-hop").all()]
        found = [re.match(r"M([\d.]+) .*H([\d.]+)m", path) for path in paths]
        return [(float(one[1]), float(one[2])) for one in found if one]

    first, second, third = hops()
    assert (first[1], second[1]) == (second[0], third[0])
    unit = (first[1] - first[0]) / 1.8
    assert second[1] - second[0] == pytest.approx(0.6 * unit, abs=0.2)
    assert third[1] - third[0] == pytest.approx(-1.4 * unit, abs=0.2)
    enter(app, "x1", 0.1)
    assert hops()[0][1] - hops()[0][0] == pytest.approx(0.2 * unit, abs=0.2)
    assert hops()[2][1] < hops()[0][0]  # a net input below 0
    expect(app.locator(".bpkit-lamp")).to_be_visible()
    choose(app, HIDDEN.index("tanh"))
    expect(app.locator(".bpkit-lamp")).to_be_hidden()  # a brightness is between 0 and 1
    expect(app.get_by_text("No lamp: out need not be between 0 and 1.")).to_be_visible()


def test_the_triangle_has_a_run_of_1_as_in_the_lesson_before(opened: Open) -> None:
    app = opened(bp.apps.neuron(NEURON))
    slope = bp.evaluate(NEURON)["out_o1"] * (1 - bp.evaluate(NEURON)["out_o1"])
    for said in ("run 1", f"rise {slope:.3g}"):
        expect(picture(app).get_by_text(said, exact=True)).to_be_visible()


def test_the_tomato_is_as_red_and_as_soft_as_the_inputs_say(opened: Open) -> None:
    lamp = bp.Problem(bp.Network(2, 1), {"w1": 2, "w2": 1, "b1": -1.4}, [0.9, 0.6], [0.95])
    assert opened(bp.apps.neuron(lamp)).locator(".bpkit-tomato").count() == 0
    app = opened(bp.apps.neuron(lamp, tomato=True))
    tomato = app.locator(".bpkit-tomato")
    red = tomato.evaluate("node => getComputedStyle(node).backgroundColor")
    tall = tomato.bounding_box()["height"]  # type: ignore[index]
    enter(app, "x1", 0.1)
    enter(app, "x2", 0)
    looks = "node => ['--red', '--soft'].map((one) => Number(node.style.getPropertyValue(one)))"
    assert tomato.evaluate(looks) == [0.1, 0]
    assert tomato.evaluate("node => getComputedStyle(node).backgroundColor") != red
    assert tomato.bounding_box()["height"] > tall  # type: ignore[index]


@pytest.mark.parametrize("name", HIDDEN)
def test_the_curves_are_the_engine_s(opened: Open, name: str) -> None:
    twin = bp.apps.neuron(NEURON)
    app = opened(twin)
    choose(app, HIDDEN.index(name))
    marks = profile(name, (-2, 0, 2))
    for label, heights in (("out", marks.out), ("slope", marks.slope)):
        values = ", ".join(f"{y + 0.0:.6g} at net {x:g}" for x, y in zip(marks.net, heights, strict=True))
        expect(picture(app)).to_have_attribute("aria-label", _holds(f"{label}: {values}."))


def test_an_activation_of_one_s_own(opened: Open) -> None:
    z = sp.Symbol("z")
    swish = bp.Activation("swish", z / (1 + sp.exp(-z)))
    problem = bp.Problem(bp.Network(1, 1, activation=swish), {"w1": 2.0, "b1": 0.0}, [1.0], [1.0])
    twin = bp.apps.neuron(problem)
    app = opened(twin)
    here = twin.state.here
    assert numbers(app) == pytest.approx([here.net, here.out, here.slope], rel=1e-5)
    choose(app, HIDDEN.index("tanh"))
    twin.set(activation="tanh")
    agrees(app, twin)


@pytest.mark.parametrize(("net", "activation"), [(7.9, "tanh"), (20, "sigmoid"), (-40, "tanh"), (800, "sigmoid")])
def test_no_output_becomes_1_by_rounding(opened: Open, net: float, activation: str) -> None:
    twin = bp.apps.neuron(NEURON.replace(w1=net, b1=0))
    app = opened(twin)
    choose(app, HIDDEN.index(activation))
    twin.set(activation=activation)
    out = results(app)[1]
    assert re.fullmatch(r"1 − \d.*·10⁻\S+|−1 \+ \d.*·10⁻\S+", out)
    assert readable(twin.words(twin.state).split("; ")[1]).endswith(out)
    expect(picture(app)).not_to_have_attribute("aria-label", re.compile(r"(out|at net [\d.-]+:) 1\b(?! -)"))
    expect(app.locator(".bpkit-message")).to_have_text(twin.note(twin.state)[0])


def test_the_picture_stays_where_it_is_and_keeps_its_nodes(opened: Open, page: Page) -> None:
    app = opened(bp.apps.neuron(ARTICLE))
    slider = app.get_by_role("slider", name="w1, slider")
    counts, places = set(), set()
    for turn in range(3):
        for place in range(len(HIDDEN)):
            choose(app, place)
            slide(slider, np.linspace(-3, 3, 13))
            expect(app.get_by_role("textbox", name="w1", exact=True)).to_have_value("3")
            places.add(str(picture(app).bounding_box()))
            assert app.bounding_box()["height"] <= 620  # type: ignore[index]
        if turn:
            counts.add(page.evaluate(NODES))
    assert len(counts) == len(places) == 1
    assert page.evaluate("document.documentElement.scrollWidth") <= 900


def test_on_a_phone_it_is_as_wide_as_the_page(opened: Open, page: Page) -> None:
    app = opened(bp.apps.neuron(ARTICLE), width=390)
    expect(picture(app)).to_be_visible()
    for row in app.locator(".bpkit-lines-box tbody tr").all():  # without the numbers of the lines
        quantity, symbols = (row.locator(part).bounding_box() for part in ("th", ".bpkit-line-symbols"))
        assert quantity
        assert symbols
        assert quantity["x"] + quantity["width"] <= symbols["x"] + 1
        assert abs(quantity["y"] - symbols["y"]) < 6
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
