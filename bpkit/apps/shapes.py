"""The matrix lines with their arrays as boxes, for any number of points and neurons: you see which sides fit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bpkit.apps.controls import Number, Setting
from bpkit.apps.live import Live
from bpkit.core.derivation import derive
from bpkit.core.matrices import MatrixDerivation
from bpkit.core.network import Network, layered
from bpkit.show.drawing import Drawing
from bpkit.show.matrix_boxes import EACH, LEAST, boxes_figure, boxes_spec, boxes_words

MOST_POINTS, WIDEST = 200, 16
TEXTS = {
    "points": "points (n)",
    "inputs": "inputs",
    "hidden": "hidden layer",
    "hiddens": "hidden layer {layer}",
    "outputs": "outputs",
    "forward": "Forward",
    "back": "Back",
    "note": "{parameters} weights and biases, however many points there are. With {hold}, net₁ has {nets} "
    "numbers: a row for each point, a column for each neuron.",
    "one": "1 point",
    "many": "{n} points",
}
SHARE = "bp.derive(bp.Network({sizes}, {chosen})).matrices()"


@dataclass(frozen=True)
class State:
    """What the shapes app shows: how many points there are, and the neurons of each layer."""

    network: Network
    form: MatrixDerivation
    points: int
    sizes: tuple[int, ...]

    @property
    def counts(self) -> dict[str, int]:
        """What each letter of a shape counts."""
        return {"n": self.points, "1": 1} | {f"l{layer}": size for layer, size in enumerate(self.sizes)}


class Shapes(Live):
    """A slider for the number of points and for each layer; the boxes of all lines follow."""

    name = "shapes"
    batches = True

    def settings(self) -> Mapping[str, Setting]:
        network = layered(self.problem.network, "shapes app")
        self._network, self._form = network, derive(network).matrices()
        sizes, last = network.sizes, len(network.sizes) - 1
        named = TEXTS["hidden"] if last == 2 else TEXTS["hiddens"]
        labels = [TEXTS["inputs"], *(named.format(layer=k) for k in range(1, last)), TEXTS["outputs"]]
        layers = {
            f"l{k}": Number(label, size, 1, WIDEST, 1, whole=True, bounds=(1, WIDEST))
            for k, (label, size) in enumerate(zip(labels, sizes))
        }
        points = len(self.problem.inputs) if self.problem.is_batch else 1
        most = max(MOST_POINTS, points)
        return {"n": Number(TEXTS["points"], points, 1, most, 1, whole=True, bounds=(1, most)), **layers}

    def page(self) -> dict[str, Any]:
        return {
            "lines": boxes_spec(self._form, self._network),
            "bias": self._network.bias,
            "side": [LEAST, EACH],
            "texts": TEXTS,
            "shared": SHARE.replace("{chosen}", self._network.chosen),
            "layout": {
                "groups": [("How many", [*self.setting])],
                "rows": [["boxes"], ["message"]],
            },
        }

    def read(self, values: Mapping[str, Any]) -> State:
        sizes = tuple(int(values[f"l{k}"]) for k in range(len(self._network.sizes)))
        return State(self._network, self._form, int(values["n"]), sizes)

    def words(self, state: State) -> str:
        return boxes_words(state.form, state.network, state.counts)

    def note(self, state: State) -> tuple[str, bool]:
        weights = sum(one * other for one, other in zip(state.sizes, state.sizes[1:]))
        biases = {"neuron": sum(state.sizes[1:]), "layer": len(state.sizes) - 1, "none": 0}[state.network.bias]
        points = TEXTS["one"] if state.points == 1 else TEXTS["many"].format(n=state.points)
        nets = f"{state.points} × {state.sizes[1]} = {state.points * state.sizes[1]:,}"
        return TEXTS["note"].format(parameters=f"{weights + biases:,}", hold=points, nets=nets), False

    def drawing(self, state: State) -> Drawing:
        return boxes_figure(state.form, state.network, state.counts, self.words(state))

    @property
    def share(self) -> str:
        """The expression that gives the lines."""
        state = self.state
        return SHARE.format(sizes=", ".join(map(str, state.sizes)), chosen=state.network.chosen)
