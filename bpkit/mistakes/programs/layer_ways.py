"""Slips that programs of layers make with whole arrays, which no single number of a hand calculation shows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from bpkit.core.derivation import Derivation
from bpkit.core.expressions import MINUS, OUT, power, product, put, total
from bpkit.core.functions import activation
from bpkit.core.quantities import Role
from bpkit.mistakes.misconceptions.rule import Rule, Shapes, misconception
from bpkit.mistakes.misconceptions.update_slips import change, change_as_value
from bpkit.mistakes.misconceptions.whereabouts import (
    adjoint,
    at,
    beside,
    bias_in,
    ends,
    given,
    gradients,
    last_block,
    new_values,
    places,
)
from bpkit.mistakes.rewrite import Edit, Misconception, S, becomes, without

_TANH = activation("tanh").slope


@misconception(
    "compares a hidden layer with the target",
    "compare the output of a hidden layer with the target",
    "the target is for the last layer; a hidden neuron gets its error from the deltas after it, through the weights",
)
def target_of_hidden(d: Derivation) -> Shapes:
    """out − y for what comes back to a hidden output, of networks with one output, whose target fits any layer.

    >>> import bpkit as bp
    >>> target_of_hidden.written(bp.Network(1, 1, 1), "dE_total/dout_h1")
    'out_h1 - y1'
    """
    targets = given(d, "target")
    edits: dict[str, Edit] = {}
    for step in at(d, Role.ADJOINT, "out", range(1, last_block(d))) if len(targets) == 1 else ():
        edits[step.name] = becomes(total(ends(step)[1].symbol, product(MINUS, S(targets[0]))))
    yield "", edits


@misconception(
    "leaves out the brackets in the slope",
    "leave out the brackets around 1 − out",
    "without them the product comes first and out is subtracted from it",
)
def without_brackets(d: Derivation) -> Shapes:
    """back · out · 1 − out for the delta of a layer of sigmoids, or of all of them.

    >>> import bpkit as bp
    >>> without_brackets.written(bp.Network(1, 1, 1), "dE_total/dnet_h1")
    'dE_total/dout_h1 · out_h1 - out_h1'
    """
    layers: dict[int, dict[str, Edit]] = defaultdict(dict)
    for step in at(d, Role.ADJOINT, "net"):
        net = ends(step)[1]
        out = beside(d, net, "out")
        back = adjoint(d, out) if out else None
        if out and back and d.network.activations[net.block - 1].name == "sigmoid":
            delta = total(product(back.lhs, out.symbol), product(MINUS, out.symbol))
            layers[net.block][step.name] = becomes(delta)
    yield from (("", edits) for edits in layers.values())
    if len(layers) > 1:
        yield "in every layer", {name: edit for edits in layers.values() for name, edit in edits.items()}


@misconception(change_as_value.name, change_as_value.you, change_as_value.sentence)
def old_value_left_out(d: Derivation) -> Shapes:
    """Learning rate · dE/dw for each new value, with its minus or without.

    >>> import bpkit as bp
    >>> old_value_left_out.written(bp.examples.article.problem, "w5_new")
    'learning_rate · dE_total/dw5'
    """
    slopes = gradients(d)
    changes = {step.name: change(d.quantities[name], slopes[name].lhs) for name, step in new_values(d).items()}
    yield "", {name: becomes(without(MINUS)(one)) for name, one in changes.items()}
    yield "with its minus", {name: becomes(one) for name, one in changes.items()}


@misconception(
    "turns the update round",
    "subtract the old value from the step",
    "subtract the step, which is the learning rate times the derivative, from the old value",
)
def update_turned(d: Derivation) -> Shapes:
    """The opposite of each new value, as in rate · dE/dw - w.

    >>> import bpkit as bp
    >>> update_turned.written(bp.examples.article.problem, "w5_new")
    '-(w5 - learning_rate · dE_total/dw5)'
    """
    yield "", {step.name: becomes(product(MINUS, step.rhs)) for step in new_values(d).values()}


@misconception(
    "subtracts the bias", "subtract the bias", "the net input is the weighted sum plus the bias, whatever its sign"
)
def bias_subtracted(d: Derivation) -> Shapes:
    """w·x - b for the net inputs of a layer, or of all of them.

    >>> import bpkit as bp
    >>> bias_subtracted.written(bp.examples.article.problem, "net_h1")
    'w1 · x1 + w4 · x2 - b1'
    """
    for where, layers in places(d):
        biases = [(step, bias_in(d, step)) for step in at(d, Role.FORWARD, "net", layers)]
        signs = {step.name: {S(bias): product(MINUS, S(bias))} for step, bias in biases if bias}
        yield where, {name: becomes(put(d[name].rhs, sign)) for name, sign in signs.items()}


@misconception(
    "takes the slope of tanh",
    "use the slope of tanh",
    "1 − out² belongs to tanh, and the slope of the sigmoid is out · (1 − out)",
)
def slope_of_tanh(d: Derivation) -> Shapes:
    """1 - out² for the slopes of a layer of sigmoids, or of all of them.

    >>> import bpkit as bp
    >>> slope_of_tanh.written(bp.examples.article.problem, "dout_o1/dnet_o1")
    '1 - out_o1²'
    """
    for where, layers in places(d):
        steps = at(d, Role.SLOPE, "net", layers, of="out")
        outs = {step.name: ends(step) for step in steps}
        sigmoids = {n: of for n, (of, by) in outs.items() if d.network.activations[by.block - 1].name == "sigmoid"}
        yield where, {name: becomes(put(_TANH, {OUT: out.symbol})) for name, out in sigmoids.items()}


@misconception(
    "squares the difference",
    "square the difference between output and target",
    "the derivative of half a square is the difference itself, without a square",
)
def difference_squared(d: Derivation) -> Shapes:
    """(out - y)² for the slope of half the squared error.

    >>> import bpkit as bp
    >>> difference_squared.written(bp.examples.article.problem, "dE_o1/dout_o1")
    '(out_o1 - y1)²'
    """
    if d.network.loss.name == "half_squared_error":
        steps = at(d, Role.SLOPE, "out", of="error")
        yield "", {step.name: becomes(power(step.rhs, 2)) for step in steps}


RULES: tuple[Rule, ...] = (
    target_of_hidden,
    without_brackets,
    old_value_left_out,
    update_turned,
    bias_subtracted,
    slope_of_tanh,
    difference_squared,
)


def layer_ways(d: Derivation) -> Iterator[Misconception]:
    """The slips of this file as they look on a network.

    >>> import bpkit as bp
    >>> [mistake.name for mistake in layer_ways(bp.derive(bp.Network(1, 1)))][:2]
    ['leaves out the brackets in the slope', 'gives the change instead of what was asked']
    """
    for rule in RULES if d.network.layers else ():
        for detail, edits in rule(d):
            if edits:
                yield Misconception(rule.name, rule.you, rule.sentence, detail, dict(edits), rank=rule.rank)
