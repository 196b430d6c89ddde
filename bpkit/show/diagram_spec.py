"""The picture of a network as data, for a page that draws it live: places, names of numbers, what lights up, words."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from bpkit.core.agreement import near_one
from bpkit.core.architecture import Architecture
from bpkit.core.derivation import Derivation, derive
from bpkit.core.network import Edge, Network
from bpkit.core.quantities import SIGNED
from bpkit.core.spelling import PLAIN, number
from bpkit.show.diagram import Item, touched
from bpkit.show.diagram_layout import (
    BIAS_RADIUS,
    MOST_LABELS,
    NODE_HEIGHT,
    NODE_WIDTH,
    Layout,
    Point,
    layout,
)
from bpkit.show.diagram_words import FLAT, MOST, words
from bpkit.show.graph_spec import derivatives, graph_spec, names_on, quantities_of, rounded


@dataclass(frozen=True)
class _Type:
    """The letters of a picture, and the size that they give a plate, in pixels."""

    size: float
    letter: float  # width of one on a plate
    long: float  # width of a plate for ← -0.000123
    plate: tuple[float, float]  # with two rows: its top and its bottom, below the middle of the first
    rooms: tuple[float, ...]  # widths that are tried: for a long derivative, or at least for a short one

    @property
    def own(self) -> float:
        """Width of the plate of a neuron's own bias, with its derivative."""
        return 12 * self.letter + self.long


# The page draws a picture smaller by a tenth at most; where large plates find no room small ones may.
LARGE_TYPE = _Type(13.0, 7.4, 90.0, (-8.5, 23.0), (90.0, 83.0, 76.0, 0.0))
SMALL_TYPE = _Type(11.5, 6.4, 78.0, (-7.5, 20.5), (78.0, 72.0, 66.0, 0.0))
CROWD = 24  # plates between two layers; with more there is room for short numbers at most
INPUT_HEIGHT = 42.0
OVERHANG = 24.0  # of a neuron's own bias to the left of it, since its derivative reaches over the right
BELOW = 17.0  # room for the delta of the lowest neurons
AIR = 1.0  # between a plate and what is not its own
PLACES = (0.5, *sorted((t / 100 for t in range(14, 87)), key=lambda t: min(abs(t - 0.31), abs(t - 0.69))))
WEIGHTS_ALONE = "δ = ∂E/∂net, the fuller its box, the larger; ← is ∂E/∂w"
LEGENDS = {
    "forward": ("solid: positive, dashed: negative, wide: large", "the fuller a neuron, the larger its output"),
    "backward": (
        f"{WEIGHTS_ALONE}, and ∂E/∂b at a bias",
        "purple runs back: wide for a large ∂E/∂w, dashed for a negative one",
    ),
    "update": ("→ is the new value of a weight or bias",),
}


def network_spec(network: Architecture, lines: Derivation | None = None) -> dict[str, Any]:
    """A network's picture as JSON: what is where, and which quantity's number belongs there.

    ``nodes``, ``edges``, ``biases`` and ``outputs`` name their quantities as the derivation does; ``lights`` has for
    each quantity the items that it lights up, as ``touched`` has them: neurons and parameters by their names, targets,
    errors and the loss too. ``lines`` are those to light, where a problem's update rule has lines of its own.
    ``written`` has the names as the picture writes them; ``words`` are templates whose holes are filled with numbers.

    >>> network_spec(Network(2, 2, 2))["lights"]["dE_total/dw5"]
    ['E_total', 'w5']
    """
    if not isinstance(network, Network):
        return graph_spec(network, lines)
    plan = layout(network, True)
    named, about = _names(network), derivatives(network)
    type_, plates = _typed(network, plan)
    inputs = (_input(network, plan, name, about) for name in network.inputs if name in plan.nodes)
    neurons = (_neuron(plan, name, named[name], about) for name in plan.nodes if name not in network.inputs)
    spec: dict[str, Any] = {
        "width": round(plan.width),
        "height": round(plan.height + BELOW),
        "nodes": [*inputs, *neurons],
        "edges": [_edge(network, plan, edge, plates.get(edge), about) for edge in plan.edges],
        "biases": list(_biases(network, plan, about, type_)),
        "hidden": [{"at": rounded(place), "text": f"⋮ {count} more"} for place, count in plan.hidden],
        "outputs": list(_outputs(network, plan, named)),
        "total": {"value": network.lines.total.name, "low": round(plan.height + BELOW - 18)},
        "size": type_.size,
        "letter": type_.letter,
        "flat": FLAT,
        "legends": LEGENDS,
        "lights": _lights(network, plan, lines or derive(network)),
        "words": _words(network, about),
    }
    return {**spec, "written": names_on(spec, network.lines.quantities)}


