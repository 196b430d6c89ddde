"""The lines as the browser draws them: nothing jumps, nothing leaks, numbers stand below where it is narrow."""

from __future__ import annotations

import json
import re
from html import unescape
from itertools import cycle, product
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page
from thorough import THOROUGH

import bpkit as bp
from bpkit.show.lines_table import lines_html, lines_spec

FOLDER = Path(__file__).parents[3] / "bpkit" / "page"
PROBLEM = bp.examples.article.problem
LINES = bp.derive(PROBLEM).at(PROBLEM)
NUMBERS = dict(LINES.numbers)
PAGE = """<!doctype html><html lang="en" data-theme="THEME"><meta charset="utf-8"><title>lines</title>
<style>CSS body { margin: 0; background: var(--paper) }</style>
<body class="bpkit-page"><main><h1>Lines</h1><div id="here"></div></main><script type="module">MODULE
window.start = (spec, on) => {
  window.made = lines(spec, on);
  here.replaceChildren(made.node);
};
window.ready = true;
</script></body></html>"""
SIZES = "[...document.querySelectorAll('#here tr')].map(row => row.getBoundingClientRect().height)"
COUNT = "document.querySelectorAll('#here *').length"


def shown(page: Page, theme: str = "light", width: int = 1280, on: str = "{}") -> Page:
    page.set_viewport_size({"width": width, "height": 768})
    css, module = ((FOLDER / name).read_text(encoding="utf-8") for name in ("bpkit.css", "bpkit.js"))
    parts = {"THEME": theme, "CSS": css, "MODULE": module}
    page.set_content(re.sub("THEME|CSS|MODULE", lambda found: parts[found[0]], PAGE, count=3))
    page.wait_for_function("window.ready")
    page.evaluate(f"spec => start(spec, {on})", lines_spec(LINES, "The lines of the article"))
    return page


def draw(page: Page, numbers: dict[str, float] = NUMBERS, **more: Any) -> None:
    page.evaluate("data => made.draw(data)", {"numbers": numbers, **more})


def at(**changed: float) -> dict[str, float]:
    problem = PROBLEM.replace(**changed)
    return dict(bp.derive(problem).at(problem).numbers)


def test_the_table_says_what_the_kernel_says(page: Page) -> None:
    shown(page)
    for numbers in (NUMBERS, at(b1=20), at(w5=-0.4)):
        draw(page, numbers)
        found = page.locator("#here tbody tr").evaluate_all(
            "rows => rows.map(row => [...row.children].map(one => one.textContent))"
        )
        rows = re.findall(r"<tr>(.*?)</tr>", lines_html(LINES, numbers))[1:]
        cells = [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row) for row in rows]
        assert found == [[unescape(re.sub("<[^>]*>", "", cell)) for cell in row] for row in cells]
    assert "(5) net(o1) = " in page.evaluate("data => made.words(data)", {"numbers": NUMBERS, "rows": [4, 5]})


@pytest.mark.parametrize("width", [1280, 390])
def test_ten_thousand_frames_leave_the_nodes_and_the_sizes_as_they_were(page: Page, width: int) -> None:
    shown(page, width=width)
    draw(page)
    before = page.evaluate(f"[{COUNT}, {SIZES}]")
    page.evaluate(
        f"""() => {{
          const one = {json.dumps(NUMBERS)}, other = {json.dumps(at(w1=-0.87, w5=-0.4, b1=1.25, w8=-2.5))};
          const few = {{rows: [5, 7, 11], lit: [7]}};
          for (let k = 0; k < 10000; k++) made.draw({{numbers: k % 2 ? other : one, ...few}});
          made.draw({{numbers: other, lit: []}});
        }}"""
    )
    assert page.evaluate(f"[{COUNT}, {SIZES}]") == before
    assert page.locator("#here tr[aria-current]").count() == 0


def test_rows_are_chosen_and_lit(page: Page) -> None:
    shown(page, on="{ choose: (number) => { window.chosen = number } }")
    draw(page, rows=[5, 7, 11], lit=[7])
    assert page.locator("#here tbody tr:visible").count() == 3
    lit = page.locator("#here tr[aria-current=true]")
    assert lit.inner_text().startswith("(7)")
    assert lit.evaluate("row => getComputedStyle(row).outlineStyle") == "solid"
    button = page.get_by_role("button", name="(7)")
    button.focus()
    page.keyboard.press("Enter")
    assert page.evaluate("window.chosen") == 7
    draw(page)
    assert page.locator("#here tbody tr:visible").count() == 67


WIDTHS, THEMES = (1280, 700, 390), ("light", "dark")
# Places do not depend on colours, nor colours on places.
LOOKS = [*product(WIDTHS, THEMES)] if THOROUGH else [*zip(WIDTHS, cycle(THEMES))]


@pytest.mark.parametrize(("width", "theme"), LOOKS)
def test_it_fits_and_can_be_read(page: Page, width: int, theme: str) -> None:
    shown(page, theme, width)
    draw(page, at(b1=20), lit=[3])
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert page.evaluate("made.node.scrollWidth <= made.node.clientWidth")
    assert page.locator("#here [tabindex], #here[tabindex]").count() == 0
    first = page.locator("#here tbody tr").first
    symbols, filled = (first.locator(f".bpkit-line-{kind}").bounding_box() for kind in ("symbols", "filled"))
    assert symbols
    assert filled
    assert (filled["y"] >= symbols["y"] + symbols["height"]) == (width < 620)  # below, or beside
    found = Axe().run(page, "main")
    assert not found.response["violations"], found.generate_report()


def test_a_box_that_scrolls_can_be_reached(page: Page) -> None:
    shown(page, width=390)
    page.evaluate("made.node.style.width = '120px'")
    page.wait_for_selector(".bpkit-lines-box[tabindex='0']")
