"""How long a class list takes that is long, or whose sheet is formatted down to its last row."""

from __future__ import annotations

import io
import time
from collections.abc import Callable
from statistics import median

from measurements import Table
from openpyxl import Workbook

from bpkit.exercises.sheets.roster import opened, read_roster
from bpkit.exercises.sheets.tables import table_text

NAMES = ["Name", *(f"{first} {number}" for number in range(40_000) for first in ("Hélène Dubois", "Zoë Lefèvre"))]


def seconds(work: Callable[[], object], times: int = 5) -> float:
    def once() -> float:
        start = time.process_time()
        work()
        return time.process_time() - start

    return median(once() for _ in range(times))


def workbook(last: str) -> bytes:
    made = Workbook()
    for row in (["Name", "id"], *([f"Ada {number}", number] for number in range(300))):
        made.active.append(row)
    made.active[last].number_format = "0"
    file = io.BytesIO()
    made.save(file)
    return file.getvalue()


def test_a_long_list_in_another_encoding(table: Table) -> None:
    other, usual = ("\n".join(NAMES).encode(encoding) for encoding in ("cp1252", "utf-8"))
    took = seconds(lambda: table_text(other))
    assert table_text(other) == table_text(usual)
    table.row(f"reading {len(NAMES) - 1} names in a country's encoding", took, unit=" s", most=2)


def test_a_sheet_formatted_down_to_its_last_row(table: Table) -> None:
    content = workbook("B1048576")
    took = seconds(lambda: read_roster(opened(content).text))
    assert len(read_roster(opened(content).text).people) == 300
    table.row("reading a workbook that is formatted down to its last row", took, unit=" s", most=2, figures="300 names")
