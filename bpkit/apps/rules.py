"""Update rules side by side: one landscape, and on it the walk of gradient descent, momentum, RMSProp and Adam."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from bpkit.apps.controls import Check, Number, Setting
from bpkit.apps.live import Live
from bpkit.core import updates
from bpkit.core.errors import BpkitError, suggest
from bpkit.core.problem import Problem
from bpkit.core.spelling import PLAIN, number, readable
from bpkit.core.train import Trace, train
from bpkit.core.updates import UpdateRule
from bpkit.examples.example import Example
from bpkit.page.programs import loss_program, packed, recorded, samples, training_program
from bpkit.show.drawing import Drawing
from bpkit.show.rules_picture import (
    DEEP,
    LEAST,
    PRICED,
    SMALL,
    TALL,
    TRIES,
    along,
    first_small,
    prices,
    rules_figure,
    rules_words,
)
from bpkit.show.surface_picture import POINTS, Landscape, landscape, window_over

UPDATES = 60  # of each walk
USUAL_BETA = 0.9
ZOOM, CLOSER = 200, 5  # of the goal in a corner of the landscape: how wide it is, how many times larger
# Four that share the β of one slider, each with a colour of its own; the training app has every rule.
NAMES = {"descent": "gradient descent", "momentum": "momentum", "rmsprop": "RMSProp", "adam": "Adam"}
OPENS_WITH = ("descent", "momentum")
BETAS = {"momentum": "beta", "rmsprop": "rho", "adam": "beta1"}  # the number of each rule that the slider stands for
TEXTS = {
    "none": "Choose a rule.",
    "now": "Loss after {updates} updates: {{losses}}.",
    "once": "Loss after 1 update: {{losses}}.",
    "loss": "{{name}} {loss}",
    "ended": "{{name}} has overflowed",
    "nothing": "The loss is not finite at the start. Click on another place.",
    "small": "Over all {most} updates, first below {small} (a hundredth of the start): {{counts}}.",
    "none_small": "Over all {most} updates, none gets below {small} (a hundredth of the start).",
    "count": "{{name}} after {count}",
    "never": "{{name}} never",
    "floor": "▼ marks where a loss falls below the picture.",
    "all": "All parameters move. The landscape shows {{x}} and {{y}}, the others at their starting values.",
    "rules": "Walk with:",
    "starts": "Start (or click on the landscape):",
    "value": "{y} after {x}",
    "goal": PRICED,
    "at_goal": f"The {PRICED} (diamond) is at {{{{x}}}} = {{at_x|4}}, {{{{y}}}} = {{at_y|4}}.",
}


@dataclass(frozen=True)
class State:
    """What the app shows: the start, the rules that walk from there, and how many of their updates."""

    problem: Problem
    rules: Mapping[str, UpdateRule]  # by the names of their check boxes
    shown: int
    digits: int


class Rules(Live):
    """Check boxes for update rules; each walks on the landscape in its own colour, and its loss curve has it too.

    ``x`` and ``y`` name the parameters of the landscape, the first two if they are left out, the one along which the
    walks go further to the right. The problem's own rule says which β and which weight decay the sliders open with.
    """

    name = "rules"
    batches = True

    def __init__(self, given: Example | Problem | None = None, x: str | None = None, y: str | None = None) -> None:
        self._asked = x, y
        super().__init__(given)

    def settings(self) -> Mapping[str, Setting]:
        own, names = self.problem.update, self.problem.network.parameters
        if len(names) < 2:
            raise BpkitError(
                f"rules app: expected a network with two parameters or more, got {len(names)}; "
                "bp.apps.descent shows the loss over one"
            )
        for name in filter(None, self._asked):
            if name not in names:
                raise BpkitError(f"rules app: expected a parameter, got {name!r}{suggest(name, names)}")
        first = self._asked[0] or next(name for name in names if name != self._asked[1])
        second = self._asked[1] or next(name for name in names if name != first)
        if first == second:
            raise BpkitError(f"rules app: expected two parameters, got {first!r} twice")
        if own != updates.GradientDescent():
            self.problem, self._source = self.problem.replace(update=updates.GradientDescent()), ""
        self._train: Callable[[Problem], Trace] = lru_cache(maxsize=16)(lambda problem: train(problem, UPDATES))
        self._landscape: Callable[[Problem], Landscape] = lru_cache(maxsize=8)(
            lambda problem: landscape(problem, self.window)
        )
        beta = next((value for name, value in own.constants.items() if name in BETAS.values()), USUAL_BETA)
        # The window has room for a β as most people have it, which overshoots more.
        made = [rule for one in {beta, USUAL_BETA} for rule in _rules(OPENS_WITH, one, own.weight_decay).values()]
        traces = [trace for rule in made if len(trace := self._train(self.problem.replace(update=rule)))]
        self.x, self.y = (first, second) if any(self._asked) else along(traces, first, second)
        self.window = window_over(traces, self.x, self.y, room=0.6, tall=TALL)
        reach = max(2 * self.window.reach, *(2 * abs(self.problem.parameters[name]) for name in (self.x, self.y)))
        ends = (0, UPDATES)
        return {
            **{name: Check(NAMES[name], name in OPENS_WITH) for name in NAMES},
            "rate": Number("learning rate", self.problem.learning_rate, -2, 1, 0.01, log=True, given="learning_rate"),
            "beta": Number("β", beta, 0, 0.99, 0.01, bounds=(0, 0.999)),
            "decay": Number("weight decay", own.weight_decay, 0, 1, 0.01, bounds=(0, 100)),
            "updates": Number("updates", UPDATES, *ends, 1, whole=True, bounds=ends),
            **{name: Number(name, self.problem.parameters[name], -reach, reach) for name in (self.x, self.y)},
        }

    def page(self) -> dict[str, Any]:
        problem = self.problem
        made = {name: problem.replace(update=rule) for name, rule in _rules(NAMES, 0.5, 1.0).items()}
        (left, right, bottom, top), own = self.window.ends, problem.givens
        x, y = self._spelled
        programs = {name: training_program(one) for name, one in made.items()}
        programs |= {"train": training_program(problem), "loss": loss_program(problem)}
        derivations = {**{name: one.derivation for name, one in made.items()}, "train": problem.derivation}
        return {
            "givens": {name: value for name, value in own.items() if np.ndim(value) == 0},
            "programs": packed(programs),
            "inputs": {name: derivations.get(name, problem.derivation).program.givens for name in programs},
            "recorded": {name: recorded(one) for name, one in derivations.items()},
            "constants": {
                name: {
                    further: value
                    for further, value in one.givens.items()
                    if further not in own and np.ndim(value) == 0
                }
                for name, one in made.items()
            },
            "betas": BETAS,
            "names": NAMES,
            "samples": samples(problem),
            "points": POINTS,
            "axes": [self.x, self.y],
            "window": {"x": [left, right], "y": [bottom, top]},
            "prices": prices(problem, (self.x, self.y)),
            "least": LEAST,
            "tries": TRIES,
            "most": UPDATES,
            "deep": DEEP,
            "small": SMALL,
            "closer": CLOSER,
            "zoom": {
                "x": {"label": x},
                "y": {"label": y},
                "z": {"label": "loss E"},
                "look": "heights",
                "size": ZOOM,
                "tall": TALL,
                "small": True,
            },
            "several": len(problem.network.parameters) > 2,
            "texts": {**TEXTS, "all": TEXTS["all"].replace("{{x}}", x).replace("{{y}}", y)},
            "parts": {
                "field": {
                    "x": {"label": x},
                    "y": {"label": y},
                    "z": {"label": "loss E"},
                    "look": "heights",
                    "size": 540,
                    "tall": TALL,
                    "words": {"goal": TEXTS["at_goal"].replace("{{x}}", x).replace("{{y}}", y)},
                },
                "curve": {
                    "x": {"label": "updates", "whole": True},
                    "y": {"label": "loss E", "log": True},
                    "size": [360, 370],
                    "words": {"value": TEXTS["value"], "above": "", "below": ""},  # the message has the losses
                },
            },
            "layout": {
                "rows": [
                    ["rules", "play", "updates"],
                    ["rate", "beta", "decay"],
                    ["starts", *sorted((self.x, self.y), key=problem.network.parameters.index)],
                    ["field", "curve"],
                    ["message"],
                ],
            },
        }

    @property
    def _spelled(self) -> tuple[str, str]:
        quantities = self.problem.derivation.quantities
        return PLAIN(quantities[self.x]), PLAIN(quantities[self.y])

    def read(self, values: Mapping[str, Any]) -> State:
        beta, decay = values["beta"], values["decay"]
        problem = self.problem_from(values).replace(update=updates.Momentum(beta, weight_decay=decay))
        rules = _rules([name for name in NAMES if values[name]], beta, decay)
        return State(problem, rules, int(values["updates"]), values["digits"])

    def words(self, state: State) -> str:
        traces = {NAMES[name]: trace for name, trace in self._traces(state).items()}
        return rules_words(self._land(state), traces, state.shown, state.digits)

    def note(self, state: State) -> tuple[str, bool]:
        traces = self._traces(state)
        if not traces:
            return TEXTS["none"], False
        if not all(map(len, traces.values())):
            return TEXTS["nothing"], True
        digits, losses = state.digits, []
        for name, trace in traces.items():
            ended = len(trace) <= state.shown
            loss = "" if ended else number(float(trace.loss[state.shown]), min(digits, 3))
            losses.append(TEXTS["ended" if ended else "loss"].replace("{{name}}", NAMES[name]).format(loss=loss))
        now = TEXTS["once" if state.shown == 1 else "now"].format(updates=state.shown)
        said = [now.replace("{losses}", ", ".join(losses)), _small(traces), *_below(traces, state.shown)]
        said += [self.spec["texts"]["all"]] if self.spec["several"] else []
        return readable(" ".join(said)), any(len(trace) <= state.shown for trace in traces.values())

    def drawing(self, state: State) -> Drawing:
        traces = {NAMES[name]: trace for name, trace in self._traces(state).items()}
        colors = {title: place for place, title in enumerate(NAMES.values())}
        return rules_figure(self._land(state), traces, colors, state.shown, state.digits)

    def _traces(self, state: State) -> dict[str, Trace]:
        return {name: self._train(state.problem.replace(update=rule)) for name, rule in state.rules.items()}

    def _land(self, state: State) -> Landscape:
        """The landscape does not depend on the start, nor on how far a step goes."""
        here = dict(zip((self.x, self.y), self.window.middle, strict=True))
        return self._landscape(state.problem.replace(update=updates.GradientDescent(), learning_rate=1, **here))


def _small(traces: Mapping[str, Trace]) -> str:
    """After how many updates each rule's loss is a hundredth of the first one."""
    counts = {name: first_small(trace.loss) for name, trace in traces.items()}
    first = next(iter(traces.values())).loss[0]
    said = TEXTS["none_small" if set(counts.values()) == {None} else "small"]
    each = (
        TEXTS["never" if count is None else "count"].replace("{{name}}", NAMES[name]).format(count=count)
        for name, count in counts.items()
    )
    return said.format(small=number(float(first) / SMALL, 3), most=UPDATES).replace("{counts}", ", ".join(each))


def _below(traces: Mapping[str, Trace], shown: int) -> list[str]:
    """What the mark at the floor of the curves means, where there is one."""
    firsts = [trace.loss[0] for trace in traces.values() if trace.loss[0] > 0]
    floor = min(firsts, default=0.0) / DEEP
    return [TEXTS["floor"]] if any((trace.loss[: shown + 1] < floor).any() for trace in traces.values()) else []


def _rules(names: Iterable[str], beta: float, decay: float) -> dict[str, UpdateRule]:
    """The rules by the names of their check boxes, with these numbers.

    >>> _rules(["momentum"], beta=0.5, decay=0.0)
    {'momentum': Momentum(beta=0.5)}
    """
    made: dict[str, Callable[[], UpdateRule]] = {
        "descent": lambda: updates.GradientDescent(weight_decay=decay),
        "momentum": lambda: updates.Momentum(beta, weight_decay=decay),
        "rmsprop": lambda: updates.RMSProp(beta, weight_decay=decay),
        "adam": lambda: updates.Adam(beta, weight_decay=decay),
    }
    return {name: made[name]() for name in names}
