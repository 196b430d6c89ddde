"""Back into the gradebook: one column of an export is filled, every other byte is as it was."""

from __future__ import annotations

import csv
import io
import json
import os
import shutil
import sqlite3
import sys
import warnings
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from handed_in import Sheets, bpkit, moodle, put, sheets
from hypothesis import given, settings
from hypothesis import strategies as st
from nbgrader.api import Gradebook as Database
from openpyxl import Workbook, load_workbook
from openpyxl.styles import Font, PatternFill

from bpkit import exercises
from bpkit.core.errors import BpkitError
from bpkit.exercises.marking.gradebooks.columns import number_in
from bpkit.exercises.marking.gradebooks.export import open_gradebook
from bpkit.exercises.marking.gradebooks.feedback_zip import moodle_folder
from bpkit.exercises.marking.gradebooks.filling_report import in_points
from bpkit.exercises.marking.gradebooks.nbgrader_database import _adding_up_to
from bpkit.exercises.marking.gradebooks.raw_tables import text_tables
from bpkit.exercises.marking.one_file import Marked
from bpkit.exercises.marking.standing import Outcome, Standing
from bpkit.exercises.questions.feedback import Feedback
from bpkit.exercises.questions.judging import BY_HAND, Mark
from bpkit.exercises.sheets.cohort import Seat
from bpkit.exercises.sheets.files import slug
from bpkit.exercises.sheets.key import Key

HERE = Path(__file__).parent / "gradebooks"
EXPECTED: dict[str, Any] = json.loads((HERE / "expected.json").read_text(encoding="utf-8"))
# Of ten points. Cleo handed nothing in, Dan handed in, but his teacher has closed his row, or he is not in the file.
CLASS = {"Ada Ash": 10.0, "Ben Birch": 7.0, "Cleo Cedar": None, "Dan Dogwood": 8.0}


def standing(name: str, points: float | None, id: str = "", where: str = "", of: float = 10) -> Standing:
    slug = name.lower().replace(" ", "-").replace(",", "").replace("(", "").replace(")", "")
    if points is None:
        return Standing(name, slug, of=of, id=id)
    # Two questions, the first of them worth 4.
    each = [("1", min(points, 4), 4), ("2a", max(points - 4, 0), of - 4)]
    marks = tuple(Mark(key, "loss", "", Feedback("right", ""), one, worth) for key, one, worth in each)
    return Standing(
        name, slug, Marked(Path(where or f"{slug}.ipynb"), name, slug, marks, name=where), marks=marks, of=of, id=id
    )


def outcome(*people: Standing) -> Outcome:
    seats = tuple(Seat(one.learner, one.slug, 0, one.id) for one in people)
    return Outcome(people, (), Key(seats, {}, {}))


def the_class(ids: Mapping[str, str] | None = None) -> Outcome:
    return outcome(*(standing(name, points, (ids or {}).get(name, "")) for name, points in CLASS.items()))


def filled(
    content: bytes | str, people: Outcome, folder: Path, column: str = "", name: str = "export.csv"
) -> tuple[bytes, str]:
    """The bytes that come out, and all that is said."""
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    before = path.read_bytes()
    done = open_gradebook(path, folder / "marked", column).filled(people)
    assert done.name == name
    assert path.read_bytes() == before
    return done.content, "\n".join(done.said)


def text(content: str, people: Outcome, folder: Path, column: str = "") -> str:
    return filled(content, people, folder, column)[0].decode()


def refusal(content: bytes | str, folder: Path, column: str = "", name: str = "export.csv") -> str:
    with pytest.raises(BpkitError) as said:
        filled(content, the_class(), folder, column, name)
    assert str(said.value).startswith(f"gradebook: {folder / name}: ")
    assert str(said.value).count(str(folder / name)) == 1
    assert "roster" not in str(said.value)
    return str(said.value)


# The exports of the systems


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_an_export_comes_back_with_the_marks_and_all_else_byte_for_byte(name: str, tmp_path: Path) -> None:
    wanted = EXPECTED[name]
    content = (HERE / name).read_bytes()
    expected = content.decode(wanted["encoding"])
    for before, after in wanted["lines"].items():
        assert expected.count(before) == 1
        expected = expected.replace(before, after)
    new, said = filled(content, the_class(), tmp_path, name=name)
    assert new.decode(wanted["encoding"]) == expected
    assert new == expected.encode(wanted["encoding"])
    assert f"2 marks filled in under “{wanted['column']}”, out of {wanted['out of'].replace(',', '.')}" in said
    assert "Cleo Cedar (nothing handed in)" in said


def test_every_file_is_tried() -> None:
    assert {path.name for path in HERE.iterdir()} == {*EXPECTED, "expected.json"}


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_ids_of_any_column_find_the_same_rows(name: str, tmp_path: Path) -> None:
    """The names of the key are others then, as after a marriage."""
    content = (HERE / name).read_bytes()
    columns = {"moodle": "ada@example.org", "google": "ada@example.org", "plain": ""}
    id = next((id for start, id in columns.items() if name.startswith(start)), "104512")
    people = outcome(
        standing("Augusta King" if id else "Ada Ash", 10, id), standing("Ben Birch", 7), standing("Cleo Cedar", None)
    )
    assert filled(content, people, tmp_path, name=name)[0] == filled(content, the_class(), tmp_path, name=name)[0]


def test_moodles_rows_that_may_not_change_stay(tmp_path: Path) -> None:
    for name, row in (("moodle_worksheet.csv", "48154"), ("moodle_worksheet_german.csv", "48154")):
        content = (HERE / name).read_bytes()
        new, said = filled(content, the_class(), tmp_path, name=name)
        line = next(line for line in content.decode().splitlines() if row in line)
        assert line in new.decode().splitlines()
        assert "the learning system does not let you change: Dan Dogwood" in said


