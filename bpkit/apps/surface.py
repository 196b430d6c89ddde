"""The loss as a landscape over any two parameters, and gradient descent walking on it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import combinations
from typing import Any

import numpy as np

from bpkit.apps.controls import Check, Choice, Number, Setting
from bpkit.apps.live import RUN, Live, choice_of, groups, numbers, rate_of
from bpkit.core.errors import BpkitError, suggest
from bpkit.core.expressions import names_in
from bpkit.core.problem import Problem
from bpkit.core.spelling import number, readable, typeset
from bpkit.core.train import Trace, train
from bpkit.examples.example import Example
from bpkit.page.programs import every_line, loss_program, packed, recorded, samples, training_program
from bpkit.show.drawing import Drawing
from bpkit.show.surface_picture import POINTS, Landscape, Window, around, landscape, surface_figure, surface_words

MOST_UPDATES = 10_000
FAR_UPDATES = 1000  # where a walk is going: the picture holds that
USUAL_UPDATES = 100  # so few that their dots are seen
MOST_NAMES = 24  # parameters to choose from: those that move most
TEXTS = {
    **RUN,
    "all": "All parameters move; what is drawn is the projection onto {{x}} and {{y}}.",
    "only": "Only {{x}} and {{y}} move; all other parameters stay.",
    "outside": "None of its points is in this picture: zoom out, or start elsewhere.",
}


@dataclass(frozen=True)
class State:
    """What the surface app shows: the start, the two parameters, how much of their plane, and how many updates."""

    problem: Problem
    window: Window
    updates: int
    only: bool  # whether the other parameters stay
    digits: int


class Surface(Live):
    """Two parameters by choice, the loss over them as contours, and the walk from the present weights.

    ``x`` and ``y`` are the parameters that it opens with, ``updates`` how many steps of the walk it opens with; Play
    takes one step after the other. With ``only`` no other parameters move; without ``starts`` there are no sliders for
    the parameters at the start.
    """

    name = "surface"
    batches = True

    def __init__(
        self,
        given: Example | Problem | None = None,
        x: str | None = None,
        y: str | None = None,
        only: bool = False,
        *,
        updates: int = USUAL_UPDATES,
        starts: bool = True,
    ) -> None:
        self._opening, self._steps, self._starts = (x, y, only), updates, starts
        super().__init__(given)

    def settings(self) -> Mapping[str, Setting]:
        problem, names = self.problem, self.problem.network.parameters
        if len(names) < 2:
            raise BpkitError(
                f"surface app: expected a network with two parameters or more, got {len(names)}; "
                "bp.apps.descent shows the loss over one"
            )
        self._walk: Callable[[Problem, int, tuple[str, ...]], Trace] = lru_cache(maxsize=8)(walk)
        self._landscape: Callable[[Problem, Window], Landscape] = lru_cache(maxsize=8)(landscape)
        self._first = train(problem, FAR_UPDATES)
        (x, y), (right, up, alone) = self._telling(), self._opening
        chosen = {right, up}
        offered = (name for name in names if name in self._moving[:MOST_NAMES] or name in chosen)
        choice = choice_of(problem.network, offered)
        only = {} if problem.is_batch else {"only": Check("move only these two", alone)}
        return {
            "x": Choice("to the right", self._asked(right) or x, choice),
            "y": Choice("upwards", self._asked(up) or y, choice),
            "zoom": Number("zoom", 1, -1, 1, 0.1, log=True, bounds=(0.001, 1000)),
            "rate": rate_of(problem, (": short steps", ": long steps")),
            "updates": Number("updates", self._steps, 0, USUAL_UPDATES, 1, whole=True, bounds=(0, MOST_UPDATES)),
            **only,
            **numbers(problem.parameters),
        }

    def _asked(self, name: str | None) -> str | None:
        """A parameter that it was asked to open with, if there is one of that name."""
        if name is not None and name not in (known := self.problem.network.parameters):
            raise BpkitError(f"surface app: expected a parameter, got {name!r}{suggest(name, known)}")
        return name

    @property
    def _moving(self) -> list[str]:
        """The parameters, those that move most first."""
        trace = self._first
        moved = {n: abs(trace[n][-1] - trace[n][0]) if len(trace) else 0 for n in self.problem.network.parameters}
        return sorted(moved, key=lambda name: -moved[name])

    def _telling(self) -> tuple[str, str]:
        """The parameter that moves most, and the one of another neuron that does: their surface has most to show."""
        network = self.problem.network
        lines = {name: line.name for line in network.lines for name in names_in(line.rhs) if name in network.parameters}
        leads = {name: name if name in network.biases else lines[name] for name in network.parameters}
        first, *rest = self._moving
        second = next((name for name in rest[: MOST_NAMES - 1] if leads[name] != leads[first]), rest[0])
        x, y = sorted((first, second), key=network.parameters.index)
        return x, y

    def page(self) -> dict[str, Any]:
        problem, names = self.problem, [value for _, value in self.setting["x"].options]  # type: ignore[attr-defined]
        derivation = problem.derivation
        programs = {"train": training_program(problem), "loss": loss_program(problem)}
        windows = {f"{x} {y}": around(self._first, x, y) for x, y in combinations(names, 2)}
        if not problem.is_batch:
            programs["all"] = every_line(derivation)
        return {
            "programs": packed(programs),
            "inputs": dict.fromkeys(programs, derivation.program.givens),
            "recorded": {"train": recorded(derivation)},
            "new": derivation.program.new,
            "samples": samples(problem),
            "points": POINTS,
            "windows": {pair: [*one.middle, one.reach] for pair, one in windows.items()},
            "texts": TEXTS,
            "layout": {
                "groups": groups(
                    self.setting,
                    Surface=["x", "y", "zoom"],
                    Walk=["only"],
                    Where_it_starts=problem.network.parameters if self._starts else (),
                ),
                "rows": [["rate"], ["play", "updates"], ["field", "message"]],
            },
        }

    def settled(self, values: dict[str, Any], before: Mapping[str, Any]) -> dict[str, Any]:
        if values["x"] != values["y"]:
            return values
        # A parameter chosen for both trades places with the other one.
        if before["x"] == values["x"]:
            return {**values, "x": before["y"]}
        return {**values, "y": before["x"] if before["y"] == values["x"] else before["y"]}

    def read(self, values: Mapping[str, Any]) -> State:
        x, y = values["x"], values["y"]
        names = list(self.problem.network.parameters)
        usual = around(self._first, *sorted((x, y), key=names.index))
        middle = usual.middle if usual.x == x else usual.middle[::-1]
        window = Window(x, y, (middle[0], middle[1]), usual.reach / values["zoom"])
        return State(
            self.problem_from(values), window, int(values["updates"]), values.get("only", False), values["digits"]
        )

    def words(self, state: State) -> str:
        return surface_words(self._land(state), self._trace(state), state.digits, state.only)

    def note(self, state: State) -> tuple[str, bool]:
        trace, window = self._trace(state), state.window
        walk = readable(self._run_words(state, trace))
        if len(trace) and window.outside(trace[window.x], trace[window.y]).all():
            return f"{walk} {TEXTS['outside']}", True
        said, known = TEXTS["only" if state.only else "all"], self.problem.network.lines.quantities
        drawn = said.replace("{{x}}", typeset(window.x, known)).replace("{{y}}", typeset(window.y, known))
        return f"{walk} {drawn}", trace.diverged_at is not None

    def _run_words(self, state: State, trace: Trace) -> str:
        """What came of the run; of one in which most parameters stay, no more than where its loss goes."""
        if state.only and trace.diverged_at is None:
            first, last = (number(loss, state.digits) for loss in (trace.loss[0], trace.loss[-1]))
            return TEXTS["once" if len(trace) == 2 else "went"].format(updates=len(trace) - 1, first=first, last=last)
        return f"{trace.message[0].upper()}{trace.message[1:]}."

    def drawing(self, state: State) -> Drawing:
        return surface_figure(self._land(state), self._trace(state), state.digits, state.only)

    def _trace(self, state: State) -> Trace:
        moving = (state.window.x, state.window.y) if state.only else ()
        return self._walk(state.problem, state.updates, moving)

    def _land(self, state: State) -> Landscape:
        """The landscape depends only on the other parameters: not on the learning rate, not on where the walk is."""
        here = dict(zip((state.window.x, state.window.y), state.window.middle, strict=True))
        return self._landscape(state.problem.replace(learning_rate=1, **here), state.window)


def walk(problem: Problem, steps: int, moving: tuple[str, ...] = ()) -> Trace:
    """Train; where some parameters are named, only those move and the others stay.

    >>> import bpkit as bp
    >>> trace = walk(bp.examples.article.problem, 2, moving=("w5",))
    >>> trace["w5"].round(6).tolist(), trace["w6"].tolist()
    ([0.35, 0.307429, 0.264782], [0.2, 0.2, 0.2])
    """
    if not moving:
        return train(problem, steps)
    staying = {name: value for name, value in problem.parameters.items() if name not in moving}
    pieces, here = [train(problem, 0)], problem
    for _ in range(steps):
        one = train(here, 1)
        if one.diverged_at is not None:
            break
        here = one.final.replace(**staying)
        pieces.append(train(here, 0))
    table, loss = (np.concatenate([getattr(one, part) for one in pieces]) for part in ("table", "loss"))
    state = {name: np.concatenate([one.state[name] for one in pieces]) for name in pieces[0].state}
    return replace(pieces[0], table=table, loss=loss, state=state, diverged_at=None if len(loss) > steps else len(loss))
