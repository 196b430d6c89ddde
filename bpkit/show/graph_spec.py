"""The picture of a model as data, for a page that draws it live: places, names of numbers, what lights up, words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from itertools import groupby, pairwise
from typing import Any

from bpkit.core.architecture import Architecture
from bpkit.core.derivation import Derivation, derive
from bpkit.core.quantities import SIGNED, Quantity, Role
from bpkit.core.spelling import PLAIN, Name, written
from bpkit.show.graph import Box, Graph, graph
from bpkit.show.graph_layout import PLATE_HEIGHT, Plan, Plate, covers, overlap, plan
from bpkit.show.graph_svg import items
from bpkit.show.graph_words import FLAT, loss, net_and_out, sentences
from bpkit.show.strokes import LETTER, Point

SIZE = 11.5  # of the letters in pixels
MARK = 128.0  # of a factor's mark: how wide it may be
ASIDE = (0.0, *(sign * far for far in range(10, 90, 10) for sign in (1.0, -1.0)))  # of its plate, where it may stand
LOW = 14.0  # room for the derivative below the lowest box
LEGENDS = {
    "forward": ("solid: positive, dashed: negative, wide: large", "the fuller a box, the larger what it holds"),
    "backward": (
        "δ: ∂E by the first number of a box; ← is ∂E/∂w, all uses together",
        "the arrows point the way that the gradient travels",
    ),
    "update": ("→ is the new value of a parameter",),
}


def graph_spec(model: Architecture, lines: Derivation | None = None) -> dict[str, Any]:
    """A model's picture as JSON, as ``network_spec`` is a network's.

    ``edges`` are the ways, each with a ``key`` that lights up and the name of its parameter, which may be none;
    ``biases`` are all plates that stand by themselves. Places that say ``again`` repeat a parameter.
    """
    drawn, placed, about = graph(model), plan(model), derivatives(model)
    plates = {plate.on: plate for plate in placed.plates if plate.on in drawn.ways}
    alone = [plate for plate in (*placed.plates, *placed.cells) if plate.on not in drawn.ways]
    seen: set[str] = set()
    low = round(placed.height + LOW - 18)
    spec: dict[str, Any] = {
        "width": round(placed.width),
        "height": round(placed.height + LOW),
        "graph": True,
        "nodes": [_node(box, placed.boxes[name], placed.half[name], about) for name, box in drawn.boxes.items()],
        "edges": [_edge(drawn, placed, key, plates.get(key), about, seen) for key in drawn.ways],
        "biases": [_plate(drawn, plate, about, seen) for plate in alone],
        "hidden": [],
        "outputs": [] if drawn.overview else list(_outputs(drawn, placed)),
        "total": {"value": model.lines.total.name, "low": low},
        "size": SIZE,
        "letter": LETTER,
        "flat": FLAT,
        "legends": LEGENDS,
        "lights": _lights(model, drawn, lines or derive(model)),
        "words": _words(model, about),
    }
    return {**spec, "written": names_on(spec, model.lines.quantities)}


def names_on(spec: Mapping[str, Any], quantities: Mapping[str, Quantity]) -> dict[str, Name]:
    """The names on a picture, as the picture writes them; of what has no plate there is no name."""
    known, plates = written(quantities), (one for part in ("edges", "biases") for one in spec[part] if one["plate"])
    outputs = (one[part] for one in spec["outputs"] for part in ("target", "error"))
    names = [*(one["name"] for one in (*spec["nodes"], *plates)), *outputs, spec["total"]["value"]]
    return {name: known[name] for name in names if name in known}


def anchor(spec: Mapping[str, Any], model: Architecture, factor: Quantity) -> Point | None:
    """Where a factor of the chain rule is on the picture: on its way, else below its box."""
    places = list(items(model, factor))
    for edge in spec["edges"]:
        if edge["key"] in places:
            x1, y1, *_, x2, y2 = edge["ends"]
            x, y = edge["plate"]["at"] if edge["plate"] else ((x1 + x2) / 2, (y1 + y2) / 2)
            spots = ((x + aside, y + down) for aside in ASIDE for down in (18.0, -18.0))
            return min(spots, key=partial(_hidden, spec, edge["key"]))
    boxes = [one for one in spec["nodes"] if one["name"] in places]
    if not boxes or "text" in boxes[0]:
        return None
    (x, y), tall = boxes[0]["at"], boxes[0]["tall"]
    ends = bool(factor.of and factor.of.tag == "total")  # what the whole loss does stands above, a slope below
    return x, y - tall - 9 if ends else y + tall + 9


def _hidden(spec: Mapping[str, Any], own: str, at: Point) -> int:
    """How much of the picture a factor's mark would hide there: boxes and plates above all, then ways but its own."""
    plates = [one["plate"] for part in ("edges", "biases") for one in spec[part] if one["plate"]]
    over = sum(overlap(at, MARK, tuple(one["at"]), one["room"][0]) > 0 for one in plates)
    for box in spec["nodes"]:
        (x, y), reach = box["at"], box["tall"] + PLATE_HEIGHT / 2 + 1  # a mark is a little higher than a plate
        over += abs(x - at[0]) < box["half"] + MARK / 2 and abs(y - at[1]) < reach
    ways = (list(zip(one["ends"][::2], one["ends"][1::2])) for one in spec["edges"] if one["key"] != own)
    return 3 * over + sum(covers(at, MARK, points) for points in ways)


