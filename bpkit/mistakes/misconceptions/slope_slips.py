"""Slips with the slopes of activations."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import sympy as sp

from bpkit.core.chain_rule import Step
from bpkit.core.derivation import Derivation
from bpkit.core.expressions import ONE, OUT, Z, put, total
from bpkit.core.functions import activation
from bpkit.core.quantities import Quantity, Role
from bpkit.mistakes.misconceptions.look_alikes import near
from bpkit.mistakes.misconceptions.rule import Shapes, misconception
from bpkit.mistakes.misconceptions.whereabouts import (
    activation_of,
    adjoint,
    at,
    beside,
    derivative,
    ends,
    hidden_deltas,
    joint,
    last_block,
    last_hidden,
    layer,
    of_layers,
    output_deltas,
    own_slope,
    places,
    row,
    slopes_of_loss,
)
from bpkit.mistakes.rewrite import Edit, becomes, instead, only, times, without


@misconception(
    "forgets the output slope",
    "leave out the slope of the output",
    "going back through the output neuron, multiply by the slope of its activation",
    rank=1,
)
def output_slope_forgotten(d: Derivation) -> Shapes:
    """dE/dout instead of dE/dnet at the outputs.

    >>> import bpkit as bp
    >>> output_slope_forgotten.written(bp.examples.article.problem, "dE_o1/dnet_o1")
    'dE_o1/dout_o1'
    """
    edits: dict[str, Edit] = {}
    for step in output_deltas(d):
        error, net = ends(step)
        if (out := beside(d, net, "out")) and (slope := derivative(d, error, out)):
            edits[step.name] = becomes(slope.lhs)
    yield "", edits


@misconception(
    "forgets the hidden slope",
    "leave out the slope of the hidden neuron",
    "going back through a hidden neuron, multiply by the slope of its activation",
    rank=1,
)
def hidden_slope_forgotten(d: Derivation) -> Shapes:
    """dE/dout instead of dE/dnet in hidden layers.

    >>> import bpkit as bp
    >>> hidden_slope_forgotten.written(bp.examples.article.problem, "dE_total/dnet_h1")
    'dE_total/dout_h1'
    """
    several = last_block(d) > 2
    for where, layers in places(d, 1, last_hidden(d)):
        yield where if several else "", _with_slopes(d, hidden_deltas(d, layers), without)


def _with_slopes(d: Derivation, deltas: list[Step], edit: Callable[[sp.Symbol], Edit]) -> dict[str, Edit]:
    """Edits of deltas, made from the slope of the neuron itself."""
    slopes = ((step.name, own_slope(d, ends(step)[1])) for step in deltas)
    return {name: edit(slope.lhs) for name, slope in slopes if slope}


@misconception(
    "counts the output slope twice",
    "multiply by the slope of the output twice",
    "the delta contains this slope already",
)
def output_slope_twice(d: Derivation) -> Shapes:
    """The slope a second time, on a delta that has it already.

    >>> import bpkit as bp
    >>> output_slope_twice.written(bp.examples.article.problem, "dE_o1/dnet_o1")
    'dout_o1/dnet_o1 · (dE_o1/dout_o1 · dout_o1/dnet_o1)'
    """
    yield "", _with_slopes(d, output_deltas(d), times)


def _slopes(d: Derivation, edit: Callable[[Quantity], Edit], last: int | None = None) -> Shapes:
    """The same edit of every slope with respect to a net input, which it gets."""
    for where, layers in places(d, last=last):
        yield where, {s.name: edit(ends(s)[1]) for s in at(d, Role.SLOPE, "net", layers)}


@misconception(
    "takes the slope at net",
    "put the net input into the formula of the slope",
    "this formula needs the output of the neuron",
)
def slope_at_net(d: Derivation) -> Shapes:
    """net·(1 - net): the formula in out, filled with net.

    >>> import bpkit as bp
    >>> slope_at_net.written(bp.examples.article.problem, "dout_o1/dnet_o1")
    'net_o1 · (1 - net_o1)'
    """
    pairs = ((step.quantity, beside(d, step.quantity, "net")) for step in at(d, Role.FORWARD, "out"))
    names = {out.name: net.name for out, net in pairs if net}
    yield from _slopes(d, lambda net: instead(names))


@misconception(
    "applies the slope function to out",
    "take the slope of the activation at the output instead of at the net input",
    "the output is already the activation at the net input, so the slope is taken there too",
)
def slope_of_out(d: Derivation) -> Shapes:
    """f'(out): the slope function, given out where it wants net.

    >>> import bpkit as bp
    >>> slope_of_out.written(bp.examples.article.problem, "dout_o1/dnet_o1")
    '(1 - 1 / (1 + exp(-out_o1))) / (1 + exp(-out_o1))'
    """

    def edit(net: Quantity) -> Edit:
        activation, out = activation_of(d, net), _out(d, net)
        if activation is None:
            return lambda rhs: rhs
        return becomes(put(activation.slope, {OUT: put(activation.stable, {Z: out}), Z: out}))

    yield from _slopes(d, edit, last_block(d) - joint(d))


@misconception(
    "gives the slope function the gradient that comes back",
    "put the derivative that comes back into the formula of the slope",
    "the slope is that of the activation at the net input of the neuron",
    rank=3,
)
def slope_of_what_comes_back(d: Derivation) -> Shapes:
    """f'(dE/dout) instead of f'(net); or the formula in out, filled with dE/dout.

    >>> import bpkit as bp
    >>> slope_of_what_comes_back.written(bp.examples.article.problem, "dout_o1/dnet_o1")
    '(1 - 1 / (1 + exp(-dE_total/dout_o1))) / (1 + exp(-dE_total/dout_o1))'
    """

    @cache
    def at_back(net: str, way: int) -> Edit:
        return lambda rhs: written(d.quantities[net], way, rhs)  # only where it is asked, as choices take long

    def written(net: Quantity, way: int, rhs: sp.Expr) -> sp.Expr:
        activation, out = activation_of(d, net), beside(d, net, "out")
        back = adjoint(d, out) if out else None
        if back is None or activation is None:
            return rhs
        value = put(activation.stable, {Z: back.lhs})
        if way == 2:  # f(1 - f(dE/dout)): the formula applied to what comes back as a whole
            return put(activation.stable, {Z: total(ONE, -value)})
        return put(activation.slope, {OUT: value if way == 0 else back.lhs, Z: back.lhs})

    if all(step.rhs.is_number for step in slopes_of_loss(d)):  # nothing comes back but a constant
        return
    for way in range(3):
        yield from _slopes(d, lambda net, way=way: at_back(net.name, way), last_block(d) - joint(d))  # type: ignore[misc]
    hidden = hidden_deltas(d)
    for way in (0, 2):  # the slope alone is sent on, without what it multiplies
        alone = {step.name: at_back(ends(step)[1].name, way) for step in hidden}
        yield "and do not multiply by it", alone


_SIGMOID = (
    "uses the sigmoid's slope",
    "use the slope of the sigmoid",
    "that is out · (1 − out), which belongs to another activation",
)


@misconception(*_SIGMOID)
def sigmoids_slope(d: Derivation) -> Shapes:
    """out·(1 - out), whatever the activation is.

    >>> import bpkit as bp
    >>> sigmoids_slope.written(bp.Network(1, 1, 1, activation=["tanh", "sigmoid"]), "dout_h1/dnet_h1")
    'out_h1 · (1 - out_h1)'
    """
    if _has_sigmoid(d):
        yield from _of_sigmoids(d)


@misconception(*_SIGMOID, rank=3)
def sigmoids_slope_from_elsewhere(d: Derivation) -> Shapes:
    """The same where no neuron is a sigmoid, so that it is hardly ever met.

    >>> import bpkit as bp
    >>> sigmoids_slope_from_elsewhere.written(bp.Network(1, 1, activation="tanh"), "dout_o1/dnet_o1")
    'out_o1 · (1 - out_o1)'
    """
    if not _has_sigmoid(d):
        yield from _of_sigmoids(d)


def _of_sigmoids(d: Derivation) -> Shapes:
    yield from _slopes(d, lambda net: becomes(_sigmoids(_out(d, net))))


def _sigmoids(out: sp.Symbol) -> sp.Expr:
    return put(activation("sigmoid").slope, {OUT: out})


def _out(d: Derivation, net: Quantity) -> sp.Symbol:
    """The output of the neuron that a net input belongs to."""
    out = beside(d, net, "out")
    return out.symbol if out else net.symbol


def _has_sigmoid(d: Derivation) -> bool:
    slopes = at(d, Role.SLOPE, "net", range(1, last_block(d) + 1 - joint(d)))
    return any(step.rhs == _sigmoids(_out(d, ends(step)[1])) for step in slopes)


@misconception(
    "takes a part of the slope",
    "use only one factor of the slope",
    "the slope is the product of both factors, such as out · (1 − out)",
)
def part_of_slope(d: Derivation) -> Shapes:
    """Of the two factors of a slope, one is forgotten: out, or 1 - out.

    >>> import bpkit as bp
    >>> part_of_slope.written(bp.examples.article.problem, "dout_o1/dnet_o1")
    'out_o1'
    """
    yield from _slopes(d, lambda net: lambda rhs: rhs.args[0] if rhs.is_Mul else rhs)
    yield from _slopes(d, lambda net: lambda rhs: rhs.args[-1] if rhs.is_Mul else rhs)


@misconception(
    "takes another neuron's slope",
    "use the slope of another neuron",
    "each neuron has the slope that belongs to its own output",
)
def other_neurons_slope(d: Derivation) -> Shapes:
    """The slope of the neuron beside it.

    >>> import bpkit as bp
    >>> other_neurons_slope.written(bp.examples.article.problem, "dout_o1/dnet_o1")
    'out_o2 · (1 - out_o2)'
    """
    for step in at(d, Role.SLOPE, "net"):
        out, net = ends(step)
        for other in row(d, net.block) if net.neuron == out.neuron else ():
            if near(other, net) and (beside_it := beside(d, other, "out")):
                names = {net.name: other.name, out.name: beside_it.name}
                yield f"that of {other.neuron} instead of {net.neuron}", {step.name: instead(names)}


@misconception(
    "takes only the diagonal of the softmax slope",
    "use only the slope of each output with respect to its own net input",
    "with softmax each net input moves every output",
)
def softmax_diagonal(d: Derivation) -> Shapes:
    """Only the softmax slope of an output with respect to its own net input.

    >>> import bpkit as bp
    >>> softmax_diagonal.written(bp.Network(1, 2, activation="softmax", loss="cross_entropy"), "dE_total/dnet_o1")
    'dE_total/dout_o1 · dout_o1/dnet_o1'
    """
    if joint(d):
        yield "", _with_slopes(d, output_deltas(d), lambda slope: only(slope.name))


@misconception(
    "takes the slope of another layer",
    "use the slope of a neuron in another layer",
    "each neuron has the slope that belongs to its own output",
    rank=3,
)
def other_layers_slope(d: Derivation) -> Shapes:
    """The slopes of a neighbouring layer: of the neuron beside it, for the whole layer or for one neuron.

    >>> import bpkit as bp
    >>> other_layers_slope.written(bp.examples.article.problem, "dout_h1/dnet_h1")
    'out_o1 · (1 - out_o1)'
    """
    last = last_block(d) if of_layers(d) else 0
    for depth in range(1, last + 1):
        for other in (depth - 1, depth + 1):
            if 1 <= other <= last:
                wrong = _of_row(d, depth, other)
                yield f"{layer(d, other)} instead of {layer(d, depth)}", wrong
                if other > depth:
                    yield f"{layer(d, depth)} and {layer(d, other)} exchanged", {**wrong, **_of_row(d, other, depth)}
                for line, edit in wrong.items() if len(wrong) > 1 else ():
                    yield f"{layer(d, other)} instead of {layer(d, depth)}, for one neuron", {line: edit}


def _of_row(d: Derivation, own: int, other: int) -> dict[str, Edit]:
    """The slopes of one layer become those of another, neuron by neuron; its last one is taken for missing ones."""
    slopes, theirs = ([own_slope(d, net) for net in row(d, block)] for block in (own, other))
    pairs = zip(slopes, [*theirs, *theirs[-1:] * len(slopes)])
    return {slope.name: becomes(wrong.rhs) for slope, wrong in pairs if slope and wrong}