def _names(network: Network) -> dict[str, dict[str, str]]:
    """What the forward pass computes at each neuron, by the block's word for it: net, out, error."""
    found: dict[str, dict[str, str]] = {name: {} for name in network.layer_of}
    for one in network.lines.quantities.values():
        if one.neuron in found and one.tag in ("net", "out", "error"):
            found[one.neuron][one.tag] = one.name
    return found


def _input(network: Network, plan: Layout, name: str, about: Mapping[str, Mapping[str, str]]) -> dict[str, Any]:
    size = {"half": plan.half(name), "tall": INPUT_HEIGHT / 2}
    return {"name": name, "at": rounded(plan.nodes[name]), **size, "out": name, "by_out": about[name]["back"]}


def _neuron(plan: Layout, name: str, own: Mapping[str, str], about: Mapping[str, Mapping[str, str]]) -> dict[str, Any]:
    size = {"half": plan.half(name), "tall": NODE_HEIGHT / 2}
    back = {"delta": about[own["net"]]["back"], "by_out": about[own["out"]]["back"]}
    return {"name": name, "at": rounded(plan.nodes[name]), **size, "net": own["net"], "out": own["out"], **back}


def _edge(
    network: Network, plan: Layout, edge: Edge, plate: dict[str, Any] | None, about: Mapping[str, Mapping[str, str]]
) -> dict[str, Any]:
    name, (start, end) = network.weight_of[edge], plan.edges[edge]
    return {
        "name": name,
        "ends": [*rounded(start), *rounded(end)],
        "way": f"from {edge[0]} to {edge[1]}",
        "plate": plate,
        **about[name],
    }


def _biases(
    network: Network, plan: Layout, about: Mapping[str, Mapping[str, str]], type_: _Type
) -> Iterator[dict[str, Any]]:
    """A layer's bias is a source with ways to its neurons; a neuron's own is a plate above it."""
    for bias, place in plan.biases.items():
        fed = [neuron for neuron in network.biases[bias] if neuron in plan.nodes]
        room, source = 8 * type_.letter, network.bias == "layer"
        left = place[0] + BIAS_RADIUS + 4 if source else place[0] - NODE_WIDTH / 2 - OVERHANG
        yield {
            "name": bias,
            "at": rounded(place) if source else None,
            "radius": BIAS_RADIUS,
            "ways": [{"to": neuron, "ends": [*rounded(a), *rounded(b)]} for neuron, a, b in _ways(plan, place, fed)]
            if source
            else [],
            "way": f"into {' and '.join(network.biases[bias])}",
            "plate": {
                "beside": True,
                "at": rounded((left, place[1] - 10 if source else place[1])),
                "room": [round(room + len(bias) * type_.letter), round(type_.long)],
                "rows": 2,
            },
            **about[bias],
        }


def _ways(plan: Layout, place: Point, fed: Iterable[str]) -> Iterator[tuple[str, Point, Point]]:
    for neuron in fed:
        x, y = plan.nodes[neuron]
        yield neuron, (place[0] + BIAS_RADIUS, place[1]), (x - NODE_WIDTH / 2, y)


def _outputs(network: Network, plan: Layout, named: Mapping[str, Mapping[str, str]]) -> Iterator[dict[str, Any]]:
    for number_, output in enumerate(network.outputs):
        if output in plan.nodes:
            x, y = plan.nodes[output]
            target = network.targets[number_] if network.targets else None
            yield {"at": rounded((x + NODE_WIDTH / 2 + 10, y)), "target": target, "error": named[output]["error"]}


