"""A convolution over an image: net_ij = Σ_ab k_ab · x_{i+a-1, j+b-1} + b, the same kernel at every place."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from bpkit.core.architecture import Start
from bpkit.core.blocks.block import Block, Draft, Signals, activated, array, checked, neuron_function, size
from bpkit.core.blocks.description import Place, function
from bpkit.core.functions import Activation
from bpkit.core.neurons import net_input
from bpkit.core.runtime import Array


@dataclass(frozen=True, repr=False)
class Conv2d(Block):
    """A square kernel of size · size weights, laid on every place where it fits (valid cross-correlation, one channel).

    Shapes: (rows, columns) to (rows - size + 1, columns - size + 1). Arrays ``k1`` (size, size) and ``b1`` (1,), with
    the block's number. Units: none. Errors: ``BpkitError`` for a kernel larger than its input.
    Source: Goodfellow, Bengio and Courville, "Deep Learning" (2016), section 9.1; the kernel is not turned round.

    >>> import bpkit as bp
    >>> bp.derive(bp.Model((2, 2), bp.blocks.Conv2d(2)))["net_o1_1"].rhs
    b1 + k1_1_1*x1_1 + k1_1_2*x1_2 + k1_2_1*x2_1 + k1_2_2*x2_2
    """

    size: int
    activation: Activation | str = "identity"

    def __post_init__(self) -> None:
        function = neuron_function("Conv2d", self.activation)
        checked(self, size=size("Conv2d", "size", self.size), activation=function)

    def write(self, draft: Draft, given: Signals) -> Signals:
        signals, side = given.symbols, self.size
        if signals.ndim != 2:
            raise self._refuse("rows and columns", f"the shape {signals.shape}", "give the model inputs such as (4, 4)")
        shape = (signals.shape[0] - side + 1, signals.shape[1] - side + 1)
        if min(shape) < 1:
            raise self._refuse(
                f"at least {side} rows and columns", f"the shape {signals.shape}", "take a smaller kernel"
            )
        axes, inner = (draft.axis(), draft.axis()), (draft.axis(), draft.axis())
        kernel = draft.parameters("k", (side, side), inner, start=Start(side * side, side * side))
        draft.upright.add(f"k{draft.number}")
        bias = draft.parameters("b", (), (), "bias").item()
        draft.lines.stage()
        nets = []
        for i in range(shape[0]):
            for j in range(shape[1]):
                place = draft.quantity("net", (i + 1, j + 1), axes, "net")
                under = signals[i : i + side, j : j + side].ravel()
                terms = [(weight, one, f"the signal {one}") for weight, one in zip(kernel.ravel(), under)]
                where = f"{under[0]} to {under[-1]}"
                why = f"net input of {place.neuron}: each weight of the kernel times the signal below it, {where}"
                nets.append(net_input(draft.lines, place, terms, bias, why))
        found = array(nets, shape)
        (function,) = self.activations
        return Signals(draft.activated(found, axes, function), axes, True, found, function)

    def makes_image(self, given: bool) -> bool:
        return True

    def computed(self, own: Mapping[str, Array], x: Array) -> dict[str, Array]:
        """Each square of the image times the kernel, plus the bias, through the activation.

        >>> own = {"k": np.array([[1.0, 0.0], [0.0, 1.0]]), "b": np.array([0.0])}
        >>> Conv2d(2, "identity").computed(own, np.array([[1.0, 2.0], [3.0, 4.0]]))["out"].tolist()
        [[5.0]]
        """
        kernel = own["k"]
        windows = np.lib.stride_tricks.sliding_window_view(x, kernel.shape)
        net = (windows * kernel).sum(axis=(-2, -1)) + own["b"]
        return {"net": net, "out": activated(net, *self.activations)}

    def told(self, place: Place) -> str:
        n = place.number
        names = place.names(("net", "out"), "row", "column")
        return (
            f"Block {n} is a convolution with a kernel of {self.size} by {self.size} weights, which is not turned "
            f"round: $\\mathit{{net}}_{{i,j}} = \\sum_{{r}} \\sum_{{c}} k_{{{n},r,c}} \\cdot x_{{i+r-1,j+c-1}} + "
            f"b_{{{n}}}$ wherever the kernel fits, then {function(*self.activations)}. Here {names}"
        )
