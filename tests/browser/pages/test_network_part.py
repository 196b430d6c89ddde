"""The network as the browser draws it: its numbers, what can be chosen, room for every text, themes."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from live_lab import Lab
from playwright.sync_api import Page, expect

import bpkit as bp
from bpkit.core.problem import Problem
from bpkit.core.spelling import number, readable
from bpkit.show.diagram import numbers_of
from bpkit.show.diagram_spec import network_spec

FOLDER = Path(__file__).parents[3] / "bpkit" / "page"
PAGE = """<!doctype html><html lang="en" data-theme="THEME"><meta charset="utf-8"><title>network</title>
<meta name="viewport" content="width=device-width">
<style>CSS body { margin: 8px; background: var(--paper) }</style>
<body class="bpkit-page"><main><h1>Network</h1><div id="here"></div></main><script type="module">MODULE
window.start = (spec, data) => {
  window.picked = [];
  window.made = network(spec, { choose: (name) => picked.push(name) });
  here.replaceChildren(made.node);
  window.data = data;
  again();
};
window.again = (more = {}) => made.draw(Object.assign(data, more));
window.ready = true;
</script></body></html>"""
# Texts that stick out of the node, the tab or the plate that they belong to.
OUTSIDE = """() => [...document.querySelectorAll('.bpkit-net-neuron, .bpkit-net-tab, .bpkit-net-number')]
  .flatMap(part => {
    const frame = part.querySelector('rect').getBBox();
    return [...part.querySelectorAll(':scope > text')].filter(text => {
        const box = text.getBBox();
        return text.textContent && text.checkVisibility({visibilityProperty: true}) && (box.x < frame.x + 1
            || box.x + box.width > frame.x + frame.width - 1 || box.y < frame.y - 2
            || box.y + box.height > frame.y + frame.height + 2);
    }).map(text => text.textContent);
})"""
# Pairs of texts that lie over each other.
OVERLAPS = """() => {
    const texts = [...document.querySelectorAll('.bpkit-net text')].filter(text => text.textContent
        && text.checkVisibility({visibilityProperty: true}));
    const boxes = texts.map(text => [text.textContent, text.getBoundingClientRect()]);
    return boxes.flatMap(([one, a], place) => boxes.slice(place + 1).filter(([_, b]) =>
        Math.min(a.right, b.right) - Math.max(a.left, b.left) > 1
        && Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 4).map(([other]) => [one, other]));
}"""
FILLS = """() => Object.fromEntries([".bpkit-net-shape", ".bpkit-net-level", ".bpkit-net-plate rect",
    ".bpkit-net-neuron text", ".bpkit-net-extra"]
    .map(one => [one, getComputedStyle(document.querySelector(one)).fill]))"""
SMALLEST = """nodes => Math.min(...nodes.filter(one => one.textContent)
    .map(one => one.getAttribute('font-size') * one.getScreenCTM().a))"""
article = bp.examples.article.problem
LONG = {"w1": -0.00012345678, "w2": -1.2345678e-5, "b1": -1.2345678e-5, "w5": -123456.789, "b2": 1.234567e-10}


def shown(page: Page, problem: Problem = article, theme: str = "light", width: int = 1366, **data: Any) -> Page:
    css, module = ((FOLDER / name).read_text(encoding="utf-8") for name in ("bpkit.css", "bpkit.js"))
    parts = {"THEME": theme, "CSS": css, "MODULE": module}
    page.set_viewport_size({"width": width, "height": 768})
    page.mouse.move(width - 5, 760)
    page.set_content(re.sub("THEME|CSS|MODULE", lambda found: parts[found[0]], PAGE, count=3))
    page.wait_for_function("window.ready")
    data = {"numbers": dict(numbers_of(problem)), **data}
    page.evaluate(f"start({json.dumps(network_spec(problem.network))}, {json.dumps(data)})")
    page.evaluate("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")  # it fits its place
    return page


def drawn(*sizes: int, **kinds: Any) -> Problem:
    network = bp.Network(*sizes, **kinds)
    parameters = {name: ((7 * k * k + 3 * k) % 23 - 11) / 9 for k, name in enumerate(network.parameters)}
    inputs, targets = [0.3, -0.7, 0.9][: sizes[0]], [1.0] + [0.0] * (sizes[-1] - 1)
    return bp.Problem(network, parameters=parameters, inputs=inputs, targets=targets, learning_rate=0.5)


PROBLEMS = [
    article,
    drawn(3, 4, 2, activation="tanh", bias="neuron"),
    drawn(2, 3, activation="softmax", loss="cross_entropy"),
    drawn(2, 2, 1, bias="none"),
    drawn(3, 5, 3, activation="relu"),
]


def texts(page: Page, selector: str) -> list[str]:
    found: list[str] = page.locator(selector).evaluate_all(
        "nodes => nodes.map(node => node.textContent).filter(Boolean)"
    )
    return found


def test_the_labels_show_the_numbers_of_the_problem(page: Page) -> None:
    shown(page)
    values = bp.evaluate(article)
    neurons = texts(page, ".bpkit-net-neuron > text")
    for name in ("h1", "h2", "o1", "o2"):
        assert {f"net {number(values[f'net_{name}'])}", f"out {number(values[f'out_{name}'])}"} <= {*neurons}
    plates = texts(page, ".bpkit-net-plate > text")
    assert {*plates} == {f"{name}={number(value, 4)}" for name, value in article.parameters.items()}
    letters = {"y1": "y1", "y2": "y2", "E_o1": "Eo1", "E_o2": "Eo2", "E_total": "E"}
    beside = {f"{letter} = {number(numbers_of(article)[name])}" for name, letter in letters.items()}
    assert {*texts(page, ".bpkit-net-number text")} == beside
    for name in (
        ".bpkit-net-plate",
        ".bpkit-net-number",
    ):  # the index is small and low, and the number on the line again
        sizes, lines = zip(*page.locator(f"{name} text").first.evaluate(
            """text => ['tspan', 'tspan tspan', ':scope > tspan:last-child'].map((one) => {
                const span = text.querySelector(one);
                return [parseFloat(getComputedStyle(span).fontSize), span.getStartPositionOfChar(0).y];
            })"""))  # fmt: skip
        assert sizes[1] < 0.9 * sizes[0] == pytest.approx(0.9 * sizes[2])
        assert lines[0] == pytest.approx(lines[2], abs=0.1) and lines[1] > lines[0] + 1  # noqa: PT018
    assert page.locator(".bpkit-net svg").get_attribute("aria-label") == article.diagram().caption


INSETS = "all => all.map((one) => parseFloat(one.style.clipPath.match(/([\\d.]+)%/)[1]))"


def largest(what: str, names: Iterable[str]) -> float:
    """The largest of some derivatives in size."""
    values = bp.evaluate(article)
    return max(abs(values[what + name]) for name in names)


def ways(page: Page) -> list[list[str | None]]:
    """How wide the gradient is drawn on each edge, and its dashes."""
    found: list[list[str | None]] = page.locator(".bpkit-net-way:not(.bpkit-net-bias) .bpkit-net-flow").evaluate_all(
        "all => all.map((one) => ['stroke-width', 'stroke-dasharray'].map((name) => one.getAttribute(name)))"
    )
    return found


def test_the_way_back_and_the_new_values(page: Page) -> None:
    shown(page, phase="backward", lit=["dE_total/dw5"])
    values = bp.evaluate(article)
    assert {*texts(page, ".bpkit-net-tab text")} == {
        f"δ = {readable(number(values[f'dE/dnet_{name}']))}" for name in ("h1", "h2", "o1", "o2")
    }
    for name in article.network.parameters:
        plate = page.locator(".bpkit-net-plate", has_text=re.compile(f"^{name}="))
        assert f"← {readable(number(values[f'dE/d{name}'], 4))}" in plate.text_content()
    assert page.locator(".is-lit.bpkit-net-plate").count() == 1
    assert page.locator(".is-lit.bpkit-net-way").count() == 1
    steepest, deltas = largest("dE/d", article.network.parameters), largest("dE/dnet_", ("h1", "h2", "o1", "o2"))
    for edge, way in zip(network_spec(article.network)["edges"], ways(page), strict=True):
        share = values[edge["back"]] / steepest
        assert way == [f"{2 + 8 * abs(share):.1f}", "7 4" if share < 0 else None], edge["name"]
    for neuron, inset in zip(("h1", "h2", "o1", "o2"), page.locator(".bpkit-net-strength").evaluate_all(INSETS)[2:]):
        assert inset == pytest.approx(100 * (1 - abs(values[f"dE/dnet_{neuron}"]) / deltas), abs=0.06)
    assert page.locator(".bpkit-net-head").evaluate_all(
        "all => all.every(one => one.checkVisibility({visibilityProperty: true}))"
    )
    page.evaluate("again({phase: 'update', lit: []})")
    assert {wide for wide, _ in ways(page)} == {"0"}
    new = {f"→ {number(values[f'{name}_new'], 4)}" for name in article.network.parameters}
    assert {*texts(page, ".bpkit-net-plate > .bpkit-net-extra")} == new
    assert not texts(page, ".bpkit-net-tab text")


def test_before_delta_is_known_the_derivative_by_the_output_is_shown(page: Page) -> None:
    numbers = {name: value for name, value in numbers_of(article).items() if name != "dE_total/dnet_h1"}
    shown(page, numbers=numbers, phase="backward")
    assert f"∂E/∂out={number(numbers['dE_total/dout_h1'], 3)}" in texts(page, ".bpkit-net-tab text")


def test_a_missing_number_leaves_its_place_and_nothing_moves(page: Page) -> None:
    shown(page, phase="backward")
    where = "nodes => nodes.map(({x, y}) => [x.baseVal[0]?.value, y.baseVal[0]?.value])"
    size = "node => [node.clientWidth, node.clientHeight]"
    before = page.locator(".bpkit-net text").evaluate_all(where), page.locator(".bpkit-net").evaluate(size)
    page.evaluate(f"again({{numbers: {json.dumps(dict(article.givens))}}})")
    assert (page.locator(".bpkit-net text").evaluate_all(where), page.locator(".bpkit-net").evaluate(size)) == before
    assert texts(page, ".bpkit-net-neuron > text") == ["x1", "0.1", "x2", "0.2", "h1", "h2", "o1", "o2"]
    page.evaluate("again({numbers: {}})")
    assert {*texts(page, ".bpkit-net-plate > text")} == {*article.network.parameters}
    assert page.locator(".bpkit-net svg").get_attribute("aria-label") == article.network.diagram().caption


def test_a_batch_shows_parameters_and_the_mean_loss(page: Page) -> None:
    batch = bp.Problem(
        article.network, parameters=dict(article.parameters), inputs=[[0.1, 0.2], [0.3, 0.4]],
        targets=[[0.05, 0.95], [0.5, 0.5]], learning_rate=0.5,
    )  # fmt: skip
    shown(page, batch)
    assert texts(page, ".bpkit-net-number text") == [f"E = {number(bp.evaluate(batch)['E_total'])}"]
    assert page.locator(".bpkit-net svg").get_attribute("aria-label") == batch.diagram().caption


def test_a_weight_is_chosen_by_pointer_and_key(page: Page) -> None:
    shown(page, choices=True, chosen="w5")
    page.get_by_role("button", name="choose w7", exact=True).click()
    page.get_by_role("button", name="choose b1", exact=True).press("Enter")
    page.get_by_role("button", name="choose w2", exact=True).press(" ")
    # Eight pixels beside the line of w1, which is a line's breadth.
    x, y = page.evaluate("""() => {
        const line = document.querySelector(".bpkit-net-way:not(.bpkit-net-bias) .bpkit-net-line");
        const {x1, y1} = line, at = new DOMPoint(x1.baseVal.value + 40, y1.baseVal.value - 8);
        const {x, y} = at.matrixTransform(line.getScreenCTM());
        return [x, y];
    }""")
    page.mouse.click(x, y)
    assert page.evaluate("picked") == ["w7", "b1", "w2", "w1"]
    expect(page.get_by_role("button")).to_have_count(len(article.network.parameters))
    expect(page.get_by_role("button", name="choose w5")).to_have_attribute("aria-pressed", "true")
    assert page.locator(".bpkit-net-plate.is-chosen").count() == 1
    page.evaluate("again({choices: false})")
    expect(page.get_by_role("button")).to_have_count(0)
    page.mouse.click(x, y)
    assert len(page.evaluate("picked")) == 4
    wide = drawn(2, 7, 7)
    shown(page, wide, choices=True)  # without plates the line itself is the button
    page.get_by_role("button", name="choose w40", exact=True).press("Enter")
    assert page.evaluate("picked") == ["w40"]


def test_the_pointer_reads_a_way(page: Page) -> None:
    shown(page)
    page.locator(".bpkit-net-plate", has_text="w5=").hover()
    title = page.locator(".bpkit-net-plate", has_text="w5=").locator("title")
    assert title.text_content() == "w5 = 0.35 from h1 to o1; ∂E/∂w₅ = 0.0851429"


@pytest.mark.parametrize("problem", PROBLEMS, ids=lambda problem: "-".join(map(str, problem.network.sizes)))
def test_no_text_leaves_its_place_and_none_covers_another(page: Page, problem: Problem) -> None:
    for phase in ("forward", "backward", "update"):
        shown(page, problem, phase=phase)
        assert page.evaluate(OUTSIDE) == []
        assert page.evaluate(OVERLAPS) == []


def test_long_numbers_are_set_smaller(page: Page) -> None:
    numbers = {**numbers_of(article), **LONG, "net_h1": -1.23456e-05, "out_h1": 1 - 3.39827e-9, "E_total": 1.23456e-17}
    numbers |= {name: -1.23456e-17 for name in numbers if "/" in name or name.endswith("_new")}
    for phase in ("forward", "backward", "update"):
        shown(page, numbers=numbers, phase=phase)
        assert page.evaluate(OUTSIDE) == []
        assert page.evaluate(OVERLAPS) == []
    shown(page, numbers=numbers, digits=12)
    assert any("1 − 3.39827" in text for text in texts(page, ".bpkit-net-neuron > text"))


def test_a_number_in_a_tight_place_has_fewer_digits_and_letters_that_can_be_read(page: Page) -> None:
    numbers = {**numbers_of(article), "net_o1": -10.0947, "out_o1": -1 + 3.41101e-9, "dE_total/dout_o1": -0.212415}
    del numbers["dE_total/dnet_o1"]
    shown(page, numbers=numbers, phase="backward")
    assert {"net −10.0947", "out ≈ −1"} <= {*texts(page, ".bpkit-net-neuron > text")}
    assert "∂E/∂out=−0.212" in texts(page, ".bpkit-net-tab text")
    letters = ".bpkit-net-neuron > text[font-size], .bpkit-net-tab text"
    sizes = page.locator(letters).evaluate_all("all => all.map(one => parseFloat(getComputedStyle(one).fontSize))")
    assert len(sizes) > 10
    assert min(sizes) >= 12


def test_a_level_is_as_high_as_the_output_is_large(page: Page) -> None:
    shown(page, numbers={**numbers_of(article), "out_h1": 0.25, "out_h2": -0.75, "out_o1": 7.0})
    style = {
        name: page.locator(".bpkit-net-neuron", has=page.locator(f"text='{name}'"))
        .locator(".bpkit-net-level")
        .get_attribute("style")
        for name in ("h1", "h2", "o1")
    }
    assert "inset(75.0% 0 0 0)" in str(style["h1"])
    assert "inset(0 0 25.0% 0)" in str(style["h2"])
    assert "inset(0.0% 0 0 0)" in str(style["o1"])


def test_two_thousand_draws_leave_no_nodes_behind(page: Page) -> None:
    shown(page, drawn(3, 4, 2, activation="tanh"))
    count = page.evaluate("""() => {
        const nodes = () => document.querySelectorAll("*").length, before = nodes();
        const {numbers} = data;
        for (let k = 0; k < 2000; k++) {
            const other = ([name, value]) => [name, value * (1 + k / 1000)];
            const moved = Object.fromEntries(Object.entries(numbers).map(other));
            again({numbers: moved, phase: ["forward", "backward", "update"][k % 3], lit: k % 2 ? ["dE_total/dw1"] : [],
                   choices: k % 5 === 0, chosen: k % 7 ? null : "w2"});
        }
        return nodes() - before;
    }""")
    assert count == 0


def test_both_themes_are_designed(page: Page) -> None:
    found = {}
    for theme in ("light", "dark"):
        shown(page, theme=theme, phase="backward", choices=True, lit=["dE_total/dw5"])
        found[theme] = page.evaluate(FILLS)
        assert Lab(page, FOLDER).serious("#here") == []
    assert all(found["light"][one] != found["dark"][one] for one in found["light"])
    assert "rgb(255, 255, 255)" not in [found["dark"][one] for one in (".bpkit-net-shape", ".bpkit-net-plate rect")]


@pytest.mark.parametrize("problem", PROBLEMS, ids=lambda problem: "-".join(map(str, problem.network.sizes)))
def test_a_phone_has_a_layout_of_its_own_that_fits(page: Page, problem: Problem) -> None:
    for phase in ("forward", "backward", "update"):
        shown(page, problem, width=390, phase=phase)
        expect(page.locator(".bpkit-net")).not_to_have_attribute("tabindex", "0")
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        assert page.evaluate(OUTSIDE) == []
        assert page.evaluate(OVERLAPS) == []


def test_beside_an_app_s_controls_it_is_still_easily_read(page: Page) -> None:
    shown(page, width=704)  # 672 beside the controls, in JupyterLab with its side bar on a usual laptop
    assert page.locator(".bpkit-net-neuron > text").evaluate_all(SMALLEST) >= 12


def test_a_deep_network_scrolls_on_a_phone_and_not_the_page(page: Page) -> None:
    shown(page, drawn(2, 2, 2, 2), width=390)
    expect(page.locator(".bpkit-net")).to_have_attribute("tabindex", "0")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert Lab(page, FOLDER).serious("#here") == []
    shown(page, width=390)
    least = page.locator(".bpkit-net-plate > text, .bpkit-net-neuron > text").evaluate_all(SMALLEST)
    assert least >= 8.9
    assert Lab(page, FOLDER).serious("#here") == []


def test_motion_can_be_turned_off(page: Page) -> None:
    moving = "() => document.getAnimations().length"
    page.emulate_media(reduced_motion="no-preference")
    shown(page, phase="backward")
    assert page.evaluate(moving) == len(article.network.weights) + 4  # and two ways of each bias
    page.emulate_media(reduced_motion="reduce")
    assert page.evaluate(moving) == 0
    page.emulate_media(reduced_motion="no-preference")
