"""The course as pages: whole, small, and judging what is typed as Python does."""

from __future__ import annotations

import json
import random
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from functools import cache
from html.parser import HTMLParser
from itertools import permutations
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import nbformat
import pytest
from click.testing import CliRunner
from module_engine import engine
from thorough import EVERYTHING, many

import bpkit as bp
from bpkit.apps.predict import compare, comparisons, own
from bpkit.cli import main
from bpkit.exercises.questions.answer_boxes import box, helped
from bpkit.exercises.questions.bank.quantity_questions import number_part
from bpkit.exercises.questions.cards import said
from bpkit.exercises.questions.exercise import Exercise
from bpkit.exercises.questions.hints import hints, ways
from bpkit.exercises.questions.parts import ExactPart, NumberPart, Part
from bpkit.exercises.questions.slips import wrong_answers
from bpkit.exercises.questions.written import FunctionPart
from bpkit.mistakes.typed_number import read
from bpkit.page.boxes import cut, open_box, spelled
from bpkit.page.course import Lesson, lessons
from bpkit.page.in_page import in_page as as_page
from bpkit.page.saving import data
from bpkit.show.themed import themed
from bpkit.site.build import MOST_BYTES
from bpkit.site.prose import Headings, html

ROOT = Path(__file__).parents[2]
LESSONS = sorted(path.stem for path in (ROOT / "notebooks").glob("[0-9]*.ipynb"))
VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}


class Page(HTMLParser):
    """What a page holds: its elements with their attributes, its text outside scripts, and what is not closed."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.open: list[str] = []
        self.wrong: list[str] = []
        self.text = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.wrong.append(f"</{tag}> at {self.getpos()}")

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] not in ("script", "style"):
            self.text += data

    def all(self, *tags: str) -> list[dict[str, str]]:
        return [attributes for tag, attributes in self.elements if tag in tags]

    @property
    def ids(self) -> list[str]:
        return [attributes["id"] for _, attributes in self.elements if "id" in attributes]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The whole course, by the command; by default the pages of a few lessons, in a browser, are enough."""
    if not EVERYTHING:
        pytest.skip("builds the whole course: in CI, or with BPKIT_THOROUGH=1")
    out = tmp_path_factory.mktemp("site")
    done = CliRunner().invoke(main, ["site", "--out", str(out), "--repository", "someone/course"])
    assert done.exit_code == 0, done.output
    return out


@pytest.fixture(scope="module")
def pages(folder: Path) -> dict[str, Page]:
    texts = {path: path.read_text(encoding="utf-8") for path in folder.rglob("*.html")}
    return {path.relative_to(folder).as_posix(): Page(text) for path, text in texts.items()}


def test_every_lesson_is_a_page_and_stands_on_the_map(pages: dict[str, Page]) -> None:
    assert [stem[:2] for stem in LESSONS] == [f"{number:02d}" for number in range(len(LESSONS))]
    assert pages.keys() >= {f"{stem}.html" for stem in LESSONS} | {"index.html", "exercises/exercises.html"}
    linked = [link["href"] for link in pages["index.html"].all("a")]
    assert all(f"{stem}.html" in linked for stem in LESSONS)
    for before, after in zip(LESSONS, LESSONS[1:]):
        assert {"rel": "next", "href": f"{after}.html"} in pages[f"{before}.html"].all("a")
        assert {"rel": "prev", "href": f"{before}.html"} in pages[f"{after}.html"].all("a")


def test_the_map_tells_the_questions_and_what_is_beyond(folder: Path, pages: dict[str, Page]) -> None:
    course = lessons(ROOT / "notebooks")
    text = pages["index.html"].text
    assert f"In {sum(not one.beyond for one in course)} short lessons you" in text
    places = [text.index(one.title) for one in course]
    assert places == sorted(places)
    beyond = text.find("Beyond the course")
    for one, place in zip(course, places):
        assert (place > beyond >= 0) is one.beyond, one.stem
        assert one.question, one.stem
        assert re.sub(r"[^a-z]", "", one.question.partition("$")[0].lower()) in re.sub(r"[^a-z]", "", text.lower())
    assert Lesson(
        "14_x", nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell("*Beyond the course.*")]), ROOT
    ).beyond


