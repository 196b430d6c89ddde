"""The loss over two parameters and the walk on it as SVG text, quick enough for sliders.

``surface.surface_figure`` gives a Matplotlib figure to keep and change; this is the picture that moves.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from html import escape
from typing import Any

import numpy as np
from contourpy import FillType, LineType, contour_generator
from matplotlib.colors import to_hex
from numpy.typing import NDArray

from bpkit.core.training import Trace
from bpkit.show.palette import FAINT, FONT, INK, NEGATIVE, PAPER
from bpkit.show.surface import HEIGHTS, Landscape, Window

Array = NDArray[np.float64]

LEFT, TOP, SIDE = 62, 30, 486  # the axes are square, so that downhill is across the contours
WIDTH, HEIGHT = LEFT + SIDE + 12, TOP + SIDE + 44
LABEL = (44, 14)  # pixels that a number on a contour takes


def relief(land: Landscape) -> str:
    """What stays while only the walk changes: bands, contour lines with their losses, axes."""
    xs, ys = _pixels(land.window, land.xs, land.ys)
    heights: Any = contour_generator(  # what its methods give depends on the two types
        xs, ys, np.ma.masked_invalid(land.loss), line_type=LineType.Separate, fill_type=FillType.OuterOffset
    )
    levels = land.levels
    finite = land.loss[np.isfinite(land.loss)]
    parts = []
    if levels:
        steps = [float(finite.min()), *levels, float(finite.max())]
        for place, (low, high) in enumerate(zip(steps, steps[1:])):
            color = to_hex(HEIGHTS(place / (len(steps) - 2)))
            polygons, offsets = heights.filled(low, high)
            rings = "".join(
                f"M{_corners(points[start:end])}z"
                for points, ends in zip(polygons, offsets)
                for start, end in zip(ends, ends[1:])
            )
            parts.append(f"<path fill='{color}' fill-rule='evenodd' d='{rings}'/>")
    lines = {level: heights.lines(level) for level in levels}
    every = "".join(f"M{_corners(points)}" for curves in lines.values() for points in curves)
    parts.append(f"<path class='contours' fill='none' stroke='{INK}' stroke-width='0.7' d='{every}'/>")
    return "".join([*parts, *_labels(list(zip(land.marks, lines.values())))])


def scene(still: str, window: Window, trace: Trace, words: str) -> str:
    """The whole picture: a relief, its axes and a walk on it, named by its words."""
    box = f"x='{LEFT}' y='{TOP}' width='{SIDE}' height='{SIDE}'"
    parts = [
        f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {WIDTH} {HEIGHT}' width='{WIDTH}' height='{HEIGHT}' "
        f"role='img' style='max-width:100%;height:auto' {FONT} font-size='12' fill='{INK}' "
        f"aria-label='{escape(words)}'>",
        f"<rect width='{WIDTH}' height='{HEIGHT}' rx='8' fill='{PAPER}'/>",
        # An SVG inside the SVG: what leaves it is cut off.
        f"<svg {box} viewBox='{LEFT} {TOP} {SIDE} {SIDE}'>",
        still,
        *_walk(window, trace),
        "</svg>",
        f"<rect {box} fill='none' stroke='{FAINT}'/>",
        *_axes(window),
    ]
    return "\n".join([*parts, "</svg>"])


def _pixels(window: Window, xs: Array, ys: Array) -> tuple[Array, Array]:
    left, right, bottom, top = window.ends
    return LEFT + SIDE * (xs - left) / (right - left), TOP + SIDE * (top - ys) / (top - bottom)


def _corners(points: Array) -> str:
    """Points of a path; one format for all takes a fifth of the time of one for each."""
    return (" ".join(["%.1f,%.1f"] * len(points))) % tuple(points.ravel().tolist())


def _labels(lines: list[tuple[str, list[Array]]]) -> Iterator[str]:
    """The loss on each contour line, along the line, where it is in nobody's way; one without room has none."""
    taken: list[tuple[float, float]] = []
    wide, high = LABEL
    for mark, curves in lines:
        if not curves:
            continue
        curve = max(curves, key=len)
        for share in (0.35, 0.65, 0.5, 0.2, 0.8):
            at = int(share * (len(curve) - 1))
            x, y = curve[at].tolist()
            inside = LEFT + wide < x < LEFT + SIDE - wide and TOP + wide < y < TOP + SIDE - wide
            if inside and all(abs(x - other) > wide or abs(y - below) > high for other, below in taken):
                break
        else:
            continue
        taken.append((x, y))
        (x1, y1), (x2, y2) = curve[max(at - 2, 0)].tolist(), curve[min(at + 2, len(curve) - 1)].tolist()
        turn = math.degrees(math.atan2(y2 - y1, x2 - x1))
        turn -= 180 * round(turn / 180)  # never upside down
        yield (
            f"<text x='{x:.1f}' y='{y + 3.5:.1f}' transform='rotate({turn:.0f} {x:.1f} {y:.1f})' font-size='11' "
            f"text-anchor='middle' paint-order='stroke' stroke='{PAPER}' stroke-width='3' stroke-opacity='0.85'>"
            f"{mark}</text>"
        )


