"""Says of a product of the wrong shape which of its two arrays belongs to another layer."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence

import numpy as np

from bpkit.core.quantities import Role
from bpkit.mistakes.programs.attempts import Attempt
from bpkit.mistakes.programs.following import Followed
from bpkit.mistakes.programs.places import Place
from bpkit.mistakes.programs.source import statement


def wrong_operand(one: Followed, own: Place, values: Sequence[Followed], attempt: Attempt) -> str:
    """What the gradient of a table of weights is a product of, where a line takes another array for it."""
    if own.role is not Role.GRADIENT or own.tag != "weight" or not attempt.problem.network.layers:
        return ""
    used = next(_products(one), None)
    if used is None or None in used:
        return ""
    before = [other for other in values if other.code is one.code and other.seen.order < one.seen.order]
    made = {other.true.name: other for other in before if other.true and other.true.factor == 1}
    need = [_incoming(own, made, attempt), _delta(own, made)]
    known = {other.seen.name for other in before if other.true} | {seen.name for seen in attempt.run.given}
    taken = [name for name in used if name in known and f"`{name}`" not in need]
    if not taken or None in need:
        return ""
    said = " and ".join(f"`{name}`" for name in taken)
    return (
        f"You took {said}. Multiply what goes in at the start of each weight by the delta at its end, "
        f"here {' and '.join(filter(None, need))}."
    )


def _incoming(own: Place, made: dict[str, Followed], attempt: Attempt) -> str | None:
    """The program's name for what goes into a layer."""
    if own.block > 1:
        return _name(made, Role.FORWARD, "out", own.block - 1)
    x = attempt.how.data(attempt.problem)[0]
    return next((f"`{seen.name}`" for seen in attempt.run.given if np.array_equal(seen.value, x)), None)


def _delta(own: Place, made: dict[str, Followed]) -> str | None:
    return _name(made, Role.ADJOINT, "net", own.block) or "the delta of this layer"


def _name(made: dict[str, Followed], role: Role, tag: str, block: int) -> str | None:
    fits = (
        one for one in made.values() if one.true and one.true.place.is_a(role, tag) and one.true.place.block == block
    )
    return next((f"`{one.seen.name}`" for one in fits), None)


def _products(one: Followed) -> Iterator[tuple[str | None, str | None]]:
    """The names of both arrays of the matrix products of which a line makes a value."""
    found = statement(one.code, one.seen.line)
    if not isinstance(found, ast.Assign):
        return
    value, target = found.value, found.targets[0]
    if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple) and len(target.elts) == len(value.elts):
        pairs = zip(target.elts, value.elts)
        value = next((each for to, each in pairs if ast.unparse(to) == one.seen.name), value)
    for node in ast.walk(value):
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.MatMult):
            yield _array(node.left), _array(node.right)


def _array(node: ast.expr) -> str | None:
    """The name of an array, turned or not."""
    if isinstance(node, ast.Attribute) and node.attr == "T":
        node = node.value
    return node.id if isinstance(node, ast.Name) else None
