"""Families and matrices as text and as LaTeX: lines with letters for indices, and lines for whole layers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import combinations
from operator import attrgetter
from typing import TYPE_CHECKING, Any

import sympy as sp
from sympy.printing.precedence import PRECEDENCE

from bpkit.core.algebra import Product
from bpkit.core.quantities import LATEX, Quantity
from bpkit.core.spelling import _Latex, _Text
from bpkit.core.text import Row, environment, rows_latex, rows_text

if TYPE_CHECKING:
    from bpkit.core.families import Family
    from bpkit.core.matrices import MatrixDerivation, MatrixStep

Names = Mapping[str, Quantity]


def _bare(quantity: Quantity) -> Quantity:
    """What stands for the family of a quantity without ``by``: its name without an index."""
    if quantity.of:
        return replace(quantity, of=_bare(quantity.of))
    return replace(quantity, spelled=quantity.family, index=())


class _Form:
    """What text and LaTeX share: W_1[i,j], and a row as net_o[1..3]."""

    name: Any  # writes the name of a quantity
    derivative: str
    span: str  # the values of a letter
    apart: str  # two letters that never take the same
    where: str
    comma: str
    brackets: str
    _print: Callable[[sp.Basic], str]

    def __init__(self, names: Names, dot: str) -> None:
        super().__init__(dot)  # type: ignore[call-arg]  # the printer's
        self.names = names

    def _named(self, quantity: Quantity, indices: Iterator[sp.Expr]) -> str:
        """The name of a family with letters for its indices, each where it belongs."""
        if quantity.of and quantity.by:
            return self.derivative.format(self._named(quantity.of, indices), self._named(quantity.by, indices))
        own = ",".join(str(next(indices)).replace(" ", "") for _ in quantity.indices)
        return f"{self.name(_bare(quantity))}[{own}]" if own else self.name(quantity)

    def _print_Symbol(self, expr: sp.Symbol, style: str = "plain") -> str:
        return self.name(self.names[expr.name]) if expr.name in self.names else str(expr.name)

    def _print_Indexed(self, expr: sp.Indexed) -> str:
        return self._named(self.names[expr.base.name], iter(expr.indices))

    def _print_Row(self, expr: sp.Expr) -> str:
        part, (letter, *ends) = expr.args
        places = {place for leaf in part.atoms(sp.Indexed) for place in leaf.indices if place.has(letter)}
        rows = {place: "..".join(str(place.xreplace({letter: end})) for end in ends) for place in places}
        return self._print(part.xreplace({place: sp.Symbol(row) for place, row in rows.items()}))

    def parenthesize(self, item: sp.Basic, level: float, *more: bool, **strict: bool) -> str:
        """A part of an expression; a derivative that is raised to a power needs brackets."""
        text: str = super().parenthesize(item, level, *more, **strict)  # type: ignore[misc]
        quantity = self.names.get(getattr(getattr(item, "base", item), "name", ""))
        return self.brackets.format(text) if level >= PRECEDENCE["Pow"] and quantity and quantity.by else text

    def sides(self, family: Family) -> tuple[str, str]:
        """Left and right side, with the values that the letters take, and which of them never take the same."""
        used = {one.name for side in (family.lhs, family.shown) for one in side.atoms(sp.Symbol)}
        ranges = [(letter, *ends) for letter, ends in family.index.items() if letter in used]
        values = [self.span.format(a, low, high) if low < high else f"{a} = {low}" for a, low, high in ranges]
        for a, b in combinations([*family.index][: family.free], 2):
            if family.missing and all(one[a] == one[b] for one in family.missing):
                values.append(self.apart.format(a, b))
        where = self.where + self.comma.join(values) if values else ""
        return self._print(family.lhs), self._print(family.shown) + where


class _FormText(_Form, _Text):
    """As text: Σ_i; @ multiplies matrices, * element by element."""

    printmethod = "_text"  # with _sympystr Indexed would print itself
    name = attrgetter("name")
    derivative, span, apart = "d{}/d{}", "{} = {}..{}", "{} ≠ {}"
    where, comma, brackets = "   for ", ", ", "({})"

    def parenthesize(self, item: sp.Basic, level: float, *more: bool, **strict: bool) -> str:
        text = super().parenthesize(item, level, *more, **strict)
        return f"({text})" if isinstance(item, sp.Sum) and level >= PRECEDENCE["Mul"] else text

    def _print_Sum(self, expr: sp.Sum) -> str:
        part, *limits = expr.args
        signs = "".join(f"Σ_{letter} " for letter, *_ in reversed(limits))
        return signs + self.parenthesize(part, PRECEDENCE["Mul"], strict=True)


class _FormLatex(_Form, _Latex):
    """As LaTeX: matrices side by side, and a small circle for element by element."""

    name = LATEX
    derivative, span, apart = LATEX.derivative, r"{} = {}, \dots, {}", r"{} \neq {}"
    where, comma, brackets = r" \quad \text{for } ", r",\ ", r"\left({}\right)"

    def _needs_mul_brackets(self, expr: sp.Expr, first: bool = False, last: bool = False) -> bool:
        return isinstance(expr, Product) or bool(super()._needs_mul_brackets(expr, first=first, last=last))


def family_text(family: Family) -> str:
    """A family as one line of text."""
    return " = ".join(_FormText(family.leaves, "·").sides(family))


def family_latex(family: Family) -> str:
    """A family as one line of LaTeX."""
    return environment([" &= ".join(_FormLatex(family.leaves, "dot").sides(family))])


def matrix_text(shown: MatrixStep | MatrixDerivation) -> str:
    """Lines of the matrix form as aligned plain text."""
    return rows_text(_rows(shown, _FormText, "·", "*"))


def matrix_latex(shown: MatrixStep | MatrixDerivation) -> str:
    """Lines of the matrix form as LaTeX."""
    return rows_latex(_rows(shown, _FormLatex, "dot", r" \circ "))


def _rows(shown: Any, form: type[_FormText | _FormLatex], dot: str, by_element: str) -> list[Row]:
    rows = []
    for step in shown if isinstance(shown, Iterable) else (shown,):
        if step.rhs is None:
            sides = form(step.family.leaves, dot).sides(step.family)
        else:
            spell = form(step.names, by_element)
            sides = spell.name(step.quantity), spell._print(step.rhs)
        rows.append((step.number, *sides, step.reason))
    return rows
