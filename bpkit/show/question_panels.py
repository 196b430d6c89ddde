"""Three plots side by side that a question compares, and a table of shares; each is named by a letter or a word."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from bpkit.core.matrix_program import predict
from bpkit.core.numeric import loss_over
from bpkit.core.problem import Problem
from bpkit.core.train import Trace
from bpkit.show.boundary_picture import classes, halfway, plane
from bpkit.show.chart import (
    LOOKS,
    NAMES,
    WIDTH,
    Plot,
    beside_the_last,
    dot,
    few,
    headed,
    panels,
    plate,
    powers,
    ring,
    stroke,
)
from bpkit.show.drawing import Drawing
from bpkit.show.palette import FAINT, FILL, INK, LINE, NEGATIVE, PAPER, POSITIVE
from bpkit.show.plots import canvas
from bpkit.show.strokes import picture, text

Array = NDArray[np.float64]
SQUARE = 186.0  # width and height of a plot, of which two have room side by side
GRID = 61  # points of its grid each way
LEVELS = 7  # contour lines
FIELD = 62.0  # of a table: width; its height is two thirds
UNIT, BAR = 58.0, 34.0  # of bars in two rows: pixels for 1, and the width of one


def contours(
    plot: Plot, xs: Array, ys: Array, values: Array, levels: Sequence[float], color: str, wide: float
) -> list[str]:
    """The lines on which something has one of some values, in rising order."""
    found = canvas(6.4, 4.8, None).subplots().contour(xs, ys, values, levels).allsegs
    return [
        stroke([plot.at(float(x), float(y)) for x, y in line], color, "", wide) for level in found for line in level
    ]


def _framed(plot: Plot) -> str:
    x0, x1, y0, y1 = plot.box
    return (
        f"<rect x='{x0:.1f}' y='{y1:.1f}' width='{x1 - x0:.1f}' height='{y0 - y1:.1f}' rx='0' fill='{FILL}' "
        f"stroke='{LINE}' stroke-width='1'/>"
    )


def boundary_panels(problems: Sequence[Problem]) -> Drawing:
    """The same points with the decision boundaries of some networks."""
    ends, _ = plane(problems[0])
    parts, said = [], []
    for plot, letter, problem in zip(panels(len(problems), SQUARE, [ends] * len(problems), SQUARE), NAMES, problems):
        _, outputs = plane(problem)
        xs, ys = (np.linspace(*side, len(outputs)) for side in (ends[:2], ends[2:]))
        parts += [headed(plot, letter), _framed(plot)]
        parts += contours(plot, xs, ys, outputs, [halfway(problem)], INK, 2)
        parts += _points(plot, problem)
        said.append(f"{letter}: {_sides(problem)}")
    words = (
        "The same points three times, triangles of one class and circles of the other, each time with the decision "
        f"boundary that a network has learned. {'. '.join(said)}."
    )
    legend, high = beside_the_last(("circles: one class", "triangles: the other"), SQUARE, SQUARE)
    return Drawing(words, picture(WIDTH, high, words, parts + legend))


def _points(plot: Plot, problem: Problem) -> Iterator[str]:
    for (x, y), upper in zip(problem.inputs, classes(problem)):
        across, down = plot.at(float(x), float(y))
        if upper:
            corners = [(across, down - 5), (across + 4.5, down + 3.5), (across - 4.5, down + 3.5), (across, down - 5)]
            yield stroke(corners, NEGATIVE, "", 2)
        else:
            yield ring((across, down), 3.4, POSITIVE, PAPER, 1)


def _sides(problem: Problem) -> str:
    """How the boundary runs, as the output on a walk around the picture and at the points."""
    (left, right, bottom, top), _ = plane(problem)
    around = [(left, bottom), (right, bottom), (right, top), (left, top)]
    inside = [("" if one else "not ") + "inside" for one in _above(problem, np.array(around))]
    on = _above(problem, problem.inputs)
    upper = classes(problem)
    told = [
        f"{int(np.sum(on & kind))} of {int(kind.sum())} {name}"
        for kind, name in ((upper, "triangles"), (~upper, "circles"))
    ]
    return (
        f"{' and '.join(told)} are on the side of the triangles; the corners of the picture are {', '.join(inside)} it"
    )


def _above(problem: Problem, places: Array) -> NDArray[np.bool_]:
    found: NDArray[np.bool_] = predict(problem, places)[:, 0] > halfway(problem)
    return found


def walk_panels(traces: Sequence[Trace], weights: tuple[str, str], ends: tuple[float, float, float, float]) -> Drawing:
    """One landscape of the loss over two weights, and walks on it from the same start."""
    x_name, y_name = weights
    xs, ys = np.linspace(*ends[:2], GRID), np.linspace(*ends[2:], GRID)
    loss = loss_over(traces[0].problem, **{x_name: xs[None, :], y_name: ys[:, None]})
    row, column = np.unravel_index(int(loss.argmin()), loss.shape)
    lowest = float(xs[column]), float(ys[row])
    levels = np.quantile(np.sqrt(loss), np.linspace(0.06, 0.9, LEVELS)) ** 2
    parts, said = [], []
    for plot, letter, trace in zip(panels(len(traces), SQUARE, [ends] * len(traces), SQUARE), NAMES, traces):
        parts += [headed(plot, letter), _framed(plot)]
        parts += contours(plot, xs, ys, loss, levels.tolist(), FAINT, 0.6)
        ways = [plot.at(float(x), float(y)) for x, y in zip(trace[x_name], trace[y_name])]
        parts.append(stroke(ways, POSITIVE, "", 1.8))
        parts += [dot(place, POSITIVE, 2.8) for place in ways[1:]]
        parts.append(ring(ways[0], 5, PAPER, INK, 2))
        x, y = plot.at(*lowest)
        parts += [stroke([(x - 5, y + turn), (x + 5, y - turn)], NEGATIVE, "", 2.6) for turn in (5, -5)]
        spots = [f"({few([x, y])})" for x, y in zip(trace[x_name], trace[y_name])]
        said.append(f"{letter}: {', '.join(spots)}")
    words = (
        f"Three walks on the same loss over two weights, a long valley whose lowest point is ({few(lowest)}). The "
        f"places after each update, from the start. {'. '.join(said)}."
    )
    legend, high = beside_the_last(("circle: start", "cross: lowest point", "dots: updates"), SQUARE, SQUARE)
    return Drawing(words, picture(WIDTH, high, words, parts + legend))


def depth_curves(sizes: Sequence[Array]) -> Drawing:
    """The sizes of the deltas in the layers of some networks, on a logarithmic axis."""
    logs = [np.log10(one) for one in sizes]
    low, high = min(float(one.min()) for one in logs) - 0.3, max(float(one.max()) for one in logs) + 0.3
    count = len(sizes[0])
    plot = Plot((0.7, count + 0.3, low, high), (50.0, 376.0, 206.0, 30.0))
    every = max(1, round((high - low) / 6))
    parts = plot.axes(
        "layer", "size of the deltas", {float(one): str(one) for one in range(1, count + 1)}, powers(low, high, every)
    )
    said = []
    for letter, heights, own in zip(NAMES, logs, sizes):
        color, dash = LOOKS[letter]
        parts += plot.line(range(1, count + 1), heights, color, dash)
        parts += [dot(plot.at(place, float(height)), color, 3.5) for place, height in enumerate(heights, 1)]
        said.append(f"{letter}: {few(own)}")
    for letter, heights in zip(NAMES, logs):
        parts += plate((plot.at(1, float(heights[0]))[0], plot.at(1, float(heights[0]))[1]), letter, LOOKS[letter][0])
    words = (
        f"The size of the deltas in layers 1 to {count} of three networks; layer 1 is at the inputs. {'. '.join(said)}."
    )
    return Drawing(words, picture(WIDTH, 252, words, parts))


def share_table(tokens: Sequence[str], shares: Array, hidden: tuple[int, int]) -> Drawing:
    """Attention shares as fields, the darker the larger; a row for the token that looks, and one field hidden."""
    left, top, tall = 104.0, 52.0, FIELD * 0.66
    width = left + FIELD * len(tokens) + 20
    parts = [text(left + FIELD * len(tokens) / 2, 14, "looks at", 12, color=FAINT)]
    parts.append(text(14, top - 14, "token", 12, "", "start", FAINT))
    for place, token in enumerate(tokens):
        parts.append(text(left + FIELD * (place + 0.5), top - 14, token, 13, "700"))
        parts.append(text(left - 10, top + tall * (place + 0.5), token, 13, "700", "end"))
    for row, column in np.ndindex(shares.shape):
        share = float(shares[row, column])
        x, y = left + FIELD * column, top + tall * row
        blank = (row, column) == hidden
        size = f"x='{x + 1:.1f}' y='{y + 1:.1f}' width='{FIELD - 2:.1f}' height='{tall - 2:.1f}' rx='4'"
        parts.append(f"<rect {size} fill='{PAPER}' stroke='{LINE}' stroke-width='1'/>")
        if not blank:
            # Grows from the left: what a colour tells, a width tells too.
            bar = f"x='{x + 1:.1f}' y='{y + tall - 9:.1f}' width='{(FIELD - 2) * share:.1f}' height='8' rx='0'"
            parts.append(f"<rect {bar} fill='{POSITIVE}'/>")
        said = "?" if blank else f"{share:.2f}"
        parts.append(text(x + FIELD / 2, y + tall / 2 - 4, said, 14, "700" if blank else ""))
    rows = [
        f"{token}: "
        + ", ".join(
            f"{other} {'hidden' if (row, column) == hidden else f'{float(shares[row, column]):.2f}'}"
            for column, other in enumerate(tokens)
        )
        for row, token in enumerate(tokens)
    ]
    words = f"A table of attention shares; a row says how much a token looks at each token. {'. '.join(rows)}."
    return Drawing(words, picture(width, top + tall * len(tokens) + 14, words, parts))


def kernel_rows(row: Array, made: Array) -> Drawing:
    """A row of numbers as bars, and below it, between neighbours, what a kernel computes from each pair."""
    left, apart, top = 70.0, 64.0, 88.0
    low = top + 46 + UNIT  # where the results are 0
    width = left + apart * len(row)
    parts = [text(8, top - 22, "row", 13, "700", "start"), text(8, low, "result", 13, "700", "start")]
    parts += [stroke([(left, y), (width - 8, y)], LINE, "", 1) for y in (top, low)]
    for place, (value, name) in enumerate(zip(row, "₁₂₃₄₅₆₇₈₉")):
        x = left + apart * (place + 0.5)
        parts += _bar(x, top, float(value))
        parts.append(text(x, top + 12, f"x{name}", 12, color=FAINT))
    for place, value in enumerate(made):
        x = left + apart * (place + 1)
        parts += _bar(x, low, float(value))
        parts.append(text(x, low + UNIT + 20, f"place {place + 1}", 12, color=FAINT))
    words = f"Two rows of bars. The row: {few(row)}. The result at each pair of neighbours: {few(made)}."
    return Drawing(words, picture(width, low + UNIT + 36, words, parts))


def _bar(x: float, zero: float, value: float) -> list[str]:
    """A bar up from a line or down from it, with its number at the end; what is negative is dashed too."""
    tall, below = UNIT * abs(value), value < 0
    dashed = f"fill='{NEGATIVE}' fill-opacity='.35' stroke='{NEGATIVE}' stroke-width='1.5' stroke-dasharray='4 3'"
    look = dashed if below else f"fill='{POSITIVE}'"
    y = zero if below else zero - tall
    shape = f"<rect x='{x - BAR / 2:.1f}' y='{y:.1f}' width='{BAR:.1f}' height='{tall:.1f}' rx='2' {look}/>"
    return [shape, text(x, zero + tall + 9 if below else zero - tall - 8, few([value]), 12)]
