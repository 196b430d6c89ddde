"""Slips with steps of time: the way back through earlier steps, the state, the gates of a cell."""

from __future__ import annotations

from bpkit.core.blocks.lstm import GATES
from bpkit.core.chain_rule import Step
from bpkit.core.derivation import Derivation
from bpkit.core.expressions import product
from bpkit.core.quantities import Quantity, Role
from bpkit.mistakes.misconceptions.look_alikes import sibling
from bpkit.mistakes.misconceptions.rule import Shapes, misconception
from bpkit.mistakes.misconceptions.whereabouts import at, beside, ends, own_slope, row, uses
from bpkit.mistakes.rewrite import Edit, becomes, dropping, instead_of, without


def _remembering(d: Derivation) -> set[int]:
    """The blocks that remember something from step to step."""
    return {step.quantity.block for step in at(d, Role.FORWARD, "start")}


def _later(one: Quantity, other: Quantity) -> bool:
    """Does a line belong to a later step of the block than another?"""
    return other.block == one.block and other.axes[:1] == one.axes[:1] and other.index[:1] > one.index[:1]


def _cut(d: Derivation, tags: tuple[str, ...]) -> dict[str, Edit]:
    """Derivatives without the terms that come from later steps, through what some tags say."""
    edits: dict[str, Edit] = {}
    blocks = _remembering(d)
    for step in at(d, Role.ADJOINT, tags):
        of = ends(step)[1]
        later = [slope.name for slope in uses(d, of) if of.block in blocks and _later(of, ends(slope)[0])]
        if later:
            edits[step.name] = dropping(*later)
    return edits


_CUT = (
    "cuts the way back through time",
    "leave out what comes back from the later steps",
    "each state goes on into the next step, so its derivative has a term that comes back from there",
)


@misconception(*_CUT, rank=1)
def way_back_cut(d: Derivation) -> Shapes:
    """What a step remembers is taken for a constant at the next step.

    >>> import bpkit as bp
    >>> way_back_cut.written(bp.Model((2, 1), bp.blocks.Recurrent(1)), "dE_total/dout_o1_1")
    '0'
    """
    yield "", _cut(d, ("out", "hidden", "cell"))


@misconception(
    "multiplies by the weight of the step before once too often",
    "multiply once too often by the weight that leads from step to step",
    "each step back is one factor of this weight and one slope",
)
def step_too_many(d: Derivation) -> Shapes:
    """On the way back to a step the weight between the two is a factor twice: at every step, or at one.

    >>> import bpkit as bp
    >>> step_too_many.written(bp.Model((2, 1), bp.blocks.Recurrent(1)), "dE_total/dout_o1_1")
    'dE_total/dnet_o2_1 · (dnet_o2_1/dout_o1_1 · dnet_o2_1/dout_o1_1)'
    """
    edits: dict[str, Edit] = {}
    blocks = _remembering(d)
    for step in at(d, Role.ADJOINT, ("out", "hidden")):
        of = ends(step)[1]
        later = [slope for slope in uses(d, of) if of.block in blocks and _later(of, ends(slope)[0])]
        if len(later) == 1:
            (slope,) = later
            edits[step.name] = instead_of(slope.lhs, product(slope.lhs, slope.lhs))
    yield "", edits
    for name, edit in edits.items() if len(edits) > 1 else ():
        yield f"in {name}", {name: edit}


@misconception(
    "cuts the way back through the cell",
    "leave out what comes back through the cell",
    "the cell goes on into the next step, times its forget gate",
)
def way_through_cell_cut(d: Derivation) -> Shapes:
    """Of a cell only the way through its own step is followed.

    >>> import bpkit as bp
    >>> way_through_cell_cut.written(bp.Model((2, 1), bp.blocks.LSTM(1)), "dE_total/dcell_o1_1")
    'dE_total/dsquashed_o1_1 · dsquashed_o1_1/dcell_o1_1'
    """
    yield "", _cut(d, ("cell",))


@misconception(
    "cuts the way back through the gates",
    "leave out what comes back through the gates of the next step",
    "the output of a step goes into all gates of the next one",
)
def way_through_gates_cut(d: Derivation) -> Shapes:
    """Of an output with gates behind it only the way through its own step is followed.

    >>> import bpkit as bp
    >>> way_through_gates_cut.written(bp.Model((2, 1), bp.blocks.LSTM(1)), "dE_total/dout_o1_1")
    '0'
    """
    yield "", _cut(d, ("hidden",))


@misconception(
    "takes the state of the same step",
    "multiply by the state of the same step",
    "the factor is the state of the step before",
)
def same_step(d: Derivation) -> Shapes:
    """h_t, where h_(t-1) belongs: in the derivative of the recurrent weights, and in those of a cell's gates.

    >>> import bpkit as bp
    >>> same_step.written(bp.Model((2, 1), bp.blocks.Recurrent(1)), "dnet_o2_1/dWh1_1_1")
    'out_o2_1'
    """
    slopes: dict[str, Edit] = {}
    gates: dict[str, Edit] = {}
    blocks = _remembering(d)
    for step in (one for one in d if one.role is Role.SLOPE and one.rhs.is_Symbol):
        of, by = ends(step)
        state = d.quantities[step.rhs.name]
        before = of.block in blocks and _later(state, of) and state.index[0] + 1 == of.index[0]
        if before and (now := sibling(d, state, (of.index[0], *state.index[1:]))):
            (slopes if by.tag == "weight" else gates)[step.name] = becomes(now.symbol)
    yield "", slopes
    yield "in the derivative of the forget gate", gates


@misconception(
    "forgets the slope of a gate",
    "leave out the slope of a gate",
    "a gate has a slope of its own, and the derivative of its net input contains it",
)
def gate_slope_forgotten(d: Derivation) -> Shapes:
    """dE/dout instead of dE/dnet, for one gate of a cell.

    >>> import bpkit as bp
    >>> gate_slope_forgotten.written(bp.Model((2, 1), bp.blocks.LSTM(1)), "dE_total/dneti_o2_1")
    'dE_total/di_o2_1'
    """
    gates: dict[str, dict[str, Edit]] = {}
    several = {block for block in _remembering(d) if len({net.letter for net in row(d, block)}) > 1}
    for step in at(d, Role.ADJOINT, "net"):
        net = ends(step)[1]
        out, slope = beside(d, net, "out"), own_slope(d, net)
        if out and slope and net.block in several:
            gates.setdefault(out.letter, {})[step.name] = without(slope.lhs)
    for letter, edits in gates.items():
        yield f"that of the {GATES.get(letter, letter)}", edits


@misconception(
    "forgets the slope of the squashed cell",
    "leave out the slope of the cell's tanh",
    "the output holds tanh of the cell, whose slope belongs to the chain",
)
def cell_slope_forgotten(d: Derivation) -> Shapes:
    """On the way back from an output to its cell the slope of tanh is missing.

    >>> import bpkit as bp
    >>> cell_slope_forgotten.written(bp.Model((2, 1), bp.blocks.LSTM(1)), "dE_total/dcell_o2_1")
    'dE_total/dsquashed_o2_1'
    """
    yield "", {name: without(slope.lhs) for name, slope in _squashed(d)}


def _squashed(d: Derivation) -> list[tuple[str, Step]]:
    lines = ((step, uses(d, ends(step)[1])) for step in at(d, Role.ADJOINT, "cell"))
    return [(step.name, slope) for step, slopes in lines for slope in slopes if ends(slope)[0].tag == "out"]
