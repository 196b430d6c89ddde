"""nbgrader's own gradebook, an SQLite database: the points of every question, in a copy, where nbgrader looks for them.

The marks of an assignment are scores of its grade cells, one row for each cell and each notebook that was handed in. A
manual score counts before the one that nbgrader's autograder found. Where nbgrader has seen no notebook of a learner,
the rows are made as it makes them itself.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from bpkit.core.errors import BpkitError
from bpkit.core.spelling import counted
from bpkit.exercises.marking.gradebooks.filling_report import Filled, Tally, in_points
from bpkit.exercises.marking.gradebooks.people import Listed, meet, wanted
from bpkit.exercises.marking.learner_names import name_of
from bpkit.exercises.marking.overrides import TOTAL
from bpkit.exercises.marking.standing import Outcome, Standing
from bpkit.exercises.questions.streams import digest

SQLITE = b"SQLite format 3\0"
GRADE = "grade-"  # what the nbgrader edition calls the cell that grades an exercise, before the exercise's number
DIGITS = 6  # of a score: nbgrader keeps thirds as they are
_TABLES = frozenset(
    "assignment notebook base_cell grade_cells student submitted_assignment submitted_notebook grade comment".split()
)
# Grade cells and task cells both have scores; a table of task cells is missing in old databases.
_CELLS = """
    SELECT base_cell.id, base_cell.name, notebook.id, {kind}.max_score
    FROM notebook JOIN base_cell ON base_cell.notebook_id = notebook.id JOIN {kind} ON {kind}.id = base_cell.id
    WHERE notebook.assignment_id = ? ORDER BY notebook.name, base_cell.name
"""
# What a new row says besides: nbgrader waits for a person's score until there is one.
_NEW: Mapping[str, Mapping[str, object]] = {"submitted_notebook": {"flagged": 0}, "grade": {"needs_manual_grade": 1}}


@dataclass(frozen=True)
class GradeCell:
    """A cell that has a score: its id, the name in the notebook, the notebook's id, and the most that it can earn."""

    id: str
    name: str
    notebook: str
    most: float


@dataclass(frozen=True)
class Assignment:
    """An assignment with its cells that have scores."""

    id: str
    name: str
    cells: tuple[GradeCell, ...]

    @property
    def by_question(self) -> Mapping[int, GradeCell]:
        """The cells of the nbgrader edition by the number of the exercise that they grade."""
        numbers = {cell: cell.name.removeprefix(GRADE) for cell in self.cells if cell.name.startswith(GRADE)}
        return {int(number): cell for cell, number in numbers.items() if number.isdecimal()}


def open_database(path: Path, assignment: str = "") -> Database:
    """Find the assignment to fill in: the one that is named, else the only one that the kit's nbgrader edition made.

    Raises ``BpkitError`` for a database that is not nbgrader's, and where it is unclear which assignment is meant.
    """
    with _reading(path) as base:
        found = _assignments(base)
    if assignment.strip():
        able = [one for one in found if one.name.casefold() == assignment.strip().casefold()]
    else:
        able = [one for one in found if one.by_question] or found
    names = ", ".join(f"“{one.name}”" for one in found)
    if not found:
        raise BpkitError("expected an assignment in nbgrader's database, found none; generate it with nbgrader first")
    if len(able) != 1:
        what = f"found {len(able)}" if not assignment.strip() else f"{assignment[:60]!r} is none"
        raise BpkitError(f"expected one assignment, {what}: there are {names}; say which one you mean (--column NAME)")
    if len(able[0].cells) != 1 and not able[0].by_question:
        raise BpkitError(
            f"expected an assignment that the nbgrader edition made, with cells {GRADE}1, {GRADE}2 and so on, or one "
            f"with a single graded cell; “{able[0].name}” has other cells; choose another assignment (--column NAME)"
        )
    return Database(path, able[0])


@contextmanager
def _reading(path: Path) -> Iterator[sqlite3.Connection]:
    try:
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as base:
            yield base
    except sqlite3.Error as error:
        raise BpkitError(
            f"gradebook: {path}: expected nbgrader's gradebook.db, got one that cannot be read ({error}); copy it again"
        ) from None


