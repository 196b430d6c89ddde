"""Numbers to so many significant digits, and how far rounding on paper can carry an answer away."""

from __future__ import annotations

from bpkit.core.paper import half_unit as half_unit
from bpkit.core.paper import paper_slack as paper_slack


def rounded(value: float, digits: int) -> float:
    """A number to so many significant digits."""
    return float(f"{value:.{digits - 1}e}")


def significant(value: float) -> int:
    """How many significant digits a number needs to be written down, twelve at most: 3 for 0.0851."""
    return len(f"{value:.11e}".partition("e")[0].strip("-").replace(".", "").rstrip("0")) or 1
