"""Slips with the update, and answers to another question."""

from __future__ import annotations

from functools import partial

import sympy as sp

from bpkit.core.chain_rule import Step
from bpkit.core.derivation import Derivation
from bpkit.core.expressions import MINUS
from bpkit.core.quantities import Quantity, Role
from bpkit.core.updates import RATE, GradientDescent, new_value
from bpkit.mistakes.misconceptions.rule import Shapes, Shows, misconception
from bpkit.mistakes.misconceptions.whereabouts import (
    SIGNALS,
    SUMS,
    at,
    ends,
    gradients,
    last_block,
    new_values,
    places,
    signal_slopes,
)
from bpkit.mistakes.rewrite import Edit, S, becomes, instead_of, omitting, times, without


@misconception(
    "adds the gradient", "add the slope instead of subtracting it", "the update goes against the slope", rank=1
)
def gradient_added(d: Derivation) -> Shapes:
    """w + learning rate · dE/dw.

    >>> import bpkit as bp
    >>> gradient_added.written(bp.examples.article.problem, "w5_new")
    'w5 + learning_rate · dE_total/dw5'
    """
    yield "", {step.name: without(MINUS) for step in new_values(d).values()}


@misconception(
    "forgets the learning rate",
    "forget to multiply by the learning rate",
    "the update multiplies its step by the learning rate",
    rank=1,
)
def rate_forgotten(d: Derivation) -> Shapes:
    """The update subtracts the whole derivative: w - dE/dw.

    >>> import bpkit as bp
    >>> rate_forgotten.written(bp.examples.article.problem, "w5_new")
    'w5 - dE_total/dw5'
    """
    yield "", {step.name: without("learning_rate") for step in new_values(d).values()}


@misconception(
    "multiplies by the learning rate twice",
    "multiply by the learning rate twice",
    "the update multiplies by it once",
    rank=3,
)
def rate_twice(d: Derivation) -> Shapes:
    """w - learning rate² · dE/dw.

    >>> import bpkit as bp
    >>> rate_twice.written(bp.examples.article.problem, "w5_new")
    'w5 - learning_rate² · dE_total/dw5'
    """
    yield "", {step.name: instead_of(RATE, sp.Pow(RATE, 2)) for step in new_values(d).values()}


@misconception(
    "keeps the old value", "keep the old value", "that is the value from before the update, unchanged", rank=1
)
def value_kept(d: Derivation) -> Shapes:
    """Each parameter keeps its old value.

    >>> import bpkit as bp
    >>> value_kept.written(bp.examples.article.problem, "w5_new")
    'w5'
    """
    yield "", _kept(d)


@misconception(
    "gives the derivative instead of the new value",
    "give the derivative",
    "the question asks for the new value",
    rank=1,
    shows=Shows.ANSWER,
)
def derivative_as_value(d: Derivation) -> Shapes:
    """The derivative, where the new value was asked.

    >>> import bpkit as bp
    >>> derivative_as_value.written(bp.examples.article.problem, "w5_new")
    'dE_total/dw5'
    """
    slopes = gradients(d)
    for name, step in new_values(d).items() if _plain(d) else ():
        yield "", {step.name: becomes(slopes[name].lhs)}


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
    """The new value, where the derivative was asked.

    >>> import bpkit as bp
    >>> value_as_derivative.written(bp.Network(1, 1), "dE_total/dw1")
    'w1 - learning_rate · (dE_total/dnet_o1 · dnet_o1/dw1)'
    """
    for name, step in gradients(d).items() if _plain(d) else ():
        yield "", {step.name: partial(_stepped, d.quantities[name])}


def _stepped(parameter: Quantity, slope: sp.Expr) -> sp.Expr:
    """The new value by plain gradient descent."""
    _, value, _ = new_value(parameter, "", slope)
    return value


def change(parameter: Quantity, slope: sp.Expr) -> sp.Expr:
    """What plain gradient descent adds to the old value."""
    return omitting(parameter.name)(_stepped(parameter, slope))


@misconception(
    "gives the change instead of what was asked",
    "give the learning rate times the derivative",
    "that is the change of the parameter, not its derivative and not its new value",
    rank=1,
    shows=Shows.ANSWER,
)
def change_as_value(d: Derivation) -> Shapes:
    """Learning rate · dE/dw, not yet taken from w; asked for the derivative, learning rate and all.

    >>> import bpkit as bp
    >>> change_as_value.written(bp.examples.article.problem, "w5_new")
    'learning_rate · dE_total/dw5'
    """
    slopes = gradients(d)
    for name, step in new_values(d).items() if _plain(d) else ():
        added = change(d.quantities[name], slopes[name].lhs)
        yield "", {step.name: becomes(without(MINUS)(added))}
        yield "with its minus", {step.name: becomes(added)}
        yield "", {slopes[name].name: times(RATE)}


