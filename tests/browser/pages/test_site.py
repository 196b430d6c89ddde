"""The course's pages in a browser, opened from a disk and without a network."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from live_lab import NOTEBOOKS, Lab
from playwright.sync_api import ConsoleMessage, Locator, Page, Request, TimeoutError, expect

import bpkit as bp
from bpkit.apps.predict import named
from bpkit.exercises.questions.parts import NumberPart
from bpkit.exercises.questions.slips import wrong_answers
from bpkit.page.boxes import spelled
from bpkit.site import build

THOROUGH = bool(os.environ.get("BPKIT_THOROUGH"))
LESSONS = ("00_*", "01_*", "02_*")
PHONE, DESK = {"width": 390, "height": 844}, {"width": 1366, "height": 768}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The first lessons as pages; all of them where that is asked for."""
    notebooks, out = tmp_path_factory.mktemp("notebooks"), tmp_path_factory.mktemp("site")
    for pattern in ("[01]*",) if THOROUGH else LESSONS:
        for path in NOTEBOOKS.glob(f"{pattern}.ipynb"):
            shutil.copy(path, notebooks)
    build(notebooks, out)
    return out


@pytest.fixture
def site(page: Page, folder: Path) -> Iterator[Site]:
    """The pages, with no network; whatever the browser complains of fails the test."""
    one = Site(page, folder)
    yield one
    page.emulate_media(color_scheme="light")
    page.set_viewport_size({"width": 1280, "height": 900})
    one.open("index")
    page.evaluate("localStorage.clear()")
    page.goto("about:blank")
    for event in ("console", "pageerror", "request"):
        page.remove_listener(event, getattr(one, event))
    assert one.heard == []


