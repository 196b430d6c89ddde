"""Of several mistakes at once the first: what by itself makes the first array that is not the derivation's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from bpkit.core.problem import Problem
from bpkit.core.quantities import Role
from bpkit.core.runtime import Array
from bpkit.mistakes.programs.calls import Tried
from bpkit.mistakes.programs.expected import agree, laid, mistaken
from bpkit.mistakes.programs.following import Book, Followed, followed
from bpkit.mistakes.programs.hypotheses import Hypothesis, single
from bpkit.mistakes.programs.outcome import Part
from bpkit.mistakes.programs.places import Place


class Alone(NamedTuple):
    """A mistake, and the array of the derivation that belongs where it happens."""

    hypothesis: Hypothesis
    place: Place


def alone(first: Followed, values: Sequence[Followed], tried: Sequence[Tried]) -> Alone | None:
    """The likeliest mistake that makes the first wrong array, on every problem on which the program is wrong."""
    bad, *others = (one for one in tried if one.wrong)
    found = _mistakes(first, values, bad)
    for other in others if found else ():
        again = followed(other.attempt, other.expected)
        same = next((one for one in again if _spot(one) == _spot(first)), None)
        names = {one.hypothesis.name for one in _mistakes(same, again, other)} if same else set()
        found = [one for one in found if one.hypothesis.name in names]
    return found[0] if found else None


def _spot(one: Followed) -> tuple[object, int, str]:
    return one.code, one.seen.line, one.seen.name


def _mistakes(first: Followed, values: Sequence[Followed], bad: Tried) -> list[Alone]:
    """The mistakes that make the first wrong array of a program, the likeliest first."""
    given = _part(first, bad)
    places = [given.place(bad.expected)] if given else _meant(first, bad)
    return makers(first, values, bad.attempt.problem, places, bad.attempt.tolerance, _only(given))


def makers(
    first: Followed,
    values: Sequence[Followed],
    problem: Problem,
    places: Sequence[Place],
    tolerance: float,
    detail: str = "",
) -> list[Alone]:
    """The mistakes that make an array in one of some places, and leave all arrays before it as they are; the likeliest
    first. What belongs to samples may hold their share already.
    """
    whole = mistaken(problem)
    made = [one.true for one in values if one.seen.order < first.seen.order and one.true and one.true.factor == 1]
    right = {one.name for one in made if one.place.role not in (Role.GRADIENT, Role.UPDATE)}
    before = [whole.arrays[name] for name in right if name in whole.arrays]
    found = []
    for place in places:
        columns = whole.arrays[place.name]
        fits = np.zeros(columns.shape[-1], dtype=bool)
        shares = (1, whole.samples) if place.by_sample and place.role is Role.ADJOINT else (1,)
        for lies in laid(first.seen.value.astype(float), columns.shape[:-1]):
            for share in shares:
                fits |= agree(share * lies, columns, tolerance)
        for column in np.flatnonzero(fits > agree(columns[..., 0], columns)):
            if all(_unchanged(array, int(column)) for array in before):
                one = single(whole.ways[column][0])
                found.append((int(column), Alone(replace(one, detail=detail), place)))
    return [one for _, one in sorted(found, key=lambda pair: pair[0])]


def _part(first: Followed, bad: Tried) -> Part | None:
    """The part that an array is given back as."""
    parts = bad.results.parts
    return next((part for part in bad.wrong if np.array_equal(parts[part], first.seen.value, equal_nan=True)), None)


def _only(part: Part | None) -> str:
    return f"in {part.name}" if part and part.key else ""


def _meant(first: Followed, bad: Tried) -> list[Place]:
    """The arrays that a value may be meant as, by its name: deltas first, then outputs."""
    book = Book(bad.expected, bad.attempt)
    roles = (Role.ADJOINT, Role.FORWARD, Role.SLOPE, Role.GRADIENT)
    places = [one for one in bad.expected.places.values() if one.role in roles and book.fits(first.seen.name, one)]
    return sorted(places, key=lambda one: roles.index(one.role))


def _unchanged(array: Array, column: int) -> bool:
    return bool(agree(array[..., 0], array[..., column : column + 1])[0])
