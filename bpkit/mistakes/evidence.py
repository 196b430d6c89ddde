"""One number under investigation: what was asked, what is known, how far off it is and how much its digits say."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from dataclasses import replace
from functools import cached_property, lru_cache
from types import MappingProxyType
from typing import Any

import numpy as np

from bpkit.core.derivation import Derivation
from bpkit.core.expressions import names_in
from bpkit.core.numeric import evaluate, evaluate_given
from bpkit.core.quantities import Role
from bpkit.core.runtime import Array
from bpkit.core.spelling import typeset
from bpkit.mistakes.hand_rounding import SHOWN, Paper, by_hand, half_unit, slack
from bpkit.mistakes.misconceptions import PROCEDURES
from bpkit.mistakes.misconceptions.rule import Procedure
from bpkit.mistakes.question import Question
from bpkit.mistakes.rewrite import FAR_FETCHED
from bpkit.mistakes.typed_number import MOST_DIGITS, Figure, taken
from bpkit.mistakes.variants import mistakes, replaced, values
from bpkit.mistakes.verdict import NUMERIC, Diagnosis, Explanation, explain, explain_elsewhere

Flags = np.ndarray[Any, np.dtype[np.bool_]]
Test = Callable[[Array], Flags]

FEWEST_OLD = 2  # digits in which an old number is known again
FEWEST_TELLING = 3  # digits that a learner is asked for, at least
SURE_DIGITS = 5  # from here on a misconception that matches every digit goes before rounding on paper
HAIR = 1 + 1e-9  # a typed 0.08515 is half a unit from 0.0851 in decimals, and a hair more in floats

FIXED = 0.02  # of a number, at most so much may its digits leave open
CHANGE_FIXED = 0.1  # and of the change that an update makes
PAGE = 1e-5  # of a number: two of six digits, each off by half a unit at most, which is most where they begin with a 1
FROM_RIGHT = "from the right earlier numbers"  # and not from those that were handed in
CLOSE = 30  # units of the last digit: so near the truth, rounding explains a number better than a mistake does


class Case:
    """A figure, what was asked, and what was given; every number that a single mistake leads to.

    ``digits`` is how many significant digits the question asks for, None where it leaves that open. ``asked_before``
    names quantities of the same question, ``known`` those whose right numbers were given.
    """

    def __init__(
        self,
        asked: Question,
        figure: Figure,
        given: Mapping[str, Figure],
        digits: int | None = None,
        asked_before: Collection[str] = (),
        known: Collection[str] = (),
    ) -> None:
        self.asked, self.figure, self.digits = asked, figure, digits
        self.known = frozenset(known) - {asked.quantity}
        self.asked_before = self.known.union(asked_before) - {asked.quantity}
        self.exact = float(asked.exact[asked.quantity])
        used = {step.name for step in (asked.derivation if asked.updates else asked.derivation.toward(asked.quantity))}
        given = {**{source: given[copy] for copy, source in copies(asked.derivation).items() if copy in given}, **given}
        self.typed = {name: value for name, value in given.items() if name in used and name != asked.quantity}
        self.given = {name: figure.value for name, figure in self.typed.items()}

    def verdict(self, verdict: str, message: str, **found: Any) -> Diagnosis:
        names = self.asked.derivation.quantities
        return Diagnosis(str(self.asked), self.figure, verdict, message, self.exact, **found, names=names)

    def spelled(self, text: str) -> str:
        """Names of quantities and minus signs as people read them: ∂E/∂w₅ for dE_total/dw5."""
        return typeset(text, self.asked.derivation.quantities)

    @property
    def text(self) -> str:
        """The number as it was typed; what was typed as a formula or with a name before it as its value."""
        typed = self.figure.text
        return self.spelled(typed if NUMERIC.issuperset(typed) and not taken(typed) else f"{self.figure.value:.6g}")

    # The numbers that it is compared with

    @cached_property
    def numbers(self) -> Array:
        """The quantity as it is, then as each mistake has it."""
        return values(self.asked, "singles")

    @cached_property
    def handed(self) -> Array:
        """The same, from the given values on."""
        return values(self.asked, "singles", self.given)

    @cached_property
    def elsewhere(self) -> tuple[tuple[Procedure, str, str, float], ...]:
        """What comes out on another problem, for each mistake in the way to the number: detail, line and number."""
        return _elsewhere(self.asked)

    def hits(self, numbers: Array, fits: Test) -> list[int]:
        """The places of the numbers that fit, and are finite, yet not right."""
        with np.errstate(all="ignore"):
            other = np.isfinite(numbers) & (np.abs(numbers - self.exact) > 1e-12 * abs(self.exact))
            return [int(place) for place in np.flatnonzero(other & fits(numbers))]

    @cached_property
    def from_given(self) -> float:
        """The right number, from the given values on."""
        return self._gone_on(self.given)

    def _gone_on(self, given: Mapping[str, float]) -> float:
        if self.asked.problem.is_batch or self.asked.updates:
            return float(values(self.asked, "true", given)[0])
        with suppress(ArithmeticError, ValueError):  # ln 0, as from an output of 0 or 1
            return float(evaluate_given(self.asked.problem, given)[self.asked.quantity])
        return math.nan

    def follows(self, rounded: bool) -> bool:
        """Is the number right, from the given values on? ``rounded`` allows for the digits that those do not show."""
        value, figure = self.from_given, self.figure
        if not math.isfinite(value):
            return False
        return figure.holds(value) or abs(figure.value - value) <= (self._left_open(value) if rounded else 0.0)

    @property
    def loose(self) -> float:
        """How far rounding can lead from the given values on: on the way, and of those values themselves."""
        return self._left_open(self.from_given) + float(self.reach(np.array(self.from_given)))

    def _left_open(self, value: float) -> float:
        """How far the number moves when each given value is half a unit of its last digit larger."""
        halves = {
            name: max(0.5 * one.unit, half_unit(one.value, self.digits) if self.digits else 0.0)
            for name, one in self.typed.items()
        }
        moved = (self._gone_on({**self.given, name: self.given[name] + half}) for name, half in halves.items())
        return min(sum(abs(other - value) for other in moved), FIXED * abs(value))

    def chance(self, found: list[Explanation]) -> float:
        """The share of random numbers near the one typed that would meet a mistake as likely as those found."""
        if not found:
            return 0.0
        rank = max(part.rank for one in found for part in one.parts) if all(one.parts for one in found) else FAR_FETCHED
        likely = np.array([not way or way[0].rank <= rank for way in mistakes(self.asked)])
        elsewhere = [value for procedure, *_, value in self.elsewhere if procedure.rank <= rank]
        handed = self.handed[likely] if self.given else []
        return crowding(self.figure, np.concatenate([self.numbers[likely], handed, elsewhere]))

    @property
    def before(self) -> str:
        """What the quantity is called before an update: ``w5`` for ``w5_new``."""
        quantity = self.asked.derivation[self.asked.quantity].quantity
        return quantity.of.name if quantity.mark and quantity.of else quantity.name

    @cached_property
    def old(self) -> float | None:
        """What the quantity was before any update; None for one that no update changes."""
        problem = self.asked.problem
        if self.before in problem.parameters:
            return problem.parameters[self.before]
        return float(evaluate(problem)[self.asked.quantity]) if self.asked.updates else None

    @property
    def change(self) -> float:
        """How far the updates move the quantity; 0 where they leave it alone."""
        return 0.0 if self.old is None else abs(self.exact - self.old)

    def used_given(self) -> list[str]:
        """The given values that matter: each way back from the quantity ends at the first one."""
        lines, found, waiting, seen = self.asked.derivation, set(), [self.asked.quantity], set()
        waiting += replaced(lines) if self.asked.updates else ()
        while waiting:
            for symbol in names_in(lines[waiting.pop()].rhs):
                if symbol in self.given:
                    found.add(symbol)
                elif symbol in lines and symbol not in seen:
                    seen.add(symbol)
                    waiting.append(symbol)
        return sorted(found, key=lambda name: lines[name].number)

    def wrong_given(self) -> list[str]:
        """Those of them that are not right; one that was cut off in a late digit is."""
        exact = self.asked.exact
        return [name for name in self.used_given() if not self._holds(self.typed[name], float(exact[name]))]

    def _holds(self, one: Figure, exact: float) -> bool:
        return one.rounds(exact) or (one.cuts(exact) and one.unit <= FIXED * abs(exact))

    @cached_property
    def _given_lines(self) -> frozenset[str]:
        return frozenset(step.name for name in self.known for step in self.asked.derivation.toward(name))

    def is_given(self, one: Explanation) -> bool:
        """Does a mistake happen on the way to a number that was given?"""
        return one.step.name in self._given_lines

    @property
    def is_derivative(self) -> bool:
        return self.asked.derivation[self.asked.quantity].role in (Role.SLOPE, Role.ADJOINT, Role.GRADIENT)

    # How far off it is, and how much it says

    @property
    def off(self) -> float:
        """How far the figure is from the truth, its own rounding aside."""
        return max(0.0, abs(self.figure.value - self.exact) - 0.5 * self.figure.unit)

    def is_it(self, value: float) -> bool:
        """Is the number typed this one, to the last digit?"""
        return abs(self.figure.value - value) <= 1e-11 * abs(value)

    def is_whole(self, value: float) -> bool:
        """Is the number typed this one, to all the digits that a page shows?"""
        return abs(self.figure.value - value) <= half_unit(value, SHOWN.places)

    @property
    def close(self) -> bool:
        """Is it so close to the truth that some mistake or other gives many a number there?"""
        return abs(self.figure.value - self.exact) < CLOSE * self.figure.unit

    @property
    def scale(self) -> float:
        """What the question computes: for a new value its change, after updates what they changed, else the number."""
        if self.before != self.asked.quantity and not self.asked.updates:
            return self.change
        return abs(self.exact) if self.old is None else min(abs(self.exact), self.change)

    def fixes(self, left_open: float, exact: float | None = None) -> bool:
        """Do the digits typed fix the right number, or the one that follows, when they leave so much open?"""
        if self.digits:
            return self.figure.digits >= self.digits
        size, change = abs(self.exact), self.change
        if exact is not None:
            size, change = abs(exact), abs(exact - self.old) if self.old is not None else 0.0
        return left_open <= FIXED * size and (not change or left_open <= CHANGE_FIXED * change)

    def needed(self, exact: float) -> int:
        """So many digits of the right number, or of the one that follows, are enough to tell."""
        enough = (count for count in range(FEWEST_TELLING, MOST_DIGITS) if self.fixes(half_unit(exact, count), exact))
        return self.digits or next(enough, MOST_DIGITS)

    @property
    def telling(self) -> int:
        """The digits that say something: those asked, and of a value after an update those of its change."""
        if self.digits or self.old is None:
            return self.digits or self.figure.digits
        change = abs(self.figure.value - self.old)
        return min(self.figure.digits, 1 + max(0, int(np.log10(max(change / self.figure.unit, 1)))))

    @property
    def enough(self) -> int:
        """So many digits make a name sure."""
        return min(SURE_DIGITS, self.digits or SURE_DIGITS)

    @cached_property
    def rounding(self) -> float:
        """How far off rounding every line to the digits asked can lead; where none are asked, to those of a page."""
        if not self.digits:
            return slack(self.asked, SHOWN)
        # What was rounded before is not rounded again.
        copied = not self.asked.updates and self.asked.derivation[self.asked.quantity].rhs.is_Atom
        own = 0.0 if copied else half_unit(self.exact, self.digits)
        return slack(self.asked, Paper(by_hand(self.asked.problem, self.digits), significant=True)) + own

    def reach(self, value: Array) -> Array:
        """How far from a mistake's number rounding on the way can lead: in proportion to the right one.

        As the mistake's numbers begin with other digits, it is at least what six digits leave of a number.
        """
        from_ = self.old if self.old is not None and not self.asked.updates else 0.0
        size, own = abs(self.exact - from_), np.abs(value - from_)
        return max(self.rounding / size, 0.0 if self.digits else PAGE) * own if size else 0.0 * own


@lru_cache(maxsize=64)
def _elsewhere(asked: Question) -> tuple[tuple[Procedure, str, str, float], ...]:
    return tuple(
        (procedure, detail, line, float(values(other, "true")[0]))
        for procedure in PROCEDURES
        for detail, other, line in procedure.elsewhere(asked)
    )


@lru_cache(maxsize=64)
def copies(derivation: Derivation) -> Mapping[str, str]:
    """Lines that only repeat another derivative: dE_total/dnet_o1 = dE_o1/dnet_o1.

    >>> import bpkit as bp
    >>> dict(copies(bp.derive(bp.Network(1, 1))))
    {'dE_total/dout_o1': 'dE_o1/dout_o1', 'dE_total/dnet_o1': 'dE_o1/dnet_o1'}
    """
    lines = ((step, derivation.by_name.get(str(step.rhs))) for step in derivation if step.rhs.is_Symbol)
    return MappingProxyType({s.name: of.name for s, of in lines if of and s.role is Role.ADJOINT})


# Which known mistakes give the number

OWN_FACTOR = "takes the parameter for its own factor"


def fitting(case: Case) -> list[Explanation]:
    """The single mistakes that give the digits typed, or asked; one shape of each, the likeliest first.

    What gives 0 is most likely a parameter that is 0, taken for its own factor.

    >>> import bpkit as bp
    >>> case = Case(Question(bp.examples.article.problem, "net_h1"), Figure("0.055", 0.055, unit=0.001, digits=2), {})
    >>> {one.name for one in fitting(case)}
    {'leaves the bias out'}
    """
    found = _found(case, _tests(case))
    found = [one for one in found if case.is_it(one.value)] or found  # what is met to the last digit is no guess
    return sorted(found, key=lambda one: one.name != OWN_FACTOR) if vanishes(case, case.figure.value) else found


def nearly(case: Case) -> list[Explanation]:
    """The single mistakes that give the number up to rounding on the way, to the digits asked or shown.

    None where the truth comes as near.
    """
    figure, enough = case.figure, case.digits or SHOWN.places
    if figure.digits < enough or abs(figure.value - case.exact) <= case.rounding:
        return []
    return _found(case, [lambda numbers: np.abs(figure.value - numbers) <= case.reach(numbers)])


def vanishes(case: Case, value: float) -> bool:
    """Is it nothing, beside the right number: 0, or what floats leave of it?

    >>> import bpkit as bp
    >>> case = Case(Question(bp.examples.article.problem, "net_h1"), Figure("0", 0.0, unit=1.0, digits=1), {})
    >>> vanishes(case, 0.0), vanishes(case, 0.01)
    (True, False)
    """
    return abs(value) <= 1e-12 * abs(case.exact)


def crowding(figure: Figure, numbers: Array) -> float:
    """The share of random numbers near a figure that would be met by some of the numbers, to the digits typed.

    >>> crowding(Figure("0.500", 0.5, unit=0.001, digits=3), np.linspace(0, 1, 501))  # every other number
    0.5
    """
    value = figure.value / figure.unit
    with np.errstate(over="ignore"):
        places = numbers / figure.unit
    around = np.sort(np.round(places[np.abs(places - value) <= _RADII[-1] + 1]))
    each = around[np.diff(around, prepend=-np.inf) > 0]  # ``np.unique`` would first load NumPy's masked arrays
    near = np.searchsorted(np.sort(np.abs(each - value)), _RADII, side="right") - 1
    return float(max(np.where(near > 2, near / (2 * np.array(_RADII)), 0.0)))


_RADII = (30, 100, 300, 1000, 3000, 10_000, 100_000)  # units of the last digit


def _tests(case: Case) -> list[Test]:
    """What a mistake's number has to be for the one typed to be it."""
    figure, value, asked = case.figure, case.figure.value, case.digits or 0
    exactly: Test = lambda numbers: np.abs(value - numbers) <= 1e-11 * np.abs(numbers)
    if vanishes(case, value):
        return [lambda numbers: np.abs(numbers) <= 1e-12 * abs(case.exact)]
    if asked:  # fewer digits are enough where the last ones are zeros
        unit = 10.0**-asked
        enough = lambda number: abs(value - number) <= half_unit(number, asked) * HAIR
        return [exactly, _each(enough, lambda numbers: np.abs(value - numbers) <= unit + 10 * unit * np.abs(numbers))]
    near: Test = lambda numbers: np.abs(value - numbers) <= 2 * figure.unit + 1e-10 * abs(value)
    return [exactly, _each(figure.rounds, near), _each(figure.cuts, near)]


