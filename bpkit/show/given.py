"""A small picture of a network with its given numbers: what a question shows beside its answers."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from itertools import pairwise

from bpkit.core.network import Network
from bpkit.core.spelling import number, readable, typeset
from bpkit.show.diagram_layout import BIAS_RADIUS, Box, Point, label_places
from bpkit.show.diagram_words import words
from bpkit.show.drawing import Drawing
from bpkit.show.palette import FAINT, FILL, INK, LIT, PAPER
from bpkit.show.strokes import LETTER, picture, text, way

INPUT, NEURON = (62.0, 38.0), (42.0, 34.0)  # widths and heights of the nodes
PITCH = 74.0  # from neuron to neuron of a layer
GAP, CROWDED = 114.0, 32.0  # between two layers, and more for each neuron above two
MARGIN = 8.0
MOST_WEIGHTS = 12  # between two layers; more cannot be read
WIDEST = 620.0  # of a picture that can still be read beside or above its answers


def fits(network: Network) -> bool:
    """Can every weight be read on the picture?"""
    each = (len(before) * len(after) for before, after in pairwise(network.layers))
    return max(each) <= MOST_WEIGHTS and _width(network) <= WIDEST


def given_network(network: Network, numbers: Mapping[str, float], lit: Collection[str] = ()) -> Drawing:
    """A network with some of its given numbers: inputs, weights and biases, and targets behind the outputs.

    ``lit`` names the weights and biases that a question asks about. What has no number keeps its name.
    """
    nodes = _nodes(network)
    parts = [*_ways(network, nodes, numbers, lit), *_inside(network, nodes, numbers)]
    parts += _own_biases(network, nodes, numbers, lit)
    height = max(y for _, y in nodes.values()) + NEURON[1] / 2 + MARGIN + 2
    said = words(network, numbers, sorted(lit))
    return Drawing(said, picture(_width(network), height, said, parts))


def _sizes(network: Network, neuron: str) -> tuple[float, float]:
    return INPUT if neuron in network.inputs else NEURON


def _gaps(network: Network) -> list[float]:
    crowds = (max(len(before), len(after)) for before, after in pairwise(network.layers))
    narrow = 10.0 * (len(network.layers) > 3)
    roomy = 36.0 * (len(network.layers) == 2)  # so that more of a line is seen than its label hides
    return [GAP - narrow + roomy + CROWDED * max(0, crowd - 2) for crowd in crowds]


def _width(network: Network) -> float:
    layers = len(network.layers) - 1
    return 2 * MARGIN + INPUT[0] + sum(_gaps(network)) + NEURON[0] * layers + 74


def _nodes(network: Network) -> dict[str, Point]:
    above = 40.0 if network.bias == "layer" else 16.0 if network.bias == "neuron" else 0.0
    tallest = max(map(len, network.layers))
    middle = MARGIN + above + INPUT[1] / 2 + PITCH * (tallest - 1) / 2
    found, left = {}, MARGIN
    for layer, gap in zip(network.layers, [*_gaps(network), 0.0]):
        wide = _sizes(network, layer[0])[0]
        for row, neuron in enumerate(layer):
            found[neuron] = (left + wide / 2, middle + PITCH * (row - (len(layer) - 1) / 2))
        left += wide + gap
    return found


def _ways(
    network: Network, nodes: Mapping[str, Point], numbers: Mapping[str, float], lit: Collection[str]
) -> Iterator[str]:
    """The edges first, then their names and numbers on plates, then the biases."""
    for before, after in pairwise(network.layers):
        edges = {
            (source, target): (
                (nodes[source][0] + _sizes(network, source)[0] / 2, nodes[source][1]),
                (nodes[target][0] - NEURON[0] / 2, nodes[target][1]),
            )
            for source in before
            for target in after
            if (source, target) in network.weight_of
        }
        named = {edge: network.weight_of[edge] for edge in edges}
        said = {edge: _said(network, name, numbers) for edge, name in named.items()}
        for edge, ends in edges.items():
            yield way(ends, numbers.get(named[edge]), named[edge] in lit, False)
        yield from _biases(network, nodes, numbers, lit, after)
        widths = {edge: _wide(*one) for edge, one in said.items()}
        boxes = _own_boxes(network, nodes, numbers, (*before, *after))
        for edge, place in label_places(edges, widths, boxes, halfway=True):
            yield _plate(place, *said[edge], named[edge] in lit)


def _biases(
    network: Network,
    nodes: Mapping[str, Point],
    numbers: Mapping[str, float],
    lit: Collection[str],
    layer: Collection[str],
) -> Iterator[str]:
    """A bias of a layer stands above the layer before it, as one more source."""
    for bias, fed in network.biases.items():
        if network.bias == "neuron" or fed[0] not in layer:
            continue
        value, on = numbers.get(bias), bias in lit
        before = next(one for one, after in pairwise(network.layers) if fed[0] in after)
        x = nodes[before[0]][0]
        y = min(nodes[before[0]][1], nodes[fed[0]][1]) - NEURON[1] / 2 - 24
        for neuron in fed:
            end = (nodes[neuron][0] - NEURON[0] / 2, nodes[neuron][1])
            yield way(((x + BIAS_RADIUS, y), end), value, on, True)
        ring = f"stroke='{FAINT}' stroke-width='1.5'"
        yield f"<circle cx='{x:.1f}' cy='{y:.1f}' r='{BIAS_RADIUS:g}' fill='{FILL}' {ring}/>"
        yield text(x, y, "1", weight="700")
        said = _said(network, bias, numbers)
        yield _plate((x + BIAS_RADIUS + 6 + _wide(*said) / 2, y - 4), *said, on)


def _own_biases(
    network: Network, nodes: Mapping[str, Point], numbers: Mapping[str, float], lit: Collection[str]
) -> Iterator[str]:
    """A neuron's own bias stands on the neuron, which says whose it is."""
    for bias, fed in network.biases.items() if network.bias == "neuron" else ():
        yield _plate(_above(nodes[fed[0]]), "b", _said(network, bias, numbers)[1], bias in lit)