def _walk(window: Window, trace: Trace) -> Iterator[str]:
    """The walk as a line with a light edge, a dot for each update, a circle where it starts and a star at its end."""
    if not len(trace):
        return
    left, right, bottom, top = window.ends
    far = 5 * window.reach  # beyond the picture a line need not be exact
    xs = np.clip(trace[window.x], left - far, right + far)
    ys = np.clip(trace[window.y], bottom - far, top + far)
    points = np.column_stack(_pixels(window, xs, ys))
    halves = np.round(2 * points)  # where a walk creeps, many updates share a pixel
    moved = np.append(True, (halves[1:] != halves[:-1]).any(axis=1))
    moved[-1] = True
    way = _corners(points[moved])
    line = "fill='none' stroke-linejoin='round'"
    yield f"<polyline {line} stroke='{PAPER}' stroke-width='5.5' points='{way}'/>"
    yield f"<polyline class='walk' {line} stroke='{INK}' stroke-width='1.2' points='{way}'/>"
    dots = "".join(f"M{x:.1f},{y:.1f}h0" for x, y in points[moved].tolist())
    yield f"<path class='dots' stroke='{INK}' stroke-width='4' stroke-linecap='round' d='{dots}'/>"
    yield _start(*points[0].tolist())
    yield _end(*points[-1].tolist())


def _start(x: float, y: float) -> str:
    return f"<circle class='start' cx='{x:.1f}' cy='{y:.1f}' r='5.5' fill='{PAPER}' stroke='{INK}' stroke-width='1.3'/>"


def _end(x: float, y: float) -> str:
    corners = [
        (x + size * math.sin(turn), y - size * math.cos(turn))
        for turn, size in ((math.pi * corner / 5, 4 if corner % 2 else 10) for corner in range(10))
    ]
    return f"<polygon class='end' fill='{NEGATIVE}' stroke='{INK}' points='{_corners(np.array(corners))}'/>"


def _axes(window: Window) -> Iterator[str]:
    """Round numbers along both axes, what is measured, and above them what the three marks mean."""
    left, right, bottom, top = window.ends
    under, middle = TOP + SIDE, LEFT + SIDE / 2
    for value, text in _ticks(left, right):
        x = LEFT + SIDE * (value - left) / (right - left)
        yield f"<path d='M{x:.1f} {under}v4' stroke='{FAINT}'/>"
        yield f"<text x='{x:.1f}' y='{under + 17}' text-anchor='middle'>{text}</text>"
    for value, text in _ticks(bottom, top):
        y = under - SIDE * (value - bottom) / (top - bottom)
        yield f"<path d='M{LEFT} {y:.1f}h-4' stroke='{FAINT}'/>"
        yield f"<text x='{LEFT - 7}' y='{y + 4:.1f}' text-anchor='end'>{text}</text>"
    yield f"<text x='{middle:g}' y='{HEIGHT - 8}' text-anchor='middle'>{window.x}</text>"
    height = TOP + SIDE / 2
    yield f"<text x='14' y='{height:g}' text-anchor='middle' transform='rotate(-90 14 {height:g})'>{window.y}</text>"
    yield _start(LEFT + SIDE - 210, 16) + f"<text x='{LEFT + SIDE - 200}' y='20'>start</text>"
    yield f"<circle cx='{LEFT + SIDE - 152}' cy='16' r='2'/><text x='{LEFT + SIDE - 144}' y='20'>each update</text>"
    yield _end(LEFT + SIDE - 42, 16) + f"<text x='{LEFT + SIDE - 28}' y='20'>end</text>"


def _ticks(low: float, high: float) -> list[tuple[float, str]]:
    """Four to nine round numbers from one to another."""
    span = high - low
    power = 10.0 ** math.floor(math.log10(span))
    step = next(nice * power for nice in (0.2, 0.25, 0.5, 1.0, 2.0) if nice * power * 8 >= span)
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [(k * step, f"{k * step:.10g}") for k in range(first, last + 1)]
