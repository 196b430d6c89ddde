"""Models of blocks in words and formulas, as Markdown: what each block computes, and what its names mean."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import singledispatch

from bpkit.core.blocks import (
    LSTM,
    Attention,
    Conv1d,
    Conv2d,
    Dense,
    Embedding,
    LayerNorm,
    MaxPool,
    Recurrent,
    Residual,
)
from bpkit.core.blocks.block import Block
from bpkit.core.errors import BpkitError
from bpkit.core.expressions import Z, symbol
from bpkit.core.functions import Activation
from bpkit.core.model import Model
from bpkit.core.spelling import expr_latex
from bpkit.exercises.questions.languages import counted

_NET = symbol("net")


def in_words(items: Sequence[str]) -> str:
    """The items as a list in a sentence: ``a, b and c``."""
    return items[0] if len(items) == 1 else ", ".join(items[:-1]) + " and " + items[-1]


def function(activation: Activation) -> str:
    """An activation and its formula, as a Markdown text."""
    if activation.joint:
        return r"softmax, $\mathit{out}_{k} = e^{\mathit{net}_{k}} / \sum_{j} e^{\mathit{net}_{j}}$"
    return f"{activation.written}, $\\mathit{{out}} = {expr_latex(activation.expr.xreplace({Z: _NET}), {})}$"


def told(model: Model) -> str:
    """A model: its inputs, and what each block makes of what comes in."""
    blocks = "\n".join(f"- {_told(block, number, model)}." for number, block in numbered(model.blocks))
    return (
        f"{_inputs(model)} The first index of a parameter is the number of its block. In the formulas below, $x$ is "
        f"what comes into a block.\n\n{blocks}"
    )


def numbered(blocks: Sequence[Block], first: int = 1) -> Iterator[tuple[int, Block]]:
    """Every block with its number; blocks with a way past them come first, then the way, which has no number."""
    for block in blocks:
        if isinstance(block, Residual):
            inner = [*numbered(block.blocks, first)]
            yield from inner
            yield first, block
            first = max(number for number, _ in inner)
        else:
            yield first, block
        first += 1


def _inputs(model: Model) -> str:
    first, last = (model.lines.quantities[name].latex for name in (model.inputs[0], model.inputs[-1]))
    named = f"${first}$" if first == last else f"${first}$ to ${last}$"
    if len(model.shape) == 1:
        return f"A model with {counted(model.shape[0], 'input')}, {named}."
    kinds = ("row", "column") if isinstance(model.blocks[0], Conv2d) else ("step", "number")
    rows, columns = (counted(size, kind) for size, kind in zip(model.shape, kinds))
    return f"A model whose inputs are {rows} of {columns}, {named}; the first index is the {kinds[0]}."


def _names(model: Model, number: int, letters: Sequence[str], *kinds: str) -> str:
    """What the names of a block mean, by an example: ``net_h1_3_1 and out_h1_3_1 are those of step 3, neuron 1``."""
    made = [
        one
        for one in model.lines.quantities.values()
        if one.block == number and one.letter in letters and one.tag != "skip"
    ]
    index = made[-1].index
    places = ", ".join(f"{kind} {place}" for kind, place in zip(kinds[-len(index) :], index))
    names = [f"${one.latex}$" for one in made if one.index == index]
    return f"{in_words(names)} {'is that' if len(names) == 1 else 'are those'} of {places}"


@singledispatch
def _told(block: Block, number: int, model: Model) -> str:
    raise BpkitError(f"words: expected one of the kit's blocks, got {block!r}; describe it in block_words.py")


@_told.register
def _(block: Dense, number: int, model: Model) -> str:
    net = f"$\\mathit{{net}}_{{j}} = \\sum_{{i}} x_{{i}} \\cdot W_{{{number},i,j}} + b_{{{number},j}}$"
    names = _names(model, number, ("net", "out"), "step", "neuron")
    same = ", the same at every step" if "step" in names else ""
    return (
        f"Block {number} is a dense layer of {counted(block.units, 'neuron')}{same}: {net}, "
        f"then {function(*block.activations)}. Here {names}"
    )


@_told.register
def _(block: Recurrent, number: int, model: Model) -> str:
    names = _names(model, number, ("net", "out"), "step", "neuron")
    return (
        f"Block {number} is a recurrent layer of {counted(block.units, 'neuron')}, with the same weights at every "
        f"step $t$: $\\mathit{{net}}_{{t}} = x_{{t}} \\cdot \\mathit{{Wx}}_{{{number}}} + \\mathit{{out}}_{{t-1}} "
        f"\\cdot \\mathit{{Wh}}_{{{number}}} + b_{{{number}}}$, then {function(*block.activations)}; it starts from "
        f"$\\mathit{{out}}_{{0}} = 0$ and passes on {_passed_on(block.steps)}. Here {names}"
    )


def _passed_on(steps: str) -> str:
    return "what comes out at every step" if steps == "all" else "what comes out at the last step"


@_told.register
def _(block: LSTM, number: int, model: Model) -> str:
    gates = ", ".join(
        f"${gate}_{{t}} = {name}(x_{{t}} \\cdot \\mathit{{Wx{gate}}}_{{{number}}} + \\mathit{{out}}_{{t-1}} \\cdot "
        f"\\mathit{{Wh{gate}}}_{{{number}}} + \\mathit{{b{gate}}}_{{{number}}})$"
        for gate, name in zip("ifog", [r"\sigma", r"\sigma", r"\sigma", r"\tanh"])
    )
    names = _names(model, number, ("cell", "out"), "step", "neuron")
    return (
        f"Block {number} is a layer of {counted(block.units, 'neuron')} with long short-term memory: {gates}, then "
        r"$\mathit{cell}_{t} = f_{t} \cdot \mathit{cell}_{t-1} + i_{t} \cdot g_{t}$ and "
        r"$\mathit{out}_{t} = o_{t} \cdot \tanh(\mathit{cell}_{t})$, neuron by neuron, where $\sigma$ is the sigmoid; "
        f"cell and out start from 0, and it passes on {_passed_on(block.steps)}. Here {names}"
    )


@_told.register
def _(block: Conv1d, number: int, model: Model) -> str:
    names = _names(model, number, ("net", "out"), "place")
    return (
        f"Block {number} is a convolution with a kernel of {counted(block.size, 'weight')}, which is not turned round: "
        f"$\\mathit{{net}}_{{i}} = \\sum_{{j}} k_{{{number},j}} \\cdot x_{{i+j-1}} + b_{{{number}}}$ at every place "
        f"$i$ where the kernel fits, then {function(*block.activations)}. Here {names}"
    )


@_told.register
def _(block: Conv2d, number: int, model: Model) -> str:
    names = _names(model, number, ("net", "out"), "row", "column")
    return (
        f"Block {number} is a convolution with a kernel of {block.size} by {block.size} weights, which is not turned "
        f"round: $\\mathit{{net}}_{{i,j}} = \\sum_{{r}} \\sum_{{c}} k_{{{number},r,c}} \\cdot x_{{i+r-1,j+c-1}} + "
        f"b_{{{number}}}$ wherever the kernel fits, then {function(*block.activations)}. Here {names}"
    )


@_told.register
def _(block: MaxPool, number: int, model: Model) -> str:
    image = any(
        len(one.index) == 2 for one in model.lines.quantities.values() if (one.block, one.tag) == (number, "pool")
    )
    window = f"{block.size} by {block.size} numbers" if image else f"{block.size} numbers"
    kinds = ("row", "column") if image else ("window",)
    return (
        f"Block {number} takes the largest of each {window}, in windows that do not overlap. Here "
        f"{_names(model, number, ('out',), *kinds)}"
    )


@_told.register
def _(block: LayerNorm, number: int, model: Model) -> str:
    out = (
        f"$\\mathit{{out}}_{{j}} = g_{{{number},j}} \\cdot (x_{{j}} - \\mathit{{mean}}) / "
        rf"\sqrt{{\mathit{{var}} + 10^{{-5}}}} + b_{{{number},j}}$"
    )
    return (
        f"Block {number} is a layer normalisation: {out}, where mean is the mean of the numbers that come in, and var "
        f"the mean of their squared differences from it. Here {_names(model, number, ('out',), 'step', 'number')}"
    )


@_told.register
def _(block: Residual, number: int, model: Model) -> str:
    last = max(inner for inner, _ in numbered(block.blocks, number))
    some = f"Block {number} has" if last == number else f"Blocks {number} to {last} have"
    first = f"what comes into block {number} is added to what comes out of block {last}"
    return f"{some} a way past {'it' if last == number else 'them'}: {first}"


@_told.register
def _(block: Embedding, number: int, model: Model) -> str:
    return (
        f"Block {number} is a table of {counted(block.rows, 'row')} and {counted(block.columns, 'column')}: each "
        f"input, a whole number from 0, is replaced by its row of $W_{{{number}}}$, whose rows count from 0. Here "
        f"{_names(model, number, ('out',), 'token', 'column')}"
    )


@_told.register
def _(block: Attention, number: int, model: Model) -> str:
    projections = in_words(
        [f"${letter.upper()} = X \\cdot \\mathit{{W{letter}}}_{{{number}}}$" for letter in ("q", "k", "v")]
    )
    width = f" / \\sqrt{{{block.width}}}" if block.width > 1 else ""
    tokens = _names(model, number, ("q", "k", "v", "out"), "token", "number")
    return (
        f"Block {number} is one head of attention of width {block.width}. Row $t$ of $X$ is step $t$, here called "
        f"token $t$: {projections}. The shares are the softmax of each row of $Q \\cdot K^{{\\top}}{width}$, the "
        rf"scores; the output is $\mathit{{share}} \cdot V$. A share in row $i$ and column $j$ is what token $i$ takes "
        f"of token $j$. Here {tokens}"
    )
