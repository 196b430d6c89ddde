"""Families and matrices as text and as LaTeX: lines with letters for indices, and lines for whole layers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import combinations
from typing import TYPE_CHECKING, Any

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


class _Layers(Style):
    def word(self, quantity: Quantity, letter: str, low: str) -> str:
        return self.low(r"\delta", low) if quantity.tag == "delta" else super().word(quantity, letter, low)


_LAYERS = _Layers()


def _bare(quantity: Quantity) -> Quantity:
    """What stands for the family of a quantity without ``by``: its name without an index."""
    return (
        replace(quantity, of=_bare(quantity.of))
        if quantity.of
        else replace(quantity, spelled=quantity.family, index=())
    )


class _Form:
    """What text and LaTeX share: W_1[i,j], and a row as net_o[1..3]."""

    derivative: str
    span: str
    apart: str
    where: str
    comma: str
    _print: Any

    def __init__(self, names: Names, dot: str) -> None:
        self.names = names

    def named(self, quantity: Quantity, indices: Iterator[sp.Expr]) -> str:
        """The name of a family with letters for its indices, each where it belongs."""
        if quantity.of and quantity.by:
            return self.derivative.format(self.named(quantity.of, indices), self.named(quantity.by, indices))
        own = ",".join(str(next(indices)).replace(" ", "") for _ in quantity.indices)
        return f"{self.name(_bare(quantity))}[{own}]" if own else self.name(quantity)

    def name(self, quantity: Quantity) -> str:
        """The name of a quantity."""
        return quantity.name

    def _print_Symbol(self, expr: sp.Symbol, style: str = "plain") -> str:
        return self.name(self.names[expr.name]) if expr.name in self.names else str(expr.name)

    def raised(self, item: sp.Basic, level: float) -> bool:
        """Whether a derivative is the base of a power, which needs brackets."""
        name = getattr(getattr(item, "base", item), "name", "")
        return level >= PRECEDENCE["Pow"] and name in self.names and self.names[name].by is not None

    def _print_Indexed(self, expr: sp.Indexed) -> str:
        return self.named(self.names[expr.base.name], iter(expr.indices))

    def _print_Row(self, expr: sp.Expr) -> str:
        part, (letter, *ends) = expr.args
        places = {place for leaf in part.atoms(sp.Indexed) for place in leaf.indices if place.has(letter)}
        rows = {place: "..".join(str(place.xreplace({letter: end})) for end in ends) for place in places}
        return str(self._print(part.xreplace({place: sp.Symbol(row) for place, row in rows.items()})))

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
    derivative, span, apart, where, comma = "d{}/d{}", "{} = {}..{}", "{} ≠ {}", "   for ", ", "

    def __init__(self, names: Names, dot: str = "·") -> None:
        _Text.__init__(self)
        super().__init__(names, dot)
        self.dot = dot

    def parenthesize(self, item: sp.Basic, level: float, strict: bool = False) -> str:
        text = super().parenthesize(item, level, strict)
        inside = (isinstance(item, sp.Sum) and level >= PRECEDENCE["Mul"]) or self.raised(item, level)
        return f"({text})" if inside else text

    def _print_Mul(self, expr: sp.Mul) -> str:
        return super()._print_Mul(expr).replace("·", self.dot)

    def _print_Sum(self, expr: sp.Sum) -> str:
        part, *limits = expr.args
        signs = "".join(f"Σ_{letter} " for letter, *_ in reversed(limits))
        return signs + self.parenthesize(part, PRECEDENCE["Mul"], strict=True)


class _FormLatex(_Form, _Latex):
    """As LaTeX: matrices side by side, and a small circle for element by element."""

    derivative, span, apart = r"\frac{{\partial {}}}{{\partial {}}}", r"{} = {}, \dots, {}", r"{} \neq {}"
    where, comma = r" \quad \text{for } ", r",\ "

    def __init__(self, names: Names, dot: str = "dot") -> None:
        _Latex.__init__(self, dot)
        super().__init__(names, dot)

    def name(self, quantity: Quantity) -> str:
        return _LAYERS(quantity)

    def parenthesize(self, item: sp.Basic, level: float, is_neg: bool = False, strict: bool = False) -> str:
        text = str(super().parenthesize(item, level, is_neg=is_neg, strict=strict))
        return rf"\left({text}\right)" if self.raised(item, level) else text

    def _needs_mul_brackets(self, expr: sp.Expr, first: bool = False, last: bool = False) -> bool:
        return isinstance(expr, Product) or bool(super()._needs_mul_brackets(expr, first=first, last=last))


def family_text(family: Family) -> str:
    """A family as one line of text."""
    return " = ".join(_FormText(family.leaves).sides(family))


def family_latex(family: Family) -> str:
    """A family as one line of LaTeX."""
    return environment([" &= ".join(_FormLatex(family.leaves).sides(family))])


def _sides(step: MatrixStep, form: type[_FormText | _FormLatex], dot: str) -> tuple[str, str]:
    if step.rhs is None:
        return form(step.family.leaves).sides(step.family)
    spell = form(step.names, dot)
    return spell.name(step.quantity), spell._print(step.rhs)


def matrix_text(*steps: MatrixStep) -> str:
    """Lines of the matrix form as aligned plain text."""
    sides = [_sides(step, _FormText, "*") for step in steps]
    widest = max(len(left) for left, _ in sides)
    return aligned(
        [(f"{f'({s.number})':>4}  {left:>{widest}} = {right}", s.reason) for s, (left, right) in zip(steps, sides)]
    )


def matrix_latex(*steps: MatrixStep) -> str:
    """Lines of the matrix form as LaTeX."""
    return environment([latex_row(s.number, *_sides(s, _FormLatex, r" \circ "), s.reason) for s in steps])


def matrices_text(form: MatrixDerivation) -> str:
    """The matrix form as aligned plain text."""
    return matrix_text(*form)


def matrices_latex(form: MatrixDerivation) -> str:
    """The matrix form as LaTeX."""
    return matrix_latex(*form)
