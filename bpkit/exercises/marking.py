"""Marks what was handed in: whose each file is, and every answer judged; nothing is run."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from bpkit.exercises.files import slug
from bpkit.exercises.judging import BY_HAND, Mark, mark_sheet
from bpkit.exercises.key import Key
from bpkit.exercises.sheet import Sheet
from bpkit.exercises.submissions import Submission, Unreadable, read_submission


@dataclass(frozen=True)
class Marked:
    """One file: whose it is, its marks, remarks; or a ``problem`` that kept it from being marked."""

    path: Path
    learner: str = ""
    slug: str = ""
    marks: tuple[Mark, ...] = ()
    remarks: tuple[str, ...] = ()
    problem: str = ""

    @property
    def points(self) -> float:
        """What the answers earned, without those that are marked by hand."""
        return sum(mark.points for mark in self.marks)

    @property
    def worth(self) -> float:
        """What they could have earned, without those that are marked by hand."""
        return sum(mark.worth for mark in self.marks if mark.feedback.verdict != BY_HAND)

    def __repr__(self) -> str:
        return (
            f"Marked({self.learner or self.path.name}: {self.problem or f'{self.points:g} of {self.worth:g} points'})"
        )


def mark_file(path: Path, key: Key, sheets: Callable[[str], Sheet] | None = None) -> Marked:
    """Mark one file; it never raises for what a file holds."""
    try:
        submission = read_submission(path)
        seat_slug, remarks = whose(submission, key)
    except Unreadable as error:
        return Marked(path, problem=str(error))
    except Exception as error:  # one file must not keep the others from being marked
        return Marked(path, problem=f"could not be read ({type(error).__name__}: {str(error)[:80]})")
    try:
        sheet = (sheets or key.sheet)(seat_slug)
        marks = mark_sheet(sheet, {name: found.value for name, found in submission.answers.items()}, submission)
    except Exception as error:
        return Marked(path, problem=f"could not be marked ({type(error).__name__}: {str(error)[:80]})")
    lost = [name for name in sheet.parts if name not in submission.answers]
    if lost:
        remarks = (*remarks, f"no answer cell found for {', '.join(lost)}")
    fingerprint = submission.about.get("fingerprint")
    if fingerprint is not None and fingerprint != sheet.fingerprint:
        remarks = (*remarks, "its own data are not those of the key; it was marked by the key")
    return Marked(path, sheet.learner, seat_slug, marks, (*submission.remarks, *remarks))


def whose(submission: Submission, key: Key) -> tuple[str, tuple[str, ...]]:
    """The seat of a file, by its own data, else by its name; raises ``Unreadable`` when nobody's."""
    learner = submission.about.get("learner")
    stem = slug(submission.path.stem)
    by_name = [found for found in key.by_slug if found == stem]
    by_name = by_name or [found for found in key.by_slug if f"-{found}-" in f"-{stem}-"]
    longest = max(by_name, key=len) if by_name else None
    if isinstance(learner, str) and learner in key.by_learner:
        own = key.by_learner[learner].slug
        if longest and longest != own:
            return own, (f"the file's name says {longest}, the file itself {own}; it was marked as {own}",)
        return own, ()
    if longest:
        return longest, ("its own data are lost; whose it is was read from the file's name",)
    if len(key.seats) == 1:
        return key.seats[0].slug, ()
    raise Unreadable("nobody in the key has this name; rename the file to the name that it was handed out under")


def mark_all(paths: Iterable[Path], key: Key) -> Iterator[Marked]:
    """Mark files one after the other; of two from one learner the second says so."""
    seen: dict[str, Path] = {}
    for path in paths:
        marked = mark_file(path, key)
        yield twice(marked, seen)


def twice(marked: Marked, seen: dict[str, Path]) -> Marked:
    """The same, with a remark when the learner has handed in another file already."""
    if marked.slug and marked.slug in seen:
        remark = f"{marked.learner} also handed in {seen[marked.slug].name}"
        return Marked(marked.path, marked.learner, marked.slug, marked.marks, (*marked.remarks, remark))
    if marked.slug:
        seen[marked.slug] = marked.path
    return marked
