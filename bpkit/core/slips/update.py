"""Slips with the update, and answers to another question."""

from __future__ import annotations

import sympy as sp

from bpkit.core.derivation import Derivation
from bpkit.core.expressions import MINUS, product, total
from bpkit.core.rewrites import Edit, S, becomes, times, without
from bpkit.core.slips.places import Shapes, depths, mistake, places


@mistake(
    "adds the gradient",
    "add the gradient",
    "the update subtracts it, and adding makes the loss grow",
)
def gradient_added(d: Derivation) -> Shapes:
    """w + learning rate · dE/dw."""
    yield "", {step.name: without(MINUS) for step in d if step.kind == "update"}


@mistake(
    "forgets the learning rate",
    "forget to multiply by the learning rate",
    "an update subtracts the learning rate times the derivative",
)
def rate_forgotten(d: Derivation) -> Shapes:
    """w - dE/dw."""
    yield "", {step.name: without("learning_rate") for step in d if step.kind == "update"}


@mistake(
    "keeps the old value",
    "keep the old value",
    "that is the value from before the update, unchanged",
)
def value_kept(d: Derivation) -> Shapes:
    """Nothing is updated."""
    yield "", {f"{name}_new": becomes(name) for name in d.network.parameters}


@mistake(
    "gives the derivative instead of the new value",
    "give the derivative",
    "the question asks for the new value, which is the old value minus the learning rate times this derivative",
)
def derivative_as_value(d: Derivation) -> Shapes:
    """The derivative, where the new value was asked."""
    for name in d.network.parameters:
        yield "", {f"{name}_new": becomes(f"dE_total/d{name}")}


@mistake(
    "gives the new value instead of the derivative",
    "give the parameter after its update",
    "the question asks for the derivative",
)
def value_as_derivative(d: Derivation) -> Shapes:
    """The new value, where the derivative was asked."""
    for name in d.network.parameters:
        yield "", {f"dE_total/d{name}": _step_from(S(name))}


def _step_from(start: sp.Expr) -> Edit:
    return lambda rhs: total(start, product(MINUS, S("learning_rate"), rhs))


@mistake(
    "gives the change instead of what was asked",
    "give the learning rate times the derivative",
    "that is how far the parameter moves, and neither its derivative nor its new value",
)
def change_as_value(d: Derivation) -> Shapes:
    """Learning rate · dE/dw, not yet taken from w; asked for the derivative, learning rate and all."""
    for name in d.network.parameters:
        change = product(S("learning_rate"), S(f"dE_total/d{name}"))
        yield "", {f"{name}_new": becomes(change)}
        yield "with its minus", {f"{name}_new": becomes(product(MINUS, change))}
        yield "", {f"dE_total/d{name}": times("learning_rate")}


@mistake(
    "updates the biases",
    "update the biases too",
    "in this problem the biases keep their values",
)
def biases_updated(d: Derivation) -> Shapes:
    """The biases learn too, though the problem keeps them."""
    yield "", {f"{b}_new": _step_to(b) for b in d.network.biases}


def _step_to(bias: str) -> Edit:
    full = total(S(bias), product(MINUS, S("learning_rate"), S(f"dE_total/d{bias}")))
    return lambda rhs: full if rhs == S(bias) else rhs


@mistake(
    "keeps the biases",
    "leave the biases as they are",
    "in this problem the biases learn as the weights do",
)
def biases_kept(d: Derivation) -> Shapes:
    """The biases stay, though the problem trains them."""
    yield "", {f"{bias}_new": becomes(bias) for bias in d.network.biases}


@mistake(
    "keeps the hidden weights",
    "leave the hidden weights unchanged",
    "all layers learn in the same update",
)
def hidden_kept(d: Derivation) -> Shapes:
    """The output layer alone learns; or of several hidden layers one does not."""
    last = len(d.network.layers) - 1
    for where, layers in places(d.network, 1, last - 1):
        place = [where] if last > 2 and where else []
        yield ", ".join(place), _kept(d, layers)
        yield ", ".join([*place, "the biases learn"]), _kept(d, layers, biases=False)


@mistake(
    "keeps the output weights",
    "leave the output weights unchanged",
    "all layers learn in the same update",
)
def output_kept(d: Derivation) -> Shapes:
    """The hidden layers alone learn."""
    last = len(d.network.layers) - 1
    if last > 1:
        yield "", _kept(d, range(last, last + 1))
        yield "the biases learn", _kept(d, range(last, last + 1), biases=False)


def _kept(d: Derivation, layers: range, biases: bool = True) -> dict[str, Edit]:
    """Nothing that feeds the neurons of some layers is updated; or the biases alone are."""
    depth = depths(d.network)
    names = [name for name, (_, neuron) in d.network.weights.items() if depth[neuron] in layers]
    names += [bias for bias, (first, *_) in d.network.biases.items() if biases and depth[first] in layers]
    return {f"{name}_new": becomes(name) for name in names}


@mistake(
    "uses the already updated weights",
    "use the new weights of the later layer on the way back",
    "every derivative is taken at the old weights",
)
def already_updated(d: Derivation) -> Shapes:
    """The new weights after a layer, where the derivatives before it need the old ones."""
    edits = {step.name: becomes(f"{step.rhs.name}_new") for step in d if step.kind == "dnet/dout"}
    yield "", edits
