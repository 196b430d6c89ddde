"""Tables that come from elsewhere: a file's bytes become text, and the text rows, by whatever separates the cells."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping
from dataclasses import dataclass

from bpkit.core.errors import BpkitError
from bpkit.exercises.sheets.encodings import decoded
from bpkit.exercises.sheets.files import as_written
from bpkit.exercises.sheets.workbooks import SAVE, sheets_of

MOST_BYTES = 10_000_000
SEPARATORS = ",;\t|"
_NO_TABLES = (
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook (.xls), or one with a password"),
    (b"%pdf", "a PDF"),
    (b"{\\rtf", "a Word document"),
    (b"<html", "a web page"),
    (b"<!doctype", "a web page"),
    (b"<table", "a web page"),
    (b"<?xml", "an XML file"),
    (b'{"', "a JSON file"),
    (b"{\n", "a JSON file"),
)
_AS_TEXT = re.compile('="([^"]*)"')  # how exports keep Excel from dropping leading zeros


@dataclass(frozen=True)
class Row:
    """One line of a table: its number in the file, and its cells; those beyond its end are empty."""

    line: int
    cells: tuple[str, ...]

    def __getitem__(self, place: int | None) -> str:
        return "" if place is None or place >= len(self.cells) else self.cells[place]

    @property
    def filled(self) -> list[str]:
        """The cells that are not empty."""
        return [cell for cell in self.cells if cell]


@dataclass(frozen=True)
class Written:
    """The text of a table, and what is to be said of how it was read, if that is not the usual way."""

    text: str
    said: str = ""


def table_text(content: bytes) -> str:
    """The text of a table's file: the first sheet of an Excel workbook, or text in an encoding that can be known.

    Raises ``BpkitError`` for everything else.

    >>> table_text("Prénom;Note".encode("cp1252"))
    'Prénom;Note'
    """
    return written(content)[0].text


def written(content: bytes) -> tuple[Written, ...]:
    """What may be the table of a file: its text, or each sheet of a workbook that is not empty.

    Raises ``BpkitError`` for an encoding that cannot be known, and for files that hold no table.
    """
    if len(content) > MOST_BYTES:
        raise BpkitError("roster: expected a table of names, got more than 10 MB; choose another file")
    if content.startswith(b"PK\x03\x04"):
        sheets = [(name, text) for name, text in sheets_of(content) if text.strip(", \n")]
        several = len(sheets) > 1
        found = tuple(Written(text, f"from the sheet “{_clean(name)}”" if several else "") for name, text in sheets)
        return found or (Written(""),)
    start = content[:64].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    for beginning, what in _NO_TABLES:
        if start.startswith(beginning):
            raise BpkitError(f"roster: expected a table in CSV or an Excel workbook (.xlsx), got {what}; {SAVE}")
    read = decoded(content)
    if read is None:
        raise BpkitError(
            "roster: expected a file in UTF-8, got another encoding, in which letters such as ö and é cannot be told "
            f"for sure; {SAVE}, or in a text editor choose the encoding UTF-8"
        )
    text, encoding = read
    return (Written(text, "" if encoding == "UTF-8" else f"read as {encoding}"),)


def tables(text: str) -> Mapping[str, list[Row]]:
    """The rows that are not empty, by each separator that may be meant: comma, semicolon, tab or bar.

    Raises ``BpkitError`` for what is no table, and for names that have lost letters on their way.
    """
    text = text.lstrip("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    separators = SEPARATORS
    first, _, rest = text.partition("\n")
    said = first.strip(' "').lower().removeprefix("sep=")
    if "sep=" in first.lower() and len(set(said)) == 1 and said[0] in SEPARATORS:  # Excel's own way to say it
        separators, text = said[0], f"\n{rest}"
    found: dict[str, list[Row]] = {}
    problems = []
    for separator in separators:
        reader = csv.reader(io.StringIO(text), delimiter=separator, strict=True)
        try:
            rows = [Row(reader.line_num, tuple(map(_cleaned, cells))) for cells in reader]
        except csv.Error as error:
            problems.append(f"line {reader.line_num}: {error}")
        else:
            found[separator] = [row for row in rows if any(cell.strip(f" {SEPARATORS}") for cell in row.cells)]
    if not found:
        raise BpkitError(
            f"roster: expected a table in CSV, got something else ({problems[0]}); check its quotation marks"
        )
    cells = [cell for rows in found.values() for row in rows for cell in row.cells]
    if "\ufffd" in text or any(map(_garbled, (*text.split("\n"), *cells))):
        raise BpkitError(
            "roster: expected names with all their letters, but some were lost when this file was saved; export it "
            f"again from where it comes from, or {SAVE}"
        )
    return found


def _garbled(text: str) -> bool:
    """True for UTF-8 that a program took for Windows-1252 and saved again: Jörn has become JÃ¶rn."""
    try:
        return text.encode("cp1252").decode("utf-8") != text
    except UnicodeError:
        return False


def _cleaned(cell: str) -> str:
    text = _clean(as_written(_clean(cell)))
    as_text = _AS_TEXT.fullmatch(text)
    return _clean(as_text[1]) if as_text else text


def _clean(cell: str) -> str:
    words = ("".join(filter(str.isprintable, word)) for word in cell.split())  # a space that does not break is one too
    return " ".join(filter(None, words))[:200].strip()
