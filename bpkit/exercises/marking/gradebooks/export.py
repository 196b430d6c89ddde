"""Back into the gradebook: the export of a learning system, with the marks in one column and all else as it was."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from bpkit.core.errors import BpkitError
from bpkit.exercises.marking.gradebooks.columns import (
    CHANGEABLE,
    MAXIMUM,
    POINTS,
    Column,
    chosen,
    columns_of,
    number_in,
)
from bpkit.exercises.marking.gradebooks.filling_report import Filled, Gradebook, Tally, in_points
from bpkit.exercises.marking.gradebooks.nbgrader_database import SQLITE, open_database
from bpkit.exercises.marking.gradebooks.people import Listed, meet, participant, wanted
from bpkit.exercises.marking.gradebooks.raw_tables import Place, Table, text_tables, workbook_tables
from bpkit.exercises.marking.learner_names import name_of
from bpkit.exercises.marking.standing import Outcome
from bpkit.exercises.sheets.headers import (
    FAMILY,
    GIVEN,
    HALF,
    ID,
    MIDDLE,
    NAME,
    PERHAPS_TOTALS,
    PREFIX,
    TEST_STUDENTS,
    TOTALS,
    first_of,
    known,
    plain,
)

TITLES = 10  # rows that may be above the headers
ZIP = b"PK\x03\x04"
OWN = frozenset({"marks.csv", "answers.csv", "class.html", "moodle_feedback.zip", "marked.zip"})
# What gradebooks write where there is no mark yet, and where there will be none.
BLANK = frozenset({"", "-", "–", "—"})
NO_MARK = frozenset({"ex", "excused", "n/a"})
NO = frozenset({"no", "nein", "non", "nee", "nao", "não"})
MAX = "max"  # a total in some tables, and a first name


def open_gradebook(path: Path, out: Path, column: str = "") -> Gradebook:
    """Read a gradebook's export and find the column to fill: the one that is named, else the only empty one.

    Raises ``BpkitError`` for a file that is none, or that lies where the results go (``out``), and where it is unclear
    which column is meant.
    """
    name = f"gradebook: {path}"
    try:
        if path.resolve().parent == out.resolve():
            raise BpkitError(
                f"{name}: expected an export outside of {out}, where the results go; move it to another folder, "
                "because the kit never changes the file that you give"
            )
        content = path.read_bytes()
    except OSError as error:
        raise BpkitError(
            f"{name}: expected the export of a gradebook, got none ({error.strerror}); name another"
        ) from None
    if path.name.lower() in OWN:
        raise BpkitError(
            f"{name}: expected another name, because the kit writes a file of that name; rename the export"
        )
    try:
        if content.startswith(SQLITE):
            return open_database(path, column)
        tables: Sequence[Table] = workbook_tables(content) if content.startswith(ZIP) else text_tables(content)
        return _export(path.name, tables, column)
    except BpkitError as error:
        why = str(error).removeprefix("roster: ").removeprefix("gradebook: ").removeprefix(f"{path}: ")
        raise BpkitError(f"{name}: {why}") from None


@dataclass(frozen=True)
class Export:
    """A table with people in its rows: the column to fill, and where it says what a mark is out of.

    ``maximum`` and ``changeable`` are columns that say for each row what the mark is out of, and whether it may change.
    """

    name: str
    table: Table
    people: tuple[Listed, ...]
    column: Column
    maximum: int | None
    changeable: int | None

    def filled(self, outcome: Outcome) -> Filled:
        """The whole file with the marks in it."""
        meeting = meet(wanted(outcome.standings, outcome.one_sheet), self.people)
        numbers: dict[Place, str] = {}
        given, kept, locked, unmarked, most = [], [], [], [], set()
        for one, row in meeting.found:
            out_of = number_in(self._cell(row, self.maximum)) or self.column.most or one.of
            before = self._cell(row, self.column.place)
            if not one.marks or not one.of:
                unmarked.append(one)
                continue
            mark = in_points(one.points / one.of * out_of)
            if not blank(before):
                if number_in(before) != float(mark):
                    kept.append((one, before, mark))
            elif self._cell(row, self.changeable).casefold() in NO:
                locked.append(one)
            else:
                given.append(one)
                most.add(out_of)
                numbers[row, self.column.place] = mark
        own = bool(self.column.most) or self.maximum is not None
        tally = Tally(
            *(self.column.header, meeting, tuple(given), tuple(kept)),
            *(tuple(locked), tuple(unmarked), frozenset(most), own),
        )
        return Filled(self.name, self.table.holding(numbers), tally.sentences)

    def _cell(self, row: int, place: int | None) -> str:
        return cell_in(self.table.rows[row], place)


def blank(cell: str) -> bool:
    """True where there is no mark yet.

    >>> blank(" - "), blank("0")
    (True, False)
    """
    return cell.strip() in BLANK


def cell_in(row: Sequence[str], place: int | None) -> str:
    """A cell of a row without the spaces around it; those beyond the row's end are empty.

    >>> cell_in(["Ada ", "12"], 0), cell_in(["Ada ", "12"], 2)
    ('Ada', '')
    """
    return "" if place is None or place >= len(row) else row[place].strip()


def _export(name: str, tables: Sequence[Table], said: str) -> Export:
    headed = [(table, head) for table in tables if (head := _head(table)) is not None]
    if not headed:
        raise BpkitError(
            "expected a row that names the columns, with the learners' names or ids among them, found none; export the "
            "gradebook again, or write such a first row (name,points)"
        )

    def fitting(one: tuple[Table, int]) -> tuple[int, int]:
        headers = one[0].rows[one[1]]
        return sum(map(known, headers)), len(headers)

    table, head = max(headed, key=fitting)
    headers = tuple(cell.strip() for cell in table.rows[head])
    who = _Who.of(headers)
    below = [(row, cells) for row, cells in enumerate(table.rows) if row > head and cells != table.rows[head]]
    people = tuple(who.person(row, cells) for row, cells in below if who.is_person(cells))
    points = next((cells for _, cells in below if who.says_points(cells)), None)
    columns = [_with_points(column, points) for column in columns_of(headers, canvas=points is not None)]
    if not people:
        raise BpkitError("expected rows with learners below the names of the columns, found none; export it again")
    column = chosen(columns, [one for one in columns if one.takes_marks and _empty(table, people, one.place)], said)
    maximum, changeable = (
        next((place for place, header in enumerate(headers) if plain(header) in words), None)
        for words in (MAXIMUM, CHANGEABLE)
    )
    if maximum is None and _all_points(table, people, headers, column.place + 1):
        maximum = column.place + 1
    return Export(name, table, people, column, maximum, changeable)


def _head(table: Table) -> int | None:
    """The row with the headers."""
    for row, cells in enumerate(table.rows[:TITLES]):
        if any(first_of(words, cells) for words in (NAME, GIVEN, FAMILY, HALF, ID)) and sum(map(bool, cells)) > 1:
            return row
    return None


def _with_points(column: Column, points: Sequence[str] | None) -> Column:
    """The column with what a row says that it is out of; a word there, such as (read only), means that it is closed."""
    said = cell_in(points or (), column.place)
    if not said or not column.takes_marks:
        return column
    most = number_in(said)
    return replace(column, takes_marks=most is not None, if_named=most is not None, most=most or column.most)


def _all_points(table: Table, people: Sequence[Listed], headers: Sequence[str], place: int) -> bool:
    """Does a column say for everybody how many points there are? Teams has one behind each assignment."""
    numbers = (number_in(cell_in(table.rows[person.place], place)) for person in people)
    return plain(cell_in(headers, place)) in POINTS and all(map(bool, numbers))


def _empty(table: Table, people: Sequence[Listed], place: int) -> bool:
    cells = (cell_in(table.rows[person.place], place) for person in people)
    return all(blank(cell) or cell.casefold() in NO_MARK for cell in cells)


@dataclass(frozen=True)
class _Who:
    """Where a table says who a learner is: the columns with names, alone or as pairs of parts, and those with ids."""

    names: tuple[tuple[int, ...], ...]
    ids: tuple[tuple[int, str], ...]

    @classmethod
    def of(cls, headers: Sequence[str]) -> _Who:
        given, middle, prefix, family = (first_of(words, headers)[:1] for words in (GIVEN, MIDDLE, PREFIX, FAMILY))
        whole = list(dict.fromkeys([*first_of(NAME, headers), *first_of(HALF, headers)]))
        last = family or [place for place in whole if plain(headers[place]) in HALF]  # "Vorname, Name"
        parts = [(*given, *middle, *prefix, *last), (*given, *prefix, *last)] if given or family else []
        names = tuple(dict.fromkeys([*parts, *((place,) for place in whole)]))
        taken = {place for name in names for place in name}
        ids = tuple((place, headers[place]) for place in first_of(ID, headers) if place not in taken)
        return cls(names, ids)

    def called(self, cells: Sequence[str]) -> list[str]:
        """Every name that a row may mean."""
        names = (" ".join(filter(None, (cell_in(cells, place) for place in name))) for name in self.names)
        return [name for name in dict.fromkeys(names) if name]

    def identified(self, cells: Sequence[str]) -> dict[str, str]:
        """The ids in a row, by the headers of their columns."""
        return {header: cell_in(cells, place) for place, header in self.ids}

    def person(self, row: int, cells: Sequence[str]) -> Listed:
        called, ids = self.called(cells), self.identified(cells)
        numbers = {f"{header} as a number": number for header, id in ids.items() if (number := participant(id))}
        shown = next(iter(called), "") or next(filter(None, ids.values()), "")
        return Listed(row, shown, {**ids, **numbers}, frozenset(filter(None, map(name_of, called))))

    def is_person(self, cells: Sequence[str]) -> bool:
        """False for the test student, for rows with totals and points, and for those without name and id."""
        called, id = {*map(plain, self.called(cells))}, any(self.identified(cells).values())
        perhaps = {*PERHAPS_TOTALS, *POINTS} if self.ids and not id else POINTS - {MAX} if not id else {}
        return (bool(called) or id) and not called & {*TEST_STUDENTS, *TOTALS, *perhaps}

    def says_points(self, cells: Sequence[str]) -> bool:
        """True for the row that says what each column is out of."""
        return not self.is_person(cells) and any(plain(name) in POINTS for name in self.called(cells))
