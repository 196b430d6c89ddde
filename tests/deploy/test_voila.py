"""Voilà serves a lesson, and each app as a page of its own, to a browser: `voila notebooks/07_training.ipynb`."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from app_cases import ASKING, LIVE, call
from live_lab import NOTEBOOKS
from playwright.sync_api import Page, expect
from thorough import THOROUGH

import bpkit as bp

from .serving import JUDGED, judged, not_alive, ready, serving, slid, write

pytestmark = [
    pytest.mark.skipif(not THOROUGH, reason="serves every app anew: set BPKIT_THOROUGH=1"),
    pytest.mark.skipif(
        importlib.util.find_spec("voila") is None, reason='voila is missing: pip install -e ".[lecture]"'
    ),
]


@contextmanager
def served(what: Path, home: Path) -> Iterator[str]:
    """Serve a notebook or a folder of them by Voilà."""
    own = {f"JUPYTER_{name}_DIR": str(home / name) for name in ("CONFIG", "DATA", "RUNTIME")}
    with serving([sys.executable, "-m", "voila", str(what), "--no-browser"], "voila/static/", home, own) as url:
        yield url


def test_the_lesson_on_training_is_a_page_whose_slider_works(page: Page, tmp_path: Path) -> None:
    with served(NOTEBOOKS / "07_training.ipynb", tmp_path) as url:
        ready(page, url)
        app = page.locator(".bpkit-app").filter(has=page.get_by_label("show update")).first
        app.get_by_label("Picture in words").check()
        rate = app.locator("input").and_(app.get_by_label("learning rate", exact=True))
        rate.fill("2.5")
        rate.press("Enter")
        run = bp.train(bp.examples.article.problem.replace(learning_rate=2.5), 200)
        expect(app).to_contain_text(f"{run.loss[0]:.6g}")
        expect(app).to_contain_text("2.5")
        expect(page.locator("body")).not_to_contain_text("import bpkit")  # a page for a lecture shows no code


WRONG = ("Loading widget", "Error displaying widget", "There was an error when executing", "import bpkit")


def wrong_with(page: Page) -> list[str]:
    """What should not be on a page that has been drawn; "import bpkit" is code."""
    text = page.locator("body").inner_text()
    return [words for words in WRONG if words in text] + not_alive(page)


def test_every_lesson_is_a_page_without_code(page: Page, tmp_path: Path) -> None:
    wrong = {}
    with served(NOTEBOOKS, tmp_path) as url:
        for lesson in sorted(path.name for path in NOTEBOOKS.glob("*.ipynb")):
            ready(page, f"{url}/voila/render/{lesson}")
            page.get_by_role("heading", name="Recap").wait_for()
            expect(page.locator("body")).not_to_contain_text("Loading widget")
            wrong[lesson] = wrong_with(page)
    assert {lesson: found for lesson, found in wrong.items() if found} == {}


def test_a_page_whose_cell_fails_is_seen(page: Page, tmp_path: Path) -> None:
    write(tmp_path / "failing.ipynb", "1 / 0")
    with served(tmp_path / "failing.ipynb", tmp_path) as url:
        page.goto(url)
        page.get_by_text("There was an error").wait_for()
        assert wrong_with(page)


def test_each_app_is_a_page_of_its_own_whose_slider_works(page: Page, tmp_path: Path) -> None:
    """A notebook of one cell makes the page."""
    apps = [name for name in LIVE if name not in ASKING]
    folder = tmp_path / "apps"
    folder.mkdir()
    for name in apps:
        write(folder / f"{name}.ipynb", call(name))
    wrong = {}
    with served(folder, tmp_path) as url:
        for name in apps:
            ready(page, f"{url}/voila/render/{name}.ipynb")
            slid(page.locator(".bpkit-app"))
            wrong[name] = wrong_with(page)
    assert {name: found for name, found in wrong.items() if found} == {}


def test_the_kernel_judges_an_answer(page: Page, tmp_path: Path) -> None:
    folder = tmp_path / "judged"
    folder.mkdir()
    for name, (source, *_) in JUDGED.items():
        write(folder / f"{name}.ipynb", source)
    with served(folder, tmp_path) as url:
        for name, (_, box, *said) in JUDGED.items():
            ready(page, f"{url}/voila/render/{name}.ipynb")
            judged(page.locator(".bpkit-app"), box, *said)
            assert wrong_with(page) == []
