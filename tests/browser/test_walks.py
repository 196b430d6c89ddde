"""The apps that walk, by their buttons and by Play, against the same apps without a browser."""

from __future__ import annotations

import ast
from collections.abc import Iterator

import pytest
from live_lab import Lab, Notebook

import bpkit as bp

ARTICLE = bp.examples.article


def words(notebook: Notebook) -> str:
    """The text twin, as the kernel has it when all is done."""
    notebook.settle()
    return str(ast.literal_eval(notebook.evaluate("repr(app)")))


@pytest.fixture(scope="module")
def notebook(lab: Lab) -> Iterator[Notebook]:
    """One kernel for all walks, one after the other."""
    with lab.cells("import ipywidgets\nimport bpkit as bp", "app = None", name="walks") as notebook:
        yield notebook


@pytest.fixture
def opened(request: pytest.FixtureRequest, notebook: Notebook) -> Iterator[Notebook]:
    notebook.show(f"ipywidgets.Widget.close_all()\napp = bp.apps.{request.param}(bp.examples.article)\napp")
    yield notebook
    assert notebook.problems() == []


@pytest.mark.parametrize("opened", ["stepper"], indirect=True)
def test_the_stepper_goes_on_and_back_by_pointer_and_by_key(opened: Notebook) -> None:
    twin = bp.apps.stepper(ARTICLE)
    button = lambda name: opened.element.get_by_role("button", name=name)
    button("Next ▸").click()
    button("Next ▸").press("Enter")
    twin.line.value = 3
    assert words(opened) == repr(twin)
    button("◂ Back").click()
    twin.line.value = 2
    assert words(opened) == repr(twin)
    button("4 update").click()
    twin.line.value = 58
    assert words(opened) == repr(twin)
    opened.element.get_by_role("button", name="▸ 4 update").wait_for()
    last = opened.element.locator("input").and_(opened.element.get_by_label("line", exact=True))
    last.fill("67")
    last.press("Enter")
    button("Next update ▸").click()
    twin.set(update=1, line=1)
    assert words(opened) == repr(twin)
    opened.element.get_by_text(f"net {bp.evaluate(ARTICLE.problem.updated(1))['net_h1']:.6g}").wait_for()


@pytest.mark.parametrize(
    ("opened", "control"), [("stepper", "line"), ("paths", "path"), ("descent", "steps")], indirect=["opened"]
)
def test_play_walks_along_what_is_computed(opened: Notebook, control: str) -> None:
    place = lambda: float(opened.evaluate(f"app.{control}.value"))
    before = place()
    play, stop = opened.element.locator(".widget-play button").all()[:2]
    play.click()
    for _ in range(100):
        if place() >= before + 2:
            break
        opened.page.wait_for_timeout(100)
    assert place() >= before + 2
    stop.click()


@pytest.mark.parametrize("opened", ["training"], indirect=True)
def test_where_reduced_motion_is_asked_for_play_is_a_step_a_press(opened: Notebook) -> None:
    opened.page.emulate_media(reduced_motion="reduce")
    try:
        play = opened.element.locator(".widget-play button").first
        for presses in (1, 2):
            play.press("Enter")
            opened.page.wait_for_timeout(250)  # Play would have gone on twice
            opened.settle()
            assert opened.evaluate("app.shown.value") == f"{presses}.0"
    finally:
        opened.page.emulate_media(reduced_motion="no-preference")


@pytest.mark.parametrize("opened", ["descent"], indirect=True)
def test_step_takes_a_step(opened: Notebook) -> None:
    twin = bp.apps.descent(ARTICLE)
    for _ in range(3):
        opened.element.get_by_role("button", name="Step", exact=True).click()
        twin.step.click()
    assert words(opened) == repr(twin)
    assert "After 3 steps" in repr(twin)
