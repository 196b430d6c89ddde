"""One neuron: what its weights, its bias and its inputs do to net and out, and how steep its activation is there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from bpkit.apps.controls import Choice, Setting
from bpkit.apps.given import share
from bpkit.apps.live import Live, groups, numbers, weights_of
from bpkit.core.chain_rule import Step
from bpkit.core.derivation import NumberedDerivation, derive
from bpkit.core.errors import BpkitError
from bpkit.core.functions import HIDDEN, Activation
from bpkit.core.functions import activation as find
from bpkit.core.javascript import evaluation, module
from bpkit.core.network import Network, layered
from bpkit.core.problem import Problem
from bpkit.core.spelling import PLAIN, number_read
from bpkit.core.text import sides_text
from bpkit.examples.example import Example
from bpkit.page.programs import packed
from bpkit.show.activations_picture import END, MARKS, Here, neuron_curve, profile_words
from bpkit.show.drawing import Drawing
from bpkit.show.lines_table import lines_spec

LINES = ("net_o1", "out_o1", "dout_o1/dnet_o1")
POINTS = 321  # of a curve on the page
MOST_TERMS = 5  # of a net input, drawn as arrows below the axis
LOOKS = ("red", "soft")  # what the inputs say of a tomato
UNLIT = "No lamp: out need not be between 0 and 1."
OUTSIDE = "net = {net} is outside the picture. The lines are right all the same."


@dataclass(frozen=True)
class State:
    """What the neuron app shows."""

    problem: Problem
    rows: NumberedDerivation
    digits: int

    @property
    def activation(self) -> Activation:
        return self.problem.network.activations[0]

    @property
    def lines(self) -> tuple[Step, ...]:
        """Its net input, its output, its slope."""
        return tuple(self.rows[name] for name in LINES)

    @property
    def here(self) -> Here:
        """Where it is on the curve."""
        return Here(*(self.rows.numbers[name] for name in LINES))


def one_neuron(problem: Problem, activation: str | Activation | None = None) -> Problem:
    """The first neuron behind the inputs as a network of its own, whose output is o1.

    >>> import bpkit as bp
    >>> dict(one_neuron(bp.examples.article.problem).parameters)
    {'w1': 0.25, 'w4': 0.15, 'b1': 0.45}
    """
    old = layered(problem.network, "neuron app")
    first = old.layers[1][0]
    names = {(source, "o1"): old.weight_of[source, first] for source in old.inputs}
    own = "sigmoid" if old.activations[0].joint else old.activations[0]
    network = Network(len(old.inputs), 1, activation=activation or own, bias=old.bias, weight_names=names)
    values = {name: problem.parameters[name] for name in network.weights}
    if network.biases:
        values[network.bias_of["o1"]] = problem.parameters[old.bias_of[first]]
    return Problem(network, values, problem.inputs, problem.targets[:1], problem.learning_rate, problem.train_biases)


def neuron_program(problem: Problem) -> str:
    """A program: ``evaluate`` gives net, out and slope of one neuron, ``activated`` the last two from net.

    >>> import bpkit as bp
    >>> problem = bp.Problem(bp.Network(1, 1, bias="none"), {"w1": 1}, [1], [0])
    >>> [line for line in neuron_program(problem).splitlines() if line.startswith("export")]
    ['export function evaluate(x1, w1) {', 'export function activated(net_o1) {']
    """
    program = problem.derivation.program
    given = (*problem.network.inputs, *problem.network.parameters)
    onward = [step for step in program.steps if step.name != LINES[0]]
    return module(
        evaluation(program.steps, given, LINES),
        evaluation(onward, LINES[:1], LINES[1:], name="activated"),
        functions=program.functions,
    )


class Neuron(Live):
    """Sliders for inputs, weights and bias of one neuron; the point walks on its activation, with the tangent.

    Without a problem it is a neuron with one input; of a larger network it is the first neuron behind the inputs. With
    ``tomato`` its two inputs say how red and how soft a tomato is, from 0 to 1, which is drawn beside its lamp.
    """

    name = "neuron"

    def __init__(self, given: Example | Problem | None = None, tomato: bool = False) -> None:
        self._tomato = tomato
        super().__init__(Problem(Network(1, 1), {"w1": 1.0, "b1": 0.0}, [1.0], [1.0]) if given is None else given)

    def settings(self) -> Mapping[str, Setting]:
        alone = one_neuron(self.problem)
        if alone != self.problem:
            self.problem, self._source = alone, ""
        network = alone.network
        own = network.activations[0]
        self._activations: dict[str, str | Activation] = {name: name for name in HIDDEN} | {own.name: own}
        choices = tuple((find(one).written, name) for name, one in self._activations.items())
        if self._tomato and len(network.inputs) != len(LOOKS):
            raise BpkitError(
                f"neuron app: expected a neuron with {len(LOOKS)} inputs for a tomato, got {len(network.inputs)}"
            )
        sliders = numbers({name: alone.givens[name] for name in (*network.inputs, *network.parameters)})
        looks = {name: replace(sliders[name], low=0.0, high=1.0) for name in network.inputs if self._tomato}
        return {
            **sliders,
            **looks,
            "activation": Choice("activation", own.name, choices),
        }

    def page(self) -> dict[str, Any]:
        network = layered(self.problem.network, "neuron app")
        made = {name: one_neuron(self.problem, one) for name, one in self._activations.items()}
        lines = {name: [one.derivation[line] for line in LINES] for name, one in made.items()}
        terms = [[name, source] for name, (source, _) in network.weights.items()] + [[name] for name in network.biases]
        terms = terms if 1 < len(terms) <= MOST_TERMS else []
        spelled = self.problem.derivation.quantities
        return {
            "programs": packed({name: neuron_program(one) for name, one in made.items()}),
            "inputs": dict.fromkeys(made, (*network.inputs, *network.parameters)),
            "sources": {name: share("", one, one) if one != self.problem else "" for name, one in made.items()},
            "names": LINES,
            "terms": terms,
            "lamps": [{"name": "o1", "out": "out_o1"}],
            "tomato": list(network.inputs) if self._tomato else None,
            "glowing": [name for name, one in self._activations.items() if find(one).name == "sigmoid"],
            "grid": [-END, END, POINTS],
            "parts": {
                "curve": {
                    "x": {"label": "net"},
                    "y": {"label": "out and its slope"},
                    "size": [812, 290 - 12 * len(terms)],
                    "hops": len(terms),
                    "words": {
                        "open": "The activation and its slope over net.",
                        "value": "{y|near} at net {x}",
                        "marker": "net {x}, out {y|near}",
                        "tangent": "The slope of the activation at net {x} is {slope}.",
                        "run": "run {run}",
                        "rise": "rise {rise}",
                        "at": MARKS,
                    },
                },
                "lines": {name: lines_spec(steps, "Net input, output and slope") for name, steps in lines.items()},
            },
            "texts": {
                "terms": [" · ".join(PLAIN(spelled[name]) for name in term) + " = {value}" for term in terms],
                "lamp": "out {value}",
                "unlit": UNLIT,
                "tomato": "tomato",
                "out": "out",
                "slope": "slope",
                "outside": OUTSIDE,
            },
            "layout": {
                "groups": [
                    *groups(
                        self.setting,
                        Inputs=network.inputs,
                        Weights=weights_of(network),
                        Bias=network.biases,
                        Activation=["activation"],
                    ),
                    ("Tomato and lamp" if self._tomato else "Lamp", ["lamps"]),
                ],
                "rows": [["curve"], ["lines"], ["message"]],
            },
        }

    def read(self, values: Mapping[str, Any]) -> State:
        problem = one_neuron(self.problem_from(values), self._activations[values["activation"]])
        return State(problem, derive(problem.network).at(problem), values["digits"])

    def words(self, state: State) -> str:
        lines = (f"{step.name} = {sides_text(step, state.rows.numbers, state.digits)}" for step in state.lines)
        return f"A neuron with {'; '.join(lines)}. The curve of {profile_words(state.activation)}"

    def note(self, state: State) -> tuple[str, bool]:
        if state.here.inside:
            return "", False
        return OUTSIDE.format(net=number_read(state.here.net, state.digits)), False

    def drawing(self, state: State) -> Drawing:
        return neuron_curve(state.activation, state.here, self.words(state))
