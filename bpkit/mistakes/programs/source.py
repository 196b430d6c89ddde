"""The text of a program: which statement a line belongs to, and what a return gives names to."""

from __future__ import annotations

import ast
import linecache
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from types import CodeType, FunctionType
from typing import Any

WIDTH = 90  # of a statement that is quoted


@dataclass(frozen=True)
class _Parsed:
    """The nodes of a file, outer ones first, and the innermost statement at each line; none where it is no Python."""

    nodes: tuple[ast.AST, ...]
    statements: dict[int, ast.stmt]


@lru_cache(maxsize=64)
def _parsed(text: str) -> _Parsed:
    try:
        nodes = tuple(ast.walk(ast.parse(text)))
    except (SyntaxError, ValueError):
        return _Parsed((), {})
    found: dict[int, ast.stmt] = {}
    for node in nodes:
        if isinstance(node, ast.stmt):
            compound = isinstance(getattr(node, "body", None), list)
            end = node.body[0].lineno - 1 if compound else node.end_lineno or node.lineno  # type: ignore[attr-defined]
            for line in range(node.lineno, max(end, node.lineno) + 1):
                found[line] = node
    return _Parsed(nodes, found)


def _file(code: CodeType) -> _Parsed:
    return _parsed("".join(linecache.getlines(code.co_filename)))


def statement(code: CodeType | None, line: int) -> ast.stmt | None:
    """The statement that a line of a program belongs to."""
    return _file(code).statements.get(line) if code else None


def first_line(code: CodeType | None, line: int) -> int:
    """The line where the statement begins.

    >>> def forward(x, W1):
    ...     return (x
    ...             @ W1)
    >>> first_line(forward.__code__, 3)
    2
    """
    found = statement(code, line)
    return found.lineno if found else line


def assigned_at(code: CodeType | None, name: str) -> int:
    """The first line of a file that sets an attribute; 0 where none does."""
    if code is None:
        return 0
    for line, one in sorted(_file(code).statements.items()):
        targets = one.targets if isinstance(one, ast.Assign) else []
        if any(isinstance(target, ast.Attribute) and target.attr == name for target in targets):
            return line
    return 0


def names_at(code: CodeType | None, line: int) -> set[str]:
    """The names that a line reads, and what it reads by a key: params['W1'].

    >>> def forward(x, params):
    ...     out = x @ params["W1"]
    >>> sorted(names_at(forward.__code__, 2))
    ['params', "params['W1']", 'x']
    """
    found = statement(code, line)
    nodes = ast.walk(found) if found is not None and not isinstance(getattr(found, "body", None), list) else ()
    kinds = (ast.Name, ast.Attribute, ast.Subscript)
    return {ast.unparse(node) for node in nodes if isinstance(node, kinds) and isinstance(node.ctx, ast.Load)}


def is_added_up(code: CodeType | None, line: int) -> bool:
    """Does a line add to a number, as a loop over samples does?

    >>> def backward(dW1, x, d):
    ...     dW1 += x * d
    >>> is_added_up(backward.__code__, 2)
    True
    """
    found = statement(code, line)
    return isinstance(found, ast.AugAssign) and isinstance(found.op, ast.Add)


def loop_at(code: CodeType, line: int) -> int:
    """The line of the outermost loop that a line stands in, ``while`` before ``for``; 0 where it stands in none.

    >>> def backward(samples):
    ...     for x in samples:
    ...         d = x
    >>> loop_at(backward.__code__, 3)
    2
    """
    around = sorted(_loops(code, line), key=lambda one: (isinstance(one, ast.For), one.lineno))
    return around[0].lineno if around else 0


def inner_loop(code: CodeType, line: int) -> range:
    """The lines of the innermost loop that a line stands in; the line itself where it stands in none.

    >>> def backward(samples):
    ...     for x in samples:
    ...         d = x
    >>> inner_loop(backward.__code__, 3)
    range(2, 4)
    """
    around = sorted(_loops(code, line), key=lambda one: one.lineno)
    return range(around[-1].lineno, (around[-1].end_lineno or line) + 1) if around else range(line, line + 1)


@lru_cache(maxsize=1024)
def _loops(code: CodeType, line: int) -> tuple[ast.While | ast.For, ...]:
    """The loops that a line is in."""
    loops = [node for node in _file(code).nodes if isinstance(node, ast.While | ast.For)]
    return tuple(one for one in loops if code.co_firstlineno <= one.lineno <= line <= (one.end_lineno or 0))


def quoted(code: CodeType | None, line: int) -> str:
    """The text of the statement at a line, on one line.

    >>> def forward(x, W1):
    ...     return x @ W1  # no bias
    >>> quoted(forward.__code__, 2)
    'return x @ W1'
    """
    if code is None:
        return ""
    lines, found = linecache.getlines(code.co_filename), statement(code, line)
    last = line
    if found is not None and not isinstance(getattr(found, "body", None), list):
        line, last = found.lineno, found.end_lineno or found.lineno
    text = " ".join(one.split("  #")[0].strip() for one in lines[line - 1 : last])
    return text if len(text) <= WIDTH else f"{text[: WIDTH - 2]} .."


def returned_names(code: CodeType | None, line: int) -> list[str]:
    """The names in a ``return dW1, db1``; [] where it returns something else.

    >>> def backward(dW1, db1):
    ...     return dW1, db1
    >>> returned_names(backward.__code__, 2)
    ['dW1', 'db1']
    """
    found = statement(code, line)
    if not isinstance(found, ast.Return) or not isinstance(found.value, ast.Tuple | ast.List):
        return []
    return [ast.unparse(one) if isinstance(one, ast.Name | ast.Attribute) else "" for one in found.value.elts]


