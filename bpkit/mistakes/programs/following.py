"""Puts each array of a program beside the arrays of the derivation, and finds the line where the two part."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from types import CodeType

import numpy as np

from bpkit.core.runtime import Array
from bpkit.mistakes.programs.arguments import plain
from bpkit.mistakes.programs.array_rules import alternatives
from bpkit.mistakes.programs.attempts import Attempt
from bpkit.mistakes.programs.expected import Expected, conventions, factor_between, laid
from bpkit.mistakes.programs.hypotheses import Hypothesis
from bpkit.mistakes.programs.outcome import LOSS, read_label
from bpkit.mistakes.programs.running import Seen
from bpkit.mistakes.programs.source import first_line, is_added_up

ACTIVE = frozenset("a o h act out output outputs err error errors yhat pred hidden back da dh do dout".split())
# Mistakes in a slope that its function makes, whatever it is given.
SLOPES = frozenset({"takes a part of the slope", "uses the sigmoid's slope"})


@dataclass(frozen=True)
class Match:
    """An array of the derivation that a value equals, up to a factor."""

    name: str
    factor: float


@dataclass(frozen=True, eq=False)
class Followed:
    """A value of a program with the line that made it, and what it is in the derivation, if anything."""

    seen: Seen
    line: int
    true: Match | None

    @property
    def code(self) -> CodeType:
        return self.seen.code


def followed(attempt: Attempt, expected: Expected) -> list[Followed]:
    """Every array that the program made, in order, with its place in the derivation."""
    book = Book(expected, attempt)
    whole = _whole(attempt.run.seen, expected.samples)
    found = [Followed(one, first_line(one.code, one.line), book.find(one.value, one.name)) for one in whole]
    return _grown(found)


def _grown(values: list[Followed]) -> list[Followed]:
    """Without counters, and without what a loop has only begun to fill: values that the same line makes right a few
    rounds later.
    """
    right = {}
    for place, one in enumerate(values):
        if one.true is not None and one.seen.value.size > 1:
            right[one.code, one.line, one.seen.name] = place
    return [
        one
        for place, one in enumerate(values)
        if one.true is not None or (_tells(one.seen) and place > right.get((one.code, one.line, one.seen.name), -1))
    ]


def _tells(seen: Seen) -> bool:
    """Is a value more than a counter?"""
    return seen.value.size > 1 or seen.value.dtype.kind == "f"


def _whole(values: Sequence[Seen], samples: int) -> Iterator[Seen]:
    """The values seen; where a line in a loop made one for each sample, all of them together as well."""
    rounds: dict[tuple[CodeType, int, str, tuple[int, ...]], list[Seen]] = {}
    for one in values:
        rounds.setdefault((one.code, one.line, one.name, one.value.shape), []).append(one)
    complete = {
        id(several[-1]): several
        for several in rounds.values()
        if 1 < len(several) == samples and several[0].value.ndim < 3 and samples not in several[0].value.shape
    }
    for one in values:
        yield one
        if several := complete.get(id(one)):
            yield replace(one, value=np.stack([part.value.ravel() for part in several]))


class Book:
    """The arrays of a problem by the shapes that they may lie in."""

    def __init__(
        self, expected: Expected, attempt: Attempt, column: int = 0, only: Sequence[str] | None = None
    ) -> None:
        self.factors, self.tolerance = conventions(attempt.problem), attempt.tolerance
        arrays: list[tuple[str, Array]] = [] if only is not None else [*expected.given()]
        arrays += [(name, expected.arrays[name][..., column]) for name in (expected.arrays if only is None else only)]
        if expected.samples > 1:  # a loop over the samples meets them one by one
            by_sample = [(name, whole) for name, whole in arrays if name in ("x", "y") or _by_sample(expected, name)]
            arrays += [(name, row) for name, whole in by_sample for row in whole]
        self._sizes: dict[int, list[tuple[str, Array]]] = {}
        self._entries: list[tuple[float, str]] = []
        self._sorted: list[tuple[float, str]] = []
        for name, array in arrays:
            self._sizes.setdefault(array.size, []).append((name, array))
            if array.ndim == 2 and array.shape[1] > 1 and np.ptp(array, axis=1).max() < 1e-12 * np.abs(array).max():
                self._sizes.setdefault(len(array), []).append((name, array[:, :1]))  # one number for a row
            if array.size > 1:  # a loop over the neurons meets its entries
                self._entries += [(float(entry), name) for entry in array.flat]
            if array.ndim == 1 and array.size > 1 and np.ptp(array) < 1e-12 * np.abs(array).max():  # one number for all
                self._sizes.setdefault(1, []).append((name, array[:1]))

    def find(self, value: Array, called: str = "") -> Match | None:
        """The array that a value is: without a factor if it can be, and one that the value's name may mean."""
        if value.dtype.kind == "b" or not value.size:
            return None
        if not np.any(value):  # zeros are whatever the program says that they are
            zero = f"dE/d{read_label(called)[0]}"
            known = [name for name, true in self._sizes.get(value.size, ()) if name == zero and not np.any(true)]
            return Match(zero, 1.0) if known else None
        found = []
        for name, true in self._sizes.get(value.size, ()):
            for array in laid(value, true.shape):
                factor = factor_between(array.astype(float), true, self.factors, self.tolerance)
                if factor is not None and (value.size > 1 or factor == 1.0):
                    found.append(Match(name, factor))
                    break
        if not found and value.size == 1 and value.dtype.kind == "f":
            found = self._entry(float(value.item()))
        if not found:
            return None
        return min(found, key=lambda one: (abs(one.factor) != 1, one.factor != 1, not fits(called, one.name)))

    def _entry(self, number: float) -> list[Match]:
        """The arrays that a number is an entry of."""
        if not self._sorted:
            self._sorted += sorted(self._entries)
        found = []
        for factor in (1.0, -1.0) if abs(number) > 1e-12 and abs(number) not in (0.5, 1.0, 2.0) else ():
            want, room = factor * number, self.tolerance * abs(number)
            for entry, name in self._sorted[bisect_left(self._sorted, (want - room, "")) :]:
                if entry > want + room:
                    break
                found.append(Match(name, factor))
        return found


