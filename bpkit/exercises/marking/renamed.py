"""Answers under another name than ``answers``: read where the name is known to be the same, else told."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from functools import cached_property

from bpkit.exercises.questions.answers import Found, NotRead

MOST_NAMES = 20
_WRITTEN = re.compile(r"""\b([^\W\d]\w*)[ \t]*\[[ \t]*["'](\d{1,3}[a-z]?)["'][ \t]*\][ \t]*[=:](?!=)""")
_MAKES_NAMES = re.compile(r"\banswers\b|\bChecker\b")


class Renamed:
    """The code cells of a notebook by number, and what is written in them to other names than ``answers``."""

    def __init__(self, cells: Mapping[int, str]) -> None:
        self._cells = cells
        self._suspects = {n: source for n, source in cells.items() if set(_names_in(source)) - {"answers"}}

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The names that are the same as ``answers``: it was given to them, or the sheet's own check looks there."""
        same = {"answers": None}
        for source in self._cells.values() if self._suspects else ():
            for statement in _body(source) if _MAKES_NAMES.search(source) else ():
                if isinstance(statement, ast.Assign):
                    same |= dict.fromkeys(_same(statement, same))
        used = {name for source in self._suspects.values() for name in _names_in(source)}
        return tuple(name for name in same if name in used - {"answers"})[:MOST_NAMES]

    @cached_property
    def sources(self) -> dict[int, str]:
        """The cells with such a name, with ``answers`` instead."""
        if not self.names:
            return {}
        name = re.compile(rf"(?<![\w.])(?:{'|'.join(map(re.escape, self.names))})(?=[ \t]*\[)")
        return {number: name.sub("answers", source) for number, source in self._suspects.items()}

    @cached_property
    def astray(self) -> dict[str, Found]:
        """What is written to a question's place in any other name, by key: it cannot be marked, only looked at."""
        return {
            key: Found(key, NotRead(f"cell {number} writes it to {name[:40]}, not to answers"), text, number, "code")
            for number, source in self._suspects.items()
            for name, key, text in _written(source)
            if name not in ("answers", *self.names)
        }


def _names_in(source: str) -> list[str]:
    return [match[1] for match in _WRITTEN.finditer(source)]


def _same(statement: ast.Assign, known: Mapping[str, None]) -> Iterator[str]:
    """The names that an assignment makes the same as ``answers``."""
    names = [one.id for one in statement.targets if isinstance(one, ast.Name)]
    match statement.value:
        case ast.Name(name) if name in known:
            yield from names
        case ast.Call(ast.Attribute(_, "Checker") | ast.Name("Checker"), [_, ast.Name(name)]):
            yield name
        case ast.Dict([]) if "answers" in names:  # answers = mine = {}
            yield from names


def _written(source: str) -> Iterator[tuple[str, str, str]]:
    """The name, key and text of everything that a cell writes to a question's place."""
    for statement in _body(source):
        targets = statement.targets if isinstance(statement, ast.Assign) else [getattr(statement, "target", None)]
        value = getattr(statement, "value", None)
        if not isinstance(value, ast.expr):
            continue
        for target in targets:
            match target:
                case ast.Subscript(ast.Name(name), ast.Constant(str(key))) if re.fullmatch(r"\d{1,3}[a-z]?", key):
                    yield name, key, ast.unparse(value)[:200]


def _body(source: str) -> list[ast.stmt]:
    try:
        return ast.parse(source).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return []
