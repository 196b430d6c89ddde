"""Wrong answers, read from the catalogue's rewrites of the derivation; those that equal the truth are dropped."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bpkit.core.chain_rule import behind
from bpkit.core.derivation import Derivation
from bpkit.core.numeric import evaluate
from bpkit.core.problem import Problem
from bpkit.core.spelling import typeset
from bpkit.exercises.questions.parts import Wrong
from bpkit.mistakes.misconceptions import catalogue
from bpkit.mistakes.rewrite import FAR_FETCHED
from bpkit.mistakes.variants import Plan, outcomes, plan

Columns = Mapping[str, NDArray[np.float64]]


@lru_cache(maxsize=128)
def _ways(derivation: Derivation) -> Plan:
    return plan(derivation, [(mistake,) for mistake in catalogue(derivation)], derivation.by_name)


@lru_cache(maxsize=8)
def wrong_columns(problem: Problem) -> Columns:
    """Every quantity of one sample as each misconception of the catalogue computes it, in the catalogue's order."""
    made = outcomes(_ways(problem.derivation), problem)
    for column in made.values():
        column.setflags(write=False)
    return MappingProxyType(made)


@lru_cache(maxsize=1024)
def _ways_to(derivation: Derivation, name: str, also: tuple[str, ...]) -> tuple[Plan, tuple[int, ...]]:
    """The mistakes that can change a quantity as a plan, and their places in the catalogue.

    Far-fetched ones are left to the detective, unless they are named in ``also``. A plan for only this quantity runs
    several times as fast as one for all of them, and every exercise is drawn until its wrong answers can be told apart.
    """
    needed, known = behind([name], derivation.by_name), catalogue(derivation)
    likely = (i for i, one in enumerate(known) if one.rank < FAR_FETCHED or one.name in also)
    places = tuple(i for i in likely if not needed.isdisjoint(known[i].edits))
    return plan(derivation, [(known[i],) for i in places], [name]), places


def differs(value: ArrayLike, right: float) -> Any:
    """True for a finite number that is not the right one; for an array of them, one after the other.

    >>> differs([0.1, 0.2, float("inf")], right=0.1).tolist()
    [False, True, False]
    """
    with np.errstate(invalid="ignore"):
        off = np.abs(np.subtract(value, right)) > 1e-9 * np.maximum(np.abs(value), abs(right))
    return np.isfinite(value) & off


def wrong_answers(problem: Problem, quantity: str, first: Iterable[str] = ()) -> tuple[Wrong, ...]:
    """The wrong values of a quantity with their names; those named in ``first`` come first.

    Far-fetched mistakes are left to the detective, unless they are named.

    >>> import bpkit as bp
    >>> wrong = wrong_answers(bp.examples.article.problem, "w5_new", first=["adds the gradient"])[0]
    >>> wrong.name, round(wrong.answer, 6)
    ('adds the gradient', 0.392571)
    """
    name = problem.derivation.target(quantity).name
    right, order = evaluate(problem)[name], {wanted: place for place, wanted in enumerate(first)}
    way, places = _ways_to(problem.derivation, name, tuple(order))
    column, mistakes = outcomes(way, problem)[name], told(problem.derivation)
    met = np.flatnonzero(differs(column, right))
    said = ((mistakes[places[i]], float(column[i])) for i in met)
    found = [Wrong(one.name, one.sentence, answer, one.you, one.detail) for one, answer in said]
    return tuple(sorted(found, key=lambda wrong: order.get(wrong.name, len(order))))


@lru_cache(maxsize=128)
def told(derivation: Derivation) -> tuple[Wrong, ...]:
    """The catalogue's mistakes in words as sentences have them, still without an answer."""
    names = derivation.quantities
    return tuple(
        Wrong(one.name, typeset(one.sentence, names), None, one.you, typeset(one.detail, names))
        for one in catalogue(derivation)
    )
