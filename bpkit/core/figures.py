"""Numbers as people type them: their digits say how exact they mean to be. Nothing typed is ever evaluated."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from numbers import Real
from typing import Any

import numpy as np

from bpkit.core.errors import BpkitError

LONGEST = 60  # characters
LARGEST = 300  # powers of ten
_MINUS = str.maketrans({"−": "-", "–": "-", "·": "*", "×": "*", "\N{NO-BREAK SPACE}": " "})
_NUMBER = re.compile(r"([+-]?(?:\d+\.?\d*|\.\d+))(?:\s*(?:[eE]|\*\s*10\s*(?:\^|\*\*)\s*)\(?([+-]?\d{1,4})\)?)?")
_RATIO = re.compile(r"([+-]?\d{1,15})\s*/\s*(\d{1,15})")


@dataclass(frozen=True)
class Figure:
    """A number as it was typed: its ``value``, the ``unit`` of its last digit, its count of significant ``digits``."""

    text: str
    value: float
    unit: float
    digits: int

    @property
    def decimals(self) -> int:
        """Digits after the point, 0 for whole numbers."""
        return max(0, -round(math.log10(self.unit)))

    def rounds(self, exact: float) -> bool:
        """Does the exact number, rounded to the digits typed, give this one?"""
        if not self.value and exact and self.unit > 0.01:
            return False  # a bare 0 says nothing of small numbers
        return abs(exact - self.value) <= 0.5 * self.unit * (1 + 1e-9) + self._noise

    def cuts(self, exact: float) -> bool:
        """Does the exact number, cut off after the digits typed, give this one?"""
        past = abs(exact) - abs(self.value)
        return exact * self.value > 0 and -self._noise <= past < self.unit

    def holds(self, exact: float) -> bool:
        """Rounded or cut off, is this the exact number?"""
        return self.rounds(exact) or self.cuts(exact)

    @property
    def _noise(self) -> float:
        # What floats lose when the same number is computed in another order.
        return 1e-11 * abs(self.value)


def read(value: Any) -> Figure:
    """A number, or the text of one: ``0.0851``, ``8.51e-2``, ``-.0851``, ``0,0851``, ``3/7``.

    Raises ``BpkitError`` for what is no finite number, and for numbers beyond any use.
    """
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, np.floating | Decimal):
        return _text(str(value), value)
    if isinstance(value, Fraction):
        return _exactly(str(value), float(value))
    if isinstance(value, Real) and not isinstance(value, bool | np.bool_):
        try:
            return _text(repr(float(value)), value)
        except OverflowError:
            raise _refuse(f"a whole number of {len(hex(value)) - 2} hexadecimal digits") from None  # type: ignore[arg-type]
    raise _refuse(repr(value)[:LONGEST])


def _text(typed: str, value: Any = None) -> Figure:
    text = typed.translate(_MINUS).strip()
    if len(text) > LONGEST:
        raise _refuse(f"{len(text)} characters")
    if match := _RATIO.fullmatch(text):
        if not int(match[2]):
            raise _refuse(f"{typed!r}, a division by zero")
        return _exactly(typed.strip(), int(match[1]) / int(match[2]))
    if re.fullmatch(r"[+-]?\d*,\d+([eE][+-]?\d+)?", text):
        text = text.replace(",", ".")  # a decimal comma
    match = _NUMBER.fullmatch(text)
    if not match:
        raise _refuse(repr(typed if value is None else value))
    mantissa, exponent = match[1], int(match[2] or 0)
    number = Decimal(mantissa)
    if number and not -LARGEST < number.adjusted() + exponent < LARGEST:
        raise _refuse(repr(typed))
    places = len(mantissa.partition(".")[2])
    unit = 10.0 ** max(exponent - places, -LARGEST)
    digits = len(mantissa.lstrip("+-").replace(".", "").lstrip("0")) or 1
    if value is not None and text.endswith(".0"):  # a float writes a point that nobody typed
        unit, digits = 1.0, max(1, digits - 1)
    return Figure(typed.strip(), float(f"{mantissa}e{exponent}"), unit, digits)


def _exactly(text: str, value: float) -> Figure:
    return Figure(text, value, abs(value) * 1e-12 or 1e-12, 12)


def _refuse(got: str) -> BpkitError:
    return BpkitError(f"diagnose: expected a number such as 0.0851 or 8.51e-2, got {got}; type its digits")
