"""A kernel on its way over a row of numbers, and on the way back: the same weights in the other order."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bpkit.core.blocks import Conv1d
from bpkit.core.errors import BpkitError
from bpkit.core.model import Model
from bpkit.core.problem import Problem
from bpkit.core.quantities import Role
from bpkit.core.spelling import PLAIN
from bpkit.show.drawing import Drawing
from bpkit.show.palette import FAINT, FILL, INK, LINE, PAPER, RUNS
from bpkit.show.plots import canvas

if TYPE_CHECKING:
    from matplotlib.axes import Axes

LOW = "₁₂₃₄₅₆₇₈₉"
COLORS = tuple(color for color, *_ in RUNS)  # of the weights, in the order of the kernel


def kernel_picture(problem: Problem) -> Drawing:
    """Draw which weight joins which input and which output: forward at each place, back to each input.

    Errors: ``BpkitError`` for a problem that is not one convolution along a row.
    """
    model = problem.network
    if not isinstance(model, Model) or len(model.blocks) != 1 or not isinstance(model.blocks[0], Conv1d):
        raise BpkitError(f"kernel_picture: expected a model of one Conv1d, got {model!r}")
    lines = problem.derivation.with_inputs
    weights = [name for name in model.parameters if name not in model.biases][: model.blocks[0].size]
    spelled = {name: PLAIN(quantity) for name, quantity in lines.quantities.items()}
    spelled |= {name: f"k{LOW[place]}" for place, name in enumerate(weights)}  # the picture has one kernel
    outs = [line.name for line in lines if line.role is Role.FORWARD and line.quantity.tag == "net"]
    joins = {
        (out, one): str(lines[f"d{out}/d{one}"].rhs)
        for out in outs
        for one in model.inputs
        if f"d{out}/d{one}" in lines
    }
    deep = max(len(outs), len(model.inputs))
    figure = canvas(9.4, 0.5 * (deep + 1.6), layout=None)
    forward, back = figure.subplots(1, 2)
    rows = [(f"{spelled[out]} =", [(one, joins.get((out, one))) for one in model.inputs]) for out in outs]
    _table(
        forward,
        "Forward: each row is a place of the kernel",
        rows,
        [spelled[one] for one in model.inputs],
        weights,
        deep,
    )
    deltas = [f"δ({out.removeprefix('net_')})" for out in outs]
    rows = [(f"∂E/∂{spelled[one]} =", [(out, joins.get((out, one))) for out in outs]) for one in model.inputs]
    _table(back, "Back: each row is an input", rows, deltas, weights, deep)
    figure.subplots_adjust(0.01, 0.02, 0.99, 0.98, 0.04)
    said = []
    for one in model.inputs:
        carried = [
            f"{spelled[joins[out, one]]} · δ of {out.removeprefix('net_')}" for out in outs if (out, one) in joins
        ]
        said.append(f"∂E/∂{spelled[one]} is {' + '.join(carried)}")
    words = (
        "Two tables. Forward, the kernel "
        + ", ".join(spelled[one] for one in weights)
        + " moves one input to the right from row to row. On the way back each row has the weights in the other order: "
        + "; ".join(said)
        + "."
    )
    return Drawing(words, figure)


def _table(
    axes: Axes,
    title: str,
    rows: list[tuple[str, list[tuple[str, str | None]]]],
    heads: list[str],
    weights: list[str],
    deep: int,
) -> None:
    """A table whose fields hold the weights, each in its colour, with a head for each column."""
    from matplotlib.patches import FancyBboxPatch

    wide, left = 1.0, 1.75
    axes.axis("off")
    axes.set(xlim=(0, left + wide * len(heads) + 0.1), ylim=(deep + 0.1, -1.5))
    axes.text(0.05, -1.15, title, fontsize=10.5, color=INK, fontweight="bold", va="center")
    for column, head in enumerate(heads):
        axes.text(left + (column + 0.5) * wide, -0.35, head, fontsize=10.5, color=FAINT, ha="center", va="center")
    for row, (name, fields) in enumerate(rows):
        axes.text(left - 0.15, row + 0.5, name, fontsize=10.5, color=INK, ha="right", va="center")
        for column, (_, weight) in enumerate(fields):
            at = left + column * wide
            color = COLORS[weights.index(weight) % len(COLORS)] if weight else FILL
            box = FancyBboxPatch(
                (at + 0.08, row + 0.12),
                wide - 0.16,
                0.76,
                boxstyle="round,pad=0,rounding_size=0.1",
                fc=color,
                ec=color if weight else LINE,
            )
            axes.add_patch(box)
            if weight:
                axes.text(
                    at + wide / 2,
                    row + 0.5,
                    f"k{LOW[weights.index(weight)]}",
                    color=PAPER,
                    fontsize=11,
                    fontweight="bold",
                    ha="center",
                    va="center",
                )
