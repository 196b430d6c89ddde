"""One learner's page: every question with their answer, what is to be said about it, and what to practise next."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from bpkit.core.spelling import counted
from bpkit.exercises.editions import lean
from bpkit.exercises.editions.pages import question
from bpkit.exercises.editions.shown_question import beside, svg
from bpkit.exercises.marking.findings import line_of
from bpkit.exercises.marking.next_steps import next_steps
from bpkit.exercises.marking.overrides import TOTAL
from bpkit.exercises.marking.policy import told_late
from bpkit.exercises.marking.standing import Standing
from bpkit.exercises.marking.statistics import form, number_of
from bpkit.exercises.questions.exercise import LETTERS, Exercise
from bpkit.exercises.questions.judging import Mark
from bpkit.exercises.sheets.key import Key
from bpkit.exercises.sheets.sheet import Sheet
from bpkit.exercises.templates import rendered
from bpkit.show.markup import as_html

_LOOK = {"misconception": "Your answer goes wrong in this line:", "unknown": "Check this line first:"}
_LOOK_AT = re.compile(r" Look at \S.*? = .*?\.(?= |$)")  # a line that is shown typeset
_WORD = re.compile(r"""(["'])([^"'\\]*)\1""")


@dataclass(frozen=True)
class Answer:
    """An answer as its learner reads of it; ``line`` is HTML of the kit's own, with the words before it."""

    letter: str
    given: str
    form: str
    label: str
    why: str
    points: str
    look: str
    line: str


def feedback_page(one: Standing, key: Key, solutions: bool = False) -> str:
    """One learner's page; with the worked solutions and right answers only where ``solutions`` says so."""
    sheet = key.sheet(one.slug)
    values = _values(one, key, sheet, solutions)
    told = [sheet[row["number"]] for row in values["questions"] if row["question"]]
    return rendered(
        "feedback.html",
        title=f"Feedback for {one.learner}",
        language="en",
        about=", ".join(filter(None, (sheet.title, sheet.date))),
        pictures=lean.styles(svg(drawing) for drawing in map(beside, told) if drawing),
        **values,
    )


def feedback_body(one: Standing, key: Key) -> str:
    """The same inside a page that has a head of its own."""
    return rendered("feedback_body.html", **_values(one, key, key.sheet(one.slug), False))


def _values(one: Standing, key: Key, sheet: Sheet, solutions: bool) -> dict[str, Any]:
    numbers: dict[str, list[Mark]] = {}
    for mark in one.marks:
        numbers.setdefault(number_of(mark.key), []).append(mark)
    waiting = sum(mark.worth for mark in one.pending)
    waiting_for = f"{counted(len(one.pending), 'answer')}, worth {_worth(waiting)}"
    # Of a line of an earlier run the remarks alone say that there were other files.
    judged = one.others or one.late or (one.row and one.remarks)
    about = [one.policy] if one.policy and judged else []
    return {
        "problem": "" if one.marks else _problem(one),
        "total": f"{_points(one.points)} of {_points(one.of)} points.",
        "late": told_late(one.lateness),
        "whole": one.changed.get(TOTAL),
        "pending": f"Your instructor still has to mark {waiting_for}." if one.pending else "",
        "questions": [_question(one, number, marks, sheet, solutions) for number, marks in numbers.items()],
        "steps": next_steps(one, key.by_slug[one.slug].seed) if one.marks else (),
        "remarks": (*_remarks(one), *about),
    }


def _problem(one: Standing) -> str:
    """Why nothing was marked, without the names of other learners."""
    if one.file and one.file.origin:
        return "it is the sheet of another learner"
    return "more than one person handed in this sheet" if one.file and one.file.several else one.problem


def _remarks(one: Standing) -> list[str]:
    """What is to be said about the learner's files, but nothing about those that may be another learner's."""
    others = tuple(f"{file.where}: " for file in one.others if file.several)
    return [said for said in one.remarks if not said.startswith(others)]


def _question(one: Standing, number: str, marks: Sequence[Mark], sheet: Sheet, solutions: bool) -> dict[str, Any]:
    exercise, short = sheet[number], form(one, marks)
    return {
        "number": number,
        "title": exercise.bank.title,
        # What went well needs no second look.
        "question": question(exercise) if short != "right" or solutions else None,
        "points": _of(sum(map(one.points_for, marks)), sum(mark.worth for mark in marks)),
        "short": short,
        "answers": [_answer(one, mark, exercise) for mark in marks],
        "worked": lean.formulas(as_html(exercise.solution._repr_markdown_())) if solutions else "",
        "right": lean.formulas(as_html(exercise.answers._repr_markdown_())) if solutions else "",
    }


def _answer(one: Standing, mark: Mark, exercise: Exercise) -> Answer:
    said, other = mark.feedback, one.changed.get(mark.key)
    letter = mark.key.removeprefix(number_of(mark.key))
    # The parts of a question are made only where a line of one is shown.
    shown = said.line is not None and not other
    line = lean.formulas(line_of(exercise.parts[letter or LETTERS[0]], said.line)) if shown else ""
    earns = _of(one.points_for(mark), mark.worth)
    return Answer(
        letter,
        _typed(mark.given) if said.verdict != "blank" else "",
        form(one, [mark]).replace(" ", "-"),
        f"Your instructor gave {earns}" if other else f"{said.sign} {said.label}",
        other.remark if other else _LOOK_AT.sub("", said.why) if line else said.why,
        "" if other else earns,
        _LOOK.get(said.verdict, "") if line else "",
        line,
    )


def _typed(text: str) -> str:
    """What was written, a word without the quotes that Python needs around it."""
    found = _WORD.fullmatch(text)
    return found[2] if found else text


def _points(points: float) -> str:
    return f"{round(points, 2):g}"


def _of(points: float, worth: float) -> str:
    return f"{_points(points)} of {_worth(worth)}"


def _worth(points: float) -> str:
    return f"{_points(points)} point{'' if points == 1 else 's'}"
