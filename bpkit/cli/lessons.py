"""The lessons: where they are, which one is meant, and a person's own copies of those that came with the package."""

from __future__ import annotations

import json
from collections.abc import Sequence
from difflib import get_close_matches
from hashlib import sha256
from pathlib import Path, PurePath

from bpkit.core.errors import BpkitError, suggest
from bpkit.exercises.sheets.files import write

CLONE = Path(__file__).parents[2] / "notebooks"
CARRIED = Path(__file__).parents[1] / "notebooks"  # where a wheel has them, see pyproject.toml
FIRST = "00_start_here.ipynb"
OWN = "bpkit-lessons"
RECORD = ".bpkit-lessons.json"  # which version of each lesson the kit put there


def notebooks(folder: Path) -> list[str]:
    """List the notebooks of a folder and of the folders in it, as paths relative to it; hidden folders hold none.

    What lies deeper is no lesson: instructors make their classes' sheets there.

    >>> notebooks(course())[0]
    '00_start_here.ipynb'
    """
    paths = (path.relative_to(folder) for pattern in ("*.ipynb", "*/*.ipynb") for path in folder.glob(pattern))
    return sorted(p.as_posix() for p in paths if not any(part.startswith(".") for part in p.parts))


def course() -> Path:
    """The folder of the lessons: that of the clone, or of where one stands, or what came with the package.

    >>> (course() / FIRST).is_file()
    True
    """
    return notebooks_folder([CLONE, Path("notebooks"), Path(), CARRIED])


def notebooks_folder(candidates: Sequence[Path]) -> Path:
    """Return the first folder that holds the first lesson.

    >>> notebooks_folder([Path("no_such_folder"), course()]) == course()
    True
    """
    for folder in candidates:
        if (folder / FIRST).is_file():
            return folder.resolve()
    raise BpkitError(
        "lessons: a folder with the notebooks expected, none found at "
        + " or ".join(dict.fromkeys(str(folder.absolute()) for folder in candidates))
        + "; install bpkit anew"
    )


def own_course() -> tuple[Path, list[str]]:
    """The folder to open the lessons in, and what a person should know about it.

    What came with the package is not opened itself, but copied into the folder where one stands.
    """
    folder = course()
    if folder == CARRIED.resolve():
        folder = Path(OWN).absolute()
    elif not (folder / RECORD).is_file():
        return folder, []
    new = not folder.exists()
    kept = bring(CARRIED, folder)
    news = [f"Copied the lessons to {folder}. What you change there stays."] if new else []
    if kept:
        news.append(
            f"This version has new lessons for files that you changed: {', '.join(kept)}. Your files stay as they are. "
            "To get the new ones, rename yours and start `bpkit lab` again."
        )
    return folder, news


def bring(lessons: Path, own: Path) -> list[str]:
    """Copy lessons into a person's own folder: those that are missing, and new versions of those left unchanged.

    Gives the names of changed ones that have a new version, once; they stay as they are. Outputs are no change, as
    running a lesson makes them.
    """
    record = own / RECORD
    before = _remembered(record)
    now, kept = dict(before), []
    for name in notebooks(lessons):
        text, mine = (lessons / name).read_bytes(), own / name
        now[name] = _sources(text) or ""
        if mine.exists() and now[name] == before.get(name):
            continue
        there = _sources(mine.read_bytes()) if mine.is_file() else None
        unchanged = there is not None and there == before.get(name)
        if unchanged or not mine.exists():
            write(mine, text, force=unchanged)
        elif there != now[name]:
            kept.append(name)
    if now != before:
        write(record, json.dumps(now, indent=1), force=True)
    return kept


def _remembered(record: Path) -> dict[str, str]:
    """What was copied, as its sources' digests; nothing where that cannot be read, so that all counts as changed."""
    try:
        found = json.loads(record.read_bytes())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _sources(notebook: bytes) -> str | None:
    """A digest of what is written in a notebook's cells; none where it cannot be read."""
    try:
        cells = [(cell["cell_type"], "".join(cell["source"])) for cell in json.loads(notebook)["cells"]]
    except (ValueError, KeyError, TypeError):
        return None
    return sha256(json.dumps(cells).encode()).hexdigest()


def find_lesson(wanted: str, lessons: Sequence[str]) -> str:
    """Find the one notebook meant by a number, a name, a part of a name, or a name with a slip in it."""
    name = PurePath(wanted).name.removesuffix(".ipynb").lower().replace("-", "_").replace(" ", "_")
    stems = {PurePath(lesson).stem: lesson for lesson in lessons}
    if name.isdecimal():
        name = f"{int(name):02d}_"
        found = [stem for stem in stems if stem.startswith(name)]
    else:
        words = {stem.lstrip("0123456789_"): stem for stem in stems} | {stem: stem for stem in stems}
        found = [words[name]] if name in words else [stem for stem in stems if name in stem]
        found = found or sorted({words[near] for near in get_close_matches(name, words)})
    shortest = min(found, key=len, default="")
    if not found or not all(stem.startswith(shortest) for stem in found):  # a lesson's copies have longer names
        raise BpkitError(
            f"lesson: the number or name of one notebook expected, {wanted!r} came" + suggest(wanted, found or stems)
        )
    return stems[shortest]
