"""The reports: numbers against independent formulas, all learners linked or named, no solution where none is wanted."""

from __future__ import annotations

import csv
import json
import re
import statistics
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from html import unescape
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

import bpkit as bp
from bpkit.cli import main
from bpkit.exercises.editions.produce import produce
from bpkit.exercises.marking.feedback_page import feedback_body, feedback_page
from bpkit.exercises.marking.next_steps import next_steps
from bpkit.exercises.marking.one_file import Marked
from bpkit.exercises.marking.overrides import Override
from bpkit.exercises.marking.report import class_body, class_page
from bpkit.exercises.marking.standing import Outcome, Standing
from bpkit.exercises.marking.statistics import FEW, bars, items, spread
from bpkit.exercises.marking.whole_class import handed_in, marking, report_names, reports, settled
from bpkit.exercises.questions.feedback import Feedback
from bpkit.exercises.questions.judging import Mark
from bpkit.exercises.questions.parts import NumberPart, Part
from bpkit.exercises.sheets.cohort import plan
from bpkit.exercises.sheets.key import read_key
from bpkit.exercises.sheets.processes import spread as processes
from bpkit.exercises.sheets.sheet import Sheet

QUESTIONS = ("net-and-out", "loss", "hidden-paths", "hidden-update", "sign-first", "which-slip")
HOSTILE = ("<script>alert(1)</script>", 'x" onload="alert(1)', "{{ 7 * 7 }}", "</style><b>", "Ann & Bob <ann@x>")
Answers = Callable[[str, Sheet, str, Part], str | None]  # the learner, the sheet, the key, the part


def literal(part: Part, answer: Any) -> str:
    return f"{answer:.{part.digits}g}" if isinstance(part, NumberPart) else repr(answer)


def right(who: str, sheet: Sheet, key: str, part: Part) -> str:
    return literal(part, part.answer)


def blank(who: str, sheet: Sheet, key: str, part: Part) -> None:
    return None


def wrong(who: str, sheet: Sheet, key: str, part: Part) -> str:
    """The first misconception that the question declares, where it has one."""
    declared = [one for one in part.wrong if one.name in sheet[sheet.places[key][0]].declared]
    return literal(part, declared[0].answer) if declared else literal(part, part.answer)


