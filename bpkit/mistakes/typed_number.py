"""Numbers as people type them: one reader for boxes, sheets, marking and the detective. Nothing typed is evaluated.

The digits of a number say how exact it means to be.
"""

from __future__ import annotations

import ast
import math
import re
import unicodedata
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from itertools import pairwise
from numbers import Real
from typing import Any

import numpy as np

from bpkit.core.errors import BpkitError
from bpkit.core.spelling import number_read
from bpkit.mistakes.formula import LENGTH, Formula, read_formula

LARGEST = 300  # powers of ten
LONGEST = 60  # characters of a number; a formula may be longer
EXACT_DIGITS = 3  # of a formula's value: fewer may be a guess as well
MOST_BRACKETS = 60  # of a formula, far below what Python can nest
TELLING_DIGITS = 4  # fewer match some other quantity by chance
FLOAT_DIGITS = 15
MOST_DIGITS = 12  # of a fraction or a formula, whose decimals may go on for ever
_SIGNS = str.maketrans(
    {"−": "-", "–": "-", "‐": "-", "‑": "-", "·": "*", "×": "*", "⋅": "*", "∙": "*", "⁄": "/", "÷": "/", "’": "'"}
    | {"٫": ".", "٬": "'"}
)
_RAISED = re.compile(r"(?<=[\d.)])(⁻?)⁺?([⁰¹²³⁴-⁹]+)")
_FRACTION = re.compile(r"(\d*)( *)([¼-¾⅐-⅞↉]|[⁰¹²³⁴-⁹]+⁄[₀-₉]+)")
# Signs that would become plain digits or letters, in another sense: the kinds of ², ①, ₑ and ㏑, and ⁻ or ₊.
_UNPLAIN, _SMALL = {"No", "Lm", "So"}, "⁺⁻⁼⁽⁾₊₋₌₍₎"
_POWER = r"(?:[eE]|\*10(?:\^|\*\*))\(?([+-]?\d+)\)?"
_NUMBER = re.compile(rf"([+-]?(?:\d+\.?\d*|\.\d+))(?:{_POWER})?")
_RATIO = re.compile(r"([+-]?\d{1,15})/(\d{1,15})")
_TEN = re.compile(r"^([+-]?)10(?=(?:\^|\*\*)\(?-)")
_GROUPS = re.compile(r"(?:(?<![\d.,])\d{1,3}|(?<=[.,])\d{3})(?:[ ']\d{3})+(?!\d)")
_GROUPED = re.compile(r"[+-]?\d{1,3}(?:([,.])\d{3})(?:\1\d{3})*(?!\1)[,.]\d*")
_PART = re.compile(
    r"(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?|(?:(?:np|numpy|math)\.)?(?:exp|log|ln|tanh|sqrt|abs|sigmoid|relu)(?= *\()"
    r"|e(?=\^|\*\*)|[-+*/^() ]"
)
_FORMULA = re.compile(r"[()^]|\*\*|exp")
_PLAIN = re.compile(r"[+\-−]?(?:\d+\.?\d*|\.\d+)(?:[eE][+\-−]?\d+)?")
# What may stand before the last "=": a quantity's name or the working, never a sentence with another number in it.
_NAMED = re.compile(r"[\w/∂Δδ(){}.,'*+^-]*")


class NotANumber(BpkitError):
    """What was typed is no number; ``said`` is the sentence for the person who typed it."""

    def __init__(self, got: str, do: str = "type it like 0.0851 or 1/3") -> None:
        super().__init__(f"answer: expected a number such as 0.0851, 8.51e-2 or 1/3, got {got}; {do}")
        self.said = f"I cannot read {got} as a number. {do[0].upper()}{do[1:]}."


def advice(typed: str) -> str:
    """What to do about a text that cannot be read as a number.

    >>> advice("1/(1+exp(-0.6)")
    'check the brackets: a ) is missing'
    """
    opened, closed = typed.count("("), typed.count(")")
    if opened != closed:
        return f"check the brackets: a {')' if opened > closed else '('} is missing"
    if re.search(r"[\d)] *\(", typed):
        return "put a * before the bracket"
    if _FORMULA.search(typed):
        return "type a calculation like 1/(1+exp(-0.6))"
    return "type it like 0.0851 or 1/3"


