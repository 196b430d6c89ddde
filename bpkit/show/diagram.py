"""The picture of a network as SVG text: names, and with a problem the live numbers on its nodes and edges."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from html import escape
from typing import TYPE_CHECKING, Any

from bpkit.core.derivation import derive
from bpkit.core.errors import BpkitError, suggest
from bpkit.core.network import Network
from bpkit.core.numeric import canonical, evaluate
from bpkit.core.quantities import SIGNED, Quantity
from bpkit.core.spelling import checked, number
from bpkit.show.diagram_layout import BIAS_RADIUS, LETTER, NODE_HEIGHT, NODE_WIDTH, Layout, Point, layout
from bpkit.show.diagram_words import at_neuron, words
from bpkit.show.drawing import Drawing
from bpkit.show.palette import FAINT, FILL, FONT, INK, LINE, LIT, NEGATIVE, PAPER, POSITIVE

if TYPE_CHECKING:
    from bpkit.core.problem import Problem

Item = str | tuple[str, str]


def diagram(model: Network | Problem, highlight: Iterable[str] = (), digits: int = 6, computed: bool = True) -> Drawing:
    """A network as it is drawn in textbooks; of a problem every number stands at its place.

    Without ``computed`` these are the given numbers only, and whatever follows from them is left to be found.
    ``highlight`` names quantities (``"out_h1"``, ``"dE_total/dw5"``), weights or neurons whose nodes and edges are
    lit. A negative weight is dashed, a larger one wider. Raises ``BpkitError`` for a name that is not on the picture.
    """
    lit: tuple[Any, ...] = (
        tuple(highlight) if isinstance(highlight, Iterable) and not isinstance(highlight, str) else (None,)
    )
    if not all(isinstance(name, str) for name in lit):
        raise BpkitError(f"highlight: expected names, got {highlight!r}; write them as a list, such as ['w5']")
    digits = checked(digits)
    network, numbers = (model, {}) if isinstance(model, Network) else (model.network, _numbers(model, computed))
    return Drawing(words(network, numbers, lit, digits), svg(network, numbers, lit, digits))


def _numbers(problem: Problem, computed: bool) -> Mapping[str, float]:
    return numbers_of(problem) if computed else problem.parameters if problem.is_batch else problem.givens


def numbers_of(problem: Problem) -> dict[str, float]:
    """What stands on the picture of a problem: givens and quantities; on a batch parameters and the mean loss."""
    values: Mapping[str, Any] = evaluate(problem)
    if problem.is_batch:
        return {**problem.parameters, "E_total": values["E_total"]}
    return {**problem.givens, **values}


def touched(network: Network, names: Iterable[str]) -> frozenset[Item]:
    """The nodes, edges and biases that quantities are about: what a step of the derivation lights up."""
    return frozenset(item for name in names for item in _items(network, _about(network, name)))


def _about(network: Network, name: str) -> Quantity | str:
    """The quantity of a name, or the neuron."""
    if name in network.layer_of:
        return name
    full = "E_total" if name == "E" else canonical(name)
    found = network.lines.quantities.get(full) or derive(network).quantities.get(full)
    if found is None or found.tag in SIGNED:
        errors = (one.name for one in network.lines.quantities.values() if one.tag == "error")
        known = (*network.parameters, *network.targets, *network.layer_of, *errors)
        raise BpkitError(f"highlight: the picture has no {name!r}{suggest(name, known)}")
    return found


def _items(network: Network, about: Quantity | str) -> Iterator[Item]:
    if isinstance(about, str):
        yield about
    elif about.of and about.by:
        yield from _items(network, about.of)
        yield from _items(network, about.by)
        if (edge := (_place(about.by), _place(about.of))) in network.weight_of:
            yield edge
    elif about.of:
        yield from _items(network, about.of)
    else:
        yield network.weights.get(about.name, _place(about))


def _place(quantity: Quantity) -> str:
    """The node that a quantity belongs to; its own name where it stands by itself."""
    return quantity.neuron if quantity.tag in ("net", "out") else quantity.name


def svg(network: Network, numbers: Mapping[str, float], highlight: Iterable[str] = (), digits: int = 6) -> str:
    """The picture as SVG text, the same on every machine; its words are in its ``aria-label``."""
    highlight = tuple(highlight)
    plan = layout(network, bool(numbers))
    lit = touched(network, highlight)
    w, h = round(plan.width), round(plan.height)
    parts = [
        f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {w} {h}' width='{w}' height='{h}' role='img' "
        f"style='max-width:100%;height:auto' {FONT} font-size='12' fill='{INK}' "
        f"aria-label='{escape(words(network, numbers, highlight, digits))}'>",
        f"<rect width='{w}' height='{h}' rx='8' fill='{PAPER}'/>",
    ]
    for edge, (start, end) in plan.edges.items():
        parts.append(_edge(start, end, numbers.get(network.weight_of[edge]), edge in lit, bool(lit)))
    parts += _bias_parts(network, plan, numbers, lit)
    for edge, place in plan.labels.items():
        name = network.weight_of[edge]
        parts.append(_label(place, name, numbers.get(name), edge in lit))
    for neuron in plan.nodes:
        parts += _node(network, plan, neuron, numbers, lit, digits)
    for (x, y), count in plan.hidden:
        parts.append(_text(x, y, f"⋮ {count} more", size=13, color=FAINT))
    if numbers:
        parts += _totals(network, plan, numbers, lit, digits)
    return "\n".join([*parts, "</svg>"])


def _edge(start: Point, end: Point, value: float | None, lit: bool, faded: bool) -> str:
    (x1, y1), (x2, y2) = start, end
    line = f"x1='{x1:.1f}' y1='{y1:.1f}' x2='{x2:.1f}' y2='{y2:.1f}'"
    wide = 1.4 if value is None else 1 + min(5.0, 2 * abs(value)) if math.isfinite(value) else 6.0
    dash = f" stroke-dasharray='{4 + wide:.1f} {3 + wide:.1f}'" if value is not None and value < 0 else ""
    color = FAINT if value is None or value == 0 else NEGATIVE if value < 0 else POSITIVE
    pale = " opacity='0.4'" if faded and not lit else ""
    ring = f"<line {line} stroke='{LIT}' stroke-width='{wide + 9:.1f}' stroke-linecap='round'/>" if lit else ""
    return f"{ring}<line {line} stroke='{color}' stroke-width='{wide:.2f}'{dash}{pale}/>"


def _text(
    x: float, y: float, text: str, size: float = 12, weight: str = "", anchor: str = "middle", color: str = INK
) -> str:
    bold = f" font-weight='{weight}'" if weight else ""
    return (
        f"<text x='{x:.1f}' y='{y + 4:.1f}' text-anchor='{anchor}' font-size='{size:g}'{bold} fill='{color}'>"
        f"{escape(text)}</text>"
    )


def _label(place: Point, name: str, value: float | None, lit: bool, anchor: str = "middle") -> str:
    """A parameter's name and number, on a white plate that keeps the line behind it away from the letters."""
    x, y = place
    shown = "" if value is None else f"={number(value, 4)}"
    wide = LETTER * len(name + shown) + 8
    left, wide = (x - wide / 2, wide) if anchor == "middle" else (x - 4, wide + 4)
    ring = f" stroke='{LIT}' stroke-width='2'" if lit else ""
    return (
        f"<rect x='{left:.1f}' y='{y - 8:.1f}' width='{wide:.1f}' height='16' rx='4' fill='{PAPER}'{ring}/>"
        f"<text x='{x:.1f}' y='{y + 4:.1f}' text-anchor='{anchor}'>"
        f"<tspan font-weight='700'>{name}</tspan>{shown}</text>"
    )


