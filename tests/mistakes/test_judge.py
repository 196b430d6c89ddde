"""Where the judge draws its borders: right, cut off, too few digits, sure of a name or not."""

from __future__ import annotations

import math

import pytest

import bpkit as bp

MAZUR = bp.examples.mazur.problem
# The article prints 0.082167041; dE/dw5 = (out_o1 - y1) * out_o1 * (1 - out_o1) * out_h1, worked out with 50 digits.
EXACT = 0.08216704056423078


@pytest.mark.parametrize(
    ("typed", "digits", "verdict"),
    [
        ("0.082167041", None, "correct"),
        ("0.0822", None, "correct"),
        ("0.0821", None, "rounded"),  # cut off
        ("0.08", None, "few_digits"),  # half a unit is more than a fiftieth of it
        (EXACT + 4.99e-6, 4, "correct"),  # half a unit of the fourth digit is 5e-6
        (EXACT - 4.99e-6, 4, "correct"),
        (EXACT + 5.01e-6, 4, "rounded"),
        (EXACT - 5.01e-6, 4, "rounded"),
    ],
)
def test_the_borders_of_right(typed: str | float, digits: int | None, verdict: str) -> None:
    assert bp.diagnose(MAZUR, "dE/dw5", typed, digits=digits).verdict == verdict


@pytest.mark.parametrize(("places", "sure"), [(4, False), (5, False), (6, True), (7, True)])
def test_a_name_is_sure_from_five_digits_on(places: int, sure: bool) -> None:
    found = bp.diagnose(MAZUR, "dE/dw5", f"{-EXACT:.{places}f}")  # the first digit is in the second place
    assert (found.verdict, found.sure) == ("misconception", sure)


@pytest.mark.parametrize("digits", [0, 13, True, 2.0])
def test_the_digits_asked_are_one_to_twelve(digits: int) -> None:
    with pytest.raises(bp.BpkitError, match="expected 1 to 12 significant digits"):
        bp.diagnose(MAZUR, "dE/dw5", "0.0822", digits=digits)


@pytest.mark.parametrize("digits", [1, 12])
def test_one_and_twelve_digits_may_be_asked(digits: int) -> None:
    assert bp.diagnose(MAZUR, "dE/dw5", EXACT, digits=digits).verdict == "correct"


def test_the_number_itself_is_right_in_one_word() -> None:
    exact = bp.evaluate(MAZUR)["dE/dw5"]
    assert bp.diagnose(MAZUR, "dE/dw5", repr(exact)).message == "Right."
    assert bp.diagnose(MAZUR, "dE/dw5", exact, digits=4).message == "Right."


def test_a_wide_nudge_is_known_by_five_digits_and_not_by_four() -> None:
    """(E(w + h) - E(w - h)) / 2h with h = 0.1 is several per cent off where the loss bends."""

    def loss(w: float) -> float:
        return 0.5 * (math.tanh(4 * w) - 0.2) ** 2

    bent = bp.Problem(bp.Network(1, 1, activation="tanh", bias="none"), {"w1": 0.5}, [4.0], [0.2])
    slope = (math.tanh(2.0) - 0.2) * (1 - math.tanh(2.0) ** 2) * 4
    wide = (loss(0.6) - loss(0.4)) / 0.2
    assert abs(wide - slope) > 0.02 * slope
    five = bp.diagnose(bent, "dE/dw1", f"{wide:.5g}")
    assert (five.verdict, "h = 0.1" in five.message) == ("rounded", True)
    assert "difference quotient" not in bp.diagnose(bent, "dE/dw1", f"{wide:.4g}").message


@pytest.mark.parametrize(
    ("rate", "quantity", "typed", "verdict"),
    [
        (0.5, "w5_new", "0.358917", "rounded"),  # a unit from 0.3589165, and a small part of the change, 0.041
        (0.06, "w1_new", "0.14998", "few_digits"),  # a unit from 0.1499737, of which the change is 0.0000263
    ],
)
def test_a_unit_beside_a_new_value(rate: float, quantity: str, typed: str, verdict: str) -> None:
    assert bp.diagnose(MAZUR.replace(learning_rate=rate), quantity, typed).verdict == verdict


def test_more_digits_of_an_earlier_value_may_be_used_than_are_given() -> None:
    """net_o1 = 0.794609, typed with four digits, is gone on with as it stood on the calculator."""
    article = bp.examples.article.problem
    out = 1 / (1 + math.exp(-0.794609))
    found = bp.diagnose(article, "out_o1", f"{out:.7f}", given={"net_o1": "0.7946"})
    assert (found.verdict, found.carried) == ("correct", ("net_o1",))
    beyond = 1 / (1 + math.exp(-0.7949))  # more than half a unit of the fourth digit away
    assert bp.diagnose(article, "out_o1", f"{beyond:.7f}", given={"net_o1": "0.7946"}).carried == ()


def test_a_carried_number_may_have_lost_a_zero_at_its_end() -> None:
    """0.69950 in a program is 0.6995, which is the right 0.69945 with a digit too few as well."""
    article = bp.examples.article.problem
    net = f"{math.log(0.6995 / 0.3005):.7f}"
    alone = bp.diagnose(article, "out_o1", "0.6995", digits=5)
    assert (alone.verdict, alone.message) == ("few_digits", "So far right; one more digit, please.")
    found = bp.diagnose(article, "out_o1", "0.6995", given={"net_o1": net}, digits=5)
    assert (found.verdict, found.carried) == ("correct", ("net_o1",))


def test_a_mistake_that_gives_just_this_number_goes_before_digits_that_were_cut_off() -> None:
    """0.41 is all that w2 in place of w3 gives, and more digits of it cannot be typed; 0.419 may be cut off to it."""
    weights = {"w1": -0.62, "w2": -0.65, "w3": -0.62, "w4": 0.15, "w5": 0.45, "w6": 0.83}
    biases = {"b_h1": 0.61, "b_h2": 0.59, "b_o1": 0.33}
    problem = bp.Problem(bp.Network(2, 2, 1, bias="neuron"), {**weights, **biases}, [0.3, 0.1], [0.1])
    assert math.isclose(-0.62 * 0.3 + 0.15 * 0.1 + 0.59, 0.419)
    assert math.isclose(-0.65 * 0.3 + 0.15 * 0.1 + 0.59, 0.41)
    found = bp.diagnose(problem, "net_h2", "0.41", digits=4)
    assert (found.verdict, found.misconceptions[0].name) == ("misconception", "transposes the weights forward")
    assert bp.diagnose(problem, "net_h2", "0.42", digits=4).verdict == "few_digits"
    assert bp.diagnose(problem, "out_h2", "0.60", digits=4).verdict == "few_digits"
