"""Who handed in a file, as a learning system numbers people: two of them are never one learner."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import PurePosixPath

from bpkit.core.errors import listed
from bpkit.exercises.marking.copies import MOODLE_FOLDER, told_by
from bpkit.exercises.marking.one_file import Marked

MOODLE = "Moodle"
Sender = tuple[str, str, str]  # the system, where its numbers hold, the number


def sender(path: str) -> Sender | None:
    """Canvas's number of a person holds everywhere, Moodle's only in one download; None where the path has neither.

    >>> sender("ashada_12345_678_exercises.ipynb"), sender("1/Ada Ash_48151_assignsubmission_file_/exercises.ipynb")
    (('Canvas', '', '12345'), ('Moodle', '1', '48151'))
    """
    if number := told_by(path).person:
        return "Canvas", "", number
    parts = PurePosixPath(path).parts
    for place, part in enumerate(parts):
        if found := MOODLE_FOLDER.fullmatch(part):
            return MOODLE, "/".join(parts[:place]), found["number"]
    return None


def one_sender_each(files: Iterable[Marked], earlier: Mapping[str, str]) -> Iterator[Marked]:
    """The files; those of one learner's sheet that several people handed in are not marked, and say why.

    ``earlier`` has the paths of learners' files in an earlier run, by learner. Another of Moodle's assignments numbers
    the same people anew; it is one if several learners are in both runs, and none of them has the same number.
    """
    found = list(files)
    now = [(file.slug, who) for file in found if file.slug and file.marks and (who := sender(file.where))]
    then = [(slug, who) for slug, path in earlier.items() if slug and (who := sender(path))]
    both = {slug for slug, _ in now} & {slug for slug, _ in then}
    anew = len(both) > 1 and not set(now) & set(then)
    met: dict[tuple[str, str, str], dict[str, None]] = {}
    for slug, who in (*now, *(one for one in then if not (anew and one[1][0] == MOODLE))):
        met.setdefault((slug, *who[:2]), {})[who[2]] = None
    for file in found:
        who = sender(file.where) if file.marks else None
        numbers = met.get((file.slug, *who[:2]), {}) if who else {}
        if who and len(numbers) > 1:
            people = f"{len(numbers)} people handed it in ({who[0]}'s numbers {listed(numbers)})"
            why = f"it is the sheet of {file.learner}, but {people}; nothing in it was marked"
            todo = "take out what is not theirs, then mark again"
            if who[0] == MOODLE:
                todo += ", or mark a folder that has both downloads side by side if they are of two assignments"
            file = replace(file, marks=(), several=True, problem=f"{why}; {todo}")
        yield file
