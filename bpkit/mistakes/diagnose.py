"""Names the mistake behind a wrong number: tries every misconception, rounding on paper, and pairs of mistakes."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from itertools import islice
from typing import Any

import numpy as np

from bpkit.core.errors import BpkitError
from bpkit.core.problem import Problem
from bpkit.core.runtime import Array
from bpkit.core.spelling import typeset
from bpkit.mistakes.evidence import HAIR, SURE_DIGITS, Case, fitting, nearly
from bpkit.mistakes.hand_rounding import Paper, float_noise, half_unit, replayed, rounded_terms, spread
from bpkit.mistakes.nudging import ONE_SIDED, central, nudge, slips
from bpkit.mistakes.question import PAIRS_UP_TO, SIDE_BY_SIDE, Question, question, turn
from bpkit.mistakes.typed_number import (
    MOST_DIGITS,
    TELLING_DIGITS,
    Figure,
    digit_missing,
    pen_slips,
    read,
    scaled,
)
from bpkit.mistakes.variants import mistakes, values
from bpkit.mistakes.verdict import KEEPS, WORDS, Diagnosis, Explanation, blame, explain

NOTHING = 1e-6  # a bare 0 is right so far for what is smaller
LIKELY = 0.003  # of what is computed: so near, some numbers kept to four digits or more explain it
ALIKE = 0.02  # and so near, where every number was kept alike and every digit comes out
COARSE = 0.3  # or where they were kept to four decimals: of a small number those leave hardly any digit
KEPT = 100  # units: who keeps so many decimals computes numbers that have at least so many units of the last
PAIR_DIGITS = 6  # with fewer, some pair fits almost any number
PAIR_CHANCE = 0.02  # of a random number near the one typed to be hit by a pair; above that a hit says nothing
NEARLY = 0.01  # of a derivative: a one-sided quotient that is further off is a mistake


def diagnose(
    problem: Problem, quantity: str, value: Any, given: Mapping[str, Any] | None = None, *, digits: int | None = None
) -> Diagnosis:
    """Say which mistake leads to a number: ``diagnose(problem, "w1_new", "0.249921")``.

    ``quantity`` is any of the derivation, or one of the trained network such as ``"E_total after 1 update"``. ``value``
    is a number or the text typed; its digits say how exact it means to be. ``given`` holds earlier values, by
    quantity, that the number was computed from: a right step from a wrong value is no new mistake. ``digits`` is how
    many significant digits the question asks for: those are judged, and rounding to as many on the way is right.
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
    case = Case(question(problem, quantity), read(value), _handed(problem, given), digits)
    for enquiry in _ASKED if digits else _OPEN:
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
    """The number itself, or all that is asked of it."""
    off = abs(case.figure.value - case.exact)
    asked = half_unit(case.exact, case.digits) * HAIR if case.digits else 0.0
    if off <= max(asked, 1e-12 * abs(case.exact)) or off <= float_noise(case.asked):
        return case.verdict("correct", "Right.")
    return None


def unchanged(case: Case) -> Diagnosis | None:
    """The value from before the update, where it is another than the one after."""
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
    return blame(case, found, figure.digits)


def so_far(case: Case) -> Diagnosis | None:
    """Right as far as it was typed; or cut off."""
    figure, exact = case.figure, case.exact
    if figure.rounds(exact) or (not figure.value and abs(exact) < NOTHING):
        return _typed_right(case) if case.fixes(0.5 * figure.unit) else _few(case)
    if figure.cuts(exact) and figure.digits > 1:
        if not case.fixes(figure.unit):
            return _few(case)
        message = f"Right, but you cut it off. Rounded, it is {case.spelled(f'{exact:.{figure.decimals}f}')}."
        return case.verdict("rounded", message, decimals=figure.decimals)
    return None


def _typed_right(case: Case) -> Diagnosis:
    digits = case.figure.digits
    return case.verdict("correct", f"Right as far as {WORDS[digits]} digits can show." if digits == 2 else "Right.")


def _few(case: Case) -> Diagnosis:
    """It fits, and does not say enough."""
    if case.digits:
        said = f"So far right; {case.digits} significant digits are asked."
    elif not case.figure.value:
        said = "So far right, but 0 shows no digit of it. Type it like 8.5e-5."
    elif case.change and case.figure.digits > 1:
        said = "So far right; more digits, please, so that the change shows."
    else:
        said = "So far right; one more digit, please."
    return case.verdict("few_digits", said)


