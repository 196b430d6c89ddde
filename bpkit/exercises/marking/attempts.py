"""Which of a learner's files counts: repaired and exact copies, several attempts, late ones."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import PurePosixPath

from bpkit.core.spelling import counted
from bpkit.exercises.marking.copies import REPAIRED, bare, told_by
from bpkit.exercises.marking.one_file import Marked, by_hand
from bpkit.exercises.marking.policy import Policy, moment


def mended(files: Iterable[Marked]) -> list[Marked]:
    """The same, where a repaired copy replaces the file that it was made from, and is as old as that."""
    found = list(files)
    copies = sorted((file for file in found if file.marks and REPAIRED in file.where), key=_repairs)
    newest = {_origin(file): file for file in copies}
    oldest: dict[str, Marked] = {}
    for file in found:
        oldest[_origin(file)] = min(file, oldest.get(_origin(file), file), key=_repairs)
    return [
        replace(file, date=(of := oldest[_origin(file)]).date, dated=of.dated)
        if (copy := newest.get(_origin(file), file)) is file
        else _replaced(file, copy)
        for file in found
    ]


def _replaced(file: Marked, copy: Marked) -> Marked:
    why = f"not counted, because {copy.where} is its repaired copy"
    return replace(file, learner=copy.learner, slug=copy.slug, marks=(), problem="", origin="", aside=why)


def _origin(file: Marked) -> str:
    """The path of the file that a repaired copy was made from."""
    path = PurePosixPath(file.where)
    return str(path.parent / bare(path.name))


def _repairs(file: Marked) -> int:
    return file.where.count(REPAIRED)


def handed_in_on(file: Marked) -> float:
    """When a file was handed in, as far as its name, its archive or the disk says.

    >>> handed_in_on(Marked(PurePosixPath("ada-ash.ipynb"), date=86400.0))
    86400.0
    """
    return told_by(file.where).date or file.date


def same_attempt(one: Marked, other: Marked) -> bool:
    """True for two files that are one hand-in, though it may have been downloaded twice.

    >>> names = ("monday/ada.ipynb", "tuesday/ada.ipynb", "tuesday/ada (2).ipynb")
    >>> monday, tuesday, second = (Marked(PurePosixPath(name)) for name in names)
    >>> same_attempt(monday, tuesday), same_attempt(monday, second)
    (True, False)
    """
    told, again = told_by(one.where), told_by(other.where)
    return (told.base, told.number) == (again.base, again.number) and abs(handed_in_on(one) - handed_in_on(other)) < 2


def lateness(file: Marked, policy: Policy) -> str:
    """How late a file is and how that is known; empty where it is in time.

    >>> lateness(Marked(PurePosixPath("ashada_LATE_51_678_exercises.ipynb")), Policy())
    'late, as Canvas says in its name'
    """
    told = told_by(file.where)
    if told.late:
        return "late, as Canvas says in its name"
    if policy.due is None or not (date := told.date or file.date):
        return ""
    when = datetime.fromtimestamp(date, policy.due.tzinfo)
    if when <= policy.due:
        return ""
    known = "by its name" if told.date else file.dated
    return f"{_length(when - policy.due)} late (handed in on {moment(when)}, {known})"


def _length(late: timedelta) -> str:
    """A length of time in at most two words: ``2 days 3 hours``."""
    minutes = max(1, int(late.total_seconds() // 60))
    sizes = ((1440, "day"), (60, "hour"), (1, "minute"))
    first = next(place for place, (size, _) in enumerate(sizes) if minutes >= size)
    words = []
    for size, what in sizes[first : first + 2]:
        number, minutes = divmod(minutes, size)
        words += [counted(number, what)] if number else []
    return " ".join(words)


@dataclass(frozen=True)
class Ranked:
    """A learner's files: the one that counts, if any does, how late it is, and the others, each with the reason."""

    file: Marked | None
    others: tuple[Marked, ...] = ()
    late: str = ""
    off: float = 0.0


def ranked(files: Sequence[Marked], slug: str, policy: Policy) -> Ranked:
    """Choose among a learner's files.

    The date of a file decides which is later; but of copies of one name, as ``ada (1)`` is of ``ada``, the number. A
    sheet that is still empty is no attempt, nor is a copy of another file.
    """
    good = sorted((file for file in files if file.marks), key=_Order(files, slug))
    firsts: dict[str, Marked] = {}
    for file in sorted(good, key=handed_in_on):
        firsts.setdefault(file.digest or file.where, file)
    order = _Order(list(firsts.values()), slug)
    tries = sorted(firsts.values(), key=order)
    late = {file.where: lateness(file, policy) for file in tries}
    counting = [file for file in tries if not (policy.refuses and late[file.where])]
    chosen = _chosen(counting, policy, {file.where: policy.off if late[file.where] else 0.0 for file in tries})
    others = []
    for file in good:
        first = firsts[file.digest or file.where]
        if file is not chosen:
            others.append(replace(file, aside=_why_not(file, first, chosen, counting, policy, late[first.where])))
    # Of files without marks that nothing replaces the first says what was wrong.
    bad = sorted((file for file in files if not file.marks), key=lambda file: bool(file.aside))
    if chosen:
        others.reverse()
        return Ranked(chosen, (*others, *bad), late[chosen.where], policy.off if late[chosen.where] else 0.0)
    refused = [replace(file, marks=(), aside="", problem=_refused(late[file.where])) for file in reversed(tries)]
    left = [*refused, *(file for file in others if file.where not in late), *bad]
    return Ranked(left[0] if left else None, tuple(left[1:]), late[refused[0].where] if refused else "")


def _chosen(files: Sequence[Marked], policy: Policy, off: dict[str, float]) -> Marked | None:
    """The attempt that counts, of attempts in order."""
    tries = [file for file in files if answered(file)] or files
    if not tries:
        return None
    if policy.attempts == "best":
        return max(reversed(tries), key=lambda file: file.points * (1 - off[file.where]))
    return tries[0 if policy.attempts == "first" else -1]


def _why_not(
    file: Marked, first: Marked, chosen: Marked | None, counting: Sequence[Marked], policy: Policy, late: str
) -> str:
    if file is not first:
        return f"not counted, because it is an exact copy of {first.where}"
    if chosen is None or file not in counting:
        return f"not counted: {_refused(late)}"
    if answered(chosen) and not answered(file):
        return f"not counted, because nothing is answered in it, unlike in {chosen.where}"
    attempts = sum(map(answered, counting)) or len(counting)
    what = {"best": "the best", "first": "the first"}.get(policy.attempts, "the later" if attempts == 2 else "the last")
    return f"not counted, because {chosen.where} is {what} of {attempts} attempts"


def _refused(late: str) -> str:
    return f"{late}; late work does not count"


def answered(file: Marked) -> bool:
    """True where something has been answered in a file."""
    return any(mark.feedback.verdict != "blank" and not by_hand(mark) for mark in file.marks)


class _Order:
    """What puts a learner's files in the order in which they were handed in."""

    def __init__(self, files: Sequence[Marked], slug: str) -> None:
        self._told = {file.where: told_by(file.where, slug) for file in files}
        self._newest: dict[str, float] = {}
        for file in files:
            base = self._told[file.where].base
            if file.marks:
                self._newest[base] = max(handed_in_on(file), self._newest.get(base, 0.0))

    def __call__(self, file: Marked) -> tuple[float, str, tuple[int, ...], int, float, str]:
        told = self._told[file.where]
        date = handed_in_on(file)
        return self._newest.get(told.base, date), told.base, told.number, told.upload, date, file.where
