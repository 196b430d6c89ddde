"""Every app as a person uses it, by keys, pointer and typing, against the same app without a browser.

The apps come from the package's own list, so a new one is tested as soon as it is there.
"""

from __future__ import annotations

import ast
import hashlib
import inspect
import time
from collections.abc import Callable, Iterator
from typing import Any

import ipywidgets
import numpy as np
import pytest
from live_lab import CONTROLS, PATIENCE, Lab, Notebook, has_focus, tab_through
from playwright.sync_api import Locator
from thorough import EVERYTHING, THOROUGH

import bpkit as bp
from bpkit.apps.base import App
from bpkit.apps.controls import Number

Held = tuple[dict[str, Any], dict[str, str], str]

QUESTIONS = ("ask", "predict")  # they want to know what is asked, and are seen in the lessons
APPS = [name for name in bp.apps.__all__ if name not in QUESTIONS and issubclass(getattr(bp.apps, name), App)]
MEASURED = ("table",)  # views of the app `cost` that show times, which differ from run to run
GIVEN = {"boundary": "'moons'"}  # what an app is made of, where that is not an example

# What the kernel holds: the controls that have a plain value, the views as digests, the text twin.
HELD = """repr((
    {name: control.value for name, control in app.control.items()
     if isinstance(control.value, (bool, int, float, str))},
    {name: digest(view.value) for name, view in app.view.items()
     if isinstance(getattr(view, "value", None), (str, bytes, memoryview))},
    repr(app)))"""


def call(name: str) -> str:
    """The line that makes an app."""
    return f"bp.apps.{name}({GIVEN.get(name, 'bp.examples.article')})"


def digest(value: str | bytes) -> str:
    """Also a cell of the notebook."""
    return hashlib.sha256(value.encode() if isinstance(value, str) else value).hexdigest()


# A slider of some apps, by default; a thorough run has a storm on every slider.
STORMS = {"forward": "w1", "training": "shown", "stepper": "line", "surface": "updates"}
# Where a key moves a slider of so many steps.
KEYS: dict[str, Callable[[int, int], int]] = {
    "ArrowRight": lambda at, last: min(at + 1, last),
    "ArrowLeft": lambda at, last: max(at - 1, 0),
    "Home": lambda at, last: 0,
    "End": lambda at, last: last,
}


class Shown:
    """An app of the article's example on the page, and its twin in this process that is driven to the same values."""

    def __init__(self, name: str, notebook: Notebook) -> None:
        self.name = name
        self.notebook = notebook
        self.page = notebook.page
        self.element = self.page.locator(".bpkit-app").first
        self.sliders = self.element.get_by_role("slider")
        self.twin: Any = eval(call(name), {"bp": bp})
        self.numbers = {name: control for name, control in self.twin.control.items() if isinstance(control, Number)}

    def held(self) -> Held:
        """The values of the controls, the digests of the views and the text twin."""
        held: Held = ast.literal_eval(ast.literal_eval(self.notebook.evaluate(HELD)))
        return held

    def settle(self) -> Held:
        """What the kernel holds when all is done."""
        self.notebook.settle()
        return self.held()

    def expect_twin(self) -> dict[str, Any]:
        """Drive the twin to the values of the controls; kernel and page must show the same. Gives the values."""
        values, views, words = self.settle()
        self.twin.set(**values)
        assert words == repr(self.twin)
        for name, view in self.twin.view.items():
            if self.name == "cost" and name in MEASURED:
                continue
            if isinstance(view, ipywidgets.Image | ipywidgets.HTML | ipywidgets.HTMLMath):
                assert views[name] == digest(view.value), name
            if isinstance(view, ipywidgets.Image):
                self.expect(f"the picture {name} is drawn", HAS_PICTURE, digest(view.value))
            elif isinstance(view, ipywidgets.HTML):
                self.expect(f"the view {name} is drawn", HAS_HTML, view.value)
        return values

    def expect(self, what: str, function: str, argument: str) -> None:
        """Wait for something to be so inside the app's element."""
        deadline = time.monotonic() + PATIENCE / 1000
        while not self.element.evaluate(function, argument):
            assert time.monotonic() < deadline, f"{self.name}: not so: {what}"
            self.page.wait_for_timeout(50)

    def boxes(self) -> list[str]:
        """Where every control stands in the app. The knob of a slider is meant to move, its rail is not."""
        boxes: list[str] = self.element.evaluate(
            """(app, controls) => [...app.querySelectorAll(controls)].filter(node => node.offsetWidth).map(node => {
                const box = (node.closest('.slider-container') || node).getBoundingClientRect();
                const corner = app.getBoundingClientRect();
                return [box.x - corner.x, box.y - corner.y, box.width, box.height].map(Math.round).join(' ');
            })""",
            CONTROLS,
        )
        return boxes

    def field(self, label: str) -> Locator:
        """The field for the exact number with this label."""
        return self.element.locator("input").and_(self.element.get_by_label(label, exact=True))


