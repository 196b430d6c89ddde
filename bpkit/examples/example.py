"""What a published worked example is: a problem, the figures as they were printed, and their audit."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from bpkit.core.errors import BpkitError, suggest
from bpkit.core.problem import Problem
from bpkit.examples.audit import Audit, audit
from bpkit.mistakes.question import question
from bpkit.show.diagram import svg
from bpkit.show.drawing import Drawing


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

    def __post_init__(self) -> None:
        object.__setattr__(self, "published", MappingProxyType({**self.published}))

    def __reduce__(self) -> tuple[Any, ...]:
        """What copying and pickling keep: the fields, the figures as a plain dict."""
        return Example, (self.name, self.title, self.source, self.problem, {**self.published})

    def exact(self, figure: str) -> float:
        """The exact value of a published figure."""
        asked = question(self.problem, figure)
        return float(asked.exact[asked.quantity])

    def audit(self, last: str | None = None) -> Audit:
        """What the detective says of every published figure, in the light of those before it; up to ``last``, if given.

        Errors: ``BpkitError`` for a figure that was not published.
        """
        names = [*self.published]
        if last is not None and last not in names:
            raise BpkitError(f"audit: expected one of {', '.join(names)}, got {last!r}{suggest(last, names)}")
        kept = names if last is None else names[: names.index(last) + 1]
        return audit(self.problem, {name: self.published[name] for name in kept})

    def diagram(self, highlight: Iterable[str] = (), audited: bool = False) -> Drawing:
        """The network with the figures as they are printed; ``highlight`` names quantities that are lit.

        Where it is ``audited``, each figure has the sign that the audit gives it.
        """
        lit, network = tuple(highlight), self.problem.network
        on_it = {one.name for one in network.lines}
        figures = {name: float(figure) for name, figure in self.published.items() if name in on_it}
        numbers, digits = {**self.problem.givens, **figures}, max(map(_digits, self.published.values()))
        signs = {one.figure: one.sign for one in self.audit() if one.figure in on_it} if audited else {}
        said = ", ".join(f"{name} = {self.published[name]} {signs.get(name, '')}".rstrip() for name in figures)
        end = f" Lit: {', '.join(lit)}." if lit else ""
        return Drawing(
            f"The network with the figures as they are printed: {said}.{end}", svg(network, numbers, lit, digits, signs)
        )

    def __repr__(self) -> str:
        return f"Example({self.name!r}: {self.title}; {self.problem.network!r})"


def _digits(printed: str) -> int:
    """How many significant digits a printed figure has."""
    return len(printed.partition("e")[0].lstrip("-0.").replace(".", ""))
