"""A layer with a way past it: what goes forward, and the two paths of its derivative."""

from __future__ import annotations

from matplotlib.patches import Circle, FancyArrowPatch, FancyBboxPatch

from bpkit.show.drawing import Drawing
from bpkit.show.palette import FILL, INK, NEGATIVE, POSITIVE
from bpkit.show.plots import blank

WORDS = (
    "A layer f with a way past it. Forward: x goes through f and also straight to a sum, whose result is out. "
    "Back: the derivative with respect to out goes to x along both ways, with the factor 1 past the layer and with the "
    "factor f'(x) through it."
)


def residual_picture() -> Drawing:
    """The layer, the way past it, and the factor of each way back."""
    figure, axes = blank(6.4, 2.1)
    axes.axis("off")
    axes.set(xlim=(0, 64), ylim=(0, 21))

    def way(start: tuple[float, float], end: tuple[float, float], color: str, bend: float = 0) -> None:
        style = f"arc3,rad={bend}"
        axes.add_patch(
            FancyArrowPatch(start, end, arrowstyle="-|>", mutation_scale=14, lw=2.2, color=color, connectionstyle=style)
        )

    way((6, 7), (22, 7), NEGATIVE)
    way((36, 7), (46.5, 7), NEGATIVE)
    way((6, 8), (47, 9), POSITIVE, -0.32)
    way((51.5, 7), (61, 7), INK)
    axes.add_patch(FancyBboxPatch((22, 3.5), 14, 7, boxstyle="round,pad=0.4", fc=FILL, ec=INK))
    axes.add_patch(Circle((49, 7), 2.3, fc=FILL, ec=INK))
    for x, y, text, color in (
        (4, 7, "x", INK),
        (29, 7, "layer f", INK),
        (49, 7, "+", INK),
        (62.5, 7, "out", INK),
        (27, 18.6, "past it: factor 1", POSITIVE),
        (29, 0.8, "through it: factor f\u2032(x)", NEGATIVE),
    ):
        axes.text(x, y, text, color=color, ha="center", va="center", fontsize=11)
    return Drawing(WORDS, figure)
