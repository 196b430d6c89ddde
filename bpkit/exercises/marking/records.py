"""The tables that marking leaves, in CSV, and what an earlier run left in them: rows of other learners stay."""

from __future__ import annotations

import csv
import io
import math
import re
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from pathlib import Path

from bpkit.core.errors import BpkitError
from bpkit.exercises.marking.one_file import Marked
from bpkit.exercises.marking.overrides import TOTAL
from bpkit.exercises.marking.standing import ALSO, Outcome, Standing, person
from bpkit.exercises.questions.feedback import Feedback
from bpkit.exercises.questions.judging import Mark
from bpkit.exercises.sheets.files import as_written, csv_text
from bpkit.exercises.sheets.key import Key
from bpkit.exercises.sheets.tables import SEPARATORS, table_text

MARKS, ANSWERS = "marks.csv", "answers.csv"
FIRST = ("learner", "id", "file", "points", "of", "by hand", "handed in", "late")
WRITTEN = "kit wrote"  # its points for each answer, by which it sees what a person has changed
POLICY, SOLUTIONS = "policy", "worked solutions"  # how a line was marked, and whether its page shows the solutions
LAST = ("to look at", "overrides", "remarks", "problem", POLICY, SOLUTIONS, "sheet", WRITTEN)
ANSWER = ("learner", "file", "key", "question", "answer", "verdict", "points", "of", "misconceptions")
MORE = ("feedback", "to look at", "without override")
NEW = ("id", "handed in", "late", POLICY, SOLUTIONS, WRITTEN)  # columns that older tables do not have
_KEY = re.compile(r"\d{1,3}[a-z]?")
_NOTES = re.compile(rf"(?:^|; )([^;]+ {ALSO}(?: too)? \(.*)", re.DOTALL)  # the end of the remarks
_SHOWN = {"yes": True, "no": False}

Line = Mapping[str, str]


def marks_table(outcome: Outcome, solutions: bool = False) -> str:
    """One line for each learner, absent ones too, and for each file without an owner."""
    lines = [_cells(one, solutions) for one in outcome.standings]
    head = dict.fromkeys([*FIRST, *outcome.keys, *LAST])
    head |= dict.fromkeys(name for one in outcome.standings for name in (*one.row, *one.own))  # the instructor's own
    return csv_text([list(head), *([cells.get(name, "") for name in head] for cells in lines)])


def _cells(one: Standing, solutions: bool) -> Line:
    """A line by column. A line of an earlier run stays, except for what was set by hand and new files."""
    each = {mark.key: f"{one.points_for(mark):g}" for mark in one.marks}
    points = {"points": f"{one.points:g}" if one.marks else "", "by hand": str(len(one.pending)) if one.marks else ""}
    unclear = "; ".join(f"{mark.key}: {mark.given[:60] or 'blank'} ({why})" for mark, why in one.unclear)
    known = bool(one.marks) and (one.anew or one.solutions is not None)
    about = {
        "overrides": one.set_by_hand,
        "remarks": "; ".join((*one.remarks, *one.notes)),
        POLICY: one.policy if one.file or one.marks else "",
        SOLUTIONS: ("yes" if one.shows(solutions) else "no") if known else "",
    }
    cells = {
        "learner": one.learner,
        "id": one.id,
        "file": one.where,
        "of": f"{one.of:g}" if one.slug else "",
        "handed in": f"{datetime.fromtimestamp(one.handed_in):%Y-%m-%d %H:%M:%S}" if one.handed_in else "",
        "late": one.lateness,
        **one.own,
        "problem": one.problem,
        "sheet": f"s{one.file.sheet}" if one.file and one.file.sheet else "",  # no number to any spreadsheet
        **points,
        **each,
        "to look at": unclear,
        **about,
        WRITTEN: " ".join(f"{key}={_wrote(one, key, text)}" for key, text in {**each, **_whole(one)}.items()),
    }
    if not one.row:
        return cells
    answers = filter(_KEY.fullmatch, one.row)
    touched = {*points, *answers, "to look at", WRITTEN} if one.changed or one.row["overrides"] else set()
    return {**cells, **{name: cell for name, cell in one.row.items() if name not in touched | set(about)}}