def _typed(network: Network, plan: Layout) -> tuple[_Type, dict[Edge, dict[str, Any]]]:
    """The largest letters with which all plates have two rows, and the plates; large ones where none do."""
    found = [(type_, dict(_plates(network, plan, type_))) for type_ in (LARGE_TYPE, SMALL_TYPE)]
    fitting = (one for one in found if all(plate["rows"] == 2 for plate in one[1].values()))
    return next(fitting, found[0])


def _plates(network: Network, plan: Layout, type_: _Type) -> Iterator[tuple[Edge, dict[str, Any]]]:
    """For each edge the place of its plate, which has two rows where all plates between two layers find room."""
    bias_ways: list[tuple[Point, Point]] = []
    own: list[Point] = []
    if network.bias == "neuron":
        own = [(x + type_.own / 2 - NODE_WIDTH / 2 - OVERHANG, y) for x, y in plan.biases.values()]
    if network.bias == "layer":
        for bias, place in plan.biases.items():
            fed = [neuron for neuron in network.biases[bias] if neuron in plan.nodes]
            bias_ways += [(start, end) for _, start, end in _ways(plan, place, fed)]
    for before, after in pairwise(network.layers):
        here = {edge: ends for edge, ends in plan.edges.items() if edge[0] in before and edge[1] in after}
        if len(here) > MOST_LABELS:
            continue
        room = {edge: type_.letter * (len(network.weight_of[edge]) + 7) + 6 for edge in here}
        for wished in type_.rooms if len(here) <= CROWD else type_.rooms[-1:]:
            wide = {edge: max(room[edge], wished) for edge in here}
            places, shared = _placed(here, wide, bias_ways, own, type_)
            if not shared:
                break
        for edge in here:
            place, rows = (plan.labels[edge], 1) if shared else (places[edge], 2)
            yield edge, {"at": rounded(place), "room": [round(wide[edge])] * 2, "rows": rows}


def _placed(
    edges: Mapping[Edge, tuple[Point, Point]],
    wide: Mapping[Edge, float],
    others: list[tuple[Point, Point]],
    own: list[Point],
    type_: _Type,
) -> tuple[dict[Edge, Point], float]:
    """Where plates with two rows hide least, and the area that they still share: each in turn takes its best place.

    They keep away from the other lines, and from the plates of the neurons' own biases.
    """
    spots = {edge: list(_spots(ends, wide[edge])) for edge, ends in edges.items()}
    hides = {
        edge: [
            sum(_crosses(place, wide[edge], line, type_) for other, line in edges.items() if other != edge)
            + sum(_crosses(place, wide[edge], line, type_) for line in others)
            + sum(_shared(place, wide[edge], one, type_.own, type_) for one in own)
            for place in spots[edge]
        ]
        for edge in edges
    }
    taken: dict[Edge, Point] = {}
    # Flat edges first: their middle is free, and the slanting ones keep out of its way.
    order = sorted(edges, key=lambda edge: abs(edges[edge][0][1] - edges[edge][1][1]))

    def shares(edge: Edge, place: Point) -> float:
        return sum(_shared(place, wide[edge], taken[one], wide[one], type_) for one in taken if one != edge)

    for _ in range(4):
        for edge in order:
            costs = [40 * hidden + 10 * shares(edge, place) for place, hidden in zip(spots[edge], hides[edge])]
            taken[edge] = spots[edge][costs.index(min(costs))]
    return taken, sum(shares(edge, place) for edge, place in taken.items())


def _spots(ends: tuple[Point, Point], wide: float) -> Iterator[Point]:
    """The places on an edge where a plate covers neither neuron."""
    (x1, y1), (x2, y2) = ends
    for t in PLACES:
        if wide / 2 <= t * (x2 - x1) <= x2 - x1 - wide / 2:
            yield x1 + (x2 - x1) * t, y1 + (y2 - y1) * t


