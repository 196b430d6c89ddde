"""The signs of matrix algebra, each as text, LaTeX and Python, to stand in SymPy's expressions."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import sympy as sp
from sympy.printing.precedence import PRECEDENCE

from bpkit.core.expressions import product

ADD, MUL, TIGHT = PRECEDENCE["Add"], PRECEDENCE["Mul"], PRECEDENCE["Atom"] - 1


class Node(sp.Expr):  # type: ignore[misc]  # SymPy ships no types
    """Matrix algebra with a sign of its own: as text, LaTeX and Python, with places for its parts."""

    forms: dict[str, str]
    inner: int  # parts that bind no stronger stand in brackets

    def _form(self, printer: Any) -> str:
        parts = (printer.parenthesize(arg, self.inner) for arg in self.args)
        return self.forms[printer.printmethod].format(*parts)

    _text = _latex = _pythoncode = _form


def _sign(name: str, text: str, latex: str, python: str, inner: int = 0, precedence: int = MUL) -> type[Node]:
    forms = {"_text": text, "_latex": latex, "_pythoncode": python}
    return type(name, (Node,), {"forms": forms, "inner": inner, "precedence": precedence})


_MEAN = "mean over samples of the sum over outputs of"

# What stands beside a product of matrices is multiplied element by element: brackets there.
Product = _sign("Product", "{} @ {}", r"{}\,{}", "{} @ {}", MUL, ADD)
Scaled = _sign("Scaled", "{} * {}", r"{}\,{}", "{}*{}", MUL - 1, MUL + 1)  # a number for all, times an array
Transposed = _sign("Transposed", "{}.T", r"{}^{{\top}}", "{}.T", TIGHT, TIGHT)
Whole = _sign("Whole", "sum({})", r"\operatorname{{sum}}({})", "{}.sum()", TIGHT)
Columns = _sign("Columns", "column sums of {}", r"\text{{column sums of }} {}", "{}.sum(axis=0)", TIGHT)
Rows = _sign("Rows", "row sums of {}", r"\text{{row sums of }} {}", "{}.sum(axis=1)", TIGHT)
Upright = _sign("Upright", "{}", "{}", "{}[:, None]", TIGHT, TIGHT)  # a number for each sample, as a column
Mean = _sign("Mean", "{} / n", "{} / n", "{}/n", ADD - 1)  # a sum over the samples, divided by their number
Loss = _sign("Loss", _MEAN + " {}", rf"\text{{{{{_MEAN} }}}} {{}}", "", ADD - 1)  # Mean(Whole(..)), as it is read
Apart = _sign("Apart", "(1 - I)", "(1 - I)", "apart_{}", precedence=TIGHT)  # 0 on the diagonal and 1 beside it
# A function of a number and its row, such as softmax, for all numbers of all rows.
Joint = _sign("Joint", "{}({})", r"\operatorname{{{}}}({})", "{0}({1}, *{1}.T[:, :, None])")
# A value where a condition holds and another elsewhere, which is computed where it is needed at all.
Cases = _sign("Cases", "", "", "({1} if ({0}).all() else where({0}, {1}, {2}))", precedence=PRECEDENCE["Atom"])


def multiplied(factors: Iterable[sp.Expr]) -> sp.Expr:
    """A product without products in it, with one number, in front."""
    flat = [one for factor in factors for one in (factor.args if factor.is_Mul else (factor,))]
    number = sp.Mul(*(one for one in flat if one.is_Number))
    left = [one for one in (number, *(one for one in flat if not one.is_Number)) if one != 1] or [number]
    return product(*left)
