"""The boundary app as a saved page, with no kernel and no network: it learns what the kernel's half learns."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect
from saved_pages import Open, enter

import bpkit as bp

LABELS = {
    "rate": "learning rate",
    "neurons": "hidden neurons",
    "seed": "start",
    "noise": "noise",
    "step": "step",
}
CHOICES = {"data": "points", "activation": "activation", "decay": "weight decay", "batch": "mini-batches of"}


def take(app: Locator, twin: Any, **values: Any) -> None:
    """Do the same to the page and to the kernel's half, one after the other."""
    for name, value in values.items():
        if name in LABELS:
            enter(app, LABELS[name], value)
        else:
            label = CHOICES.get(name, "updates a step")
            text = next(text for text, one in twin.setting[name].options if one == value)
            app.get_by_label(label, exact=True).select_option(text)
        twin.set(**{name: value})


def agrees(app: Locator, twin: Any) -> None:
    """The message has the numbers of the kernel's half."""
    expect(app.locator(".bpkit-message")).to_have_text(twin.note(twin.state)[0])


@pytest.mark.parametrize("data", ["moons", "xor", "circles", "spiral", "tomatoes"])
def test_it_learns_what_the_engine_learns(opened: Open, data: str) -> None:
    twin = bp.apps.boundary(data)
    app = opened(twin)
    agrees(app, twin)
    take(app, twin, noise=0.07, neurons="5, 3", activation="sigmoid", seed=3, rate=0.7, step=12)
    agrees(app, twin)
    expect(app.get_by_label("Share")).to_have_value(twin.share)
    assert eval(twin.share, {"bp": bp}) == twin.state.problem


def test_what_changes_on_the_way_starts_nothing_anew(opened: Open) -> None:
    twin = bp.apps.boundary("circles")
    app = opened(twin)
    take(app, twin, step=4, rate=0.3, updates=20)
    expect(app.get_by_role("textbox", name="step", exact=True)).to_have_value("4")
    for change in ({"step": 7}, {"decay": 0.01, "step": 9}, {"step": 3}, {"step": 9}, {"batch": 10, "step": 12}):
        take(app, twin, **change)
        agrees(app, twin)
        if twin.state.step < 12:
            expect(app.get_by_label("Share")).to_have_value(twin.share)
            assert eval(twin.share, {"bp": bp}) == twin.state.problem
    assert twin.state.updates == 4 * 5 + 8 * 20
    shared = app.get_by_label("Share").input_value()  # after mini-batches: the numbers themselves
    found, wanted = eval(shared, {"bp": bp}), twin.state.problem
    assert found.parameters == pytest.approx(wanted.parameters, rel=1e-6)
    assert (found.network, found.update, found.learning_rate) == (wanted.network, wanted.update, wanted.learning_rate)
    take(app, twin, step=0)  # a new run, at the pace that is set now
    take(app, twin, step=3)
    agrees(app, twin)
    assert twin.values["course"] == []
    take(app, twin, step=0, rate=0.5, updates=5, batch=0, decay=0.0)
    take(app, twin, step=9)
    take(app, twin, updates=20)
    take(app, twin, step=2, rate=2)  # what came after is forgotten
    take(app, twin, step=5)
    agrees(app, twin)
    assert twin.state.updates == 2 * 5 + 3 * 20


def test_a_batch_of_one_s_own(opened: Open) -> None:
    network = bp.Network(2, 3, 1, activation="tanh", loss="squared_error", bias="neuron")
    own = bp.examples.data_set("moons", samples=30).problem(network, seed=3, learning_rate=0.05)
    twin = bp.apps.boundary(own)
    app = opened(twin)
    take(app, twin, step=6)
    agrees(app, twin)
    expect(app.get_by_label("Share")).to_have_value(twin.share)
    take(app, twin, batch=5, step=9)
    agrees(app, twin)
    take(app, twin, neurons="4, 2", batch=0, step=3)
    agrees(app, twin)
    take(app, twin, data="xor", step=2)
    agrees(app, twin)
    take(app, twin, data="your data", neurons="", step=40)
    agrees(app, twin)


def test_words_are_the_kernels_halfs(opened: Open) -> None:
    twin = bp.apps.boundary("moons")
    app = opened(twin)
    take(app, twin, step=30)
    app.get_by_label("Picture in words").check()
    words = app.locator(".bpkit-words")
    said = twin.words(twin.state)
    expect(words).to_contain_text(said[: said.index(". 100 points")])
    share = re.search(r"[\d.]+ % of", said)[0]  # type: ignore[index]
    expect(words).to_contain_text(share)
    weight = max(twin.state.problem.network.weights, key=lambda name: abs(twin.state.problem.parameters[name]))
    expect(words).to_contain_text(
        f"The largest is {weight} = {twin.state.problem.parameters[weight]:.4g}".replace("-", "−")
    )


