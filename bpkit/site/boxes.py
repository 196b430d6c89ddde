"""What a page needs to judge an answer: the right one, those of known mistakes, and what Python says of each.

No word of a verdict is written here. Every sentence comes from the judge of the notebooks, which is asked about the
numbers beforehand; where a sentence repeats a number it gets a hole: ``{typed}``.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np

from bpkit.core.problem import Problem
from bpkit.core.spelling import typeset
from bpkit.exercises.parts import ExactPart, NumberPart, Part
from bpkit.exercises.written import FormulaPart
from bpkit.mistakes.diagnose import diagnose, standing, unknown
from bpkit.mistakes.evidence import Case
from bpkit.mistakes.hand_rounding import SHOWN, Paper, slack, spread, written
from bpkit.mistakes.question import Question, question
from bpkit.mistakes.rewrite import FAR_FETCHED
from bpkit.mistakes.typed_number import TELLING_DIGITS, read
from bpkit.mistakes.variants import mistakes, values

Box = dict[str, Any]
Said = tuple[str, str]  # verdict and message
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


def box(part: Part) -> Box:
    """The box for one part of a question."""
    if isinstance(part, NumberPart):
        asked = question(part.problem, part.quantity) if part.problem is not None and part.quantity else None
        return {"blank": _said(part)("")[1], **(_of_quantity(part, asked) if asked else _of_number(part))}
    if isinstance(part, ExactPart):
        return {"blank": _said(part)("")[1], **_exact(part)}
    if isinstance(part, FormulaPart):
        return {"blank": _said(part)("")[1], **_formula(part)}
    raise TypeError(type(part).__name__)


def open_box(problem: Problem, quantity: str) -> Box:
    """The box for a quantity of which any number of digits may be typed."""
    asked = question(problem, quantity)
    exact = float(asked.exact[asked.quantity])

    def judge(typed: str) -> Said:
        found = diagnose(problem, quantity, typed)
        return found.verdict, found.message

    digits = range(1, MOST_TYPED + 1)
    singles = zip(mistakes(asked), values(asked, "singles").tolist())
    wrong = [value for way, value in singles if way and way[0].rank < FAR_FETCHED]
    case = Case(asked, read(spelled(exact, 9)), {})
    kept = values(
        asked, "true", settle=lambda name, v: v if name == asked.quantity else written(v, BY_HAND), columns=len(BY_HAND)
    )
    known = [*_each(asked, [*wrong, *kept.tolist()], TELLING[0]), *_each(asked, _others(asked), TELLING_DIGITS)]
    return {
        "kind": "open",
        "blank": "No number yet.",
        "exact": exact,
        "right": [judge(spelled(exact, count)) for count in digits],
        "cut": [_rounded_hole(judge(short := cut(exact, count)), exact, short) for count in digits],
        "loose": max(min(LIKELY * case.scale, spread(asked, Paper(4, significant=True))), slack(asked, SHOWN)),
        "rounded": _rounded(),
        "known": [
            [value, said]
            for value, least in known
            if any(said := [_hole(judge, spelled(value, count), True) if count >= least else None for count in TELLING])
        ],
        "least": TELLING[0],
        "unknown": _unknown(asked, None),
    }


def _each(asked: Question, numbers: Iterable[float], least: int) -> Iterator[tuple[float, int]]:
    """The numbers that are not the right one, each once, with the digits from which there is something to say."""
    exact = float(asked.exact[asked.quantity])
    for one in dict.fromkeys(numbers):
        if math.isfinite(one) and abs(one - exact) > 1e-12 * abs(exact):
            yield one, least


def _of_quantity(part: NumberPart, asked: Question) -> Box:
    """A number of a derivation, to so many digits."""
    case = Case(asked, read(f"{part.right:.9g}"), {}, part.digits)
    old = None if asked.updates else case.old
    return {
        **_number(part, [float(wrong.answer) for wrong in part.wrong] + _others(asked)),
        "base": 0.0 if old is None else old,
        "old": None if old is None else [old, _hole(_said(part), f"{old:.12g}")],
        "unknown": _unknown(asked, part.digits),
    }


def _of_number(part: NumberPart) -> Box:
    """A number that no derivation has."""
    judge = _said(part)
    other = spelled(abs(part.right) * NEAR * 1.7, 9)
    return {
        **_number(part, [float(wrong.answer) for wrong in part.wrong]),
        "base": 0.0,
        "unknown": {"near": judge(other)[1].replace(other, "{raw}")},
    }


def _number(part: NumberPart, wrong: Iterable[float]) -> Box:
    judge, one = _said(part), 1.23456
    few = standing(read("1.2"), one, part.digits, 0.0)
    cut_off = standing(read("1.2345"), one, 5, 0.0)
    return {
        "kind": "number",
        "exact": part.right,
        "digits": part.digits,
        "slack": part.slack,
        "correct": judge(repr(part.right)),
        "rounded": _rounded(),
        "few": few,
        "cut": cut_off and _rounded_hole(cut_off, one, "1.2345"),
        "known": [
            [value, said]
            for value in dict.fromkeys(wrong)
            if math.isfinite(value)
            and (said := _hole(judge, spelled(value, part.digits), True))
            and said[0] != "rounded"
        ],
    }


def _rounded() -> Said | None:
    """What is said of a number that rounding on the way explains."""
    return standing(read("1.01"), 1.0, 5, 0.1)


def _rounded_hole(said: Said, exact: float, typed: str) -> Said:
    """A verdict on a number that was cut off, with a hole for the rounded one."""
    decimals = len(typed.partition(".")[2])
    return said[0], said[1].replace(typeset(f"{exact:.{decimals}f}", {}), "{rounded}")


def _others(asked: Question) -> list[float]:
    """The other numbers about which there is something to say: the old value, other lines, the point misplaced."""
    exact, step = float(asked.exact[asked.quantity]), asked.derivation[asked.quantity].quantity
    lines = [float(value) for name, value in asked.exact.items() if name != asked.quantity and not np.ndim(value)]
    old = [asked.problem.parameters[step.of.name]] if step.mark and step.of else []
    return [*old, *lines, *(exact * 10.0**power for power in POWERS)]


def _unknown(asked: Question, digits: int | None) -> dict[str, str]:
    """What is said of a number that nothing explains, by its sign and size beside the right one."""
    exact = float(asked.exact[asked.quantity])

    def said(factor: float, typed: int = 9) -> str:
        return unknown(Case(asked, read(spelled(exact * factor, typed)), {}, digits)).message

    found = {"near": said(NEAR), "sign": said(-NEAR)}
    for name, factor in (("large", 40.0), ("small", 1 / 40.0), ("sign_large", -40.0), ("sign_small", -1 / 40.0)):
        found[name] = said(factor * 1.00123).replace(" 40 times", " {times} times")
    if digits:
        found["few"] = said(NEAR, 1)
    return found if exact else {"near": found["near"], "few": found.get("few", "")}


def _exact(part: ExactPart) -> Box:
    """A word, a whole number, a shape, paths or one of a list: each known answer with what is said of it."""
    judge, written = _said(part), _written(part)
    if part.options:
        return {"kind": "choice", "options": list(part.options), "said": {one: judge(one) for one in part.options}}
    answers = [part.answer, *(wrong.answer for wrong in part.wrong)]
    if part.reader in ("whole", "number"):
        whole = part.reader == "whole"
        return {
            "kind": "whole",
            "said": [[float(part.read(one)), _hole(judge, written(one))] for one in answers],
            "other": _hole(judge, "987654"),
            "fraction": _hole(judge, "2.5") if whole else None,
        }
    keys = {_key(part, one): _hole(judge, written(one)) for one in reversed(answers)}
    if part.reader == "paths":
        neurons = sorted(frozenset(part.neurons).union(*part.right))
        return {"kind": "paths", "neurons": neurons, "said": keys, "other": _hole(judge, "nothing")}
    if part.reader == "shape":
        return {"kind": "shape", "said": keys, "other": _hole(judge, "98, 76"), "unreadable": _hole(judge, "none")}
    return {"kind": "word", "said": keys, "other": _hole(judge, "nothing")}


def _written(part: ExactPart) -> Callable[[Any], str]:
    """How an answer is typed."""
    return lambda answer: ", ".join(map(str, answer)) if isinstance(answer, list | tuple) else str(answer)


def _key(part: ExactPart, answer: Any) -> str:
    """An answer as the page compares it."""
    value = part.read(answer)
    if part.reader == "paths":
        return "|".join(sorted(" ".join(path) for path in value))
    return ",".join(map(str, value)) if part.reader == "shape" else str(value)


def _formula(part: FormulaPart) -> Box:
    """A formula, judged by its numbers at several settings; those have few digits, so that they are quickly put in."""
    settings = [{name: float(f"{value:.5g}") for name, value in one.items()} for one in part.settings]
    short = FormulaPart(part.asks, part.right, tuple(settings), known=part.wrong)
    judge = _said(part)
    return {
        "kind": "formula",
        "settings": settings,
        "right": list(short._at(part.right)),
        "correct": judge(part.right),
        "known": [[list(short._at(wrong.answer)), judge(wrong.answer)] for wrong in part.wrong],
        "other": judge("0"),
        "nameless": _hole(judge, "zzz"),
        "unreadable": _hole(judge, "+ +"),
    }


def _said(part: Part) -> Judge:
    def judge(typed: str) -> Said:
        found = part.judge(typed)
        return ("correct" if found.verdict == "correct" else found.verdict), found.message

    return judge


def _hole(judge: Judge, typed: str, known: bool = False) -> Said | None:
    """What is said of an answer, with a hole where it is repeated; ``known``: None where there is nothing to say."""
    verdict, message = judge(typed)
    if known and (verdict == "correct" or (verdict == "unknown" and not _TELLING.search(message))):
        return None
    shown = typeset(typed, {})
    return verdict, re.sub(
        rf"(?<![\w.])(?:{re.escape(shown)}|{re.escape(typed)})(?!\w|\.\d)", "{typed}", message, count=1
    )


_TELLING = re.compile("It is right for|Its digits are right")


def spelled(value: float, digits: int) -> str:
    """A number as it is typed, to so many significant digits, with the zeros at its end."""
    text = f"{value:.{digits - 1}e}"
    mantissa, _, power = text.partition("e")
    size = int(power)
    if -5 <= size < 7:
        return f"{float(text):.{max(0, digits - 1 - size)}f}"
    return f"{mantissa}e{size}"


def cut(value: float, digits: int) -> str:
    """A number cut off after so many significant digits."""
    size = 10.0 ** (digits - 1 - math.floor(math.log10(abs(value)))) if value else 1.0
    return spelled(math.trunc(value * size) / size, digits)
