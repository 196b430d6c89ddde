"""Puts each array of a program beside the arrays of the derivation, and finds the line where the two part."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from types import CodeType

import numpy as np

from bpkit.core.expressions import names_in
from bpkit.core.quantities import Role
from bpkit.core.runtime import Array
from bpkit.mistakes.misconceptions.batch_slips import divided_twice
from bpkit.mistakes.programs.array_rules import alternatives
from bpkit.mistakes.programs.contributions import contributions
from bpkit.mistakes.programs.expected import Expected, conventions, factor_between, laid
from bpkit.mistakes.programs.hypotheses import Hypothesis
from bpkit.mistakes.programs.outcome import GRADIENTS, LOSS, read_label
from bpkit.mistakes.programs.places import Place
from bpkit.mistakes.programs.running import Seen
from bpkit.mistakes.programs.source import first_line, inner_loop, is_added_up
from bpkit.mistakes.programs.spellings import Blocks, computed, plain, spelling_of
from bpkit.mistakes.programs.ways_to_call import Attempt

ACTIVE = frozenset("a o h act out output outputs err error errors yhat pred hidden back da dh do dout".split())
PASSED_ON = ("out", "hidden", "mix", "pool", "skip", "embedded", "shifted")  # the tags of what blocks pass on
ERRORS = ("error", "total")
# Mistakes in a slope that its function makes, whatever it is given.
SLOPES = frozenset({"takes a part of the slope", "uses the sigmoid's slope"})


@dataclass(frozen=True)
class Match:
    """An array of the derivation that a value equals, up to a factor."""

    place: Place
    factor: float

    @property
    def name(self) -> str:
        return self.place.name


@dataclass(frozen=True, eq=False)
class Followed:
    """A value of a program with the line that made it, and what it is in the derivation, if anything."""

    seen: Seen
    line: int
    true: Match | None
    vanished: bool = False  # has it become zeros, after it was something else?
    summed: bool = False  # is it a derivative without the mean over the samples?

    @property
    def code(self) -> CodeType:
        return self.seen.code


def followed(attempt: Attempt, expected: Expected) -> list[Followed]:
    """Every array that the program made, in order, with its place in the derivation."""
    book = Book(expected, attempt)
    whole = _whole(attempt.run.seen, expected.samples)
    found, filled = [], set[tuple[CodeType, str]]()
    for one in whole:
        vanished = (one.code, one.name) in filled and not np.any(one.value)
        true = book.find(one.value, one.name)
        sloped = true is not None and true.place.role is Role.GRADIENT and not expected.summed
        summed = sloped and true is not None and true.factor == expected.samples > 1
        found.append(Followed(one, first_line(one.code, one.line), true, vanished, summed))
        if np.any(one.value):
            filled.add((one.code, one.name))
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
        if one.true is not None
        or one.vanished
        or (_tells(one.seen) and place > right.get((one.code, one.line, one.seen.name), -1))
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
    """The arrays of a problem by the shapes that they may have."""

    def __init__(
        self, expected: Expected, attempt: Attempt, column: int = 0, only: Sequence[Place] | None = None
    ) -> None:
        self.factors, self.tolerance = conventions(attempt.problem), attempt.tolerance
        self.spelling = spelling_of(attempt.problem.network)
        self._labels = attempt.outcome.labels if attempt.outcome and attempt.outcome.kind == GRADIENTS else {}
        forward = [place.quantity for place in expected.places.values() if place.role is Role.FORWARD]
        self._computed = {(one.letter, one.tag) for one in forward}
        places = expected.places.values() if only is None else only
        whole: list[tuple[Place, Array]] = [] if only is not None else [*expected.given()]
        whole += [(place, expected.arrays[place.name][..., column]) for place in places]
        parts = contributions(expected, column)
        whole += [(place, array) for place, array in parts if only is None or np.any(array)]
        arrays = [(place, array) for place, one in whole for array in _forms(place, one)]
        self._sizes: dict[int, list[tuple[Place, Array]]] = {}
        self._entries: list[tuple[float, int]] = []  # with the number of the array in ``_of``
        self._of = [place for place, _ in arrays]
        self._sorted: list[tuple[float, int]] = []
        for number, (place, array) in enumerate(arrays):
            self._sizes.setdefault(array.size, []).append((place, array))
            if array.ndim == 2 and array.shape[1] > 1 and np.ptp(array, axis=1).max() < 1e-12 * np.abs(array).max():
                self._sizes.setdefault(len(array), []).append((place, array[:, :1]))  # one number for a row
            if array.size > 1:  # a loop over the neurons meets its entries
                self._entries += [(float(entry), number) for entry in array.flat]
            if array.ndim == 1 and array.size > 1 and np.ptp(array) < 1e-12 * np.abs(array).max():  # one number for all
                self._sizes.setdefault(1, []).append((place, array[:1]))

    def find(self, value: Array, called: str = "") -> Match | None:
        """The array that a value is: without a factor if it can be, and one that the value's name may mean."""
        if value.dtype.kind == "b" or not value.size or (value.size == 1 and value.dtype.kind in "iu"):
            return None
        if not np.any(value):  # zeros are whatever the program says that they are
            key = self.label(called)[0]
            zeros = [place for place, true in self._sizes.get(value.size, ()) if key == place.key and not np.any(true)]
            known = [place for place in zeros if place.role is Role.GRADIENT]
            return Match(known[0], 1.0) if known else None
        found = []
        for place, true in self._sizes.get(value.size, ()):
            for array in laid(value, true.shape):
                factor = factor_between(array.astype(float), true, self.factors, self.tolerance)
                if factor is not None and (value.size > 1 or factor == 1.0):
                    found.append(Match(place, factor))
                    break
        if not found and value.size == 1 and value.dtype.kind == "f":
            found = self._entry(float(value.item()))
        if not found:
            return None
        return min(found, key=lambda one: (abs(one.factor) != 1, one.factor != 1, not self.fits(called, one.place)))

    def _entry(self, number: float) -> list[Match]:
        """The arrays that a number is an entry of."""
        if not self._sorted:
            self._sorted += sorted(self._entries)
        found = []
        for factor in (1.0, -1.0) if abs(number) > 1e-12 and abs(number) not in (0.5, 1.0, 2.0) else ():
            want, room = factor * number, self.tolerance * abs(number)
            for entry, place in self._sorted[bisect_left(self._sorted, (want - room, -1)) :]:
                if entry > want + room:
                    break
                found.append(Match(self._of[place], factor))
        return found

    def label(self, called: str) -> tuple[str, str]:
        """The parameters that a name in a program speaks of, and what of them."""
        if key := self._labels.get(called):
            return key, GRADIENTS
        if isinstance(self.spelling, Blocks) and any(computed(called, *one) for one in self._computed):
            return "", ""
        return read_label(called, self.spelling)

    def fits(self, called: str, place: Place) -> bool:
        """May a name in a program mean an array: A1 an output, dZ1 a derivative with respect to net, db1 a bias's?"""
        key, kind = self.label(called)
        if key and kind == GRADIENTS:
            return place.role is Role.GRADIENT and place.key == key
        if isinstance(self.spelling, Blocks) and place.role not in (Role.FORWARD, Role.ADJOINT):
            return plain(called) == plain(place.quantity.letter)
        if isinstance(self.spelling, Blocks):
            derived = plain(called.rpartition(".")[2])[:1] == "d"
            one = place.quantity.by or place.quantity
            return derived is (place.role is Role.ADJOINT) and computed(called, one.letter, one.tag)
        word = plain("".join(letter for letter in called.rpartition(".")[2] if letter.isalpha()))
        if word.startswith("delta") and place.role is Role.SLOPE:
            return False  # a delta has the slope of the loss in it
        active = word in ACTIVE or word.startswith(("err", "out", "act", "da", "dout", "dh"))
        return active is (place.is_a(Role.FORWARD, *PASSED_ON) or place.is_a(Role.ADJOINT, *PASSED_ON))


