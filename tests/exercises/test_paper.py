"""Sheets on paper: what a learner reads and where they write, codes that bring a sheet back, and a class as one PDF."""

from __future__ import annotations

import html
import re
import shutil
from functools import cache
from pathlib import Path
from unicodedata import normalize

import pytest
from click.testing import CliRunner, Result
from every_question import ALL, every_question
from pypdf import PdfReader
from thorough import many as cases

from bpkit.cli import main
from bpkit.core.errors import BpkitError
from bpkit.exercises import make_sheet
from bpkit.exercises.editions import lean, pages, pdf
from bpkit.exercises.editions.shown_question import beside, svg
from bpkit.exercises.sheets.codes import with_code
from bpkit.exercises.sheets.cohort import Seat
from bpkit.exercises.sheets.key import Key, read_key
from bpkit.exercises.sheets.sheet import DEFAULT_QUESTIONS, Sheet
from bpkit.show.markup import as_html

ROSTER = 'Name,Student ID\nAda Ash,s100\n"Lee, Ann",s200\nJosé Öz,s300\n'
with_browser = pytest.mark.skipif(
    not any(map(shutil.which, pdf.BROWSERS)), reason="no browser that prints is installed"
)


def run(*arguments: str, code: int = 0) -> Result:
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == code, result.output + repr(result.exception)
    return result


@cache
def usual(learner: str = "Ada Ash", title: str = "", date: str = "", id: str = "") -> Sheet:
    return Sheet(make_sheet(seed=3).exercises, learner, title, date, id)


def words(page: str) -> str:
    """What a person reads of a page."""
    inside = re.sub(r"<(style|script|svg)\b.*?</\1>", "", page[page.index("<main>") :], flags=re.DOTALL)
    return " ".join(html.unescape(re.sub("<[^>]+>", " ", inside)).split())


# What stands on a sheet


def test_the_head_says_whose_sheet_it_is_and_what_it_is_worth() -> None:
    sheet = usual("Ada Ash", "Week 3", "12 May", "s100")
    said = words(pages.learner_page(sheet))
    points = sum(part.points for part in sheet.parts.values())
    assert said.startswith(f"Week 3 Name: Ada Ash ID: s100 Date: 12 May Sheet: {sheet.code} of {points:g} points")
    assert words(pages.learner_page(usual())).startswith("Exercises Name: Ada Ash Sheet:")


@pytest.mark.parametrize(
    ("learner", "line"), [("", True), ("learner 07", True), ("Ada Ash", False), ("learner", False)]
)
def test_a_sheet_of_no_known_person_has_a_line_for_a_name(learner: str, line: bool) -> None:
    page = pages.learner_page(usual(learner))
    assert page.count('<span class="blank">Name:</span>') == line
    assert words(page).count("Name:") == 1
    assert 'class="blank"' not in pages.solution_page(usual(learner)) + pages.key_page(usual(learner))


def test_each_question_has_its_points_and_a_box_for_those_earned() -> None:
    sheet = usual()
    page = pages.learner_page(sheet)
    found = re.findall(r'<h2>(\d+)\. .*? <span class="points"><i></i> of ([\d.]+) points?</span></h2>', page)
    assert found == [(str(number), f"{exercise.points:g}") for number, exercise in enumerate(sheet, 1)]
    assert page.count("<i></i>") == len(sheet) + 1


def test_room_fits_what_is_asked_and_says_nothing_about_the_answer() -> None:
    expected = {
        "hidden-paths": ["list", "line"],
        "symbolic": ["formula"],
        "code": ["code"] * 4,
        "sign-first": ["line"] * 3,
    }
    for seed in range(3):
        sheet = make_sheet(tuple(expected), seed)
        found = re.findall(r'<div class="answer (\w+)">(\w+):</div>', pages.learner_page(sheet))
        assert [kind for kind, _ in found] == [kind for kinds in expected.values() for kind in kinds]
        assert [key for _, key in found] == list(sheet.parts)


