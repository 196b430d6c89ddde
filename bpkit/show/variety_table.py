"""The kinds of lines of a network as a table, with what made each of them another."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.figure import Figure

from bpkit.show.drawing import DPI, Drawing
from bpkit.show.palette import FAINT, FILL, INK, NEGATIVE, PAPER

ROW = 24  # pixels


def variety_figure(rows: Sequence[tuple[str, str, str]], words: str) -> Drawing:
    """A row for each kind of line: what it is, the line, and what changed it; empty for nothing."""
    high = ROW * len(rows) + 12
    figure = Figure((8.2, high / 100), dpi=DPI, facecolor=PAPER)
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set(xlim=(0, 820), ylim=(high, 0))
    axes.axis("off")
    for place, (name, text, cause) in enumerate(rows):
        y = 6 + ROW * (place + 0.5)
        if cause:
            axes.axhspan(y - ROW / 2, y + ROW / 2, color=FILL)
        axes.text(8, y, name, fontsize=8, color=FAINT, va="center")
        axes.text(200, y, text if len(text) < 78 else text[:76] + " …", fontsize=8, color=INK, va="center")
        axes.text(812, y, cause, fontsize=8, color=NEGATIVE, va="center", ha="right")
    return Drawing(words, figure)
