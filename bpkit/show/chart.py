"""Loss curves as SVG text, quick enough for sliders: sharp at every size, the same on every machine, with its words.

``plots.loss_curve`` gives a Matplotlib figure to keep and change; this is the picture that moves.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bpkit.show.palette import FAINT, FONT, INK, LINE, PAPER, RUNS

Array = NDArray[np.float64]

WIDTH, HEIGHT = 660, 280
LEFT, RIGHT, TOP, BOTTOM = 70, 18, 30, 42
GROWTH = 100  # a loss that grows further than so many times its first value leaves the picture at the top
SMALLEST, LARGEST = -307, 308  # the powers of ten that a float has all its digits for
POINTS = 800  # more than the picture has columns
DASHES = {"-": "", "--": " stroke-dasharray='7 4'", ":": " stroke-dasharray='2 4'"}


@dataclass(frozen=True)
class Scale:
    """A range of numbers laid along so many pixels, with the round numbers that are written beside it."""

    low: float
    high: float
    ticks: tuple[tuple[float, str], ...]
    log: bool = False

    def share(self, values: Array) -> Array:
        """How far along each value stands, from 0 to 1; a larger one stands beyond the end, but not far."""
        if self.log:
            return np.asarray(np.log(np.maximum(values, self.low) / self.low) / math.log(self.high / self.low)).clip(
                max=3
            )
        return np.asarray((np.minimum(values, 3 * self.high) - self.low) / (self.high - self.low))


def linear(top: float) -> Scale:
    """From 0 to a round number above ``top``, with four to six round numbers between."""
    top = top if top > 0 else 1.0
    power = 10.0 ** math.floor(math.log10(top))
    step = next(nice * power for nice in (0.2, 0.25, 0.5, 1.0, 2.0) if nice * power * 5 >= top)
    count = math.ceil(top / step * (1 - 1e-12))
    return Scale(0.0, count * step, tuple((k * step, f"{k * step:.4g}") for k in range(count + 1)))


def updates(last: int) -> Scale:
    """From update 0 to the last, which stands at the right edge."""
    ticks = [tick for tick in linear(last).ticks if tick[0] <= last and tick[0] == round(tick[0])]
    return Scale(0.0, float(max(1, last)), tuple((value, str(round(value))) for value, _ in ticks))


def decades(values: Array) -> Scale:
    """Whole powers of ten around the positive ones of some values."""
    positive = values[(values > 0) & np.isfinite(values)]
    low = max(SMALLEST, math.floor(math.log10(positive.min()))) if len(positive) else -1
    high = min(LARGEST, max(low + 1, math.ceil(math.log10(positive.max())))) if len(positive) else 0
    small = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
    every = math.ceil((high - low) / 7)
    ticks = ((10.0**power, f"10{str(power).translate(small)}") for power in range(low, high + 1, every))
    return Scale(10.0**low, 10.0**high, tuple(ticks), log=True)


def chart(curves: Sequence[tuple[str, Array]], shown: int, log: bool, words: str, coming: str = "") -> str:
    """Losses against updates, each curve with its name; ``shown`` marks an update of the first, ``words`` say all.

    ``coming`` says in the middle what will be drawn, where that is nothing yet.
    """
    every = np.concatenate([losses for _, losses in curves])
    first = max((float(losses[0]) for _, losses in curves if len(losses)), default=0.0)
    down = decades(every) if log else linear(min(float(every.max(initial=0.0)), GROWTH * first or math.inf))
    width, height = WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM
    along = updates(max(len(losses) for _, losses in curves) - 1)
    parts = [
        f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {WIDTH} {HEIGHT}' width='{WIDTH}' height='{HEIGHT}' "
        f"role='img' style='max-width:100%;height:auto' {FONT} font-size='12' fill='{INK}' "
        f"aria-label='{escape(words)}'>",
        f"<rect width='{WIDTH}' height='{HEIGHT}' rx='8' fill='{PAPER}'/>",
        *_frame(along, down),
        # An SVG inside the SVG: what leaves it is cut off.
        f"<svg x='{LEFT}' y='{TOP}' width='{width}' height='{height}' viewBox='{LEFT} {TOP} {width} {height}'>",
    ]
    for (_, losses), (color, dash, _) in reversed(list(zip(curves, RUNS))):
        parts.append(
            f"<polyline fill='none' stroke='{color}' stroke-width='2' stroke-linejoin='round'{DASHES[dash]} "
            f"points='{_points(losses, along, down)}'/>"
        )
    parts.append("</svg>")
    if coming:
        parts.append(f"<text x='{LEFT + width / 2:g}' y='{TOP + height / 2:g}' text-anchor='middle'>{coming}</text>")
    if shown < len(curves[0][1]):
        x, y = (float(place[0]) for place in _places([shown], curves[0][1][[shown]], along, down))
        parts.append(f"<line x1='{x:.1f}' x2='{x:.1f}' y1='{TOP}' y2='{HEIGHT - BOTTOM}' stroke='{INK}'/>")
        if curves[0][1][shown] > 0 or not log:
            parts.append(f"<circle cx='{x:.1f}' cy='{max(y, TOP):.1f}' r='5'/>")
    return "\n".join([*parts, *_legend([name for name, _ in curves]), "</svg>"])


def _places(at: ArrayLike, values: ArrayLike, along: Scale, down: Scale) -> tuple[Array, Array]:
    x = LEFT + (WIDTH - LEFT - RIGHT) * along.share(np.asarray(at, dtype=float))
    y = HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * down.share(np.asarray(values, dtype=float))
    return x, y


def _points(losses: Array, along: Scale, down: Scale) -> str:
    """The corners of a curve; of a long one the lowest and the highest of each stretch, so that no peak is lost."""
    at = np.arange(len(losses))
    if len(losses) > POINTS:
        long = -(-len(losses) // (POINTS // 2))
        rows = np.pad(losses, (0, -len(losses) % long), mode="edge").reshape(-1, long)
        starts = np.arange(0, len(losses), long)
        peaks = np.concatenate([[0], starts + rows.argmin(axis=1), starts + rows.argmax(axis=1), [len(losses) - 1]])
        at = np.unique(peaks)
    if down.log:  # a loss of 0 has no place between powers of ten
        at = at[losses[at] > 0]
    x, y = _places(at, losses[at], along, down)
    return " ".join(f"{a:.1f},{b:.1f}" for a, b in zip(x.tolist(), y.tolist()))


def _frame(along: Scale, down: Scale) -> Iterator[str]:
    """Axes, faint lines at the round numbers, and what is measured."""
    bottom, right = HEIGHT - BOTTOM, WIDTH - RIGHT
    for value, text in along.ticks:
        x = LEFT + (right - LEFT) * float(along.share(np.array(value)))
        yield f"<line x1='{x:.1f}' x2='{x:.1f}' y1='{TOP}' y2='{bottom}' stroke='{LINE}'/>"
        yield f"<text x='{x:.1f}' y='{bottom + 16}' text-anchor='middle'>{text}</text>"
    for value, text in down.ticks:
        y = bottom - (bottom - TOP) * float(down.share(np.array(value)))
        yield f"<line x1='{LEFT}' x2='{right}' y1='{y:.1f}' y2='{y:.1f}' stroke='{LINE}'/>"
        yield f"<text x='{LEFT - 7}' y='{y + 4:.1f}' text-anchor='end'>{text}</text>"
    yield f"<path d='M{LEFT} {TOP}V{bottom}H{right}' fill='none' stroke='{FAINT}'/>"
    middle = (TOP + bottom) / 2
    yield f"<text x='{(LEFT + right) / 2:g}' y='{HEIGHT - 8}' text-anchor='middle'>updates</text>"
    yield f"<text x='14' y='{middle:g}' text-anchor='middle' transform='rotate(-90 14 {middle:g})'>loss E_total</text>"


def _legend(names: Sequence[str]) -> Iterator[str]:
    """Above the frame, where it hides no curve."""
    for place, (name, (color, dash, _)) in enumerate(zip(names, RUNS)):
        x = LEFT + 194 * place
        yield f"<line x1='{x}' x2='{x + 36}' y1='16' y2='16' stroke='{color}' stroke-width='2'{DASHES[dash]}/>"
        yield f"<text x='{x + 44}' y='20'>{escape(name)}</text>"
