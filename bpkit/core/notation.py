"""Families and matrices as text and as LaTeX: lines with letters for indices, and lines for whole layers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import combinations, islice
from operator import attrgetter
from typing import TYPE_CHECKING, NamedTuple

import sympy as sp

from bpkit.core.quantities import LATEX, Quantity, Style
from bpkit.core.spelling import filled, form
from bpkit.core.text import Row, environment, reason_latex, rows_latex, rows_text

if TYPE_CHECKING:
    from bpkit.core.families import Family
    from bpkit.core.matrices import MatrixDerivation, MatrixStep


class _Notation(NamedTuple):
    """How text or LaTeX says a line with letters for indices, as W_1[i,j], or a line of matrices."""

    style: Style
    dot: str
    by_element: str
    brackets: Iterable[str]
    span: str  # the values of a letter
    pair: str  # the same of a letter with two
    apart: str  # two letters that never take the same
    where: str
    sums: str  # the values of the letters of sums; nothing where the sums say them
    semicolon: str

    def spelled(self, expr: sp.Expr, names: Mapping[str, Quantity], dot: str = "") -> str:
        """An expression with the names of families and their indices."""

        def word(place: str) -> str:
            name, _, letters = place.rstrip("]").partition("[")
            return self._named(names[name], iter(letters.split(","))) if name in names else name

        return filled(form(expr, dot or self.dot), word, self.brackets)

    def _named(self, quantity: Quantity, letters: Iterator[str]) -> str:
        """The name of a family with letters for its indices, each where it belongs."""
        if quantity.of and quantity.by:
            return self.style.derivative.format(self._named(quantity.of, letters), self._named(quantity.by, letters))
        own = ",".join(islice(letters, len(quantity.indices)))
        return f"{self.style(_bare(quantity))}[{own}]" if own else self.style(quantity)

    def sides(self, family: Family) -> tuple[str, str]:
        """Left and right side, with the values that the letters take, and which of them never take the same.

        There is a line for each value of a letter of the left side, and none for those of a sum's letter.
        """
        used = {one.name for side in (family.lhs, family.shown) for one in side.atoms(sp.Symbol)}
        free = [letter for letter in [*family.index][: family.free] if letter in used]
        values = self._spans({letter: family.index[letter] for letter in free})
        for a, b in combinations(free, 2):
            if family.missing and all(one[a] == one[b] for one in family.missing):
                values.append(self.apart.format(a, b))
        added = {letter.name for one in family.shown.atoms(sp.Sum) for letter, *_ in one.limits}
        ranges = self._spans({letter: ends for letter, ends in family.index.items() if letter in added})
        left, right = (self.spelled(side, family.leaves) for side in (family.lhs, family.shown))
        right += self.where + self.semicolon.join(values) if values else ""
        return left, right + (self.sums + self.semicolon.join(ranges) if ranges and self.sums else "")

    def _spans(self, index: Mapping[str, tuple[int, int]]) -> list[str]:
        """The values that letters take, those with the same values together."""
        found = []
        for low, high in dict.fromkeys(index.values()):
            letters = ", ".join(letter for letter, ends in index.items() if ends == (low, high))
            span = "{} = {}" if low == high else self.pair if high == low + 1 else self.span
            found.append(span.format(letters, low, high))
        return found

    def rows(self, shown: MatrixStep | MatrixDerivation) -> list[Row]:
        """The lines of the matrix form; one that is no matrix algebra is that of its family."""
        rows = []
        for step in shown if isinstance(shown, Iterable) else (shown,):
            if step.rhs is None:
                sides = self.sides(step.family)
            else:
                sides = self.style(step.quantity), self.spelled(step.rhs, step.names, self.by_element)
            rows.append((step.number, *sides, step.reason))
        return rows


def _bare(quantity: Quantity) -> Quantity:
    """What is written for the family of a quantity without ``by``: its name without an index."""
    if quantity.of:
        return replace(quantity, of=_bare(quantity.of))
    return replace(quantity, spelled=quantity.family, index=())


_NAMES = Style("d{}/d{}", "{}_{}", "{}_{}", {}, attrgetter("name"))
_TEXT = _Notation(_NAMES, "·", "*", "()", "{} = {}..{}", "{} = {}..{}", "{} ≠ {}", "   for ", "   sum over ", "; ")
_LATEX = _Notation(
    *(LATEX, "dot", r" \circ ", (r"\left(", r"\right)")),
    *(r"{} = {}, \dots, {}", "{} = {}, {}", r"{} \neq {}", r" \quad \text{for } ", "", r";\ "),
)


def family_text(family: Family) -> str:
    """A family as one line of text.

    >>> import bpkit as bp
    >>> print(family_text(bp.derive(bp.Network(2, 3)).families()[1]))
    out_o[j] = 1 / (1 + exp(-net_o[j]))   for j = 1..3
    """
    return " = ".join(_TEXT.sides(family))


def family_latex(*families: Family) -> str:
    r"""Families as lines of LaTeX, below each other.

    >>> import bpkit as bp
    >>> print(family_latex(bp.derive(bp.Network(2, 3)).families()[1]))
    $$\begin{align}
    \mathit{out}_{o}[j] &= \frac{1}{1 + e^{- \mathit{net}_{o}[j]}} \quad \text{for } j = 1, \dots, 3
    \end{align}$$
    """
    return environment(" &= ".join(_LATEX.sides(family)) for family in families)


def matrix_text(shown: MatrixStep | MatrixDerivation) -> str:
    """Lines of the matrix form as aligned plain text.

    >>> import bpkit as bp
    >>> print(matrix_text(bp.derive(bp.Network(2, 3)).matrices()["dE_total/dW_1"]))
    (5)  dE_total/dW_1 = out_0.T @ delta_1 / n   every weight's source times its delta
    """
    return rows_text(_TEXT.rows(shown))


def matrix_sides(step: MatrixStep) -> tuple[str, str]:
    """Left and right side of a line of the matrix form, as plain text.

    >>> import bpkit as bp
    >>> matrix_sides(bp.derive(bp.Network(2, 3)).matrices()["net_1"])
    ('net_1', 'out_0 @ W_1 + b_1')
    """
    [(_, left, right, _)] = _TEXT.rows(step)
    return left, right


def matrix_latex(shown: MatrixStep | MatrixDerivation) -> str:
    """Lines of the matrix form as LaTeX."""
    steps = shown if isinstance(shown, Iterable) else (shown,)
    return rows_latex(
        (number, left, right, reason_latex(reason, one.names))
        for one, (number, left, right, reason) in zip(steps, _LATEX.rows(shown))
    )
