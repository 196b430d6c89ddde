"""An assignment for nbgrader, in which every learner may have numbers of their own.

nbgrader keeps one copy of a notebook's locked cells and puts it back before it grades. So what is locked is the same
for all: headings, points, and the cell below each exercise that grades it. A learner's numbers stand in a cell of
their own, without nbgrader's annotations, and the locked cells hold the roll that vouches for them. Answer cells are
not annotated either: nbgrader would empty them when it makes the release. No answer and no secret stands anywhere.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bpkit.exercises.editions.notebooks import about_sheet, blank_answer, code_cell, illustrated, written
from bpkit.exercises.sheets.files import slugs
from bpkit.exercises.sheets.roll import call_roll, seat_mark
from bpkit.exercises.sheets.sheet import Sheet

NAME = "backpropagation"
SOURCE, HANDOUT = f"nbgrader/source/{NAME}/exercises.ipynb", f"nbgrader/handout/{{}}/{NAME}/exercises.ipynb"
Cell = dict[str, Any]

INTRODUCTION = """\
# Exercises

Replace `None` with your answer and run the cell. Then run the last cell of the exercise: it tells you at once which
answers are right, names the mistake if it knows it, and shows what your answers are worth. Only the answer cells are
marked. Use cells of your own for your working and your notes."""
BARE = """\
*This copy has no numbers. Each learner has a copy of their own in the folder `handout`; give it to them instead of
this one, and let them hand it in as usual.*"""
WARNING = "# The numbers of your exercises. If you change them, or use another learner's, nothing can be graded."


@dataclass(frozen=True)
class Asked:
    """One exercise as its cells need it: heading, points, text, and the blank answer of each key."""

    title: str
    points: float
    text: str
    blanks: Mapping[str, str]


@dataclass(frozen=True)
class Copy:
    """What a sheet brings to the assignment."""

    learner: str
    tasks: Sequence[Any]
    about: Mapping[str, Any]
    asked: tuple[Asked, ...]


def of_sheet(sheet: Sheet) -> Copy:
    """One learner's exercises."""
    found = []
    for number, exercise in enumerate(sheet, 1):
        keys = [key for key, (place, _) in sheet.places.items() if place == number]
        _, _, text = illustrated(number, exercise).partition("\n\n")
        blanks = {key: blank_answer(key, sheet.parts[key]) for key in keys}
        found.append(Asked(exercise.bank.title, exercise.points, text, blanks))
    return Copy(sheet.learner, sheet.data()["tasks"], about_sheet(sheet), tuple(found))


def whole(copies: Sequence[Copy]) -> dict[str, str]:
    """The files: the notebook for nbgrader's ``source``, and a copy for each learner where there are several.

    With one sheet alone its numbers are everybody's, and stand in ``source`` already.
    """
    points = [max(asked.points for asked in same) for same in zip(*(copy.asked for copy in copies), strict=True)]
    if len(copies) == 1:
        root, _ = call_roll([seat_mark("", "", copies[0].tasks)])
        everybody = {"learner": "", "slug": "", "way": []}
        return {SOURCE: written([*_cells(copies[0], points, root, everybody)], {"kind": "nbgrader"})}
    short = slugs([copy.learner for copy in copies])
    root, ways = call_roll([seat_mark(copy.learner, own, copy.tasks) for copy, own in zip(copies, short, strict=True)])
    files = {SOURCE: written([*_cells(copies[0], points, root, None)], {"kind": "nbgrader"})}
    for copy, own, way in zip(copies, short, ways, strict=True):
        mine = {"learner": copy.learner, "slug": own, "way": list(way)}
        cells = [_handed_out(cell) for cell in _cells(copy, points, root, mine)]
        files[HANDOUT.format(own)] = written(cells, {"kind": "nbgrader", "learner": copy.learner, **copy.about})
    return files


def _cells(copy: Copy, points: Sequence[float], root: str, mine: Mapping[str, Any] | None) -> Iterator[Cell]:
    """All cells of a copy with its numbers, or of the bare notebook that copies differ from in nothing locked."""
    yield _annotated("introduction", INTRODUCTION, "markdown")
    yield _annotated("setup", 'import bpkit as bp\n\nanswers = {}\nnumbers = ""', "code")
    yield _numbers(copy, mine) if mine else _text("numbers", BARE)
    for number, (asked, worth) in enumerate(zip(copy.asked, points, strict=True), 1):
        heading = f"## {number}. {asked.title} ({worth:g} point{'' if worth == 1 else 's'})"
        yield _annotated(f"question-{number}", heading, "markdown")
        if mine:
            yield _text(f"text-{number}", asked.text)
            for key, blank in asked.blanks.items():
                yield code_cell(f"answer-{key}", blank, {"kind": "answer", "key": key})
        graded = f'bp.exercises.grade(numbers, answers, {number}, {worth:g}, "{root}")'
        yield _annotated(f"grade-{number}", graded, "code", worth)


def _numbers(copy: Copy, mine: Mapping[str, Any]) -> Cell:
    tasks = ",\n".join(json.dumps(task, sort_keys=True) for task in copy.tasks)
    data = f'{json.dumps(mine, sort_keys=True)[:-1]}, "tasks": [\n{tasks}\n]}}'
    # A quotation mark in a name must not end the text that it stands in.
    cell = code_cell("numbers", f"{WARNING}\nnumbers = r'''{data.replace(chr(39), chr(92) + 'u0027')}'''", {})
    cell["metadata"] = {"tags": ["injected-parameters"], "jupyter": {"source_hidden": True}}
    return cell


def _text(id: str, source: str) -> Cell:
    return {"cell_type": "markdown", "id": id, "metadata": {}, "source": source}


def _annotated(id: str, source: str, kind: str, points: float | None = None) -> Cell:
    """A locked cell with nbgrader's nine keys and no others; with points, one that grades."""
    grade = points is not None
    words = (source, kind, grade, False, True, id, *([float(points)] if points is not None else []))
    nine = {
        "schema_version": 3,
        "grade": grade,
        "locked": True,
        "solution": False,
        "task": False,
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
