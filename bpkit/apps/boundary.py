"""A decision boundary while it is learned: points of two classes, a network by choice, what each neuron sees."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import astuple, replace
from functools import cache
from typing import Any

import numpy as np

from bpkit.apps.boundary_course import OWN, Playback, Shown, course_note
from bpkit.apps.boundary_run import PACE, STEPS, Pace, Run, Setup, State, forked, mixed
from bpkit.apps.boundary_words import (
    DEEPEST,
    ENOUGH,
    FLAT,
    PERHAPS_STRAIGHT,
    TEXTS,
    WIDEST,
    YOURS,
    note,
    read_neurons,
    run_words,
    words,
)
from bpkit.apps.controls import Choice, Held, Number, Setting, Text, options
from bpkit.apps.live import Live
from bpkit.core.errors import BpkitError
from bpkit.core.functions import BUILT_IN, HIDDEN, Activation
from bpkit.core.initial import initial_parameters
from bpkit.core.javascript_matrices import layered, places
from bpkit.core.network import Network
from bpkit.core.network import layered as of_layers
from bpkit.core.problem import Problem
from bpkit.core.spelling import number
from bpkit.core.updates import GradientDescent
from bpkit.examples.data import MAKERS, DataSet, data_set
from bpkit.page.programs import packed
from bpkit.show.boundary_picture import boundary_figure, halfway
from bpkit.show.drawing import Drawing

SLICES = (1, 5, 20)  # updates in a step
SAMPLES = 200  # half of them to train on
DECAYS = (0.0, 0.0001, 0.001, 0.003, 0.01, 0.03, 0.1)
BATCHES = (0, 1, 5, 10, 20, 50)
NOISE = 0.1
SETS = ("sigmoid", "binary_cross_entropy", "neuron")  # output activation, loss and biases for the kit's own points
SETUP = ("data", "noise", "neurons", "activation", "seed")  # what makes a new run

PARTS = {
    "field": {
        "x": {"label": "x₁"},
        "y": {"label": "x₂"},
        "z": {"label": "output"},
        "look": "sides",
        "size": 222,
        "classes": ["class 0", "class 1"],
        "words": {
            "points": "{points} points are drawn, {upper} of class 1 (triangles) and the others of class 0 (circles)."
        },
    },
    "curve": {
        "x": {"label": "updates", "whole": True},
        "y": {"label": "loss", "zero": True, "growth": 10},
        "size": [506, 190],
    },
}


class Neurons(Text):
    """The neurons of each hidden layer, as text: "8, 4"."""

    def checked(self, value: Any) -> str:
        return ", ".join(map(str, read_neurons(str(value))))


class Course(Held):
    """The steps up to which a run went at another pace than now: a list of [step, updates, rate, decay, batch]."""

    def checked(self, value: Any) -> list[Any]:
        try:
            legs = [
                (int(step), Pace(int(updates), float(rate), float(decay), int(batch)))
                for step, updates, rate, decay, batch in value
            ]
        except (TypeError, ValueError):
            legs = [(0, Pace(0, 0.0, 0.0, 0))]
        ends = [0, *(step for step, _ in legs)]
        good = all(p.updates in SLICES and p.batch >= 0 and math.isfinite(p.rate + p.decay) for _, p in legs)
        if not good or ends != sorted(set(ends)) or ends[-1] > STEPS:
            raise BpkitError(f"course: expected rows of step, updates, rate, decay and batch size, got {value!r}")
        return [[step, *astuple(pace)] for step, pace in legs]


class Boundary(Live):
    """``boundary("moons")``, or another data set by its name, or a batch with two inputs and one output.

    A step makes ``updates`` updates. A new setup starts at step 0; learning rate, weight decay, mini-batches and
    updates may change on the way, and what came before keeps its own. Back at step 0 a run begins anew.

    ``boundary(batch, program=step, updates=1000)`` plays back what a program of your own does: the app calls
    ``step(x, y, W1, b1, W2, b2, learning_rate)`` so often, each time with the new arrays that it has returned. Its
    class is ``OwnBoundary``.
    """

    name = "boundary"
    batches = True

    def __new__(
        cls, given: str | Problem | None = None, *, program: Callable[..., Any] | None = None, updates: int = 0
    ) -> Boundary:
        """A boundary app, of the kind that shows a program's course if there is one."""
        made: Boundary = super().__new__(cls if program is None else OwnBoundary)
        return made

    def __init__(self, given: str | Problem) -> None:
        self._named = given if isinstance(given, str) else ""
        super().__init__(self._make(Setup(given, NOISE, (8,), "tanh", 0)) if isinstance(given, str) else given)

    def settings(self) -> Mapping[str, Setting]:
        problem, network = self.problem, self._given
        if not problem.is_batch or (network.sizes[0], network.sizes[-1]) != (2, 1):
            raise BpkitError(
                f"boundary app: expected a batch with two inputs and one output, got a {network!r} problem; "
                "write bp.apps.boundary('moons')"
            )
        hidden = network.sizes[1:-1]
        kinds = list(dict.fromkeys(one.name for one in network.activations[:-1]))
        if type(problem.update) is not GradientDescent or len(kinds) > 1 or problem.batch == "each":
            raise BpkitError(
                "boundary app: expected plain gradient descent over a whole batch, hidden layers of one activation; "
                f"got {problem.update!r}, batch={problem.batch!r} and {', '.join(kinds)}"
            )
        read_neurons(", ".join(map(str, hidden)), "boundary app: ")
        kinds = list(dict.fromkeys([*(kinds or ["tanh"]), *HIDDEN]))
        decay = problem.update.weight_decay
        names = [*MAKERS] if self._named else [YOURS, *MAKERS]
        self._untouched = Setup(self._named or names[0], NOISE, hidden, kinds[0], 0)
        self._run, self._of = Run(problem, bool(self._named)), self._untouched
        decays = sorted({*DECAYS, decay})
        batches = [(f"{size} point{'s' * (size > 1)}" if size else "all points", size) for size in BATCHES]
        return {
            "data": Choice("points", self._named or YOURS, options(*names)),
            "noise": Number(
                "noise", NOISE, 0, 0.5, 0.01, bounds=(0, 0.5), tip="How far points are from where they belong"
            ),
            "neurons": Neurons("hidden neurons", ", ".join(map(str, hidden)), "8, or 8, 4; empty: no hidden layer"),
            "activation": Choice("activation", kinds[0], tuple((self._activations[one].written, one) for one in kinds)),
            "seed": Number("start", 0, 0, 20, 1, whole=True, bounds=(0, 10**6)),
            "rate": Number("learning rate", problem.learning_rate, -2, 2, 0.05, log=True),
            "decay": Choice("weight decay", decay, tuple((number(one), one) for one in decays)),
            "batch": Choice("mini-batches of", 0, tuple(batches)),
            "updates": Choice("updates a step", 5, tuple((str(one), one) for one in SLICES)),
            "step": Number("step", 0, 0, STEPS, 1, whole=True, bounds=(0, STEPS)),
            "course": Course("course", []),
        }

    @property
    def _given(self) -> Network:
        """The network of the given problem."""
        return of_layers(self.problem.network, "boundary app")

    @property
    def _activations(self) -> dict[str, Activation]:
        """The activations of the menu and of the given network, by name."""
        return {**BUILT_IN, **{one.name: one for one in self._given.activations}}

    def page(self) -> dict[str, Any]:
        network = self._given
        return {
            "programs": packed({"sets": _sets_program(), **({} if self._named else {"own": self._own_program()})}),
            "sets": {name: _clean(name) for name in MAKERS},
            "order": mixed(SAMPLES).tolist(),
            "training": SAMPLES // 2,
            "own": None if self._named else self._own(),
            "yours": YOURS,
            "perhaps_straight": PERHAPS_STRAIGHT,
            "setup": SETUP,
            "pace": PACE,
            "limits": {"deepest": DEEPEST, "widest": WIDEST, "enough": ENOUGH, "flat": FLAT, "steps": STEPS},
            "rising": [name for name, one in self._activations.items() if one.rising],
            "outputs": {"own": (network.activations[-1].name, network.loss.name, network.bias), "sets": SETS},
            "share": {"source": "", "names": []},
            "texts": TEXTS,
            "parts": PARTS,
            "layout": {
                "groups": [
                    ("Points", ["data", "noise"]),
                    ("Network", ["neurons", "activation", "seed"]),
                    ("Training", ["rate", "decay", "batch", "updates"]),
                ],
                "rows": [["play", "step"], ["field", "curve", "message"], ["network"]],
            },
        }

    def _own_program(self) -> str:
        network = self._given
        kinds: list[str | Activation] = [*network.activations[:-1], *HIDDEN]
        return layered(self.problem.replace(update=GradientDescent(weight_decay=1.0)), hidden=kinds)

    def _own(self) -> dict[str, Any]:
        """The given problem as the page needs it: its points in the order of mini-batches, and where it starts."""
        problem = self.problem
        order = mixed(len(problem.inputs))
        place = places(self._given)
        start = [0.0] * len(place)
        for name, at in place.items():
            start[at] = problem.parameters[name]
        return {
            "rows": np.hstack([problem.inputs, problem.targets])[order].ravel().tolist(),
            "theta": start,
            "untouched": [", ".join(map(str, self._untouched.hidden)), self._untouched.activation, 0],
            "middle": halfway(problem),
            "ends": [float(problem.targets.min()), float(problem.targets.max())],
            "source": _source(problem),
            "names": [*place],
            "places": [*place.values()],
            "pace": [problem.learning_rate, self.setting["decay"].value],
        }

    def read(self, values: Mapping[str, Any]) -> State:
        setup = Setup(
            values["data"], values["noise"], read_neurons(values["neurons"]), values["activation"], int(values["seed"])
        )
        pace = Pace(int(values["updates"]), values["rate"], values["decay"], int(values["batch"]))
        course = tuple((step, Pace(*rest)) for step, *rest in values["course"])
        if setup != self._of:
            self._run, self._of = Run(self._make(setup), setup.data != YOURS), setup
        run = self._run
        step = run.at(int(values["step"]), course, pace)
        now = next((one for end, one in course if step < end), pace)
        problem = run.ends[step][0].replace(learning_rate=now.rate, update=GradientDescent(weight_decay=now.decay))
        first = course[0][1] if course else pace
        start = run.start.replace(learning_rate=first.rate, update=GradientDescent(weight_decay=first.decay))
        loss = tuple(map(float, np.concatenate(run.losses[: step + 1])))
        ended = run.ended and step == len(run.paces)
        test = None if setup.data == YOURS else _points(setup)[1]
        return State(setup, start, problem, test, step, loss, ended, course, now, values["digits"])

    def settled(self, values: dict[str, Any], before: Mapping[str, Any]) -> dict[str, Any]:
        if any(values[name] != before[name] for name in SETUP):
            # A new network has learned nothing yet, unless a step is asked for.
            step = values["step"] if values["step"] != before["step"] else 0
            return {**values, "step": step, "course": []}
        if not values["step"] and before["step"] and values["course"] == before["course"]:
            return {**values, "course": []}  # back at the start a run begins anew, at the pace that is set now
        if values["course"] == before["course"] and any(values[name] != before[name] for name in PACE):
            return {**values, "course": forked(before, min(values["step"], before["step"]))}
        return values

    def words(self, state: State) -> str:
        return words(state)

    def note(self, state: State) -> tuple[str, bool]:
        return note(state)

    def drawing(self, state: State) -> Drawing:
        return boundary_figure(state.problem, self.words(state), state.tested)

    @property
    def share(self) -> str:
        """The expression for the network that is shown, trained as far as it is; after mini-batches its numbers."""
        state, setup = self.state, self.state.setup
        legs, before = [], 0
        for end, pace in (*state.course, (state.step, state.pace)):
            if before < min(end, state.step):
                legs.append((pace, (min(end, state.step) - before) * pace.updates))
            before = end
        first = legs[0][0] if legs else state.pace
        if setup.data == YOURS:
            start = _source(self.problem)
            if replace(setup, noise=NOISE) != self._untouched:
                own = self.problem.network
                network = _network_text(setup, own.activations[-1].name, own.loss.name, own.bias)
                start += f".replace(network={network}, {_parameters(state.start)})"
            given = Pace(0, self.problem.learning_rate, self.setting["decay"].value, 0)
        else:
            rest = f"seed={setup.seed}, learning_rate={_typed(first.rate)}"
            points = f"bp.examples.data_set({setup.data!r}, {SAMPLES}, {_typed(setup.noise)}).split()[0]"
            start = f"{points}.problem({_network_text(setup, *SETS)}, {rest})"
            given = Pace(0, first.rate, 0.0, 0)
        if any(0 < pace.batch < len(state.start.inputs) for pace, _ in legs):
            return start + _change(given, state.pace, _parameters(state.problem))
        for pace, updates in legs:
            start += f"{_change(given, pace)}.updated({updates})"
            given = pace
        return start + _change(given, state.pace)

    def _make(self, setup: Setup) -> Problem:
        """The problem that a setup starts from; a given one as it is, until another network is chosen for it."""
        if setup.data == YOURS and replace(setup, noise=NOISE) == self._untouched:
            return self.problem
        sizes, kinds = (2, *setup.hidden, 1), [setup.activation] * len(setup.hidden)
        if setup.data == YOURS:
            own = self.problem.network
            network = Network(*sizes, activation=[*kinds, own.activations[-1]], loss=own.loss, bias=own.bias)
            drawn = initial_parameters(network, np.random.default_rng(setup.seed))
            return self.problem.replace(network=network, parameters=drawn)
        network = Network(*sizes, activation=[*kinds, SETS[0]], loss=SETS[1], bias=SETS[2])
        return _points(setup)[0].problem(network, seed=setup.seed, learning_rate=1.0)


