"""What four decimals leave of an answer: Canvas's classic quizzes cut a typed number to as many before they mark it.

Numbers are drawn so that no known mistake becomes right by that. Otherwise Canvas would have to ask for ten thousand
times each small number.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

from bpkit.exercises.questions.parts import NumberPart, Wrong
from bpkit.mistakes.hand_rounding import half_unit

DECIMALS = 4
FINE = 8  # decimals of a margin, and of the number that it belongs to


def is_cut(part: NumberPart) -> bool:
    """True when the digits asked do not fit into four decimals.

    >>> is_cut(NumberPart("E?", 0.2335, digits=4)), is_cut(NumberPart("∂E/∂w₅?", 0.08514, digits=4))
    (False, True)
    """
    return half_unit(part.right, part.digits) < 0.49 * 10.0**-DECIMALS


def margin(part: NumberPart) -> float:
    """How far from the right number an answer may be that was perhaps cut to four decimals.

    Whatever is right with all its digits stays right.

    >>> round(margin(NumberPart("∂E/∂w₁?", 0.0006873)), 6)
    1.3e-05
    """
    reach = part.room
    if is_cut(part):
        ends = (part.right - reach, part.right + reach)
        reach = max(reach, *(abs(round(end, DECIMALS) - part.right) for end in ends))
    else:  # with a digit more than was asked, and cut then, an answer was rounded twice
        reach = max(reach, 0.55 * 10.0**-DECIMALS)
    return math.ceil(reach * 10.0**FINE + 1) / 10.0**FINE


def confused(part: NumberPart) -> Iterator[Wrong]:
    """The known wrong answers that four decimals cannot tell from the right one, although all digits can.

    >>> part = NumberPart("∂E/∂w₁?", 0.0006873, known=(Wrong("forgets the slope", "", 0.0006551),))
    >>> [wrong.name for wrong in confused(part)]
    ['forgets the slope']
    """
    reach, wide = part.room, margin(part) + 10.0**-FINE
    for wrong in part.wrong:
        if reach < abs(wrong.answer - part.right) < 20 * wide + 10.0**-DECIMALS:  # rounding leads no further
            typed = (wrong.answer, float(part.shown(wrong.answer)))
            each = (*typed, *(round(value, DECIMALS) for value in typed))
            if any(abs(value - part.right) <= wide for value in each):
                yield wrong
