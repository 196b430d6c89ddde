"""Families as text and as LaTeX: lines with letters for indices."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import combinations
from typing import TYPE_CHECKING

import sympy as sp
from sympy.printing.precedence import PRECEDENCE

from bpkit.core.quantities import Quantity
from bpkit.show.render import environment
from bpkit.show.spelling import _Latex, _Text

if TYPE_CHECKING:
    from bpkit.core.families import Family

Names = Mapping[str, Quantity]


def bare(quantity: Quantity) -> Quantity:
    """What stands for the family of a quantity: its name without an index."""
    if quantity.of:
        return replace(quantity, of=bare(quantity.of), by=bare(quantity.by) if quantity.by else None)
    return replace(quantity, spelled=quantity.family, index=())


def _places(quantity: Quantity, indices: Iterator[sp.Expr]) -> str:
    """The indices of a quantity in brackets: [i,j-1]."""
    own = []
    for index in (next(indices) for _ in quantity.indices):
        more, letters = index.as_coeff_Add()
        if more and letters.could_extract_minus_sign():
            own.append(f"{more}{letters}")
        else:
            own.append(f"{letters}{int(more):+d}" if more and letters else str(index))
    return f"[{','.join(own).replace(' ', '')}]" if own else ""


class _IndexedText(_Text):
    """Right sides with an index: W_1[i,j], Σ_i, and a row as net_o[1..3]."""

    printmethod = ""  # Indexed would print itself

    def __init__(self, names: Names) -> None:
        super().__init__()
        self.names = names

    def parenthesize(self, item: sp.Basic, level: float, strict: bool = False) -> str:
        text = super().parenthesize(item, level, strict)
        return f"({text})" if isinstance(item, sp.Sum) and level >= PRECEDENCE["Mul"] else text

    def _print_Symbol(self, expr: sp.Symbol) -> str:
        return str(expr.name)

    def _print_Indexed(self, expr: sp.Indexed) -> str:
        return self.named(self.names[expr.base.name], iter(expr.indices))

    def named(self, quantity: Quantity, indices: Iterator[sp.Expr]) -> str:
        """The name of a family with letters for its indices, each where it belongs."""
        if quantity.of and quantity.by:
            return f"d{self.named(quantity.of, indices)}/d{self.named(quantity.by, indices)}"
        own = _places(quantity, indices)
        return quantity.family + own if own else quantity.name

    def _print_Sum(self, expr: sp.Sum) -> str:
        part, *limits = expr.args
        signs = "".join(f"Σ_{letter} " for letter, *_ in reversed(limits))
        return signs + self.parenthesize(part, PRECEDENCE["Mul"], strict=True)

    def _print_Row(self, expr: sp.Expr) -> str:
        part, (letter, low, high) = expr.args
        return str(self._print(part.xreplace({letter: sp.Symbol(f"{low}..{high}")})))


class _IndexedLatex(_Latex):
    """The same in LaTeX."""

    def __init__(self, names: Names) -> None:
        super().__init__("dot")
        self.names = names

    def _print_Symbol(self, expr: sp.Symbol, style: str = "plain") -> str:
        return self.names[expr.name].latex if expr.name in self.names else str(expr.name)

    def _print_Indexed(self, expr: sp.Indexed) -> str:
        return self.named(self.names[expr.base.name], iter(expr.indices))

    def named(self, quantity: Quantity, indices: Iterator[sp.Expr]) -> str:
        """The name of a family with letters for its indices, each where it belongs."""
        if quantity.of and quantity.by:
            return (
                rf"\frac{{\partial {self.named(quantity.of, indices)}}}{{\partial {self.named(quantity.by, indices)}}}"
            )
        own = _places(quantity, indices)
        return bare(quantity).latex + own if own else quantity.latex

    def _print_Row(self, expr: sp.Expr) -> str:
        part, (letter, low, high) = expr.args
        return str(self._print(part.xreplace({letter: sp.Symbol(rf"{low}..{high}")})))


def _ranges(family: Family) -> list[tuple[str, int, int]]:
    """The letters that are on the line, each with its first and last value."""
    used = {one.name for side in (family.lhs, family.shown) for one in side.atoms(sp.Symbol)}
    return [(letter, *ends) for letter, ends in family.index.items() if letter in used]


def _apart(family: Family) -> list[tuple[str, str]]:
    """The letters on the left that never have the same value, as beside a diagonal."""
    pairs = combinations([*family.index][: family.free], 2)
    return [pair for pair in pairs if family.missing and all(one[pair[0]] == one[pair[1]] for one in family.missing)]


def family_text(family: Family) -> str:
    """A family as one line of text, with the values that its letters take."""
    spell = _IndexedText(family.leaves)
    line = f"{spell._print(family.lhs)} = {spell._print(family.shown)}"
    values = [
        f"{letter} = {low}..{high}" if low < high else f"{letter} = {low}" for letter, low, high in _ranges(family)
    ]
    values += [f"{a} ≠ {b}" for a, b in _apart(family)]
    return line + (f"   for {', '.join(values)}" if values else "")


def family_latex(family: Family) -> str:
    """A family as one line of LaTeX."""
    spell = _IndexedLatex(family.leaves)
    values = [rf"{a} = {low}, \dots, {high}" if low < high else f"{a} = {low}" for a, low, high in _ranges(family)]
    values += [rf"{a} \neq {b}" for a, b in _apart(family)]
    where = r" && \text{for } " + r",\ ".join(values) if values else ""
    return environment([f"{spell._print(family.lhs)} &= {spell._print(family.shown)}{where}"])
