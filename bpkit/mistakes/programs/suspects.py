"""Where to look in a program: which line made an array, and which is the first that makes none of the derivation's."""

from __future__ import annotations

from collections.abc import Sequence
from types import CodeType

import numpy as np

from bpkit.core.quantities import Role
from bpkit.core.runtime import Array
from bpkit.mistakes.programs.attempts import Attempt
from bpkit.mistakes.programs.expected import Expected
from bpkit.mistakes.programs.following import Followed, is_small
from bpkit.mistakes.programs.outcome import GRADIENTS
from bpkit.mistakes.programs.places import Place
from bpkit.mistakes.programs.source import names_at


def maker(values: Sequence[Followed], array: Array) -> Followed | None:
    """The last line that made an array."""
    same = [one for one in values if one.seen.value.shape == array.shape]
    made = [one for one in same if np.array_equal(one.seen.value, array, equal_nan=True)]
    own = [one for one in made if not one.seen.returned]
    return (own or made or [None])[0]  # type: ignore[list-item]


def suspect(values: Sequence[Followed]) -> Followed | None:
    """The first array of the program that is nothing in the derivation; one of a line that makes right ones too comes
    last, as a loop may go a round further than the derivation.
    """
    led = _led_to_right(values)
    filled = {(one.code, one.seen.name): place for place, one in enumerate(values) if one.true is not None}
    unknown = [
        one
        for place, one in enumerate(values)
        if one.true is None and place not in led and place > filled.get((one.code, one.seen.name), -1)
    ]
    floats = [one for one in unknown if one.seen.value.size > 1 and one.seen.value.dtype.kind == "f"]
    found = [one for one in floats if np.any(one.seen.value) and not is_small(one.code)]
    known = {(one.code, one.seen.line, one.seen.name) for one in values if one.true is not None}
    return min(found, key=lambda one: (one.code, one.seen.line, one.seen.name) in known, default=None)


def turned(values: Sequence[Followed], attempt: Attempt) -> Followed | None:
    """The first delta with the opposite sign, of a program that returns gradients: nothing turns it back."""
    if attempt.outcome is None or attempt.outcome.kind != GRADIENTS:
        return None
    deltas = (one for one in values if one.true and one.true.place.role is Role.ADJOINT and one.seen.value.size > 1)
    return next((one for one in deltas if one.true and one.true.factor < 0), None)


def awaited(values: Sequence[Followed], whole: Expected) -> Place | None:
    """What a program should make next: outputs of layers, then deltas, the first of them that it has not made."""
    made = {one.true.name for one in values if one.true is not None}
    ways = (one for one in whole.places.values() if one.is_a(Role.FORWARD, "out") or one.is_a(Role.ADJOINT, "net"))
    return next((one for one in ways if one.name not in made), None)


def _led_to_right(values: Sequence[Followed]) -> set[int]:
    """The places of the values that a later line uses to make what is right."""
    found, latest = set[int](), dict[tuple[CodeType, str], int]()
    bad = {(one.code, one.seen.line) for one in values if one.true is None and one.seen.value.size > 1}
    for place, one in enumerate(values):
        if one.true is not None and one.seen.value.size > 1 and (one.code, one.seen.line) not in bad:
            used = names_at(one.code, one.seen.line)
            found |= {before for (code, name), before in latest.items() if code is one.code and name in used}
        latest[one.code, one.seen.name.replace('"', "'")] = place
    return found


def not_finite(values: Sequence[Followed]) -> Followed | None:
    """The first value that is nan or infinite."""
    floats = (one for one in values if one.seen.value.dtype.kind == "f")
    return next((one for one in floats if not np.isfinite(one.seen.value).all()), None)
