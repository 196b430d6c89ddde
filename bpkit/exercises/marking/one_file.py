"""Marks what was handed in: whose each file is, and every answer judged; nothing is run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from bpkit.exercises.marking.archives import Entry, Unreadable, without_ending
from bpkit.exercises.marking.submissions import Submission, entry_of, read_submission, source_of
from bpkit.exercises.marking.whose import Owner, bearers_of, owner_of
from bpkit.exercises.questions.answers import Found
from bpkit.exercises.questions.judging import BY_HAND, Mark, mark_sheet
from bpkit.exercises.sheets.key import Key
from bpkit.exercises.sheets.sheet import Sheet


@dataclass(frozen=True)
class Marked:
    """One file: whose it is, its marks, remarks; or a ``problem`` that kept it from being marked.

    ``name`` is its path inside the folder that is marked, ``date`` when it was last changed and ``dated`` how that is
    known, ``digest`` tells what it holds from anything else, ``sheet`` which tasks it was marked by. ``origin`` names
    whose sheet it is, where another learner handed it in; ``stranger`` is True for a sheet that is not of this
    key, ``several`` for a file that may be any of several learners'. ``aside`` says why it does not count, where
    another file does. ``code`` holds the text of the cells whose functions are left to the instructor, by key.
    """

    path: Path
    learner: str = ""
    slug: str = ""
    marks: tuple[Mark, ...] = ()
    remarks: tuple[str, ...] = ()
    problem: str = ""
    name: str = ""
    date: float = 0.0
    sheet: str = ""
    origin: str = ""
    stranger: bool = False
    aside: str = ""
    code: Mapping[str, str] = field(default_factory=dict)
    dated: str = ""
    digest: str = ""
    several: bool = False

    @property
    def where(self) -> str:
        """The path that reports give."""
        return self.name or self.path.name

    @property
    def points(self) -> float:
        """What the answers earned, those that are marked by hand not yet among them."""
        return sum(mark.points for mark in self.marks)

    @property
    def worth(self) -> float:
        """What the answers could have earned, all that are asked for: the same for every learner of a key."""
        return sum(mark.worth for mark in self.marks)

    def __repr__(self) -> str:
        return f"Marked({self.learner or self.where}: {self.problem or f'{self.points:g} of {self.worth:g} points'})"


def mark_file(file: Path | Entry, key: Key, root: Path | None = None) -> Marked:
    """Mark one file, of the folder or archive ``root`` if there is one; it never raises for what a file holds."""
    entry = file if isinstance(file, Entry) else entry_of(file, file.relative_to(root).as_posix() if root else "")
    folder = entry.path.parent.name
    inside = entry.name if root else f"{folder}/{entry.name}"
    # The folder of a file that is marked alone is only worth telling where it is named after somebody.
    shown = inside if root or bearers_of(f"{folder}/", key) else entry.name
    marked = Marked(entry.path, name=shown, date=entry.date, dated=entry.dated)
    return _marked(marked, entry, key, inside, without_ending(root.name) if root else "")


def _marked(file: Marked, entry: Entry, key: Key, inside: str, outer: str) -> Marked:
    try:
        submission = read_submission(entry)
        file = replace(file, digest=submission.digest)
        owner = owner_of(submission, key, inside, outer)
    except Unreadable as error:
        return _unmarked(file, key, inside, str(error))
    except Exception as error:  # one file must not keep the others from being marked
        return _unmarked(file, key, inside, f"could not be read ({type(error).__name__}: {str(error)[:80]})")
    if owner.seat is None or owner.problem:
        return _of(file, owner)
    if not submission.answers and not submission.astray:
        return _of(file, replace(owner, problem="there is no answer in it, not even an empty answer cell"))
    try:
        sheet = key.sheet(owner.seat.slug)
        found = submission.answers_to(sheet.parts)
        answers = {name: one.value for name, one in found.items()}
        marks = fair(mark_sheet(sheet, answers, replace(submission, answers=found)), sheet, key)
    except Exception as error:
        return _unmarked(file, key, inside, f"could not be marked ({type(error).__name__}: {str(error)[:80]})")
    remarks = [*submission.remarks, *owner.remarks]
    if lost := [name for name in sheet.parts if name not in submission.answers]:
        remarks.append(f"no answer cell found for {', '.join(lost)}")
    if unasked := [repr(name) for name in submission.answers if name not in sheet.parts]:
        remarks.append(f"it answers {', '.join(unasked)}, which this sheet does not ask for")
    code = {mark.key: _text(submission, found[mark.key]) for mark in marks if by_hand(mark) and mark.key in found}
    return replace(_of(file, owner), marks=marks, remarks=tuple(remarks), sheet=sheet.fingerprint, code=code)


def _text(submission: Submission, answer: Found) -> str:
    """The cell that holds an answer."""
    return source_of(submission.cells[answer.cell - 1]) if answer.cell else answer.text


def fair(marks: Sequence[Mark], sheet: Sheet, key: Key) -> tuple[Mark, ...]:
    """The same marks on the scale of the class: to everybody a question is worth the same, however many its answers."""
    return tuple(
        one if one.worth == worth else replace(one, points=one.points * worth / one.worth, worth=worth)
        for one, worth in zip(marks, key.worths(sheet).values(), strict=True)
    )


def _of(file: Marked, owner: Owner) -> Marked:
    seat, origin = owner.seat, owner.origin
    file = replace(file, problem=owner.problem, stranger=owner.stranger, several=owner.several)
    file = replace(file, origin=origin.slug if origin else "")
    return replace(file, learner=seat.learner, slug=seat.slug) if seat else file


def _unmarked(file: Marked, key: Key, inside: str, problem: str) -> Marked:
    """A file that nothing can be read from; whose it is its name may say."""
    bearers = bearers_of(inside, key)
    owner = bearers[0] if len(bearers) == 1 else None
    return _of(file, Owner(owner, problem=problem, several=len(bearers) > 1))


def by_hand(mark: Mark) -> bool:
    """True for an answer that an instructor has to mark."""
    return mark.feedback.verdict == BY_HAND


def unclear(mark: Mark) -> str:
    """Why an instructor should look at an answer; empty where there is nothing to see.

    >>> import bpkit as bp
    >>> unclear(Mark("1", "loss", "abc", bp.exercises.generate("loss").check("abc"), points=0.0, worth=1.0))
    "I cannot read 'abc' as a number. Type it like 0.0851 or 1/3."
    """
    return mark.remark or (mark.feedback.message if mark.feedback.verdict == "unreadable" else "")
