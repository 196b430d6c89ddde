"""A number as it was typed: what its digits mean, rounded and cut off, at the edges."""

from __future__ import annotations

import math
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from thorough import examples

from bpkit.mistakes.typed_number import NotANumber, digit_missing, pen_slips, read, scaled


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
        ("3/8", 0.375, 1e-3, 3, 3),
        (Fraction(3, 8), 0.375, 1e-3, 3, 3),
        ("0/8", 0, 1, 1, 0),
        ("1/2", 0.5, 0.1, 1, 1),  # says as much as 0.5
        ("½", 0.5, 0.1, 1, 1),
        ("3/7", 3 / 7, 3 / 7 * 1e-12, 12, 12),
        ("dE/dw5 = 0.0851", 0.0851, 1e-4, 3, 4),
        ("∂E/∂w₅ = 0.0851", 0.0851, 1e-4, 3, 4),
        ("8.51x10^-2", 0.0851, 1e-4, 3, 4),
        ("8.51 x 10^-2", 0.0851, 1e-4, 3, 4),
        ("8.51 X 10**(-2)", 0.0851, 1e-4, 3, 4),
        ("8.51·10⁻²", 0.0851, 1e-4, 3, 4),
        ("8,51·10^-2", 0.0851, 1e-4, 3, 4),
        ("1 000.5", 1000.5, 0.1, 5, 1),
        ("1,000.5", 1000.5, 0.1, 5, 1),
        ("1.000,5", 1000.5, 0.1, 5, 1),
        ("1’000.5", 1000.5, 0.1, 5, 1),
        ("0.1409 * 0.5", 0.07045, 1e-5, 4, 5),
        ("0,25·0,1 + 0,45", 0.475, 1e-3, 3, 3),
        ("0.25*0.1 + 0.45 = 0.475", 0.475, 1e-3, 3, 3),
        ("np.exp(0) / 4", 0.25, 0.01, 2, 2),
        # Without end, however near to a short decimal.
        ("150000000000001/300000000000000", 0.5 + 1e-14 / 3, 5e-13, 12, 12),
        ("123*457", 56211, 1, 5, 0),
        ("sqrt(2)", 2**0.5, 2**0.5 * 1e-12, 12, 12),
        # Raised digits, and fractions in one sign.
        *(("0.5²", 0.25, 0.01, 2, 2), ("3²", 9, 1, 1, 0), ("-2²", -4, 1, 1, 0), ("(−2)²", 4, 1, 1, 0)),
        *(("10⁻³", 1e-3, 1e-3, 1, 3), ("2·10⁻³", 2e-3, 1e-3, 1, 3), ("-10⁻¹²", -1e-12, 1e-12, 1, 12)),
        *(("2⁻¹", 0.5, 0.1, 1, 1), ("2⁺³", 8, 1, 1, 0), ("1/2²", 0.25, 0.01, 2, 2), ("E₁ = ½·0.3²", 0.045, 1e-3, 2, 3)),
        *(("1½", 1.5, 0.1, 2, 1), ("1 ½", 1.5, 0.1, 2, 1), ("-1½", -1.5, 0.1, 2, 1), ("2 - 1½", 0.5, 0.1, 1, 1)),
        *(("½²", 0.25, 0.01, 2, 2), ("1/½", 2, 1, 1, 0), ("³⁄₄", 0.75, 0.01, 2, 2), ("2³⁄₄", 2.75, 0.01, 3, 2)),
        # Other scripts and spaces.
        *(("１２．５", 12.5, 0.1, 3, 1), ("٠٫٢٥", 0.25, 0.01, 2, 2), ("-२", -2, 1, 1, 0), ("2 ÷ 4", 0.5, 0.1, 1, 1)),
        *(("1\u00a0000.5", 1000.5, 0.1, 5, 1), ("1\u202f000", 1000, 1, 4, 0), ("0.123 456", 0.123456, 1e-6, 6, 6)),
        # A whole number that came out has all its digits.
        *(("1e2*3", 300, 1, 3, 0), ("100*3", 300, 1, 3, 0), ("600/2", 300, 1, 3, 0), ("1e5^3", 1e15, 1e3, 12, 0)),
        ("05*2", 10, 1, 2, 0),
        ("0e-400", 0, 1e-300, 1, 300),
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
    ],
)
def test_rounded_or_cut_off(typed: str, exact: float, rounded: bool, cut: bool) -> None:
    figure = read(typed)
    assert (figure.rounds(exact), figure.cuts(exact)) == (rounded, cut)
    assert figure.holds(exact) == (rounded or cut)


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        *(("0.5 0.6", "'0.5 0.6'"), ("12 34", "'12 34'"), ("7.045%", "'7.045%'"), ("0x10", "'0x10'")),
        *(("", "''"), ("1e400", "'1e400'"), ("1/0", "a division by zero"), ("exp(900)", "no finite value")),
        ("exp(700)", "no finite value"),
        *(("E_total = 0.4 and x = 3", "and x = 3"), ("0.5, 0.6", "'0.5, 0.6'"), (None, "None"), (True, "True")),
        *(([0.5], "a list"), ((0, 5), "the pair 0, 5; write a point instead of the comma"), ("w1*0.5", "'w1*0.5'")),
        # Raised, lowered and ringed digits that are in no place to be read.
        *(
            (text, repr(text))
            for text in ["²", "2·³", "3₂", "①", "1①", "2·10⁻³4", "2³.5", "10⁻2", "2³⁻⁴", "x=3₂", "1ₑ3"]
        ),
        *((text, repr(text)) for text in ["½5", "½½", "0.5½", "1e2½", "exp1½", "2³½", "1 1/2", "1⑴", "50%", "2²³"]),
        # Two numbers, not one in groups of three digits.
        *(("0.5 600", "'0.5 600'"), ("0.25 125", "'0.25 125'"), ("1234 567", "'1234 567'"), ("1'0000", "1'0000")),
        # Too large, too small, complex, too long or too deep.
        *((text, repr(text)) for text in ["0e400", "1e-400", "exp(-700)", "1_000*2", "exp(1,)", "1 # one"]),
        *((text, "no finite value") for text in ["exp((-2)**0.5)", "abs((-2)^0.5)", "(-2)^0.5", "tanh(1/(1-1))"]),
        *((text, "no finite value") for text in ["log(0)", "1/(1e12^8*1e12^8*1e12^8*1e12^8)"]),
        *(
            ("(" * 150 + "1" + ")" * 150, "((("),
            ("-" * 399 + "1", "---"),
            ("9" * 61, "61 digits"),
            ("½" * 401, "401 char"),
        ),
        *((Fraction(10**400), "a fraction too large"), (Fraction(1, 10**400), "a fraction too large")),
        *((Fraction(10**5000, 10**5000 + 1), "a fraction too large"), ((10**5000, 1), "the pair .., 1")),
    ],
)
def test_what_is_no_number_is_refused_in_words(typed: Any, said: str) -> None:
    with pytest.raises(NotANumber, match="expected a number such as") as error:
        read(typed)
    assert said in str(error.value)


