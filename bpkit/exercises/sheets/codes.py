"""The code on a sheet of paper, such as ``3F9A-20C1``: short enough to type, and it brings back whose sheet it is."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING

from bpkit.core.errors import BpkitError

if TYPE_CHECKING:
    from bpkit.exercises.sheets.cohort import Seat
    from bpkit.exercises.sheets.key import Key

LENGTH = 8  # hexadecimal digits: no letters O, I or L, which people read as 0 and 1
# What people read and type for a digit of a code. 8 and B, 0 and D are both digits, and look alike in handwriting.
_READ_AS = str.maketrans("OQDILSZGB", "000115268")


def code(fingerprint: str) -> str:
    """The code of a sheet with that fingerprint.

    >>> code("01ab23cd45ef6789")
    '01AB-23CD'
    """
    digits = fingerprint[:LENGTH].upper()
    return f"{digits[: LENGTH // 2]}-{digits[LENGTH // 2 :]}"


def with_code(key: Key, typed: str) -> tuple[Seat, ...]:
    """The learners whose sheet has that code, however it was typed; several where their sheets ask the same.

    Raises ``BpkitError`` where the key has no such sheet.
    """
    codes = {code(mark): seats for mark, seats in key.by_fingerprint.items()}
    exact = [seats for own, seats in codes.items() if _signs(own) == _signs(typed)]
    alike = [seats for own, seats in codes.items() if _loose(own) == _loose(typed)]
    found = tuple(seat for seats in exact or alike for seat in seats)
    if not found:
        near = get_close_matches(typed.upper(), codes, n=3, cutoff=0.7)
        advice = f"did you mean {' or '.join(near)}?" if near else "it is at the top and at the foot of each sheet"
        raise BpkitError(f"code: expected the code of a sheet in this key, got {typed[:40]!r}; {advice}")
    return found


def _signs(text: str) -> str:
    """The letters and digits of a code: dashes and spaces of any kind are passed over."""
    return "".join(filter(str.isalnum, text.upper())).replace("O", "0")


def _loose(text: str) -> str:
    return _signs(text).translate(_READ_AS)
