"""A class's marking from files to files: what was handed in, marked, as tables and pages."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import lru_cache, partial
from itertools import chain
from pathlib import Path, PurePosixPath

from bpkit.core.errors import BpkitError
from bpkit.exercises.marking.archives import Entry
from bpkit.exercises.marking.copies import bare
from bpkit.exercises.marking.feedback_page import feedback_page
from bpkit.exercises.marking.one_file import Marked, mark_file
from bpkit.exercises.marking.overrides import Overrides, read_overrides
from bpkit.exercises.marking.policy import USUAL, Policy
from bpkit.exercises.marking.records import ANSWERS, MARKS, answers_table, earlier, marks_table
from bpkit.exercises.marking.report import class_page, place
from bpkit.exercises.marking.results import Results
from bpkit.exercises.marking.standing import Outcome, Standing, settle
from bpkit.exercises.marking.submissions import entries_in
from bpkit.exercises.sheets.files import slugs
from bpkit.exercises.sheets.key import Key, key_file, read_key
from bpkit.exercises.sheets.processes import Spread, spread, usable_jobs

PAGE = "feedback/{}.html"
MANY = 200  # files, from which on further processes are worth their start


@dataclass(frozen=True)
class HandedIn:
    """The files to mark and the folder or archive that they are in (``root``), the key, what was set by hand, what is
    marked already, and the policy.
    """

    submissions: Path
    entries: tuple[Entry, ...]
    root: Path | None
    key_path: Path
    key: Key
    changed: Overrides
    earlier: Mapping[str, Standing]
    policy: Policy = USUAL

    def __len__(self) -> int:
        return len(self.entries)


def handed_in(submissions: Path, key_path: Path, out: Path, policy: Policy = USUAL) -> HandedIn:
    """What there is to mark; raises ``BpkitError`` when there is nothing, no key, or a table in the way.

    ``out`` is where the results go, and where those of earlier runs are.
    """
    key = _key(key_path, _stamp(key_path))
    if not submissions.exists():
        zipped = submissions.with_name(f"{submissions.name}.zip")
        there = f"; there is {zipped}, name that" if zipped.exists() else "; name another folder, or a zip"
        raise BpkitError(f"mark: expected what was handed in, there is no {submissions}{there}")
    # What the kit wrote itself was not handed in, though it may lie in the same folder.
    entries = tuple(entries_in(submissions, [key_file(key_path).parent.resolve(), out.resolve()]))
    if not entries:
        raise BpkitError(f"mark: expected notebooks in {submissions}, found none; they end with .ipynb")
    alone = submissions.is_file() and not any(entry.way for entry in entries)
    here = () if alone else {entry.name for entry in entries}
    changed, before = read_overrides(key_path, key), earlier(out, key, here)
    return HandedIn(submissions, entries, None if alone else submissions, key_path, key, changed, before, policy)


def workers(given: HandedIn, jobs: int | None = None) -> AbstractContextManager[Spread]:
    """A ``map`` for ``marking`` and ``reports``, on further processes where so many files are worth their start."""
    return spread(usable_jobs(jobs) if len(given) > MANY else 1, len(given))


def marking(given: HandedIn, run: Spread = map) -> Iterator[Marked]:
    """Mark files by a key, in order."""
    stamp = _stamp(given.key_path)
    return run(partial(_mark_one, key_path=given.key_path, stamp=stamp, root=given.root), given.entries)


def settled(results: Sequence[Marked], given: HandedIn) -> Outcome:
    """The state of every learner of the key after this; raises ``BpkitError`` for sheets of another key."""
    return settle(results, given.key, given.changed, given.earlier, given.policy)


def report_names(outcome: Outcome) -> list[str]:
    """The files that ``reports`` makes, in order."""
    fresh = _fresh(outcome)
    code = [f"code/{name}-{key}.py" for name, one in fresh.items() if one.file for key in one.file.code]
    return [MARKS, ANSWERS, "class.html", *code, *map(PAGE.format, fresh)]


def reports(outcome: Outcome, solutions: bool = False, run: Spread = map) -> Iterator[tuple[str, str]]:
    """The files that marking leaves, name and text: tables of marks and answers, the class's page, the functions that
    are left to the instructor, and each learner's page, with the worked solutions where ``solutions`` says so.

    A learner's page of an earlier run stays as it is, unless there is another file or another mark set by hand.
    """
    fresh = _fresh(outcome)
    # First: other processes begin with the pages while this one makes what is the whole class's.
    pages = run(_page, ((one, outcome.key.alone(one.slug), one.shows(solutions)) for one in fresh.values()))
    yield MARKS, marks_table(outcome, solutions)
    yield ANSWERS, answers_table(outcome)
    yield "class.html", class_page(outcome, {place(one): PAGE.format(name) for name, one in pages_of(outcome)})
    for name, one in fresh.items():
        if one.file:
            yield from ((f"code/{name}-{key}.py", text) for key, text in one.file.code.items())
    yield from zip(map(PAGE.format, fresh), pages)


def write_reports(outcome: Outcome, results: Results, solutions: bool = False, run: Spread = map) -> Iterator[str]:
    """Write the reports one after the other, giving the name of each; pages of learners who have none now go."""
    files = reports(outcome, solutions, run)
    marks = next(files)  # last: interrupted before that, the next run still sees which pages are to be made
    yield from results.written(chain(files, [marks]))
    results.tidy("feedback", (PAGE.format(name) for name, _ in pages_of(outcome)))
    results.close()


def _page(job: tuple[Standing, Key, bool]) -> str:
    return feedback_page(*job)


def _fresh(outcome: Outcome) -> dict[str, Standing]:
    """Those whose pages are to be made, by the names of the pages."""
    return {name: one for name, one in pages_of(outcome) if one.anew}


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


def _mark_one(entry: Entry, key_path: Path, stamp: int, root: Path | None) -> Marked:
    return mark_file(entry, _key(key_path, stamp), root)


def pages_of(outcome: Outcome) -> Iterator[tuple[str, Standing]]:
    """The name of each learner's page; where all have one sheet, of each file's, whatever else is marked with it."""
    answered = outcome.answered
    paths = [PurePosixPath(one.where or one.slug) for one in answered]
    files = slugs([str(path.parent / bare(path.name)) for path in paths])
    yield from zip(files if outcome.one_sheet else [one.slug for one in answered], answered)