def test_moodles_number_in_a_folder_says_whose_row_it_is(tmp_path: Path) -> None:
    """Blind marking: the worksheet has numbers and no names."""
    content = (HERE / "moodle_worksheet.csv").read_text("utf-8")
    for name in CLASS:
        content = content.replace(f'"{name}"', "Hidden")
    folder = "Participant_{}_assignsubmission_file_/exercises.ipynb"
    people = outcome(
        standing("Ada Ash", 10, where=folder.format(48152)), standing("Ben Birch", 7, where=folder.format(48151))
    )
    rows = list(csv.reader(io.StringIO(text(content, people, tmp_path))))
    assert [(row[0][-5:], row[4]) for row in rows[1:3]] == [("48151", "14"), ("48152", "20")]


def test_a_closed_column_a_total_or_a_column_about_people_takes_no_marks(tmp_path: Path) -> None:
    canvas, brightspace = (HERE / "canvas_export.csv").read_bytes(), (HERE / "brightspace.csv").read_bytes()
    for content, column in [
        *((canvas, name) for name in ("Section", "Current Score", "Student", "ID", "Backprop", "8756")),
        *((brightspace, name) for name in ("End-of-Line Indicator", "Calculated Final Grade Numerator", "Email")),
        (b"name,points\nAda Ash,\n", "name"),
    ]:
        assert "is none; choose from “" in refusal(content, tmp_path, column)


@pytest.mark.parametrize(
    ("file", "header", "names"),
    [
        ("canvas_export.csv", "Reading (87570)", ["Reading", "87570", "(87570)", " reading "]),
        ("blackboard.xls", "Reading [Total Pts: 5 Score] |3303", ["Reading", "3303"]),
        ("brightspace.csv", "Reading Points Grade <Numeric MaxPoints:5 Weight:20>", ["Reading"]),
        ("moodle_gradebook.csv", "Quiz: Warm-up (Real)", ["Warm-up"]),
        ("excel_semicolon.csv", "Blatt 1 (max. 10)", ["Blatt 1"]),
        ("excel_semicolon.csv", "Summe", ["SUMME"]),
    ],
)
def test_a_column_is_named_by_its_header_its_name_or_its_number(
    file: str, header: str, names: list[str], tmp_path: Path
) -> None:
    for name in (header, *names):
        new, said = filled((HERE / file).read_bytes(), the_class(), tmp_path, name, file)
        assert f" filled in under “{header}”" in said
        assert new != (HERE / file).read_bytes() or said.startswith("0 marks")


def test_a_name_that_fits_two_columns_is_no_name(tmp_path: Path) -> None:
    content = "name,Sheet (1),Sheet (2)\nAda Ash,,\n"
    assert "fits 2: “Sheet (1)”, “Sheet (2)”" in refusal(content, tmp_path, "Sheet")
    assert text(content, the_class(), tmp_path, "2") == content.replace(",,", ",,10")


def test_marks_that_are_there_stay_and_are_named(tmp_path: Path) -> None:
    content = "name,id,points\nAda Ash,1,10\nBen Birch,2,3\nCleo Cedar,3,\nDan Dogwood,4,\n"
    new, said = filled(content, the_class(), tmp_path, "points")
    assert new.decode() == content.replace("4,\n", "4,8\n")
    assert "another mark was there and stays: Ben Birch (3; the kit gives 7)" in said
    assert "Ada" not in said


@pytest.mark.parametrize("word", ["EX", "N/A", "excused"])
def test_words_in_place_of_a_mark_stay(word: str, tmp_path: Path) -> None:
    new, said = filled(f"name,points\nAda Ash,{word}\nBen Birch,\n", the_class(), tmp_path)
    assert new.decode() == f"name,points\nAda Ash,{word}\nBen Birch,7\n"
    assert f"Ada Ash ({word}; the kit gives 10)" in said


# What is meant, and what is not


def test_of_several_empty_columns_none_is_guessed(tmp_path: Path) -> None:
    content = "name,Sheet 1,Sheet 2,Remarks\nAda Ash,,,\nBen Birch,,,\n"
    said = refusal(content, tmp_path)
    assert "found 2: “Sheet 1”, “Sheet 2”" in said
    assert "--column" in said
    assert (
        text(content, the_class(), tmp_path, "sheet 2") == "name,Sheet 1,Sheet 2,Remarks\nAda Ash,,10,\nBen Birch,,7,\n"
    )


def test_without_an_empty_column_the_others_are_listed(tmp_path: Path) -> None:
    assert "marks in all of them: “Sheet 1”" in refusal("name,Sheet 1\nAda Ash,3\nBen Birch,\n", tmp_path)
    assert "found none" in refusal("name,id\nAda Ash,3\nBen Birch,4\n", tmp_path)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "export the gradebook again"),
        (b"Ada Ash,\nBen Birch,\n", "names the columns"),
        (b"name,points\n", "found none"),
        (b'name,points\n"Ada Ash,\n', "quotation mark"),
        (b"%PDF-1.7", "got a PDF"),
        (b"PK\x03\x04 no zip at all", "workbook"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1\0\0 an old workbook", "an old Excel workbook"),
        (b"SQLite format 3\0 and no more", "gradebook.db"),
        (b"\xff\xfen\0a", ""),
    ],
)
def test_what_is_no_gradebook_is_refused_in_words(content: bytes, words: str, tmp_path: Path) -> None:
    assert words in refusal(content, tmp_path)


def test_the_file_given_is_out_of_the_way_of_the_results(tmp_path: Path) -> None:
    inside = tmp_path / "marked"
    inside.mkdir()
    (inside / "export.csv").write_text("name,points\nAda,\n")
    (tmp_path / "Marks.csv").write_text("name,points\nAda,\n")
    for path, words in ((inside / "export.csv", "another folder"), (tmp_path / "Marks.csv", "rename")):
        with pytest.raises(BpkitError, match=words):
            open_gradebook(path, inside)
    with pytest.raises(BpkitError, match="got none"):
        open_gradebook(tmp_path / "nothing.csv", inside)
    with pytest.raises(BpkitError, match="got none"):
        open_gradebook(tmp_path, tmp_path / "other")


