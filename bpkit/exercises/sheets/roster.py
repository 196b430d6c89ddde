"""A roster: who is in a class, read from tables as learning systems, spreadsheets and people write them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from bpkit.core.errors import BpkitError
from bpkit.exercises.sheets.files import counted
from bpkit.exercises.sheets.headers import (
    FAMILY,
    GIVEN,
    HALF,
    ID,
    NAME,
    PERHAPS_TOTALS,
    REDRAWN,
    SEED,
    TEST_STUDENTS,
    TOTALS,
    first_of,
    known,
    plain,
)
from bpkit.exercises.sheets.tables import Row, tables

TITLES = 10  # lines that may be above the headers
MOST_NAMED = 5  # of the lines that were left out
NBGRADER = {"id", "first_name", "last_name"}  # headers of its own table: it knows learners by their ids alone


@dataclass(frozen=True)
class Person:
    """One learner of a roster: name and id as they are written there, and what the learner is called in all files.

    ``shown`` is no other learner's: two of one name have their ids in it. ``seed`` is None where ``--seed`` decides.
    """

    name: str
    id: str = ""
    shown: str = ""
    seed: int | None = None
    redrawn: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True)
class Roster:
    """The learners in order, what was read where, and a word for each line that is no learner's.

    ``read`` has a pair of braces for each of the ``headers``.
    """

    people: tuple[Person, ...]
    read: str = ""
    headers: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()

    def words(self, emphasized: Callable[[str], str]) -> str:
        """What was read, with headers as they are shown there."""
        read = self.read.format(*map(emphasized, self.headers))
        return f"{counted(len(self.people), 'learner')}{read and ', '}{read}"

    @property
    def others(self) -> str:
        """What was left out, in a sentence, if anything was."""
        more = f" and {len(self.left_out) - MOST_NAMED} more" if len(self.left_out) > MOST_NAMED else ""
        return f"Left out: {', '.join(self.left_out[:MOST_NAMED])}{more}." if self.left_out else ""

    def __str__(self) -> str:
        return f"{self.words('*{}*'.format)}. {self.others}".strip()


def numbered(count: int) -> Roster:
    """So many learners without names."""
    if not 1 <= count <= 100_000:
        raise BpkitError(f"learners: expected a number from 1 to 100000, got {count}")
    width = max(2, len(str(count)))
    called = [f"learner {number:0{width}d}" for number in range(1, count + 1)]
    return Roster(tuple(Person(name, shown=name) for name in called))


def read_roster(text: str) -> Roster:
    """The learners of a table with headers, or of a list with a name on each line.

    Raises ``BpkitError`` for what is not understood, instead of a guess at who is meant.
    """
    found = tables(text)
    headed = {separator: head for separator, rows in found.items() if (head := _headers(rows))}
    if not headed:
        return _listed(found)
    filled = {separator: sum(len(row.filled) for row in found[separator]) for separator in headed}
    separator = max(headed, key=lambda one: (headed[one][1], filled[one]))
    rows, place = found[separator], headed[separator][0]
    return _headed(rows[:place], rows[place], rows[place + 1 :])


def _headers(rows: Sequence[Row]) -> tuple[int, int] | None:
    """Which row has the headers, and how many of them are known; None for a list without headers.

    One known word is enough where it is the first of all; later rows may have headers below titles.
    """
    for place, row in enumerate(rows[:TITLES]):
        count = sum(map(known, row.filled))
        who = any(first_of(words, row.cells) for words in (NAME, GIVEN, FAMILY, HALF, ID))
        title = max((len(above.filled) for above in rows[:place]), default=0)
        if who and (count > 1 or (place == 0 and known(row.filled[0]))) and title < len(row.filled):
            return place, count
    return None


@dataclass(frozen=True)
class _Columns:
    """Where a table with headers has the parts of a name, the whole name, all kinds of ids, seed and redraws."""

    name: tuple[int, ...]
    whole: int | None
    ids: tuple[int, ...]
    seed: int | None
    redrawn: int | None

    def called(self, row: Row) -> str:
        """The name in a row."""
        return " ".join(filter(None, (row[place] for place in self.name))) or row[self.whole]

    def identified(self, row: Row) -> str:
        """The first id in a row."""
        return next((row[place] for place in self.ids if row[place]), "")


def _columns(head: Row, rows: Sequence[Row]) -> _Columns:
    given, family, whole = (first_of(words, head.cells)[:1] for words in (GIVEN, FAMILY, (*NAME, *HALF)))
    name = [*given, *family]
    if len(name) == 1 and whole:
        # "Vorname, Name": here the name is the other part, unless both parts are in it.
        pairs = [(row[name[0]], row[whole[0]]) for row in rows if row[name[0]] and row[whole[0]]]
        apart = sum(part.casefold() not in other.casefold() for part, other in pairs)
        name = [*given, *whole, *family] if plain(head[whole[0]]) in HALF and 2 * apart > len(pairs) else whole
    name = name or whole
    ids = [place for place in first_of(ID, head.cells) if place not in name]
    whole_name, seed, redrawn = (
        next(iter(places), None) for places in (whole, *(first_of((word,), head.cells) for word in (SEED, REDRAWN)))
    )
    return _Columns(tuple(name), whole_name, tuple(ids), seed, redrawn)


def _headed(titles: Sequence[Row], head: Row, rows: Sequence[Row]) -> Roster:
    """The learners of a table with headers."""
    columns, kept = _columns(head, rows), []
    left_out = [_left_out(row, " ".join(row.filled), "above the headers") for row in titles]
    for row in rows:
        if any(row.cells[len(head.cells) :]):
            raise BpkitError(
                f"roster: line {row.line}: expected {counted(len(head.cells), 'column')} as in the headers, got "
                f"{', '.join(row.filled)[:80]!r}; put a name such as “Last, First” into quotation marks"
            )
        why = "" if row[columns.seed] else _no_learner(row, head, columns)
        if why:
            left_out.append(_left_out(row, columns.called(row) or row.filled[0], why))
        else:
            kept.append(row)
    # The kind of id that is missing least often, of several the one that a gradebook would use.
    id = min(columns.ids, key=lambda place: sum(not row[place] for row in kept), default=None)
    by_id = set(head.cells) >= NBGRADER
    people = []
    for row in kept:
        name = columns.called(row) or row[id] or columns.identified(row)
        shown = row[id] or name if by_id else name
        seed, redrawn = _seed(row, columns.seed), tuple(_redrawn(row, columns.redrawn))
        people.append(Person(name, row[id], shown, seed, redrawn))
    named = columns.name if columns.name and not by_id else (id,)
    places = [*named, *(place for place in (id, columns.seed) if place is not None)]
    read = f"named by {' and '.join('{}' for _ in named)}"
    read += ", identified by {}" if id is not None else ""
    read += ", with seeds from {}" if columns.seed is not None else ""
    return _told_apart(Roster(tuple(people), read, tuple(head[place] for place in places), tuple(left_out)))


def _no_learner(row: Row, head: Row, columns: _Columns) -> str:
    """Why a row is no learner's, if so."""
    name, id = columns.called(row), columns.identified(row)
    words = {plain(cell).strip("0123456789") for cell in row.cells}
    if row.cells == head.cells:
        return "the headers again"
    if plain(name) in TEST_STUDENTS:
        return "the test student"
    half = not name or (columns.ids and not id)
    if plain(name).strip("0123456789") in TOTALS or (half and words & (TOTALS | PERHAPS_TOTALS)):
        return "not a learner"
    return "" if name or id else "no name"