def _forms(place: Place, array: Array) -> Iterator[Array]:
    """An array as programs hold it: whole, sample by sample, step by step, with a row of zeros for the start."""
    yield array
    if not place.by_sample:
        return
    samples, *shape = array.shape
    if samples > 1:  # a loop over the samples meets them one by one
        yield from array
        if len(shape) > 1:
            yield array.swapaxes(0, 1)
    for sample in array if len(shape) > 1 else ():
        yield from sample  # a loop over the steps, or the rows
    if len(shape) > 1 and samples > 1:
        yield from array.swapaxes(0, 1)
    if place.starts:
        zeros = np.zeros_like(array[:, :1])
        for parts in ((zeros, array), (array, zeros)):
            started = np.concatenate(parts, axis=1)
            yield started
            yield from started if samples > 1 else ()


def departure(
    values: Sequence[Followed], attempt: Attempt, expected: Expected, hypothesis: Hypothesis
) -> Followed | None:
    """The first value that a mistake makes otherwise than the derivation does; None where no line shows it."""
    ways = (_rewritten, _misshapen)
    found = [one for way in ways if (one := way(values, attempt, expected, hypothesis))]
    first = min(found, key=lambda one: one.seen.order) if found else None
    return first and (_divided(values, first, expected, hypothesis) or first)


