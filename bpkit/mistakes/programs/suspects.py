"""Where to look in a program: which line made an array, and which is the first that makes none of the derivation's."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import CodeType

import numpy as np

from bpkit.core.quantities import Role
from bpkit.core.runtime import Array
from bpkit.mistakes.programs.expected import Expected
from bpkit.mistakes.programs.following import ERRORS, Book, Followed, is_small
from bpkit.mistakes.programs.outcome import GRADIENTS, OUTPUTS, PARAMETERS, Part
from bpkit.mistakes.programs.places import Place
from bpkit.mistakes.programs.source import names_at
from bpkit.mistakes.programs.spellings import plain
from bpkit.mistakes.programs.ways_to_call import Attempt

OUTS = frozenset("a o act out output outputs yhat pred hidden".split())


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
    led = led_to(values, lambda one: one.true is not None)
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


def strayed(
    values: Sequence[Followed], attempt: Attempt, right: Mapping[Part, bool], whole: Expected
) -> Followed | None:
    """The first array that is the derivation's, but not the one that it is called, where nothing puts it right again.

    It is an output without its activation, or a delta without a factor, in a layer where nothing is right; or the
    sum that comes back instead of the mean. Of a program that returns gradients it may be a delta of the opposite sign,
    or of another factor where no gradient is right.
    """
    if attempt.outcome is None or attempt.outcome.kind not in (GRADIENTS, PARAMETERS, OUTPUTS):
        return None
    book, slopes = Book(whole, attempt), attempt.outcome.kind == GRADIENTS
    wrong = [attempt.outcome.parts[part] for part, ok in right.items() if not ok]
    made = {(one.true.place.role, one.true.place.tag, one.true.place.block) for one in values if one.true}
    unfinished = (Role.ADJOINT, "net", whole.outputs.block) not in made
    layers = {whole.of(Role.GRADIENT, part.key).block for part, ok in right.items() if ok and part.key}
    for one in values:
        if one.true is None or one.seen.value.size < 2:
            continue
        place, factor = one.true.place, one.true.factor
        ends = [other for other in whole.places.values() if (other.role, other.tag, other.block) == _finished(place)]
        if _finished(place) not in made and place.block not in layers and _is_unfinished(one, book, ends):
            return one
        if unfinished and is_delta(one.seen.name) and place.is_a(Role.FORWARD, *ERRORS):
            return one  # the loss itself
        if one.summed and any(np.array_equal(one.seen.value, part) for part in wrong):
            return one
        odd = factor < 0 or ((is_odd(factor) or is_odd(factor * whole.samples)) and not any(right.values()))
        if odd and slopes and place.role is Role.ADJOINT:
            return one
    return None


def _finished(place: Place) -> tuple[Role, str, int]:
    """What an array becomes when its layer is finished: the outputs, or the deltas."""
    role, tag = (Role.FORWARD, "out") if place.role is Role.FORWARD else (Role.ADJOINT, "net")
    return role, tag, place.block


def _is_unfinished(one: Followed, book: Book, ends: Sequence[Place]) -> bool:
    """Is an array called what its layer ``ends`` with, and is a net input, or only one of the factors of a delta?"""
    if one.true is None:
        return False
    place, name = one.true.place, one.seen.name
    if place.is_a(Role.FORWARD, "net"):
        return not one.seen.returned and not book.fits(name, place) and any(book.fits(name, end) for end in ends)
    return (place.is_a(Role.ADJOINT, "out") or place.role is Role.SLOPE) and is_delta(name)


def is_delta(name: str) -> bool:
    """Does a program call a value a delta?

    >>> is_delta("delta2"), is_delta("self.dz1"), is_delta("dW1")
    (True, True, False)
    """
    word = "".join(letter for letter in name.rpartition(".")[2] if letter.isalpha()).lower()
    return word.startswith("delta") or word in ("d", "dz", "dnet")


def of_a_layer(name: str, whole: Expected) -> list[Place]:
    """The arrays of layers that a value may be by its name: deltas, outputs or net inputs."""
    word = "".join(letter for letter in plain(name.rpartition(".")[2]) if letter.isalpha())
    tag = "out" if word in OUTS or word.startswith(("out", "act")) else ""
    tag = tag or ("net" if word == "z" or word.startswith("net") else "")
    role, tag = (Role.ADJOINT, "net") if is_delta(name) else (Role.FORWARD, tag)
    return [one for one in whole.places.values() if one.is_a(role, tag)]


def is_odd(factor: float) -> bool:
    """May a right program not have this factor on the way, unless a later line takes it away again?

    >>> is_odd(-1.0), is_odd(2.0), is_odd(1.0)
    (True, True, False)
    """
    return factor < 0 or factor in (0.5, 2.0)


def is_usual(values: Sequence[Followed], whole: Expected) -> bool:
    """Has a program the activations and the loss of the derivation? Then its outputs and last deltas are made."""
    made = {one.true.name for one in values if one.true is not None}
    last = whole.outputs.block
    deltas = {one.name for one in whole.places.values() if one.is_a(Role.ADJOINT, "net") and one.block == last}
    return {whole.outputs.name, *deltas} <= made


def awaited(values: Sequence[Followed], whole: Expected) -> Place | None:
    """What a program should make next: outputs of layers, then deltas, the first of them that it has not made."""
    made = {one.true.name for one in values if one.true is not None}
    ways = (one for one in whole.places.values() if one.is_a(Role.FORWARD, "out") or one.is_a(Role.ADJOINT, "net"))
    return next((one for one in ways if one.name not in made), None)


def led_to(values: Sequence[Followed], right: Callable[[Followed], bool]) -> set[int]:
    """The places of the values that a later line uses to make what is ``right``."""
    found, latest = set[int](), dict[tuple[CodeType, str], int]()
    bad = {(one.code, one.seen.line) for one in values if not right(one) and one.seen.value.size > 1}
    for place, one in enumerate(values):
        if right(one) and one.seen.value.size > 1 and (one.code, one.seen.line) not in bad:
            used = names_at(one.code, one.seen.line)
            found |= {before for (code, name), before in latest.items() if code is one.code and name in used}
        latest[one.code, one.seen.name.replace('"', "'")] = place
    return found


def not_finite(values: Sequence[Followed]) -> Followed | None:
    """The first value that is nan or infinite."""
    floats = (one for one in values if one.seen.value.dtype.kind == "f")
    return next((one for one in floats if not np.isfinite(one.seen.value).all()), None)
