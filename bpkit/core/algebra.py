"""The signs of matrix algebra, each as text, LaTeX and Python, to stand in SymPy's expressions."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import sympy as sp
from sympy.printing.precedence import PRECEDENCE

GREATER = PRECEDENCE["Atom"] - 1


def multiplied(factors: Iterable[sp.Expr]) -> sp.Expr:
    """A product without products in it, with one number, in front."""
    flat = [one for factor in factors for one in (factor.args if factor.is_Mul else (factor,))]
    number = sp.Mul(*(one for one in flat if one.is_Number))
    left = [one for one in (number, *(one for one in flat if not one.is_Number)) if one != 1] or [number]
    return left[0] if len(left) == 1 else sp.Mul._from_args(left)


class Node(sp.Expr):  # type: ignore[misc]  # SymPy ships no types
    """Matrix algebra with signs of its own: as text, LaTeX and Python, with places for its parts."""

    precedence, inner = PRECEDENCE["Mul"], PRECEDENCE["Mul"]
    text = latex = python = ""

    def _sympystr(self, printer: Any) -> str:
        return self.text.format(*(printer.parenthesize(arg, self.inner) for arg in self.args))

    def _latex(self, printer: Any) -> str:
        return self.latex.format(*(printer.parenthesize(arg, self.inner) for arg in self.args))

    def _pythoncode(self, printer: Any) -> str:
        return self.python.format(*(printer.parenthesize(arg, self.inner) for arg in self.args))


class Product(Node):
    """A product of matrices."""

    precedence = PRECEDENCE["Add"]  # what stands beside it is multiplied element by element: brackets there
    text, latex, python = "{} @ {}", r"{}\,{}", "{} @ {}"


class Scaled(Node):
    """A number for all times an array."""

    precedence = PRECEDENCE["Mul"] + 1
    text, latex, python = "{} * {}", r"{}\,{}", "{}*{}"
    inner = PRECEDENCE["Mul"] - 1


class Transposed(Node):
    """A matrix with its rows as columns."""

    precedence = inner = GREATER
    text, latex, python = "{}.T", r"{}^{{\top}}", "{}.T"


class Whole(Node):
    """The sum of all entries."""

    text, latex, python = "sum({})", r"\operatorname{{sum}}({})", "{}.sum()"
    inner = GREATER


class Columns(Whole):
    """The sum of each column."""

    text, latex, python = "column sums of {}", r"\text{{column sums of }} {}", "{}.sum(axis=0)"


class Rows(Whole):
    """The sum of each row."""

    text, latex, python = "row sums of {}", r"\text{{row sums of }} {}", "{}.sum(axis=1)"


class Upright(Node):
    """A number for each sample, as a column."""

    precedence = inner = GREATER
    text, latex, python = "{}", "{}", "{}[:, None]"


class Mean(Node):
    """A sum over the samples, divided by their number."""

    inner = PRECEDENCE["Add"] - 1
    text, latex, python = "{} / n", "{} / n", "{}/n"


class Loss(Node):
    """The mean over samples of the sums of rows, in words: people read it, and ``Mean(Whole(..))`` is computed."""

    inner = PRECEDENCE["Add"] - 1
    words = "mean over samples of the sum over outputs of "
    text, latex = words + "{}", rf"\text{{{{{words}}}}} {{}}"


class Apart(Node):
    """The matrix with 0 on the diagonal and 1 beside it."""

    precedence = GREATER
    text, latex, python = "(1 - I)", "(1 - I)", "apart_{}"


class Joint(Node):
    """A function of a number and its row, such as softmax, for all numbers of all rows."""

    def _sympystr(self, printer: Any) -> str:
        return f"{self.args[0]}({printer._print(self.args[1])})"

    def _latex(self, printer: Any) -> str:
        return rf"\operatorname{{{self.args[0]}}}({printer._print(self.args[1])})"

    def _pythoncode(self, printer: Any) -> str:
        own = printer._print(self.args[1])
        return f"{self.args[0]}({own}, *{own}.T[:, :, None])"


class Cases(Node):
    """A value where a condition holds and another elsewhere, which is computed where it is needed at all."""

    precedence = PRECEDENCE["Atom"]

    def _pythoncode(self, printer: Any) -> str:
        test, then, rest = map(printer._print, self.args)
        return f"({then} if ({test}).all() else where({test}, {then}, {rest}))"
