"""What an exercise asks for: a number, a word from a list, a shape, paths, a formula or a function, each with its
right answer and the wrong ones that are known by name."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from types import MappingProxyType
from typing import Any

from bpkit.core.errors import BpkitError
from bpkit.core.problem import Problem
from bpkit.exercises.feedback import Feedback
from bpkit.exercises.proof import Proof
from bpkit.mistakes.diagnose import diagnose
from bpkit.mistakes.hand_rounding import half_unit
from bpkit.mistakes.typed_number import Figure, NotANumber, read

SURE = 1 + 1e-9  # a typed 0.08515 is half a unit from 0.0851 in decimals, and a hair more in floats


@dataclass(frozen=True)
class Wrong:
    """A wrong answer that is known: the name of the misconception, a sentence about it, the answer it leads to."""

    name: str
    sentence: str
    answer: Any


@dataclass(frozen=True)
class Part(ABC):
    """One thing that is asked, in Markdown, and what it is worth.

    ``known`` holds the wrong answers, or a function that finds them: they are only needed where an answer is not right.
    """

    asks: str
    points: float = field(default=1.0, kw_only=True)
    known: tuple[Wrong, ...] | Callable[[], tuple[Wrong, ...]] = field(default=(), kw_only=True)

    @cached_property
    def wrong(self) -> tuple[Wrong, ...]:
        """The wrong answers that are known by name, the likeliest first."""
        return self.known() if callable(self.known) else self.known

    @property
    @abstractmethod
    def answer(self) -> Any:
        """The right answer, as ``judge`` accepts it."""

    @property
    def printed(self) -> str:
        """The right answer as a key prints it; a number without the digits that floats leave behind."""
        return f"{self.answer:.12g}" if isinstance(self.answer, float) else str(self.answer)

    def judge(self, given: object) -> Feedback:
        """What to say about an answer; it never raises for what a learner typed."""
        if given is None or given is Ellipsis or (isinstance(given, str) and not given.strip()):
            return Feedback("blank", "No answer yet.")
        try:
            return self._judged(given)
        except NotANumber as error:
            return Feedback("unreadable", error.said)
        except BpkitError as error:
            said = str(error).partition(": ")[2]
            return Feedback("unreadable", f"{said[:1].upper()}{said[1:]}{'' if said.endswith('?') else '.'}")

    @abstractmethod
    def _judged(self, given: object) -> Feedback:
        """The same for an answer that is there; raises ``BpkitError`` for one that cannot be read."""

    def _named(self, found: Sequence[Wrong]) -> Feedback:
        """The mistakes that lead to an answer, each in its own sentence."""
        first = {wrong.name: wrong.sentence for wrong in reversed(found)}
        names = tuple(dict.fromkeys(wrong.name for wrong in found))
        return Feedback("misconception", f"Not right: {'. Or: '.join(first[name] for name in names)}.", names)


@dataclass(frozen=True)
class NumberPart(Part):
    """A number to so many significant digits.

    ``quantity`` and ``problem`` say what it is, as ``diagnose`` is asked, which then judges the answers; both are None
    for a number that is no quantity of a derivation. ``paper`` is how far rounding on paper can carry the right
    answer, or a function that finds it; ``proof`` finds the number three times. ``own`` says that some of the wrong
    answers are the question's own mistakes, which no derivation has.
    """

    right: float
    digits: int = 4
    paper: float | Callable[[], float] = 0.0
    quantity: str | None = None
    problem: Problem | None = None
    proof: Callable[[], Proof] | None = None
    own: bool = False

    @property
    def answer(self) -> float:
        """The exact number."""
        return self.right

    @cached_property
    def slack(self) -> float:
        """How far rounding on paper can carry the right answer."""
        return self.paper() if callable(self.paper) else self.paper

    @property
    def tolerance(self) -> float:
        """How far from the exact number an answer to the digits asked may be."""
        return half_unit(self.right, self.digits) * SURE

    def reach(self, wrong: Wrong) -> float:
        """How far from a wrong number an answer is still taken for it."""
        share = self.slack / abs(self.right) if self.right else 0.0
        return float(max(half_unit(wrong.answer, self.digits) * SURE, share * abs(wrong.answer)))

    def shown(self, value: float | None = None) -> str:
        """A number to the digits asked, as a learner writes it."""
        return f"{self.right if value is None else value:.{self.digits}g}"

    def _judged(self, given: object) -> Feedback:
        figure = read(given)
        if self.problem is not None and self.quantity is not None:
            found = diagnose(self.problem, self.quantity, given, digits=self.digits)
            names = tuple(dict.fromkeys(one.name for one in found.misconceptions))
            usual = Feedback(found.verdict, found.message, names)
        else:
            usual = self._standing(figure)
        if usual.verdict not in ("unknown", "misconception"):
            return usual
        if self.problem is not None and not self.own:
            return usual  # the detective knows all that there is to know
        exact = [w for w in self.wrong if abs(figure.value - w.answer) <= half_unit(w.answer, self.digits) * SURE]
        if usual.verdict == "unknown":
            near = [] if self.problem else [w for w in self.wrong if abs(figure.value - w.answer) <= self.reach(w)]
            return self._named(exact or near) if exact or near else usual
        more = {wrong.name: wrong for wrong in exact if wrong.name not in usual.misconceptions}
        also = "".join(f" Or: {wrong.sentence}." for wrong in more.values())
        return replace(usual, message=usual.message + also, misconceptions=(*usual.misconceptions, *more))

    def _standing(self, figure: Figure) -> Feedback:
        """How a number that no derivation has compares with the right one."""
        off, shown = abs(figure.value - self.right), figure.text
        if off <= self.tolerance:
            return Feedback("correct", f"{shown} is right.")
        if figure.digits < self.digits and figure.holds(self.right):
            return Feedback("few_digits", f"So far right; {self.digits} significant digits are asked.")
        if off <= self.slack or figure.holds(self.right):
            return Feedback("rounded", f"{shown} is right, up to rounding on the way; keep more digits in between.")
        return Feedback("unknown", f"Not right, and I do not recognise the mistake behind {shown}.")


@dataclass(frozen=True)
class ExactPart(Part):
    """A word, a number to choose, a whole number, a shape or paths: right or not, without a tolerance.

    ``reader`` says how it is read (``paths`` or a key of ``READERS``); ``options`` lists what may be chosen;
    ``neurons`` are those that paths may pass, besides those of the right ones.
    """

    right: Any
    reader: str = "word"
    options: tuple[str, ...] = ()
    neurons: tuple[str, ...] = ()

    @property
    def answer(self) -> Any:
        """The right answer, as a learner writes it."""
        return [" ".join(path) for path in sorted(self.right)] if self.reader == "paths" else self.right

    def read(self, given: object) -> Any:
        """What was written, in a form that can be compared; ``BpkitError`` for what cannot be read."""
        if self.reader == "paths":
            return _paths(given, frozenset(self.neurons).union(*self.right))
        return READERS[self.reader](given)

    def _judged(self, given: object) -> Feedback:
        value, shown = self.read(given), str(given) if len(str(given)) <= 60 else f"{str(given)[:57]} .."
        if self.options and value not in map(self.read, self.options):
            raise BpkitError(f"answer: expected one of {', '.join(self.options)}, got {shown}")
        if value == self.read(self.answer):
            return Feedback("correct", f"{shown} is right.")
        found = [wrong for wrong in self.wrong if self.read(wrong.answer) == value]
        return self._named(found) if found else Feedback("unknown", f"{shown} is not right.")


def _word(given: object) -> str:
    if not isinstance(given, str) or len(given) > 60:
        raise BpkitError(f"answer: expected a word in quotes, got {str(given)[:40]!r}")
    word = given.strip(" \t\n.!'\"").lower().replace("−", "-")
    return {"+": "positive", "-": "negative", "plus": "positive", "minus": "negative"}.get(word, word)


def _number(given: object) -> float:
    return read(given).value


def _whole(given: object) -> int:
    typed = _number(given)
    if typed != int(typed):
        raise BpkitError(f"answer: expected a whole number, got {typed:g}")
    return int(typed)


def _shape(given: object) -> tuple[int, ...]:
    sizes = re.findall(r"\d+", given[:60]) if isinstance(given, str) else given
    if not isinstance(sizes, list | tuple) or not 1 <= len(sizes) <= 4:
        raise BpkitError(f"answer: expected rows and columns such as (2, 3), got {str(given)[:40]!r}")
    return tuple(_whole(size) for size in sizes)


def _paths(given: object, neurons: frozenset[str]) -> frozenset[tuple[str, ...]]:
    """Paths as neurons in their order; arrows, nets, weights and other words between them are passed over."""
    if isinstance(given, str):
        given = re.split(r"[,;\n]", given[:2000])
    if not isinstance(given, list | tuple | set | frozenset) or len(given) > 64:
        raise BpkitError("answer: expected a list of paths such as ['h1 o1', 'h1 o2']")
    words = (re.findall(r"\w+", str(path)[:500]) for path in given)
    return frozenset(tuple(word for word in path if word in neurons) for path in words) - {()}


READERS: Mapping[str, Callable[[object], Any]] = MappingProxyType(
    {"word": _word, "number": _number, "whole": _whole, "shape": _shape}
)
