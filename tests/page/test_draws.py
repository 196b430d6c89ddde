"""A page draws what NumPy draws: the same numbers from the same seed, in a real engine."""

from __future__ import annotations

import atexit
import re
from pathlib import Path

import numpy as np
import pytest
from module_engine import returned
from numpy.typing import NDArray
from py_mini_racer import JSEvalException, MiniRacer

Array = NDArray[np.float64]
ENGINE = MiniRacer()
atexit.register(ENGINE.close)
TEXT = (Path(__file__).parents[2] / "bpkit/page/bpkit.js").read_text(encoding="utf-8")
TEXT = re.sub("^export (default)?", lambda found: "const app = " * bool(found[1]), TEXT, flags=re.MULTILINE)
SEEDS = [*range(12), 42, 12345, 10**6, 2**31, 2**32 - 1, 2**32, 2**32 + 1, 2**40 + 7, 2**53 - 1]
EDGE = 3.6541528853610088  # of the ziggurat: beyond is the tail
COUNT = 10_000


def drawn(seed: float, kinds: str = "n", count: int = COUNT, text: str = TEXT) -> Array:
    """So many numbers, n for normal and r for random, the kinds over and over."""
    body = f"""{text}
    const source = draws({seed}), draw = {{n: source.normal, r: source.random}}, kinds = "{kinds}";
    return Array.from({{length: {count}}}, (_, k) => draw[kinds[k % kinds.length]]());"""
    return np.array(returned(ENGINE, body))


def right(seed: int, kinds: str = "n", count: int = COUNT) -> Array:
    rng = np.random.default_rng(seed)
    draw = {"n": rng.normal, "r": rng.random}
    return np.array([draw[kinds[k % len(kinds)]]() for k in range(count)])


def same(ours: Array, theirs: Array) -> bool:
    """Bit for bit; in the tail, where NumPy asks the machine's own log1p, to a unit of the last digit."""
    return bool(np.all((ours == theirs) | ((abs(theirs) > EDGE) & (abs(ours - theirs) <= np.spacing(abs(theirs))))))


def test_normal_numbers() -> None:
    tails = 0
    for seed in SEEDS:
        theirs = right(seed)
        tails += int(np.sum(abs(theirs) > EDGE))
        assert same(drawn(seed), theirs), seed
    assert tails > 20


def test_even_numbers_and_both_in_turn() -> None:
    for seed in SEEDS:
        assert np.array_equal(drawn(seed, "r", 500), right(seed, "r", 500)), seed
        assert same(drawn(seed, "nnr", 3000), right(seed, "nnr", 3000)), seed


def test_numbers_drawn_as_an_array_are_those_drawn_one_by_one() -> None:
    """Data sets draw their noise in one go, weights are drawn singly."""
    assert same(drawn(3, count=400), np.random.default_rng(3).normal(size=(200, 2)).ravel())


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("cf645n", "cf647n"),
        ("0x43b0d7e5", "0x43b0d7e7"),
        ("0x58f38ded", "0x58f38def"),
        ("both >>> 16", "both >>> 15"),
        ("state >> 122n", "state >> 121n"),
        ("<< 1n | 1n", "<< 1n"),
        ("0x100n ? -1 : 1", "0x100n ? 1 : -1"),
        ("distance >> 8n", "distance >> 9n"),
        ("(top - bottom)*", "(top - bottom)*0.99*"),
        ("k === 1 ? 0 : ", ""),
        ("k === 0 ? 1 : ", ""),
        ("2*height > beyond", "2*height > 9*beyond"),
        ("/2**53", "/2**52"),
    ],
)
def test_a_change_is_seen(old: str, new: str) -> None:
    assert old in TEXT
    changed = TEXT.replace(old, new)
    assert not all(same(drawn(seed, "nnr", text=changed), right(seed, "nnr")) for seed in range(8))


def test_a_change_in_any_row_of_the_table_is_seen() -> None:
    rows = re.findall(r'^  "([0-9a-v]{48,108})"', TEXT, re.MULTILINE)
    assert sum(map(len, rows)) == 256 * 12
    theirs = right(0)
    for row in rows:
        other = "1" if row[-2] != "1" else "2"
        assert not same(drawn(0, text=TEXT.replace(row, f"{row[:-2]}{other}{row[-1]}")), theirs), row


@pytest.mark.parametrize("seed", [-1, 0.5, "NaN", 2**53])
def test_a_seed_is_a_whole_number(seed: float) -> None:
    with pytest.raises(JSEvalException, match="seed: expected a whole number from 0"):
        drawn(seed)
