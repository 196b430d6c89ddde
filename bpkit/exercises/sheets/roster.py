"""A roster: who is in a class, read from tables as learning systems, spreadsheets and people write them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from bpkit.core.errors import BpkitError
from bpkit.core.spelling import counted
from bpkit.exercises.sheets.headers import (
    FAMILY,
    GIVEN,
    HALF,
    ID,
    MIDDLE,
    NAME,
    PERHAPS_TOTALS,
    PREFIX,
    REDRAWN,
    ROLE,
    SEED,
    TEST_STUDENTS,
    TOTALS,
    first_of,
    known,
    plain,
    teaches,
)
from bpkit.exercises.sheets.tables import MOST_BYTES, Row, Written, tables, written

TITLES = 20  # lines that may be above the headers
MOST_NAMED = 5  # of the lines that were left out
_LOST = re.compile(r"#(N/A|N/D|NV|[\w/]+[!?])|\d([.,]\d+)?E\+\d+")  # no result of a formula; digits that Excel dropped
_ADDRESSED = re.compile(r"(.*\S)\s*<([^<>\s]+@[^<>\s]+)>")
_NUMBERED = re.compile(r"([0-9]{1,6})(?:[.)]\s*|$)")
DIGITS = "0123456789"
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

    ``read`` has a pair of braces for each of the ``headers``; ``source`` says of the file what is unusual about it.
    """

    people: tuple[Person, ...]
    read: str = ""
    headers: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()
    source: str = ""

    def words(self, emphasized: Callable[[str], str]) -> str:
        """What was read, with headers as they are shown there."""
        read = self.read.format(*map(emphasized, self.headers))
        return ", ".join(filter(None, (counted(len(self.people), "learner"), read, self.source)))

    @property
    def others(self) -> str:
        """What was left out, in a sentence, if anything was."""
        more = f" and {len(self.left_out) - MOST_NAMED} more" if len(self.left_out) > MOST_NAMED else ""
        return f"Left out: {', '.join(self.left_out[:MOST_NAMED])}{more}." if self.left_out else ""

    def __str__(self) -> str:
        return f"{self.words('*{}*'.format)}. {self.others}".strip()


def numbered(count: int) -> Roster:
    """So many learners without names.

    >>> [person.name for person in numbered(2).people]
    ['learner 01', 'learner 02']
    """
    if not 1 <= count <= 100_000:
        raise BpkitError(f"learners: expected a number from 1 to 100000, got {count}")
    width = max(2, len(str(count)))
    called = [f"learner {number:0{width}d}" for number in range(1, count + 1)]
    return Roster(tuple(Person(name, shown=name) for name in called))


def roster_file(path: Path) -> Roster:
    """The learners of a file: CSV in any usual form, or an Excel workbook.

    Raises ``BpkitError`` for a file that cannot be read and for what is not understood.
    """
    try:
        with path.open("rb") as file:
            content = file.read(MOST_BYTES + 1)
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or error
        raise BpkitError(
            f"learners: expected a number or a roster (a file in CSV, or an Excel workbook), got {str(path)!r} "
            f"({why}); write for example --learners 30"
        ) from None
    one = opened(content)
    return read_roster(one.text, one.said)


def opened(content: bytes) -> Written:
    """The text of a roster's file; of a workbook the first sheet with headers, else the first that is not empty.

    >>> opened("name;id".encode("utf-16")).text
    'name;id'
    """
    found = written(content)
    headed = (one for one in found if any(map(_headers, tables(one.text).values())))
    return found[0] if len(found) == 1 else next(headed, found[0])


def read_roster(text: str, source: str = "") -> Roster:
    r"""The learners of a table with headers, or of a list with a name on each line.

    Raises ``BpkitError`` for what is not understood, instead of a guess at who is meant.

    >>> read_roster("Ada Ash").people[0].name, read_roster("Last name,First name\nAsh,Ada").people[0].name
    ('Ada Ash', 'Ada Ash')
    """
    found = tables(text)
    headed = {separator: head for separator, rows in found.items() if (head := _headers(rows))}
    if not headed:
        return replace(_listed(found), source=source)
    filled = {separator: sum(len(row.filled) for row in found[separator]) for separator in headed}
    separator = max(headed, key=lambda one: (headed[one][1], filled[one]))
    rows, place = found[separator], headed[separator][0]
    return replace(_headed(rows[:place], rows[place], rows[place + 1 :]), source=source)


def _headers(rows: Sequence[Row]) -> tuple[int, int] | None:
    """Which row has the headers, and how many of them are known; None for a list without headers.

    It is the row with most of them. One known word is enough where it is the first of all; later rows may have headers
    below titles, which have fewer cells, or other words.
    """
    found = None
    for place, row in enumerate(rows[:TITLES]):
        count = sum(map(known, row.filled))
        who = any(first_of(words, row.cells) for words in (NAME, GIVEN, FAMILY, HALF, ID))
        title = max((len(above.filled) for above in rows[:place]), default=0)
        below = title < len(row.filled) or count == len(row.filled)
        if who and (count > 1 or (place == 0 and known(row.filled[0]))) and below and count > (found or (0, 0))[1]:
            found = place, count
    return found