def test_the_map_of_the_first_lesson_is_the_pages_own(pages: dict[str, Page]) -> None:
    page, index = pages["00_start_here.html"], pages["index.html"]
    rows = [row for row in index.all("li") if "data-lesson" in row]
    assert [row for row in page.all("li") if "data-lesson" in row] == rows
    assert len([one for one in page.all("span") if "data-progress" in one]) == len(rows) == len(LESSONS)
    assert "progress.json" not in page.text


def test_no_page_is_larger_than_a_megabyte(folder: Path, pages: dict[str, Page]) -> None:
    assert {name: size for name in pages if (size := (folder / name).stat().st_size) > MOST_BYTES} == {}


def test_pages_ask_no_server_for_anything(folder: Path, pages: dict[str, Page]) -> None:
    for name, page in pages.items():
        for tag, attributes in page.elements:
            for value in (attributes.get("src"), attributes.get("href") if tag == "link" else None):
                assert value is None or value.startswith("data:"), (name, tag, value)
        text = (folder / name).read_text(encoding="utf-8")
        assert not re.search(r"@import|url\(\s*['\"]?(?!data:|#)\w", text), name
        assert not re.search(r"""\b(fetch|XMLHttpRequest|sendBeacon|WebSocket)\s*\(|\bimport\s*[("']""", text), name


def test_pages_are_well_formed(pages: dict[str, Page]) -> None:
    for name, page in pages.items():
        assert page.wrong == [], name
        assert page.open == [], name
        assert {one: count for one, count in Counter(page.ids).items() if count > 1} == {}, name
        assert len(page.all("h1")) == len(page.all("main")) == len(page.all("title")) == 1, name
        assert page.all("html") == [{"lang": "en"}], name
        levels = [int(tag[1]) for tag, _ in page.elements if re.fullmatch("h[1-6]", tag)]
        assert all(after <= before + 1 for before, after in zip(levels, levels[1:])), (name, levels)
        assert all(image.get("alt") for image in page.all("img")), name
        labelled = {label["for"] for label in page.all("label") if "for" in label}
        assert {one["id"] for one in page.all("input", "select") if one.get("id")} - {"theme"} <= labelled, name


def test_links_lead_somewhere(folder: Path, pages: dict[str, Page]) -> None:
    for name, page in pages.items():
        for link in page.all("a"):
            path, _, anchor = unquote(link["href"]).partition("#")
            if path.startswith(("https://", "http://")):  # somewhere else, for whoever clicks
                continue
            target = (folder / name).parent.joinpath(path).resolve().relative_to(folder) if path else Path(name)
            assert target.as_posix() in pages, (name, link)
            assert not anchor or anchor in pages[target.as_posix()].ids, (name, link)


def test_formulas_are_mathml_and_nothing_of_a_notebooks_own_is_left(pages: dict[str, Page]) -> None:
    for name, page in pages.items():
        assert "$" not in page.text.replace("$GITHUB", ""), name
        found = re.search(
            r"Error displaying widget|Loading widget|\\(frac|begin|text)\b|NBVAL|Run the cells", page.text
        )
        assert not found, (name, found)
        assert "Run All Cells" not in page.text or name == "00_start_here.html", name
    assert len(pages["05_output_weights.html"].all("math")) > 50


