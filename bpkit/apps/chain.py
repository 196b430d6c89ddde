"""The chain rule for one parameter: its factors, their product, what a nudge really does, and the update."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import ipywidgets as widgets
import sympy as sp

from bpkit.apps.base import App, View, beside, described, numbers
from bpkit.apps.controls import Number
from bpkit.core.derivation import NumberedDerivation, derive
from bpkit.core.errors import BpkitError
from bpkit.core.gradient_check import GradientCheck, check_gradient
from bpkit.core.network import Network
from bpkit.core.paths import Path, Paths
from bpkit.core.problem import Problem
from bpkit.core.spelling import number
from bpkit.core.text import sides_text
from bpkit.show.diagram import svg
from bpkit.show.diagram_words import words
from bpkit.show.drawing import Drawing
from bpkit.show.lines import lines_html
from bpkit.show.products import products_html, products_text

MOST_PATHS = 8  # with more, the derivation's own line is shown: its delta holds what the paths share


@lru_cache(maxsize=256)
def ways(network: Network, parameter: str) -> Paths:
    """Every path from a parameter to the loss; where these are many, the terms of its line in the derivation."""
    try:
        if len(paths := derive(network).paths(parameter)) <= MOST_PATHS:
            return paths
    except BpkitError:
        pass  # too many to list
    line = derive(network).target(parameter)
    factors = (tuple(map(str, sp.Mul.make_args(term))) for term in sp.Add.make_args(line.rhs))
    return Paths(Path((parameter,), names, names=line.names) for names in factors)


@dataclass(frozen=True)
class State:
    """What the chain app shows."""

    problem: Problem
    parameter: str
    rows: NumberedDerivation
    ways: Paths
    check: GradientCheck
    digits: int

    @property
    def name(self) -> str:
        """The derivative that is taken apart."""
        return f"dE_total/d{self.parameter}"

    @property
    def derivative(self) -> float:
        """Its number."""
        return self.rows.numbers[self.name]

    @property
    def word(self) -> str:
        """What the products are called: paths, or where these are many, the terms of the derivation's line."""
        return "path" if len(self.ways[0].nodes) > 1 else "term"

    @property
    def factors(self) -> tuple[str, ...]:
        """Every factor once, in the order of the chain rule."""
        return tuple(dict.fromkeys(factor for way in self.ways for factor in way.factors))


class Chain(App):
    """Choose a parameter, and its derivative falls into factors, each symbol beside its number."""

    name = "chain"

    def controls(self) -> Mapping[str, Any]:
        names = list(self.problem.network.parameters)
        # The last layer's first weight: the shortest chain.
        first = self.problem.network.weight_of[self.problem.network.layers[-2][0], self.problem.network.outputs[0]]
        choice = widgets.Dropdown(options=names, value=first, description="parameter", **described("92px", "220px"))
        rate = Number("learning rate", self.problem.learning_rate, -2, 2, 0.05, log=True, label_width="92px")
        weights, biases = (
            {name: self.problem.parameters[name] for name in names}
            for names in (self.problem.network.weights, self.problem.network.biases)
        )
        return {"parameter": choice, "rate": rate, **numbers(weights), **numbers(biases)}

    def views(self) -> Mapping[str, View]:
        return {
            "diagram": (widgets.HTML(), self._diagram),
            "factors": (widgets.HTML(), self._factors),
            "product": (widgets.HTML(), self._product),
            "check": (widgets.HTML(), lambda state: f"<div style='padding:2px 4px'>{self._check(state)}</div>"),
            "update": (widgets.HTML(), self._update),
        }

    def page(self) -> Sequence[widgets.Widget]:
        network = self.problem.network
        groups = [*self.group("Weights", network.weights), *self.group("Biases", network.biases)]
        left = widgets.VBox([*self.group("Chain", ["parameter", "rate"]), *groups])
        diagram, *tables = self.view.values()
        # Fixed, so that nothing below moves from parameter to parameter; what is longer scrolls.
        below = widgets.VBox(tables, layout={"height": "490px", "overflow": "hidden auto"})
        return [beside(left, widgets.VBox([diagram, below]))]

    def read(self, values: Mapping[str, Any]) -> State:
        problem = self.problem_from(values).replace(learning_rate=values["rate"])
        parameter, rows = values["parameter"], derive(problem.network).at(problem)
        check = check_gradient(problem, {parameter: rows.numbers[f"dE_total/d{parameter}"]})
        return State(problem, parameter, rows, ways(problem.network, parameter).at(problem), check, values["digits"])

    def words(self, state: State) -> str:
        update = state.rows[f"{state.parameter}_new"]
        return " ".join(
            [
                products_text(state.name, state.ways, state.derivative, state.digits, state.word),
                self._check(state),
                f"{update.name} = {sides_text(update, state.rows.numbers, state.digits)}.",
                words(state.problem.network, state.rows.numbers, (state.parameter, *state.factors), state.digits),
            ]
        )

    def note(self, state: State) -> tuple[str, bool]:
        if state.word == "path":
            return "", False
        return (
            f"{state.parameter} reaches the loss by more than {MOST_PATHS} paths; "
            "its line in the derivation shares what they have in common.",
            False,
        )

    def drawing(self, state: State) -> Drawing:
        return Drawing(self.words(state), self._diagram(state))

    def _diagram(self, state: State) -> str:
        return svg(state.problem.network, state.rows.numbers, (state.parameter, *state.factors))

    def _factors(self, state: State) -> str:
        lines = [state.rows[factor] for factor in state.factors]
        table = lines_html(lines, state.rows.numbers, state.digits)
        return f"<div class='bpkit-heading'>The factors</div>{table}"

    def _product(self, state: State) -> str:
        table = products_html(state.name, state.ways, state.derivative, state.digits, word=state.word)
        return f"<div class='bpkit-heading'>Their product</div>{table}"

    def _check(self, state: State) -> str:
        """What a nudge of the parameter does to the loss, beside the derivative."""
        row, h = state.check.worst, state.check.step
        if row.unresolved(state.check.tolerance):
            verdict = "so small a change of the loss is mostly rounding, and cannot show whether they agree"
        elif state.check.passed:
            verdict = "they differ by less than a millionth of their size"
        else:
            verdict = "they do not agree"
        digits = 6 if number(row.measured) == number(row.derived) or not state.check.passed else 9
        return (
            f"Nudged by {h:g} up and down, {state.parameter} changes the loss at the rate "
            f"{number(row.measured, digits)}; the derivative is {number(row.derived, digits)}: {verdict}."
        )

    def _update(self, state: State) -> str:
        table = lines_html([state.rows[f"{state.parameter}_new"]], state.rows.numbers, state.digits)
        return f"<div class='bpkit-heading'>The update</div>{table}"
