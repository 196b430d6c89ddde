"""Names the mistake behind a wrong number: tries every misconception, rounding on paper, and pairs of mistakes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from bpkit.core.alternatives import Array
from bpkit.core.case import HAIR, SURE_DIGITS, Case, distinct
from bpkit.core.detective import PAIRS_UP_TO, SIDE_BY_SIDE, mistakes, question, values
from bpkit.core.errors import BpkitError
from bpkit.core.explanation import Diagnosis, Explanation
from bpkit.core.figures import MOST_DIGITS, Figure, read
from bpkit.core.hints import hints
from bpkit.core.network import Network
from bpkit.core.paper import float_noise, half_unit, replayed, rounded_terms
from bpkit.core.problem import Problem

PAIR_DIGITS = 6  # with fewer, some pair fits almost any number
PAIR_CHANCE = 0.02  # of a random number near the one typed to be hit by a pair; above that a hit says nothing
NOTHING = 1e-6  # a bare 0 is right so far for what is smaller
KEEPS = "keeps the old value"
ROUNDING_SHARE = 0.02  # of what is computed: a number that is further off is not explained by rounding


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
    open_ended = (right, unchanged, so_far, carried, sure, on_paper, unsure, own_biases, roughly, one_term, pair)
    # Zeros at the end get lost in numbers of a program: what lies within rounding may have fewer digits than asked.
    for enquiry in (right, unchanged, within_digits, so_far, carried, named, own_biases) if digits else open_ended:
        if verdict := enquiry(case):
            return verdict
    return unknown(case)


def _handed(problem: Problem, given: Mapping[str, Any] | None) -> dict[str, Figure]:
    handed = {}
    for name, value in dict(given or {}).items():
        asked = question(problem, name)
        if asked.updates:
            raise BpkitError(f"given: expected quantities of the first pass, got {name!r}; leave it out")
        handed[asked.quantity] = read(value)
    return handed


def right(case: Case) -> Diagnosis | None:
    """The number itself, or all that is asked of it."""
    off = abs(case.figure.value - case.exact)
    asked = half_unit(case.exact, case.digits) * HAIR if case.digits else 0.0
    if off <= max(asked, 1e-12 * abs(case.exact)) or off <= float_noise(case.asked):
        return case.verdict("correct", f"{case.figure.text} is right.")
    return None


def unchanged(case: Case) -> Diagnosis | None:
    """The value from before the update, where it is another than the one after."""
    figure = case.figure
    if not case.change or not figure.rounds(case.old or 0.0):
        return None
    found = sorted(case.fitting(), key=lambda one: one.name != KEEPS)
    if not found or found[0].name != KEEPS:
        return None
    if figure.rounds(case.exact):
        message = f"{figure.text} is what it was before the update, too: type more digits, so that the change shows."
        return case.verdict("few_digits", message, misconceptions=tuple(found[:1]), sure=False)
    return case.blame(found, figure.digits)


def so_far(case: Case) -> Diagnosis | None:
    """Right as far as it was typed; or cut off."""
    figure, exact = case.figure, case.exact
    if figure.rounds(exact) or (not figure.value and abs(exact) < NOTHING):
        return _correct(case) if case.fixes(0.5 * figure.unit) else _few(case)
    if figure.cuts(exact) and figure.digits > 1:
        if not case.fixes(figure.unit):
            return _few(case)
        message = f"{figure.text} is right, but cut off: rounded to as many digits it is {exact:.{figure.decimals}f}."
        return case.verdict("rounded", message, decimals=figure.decimals)
    return None


def _correct(case: Case) -> Diagnosis:
    return case.verdict("correct", f"{case.figure.text} is right.")


def _few(case: Case) -> Diagnosis:
    if case.digits:
        return case.verdict("few_digits", f"So far right; {case.digits} significant digits are asked.")
    if case.figure.digits > 1 or not case.figure.value:
        return case.verdict("few_digits", "So far right; more digits, please.")
    return case.verdict("few_digits", "So far right; one more digit, please.")


def carried(case: Case) -> Diagnosis | None:
    if not case.given:
        return None
    value = case.from_given
    asked = half_unit(value, case.digits) * HAIR if case.digits else 0.0
    if not case.figure.holds(value) and abs(case.figure.value - value) > asked:
        return None
    if not case.fixes(0.5 * case.figure.unit):
        return _few(case)
    wrong = case.wrong_given()
    if not wrong:
        message = f"{case.figure.text} is right, from your earlier numbers as you rounded them."
        places = min(figure.decimals for figure in case.typed.values())
        return case.verdict("rounded", message, decimals=places)
    told = ", ".join(f"{name} = {case.typed[name].text}" for name in wrong)
    message = f"{case.figure.text} is right, given your {told}: the mistake lies there, not here."
    sentence = "the step is right, an earlier value is not"
    earlier = tuple(
        Explanation("error carried forward", sentence, step, step, value, f"from {step.name}")
        for step in (case.asked.derivation[name] for name in wrong)
    )
    return case.verdict("correct", message, misconceptions=earlier, carried=tuple(wrong))


def within_digits(case: Case) -> Diagnosis | None:
    """As right as rounding every line to the digits asked leaves it."""
    if abs(case.figure.value - case.exact) > case.rounding:
        return None
    message = f"{case.figure.text} is right, up to rounding on the way; keep more digits in between."
    return case.verdict("rounded", message)


def named(case: Case) -> Diagnosis | None:
    return case.blame(case.fitting())


def sure(case: Case) -> Diagnosis | None:
    """A single mistake that gives every digit typed, when there are enough of them."""
    if case.figure.digits < SURE_DIGITS:
        return None
    found = case.fitting()
    # So close to the truth that some mistake or other gives many a number there, rounding explains it better.
    if found and case.crowded and (likelier := on_paper(case)):
        message = f"{likelier.message} It also comes out if one {found[0].name}: more digits would tell."
        return replace(likelier, message=message, misconceptions=tuple(found))
    return case.blame(found)


def on_paper(case: Case) -> Diagnosis | None:
    if case.asked.updates > SIDE_BY_SIDE:
        return None
    if case.figure.value and (way := replayed(case.asked, case.figure)):
        return _rounded(case, way.places, str(way))
    off = case.off
    natural = min(max(case.figure.decimals, 3), MOST_DIGITS) if case.figure.digits >= 3 else 3
    return _within(case, off, range(natural, max(natural - 2, 2), -1))


def unsure(case: Case) -> Diagnosis | None:
    return case.blame(case.fitting()) if case.figure.digits < SURE_DIGITS else None


def roughly(case: Case) -> Diagnosis | None:
    if case.asked.updates > SIDE_BY_SIDE:
        return None
    # Who writes many digits at the end hardly kept three on the way.
    fewest = 3 if case.figure.digits <= SURE_DIGITS else 4
    return _within(case, case.off, range(MOST_DIGITS, fewest - 1, -1))


def _within(case: Case, off: float, places: range) -> Diagnosis | None:
    if not case.figure.value or off > ROUNDING_SHARE * case.scale:
        return None
    for decimals in places:
        if off <= case.bound(decimals):
            return _rounded(case, decimals, f"rounded or cut off to {decimals} decimals")
    return None


def _rounded(case: Case, decimals: int, how: str) -> Diagnosis:
    message = f"{case.figure.text} is right but for rounding on paper: the numbers on the way were {how}."
    return case.verdict("rounded", message, decimals=decimals)


def one_term(case: Case) -> Diagnosis | None:
    """A sum, right or of a single mistake, of which one term was rounded on paper."""
    if case.figure.digits < PAIR_DIGITS:
        return None
    fitting = [(way, words, value) for way, words, value in rounded_terms(case.asked) if case.figure.rounds(value)]
    if not fitting:
        return None
    way, words, value = fitting[0]
    if not way:
        return _rounded(case, int(words.split()[-2]), words)
    one = case.explain(way, value)
    return case.blame([replace(one, detail="; ".join(filter(None, (one.detail, words))))])


def pair(case: Case) -> Diagnosis | None:
    if case.figure.digits < PAIR_DIGITS or case.asked.updates > PAIRS_UP_TO:
        return None
    ways, numbers = mistakes(case.asked, "pairs"), values(case.asked, "pairs")
    hits = np.flatnonzero(np.abs(numbers - case.figure.value) <= 0.5 * case.figure.unit * (1 + 1e-9))
    if not len(hits) or dense(case.figure, numbers):
        return None
    found: dict[str, Explanation] = {}
    for hit in hits:
        one = case.explain(ways[hit], float(numbers[hit]))
        found.setdefault(one.name, one)
    return case.blame(list(found.values())[:4])


def dense(figure: Figure, numbers: Array) -> bool:
    """Do numbers lie so close together near a figure that a random one would meet them?"""
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
    kinds, loss = network.activations, network.loss.name
    own = Network(network.sizes, activation=kinds, loss=loss, bias="neuron", weight_names=network.weight_of)
    numbers = {name: problem.parameters[name] for name in network.weights}
    numbers |= {name: problem.parameters[network.bias_of[neuron]] for name, (neuron,) in own.biases.items()}
    split = problem.replace(network=own, parameters=numbers, train_biases=True)
    value = float(values(question(split, str(case.asked)), "true")[0])
    if not case.figure.holds(value):
        return None
    step = case.asked.derivation[f"dE_total/d{shared}"]
    sentence = "the neurons of a layer share one bias: its derivative is the sum of their deltas"
    alone = replace(step, rhs=step.rhs.args[0])
    return case.blame([Explanation("gives each neuron a bias of its own", sentence, step, alone, value)])


def unknown(case: Case) -> Diagnosis:
    found = hints(case.asked, case.figure, case.exact)
    message = f"{case.figure.text} is not {case.asked}, and no mistake in the catalogue leads to it."
    if case.digits and case.figure.digits < case.digits:
        message += f" With the {case.digits} significant digits that are asked, a mistake can be told."
    return case.verdict("unknown", " ".join([message, *found]), hints=found)
