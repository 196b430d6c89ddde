"""Runs a learner's function and follows it: every number and array that its own lines make, with the line."""

from __future__ import annotations

import builtins
import contextlib
import ctypes
import io
import random
import sys
import threading
import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from types import CodeType, FrameType, ModuleType
from typing import Any

import numpy as np

from bpkit.core.arrays import off_tape
from bpkit.core.runtime import Array

LINES = 4000  # line events that are looked at; a program that goes on is only watched for its time
KEPT = 64  # values of one name in one line
PATIENCE = 1.0  # seconds; what sleeps cannot be ended
SLICE = 0.25  # seconds after which a program that is late is looked at again
BUSY = 0.05  # of a slice on the processor: it computes, on a machine with much to do, and neither sleeps nor waits
CROWDED = 5  # times as long as it should take, at most
DEEP = 40  # functions within functions that are looked into
LARGEST = 4096  # numbers in an array that is kept
COMPREHENSIONS = frozenset({"<listcomp>", "<setcomp>", "<dictcomp>", "<genexpr>"})
PLAIN = (bool, int, float, np.generic)


class TooLong(BaseException):
    """Raised inside a program that takes too long; not an ``Exception``, so that few programs catch it."""


@dataclass(frozen=True, eq=False)
class Seen:
    """A value that a line has made: under which name, by how many-th look, in which function."""

    name: str
    line: int
    value: Array
    order: int
    code: CodeType
    returned: bool = False


@dataclass(eq=False)
class Run:
    """What came of one call: the value or the error with its line, and every value seen on the way."""

    result: Any = None
    error: BaseException | None = None
    trail: list[tuple[int, CodeType]] = field(default_factory=list)  # the lines that an error went through
    shapes: dict[str, tuple[int, ...]] = field(default_factory=dict)  # of the arrays where it stopped
    seen: list[Seen] = field(default_factory=list)
    given: list[Seen] = field(default_factory=list)  # what the first of the learner's functions got
    looks: int = 0
    end: int = 0  # the line where the function gave its result, or ended
    main: CodeType | None = None
    random: bool = False
    seconds: float = 0.0

    @property
    def endless(self) -> bool:
        return isinstance(self.error, TooLong)


def run(function: Callable[..., Any], arguments: list[Any], named: Mapping[str, Any], seconds: float) -> Run:
    """Call a function in a thread of its own, which this one can stop waiting for; ``seconds`` of that thread's time.

    What it prints is kept from the page, and its warnings are silent.
    """
    found = Run()
    follower = _Follower(_own(function), found, seconds)

    def call() -> None:
        follower.begun = time.thread_time()
        sys.settrace(follower.calls)
        try:
            found.result = function(*arguments, **named)
        except BaseException as error:
            sys.settrace(None)
            found.error = error
            found.trail = _trail(error, follower.own)
            found.shapes = _shapes_at(error, follower.own)
        finally:
            sys.settrace(None)

    begun = time.monotonic()
    with _quiet(found):
        _in_a_thread(call, follower, seconds)
    found.seconds = time.monotonic() - begun
    if found.result is None and found.error is None and found.seconds > seconds:
        found.error = TooLong()
        found.trail = [follower.last] if follower.last[1] else []
    return found


def _in_a_thread(call: Callable[[], None], follower: _Follower, seconds: float) -> None:
    thread = threading.Thread(target=call, daemon=True)
    try:
        thread.start()
    except RuntimeError:  # where there are no threads, as in a browser
        call()
        return
    try:
        begun = time.monotonic()
        thread.join(seconds + 0.5)
        while thread.is_alive() and not follower.ended and time.monotonic() < begun + CROWDED * seconds:
            before = follower.spent
            thread.join(SLICE)
            if follower.spent - before < BUSY * SLICE:
                break
        begun = time.monotonic()
        while follower.ended and thread.is_alive() and time.monotonic() < begun + PATIENCE:
            # It swallowed what should have ended it, so it is told again. What waits or sleeps is let alone: an error
            # that waits to be raised there would keep every other thread from being followed (in Python 3.11).
            error = ctypes.py_object(TooLong)
            ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread.ident or 0), error)
            thread.join(0.005)
    except BaseException:
        follower.seconds = 0.0  # the reader interrupts: so does the program, at its next line
        raise


