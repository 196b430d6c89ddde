"""Reads answers out of the text of a cell: what can be followed without running a line of it, and nothing else."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from bpkit.core.errors import BpkitError
from bpkit.mistakes.formula import read_formula
from bpkit.mistakes.typed_number import NotANumber, read

LONGEST_ANSWER = 5_000
LARGEST_NUMBER = 1024  # bits: what a float holds
_BLANKS = ("None", "...", "")
_RUN_AS_PYTHON = ("%%time", "%%timeit", "%%capture", "%%prun")
_IPYTHON = re.compile(r"^(\s*)(?:[%!?].*|[\w.]+\?\??\s*)$")  # %magic, !command, ?help and help?
_CAUGHT = re.compile(r"^(\s*[\w., ]+=\s*)[%!].*$")  # files = !ls
_KEY = re.compile(r"\d{1,3}[a-z]?")
_CHANGING = ("__setitem__", "update", "setdefault", "pop", "popitem", "clear")

# In a cell that Python cannot read as a whole.
_ANSWER = re.compile(
    r"""^[ \t]*answers[ \t]*\[[ \t]*(["'])(\d{1,3}[a-z]?)\1[ \t]*\][ \t]*=(?!=)[ \t]*(.*)$""", re.MULTILINE
)


@dataclass(frozen=True)
class NotRead:
    """An answer that is there, but cannot be read without running it: why it was not taken."""

    why: str


@dataclass(frozen=True)
class Found:
    """One answer: its value (or ``NotRead``), the text that stood there, the number of its cell, the cell's kind.

    ``remark`` says why an instructor should look at an answer that was read anyway.
    """

    key: str
    value: Any
    text: str
    cell: int
    kind: str
    remark: str = ""

    @property
    def blank(self) -> bool:
        """True where nothing has been written yet."""
        return self.text in _BLANKS

    @property
    def weight(self) -> int:
        """What counts more: an answer in code that runs, then one in code that does not, then one in a text."""
        return 0 if self.blank else 3 if not self.remark else 2 if self.kind == "code" else 1


def answers_in(source: str, number: int, kind: str) -> Iterator[Found]:
    """Every ``answers["3b"] = ..`` of a cell: read as Python where the cell is Python that runs, else line by line."""
    if "answers" not in source:
        return
    python = _python(source) if kind == "code" else None
    try:
        body = ast.parse(python).body if python is not None else None
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        body = None
    if body is not None and python is not None:
        for key, value, text in _Cell(python).read(body):
            yield Found(key[:8], value, text[: LONGEST_ANSWER + 1], number, kind)
        return
    why = "cannot run" if kind == "code" else f"is {'Markdown' if kind == 'markdown' else 'no code'}"
    for match in _ANSWER.finditer(source):
        text = match[3].partition("#")[0].strip()[:LONGEST_ANSWER]
        yield Found(match[2], _line_value(text), text, number, kind, f"its cell ({number}) {why}")


def _python(source: str) -> str | None:
    """The Python of a cell, IPython's own lines left empty; None where its first line hands it to something else."""
    lines = source.splitlines()
    first = next((line.split() for line in lines if line.strip()), [])
    if first and first[0].startswith("%%"):
        if first[0] not in _RUN_AS_PYTHON:
            return None
        lines[next(i for i, line in enumerate(lines) if line.strip())] = ""
    return "\n".join(_IPYTHON.sub(r"\1pass", _CAUGHT.sub(r"\1get_ipython()", line)) for line in lines)


class _Cell:
    """A cell's statements, followed from the first to the last: plain assignments and the values of names."""

    def __init__(self, source: str) -> None:
        self.lines = source.encode("utf-8", "surrogatepass").splitlines(keepends=True)
        self.names: dict[str, Any] = {}

    def read(self, body: list[ast.stmt]) -> Iterator[tuple[str, Any, str]]:
        """The key, value and text of every answer."""
        for statement in body:
            match statement:
                case ast.Assign(targets, value):
                    for target in targets:
                        yield from self.assigned(target, value)
                case ast.AnnAssign(target, _, value) if value is not None:
                    yield from self.assigned(target, value)
                case _:
                    yield from self.hidden(statement)

    def assigned(self, target: ast.expr, value: ast.expr) -> Iterator[tuple[str, Any, str]]:
        """What one target of an assignment gets."""
        match target, value:
            case ast.Subscript(ast.Name("answers"), ast.Constant(str(key))), _:
                text = self.text(value)
                yield key, self.value(value, text), text
            case ast.Name("answers"), ast.Dict([]):
                pass
            case ast.Name("answers"), _:
                yield from self.hidden(value)
            case ast.Name(name), _:
                self.names[name] = self.value(value, self.text(value))
            case (ast.Tuple(targets), ast.Tuple(values)) if len(targets) == len(values):
                for one, other in zip(targets, values):
                    yield from self.assigned(one, other)
            case _:
                yield from self.hidden(target)

    def hidden(self, node: ast.expr | ast.stmt) -> Iterator[tuple[str, Any, str]]:
        """The answers that a statement may set in a way that only running it would show; its names are forgotten.

        Where its keys are not written out either, the key is empty.
        """
        keys: dict[str, None] = {}
        changes = isinstance(node, ast.expr)
        for one in ast.walk(node):
            match one:
                case ast.Subscript(ast.Name("answers"), _, ast.Store() | ast.Del()):
                    changes = True
                case ast.Attribute(ast.Name("answers"), method) if method in _CHANGING:
                    changes = True
                case ast.Name("answers", ast.Store()):
                    changes = True
                case ast.keyword(str(name)) if _KEY.fullmatch(name):
                    keys[name] = None
                case ast.Constant(str(text)) if _KEY.fullmatch(text):
                    keys[text] = None
                case ast.Name(name, ast.Store()) | ast.FunctionDef(name) | ast.ClassDef(name):
                    self.names.pop(name, None)
        if changes:
            text = self.text(node)
            why = f"{text[:40]!r} would have to be run to see the answer; write answers[..] = and the value"
            yield from ((key, NotRead(why), text) for key in keys or ("",))

    def text(self, node: ast.expr | ast.stmt) -> str:
        """What was written there (``ast.get_source_segment`` would split the whole cell again for each piece)."""
        end, last = node.end_lineno or node.lineno, node.end_col_offset
        rows = self.lines[node.lineno - 1 : end]
        rows[-1] = rows[-1][:last]
        rows[0] = rows[0][node.col_offset :]
        return b"".join(rows).decode("utf-8", "replace")

    def value(self, node: ast.expr, text: str) -> Any:
        """A literal, a name that holds one, or arithmetic on them, worked out without running it; else why not."""
        if len(text) > LONGEST_ANSWER:
            return NotRead("the answer is too long")
        match node:
            case ast.Name(name):
                return self.names.get(name, NotRead(f"{name[:40]} is a name; write the value itself"))
            case ast.Call(function, [argument], []) if ast.unparse(function) in _NUMBERS:
                return _number(self.value(argument, self.text(argument)), text)
            case ast.Call(ast.Name("round"), [argument, ast.Constant(int(places))], []):
                rounded = _number(self.value(argument, self.text(argument)), text)
                return rounded if isinstance(rounded, NotRead) else round(rounded, places)
        try:
            value = ast.literal_eval(node)
        except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError):
            pass
        else:
            return value if _small(value) else NotRead("the answer is too large, or too deeply nested")
        numbers = {name: float(v) for name, v in self.names.items() if isinstance(v, int | float)}
        try:
            return read_formula(" ".join(text.split()), frozenset(numbers)).at(numbers)
        except (BpkitError, OverflowError):
            return NotRead(f"{text[:40]!r} is no plain value, and nothing is run to find out; write the value itself")


_NUMBERS = ("float", "np.float64", "numpy.float64")


def _number(value: Any, text: str) -> Any:
    """What ``float(..)`` gives for a value that was read."""
    if isinstance(value, NotRead):
        return value
    try:
        return float(value)
    except (TypeError, ValueError, OverflowError):
        return NotRead(f"{text[:40]!r} is no number; write the value itself")


def _small(value: object, depth: int = 0) -> bool:
    """True for what can be shown and judged: no number beyond the floats, nothing nested more than a list of pairs."""
    if isinstance(value, int):
        return value.bit_length() <= LARGEST_NUMBER
    if isinstance(value, dict):
        value = [*value.keys(), *value.values()]
    if isinstance(value, list | tuple | set):
        return depth < 3 and all(_small(one, depth + 1) for one in value)
    return True


def _line_value(text: str) -> Any:
    """A line's right side, in a cell that is not Python as a whole."""
    try:
        return _Cell(text).value(ast.parse(text, mode="eval").body, text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        pass
    try:
        read(text)  # a decimal comma or a typographic minus is no Python
    except NotANumber:
        return NotRead(f"{text[:40]!r} does not read as a value")
    return text


def written_in(sources: Sequence[str], key: str) -> Found | None:
    """The last answer to a key in cells that were run one after the other; None where none is.

    >>> written_in(['answers["1"] = 0.5', 'answers["1"] = 0.45'], "1").value
    0.45
    """
    for number in range(len(sources), 0, -1):
        for found in reversed(list(answers_in(sources[number - 1], number, "code"))):
            if found.key == key:
                return found
    return None
