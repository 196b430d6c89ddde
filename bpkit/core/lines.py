"""Forward lines, as blocks write them: a quantity, its right side, why, and how a textbook writes the slopes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import sympy as sp

from bpkit.core.errors import BpkitError
from bpkit.core.expressions import names_in
from bpkit.core.quantities import Quantity, Role


class Slope(NamedTuple):
    """How a textbook writes the derivative of a line in a quantity that it uses, why, and the spelling computed."""

    rhs: sp.Expr
    reason: str
    stable: sp.Expr | None = None


class Shortcut(NamedTuple):
    """What is left of a derivative where slopes cancel: the spelling computed, the short form that people read
    (or None), and words for it.
    """

    stable: sp.Expr
    cancelled: sp.Expr | None = None
    because: str = ""


class Line(NamedTuple):
    """One forward line; ``slopes`` are those that the block writes itself, by the name of the quantity used."""

    quantity: Quantity
    rhs: sp.Expr
    reason: str
    slopes: Mapping[str, Slope]
    stable: sp.Expr

    @property
    def name(self) -> str:
        return self.quantity.name


@dataclass(eq=False, repr=False)
class Stage:
    """Lines that are written together, one row of a layer: the way back visits stage after stage.

    ``by_error`` says that their derivatives are written error by error before they are added (dE_o1/dout_h1);
    ``slopes_first`` that the slopes of the whole row stand before its derivatives.
    """

    by_error: bool = False
    slopes_first: bool = False
    lines: list[Line] = field(default_factory=list)


class Lines:
    """The forward pass of a model, line by line in the order in which it is computed.

    ``given`` and ``parameter`` declare what the lines start from, ``stage`` begins a row, ``let`` writes a line of it;
    each returns the symbol to write further lines with. Exactly one line is the loss: its tag is ``total``.
    ``shortcuts`` says by its name how a derivative is computed, and read, where slopes cancel in it (dE_o1/dnet_o1).
    """

    def __init__(self) -> None:
        self.quantities: dict[str, Quantity] = {}
        self.parameters: dict[str, Quantity] = {}
        self.stages: list[Stage] = []
        self.shortcuts: dict[str, Shortcut] = {}

    def __iter__(self) -> Iterator[Line]:
        return (line for stage in self.stages for line in stage.lines)

    def given(self, quantity: Quantity) -> sp.Symbol:
        """Declare a number that a problem gives, such as an input or a target.

        >>> Lines().given(Quantity("x", index=(1,)))
        x1
        """
        if quantity.name in self.quantities:
            raise BpkitError(f"lines: expected a name of its own for each quantity, got {quantity.name!r} twice")
        self.quantities[quantity.name] = quantity
        return quantity.symbol

    def parameter(self, quantity: Quantity) -> sp.Symbol:
        """Declare a number that is learnt; any number of lines may use it."""
        symbol = self.given(quantity)
        self.parameters[quantity.name] = quantity
        return symbol

    def stage(self, by_error: bool = False, slopes_first: bool = False) -> None:
        """Begin a row of lines."""
        self.stages.append(Stage(by_error, slopes_first))

    def let(
        self,
        quantity: Quantity,
        rhs: sp.Expr,
        reason: str,
        slopes: Mapping[sp.Symbol, Slope] | None = None,
        stable: sp.Expr | None = None,
    ) -> sp.Symbol:
        """Write a line; slopes that are not given are the derivatives of its right side."""
        if missing := sorted(names_in(rhs) - set(self.quantities)):
            raise BpkitError(
                f"lines: expected {quantity.name} to use what is declared or written before it, got {missing[0]}; "
                "declare it with given or parameter, or write its line first"
            )
        symbol = self.given(replace(quantity, role=Role.FORWARD))
        own = {used.name: slope for used, slope in (slopes or {}).items()}
        line = Line(self.quantities[quantity.name], rhs, reason, own, rhs if stable is None else stable)
        self.stages[-1].lines.append(line)
        return symbol

    @property
    def total(self) -> Line:
        """The line of the loss."""
        found = [line for line in self if line.quantity.tag == "total"]
        if len(found) != 1:
            raise BpkitError(f"lines: expected one line with the tag 'total', the loss, got {len(found)}")
        return found[0]
