"""Slips on the way back along the weights: chains and paths."""

from __future__ import annotations

from itertools import product as every
from math import prod

from bpkit.core.derivation import Derivation
from bpkit.core.expressions import product, total
from bpkit.core.network import Network
from bpkit.core.rewrites import Edit, S, becomes, in_turn, instead, only, times, without
from bpkit.core.slips.places import Shapes, depths, mistake, placed, places, signal

SHAPES_LIMIT = 24  # of one mistake; a deep network has thousands of paths


@mistake(
    "passes the error back instead of the delta",
    "send the error back instead of the delta",
    "the delta contains the slope of the activation, and the error does not",
)
def raw_error_back(d: Derivation) -> Shapes:
    """Hidden neurons get the errors of the next layer through the weights, not its deltas."""
    edits: dict[str, Edit] = {}
    for step in d:
        if step.kind in ("dE_o/dout", "dE/dout") and step.about[0] not in d.network.outputs:
            after = d.network.layers[depths(d.network)[step.about[0]] + 1]
            raw = {f"dE_{n}/dnet_{n}": f"dE_{n}/dout_{n}" for n in after if n in d.network.outputs}
            edits[step.name] = instead({**raw, **{f"dE_total/dnet_{n}": f"dE_total/dout_{n}" for n in after}})
    yield "", edits


@mistake(
    "leaves out the input factor",
    "leave out what the weight multiplies",
    "the derivative with respect to a weight is the delta times the signal that the weight multiplies",
)
def input_left_out(d: Derivation) -> Shapes:
    """The delta alone, without what the weight multiplies."""
    yield "", {s.name.replace(f"dnet_{s.about[1]}", "dE_total", 1): without(s.name) for s in d if s.kind == "dnet/dw"}


@mistake(
    "takes the parameter for its own factor",
    "multiply by the parameter itself",
    "a weight multiplies the signal that comes in and a bias multiplies 1, so that is the factor",
)
def weight_as_factor(d: Derivation) -> Shapes:
    """The weight itself among the factors of its derivative, or instead of what it multiplies."""
    weights = [step for step in d if step.kind == "dnet/dw"]
    yield "", {s.name: becomes(s.about[0]) for s in weights}
    yield "one factor too many", {f"dE_total/d{name}": times(name) for name in d.network.parameters}


@mistake(
    "multiplies the bias derivative by the input",
    "multiply the derivative with respect to the bias by the input",
    "a bias multiplies 1, so its derivative is the delta",
)
def bias_times_input(d: Derivation) -> Shapes:
    """The derivative by a bias times what the weights multiply, as if it were one of them."""
    layer = {neuron: depth - 1 for neuron, depth in depths(d.network).items()}
    edits: dict[str, Edit] = {}
    for bias, (first, *_) in d.network.biases.items():
        edits[f"dE_total/d{bias}"] = times(total(*(S(signal(d.network, n)) for n in d.network.layers[layer[first]])))
    yield "by all of them together", edits


@mistake(
    "sums the deltas of the layer for each bias",
    "add up the deltas of the whole layer",
    "this bias feeds one neuron, so its derivative is the delta of that neuron",
)
def deltas_summed(d: Derivation) -> Shapes:
    """The deltas of a whole layer summed, for each neuron's own bias."""
    edits: dict[str, Edit] = {}
    for bias, fed in d.network.biases.items():
        row = d.network.layers[depths(d.network)[fed[0]]]
        if len(fed) < len(row):
            edits[f"dE_total/d{bias}"] = becomes(total(*(S(f"dE_total/dnet_{n}") for n in row)))
    yield "", edits


@mistake(
    "leaves out the weight on a path",
    "leave out a weight on the way back",
    "going back to a neuron, multiply by the weight between the two",
)
def path_weight_left_out(d: Derivation) -> Shapes:
    """The weight that leads from a hidden neuron on, forgotten on one path or on all."""
    for where, layers in places(d.network, 1, len(d.network.layers) - 2):
        chosen = [s for s in d if s.kind == "dnet/dout" and depths(d.network)[s.about[0]] in layers]
        yield f"on every path {where}".strip(), _holding(d, [step.name for step in chosen])
    for layer in range(1, len(d.network.layers) - 1):
        for following in d.network.layers[layer + 1]:
            names = [f"dnet_{following}/dout_{h}" for h in d.network.layers[layer]]
            yield f"on the path through {following}", _holding(d, names)


def _holding(d: Derivation, names: list[str]) -> dict[str, Edit]:
    """Leaves some factors out of every line that holds one of them."""
    gone = {S(name) for name in names}
    return {step.name: without(*gone) for step in d if gone & step.rhs.free_symbols}


@mistake(
    "follows only one path",
    "follow only one path",
    "the parameter reaches the loss along several paths, and you add up what they contribute",
)
def one_path(d: Derivation) -> Shapes:
    """Of several paths to the loss only one is followed."""
    network = d.network
    hidden = range(1, len(network.layers) - 1)
    if prod(len(network.layers[layer + 1]) for layer in hidden) <= SHAPES_LIMIT and len(hidden) > 1:
        for nodes in every(*(network.layers[layer + 1] for layer in hidden)):
            edits = {}
            for layer, following in zip(hidden, nodes):
                edits.update(_through(network, layer, following))
            yield "through " + " and ".join(nodes), edits
    for layer in hidden:
        for following in network.layers[layer + 1] if len(network.layers[layer + 1]) > 1 else ():
            yield f"through {following}", _through(network, layer, following)
    for bias, fed in network.biases.items():
        for neuron in fed if len(fed) > 1 else ():
            yield f"through {neuron}", {f"dE_total/d{bias}": only(f"dnet_{neuron}/d{bias}")}


def _through(network: Network, layer: int, following: str) -> dict[str, Edit]:
    edits = {}
    for h in network.layers[layer]:
        own, part = f"dE_total/dout_{h}", f"dE_{following}/dout_{h}"
        edits[own] = in_turn(only(part), only(f"dnet_{following}/dout_{h}"))
    return edits


@mistake(
    "does not transpose the weights backward",
    "use the weights on the way back in the order of the way forward",
    "the weights that lead back to a neuron are the ones that leave it",
)
def not_transposed(d: Derivation) -> Shapes:
    """The weights laid down for the way forward, used for the way back as they lie."""
    for where, layers in places(d.network, 2):
        edits: dict[str, Edit] = {}
        for layer in layers:
            if len(d.network.layers[layer - 1]) > 1 and len(d.network.layers[layer]) > 1:
                for (source, neuron), weight in placed(d.network, layer, True).items():
                    edits[f"dnet_{neuron}/dout_{source}"] = becomes(weight)
        yield where, edits


@mistake(
    "takes the neighbour's derivative",
    "take the derivative with respect to another parameter",
    "start the chain at the parameter that the question asks for",
)
def neighbours_derivative(d: Derivation) -> Shapes:
    """The derivative by another weight of the layer, or by another bias."""
    network, depth = d.network, depths(d.network)
    for name, (source, target) in network.weights.items():
        for other, (a, b) in network.weights.items():
            near = a == source or b == target or len(network.layers[depth[b]]) * len(network.layers[depth[a]]) <= 6
            if other != name and depth[b] == depth[target] and near:
                chain = product(S(f"dE_total/dnet_{b}"), S(signal(network, a)))
                yield f"that of {other}", {f"dE_total/d{name}": becomes(chain)}
    for name in network.biases:
        for other in network.biases:
            if other != name:
                yield f"that of {other}", {f"dE_total/d{name}": becomes(d[f"dE_total/d{other}"].rhs)}
