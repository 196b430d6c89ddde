"""Which mistake leads to a wrong number, or which rounding on paper: enquiries from the plainest to a guess."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from bpkit.mistakes.evidence import HAIR, SURE_DIGITS, Case, crowding, fitting, nearly
from bpkit.mistakes.hand_rounding import Paper, replayed, rounded_terms, spread
from bpkit.mistakes.nearness import LEAST_DIGITS, close_enough
from bpkit.mistakes.nudging import ONE_SIDED, slips
from bpkit.mistakes.question import PAIRS_UP_TO, SIDE_BY_SIDE
from bpkit.mistakes.rewrite import FAR_FETCHED
from bpkit.mistakes.typed_number import digit_missing
from bpkit.mistakes.unknown import right_for
from bpkit.mistakes.variants import Way, mistakes, values
from bpkit.mistakes.verdict import CHANCE, Diagnosis, Explanation, blame, explain

LIKELY = 0.003  # of what is computed: so near, some numbers kept to four digits or more explain it
ALIKE = 0.02  # and so near, where every number was kept alike and every digit comes out
COARSE = 0.3  # or where they were kept to four decimals: of a small number those leave hardly any digit
KEPT = 100  # units: who keeps so many decimals computes numbers that have at least so many units of the last
FEW_DIGITS = 3  # below them a pair of mistakes fits almost any number
PAIR_DIGITS = 6
SHOWN_DIGITS = 6  # of the numbers on a page, which a formula is typed from
LUCKY = 0.2  # of random numbers that a pair would meet: up to so many it may be named, though not for sure
NEARLY = 0.01  # of a derivative: a one-sided quotient that is further off is a mistake


def on_paper(case: Case) -> Diagnosis | None:
    """What comes out when people round on the way: every number alike, or some of them to four digits or more.

    >>> import bpkit as bp
    >>> from bpkit.mistakes.question import question
    >>> from bpkit.mistakes.typed_number import read
    >>> on_paper(Case(question(bp.examples.article.problem, "net_o1"), read("0.8448").judged, {})).message
    'Right, up to rounding: the numbers on the way were rounded to 3 decimals. Keep more digits.'
    """
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
    """How people keep some of the numbers on the way, given what they typed in the end; in a formula, as shown."""
    typed, most = case.figure.digits, SHOWN_DIGITS if case.figure.exact else 7
    significant = [Paper(places, significant=True) for places in range(most, max(4, min(typed - 2, 6)) - 1, -1)]
    decimals = [Paper(places) for places in range(7, 2 if typed <= 3 else 3, -1)]
    return [*significant, *(way for way in decimals if case.scale >= KEPT * 10.0**-way.places)]


def _rounded(case: Case, way: Paper) -> Diagnosis:
    enough = close_enough(case.exact, case.off)
    if enough and case.figure.exact and not way.as_shown:  # how its numbers were rounded, the learner sees
        return case.verdict("rounded", enough, decimals=way.places)
    message = f"Right, up to rounding: the numbers on the way were {way}."
    return case.verdict("rounded", message if way.as_shown else message + more(case), decimals=way.places)


def more(case: Case) -> str:
    return "" if close_enough(case.exact, case.off) else " Keep more digits."


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
        message = f"{likelier.message.removesuffix(' Keep more digits.')} You also get this {also}. Type more digits."
        return replace(likelier, verdict="few_digits", message=message, misconceptions=tuple(found), sure=False)
    return blame(case, found, chance=case.chance(found))


def guessed(case: Case) -> Diagnosis | None:
    """Mistakes that give the few digits typed, or those that were asked.

    >>> import bpkit as bp
    >>> from bpkit.mistakes.question import question
    >>> from bpkit.mistakes.typed_number import read
    >>> guessed(Case(question(bp.examples.article.problem, "net_h1"), read("0.055").judged, {})).misconceptions[0].name
    'leaves the bias out'
    """
    found = fitting(case) if case.digits else [*fitting(case), *slips(case)]
    if case.figure.digits < LEAST_DIGITS and not case.digits:  # one digit alone names no mistake
        found = [one for one in found if case.is_it(one.value)]
    return blame(case, found, chance=case.chance(found))


def displayed(case: Case) -> Diagnosis | None:
    """Mistakes that were gone on with in the digits asked, or in those that a page shows."""
    found = nearly(case)
    wide = max((2 * float(case.reach(np.array(one.value))) / case.figure.unit for one in found), default=0.0)
    return blame(case, found, chance=case.chance(found) * max(1.0, wide))


def one_term(case: Case) -> Diagnosis | None:
    """A sum with a single mistake and one term rounded on paper."""
    return _one_term(case, mistaken=True)


def one_term_of_the_right(case: Case) -> Diagnosis | None:
    """The right sum with one term rounded on paper."""
    return _one_term(case, mistaken=False)


def _one_term(case: Case, mistaken: bool) -> Diagnosis | None:
    if case.figure.digits < PAIR_DIGITS:
        return None
    terms = rounded_terms(case.asked, mistaken)
    way, words, value = next((term for term in terms if case.figure.rounds(term[2])), ((), "", 0.0))
    if not words:
        return None
    if not way:
        message = f"Right, up to rounding: you kept {case.spelled(words)}.{more(case)}"
        return case.verdict("rounded", message, decimals=int(words.split()[-2]))
    one = explain(case, way, value)
    return blame(case, [replace(one, detail=", ".join(filter(None, (one.detail, f"with {words}"))))])


def pair(case: Case) -> Diagnosis | None:
    """Two mistakes at once, as far as the digits typed single a pair out."""
    figure = case.figure
    if figure.digits < FEW_DIGITS or not figure.value or case.asked.updates > PAIRS_UP_TO:
        return None
    if (figure.exact and not figure.telling) or right_for(case):  # 1/2 is met by luck; another line is likelier
        return None
    ways, numbers = mistakes(case.asked, "pairs", case.given), values(case.asked, "pairs", case.given)
    hits = case.hits(numbers, lambda others: np.abs(others - figure.value) <= 0.5 * figure.unit * HAIR)
    if not hits:
        return None
    # Pairs of likely mistakes are few: where all lie too close together, those may not.
    limit = CHANCE if figure.digits >= PAIR_DIGITS else LUCKY
    rank: Callable[[Way], int] = lambda way: sum(part.rank for part in way)
    likely = (bisect_right(ways, rank(ways[hit]), key=rank) for hit in hits)
    chance = next((share for end in likely if (share := crowding(figure, numbers[:end])) <= limit), None)
    if chance is None:
        return None
    found: dict[str, Explanation] = {}
    for hit in hits:
        one = explain(case, ways[hit], float(numbers[hit]), () if case.asked.updates else case.given)
        if not case.is_given(one):
            found.setdefault(one.name, one)
    verdict = blame(case, list(found.values())[:4], chance=chance)
    # Where the factors of two mistakes come near that of another one, more digits are needed than against mere luck.
    factors = any(all(part.scales for part in one.parts) for one in found.values())  # of which nearly all are products
    odd = any(part.rank >= FAR_FETCHED for one in found.values() for part in one.parts)
    sure = figure.digits >= PAIR_DIGITS and chance <= CHANCE / 20 and not factors and not odd
    return verdict and replace(verdict, sure=verdict.sure and sure)


def pen_slip(case: Case) -> Diagnosis | None:
    """The right number with a digit lost on the way to the page.

    >>> import bpkit as bp
    >>> from bpkit.mistakes.question import question
    >>> from bpkit.mistakes.typed_number import read
    >>> pen_slip(Case(question(bp.examples.article.problem, "E_total"), read("0.2334284").judged, {})).message
    'So far right, but a digit is missing in between. Compare with your working.'
    """
    if not digit_missing(case.figure, case.exact):
        return None
    return case.verdict("few_digits", "So far right, but a digit is missing in between. Compare with your working.")
