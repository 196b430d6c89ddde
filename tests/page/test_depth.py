"""What the page says of gradients through layers is what Python says, and its axes are Python's."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from module_engine import engine

from bpkit.apps.depth import ONE, TABLE
from bpkit.show.depth_picture import CEILING, FLOOR, LEVEL, TEXTS, change, limits

SPECIAL = [
    [1e-6, 1e-3, 1.0],
    [5.0, 1.0],
    [1.2, 1.0],
    [1.2, 8.0, 0.0, 0.5, 1.0],
    [0.0, 0.0, 1.0],
    [0.0, 0.0],
    [np.inf, 1.0],
    [np.nan, 1.0],
    [1e-200, 1.0],
    [1e-320, 1e305],
    [1.0, 1.0, 1.0],
]
DRAWN = [(10.0 ** np.random.default_rng(seed).uniform(-12, 12, 2 + seed % 7)).tolist() for seed in range(60)]


def called(expression: str) -> Any:
    return json.loads(str(engine().eval(f"JSON.stringify({expression})")))


@pytest.mark.parametrize("sizes", [SPECIAL, DRAWN])
def test_what_becomes_of_sizes_is_pythons_sentence(sizes: list[list[float]]) -> None:
    told = called(f"{json.dumps(sizes)}.map((one) => changeOf({json.dumps(TEXTS)}, one, {LEVEL}))")
    assert told == [change(np.array(one)) for one in sizes]
    cells = called(f"{json.dumps(sizes)}.map((one) => changeOf({json.dumps(TABLE)}, one, {ONE}))")
    assert cells == [change(np.array(one), TABLE, ONE) for one in sizes]


@pytest.mark.parametrize("sizes", [SPECIAL, DRAWN])
def test_the_powers_around_sizes_are_pythons(sizes: list[list[float]]) -> None:
    ends = called(f"{json.dumps(sizes)}.map((one) => decades(one, 4, [{FLOOR}, {CEILING}]))")
    rows = [np.array(one) for one in sizes]
    ours = [limits(row[np.isfinite(row) & (row > 0)]) for row in rows]
    assert np.allclose(np.log10(ends), np.log10(ours), rtol=0, atol=1e-9)
