"""A way past some blocks: what came in is added to what they compute from it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from bpkit.core.blocks.block import Block, Draft, Signals, array
from bpkit.core.blocks.description import Place
from bpkit.core.errors import BpkitError
from bpkit.core.expressions import ONE, total
from bpkit.core.functions import Activation
from bpkit.core.lines import Slope
from bpkit.core.runtime import Array


class Residual(Block):
    """Blocks with a way past them: their output is added to their input, out = x + blocks(x).

    Shapes: those of its blocks, whose output must have the shape of their input. The blocks inside are numbered on,
    the residual itself has no number. Units: none. Errors: ``BpkitError`` for blocks that change the shape.
    Source: He, Zhang, Ren and Sun, "Deep residual learning for image recognition" (2016).

    >>> import bpkit as bp
    >>> bp.derive(bp.Model(1, bp.blocks.Residual(bp.blocks.Dense(1))))["out_o1"].rhs
    out_h1_1 + x1
    """

    def __init__(self, *blocks: Block) -> None:
        if not blocks or not all(isinstance(one, Block) for one in blocks):
            raise BpkitError(f"Residual: expected blocks, got {blocks!r}; write Residual(Dense(2, 'tanh'))")
        self.blocks = blocks

    @property
    def activations(self) -> tuple[Activation, ...]:
        return tuple(one for block in self.blocks for one in block.activations)

    def place(self, draft: Draft, given: Signals, last: bool) -> Signals:
        branch = given
        for block in self.blocks:
            branch = block.place(draft, branch, last=False)
        if branch.symbols.shape != given.symbols.shape:
            raise self._refuse(
                f"blocks that keep the shape {given.symbols.shape}",
                f"the shape {branch.symbols.shape}",
                "change the last of them, because input and output are added",
            )
        place = f"r{draft.number}_"
        while place in draft.places:  # of the residual that ends this one
            place = f"r{place}"
        draft.place = "o" if last else place
        draft.places.append(draft.place)
        return self._added(draft, given, branch)

    def computed(self, own: Mapping[str, Array], x: Array) -> dict[str, Array]:
        raise BpkitError("Residual: its blocks compute, each by itself")

    def told(self, place: Place) -> str:
        last = max(number for number, _ in numbered(self.blocks, place.number))
        some = f"Block {place.number} has" if last == place.number else f"Blocks {place.number} to {last} have"
        first = f"what comes into block {place.number} is added to what comes out of block {last}"
        return f"{some} a way past {'it' if last == place.number else 'them'}: {first}"

    def write(self, draft: Draft, given: Signals) -> Signals:
        return self.place(draft, given, last=False)

    def _added(self, draft: Draft, given: Signals, branch: Signals) -> Signals:
        draft.lines.stage()
        found = []
        for place in draft.row("out", given.symbols.shape, branch.axes, "skip").flat:
            at = tuple(i - 1 for i in place.index)
            past, through = given.symbols[at], branch.symbols[at]
            slopes = {
                past: Slope(ONE, f"{past} is added to {place.name}, past the blocks"),
                through: Slope(ONE, f"{through} is added to {place.name}"),
            }
            why = f"output of {place.neuron}: the input of the blocks plus their output"
            found.append(draft.lines.let(place, total(past, through), why, slopes))
        return Signals(array(found, given.symbols.shape), branch.axes, given.image)

    def __eq__(self, other: object) -> bool:
        return self.blocks == other.blocks if isinstance(other, Residual) else NotImplemented

    def __hash__(self) -> int:
        return hash((Residual, self.blocks))

    def __repr__(self) -> str:
        return f"Residual({', '.join(map(repr, self.blocks))})"


def numbered(blocks: Sequence[Block], first: int = 1) -> Iterator[tuple[int, Block]]:
    """Every block with its number; blocks with a way past them come first, then the way, which has no number.

    >>> from bpkit.core.blocks.dense import Dense
    >>> [(n, type(one).__name__) for n, one in numbered([Residual(Dense(1), Dense(1)), Dense(2)])]
    [(1, 'Dense'), (2, 'Dense'), (1, 'Residual'), (3, 'Dense')]
    """
    for block in blocks:
        if isinstance(block, Residual):
            inner = [*numbered(block.blocks, first)]
            yield from inner
            yield first, block
            first = max(number for number, _ in inner)
        else:
            yield first, block
        first += 1