def _node(
    network: Network, plan: Layout, neuron: str, numbers: Mapping[str, float], lit: frozenset[Item], digits: int
) -> list[str]:
    x, y = plan.nodes[neuron]
    half, tall = plan.half(neuron), NODE_HEIGHT / 2 if numbers and neuron not in network.inputs else 21
    ring = f"stroke='{LIT}' stroke-width='6'" if neuron in lit else f"stroke='{INK}' stroke-width='1.5'"
    parts = [
        f"<rect x='{x - half:.1f}' y='{y - tall:.1f}' width='{2 * half:.1f}' height='{2 * tall:.1f}' rx='{tall:.1f}' "
        f"fill='{FILL}' {ring}/>"
    ]
    lines = [(neuron, "700")]
    if neuron in numbers:
        lines.append((number(numbers[neuron], digits), ""))
    elif any(f"net_{one}" in numbers for one in network.layer_of):  # what is not yet computed keeps its place
        for kind in ("net", "out"):
            shown = at_neuron(kind, neuron, numbers, digits) if f"{kind}_{neuron}" in numbers else ""
            lines.append((shown and f"{kind} {shown.removeprefix('= ')}", ""))
    for row, (text, weight) in enumerate(lines):
        size = 12 if weight else min(11.5, (2 * half - 20) / (0.6 * max(1, len(text))))  # a long number is set smaller
        parts.append(_text(x, y + 16 * (row - (len(lines) - 1) / 2), text, size, weight))
    return parts


