"""Layer normalisation: the mean is taken away, the spread divided out, then a gain and a shift."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import sympy as sp

from bpkit.core.architecture import Names, Start
from bpkit.core.blocks.block import Block, Draft, Signals, array
from bpkit.core.blocks.description import Place
from bpkit.core.expressions import MINUS, ONE, power, product, total
from bpkit.core.lines import Slope
from bpkit.core.quantities import Quantity
from bpkit.core.runtime import Array

EPSILON = 1e-5


@dataclass(frozen=True, repr=False)
class LayerNorm(Block):
    """Layer normalisation with a gain and a shift for each feature: over the layer, or over the features of each step.

    out = g · (x - mean) / √(variance + 1e-5) + b, with the population variance, the mean of the squared differences.

    Shapes: the shape that comes in; arrays ``g1`` and ``b1`` (n,), n the features. Units: none.
    Errors: ``BpkitError`` for an image. Source: Ba, Kiros and Hinton, "Layer normalization" (2016).

    >>> import bpkit as bp
    >>> bp.derive(bp.Model(2, bp.blocks.LayerNorm()))["mean_o"].rhs
    (x1 + x2)/2
    """

    def write(self, draft: Draft, given: Signals) -> Signals:
        if given.image:
            raise self._refuse("a layer, or steps with features", "an image", "put it after a Dense block")
        signals, feature = given.symbols, given.axes[-1:]
        width = signals.shape[-1:]
        gains = draft.parameters("g", width, feature, "gain", Start(value=1.0))
        shifts = draft.parameters("b", width, feature, "bias")
        found = [
            symbol
            for at in np.ndindex(signals.shape[:-1])
            for symbol in _normalised(draft, tuple(i + 1 for i in at), given.axes, [*signals[at]], gains, shifts)
        ]
        return Signals(array(found, signals.shape), given.axes)

    def computed(self, own: Mapping[str, Array], x: Array) -> dict[str, Array]:
        """The layer moved and scaled to mean 0 and variance 1, then times the gain, plus the shift.

        >>> own = {"g": np.array([1.0, 1.0]), "b": np.array([0.0, 0.5])}
        >>> LayerNorm().computed(own, np.array([100.0, 300.0]))["out"].round(6).tolist()
        [-1.0, 1.5]
        """
        mean = x.mean(axis=-1, keepdims=True)
        var = x.var(axis=-1, keepdims=True)
        norm = (x - mean) / np.sqrt(var + EPSILON)
        middle = {"mean": mean, "var": var, "scale": 1 / np.sqrt(var + EPSILON)}
        return {
            **{letter: one[..., 0] for letter, one in middle.items()},
            "diff": x - mean,
            "norm": norm,
            "out": own["g"] * norm + own["b"],
        }

    def told(self, place: Place) -> str:
        n = place.number
        out = (
            f"$\\mathit{{out}}_{{j}} = g_{{{n},j}} \\cdot (x_{{j}} - \\mathit{{mean}}) / "
            rf"\sqrt{{\mathit{{var}} + 10^{{-5}}}} + b_{{{n},j}}$"
        )
        return (
            f"Block {n} is a layer normalisation: {out}, where mean is the mean of the numbers that come in, and var "
            f"the mean of their squared differences from it. Here {place.names(('out',), 'step', 'number')}"
        )


def _normalised(
    draft: Draft, at: tuple[int, ...], axes: tuple[int, ...], row: list[sp.Symbol], gains: Names, shifts: Names
) -> list[sp.Symbol]:
    """Write the lines of one layer."""
    lines, share, steps = draft.lines, sp.Rational(1, len(row)), axes[:-1]

    def each(letter: str, tag: str) -> list[Quantity]:
        return [draft.quantity(letter, (*at, j), axes, tag) for j in range(1, len(row) + 1)]

    lines.stage()
    mean = draft.quantity("mean", at, steps, "mean")
    slopes = {one: Slope(share, f"{one} is one of the {len(row)} numbers in the mean") for one in row}
    middle = lines.let(
        mean,
        product(share, total(*row)),
        f"the mean of the layer: the sum of its {len(row)} numbers divided by {len(row)}",
        slopes,
    )
    lines.stage()
    centred = []
    for one, place in zip(row, each("diff", "centred")):
        slopes = {
            one: Slope(ONE, f"when {one} grows, {place.name} grows by as much"),
            middle: Slope(MINUS, f"{place.name} subtracts the mean"),
        }
        centred.append(lines.let(place, total(one, -middle), f"how far {one} is from the mean", slopes))
    lines.stage()
    place = draft.quantity("var", at, steps, "variance")
    slopes = {one: Slope(product(2 * share, one), f"slope of the variance with respect to {one}") for one in centred}
    squares = total(*(power(one, 2) for one in centred))
    variance = lines.let(place, product(share, squares), "the variance of the layer: the mean of the squares", slopes)
    lines.stage()
    place = draft.quantity("scale", at, steps, "scale")
    shrunk = power(total(variance, sp.Float(EPSILON)), sp.Rational(-1, 2))
    slope = Slope(
        product(sp.Rational(-1, 2), power(place.symbol, 3)),
        f"slope of 1 divided by a square root, written with {place.name} itself",
    )
    scale = lines.let(
        place, shrunk, "1 divided by the spread, which is the square root of the variance", {variance: slope}
    )
    lines.stage()
    normed = []
    for one, place in zip(centred, each("norm", "norm")):
        slopes = {
            one: Slope(scale, f"in {place.name} the difference is multiplied by {scale}"),
            scale: Slope(one, f"in {place.name} the scale multiplies {one}"),
        }
        normed.append(lines.let(place, product(one, scale), f"{one} divided by the spread", slopes))
    lines.stage()
    found = []
    for one, gain, shift, place in zip(normed, gains, shifts, each("out", "shifted")):
        slopes = {
            gain: Slope(one, f"in {place.name} the gain multiplies {one}"),
            one: Slope(gain, f"in {place.name} the normalised number is multiplied by {gain}"),
            shift: Slope(ONE, f"the shift {shift} is added to {place.name}"),
        }
        why = f"output of {place.neuron}: the gain times the normalised number, plus the shift"
        found.append(lines.let(place, total(product(gain, one), shift), why, slopes))
    return found
