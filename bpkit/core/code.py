"""Prints SymPy expressions and steps as Python: straight lines for floats, or the same lines for arrays."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache

import sympy as sp
from sympy.printing.precedence import PRECEDENCE
from sympy.printing.pycode import PythonCodePrinter

from bpkit.core.derivation import Step
from bpkit.core.errors import BpkitError
from bpkit.core.expressions import names_in
from bpkit.core.functions import Activation
from bpkit.core.names import BUILT_INS, CONSTANTS, MATH, MATH_ONLY, MATRIX, OWN

NUMPY_NAMES = {
    "asin": "arcsin",
    "acos": "arccos",
    "atan": "arctan",
    "asinh": "arcsinh",
    "acosh": "arccosh",
    "atanh": "arctanh",
}


def identifier(name: str) -> str:
    """A quantity's name as Python writes it: ``dE_total/dw5`` becomes ``dE_total_dw5``."""
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

    def _print_Rational(self, expr: sp.Rational) -> str:
        return repr(float(expr))

    def _print_Pow(self, expr: sp.Pow, rational: bool = False) -> str:
        if expr.exp == -1:
            return f"1/{self.parenthesize(expr.base, PRECEDENCE['Pow'])}"
        if expr.exp == 2 and not self.arrays:  # a product of floats overflows to inf where ** raises
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

    def _branch(self, expr: sp.Expr) -> str:
        return repr(float(expr)) if self.arrays and expr.is_Integer else str(self._print(expr))


_PRINTERS = {arrays: _Printer(arrays) for arrays in (False, True)}


def code(expr: sp.Expr, arrays: bool = False) -> str:
    """One expression as Python, without what ``doprint`` does beside that for other languages."""
    return _PRINTERS[arrays]._print(expr)


def header(body: str, activations: Iterable[Activation], arrays: bool) -> list[str]:
    """The imports and the user's own functions that a generated body needs."""
    definitions: list[str] = []
    own: set[str] = set()
    for activation in {one.name: one for one in activations if not one.built_in}.values():
        pairs = [(activation.name, activation.expr)]
        if f"{activation.name}_slope(" in body:
            pairs.append((f"{activation.name}_slope", activation.slope))
        for function, expr in pairs:
            own.add(function)
            definitions += ["", "@guarded", f"def {function}(z):", f"    return {code(expr, arrays)}"]
    text = "\n".join([*definitions, body])
    defined = own | set(re.findall(r"^def (\w+)\(", body, re.MULTILINE))
    words = set(re.findall(r"(?<![\w.])(pi|e|inf)\b|(?<![\w.])([A-Za-z_]\w*)\(", text))
    called = {word for pair in words for word in pair if word} | ({"guarded"} if definitions else set())
    if unknown := sorted(called - defined - {*MATH, *CONSTANTS, *MATH_ONLY, *OWN, *MATRIX, *BUILT_INS, "where"}):
        raise BpkitError(
            f"activation: expected functions that Python's math module has, got {unknown[0]}; "
            "write the expression with those"
        )
    here = [*(OWN), *(MATH_ONLY if arrays else ())]
    plain = [n for n in (*MATH, *CONSTANTS, *(["where"] if arrays else MATH_ONLY)) if n in called]
    if arrays:
        plain = [f"{NUMPY_NAMES[n]} as {n}" if n in NUMPY_NAMES else n for n in plain]
    special = [f"array_{n} as {n}" if arrays else n for n in here if n in called]
    special += [n for n in MATRIX if n in called]
    lines = [f"from {'numpy' if arrays else 'math'} import {', '.join(plain)}"] if plain else []
    lines += [f"from bpkit.core.runtime import {', '.join(special)}"] if special else []
    return [*lines, *definitions]


def assignment(step: Step, arrays: bool = False) -> str:
    """A step as a line of Python, with its equation number behind it."""
    return f"{identifier(step.name)} = {code(step.stable, arrays)}  # ({step.number})"


def needed(steps: Sequence[Step], targets: Iterable[str]) -> list[Step]:
    """Only the steps that the targets are computed from, in order."""
    wanted, kept = set(targets), []
    for step in reversed(steps):
        if step.name in wanted:
            kept.append(step)
            wanted |= names_in(step.stable)
    return kept[::-1]


def inlined(steps: Sequence[Step]) -> list[tuple[Step, sp.Expr]]:
    """The steps with mere names and numbers (dnet_o1/dw5 = out_h1) put into the lines that use them."""
    known: dict[sp.Expr, sp.Expr] = {}
    lines = []
    for step in steps:
        expr = step.stable.xreplace(known)
        if (expr.is_Symbol or expr.is_Number) and step.kind not in ("update", "total", "gradient"):
            known[step.lhs] = expr
        else:
            lines.append((step, expr))
    return lines