def route(spec: Mapping[str, Any], model: Architecture, nodes: Sequence[str]) -> list[list[Any]]:
    """A path from a parameter to the loss as stretches on the picture: the weight on each, and its two ends."""
    drawn, (parameter, *rest) = graph(model), nodes
    boxes = [box for box, _ in groupby(drawn.box_of[name] for name in rest if name in drawn.box_of)]
    first = (way.key for way in drawn.ways.values() if way.parameter == parameter and boxes[:1] == [way.target])
    edges = {one["key"]: one for one in spec["edges"]}
    found = []
    for key in (*first, *(f"{source} → {target}" for source, target in pairwise(boxes))):
        ends = edges[key]["ends"]
        points = [[x, y] for x, y in zip(ends[::2], ends[1::2])]
        found += [[edges[key]["name"], start, end] for start, end in pairwise(points)]
    return found


def quantities_of(lines: Derivation) -> dict[str, Quantity]:
    """Every quantity of a derivation by its name, with the derivatives with respect to the inputs.

    >>> import bpkit as bp
    >>> "dE_total/dx1" in quantities_of(bp.derive(bp.Network(1, 1)))
    True
    """
    return {**lines.quantities, **{step.name: step.quantity for step in lines.with_inputs}}


def derivatives(model: Architecture) -> dict[str, dict[str, str]]:
    """For each quantity the name of the loss's derivative with respect to it, for a parameter its new value too.

    >>> import bpkit as bp
    >>> derivatives(bp.Network(1, 1))["w1"]
    {'back': 'dE_total/dw1', 'new': 'w1_new'}
    """
    found: dict[str, dict[str, str]] = {}
    for one in quantities_of(derive(model)).values():
        if one.of and one.by and one.of.tag == "total" and one.role in (Role.ADJOINT, Role.GRADIENT):
            found.setdefault(one.by.name, {})["back"] = one.name
        elif one.of and one.role is Role.UPDATE:
            found.setdefault(one.of.name, {})["new"] = one.name
    return found


def rounded(place: Point) -> list[float]:
    """A place to a tenth of a pixel.

    >>> rounded((1.234, 2.0))
    [1.2, 2.0]
    """
    return [round(place[0], 1), round(place[1], 1)]


