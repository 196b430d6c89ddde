"""A question of the bank as data, and the exercise that it becomes with numbers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType
from typing import Any

import numpy as np

from bpkit.core.derivation import NumberedDerivation
from bpkit.core.errors import BpkitError, suggest
from bpkit.core.path_sums import Paths
from bpkit.exercises.questions.feedback import Feedback, Feedbacks
from bpkit.exercises.questions.judging import judge_all
from bpkit.exercises.questions.parts import Part
from bpkit.exercises.questions.task import Task
from bpkit.show.drawing import Drawing

LETTERS = "abcdefghijklmnopqrstuvwxyz"


@dataclass(frozen=True)
class Solution:
    """A worked solution: sentences in Markdown, and lines of the derivation with the numbers put in."""

    pieces: tuple[str | NumberedDerivation | Paths, ...]

    def __str__(self) -> str:
        return "\n\n".join(map(str, self.pieces))

    __repr__ = __str__

    def _repr_markdown_(self) -> str:
        return "\n\n".join(piece if isinstance(piece, str) else piece._repr_latex_() for piece in self.pieces)


@dataclass(frozen=True)
class Content:
    """What a question makes of a task: the text above the parts, the parts, and the worked solution (when asked).

    ``picture`` draws what the question is about; a card shows it left of the answers. ``card`` is the text of a card,
    where that can be shorter than a sheet's ``tell``, because the picture says the rest; ``table`` has the numbers of
    the picture. ``drawn`` is False where the question is about no network, and a sheet need not draw one.
    """

    tell: Callable[[], str]
    parts: tuple[Part, ...]
    solve: Callable[[], Solution]
    picture: Callable[[], Drawing] | None = None
    card: Callable[[], str] | None = None
    table: Callable[[], str] | None = None
    drawn: bool = True


@dataclass(frozen=True)
class Question:
    """A question without numbers: how a task is drawn for it, and what it asks about a task.

    ``reveals`` names the misconceptions that it is meant to bring to light: each of them that changes the answer at
    all leads to a number that can be told from the right one and from the others.
    """

    id: str
    topic: str
    title: str
    draw: Callable[[np.random.Generator, str], Task]
    build: Callable[[Task], Content]
    reveals: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False, repr=False)
class Exercise:
    """A question with numbers: ``question`` (Markdown), ``answer``, ``solution``, ``check(value)``.

    With several parts ``answer`` is a mapping by letters, and ``check`` takes such a mapping, or one value and its
    ``part``.
    """

    bank: Question
    task: Task

    @property
    def id(self) -> str:
        """The question's id in the bank."""
        return self.bank.id

    @cached_property
    def content(self) -> Content:
        """The text, the parts and the worked solution."""
        return self.bank.build(self.task)

    @cached_property
    def parts(self) -> Mapping[str, Part]:
        """What is asked, by letters."""
        return MappingProxyType(dict(zip(LETTERS, self.content.parts)))

    @property
    def problem(self) -> Any:
        """The (first) problem that the exercise is about."""
        return self.task.problem

    @cached_property
    def question(self) -> str:
        """The whole question in Markdown, everything given included."""
        return f"{self.heading}\n\n{self.text}\n\n{self.asked(self.text)}"

    @property
    def heading(self) -> str:
        """The title as a sentence of its own."""
        return self.bank.title if self.bank.title.endswith("?") else f"{self.bank.title}."

    @cached_property
    def text(self) -> str:
        """The text between the heading and the parts, in Markdown."""
        return self.content.tell()

    def asked(self, text: str) -> str:
        """What the parts ask, in Markdown; ``text`` is above it."""
        if len(self.parts) == 1:
            return _asked(self.content.parts[0], text)
        return "\n".join(f"- **{letter})** {_asked(part, text)}" for letter, part in self.parts.items())

    @property
    def answer(self) -> Any:
        """The right answer; with several parts a mapping from their letters."""
        if len(self.parts) == 1:
            return self.content.parts[0].answer
        return {letter: part.answer for letter, part in self.parts.items()}

    @cached_property
    def answers(self) -> Solution:
        """The right answers as a person writes them, with as many digits as the question asks for."""
        if len(self.parts) == 1:
            return Solution((self.parts["a"].written,))
        return Solution(("\n".join(f"- **{letter})** {part.written}" for letter, part in self.parts.items()),))

    @cached_property
    def solution(self) -> Solution:
        """The worked solution: the derivation's own lines with the numbers put in."""
        return self.content.solve()

    @property
    def points(self) -> float:
        """What all parts are worth together."""
        return sum(part.points for part in self.content.parts)

    def check(self, value: object, part: str | None = None) -> Feedback | Feedbacks:
        """Say whether an answer is right, and name the mistake if it is one that is known."""
        if part is None and len(self.parts) > 1:
            return self._check_all(value)
        letter = part or "a"
        if letter not in self.parts:
            raise BpkitError(f"check: expected a part of this exercise, got {part!r}{suggest(part, self.parts)}")
        return self.parts[letter].judge(value)

    def _check_all(self, value: object) -> Feedbacks:
        if not isinstance(value, Mapping):
            raise BpkitError(
                f"check: this exercise has the parts {', '.join(self.parts)}, got {str(value)[:40]!r}; "
                "give a dict such as {'a': 0.0851}, or name the part: check(0.0851, part='a')"
            )
        return Feedbacks(MappingProxyType(judge_all(self.parts, value, run=True)))

    @property
    def declared(self) -> tuple[str, ...]:
        """The misconceptions that the question is meant to reveal and that do change an answer here."""
        present = {wrong.name for part in self.content.parts for wrong in part.wrong}
        return tuple(name for name in self.bank.reveals if name in present)

    def __repr__(self) -> str:
        return (
            f"Exercise({self.id}: {self.bank.title}; {self.points:g} point{'s' * (self.points != 1)})\n{self.question}"
        )

    def _repr_markdown_(self) -> str:
        return self.question


def _asked(part: Part, text: str) -> str:
    """What a part asks, with what may be chosen where the question does not say it itself."""
    options: tuple[str, ...] = getattr(part, "options", ())
    said = all(option in part.asks or option in text for option in options)
    end = "" if part.asks.endswith((".", "?")) else "."
    return part.asks if said else f"{part.asks}{end} Choose one: {'; '.join(f'“{option}”' for option in options)}."