def _own(function: Callable[..., Any]) -> Callable[[FrameType], bool]:
    """Whether a frame runs a line of the learner's: one of the same notebook or file."""
    inner = getattr(function, "func", function)  # of a partial
    inner = getattr(inner, "__func__", inner)
    names = getattr(inner, "__globals__", None) or getattr(type(inner).__call__, "__globals__", None)
    return lambda frame: frame.f_globals is names


@contextlib.contextmanager
def _quiet(found: Run) -> Iterator[None]:
    text, before, asks = io.StringIO(), drawn(), builtins.input
    with warnings.catch_warnings(), contextlib.redirect_stdout(text), contextlib.redirect_stderr(text):
        warnings.simplefilter("ignore")
        builtins.input = _nobody_answers
        try:
            yield
        finally:
            builtins.input = asks
    found.random = drawn() != before


def _nobody_answers(prompt: object = "") -> str:
    """Stands for ``input`` while a program is under review."""
    raise EOFError("nobody answers while a program is reviewed; give the value as an argument instead of input()")


def drawn() -> tuple[object, ...]:
    """Where the random generators of Python and NumPy stand.

    >>> before = drawn()
    >>> drawn() == before
    True
    """
    _, keys, place, *_ = np.random.get_state()  # noqa: NPY002
    return random.getstate(), np.asarray(keys).tobytes(), place


def _trail(error: BaseException, own: Callable[[FrameType], bool]) -> list[tuple[int, CodeType]]:
    """The learner's lines that an error went through, the outermost first."""
    found, trace = [], error.__traceback__
    while trace:
        if own(trace.tb_frame):
            found.append((trace.tb_lineno, trace.tb_frame.f_code))
        trace = trace.tb_next
    return found


def _shapes_at(error: BaseException, own: Callable[[FrameType], bool]) -> dict[str, tuple[int, ...]]:
    """The shapes of all numbers and arrays that the learner's line which stopped could use."""
    frame, trace = None, error.__traceback__
    while trace:
        frame, trace = trace.tb_frame if own(trace.tb_frame) else frame, trace.tb_next
    return {name: value.shape for name, value in _numbers(frame)} if frame else {}


