"""What every block has: it gets signals and a draft of the lines, writes its own, and passes signals on."""

from __future__ import annotations

import operator
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import MISSING, dataclass, field, fields
from math import prod
from typing import Any, cast

import numpy as np
import sympy as sp

from bpkit.core.architecture import Names, Start
from bpkit.core.blocks.description import Place
from bpkit.core.errors import BpkitError
from bpkit.core.functions import Activation
from bpkit.core.functions import activation as find_activation
from bpkit.core.lines import Lines
from bpkit.core.neurons import outputs
from bpkit.core.program import on_arrays
from bpkit.core.quantities import Quantity, Role
from bpkit.core.runtime import Array


@dataclass(frozen=True)
class Signals:
    """What a block passes on: symbols in the shape of an array, and what each of its axes counts.

    The first axis of two counts steps (of time, or tokens), those of an ``image`` rows and columns. ``nets`` are the
    net inputs that ``activation`` made the signals from, if it did.
    """

    symbols: Names
    axes: tuple[int, ...]
    image: bool = False
    nets: Names | None = None
    activation: Activation | None = None

    @property
    def steps(self) -> bool:
        """Does the first axis count steps?

        >>> Signals(array(sp.symbols("a b"), (2, 1)), (0, 1)).steps
        True
        """
        return self.symbols.ndim == 2 and not self.image


MOST = 100_000  # numbers of one array; each of them has a line of its own


def empty(shape: tuple[int, ...]) -> Names:
    """An array for symbols or quantities; refused where it would fill the memory."""
    if prod(shape) > MOST:
        raise BpkitError(
            f"Model: expected arrays of at most {MOST} numbers, as each has lines of its own, got one of the shape "
            f"{shape}; take fewer inputs or smaller blocks"
        )
    return np.empty(shape, dtype=object)


@dataclass
class Draft:
    """The lines of a model while its blocks write them: arrays of parameters, and quantities at the block's place."""

    lines: Lines = field(default_factory=Lines)
    tables: dict[str, Names] = field(default_factory=dict)
    starts: dict[str, Start] = field(default_factory=dict)
    upright: set[str] = field(default_factory=set)  # the arrays that are no matrix between signals
    vocabulary: dict[str, int] = field(default_factory=dict)
    places: list[str] = field(default_factory=list)  # the place of each block, in order
    number: int = 0  # of the block that writes
    place: str = "x"
    axes: int = 0

    def axis(self) -> int:
        """What a new index counts."""
        self.axes += 1
        return self.axes - 1

    def quantity(self, letter: str, index: tuple[int, ...], axes: tuple[int, ...], tag: str) -> Quantity:
        """A quantity of the forward pass at the place of the block.

        >>> Draft(place="h1_").quantity("net", (2,), (0,), "net").name
        'net_h1_2'
        """
        return Quantity(letter, self.place, index, Role.FORWARD, tag, self.number, axes=axes)

    def row(self, letter: str, shape: tuple[int, ...], axes: tuple[int, ...], tag: str) -> Names:
        """The quantities of a whole array.

        >>> [one.name for one in Draft(place="h1_").row("net", (2,), (0,), "net")]
        ['net_h1_1', 'net_h1_2']
        """
        found = empty(shape)
        for at in np.ndindex(shape):
            found[at] = self.quantity(letter, tuple(i + 1 for i in at), axes, tag)
        return found

    def parameters(
        self,
        key: str,
        shape: tuple[int, ...],
        axes: tuple[int, ...],
        tag: str = "weight",
        start: Start = Start(),  # noqa: B008  a constant
        first: int = 1,
        inner: tuple[int, ...] = (),
    ) -> Names:
        """Declare an array of parameters and return their symbols; ``first`` is the number of the first row.

        ``inner`` is the shape that the first axis is made of, where a row of the array has several indices.

        >>> draft = Draft(number=1)
        >>> draft.parameters("W", (1, 2), (0, 1)).tolist(), draft.tables["W1"].tolist()
        ([[W1_1_1, W1_1_2]], [['W1_1_1', 'W1_1_2']])
        """
        found, names = empty(shape), empty(shape)
        for at in np.ndindex(shape):
            index = tuple(i + (first if axis == 0 else 1) for axis, i in enumerate(at))
            name = "_".join([f"{key}{self.number}", *map(str, index)])
            if inner:
                index = (*(int(i) + 1 for i in np.unravel_index(at[0], inner)), *index[1:])
            one = Quantity(f"{key}{self.number}", "", index, tag=tag, block=self.number, spelled=name, axes=axes)
            found[at], names[at], self.starts[name] = self.lines.parameter(one), name, start
        self.tables[f"{key}{self.number}"] = np.atleast_1d(names)
        return found

    def columns(
        self, key: str, gates: Sequence[str], shape: tuple[int, ...], axes: tuple[int, ...], tag: str, start: Start
    ) -> list[Names]:
        """Declare an array whose columns are those of several gates, one gate after the other."""
        found = [self.parameters(gate, shape, axes, tag, start) for gate in gates]
        names = [self.tables.pop(f"{gate}{self.number}") for gate in gates]
        self.tables[f"{key}{self.number}"] = np.concatenate(names, axis=-1)
        return found

    def activated(self, nets: Names, axes: tuple[int, ...], activation: Activation, letter: str = "out") -> Names:
        """Write the outputs of net inputs: element by element, or row by row where the activation takes a row."""
        outs = [*self.row(letter, nets.shape, axes, "out").flat]
        self.lines.stage()
        size, flat, found = nets.shape[-1] if activation.joint else 1, [*nets.flat], []
        for start in range(0, len(flat), size):
            row = slice(start, start + size)
            found += outputs(self.lines, flat[row], outs[row], activation)
        return array(found, nets.shape)