class OwnBoundary(Boundary):
    """The course that a program of the learner's own took, opened at its end; ``updates`` is the control."""

    name = "own_boundary"

    def __init__(self, given: Problem, *, program: Callable[..., Any], updates: int = 1000) -> None:
        self._program, self._updates = program, updates
        super().__init__(given)

    def settings(self) -> Mapping[str, Setting]:
        super().settings()  # which refuses what the app cannot show
        self._play = Playback(self.problem, self._program, self._updates)
        last = self._play.course.updates[-1]
        return {"updates": Number("update", last, 0, max(1, last), self._play.pace, whole=True, bounds=(0, last))}

    def page(self) -> dict[str, Any]:
        return {
            "parts": PARTS,
            "share": {"source": "", "names": []},
            "programs": packed({"own": self._own_program()}),
            "middle": halfway(self.problem),
            "ends": [float(self.problem.targets.min()), float(self.problem.targets.max())],
            "yours": YOURS,
            "source": _source(self.problem),
            "texts": {**TEXTS, **OWN},
            "layout": {"rows": [["network"], ["field", "curve", "message"], ["play", "updates"]]},
            **self._play.spec(self._given),
        }

    def _own_program(self) -> str:
        return layered(self.problem, hidden=self._given.activations[:-1] or ["tanh"])

    def read(self, values: Mapping[str, Any]) -> Shown:  # type: ignore[override]
        return self._play.state(int(values["updates"]), values["digits"])

    def settled(self, values: dict[str, Any], before: Mapping[str, Any]) -> dict[str, Any]:
        return {**values, "updates": self._play.course.updates[self._play.nearest(values["updates"])]}

    def words(self, state: Shown) -> str:  # type: ignore[override]
        return run_words(state.problem, state.loss, state.updates, YOURS, state.digits)

    def note(self, state: Shown) -> tuple[str, bool]:  # type: ignore[override]
        return course_note(state)

    def drawing(self, state: Shown) -> Drawing:  # type: ignore[override]
        return boundary_figure(state.problem, self.words(state))

    @property
    def share(self) -> str:
        """The expression for the network that is shown, with its numbers."""
        return f"{_source(self.problem)}.replace({_parameters(self.state.problem)})"