def test_everything_that_is_asked_in_a_lesson_answers_in_its_page(folder: Path, pages: dict[str, Page]) -> None:
    rows = {row["data-lesson"]: int(row["data-total"]) for row in pages["index.html"].all("li") if "data-total" in row}
    for stem in LESSONS:
        cells = json.loads((ROOT / "notebooks" / f"{stem}.ipynb").read_text(encoding="utf-8"))["cells"]
        code = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
        asked = sum(bool(re.search(r"^bp\.(apps\.(predict|ask)|exercises\.ask)\(", one, re.MULTILINE)) for one in code)
        assert sum("data-asks" in one for one in pages[f"{stem}.html"].all("div")) == asked == rows[stem], stem
        apps = sum(bool(re.search(r"^(\w+ = )?bp\.apps\.(?!predict|ask)", one, re.MULTILINE)) for one in code)
        lively = len(pages[f"{stem}.html"].all("bpkit-app")) - asked
        still = [one for one in pages[f"{stem}.html"].all("figure") if one.get("class") == "still"]
        assert apps >= lively + len(still) >= min(apps, 1), stem
    assert "answers, and those of known mistakes, are in the page's source" in pages["04_forward_pass.html"].text


def test_what_a_page_holds_cannot_end_its_script() -> None:
    text = data({"a": "</script><!-- <script><b>", "b": ["a long sentence that stands here twice"] * 2})
    assert re.findall(r"</|<!|<script", text) == []
    assert json.loads(text)["data"]["a"] == "</script><!-- <script><b>"
    assert json.loads(text)["words"] == ["a long sentence that stands here twice"]


def test_a_fold_ends_behind_its_text_however_close_it_stands() -> None:
    folds = [f"<details>\n<summary>A</summary>\n\n{text}\n</details>" for text in ("1. one\n2. two", "b")]
    found = html("\n".join(folds), Headings())
    assert Page(found).wrong == []
    assert Page(found).open == []
    assert re.search("<li>two</li>\\s*</ol>\\s*</details>\\s*<details>", found)


def test_markdown_that_no_lesson_has_yet() -> None:
    found = html("## Twice\n\n## Twice\n\n[a](../instructors/x.ipynb) [b](05_x.ipynb#y) $a_1$", Headings())
    assert 'id="twice"' in found
    assert 'id="twice-2"' in found
    assert 'href="index.html#needs-a-kernel"' in found
    assert 'href="05_x.html#y"' in found
    assert "<msub><mi>a</mi><mn>1</mn></msub>" in found


# What a page says of an answer.


def in_page(function: str, calls: Iterable[list[Any]]) -> list[Any]:
    text = json.dumps(list(calls))
    return list(json.loads(engine().eval(f"JSON.stringify({text}.map((given) => {function}(...given)))")))


def told(asked: dict[str, Any], typed: list[str]) -> list[dict[str, Any]]:
    engine().eval(f"globalThis.asked = {json.dumps(asked)}")
    return in_page("((typed) => judge(asked, typed))", [[one] for one in typed])


def judged(asked: dict[str, Any], typed: list[str]) -> list[tuple[str, str]]:
    return [(one["verdict"], one["message"]) for one in told(asked, typed)]


def python(part: Part, typed: str) -> tuple[str, str]:
    found = part.judge(typed)
    return found.verdict, said(part, typed, found)


@cache
def exercises() -> list[Exercise]:
    """One of each question."""
    return [bp.exercises.generate(question.id, 3, difficulty="easy") for question in bp.exercises.questions()]


def of_parts(kind: type[Part]) -> Iterator[tuple[str, Any]]:
    for exercise in exercises():
        parts = ((f"{exercise.id} {letter}", part) for letter, part in exercise.parts.items())
        yield from ((name, part) for name, part in parts if isinstance(part, kind))


def test_a_number_is_judged_as_in_python() -> None:
    """Right, cut off, with few digits, a known mistake, or unknown: verdict and sentence are those of the notebook."""
    rng = random.Random(5)
    for name, part in of_parts(NumberPart):
        typed = [spell(part.right, count) for count in range(2, 9) for spell in (spelled, cut)]
        typed += [spelled(wrong.answer, part.digits) for wrong in part.wrong]
        sure = len(typed)
        typed += ["", "abc", "1/3", "0,5", "1e999"]
        typed += [spelled(part.right * rng.choice([-1, 1]) * 10 ** rng.uniform(-2, 2), 8) for _ in range(many(9, 30))]
        judge, page = [part.judge(one) for one in typed], told(box(part), typed)
        expected = [(one.verdict, said(part, text, one), one.line) for text, one in zip(typed, judge)]
        found = [(one["verdict"], one["message"], one.get("line")) for one in page]
        assert [one[0] for one in found[:sure]] == [one[0] for one in expected[:sure]], name
        known = slice(14, 14 + len(part.wrong))
        assert found[known] == expected[known], name
        # Numbers that mean nothing: another hint or line, or a name by chance.
        other = sum(one != wanted for one, wanted in zip(found, expected))
        assert other <= 0.05 * len(typed), (name, other)


