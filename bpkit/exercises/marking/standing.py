"""Where everybody stands: of several files of one learner one counts, and nobody is left out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import PurePosixPath

from bpkit.core.errors import BpkitError
from bpkit.exercises.marking.one_file import Marked, by_hand, fair, unclear
from bpkit.exercises.marking.overrides import Override, Overrides
from bpkit.exercises.marking.submissions import REPAIRED, bare
from bpkit.exercises.marking.whose import numbered
from bpkit.exercises.questions.judging import Mark, mark_sheet
from bpkit.exercises.sheets.key import Key

ABSENT = "nothing handed in"


@dataclass(frozen=True)
class Standing:
    """One learner, or a file that is nobody's: the ``file`` that counts, the ``others`` beside it, and its marks.

    ``id`` is the roster's, ``changed`` holds what the instructor has set by hand, ``of`` what the whole sheet is worth,
    ``notes`` what is for the instructor alone, ``row`` the line of an earlier table of marks, where nothing has been
    marked anew.
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

    def points_for(self, mark: Mark) -> float:
        """What an answer earns: what was set by hand, else what the kit gives."""
        return self.changed[mark.key].points if mark.key in self.changed else mark.points

    @property
    def points(self) -> float:
        """What all answers earn."""
        return sum(map(self.points_for, self.marks))

    @property
    def pending(self) -> tuple[Mark, ...]:
        """The answers that an instructor still has to mark."""
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
    def where(self) -> str:
        """The path of the file that counts."""
        return self.file.where if self.file else ""

    @property
    def problem(self) -> str:
        """Why nothing was marked."""
        return self.file.problem if self.file else ABSENT

    @property
    def remarks(self) -> tuple[str, ...]:
        """What is to be said about the learner's files, to the learner too."""
        own = self.file.remarks if self.file else ()
        beside = (f"{one.where}: {one.aside or f'not marked: {one.problem}'}" for one in self.others)
        return (*own, *(text for text in beside if not any(text in other for other in own)))


@dataclass(frozen=True)
class Outcome:
    """What came of marking: every learner of the key in its order, then the files that are nobody's.

    With ``one_sheet`` for everybody each file is somebody's, and only its name says whose.
    """

    standings: tuple[Standing, ...]
    files: tuple[Marked, ...]
    one_sheet: bool = False

    @property
    def good(self) -> tuple[Standing, ...]:
        """Those who have marks."""
        return tuple(one for one in self.standings if one.marks)

    @property
    def keys(self) -> list[str]:
        """The keys of all answers in the order of the sheet: 2d before 10a, though some sheets ask for no 2d."""
        keys = dict.fromkeys(mark.key for one in self.standings for mark in one.marks)
        return sorted(keys, key=lambda key: (int("".join(filter(str.isdecimal, key))), key))

    @property
    def absent(self) -> tuple[str, ...]:
        """The learners who handed in nothing."""
        return tuple(one.learner for one in self.standings if one.absent)

    @property
    def unmarked(self) -> tuple[Marked, ...]:
        """The files of this run that could not be marked."""
        files = (file for one in self.standings for file in (None if one.row else one.file, *one.others))
        return tuple(file for file in files if file and file.problem)

    def __repr__(self) -> str:
        return f"{sum(not one.problem for one in self.files)} of {len(self.files)} files marked"


def settle(
    files: Sequence[Marked], key: Key, changed: Overrides | None = None, earlier: Mapping[str, Standing] | None = None
) -> Outcome:
    """Give everybody one standing; ``earlier`` ones, by person, are those of former runs and stay.

    Raises ``BpkitError`` where most sheets are those of another key.
    """
    check_key(files)
    here, before, by_hand = mended(files), earlier or {}, changed or {}
    mine: dict[str, list[Marked]] = {}
    for file in here:
        mine.setdefault(person(key, file.slug, file.where), []).append(file)
    found = [
        _standing(key, seat.slug, mine.get(name, []), by_hand.get(seat.slug, {}), before.get(name))
        for seat in key.seats
        for name in _persons(key, seat.slug, [*mine, *before])
    ]
    nobodys = {file.where: Standing(file=file) for file in here if not file.slug}
    nobodys = {one.where: one for one in before.values() if not one.slug} | nobodys
    return Outcome((*crossed(found, here), *nobodys.values()), tuple(here), len(key.seats) == 1)