def _whole(one: Standing) -> Line:
    """The points of the whole sheet, where they were set by hand and are no sum."""
    return {TOTAL: f"{one.points:g}"} if TOTAL in one.changed and one.marks else {}


def _wrote(one: Standing, key: str, text: str) -> str:
    """What the kit itself wrote for an answer: an edit of a person's that stays is none of its own."""
    return one.edits[key][0] if key in one.edits and key not in one.changed else text


def answers_table(outcome: Outcome) -> str:
    """One line for each answer: what was written, the verdict, the points, the misconceptions' names."""
    rows = [
        [
            *(one.learner, one.where, mark.key, mark.question, mark.given, mark.feedback.verdict),
            *(f"{one.points_for(mark):g}", f"{mark.worth:g}", "; ".join(mark.feedback.misconceptions)),
            *(mark.feedback.message, mark.remark),
            f"{mark.points * (1 - one.off):g}" if mark.key in one.changed else "",
        ]
        for one in outcome.good
        for mark in one.marks
    ]
    return csv_text([[*ANSWER, *MORE], *rows])


def earlier(out: Path, key: Key, here: Collection[str] = ()) -> dict[str, Standing]:
    """What a folder holds of earlier runs, by person: every line that is about a file, or that a person has changed.

    Where all earlier files of learners are ``here`` again, among the paths to mark in a folder, files without an owner
    that are not have got another name, or were taken away; their lines go.
    Raises ``BpkitError`` where it holds the marks of another key, or a table that cannot be read.
    """
    lines = _lines(out / MARKS, [name for name in (*FIRST, *LAST) if name not in NEW])
    answers: dict[tuple[str, str], list[Line]] = {}
    for line in _lines(out / ANSWERS, (*ANSWER, *MORE)):
        answers.setdefault((line["learner"], line["file"]), []).append(line)
    paths = {line["file"] for line in lines if line["file"] and line["learner"] in key.by_learner}
    whole = bool(paths) and paths.issubset(here)
    found = {}
    for number, line in enumerate(lines):
        name, where, sheet = line["learner"], line["file"], line["sheet"][1:]
        seat = key.by_learner.get(name)
        if sheet and seat not in key.by_fingerprint.get(sheet, ()):
            raise BpkitError(
                f"{out / MARKS}: expected the marks of this key, found those of another, {name} for example; choose "
                "another folder for the results (--out)"
            )
        said = answers.get((name, where), ())
        edits, typed = _edits(line), not (seat or sheet or line["problem"])  # typed: a line of a person's own
        gone = whole and not seat
        remarks, notes = _parted(line["remarks"])
        if (where and not gone) or edits or typed or notes:
            slug = seat.slug if seat else ""
            marks = _marks(key, slug, line, said) if sheet else ()
            one = person(key, slug, where) if where or len(key.seats) > 1 else f"{slug}/"
            found[f"/{number}" if typed else one] = Standing(
                name,
                slug,
                _file(line, slug, marks, remarks) if where else None,
                marks=marks,
                of=_number(line["of"]) or 0.0,
                notes=notes,
                row=line,
                id=seat.id if seat else "",
                late=line.get("late", ""),
                own=_own(line),
                edits=edits,
                policy=line.get(POLICY, ""),
                solutions=_SHOWN.get(line.get(SOLUTIONS, "")),
            )
    return found