@pytest.mark.parametrize("name", ['Eve "Q" \\ </style><b>', "José Öz", "李雷", "a\nb;}", "O'Neil*/"])
def test_the_foot_of_every_page_holds_any_name(name: str) -> None:
    page = pages.learner_page(usual(name))
    [rule] = re.findall(
        r'@page \{ @bottom-center \{ content: "(.*?)" counter\(page\) " of " counter\(pages\) \} \}', page
    )
    read = re.sub(r"\\([0-9a-f]+) ", lambda found: chr(int(found[1], 16)), rule)
    shown = name.replace("\n", " ")
    assert read == f"{shown} · {usual().code} · page "
    assert page.count("</style>") == 2


def test_a_sheet_says_nothing_that_only_an_instructor_needs() -> None:
    for seed in range(cases(1, 3)):
        said = words(pages.learner_page(every_question(seed)))
        for word in (
            "tolerance",
            "misconception",
            "seed",
            "nbgrader",
            "Jupyter",
            "notebook",
            '["',
            "answers[",
            "None",
            "bpkit",
        ):
            assert word not in said, (seed, word)


def test_the_key_has_every_answer_beside_the_code_and_the_name() -> None:
    sheet = usual("Ada Ash", "Week 3")
    said = words(pages.key_page(sheet))
    assert said.startswith(f"Week 3: marking key Name: Ada Ash Sheet: {sheet.code}")
    rows = re.findall(r'<tr><th scope="row">(\w+)</th>', pages.key_page(sheet))
    assert rows == list(sheet.parts)


# Pages in few bytes


def test_lean_formulas_and_pictures_show_the_same() -> None:
    for exercise in every_question(0):
        long = as_html(exercise.question)
        short = lean.text(exercise.question)
        assert "".join(re.sub("<[^>]+>", "", short).split()) == "".join(re.sub("<[^>]+>", "", long).split())
        assert "xmlns" not in short
        if drawing := beside(exercise):
            drawn = lean.picture(svg(drawing))
            plain = re.sub("<style>.*?</style>", "", svg(drawing))
            assert re.sub("<[^>]+>", "", drawn).split() == re.sub("<[^>]+>", "", plain).split()
            assert re.findall("aria-label='.*?'", drawn) == re.findall("aria-label='.*?'", plain)


def test_no_line_can_begin_with_the_stop_behind_a_formula() -> None:
    """A browser breaks a line between a formula and what follows, unless something holds the two together."""
    page = pages.learner_page(make_sheet(("hidden-weight", "loss"), 3))
    assert re.search(r'<span class="tied"><math>(?:(?!</math>).)*</math>[.,]</span>', page)
    assert not re.search(r"</math>[.,;:?!)](?!</span>)", page)


def test_what_is_said_of_dark_pages_stands_once() -> None:
    page = pages.solution_page(usual())
    assert page.count("prefers-color-scheme:dark") == 1
    drawings = list(filter(None, map(beside, usual())))
    assert [svg(one).count("prefers-color-scheme:dark") for one in drawings] == [1] * len(drawings) != [1]


def test_pages_stay_small() -> None:
    made = [make_sheet(DEFAULT_QUESTIONS, seed, "Ada Ash") for seed in range(4)]
    size = sum(
        len(make(one).encode()) for one in made for make in (pages.learner_page, pages.solution_page, pages.key_page)
    )
    assert size / len(made) < 250_000


# Codes


def some_key(*sheets: Sheet) -> Key:
    seats = tuple(Seat(f"Learner {n}", f"l{n}", n) for n in range(len(sheets)))
    return Key(seats, {f"l{n}": sheet.data()["tasks"] for n, sheet in enumerate(sheets)}, {"questions": []})


@cache
def many() -> Key:
    return some_key(*(make_sheet(("loss", "output-delta"), seed) for seed in range(60)))


def test_a_code_depends_on_the_numbers_alone() -> None:
    sheet = make_sheet(("loss",), 1, "Ada")
    assert re.fullmatch("[0-9A-F]{4}-[0-9A-F]{4}", sheet.code)
    assert sheet.code == make_sheet(("loss",), 1, "Bob").code != make_sheet(("loss",), 2, "Ada").code


