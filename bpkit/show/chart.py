"""Small charts as SVG text: axes with few marks, curves that are named where they run; the same bytes everywhere."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bpkit.core.spelling import number, readable
from bpkit.show.palette import FAINT, INK, LINE, PAPER, RUNS
from bpkit.show.strokes import Point, text

WIDTH = 400  # of a picture: what a card has room for
NAMES = ("A", "B", "C")
DASHES = ("", "8 4", "2 4")
LOOKS = {name: (color, dash) for name, (color, *_), dash in zip(NAMES, RUNS, DASHES)}  # a name keeps its look
PANEL, GAP, HEAD = 118.0, 14.0, 30.0  # of plots side by side: width, room between them, and above each
PLATE = 9.5  # radius of the plate behind a letter


@dataclass(frozen=True)
class Plot:
    """A piece of the plane, and the box of the picture that shows it: left, right, bottom and top of both."""

    ends: tuple[float, float, float, float]
    box: tuple[float, float, float, float]

    def at(self, x: float, y: float) -> Point:
        """Where a point of the plane is in the picture.

        >>> Plot((0, 1, 0, 1), (0, 100, 80, 20)).at(0.5, 0)
        (50.0, 80.0)
        """
        left, right, bottom, top = self.ends
        x0, x1, y0, y1 = self.box
        return x0 + (x1 - x0) * (x - left) / (right - left), y0 + (y1 - y0) * (y - bottom) / (top - bottom)

    def line(
        self, xs: Iterable[float], ys: Iterable[float], color: str, dash: str = "", wide: float = 2.4
    ) -> list[str]:
        """A curve through points, without what is above or below the box."""
        return [stroke(piece, color, dash, wide) for piece in self._inside([self.at(x, y) for x, y in zip(xs, ys)])]

    def _inside(self, points: Sequence[Point]) -> Iterator[list[Point]]:
        """The pieces of a way between the lower and the upper edge."""
        top, bottom = sorted(self.box[2:])
        piece: list[Point] = []
        for (x1, y1), (x2, y2) in zip(points, points[1:]):
            cuts = [0.0, 1.0]
            if y1 != y2:
                cuts = sorted((edge - y1) / (y2 - y1) for edge in (top, bottom))
            elif not top <= y1 <= bottom:
                cuts = [1.0, 0.0]
            start, end = max(0.0, cuts[0]), min(1.0, cuts[1])
            if start < end:
                ends = [(x1 + (x2 - x1) * t, y1 + (y2 - y1) * t) for t in (start, end)]
                if not piece or start > 0:
                    if piece:
                        yield piece
                    piece = [ends[0]]
                piece.append(ends[1])
        if piece:
            yield piece

    def axes(self, x_name: str, y_name: str, xs: Mapping[float, str], ys: Mapping[float, str]) -> list[str]:
        """The left and the lower edge with marks, faint lines across, and what the axes show."""
        x0, x1, y0, y1 = self.box
        left, _, bottom, _ = self.ends
        parts = [stroke([(self.at(x, 0)[0], y0), (self.at(x, 0)[0], y1)], LINE, "", 1) for x in xs]
        parts += [stroke([(x0, self.at(0, y)[1]), (x1, self.at(0, y)[1])], LINE, "", 1) for y in ys]
        parts += [stroke([(x0, y1), (x0, y0), (x1, y0)], FAINT, "", 1)]
        parts += [text(self.at(x, bottom)[0], y0 + 12, said, 12, color=FAINT) for x, said in xs.items()]
        parts += [text(x0 - 6, self.at(left, y)[1], said, 12, "", "end", FAINT) for y, said in ys.items()]
        parts += [text((x0 + x1) / 2, y0 + 29, x_name, 13)] if x_name else []
        parts += [text(x0 - 4, y1 - 14, y_name, 13, "", "start")] if y_name else []
        return parts


def stroke(points: Iterable[Point], color: str, dash: str = "", wide: float = 2.4) -> str:
    """A line through some points.

    >>> stroke([(0, 0), (10, 5)], INK)
    "<polyline points='0.0,0.0 10.0,5.0' fill='none' stroke='#1F2328' stroke-width='2.4' stroke-linejoin='round'/>"
    """
    through = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    dashed = f" stroke-dasharray='{dash}'" if dash else ""
    return (
        f"<polyline points='{through}' fill='none' stroke='{color}' stroke-width='{wide:g}'{dashed} "
        "stroke-linejoin='round'/>"
    )


def plate(place: Point, name: str, color: str = INK) -> list[str]:
    """A letter on a plate, which keeps the lines behind it away."""
    x, y = place
    return [
        f"<circle cx='{x:.1f}' cy='{y:.1f}' r='{PLATE:g}' fill='{PAPER}' stroke='{color}' stroke-width='1.5'/>",
        text(x, y + 0.5, name, 13, "700", color=color),
    ]


def dot(place: Point, color: str = INK, radius: float = 5) -> str:
    """A filled point with a border in the colour of paper.

    >>> dot((10, 5))
    "<circle cx='10.0' cy='5.0' r='5' fill='#1F2328' stroke='#FFFFFF' stroke-width='1.2'/>"
    """
    return ring(place, radius, color, PAPER, 1.2)


def ring(place: Point, radius: float, fill: str, color: str, wide: float) -> str:
    """A disk with a border.

    >>> ring((10, 5), 4, PAPER, INK, 1.5)
    "<circle cx='10.0' cy='5.0' r='4' fill='#FFFFFF' stroke='#1F2328' stroke-width='1.5'/>"
    """
    x, y = place
    return f"<circle cx='{x:.1f}' cy='{y:.1f}' r='{radius:g}' fill='{fill}' stroke='{color}' stroke-width='{wide:g}'/>"


def marks(low: float, high: float, most: int = 6) -> dict[float, str]:
    """Round numbers from one to another, at most so many.

    >>> [*marks(0, 1)], marks(-2, 2)[-1.0]
    ([0.0, 0.2, 0.4, 0.6, 0.8, 1.0], '−1')
    """
    rough = (high - low) / most
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(nice * power for nice in (1, 2, 5, 10) if nice * power >= rough * (1 - 1e-9))
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    values = [round(place * step, 12) for place in range(first, last + 1)]
    return {value: readable(number(value)) for value in values}


def powers(low: float, high: float, every: int = 2) -> dict[float, str]:
    """Powers of ten between two exponents.

    >>> powers(-4, 0)
    {-4.0: '10⁻⁴', -2.0: '10⁻²', 0.0: '10⁰'}
    """
    first = math.ceil(low / every) * every
    return {float(one): readable(f"1e{one:+}") for one in range(first, math.floor(high) + 1, every)}


def panels(
    count: int, height: float, ends: Sequence[tuple[float, float, float, float]], wide: float = PANEL
) -> list[Plot]:
    """Plots side by side, in as many rows as they need.

    >>> [one.box[:2] for one in panels(2, 100, [(0, 1, 0, 1)] * 2)]
    [(75.0, 193.0), (207.0, 325.0)]
    """
    fit = min(count, int((WIDTH + GAP) // (wide + GAP)))
    left = (WIDTH - fit * wide - (fit - 1) * GAP) / 2
    found = []
    for place, one in enumerate(ends[:count]):
        row, column = divmod(place, fit)
        x, y = left + column * (wide + GAP), row * (height + HEAD + GAP) + HEAD
        found.append(Plot(one, (x, x + wide, y + height, y)))
    return found


def beside_the_last(lines: Sequence[str], height: float, wide: float) -> tuple[list[str], float]:
    """What the signs of three plots in two rows mean, in the room of a fourth; and how high the picture is."""
    whole = 2 * (height + HEAD + GAP)
    x, y = (WIDTH + GAP + wide) / 2, whole - GAP - height / 2 - 10 * (len(lines) - 1)
    return [text(x, y + 20 * place, line, 13, color=FAINT) for place, line in enumerate(lines)], whole


def headed(plot: Plot, name: str) -> str:
    """The letter of a panel, above it.

    >>> headed(Plot((0, 1, 0, 1), (0, 100, 80, 20)), "A")
    "<text x='50' y='10' text-anchor='middle' font-size='15' font-weight='700' fill='#1F2328'>A</text>"
    """
    x0, x1, _, top = plot.box
    return text((x0 + x1) / 2, top - 14, name, 15, "700")


def few(values: Sequence[float] | NDArray[np.float64], digits: int = 2) -> str:
    """Some numbers of a curve, in words.

    >>> few([-0.25, 1.0, 1 / 3])
    '−0.25, 1, 0.33'
    """
    return ", ".join(readable(number(float(value), digits)) for value in values)
