"""Reads answers out of the text of a cell: literals and arithmetic, never running a line of it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from bpkit.core.errors import BpkitError
from bpkit.exercises.formula import read_formula

LONGEST_ANSWER = 5_000
LARGEST_NUMBER = 1024  # bits: what a float holds

_ANSWER = re.compile(
    r"""^[ \t]*answers[ \t]*\[[ \t]*(["'])(\d{1,3}[a-z]?)\1[ \t]*\][ \t]*=(?!=)[ \t]*(.*)$""", re.MULTILINE
)


@dataclass(frozen=True)
class NotRead:
    """An answer that is there, but is no literal: why it was not taken."""

    why: str


@dataclass(frozen=True)
class Found:
    """One answer: its value (or ``NotRead``), the text that stood there, the number of its cell, the cell's kind."""

    key: str
    value: Any
    text: str
    cell: int
    kind: str


def answers_in(source: str, number: int, kind: str) -> Iterator[Found]:
    """Every ``answers["3b"] = ..`` of a cell, read as Python if the cell is Python, else line by line."""
    if "answers" not in source:
        return
    try:
        body = ast.parse(source).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        for match in _ANSWER.finditer(source):
            yield Found(match[2], _text_value(match[3]), match[3].strip()[:LONGEST_ANSWER], number, kind)
        return
    for statement in body:
        match statement:
            case ast.Assign([ast.Subscript(ast.Name("answers"), ast.Constant(str(key)))], value):
                text = (ast.get_source_segment(source, value) or "")[: LONGEST_ANSWER + 1]
                yield Found(key[:8], _value(value, text), text, number, kind)


def _small(value: object, depth: int = 0) -> bool:
    """True for what can be shown and judged: no number beyond the floats, nothing nested more than a list of pairs."""
    if isinstance(value, int):
        return value.bit_length() <= LARGEST_NUMBER
    if isinstance(value, dict):
        value = [*value.keys(), *value.values()]
    if isinstance(value, list | tuple | set):
        return depth < 3 and all(_small(one, depth + 1) for one in value)
    return True


def _text_value(text: str) -> Any:
    """A line's right side, in a cell that is not Python as a whole."""
    try:
        return _value(ast.parse(text.strip(), mode="eval").body, text.strip())
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return NotRead(f"{text[:40]!r} does not read as a value")


def _value(node: ast.expr, text: str) -> Any:
    """A literal, or arithmetic on plain numbers worked out without running it, or why it is neither."""
    if len(text) > LONGEST_ANSWER:
        return NotRead("the answer is too long")
    if isinstance(node, ast.Name):
        return NotRead(f"{node.id[:40]} is a name; write the value itself")
    try:
        value = ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError):
        pass
    else:
        return value if _small(value) else NotRead("the answer is too large, or too deeply nested")
    try:
        return read_formula(text, frozenset()).at({})
    except BpkitError:
        return NotRead(f"{text[:40]!r} is no plain value, and nothing is run to find out; write the value itself")
