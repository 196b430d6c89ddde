"""Ten thousand moves of each app, over all of its controls: nothing grows, in a saved page and in a kernel."""

from __future__ import annotations

from pathlib import Path

import pytest
from app_cases import SLIDING, opened
from moves import TICKS, held, sizes
from playwright.sync_api import Page

FIRST, MOVES = 1000, 10_000
CYCLE = 500
LEFT = 1.0  # MB; what leaves 1 kB behind at each move grows by 9


@pytest.mark.parametrize("name", SLIDING)
def test_nothing_grows_in_a_page(page: Page, name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page.set_default_timeout(0)
    first, last = sizes(page, opened(name), tmp_path / "app.html", [FIRST, MOVES], CYCLE)
    with capsys.disabled():
        print(
            f"\n{name}, page: {first.nodes} nodes, {first.listeners} listeners, {first.heap:.2f} MB after {FIRST}; "
            f"{last.nodes}, {last.listeners}, {last.heap:.2f} MB after {MOVES} moves"
        )
    assert last.nodes <= first.nodes + TICKS
    assert last.listeners <= first.listeners
    assert last.heap <= first.heap + LEFT


@pytest.mark.parametrize("name", SLIDING)
def test_nothing_grows_in_a_kernel(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    first, last = held(opened(name), [FIRST, MOVES], CYCLE // 10)
    with capsys.disabled():
        print(f"\n{name}, kernel: {first} blocks of memory after {FIRST} moves, {last - first:+} after {MOVES}")
    assert last - first < (MOVES - FIRST) / 4  # a number that is kept for each move is one for each
