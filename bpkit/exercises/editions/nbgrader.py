"""An assignment for nbgrader, in which every learner may have numbers of their own.

nbgrader keeps one copy of a notebook's locked cells and puts it back before it grades. So what is locked is the same
for all: headings, points, and the cell below each exercise that grades it. A learner's numbers stand in a cell of
their own, without nbgrader's annotations, and the locked cells hold the roll that vouches for them. Answer cells are
not annotated either: nbgrader would empty them when it makes the release. No answer and no secret stands anywhere.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from bpkit.exercises.editions.edition import Edition
from bpkit.exercises.editions.notebooks import about_sheet, blank_answer, code_cell, illustrated, titled, written
from bpkit.exercises.questions.languages import words_of
from bpkit.exercises.sheets.roll import call_roll, seat_mark
from bpkit.exercises.sheets.sheet import Sheet

EDITION = Edition("nbgrader", "nbgrader assignment")  # of the class as a whole: ``produce`` makes it of its parts
NAME = "backpropagation"
SOURCE, HANDOUT = f"nbgrader/source/{NAME}/exercises.ipynb", f"nbgrader/handout/{{}}/{NAME}/exercises.ipynb"
Cell = dict[str, Any]

INTRODUCTION = """\
{}

Replace `None` with your answer and run the cell. Then run the last cell of the exercise: it tells you at once which
answers are right, names the mistake if it knows it, and shows what your answers are worth. Only the answer cells are
marked. Use cells of your own for your working and your notes."""
BARE = """\
*This copy has no numbers. Each learner has a copy of their own in the folder `handout`; give it to them instead of
this one, and let them hand it in as usual.*"""
BY_HAND = "Your instructor marks this question: its answer is in no notebook."
WARNING = "# The numbers of your exercises. If you change them, or use another learner's, nothing can be graded."


@dataclass(frozen=True)
class Assignment:
    """What is the same for everybody: the points of each exercise, and the roll that vouches for the numbers.

    ``shared`` says that there is one learner only, whose numbers are everybody's.
    """

    points: tuple[float, ...]
    roll: str
    shared: bool


@dataclass(frozen=True)
class Place:
    """Whose copy it is: the learner, the name of the folder, and the way of its numbers up the roll."""

    learner: str
    slug: str
    way: tuple[str, ...]


EVERYBODY = Place("", "", ())


def assignment(
    learners: Sequence[tuple[str, str]], tasks: Sequence[Sequence[Any]], points: Sequence[float]
) -> tuple[Assignment, tuple[Place, ...]]:
    """An assignment for learners, by name and folder, with those tasks; and the place of each, none for one alone.

    >>> one, places = assignment([("Ada Ash", "ada-ash"), ("Bo", "bo")], [["w5"], ["w6"]], points=[1.0])
    >>> one.shared, [place.slug for place in places]
    (False, ['ada-ash', 'bo'])
    """
    if len(learners) == 1:
        root, _ = call_roll([seat_mark("", "", tasks[0])])
        return Assignment(tuple(points), root, True), ()
    root, ways = call_roll([seat_mark(*who, mine) for who, mine in zip(learners, tasks, strict=True)])
    places = tuple(Place(*who, way) for who, way in zip(learners, ways, strict=True))
    return Assignment(tuple(points), root, False), places


def source(sheet: Sheet, made: Assignment) -> str:
    """The notebook for nbgrader's ``source``, bare where the numbers are each learner's own."""
    return written([*_cells(sheet, made, EVERYBODY if made.shared else None)], {"kind": "nbgrader"})


def handout(sheet: Sheet, made: Assignment, place: Place) -> str:
    """One learner's copy, as nbgrader releases it."""
    cells = [_handed_out(cell) for cell in _cells(sheet, made, place)]
    return written(cells, {"kind": "nbgrader", "learner": place.learner, **about_sheet(sheet)})


def _cells(sheet: Sheet, made: Assignment, place: Place | None) -> Iterator[Cell]:
    """All cells of a copy with its numbers, or of the bare notebook that copies differ from in nothing locked."""
    words = words_of(sheet.language)
    yield _annotated("introduction", INTRODUCTION.format(titled(sheet)), "markdown")
    yield _annotated("setup", 'import bpkit as bp\n\nanswers = {}\nnumbers = ""', "code")
    yield _numbers(sheet, place) if place else _text("numbers", BARE)
    for number, (exercise, worth) in enumerate(zip(sheet, made.points, strict=True), 1):
        heading = f"## {number}. {exercise.bank.title} ({words.worth(worth)})"
        yield _annotated(f"question-{number}", heading, "markdown")
        if place:
            yield _text(f"text-{number}", illustrated(number, exercise, words).partition("\n\n")[2])
            for key in (key for key, (own, _) in sheet.places.items() if own == number):
                yield code_cell(
                    f"answer-{key}", blank_answer(key, sheet.parts[key], words), {"kind": "answer", "key": key}
                )
        if "answer" in exercise.task.private:  # an instructor typed it, and no cell may hold it
            yield _annotated(f"grade-{number}", BY_HAND, "markdown", worth, task=True)
            continue
        graded = f'bp.exercises.grade(numbers, answers, {number}, {worth:g}, "{made.roll}")'
        yield _annotated(f"grade-{number}", graded, "code", worth)


def _numbers(sheet: Sheet, place: Place) -> Cell:
    tasks = ",\n".join(json.dumps(task, sort_keys=True) for task in sheet.data()["tasks"])
    mine = {"learner": place.learner, "slug": place.slug, "way": list(place.way)}
    data = f'{json.dumps(mine, sort_keys=True)[:-1]}, "tasks": [\n{tasks}\n]}}'
    # A quotation mark in a name must not end the text that it stands in.
    cell = code_cell("numbers", f"{WARNING}\nnumbers = r'''{data.replace(chr(39), chr(92) + 'u0027')}'''", {})
    cell["metadata"] = {"tags": ["injected-parameters"], "jupyter": {"source_hidden": True}}
    return cell


def _text(id: str, source: str) -> Cell:
    return {"cell_type": "markdown", "id": id, "metadata": {}, "source": source}


def _annotated(id: str, source: str, kind: str, points: float | None = None, task: bool = False) -> Cell:
    """A locked cell with nbgrader's nine keys and no others; with points, one that grades, or a task marked by hand."""
    grade = points is not None and not task
    words = (source, kind, grade, False, True, id, *([float(points)] if grade and points is not None else []))
    nine = {
        "schema_version": 3,
        "grade": grade,
        "locked": True,
        "solution": False,
        "task": task,
        "grade_id": id,
        "points": points or 0,
        "checksum": hashlib.md5("".join(map(str, words)).encode(), usedforsecurity=False).hexdigest(),
        "cell_type": kind,
    }
    code: Cell = {"execution_count": None, "outputs": []} if kind == "code" else {}
    return {"cell_type": kind, "id": id, "metadata": {"nbgrader": nine}, "source": source, **code}


def _handed_out(cell: Cell) -> Cell:
    """A cell as nbgrader releases it: what is locked can be neither edited nor deleted."""
    if "nbgrader" not in cell["metadata"]:
        return cell
    return {**cell, "metadata": {**cell["metadata"], "deletable": False, "editable": False}}
