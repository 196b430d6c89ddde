"""An assignment for nbgrader: its nine keys in each cell, every answer graded by a locked cell that ends in a float.

All learners of an assignment have the same numbers here, those of the first sheet: nbgrader restores locked cells from
its one copy. The numbers stand in such a locked cell, so that nobody can exchange them. No answer stands anywhere.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import warnings
from collections.abc import Iterator, Sequence
from typing import Any

from bpkit.exercises.editions.notebooks import KERNEL, blank_answer, question_text, setup_source
from bpkit.exercises.sheet import Sheet
from bpkit.exercises.written import FunctionPart

NAME = "backpropagation"
Cell = dict[str, Any]

INTRODUCTION = """\
# {title}

Write each answer in place of `None` and run the cell. The cells that follow the answers show what they are worth."""


def assignment(sheet: Sheet, title: str = "Exercises") -> str:
    """The notebook for nbgrader's ``source`` folder."""
    cells = [
        _locked("introduction", INTRODUCTION.format(title=title), "markdown"),
        _locked("setup", setup_source(sheet, "sheet = ", False) + "\n\nanswers = {}", "code"),
    ]
    for number, exercise in enumerate(sheet, 1):
        cells.append(_locked(f"question-{number}", question_text(number, exercise), "markdown"))
        for key in (key for key, (place, _) in sheet.places.items() if place == number):
            part = sheet.parts[key]
            cells.append(_cell(f"answer-{key}", blank_answer(key, part), "code", solution=True))
            graded = f'bp.exercises.grade(sheet, answers, "{key}", "{sheet.fingerprint}")'
            cells.append(_cell(f"grade-{key}", graded, "code", grade=True, locked=True, points=part.points))
    notebook = {"cells": cells, "metadata": KERNEL, "nbformat": 4, "nbformat_minor": 5}
    return json.dumps(notebook, ensure_ascii=False, indent=1, sort_keys=True) + "\n"


def of_sheet(sheet: Sheet) -> str:
    """The assignment with one learner's numbers."""
    return assignment(sheet)


def whole(assignments: Sequence[str]) -> str:
    """The first learner's numbers are everybody's."""
    return assignments[0]


def _locked(id: str, source: str, kind: str) -> Cell:
    return _cell(id, source, kind, locked=True)


def _cell(
    id: str,
    source: str,
    kind: str,
    grade: bool = False,
    locked: bool = False,
    solution: bool = False,
    points: float = 0,
) -> Cell:
    """A cell with nbgrader's nine keys and no others."""
    about: dict[str, Any] = {
        "schema_version": 3,
        "grade": grade,
        "locked": locked,
        "solution": solution,
        "task": False,
        "grade_id": id,
        "points": points,
        "checksum": hashlib.md5(source.encode(), usedforsecurity=False).hexdigest(),
        "cell_type": kind,
    }
    code: Cell = {"execution_count": None, "outputs": []} if kind == "code" else {}
    return {"cell_type": kind, "id": id, "metadata": {"nbgrader": about}, "source": source, **code}


def grade(sheet: object, answers: object, key: str, fingerprint: str) -> float:
    """The points of an answer, as a plain float for nbgrader, with the feedback shown above it.

    Nothing that a learner's answer does reaches nbgrader: warnings are silent, what is printed to stderr is dropped,
    and an answer that fails is worth 0. A sheet that is not the one with that fingerprint was exchanged.
    """
    from IPython.display import Markdown, display  # only in a kernel

    points, message = 0.0, "the numbers of this sheet were changed: nothing can be graded"
    if isinstance(sheet, Sheet) and sheet.fingerprint == fingerprint:
        with _quiet():
            try:
                given = answers.get(key) if isinstance(answers, dict) else None
                part = sheet.parts[key]
                said = part.judge(given if isinstance(part, FunctionPart) else plain(given))
                points, message = said.share * part.points, repr(said)
            except BaseException as error:  # an answer's own methods may do anything
                message = f"unreadable: the answer failed ({type(error).__name__})"
    display(Markdown(message.replace("$", r"\$")))  # type: ignore[no-untyped-call]
    return float(points)


def plain(given: object) -> object:
    """An answer as a value of Python's own: numbers of NumPy become floats, other objects are refused by judging."""
    item = getattr(given, "item", None)
    return item() if type(given).__module__ == "numpy" and callable(item) and getattr(given, "ndim", 1) == 0 else given


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    with warnings.catch_warnings(), contextlib.redirect_stderr(io.StringIO()):
        warnings.simplefilter("ignore")
        yield
