"""The single mistakes that give a number, and the verdict that names them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from bpkit.core.alternatives import Way, outcomes, plan, rewriter_of
from bpkit.core.case import HAIR, Case
from bpkit.core.detective import mistakes
from bpkit.core.explanation import Diagnosis, Explanation, capital
from bpkit.core.paper import SHOWN, half_unit

KEEPS = "keeps the old value"
OWN_FACTOR = "takes the parameter for its own factor"
TOLD = 3  # mistakes in one sentence; the list below it has them all
WORDS = ("no", "one", "two", "three", "four")

Test = Callable[[float], bool]


def fitting(case: Case) -> list[Explanation]:
    """The single mistakes that give the digits typed, or asked; one shape of each, the simplest first.

    What gives 0 is most likely a parameter that is 0, taken for its own factor.
    """
    found = _found(case, _tests(case))
    return sorted(found, key=lambda one: one.name != OWN_FACTOR) if vanishes(case, case.figure.value) else found


def nearly(case: Case) -> list[Explanation]:
    """The single mistakes that give the number but for rounding on the way, to the digits asked or shown.

    None where the truth comes as near.
    """
    figure, enough = case.figure, case.digits or SHOWN.places + 1
    if figure.digits < enough or abs(figure.value - case.exact) <= case.rounding:
        return []
    return _found(case, [lambda number: abs(figure.value - number) <= case.reach(number)])


def _tests(case: Case) -> list[Test]:
    """What a mistake's number has to be for the one typed to be it."""
    figure, value, asked = case.figure, case.figure.value, case.digits or 0
    if vanishes(case, value):
        return [lambda number: vanishes(case, number)]
    if asked:  # fewer digits are enough where the last ones are zeros
        return [case.is_it, lambda number: abs(value - number) <= half_unit(number, asked) * HAIR]
    return [case.is_it, figure.rounds, figure.cuts]


def vanishes(case: Case, value: float) -> bool:
    """Is it nothing, beside the right number: 0, or what floats leave of it?"""
    return abs(value) <= 1e-12 * abs(case.exact)


def _found(case: Case, tests: list[Test]) -> list[Explanation]:
    ways, tried = mistakes(case.asked), [case.numbers, *([case.handed] if case.given else [])]
    found: dict[str, Explanation] = {}
    for fits in tests:
        for numbers in tried:
            for way, number in zip(ways[1:], numbers[1:].tolist()):
                other = abs(number - numbers[0]) > 1e-12 * abs(numbers[0])  # not right all the same
                if way[0].name not in found and np.isfinite(number) and other and fits(number):
                    found[way[0].name] = explain(case, way, number)
    return list(found.values())


def explain(case: Case, way: Way, value: float) -> Explanation:
    """Where on the way to the quantity a mistake happens first, and what it writes there."""
    lines_of = case.asked.derivation
    rewriter = rewriter_of(lines_of)
    changed = rewriter(way)
    near = {step.name for step in lines_of.toward(case.asked.quantity)}
    edited = [name for name in changed if any(name in mistake.edits for mistake in way)]
    edited.sort(key=lambda name: (name not in near, lines_of[name].number))
    return Explanation(
        " and ".join(mistake.name for mistake in way),
        " and ".join(mistake.you for mistake in way),
        ", and ".join(mistake.sentence for mistake in way),
        rewriter.true[edited[0]],
        changed[edited[0]],
        value,
        way[0].detail if len(way) == 1 else "",
        way,
    )


def blame(case: Case, found: list[Explanation], telling: int | None = None) -> Diagnosis | None:
    """The verdict that names mistakes; ``telling`` is how many digits say so, where that is known better."""
    if not found:
        return None
    digits = case.telling if telling is None else telling
    whole = case.is_it(found[0].value)  # a number without more digits, so none are asked for
    sure, guess = digits >= case.enough and len(found) == 1, digits < case.enough and not whole
    apart = telling_apart(case, found) if len(found) > 1 else None
    says = [f"{_opening(case, digits if guess else None)} {_how(case, found)}"]
    if len(found) == 1:
        says += [found[0].where] if guess or found[0].name == KEEPS else [capital(found[0].sentence), found[0].where]
    if guess:
        says.append("Type more digits.")
    elif apart:
        says.append(f"Your {case.spelled(apart)} would show which.")
    return case.verdict("misconception", " ".join(says), misconceptions=tuple(found), tell_apart=apart, sure=sure)


def _opening(case: Case, digits: int | None) -> str:
    if digits is None:
        return "Not right:"
    of = " of the change" if digits < case.figure.digits else ""
    return f"Not right, and from {WORDS[digits]} digit{'s' * (digits != 1)}{of} I can only guess:"


def _how(case: Case, found: list[Explanation]) -> str:
    """You get the number if you do this, or that."""
    text, first = case.text, found[0]
    if first.name == KEEPS and len(found) == 1:
        return f"{text} is the old {case.spelled(case.before)}, from before the update."
    if len(found) == 1:
        return f"you get {text} if you {first.you}."
    ways = [f"if you {one.you} (line {one.step.number}{_detail(case, one)})" for one in found[:TOLD]]
    if (more := len(found) - TOLD) > 0:
        ways.append(f"by {'another mistake' if more == 1 else f'{more} other mistakes'}")
    return f"you get {text} {', '.join(ways[:-1])} or {ways[-1]}."


def _detail(case: Case, one: Explanation) -> str:
    return f", {case.spelled(one.detail)}" if one.detail else ""


def telling_apart(case: Case, found: list[Explanation]) -> str | None:
    """The nearest other quantity whose value differs under every two of the explanations."""
    lines = case.asked.derivation
    near = [step.name for step in lines.toward(case.asked.quantity)][::-1]
    others = [name for name in near if name != case.asked.quantity]
    if not others:
        return None
    ways = [one.parts for one in found]
    rows = outcomes(plan(lines, ways, others), case.asked.problem)
    best, most = None, 1
    for name in others:
        kinds = len({f"{value:.4g}" for value in rows[name]})
        if kinds > most:
            best, most = name, kinds
    return best
