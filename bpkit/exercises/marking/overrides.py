"""Marks that an instructor sets: ``overrides.csv`` beside the key, which the kit reads and never writes."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path

from bpkit.core.errors import BpkitError, listed, suggest
from bpkit.exercises.marking.learner_names import id_of, name_of, without_apostrophes
from bpkit.exercises.sheets.cohort import Seat
from bpkit.exercises.sheets.key import Key, key_file
from bpkit.exercises.sheets.tables import table_text, tables

NAME = "overrides.csv"
COLUMNS = ("learner", "question", "points")
TOTAL = "points"  # what the table of marks calls the points of the whole sheet
_WHOLE = frozenset({TOTAL, "total"})
_NEAR = 1e-6


@dataclass(frozen=True)
class Override:
    """The points that an answer or the whole sheet gets, whatever the kit says, and the instructor's words for it."""

    points: float
    remark: str = ""


# By the learner's slug, then by the key of the answer, or TOTAL.
Overrides = Mapping[str, Mapping[str, Override]]


def read_overrides(key_path: Path, key: Key) -> Overrides:
    """What an instructor has set by hand; nothing where there is no such file.

    Raises ``BpkitError``, which tells all bad rows, for one that names no learner or question of the key, or points
    that it cannot have.
    """
    path = key_file(key_path).parent / NAME
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise BpkitError(f"{NAME}: expected a table that can be read, got {error.strerror}; check {path}") from None
    people, pages, problems = _People(key), dict[str, _Page](), list[tuple[int, str]]()
    for row in _rows(content):
        try:
            if row.problem:
                raise _BadRow(row.line, row.problem)
            seat = people.seat(row)
            if seat.slug not in pages:
                pages[seat.slug] = _Page.of(key, seat)
            pages[seat.slug].take(row)
        except _BadRow as bad:
            problems.append((bad.line, bad.why))
    found: dict[str, Mapping[str, Override]] = {}
    for slug, page in pages.items():
        try:
            found[slug] = page.settled()
        except _BadRow as bad:
            problems.append((bad.line, bad.why))
    _refuse(sorted(problems))
    return {slug: mine for slug, mine in found.items() if mine}


def _refuse(problems: Sequence[tuple[int, str]]) -> None:
    if len(problems) == 1:
        raise BpkitError(f"{NAME} line {problems[0][0]}: {problems[0][1]}")
    if problems:
        lines = "\n".join(f"  line {line}: {why}" for line, why in problems)
        raise BpkitError(
            f"{NAME}: expected a learner, a question and points in each line, got {len(problems)} lines that have to "
            f"be corrected:\n{lines}"
        )


class _BadRow(Exception):
    """A row that says nothing that can be meant."""

    def __init__(self, line: int, why: str) -> None:
        super().__init__(line, why)
        self.line, self.why = line, why


@dataclass(frozen=True)
class _Row:
    """A row: its line in the file and its cells by column, or why it cannot be read."""

    line: int
    cells: Mapping[str, str]
    problem: str = ""


def _rows(content: bytes) -> Iterator[_Row]:
    """The rows below the headers, by column."""
    try:
        rows = max(tables(table_text(content)).values(), key=lambda found: len(found[0].cells) if found else 0)
    except BpkitError as error:
        raise BpkitError(f"{NAME}: {str(error).removeprefix('roster: ')}") from None
    head = [cell.lower() for cell in rows[0].cells] if rows else []
    if missing := [name for name in COLUMNS if name not in head]:
        raise BpkitError(
            f"{NAME}: expected the columns learner,question,points,remark in its first line, found no {missing[0]}"
        )
    for row in rows[1:]:
        cells = {name: row[place] for place, name in enumerate(head)}
        parted = any(row.cells[len(head) :]) or cells.get("remark", "").isdecimal()  # 0,5 between commas is two cells
        why = "expected points such as 0.5, with a point, got a comma that parts two cells" if parted else ""
        yield _Row(row.line, cells, why)


class _People:
    """The learners of a key by all that an instructor may call them."""

    def __init__(self, key: Key) -> None:
        self._exact = {name: seat for seat in key.seats for name in (seat.slug, seat.learner)}
        self._ids = _by((id_of(seat.id), seat) for seat in key.seats)
        self._names = _by((name, seat) for seat in key.seats for called in _called(seat) for name in _spelt(called))
        self._shown = [seat.learner for seat in key.seats]

    def seat(self, row: _Row) -> Seat:
        """The learner whom a row is about: by the exact name first, then by the id, then by the words of the name."""
        name = row.cells["learner"]
        if exact := self._exact.get(name):
            return exact
        named = {seat.slug: seat for one in _spelt(name) for seat in self._names.get(one, ())}
        found = self._ids.get(id_of(name), ()) if id_of(name) else ()
        found = found or list(named.values())
        if len(found) > 1:
            these = listed([f"{seat.learner} ({seat.id})" if seat.id else seat.slug for seat in found])
            raise _BadRow(row.line, f"expected one learner, got {name!r}, which may be {these}; write the id instead")
        if not found:
            raise _BadRow(row.line, f"expected a learner of the key, got {name!r}{self._hint(name)}")
        return found[0]

    def _hint(self, name: str) -> str:
        """Whom a name may mean, also where its parts come in another order."""
        near = [] if get_close_matches(name, self._shown, n=1, cutoff=0.6) else _close(name_of(name), self._names)
        shown = dict.fromkeys(seat.learner for one in near for seat in self._names[one])
        return f"; did you mean {' or '.join(map(repr, shown))}?" if shown else suggest(name, self._shown)


