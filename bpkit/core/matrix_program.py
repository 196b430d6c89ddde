"""Compiles the matrix form and runs it: predictions, gradients and training for batches and wide layers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import sympy as sp

from bpkit.core.algebra import Apart, Mean, multiplied
from bpkit.core.code import code, identifier
from bpkit.core.errors import BpkitError
from bpkit.core.expressions import MINUS, names_in, put
from bpkit.core.matrices import MatrixDerivation, MatrixStep, matrix_quantity
from bpkit.core.numeric import evaluate
from bpkit.core.program import compiled, function_text, header
from bpkit.core.quantities import Quantity, Role
from bpkit.core.runtime import Array, called
from bpkit.core.updates import STATE, before

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from bpkit.core.problem import Problem


@dataclass(frozen=True, eq=False)
class MatrixProgram:
    """The matrix form as functions of arrays. ``theta`` holds all parameters in one vector, then what a rule remembers.

    ``mean`` says that a batch's loss is the mean of its samples' losses; else it is their sum.
    """

    form: MatrixDerivation
    train_biases: bool = True
    mean: bool = True
    _made: dict[str, Callable[..., Any]] = field(default_factory=dict)

    @property
    def complete(self) -> bool:
        """Has every line a reading in matrices?"""
        return all(step.stable is not None for step in self.form)

    @cached_property
    def layout(self) -> dict[str, list[Quantity]]:
        """The numbers in ``theta``, array by array."""
        lines = self.form.derivation
        arrays: dict[str, list[Quantity]] = {}
        states = [step.quantity for step in lines.steps if step.quantity.tag == STATE]
        for one in (*map(lines.quantities.__getitem__, lines.network.parameters), *states):
            arrays.setdefault(matrix_quantity(one).name, []).append(one)
        return {key: sorted(found, key=lambda one: one.indices) for key, found in arrays.items()}

    @cached_property
    def names(self) -> list[str]:
        """The names of the numbers in ``theta``; of what is remembered those before an update."""
        found = [one for several in self.layout.values() for one in several]
        return [before(one).name if one.tag == STATE else one.name for one in found]

    def function(self, name: str) -> Callable[..., Any]:
        """``predict``, ``gradients`` or ``train``."""
        if name not in self._made:
            functions = self.form.derivation.network.functions
            arguments, body = getattr(self, f"_{name}")()
            self._made[name] = compiled(name, arguments, body, functions, arrays=True, eye=np.eye)
        return self._made[name]

    @property
    def source(self) -> str:
        """The module that these functions make."""
        lines = self.form.derivation
        if not self.complete:
            return lines.source(self.train_biases)
        parts = [function_text(name, *getattr(self, f"_{name}")()) for name in ("predict", "gradients", "train")]
        text = "\n".join(parts)
        names = called(compile(text, "", "exec"))
        imports = header(names, lines.network.functions, True) + ["from numpy import eye"] * ("eye" in names)
        what = f"# Backpropagation in matrices for {lines.network!r}; in brackets the numbers of the lines."
        return "\n".join([what, *imports, "", text])

    def _steps(self, *roles: Role) -> list[MatrixStep]:
        return [step for step in self.form if step.role in roles]

    def _start(self, steps: Iterable[MatrixStep]) -> Iterator[str]:
        """What stands before lines: the parts of theta, and what else they need."""
        used, start = {name for step in steps for name in (step.name, *names_in(step.stable))}, 0
        for key, found in self.layout.items():
            shape = tuple(map(max, zip(*(one.indices for one in found))))
            if key in used:
                yield f"{key} = theta[{start}:{start + len(found)}]" + (f".reshape{shape}" if shape[1:] else "")
            start += len(found)
        for size in sorted({int(one.args[0]) for step in steps for one in step.stable.atoms(Apart)}):
            yield f"apart_{size} = 1 - eye({size})"
        if self.mean and any(step.stable.has(Mean) for step in steps):
            yield "n = len(out_0)"

    def _assigned(self, step: MatrixStep, quick: bool = False) -> str:
        """A line as Python; an update changes its part of theta."""
        quantity, name = step.quantity, step.quantity.of.name if step.quantity.mark and step.quantity.of else step.name
        olds = {sp.Symbol(q.name): sp.Symbol(q.of.name) for q in step.names.values() if q.mark == "old" and q.of}
        side = step.quick if quick else step.stable
        whole = {} if self.mean else {one: one.args[0] for one in side.atoms(Mean)}
        expr = put(side, {**olds, **whole})
        moves, sign, rest = quantity.mark or quantity.tag == STATE, "", expr
        if moves and expr.is_Add and expr.args[0] == sp.Symbol(name):
            [rest], sign = expr.args[1:], "+"
            if rest.could_extract_minus_sign():
                rest, sign = multiplied([MINUS, rest]), "-"
        place = f"{name}[...]" if moves and not sign else identifier(name)
        return f"{place} {sign}= {code(rest, arrays=True)}  # ({step.number})"

    def _predict(self) -> tuple[list[str], list[str]]:
        steps = [step for step in self._steps(Role.FORWARD) if step.family.quantity.tag != "total"]
        body = [*self._start(steps), *map(self._assigned, steps), f"return {steps[-1].name}"]
        return ["theta", "out_0"], body

    def _gradients(self) -> tuple[list[str], list[str]]:
        steps = self._steps(Role.FORWARD, Role.SLOPE, Role.ADJOINT, Role.GRADIENT)
        found = ", ".join(identifier(step.name) for step in self._steps(Role.GRADIENT))
        body = [*self._start(steps), *map(self._assigned, steps), f"return E_total, ({found},)"]
        return ["theta", "out_0", "targets"], body

    def _train(self) -> tuple[list[str], list[str]]:
        wanted = {"E_total"}
        steps: list[MatrixStep] = []
        for step in reversed(self.form.steps):
            moves = step.role is Role.UPDATE and not step.stable.is_Symbol
            if step.name in wanted or (moves and (self.train_biases or step.family.quantity.tag != "bias")):
                wanted |= names_in(step.stable)
                steps.insert(0, step)
        forward = [step for step in steps if step.role is Role.FORWARD]
        body = [*map(self._assigned, forward), "rows[step, :-1] = theta", "rows[step, -1] = E_total"]
        body += ["if step == steps or not E_total < inf:", "    return rows[:step + 1]"]
        body += [self._assigned(step, quick=True) for step in steps if step.role is not Role.FORWARD]
        constants = self.form.derivation.update.constants
        arguments = ["theta", "out_0", "targets", "learning_rate", *constants, "steps", "rows"]
        return arguments, [*self._start(steps), "for step in range(steps + 1):", *(f"    {line}" for line in body)]


def matrix_program(problem: Problem) -> MatrixProgram:
    """The program of a problem's lines, made once for each derivation."""
    derivation, mean = problem.derivation, problem.batch != "sum"
    made = vars(derivation).setdefault("_matrix_programs", {})  # as a cached property would keep them
    if mean not in made:
        made[mean] = MatrixProgram(derivation.matrices(), derivation.train_biases, mean)
    program: MatrixProgram = made[mean]
    return program


