"""Some lines of a derivation with an index: each line of one shape once, for all its instances."""

from __future__ import annotations

from dataclasses import dataclass

from bpkit.core.derivation import Derivation
from bpkit.core.errors import BpkitError
from bpkit.core.families import Family


@dataclass(frozen=True, repr=False)
class Indexed:
    """Families of lines, below each other."""

    families: tuple[Family, ...]

    def _repr_latex_(self) -> str:
        rows = []
        for one in self.families:
            text = one._repr_latex_()
            rows += (
                text.split(r"\\begin{align}".replace("\\\\", "\\"))[1].split(r"\end{align}")[0].strip().split("\\\\\n")
            )
        return "$$\\begin{align}\n" + " \\\\[4pt]\n".join(rows) + "\n\\end{align}$$"

    def __repr__(self) -> str:
        return "\n".join(map(repr, self.families))


def indexed(derivation: Derivation, *names: str) -> Indexed:
    """The lines with an index that have these lines among their instances: ``indexed(d, "net_h1_1")``.

    Errors: ``BpkitError`` for a name of no line.
    """
    of = {step.name: family for family in derivation.families() for step in family.steps}
    found: dict[int, Family] = {}
    for name in names:
        step = derivation[name]
        if step.name not in of:
            raise BpkitError(f"indexed: expected a line of this derivation, got {name!r}")
        found[id(of[step.name])] = of[step.name]
    return Indexed(tuple(found.values()))
