"""What a library keeps of the forward pass: each array from the line that makes it to the last one that uses it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from bpkit.core.derivation import derive
from bpkit.core.errors import BpkitError
from bpkit.core.expressions import names_in
from bpkit.core.matrices import MatrixStep
from bpkit.core.network import layered
from bpkit.core.problem import Problem
from bpkit.core.quantities import Quantity, Role
from bpkit.core.spelling import LOW
from bpkit.show.chart import NAMES, WIDTH, beside_the_last, headed, panels, stroke
from bpkit.show.drawing import Drawing
from bpkit.show.palette import FAINT, FILL, INK, LINE, NEGATIVE, POSITIVE
from bpkit.show.strokes import picture, text

MOST_LINES = 40  # of both passes: more are too narrow to read
WAITS, GOES = "#C7E0F0", "#E4E6E8"  # tints of blue and of grey
TEXTS = {
    "words": "What waits for the backward pass: {waits}. Not kept: {gone}. Most at a time: {most} numbers, at {place}; "
    "at the last line {end}.",
    "item": "{name} ({rows} × {columns}) from {made} to {last}",
    "start": "the start",
    "nothing": "nothing",
}
LEFT, TOP, COLUMN, ROW, STAIRS = 84, 74, 50, 30, 96
BROAD, HIGH = 188.0, 124.0  # of stairs that a question compares


@dataclass(frozen=True)
class Kept:
    """An array of the forward pass, with how many numbers it has.

    ``made`` is the number of its line (0 for the inputs), ``uses`` those of the lines that use it, in the order of
    both passes; ``waits`` is True where the backward pass is among them.
    """

    name: str
    shape: tuple[int, int]
    made: int
    uses: tuple[int, ...]
    waits: bool

    @property
    def size(self) -> int:
        """How many numbers it has.

        >>> Kept("out_1", (4, 2), made=2, uses=(3, 7), waits=True).size
        8
        """
        return self.shape[0] * self.shape[1]

    @property
    def last(self) -> int:
        """The last line that uses it.

        >>> Kept("out_1", (4, 2), made=2, uses=(3, 7), waits=True).last
        7
        """
        return max(self.uses, default=self.made)


def lifetimes(problem: Problem) -> tuple[list[MatrixStep], list[Kept]]:
    """The lines of both passes, and what of the forward pass is kept for how long; read from the matrix form.

    >>> import bpkit as bp
    >>> lines, arrays = lifetimes(bp.Problem(bp.Network(1, 1), {"w1": 1, "b1": 0}, [1], [0]))
    >>> [(one.name, one.made, one.uses) for one in arrays]
    [('out_0', 0, (1, 5)), ('net_1', 1, (2,)), ('out_1', 2, (3, 4))]
    """
    network = layered(problem.network, "kept")
    lines = [one for one in derive(problem.network).matrices() if one.role is not Role.UPDATE]
    if len(lines) > MOST_LINES:
        raise BpkitError(
            f"kept: expected a network of at most {MOST_LINES} lines in matrices, got {len(lines)}; take fewer layers"
        )
    forward = {one.number for one in lines if one.role is Role.FORWARD}
    found = []
    for name, block, made in _signals(lines):
        uses = tuple(one.number for one in lines if name in names_in(one.rhs))
        waits = any(number not in forward for number in uses)
        found.append(Kept(name, (problem.n_samples, network.sizes[block]), made, uses, waits))
    return lines, found


def _signals(lines: list[MatrixStep]) -> Iterator[tuple[str, int, int]]:
    """The inputs, and what each forward line makes for a whole layer: name, layer, line."""
    yield "out_0", 0, 0
    for one in lines:
        if one.role is Role.FORWARD and one.quantity.tag in ("net", "out"):
            yield one.name, one.quantity.block, one.number


def waiting(lines: Sequence[MatrixStep], arrays: Sequence[Kept]) -> list[int]:
    """How many numbers wait for the backward pass, at the start and after each line.

    >>> import bpkit as bp
    >>> waiting(*lifetimes(bp.Problem(bp.Network(1, 1), {"w1": 1, "b1": 0}, [1], [0])))
    [1, 1, 2, 2, 2, 1, 0]
    """
    return [sum(a.size for a in arrays if a.waits and a.made <= n <= a.last) for n in range(len(lines) + 1)]


def spelled(quantity: Quantity) -> str:
    """A quantity of the matrix form as a picture has it: out₁, δ₂, ∂E/∂W₁.

    >>> spelled(Quantity("out", tag="out", block=1)), spelled(Quantity("delta", tag="delta", block=2))
    ('out₁', 'δ₂')
    """
    low = str(quantity.block).translate(LOW)
    if quantity.tag == "total":
        return "E"
    if quantity.role is Role.GRADIENT:
        return f"∂E/∂{'W' if quantity.tag == 'weight' else 'b'}{low}"
    return ("δ" if quantity.tag == "delta" else quantity.tag) + low


def kept(problem: Problem) -> Drawing:
    """Draw how long each array of the forward pass is kept, and how many numbers there are at a time.

    A bar goes from the line that makes an array to the last line that uses it; a dot is a use. Blue bars wait for the
    backward pass. ``problem`` is a batch, or one sample. Errors: ``BpkitError`` for networks without matrices.
    """
    lines, arrays = lifetimes(problem)
    width, bottom = LEFT + COLUMN * (len(lines) + 1) + 20, TOP + ROW * len(arrays)

    def across(number: float) -> float:
        return LEFT + COLUMN * (number + 0.5)

    turn = sum(one.role is Role.FORWARD for one in lines)
    parts = [
        f"<rect x='{across(0.5):.0f}' y='8' width='{COLUMN * turn - 4:.0f}' height='24' rx='6' fill='{FILL}'/>",
        f"<rect x='{across(turn + 0.5):.0f}' y='8' width='{COLUMN * (len(lines) - turn) - 4:.0f}' height='24' rx='6' "
        f"fill='{FILL}'/>",
        text(across((turn + 1) / 2), 20, "forward →", 13, "700", color=POSITIVE),
        text(across((turn + 1 + len(lines)) / 2), 20, "backward →", 13, "700", color=NEGATIVE),
    ]
    for one in lines:
        x = across(one.number)
        parts.append(f"<line x1='{x:.0f}' y1='{TOP - 14}' x2='{x:.0f}' y2='{bottom}' stroke='{LINE}'/>")
        parts.append(text(x, 46, spelled(one.quantity), 12))
    for row, array in enumerate(arrays):
        parts += _bar(array, TOP + ROW * (row + 0.5), across)
    counts = waiting(lines, arrays)
    parts += _stairs(counts, bottom + 34, across)
    words = _words(arrays, counts, lines)
    return Drawing(words, picture(width, bottom + 34 + STAIRS + 18, words, parts))


def kept_panels(problems: Sequence[Problem]) -> Drawing:
    """The stairs of some programs side by side, on one scale and without numbers, named by letters."""
    read = [lifetimes(problem) for problem in problems]
    found = [waiting(*one) for one in read]
    top, parts, said = max(map(max, found)), [], []
    ends = [(-0.5, len(counts) - 0.5, 0.0, 1.05 * top) for counts in found]
    for plot, name, (lines, _), counts in zip(panels(len(found), HIGH, ends, BROAD), NAMES, read, found):
        turn = sum(one.role is Role.FORWARD for one in lines)
        parts.append(headed(plot, name))
        for number, count in enumerate(counts):
            (left, high), (right, low) = plot.at(number - 0.5, count), plot.at(number + 0.5, 0)
            parts.append(
                f"<rect x='{left:.1f}' y='{high:.1f}' width='{right - left:.1f}' height='{low - high:.1f}' rx='0' "
                f"fill='{POSITIVE}' fill-opacity='0.2'/>"
            )
        edge = [plot.at(place, count) for n, count in enumerate(counts) for place in (n - 0.5, n + 0.5)]
        parts.append(stroke(edge, POSITIVE, "", 2))
        parts.append(stroke([plot.at(turn + 0.5, 0), plot.at(turn + 0.5, 1.05 * top)], FAINT, "4 4", 1.2))
        parts.append(stroke([plot.at(-0.5, 0), plot.at(len(counts) - 0.5, 0)], FAINT, "", 1))
        shares = [f"{100 * count / top:.0f}" for count in counts]
        said.append(f"{name}: {', '.join(shares[: turn + 1])}, and on the way back {', '.join(shares[turn + 1 :])}")
    legend, high = beside_the_last(
        ("numbers that wait,", "line by line;", "dashed: the way", "back begins"), HIGH, BROAD
    )
    words = (
        f"Stairs of {len(found)} programs: how many numbers wait for the way back after each line, in per cent of the "
        f"highest place of all. {'. '.join(said)}."
    )
    return Drawing(words, picture(WIDTH, high, words, parts + legend))


def _bar(one: Kept, y: float, across: Callable[[float], float]) -> list[str]:
    """The life of an array: a bar, a dot for each use, its name before it and its shape in it."""
    start, end = across(one.made), across(one.last)
    color, tint = (POSITIVE, WAITS) if one.waits else (FAINT, GOES)
    letter = one.name.partition("_")[0]
    low = one.name.rpartition("_")[2].translate(LOW)
    parts = [
        f"<rect x='{start - 7:.0f}' y='{y - 9:.0f}' width='{end - start + 14:.0f}' height='18' rx='9' fill='{tint}' "
        f"stroke='{color}'/>",
        text(LEFT - 14, y, letter + low, 13, "700" if one.waits else "", "end"),
    ]
    parts += [f"<circle cx='{across(use):.0f}' cy='{y:.0f}' r='4' fill='{color}'/>" for use in one.uses]
    if one.waits:
        gaps = [(after - before, before) for before, after in zip((one.made, *one.uses), one.uses)]
        room, before = max(gaps, key=lambda gap: gap[0])
        shape = "{} × {}".format(*one.shape)
        if room > 1:
            parts.append(text((across(before) + across(before + room)) / 2, y, shape, 11))
        else:
            parts.append(text(end + 9, y, shape, 11, anchor="start"))
    return parts


def _stairs(counts: list[int], top: float, across: Callable[[float], float]) -> list[str]:
    """How many numbers wait for the backward pass after each line, as stairs up and down."""
    most = max(*counts, 1)

    def height(count: int) -> float:
        return top + STAIRS * (1 - 0.86 * count / most)

    parts = [
        text(LEFT - 14, top + STAIRS - 30, "numbers", 12, "", "end", FAINT),
        text(LEFT - 14, top + STAIRS - 14, "that wait", 12, "", "end", FAINT),
    ]
    for number, count in enumerate(counts):
        x, y = across(number) - COLUMN / 2, height(count)
        parts.append(
            f"<rect x='{x:.0f}' y='{y:.1f}' width='{COLUMN}' height='{top + STAIRS - y:.1f}' rx='0' fill='{WAITS}'/>"
        )
        parts.append(f"<line x1='{x:.0f}' y1='{y:.1f}' x2='{x + COLUMN:.0f}' y2='{y:.1f}' stroke='{POSITIVE}'/>")
        if count and (not number or count != counts[number - 1]):
            parts.append(text(across(number), height(count) - 9, f"{count:,}", 11, color=INK))
    return parts


def _words(arrays: list[Kept], counts: list[int], lines: list[MatrixStep]) -> str:
    names = {0: TEXTS["start"], **{one.number: spelled(one.quantity) for one in lines}}
    waits = "; ".join(
        TEXTS["item"].format(
            name=one.name, rows=one.shape[0], columns=one.shape[1], made=names[one.made], last=names[one.last]
        )
        for one in arrays
        if one.waits
    )
    gone = ", ".join(one.name for one in arrays if not one.waits) or TEXTS["nothing"]
    most = max(counts)
    place = names[counts.index(most)]
    return TEXTS["words"].format(waits=waits, gone=gone, most=f"{most:,}", place=place, end=f"{counts[-1]:,}")