def _above(node: Point) -> Point:
    return (node[0], node[1] - NEURON[1] / 2 - 9)


def _own_boxes(
    network: Network, nodes: Mapping[str, Point], numbers: Mapping[str, float], neurons: Collection[str]
) -> Iterator[Box]:
    """The room that neurons take between two layers, and their own biases."""
    for neuron in neurons:
        wide, high = _sizes(network, neuron)
        yield (nodes[neuron][0] - wide / 2, nodes[neuron][1] - high / 2, wide, high)
    for bias, (neuron, *_) in network.biases.items() if network.bias == "neuron" else ():
        if neuron in neurons:
            (x, y), wide = _above(nodes[neuron]), _wide("b", _said(network, bias, numbers)[1])
            yield (x - wide / 2, y - 8, wide, 16.0)


def _inside(network: Network, nodes: Mapping[str, Point], numbers: Mapping[str, float]) -> Iterator[str]:
    """The nodes, with the numbers of the inputs in them and the targets behind the outputs."""
    for neuron, (x, y) in nodes.items():
        wide, high = _sizes(network, neuron)
        yield (
            f"<rect x='{x - wide / 2:.1f}' y='{y - high / 2:.1f}' width='{wide:g}' height='{high:g}' "
            f"rx='{high / 2:g}' fill='{FILL}' stroke='{INK}' stroke-width='1.5'/>"
        )
        shown = _shown(neuron, numbers)
        yield text(x, y - 8 * bool(shown), _name(network, neuron), 12, "700")
        if shown:
            yield text(x, y + 8, shown, 12)
    for output, target in zip(network.outputs, network.targets):
        if target in numbers:
            x, y = nodes[output][0] + NEURON[0] / 2 + 8, nodes[output][1]
            yield text(x, y - 8, "target", 11, anchor="start", color=FAINT)
            yield text(x, y + 8, "".join(_said(network, target, numbers)), 12, anchor="start")


def _plate(place: Point, name: str, value: str, lit: bool) -> str:
    """A name and its number, on a plate that keeps the lines behind away from the letters."""
    x, y, wide = *place, _wide(name, value)
    ring = f" stroke='{LIT}' stroke-width='2'" if lit else ""
    return (
        f"<rect x='{x - wide / 2:.1f}' y='{y - 8:.1f}' width='{wide:.1f}' height='16' rx='4' fill='{PAPER}'{ring}/>"
        f"<text x='{x:.1f}' y='{y + 4:.1f}' text-anchor='middle'><tspan font-weight='700'>{name}</tspan>{value}</text>"
    )


def _wide(name: str, value: str) -> float:
    return LETTER * len(name + value) + 8


def _said(network: Network, name: str, numbers: Mapping[str, float]) -> tuple[str, str]:
    """A name and what it is: w₅ and =0.45."""
    return _name(network, name), f"={_shown(name, numbers)}" if name in numbers else ""


def _shown(name: str, numbers: Mapping[str, float]) -> str:
    return readable(number(numbers[name], 4)) if name in numbers else ""


def _name(network: Network, name: str) -> str:
    """A name as sentences have it: w₅, and h1,2 for the second neuron of a first layer of several."""
    return typeset(name, network.lines.quantities)