SIGNS = [*"0123456789 +-*/^().,'’=≈%_#eEj", *"⁰¹²³⁴⁻⁺⁽⁾⁼₀₁₂₋½⅓⅟↉⁄①⑴ₑᵉ²", *"·×÷−–٣٫２．𝟏Ⅷ\u00a0\u202f\u200b\t\n\ud800"]
SIGNS += ["**", "0.5", "·10⁻³", "x10^", "1e", "exp(", "abs(", "(-2)", "**0.5", "^8", "1e12", "1e-300", "000", "w₁ = "]
SIGNS += ["0e400", "exp((-2)**0.5)"]


@examples(300, 20000)
@given(st.lists(st.sampled_from(SIGNS), max_size=12).map("".join))
def test_signs_of_every_kind_give_a_finite_number_or_the_refusal(typed: str) -> None:
    try:
        figure = read(typed)
    except NotANumber:
        return
    assert math.isfinite(figure.value)
    assert figure.unit > 0
    assert figure.digits > 0


@pytest.mark.parametrize(
    ("typed", "exact", "missing"),
    [
        ("0.08514", 0.085142, False),  # four digits say too little
        ("0.0851429", 0.08514293, True),
        ("0.0851293", 0.08514293, True),
        ("0.0514293", 0.08514293, False),  # nor is the first
        ("0.0851493", 0.08514293, True),
        ("0.0851923", 0.08514293, False),
        ("-0.0851293", -0.08514293, True),
        ("0.0851293", -0.08514293, False),
        ("8.51293", 0.08514293, False),  # another size
        ("0.00000", 0.08514293, False),
    ],
)
def test_a_digit_that_was_left_out(typed: str, exact: float, missing: bool) -> None:
    assert digit_missing(read(typed), exact) is missing


def test_slips_of_the_pen_exchange_or_leave_out_digits() -> None:
    found = {words: figure.value for words, figure in pen_slips(read("12.345"))}
    assert found["with the digits 1 and 2 exchanged"] == 21.345
    assert found["with the digits 4 and 5 exchanged"] == 12.354
    assert found["without one digit, as 12.34"] == 12.34
    assert found["without one digit, as 2.345"] == 2.345
    assert len(found) == 4 + 5
    assert next(words for words, _ in pen_slips(read("1.1234"))) == "with the digits 1 and 2 exchanged"  # not 1 and 1
    assert len([*pen_slips(read("1.234"))]) == 3  # too short to leave any digit out
    assert not [*pen_slips(read("1.23"))]
    assert scaled(read("-8.5"), 2) == read("0.085").__class__("-8.5", 0.085, 0.001, 2)