def _bias_parts(network: Network, plan: Layout, numbers: Mapping[str, float], lit: frozenset[Item]) -> list[str]:
    parts = []
    for bias, (x, y) in plan.biases.items():
        value, on = numbers.get(bias), bias in lit
        if network.bias == "neuron":
            parts.append(_label((x, y), bias, value, on))
            continue
        fed = network.biases[bias]
        ways = [neuron for neuron in fed if neuron in lit] or fed  # where a neuron is lit too, only the way to it
        for neuron in fed:
            if neuron in plan.nodes:
                nx, ny = plan.nodes[neuron]
                way = on and neuron in ways
                parts.append(_edge((x + BIAS_RADIUS, y), (nx - NODE_WIDTH / 2, ny), value, way, True))
        ring = f"stroke='{LIT}' stroke-width='5'" if on else f"stroke='{FAINT}' stroke-width='1.5'"
        parts.append(f"<circle cx='{x:.1f}' cy='{y:.1f}' r='{BIAS_RADIUS:g}' fill='{FILL}' {ring}/>")
        parts.append(_text(x, y, "1", weight="700"))
        parts.append(_label((x + BIAS_RADIUS + 8, y - 10), bias, value, on, "start"))
    return parts


def _totals(
    network: Network, plan: Layout, numbers: Mapping[str, float], lit: frozenset[Item], digits: int
) -> list[str]:
    """Behind each output its target and its error; below, the loss and how to read the lines."""
    parts = []
    for output, target in zip(network.outputs, network.targets):
        if output in plan.nodes and target in numbers:
            x, y = plan.nodes[output][0] + NODE_WIDTH / 2 + 12, plan.nodes[output][1]
            for shift, name in ((-9, target), (9, f"E_{output}")):
                if name in numbers:
                    weight = "700" if name in lit else ""
                    text = f"{name} = {number(numbers[name], digits)}"
                    parts.append(_text(x, y + shift, text, 11.5, weight, "start"))
    below = plan.height - 18
    weight = "700" if "E_total" in lit else "600"
    if "E_total" in numbers:
        text = f"E_total = {number(numbers['E_total'], digits)}"
        parts.append(_text(plan.width - 14, below, text, 13, weight, "end"))
    parts.append(_text(14, below, "solid: positive, dashed: negative, wide: large", 11, color=FAINT, anchor="start"))
    parts.append(f"<line x1='14' y1='{below - 16:g}' x2='{plan.width - 14:g}' y2='{below - 16:g}' stroke='{LINE}'/>")
    return parts
