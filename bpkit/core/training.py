"""Gradient descent on a problem: the generated loop for one sample, the matrix loop for batches and wide layers."""

from __future__ import annotations

import operator
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cached_property
from struct import Struct
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from bpkit.core.errors import BpkitError, suggest
from bpkit.core.matrix_run import train_matrices
from bpkit.core.numeric import single
from bpkit.core.problem import Problem
from bpkit.core.program import compiled

if TYPE_CHECKING:
    from bpkit.show.drawing import Drawing

Array = NDArray[np.float64]

# Above this many parameters arrays are faster than straight lines (measured by tests/benchmarks).
STRAIGHT_LINE_LIMIT = 128
RECORD_LIMIT = 40_000_000  # numbers; 320 MB, what a small server can spare


@dataclass(frozen=True, eq=False, repr=False)
class Trace:
    """What training recorded: the loss and every parameter before the first update and after each one.

    ``loss`` and ``trace["w1"]`` have the shape (steps + 1,). When the loss stops being finite the run stops:
    ``diverged_at`` is that update's number (else None) and the records end before it. ``final`` is the problem with
    the last parameters recorded.
    """

    problem: Problem
    loss: Array
    table: Array
    diverged_at: int | None = None

    def __len__(self) -> int:
        return len(self.loss)

    def __getitem__(self, name: str) -> Array:
        names = self.problem.network.parameters
        if name == "E_total":
            return self.loss
        if name not in names:
            raise BpkitError(f"trace: expected a weight, a bias or E_total, got {name!r}{suggest(name, names)}")
        return self.table[:, names.index(name)]

    def at(self, update: int) -> Problem:
        """The problem as it stood after so many updates."""
        if not -len(self) <= update < len(self):
            raise BpkitError(f"trace: expected an update from 0 to {len(self) - 1}, got {update}")
        row = dict(zip(self.problem.network.parameters, map(float, self.table[update]), strict=True))
        return replace(self.problem, parameters=row)

    @cached_property
    def final(self) -> Problem:
        """The problem with the last finite parameters."""
        return self.at(-1) if len(self) else self.problem

    @property
    def message(self) -> str:
        """The run in one sentence."""
        if self.diverged_at == 0:
            return "the loss is not finite at update 0, before anything is learnt: start with other parameters"
        if self.diverged_at is not None:
            return (
                f"the loss is no longer finite at update {self.diverged_at}: "
                f"learning rate {self.problem.learning_rate:g} is too large here"
            )
        updates = f"{len(self) - 1} update{'s' * (len(self) != 2)}"
        return f"{updates}: the loss goes from {self.loss[0]:.6g} to {self.loss[-1]:.6g}"

    def plot(self, log: bool = False) -> Drawing:
        """The loss against the number of updates."""
        from bpkit.show.plots import loss_curve

        return loss_curve(self, log=log)

    def __repr__(self) -> str:
        return f"Trace({self.message})"


def count(steps: object, least: int = 0) -> int:
    """A number of updates, checked."""
    try:
        number = operator.index(steps)  # type: ignore[arg-type]
    except TypeError:
        number = -1
    if number < least or isinstance(steps, bool):
        raise BpkitError(f"steps: expected a whole number from {least}, the number of updates, got {steps!r}")
    return number


def train(problem: Problem, steps: int = 1000) -> Trace:
    """Repeat forward, backward, update: plain gradient descent, all parameters at once, over the whole batch.

    Returns a ``Trace`` with ``steps + 1`` records, fewer when the loss stops being finite; that is no error here.

    Shapes: ``trace.loss`` and ``trace["w1"]`` have (steps + 1,). Units: none; time is counted in updates.
    Errors: ``BpkitError`` for steps that are no whole number from 0 on, and for a run too long to record.
    Source: the update lines of ``derive``: parameter - learning rate * derivative.

    >>> import bpkit as bp
    >>> bp.train(bp.examples.article.problem, steps=20)
    Trace(20 updates: the loss goes from 0.233453 to 0.0982564)
    """
    if not isinstance(problem, Problem):
        single(problem, "train")
    steps = count(steps)
    width = len(problem.network.parameters) + 1
    if (steps + 1) * width > RECORD_LIMIT:
        raise BpkitError(
            f"train: expected at most {RECORD_LIMIT // width - 1} updates for {width - 1} parameters, as every one is "
            f"recorded, got {steps}; train in pieces: trace.final is the problem to go on with"
        )
    if problem.is_batch or len(problem.network.parameters) > STRAIGHT_LINE_LIMIT:
        rows = train_matrices(problem, steps)
    else:
        rows = _straight_lines(problem, steps)
    finite = np.isfinite(rows).all(axis=1)
    good = len(rows) if finite.all() else int(np.argmin(finite))
    kept = rows[:good]
    kept.setflags(write=False)
    return Trace(problem, kept[:, -1], kept[:, :-1], None if good == steps + 1 else good)


def _straight_lines(problem: Problem, steps: int) -> Array:
    width = len(problem.network.parameters) + 1
    records, pack = bytearray(), Struct(f"{width}d").pack  # a list of tuples takes four times the memory, and longer
    run: Any = compiled(problem.network, problem.train_biases, False, "train")
    with suppress(ArithmeticError, ValueError):
        run(**problem.givens, steps=steps, record=lambda *row: records.extend(pack(*row)))
        return np.frombuffer(records).reshape(-1, width)
    rows = np.frombuffer(records).reshape(-1, width)
    # math refuses what leaves the floats; NumPy goes on from the last record, with infinities if it must.
    done = max(len(rows) - 1, 0)
    names = problem.network.parameters
    start = problem.replace(parameters=dict(zip(names, rows[done]))) if len(rows) else problem
    return np.concatenate([rows[:done], train_matrices(start, steps - done)])
