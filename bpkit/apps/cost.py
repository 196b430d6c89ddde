"""Why backpropagation: what all derivatives cost with it and by nudging, counted and timed as the network grows."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import ipywidgets as widgets
import numpy as np

from bpkit.apps.base import App, Picture, View, column
from bpkit.apps.controls import Number
from bpkit.core.errors import BpkitError
from bpkit.core.initial import initial_parameters
from bpkit.core.network import Network
from bpkit.core.problem import Problem
from bpkit.core.spelling import number
from bpkit.show.cost import NAMES, Cost, CostPlot, cost_words, count, seconds
from bpkit.show.drawing import Drawing
from bpkit.show.table import html_table

WIDTHS = (1, 2, 4, 8)  # of the networks on the curves
WIDEST, DEEPEST = 32, 3
LARGEST = 1300  # weights and biases; writing out the lines of more takes too long for a slider
HEAD = ("all derivatives by", "runs", "multiplications", "time here")


@dataclass(frozen=True)
class State:
    """The network whose cost is shown, with some numbers to run it on."""

    problem: Problem
    width: int
    depth: int


class CostApp(App):
    """Two sliders for the size of a network; the multiplications of both ways, and the time they take here."""

    name = "cost"

    def controls(self) -> Mapping[str, Any]:
        self._plot = CostPlot()
        self._problem: Callable[[int, int], Problem] = lru_cache(maxsize=64)(self._make)
        self._seconds: Callable[[Problem], tuple[float, float]] = lru_cache(maxsize=64)(seconds)
        # What is too large is not offered: more layers leave room for fewer neurons in each.
        self._widest = {depth: self._fitting(depth) for depth in range(1, DEEPEST + 1)}
        deepest = max((depth for depth, width in self._widest.items() if width), default=0)
        if not deepest:
            raise BpkitError(
                f"cost app: expected a network of at most {LARGEST:,} weights and biases with one hidden neuron, got "
                f"{self.problem.network!r}; writing out its lines takes too long for a slider, give a smaller one"
            )
        hidden = self.problem.network.sizes[1:-1] or (2,)
        depth = min(len(hidden), deepest)
        width = min(max(hidden), self._widest[depth])
        wide: dict[str, Any] = {"label_width": "150px", "whole": True}
        return {
            "width": Number("neurons in each", width, 0, 1.505, 0.1505, log=True, bounds=(1, self._widest[1]), **wide),
            "depth": Number("hidden layers", depth, 1, deepest, 1, bounds=(1, deepest), **wide),
        }

    def _fitting(self, depth: int) -> int:
        """The most neurons in each of so many hidden layers whose network is not too large; 0 if even one is."""
        too_large = (w for w in range(1, WIDEST + 1) if len(self._network(w, depth).parameters) > LARGEST)
        return next(too_large, WIDEST + 1) - 1

    def views(self) -> Mapping[str, View]:
        picture, width = Picture(660, 320), self.control["width"]
        return {
            "width": (width, lambda state: float(state.width), "value"),
            "widest": (width.slider, lambda state: math.log10(self._widest[state.depth]), "max"),
            "picture": (picture, lambda state: self._plot.frame(count(state.problem.network), self._row(state))),
            "table": (widgets.HTML(), self._table),
        }

    def page(self) -> Sequence[widgets.Widget]:
        size = column("Size", [self.control["width"], self.control["depth"]], "400px")
        return [size, self.view["picture"], self.view["table"]]

    def read(self, values: Mapping[str, Any]) -> State:
        depth = int(values["depth"])
        width = min(int(values["width"]), self._widest[depth])
        return State(self._problem(width, depth), width, depth)

    def note(self, state: State) -> tuple[str, bool]:
        widest = self._widest[state.depth]
        if state.width < widest or widest == self._widest[1]:
            return "", False
        return f"With {state.depth} hidden layers this app goes up to {widest} neurons in each.", False

    def words(self, state: State) -> str:
        return cost_words(count(state.problem.network), self._row(state))

    def drawing(self, state: State) -> Drawing:
        return CostPlot().still(count(state.problem.network), self._row(state))

    @property
    def share(self) -> str:
        """The expression for the network: its cost depends on nothing else."""
        return f"bp.{self.state.problem.network!r}"

    def _network(self, width: int, depth: int) -> Network:
        """The given network with hidden layers of another size."""
        given = self.problem.network
        sizes = (given.sizes[0], *[width] * depth, given.sizes[-1])
        if sizes == given.sizes:
            return given
        first = given.activations[0]
        kind = first if not first.joint else "sigmoid"  # softmax stays in the output layer
        return Network(
            *sizes, activation=[*[kind] * depth, given.activations[-1]], loss=given.loss.name, bias=given.bias
        )

    def _make(self, width: int, depth: int) -> Problem:
        """The given problem with that network, and weights drawn for it."""
        network = self._network(width, depth)
        if network == self.problem.network:
            return self.problem
        return self.problem.replace(network=network, parameters=initial_parameters(network, np.random.default_rng(0)))

    def _row(self, state: State) -> list[Cost]:
        """The networks of the curves: of the same depth, and from narrow to wide."""
        widths = {width for width in WIDTHS if width <= self._widest[state.depth]}
        return [count(self._problem(width, state.depth).network) for width in sorted({*widths, state.width})]

    def _table(self, state: State) -> str:
        cost, times = count(state.problem.network), self._seconds(state.problem)
        shown = [f"{number(1e6 * one, 3)} µs" if one < 1e-3 else f"{number(1e3 * one, 3)} ms" for one in times]
        rows = [
            (NAMES[0], f"{cost.runs:,} forward", f"{cost.nudging:,}", shown[0]),
            (NAMES[1], "1 forward, 1 backward", f"{cost.both:,}", shown[1]),
            ("nudging costs", "", f"{number(cost.times, 3)} times as much", f"{number(times[0] / times[1], 3)} times"),
        ]
        return html_table(HEAD, rows).replace("<table>", "<table class='bpkit-lines'>")