def _theta(problem: Problem, program: MatrixProgram) -> Array:
    givens = problem.givens
    return np.array([givens[name] for name in program.names], dtype=float)


def predict(problem: Problem, inputs: ArrayLike) -> Array:
    """The outputs for a table of inputs: shape (n_samples, n_inputs) gives (n_samples, n_outputs)."""
    table = np.asarray(inputs, dtype=float)
    if table.ndim != 2 or table.shape[1] != len(problem.network.inputs):
        raise BpkitError(
            f"predict: expected a table with {len(problem.network.inputs)} columns, got shape {table.shape}; "
            "one sample is [[0.1, 0.2]]"
        )
    program = matrix_program(problem)
    with np.errstate(all="ignore"):
        out: Array = program.function("predict")(_theta(problem, program), table)
    return out


def matrix_gradient(problem: Problem) -> tuple[float, dict[str, float]]:
    """The loss and every parameter's derivative by the matrix form; by the lines where there is none."""
    program, parameters = matrix_program(problem), problem.network.parameters
    if not program.complete:
        values = evaluate(problem)
        return float(values["E_total"]), {name: float(values[f"dE_total/d{name}"]) for name in parameters}
    tables = np.atleast_2d(problem.inputs), np.atleast_2d(problem.targets)
    with np.errstate(all="ignore"):
        loss, parts = program.function("gradients")(_theta(problem, program), *tables)
    found: dict[str, float] = {}
    for step, part in zip(program._steps(Role.GRADIENT), parts, strict=True):
        names = program.layout[step.quantity.by.name] if step.quantity.by else []
        found |= {one.name: float(number) for one, number in zip(names, np.ravel(part), strict=True)}
    return float(loss), {name: found[name] for name in parameters}


def train_matrices(problem: Problem, steps: int) -> Array | None:
    """A row for each update: every parameter, what is remembered, the loss; None where lines are no matrices."""
    program = matrix_program(problem)
    if not program.complete:
        return None
    rows = np.empty((steps + 1, len(program.names) + 1))
    tables = np.atleast_2d(problem.inputs), np.atleast_2d(problem.targets)
    numbers = problem.learning_rate, *problem.update.constants.values()
    with np.errstate(all="ignore"):
        filled = program.function("train")(_theta(problem, program), *tables, *numbers, steps, rows)
    place = {name: column for column, name in enumerate(program.names)}
    records: Array = filled[:, [*(place[name] for name in problem.derivation.program.recorded), -1]]
    return records
