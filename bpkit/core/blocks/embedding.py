"""A table with a row of numbers for each token: a token's number chooses its row."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import sympy as sp

from bpkit.core.architecture import Start
from bpkit.core.blocks.block import Block, Draft, Signals, array, checked, size
from bpkit.core.blocks.description import Place
from bpkit.core.lines import Slope
from bpkit.core.runtime import Array
from bpkit.core.spelling import counted


@dataclass(frozen=True, repr=False)
class Embedding(Block):
    """A table of so many rows and columns: each token, a whole number from 0, is replaced by its row of the table.

    It comes first in a model. Row 2 of the table, that of token 2, holds the parameters ``W1_2_1``, ``W1_2_2``, ..

    Shapes: (steps,) to (steps, columns). Array ``W1`` (rows, columns), with the block's number. Units: none.
    Errors: ``BpkitError`` where it is not first, and for tokens that have no row.
    Source: Bengio, Ducharme, Vincent and Jauvin, "A neural probabilistic language model" (2003).

    >>> import bpkit as bp
    >>> bp.derive(bp.Model(2, bp.blocks.Embedding(2, 1)))["out_o1_1"].rhs
    Piecewise((W1_0_1, Eq(x1, 0)), (W1_1_1, True))
    """

    rows: int
    columns: int

    def __post_init__(self) -> None:
        checked(self, rows=size("Embedding", "rows", self.rows), columns=size("Embedding", "columns", self.columns))

    def write(self, draft: Draft, given: Signals) -> Signals:
        if draft.number != 1 or given.symbols.ndim != 1:
            raise self._refuse(
                "tokens as inputs", "signals of other blocks or a table", "put it first: Model((3,), Embedding(..), ..)"
            )
        own = draft.axis()
        table = draft.parameters("W", (self.rows, self.columns), (draft.axis(), own), "row", Start(1, 1), first=0)
        draft.upright.add(f"W{draft.number}")
        axes = (given.axes[0], own)
        draft.vocabulary |= {token.name: self.rows for token in given.symbols}
        draft.lines.stage()
        found = []
        for place in draft.row("out", (len(given.symbols), self.columns), axes, "embedded").flat:
            t, column = place.index
            token, entries = given.symbols[t - 1], table[:, column - 1]
            chosen = [sp.Eq(token, row, evaluate=False) for row in range(self.rows)]
            cases = [*zip(entries[:-1], chosen), (entries[-1], True)]
            slopes = {
                entry: Slope(
                    sp.Piecewise((sp.S.One, where), (sp.S.Zero, True), evaluate=False),
                    f"{place.name} is {entry} if the token is {row}, and does not depend on it for any other token",
                )
                for row, (entry, where) in enumerate(zip(entries, chosen))
            }
            slopes[token] = Slope(sp.S.Zero, f"{token} only says which row it is, so there is no slope")
            why = f"token {token} picks a row of the table, and this is the number in its column {column}"
            found.append(draft.lines.let(place, sp.Piecewise(*cases, evaluate=False), why, slopes))
        return Signals(array(found, (len(given.symbols), self.columns)), axes)

    def computed(self, own: Mapping[str, Array], x: Array) -> dict[str, Array]:
        """The row of the table that each token names.

        >>> import numpy as np
        >>> own = {"W": np.array([[0.1, 0.2], [0.3, 0.4]])}
        >>> Embedding(2, 2).computed(own, np.array([1.0, 0.0]))["out"].tolist()
        [[0.3, 0.4], [0.1, 0.2]]
        """
        return {"out": own["W"][x.astype(int)]}

    def told(self, place: Place) -> str:
        n = place.number
        return (
            f"Block {n} is a table of {counted(self.rows, 'row')} and {counted(self.columns, 'column')}: each "
            f"input, a whole number from 0, is replaced by its row of $W_{{{n}}}$, whose rows count from 0. Here "
            f"{place.names(('out',), 'token', 'column')}"
        )
