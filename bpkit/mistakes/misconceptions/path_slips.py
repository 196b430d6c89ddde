"""Slips on the way back along the weights: chains and paths."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product as every
from math import prod

from bpkit.core.chain_rule import Step
from bpkit.core.derivation import Derivation
from bpkit.core.expressions import names_in, total
from bpkit.core.quantities import Quantity, Role
from bpkit.mistakes.misconceptions.rule import Shapes, misconception
from bpkit.mistakes.misconceptions.whereabouts import (
    SIGNALS,
    SUMS,
    adjoint,
    at,
    beside,
    derivative,
    ends,
    fed,
    gradients,
    last_block,
    last_hidden,
    of_layers,
    parameters,
    places,
    row,
    shared_deltas,
    signal_slopes,
    uses,
    weighted,
)
from bpkit.mistakes.rewrite import Edit, becomes, instead, negating, only, times, without

SHAPES_LIMIT = 24  # of one mistake; a deep network has thousands of paths

FEW_SIGNALS = 3  # of a neuron: with so few one of them alone is met


_ERROR_BACK = (
    "passes the error back instead of the delta",
    "send the error back instead of the delta",
    "the delta contains the slope of the activation, and the error does not",
)


@misconception(*_ERROR_BACK)
def raw_error_back(d: Derivation) -> Shapes:
    """Hidden neurons get the errors of the next layer through the weights, not its deltas.

    >>> import bpkit as bp
    >>> raw_error_back.written(bp.examples.article.problem, "dE_o1/dout_h1")
    'dE_o1/dout_o1 · dnet_o1/dout_h1'
    """
    yield "", _raw(d, range(1, last_hidden(d) + 1))


@misconception(*_ERROR_BACK, rank=3)
def raw_error_back_to_a_layer(d: Derivation) -> Shapes:
    """The same on the way back to one layer only, of several hidden ones."""
    for where, layers in places(d, 1, last_hidden(d)) if last_block(d) > 2 else ():
        if where:
            yield where, _raw(d, layers)


def _raw(d: Derivation, layers: range) -> dict[str, Edit]:
    edits: dict[str, Edit] = {}
    for step in at(d, Role.ADJOINT, SIGNALS, layers):
        raw: dict[str, str] = {}
        for delta in (d[name] for name in names_in(step.rhs) if name in d):
            of, net = ends(delta)
            out = beside(d, net, "out") if delta.role is Role.ADJOINT and net.tag == "net" else None
            if out and (error := derivative(d, of, out)):
                raw[delta.name] = error.name
        edits[step.name] = instead(raw)
    return edits


@misconception(
    "leaves out the input factor",
    "leave out what the weight multiplies",
    "the derivative with respect to a weight is the delta times the signal that the weight multiplies",
)
def input_left_out(d: Derivation) -> Shapes:
    """Only the delta, without what the weight multiplies.

    >>> import bpkit as bp
    >>> input_left_out.written(bp.examples.article.problem, "dE_total/dw5")
    'dE_total/dnet_o1'
    """
    edits: dict[str, Edit] = {}
    for step in at(d, Role.GRADIENT, ("weight", "gain")):
        edits[step.name] = without(*(slope.lhs for slope in uses(d, ends(step)[1])))
    yield "", edits


_OWN_FACTOR = (
    "takes the parameter for its own factor",
    "multiply by the parameter itself",
    "the factor is what the parameter multiplies, which is the signal for a weight and 1 for a bias",
)


@misconception(*_OWN_FACTOR)
def weight_as_factor(d: Derivation) -> Shapes:
    """The weight itself among the factors of its derivative, or instead of what it multiplies.

    >>> import bpkit as bp
    >>> weight_as_factor.written(bp.examples.article.problem, "dnet_o1/dw5")
    'w5'
    """
    yield "", {step.name: becomes(ends(step)[1].name) for step in at(d, Role.SLOPE, "weight")}
    yield "as a further factor", {step.name: times(name) for name, step in gradients(d).items()}


@misconception(*_OWN_FACTOR, rank=3)
def weight_as_further_factor(d: Derivation) -> Shapes:
    """The same for the weights only, as a program that treats biases by themselves may have it.

    >>> import bpkit as bp
    >>> weight_as_further_factor.written(bp.Network(1, 1), "dE_total/dw1")
    'w1 · (dE_total/dnet_o1 · dnet_o1/dw1)'
    """
    weights = [(name, step) for name, step in gradients(d).items() if step.quantity.tag == "weight"]
    yield "as a further factor, of the weights only", {step.name: times(name) for name, step in weights}


@misconception(
    "multiplies the bias derivative by the input",
    "multiply the derivative with respect to the bias by the input of the neuron",
    "a bias multiplies 1, so its derivative contains no input",
)
def bias_times_input(d: Derivation) -> Shapes:
    """The derivative with respect to a bias, times the signals that the weights multiply, as if it were a weight.

    >>> import bpkit as bp
    >>> bias_times_input.written(bp.Network(1, 1), "dE_total/db1")
    'x1 · (dE_total/dnet_o1 · dnet_o1/db1)'
    """
    edits: dict[str, Edit] = {}
    single: dict[str, dict[str, Edit]] = {}
    for step in at(d, Role.GRADIENT, "bias"):
        slopes = uses(d, ends(step)[1])
        signals = [tuple(one.rhs for one in weighted(d, ends(slope)[0])) for slope in slopes]
        if len({*signals}) == 1:
            edits[step.name] = times(total(*signals[0])) if signals[0] else times()
            for one in signals[0] if 1 < len(signals[0]) <= FEW_SIGNALS else ():
                single.setdefault(one.name, {})[step.name] = times(one)
        else:  # at each step what comes in then
            edits |= {slope.name: becomes(total(*came)) for slope, came in zip(slopes, signals) if came}
    yield "", edits
    yield from single.items()


@misconception(
    "sums the deltas of the layer for each bias",
    "add up the deltas of the whole layer",
    "this bias feeds one neuron, so its derivative is the delta of that neuron",
)
def deltas_summed(d: Derivation) -> Shapes:
    """The deltas of a whole layer summed, for each neuron's own bias.

    >>> import bpkit as bp
    >>> deltas_summed.written(bp.Network(1, 2, bias="neuron"), "dE_total/db_o1")
    'dE_total/dnet_o1 + dE_total/dnet_o2'
    """
    edits: dict[str, Edit] = {}
    for step, deltas in shared_deltas(d):
        edits[step.name] = becomes(total(*deltas))
    yield "", edits


@misconception(
    "leaves out the weight on a path",
    "leave out a weight on the way back",
    "going back to a neuron, multiply by the weight between the two",
)
def path_weight_left_out(d: Derivation) -> Shapes:
    """The weight that leads from a hidden neuron on, forgotten on one path or on all.

    >>> import bpkit as bp
    >>> path_weight_left_out.written(bp.examples.article.problem, "dE_o1/dout_h1")
    'dE_o1/dnet_o1'
    """
    for where, layers in places(d, 1, last_block(d) - of_layers(d)):
        yield f"on every path {where}".strip(), _holding(d, at(d, Role.SLOPE, SIGNALS, layers, of=SUMS))
    yield "on every path to the inputs", _holding(d, at(d, Role.SLOPE, "input", of=SUMS))
    back: dict[str, list[Step]] = {}
    for step in signal_slopes(d):
        back.setdefault(ends(step)[0].name, []).append(step)
    for net in at(d, Role.FORWARD, SUMS):
        who = net.quantity.neuron if net.quantity.tag == "net" else net.name
        yield f"on the path through {who}", _holding(d, back.get(net.name, []))


def _holding(d: Derivation, slopes: list[Step]) -> dict[str, Edit]:
    """Leaves some factors out of every line that holds one of them."""
    gone = {step.lhs for step in slopes}
    return {step.name: without(*gone) for step in d if not gone.isdisjoint(step.rhs.free_symbols)} if gone else {}


@misconception(
    "follows only one path",
    "follow only one path",
    "several paths lead to the loss, so add up what they contribute",
    rank=1,
)
def one_path(d: Derivation) -> Shapes:
    """Of several paths to the loss only one is followed.

    >>> import bpkit as bp
    >>> one_path.written(bp.examples.article.problem, "dE_total/dout_h1")
    'dE_o1/dout_h1'
    """
    if not of_layers(d):
        yield from _one_way(d)
        return
    last = last_block(d)
    nets = {block: row(d, block) for block in range(1, last + 1)}
    if last > 2 and prod(len(nets[block]) for block in range(2, last + 1)) <= SHAPES_LIMIT:
        for ways in every(*(nets[block] for block in range(2, last + 1))):
            edits = {name: edit for net in ways for name, edit in _through(d, net).items()}
            yield "through " + " and ".join(net.neuron for net in ways), edits
    for block in nets:  # from the inputs on, where their derivatives are asked
        for net in nets[block] if len(nets[block]) > 1 else ():
            yield f"through {net.neuron}", _through(d, net)
    for parameter in parameters(d):
        for net in users if len(users := fed(d, parameter)) > 1 else ():
            step, slope = adjoint(d, parameter), derivative(d, net, parameter)
            yield f"through {net.neuron}", {step.name: only(slope.name)} if step and slope else {}


@misconception(
    "loses the sign of a path",
    "lose the sign of one path",
    "a path whose product is negative makes the sum smaller",
)
def path_sign_lost(d: Derivation) -> Shapes:
    """Of several paths to the loss one is added that has to be subtracted, or the other way round.

    >>> import bpkit as bp
    >>> path_sign_lost.written(bp.examples.article.problem, "dE_total/dout_h1")
    '-dE_o1/dout_h1 + dE_o2/dout_h1'
    """
    for block in range(1, last_block(d) + 1) if of_layers(d) else ():
        nets = row(d, block)
        for net in nets if len(nets) > 1 else ():
            yield f"through {net.neuron}", _through(d, net, negating)
    for parameter in parameters(d) if of_layers(d) else ():
        for net in users if len(users := fed(d, parameter)) > 1 else ():
            step, slope = adjoint(d, parameter), derivative(d, net, parameter)
            yield f"through {net.neuron}", {step.name: negating(slope.name)} if step and slope else {}


_OTHERWISE = ({"skip"}, {"mean"}, {"variance"})  # leaving these out has a name of its own, as have later steps
_KINDS = {"query": "the queries", "key": "the keys", "value": "the values", "skip": "the way past the blocks"}


def _one_way(d: Derivation) -> Shapes:
    """Of quantities that several kinds of lines use, all but one kind are left out; of one kind, all but one line."""
    of_kinds: dict[tuple[str, int], dict[tuple[str, int], dict[str, list[str]]]] = {}
    of_lines: dict[str, dict[str, Edit]] = {}
    tags: dict[tuple[str, int], str] = {}
    for step in (one for one in d if one.role is Role.ADJOINT and one.quantity.tag != "cell"):
        by = ends(step)[1]
        kinds: dict[tuple[str, int], list[Step]] = {}
        for slope in uses(d, by):
            user = ends(slope)[0]
            kinds.setdefault((user.letter, user.block), []).append(slope)
            tags[user.letter, user.block] = user.tag
        for kind, slopes in kinds.items():
            if len(kinds) > 1:
                row_of = of_kinds.setdefault((by.letter, by.block), {}).setdefault(kind, {})
                row_of[step.name] = [slope.name for slope in slopes]
            elif len(slopes) > 1:
                for slope in slopes:
                    of_lines.setdefault(ends(slope)[0].name, {})[step.name] = only(slope.name)
    for (_, block), found in of_kinds.items():
        for kind, kept in found.items():
            others = found.keys() - {kind}
            later = all(tags[one] == "net" and one[1] == block for one in others)
            if later or {tags[one] for one in others} in _OTHERWISE:
                continue
            what = _KINDS.get(tags[kind]) or (
                f"block {kind[1]}" if kind[0] == "net" else f"{kind[0]} of block {kind[1]}"
            )
            yield f"through {what}", {name: only(*slopes) for name, slopes in kept.items()}
    for name, edits in of_lines.items():
        yield f"through {name}", edits


def _through(d: Derivation, net: Quantity, treated: Callable[..., Edit] = only) -> dict[str, Edit]:
    """Of what the layer before passes on, the path through one neuron treated in some way: only it is left."""
    edits: dict[str, Edit] = {}
    error = beside(d, net, "error")
    for slope in (step for tag in ("out", "input") for step in at(d, Role.SLOPE, tag, of="net")):
        of, out = ends(slope)
        if of.block == net.block and (whole := adjoint(d, out)):
            kept = [derivative(d, one, out) for one in (error, net) if one]
            edits[whole.name] = treated(*(step.name for step in kept if step))
    return edits
