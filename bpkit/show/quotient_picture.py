"""The error of the difference quotient against h: the V, as a picture and in words."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bpkit.core.numeric import evaluate
from bpkit.core.numerical_gradient import difference_quotient
from bpkit.core.problem import Problem
from bpkit.core.spelling import number
from bpkit.show.drawing import Drawing
from bpkit.show.palette import INK, RUNS
from bpkit.show.plots import blank, label, logarithmic

Array = NDArray[np.float64]
DECADE = 4  # steps of h in a power of ten
STEPS = 10.0 ** -np.linspace(1, 12, 11 * DECADE + 1)
SEEN = (0.5e-12, 0.2)  # what of h is in the picture
NAMES = {True: "central", False: "one-sided"}
NOISE = 2.2e-16  # of a loss, relative
LOOKS = {True: RUNS[0], False: RUNS[1]}  # a formula keeps its colour, whichever is chosen
BEST = "expected best h"  # at a single h chance can make the error smaller still
TEXTS = {
    "infinite": "{derivative} = {derived}; no h gives a finite difference quotient.",
    "quotient": "{derivative} = {derived}; the {formula} difference quotient with h = {h} gives {quotient}, {off}.",
    "off": "off by {error}",
    "about": "about {error}",
    "flat": "So does every h: the loss is flat here.",
    "falls": "Ten times smaller an h makes the error {times} times smaller, down to about h = {best}",
    "good": "Even a large h is good here: the error is smallest around h = {best}",
    "smallest": "The error is smallest around h = {best}",
    "below": "; below that the two losses differ in too few digits, and the error grows again.",
}


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
        """Whether no h makes any error: the parameter changes nothing.

        >>> Errors("w1", True, 0.0, np.zeros(len(STEPS))).flat
        True
        """
        return not np.nanmax(self.errors)

    @property
    def falls(self) -> float | None:
        """How many times smaller the error becomes from h = 0.01 to h = 0.001; None where nothing is lost to h.

        Where a loss is not finite at one of these, it is NaN.
        """
        large, small = self.errors[DECADE], self.errors[2 * DECADE]
        if self.best is None or self.best > STEPS[3 * DECADE] or small == 0:
            return None
        return float(large / small)


def errors(problem: Problem, parameter: str, central: bool) -> Errors:
    """All errors, by one call of the loss on arrays."""
    derived = float(evaluate(problem)[f"dE/d{parameter}"])
    quotients, _ = difference_quotient(problem, parameter, STEPS, central)
    return Errors(parameter, central, derived, np.where(np.isfinite(quotients), np.abs(quotients - derived), np.nan))


def quotient_figure(chosen: Errors, other: Errors, h: float, quotient: float, digits: int = 6) -> Drawing:
    """The V of each formula, the chosen one with its points; the expected best h, and one h with its error."""
    figure, axes = blank(6.6, 3.4)
    error = abs(quotient - chosen.derived)
    ends = limits([*chosen.errors, *other.errors, error])
    low = ends[0]  # an error of 0 stands at the lower edge: it has no place on a logarithmic axis
    logarithmic(axes, "x", "y")
    axes.minorticks_off()  # over many powers of ten they are no help
    axes.set(xlim=SEEN, ylim=ends, xlabel="h", ylabel="error of the quotient")
    for one in sorted((chosen, other), key=lambda one: not one.central):  # always in the same order
        color, dash, _ = LOOKS[one.central]
        look = {"marker": "o", "linewidth": 1.8, "zorder": 2.1} if one is chosen else {"linewidth": 1.2}
        place, away = (DECADE, (8, -12)) if one.central else (0, (-68, 4))
        if math.isfinite(height := max(float(one.errors[place]), low)):
            label(axes, NAMES[one.central], (float(STEPS[place]), height), away, color)
        axes.plot(
            STEPS, np.maximum(one.errors, low), dash, color=color, markersize=3.5, label=NAMES[one.central], **look
        )
    if chosen.best is not None:
        at = max(chosen.errors[np.argmin(np.abs(STEPS - chosen.best))], low)
        axes.plot([chosen.best], [at], "*", color=RUNS[2][0], markeredgecolor=INK, markersize=15, label=BEST, zorder=3)
        label(axes, BEST, (chosen.best, at), (-46, -17), RUNS[2][0])
    axes.axvline(h, color=INK, linewidth=0.8)
    if math.isfinite(error):
        axes.plot([h], [max(error, low)], "s", color=INK, markersize=7, label="this h", zorder=3)
        label(axes, "this h", (h, max(error, low)), (10, -4), INK)
    return Drawing(errors_words(chosen, h, quotient, digits), figure)


def limits(values: list[float]) -> tuple[float, float]:
    """Powers of ten around errors, with room for a label below; one of 0, which no power of ten holds, is left out.

    >>> limits([3e-9, 2e-5, 0.0])
    (1e-10, 0.0001)
    """
    sizes = [value for value in values if math.isfinite(value) and value > 0]
    if not sizes:
        return 1e-12, 1.0
    return 10.0 ** (math.floor(math.log10(min(sizes))) - 1), 10.0 ** math.ceil(math.log10(max(sizes)) + 0.2)


def size(value: float) -> str:
    """An error as a power of ten: its digits are rounding's, and differ from machine to machine.

    >>> size(3.1e-9), size(0.0)
    ('1e-09', '0')
    """
    return f"{10.0 ** round(math.log10(value)):g}" if value > 0 and math.isfinite(value) else number(value)


def errors_words(found: Errors, h: float, quotient: float, digits: int = 6) -> str:
    """The V in words: what h gives, where the error is smallest, how it falls on the way there."""
    best, error = found.best, abs(quotient - found.derived)
    said = {"derivative": f"dE_total/d{found.parameter}", "derived": number(found.derived, digits), "h": number(h)}
    if best is None:
        return TEXTS["infinite"].format(**said)
    exact = h > 2 * best or not error
    off = TEXTS["off"].format(error=number(error, 2) if exact else TEXTS["about"].format(error=size(error)))
    # As many digits as the error needs to be seen in them, or as rounding leaves.
    kept = digits
    if 0 < error < math.inf:
        more = 3 if h > 2 * best else 0
        kept = max(1, min(digits, math.floor(math.log10(abs(quotient / error) + 1)) + more))
    said |= {"formula": NAMES[found.central], "quotient": number(quotient, kept), "off": off}
    text = TEXTS["quotient"].format(**said)
    if found.flat:
        return f"{text} {TEXTS['flat']}"
    falls = found.falls
    way = TEXTS["good" if falls is None else "falls" if falls == falls else "smallest"]
    way = way.format(best=size(best), times=f"{falls or 0:.0f}")
    return f"{text} {way}{TEXTS['below']}"
