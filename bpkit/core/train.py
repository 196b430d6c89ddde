"""Gradient descent on a problem: the generated loop for one sample, the matrix loop for batches and wide layers."""

from __future__ import annotations

import operator
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import cycle, islice
from struct import Struct
from typing import TYPE_CHECKING, Any

import numpy as np

from bpkit.core.errors import BpkitError, suggest
from bpkit.core.matrix_program import train_matrices
from bpkit.core.numeric import checked, loss_over, settler
from bpkit.core.runtime import Array
from bpkit.core.shown import Shown
from bpkit.core.troubles import Trouble, find_troubles

if TYPE_CHECKING:
    from bpkit.core.problem import Problem
    from bpkit.show.drawing import Drawing


# Above this many parameters arrays are faster than straight lines (measured by tests/benchmarks).
STRAIGHT_LINE_LIMIT = 128
RECORD_LIMIT = 40_000_000  # numbers; 320 MB, what a small server can spare


@dataclass(frozen=True, eq=False, repr=False)
class Trace(Shown):
    """What training recorded: the loss and every parameter before the first update and after each one.

    ``loss`` and ``trace["w1"]`` have the shape (steps + 1,), and so has what the update rule remembers
    (``trace["m_w1"]``). When the loss stops being finite the run stops: ``diverged_at`` is that update's number (else
    None) and the records end before it. ``final`` is the problem with the last parameters and state recorded.
    """

    problem: Problem
    loss: Array
    table: Array
    state: Mapping[str, Array]
    diverged_at: int | None = None

    def __len__(self) -> int:
        return len(self.loss)

    @cached_property
    def _columns(self) -> Mapping[str, Array]:
        return {**dict(zip(self.problem.network.parameters, self.table.T)), "E_total": self.loss, **self.state}

    def __getitem__(self, name: str) -> Array:
        if name not in self._columns:
            state = f", what the run remembers ({', '.join(islice(self.state, 2))}, ..)" if self.state else ""
            raise BpkitError(
                f"trace: expected a weight, a bias{state} or E_total, got {name!r}{suggest(name, self._columns)}"
            )
        return self._columns[name]

    def at(self, update: int) -> Problem:
        """The problem as it stood after so many updates.

        >>> import bpkit as bp
        >>> round(bp.train(bp.examples.article.problem, steps=3).at(2).parameters["w5"], 6)
        0.264728
        """
        if not isinstance(update, int | np.integer) or not -len(self) <= update < len(self):
            raise BpkitError(f"trace: expected an update from 0 to {len(self) - 1}, got {update!r}")
        row = dict(zip(self.problem.network.parameters, map(float, self.table[update]), strict=True))
        state = {name: float(column[update]) for name, column in self.state.items()}
        return replace(self.problem, parameters=row, state=state)

    @cached_property
    def final(self) -> Problem:
        """The problem with the last finite parameters.

        >>> import bpkit as bp
        >>> round(bp.train(bp.examples.article.problem, steps=2).final.parameters["w5"], 6)
        0.264728
        """
        return self.at(-1) if len(self) else self.problem

    @property
    def message(self) -> str:
        """The run in one sentence, and one more for each thing that is wrong with it.

        >>> import bpkit as bp
        >>> bp.train(bp.examples.article.problem, steps=2).message
        '2 updates: the loss goes from 0.233453 to 0.217404'
        """
        if self.diverged_at == 0:
            return "the loss is not finite at update 0, before anything is learnt: start with other parameters"
        if self.diverged_at is not None:
            return (
                f"the loss is no longer finite at update {self.diverged_at}: "
                f"learning rate {self.problem.learning_rate:g} is too large here"
            )
        updates = f"{len(self) - 1} update{'s' * (len(self) != 2)}"
        said = f"{updates}: the loss goes from {self.loss[0]:.6g} to {self.loss[-1]:.6g}"
        return ". ".join([said, *(trouble.sentence for trouble in self.troubles)])

    @cached_property
    def troubles(self) -> tuple[Trouble, ...]:
        """What is wrong with the run, each with the update where it began and a sentence; empty for a healthy one.

        >>> import bpkit as bp
        >>> bp.train(bp.examples.article.problem, 20).troubles
        ()
        """
        return find_troubles(self)

    def plot(self, log: bool = False) -> Drawing:
        """The loss against the number of updates, ``log`` on a logarithmic scale."""
        drawing: Drawing = self._shown("plot", log)
        return drawing

    def __repr__(self) -> str:
        return f"Trace({self.message})"


def count(steps: object, least: int = 0) -> int:
    """A number of updates, checked.

    >>> count(3)
    3
    >>> count(-1)
    Traceback (most recent call last):
    ...
    bpkit.core.errors.BpkitError: steps: expected a whole number from 0, the number of updates, got -1
    """
    try:
        number = operator.index(steps)  # type: ignore[arg-type]
    except TypeError:
        number = -1
    if number < least or isinstance(steps, bool):
        raise BpkitError(f"steps: expected a whole number from {least}, the number of updates, got {steps!r}")
    return number


