"""Wrong answers, read from the catalogue's rewrites of the derivation; those that equal the truth are dropped."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import lru_cache
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

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


@lru_cache(maxsize=256)
def wrong_columns(problem: Problem) -> Columns:
    """Every quantity of one sample as each misconception of the catalogue computes it, in the catalogue's order."""
    made = outcomes(_ways(problem.derivation), problem)
    for column in made.values():
        column.setflags(write=False)
    return MappingProxyType(made)


def differs(value: ArrayLike, right: float) -> Any:
    """True for a finite number that is not the right one; for an array of them, one after the other."""
    with np.errstate(invalid="ignore"):
        off = np.abs(np.subtract(value, right)) > 1e-9 * np.maximum(np.abs(value), abs(right))
    return np.isfinite(value) & off


def wrong_answers(problem: Problem, quantity: str, first: Iterable[str] = ()) -> tuple[Wrong, ...]:
    """The wrong values of a quantity with their names; those named in ``first`` come first.

    Far-fetched mistakes are left to the detective, unless they are named.
    """
    name = problem.derivation.target(quantity).name
    right = evaluate(problem)[name]
    column, mistakes = wrong_columns(problem)[name], told(problem.derivation)
    order = {wanted: place for place, wanted in enumerate(first)}
    places = np.flatnonzero(differs(column, right))
    known = catalogue(problem.derivation)
    met = [i for i in places if known[i].rank < FAR_FETCHED or known[i].name in order]
    found = [replace(mistakes[i], answer=float(column[i])) for i in met]
    return tuple(sorted(found, key=lambda wrong: order.get(wrong.name, len(order))))


@lru_cache(maxsize=128)
def told(derivation: Derivation) -> tuple[Wrong, ...]:
    """The catalogue's mistakes in words as sentences have them, still without an answer."""
    names = derivation.quantities
    return tuple(
        Wrong(one.name, typeset(one.sentence, names), None, one.you, typeset(one.detail, names))
        for one in catalogue(derivation)
    )
