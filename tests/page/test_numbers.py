"""The page spells numbers, and reads them, as the kernel does: in a real engine, over drawn values."""

from __future__ import annotations

import ast
import json
import math
import random
import unicodedata
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from module_engine import engine

from bpkit.core.agreement import near_one
from bpkit.core.errors import BpkitError
from bpkit.core.spelling import bracketed, number
from bpkit.mistakes import typed_number

TESTS = Path(__file__).parents[1]
RNG = random.Random(7)
EDGES = [
    *(0.0, -0.0, 1.0, -1.0, 0.1, 0.5, 1.5, 2.5, 0.125, 0.375, 9.5, 99.5, 9.9999995, 999999.5, 9999995.0, 12345.5),
    *(
        1e-4,
        9.9999995e-5,
        1e-5,
        1e-9,
        1e15,
        1e16,
        123456789012345680.0,
        1e21,
        1e22,
        1e100,
        5e-324,
        1.7976931348623157e308,
    ),
    *(0.9999995, 0.99999949, 1 - 2**-53, 1 - 2**-52, 1 - 1e-9, 4503599627370496.5, 4503599627370497.5, 2.0**60),
]


def drawn(count: int) -> list[float]:
    """Numbers of every size, near 1 as well, and such as lie half way between two."""
    sizes = [RNG.uniform(-1, 1) * 10 ** RNG.uniform(-320, 300) for _ in range(count)]
    usual = [RNG.gauss(0, 1) * 10 ** RNG.randint(-6, 6) for _ in range(count)]
    ones = [RNG.choice((1, -1)) * (1 - 10 ** RNG.uniform(-16.5, -1)) for _ in range(count)]
    steps = [1 - k * 2**-53 for k in (1, 2, 3, 10, 100, 1000, 10_000, 100_000, 10**6, 10**7, 10**8, 10**9, 10**10)]
    halves = [RNG.randint(1, 10**6) / 2 ** RNG.randint(1, 12) for _ in range(count)]
    return [*EDGES, *(-edge for edge in EDGES), *sizes, *usual, *ones, *steps, *halves]


def in_page(function: str, calls: Iterable[list[Any]]) -> list[Any]:
    text = json.dumps(list(calls))  # with NaN and Infinity as JavaScript has them
    return list(json.loads(engine().eval(f"JSON.stringify({text}.map((given) => {function}(...given)))")))


def test_numbers_are_spelled_as_in_python() -> None:
    calls = [[value, RNG.randint(1, 17)] for value in drawn(1500)]
    calls += [[value, some] for value in EDGES for some in range(1, 18)]
    calls += [[value, 6] for value in (math.nan, math.inf, -math.inf)]
    assert in_page("format", calls) == [number(*call) for call in calls]
    assert in_page("format", [[0.0851429341]]) == ["0.0851429"]


def test_what_only_rounds_to_one_is_spelled_as_in_python() -> None:
    calls = [[value, some] for value in drawn(700) for some in (1, 6, RNG.randint(2, 17))]
    found = in_page("nearOne", calls)
    assert found == [near_one(*call) for call in calls]
    assert sum(" " in text for text in found) > 500
    assert in_page("nearOne", [[math.nan], [-math.inf]]) == ["nan", "-inf"]


def digits(value: float) -> str:
    """The fewest digits that give a number back exactly, as people type it: 20, 0.1, 1e-9."""
    return repr(value).removesuffix(".0").replace("e-0", "e-")


def test_the_fewest_digits_are_those_of_python() -> None:
    values = [*drawn(1500), math.inf, -math.inf, math.nan]
    assert in_page("exactly", [[value] for value in values]) == [digits(value) for value in values]
    assert in_page("exactly", [[20.0], [0.1], [1e-9], [1e16]]) == ["20", "0.1", "1e-9", "1e+16"]


def test_brackets_stand_around_the_same_numbers() -> None:
    texts = ["0.5", "-0.5", "1e-09", "1 - 3.4e-09", "-1 + 2e-07", "2e+10", "inf", "nan", "-inf"]
    assert in_page("bracketed", [[text] for text in texts]) == [bracketed(text) for text in texts]


def test_holes_are_filled() -> None:
    numbers = {"w1": -0.25, "dE_total/dw5": 0.0821670406, "out_h1": 1 - 1e-9, "n": 3, "small": 1e-9}

    def filled(template: str, *more: Any) -> str:
        return str(in_page("fill", [[template, numbers, *more]])[0])

    assert filled("∂E/∂w₅ = {dE_total/dw5}, {dE_total/dw5|3}") == "∂E/∂w₅ = 0.082167, 0.0822"
    assert filled("{n} · {w1|in} + {small|in} - {out_h1|in}") == "3 · (-0.25) + (1e-09) - (1 - 1e-09)"
    assert filled("{out_h1} {out_h1|near}", 3) == "1 1 - 1e-09"
    assert filled("{{w1}} {{{w1}}}") == "{w1} {-0.25}"


# Reading


