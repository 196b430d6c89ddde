"""One text, one reading: every form of an answer in ``check``, in marking and in nbgrader's cells.

``answers.json`` says form by form what is expected; the cells run in a shell of IPython's, as in a notebook.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from answer_forms import FORMS, key_of
from assignment import assignment_files
from IPython.core.interactiveshell import InteractiveShell
from printed import as_printed

from bpkit.exercises import generate
from bpkit.exercises.marking.submissions import read_submission
from bpkit.exercises.questions.answers import NotRead, answers_in
from bpkit.exercises.questions.bank import QUESTIONS
from bpkit.exercises.questions.feedback import Feedback
from bpkit.exercises.questions.judging import Mark, mark_sheet
from bpkit.exercises.questions.parts import ExactPart, NumberPart, Part
from bpkit.exercises.questions.sitting import Sitting
from bpkit.exercises.sheets import checker
from bpkit.exercises.sheets.checker import Checker
from bpkit.exercises.sheets.grading import plain
from bpkit.exercises.sheets.sheet import Sheet
from bpkit.mistakes.diagnose import diagnose


class OneSheet:
    """A sheet of one part, as far as checking and marking need it."""

    def __init__(self, key: str, part: Part) -> None:
        self.parts, self.places = {key: part}, {key: (1, "a")}

    def __getitem__(self, number: int) -> Any:
        return self

    id = "made"


def part_of(form: Mapping[str, Any]) -> Part:
    asked, right = form["asked"], form["right"]
    if asked == "number":
        return NumberPart("what", float(right))
    if asked.startswith("word"):
        return ExactPart("which", right, "word", ("positive", "negative"))
    if asked.startswith("whole"):
        return ExactPart("how much", int(right), "whole")
    if asked.startswith("one of"):
        return ExactPart("which", right, "number", ("0.05", "0.2", "3"))
    return ExactPart("paths", frozenset({("h1", "o1"), ("h1", "o2")}), "paths")


@pytest.fixture(scope="module")
def shell() -> Iterator[InteractiveShell]:
    # A module of its own: the shell would put one over the tests' own __main__, and leave it there.
    # It keeps no outputs: to let go of them, each reset would look through all that the tests hold in memory.
    made: InteractiveShell = InteractiveShell.instance(user_module=ModuleType("notebook_of_a_test"), cache_size=0)
    yield made
    InteractiveShell.clear_instance()


def checked(form: Mapping[str, Any], key: str, part: Part, shell: InteractiveShell) -> tuple[Feedback, object]:
    """What ``check`` says in a notebook of which this is the one answer cell, and what stands in ``answers`` then."""
    shell.reset(new_session=True)
    shell.user_ns.update(np=np, answers={})
    shell.user_ns["check"] = Checker(OneSheet(key, part), shell.user_ns["answers"])  # type: ignore[arg-type]
    if form.get("cell type", "code") == "code":
        shell.run_cell(form["cell"], store_history=True)
    said = shell.run_cell(f'check("{key}")', store_history=True).result
    assert isinstance(said, Feedback)
    return said, shell.user_ns["answers"].get(key)


def marked(form: Mapping[str, Any], key: str, part: Part, folder: Path) -> Mark:
    """What marking says of a notebook with this one cell."""
    kind = form.get("cell type", "code")
    cell = {"cell_type": kind, "id": "a", "metadata": {}, "source": form["cell"]}
    path = folder / "a.ipynb"
    path.write_text(json.dumps({"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}), encoding="utf-8")
    found = read_submission(path)
    answers = {name: one.value for name, one in found.answers.items()}
    (mark,) = mark_sheet(OneSheet(key, part), answers, found)  # type: ignore[arg-type]
    return mark


@pytest.mark.parametrize("form", FORMS, ids=[form["cell"] for form in FORMS])
def test_a_form_of_an_answer(form: dict[str, Any], shell: InteractiveShell, tmp_path: Path) -> None:
    key, part = key_of(form), part_of(form)
    said, value = checked(form, key, part, shell)
    mark = marked(form, key, part, tmp_path)
    graded = part.judge(plain(value)) if not isinstance(plain(value), NotRead) else Feedback("unreadable", "")
    read = form.get("or", form["read"])
    if read == "look":
        if said.verdict == "unreadable":  # the cell stopped
            assert value is None
        else:
            assert "will not be marked as it stands" in said.message
            assert said.verdict == graded.verdict == "correct"
        assert mark.feedback.verdict == "unreadable"
        assert mark.feedback.message
        return
    assert "will not be marked" not in said.message
    if read in ("unreadable", "blank"):
        assert said.verdict == mark.feedback.verdict == graded.verdict == read
        return
    wanted = part.judge(read)
    assert mark.feedback.verdict == wanted.verdict
    assert mark.points == wanted.share
    if value is None:  # a cell that does not run: marking reads it, and says so
        assert said.verdict == "blank"
        assert mark.remark
    else:
        assert said == graded
        assert said.verdict == mark.feedback.verdict
        assert not mark.remark


@pytest.mark.parametrize("question", [one.id for one in QUESTIONS if one.id != "code"])
def test_the_keys_literals_earn_full_marks(question: str) -> None:
    for seed, difficulty in enumerate(("easy", "hard")):
        exercise = generate(question, seed=seed, difficulty=difficulty)
        for part in exercise.content.parts:
            (found,) = answers_in(f'answers["1"] = {as_printed(part)}', 1, "code")
            assert part.judge(found.value).share == 1, (part.asks, found)
            assert part.judge(plain(found.value)).share == 1
            typed = " ".join(found.value) if isinstance(found.value, list) else str(found.value)
            assert isinstance(found.value, list) or part.judge(typed).share == 1, typed  # in a box of a page


@pytest.mark.parametrize(
    "question",
    [
        *("loss", "hidden-weight", "hidden-update", "learning-rate", "batch-mean", "delta-chain"),
        *("through-time", "convolution", "attention-share", "adam-step"),
    ],
)
def test_the_same_text_gets_the_same_verdict_everywhere(question: str) -> None:
    """In a box, in check, in marking, in nbgrader's cells and from the detective (which carries no errors here)."""
    exercise = generate(question, seed=4, difficulty="easy")
    parts = {letter: part for letter, part in exercise.parts.items() if isinstance(part, NumberPart)}
    (text,) = assignment_files([Sheet((exercise,), "ada")]).values()
    space: dict[str, Any] = {}
    cells = {one["id"]: one["source"] for one in json.loads(text)["cells"] if one["cell_type"] == "code"}
    exec("\n".join(source for id, source in cells.items() if not id.startswith("grade")), space)
    for place in range(6):
        typed = {letter: attempts(part)[place] for letter, part in parts.items()}
        key = lambda letter: f"1{letter if len(exercise.parts) > 1 else ''}"
        space["answers"] = {key(letter): text for letter, text in typed.items()}
        sitting = Sitting(exercise, tuple(typed.get(letter, "") for letter in exercise.parts))
        boxes = dict(zip(exercise.parts, sitting.feedback))
        marks = {mark.key: mark for mark in mark_sheet(Sheet((exercise,)), space["answers"])}
        check = Checker(Sheet((exercise,)), space["answers"])
        checked = exercise.check(typed if len(exercise.parts) > 1 else next(iter(typed.values())))
        earned = 0.0
        for letter, part in parts.items():
            verdict = boxes[letter].verdict
            assert marks[key(letter)].feedback.verdict == check(key(letter)).verdict == verdict
            assert (checked[letter] if len(exercise.parts) > 1 else checked).verdict == verdict
            earned += boxes[letter].share * part.points
            found = diagnose(part.problem, part.quantity, typed[letter], digits=part.digits)
            assert found.verdict == verdict or verdict == "carried" or "takes one sample" in str(boxes[letter])
        assert eval(cells["grade-1"], space) == pytest.approx(earned)