HAS_PICTURE = """async (app, wanted) => {
    for (const image of app.querySelectorAll('img')) {
        if (!image.complete || !image.naturalWidth) continue;
        const bytes = await (await fetch(image.src)).arrayBuffer();
        const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
        if ([...digest].map(byte => byte.toString(16).padStart(2, '0')).join('') === wanted) return true;
    }
}"""

HAS_HTML = """(app, html) => {
    const wanted = document.createElement('div');
    wanted.innerHTML = html;
    return [...app.querySelectorAll('.widget-html-content')].some(node => node.innerHTML === wanted.innerHTML);
}"""


@pytest.fixture(scope="module")
def notebook(lab: Lab) -> Iterator[Notebook]:
    """One kernel for all apps, one after the other."""
    setup = f"import hashlib\nimport ipywidgets\nimport bpkit as bp\n{inspect.getsource(digest)}"
    with lab.cells(setup, "app = None", name="apps") as notebook:
        yield notebook


@pytest.fixture(scope="module", params=APPS)
def app(request: pytest.FixtureRequest, notebook: Notebook) -> Shown:
    notebook.show(f"ipywidgets.Widget.close_all()\napp = {call(request.param)}\napp")
    return Shown(request.param, notebook)


@pytest.fixture
def slider(app: Shown) -> Locator:
    """The first slider."""
    if not app.numbers:
        pytest.skip("this app has no sliders")
    return app.sliders.first


@pytest.fixture(autouse=True)
def _fresh_and_quiet(app: Shown) -> Iterator[None]:
    """Each test begins with the app as it opens, and ends without a complaint from cells, kernel or browser."""
    app.element.get_by_role("button", name="Reset").click()
    app.settle()
    yield
    assert app.notebook.problems() == []


def test_sliders_move_by_key_and_words_and_pictures_follow(app: Shown) -> None:
    assert app.sliders.count() >= len(app.numbers)
    for handle in app.sliders.all()[: None if EVERYTHING else 1]:
        name = handle.get_attribute("aria-label")
        before = app.settle()
        boxes = app.boxes()
        handle.focus()
        # A slider that opens at its end can only go back.
        app.page.keyboard.press("ArrowRight" if handle.evaluate(CAN_GROW) else "ArrowLeft")
        values = app.expect_twin()
        assert values != before[0], f"{name} moved nothing"
        assert app.held()[1:] != before[1:], f"{name} changed neither words nor pictures"
        assert has_focus(handle), f"{name} lost the focus"
        assert app.boxes() == boxes, f"{name} made the page jump"


# How far along its rail a knob stands, from 0 to 1.
SLIDER_AT = """handle => {
    const [x] = handle.closest('.noUi-origin').style.transform.match(/-?[\\d.]+/);
    return (1000 + Number(x)) / 1000;
}"""
CAN_GROW = "node => Number(node.ariaValueNow) < Number(node.ariaValueMax)"


def test_tab_reaches_every_control_in_order(app: Shown) -> None:
    tab_through(app.element.locator(CONTROLS))


