"""One parameter, one loss curve: the slope says which way is down, the learning rate how far a step goes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import ipywidgets as widgets

from bpkit.apps.base import App, Picture, View, beside
from bpkit.apps.controls import Number, Player
from bpkit.core.derivation import derive
from bpkit.core.errors import BpkitError, suggest
from bpkit.core.problem import Problem
from bpkit.core.spelling import number
from bpkit.examples.example import Example
from bpkit.show.descent import DescentPlot, Walk, curve, descent, descent_words, walk
from bpkit.show.drawing import Drawing
from bpkit.show.lines import lines_html

MOST_STEPS = 100
AHEAD = 20  # so many steps are computed at once, and Play walks along them
WIDE = "92px"


@dataclass(frozen=True)
class State:
    """What the descent app shows: the walk from the problem's parameter, and how many steps of it."""

    problem: Problem
    walk: Walk
    step: int
    wanted: int  # the step asked for; the walk may end before it
    digits: int

    @property
    def here(self) -> float:
        """Where the walk stands."""
        return float(self.walk.at[self.step])


class Descent(App):
    """Sliders for one parameter and the learning rate; Step and Play walk down the loss curve.

    ``parameter`` names the weight or bias that moves, the first weight if it is left out; all others stay.
    """

    name = "descent"

    def __init__(self, given: Example | Problem, parameter: str | None = None) -> None:
        self._chosen = parameter
        super().__init__(given)

    def controls(self) -> Mapping[str, Any]:
        problem, names = self.problem, self.problem.network.parameters
        self.parameter = names[0] if self._chosen is None else self._chosen
        if self.parameter not in names:
            raise BpkitError(
                f"descent app: expected a weight or bias, got {self.parameter!r}{suggest(self.parameter, names)}"
            )
        start = problem.parameters[self.parameter]
        reach = max(6.0, 2 * abs(start))  # stays, whatever the walk does: nothing jumps
        self._walk = lru_cache(maxsize=8)(lambda problem, steps: walk(problem, self.parameter, steps))
        self.curve = curve(problem, self.parameter, -reach, reach)
        self._plot = DescentPlot(self.curve)
        ends = (0, MOST_STEPS)
        return {
            self.parameter: Number(self.parameter, start, -reach, reach, label_width=WIDE),
            "rate": Number("learning rate", problem.learning_rate, -2, 2, 0.05, log=True, label_width=WIDE),
            "steps": Number("steps", 0, *ends, 1, whole=True, bounds=ends, label_width=WIDE),
        }

    def views(self) -> Mapping[str, View]:
        self.play = Player(self.control["steps"], min=0, max=MOST_STEPS, interval=400)
        self.step = widgets.Button(description="Step", tooltip="One step against the slope", layout={"width": "80px"})
        self.step.on_click(lambda _button: self.set(steps=self.state.step + 1))
        picture = Picture(660, 340)
        return {
            "curve": (picture, lambda state: self._plot.frame(state.walk, state.step)),
            "lines": (widgets.HTML(layout={"min_height": "90px"}), self._lines),
        }

    def page(self) -> Sequence[widgets.Widget]:
        start, onward = self.group("Start", [self.parameter, "rate"]), self.group("Walk", ["steps"])
        left = widgets.VBox([*start, *onward, widgets.HBox([self.step, self.play])])
        return [beside(left, widgets.VBox(list(self.view.values())))]

    def read(self, values: Mapping[str, Any]) -> State:
        problem = self.problem_from(values).replace(learning_rate=values["rate"])
        wanted = int(values["steps"])
        walked = self._walk(problem, -(-wanted // AHEAD) * AHEAD)
        return State(problem, walked, max(0, min(wanted, len(walked.at) - 1)), wanted, values["digits"])

    def words(self, state: State) -> str:
        return descent_words(self.curve, state.walk, state.step, state.digits)

    def note(self, state: State) -> tuple[str, bool]:
        end, rate = state.walk.ended_at, f"learning rate {state.problem.learning_rate:g}"
        if end is not None and state.wanted >= end:
            return f"The walk leaves all numbers at step {end}: {rate} is too large here.", True
        if not self.curve.low <= state.here <= self.curve.high:
            return f"{self.parameter} = {number(state.here)} lies outside the picture.", True
        if state.step and (before := state.walk.loss[state.step - 1]) < (now := state.walk.loss[state.step]):
            return f"The last step made the loss larger, from {number(before)} to {number(now)}: it overshot.", False
        return "", False

    def drawing(self, state: State) -> Drawing:
        return descent(self.curve, state.walk, state.step, state.digits)

    def _lines(self, state: State) -> str:
        if not len(state.walk.at):
            return ""
        rows = derive(state.problem.network).at(state.walk.problem.replace(**{self.parameter: state.here}))
        names = ("E_total", f"dE_total/d{self.parameter}", f"{self.parameter}_new")
        return lines_html([rows[name] for name in names], rows.numbers, state.digits)
