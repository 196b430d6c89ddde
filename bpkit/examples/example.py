"""What a published worked example is: a problem, the figures as they were printed, and their audit."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import ROUND_DOWN, ROUND_HALF_EVEN, Decimal

from bpkit.core.derive import derive
from bpkit.core.errors import BpkitError
from bpkit.core.numeric import evaluate, evaluate_given
from bpkit.core.problem import Problem
from bpkit.core.training import train


@dataclass(frozen=True)
class Finding:
    """One printed figure: the exact value, and whether it holds."""

    figure: str
    printed: str
    exact: float
    verdict: str

    @property
    def holds(self) -> bool:
        """True when the printed figure is the exact one, rounded or cut off."""
        return self.verdict.startswith("holds")


@dataclass(frozen=True, repr=False)
class Audit:
    """Every printed figure of an example against the exact one."""

    findings: tuple[Finding, ...]

    def __iter__(self) -> Iterator[Finding]:
        return iter(self.findings)

    def __len__(self) -> int:
        return len(self.findings)

    def __getitem__(self, figure: str) -> Finding:
        for finding in self.findings:
            if finding.figure == figure:
                return finding
        raise BpkitError(f"audit: expected one of {', '.join(f.figure for f in self.findings)}, got {figure!r}")

    def rows(self) -> list[tuple[str, ...]]:
        """Figure, printed, exact, verdict, as text."""
        return [(f.figure, f.printed, f"{f.exact:.12g}", f.verdict) for f in self.findings]

    def __repr__(self) -> str:
        from bpkit.show.table import text_table

        return text_table(AUDIT_HEAD, self.rows())

    def _repr_html_(self) -> str:
        from bpkit.show.table import html_table

        return html_table(AUDIT_HEAD, self.rows())


AUDIT_HEAD = ("figure", "printed", "exact", "verdict")


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
        quantity, updates = _parse(figure)
        return float(evaluate(self.problem.updated(updates) if updates else self.problem)[quantity])

    def audit(self) -> Audit:
        """Compare every published figure with the exact one, and with what follows from the figures before it."""
        earlier: dict[str, str] = {}
        trace = train(self.problem, max(_parse(figure)[1] for figure in self.published))
        findings = []
        for figure, printed in self.published.items():
            quantity, updates = _parse(figure)
            exact = float(evaluate(trace.at(updates))[quantity])
            if updates:
                verdict = _matches(printed, exact) or "wrong"
            else:
                verdict = _matches(printed, exact) or self._carried(quantity, printed, earlier) or "wrong"
                earlier[quantity] = printed
            findings.append(Finding(figure, printed, exact, verdict))
        return Audit(tuple(findings))

    def _carried(self, quantity: str, printed: str, earlier: Mapping[str, str]) -> str:
        """Does the figure follow from earlier printed ones? Then from which that do not hold themselves."""
        used = self._sources(quantity, earlier)
        values = evaluate_given(self.problem, {name: float(earlier[name]) for name in used})
        if not _matches(printed, values[quantity], slack=1):
            return ""
        exact = evaluate(self.problem)
        alone = [name for name in used if float(earlier[name]) != round(exact[name], _decimals(earlier[name]))]
        return f"follows from {' and '.join(alone)} as printed" if alone else ""

    def _sources(self, quantity: str, earlier: Mapping[str, str]) -> list[str]:
        """The earlier printed figures that a quantity is computed from: every way back ends at the first one."""
        lines = derive(self.problem.network)
        found, waiting = set(), [quantity]
        while waiting:
            for symbol in lines[waiting.pop()].rhs.free_symbols:
                if symbol.name in earlier:
                    found.add(symbol.name)
                elif symbol.name in lines:
                    waiting.append(symbol.name)
        return sorted(found, key=lambda name: lines[name].number)

    def __repr__(self) -> str:
        return f"Example({self.name!r}: {self.title}; {self.problem.network!r})"


def _parse(figure: str) -> tuple[str, int]:
    quantity, _, updates = figure.partition(" after ")
    return quantity, int(re.match(r"\d+", updates)[0]) if updates else 0  # type: ignore[index]


def _decimals(printed: str) -> int:
    return max(0, -int(Decimal(printed).as_tuple().exponent))


def _matches(printed: str, exact: float, slack: int = 0) -> str:
    """How the printed digits hold: rounded, cut off; empty when they do not. ``slack`` allows units of the last."""
    unit = Decimal(1).scaleb(-_decimals(printed))
    value = Decimal(repr(exact))
    if Decimal(printed) == value.quantize(unit, rounding=ROUND_HALF_EVEN):
        return "holds"
    if Decimal(printed) == value.quantize(unit, rounding=ROUND_DOWN):
        return "holds, cut off where it should be rounded"
    if slack and abs(Decimal(printed) - value) <= unit * slack:
        return "holds"
    return ""