def _assignments(base: sqlite3.Connection) -> list[Assignment]:
    there = {name for (name,) in base.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    if missing := sorted(_TABLES - there):
        raise BpkitError(f"expected nbgrader's gradebook.db, got a database without the table {missing[0]}")
    kinds = [kind for kind in ("grade_cells", "task_cells") if kind in there]
    found = []
    for id, name in base.execute("SELECT id, name FROM assignment ORDER BY name").fetchall():
        rows = [row for kind in kinds for row in base.execute(_CELLS.format(kind=kind), (id,))]
        found.append(Assignment(id, name, tuple(GradeCell(*row) for row in rows if row[3])))
    return found


@dataclass(frozen=True)
class Database:
    """A database of nbgrader's, and the assignment to fill in."""

    path: Path
    assignment: Assignment

    def filled(self, outcome: Outcome) -> Filled:
        """The whole database with the scores in it."""
        with _reading(self.path) as source, closing(sqlite3.connect(":memory:")) as base:
            source.backup(base)
            tally = self._fill(base, outcome)
            base.commit()
            return Filled(self.path.name, base.serialize(), tally.sentences)

    def _fill(self, base: sqlite3.Connection, outcome: Outcome) -> Tally:
        rows = base.execute("SELECT * FROM student ORDER BY id")
        names = [column[0] for column in rows.description]
        students = [_listed(place, dict(zip(names, row, strict=True))) for place, row in enumerate(rows.fetchall())]
        meeting = meet(wanted(outcome.standings, outcome.one_sheet, short=True), students)
        given, kept, unmarked = [], [], []
        for one, place in meeting.found:
            scores = self._scores(one) if one.marks and one.of else {}
            if not scores:
                unmarked.append(one)
                continue
            before, new = _put(base, self.assignment, students[place].ids["id"], scores)
            if new:
                given.append(one)
            if before:
                kept.append((one, *before))
        cells = self.assignment.by_question.values() or self.assignment.cells
        most = frozenset({sum(cell.most for cell in cells)}) if given else frozenset()
        return Tally(
            *(self.assignment.name, meeting, tuple(given), tuple(kept)),
            unmarked=tuple(unmarked),
            most=most,
        )

    def _scores(self, one: Standing) -> dict[GradeCell, float]:
        """What each cell is to hold: the points of its question, or of the sheet, out of the most that it can earn."""
        by_question = self.assignment.by_question
        if not by_question:
            return {self.assignment.cells[0]: _part(one.points, one.of, self.assignment.cells[0].most)}
        points: dict[int, float] = {}
        worth: dict[int, float] = {}
        for mark in one.marks:
            number = int("".join(filter(str.isdecimal, mark.key)))
            points[number] = points.get(number, 0.0) + one.points_for(mark)
            worth[number] = worth.get(number, 0.0) + mark.worth
        if set(worth) != set(by_question):
            raise BpkitError(
                f"gradebook: expected the assignment of this sheet, which has {counted(len(worth), 'question')}, but "
                f"“{self.assignment.name}” grades {len(by_question)}; say which assignment you mean (--column NAME)"
            )
        if TOTAL in one.changed:  # nbgrader adds the scores up itself
            points = _adding_up_to(one.points, points, worth)
        return {by_question[number]: _part(points[number], worth[number], by_question[number].most) for number in worth}


def _adding_up_to(total: float, points: Mapping[int, float], worth: Mapping[int, float]) -> dict[int, float]:
    """Points of questions that add up to another total: all lose, or gain on what they lack, the same share."""
    now, most = sum(points.values()), sum(worth.values())
    if total <= now:
        return {number: one * total / now if now else 0.0 for number, one in points.items()}
    return {number: one + (worth[number] - one) * (total - now) / (most - now) for number, one in points.items()}


def _part(points: float, worth: float, most: float) -> float:
    return round(points * most / worth, DIGITS) if worth else 0.0


def _listed(place: int, student: Mapping[str, object]) -> Listed:
    said = {name: str(value or "") for name, value in student.items()}
    ids = {name: said.get(name, "") for name in ("id", "email", "lms_user_id")}
    name = name_of(f"{said.get('first_name', '')} {said.get('last_name', '')}")
    return Listed(place, said["id"], ids, frozenset([name] if name else []))


def _put(
    base: sqlite3.Connection, assignment: Assignment, student: str, scores: Mapping[GradeCell, float]
) -> tuple[tuple[str, str] | None, bool]:
    """Write a learner's scores where there are none; what other scores are there already, and whether any is new."""
    notebooks = _handed_in(base, assignment, student)
    held: dict[GradeCell, float] = {}
    new = False
    for cell, score in scores.items():
        grade = _row(base, "grade", notebook_id=notebooks[cell.notebook], cell_id=cell.id)
        automatic, manual, needed = base.execute(
            "SELECT auto_score, manual_score, needs_manual_grade FROM grade WHERE id = ?", (grade,)
        ).fetchone()
        before = manual if manual is not None else None if needed else automatic
        if before is None:
            base.execute("UPDATE grade SET manual_score = ?, needs_manual_grade = 0 WHERE id = ?", (score, grade))
            new = True
        else:
            held[cell] = before
    other = [cell for cell, before in held.items() if abs(before - scores[cell]) > 10**-DIGITS]
    if not other:
        return None, new
    before = ", ".join(f"{cell.name}: {in_points(held[cell])}" for cell in other)
    return (before, ", ".join(in_points(scores[cell]) for cell in other)), new


def _handed_in(base: sqlite3.Connection, assignment: Assignment, student: str) -> dict[str, str]:
    """The ids of a learner's notebooks by those of the assignment's; with rows for all cells, if nbgrader has none."""
    submission = _row(base, "submitted_assignment", assignment_id=assignment.id, student_id=student)
    found = {}
    for (notebook,) in base.execute("SELECT id FROM notebook WHERE assignment_id = ?", (assignment.id,)).fetchall():
        found[notebook] = _row(base, "submitted_notebook", assignment_id=submission, notebook_id=notebook)
        cells = base.execute("SELECT id, type FROM base_cell WHERE notebook_id = ?", (notebook,)).fetchall()
        for table, kinds in (("grade", ("GradeCell", "TaskCell")), ("comment", ("SolutionCell", "TaskCell"))):
            for cell in (id for id, kind in cells if kind in kinds):
                _row(base, table, notebook_id=found[notebook], cell_id=cell)
    return found


def _row(base: sqlite3.Connection, table: str, **said: object) -> str:
    """The id of the row that says that; it is made where there is none, under an id that is always the same."""
    where = " AND ".join(f"{name} = ?" for name in said)
    found = base.execute(f"SELECT id FROM {table} WHERE {where}", tuple(said.values())).fetchone()
    if found:
        return str(found[0])
    cells = {"id": digest(table, *map(str, said.values())).hex()[:32], **said, **_NEW.get(table, {})}
    marks = ", ".join("?" * len(cells))
    base.execute(f"INSERT INTO {table} ({', '.join(cells)}) VALUES ({marks})", tuple(cells.values()))
    return str(cells["id"])
