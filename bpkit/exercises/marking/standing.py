"""The standing of every learner: of several files of one learner one counts, and no learner is left out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import PurePosixPath

from bpkit.core.errors import BpkitError
from bpkit.core.spelling import counted
from bpkit.exercises.marking.attempts import handed_in_on, mended, ranked, same_attempt
from bpkit.exercises.marking.copies import numbered
from bpkit.exercises.marking.one_file import Marked, by_hand, fair, unclear
from bpkit.exercises.marking.overrides import TOTAL, Override, Overrides
from bpkit.exercises.marking.policy import USUAL, Policy, taken_off
from bpkit.exercises.marking.senders import one_sender_each
from bpkit.exercises.questions.judging import Mark, mark_sheet
from bpkit.exercises.sheets.key import Key

ABSENT = "nothing handed in"
ALSO = "handed in this sheet"  # what another learner did, in a note to the instructor


@dataclass(frozen=True)
class Standing:
    """One learner, or a file without an owner: the ``file`` that counts, the ``others`` beside it, and its marks.

    ``id`` is the roster's, ``changed`` holds what the instructor has set by hand, ``of`` what the whole sheet is worth,
    ``notes`` what is only for the instructor, ``row`` the line of an earlier table of marks, where nothing has been
    marked anew. ``late`` says how late the file is and how that is known, ``off`` which share of the points that costs.
    ``own`` holds the columns that the instructor has added to an earlier table, ``edits`` the points that were changed
    there: what the kit wrote, and what is there now. ``policy`` says which attempts and what late work counted when
    the file was marked, ``solutions`` whether an earlier run showed the worked solutions, where that is known.
    """

    learner: str = ""
    slug: str = ""
    file: Marked | None = None
    others: tuple[Marked, ...] = ()
    marks: tuple[Mark, ...] = ()
    changed: Mapping[str, Override] = field(default_factory=dict)
    of: float = 0.0
    notes: tuple[str, ...] = ()
    row: Mapping[str, str] = field(default_factory=dict)
    id: str = ""
    late: str = ""
    off: float = 0.0
    own: Mapping[str, str] = field(default_factory=dict)
    edits: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    policy: str = ""
    solutions: bool | None = None

    def points_for(self, mark: Mark) -> float:
        """What an answer earns: what was set by hand, else what the kit gives, less what late work loses."""
        return self.changed[mark.key].points if mark.key in self.changed else mark.points * (1 - self.off)

    @property
    def points(self) -> float:
        """What all answers earn, unless the points of the whole sheet were set by hand."""
        return self.changed[TOTAL].points if TOTAL in self.changed else sum(map(self.points_for, self.marks))

    @property
    def pending(self) -> tuple[Mark, ...]:
        """The answers that an instructor still has to mark; none where the points of the whole sheet are set."""
        if TOTAL in self.changed:
            return ()
        return tuple(mark for mark in self.marks if by_hand(mark) and mark.key not in self.changed)

    @property
    def unclear(self) -> tuple[tuple[Mark, str], ...]:
        """The answers that an instructor should look at and has not marked by hand, each with the reason."""
        return tuple((one, why) for one in self.marks if one.key not in self.changed and (why := unclear(one)))

    @property
    def absent(self) -> bool:
        """True where nothing was handed in."""
        return self.file is None

    @property
    def handed_in(self) -> float:
        """When the file was handed in, as seconds; 0 where that is not known."""
        return handed_in_on(self.file) if self.file else 0.0

    @property
    def where(self) -> str:
        """The path of the file that counts."""
        return self.file.where if self.file else ""

    @property
    def problem(self) -> str:
        """Why the kit could not mark this learner's file."""
        return self.file.problem if self.file else ABSENT

    @property
    def lateness(self) -> str:
        """How late the work is, and what that costs."""
        return self.late + taken_off(self.off)

    @property
    def own_remarks(self) -> tuple[str, ...]:
        """What is to be said about the file that counts."""
        own = self.file.remarks if self.file else ()
        said = not self.late or not self.marks or any(self.lateness in text for text in own)
        return own if said else (self.lateness, *own)

    @property
    def remarks(self) -> tuple[str, ...]:
        """What is to be said about the learner's files, to the learner too."""
        return (*self.own_remarks, *self.news)

    @property
    def news(self) -> tuple[str, ...]:
        """What is to be said about the other files, as far as it has not been said."""
        beside = (f"{one.where}: {one.aside or f'not marked: {one.problem}'}" for one in self.others)
        return tuple(text for text in beside if not any(text in other for other in self.own_remarks))

    @property
    def set_by_hand(self) -> str:
        """What the instructor has set, in one line."""
        return "; ".join(f"{key}: {other.points:g} {other.remark}".strip() for key, other in self.changed.items())

    @property
    def anew(self) -> bool:
        """True where something about the learner has changed since an earlier run: a file, or a mark set by hand."""
        return not self.row or self.row["overrides"] != self.set_by_hand or bool(self.news)

    def shows(self, solutions: bool) -> bool:
        """Are the worked solutions shown? As in the earlier run, if there was one, else as this one says."""
        return solutions if self.solutions is None else self.solutions