def test_a_number_that_is_all_a_mistake_gives_is_named_in_the_page_too() -> None:
    """0.41 is what w2 in place of w3 gives, to its last digit; the right 0.419 may be cut off to it."""
    weights = {"w1": -0.62, "w2": -0.65, "w3": -0.62, "w4": 0.15, "w5": 0.45, "w6": 0.83}
    biases = {"b_h1": 0.61, "b_h2": 0.59, "b_o1": 0.33}
    problem = bp.Problem(bp.Network(2, 2, 1, bias="neuron"), {**weights, **biases}, [0.3, 0.1], [0.1])
    part, typed = number_part(problem, "net_h2", ["transposes the weights forward"]), ["0.41", "0.410", "0.42", "0.4"]
    found = judged(box(part), typed)
    assert found == [python(part, one) for one in typed]
    assert [verdict for verdict, _ in found] == ["misconception", "misconception", "few_digits", "few_digits"]


def test_pictures_of_questions_have_the_colours_of_the_page() -> None:
    shown = 0
    for one in exercises():
        if drawn := one.content.picture:
            found, shown = themed(drawn()), shown + 1
            assert found.startswith("<svg"), one.id
            assert re.findall("#[0-9a-fA-F]{3,6}|<style", found) == [], one.id
    assert shown > 30


def test_hints_are_those_of_the_notebook() -> None:
    started = 0
    for name, part in of_parts(Part):
        asked, starts = helped(part), [None, *(one.number for one in (ways(part).lines if ways(part) else ()))]
        wanted = [[as_page(text) for text in hints(part, start)] for start in starts]
        engine().eval(f"globalThis.asked = {json.dumps(asked)}")
        found = in_page("((start, count) => hintsOf(asked, [start, count]))", [[start, 99] for start in starts])
        assert [one["shown"] for one in found] == wanted, name
        assert all(one["over"] for one in found)
        started += len({len(one) for one in wanted}) > 1
        (first,) = in_page("((start, count) => hintsOf(asked, [start, count]))", [[None, 1]])
        assert first == {"shown": wanted[0][:1], "over": len(wanted[0]) <= 1}, name
    assert started > 5  # and where they begin makes a difference


def test_other_answers_are_judged_as_in_python() -> None:
    for name, part in of_parts(Part):
        if isinstance(part, NumberPart | FunctionPart):  # functions are asked in notebooks alone
            continue
        wrong = [wrong.answer for wrong in part.wrong]
        answers = [part.answer, *wrong, *getattr(part, "options", ())]
        typed = [", ".join(map(str, one)) if isinstance(one, list | tuple) else str(one) for one in answers]
        if isinstance(part, ExactPart) and not part.options:
            more = {"whole": ["2.5", "77", "x"], "shape": ["(3,4)", "none"]}
            more["paths"] = ["h1->o1; h2 to o1", "h1 o1", "h2 o2, x", "h2 o2, h1"]
            more["order"] = ["none", "A B", "a, b, c, d, e", "AABCD", *map("".join, permutations("ABCDE"))]
            typed += more.get(part.reader, ["Something"])
        elif not isinstance(part, ExactPart):
            typed += ["zzz*2", "x1 +", "0.5", f"dE/dw2 = {part.printed}", f"-{part.printed}", "exp(1)*x1"]
        assert judged(box(part), ["", *typed]) == [python(part, one) for one in ["", *typed]], name


