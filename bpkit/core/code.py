"""Prints SymPy expressions and steps as Python: straight lines for floats, or the same lines for arrays."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

import sympy as sp
from sympy.printing.precedence import PRECEDENCE
from sympy.printing.pycode import PythonCodePrinter

from bpkit.core.derivation import Step
from bpkit.core.errors import BpkitError
from bpkit.core.functions import Activation

MATH = [
    "exp",
    "log",
    "log1p",
    "expm1",
    "tanh",
    "cosh",
    "sinh",
    "sin",
    "cos",
    "tan",
    "asin",
    "acos",
    "atan",
    "asinh",
    "acosh",
    "atanh",
    "sqrt",
    "floor",
    "ceil",
    "pi",
    "e",
    "inf",
]
MATH_ONLY = ["erf", "erfc", "gamma"]
OWN = ["softmax", "log_softmax", "xlogy", "xexp", "ratio", "guarded", "pick"]
MATRIX = ["matrix_softmax", "matrix_log_softmax", "matrix_softmax_slope"]
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


class _Printer(PythonCodePrinter):
    """Python in the order of the lesson; ``arrays`` chooses element by element instead of by ``if``."""

    def __init__(self, arrays: bool) -> None:
        super().__init__({"fully_qualified_modules": False, "allow_unknown_functions": True, "order": "none"})
        self.arrays = arrays

    def _print_Symbol(self, expr: sp.Symbol) -> str:
        return identifier(expr.name)

    def _print_Rational(self, expr: sp.Rational) -> str:
        return repr(float(expr))

    def _print_Pow(self, expr: sp.Pow, rational: bool = False) -> str:
        if expr.exp == -1:
            return f"1/{self.parenthesize(expr.base, PRECEDENCE['Pow'])}"
        if expr.exp == 2:  # a product overflows to inf where ** raises
            base = self.parenthesize(expr.base, PRECEDENCE["Mul"] + 1)
            return f"({base}*{base})"
        return str(super()._print_Pow(expr, rational=rational))

    def _print_Piecewise(self, expr: sp.Piecewise) -> str:
        *pairs, (last, _) = expr.args
        text = self._print(last)
        for value, condition in reversed(pairs):
            then, test = self._print(value), self._print(condition)
            if self.arrays:
                text = f"pick({test}, lambda: {then}, lambda: {text})"
            else:
                text = f"({then} if {test} else {text})"
        return text


def code(expr: sp.Expr, arrays: bool = False) -> str:
    """One expression as Python."""
    return str(_Printer(arrays).doprint(expr))


def header(body: str, activations: Iterable[Activation], arrays: bool) -> list[str]:
    """The imports and the user's own functions that a generated body needs."""
    own = {one.name: one for one in activations if not one.built_in}
    definitions: list[str] = []
    for name, activation in own.items():
        pairs = [(name, activation.expr)]
        pairs += [(f"{name}_slope", activation.slope)] if f"{name}_slope(" in body else []
        for function, expr in pairs:
            definitions += ["", "@guarded", f"def {function}(z):", f"    return {code(expr, arrays)}"]
    text = "\n".join([*definitions, body])
    called = set(re.findall(r"(?<![\w.])([A-Za-z_]\w*)\(", text)) | {
        n for n in ("pi", "inf", "e") if re.search(rf"(?<![\w.]){n}\b", text)
    }
    local = {
        "abs",
        "evaluate",
        "train",
        "loss",
        "predict",
        "gradients",
        "record",
        "range",
        "len",
        *own,
        *(f"{name}_slope" for name in own),
    }
    known = {*MATH, *MATH_ONLY, *OWN, *MATRIX, *local}
    if definitions:
        called.add("guarded")
    if unknown := sorted(called - known):
        raise BpkitError(
            f"activation: {unknown[0]} cannot be computed with floats, expected functions that Python's math module has; "
            "write the expression with those"
        )
    prefix, library = ("array_", "numpy") if arrays else ("", "math")
    plain = [n for n in MATH if n in called]
    special = [n for n in OWN if n in called]
    if arrays:
        special += [n for n in MATH_ONLY if n in called]
    else:
        plain += [n for n in MATH_ONLY if n in called]
    lines = []
    if plain:
        names = (f"{NUMPY_NAMES[n]} as {n}" if arrays and n in NUMPY_NAMES else n for n in plain)
        lines.append(f"from {library} import {', '.join(names)}")
    names_of_matrices = [n for n in MATRIX if n in called]
    if special or names_of_matrices:
        names = [f"{prefix}{n} as {n}" if arrays else n for n in special]
        lines.append(f"from bpkit.core.runtime import {', '.join([*names, *names_of_matrices])}")
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
            wanted |= {str(symbol) for symbol in step.stable.free_symbols}
    return kept[::-1]


def inlined(steps: Sequence[Step]) -> list[tuple[Step, sp.Expr]]:
    """The steps with mere names and numbers (dnet_o1/dw5 = out_h1) put into the lines that use them."""
    known: dict[sp.Expr, sp.Expr] = {}
    lines = []
    for step in steps:
        expr = step.stable.xreplace(known)
        if (expr.is_Symbol or expr.is_Number) and step.kind not in ("update", "total"):
            known[step.lhs] = expr
        else:
            lines.append((step, expr))
    return lines