class _Follower:
    """The trace function: after each line it looks at what the line has changed."""

    def __init__(self, own: Callable[[FrameType], bool], found: Run, seconds: float) -> None:
        self.own, self.found, self.seconds = own, found, seconds
        self.begun = self.spent = 0.0  # of the thread's own time, which other programs do not use up
        self.ended = False
        self.last: Any = (0, None)
        self._before: dict[FrameType, dict[str, tuple[Any, bytes]]] = {}
        self._line: dict[FrameType, int] = {}
        self._counts: dict[tuple[CodeType, int, str], int] = {}

    def calls(self, frame: FrameType, event: str, argument: Any) -> Any:
        if not self.own(frame):
            return None
        if frame.f_code.co_name in COMPREHENSIONS or len(self._before) > DEEP:
            return self._watch
        self._line[frame] = frame.f_lineno
        values = [*_numbers(frame)]
        self._before[frame] = {name: (value, value.tobytes()) for name, value in values}
        if not self.found.seen and not self.found.given:
            self.found.given += [Seen(name, frame.f_lineno, value, -1, frame.f_code) for name, value in values]
        return self._lines

    def _watch(self, frame: FrameType, event: str, argument: Any) -> Any:
        """A comprehension, or a function deep within others: nothing of its own is kept."""
        self.last = frame.f_lineno, frame.f_code
        self._in_time()
        return self._watch

    def _in_time(self) -> None:
        self.spent = time.thread_time() - self.begun
        if self.spent > self.seconds:
            self.ended = True
            raise TooLong

    def _lines(self, frame: FrameType, event: str, argument: Any) -> Any:
        self.last = frame.f_lineno, frame.f_code
        self._in_time()
        if event in ("line", "return") and self.found.looks < LINES:
            self.found.looks += 1
            self._look(frame)
            if event == "return":
                for name, value in numbers_in("", argument, 2):
                    self._keep(frame.f_code, name or "return", frame.f_lineno, value, True)
        if event == "return":
            self.found.end, self.found.main = frame.f_lineno, frame.f_code
            self._before.pop(frame, None)
            self._line.pop(frame, None)
        elif event == "line":
            self._line[frame] = frame.f_lineno
        return self._lines

    def _look(self, frame: FrameType) -> None:
        line, before = self._line.get(frame, frame.f_lineno), self._before.setdefault(frame, {})
        for name, value in _numbers(frame):
            old = before.get(name)
            content = value.tobytes()
            if old is None or old[1] != content or old[0].shape != value.shape or old[0].dtype != value.dtype:
                before[name] = (value, content)
                self._keep(frame.f_code, name, line, value)

    def _keep(self, code: CodeType, name: str, line: int, value: Array, returned: bool = False) -> None:
        key = (code, line, name)
        count = self._counts[key] = self._counts.get(key, 0) + 1
        if count <= KEPT:
            self.found.seen.append(Seen(name, line, value, len(self.found.seen), code, returned))


def _numbers(frame: FrameType) -> Iterator[tuple[str, Array]]:
    """Every number and array among the names of a frame, as copies: also those in lists, dicts and objects."""
    for name, value in frame.f_locals.items():
        if not isinstance(value, ModuleType):
            yield from numbers_in(name, value, 2)
    for name in frame.f_code.co_names:  # what it changes outside
        if isinstance(value := frame.f_globals.get(name), np.ndarray | list | dict):
            yield from numbers_in(name, value, 2)


def numbers_in(name: str, value: Any, depth: int = 2) -> Iterator[tuple[str, Array]]:
    value = _tensor(value)
    if isinstance(value, (np.ndarray, *PLAIN)):
        array = np.array(value)
        if array.dtype.kind in "biuf" and array.size <= LARGEST:
            yield name, array
    elif isinstance(value, list | tuple) and depth and len(value) <= KEPT:
        rows = _rows(value)
        if rows is not None:
            yield name, rows
        else:
            for place, one in enumerate(value):
                yield from numbers_in(f"{name}[{place}]", one, depth - 1)
    elif isinstance(value, dict) and depth and len(value) <= KEPT:
        for key, one in [*value.items()]:
            if isinstance(key, str | int):
                yield from numbers_in(f'{name}["{key}"]' if isinstance(key, str) else f"{name}[{key}]", one, depth - 1)
    elif depth and hasattr(value, "__dict__") and not callable(value):
        for key, one in [*vars(value).items()]:
            yield from numbers_in(f"{name}.{key}", one, depth - 1)


def _rows(value: list[Any] | tuple[Any, ...]) -> Array | None:
    """A list of numbers, or of rows of numbers, as the array that it represents."""
    flat = all(isinstance(one, PLAIN) for one in value)
    nested = all(isinstance(one, list | tuple) and one and all(isinstance(v, PLAIN) for v in one) for one in value)
    if not value or not (flat or (nested and len({len(one) for one in value}) == 1)):
        return None
    return np.array(value, dtype=float)  # whole numbers of a list give way to others


def _tensor(value: Any) -> Any:
    """What other libraries hold numbers in, as NumPy has it."""
    if hasattr(value, "detach") or (hasattr(value, "__array__") and not isinstance(value, (np.ndarray, *PLAIN))):
        with contextlib.suppress(Exception):
            return np.asarray(off_tape(value))
    return value
