"""A network put to work: it sorts tomatoes. What it is told of one, and how brightly its lamps glow."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

from bpkit.core.errors import BpkitError
from bpkit.core.network import layered
from bpkit.core.numeric import evaluate
from bpkit.core.problem import Problem
from bpkit.core.spelling import number
from bpkit.show.drawing import Drawing
from bpkit.show.palette import FAINT, FILL, INK, LIT
from bpkit.show.strokes import Point, picture, text

LAMPS = ("ripe", "not yet")
GREEN, RED, LEAF = "#5e9436", "#cd2626", "#2f6b2a"
WIDTH, ROW, TOP = 490, 130, 26
ABREAST = 2  # stages beside each other
TOMATO, BOX, LAMP = 62, 202, 322  # how far to the right the middle of each is


def sorter(stages: Mapping[str, Problem], computed: bool = True) -> Drawing:
    """Draw a network as a machine that sorts tomatoes, once for each stage of its training.

    ``stages`` names each problem, such as ``{"before training": problem}``. The inputs are how red and how soft the
    tomato is, from 0 to 1; the outputs are the lamps "ripe" and "not yet". One sample, at most two of each. Without
    ``computed`` the lamps are dark, and how brightly they glow is left to be found.
    Errors: ``BpkitError`` for other problems.
    """
    words, (first, *_) = [], [*map(_told, stages.values())]
    for stage, problem in stages.items():
        said = [
            f"{lamp}{f' ({output})' if output else ''} {f'glows at {number(out, 3)}, ' if computed else ''}should be "
            f"{number(y)}"
            for lamp, output, out, y in _lamps(problem)
        ]
        words.append(f"{stage[:1].upper()}{stage[1:]}: {'; '.join(said)}")
    given = " and ".join(f"{name} {number(value)}" for name, value in first.items())
    caption = f"A machine that sorts tomatoes, told of one that is {given}. {'. '.join(words)}."
    high = TOP + math.ceil(len(stages) / ABREAST) * (ROW + TOP) - 14
    wide = WIDTH * min(ABREAST, len(stages))
    return Drawing(caption, picture(wide, high, caption, _drawn(stages, computed)))


def _drawn(stages: Mapping[str, Problem], computed: bool) -> list[str]:
    """The machine at each stage."""
    parts = []
    for place, (stage, problem) in enumerate(stages.items()):
        left, top = WIDTH * (place % ABREAST), TOP + place // ABREAST * (ROW + TOP)
        told, lamps = _told(problem), _lamps(problem)
        parts.append(text(left + 16, top - 8, f"{stage[:1].upper()}{stage[1:]}", 13, "700", "start"))
        parts += [
            *_tomato((left + TOMATO, top + 56), told),
            *_machine((left + BOX, top + 56), layered(problem.network, "sorter").sizes),
        ]
        for place, (lamp, output, out, target) in enumerate(lamps):
            middle = top + 56 + (place - (len(lamps) - 1) / 2) * 62
            below = f"{output} should be {number(target)}".strip()
            parts += _lamp((left + LAMP, middle), lamp, out if computed else None, below)
    return parts


def _told(problem: Problem) -> dict[str, float]:
    """What the machine is told of the tomato."""
    network = layered(problem.network, "sorter")
    if problem.is_batch or len(network.inputs) > 2 or len(network.outputs) > len(LAMPS):
        raise BpkitError(
            f"sorter: expected one sample, at most 2 inputs and {len(LAMPS)} outputs, got {network!r}; draw its diagram"
        )
    return dict(zip(("red", "soft"), map(float, problem.inputs)))


def _lamps(problem: Problem) -> list[tuple[str, str, float, float]]:
    """Each lamp, the name of its neuron where there are several, how bright it is and should be."""
    values, outputs = evaluate(problem), problem.network.outputs
    pairs = zip(LAMPS, outputs, problem.targets)
    return [(lamp, one * (len(outputs) > 1), values[f"out_{one}"], float(y)) for lamp, one, y in pairs]


def _tomato(middle: Point, told: Mapping[str, float]) -> list[str]:
    """As red as it is."""
    x, y = middle
    leaves = ((-15, -31), (-6, -42), (6, -42), (15, -31))
    return [
        f"<circle cx='{x}' cy='{y}' r='32' fill='{_mixed(GREEN, RED, told['red'])}' stroke='{INK}'/>",
        *(_line([(x, y - 30), (x + dx, y + dy)], LEAF, 5) for dx, dy in leaves),
        *(
            text(x, y + 44 + 15 * row, f"{name} = {number(value)}", 12)
            for row, (name, value) in enumerate(told.items())
        ),
    ]


def _machine(middle: Point, sizes: Iterable[int]) -> list[str]:
    x, y = middle
    inputs, *neurons = sizes
    said = [text(x, y, "one neuron", 12, "700")]
    if neurons != [1]:
        said = [text(x, y - 8, "network", 12, "700"), text(x, y + 10, "-".join(map(str, (inputs, *neurons))), 12)]
    return [
        *_arrow(x - BOX + TOMATO + 46, x - 58, y),
        f"<rect x='{x - 55}' y='{y - 30}' width='110' height='60' rx='10' fill='{FILL}' stroke='{INK}'/>",
        *said,
        *_arrow(x + 58, x - BOX + LAMP - 32, y),
    ]


def _arrow(start: float, end: float, y: float) -> list[str]:
    head = [(end - 9, y - 6), (end, y), (end - 9, y + 6)]
    return [_line([(start, y), (end, y)], FAINT, 2), _line(head, FAINT, 2)]


def _line(points: Iterable[Point], color: str, wide: float) -> str:
    through = " ".join(f"{x:g},{y:g}" for x, y in points)
    return f"<polyline points='{through}' fill='none' stroke='{color}' stroke-width='{wide:g}' stroke-linecap='round'/>"


def _lamp(middle: Point, name: str, out: float | None, below: str) -> list[str]:
    x, y = middle
    glow, ring = min(1.0, max(0.0, out or 0.0)), f"stroke='{INK}' stroke-width='1.5'"
    return [
        f"<circle cx='{x}' cy='{y:g}' r='25' fill='{LIT}' fill-opacity='{0.35 * glow:.3f}'/>",
        f"<circle cx='{x}' cy='{y:g}' r='17' fill='{LIT}' fill-opacity='{glow:.3f}' {ring}/>",
        text(x + 36, y - 8, f"{name}: {'?' if out is None else number(out, 3)}", 13, "700", "start"),
        text(x + 36, y + 10, below, 12, "", "start", FAINT),
    ]


def _mixed(first: str, second: str, share: float) -> str:
    """A colour between two, as far as ``share`` says, from 0 to 1.

    >>> _mixed("#000000", "#ff8000", 0.5)
    '#804000'
    """
    share = min(1.0, max(0.0, share))
    pairs = ((int(first[at : at + 2], 16), int(second[at : at + 2], 16)) for at in (1, 3, 5))
    return "#" + "".join(f"{round(a + share * (b - a)):02x}" for a, b in pairs)
