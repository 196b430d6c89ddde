"""What came of filling a gradebook, in words: who got a mark, who was left as they were, and why."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Protocol

from bpkit.core.spelling import counted
from bpkit.exercises.marking.gradebooks.people import Meeting
from bpkit.exercises.marking.standing import Outcome, Standing


@dataclass(frozen=True)
class Filled:
    """A gradebook with marks: the name of its file, its bytes, and a sentence for all that is to be known about it."""

    name: str
    content: bytes
    said: tuple[str, ...]


class Gradebook(Protocol):
    """A gradebook that was read and can take marks."""

    def filled(self, outcome: Outcome) -> Filled:
        """The whole file with the marks in it."""


@dataclass(frozen=True)
class Tally:
    """Everybody of a key by what became of their marks; ``kept`` says which mark was there and which the kit gives.

    ``most`` is what the marks are out of, and ``own`` is True where the gradebook says so itself.
    """

    column: str
    meeting: Meeting
    given: tuple[Standing, ...] = ()
    kept: tuple[tuple[Standing, str, str], ...] = ()
    locked: tuple[Standing, ...] = ()
    unmarked: tuple[Standing, ...] = ()
    most: frozenset[float] = frozenset()
    own: bool = True

    @property
    def sentences(self) -> tuple[str, ...]:
        """What is to be said, the column first."""
        out_of = f", out of {_numbers(self.most)}" if self.most else ""
        own = "" if self.own or not self.most else " as on the sheet, because the gradebook does not say out of what"
        lines = [f"{counted(len(self.given), 'mark')} filled in under “{self.column}”{out_of}{self._scaled}{own}."]
        pending = (one.learner for one in self.given if one.pending)
        kept = (f"{one.learner} ({before}; the kit gives {mark})" for one, before, mark in self.kept)
        lines += _line("your points for functions are still missing", pending)
        lines += _grouped("without marks, so left as they are", ((one.learner, one.problem) for one in self.unmarked))
        lines += _line("another mark was there and stays", kept)
        lines += _line("the learning system does not let you change", (one.learner for one in self.locked))
        lines += _grouped("left out", self.meeting.unclear)
        lines += _line("not in the gradebook", self.meeting.missing)
        others = self.meeting.others
        if others == 1:
            lines.append("1 person in the gradebook is not in the key; their row stays as it is.")
        elif others:
            lines.append(f"{others} people in the gradebook are not in the key; their rows stay as they are.")
        return tuple(lines)

    @property
    def _scaled(self) -> str:
        """That the points of the sheet are not those of the gradebook, where that is so."""
        sheet = {round(one.of, 6) for one in self.given}
        other = {round(one, 6) for one in self.most} - sheet
        return f", scaled from {_numbers(sheet)} to {_numbers(other)}" if sheet and other else ""


def _numbers(points: Iterable[float]) -> str:
    return " and ".join(f"{one:g}" for one in sorted(points))


def _grouped(what: str, people: Iterable[tuple[str, str]]) -> list[str]:
    """One line for each reason, with everybody whom it holds for."""
    names: dict[str, list[str]] = {}
    for name, why in people:
        names.setdefault(why, []).append(name)
    return [f"{what}: {'; '.join(those)} ({'each: ' * (len(those) > 1)}{why})" for why, those in names.items()]


def _line(what: str, names: Iterable[str]) -> list[str]:
    joined = "; ".join(names)  # a name may be “Last, First”
    return [f"{what}: {joined}"] if joined else []


def in_points(points: float) -> str:
    """A mark as it is written: at most two decimals, none that are zeros.

    >>> in_points(12.5), in_points(20.0), in_points(6.665), in_points(0.0)
    ('12.5', '20', '6.67', '0')
    """
    exact = Decimal(repr(round(points, 9)))
    text = f"{exact.quantize(Decimal('0.01'), ROUND_HALF_UP):f}"
    return text.rstrip("0").rstrip(".")
