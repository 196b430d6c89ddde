"""A fully connected layer: net_j = Σ_i W_ij · x_i + b_j, out = f(net); on steps the same one at each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from bpkit.core.architecture import Start
from bpkit.core.blocks.block import Block, Draft, Signals, activated, array, checked, size
from bpkit.core.blocks.description import Place, function
from bpkit.core.functions import Activation, activation
from bpkit.core.neurons import net_input
from bpkit.core.runtime import Array
from bpkit.core.spelling import counted


@dataclass(frozen=True, repr=False)
class Dense(Block):
    """A fully connected layer of so many neurons; after steps (time, tokens) the same layer works at each of them.

    Shapes: (n,) to (units,), (steps, n) to (steps, units); an image is read row after row. Arrays ``W1`` (n, units)
    and ``b1`` (units,), with the block's number. Units: none. Errors: ``BpkitError`` for sizes below 1.
    Source: Goodfellow, Bengio and Courville, "Deep Learning" (2016), chapter 6.

    >>> import bpkit as bp
    >>> bp.derive(bp.Model(2, bp.blocks.Dense(1)))["net_o1"].rhs
    W1_1_1*x1 + W1_2_1*x2 + b1_1
    """

    units: int
    activation: Activation | str = "identity"

    def __post_init__(self) -> None:
        checked(self, units=size("Dense", "units", self.units), activation=activation(self.activation))

    def write(self, draft: Draft, given: Signals) -> Signals:
        signals, own = given.symbols, draft.axis()
        inner = signals.shape if given.image else signals.shape[-1:]
        before = int(np.prod(inner))
        features = given.axes if given.image else given.axes[-1:]
        start = Start(before, self.units)
        weights = draft.parameters("W", (before, self.units), (*features, own), start=start, inner=inner)
        biases = draft.parameters("b", (self.units,), (own,), "bias")
        steps = signals.shape[:1] if given.steps else ()
        axes = (*given.axes[: len(steps)], own)
        rows = signals.reshape(-1, before)
        places = draft.row("net", (*steps, self.units), axes, "net").reshape(-1, self.units)
        draft.lines.stage(slopes_first=draft.place == "o")
        nets = [
            net_input(
                draft.lines,
                place,
                [(weight, one, f"the signal {one}") for weight, one in zip(weights[:, j], row)],
                biases[j],
                f"net input of {place.neuron}: each signal times its weight",
            )
            for row, line in zip(rows, places)
            for j, place in enumerate(line)
        ]
        found = array(nets, (*steps, self.units))
        (function,) = self.activations
        return Signals(draft.activated(found, axes, function), axes, nets=found, activation=function)

    def makes_image(self, given: bool) -> bool:
        return False

    def computed(self, own: Mapping[str, Array], x: Array) -> dict[str, Array]:
        """The outputs of a layer: inputs times weights, plus biases, through the activation.

        >>> own = {"W": np.array([[0.5], [0.25]]), "b": np.array([1.0])}
        >>> Dense(1, "identity").computed(own, np.array([2.0, 4.0]))["out"].tolist()
        [3.0]
        """
        net = x @ own["W"] + own["b"]
        return {"net": net, "out": activated(net, *self.activations)}

    def told(self, place: Place) -> str:
        n = place.number
        net = f"$\\mathit{{net}}_{{j}} = \\sum_{{i}} x_{{i}} \\cdot W_{{{n},i,j}} + b_{{{n},j}}$"
        names = place.names(("net", "out"), "step", "neuron")
        same = ", the same at every step" if "step" in names else ""
        return (
            f"Block {n} is a dense layer of {counted(self.units, 'neuron')}{same}: {net}, "
            f"then {function(*self.activations)}. Here {names}"
        )
