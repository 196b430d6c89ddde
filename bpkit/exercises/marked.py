"""A class's marking from files to files: what was handed in, marked, as tables and pages."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache, partial
from itertools import chain, count
from pathlib import Path

from bpkit.core.errors import BpkitError
from bpkit.exercises.files import slug
from bpkit.exercises.key import Key, key_file, read_key
from bpkit.exercises.marking import Marked, mark_file, twice
from bpkit.exercises.produce import spread, usable_jobs
from bpkit.exercises.report import answers_table, class_page, feedback_page, marks_table
from bpkit.exercises.submissions import notebooks_in

MANY = 200  # files, from which on further processes are worth their start


def handed_in(submissions: Path, key_path: Path) -> tuple[Path, ...]:
    """The notebooks to mark; raises ``BpkitError`` when there are none, or no key."""
    _key(key_path, _stamp(key_path))
    if not submissions.exists():
        raise BpkitError(f"mark: expected a folder with what was handed in, there is no {submissions}; name another")
    paths = tuple(notebooks_in(submissions))
    if not paths:
        raise BpkitError(f"mark: expected notebooks in {submissions}, found none; they end with .ipynb")
    return paths


def marking(paths: Sequence[Path], key_path: Path, jobs: int | None = None) -> Iterator[Marked]:
    """Mark files by a key, in order; of two from one learner the second says so."""
    seen: dict[str, Path] = {}
    with spread(usable_jobs(jobs) if len(paths) > MANY else 1, len(paths)) as run:
        for marked in run(partial(_mark_one, key_path=key_path, stamp=_stamp(key_path)), paths):
            yield twice(marked, seen)


def absent(results: Sequence[Marked], key_path: Path) -> tuple[str, ...]:
    """The learners of the key of whom no notebook was marked."""
    here = {marked.slug for marked in results}
    return tuple(seat.learner for seat in _key(key_path, _stamp(key_path)).seats if seat.slug not in here)


def reports(results: Sequence[Marked], missing: Sequence[str] = ()) -> Mapping[str, str]:
    """The files that marking leaves, by name: tables of marks and answers, the class's page, each learner's page.

    The class's page names who is ``missing``.
    """
    good = [marked for marked in results if marked.marks]
    pages = {f"feedback/{name}.html": feedback_page(marked) for name, marked in zip(_pages(good), good)}
    tables = {"marks.csv": marks_table(results), "answers.csv": answers_table(results)}
    return {**tables, "class.html": class_page(results, missing), **pages}


@lru_cache(maxsize=1)
def _key(path: Path, stamp: int) -> Key:
    """The key, read once in each process, and again when the file has changed."""
    return read_key(path)


def _stamp(path: Path) -> int:
    """When the key was written; 0 where there is none, which reading it will say."""
    try:
        return key_file(path).stat().st_mtime_ns
    except OSError:
        return 0


def _mark_one(path: Path, key_path: Path, stamp: int) -> Marked:
    return mark_file(path, _key(key_path, stamp))


def _pages(results: Sequence[Marked]) -> Iterator[str]:
    """The name of each learner's page; a second file of theirs gets one of its own, and never somebody else's."""
    taken = {marked.slug for marked in results}
    seen: set[str] = set()
    for marked in results:
        name = marked.slug
        if name in seen:
            longer = f"{name}-{slug(marked.path.stem)}"
            name = next(one for one in chain([longer], (f"{longer}-{n}" for n in count(2))) if one not in taken)
            taken.add(name)
        seen.add(name)
        yield name
