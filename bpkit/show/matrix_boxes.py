"""The lines of the matrix form as boxes: each array as wide as it has columns and as high as it has rows."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from bpkit.core.matrices import MatrixDerivation, MatrixStep
from bpkit.core.network import Network
from bpkit.core.notation import matrix_sides
from bpkit.core.quantities import Role
from bpkit.core.spelling import LOW, readable
from bpkit.show.drawing import DPI, Drawing
from bpkit.show.palette import FAINT, INK, PAPER
from bpkit.show.plots import MANY_RUNS

LEAST, EACH = 8.0, 5.2  # pixels of a side of one, and of each doubling
ROLES = (Role.FORWARD, Role.ADJOINT, Role.GRADIENT)
NAME = re.compile(r"(?:(dE_total/d)|\b)(net|out|delta|W|b|targets)(?:_(\d+))?(\.T)?(?![A-Za-z0-9_])")
SAMPLES, SAID = "mean over samples of the sum over outputs of ", "mean of the row sums of "
SIGNS = ((SAMPLES, SAID), (" @ ", " "), (" * ", " ∘ "))
WORDS = {"delta": "δ", "targets": "y"}
Sizes = Mapping[str, int]  # what each letter of a shape counts: "n" points, "1" one, "l0" the neurons of layer 0, ..


@dataclass(frozen=True)
class Box:
    """An array in a line: what it is called, and what its rows and columns count."""

    name: str  # net, out, delta, W, b, targets
    layer: str
    derivative: bool
    turned: bool
    shape: tuple[str, str]

    @property
    def html(self) -> str:
        """The name of the array as HTML.

        >>> Box("delta", "2", False, False, ("n", "l2")).html
        '<i>δ</i><sub>2</sub>'
        """
        word = WORDS.get(self.name, self.name)
        text = f"<i>{word}</i>" + (f"<sub>{self.layer}</sub>" if self.layer else "")
        return (f"∂<i>E</i>/∂{text}" if self.derivative else text) + ("<sup>⊤</sup>" if self.turned else "")

    @property
    def text(self) -> str:
        """Its name as plain text.

        >>> Box("W", "1", True, False, ("l0", "l1")).text, Box("out", "1", False, True, ("n", "l1")).text
        ('∂E/∂W₁', 'out₁ᵀ')
        """
        word = WORDS.get(self.name, self.name) + self.layer.translate(LOW)
        return (f"∂E/∂{word}" if self.derivative else word) + ("ᵀ" if self.turned else "")


Piece = Box | str


def boxed(step: MatrixStep, network: Network) -> tuple[list[Piece], list[Piece]]:
    """Left and right side of a line: its arrays, and what stands between them.

    >>> import bpkit as bp
    >>> _, right = boxed(bp.derive(bp.Network(2, 3)).matrices()["net_1"], bp.Network(2, 3))
    >>> [piece if isinstance(piece, str) else piece.text for piece in right]
    ['out₀', ' ', 'W₁', ' + ', 'b₁']
    """
    name, formula = matrix_sides(step)
    return ["E"] if step.quantity.tag == "total" else _pieces(name, network), _pieces(formula, network)


def _pieces(text: str, network: Network) -> list[Piece]:
    for sign, shown in SIGNS:
        text = text.replace(sign, shown)
    found: list[Piece] = []
    end = 0
    for match in NAME.finditer(text):
        found += [text[end : match.start()]] * (match.start() > end)
        found.append(_box(match, network))
        end = match.end()
    found += [text[end:]] * (end < len(text))
    return [one if isinstance(one, Box) else readable(one.replace("-", "−")) for one in found]


def _box(match: re.Match[str], network: Network) -> Box:
    derivative, name, layer, turned = match.groups()
    last = str(len(network.sizes) - 1)
    place = f"l{layer or last}"
    shapes = {"W": (f"l{int(layer or 1) - 1}", place), "b": ("1", place if network.bias == "neuron" else "1")}
    shape = shapes.get(name, ("n", place))
    return Box(name, layer or "", bool(derivative), bool(turned), shape[::-1] if turned else shape)


def drawn(form: MatrixDerivation) -> list[MatrixStep]:
    """The lines forward and back, without the updates.

    >>> import bpkit as bp
    >>> [step.name for step in drawn(bp.derive(bp.Network(2, 3)).matrices())]
    ['net_1', 'out_1', 'E_total', 'delta_1', 'dE_total/dW_1', 'dE_total/db_1']
    """
    return [step for step in form if step.role in ROLES]


def side(count: int) -> float:
    """The pixels of a side that counts so many.

    >>> side(1), side(2), side(4)
    (8.0, 13.2, 18.4)
    """
    return LEAST + EACH * math.log2(count)


def boxes_spec(form: MatrixDerivation, network: Network) -> list[dict[str, Any]]:
    """The lines as plain data, from which the page draws the boxes of any sizes."""
    return [
        {
            "number": step.number,
            "back": step.role is not Role.FORWARD,
            "reason": escape(readable(step.reason)),
            "sides": [[_piece(one) for one in row] for row in boxed(step, network)],
        }
        for step in drawn(form)
    ]


def _piece(one: Piece) -> Any:
    return {"html": one.html, "said": one.text, "shape": one.shape} if isinstance(one, Box) else one


def boxes_words(form: MatrixDerivation, network: Network, sizes: Sizes) -> str:
    """The lines with the shapes of their arrays.

    >>> import bpkit as bp
    >>> form, sizes = bp.derive(bp.Network(2, 3)).matrices(), {"n": 4, "1": 1, "l0": 2, "l1": 3}
    >>> boxes_words(form, bp.Network(2, 3), sizes).split("; ")[0]
    '(1) net₁ (4 × 3) = out₀ (4 × 2) W₁ (2 × 3) + b₁ (1 × 1)'
    """
    said = []
    for step in drawn(form):
        left, right = ("".join(_said(one, sizes) for one in row) for row in boxed(step, network))
        said.append(f"({step.number}) {left} = {right}")
    return "; ".join(said) + "."


def _said(one: Piece, sizes: Sizes) -> str:
    return f"{one.text} ({' × '.join(str(sizes[name]) for name in one.shape)})" if isinstance(one, Box) else one


def boxes_figure(form: MatrixDerivation, network: Network, sizes: Sizes, words: str) -> Drawing:
    """The lines as boxes, forward on the left and back on the right."""
    rows: list[list[MatrixStep]] = [[], []]
    for step in drawn(form):
        rows[step.role is not Role.FORWARD].append(step)
    tall = side(sizes["n"]) + 34
    figure = Figure((10.4, tall * max(map(len, rows)) / 100 + 0.1), dpi=DPI, facecolor=PAPER)
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set(xlim=(0, 1040), ylim=(tall * max(map(len, rows)) + 10, 0))
    axes.axis("off")
    for column, steps in enumerate(rows):
        for place, step in enumerate(steps):
            _row(axes, step, network, sizes, 10 + 570 * column, tall * (place + 0.45))
    return Drawing(words, figure)


def _row(axes: Axes, step: MatrixStep, network: Network, sizes: Sizes, x: float, y: float) -> None:
    axes.text(x, y, f"({step.number})", fontsize=7, color=FAINT, va="center")
    x += 26
    left, right = boxed(step, network)
    for one in (*left, " = ", *right):
        if isinstance(one, str):
            axes.text(x, y, one, fontsize=8, color=INK, va="center")
            x += 5.4 * len(one)
            continue
        height, wide = (side(sizes[name]) for name in one.shape)
        room = max(wide, 6.5 * len(one.text))
        color = MANY_RUNS[0][0] if one.name != "W" else MANY_RUNS[1][0]
        axes.add_patch(Rectangle((x + (room - wide) / 2, y - height / 2), wide, height, fc=color, alpha=0.25, ec=color))
        axes.text(x + room / 2, y, one.text, fontsize=7, color=INK, ha="center", va="center")
        shape = "×".join(str(sizes[name]) for name in one.shape)
        axes.text(x + room / 2, y + height / 2 + 8, shape, fontsize=6, color=FAINT, ha="center", va="center")
        x += room + 3