@pytest.mark.parametrize(
    ("header", "most"),
    [
        ("Sheet 2", 0),
        ("Sheet 2 points", 0),
        ("Backprop (20)", 0),
        ("Backprop (20 points)", 20),
        ("Backprop [max. 12.5]", 12.5),
        ("Blatt 2 (von 20)", 20),
        ("Backprop (%)", 100),
        ("Backprop out of 30", 30),
        ("Backprop (/20)", 20),
        ("Backprop [20]", 20),
    ],
)
def test_the_maximum_in_a_header(header: str, most: float, tmp_path: Path) -> None:
    new = text(f"name,{header}\nBen Birch,\n", the_class(), tmp_path)
    assert new == f"name,{header}\nBen Birch,{in_points((most or 10) * 0.7)}\n"


@pytest.mark.parametrize(
    "row", ["Points Possible,,20", "    Points Possible,,20", "Punkte,,20", "Maximum,,20", "Max,,20.0"]
)
def test_a_row_says_the_points_of_each_column(row: str, tmp_path: Path) -> None:
    content = f"name,id,Sheet\n{row}\nBen Birch,7,\n"
    assert text(content, the_class(), tmp_path) == content.replace("7,\n", "7,14\n")


def test_somebody_called_max_is_no_row_of_points(tmp_path: Path) -> None:
    content = "name,points\nMax,\nBen Birch,\n"
    assert (
        text(content, outcome(standing("Max", 9), standing("Ben Birch", 7)), tmp_path)
        == "name,points\nMax,9\nBen Birch,7\n"
    )


@pytest.mark.parametrize(
    ("points", "shown"), [(10, "20"), (5.25, "10.5"), (10 / 3, "6.67"), (0, "0"), (0.0025, "0.01"), (3.3, "6.6")]
)
def test_marks_have_two_decimals_at_most(points: float, shown: str, tmp_path: Path) -> None:
    content = "name,points (max 20)\nAda Ash,\n"
    assert (
        text(content, outcome(standing("Ada Ash", points), standing("B", 1)), tmp_path).splitlines()[1]
        == f"Ada Ash,{shown}"
    )


@pytest.mark.parametrize(
    ("content", "shown"),
    [
        ("name;other;points\nBen Birch;1,5;\n", "3,5"),
        ("name;other;points\nBen Birch;1.5;\n", "3.5"),
        ("name;points\nBen Birch;\n", "3,5"),
        ("name,other,points\nBen Birch,1.5,\n", "3.5"),
        ('name,other,points\nBen Birch,"1,5",\n', '"3,5"'),
        ("name\tother\tpoints\nBen Birch\t1,5\t\n", "3,5"),
        ('sep=;\nname;points\nBen Birch;""\n', '"3,5"'),
    ],
)
def test_decimals_are_written_as_the_file_writes_them(content: str, shown: str, tmp_path: Path) -> None:
    people = outcome(standing("Ben Birch", 3.5), standing("Ada Ash", 10))
    last = content.rstrip('"\n')
    assert text(content, people, tmp_path, "points") == f"{last}{shown}\n"


# Who is who


@pytest.mark.parametrize("name", ["Birch, Ben", "ben birch", "BIRCH Ben", "Ben  Birch ", "Bén Birch"])
def test_names_meet_in_either_order_and_spelling(name: str, tmp_path: Path) -> None:
    assert text(f'name,points\n"{name}",\n', the_class(), tmp_path) == f'name,points\n"{name}",7\n'


@pytest.mark.parametrize("id", ["00104513", "#104513", " 104513 "])
def test_ids_meet_however_programs_dress_them(id: str, tmp_path: Path) -> None:
    content = f"name,Student ID,points\nSomebody Else,{id},\n"
    assert text(content, the_class({"Ben Birch": "104513"}), tmp_path) == content.replace(",\n", ",7\n")


def test_two_of_one_name_are_told_apart_by_their_ids_alone(tmp_path: Path) -> None:
    people = outcome(standing("Ada Ash (1)", 10, "1"), standing("Ada Ash (2)", 4, "2"), standing("Ben Birch", 7))
    rows = "Ada Ash,2,\nBen Birch,,\nAda Ash,1,\n"
    assert (
        text(f"name,id,points\n{rows}", people, tmp_path).split("\n", 1)[1]
        == "Ada Ash,2,4\nBen Birch,,7\nAda Ash,1,10\n"
    )
    same, said = filled("name,points\nAda Ash,\nBen Birch,\nAda Ash,\n", people, tmp_path)
    assert same == b"name,points\nAda Ash,\nBen Birch,7\nAda Ash,\n"
    assert "not in the key" not in said
    assert "left out: Ada Ash; Ada Ash (each: 2 rows have this name, and no id tells them apart)" in said
    same, said = filled("name,points\nAda Ash,\nBen Birch,\n", people, tmp_path)
    assert same == b"name,points\nAda Ash,\nBen Birch,7\n"
    assert "Ada Ash; Ada Ash (each: another learner has the same name" in said


def test_a_swapped_name_is_seen(tmp_path: Path) -> None:
    """The ids say one thing and the names another: neither gets the other's mark."""
    people = the_class({"Ada Ash": "1", "Ben Birch": "2"})
    content = "name,id,points\nBen Birch,1,\nAda Ash,2,\nCleo Cedar,3,\n"
    new, said = filled(content, people, tmp_path)
    assert new.decode() == content
    assert said.count("but the name is in another row") == 2


def test_another_person_of_the_same_name_gets_nobodys_mark(tmp_path: Path) -> None:
    people = the_class({"Ada Ash": "1", "Ben Birch": "2"})
    content = "name,id,points\nAda Ash,1,\nBen Birch,9,\n"
    new, said = filled(content, people, tmp_path)
    assert new.decode() == content.replace("1,\n", "1,10\n")
    assert "Ben Birch (the id is 2 in the key, but 9 in the gradebook)" in said


def test_who_is_missing_on_either_side_is_told(tmp_path: Path) -> None:
    new, said = filled("name,points\nAda Ash,\nEve Elm,\nFay Fir,\n", the_class(), tmp_path)
    assert new == b"name,points\nAda Ash,10\nEve Elm,\nFay Fir,\n"
    assert "not in the gradebook: Ben Birch; Cleo Cedar; Dan Dogwood" in said
    assert "2 people in the gradebook are not in the key" in said


