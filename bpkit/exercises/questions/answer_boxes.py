"""What a page needs to judge the answers to a question of the bank without a kernel."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

from bpkit.exercises.questions.hints import hints, ways
from bpkit.exercises.questions.parts import NUMBERED, ExactPart, NumberPart, Part
from bpkit.exercises.questions.written import FormulaPart
from bpkit.mistakes.evidence import Case
from bpkit.mistakes.hand_rounding import shortened
from bpkit.mistakes.nearness import standing
from bpkit.mistakes.question import Question, question
from bpkit.mistakes.typed_number import read
from bpkit.page.boxes import (
    NEAR,
    Box,
    Judge,
    Said,
    hole,
    others,
    rounded,
    rounded_hole,
    spelled,
    unknown_lines,
    unknown_words,
)
from bpkit.page.in_page import in_page


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


def helped(part: Part) -> Box:
    """The hints of a part: those of its own, or the lines toward its number, in symbols and with numbers.

    >>> helped(ExactPart("Which factor?", "b", options=("a", "b", "c")))
    {'hints': ['<p>It is not: a</p>']}
    """
    if found := ways(part):
        numbers = found.after(None)
        return {
            "lines": {n: [in_page(found.symbols(n)), _shown(found.filled(n))] for n in numbers},
            "after": {n: found.after(n) for n in numbers},
        }
    return {"hints": [in_page(text) for text in hints(part)]}


def _shown(text: str) -> str:
    return in_page(text) if text else ""


def _of_quantity(part: NumberPart, asked: Question) -> Box:
    """A number of a derivation, to so many digits."""
    case = Case(asked, read(f"{part.right:.9g}"), {}, part.digits)
    old = None if asked.updates else case.old
    unknown = unknown_words(asked, part.digits, part.asked_before)
    short = [value for _, value in shortened(asked, part.asked_before)]
    elsewhere = [value for *_, value in case.elsewhere]
    return {
        **_number(part, [*short, *elsewhere, *(float(wrong.answer) for wrong in part.wrong), *others(asked)]),
        "base": 0.0 if old is None else old,
        "old": None if old is None else [old, hole(_said(part), f"{old:.12g}")],
        "unknown": {name: NUMBERED.sub("", said) for name, said in unknown.items()},
        "first": unknown_lines(asked, part.digits, part.asked_before),
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
    judge, one, digits = _said(part), 1.23456, part.digits
    several = [standing(read(spelled(one, max(1, digits - missing))), one, digits, 0.0) for missing in (1, 2)]
    few = [*several, standing(read("1"), one, digits, 0.0)]
    cut_off = standing(read("1.2345"), one, 5, 0.0)
    return {
        "kind": "number",
        "exact": part.right,
        "digits": part.digits,
        "slack": part.slack,
        "correct": judge(repr(part.right)),
        "rounded": rounded(),
        "few": few,
        "cut": cut_off and rounded_hole(cut_off, one, "1.2345"),
        "known": [
            [value, said]
            for value in dict.fromkeys(wrong)
            if math.isfinite(value)
            and (said := hole(judge, spelled(value, part.digits), True))
            and said[0] != "rounded"
        ],
    }


def _exact(part: ExactPart) -> Box:
    """A word, a whole number, a shape, paths or one of a list: each known answer with what is said of it."""
    judge, written = _said(part), _written(part)
    if part.options:
        return {"kind": "choice", "options": list(part.options), "said": {one: judge(one) for one in part.options}}
    answers = [part.answer, *(wrong.answer for wrong in part.wrong)]
    if part.reader == "order":
        return {
            "kind": "order",
            "right": _key(part, part.answer),
            "correct": hole(judge, part.answer),
            "known": [[_key(part, wrong.answer), hole(judge, wrong.answer)] for wrong in part.wrong],
            "other": hole(_said(replace(part, known=())), " ".join(reversed(part.read(part.answer)))),
            "unreadable": hole(judge, "none"),
        }
    if part.reader in ("whole", "number"):
        whole = part.reader == "whole"
        return {
            "kind": "whole",
            "said": [[float(part.read(one)), hole(judge, written(one))] for one in answers],
            "other": hole(judge, "987654"),
            "fraction": hole(judge, "2.5") if whole else None,
        }
    keys = {_key(part, one): hole(judge, written(one)) for one in reversed(answers)}
    if part.reader == "paths":
        neurons = sorted(frozenset(part.neurons).union(*part.right))
        right = sorted(part.right)
        strange = frozenset({("",)})
        counts = [
            [part.some(frozenset(right[:count]) | more) for more in (frozenset(), strange)]
            for count in range(len(right) + 1)
        ]
        all_right = _key(part, part.answer).split("|")
        return {"kind": "paths", "neurons": neurons, "said": keys, "right": all_right, "counts": counts}
    if part.reader == "shape":
        return {"kind": "shape", "said": keys, "other": hole(judge, "98, 76"), "unreadable": hole(judge, "none")}
    return {"kind": "word", "said": keys, "other": hole(judge, "nothing")}


def _written(part: ExactPart) -> Callable[[Any], str]:
    """How an answer is typed."""
    return lambda answer: ", ".join(map(str, answer)) if isinstance(answer, list | tuple) else str(answer)


def _key(part: ExactPart, answer: Any) -> str:
    """An answer as the page compares it."""
    value = part.read(answer)
    if part.reader == "paths":
        return "|".join(sorted(" ".join(path) for path in value))
    if part.reader == "order":
        return "".join(value)
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
        "nameless": hole(judge, "zzz"),
        "unreadable": hole(judge, "+ +"),
    }


def _said(part: Part) -> Judge:
    def judge(typed: str) -> Said:
        found = part.judge(typed)
        return found.verdict, found.message, found.line

    return judge
