"""What a page needs to judge a number without a kernel: the right one, those of known mistakes, and what is said.

No word of a verdict is written here. Every sentence comes from the judge of the notebooks, which is asked about the
numbers beforehand; where a sentence repeats a number it gets a hole: ``{typed}``.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from functools import cache
from types import MappingProxyType
from typing import Any

import numpy as np

from bpkit.core.problem import Problem
from bpkit.core.spelling import typeset
from bpkit.mistakes.diagnose import GONE_ON, diagnose
from bpkit.mistakes.evidence import Case, of_old_numbers
from bpkit.mistakes.hand_rounding import SHOWN, Paper, slack, spread, written
from bpkit.mistakes.nearness import ENOUGH_DIGITS, close_enough, standing
from bpkit.mistakes.question import Question, question
from bpkit.mistakes.rewrite import FAR_FETCHED
from bpkit.mistakes.typed_number import TELLING_DIGITS, read
from bpkit.mistakes.unknown import unknown
from bpkit.mistakes.variants import mistakes, values
from bpkit.mistakes.verdict import Diagnosis

Box = dict[str, Any]
Said = tuple[Any, ...]  # verdict and message, and the line that these send to, where that is asked for
Judge = Callable[[str], Said]

MOST_TYPED = 6  # digits; from so many on the sentences are the same
TELLING = range(2, MOST_TYPED + 1)  # digits of a wrong number that say something of the mistake
POWERS = (-3, -2, -1, 1, 2, 3)  # of ten, by which a decimal point is off
NEAR = 1.0371  # off the right number by as much as no known mistake is
BY_HAND = tuple(
    Paper(places, significant, how)
    for places in (5, 4, 3)
    for significant in (False, True)
    for how in ("rounded", "cut off")
)  # how numbers on the way are kept
LIKELY = 0.003  # of a number: what rounding by hand may do to it

_TELLING = re.compile(f"That is |Its digits are right|{GONE_ON}")


def open_box(
    problem: Problem,
    quantity: str,
    shown: Collection[str] = (),
    old: Mapping[str, float] = MappingProxyType({}),
    same: Collection[str] = (),
) -> Box:
    """The box for a quantity that may be typed with any number of digits.

    ``shown`` names what the learner has; ``old`` are numbers from before a change, ``same`` what it left as it was.
    """
    asked = question(problem, quantity)
    exact = float(asked.exact[asked.quantity])

    @cache  # to few digits many a number is written alike
    def judge(typed: str) -> Said:
        found = diagnose(problem, quantity, typed, asked_before=same, known=shown)
        found = of_old_numbers(found, old)
        return found.verdict, found.message

    digits = range(1, MOST_TYPED + 1)
    singles = zip(mistakes(asked), values(asked, "singles").tolist())
    wrong = [value for way, value in singles if way and way[0].rank < FAR_FETCHED]
    case = Case(asked, read(spelled(exact, 9)), {})
    kept = values(
        asked, "true", settle=lambda name, v: v if name == asked.quantity else written(v, BY_HAND), columns=len(BY_HAND)
    )
    elsewhere = [value for *_, value in case.elsewhere]
    known = [
        *_each(asked, old.values(), TELLING[0]),
        *_each(asked, [*wrong, *elsewhere, *kept.tolist()], TELLING[0]),
        *_each(asked, others(asked), TELLING_DIGITS),
    ]
    return {
        "kind": "open",
        "blank": "No number yet.",
        "exact": exact,
        "given": asked.given,
        "right": [judge(spelled(exact, count)) for count in digits],
        "cut": [rounded_hole(judge(short := cut(exact, count)), exact, short) for count in digits],
        "loose": max(min(LIKELY * case.scale, spread(asked, Paper(4, significant=True))), slack(asked, SHOWN)),
        "rounded": rounded(),
        "enough": ("rounded", close_enough(exact, 0.0)),
        "near": ENOUGH_DIGITS,
        "known": [
            [value, said]
            for value, least in known
            if any(said := [hole(judge, spelled(value, count), True) if count >= least else None for count in TELLING])
        ],
        "least": TELLING[0],
        "unknown": unknown_words(asked, None, {*shown, *same}),
    }


def _each(asked: Question, numbers: Iterable[float], least: int) -> Iterator[tuple[float, int]]:
    """The numbers that are not the right one, each once, with the digits from which there is something to say."""
    exact = float(asked.exact[asked.quantity])
    for one in dict.fromkeys(numbers):
        if math.isfinite(one) and abs(one - exact) > 1e-12 * abs(exact):
            yield one, least


def rounded() -> Said | None:
    """What is said of a number that rounding on the way explains."""
    return standing(read("1.01"), 1.0, 5, 0.1)


def rounded_hole(said: Said, exact: float, typed: str) -> Said:
    """A verdict on a number that was cut off, with a hole for the rounded one.

    >>> rounded_hole(("correct", "Right, but rounded it is 0.63."), 0.6259, "0.62")
    ('correct', 'Right, but rounded it is {rounded}.')
    """
    decimals = len(typed.partition(".")[2])
    return said[0], said[1].replace(typeset(f"{exact:.{decimals}f}", {}), "{rounded}")


def others(asked: Question) -> list[float]:
    """The other numbers about which there is something to say: the old value, other lines, the point misplaced.

    >>> import bpkit as bp
    >>> asked = question(bp.examples.article.problem, "w5_new")
    >>> others(asked)[0]
    0.35
    """
    exact, step = float(asked.exact[asked.quantity]), asked.derivation[asked.quantity].quantity
    lines = [float(value) for name, value in asked.exact.items() if name != asked.quantity and not np.ndim(value)]
    old = [asked.problem.parameters[step.of.name]] if step.mark and step.of else []
    return [*old, *lines, *(exact * 10.0**power for power in POWERS)]


def unknown_words(asked: Question, digits: int | None, asked_before: Collection[str] = ()) -> dict[str, str]:
    """What is said of a number that nothing explains, by its sign and size beside the right one.

    ``asked_before`` names quantities of the same question.
    """
    found = {name: one.message for name, one in _unknown(asked, digits, asked_before).items()}
    times = ("large", "small", "sign_large", "sign_small")
    return {
        name: said.replace(" 40 times", " {times} times") if name in times else said for name, said in found.items()
    }


def unknown_lines(asked: Question, digits: int | None, asked_before: Collection[str] = ()) -> dict[str, int | None]:
    """The line to check first, by the same.

    >>> import bpkit as bp
    >>> unknown_lines(question(bp.examples.article.problem, "dE/dw5"), None)
    {'near': 7, 'sign': 12, 'large': 7, 'small': 7, 'sign_large': 12, 'sign_small': 12}
    """
    return {name: one.first for name, one in _unknown(asked, digits, asked_before).items()}


def _unknown(asked: Question, digits: int | None, asked_before: Collection[str]) -> dict[str, Diagnosis]:
    exact = float(asked.exact[asked.quantity])

    def said(factor: float, typed: int = 9) -> Diagnosis:
        return unknown(Case(asked, read(spelled(exact * factor, typed)), {}, digits, asked_before))

    factors = {"near": NEAR, "sign": -NEAR}
    for name, factor in (("large", 40.0), ("small", 1 / 40.0), ("sign_large", -40.0), ("sign_small", -1 / 40.0)):
        factors[name] = factor * 1.00123
    found = {name: said(factor) for name, factor in factors.items() if exact or name == "near"}
    return found | ({"few": said(NEAR, 1)} if digits else {})


def hole(judge: Judge, typed: str, known: bool = False) -> Said | None:
    """What is said of an answer, with a hole where it is repeated; ``known``: None where there is nothing to say.

    >>> hole(lambda typed: ("unknown", f"Not right: {typed} is too large."), "40")
    ('unknown', 'Not right: {typed} is too large.')
    """
    verdict, message, *line = judge(typed)
    if known and (verdict == "correct" or (verdict == "unknown" and not _TELLING.search(message))):
        return None
    shown = typeset(typed, {})
    found = re.sub(rf"(?<![\w.])(?:{re.escape(shown)}|{re.escape(typed)})(?!\w|\.\d)", "{typed}", message, count=1)
    return verdict, found, *line


def spelled(value: float, digits: int) -> str:
    """A number as it is typed, to so many significant digits, with the zeros at its end.

    >>> spelled(0.25, 4), spelled(2.5e-9, 2)
    ('0.2500', '2.5e-9')
    """
    text = f"{value:.{digits - 1}e}"
    mantissa, _, power = text.partition("e")
    size = int(power)
    if -5 <= size < 7:
        return f"{float(text):.{max(0, digits - 1 - size)}f}"
    return f"{mantissa}e{size}"


def cut(value: float, digits: int) -> str:
    """A number cut off after so many significant digits.

    >>> cut(0.6259, 2), spelled(0.6259, 2)
    ('0.62', '0.63')
    """
    size = 10.0 ** (digits - 1 - math.floor(math.log10(abs(value)))) if value else 1.0
    return spelled(math.trunc(value * size) / size, digits)