def carried(case: Case) -> Diagnosis | None:
    """Right, from earlier values that may be wrong."""
    if not case.given:
        return None
    value, figure = case.from_given, case.figure
    asked = half_unit(value, case.digits) * HAIR if case.digits else 0.0
    if not figure.holds(value) and abs(figure.value - value) > asked:
        return None
    if not case.fixes(0.5 * figure.unit) and not case.is_it(value):
        return _few(case)
    wrong = case.wrong_given()
    if not wrong:
        places = min(one.decimals for one in case.typed.values())
        return case.verdict("rounded", "Right, up to the rounding of your earlier numbers.", decimals=places)
    told = " and ".join(case.spelled(f"{name} = {case.typed[name].text}") for name in wrong)
    message = (
        f"Right for your {told}. Look for the mistake there, if you worked {'those' if wrong[1:] else 'that'} out."
    )
    words = ("error carried forward", "go on from an earlier mistake", "the step is right, an earlier value is not")
    earlier = tuple(
        Explanation(*words, step, step, value, f"from {step.name}")
        for step in (case.asked.derivation[name] for name in wrong)
    )
    return case.verdict("correct", message, misconceptions=earlier, carried=tuple(wrong))


def within_digits(case: Case) -> Diagnosis | None:
    """As right as rounding every line to the digits asked leaves it."""
    if abs(case.figure.value - case.exact) > case.rounding:
        return None
    return case.verdict("rounded", "Right, up to rounding. Keep more digits on the way.")


def measured(case: Case) -> Diagnosis | None:
    """A derivative from a difference quotient to both sides."""
    if case.figure.digits < SURE_DIGITS or (h := central(case)) is None:
        return None
    return case.verdict("rounded", f"Right, up to the nudge: this is the difference quotient with h = {nudge(h)}.")


def on_paper(case: Case) -> Diagnosis | None:
    """What comes out when people round on the way: every number alike, or some of them to four digits or more."""
    share = case.off / case.scale if case.scale else 1.0
    if case.asked.updates > SIDE_BY_SIDE or not case.figure.value or share > COARSE:
        return None
    way = replayed(case.asked, case.figure)
    if way and (share <= ALIKE or way.places > 3):
        return _rounded(case, way)
    for way in _plausible(case) if share <= LIKELY else ():
        if case.off <= spread(case.asked, way):
            return _rounded(case, way)
    return None


def _plausible(case: Case) -> list[Paper]:
    """How people keep some of the numbers on the way, given what they typed in the end."""
    typed = case.figure.digits
    significant = [Paper(places, significant=True) for places in range(7, max(4, min(typed - 2, 6)) - 1, -1)]
    decimals = [Paper(places) for places in range(7, 2 if typed <= 3 else 3, -1)]
    return [*significant, *(way for way in decimals if case.scale >= KEPT * 10.0**-way.places)]


def _rounded(case: Case, way: Paper) -> Diagnosis:
    message = f"Right, up to rounding: the numbers on the way were {way}. Keep more digits."
    return case.verdict("rounded", message, decimals=way.places)


# Which mistake is it?


def plainly(case: Case) -> Diagnosis | None:
    """Mistakes that give every digit typed, when there are enough of them."""
    if case.figure.digits < SURE_DIGITS:
        return None
    found, nudging = fitting(case), slips(case)
    if not found and any(one.name != ONE_SIDED for one in nudging):  # six digits on the way may come as near
        found = nearly(case)
    found += nudging
    if found and all(one.name == ONE_SIDED for one in found) and case.off <= NEARLY * abs(case.exact):
        message = f"Right, up to the nudge: this is the one-sided difference quotient with {found[0].detail}."
        message += " Nudge to both sides and you come closer."
        return case.verdict("rounded", message, misconceptions=tuple(found), sure=False)
    if found and case.close and (likelier := on_paper(case)):
        also = " or ".join(f"if you {one.you}" for one in found[:2])
        message = f"{likelier.message} You also get this {also}; more digits would show which."
        return replace(likelier, message=message, misconceptions=tuple(found), sure=False)
    return blame(case, found)


def guessed(case: Case) -> Diagnosis | None:
    """Mistakes that give the few digits typed, or those that were asked."""
    return blame(case, fitting(case) if case.digits else [*fitting(case), *slips(case)])


def displayed(case: Case) -> Diagnosis | None:
    """Mistakes that were gone on with in the digits asked, or in those that a page shows."""
    return blame(case, nearly(case))


def one_term(case: Case) -> Diagnosis | None:
    """A sum, right or of a single mistake, of which one term was rounded on paper."""
    if case.figure.digits < PAIR_DIGITS:
        return None
    fitting = [(way, words, value) for way, words, value in rounded_terms(case.asked) if case.figure.rounds(value)]
    if not fitting:
        return None
    way, words, value = fitting[0]
    if not way:
        message = f"Right, up to rounding: you kept {case.spelled(words)}. Keep more digits."
        return case.verdict("rounded", message, decimals=int(words.split()[-2]))
    one = explain(case, way, value)
    return blame(case, [replace(one, detail="; ".join(filter(None, (one.detail, words))))])


