"""Ten thousand moves of each app, over all of its controls: nothing grows, in a saved page and in a kernel."""

from __future__ import annotations

from pathlib import Path

import pytest
from app_cases import SLIDING, opened
from measurements import Table
from moves import TICKS, held, sizes
from playwright.sync_api import Page

FIRST, MOVES = 1000, 10_000
CYCLE = 500
LEFT = 1.0  # MB; what leaves 1 kB behind at each move grows by 9


@pytest.mark.parametrize("name", SLIDING)
def test_nothing_grows_in_a_page(page: Page, name: str, tmp_path: Path, table: Table) -> None:
    page.set_default_timeout(0)
    first, last = sizes(page, opened(name), tmp_path / "app.html", [FIRST, MOVES], CYCLE)
    grown, before = f"of a page from {FIRST} to {MOVES} moves of all controls", f"{name}, {first.heap:.2f} MB before"
    table.row(f"growth {grown}", last.heap - first.heap, unit=" MB", most=LEFT, figures=before)
    table.row(f"new nodes {grown}", last.nodes - first.nodes, most=TICKS, figures=f"{name}, {first.nodes} before")
    table.row(f"new listeners {grown}", last.listeners - first.listeners, most=0, figures=name)


@pytest.mark.parametrize("name", SLIDING)
def test_nothing_grows_in_a_kernel(name: str, table: Table) -> None:
    first, last = held(opened(name), [FIRST, MOVES], CYCLE // 10)
    # A number that is kept for each move is a block for each.
    table.row(f"new blocks of memory of a kernel for each move, from {FIRST} to {MOVES}",
              (last - first) / (MOVES - FIRST), most=0.25, figures=f"{name}, {first} before")  # fmt: skip
