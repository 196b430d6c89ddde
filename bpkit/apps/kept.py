"""What a library keeps for the way back: how long each array waits, and how many numbers wait at a time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from bpkit.apps.controls import Choice, Number, Setting
from bpkit.apps.live import Live
from bpkit.core.functions import BUILT_IN, Activation
from bpkit.core.network import Network, layered
from bpkit.core.problem import Problem
from bpkit.core.quantities import Role
from bpkit.core.spelling import LOW
from bpkit.show.drawing import Drawing
from bpkit.show.kept_picture import TEXTS, kept, lifetimes, spelled, waiting

HIDDEN = ("sigmoid", "tanh", "relu")  # two whose slope is read from out, and one whose slope is read from net
MOST_POINTS, DEEPEST = 400, 3
NOTE = "At most {most} numbers wait at a time."


@dataclass(frozen=True)
class State:
    """A batch for a network of some depth; only the shapes of its arrays matter."""

    problem: Problem

    @property
    def most(self) -> int:
        """How many numbers wait where most do."""
        return max(waiting(*lifetimes(self.problem)))


class KeptApp(Live):
    """Controls for the points, the hidden layers and their activation; what waits for the way back, as bars and stairs.

    Layers are added like the first hidden one of the given network.
    """

    name = "kept"
    batches = True

    def settings(self) -> Mapping[str, Setting]:
        given = layered(self.problem.network, "kept app")
        self._problem = lru_cache(maxsize=64)(self._made)
        kind, points, depth = given.activations[0].name, self.problem.n_samples, len(given.sizes) - 2
        most = max(MOST_POINTS, points)
        return {
            "points": Number("points", points, 1, most, 1, whole=True, bounds=(1, most)),
            "layers": Number(
                "hidden layers", min(max(depth, 1), DEEPEST), 1, DEEPEST, 1, whole=True, bounds=(1, DEEPEST)
            ),
            "activation": Choice(
                "hidden neurons",
                kind if kind in HIDDEN else "sigmoid",
                tuple((BUILT_IN[one].written, one) for one in HIDDEN),
            ),
        }

    def page(self) -> dict[str, Any]:
        forms = {f"{depth} {kind}": self._form(depth, kind) for depth in range(1, DEEPEST + 1) for kind in HIDDEN}
        return {
            "forms": forms,
            "full": 2 * self.state.most,  # where the stairs end, so that they grow with the points
            "share": {"source": "", "names": []},
            "texts": {**TEXTS, "note": NOTE, "forward": "forward →", "backward": "backward →", "waits": "numbers"},
            "layout": {
                "groups": [("What is trained", ["points", "layers", "activation"])],
                "rows": [["kept"], ["message"]],
            },
        }

    def read(self, values: Mapping[str, Any]) -> State:
        return State(self._problem(int(values["points"]), int(values["layers"]), values["activation"]))

    def words(self, state: State) -> str:
        return kept(state.problem).caption

    def note(self, state: State) -> tuple[str, bool]:
        return NOTE.format(most=f"{state.most:,}"), False

    def drawing(self, state: State) -> Drawing:
        return kept(state.problem)

    @property
    def share(self) -> str:
        """The expression for the network: what is kept depends on nothing else but the points."""
        return f"bp.{self.state.problem.network!r}"

    def _network(self, depth: int, kind: str) -> Network:
        given = layered(self.problem.network, "kept app")
        width = given.sizes[1] if given.sizes[2:] else 2
        kinds: list[str | Activation] = [*[kind] * depth, given.activations[-1]]
        return Network(
            given.sizes[0], *[width] * depth, given.sizes[-1], activation=kinds, loss=given.loss, bias="neuron"
        )

    def _made(self, points: int, depth: int, kind: str) -> Problem:
        network = self._network(depth, kind)
        inputs, targets = (
            np.resize(table, (points, table.shape[-1])) for table in (self.problem.inputs, self.problem.targets)
        )
        return Problem(network, dict.fromkeys(network.parameters, 0.1), inputs, targets)

    def _form(self, depth: int, kind: str) -> dict[str, Any]:
        """The lines of both passes and the arrays of the first, with the columns of each."""
        problem = self._problem(1, depth, kind)
        lines, arrays = lifetimes(problem)
        return {
            "lines": [spelled(one.quantity) for one in lines],
            "turn": sum(one.role is Role.FORWARD for one in lines),
            "arrays": [
                {
                    "name": one.name,
                    "label": one.name.partition("_")[0] + one.name.rpartition("_")[2].translate(LOW),
                    "columns": one.shape[1],
                    "made": one.made,
                    "uses": one.uses,
                    "last": one.last,
                    "waits": one.waits,
                }
                for one in arrays
            ],
            "source": f"bp.{problem.network!r}",
        }
