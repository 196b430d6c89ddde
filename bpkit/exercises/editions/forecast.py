"""What making a class's sheets would do, told before anything is written."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from bpkit.core.spelling import counted
from bpkit.exercises.editions import BANKS, EACH, NBGRADER, archive_of, check_editions, nbgrader
from bpkit.exercises.editions.pdf import AT_ONCE, PILES
from bpkit.exercises.questions.generation import concerns
from bpkit.exercises.sheets.cohort import Plan
from bpkit.exercises.sheets.files import visible
from bpkit.exercises.sheets.roster import Roster
from bpkit.exercises.sheets.sheet import Sheet

KEY = ("key/key.json", "key/seeds.csv", "key/answers.csv", "key/fairness.csv")
NUMBERED = 3  # learners without names that are listed: the others are like them
NAMED = 5  # files that are there already


@dataclass(frozen=True)
class Table:
    """A table to be shown: its caption, its headers, its rows."""

    caption: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Forecast:
    """Learners, questions and files of a plan; ``there`` are those of the files that exist already."""

    learners: Table
    questions: Table
    folders: Table
    files: tuple[str, ...]
    there: tuple[str, ...]

    @property
    def tables(self) -> tuple[Table, ...]:
        return self.learners, self.questions, self.folders

    def found(self, force: bool) -> str:
        """What is said of files that are there already."""
        if not self.there:
            return "None of them is there yet."
        more = f" and {len(self.there) - NAMED} more" if len(self.there) > NAMED else ""
        some = f"{', '.join(self.there[:NAMED])}{more}"
        stops = "stops the work and stays as it is, unless you allow overwriting (--force)"
        what = "would be overwritten" if force else stops
        return f"There already: {some}. A file with the same content stays; one with other content {what}."


def forecast(
    plan: Plan,
    folder: Path,
    editions: Iterable[str],
    roster: Roster | None = None,
    pdf: bool = False,
    more: Sequence[str] = (),
    zips: Collection[str] = (),
) -> Forecast:
    """The files that a plan would give; nothing is written.

    ``roster`` is where its learners come from, None where they are numbered; ``more`` are further files of the folder.
    """
    files = (*files_of(plan, check_editions(editions), pdf, zips), *more)
    there = tuple(name for name in files if (folder / name).exists())
    return Forecast(_learners(plan, roster), _questions(plan), _folders(files, there), files, there)


def files_of(plan: Plan, editions: Sequence[str], pdf: bool = False, zips: Collection[str] = ()) -> tuple[str, ...]:
    """The names of all files that these editions of a plan have, inside their folder.

    >>> from bpkit.exercises.sheets.cohort import plan
    >>> files_of(plan("Ada Ash"), ["learner"])
    ('key/key.json', 'key/seeds.csv', 'key/answers.csv', 'key/fairness.csv', 'learners/ada-ash.ipynb')
    """
    slugs = [seat.slug for seat in plan.seats]
    each = [file for name in editions for file in EACH.get(name, ())]
    files = [*KEY, *(f"{file.folder}/{slug}{file.ending}" for file in each for slug in slugs)]
    files += [BANKS[name].file for name in editions if name in BANKS]
    if NBGRADER in editions:
        files += [nbgrader.SOURCE, *(nbgrader.HANDOUT.format(slug) for slug in slugs if len(slugs) > 1)]
    if pdf:
        starts = range(0, len(slugs), AT_ONCE)
        pieces = [(start + 1, min(start + AT_ONCE, len(slugs)), len(slugs)) for start in starts]
        files += [f"printable/{pile.file(*piece)}" for pile in PILES for piece in pieces]
    return tuple(dict.fromkeys(archive_of(name, zips) or name for name in files))


def _learners(plan: Plan, roster: Roster | None) -> Table:
    seats = plan.seats if roster else plan.seats[:NUMBERED]
    identified = any(seat.id for seat in seats)
    rows = [(seat.learner, *([seat.id] if identified else []), str(seat.seed)) for seat in seats]
    if len(seats) < len(plan.seats):
        rows.append((f"and {len(plan.seats) - len(seats)} more", ""))
    head = ("learner", *(["id"] if identified else []), "seed")
    return Table(counted(len(plan.seats), "learner"), head, tuple(rows))


@lru_cache(maxsize=4)
def _first(plan: Plan) -> Sheet:
    return plan.sheet(plan.seats[0])


@lru_cache(maxsize=4)
def notice(plan: Plan, where: str) -> str:
    """How many own questions of the first learner's sheet break a guarantee; ``where`` begins what tells which."""
    if not plan.settings.own:
        return ""
    several = len(plan.seats) > 1
    count = sum(bool(concerns(one, several)) for one in _first(plan))
    if not count:
        return ""
    first = " on the first sheet" if several else ""
    breaks = "breaks a guarantee" if count == 1 else "break guarantees"
    return f"Please look at this: {count} of {counted(len(plan.questions), 'question')}{first} {breaks}. {where} which."


@lru_cache(maxsize=4)
def _questions(plan: Plan) -> Table:
    """The questions of the first learner's sheet; in others a question may ask for an answer more, with its points."""
    sheet = _first(plan)
    rows = tuple((str(number), one.id, f"{one.points:g}", one.bank.title) for number, one in enumerate(sheet, 1))
    points = sum(one.points for one in sheet)
    called = f"{plan.settings.title}: " if plan.settings.title else ""
    due = f", {plan.settings.date}" if plan.settings.date else ""
    first = " on the first sheet" if len(plan.seats) > 1 else ""
    worth = f"{points:g} point{'' if points == 1 else 's'}{first}"
    return Table(f"{called}{counted(len(rows), 'question')}, {worth}{due}", ("", "question", "points", "title"), rows)


def _folders(files: Sequence[str], there: Sequence[str]) -> Table:
    count, old = (Counter(str(_folder(name)) for name in names) for names in (files, there))
    rows = tuple((folder, str(number), str(old[folder] or "")) for folder, number in count.items())
    return Table(counted(len(files), "file"), ("folder", "files", "there already"), rows)


def _folder(name: str) -> str:
    """Where a file is, as far as that is the same for all learners."""
    folder = Path(name).parent
    parts = folder.parts[:2] if folder.parts[:1] == (NBGRADER,) else folder.parts
    return "/".join(parts) or "the folder itself"


def told(made: Forecast, roster: Roster | None, folder: Path, force: bool) -> Iterator[str]:
    """A forecast in lines for a terminal."""
    if roster:
        yield f"{roster.words('*{}*'.format)}."
        if roster.left_out:
            yield "Left out:"
            yield from (f"  {what}" for what in roster.left_out)
    for table in made.tables:
        yield ""
        yield from _aligned(table)
    yield ""
    yield f"They would be written into the folder {folder}. {made.found(force)}"
    yield "Nothing has been written. Leave out --dry-run to make the sheets."


def _aligned(table: Table) -> Iterator[str]:
    rows = [[visible(cell) for cell in row] for row in (table.head, *table.rows)]
    widths = [max(map(_width, column)) for column in zip(*rows, strict=True)]
    yield f"{table.caption}:"
    for row in rows:
        padded = (cell + " " * (width - _width(cell)) for cell, width in zip(row, widths, strict=True))
        yield f"  {'  '.join(padded).rstrip()}"


def _width(text: str) -> int:
    """The columns that a text takes on a terminal, where Chinese, Japanese and Korean signs take two."""
    return sum(
        0 if unicodedata.combining(one) else 2 if unicodedata.east_asian_width(one) in "WF" else 1 for one in text
    )
