"""Slips with the update, and answers to another question."""

from __future__ import annotations

import sympy as sp

from bpkit.core.derivation import Derivation
from bpkit.core.expressions import MINUS, product, total
from bpkit.core.quantities import Role
from bpkit.core.updates import GradientDescent
from bpkit.mistakes.misconceptions.rule import Shapes, Shows, at, misconception, new_values, places
from bpkit.mistakes.rewrite import Edit, S, becomes, times, without


@misconception(
    "adds the gradient", "add the gradient", "the update subtracts it, and adding makes the loss grow", rank=1
)
def gradient_added(d: Derivation) -> Shapes:
    """w + learning rate · dE/dw."""
    yield "", {step.name: without(MINUS) for step in new_values(d).values()}


@misconception(
    "forgets the learning rate",
    "forget to multiply by the learning rate",
    "what an update subtracts is multiplied by the learning rate",
    rank=1,
)
def rate_forgotten(d: Derivation) -> Shapes:
    """w - dE/dw."""
    yield "", {step.name: without("learning_rate") for step in new_values(d).values()}


@misconception(
    "keeps the old value", "keep the old value", "that is the value from before the update, unchanged", rank=1
)
def value_kept(d: Derivation) -> Shapes:
    """Nothing is updated."""
    yield "", _kept(d)


@misconception(
    "gives the derivative instead of the new value",
    "give the derivative",
    "the question asks for the new value, which is the old value minus the learning rate times this derivative",
    rank=1,
    shows=Shows.ANSWER,
)
def derivative_as_value(d: Derivation) -> Shapes:
    """The derivative, where the new value was asked."""
    for name, step in new_values(d).items() if _plain(d) else ():
        yield "", {step.name: becomes(f"dE_total/d{name}")}


def _plain(d: Derivation) -> bool:
    """Does an update subtract the learning rate times the derivative, and nothing else?"""
    return d.update == GradientDescent()


@misconception(
    "gives the new value instead of the derivative",
    "give the parameter after its update",
    "the question asks for the derivative",
    rank=1,
    shows=Shows.ANSWER,
)
def value_as_derivative(d: Derivation) -> Shapes:
    """The new value, where the derivative was asked."""
    for name in d.network.parameters if _plain(d) else ():
        yield "", {f"dE_total/d{name}": _step_from(S(name))}


def _step_from(start: sp.Expr) -> Edit:
    return lambda rhs: total(start, product(MINUS, S("learning_rate"), rhs))


@misconception(
    "gives the change instead of what was asked",
    "give the learning rate times the derivative",
    "that is how far the parameter moves, and neither its derivative nor its new value",
    rank=1,
    shows=Shows.ANSWER,
)
def change_as_value(d: Derivation) -> Shapes:
    """Learning rate · dE/dw, not yet taken from w; asked for the derivative, learning rate and all."""
    for name, step in new_values(d).items() if _plain(d) else ():
        change = product(S("learning_rate"), S(f"dE_total/d{name}"))
        yield "", {step.name: becomes(change)}
        yield "with its minus", {step.name: becomes(product(MINUS, change))}
        yield "", {f"dE_total/d{name}": times("learning_rate")}


@misconception("updates the biases", "update the biases too", "in this problem the biases keep their values")
def biases_updated(d: Derivation) -> Shapes:
    """The biases learn too, though the problem keeps them."""
    edits = {}
    for name in d.network.biases:
        lines = [*d.update.lines(d.quantities[name], S(f"dE_total/d{name}"))]
        if len(lines) == 1:  # a rule that remembers something would need lines of its own
            edits[new_values(d)[name].name] = _learning(S(name), lines[0][1])
    yield "", edits


def _learning(bias: sp.Symbol, full: sp.Expr) -> Edit:
    return lambda rhs: full if rhs == bias else rhs


@misconception("keeps the biases", "leave the biases as they are", "in this problem the biases learn as the weights do")
def biases_kept(d: Derivation) -> Shapes:
    """The biases stay, though the problem trains them."""
    yield "", _kept(d, tags=("bias",))


@misconception(
    "keeps the hidden weights",
    "leave the hidden weights unchanged",
    "all layers learn in the same update",
    shows=Shows.TRAINING,
)
def hidden_kept(d: Derivation) -> Shapes:
    """The output layer alone learns; or of several hidden layers one does not."""
    last = len(d.network.layers) - 1
    for where, layers in places(d.network, 1, last - 1):
        place = [where] if last > 2 and where else []
        yield ", ".join(place), _kept(d, layers)
        yield ", ".join([*place, "the biases learn"]), _kept(d, layers, tags=("weight",))


@misconception(
    "keeps the output weights",
    "leave the output weights unchanged",
    "all layers learn in the same update",
    shows=Shows.TRAINING,
)
def output_kept(d: Derivation) -> Shapes:
    """The hidden layers alone learn."""
    last = len(d.network.layers) - 1
    if last > 1:
        yield "", _kept(d, range(last, last + 1))
        yield "the biases learn", _kept(d, range(last, last + 1), tags=("weight",))


def _kept(d: Derivation, layers: range | None = None, tags: tuple[str, ...] = ("weight", "bias")) -> dict[str, Edit]:
    """Parameters that keep their values: those of a tag, those that feed the neurons of some layers."""
    lines = [(name, step) for name, step in new_values(d).items() if step.quantity.tag in tags]
    return {step.name: becomes(name) for name, step in lines if layers is None or step.quantity.block in layers}


@misconception(
    "uses the already updated weights",
    "use the new weights of the later layer on the way back",
    "every derivative is taken at the old weights",
    rank=1,
)
def already_updated(d: Derivation) -> Shapes:
    """The new weights after a layer, where the derivatives before it need the old ones."""
    lines = [step for tag in ("out", "input") for step in at(d, Role.SLOPE, tag, of="net")]
    yield "", {step.name: becomes(new_values(d)[step.rhs.name].name) for step in lines}
