"""Wrong answers, read from the catalogue's rewrites of the derivation; those that equal the truth are dropped."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from functools import lru_cache
from types import MappingProxyType

from bpkit.core.alternatives import Plan, outcomes, plan
from bpkit.core.derive import derive
from bpkit.core.misconceptions import catalogue
from bpkit.core.network import Network
from bpkit.core.numeric import evaluate
from bpkit.core.problem import Problem
from bpkit.exercises.parts import Wrong

Columns = Mapping[str, tuple[float, ...]]


@lru_cache(maxsize=128)
def _ways(network: Network, train_biases: bool) -> Plan:
    ways = [(mistake,) for mistake in catalogue(network)]
    return plan(network, train_biases, ways, [step.name for step in derive(network)])


@lru_cache(maxsize=256)
def wrong_columns(problem: Problem) -> Columns:
    """Every quantity of one sample as each misconception of the catalogue computes it, in the catalogue's order."""
    made = outcomes(_ways(problem.network, problem.train_biases), problem)
    return MappingProxyType({name: tuple(column.tolist()) for name, column in made.items()})


def differs(value: float, right: float) -> bool:
    """True for a finite number that is not the right one."""
    return math.isfinite(value) and abs(value - right) > 1e-9 * max(abs(value), abs(right))


def wrong_answers(problem: Problem, quantity: str, first: Iterable[str] = ()) -> tuple[Wrong, ...]:
    """The wrong values of a quantity with their names; those named in ``first`` come first."""
    name = derive(problem.network).target(quantity).name
    right = evaluate(problem)[name]
    found = [
        Wrong(mistake.name, explained(mistake.sentence, mistake.detail), value)
        for mistake, value in zip(catalogue(problem.network), wrong_columns(problem)[name])
        if differs(value, right)
    ]
    order = {wanted: place for place, wanted in enumerate(first)}
    return tuple(sorted(found, key=lambda wrong: order.get(wrong.name, len(order))))


def explained(sentence: str, detail: str) -> str:
    """A misconception's sentence, with the shape that it took."""
    return f"{sentence}: {detail}" if detail else sentence
