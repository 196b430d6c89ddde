"""Blocks: what a model is stacked from. Each writes forward lines, and the chain rule writes the way back.

``Dense Recurrent LSTM Conv1d Conv2d MaxPool LayerNorm Residual Embedding Attention``, stacked by ``bp.Model``.

Shapes: a row (n,), or steps (of time, tokens) with features (steps, n), or an image; each block says what comes out.
Units: none. Errors: ``BpkitError`` for blocks that do not fit what comes in.
Source: each block names its own; the conventions are those of Goodfellow, Bengio and Courville, "Deep Learning" (2016).

>>> import bpkit as bp
>>> from bpkit import blocks
>>> model = bp.Model((3, 1), blocks.Recurrent(2), blocks.Dense(1))
>>> model.tables["Wh1"].tolist()
[['Wh1_1_1', 'Wh1_1_2'], ['Wh1_2_1', 'Wh1_2_2']]
"""

from bpkit.core.blocks.attention_head import Attention as Attention
from bpkit.core.blocks.conv1d import Conv1d as Conv1d
from bpkit.core.blocks.conv2d import Conv2d as Conv2d
from bpkit.core.blocks.dense import Dense as Dense
from bpkit.core.blocks.embedding import Embedding as Embedding
from bpkit.core.blocks.layer_norm import LayerNorm as LayerNorm
from bpkit.core.blocks.lstm import LSTM as LSTM
from bpkit.core.blocks.max_pool import MaxPool as MaxPool
from bpkit.core.blocks.recurrent import Recurrent as Recurrent
from bpkit.core.blocks.residual import Residual as Residual

__all__ = [
    "LSTM",
    "Attention",
    "Conv1d",
    "Conv2d",
    "Dense",
    "Embedding",
    "LayerNorm",
    "MaxPool",
    "Recurrent",
    "Residual",
]