def _left_out(row: Row, what: str, why: str) -> str:
    return f"line {row.line} {what[:60]!r} ({why})"


def _seed(row: Row, place: int | None) -> int | None:
    cell = row[place]
    if cell and not (cell.isdecimal() and len(cell) < 19):
        raise BpkitError(
            f"roster: line {row.line}: expected a whole number of at most 18 digits as seed, got {cell[:60]!r}; "
            "correct it, or leave it empty"
        )
    return int(cell) if cell else None


def _redrawn(row: Row, place: int | None) -> Iterator[tuple[str, int]]:
    """What a table of seeds says was drawn again."""
    for word in row[place].split():
        question, _, number = word.partition(":")
        if not (question and number.isdecimal() and len(number) <= 2):
            raise BpkitError(
                f"roster: line {row.line}: expected redrawn questions such as loss:1, got {word[:60]!r}; "
                "correct it, or leave it empty"
            )
        yield question, int(number)


def _listed(found: Mapping[str, list[Row]]) -> Roster:
    """The learners of a list without headers: a name on each line, and behind it perhaps an id."""
    widths = {separator: {len(row.filled) for row in rows} for separator, rows in found.items()}
    # What separates every line in the same way; else the comma, as names may have the others in them.
    even = [one for one in ";\t|" if len(widths.get(one, ())) == 1 and widths[one] != {1}]
    rows = found[even[0] if even else next(iter(found))]
    if rows and SEED in map(plain, rows[0].cells):
        raise _unclear(rows[0], "seeds without names")
    people = []
    for row in rows:
        name, *more = row.filled
        if not all(map(_is_id, more)) or (more and _is_id(name)):
            raise _unclear(row, "" if len(more) == 1 and not _is_id(name) else "several columns")
        people.append(Person(name, more[0] if more else "", name))
    identified = any(person.id for person in people)
    read = "named by the first column, identified by the second" if identified else "one on each line"
    return _told_apart(Roster(tuple(people), read))


def _unclear(row: Row, got: str) -> BpkitError:
    hint = "" if got else ", or put each name into quotation marks"
    return BpkitError(
        "roster: expected one name on each line, or a first line that names the columns (such as Name,Student ID or "
        f"Last name,First name), got {got or 'what looks like “Last, First” without quotation marks'} in line "
        f"{row.line}, {', '.join(row.filled)[:80]!r}; write such a first line{hint}"
    )


def _is_id(cell: str) -> bool:
    """True for what stands for a person without being a name: a number, an address, a user name with digits."""
    return not any(map(str.isspace, cell)) and ("@" in cell or any(map(str.isdecimal, cell)))


def _told_apart(roster: Roster) -> Roster:
    """The roster, in which no two learners are called the same; two of one name are told apart by their ids."""
    people = roster.people
    if not people:
        raise BpkitError("roster: expected a name on each line, found none; write one for each learner")
    often = Counter(person.shown for person in people)
    told = [replace(p, shown=f"{p.shown} ({p.id})") if often[p.shown] > 1 and p.id else p for p in people]
    name, times = Counter(person.shown for person in told).most_common(1)[0]
    if times > 1:
        raise BpkitError(
            f"roster: {name[:60]!r} appears twice; add a column headed Student ID, with an id for each learner, or "
            "give each a name of their own"
        )
    ids = Counter(person.id for person in told if person.id)
    for id, times in ids.most_common(1):
        if times > 1:
            whose = " and ".join(repr(person.name[:60]) for person in told if person.id == id)
            raise BpkitError(f"roster: the id {id[:60]!r} appears twice, for {whose[:150]}; correct it")
    return replace(roster, people=tuple(told))