class Site:
    """One page of the site after the other."""

    def __init__(self, page: Page, folder: Path) -> None:
        self.page, self.folder = page, folder
        self.heard: list[str] = []
        for event in ("console", "pageerror", "request"):
            page.on(event, getattr(self, event))  # type: ignore[call-overload]

    def console(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.heard.append(message.text)

    def pageerror(self, error: Exception) -> None:
        self.heard.append(str(error))

    def request(self, request: Request) -> None:
        if not request.url.startswith(("file:", "data:", "about:")):
            self.heard.append(request.url)

    def open(self, name: str) -> None:
        self.page.goto((self.folder / f"{name}.html").as_uri())

    def form(self, name: str) -> Locator:
        return self.page.locator(f"[data-asks='{name}']")


def test_a_prediction_is_committed_to_and_counts_on_the_map(site: Site) -> None:
    asked = named("steps-in-fog")
    site.open("01_undoing_a_move")
    form = site.form("prediction-1")
    commit, said = form.get_by_role("button", name="Commit"), form.get_by_role("status")
    expect(said).to_have_text("Choose, then commit.")
    commit.click()
    expect(said).to_have_text("That needs an answer first. Choose, then commit.")
    wrong = next(one for one in asked.choices or () if one != asked.answer)
    form.get_by_role("radio", name=wrong, exact=True).check()
    commit.click()
    expect(said).to_contain_text(f"You said “{wrong}”. It is “{asked.answer}”. The reason: ")
    expect(commit).to_be_disabled()
    expect(form.get_by_role("radio").first).to_be_disabled()
    done = f"1 of {site.page.locator('[data-asks]').count()} done"
    expect(site.page.locator(".contents [data-progress]")).to_have_text(done)
    site.page.get_by_role("link", name="Backpropagation, line by line").click()
    expect(site.page.locator("[data-lesson='01_undoing_a_move'] [data-progress]")).to_have_text(done)
    expect(site.page.locator("[data-whole]")).to_contain_text("You have done 1 of")
    site.open("00_start_here")  # the map there is the same
    expect(site.page.locator("li[data-lesson='01_undoing_a_move'] [data-progress]")).to_have_text(done)
    expect(site.page.locator("[data-whole]")).to_contain_text("You have done 1 of")
    site.open("index")
    site.page.get_by_role("button", name="Forget my progress").click()
    expect(site.page.locator("[data-lesson='01_undoing_a_move'] [data-progress]")).to_have_text("")


def test_a_predicted_number_is_compared(site: Site) -> None:
    site.open("02_neurons_layers_biases")
    form = site.form("prediction-1")
    box, said = form.get_by_label("Your prediction"), form.get_by_role("status")
    box.fill("much")
    form.get_by_role("button", name="Commit").click()
    expect(said).to_have_text("I cannot read 'much' as a number. Type it like 0.0851 or 1/3.")
    box.fill("0,9")
    box.press("Enter")
    expect(said).to_have_text("Press Commit to compare. After that you cannot change it.")
    expect(form.get_by_role("button", name="Commit")).to_be_focused()
    form.page.keyboard.press("Enter")
    expect(said).to_contain_text("You said 0.9; it is 0.731059. You were 0.1689, or 23 %, too high. The reason: ")


def test_a_box_names_the_mistake_and_opens_its_line(site: Site) -> None:
    problem = bp.examples.article.problem.replace(x1=0.5)
    site.open("00_start_here")
    form = site.form("quantity-1")
    box, said, line = form.get_by_label("net(h1) ="), form.get_by_role("status"), form.locator(".bpkit-behind")
    mistake = next(one for one in wrong_answers(problem, "net_h1") if one.name == "leaves the bias out")
    typed = spelled(mistake.answer, 6)
    box.fill(typed)
    box.press("Enter")
    expect(said).to_have_text(f"✗ {bp.diagnose(problem, 'net_h1', typed).message}")
    expect(line).to_be_hidden()
    form.get_by_label("Show the line").check()
    expect(line).to_be_visible()
    form.get_by_label("Show the line").uncheck()
    box.fill("0.605")
    form.get_by_role("button", name="Check").click()
    expect(said).to_have_text("✓ Right.")
    expect(line).to_contain_text("0.605")


def test_a_question_marks_answers_draws_new_numbers_and_shows_its_solution(site: Site) -> None:
    exercise = bp.exercises.generate("one-weight", 1, difficulty="easy")
    sign, part = exercise.content.parts
    assert isinstance(part, NumberPart)
    site.open("01_undoing_a_move")
    form = site.form("exercise-3")
    said = form.get_by_role("status")
    solution = form.get_by_role("button", name="Worked solution")
    expect(solution).to_be_disabled()
    form.get_by_label("Answer a").select_option(sign.answer)
    wrong = next(one for one in part.wrong if one.name == "adds the gradient")
    form.get_by_label("Answer b").fill(part.shown(wrong.answer))
    form.get_by_label("Answer b").press("Enter")
    expect(said.nth(0)).to_have_text(f"✓ {sign.judge(sign.answer).message}")
    expect(said.nth(1)).to_have_text(f"✗ {part.judge(part.shown(wrong.answer)).message}")
    expect(said.nth(2)).to_have_text("1 of 2 right.")
    solution.click()
    expect(form.get_by_text("minus the learning rate times the slope", exact=False).first).to_be_visible()
    form.get_by_label("Answer b").fill(part.shown())
    form.get_by_label("Answer b").press("Enter")
    expect(said.nth(2)).to_contain_text("All correct.")
    before = form.locator(".bpkit-given").first.inner_text()
    form.get_by_role("button", name="New numbers").click()
    expect(form.locator(".bpkit-given").first).not_to_have_text(before)
    expect(form.get_by_label("Answer b")).to_be_empty()
    expect(solution).to_be_disabled()
    again = bp.exercises.generate("one-weight", 2, difficulty="easy").content.parts[1]
    assert isinstance(again, NumberPart)
    form.get_by_label("Answer b").fill(again.shown())
    form.get_by_label("Answer b").press("Enter")
    expect(said.nth(1)).to_have_text("✓ Right.")


def test_the_colours_are_chosen_and_kept(site: Site) -> None:
    site.open("01_undoing_a_move")
    paper = "getComputedStyle(document.body).backgroundColor"
    light = site.page.evaluate(paper)
    site.page.get_by_label("Colours").select_option("dark")
    dark = site.page.evaluate(paper)
    assert dark != light
    site.open("02_neurons_layers_biases")
    assert site.page.evaluate(paper) == dark
    site.page.get_by_label("Colours").select_option("auto")
    assert site.page.evaluate(paper) == light
    site.page.emulate_media(color_scheme="dark")
    assert site.page.evaluate(paper) == dark


@pytest.mark.parametrize("name", ["index", "01_undoing_a_move"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious(site: Site, name: str, scheme: str) -> None:
    site.page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    site.open(name)
    for box in site.page.get_by_role("textbox", name="Answer b").all():
        box.fill("1")
        box.press("Enter")
    lab = Lab(site.page, site.folder)
    lab.present = scheme
    assert lab.serious("body") == []


def test_nothing_scrolls_sideways_but_boxes_that_do(site: Site) -> None:
    for size in (PHONE, DESK):
        site.page.set_viewport_size(size)  # type: ignore[arg-type]
        for path in sorted(site.folder.glob("*.html")):
            site.open(path.stem)
            with suppress(TimeoutError):  # a page may still be too wide before all of it stands
                site.page.wait_for_function(f"document.documentElement.scrollWidth <= {size['width']}", timeout=5000)
            assert site.page.evaluate("document.documentElement.scrollWidth") <= size["width"], path.stem


def test_without_a_place_to_keep_anything_a_page_works_all_the_same(page: Page, folder: Path) -> None:
    browser = page.context.browser
    assert browser
    refusing = browser.new_page()
    no = "throw new DOMException('no', 'SecurityError')"
    refusing.add_init_script(f"Object.defineProperty(window, 'localStorage', {{get() {{ {no}; }}}})")
    site = Site(refusing, folder)
    site.open("01_undoing_a_move")
    form = site.form("prediction-1")
    form.get_by_role("radio", name=str(named("steps-in-fog").answer), exact=True).check()
    form.get_by_role("button", name="Commit").click()
    expect(form.get_by_role("status")).to_contain_text("That is right.")
    refusing.close()
    assert site.heard == []
