"""The whole run at once: the loss follows every slider live, Play walks along it, runs can be compared."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from bpkit.apps.controls import Check, Choice, Held, Number, Setting, options
from bpkit.apps.given import share
from bpkit.apps.live import RUN, Live, groups, numbers, rate_of, weights_of
from bpkit.core import updates
from bpkit.core.architecture import Architecture
from bpkit.core.functions import Activation
from bpkit.core.network import Network, layered
from bpkit.core.problem import Problem
from bpkit.core.spelling import number, readable
from bpkit.core.train import Trace, train
from bpkit.core.updates import UpdateRule
from bpkit.examples.example import Example
from bpkit.page.programs import packed, recorded, samples, training_program
from bpkit.show.diagram import numbers_of
from bpkit.show.diagram_spec import network_spec
from bpkit.show.diagram_words import words
from bpkit.show.drawing import Drawing
from bpkit.show.plots import curve_words, loss_curve

MOST_UPDATES = 10_000
USUAL_UPDATES = 100  # so few that learning rates are told apart by eye
MOST_DOTS = 120  # updates, up to which each has a dot of its own
TOO_LARGE = (8, 12, 16, 20, 40, 80, 200, 1000)  # times the learning rate: the first at which the loss overflows
MOST_WEIGHTS = 24  # of a network for which other activations and rules are offered: each is a program of its own
NAMES = ("This run", "Pinned A", "Pinned B")
KINDS = ("sigmoid", "tanh", "relu", "identity")  # few: each with each rule and each kind of bias is one of them
KEPT = ("rate", "updates", "activation", "rule", "biases")  # what a curve depends on, beside the numbers
RULES: dict[str, UpdateRule] = {one.written: one() for one in updates.RULES.values()}
TEXTS = {
    "run": "{{name}}, rate {rate}",
    **RUN,
    "ended": "The loss climbs out of the picture and overflows at update {ended}: learning rate {rate} is too large "
    "here. Each step jumps across the valley and lands higher up on the other side.",
    "presets": "Try:",
    "pin": "Pin this run",
    "pinTip": "Keep this curve to compare; the last two stay",
    "unpin": "Remove pins",
    "unpinTip": "Take the pinned curves away",
    "value": "{y} after {x}",
    "below": "It is first below {below} after update {count}.",
    "above": "It is not below {below} within these updates.",
}


@dataclass(frozen=True)
class Run:
    """A problem and how often it is updated: all that a curve depends on."""

    problem: Problem
    updates: int


@dataclass(frozen=True)
class State:
    """What the training app shows; ``shown`` is the update whose weights are on the diagram."""

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
    """What happens to the biases, in words.

    >>> import bpkit as bp
    >>> biases_words(bp.examples.article.problem)
    'biases kept'
    """
    if not problem.network.biases:
        return "no biases"
    if not problem.train_biases:
        return "biases kept"
    return f"one bias per {problem.network.bias}, trained" if problem.network.layers else "biases trained"


class Training(Live):
    """Sliders for every weight, bias and the learning rate; the loss curve and the trained network follow.

    With ``below`` it says after how many updates each run has a smaller loss than that; without ``rules`` it offers no
    update rule but the problem's own, and without ``starts`` no sliders for the weights and biases at the start.
    """

    name = "training"
    batches = True

    def __init__(
        self,
        given: Example | Problem | None = None,
        *,
        below: float | None = None,
        rules: bool = True,
        starts: bool = True,
    ) -> None:
        self._below, self._rules, self._starts = below, rules, starts
        super().__init__(given)

    def settings(self) -> Mapping[str, Setting]:
        problem, network = self.problem, self.problem.network
        self._train: Callable[[Problem, int], Trace] = lru_cache(maxsize=8)(train)
        policies = [("kept as they are", "kept")]
        policies += [("per layer, trained", "layer")] if network.bias == "layer" else []
        own = "per neuron, trained" if network.layers else "trained"
        policies += [(own, "neuron")] if network.biases else []
        start = network.bias if problem.train_biases and network.biases else "kept"
        few = len(weights_of(network)) <= MOST_WEIGHTS
        kinds = list(dict.fromkeys([self._kind, *(KINDS if few and self._plain else ())]))
        rules = list(dict.fromkeys([self._rule, *(RULES if few and self._rules else ())]))
        last = (0, USUAL_UPDATES)
        return {
            **numbers(problem.parameters),
            "rate": rate_of(problem, (": hardly moves", ": leaps")),
            "updates": Number("updates", USUAL_UPDATES, 0, 4, 0.05, log=True, whole=True, bounds=(1, MOST_UPDATES)),
            "activation": Choice("activation", kinds[0], options(*kinds))
            if network.layers
            else Held("activation", kinds[0]),
            "rule": Choice("update rule", rules[0], options(*rules)) if self._rules else Held("update rule", rules[0]),
            "biases": Choice("biases", start, tuple(policies)),
            "log": Check("logarithmic loss"),
            "shown": Number("show update", 0, *last, 1, whole=True, bounds=(0, MOST_UPDATES)),
            "pinned": Held("pinned runs", []),
        }

    @property
    def _plain(self) -> bool:
        """Whether another activation will do in all layers: the loss asks for none of its own."""
        network = self.problem.network
        return bool(network.layers) and not network.loss.needs and not network.loss.targets_in_unit_interval

    @property
    def _kind(self) -> str:
        return ", ".join(
            dict.fromkeys(one.name for one in self.problem.network.functions if isinstance(one, Activation))
        )

    @property
    def _rule(self) -> str:
        rule = self.problem.update
        return next((name for name, one in RULES.items() if one == rule), repr(rule))

    def _problem(self, problem: Problem, activation: str, rule: str, biases: str) -> Problem:
        """A problem with the choices put in."""
        if activation != self._kind:
            old = layered(problem.network, "training app")
            given: dict[str, Any] = {"loss": old.loss, "bias": old.bias, "weight_names": old.weight_of}
            problem = problem.replace(network=Network(old.sizes, activation=activation, **given))
        if rule != self._rule:
            problem = problem.replace(update=RULES[rule])
        return problem.with_biases(biases)

    def _choices(self) -> Iterator[tuple[str, str, str]]:
        for activation in getattr(self.setting["activation"], "options", [("", self._kind)]):
            for rule in getattr(self.setting["rule"], "options", [("", self._rule)]):
                for biases in self.setting["biases"].options:  # type: ignore[attr-defined]
                    yield activation[1], rule[1], biases[1]

    def page(self) -> dict[str, Any]:
        network = self.problem.network
        made = {" ".join(one): self._problem(self.problem, *one) for one in self._choices()}
        policies = [value for _, value in self.setting["biases"].options]  # type: ignore[attr-defined]
        networks = {one: self.problem.with_biases(one).network for one in policies}
        return {
            "programs": packed({name: training_program(one) for name, one in made.items()}),
            "inputs": {name: one.derivation.program.givens for name, one in made.items()},
            "samples": samples(self.problem),
            "recorded": {name: recorded(one.derivation) for name, one in made.items()},
            "constants": {name: self._further(one) for name, one in made.items()},
            "sources": {
                name: share(self._source, self.problem, one) for name, one in made.items() if one != self.problem
            },
            # A bias of a neuron starts where its layer's bias is.
            "starts": {
                policy: {own: network.bias_of[fed[0]] if fed else own for own, fed in one.biases.items()}
                for policy, one in networks.items()
            },
            "presets": self._presets(),
            "dotted": MOST_DOTS,
            "below": self._below,
            "kept": [*KEPT, *(name for name in self.problem.parameters if name in self.setting)],
            "parts": {
                "curve": {
                    "x": {"label": "updates", "whole": True},
                    "y": {"label": "loss E", "zero": True, "growth": 10},
                    "size": [812, 190],
                    "words": {"value": TEXTS["value"]},
                },
                "networks": {policy: network_spec(one) for policy, one in networks.items()},
            },
            "texts": {**TEXTS, "this": NAMES[0], "pins": NAMES[1:]},
            "layout": {
                "groups": [
                    *groups(
                        self.setting,
                        Run=["updates", *self._offered, "log"],
                    ),
                    ("Compare", ["pins"]),
                    *groups(
                        self.setting,
                        Weights_at_the_start=weights_of(network) if self._starts else (),
                        Biases_at_the_start=network.biases if self._starts else (),
                    ),
                ],
                "rows": [["rate"], ["presets"], ["curve"], ["play", "shown"], ["message"], ["network"]],
            },
        }

    @property
    def _offered(self) -> list[str]:
        """The choices of a run that there is a control for."""
        return [one for one in ("activation", "rule", "biases") if isinstance(self.setting[one], Choice)]

    def _presets(self) -> list[dict[str, Any]]:
        """Runs to start from, each at a press: a tenth of the learning rate, ten times as much, and too much."""
        rate = self.problem.learning_rate
        own = {"activation": self._kind, "rule": self._rule, "log": False}
        found = [
            {"label": f"{word}: {number(times * rate)}", "values": {**own, "rate": times * rate}}
            for word, times in (("timid", 0.1), ("as given", 1.0), ("bold", 10.0))
        ]
        if too_large := self._too_large():
            kind, large = too_large
            how = "" if kind == self._kind else ", out = net"
            found.append(
                {
                    "label": f"too large: {number(large)}{how}",
                    "values": {**own, "activation": kind, "rate": large, "log": True},
                }
            )
        return found

    def _too_large(self) -> tuple[str, float] | None:
        """An activation, the network's own if it can be, and a learning rate with which the loss overflows."""
        if self.problem.is_batch or len(weights_of(self.problem.network)) > MOST_WEIGHTS:
            return None
        kinds = [value for _, value in getattr(self.setting["activation"], "options", [("", self._kind)])]
        biases = self.setting["biases"].value
        for kind in (one for one in (self._kind, "identity") if one in kinds):
            problem = self._problem(self.problem, kind, self._rule, biases)
            for times in TOO_LARGE:
                large = times * problem.learning_rate
                if self._train(problem.replace(learning_rate=large), USUAL_UPDATES).diverged_at:
                    return kind, large
        return None

    def _further(self, problem: Problem) -> dict[str, float]:
        """The numbers that a problem has beyond those of the app's own, such as what its update rule remembers."""
        own = self.problem.givens
        return {name: value for name, value in problem.givens.items() if name not in own and np.ndim(value) == 0}

    def read(self, values: Mapping[str, Any]) -> State:
        run = self._run(values)
        shown = max(0, min(int(values["shown"]), len(self._trace(run)) - 1))
        pinned = tuple((name, self._run({**values, **kept})) for name, kept in values["pinned"])
        return State(run, shown, values["log"], pinned, values["digits"])

    def _run(self, values: Mapping[str, Any]) -> Run:
        problem = self._problem(self.problem_from(values), values["activation"], values["rule"], values["biases"])
        return Run(problem, int(values["updates"]))

    def words(self, state: State) -> str:
        network, numbers = self._network_shown(state)
        return f"{self._curve_words(state)} {words(network, numbers, digits=state.digits)}"

    def note(self, state: State) -> tuple[str, bool]:
        (_, trace), *pinned = self._traces(state).items()
        text = trace.message[0].upper() + trace.message[1:] + "."
        ends = [f" {name}: {other.message}.{self._count(other)}" for name, other in pinned]
        return readable(text + self._count(trace) + "".join(ends)), trace.diverged_at is not None

    def _count(self, trace: Trace) -> str:
        """After how many updates the loss is small enough, where that was asked for."""
        if self._below is None or trace.diverged_at is not None:
            return ""
        small = trace.loss < self._below
        count = int(small.argmax())
        text = TEXTS["below" if small.any() else "above"]
        return f" {text.format(below=number(self._below), count=count)}"

    def drawing(self, state: State) -> Drawing:
        return loss_curve(self._trace(state.run), state.log)

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

    def _network_shown(self, state: State) -> tuple[Architecture, dict[str, float]]:
        trace = self._trace(state.run)
        problem = trace.at(state.shown) if len(trace) else state.problem
        return problem.network, numbers_of(problem)
