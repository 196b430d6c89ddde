"""Slips with a way past blocks."""

from __future__ import annotations

from bpkit.core.derivation import Derivation
from bpkit.core.quantities import Role
from bpkit.mistakes.misconceptions.rule import Shapes, misconception
from bpkit.mistakes.misconceptions.whereabouts import at, ends
from bpkit.mistakes.rewrite import dropping


@misconception(
    "forgets the way past the blocks",
    "leave out the way past the blocks",
    "what came in is added to what the blocks make of it, so its derivative comes back both ways",
    rank=1,
)
def way_past_forgotten(d: Derivation) -> Shapes:
    """A residual without its sum: on the way back only, or throughout.

    >>> import bpkit as bp
    >>> way_past_forgotten.written(bp.Model(1, bp.blocks.Residual(bp.blocks.Dense(1))), "out_o1")
    'out_h1_1'
    """
    past = {step.name: step.rhs.args[0] for step in at(d, Role.FORWARD, "skip")}
    gone = {(ends(s)[1].name): s for s in d if s.role is Role.SLOPE and past.get(ends(s)[0].name) == ends(s)[1].symbol}
    lines = [step for step in d if step.role is Role.ADJOINT and ends(step)[1].name in gone]
    back = {step.name: dropping(gone[ends(step)[1].name].name) for step in lines}
    forward = {name: dropping(symbol.name) for name, symbol in past.items()}
    yield "on the way back only", back
    yield "", {**forward, **back}
    yield "on the way forward only", forward
