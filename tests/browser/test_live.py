"""The apps that live in the page, in JupyterLab: kernel and page show the same, whoever moves."""

from __future__ import annotations

import ast
import time
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from app_cases import ASKING, LIVE, call
from live_lab import CONTROLS, PATIENCE, Lab, Notebook, tab_through
from playwright.sync_api import Locator, expect
from thorough import THOROUGH

import bpkit as bp
from bpkit.apps.controls import Number
from bpkit.apps.linked import ALIVE

ARTICLE = bp.examples.article


class Shown:
    """An app on the page, and its twin in this process."""

    def __init__(self, name: str, notebook: Notebook, place: int = 0) -> None:
        self.name, self.notebook, self.page = name, notebook, notebook.page
        self.element = self.page.locator(".jp-NotebookPanel:not(.lm-mod-hidden) .bpkit-app").nth(place)
        self.twin: Any = eval(call(name), {"bp": bp})

    @property
    def numbers(self) -> dict[str, Number]:
        """The controls that are numbers, but those that the app has put away: of one path there is none to choose."""
        found = {key: one for key, one in self.twin.setting.items() if isinstance(one, Number)}
        return {key: one for key, one in found.items() if self.box(one.label).count()}

    def box(self, label: str) -> Locator:
        return self.element.get_by_role("textbox", name=label, exact=True)

    def slider(self, label: str) -> Locator:
        return self.element.get_by_role("slider", name=f"{label}, slider", exact=True)

    def kernel(self) -> dict[str, Any]:
        """The kernel's values when all messages are worked off."""
        self.notebook.settle()
        values: dict[str, Any] = ast.literal_eval(self.notebook.evaluate("dict(app.values)"))
        return values

    def wait_for(self, name: str, value: Any) -> None:
        deadline = time.monotonic() + PATIENCE / 1000
        while (got := self.kernel()[name]) != value:
            assert time.monotonic() < deadline, f"{self.name}: {name} is {got}, not {value}"

    def same(self) -> dict[str, Any]:
        """Kernel, page and twin agree; gives the values."""
        values = self.kernel()
        for name, one in self.numbers.items():
            expect(self.box(one.label)).to_have_value(self.box_text(values[name]))
        self.twin.set(**values)
        assert ast.literal_eval(self.notebook.evaluate("repr(app)")) == repr(self.twin)
        return values

    @staticmethod
    def box_text(value: float) -> str:
        return repr(float(value)).removesuffix(".0").replace("e-0", "e-")


@pytest.fixture(scope="module")
def notebook(lab: Lab) -> Iterator[Notebook]:
    with lab.cells("import bpkit as bp", "app = None", name="live") as notebook:
        yield notebook


# What joins page and kernel is the same for all; every control of every app is moved on a page of its own.
MOVED = [name for name in LIVE if name not in ASKING]


@pytest.fixture(scope="module", params=MOVED if THOROUGH else MOVED[3::5])
def app(request: pytest.FixtureRequest, notebook: Notebook) -> Shown:
    notebook.show(f"app = {call(request.param)}\napp")
    notebook.page.locator(".bpkit-app").wait_for()
    return Shown(request.param, notebook)


@pytest.fixture(autouse=True)
def _fresh_and_quiet(request: pytest.FixtureRequest) -> Iterator[None]:
    if "app" not in request.fixturenames:
        yield
        return
    app: Shown = request.getfixturevalue("app")
    app.element.get_by_role("button", name="Reset").click()
    app.notebook.settle()
    yield
    assert app.notebook.problems() == []


def test_the_still_picture_has_gone_and_the_app_is_there(app: Shown) -> None:
    assert app.page.locator(".jp-RenderedImage img").locator("visible=true").count() == 0
    assert app.page.get_by_text(ALIVE).count() == 0
    app.same()


