"""One parameter, one loss curve: the slope says which way is down, the learning rate how far a step goes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from bpkit.apps.controls import Check, Number, Setting
from bpkit.apps.live import Live, groups, rate_of
from bpkit.core.errors import BpkitError, suggest
from bpkit.core.javascript import evaluation, module, training
from bpkit.core.network import Network
from bpkit.core.problem import Problem
from bpkit.core.spelling import PLAIN, number
from bpkit.examples.example import Example
from bpkit.page.programs import packed
from bpkit.show.descent_picture import (
    NEAR,
    SIGHT,
    STEP_HEIGHT,
    Walk,
    arrived,
    curve,
    descent,
    descent_words,
    moving,
    walk,
)
from bpkit.show.drawing import Drawing
from bpkit.show.lines_table import lines_spec

MOST_STEPS = 100
MOST_LAMPS = 3
POINTS = 301  # of the curve on the page
TEXTS = {
    "ended": "At step {ended} the numbers overflow, because learning rate {rate} is too large here.",
    "nothing": "The numbers overflow before the first step. Choose another {{name}} or a smaller learning rate.",
    "outside": "{{name}} = {here} is outside the picture.",
    "left": "The steps were so long that the walk left the picture. It is now at {{name}} = {here}; choose a smaller "
    "learning rate.",
    "arrived": "You have arrived: step {count} took you to the lowest point, and the slope is nearly 0.",
    "overshot": "The last step made the loss larger, from {before} to {now}. It overshot.",
    "past": "The last step went past a lowest point, so the slope has changed its sign.",
    "tangent": "slope",
    "arrow": "next step",
    "here": "{{name}} = {here}",
    "loss": "E = {loss}",
    "slope": "slope = {slope}",
    "next": "next step = {step}",
    "moved": "change of {{name}} = {moved}",
    "grown": "change of E = {grown}",
    "lamp": "{name}: {value}",
    "wished": "should be {value}",
    "step": "Step",
    "stepTip": "One step against the slope",
}


@dataclass(frozen=True)
class State:
    """What the descent app shows: the walk from the problem's parameter, and how many steps of it."""

    problem: Problem
    walk: Walk
    step: int
    wanted: int  # the step asked for; the walk may end before it
    fog: bool
    digits: int

    @property
    def here(self) -> float:
        """The value of the parameter at the step that the page shows."""
        return float(self.walk.at[self.step])


