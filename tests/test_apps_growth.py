"""Moves of an app by code leave nothing behind in the kernel; the benchmark of growth makes more, of every app."""

from __future__ import annotations

import pytest
from app_cases import SLIDING, opened
from moves import held

# They train, write out the lines of large networks, or derive anew with each move, and the last of these are kept.
SLOW = ("boundary", "cost", "depth", "descent", "rules", "variety")
FIRST, MOVES = 200, 800


@pytest.mark.parametrize("name", [name for name in SLIDING if name not in SLOW])
def test_nothing_grows(name: str) -> None:
    first, last = held(opened(name), [FIRST, MOVES], cycle=20)
    assert last - first < MOVES - FIRST  # not a number for each move
