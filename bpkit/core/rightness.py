"""Is a number right: to the digits asked, as far as it was typed, from earlier values, or but for rounding?"""

from __future__ import annotations

from bpkit.core.blame import KEEPS, WORDS, blame, fitting
from bpkit.core.case import HAIR, SURE_DIGITS, Case
from bpkit.core.detective import SIDE_BY_SIDE
from bpkit.core.explanation import Diagnosis, Explanation
from bpkit.core.paper import Paper, float_noise, half_unit, replayed, spread
from bpkit.core.quotient import central, nudge

NOTHING = 1e-6  # a bare 0 is right so far for what is smaller
LIKELY = 0.003  # of what is computed: so near, some numbers kept to four digits or more explain it
ALIKE = 0.02  # and so near, where every number was kept alike and every digit comes out
COARSE = 0.3  # or where they were kept to four decimals: of a small number those leave hardly any digit
KEPT = 100  # units: who keeps so many decimals computes numbers that have at least so many units of the last


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