@dataclass(frozen=True)
class Figure:
    """A number as it was typed: its ``value``, the ``unit`` of its last digit, its count of significant ``digits``.

    ``exact`` says that it is a formula whose value has some digits, and leaves none open.
    """

    text: str
    value: float
    unit: float
    digits: int
    exact: bool = False

    @property
    def judged(self) -> Figure:
        """The figure as answers are judged: one that is exact has all its digits."""
        if not self.exact:
            return self
        return replace(self, unit=abs(self.value) * 1e-12 or 1e-12, digits=MOST_DIGITS)

    @property
    def decimals(self) -> int:
        """Digits after the point, 0 for whole numbers."""
        return max(0, -round(math.log10(self.unit)))

    @property
    def telling(self) -> bool:
        """Has it so many digits that another quantity has the same ones hardly by chance?"""
        return self.digits >= TELLING_DIGITS and not (self.exact and float(f"{self.value:.3g}") == self.value)

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
    """The number in what was typed: ``0.0851``, ``8.51e-2``, ``8.51·10⁻²``, ``0,0851``, ``1 000.5``, ``3/7``, ``1½``,
    ``dE/dw5 = 0.0851``, ``0.25*0.1 + exp(-1)``, ``e^-1``, ``0.5²``; or in a number of a program.

    A fraction or a formula has the digits of its decimal; a formula is judged as exact. Raises ``NotANumber`` for
    what is no finite number, and for numbers beyond any use.
    """
    if isinstance(value, str):
        return _typed(value)
    if isinstance(value, np.floating | Decimal):
        return _text(str(value), value)
    if isinstance(value, Fraction):
        try:
            if not value or 10.0**-LARGEST < abs(float(value)) < 10.0**LARGEST:
                return _ratio(str(value), value)
        except (OverflowError, ValueError):  # Python writes no number of thousands of digits
            pass
        raise NotANumber("a fraction too large, too small or too long")
    if isinstance(value, Real) and not isinstance(value, bool | np.bool_):
        try:
            return _text(repr(float(value)), value)
        except OverflowError:
            raise NotANumber(f"a whole number of {len(hex(value)) - 2} hexadecimal digits") from None  # type: ignore[arg-type]
    if isinstance(value, tuple | list) and len(value) == 2 and all(type(one) is int for one in value):
        # What Python makes of a decimal comma.
        pair = ", ".join(str(one) if abs(one) < 10**LONGEST else ".." for one in value)
        raise NotANumber(f"the pair {pair}", "write a point instead of the comma, like 0.5")
    raise NotANumber(str(value) if value is None or isinstance(value, bool | np.bool_) else f"a {type(value).__name__}")


def taken(typed: str) -> str:
    """What was read of what was typed, where that is another way to write it: a formula, a fraction, a comma.

    >>> taken("1/4"), taken("0.25")
    ('I read it as 0.25.', '')
    """
    try:
        figure = read(typed)
    except NotANumber:
        return ""
    return "" if _PLAIN.fullmatch(figure.text) else f"I read it as {number_read(figure.value)}."


@lru_cache(maxsize=256)
def _typed(text: str) -> Figure:
    return _text(text)


def _text(typed: str, value: Any = None) -> Figure:
    shown = typed.strip()
    if len(shown) > LENGTH:
        raise NotANumber(f"{len(shown)} characters", advice(shown))
    text = _plain(shown)
    if match := _RATIO.fullmatch(text):
        if not int(match[2]):
            raise NotANumber(f"{shown!r}, a division by zero")
        return _ratio(shown, Fraction(int(match[1]), int(match[2])))
    match = _NUMBER.fullmatch(text)
    if not match:
        return _formula(shown, text)
    if len(text) > LONGEST:
        raise NotANumber(f"{len(text)} digits")
    mantissa, exponent = match[1], int(match[2] or 0)
    number = Decimal(mantissa)
    size = exponent + (number.adjusted() if number else 0)
    if size >= LARGEST or (number and size <= -LARGEST):
        raise NotANumber(repr(shown[:60]))
    places = len(mantissa.partition(".")[2])
    unit = 10.0 ** max(exponent - places, -LARGEST)
    digits = len(mantissa.lstrip("+-").replace(".", "").lstrip("0")) or 1
    if value is not None and text.endswith(".0"):  # a float writes a point that nobody typed
        unit, digits = 1.0, max(1, digits - 1)
    return Figure(shown, float(f"{mantissa}e{exponent}"), unit, digits)