def _by_sample(expected: Expected, name: str) -> bool:
    return name in expected.places and expected.places[name].by_sample


def fits(called: str, name: str) -> bool:
    """May a name in a program mean an array: A1 an output, dZ1 a derivative with respect to net, db1 a bias's?"""
    key, kind = read_label(called)
    if key and kind == "gradients":
        return name == f"dE/d{key}"
    word = plain("".join(letter for letter in called.rpartition(".")[2] if letter.isalpha()))
    active = word in ACTIVE or word.startswith(("err", "out", "act", "da", "dout", "dh"))
    if name.startswith(("out_", "dE/dout_")):
        return active
    return not active


def departure(
    values: Sequence[Followed], attempt: Attempt, expected: Expected, hypothesis: Hypothesis
) -> Followed | None:
    """The first value that a mistake makes otherwise than the derivation does; None where no line shows it."""
    ways = (_rewritten, _misshapen)
    found = [one for way in ways if (one := way(values, attempt, expected, hypothesis))]
    return min(found, key=lambda one: one.seen.order) if found else None


def _rewritten(
    values: Sequence[Followed], attempt: Attempt, expected: Expected, hypothesis: Hypothesis
) -> Followed | None:
    """The first value that is what the rewritten lines make, and not what the true ones do."""
    if not hypothesis.way:
        return None
    whole = Expected(expected.problem, ((), hypothesis.way))
    changed = differing(whole)
    book = Book(whole, attempt, 1, changed)
    edited = {line for mistake in hypothesis.way for line in mistake.edits}
    origin = {name for name in changed if edited & set(whole.places[name].lines.flat)} or set(changed)
    passed = _innocent(values, origin, hypothesis)
    share = 1 / expected.samples
    taken: Followed | None = None  # what is right as one array, and taken for another
    summed: Followed | None = None  # what a loop has added up
    for one in values:
        wrong = None if one.code in passed else book.find(one.seen.value, one.seen.name)
        if wrong is None:
            continue
        if one.true is None:
            return _earlier(taken, one)
        if one.true.name == wrong.name:
            usual = (1.0, share) if whole.places[wrong.name].by_sample else (1.0,)
            if wrong.factor in usual and one.true.factor not in usual:
                if summed is None and is_added_up(one.code, one.seen.line):  # what may be divided later
                    summed = one
                elif summed is None or not one.seen.returned:
                    return _earlier(taken, one)
        elif wrong.name in origin and abs(one.true.factor) == abs(wrong.factor):
            other = _mistakable(one.true.name, wrong.name) and (taken is None or _is_called_right(taken))
            taken = one if other else taken
    return taken or summed


