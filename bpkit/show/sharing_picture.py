"""What one step of the backward pass is used for: arrows run back from the loss through a neuron to all before it."""

from __future__ import annotations

import math
from collections.abc import Iterator

from bpkit.core.errors import BpkitError, suggest
from bpkit.core.network import Network
from bpkit.core.spelling import typeset, written
from bpkit.show.diagram_layout import BIAS_RADIUS, NODE_WIDTH, Layout, layout
from bpkit.show.drawing import Drawing
from bpkit.show.palette import FAINT, FILL, INK
from bpkit.show.strokes import Point, label, label_width, picture, text

BACK = "#8A3EA8"  # purple, as the backward pass in the apps
TALL = 42.0  # of a neuron
LOSS, BEHIND = 17.0, 92.0  # the loss: its radius, and how far behind the outputs it is
THIN, ARROW = 1.4, 2.2  # strokes
AIR = 4.0  # between an arrow and what it points at


def sharing(network: Network, neuron: str) -> Drawing:
    """Draw which derivatives use the slope of the loss with respect to a neuron's net input: arrows run back from it.

    Errors: ``BpkitError`` for a name that is no neuron of the network.

    >>> sharing(Network(2, 2, 2), "h1").caption
    'Arrows run back from the loss E through h1 to w₁, w₂, b₁. No arrow runs to w₃, w₄, w₅, w₆, w₇, w₈, b₂.'
    """
    if neuron not in network.layer_of or neuron in network.inputs:
        neurons = [name for name in network.layer_of if name not in network.inputs]
        raise BpkitError(f"sharing: expected a neuron, got {neuron!r}{suggest(neuron, neurons)}")
    plan, through = layout(network, False), _through(network, neuron)
    middle = sum(plan.nodes[one][1] for one in network.outputs) / len(network.outputs)
    loss = (plan.nodes[neuron if neuron in network.outputs else network.outputs[0]][0] + BEHIND, middle)
    words = _words(network, neuron)
    return Drawing(words, picture(loss[0] + LOSS + 14, plan.height, words, list(_parts(network, plan, through, loss))))


def users(network: Network, neuron: str) -> tuple[str, ...]:
    """The weights and biases whose derivatives use the slope with respect to a neuron's net input.

    >>> import bpkit as bp
    >>> users(bp.Network(2, 2, 2), "o1"), users(bp.Network(2, 2, 2), "h1")
    (('w1', 'w2', 'w3', 'w4', 'w5', 'w6', 'b1', 'b2'), ('w1', 'w2', 'b1'))
    """
    through = _through(network, neuron)
    weights = [name for name, (_, target) in network.weights.items() if target in through]
    return (*weights, *(bias for bias, fed in network.biases.items() if through & {*fed}))


def _through(network: Network, neuron: str) -> set[str]:
    """The neuron, and all neurons before it that reach it.

    >>> sorted(_through(Network(2, 2, 2), "o1"))
    ['h1', 'h2', 'o1']
    """
    found = {neuron}
    for source, target in reversed(list(network.weight_of)):
        if target in found and source not in network.inputs:
            found.add(source)
    return found


def _parts(network: Network, plan: Layout, through: set[str], loss: Point) -> Iterator[str]:
    names, half = written(network.lines.quantities), NODE_WIDTH / 2
    outputs = [((plan.nodes[one][0] + half, plan.nodes[one][1]), one) for one in network.outputs if one in plan.nodes]
    for start, one in outputs:
        end = _toward(loss, start, LOSS)
        yield from [_line(start, end)] if one not in through else _arrow(end, _toward(start, end, AIR))
    for (source, target), (start, end) in plan.edges.items():
        yield _line(start, end)
        if target not in through:
            continue
        name = network.weight_of[source, target]
        away = label_width(names[name], None) / 2 + AIR
        # To an input nothing goes on: the arrow ends at the weight.
        place = plan.labels.get((source, target), start)
        yield from _arrow(end, _toward(place, end, away) if source in network.inputs else _toward(start, end, AIR))
    for bias, (x, y) in plan.biases.items():
        if network.bias == "layer":
            for one in network.biases[bias]:
                end = (plan.nodes[one][0] - half, plan.nodes[one][1])
                near = _toward((x, y), end, BIAS_RADIUS + AIR)
                yield from _arrow(end, near) if one in through else [_line(near, end)]
            yield f"<circle cx='{x:.1f}' cy='{y:.1f}' r='{BIAS_RADIUS:g}' fill='{FILL}' stroke='{FAINT}'/>"
            yield text(x, y, "1", weight="700")
        beside = (x + BIAS_RADIUS + 8, y - 10) if network.bias == "layer" else (x, y)
        yield label(beside, names[bias], None, False, "start" if network.bias == "layer" else "middle")
    for edge, place in plan.labels.items():
        yield label(place, names[network.weight_of[edge]], None, False)
    for one, (x, y) in plan.nodes.items():
        ring = f"stroke='{BACK}' stroke-width='3'" if one in through else f"stroke='{INK}' stroke-width='1.5'"
        yield (
            f"<rect x='{x - plan.half(one):.1f}' y='{y - TALL / 2:.1f}' width='{2 * plan.half(one):.1f}' "
            f"height='{TALL:g}' rx='15' fill='{FILL}' {ring}/>"
        )
        yield text(x, y, "", 13, "700", name=names[one])
    ring = f"stroke='{INK}' stroke-width='1.5'"
    yield f"<circle cx='{loss[0]:.1f}' cy='{loss[1]:.1f}' r='{LOSS:g}' fill='{FILL}' {ring}/>"
    yield text(*loss, "E", 13, "700")


def _toward(place: Point, other: Point, far: float) -> Point:
    """A point so far from a place, on the way to another.

    >>> _toward((0, 0), (10, 0), 4)
    (4.0, 0.0)
    """
    share = far / math.dist(place, other)
    return place[0] + share * (other[0] - place[0]), place[1] + share * (other[1] - place[1])


def _line(start: Point, end: Point, color: str = FAINT, wide: float = THIN) -> str:
    (x1, y1), (x2, y2) = start, end
    return (
        f"<line x1='{x1:.1f}' y1='{y1:.1f}' x2='{x2:.1f}' y2='{y2:.1f}' stroke='{color}' stroke-width='{wide:g}' "
        "stroke-linecap='round'/>"
    )


def _arrow(start: Point, end: Point) -> list[str]:
    """A line with a head at its end."""
    (ux, uy), far = (start[0] - end[0], start[1] - end[1]), math.dist(start, end)
    ux, uy = ux / far, uy / far
    sides = [(end[0] + 11 * ux - turn * 5 * uy, end[1] + 11 * uy + turn * 5 * ux) for turn in (1, -1)]
    corners = " ".join(f"{x:.1f},{y:.1f}" for x, y in (end, *sides))
    return [
        _line(start, _toward(end, start, 8), BACK, ARROW),
        f"<polygon points='{corners}' fill='{BACK}'/>",
    ]


def _words(network: Network, neuron: str) -> str:
    quantities, used = network.lines.quantities, users(network, neuron)
    spared = [typeset(name, quantities) for name in network.parameters if name not in used]
    said = (
        f"Arrows run back from the loss E through {neuron} to {', '.join(typeset(name, quantities) for name in used)}"
    )
    return f"{said}. No arrow runs to {', '.join(spared)}." if spared else f"{said}."
