"""What questions about a picture share: options that each have a reason, and numbers as sentences have them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bpkit.core.spelling import number, readable
from bpkit.exercises.questions.parts import ExactPart, Wrong

TOPIC = "pictures"
Named = tuple[str, str, str]  # of a misconception: its name, what you did, what is true
CLIMBS = ("adds the gradient", "add the slope instead of subtracting it", "against the slope the weight moves downhill")


def choice(
    asks: str,
    right: str,
    options: Sequence[str],
    wrong: Mapping[str, Named],
    hints: tuple[str, ...] = (),
    reader: str = "word",
) -> ExactPart:
    """One of some options; each of the others is the answer of a mistake that has a name.

    >>> choice("Where to?", "down", ["up", "down"], {"up": CLIMBS}).judge("up").misconceptions
    ('adds the gradient',)
    """
    known = tuple(
        Wrong(name, sentence, option, you)
        for option in options
        if option != right
        for name, you, sentence in [wrong[option]]
    )
    return ExactPart(asks, right, reader, tuple(options), known=known, hints=hints)


def short(value: float) -> float:
    """A number to two digits: one with more might be the answer to another question by chance.

    >>> short(0.233453), short(20)
    (0.23, 20.0)
    """
    return float(f"{value:.2g}")


def shown(value: float, digits: int = 2) -> str:
    """A number as the text has it.

    >>> shown(-0.0411137)
    '−0.041'
    """
    return readable(number(value, digits))