@pytest.mark.parametrize("quantity", ["net_o1", "dE/dw5"])
def test_a_quantity_is_judged_as_in_python(quantity: str) -> None:
    problem = bp.examples.article.problem
    exact = float(bp.evaluate(problem)[quantity])
    typed = [spell(exact, count) for count in range(2, 9) for spell in (spelled, cut)]
    typed += [spelled(wrong.answer, count) for wrong in wrong_answers(problem, quantity) for count in (3, 4, 5, 6)]
    expected = [bp.diagnose(problem, quantity, one) for one in typed]
    found = judged(open_box(problem, quantity), typed)
    agreed = [one[0] == wanted.verdict for one, wanted in zip(found, expected)]
    assert sum(agreed) >= 0.98 * len(typed)
    assert all(
        agreed[place] for place, wanted in enumerate(expected) if wanted.sure and wanted.verdict == "misconception"
    )
    for (verdict, message), wanted in zip(found, expected):
        if verdict == "misconception":  # what the page names, the notebook names
            assert wanted.verdict == "misconception", message


def test_a_prediction_with_a_known_slip_is_answered_as_in_python() -> None:
    for typed in (2304, 1155, 2305):
        app = bp.apps.predict("forward-runs")
        [found] = in_page("compared", [[app.without_kernel(), {"value": typed}]])
        app.set(final=str(typed))
        assert found == {"right": False, "message": app.feedback}


def test_rounded_numbers_in_a_formula_are_taken_as_that_in_python_and_on_a_page() -> None:
    article = bp.examples.article.problem
    out, h1, h2 = (bp.evaluate(article)[name] for name in ("out_o1", "out_h1", "out_h2"))
    asked = open_box(article, "dE/dw5")
    for digits in (2, 3, 4):
        o1, hidden, other = (f"{one:.{digits}g}" for one in (out, h1, h2))
        right = f"({o1} - 0.05)*{o1}*(1 - {o1})*{hidden}"
        slips = [f"({o1} - 0.05)*{hidden}", f"(0.05 - {o1})*{o1}*(1 - {o1})*{hidden}", right.replace(hidden, other)]
        for typed in [right, *slips, f"{o1}*3.7*{o1}"]:
            ((verdict, message),) = judged(asked, [typed])
            expected = bp.diagnose(article, "dE/dw5", typed)
            assert verdict == expected.verdict, (typed, message, expected.message)


def test_a_formula_that_is_close_enough_need_not_keep_more_digits() -> None:
    tomato = bp.examples.article.problem.replace(x1=0.6, x2=0.8)
    (found,) = judged(open_box(tomato, "out_o1"), ["1/(1+e^(-(0.35*0.6726+0.2*0.7077+0.5)))"])
    assert found == ("rounded", "Right, up to rounding. I read it as 0.70619.")


def test_a_prediction_is_compared_as_in_python() -> None:
    rng = random.Random(9)
    sizes = [0.0, 7.0, -3.0, 0.731058579, 1066.0, 1e-5]
    pairs = [(guess, answer) for guess in sizes for answer in sizes]
    pairs += [
        (float(f"{answer * 10 ** rng.uniform(-0.3, 0.3):.{rng.randint(1, 5)}g}"), answer)
        for answer in sizes[1:]
        for _ in range(60)
    ]
    pairs += [(float(f"{answer:.{count}g}"), answer) for answer in sizes for count in range(1, 7)]
    says = comparisons()
    calls = [
        [
            {"answer": answer, "true": compare(answer, answer)[9:-16] or "0", "because": "", "says": says, "named": []},
            {"value": guess},
        ]
        for guess, answer in pairs
    ]
    found = in_page("compared", calls)
    for (guess, answer), one in zip(pairs, found):
        asked = own("?", None, answer, "")
        assert one["message"] == compare(guess, answer), (guess, answer)
        assert one["right"] == type(asked)(asked.question, None, answer, "", read(guess).value).right, (guess, answer)