@dataclass(frozen=True)
class Outcome:
    """What came of marking: every learner of the key in its order, then the files without an owner.

    ``key`` is what they were marked by, ``policy`` says which attempts and what late work counted.
    """

    standings: tuple[Standing, ...]
    files: tuple[Marked, ...]
    key: Key
    policy: Policy = USUAL

    @property
    def one_sheet(self) -> bool:
        """Does every learner have the same sheet? Then each file has an owner, and only its name says who."""
        return len(self.key.seats) == 1

    @property
    def good(self) -> tuple[Standing, ...]:
        """The standings of all learners who have marks."""
        return tuple(one for one in self.standings if one.marks)

    @property
    def answered(self) -> tuple[Standing, ...]:
        """Those who get a page: who have marks, and who handed in what could not be marked."""
        return tuple(one for one in self.standings if one.marks or (one.slug and one.file))

    @property
    def keys(self) -> list[str]:
        """The keys of all answers in the order of the sheet: 2d before 10a, though some sheets ask for no 2d."""
        keys = dict.fromkeys(mark.key for one in self.standings for mark in one.marks)
        return sorted(keys, key=lambda key: (int("".join(filter(str.isdecimal, key))), key))

    @property
    def absent(self) -> tuple[str, ...]:
        """The learners of the key who handed in nothing."""
        return tuple(one.learner for one in self.standings if one.slug and one.absent)

    @property
    def unmarked(self) -> tuple[Marked, ...]:
        """The files of this run that could not be marked."""
        files = (file for one in self.standings for file in (None if one.row else one.file, *one.others))
        return tuple(file for file in files if file and file.problem)

    def __repr__(self) -> str:
        counting = sum(not one.file.problem for one in self.standings if one.file and not one.row)
        aside = sum(bool(other.aside) for one in self.standings for other in one.others)
        return f"{counting} of {len(self.files)} files marked" + (f", {aside} not counted" if aside else "")


def settle(
    files: Sequence[Marked],
    key: Key,
    changed: Overrides | None = None,
    earlier: Mapping[str, Standing] | None = None,
    policy: Policy = USUAL,
) -> Outcome:
    """Give everybody one standing; ``earlier`` ones, by person, are those of former runs and stay.

    Raises ``BpkitError`` where most sheets are those of another key, and where marks would be lost that a person wrote
    into the table of an earlier run.
    """
    check_key(files)
    before, by_hand = earlier or {}, changed or {}
    here = mended(files)
    if len(key.seats) > 1:
        here = list(one_sender_each(here, {one.slug: one.where for one in before.values() if one.marks}))
    mine: dict[str, list[Marked]] = {}
    for file in here:
        mine.setdefault(person(key, file.slug, file.where), []).append(file)
    made = [
        _standing(key, seat.slug, mine.get(name, []), by_hand.get(seat.slug, {}), before.get(name), policy)
        for seat in key.seats
        for name in _persons(key, seat.slug, [*mine, *before])
    ]
    check_kept(before.values(), made)
    paths = {file.where for file in here}
    nobodys = [one for one in before.values() if not one.slug and one.where not in paths]
    nobodys += [Standing(file=file) for file in here if not file.slug]
    return Outcome((*crossed(made, here), *nobodys), tuple(here), key, policy)


def check_key(files: Iterable[Marked]) -> None:
    """Stop where most sheets are another key's."""
    sheets = [file for file in files if file.stranger or file.sheet or file.origin]
    strangers = [file for file in sheets if file.stranger]
    if 2 * len(strangers) > len(sheets):
        raise BpkitError(
            f"mark: these sheets are not of this key: {len(strangers)} of {len(sheets)}, {strangers[0].where} for "
            "example, have numbers that it gave to no learner; name the key that was made with them (--key)"
        )


