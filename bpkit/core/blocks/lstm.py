"""Long short-term memory: gates i, f, o and a candidate g, c_t = f·c_{t-1} + i·g, h_t = o·tanh(c_t)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np
import sympy as sp

from bpkit.core.architecture import Start
from bpkit.core.blocks.block import Block, Draft, Signals, activated, array, checked, size
from bpkit.core.blocks.description import Place, of_steps
from bpkit.core.blocks.recurrent import STEPS, Step, by_step, passed_on, started
from bpkit.core.errors import chosen
from bpkit.core.expressions import product, total
from bpkit.core.functions import Activation, activation
from bpkit.core.lines import Slope
from bpkit.core.runtime import Array
from bpkit.core.spelling import counted

GATES = {"i": "input gate", "f": "forget gate", "o": "output gate", "g": "candidate"}


@dataclass(frozen=True, repr=False)
class LSTM(Block):
    """A layer with long short-term memory: at each step gates decide what its cells forget, take in and put out.

    ``steps`` says what is passed on: what comes out at the ``"last"`` step, or at ``"all"``.

    Shapes: (steps, n) to (units,) or (steps, units). Arrays ``Wx1`` (n, 4 units), ``Wh1`` (units, 4 units) and ``b1``
    (4 units,), whose columns are those of the gates i, f, o, g in this order; a parameter's name has its gate, as
    ``Wxf1_1_2``. Units: none. Errors: ``BpkitError`` for inputs without steps.
    Source: Hochreiter and Schmidhuber, "Long short-term memory" (1997), with the forget gate of Gers et al. (2000).

    >>> import bpkit as bp
    >>> bp.derive(bp.Model((1, 1), bp.blocks.LSTM(1)))["cell_o1_1"].rhs
    cell_o0_1*f_o1_1 + g_o1_1*i_o1_1
    """

    units: int
    steps: str = STEPS[0]

    def __post_init__(self) -> None:
        checked(self, units=size("LSTM", "units", self.units))
        chosen("LSTM: steps", self.steps, STEPS)

    @property
    def activations(self) -> tuple[Activation, ...]:
        return (activation("sigmoid"), activation("tanh"))

    def write(self, draft: Draft, given: Signals) -> Signals:
        signals, own, width = self._steps(given).symbols, draft.axis(), self.units
        sigmoid, tanh = self.activations
        axes = (given.axes[0], own)
        of_input, of_state, biases = (
            draft.columns(key, [f"{key}{gate}" for gate in GATES], shape, where, tag, start)
            for key, shape, where, tag, start in (
                ("Wx", (signals.shape[1], width), (given.axes[1], own), "weight", Start(signals.shape[1], width)),
                ("Wh", (width, width), (own, own), "weight", Start(width, width)),
                ("b", (width,), (own,), "bias", Start()),
            )
        )
        outs, cells = started(draft, "out", width, axes), started(draft, "cell", width, axes)
        found = []
        for t, row in enumerate(signals, 1):
            step, gates = Step(draft, t, axes, row, outs), {}
            draft.lines.stage()
            nets = {
                gate: [
                    step.net(f"net{gate}", j, x[:, j], h[:, j], b[j], f"the {GATES[gate]} of ") for j in range(width)
                ]
                for gate, x, h, b in zip(GATES, of_input, of_state, biases)
            }
            draft.lines.stage()
            for gate in GATES:
                gates[gate] = step.out(gate, nets[gate], tanh if gate == "g" else sigmoid)
            draft.lines.stage()
            cells = [_cell(draft, (t, j + 1), axes, [gates[one][j] for one in "fig"], cells[j]) for j in range(width)]
            draft.lines.stage()
            squashed = step.out("squashed", cells, tanh)
            draft.lines.stage()
            outs = [_out(draft, (t, j + 1), axes, gates["o"][j], squashed[j]) for j in range(width)]
            found += outs
        return passed_on(Signals(array(found, (len(signals), width)), axes), self.steps)

    def computed(self, own: Mapping[str, Array], x: Array) -> dict[str, Array]:
        sigmoid, tanh = (partial(activated, function=one) for one in self.activations)
        made: dict[str, list[Array]] = {}
        cell = out = np.zeros(self.units)
        for row in x:
            i, f, o, g = nets = np.split(row @ own["Wx"] + out @ own["Wh"] + own["b"], 4)
            step = {f"net{gate}": net for gate, net in zip("ifog", nets)}
            step |= {"i": sigmoid(i), "f": sigmoid(f), "o": sigmoid(o), "g": tanh(g)}
            step["cell"] = cell = step["f"] * cell + step["i"] * step["g"]
            step["squashed"] = tanh(cell)
            step["out"] = out = step["o"] * step["squashed"]
            for letter, value in step.items():
                made.setdefault(letter, []).append(value)
        return {**{k: np.array(v) for k, v in made.items()}, "passed on": by_step(self.steps, made["out"])}

    def told(self, place: Place) -> str:
        n = place.number
        gates = ", ".join(
            f"${gate}_{{t}} = {name}(x_{{t}} \\cdot \\mathit{{Wx{gate}}}_{{{n}}} + \\mathit{{out}}_{{t-1}} \\cdot "
            f"\\mathit{{Wh{gate}}}_{{{n}}} + \\mathit{{b{gate}}}_{{{n}}})$"
            for gate, name in zip("ifog", [r"\sigma", r"\sigma", r"\sigma", r"\tanh"])
        )
        names = place.names(("cell", "out"), "step", "neuron")
        return (
            f"Block {n} is a layer of {counted(self.units, 'neuron')} with long short-term memory: {gates}, then "
            r"$\mathit{cell}_{t} = f_{t} \cdot \mathit{cell}_{t-1} + i_{t} \cdot g_{t}$ and "
            r"$\mathit{out}_{t} = o_{t} \cdot \tanh(\mathit{cell}_{t})$, neuron by neuron, where $\sigma$ is the "
            f"sigmoid; cell and out start from 0, and it passes on {of_steps(self.steps)}. Here {names}"
        )


def _cell(
    draft: Draft, at: tuple[int, int], axes: tuple[int, ...], gates: list[sp.Symbol], before: sp.Symbol
) -> sp.Symbol:
    f, i, g = gates
    cell = draft.quantity("cell", at, axes, "cell")
    slopes = {
        f: Slope(before, f"in {cell.name} the forget gate multiplies {before}"),
        before: Slope(f, f"in {cell.name} the old cell is multiplied by {f}"),
        i: Slope(g, f"in {cell.name} the input gate multiplies {g}"),
        g: Slope(i, f"in {cell.name} the candidate is multiplied by {i}"),
    }
    why = f"cell of {cell.neuron}: the forget gate times the old cell, plus the input gate times the candidate"
    return draft.lines.let(cell, total(product(f, before), product(i, g)), why, slopes)


def _out(draft: Draft, at: tuple[int, int], axes: tuple[int, ...], gate: sp.Symbol, squashed: sp.Symbol) -> sp.Symbol:
    out = draft.quantity("out", at, axes, "hidden")
    slopes = {
        gate: Slope(squashed, f"in {out.name} the output gate multiplies {squashed}"),
        squashed: Slope(gate, f"in {out.name} the squashed cell is multiplied by {gate}"),
    }
    return draft.lines.let(
        out, product(gate, squashed), f"output of {out.neuron}: the output gate times the squashed cell", slopes
    )