def typed_in_tests() -> list[str]:
    """Every short text in the tests in which people type numbers."""
    files = [*(TESTS / "mistakes").glob("test_*.py"), TESTS / "answer_forms.py"]
    trees = [ast.walk(ast.parse(file.read_text(encoding="utf-8"))) for file in files]
    texts = {
        node.value for tree in trees for node in tree if isinstance(node, ast.Constant) and type(node.value) is str
    }
    return sorted(text for text in texts if len(text) < 60)


SIGMOIDS = ["1/(1 + e^(−0.638))", "1/(1+e^(-0.638))", "1/(1+e**-0.638)", "1/(1+e^-.638)", "1/(1+exp(-0,638))"]
SIGMOIDS += ["sigmoid(0.638)", "np.sigmoid(0,638)"]


def written(count: int) -> list[str]:
    """Numbers and formulas, as likely wrong as right."""
    signs = [*"0123456789", *"0123456789", *"+-*/^(),.=  ", "**", "e", "e-3", "0.5", "1/3", "·10⁻²", "−", "exp(", "ln("]
    signs += ["np.sqrt(", "abs(", ")", "w1 = ", "½", " × 10^-3", "≈", "’", "000", "η", "2)", "x10^", "e^", "e**-"]
    short = ["".join(RNG.choices(signs, k=RNG.randint(1, 7))) for _ in range(count)]

    def formula(depth: int) -> str:
        if not depth or RNG.random() < 0.2:
            return RNG.choice([f"{RNG.uniform(0, 3):.{RNG.randint(0, 5)}f}", str(RNG.randint(1, 30)), ".5", "2e-3"])
        one, other = formula(depth - 1), formula(depth - 1)
        powers = ("2", "-1", "0.5", "(-2)", "-(3)", "9", "(2)", "+2", "2**2")
        shapes = [f"({one})", f"-{one}", f"exp({one})", f"({one}){RNG.choice(('^', '**'))}{RNG.choice(powers)}"]
        shapes += [f"e^({one})", f"e**-{one}", f"1/(1+e^-({one}))"]
        shapes += [f"{one}{RNG.choice(('', ' '))}{sign} {other}" for sign in "+-*/·×÷−"]
        return RNG.choice([*shapes, f"sigmoid({one})", f"relu({one})", f"math.log({one})", f"tanh(({one}) - {other})"])

    return short + [formula(RNG.randint(1, 4)) for _ in range(count)]


def in_kernel(text: str) -> Any:
    try:
        return typed_number.read(text)
    except BpkitError:
        return None


RARE = [*"⁰¹²³⁴⁻⁺⁽⁾⁼₀₁₂₋½⅓⅟↉⁄①⑴ₑᵉ", *"×·÷−–٣٫٬२２．，＝𝟏Ⅷ%_#'’j", *"\u00a0\u202f\u200b\ufeff\t\n\x1f\x85"]
RARE += ["·10⁻³", "10⁻¹²", "1½", "2³⁄₄", "(-2)", "**0.5", "^8", "1e12", "1e300", "1e-300", "0e", "05", "exp (", "1 000"]


def seldom_typed(count: int) -> list[str]:
    """Raised and lowered digits, other scripts, spaces that no eye can tell; what overflows, is long or deep."""
    signs = [*RARE, *"0123456789+-*/^().,= e", "0.5", "exp(", "abs(", "log("]
    texts = ["".join(RNG.choices(signs, k=RNG.randint(1, 8))) for _ in range(count)]
    kinds = {"No", "Nl", "Nd", "Lm", "So"}
    texts += [
        form.replace("@", sign)
        for sign in map(chr, range(0x110000))
        if unicodedata.category(sign) in kinds
        for form in ("@", "1@", "2·10@", "1@3*2")
    ]
    for many in (1, 10, 37, 38, 59, 60, 61, 74, 75, 100, 150, 199, 200, 201, 300, 399, 400):
        texts += ["(" * many + "1" + ")" * many, "-" * many + "1", "exp(" * many + "1" + ")" * many, "2" + "²" * many]
        texts += ["+".join("1" * many), "+".join("½" * many), "9" * many, "1e" + "9" * many, "0e-" + "9" * many]
        texts += ["𝟏" * many, "+np.exp(1)" * many, "0." + "1" * many]
    return texts


def test_what_people_type_is_read_as_in_python() -> None:
    texts = [*typed_in_tests(), *written(4000), *seldom_typed(4000)]
    texts += ["1/0", "0/8", "150000000000001/300000000000000", "1" * 61]
    read = 0
    for text, found in zip(texts, in_page("read", [[text] for text in texts]), strict=True):
        expected = in_kernel(text)
        if expected is None or "error" in found:
            assert expected is None, (text, found, expected)
            assert "error" in found, (text, found)
            continue
        read += 1
        assert found["value"] == pytest.approx(expected.value, rel=1e-12, abs=1e-300), text
        if len(repr(expected.value)) < 14 or expected.digits < 12:  # else rounding decides how long a decimal is
            assert found["figures"] == expected.digits, text
            assert found["unit"] == pytest.approx(expected.unit, rel=1e-9), text
    assert read > 2500


