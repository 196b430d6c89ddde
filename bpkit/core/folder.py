"""The modules of a folder: what each of them has is found there, so that no list of them is kept."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from pkgutil import iter_modules
from types import ModuleType


def modules_in(package: str, first: Sequence[str] = (), without: Sequence[str] = ()) -> tuple[ModuleType, ...]:
    """The modules of a package, not its folders: the ``first`` in order, then the others but those ``without``.

    >>> [one.__name__ for one in modules_in("bpkit.core", first=["lines", "names"])][:2]
    ['bpkit.core.lines', 'bpkit.core.names']
    """
    names = {one.name for one in iter_modules(import_module(package).__path__) if not one.ispkg}
    return tuple(import_module(f"{package}.{name}") for name in (*first, *sorted(names - {*first, *without})))
