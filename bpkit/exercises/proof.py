"""A key proven three ways: the derivation, a difference quotient (or the matrix form), and 50 digits."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import Any

import mpmath

from bpkit.core.code import code, identifier
from bpkit.core.derive import derive
from bpkit.core.matrix_run import matrix_gradient, predict
from bpkit.core.network import Network
from bpkit.core.numeric import evaluate, evaluate_given
from bpkit.core.problem import Problem

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
    """Find a quantity three times: by derivation, by nudging (where it is no slope: by matrices), and at 50 digits
    from the lines as they are read. On a batch it is a derivative by a parameter, the mean over the samples."""
    name = derive(problem.network).target(quantity).name
    if problem.is_batch:
        each = [precise_values(problem.sample(row))[name] for row in range(len(problem.inputs))]
        return Proof(name, evaluate(problem)[name], _measured(problem, name, {}), float(mpmath.fsum(each) / len(each)))
    precise = precise_values(problem)
    return Proof(name, evaluate(problem)[name], _measured(problem, name, precise), float(precise[name]))


def prove_after(problem: Problem) -> Proof:
    """The loss after one update: as it is trained, by nudged updates and matrices, and at 50 digits."""
    names = problem.network.parameters
    nudged = problem.replace(**{name: _measured(problem, f"{name}_new", {}) for name in names})
    precise = precise_values(problem)
    with mpmath.workdps(DIGITS):
        givens = {name: mpmath.mpf(repr(value)) for name, value in problem.givens.items()}
        new = {
            name: precise[f"{name}_new"] if problem.train_biases or name in problem.network.weights else givens[name]
            for name in names
        }
        exact = _precise_function(problem.network)(**{**givens, **new})["E_total"]
    return Proof("E_total", evaluate(problem.updated())["E_total"], matrix_gradient(nudged)[0], float(exact))


def _measured(problem: Problem, name: str, precise: Mapping[str, Any]) -> float:
    """A slope as a difference quotient, a new parameter by such a slope, and forward quantities by matrices."""
    if name.endswith("_new"):
        parameter = name.removesuffix("_new")
        if parameter in problem.network.biases and not problem.train_biases:
            return problem.parameters[parameter]
        slope = _quotient(problem, "E_total", parameter)
        return problem.parameters[parameter] - problem.learning_rate * slope
    if "/" in name:
        above, below = name.split("/")
        return _quotient(problem, above[1:], below[1:])
    kind, _, neuron = name.partition("_")
    if kind == "E":
        whole = matrix_gradient(problem)[0]
        others = [o for o in problem.network.outputs if o != neuron]
        return whole if neuron == "total" else whole - sum(float(precise[f"E_{other}"]) for other in others)
    return _by_matrices(problem, kind, neuron)


def _quotient(problem: Problem, above: str, below: str) -> float:
    """(A(B + h) - A(B - h)) / 2h, where B is a parameter or any quantity of the forward pass."""
    if below in problem.network.parameters:
        at = problem.parameters[below]
        high, low = (evaluate(problem.replace(**{below: at + sign * STEP}))[above] for sign in (1, -1))
    else:
        at = evaluate(problem)[below]
        high, low = (evaluate_given(problem, {below: at + sign * STEP})[above] for sign in (1, -1))
    return float((high - low) / (2 * STEP))


def _by_matrices(problem: Problem, kind: str, neuron: str) -> float:
    """A net input or an output as the matrix form predicts it for the network cut off behind that layer."""
    network = problem.network
    depth = next(i for i, layer in enumerate(network.layers) if neuron in layer)
    activations = list(network.activations[:depth])
    if kind == "net":
        activations[-1:] = ["identity"]  # type: ignore[list-item]  # names are as good as activations
    short = Network(*network.sizes[: depth + 1], activation=activations, bias="neuron")
    parameters = {}
    for before, after, own_before, own_after in zip(network.layers, network.layers[1:], short.layers, short.layers[1:]):
        for target, own_target in zip(after, own_after):
            bias = network.bias_of.get(target)
            parameters[short.bias_of[own_target]] = problem.parameters[bias] if bias else 0.0
            for source, own_source in zip(before, own_before):
                weight = network.weight_of[source, target]
                parameters[short.weight_of[own_source, own_target]] = problem.parameters[weight]
    cut = Problem(short, parameters, problem.inputs, [0.0] * short.sizes[-1])
    return float(predict(cut, [problem.inputs])[0, network.layers[depth].index(neuron)])


def prove_product(problem: Problem, factors: tuple[str, ...]) -> Proof:
    """The product of the factors along one path, each of them found three times."""
    proofs = [prove(problem, factor) for factor in factors]
    derived, measured, precise = (
        math.prod(getattr(proof, way) for proof in proofs) for way in ("derived", "measured", "precise")
    )
    return Proof(" · ".join(factors), derived, measured, precise)


@lru_cache(maxsize=128)
def _precise_function(network: Network) -> Callable[..., dict[str, Any]]:
    """The readable right sides (not the stable ones that ``evaluate`` computes) as one function on mpmath numbers."""
    steps = derive(network)
    body = [f"    {identifier(step.name)} = {code(step.rhs)}" for step in steps]
    back = ", ".join(f"{step.name!r}: {identifier(step.name)}" for step in steps)
    text = "\n".join([f"def run({', '.join(network.givens)}):", *body, f"    return {{{back}}}"])
    names = ("exp", "log", "tanh", "cosh", "sinh", "sqrt")
    module: dict[str, Any] = {name: getattr(mpmath, name) for name in names}
    exec(compile(text, "<bpkit at 50 digits>", "exec"), module)
    run: Callable[..., dict[str, Any]] = module["run"]
    return run


@lru_cache(maxsize=256)
def precise_values(problem: Problem) -> Mapping[str, Any]:
    """Every quantity of one sample at 50 digits, from the numbers as they are written (0.1 is one tenth)."""
    with mpmath.workdps(DIGITS):
        givens = {name: mpmath.mpf(repr(value)) for name, value in problem.givens.items()}
        return MappingProxyType(_precise_function(problem.network)(**givens))