def writes_into(code: CodeType | None, line: int) -> bool:
    """Does a line change an array that is there already, as W2 -= .. and W2[:] = .. do?

    >>> def update(W2, dW2):
    ...     W2 -= 0.5 * dW2
    >>> writes_into(update.__code__, 2)
    True
    """
    found = statement(code, line)
    targets = found.targets if isinstance(found, ast.Assign) else []
    return isinstance(found, ast.AugAssign) or any(isinstance(one, ast.Subscript) for one in targets)


def is_return(code: CodeType | None, line: int) -> bool:
    """Is it a line that gives something back?

    >>> def forward(x):
    ...     return x
    >>> is_return(forward.__code__, 1), is_return(forward.__code__, 2)
    (False, True)
    """
    return isinstance(statement(code, line), ast.Return)


def computed_at(code: CodeType | None, line: int) -> set[str]:
    """What a ``return x.T @ delta, delta.sum(0)`` computes, by the names under which it comes back: [0] and [1]; a name
    that it only passes on is none of them.

    >>> def backward(x, delta):
    ...     return x.T @ delta, delta
    >>> sorted(computed_at(backward.__code__, 2))
    ['[0]', 'return']
    """
    found = statement(code, line)
    value = found.value if isinstance(found, ast.Return) else None
    parts: dict[str, ast.expr | None] = {"return": value}
    if isinstance(value, ast.Tuple | ast.List):
        parts |= {f"[{place}]": one for place, one in enumerate(value.elts)}
    if isinstance(value, ast.Dict):
        keys = (key.value if isinstance(key, ast.Constant) else "" for key in value.keys)
        parts |= {f'["{key!s}"]': one for key, one in zip(keys, value.values)}
    passed_on = ast.Name | ast.Attribute | ast.Subscript
    return {name for name, one in parts.items() if name == "return" or not isinstance(one, passed_on)}


def lines_of(code: CodeType) -> Iterator[tuple[int, str]]:
    """The lines of one function, with their numbers.

    >>> def forward(x):
    ...     return x
    >>> list(lines_of(forward.__code__))
    [(1, 'def forward(x):'), (2, '    return x')]
    """
    lines = linecache.getlines(code.co_filename)
    first = code.co_firstlineno
    numbers = [line for *_, line in code.co_lines() if line]
    whole = definition(code)
    last = whole.end_lineno if whole else None
    for line in range(first, (last or max([first, *numbers])) + 1):
        if line <= len(lines):
            yield line, lines[line - 1].rstrip("\n")


@dataclass(frozen=True)
class Gap:
    """A place of a program where ``...`` stands for what is still to be written: its function, line and statement."""

    function: str
    line: int
    code: str


def gaps_in(function: Callable[..., Any]) -> tuple[Gap, ...]:
    """The gaps of a function and of those of the same notebook that it calls, which come first.

    >>> def forward(x, W1):
    ...     out = ...
    >>> gaps_in(forward)
    (Gap(function='forward', line=2, code='out = ...'),)
    """
    return tuple(_gaps(_innermost(function), set()))


def _innermost(function: Any) -> Any:
    inner = getattr(function, "func", function)  # of a partial
    return getattr(inner, "__func__", inner)


def _gaps(function: Any, known: set[CodeType]) -> Iterator[Gap]:
    code = getattr(function, "__code__", None)
    if code is None or code in known:
        return
    known.add(code)
    for name in code.co_names:
        other = function.__globals__.get(name)
        if isinstance(other, FunctionType) and other.__globals__ is function.__globals__:
            yield from _gaps(other, known)
    for line in _gap_lines(code):
        yield Gap(code.co_name, line, quoted(code, line))


def _gap_lines(code: CodeType) -> list[int]:
    """The first lines of the statements of a function with a gap; the dots in ``x[..., None]`` are none."""
    body = definition(code)
    if body is None:
        return []
    inside = {id(dots) for one in ast.walk(body) if isinstance(one, ast.Subscript) for dots in ast.walk(one.slice)}
    dots = (one for one in ast.walk(body) if isinstance(one, ast.Constant) and one.value is ...)
    return sorted({first_line(code, one.lineno) for one in dots if id(one) not in inside})


def definition(code: CodeType) -> ast.FunctionDef | ast.AsyncFunctionDef | None:
    """The statement that defines a function."""
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    defined = (node for node in _file(code).nodes if isinstance(node, kinds) and node.name == code.co_name)
    return next((one for one in defined if code.co_firstlineno in (_begins(one), one.lineno)), None)


def _begins(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    return min([node.lineno, *(one.lineno for one in node.decorator_list)])


def strings_in(function: Callable[..., Any]) -> tuple[str, ...]:
    """The strings that a function writes down, such as the keys of a dict.

    >>> strings_in(lambda params: params["W1"])
    ('W1',)
    """
    inner = getattr(function, "func", function)
    code = getattr(getattr(inner, "__func__", inner), "__code__", None)
    return tuple(one for one in code.co_consts if isinstance(one, str)) if code else ()


def numbers_in_code(function: Callable[..., Any]) -> list[float]:
    """The numbers between 0 and 1 that a function writes down, such as the 0.1 of ``W1 -= 0.1 * dW1``.

    >>> numbers_in_code(lambda W1, dW1: W1 - 0.1 * dW1)
    [0.1]
    """
    inner = getattr(function, "func", function)
    code = getattr(getattr(inner, "__func__", inner), "__code__", None)
    found = [one for one in code.co_consts if isinstance(one, float) and 1e-6 < one < 1] if code else []
    return list(dict.fromkeys(found))
