"""What is said of a number that is neither right nor a known mistake: what it is, how it differs, what to check."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from itertools import islice

import numpy as np

from bpkit.core.chain_rule import Step, behind
from bpkit.core.expressions import names_in
from bpkit.core.quantities import Role
from bpkit.core.text import sides_text
from bpkit.mistakes.evidence import Case
from bpkit.mistakes.misconceptions.whereabouts import SIGNALS
from bpkit.mistakes.question import Question
from bpkit.mistakes.typed_number import pen_slips, scaled
from bpkit.mistakes.verdict import Diagnosis, near, unrecognised

WRONG_SIGN = "Its sign is wrong."
_RAISED = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")


def hints(case: Case, same: Sequence[str]) -> tuple[str, ...]:
    """What the number is instead, its sign, its size, and slips of the pen; ``same`` are those it is right for.

    The negative of the right number is a sign first, even where another quantity has that value.
    """
    figure, exact = case.figure, case.exact
    if not figure.value or not exact or not math.isfinite(exact):
        return ()
    instead = [case.spelled(f"That is {' and '.join(same[:2])}, not {case.asked}.")] if same else []
    if figure.rounds(-exact):
        return (WRONG_SIGN, *instead)
    said, size, power = instead, abs(figure.value / exact), 0
    if size >= 3 or size <= 1 / 3:
        power = round(math.log10(size))
        slipped = power and figure.digits >= 3 and scaled(figure, power).holds(abs(exact))
        if slipped:
            said.append("Its digits are right, but the decimal point is not.")
        else:
            factor, way = (size, "large") if size > 1 else (1 / size, "small")
            much = f"{float(f'{factor:.2g}'):g}" if factor < 1000 else f"10{str(abs(power)).translate(_RAISED)}"
            sign = "Its sign is wrong, and it" if figure.value * exact < 0 else "It"
            said.append(f"{sign} is about {much} times too {way}.")
    elif figure.value * exact < 0:
        said.append(WRONG_SIGN)
    else:
        slips = (words for words, slip in pen_slips(figure) if slip.rounds(exact))
        said += [f"It would be right {case.spelled(words)}." for words in islice(slips, 1)]
    return tuple(said)


def right_for(case: Case) -> list[str]:
    """The other quantities that the number is right for; on the way forward no derivative, which comes later."""
    if not case.figure.telling:
        return []
    return [name for name, value in _others(case.asked) if case.figure.rounds(value)]


@lru_cache(maxsize=64)
def _others(asked: Question) -> tuple[tuple[str, float], ...]:
    lines, forward = asked.derivation, Role.FORWARD
    early = lines[asked.quantity].role is forward
    return tuple(
        (name, float(value))
        for name, value in asked.exact.items()
        if not np.ndim(value) and name != asked.quantity and not (early and lines[name].role is not forward)
    )


def first_to_check(case: Case, same: Sequence[str]) -> Step:
    """The line to look at first: the one that uses what the number is right for; with a wrong sign the one that sets
    it; else the last line of the way forward, which halves the search, or the first of all.
    """
    lines = _since_given(case)
    using = [step for step in lines if not names_in(step.rhs).isdisjoint(same)]
    if using and not case.figure.rounds(-case.exact):
        return using[0]
    signed = [s for s in lines if s.role is Role.SLOPE and s.quantity.of and s.quantity.of.tag == "error"]
    if signed and case.figure.value * case.exact < 0:
        return signed[0]
    forward = [step for step in lines if step.role is Role.FORWARD and step.quantity.tag in SIGNALS]
    if forward and lines[-1].role is not Role.FORWARD:
        return forward[-1]
    return next((step for step in lines if step.rhs.free_symbols), lines[0])


def _since_given(case: Case) -> list[Step]:
    """The lines that lead to the number from what was asked or handed in before, or from the beginning."""
    way = case.asked.derivation.toward(case.asked.quantity)
    found = behind([case.asked.quantity], way.by_name, case.given.keys() | case.asked_before)
    return [step for step in way if step.name in found]


def unknown(case: Case) -> Diagnosis:
    """Neither right nor a mistake that the catalogue knows.

    No line is to be checked after updates, where none is likelier than the others, and where the number is that of
    another quantity which no line on the way uses.
    """
    same = right_for(case)
    found, line = hints(case, same), first_to_check(case, same)
    unlikely = case.asked.updates or (same and names_in(line.rhs).isdisjoint(same))
    first, number = (None, None) if unlikely else (line, line.number)
    if case.digits and case.figure.digits < case.digits:
        said = f"Not right. Type {case.digits} significant digits, and I can look for the mistake."
        return case.verdict("unknown", said, first=number)
    check = "" if first is None else _check(case, first)
    opening = "Not right." if same and found and not near(case) else unrecognised(case)
    return case.verdict("unknown", " ".join(filter(None, [opening, *found[:1], check])), hints=found, first=number)


def _check(case: Case, first: Step) -> str:
    """The line to check first, in words."""
    rest = "; if that number is right, the mistake comes after it" if first.name != case.asked.quantity else ""
    return case.spelled(f"Check line ({first.number}) first: {first.name} = {sides_text(first)}{rest}.")
