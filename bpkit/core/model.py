"""A model: blocks one after the other, from inputs of a shape to a loss; no numbers."""

from __future__ import annotations

import operator
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property, partial
from types import MappingProxyType
from typing import Any

import numpy as np

from bpkit.core.architecture import Architecture, Names, Start
from bpkit.core.blocks.block import Block, Draft, Signals, empty
from bpkit.core.errors import BpkitError
from bpkit.core.functions import Activation
from bpkit.core.initial import initial_parameters
from bpkit.core.lines import Lines
from bpkit.core.losses import Loss, check_loss
from bpkit.core.losses import loss as find_loss
from bpkit.core.neurons import errors, whole_loss
from bpkit.core.quantities import Quantity


def _shape(given: Any) -> tuple[int, ...]:
    """The shape of the inputs, of which there may be just a number.

    >>> _shape(3), _shape((3, 1))
    ((3,), (3, 1))
    """
    with suppress(TypeError):
        sizes = tuple(map(operator.index, given if isinstance(given, Sequence) else [given]))
        if len(sizes) in (1, 2) and min(sizes) > 0 and not isinstance(given, bool | str):
            return sizes
    raise BpkitError(
        "Model: expected first how many inputs there are, such as 3, or their shape, such as (3, 1) for 3 steps of 1 "
        f"input, got {given!r}"
    )


@dataclass(frozen=True, init=False, repr=False)
class Model(Architecture):
    """Blocks one after the other: ``Model((3, 1), blocks.Recurrent(2), blocks.Dense(1))`` has 3 steps of 1 input.

    ``inputs`` is the number of inputs or the shape of them; ``blocks`` are those of ``bpkit.blocks``; ``loss`` is a
    name or a ``Loss``, as of a ``Network``, the sum of one error for each output. What a block computes has its number,
    ``net_h1_2``, the last block's an o: ``out_o1``. A weight is named after its place in its array: ``W1_2_1`` is
    row 2, column 1 of W1.

    Shapes: one or two axes; of two the first counts steps of time or tokens, and of an image rows. Units: none.
    Errors: ``BpkitError`` for blocks that do not fit each other. Source: each block names its own.

    >>> import bpkit as bp
    >>> from bpkit import blocks
    >>> bp.Model(2, blocks.Dense(1)).parameters
    ('W1_1_1', 'W1_2_1', 'b1_1')
    """

    shape: tuple[int, ...]
    blocks: tuple[Block, ...]
    loss: Loss
    bias = "neuron"  # every bias is one of its own

    def __init__(self, inputs: int | Sequence[int], *blocks: Block, loss: str | Loss = "half_squared_error") -> None:
        wrong = [one for one in blocks if not isinstance(one, Block)]
        if wrong or not blocks:
            raise BpkitError(
                f"Model: expected blocks after the inputs, got {repr(wrong[0]) if wrong else 'none'}; "
                "write Model(3, blocks.Dense(2, 'tanh'), blocks.Dense(1))"
            )
        vars(self).update(shape=_shape(inputs), blocks=blocks, loss=find_loss(loss))  # the class is frozen
        self._drafted  # noqa: B018  blocks that do not fit are refused here

    @cached_property
    def _drafted(self) -> tuple[Draft, Signals]:
        draft = Draft()
        axes = tuple(draft.axis() for _ in self.shape)
        given = empty(self.shape)
        for at in np.ndindex(self.shape):
            one = Quantity("x", index=tuple(i + 1 for i in at), tag="input", axes=axes)
            given[at] = draft.lines.given(one)
        signals = Signals(given, axes)
        for number, block in enumerate(self.blocks, 1):
            signals = block.place(draft, signals, last=number == len(self.blocks))
        check_loss(self.loss, signals.activation)
        self._write_loss(draft, signals)
        return draft, signals

    def _write_loss(self, draft: Draft, signals: Signals) -> None:
        """Write an error for each output, row by row, and the loss."""
        lines, width = draft.lines, signals.symbols.shape[-1]
        outs = [lines.quantities[one.name] for one in signals.symbols.flat]
        targets = [Quantity("y", index=one.index, tag="target", block=draft.number, axes=one.axes) for one in outs]
        for target in targets if self.loss.needs_targets else ():
            lines.given(target)
        lines.stage()
        found = []
        for start in range(0, len(outs), width):
            row = slice(start, start + width)
            nets = [] if signals.nets is None else [*signals.nets.flat[row]]
            found += errors(lines, self.loss, outs[row], targets[row], nets, signals.activation, whole=len(outs))
        whole_loss(lines, found, draft.number)

    @property
    def lines(self) -> Lines:
        return self._drafted[0].lines

    @cached_property
    def parameters(self) -> tuple[str, ...]:
        """Every weight, gain and bias, by name, array by array.

        >>> import bpkit as bp
        >>> bp.Model((4,), bp.blocks.Conv1d(2)).parameters
        ('k1_1', 'k1_2', 'b1')
        """
        return tuple(name for names in self.tables.values() for name in names.flat)

    @cached_property
    def inputs(self) -> tuple[str, ...]:
        return tuple(one.name for one in self.lines.quantities.values() if one.tag == "input")

    @cached_property
    def outputs(self) -> tuple[str, ...]:
        quantities = self.lines.quantities
        return tuple(quantities[one.name].neuron for one in self._drafted[1].symbols.flat)

    @cached_property
    def targets(self) -> tuple[str, ...]:
        return tuple(one.name for one in self.lines.quantities.values() if one.tag == "target")

    @cached_property
    def biases(self) -> Mapping[str, tuple[str, ...]]:
        """The biases and shifts, which no neuron's name belongs to.

        >>> import bpkit as bp
        >>> dict(bp.Model(2, bp.blocks.Dense(1)).biases)
        {'b1_1': ()}
        """
        return MappingProxyType({name: () for name, one in self.lines.parameters.items() if one.tag == "bias"})

    @property
    def functions(self) -> tuple[Activation | Loss, ...]:
        return (*(one for block in self.blocks for one in block.activations), self.loss)

    @property
    def tables(self) -> Mapping[str, Names]:
        return MappingProxyType(self._drafted[0].tables)

    @property
    def upright(self) -> Collection[str]:
        return self._drafted[0].upright

    @cached_property
    def starts(self) -> Mapping[str, Start]:
        found = self._drafted[0].starts
        return MappingProxyType({name: found[name] for name in self.parameters})

    @property
    def input_shape(self) -> tuple[int, ...]:
        return self.shape

    @property
    def output_shape(self) -> tuple[int, ...]:
        return tuple(self._drafted[1].symbols.shape)

    @property
    def vocabulary(self) -> Mapping[str, int]:
        return self._drafted[0].vocabulary

    def random(self, seed: int, scheme: str = "xavier", scale: float = 1.0) -> dict[str, float]:
        """Numbers to start from, drawn from a seed: weights as ``scheme`` has them, biases 0 and gains 1.

        >>> import bpkit as bp
        >>> [*bp.Model(2, bp.blocks.Dense(1)).random(seed=1)]
        ['W1_1_1', 'W1_2_1', 'b1_1']
        """
        return initial_parameters(self, np.random.default_rng(seed), scheme, scale)

    def __reduce__(self) -> tuple[Any, ...]:
        """What pickling keeps: what a person gave."""
        return partial(Model, self.shape, *self.blocks, loss=self.loss), ()

    def __repr__(self) -> str:
        inputs = self.shape[0] if len(self.shape) == 1 else self.shape
        loss = self.loss.name if self.loss.built_in else self.loss
        return f"Model({', '.join(map(repr, [inputs, *self.blocks]))}, loss={loss!r})"
