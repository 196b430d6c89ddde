"""One head of attention as a picture: queries, keys and values, the table of shares, and what each word takes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product
from typing import Any

import sympy as sp

from bpkit.core.blocks import Attention
from bpkit.core.chain_rule import Step
from bpkit.core.errors import BpkitError
from bpkit.core.model import Model
from bpkit.core.numeric import evaluate, single
from bpkit.core.problem import Problem
from bpkit.core.spelling import number, readable, typeset
from bpkit.show.drawing import Drawing
from bpkit.show.palette import FAINT, FILL, INK, LINE, NEGATIVE, PAPER, POSITIVE
from bpkit.show.plots import canvas

WIDE, HIGH, GAP, ROW = 62, 34, 6, 150  # of a box, between boxes, and of a word's row, in pixels
COLUMNS = {"x": 58, "q": 312, "score": 540}  # where groups of boxes begin, those of two numbers each
ABOVE = 9  # a line, or below it: its name
SHARE = 54  # how far the shares are below the scores
SMALL = 0.01  # below it a number in a box has two digits
MINUS = "\u2212"
MOST = 3  # words and numbers of a word that there is room for
BACKWARD = "#8A3EA8"


@dataclass(frozen=True)
class Box:
    """A number of the picture: its name, its derivative's name if it has one, and where it is.

    ``said`` are both names as people read them. ``of`` is the word that it belongs to the mix of, 0 if it belongs to
    those of all words; ``parts`` are then, for each mix, the products in the derivative's line that come from there.
    """

    name: str
    back: str | None
    kind: str
    x: float
    y: float
    said: tuple[str, str]
    of: int = 0
    parts: tuple[tuple[tuple[str, ...], ...], ...] = ()


@dataclass(frozen=True)
class Label:
    """Words of the picture from a point on; ``of`` is the word that they belong to the mix of, 0 for all words."""

    x: float
    y: float
    text: str
    of: int = 0


@dataclass(frozen=True)
class Way:
    """A line of the picture, from one group of boxes to another.

    ``of`` is the word whose mix it leads to, 0 where it leads to those of all words; ``bare`` lines have no arrow.
    """

    x: float
    y: float
    to_x: float
    to_y: float
    of: int
    bare: bool = False


@dataclass(frozen=True)
class Layout:
    """Where everything of the picture is, in pixels."""

    boxes: tuple[Box, ...]
    labels: tuple[Label, ...]
    ways: tuple[Way, ...]
    width: float
    height: float


def head_of(problem: Problem, what: str) -> tuple[int, int, int]:
    """How many words, numbers of a word and numbers of a query a problem of one head of attention has."""
    model = problem.network
    if not isinstance(model, Model) or len(model.blocks) != 1 or not isinstance(model.blocks[0], Attention):
        raise BpkitError(f"{what}: expected a model of one Attention block, got {model!r}")
    words, before = (len(model.inputs), 1) if len(model.input_shape) == 1 else model.input_shape
    width = model.blocks[0].width
    if max(words, before, width) > MOST:
        raise BpkitError(
            f"{what}: expected at most {MOST} words of {MOST} numbers, got {words} of {before}, {width} wide"
        )
    return words, before, width


def layout(problem: Problem) -> Layout:
    """Place the boxes of a problem of one head of attention."""
    words, before, width = head_of(problem, "attention picture")
    boxes: list[Box] = []
    labels: list[Label] = []
    ways: list[Way] = []
    known = problem.derivation.quantities
    step, out = WIDE + GAP, COLUMNS["score"] + words * (WIDE + GAP) + 96

    def row(names: list[str], kind: str, x: float, y: float, of: int = 0) -> None:
        for place, name in enumerate(names):
            back = None if kind == "x" else f"dE_total/d{name}"
            parts = () if of or back is None else _parts(problem.derivation[back], words)
            said = typeset(name, known), typeset(back, known) if back else ""
            boxes.append(Box(name, back, kind, x + place * step, y, said, of, parts))

    for i in range(1, words + 1):
        top = 34 + (i - 1) * ROW
        middle = top + 42 + HIGH / 2
        labels.append(Label(8, middle, f"word {i}"))
        row([f"x{i}_{a}" for a in range(1, before + 1)], "x", COLUMNS["x"], top + 42)
        for place, (letter, word) in enumerate((("q", "query"), ("k", "key"), ("v", "value"))):
            y, of = top + 42 * place, i if letter == "q" else 0
            row([f"{letter}_o{i}_{a}" for a in range(1, width + 1)], letter, COLUMNS["q"], y, of)
            labels.append(Label(COLUMNS["q"] - 46, y + HIGH / 2, word))
            beside = ABOVE if letter == "v" else -ABOVE  # on the side that its curve leaves free
            labels.append(Label(COLUMNS["q"] - 80, y + HIGH / 2 + beside, f"W{letter}", of))
            ways.append(Way(COLUMNS["x"] + before * step, middle, COLUMNS["q"] - 50, y + HIGH / 2, of))
        row([f"score_o{i}_{j}" for j in range(1, words + 1)], "score", COLUMNS["score"], top, i)
        row([f"share_o{i}_{j}" for j in range(1, words + 1)], "share", COLUMNS["score"], top + SHARE, i)
        shares = top + SHARE + HIGH / 2
        labels.append(Label(COLUMNS["score"] - 46, top + HIGH / 2, "score", i))
        labels.append(Label(COLUMNS["score"] - 46, shares, "share", i))
        row([f"out_o{i}_{a}" for a in range(1, width + 1)], "out", out, top + SHARE, i)
        labels.append(Label(COLUMNS["score"] - 46, top + (HIGH + SHARE) / 2, "softmax", i))
        labels.append(Label(out - 30, shares, "mix", i))
        labels += [Label(COLUMNS["score"] + (j - 1) * step + 2, top - 14, f"word {j}", i) for j in range(1, words + 1)]
        targets = ", ".join(number(float(problem.givens[f"y{i}_{a}"]), 3) for a in range(1, width + 1))
        labels.append(Label(out, top + SHARE + HIGH + 12, f"should be {targets.replace('-', MINUS)}", i))
        ways.append(Way(COLUMNS["score"] + words * step, shares, out - 34, shares, i))
    ends = COLUMNS["q"] + width * step
    for i, j in product(range(words), repeat=2):
        score, under = (COLUMNS["score"] - 50, 34 + i * ROW + HIGH / 2), 34 + j * ROW + 84 + HIGH / 2
        ways.append(Way(ends, 34 + j * ROW + 42 + HIGH / 2, *score, i + 1))
        from_box, to_box = (COLUMNS["score"] + k * step + WIDE / 2 for k in (j, i))
        ways += [
            Way(from_box, 34 + k * ROW + HIGH, to_box, 34 + k * ROW + SHARE, k + 1, bare=True) for k in range(words)
        ]
        # A value passes below the shares of its word, and bends to the mixes behind them.
        ways.append(Way(COLUMNS["score"] + words * step, under, out - 34, 34 + i * ROW + SHARE + HIGH / 2 + 8, i + 1))
        if i == j:
            ways.append(Way(ends, under, COLUMNS["score"] + words * step, under, 0, bare=True))
            ways.append(Way(ends, 34 + j * ROW + HIGH / 2, *score, i + 1))
    return Layout(tuple(boxes), tuple(labels), tuple(ways), out + width * step + 6, 34 + words * ROW)


def _parts(line: Step, words: int) -> tuple[tuple[tuple[str, ...], ...], ...]:
    """The terms of a derivative's line, sorted by the word whose mix each comes from."""
    found: list[list[tuple[str, ...]]] = [[] for _ in range(words)]
    for term in sp.Add.make_args(line.rhs):
        factors = tuple(factor.name for factor in sp.Mul.make_args(term))
        of = next(one.by for one in map(line.names.__getitem__, factors) if one.of and one.of.tag == "total")
        found[of.index[0] - 1 if of else 0].append(factors)
    return tuple(map(tuple, found))


