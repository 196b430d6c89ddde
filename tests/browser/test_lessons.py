"""Every lesson in a real JupyterLab: it runs, its widgets are drawn, nothing complains, and a person can look at it."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from live_lab import NOTEBOOKS, Lab
from thorough import EVERYTHING, THOROUGH

from bpkit.cli.lessons import notebooks

LESSONS = notebooks(NOTEBOOKS)
COURSE = [path for path in LESSONS if "/" not in path]
# CI opens every notebook but the long solutions, and the instructors' where they are used; by default, where somebody
# waits, one. All run in the comparison of their outputs, and all apps are driven on a page of their own.
FEW = "00"
ELSEWHERE = ("exercises/solutions", "instructors/")
TAKEN = (
    LESSONS
    if THOROUGH or "BPKIT_SCREENSHOTS" in os.environ
    else [path for path in LESSONS if not path.startswith(ELSEWHERE) and (EVERYTHING or path.startswith(FEW))]
)
# A change of theme takes its time: one lesson is looked at in the light, the next in the dark, all light ones first.
PRESENT = {path: theme for theme, first in (("light", 0), ("dark", 1)) for path in TAKEN[first::2]}
FOLLOWING = dict(zip(COURSE, COURSE[1:]))
# JupyterLab's own part: it gives an image of an output no alternative text, so its words must follow it, see below; and
# it lets a formula that is wider than the page be scrolled by pointer alone, as ACCESSIBILITY.md says.
JUPYTERLABS = ("image-alt", "scrollable-region-focusable")
WORDS_FOLLOW = """() => [...panel.node.querySelectorAll('.jp-RenderedImage')].every(image => !image.offsetWidth
    || image.closest('.jp-OutputArea-child').nextElementSibling?.querySelector('details')?.innerText)"""
# Names as code has them, w5 or E_total, where no code is told: the page, its pictures and its controls write formulas.
# An entry of a program's array, W2[0, 0], has the kit's name beside it.
AS_CODE = r"""() => {
    const code = /(?<![\w.])(?:[wbxy]\d+(?!\w)|(?:net|out|E|b|dE)_\w+|d\w+\/d\w+)/, found = new Set();
    const walk = document.createTreeWalker(panel.node, NodeFilter.SHOW_TEXT);
    while (walk.nextNode()) {
        const text = walk.currentNode, at = text.parentElement;
        const kept = at.closest('code, pre, style, script, textarea, title, .jp-InputArea-editor, .jp-RenderedText, ' +
            '.MathJax, .bpkit-picture-words, tr:has(td > code)');
        if (kept || /^\w+\[/.test(text.data)) continue;
        if (at.getClientRects().length && code.test(text.data)) found.add(text.data.trim());
    }
    return [...found];
}"""
CONTENT = {"include": [[".jp-MarkdownOutput"], [".jp-OutputArea-output"]]}  # what is the kit's own on the page


@pytest.mark.parametrize("path", PRESENT)
def test_a_lesson_runs_by_keyboard_alone_and_is_drawn(
    lab: Lab, path: str, record_property: Callable[[str, object], None]
) -> None:
    """And axe finds no serious violation in what is the kit's own: contrast, headings, tables, texts.

    In one theme, and with BPKIT_THOROUGH=1 in both. For a person to look at, BPKIT_SCREENSHOTS names a folder for
    pictures.
    """
    folder = os.environ.get("BPKIT_SCREENSHOTS")
    if lab.present != PRESENT[path]:
        lab.theme(PRESENT[path])
    with lab.notebook(path) as notebook:
        notebook.run_by_keyboard()
        assert notebook.problems() == []
        if after := FOLLOWING.get(path):
            link = to_link(lab, after)
            if path == LESSONS[0]:
                follow(lab, after)
            assert link, f"no link to {after} is reached from the last cell"
        for theme in lab.themes() if folder or THOROUGH else [lab.present]:
            if folder:
                notebook.screenshot(Path(folder).absolute() / f"{Path(path).stem}_{theme}.png")
                record_property("screenshots", f"the lessons, light and dark, in {Path(folder).absolute()}")
            is_readable(lab, path, theme == PRESENT[path])
        assert notebook.problems() == []


def to_link(lab: Lab, path: str) -> bool:
    """Go by Tab from the last cell to a link in it."""
    for _ in range(30):
        lab.page.keyboard.press("Tab")
        if path in (lab.page.evaluate("document.activeElement.getAttribute('href')") or ""):
            return True
    return False


def follow(lab: Lab, path: str) -> None:
    """Open the notebook that the link in focus leads to, and close it again."""
    lab.page.keyboard.press("Enter")
    lab.page.wait_for_function("path => jupyterapp.shell.currentWidget?.context?.path === path", arg=path)
    lab.js(
        "async () => { const next = jupyterapp.shell.currentWidget; await next.sessionContext.ready; "
        "const kernel = next.sessionContext.session.kernel; await kernel.info; await kernel.requestCommInfo({}); "
        "await next.sessionContext.shutdown(); next.dispose(); jupyterapp.shell.activateById(panel.id); }"
    )
    lab.page.wait_for_timeout(300)
    lab.errors.clear()  # what JupyterLab drops of a page that is closed while it is being drawn


def is_readable(lab: Lab, path: str, whole: bool = True) -> None:
    """In the notebook that is open axe finds nothing serious, pictures have words, and no name is as code has it."""
    # The formulas of the solutions, thousands of nodes, are drawn as those of the lessons are.
    content = CONTENT if path in COURSE else {**CONTENT, "exclude": [["mjx-container"]]}
    assert [found for found in lab.serious(content, whole) if found[0] not in JUPYTERLABS] == [], lab.present
    assert lab.page.evaluate(WORDS_FOLLOW)
    assert lab.page.evaluate(AS_CODE) == []
