"""A convolution along a row: net_i = Σ_j k_j · x_{i+j-1} + b, the same kernel at every place."""

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
from bpkit.core.spelling import counted


@dataclass(frozen=True, repr=False)
class Conv1d(Block):
    """A kernel of so many weights, laid on every place where it fits (valid cross-correlation, one channel).

    Shapes: (n,) to (n - size + 1,). Arrays ``k1`` (size,) and ``b1`` (1,), with the block's number. Units: none.
    Errors: ``BpkitError`` for a kernel longer than its input.
    Source: Goodfellow, Bengio and Courville, "Deep Learning" (2016), section 9.1; the kernel is not turned round.

    >>> import bpkit as bp
    >>> bp.derive(bp.Model(3, bp.blocks.Conv1d(2)))["net_o2"].rhs
    b1 + k1_1*x2 + k1_2*x3
    """

    size: int
    activation: Activation | str = "identity"

    def __post_init__(self) -> None:
        function = neuron_function("Conv1d", self.activation)
        checked(self, size=size("Conv1d", "size", self.size), activation=function)

    def write(self, draft: Draft, given: Signals) -> Signals:
        row = self._one_row(given)
        signals, axes = row.symbols, (draft.axis(),)
        length = len(signals) - self.size + 1
        if length < 1:
            raise self._refuse(f"at least {self.size} numbers", len(signals), "take a shorter kernel")
        kernel = draft.parameters("k", (self.size,), (draft.axis(),), start=Start(self.size, self.size))
        bias = draft.parameters("b", (), (), "bias").item()
        draft.lines.stage()
        nets = []
        for i in range(length):
            place = draft.quantity("net", (i + 1,), axes, "net")
            under = signals[i : i + self.size]
            terms = [(weight, one, f"the signal {one}") for weight, one in zip(kernel, under)]
            where = f"{under[0]} to {under[-1]}"
            why = f"net input of {place.neuron}: each weight of the kernel times the signal below it, {where}"
            nets.append(net_input(draft.lines, place, terms, bias, why))
        found = array(nets, (length,))
        (function,) = self.activations
        return Signals(draft.activated(found, axes, function), axes, nets=found, activation=function)

    def computed(self, own: Mapping[str, Array], x: Array) -> dict[str, Array]:
        """Each window of the signal times the kernel, plus the bias, through the activation.

        >>> own = {"k": np.array([1.0, -1.0]), "b": np.array([0.0])}
        >>> Conv1d(2, "identity").computed(own, np.array([1.0, 3.0, 4.0]))["out"].tolist()
        [-2.0, -1.0]
        """
        signal, kernel = x.reshape(-1), own["k"]
        windows = np.lib.stride_tricks.sliding_window_view(signal, kernel.shape)
        net = (windows * kernel).sum(axis=-1) + own["b"]
        return {"net": net, "out": activated(net, *self.activations)}

    def told(self, place: Place) -> str:
        n = place.number
        names = place.names(("net", "out"), "place")
        return (
            f"Block {n} is a convolution with a kernel of {counted(self.size, 'weight')}, which is not turned round: "
            f"$\\mathit{{net}}_{{i}} = \\sum_{{j}} k_{{{n},j}} \\cdot x_{{i+j-1}} + b_{{{n}}}$ at every place "
            f"$i$ where the kernel fits, then {function(*self.activations)}. Here {names}"
        )
