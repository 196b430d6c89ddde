"""Some lines of a derivation with an index: each line of one shape once, for all its instances."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import sympy as sp

from bpkit.core.derivation import Derivation
from bpkit.core.errors import BpkitError
from bpkit.core.families import Family, rebuilt
from bpkit.core.notation import family_latex


@dataclass(frozen=True, repr=False)
class Indexed:
    """Families of lines, below each other."""

    families: tuple[Family, ...]

    def _repr_latex_(self) -> str:
        return family_latex(*self.families)

    def __repr__(self) -> str:
        return "\n".join(map(repr, self.families))


def indexed(derivation: Derivation, *names: str) -> Indexed:
    """The lines with an index that have these lines among their instances: ``indexed(d, "net_h1_1")``.

    A name may be followed by letters to use, those of the left side first: ``"net_h1_1 j i"``.
    Errors: ``BpkitError`` for a name of no line, or letters that are too few, too many, or not different.

    >>> import bpkit as bp
    >>> indexed(bp.derive(bp.Network(2, 3)), "net_o1 n m")
    net_o[n] = Σ_m W_1[m,n] · x[m] + b1   for n = 1..3   sum over m = 1..2
    """
    of = {step.name: family for family in derivation.families() for step in family.steps}
    found: dict[int, Family] = {}
    for words in names:
        name, *letters = words.split()
        step = derivation[name]
        if step.name not in of:
            raise BpkitError(f"indexed: expected a line of this derivation, got {name!r}")
        family = of[step.name]
        found[id(family)] = _lettered(family, letters) if letters else family
    return Indexed(tuple(found.values()))


def _lettered(family: Family, letters: list[str]) -> Family:
    """The family with other letters."""
    if len({*letters}) != len(letters) or len(letters) != len(family.index):
        given = "".join(letters)
        raise BpkitError(
            f"indexed: expected {len(family.index)} different letters for {', '.join(family.index)} in {family}, "
            f"got {given!r}"
        )
    swapped = dict(zip(family.index, letters))
    sides = (family.lhs, family.rhs, family.stable, family.cancelled)
    lhs, rhs, stable, cancelled = (None if one is None else _swapped(one, swapped) for one in sides)
    index = dict(zip(letters, family.index.values()))
    return replace(family, lhs=lhs, rhs=rhs, stable=stable, cancelled=cancelled, index=index)


def _swapped(expr: sp.Basic, letters: Mapping[str, str]) -> sp.Basic:
    """An expression with other letters, in the order that it was written in."""
    if isinstance(expr, sp.Symbol) and expr.name in letters:
        return sp.Symbol(letters[expr.name], integer=True)
    if not expr.args:
        return expr
    if isinstance(expr, sp.Indexed):
        return expr.base[tuple(_swapped(index, letters) for index in expr.indices)]
    return rebuilt(expr.func, [_swapped(arg, letters) for arg in expr.args])
