"""A number as it was typed: what its digits mean, rounded and cut off, at the edges."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest

from bpkit.core.figures import read


@pytest.mark.parametrize(
    ("typed", "value", "unit", "digits", "decimals"),
    [
        ("0.0851", 0.0851, 1e-4, 3, 4),
        ("8.51e-2", 0.0851, 1e-4, 3, 4),
        ("8.51 × 10^(-2)", 0.0851, 1e-4, 3, 4),
        ("−,0851", -0.0851, 1e-4, 3, 4),
        ("100", 100, 1, 3, 0),
        ("1e3", 1000, 1000, 1, 0),
        ("0", 0, 1, 1, 0),
        ("0.00", 0, 0.01, 1, 2),
        (2.0, 2, 1, 1, 0),
        (2, 2, 1, 1, 0),
        (Decimal("0.50"), 0.5, 0.01, 2, 2),
        ("3/8", 0.375, 0.375e-12, 12, 12),
        (Fraction(3, 8), 0.375, 0.375e-12, 12, 12),
        ("0/8", 0, 1e-12, 12, 12),
    ],
)
def test_what_the_digits_say(typed: Any, value: float, unit: float, digits: int, decimals: int) -> None:
    figure = read(typed)
    assert figure.value == pytest.approx(value, rel=1e-15)
    assert figure.unit == pytest.approx(unit, rel=1e-12)
    assert (figure.digits, figure.decimals) == (digits, decimals)


@pytest.mark.parametrize(
    ("typed", "exact", "rounded", "cut"),
    [
        ("2", 2.0, True, True),
        ("2", 2.5, True, True),  # a half may go either way
        ("2", 1.5, True, False),
        ("2", 2.6, False, True),
        ("2", 3.0, False, False),
        ("2", 1.4, False, False),
        ("-2", -2.6, False, True),
        ("-2", 2.6, False, False),
        ("-2", -1.6, True, False),
        ("0.3", 0.3 * (1 - 1e-12), True, True),  # computed in another order
        ("0.3", 0.3 * (1 - 1e-9), True, False),
        ("0.3", 0.35 + 1e-12, True, True),
        ("0.3", 0.3501, False, True),
        ("0", 0.0, True, False),
        ("0", 0.001, False, False),  # a bare 0 says nothing of small numbers
        ("0.00", 0.001, True, False),
        ("0.0", 0.001, False, False),
        ("1/3", 1 / 3 + 1e-14, True, True),
        ("1/3", 0.3333, False, False),
        ("0/3", 1e-13, True, False),
        ("0/3", 1e-11, False, False),
    ],
)
def test_rounded_or_cut_off(typed: str, exact: float, rounded: bool, cut: bool) -> None:
    figure = read(typed)
    assert (figure.rounds(exact), figure.cuts(exact)) == (rounded, cut)
    assert figure.holds(exact) == (rounded or cut)
