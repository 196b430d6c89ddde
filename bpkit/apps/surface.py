"""The loss as a landscape over any two parameters, and gradient descent walking on it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import ipywidgets as widgets

from bpkit.apps.base import App, View, beside, described, numbers
from bpkit.apps.controls import Number
from bpkit.core.errors import BpkitError
from bpkit.core.problem import Problem
from bpkit.core.training import Trace, train
from bpkit.show.drawing import Drawing
from bpkit.show.relief import relief, scene
from bpkit.show.surface import Landscape, Window, around, landscape, surface_figure, surface_words

MOST_UPDATES = 10_000
USUAL_UPDATES = 1000
WIDE = "92px"
COLUMN = "310px"  # so that sliders beside long labels have room


@dataclass(frozen=True)
class State:
    """What the surface app shows: the start, the two parameters, how much of their plane, and how many updates."""

    problem: Problem
    window: Window
    updates: int
    digits: int


class Surface(App):
    """Two parameters by choice, the loss over them as contours, and the walk from the present weights."""

    name = "surface"
    batches = True

    def controls(self) -> Mapping[str, Any]:
        problem, names = self.problem, self.problem.network.parameters
        if len(names) < 2:
            raise BpkitError(
                f"surface app: expected a network with two parameters or more, got {len(names)}; "
                "bp.apps.descent shows the loss over one"
            )
        self._train: Callable[[Problem, int], Trace] = lru_cache(maxsize=8)(train)
        self._words = lru_cache(maxsize=1)(self._sentences)  # for the picture and for the app
        self._landscape: Callable[[Problem, Window], Landscape] = lru_cache(maxsize=8)(landscape)
        self._relief: Callable[[Landscape], str] = lru_cache(maxsize=8)(relief)
        self._first = train(problem, USUAL_UPDATES)
        x, y = self._telling()
        choice = {"options": list(names), **described(WIDE, "200px")}
        return {
            "x": widgets.Dropdown(value=x, description="to the right", **choice),
            "y": widgets.Dropdown(value=y, description="upwards", **choice),
            "rate": Number("learning rate", problem.learning_rate, -2, 2, 0.05, log=True, label_width=WIDE),
            "updates": Number(
                "updates", USUAL_UPDATES, 0, 4, 0.05, log=True, whole=True, bounds=(1, MOST_UPDATES), label_width=WIDE
            ),
            "zoom": Number("zoom", 1, -1, 1, 0.1, log=True, bounds=(0.001, 1000), label_width=WIDE),
            **numbers(problem.parameters),
        }

    def _telling(self) -> tuple[str, str]:
        """The parameter that moves most, and the one of another neuron that does: their surface has most to show."""
        network, trace = self.problem.network, self._first
        names = network.parameters
        moved = {name: abs(trace[name][-1] - trace[name][0]) if len(trace) else 0 for name in names}
        leads = {name: network.weights[name][1] if name in network.weights else name for name in names}
        first, *rest = sorted(names, key=lambda name: -moved[name])
        second = next((name for name in rest if leads[name] != leads[first]), rest[0])
        x, y = sorted((first, second), key=names.index)
        return x, y

    def views(self) -> Mapping[str, View]:
        return {
            "x": (self.control["x"], lambda state: state.window.x, "value"),
            "y": (self.control["y"], lambda state: state.window.y, "value"),
            "picture": (widgets.HTML(), self._scene),
        }

    def page(self) -> Sequence[widgets.Widget]:
        groups = [
            *self.group("Surface", ["x", "y", "zoom"], COLUMN),
            *self.group("Walk", ["rate", "updates"], COLUMN),
            *self.group("Where it starts", self.problem.network.parameters, COLUMN),
        ]
        return [beside(widgets.VBox(groups), widgets.VBox([self.view["picture"]]))]

    def read(self, values: Mapping[str, Any]) -> State:
        x, y = values["x"], values["y"]
        if x == y:  # a parameter chosen for both trades places with the other one
            before = self.state.window
            x, y = (before.y, y) if before.x == y else (x, before.x if before.y == x else before.y)
        usual = around(self._first, x, y)
        window = Window(x, y, usual.middle, usual.reach / values["zoom"])
        problem = self.problem_from(values).replace(learning_rate=values["rate"])
        return State(problem, window, int(values["updates"]), values["digits"])

    def words(self, state: State) -> str:
        return self._words(state)

    def _sentences(self, state: State) -> str:
        return surface_words(self._land(state), self._trace(state), state.digits)

    def note(self, state: State) -> tuple[str, bool]:
        trace, window = self._trace(state), state.window
        walk = trace.message[0].upper() + trace.message[1:]
        if len(trace) and window.outside(trace[window.x], trace[window.y]).all():
            return f"{walk}. None of its points lies in this picture: zoom out, or start elsewhere.", True
        drawn = f"All parameters move; what is drawn is the projection onto {window.x} and {window.y}"
        return f"{walk}. {drawn}.", trace.diverged_at is not None

    def drawing(self, state: State) -> Drawing:
        return surface_figure(self._land(state), self._trace(state), state.digits)

    def _scene(self, state: State) -> str:
        still = self._relief(self._land(state))
        return scene(still, state.window, self._trace(state), self.words(state))

    def _trace(self, state: State) -> Trace:
        return self._train(state.problem, state.updates)

    def _land(self, state: State) -> Landscape:
        """The landscape depends on the other parameters alone: not on the learning rate, not on where the walk is."""
        here = dict(zip((state.window.x, state.window.y), state.window.middle, strict=True))
        return self._landscape(state.problem.replace(learning_rate=1, **here), state.window)