def _shared(one: Point, wide: float, other: Point, width: float, type_: _Type) -> float:
    across = (wide + width) / 2 + AIR - abs(one[0] - other[0])
    down = type_.plate[1] - type_.plate[0] + AIR - abs(one[1] - other[1])
    return across * down if across > 0 and down > 0 else 0.0


def _crosses(place: Point, wide: float, line: tuple[Point, Point], type_: _Type) -> bool:
    (x1, y1), (x2, y2) = line
    slope = (y2 - y1) / (x2 - x1)
    sides = (max(place[0] - wide / 2, x1), min(place[0] + wide / 2, x2))
    low, high = sorted(y1 + slope * (x - x1) for x in sides)
    return low < place[1] + type_.plate[1] and high > place[1] + type_.plate[0]


def _lights(network: Network, plan: Layout, lines: Derivation) -> dict[str, list[str]]:
    """What lights up for each quantity and each neuron, of what is drawn."""
    drawn = {name for name, one in quantities_of(derive(network)).items() if one.tag not in SIGNED}
    about = {name: whose for name, one in quantities_of(lines).items() if (whose := one.subject.name) in drawn}
    found = {}
    for name, whose in {**about, **{neuron: neuron for neuron in network.layer_of}}.items():
        items = {_item(network, plan, item) for item in touched(network, [whose])} - {""}
        if items:
            found[name] = sorted(items)
    return found


def _item(network: Network, plan: Layout, item: Item) -> str:
    """The name of an item; of an edge its weight's; none for what is left out of the picture."""
    if isinstance(item, tuple):
        return network.weight_of[item] if item in plan.edges else ""
    left_out = item in network.layer_of and item not in plan.nodes
    return "" if left_out else item


def _words(network: Network, about: Mapping[str, Mapping[str, str]]) -> dict[str, Any]:
    """The picture in words, as templates: with all numbers, before the forward pass, and of a batch; what follows."""
    loss = network.lines.total.name
    forward = {one.name for one in network.lines.quantities.values()} - {loss}
    given = {*network.parameters, *network.inputs, *network.targets}
    whole = _template(network, {*forward, loss})
    paragraphs = {
        "forward": _template(network, forward),
        "given": _template(network, given),
        "parameters": _template(network, network.parameters),
    }
    quantities = quantities_of(derive(network))

    def clauses(names: Iterable[str], kind: str) -> dict[str, str]:
        wanted = [about[name][kind] for name in names]
        return {name: f"{PLAIN(quantities[name])} = {{{name}}}" for name in wanted}

    nets = [one.name for one in network.lines.quantities.values() if one.tag == "net"]
    return {
        **paragraphs,
        "loss": whole.removeprefix(paragraphs["forward"]),
        "backward": {"opening": "Derivatives", "clauses": clauses([*nets, *network.parameters], "back")},
        "update": {"opening": "After the update", "clauses": clauses(network.parameters, "new")},
        "weights": list(network.weights),
        "lit": "Lit:",
        "most": MOST,
    }


def _template(network: Network, names: Iterable[str]) -> str:
    """The words of the still picture with a hole for every number.

    They are spelled with numbers that no other place has, all so near 1 that both spellings differ; each is then taken
    for its hole. Of many weights only the least and the largest are told: ``{least}`` and ``{largest}``.
    """
    numbers = {name: 1 - (1000 + place) * 2.0**-40 for place, name in enumerate(sorted(names))}
    holes = {spelled(value): hole for name, value in numbers.items() for spelled, hole in _spellings(name)}
    if len(network.weights) > MOST:
        known = [numbers[name] for name in network.weights]
        holes |= {number(min(known), 17): "{least}", number(max(known), 17): "{largest}"}
    text = words(network, numbers, digits=17)
    longest_first = "|".join(map(re.escape, sorted(holes, key=len, reverse=True)))
    return re.sub(longest_first, lambda found: holes[found[0]], text)


def _spellings(name: str) -> Iterator[tuple[Callable[[float], str], str]]:
    yield lambda value: number(value, 17), f"{{{name}}}"
    yield lambda value: near_one(value, 17), f"{{{name}|near}}"
