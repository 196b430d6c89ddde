"""How close a number is to the right one, by its digits: right, right up to rounding, or with too few digits."""

from __future__ import annotations

from bpkit.mistakes.evidence import HAIR
from bpkit.mistakes.hand_rounding import half_unit
from bpkit.mistakes.typed_number import Figure
from bpkit.mistakes.verdict import at_least

ENOUGH_DIGITS = 4  # where none are asked: a number that agrees in so many was computed with enough on the way
LEAST_DIGITS = 2  # correctly rounded: fewer say nothing
ONE_MORE = "So far right; one more digit, please."
TOO_FEW = "Too few digits to tell."


def standing(figure: Figure, exact: float, digits: int, slack: float) -> tuple[str, str] | None:
    """Verdict and message for a number that is right to the digits asked, or up to rounding on the way; else None.

    >>> standing(Figure("0.23", 0.23, unit=0.01, digits=2), exact=0.2334528, digits=3, slack=0.0)
    ('few_digits', 'So far right; one more digit, please.')
    """
    off = abs(figure.value - exact)
    if off <= half_unit(exact, digits) * HAIR:
        return "correct", "Right."
    if figure.digits < digits and figure.rounds(exact):
        return "few_digits", _more(figure, exact, digits)
    if off <= slack:
        return "rounded", "Right, up to rounding. Keep more digits on the way."
    if figure.digits < digits and figure.cuts(exact):
        return "few_digits", _more(figure, exact, digits)
    return ("rounded", cut_off(figure, exact)) if figure.cuts(exact) else None


def close_enough(exact: float, off: float) -> str:
    """What to say about a number that rounding moved so little that you need not keep more digits; else nothing.

    >>> close_enough(0.2334528, off=0.00001), close_enough(0.2334528, off=0.001)
    ('Right, up to rounding.', '')
    """
    return "Right, up to rounding." if off <= half_unit(exact, ENOUGH_DIGITS) * HAIR else ""


def _more(figure: Figure, exact: float, digits: int) -> str:
    """What is said of digits that fit and are fewer than asked: a single one, or the last one cut off, may be luck."""
    if figure.digits < LEAST_DIGITS or not figure.rounds(exact):
        return f"{TOO_FEW} {at_least(digits)}"
    if digits - figure.digits == 1:
        return ONE_MORE
    return f"So far right; the question asks for {digits} significant digit{'s' * (digits > 1)}."


def cut_off(figure: Figure, exact: float) -> str:
    """What is said of a number whose last digits were cut off.

    >>> cut_off(Figure("0.623633", 0.623633, unit=1e-6, digits=6), exact=0.6236336)
    'Right, but you cut it off. Rounded, it is 0.623634.'
    """
    rounded = f"{exact:.{figure.decimals}f}".replace("-", "−")
    return f"Right, but you cut it off. Rounded, it is {rounded}."