@dataclass(frozen=True)
class _Columns:
    """Where a table with headers has the parts of a name, the whole name, all kinds of ids, seed and redraws."""

    name: tuple[int, ...]
    whole: int | None
    ids: tuple[int, ...]
    roles: tuple[int, ...]
    seed: int | None
    redrawn: int | None

    def called(self, row: Row) -> str:
        """The name in a row."""
        return " ".join(filter(None, (row[place] for place in self.name))) or row[self.whole]

    def identified(self, row: Row) -> str:
        """The first id in a row."""
        return next((row[place] for place in self.ids if row[place]), "")


def _columns(head: Row, rows: Sequence[Row]) -> _Columns:
    kinds = (GIVEN, MIDDLE, PREFIX, FAMILY, (*NAME, *HALF))
    given, middle, prefix, family, whole = (first_of(words, head.cells)[:1] for words in kinds)
    name = [*given, *family]
    if len(name) == 1 and whole:
        # "Vorname, Name": here the name is the other part, unless both parts are in it.
        pairs = [(row[name[0]], row[whole[0]]) for row in rows if row[name[0]] and row[whole[0]]]
        apart = sum(part.casefold() not in other.casefold() for part, other in pairs)
        name = [*given, *whole, *family] if plain(head[whole[0]]) in HALF and 2 * apart > len(pairs) else whole
    name = [*given, *middle, *prefix, *family] if given and family else name or whole
    ids = [place for place in first_of(ID, head.cells) if place not in name]
    whole_name, seed, redrawn = (
        next(iter(places), None) for places in (whole, *(first_of((word,), head.cells) for word in (SEED, REDRAWN)))
    )
    return _Columns(tuple(name), whole_name, tuple(ids), tuple(first_of(ROLE, head.cells)), seed, redrawn)


def _headed(titles: Sequence[Row], head: Row, rows: Sequence[Row]) -> Roster:
    """The learners of a table with headers."""
    columns = _columns(head, rows)
    kept: list[Row] = []
    left_out = [_left_out(row, " ".join(row.filled), "above the headers") for row in titles]
    for row in rows:
        why = "" if row[columns.seed] else _no_learner(row, head, columns)
        if why:
            left_out.append(_left_out(row, columns.called(row) or row.filled[0], why))
        elif any(row.cells[len(head.cells) :]):
            raise BpkitError(
                f"roster: line {row.line}: expected {counted(len(head.cells), 'column')} as in the headers, got "
                f"{', '.join(row.filled)[:80]!r}; put a name such as “Last, First” into quotation marks"
            )
        else:
            kept.append(row)
    # The kind of id that is missing least often, of several the one that a gradebook would use.
    id = min(columns.ids, key=lambda place: sum(not row[place] for row in kept), default=None)
    by_id = set(head.cells) >= NBGRADER
    people = []
    for row, own in zip(kept, _as_meant([row[id] for row in kept]), strict=True):
        name = columns.called(row) or own or columns.identified(row)
        _checked(row, (name, own))
        seed, redrawn = _seed(row, columns.seed), tuple(_redrawn(row, columns.redrawn))
        people.append((row, Person(name, own, own or name if by_id else name, seed, redrawn)))
    named = columns.name if columns.name and not by_id else (id,)
    places = [*named, *(place for place in (id, columns.seed) if place is not None)]
    read = f"named by {' and '.join('{}' for _ in named)}"
    read += ", identified by {}" if id is not None else ""
    read += ", with seeds from {}" if columns.seed is not None else ""
    return _told_apart(people, left_out, read, tuple(head[place] for place in places))


def _no_learner(row: Row, head: Row, columns: _Columns) -> str:
    """Why a row is no learner's, if so."""
    name, id = columns.called(row), columns.identified(row)
    words = {plain(cell).strip(DIGITS) for cell in row.cells}
    word = plain(name).strip(DIGITS)
    if row.cells == head.cells:
        return "the headers again"
    if _comment(row):
        return "a comment"
    if word.endswith(TEST_STUDENTS):
        return "the test student"
    half = not name or (columns.ids and not id)
    count = word in NAME and (plain(name)[0].isdecimal() or ":" in name)  # 25 students, but not student 25
    if word in TOTALS or (half and words & (TOTALS | PERHAPS_TOTALS)) or count:
        return "not a learner"
    role = next((row[place] for place in columns.roles if teaches(row[place])), "")
    if role:
        return f"not a learner, but {role}"
    return "" if plain(name) or plain(id) else "no name"


def _comment(row: Row) -> bool:
    """True for a line such as ``# exported in May``; an id may begin in the same way, but is followed by a name."""
    first = row.filled[0]
    return first.startswith("#") and (len(row.filled) == 1 or first.startswith("# "))


def _left_out(row: Row, what: str, why: str) -> tuple[int, str]:
    return row.line, f"line {row.line} {what[:60]!r} ({why})"


