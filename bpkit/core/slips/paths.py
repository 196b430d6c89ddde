"""Slips on the way back along the weights: chains and paths."""

from __future__ import annotations

from itertools import product as every
from math import prod

from bpkit.core.derivation import Derivation
from bpkit.core.expressions import product, total
from bpkit.core.network import Network
from bpkit.core.rewrites import Edit, S, becomes, in_turn, instead, only, times, without
from bpkit.core.slips.places import Shapes, depths, placed, places, signal

SHAPES_LIMIT = 24  # of one mistake; a deep network has thousands of paths


def raw_error_back(d: Derivation) -> Shapes:
    """Hidden neurons get the errors of the next layer through the weights, not its deltas."""
    edits: dict[str, Edit] = {}
    for step in d:
        if step.kind in ("dE_o/dout", "dE/dout") and step.about[0] not in d.network.outputs:
            after = d.network.layers[depths(d.network)[step.about[0]] + 1]
            raw = {f"dE_{n}/dnet_{n}": f"dE_{n}/dout_{n}" for n in after if n in d.network.outputs}
            edits[step.name] = instead({**raw, **{f"dE_total/dnet_{n}": f"dE_total/dout_{n}" for n in after}})
    yield "", edits


def input_left_out(d: Derivation) -> Shapes:
    """The delta alone, without what the weight multiplies."""
    yield "", {s.name.replace(f"dnet_{s.about[1]}", "dE_total", 1): without(s.name) for s in d if s.kind == "dnet/dw"}


def weight_as_factor(d: Derivation) -> Shapes:
    """The weight itself among the factors of its derivative, or in place of what it multiplies."""
    weights = [step for step in d if step.kind == "dnet/dw"]
    yield "in place of what it multiplies", {s.name: becomes(s.about[0]) for s in weights}
    yield "one factor too many", {f"dE_total/d{name}": times(name) for name in d.network.parameters}


def bias_times_input(d: Derivation) -> Shapes:
    """The derivative by a bias times what the weights multiply, as if it were one of them."""
    layer = {neuron: depth - 1 for neuron, depth in depths(d.network).items()}
    edits: dict[str, Edit] = {}
    for bias, (first, *_) in d.network.biases.items():
        edits[f"dE_total/d{bias}"] = times(total(*(S(signal(d.network, n)) for n in d.network.layers[layer[first]])))
    yield "by all of them together", edits


def deltas_summed(d: Derivation) -> Shapes:
    """The deltas of a whole layer summed, for each neuron's own bias."""
    edits: dict[str, Edit] = {}
    for bias, fed in d.network.biases.items():
        row = d.network.layers[depths(d.network)[fed[0]]]
        if len(fed) < len(row):
            edits[f"dE_total/d{bias}"] = becomes(total(*(S(f"dE_total/dnet_{n}") for n in row)))
    yield "", edits


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


def not_transposed(d: Derivation) -> Shapes:
    """The weights laid down for the way forward, used for the way back as they lie."""
    for where, layers in places(d.network, 2):
        edits: dict[str, Edit] = {}
        for layer in layers:
            if len(d.network.layers[layer - 1]) > 1 and len(d.network.layers[layer]) > 1:
                for (source, neuron), weight in placed(d.network, layer, True).items():
                    edits[f"dnet_{neuron}/dout_{source}"] = becomes(weight)
        yield where, edits


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