def _each(test: Callable[[float], bool], near: Test) -> Test:
    """The test of many numbers, of which those that are not ``near`` surely do not pass."""

    def fits(numbers: Array) -> Flags:
        found = near(numbers) & np.isfinite(numbers)
        found[found] = [test(number) for number in numbers[found].tolist()]
        return found

    return fits


def _found(case: Case, tests: list[Test]) -> list[Explanation]:
    ways, tried = mistakes(case.asked), [*([case.handed] if case.given else []), case.numbers]
    elsewhere = np.array([value for *_, value in case.elsewhere])
    found: dict[str, tuple[int, Explanation]] = {}
    for fits in tests:
        for numbers in tried:
            for place in case.hits(numbers, fits):
                way = ways[place]
                if place and way[0].name not in found:
                    one = explain(case, way, float(numbers[place]), case.given if numbers is tried[0] else ())
                    if numbers is not tried[0] and numbers[place] != case.handed[place]:
                        one = replace(one, detail=", ".join(filter(None, [one.detail, FROM_RIGHT])))
                    if not case.is_given(one):
                        found[way[0].name] = way[0].rank, one
        for place in case.hits(elsewhere, fits):
            procedure, detail, line, value = case.elsewhere[place]
            one = explain_elsewhere(case, procedure, detail, line, value)
            if procedure.name not in found and not case.is_given(one):
                found[procedure.name] = procedure.rank, one
    return [one for _, one in sorted(found.values(), key=lambda ranked: ranked[0])]


