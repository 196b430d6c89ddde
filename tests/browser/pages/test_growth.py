"""Moves of a saved app leave nothing behind in its page; the benchmark of the same name makes many more of them."""

from __future__ import annotations

from pathlib import Path

import pytest
from app_cases import SLIDING, opened
from moves import TICKS, sizes
from playwright.sync_api import Page
from thorough import THOROUGH

FIRST, MOVES = 100, 300
LEFT = 0.3  # MB


@pytest.mark.parametrize("name", SLIDING[:: 1 if THOROUGH else 3])
def test_nothing_grows(page: Page, name: str, tmp_path: Path) -> None:
    first, last = sizes(page, opened(name), tmp_path / "app.html", [FIRST, MOVES], cycle=FIRST)
    assert last.nodes <= first.nodes + TICKS
    assert last.listeners <= first.listeners
    assert last.heap <= first.heap + LEFT
