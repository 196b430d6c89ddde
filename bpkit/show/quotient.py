"""The error of the difference quotient against h: the V, as a picture and in words."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

from bpkit.core.gradient_check import difference_quotient
from bpkit.core.numeric import evaluate
from bpkit.core.problem import Problem
from bpkit.core.spelling import number
from bpkit.show.drawing import Drawing
from bpkit.show.live import Live
from bpkit.show.palette import INK, RUNS
from bpkit.show.plots import logarithmic

Array = NDArray[np.float64]
DECADE = 4  # steps of h in a power of ten
STEPS = 10.0 ** -np.linspace(1, 12, 11 * DECADE + 1)
SEEN = (0.5e-12, 0.2)  # what of h is in the picture
NAMES = {True: "central", False: "one-sided"}
NOISE = 2.2e-16  # of a loss, relative
LOOKS = {True: RUNS[0], False: RUNS[1]}  # a formula keeps its colour, whichever is chosen


@dataclass(frozen=True, eq=False)
class Errors:
    """How far the difference quotient is from the derivative of one parameter, for every h of ``STEPS``."""

    parameter: str
    central: bool
    derived: float
    errors: Array

    @property
    def best(self) -> float | None:
        """The h around which the error is smallest; one lucky cancellation among bad neighbours does not count."""
        around = np.pad(self.errors, 2, mode="edge")
        worst = np.max([around[i : i + len(STEPS)] for i in range(5)], axis=0)
        return None if np.isnan(worst).all() else float(STEPS[np.nanargmin(worst)])

    @property
    def flat(self) -> bool:
        """Whether no h makes any error: the parameter changes nothing."""
        return not np.nanmax(self.errors)

    @property
    def falls(self) -> float | None:
        """How many times smaller the error becomes from h = 0.01 to h = 0.001; None where nothing is lost to h."""
        if self.best is None or self.best > STEPS[3 * DECADE]:
            return None
        return float(self.errors[DECADE] / self.errors[2 * DECADE])


def errors(problem: Problem, parameter: str, central: bool) -> Errors:
    """All errors, by one call of the loss on arrays."""
    derived = float(evaluate(problem)[f"dE/d{parameter}"])
    quotients, _ = difference_quotient(problem, parameter, STEPS, central)
    return Errors(parameter, central, derived, np.where(np.isfinite(quotients), np.abs(quotients - derived), np.nan))


class QuotientPlot:
    """Keeps the figure between frames: the V of each formula, the chosen one with its points, and the present h."""

    def __init__(self) -> None:
        self.live = Live(6.6, 3.4)
        axes = self.live.axes
        logarithmic(axes, "x", "y")
        axes.minorticks_off()  # over many powers of ten they are no help, and half of the drawing
        axes.set(xlim=SEEN, xlabel="h", ylabel="error of the quotient")
        self.live.figure.subplots_adjust(left=0.8 / 6.6)  # room for powers of ten
        self.curves = {
            central: axes.plot([], [], dash, color=color, markersize=3.5, label=NAMES[central], animated=True)[0]
            for central, (color, dash, _) in LOOKS.items()
        }
        self.best = axes.plot([], [], "*", color=RUNS[2][0], markeredgecolor=INK, markersize=15, animated=True)[0]
        self.best.set_label("expected best h")  # at a single h chance can make the error smaller still
        self.here = axes.axvline(1, color=INK, linewidth=0.8, animated=True)
        self.point = axes.plot([], [], "s", color=INK, markersize=7, label="this h", animated=True)[0]
        self._moving = (*self.curves.values(), self.here, self.best, self.point)

    def frame(self, chosen: Errors, other: Errors, h: float, error: float) -> bytes:
        """The picture of two formulas, with one h and its error, as PNG."""
        ends = limits([*chosen.errors, *other.errors, error])
        low = ends[0]  # an error of 0 stands at the lower edge: it has no place on a logarithmic axis
        for one in (chosen, other):
            line, here = self.curves[one.central], one is chosen
            line.set_data(STEPS, np.maximum(one.errors, low))
            line.set(marker="o" if here else "", linewidth=1.8 if here else 1.2, zorder=2 if here else 1)
        self.here.set_xdata([h, h])
        self.point.set_data([h], [max(error, low)] if math.isfinite(error) else [math.nan])
        best = [] if chosen.best is None else [chosen.best]
        at = [chosen.errors[np.argmin(np.abs(STEPS - h))] for h in best]
        self.best.set_data(best, np.maximum(at, low))

        def prepare(axes: Axes) -> None:
            axes.set_ylim(ends)
            handles = [*self.curves.values(), self.best, self.point]
            axes.legend(handles=handles, loc="upper center", fontsize=9, framealpha=0.9)

        moving = sorted(self._moving, key=lambda artist: artist.get_zorder())  # the chosen curve above the other one
        return self.live.frame(moving, (ends, chosen.central), prepare)

    def still(self, chosen: Errors, other: Errors, h: float, error: float, words: str) -> Drawing:
        """The same as a drawing for a page that runs nothing; the plot itself is not used again."""
        self.frame(chosen, other, h, error)
        for artist in self._moving:
            artist.set_animated(False)
        return Drawing(words, self.live.figure)


def limits(values: list[float]) -> tuple[float, float]:
    """Whole powers of ten around errors; one of 0, which no power of ten holds, is left out."""
    sizes = [value for value in values if math.isfinite(value) and value > 0]
    if not sizes:
        return 1e-12, 1.0
    return 10.0 ** math.floor(math.log10(min(sizes))), 10.0 ** math.ceil(math.log10(max(sizes)) + 0.2)


def size(value: float) -> str:
    """An error as a power of ten: its digits are rounding's, and differ from machine to machine."""
    return f"{10.0 ** round(math.log10(value)):g}" if value > 0 and math.isfinite(value) else number(value)


def error_words(error: float, loss: float, h: float) -> str:
    """An error in two digits, or where rounding makes most of it, as a power of ten."""
    return number(error, 2) if error > 100 * NOISE * abs(loss) / h or not error else f"about {size(error)}"


def errors_words(found: Errors, h: float, quotient: float, digits: int = 6) -> str:
    """The V in words: what h gives, where the error is smallest, how it falls on the way there."""
    name, best, error = found.parameter, found.best, abs(quotient - found.derived)
    if best is None:
        return f"dE_total/d{name} = {number(found.derived, digits)}; no h gives a finite difference quotient."
    off = f"off by {number(error, 2)}" if h > 2 * best or not error else f"off by about {size(error)}"
    # As many digits as the error needs to be seen in them, or as rounding leaves.
    more = 3 if h > 2 * best else 0
    kept = digits if error == 0 else max(1, min(digits, math.floor(math.log10(abs(quotient / error) + 1)) + more))
    text = (
        f"dE_total/d{name} = {number(found.derived, digits)}; the {NAMES[found.central]} difference quotient with "
        f"h = {number(h)} gives {number(quotient, kept)}, {off}."
    )
    if found.flat:
        return f"{text} So does every h: the loss is flat here."
    if found.falls is None:
        text += f" Even a large h is good here: the error is smallest around h = {size(best)}"
    else:
        text += (
            f" Ten times smaller an h makes the error {found.falls:.0f} times smaller, down to about h = {size(best)}"
        )
    return text + "; below that the two losses differ in too few digits, and the error grows again."