@pytest.mark.parametrize(
    ("text", "value", "figures", "unit"),
    [
        *(("0.5", 0.5, 1, 0.1), ("0,5", 0.5, 1, 0.1), (".5", 0.5, 1, 0.1), ("5e-1", 0.5, 1, 0.1), ("100", 100, 3, 1)),
        *(("−0.50", -0.5, 2, 0.01), ("1/3", 1 / 3, 12, 1e-12 / 3), ("-2/4", -0.5, 1, 0.1), (" 3 ", 3, 1, 1)),
        *(("1·10⁻⁹", 1e-9, 1, 1e-9), ("1 000.5", 1000.5, 5, 0.1), ("w1 = 0.5", 0.5, 1, 0.1), ("0.00", 0, 1, 0.01)),
        *(("0.25*0.1 + 0.45", 0.475, 3, 1e-3), ("exp(-1)", math.exp(-1), 12, 1e-12 * math.exp(-1))),
        *((sigmoid, 1 / (1 + math.exp(-0.638)), 12, 1e-12 / (1 + math.exp(-0.638))) for sigmoid in SIGMOIDS),
        *(("e^-2^2", math.exp(-4), 12, 1e-12 * math.exp(-4)), ("1+e^0", 2, 1, 1)),
        *(("sigmoid(-800)", 0, 1, 1), ("relu(-2)", 0, 1, 1), ("2*relu(0.125)", 0.25, 2, 0.01)),
        *(("-2^2", -4, 1, 1), ("2 - 3 - 4", -5, 1, 1), ("8/2/2", 2, 1, 1), ("0.5²", 0.25, 2, 0.01)),
        *(("1½", 1.5, 2, 0.1), ("2 ³⁄₄", 2.75, 3, 0.01), ("10⁻³", 1e-3, 1, 1e-3), ("٠٫٥", 0.5, 1, 0.1)),
        *(("1e2*3", 300, 3, 1), ("0e-" + "9" * 30, 0, 1, 1e-300), ("0.5\x1f*\x852", 1, 1, 1)),
    ],
)
def test_what_the_digits_say(text: str, value: float, figures: int, unit: float) -> None:
    (found,) = in_page("read", [[text]])
    assert found.pop("exact", False) == typed_number.read(text).exact
    assert found == {
        "value": pytest.approx(value, rel=1e-15), "figures": figures, "unit": pytest.approx(unit, rel=1e-12),
    }  # fmt: skip


@pytest.mark.parametrize(
    "text",
    [
        *(
            "abc",
            "0,5,5",
            "1/0",
            "exp(",
            "w1*2",
            "nan",
            "inf",
            "1e400",
            "__import__('os')",
            "0.5 0.6",
            "7.045%",
            "0x10",
        ),
        *("exp(900)", "1/(1/0)", "alert(1)", "constructor(1)", "2(3)", "2**9", "½5", "Infinity", "x = 3 and y = 4"),
        *("1/(1+exp(-0.6)", "1/1+e^-0.6)", "0.5(1-0.5)", "1/(1+exp-0.6)", "e^x", "2e^3", "e", "E^2", "exp-0.6"),
        *("3₂", "²", "2·10⁻³4", "10⁻2", "0.25 125", "exp(-700)", "abs((-2)^0.5)", "1ₑ3", "2^3^2"),
    ],
)
def test_what_cannot_be_read_is_said_in_the_words_of_the_controls(text: str) -> None:
    with pytest.raises(typed_number.NotANumber) as refused:
        typed_number.read(text)
    do = refused.value.said.partition("as a number. ")[2].replace("0.0851", "0.25")
    assert in_page("read", [[text]]) == [{"error": f"I cannot read '{text}' as a number. {do}"}]


@pytest.mark.parametrize(
    ("text", "do"),
    [
        ("1/(1+exp(-0.6)", "Check the brackets: a ) is missing."),
        ("1/1+exp(-0.6))", "Check the brackets: a ( is missing."),
        ("0.35(0.6+0.2)", "Put a * before the bracket."),
        ("1/(1+exp -0.6)", "Type a calculation like 1/(1+exp(-0.6))."),
        ("abc", "Type it like 0.25 or 1/3."),
    ],
)
def test_a_refusal_says_what_to_do(text: str, do: str) -> None:
    assert in_page("read", [[text]]) == [{"error": f"I cannot read '{text}' as a number. {do}"}]


def test_an_empty_box_and_a_long_answer_are_told_shortly() -> None:
    empty, long, whole = in_page("read", [[" "], ["ab" * 500], ["many", "3"]])
    assert empty == {"error": "The box was empty. Type a number like 0.25 or 1/3."}
    assert long == {"error": f"I cannot read '{'ab' * 20}…' as a number. Type it like 0.25 or 1/3."}
    assert whole == {"error": "I cannot read 'many' as a number. Type it like 3."}