def differing(whole: Expected) -> list[str]:
    """The arrays that a way makes otherwise than the derivation: column 1 beside column 0."""
    pairs = ((name, array[..., 0], array[..., 1]) for name, array in whole.arrays.items())
    return [name for name, true, wrong in pairs if not np.allclose(true, wrong, rtol=1e-9, atol=1e-13)]


def _earlier(taken: Followed | None, one: Followed) -> Followed:
    """What was taken for another array, unless its name says that it is not; else the value that follows."""
    return one if taken is None or _is_called_right(taken) else taken


def _mistakable(true: str, wrong: str) -> bool:
    """Does leaving out one step make one array of the other: the slope of a delta, the activation of an output?"""
    pairs = (("dE/dout_", "dE/dnet_"), ("net_", "out_"), ("E", "dE/"))
    return any(true.startswith(one) and wrong.startswith(other) for one, other in pairs)


def _is_called_right(one: Followed) -> bool:
    """Does the program call a value what it is, and not what it is taken for?"""
    true = one.true.name if one.true else ""
    if true.startswith("E"):
        return read_label(one.seen.name)[1] == LOSS
    other = "dE/dnet_" if true.startswith("dE/dout_") else "out_"
    return fits(one.seen.name, true) and not fits(one.seen.name, other)


def _innocent(values: Sequence[Followed], origin: set[str], hypothesis: Hypothesis) -> set[CodeType]:
    """The functions of a number or array, such as activations, that do what they should: what they get is not theirs.

    One is to blame where an activation or its slope is wrong, and none of its results is right.
    """
    small = {one.code for one in values if _is_small(one.code)}
    inside = any(name.startswith("out_") for name in origin) or not SLOPES.isdisjoint(hypothesis.name.split(" and "))
    if not inside:
        return small
    given = {one.code for one in values if one.seen.returned and one.true is not None}
    called = {one.code for one in values if one.true is None and one.seen.returned}
    return small - (called - given)


def _misshapen(
    values: Sequence[Followed], attempt: Attempt, expected: Expected, hypothesis: Hypothesis
) -> Followed | None:
    """The first value that a rule of arrays makes."""
    if not hypothesis.rules:
        return None
    whole = Expected(expected.problem, (hypothesis.way,))
    names = {rule.name for rule in hypothesis.rules}
    factors = conventions(attempt.problem)
    keys = dict.fromkeys(part.removeprefix("d") for part in hypothesis.parts)
    wrong = [array for key in keys for rule, array in alternatives(whole, key) if rule.name in names]
    for one in values:
        value = one.seen.value
        if value.size < 2 or value.dtype.kind != "f" or (one.true is not None and not _of_a_bias(one.seen.name)):
            continue
        for array in wrong:
            if any(factor_between(lies, array, factors, attempt.tolerance) for lies in laid(value, array.shape)):
                return one
    return None


def _of_a_bias(name: str) -> bool:
    """Does a program call a value the gradient of a bias: db2, nabla_b[1]?"""
    stem = plain(name.rpartition(".")[2].partition("[")[0]).rstrip("0123456789")
    return stem.endswith(("b", "bias", "biases")) and stem[:1] in ("d", "g", "n")


def _is_small(code: CodeType) -> bool:
    """A function of one number or array, such as an activation: what it gets is its caller's choice."""
    names = code.co_varnames[: code.co_argcount]
    return 0 < code.co_argcount <= 2 and names[0] != "self" and len(code.co_varnames) <= 4


def maker(values: Sequence[Followed], array: Array) -> Followed | None:
    """The last line that made an array."""
    same = [one for one in values if one.seen.value.shape == array.shape]
    made = [one for one in same if np.array_equal(one.seen.value, array, equal_nan=True)]
    own = [one for one in made if not one.seen.returned]
    return (own or made or [None])[0]  # type: ignore[list-item]


def suspect(values: Sequence[Followed]) -> Followed | None:
    """The first array of the program that is nothing in the derivation."""
    unknown = (one for one in values if one.true is None and not _is_small(one.code))
    floats = (one for one in unknown if one.seen.value.size > 1 and one.seen.value.dtype.kind == "f")
    return next((one for one in floats if np.any(one.seen.value)), None)


def not_finite(values: Sequence[Followed]) -> Followed | None:
    """The first value that is nan or infinite."""
    floats = (one for one in values if one.seen.value.dtype.kind == "f")
    return next((one for one in floats if not np.isfinite(one.seen.value).all()), None)
