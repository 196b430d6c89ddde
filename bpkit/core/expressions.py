"""Small tools for SymPy expressions that stay as the lesson writes them, and the symbols that the tables use."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

import sympy as sp

symbol = lru_cache(maxsize=65_536)(sp.Symbol)  # SymPy's own memory ends at a thousand names

Z, OUT, Y, K = sp.symbols("z out y K")
ONE, MINUS = sp.Integer(1), sp.Integer(-1)

# Functions that only generated code calls; core/runtime gives them for floats and for arrays.
softmax, log_softmax, others, xlogy, xexp, ratio, log1p, row_max = map(
    sp.Function, "softmax log_softmax others xlogy xexp ratio log1p row_max".split()
)


def product(*factors: sp.Expr) -> sp.Expr:
    """Multiply without simplifying: the factors stay in the order of the lesson.

    >>> product(sp.Integer(2), Z, sp.S.Half).args
    (2, z, 1/2)
    """
    return factors[0] if len(factors) == 1 else sp.Mul._from_args(factors, True)  # evaluate=False would ask a cache


def total(*terms: sp.Expr) -> sp.Expr:
    """Add without simplifying: the terms stay in the order of the lesson.

    >>> total(Z, ONE, Z).args
    (z, 1, z)
    """
    return terms[0] if len(terms) == 1 else sp.Add._from_args(terms, True)


def put(expr: sp.Expr, values: Mapping[sp.Expr, sp.Expr]) -> sp.Expr:
    """Replace symbols and leave the shape of the expression alone, where ``subs`` would simplify it.

    >>> put(Y - OUT, {OUT: Y})
    -y + y
    """
    if expr in values or not expr.args:
        return values.get(expr, expr)
    keep = {"evaluate": False} if isinstance(expr, sp.Add | sp.Mul | sp.Pow | sp.Function) else {}
    return expr.func(*(put(arg, values) for arg in expr.args), **keep)


@lru_cache(maxsize=16_384)
def names_in(expr: sp.Expr) -> frozenset[str]:
    """The names of all symbols of an expression; remembered, as the same lines are asked for theirs again and again.

    >>> sorted(names_in(Y - OUT))
    ['out', 'y']
    """
    return frozenset(symbol.name for symbol in expr.free_symbols)


def power(base: sp.Expr, exponent: sp.Expr | int) -> sp.Expr:
    """A power that stays as written.

    >>> power(sp.Integer(2), 3)
    2**3
    """
    return sp.Pow(base, exponent, evaluate=False)
