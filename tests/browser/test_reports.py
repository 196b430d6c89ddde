"""The class's page and a learner's in a real browser: accessible in both themes, whole on a phone and on paper."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from bpkit.exercises.editions.produce import produce
from bpkit.exercises.marking.whole_class import handed_in, marking, reports, settled
from bpkit.exercises.questions.parts import NumberPart
from bpkit.exercises.sheets.cohort import plan
from bpkit.exercises.sheets.files import write
from bpkit.exercises.sheets.key import read_key

NAMES = (
    "Ada Lovelace",
    "Zoë Ångström",
    "A name that is so long that it needs more than one line of a small screen",
    "Ben",
)
QUESTIONS = ("net-and-out", "hidden-update", "which-slip", "code")
WIDTHS = {"desk": 1366, "phone": 390, "paper": round((210 - 2 * 16) / 25.4 * 96)}
# What is wider than the page, other than inside of what scrolls by itself.
TOO_WIDE = """() => {
    const all = document.documentElement;
    return all.scrollWidth <= all.clientWidth ? [] : [...document.body.querySelectorAll(':not(svg *)')].filter(node =>
        node.getBoundingClientRect().right > all.clientWidth + 0.5).map(node => node.outerHTML.slice(0, 120));
}"""


@pytest.fixture(scope="module")
def marked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The reports of a class with mistakes, something unreadable, functions, and a mark by hand; Ben is absent."""
    folder = tmp_path_factory.mktemp("marked")
    roster = io.StringIO()
    csv.writer(roster).writerows([["name"], *([name] for name in NAMES)])
    produce(plan(roster.getvalue(), seed=4, questions=QUESTIONS), folder, 4, ["learner"], jobs=1)
    key = read_key(folder / "key")
    for number, seat in enumerate(key.seats):
        path, sheet = folder / f"learners/{seat.slug}.ipynb", key.sheet(seat.slug)
        book = json.loads(path.read_text("utf-8"))
        for cell in book["cells"]:
            if (
                cell["metadata"]["bpkit"].get("kind") == "answer"
                and (name := cell["metadata"]["bpkit"]["key"])[0] != "4"
            ):
                part = sheet.parts[name]
                answer = part.wrong[number].answer if part.wrong else part.answer
                text = f"{answer:.{part.digits}g}" if isinstance(part, NumberPart) else repr(answer)
                cell["source"] = f'answers["{name}"] = {"what" if name == "1b" else text}'
        path.write_text(json.dumps(book), "utf-8")
    (folder / "learners/ben.ipynb").unlink()
    (folder / "key/overrides.csv").write_text("learner,question,points,remark\nAda Lovelace,2,0.5,Nearly.\n", "utf-8")
    given = handed_in(folder / "learners", folder / "key", folder / "marked")
    for name, text in reports(settled(list(marking(given)), given), solutions=True):
        write(folder / "marked" / name, text)
    return folder / "marked"


@pytest.fixture(scope="module")
def offline(page: Page) -> Iterator[Page]:
    """A page of the same browser that has no network."""
    assert page.context.browser
    context = page.context.browser.new_context(offline=True)
    yield context.new_page()
    context.close()


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("name", ["class.html", "feedback/ada-lovelace.html"])
def test_a_report_is_accessible_and_fits(name: str, theme: str, marked: Path, offline: Page) -> None:
    offline.set_viewport_size({"width": WIDTHS["desk"], "height": 768})
    offline.emulate_media(media="screen", color_scheme=theme)  # type: ignore[arg-type]
    offline.goto((marked / name).as_uri())
    assert offline.locator("math").count() > 2
    assert offline.locator("main h1").count() == 1
    levels = offline.evaluate("() => [...document.querySelectorAll('h1, h2, h3, h4')].map(node => +node.tagName[1])")
    assert all(after <= level + 1 for level, after in zip(levels, levels[1:]))
    dark = offline.evaluate("() => getComputedStyle(document.body).backgroundColor") != "rgb(255, 255, 255)"
    assert dark == (theme == "dark")
    found = Axe().run(offline, {"exclude": [["math"]]}, {"resultTypes": ["violations"]}).response["violations"]
    assert [(one["id"], one["help"], [node["html"] for node in one["nodes"]][:3]) for one in found] == []
    for width in WIDTHS.values():
        offline.set_viewport_size({"width": width, "height": 900})
        assert offline.evaluate(TOO_WIDE) == []
    offline.emulate_media(media="print")
    assert (
        offline.evaluate(
            "() => [...document.querySelectorAll('.scroll')].filter(one => one.scrollWidth > "
            "one.clientWidth + 1).map(one => one.getAttribute('aria-label'))"
        )
        == []
    )


def test_a_link_of_the_class_leads_to_the_learner(marked: Path, offline: Page) -> None:
    offline.emulate_media(media="screen")
    offline.goto((marked / "class.html").as_uri())
    offline.get_by_role("link", name=NAMES[1]).first.click()
    assert offline.get_by_role("heading", level=1).inner_text() == f"Feedback for {NAMES[1]}"
    assert offline.get_by_text("Ben").count() == 0