@pytest.mark.parametrize(
    "typed", [str.lower, lambda c: c.replace("-", ""), lambda c: c.replace("-", " – "), lambda c: f" {c}\n"]
)
@pytest.mark.parametrize("misread", ["", "0O", "0o", "1I", "1l", "5S", "8B", "D0", "6G", "2Z"])
def test_a_code_is_read_however_it_is_typed(typed: type[str], misread: str) -> None:
    tried = 0
    for seat in many().seats:
        code = many().sheet(seat.slug).code
        if misread and misread[0] in code:
            wrong = typed(code).upper().replace(misread[0], misread[1])
            assert with_code(many(), wrong) == (seat,)
            tried += 1
        elif not misread:
            assert with_code(many(), typed(code)) == (seat,)
            tried += 1
    assert tried > 5


def test_a_code_that_no_sheet_has_is_refused_and_a_near_one_named() -> None:
    code = many().sheet("l5").code
    near = code[:-1] + ("7" if code[-1] != "7" else "4")
    with pytest.raises(
        BpkitError, match=f"expected the code of a sheet in this key, got '{near}'; did you mean {code}"
    ):
        with_code(many(), near)
    for other in ("", "----", "hello", "3F9A-20C", "x" * 5000):
        with pytest.raises(BpkitError, match="code: expected the code of a sheet"):
            with_code(many(), other)


def test_learners_with_the_same_numbers_share_a_code() -> None:
    key = some_key(make_sheet(("loss",), 1), make_sheet(("loss",), 2), make_sheet(("loss",), 1))
    assert [seat.slug for seat in with_code(key, make_sheet(("loss",), 1).code)] == ["l0", "l2"]


def test_two_codes_that_look_alike_are_told_apart_where_they_can_be() -> None:
    key = Key((), {}, {})
    vars(key)["by_fingerprint"] = {
        "8bbb00d0" + "0" * 8: ("a",),
        "b8bb00d0" + "0" * 8: ("b",),
    }  # as if it was worked out
    assert with_code(key, "8bbb 00d0") == ("a",)
    assert with_code(key, "B8BB-OODO") == ("b",)
    assert with_code(key, "88bb-00d0") == ("a", "b")


def test_find_shows_whose_sheet_it_is_and_writes_its_solutions_again(here: Path) -> None:
    Path("class.csv").write_text(ROSTER, encoding="utf-8")
    run("exercises", "new", "--learners", "class.csv", "--questions", "loss,hidden-paths", "--editions", "printable")
    key = read_key(here / "exercises/key")
    ada, lee, _ = key.seats
    sheet = key.sheet(lee.slug)
    said = run("exercises", "find", sheet.code.lower().replace("-", "")).output
    assert sheet.code in said
    assert lee.learner in said
    assert "s200" in said
    assert ada.learner not in said
    for key_, part in sheet.parts.items():
        assert re.search(rf"^ +{key_} +{re.escape(pages.shown(part))}", said, re.MULTILINE), said
    run("exercises", "find", sheet.code, "--key", "exercises/key/key.json", "--out", "again")
    [written] = Path("again").iterdir()
    assert written.read_bytes() == Path(f"exercises/printable/solutions/{lee.slug}.html").read_bytes()
    written.write_text("corrected by hand")
    assert "--force" in run("exercises", "find", sheet.code, "--out", "again", code=1).output
    assert written.read_text() == "corrected by hand"
    assert "did you mean" in run("exercises", "find", f"{sheet.code[:-1]}?", code=1).output


# One file for the copy shop


def feet(path: Path) -> list[tuple[str, int, int] | None]:
    """Of each page what its foot says: whose, which, of how many; None for a page with nothing on it."""
    found: list[tuple[str, int, int] | None] = []
    for page in PdfReader(path).pages:
        text = page.extract_text()
        foot = re.findall(r"([^\n]*) · page (\d+) of (\d+)", text)
        assert len(foot) == bool(text.strip()), text
        found.append((foot[0][0], int(foot[0][1]), int(foot[0][2])) if foot else None)
    return found


def runs(found: list[tuple[str, int, int] | None]) -> list[tuple[str, int, int]]:
    """Whose pages follow each other, from which place on, and how many; each has the numbers 1 to the last."""
    made = []
    for place, foot in enumerate(found):
        if foot and foot[1] == 1:
            name, _, count = foot
            assert found[place : place + count] == [(name, number, count) for number in range(1, count + 1)]
            made.append((name, place, count))
    assert sum(count for _, _, count in made) == sum(foot is not None for foot in found)
    return made


