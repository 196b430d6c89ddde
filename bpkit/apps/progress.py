"""The map of the course, with what a learner has done of each lesson."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import ClassVar

from bpkit.core.errors import BpkitError
from bpkit.page import progress_file
from bpkit.page.course import Lesson, lessons

NBSP = "\u00a0"  # keeps a number and its unit on one line


@dataclass(frozen=True)
class Row:
    """A lesson, and the questions of it that are done, by their titles."""

    lesson: Lesson
    done: tuple[str, ...]

    @property
    def said(self) -> str:
        r"""How much of it is done, in words.

        >>> from types import SimpleNamespace
        >>> Row(SimpleNamespace(asks=3), ("w5",)).said
        '1\xa0of\xa03: w5'
        """
        count, asks = min(len(self.done), self.lesson.asks), self.lesson.asks
        if count == asks:
            return f"✓{NBSP}all{NBSP}{asks}"
        return f"{count}{NBSP}of{NBSP}{asks}" + (f": {', '.join(self.done)}" if self.done else "")


class Progress:
    """The lessons in the folder of this notebook, each with its question, its time, and what you have done of it.

    ``progress()`` reads the learner's own file anew each time; ``progress().forget()`` deletes it. In a folder without
    lessons it says so.
    """

    name: ClassVar[str] = "progress"

    def __init__(self, folder: str | Path = ".") -> None:
        try:
            self._lessons = lessons(Path(folder))
        except BpkitError:
            self._lessons = []

    @cached_property
    def rows(self) -> tuple[Row, ...]:
        """What is done of each lesson."""
        return tuple(Row(one, _done(one.stem)) for one in self._lessons)

    def forget(self) -> None:
        """Delete what was kept: every answer, of every lesson. Errors: ``BpkitError`` where the file stays."""
        path = progress_file.place()
        try:
            if path:
                path.unlink(missing_ok=True)
        except OSError as error:
            raise BpkitError(f"progress: expected to delete {path}, got {error.strerror}; delete it by hand") from None
        self.__dict__.pop("rows", None)

    def __repr__(self) -> str:
        if not self._lessons:
            return "There are no lessons in this folder. Open this notebook beside them."
        done = sum(min(len(row.done), row.lesson.asks) for row in self.rows)
        return f"{len(self.rows)} lessons; {done} of {sum(row.lesson.asks for row in self.rows)} questions done"

    def _repr_markdown_(self) -> str:
        if not self._lessons:
            return repr(self)
        head = "| lesson | the question | time | done |\n|---|---|---|---|\n"
        return head + "\n".join(
            f"| [{row.lesson.title}]({row.lesson.stem}.ipynb) | {row.lesson.question} | "
            f"{row.lesson.minutes}{NBSP}min | {row.said} |"
            for row in self.rows
        )


def _done(lesson: str) -> tuple[str, ...]:
    return tuple(str(one.get("title", "")) for one in progress_file.answered(lesson).values() if one.get("done"))
