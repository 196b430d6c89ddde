"""A class's marking from files to files: what was handed in, marked, as tables and pages."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path, PurePosixPath

from bpkit.core.errors import BpkitError
from bpkit.exercises.marking.one_file import Marked, mark_file
from bpkit.exercises.marking.overrides import Overrides, read_overrides
from bpkit.exercises.marking.records import ANSWERS, MARKS, answers_table, earlier, marks_table
from bpkit.exercises.marking.report import class_page, feedback_page
from bpkit.exercises.marking.standing import Outcome, Standing, settle
from bpkit.exercises.marking.submissions import bare, files_in
from bpkit.exercises.sheets.files import slugs
from bpkit.exercises.sheets.key import Key, key_file, read_key
from bpkit.exercises.sheets.processes import spread, usable_jobs

MANY = 200  # files, from which on further processes are worth their start


@dataclass(frozen=True)
class HandedIn:
    """The files to mark and the folder that they lie in, the key, what was set by hand, and what is marked already."""

    paths: tuple[Path, ...]
    root: Path | None
    key_path: Path
    changed: Overrides
    earlier: Mapping[str, Standing]

    def __len__(self) -> int:
        return len(self.paths)


def handed_in(submissions: Path, key_path: Path, out: Path) -> HandedIn:
    """What there is to mark; raises ``BpkitError`` when there is nothing, no key, or a table in the way.

    ``out`` is where the results go, and where those of earlier runs are.
    """
    key = _key(key_path, _stamp(key_path))
    if not submissions.exists():
        raise BpkitError(f"mark: expected a folder with what was handed in, there is no {submissions}; name another")
    alone = not submissions.is_dir()
    # What the kit wrote itself was not handed in, though it may lie in the same folder.
    paths = tuple(files_in(submissions, [key_file(key_path).parent.resolve(), out.resolve()]))
    if not paths:
        raise BpkitError(f"mark: expected notebooks in {submissions}, found none; they end with .ipynb")
    changed, before = read_overrides(key_path, key), earlier(out, key, alone)
    return HandedIn(paths, None if alone else submissions, key_path, changed, before)


def marking(given: HandedIn, jobs: int | None = None) -> Iterator[Marked]:
    """Mark files by a key, in order."""
    with spread(usable_jobs(jobs) if len(given) > MANY else 1, len(given)) as run:
        stamp = _stamp(given.key_path)
        yield from run(partial(_mark_one, key_path=given.key_path, stamp=stamp, root=given.root), given.paths)


def settled(results: Sequence[Marked], given: HandedIn) -> Outcome:
    """Where every learner of the key stands after this; raises ``BpkitError`` for sheets of another key."""
    return settle(results, _key(given.key_path, _stamp(given.key_path)), given.changed, given.earlier)


def reports(outcome: Outcome) -> Mapping[str, str]:
    """The files that marking leaves, by name: tables of marks and answers, the class's page, each learner's page and
    the functions that are left to the instructor.

    A learner's page of an earlier run stays as it is, unless something was set by hand.
    """
    fresh = {name: one for name, one in _pages(outcome) if one.changed or not one.row}
    pages = {f"feedback/{name}.html": feedback_page(one) for name, one in fresh.items()}
    files = {name: one.file for name, one in fresh.items() if one.file}
    code = {f"code/{name}-{key}.py": text for name, file in files.items() for key, text in file.code.items()}
    return {
        MARKS: marks_table(outcome),
        ANSWERS: answers_table(outcome),
        "class.html": class_page(outcome),
        **pages,
        **code,
    }


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


def _mark_one(path: Path, key_path: Path, stamp: int, root: Path | None) -> Marked:
    return mark_file(path, _key(key_path, stamp), root)


def _pages(outcome: Outcome) -> Iterator[tuple[str, Standing]]:
    """The name of each learner's page; where all have one sheet, of each file's, whatever else is marked with it."""
    good = outcome.good
    paths = [PurePosixPath(one.where or one.slug) for one in good]
    files = slugs([str(path.parent / bare(path.name)) for path in paths])
    yield from zip(files if outcome.one_sheet else [one.slug for one in good], good)
