"""A small picture of a network's wiring: round neurons, named lines, as little else as a question needs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise

from bpkit.core.network import Edge, Network
from bpkit.core.spelling import Name, number, readable, typeset, written
from bpkit.show.chart import WIDTH
from bpkit.show.diagram_layout import LETTER, label_places
from bpkit.show.drawing import Drawing
from bpkit.show.palette import FAINT, FILL, INK, LIT, NEGATIVE, PAPER, POSITIVE
from bpkit.show.strokes import Point, picture, text

RADIUS, PITCH, MARGIN = 19.0, 68.0, 14.0
THIN, WIDE = 1.4, 13.0  # strokes: one that shows no number, and the strongest
LOSS = "E"


def wiring(
    network: Network,
    named: Iterable[str] | None = None,
    lit: str = "",
    strength: Mapping[str, float] | None = None,
    loss: bool = False,
) -> Drawing:
    """Draw who is joined to whom; ``named`` are the weights whose names are shown, all of them unless some are given.

    ``lit`` is a weight to point out. ``strength`` gives numbers to the weights: the larger, the wider is the line, and
    it is dashed for a negative one. ``loss`` adds the loss behind the outputs.
    """
    columns = [*network.layers, *([(LOSS,)] if loss else [])]
    places = _places(columns)
    height = max(y for _, y in places.values()) + RADIUS + MARGIN + (22 if strength else 0)
    shown = list(network.weights) if named is None else list(named)
    edges = {edge: _ends(places, edge) for edge in network.weight_of}
    largest, names = max(map(abs, strength.values())) if strength else 1.0, written(network.lines.quantities)
    parts = []
    for edge, ends in edges.items():
        name = network.weight_of[edge]
        if name == lit:
            parts.append(_line(ends, LIT, 9))
        value = strength[name] / largest if strength else None
        parts.append(_line(ends, *_look(value)))
    parts += [_line(_ends(places, (one, LOSS)), FAINT, THIN) for one in (network.outputs if loss else ())]
    for before in network.layers[:-1]:
        here = {edge: ends for edge, ends in edges.items() if edge[0] in before and network.weight_of[edge] in shown}
        widths = {edge: _wide(names[network.weight_of[edge]]) for edge in here}
        for edge, place in label_places(here, widths):
            parts += _plate(place, names[network.weight_of[edge]])
    for neuron, place in places.items():
        parts += _node(place, names.get(neuron, (neuron, "")))
    if strength:
        parts.append(text(MARGIN, height - 12, "wide: |∂E/∂w| is large, dashed: negative", 12, "", "start", FAINT))
    words = _words(network, shown, lit, strength, loss)
    return Drawing(words, picture(WIDTH, height, words, parts))


def subscripted(network: Network, name: str) -> str:
    """A weight's name as pictures and sentences have it: w₅.

    >>> import bpkit as bp
    >>> subscripted(bp.Network(2, 2, 2), "w5")
    'w₅'
    """
    return typeset(name, network.lines.quantities)


def _places(columns: Sequence[Sequence[str]]) -> dict[str, Point]:
    tallest = max(map(len, columns))
    middle = MARGIN + RADIUS + PITCH * (tallest - 1) / 2
    across = (WIDTH - 2 * (MARGIN + RADIUS)) / (len(columns) - 1)
    return {
        one: (MARGIN + RADIUS + across * place, middle + PITCH * (row - (len(column) - 1) / 2))
        for place, column in enumerate(columns)
        for row, one in enumerate(column)
    }


def _ends(places: Mapping[str, Point], edge: Edge) -> tuple[Point, Point]:
    """A line from the right side of a neuron to the left side of another."""
    (x1, y1), (x2, y2) = places[edge[0]], places[edge[1]]
    return (x1 + RADIUS, y1), (x2 - RADIUS, y2)


def _look(value: float | None) -> tuple[str, float, str]:
    if value is None:
        return FAINT, THIN, ""
    wide = max(THIN, WIDE * abs(value))
    return (NEGATIVE, wide, f"{5 + wide:.1f} {3 + wide / 2:.1f}") if value < 0 else (POSITIVE, wide, "")


def _line(ends: tuple[Point, Point], color: str, wide: float, dash: str = "") -> str:
    (x1, y1), (x2, y2) = ends
    dashed = f" stroke-dasharray='{dash}'" if dash else ""
    return (
        f"<line x1='{x1:.1f}' y1='{y1:.1f}' x2='{x2:.1f}' y2='{y2:.1f}' stroke='{color}' "
        f"stroke-width='{wide:.1f}'{dashed}/>"
    )


def _wide(name: Name) -> float:
    return LETTER * len("".join(name)) + 10


def _plate(place: Point, name: Name) -> list[str]:
    x, y = place
    wide = _wide(name)
    return [
        f"<rect x='{x - wide / 2:.1f}' y='{y - 9:.1f}' width='{wide:.1f}' height='18' rx='5' fill='{PAPER}'/>",
        text(x, y + 0.5, "", 13.5, "700", name=name),
    ]


def _node(place: Point, name: Name) -> list[str]:
    x, y = place
    return [
        f"<circle cx='{x:.1f}' cy='{y:.1f}' r='{RADIUS:g}' fill='{FILL}' stroke='{INK}' stroke-width='1.5'/>",
        text(x, y + 0.5, "", 13 if len("".join(name)) < 4 else 11.5, "700", name=name),
    ]


def _words(network: Network, shown: Sequence[str], lit: str, strength: Mapping[str, float] | None, loss: bool) -> str:
    layers = "; ".join(", ".join(layer) for layer in network.layers)
    said = [f"A network drawn in layers, from left to right: {layers}"]
    if loss:
        said.append(f"The loss {LOSS} is behind {' and '.join(network.outputs)}")
    if len(shown) < len(network.weights):
        said.append("Every neuron of a layer is joined to every neuron of the next")
    for before, after in pairwise(network.layers):
        lines = [
            f"{subscripted(network, network.weight_of[s, t])} from {s} to {t}"
            for s in before
            for t in after
            if network.weight_of[s, t] in shown
        ]
        if lines:
            said.append(f"Lines: {', '.join(lines)}")
    if strength:
        widths = ", ".join(
            f"{subscripted(network, name)} {readable(number(value, 2))}" for name, value in strength.items()
        )
        said.append(f"How wide each line is, with a minus where it is dashed: {widths}")
    return ". ".join(said) + "." + (f" {subscripted(network, lit)} is marked." if lit else "")