def of_old_numbers(found: Diagnosis, old: Mapping[str, float]) -> Diagnosis:
    """The verdict on a number that is one of those before a change, whatever else leads there."""
    figure = found.figure

    def is_it(number: float) -> bool:
        from_page = figure.digits > FEWEST_TELLING and abs(figure.value - number) <= PAGE * abs(number)
        return figure.digits >= FEWEST_OLD and (from_page or figure.rounds(number))

    quantity = next((name for name, number in old.items() if is_it(number)), None)
    if found.verdict not in ("misconception", "unknown") or quantity is None:
        return found
    message = f"Not right: {found.typed} is {quantity} before the change. Work it out with the new numbers."
    return replace(found, message=typeset(message, found.names), misconceptions=(), hints=(), sure=False)


def of_its_row(case: Case, found: Diagnosis) -> Diagnosis:
    """The verdict on a number that is another share of the same row: the likeliest slip, whatever else leads there."""
    quantities, quantity = case.asked.derivation.quantities, case.asked.quantity
    own = quantities[quantity]
    if own.tag != "share" or own.role is not Role.FORWARD or found.verdict not in ("misconception", "unknown"):
        return found
    same = (one for one in quantities.values() if (one.tag, one.role, one.block) == (own.tag, own.role, own.block))
    row = [one.name for one in same if one.index[0] == own.index[0] and one.name != quantity]
    other = next((name for name in row if case.figure.rounds(float(case.asked.exact[name]))), "")
    if not other or not case.figure.telling:
        return found
    alone = tuple(one for one in found.misconceptions if len(one.parts) < 2)  # a pair is too far from the likeliest
    also = f" You also get it if you {alone[0].you}." if alone else ""
    message = f"Not right: {case.text} is {other}, and the question asks for {quantity}.{also}"
    return replace(found, message=case.spelled(message), misconceptions=alone, hints=(), sure=False)
