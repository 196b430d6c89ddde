"""The audit of an example: every printed figure against the exact one, and what the detective says about it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from types import MappingProxyType

from bpkit.core.chain_rule import behind
from bpkit.core.derivation import Derivation, derive
from bpkit.core.errors import BpkitError
from bpkit.core.expressions import names_in
from bpkit.core.problem import Problem
from bpkit.core.quantities import SIGNED, Quantity
from bpkit.core.shown import Shown
from bpkit.core.spelling import readable, typeset
from bpkit.mistakes.diagnose import diagnose
from bpkit.mistakes.question import SIDE_BY_SIDE, Question, question
from bpkit.mistakes.rewrite import Misconception
from bpkit.mistakes.typed_number import pen_slips, read
from bpkit.mistakes.variants import replaced, value_in
from bpkit.mistakes.verdict import Diagnosis

KINDS = ("holds", "cut off", "rounded", "follows", "explained", "unexplained", "open")
SIGNS = dict(zip(KINDS, "✓✓✓→✗✗?"))  # as the table has them
NEARLY, SMALL = "≈", "nearly right"  # the sign and the words of an unexplained slip in a late digit
OPEN = "wrong; may only follow from lines that are not printed"


@dataclass(frozen=True)
class Finding:
    """One printed figure: the exact value, the ``verdict`` in words, and its ``kind``.

    ``kind`` is one of ``KINDS``: it ``holds``; it was ``cut off`` or follows from ``rounded`` numbers; it ``follows``
    from earlier slips; a mistake has it ``explained``; or it stays ``unexplained``, and ``open`` where it may only
    follow from lines that are not printed. ``reasons`` names the earlier figures or the mistakes.
    """

    figure: str
    printed: str
    exact: float
    verdict: str
    kind: str
    reasons: tuple[str, ...] = ()

    @property
    def holds(self) -> bool:
        """True if the printed figure is the exact one, up to rounding."""
        return self.kind in KINDS[:3]

    @property
    def sign(self) -> str:
        """The verdict as a sign: ✓ → ≈ ✗ ?."""
        return NEARLY if self.small else SIGNS[self.kind]

    @property
    def small(self) -> bool:
        """True for an unexplained slip in a late digit."""
        return self.kind == "unexplained" and self.verdict.startswith(SMALL)


@dataclass(frozen=True, repr=False)
class Audit(Shown):
    """Every printed figure of an example against the exact one; ``names`` are the quantities that it speaks of."""

    findings: tuple[Finding, ...]
    names: Mapping[str, Quantity] = field(default_factory=dict, compare=False)
    title: str = ""  # with one, a page shows it folded, below this title

    def __iter__(self) -> Iterator[Finding]:
        return iter(self.findings)

    def __len__(self) -> int:
        return len(self.findings)

    def __getitem__(self, figure: str) -> Finding:
        for finding in self.findings:
            if finding.figure == figure:
                return finding
        raise BpkitError(f"audit: expected one of {', '.join(f.figure for f in self.findings)}, got {figure!r}")

    @property
    def wrong(self) -> Audit:
        """The figures that do not hold."""
        return Audit(tuple(finding for finding in self.findings if not finding.holds), self.names)

    def folded(self, title: str) -> Audit:
        """The same, opened on a page by a click on its title."""
        return replace(self, title=title)

    def rows(self) -> list[tuple[str, ...]]:
        """Figure, printed, exact, verdict, as text."""
        return [
            (
                typeset(f.figure, self.names),
                readable(f.printed),
                readable(f"{Decimal(f'{f.exact:.12g}'):f}"),
                f"{f.sign} {typeset(f.verdict, self.names)}",
            )
            for f in self.findings
        ]


def audit(problem: Problem, published: Mapping[str, str]) -> Audit:
    """Let the detective see every published figure, with the figures printed before it as given."""
    earlier: dict[str, str] = {}
    suspects: dict[Misconception, None] = {}
    doubtful: set[str] = set()  # lines that a mistake behind an earlier figure may have spoiled
    findings = []
    for figure, printed in published.items():
        asked = question(problem, figure)
        exact = float(asked.exact[asked.quantity])
        if asked.updates > SIDE_BY_SIDE and (repeated := _repeated(asked, printed, tuple(suspects))):
            findings.append(Finding(figure, printed, exact, *repeated))
            continue
        given = {} if asked.updates else sources(asked.derivation, asked.quantity, earlier)
        found = diagnose(problem, figure, printed, given)
        verdict, hidden = _verdict(found), _unprinted(asked, given)
        if verdict[1] == "unexplained" and not found.off_in_digit and doubtful & hidden:
            verdict = OPEN, "open", ()
        findings.append(Finding(figure, printed, exact, *verdict))
        if verdict[1] in ("explained", "unexplained"):
            doubtful |= hidden
        if not asked.updates:
            earlier[asked.quantity] = printed
        if found.verdict == "misconception":
            suspects |= dict.fromkeys(part for one in found.misconceptions for part in one.parts)
    names = {name: one for name, one in derive(problem.network).quantities.items() if one.tag not in SIGNED}
    return Audit(tuple(findings), MappingProxyType(names))


def sources(derivation: Derivation, quantity: str, earlier: Mapping[str, str]) -> dict[str, str]:
    """The earlier figures that a quantity is computed from: every way back ends at the first one."""
    found, waiting, seen = {}, [quantity], set()
    while waiting:
        for name in names_in(derivation[waiting.pop()].rhs):
            if name in earlier:
                found[name] = earlier[name]
            elif name in derivation and name not in seen:
                seen.add(name)
                waiting.append(name)
    return {name: earlier[name] for name in earlier if name in found}


def _unprinted(asked: Question, given: Mapping[str, str]) -> set[str]:
    """The lines on the way to a figure, from the given ones on."""
    lines = asked.derivation
    return behind([asked.quantity, *(replaced(lines) if asked.updates else ())], lines.with_inputs.by_name, given)


def _verdict(found: Diagnosis) -> tuple[str, str, tuple[str, ...]]:
    """What to say of a printed figure, the kind of verdict, and the figures that it follows from."""
    if found.carried:
        return f"follows from {' and '.join(found.carried)} as printed", "follows", found.carried
    if found.verdict in ("correct", "few_digits"):
        return "holds", "holds", ()
    if found.verdict == "rounded":
        if found.figure.cuts(found.exact):
            return "holds, cut off where it should be rounded", "cut off", ()
        kept = f"from numbers kept to {found.decimals} decimals" if found.decimals else "as measured by nudging"
        return f"holds, {kept}", "rounded", ()
    if found.misconceptions:
        told = [one.name + (f" ({one.detail})" if one.detail else "") for one in found.misconceptions]
        names = tuple(one.name for one in found.misconceptions)
        return f"wrong, {'' if found.sure else 'perhaps '}explained: {'; or '.join(told)}", "explained", names
    late = found.off_in_digit
    return f"{SMALL}, off from digit {late} on" if late else "wrong, unexplained", "unexplained", ()


def _repeated(
    asked: Question, printed: str, suspects: tuple[Misconception, ...]
) -> tuple[str, str, tuple[str, ...]] | None:
    """A mistake that explained an earlier figure, made at every one of many updates, and perhaps a slip of the pen."""
    figure = read(printed)
    for one in suspects:
        value = value_in(asked, (one,))
        if figure.rounds(value):
            return f"wrong, explained: {one.name} at every update", "explained", (one.name,)
        for words, slip in pen_slips(figure):
            if slip.rounds(value):
                pen = "with a digit too many" if slip.digits < figure.digits else words
                said = f"wrong, explained: {one.name} at every update; that gives {slip.text}, here printed {pen}"
                return said, "explained", (one.name,)
    return None
