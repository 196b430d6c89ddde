"""Names the mistake behind a wrong number: tries every misconception, rounding on paper, and pairs of mistakes."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any

from bpkit.core.errors import BpkitError
from bpkit.core.problem import Problem
from bpkit.mistakes.evidence import HAIR, SURE_DIGITS, Case, fitting, of_its_row
from bpkit.mistakes.hand_rounding import float_noise, half_unit, shortened
from bpkit.mistakes.nearness import LEAST_DIGITS, ONE_MORE, TOO_FEW, cut_off, standing
from bpkit.mistakes.nudging import central, nudge
from bpkit.mistakes.question import question, turn
from bpkit.mistakes.runs import another_run, overshoots, shown
from bpkit.mistakes.typed_number import MOST_DIGITS, TELLING_DIGITS, Figure, put_in, read
from bpkit.mistakes.unknown import unknown
from bpkit.mistakes.verdict import KEEPS, WORDS, Diagnosis, at_least, blame, without_more
from bpkit.mistakes.which_mistake import (
    ALIKE,
    FEW_DIGITS,
    SHOWN_DIGITS,
    displayed,
    guessed,
    more,
    on_paper,
    one_term,
    one_term_of_the_right,
    pair,
    pen_slip,
    plainly,
)

GONE_ON = "You get this if you go on with"
NOTHING = 1e-6  # a bare 0 is right so far for what is smaller
SMALL = 1e-3  # a smaller number is best typed with a power of ten
TRIVIAL = (0.0, 1.0, -1.0)  # earlier values that leave nothing to compute


def diagnose(
    problem: Problem,
    quantity: str,
    value: Any,
    given: Mapping[str, Any] | None = None,
    *,
    digits: int | None = None,
    asked_before: Collection[str] = (),
    known: Collection[str] = (),
) -> Diagnosis:
    """Say which mistake leads to a number: ``diagnose(problem, "w1_new", "0.249921")``.

    ``quantity`` is any of the derivation, or one of the trained network such as ``"E_total after 1 update"``. ``value``
    is a number or the text typed; its digits say how exact it means to be. ``given`` holds earlier values, by
    quantity, that the number was computed from: a right step from a wrong value is no new mistake. ``digits`` is how
    many significant digits the question asks for: those are judged, and rounding to as many on the way is right.
    ``asked_before`` names quantities of the same question: the line to check first comes after them. ``known`` names
    those whose right numbers were given: no mistake is sought on the way to them.
    Returns a ``Diagnosis``.

    Shapes: one number, of one sample or of the mean over a batch. Units: none.
    Errors: ``BpkitError`` for a quantity that does not exist and for what is no number.
    Source: each misconception is a change to lines of ``derive``; ``message`` says which.

    >>> import bpkit as bp
    >>> bp.diagnose(bp.examples.mazur.problem, "E_total after 1 update", "0.291027924").misconceptions[0].name
    'uses the already updated weights'
    """
    if digits is not None and not (type(digits) is int and 1 <= digits <= MOST_DIGITS):
        raise BpkitError(f"diagnose: expected 1 to {MOST_DIGITS} significant digits, got {digits!r}")
    asked, handed = question(problem, quantity), _handed(problem, given)
    told = [asked.derivation[name].name for name in known]
    case = Case(asked, read(value).judged, handed, digits, asked_before, told)
    anywhere = overshoots(asked, case.figure)  # many mistakes lead there, and it tells none from another
    found = case.verdict("unknown", "Not right.", sure=False) if anywhere else of_its_row(case, _judged(case))
    if found.verdict == "unknown" and not anywhere:
        found = _put_in(case) or found
    return _also(found, seen) if (seen := shown(asked, case.figure)) else found


def _also(found: Diagnosis, more: str) -> Diagnosis:
    """A verdict that says more, and leaves out what helps less, so that it stays short."""
    said = without_more(found.message)
    for hint in found.hints[:1]:
        said = said.replace(f" {hint}", "")
    return replace(found, message=f"{said} {more}")


def _judged(case: Case) -> Diagnosis:
    for enquiry in _ASKED if case.digits else _OPEN:
        if verdict := enquiry(case):
            return verdict
    return unknown(case)


def _handed(problem: Problem, given: Mapping[str, Any] | None) -> dict[str, Figure]:
    if not isinstance(given, Mapping | None):
        raise BpkitError(f"given: expected a dict of earlier values, got {given!r}; such as {{'out_h1': 0.59}}")
    handed = {}
    for name, value in (given or {}).items():
        asked = question(problem, name)
        if asked.updates:
            raise BpkitError(f"given: expected quantities of the first pass, got {name!r}; leave it out")
        if asked.problem == turn(problem):  # what holds for all samples is of no use in the update of one
            handed[asked.quantity] = read(value)
    return handed


# Is it right?


def right(case: Case) -> Diagnosis | None:
    """The number itself, or all that is asked of it.

    >>> import bpkit as bp
    >>> right(Case(question(bp.examples.article.problem, "net_h1"), read("0.505").judged, {})).message
    'Right.'
    """
    off = abs(case.figure.value - case.exact)
    asked = half_unit(case.exact, case.digits) * HAIR if case.digits else 0.0
    if off <= max(asked, 1e-12 * abs(case.exact)) or off <= float_noise(case.asked):
        return case.verdict("correct", "Right.")
    shown = half_unit(case.exact, SHOWN_DIGITS) * HAIR
    if case.figure.exact and off <= shown and case.fixes(shown):
        return case.verdict("correct", "Right.")
    return None


def exactly_carried(case: Case) -> Diagnosis | None:
    """All the digits of what follows from earlier values, as few as those may be.

    >>> import bpkit as bp
    >>> asked, handed = question(bp.examples.article.problem, "w5_new"), {"dE_total/dw5": read("0.3").judged}
    >>> exactly_carried(Case(asked, read("0.2").judged, handed)).message
    'Right method: this fits your ∂E/∂w₅ = 0.3. If you worked that out, correct that first.'
    """
    if not case.given or case.figure.rounds(case.exact) or not case.is_it(case.from_given):
        return None
    return _follows(case)


def unchanged(case: Case) -> Diagnosis | None:
    """The value from before the update, where it is another than the one after.

    >>> import bpkit as bp
    >>> unchanged(Case(question(bp.examples.article.problem, "w5_new"), read("0.35").judged, {})).misconceptions[0].name
    'keeps the old value'
    """
    figure = case.figure
    if not case.change or not figure.rounds(case.old or 0.0):
        return None
    found = sorted(fitting(case), key=lambda one: one.name != KEEPS)
    if not found or found[0].name != KEEPS:
        return None
    if figure.rounds(case.exact):
        old = case.spelled(case.before)
        message = f"So far right, but {case.text} is also the old {old}. Type more digits, so that the change shows."
        return case.verdict("few_digits", message, misconceptions=tuple(found[:1]), sure=False)
    telling = SURE_DIGITS if figure.digits >= TELLING_DIGITS and len(found) == 1 else figure.digits
    return blame(case, found, telling)


def so_far(case: Case) -> Diagnosis | None:
    """Right as far as it was typed; or cut off.

    >>> import bpkit as bp
    >>> so_far(Case(question(bp.examples.article.problem, "out_h1"), read("0.623633").judged, {})).message
    'Right, but you cut it off. Rounded, it is 0.623634.'
    """
    figure, exact = case.figure, case.exact
    if figure.rounds(exact) or (not figure.value and abs(exact) < NOTHING):
        return _typed_right(case) if case.fixes(0.5 * figure.unit) else _few(case)
    if figure.cuts(exact):
        if figure.digits < LEAST_DIGITS or not case.fixes(figure.unit):
            return _few(case)
        return case.verdict("rounded", cut_off(figure, exact), decimals=figure.decimals)
    # A unit of the last digit away, where digits are few or such a unit is much of what the updates change.
    close = case.change and case.off <= 0.5 * figure.unit
    return _few(case) if close and (figure.digits < SURE_DIGITS or not case.fixes(figure.unit)) else None


def _typed_right(case: Case) -> Diagnosis:
    digits = case.figure.digits
    return case.verdict("correct", f"Right as far as {WORDS[digits]} digits can show." if digits == 2 else "Right.")


def _few(case: Case, value: float | None = None) -> Diagnosis:
    """It fits the right number, or the one that follows, and does not say enough."""
    figure, right = case.figure, case.exact if value is None else value
    if figure.digits < LEAST_DIGITS or not figure.rounds(right):
        small = not figure.value and abs(case.exact) < SMALL
        said = f"{TOO_FEW} {'Type it like 8.5e-5.' if small else at_least(case.needed(right))}"
    elif case.change:
        said = "So far right; more digits, please, so that the change shows."
    else:
        said = ONE_MORE
    return case.verdict("few_digits", said)


def carried(case: Case) -> Diagnosis | None:
    """Right, from earlier values that may be wrong.

    >>> import bpkit as bp
    >>> asked, handed = question(bp.examples.article.problem, "out_o1"), {"net_o1": read("0.794609").judged}
    >>> carried(Case(asked, read("0.6888").judged, handed, digits=4)).message
    'Right method: this fits your net(o1) = 0.794609. If you worked that out, correct that first.'
    """
    if not case.given:
        return None
    if not case.digits:
        return _follows(case) if case.follows(rounded=False) else None
    found = standing(case.figure, case.from_given, case.digits, case.loose) if math.isfinite(case.from_given) else None
    return found and (case.verdict(*found) if found[0] == "few_digits" else _follows(case))


def carried_rounded(case: Case) -> Diagnosis | None:
    """The same, where more digits of the earlier values were used than are given.

    >>> import bpkit as bp
    >>> asked, handed = question(bp.examples.article.problem, "out_o1"), {"net_o1": read("0.79").judged}
    >>> carried_rounded(Case(asked, read("0.6888").judged, handed)).message
    'Right method: this fits your net(o1) = 0.79. If you worked that out, correct that first.'
    """
    return _follows(case) if case.given and case.follows(rounded=True) else None


def _follows(case: Case) -> Diagnosis | None:
    wrong = case.wrong_given()
    if case.digits and (spoiled := _trivial(case)):
        usual = _judged(Case(case.asked, case.figure, {}, case.digits))
        leaves = "leaves" if spoiled.count("=") == 1 else "leave"
        return _also(usual, f"Your {spoiled} {leaves} nothing to compute, so I judged your number by itself.")
    value = case.from_given
    if not case.digits and not case.fixes(0.5 * case.figure.unit, value) and not case.is_it(value):
        return _few(case, value)
    if not wrong:
        places = min(one.decimals for one in case.typed.values())
        return case.verdict("rounded", "Right, up to the rounding of your earlier numbers.", decimals=places)
    told = " and ".join(case.spelled(f"{name} = {case.typed[name].text}") for name in wrong)
    that = "those" if wrong[1:] else "that"
    message = f"Right method: this fits your {told}. If you worked {that} out, correct {that} first."
    return case.verdict("correct", message, carried=tuple(wrong))


def _trivial(case: Case) -> str:
    """The earlier values that leave nothing to compute, in words; a bare 1 too, though it may round the right one."""
    trivial = [name for name in case.used_given() if case.given[name] in TRIVIAL]
    if not trivial and abs(case.from_given) < 1e-3 * abs(case.exact):
        trivial = case.wrong_given()
    return " and ".join(case.spelled(f"{name} = {case.typed[name].text}") for name in trivial)


def as_asked(case: Case) -> Diagnosis | None:
    """As right as the digits asked need it.

    >>> import bpkit as bp
    >>> as_asked(Case(question(bp.examples.article.problem, "E_total"), read("0.2335").judged, {}, digits=4)).message
    'Right.'
    """
    found = standing(case.figure, case.exact, case.digits or 0, case.rounding)
    if found and found[0] == "few_digits":  # or with zeros at the end that got lost
        if (follows := carried(case)) and follows.verdict != "few_digits":
            return follows
        if not case.figure.rounds(case.exact) and any(case.is_it(one.value) for one in fitting(case)):
            return None  # cut off it would fit, but it is all that a mistake gives
    return found and case.verdict(*found)


def kept_short(case: Case) -> Diagnosis | None:
    """Right, computed with only two digits of earlier answers to the same question.

    >>> import bpkit as bp
    >>> asked = question(bp.examples.article.problem, "out_h1")
    >>> kept_short(Case(asked, read("0.6225").judged, {}, digits=4, asked_before=["net_h1"])).message
    'Not right. You get this if you go on with net(h1) rounded to 2 significant digits. Keep all digits.'
    """
    few = case.figure.digits < (case.digits or 0)
    ways = () if case.given or few else shortened(case.asked, case.asked_before)
    words = case.spelled(next((words for words, value in ways if case.figure.rounds(value)), ""))
    if not words:
        return None
    said = f"Not right. {GONE_ON} {words}. Keep all digits."
    if (named := guessed(case)) and named.verdict == "misconception":
        also = case.spelled(named.misconceptions[0].you)
        return replace(named, message=f"{said} You also get this if you {also}.", sure=False)
    return case.verdict("unknown", said, sure=False)


def measured(case: Case) -> Diagnosis | None:
    """A derivative from a difference quotient to both sides.

    >>> import bpkit as bp
    >>> measured(Case(question(bp.examples.article.problem, "dE/dw5"), read("0.085107").judged, {})).message
    'Right, up to the nudge: this is the difference quotient with h = 0.1.'
    """
    if case.figure.digits < TELLING_DIGITS or (h := central(case)) is None:
        return None
    if case.figure.digits < SURE_DIGITS and case.off > ALIKE * abs(case.exact):
        return None
    return case.verdict("rounded", f"Right, up to the nudge: this is the difference quotient with h = {nudge(h)}.")


def _put_in(case: Case) -> Diagnosis | None:
    """The right number or a known mistake, computed with too few digits in the formula."""
    figure = put_in(case.figure, case.asked.given)
    if figure is None:
        return None
    if not case.digits and figure.digits >= FEW_DIGITS and figure.rounds(case.exact):
        digits = WORDS[figure.digits] if figure.digits < len(WORDS) else figure.digits
        message = f"Right, up to rounding: a number that you put in has {digits} digits.{more(case)}"
        return case.verdict("rounded", message, decimals=figure.decimals)
    found = _judged(Case(case.asked, figure, case.typed, case.digits, case.asked_before, case.known))
    return found if found.verdict == "misconception" else None


_OPEN = (
    *(right, exactly_carried, unchanged, so_far, carried, measured),
    *(plainly, another_run, carried_rounded, on_paper, guessed, one_term_of_the_right, displayed),
    *(one_term, pair, pen_slip),
)
# Zeros at the end get lost in numbers of a program: what lies within rounding may have fewer digits than asked.
_ASKED = (right, unchanged, as_asked, carried, kept_short, guessed, displayed, pen_slip)
