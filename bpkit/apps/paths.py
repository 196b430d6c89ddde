"""Every path from a parameter to the loss: lit on the picture, multiplied out, added up to the derivative."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import ipywidgets as widgets

from bpkit.apps.base import App, View, beside, described, numbers
from bpkit.apps.controls import Number, Player
from bpkit.core.derivation import NumberedDerivation, derive
from bpkit.core.network import Network
from bpkit.core.paths import PATH_LIMIT, Path, Paths
from bpkit.core.problem import Problem
from bpkit.core.spelling import number
from bpkit.show.diagram import svg
from bpkit.show.diagram_words import words
from bpkit.show.drawing import Drawing
from bpkit.show.lines import lines_html
from bpkit.show.products import products_html, products_text

MOST_ROWS = 24  # paths of the table and of the words; the sum is always over all
IN_SIGHT = 5  # paths that the table's box shows without scrolling
MOST_PATHS = 200  # that the slider goes through
BOX = {"height": "240px", "overflow": "auto"}  # fixed, so that nothing moves; what is longer scrolls


@lru_cache(maxsize=64)
def listed(network: Network, parameter: str) -> Paths:
    """The paths of a parameter, listed once."""
    return derive(network).paths(parameter)


@dataclass(frozen=True)
class State:
    """What the paths app shows; ``chosen`` is the number of the path that is lit, 0 for all of them."""

    problem: Problem
    parameter: str
    rows: NumberedDerivation
    paths: Paths
    chosen: int
    digits: int

    @property
    def name(self) -> str:
        """The derivative that the paths add up to."""
        return f"dE_total/d{self.parameter}"

    @property
    def first(self) -> int:
        """The number of the first path of the table: the chosen one is in sight."""
        return max(1, self.chosen - 2) if len(self.paths) > IN_SIGHT else 1

    @property
    def shown(self) -> Paths:
        """The paths of the table."""
        return Paths(self.paths[self.first - 1 : self.first - 1 + MOST_ROWS])

    @property
    def lit(self) -> tuple[Path, ...]:
        """The paths on the picture."""
        return (self.paths[self.chosen - 1],) if self.chosen else tuple(self.paths)

    @property
    def highlight(self) -> tuple[str, ...]:
        """Their quantities, each once."""
        return (self.parameter, *dict.fromkeys(factor for path in self.lit for factor in path.factors))


class PathView(App):
    """Choose a weight or bias: its paths light up, one or all, and their products add up to its derivative."""

    name = "paths"

    def controls(self) -> Mapping[str, Any]:
        network = self.problem.network
        # A bias of the first layer has the most paths, a weight of the last the fewest; a softmax ends in all outputs.
        most = math.prod(network.sizes[1:]) * (network.sizes[-1] if network.activations[-1].joint else 1)
        last = network.weight_of[network.layers[-2][0], network.outputs[0]]
        start = network.parameters[0] if most <= PATH_LIMIT else last
        ends = (0, min(most, MOST_PATHS))
        return {
            "parameter": widgets.Dropdown(
                options=list(network.parameters), value=start, description="parameter", **described("92px", "220px")
            ),
            "path": Number("path (0: all)", 0, *ends, 1, whole=True, bounds=ends, label_width="92px"),
            **numbers({name: self.problem.parameters[name] for name in network.weights}),
            **numbers({name: self.problem.parameters[name] for name in network.biases}),
        }

    def views(self) -> Mapping[str, View]:
        self.play = Player(self.control["path"], min=0, max=1, interval=1500)
        return {
            "last": (self.control["path"], self._last, "high"),
            "play_last": (self.play, self._last, "max"),
            "diagram": (widgets.HTML(), self._diagram),
            "table": (widgets.HTML(layout=BOX), self._table),
            "line": (widgets.HTML(), self._line),
        }

    def page(self) -> Sequence[widgets.Widget]:
        network = self.problem.network
        groups = [*self.group("Weights", network.weights), *self.group("Biases", network.biases)]
        left = widgets.VBox([*self.group("Paths to the loss", ["parameter", "path"]), self.play, *groups])
        right = widgets.VBox([self.view[name] for name in ("diagram", "table", "line")])
        return [beside(left, right)]

    def read(self, values: Mapping[str, Any]) -> State:
        problem, parameter = self.problem_from(values), values["parameter"]
        paths = listed(problem.network, parameter).at(problem)
        chosen = min(int(values["path"]), len(paths))
        return State(problem, parameter, derive(problem.network).at(problem), paths, chosen, values["digits"])

    def words(self, state: State) -> str:
        many, total = len(state.paths), state.paths.total or 0.0
        if many > MOST_ROWS:
            text = f"{state.name} is the sum of {many} paths: {number(total, state.digits)}."
        else:
            text = products_text(state.name, state.paths, total, state.digits)
        which = f"Path {state.chosen}" if state.chosen else "The only path" if many == 1 else "Every path"
        way = f": {' → '.join(state.lit[0].nodes)}" if len(state.lit) == 1 else ""
        network = words(state.problem.network, state.rows.numbers, digits=state.digits)
        return f"{text} {which} from {state.parameter} to the loss is lit{way}. {network}"

    def note(self, state: State) -> tuple[str, bool]:
        many = len(state.paths)
        if many <= MOST_ROWS:
            return "", False
        return (
            f"{state.parameter} has {many} paths; the table shows {len(state.shown)} of them, the sum is over all.",
            False,
        )

    def drawing(self, state: State) -> Drawing:
        return Drawing(self.words(state), self._diagram(state))

    def _last(self, state: State) -> int:
        """The last path there is to choose; others have more."""
        return min(len(state.paths), MOST_PATHS)

    def _diagram(self, state: State) -> str:
        return svg(state.problem.network, state.rows.numbers, state.highlight)

    def _table(self, state: State) -> str:
        lit, total = (state.chosen,) if state.chosen else (), state.paths.total or 0.0
        return products_html(state.name, state.shown, total, state.digits, lit, state.first)

    def _line(self, state: State) -> str:
        line = lines_html([state.rows[state.name]], state.rows.numbers, state.digits)
        return f"<div class='bpkit-heading'>The derivation adds up earlier, and says the same</div>{line}"