def test_an_unreadable_file_is_no_zero(tmp_path: Path) -> None:
    broken = Standing("Ada Ash", "ada-ash", Marked(Path("a"), problem="not a whole notebook"), of=10)
    new, said = filled("name,points\nAda Ash,\nBen Birch,\n", outcome(broken, standing("Ben Birch", 7)), tmp_path)
    assert new == b"name,points\nAda Ash,\nBen Birch,7\n"
    assert "Ada Ash (not a whole notebook)" in said


def test_a_row_that_ends_early_gets_its_cell(tmp_path: Path) -> None:
    content = "name,id,points\r\nAda Ash\r\nBen Birch,2\r\n\r\nCleo Cedar"
    assert text(content, the_class(), tmp_path) == "name,id,points\r\nAda Ash,,10\r\nBen Birch,2,7\r\n\r\nCleo Cedar"


# Whatever a file looks like

WORDS = st.text(st.characters(codec="cp1252", exclude_characters="\0", exclude_categories=("Cs", "Cc")), max_size=6)


@st.composite
def exports(draw: st.DrawFn) -> tuple[str, str]:
    """An export with columns of anything beside the one to fill, before and after."""
    separator, end = draw(st.sampled_from(",;\t|")), draw(st.sampled_from(["\n", "\r\n", "\r"]))
    people = draw(st.permutations(["Ada Ash", "Birch, Ben", "Cedar, Cleo", "Eve Elm"]))
    marks = {"Ada Ash": "8.5", "Birch, Ben": "7"}

    def written(value: str, always: bool) -> str:
        if always or any(sign in value for sign in f'{separator}\r\n"'):
            return '"' + value.replace('"', '""') + '"'
        return value

    def cell() -> str:
        value = draw(WORDS) + draw(st.sampled_from(["", "", separator, '"', end, "x"]))
        return written(f"x{value}", draw(st.booleans()))

    comma = draw(st.booleans())
    seen = "1,5" if comma else "1.5"  # what decimals look like here
    lines = [separator.join(["Full name", "Notes", "seen", "Backprop", "Comments"])] * 2
    for name in people:
        number = marks.get(name, "").replace(".", "," if comma else ".")
        quoted = draw(st.booleans())
        one, other, third = cell(), written(seen, draw(st.booleans())), cell()
        before = [written(name, draw(st.booleans())), one, other, '""' if quoted else "", third]
        after = [*before[:3], written(number, quoted), third]
        lines = [f"{lines[0]}{end}{separator.join(before)}", f"{lines[1]}{end}{separator.join(after)}"]
        blank = end * draw(st.integers(0, 1))
        lines = [line + blank for line in lines]
    final = draw(st.sampled_from(["", end]))
    return lines[0] + final, lines[1] + final


@given(exports(), st.sampled_from(["utf-8", "utf-8-sig", "utf-16-le", "utf-16-be"]))
@settings(deadline=None, max_examples=150)
def test_whatever_quotes_separators_ends_and_encodings_a_file_has(export: tuple[str, str], encoding: str) -> None:
    before, after = export
    mark = "\ufeff" if encoding.startswith("utf-16") else ""
    people = outcome(standing("Ada Ash", 8.5), standing("Ben Birch", 7), standing("Cleo Cedar", None))
    with TemporaryDirectory() as folder:
        new, _ = filled((mark + before).encode(encoding), people, Path(folder), "Backprop")
    assert new == (mark + after).encode(encoding)


@given(st.text('a",;\n\r\t ', max_size=30), st.sampled_from(",;\t|"))
def test_cells_are_those_that_the_csv_module_reads(content: str, separator: str) -> None:
    try:
        tables = [table for table in text_tables(content.encode()) if table.separator == separator]
    except BpkitError:
        return
    for table in tables:
        reader = csv.reader(io.StringIO(content, newline=""), delimiter=separator)
        assert [row if row != [""] else [] for row in map(list, table.rows)] == [
            row if row != [""] else [] for row in reader
        ]


# Workbooks


def workbook(folder: Path, **cells: object) -> bytes:
    """A class in Excel: a title, colours, a formula, a second sheet."""
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "Marks"
    rows: list[list[Any]] = [["Backpropagation"], [], ["Name", "Matrikelnummer", "Sheet 1", "Sheet 2 (max. 20)", "Sum"]]
    rows += [[name, 104512 + place, 5, None, f"=C{place + 4}+D{place + 4}"] for place, name in enumerate(CLASS)]
    for row in rows:
        sheet.append(row)
    for place, value in cells.items():
        sheet[place] = value
    sheet["A4"].font, sheet["D4"].fill = Font(bold=True), PatternFill("solid", fgColor="FFEEAA")
    sheet["D4"].number_format = "0.00"
    sheet.column_dimensions["A"].width = 31
    book.create_sheet("Notes")["B2"] = "mine"
    book.save(folder / "made.xlsx")
    return (folder / "made.xlsx").read_bytes()


def styled(cell: Any) -> tuple[object, ...]:
    return cell.font.b, cell.font.name, cell.fill.fgColor.rgb, cell.number_format


def test_a_workbook_keeps_formulas_styles_and_other_sheets(tmp_path: Path) -> None:
    content = workbook(tmp_path)
    new, said = filled(content, the_class(), tmp_path, name="class.xlsx")
    (tmp_path / "new.xlsx").write_bytes(new)
    before, after = load_workbook(tmp_path / "made.xlsx"), load_workbook(tmp_path / "new.xlsx")
    assert "3 marks filled in under “Sheet 2 (max. 20)”, out of 20" in said
    assert [after["Marks"][f"D{row}"].value for row in range(4, 8)] == [20, 14, None, 16]
    for sheet in before.worksheets:
        for row in sheet.iter_rows():
            for cell in row:
                same = after[sheet.title][cell.coordinate]
                assert styled(same) == styled(cell)
                assert same.value == cell.value or (cell.column_letter == "D" and cell.value is None)
    assert after["Marks"].column_dimensions["A"].width == 31
    assert after.properties.modified == before.properties.modified
    assert filled(content, the_class(), tmp_path, name="class.xlsx")[0] == new