def attention_picture(problem: Problem, back: bool = False) -> Drawing:
    """Draw one head of attention with a problem's numbers; ``back`` adds the derivative below each.

    Errors: ``BpkitError`` for a problem that is not one head of attention, or a large one.
    """
    from matplotlib.patches import FancyBboxPatch  # takes a while, and the app reads this module

    placed, values = layout(problem), numbers_of(single(problem, "attention picture"))
    figure = canvas(placed.width / 84, placed.height / 84, layout=None)
    axes = figure.add_axes((0, 0, 1, 1))
    axes.axis("off")
    axes.set(xlim=(0, placed.width), ylim=(placed.height, 0))
    for way in placed.ways:
        ends, color = ((way.to_x, way.to_y), (way.x, way.y)), BACKWARD if back else LINE
        start, end = ends if back else ends[::-1]
        style = {"arrowstyle": "-" if way.bare else "-|>", "color": color, "lw": 1, "shrinkA": 0, "shrinkB": 0}
        axes.annotate("", end, start, arrowprops=style)
    paper = {"boxstyle": "square,pad=0.1", "fc": PAPER, "ec": "none"}  # a line passes behind its name
    for label in placed.labels:
        axes.text(label.x, label.y, label.text, color=FAINT, fontsize=9, va="center", bbox=paper)
    for one in placed.boxes:
        value = values[one.name]
        face, strength = POSITIVE if value >= 0 else NEGATIVE, min(1.0, abs(value)) * 0.4
        outline: dict[str, Any] = {"boxstyle": "round,pad=0,rounding_size=4", "ec": FAINT}
        axes.add_patch(FancyBboxPatch((one.x, one.y), WIDE, HIGH, fc=FILL, **outline))
        axes.add_patch(FancyBboxPatch((one.x, one.y), WIDE, HIGH, fc=face, alpha=strength, **outline))
        two = back and one.back is not None
        axes.text(
            one.x + WIDE / 2,
            one.y + HIGH * (0.32 if two else 0.5),
            _short(value),
            color=INK,
            fontsize=9,
            ha="center",
            va="center",
        )
        if two:
            text = _short(values[str(one.back)])
            axes.text(one.x + WIDE / 2, one.y + HIGH * 0.74, text, color=BACKWARD, fontsize=8, ha="center", va="center")
    return Drawing(attention_words(problem, values, back, 3), figure)