def a_class(
    folder: Path,
    names: tuple[str, ...],
    answers: Answers,
    absent: tuple[str, ...] = (),
    questions: tuple[str, ...] = QUESTIONS,
) -> Outcome:
    """A class's sheets, filled in and marked; ``absent`` hand in nothing."""
    with (folder / "roster.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([["name"], *([name] for name in names)])
    made = plan((folder / "roster.csv").read_text("utf-8"), seed=7, questions=questions)
    produce(made, folder, 7, ["learner"], jobs=1)
    key = read_key(folder / "key")
    for seat in made.seats:
        path, sheet = folder / f"learners/{seat.slug}.ipynb", key.sheet(seat.slug)
        if seat.learner in absent:
            path.unlink()
            continue
        book = json.loads(path.read_text("utf-8"))
        for cell in book["cells"]:
            about = cell["metadata"]["bpkit"]
            if about.get("kind") == "answer" and (
                found := answers(seat.learner, sheet, about["key"], sheet.parts[about["key"]])
            ):
                cell["source"] = f'answers["{about["key"]}"] = {found}'
        path.write_text(json.dumps(book), "utf-8")
    given = handed_in(folder / "learners", folder / "key", folder / "marked")
    return settled(list(marking(given)), given)


class Text(HTMLParser):
    """What a page says: its words, its links, its tags with attributes, without pictures."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.words: list[str] = []
        self.links: list[tuple[str, str]] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self._inside: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag == "br":
            self.words.append(" ")
        if tag in ("svg", "style"):
            self._inside.append(tag)
        if tag == "a":
            self.links.append((dict(attrs).get("href") or "", ""))

    def handle_endtag(self, tag: str) -> None:
        if self._inside and tag == self._inside[-1]:
            self._inside.pop()

    def handle_data(self, data: str) -> None:
        if not self._inside:
            self.words.append(data)
            if self.links and not self.links[-1][1]:
                self.links[-1] = (self.links[-1][0], data)

    @property
    def all(self) -> str:
        return " ".join("".join(self.words).split())


# Statistics


def standing(name: str, points: dict[str, float], verdicts: dict[str, str] | None = None, **more: Any) -> Standing:
    """A learner whose answers are worth a point each, those to 2 two."""
    worth = {key: 2.0 if key == "2" else 1.0 for key in points}
    said = verdicts or {}
    marks = tuple(
        Mark(key, "loss", "1", Feedback(said.get(key, "correct" if got else "unknown"), ""), got, worth[key])
        for key, got in points.items()
    )
    return Standing(name, name, marks=marks, of=sum(worth.values()), **more)


def a_table(learners: int, seed: int = 0) -> tuple[list[Standing], np.ndarray[Any, Any]]:
    """Learners of different skill, and their points: a row for each, a column for each of the answers 1a 1b 2 3."""
    rng = np.random.default_rng(seed)
    skill = rng.random(learners)[:, None]
    points = (rng.random((learners, 4)) < skill) * [1.0, 1.0, 2.0, 1.0]
    keys = ("1a", "1b", "2", "3")
    return [standing(f"s{i}", dict(zip(keys, map(float, row)))) for i, row in enumerate(points)], points


@pytest.mark.parametrize("seed", range(5))
def test_difficulty_and_discrimination_are_those_of_other_formulas(seed: int) -> None:
    people, points = a_table(40, seed)
    found = list(items(people, ("1a", "1b", "2", "3")))
    assert [whole.keys for whole, _ in found] == [("1a", "1b"), ("2",), ("3",)]
    assert [[part.keys for part in parts] for _, parts in found] == [[("1a",), ("1b",)], [], []]
    columns = {("1a", "1b"): [0, 1], ("1a",): [0], ("1b",): [1], ("2",): [2], ("3",): [3]}
    for one in [item for whole, parts in found for item in (whole, *parts)]:
        mine = points[:, columns[one.keys]].sum(axis=1)
        worth = sum(2.0 if key == "2" else 1.0 for key in one.keys)
        assert one.earned == pytest.approx(mine.mean() / worth)
        assert one.discrimination == pytest.approx(np.corrcoef(mine, points.sum(axis=1) - mine)[0, 1])
        assert one.forms["right"] == (mine == worth).sum()
        assert sum(one.forms.values()) == one.marked == 40


def test_no_discrimination_is_told_of_few_learners_or_of_those_who_are_alike() -> None:
    people, _ = a_table(FEW - 1)
    assert {one.discrimination for one, _ in items(people, ("1a", "1b", "2", "3"))} == {None}
    people, _ = a_table(FEW, 3)
    assert None not in {one.discrimination for one, _ in items(people, ("2",))}
    alike = [standing(f"s{i}", {"1": 1.0, "2": 0.1 * (i % 3), "3": 0.7}) for i in range(2 * FEW)]
    found = {one.keys[0]: one.discrimination for one, _ in items(alike, ("1", "2", "3"))}
    assert found["1"] is found["3"] is None


def test_each_form_of_answer_is_counted_and_what_waits_is_left_out() -> None:
    said = {"1": "correct", "2": "rounded", "3": "carried", "4": "few_digits", "5": "misconception", "6": "unreadable"}
    said |= {"7": "blank", "8": "by hand", "9": "by hand"}
    points = dict.fromkeys(said, 0.0) | {"1": 1.0, "2": 2.0, "3": 1.0, "5": 0.5}
    one = standing("ada", points, said, changed={"9": Override(1.0), "7": Override(0.25)})
    forms = {item.keys[0]: dict(item.forms) for item, _ in items([one], list(said))}
    expected = {"1": "right", "2": "right", "3": "right", "4": "wrong", "5": "partly right", "6": "unreadable"}
    expected |= {"7": "partly right", "8": "to mark", "9": "right"}
    assert forms == {key: {form: 1} for key, form in expected.items()}
    waiting = next(item for item, _ in items([one], ["8"]))
    assert waiting.earned is None
    assert waiting.marked == 0


def test_late_work_makes_no_question_harder() -> None:
    people = [standing("ada", {"1": 1.0}, off=0.5), standing("ben", {"1": 0.0})]
    assert people[0].points == 0.5
    (found,) = [one for one, _ in items(people, ["1"])]
    assert found.earned == 0.5
    assert found.forms == Counter({"right": 1, "wrong": 1})


@pytest.mark.parametrize("count", [1, 2, 3, 10, 31])
def test_mean_median_and_quartiles(count: int) -> None:
    points = [float(one) for one in np.random.default_rng(count).integers(0, 40, count) / 2]
    found = spread(points)
    assert found is not None
    assert (found.count, found.least, found.most) == (count, min(points), max(points))
    assert found.mean == pytest.approx(np.mean(points))
    assert [found.low, found.median, found.high] == pytest.approx(list(np.percentile(points, [25, 50, 75])))
    if count > 1:
        assert [found.low, found.median, found.high] == statistics.quantiles(points, n=4, method="inclusive")
    assert spread([]) is None


@pytest.mark.parametrize("of", [0.5, 1, 3, 7.5, 10, 12, 17, 48, 100, 1000])
def test_every_learner_is_in_one_bar(of: float) -> None:
    points = [of * share for share in (0, 0.05, 0.1, 1 / 3, 0.5, 0.999, 1, 1)]
    found = bars(points, of)
    assert 1 < len(found) <= 12
    assert sum(bar.count for bar in found) == len(points)
    assert (found[0].start, found[-1].end) == (0, of)
    for bar, after in zip(found, found[1:]):
        assert bar.end == pytest.approx(after.start)
        assert bar.count == sum(bar.start - 1e-9 <= one < bar.end - 1e-9 for one in points)
    assert found[-1].count == sum(one >= found[-1].start - 1e-9 for one in points)
    widths = {f"{bar.end - bar.start:.6g}" for bar in found[:-1]}
    assert len(widths) == 1
    assert widths.pop().strip("0.")[:1] in "125"
    assert bars([], 0) == ()


# The class's page


@pytest.fixture(scope="module")
def wrongs(tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    """A class in which everybody makes the first mistake of each question, three have hostile names, one is right."""
    names = (*(f"Person {letter}" for letter in "ABCDEFGH"), *HOSTILE, "Right One")
    some = lambda who, *more: (right if who == "Right One" else wrong)(who, *more)
    return a_class(tmp_path_factory.mktemp("wrongs"), names, some)


def pages_of(outcome: Outcome, solutions: bool = False) -> dict[str, str]:
    return dict(reports(outcome, solutions))


def test_every_learner_is_linked_to_a_page_that_is_there(wrongs: Outcome) -> None:
    files = pages_of(wrongs)
    assert list(files) == report_names(wrongs)
    said = Text(files["class.html"])
    linked = {unescape(words): href for href, words in said.links if href.startswith("feedback/")}
    assert {one.learner for one in wrongs.good} == set(linked)
    assert set(linked.values()) == {name for name in files if name.startswith("feedback/")}
    for name, href in linked.items():
        assert f"Feedback for {name}" in Text(files[href]).all
    anchors = {href[1:] for href, _ in said.links if href.startswith("#")}
    assert anchors
    assert anchors <= {found["id"] for _, found in said.tags if "id" in found}


def test_hostile_names_are_text(wrongs: Outcome) -> None:
    files = pages_of(wrongs)
    for page in (text for name, text in files.items() if name.endswith(".html")):
        said = Text(page)
        assert "script" not in {tag for tag, _ in said.tags}
        assert not [found for _, found in said.tags for name in found if name.startswith("on")]
    assert all(name in Text(files["class.html"]).all for name in HOSTILE)


def test_misconceptions_come_with_question_sentence_line_and_names(wrongs: Outcome) -> None:
    page = class_page(wrongs)
    met = Counter(
        (mark.feedback.misconceptions[0], mark.key)
        for one in wrongs.good
        for mark in one.marks
        if mark.feedback.misconceptions
    )
    assert len(met) >= 5
    said = Text(page).all
    for (name, key), count in met.items():
        where = said.split("How it was marked")[1].split("Misconceptions")[-1].split(f"{name} ")[1]
        title = wrongs.key.sheet(wrongs.good[0].slug)[key.rstrip("abc")].bank.title
        assert f"Question {key}, {title}, {count} learner{'s' * (count > 1)}: " in where
    assert page.count('<table class="lines">') >= 4
    assert "∂" in page
    assert "<math" in page
    assert "$" not in said
    assert "\\frac" not in page
    links = Text(class_page(wrongs, {one.where: f"feedback/{one.slug}.html" for one in wrongs.good})).links
    assert sum(words == "Person A" for _, words in links) > len(QUESTIONS)


def test_absent_learners_are_named_however_many_they_are(tmp_path: Path) -> None:
    names = tuple(f"Learner No {number}" for number in range(130))
    outcome = a_class(tmp_path, names, blank, names[5:], ("matrix-shapes",))
    page = class_page(outcome)
    assert re.findall(r"<li>(Learner No \d+)</li>", page) == list(names[5:])
    said = Text(page).all
    assert "125 learners handed in nothing" in said
    assert (
        said.index("Questions") < said.index("Every learner") < said.index("Learner No 129")
    )  # a long list comes last
    assert "5 of 130 learners have marks." in Text(page).all
    assert "too few learners" in Text(page).all
    assert "discrimination" not in page


def test_where_there_is_nothing_to_do_the_page_says_so(tmp_path: Path) -> None:
    outcome = a_class(tmp_path, ("Ada", "Ben"), right)
    said = Text(class_page(outcome)).all
    assert "There is nothing to do." in said
    assert "On average 100 % of" in said
    assert "No answer came from a known misconception." in said
    assert outcome.policy.sentences[0] in said


def test_what_to_do_first_is_counted(tmp_path: Path) -> None:
    unread = lambda who, sheet, key, part: "some_name" if key == "1a" else right(who, sheet, key, part)
    outcome = a_class(tmp_path, ("Ada", "Ben", "Cleo"), unread, absent=("Cleo",))
    said = Text(class_page(outcome)).all
    assert "2 answers to look at." in said
    assert "1 learner handed in nothing." in said
    assert said.index("What to do first") < said.index("On average")
    assert said.count("some_name is a name") == 2


def test_the_page_of_a_notebook_has_no_links(wrongs: Outcome) -> None:
    assert Text(class_body(wrongs)).links == []
    assert all(name in Text(class_body(wrongs)).all for name in HOSTILE)


def test_the_histogram_says_its_numbers(wrongs: Outcome) -> None:
    (label,) = (found["aria-label"] for tag, found in Text(class_page(wrongs)).tags if tag == "svg")
    counts = [int(count) for count in re.findall(r": (\d+)", label or "")]
    assert sum(counts) == len(wrongs.good)


# A learner's page


def bare(page: str) -> str:
    """All that a page has in it, pictures and formulas too, in one spelling of minus."""
    return page.replace("−", "-")


def numbers_of(sheet: Sheet) -> Iterator[tuple[str, str]]:
    for key, part in sheet.parts.items():
        if isinstance(part, NumberPart):
            yield key, part.shown().lstrip("-")


@pytest.mark.parametrize("answers", [blank, wrong])
def test_no_right_answer_and_no_solution_without_being_asked_for(answers: Answers, tmp_path: Path) -> None:
    outcome = a_class(tmp_path, ("Ada", "Ben", "Cleo"), answers)
    seen = 0
    for one in outcome.good:
        sheet = outcome.key.sheet(one.slug)
        closed = bare(feedback_page(one, outcome.key))
        opened = bare(feedback_page(one, outcome.key, solutions=True))
        typed = {mark.given.strip("-") for mark in one.marks}
        for key, number in numbers_of(sheet):
            if number not in typed:
                assert not re.search(rf"(?<![\d.]){re.escape(number)}", closed), (key, number)
                seen += 1
            assert number in opened
        assert "worked solution" not in closed
        assert "right answer" not in closed
        assert opened.count("The worked solution") == len(QUESTIONS)
    assert seen > 8


def test_the_command_opens_the_solutions_on_request_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    a_class(tmp_path, ("Ada", "Ben"), blank)
    monkeypatch.chdir(tmp_path)
    for option, there in (("--solutions", True), ("--force", False)):
        command = ["mark", "learners", "--key", "key", "--out", f"out{option}", "--jobs", "1", option]
        said = CliRunner().invoke(main, command)
        assert said.exit_code == 0, said.output
        page = Path(f"out{option}/feedback/ada.html").read_text("utf-8")
        assert ("The worked solution" in page) == there


def test_a_learner_reads_the_question_the_answer_and_the_verdict(wrongs: Outcome) -> None:
    one = wrongs.good[0]
    page, sheet = feedback_page(one, wrongs.key), wrongs.key.sheet(one.slug)
    said = Text(page).all
    for number, exercise in enumerate(sheet, 1):
        assert f"{number}. {exercise.bank.title}" in said
    for mark in one.marks:
        assert f"You wrote {mark.given.strip(chr(39))}." in said
    assert page.count("<svg") == len(sheet)
    assert "✗ not right (0 of 1 point)" in said
    assert said.count("Your answer goes wrong in this line:") >= 2
    assert f"{one.points:g} of {one.of:g} points." in said
    names = {name for mark in one.marks for name in mark.feedback.misconceptions}
    assert not [name for name in names if f"({name}" in said]
    for word in ("carried", "unreadable", "misconception", "learner", "folder code"):
        assert word not in said.lower().replace("person", "")


def test_marks_by_hand_are_the_instructors_words(tmp_path: Path) -> None:
    outcome = a_class(tmp_path, ("Ada", "Ben"), wrong)
    (tmp_path / "key/overrides.csv").write_text("learner,question,points,remark\nAda,2,0.5,Nearly <there>!\n", "utf-8")
    given = handed_in(tmp_path / "learners", tmp_path / "key", tmp_path / "marked")
    outcome = settled(list(marking(given)), given)
    page = feedback_page(outcome.standings[0], outcome.key)
    said = Text(page).all
    assert "Your instructor gave 0.5 of 1 point Nearly <there>!" in said
    assert "Nearly <there>!" in Text(class_page(outcome)).all
    assert "Your instructor gave" not in feedback_page(outcome.standings[1], outcome.key)


@pytest.mark.parametrize(
    ("verdict", "message", "label", "why"),
    [
        ("correct", "Right.", "right", ""),
        ("rounded", "Right, up to rounding. Keep more digits.", "right", "Right, up to rounding. Keep more digits."),
        ("misconception", "Not right: you get 1 if you add.", "not right", "You get 1 if you add."),
        ("unknown", "Not right, and I do not know why.", "not right", "I do not know why."),
        ("unknown", "Not right.", "not right", ""),
        ("blank", "No answer yet.", "no answer", ""),
        ("unreadable", "I cannot read 'abc'.", "could not be read", "I cannot read 'abc'."),
        ("by hand", "Marking runs no code.", "your instructor marks this", ""),
        ("few_digits", "So far right; one more digit.", "too few digits", "So far right; one more digit."),
        ("carried", "Right method: this fits.", "right, given your earlier answer", "Right method: this fits."),
        ("", "", "marked earlier", ""),
        (
            *("unknown", "Not right. Type 4 significant digits, and I can look for the mistake."),
            *("not right", "With 4 significant digits I could say more."),
        ),
        (
            *("few_digits", "Too few digits to tell. Type at least four digits."),
            *("too few digits", "Too few digits to tell. It takes at least four digits."),
        ),
        (
            *("few_digits", "So far right; one more digit, please."),
            *("too few digits", "So far right; with one more digit I could tell."),
        ),
        (
            *("unreadable", "I cannot read 'abc' as a number. Type it like 0.0851 or 1/3."),
            *("could not be read", "I cannot read 'abc' as a number. It can be written like 0.0851 or 1/3."),
        ),
        (
            *("unreadable", "nan is a name; write the value itself"),
            *("could not be read", "You wrote a name, nan. Only a value can be marked."),
        ),
        (
            *("unreadable", "'x + y' is no plain value, and nothing is run to find out; write the value itself"),
            *(
                "could not be read",
                "'x + y' is no plain value, and nothing is run to find out; only the value itself can be marked.",
            ),
        ),
    ],
)
def test_a_verdict_in_words_for_the_learner(verdict: str, message: str, label: str, why: str) -> None:
    found = Feedback(verdict, message, ("adds the gradient",))
    assert (found.label, found.why) == (label, why)


def test_what_to_practise_reveals_the_mistake_and_has_other_numbers(wrongs: Outcome) -> None:
    known = {question.id: question for question in bp.exercises.questions()}
    for one in wrongs.good[:3]:
        seat, sheet = wrongs.key.by_slug[one.slug], wrongs.key.sheet(one.slug)
        steps = next_steps(one, seat.seed)
        assert steps
        page = unescape(feedback_page(one, wrongs.key))
        for step in steps:
            assert step.seed != seat.seed
            assert f'bp.exercises.ask("{step.question.id}", seed={step.seed})' in page
            assert f"bpkit practice {step.question.id}\n" in page
            asked = bp.exercises.ask(step.question.id, seed=step.seed)
            assert asked.state.exercise.task not in [exercise.task for exercise in sheet]
            for name in step.names:
                revealing = [question for question in known.values() if name in question.reveals]
                assert name in step.question.reveals or not revealing
    best = wrongs.good[-1]
    assert best.learner == "Right One"
    assert next_steps(best, 0) == ()
    assert "practise" not in feedback_page(best, wrongs.key)


def test_blank_answers_are_practised_too_and_each_has_seeds_of_its_own(tmp_path: Path) -> None:
    outcome = a_class(tmp_path, ("Ada", "Ben"), blank)
    first, second = (next_steps(one, 0) for one in outcome.good)
    assert [step.question.id for step in first] == list(QUESTIONS[:5])
    assert [step.seed for step in first] != [step.seed for step in second]
    assert all(step.seed != next_steps(outcome.good[0], step.seed)[0].seed for step in first[:1])


def test_pages_are_the_same_from_several_processes(wrongs: Outcome) -> None:
    alone = list(reports(wrongs))
    with processes(2, 100) as run:
        for (name, text), (_, here) in zip(reports(wrongs, run=run), alone, strict=True):
            assert text.splitlines() == here.splitlines(), name


def test_a_page_inside_a_notebook_has_no_head_and_no_style(wrongs: Outcome) -> None:
    body = feedback_body(wrongs.good[0], wrongs.key)
    assert not {"html", "head", "style", "main", "h1"} & {tag for tag, _ in Text(body).tags}


@pytest.mark.parametrize(
    ("off", "said"),
    [(0.2, "You handed this in late: 20 % of your points are taken off."), (0.0, "You handed this in late.")],
)
def test_a_late_learner_reads_why_right_answers_earn_less(off: float, said: str, wrongs: Outcome) -> None:
    one = next(one for one in wrongs.good)
    page = Text(feedback_page(replace(one, late="2 days late", off=off), wrongs.key)).all
    assert said in page
    assert page.index("points.") < page.index(said) < page.index("Your points")
    # The line of an earlier run says it in its own words.
    known = replace(one, late=f"2 days late{', 20 % of the points are taken off' if off else ''}")
    assert said in Text(feedback_page(known, wrongs.key)).all
    assert "late" not in Text(feedback_page(one, wrongs.key)).all


def test_no_answer_asks_to_type_on_a_page_about_work_that_was_handed_in(tmp_path: Path) -> None:
    given = {0: "0.5", 1: "nan", 2: "'abc'", 3: "8", 4: "1.2345"}
    outcome = a_class(tmp_path, tuple(map(str, given)), lambda who, *_: given[int(who)])
    for one in outcome.good:
        said = Text(feedback_page(one, outcome.key)).all.split("What to practise next")[0]
        assert not re.search(r"\b[Tt]ype (?!the letters)|please|write the value", said)
        assert "Nan" not in said


def test_files_that_wait_come_first_and_those_that_need_nothing_apart(tmp_path: Path) -> None:
    outcome = a_class(tmp_path, ("Elm, Eva", "Fir, Finn", "Oak, Ola"), right)
    eva, finn, ola = outcome.standings
    recognised = "its own data are lost; its numbers are those of Elm, Eva"
    waiting = "no answer cell found for 2"
    old = Marked(Path("old.ipynb"), aside="not counted, because new.ipynb is the later of 2 attempts")
    bad = Marked(Path("bad.ipynb"), problem="empty")
    assert eva.file
    assert finn.file
    changed = (
        replace(eva, file=replace(eva.file, remarks=(recognised, waiting)), others=(old, bad)),
        replace(finn, late="1 day late", off=0.1),
        replace(ola, row={"overrides": ""}, file=replace(eva.file, remarks=(f"{recognised}; a.ipynb: not counted",))),
    )
    said = Text(class_page(replace(outcome, standings=changed))).all
    assert "2 files to look at." in said
    first, apart = said.index("Files to look at"), said.index("Files that need nothing from you")
    assert first < said.index(waiting) < apart
    assert first < said.index("not marked: empty") < apart
    for text in (recognised, "the later of 2 attempts", "1 day late, 10 %", "a.ipynb: not counted"):
        assert said.index(text) > apart
    alone = Text(class_page(replace(outcome, standings=changed[1:]))).all
    assert "There is nothing to do." in alone
    assert "Files to look at" not in alone


def test_names_with_commas_are_told_apart(tmp_path: Path) -> None:
    outcome = a_class(tmp_path, ("Elm, Eva", "Fir, Finn"), wrong)
    assert "2 learners: Elm, Eva; Fir, Finn" in Text(class_page(outcome)).all