def _close(name: str, options: Iterable[str]) -> list[str]:
    return get_close_matches(name, list(options), n=3, cutoff=0.7)


def _called(seat: Seat) -> Iterator[str]:
    """A learner's name, and without the id that the key puts behind it where two have one name."""
    yield seat.learner
    yield seat.learner.removesuffix(f" ({seat.id})")


def _spelt(name: str) -> set[str]:
    return {name_of(name), name_of(without_apostrophes(name))} - {""}


def _by(pairs: Iterable[tuple[str, Seat]]) -> dict[str, list[Seat]]:
    found: dict[str, list[Seat]] = {}
    for name, seat in pairs:
        if name and seat not in found.setdefault(name, []):
            found[name].append(seat)
    return found


@dataclass(frozen=True)
class _Page:
    """One learner's sheet while the rows are read: what each answer is worth, which answers a question has, by its
    number and by its id, and the rows by question.
    """

    learner: str
    worths: Mapping[str, float]
    questions: Mapping[str, tuple[str, ...]]
    rows: dict[str, tuple[_Row, Override]] = field(default_factory=dict)

    @classmethod
    def of(cls, key: Key, seat: Seat) -> _Page:
        sheet = key.sheet(seat.slug)
        questions: dict[str, tuple[str, ...]] = {}
        for one, (number, _) in sheet.places.items():
            for name in (str(number), sheet[number].id.lower()):
                questions[name] = (*questions.get(name, ()), one)
        return cls(seat.learner, key.worths(sheet), questions)

    def take(self, row: _Row) -> None:
        """Keep a row; raises ``_BadRow`` for a question that is none, or that another row says something else about."""
        said, name = row.cells["question"], row.cells["question"].lower()
        if name in _WHOLE:
            name, worth = TOTAL, sum(self.worths.values())
        else:
            name = self._question(said, name, row.line)
            worth = sum(self.worths[one] for one in self._answers(name))
        one = Override(_points(row.cells["points"], worth, row.line), row.cells.get("remark", ""))
        if name in self.rows and self.rows[name][1].points != one.points:
            what = "the whole sheet" if name == TOTAL else f"question {name}"
            why = f"expected points for {what} of {self.learner} once, got them twice; delete one of the two lines"
            raise _BadRow(row.line, why)
        self.rows[name] = row, one

    def _question(self, said: str, name: str, line: int) -> str:
        """A question as the table of marks has it, where a row may name it by its id."""
        if name in self.worths:
            return name
        if name not in self.questions:
            ids = [one for one in self.questions if not one.isdecimal()]
            near = suggest(said, ids) if get_close_matches(name, ids, n=1, cutoff=0.6) else ""
            known = f"{', '.join(self.worths)}), or {TOTAL} for the whole sheet"
            raise _BadRow(line, f"expected a question as marks.csv has it ({known}, got {said!r}{near}")
        answers = self.questions[name]
        return (
            answers[0]
            if len(answers) == 1
            else next(one for one, those in self.questions.items() if one.isdecimal() and those == answers)
        )

    def _answers(self, name: str) -> tuple[str, ...]:
        return (name,) if name in self.worths else self.questions[name]

    def settled(self) -> Mapping[str, Override]:
        """The points of each answer that a row is about, and of the whole sheet; those of a question with several
        answers are spread over the ones that no row of their own is about.
        """
        found = {name: one for name, (_, one) in self.rows.items() if name in self.worths or name == TOTAL}
        for name, (row, whole) in self.rows.items():
            if name in found:
                continue
            answers = self._answers(name)
            left = whole.points - sum(found[one].points for one in answers if one in found)
            free = [one for one in answers if one not in found]
            room = sum(self.worths[one] for one in free)
            if not -_NEAR <= left <= room + _NEAR:
                single = ", ".join(one for one in answers if one in found)
                why = (
                    f"expected points for question {name} of {self.learner} that fit those of {single}, got "
                    f"{whole.points:g}; delete one of these lines"
                )
                raise _BadRow(row.line, why)
            found |= {one: Override(left * self.worths[one] / room, whole.remark) for one in free}
        return found


def _points(text: str, worth: float, line: int) -> float:
    try:
        points = float(text.replace(",", "."))
    except ValueError:
        points = math.nan
    if not -1e-9 <= points <= worth + 1e-6:
        raise _BadRow(line, f"expected points from 0 to {worth:g}, got {text!r}")
    return points
