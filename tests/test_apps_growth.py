"""Moves of an app by code leave nothing behind in the kernel; the benchmark of growth makes many more of them."""

from __future__ import annotations

import pytest
from moves import APPS, held, opened

QUICK = [name for name in APPS if name != "depth"]  # its large networks take seconds to write out


@pytest.mark.parametrize("name", QUICK)
def test_nothing_grows(name: str) -> None:
    first, last = held(opened(name), [40, 120], cycle=10)
    assert last.objects <= first.objects + 10