class Descent(Live):
    """Sliders for one parameter and the learning rate; Step and Play walk down the loss curve.

    ``parameter`` names the weight or bias that moves, the first weight if it is left out; all others stay. With
    ``fog`` the app opens in fog: you see the ground near the walk, and the rest of the curve when you lift the fog.
    With ``walk=False`` there is only the curve with its slope, and what a nudge changes; no step.
    """

    name = "descent"

    def __init__(
        self, given: Example | Problem, parameter: str | None = None, fog: bool = False, walk: bool = True
    ) -> None:
        self._chosen, self._fog, self._walks = parameter, fog, walk
        super().__init__(given)

    def settings(self) -> Mapping[str, Setting]:
        problem, names = self.problem, self.problem.network.parameters
        self.parameter = names[0] if self._chosen is None else self._chosen
        if self.parameter not in names:
            raise BpkitError(
                f"descent app: expected a weight or bias, got {self.parameter!r}{suggest(self.parameter, names)}"
            )
        start = problem.parameters[self.parameter]
        reach = max(6.0, 2 * abs(start))  # stays, whatever the walk does: nothing jumps
        self._walk: Callable[[Problem], Walk] = lru_cache(maxsize=8)(
            lambda problem: walk(problem, self.parameter, MOST_STEPS)
        )
        self.curve = curve(problem, self.parameter, -reach, reach)
        ends = (0, MOST_STEPS)
        return {
            self.parameter: Number(self.parameter, start, -reach, reach),
            "rate": rate_of(problem),
            "fog": Check("fog", self._fog, tip="In fog you see only the ground near your steps"),
            "steps": Number("steps", 0, *ends, 1, whole=True, bounds=ends),
        }

    def page(self) -> dict[str, Any]:
        problem = self.problem.replace(train_biases=True)
        derivation, own = problem.derivation, self.parameter
        program, spelled = derivation.program, PLAIN(derivation.quantities[own])
        lines = lines_spec([derivation[f"{own}_new"]], "The step")
        lamps = self._lamps()
        shown = {name for row in lines["rows"] for name in row["names"]} | {one["out"] for one in lamps}
        shown -= {*program.givens}
        mine, walks = moving(problem, own), self._walks
        new = {line: old for line, old in program.new.items() if line in mine}
        recorded = [*new.values(), "E_total", f"dE_total/d{own}", f"{own}_new"]
        text = module(
            evaluation(program.steps, program.givens, sorted(shown)),
            evaluation(program.steps, program.givens, ["E_total"], name="loss"),
            training(program.steps, program.givens, new, recorded),
            functions=program.functions,
        )
        return {
            "givens": problem.givens,
            "programs": packed({"descent": text}),
            "inputs": {"descent": program.givens},
            "recorded": {"descent": recorded},
            "names": {"here": own, "slope": f"dE_total/d{own}", "next": f"{own}_new"},
            "grid": [self.curve.low, self.curve.high, POINTS],
            "heights": self.curve.heights,
            "arrow": STEP_HEIGHT if self._walks else None,
            "most": MOST_STEPS,
            "sight": SIGHT * (self.curve.high - self.curve.low),
            "near": NEAR * (self.curve.high - self.curve.low),
            "lamps": lamps,
            "parts": {
                "curve": {
                    "x": {"label": spelled},
                    "y": {"label": "loss E"},
                    "size": [812, 370],
                    "words": {
                        "value": f"E = {{y}} at {spelled} = {{x}}",
                        "marker": f"E = {{y}} at {spelled} = {{x}}",
                        "tangent": f"The slope at {spelled} = {{x}} is {{slope}}.",
                        "run": "run {run}",
                        "rise": "rise {rise}",
                        "arrow": f"The next step goes from {spelled} = {{from}} to {{to}}.",
                        "ends": f"E overflows at {spelled} = {{x}}",
                    },
                },
                "lines": lines,
            },
            "texts": {name: text.replace("{{name}}", spelled) for name, text in TEXTS.items()},
            "layout": {
                "groups": [
                    *(
                        groups(self.setting, Start=[own, "rate"], Picture=["fog"])
                        if walks
                        else groups(self.setting, Nudge=[own])
                    ),
                    *([("Output", ["lamps"])] if lamps else []),
                ],
                "rows": [["curve"], ["step", "play", "steps"], ["lines"], ["message"]]
                if walks
                else [["curve"], ["message"]],
            },
        }

    def _lamps(self) -> list[dict[str, str]]:
        """The outputs that are between 0 and 1, as lamps, if there are few."""
        network = self.problem.network
        if not isinstance(network, Network) or network.activations[-1].name not in ("sigmoid", "softmax"):
            return []
        pairs = list(zip(network.outputs, network.targets))
        return [{"name": one, "out": f"out_{one}", "target": y} for one, y in pairs if len(pairs) <= MOST_LAMPS]

    def read(self, values: Mapping[str, Any]) -> State:
        problem, wanted = self.problem_from(values), int(values["steps"])
        walked = self._walk(problem)
        step = max(0, min(wanted, len(walked.at) - 1))
        return State(problem, walked, step, wanted, values["fog"], values["digits"])

    def words(self, state: State) -> str:
        return descent_words(self.curve, state.walk, state.step, state.digits, state.fog, self._walks)

    def note(self, state: State) -> tuple[str, bool]:
        texts, walked, step = self.spec["texts"], state.walk, state.step

        def said(name: str, **numbers: float) -> str:
            return str(texts[name].format(**{key: number(value, state.digits) for key, value in numbers.items()}))

        if walked.ended_at == 0:
            return said("nothing"), True
        if walked.ended_at is not None and state.wanted >= walked.ended_at:
            return said("ended", ended=walked.ended_at, rate=state.problem.learning_rate), True
        if not self.curve.low <= state.here <= self.curve.high:
            return said("left" if step else "outside", here=state.here), True
        # In fog you find out yourself.
        if not state.fog and (count := arrived(self.curve, walked, step)):
            return said("arrived", count=count), False
        if step and (before := walked.loss[step - 1]) < (now := walked.loss[step]):
            return said("overshot", before=before, now=now), False
        if step and walked.slope[step - 1] * walked.slope[step] < 0:
            return said("past"), False
        return "", False

    def drawing(self, state: State) -> Drawing:
        return descent(self.curve, state.walk, state.step, state.digits, state.fog, self._walks)