def check_kept(before: Iterable[Standing], after: Iterable[Standing]) -> None:
    """Stop where a table's line with points of a person's is written anew, and nothing else keeps them."""
    made = {(one.learner, one.where): one for one in after} | {(one.learner, ""): one for one in after}
    lost = []
    for one in before:
        new = made.get((one.learner, one.where), made.get((one.learner, "")))
        stays = new is None or (new.row and not new.changed and not new.row["overrides"])
        if new is None or stays or not one.edits:
            continue
        points = {mark.key: new.points_for(mark) for mark in new.marks} | {"points": new.points}
        for key, (_, now) in one.edits.items():
            if key not in new.changed and now != f"{points.get(key, 0.0):g}":
                lost.append((one.learner, key, *one.edits[key]))
    if not lost:
        return
    learner, key, kit, now = lost[0]
    what = "the total" if key == "points" else f"question {key}"
    cells = ", ".join(f"{learner} {key}" for learner, key, *_ in lost[:10]) + (", .." if len(lost) > 10 else "")
    way = "\n".join(f"{learner},{key},{now}" for learner, key, _, now in lost)
    raise BpkitError(
        f"marks.csv: expected the points that the kit wrote, got others in {counted(len(lost), 'cell')} ({cells}). "
        f"Marking again would erase them: for {what} {learner} has {now or 'nothing'} instead of {kit or 'nothing'}; "
        "write them into overrides.csv beside the key, where they stay, or set them back:\n"
        f"learner,question,points\n{way}"
    )


def person(key: Key, slug: str, where: str) -> str:
    """Tells people apart: learners by the key, but where all have the one sheet of a key, by their files' names."""
    if not slug:
        return f"/{where}"
    if len(key.seats) > 1:
        return slug
    path = PurePosixPath(where)
    return f"{slug}/{path.parent / numbered(path.name, slug, dashes=False)[0]}"


def _persons(key: Key, slug: str, known: Iterable[str]) -> list[str]:
    if len(key.seats) > 1:
        return [slug]
    return sorted({name for name in known if name.startswith(f"{slug}/")}) or [slug]


def _standing(
    key: Key,
    slug: str,
    files: Sequence[Marked],
    changed: Mapping[str, Override],
    before: Standing | None,
    policy: Policy,
) -> Standing:
    """A learner's standing: the files of this run, else what there was before."""
    found = ranked(files, slug, policy)
    file = found.file
    again = before and before.file and file and (before.where == file.where or same_attempt(before.file, file))
    unread = file is None or (before and before.marks and not file.marks and not (found.late and again))
    if before and (before.file or not changed) and unread:
        marks = before.marks or _blank(key, slug, changed)
        return replace(before, marks=marks, others=tuple(filter(None, (file, *found.others))), changed=changed)
    if before and file and before.file and (why := _rather(before, file, found.off, policy)):
        aside = replace(file, aside=f"not counted, because {before.where} is {why}")
        # Where the two were judged by two policies, neither says how the learner was marked.
        both = before.policy if before.policy == " ".join(policy.sentences) else ""
        return replace(before, others=(aside, *found.others), changed=changed, policy=both)
    marks = (file.marks if file else ()) or _blank(key, slug, changed)
    seat, of = key.by_slug[slug], sum(key.worth)
    return Standing(
        *(seat.learner, slug, file, found.others, marks, changed, of),
        id=seat.id,
        late=found.late,
        off=found.off,
        notes=before.notes if before else (),
        own=before.own if before else {},
        policy=" ".join(policy.sentences),
    )


def _blank(key: Key, slug: str, changed: Mapping[str, Override]) -> tuple[Mark, ...]:
    """The marks of a learner without any, where some are set by hand."""
    sheet = key.sheet(slug) if changed else None
    return fair(mark_sheet(sheet, {}), sheet, key) if sheet else ()


def _rather(before: Standing, file: Marked, off: float, policy: Policy) -> str:
    """Why an attempt that an earlier run marked counts rather than this one; empty where it does not."""
    if not (before.marks and before.file) or before.where == file.where or same_attempt(before.file, file):
        return ""
    if policy.attempts == "first" and before.handed_in and before.handed_in < handed_in_on(file):
        return "the first of the attempts"
    if policy.attempts == "best" and before.points >= file.points * (1 - off):
        return "the best of the attempts"
    return ""


def crossed(standings: Sequence[Standing], files: Sequence[Marked]) -> Iterator[Standing]:
    """The same, where a learner handed in another's sheet: the kit tells each of the two where the other's file is."""
    own = {one.slug: one.where for one in standings if one.marks and one.file}
    for one in standings:
        file = one.file
        if file and file.origin in own:
            file = replace(file, problem=f"{file.problem}; the file of its owner is {own[file.origin]}")
        too = "" if one.absent else " too"
        others = ((by.learner or "Another learner", by.where) for by in files if by.origin == one.slug)
        notes = [f"{by} {ALSO}{too} ({where})" for by, where in others if not _noted(one, by, where)]
        yield replace(one, file=file, notes=(*one.notes, *notes))


def _noted(one: Standing, by: str, where: str) -> bool:
    """Did an earlier run say that another learner handed in this sheet?"""
    return any(f"{by} {ALSO}{too} ({where})" in note for note in one.notes for too in ("", " too"))
