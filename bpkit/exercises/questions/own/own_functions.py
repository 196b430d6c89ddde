"""Activations and losses that an instructor writes as a formula: read by a whitelist and never run."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import sympy as sp

from bpkit.core.blocks.residual import numbered
from bpkit.core.errors import BpkitError
from bpkit.core.functions import Activation, Own
from bpkit.core.losses import Loss
from bpkit.core.model import Model
from bpkit.core.problem import Problem
from bpkit.exercises.questions.numpy_reference import forward
from bpkit.mistakes.formula import Formula, read_formula

MOST, LONGEST = 4, 200  # formulas of a problem, and characters of each
STEEPEST = 64  # of powers of powers
LARGEST = 1e6  # of a number on the way forward
_KINDS: Mapping[str, tuple[type[Own], tuple[str, ...], str]] = {
    "activation": (Activation, ("z",), "z"),
    "loss": (Loss, ("y", "out"), "out"),
}
_MADE: Mapping[str, Callable[[sp.Expr], sp.Expr]] = {
    "exp": sp.exp,
    "log": sp.log,
    "ln": sp.log,
    "tanh": sp.tanh,
    "sqrt": sp.sqrt,
    "abs": sp.Abs,
    "sigmoid": lambda z: 1 / (1 + sp.exp(-z)),
    "relu": lambda z: sp.Max(0, z),
}
_VARIABLES = ("z", "y", "out")
_GROWING, _BOUNDED = ("exp", "sigmoid"), ("tanh", "log", "ln", "sigmoid")


@dataclass(frozen=True)
class Named:
    """A formula under a name: an ``activation`` in z, or a ``loss`` in y and out."""

    kind: str
    name: str
    text: str

    def data(self) -> list[str]:
        """The function as plain data for files."""
        return [self.kind, self.name, self.text]

    @property
    def formula(self) -> Formula:
        """The formula as it was read."""
        return _read(self.kind, self.text)

    def made(self) -> Own:
        """The activation or the loss; raises ``BpkitError`` for a formula that is none."""
        kind, names, _ = _KINDS[self.kind]
        formula = self.formula
        found: Own = kind(self.name, _expression(formula.tree, {name: sp.Symbol(name) for name in names}))
        return found


def functions_from(data: Any) -> tuple[Named, ...]:
    """The formulas of a task, from plain data.

    >>> functions_from([["activation", "square", "z**2"]])
    (Named(kind='activation', name='square', text='z**2'),)
    """
    if not isinstance(data, list) or len(data) > MOST:
        raise BpkitError(f"task: expected at most {MOST} formulas, got {str(data)[:40]}; take it from the key")
    found = []
    for one in data:
        if not (isinstance(one, list) and len(one) == 3 and all(isinstance(word, str) for word in one)):
            raise BpkitError(f"task: expected a kind, a name and a formula, got {str(one)[:40]}; take it from the key")
        if one[0] not in _KINDS:
            raise BpkitError(f"task: expected an activation or a loss, got {one[0][:40]!r}; take it from the key")
        found.append(Named(*one))
    return tuple(found)


def _read(kind: str, text: str) -> Formula:
    """A formula of that kind, found harmless."""
    _, names, needed = _KINDS[kind]
    if len(text) > LONGEST:
        raise BpkitError(f"{kind}: expected a formula of at most {LONGEST} characters, got {len(text)}")
    try:
        formula = read_formula(text, frozenset(names))
    except BpkitError as error:
        raise BpkitError(f"{kind}: {str(error).removeprefix('formula: ')}") from None
    used = {node.id for node in ast.walk(formula.tree) if isinstance(node, ast.Name)}
    if needed not in used:
        raise BpkitError(f"{kind}: expected a formula in {' and '.join(names)}, got {text[:60]!r}, without {needed}")
    if _steepness(formula.tree) > STEEPEST:
        raise BpkitError(f"{kind}: expected powers up to {STEEPEST} in all, got {text[:60]!r}; write smaller ones")
    _check_nested(kind, formula.tree, inside=False)
    return formula


def _steepness(node: ast.AST) -> float:
    """The largest product of exponents on any way through a formula."""
    inner = max(map(_steepness, ast.iter_child_nodes(node)), default=1.0)
    match node:
        case ast.BinOp(_, ast.Pow(), right) if not _has_names(right):
            return inner * max(1.0, abs(Formula("", right).at({})))
    return inner


def _check_nested(kind: str, node: ast.AST, inside: bool) -> None:
    """Refuse a power of e in a power of e: with a large number its value fills the memory."""
    name = node.func if isinstance(node, ast.Call) else None
    called = name.id if isinstance(name, ast.Name) else name.attr if isinstance(name, ast.Attribute) else ""
    match node:
        case ast.BinOp(ast.Name("e"), ast.Pow(), _):
            called = "exp"
    if inside and called == "exp":
        raise BpkitError(f"{kind}: expected no exp inside of another exp; write it with tanh, sigmoid or log")
    inside = called in _GROWING or (inside and called not in _BOUNDED)
    for child in ast.iter_child_nodes(node):
        _check_nested(kind, child, inside)


def _has_names(node: ast.AST) -> bool:
    """Does it depend on what the formula is a formula in?"""
    return any(isinstance(one, ast.Name) and one.id in _VARIABLES for one in ast.walk(node))


def _expression(node: ast.expr, symbols: Mapping[str, sp.Symbol]) -> sp.Expr:
    """The same formula in SymPy, built piece by piece from a tree that was found harmless."""
    if not _has_names(node):  # worked out in floats first: SymPy would keep all digits of a tower of powers
        return _number(Formula("", node).at({}))
    match node:
        case ast.Name(name):
            return symbols[name]
        case ast.UnaryOp(operator, operand):
            inner = _expression(operand, symbols)
            return -inner if isinstance(operator, ast.USub) else inner
        case ast.Call(function, [argument]):
            name = function.id if isinstance(function, ast.Name) else getattr(function, "attr", "")
            return _MADE[name](_expression(argument, symbols))
        case ast.BinOp(ast.Name("e"), ast.Pow(), right):
            return sp.exp(_expression(right, symbols))
        case ast.BinOp(left, operator, right):
            one, other = _expression(left, symbols), _expression(right, symbols)
            match operator:
                case ast.Add():
                    return one + other
                case ast.Sub():
                    return one - other
                case ast.Mult():
                    return one * other
                case ast.Div():
                    return one / other
            return one**other
    raise BpkitError(f"formula: {type(node).__name__} was not checked")  # pragma: no cover


def _number(value: float) -> sp.Expr:
    if not np.isfinite(value) or abs(value) > 1e12:
        raise BpkitError(
            "formula: expected numbers up to 1e12, got one that is larger or not defined; write it shorter"
        )
    return sp.Integer(int(value)) if value == int(value) else sp.Float(repr(value))


def check_defined(problem: Problem, functions: Sequence[Named]) -> None:
    """Raise ``BpkitError`` where a formula has no value, or a huge one, for a number on the way forward."""
    formulas = {one.name: one.formula for one in functions}
    for sample in [problem.sample(row) for row in range(problem.n_samples)] if problem.is_batch else [problem]:
        with np.errstate(all="ignore"):
            found = forward(sample)
        whole = all(np.all(np.abs(array) <= LARGEST) for array in found.values())
        nets = ((name, {"z": net}) for name, array in _nets(sample, found) for net in array)
        last = max(number for letter, number in found if letter == "out")
        outs = [*np.ravel(found["out", last])]
        targets = [*np.ravel(sample.targets)] or [0.0] * len(outs)
        errors = ((sample.network.loss.name, {"y": y, "out": out}) for y, out in zip(targets, outs[-len(targets) :]))
        values = [
            formulas[name].at({k: float(v) for k, v in at.items()}) for name, at in (*nets, *errors) if name in formulas
        ]
        if not whole or not np.all(np.abs(values) <= LARGEST):
            raise BpkitError(
                f"numbers: expected a value of at most {LARGEST:g} for every neuron and for the loss, got one that is "
                "larger or not defined; choose other numbers, or another formula"
            )


def _nets(problem: Problem, found: Mapping[tuple[str, int], Any]) -> list[tuple[str, list[float]]]:
    """The net inputs that each activation works on."""
    network = problem.network
    blocks = dict(numbered(network.blocks)) if isinstance(network, Model) else {}
    rows = []
    for (letter, number), array in found.items():
        if letter == "net":
            own = blocks[number].activations if blocks else network.activations[number - 1 : number]
            rows += [(one.name, [*np.ravel(array)]) for one in own]
    return rows
