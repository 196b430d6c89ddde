"""How gradients shrink or blow up with depth, by activation and by starting weights, and how training changes it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bpkit.apps.controls import Check, Choice, Held, Number, Setting, options
from bpkit.apps.live import Live, groups
from bpkit.core.blocks import Dense, Residual
from bpkit.core.functions import BUILT_IN, HIDDEN, Activation
from bpkit.core.initial import SPREADS, initial_parameters
from bpkit.core.javascript_matrices import layered
from bpkit.core.model import Model
from bpkit.core.network import Network
from bpkit.core.network import layered as of_layers
from bpkit.core.problem import Problem
from bpkit.core.spelling import number
from bpkit.page.programs import packed
from bpkit.show.depth_picture import (
    CEILING,
    FLOOR,
    LABELS,
    LEAST_SPREAD,
    LEVEL,
    NAMES,
    NOTHING,
    TEXTS,
    changes,
    depth_figure,
    depth_words,
    gradient_sizes,
    output_spreads,
)
from bpkit.show.drawing import Drawing

DEEPEST, WIDEST = 20, 16
SATURATED = 1e-12  # a delta of the outputs below this comes from their flat ends
UPDATES = 300  # of the loss curves
KEPT = ("depth", "width", "activation", "output", "past", "scheme", "scale", "seed")  # of a curve that is kept
MOST_KEPT = 3
ONE = 1.005  # a smaller factor reads as 1 in the table, and says neither larger nor smaller
PRESETS = {
    "sigmoid": {"activation": "sigmoid", "scheme": "xavier", "scale": 1},
    "tanh": {"activation": "tanh", "scheme": "xavier", "scale": 1},
    "ReLU": {"activation": "relu", "scheme": "he", "scale": 1},
    "ReLU × 6": {"activation": "relu", "scheme": "he", "scale": 6},
    "tanh, unit": {"activation": "tanh", "scheme": "unit", "scale": 1},
    "ReLU, unit": {"activation": "relu", "scheme": "unit", "scale": 1},
}
PINS = {
    "presets": "Start with",
    "pin": "Keep this curve",
    "pinTip": "Keep this curve to compare; the last three stay",
    "unpin": "Remove kept curves",
    "this": "now",
    "name": "{activation}, {scheme}",
    "nameScale": " × {scale}",
    "nameWays": ", ways past",
    "keptDeltas": "deltas: {name}",
}
SHORT = ("derivatives", "deltas")  # beside the curves
# What becomes of the sizes, as the rows of a table: in all, and behind the bar in each layer. Nothing is called equal:
# the ends may be, and what is between them not.
TABLE: dict[str, Any] = {
    "title": "From end to end, at the start",
    "head": ("", "in all", "per layer"),
    "rows": ("deltas ←", "derivatives ←", "their largest", "spread →"),
    "overflow": "overflow",
    "none": "all 0",
    "lost": "down to 0",
    "level": "× 1|× 1",
    "shrink": "÷ {times}|÷ {every}",
    "grow": "× {times}|× {every}",
    "each": "",
}
DRAWN = "Weights drawn by {scheme}, times {scale}, start {seed}. "
FLAT = " The outputs are saturated: with identity as the output layer you see what grows."
TRAINED = {
    "went": "{updates} updates: the loss goes from {first} to {last}. The weights of the first layer change by at most "
    "{near|3}, those of the last by at most {far|3}.",
    "ended": "The loss overflows at update {ended}: learning rate {rate} is too large for such gradients.",
    "nothing": "The loss overflows before the first update, so nothing can be trained.",
}
SHARE = (
    "bp.Problem(network := bp.Network({sizes}, activation=[{activations}], loss={loss}, bias='neuron'), "
    "bp.core.initial.initial_parameters(network, np.random.default_rng({seed}), '{scheme}', {scale}), "
    "inputs={inputs}, targets={targets}, learning_rate={rate}, train_biases={train_biases})"
)
SHARE_PAST = (
    "(plain := {plain}).replace(network=bp.Model({before}, layer := bp.blocks.Dense({width}, {hidden}), "
    "*[bp.blocks.Residual(layer)] * {more}, bp.blocks.Dense({outputs}, {last}), loss={loss}), "
    "parameters=plain.arrays())"
)


@dataclass(frozen=True)
class State:
    """What the depth app shows: a network drawn from a seed, ``plain`` without ways past its layers, and how."""

    problem: Problem
    plain: Problem
    scheme: str
    scale: float
    seed: int
    digits: int


class Depth(Live):
    """Sliders for depth, width and starting weights; the size of the gradient, by layer, and the loss over updates.

    The inputs, targets, loss and learning rate are those of the given problem; its own weights play no part.
    """

    name = "depth"
    batches = True

    def settings(self) -> Mapping[str, Setting]:
        self._sizes: Callable[[Problem], NDArray[np.float64]] = lru_cache(maxsize=8)(gradient_sizes)
        of_batch = lambda problem: output_spreads(problem) if problem.n_samples > 1 else NOTHING
        self._spreads: Callable[[Problem], NDArray[np.float64]] = lru_cache(maxsize=8)(of_batch)
        kind = self._given.activations[0].name
        # A saturated output hides how gradients grow: where the loss allows it, the output may be left as it is.
        own, loss = self._given.activations[-1], self._given.loss
        plain = own.name != "identity" and not loss.needs and not loss.targets_in_unit_interval
        outputs = (own.name, "identity") if plain else (own.name,)
        return {
            "depth": Number("hidden layers", 10, 1, DEEPEST, 1, whole=True, bounds=(1, DEEPEST)),
            "width": Number("neurons in each", 8, 1, WIDEST, 1, whole=True, bounds=(1, WIDEST)),
            "activation": Choice(
                "activation",
                kind if kind in HIDDEN else "sigmoid",
                tuple((BUILT_IN[one].written, one) for one in HIDDEN),
            ),
            "output": Choice("output layer", outputs[0], options(*outputs)),
            "past": Check("a way past each layer", tip="After the first, each hidden layer adds its input"),
            "scheme": Choice("weights drawn", "xavier", options(*SPREADS)),
            "scale": Number("times", 1, -1, 1, 0.05, log=True, bounds=(1e-6, 1e6)),
            "seed": Number("start", 0, 0, 20, 1, whole=True, bounds=(0, 10**6)),
            "pinned": Held("kept curves", []),
        }

    @property
    def _given(self) -> Network:
        """The network of the given problem."""
        return of_layers(self.problem.network, "depth app")

    def page(self) -> dict[str, Any]:
        given = self.problem
        last = [self._last(output) for output in self.output.options]
        return {
            "programs": packed({"layered": layered(self.state.plain, HIDDEN, last, past=True)}),
            "samples": {"inputs": given.inputs.ravel().tolist(), "targets": given.targets.ravel().tolist()},
            "ends": [self._given.sizes[0], self._given.sizes[-1], given.n_samples],
            "training": {"updates": UPDATES, "batch": int(given.batch == "each"), "first": given.next_sample},
            "constants": {"learning_rate": given.learning_rate, **given.update.constants},
            "share": {"source": "", "names": []},
            "shared": {
                "text": SHARE,
                "past": SHARE_PAST,
                "kinds": {_name(kind): _written(kind) for kind in (*HIDDEN, *last)},
                **self._shared(),
            },
            "drawn": {
                "floor": FLOOR,
                "ceiling": CEILING,
                "level": LEVEL,
                "one": ONE,
                "saturated": SATURATED,
                "spread": LEAST_SPREAD,
            },
            "texts": {
                **TEXTS,
                **PINS,
                "names": NAMES,
                "short": SHORT,
                "table": TABLE,
                "drawn": DRAWN,
                "flat": FLAT,
                "trained": TRAINED,
            },
            "kept": KEPT,
            "mostKept": MOST_KEPT,
            "presets": PRESETS,
            "parts": {
                "sizes": {
                    "x": {"label": LABELS["xlabel"], "whole": True},
                    "y": {"label": LABELS["ylabel"], "log": True},
                    "size": [812, 240],
                    "beside": {"side": "left", "room": 176},
                    "words": {"hover": "layer {x}: {y}", "value": "{y} in layer {x}", "ends": "overflows in layer {x}"},
                },
                "losses": {
                    "x": {"label": "updates", "whole": True},
                    "y": {"label": "loss E in training", "log": True},
                    "size": [812, 182],
                    "beside": {"side": "right", "room": 160},
                    "words": {"ends": "overflows at update {x}", "value": "{y} after {x}"},
                },
            },
            "layout": {
                "groups": [
                    *groups(
                        self.setting,
                        Network=["depth", "width", "activation", *["output"] * (len(self.output.options) > 1), "past"],
                        Starting_weights=["scheme", "scale", "seed"],
                    ),
                    (TABLE["title"], ["readout"]),
                ],
                "rows": [["presets", "pins"], ["sizes"], ["losses"], ["message"]],
            },
        }

    def read(self, values: Mapping[str, Any]) -> State:
        given = self._given
        sizes = (given.sizes[0], *[int(values["width"])] * int(values["depth"]), given.sizes[-1])
        kinds = [*[values["activation"]] * int(values["depth"]), self._last(values["output"])]
        network = Network(*sizes, activation=kinds, loss=given.loss, bias="neuron")
        draw = np.random.default_rng(int(values["seed"]))
        drawn = initial_parameters(network, draw, values["scheme"], values["scale"])
        plain = self.problem.replace(network=network, parameters=drawn)
        state = State(plain, plain, values["scheme"], values["scale"], int(values["seed"]), values["digits"])
        return replace(state, problem=_with_ways(plain)) if values["past"] and values["depth"] > 1 else state

    def _last(self, name: str) -> str | Activation:
        """The activation of the outputs: the given problem's own, or another one."""
        own = self._given.activations[-1]
        return own if name == own.name else name

    def words(self, state: State) -> str:
        drawn = DRAWN.format(scheme=state.scheme, scale=number(state.scale), seed=state.seed)
        kind, past = state.plain.network.activations[0].name, state.problem is not state.plain
        return drawn + depth_words(kind, self._sizes(state.problem), state.digits, self._spreads(state.problem), past)

    def note(self, state: State) -> tuple[str, bool]:
        sizes = self._sizes(state.problem)
        text = changes(sizes, self._spreads(state.problem))
        last = state.plain.network.activations[-1].name
        if sizes[1, -1] < SATURATED and "identity" in self.output.options and last != "identity":
            text += FLAT
        return text, not np.isfinite(sizes).all()

    def drawing(self, state: State) -> Drawing:
        words = f"{self.words(state)} {self.note(state)[0]}"
        return depth_figure(self._sizes(state.problem), words, self._spreads(state.problem))

    @property
    def share(self) -> str:
        """The expression that draws the same weights; ``np`` in it is NumPy."""
        state, network = self.state, self.state.plain.network
        kinds = [_written(one) for one in network.activations]
        sizes, drawn = ", ".join(map(str, network.sizes)), {"seed": state.seed, "scheme": state.scheme}
        plain = SHARE.format(
            sizes=sizes, activations=", ".join(kinds), scale=repr(state.scale), **drawn, **self._shared()
        )
        if state.problem is state.plain:
            return plain
        ends = {"before": network.sizes[0], "width": network.sizes[1], "outputs": network.sizes[-1]}
        more = {"hidden": kinds[0], "last": kinds[-1], "loss": self._shared()["loss"], "more": len(kinds) - 2}
        return SHARE_PAST.format(plain=plain, **ends, **more)

    def _shared(self) -> dict[str, str]:
        """What the expression says of the given problem."""
        given = self.problem
        numbers = {"inputs": given.inputs.tolist(), "targets": given.targets.tolist(), "rate": given.learning_rate}
        every = {**numbers, "loss": given.network.loss.name, "train_biases": given.train_biases}
        return {name: repr(value) for name, value in every.items()}


def _with_ways(plain: Problem) -> Problem:
    """The same weights with a way past each hidden layer after the first."""
    network = of_layers(plain.network, "depth app")
    first, *hidden, last = [Dense(width, kind) for width, kind in zip(network.sizes[1:], network.activations)]
    model = Model(network.sizes[0], first, *map(Residual, hidden), last, loss=network.loss)
    return plain.replace(network=model, parameters=plain.arrays())


def _name(kind: str | Activation) -> str:
    return kind if isinstance(kind, str) else kind.name


def _written(kind: str | Activation) -> str:
    return repr(_name(kind) if isinstance(kind, str) or kind.built_in else kind)