def test_a_slider_is_dragged_by_pointer(app: Shown, slider: Locator) -> None:
    slider.scroll_into_view_if_needed()
    before = app.settle()
    boxes = app.boxes()
    knob, rail = (
        slider.bounding_box(),
        slider.locator("xpath=ancestor::*[contains(@class, 'noUi-base')]").bounding_box(),
    )
    assert knob
    assert rail
    x, y = knob["x"] + knob["width"] / 2, knob["y"] + knob["height"] / 2
    app.page.mouse.move(x, y)
    app.page.mouse.down()
    app.page.mouse.move(rail["x"] + 0.8 * rail["width"], y + 5, steps=40 if EVERYTHING else 10)
    app.page.mouse.up()
    values = app.expect_twin()
    assert values != before[0]
    assert app.held()[1:] != before[1:]
    assert app.boxes() == boxes


def test_no_key_of_a_storm_is_lost(app: Shown) -> None:
    """Whatever the kernel is at when a key is pressed: the last state is that of all keys, one by one."""
    draw = np.random.default_rng(0)
    stormy = list(app.numbers) if THOROUGH else [STORMS[app.name]] if app.name in STORMS else []
    if not stormy:
        pytest.skip("a thorough run has a storm on every slider")
    for name in stormy:
        number = app.numbers[name]
        handle = app.element.get_by_role("slider", name=f"{number.entry.description}, slider", exact=True)
        low, high = number.slider.min, float(app.notebook.evaluate(f"app.control[{name!r}].slider.max"))
        last = round((high - low) / number.slider.step)
        handle.focus()
        app.page.keyboard.press("Home")
        app.settle()
        at = 0
        for key in draw.choice(list(KEYS), 40, p=[0.55, 0.35, 0.05, 0.05]).tolist():
            app.page.keyboard.press(key)
            at = KEYS[key](at, last)
            if draw.random() < 0.5:
                app.page.wait_for_timeout(int(draw.integers(50)))
        wanted = place = low + at * number.slider.step
        if isinstance(number.slider, ipywidgets.FloatLogSlider):
            place = 10**place
            wanted = float(f"{place:.3g}")
        wanted = round(wanted) if number.whole else pytest.approx(wanted, rel=1e-9)
        values = app.expect_twin()
        assert values[name] == wanted, name
        assert float(app.field(number.entry.description).input_value()) == values[name]
        assert float(app.notebook.evaluate(f"app.control[{name!r}].slider.value")) == pytest.approx(place)
        assert handle.evaluate(SLIDER_AT) == pytest.approx(at / last, abs=1e-5)  # as the browser rounds it


@pytest.mark.usefixtures("slider")
def test_an_exact_number_is_typed_shared_and_reset(app: Shown) -> None:
    start = app.held()
    name = next((name for name, number in app.numbers.items() if not number.whole), None)
    if name is None:
        pytest.skip("this app has whole numbers alone")
    field = app.field(app.numbers[name].entry.description)
    field.fill("0.2499")
    field.press("Enter")
    assert app.expect_twin() == start[0] | {name: 0.2499}
    assert field.input_value() == "0.2499"
    assert app.element.get_by_label("Share").input_value() == app.twin.share
    if name in app.twin.problem.givens:
        assert eval(app.twin.share, {"bp": bp}) == app.twin.problem.replace(**{name: 0.2499})
    app.element.get_by_role("button", name="Reset").press("Enter")
    assert app.settle() == start


def test_the_picture_in_words_is_there_on_demand_and_for_a_screen_reader(app: Shown) -> None:
    app.element.get_by_label("Picture in words").check()
    app.expect_twin()
    words = app.twin.words(app.twin.state)
    app.expect("the words are shown", "(app, words) => app.innerText.includes(words)", words)
    for image in app.element.locator("img").all():
        assert words in {image.get_attribute("alt"), image.get_attribute("title")}


def test_axe_finds_no_serious_violation(app: Shown, lab: Lab) -> None:
    app.element.get_by_label("Picture in words").check()
    app.settle()
    for theme in lab.themes():
        assert lab.serious() == [], theme