def test_neurons_that_cannot_be_read_are_told_and_nothing_moves(opened: Open) -> None:
    app = opened(bp.apps.boundary("moons"))
    for typed in ("8, x", "17", "1, 1, 1, 1, 1", "0"):
        enter(app, "hidden neurons", typed)
        expect(app.get_by_role("alert")).to_contain_text(f"got '{typed}'; write 8, or 8, 4")
        expect(app.get_by_role("textbox", name="hidden neurons", exact=True)).to_have_value("8")
    enter(app, "hidden neurons", "8;4")
    expect(app.get_by_role("textbox", name="hidden neurons", exact=True)).to_have_value("8, 4")
    expect(app.get_by_text("4 neurons", exact=True)).to_be_visible()
    expect(app.locator(".bpkit-neuron-box").locator("visible=true")).to_have_count(2 + 8 + 4 + 1)
    expect(app.locator(".bpkit-weight").locator("visible=true")).to_have_count(16 + 32 + 4)


def test_a_run_that_leaves_the_floats_is_stated_and_the_app_goes_on(opened: Open) -> None:
    network = bp.Network(2, 4, 1, activation="identity", loss="squared_error")
    twin = bp.apps.boundary(bp.examples.data_set("moons", samples=20).problem(network, learning_rate=0.1))
    app = opened(twin)
    take(app, twin, rate=50, step=300)
    expect(app.get_by_role("alert")).to_have_text(twin.note(twin.state)[0])
    assert twin.state.step < 300
    take(app, twin, step=0, rate=0.05)
    take(app, twin, step=10)
    agrees(app, twin)


def test_play_walks_pauses_and_goes_back_to_the_start(opened: Open) -> None:
    twin = bp.apps.boundary("xor")
    app = opened(twin)
    start = app.locator(".bpkit-message").inner_text()
    app.get_by_label("updates a step", exact=True).select_option("20")
    app.get_by_role("button", name="Play or pause").click()
    step = app.get_by_role("textbox", name="step", exact=True)
    expect(step).to_have_value(re.compile(r"^\d\d"))
    app.get_by_role("button", name="Play or pause").click()
    app.evaluate("() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
    twin.set(updates=20, step=int(step.input_value()))
    agrees(app, twin)
    app.get_by_role("button", name="Stop, back to the start").click()
    expect(app.locator(".bpkit-message")).to_have_text(start)


def test_what_is_typed_while_it_plays_stays_and_a_new_network_starts_a_new_run(opened: Open) -> None:
    """Letter by letter, steps apart; a learning rate changes on the way, and what cannot be read stops the play."""
    app = opened(bp.apps.boundary("circles"))
    play = app.get_by_role("button", name="Play or pause")
    step = app.get_by_role("textbox", name="step", exact=True)

    def goes_on() -> None:
        expect(step).not_to_have_value(step.input_value())

    for label, typed, kept, said in (
        ("learning rate", "0.3", "0.3", None),
        ("hidden neurons", "12", "12", "0 updates"),
        ("hidden neurons", "no", "12", "'no'"),
    ):
        if play.inner_text() == "▶ Play":
            play.click()
        box = app.get_by_role("textbox", name=label, exact=True)
        box.press("Control+A")
        for letter in typed:
            box.press(letter)
            goes_on()
        expect(box).to_have_value(typed)
        box.press("Enter")
        if said is None:
            goes_on()
        else:
            expect(play).to_have_text("▶ Play")
            expect(app.locator(".bpkit-message")).to_contain_text(said)
        expect(box).to_have_value(kept)


def test_nothing_grows_or_jumps(opened: Open, page: Page) -> None:
    twin = bp.apps.boundary("moons")
    twin.set(neurons="8, 8, 8, 8", updates=20)
    app = opened(twin)
    measure = """async (app, steps) => {
        const frame = () => new Promise(requestAnimationFrame);
        const slider = app.querySelector('[aria-label="step, slider"]');
        for (let k = 1; k <= steps; k++) {
            slider.value = k;
            slider.dispatchEvent(new Event('input', {bubbles: true}));
            await frame();
        }
        const box = app.getBoundingClientRect();
        return [document.querySelectorAll('*').length, box.height];
    }"""
    nodes, height = app.evaluate(measure, 60)
    again, same = app.evaluate(measure, 180)
    assert abs(again - nodes) < 20  # ticks come and go
    assert height == same <= 620
    page.set_viewport_size({"width": 390, "height": 700})
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
