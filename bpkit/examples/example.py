"""What a published worked example is: a problem, the figures as they were printed, and their audit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bpkit.core.problem import Problem
from bpkit.examples.audit import Audit, audit
from bpkit.mistakes.question import question


@dataclass(frozen=True, repr=False)
class Example:
    """A published worked example: its ``problem``, its ``published`` figures as printed, its ``source``.

    The figures are named by quantity, with ``after N updates`` behind those that belong to a trained network.
    """

    name: str
    title: str
    source: str
    problem: Problem
    published: Mapping[str, str]

    def exact(self, figure: str) -> float:
        """The exact value of a published figure."""
        asked = question(self.problem, figure)
        return float(asked.exact[asked.quantity])

    def audit(self) -> Audit:
        """What the detective says of every published figure, in the light of those before it."""
        return audit(self.problem, self.published)

    def __repr__(self) -> str:
        return f"Example({self.name!r}: {self.title}; {self.problem.network!r})"