def _short(value: float) -> str:
    """A number that fits its box: what begins behind many zeros has fewer digits.

    >>> _short(0.12345), _short(0.0012345)
    ('0.123', '0.0012')
    """
    return readable(number(value, 3 if abs(value) >= SMALL else 2))


def numbers_of(problem: Problem) -> dict[str, float]:
    """All numbers of a problem, given and computed.

    >>> import bpkit as bp
    >>> numbers = numbers_of(bp.examples.article.problem)
    >>> numbers["w5"], round(numbers["net_h1"], 6)
    (0.35, 0.505)
    """
    given = {name: float(value) for name, value in problem.givens.items()}
    return {**given, **{name: float(value) for name, value in evaluate(problem).items()}}


def attention_words(problem: Problem, values: Mapping[str, float], back: bool, digits: int = 6) -> str:
    """The picture in words, with numbers."""
    words, _, width = head_of(problem, "attention picture")
    said = []
    for i in range(1, words + 1):
        shares = " and ".join(f"{number(values[f'share_o{i}_{j}'], digits)} of word {j}" for j in range(1, words + 1))
        mix = ", ".join(number(values[f"out_o{i}_{a}"], digits) for a in range(1, width + 1))
        said.append(f"Word {i} takes {shares}, and gets {mix}.")
        if back:
            slopes = ", ".join(number(values[f"dE_total/dq_o{i}_{a}"], digits) for a in range(1, width + 1))
            said.append(f"The derivative of the loss with respect to its query is {slopes}.")
    return f"{' '.join(said)} The loss is {number(values['E_total'], digits)}."
