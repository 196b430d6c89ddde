"""Why backpropagation: what all derivatives cost with it and by nudging, counted and timed as the network grows."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from bpkit.apps.controls import Number, Setting
from bpkit.apps.live import Live
from bpkit.core.errors import BpkitError
from bpkit.core.initial import initial_parameters
from bpkit.core.javascript_matrices import layered
from bpkit.core.network import Network
from bpkit.core.network import layered as of_layers
from bpkit.core.problem import Problem
from bpkit.page.programs import packed
from bpkit.show.cost_picture import COUNTS, NAMES, SEEN, TEXTS, Cost, cost_figure, cost_words, count, count_of_size
from bpkit.show.drawing import Drawing

WIDEST, DEEPEST = 32, 3
LARGEST = 1300  # weights and biases; writing out the lines of more takes too long
RATIO = "Backpropagation costs as much as {passes} forward runs, nudging as much as {runs}."
NOTE = "With {depth} hidden layers this app goes up to {widest} neurons in each."
TABLE = {
    "head": ["all derivatives by", "runs", "multiplications", "time in this browser"],
    "forward": "{runs} forward",
    "passes": "1 forward, 1 backward",
    "gap": "nudging costs",
    "more": "{times} times as much",
    "longer": "{times} times as long",
    "waiting": "…",
    "milliseconds": "{time} ms",
    "microseconds": "{time} µs",
}


@dataclass(frozen=True)
class State:
    """The network whose cost is shown, with some numbers to run it on."""

    problem: Problem
    width: int
    depth: int


class CostApp(Live):
    """Two sliders for the size of a network; the multiplications of both ways, and the time they take here."""

    name = "cost"

    def settings(self) -> Mapping[str, Setting]:
        self._sized: Callable[[int, int], Network] = lru_cache(maxsize=None)(self._like)
        self._problem: Callable[[int, int], Problem] = lru_cache(maxsize=64)(self._make)
        self._cost: Callable[[int, int], Cost] = lru_cache(maxsize=None)(self._count)
        # What is too large is not offered: more layers leave room for fewer neurons in each.
        self._widest = {depth: self._fitting(depth) for depth in range(1, DEEPEST + 1)}
        deepest = max((depth for depth, width in self._widest.items() if width), default=0)
        if not deepest:
            raise BpkitError(
                f"cost app: expected a network of at most {LARGEST:,} weights and biases with one hidden neuron, got "
                f"{self._given!r}; writing out its lines takes too long for a slider, give a smaller one"
            )
        hidden = self._given.sizes[1:-1] or (2,)
        depth = min(len(hidden), deepest)
        width = min(max(hidden), self._widest[depth])
        widest = self._widest[1]
        return {
            "width": Number("neurons in each", width, 1, max(2, widest), 1, whole=True, bounds=(1, widest)),
            "depth": Number("hidden layers", depth, 1, max(2, deepest), 1, whole=True, bounds=(1, deepest)),
        }

    @property
    def _given(self) -> Network:
        """The network of the given problem."""
        return of_layers(self.problem.network, "cost app")

    def _fitting(self, depth: int) -> int:
        """The most neurons in each of so many hidden layers whose network is not too large; 0 if even one is."""
        parameters = lambda width: len(self._network(width, depth).parameters)
        return bisect_right(range(1, WIDEST + 1), LARGEST, key=parameters)

    def page(self) -> dict[str, Any]:
        depths = [depth for depth, widest in self._widest.items() if widest]
        programs = {}
        if not self._mixed(self._given):
            with suppress(BpkitError):  # of lines that have no reading in matrices
                programs["sized"] = layered(self._problem(1, 1))
        return {
            "programs": packed(programs),
            "inputs": self.problem.inputs.tolist(),
            "targets": self.problem.targets.tolist(),
            "costs": {depth: [self._row_spec(width, depth) for width in self._widths(depth)] for depth in depths},
            "share": {"source": "", "names": []},
            "texts": {**TEXTS, "ratio": RATIO, "note": NOTE, "table": TABLE, "names": NAMES},
            "parts": {
                "curve": {
                    "x": {"label": "weights and biases", "log": True},
                    "y": {"label": "multiplications", "log": True},
                    "size": [812, 320],
                    "words": {"arrow": "Here: {from} weights and biases."},
                }
            },
            "seen": SEEN,
            "layout": {"groups": [("Size", ["width", "depth"])], "rows": [["curve"], ["table"], ["message"]]},
        }

    def read(self, values: Mapping[str, Any]) -> State:
        depth = int(values["depth"])
        width = min(int(values["width"]), self._widest[depth])
        return State(self._problem(width, depth), width, depth)

    def settled(self, values: dict[str, Any], before: Mapping[str, Any]) -> dict[str, Any]:
        return {**values, "width": min(values["width"], self._widest[values["depth"]])}

    def note(self, state: State) -> tuple[str, bool]:
        widest = self._widest[state.depth]
        if state.width < widest or widest == self._widest[1]:
            return "", False
        return NOTE.format(depth=state.depth, widest=widest), False

    def words(self, state: State) -> str:
        return cost_words(self._cost(state.width, state.depth), self._row(state))

    def drawing(self, state: State) -> Drawing:
        return cost_figure(self._cost(state.width, state.depth), self._row(state))

    @property
    def share(self) -> str:
        """The expression for the network: its cost depends on nothing else."""
        return f"bp.{self.state.problem.network!r}"

    def _network(self, width: int, depth: int) -> Network:
        """The given network with hidden layers of another size."""
        sized, given = self._sized(width, depth), self._given
        return given if sized.sizes == given.sizes else sized

    def _like(self, width: int, depth: int) -> Network:
        """A network like the given one, with hidden layers of one size and one kind."""
        given = self._given
        first = given.activations[0]
        kind = first if not first.joint else "sigmoid"  # softmax stays in the output layer
        sizes = (given.sizes[0], *[width] * depth, given.sizes[-1])
        return Network(*sizes, activation=[*[kind] * depth, given.activations[-1]], loss=given.loss, bias=given.bias)

    @staticmethod
    def _mixed(network: Network) -> bool:
        return len({*network.activations[:-1]}) > 1

    def _make(self, width: int, depth: int) -> Problem:
        """The given problem with that network, and weights drawn for it."""
        network = self._network(width, depth)
        if network == self._given:
            return self.problem
        return self.problem.replace(network=network, parameters=initial_parameters(network, np.random.default_rng(0)))

    def _count(self, width: int, depth: int) -> Cost:
        network = self._network(width, depth)
        return count(network) if self._mixed(network) else count_of_size(self._sized, width, depth)

    def _widths(self, depth: int) -> range:
        return range(1, self._widest[depth] + 1)

    def _row(self, state: State) -> list[Cost]:
        """The networks of the curves: of the same depth, and from narrow to wide."""
        return [self._cost(width, state.depth) for width in self._widths(state.depth)]

    def _row_spec(self, width: int, depth: int) -> dict[str, Any]:
        cost = self._cost(width, depth)
        counts = {name: getattr(cost, name) for name in COUNTS}
        return {"layers": cost.network.sizes, "source": f"bp.{self._network(width, depth)!r}", **counts}
