"""The chain app, also called paths, as a saved page with no kernel and no network: its numbers against the engine."""

from __future__ import annotations

import re
from itertools import combinations

import numpy as np
import pytest
from playwright.sync_api import Locator, Page, expect
from saved_pages import NODES, Open, enter, slide

import bpkit as bp
from bpkit.core.expressions import symbol
from bpkit.core.spelling import readable

ARTICLE = bp.examples.article
NETWORK = ARTICLE.problem.network


def agrees(app: Locator, twin: bp.apps.chain) -> None:
    """The page shows what the kernel has: each product, the sum, the new value, the nudge, what is lit."""
    state = twin.state
    rows = app.locator(".bpkit-products tbody tr")
    expect(rows).to_have_count(len(state.ways) + (len(state.ways) > 1))
    for row, way in zip(rows.all(), state.ways):
        expect(row).to_contain_text(readable(f"= {way.product + 0:.6g}"))
    expect(rows.last).to_contain_text(readable(f"= {state.derivative + 0:.6g}"))
    words = app.locator(".bpkit-words")
    expect(words).to_contain_text(twin._check(state))
    expect(words).to_contain_text(twin._lit_words(state))
    new, name = bp.evaluate(state.problem)[f"{state.parameter}_new"], state.parameter
    kept = f"Only the weights are updated: {state.spelled} stays."
    if state.problem.derivation[f"{name}_new"].rhs == symbol(name):
        expect(app.locator(".bpkit-line-result:visible")).to_have_count(0)
        expect(app.locator(".bpkit-nudge")).to_contain_text(kept)
        expect(app.get_by_label("learning rate", exact=True)).to_be_hidden()
    else:
        expect(app.locator(".bpkit-line-result").last).to_have_text(readable(f"= {new:.6g}"))
        expect(words).not_to_contain_text(kept)
    expect(words).to_contain_text(f"Lit: {', '.join(state.highlight)}.")


def test_every_parameter_and_path_at_drawn_values(opened: Open) -> None:
    twin, draw = bp.apps.chain(ARTICLE), np.random.default_rng(5)
    app = opened(twin)
    app.get_by_label("Picture in words").check()
    for parameter in NETWORK.parameters:
        values = {name: round(float(draw.normal()), 3) for name in (parameter, "w5", "b2")}
        twin.set(parameter=parameter, path=0, **values)
        app.get_by_label("parameter").select_option(parameter)
        for name, value in values.items():
            enter(app, name, value)
        agrees(app, twin)
    twin.set(parameter="w2", rate=3)
    app.get_by_label("parameter").select_option("w2")
    enter(app, "learning rate", 3)
    agrees(app, twin)
    twin.set(parameter="b1")
    app.get_by_label("parameter").select_option("b1")
    for path in range(1, 5):
        twin.path.value = path
        app.get_by_role("button", name=f"path {path}").click()
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


def test_paths_lie_beside_each_other_only_where_they_share_a_way(opened: Open) -> None:
    app = opened(bp.apps.paths(ARTICLE))
    solid = app.locator(".bpkit-route:not([visibility]) path:not(.is-negative)")
    ways = [re.findall(r"M[\d.]+,([\d.]+)L[\d.]+,([\d.]+)", one.get_attribute("d") or "") for one in solid.all()]
    (first, over), (second, under) = ([[float(y) for y in way] for way in route] for route in ways)
    assert [low - high for high, low in zip(first, second)] == pytest.approx([5, 5], abs=0.2)  # along w1
    middle = (first[0] + second[0]) / 2  # of h1, where they part
    assert [over[1], under[1]] == pytest.approx([middle, middle], abs=0.2)


def test_each_way_of_a_shared_bias_has_the_colours_of_its_paths(opened: Open) -> None:
    app = opened(bp.apps.paths(ARTICLE))
    app.get_by_label("parameter").select_option("b₁")
    solid = app.locator(".bpkit-route:not([visibility]) path:not(.is-negative)")
    ends = [(one.get_attribute("d") or "").removeprefix("M").partition("L")[0] for one in solid.all()]
    (first, second, third, fourth) = ([float(place) for place in end.split(",")] for end in ends)
    assert first[0] == second[0] == third[0] == fourth[0]  # where the two neurons begin
    assert second[1] - first[1] == pytest.approx(5, abs=0.2)  # side by side into h1
    assert fourth[1] - third[1] == pytest.approx(5, abs=0.2)  # and into h2
    assert third[1] > second[1] + 50


