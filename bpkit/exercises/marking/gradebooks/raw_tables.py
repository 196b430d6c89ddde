"""Tables whose cells can be replaced while all else in their files stays as it is: text byte by byte, and workbooks."""

from __future__ import annotations

import csv
import datetime
import io
import re
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

from bpkit.core.errors import BpkitError
from bpkit.exercises.sheets.encodings import decoded
from bpkit.exercises.sheets.tables import SEPARATORS, table_text
from bpkit.exercises.sheets.workbooks import sheets_of
from bpkit.exercises.sheets.zips import LONG_AGO, unzipped, zipped

# In these codecs a byte order mark is a sign of the text, so that writing the text writes the mark again.
UNICODE = ("utf-8", "utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be")
BYTES = "latin-1"  # every byte is a sign and every sign a byte, whatever letter it stands for
MARK = "\ufeff"
PROPERTIES = "docProps/core.xml"
_NUMBER = re.compile(r"-?\d+([.,]\d+)?")

Place = tuple[int, int]  # row and column, from 0


class Table(Protocol):
    """What both kinds of tables can do; a row may be shorter than others."""

    @property
    def rows(self) -> tuple[tuple[str, ...], ...]:
        """The text of every cell."""

    def holding(self, numbers: Mapping[Place, str]) -> bytes:
        """The file with other numbers, such as 18.5, in some of its cells."""


@dataclass(frozen=True)
class Cell:
    """Where a cell begins and ends in a text, and what it says without its quotation marks."""

    start: int
    end: int
    value: str


@dataclass(frozen=True)
class TextTable:
    """A table with a separator between its cells: its text, byte order mark included, and how that becomes bytes."""

    text: str
    encoding: str
    separator: str
    cells: tuple[tuple[Cell, ...], ...]

    @cached_property
    def rows(self) -> tuple[tuple[str, ...], ...]:
        """The text of every cell."""
        return tuple(tuple(cell.value for cell in row) for row in self.cells)

    @cached_property
    def comma(self) -> bool:
        """True where numbers have a decimal comma. Without any such number the semicolon between the cells says it."""
        signs = [
            found[1][0] for row in self.rows for cell in row if (found := _NUMBER.fullmatch(cell.strip())) and found[1]
        ]
        return signs.count(",") > signs.count(".") if signs else self.separator == ";"

    def holding(self, numbers: Mapping[Place, str]) -> bytes:
        """The file with other numbers in some of its cells; a cell keeps its quotation marks."""
        pieces, done = [], 0
        for (row, column), number in sorted(numbers.items()):
            cells = self.cells[row]
            missing = column + 1 - len(cells)  # a row that ends before this column
            cell = cells[column] if missing <= 0 else Cell(cells[-1].end, cells[-1].end, "")
            told = number.replace(".", ",") if self.comma else number
            quoted = self.text.startswith('"', cell.start, cell.end) or self.separator in told
            new = self.separator * max(missing, 0) + (f'"{told}"' if quoted else told)
            pieces += [self.text[done : cell.start], new]
            done = cell.end
        return "".join([*pieces, self.text[done:]]).encode(self.encoding)


def text_tables(content: bytes) -> list[TextTable]:
    """The table by each separator that its text may have; raises ``BpkitError`` for what is no table."""
    unsure = decoded(content) is None and b"\0" not in content  # ids and plain letters can be read all the same
    said = content.decode(BYTES) if unsure else table_text(content)
    encoding = next((name for name in UNICODE if _is(said, content, name)), BYTES)
    text = content.decode(encoding)
    own = re.match(r'\ufeff?"?sep=([,;\t|])', text, re.IGNORECASE)  # Excel's own way to say it
    found, problems = [], []
    for separator in own[1] if own else filter(text.__contains__, SEPARATORS):
        try:
            cells = tuple(_cells(text if encoding != BYTES else said, separator))
            found.append(TextTable(text, encoding, separator, cells))
        except BpkitError as error:
            problems.append(error)
    if problems and not found:
        raise problems[0]
    return found


def _is(said: str, content: bytes, encoding: str) -> bool:
    try:
        return content.decode(encoding).lstrip(MARK) == said.lstrip(MARK)
    except UnicodeError:
        return False


def _cells(text: str, separator: str) -> Iterator[tuple[Cell, ...]]:
    between = re.escape(separator)
    pattern = re.compile(rf'("(?:[^"]+|"")*+")?([^{between}\r\n]*)({between}|\r\n|\r|\n|\Z)')
    at, line = len(text) - len(text.lstrip(MARK)), 1
    row: list[Cell] = []
    while at < len(text) or row:
        found = pattern.match(text, at)
        assert found is not None  # a cell may be empty, and a text ends
        quoted, rest, end = found.groups()
        if quoted is None and rest.startswith('"'):
            raise BpkitError(
                f"gradebook: row {line}: expected a second quotation mark after {rest[:40]!r}, found none; export it "
                "again"
            )
        value = (quoted[1:-1].replace('""', '"') if quoted else "") + rest
        row.append(Cell(found.start(), found.end(2), value))
        at = found.end()
        if end != separator:
            yield tuple(row)
            row, line = [], line + 1


@dataclass(frozen=True)
class Workbook:
    """One sheet of an Excel workbook."""

    content: bytes
    sheet: str
    rows: tuple[tuple[str, ...], ...]

    def holding(self, numbers: Mapping[Place, str]) -> bytes:
        """The workbook with other numbers in some cells of the sheet; the same numbers always give the same bytes."""
        from openpyxl import load_workbook

        before = unzipped(self.content)
        macros = "xl/vbaProject.bin" in before
        with warnings.catch_warnings():  # about extensions of Excel's that are not kept
            warnings.simplefilter("ignore")
            book = load_workbook(io.BytesIO(self.content), keep_vba=macros, rich_text=True)
        for (row, column), number in numbers.items():
            cell = book[self.sheet].cell(row + 1, column + 1)
            cell.value = float(number) if "." in number else int(number)
        saved = io.BytesIO()
        book.save(saved)
        # A saved workbook says when it was saved; this one goes on saying when its owner did that.
        return zipped({**unzipped(saved.getvalue()), PROPERTIES: before.get(PROPERTIES) or _properties()})


def workbook_tables(content: bytes) -> list[Workbook]:
    """The sheets of an Excel workbook; raises ``BpkitError`` for any other zip."""
    sheets = [(name, csv.reader(io.StringIO(text))) for name, text in sheets_of(content)]
    return [Workbook(content, name, tuple(map(tuple, reader))) for name, reader in sheets]


def _properties() -> bytes:
    from openpyxl.packaging.core import DocumentProperties
    from openpyxl.xml.functions import tostring

    long_ago = datetime.datetime(*LONG_AGO)
    told: bytes = tostring(DocumentProperties(created=long_ago, modified=long_ago).to_tree())
    return told
