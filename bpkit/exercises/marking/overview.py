"""What marking says in words, on the terminal and on the page: what it understood, whose each file is, what is next."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from bpkit.core.errors import listed
from bpkit.core.spelling import counted
from bpkit.exercises.marking.gradebooks.feedback_zip import MOODLE_ZIP, moodle_folder
from bpkit.exercises.marking.gradebooks.filling_report import Filled
from bpkit.exercises.marking.one_file import Marked
from bpkit.exercises.marking.overrides import NAME as OVERRIDES
from bpkit.exercises.marking.standing import Outcome, Standing
from bpkit.exercises.marking.whole_class import HandedIn
from bpkit.exercises.sheets.key import key_file

Row = tuple[str, str, str]
HEAD = ("file", "learner", "what becomes of it")
MOST_ABSENT = 12  # learners who are named on the terminal
FEW = 2  # files that may be late without a word about all of them


def understood(given: HandedIn) -> Iterator[str]:
    """What there is to mark, by which key and policy: said before any file is read."""
    packed = sum(bool(entry.way) for entry in given.entries)
    inside = f", {packed} of them in archives" if 0 < packed < len(given) else ", all in archives" if packed else ""
    learners, questions = counted(len(given.key.seats), "learner"), counted(len(given.key.worth), "question")
    yield f"{counted(len(given), 'file')} in {given.submissions}{inside}; the key has {learners} and {questions}."
    if by_hand := sum(map(len, given.changed.values())):
        yield f"{counted(by_hand, 'mark')} set by hand in {OVERRIDES}."
    yield " ".join(given.policy.sentences)


def found(outcome: Outcome) -> Iterator[str]:
    """How many files of how many learners there were, and what is odd about all of them."""
    owned = [file.slug for file in outcome.files if file.slug]
    strays = [file for file in outcome.files if not file.slug]
    unclear = sum(file.several for file in strays)
    said = [f"{counted(len(owned), 'file')} of {counted(len(set(owned)), 'learner')}"]
    said += [f"{counted(unclear, 'file')} of which it is unclear whose {_is(unclear)}"] if unclear else []
    if nobodys := len(strays) - unclear:
        said.append(f"{counted(nobodys, 'file')} of nobody in the key")
    yield f"{'; '.join(said)}."
    by_date = [one for one in outcome.standings if one.late and one.file and not one.row and "handed in on" in one.late]
    fresh = [one for one in outcome.standings if one.file and not one.row]
    if len(by_date) > FEW and len(by_date) == len(fresh):
        yield (
            f"All {len(by_date)} are late by the dates of their files. Files that were copied or unpacked may have new "
            "dates: mark the zip itself, or leave out the due date."
        )


def _is(number: int) -> str:
    return "it is" if number == 1 else "they are"


def files(outcome: Outcome) -> Iterator[Row]:
    """Every file of this run: its path, whose it is, and what happens to it."""
    whose = {one.file.where: one for one in outcome.standings if one.file and not one.row}
    others = {other.where: (one, other) for one in outcome.standings for other in one.others}
    for file in sorted(outcome.files, key=lambda one: one.where):
        if file.where in others:
            one, other = others[file.where]
            yield file.where, one.learner, _becomes(other)
        elif file.where in whose:
            one = whose[file.where]
            yield file.where, one.learner, _counts(one)
        else:
            yield file.where, file.learner, _becomes(file)


def _becomes(file: Marked) -> str:
    return file.aside or (f"not marked: {file.problem}" if file.problem else "marked")


def _counts(one: Standing) -> str:
    if one.problem:
        return f"not marked: {one.problem}"
    late = f"; {one.lateness}" if one.late else ""
    return f"{one.points:g} of {one.of:g} points{late}"


def absent(outcome: Outcome) -> str:
    """Who handed in nothing: of many the first, and where the others stand.

    >>> absent(Outcome((Standing("Ada Ash", "ada-ash"), Standing("Bo", "bo")), (), None))
    'Ada Ash, Bo'
    """
    names = outcome.absent
    more = f"; and {len(names) - MOST_ABSENT} more, all of them in class.html" if len(names) > MOST_ABSENT else ""
    return f"{listed(names[:MOST_ABSENT])}{more}"


def beside_reports(outcome: Outcome, filled: Filled | None) -> list[str]:
    """The files that marking leaves beside its reports: the gradebook, and the feedback for Moodle."""
    moodle = any(moodle_folder(one.where) for one in outcome.answered)
    return [*([filled.name] if filled else []), *([MOODLE_ZIP] if moodle else [])]


def would_write(names: Sequence[str], out: Path) -> str:
    """The files that marking would leave.

    >>> would_write(["marks.csv", "feedback/ada-ash.html"], Path("marked"))
    'Nothing was written. Without the dry run you get, in marked: marks.csv, 1 page in feedback.'
    """
    pages = sum(name.startswith("feedback/") for name in names)
    code = sum(name.startswith("code/") for name in names)
    single = [name for name in names if "/" not in name]
    many = [f"{counted(pages, 'page')} in feedback"] + ([f"{counted(code, 'file')} in code"] if code else [])
    return f"Nothing was written. Without the dry run you get, in {out}: {', '.join([*single, *many])}."


def next_steps(outcome: Outcome, out: Path, key: Path, gradebook: bool = True) -> Iterator[str]:
    """What an instructor does next."""
    yield f"Next: open {out / 'class.html'}."
    beside = key_file(key).parent / OVERRIDES
    if any(one.unclear or one.pending for one in outcome.good):
        yield f"Marks of your own go into {beside} (learner,question,points,remark); then mark again."
    if not gradebook:
        yield "To have your gradebook filled in, name its export: --gradebook EXPORT."
