"""Editions of a sheet, all from one source: notebooks, pages, and files for learning systems."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from bpkit.core.errors import BpkitError, suggest
from bpkit.exercises.editions import canvas, moodle, nbgrader, pages
from bpkit.exercises.editions.notebooks import learner_notebook, solution_notebook
from bpkit.exercises.sheets.sheet import Sheet


@dataclass(frozen=True)
class File:
    """A file for each learner: its folder, what its name ends with, and what makes its content."""

    folder: str
    ending: str
    make: Callable[[Sheet], str | bytes]


@dataclass(frozen=True)
class Common:
    """Files for the whole class: what a sheet brings to them, and what makes them, by name, of all of that."""

    of_sheet: Callable[[Sheet], Any]
    files: Callable[[Sequence[Any]], Mapping[str, str | bytes]]


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
COMMON: Mapping[str, Common] = MappingProxyType(
    {
        "moodle": Common(moodle.of_sheet, lambda sheets: {"moodle/questions.xml": moodle.whole(sheets)}),
        "canvas": Common(canvas.of_sheet, lambda sheets: {"canvas/questions.zip": canvas.whole(sheets)}),
        "nbgrader": Common(nbgrader.of_sheet, nbgrader.whole),
    }
)
DEFAULT = ("learner", "solution")


def check_editions(names: Iterable[str]) -> tuple[str, ...]:
    """The editions of those names, each once; raises ``BpkitError`` for one that does not exist."""
    found = tuple(dict.fromkeys(names))
    known = [*EACH, *COMMON]
    for name in found:
        if name not in known:
            raise BpkitError(f"edition: expected some of {', '.join(known)}, got {name!r}{suggest(name, known)}")
    return found