def test_a_path_is_lit_alone_and_its_factors_are_marked_where_they_live(opened: Open) -> None:
    app, numbers = opened(bp.apps.paths(ARTICLE)), bp.evaluate(ARTICLE.problem)
    marks = app.locator(".bpkit-factor-mark:visible")
    expect(marks).to_have_count(0)
    expect(app.locator(".bpkit-slopes")).to_be_hidden()
    expect(app.locator(".bpkit-route:not([visibility])")).to_have_count(2)
    button = app.get_by_role("button", name="path 2")
    button.click()
    expect(button).to_have_attribute("aria-pressed", "true")
    factors = ["dE_total/dout_o2", "dout_o2/dnet_o2", "dnet_o2/dout_h1", "dout_h1/dnet_h1", "dnet_h1/dw1"]
    texts = ["∂E/∂out", "∂out/∂net", "∂net/∂out", "∂out/∂net", "∂net/∂w1"]
    expect(marks).to_have_text([readable(f"{text}={numbers[name]:.3g}") for text, name in zip(texts, factors)])
    slopes = app.locator(".bpkit-slope")
    expect(slopes.locator("b")).to_have_text([readable(f"{numbers[name]:.6g}") for name in factors])
    expect(app.locator(".bpkit-route:not([visibility])")).to_have_count(1)
    expect(app.locator(".bpkit-headless")).to_be_hidden()  # what all paths give together makes room
    expect(slopes.locator("svg")).to_have_count(5)  # no card is a hole beside the others
    expect(slopes.locator(".bpkit-slope-put:visible")).to_have_count(0)  # the numbers are on the network
    colour = "node => getComputedStyle(node).getPropertyValue('--mark')"
    parts = (".bpkit-route:not([visibility])", "button[aria-pressed=true]:visible", ".bpkit-sums g:nth-of-type(2)")
    path_colours = {app.locator(part).last.evaluate(colour) for part in parts}
    assert app.locator(".bpkit-sums g:nth-of-type(1)").evaluate(colour) not in {*path_colours, ""}
    in_formula = [one.evaluate(colour) for one in app.locator(".bpkit-line-lit .bpkit-factors > span").all()]
    assert in_formula == [one.evaluate(colour) for one in marks.all()]
    assert in_formula == [one.evaluate(colour) for one in slopes.all()]
    assert len(set(in_formula)) == 5
    assert len(path_colours) == 1  # and no factor's, so that a colour means one thing at a time
    assert not path_colours & {*in_formula}
    button.click()
    expect(button).to_have_attribute("aria-pressed", "false")
    expect(marks).to_have_count(0)
    for part in (".bpkit-sums", ".bpkit-headless"):
        expect(app.locator(part)).to_be_visible()


def test_what_is_pressed_stays_where_it_is_and_a_way_has_one_colour(opened: Open) -> None:
    model = bp.Model((3, 1), bp.blocks.Recurrent(1))
    days = bp.Problem(model, {"Wx1": [[-0.5]], "Wh1": [[0.5]], "b1": [0.1]}, [[1.0], [0.5], [1.0]], [0.9])
    app = opened(bp.apps.paths(days))
    top = lambda part: (app.locator(part).bounding_box() or {})["y"]
    first = app.get_by_role("button", name="path 1")
    height = first.bounding_box()
    first.click()
    expect(first).to_have_attribute("aria-pressed", "true")
    assert first.bounding_box()["y"] == pytest.approx(height["y"], abs=8)  # type: ignore[index]
    expect(app.locator(".bpkit-sums rect")).to_have_count(4)
    assert top(".bpkit-products") < top(".bpkit-sums") < top(".bpkit-slopes")
    lines = app.locator(".bpkit-net-way.is-lit .bpkit-net-line")
    expect(lines).to_have_count(3)
    for line in lines.all():  # the path's colour is not laid over that of the sign
        expect(line).to_have_css("stroke-opacity", "0")
    mark = app.locator(".bpkit-factor-mark text").last
    expect(mark).to_have_text("∂net/∂Wx1,1,1=1")
    expect(mark.locator("tspan tspan").last).to_have_text("1,1,1")


def test_no_mark_of_a_slope_covers_another(opened: Open) -> None:
    app = opened(bp.apps.chain(ARTICLE.problem.replace(b2=-3)))
    expect(app.locator(".bpkit-factor-mark text").nth(1)).to_have_text("∂out/∂net=0.0614")
    plates = [one.bounding_box() or {} for one in app.locator(".bpkit-factor-mark rect").all()]
    assert len(plates) == 3
    for one, other in combinations(plates, 2):
        apart = [abs(one[x] + one[d] / 2 - other[x] - other[d] / 2) - (one[d] + other[d]) / 2 for x, d in AXES]
        assert max(apart) > 0


AXES = (("x", "width"), ("y", "height"))
# The ends of a stroke, as it was given them: M10,20L30,40.
ENDS = "node => node.getAttribute('d').match(/-?[\\d.]+/g).map(Number)"