def attempts(part: NumberPart) -> list[str]:
    """A right answer, few digits of it, more than were asked, a known mistake, an unknown one, the sign lost."""
    right, wrong = part.right, part.wrong[0].answer
    texts = [f"{right:#.{part.digits}g}", f"{right:.1g}", f"{right:.12g}", f"{wrong:#.{part.digits}g}"]
    return [*texts, f"{right * 1.2345:.{part.digits}g}", f"dE/dw = {-right:.5g}".replace(".", ",")]


@pytest.mark.parametrize(
    "given", [{"h1 o1", "h1 o2"}, ("h1 o2", "h1 o1"), "h1 o1; h1 → o2", [("h1", "o1"), ["h1", "o2"]]]
)
def test_paths_may_be_given_in_any_collection(given: object) -> None:
    part = part_of({"asked": "paths", "right": ""})
    assert part.judge(given).verdict == "correct"
    assert part.judge(plain(given)).verdict == "correct"
    assert not part.judge({"h1 o1"})


def test_without_the_cells_source_the_warning_is_missed(
    shell: InteractiveShell, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The forms above would pass with any warning that always comes; here none may."""
    form = {"cell": 'answers["2"] = sum([0.07045])'}
    monkeypatch.setattr(checker, "_shell", lambda: None)
    said, _ = checked(form, "2", NumberPart("what", 0.07045), shell)
    assert said.verdict == "correct"
    assert "marked" not in said.message
