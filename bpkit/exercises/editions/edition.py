"""What an edition of a sheet is. A module of this folder that makes one has it as a name of its own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from bpkit.exercises.questions.exercise import Exercise
from bpkit.exercises.sheets.sheet import Sheet


@dataclass(frozen=True)
class File:
    """A file for each learner: its folder, what its name ends with, and what makes its content.

    ``answers`` says that the answers are in it, so that it is not handed out.
    """

    folder: str
    ending: str
    make: Callable[[Sheet], str | bytes]
    answers: bool = False


@dataclass(frozen=True)
class Bank:
    """A learning system's question bank: its file, and what variant so many of a question adds to it.

    ``whole`` makes the file from all that, and the sheet's title.
    """

    file: str
    of_exercise: Callable[[Exercise, int], Sequence[Any]]
    whole: Callable[[Sequence[Any], str], str | bytes]


@dataclass(frozen=True)
class Edition:
    """An edition under its name: what pages call it, its files for each learner, or its question bank.

    ``use`` tells an instructor what to do with it; ``{place}`` is where it is.
    """

    name: str
    said: str
    files: tuple[File, ...] = ()
    bank: Bank | None = None
    use: str = ""