@cache
def _sets_program() -> str:
    """The program of the kit's own data sets; weight decay is passed to it, so that it may change."""
    network = Network(2, 2, 1, activation=["tanh", "sigmoid"], loss="binary_cross_entropy", bias="neuron")
    problem = data_set("xor").problem(network).replace(update=GradientDescent(weight_decay=1.0))
    return layered(problem, hidden=HIDDEN)


def _clean(name: str) -> list[float]:
    """The points of a data set without noise, each with its class, in one row."""
    points = data_set(name, SAMPLES, 0.0)
    row: list[float] = np.hstack([points.inputs, points.targets]).ravel().tolist()
    return row


def _points(setup: Setup) -> tuple[DataSet, DataSet]:
    """The points to train on, and those to test."""
    return data_set(setup.data, SAMPLES, setup.noise).split(SAMPLES // 2)


def _source(problem: Problem) -> str:
    return "bp." + repr(problem).replace("Network(", "bp.Network(", 1)


def _typed(value: float) -> str:
    """A number in Python, as people type it."""
    return re.sub(r"e([-+])0", r"e\1", repr(float(value)).removesuffix(".0"))


def _network_text(setup: Setup, output: str, loss: str, bias: str) -> str:
    """A setup's network in Python."""
    kinds = [setup.activation] * len(setup.hidden) + [output]
    return (
        f"bp.Network({', '.join(map(str, (2, *setup.hidden, 1)))}, activation={kinds!r}, loss={loss!r}, bias={bias!r})"
    )


def _parameters(problem: Problem) -> str:
    pairs = (f"{name!r}: {_typed(value)}" for name, value in problem.parameters.items())
    return f"parameters={{{', '.join(pairs)}}}"


def _change(old: Pace, new: Pace, more: str = "") -> str:
    """What turns a problem of one pace into that of another, as Python; nothing where they are the same."""
    parts = [f"learning_rate={_typed(new.rate)}"] if new.rate != old.rate else []
    if new.decay != old.decay:
        rule = f"weight_decay={_typed(new.decay)}" if new.decay else ""
        parts.append(f"update=bp.updates.GradientDescent({rule})")
    parts += [more] * bool(more)
    return f".replace({', '.join(parts)})" if parts else ""