def _node(box: Box, place: Point, half: Point, about: Mapping[str, Mapping[str, str]]) -> dict[str, Any]:
    wide, tall = half
    spec: dict[str, Any] = {"name": box.name, "at": rounded(place), "half": round(wide, 1), "tall": tall}
    if box.facts:
        return {**spec, "text": box.facts}
    first, last = box.quantities[0], box.quantities[-1]
    spec |= {"out": last.name, "delta": None if first.tag == "input" else about.get(first.name, {}).get("back")}
    if len(box.quantities) == 1:
        return spec
    net, _ = net_and_out(box)
    words, back = [f"{first.letter} ", f"{last.letter} "], about.get(last.name, {}).get("back")
    return {**spec, "words": words, "net": first.name, "by_out": back, "near": bool(net)}


def _edge(
    drawn: Graph,
    placed: Plan,
    key: str,
    plate: Plate | None,
    about: Mapping[str, Mapping[str, str]],
    seen: set[str],
) -> dict[str, Any]:
    way = drawn.ways[key]
    spec: dict[str, Any] = {
        "name": way.parameter,
        "key": key,
        "ends": [round(one, 1) for point in placed.ways[key] for one in point],
        "way": f"from {way.source} to {way.target}",
        "into": way.target,
        "behind": key in placed.behind,
        "plate": None,
        **about.get(way.parameter, {}),
    }
    if plate:
        spec |= {
            "plate": {"at": rounded(plate.at), "room": [round(plate.room)] * 2, "rows": 1},
            "again": way.parameter in seen,
        }
        seen.add(way.parameter)
    return spec


def _plate(drawn: Graph, plate: Plate, about: Mapping[str, Mapping[str, str]], seen: set[str]) -> dict[str, Any]:
    again = plate.parameter in seen
    seen.add(plate.parameter)
    boxes = [name for name, added in drawn.added.items() if plate.parameter in added]
    uses = boxes or list(dict.fromkeys(way.target for way in drawn.ways.values() if way.parameter == plate.parameter))
    return {
        "name": plate.parameter,
        "at": None,
        "ways": [],
        "way": f"into {plate.on or ' and '.join(uses)}",
        "plate": {"at": rounded(plate.at), "room": [round(plate.room)] * 2, "rows": 1 if plate.on else 2},
        "again": again,
        "into": plate.on,
        "cell": not plate.on,
        **about[plate.parameter],
    }


def _outputs(drawn: Graph, placed: Plan) -> Iterator[dict[str, Any]]:
    for error, ((x, y), low) in placed.sides.items():
        target = drawn.outputs[error][1] or None
        yield {"at": rounded((x, y + 8) if low else (x, y)), "target": target, "error": error}


def _lights(model: Architecture, drawn: Graph, lines: Derivation) -> dict[str, list[str]]:
    """What lights up for each quantity and each box."""
    known = {**derive(model).quantities, **model.lines.quantities}
    found = {name: [name] for name in drawn.boxes}
    for name, one in quantities_of(lines).items():
        about = one.subject
        if about.tag not in SIGNED and (about.name in known or about.by):
            found[name] = sorted(set(items(model, about)))
    return found


def _words(model: Architecture, about: Mapping[str, Mapping[str, str]]) -> dict[str, Any]:
    """The picture in words, as templates with a hole for each number, and what follows on the way back."""

    def hole(name: str, near: bool) -> str:
        return f"{name} = {{{name}|near}}" if near else f"{name} = {{{name}}}"

    quantities = quantities_of(derive(model))

    def clauses(names: Mapping[str, Any], kind: str) -> dict[str, str]:
        wanted = [about[name][kind] for name in names if kind in about.get(name, {})]
        return {name: f"{PLAIN(quantities[name])} = {{{name}}}" for name in wanted}

    whole = sentences(model, hole)
    parameters = model.lines.parameters
    backward = {one.name: one for one in model.lines.quantities.values() if one.tag == "net"} | parameters
    return {
        "forward": whole,
        "given": whole,
        "parameters": whole,
        "loss": f" {loss(model, hole)}",
        "backward": {"opening": "Derivatives", "clauses": clauses(backward, "back")},
        "update": {"opening": "After the update", "clauses": clauses(parameters, "new")},
        "weights": [],
        "lit": "Lit:",
        "most": 0,
    }
