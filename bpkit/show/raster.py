"""The kit's diagrams as pixels: their SVG text drawn by Matplotlib, for pages that show no SVG."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import count
from typing import Any
from xml.etree import ElementTree

from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.lines import Line2D
from matplotlib.patches import Circle, FancyBboxPatch
from matplotlib.patheffects import withStroke
from matplotlib.textpath import text_to_path

from bpkit.show.drawing import DPI, PER_INCH
from bpkit.show.inherited import INHERITED
from bpkit.show.palette import PAPER

POINT = 72 / PER_INCH  # points a pixel
NARROWER = 0.9  # Matplotlib's letters are wider than those of a page, and the plates behind them are made for the page
BOLD = ("600", "700")


def raster(picture: str) -> Figure:
    """The figure of a diagram's SVG text: the lines, boxes, circles and letters that ``show.diagram`` writes."""
    root = ElementTree.fromstring(picture)
    width, height = (float(root.attrib[side]) for side in ("width", "height"))
    figure = Figure((width / PER_INCH, height / PER_INCH), dpi=DPI, facecolor=PAPER)
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set(xlim=(0, width), ylim=(height, 0))
    axes.axis("off")
    above = count()
    for node, has in _elements(root, {}):
        for artist in _DRAWN[node.tag.rpartition("}")[2]](axes, node, has):
            artist.set_zorder(next(above))  # as in the text: what comes later lies above
    return figure


Has = Mapping[str, str]


def _elements(parent: ElementTree.Element, given: Has) -> Iterator[tuple[ElementTree.Element, Has]]:
    """What is drawn, one after the other, each with its attributes and those that it inherits."""
    inherits = {**given, **{name: value for name, value in parent.items() if name in INHERITED}}
    for node in parent:
        if node.tag.endswith("}g"):
            yield from _elements(node, inherits)
        else:
            yield node, {**inherits, **node.attrib}


def _line(axes: Axes, node: ElementTree.Element, has: Has) -> Iterator[Artist]:
    wide = float(has.get("stroke-width", 1))
    dash = tuple(float(part) / wide for part in has.get("stroke-dasharray", "").split())
    if "points" in has:
        ends = [*zip(*(map(float, point.split(",")) for point in has["points"].split()))]
    else:
        ends = [tuple(float(has[name + end]) for end in "12") for name in "xy"]
    yield axes.add_line(
        Line2D(
            *ends,
            color=has["stroke"],
            linewidth=wide * POINT,
            linestyle=(0, dash) if dash else "-",
            alpha=float(has.get("opacity", 1)),
            solid_capstyle="round" if has.get("stroke-linecap") == "round" else "butt",
        )
    )


def _look(has: Has) -> dict[str, Any]:
    """Filling and border of a shape."""
    return {
        "facecolor": to_rgba(has["fill"], float(has.get("fill-opacity", 1))),
        "edgecolor": has.get("stroke", "none"),
        "linewidth": float(has.get("stroke-width", 1)) * POINT,
    }


def _box(axes: Axes, node: ElementTree.Element, has: Has) -> Iterator[Artist]:
    corner = (float(has.get("x", 0)), float(has.get("y", 0)))
    size = (float(has["width"]), float(has["height"]))
    round_ = f"round,pad=0,rounding_size={has.get('rx', 0)}"
    yield axes.add_patch(FancyBboxPatch(corner, *size, boxstyle=round_, **_look(has)))


def _circle(axes: Axes, node: ElementTree.Element, has: Has) -> Iterator[Artist]:
    yield axes.add_patch(Circle((float(has["cx"]), float(has["cy"])), float(has["r"]), **_look(has)))


def _words(axes: Axes, node: ElementTree.Element, has: Has) -> Iterator[Artist]:
    """Letters in one style or, as a name and its number, in several, one behind the other."""
    bold = "bold" if has.get("font-weight") in BOLD else "normal"
    pieces = list(_pieces(node, float(has["font-size"]), bold))
    fonts = [FontProperties(size=size * POINT * NARROWER, weight=weight) for _, size, weight, _ in pieces]
    widths = [
        text_to_path.get_text_width_height_descent(words, font, False)[0] / POINT
        for (words, *_), font in zip(pieces, fonts)
    ]
    x = float(has["x"]) - {"start": 0, "middle": 0.5, "end": 1}[has["text-anchor"]] * sum(widths)
    y = float(has["y"])
    halo = []
    if "stroke" in has:
        halo = [withStroke(linewidth=float(has["stroke-width"]) * POINT, foreground=has["stroke"])]
    for (words, *_, down), font, wide in zip(pieces, fonts, widths):
        y += down
        yield axes.text(x, y, words, color=has["fill"], fontproperties=font, parse_math=False, path_effects=halo)
        x += wide


def _pieces(node: ElementTree.Element, size: float, weight: str) -> Iterator[tuple[str, float, str, float]]:
    """The words of a text and of the spans in it: each with size and weight, and how far down it moves the line."""
    has = node.attrib
    own = "bold" if has.get("font-weight") in BOLD else weight
    if "%" in has.get("font-size", ""):
        size *= float(has["font-size"].rstrip("%")) / 100
    down = size * float(has.get("dy", "0em").removesuffix("em"))
    if node.text:
        yield node.text, size, own, down
    for span in node:
        yield from _pieces(span, size, own)
        if span.tail:
            yield span.tail, size, own, 0.0


def _nothing(axes: Axes, node: ElementTree.Element, has: Has) -> Iterator[Artist]:
    """The look in a dark theme: pixels have one."""
    yield from ()


_DRAWN: Mapping[str, Callable[[Axes, ElementTree.Element, Has], Iterator[Artist]]] = {
    "style": _nothing,
    "line": _line,
    "polyline": _line,
    "rect": _box,
    "circle": _circle,
    "text": _words,
}