def check_key(files: Iterable[Marked]) -> None:
    """Stop where most sheets are another key's."""
    sheets = [file for file in files if file.stranger or file.sheet or file.origin]
    strangers = [file for file in sheets if file.stranger]
    if 2 * len(strangers) > len(sheets):
        raise BpkitError(
            f"mark: these sheets are not of this key: {len(strangers)} of {len(sheets)}, {strangers[0].where} for "
            "example, have numbers that it gave to no learner; name the key that was made with them (--key)"
        )


def mended(files: Iterable[Marked]) -> list[Marked]:
    """The same, where a mended copy replaces the file that it was made of."""
    found = list(files)
    copies = sorted((file for file in found if file.marks and REPAIRED in file.where), key=_repairs)
    newest = {_origin(file): file for file in copies}
    return [file if (copy := newest.get(_origin(file), file)) is file else _replaced(file, copy) for file in found]


def _replaced(file: Marked, copy: Marked) -> Marked:
    why = f"not counted, because {copy.where} is its repaired copy"
    return replace(file, learner=copy.learner, slug=copy.slug, marks=(), problem="", origin="", aside=why)


def _origin(file: Marked) -> str:
    """The path of the file that a mended copy was made of."""
    path = PurePosixPath(file.where)
    return str(path.parent / bare(path.name))


def _repairs(file: Marked) -> int:
    return file.where.count(REPAIRED)


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
    key: Key, slug: str, files: Sequence[Marked], changed: Mapping[str, Override], before: Standing | None
) -> Standing:
    """A learner's standing: the files of this run, else what there was before."""
    ordered = list(ranked(files, slug))
    file = ordered[0] if ordered else None
    if before and (file is None or (before.marks and not file.marks)):
        return replace(before, others=tuple(ordered), changed=changed)
    marks = file.marks if file else ()
    if changed and not marks:
        sheet = key.sheet(slug)
        marks = fair(mark_sheet(sheet, {}), sheet, key)
    seat, of = key.by_slug[slug], sum(key.worth)
    return Standing(seat.learner, slug, file, tuple(ordered[1:]), marks, changed, of, id=seat.id)


def ranked(files: Sequence[Marked], slug: str) -> Iterator[Marked]:
    """A learner's files, the one that counts first; the other attempts say that they do not.

    The date of a file decides; but of copies of one name, as ``ada (1)`` is of ``ada``, the number. A sheet that is
    still empty is no attempt.
    """
    dates: dict[str, float] = {}
    for file in files:  # a mended copy is as old as what it was made of
        dates[_origin(file)] = min(file.date, dates.get(_origin(file), file.date))
    names = {file.where: numbered(PurePosixPath(file.where).name, slug) for file in files}
    newest: dict[str, float] = {}
    good = [file for file in files if file.marks]
    for file in good:
        base = names[file.where][0]
        newest[base] = max(dates[_origin(file)], newest.get(base, 0.0))

    def order(file: Marked) -> tuple[bool, float, str, int, float, str]:
        base, number = names[file.where]
        return _answered(file), newest[base], base, number, dates[_origin(file)], file.where

    last = max(good, key=order, default=None)
    if last:
        yield last
        attempts = sum(map(_answered, good)) or len(good)
        later = f"not counted, because {last.where} is the later of {attempts} attempts"
        empty = f"not counted, because nothing is answered in it, unlike in {last.where}"
        for file in good:
            if file is not last:
                yield replace(file, aside=empty if _answered(last) and not _answered(file) else later)
    # Of files without marks that nothing replaces the first says what was wrong.
    yield from sorted((file for file in files if not file.marks), key=lambda file: bool(file.aside))


def _answered(file: Marked) -> bool:
    return any(mark.feedback.verdict != "blank" and not by_hand(mark) for mark in file.marks)


def crossed(standings: Sequence[Standing], files: Sequence[Marked]) -> Iterator[Standing]:
    """The same, where somebody handed in another's sheet: each of the two is told where the other's file is."""
    own = {one.slug: one.where for one in standings if one.marks}
    for one in standings:
        file = one.file
        if file and file.origin in own:
            file = replace(file, problem=f"{file.problem}; the file of its owner is {own[file.origin]}")
        others = (by for by in files if by.origin == one.slug)
        notes = (f"{by.learner or 'Another learner'} handed in this sheet too ({by.where})" for by in others)
        yield replace(one, file=file, notes=tuple(notes))
