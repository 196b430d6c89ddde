"""The arrays of a derivation as programs make them: net inputs, outputs, derivatives, parameters, with their lines."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from itertools import combinations
from types import MappingProxyType

import numpy as np

from bpkit.core.architecture import Names
from bpkit.core.derivation import Derivation
from bpkit.core.quantities import Quantity, Role, Style, derivative
from bpkit.core.spelling import LOW, PLAIN
from bpkit.mistakes.misconceptions.whereabouts import adjoint, at, ends, gradients, last_block, layer, new_values

LOSS = Quantity("E", tag="total", role=Role.FORWARD)


def _word(quantity: Quantity) -> str:
    if quantity.place:
        return PLAIN(quantity)
    low = "".join(map(str, quantity.index)).translate(LOW)
    return quantity.letter + low


SHOWN = Style("∂{}/∂{}", "the {1} {0}", "{}({})", {}, _word)  # an array in a sentence: ∂E/∂net₁, the new W1


@dataclass(frozen=True, eq=False)
class Place:
    """An array of the derivation: the ``quantities`` it holds (several where programs lay them side by side), and the
    lines that hold its entries.

    ``by_sample`` says that each sample has numbers of its own, ``key`` which array of parameters it is about,
    ``starts`` that programs lay a row of zeros for the start beside it, ``part`` that it is one of several ways back.
    """

    quantities: tuple[Quantity, ...]
    lines: Names
    by_sample: bool = True
    key: str = ""
    starts: bool = False
    part: bool = False

    @property
    def quantity(self) -> Quantity:
        """What it holds, as one quantity without an index."""
        return self.quantities[0]

    @cached_property
    def name(self) -> str:
        """Its name: net_1, dE/dW2, score_h1."""
        name = ",".join(one.name for one in self.quantities)
        return f"part of {name}" if self.part else name

    @property
    def shown(self) -> str:
        """Its name as people write it: ∂E/∂net₁."""
        *first, last = (SHOWN(one) for one in self.quantities)
        shown = f"{', '.join(first)} and {last}" if first else last
        return f"a part of {shown}" if self.part else shown

    @property
    def role(self) -> Role:
        return self.quantity.role

    @property
    def tag(self) -> str:
        return self.quantity.tag

    @property
    def block(self) -> int:
        return self.quantity.block

    def is_a(self, role: Role, *tags: str) -> bool:
        """Is it of a role, and about one of some tags?"""
        return self.role is role and self.tag in tags

    def of_layer(self, d: Derivation) -> str:
        """The layer that it belongs to, in words; nothing where its name says so."""
        if (
            self.key
            or (self.quantity.by or self.quantity).place
            or self.tag not in ("net", "out")
            or last_block(d) == 1
        ):
            return ""
        return f" of {layer(d, self.quantity.block)}"


@lru_cache(maxsize=64)
def places(d: Derivation) -> Mapping[str, Place]:
    """The arrays of a derivation by their names, in the order in which they are computed."""
    forward = [*_forward(d)]
    joined = [*_joined(forward)]
    found = [*forward, *joined]
    outs = outputs_of(d)
    if not any(np.array_equal(place.lines, outs) for place in forward):  # those of the last step alone
        found.append(Place((Quantity("outputs", tag="out", role=Role.FORWARD),), outs))
    errors = [step.quantity for step in at(d, Role.FORWARD, "error")]
    found.append(Place((replace(LOSS, tag="error"),), _names(errors)))
    (whole,) = at(d, Role.FORWARD, "total")
    found.append(Place((replace(LOSS, spelled=whole.name),), np.array([whole.name], dtype=object), by_sample=False))
    slopes = _slopes(d)
    for place in [*reversed(forward), *joined]:
        lines = [step.name for name in place.lines.flat if (step := adjoint(d, d.quantities[name]))]
        if len(lines) == place.lines.size:
            by = tuple(derivative(LOSS, one, Role.ADJOINT) for one in place.quantities)
            found.append(Place(by, _array(lines, place.lines.shape)))
        found += _own_slopes(place, forward, slopes)
    return MappingProxyType({place.name: place for place in [*found, *_of_parameters(d)]})


def _of_parameters(d: Derivation) -> Iterator[Place]:
    slopes, new = gradients(d), new_values(d)
    remembered = [step for step in d if step.role is Role.UPDATE and step.quantity.of and not step.quantity.mark]
    rules = {(one.quantity.letter, ends(one)[0].name): one for one in remembered}
    letters = dict.fromkeys((one.quantity.letter, one.quantity.tag) for one in remembered)
    for key, names in d.network.tables.items():
        own = parameter(d, key)
        made = Quantity("", of=own, mark="new", role=Role.UPDATE, tag=own.tag, block=own.block)
        for steps, quantity in ((slopes, derivative(LOSS, own, Role.GRADIENT)), (new, made)):
            yield Place((quantity,), _array([steps[one].name for one in names.flat], names.shape), False, key)
        for letter, tag in letters:  # what the update rule makes on the way
            lines = [rules[letter, one].name for one in names.flat if (letter, one) in rules]
            if len(lines) == names.size:
                held = Quantity(letter, of=own, role=Role.UPDATE, tag=tag, block=own.block)
                yield Place((held,), _array(lines, names.shape), False)


def parameter(d: Derivation, key: str) -> Quantity:
    """An array of parameters, as one quantity.

    >>> import bpkit as bp
    >>> parameter(bp.derive(bp.Network(2, 3, 1)), "W1").tag
    'weight'
    """
    first = d.network.lines.parameters[d.network.tables[key].flat[0]]
    return Quantity(key, tag=first.tag, block=first.block)


def _forward(d: Derivation) -> Iterator[Place]:
    """The arrays of the way forward, without errors and loss."""
    families: dict[tuple[int, str, str], list[Quantity]] = defaultdict(list)
    started = set()
    for step in d:
        one = step.quantity
        if step.role is Role.FORWARD and one.tag == "start":
            started.add((one.block, one.place, one.letter))
        elif step.role is Role.FORWARD and one.tag not in ("error", "total"):
            families[one.block, one.place, one.letter].append(one)
    for key, row in families.items():
        names, block = _names(row), row[0].block
        whole = replace(row[0], index=(), axes=())
        if d.network.layers:
            whole = replace(whole, place="", index=(block,), spelled=f"{whole.letter}_{block}")
        yield Place((whole,), names, starts=key in started)


def _joined(forward: Sequence[Place]) -> Iterator[Place]:
    """Arrays that programs lay side by side: those of several gates."""
    alike: dict[tuple[int, str, str], list[Place]] = defaultdict(list)
    for one in forward:
        alike[one.quantity.block, one.quantity.place, one.tag].append(one)
    for row in alike.values():
        for first, end in combinations(range(len(row) + 1), 2):
            several = row[first:end]
            if len(several) > 1 and all(one.lines.ndim == 2 for one in several):
                quantities = tuple(one.quantity for one in several)
                yield Place(quantities, np.concatenate([one.lines for one in several], axis=-1))


def _slopes(d: Derivation) -> Mapping[tuple[str, str], str]:
    """The lines of the slopes of outputs with respect to what is at the same place, by the names of both."""
    steps = [step for step in d if step.role is Role.SLOPE]
    pairs = ((*ends(step), step.name) for step in steps)
    return {(of.name, by.name): name for of, by, name in pairs if of.tag == "out" and of.index == by.index}


def _own_slopes(place: Place, forward: Sequence[Place], slopes: Mapping[tuple[str, str], str]) -> Iterator[Place]:
    for other in forward if place.tag == "out" and len(place.quantities) == 1 else ():
        if other.lines.shape == place.lines.shape:
            lines = [slopes.get(pair) for pair in zip(place.lines.flat, other.lines.flat)]
            if all(lines):
                yield Place((derivative(place.quantity, other.quantity, Role.SLOPE),), _array(lines, place.lines.shape))


def outputs_of(d: Derivation) -> Names:
    """The lines of the outputs, in their shape.

    >>> import bpkit as bp
    >>> outputs_of(bp.derive(bp.Network(2, 3, 2))).tolist()
    ['out_o1', 'out_o2']
    """
    steps = [step for step in d if step.role is Role.SLOPE and ends(step)[0].tag == "error"]
    return _array(dict.fromkeys(ends(step)[1].name for step in steps), d.network.output_shape)


def _names(row: Sequence[Quantity]) -> Names:
    """The names of a row of quantities, in the shape that their indices say."""
    whole = sorted(row, key=lambda one: one.index) if all(one.index for one in row) else [*row]
    shape = tuple(max(numbers) for numbers in zip(*(one.index for one in row)))
    names = [one.name for one in whole]
    return _array(names, shape if int(np.prod(shape)) == len(names) else (len(names),))


def _array(names: Iterable[str | None], shape: tuple[int, ...]) -> Names:
    row = [*names]
    found = np.empty(len(row), dtype=object)
    found[:] = row
    return found.reshape(shape)


@lru_cache(maxsize=64)
def given_places(d: Derivation) -> Mapping[str, Place]:
    """The arrays that a problem gives: x, y and the parameters.

    >>> import bpkit as bp
    >>> list(given_places(bp.derive(bp.Network(2, 3, 1))))
    ['x', 'y', 'W1', 'b1', 'W2', 'b2']
    """
    network = d.network
    found = {key: Place((parameter(d, key),), names, False, key) for key, names in network.tables.items()}
    x = Place((Quantity("x", tag="input"),), _array(network.inputs, network.input_shape))
    shape = network.output_shape if network.targets else (0,)
    y = Place((Quantity("y", tag="target"),), _array(network.targets, shape))
    return MappingProxyType({"x": x, "y": y, **found})
