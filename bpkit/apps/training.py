"""The whole run at once: the loss follows every slider live, Play walks along it, two runs can be compared."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import ipywidgets as widgets

from bpkit.apps.base import App, View, beside, described, numbers
from bpkit.apps.controls import Held, Number, Player
from bpkit.core.network import Network
from bpkit.core.problem import Problem
from bpkit.core.spelling import number
from bpkit.core.training import Trace, train
from bpkit.show.chart import chart
from bpkit.show.diagram import numbers_of, svg
from bpkit.show.diagram_words import words
from bpkit.show.drawing import Drawing
from bpkit.show.plots import curve_words, loss_curve

MOST_UPDATES = 10_000
WIDE = "92px"
NAMES = ("This run", "Pinned A", "Pinned B")


@dataclass(frozen=True)
class Run:
    """A problem and how often it is updated: all that a curve depends on."""

    problem: Problem
    updates: int


@dataclass(frozen=True)
class State:
    """What the training app shows; ``shown`` is the update whose weights stand on the diagram."""

    run: Run
    shown: int
    log: bool
    pinned: tuple[tuple[str, Run], ...]  # each with its name, which its colour belongs to; the oldest first
    digits: int

    @property
    def problem(self) -> Problem:
        """The problem at the start of the run."""
        return self.run.problem


def biases_words(problem: Problem) -> str:
    """What happens to the biases, in words."""
    if not problem.network.biases:
        return "no biases"
    return f"one bias per {problem.network.bias}, trained" if problem.train_biases else "biases kept"


class Training(App):
    """Sliders for every weight, bias and the learning rate; the loss curve and the trained network follow."""

    name = "training"
    batches = True
    message_lines = 2

    def controls(self) -> Mapping[str, Any]:
        problem, network = self.problem, self.problem.network
        self._train: Callable[[Problem, int], Trace] = lru_cache(maxsize=8)(train)
        policies = [("kept as they are", "kept")]
        policies += [("per layer, trained", "layer")] if network.bias == "layer" else []
        policies += [("per neuron, trained", "neuron")] if network.biases else []
        start = network.bias if problem.train_biases and network.biases else "kept"
        return {
            **numbers(problem.parameters),
            "rate": Number("learning rate", problem.learning_rate, -2, 2, 0.05, log=True, label_width=WIDE),
            "updates": Number(
                "updates", 1000, 0, 4, 0.05, log=True, whole=True, bounds=(1, MOST_UPDATES), label_width=WIDE
            ),
            "biases": widgets.Dropdown(options=policies, value=start, description="biases", **described(WIDE)),
            "log": widgets.Checkbox(description="logarithmic loss", indent=False, **described("0px", "160px")),
            "shown": Number("show update", 0, 0, 1000, 1, whole=True, bounds=(0, 1000), label_width=WIDE),
            "pinned": Held(value=()),
        }

    def views(self) -> Mapping[str, View]:
        self.play = Player(self.control["shown"], min=0, max=1000, step=10, interval=100)
        return {
            "curve": (widgets.HTML(), self._curve),
            "diagram": (widgets.HTML(), lambda state: svg(*self._network_shown(state))),
            "last": (self.control["shown"], self._last, "high"),
            "play_last": (self.play, self._last, "max"),
            "play_step": (self.play, lambda state: max(1, self._last(state) // 100), "step"),
        }

    def page(self) -> Sequence[widgets.Widget]:
        network, control = self.problem.network, self.control
        pinned = control["pinned"]
        pin = widgets.Button(description="Pin this run", tooltip="Keep this curve to compare; the last two stay")
        pin.on_click(lambda _button: setattr(pinned, "value", self._with(pinned.value, self.state.run)))
        unpin = widgets.Button(description="Remove pins", tooltip="Take the pinned curves away")
        unpin.on_click(lambda _button: setattr(pinned, "value", ()))
        self.pin, self.unpin = pin, unpin
        groups = [
            *self.group("Run", ["rate", "updates", "biases"]),
            *self.group("Weights at the start", network.weights),
            *self.group("Biases at the start", network.biases),
        ]
        walk = widgets.HBox([self.play, control["shown"]], layout={"width": "660px", "max_width": "100%"})
        compare = widgets.HBox([pin, unpin, control["log"]])
        right = widgets.VBox([self.view["curve"], walk, compare, self.view["diagram"]])
        return [beside(widgets.VBox(groups), right)]

    def read(self, values: Mapping[str, Any]) -> State:
        problem = self.problem_from(values).replace(learning_rate=values["rate"])
        run = Run(problem.with_biases(values["biases"]), int(values["updates"]))
        shown = max(0, min(int(values["shown"]), len(self._trace(run)) - 1))
        return State(run, shown, values["log"], values["pinned"], values["digits"])

    def words(self, state: State) -> str:
        network, numbers = self._network_shown(state)
        return f"{self._curve_words(state)} {words(network, numbers, digits=state.digits)}"

    def note(self, state: State) -> tuple[str, bool]:
        (_, trace), *pinned = self._traces(state).items()
        text = trace.message[0].upper() + trace.message[1:] + "."
        ends = [f" {name}: {other.message}." for name, other in pinned]
        return text + "".join(ends), trace.diverged_at is not None

    def drawing(self, state: State) -> Drawing:
        return loss_curve(self._trace(state.run), state.log)

    @staticmethod
    def _with(pinned: tuple[tuple[str, Run], ...], run: Run) -> tuple[tuple[str, Run], ...]:
        """The pinned runs and one more, in the place of the oldest where there is no other."""
        kept = pinned[-1:] if len(pinned) == len(NAMES) - 1 else pinned
        return (*kept, (next(name for name in NAMES[1:] if name not in dict(kept)), run))

    def _curve(self, state: State) -> str:
        runs = self._traces(state).items()
        losses = [(f"{name}, rate {trace.problem.learning_rate:g}", trace.loss) for name, trace in runs]
        return chart(losses, state.shown, state.log, self._curve_words(state))

    def _curve_words(self, state: State) -> str:
        """Every run in words, and the loss at the update that is shown."""
        traces, digits = self._traces(state), state.digits
        text = " ".join(
            f"{name}, {biases_words(trace.problem)}: {curve_words(trace, state.log, digits)}"
            for name, trace in traces.items()
        )
        if len(own := self._trace(state.run)):
            text += f" Shown: update {state.shown}, E_total = {number(own.loss[state.shown], digits)}."
        return text

    def _trace(self, run: Run) -> Trace:
        return self._train(run.problem, run.updates)

    def _traces(self, state: State) -> dict[str, Trace]:
        """Every run by its name, in the order of the colours."""
        runs = {NAMES[0]: state.run, **dict(state.pinned)}
        return {name: self._trace(runs[name]) for name in NAMES if name in runs}

    def _last(self, state: State) -> int:
        """The last update there is to show; a slider cannot be shorter than one step."""
        return max(1, len(self._trace(state.run)) - 1)

    def _network_shown(self, state: State) -> tuple[Network, dict[str, float]]:
        trace = self._trace(state.run)
        problem = trace.at(state.shown) if len(trace) else state.problem
        return problem.network, numbers_of(problem)
