"""Editions of a sheet, all from one source: notebooks, pages, and files for learning systems."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from bpkit.core.errors import BpkitError, suggest
from bpkit.exercises.editions import canvas, moodle, pages
from bpkit.exercises.editions.notebooks import learner_notebook, solution_notebook
from bpkit.exercises.questions.exercise import Exercise
from bpkit.exercises.sheets.sheet import Sheet


@dataclass(frozen=True)
class File:
    """A file for each learner: its folder, what its name ends with, and what makes its content."""

    folder: str
    ending: str
    make: Callable[[Sheet], str | bytes]


@dataclass(frozen=True)
class Bank:
    """A learning system's question bank: its file, what variant so many of a question adds, and what makes the file."""

    file: str
    of_exercise: Callable[[Exercise, int], Sequence[Any]]
    whole: Callable[[Sequence[Any]], str | bytes]


EACH: Mapping[str, tuple[File, ...]] = MappingProxyType(
    {
        "learner": (File("learners", ".ipynb", learner_notebook),),
        "solution": (File("solutions", ".ipynb", solution_notebook),),
        "printable": (
            File("printable/sheets", ".html", pages.learner_page),
            File("printable/solutions", ".html", pages.solution_page),
            File("printable/keys", ".html", pages.key_page),
        ),
    }
)
BANKS: Mapping[str, Bank] = MappingProxyType(
    {
        "moodle": Bank("moodle/questions.xml", moodle.of_exercise, moodle.whole),
        "canvas": Bank("canvas/questions.zip", canvas.of_exercise, canvas.whole),
    }
)
NBGRADER = "nbgrader"
EDITIONS = (*EACH, *BANKS, NBGRADER)
DEFAULT = ("learner", "solution")
ALL = "all"


def check_editions(names: Iterable[str]) -> tuple[str, ...]:
    """The editions of those names, each once, or ``all``; raises ``BpkitError`` for one that does not exist."""
    found = tuple(dict.fromkeys(names))
    for name in found:
        if name not in (*EDITIONS, ALL):
            near = suggest(name, EDITIONS)
            more = near if near.startswith("; did you mean") else "; choose from these"
            raise BpkitError(f"edition: expected some of {', '.join(EDITIONS)}, or {ALL}, got {name!r}{more}")
    return EDITIONS if ALL in found else found