@misconception("updates the biases", "update the biases too", "in this problem the biases keep their values")
def biases_updated(d: Derivation) -> Shapes:
    """The biases learn too, though the problem keeps them.

    >>> import bpkit as bp
    >>> biases_updated.written(bp.examples.article.problem, "b1_new")
    'b1 - learning_rate · dE_total/db1'
    """
    edits, slopes = {}, gradients(d)
    for name, step in new_values(d).items():
        lines = [*d.update.lines(d.quantities[name], slopes[name].lhs)]
        if step.quantity.tag == "bias" and len(lines) == 1:  # a rule that remembers something needs lines of its own
            edits[step.name] = _learning(S(name), lines[0][1])
    yield "", edits


def _learning(bias: sp.Symbol, full: sp.Expr) -> Edit:
    return lambda rhs: full if rhs == bias else rhs


@misconception("keeps the biases", "leave the biases as they are", "in this problem the biases learn as the weights do")
def biases_kept(d: Derivation) -> Shapes:
    """The biases stay, though the problem trains them.

    >>> import bpkit as bp
    >>> biases_kept.written(bp.Network(1, 1), "b1_new")
    'b1'
    """
    yield "", _kept(d, tags=("bias",))


@misconception(
    "keeps the hidden weights",
    "leave the hidden weights unchanged",
    "all layers learn in the same update",
    shows=Shows.TRAINING,
)
def hidden_kept(d: Derivation) -> Shapes:
    """Only the output layer learns; or of several hidden layers one does not.

    >>> import bpkit as bp
    >>> hidden_kept.written(bp.examples.article.problem, "w1_new")
    'w1'
    """
    last = last_block(d)
    for where, layers in places(d, 1, last - 1):
        place = [where] if last > 2 and where else []
        yield ", ".join(place), _kept(d, layers)
        yield ", ".join([*place, "while the biases learn"]), _kept(d, layers, tags=("weight",))


@misconception(
    "keeps the output weights",
    "leave the output weights unchanged",
    "all layers learn in the same update",
    shows=Shows.TRAINING,
)
def output_kept(d: Derivation) -> Shapes:
    """Only the hidden layers learn.

    >>> import bpkit as bp
    >>> output_kept.written(bp.examples.article.problem, "w5_new")
    'w5'
    """
    last = last_block(d)
    if last > 1:
        yield "", _kept(d, range(last, last + 1))
        yield "while the biases learn", _kept(d, range(last, last + 1), tags=("weight",))


def _kept(d: Derivation, layers: range | None = None, tags: tuple[str, ...] = ("weight", "bias")) -> dict[str, Edit]:
    """Parameters that keep their values: those of a tag, those that feed the neurons of some layers."""
    lines = [(name, step) for name, step in new_values(d).items() if step.quantity.tag in tags]
    return {step.name: becomes(name) for name, step in lines if layers is None or step.quantity.block in layers}


_UPDATED = (
    "uses the already updated weights",
    "use the new weights of the later layer on the way back",
    "take every derivative at the old weights",
)


@misconception(*_UPDATED, rank=1)
def already_updated(d: Derivation) -> Shapes:
    """The new weights after a layer, where the derivatives before it need the old ones.

    >>> import bpkit as bp
    >>> already_updated.written(bp.examples.article.problem, "dnet_o1/dout_h1")
    'w5_new'
    """
    yield "", _at_new(d, signal_slopes(d))


@misconception(*_UPDATED, rank=3)
def already_updated_in_a_layer(d: Derivation) -> Shapes:
    """The same on the way back to one layer only, of several hidden ones."""
    for where, layers in places(d, 1, last_block(d) - 1) if last_block(d) > 2 else ():
        if where:
            yield where, _at_new(d, at(d, Role.SLOPE, SIGNALS, layers, of=SUMS))


def _at_new(d: Derivation, slopes: list[Step]) -> dict[str, Edit]:
    """The new weights between blocks; those within one are still needed for its own derivatives."""
    between = [step for step in slopes if ends(step)[0].block > ends(step)[1].block]
    return {step.name: becomes(new_values(d)[step.rhs.name].name) for step in between}
