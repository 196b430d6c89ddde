"""Keeps what belongs to the learner as it was: the names that a program can reach, and the random generators."""

from __future__ import annotations

import contextlib
import copy
import random
from collections.abc import Callable, Iterator
from types import CellType, CodeType, FunctionType
from typing import Any

import numpy as np

LARGEST = 1_000_000  # numbers in an array that is copied


class Kept:
    """What a program may change outside of itself, as it was: global numbers, arrays, lists and dicts that it names,
    the defaults of its arguments, and the random generators. ``restore`` puts all of it back.
    """

    def __init__(self, function: Callable[..., Any]) -> None:
        names, self._module, codes = _reached(function)
        self._globals = {name: _saved(self._module[name]) for name in names & self._module.keys()}
        self._defaults = [_saved(one) for one in codes]
        self._drawn = np.random.get_state(), random.getstate()  # noqa: NPY002

    def restore(self) -> None:
        """Put back what the program changed: globals and random generators."""
        numpys, pythons = self._drawn
        np.random.set_state(numpys)  # noqa: NPY002
        random.setstate(pythons)
        for name, (value, before) in self._globals.items():
            if before is not None:
                _restore(value, before)
                self._module[name] = value
        for value, before in self._defaults:
            _restore(value, before)


@contextlib.contextmanager
def standing_in(function: Callable[..., Any], on: object, held: object) -> Iterator[None]:
    """While this lasts, a function that names an object finds its copy there."""
    plain = getattr(function, "__func__", function)
    module = getattr(plain, "__globals__", {})
    names = [name for name, value in module.items() if on is not None and value is on]
    cells = [cell for cell in getattr(plain, "__closure__", None) or () if on is not None and _content(cell) is on]
    try:
        for name in names:
            module[name] = held
        for cell in cells:
            cell.cell_contents = held
        yield
    finally:
        for name in names:
            module[name] = on
        for cell in cells:
            cell.cell_contents = on


def _content(cell: CellType) -> object:
    try:
        return cell.cell_contents
    except ValueError:  # it is still empty
        return None


def _saved(value: Any) -> tuple[Any, Any]:
    """A value with a copy of it; with None where it is nothing that is put back."""
    if isinstance(value, np.ndarray | list | dict | int | float) and getattr(value, "size", 0) <= LARGEST:
        with contextlib.suppress(Exception):  # what cannot be copied is left alone
            return value, copy.deepcopy(value)
    return value, None


def _restore(value: Any, before: Any) -> None:
    if isinstance(value, np.ndarray):
        if value.flags.writeable and not np.array_equal(value, before):
            value[...] = before
    elif isinstance(value, list):
        value[:] = copy.deepcopy(before)
    elif isinstance(value, dict):
        value.clear()
        value.update(copy.deepcopy(before))


def _reached(function: Callable[..., Any]) -> tuple[set[str], dict[str, Any], list[Any]]:
    """The global names that a function uses, itself or through functions that it calls; the defaults of all of them."""
    plain = getattr(function, "__func__", getattr(function, "func", function))
    module = getattr(plain, "__globals__", {})
    waiting, names, done = [getattr(plain, "__code__", None)], set[str](), set[CodeType]()
    defaults = [*(getattr(plain, "__defaults__", None) or ()), *(getattr(plain, "__kwdefaults__", None) or {}).values()]
    while waiting:
        code = waiting.pop()
        if code is None or code in done:
            continue
        done.add(code)
        waiting += [one for one in code.co_consts if isinstance(one, CodeType)]
        for name in code.co_names:
            names.add(name)
            if isinstance(one := module.get(name), FunctionType):
                waiting.append(one.__code__)
                defaults += one.__defaults__ or ()
    return names, module, defaults


def globals_of(function: Callable[..., Any]) -> dict[str, Any]:
    """The global names that a function uses, with what they hold.

    >>> globals_of(lambda z: LARGEST * z)
    {'LARGEST': 1000000}
    """
    names, module, _ = _reached(function)
    return {name: module[name] for name in names & module.keys()}
