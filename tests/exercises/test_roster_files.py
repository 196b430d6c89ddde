"""A roster's bytes: encodings that its letters give away, Excel workbooks, and what is refused in a sentence."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import Workbook

from bpkit.cli import main
from bpkit.core.errors import BpkitError
from bpkit.exercises.sheets.encodings import decoded
from bpkit.exercises.sheets.roster import Roster, opened, read_roster, roster_file
from bpkit.exercises.sheets.tables import MOST_BYTES, table_text
from bpkit.exercises.sheets.workbooks import MOST_UNPACKED, NO_RESULT, sheets_of


def read(content: bytes) -> Roster:
    one = opened(content)
    return read_roster(one.text, one.said)


def who(content: bytes) -> list[tuple[str, str]]:
    return [(person.name, person.id) for person in read(content).people]


def refusal(content: bytes) -> str:
    with pytest.raises(BpkitError) as said:
        read(content)
    assert str(said.value).startswith("roster: ")
    assert "\n" not in str(said.value)
    assert "\ufffd" not in str(said.value)
    return str(said.value)


# Encodings. Classes as they may be in a country, with names that are common there.
GERMAN = ("Jörg Müller", "Zoë Weiß", "Björn Schäfer", "Günther Öz", "Renée Köhler")
FRENCH = ("Éloi Frêne", "Hélène Dupré", "François Lefèvre", "Anaïs Gérard", "Zoé Benoît")
SPANISH = ("José García", "María Núñez", "Íñigo Muñoz", "Andrés Peña", "Lucía Ibáñez")
DANISH = ("Søren Ågård", "Jørgen Læssø", "Åse Bjørn", "Bjørg Møller", "Mette Kjær")
ICELANDIC = ("Guðrún Þórsdóttir", "Þór Jónsson", "Sigríður Ævarsdóttir")
POLISH = ("Łukasz Wójcik", "Żaneta Dąbrowska", "Paweł Święty", "Małgorzata Źródło")
CZECH = ("Jiří Dvořák", "Žofie Černá", "Tomáš Růžička", "Kateřina Němcová")
HUNGARIAN = ("László Kovács", "Győző Szőke", "Erzsébet Tűz", "Jenő Fülöp", "Ernő Erdős", "Kálmán Fűzi")
RUSSIAN = ("Юля Иванова", "Пётр Щукин", "Эдуард Хвостов", "Мария Жукова")
GREEK = ("Γιώργος Παπαδόπουλος", "Ελένη Ψαρρά", "Νίκος Ξύδης", "Μαρία Θεοδώρου")
TURKISH = ("Ayşe Yılmaz", "Çağlar Öztürk", "İpek Şahin", "Uğur Kılıç")
CLASSES = [
    *((GERMAN, name, said) for name, said in (("cp1252", "Windows-1252"), ("mac_roman", "Mac Roman"))),
    *((FRENCH, name, said) for name, said in (("cp1252", "Windows-1252"), ("mac_roman", "Mac Roman"))),
    ((*FRENCH, "Loïc Œuvre"), "iso8859_15", "ISO-8859-15"),
    (SPANISH, "cp1252", "Windows-1252"),
    (SPANISH, "mac_roman", "Mac Roman"),
    (DANISH, "cp1252", "Windows-1252"),
    (ICELANDIC, "cp1252", "Windows-1252"),
    (POLISH, "cp1250", "Windows-1250"),
    (POLISH, "iso8859_2", "ISO-8859-2"),
    (CZECH, "cp1250", "Windows-1250"),
    (HUNGARIAN, "cp1250", "Windows-1250"),
    (RUSSIAN, "cp1251", "Windows-1251"),
    (RUSSIAN, "koi8_r", "KOI8"),
    (GREEK, "cp1253", "Windows-1253"),
    (TURKISH, "cp1254", "Windows-1254"),
]


def table(names: Sequence[str]) -> str:
    return "Name;ID\r\n" + "".join(f"{name};{number:04d}\r\n" for number, name in enumerate(names, 17))


@pytest.mark.parametrize(("names", "encoding", "said"), CLASSES)
def test_a_class_is_read_in_the_encoding_that_its_letters_give_away(
    names: Sequence[str], encoding: str, said: str
) -> None:
    roster = read(table(names).encode(encoding))
    assert [person.name for person in roster.people] == list(names)
    assert [person.id for person in roster.people] == [f"{number:04d}" for number in range(17, 17 + len(names))]
    assert f"read as {said}." in str(roster)


@pytest.mark.parametrize("names", [GERMAN, FRENCH, SPANISH, POLISH, RUSSIAN, GREEK, ("李小龙", "王芳"), ("Ada", "Ben")])
def test_unicode_is_read_in_every_form(names: Sequence[str]) -> None:
    text = table(names)
    for encoding in ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"):
        roster = read(text.encode(encoding))
        assert [person.name for person in roster.people] == list(names)
        assert ("read as" in str(roster)) == (encoding not in ("utf-8", "utf-8-sig"))
    for mark, order in ((b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be")):
        assert [name for name, _ in who(mark + text.encode(order))] == list(names)


ALL = (GERMAN, FRENCH, SPANISH, DANISH, ICELANDIC, POLISH, CZECH, HUNGARIAN, RUSSIAN, GREEK, TURKISH)
SINGLE = (
    *("cp1250", "cp1251", "cp1252", "cp1253", "cp1254", "cp1257", "iso8859_2", "iso8859_15", "mac_roman"),
    *("mac_latin2", "koi8_r", "koi8_u", "cp437", "cp850", "cp852", "cp866", "iso8859_5", "mac_cyrillic"),
)


@given(st.sampled_from(ALL), st.sampled_from(SINGLE), st.data())
def test_no_part_of_a_class_is_ever_read_wrong(names: Sequence[str], encoding: str, data: st.DataObject) -> None:
    some = data.draw(st.lists(st.sampled_from(names), min_size=1, unique=True))
    try:
        content = table(some).encode(encoding)
    except UnicodeEncodeError:
        return
    found = decoded(content)
    assert found is None or found[0] == table(some)


@pytest.mark.parametrize(
    "content",
    [
        *("Name\nGünther\n".encode(name) for name in ("mac-roman", "cp437", "cp850")),
        *(table(FRENCH).encode(name) for name in ("cp437", "cp850")),  # hardly written any more
        "Name\nHélène\n".encode("cp1252"),  # or Hélčne
        table(("李小龙", "王芳", "张伟")).encode("gb18030"),
        table(("山田太郎", "佐藤花子")).encode("shift_jis"),
        table(("김철수", "이영희")).encode("euc-kr"),
        "李小龍\n".encode("shift_jis", "ignore") + b"\x8f",
        b"\xff\xfeA\x00d",
        b"\xff\xfe\x00\xd8A\x00",
        b"\x00" * 9,
        b"Name\n" + bytes(range(128, 256)),
    ],
)
def test_an_encoding_that_cannot_be_told_is_refused_and_never_guessed(content: bytes) -> None:
    said = refusal(content)
    assert "expected a file in UTF-8, got another encoding" in said
    assert "“CSV UTF-8”" in said


def test_headers_of_a_country_say_how_its_letters_are_to_be_read() -> None:
    assert who("Nombre;Apellidos\nAndrés;Peña\n".encode("cp1252")) == [("Andrés Peña", "")]
    assert who("Cognome;Nome\nRossi;Niccolò\n".encode("cp1252")) == [("Niccolò Rossi", "")]


def test_a_large_file_in_another_encoding_is_read() -> None:
    names = [f"{first} {number}" for number in range(40_000) for first in FRENCH[:2]]
    content = ("Name\n" + "\n".join(names)).encode("cp1252")
    assert table_text(content).endswith(names[-1])


# Workbooks
def book(*sheets: tuple[str, Sequence[Sequence[Any]]], change: Callable[[Workbook], None] | None = None) -> bytes:
    """A workbook of such sheets."""
    made = Workbook()
    made.remove(made.active)
    for title, rows in sheets:
        sheet = made.create_sheet(title)
        for row in rows:
            sheet.append(list(row))
    if change:
        change(made)
    file = io.BytesIO()
    made.save(file)
    return file.getvalue()


CLASS: list[list[Any]] = [
    ["Name", "Matrikelnummer", "Note"],
    ["Jörn Dorn", 17, 1.3],
    ["李小龙", 1001.0, None],
    ["Ash, Ada", "0018", "x"],
]


def formats(made: Workbook) -> None:
    made.active["B2"].number_format = "0000000"


def test_a_workbook_is_read_as_excel_shows_it() -> None:
    assert who(book(("Klasse", CLASS))) == [("Jörn Dorn", "17"), ("李小龙", "1001"), ("Ash, Ada", "0018")]
    assert who(book(("Klasse", CLASS), change=formats))[0] == ("Jörn Dorn", "0000017")
    assert "sheet" not in str(read(book(("Klasse", CLASS))))


@pytest.mark.parametrize(
    ("value", "form", "shown"),
    [
        (1234, "0000000", "0001234"),
        (1234, "General", "1234"),
        (1001.0, "0.00", "1001"),
        (123456789, "000-00-0000", "123-45-6789"),
        (123, '"S"00000', "S00123"),
        (5, r"\M0000", "M0005"),
        (12345678, "00000", "12345678"),
        (1234567, "#,##0", "1234567"),
        (123456789012, "General", "123456789012"),
        (17, "@", "17"),
        ("0017", "General", "0017"),
        ("  a17 ", "General", "a17"),
        (True, "General", "TRUE"),
        (date(2026, 5, 1), "dd.mm.yyyy", "2026-05-01"),
    ],
)
def test_an_id_keeps_what_excel_shows(value: Any, form: str, shown: str) -> None:
    def change(made: Workbook) -> None:
        made.active["B2"].number_format = form

    assert who(book(("A", [["Name", "ID"], ["Ada", value]]), change=change)) == [("Ada", shown)]


def test_the_first_sheet_with_a_table_is_read_and_named() -> None:
    hidden = [["Name"], ["Nobody"]]
    sheets = (("Info", [["Please fill in"], ["your names"]]), ("Old", hidden), ("BP 101", CLASS), ("More", hidden))

    def hide(made: Workbook) -> None:
        made["Old"].sheet_state = "hidden"

    content = book(*sheets, change=hide)
    assert [name for name, _ in who(content)] == ["Jörn Dorn", "李小龙", "Ash, Ada"]
    assert "from the sheet “BP 101”" in str(read(content))
    assert who(book(("Empty", []), ("List", [["Ada"], ["Ben"]]))) == [("Ada", ""), ("Ben", "")]


def test_titles_merged_cells_and_notes_beside_a_table_do_no_harm() -> None:
    rows: list[list[Any]] = [
        ["Backpropagation"],
        [],
        *CLASS,
        [],
        [None, None, None, "a note beside"],
        ["Summe", None, 3],
    ]

    def change(made: Workbook) -> None:
        made.active.merge_cells("A1:C1")
        made.active["Z1048576"].number_format = "0"  # formatted down to the last row

    roster = read(book(("A", rows), change=change))
    assert len(roster.people) == 3
    assert roster.left_out == (
        "line 1 'Backpropagation' (above the headers)",
        "line 8 'a note beside' (no name)",
        "line 9 'Summe' (not a learner)",
    )


def test_a_formula_without_a_result_is_refused_where_it_matters() -> None:
    rows: list[list[Any]] = [["Name", "ID", "Total"], ["Ada", 1, "=1+1"], ["Ben", 2, "=B3"]]
    assert who(book(("A", rows))) == [("Ada", "1"), ("Ben", "2")]
    rows[2][0] = '="Ben"&" Birch"'
    assert f"line 3: expected a name and an id, got '{NO_RESULT}'" in refusal(book(("A", rows)))


def test_a_sheet_whose_size_is_written_wrong_is_read_whole() -> None:
    content, wrong = book(("A", CLASS)), io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(wrong, "w") as new:
        for name in old.namelist():
            data = old.read(name)
            new.writestr(name, data.replace(b'<dimension ref="A1:C4"', b'<dimension ref="A1"'))
    assert b'ref="A1:C4"' in zipfile.ZipFile(io.BytesIO(content)).read("xl/worksheets/sheet1.xml")
    assert len(who(wrong.getvalue())) == 3


def archive(**files: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as made:
        for name, data in files.items():
            made.writestr(name.replace("__", "/"), data)
    return file.getvalue()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"PK\x03\x04rest", "a damaged zip file or workbook"),
        (archive(**{"xl__workbook.xml": b"<nothing"}), "got a damaged one"),
        (archive(**{"content.xml": b"<office/>", "mimetype": b"x"}), "an OpenDocument file (.ods)"),
        (archive(**{"Index__Document.iwa": b""}), "a Numbers document"),
        (archive(**{"xl__workbook.bin": b""}), "the binary form (.xlsb)"),
        (archive(**{"word__document.xml": b""}), "a Word document"),
        (archive(**{"roster.csv": b"Name\nAda\n"}), "a zip file; unpack it"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1", "an old Excel workbook (.xls), or one with a password"),
        (b"%PDF-1.7", "a PDF"),
        (b"\n<!DOCTYPE html>", "a web page"),
        (b"\xef\xbb\xbf<html><table>", "a web page"),
        (b'<?xml version="1.0"?><Workbook>', "an XML file"),
        (b"{\\rtf1", "a Word document"),
        (b'{"cells": []}', "a JSON file"),
        (b"a" * (MOST_BYTES + 1), "more than 10 MB"),
        (archive(**{"xl__workbook.xml": b"", "xl__worksheets__sheet1.xml": b" " * (MOST_UNPACKED + 1)}), "25 MB"),
        (book(("A", [["Name"], *[[]] * 11_000, ["Ada"]])), "down to line 11002 of the sheet 'A'"),
    ],
)
def test_files_that_are_no_tables_are_refused_in_a_sentence_that_says_what_to_do(content: bytes, words: str) -> None:
    said = refusal(content)
    assert words in said
    assert any(todo in said for todo in ("save it", "unpack", "choose another", "copy the names"))


def test_a_workbook_that_is_cut_off_is_refused() -> None:
    whole = book(("A", CLASS))
    for end in range(4, len(whole), 97):
        assert "workbook" in refusal(whole[:end])


def test_a_workbook_with_some_other_bytes_is_read_or_refused() -> None:
    whole = book(("A", CLASS))
    for place in range(30, len(whole), 61):
        with suppress(BpkitError):  # nothing else
            sheets_of(whole[:place] + bytes([whole[place] ^ 0x55]) + whole[place + 1 :])


def test_the_command_makes_the_sheets_of_a_workbook(tmp_path: Path) -> None:
    path = tmp_path / "class.xlsx"
    path.write_bytes(book(("Klasse", CLASS), ("Weiteres", [["x"]]), change=formats))
    options = ["--questions", "loss", "--editions", "learner", "--out", str(tmp_path / "out")]
    said = CliRunner().invoke(main, ["exercises", "new", "--learners", str(path), *options])
    assert said.exit_code == 0, said.output
    assert said.output.startswith(
        "3 learners, named by *Name*, identified by *Matrikelnummer*, from the sheet “Klasse”.\n"
    )
    assert "0000017" in (tmp_path / "out/key/key.json").read_text(encoding="utf-8")


def test_a_roster_that_is_not_there_is_one_sentence(tmp_path: Path) -> None:
    for path in (tmp_path / "none.csv", tmp_path, Path("a\0b")):
        with pytest.raises(BpkitError, match="expected a number or a roster"):
            roster_file(path)


@given(st.binary(max_size=80))
def test_any_bytes_are_read_or_refused(content: bytes) -> None:
    try:
        roster = read(content)
    except BpkitError:
        return
    assert all(person.shown and "\ufffd" not in person.shown for person in roster.people)
