"""Blocks: what a model is stacked from. Each writes forward lines, and the chain rule writes the way back.

``{blocks}``, stacked by ``bp.Model``.
Each has a file in this folder, and a new one needs nothing else.

Shapes: a row (n,), or steps (of time, tokens) with features (steps, n), or an image; each block says what comes out.
Units: none. Errors: ``BpkitError`` for blocks that do not fit what comes in.
Source: each block names its own; the conventions are those of Goodfellow, Bengio and Courville, "Deep Learning" (2016).

>>> import bpkit as bp
>>> from bpkit import blocks
>>> model = bp.Model((3, 1), blocks.Recurrent(2), blocks.Dense(1))
>>> model.tables["Wh1"].tolist()
[['Wh1_1_1', 'Wh1_1_2'], ['Wh1_2_1', 'Wh1_2_2']]
"""

from typing import TYPE_CHECKING, Any

from bpkit.core.blocks.block import Block
from bpkit.core.folder import modules_in

if TYPE_CHECKING:  # where a checker has to know a block better, it is imported from its own file

    def __getattr__(name: str) -> Any: ...


_BLOCKS = {
    name: one
    for module in modules_in(__name__)
    for name, one in vars(module).items()
    if isinstance(one, type) and issubclass(one, Block) and one is not Block
}
globals().update(_BLOCKS)
__all__ = sorted(_BLOCKS)
__doc__ = (__doc__ or "").replace("{blocks}", " ".join(__all__))
