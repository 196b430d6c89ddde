"""What is said of a number that is neither right nor a known mistake: how it differs, and the line to check first."""

from __future__ import annotations

import math
from itertools import islice

import numpy as np

from bpkit.core.chain_rule import Step
from bpkit.core.expressions import names_in
from bpkit.core.quantities import Role
from bpkit.core.text import sides_text
from bpkit.mistakes.evidence import Case
from bpkit.mistakes.misconceptions.rule import SIGNALS
from bpkit.mistakes.typed_number import pen_slips, scaled
from bpkit.mistakes.verdict import Diagnosis, unrecognised

_RAISED = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")


def hints(case: Case) -> tuple[str, ...]:
    """Sign, size, slips of the pen, and what else the number would be right for."""
    figure, exact = case.figure, case.exact
    if not figure.value or not exact or not math.isfinite(exact):
        return ()
    said, size, power = [], abs(figure.value / exact), 0
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
        said.append("Its sign is wrong.")
    else:
        slips = (words for words, slip in pen_slips(figure) if slip.rounds(exact))
        said += [f"It would be right {case.spelled(words)}." for words in islice(slips, 1)]
    if same := _right_for(case):
        said.append(f"It is right for {case.spelled(' and '.join(same[:2]))}.")
    return tuple(said)


def _right_for(case: Case) -> list[str]:
    """The other quantities that the number would be right for."""
    if not case.figure.telling:
        return []
    numbers = ((name, value) for name, value in case.asked.exact.items() if not np.ndim(value))
    return [name for name, value in numbers if name != case.asked.quantity and case.figure.rounds(float(value))]


def first_to_check(case: Case) -> Step:
    """The line to look at first: the one that uses what the number is right for; with a wrong sign the one that sets
    it; else the last line of the way forward, which halves the search, or the first of all.
    """
    lines = _since_given(case)
    same = _right_for(case)
    if using := [step for step in lines if not names_in(step.rhs).isdisjoint(same)]:
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
    derivation, found, waiting = case.asked.derivation, set[str](), [case.asked.quantity]
    while waiting:
        name = waiting.pop()
        if name in derivation and name not in found | case.given.keys() | case.asked_before:
            found.add(name)
            waiting += names_in(derivation[name].rhs)
    return [step for step in derivation.toward(case.asked.quantity) if step.name in found]


def unknown(case: Case) -> Diagnosis:
    """Neither right nor a mistake that the catalogue knows."""
    found, first = hints(case), first_to_check(case)
    if case.digits and case.figure.digits < case.digits:
        said = f"Not right. Type {case.digits} significant digits, and I can look for the mistake."
        return case.verdict("unknown", said, first=first.number)
    halves = first.role is Role.FORWARD and case.asked.derivation[case.asked.quantity].role is not Role.FORWARD
    rest = "; if that number is right, the mistake comes after it" if halves else ""
    check = case.spelled(f"Check line ({first.number}) first: {first.name} = {sides_text(first)}{rest}.")
    said = " ".join([unrecognised(case), *found[:1], check])
    return case.verdict("unknown", said, hints=found, first=first.number)
