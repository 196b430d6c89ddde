"""A decision boundary while it is learned: points of two classes, a network by choice, stop and go."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import ipywidgets as widgets
import numpy as np
from numpy.typing import NDArray

from bpkit.apps.base import App, Picture, View, beside, described
from bpkit.apps.controls import Number, Player
from bpkit.core.errors import BpkitError
from bpkit.core.functions import Activation
from bpkit.core.initial import initial_parameters
from bpkit.core.network import Network
from bpkit.core.problem import Problem
from bpkit.core.spelling import number
from bpkit.core.training import Trace, train
from bpkit.examples.data import MAKERS, data_set
from bpkit.show.boundary import BoundaryPlot, boundary_words, right
from bpkit.show.chart import chart
from bpkit.show.drawing import Drawing

STEPS = 400  # of Play, at most
SLICES = (1, 5, 20)  # updates in a step; twenty take a few milliseconds
HIDDEN = ("tanh", "sigmoid", "relu", "leaky_relu", "softplus", "identity")
YOURS = "your data"
ENOUGH = 100  # updates before the app says how a run goes
FLAT = 0.98  # of the loss half as many updates ago: less has hardly fallen
WIDE = "110px"
COLUMN = "310px"  # so that sliders beside long labels have room


class Run:
    """Training in slices: each goes on from the last one's final problem, and all of them are kept."""

    def __init__(self, start: Problem, updates: int) -> None:
        self.start, self.updates = start, updates
        self.slices: list[Trace] = []

    def at(self, step: int) -> int:
        """Train as far as a step; gives the step that was reached, an earlier one where the loss left the floats."""
        while len(self.slices) < step and not self.ended:
            self.slices.append(train(self.problem(len(self.slices)), self.updates))
        return min(step, len(self.slices))

    @property
    def ended(self) -> bool:
        return bool(self.slices) and self.slices[-1].diverged_at is not None

    def problem(self, step: int) -> Problem:
        """The problem after so many steps."""
        return self.slices[step - 1].final if step else self.start

    def loss(self, step: int) -> NDArray[np.float64]:
        """The loss before the first update and after each one, up to a step."""
        first = train(self.start, 0).loss
        return np.concatenate([first, *(one.loss[1:] for one in self.slices[:step])])


@dataclass(frozen=True)
class Setup:
    """What the network starts from: everything that makes a new run."""

    data: str
    width: int
    depth: int
    activation: str
    rate: float
    seed: int
    updates: int


@dataclass(frozen=True)
class State:
    """A setup, the problem after so many steps of its run, and the loss on the way there."""

    setup: Setup
    start: Problem
    problem: Problem
    step: int
    loss: tuple[float, ...]
    diverged: bool
    digits: int

    @property
    def updates(self) -> int:
        """How often the network was updated."""
        return len(self.loss) - 1