@with_browser
def test_a_class_is_printed_in_its_order_each_on_leaves_of_their_own(tmp_path: Path) -> None:
    drawn = [make_sheet(ALL[k : k + 2 + k], k, f'Ünal "{k}" \\ <b>', ("easy", "hard")[k % 2]) for k in range(5)]
    makers = {"sheets": pages.learner_page, "solutions": pages.solution_page, "keys": pages.key_page}
    for kind, make in makers.items():
        (tmp_path / kind).mkdir()
        for number, sheet in enumerate(drawn):
            (tmp_path / kind / f"z{9 - number}.html").write_text(make(sheet), encoding="utf-8")
    printed = list(pdf.print_class(tmp_path, [f"z{9 - number}" for number in range(5)], "Letter"))
    assert [path.name for path in printed] == ["all_sheets.pdf", "all_solutions.pdf", "all_keys.pdf"]
    assert not list(tmp_path.rglob(".bpkit-*"))
    for path, start in zip(printed, ("", "Solutions · ", "Marking key · "), strict=True):
        found = feet(path)
        made = runs(found)
        assert [name for name, _, _ in made] == [f"{start}{sheet.learner} · {sheet.code}" for sheet in drawn]
        size = PdfReader(path).pages[0].mediabox
        assert (round(size.width), round(size.height)) == (612, 792)
        if path.name == "all_keys.pdf":
            assert None not in found
        else:
            assert all(place % 2 == 0 for _, place, _ in made)
            assert any(count % 2 for _, _, count in made)
            assert len(found) % 2 == 0


@with_browser
def test_a_file_for_every_few_learners_of_a_large_class(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pdf, "AT_ONCE", 2)
    arguments = ("exercises", "new", "--learners", "3", "--questions", "loss", "--pdf", "--jobs", "1")
    said = run(*arguments).output
    names = ["keys_1-2", "keys_3-3", "sheets_1-2", "sheets_3-3", "solutions_1-2", "solutions_3-3"]
    printed = sorted((here / "exercises/printable").glob("*.pdf"))
    assert [path.stem for path in printed] == [f"all_{name}" for name in names], said
    key = read_key(here / "exercises/key")
    expected = [f"{seat.learner} · {key.sheet(seat.slug).code}" for seat in key.seats]
    assert [name for path in printed[2:4] for name, _, _ in runs(feet(path))] == expected
    before = {path: path.stat().st_mtime_ns for path in printed}
    run(*arguments)
    assert before == {path: path.stat().st_mtime_ns for path in printed}
    assert "--force" in run(*arguments, "--paper", "Letter", code=1).output
    printed[0].write_bytes(b"notes of mine")
    assert "--force" in run(*arguments, code=1).output
    assert printed[0].read_bytes() == b"notes of mine"


@with_browser
@pytest.mark.parametrize("paper", pdf.PAPERS)
def test_no_question_is_cut_in_two(tmp_path: Path, paper: str) -> None:
    sheet = make_sheet(seed=4, learner="Ada Ash", difficulty="easy")
    (tmp_path / "sheets").mkdir()
    (tmp_path / "sheets/ada.html").write_text(pages.learner_page(sheet), encoding="utf-8")
    printed = next(pdf.print_class(tmp_path, ["ada"], paper))
    # A font may have a sign of its own for fi.
    texts = [" ".join(normalize("NFKC", page.extract_text()).split()) for page in PdfReader(printed).pages]
    for number, exercise in enumerate(sheet, 1):
        heading = f"{number}. {exercise.bank.title}"
        [place] = [place for place, text in enumerate(texts) if heading in text]
        for key, (own, _) in sheet.places.items():
            if own == number:
                assert re.search(rf"\b{key}:", texts[place]), (key, texts[place])


@with_browser
def test_a_browser_that_fails_is_named_and_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "sheets").mkdir()
    (tmp_path / "sheets/a.html").write_text(pages.learner_page(usual()), encoding="utf-8")
    monkeypatch.setattr(pdf, "browser", lambda: shutil.which("false") or "false")
    with pytest.raises(BpkitError, match="could not print all_sheets"):
        list(pdf.print_class(tmp_path, ["a"]))
    assert [path.name for path in tmp_path.iterdir()] == ["sheets"]
