"""Slips with the update, and answers to another question."""

from __future__ import annotations

import sympy as sp

from bpkit.core.derivation import Derivation
from bpkit.core.expressions import MINUS, product, total
from bpkit.core.rewrites import Edit, S, becomes, times, without
from bpkit.core.slips.places import Shapes


def gradient_added(d: Derivation) -> Shapes:
    """w + learning rate · dE/dw."""
    yield "", {step.name: without(MINUS) for step in d if step.kind == "update"}


def rate_forgotten(d: Derivation) -> Shapes:
    """w - dE/dw."""
    yield "", {step.name: without("learning_rate") for step in d if step.kind == "update"}


def value_kept(d: Derivation) -> Shapes:
    """Nothing is updated."""
    yield "", {f"{name}_new": becomes(name) for name in d.network.parameters}


def derivative_as_value(d: Derivation) -> Shapes:
    """The derivative, where the new value was asked."""
    for name in d.network.parameters:
        yield "", {f"{name}_new": becomes(f"dE_total/d{name}")}


def value_as_derivative(d: Derivation) -> Shapes:
    """The new value, where the derivative was asked."""
    for name in d.network.parameters:
        yield "", {f"dE_total/d{name}": _step_from(S(name))}


def _step_from(start: sp.Expr) -> Edit:
    return lambda rhs: total(start, product(MINUS, S("learning_rate"), rhs))


def change_as_value(d: Derivation) -> Shapes:
    """Learning rate · dE/dw, not yet taken from w; asked for the derivative, learning rate and all."""
    for name in d.network.parameters:
        change = product(S("learning_rate"), S(f"dE_total/d{name}"))
        yield "", {f"{name}_new": becomes(change)}
        yield "with its minus", {f"{name}_new": becomes(product(MINUS, change))}
        yield "", {f"dE_total/d{name}": times("learning_rate")}


def biases_updated(d: Derivation) -> Shapes:
    """The biases learn too, though the problem keeps them."""
    yield "", {f"{b}_new": _step_to(b) for b in d.network.biases}


def _step_to(bias: str) -> Edit:
    full = total(S(bias), product(MINUS, S("learning_rate"), S(f"dE_total/d{bias}")))
    return lambda rhs: full if rhs == S(bias) else rhs


def biases_kept(d: Derivation) -> Shapes:
    """The biases stay, though the problem trains them."""
    yield "", {f"{bias}_new": becomes(bias) for bias in d.network.biases}


def already_updated(d: Derivation) -> Shapes:
    """The new weights after a layer, where the derivatives before it need the old ones."""
    edits = {step.name: becomes(f"{step.rhs.name}_new") for step in d if step.kind == "dnet/dout"}
    yield "", edits
