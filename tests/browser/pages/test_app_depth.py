"""The depth app as a saved page: sizes of gradients and losses in training are the engine's, at many settings."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose
from playwright.sync_api import Locator, Page, expect
from thorough import THOROUGH

import bpkit as bp
from bpkit.apps.depth import ONE, TABLE, UPDATES
from bpkit.core.functions import BUILT_IN
from bpkit.core.spelling import number, readable
from bpkit.show.depth_picture import LEAST_SPREAD, change, gradient_sizes, output_spreads

ARTICLE = bp.examples.article
MOONS = bp.examples.data_set("moons", samples=20).problem(bp.Network(2, 3, 1))
LINE = bp.Network(2, 2, activation="identity")
HUGE = bp.Problem(LINE, dict.fromkeys(LINE.parameters, 0.1), [1e200, 2e200], [0, 1])
NUMBER = r"\d[\d.]*(e[-+]\d+)?"
CHOICES = ("activation", "output", "scheme")
Opened = Callable[[Any], Locator]


@pytest.fixture
def opened(page: Page, tmp_path: Path) -> Iterator[Opened]:
    complaints: list[str] = []
    listen: Callable[[Any], None] = lambda said: complaints.append(str(said))
    page.on("pageerror", listen)
    page.on("console", listen)

    def open_(app: Any) -> Locator:
        app.save(tmp_path / "app.html")
        page.set_viewport_size({"width": 900, "height": 620})
        page.goto((tmp_path / "app.html").as_uri())
        return page.locator(".bpkit-app")

    yield open_
    page.remove_listener("pageerror", listen)
    page.remove_listener("console", listen)
    assert complaints == []


def move(page: Locator, app: Any, **values: Any) -> None:
    """Type and choose these values in the page, and set them in its twin in the kernel."""
    for name, value in values.items():
        control = page.get_by_label(app.setting[name].label, exact=True)
        if isinstance(value, bool):
            control.set_checked(value)
        elif name in CHOICES:
            control.select_option(BUILT_IN[value].written if value in BUILT_IN else value)
        else:
            control.fill(repr(value))
            control.press("Enter")
    app.set(**values)


def listed(text: str, before: str) -> list[float]:
    found = re.search(rf"{before}: (.*?)\.( |$)", text)
    assert found
    return [float(one) for one in found[1].split(", ")]


SETTINGS: list[dict[str, Any]] = [
    {},
    {"depth": 20, "scale": 1e-6},
    {"depth": 1, "width": 1, "activation": "softplus", "seed": 12345},
    {"activation": "tanh", "scheme": "unit", "width": 16, "depth": 20 if THOROUGH else 6, "scale": 0.35},
    {"activation": "relu", "scheme": "he", "scale": 6.0},
    {"activation": "leaky_relu", "scheme": "he", "scale": 3.0, "seed": 4, "depth": 4, "width": 5, "past": True},
]


@pytest.mark.parametrize("given", [ARTICLE, MOONS])
def test_sizes_and_words_are_the_engine_s(opened: Opened, given: Any) -> None:
    app = bp.apps.depth(given)
    page = opened(app)
    page.get_by_label("Picture in words").check()
    page.get_by_label("Numbers").select_option("12 digits")
    # Half of them for one sample and the others for many, or all for both.
    for setting in SETTINGS if THOROUGH else SETTINGS[given is MOONS :: 2]:
        move(page, app, **setting)
        expect(page.locator(".bpkit-words")).to_contain_text(app.words(app.state).split(" Size of")[0])
        text, ours = page.locator(".bpkit-words").inner_text(), app.words(app.state)
        for row, name in zip(gradient_sizes(app.state.problem), ("to the weights", "to the nets")):
            assert_allclose(listed(text, name), row, rtol=1e-7)  # of 1e-114 not all digits are the same
        if app.state.problem.is_batch:
            spreads = output_spreads(app.state.problem)  # of outputs near 0.5, whose last places differ
            assert_allclose(listed(text, "layer by hidden layer"), spreads, rtol=1e-7, atol=1e-15)
        plain, wanted = (re.sub(NUMBER, "#", one).replace("#.", "#") for one in (text, ours))
        assert plain.startswith(wanted)
        expect(page.locator(".bpkit-words")).to_contain_text(app.note(app.state)[0])
        assert table(page) == rows(app), setting
        assert eval(page.get_by_label("Share").input_value(), {"bp": bp, "np": np}) == app.state.problem


def table(page: Locator) -> list[list[str]]:
    """The rows of the table below the controls."""
    found: list[list[str]] = page.locator(".bpkit-texts tbody tr").evaluate_all(
        "rows => rows.map(row => [...row.children].map(cell => cell.textContent))"
    )
    return found


def rows(app: Any) -> list[list[str]]:
    """The same from the sentences of the kernel."""
    problem = app.state.problem
    weights, deltas = gradient_sizes(problem)
    most = number(float(weights.max()), 2) if np.isfinite(weights).all() else TABLE["overflow"]
    told = [change(deltas, TABLE, ONE), change(weights, TABLE, ONE), most]
    if problem.is_batch:
        spreads = output_spreads(problem)
        forward = np.where(spreads < LEAST_SPREAD, 0.0, spreads)[::-1]
        told.append(change(forward, TABLE, ONE) if len(forward) > 1 else "")
    return [[name, *readable(one).split("|"), ""][:3] for name, one in zip(TABLE["rows"], told)]


DRAWN = """paths => paths.filter(path => path.getAttribute('display') !== 'none')
    .map(path => [path.getAttribute('style'), path.getAttribute('d')])"""


CUT_OFF = """curve => {
    const frame = curve.querySelector('svg').getBoundingClientRect();
    return [...curve.querySelectorAll('.bpkit-curve-label')].filter(one => one.getAttribute('display') !== 'none')
        .map(one => [one.textContent, one.getBoundingClientRect()])
        .filter(([, { left, right }]) => left < frame.left || right > frame.right).map(([name]) => name);
}"""


def test_names_stand_beside_the_ends_of_their_curves(opened: Opened) -> None:
    """Where curves are kept, each name is nearest to its own curve; one that has a button is called like it."""
    kinds = ["tanh", "sigmoid"]
    network = bp.Network(2, 8, 1, activation=kinds, loss="binary_cross_entropy", bias="neuron")
    page = opened(bp.apps.depth(bp.examples.data_set("moons", samples=20).problem(network)))
    for name in ("sigmoid", "ReLU × 6"):
        page.get_by_role("button", name=name, exact=True).click()
        page.get_by_role("button", name="Keep this curve").click()
    page.get_by_role("button", name="tanh", exact=True).click()
    upper = page.locator(".bpkit-curve").first
    names = ("deltas: sigmoid", "deltas: ReLU × 6", "deltas", "derivatives", "spread of the outputs")
    for name in names:
        expect(upper.get_by_text(name, exact=True).locator("visible=true")).to_have_count(1)
    leads, starts = (
        upper.locator(f"{place} path.bpkit-curve-line").evaluate_all(DRAWN)
        for place in (".bpkit-curve-labels", ".bpkit-curve-inside")
    )
    height = {style: float(re.findall(r"[-\d.]+", path)[1]) for style, path in starts if path}
    led = {style: [*map(float, re.findall(r"[-\d.]+", path))] for style, path in leads if path}
    assert len(led) == len(names)
    assert all(abs(led[style][-1] - height[style]) < 0.2 for style in led)  # it leads to the beginning of its curve
    tops = sorted(path[1] for path in led.values())
    assert all(b - a >= 15.9 for a, b in pairwise(tops))
    order = sorted(led, key=lambda style: led[style][1])
    assert order == sorted(led, key=height.__getitem__)
    page.get_by_label("times", exact=True).fill("0.5")
    page.get_by_label("times", exact=True).press("Enter")
    expect(page.locator(".bpkit-curve").nth(1).get_by_text("tanh × 0.5", exact=True)).to_be_visible()
    page.get_by_label("a way past each layer").check()
    page.get_by_role("button", name="Keep this curve").click()
    for upper_or_lower, name in enumerate(("deltas: tanh × 0.5, ways past", "tanh × 0.5, ways past")):
        picture = page.locator(".bpkit-curve").nth(upper_or_lower)
        expect(picture.get_by_text(name, exact=True).first).to_be_visible()
        assert picture.evaluate(CUT_OFF) == []


@pytest.mark.parametrize("given", [ARTICLE, MOONS, MOONS.replace(batch="each", learning_rate=0.1)])
def test_losses_in_training_are_the_engine_s(opened: Opened, given: Any) -> None:
    app = bp.apps.depth(given)
    page = opened(app)
    small: dict[str, Any] = {"depth": 2, "width": 3, "activation": "tanh"}
    for setting in ({}, small) if THOROUGH or given is MOONS else (small,):
        move(page, app, **setting)
        trace = bp.train(app.state.problem, UPDATES)
        moved = [
            max(
                abs(trace[name][-1] - trace[name][0])
                for name, edge in app.state.problem.network.weights.items()
                if end(*edge)
            )
            for end in (lambda source, _: source.startswith("x"), lambda _, target: target.startswith("o"))
        ]
        expect(page.locator(".bpkit-message")).to_contain_text(
            in_powers(
                f"{UPDATES} updates: the loss goes from {trace.loss[0]:.6g} to {trace.loss[-1]:.6g}. The weights of "
                f"the first layer change by at most {moved[0]:.3g}, those of the last by at most {moved[1]:.3g}."
            )
        )


def in_powers(text: str) -> str:
    """5e+05 as the page writes it: 5·10⁵."""
    raised = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
    return re.sub(r"e([+-]\d+)", lambda found: f"·10{str(int(found[1])).translate(raised)}", text)


def heights(page: Locator, label: str) -> list[float]:
    """How high the curve with this label lies in the picture of losses, from left to right."""
    color = page.get_by_text(label, exact=True).get_attribute("style")
    path = page.locator(f'.bpkit-curve >> nth=1 >> .bpkit-curve-inside path.bpkit-curve-line[style="{color}"]')
    return [float(y) for y in re.findall(r"[ML ,][-\d.]+[ ,]([-\d.]+)", path.get_attribute("d") or "")]


def test_where_gradients_vanish_the_loss_stays_and_a_shallow_network_learns(opened: Opened) -> None:
    page = opened(bp.apps.depth(MOONS))
    expect(page.locator(".bpkit-message")).to_contain_text(f"{UPDATES} updates")
    deep, shallow = (heights(page, label) for label in ("10 hidden layers", "1 hidden layer"))
    assert abs(deep[-1] - deep[len(deep) // 4]) < 1  # px
    assert shallow[-1] - shallow[len(shallow) // 4] > 5


def test_an_explosion_is_seen_and_told(opened: Opened) -> None:
    app = bp.apps.depth(ARTICLE)
    page = opened(app)
    move(page, app, activation="identity", scheme="he", scale=6.0, output="identity")
    sizes = gradient_sizes(app.state.problem)
    assert sizes[1, 0] > 1e6 * sizes[1, -1]
    ended = bp.train(app.state.problem, UPDATES).diverged_at
    expect(page.get_by_role("alert")).to_contain_text(f"The loss overflows at update {ended}: learning rate 0.5")
    expect(page.locator(".bpkit-curve-label", has_text=f"overflows at update {ended}").first).to_be_visible()
    page.get_by_role("button", name="Reset").click()
    expect(page.get_by_role("alert")).to_have_count(0)


def test_sizes_that_overflow_are_told(opened: Opened) -> None:
    app = bp.apps.depth(HUGE)
    page = opened(app)
    move(page, app, activation="identity", depth=2, width=2, scheme="unit", scale=1e6)
    page.get_by_label("Picture in words").check()
    expect(page.get_by_role("alert")).to_be_visible()
    expect(page.locator(".bpkit-words")).to_contain_text(app.note(app.state)[0])
    assert table(page) == rows(app)
    assert [name for name, told, _ in table(page) if told == TABLE["overflow"]] == ["derivatives ←", "their largest"]


RECORD = """message => {
    globalThis.seen = [];
    const sizes = message.closest('.bpkit-app').querySelector('.bpkit-texts');
    new MutationObserver(() => seen.push(sizes.textContent + message.textContent))
        .observe(message, {childList: true, characterData: true, subtree: true});
}"""


def test_the_largest_network_is_trained_bit_by_bit(opened: Opened) -> None:
    """The page stays quick while a long run grows, and a move in the midst of it begins another one."""
    app = bp.apps.depth(bp.examples.data_set("moons", samples=200).problem(bp.Network(2, 3, 1)))
    page = opened(app)
    message = page.locator(".bpkit-message")
    message.evaluate(RECORD)
    move(page, app, activation="tanh", depth=20, width=16)
    [deep, *_] = rows(app)
    grown = "([deep]) => seen.filter(text => text.includes(deep) && /\\d\\d?\\d? updates/.test(text)).length > 4"
    page.page.wait_for_function(grown, arg=["".join(deep)])
    move(page, app, depth=1, width=2)
    trace = bp.train(app.state.problem, UPDATES)
    expect(message).to_contain_text(
        f"{UPDATES} updates: the loss goes from {trace.loss[0]:.6g} to {trace.loss[-1]:.6g}."
    )
