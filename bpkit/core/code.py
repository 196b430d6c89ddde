"""Prints SymPy expressions as Python: for floats, or the same for arrays."""

from __future__ import annotations

from functools import lru_cache, reduce

import sympy as sp
from sympy.printing.precedence import PRECEDENCE
from sympy.printing.pycode import PythonCodePrinter

from bpkit.core.expressions import names_in


def identifier(name: str) -> str:
    """A quantity's name as Python writes it.

    >>> identifier("dE_total/dw5")
    'dE_total_dw5'
    """
    return name.replace("/", "_")


class _Printer(PythonCodePrinter):  # type: ignore[misc]  # SymPy ships no types
    """Python in the order of the lesson; ``arrays`` chooses element by element instead of by ``if``."""

    def __init__(self, arrays: bool) -> None:
        super().__init__({"fully_qualified_modules": False, "allow_unknown_functions": True, "order": "none"})
        self.arrays = arrays
        self._not_supported: set[sp.Basic] = set()
        self._remembered = lru_cache(maxsize=16_384)(super()._print)

    # Lines share most of their parts, and most parts are names: the longer way through SymPy takes twice as long.
    def _print(self, expr: sp.Basic, **kwargs: bool) -> str:
        return identifier(expr.name) if isinstance(expr, sp.Symbol) else str(self._remembered(expr, **kwargs))

    def parenthesize(self, item: sp.Basic, level: float, strict: bool = False) -> str:
        return self._print(item) if isinstance(item, sp.Symbol) else str(super().parenthesize(item, level, strict))

    def _print_AppliedUndef(self, expr: sp.Expr) -> str:
        return f"{expr.func.__name__}({', '.join(map(self._print, expr.args))})"

    def _print_Rational(self, expr: sp.Rational) -> str:
        return repr(float(expr))

    def _print_Pow(self, expr: sp.Pow, rational: bool = False) -> str:
        if expr.exp == -1:
            return f"1/{self.parenthesize(expr.base, PRECEDENCE['Pow'])}"
        # A product of floats overflows to inf where ** raises, as it must where inf may come below a line and leave 0.
        if expr.exp == 2 and not self.arrays and not expr.base.has(sp.exp):
            base = self.parenthesize(expr.base, PRECEDENCE["Mul"] + 1)
            return f"({base}*{base})"
        return str(super()._print_Pow(expr, rational=rational))

    def _print_Piecewise(self, expr: sp.Piecewise) -> str:
        *pairs, (last, _) = expr.args
        text, rest = self._branch(last), last
        for value, condition in reversed(pairs):
            then, test = self._branch(value), self._print(condition)
            given = ", ".join(sorted(map(identifier, names_in(value) | names_in(rest))))
            if not self.arrays:
                text = f"({then} if {test} else {text})"
            elif value.has(sp.Function) or rest.has(sp.Function):
                text = f"pick({test}, lambda {given}: {then}, lambda {given}: {text}, {given})"
            else:
                text = f"where({test}, {then}, {text})"
            rest = sp.Tuple(rest, value, condition)
        return text

    def _print_And(self, expr: sp.Basic) -> str:
        word = type(expr).__name__.lower()
        parts = [self._print(arg) for arg in sorted(expr.args, key=str)]
        if self.arrays:
            return reduce(lambda one, other: f"logical_{word}({one}, {other})", parts)
        return f"({f' {word} '.join(parts)})"

    _print_Or = _print_And

    def _branch(self, expr: sp.Expr) -> str:
        return repr(float(expr)) if self.arrays and expr.is_Integer else str(self._print(expr))


_PRINTERS = {arrays: _Printer(arrays) for arrays in (False, True)}


def code(expr: sp.Expr, arrays: bool = False) -> str:
    """One expression as Python, without what ``doprint`` does beside that for other languages.

    >>> z = sp.Symbol("z")
    >>> code(1 / (1 + sp.exp(-z)))
    '1/(1 + exp(-z))'
    """
    return _PRINTERS[arrays]._print(expr)
