"""A key proven three ways: the derivation, a difference quotient (or arrays of NumPy), and 50 digits."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import Any

import mpmath

from bpkit.core.code import code, identifier
from bpkit.core.derivation import Derivation
from bpkit.core.expressions import ONE, names_in
from bpkit.core.functions import computable
from bpkit.core.numeric import evaluate, evaluate_given
from bpkit.core.problem import Problem
from bpkit.core.program import compiled
from bpkit.core.quantities import Role
from bpkit.core.runtime import at_high_precision
from bpkit.exercises.questions.numpy_reference import at, forward, total, updated
from bpkit.mistakes.variants import replaced

DIGITS = 50
STEP = 1e-5


@dataclass(frozen=True)
class Proof:
    """One quantity found three times over; ``holds`` when the three agree as far as each of them reaches."""

    quantity: str
    derived: float
    measured: float
    precise: float

    @property
    def holds(self) -> bool:
        """True when neither of the others differs from the derivation by more than rounding can explain."""
        scale = max(abs(self.derived), 1e-4)
        return abs(self.measured - self.derived) <= 1e-6 * scale and abs(self.precise - self.derived) <= 1e-9 * scale


def prove(problem: Problem, quantity: str) -> Proof:
    """Find a quantity three times: by derivation, by nudging (where it is no slope: by arrays), and at 50 digits
    from the lines as they are read. On a batch it is the loss, a parameter's derivative or what an update makes.

    >>> import bpkit as bp
    >>> prove(bp.examples.article.problem, "dE/dw5").holds
    True
    """
    name = problem.derivation.target(quantity).name
    precise = _of_batch(problem, name) if problem.is_batch else precise_values(problem)[name]
    return Proof(name, evaluate(problem)[name], _measured(problem, name), float(precise))


def _of_batch(problem: Problem, name: str) -> Any:
    """A quantity of a whole batch at 50 digits: the mean or the sum of its samples, and new values."""
    step = problem.derivation[name]
    if step.role is not Role.UPDATE:
        with mpmath.workdps(DIGITS):
            each = [precise_values(problem.sample(row))[name] for row in range(len(problem.inputs))]
            return mpmath.fsum(each) / (1 if problem.batch == "sum" else len(each))
    numbers = _exactly(problem)
    for line in problem.derivation.toward(name):
        if line.role is Role.GRADIENT:
            numbers[line.name] = _of_batch(problem, line.name)
        elif line.role is Role.UPDATE:
            used = {one: numbers[str(one)] for one in line.rhs.free_symbols}
            numbers[line.name] = line.rhs.evalf(DIGITS, subs=used)
    return numbers[name]


def prove_after(problem: Problem) -> Proof:
    """The loss after one update: as it is trained, by nudged updates and arrays, and at 50 digits.

    >>> import bpkit as bp
    >>> proof = prove_after(bp.examples.article.problem)
    >>> proof.holds, round(proof.derived, 6)
    (True, 0.225433)
    """
    follows = replaced(problem.derivation)
    nudged = problem.replace(**{name: _measured(problem, new) for new, name in follows.items()})
    precise, run = precise_values(problem), _as_read(problem.derivation)
    with mpmath.workdps(DIGITS):
        after = run(**{**_exactly(problem), **{name: precise[new] for new, name in follows.items()}})
    return Proof("E_total", evaluate(problem.updated())["E_total"], total(nudged), float(after["E_total"]))


def _measured(problem: Problem, name: str) -> float:
    """A slope as a difference quotient, what an update makes by such a slope, and forward quantities by arrays."""
    step = problem.derivation[name]
    quantity = step.quantity
    if quantity.of and quantity.by:
        slope = problem.derivation[quantity.of.name].rhs if quantity.role is Role.SLOPE else ONE
        held = {used for used in names_in(slope) if used in problem.derivation} - {quantity.by.name}
        return _quotient(problem, quantity.of.name, quantity.by.name, held)
    if quantity.of:
        if not step.uses:  # it does not learn
            return problem.parameters[quantity.of.name]
        made = updated(problem, quantity.of, _quotient(problem, "E_total", quantity.of.name))
        return made[quantity.mark or quantity.letter]
    return total(problem) if quantity.tag == "total" else at(forward(problem), quantity)


def _quotient(problem: Problem, above: str, below: str, held: Iterable[str] = ()) -> float:
    """(A(B + h) - A(B - h)) / 2h, where B is a parameter or any quantity of the forward pass; some others are held."""
    now = evaluate(problem)
    own, given = below in problem.network.parameters, {name: now[name] for name in held}

    def moved(step: float) -> float:
        nudged = problem.replace(**{below: problem.parameters[below] + step}) if own else problem
        handed = given if own else {**given, below: now[below] + step}
        return float((evaluate_given(nudged, handed) if handed else evaluate(nudged))[above])

    return (moved(STEP) - moved(-STEP)) / (2 * STEP)


def prove_product(problem: Problem, factors: tuple[str, ...]) -> Proof:
    """The product of the factors along one path, each of them found three times.

    >>> import bpkit as bp
    >>> round(prove_product(bp.examples.article.problem, ("dE/dout_o1", "dout_o1/dnet_o1")).derived, 6)
    0.136527
    """
    proofs = [prove(problem, factor) for factor in factors]
    derived, measured, precise = (
        math.prod(getattr(proof, way) for proof in proofs) for way in ("derived", "measured", "precise")
    )
    return Proof(" · ".join(factors), derived, measured, precise)


@lru_cache(maxsize=128)
def _as_read(derivation: Derivation) -> Callable[..., dict[str, Any]]:
    """The readable right sides (not the stable ones that ``evaluate`` computes) as one function on mpmath numbers."""
    body = [f"{identifier(step.name)} = {code(computable(step.rhs))}" for step in derivation]
    body.append(f"return {', '.join(map(identifier, derivation.by_name))},")
    run = at_high_precision(compiled("run", derivation.program.givens, body))
    return lambda **givens: dict(zip(derivation.by_name, run(**givens)))


def _exactly(problem: Problem) -> dict[str, Any]:
    """The given numbers as they are written: 0.1 is one tenth."""
    single = {name: value for name, value in problem.givens.items() if isinstance(value, int | float)}
    return {name: mpmath.mpf(repr(float(value))) for name, value in single.items()}


@lru_cache(maxsize=256)
def precise_values(problem: Problem) -> Mapping[str, Any]:
    """Every quantity of one sample at 50 digits.

    >>> import bpkit as bp
    >>> mpmath.nstr(precise_values(bp.examples.article.problem)["E_total"], 12)
    '0.233452838119'
    """
    with mpmath.workdps(DIGITS):
        return MappingProxyType(_as_read(problem.derivation)(**_exactly(problem)))
