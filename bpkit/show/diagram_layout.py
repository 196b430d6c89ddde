"""Where everything in a network's picture is: nodes in columns, edges between them, labels kept apart."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import TypeVar

from bpkit.core.network import Network
from bpkit.show.strokes import LETTER as LETTER

One = TypeVar("One")
Point = tuple[float, float]
Box = tuple[float, float, float, float]  # left, top, width, height

NODE_WIDTH, NODE_HEIGHT, INPUT_WIDTH = 110.0, 63.0, 54.0
SIDE_ROOM = 140.0  # behind an output, for its target and its error
PITCH = 104.0  # from neuron to neuron of a layer
LONGEST = 8  # neurons of a layer that are drawn; the others are told by a number
MOST_LABELS = 36  # between two layers; more cannot be read
BIAS_RADIUS = 13.0
MARGIN = 10.0
PLACES = (0.3, 0.27, 0.33, 0.7, 0.67, 0.73, 0.24, 0.76, 0.36, 0.64, 0.2, 0.8, 0.42, 0.58, 0.16, 0.84, 0.5)


@dataclass(frozen=True)
class Layout:
    """Positions in pixels: centres of nodes, ends of edges, middles of labels, the size of the whole picture."""

    width: float
    height: float
    nodes: Mapping[str, Point]
    edges: Mapping[tuple[str, str], tuple[Point, Point]]
    labels: Mapping[tuple[str, str], Point]
    biases: Mapping[str, Point]
    hidden: tuple[tuple[Point, int], ...]  # where neurons are left out, and how many
    inputs: tuple[str, ...]

    def half(self, neuron: str) -> float:
        """Half the width of a node."""
        return (INPUT_WIDTH if neuron in self.inputs else NODE_WIDTH) / 2


def _drawn(layer: Sequence[str]) -> list[str | None]:
    """The neurons of a layer that are drawn; None stands for those left out.

    >>> _drawn(["h1", "h2"]), None in _drawn([f"h{i}" for i in range(1, 100)])
    (['h1', 'h2'], True)
    """
    return list(layer) if len(layer) <= LONGEST else [*layer[: LONGEST - 2], None, layer[-1]]


@lru_cache(maxsize=64)
def layout(network: Network, numbers: bool) -> Layout:
    """Place a network; ``numbers`` keeps room for a value behind the name of each weight."""
    columns = [_drawn(layer) for layer in network.layers]
    tallest = max(map(len, columns))
    above = 62.0 if network.bias == "layer" else 34.0 if network.bias == "neuron" else 10.0
    middle = MARGIN + above + NODE_HEIGHT / 2 + PITCH * (tallest - 1) / 2
    nodes: dict[str, Point] = {}
    hidden: list[tuple[Point, int]] = []
    x = MARGIN + INPUT_WIDTH / 2
    for number, column in enumerate(columns):
        for row, neuron in enumerate(column):
            place = (x, middle + PITCH * (row - (len(column) - 1) / 2))
            if neuron is None:
                hidden.append((place, len(network.layers[number]) - LONGEST + 1))
            else:
                nodes[neuron] = place
        if number + 1 < len(columns):
            ways, crowd = len(column) * len(columns[number + 1]), max(len(column), len(columns[number + 1]))
            between = 144 + 12 * min(12, max(0, ways - 4)) if numbers else 120 + 22 * min(4, max(0, crowd - 2))
            half = (INPUT_WIDTH if number == 0 else NODE_WIDTH) / 2
            x += half + between + NODE_WIDTH / 2
    edges = {}
    for source, target in network.weight_of:
        if source in nodes and target in nodes:
            (sx, sy), (tx, ty) = nodes[source], nodes[target]
            half = (INPUT_WIDTH if source in network.inputs else NODE_WIDTH) / 2
            edges[source, target] = ((sx + half, sy), (tx - NODE_WIDTH / 2, ty))
    biases = dict(_biases(network, nodes))
    width = x + NODE_WIDTH / 2 + (SIDE_ROOM if numbers else 0) + MARGIN
    height = MARGIN + above + NODE_HEIGHT + PITCH * (tallest - 1) + (42 if numbers else 10)
    labels = dict(_labels(network, edges, numbers))
    return Layout(width, height, nodes, edges, labels, biases, tuple(hidden), network.inputs)


def _biases(network: Network, nodes: Mapping[str, Point]) -> Iterator[tuple[str, Point]]:
    """A bias of a layer is above the layer before it, as one more source; a neuron's own is on the neuron."""
    for bias, fed in network.biases.items():
        if network.bias == "neuron":
            if fed[0] in nodes:
                x, y = nodes[fed[0]]
                yield bias, (x, y - NODE_HEIGHT / 2 - 12)
            continue
        before = next(layer for layer, after in pairwise(network.layers) if fed[0] in after)
        x, y = nodes[before[0]]
        yield bias, (x, min(y, nodes[fed[0]][1]) - NODE_HEIGHT / 2 - 33)


