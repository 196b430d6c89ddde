"""True things to say about a number that nothing explains."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import islice, pairwise

import numpy as np

from bpkit.core.detective import Question
from bpkit.core.figures import Figure, read
from bpkit.core.spelling import typeset

LONGEST = 15  # digits of a float
TELLING_DIGITS = 4  # fewer match some other quantity by chance


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
        slipped = power and figure.digits >= 3 and _scaled(figure, power).holds(abs(exact))
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


def digit_missing(figure: Figure, exact: float) -> bool:
    """Is it the exact number with one of its digits left out in between?"""
    count = figure.digits
    if count <= TELLING_DIGITS or not figure.value or count > LONGEST:
        return False
    typed, _, size = f"{figure.value:.{count - 1}e}".partition("e")
    whole, _, same = f"{exact:.{count}e}".partition("e")
    places = range(whole.index(".") + 1, len(whole))
    return size == same and any(whole[:place] + whole[place + 1 :] == typed for place in places)


def _scaled(figure: Figure, power: int) -> Figure:
    factor = 10.0**power
    return Figure(figure.text, abs(figure.value) / factor, figure.unit / factor, figure.digits)


def pen_slips(figure: Figure) -> Iterator[tuple[str, Figure]]:
    """The figure with two neighbouring digits exchanged, or one left out, and words for it.

    Whatever its spelling, the digits are those of its decimal, never those of a name or of a power of ten.
    """
    if not TELLING_DIGITS <= figure.digits <= LONGEST:
        return
    text = f"{figure.value:.{figure.decimals}f}"
    places = [i for i, sign in enumerate(text) if sign.isdigit()]
    for one, other in pairwise(places):
        if text[one] != text[other]:
            signs = list(text)
            signs[one], signs[other] = signs[other], signs[one]
            yield f"with the digits {text[one]} and {text[other]} exchanged", read("".join(signs))
    for place in places if figure.digits > TELLING_DIGITS else ():
        yield f"without one digit, as {text[:place] + text[place + 1 :]}", read(text[:place] + text[place + 1 :])