def _parted(cell: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The remarks in a line, and behind them the notes that are only for the instructor."""
    found = _NOTES.search(cell)
    notes = found[1] if found else ""
    remarks = cell[: found.start()] if found else cell
    return tuple(filter(None, [remarks])), tuple(filter(None, [notes]))


def _file(line: Line, slug: str, marks: tuple[Mark, ...], remarks: tuple[str, ...]) -> Marked:
    """The file that a line is about, as far as it says."""
    where = line["file"]
    try:
        date = datetime.fromisoformat(line.get("handed in", "")).timestamp()
    except (ValueError, OverflowError, OSError):  # a spreadsheet may have saved it in its own country's way
        date = 0.0
    return Marked(
        Path(where), line["learner"], slug, marks, remarks, line["problem"], where, date, sheet=line["sheet"][1:]
    )


def _own(line: Line) -> Line:
    """The columns that an instructor has added."""
    return {name: cell for name, cell in line.items() if name not in (*FIRST, *LAST) and not _KEY.fullmatch(name)}


def _edits(line: Line) -> dict[str, tuple[str, str]]:
    """The cells with other points than the kit wrote: what it wrote, and what is there now."""
    if WRITTEN not in line:
        return {}
    written = dict(one.split("=", 1) for one in line[WRITTEN].split() if "=" in one)
    now = {name: cell for name, cell in line.items() if _KEY.fullmatch(name)}
    found = {name: (written.get(name, ""), cell) for name, cell in now.items() if _other(written.get(name, ""), cell)}
    # A total that a person has not brought up to date with the answers is no edit.
    sums = [f"{sum(_number(cell) or 0.0 for cell in cells.values()):g}" for cells in (now, written)]
    kits = [written[TOTAL]] if TOTAL in written else sums if written or found else [""]
    other = all(_other(kit, line["points"], 1e-3) for kit in kits)
    return found | ({TOTAL: (kits[0], line["points"])} if other else {})


def _other(text: str, other: str, near: float = 1e-9) -> bool:
    """True for two cells that do not say the same points."""
    one, two = _number(text), _number(other)
    if one is None or two is None:
        return text.strip() != other.strip()
    return not math.isclose(one, two, rel_tol=1e-5, abs_tol=near)


def _marks(key: Key, slug: str, line: Line, answers: Sequence[Line]) -> tuple[Mark, ...]:
    """The marks in a line, with what the table of answers says about them."""
    sheet, said, found = key.sheet(slug), {one["key"]: one for one in answers}, []
    for name, worth in key.worths(sheet).items():
        one = said.get(name, dict.fromkeys((*ANSWER, *MORE), ""))
        kit, counted = _number(one["without override"]), _number(line.get(name, ""))
        names = tuple(filter(None, one["misconceptions"].split("; ")))
        feedback = Feedback(one["verdict"], one["feedback"], names)
        points = kit if kit is not None else counted or 0.0
        question = sheet[sheet.places[name][0]].id
        found.append(Mark(name, question, one["answer"], feedback, points, worth, one["to look at"]))
    return tuple(found)


def _number(text: str) -> float | None:
    try:
        return float(text.replace(",", "."))  # a spreadsheet may have saved it in its own country's way
    except ValueError:
        return None


def _lines(path: Path, columns: Sequence[str]) -> list[Line]:
    """The lines of a table that marking wrote, by column; none where there is no such file."""
    try:
        text = table_text(path.read_bytes()).lstrip("\ufeff")
        head = text.partition("\n")[0]
        reader = csv.DictReader(io.StringIO(text), delimiter=max(SEPARATORS, key=head.count), restval="")
        lines: list[Line] = [
            {name: as_written(cell) for name, cell in line.items() if isinstance(name, str)} for line in reader
        ]
    except FileNotFoundError:
        return []
    except (OSError, BpkitError, csv.Error) as error:
        raise _no_table(path, str(error).removeprefix("roster: ")) from None
    if missing := [name for name in columns if name not in (reader.fieldnames or ())]:
        raise _no_table(path, f"it has no column {missing[0]}")
    return lines


def _no_table(path: Path, why: str) -> BpkitError:
    return BpkitError(
        f"{path}: expected the table of an earlier `bpkit mark`, whose rows would be kept, got something else ({why}); "
        "move it away, or choose another folder for the results (--out)"
    )