def _plain(typed: str) -> str:
    """The number itself, in Python's signs: without its name, without spaces, with a point."""
    shown = "".join(_digit(c) for c in typed if unicodedata.category(c) != "Cf")
    shown = _RAISED.sub(_power, _FRACTION.sub(_parted, shown))
    if any(c in _SMALL or unicodedata.category(c) in _UNPLAIN for c in re.split("[=＝]", shown)[-1]):
        raise NotANumber(repr(typed[:60]), advice(typed))
    text = unicodedata.normalize("NFKC", shown).translate(_SIGNS)
    text = re.sub(r"(?<=[\d.]) *[xX] *(?=10 *(?:\^|\*\*))", "*", text)
    *names, text = re.sub(r" *([=/*+^-]) *", r"\1", text).split("=")
    if not all(_NAMED.fullmatch(name.strip()) for name in names):
        raise NotANumber(repr(typed[:60]), advice(typed))
    text = _GROUPS.sub(lambda found: re.sub("[ ']", "", found[0]), text.strip().lstrip("≈~ "))
    if grouped := _GROUPED.fullmatch(text):
        text = text.replace(grouped[1], "")
    return _TEN.sub(r"\g<1>1*10", re.sub(r",(?=\d)", ".", text))


def _digit(sign: str) -> str:
    """A digit of another script in ours, whatever separates words as a space; other signs as they are."""
    return str(unicodedata.decimal(sign)) if sign.isdecimal() else " " if sign.isspace() else sign


def _parted(found: re.Match[str]) -> str:
    """½ as (1/2), 1½ as (1+1/2); after more than a whole number ½ stays apart and is refused later."""
    whole, gap, part = found[1], found[2], unicodedata.normalize("NFKC", found[3])
    if whole and not re.search(r"[\w.,'٫]$", found.string[: found.start()]):
        return f"({whole}+{part})"
    return f"{whole}{gap}({part})"


def _power(found: re.Match[str]) -> str:
    return f"^({'-' * len(found[1])}{unicodedata.normalize('NFKC', found[2])})"


def _ratio(shown: str, ratio: Fraction) -> Figure:
    """A fraction, with the digits of its decimal; one that goes on for ever is as exact as any number here."""
    rest = ratio.denominator
    for factor in (2, 5):
        while not rest % factor:
            rest //= factor
    return replace(_decimal(shown, float(ratio), MOST_DIGITS if rest == 1 else 0), exact=False)


def put_in(figure: Figure, given: Collection[float]) -> Figure | None:
    """A formula as exact as the numbers in it, where the given and the whole ones are not rounded.

    None for what is no formula, and where no number in it is rounded.
    """
    try:
        text = _plain(figure.text.strip())
        formula = None if _NUMBER.fullmatch(text) or _RATIO.fullmatch(text) else _arithmetic(figure.text, text)
    except NotANumber:
        return None
    if formula is None:
        return None
    off, fewest = 0.0, MOST_DIGITS
    for part in ast.walk(formula.tree):
        if isinstance(part, ast.Constant) and isinstance(part.value, float) and part.value not in given:
            value, shown = part.value, Decimal(repr(part.value)).normalize()
            if value.is_integer():
                continue
            part.value = value + 10.0 ** int(shown.as_tuple().exponent)  # cut off, or rounded and half as far off
            off += abs(formula.at({}) - figure.value)
            part.value = value
            fewest = min(fewest, len(shown.as_tuple().digits))
    rounded = 1e-11 * abs(figure.value) < off < math.inf
    return replace(figure, unit=2 * off, digits=fewest, exact=False) if rounded else None


