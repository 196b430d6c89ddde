"""Tables that come from elsewhere: a file's bytes become text, and the text rows, by whatever separates the cells."""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass

from bpkit.core.errors import BpkitError
from bpkit.exercises.sheets.files import as_written

MOST_BYTES = 10_000_000
SEPARATORS = ",;\t|"
# UTF-32's marks first: UTF-16's is the beginning of one.
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_NO_TABLES = (
    (b"pk\x03\x04", "an Excel workbook or another zip file"),
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook"),
    (b"%pdf", "a PDF"),
    (b"{\\rtf", "a Word document"),
    (b"<html", "a web page"),
    (b"<!doctype", "a web page"),
    (b"<?xml", "an XML file"),
)
_SAVE = "in Excel choose Save As, “CSV UTF-8”; in a text editor choose the encoding UTF-8"


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


def table_text(content: bytes) -> str:
    """The text of a roster's file; raises ``BpkitError`` for an encoding that cannot be known.

    UTF-8 is read with or without a byte order mark, UTF-16 with one.
    """
    if len(content) > MOST_BYTES:
        raise BpkitError("roster: expected a table of names, got more than 10 MB; choose another file")
    start = content[:64].lstrip().lower()
    for beginning, what in _NO_TABLES:
        if start.startswith(beginning):
            raise BpkitError(f"roster: expected a table in CSV, got {what}; open it and save it as CSV: {_SAVE}")
    encoding = next((name for mark, name in _MARKS if content.startswith(mark)), "utf-8")
    try:
        text = content.decode(encoding)
    except UnicodeError:
        raise _other_encoding() from None
    if "\0" in text:  # UTF-16 without its mark
        raise _other_encoding()
    return text


def _other_encoding() -> BpkitError:
    return BpkitError(
        "roster: expected a file in UTF-8 (or in UTF-16 with a byte order mark), got another encoding, in which "
        f"letters such as ö and é cannot be told; save the file again in UTF-8: {_SAVE}"
    )


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
            f"again from where it comes from and save it in UTF-8: {_SAVE}"
        )
    return found


def _garbled(text: str) -> bool:
    """True for UTF-8 that a program took for Windows-1252 and saved again: Jörn has become JÃ¶rn."""
    try:
        return text.encode("cp1252").decode("utf-8") != text
    except UnicodeError:
        return False


def _cleaned(cell: str) -> str:
    return _clean(as_written(_clean(cell)))


def _clean(cell: str) -> str:
    words = ("".join(filter(str.isprintable, word)) for word in cell.split())  # a space that does not break is one too
    return " ".join(filter(None, words))[:200].strip()