def _divided(
    values: Sequence[Followed], first: Followed, expected: Expected, hypothesis: Hypothesis
) -> Followed | None:
    """Where several lines divide what is divided already: the line that divided it before them all."""
    share = 1 / expected.samples
    early = [one for one in values if one.true and one.true.place.by_sample and abs(one.true.factor) == share]
    twice = [one for one in values if one.true and one.true.place.role is Role.GRADIENT and one.true.factor == share]
    if hypothesis.name != divided_twice.name or not early or len({one.true and one.true.name for one in twice}) < 2:
        return None
    return early[0] if early[0].seen.order < first.seen.order else None


def _rewritten(
    values: Sequence[Followed], attempt: Attempt, expected: Expected, hypothesis: Hypothesis
) -> Followed | None:
    """The first value that is what the rewritten lines make, and not what the true ones do."""
    if not hypothesis.way:
        return None
    whole = Expected(expected.problem, ((), hypothesis.way))
    changed = differing(whole)
    book = Book(whole, attempt, 1, changed)
    lines = {place: {*place.lines.flat} for place in changed}
    touched = [{place for place in changed if one.edits.keys() & lines[place]} for one in hypothesis.way]
    origin = set[Place]().union(*touched) if all(touched) else set(changed)
    passed = _innocent(values, origin, hypothesis)
    share = 1 / expected.samples
    uses = _uses(whole)
    taken: Followed | None = None  # what is right as one array, and taken for another
    summed: Followed | None = None  # what a loop has added up
    gone = [place for place, part in contributions(whole, 1) if not np.any(part)]
    for one in _settled(values):
        if one.vanished and any(book.fits(one.seen.name, place) for place in gone):
            return one
        wrong = None if one.code in passed else book.find(one.seen.value, one.seen.name)
        if wrong is None:
            continue
        if one.true is None:
            return _earlier(taken, one, book)
        if one.true.name == wrong.name:
            usual = (1.0, share) if wrong.place.by_sample else (1.0,)
            if wrong.factor in usual and one.true.factor not in usual:
                if summed is None and is_added_up(one.code, one.seen.line):  # what may be divided later
                    summed = one
                elif summed is None or not one.seen.returned:
                    return _earlier(taken, one, book)
        elif wrong.place in origin and abs(one.true.factor) == abs(wrong.factor):
            key, kind = book.label(one.seen.name)
            if key and kind == GRADIENTS and (wrong.place.role, wrong.place.key) == (Role.GRADIENT, key):
                return _earlier(taken, one, book)
            other = _mistakable(one.true.place, wrong.place, uses) and (taken is None or _is_called_right(taken, book))
            taken = one if other else taken
    return taken or summed


def differing(whole: Expected) -> list[Place]:
    """The arrays that a way makes otherwise than the derivation: column 1 beside column 0."""
    pairs = ((place, whole.arrays[name]) for name, place in whole.places.items())
    return [place for place, array in pairs if not np.allclose(array[..., 0], array[..., 1], rtol=1e-9, atol=1e-13)]


def _earlier(taken: Followed | None, one: Followed, book: Book) -> Followed:
    """What was taken for another array, unless its name says that it is not; else the value that follows."""
    return one if taken is None or _is_called_right(taken, book) else taken


