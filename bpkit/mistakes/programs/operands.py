"""Says of a product of the wrong shape which of its two arrays belongs to another layer."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence

import numpy as np

from bpkit.core.derivation import Derivation
from bpkit.core.quantities import Role
from bpkit.mistakes.misconceptions.whereabouts import last_block, layer
from bpkit.mistakes.programs.following import Followed
from bpkit.mistakes.programs.places import Place, places
from bpkit.mistakes.programs.source import names_at, statement
from bpkit.mistakes.programs.ways_to_call import Attempt


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


def of_another_layer(one: Followed, own: Place, values: Sequence[Followed], attempt: Attempt) -> str:
    """Which array of a line belongs to another layer than the array that it is to make, or to a derivative of its
    weights.
    """
    if not attempt.problem.network.layers or own.tag not in ("net", "out"):
        return ""
    d, names = attempt.problem.derivation, {f"`{name}`" for name in names_at(one.code, one.seen.line)}
    before = [other for other in values if other.code is one.code and other.seen.order < one.seen.order]
    made = {other.true.name: other for other in before if other.true and other.true.factor == 1}
    if own.role is Role.ADJOINT:
        need, goes_in = _name(made, Role.FORWARD, "out", own.block), _incoming(own, made, attempt)
        if goes_in in names and (own.block == 1 or need in names):
            return f"{goes_in} goes into the layer, so it belongs to the derivative of the weights, not to the delta."
        outs = [(_name(made, Role.FORWARD, "out", block), block) for block in range(last_block(d), 0, -1)]
        taken = [(name, block) for name, block in outs if name and name in names and block != own.block]
        return _belongs(d, *taken[0], own, need) if taken and need and need not in names else ""
    held = [*attempt.how.parameters(attempt.problem).items()]
    given = attempt.run.given
    known = {key: f"`{seen.name}`" for seen in given for key, array in held if np.array_equal(seen.value, array)}
    of = {one.key: one for one in places(d).values() if one.role is Role.GRADIENT and one.key in known}
    for key, place in of.items():
        need = next((known[k] for k, p in of.items() if p.tag == place.tag and p.block == own.block), None)
        if place.block != own.block and known[key] in names and need and need not in names:
            return _belongs(d, known[key], place.block, own, need)
    return ""


def _belongs(d: Derivation, taken: str, block: int, own: Place, need: str) -> str:
    return f"{taken} belongs to {layer(d, block)}; {layer(d, own.block)} needs {need}."


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
    """The names of both arrays in each matrix product of a line."""
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
