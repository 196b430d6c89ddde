"""Move any weight, bias or input and follow the numbers through the network, on the picture and line by line."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import ipywidgets as widgets

from bpkit.apps.base import App, View, beside, numbers
from bpkit.core.derivation import derive
from bpkit.core.problem import Problem
from bpkit.core.quantities import Role
from bpkit.show.diagram import diagram, numbers_of, svg
from bpkit.show.diagram_words import words
from bpkit.show.drawing import Drawing
from bpkit.show.lines import lines_html


@dataclass(frozen=True)
class State:
    """What the forward app shows."""

    problem: Problem
    digits: int


class Forward(App):
    """Sliders for every weight, bias and input; the diagram and the numbered forward lines follow."""

    name = "forward"

    def controls(self) -> Mapping[str, Any]:
        network, givens = self.problem.network, self.problem.givens
        kinds: tuple[Iterable[str], ...] = (network.inputs, network.weights, network.biases)
        return {name: control for kind in kinds for name, control in numbers({n: givens[n] for n in kind}).items()}

    def views(self) -> Mapping[str, View]:
        self.steps = [step for step in derive(self.problem.network) if step.role is Role.FORWARD]
        height = min(420, 40 + 24 * len(self.steps))  # the same for all numbers: nothing below jumps
        lines = widgets.HTML(layout={"height": f"{height}px", "overflow": "auto"})
        return {"diagram": (widgets.HTML(), self._diagram), "lines": (lines, self._lines)}

    def page(self) -> Sequence[widgets.Widget]:
        network = self.problem.network
        groups = [
            *self.group("Inputs", network.inputs),
            *self.group("Weights", network.weights),
            *self.group("Biases", network.biases),
        ]
        right = widgets.VBox([self.view["diagram"], self.view["lines"]])
        return [beside(widgets.VBox(groups), right)]

    def read(self, values: Mapping[str, Any]) -> State:
        return State(self.problem_from(values), values["digits"])

    def words(self, state: State) -> str:
        return words(state.problem.network, numbers_of(state.problem), digits=state.digits)

    def drawing(self, state: State) -> Drawing:
        return diagram(state.problem, digits=state.digits)

    def _diagram(self, state: State) -> str:
        return svg(state.problem.network, numbers_of(state.problem))

    def _lines(self, state: State) -> str:
        return lines_html(self.steps, numbers_of(state.problem), state.digits)