def test_in_a_workbook_too_marks_and_formulas_stay(tmp_path: Path) -> None:
    content = workbook(tmp_path, D5=3, D7="=1+1")
    new, said = filled(content, the_class(), tmp_path, "Sheet 2", "class.xlsx")
    (tmp_path / "new.xlsx").write_bytes(new)
    assert [load_workbook(tmp_path / "new.xlsx")["Marks"][f"D{row}"].value for row in range(4, 8)] == [
        20,
        3,
        None,
        "=1+1",
    ]
    assert "Ben Birch (3; the kit gives 14)" in said
    assert "Dan Dogwood" in said


# nbgrader's database


@pytest.fixture
def database(course: Path, tmp_path: Path) -> Path:
    path = tmp_path / "gradebook.db"
    shutil.copy(course, path)
    return path


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A course in nbgrader's hands: the kit's assignment, another one, and students, one of whom it has graded."""
    path = tmp_path_factory.mktemp("course") / "gradebook.db"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
        _course(path)
        yield path


def _course(path: Path) -> None:
    with warnings.catch_warnings(), Database(f"sqlite:///{path}") as book:
        warnings.simplefilter("ignore")  # nbgrader's own, about the order in which it saves
        for name in CLASS:
            first, last = name.split()
            book.add_student(first.lower(), first_name=first, last_name=last)
        book.add_student("eve", first_name="Eve", last_name="Elm")
        book.add_assignment("reading")
        book.add_notebook("essay", "reading")
        book.add_grade_cell("first", "essay", "reading", max_score=3, cell_type="code")
        book.add_grade_cell("second", "essay", "reading", max_score=3, cell_type="code")
        book.add_assignment("backpropagation")
        book.add_notebook("exercises", "backpropagation")
        for number, worth in ((1, 8), (2, 6)):
            book.add_grade_cell(f"grade-{number}", "exercises", "backpropagation", max_score=worth, cell_type="code")
            book.add_solution_cell(f"answer-{number}", "exercises", "backpropagation")
        book.add_submission("backpropagation", "ben")
        grade = book.find_grade("grade-1", "exercises", "backpropagation", "ben")
        grade.auto_score, grade.needs_manual_grade = 2.5, False
        book.db.commit()


def scores(path: Path, student: str) -> dict[str, tuple[float | None, float | None, bool]]:
    with Database(f"sqlite:///{path}") as book:
        submission = book.find_submission("backpropagation", student)
        assert len(submission.notebooks[0].comments) == 2
        return {
            grade.name: (grade.manual_score, grade.score, grade.needs_manual_grade)
            for grade in submission.notebooks[0].grades
        }


def test_nbgraders_database_holds_the_points_of_every_question(database: Path, tmp_path: Path) -> None:
    before = database.read_bytes()
    done = open_gradebook(database, tmp_path / "marked").filled(the_class())
    assert database.read_bytes() == before
    new = tmp_path / "new.db"
    new.write_bytes(done.content)
    assert scores(new, "ada") == {"grade-1": (8, 8, False), "grade-2": (6, 6, False)}
    assert scores(new, "dan") == {"grade-1": (8, 8, False), "grade-2": (4, 4, False)}
    assert scores(new, "ben") == {"grade-1": (None, 2.5, False), "grade-2": (3, 3, False)}
    with Database(f"sqlite:///{new}") as book:
        assert {one.student.id for one in book.find_assignment("backpropagation").submissions} == {"ada", "ben", "dan"}
        assert book.find_submission("backpropagation", "ada").max_score == 14
        assert not book.find_assignment("reading").submissions
    said = "\n".join(done.said)
    assert "3 marks filled in under “backpropagation”, out of 14" in said
    assert "Ben Birch (grade-1: 2.5; the kit gives 8)" in said
    assert "Cleo Cedar (nothing handed in)" in said
    assert "1 person in the gradebook is not in the key" in said


def test_what_nbgrader_has_is_otherwise_untouched(database: Path, tmp_path: Path) -> None:
    done = open_gradebook(database, tmp_path / "marked").filled(the_class())
    (tmp_path / "new.db").write_bytes(done.content)
    rows = []
    for path in (database, tmp_path / "new.db"):
        base = sqlite3.connect(path)
        names = [name for (name,) in base.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        rows.append({name: set(base.execute(f"SELECT * FROM {name}").fetchall()) for name in names})
        base.close()
    before, after = rows
    grown = {"submitted_assignment", "submitted_notebook", "grade", "comment"}
    assert all(before[name] == after[name] for name in before if name not in grown)
    assert all(before[name] <= after[name] for name in grown - {"grade"})
    assert len(before["grade"] - after["grade"]) == 1  # Ben's second question
    # Filled once more, nothing is left to do, and nothing is new.
    shutil.copy(tmp_path / "new.db", database)
    again = open_gradebook(database, tmp_path / "marked").filled(the_class())
    (tmp_path / "again.db").write_bytes(again.content)
    assert again.said[0] == "0 marks filled in under “backpropagation”."
    assert scores(tmp_path / "again.db", "ada") == scores(tmp_path / "new.db", "ada")


def test_the_same_database_gives_the_same_bytes(database: Path, tmp_path: Path) -> None:
    first, second = (open_gradebook(database, tmp_path / "marked").filled(the_class()).content for _ in range(2))
    assert first == second


def test_an_assignment_is_named_and_must_fit(database: Path, tmp_path: Path) -> None:
    def refused(column: str) -> str:
        with pytest.raises(BpkitError) as said:
            open_gradebook(database, tmp_path / "marked", column)
        return str(said.value)

    assert "“backpropagation”, “reading”" in refused("essay")
    assert "grade-1" in refused("reading")
    long = outcome(replace(standing("Ada Ash", 10), marks=(Mark("3", "loss", "", Feedback("right", ""), 1, 1),)))
    with pytest.raises(BpkitError, match="1 question, but “backpropagation” grades 2"):
        open_gradebook(database, tmp_path / "marked").filled(long)
    with Database(f"sqlite:///{database}") as book:
        book.add_assignment("quiz")
        book.add_notebook("one", "quiz")
        book.add_task_cell("all", "one", "quiz", max_score=20, cell_type="markdown")
        book.db.commit()
    done = open_gradebook(database, tmp_path / "marked", "Quiz").filled(the_class())
    (tmp_path / "new.db").write_bytes(done.content)
    with Database(f"sqlite:///{tmp_path / 'new.db'}") as book:
        assert [(one.student.id, one.score) for one in book.find_assignment("quiz").submissions] == [
            ("ada", 20),
            ("ben", 14),
            ("dan", 16),
        ]


# The whole way


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Sheets:
    return sheets(tmp_path_factory.mktemp("class"))


@pytest.fixture
def handed(made: Sheets, tmp_path: Path) -> Path:
    """Ada is right, Ben has one of his answers wrong, the others handed in nothing."""
    books: dict[str, Any] = {
        moodle("Ada Ash"): made.filled("ada-ash"),
        moodle("Ben Birch"): made.filled("ben-birch", _2="0.5"),
    }
    return put(tmp_path / "handed in", books)


def test_the_command_gives_the_gradebook_back(made: Sheets, handed: Path, tmp_path: Path) -> None:
    export = tmp_path / "canvas_export.csv"
    shutil.copy(HERE / "canvas_export.csv", export)
    out = tmp_path / "marked"
    said = bpkit("mark", handed, "--key", made.key, "--out", out, "--gradebook", export, "--jobs", 1).output
    marks = {row["learner"]: row for row in csv.DictReader((out / "marks.csv").read_text("utf-8").splitlines())}
    ben = round(20 * float(marks["Ben Birch"]["points"]) / float(marks["Ben Birch"]["of"]), 2)
    assert 0 < ben < 20
    expected = (
        export.read_text("utf-8").replace("BP-1,,4,80", "BP-1,20,4,80").replace('BP-1,,,\n"C', f'BP-1,{ben:g},,\n"C')
    )
    assert (out / export.name).read_bytes() == expected.encode()
    first = "2 marks filled in under “Backprop sheet (87568)”, out of 20, scaled from 8 to 20."
    assert f"{out / export.name}: {first}" in said
    assert "Cleo Cedar (nothing handed in)" in said
    assert "not in the gradebook: Dan Elm" in said
    # The kit writes over its own file, never over one that somebody changed.
    again = ("mark", handed, "--key", made.key, "--out", out, "--gradebook", export)
    bpkit(*again)
    assert (out / export.name).read_bytes() == expected.encode()
    (out / export.name).write_text("changed")
    bpkit(*again, code=1)
    assert (out / export.name).read_text() == "changed"
    bpkit(*again, "--column", "Reading", "--force")
    assert "S002,ben,BP-1,,," not in (out / export.name).read_text("utf-8")
    assert "S001,ada,BP-1,,4,80" in (out / export.name).read_text("utf-8")


def test_a_dry_run_tells_and_writes_nothing(made: Sheets, handed: Path, tmp_path: Path) -> None:
    out = tmp_path / "marked"
    export = HERE / "canvas_export.csv"
    said = bpkit("mark", handed, "--key", made.key, "--out", out, "--gradebook", export, "--dry-run").output
    assert "2 marks filled in under “Backprop sheet (87568)”" in said
    assert not out.exists()


def test_a_gradebook_that_is_unclear_stops_the_command_before_it_writes(
    made: Sheets, handed: Path, tmp_path: Path
) -> None:
    export = tmp_path / "export.csv"
    export.write_text("name,Sheet 1,Sheet 2\nAda Ash,,\n")
    out = tmp_path / "marked"
    said = bpkit("mark", handed, "--key", made.key, "--out", out, "--gradebook", export, code=1).output
    assert "“Sheet 1”, “Sheet 2”" in said
    assert len(said.strip().splitlines()) == 1
    assert not out.exists()
    assert "--gradebook" in bpkit("mark", handed, "--key", made.key, "--column", "Sheet 1", code=1).output


def test_feedback_goes_back_in_moodles_folders(made: Sheets, handed: Path, tmp_path: Path) -> None:
    out = tmp_path / "marked"
    bpkit("mark", handed, "--key", made.key, "--out", out, "--jobs", 1)
    content = (out / "moodle_feedback.zip").read_bytes()
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.namelist() == [
            "Ada Ash_48151_assignsubmission_file_/feedback.html",
            "Ben Birch_48152_assignsubmission_file_/feedback.html",
        ]
        for name, page in zip(archive.namelist(), ("ada-ash", "ben-birch")):
            assert archive.read(name) == (out / f"feedback/{page}.html").read_bytes()
    bpkit("mark", handed, "--key", made.key, "--out", tmp_path / "other", "--jobs", 1)
    assert (tmp_path / "other/moodle_feedback.zip").read_bytes() == content
    # A late hand-in joins the others.
    late = put(tmp_path / "late", {moodle("Cleo Cedar"): made.filled("cleo-cedar")})
    bpkit("mark", late, "--key", made.key, "--out", out, "--force")
    with zipfile.ZipFile(out / "moodle_feedback.zip") as archive:
        assert len(archive.namelist()) == 3


def test_without_moodles_folders_there_is_no_such_zip(made: Sheets, tmp_path: Path) -> None:
    plain = put(tmp_path / "handed in", {"ada-ash.ipynb": made.filled("ada-ash")})
    bpkit("mark", plain, "--key", made.key, "--out", tmp_path / "marked")
    assert not (tmp_path / "marked/moodle_feedback.zip").exists()


@pytest.mark.parametrize(
    ("where", "folder"),
    [
        ("Ada Ash_48151_assignsubmission_file_/exercises.ipynb", "Ada Ash_48151_assignsubmission_file_"),
        ("Ada Ash_48151_assignsubmission_file/exercises.ipynb", "Ada Ash_48151_assignsubmission_file"),
        ("all.zip/Ada Ash_48151_assignsubmission_file_/a/b.ipynb", "Ada Ash_48151_assignsubmission_file_"),
        ("Ada Ash_48151_assignsubmission_file_exercises.ipynb", "Ada Ash_48151_assignsubmission_file_"),
        ("Participant_48151_assignsubmission_file_/x.ipynb", "Participant_48151_assignsubmission_file_"),
        ("ada-ash.ipynb", ""),
        ("ash_ada_48151_exercises.ipynb", ""),
        ("", ""),
    ],
)
def test_moodles_folders_are_known(where: str, folder: str) -> None:
    assert moodle_folder(where) == folder


def test_a_grade_column_of_a_table_takes_marks(tmp_path: Path) -> None:
    for header in ("Grade", "Bewertung", "Note", "Punkte", "Marks", "Score"):
        content = f"Vorname,Name,{header}\nBen,Birch,\n"
        assert text(content, the_class(), tmp_path) == content.replace(",\n", ",7\n")


def test_headers_in_the_middle_are_no_person(tmp_path: Path) -> None:
    content = "name,points\nAda Ash,\nname,points\nBen Birch,\n"
    assert text(content, the_class(), tmp_path) == "name,points\nAda Ash,10\nname,points\nBen Birch,7\n"


def test_parts_of_names_make_the_name(tmp_path: Path) -> None:
    content = "First name,Middle name,Tussenvoegsel,Last name,points\nBen,,van der,Birch,\nAda,Mary,,Ash,\n"
    expected = content.replace("Birch,", "Birch,7").replace("Ash,", "Ash,10")
    for ada in ("Ada Ash", "Ash, Ada Mary"):
        people = outcome(standing("van der Birch, Ben", 7), standing(ada, 10))
        assert text(content, people, tmp_path) == expected


@pytest.mark.parametrize("encoding", ["cp1252", "cp1250", "mac_roman", "cp437", "gb18030", "iso8859_5"])
def test_bytes_of_any_encoding_stay(encoding: str, tmp_path: Path) -> None:
    """Also where it is not known: the letters of plain names and ids are the same in all of them."""
    words = {"gb18030": "姓名", "iso8859_5": "Привет"}.get(encoding, "Käthe")
    content = f"name,id,points,Remarks\r\n{words},1,,{words}\r\nBen Birch,2,,{words}".encode(encoding)
    new, _ = filled(content, outcome(standing("Somebody", 10, "1"), standing("Ben Birch", 7)), tmp_path)
    assert new == content.replace(b"1,,", b"1,10,").replace(b"2,,", b"2,7,")


def test_the_page_does_the_same(made: Sheets, handed: Path, tmp_path: Path) -> None:
    export = HERE / "canvas_export.csv"
    bpkit("mark", handed, "--key", made.key, "--out", tmp_path / "theirs", "--gradebook", export, "--jobs", 1)
    panel = exercises.panels.mark(str(handed), str(made.key), str(tmp_path / "mine"))

    def run(**values: Any) -> None:
        panel.set(**values, run=True)
        while panel.state.progress.running:
            panel.tick.value += 1

    run(gradebook=str(export))
    for name in (export.name, "moodle_feedback.zip"):
        assert (tmp_path / "mine" / name).read_bytes() == (tmp_path / "theirs" / name).read_bytes()
        assert name in panel.view["links"].value
    assert "2 marks filled in under “Backprop sheet (87568)”" in panel.view["problems"].value
    run(gradebook=str(tmp_path / "no.csv"), column="Reading")
    assert "expected the export of a gradebook, got none" in panel.message.value


# Kinds that come up


def test_everybody_with_the_same_sheet_is_known_by_the_names_of_the_files(tmp_path: Path) -> None:
    def file(where: str, points: float) -> Standing:
        return replace(standing("learner 01", points, where=where), slug="learner-01")

    people = (file("Ada Ash_48151_assignsubmission_file_/exercises.ipynb", 10), file("ben-birch (1).ipynb", 7))
    same = Outcome(people, (), Key((Seat("learner 01", "learner-01", 0),), {}, {}))
    assert same.one_sheet
    content = "name,points\nBirch, Ben\nAda Ash,\nCleo Cedar,\n".replace("Birch, Ben", '"Birch, Ben",')
    assert text(content, same, tmp_path) == 'name,points\n"Birch, Ben",7\nAda Ash,10\nCleo Cedar,\n'


def test_an_id_of_one_kind_that_is_anothers_of_another_kind(tmp_path: Path) -> None:
    content = "name,Student ID,Username,points\nAda Ash,7,ada,\nBen Birch,8,7,\n"
    people = the_class({"Ada Ash": "7", "Ben Birch": "8"})
    assert text(content, people, tmp_path) == content.replace("ada,\n", "ada,10\n").replace("8,7,\n", "8,7,7\n")


def test_two_learners_who_fit_one_row_get_nothing(tmp_path: Path) -> None:
    people = outcome(standing("Ada Ash", 10, "1"), standing("Ada King", 4, "ada"), standing("Ben Birch", 7))
    content = "name,id,username,points\nAda L,1,ada,\nBen Birch,,,\n"
    new, said = filled(content, people, tmp_path)
    assert new.decode() == content.replace(",,,\n", ",,,7\n")
    assert "left out: Ada Ash; Ada King (each: Ada Ash and Ada King fit the same row)" in said


def test_points_that_are_still_to_come_are_told(tmp_path: Path) -> None:
    waiting = Mark("2", "code", "", Feedback(BY_HAND, ""), 0, 6)
    one = standing("Ada Ash", 4)
    people = outcome(replace(one, marks=(*one.marks[:1], waiting)), standing("Ben Birch", 7))
    said = filled("name,points\nAda Ash,\nBen Birch,\n", people, tmp_path)[1]
    assert "your points for functions are still missing: Ada Ash" in said


@pytest.mark.parametrize("name", ["Ada Ash", "Ash, Ada", "Ash Ada"])
def test_a_name_with_an_umlaut_in_windows_letters(name: str, tmp_path: Path) -> None:
    umlaut = name.replace("Ash", "Äsch")
    content = f'Name;Matrikelnummer;Punkte\r\n"{umlaut}";1;\r\nJörg Möller;2;\r\nFrançoise Müßig;3;\r\n'.encode(
        "cp1252"
    )
    people = outcome(standing("Ada Äsch", 9.5), standing("Möller, Jörg", 7), standing("Françoise Müßig", 1))
    new, _ = filled(content, people, tmp_path)
    assert new == content.replace(b"1;\r\n", b"1;9,5\r\n").replace(b"2;\r\n", b"2;7\r\n").replace(b"3;\r\n", b"3;1\r\n")


def test_a_percentage_in_a_cell_is_a_mark() -> None:
    found = [number_in(cell) for cell in ("85.00 %", "85,5%", "-1", "20.", ".5", "", "-", "EX", "1e5", "1.2.3", "²")]
    assert found == [85, 85.5, -1, 20, 0.5, None, None, None, None, None, None]


@pytest.mark.parametrize("header", ["Points", "max", "Out of"])
def test_the_column_behind_may_say_the_points(header: str, tmp_path: Path) -> None:
    """As in Microsoft Teams: name, assignment, points, feedback."""
    content = f"First Name,Last Name,Backprop sheet,{header},Feedback\nBen,Birch,,20,\nAda,Ash,,20,\n"
    new, said = filled(content, the_class(), tmp_path)
    assert new.decode() == content.replace("Birch,,", "Birch,14,").replace("Ash,,", "Ash,20,")
    assert "out of 20, scaled from 10 to 20." in said


def test_sakais_comments_take_no_marks(tmp_path: Path) -> None:
    content = '"Student ID","Student Name","Backprop [20]","* Backprop","Course Grade"\n"1","Birch, Ben","","",""\n'
    assert text(content, the_class(), tmp_path) == content.replace('Ben","",', 'Ben","14",')


def test_a_column_that_canvas_has_closed_takes_no_marks(tmp_path: Path) -> None:
    content = 'Student,ID,Old sheet (1),Sheet (2)\n    Points Possible,,(read only),20\n"Birch, Ben",7,,\n'
    assert text(content, the_class(), tmp_path) == content.replace("7,,", "7,,14")
    assert "is none; choose from “Sheet (2)”" in refusal(content, tmp_path, "Old sheet")


def test_a_participants_number_is_no_id_of_the_key(tmp_path: Path) -> None:
    """Ada handed in through Moodle, Ben by mail: the worksheet has another kind of id than the key."""
    content = (HERE / "moodle_worksheet.csv").read_bytes()
    where = "Ada Ash_48151_assignsubmission_file_/exercises.ipynb"
    people = outcome(standing("Ada Ash", 10, "104512", where), standing("Ben Birch", 7, "104513"))
    assert filled(content, people, tmp_path)[0] == filled(content, the_class(), tmp_path)[0]


def test_a_sheet_that_is_worth_nothing_fills_nothing(tmp_path: Path) -> None:
    content = "name,points (max 20)\nAda Ash,\nBen Birch,\n"
    people = outcome(replace(standing("Ada Ash", 0), of=0), standing("Ben Birch", 7))
    assert text(content, people, tmp_path) == content.replace("Birch,", "Birch,14")


@pytest.mark.parametrize(
    ("headers", "column"),
    [
        ("My sum [Total Pts: up to 25 Score] |1,Total derivative [Total Pts: 20 Score] |2", 2),
        ("Weighted Total [Total Pts: 0] |1,Sheet [Total Pts: 20] |2", 2),
        ("Total derivative Points Grade <Numeric MaxPoints:20>,Mood Text Grade <Text>", 1),
        ("Course total (Real),Assignment: Total derivative (Real)", 2),
        ("Course total,Total derivative (20 points)", 2),
        ("Final Score,Sheet 3 (20 points)", 2),
    ],
)
def test_a_total_is_no_assignment_but_a_total_derivative_is(headers: str, column: int, tmp_path: Path) -> None:
    content = f"Username,{headers}\nben,,\n"
    mark = "7" if "Real" in headers else "14"
    new = text(content, outcome(standing("Ada Ash", 10), standing("Ben Birch", 7, "ben")), tmp_path)
    assert new == content.replace("ben,,", f"ben,{mark}," if column == 1 else f"ben,,{mark}")


def test_a_reason_is_told_once_with_everybody_whom_it_holds_for(tmp_path: Path) -> None:
    absent = [Standing(name, slug(name), of=10) for name in ("Elm, Eva", "Kapok, Kim", "Oak, Ola")]
    broken = Standing("Yew, Yan", "yew-yan", Marked(Path("a"), problem="empty"), of=10)
    people = outcome(standing("Ada Ash", 7), *absent, broken)
    content = "name,points\nAda Ash,\n" + "".join(f'"{one.learner}",\n' for one in people.standings[1:])
    _, said = filled(content, people, tmp_path)
    assert [line for line in said.splitlines() if "without marks" in line] == [
        "without marks, so left as they are: Elm, Eva; Kapok, Kim; Oak, Ola (each: nothing handed in)",
        "without marks, so left as they are: Yew, Yan (empty)",
    ]


@pytest.mark.parametrize(
    ("most", "words"), [("20", ", out of 20, scaled from 10 to 20."), ("10", ", out of 10."), ("10.0", ", out of 10.")]
)
def test_marks_on_another_scale_are_told(most: str, words: str, tmp_path: Path) -> None:
    content = f'Student,ID,SIS Login ID,Section,Sheet (1)\n    Points Possible,,,,{most}\n"Ash, Ada",1,ada,A,\n'
    _, said = filled(content, outcome(standing("Ada Ash", 7)), tmp_path)
    assert said.splitlines()[0] == f"1 mark filled in under “Sheet (1)”{words}"


def test_a_total_set_by_hand_is_what_nbgraders_scores_add_up_to() -> None:
    points, worth = {1: 1.0, 2: 0.0, 3: 3.0}, {1: 1.0, 2: 2.0, 3: 4.0}
    assert _adding_up_to(5.5, points, worth) == {1: 1.0, 2: 1.0, 3: 3.5}
    assert _adding_up_to(2.0, points, worth) == {1: 0.5, 2: 0.0, 3: 1.5}
    assert _adding_up_to(4.0, points, worth) == points
    assert _adding_up_to(0.0, dict.fromkeys(points, 0.0), worth) == dict.fromkeys(points, 0.0)
