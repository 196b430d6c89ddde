"""Editions of a sheet, all from one source: notebooks, pages, and files for learning systems."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from pathlib import PurePosixPath
from types import MappingProxyType

from bpkit.core.errors import BpkitError, suggest
from bpkit.core.folder import modules_in
from bpkit.exercises.editions import nbgrader
from bpkit.exercises.editions.edition import Bank, Edition, File

_FIRST = ("notebooks", "pages", "moodle", "canvas", "nbgrader")
_READ_THIS = ("produce", "forecast", "pack")  # they work through whatever editions there are
EDITIONS: Mapping[str, Edition] = MappingProxyType(
    {
        one.name: one
        for module in modules_in(__name__, _FIRST, without=_READ_THIS)
        for one in vars(module).values()
        if isinstance(one, Edition)
    }
)
EACH: Mapping[str, tuple[File, ...]] = MappingProxyType({one.name: one.files for one in EDITIONS.values() if one.files})
BANKS: Mapping[str, Bank] = MappingProxyType({one.name: one.bank for one in EDITIONS.values() if one.bank})
NBGRADER = nbgrader.EDITION.name
# Where an edition's files for each learner stand.
FOLDERS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {name: tuple(f"{file.folder}/" for file in files) for name, files in EACH.items()}
    | {NBGRADER: (nbgrader.HANDOUT.partition("{")[0],)}
)
MANY = 100  # learners whose files are better moved in zips than one by one
DEFAULT = ("learner", "solution")
ALL = "all"


def archive_of(name: str, zips: Collection[str]) -> str:
    """The zip that a learner's file goes into, if its edition is among those; empty if it is a file by itself.

    Unpacked where it is, it puts the files into their usual folders.

    >>> archive_of("solutions/ada-ash.ipynb", ["solution"]), archive_of("solutions/ada-ash.ipynb", [])
    ('solutions.zip', '')
    """
    top, *inner = PurePosixPath(name).parts
    if not any(name.startswith(folder) for one in zips for folder in FOLDERS[one]):
        return ""
    return f"{top}/{inner[0]}.zip" if top == NBGRADER else f"{top}.zip"


def zips_of(learners: int, wish: bool | None = None, loose: Collection[str] = ()) -> tuple[str, ...]:
    """The editions whose files for so many learners go into a zip each: by ``wish``, else if there are many.

    The notebooks that are handed out never do, nor do the ``loose`` ones.

    >>> zips_of(30), "solution" in zips_of(300), "learner" in zips_of(300)
    ((), True, False)
    """
    wanted = learners > MANY if wish is None else wish
    return tuple(name for name in FOLDERS if name not in ("learner", *loose)) if wanted else ()


def check_editions(names: Iterable[str]) -> tuple[str, ...]:
    """The editions of those names, each once, or ``all``; raises ``BpkitError`` for one that does not exist.

    >>> check_editions(["moodle", "learner", "moodle"])
    ('moodle', 'learner')
    """
    found = tuple(dict.fromkeys(names))
    for name in found:
        if name not in (*EDITIONS, ALL):
            near = suggest(name, EDITIONS)
            more = near if near.startswith("; did you mean") else "; choose from these"
            raise BpkitError(f"edition: expected some of {', '.join(EDITIONS)}, or {ALL}, got {name!r}{more}")
    return tuple(EDITIONS) if ALL in found else found
