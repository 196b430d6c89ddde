"""Slips that programs of layers make with whole arrays, which no single number of a hand calculation shows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from bpkit.core.derivation import Derivation
from bpkit.core.expressions import MINUS, product, total
from bpkit.core.quantities import Role
from bpkit.core.updates import RATE
from bpkit.mistakes.misconceptions.rule import (
    Rule,
    Shapes,
    adjoint,
    at,
    beside,
    ends,
    given,
    gradients,
    last_block,
    misconception,
    new_values,
)
from bpkit.mistakes.misconceptions.update import change_as_value
from bpkit.mistakes.rewrite import Edit, Misconception, S, becomes


@misconception(
    "compares a hidden layer with the target",
    "compare the output of a hidden layer with the target",
    "the target is for the last layer; a hidden neuron gets its error from the deltas after it, through the weights",
)
def target_of_hidden(d: Derivation) -> Shapes:
    """out − y for what comes back to a hidden output, of networks with one output, whose target fits any layer."""
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
    """back · out · 1 − out for the delta of a layer of sigmoids, or of all of them."""
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
    """Learning rate · dE/dw for each new value, with its minus or without."""
    slopes = gradients(d)
    changes = {step.name: product(RATE, slopes[name].lhs) for name, step in new_values(d).items()}
    yield "", {name: becomes(change) for name, change in changes.items()}
    yield "with its minus", {name: becomes(product(MINUS, change)) for name, change in changes.items()}


RULES: tuple[Rule, ...] = (target_of_hidden, without_brackets, old_value_left_out)


def layer_ways(d: Derivation) -> Iterator[Misconception]:
    """The slips of this file as they look on a network."""
    for rule in RULES if d.network.layers else ():
        for detail, edits in rule(d):
            if edits:
                yield Misconception(rule.name, rule.you, rule.sentence, detail, dict(edits), rank=rule.rank)
