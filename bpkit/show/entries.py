"""One entry of a matrix line, in numbers: the row and the column that it comes from, and what a single neuron's lines
make of it.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
import sympy as sp

from bpkit.core.algebra import Columns, Product, Transposed, matrix_quantity
from bpkit.core.errors import BpkitError
from bpkit.core.expressions import names_in, put
from bpkit.core.matrices import MatrixDerivation, MatrixStep
from bpkit.core.numeric import canonical, evaluate
from bpkit.core.problem import Problem
from bpkit.core.quantities import Quantity, Role
from bpkit.core.runtime import Array
from bpkit.core.spelling import bracketed, expr_latex, expr_text, filled, form, number, number_latex
from bpkit.core.text import environment

DIGITS = 3
WIDE = 6  # so many ends of matrices leave a line at its usual size
ROLES = (Role.FORWARD, Role.ADJOINT, Role.GRADIENT)
_ARRAY = re.compile(r"@(\w+)@(\^\{\\top\})?")


@dataclass(frozen=True, repr=False)
class Entry:
    """A line of matrices, the same line with numbers, and one entry written out."""

    rows: tuple[str, ...]  # LaTeX
    words: str

    def _repr_latex_(self) -> str:
        return environment(self.rows)

    def __repr__(self) -> str:
        return self.words


def entry(problem: Problem, name: str, point: int = 1) -> Entry:
    """Where a number is in the matrix lines of a batch, and how it is computed: ``entry(batch, "net_h1", 2)``.

    A delta is the derivative of its own point's loss, E₁ at point 1. The derivative with respect to a parameter is the
    mean (or the sum) of such derivatives over all points, so there ``point`` says nothing. Errors: ``BpkitError`` for
    a quantity that is no entry of a matrix line, and for a point that the batch does not have.
    """
    name, lines = canonical(name), problem.derivation.matrices()
    if not 1 <= point <= problem.n_samples:
        raise BpkitError(f"entry: expected a point from 1 to {problem.n_samples}, got {point}")
    found = [s for s in lines if s.role in ROLES and s.rhs is not None and name in {one.name for one in s.family.steps}]
    if not found or name == "E_total":
        raise BpkitError(f"entry: expected a net, an output, a delta or a weight's derivative, got {name!r}")
    step, quantity = found[0], problem.derivation[name].quantity
    arrays = _arrays(problem, step)
    place = tuple(index - 1 for index in quantity.indices)
    whole = step.role is Role.GRADIENT  # of all points
    row, column = (0, *place)[-2:] if whole else (point - 1, place[0])
    ways = _ways(step)

    def table(match: re.Match[str]) -> str:
        array = arrays[match[1]].T if match[2] else arrays[match[1]]
        lit, way = np.zeros(array.shape, bool), ways.get(match[1], "")
        lit[slice(None) if way == "column" else row % len(array), slice(None) if way == "row" else column] = True
        return _table(array, lit)

    side = filled(form(step.rhs, r" \circ "), "@{}@".format)
    symbols_of = _ARRAY.sub(lambda one: f"{step.names[one[1]].latex}{one[2] or ''}", side)
    own = np.zeros(arrays[step.name].shape, bool)
    own[row, column] = True
    numbers = _ARRAY.sub(table, side).replace("/ n", f"/ {problem.n_samples}")
    of = "" if whole else rf"\ (\text{{point {point}}})"
    expr = _written(problem, lines, name)
    names = _of_one_loss(problem.derivation.quantities, "i" if whole else str(point))
    plain_names = {n: one.name for n, one in names.items()}
    left = quantity if whole else names[name]
    each = [problem.sample(k) for k in (range(problem.n_samples) if whole else [point - 1])]
    filled_in = [{n: (one.givens | {**evaluate(one)})[n] for n in names_in(expr)} for one in each]
    result = arrays[step.name][row, column]

    def spelled(spell: Callable[..., str], spell_number: Callable[..., str]) -> list[str]:
        words = [{n: bracketed(spell_number(value, DIGITS)) for n, value in one.items()} for one in filled_in]
        return [spell(expr, numbers=one) for one in words]

    worked = spelled(partial(expr_latex, names=names), number_latex)
    plain = spelled(expr_text, number)
    kind = problem.derivation.batch  # what the loss of the batch is of its points' losses: mean or sum
    around = [rf"\text{{the {kind} of }} ", r" \text{ over the points } i"] if whole else ["", ""]
    mean = [rf"\tfrac{{1}}{{{len(each)}}} \left(", r"\right)"] if whole and kind == "mean" else ["", ""]
    small = r"\small" if numbers.count("pmatrix") > WIDE else ""  # a long line has to fit on the page
    rows = (
        f"{step.quantity.latex} &= {symbols_of}",
        f"{{{small}{_table(arrays[step.name], own)}}} &= {{{small}{numbers}}}",
        f"{left.latex}{of} &= {around[0]}{expr_latex(expr, names)}{around[1]}",
        f"&= {mean[0]}{' + '.join(worked)}{mean[1]} = {number_latex(result, DIGITS)}",
    )
    said = f"{kind} of {' and '.join(plain)}" if whole else plain[0]
    where, over = (f"{name}: {kind} of", " over the points i") if whole else (f"{left.name} of point {point} =", "")
    return Entry(rows, f"{where} {expr_text(expr, plain_names)}{over} = {said} = {number(result, DIGITS)}")


def _of_one_loss(names: Mapping[str, Quantity], point: str) -> dict[str, Quantity]:
    """The quantities, the derivatives among them those of one point's own loss: ∂E₁ where the batch has ∂E."""
    loss = Quantity("E", place=point)
    total = {name for name, one in names.items() if one.by and one.of and one.of.tag == "total"}
    return {name: replace(one, of=loss) if name in total else one for name, one in names.items()}