def pair(case: Case) -> Diagnosis | None:
    if case.figure.digits < PAIR_DIGITS or case.asked.updates > PAIRS_UP_TO:
        return None
    ways, numbers = mistakes(case.asked, "pairs"), values(case.asked, "pairs")
    hits = np.flatnonzero(np.abs(numbers - case.figure.value) <= 0.5 * case.figure.unit * (1 + 1e-9))
    if not len(hits) or dense(case.figure, numbers):
        return None
    found: dict[str, Explanation] = {}
    for hit in hits:
        one = explain(case, ways[hit], float(numbers[hit]))
        found.setdefault(one.name, one)
    return blame(case, list(found.values())[:4])


def distinct(numbers: Array) -> Array:
    """The different whole numbers near some numbers (``np.unique`` would first load NumPy's masked arrays)."""
    return np.array(sorted(set(np.round(numbers).tolist())))


def dense(figure: Figure, numbers: Array) -> bool:
    """Do numbers lie so close together near a figure that a random one would meet them?"""
    with np.errstate(over="ignore"):
        finite = distinct(numbers[np.isfinite(numbers)] / figure.unit)
    here = figure.value / figure.unit
    for radius in (30, 100, 300, 1000, 3000, 10_000, 100_000):
        near = np.count_nonzero(np.abs(finite - here) <= radius) - 1
        if near > 2 and near / (2 * radius) > PAIR_CHANCE:
            return True
    return False


def own_biases(case: Case) -> Diagnosis | None:
    """A bias of its own for each neuron, updated by its own delta, where a layer shares one."""
    problem, network = case.asked.problem, case.asked.problem.network
    shared = next((name for name, fed in network.biases.items() if len(fed) > 1), None)
    if not case.asked.updates or network.bias != "layer" or not shared:
        return None
    split = problem.with_biases("neuron")
    if case.asked.quantity not in split.derivation:
        return None  # about a shared bias, which is then none
    value = float(values(question(split, str(case.asked)), "true")[0])
    if not case.figure.holds(value):
        return None
    step = case.asked.derivation.target(shared)
    sentence = "the neurons of a layer share one bias, and its derivative is the sum of their deltas"
    alone = replace(step, rhs=step.rhs.args[0])
    you = "give each neuron a bias of its own"
    return blame(case, [Explanation("gives each neuron a bias of its own", you, sentence, step, alone, value)])


def pen_slip(case: Case) -> Diagnosis | None:
    """The right number with a digit lost on the way to the page."""
    if not digit_missing(case.figure, case.exact):
        return None
    return case.verdict("few_digits", "So far right, but a digit is missing in between. Compare with your working.")


def hints(asked: Question, figure: Figure, exact: float) -> tuple[str, ...]:
    """Sign, order of magnitude, slips of the pen, and what else the number would be right for."""
    if not figure.value or not exact or not math.isfinite(exact):
        return ()
    said, names = [], asked.derivation.quantities
    if figure.value * exact < 0:
        said.append("Its sign is wrong.")
    size, power = abs(figure.value / exact), 0
    if size >= 3 or size <= 1 / 3:
        power = round(math.log10(size))
        slipped = power and figure.digits >= 3 and scaled(figure, power).holds(abs(exact))
        if slipped:
            said.append("Its digits are right, the decimal point is not.")
        else:
            factor, way = (size, "large") if size > 1 else (1 / size, "small")
            much = f"{float(f'{factor:.2g}'):g}" if factor < 1000 else f"10^{abs(power)}"
            said.append(f"It is about {much} times too {way}.")
    else:
        said.append("Its order of magnitude is right.")
        slips = (words for words, slip in pen_slips(figure) if slip.rounds(exact))
        said += [f"It is right {typeset(words, names)}." for words in islice(slips, 1)]
    if figure.digits >= TELLING_DIGITS:
        same = [name for name, value in asked.exact.items() if not np.ndim(value) and figure.rounds(float(value))]
        if same:
            said.append(f"It is right for {typeset(' and '.join(same[:2]), names)}.")
    return tuple(said)


def unknown(case: Case) -> Diagnosis:
    """Neither right nor a mistake that the catalogue knows."""
    if case.digits and case.figure.digits < case.digits:
        said = f"Not right. With the {case.digits} significant digits that are asked I can look for the mistake."
        return case.verdict("unknown", said)
    found = hints(case.asked, case.figure, case.exact)
    said = " ".join(["Not right, and I do not recognise the mistake.", *found[:2]])
    return case.verdict("unknown", said, hints=found)


_OPEN = (
    *(right, unchanged, so_far, carried, measured, plainly, on_paper, guessed, displayed),
    *(own_biases, one_term, pair, pen_slip),
)
# Zeros at the end get lost in numbers of a program: what lies within rounding may have fewer digits than asked.
_ASKED = (right, unchanged, within_digits, so_far, carried, guessed, displayed, own_biases, pen_slip)
