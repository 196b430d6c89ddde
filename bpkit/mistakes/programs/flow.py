"""Which lines of a function depend on others, and the function without them, so that all the other lines can run."""

from __future__ import annotations

import ast
import copy
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from functools import partial
from types import CodeType, FunctionType, MethodType
from typing import Any

from bpkit.mistakes.programs.source import Gap, definition, statement

HEADS = (ast.If, ast.For, ast.While, ast.With, ast.Try, ast.Match)
CHAIN = (ast.Name, ast.Attribute, ast.Subscript)
FUTURE = 0xFFFF0000  # what a file has imported from __future__, among the flags of its code


def depending(code: CodeType | None, lines: Collection[int], names: Collection[str] = ()) -> dict[int, set[str]]:
    """The statements of a function that some lines change, or that use some names: for each first line what it uses of
    them. A name that is set anew is free again.

    >>> def backward(x, y, W1):
    ...     out = x @ W1
    ...     d = out - y
    ...     return d
    >>> depending(backward.__code__, [2])
    {2: set(), 3: {'out'}, 4: {'d'}}
    """
    node = definition(code) if code else None
    if node is None:
        return {}
    flow = _Flow({*lines}, {*names})
    flow.block(node.body)
    return flow.found


def upstream(code: CodeType, line: int) -> set[int]:
    """The first lines of the statements that a line of a function depends on.

    >>> def backward(x, y, W1):
    ...     out = x @ W1
    ...     d = out - y
    >>> upstream(backward.__code__, 3)
    {2}
    """
    node = definition(code)
    lines = {one.lineno for one in ast.walk(node) if isinstance(one, ast.stmt)} if node else set()
    return {one for one in lines if one < line and line in depending(code, [one])}


def downstream(
    starts: Iterable[tuple[CodeType, int]], codes: Collection[CodeType]
) -> dict[tuple[CodeType, int], tuple[CodeType, int]]:
    """The lines of some functions that depend on others, each with the first of those; what a function gives depends
    on its lines.
    """
    found: dict[tuple[CodeType, int], tuple[CodeType, int]] = {}
    for start, line in starts:
        names, before = set[str](), -1
        while before != len(names):
            before = len(names)
            for code in codes:
                own = [line] if code is start else []
                used = depending(code, own, names)
                if any(isinstance(statement(code, one), ast.Return) for one in used):
                    names.add(code.co_name)
                for one in used:
                    if one not in own:
                        found.setdefault((code, one), (start, line))
    return found


class _Flow:
    """Walks through statements, and remembers which names hold what depends on some lines."""

    def __init__(self, lines: set[int], names: set[str]) -> None:
        self.lines, self.names = lines, names
        self.found: dict[int, set[str]] = {}

    def block(self, body: Iterable[ast.stmt], maybe: bool = False) -> None:
        """Statements one after the other; those that only ``maybe`` run set no name free."""
        for node in body:
            if not isinstance(node, HEADS):
                self._simple(node, maybe)
            elif used := self._used(_heads(node)):
                for one in [node, *_inside(node)]:
                    self._add(one, used)
            else:
                before = -1
                while before != len(self.names):  # in a loop an early line may use what a late one makes
                    before = len(self.names)
                    for inner in _bodies(node):
                        self.block(inner, maybe=True)

    def _simple(self, node: ast.stmt, maybe: bool) -> None:
        used, own = self._used([node]), range(node.lineno, (node.end_lineno or node.lineno) + 1)
        if used or not self.lines.isdisjoint(own):
            self._add(node, used)
        elif not maybe and not isinstance(node, ast.AugAssign):
            self.names.difference_update(_written(node))

    def _add(self, node: ast.stmt, used: set[str]) -> None:
        self.found.setdefault(node.lineno, set()).update(used)
        self.names.update(_written(node))

    def _used(self, nodes: Iterable[ast.AST]) -> set[str]:
        read = {name for node in nodes for name in _read(node)}
        return {name for name in self.names if any(_touch(name, other) for other in read)}


def _touch(one: str, other: str) -> bool:
    """Is a name part of another, as grads and delta.T are of grads["W1"] and delta?"""
    short, long = sorted((one, other), key=len)
    return long == short or long.startswith((f"{short}.", f"{short}["))


def _chain(node: ast.AST) -> bool:
    """Is it a name, or something of one: self.W1, grads["W1"]?"""
    while isinstance(node, ast.Attribute | ast.Subscript):
        node = node.value
    return isinstance(node, ast.Name)


def _read(node: ast.AST) -> Iterator[str]:
    """What a statement or an expression reads."""
    if isinstance(node, CHAIN) and _chain(node):
        if isinstance(node.ctx, ast.Load):
            yield ast.unparse(node)
        for part in ast.walk(node):
            yield from _read(part.slice) if isinstance(part, ast.Subscript) else ()
        return
    if isinstance(node, ast.AugAssign):
        yield ast.unparse(node.target)
    for child in ast.iter_child_nodes(node):
        yield from _read(child)