def _table(array: Array, lit: Array) -> str:
    r"""An array as LaTeX, some of its entries in boxes.

    >>> _table(np.array([[1.0, 0.5]]), np.array([[True, False]]))
    '\\begin{pmatrix} \\boxed{1} & 0.5 \\end{pmatrix}'
    """
    rows = (
        " & ".join(rf"\boxed{{{text}}}" if on else text for text, on in zip(texts, row))
        for texts, row in zip([[number_latex(one, DIGITS) for one in row] for row in array], lit)
    )
    return r"\begin{pmatrix} " + r" \\ ".join(rows) + r" \end{pmatrix}"


def _ways(step: MatrixStep) -> dict[str, str]:
    """Which arrays of a line give a whole row or column to an entry; all others give one number."""
    ways = {}
    for one in step.rhs.atoms(Product):
        for part, way in zip(one.args, ("row", "column")):
            ways[(part.args[0] if isinstance(part, Transposed) else part).name] = way
    return ways | {one.args[0].name: "column" for one in step.rhs.atoms(Columns)}


def _arrays(problem: Problem, step: MatrixStep) -> dict[str, Array]:
    """The arrays of a matrix line with their numbers, a row for each point where it has one."""
    numbers, found = {**problem.givens, **evaluate(problem)}, defaultdict[str, dict[tuple[int, ...], Any]](dict)
    for name, quantity in problem.derivation.quantities.items():
        array = matrix_quantity(quantity).name
        if array == step.name or array in names_in(step.rhs):
            found[array][quantity.indices] = numbers[name]
    return {name: _filled(parts) for name, parts in found.items()}


def _filled(parts: Mapping[tuple[int, ...], Any]) -> Array:
    """An array from its entries: matrices by row and column, columns of a batch, or one row.

    >>> _filled({(1, 1): 5, (1, 2): 6, (2, 1): 7, (2, 2): 8}).tolist(), _filled({(1,): 5, (2,): 6}).tolist()
    ([[5, 6], [7, 8]], [[5, 6]])
    """
    shape = tuple(map(max, zip(*parts)))
    if shape[1:]:
        return np.array([parts[place] for place in sorted(parts)]).reshape(shape)
    return np.atleast_2d(np.transpose([parts[place] for place in sorted(parts)]))


def _written(problem: Problem, lines: MatrixDerivation, name: str) -> sp.Expr:
    """The lines of single neurons, put into each other until only entries of matrix lines are left."""
    kept = {one.name: one for line in lines for one in line.family.steps}
    same = {one.shown.name: one.name for one in kept.values() if one.shown.is_Symbol}
    by_name = problem.derivation.by_name

    def up(expr: sp.Expr) -> sp.Expr:
        values = {}
        for one in expr.free_symbols:
            if one.name in same:
                values[one] = sp.Symbol(same[one.name])
            elif one.name in by_name and one.name not in kept:
                values[one] = up(by_name[one.name].shown)
        return put(expr, values) if values else expr

    own = by_name[name].shown
    return up(by_name[own.name].shown if own.is_Symbol else own)
