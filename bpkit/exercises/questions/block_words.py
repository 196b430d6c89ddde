"""Models of blocks in words and formulas, as Markdown: what each block computes, and what its names mean."""

from __future__ import annotations

from bpkit.core.blocks.description import Place
from bpkit.core.blocks.residual import numbered
from bpkit.core.model import Model
from bpkit.core.quantities import Quantity
from bpkit.core.spelling import counted


def told(model: Model) -> str:
    """A model: its inputs, and what each block does with what comes in."""
    quantities: dict[int, list[Quantity]] = {}
    for one in model.lines.quantities.values():
        if one.tag != "skip":
            quantities.setdefault(one.block, []).append(one)
    places = ((Place(number, tuple(quantities[number])), block) for number, block in numbered(model.blocks))
    blocks = "\n".join(f"- {block.told(place)}." for place, block in places)
    return (
        f"{_inputs(model)} The first index of a parameter is the number of its block. In the formulas below, $x$ is "
        f"what comes into a block.\n\n{blocks}"
    )


def _inputs(model: Model) -> str:
    first, last = (model.lines.quantities[name].latex for name in (model.inputs[0], model.inputs[-1]))
    named = f"${first}$" if first == last else f"${first}$ to ${last}$"
    if len(model.shape) == 1:
        return f"A model with {counted(model.shape[0], 'input')}, {named}."
    kinds = ("row", "column") if model.blocks[0].makes_image(False) else ("step", "number")
    rows, columns = (counted(size, kind) for size, kind in zip(model.shape, kinds))
    return f"A model whose inputs are {rows} of {columns}, {named}; the first index is the {kinds[0]}."
