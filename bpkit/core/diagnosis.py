"""Names the mistake behind a wrong number: tries every misconception, rounding on paper, and pairs of mistakes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from bpkit.core.alternatives import turn
from bpkit.core.blame import blame, explain, fitting, nearly
from bpkit.core.case import SURE_DIGITS, Case
from bpkit.core.detective import PAIRS_UP_TO, mistakes, question, values
from bpkit.core.errors import BpkitError
from bpkit.core.explanation import Diagnosis, Explanation
from bpkit.core.figures import MOST_DIGITS, Figure, read
from bpkit.core.hints import digit_missing, hints
from bpkit.core.paper import rounded_terms
from bpkit.core.problem import Problem
from bpkit.core.quotient import ONE_SIDED, slips
from bpkit.core.rightness import carried, measured, on_paper, right, so_far, unchanged, within_digits
from bpkit.core.runtime import Array

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
