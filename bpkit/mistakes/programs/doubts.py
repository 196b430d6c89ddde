"""Judges the lines of a program that gave nothing yet: what each makes, beside what its name says that it is."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from functools import partial
from types import CodeType

import numpy as np

from bpkit.core.quantities import Role
from bpkit.mistakes.misconceptions.loss_slips import error_sign
from bpkit.mistakes.programs.alone import makers
from bpkit.mistakes.programs.array_rules import alternatives
from bpkit.mistakes.programs.expected import Expected, agree, expected, laid
from bpkit.mistakes.programs.flow import downstream, upstream
from bpkit.mistakes.programs.following import Book, Followed, departure, followed, is_small
from bpkit.mistakes.programs.hypotheses import Hypothesis, of_arrays
from bpkit.mistakes.programs.listing import Value, following, values_of
from bpkit.mistakes.programs.misshapen import misshapen
from bpkit.mistakes.programs.outcome import GRADIENTS, PARAMETERS, Part
from bpkit.mistakes.programs.places import Place
from bpkit.mistakes.programs.source import inner_loop
from bpkit.mistakes.programs.spellings import plain
from bpkit.mistakes.programs.suspects import led_to, of_a_layer
from bpkit.mistakes.programs.telling import Bug, code_at, elsewhere, line_of, message_of, wrong_shape
from bpkit.mistakes.programs.ways_to_call import Attempt, shapes_of

SIGN = Hypothesis(error_sign.name, "swap its sign", "the arrays that you use have the right one")


@dataclass(frozen=True, eq=False)
class Doubt:
    """A wrong line of an unfinished program: the value, what belongs there, and the mistake if it is known."""

    value: Followed
    place: Place
    found: Hypothesis | None
    misshapen: str = ""  # what is said where its shape is none that belongs there

    def bug(self, attempt: Attempt) -> Bug | None:
        """The mistake with its line."""
        one, (line, code) = self.found, code_at(self.value.code, self.value.seen.line)
        of = elsewhere(self.value.code, attempt.run)
        return Bug(one.name, one.you, one.sentence, line, code, "", one.detail, self.place, of) if one else None

    def message(self, attempt: Attempt) -> str:
        """What the line makes, what it should make, and what you do there."""
        if self.misshapen:
            return self.misshapen
        d, true = attempt.problem.derivation, self.value.true
        another = true is not None and true.name != self.place.name
        if self.found and (bug := self.bug(attempt)):
            is_it = another and true is not None and true.factor == 1
            shown = true.place if is_it and true else self.place
            front = times(true.factor, attempt) if true and not another else ""
            return message_of(bug, self.found, {}, shown, d, is_it or front != "", front)
        line, code = code_at(self.value.code, self.value.seen.line)
        return f"{line_of(line, code, elsewhere(self.value.code, attempt.run))}: {self._made(another, attempt)}"

    def _made(self, another: bool, attempt: Attempt) -> str:
        d, true, own = attempt.problem.derivation, self.value.true, self.place
        wanted = f"{own.shown}{own.of_layer(d)}"
        if true is not None and (another or true.factor != 1):
            is_it = f"this is {times(true.factor, attempt)}{true.place.shown}{true.place.of_layer(d)}"
            return f"{is_it}, and it should be {wanted}." if another else f"{is_it}."
        if own.key and (true is not None or not laid(self.value.seen.value, shapes_of(attempt.problem)[own.key])):
            lies = f"this is {wanted} transposed. " if true is not None else ""
            return lies + wrong_shape(attempt, Part(GRADIENTS, own.key), self.value.seen.value)
        return f"this should be {wanted}, and I do not recognise what you made instead."


def times(factor: float, attempt: Attempt) -> str:
    """A factor in front of an array, in words."""
    n = attempt.problem.n_samples
    for number, words in ((1.0, ""), (2.0, "twice "), (0.5, "half of "), (float(n), "n times "), (1 / n, "")):
        if abs(factor) == number:
            return f"{words}{'the negative of ' if factor < 0 else ''}"
    return f"{factor:.4g} times "


@dataclass(frozen=True, eq=False)
class Judged:
    """The values of a program that gave nothing yet, each with what it makes, and the wrong lines among them."""

    followed: Sequence[Followed]
    made: tuple[Value, ...]
    doubts: tuple[Doubt, ...]


def judged(attempt: Attempt, said: str | None, batch: str | None) -> Judged:
    """Every value of a program, judged by itself; ``said`` is what the program is to return, ``batch`` which kind."""
    whole = expected(attempt.problem)
    values = followed(attempt, whole) if attempt.run.seen else []
    judge = _Judge(attempt, whole, values, said != PARAMETERS, batch is not None)
    doubts = [] if attempt.problem.one_by_one else judge.doubts()
    wrong = {one.value.seen.order: one for one in doubts}
    made = []
    for one, value in zip(values, following(values, values_of(values), [one.value for one in doubts], judge.exact)):
        if doubt := wrong.get(one.seen.order):
            value = replace(value, quantity=doubt.place.name, right=False, shown=doubt.place.shown, follows="")
        elif one.true is not None and not value.follows and one.true.factor != 1 and not judge.exact(one):
            shown = f"{times(one.true.factor, attempt)}{one.true.place.shown}"
            value = replace(value, quantity="", right=None, shown=shown)
        made.append(value)
    return Judged(values, tuple(made), tuple(doubts))


class _Judge:
    """Says of each value whether it is what its name says."""

    def __init__(
        self, attempt: Attempt, whole: Expected, values: Sequence[Followed], slopes: bool, batch: bool
    ) -> None:
        self.attempt, self.whole, self.values = attempt, whole, values
        self.slopes, self.batch = slopes, batch
        self.book = Book(whole, attempt)
        n, rate = whole.samples, attempt.problem.learning_rate
        # What the samples share may come early; of an update the rate too.
        self.factors = {1.0, 1 / n, float(n)} | (set() if slopes else {rate, rate / n})
        self.numbered: dict[tuple[str, str], str] = {}  # delta2 and delta1 are no two names for one array
        for one in values:
            if _numbered(one)[0]:
                self.numbered.setdefault(_numbered(one), one.seen.name)
        self.leading = self._leading()
        self.misshapen = misshapen(values, attempt, whole)

    def doubts(self) -> list[Doubt]:
        """The wrong lines that do not depend on each other, in order."""
        last = {(one.code, one.seen.name): place for place, one in enumerate(self.values) if self.exact(one)}
        found: list[Doubt] = []
        for place, one in enumerate(self.values):
            odd = self.misshapen is not None and one is self.misshapen.value
            known = one in self.leading or last.get((one.code, one.seen.name), -1) >= place
            if not odd and (known or not self._may_be_judged(one)):
                continue
            if (one.code, one.line) in _after(found, self.values):
                continue
            if doubt := self._doubt(one, upstream(one.code, one.line)):
                found.append(doubt)
        return sorted(found, key=lambda doubt: doubt.value.seen.order)

    def _leading(self) -> set[Followed]:
        """The values that later lines turn into right ones, sooner or later."""
        found, before = set[Followed](), -1
        while before != len(found):
            before = len(found)
            found |= {self.values[place] for place in led_to(self.values, partial(self._leads, found))}
        return found

    def _leads(self, known: Collection[Followed], one: Followed) -> bool:
        own = (other.seen.value for other in self.values if other.code is one.code and not other.seen.returned)
        passed_on = one.seen.returned and any(np.array_equal(one.seen.value, value) for value in own)
        return not passed_on and (one in known or self.exact(one))

    def _may_be_judged(self, one: Followed) -> bool:
        """Is it whole? What a loop makes may be only a part of it."""
        floats = one.seen.value.dtype.kind == "f" and np.any(one.seen.value)
        looped = len(inner_loop(one.code, one.seen.line)) > 1
        return bool(floats) and not one.seen.returned and not looped and not is_small(one.code)

    def claimed(self, name: str) -> list[Place]:
        """The arrays that a value is by its name: dW1 a derivative, delta2 a delta, out1 an output."""
        places = [*self.whole.places.values()]
        key, kind = self.book.label(name)
        if name.endswith("]") and not name.endswith('"]'):
            return []  # one of a list, which may be of any layer
        if kind == GRADIENTS:
            of = [one for one in places if one.role is Role.GRADIENT and (one.key == key or not key)]
            own = [one for one in of if key or plain(one.key)[:1] == plain(name)[-1:]]
            return own if key or len(own) == 1 else []
        if kind == PARAMETERS or (key and not self.slopes):
            return [one for one in places if one.role is Role.UPDATE and one.key == key]
        if key or not self.attempt.problem.network.layers:
            return []
        return of_a_layer(name, self.whole)

    def exact(self, one: Followed) -> bool:
        """Is a value of the derivation, and what its name says?"""
        if one.true is None or one.true.factor not in self.factors or self._turned(one):
            return False
        whole = one.true.place.role in (Role.GRADIENT, Role.UPDATE) and self.slopes and self.batch
        if whole and one.true.factor != 1:
            return False
        claims = self.claimed(one.seen.name)
        if not claims or one.true.name in {place.name for place in claims}:
            return not self._is_another(one)
        return one.true.place.role is Role.GIVEN and one.true.place.quantity.letter == claims[0].key  # not yet new

    def _is_another(self, one: Followed) -> bool:
        """Has an earlier name with another number the same array, as where delta1 is delta2?"""
        derived = self.book.label(one.seen.name)[1] == GRADIENTS  # which its name tells apart
        return not derived and self.numbered.get(_numbered(one), one.seen.name) != one.seen.name

    def _turned(self, one: Followed) -> bool:
        """Is it a derivative that is its parameter's transpose in shape?"""
        if one.true is None or one.true.place.role is not Role.GRADIENT or one.seen.value.ndim != 2:
            return False
        key, came = one.true.place.key, one.seen.value.shape
        own = self.attempt.how.parameters(self.attempt.problem)[key].shape
        return bool(came != own and came == own[::-1])

    def _doubt(self, one: Followed, origins: Collection[int]) -> Doubt | None:
        """A wrong value, or what it was computed from in a line among its ``origins``."""
        if self.misshapen and one is self.misshapen.value:
            return Doubt(one, self.misshapen.place, None, self.misshapen.message(self.values, self.attempt))
        claims, true = self.claimed(one.seen.name), one.true
        if not claims or self.exact(one):
            return None
        own = true is not None and true.name in {place.name for place in claims} and not self._is_another(one)
        if own and not self.slopes:
            return None  # an update may add what is the negative of a derivative
        if found := makers(one, self.values, self.whole.problem, claims, self.attempt.tolerance):
            before = [] if self._all_exact(one.code, origins, 1.0) else found
            for hypothesis, place in before:  # what an early line does is no fault of this one
                first = departure(self.values, self.attempt, self.whole, hypothesis)
                if first is None or first.code is not one.code or first in self.leading:
                    continue
                if first.line in origins and not self._is(first, 1.0):
                    return Doubt(first, self._instead(first, hypothesis) or place, hypothesis)
            return Doubt(one, found[0].place, found[0].hypothesis)
        place = self._meant(one, claims)
        if true and own and true.factor != 1:
            return Doubt(one, place, SIGN if true.factor == -1 else None)
        slope = place.role is Role.GRADIENT
        if slope and (rule := self._of_arrays(one, place)):
            return Doubt(one, place, rule)
        known = true is not None and not own
        return Doubt(one, place, None) if known or (slope and self._all_exact(one.code, origins)) else None

    def _instead(self, one: Followed, hypothesis: Hypothesis) -> Place | None:
        """The array that a value would be without its mistake."""
        found = Book(Expected(self.whole.problem, ((), hypothesis.way)), self.attempt, 1)
        match = found.find(one.seen.value, one.seen.name)
        return match.place if match else None

    def _all_exact(self, code: CodeType, lines: Collection[int], factor: float | None = None) -> bool:
        """Do some lines make what they should?"""
        return all(self._is(one, factor) for one in self.values if one.code is code and one.line in lines)

    def _is(self, one: Followed, factor: float | None) -> bool:
        """Is a value what it should be, with one factor or any?"""
        return self.exact(one) and (factor is None or (one.true is not None and one.true.factor == factor))

    def _meant(self, one: Followed, claims: Sequence[Place]) -> Place:
        """The array that a value should be: the one that differs by a factor, else the next array not made yet."""
        made = {other.true.name for other in self.values if other.true and self.exact(other)}
        own = [place for place in claims if one.true and place.name == one.true.name and not self._is_another(one)]
        back = sorted(claims, key=lambda place: place.block * (-1 if place.role is Role.ADJOINT else 1))
        return (own or [place for place in back if place.name not in made] or back)[0]

    def _of_arrays(self, one: Followed, place: Place) -> Hypothesis | None:
        """The mistake of arrays that makes a derivative."""
        for rule, array in alternatives(self.whole, place.key):
            lies = laid(one.seen.value.astype(float), array.shape)
            if any(agree(each, array[..., None], self.attempt.tolerance)[0] for each in lies):
                return of_arrays([rule], [Part(GRADIENTS, place.key)])
        return None


def _numbered(one: Followed) -> tuple[str, str]:
    """The letters of a name that ends with a number, and the array that it has; "" for other names."""
    stem = one.seen.name.rstrip("0123456789")
    return ("" if stem == one.seen.name else stem), (one.true.name if one.true else "")


def _after(doubts: Sequence[Doubt], values: Sequence[Followed]) -> Collection[tuple[CodeType, int]]:
    """The lines that depend on a wrong one."""
    return downstream([(one.value.code, one.value.line) for one in doubts], {one.code for one in values})