class Boundary(App):
    """``boundary("moons")``, ``"xor"``, ``"circles"``, or a batch problem with two inputs and one output.

    A step trains ``updates`` times; the network after n steps is the one that ``problem.updated(n * updates)`` gives.
    A new setup starts at step 0.
    """

    name = "boundary"
    batches = True
    message_lines = 2

    def __init__(self, given: str | Problem) -> None:
        self._named = given if isinstance(given, str) else ""
        super().__init__(self._make(Setup(given, 8, 1, "tanh", 1.0, 0, 5)) if isinstance(given, str) else given)

    def controls(self) -> Mapping[str, Any]:
        network = self.problem.network
        if not self.problem.is_batch or (network.sizes[0], network.sizes[-1]) != (2, 1):
            raise BpkitError(
                f"boundary app: expected a batch with two inputs and one output, got a {network!r} problem; "
                "write bp.apps.boundary('moons')"
            )
        self._plot, self._run = BoundaryPlot(), Run(self.problem, 5)
        self._last: tuple[Setup | None, int] = (None, 0)
        hidden = network.sizes[1:-1] or (1,)
        kinds = [one.name for one in network.activations[:-1]]
        activation = kinds[0] if kinds and kinds[0] in HIDDEN else "tanh"
        choice = described(WIDE, "230px")
        names = [*MAKERS] if self._named else [YOURS, *MAKERS]
        return {
            "data": widgets.Dropdown(options=names, value=self._named or YOURS, description="points", **choice),
            "width": Number("neurons in each", max(hidden), 1, 16, 1, whole=True, bounds=(1, 64), label_width=WIDE),
            "depth": Number("hidden layers", len(hidden), 1, 4, 1, whole=True, bounds=(1, 8), label_width=WIDE),
            "activation": widgets.Dropdown(options=HIDDEN, value=activation, description="activation", **choice),
            "rate": Number("learning rate", self.problem.learning_rate, -2, 2, 0.05, log=True, label_width=WIDE),
            "seed": Number("start, drawn as", 0, 0, 20, 1, whole=True, bounds=(0, 10**6), label_width=WIDE),
            "updates": widgets.Dropdown(options=SLICES, value=5, description="updates a step", **choice),
            "step": Number("step", 0, 0, STEPS, 1, whole=True, bounds=(0, STEPS), label_width="44px"),
        }

    def views(self) -> Mapping[str, View]:
        self.play = Player(self.control["step"], min=0, max=STEPS, step=1, interval=80)
        picture = Picture(480, 486)
        return {
            "step": (self.control["step"], lambda state: float(state.step), "value"),
            "picture": (picture, lambda state: self._plot.frame(state.problem)),
            "loss": (widgets.HTML(), self._loss),
        }

    def page(self) -> Sequence[widgets.Widget]:
        groups = [
            *self.group("Points", ["data"], COLUMN),
            *self.group("Network", ["width", "depth", "activation", "seed"], COLUMN),
            *self.group("Training", ["rate", "updates"], COLUMN),
        ]
        walk = widgets.HBox([self.play, self.control["step"]], layout={"width": "480px", "max_width": "100%"})
        return [beside(widgets.VBox(groups), widgets.VBox([self.view["picture"], walk, self.view["loss"]]))]

    def read(self, values: Mapping[str, Any]) -> State:
        whole = {name: int(values[name]) for name in ("width", "depth", "seed", "updates")}
        setup = Setup(data=values["data"], activation=values["activation"], rate=values["rate"], **whole)
        before, shown = self._last
        step = int(values["step"])
        if setup != before:
            self._run = Run(self._make(setup), setup.updates)
            step = 0 if step == shown else step  # a new network has learned nothing yet, unless a step is asked for
        step = self._run.at(step)
        self._last = (setup, step)
        loss = tuple(map(float, self._run.loss(step)))
        ended = self._run.ended and step == len(self._run.slices)
        return State(setup, self._run.start, self._run.problem(step), step, loss, ended, values["digits"])

    def words(self, state: State) -> str:
        return f"{_curve(state)} {boundary_words(state.problem, state.digits)}"

    def note(self, state: State) -> tuple[str, bool]:
        if state.diverged:
            rate = number(state.setup.rate)
            return (
                f"The loss is no longer finite after update {state.updates}: learning rate {rate} is too large.",
                True,
            )
        text = f"{state.updates} update{'s' * (state.updates != 1)}: the loss is {number(state.loss[-1])}."
        return f"{text} {_outlook(state)}".rstrip(), False

    def drawing(self, state: State) -> Drawing:
        return BoundaryPlot().still(state.problem, self.words(state))

    @property
    def share(self) -> str:
        """The expression for the network that is shown, trained as far as it is."""
        state, setup = self.state, self.state.setup
        if setup.data == YOURS:
            start = "bp." + repr(state.start).replace("Network(", "bp.Network(", 1)
        else:
            rest = f"seed={setup.seed}, learning_rate={setup.rate!r}"
            start = f"bp.examples.data_set({setup.data!r}).problem(bp.{state.start.network!r}, {rest})"
        return f"{start}.updated({state.updates})" if state.updates else start

    def _loss(self, state: State) -> str:
        coming = "" if state.updates else "Press play: the loss of every update is drawn here."
        return chart([("loss", np.array(state.loss))], len(state.loss) - 1, False, _curve(state), coming)

    def _make(self, setup: Setup) -> Problem:
        """The problem that a setup starts from; a given one as it is, until another network is chosen for it."""
        if setup.data == YOURS and self._untouched(setup):
            return self.problem.replace(learning_rate=setup.rate)
        last: str | Activation = "sigmoid"
        loss = "binary_cross_entropy"
        if setup.data == YOURS:
            last, loss = self.problem.network.activations[-1], self.problem.network.loss.name
        sizes = (2, *[setup.width] * setup.depth, 1)
        network = Network(*sizes, activation=[*[setup.activation] * setup.depth, last], loss=loss, bias="neuron")
        if setup.data == YOURS:
            drawn = initial_parameters(network, np.random.default_rng(setup.seed))
            return self.problem.replace(network=network, parameters=drawn, learning_rate=setup.rate)
        return data_set(setup.data).problem(network, seed=setup.seed, learning_rate=setup.rate)

    def _untouched(self, setup: Setup) -> bool:
        return all(getattr(setup, name) == self._beginning[name] for name in ("width", "depth", "activation", "seed"))


def _outlook(state: State) -> str:
    """What to make of a run that leaves points on the wrong side; nothing while it goes well."""
    count = len(state.problem.inputs)
    wrong = count - right(state.problem)
    flat = state.loss[-1] > FLAT * state.loss[state.updates // 2]
    if state.updates < ENOUGH or not wrong or not (flat or state.step == STEPS):
        return ""
    text = f"{wrong} of {count} points {'is' if wrong == 1 else 'are'} on the wrong side"
    if not flat:
        return f"{text}, and the loss still falls: take more updates a step, or a larger learning rate."
    if why := _straight(state.problem.network):
        known = "" if state.setup.data == YOURS else ", and no straight line separates these points"
        return f"{text}. With {why} the boundary is a straight line{known}."
    if state.step < STEPS:
        return f"{text}, and the loss hardly falls. It can be a pause: play on, or take another start or more neurons."
    return (
        f"{text}. This start leads no further: gradient descent only goes downhill, and here it is stuck in a hollow "
        "or on flat ground. Take another start or more neurons."
    )


def _straight(network: Network) -> str:
    """Why the boundary is a straight line whatever the weights are; empty where it can bend."""
    hidden, kinds = network.sizes[1:-1], {one.name for one in network.activations}
    if not kinds <= set(HIDDEN):  # all of these only rise
        return ""
    if not hidden:
        return "no hidden layer"
    if {one.name for one in network.activations[:-1]} == {"identity"}:
        return "identity as activation"
    return "a single hidden neuron" if set(hidden) == {1} else ""


def _curve(state: State) -> str:
    """The network and its run in words."""
    sizes = "-".join(map(str, state.start.network.sizes))
    kinds = state.start.network.activations
    text = (
        f"A {sizes} network, {kinds[0].name if len(kinds) > 1 else 'no'} hidden activation, learning rate "
        f"{number(state.setup.rate)}, on {state.setup.data}: the loss is {number(state.loss[0], state.digits)} before "
        "the first update"
    )
    return f"{text}, {number(state.loss[-1], state.digits)} after {state.updates}." if state.updates else f"{text}."
