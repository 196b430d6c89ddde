"""A recurrent layer: h_t = f(x_t · Wx + h_{t-1} · Wh + b) with h_0 = 0, the same weights at every step."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import sympy as sp

from bpkit.core.architecture import Names, Start
from bpkit.core.blocks.block import Block, Draft, Signals, activated, array, checked, neuron_function, size
from bpkit.core.blocks.description import Place, function, of_steps
from bpkit.core.errors import chosen
from bpkit.core.functions import Activation
from bpkit.core.neurons import net_input, outputs
from bpkit.core.runtime import Array
from bpkit.core.spelling import counted

STEPS = ("last", "all")


@dataclass(frozen=True, repr=False)
class Recurrent(Block):
    """A recurrent layer (Elman): each step gets its input and what the layer put out at the step before.

    ``steps`` says what is passed on: what comes out at the ``"last"`` step, or at ``"all"``.

    Shapes: (steps, n) to (units,) or (steps, units). Arrays ``Wx1`` (n, units), ``Wh1`` (units, units), ``b1``
    (units,). Units: none. Errors: ``BpkitError`` for inputs without steps.
    Source: Elman, "Finding structure in time" (1990).

    >>> import bpkit as bp
    >>> bp.derive(bp.Model((2, 1), bp.blocks.Recurrent(1)))["net_o2_1"].rhs
    Wh1_1_1*out_o1_1 + Wx1_1_1*x2_1 + b1_1
    """

    units: int
    steps: str = STEPS[0]
    activation: Activation | str = "tanh"

    def __post_init__(self) -> None:
        function = neuron_function("Recurrent", self.activation)
        checked(self, units=size("Recurrent", "units", self.units), activation=function)
        chosen("Recurrent: steps", self.steps, STEPS)

    def write(self, draft: Draft, given: Signals) -> Signals:
        signals, own, width = self._steps(given).symbols, draft.axis(), self.units
        before, axes = signals.shape[1], (given.axes[0], own)
        start = Start(before, width)
        of_input = draft.parameters("Wx", (before, width), (given.axes[1], own), start=start)
        of_state = draft.parameters("Wh", (width, width), (own, own), start=Start(width, width))
        biases = draft.parameters("b", (width,), (own,), "bias")
        state = started(draft, "out", width, axes)
        nets: list[sp.Symbol] = []
        outs: list[sp.Symbol] = []
        for t, row in enumerate(signals, 1):
            draft.lines.stage()
            step = Step(draft, t, axes, row, state)
            net = [step.net("net", j, of_input[:, j], of_state[:, j], biases[j]) for j in range(width)]
            draft.lines.stage()
            state = step.out("out", net, self.activations[0])
            nets, outs = [*nets, *net], [*outs, *state]
        shape = (len(signals), width)
        return passed_on(Signals(array(outs, shape), axes, False, array(nets, shape), self.activations[0]), self.steps)

    def computed(self, own: Mapping[str, Array], x: Array) -> dict[str, Array]:
        """Step by step what the layer puts out, from its input and from what it put out before.

        >>> own = {"Wx": np.array([[1.0]]), "Wh": np.array([[1.0]]), "b": np.array([0.0])}
        >>> Recurrent(1, "all", "identity").computed(own, np.array([[1.0], [2.0], [3.0]]))["out"].tolist()
        [[1.0], [3.0], [6.0]]
        """
        nets: list[Array] = []
        outs = [np.zeros(self.units)]
        for row in x:
            nets.append(row @ own["Wx"] + outs[-1] @ own["Wh"] + own["b"])
            outs.append(activated(nets[-1], *self.activations))
        return {"net": np.array(nets), "out": np.array(outs[1:]), "passed on": by_step(self.steps, outs[1:])}

    def told(self, place: Place) -> str:
        n = place.number
        names = place.names(("net", "out"), "step", "neuron")
        return (
            f"Block {n} is a recurrent layer of {counted(self.units, 'neuron')}, with the same weights at every "
            f"step $t$: $\\mathit{{net}}_{{t}} = x_{{t}} \\cdot \\mathit{{Wx}}_{{{n}}} + \\mathit{{out}}_{{t-1}} "
            f"\\cdot \\mathit{{Wh}}_{{{n}}} + b_{{{n}}}$, then {function(*self.activations)}; it starts from "
            f"$\\mathit{{out}}_{{0}} = 0$ and passes on {of_steps(self.steps)}. Here {names}"
        )


def started(draft: Draft, letter: str, units: int, axes: tuple[int, ...]) -> list[sp.Symbol]:
    """Write the lines of what is remembered before the first step: nothing.

    >>> started(Draft(place="h1_"), "out", 2, (0, 1))
    [out_h1_0_1, out_h1_0_2]
    """
    draft.lines.stage()
    places = [draft.quantity(letter, (0, j), axes, "start") for j in range(1, units + 1)]
    why = "nothing is remembered before the first step, so this is 0"
    return [draft.lines.let(one, sp.S.Zero, why) for one in places]


class Step(NamedTuple):
    """One step of a recurrent layer: its number, what comes in, and what the step before put out."""

    draft: Draft
    t: int
    axes: tuple[int, ...]
    inputs: Names
    state: Sequence[sp.Symbol]

    def net(self, letter: str, j: int, of_input: Names, of_state: Names, bias: sp.Symbol, gate: str = "") -> sp.Symbol:
        """Write the net input of neuron j (from 0): what comes in and what is remembered, each times its weight."""
        terms = [(weight, one, f"the signal {one}") for weight, one in zip(of_input, self.inputs)]
        terms += [(weight, one, f"the output of the step before, {one},") for weight, one in zip(of_state, self.state)]
        place = self.draft.quantity(letter, (self.t, j + 1), self.axes, "net")
        before = f"the outputs of step {self.t - 1}" if self.t > 1 else "the zeros before it"
        reason = f"net input of {gate}{place.neuron}: the inputs of step {self.t} and {before}, each times its weight"
        return net_input(self.draft.lines, place, terms, bias, reason)

    def out(self, letter: str, nets: Sequence[sp.Symbol], function: Activation) -> list[sp.Symbol]:
        """Write the outputs that the neurons compute from their net inputs."""
        found = []
        for j, net in enumerate(nets, 1):
            found += outputs(
                self.draft.lines, [net], [self.draft.quantity(letter, (self.t, j), self.axes, "out")], function
            )
        return found


def by_step(steps: str, outs: Sequence[Array]) -> Array:
    """The outputs of all steps or of the last, as numbers.

    >>> by_step("last", [np.zeros(2), np.ones(2)]).tolist()
    [1.0, 1.0]
    """
    return np.array(outs if steps == "all" else outs[-1])


def passed_on(outs: Signals, steps: str) -> Signals:
    """The outputs of all steps, or of the last.

    >>> outs = array(sp.symbols("h1_1 h1_2 h2_1 h2_2"), (2, 2))
    >>> passed_on(Signals(outs, (0, 1)), "last").symbols.tolist()
    [h2_1, h2_2]
    """
    if steps == "all":
        return outs
    nets = None if outs.nets is None else outs.nets[-1]
    return Signals(outs.symbols[-1], outs.axes[1:], False, nets, outs.activation)
