"""Activations as curves, each with its slope: side by side, and one with the point where a neuron is."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bpkit.core.chain_rule import Step
from bpkit.core.derivation import derive
from bpkit.core.errors import BpkitError
from bpkit.core.functions import HIDDEN, Activation
from bpkit.core.functions import activation as find
from bpkit.core.network import Network
from bpkit.core.numeric import evaluate
from bpkit.core.problem import Problem
from bpkit.core.spelling import expr_latex, expr_text, number, words_latex
from bpkit.core.text import environment
from bpkit.show.drawing import Drawing
from bpkit.show.palette import INK, RUNS
from bpkit.show.plots import blank, canvas, dress, label
from bpkit.show.table import text_table

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Array = NDArray[np.float64]
END = 8.0  # net inputs from -END to END
POINTS = 641
COLUMNS = 3
REACH = 2.0  # to each side of the point: the tangent
MARKS = (-2.0, 0.0, 2.0)  # where the words say how high the curves are
# Two hidden neurons that switch on one after the other, and an output that takes the second from the first.
SWITCHES = {"w1": 16.0, "w2": 20.0, "w3": 1.0, "w4": -1.0, "b_h1": -5.0, "b_h2": -14.0, "b_o1": 0.0}


@dataclass(frozen=True, eq=False)
class Profile:
    """An activation over net inputs: what comes out, and the slope there."""

    activation: Activation
    net: Array
    out: Array
    slope: Array

    @property
    def heights(self) -> tuple[float, float]:
        """From a little below both curves to a little above them.

        >>> [round(one, 2) for one in profile("sigmoid").heights]
        [-0.08, 1.08]
        """
        values = np.concatenate([self.out, self.slope])
        finite = values[np.isfinite(values)]
        low, high = (float(finite.min()), float(finite.max())) if len(finite) else (0.0, 1.0)
        room = 0.08 * (high - low) or 0.5
        return low - room, high + room


@dataclass(frozen=True)
class Here:
    """Where a neuron is on the curve of its activation."""

    net: float
    out: float
    slope: float

    @property
    def inside(self) -> bool:
        """Whether the point is on the picture."""
        return abs(self.net) <= END


def profile(activation: str | Activation, net: Iterable[float] | None = None) -> Profile:
    """An activation and its slope as a neuron computes them, net input by net input.

    >>> one = profile("relu", [-2, 2])
    >>> one.out.tolist(), one.slope.tolist()
    ([0.0, 2.0], [0.0, 1.0])
    """
    found = find(activation)
    if found.joint:
        raise BpkitError(
            f"activation curves: expected functions of one net input, got {found.name!r}, whose outputs depend on "
            f"the whole layer; choose from {', '.join(HIDDEN)}"
        )
    grid = np.linspace(-END, END, POINTS) if net is None else np.array(list(net), dtype=float)
    network = Network(1, 1, activation=found, bias="none")
    values = evaluate(Problem(network, {"w1": 1.0}, grid[:, None], np.zeros((len(grid), 1))))
    return Profile(found, grid, values["out_o1"], values["dout_o1/dnet_o1"])


@lru_cache(maxsize=32)
def _usual(activation: str | Activation) -> Profile:
    return profile(activation)


def activation_curves(names: Iterable[str | Activation] = HIDDEN) -> Drawing:
    """Activations side by side, each with its slope; a name, several names, or your own ``Activation``."""
    given = (names,) if isinstance(names, str | Activation) else tuple(names)
    if not given:
        raise BpkitError(f"activation curves: expected at least one name, got none; choose from {', '.join(HIDDEN)}")
    profiles = [_usual(one) for one in given]
    columns = min(COLUMNS, len(profiles))
    rows = math.ceil(len(profiles) / columns)
    figure = canvas(0.6 + 2.8 * columns, 0.3 + 2.2 * rows)
    panels = figure.subplots(rows, columns, squeeze=False, sharex=True).flat
    for panel, one in zip(panels, profiles):
        _curves(dress(panel), one)
        side = "center" if one.activation.built_in else "left"
        panel.set_title(one.activation.written, fontsize=11, color=INK, loc=side)
        _named(panel, one)
    for panel in figure.axes[len(profiles) :]:
        panel.set_visible(False)
    return Drawing(" ".join(profile_words(one.activation) for one in profiles), figure)


def two_layers(names: Iterable[str | Activation] = ("identity", "sigmoid")) -> Drawing:
    """What two layers give for one input with each of these activations in the hidden layer, all weights the same."""
    found = [find(one) for one in names]
    figure = canvas(0.6 + 3.1 * len(found), 3.0)
    grid, words = np.linspace(0, 1, 101), []
    nets = [
        f"net of {one} = {SWITCHES[weight]:g}·x₁ − {-SWITCHES[f'b_{one}']:g}"
        for one, weight in (("h1", "w1"), ("h2", "w2"))
    ]
    figure.supxlabel(",   ".join((*nets, "o1 = h1 − h2")), fontsize=11, color=INK)
    for panel, one in zip(figure.subplots(1, len(found), squeeze=False).flat, found):
        network = Network(1, 2, 1, activation=[one, "identity"], bias="neuron")
        values = evaluate(Problem(network, SWITCHES, grid[:, None], np.zeros((len(grid), 1))))
        axes = dress(panel)
        for (color, dash, _), name in zip(RUNS, ("o1", "h1", "h2")):
            heights = values[f"out_{name}"]
            axes.plot(grid, heights, dash, color=color, linewidth=2.4 if name == "o1" else 1.6)
            top = int(heights.argmax())  # where o1 is alone
            at, right, up = {"o1": (top, -8 if top else 6, -18), "h1": (20, 6, -11), "h2": (66, -22, 3)}[name]
            label(axes, name, (float(grid[at]), float(heights[at])), (right, up), color)
        axes.set_title(f"hidden layer: {one.name}", fontsize=11, color=INK)
        axes.set(xlim=(0, 1), xlabel="x₁")
        outs = [f"{number(values['out_o1'][at], 3)} at x₁ = {number(grid[at])}" for at in (0, 50, 100)]
        words.append(f"Hidden layer {one.name}: the output of o1 is {', '.join(outs)}.")
    return Drawing(" ".join((f"{', '.join(nets)}.", *words)), figure)


@dataclass(frozen=True)
class ActivationLines:
    """Activations as formulas: the line of out, and the line of its slope."""

    lines: tuple[tuple[Activation, Step, Step], ...]

    def __repr__(self) -> str:
        short = {"net_o1": "net", "out_o1": "out"}
        rows = [
            (one.name, f"out = {expr_text(out.rhs, short)}", f"dout/dnet = {expr_text(slope.rhs, short)}")
            for one, out, slope in self.lines
        ]
        return text_table(("activation", "output", "slope"), rows)

    def _repr_latex_(self) -> str:
        rows = []
        for one, *steps in self.lines:
            sides = [f"{step.quantity.latex} &= {expr_latex(step.rhs, step.names)}" for step in steps]
            rows.append(rf"{words_latex(one.written)} && {' & '.join(sides)}".replace("_{o1}", ""))
        return environment(rows, "6pt")


def activation_lines(names: Iterable[str | Activation] = HIDDEN) -> ActivationLines:
    """The line of out and the line of its slope for each activation, as every derivation has them.

    >>> [(out.name, slope.name) for _, out, slope in activation_lines(["tanh"]).lines]
    [('out_o1', 'dout_o1/dnet_o1')]
    """
    derived = [(found, derive(Network(1, 1, activation=found, bias="none"))) for found in map(find, names)]
    return ActivationLines(tuple((one, d["out_o1"], d["dout_o1/dnet_o1"]) for one, d in derived))


@lru_cache(maxsize=32)
def profile_words(activation: Activation) -> str:
    """A curve in words: its heights and slopes at -2, 0 and 2.

    >>> profile_words(find("relu"))
    'ReLU: at -2 out 0 and slope 0, at 0 out 0 and slope 0, at 2 out 2 and slope 1.'
    """
    marks = profile(activation, MARKS)
    rows = zip(marks.net, marks.out, marks.slope)
    text = ", ".join(f"at {number(net)} out {number(out, 4)} and slope {number(slope, 4)}" for net, out, slope in rows)
    return f"{activation.written}: {text}."


def _curves(axes: Axes, one: Profile) -> None:
    """The curve and its slope, told apart by their dashes too."""
    for (color, dash, _), name, values in zip(RUNS, ("out", "slope"), (one.out, one.slope)):
        axes.plot(one.net, values, dash, color=color, linewidth=1.8, label=name, zorder=1)
    axes.set(xlim=(one.net[0], one.net[-1]), ylim=one.heights, xlabel="net")


def _named(axes: Axes, one: Profile) -> None:
    """The names of the curve and its slope, at the curves."""
    if not one.activation.built_in:  # its curves may be anywhere, so the names are above them
        axes.legend(loc="lower right", bbox_to_anchor=(1.02, 0.98), ncols=2, fontsize=9, frameon=False, columnspacing=1)
        return
    for (color, _, _), name, values, at, up in zip(RUNS, ("out", "slope"), (one.out, one.slope), (4.4, 3.6), (-15, 6)):
        label(axes, name, (at, float(np.interp(at, one.net, values))), (0, up), color, 9)


def neuron_curve(activation: Activation, here: Here, caption: str) -> Drawing:
    """One activation with the point where a neuron is, and the tangent there."""
    figure, axes = blank(6.6, 3.4)
    one = _usual(activation)
    ends = np.array([here.net - REACH, here.net + REACH])
    axes.plot([here.net, here.net], one.heights, ":", color=INK, linewidth=1)
    axes.plot(
        ends, here.out + here.slope * (ends - here.net), color=RUNS[2][0], linewidth=3, alpha=0.75, label="tangent"
    )
    axes.plot([here.net], [here.out], "o", color=INK, markersize=8, label="here")
    axes.plot([here.net], [here.slope], "s", color=RUNS[1][0], markersize=6, label="its slope")
    _curves(axes, one)
    _named(axes, one)
    return Drawing(caption, figure)
