"""Printable pages in a real browser without a network: formulas drawn, accessible, and nothing cut off on paper."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page
from thorough import THOROUGH

from bpkit.exercises import make_sheet, questions
from bpkit.exercises.editions import pages
from bpkit.exercises.questions.written import FunctionPart
from bpkit.exercises.sheets.sheet import DEFAULT_QUESTIONS

PAGES = {"sheet": pages.learner_page, "solution": pages.solution_page, "key": pages.key_page}
ALL = tuple(question.id for question in questions())
FEW = ("which-slip", "matrix-shapes", "symbolic", "code")
SHEETS = {"usual": (DEFAULT_QUESTIONS, 4, "hard"), "few": (FEW, 1, "medium"), "long": (("hidden-paths",), 4, "hard")}
# axe takes half a minute for a long solution
CASES = [("usual", "sheet"), ("usual", "key"), ("few", "sheet"), ("few", "solution"), ("long", "solution")]
if THOROUGH:
    SHEETS |= {f"all {level}": (ALL, seed, level) for seed, level in enumerate(("easy", "medium", "hard"), 7)}
    CASES = [(name, kind) for name in SHEETS for kind in PAGES]
ON_PAPER = {"width": round((210 - 2 * 16) / 25.4 * 96), "height": 900}  # A4 without its margins, in CSS pixels

FORMULAS = """() => [...document.querySelectorAll('math')].map(formula => {
    const {width, height} = formula.getBoundingClientRect();
    return width > 2 && height > 2 ? '' : formula.outerHTML;
}).filter(Boolean)"""
TOO_WIDE = """() => [...document.body.querySelectorAll(':not(svg *)')].filter(node => {
    const {left, right} = node.getBoundingClientRect();
    return left < -0.5 || right > document.documentElement.clientWidth + 0.5 || node.scrollWidth > node.clientWidth + 1
        && node.clientWidth && getComputedStyle(node).overflow !== 'visible';
}).map(node => node.outerHTML.slice(0, 120))"""


@pytest.fixture(scope="module")
def offline(page: Page) -> Iterator[Page]:
    """A page of the same browser that has no network."""
    assert page.context.browser
    context = page.context.browser.new_context(offline=True)
    yield context.new_page()
    context.close()


@pytest.mark.parametrize(("name", "kind"), CASES)
def test_a_page_is_drawn_read_and_printed(name: str, kind: str, offline: Page, tmp_path: Path) -> None:
    ids, seed, level = SHEETS[name]
    sheet = make_sheet(ids, seed=seed, learner="Ada Lovelace", difficulty=level)
    path = tmp_path / f"{kind}.html"
    path.write_text(PAGES[kind](sheet), encoding="utf-8")
    asked: list[str] = []
    note: Callable[[object], None] = lambda request: asked.append(request.url)  # type: ignore[attr-defined]
    offline.on("request", note)
    offline.emulate_media(media="screen", color_scheme="dark" if name == "few" else "light")
    offline.goto(path.as_uri())
    offline.remove_listener("request", note)
    assert asked == [path.as_uri()]
    assert kind == "key" or offline.locator("math").count() >= 10
    assert offline.evaluate(FORMULAS) == []
    if kind != "key":
        # On paper a function is written to its words, without a picture.
        drawn = [one for one in sheet if pages.beside(one) and not isinstance(one.content.parts[0], FunctionPart)]
        assert offline.get_by_role("img").count() == len(drawn) >= len(sheet) * 3 / 4
    # Formulas, most of what stands on a page, are asked about on the short sheet alone.
    context = {} if name == "few" else {"exclude": [["math"]]}
    found = Axe().run(offline, context, {"resultTypes": ["violations"]}).response["violations"]
    serious = [violation for violation in found if violation["impact"] in ("serious", "critical")]
    assert [(v["id"], v["help"], [node["html"] for node in v["nodes"]][:3]) for v in serious] == []
    offline.set_viewport_size(ON_PAPER)
    offline.emulate_media(media="print", color_scheme="light")
    assert offline.evaluate(TOO_WIDE) == []
    printed = offline.pdf(prefer_css_page_size=True)
    sides = len(re.findall(rb"/Type\s*/Page\b", printed))
    assert sides > 1 if kind != "key" else sides == 1 or len(sheet) > len(DEFAULT_QUESTIONS)


def test_what_is_too_wide_or_not_drawn_is_found(offline: Page) -> None:
    offline.set_viewport_size(ON_PAPER)
    offline.set_content("<p style='width: 900px'>wide</p><math></math>")
    assert len(offline.evaluate(TOO_WIDE)) == 1
    assert len(offline.evaluate(FORMULAS)) == 1
