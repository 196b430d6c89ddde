"""The largest of each window: windows that do not overlap; of equal numbers the first is the one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import sympy as sp

from bpkit.core.blocks.block import Block, Draft, Signals, array, checked, size
from bpkit.core.blocks.description import Place
from bpkit.core.expressions import row_max
from bpkit.core.lines import Slope
from bpkit.core.quantities import Quantity
from bpkit.core.runtime import Array


@dataclass(frozen=True, repr=False)
class MaxPool(Block):
    """The largest number of each window of so many signals; windows of an image are squares. It has no parameters.

    Shapes: (n,) to (n / size,), (rows, columns) to (rows / size, columns / size). Units: none.
    Errors: ``BpkitError`` where windows do not fill the input.
    Source: Goodfellow, Bengio and Courville, "Deep Learning" (2016), section 9.3.

    >>> import bpkit as bp
    >>> bp.derive(bp.Model(4, bp.blocks.MaxPool(2)))["out_o2"].rhs
    Max(x3, x4)
    """

    size: int = 2

    def __post_init__(self) -> None:
        checked(self, size=size("MaxPool", "size", self.size))

    def write(self, draft: Draft, given: Signals) -> Signals:
        row = given if given.image else self._one_row(given)
        signals, side = row.symbols, self.size
        if any(length % side for length in signals.shape):
            many = f"{side} numbers" if signals.ndim == 1 else f"{side} by {side} numbers"
            raise self._refuse(
                f"signals that windows of {many} fill", f"the shape {signals.shape}", "take another size"
            )
        shape = tuple(length // side for length in signals.shape)
        axes = tuple(draft.axis() for _ in shape)
        draft.lines.stage()
        found = []
        for place in draft.row("out", shape, axes, "pool").flat:
            window = signals[tuple(slice((i - 1) * side, i * side) for i in place.index)]
            found.append(pooled(draft, place, [*window.flat]))
        return Signals(array(found, shape), axes, row.image)

    def computed(self, own: Mapping[str, Array], x: Array) -> dict[str, Array]:
        """The largest number of each window.

        >>> import numpy as np
        >>> MaxPool(2).computed({}, np.array([1.0, 3.0, 2.0, 0.0]))["out"].tolist()
        [3.0, 2.0]
        """
        signal = x.reshape(-1) if x.shape[-1] == 1 else x
        windows = signal.reshape([side for length in signal.shape for side in (length // self.size, self.size)])
        return {"out": windows.max(axis=tuple(range(1, windows.ndim, 2)))}

    def told(self, place: Place) -> str:
        n = place.number
        image = any(len(one.index) == 2 for one in place.quantities if one.tag == "pool")
        window = f"{self.size} by {self.size} numbers" if image else f"{self.size} numbers"
        kinds = ("row", "column") if image else ("window",)
        return (
            f"Block {n} takes the largest of each {window}, in windows that do not overlap. Here "
            f"{place.names(('out',), *kinds)}"
        )


def pooled(draft: Draft, place: Quantity, window: list[sp.Symbol]) -> sp.Symbol:
    """Write the line of one window: its slope is 1 in the first of the largest and 0 in the others."""
    out, slopes = place.symbol, {}
    for k, one in enumerate(window):
        conditions = [sp.Ge(one, out, evaluate=False), *(sp.Lt(before, out, evaluate=False) for before in window[:k])]
        holds = sp.And(*conditions, evaluate=False) if k else conditions[0]
        slopes[one] = Slope(
            sp.Piecewise((sp.S.One, holds), (sp.S.Zero, True), evaluate=False),
            f"only the largest of a window reaches {place.name}, so the slope is 1 if that is {one} and 0 if not",
        )
    rhs = sp.Max(*window, evaluate=False)
    several = f"the largest number of its window, {window[0]} to {window[-1]}"
    why = several if window[1:] else f"its window has one number, {window[0]}"
    return draft.lines.let(place, rhs, why, slopes, row_max(*window))
