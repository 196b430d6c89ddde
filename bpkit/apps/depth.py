"""How gradients shrink or blow up with depth, by activation and by starting weights."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import ipywidgets as widgets
import numpy as np
from numpy.typing import NDArray

from bpkit.apps.base import App, Picture, View, beside, described
from bpkit.apps.controls import Number
from bpkit.core.initial import SPREADS, initial_parameters
from bpkit.core.network import Network
from bpkit.core.problem import Problem
from bpkit.core.spelling import number
from bpkit.show.depth import DepthPlot, changes, depth_words, gradient_sizes
from bpkit.show.drawing import Drawing

HIDDEN = ("sigmoid", "tanh", "relu", "leaky_relu", "softplus", "identity")
DEEPEST, WIDEST = 20, 16
SATURATED = 1e-12  # a delta of the outputs below this comes from their flat ends
WIDE = "110px"
COLUMN = "310px"  # so that sliders beside long labels have room


@dataclass(frozen=True)
class State:
    """What the depth app shows: a network drawn from a seed, and how."""

    problem: Problem
    scheme: str
    scale: float
    seed: int
    digits: int


class Depth(App):
    """Sliders for depth, width and starting weights; the size of the gradient, layer by layer.

    The inputs, targets and loss are those of the given problem; its own weights play no part.
    """

    name = "depth"
    batches = True
    message_lines = 2

    def controls(self) -> Mapping[str, Any]:
        self._plot = DepthPlot()
        self._sizes: Callable[[Problem], NDArray[np.float64]] = lru_cache(maxsize=8)(gradient_sizes)
        kind = self.problem.network.activations[0].name
        choice = described(WIDE, "230px")
        # A saturated output hides how gradients grow: where the loss allows it, the output may be left as it is.
        own, loss = self.problem.network.activations[-1], self.problem.network.loss
        plain = own.name != "identity" and not loss.needs and not loss.targets_in_unit_interval
        outputs = (own.name, "identity") if plain else (own.name,)
        whole: dict[str, Any] = {"whole": True, "label_width": WIDE}
        return {
            "depth": Number("hidden layers", 10, 1, DEEPEST, 1, bounds=(1, DEEPEST), **whole),
            "width": Number("neurons in each", 8, 1, WIDEST, 1, bounds=(1, WIDEST), **whole),
            "activation": widgets.Dropdown(
                options=HIDDEN, value=kind if kind in HIDDEN else "sigmoid", description="activation", **choice
            ),
            "output": widgets.Dropdown(options=list(outputs), value=outputs[0], description="output layer", **choice),
            "scheme": widgets.Dropdown(options=tuple(SPREADS), value="xavier", description="weights drawn", **choice),
            "scale": Number("times", 1, -1, 1, 0.05, log=True, bounds=(1e-6, 1e6), label_width=WIDE),
            "seed": Number("drawn as", 0, 0, 20, 1, bounds=(0, 10**6), **whole),
        }

    def views(self) -> Mapping[str, View]:
        picture = Picture(660, 360)
        return {"picture": (picture, lambda state: self._plot.frame(self._sizes(state.problem)))}

    def page(self) -> Sequence[widgets.Widget]:
        groups = [
            *self.group("Network", ["depth", "width", "activation", "output"], COLUMN),
            *self.group("Starting weights", ["scheme", "scale", "seed"], COLUMN),
        ]
        return [beside(widgets.VBox(groups), widgets.VBox([self.view["picture"]]))]

    def read(self, values: Mapping[str, Any]) -> State:
        given = self.problem.network
        sizes = (given.sizes[0], *[int(values["width"])] * int(values["depth"]), given.sizes[-1])
        last = given.activations[-1] if values["output"] == given.activations[-1].name else values["output"]
        kinds = [*[values["activation"]] * int(values["depth"]), last]
        network = Network(*sizes, activation=kinds, loss=given.loss.name, bias="neuron")
        draw = np.random.default_rng(int(values["seed"]))
        drawn = initial_parameters(network, draw, values["scheme"], values["scale"])
        problem = self.problem.replace(network=network, parameters=drawn)
        return State(problem, values["scheme"], values["scale"], int(values["seed"]), values["digits"])

    def words(self, state: State) -> str:
        drawn = f"Weights drawn by {state.scheme}, times {number(state.scale)}, seed {state.seed}. "
        return drawn + depth_words(state.problem, self._sizes(state.problem), state.digits)

    def note(self, state: State) -> tuple[str, bool]:
        sizes = self._sizes(state.problem)
        text = changes(sizes)
        if sizes[1, -1] < SATURATED and "identity" in self.output.options and self.output.value != "identity":
            text += " The outputs are saturated: with identity as the output layer you see what grows."
        return text, not np.isfinite(sizes).all()

    def drawing(self, state: State) -> Drawing:
        return DepthPlot().still(self._sizes(state.problem), f"{self.words(state)} {self.note(state)[0]}")

    @property
    def share(self) -> str:
        """The expression that draws the same weights; ``np`` in it is NumPy."""
        state, problem = self.state, self.state.problem
        drawn = f"np.random.default_rng({state.seed}), {state.scheme!r}, {state.scale!r}"
        return (
            f"bp.Problem(network := bp.{problem.network!r}, "
            f"bp.core.initial.initial_parameters(network, {drawn}), inputs={problem.inputs.tolist()!r}, "
            f"targets={problem.targets.tolist()!r}, learning_rate={problem.learning_rate!r}, "
            f"train_biases={problem.train_biases!r})"
        )
