"""One number under investigation: what is known about it, and the single mistakes that fit."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any

import numpy as np

from bpkit.core.alternatives import Array, Way, outcomes, plan, rewriter_of
from bpkit.core.detective import Question, mistakes, values
from bpkit.core.explanation import Diagnosis, Explanation
from bpkit.core.expressions import names_in
from bpkit.core.figures import Figure
from bpkit.core.numeric import evaluate, evaluate_given
from bpkit.core.paper import Paper, half_unit, slack

SURE_DIGITS = 5  # from here on a misconception that matches every digit goes before rounding on paper
SHOWN = Paper(6, significant=True)  # as every page shows its numbers
HAIR = 1 + 1e-9  # a typed 0.08515 is half a unit from 0.0851 in decimals, and a hair more in floats

FIXED = 0.02  # of a number, at most so much may its digits leave open
CHANGE_FIXED = 0.1  # and of the change that an update makes
CROWDED = 0.15  # of the numbers as far from the truth as the one typed, so many at most may be some mistake's


def distinct(numbers: Array) -> Array:
    """The different whole numbers near some numbers (``np.unique`` would first load NumPy's masked arrays)."""
    return np.array(sorted(set(np.round(numbers).tolist())))


class Case:
    """A figure, what was asked, and what was given; every number that a single mistake leads to.

    ``digits`` is how many significant digits the question asks for, None where it leaves that open.
    """

    def __init__(self, asked: Question, figure: Figure, given: Mapping[str, Figure], digits: int | None = None) -> None:
        self.asked, self.figure, self.digits = asked, figure, digits
        self.exact = float(asked.exact[asked.quantity])
        used = {step.name for step in (asked.derivation if asked.updates else asked.derivation.toward(asked.quantity))}
        self.typed = {name: value for name, value in given.items() if name in used and name != asked.quantity}
        self.given = {name: figure.value for name, figure in self.typed.items()}

    def verdict(self, verdict: str, message: str, **found: Any) -> Diagnosis:
        return Diagnosis(str(self.asked), self.figure, verdict, message, self.exact, **found)

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
    def from_given(self) -> float:
        """The right number, from the given values on."""
        if self.asked.problem.is_batch or self.asked.updates:
            return float(values(self.asked, "true", self.given)[0])
        return float(evaluate_given(self.asked.problem, self.given)[self.asked.quantity])

    @cached_property
    def old(self) -> float | None:
        """What the quantity was before any update; None for one that no update changes."""
        step = self.asked.derivation[self.asked.quantity]
        if step.kind == "update":
            return float(self.asked.problem.parameters[step.about[0]])
        return float(evaluate(self.asked.problem)[self.asked.quantity]) if self.asked.updates else None

    @property
    def change(self) -> float:
        """How far the updates move the quantity; 0 where they leave it alone."""
        return 0.0 if self.old is None else abs(self.exact - self.old)

    def wrong_given(self) -> list[str]:
        """The given values that matter: each way back from the quantity ends at the first one."""
        lines, found, waiting, seen = self.asked.derivation, set(), [self.asked.quantity], set()
        waiting += [f"{name}_new" for name in self.asked.problem.network.parameters if self.asked.updates]
        while waiting:
            for symbol in names_in(lines[waiting.pop()].rhs):
                if symbol in self.given:
                    found.add(symbol)
                elif symbol in lines and symbol not in seen:
                    seen.add(symbol)
                    waiting.append(symbol)
        exact = self.asked.exact
        off = [name for name in found if not self.typed[name].rounds(float(exact[name]))]
        return sorted(off, key=lambda name: lines[name].number)

    # How far off it is, and how much it says

    @property
    def off(self) -> float:
        """How far the figure is from the truth, its own rounding aside."""
        return max(0.0, abs(self.figure.value - self.exact) - 0.5 * self.figure.unit)

    @property
    def scale(self) -> float:
        """What the question computes: for a new value its change, after updates what they changed, else the number."""
        if self.asked.derivation[self.asked.quantity].kind == "update" and not self.asked.updates:
            return self.change
        return abs(self.exact) if self.old is None else min(abs(self.exact), self.change)

    def fixes(self, left_open: float) -> bool:
        """Do the digits typed fix the right number, when they leave so much open?"""
        if self.digits:
            return self.figure.digits >= self.digits
        return left_open <= FIXED * abs(self.exact) and (not self.change or left_open <= CHANGE_FIXED * self.change)

    @property
    def telling(self) -> int:
        """The digits that say something: of a value after an update those of its change."""
        if self.old is None:
            return self.figure.digits
        change = abs(self.figure.value - self.old)
        return min(self.figure.digits, 1 + max(0, int(np.log10(max(change / self.figure.unit, 1)))))

    @property
    def enough(self) -> int:
        """So many digits make a name sure."""
        return min(SURE_DIGITS, self.digits or SURE_DIGITS)

    def bound(self, decimals: int) -> float:
        """How far off writing every number on the way to so many decimals can lead."""
        return slack(self.asked, Paper(decimals, how="cut off"))

    @cached_property
    def rounding(self) -> float:
        """How far off rounding every line to the digits asked can lead; where none are asked, to those of a page."""
        if not self.digits:
            return slack(self.asked, SHOWN)
        return slack(self.asked, Paper(self.digits, significant=True)) + half_unit(self.exact, self.digits)

    def reach(self, value: float) -> float:
        """How far from a mistake's number rounding on the way can lead: in proportion to the right one."""
        from_ = self.old if self.old is not None and not self.asked.updates else 0.0
        size = abs(self.exact - from_)
        return self.rounding * abs(value - from_) / size if size else 0.0

    # The mistakes that fit

    def fitting(self) -> list[Explanation]:
        """The single mistakes whose number was typed, one shape of each, the simplest first.

        Only where none gives the digits typed, those count that do but for rounding on the way.
        """
        strict, loose = self._fits()
        found = self._found(strict)
        if not found and loose and abs(self.figure.value - self.exact) > self.rounding:  # else the truth is as near
            found = self._found(loose)
        return found

    def _found(self, tests: list[Callable[[float], bool]]) -> list[Explanation]:
        ways, tried = mistakes(self.asked), [self.numbers, *([self.handed] if self.given else [])]
        found: dict[str, Explanation] = {}
        for fits in tests:
            for numbers in tried:
                for way, number in zip(ways[1:], numbers[1:].tolist()):
                    other = abs(number - numbers[0]) > 1e-12 * abs(numbers[0])  # not right all the same
                    if way[0].name not in found and np.isfinite(number) and other and fits(number):
                        found[way[0].name] = self.explain(way, number)
        return list(found.values())

    def _fits(self) -> tuple[list[Callable[[float], bool]], list[Callable[[float], bool]]]:
        """What a mistake's number has to be for the one typed to be it: strictly, and but for rounding on the way."""
        figure, value, asked = self.figure, self.figure.value, self.digits or 0
        if self.vanishes(value):
            return [self.vanishes], []
        same: Callable[[float], bool] = lambda number: abs(value - number) <= 1e-11 * abs(number)
        near: Callable[[float], bool] = lambda number: abs(value - number) <= self.reach(number)
        if asked:  # fewer digits are enough where the last ones are zeros
            to_asked: Callable[[float], bool] = lambda number: abs(value - number) <= half_unit(number, asked) * HAIR
            return [same, to_asked], [near] if figure.digits >= asked else []
        return [same, figure.rounds, figure.cuts], [near] if figure.digits > SHOWN.places else []

    def vanishes(self, value: float) -> bool:
        """Is it nothing, beside the right number: 0, or what floats leave of it?"""
        return abs(value) <= 1e-12 * abs(self.exact)

    @property
    def crowded(self) -> bool:
        """Are there many mistakes' numbers between the truth and this one, for the few digits that lie between?"""
        far = abs(self.figure.value - self.exact) + 0.5 * self.figure.unit
        off = np.abs(self.numbers - self.exact)
        between = distinct(self.numbers[(off <= far) & (off > 0)] / self.figure.unit)
        return len(between) * self.figure.unit > CROWDED * 2 * far

    def explain(self, way: Way, value: float) -> Explanation:
        """Where on the way to the quantity the mistake happens first, and what it writes there."""
        problem, lines_of = self.asked.problem, self.asked.derivation
        rewriter = rewriter_of(problem.network, problem.train_biases)
        changed = rewriter(way)
        near = {step.name for step in lines_of.toward(self.asked.quantity)}
        edited = [name for name in changed if any(name in mistake.edits for mistake in way)]
        edited.sort(key=lambda name: (name not in near, lines_of[name].number))
        return Explanation(
            " and ".join(mistake.name for mistake in way),
            "; ".join(mistake.sentence for mistake in way),
            rewriter.true[edited[0]],
            changed[edited[0]],
            value,
            way[0].detail if len(way) == 1 else "",
            way,
        )

    def blame(self, found: list[Explanation], telling: int | None = None) -> Diagnosis | None:
        """The verdict that names mistakes; ``telling`` is how many digits say so, where it is known better."""
        if not found:
            return None
        first, digits = found[0], self.telling if telling is None else telling
        message = f"{self.figure.text} is what comes out if one {first.name}: {first.sentence}. {first.where}"
        apart = None
        if len(found) > 1:
            apart = self.telling_apart(found)
            others = "; or if one ".join(one.name for one in found[1:])
            message += f" The same number comes out if one {others}."
            if apart:
                message += f" Your {apart} would tell them apart."
        whole = abs(first.value - self.figure.value) <= 1e-11 * abs(first.value)
        if digits < self.enough and not whole:
            message += f" Only {digits} of its digits tell: this is a guess, more digits make it sure."
        sure = digits >= self.enough and len(found) == 1
        return self.verdict("misconception", message, misconceptions=tuple(found), tell_apart=apart, sure=sure)

    def telling_apart(self, found: list[Explanation]) -> str | None:
        """The nearest other quantity whose value differs under every two of the explanations."""
        problem = self.asked.problem
        near = [step.name for step in self.asked.derivation.toward(self.asked.quantity)][::-1]
        others = [name for name in near if name != self.asked.quantity]
        if not others:
            return None
        ways = [one.parts for one in found]
        rows = outcomes(plan(problem.network, problem.train_biases, ways, others), problem)
        best, most = None, 1
        for name in others:
            kinds = len({f"{value:.4g}" for value in rows[name]})
            if kinds > most:
                best, most = name, kinds
        return best
