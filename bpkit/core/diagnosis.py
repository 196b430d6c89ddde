"""Names the mistake behind a wrong number: tries every misconception, rounding on paper, and pairs of mistakes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cached_property
from typing import Any

import numpy as np

from bpkit.core.alternatives import Way, outcomes, plan
from bpkit.core.detective import PAIRS_UP_TO, SIDE_BY_SIDE, Question, mistakes, question, values
from bpkit.core.errors import BpkitError
from bpkit.core.explanation import Diagnosis, Explanation
from bpkit.core.figures import Figure, read
from bpkit.core.hints import hints
from bpkit.core.numeric import evaluate, lines
from bpkit.core.paper import float_noise, replayed, rounded_terms, slack
from bpkit.core.problem import Problem
from bpkit.core.rewrites import Rewriter

SURE_DIGITS = 5  # from here on a misconception that matches every digit goes before rounding on paper
PAIR_DIGITS = 6  # with fewer, some pair fits almost any number
PAIR_CHANCE = 0.02  # of a random number near the one typed to be hit by a pair; above that a hit says nothing
ROUNDING_SHARE = 0.02  # of what is computed: a number that is further off is not explained by rounding


def diagnose(problem: Problem, quantity: str, value: Any, given: Mapping[str, Any] | None = None) -> Diagnosis:
    """Say which mistake leads to a number: ``diagnose(problem, "w1_new", "0.249921")``.

    ``quantity`` is any of the derivation, or one of the trained network such as ``"E_total after 1 update"``. ``value``
    is a number or the text typed; its digits say how exact it means to be. ``given`` holds earlier values, by
    quantity, that the number was computed from: a right step from a wrong value is no new mistake. Returns a
    ``Diagnosis``; raises ``BpkitError`` for a quantity that does not exist and for what is no number.

    >>> import bpkit as bp
    >>> bp.diagnose(bp.examples.mazur.problem, "E_total after 1 update", "0.291027924").misconceptions[0].name
    'uses the already updated weights'
    """
    case = _Case(question(problem, quantity), read(value), _handed(problem, given))
    tries = (case.right, case.carried, case.sure, case.on_paper, case.unsure, case.roughly, case.one_term, case.pair)
    for attempt in tries:
        if verdict := attempt():
            return verdict
    return case.unknown()


def _handed(problem: Problem, given: Mapping[str, Any] | None) -> dict[str, Figure]:
    handed = {}
    for name, value in dict(given or {}).items():
        asked = question(problem, name)
        if asked.updates:
            raise BpkitError(f"given: expected quantities of the first pass, got {name!r}; leave it out")
        handed[asked.quantity] = read(value)
    return handed


class _Case:
    """One number under investigation; each method is one line of enquiry, and returns a verdict or None."""

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

    def right(self) -> Diagnosis | None:
        if self.figure.rounds(self.exact) or abs(self.figure.value - self.exact) <= float_noise(self.asked):
            few = " - though so few digits say little" if self.figure.digits < 3 and self.figure.value else ""
            return self.verdict("correct", f"{self.figure.text} is right{few}.")
        if self.figure.cuts(self.exact):
            rounded = f"{self.exact:.{self.figure.decimals}f}"
            message = f"{self.figure.text} is right, but cut off: rounded to as many digits it is {rounded}."
            return self.verdict("rounded", message, decimals=self.figure.decimals)
        return None

    def carried(self) -> Diagnosis | None:
        value = float(self.handed[0])
        if not self.given or not self.figure.holds(value):
            return None
        wrong = self.wrong_given()
        if not wrong:
            message = f"{self.figure.text} is right, from your earlier numbers as you rounded them."
            places = min(figure.decimals for figure in self.typed.values())
            return self.verdict("rounded", message, decimals=places)
        told = ", ".join(f"{name} = {self.typed[name].text}" for name in wrong)
        message = f"{self.figure.text} is right, given your {told}: the mistake lies there, not here."
        sentence = "the step is right, an earlier value is not"
        earlier = tuple(
            Explanation("error carried forward", sentence, step, step, value, f"from {step.name}")
            for step in (self.asked.derivation[name] for name in wrong)
        )
        return self.verdict("correct", message, misconceptions=earlier, carried=tuple(wrong))

    def wrong_given(self) -> list[str]:
        """The given values that matter: each way back from the quantity ends at the first one."""
        lines, found, waiting, seen = self.asked.derivation, set(), [self.asked.quantity], set()
        waiting += [f"{name}_new" for name in self.asked.problem.network.parameters if self.asked.updates]
        while waiting:
            for symbol in map(str, lines[waiting.pop()].rhs.free_symbols):
                if symbol in self.given:
                    found.add(symbol)
                elif symbol in lines and symbol not in seen:
                    seen.add(symbol)
                    waiting.append(symbol)
        exact = self.asked.exact
        off = [name for name in found if not self.typed[name].rounds(float(exact[name]))]
        return sorted(off, key=lambda name: lines[name].number)

    # Single mistakes

    def fitting(self) -> list[Explanation]:
        """The single mistakes that give every digit typed, one shape of each, the simplest first."""
        ways, tried = mistakes(self.asked), [self.numbers]
        tried += [self.handed] if self.given else []
        found: dict[str, Explanation] = {}
        for fits in (self.figure.rounds, self.figure.cuts):
            for numbers in tried:
                for way, number in zip(ways[1:], numbers[1:]):
                    value = float(number)
                    if way[0].name not in found and np.isfinite(value) and fits(value):
                        found[way[0].name] = self.explain(way, value)
        return list(found.values())

    def sure(self) -> Diagnosis | None:
        return self.blame(self.fitting()) if self.figure.digits >= SURE_DIGITS else None

    def unsure(self) -> Diagnosis | None:
        return self.blame(self.fitting()) if self.figure.digits < SURE_DIGITS else None

    def blame(self, found: list[Explanation]) -> Diagnosis | None:
        if not found or not self.figure.value:
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

    def explain(self, way: Way, value: float) -> Explanation:
        """Where on the way to the quantity the mistake happens first, and what it writes there."""
        problem, lines_of = self.asked.problem, self.asked.derivation
        changed = Rewriter(lines(problem.network, problem.train_biases))(way)
        near = {step.name for step in lines_of.toward(self.asked.quantity)}
        edited = [name for name in changed if any(name in mistake.edits for mistake in way)]
        edited.sort(key=lambda name: (name not in near, lines_of[name].number))
        step = lines_of[edited[0]]
        first = way[0]
        return Explanation(
            " and ".join(mistake.name for mistake in way),
            "; ".join(mistake.sentence for mistake in way),
            step,
            changed[edited[0]],
            value,
            first.detail if len(way) == 1 else "",
            way,
        )

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

    # Rounding

    def on_paper(self) -> Diagnosis | None:
        if self.asked.updates > SIDE_BY_SIDE:
            return None
        if self.figure.value and (way := replayed(self.asked, self.figure)):
            return self.rounded(way.places, str(way))
        off, bounds = self.off(), self.bounds
        natural = min(max(self.figure.decimals, 3), len(bounds)) if self.figure.digits >= 3 else 3
        return self.within(off, range(natural, max(natural - 2, 2), -1))

    def roughly(self) -> Diagnosis | None:
        if self.asked.updates > SIDE_BY_SIDE:
            return None
        # Who writes many digits at the end hardly kept three on the way.
        fewest = 3 if self.figure.digits <= SURE_DIGITS else 4
        return self.within(self.off(), range(len(self.bounds), fewest - 1, -1))

    def within(self, off: float, places: range) -> Diagnosis | None:
        if not self.figure.value or off > ROUNDING_SHARE * self.scale:
            return None
        for decimals in places:
            if off <= self.bounds[decimals - 1]:
                return self.rounded(decimals, f"rounded or cut off to {decimals} decimals")
        return None

    def rounded(self, decimals: int, how: str) -> Diagnosis:
        message = f"{self.figure.text} is right but for rounding on paper: the numbers on the way were {how}."
        return self.verdict("rounded", message, decimals=decimals)

    @property
    def telling(self) -> int:
        """The digits that say something: of a new value those of its change."""
        step = self.asked.derivation[self.asked.quantity]
        if step.kind != "update" or self.asked.updates:
            return self.figure.digits
        change = abs(self.figure.value - self.asked.problem.parameters[step.about[0]])
        return min(self.figure.digits, 1 + max(0, int(np.log10(max(change / self.figure.unit, 1)))))

    def off(self) -> float:
        return max(0.0, abs(self.figure.value - self.exact) - 0.5 * self.figure.unit)

    @cached_property
    def bounds(self) -> Any:
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

    def one_term(self) -> Diagnosis | None:
        """A sum, right or of a single mistake, of which one term was rounded on paper."""
        if self.figure.digits < PAIR_DIGITS:
            return None
        fitting = [(way, words, value) for way, words, value in rounded_terms(self.asked) if self.figure.rounds(value)]
        if not fitting:
            return None
        way, words, value = fitting[0]
        if not way:
            return self.rounded(int(words.split()[-2]), words)
        one = self.explain(way, value)
        return self.blame([replace(one, detail="; ".join(filter(None, (one.detail, words))))])

    # Pairs

    def pair(self) -> Diagnosis | None:
        if self.figure.digits < PAIR_DIGITS or self.asked.updates > PAIRS_UP_TO:
            return None
        ways, numbers = mistakes(self.asked, "pairs"), values(self.asked, "pairs")
        hits = np.flatnonzero(np.abs(numbers - self.figure.value) <= 0.5 * self.figure.unit * (1 + 1e-9))
        if not len(hits) or self.crowded(numbers):
            return None
        found: dict[str, Explanation] = {}
        for hit in hits:
            one = self.explain(ways[hit], float(numbers[hit]))
            found.setdefault(one.name, one)
        return self.blame(list(found.values())[:4])

    def crowded(self, numbers: Any) -> bool:
        """Do the pairs lie so close together here that a random number would meet one?"""
        finite = np.unique(np.round(numbers[np.isfinite(numbers)] / self.figure.unit))
        here = self.figure.value / self.figure.unit
        for radius in (30, 100, 300, 1000, 3000, 10_000, 100_000):
            near = np.count_nonzero(np.abs(finite - here) <= radius) - 1
            if near > 2 and near / (2 * radius) > PAIR_CHANCE:
                return True
        return False

    def unknown(self) -> Diagnosis:
        found = hints(self.asked, self.figure, self.exact)
        message = f"{self.figure.text} is not {self.asked}, and no mistake in the catalogue leads to it."
        return self.verdict("unknown", " ".join([message, *found]), hints=found)
