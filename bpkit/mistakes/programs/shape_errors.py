"""Which product or sum of a line that stopped does not fit, found from the shapes of the names in it."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product as every
from types import CodeType

import numpy as np

from bpkit.mistakes.programs.source import statement

Shape = tuple[int, ...]

OPERATORS: Mapping[type[ast.operator], str] = {
    ast.MatMult: "@",
    ast.Mult: "*",
    ast.Add: "+",
    ast.Sub: "-",
    ast.Div: "/",
    ast.Pow: "**",
}
# Functions of each number of an array, which keep its shape.
BY_NUMBER = frozenset("exp log tanh sqrt square abs sin cos sigmoid relu".split())


@dataclass(frozen=True)
class Clash:
    """Two arrays that an operator cannot join: the ``text`` of the whole and of both ``sides``, and their shapes."""

    text: str
    operator: str
    sides: tuple[str, str]
    shapes: tuple[Shape, Shape]

    @property
    def words(self) -> str:
        """What does not fit, and what to do about it."""
        return f"{self.sizes}. {self._advice}"

    @property
    def sizes(self) -> str:
        """The whole and the shapes of both sides."""
        a, b = self.shapes
        return f"`{self.text}` is {a} {self.operator} {b}"

    @property
    def _advice(self) -> str:
        a, b = self.shapes
        if self.operator == "@":
            if not a or not b:
                return f"`{self.sides[bool(a)]}` is a number, not a matrix: multiply by it with *."
            if a == b:
                return "Both have the same shape: write * to multiply number by number."
            if not _fit_somehow(a, b):
                return "They fit in no order and with no .T, so one of them should be another array."
            return (
                "The columns of the first must be as many as the rows of the second. If both are the arrays that you "
                "need, change their order or transpose one of them with .T."
            )
        if len(a) == len(b) == 2 and a == b[::-1]:
            return "One of them is transposed: both need the same shape."
        if self.operator == "*" and len(a) == len(b) == 2 and a[1] == b[0]:
            return "`*` multiplies number by number and makes no sum; `@` does, and the shapes fit it."
        return f"`{self.operator}` works number by number: their sizes must agree, or one of them must be 1."


class _Clashes(Exception):
    """Ends the search at the first clash."""

    def __init__(self, clash: Clash) -> None:
        super().__init__(clash.text)
        self.clash = clash


def clash_at(code: CodeType | None, line: int, known: Mapping[str, Shape]) -> Clash | None:
    """The first operator in a line whose arrays do not fit, where ``known`` are the shapes of the names there.

    >>> def forward(x, W1):
    ...     return x @ W1
    >>> clash_at(forward.__code__, 2, {"x": (2,), "W1": (3, 2)})
    Clash(text='x @ W1', operator='@', sides=('x', 'W1'), shapes=((2,), (3, 2)))
    """
    found = statement(code, line)
    if found is None or isinstance(getattr(found, "body", None), list):
        return None
    names = {name.replace('"', "'"): shape for name, shape in known.items()}
    try:
        for node in ast.iter_child_nodes(found):
            _shape(node, names)
    except _Clashes as error:
        return error.clash
    return None


def _shape(node: ast.AST, known: Mapping[str, Shape]) -> Shape | None:
    """The shape of an expression; None where it cannot be told."""
    if isinstance(node, ast.Name | ast.Subscript) or (isinstance(node, ast.Attribute) and node.attr != "T"):
        return known.get(ast.unparse(node))
    if isinstance(node, ast.Constant):
        return () if isinstance(node.value, int | float) else None
    if isinstance(node, ast.BinOp):
        return _joined(node, node.op, node.left, node.right, known)
    parts = [_shape(one, known) for one in ast.iter_child_nodes(node) if isinstance(one, ast.expr)]
    if isinstance(node, ast.Attribute):
        return parts[0][::-1] if parts[0] is not None else None
    if isinstance(node, ast.UnaryOp):
        return parts[0]
    if isinstance(node, ast.Call):
        return _called(node, known)
    return None


def _called(node: ast.Call, known: Mapping[str, Shape]) -> Shape | None:
    """The shape of what a function gives, of those that keep it and of ``np.dot``."""
    name = ast.unparse(node.func).rpartition(".")[2]
    arguments = [*node.args]
    if name == "dot" and len(arguments) == 1 and isinstance(node.func, ast.Attribute):
        arguments = [node.func.value, *arguments]
    if name in ("dot", "matmul") and len(arguments) == 2:
        return _joined(node, ast.MatMult(), arguments[0], arguments[1], known)
    return _shape(arguments[0], known) if name in BY_NUMBER and len(arguments) == 1 else None


def _joined(
    node: ast.expr, operator: ast.operator, left: ast.expr, right: ast.expr, known: Mapping[str, Shape]
) -> Shape | None:
    """The shape of two expressions joined. Errors: ``_Clashes`` where they do not fit."""
    a, b = _shape(left, known), _shape(right, known)
    word = OPERATORS.get(type(operator))
    if a is None or b is None or word is None:
        return None
    found = _product(a, b) if word == "@" else _stretched(a, b)
    if found is None and not (isinstance(node, ast.Call) and () in (a, b)):
        raise _Clashes(Clash(ast.unparse(node), word, (ast.unparse(left), ast.unparse(right)), (a, b)))
    return found


def _product(a: Shape, b: Shape) -> Shape | None:
    """The shape of a matrix product; None where there is none."""
    if not a or not b or max(len(a), len(b)) > 2 or a[-1] != b[0]:
        return None
    return (*a[:-1], *b[1:])


def _stretched(a: Shape, b: Shape) -> Shape | None:
    """The shape of two arrays joined number by number; None where they do not agree."""
    try:
        return np.broadcast_shapes(a, b)
    except ValueError:
        return None


def _fit_somehow(a: Shape, b: Shape) -> bool:
    """Is there a product of the two, in either order, with either of them transposed?"""
    pairs = every((a, a[::-1]), (b, b[::-1]))
    return any(_product(one, other) or _product(other, one) for one, other in pairs)
