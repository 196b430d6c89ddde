"""The boundary app with a program of the learner's own: the course that it took, played back step by step."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from bpkit.apps.boundary_words import TEXTS
from bpkit.core.arrays import from_arrays
from bpkit.core.errors import BpkitError
from bpkit.core.javascript_matrices import places
from bpkit.core.network import Network
from bpkit.core.problem import Problem
from bpkit.core.spelling import number
from bpkit.core.train import train
from bpkit.mistakes.programs.outcome import PARAMETERS
from bpkit.mistakes.programs.review import review
from bpkit.mistakes.programs.source import gaps_in
from bpkit.mistakes.programs.telling import gaps_message
from bpkit.show.boundary_picture import right

if TYPE_CHECKING:
    from numpy.typing import NDArray

SHOWN = 200  # steps at most; of a longer course every so many updates are one step
DIGITS = 10  # of the numbers that a page keeps
ALIKE = 1e-7  # how far two losses may differ and be the same: a page keeps fewer digits than a float has
OWN = {
    "same": "The derivation, trained as often, has the same loss.",
    "other": "The derivation, trained as often, has the loss {expected}. Your program computes something else: "
    "bp.review says what.",
    "waits": "Your program has not run yet. {why}",
    "nothing": "Your program returned nothing. Let it end with return {arrays}.",
    "shapes": "Your program returned arrays of the shapes {came}; {arrays} have the shapes {wanted}.",
    "stopped": "Your program stopped in update {update} with {kind}: {why}. bp.review says in which line.",
    "found": "Your program stopped in update {update}. {why}",
    "infinite": "After update {update} the numbers of your program are not finite any more. Is a sign wrong, or the "
    "learning rate of {rate} too large?",
}


@dataclass(frozen=True)
class Course:
    """Where a program went: ``parameters`` after each number of ``updates``, and ``trouble`` if it got no further."""

    parameters: tuple[Mapping[str, float], ...]
    updates: tuple[int, ...]
    trouble: str = ""


@dataclass(frozen=True)
class Shown:
    """A step of a course: the network there, the losses up to it, the loss of the derivation after as many updates."""

    problem: Problem
    step: int
    updates: int
    loss: tuple[float, ...]
    expected: float | None
    trouble: str
    digits: int

    @property
    def agrees(self) -> bool:
        """Has the derivation the same loss?"""
        return self.expected is not None and abs(self.loss[-1] - self.expected) <= ALIKE * abs(self.expected)


def course_of(problem: Problem, program: Callable[..., Any], updates: int) -> Course:
    """Let a program make so many updates: it gets x, y, the arrays and the learning rate, and returns new arrays.

    What goes wrong on the way is said in the course's trouble and ends it; nothing is raised.
    """
    given = problem.arrays("x @ W")
    start = Course((problem.parameters,), (0,))
    if gaps := gaps_in(program):
        said = gaps_message(gaps, getattr(program, "__name__", ""), False)
        why = re.sub(r"`([^`]*)`", r"“\1”", said)  # an app shows plain text
        return Course(start.parameters, start.updates, OWN["waits"].format(why=why))
    pace = max(1, -(-updates // SHOWN))
    arrays: Sequence[NDArray[np.float64]] = [*given.values()]
    found, at, trouble = [problem.parameters], [0], ""
    with np.errstate(all="ignore"):
        for update in range(1, updates + 1):
            arrays, trouble = _updated(problem, program, given, arrays, update)
            if trouble:
                trouble = _reviewed(problem, program, update) or trouble
                break
            if update % pace == 0 or update == updates:
                found.append(_rounded(from_arrays(problem.network, [*arrays])))
                at.append(update)
    return Course(tuple(found), tuple(at), trouble)


def _updated(
    problem: Problem,
    program: Callable[..., Any],
    given: Mapping[str, NDArray[np.float64]],
    arrays: Sequence[NDArray[np.float64]],
    update: int,
) -> tuple[list[NDArray[np.float64]], str]:
    """The arrays after one update, or what is wrong; the program gets copies, which it may change."""
    names, wanted = ", ".join(given), [one.shape for one in given.values()]
    rate, own = problem.learning_rate, [one.copy() for one in arrays]
    try:
        made = program(problem.inputs.copy(), problem.targets.copy(), *own, rate)
    except Exception as error:  # whatever a learner's program raises is to be commented on
        return [], OWN["stopped"].format(update=update, kind=type(error).__name__, why=str(error)[:120])
    if made is None and not all(map(np.array_equal, own, arrays)):
        made = own  # changed in place, as W1 -= .. does
    if made is None:
        return [], OWN["nothing"].format(arrays=names)
    try:
        new = [np.array(one, dtype=float) for one in made]
    except (TypeError, ValueError):
        new = []
    if (came := [one.shape for one in new]) != wanted:
        return [], OWN["shapes"].format(came=_listed(came), arrays=names, wanted=_listed(wanted))
    if not all(np.isfinite(one).all() for one in new):
        return [], OWN["infinite"].format(update=update, rate=number(rate))
    return new, ""


def _reviewed(problem: Problem, program: Callable[..., Any], update: int) -> str:
    """What a review says of a program that stopped: it knows the line, and the function that the line is in."""
    with contextlib.suppress(BpkitError):
        found = review(program, problem.network, returns=PARAMETERS, batch=problem.batch)
        if found.verdict == "error":
            said = re.sub(r"`([^`]*)`", r"“\1”", found.message)
            return OWN["found"].format(update=update, why=said)
    return ""


def _listed(shapes: Sequence[tuple[int, ...]]) -> str:
    return ", ".join(map(str, shapes)) or "that I cannot read"


def _rounded(parameters: Mapping[str, float]) -> dict[str, float]:
    """As a page keeps them, so that the kernel shows the same."""
    return {name: float(f"{value:.{DIGITS}g}") for name, value in parameters.items()}


class Playback:
    """A course with the losses on it, and those of the derivation after as many updates."""

    def __init__(self, problem: Problem, program: Callable[..., Any], updates: int) -> None:
        if not callable(program) or not isinstance(updates, int) or updates < 1:
            raise BpkitError(
                f"boundary app: expected program=step, a function, and a number of updates, got {program!r} and "
                f"{updates!r}"
            )
        self.problem, self.course = problem, course_of(problem, program, updates)
        self.losses = [float(train(self._at(step), 0).loss[0]) for step in range(len(self.course.updates))]
        right = train(problem, self.course.updates[-1]).loss
        self.expected = [float(right[one]) if one < len(right) else None for one in self.course.updates]

    @property
    def pace(self) -> int:
        """How many updates there are from one step to the next."""
        return self.course.updates[1] if len(self.course.updates) > 1 else 1

    def nearest(self, update: float) -> int:
        """The step that is nearest to an update."""
        updates = self.course.updates
        return min(range(len(updates)), key=lambda step: abs(updates[step] - update))

    def _at(self, step: int) -> Problem:
        return self.problem.replace(parameters=self.course.parameters[step])

    def state(self, update: float, digits: int) -> Shown:
        """What is shown after so many updates, or at the step nearest to them."""
        step, course = self.nearest(update), self.course
        loss = tuple(self.losses[: step + 1])
        return Shown(self._at(step), step, course.updates[step], loss, self.expected[step], course.trouble, digits)

    def spec(self, network: Network) -> dict[str, Any]:
        """What the page needs of it."""
        problem, place = self.problem, places(network)
        rows = [[0.0] * len(place) for _ in self.course.parameters]
        for row, parameters in zip(rows, self.course.parameters):
            for name, at in place.items():
                row[at] = parameters[name]
        return {
            "sizes": [*network.sizes],
            "hidden": network.activations[0].name,
            "rows": np.hstack([problem.inputs, problem.targets]).ravel().tolist(),
            "course": rows,
            "updates": [*self.course.updates],
            "pace": self.pace,
            "expected": self.expected,
            "alike": ALIKE,
            "trouble": self.course.trouble,
            "names": [*place],
            "places": [*place.values()],
        }


def course_note(state: Shown) -> tuple[str, bool]:
    """How far the program came, and whether that is a warning."""
    holes = {"updates": state.updates, "loss": number(state.loss[-1], state.digits), "tested": ""}
    good = TEXTS["right"].format(right=right(state.problem), count=len(state.problem.inputs))
    said = f"{TEXTS['one' if state.updates == 1 else 'many'].format(**holes)} {good}"
    if state.trouble:
        return f"{state.trouble} {said}" if state.updates else state.trouble, True
    if state.expected is None or not state.updates:
        return said, False
    other = OWN["other"].format(expected=number(state.expected, state.digits))
    return f"{said} {OWN['same'] if state.agrees else other}", not state.agrees
