"""What a learner typed, as a number: text or a number, decimal comma, powers of ten; nothing is ever run."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

import numpy as np

from bpkit.core.errors import BpkitError

_NUMBER = re.compile(r"([+-]?)(\d*)(?:[.,](\d*))?(?:(?:[eE]|[*·×x]10(?:\*\*|\^))\(?([+-]?\d{1,3})\)?)?")


@dataclass(frozen=True)
class Typed:
    """A number and how many significant digits of it were written; digits is None for a number from a program."""

    value: float
    digits: int | None = None


def read_number(given: object) -> Typed:
    """The number in ``0.0851``, ``"0,0851"``, ``"8.51·10^-2"`` or ``"dE/dw5 = 0.0851"``.

    Raises ``BpkitError`` for anything else, and for what is not finite.
    """
    if isinstance(given, bool | np.bool_) or given is None:
        raise BpkitError(f"answer: expected a number, got {given}; write it like 0.0851")
    if isinstance(given, int | float | np.integer | np.floating):
        try:
            value = float(given)
        except OverflowError:
            value = math.inf
        if not math.isfinite(value):
            raise BpkitError(f"answer: expected a finite number, got {value}; write it like 0.0851")
        return Typed(value)
    if not isinstance(given, str):
        raise BpkitError(f"answer: expected a number, got a {type(given).__name__}; write it like 0.0851")
    text = given[:200].replace("−", "-").replace("–", "-").rpartition("=")[2]
    text = re.sub(r"\s", "", text)
    found = _NUMBER.fullmatch(text)
    if len(given) > 200 or not found or not (found[2] or found[3]):
        raise BpkitError(f"answer: expected a number, got {given[:40]!r}; write it like 0.0851 or 8.51e-2")
    sign, whole, part, exponent = found.groups()
    value = float(f"{sign}{whole or 0}.{part or 0}e{exponent or 0}")
    if not math.isfinite(value):
        raise BpkitError(f"answer: expected a finite number, got {given[:40]!r}; write it like 0.0851")
    return Typed(value, len((whole + (part or "")).lstrip("0")) or 1)
