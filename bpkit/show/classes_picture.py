"""Softmax as bars, and the loss of a share as a curve."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure

from bpkit.core.spelling import number, readable
from bpkit.show.drawing import DPI, Drawing
from bpkit.show.palette import INK, LOSS_RUNS, PAPER
from bpkit.show.plots import MANY_RUNS, dress

HIGHEST, ROOM = 4.5, 1.2  # of the losses drawn, and above the point of a larger one


def classes_figure(
    classes: Sequence[str],
    bars: Mapping[str, Sequence[float]],
    share: float,
    losses: Callable[[float], Mapping[str, float]],
    words: str,
) -> Drawing:
    """Bars for each class, column by column, and the losses over the share of the true class."""
    figure = Figure(figsize=(8.6, 4.4), dpi=DPI, facecolor=PAPER, layout="constrained")
    panels = figure.subplot_mosaic([[*bars], ["loss"] * len(bars)], height_ratios=[1, 1.5])
    colors = [MANY_RUNS[k % len(MANY_RUNS)][0] for k in range(len(classes))]
    for place, (title, row) in enumerate(bars.items()):
        axes = dress(panels[title])
        axes.grid(False)
        drawn = axes.barh(range(len(classes)), row, color=colors)
        axes.bar_label(drawn, [readable(number(float(one), 3)) for one in row], fontsize=8, padding=2)
        axes.set_yticks(range(len(classes)), classes if not place else [])
        axes.set_xticks([])
        axes.invert_yaxis()
        axes.margins(x=0.45)
        if min(row) < 0 < max(row) <= 1:  # slopes: one scale, to be compared
            axes.set_xlim(-2, 2)
        axes.set_title(title, fontsize=9, color=INK)
    axes = dress(panels["loss"])
    at = np.linspace(0.005, 1, 300)
    found = [losses(float(one)) for one in at]
    for (color, dash, _), key, label in zip(LOSS_RUNS, ("surprise", "square"), ("−ln p", "½(1 − p)²")):
        axes.plot(at, [one[key] for one in found], dash, color=color, linewidth=1.8, label=label)
        axes.plot([share], [losses(share)[key]], "o", color=color, markersize=7)
    axes.set(
        xlim=(0, 1),
        ylim=(0, max(HIGHEST, ROOM * losses(share)["surprise"])),
        xlabel="p, the share of the true class",
        ylabel="loss",
    )
    axes.legend(frameon=False, fontsize=9)
    return Drawing(words, figure)
