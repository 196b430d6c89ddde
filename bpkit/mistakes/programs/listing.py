"""The text of a learner's program, line by line, with the array that each line made and whether that is right."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import CodeType, MappingProxyType

import numpy as np

from bpkit.core.quantities import Role
from bpkit.mistakes.programs.flow import downstream
from bpkit.mistakes.programs.following import Book, Followed
from bpkit.mistakes.programs.places import Place
from bpkit.mistakes.programs.running import Run
from bpkit.mistakes.programs.source import Gap, computed_at, first_line, lines_of, quoted
from bpkit.mistakes.programs.suspects import is_odd
from bpkit.mistakes.programs.telling import code_at

MOST = 4  # quantities that are named beside a line
START = 20  # letters of a statement by which its line is found


@dataclass(frozen=True, repr=False)
class Value:
    """An array that a line of the program made: its name there, and the quantity of the derivation that it is.

    ``right`` is False from the first departure on, None where the array is nothing in the derivation; ``shown`` is the
    quantity as people write it. ``follows`` names the wrong line that it depends on, if one is known.
    """

    name: str
    line: int
    code: str
    quantity: str
    right: bool | None
    shown: str = ""
    follows: str = ""

    def __repr__(self) -> str:
        is_that = {True: "right", False: "wrong", None: "unknown"}[self.right]
        return f"Value({self.name!r}, line {self.line}, {self.quantity or '?'}: {is_that})"


@dataclass(frozen=True)
class Line:
    """A line of the program's text: if it ``made`` an array, what that is in the derivation, and whether right.

    ``gap`` is True where dots stand for what is still to be written, ``waits`` where something of a gap is used,
    ``stopped`` where the program got no further; ``follows`` names the wrong line that it depends on, ``function`` the
    one that it is in, where another is under review.
    """

    number: int
    text: str
    made: bool = False
    quantity: str = ""
    right: bool | None = None
    shown: str = ""
    gap: bool = False
    stopped: bool = False
    waits: bool = False
    follows: str = ""
    function: str = ""


Known = Collection[tuple[int, str]]  # numbers of lines, and how their statements begin


def begins(code: CodeType | None, lines: Iterable[int]) -> set[tuple[int, str]]:
    """Lines of a function as they are found in its text."""
    return {(first_line(code, line), quoted(code, line)[:START]) for line in lines}


def marked(source: tuple[Line, ...], known: Known, mark: Callable[[Line], Line]) -> tuple[Line, ...]:
    """The text of a program with another mark at some lines.

    >>> source = marked((Line(2, "out = x @ W1"), Line(3, "d = out - y")), {(3, "d = out - y")}, stopped)
    >>> [line.stopped for line in source]
    [False, True]
    """
    return tuple(
        replace(mark(line), function=line.function) if any(_is_at(line, *one) for one in known) else line
        for line in source
    )


def _is_at(line: Line, number: int, code: str) -> bool:
    text = line.text.strip()
    return line.number == number and bool(text) and (text.startswith(code) or code.startswith(text))


def stopped(line: Line) -> Line:
    """A line at which the program got no further.

    >>> line = stopped(Line(3, "d = out - y"))
    >>> line.stopped, line.right
    (True, False)
    """
    return Line(line.number, line.text, True, right=False, stopped=True)


def depends(text: Line, on: str) -> Line:
    """A line that uses what another one was to make.

    >>> depends(Line(4, "dW1 = x.T @ d"), on="line 3").follows
    'line 3'
    """
    return Line(text.number, text.text, follows=on)


def with_gaps(source: tuple[Line, ...], gaps: Sequence[Gap], waiting: Known) -> tuple[Line, ...]:
    """The text of a program with its gaps marked, and the lines that wait for one: neither makes anything yet.

    >>> source = with_gaps((Line(2, "out = ..."), Line(3, "return out")), [Gap("forward", 2, "out = ...")], set())
    >>> [line.gap for line in source]
    [True, False]
    """
    source = marked(source, waiting, lambda line: Line(line.number, line.text, waits=True))
    dots = {(gap.line, gap.code[:START]) for gap in gaps}
    return marked(source, dots, lambda line: Line(line.number, line.text, gap=True))


def should_be(places: Sequence[Place], line: Line) -> Line:
    """A line that is wrong, with what it should give."""
    return Line(line.number, line.text, True, places[0].name, False, several(place.shown for place in places))


def source_of(values: Sequence[Followed], made: Sequence[Value], run: Run) -> tuple[Line, ...]:
    """The text of the functions that ran, with what each line made: the first that is wrong, else the last known."""
    by_line: dict[tuple[str, int], list[Value]] = {}
    for one, value in zip(values, made, strict=True):
        waits = value.right is None and not np.any(one.seen.value)  # zeros that are not filled yet
        # Of several that come back each has a line of its own, if the return does not compute it.
        if waits or (one.seen.returned and value.name not in computed_at(one.code, one.seen.line)):
            continue
        by_line.setdefault((one.code.co_filename, value.line), []).append(value)
    own = run.given[0].code if run.given else values[-1].code if values else None
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
            wrong = wrong or next((one for one in here if one.follows), None)
            shown = wrong or next((one for one in reversed(here) if one.right), here[-1] if here else None)
            line = Line(number, text, function="" if code is own else code.co_name)
            if shown:
                said, right = _all_shown(here, shown), shown.right
                line = replace(line, made=True, quantity=shown.quantity, right=right, shown=said, follows=shown.follows)
            found[code.co_filename, number] = line
    return tuple(found.values())


def _all_shown(here: Sequence[Value], one: Value) -> str:
    """What a line makes, as people write it: all that it gives a name to, as in dW1, db1 = .., and that is like one."""
    last = {value.name: value.shown for value in here if value.right is one.right and value.shown}
    return several(last.values()) if len(last) > 1 else one.shown


def several(words: Iterable[str]) -> str:
    """Quantities beside a line, with dots instead of most where they are many.

    >>> several(["W1", "b1"]), several(["W1", "b1", "W2", "b2", "W3"])
    ('W1, b1', 'W1, .., W3')
    """
    found = [*dict.fromkeys(words)]
    return ", ".join([found[0], "..", found[-1]] if len(found) > MOST else found)


def values_of(
    values: Sequence[Followed],
    departed: Followed | None = None,
    wrong: Book | None = None,
    labelled: Mapping[str, Place] = MappingProxyType({}),
) -> tuple[Value, ...]:
    """The arrays that lines made, with what each is in the derivation; from the first wrong one on what it should be.

    ``wrong`` has the arrays of the mistake that explains them, ``labelled`` what names should hold.
    """
    found, should = [], None
    for one in values:
        line, code = code_at(one.code, one.seen.line)
        place, right = (one.true.place, True) if one.true else (None, None)
        if departed is not None and one.seen.order >= departed.seen.order:
            match = wrong.find(one.seen.value, one.seen.name) if wrong else None
            astray = one.true is None or (wrong is None and is_odd(one.true.factor))
            if one is departed or astray or (match and match.factor == 1 and one.true and one.true.factor != 1):
                is_it = one is departed and one.true is not None and one.true.factor != 1
                place = None if wrong is None and not is_it else place
                place, right = match.place if match else place, False if match or one is departed else None
            elif match and np.array_equal(one.seen.value, departed.seen.value):
                place, right = should or match.place, False
            should = place if one is departed else should
        own = labelled.get(one.seen.name)
        another = one.true and one.true.place.role is Role.GRADIENT and one.true.name != own.name if own else False
        if another or (one is departed and (place is None or own is not None)):
            place, right = own, False  # not the derivative that it is called
        name, shown = (place.name, place.shown) if place else ("", "")
        if right and one.true and one.true.factor < 0:
            shown = f"−{shown}"
        if right and one.summed:
            shown = f"n · {shown}"
        found.append(Value(one.seen.name, line, code, name, right, shown))
    return tuple(found)


def following(
    values: Sequence[Followed],
    made: Sequence[Value],
    wrong: Sequence[Followed],
    known: Callable[[Followed], bool],
    excused: bool = False,
) -> tuple[Value, ...]:
    """The arrays that lines made, where those that depend on a ``wrong`` line say so; what is ``known`` stays, and what
    is wrong itself unless it is ``excused``.
    """
    after = downstream([(one.code, one.line) for one in wrong], {one.code for one in values})
    told = {one.seen.order for one in wrong}
    return tuple(
        replace(value, quantity="", right=None, shown="", follows=named_line(one.code, *after[one.code, one.line]))
        if (one.code, one.line) in after
        and not known(one)
        and (value.right is not False or (excused and one.seen.order not in told))
        else value
        for one, value in zip(values, made, strict=True)
    )


def named_line(here: CodeType, code: CodeType, line: int) -> str:
    """A line as another one, ``here`` in a function, speaks of it.

    >>> def forward(): ...
    >>> named_line(forward.__code__, forward.__code__, 3), named_line(named_line.__code__, forward.__code__, 3)
    ('line 3', 'line 3 of forward')
    """
    return f"line {line}" if code is here else f"line {line} of {code.co_name}"