def _written(node: ast.AST) -> set[str]:
    """The names that a statement sets; what a method of one may change, as in grads.append(dW1)."""
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        return {node.name}
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call) and isinstance(node.value.func, ast.Attribute):
        return {ast.unparse(node.value.func.value)}
    return {ast.unparse(one) for one in ast.walk(node) if isinstance(one, CHAIN) and isinstance(one.ctx, ast.Store)}


def _heads(node: ast.stmt) -> list[ast.AST]:
    """What comes before the statements inside: a condition, what a loop goes through."""
    return [one for one in ast.iter_child_nodes(node) if isinstance(one, ast.expr | ast.withitem)]


def _bodies(node: ast.AST) -> Iterator[list[ast.stmt]]:
    for name in ("body", "orelse", "finalbody"):
        if inner := getattr(node, name, None):
            yield inner
    for one in [*getattr(node, "handlers", ()), *getattr(node, "cases", ())]:
        yield one.body


def _inside(node: ast.stmt) -> Iterator[ast.stmt]:
    return (one for one in ast.walk(node) if isinstance(one, ast.stmt) and one is not node)


def waiting(function: Callable[..., Any], gaps: Sequence[Gap]) -> dict[CodeType, dict[int, set[str]]]:
    """The lines that depend on a gap, the gaps among them, of a function and of those with gaps that it calls."""
    main = plain_of(function)
    named = {gap.function for gap in gaps}
    found = {}
    for one in [main, *(_other(main, name) for name in sorted(named))]:
        code = getattr(one, "__code__", None)
        if code is not None and code not in found:
            own = [gap.line for gap in gaps if gap.function == code.co_name]
            found[code] = depending(code, own, named - {code.co_name})
    return found


def without(function: Callable[..., Any], left: Mapping[CodeType, Mapping[int, Collection[str]]]) -> Callable[..., Any]:
    """A function without the lines that are ``left`` out of it and of those that it calls; the same function where it
    cannot be written so. A call of a function that has such lines stays.
    """
    main = plain_of(function)
    if not isinstance(main, FunctionType) or main.__closure__ or definition(main.__code__) is None:
        return function
    names = dict(main.__globals__)
    of = {code.co_name for code in left}
    for name, one in main.__globals__.items():
        if isinstance(one, FunctionType) and one.__globals__ is main.__globals__:
            names[name] = _again(one, names, left.get(one.__code__, {}), of)
    made = _again(main, names, left.get(main.__code__, {}), of)
    if isinstance(function, MethodType):
        return MethodType(made, function.__self__)
    return partial(made, *function.args, **function.keywords) if isinstance(function, partial) else made


def plain_of(function: Any) -> Any:
    """The function in a partial or a method.

    >>> plain_of(partial(max, 2)) is max
    True
    """
    inner = getattr(function, "func", function)  # of a partial
    return getattr(inner, "__func__", inner)


def _other(main: Any, name: str) -> Any:
    return getattr(main, "__globals__", {}).get(name)


def _again(
    one: FunctionType, names: dict[str, Any], left: Mapping[int, Collection[str]], of: Collection[str]
) -> FunctionType:
    """A function among other global names, without some lines."""
    code, node = one.__code__, definition(one.__code__)
    if left and node is not None and not one.__closure__:
        kept = _Kept(left, of).visit(copy.deepcopy(node))
        kept.decorator_list = []
        module = ast.fix_missing_locations(ast.Module([kept], []))
        whole = compile(module, code.co_filename, "exec", code.co_flags & FUTURE, dont_inherit=True)
        code = next(part for part in whole.co_consts if isinstance(part, CodeType) and part.co_name == code.co_name)
    made = FunctionType(code, names, one.__name__, one.__defaults__, one.__closure__)
    made.__kwdefaults__ = one.__kwdefaults__
    return made


class _Kept(ast.NodeTransformer):
    """Puts ``pass`` instead of some statements; of one that only uses a function with gaps the call is left."""

    def __init__(self, left: Mapping[int, Collection[str]], of: Collection[str]) -> None:
        self.left, self.of = left, of

    def visit(self, node: ast.AST) -> Any:
        if isinstance(node, ast.stmt) and node.lineno in self.left:
            used = {*self.left[node.lineno]}
            calls = (one for one in ast.walk(node) if isinstance(one, ast.Call) and isinstance(one.func, ast.Name))
            call = next((one for one in calls if used and used <= {*self.of} and one.func.id in used), None)  # type: ignore[attr-defined]
            return ast.copy_location(ast.Expr(call) if call else ast.Pass(), node)
        return self.generic_visit(node)
