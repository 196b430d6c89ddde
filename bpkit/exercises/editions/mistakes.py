"""What an edition for a learning system says about the wrong answers that are known."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bpkit.exercises.questions.parts import ExactPart, NumberPart, Wrong
from bpkit.mistakes.hand_rounding import half_unit


@dataclass(frozen=True)
class Mistake:
    """A wrong number, how far around it an answer is taken for it, and what to say about it."""

    value: float
    width: float
    said: str


@dataclass(frozen=True)
class Option:
    """An answer to choose, whether it is the right one, and what to say about it if it is wrong."""

    text: str
    right: bool
    said: str


def mistakes(part: NumberPart, declared: Sequence[str]) -> list[Mistake]:
    """The declared wrong numbers that can be told from the right one; those that meet are one, with both names.

    >>> part = NumberPart("w₅?", 0.3074, known=(Wrong("adds the gradient", "subtract it", 0.3926),))
    >>> [(one.value, one.said) for one in mistakes(part, ["adds the gradient"])]
    [(0.3926, 'Likely mistake: adds the gradient. Subtract it.')]
    """
    right = (part.right, part.room)
    found: dict[tuple[float, float], list[Wrong]] = {right: []}
    for wrong in part.wrong:
        if wrong.name in declared:
            mine = (float(wrong.answer), half_unit(wrong.answer, part.digits))
            meets = next((one for one in found if abs(one[0] - mine[0]) <= one[1] + mine[1]), mine)
            found.setdefault(meets, []).append(wrong)
    del found[right]
    return [Mistake(value, width, explained(wrongs)) for (value, width), wrongs in found.items()]


def exact_mistakes(part: ExactPart) -> list[Mistake]:
    """The wrong numbers of a part whose answer is right without a tolerance.

    >>> part = ExactPart("How many paths?", 2, "whole", known=(Wrong("follows only one path", "add both", 1),))
    >>> [(one.value, one.said) for one in exact_mistakes(part)]
    [(1, 'Likely mistake: follows only one path. Add both.')]
    """
    reader = part.read
    found: dict[float, list[Wrong]] = {}
    for wrong in part.wrong:
        if reader(wrong.answer) != reader(part.answer):
            found.setdefault(reader(wrong.answer), []).append(wrong)
    return [Mistake(value, 0.0, explained(wrongs)) for value, wrongs in found.items()]


def options(part: ExactPart) -> list[Option]:
    """What can be chosen, in the order of the question.

    >>> [(one.text, one.right) for one in options(ExactPart("Up or down?", "down", options=("up", "down")))]
    [('up', False), ('down', True)]
    """
    reader = part.read
    right, found = reader(part.answer), []
    for text in part.options:
        wrongs = [wrong for wrong in part.wrong if reader(wrong.answer) == reader(text) != right]
        found.append(Option(text, reader(text) == right, explained(wrongs)))
    return found


def spellings(order: str) -> list[str]:
    """The ways to type letters in an order, for a system that compares texts.

    >>> spellings("B A C")
    ['B A C', 'BAC', 'B, A, C', 'B,A,C']
    """
    letters = order.split()
    return [between.join(letters) for between in (" ", "", ", ", ",")]


def explained(wrongs: Iterable[Wrong]) -> str:
    """The mistakes that lead to one answer; a name is a label and stands by itself.

    >>> explained([Wrong("adds the gradient", "the update subtracts it", 0.3926)])
    'Likely mistake: adds the gradient. The update subtracts it.'
    """
    each: dict[str, str] = {}
    for wrong in wrongs:
        detail = f" ({wrong.detail})" if wrong.detail else ""
        each.setdefault(wrong.name, f"{wrong.name}. {_sentence(wrong.sentence + detail)}")
    return f"Likely mistake: {' Or: '.join(each.values())}" if each else ""


def _sentence(text: str) -> str:
    """A sentence of its own; a quantity's name at the start stays as it is."""
    start = text[:1].upper() if text.partition(" ")[0].isalpha() else text[:1]
    return f"{start}{text[1:]}{'' if text.endswith(('.', '!', '?')) else '.'}"
