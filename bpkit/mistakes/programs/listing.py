"""The text of a learner's program, line by line, with the array that each line made and whether that is right."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bpkit.mistakes.programs.following import Followed
from bpkit.mistakes.programs.source import Gap, lines_of

MOST = 4  # quantities that are named beside a line


@dataclass(frozen=True, repr=False)
class Value:
    """An array that a line of the program made: its name there, and the quantity of the derivation that it is.

    ``right`` is False from the first departure on, None where the array is nothing in the derivation; ``shown`` is the
    quantity as people write it.
    """

    name: str
    line: int
    code: str
    quantity: str
    right: bool | None
    shown: str = ""

    def __repr__(self) -> str:
        is_that = {True: "right", False: "wrong", None: "unknown"}[self.right]
        return f"Value({self.name!r}, line {self.line}, {self.quantity or '?'}: {is_that})"


@dataclass(frozen=True)
class Line:
    """A line of the program's text: if it ``made`` an array, what that is in the derivation, and whether right.

    ``gap`` is True where dots stand for what is still to be written, ``stopped`` where the program got no further.
    """

    number: int
    text: str
    made: bool = False
    quantity: str = ""
    right: bool | None = None
    shown: str = ""
    gap: bool = False
    stopped: bool = False


def with_stop(source: tuple[Line, ...], number: int, code: str) -> tuple[Line, ...]:
    """The text of a program with the line marked where it stopped."""
    return tuple(
        Line(line.number, line.text, True, right=False, stopped=True)
        if line.number == number and line.text.strip().startswith(code[:20])
        else line
        for line in source
    )


def with_gaps(source: tuple[Line, ...], gaps: Sequence[Gap]) -> tuple[Line, ...]:
    """The text of a program with its gaps marked; a line that has one makes nothing yet."""
    dots = {(gap.line, gap.code.strip()) for gap in gaps}
    found = []
    for line in source:
        gap = any(line.number == number and line.text.strip().startswith(code[:20]) for number, code in dots)
        found.append(Line(line.number, line.text, gap=True) if gap else line)
    return tuple(found)


def source_of(values: Sequence[Followed], made: Sequence[Value]) -> tuple[Line, ...]:
    """The text of the functions that ran, with what each line made: the first that is wrong, else the last known."""
    by_line: dict[tuple[str, int], list[Value]] = {}
    for one, value in zip(values, made, strict=True):
        waits = value.right is None and not np.any(one.seen.value)  # zeros that are not filled yet
        if waits or (one.seen.returned and value.name != "return"):  # of several that come back each has its own line
            continue
        by_line.setdefault((one.code.co_filename, value.line), []).append(value)
    main = values[-1].code.co_filename if values else ""
    place = lambda code: (code.co_filename != main, code.co_filename, code.co_firstlineno)
    codes = sorted({one.code for one in values}, key=place)
    found: dict[tuple[str, int], Line] = {}
    for code in codes:
        lines = [*lines_of(code)]
        inside = [one for number, _ in lines for one in by_line.get((code.co_filename, number), [])]
        if code is not values[-1].code and len(lines) <= 2 and not any(one.right is False for one in inside):
            continue  # a helper such as sigmoid, in which nothing is wrong
        for number, text in lines:
            here = by_line.get((code.co_filename, number), [])
            wrong = next((one for one in here if one.right is False), None)
            shown = wrong or next((one for one in reversed(here) if one.right), here[-1] if here else None)
            line = Line(number, text)
            if shown:
                line = Line(number, text, True, shown.quantity, shown.right, _all_shown(here, shown))
            found[code.co_filename, number] = line
    return tuple(found.values())


def _all_shown(here: Sequence[Value], one: Value) -> str:
    """What a line makes, as people write it: all that it gives a name to, as in dW1, db1 = .., and that is like one."""
    last = {value.name: value.shown for value in here if value.right is one.right and value.shown}
    several = [*dict.fromkeys(last.values())]
    return ", ".join(several) if 1 < len(several) <= MOST else one.shown
