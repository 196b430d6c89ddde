"""Editions of a sheet, all from one source: notebooks, pages, and files for learning systems."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from types import MappingProxyType
from typing import Any

from bpkit.core.errors import BpkitError, suggest
from bpkit.exercises.editions import canvas, moodle, nbgrader, pages
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
    """A learning system's question bank: its file, and what variant so many of a question adds to it.

    ``whole`` makes the file from all that, and the sheet's title.
    """

    file: str
    of_exercise: Callable[[Exercise, int], Sequence[Any]]
    whole: Callable[[Sequence[Any], str], str | bytes]


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
# Where an edition's files for each learner stand.
FOLDERS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {name: tuple(f"{file.folder}/" for file in files) for name, files in EACH.items()}
    | {NBGRADER: (nbgrader.HANDOUT.partition("{")[0],)}
)
MANY = 100  # learners whose files are better moved in zips than one by one
EDITIONS = (*EACH, *BANKS, NBGRADER)
DEFAULT = ("learner", "solution")
ALL = "all"


def archive_of(name: str, zips: Collection[str]) -> str:
    """The zip that a learner's file goes into, if its edition is among those; empty if it stands by itself.

    Unpacked where it is, it puts the files into their usual folders.
    """
    top, *inner = PurePosixPath(name).parts
    if not any(name.startswith(folder) for one in zips for folder in FOLDERS[one]):
        return ""
    return f"{top}/{inner[0]}.zip" if top == NBGRADER else f"{top}.zip"


def zips_of(learners: int, wish: bool | None = None, loose: Collection[str] = ()) -> tuple[str, ...]:
    """The editions whose files for so many learners go into a zip each: by ``wish``, else if there are many.

    The notebooks that are handed out never do, nor do the ``loose`` ones.
    """
    wanted = learners > MANY if wish is None else wish
    return tuple(name for name in FOLDERS if name not in ("learner", *loose)) if wanted else ()


def check_editions(names: Iterable[str]) -> tuple[str, ...]:
    """The editions of those names, each once, or ``all``; raises ``BpkitError`` for one that does not exist."""
    found = tuple(dict.fromkeys(names))
    for name in found:
        if name not in (*EDITIONS, ALL):
            near = suggest(name, EDITIONS)
            more = near if near.startswith("; did you mean") else "; choose from these"
            raise BpkitError(f"edition: expected some of {', '.join(EDITIONS)}, or {ALL}, got {name!r}{more}")
    return EDITIONS if ALL in found else found
