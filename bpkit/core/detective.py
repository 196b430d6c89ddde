"""The numbers that mistakes lead to: every misconception's value of a quantity, alone and in pairs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import combinations
from types import MappingProxyType

import numpy as np

from bpkit.core.alternatives import Plan, Settle, Way, after, long_after, outcomes, plan, replaced, turn
from bpkit.core.derivation import Derivation
from bpkit.core.errors import BpkitError, suggest
from bpkit.core.misconceptions import catalogue, catalogue_of_training
from bpkit.core.numeric import Values, canonical, evaluate
from bpkit.core.problem import Problem
from bpkit.core.program import averaged
from bpkit.core.quantities import Role, updated
from bpkit.core.rewrites import Misconception
from bpkit.core.runtime import Array

MOST_UPDATES = 20_000
PAIRS_UP_TO = 10  # updates; behind more of them pairs of mistakes are not searched
PAIR_MEMBERS = 110
SIDE_BY_SIDE = 50  # updates; more are faster one way after the other


@dataclass(frozen=True)
class Question:
    """A quantity of a problem, at once or after some updates: ``E_total``, ``w5_new``, ``E_total after 1 update``."""

    problem: Problem
    quantity: str
    updates: int = 0

    @property
    def derivation(self) -> Derivation:
        lines = self.problem.derivation
        return lines if self.quantity in lines.by_name else lines.with_inputs

    @property
    def exact(self) -> Values:
        """The right numbers of the pass that the quantity belongs to."""
        return evaluate(self.problem.updated(self.updates) if self.updates else self.problem)

    def __str__(self) -> str:
        return self.quantity + (f" after {self.updates} update{'s' * (self.updates > 1)}" if self.updates else "")


def question(problem: Problem, asked: str) -> Question:
    """Find what is asked; raises ``BpkitError`` with near names for what the derivation does not have."""
    if not isinstance(problem, Problem):
        raise BpkitError(f"diagnose: expected a Problem, got {problem!r}; examples carry one as .problem")
    name, updates = _read(str(asked))
    known = problem.derivation
    parameters = known.network.lines.parameters  # those of problem.network may not be made yet
    olds = {f"{step.name}_new": step.name for step in known if step.name not in parameters}
    if name not in known and name in olds:
        name, updates = olds[name], updates + 1  # E_total_new: what it is with the new weights
    if name in parameters and updates:
        name, updates = updated(parameters[name]).name, updates - 1  # what a weight is after n updates, the last makes
    if name not in known:
        near = suggest(name, [step.name for step in known])
        raise BpkitError(
            f"diagnose: there is no quantity {str(asked)!r}{near}{'' if near.endswith('?') else '.'} "
            "A figure of the trained network is asked for as 'E_total after 1 update'"
        )
    if updates > MOST_UPDATES:
        raise BpkitError(f"diagnose: expected at most {MOST_UPDATES} updates, got {updates}; ask for an earlier figure")
    if problem.is_batch and updates > SIDE_BY_SIDE:
        raise BpkitError(f"diagnose: expected at most {SIDE_BY_SIDE} updates of a batch, got {updates}")
    if problem.is_batch and not averaged(known[name]):
        raise BpkitError(
            f"diagnose: {name} has a value for each of the {len(problem.inputs)} samples; choose one of them with "
            "problem.sample(0), or ask for E_total, a derivative with respect to a parameter or a new parameter"
        )
    own = known[name].role is Role.UPDATE and not updates
    return Question(turn(problem) if own else problem, name, updates)


def _read(asked: str) -> tuple[str, int]:
    """Quantity and number of updates: ``E_total after 1 update``, ``dE/dw5``."""
    name, *rest = asked.split() or [asked]
    count = rest[1] if len(rest) == 3 else "1"
    if not rest:
        return canonical(name), 0
    if rest[0] == "after" and rest[-1] in ("update", "updates") and len(rest) in (2, 3):
        if count in ("a", "an", "one"):
            return canonical(name), 1
        if count.isdecimal() and len(count) < 10:
            return canonical(name), int(count)
    return asked, 0


@lru_cache(maxsize=256)
def _touching(derivation: Derivation, quantity: str, trained: bool) -> tuple[Misconception, ...]:
    """The misconceptions that rewrite a line which the quantity rests on."""
    targets = [quantity, *(replaced(derivation) if trained else ())]
    lines = {step.name for name in targets for step in derivation.toward(name)}
    known = [m for m in catalogue(derivation) if not (trained and m.of_answer)]
    return tuple(m for m in [*known, *(catalogue_of_training(derivation) if trained else ())] if lines & set(m.edits))


@lru_cache(maxsize=256)
def _ways(derivation: Derivation, quantity: str, trained: bool, kind: str) -> tuple[Way, ...]:
    """The derivation as it is (``true``), then each mistake alone (``singles``); or two different ones (``pairs``)."""
    known = () if kind == "true" else _touching(derivation, quantity, trained)
    if kind == "pairs":
        return tuple((a, b) for a, b in combinations(known[:PAIR_MEMBERS], 2) if a.name != b.name)
    return ((), *((m,) for m in known))


@lru_cache(maxsize=256)
def _plan(
    derivation: Derivation, quantity: str, trained: bool, kind: str, given: frozenset[str], updating: bool
) -> Plan:
    ways = _ways(derivation, quantity, trained, kind)
    return plan(derivation, ways, replaced(derivation) if updating else [quantity], given)


def values(
    asked: Question,
    kind: str,
    given: Mapping[str, float] | None = None,
    settle: Settle | None = None,
    columns: int | None = None,
) -> Array:
    """The asked quantity in all the ways of a kind: ``true``, ``singles``, ``pairs``.

    ``given`` hands in values of earlier lines (of the first pass). ``settle`` and ``columns`` treat the numbers on
    their way, for the ``true`` kind.
    """
    if asked.updates > SIDE_BY_SIDE and not settle:
        return _long(asked, kind)
    trained, handed = asked.updates > 0, frozenset(given or ())
    made, last = (
        _plan(asked.derivation, asked.quantity, trained, kind, *more)
        for more in ((handed, trained), (frozenset(), False))
    )
    if columns:
        made, last = replace(made, columns=columns), replace(last, columns=columns)
    if trained:
        return after(made, asked.problem, asked.updates, last, given, settle)[asked.quantity]
    return outcomes(made, asked.problem, given, settle)[asked.quantity]


@lru_cache(maxsize=16)
def _long(asked: Question, kind: str) -> Array:
    """After many updates: given values matter no more."""
    last = _plan(asked.derivation, asked.quantity, True, kind, frozenset(), False)
    return long_after(mistakes(asked, kind), asked.problem, asked.updates, last)[asked.quantity]


def value_in(asked: Question, way: Way) -> float:
    """What some mistakes, made together and at every update, make of the quantity."""
    last = plan(asked.derivation, (way,), [asked.quantity])
    if not asked.updates:
        found = outcomes(last, asked.problem)
    elif asked.problem.is_batch:
        made = plan(asked.derivation, (way,), replaced(asked.derivation))
        found = after(made, asked.problem, asked.updates, last)
    else:
        found = long_after((way,), asked.problem, asked.updates, last)
    return float(found[asked.quantity][0])


def mistakes(asked: Question, kind: str = "singles") -> tuple[Way, ...]:
    """The ways that ``values`` has a number for, in its order."""
    return _ways(asked.derivation, asked.quantity, asked.updates > 0, kind)


def wrong_values(problem: Problem, quantity: str) -> Mapping[Misconception, float]:
    """What every misconception makes of a quantity, the simplest mistakes first.

    Those that come out as the truth does, or leave the floats, are left out; different mistakes may share a value.
    """
    asked = question(problem, quantity)
    numbers = values(asked, "singles")
    return MappingProxyType(
        {way[0]: float(number) for way, number in _different(mistakes(asked), numbers) if np.isfinite(number)}
    )


def _different(ways: tuple[Way, ...], numbers: Array) -> Iterator[tuple[Way, float]]:
    for way, number in zip(ways[1:], numbers[1:]):
        if not abs(number - numbers[0]) <= 1e-12 * abs(numbers[0]):
            yield way, number
