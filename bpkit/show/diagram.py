"""The picture of a network as SVG text: names, and with a problem the live numbers on its nodes and edges."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from bpkit.core.architecture import Architecture
from bpkit.core.errors import BpkitError
from bpkit.core.network import Network
from bpkit.core.numeric import evaluate
from bpkit.core.quantities import Quantity
from bpkit.core.spelling import Name, checked, number, readable, written
from bpkit.show import graph_svg
from bpkit.show.diagram_layout import BIAS_RADIUS, NODE_HEIGHT, NODE_WIDTH, Layout, layout
from bpkit.show.diagram_words import at_neuron, words
from bpkit.show.drawing import Drawing
from bpkit.show.palette import FAINT, FILL, INK, LIT
from bpkit.show.strokes import SIGNED_COLORS, Figures, Point, frame, label, picture, text, way

if TYPE_CHECKING:
    from bpkit.core.problem import Problem

Item = str | tuple[str, str]
_NO_SIGNS: Mapping[str, str] = {}


def diagram(
    model: Architecture | Problem, highlight: Iterable[str] = (), digits: int = 6, computed: bool = True
) -> Drawing:
    """A network as it is drawn in textbooks, a model as a graph; of a problem every number is in its place.

    Without ``computed`` these are the given numbers only, and whatever follows from them is left to be found.
    ``highlight`` names quantities (``"out_h1"``, ``"dE_total/dw5"``), weights or neurons whose nodes and edges are
    lit. A negative weight is dashed, a larger one wider. Raises ``BpkitError`` for a name that is not on the picture.

    >>> import bpkit as bp
    >>> diagram(bp.Network(2, 1, bias="none"), ["w2"]).caption.split(". ")[-1]
    'Lit: w2.'
    """
    lit: tuple[Any, ...] = (
        tuple(highlight) if isinstance(highlight, Iterable) and not isinstance(highlight, str) else (None,)
    )
    if not all(isinstance(name, str) for name in lit):
        raise BpkitError(f"highlight: expected names, got {highlight!r}; write them as a list, such as ['w5']")
    digits = checked(digits)
    network, numbers = (model, {}) if isinstance(model, Architecture) else (model.network, _numbers(model, computed))
    return Drawing(words(network, numbers, lit, digits), svg(network, numbers, lit, digits))


def _numbers(problem: Problem, computed: bool) -> Mapping[str, float]:
    return numbers_of(problem) if computed else problem.parameters if problem.is_batch else problem.givens


def numbers_of(problem: Problem) -> dict[str, float]:
    """What stands on the picture of a problem: givens and quantities; on a batch parameters and the mean loss.

    >>> import bpkit as bp
    >>> numbers_of(bp.examples.article.problem)["x1"]
    0.1
    """
    values: Mapping[str, Any] = evaluate(problem)
    if problem.is_batch:
        return {**problem.parameters, "E_total": values["E_total"]}
    return {**problem.givens, **values}


def touched(network: Network, names: Iterable[str]) -> frozenset[Item]:
    """The nodes, edges and biases that quantities are about: what a step of the derivation lights up.

    >>> import bpkit as bp
    >>> touched(bp.Network(2, 1), ["w2"]), touched(bp.Network(2, 1), ["out_o1"])
    (frozenset({('x2', 'o1')}), frozenset({'o1'}))
    """
    errors = (one.name for one in network.lines.quantities.values() if one.tag == "error")
    known = (*network.parameters, *network.targets, *network.layer_of, *errors)
    about = (graph_svg.meant(network, name, network.layer_of, known) for name in names)
    return frozenset(item for one in about for item in _items(network, one))


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
    """The node that a quantity belongs to; its own name where it is by itself."""
    return quantity.neuron if quantity.tag in ("net", "out") else quantity.name


def svg(
    network: Architecture,
    numbers: Mapping[str, float],
    highlight: Iterable[str] = (),
    digits: int = 6,
    signs: Mapping[str, str] = _NO_SIGNS,
) -> str:
    """The picture as SVG text, the same on every machine; its words are in its ``aria-label``.

    ``signs`` stand behind the numbers that they judge: ✓ → ≈ ✗; what is no ✓ has a colour too.
    """
    highlight = tuple(highlight)
    if not isinstance(network, Network):
        return graph_svg.svg(network, numbers, highlight, digits)
    plan, names = layout(network, bool(numbers)), written(network.lines.quantities)
    lit = touched(network, highlight)
    parts = []
    for edge, (start, end) in plan.edges.items():
        parts.append(way((start, end), numbers.get(network.weight_of[edge]), edge in lit, bool(lit)))
    parts += _bias_parts(network, plan, names, numbers, lit)
    for edge, place in plan.labels.items():
        name = network.weight_of[edge]
        parts.append(label(place, names[name], numbers.get(name), edge in lit))
    for neuron in plan.nodes:
        parts += _node(network, plan, neuron, names, numbers, lit, digits, signs)
    for (x, y), count in plan.hidden:
        parts.append(text(x, y, f"⋮ {count} more", size=13, color=FAINT))
    if numbers:
        figures = Figures(numbers, names, lit, digits, signs)
        parts += figures.beside(_sides(network, plan), 12.5)
        parts += figures.foot(network.lines.total.name, plan.width, plan.height)
    return picture(plan.width, plan.height, words(network, numbers, highlight, digits), parts)


def _node(
    network: Network,
    plan: Layout,
    neuron: str,
    names: Mapping[str, Name],
    numbers: Mapping[str, float],
    lit: frozenset[Item],
    digits: int,
    signs: Mapping[str, str],
) -> list[str]:
    x, y = plan.nodes[neuron]
    half, tall = plan.half(neuron), NODE_HEIGHT / 2 if numbers and neuron not in network.inputs else 21
    parts = [frame((x, y), (half, tall), 15, neuron in lit)]
    lines: list[tuple[str, str]] = []
    if neuron in numbers:
        lines.append((readable(number(numbers[neuron], digits)), ""))
    elif any(f"net_{one}" in numbers for one in network.layer_of):  # what is not yet computed keeps its place
        for kind in ("net", "out"):
            shown = at_neuron(kind, neuron, numbers, digits) if f"{kind}_{neuron}" in numbers else ""
            sign = signs.get(f"{kind}_{neuron}", "")
            lines.append((shown and readable(f"{kind} {shown.removeprefix('= ')} {sign}".rstrip()), sign))
    top = y - 17 * len(lines) / 2
    parts.append(text(x, top, "", 13, "700", name=names[neuron]))
    for row, (said, sign) in enumerate(lines):
        size = min(12.5, (2 * half - 14) / (0.6 * max(1, len(said))))  # a long number is set smaller
        parts.append(text(x, top + 17 * (row + 1), said, size, color=SIGNED_COLORS.get(sign, INK)))
    return parts


def _bias_parts(
    network: Network, plan: Layout, names: Mapping[str, Name], numbers: Mapping[str, float], lit: frozenset[Item]
) -> list[str]:
    parts = []
    for bias, (x, y) in plan.biases.items():
        value, on = numbers.get(bias), bias in lit
        if network.bias == "neuron":
            parts.append(label((x, y), names[bias], value, on))
            continue
        fed = network.biases[bias]
        ways = [neuron for neuron in fed if neuron in lit] or fed  # where a neuron is lit too, only the way to it
        for neuron in fed:
            if neuron in plan.nodes:
                nx, ny = plan.nodes[neuron]
                here = on and neuron in ways
                parts.append(way(((x + BIAS_RADIUS, y), (nx - NODE_WIDTH / 2, ny)), value, here, True))
        ring = f"stroke='{LIT}' stroke-width='5'" if on else f"stroke='{FAINT}' stroke-width='1.5'"
        parts.append(f"<circle cx='{x:.1f}' cy='{y:.1f}' r='{BIAS_RADIUS:g}' fill='{FILL}' {ring}/>")
        parts.append(text(x, y, "1", weight="700"))
        parts.append(label((x + BIAS_RADIUS + 8, y - 10), names[bias], value, on, "start"))
    return parts


def _sides(network: Network, plan: Layout) -> dict[str, Point]:
    """Where each target and error is, to the right of its output."""
    places: dict[str, Point] = {}
    for output, target in zip(network.outputs, network.targets):
        if output in plan.nodes:
            x, y = plan.nodes[output][0] + NODE_WIDTH / 2 + 10, plan.nodes[output][1]
            places |= {target: (x, y - 9), f"E_{output}": (x, y + 9)}
    return places
