"""What a network and a model of blocks have in common: names, shapes and forward lines, which all else reads."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Collection, Iterable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from bpkit.core.functions import Activation, Own
from bpkit.core.lines import Lines
from bpkit.core.losses import Loss
from bpkit.core.shown import Shown

if TYPE_CHECKING:
    from bpkit.show.drawing import Drawing

Names = np.ndarray[Any, np.dtype[Any]]  # of parameters, in the shape of the array that holds their numbers in x @ W


class Start(NamedTuple):
    """How a parameter starts: drawn with the spread that fits so many signals before and after it, or at a value."""

    before: int = 0
    after: int = 0
    value: float = 0.0

    @property
    def drawn(self) -> bool:
        """Is it drawn at random, and not a value?

        >>> Start(before=2, after=3).drawn, Start(value=1.0).drawn
        (True, False)
        """
        return self.before > 0


class Architecture(Shown):
    """What a problem puts numbers into: a ``Network`` or a ``Model``."""

    loss: Loss
    bias: str
    activations: tuple[Activation, ...] = ()  # of each layer, if it is made of layers alone

    @property
    @abstractmethod
    def lines(self) -> Lines:
        """The forward pass as lines, from which ``derive`` writes all the others."""

    @property
    @abstractmethod
    def parameters(self) -> tuple[str, ...]:
        """Every weight and bias, by name."""

    @property
    @abstractmethod
    def inputs(self) -> tuple[str, ...]:
        """The names of one sample's inputs."""

    @property
    @abstractmethod
    def outputs(self) -> tuple[str, ...]:
        """What the outputs are called, one for each error."""

    @property
    @abstractmethod
    def targets(self) -> tuple[str, ...]:
        """The targets' names; none where the loss needs none."""

    @property
    @abstractmethod
    def biases(self) -> Mapping[str, tuple[str, ...]]:
        """Each bias's name and the neurons that it feeds."""

    @property
    def bias_of(self) -> Mapping[str, str]:
        """The name of the bias that feeds a neuron."""
        return {neuron: name for name, row in self.biases.items() for neuron in row}

    @property
    @abstractmethod
    def functions(self) -> tuple[Own, ...]:
        """The activations and the loss, whose definitions its generated code may call."""

    @property
    @abstractmethod
    def tables(self) -> Mapping[str, Names]:
        """The parameters' names in each array, in order: W1, b1, W2, .."""

    @property
    def upright(self) -> Collection[str]:
        """The arrays of two axes that no layout turns: kernels, and tables of rows.

        >>> import bpkit as bp
        >>> sorted(bp.Model((3, 3), bp.blocks.Conv2d(2), bp.blocks.Dense(1)).upright)
        ['k1']
        """
        return ()

    @property
    @abstractmethod
    def starts(self) -> Mapping[str, Start]:
        """How each parameter starts, in the order in which they are drawn.

        >>> import bpkit as bp
        >>> bp.Network(2, 3).starts["w1"]
        Start(before=2, after=3, value=0.0)
        """

    @property
    def layers(self) -> tuple[tuple[str, ...], ...]:
        """The neurons' names layer by layer, inputs first; none where the network has more than layers."""
        return ()

    @property
    def input_shape(self) -> tuple[int, ...]:
        """The shape of one sample's inputs.

        >>> import bpkit as bp
        >>> bp.Model((3, 1), bp.blocks.Recurrent(2)).input_shape
        (3, 1)
        """
        return (len(self.inputs),)

    @property
    def output_shape(self) -> tuple[int, ...]:
        """The shape of one sample's outputs and targets.

        >>> import bpkit as bp
        >>> bp.Model((3, 1), bp.blocks.Recurrent(2, steps="all")).output_shape
        (3, 2)
        """
        return (len(self.outputs),)

    @property
    def vocabulary(self) -> Mapping[str, int]:
        """The inputs that are whole numbers, the rows of a table, and how many rows there are.

        >>> import bpkit as bp
        >>> dict(bp.Model(2, bp.blocks.Embedding(5, 1)).vocabulary)
        {'x1': 5, 'x2': 5}
        """
        return {}

    def with_bias(self, policy: str) -> Architecture:
        """The same with a bias for each layer or neuron, where there is a choice."""
        return self

    @cached_property
    def givens(self) -> tuple[str, ...]:
        """What a problem must give numbers for: parameters, inputs, targets, learning rate.

        >>> import bpkit as bp
        >>> bp.Network(1, 1).givens
        ('w1', 'b1', 'x1', 'y1', 'learning_rate')
        """
        return (*self.parameters, *self.inputs, *self.targets, "learning_rate")

    def diagram(self, highlight: Iterable[str] = ()) -> Drawing:
        """The picture with its names; the quantities, weights or neurons of ``highlight`` lit."""
        drawing: Drawing = self._shown("diagram", highlight)
        return drawing
