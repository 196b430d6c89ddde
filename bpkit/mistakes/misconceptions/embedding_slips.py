"""Slips with the rows of a table."""

from __future__ import annotations

from bpkit.core.derivation import Derivation
from bpkit.core.expressions import ONE
from bpkit.core.quantities import Role
from bpkit.mistakes.misconceptions.rule import Shapes, misconception
from bpkit.mistakes.misconceptions.whereabouts import at
from bpkit.mistakes.rewrite import becomes


@misconception(
    "updates all rows of the table",
    "give every row of the table the derivative of the whole",
    "a token reads one row of the table, so the other rows have no part in it",
)
def all_rows(d: Derivation) -> Shapes:
    """Slope 1 for every row, whichever the token chose.

    >>> import bpkit as bp
    >>> all_rows.written(bp.Model((1,), bp.blocks.Embedding(2, 1)), "dout_o1_1/dW1_0_1")
    '1'
    """
    yield "", {step.name: becomes(ONE) for step in at(d, Role.SLOPE, "row")}
