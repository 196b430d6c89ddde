"""One number under investigation: what is known about it, and the single mistakes that fit."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any

import numpy as np

from bpkit.core.alternatives import Array, Way, outcomes, plan, rewriter_of
from bpkit.core.detective import Question, mistakes, values
from bpkit.core.explanation import Diagnosis, Explanation
from bpkit.core.expressions import names_in
from bpkit.core.figures import Figure
from bpkit.core.numeric import evaluate
from bpkit.core.paper import slack

SURE_DIGITS = 5  # from here on a misconception that matches every digit goes before rounding on paper

CROWDED = 0.15  # of the numbers as far from the truth as the one typed, so many at most may be some mistake's


def distinct(numbers: Array) -> Array:
    """The different whole numbers near some numbers (``np.unique`` would first load NumPy's masked arrays)."""
    return np.array(sorted(set(np.round(numbers).tolist())))


class Case:
    """A figure, what was asked, and what was given; every number that a single mistake leads to."""

    def __init__(self, asked: Question, figure: Figure, given: Mapping[str, Figure]) -> None:
        self.asked, self.figure = asked, figure
        used = {step.name for step in asked.derivation.toward(asked.quantity)}
        if asked.updates:
            used = {step.name for step in asked.derivation}
        self.typed = {name: value for name, value in given.items() if name in used and name != asked.quantity}
        self.given = {name: figure.value for name, figure in self.typed.items()}
        self.numbers = values(asked, "singles")
        self.exact = float(self.numbers[0])
        self.handed = values(asked, "singles", self.given) if self.given else self.numbers

    def verdict(self, verdict: str, message: str, **found: Any) -> Diagnosis:
        return Diagnosis(str(self.asked), self.figure, verdict, message, self.exact, **found)

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

    def fitting(self) -> list[Explanation]:
        """The single mistakes that give every digit typed, one shape of each, the simplest first."""
        ways, tried = mistakes(self.asked), [self.numbers]
        tried += [self.handed] if self.given else []
        found: dict[str, Explanation] = {}
        for fits in (self.vanishes,) if self.vanishes(self.figure.value) else (self.figure.rounds, self.figure.cuts):
            for numbers in tried:
                for way, number in zip(ways[1:], numbers[1:]):
                    value = float(number)
                    if way[0].name not in found and np.isfinite(value) and fits(value):
                        found[way[0].name] = self.explain(way, value)
        return list(found.values())

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

    def blame(self, found: list[Explanation]) -> Diagnosis | None:
        if not found:
            return None
        first = found[0]
        message = f"{self.figure.text} is what comes out if one {first.name}: {first.sentence}. {first.where}"
        apart = None
        if len(found) > 1:
            apart = self.telling_apart(found)
            others = "; or if one ".join(one.name for one in found[1:])
            message += f" The same number comes out if one {others}."
            if apart:
                message += f" Your {apart} would tell them apart."
        if self.telling < SURE_DIGITS:
            message += f" Only {self.telling} of its digits tell: this is a guess, more digits make it sure."
        sure = self.telling >= SURE_DIGITS
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

    @property
    def telling(self) -> int:
        """The digits that say something: of a new value those of its change."""
        step = self.asked.derivation[self.asked.quantity]
        if step.kind != "update" or self.asked.updates:
            return self.figure.digits
        change = abs(self.figure.value - self.asked.problem.parameters[step.about[0]])
        return min(self.figure.digits, 1 + max(0, int(np.log10(max(change / self.figure.unit, 1)))))

    @property
    def off(self) -> float:
        """How far the figure is from the truth, its own rounding aside."""
        return max(0.0, abs(self.figure.value - self.exact) - 0.5 * self.figure.unit)

    @cached_property
    def bounds(self) -> Array:
        """How far off rounding can lead, by decimals."""
        return slack(self.asked)

    @property
    def scale(self) -> float:
        """What the question computes: for a new value its change, after updates what they changed, else the number."""
        step = self.asked.derivation[self.asked.quantity]
        if self.asked.updates:
            before = float(np.mean(evaluate(self.asked.problem)[self.asked.quantity]))
            return min(abs(self.exact), abs(self.exact - before))
        if step.kind == "update":
            return abs(self.exact - self.asked.problem.parameters[step.about[0]])
        return abs(self.exact)
