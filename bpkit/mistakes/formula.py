"""Formulas as people type them: read through a whitelist over Python's syntax tree, evaluated by hand, never run."""

from __future__ import annotations

import ast
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from bpkit.core.errors import BpkitError, suggest

LENGTH, NODES, EXPONENT = 400, 150, 8

_SPELLINGS = {"^": "**", "·": "*", "×": "*", "⋅": "*", "−": "-", "–": "-", "÷": "/", "η": "learning_rate"}


def _sigmoid(z: float) -> float:
    return math.exp(min(0.0, z)) / (1 + math.exp(-abs(z)))  # no power of e overflows


def _relu(z: float) -> float:
    return max(0.0, z)


_FUNCTIONS: dict[str, Callable[[float], float]] = {
    "exp": math.exp,
    "log": math.log,
    "ln": math.log,
    "tanh": math.tanh,
    "sqrt": math.sqrt,
    "abs": abs,
    "sigmoid": _sigmoid,
    "relu": _relu,
}
FUNCTIONS: Mapping[str, Callable[[float], float]] = MappingProxyType(_FUNCTIONS)
_OPERATORS: Mapping[type[ast.AST], Callable[[float, float], float]] = {
    ast.Add: lambda a, b: a + b,
    ast.Sub: lambda a, b: a - b,
    ast.Mult: lambda a, b: a * b,
    ast.Div: lambda a, b: a / b,
    ast.Pow: math.pow,
}


@dataclass(frozen=True)
class Formula:
    """A formula that was read and found harmless: arithmetic, a few functions, and names from a given list."""

    text: str
    tree: ast.expr

    def at(self, numbers: Mapping[str, float]) -> float:
        """Its value; ``nan`` where it is not defined."""
        try:
            value = _value(self.tree, numbers)
        except (ArithmeticError, ValueError):
            return math.nan
        return value if isinstance(value, float) else math.nan


def read_formula(text: str, names: frozenset[str]) -> Formula:
    """Read a formula such as ``(out_o1 - y1)*out_o1*(1 - out_o1)*out_h1``; ``^``, ``·`` and ``η`` are understood.

    Raises ``BpkitError`` for everything else: other names and functions, calls, attributes, lists, text, and
    formulas that are too long, too deep, or have an exponent that is no number up to 8; only ``e`` takes any.
    """
    if not isinstance(text, str):
        raise BpkitError(f"formula: expected text such as '(out_o1 - y1)*out_h1', got {type(text).__name__}")
    if len(text) > LENGTH:
        raise BpkitError(f"formula: expected at most {LENGTH} characters, got {len(text)}; write it shorter")
    plain = text.strip().removeprefix("'")  # a table for spreadsheets puts it before a leading minus
    for sign, meant in _SPELLINGS.items():
        plain = plain.replace(sign, meant)
    plain = re.sub(r"^[\w/∂ ]{1,40}=(?!=)", "", plain).strip()  # what stands before "=" only names the formula
    try:
        tree = ast.parse(plain, mode="eval").body
        nodes = list(ast.walk(tree))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise BpkitError(
            f"formula: {text[:60]!r} does not read as one; write products with *{_example(names)}"
        ) from None
    if len(nodes) > NODES:
        raise BpkitError("formula: expected a short formula, got one with too many parts; write it shorter")
    _check(tree, names)
    return Formula(text, tree)


def _example(names: frozenset[str]) -> str:
    """A product of names that the question has."""
    some = sorted(names, key=lambda name: (not name.startswith(("out_", "net_")), name))[:3]
    return f", for example ({some[0]} - {some[1]})*{some[2]}" if len(some) == 3 else ""


def _check(node: ast.AST, names: frozenset[str]) -> None:
    match node:
        case ast.BinOp(ast.Name("e"), ast.Pow(), right) if "e" not in names:
            _check(right, names)
        case ast.BinOp(left, ast.Pow(), right):
            _check(left, names)
            power = right.operand if isinstance(right, ast.UnaryOp) and isinstance(right.op, ast.USub) else right
            if not (isinstance(power, ast.Constant) and _plain_number(power.value, EXPONENT)):
                raise BpkitError(f"formula: expected exponents that are numbers up to {EXPONENT}; only e^x takes any")
        case ast.BinOp(left, operator, right) if type(operator) in _OPERATORS:
            _check(left, names)
            _check(right, names)
        case ast.UnaryOp(ast.USub() | ast.UAdd(), operand):
            _check(operand, names)
        case ast.Call(function, [argument], []) if _called(function) in FUNCTIONS:
            _check(argument, names)
        case ast.Call(function) if not isinstance(function, ast.Name | ast.Attribute) or _called(function) in names:
            before = ast.unparse(function)[:40]
            before = f"({before})" if isinstance(function, ast.BinOp) else before
            raise BpkitError(f"formula: a * is missing before the bracket; write {before}*(..)")
        case ast.Call(ast.Name(called)):
            raise BpkitError(f"formula: {called}(..) is not known here{suggest(called, FUNCTIONS)}")
        case ast.Name(name) if name in names:
            pass
        case ast.Name(name):
            raise BpkitError(f"formula: {name[:40]!r} does not stand in this question{suggest(name, sorted(names))}")
        case ast.Constant(value) if _plain_number(value):
            pass
        case _:
            raise BpkitError(
                "formula: expected numbers, names, + - * / **, brackets and "
                f"{', '.join(FUNCTIONS)}, got something else ({type(node).__name__}); leave it out"
            )


def _called(function: ast.expr) -> str:
    """The name of a function, also as ``np.exp`` or ``math.exp``; empty for anything else."""
    match function:
        case ast.Name(name) | ast.Attribute(ast.Name("np" | "numpy" | "math"), name):
            return name
    return ""


def _plain_number(value: object, largest: float = 1e12) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= largest


def _value(node: ast.expr, numbers: Mapping[str, float]) -> float:
    match node:
        case ast.Constant(value):
            return float(value)  # type: ignore[arg-type]  # _check let numbers through alone
        case ast.Name(name):
            return numbers[name]
        case ast.UnaryOp(ast.USub(), operand):
            return -_value(operand, numbers)
        case ast.UnaryOp(_, operand):
            return _value(operand, numbers)
        case ast.Call(function, [argument]):
            return FUNCTIONS[_called(function)](_value(argument, numbers))
        case ast.BinOp(ast.Name("e"), ast.Pow(), right) if "e" not in numbers:
            return math.exp(_value(right, numbers))
        case ast.BinOp(left, operator, right):
            return _OPERATORS[type(operator)](_value(left, numbers), _value(right, numbers))
    raise BpkitError(f"formula: {type(node).__name__} was not checked")  # pragma: no cover