def _labels(
    network: Network, edges: Mapping[tuple[str, str], tuple[Point, Point]], numbers: bool
) -> Iterator[tuple[tuple[str, str], Point]]:
    """For each edge the place on it that is farthest from doubt: off the other labels, off the other edges."""
    for before, after in pairwise(network.layers):
        here = {edge: ends for edge, ends in edges.items() if edge[0] in before and edge[1] in after}
        if len(here) <= MOST_LABELS:
            yield from label_places(
                here, {edge: LETTER * (len(network.weight_of[edge]) + (7 if numbers else 0)) + 8 for edge in here}
            )


def label_places(
    edges: Mapping[One, tuple[Point, Point]],
    widths: Mapping[One, float],
    taken: Iterable[Box] = (),
    *,
    halfway: bool = False,
) -> Iterator[tuple[One, Point]]:
    """For each edge between two layers the middle of its label, which is so wide; ``taken`` is room of other things.

    With ``halfway`` a slanting edge has it halfway as well, where no other edge is below it.
    """
    taken = list(taken)
    # Flat edges first: their middle is free, and the slanting ones keep out of its way.
    for edge in sorted(edges, key=lambda edge: abs(edges[edge][0][1] - edges[edge][1][1])):
        size = (widths[edge], 16.0)
        start, end = edges[edge]
        flat = start[1] == end[1]
        places = [_between(start, end, t) for t in ((0.5, *PLACES) if flat or halfway else PLACES)]
        others = [ends for other, ends in edges.items() if other != edge]
        best, least = places[0], float("inf")
        for place in places:
            if (cost := _cost(_box(place, size), taken, others)) < least:
                best, least = place, cost
            if not least:
                break
        taken.append(_box(best, size))
        yield edge, best


def _between(start: Point, end: Point, t: float) -> Point:
    """The point that is such a share of the way from one to another.

    >>> _between((0, 0), (10, 20), 0.5)
    (5.0, 10.0)
    """
    return (start[0] + (end[0] - start[0]) * t, start[1] + (end[1] - start[1]) * t)


def _box(middle: Point, size: tuple[float, float]) -> Box:
    return (middle[0] - size[0] / 2, middle[1] - size[1] / 2, *size)


def _cost(box: Box, taken: Sequence[Box], lines: Sequence[tuple[Point, Point]]) -> float:
    """The area shared with other labels, and the number of foreign edges underneath."""
    left, top, width, height = box
    cost = 0.0
    for x, y, w, h in taken:
        across, down = min(left + width, x + w) - max(left, x), min(top + height, y + h) - max(top, y)
        cost += 10 * across * down if across > 0 and down > 0 else 0
    for (x1, y1), (x2, y2) in lines:
        slope = (y2 - y1) / (x2 - x1)
        ends = sorted((y1 + slope * (left - x1), y1 + slope * (left + width - x1)))
        cost += 40 if ends[0] < top + height and ends[1] > top else 0
    return cost
