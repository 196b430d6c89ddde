"""Nudging: how the error of the difference quotient depends on h, and every derivative beside its quotient."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import ipywidgets as widgets
import numpy as np

from bpkit.apps.base import App, Picture, View, beside, described, numbers
from bpkit.apps.controls import Number
from bpkit.core.errors import BpkitError
from bpkit.core.gradient_check import difference_quotient
from bpkit.core.numeric import evaluate
from bpkit.core.problem import Problem
from bpkit.core.spelling import number
from bpkit.show.drawing import Drawing
from bpkit.show.quotient import NAMES, SEEN, Errors, QuotientPlot, error_words, errors, errors_words, size
from bpkit.show.table import html_table

MOST_ROWS = 40  # of the table, which takes a loss over for each
HEAD = ("parameter", "derived", "measured", "error")
WIDE = "80px"
COLUMN = "310px"  # so that sliders beside long labels have room


@dataclass(frozen=True)
class State:
    """What the gradient check shows: one parameter, one formula, one h."""

    problem: Problem
    parameter: str
    central: bool
    h: float
    digits: int


class GradientCheck(App):
    """The V of a parameter by choice, and below it every derivative beside what nudging measures."""

    name = "gradient_check"
    batches = True

    def controls(self) -> Mapping[str, Any]:
        names = self.problem.network.parameters
        if not names:
            raise BpkitError("gradient_check app: expected a network with weights, got one without")
        self._errors: Callable[[Problem, str, bool], Errors] = lru_cache(maxsize=8)(errors)
        self._plot = QuotientPlot()
        output = self.problem.network.outputs[0]
        usual = next((name for name in names if self.problem.network.weights[name][1] == output), names[0])
        wide = described(WIDE, "250px")  # a browser cuts the longest choice off where it is narrower
        return {
            "parameter": widgets.Dropdown(options=list(names), value=usual, description="parameter", **wide),
            "formula": widgets.Dropdown(
                options=[("central, two runs", True), ("one-sided, one run", False)],
                value=True,
                description="quotient",
                **wide,
            ),
            "h": Number("h", 1e-3, -12, -1, 0.25, log=True, bounds=(1e-15, 1.0), label_width=WIDE),
            **numbers(self.problem.parameters),
        }

    def views(self) -> Mapping[str, View]:
        picture = Picture(660, 340)
        table = widgets.HTML(layout={"height": "290px", "width": "660px", "overflow": "auto"})
        return {
            "picture": (picture, lambda state: self._plot.frame(*self._pair(state), state.h, self._error(state))),
            "table": (table, self._table),
        }

    def page(self) -> Sequence[widgets.Widget]:
        groups = [
            *self.group("Nudge", ["parameter", "formula", "h"], COLUMN),
            *self.group("Weights and biases", self.problem.network.parameters, COLUMN),
        ]
        return [beside(widgets.VBox(groups), widgets.VBox([self.view["picture"], self.view["table"]]))]

    def read(self, values: Mapping[str, Any]) -> State:
        problem = self.problem_from(values)
        return State(problem, values["parameter"], values["formula"], values["h"], values["digits"])

    def words(self, state: State) -> str:
        return errors_words(self._pair(state)[0], state.h, self._quotient(state), state.digits)

    def note(self, state: State) -> tuple[str, bool]:
        chosen, _ = self._pair(state)
        if chosen.best is None:
            return "The loss is not finite here: no difference quotient can be taken.", True
        if chosen.flat:
            return f"The loss is flat here: no h shows a change by {state.parameter}, as the derivative says.", False
        name = f"{state.parameter}, {NAMES[state.central]}"
        lucky = "a single h near it can be better by luck"
        low, high = SEEN
        outside = f"h = {number(state.h)} lies outside the picture; the table below it still holds. "
        seen = "" if low <= state.h <= high else outside
        return f"{seen}The expected best h is about {size(chosen.best)} for {name}; {lucky}.", False

    def drawing(self, state: State) -> Drawing:
        return QuotientPlot().still(*self._pair(state), state.h, self._error(state), self.words(state))

    def _pair(self, state: State) -> tuple[Errors, Errors]:
        """The errors of the formula that is chosen, and of the other one."""
        chosen, other = (
            self._errors(state.problem, state.parameter, central) for central in (state.central, not state.central)
        )
        return chosen, other

    def _quotient(self, state: State) -> float:
        return float(difference_quotient(state.problem, state.parameter, state.h, state.central)[0])

    def _error(self, state: State) -> float:
        return abs(self._quotient(state) - self._pair(state)[0].derived)

    def _table(self, state: State) -> str:
        problem, values = state.problem, evaluate(state.problem)
        rows, loss = [], float(np.mean(values["E_total"]))
        for name in problem.network.parameters[:MOST_ROWS]:
            derived = float(values[f"dE/d{name}"])
            measured = float(difference_quotient(problem, name, state.h, state.central)[0])
            mark = " ←" if name == state.parameter else ""
            shown = [number(value, max(8, state.digits)) for value in (derived, measured)]
            rows.append((f"dE_total/d{name}{mark}", *shown, error_words(abs(measured - derived), loss, state.h)))
        more = len(problem.network.parameters) - len(rows)
        caption = f"Derived and measured with h = {number(state.h)}" + (f"; {more} more are not shown" if more else "")
        return html_table(HEAD, rows, caption).replace("<table>", "<table class='bpkit-lines'>")