def _arithmetic(shown: str, text: str) -> Formula:
    plain = re.sub(r"(?<![\w.])0+(?=\d)", "", text.removeprefix("'"))  # 05 is no number of Python's
    try:
        if _PART.sub("", plain) or plain.count("(") > MOST_BRACKETS:
            raise BpkitError("number: expected plain arithmetic")
        return read_formula(plain, frozenset())
    except BpkitError:
        raise NotANumber(repr(shown[:60]), advice(shown)) from None


def _formula(shown: str, text: str) -> Figure:
    """Plain arithmetic on numbers, worked out by the kit's own reader."""
    formula = _arithmetic(shown, text)
    # From the inside out, so that nothing goes on with a complex or an infinite number.
    steps = [part for part in ast.walk(formula.tree) if isinstance(part, ast.BinOp | ast.Call)][::-1]
    finite = all(math.isfinite(Formula(formula.text, step).at({})) for step in steps)
    value = formula.at({}) if finite else math.inf
    if abs(value) >= 10.0**LARGEST:
        raise NotANumber(f"{shown[:60]!r}, which has no finite value", advice(shown))
    if 0 < abs(value) <= 10.0**-LARGEST:
        raise NotANumber(repr(shown[:60]), advice(shown))
    found = _decimal(shown, value, MOST_DIGITS)
    return replace(found, exact=found.digits >= EXACT_DIGITS)


def _decimal(shown: str, value: float, digits: int) -> Figure:
    """A value that was not typed digit by digit; ``digits`` is how many its decimal may need, 0 for one without end."""
    short = Decimal(f"{value:.{MOST_DIGITS - 1}e}").normalize()
    needed = max(len(short.as_tuple().digits), short.adjusted() + 1)
    if not digits or needed >= MOST_DIGITS:
        return Figure(shown, value, abs(value) * 1e-12 or 1e-12, MOST_DIGITS, True)
    return Figure(shown, value, 10.0 ** min(int(short.as_tuple().exponent), 0), max(needed, 1), True)


# Slips of the pen


def digit_missing(figure: Figure, exact: float) -> bool:
    """Is it the exact number with one of its digits left out in between?

    >>> digit_missing(read("0.2334284").judged, exact=0.233452838)
    True
    """
    count = figure.digits
    if figure.exact or count <= TELLING_DIGITS or not figure.value or count > FLOAT_DIGITS:
        return False
    typed, _, size = f"{figure.value:.{count - 1}e}".partition("e")
    whole, _, same = f"{exact:.{count}e}".partition("e")
    places = range(whole.index(".") + 1, len(whole))
    return size == same and any(whole[:place] + whole[place + 1 :] == typed for place in places)


def scaled(figure: Figure, power: int) -> Figure:
    """The size of a figure with its point moved by so many places.

    >>> scaled(read("85.1").judged, 3).value
    0.0851
    """
    factor = 10.0**power
    return Figure(figure.text, abs(figure.value) / factor, figure.unit / factor, figure.digits)


def pen_slips(figure: Figure) -> Iterator[tuple[str, Figure]]:
    """The figure with two neighbouring digits exchanged, or one left out, and words for it.

    Whatever its spelling, the digits are those of its decimal, never those of a name or of a power of ten.

    >>> [words for words, figure in pen_slips(read("0.2335").judged)]
    ['with the digits 0 and 2 exchanged', 'with the digits 2 and 3 exchanged', 'with the digits 3 and 5 exchanged']
    """
    if figure.exact or not TELLING_DIGITS <= figure.digits <= FLOAT_DIGITS:
        return
    text = f"{figure.value:.{figure.decimals}f}"
    places = [i for i, sign in enumerate(text) if sign.isdigit()]
    for one, other in pairwise(places):
        if text[one] != text[other]:
            signs = list(text)
            signs[one], signs[other] = signs[other], signs[one]
            yield f"with the digits {text[one]} and {text[other]} exchanged", read("".join(signs))
    for place in places if figure.digits > TELLING_DIGITS else ():
        yield f"without one digit, as {text[:place] + text[place + 1 :]}", read(text[:place] + text[place + 1 :])
