"""Every lesson in a real JupyterLab: it runs, its widgets are drawn, nothing complains, and a person can look at it."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import nbformat
import pytest
from live_lab import NOTEBOOKS, THEMES, Lab
from thorough import THOROUGH

from bpkit.cli import notebooks

LESSONS = notebooks(NOTEBOOKS)
COURSE = [path for path in LESSONS if "/" not in path]
# CI opens every notebook; by default, where somebody waits, a few. All run in the comparison of their outputs, and all
# apps are driven on a page of their own.
FEW = ("00", "07", "10", "exercises/ex")
TAKEN = [path for path in LESSONS if THOROUGH or "BPKIT_SCREENSHOTS" in os.environ or path.startswith(FEW)]
WALK = list(zip(COURSE, COURSE[1:]))
# JupyterLab's own part: it gives an image of an output no alternative text, so its words must follow it, see below; and
# it lets a formula that is wider than the page be scrolled by pointer alone, as the README says.
JUPYTERLABS = ("image-alt", "scrollable-region-focusable")
WORDS_FOLLOW = """() => [...panel.node.querySelectorAll('.jp-RenderedImage')].every(image =>
    image.closest('.jp-OutputArea-child').nextElementSibling?.querySelector('details')?.innerText)"""
CONTENT = {"include": [[".jp-MarkdownOutput"], [".jp-OutputArea-output"]]}  # what is the kit's own on the page


@pytest.mark.parametrize("path", TAKEN)
def test_a_lesson_runs_and_is_drawn(lab: Lab, path: str, record_property: Callable[[str, object], None]) -> None:
    """And axe finds no serious violation in what is the kit's own, in both themes: contrast, headings, tables, texts.

    For a person to look at, BPKIT_SCREENSHOTS names a folder for pictures.
    """
    folder = os.environ.get("BPKIT_SCREENSHOTS")
    audited = THOROUGH or path == LESSONS[0]
    with lab.notebook(path) as notebook:
        notebook.run()
        for theme in reversed(THEMES) if folder or audited else ():
            lab.theme(theme)
            if folder:
                notebook.screenshot(Path(folder).absolute() / f"{Path(path).stem}_{theme}.png")
                record_property("screenshots", f"the lessons, light and dark, in {Path(folder).absolute()}")
            if audited:
                assert serious(lab) == [], theme
        assert notebook.problems() == []
        assert lab.page.evaluate(WORDS_FOLLOW)


def serious(lab: Lab) -> list[tuple[str, str, list[str]]]:
    return [found for found in lab.serious(CONTENT) if found[0] not in JUPYTERLABS]


@pytest.mark.parametrize(("path", "after"), WALK[: None if THOROUGH else 1])
def test_the_keyboard_alone_runs_a_lesson_and_goes_on_to_the_next(lab: Lab, path: str, after: str) -> None:
    count = len(nbformat.read(NOTEBOOKS / path, as_version=4).cells)
    with lab.notebook(path) as notebook:
        lab.page.keyboard.press("Escape")
        for _ in range(count - 1):
            lab.page.keyboard.press("Shift+Enter")
        notebook.settle()
        lab.page.wait_for_function("number => panel.content.activeCellIndex === number", arg=count - 1)
        assert notebook.problems() == []
        for _ in range(10):  # from the last cell to the links in it
            lab.page.keyboard.press("Tab")
            if after in (lab.page.evaluate("document.activeElement.getAttribute('href')") or ""):
                break
        lab.page.keyboard.press("Enter")
        opened = "path => jupyterapp.shell.currentWidget?.context?.path === path"
        lab.page.wait_for_function(opened, arg=after)
        lab.js(
            "async () => { const next = jupyterapp.shell.currentWidget; await next.sessionContext.ready; "
            "const kernel = next.sessionContext.session.kernel; await kernel.info; await kernel.requestCommInfo({}); "
            "await next.sessionContext.shutdown(); next.dispose(); }"
        )
        lab.page.wait_for_timeout(300)
        lab.errors.clear()  # what JupyterLab drops of a page that is closed while it is being drawn
