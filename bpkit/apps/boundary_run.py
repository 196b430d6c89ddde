"""The run that the boundary app shows: step by step, at a pace that may change on the way."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bpkit.core.problem import Problem
from bpkit.core.train import train
from bpkit.core.updates import GradientDescent
from bpkit.examples.data import DataSet

STEPS = 400  # of Play, at most
PACE = ("updates", "rate", "decay", "batch")  # what may change on the way


@dataclass(frozen=True)
class Setup:
    """What the network starts from: everything that makes a new run."""

    data: str
    noise: float
    hidden: tuple[int, ...]
    activation: str
    seed: int


@dataclass(frozen=True)
class Pace:
    """How a step is made: so many updates, each with a learning rate, a weight decay, and so many points (0: all)."""

    updates: int
    rate: float
    decay: float
    batch: int


@dataclass(frozen=True)
class State:
    """A setup, the problem after so many steps of its run, and the loss on the way there.

    ``start`` and ``problem`` hold the points that are trained on, ``test`` the others, None where there are none.
    ``course`` are the steps up to which the run went at another pace than the one set now.
    """

    setup: Setup
    start: Problem
    problem: Problem
    test: DataSet | None
    step: int
    loss: tuple[float, ...]
    diverged: bool
    course: tuple[tuple[int, Pace], ...]
    pace: Pace
    digits: int

    @property
    def updates(self) -> int:
        """How often the network was updated."""
        return len(self.loss) - 1

    @property
    def tested(self) -> Problem | None:
        """The network shown, on the test points."""
        if self.test is None:
            return None
        return self.problem.replace(inputs=self.test.inputs, targets=self.test.targets)


class Run:
    """Training step by step: each goes on from the last one's problem, and all of them are kept."""

    def __init__(self, start: Problem, shuffled: bool) -> None:
        self.start = start
        count = len(start.inputs)
        # Points of one's own may be sorted by class: mini-batches take them in another order.
        self.order = np.arange(count) if shuffled else mixed(count)
        self.ends: list[tuple[Problem, int]] = [(start, 0)]  # after each step the problem, and the point that is next
        self.losses: list[NDArray[np.float64]] = [train(start, 0).loss]
        self.paces: list[Pace] = []
        self.ended = False

    def at(self, step: int, course: tuple[tuple[int, Pace], ...], pace: Pace) -> int:
        """Train as far as a step; gives the step that was reached, an earlier one where the loss left the floats."""
        wanted = [next((one for end, one in course if k < end), pace) for k in range(step)]
        same = next((k for k, (one, other) in enumerate(zip(self.paces, wanted)) if one != other), None)
        if same is not None:
            self.ended = False
            del self.ends[same + 1 :], self.losses[same + 1 :], self.paces[same:]
        for one in wanted[len(self.paces) :]:
            if self.ended:
                break
            self._step(one)
        return min(step, len(self.paces))

    def _step(self, pace: Pace) -> None:
        problem, first = self.ends[-1]
        problem = problem.replace(learning_rate=pace.rate, update=GradientDescent(weight_decay=pace.decay))
        count = len(problem.inputs)
        if not 0 < pace.batch < count:
            trace = train(problem, pace.updates)
            problem, losses, self.ended = trace.final, trace.loss[1:], trace.diverged_at is not None
        else:
            found = []
            for _ in range(pace.updates):
                rows = self.order[np.arange(first, first + pace.batch) % count]
                one = train(problem.replace(inputs=problem.inputs[rows], targets=problem.targets[rows]), 1)
                after = problem.replace(parameters=one.final.parameters)
                whole = train(after, 0)
                if one.diverged_at is not None or whole.diverged_at is not None:
                    self.ended = True
                    break
                problem, first = after, (first + pace.batch) % count
                found.append(whole.loss[0])
            losses = np.array(found)
        self.ends.append((problem, first))
        self.losses.append(losses)
        self.paces.append(pace)


def mixed(count: int) -> NDArray[np.int64]:
    """An order of so many points, always the same.

    >>> sorted(mixed(4).tolist()), mixed(4).tolist() == mixed(4).tolist()
    ([0, 1, 2, 3], True)
    """
    rng = np.random.default_rng(0)
    return rng.permutation(count)


def forked(before: Mapping[str, Any], step: int) -> list[Any]:
    """The course up to a step, of a run that goes on from there at another pace."""
    old = before["course"]
    kept = [leg for leg in old if leg[0] <= step]
    if step > (kept[-1][0] if kept else 0):
        pace = next((leg[1:] for leg in old if leg[0] > step), [before[name] for name in PACE])
        kept = [*kept, [step, *pace]]
    return kept