def test_what_a_person_moves_the_kernel_knows(app: Shown) -> None:
    before = app.kernel()
    for label in [one.label for one in app.numbers.values()][:3]:
        slider = app.slider(label)
        slider.press("ArrowRight" if slider.evaluate("node => Number(node.value) < Number(node.max)") else "ArrowLeft")
    assert app.same() != before
    name, one = next(((name, one) for name, one in app.numbers.items() if not one.whole), (None, None))
    if name is None or one is None:  # whole numbers only
        return
    app.box(one.label).fill("0,2499")
    app.box(one.label).press("Enter")
    assert app.same()[name] == 0.2499
    if name in ARTICLE.problem.givens:
        share = app.element.get_by_role("textbox", name="Share").input_value()
        assert eval(share, {"bp": bp}).givens[name] == 0.2499


def test_what_the_kernel_moves_the_page_shows(app: Shown) -> None:
    name, one = next(iter(app.numbers.items()))
    value = one.checked(app.kernel()[name] + 1)
    app.notebook.evaluate(f"app.set({name}={value!r})")
    expect(app.box(one.label)).to_have_value(app.box_text(value))
    app.same()


def test_a_storm_of_keys_ends_in_the_last_state_on_both_sides(app: Shown) -> None:
    draw = np.random.default_rng(3)
    sliders = app.element.get_by_role("slider").all()
    for _ in range(4):
        sliders[int(draw.integers(len(sliders)))].focus()
        for key in draw.choice(["ArrowRight", "ArrowLeft", "PageUp", "PageDown", "Home", "End"], 12).tolist():
            app.page.keyboard.press(key)
    app.same()


def test_tab_reaches_every_control_in_order(app: Shown) -> None:
    tab_through(app.element.locator(CONTROLS))


def test_axe_finds_no_serious_violation(app: Shown, lab: Lab) -> None:
    app.element.get_by_label("Picture in words").check()
    app.notebook.settle()
    colors = set()
    for theme in lab.themes():
        assert lab.serious() == [], theme
        colors.add(app.element.evaluate("node => getComputedStyle(node).color"))
    assert len(colors) == 2


def test_figures_that_are_checked_by_hand_reach_the_kernel(notebook: Notebook, lab: Lab) -> None:
    notebook.show("app = bp.apps.recalculate(bp.examples.article)\napp")
    element = notebook.page.locator(".jp-NotebookPanel:not(.lm-mod-hidden) .bpkit-app")
    box = element.get_by_role("textbox").first
    box.fill("0.25*0.1 + 0.15*0.2 + 0.45")
    box.press("Enter")
    notebook.settle()
    assert "0.25*0.1 + 0.15*0.2 + 0.45" in notebook.evaluate("[*app.values.values()]")
    assert notebook.problems() == []
    for theme in lab.themes():
        assert lab.serious() == [], theme


def test_the_detective_types_what_the_example_prints(notebook: Notebook) -> None:
    notebook.show('app = bp.apps.detective(bp.examples.article, "E_total", updates=False)\napp')
    element = notebook.page.locator(".jp-NotebookPanel:not(.lm-mod-hidden) .bpkit-app")
    verdict = element.locator(".bpkit-verdict")
    element.get_by_role("button", name="Type the printed figure").click()
    expect(verdict).to_contain_text("✗ Not right")
    element.get_by_role("button", name="Start from the printed figures").click()
    expect(verdict).to_contain_text("→ Right method: this fits your out(o1) = 0.6888201 and out(o2) = 0.7375445.")
    given = element.get_by_role("textbox", name="computed from")
    assert given.evaluate("box => box.scrollWidth <= box.clientWidth")
    controls = (
        element.get_by_role("combobox", name="Quantity"),
        element.get_by_role("textbox", name="Your number"),
        given,
    )
    lefts = [one.evaluate("box => Math.round(box.getBoundingClientRect().left)") for one in controls]
    assert len(set(lefts)) == 1
    element.get_by_role("combobox", name="Quantity").select_option("out(o2)")
    element.get_by_role("button", name="Type the printed figure").click()
    expect(verdict).to_contain_text("≈ Nearly right")
    element.get_by_role("combobox", name="Quantity").select_option("new w₅")
    expect(element.get_by_role("button", name="Type the printed figure")).to_be_disabled()
    expect(element.get_by_text("No figure is printed for this one.")).to_be_visible()
    assert notebook.problems() == []