def _as_meant(ids: Sequence[str]) -> list[str]:
    """Ids without what programs put around all of them: Brightspace's ``#``, and the ``.0`` of a column of numbers."""
    filled = [id for id in ids if id]
    if all(id.startswith("#") and id[1:] for id in filled):
        ids = [id[1:].strip() for id in ids]
    if all(re.fullmatch(r"\d+\.0", id) for id in filled):
        ids = [id.removesuffix(".0") for id in ids]
    return list(ids)


def _checked(row: Row, cells: Sequence[str]) -> None:
    for cell in cells:
        if lost := next(filter(_LOST.fullmatch, cell.split()), ""):
            raise BpkitError(
                f"roster: line {row.line}: expected a name and an id, got {lost[:60]!r}, which a spreadsheet put there "
                "instead of what was meant; correct the cell, or format its column as text, and save the table again"
            )


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
    rows = _addressed(found) or _unnumbered(found[even[0] if even else next(iter(found))])
    if rows and SEED in map(plain, rows[0].cells):
        raise _unclear(rows[0], "seeds without names")
    people, left_out = [], []
    for row in rows:
        name, *more = row.filled
        if _comment(row):
            left_out.append(_left_out(row, " ".join(row.filled), "a comment"))
            continue
        if not all(map(_is_id, more)) or (more and _is_id(name)):
            raise _unclear(row, "" if len(more) == 1 and not _is_id(name) else "several columns")
        _checked(row, (name, *more[:1]))
        people.append((row, Person(name, more[0] if more else "", name)))
    identified = any(person.id for _, person in people)
    read = "named by the first column, identified by the second" if identified else "one on each line"
    return _told_apart(people, left_out, read)


def _addressed(found: Mapping[str, list[Row]]) -> list[Row]:
    """The names and addresses of a line as mail programs have it: ``Ada Ash <ada@example.org>; ..``."""
    for rows in found.values():
        cells = [(row.line, _ADDRESSED.fullmatch(cell)) for row in rows for cell in row.filled]
        if cells and all(match for _, match in cells):
            return [Row(line, (match[1], match[2])) for line, match in cells if match]
    return []


def _unnumbered(rows: list[Row]) -> list[Row]:
    """Lines without the numbers 1, 2, 3 .. at their beginning, if they have such."""
    numbers = [_NUMBERED.match(row.filled[0]) for row in rows]
    if len(rows) < 2 or [int(match[1]) if match else 0 for match in numbers] != list(range(1, len(rows) + 1)):
        return rows
    left = [(row.filled[0][match.end() :], *row.filled[1:]) for row, match in zip(rows, numbers, strict=True) if match]
    bare = [Row(row.line, tuple(filter(None, cells))) for row, cells in zip(rows, left, strict=True)]
    return bare if all(row.cells for row in bare) else rows


def _unclear(row: Row, got: str) -> BpkitError:
    hint = "" if got else ", or put each name into quotation marks"
    return BpkitError(
        "roster: expected one name on each line, or a first line that names the columns (such as Name,Student ID or "
        f"Last name,First name), got {got or 'what looks like “Last, First” without quotation marks'} in line "
        f"{row.line}, {', '.join(row.filled)[:80]!r}; write such a first line{hint}"
    )


def _is_id(cell: str) -> bool:
    """True for what identifies a person without being a name: a number, an address, a user name with digits."""
    return not any(map(str.isspace, cell)) and ("@" in cell or any(map(str.isdecimal, cell)))


def _told_apart(
    rows: Sequence[tuple[Row, Person]], left_out: Sequence[tuple[int, str]], read: str, headers: tuple[str, ...] = ()
) -> Roster:
    """The roster, in which no two learners are called the same; two of one name are told apart by their ids.

    Someone who is there twice, with the same id, is one learner.
    """
    first: dict[Person, int] = {}
    again = []
    for row, person in rows:
        if person.id and person in first:
            again.append(_left_out(row, person.name, f"the same as line {first[person]}"))
        elif person in first:
            raise _twice(person.shown)
        else:
            first[person] = row.line
    if not first:
        raise BpkitError("roster: expected a name on each line, found none; write one for each learner")
    often = Counter(person.shown for person in first)
    told = [replace(p, shown=f"{p.shown} ({p.id})") if often[p.shown] > 1 and p.id else p for p in first]
    ids = Counter(person.id for person in told if person.id)
    for id, times in ids.most_common(1):
        if times > 1:
            whose = " and ".join(repr(person.name[:60]) for person in told if person.id == id)
            raise BpkitError(f"roster: the id {id[:60]!r} appears twice, for {whose[:150]}; correct it")
    name, times = Counter(person.shown for person in told).most_common(1)[0]
    if times > 1:
        raise _twice(name)
    return Roster(tuple(told), read, headers, tuple(what for _, what in sorted([*left_out, *again])))


def _twice(name: str) -> BpkitError:
    return BpkitError(
        f"roster: {name[:60]!r} appears twice; add a column headed Student ID, with an id for each learner, or "
        "give each a name of their own"
    )
