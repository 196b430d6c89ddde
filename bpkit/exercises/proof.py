"""A key proven three ways: the derivation, a difference quotient (or arrays of NumPy), and 50 digits."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import Any

import mpmath
import numpy as np

from bpkit.core.code import code, identifier
from bpkit.core.derivation import Derivation
from bpkit.core.expressions import OUT, K, Y, Z
from bpkit.core.functions import Activation
from bpkit.core.losses import Loss
from bpkit.core.numeric import evaluate, evaluate_given
from bpkit.core.problem import Problem
from bpkit.core.program import compiled
from bpkit.core.runtime import at_high_precision
from bpkit.mistakes.rewrite import computable
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
    from the lines as they are read. On a batch it is a parameter's derivative, the mean over the samples."""
    name = problem.derivation.target(quantity).name
    if problem.is_batch:
        each = [precise_values(problem.sample(row))[name] for row in range(len(problem.inputs))]
        precise = mpmath.fsum(each) / len(each)
    else:
        precise = precise_values(problem)[name]
    return Proof(name, evaluate(problem)[name], _measured(problem, name), float(precise))


def prove_after(problem: Problem) -> Proof:
    """The loss after one update: as it is trained, by nudged updates and arrays, and at 50 digits."""
    follows = replaced(problem.derivation)
    nudged = problem.replace(**{name: _measured(problem, new) for new, name in follows.items()})
    precise, run = precise_values(problem), _as_read(problem.derivation)
    with mpmath.workdps(DIGITS):
        after = run(**{**_exactly(problem), **{name: precise[new] for new, name in follows.items()}})
    return Proof(
        "E_total", evaluate(problem.updated())["E_total"], _by_arrays(nudged)["total"], float(after["E_total"])
    )


def _measured(problem: Problem, name: str) -> float:
    """A slope as a difference quotient, a new parameter by such a slope, and forward quantities by arrays."""
    step = problem.derivation[name]
    quantity = step.quantity
    if quantity.of and quantity.by:
        return _quotient(problem, quantity.of.name, quantity.by.name)
    if quantity.of:
        old = problem.parameters[quantity.of.name]
        slope = _quotient(problem, "E_total", quantity.of.name) if step.uses else 0.0
        return old - problem.learning_rate * slope
    found = _by_arrays(problem)[quantity.tag]
    if quantity.tag == "total":
        return float(found)
    return float(found[quantity.block - 1 if quantity.tag != "error" else 0][quantity.index[-1] - 1])


def _quotient(problem: Problem, above: str, below: str) -> float:
    """(A(B + h) - A(B - h)) / 2h, where B is a parameter or any quantity of the forward pass."""
    if below in problem.network.parameters:
        at = problem.parameters[below]
        high, low = (evaluate(problem.replace(**{below: at + sign * STEP}))[above] for sign in (1, -1))
    else:
        at = evaluate(problem)[below]
        high, low = (evaluate_given(problem, {below: at + sign * STEP})[above] for sign in (1, -1))
    return float((high - low) / (2 * STEP))


def prove_product(problem: Problem, factors: tuple[str, ...]) -> Proof:
    """The product of the factors along one path, each of them found three times."""
    proofs = [prove(problem, factor) for factor in factors]
    derived, measured, precise = (
        math.prod(getattr(proof, way) for proof in proofs) for way in ("derived", "measured", "precise")
    )
    return Proof(" · ".join(factors), derived, measured, precise)


def _by_arrays(problem: Problem) -> dict[str, Any]:
    """Net inputs and outputs layer by layer, errors and their sum, as NumPy has them: signal @ W + b."""
    network, arrays, signal = problem.network, problem.arrays("x @ W"), problem.inputs
    nets, outs = [], []
    for layer, activation in enumerate(network.activations, 1):
        nets.append(signal @ arrays[f"W{layer}"] + arrays.get(f"b{layer}", 0.0))
        signal = np.exp(nets[-1]) if activation.joint else _function(activation)(nets[-1])
        outs.append(signal := signal / signal.sum(axis=-1, keepdims=True) if activation.joint else signal)
    targets = problem.targets if network.targets else np.zeros_like(signal)
    errors = _function(network.loss)(signal, targets, signal.shape[-1])
    return {"net": nets, "out": outs, "error": [errors], "total": float(np.mean(errors.sum(axis=-1)))}


@lru_cache(maxsize=64)
def _function(own: Activation | Loss) -> Callable[..., Any]:
    """An activation or a loss by itself, on arrays."""
    symbols = (Z,) if isinstance(own, Activation) else (OUT, Y, K)
    return compiled("run", map(str, symbols), [f"return {code(computable(own.expr), True)}"], arrays=True)


@lru_cache(maxsize=128)
def _as_read(derivation: Derivation) -> Callable[..., dict[str, Any]]:
    """The readable right sides (not the stable ones that ``evaluate`` computes) as one function on mpmath numbers."""
    body = [f"{identifier(step.name)} = {code(computable(step.rhs))}" for step in derivation]
    body.append(f"return {', '.join(map(identifier, derivation.by_name))},")
    run = at_high_precision(compiled("run", derivation.program.givens, body))
    return lambda **givens: dict(zip(derivation.by_name, run(**givens)))


def _exactly(problem: Problem) -> dict[str, Any]:
    """The given numbers as they are written: 0.1 is one tenth."""
    return {name: mpmath.mpf(repr(float(value))) for name, value in problem.givens.items()}


@lru_cache(maxsize=256)
def precise_values(problem: Problem) -> Mapping[str, Any]:
    """Every quantity of one sample at 50 digits."""
    with mpmath.workdps(DIGITS):
        return MappingProxyType(_as_read(problem.derivation)(**_exactly(problem)))
