"""A small picture of a network with its given numbers: what a question shows beside its answers."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from functools import lru_cache
from itertools import pairwise

from bpkit.core.network import Network
from bpkit.core.spelling import number, readable, written
from bpkit.show.diagram_layout import BIAS_RADIUS, Box, Point, label_places
from bpkit.show.diagram_words import words
from bpkit.show.drawing import Drawing
from bpkit.show.palette import FAINT, FILL, INK, LIT
from bpkit.show.strokes import label, label_width, picture, pixels, text, way

INPUT, NEURON = (62.0, 38.0), (42.0, 34.0)  # widths and heights of the nodes
PITCH = 74.0  # from neuron to neuron of a layer
GAP, CROWDED = 114.0, 32.0  # between two layers, and more for each neuron above two
MARGIN = 8.0
MOST_WEIGHTS = 12  # between two layers; more cannot be read
OWN = ("b", "")  # a neuron's own bias stands on the neuron, which says whose it is
WIDEST = 620.0  # of a picture that can still be read beside or above its answers


@lru_cache(maxsize=128)
def fits(network: Network) -> bool:
    """Can every weight be read on the picture?

    >>> fits(Network(2, 2, 1)), fits(Network(9, 9, 1))
    (True, False)
    """
    each = (len(before) * len(after) for before, after in pairwise(network.layers))
    return max(each) <= MOST_WEIGHTS and _width(network) <= WIDEST


def given_network(network: Network, numbers: Mapping[str, float], lit: Collection[str] = ()) -> Drawing:
    """A network with some of its given numbers: inputs, weights and biases, and targets behind the outputs.

    ``lit`` names the weights, biases and neurons that a question is about. What has no number keeps its name.
    """
    nodes = _nodes(network)
    # What looks alike stands together, so that the picture says its look once.
    parts = [
        *_ways(network, nodes, numbers, lit),
        *_labels(network, nodes, numbers, lit),
        *_boxes(network, nodes, lit),
        *_inside(network, nodes, numbers),
        *_targets(network, nodes, numbers),
    ]
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
    """The edges and the ways from the biases, negative ones last."""
    ways = [(name, ends, False) for edges in _edges(network, nodes) for name, ends in edges.items()]
    for bias, (x, y) in _sources(network, nodes).items():
        for neuron in network.biases[bias]:
            end = (nodes[neuron][0] - NEURON[0] / 2, nodes[neuron][1])
            ways.append((bias, ((x + BIAS_RADIUS, y), end), True))
    for name, ends, faded in sorted(ways, key=lambda one: numbers.get(one[0], 0.0) < 0):
        yield way(ends, numbers.get(name), name in lit, faded)


def _edges(network: Network, nodes: Mapping[str, Point]) -> Iterator[dict[str, tuple[Point, Point]]]:
    """From layer to layer, the ends of each weight's edge."""
    for before, after in pairwise(network.layers):
        yield {
            network.weight_of[source, target]: (
                (nodes[source][0] + _sizes(network, source)[0] / 2, nodes[source][1]),
                (nodes[target][0] - NEURON[0] / 2, nodes[target][1]),
            )
            for source in before
            for target in after
            if (source, target) in network.weight_of
        }


def _sources(network: Network, nodes: Mapping[str, Point]) -> dict[str, Point]:
    """Where the biases of layers are: above the layer before, as one more source."""
    found = {}
    for bias, fed in network.biases.items() if network.bias == "layer" else ():
        before = next(one for one, after in pairwise(network.layers) if fed[0] in after)
        x = nodes[before[0]][0]
        found[bias] = (x, min(nodes[before[0]][1], nodes[fed[0]][1]) - NEURON[1] / 2 - 24)
    return found


def _labels(
    network: Network, nodes: Mapping[str, Point], numbers: Mapping[str, float], lit: Collection[str]
) -> Iterator[str]:
    """Names and numbers of weights and biases; a neuron's own bias is on the neuron, which says whose it is."""
    names = written(network.lines.quantities)
    for edges, (before, after) in zip(_edges(network, nodes), pairwise(network.layers)):
        widths = {name: label_width(names[name], numbers.get(name)) for name in edges}
        boxes = _own_boxes(network, nodes, numbers, (*before, *after))
        for name, place in label_places(edges, widths, boxes, halfway=True):
            yield label(place, names[name], numbers.get(name), name in lit)
    for bias, (x, y) in _sources(network, nodes).items():
        value = numbers.get(bias)
        right = x + BIAS_RADIUS + 6 + label_width(names[bias], value) / 2
        yield label((right, y - 4), names[bias], value, bias in lit)
    for bias, fed in network.biases.items() if network.bias == "neuron" else ():
        yield label(_above(nodes[fed[0]]), OWN, numbers.get(bias), bias in lit)


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
            (x, y), wide = _above(nodes[neuron]), label_width(OWN, numbers.get(bias))
            yield (x - wide / 2, y - 8, wide, 16.0)


def _boxes(network: Network, nodes: Mapping[str, Point], lit: Collection[str]) -> Iterator[str]:
    for x, y in _sources(network, nodes).values():
        ring = f"stroke='{FAINT}' stroke-width='1.5'"
        yield f"<circle cx='{pixels(x)}' cy='{pixels(y)}' r='{BIAS_RADIUS:g}' fill='{FILL}' {ring}/>"
    for neuron, (x, y) in nodes.items():
        wide, high = _sizes(network, neuron)
        ring = f"stroke='{LIT}' stroke-width='4'" if neuron in lit else f"stroke='{INK}' stroke-width='1.5'"
        yield (
            f"<rect x='{pixels(x - wide / 2)}' y='{pixels(y - high / 2)}' width='{wide:g}' height='{high:g}' "
            f"rx='{high / 2:g}' fill='{FILL}' {ring}/>"
        )


def _inside(network: Network, nodes: Mapping[str, Point], numbers: Mapping[str, float]) -> Iterator[str]:
    """The names in the nodes, and the numbers of inputs below them."""
    names = written(network.lines.quantities)
    for x, y in _sources(network, nodes).values():
        yield text(x, y, "1", weight="700")
    for neuron, (x, y) in nodes.items():
        yield text(x, y - 8 * (neuron in numbers), "", weight="700", name=names[neuron])
    for neuron, (x, y) in nodes.items():
        if neuron in numbers:
            yield text(x, y + 8, readable(number(numbers[neuron], 4)))


def _targets(network: Network, nodes: Mapping[str, Point], numbers: Mapping[str, float]) -> Iterator[str]:
    names = written(network.lines.quantities)
    for output, target in zip(network.outputs, network.targets):
        if target in numbers:
            x, y = nodes[output][0] + NEURON[0] / 2 + 8, nodes[output][1]
            yield text(x, y - 8, "target", 11, anchor="start", color=FAINT)
            said = f"={readable(number(numbers[target], 4))}"
            yield text(x, y + 8, said, anchor="start", name=names[target])
