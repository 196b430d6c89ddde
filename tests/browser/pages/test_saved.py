"""Apps saved as pages, opened from a disk with the network cut off: every number is the engine's, nothing grows."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from app_cases import SLIDING, opened
from live_lab import Lab
from playwright.sync_api import Locator, Page, expect
from thorough import THOROUGH, many

import bpkit as bp
from bpkit.apps.controls import Choice, Number
from bpkit.core.spelling import readable

ARTICLE = bp.examples.article
LIVE = [*SLIDING, "recalculate"]  # one box alone is tried with the course's pages
LOW = "₀₁₂₃₄₅₆₇₈₉"
UNSEEN = {("recalculate", "Numbers")}  # boxes alone: what is typed has the digits that it has
QUIET = {("paths", "learning rate")}  # one path of several says nothing of the update
BATCH = bp.Problem(
    bp.Network(2, 2, 1, activation="tanh"),
    dict(zip(bp.Network(2, 2, 1).parameters, [0.3, -0.6, 0.9, 0.2, -0.8, 0.5, 0.1, -0.2])),
    [[0, 0], [0, 1], [1, 0], [1, 1]],
    [[0], [1], [1], [0]],
    learning_rate=0.3,  # at 0.7 the run is unstable in its last digits, and nobody's last digits are the same
)


class Saved:
    """A saved app in the page."""

    def __init__(self, page: Page, path: Path) -> None:
        self.page, self.complaints = page, []
        self.path = path
        self.app = page.locator(".bpkit-app")

    def open(self, app: Any) -> None:
        app.save(self.path)
        self.page.goto(self.path.as_uri())
        self.app.wait_for()

    def enter(self, label: str, typed: str) -> None:
        box = self.box(label)
        box.fill(typed)
        box.press("Enter")

    def box(self, label: str) -> Locator:
        return self.app.get_by_role("textbox", name=label, exact=True)

    def slider(self, label: str) -> Locator:
        return self.app.get_by_role("slider", name=f"{label}, slider", exact=True)

    def shows(self, *texts: str) -> None:
        for text in texts:
            expect(self.app).to_contain_text(re.compile(re.sub(r"\\-(?=\d)", "[-−]", re.escape(text))))


@pytest.fixture
def saved(page: Page, tmp_path: Path) -> Iterator[Saved]:
    one = Saved(page, tmp_path / "app.html")
    listen: Callable[[Any], None] = lambda said: one.complaints.append(str(said))
    page.on("pageerror", listen)
    page.on("console", listen)
    page.set_viewport_size({"width": 1280, "height": 900})
    yield one
    page.remove_listener("pageerror", listen)
    page.remove_listener("console", listen)
    assert one.complaints == []


def test_the_forward_numbers_are_the_engines(saved: Saved) -> None:
    saved.open(bp.apps.forward(ARTICLE))
    draw = np.random.default_rng(1)
    for _ in range(4):
        names = draw.choice(["x1", "x2", "w1", "w4", "w5", "w8", "b1", "b2"], 3, replace=False)
        moved = {str(name): round(float(draw.normal()), 3) for name in names}
        for name, value in moved.items():
            saved.enter(name, repr(value))
        problem = ARTICLE.problem.replace(
            **{n: float(saved.box(n).input_value()) for n in ARTICLE.problem.givens if saved.box(n).count()}
        )
        assert moved.items() <= problem.givens.items()
        values = bp.evaluate(problem)
        saved.shows(*(f"{values[name]:.6g}" for name in ("net_h1", "out_h2", "net_o1", "out_o2", "E_o1", "E_total")))


# The numbers that a move changes stay where they are, as texts: what is put in anew is laid out from the start.
MADE_ANEW = """() => {
    window.made = [];
    new MutationObserver(records => {
        for (const one of records) made.push(...[...one.addedNodes].map(node => node.textContent));
    }).observe(document.body, {subtree: true, childList: true});
}"""


def test_a_move_changes_numbers_and_makes_no_node_anew(saved: Saved) -> None:
    saved.open(bp.apps.forward(ARTICLE))
    shown = saved.app.inner_text()
    saved.app.page.evaluate(MADE_ANEW)
    for name in ("w1", "x2", "b2"):
        saved.slider(name).press("ArrowRight")
    expect(saved.app.locator(".bpkit-line-result").first).not_to_have_text(
        f"= {bp.evaluate(ARTICLE.problem)['net_h1']:.6g}"
    )
    assert saved.app.inner_text() != shown
    assert saved.app.page.evaluate("made") == []


def test_a_typed_number_is_read_as_people_type_it(saved: Saved) -> None:
    saved.open(bp.apps.forward(ARTICLE))
    for typed, shown in (("0,5", "0.5"), ("1/3", "0.3333333333333333"), ("−0.5", "-0.5"), ("0.25*0.1 + 0.45", None)):
        saved.enter("w1", typed)
        expect(saved.box("w1")).to_have_value(shown or "0.47500000000000003")
    saved.shows("0.25*0.1 + 0.45 = 0.47500000000000003")
    for typed in ("abc", "0.5.5", "w1*2"):
        saved.enter("w1", typed)
        expect(saved.app.get_by_role("alert")).to_contain_text(f"I cannot read '{typed}' as a number")
        expect(saved.box("w1")).to_have_value("0.47500000000000003")
    saved.slider("w1").press("ArrowRight")
    expect(saved.app.get_by_role("alert")).to_have_count(0)
    saved.enter("w1", "1/(1+exp(-0.6)")
    expect(saved.app.get_by_role("alert")).to_contain_text("Check the brackets: a ) is missing.")
    saved.enter("w2", "2*e^(-1)")
    told = saved.app.get_by_role("status")
    expect(told).to_have_text("2*e^(-1) = 0.7357588823428847")
    assert told.evaluate("(node) => getComputedStyle(node).borderColor") != saved.app.get_by_role("alert").evaluate(
        "(node) => getComputedStyle(node).borderColor"
    )
    saved.app.get_by_role("button", name="Reset").click()
    expect(saved.app.locator(".bpkit-said:visible")).to_have_count(0)
    saved.enter("w2", "2*0.3")
    expect(told).to_have_text("2*0.3 = 0.6")
    saved.app.get_by_role("button", name="Reset").click()
    expect(saved.app.locator(".bpkit-said:visible")).to_have_count(0)
    saved.enter("w1", "0.5")
    for key, value in (("ArrowUp", "0.51"), ("ArrowUp", "0.52"), ("ArrowDown", "0.51")):
        saved.box("w1").press(key)
        expect(saved.box("w1")).to_have_value(value)


def test_it_opens_at_the_exact_values(saved: Saved) -> None:
    app = bp.apps.forward(ARTICLE)
    app.set(w1=0.2499, w5=7.5)
    saved.open(app)
    expect(saved.box("w1")).to_have_value("0.2499")
    expect(saved.box("w5")).to_have_value("7.5")
    values = bp.evaluate(app.state.problem)
    saved.shows(f"{values['E_total']:.6g}")
    assert saved.app.get_by_role("textbox", name="Share").input_value() == app.share


RULES = ["gradient descent", "momentum", "RMSProp", "Adam"]


@pytest.mark.parametrize("rule", RULES)
def test_a_run_is_the_engines_for_every_choice(saved: Saved, rule: str) -> None:
    app = bp.apps.training(ARTICLE)
    saved.open(app)
    saved.app.get_by_label("update rule", exact=True).select_option(rule)
    for activation, biases, rate in (("tanh", "layer", "0.3"), ("sigmoid", "neuron", "1.5"), ("relu", "kept", "0.1")):
        saved.app.get_by_label("activation", exact=True).select_option(activation)
        policy = {value: label for label, value in app.setting["biases"].options}[biases]
        saved.app.get_by_label("biases", exact=True).select_option(policy)
        saved.enter("learning rate", rate)
        saved.enter("updates", "37")
        saved.enter("show update", "20")
        app.set(rule=rule, activation=activation, biases=biases, rate=float(rate), updates=37, shown=20)
        trace = bp.train(app.state.problem, 37)
        saved.shows(readable(f"37 updates: the loss goes from {trace.loss[0]:.6g} to {trace.loss[-1]:.6g}."))
        values = bp.evaluate(trace.at(20))
        saved.shows(f"E = {values['E_total']:.6g}", f"{values['net_o1']:.6g}")
        share = saved.app.get_by_role("textbox", name="Share").input_value()
        assert eval(share, {"bp": bp}) == app.state.problem


def test_several_samples_train_as_the_engine_trains_them(saved: Saved) -> None:
    app = bp.apps.training(BATCH)
    saved.open(app)
    updates = app.values["updates"]
    for rate in (0.3, 0.15):
        saved.enter("learning rate", str(rate))
        trace = bp.train(BATCH.replace(learning_rate=rate), updates)
        saved.shows(f"{updates} updates: the loss goes from {trace.loss[0]:.6g} to {trace.loss[-1]:.6g}.")


def test_divergence_is_seen_and_told(saved: Saved) -> None:
    line = bp.Problem(bp.Network(1, 1, activation="identity"), {"w1": 1, "b1": 0}, [1], [3], learning_rate=0.1)
    saved.open(bp.apps.training(line))
    saved.enter("learning rate", "90")
    ended = bp.train(line.replace(learning_rate=90), 1000).diverged_at
    expect(saved.app.get_by_role("alert")).to_contain_text(f"overflows at update {ended}: learning rate 90")
    expect(saved.app.get_by_text(f"overflows at update {ended}", exact=False).first).to_be_visible()
    saved.app.get_by_role("button", name="Reset").click()
    expect(saved.app.get_by_role("alert")).to_have_count(0)


def test_runs_are_pinned_and_keep_their_names(saved: Saved) -> None:
    saved.open(bp.apps.training(ARTICLE))
    seen = []
    for rate in ("0.5", "5", "10", "20"):
        saved.enter("learning rate", rate)
        saved.app.get_by_role("button", name="Pin this run").click()
        expect(saved.app.get_by_text(re.compile(f"Pinned [AB], rate {rate}$"))).to_have_count(1)
        seen.append(sorted(saved.app.get_by_text(re.compile(r"^Pinned [AB], rate [\d.]+$")).all_text_contents()))
    assert seen == [
        ["Pinned A, rate 0.5"],
        ["Pinned A, rate 0.5", "Pinned B, rate 5"],
        ["Pinned A, rate 10", "Pinned B, rate 5"],
        ["Pinned A, rate 10", "Pinned B, rate 20"],
    ]
    saved.app.get_by_role("button", name="Remove pins").click()
    expect(saved.app.get_by_text(re.compile(r"^Pinned [AB], rate")).locator("visible=true")).to_have_count(0)


def test_play_walks_along_the_run_and_pauses(saved: Saved) -> None:
    saved.open(bp.apps.training(ARTICLE))
    play = saved.app.get_by_role("button", name="Play or pause")
    play.click()
    expect(saved.box("show update")).not_to_have_value("0")
    play.click()
    reached = saved.box("show update").input_value()
    values = bp.evaluate(bp.train(ARTICLE.problem, 1000).at(int(reached)))
    saved.shows(f"E = {values['E_total']:.6g}")
    saved.app.get_by_role("button", name="Stop, back to the start").click()
    expect(saved.box("show update")).to_have_value("0")


def test_play_stops_for_whoever_goes_into_the_box(saved: Saved) -> None:
    saved.open(bp.apps.training(ARTICLE))
    saved.app.get_by_role("button", name="Play or pause").click()
    expect(saved.box("show update")).not_to_have_value("0")
    saved.box("show update").focus()
    play = saved.app.get_by_role("button", name="Play or pause")
    assert play.inner_text() == "▶ Play"  # at once, not at the run's end
    saved.enter("show update", "3")
    expect(saved.box("show update")).to_have_value("3")


def test_play_stops_where_the_slider_was_moved(saved: Saved) -> None:
    saved.open(bp.apps.training(ARTICLE))
    saved.app.get_by_role("button", name="Play or pause").click()
    expect(saved.box("show update")).not_to_have_value("0")
    slider = saved.slider("show update")
    slider.evaluate("(slider) => { slider.value = 70; slider.dispatchEvent(new Event('input')); }")
    expect(saved.app.get_by_role("button", name="Play or pause")).to_have_text("▶ Play")
    expect(saved.box("show update")).to_have_value("70")


def test_play_ends_where_a_walk_has_left_the_picture_and_begins_again(saved: Saved) -> None:
    plain = bp.Network(2, 2, 2, activation="identity", weight_names=ARTICLE.problem.network.weight_of)
    valley = ARTICLE.problem.replace(network=plain, w5=-0.2, w6=-0.2, learning_rate=4)
    saved.open(bp.apps.surface(valley, x="w5", y="w6", only=True, updates=5, starts=False))
    play = saved.app.get_by_role("button", name="Play or pause")
    play.click()
    expect(saved.box("updates")).to_have_value("6")
    expect(play).to_have_text("▶ Play")
    play.click()
    expect(saved.box("updates")).to_have_value("1")


def test_a_large_network_is_packed_small_and_lives(saved: Saved) -> None:
    network = bp.Network(2, 16, 16, 2)
    draw = np.random.default_rng(2)
    problem = bp.Problem(network, {name: draw.normal() for name in network.parameters}, [0.1, 0.2], [0, 1])
    saved.open(bp.apps.stepper(problem))
    assert saved.path.stat().st_size <= 500_000
    last = len(problem.derivation)
    saved.enter("line", str(last))
    saved.shows(f"{bp.evaluate(problem)[problem.derivation[last].name]:.6g}")


def test_where_reduced_motion_is_asked_for_play_is_a_step_a_press(saved: Saved) -> None:
    saved.page.emulate_media(reduced_motion="reduce")
    try:
        saved.open(bp.apps.training(ARTICLE))
        for shown in ("1", "2"):
            saved.app.get_by_role("button", name="One step on").press("Enter")
            expect(saved.box("show update")).to_have_value(shown)
        assert saved.page.get_by_role("button", name="Play or pause").count() == 0
    finally:
        saved.page.emulate_media(reduced_motion="no-preference")


@pytest.mark.parametrize("problem", [ARTICLE.problem, BATCH])
def test_the_walk_on_the_surface_is_the_engines(saved: Saved, problem: bp.Problem) -> None:
    app = bp.apps.surface(problem)
    saved.open(app)
    saved.enter("updates", "60")
    trace = bp.train(problem, 60)
    saved.shows(f"60 updates: the loss goes from {trace.loss[0]:.6g} to {trace.loss[-1]:.6g}.")
    saved.app.get_by_label("Picture in words").check()
    name = app.x.value
    saved.shows(*(f"{name[0]}{LOW[int(name[1:])]} = {trace[name][end]:.6g}" for end in (-1, 0)))
    if not problem.is_batch:
        saved.app.get_by_label("move only these two").check()
        app.set(updates=60, only=True)
        loss = app._trace(app.state).loss
        saved.shows(f"60 updates: the loss goes from {loss[0]:.6g} to {loss[-1]:.6g}.")


def test_a_parameter_chosen_for_both_axes_trades_places(saved: Saved) -> None:
    app = bp.apps.surface(ARTICLE)
    saved.open(app)
    right, up = app.x.value, app.y.value
    saved.app.get_by_label("upwards").select_option(right)
    expect(saved.app.get_by_label("to the right")).to_have_value(up)
    app.y.value = right
    assert (app.x.value, app.y.value) == (up, right)


@pytest.mark.parametrize("name", LIVE)
class TestEveryApp:
    def test_every_control_moves_something_and_reset_undoes_it(self, saved: Saved, name: str) -> None:
        app = opened(name)
        saved.open(app)
        if name == "cost":  # what was timed once is shown again after Reset
            expect(saved.app).not_to_contain_text(app.spec["texts"]["table"]["waiting"])
        saved.app.evaluate("app => app.querySelectorAll('.bpkit-folded').forEach(fold => { fold.open = true; })")
        start = saved.app.evaluate("app => app.innerText")
        numbers = [one.label for one in app.setting.values() if isinstance(one, Number)]
        for label in numbers:
            if (name, label) not in QUIET:
                key, before = saved.slider(label).evaluate(f"node => [({CAN_GROW})(node), ({SEEN})()]")
                saved.slider(label).press("ArrowRight" if key else "ArrowLeft")
                saved.page.wait_for_function(f"before => before !== ({SEEN})()", arg=before)
        saved.app.evaluate(STORM, many(15, 40))
        if not numbers:  # boxes alone, which nothing sets back
            return
        saved.app.get_by_role("button", name="Reset").click()
        saved.page.wait_for_function("start => document.querySelector('.bpkit-app').innerText === start", arg=start)

    def test_it_fits_a_laptop_and_a_phone_in_light_and_dark(self, saved: Saved, name: str) -> None:
        saved.open(opened(name))
        colors, lab = set(), Lab(saved.page, saved.path.parent)
        for width, scheme in ((900, "light"), (1280, "dark"), (390, "light")):
            saved.page.set_viewport_size({"width": width, "height": 760})
            saved.page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
            assert saved.page.evaluate("document.documentElement.scrollWidth") <= width
            colors.add(saved.page.evaluate("getComputedStyle(document.body).backgroundColor"))
            lab.present = scheme
            if THOROUGH or width != 900:  # both schemes, and the widest and the narrowest
                assert lab.serious() == [], (width, scheme)
        saved.page.emulate_media(color_scheme="light")
        assert len(colors) == 2

    def test_its_choices_can_all_be_taken(self, saved: Saved, name: str) -> None:
        app = opened(name)
        saved.open(app)
        for one in app.setting.values():
            if isinstance(one, Choice) and (name, one.label) not in UNSEEN:
                select = saved.app.get_by_label(one.label, exact=True)
                for label, _ in one.options:
                    select.select_option(label)
                    expect(select.locator("option:checked")).to_have_text(label)


CAN_GROW = "node => Number(node.value) < Number(node.max)"
# What a person sees of an app: its texts, and the paths of its pictures.
SEEN = """() => {
    const app = document.querySelector('.bpkit-app');
    return app.innerText + [...app.querySelectorAll('[d], [points]')].map(n => n.outerHTML);
}"""

# Moves of sliders, boxes, checks and choices, each followed by a frame.
STORM = """async (app, events) => {
    const frame = () => new Promise(requestAnimationFrame);
    const controls = [...app.querySelectorAll('.bpkit-controls input[type=range], .bpkit-views input[type=range]')];
    if (!controls.length) return;
    let seed = 7;
    const draw = () => (seed = (seed * 16807) % 2147483647) / 2147483647;
    for (let k = 0; k < events; k++) {
        const slider = controls[Math.floor(draw() * controls.length)];
        slider.value = Number(slider.min) + draw() * (slider.max - slider.min);
        slider.dispatchEvent(new Event('input', {bubbles: true}));
        await frame();
    }
    await frame();
}"""
