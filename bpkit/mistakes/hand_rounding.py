"""Working on paper: how rounding or cutting off the numbers on the way changes a quantity."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
import sympy as sp

from bpkit.core.chain_rule import Step, behind
from bpkit.core.derivation import Derivation
from bpkit.core.expressions import names_in
from bpkit.core.numeric import evaluate
from bpkit.core.problem import Problem
from bpkit.core.quantities import Role
from bpkit.core.runtime import Array
from bpkit.core.updates import GradientDescent
from bpkit.mistakes.question import Question, turn
from bpkit.mistakes.typed_number import Figure
from bpkit.mistakes.variants import Plan, Way, mistakes, outcomes, plan, replaced, rewriter_of, values

MOST_DECIMALS = 10
USUAL = 2.0  # of the root of the summed squares of what each line adds, evenly spread up to half a unit: 3.5 sigma


@dataclass(frozen=True)
class Paper:
    """How the numbers on the way were written: to so many ``places``, decimals or ``significant`` digits."""

    places: int
    significant: bool = False
    how: str = "rounded"

    def __str__(self) -> str:
        to = "to" if self.how == "rounded" else "after"
        return f"{self.how} {to} {self.places} {'significant digits' if self.significant else 'decimals'}"

    @property
    def as_shown(self) -> bool:
        """Is it as a page shows its numbers, or finer?"""
        return self.significant and self.places >= SHOWN.places

    def off(self, numbers: Array) -> Array:
        """How far a number can be off when it is written so: half a unit where it is rounded, a unit where it is cut.

        A number that has no more digits is not off.
        """
        with np.errstate(all="ignore"):
            size = np.floor(np.log10(np.abs(numbers)) + 1e-12)
            unit = 10.0 ** np.where(self.significant & np.isfinite(size), size - self.places + 1, -self.places)
            inexact = np.abs(numbers / unit - np.round(numbers / unit)) > 1e-7
        return np.asarray(np.where(inexact, unit * (0.5 if self.how == "rounded" else 1.0), 0.0))


HAND = 4  # significant digits that people keep on the way, or more
SHOWN = Paper(6, significant=True)  # as every page shows its numbers
_WAYS = (
    SHOWN,
    *(
        Paper(places, significant, how)
        for places in range(MOST_DECIMALS, 2, -1)
        for significant in (False, True)
        for how in ("rounded", "cut off")
    ),
)

_SUMS = ((Role.FORWARD, "net"), (Role.FORWARD, "total"), (Role.ADJOINT, "out"))
_SHORT = (Paper(2, significant=True), Paper(2, significant=True, how="cut off"))
_FEW = tuple(way for way in _WAYS if not way.significant and way.places <= 5)


def half_unit(value: float, digits: int) -> float:
    """Half a unit in the last of so many significant digits: 0.00005 for 0.0851 to three.

    >>> half_unit(0.0851429, 3), half_unit(0.2334528, 3)
    (5e-05, 0.0005)
    """
    if value == 0 or not math.isfinite(value):
        return 0.5 * 10.0**-digits
    return float(0.5 * 10.0 ** (math.floor(math.log10(abs(value)) + 1e-12) - digits + 1))


def written(values: Array, ways: tuple[Paper, ...] = _WAYS) -> Array:
    """The numbers of a line as each way writes them; the last axis runs over the ways.

    >>> written(0.6296, (Paper(2), Paper(2, how="cut off"), Paper(3))).tolist()
    [0.63, 0.62, 0.63]
    """
    places = np.array([way.places for way in ways])
    significant = np.array([way.significant for way in ways])
    cut = np.array([way.how == "cut off" for way in ways])
    with np.errstate(all="ignore"):
        size = np.floor(np.log10(np.abs(values)))
        unit = 10.0 ** np.where(significant & np.isfinite(size), places - 1 - size, places)
        scaled = np.asarray(values) * unit
        # A number that has no more digits stays as it is, whatever floats make of it.
        near = np.round(scaled)
        whole = np.where(cut & (np.abs(scaled - near) > 1e-7), np.trunc(scaled), near)
        return whole / unit


def replayed(asked: Question, figure: Figure) -> Paper | None:
    """The way of writing every number before the last one that leads to the figure, digit by digit.

    The last one is worked out from the written ones and typed as it comes, or rounded like them.

    >>> import bpkit as bp
    >>> str(replayed(Question(bp.examples.article.problem, "net_o1"), Figure("0.8448", 0.8448, unit=0.0001, digits=4)))
    'rounded to 3 decimals'
    """
    for way, value, kept in _replays(asked):
        if figure.rounds(value) or abs(figure.value - kept) <= 1e-11 * abs(kept):
            return way
    return None


@lru_cache(maxsize=64)
def _replays(asked: Question) -> tuple[tuple[Paper, float, float], ...]:
    """Each way of writing with the last number as it comes, and written like the others."""
    found = values(
        asked, "true", settle=lambda name, v: v if name == asked.quantity else written(v), columns=len(_WAYS)
    )
    return tuple(zip(_WAYS, found.tolist(), np.diagonal(written(found[:, None])).tolist()))


def shortened(asked: Question, names: Collection[str]) -> Iterator[tuple[str, float]]:
    """What comes out when some of the numbers on the way are kept to two digits, and words for it; others are exact.

    >>> import bpkit as bp
    >>> [words for words, value in shortened(Question(bp.examples.article.problem, "out_h1"), ["net_h1"])]
    ['net_h1 rounded to 2 significant digits', 'net_h1 cut off after 2 significant digits']
    """
    used = [step.name for step in asked.derivation.toward(asked.quantity) if step.name in names]
    if not used or asked.problem.is_batch or asked.updates:
        return
    found = values(asked, "true", settle=lambda name, v: written(v, _SHORT) if name in used else v, columns=len(_SHORT))
    told = used[0] if len(used) == 1 else "your earlier numbers"
    for way, value in zip(_SHORT, found.tolist()):
        yield f"{told} {way}", value


def slack(asked: Question, way: Paper) -> float:
    """How far a quantity can move, to first order, when every line before it is written in some way.

    >>> import bpkit as bp
    >>> round(slack(Question(bp.examples.article.problem, "out_h1"), Paper(2)), 6)
    0.001174
    """
    numbers, slopes = _slopes(asked)
    return float(slopes @ way.off(numbers).max(axis=0))


def spread(asked: Question, way: Paper) -> float:
    """How far it usually moves: errors of many lines hardly ever all add up."""
    numbers, slopes = _slopes(asked)
    each = slopes * way.off(numbers).max(axis=0)
    return float(min(each.sum(), USUAL * np.sqrt(each @ each)))


@lru_cache(maxsize=256)
def _slopes(asked: Question) -> tuple[Array, Array]:
    """The numbers of the lines before a quantity, and how much it moves with each, also behind updates.

    Lines that compute nothing are left out: a copy is not rounded again. The numbers of a line stand below each
    other, those of every sample, and of the first pass and the last.
    """
    parameters = asked.derivation.network.lines.parameters
    follows = replaced(asked.derivation).items() if asked.updates else ()
    goals = [asked.quantity, *(old if old in parameters else new for new, old in follows)]
    lines = {step.name: step for goal in goals for step in asked.derivation.toward(goal)}
    before = [name for name, step in lines.items() if name != asked.quantity and _computes(step)]
    passes = [evaluate(turn(asked.problem) if asked.updates else asked.problem), *[asked.exact][: asked.updates]]
    numbers = np.vstack([_rows([one[name] for name in before]) for one in passes])
    nudges = _nudges(np.abs(numbers).max(axis=0))

    def moved(first: bool) -> Array:
        """How far the quantity moves with each line of the first pass, or of those after it."""
        seen: set[str] = set()

        def settle(name: str, values: Array) -> Array:
            again = name in seen
            seen.add(name)
            if name not in before or again == first:
                return values
            return values + np.where(np.arange(len(before) + 1) == before.index(name), np.append(nudges, 0.0), 0.0)

        found = values(asked, "true", settle=settle, columns=len(before) + 1)
        return np.asarray(np.abs(found[:-1] - found[-1]))

    # What is off in one pass must not make up for what is off in another.
    return numbers, (moved(True) + moved(False) if asked.updates else moved(True)) / nudges


def _computes(step: Step) -> bool:
    """Does a line compute anything? A copy, the largest of a window and the row of a table are not rounded again."""
    return not step.rhs.is_Atom and step.quantity.tag not in ("pool", "embedded")


def _rows(columns: list[float | Array]) -> Array:
    """Numbers of lines side by side, each sample in a row of its own."""
    return np.array(np.broadcast_arrays(np.zeros(1), *columns)).T[:, 1:]


def _nudges(numbers: Array) -> Array:
    return np.asarray(1e-6 * np.maximum(1.0, np.abs(numbers)))


@lru_cache(maxsize=512)
def _lines_to(derivation: Derivation, name: str) -> tuple[Plan, tuple[Step, ...]]:
    """A plan of the lines that a quantity rests on, and these lines."""
    lines = {step.name: step for step in derivation}
    needed = behind([name], lines)
    return plan(derivation, ((),), [name]), tuple(step for own, step in lines.items() if own in needed)


@lru_cache(maxsize=256)
def by_hand(problem: Problem, digits: int) -> int:
    """How many digits people keep on the way to so many; the lines of other update rules depend on more of them.

    >>> import bpkit as bp
    >>> by_hand(bp.examples.article.problem, 6), by_hand(bp.examples.adam_step.problem, 6)
    (4, 6)
    """
    return min(digits, HAND) if problem.update == GradientDescent() else digits


def paper_slack(problem: Problem, quantity: str, digits: int) -> float:
    """How far a quantity can be off when every line, its own too, is rounded to so many significant digits.

    A learner asked for more than ``HAND`` digits of a new parameter may have kept those on the way. Lines that compute
    nothing are not rounded.
    """
    name = problem.derivation[quantity].name
    (made, steps), exact = _lines_to(problem.derivation, name), evaluate(problem)
    mean = np.mean if problem.is_batch else float
    numbers = np.array([float(mean(exact.numbers[step.name])) for step in steps])
    nudges = _nudges(numbers)
    nudged = dict(zip((step.name for step in steps), np.eye(len(steps), len(steps) + 1) * nudges[:, None]))

    def settle(name: str, values: Array) -> Array:
        return np.asarray(values + nudged[name])

    moved: Array = outcomes(replace(made, columns=len(steps) + 1), problem, settle=settle)[name]
    computed = np.array([_computes(step) for step in steps])
    last = np.array([step.role is Role.UPDATE for step in steps])
    kept, own = (Paper(count, significant=True).off(numbers) for count in (by_hand(problem, digits), digits))
    off = np.where(last, own, kept) * computed
    return float(np.abs(moved[:-1] - moved[-1]) / nudges @ off)


def float_noise(asked: Question) -> float:
    """What floats may leave of a sum whose terms cancel.

    >>> import bpkit as bp
    >>> float_noise(Question(bp.examples.article.problem, "net_o1")) < 1e-14
    True
    """
    terms = [] if asked.problem.is_batch else _terms(asked, asked.derivation[asked.quantity].rhs)
    return 1e-15 * sum(abs(number) for _, number in terms)


def _terms(asked: Question, rhs: sp.Expr) -> list[tuple[sp.Expr, float]]:
    """The terms of a sum, and their right numbers."""
    if not isinstance(rhs, sp.Add):
        return []
    exact = asked.exact
    givens = exact.problem.givens
    numbers = {sp.Symbol(n): sp.Float(exact[n] if n in exact else givens[n]) for n in names_in(rhs)}
    return [(term, float(term.xreplace(numbers))) for term in rhs.args]


def rounded_terms(asked: Question, mistaken: bool) -> Iterator[tuple[Way, str, float]]:
    """The sums that come out when one term of the last line is kept to so many decimals; right, or by one mistake."""
    line, quantity = asked.quantity, asked.derivation[asked.quantity].quantity
    if asked.problem.is_batch or asked.updates or (quantity.role, quantity.tag) not in _SUMS:
        return
    before = {step.name for step in asked.derivation.toward(line)} - {line}
    rewriter = rewriter_of(asked.derivation)
    for way in mistakes(asked)[1:] if mistaken else ((),):
        changed = rewriter(way)
        if way and (line not in changed or not before.isdisjoint(changed)):
            continue  # the mistake lies further back
        terms = _terms(asked, changed[line].rhs if way else asked.derivation[line].rhs)
        whole = sum(number for _, number in terms)
        for term, number in terms:
            for paper, kept in zip(_FEW, written(np.array(number), _FEW)):
                if abs(kept - number) > 1e-12:
                    words = f"the term {' · '.join(map(str, sp.Mul.make_args(term)))} {paper}"
                    yield way, words, whole - number + float(kept)