def array(symbols: Sequence[sp.Symbol], shape: tuple[int, ...]) -> Names:
    """Symbols, row by row, as an array of this shape.

    >>> array(sp.symbols("a b c d"), (2, 2)).tolist()
    [[a, b], [c, d]]
    """
    found = np.empty(len(symbols), dtype=object)
    found[:] = symbols
    return found.reshape(shape)


class Block:
    """A part of a model. It writes its lines into a draft: forward only, with the slopes as a textbook has them."""

    @abstractmethod
    def write(self, draft: Draft, given: Signals) -> Signals:
        """Write the block's lines for the signals that come in; return those that go out."""

    def place(self, draft: Draft, given: Signals, last: bool) -> Signals:
        """Give the block its number and its place in the model, ``o`` for the last, and let it write."""
        draft.number += 1
        draft.place = "o" if last else f"h{draft.number}_"
        draft.places.append(draft.place)
        return self.write(draft, given)

    @abstractmethod
    def computed(self, own: Mapping[str, Array], x: Array) -> dict[str, Array]:
        """What the block computes from a sample, with NumPy: the arrays of its quantities by their letter.

        ``own`` are the block's parameters by key, without its number. ``out`` is passed on, or what is called
        ``passed on``. It knows nothing of the lines, which tests and keys of exercises compare with it.
        """

    @abstractmethod
    def told(self, place: Place) -> str:
        """What the block computes, in a sentence without its full stop, as Markdown."""

    def makes_image(self, given: bool) -> bool:
        """Is what comes out an image, where what comes in is one or not?"""
        return given

    @property
    def activations(self) -> tuple[Activation, ...]:
        """The functions that its lines call."""
        own = getattr(self, "activation", None)
        return () if own is None else (find_activation(own),)

    def __repr__(self) -> str:
        parts = []
        for one in fields(cast("Any", self)):
            value = getattr(self, one.name)
            shown = value.name if isinstance(value, Activation) and value.built_in else value
            if one.default is MISSING:
                parts.append(repr(shown))
            elif shown != one.default:
                parts.append(f"{one.name}={shown!r}")
        return f"{type(self).__name__}({', '.join(parts)})"

    def _refuse(self, wanted: str, got: object, do: str) -> BpkitError:
        return BpkitError(f"{self!r}: expected {wanted}, got {got}; {do}")

    def _one_row(self, given: Signals) -> Signals:
        """Signals as a plain row: those of one step after the other have one feature each."""
        if given.symbols.ndim == 1:
            return given
        if given.symbols.shape[-1] == 1 and not given.image:
            return Signals(given.symbols[:, 0], given.axes[:1])
        raise self._refuse(
            "one row of numbers", f"the shape {given.symbols.shape}", "give the model inputs such as (6,)"
        )

    def _steps(self, given: Signals) -> Signals:
        """Signals as steps with features; a plain row is refused."""
        if given.steps:
            return given
        raise self._refuse(
            "steps with features",
            f"the shape {given.symbols.shape}",
            "give the model inputs such as (3, 1), 3 steps of 1, or write steps='all' in the block before it",
        )


def activated(nets: Array, function: Activation) -> Array:
    """The outputs of neurons: each by itself, or a row's shares.

    >>> activated(np.array([0.0, 0.0]), find_activation("softmax")).tolist()
    [0.5, 0.5]
    """
    if not function.joint:
        return np.asarray(on_arrays(function)(nets))
    powers = np.exp(nets)
    return np.asarray(powers / powers.sum(axis=-1, keepdims=True))


def size(block: str, what: str, value: object) -> int:
    """A whole number from 1.

    >>> size("Dense", "units", 3)
    3
    >>> size("Dense", "units", 0)
    Traceback (most recent call last):
    ...
    bpkit.core.errors.BpkitError: Dense: expected units to be a whole number from 1, got 0; write Dense(2)
    """
    with suppress(TypeError):
        if not isinstance(value, bool) and (number := operator.index(value)) > 0:  # type: ignore[arg-type]
            return number
    raise BpkitError(f"{block}: expected {what} to be a whole number from 1, got {value!r}; write {block}(2)")


def neuron_function(block: str, given: object) -> Activation:
    """The activation of that name, for each neuron by itself.

    >>> neuron_function("Dense", "tanh").name
    'tanh'
    """
    found = find_activation(given)
    if found.joint:
        raise BpkitError(
            f"{block}: expected an activation of single neurons, got {found.name!r}; end with Dense(.., 'softmax')"
        )
    return found


def checked(block: Any, **values: Any) -> None:
    """Set fields of a frozen block."""
    vars(block).update(values)
