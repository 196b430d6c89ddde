"""One neuron: what its weights, its bias and its inputs do to net and out, and how steep its activation is there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import ipywidgets as widgets

from bpkit.apps.base import App, Picture, View, beside, described, numbers
from bpkit.core.chain_rule import Step
from bpkit.core.derivation import NumberedDerivation, derive
from bpkit.core.functions import Activation
from bpkit.core.network import Network
from bpkit.core.problem import Problem
from bpkit.core.spelling import number
from bpkit.core.text import sides_text
from bpkit.examples.example import Example
from bpkit.show.activations import NAMES, Here, NeuronPlot, neuron_curve, profile_words
from bpkit.show.drawing import Drawing
from bpkit.show.lines import lines_html

LINES = ("net_o1", "out_o1", "dout_o1/dnet_o1")


@dataclass(frozen=True)
class State:
    """What the neuron app shows."""

    problem: Problem
    rows: NumberedDerivation
    digits: int

    @property
    def activation(self) -> Activation:
        """The neuron's activation."""
        return self.problem.network.activations[0]

    @property
    def lines(self) -> tuple[Step, ...]:
        """Its net input, its output, its slope."""
        return tuple(self.rows[name] for name in LINES)

    @property
    def here(self) -> Here:
        """Where it stands on the curve."""
        return Here(*(self.rows.numbers[name] for name in LINES))


def one_neuron(problem: Problem, activation: str | Activation | None = None) -> Problem:
    """The first neuron behind the inputs as a network of its own, whose output is o1."""
    old = problem.network
    first = old.layers[1][0]
    names = {(source, "o1"): old.weight_of[source, first] for source in old.inputs}
    own = "sigmoid" if old.activations[0].joint else old.activations[0]
    network = Network(len(old.inputs), 1, activation=activation or own, bias=old.bias, weight_names=names)
    values = {name: problem.parameters[name] for name in network.weights}
    if network.biases:
        values[network.bias_of["o1"]] = problem.parameters[old.bias_of[first]]
    return Problem(network, values, problem.inputs, problem.targets[:1], problem.learning_rate, problem.train_biases)


class Neuron(App):
    """Sliders for inputs, weights and bias of one neuron; the point walks on its activation, with the tangent.

    Without a problem it is a neuron with one input; of a larger network it is the first neuron behind the inputs.
    """

    name = "neuron"

    def __init__(self, given: Example | Problem | None = None) -> None:
        super().__init__(Problem(Network(1, 1), {"w1": 1.0, "b1": 0.0}, [1.0], [1.0]) if given is None else given)

    def controls(self) -> Mapping[str, Any]:
        alone = one_neuron(self.problem)
        if alone != self.problem:
            self.problem, self._source = alone, ""
        network = alone.network
        own = network.activations[0]
        self._activations = {name: name for name in NAMES} | {own.name: own}
        self._plot = NeuronPlot()
        choice = widgets.Dropdown(
            options=list(self._activations), value=own.name, description="activation", **described("72px", "200px")
        )
        return {
            **numbers({name: alone.givens[name] for name in (*network.inputs, *network.parameters)}),
            "activation": choice,
        }

    def views(self) -> Mapping[str, View]:
        picture = Picture(660, 340)
        return {
            "curve": (picture, lambda state: self._plot.frame(state.activation, state.here)),
            "lines": (
                widgets.HTML(layout={"min_height": "90px"}),
                lambda state: lines_html(state.lines, state.rows.numbers, state.digits),
            ),
        }

    def page(self) -> Sequence[widgets.Widget]:
        network = self.problem.network
        names = {"Inputs": network.inputs, "Weights": network.weights, "Bias": network.biases}
        groups = [one for title, group in names.items() for one in self.group(title, group)]
        left = widgets.VBox([*groups, *self.group("Activation", ["activation"])])
        return [beside(left, widgets.VBox(list(self.view.values())))]

    def read(self, values: Mapping[str, Any]) -> State:
        problem = one_neuron(self.problem_from(values), self._activations[values["activation"]])
        return State(problem, derive(problem.network).at(problem), values["digits"])

    def words(self, state: State) -> str:
        lines = (f"{step.name} = {sides_text(step, state.rows.numbers, state.digits)}" for step in state.lines)
        return f"A neuron with {'; '.join(lines)}. The curve of {profile_words(state.activation)}"

    def note(self, state: State) -> tuple[str, bool]:
        if state.here.inside:
            return "", False
        return f"net = {number(state.here.net)} lies outside the picture; the lines below it still hold.", False

    def drawing(self, state: State) -> Drawing:
        return neuron_curve(state.activation, state.here, self.words(state))
