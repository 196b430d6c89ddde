"""Families and matrices as text and as LaTeX: lines with letters for indices, and lines for whole layers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import combinations
from typing import TYPE_CHECKING

import sympy as sp
from sympy.printing.precedence import PRECEDENCE

from bpkit.core.algebra import Product
from bpkit.core.quantities import Quantity, Style
from bpkit.core.spelling import _Latex, _Text
from bpkit.core.text import aligned, environment, latex_row

if TYPE_CHECKING:
    from bpkit.core.families import Family
    from bpkit.core.matrices import MatrixDerivation, MatrixStep

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


def _sides_text(family: Family) -> tuple[str, str]:
    """Left and right side as text, with the values that the letters take."""
    spell = _IndexedText(family.leaves)
    values = [f"{a} = {low}..{high}" if low < high else f"{a} = {low}" for a, low, high in _ranges(family)]
    values += [f"{a} ≠ {b}" for a, b in _apart(family)]
    where = f"   for {', '.join(values)}" if values else ""
    return spell._print(family.lhs), spell._print(family.shown) + where


def family_text(family: Family) -> str:
    """A family as one line of text."""
    return " = ".join(_sides_text(family))


def _sides_latex(family: Family) -> tuple[str, str]:
    """The same in LaTeX."""
    spell = _IndexedLatex(family.leaves)
    values = [rf"{a} = {low}, \dots, {high}" if low < high else f"{a} = {low}" for a, low, high in _ranges(family)]
    values += [rf"{a} \neq {b}" for a, b in _apart(family)]
    where = r" \quad \text{for } " + r",\ ".join(values) if values else ""
    return spell._print(family.lhs), spell._print(family.shown) + where


def family_latex(family: Family) -> str:
    """A family as one line of LaTeX."""
    return environment([" &= ".join(_sides_latex(family))])


class _MatrixText(_Text):
    """Matrix algebra: @ multiplies matrices, * element by element."""

    def _print_Symbol(self, expr: sp.Symbol) -> str:
        return str(expr.name)

    def _print_Mul(self, expr: sp.Mul) -> str:
        return super()._print_Mul(expr).replace(" · ", " * ")


class _MatrixLatex(_Latex):
    """The same in LaTeX: matrices side by side, and a small circle for element by element."""

    def __init__(self, names: Names) -> None:
        super().__init__(r" \circ ")
        self.names = {quantity.name: quantity for quantity in names.values()}

    def _print_Symbol(self, expr: sp.Symbol, style: str = "plain") -> str:
        return _LAYERS(self.names[expr.name]) if expr.name in self.names else str(expr.name)

    def _needs_mul_brackets(self, expr: sp.Expr, first: bool = False, last: bool = False) -> bool:
        return isinstance(expr, Product) or bool(super()._needs_mul_brackets(expr, first=first, last=last))


class _Layers(Style):
    def word(self, quantity: Quantity, letter: str, low: str) -> str:
        return self.low(r"\delta", low) if quantity.tag == "delta" else super().word(quantity, letter, low)


_MATRIX_TEXT, _LAYERS = _MatrixText(), _Layers()


def matrix_text(*steps: MatrixStep) -> str:
    """Lines of the matrix form as aligned plain text."""
    sides = [_sides_text(s.family) if s.rhs is None else (s.name, _MATRIX_TEXT._print(s.rhs)) for s in steps]
    widest = max(len(left) for left, _ in sides)
    return aligned(
        [(f"{f'({s.number})':>4}  {left:>{widest}} = {right}", s.reason) for s, (left, right) in zip(steps, sides)]
    )


def matrix_latex(*steps: MatrixStep) -> str:
    """Lines of the matrix form as LaTeX."""
    rows = []
    for step in steps:
        sides = _sides_latex(step.family)
        if step.rhs is not None:
            sides = _LAYERS(step.quantity), _MatrixLatex(step.names)._print(step.rhs)
        rows.append(latex_row(step.number, *sides, step.reason))
    return environment(rows)


def matrices_text(form: MatrixDerivation) -> str:
    """The matrix form as aligned plain text."""
    return matrix_text(*form)


def matrices_latex(form: MatrixDerivation) -> str:
    """The matrix form as LaTeX."""
    return matrix_latex(*form)
