"""What the detective answers: explanations, and the diagnosis that holds them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from bpkit.core.chain_rule import Step
from bpkit.core.figures import Figure
from bpkit.core.quantities import Quantity
from bpkit.core.rewrites import Misconception
from bpkit.core.shown import Shown


def capital(sentence: str) -> str:
    """A sentence with its first letter large and a full stop."""
    return f"{sentence[:1].upper()}{sentence[1:]}."


@dataclass(frozen=True, repr=False)
class Explanation(Shown):
    """One way to come to the number: what was done, where, and what should stand there.

    ``name`` is a label that stays; ``you`` says in words what you do ("you get this if you .."), ``sentence`` why that
    is a mistake. ``step`` is the line of the derivation, with its number, as it should be; ``written`` the same line as
    the mistake writes it. ``parts`` holds the misconceptions, two where it takes a pair.
    """

    name: str
    you: str
    sentence: str
    step: Step
    written: Step
    value: float
    detail: str = ""
    parts: tuple[Misconception, ...] = ()

    @property
    def where(self) -> str:
        """The line, and what it should be."""
        return str(self._shown("where"))


@dataclass(frozen=True, repr=False)
class Diagnosis(Shown):
    """The verdict on a number: ``correct``, ``rounded``, ``few_digits``, ``misconception`` or ``unknown``, and why.

    ``few_digits`` is neither right nor wrong: what was typed fits the right number, and leaves too much of it open.

    ``misconceptions`` are the explanations that fit, the simplest first. ``sure`` is False where too few digits say
    so, or several explanations fit; ``tell_apart`` names a quantity whose value would decide between those.
    ``decimals`` says for ``rounded`` to how many decimals the numbers on the way were kept; such a number can have
    explanations too, less likely ones. ``carried`` are the earlier values, given and wrong, that the number follows
    from; they stand among the misconceptions as errors carried forward. ``hints`` are true sayings about a number
    that nothing explains. ``names`` has the quantity of each name.
    """

    quantity: str
    figure: Figure
    verdict: str
    message: str
    exact: float
    misconceptions: tuple[Explanation, ...] = ()
    decimals: int | None = None
    tell_apart: str | None = None
    carried: tuple[str, ...] = ()
    hints: tuple[str, ...] = ()
    sure: bool = True
    names: Mapping[str, Quantity] = field(default_factory=dict, compare=False)
