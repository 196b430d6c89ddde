"""The picture of a model as SVG text: its quantities in boxes, ways between them, parameters where they act."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping

from bpkit.core.agreement import near_one
from bpkit.core.architecture import Architecture
from bpkit.core.derivation import derive
from bpkit.core.errors import BpkitError, suggest
from bpkit.core.numeric import canonical
from bpkit.core.quantities import SIGNED, Quantity
from bpkit.core.spelling import Name, number, readable, written
from bpkit.show.graph import Box, Graph, graph
from bpkit.show.graph_layout import Plan, Plate, plan
from bpkit.show.graph_words import is_near, words
from bpkit.show.strokes import Figures, Point, frame, label, picture, text, way


def svg(model: Architecture, numbers: Mapping[str, float], highlight: Iterable[str] = (), digits: int = 6) -> str:
    """The picture as SVG text, the same on every machine; its words are in its ``aria-label``."""
    highlight = tuple(highlight)
    drawn, placed, names = graph(model), plan(model), written(model.lines.quantities)
    lit = touched(model, highlight)
    parts = []
    for key, points in placed.ways.items():
        own = drawn.ways[key].parameter
        parts.append(way(points, numbers.get(own), key in lit, bool(lit) or key in placed.behind))
    parts += (
        label(one.at, names[one.parameter], numbers.get(one.parameter), _lit(drawn, one, lit), room=one.room)
        for one in (*placed.plates, *placed.cells)
    )
    for name, box in drawn.boxes.items():
        parts += _box(box, placed.boxes[name], placed.half[name], names, numbers, name in lit, digits)
    if numbers:
        figures = Figures(numbers, names, lit, digits)
        parts += figures.beside(_sides(drawn, placed), 11.5)
        parts += figures.foot(model.lines.total.name, placed.width, placed.height)
    return picture(placed.width, placed.height, words(model, numbers, highlight, digits), parts)


def _lit(drawn: Graph, plate: Plate, lit: frozenset[str]) -> bool:
    """Is a plate lit: with its way, or with its box if any box is?"""
    if plate.on in drawn.ways:
        return plate.on in lit
    return plate.parameter in lit and (not plate.on or plate.on in lit or lit.isdisjoint(drawn.boxes))


def touched(model: Architecture, names: Iterable[str]) -> frozenset[str]:
    """All that quantities light; where boxes are lit, of a parameter's ways only those to them.

    >>> import bpkit as bp
    >>> sorted(touched(bp.Model(1, bp.blocks.Dense(1), bp.blocks.Dense(1)), ["net_h1_1"]))
    ['h1_1']
    """
    drawn = graph(model)
    known = [one.name for one in model.lines.quantities.values()]
    lit = {item for name in names for item in items(model, meant(model, name, drawn.boxes, known))}
    some = not lit.isdisjoint(drawn.boxes)
    return frozenset(one for one in lit if not (some and one in drawn.ways and drawn.ways[one].target not in lit))


def meant(model: Architecture, name: str, boxes: Container[str], known: Iterable[str]) -> Quantity | str:
    """The quantity of a name, or the box; ``known`` are the names to suggest where it is neither."""
    if name in boxes:
        return name
    full = canonical(name)
    found = model.lines.quantities.get(full) or derive(model).quantities.get(full)
    if found is None or found.tag in SIGNED:
        raise BpkitError(f"highlight: the picture has no {name!r}{suggest(name, known)}")
    return found


def items(model: Architecture, about: Quantity | str) -> Iterator[str]:
    """The boxes, ways, parameters, targets and errors that a quantity is about: what a line lights up."""
    drawn = graph(model)
    if isinstance(about, str):
        yield about
    elif about.of and about.by:
        of, by = list(items(model, about.of)), about.by
        target = drawn.box_of.get(about.of.name, "")
        if by.name in model.lines.parameters and target:  # one use of a parameter lights that use
            yield from of
            yield by.name
            yield from (key for key, one in drawn.ways.items() if (one.target, one.parameter) == (target, by.name))
            return
        yield from of
        yield from items(model, by)
        key = f"{drawn.box_of.get(by.name)} → {target}"
        if key in drawn.ways:
            yield key
    elif about.of:
        yield from items(model, about.of)
    elif about.name in model.lines.parameters:
        yield about.name
        yield from (key for key, one in drawn.ways.items() if one.parameter == about.name)
        if drawn.overview:
            yield from (
                box.name for box in drawn.boxes.values() if box.block == about.block and box.quantities[0].tag != "skip"
            )
    else:
        yield drawn.box_of.get(about.name, about.name)


def _box(
    box: Box, at: Point, half: Point, names: Mapping[str, Name], numbers: Mapping[str, float], lit: bool, digits: int
) -> Iterator[str]:
    (x, y), (wide, _) = at, half
    yield frame(at, half, 12, lit)
    lines = [*box.facts]
    for one in box.quantities if numbers and not box.facts else ():
        value = numbers.get(one.name)
        shown = "" if value is None else near_one(value, digits) if is_near(one) else number(value, digits)
        word = f"{one.letter} " if shown and len(box.quantities) > 1 else ""
        lines.append(readable(word + shown))
    top = y - 16 * len(lines) / 2
    fitting = [(2 * wide - 12) / (0.6 * max(1, len(said))) for said in (box.name, *lines)]  # a long one is set smaller
    yield text(x, top, "", min(12, fitting[0]), "700", name=names.get(box.name, (box.name, "")))
    for row, said in enumerate(lines, start=1):
        yield text(x, top + 16 * row, said, min(11.5, fitting[row]))


def _sides(drawn: Graph, placed: Plan) -> dict[str, Point]:
    """Where each target and error is, to the right of its output."""
    places = {}
    for error, ((x, y), low) in placed.sides.items() if not drawn.overview else ():
        places[drawn.outputs[error][1]] = x, y + (0 if low else -9)
        places[error] = x, y + (15 if low else 9)
    return places