def train(problem: Problem, steps: int = 1000) -> Trace:
    """Repeat forward, backward, update: all parameters at once, by the problem's update rule, over the whole batch.

    Returns a ``Trace`` with ``steps + 1`` records, fewer when the loss stops being finite; that is no error here.

    Shapes: ``trace.loss`` and ``trace["w1"]`` have (steps + 1,). Units: none; time is counted in updates.
    Errors: ``BpkitError`` for steps that are no whole number from 0 on, and for a run too long to record.
    Source: the update lines of ``derive``: parameter - learning rate * derivative.

    >>> import bpkit as bp
    >>> bp.train(bp.examples.article.problem, steps=20)
    Trace(20 updates: the loss goes from 0.233453 to 0.0982564)
    """
    program, steps = checked(problem, "train").derivation.program, count(steps)
    width, names = len(program.recorded) + 1, problem.network.parameters
    if (steps + 1) * width > RECORD_LIMIT:
        raise BpkitError(
            f"train: expected at most {RECORD_LIMIT // width - 1} updates for {len(names)} parameters, as every one is "
            f"recorded, got {steps}; train in pieces: trace.final is the problem to go on with"
        )
    rows = _records(problem, steps, width)
    # A loop of single samples knows the loss of one.
    loss = _whole_loss(problem, rows[:, : len(names)]) if _by_sample(problem) else rows[:, -1]
    finite = np.isfinite(rows).all(axis=1) & np.isfinite(loss)
    good = len(rows) if finite.all() else int(np.argmin(finite))
    return _trace(problem, rows[:good], loss[:good], None if good == steps + 1 else good)


def _trace(problem: Problem, rows: Array, loss: Array, diverged_at: int | None = None) -> Trace:
    width = len(problem.network.parameters)
    state = dict(zip(problem.state, rows[:, width:-1].T))
    if "t" in problem.state:
        state.setdefault("t", problem.state["t"] + np.arange(len(rows)))
    for array in (rows, loss, *state.values()):
        array.setflags(write=False)
    return Trace(problem, loss, rows[:, :width], state, diverged_at)


def _by_sample(problem: Problem) -> bool:
    return problem.is_batch and problem.batch == "each"


def _records(problem: Problem, steps: int, width: int) -> Array:
    """A row for each update: every parameter, what is remembered, the loss."""
    wide = not problem.is_batch and len(problem.network.parameters) > STRAIGHT_LINE_LIMIT
    if wide or (problem.is_batch and problem.batch != "each"):
        found = train_matrices(problem, steps)
        return _lines(problem, steps, width, arrays=True) if found is None else found
    rows = _lines(problem, steps, width, arrays=False)
    if len(rows) == steps + 1 or not np.isfinite(rows[-1:]).all():
        return rows
    # math refuses what leaves the floats; NumPy goes on from the last record, with infinities if it must.
    start, kept = _trace(problem, rows, rows[:, -1]).final, rows[:-1]
    return np.concatenate([kept, _lines(start, steps - len(kept), width, arrays=True)])


def _lines(problem: Problem, steps: int, width: int, arrays: bool) -> Array:
    """The straight lines, for floats or for arrays."""
    program, givens, name = problem.derivation.program, problem.givens, "train"
    records, pack = bytearray(), Struct(f"{width}d").pack  # a list of tuples takes four times the memory, and longer
    more: dict[str, Any] = {"settle__": settler(problem)} if arrays else {}
    if _by_sample(problem):
        name, table = "each", problem.rows
        more = {"settle__": np.mean} if arrays else {}  # of one sample
        more["samples__"] = islice(cycle(table[..., None] if arrays else table.tolist()), problem.next_sample, None)
        givens = {key: value for key, value in givens.items() if key not in program.data}
    if arrays:
        givens = {key: np.asarray(value, dtype=float) for key, value in givens.items()}
    run = program.function(name, arrays)
    refused = () if arrays else (ArithmeticError, ValueError)  # by math, what leaves the floats
    with np.errstate(all="ignore"), suppress(*refused):
        run(**givens, **more, steps=steps, record=records.extend, pack=pack)
    return np.frombuffer(records).reshape(-1, width)


def _whole_loss(problem: Problem, table: Array) -> Array:
    """The whole batch's loss at each row of parameters, some thousand samples at a time."""
    names, size = problem.network.parameters, max(1, 100_000 // len(problem.inputs))
    pieces = (table[start : start + size] for start in range(0, len(table), size))
    return np.concatenate([np.empty(0), *(loss_over(problem, **dict(zip(names, piece.T))) for piece in pieces)])
