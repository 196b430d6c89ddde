"""Finds the first array of a layer that has a shape which its layer does not have, whatever its numbers are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from bpkit.core.quantities import Role
from bpkit.core.runtime import Array
from bpkit.mistakes.programs.expected import Expected, laid
from bpkit.mistakes.programs.following import Book, Followed, is_small
from bpkit.mistakes.programs.operands import of_another_layer
from bpkit.mistakes.programs.places import Place
from bpkit.mistakes.programs.source import inner_loop
from bpkit.mistakes.programs.spellings import plain
from bpkit.mistakes.programs.suspects import OUTS, of_a_layer
from bpkit.mistakes.programs.telling import code_at, elsewhere, nothing_message
from bpkit.mistakes.programs.ways_to_call import Attempt, shapes_of

WHOLE = OUTS | {"delta", "dz", "dnet"}  # names that no derivative of a parameter has


class Misshapen(NamedTuple):
    """An array of the wrong shape, what belongs there, and the shape of that."""

    value: Followed
    place: Place
    wanted: tuple[int, ...]

    def message(self, values: Sequence[Followed], attempt: Attempt) -> str:
        """The line with both shapes, and the reason where an array in it tells."""
        one = self.value
        line, code = code_at(one.code, one.seen.line)
        came, function = one.seen.value.shape, elsewhere(one.code, attempt.run)
        is_it = one.true.place if one.true and one.true.factor == 1 else None
        said = nothing_message(line, code, came, self.place, self.wanted, function, is_it)
        why = of_another_layer(one, self.place, values, attempt)
        if not why and len(self.wanted) > len(came) and self.wanted[0] not in came:
            delta = self.place.role is Role.ADJOINT
            later = "; the mean over the points comes only in the derivatives" if delta else ""
            why = f"Each point has a row of its own here{later}."
        return f"{said} {why}".strip()


def misshapen(values: Sequence[Followed], attempt: Attempt, whole: Expected) -> Misshapen | None:
    """The first array that is none of the derivation's and fits no layer that it can be of, by its name."""
    if not attempt.problem.network.layers or attempt.problem.one_by_one:
        return None
    book, main = Book(whole, attempt), attempt.run.given[0].code if attempt.run.given else None
    times = Counter((one.code, one.line, one.name) for one in attempt.run.seen)
    made = set[str]()
    for place, one in enumerate(values):
        if one.true is not None:
            made.add(one.true.name)
            if attempt.works or one.true.place.role is not Role.GRADIENT:
                continue
        alone = one.code is main and times[one.code, one.seen.line, one.seen.name] == 1
        claims = [] if any(book.label(one.seen.name)) or not _is_whole(one) else of_a_layer(one.seen.name, whole)
        if not claims or _comes_right(one, values[place + 1 :], claims) or _is_again(one, values[:place]):
            continue
        left = sorted((each for each in claims if each.name not in made), key=_turn) or claims
        own = left[0]
        numbered = one.seen.name.endswith(str(own.block))  # it says which layer it is of
        may_be = left[:1] if numbered else left
        fitting = next((each for each in may_be if _fits(one.seen.value, whole.truth(each), alone)), None)
        if fitting:
            made.add(fitting.name)
        elif _tells(one, attempt):
            return Misshapen(one, own, whole.truth(own).shape[0 if attempt.problem.inputs.ndim > 1 else 1 :])
    return None


def _turn(place: Place) -> int:
    """When an array of a layer is made: outputs from the first layer on, deltas from the last."""
    return -place.block if place.role is Role.ADJOINT else place.block


def _is_whole(one: Followed) -> bool:
    """Is a value all that its name is to hold, and no part that a loop makes, or an entry of a list?"""
    looped = len(inner_loop(one.code, one.seen.line)) > 1
    known = one.seen.value.dtype.kind == "f" and not one.seen.returned and not one.seen.name.endswith("]")
    return known and not looped and not is_small(one.code) and bool(np.any(one.seen.value))


def _comes_right(one: Followed, later: Sequence[Followed], claims: Sequence[Place]) -> bool:
    """Does the same name hold what it should further down?"""
    names = {each.name for each in claims}
    same = (each for each in later if (each.code, each.seen.name) == (one.code, one.seen.name))
    return any(each.true is not None and each.true.name in names for each in same)


def _is_again(one: Followed, earlier: Sequence[Followed]) -> bool:
    """Is it what the same name has rightly held before, changed but of the same shape?"""
    same = (each for each in earlier if (each.code, each.seen.name) == (one.code, one.seen.name))
    return any(each.true is not None and each.seen.value.shape == one.seen.value.shape for each in same)


def _fits(value: Array, true: Array, alone: bool) -> bool:
    """May a value be an array by its shape? One that is not made ``alone`` may be that of one sample."""
    return bool(laid(value, true.shape) or (not alone and laid(value, true.shape[1:])))


def _tells(one: Followed, attempt: Attempt) -> bool:
    """Does its shape show a mistake, and no other way to hold the same: with a column of ones, or with the weights?"""
    value, n = one.seen.value, attempt.problem.n_samples
    if value.ndim > 2 or (value.ndim == 2 and any((value == 1).all(axis=axis).any() for axis in (0, 1))):
        return False
    if n > 1 and n in value.shape:
        return True
    word = "".join(letter for letter in plain(one.seen.name.rpartition(".")[2]) if letter.isalpha())
    tables = [shape for shape in shapes_of(attempt.problem).values() if len(shape) == 2]
    return word in WHOLE and (n > 1 or not any(value.shape in (shape, shape[::-1]) for shape in tables))
