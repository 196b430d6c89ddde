"""Excel workbooks as text: every sheet becomes a table in CSV, with its cells as Excel shows them."""

from __future__ import annotations

import csv
import io
import re
import warnings
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from typing import Any

from bpkit.core.errors import BpkitError

MOST_UNPACKED = 25_000_000  # bytes of XML; a class of a thousand with a hundred columns has about five
MOST_ROWS, MOST_CELLS, MOST_COLUMNS, MOST_SHEETS = 10_000, 200_000, 300, 30
NO_RESULT = "#FORMULA!"  # what stands for a formula whose result was not saved with it; Excel's own errors look like it
SAVE = "open it in Excel, LibreOffice or Numbers and save it as an Excel workbook (.xlsx) or as “CSV UTF-8”"
# What a zip holds shows what it is.
_KINDS = (
    ("xl/workbook.bin", "an Excel workbook in the binary form (.xlsb)"),
    ("index/document.iwa", "a Numbers document"),
    ("index.zip", "a Numbers document"),
    ("word/document.xml", "a Word document"),
    ("ppt/presentation.xml", "a presentation"),
    ("content.xml", "an OpenDocument file (.ods)"),
)
_FORMULA = re.compile(rb"<(\w+:)?f[\s>/]")
_SIGNS = re.compile(r'\\(?P<one>.)|"(?P<text>[^"]*)"|\[[^\]]*\]|(?P<zero>0)|(?P<own>[-/ ()+:$])|(?P<other>.)')


def sheets_of(content: bytes) -> list[tuple[str, str]]:
    """The name of each sheet that is not hidden, and its rows in CSV, empty ones too, so that lines keep their numbers.

    Raises ``BpkitError`` for what is no workbook, for a damaged one, and for one that is too large.
    """
    computed = _checked(content)
    from openpyxl import load_workbook

    try:
        with warnings.catch_warnings():  # about styles and extensions that a table of names does not need
            warnings.simplefilter("ignore")
            values = load_workbook(io.BytesIO(content), read_only=True, data_only=True)
            formulas = load_workbook(io.BytesIO(content), read_only=True) if computed else values
            names = [sheet.title for sheet in values.worksheets if sheet.sheet_state == "visible"][:MOST_SHEETS]
            return [(name, _text(_rows(values[name], formulas[name]))) for name in names]
    except BpkitError:
        raise
    except Exception as error:  # a damaged workbook can fail anywhere in the library
        raise BpkitError(
            f"roster: expected an Excel workbook, got a damaged one ({type(error).__name__}); {SAVE}"
        ) from None


def _checked(content: bytes) -> bool:
    """Whether there are formulas in it; before anything is unpacked it is looked at what is inside and how large."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            entries = {entry.filename: entry for entry in archive.infolist()}
            names = {name.lower() for name in entries}
            if "xl/workbook.xml" not in names:
                what = next((what for name, what in _KINDS if name in names), "a zip file")
                todo = "unpack it and take the table that is in it" if what == "a zip file" else SAVE
                raise BpkitError(f"roster: expected an Excel workbook (.xlsx) or a table in CSV, got {what}; {todo}")
            parts = [entry for name, entry in entries.items() if name.endswith((".xml", ".rels"))]
            if sum(entry.file_size for entry in parts) > MOST_UNPACKED or len(entries) > 2000:
                raise _too_large(f"more than {MOST_UNPACKED // 1_000_000} MB when it is unpacked")
            sheets = [name for name in entries if name.startswith("xl/worksheets/") and name.endswith(".xml")]
            return any(_FORMULA.search(archive.read(name)) for name in sheets)
    except BpkitError:
        raise
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, ValueError, OSError):
        raise BpkitError(f"roster: expected a table of names, got a damaged zip file or workbook; {SAVE}") from None


def _too_large(what: str) -> BpkitError:
    return BpkitError(
        f"roster: expected a workbook with a table of names, got {what}; copy the names and ids into a workbook of "
        "their own"
    )


def _rows(values: Any, formulas: Any) -> Iterator[list[str]]:
    """The cells of a sheet as text; the two are the same sheet with results and with formulas."""
    for sheet in (values, formulas):
        sheet.reset_dimensions()  # some programs write a wrong size, and cells beyond it would be lost
    waiting = count = 0
    for number, (row, same) in enumerate(zip(values.rows, formulas.rows, strict=False), 1):
        cells = [_shown(cell, formula) for cell, formula in zip(row[:MOST_COLUMNS], same)]
        while cells and not cells[-1]:
            cells.pop()
        if not cells:  # formatting may go on to the last of a million rows
            waiting += 1
            continue
        count += len(cells)
        if number > MOST_ROWS or count > MOST_CELLS:
            raise _too_large(f"{count} cells and more, down to line {number} of the sheet {values.title[:40]!r}")
        yield from ([] for _ in range(waiting))
        waiting = 0
        yield cells


def _shown(cell: Any, formula: Any) -> str:
    """A cell as Excel shows it, as far as names and ids go: with leading zeros, whole numbers without decimals."""
    value = cell.value
    if value is None:
        return NO_RESULT if formula.data_type == "f" else ""
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, int | float):
        return _number(value, cell.number_format or "")
    if isinstance(value, datetime) and not (value.hour or value.minute or value.second):
        value = value.date()
    return value.isoformat() if isinstance(value, date) else str(value)


def _number(value: float, form: str) -> str:
    """A number in a format made of zeros and other signs, such as 0000000 or 000-00; in others its plain digits."""
    if isinstance(value, float) and not value.is_integer():
        return f"{value:.15g}"
    digits, signs = str(int(value)), list(_SIGNS.finditer(form.split(";")[0]))
    zeros = sum(sign.lastgroup == "zero" for sign in signs)
    if value < 0 or not zeros or any(sign.lastgroup == "other" for sign in signs):
        return digits
    # Every 0 is a digit, the last ones first; what is between them stays.
    left, shown = list(digits.rjust(zeros, "0")), []
    for sign in reversed(signs):
        zeros -= sign.lastgroup == "zero"
        if sign.lastgroup == "zero":
            shown.append(left.pop() if zeros else "".join(left))
        else:
            shown.append(sign["one"] or sign["text"] or sign["own"] or "")
    return "".join(reversed(shown))


def _text(rows: Iterable[Sequence[str]]) -> str:
    """All rows as wide as the widest, so that no cell seems to be one too many."""
    found, text = list(rows), io.StringIO()
    width = max(map(len, found), default=0)
    writer = csv.writer(text, lineterminator="\n")
    writer.writerows([*(" ".join(cell.split()) for cell in cells), *[""] * (width - len(cells))] for cells in found)
    return text.getvalue()