def test_a_factor_is_the_tangent_of_its_curve_and_the_distance_to_the_target_moves(opened: Open) -> None:
    app = opened(bp.apps.chain(ARTICLE))
    slopes = app.locator(".bpkit-slope")
    expect(slopes).to_have_count(3)

    def steepness() -> list[float]:
        """Of each tangent, up for each pixel to the right."""
        found = [one.evaluate(ENDS) for one in slopes.locator(".bpkit-slope-tangent").all()]
        return [(y1 - y2) / (x2 - x1) for x1, y1, x2, y2 in found]

    expect(slopes.first).to_contain_text("= 0.69945 − 0.05")
    before = steepness()
    assert min(before) > 0
    target, _, here = slopes.first.locator(".bpkit-slope-gap").evaluate(ENDS)
    assert here - target == pytest.approx(144 * (bp.evaluate(ARTICLE.problem)["out_o1"] - 0.05), abs=0.2)
    enter(app, "b2", -5)  # the output is below its target
    values = bp.evaluate(ARTICLE.problem.replace(b2=-5))
    expect(slopes.first).to_contain_text(f"= {values['out_o1']:.6g} − 0.05")
    after = steepness()
    assert after[0] < 0 < after[1] < before[1]
    assert after[2] == pytest.approx(before[2], rel=0.4)  # what w5 multiplies, with more room above and below
    _, _, here = slopes.first.locator(".bpkit-slope-gap").evaluate(ENDS)
    assert here < target
    app.get_by_label("parameter").select_option("w7")
    assert steepness()[0] < 0  # the other lamp is too dark


def test_bars_add_up_to_the_derivative_and_a_negative_one_turns_back(opened: Open) -> None:
    app = opened(bp.apps.paths(ARTICLE))
    bars = app.locator(".bpkit-sums rect")
    expect(bars).to_have_count(3)
    products = [float(way.product) for way in bp.derive(NETWORK).paths("w1").at(ARTICLE.problem)]  # type: ignore[arg-type]
    wide = [float(bar.get_attribute("width") or 0) for bar in bars.all()]
    left = [float(bar.get_attribute("x") or 0) for bar in bars.all()]
    assert wide[1] / wide[0] == pytest.approx(abs(products[1]) / products[0], abs=0.01)
    assert wide[2] == pytest.approx(wide[0] - wide[1], abs=0.3)
    assert left[0] + wide[0] == pytest.approx(left[1] + wide[1], abs=0.3)
    expect(bars.nth(1)).to_have_class("is-negative")
    dashed = app.locator(".bpkit-route .is-negative[d*=M]")
    expect(dashed).to_have_count(0)
    enter(app, "w7", -0.45)
    expect(bars.nth(1)).not_to_have_class("is-negative")
    expect(dashed).to_have_count(1)  # of the path through the negative weight, along it alone
    assert str(dashed.get_attribute("d")).count("M") == 1
    # What w7 does not change keeps its length: the scale stays.
    assert float(bars.first.get_attribute("width") or 0) == wide[0]
    enter(app, "w7", -3)
    assert 0 < float(bars.first.get_attribute("width") or 0) < wide[0]
    expect(app.locator(".bpkit-sum-last")).to_contain_text(
        f"{bp.evaluate(ARTICLE.problem.replace(w7=-3))['dE/dw1']:.6g}"
    )


def test_a_path_that_a_parameter_does_not_have_is_its_last(opened: Open) -> None:
    app = opened(bp.apps.paths(ARTICLE))
    app.get_by_label("parameter").select_option("b₁")
    app.get_by_role("button", name="path 4").click()
    app.get_by_label("parameter").select_option("w₅")
    expect(app.get_by_role("button", name="path")).to_have_count(0)  # there is nothing to choose
    app.get_by_label("parameter").select_option("w₁")
    expect(app.get_by_role("button", name="path 1")).to_have_attribute("aria-pressed", "true")


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
    slider = app.get_by_role("slider", name="w5, slider")
    result = app.locator(".bpkit-products b").last
    before = {}
    for turn in range(3):
        for parameter, path in (("w5", 0), ("b1", 0), ("b1", 3), ("w1", 1)):
            app.get_by_label("parameter").select_option(parameter)
            if path:  # of one path alone there is nothing to choose
                app.get_by_role("button", name=re.compile(f"path {path}$")).click()
            slide(slider, np.linspace(-3, 3, 20))
            slope = bp.evaluate(ARTICLE.problem.replace(w5=3))[f"dE/d{parameter}"]
            expect(result).to_have_text(f"{slope:.6g}")
            if turn:
                nodes = page.evaluate(NODES)
                assert before.setdefault((parameter, path), nodes) == nodes
            height = app.bounding_box()["height"]  # type: ignore[index]
            assert height <= 620, (parameter, path, height)
    assert page.evaluate("document.documentElement.scrollWidth") <= 900
    page.set_viewport_size({"width": 390, "height": 620})
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