def _settled(values: Sequence[Followed]) -> Iterator[Followed]:
    """The values of a program without zeros that are filled later; of what a loop adds up only the sum, at its end."""
    last = {(one.code, one.seen.name): place for place, one in enumerate(values)}
    sums: dict[str, Followed] = {}
    inside = range(0)
    for place, one in enumerate(values):
        if sums and (one.seen.returned or one.seen.line not in inside):
            yield from sums.values()
            sums.clear()
        if is_added_up(one.code, one.seen.line) and not one.seen.returned:
            sums[one.seen.name], inside = one, inner_loop(one.code, one.seen.line)
        elif np.any(one.seen.value) or one.vanished or one.seen.returned or last[one.code, one.seen.name] == place:
            yield one
    yield from sums.values()


def unexplained(values: Sequence[Followed], attempt: Attempt, expected: Expected, hypothesis: Hypothesis) -> int:
    """How many arrays on the way are not what they would be with a mistake."""
    whole = Expected(expected.problem, ((), hypothesis.way))
    book, count = Book(whole, attempt, 1), 0
    changed = {place.name for place in differing(whole)}
    usual = Book(expected, attempt)
    given = [(one, usual.find(one.value, one.name)) for one in attempt.run.given]
    for seen, true in [*((value.seen, value.true) for value in values), *given]:
        if seen.value.size < 2 or (true is not None and true.factor == 1 and true.name not in changed):
            continue
        match = book.find(seen.value, seen.name)
        count += match is None or match.factor != 1
    return count


def _uses(whole: Expected) -> set[tuple[str, str]]:
    """Pairs of arrays where the first goes straight into the second, or equals one that does."""
    lines = {line: place for place in whole.places.values() for line in place.lines.flat if len(place.quantities) == 1}
    d, found = whole.problem.derivation, set[tuple[str, str]]()
    for place in whole.places.values():
        used = {lines[name] for name in names_in(d[place.lines.flat[0]].rhs) if name in lines}
        for one in (one for one in used if one.role is place.role and one.role in (Role.FORWARD, Role.ADJOINT)):
            found |= {(other.name, place.name) for other in whole.places.values() if _equal(whole, one, other)}
    back = {
        place.quantity.by: place for place in whole.places.values() if place.role is Role.ADJOINT and not place.part
    }
    for slope in (place.quantity for place in whole.places.values() if place.role is Role.SLOPE):
        if slope.of in back and slope.by in back:
            found.add((back[slope.of].quantity.name, back[slope.by].quantity.name))
    return found


def _equal(whole: Expected, one: Place, other: Place) -> bool:
    return one.role is other.role and np.array_equal(whole.truth(one), whole.truth(other))


def _mistakable(true: Place, wrong: Place, uses: Collection[tuple[str, str]]) -> bool:
    """Does leaving out one step make one array of the other: the slope of a delta, the activation of an output?"""
    if true.is_a(Role.FORWARD, *ERRORS):
        return wrong.role in (Role.ADJOINT, Role.GRADIENT)
    if true.role is Role.SLOPE and wrong.role is Role.ADJOINT and true.quantity.by == wrong.quantity.by:
        return True
    if true.part and not wrong.part and true.quantity == wrong.quantity:
        return True
    return (true.quantity.name, wrong.quantity.name) in uses


def _is_called_right(one: Followed, book: Book) -> bool:
    """Does the program call a value what it is, and not what it is taken for?"""
    if one.true is None:
        return False
    if one.true.place.is_a(Role.FORWARD, *ERRORS):
        return book.label(one.seen.name)[1] == LOSS
    return book.fits(one.seen.name, one.true.place) and not one.true.place.part


def _innocent(values: Sequence[Followed], origin: set[Place], hypothesis: Hypothesis) -> set[CodeType]:
    """The functions of a number or array, such as activations, that do what they should: what they get is not theirs.

    One is to blame where an activation or its slope is wrong, and none of its results is right.
    """
    small = {one.code for one in values if is_small(one.code)}
    inside = any(place.is_a(Role.FORWARD, "out") for place in origin) or not SLOPES.isdisjoint(
        hypothesis.name.split(" and ")
    )
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
    keys = dict.fromkeys(part.key for part in hypothesis.parts)
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


def is_small(code: CodeType) -> bool:
    """A function of one number or array, such as an activation: what it gets is its caller's choice.

    >>> is_small((lambda z: 1 / (1 + np.exp(-z))).__code__), is_small((lambda x, W1, b1: x @ W1 + b1).__code__)
    (True, False)
    """
    names = code.co_varnames[: code.co_argcount]
    return 0 < code.co_argcount <= 2 and names[0] != "self" and len(code.co_varnames) <= 4
