"""A model's forward lines as a graph, for pictures: boxes of quantities, ways between them, where parameters act."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache

from bpkit.core.architecture import Architecture
from bpkit.core.blocks import Residual
from bpkit.core.blocks.block import Block
from bpkit.core.expressions import names_in
from bpkit.core.lines import Line
from bpkit.core.model import Model
from bpkit.core.quantities import Quantity

MOST_BOXES, MOST_WAYS = 48, 90  # more are no picture: each block becomes one box
OF_LOSS = ("error", "total")  # the tags of what stands beside the outputs, in no box


@dataclass(frozen=True)
class Box:
    """Some quantities in one frame: one, or a chain where each uses only the one before; or a whole block.

    A box of a whole block has ``facts``, such as its shape, instead of numbers.
    """

    name: str
    quantities: tuple[Quantity, ...]
    facts: tuple[str, ...] = ()

    @property
    def block(self) -> int:
        """The number of its block; 0 for inputs."""
        return self.quantities[0].block


@dataclass(frozen=True)
class Way:
    """Where a box uses what another one holds; ``parameter`` multiplies it on the way, if there is one."""

    source: str
    target: str
    parameter: str = ""

    @property
    def key(self) -> str:
        """What it is called among all items of a picture.

        >>> Way("x1", "h1", "w1").key
        'x1 → h1'
        """
        return f"{self.source} → {self.target}"


@dataclass(frozen=True)
class Graph:
    """Boxes by name and the ways between them, in the order of the lines.

    ``added`` are the parameters that act in a box and on no way to it, such as biases; ``outputs`` has for each error
    the box that it is of, and its target if there is one; ``box_of`` is the box of each quantity.
    """

    boxes: Mapping[str, Box]
    ways: Mapping[str, Way]
    added: Mapping[str, tuple[str, ...]]
    outputs: Mapping[str, tuple[str, str]]
    box_of: Mapping[str, str]
    overview: bool

    def sources(self, name: str) -> list[str]:
        """The boxes that a box uses.

        >>> import bpkit as bp
        >>> graph(bp.Model(2, bp.blocks.Dense(1))).sources("o1")
        ['x1', 'x2']
        """
        return [way.source for way in self.ways.values() if way.target == name]

    def users(self, name: str) -> list[str]:
        """The boxes that use it."""
        return [way.target for way in self.ways.values() if way.source == name]


@lru_cache(maxsize=32)
def graph(model: Architecture) -> Graph:
    """The graph of a model: of its quantities, or of its blocks where those are too many.

    >>> import bpkit as bp
    >>> [*graph(bp.Model((2, 1), bp.blocks.Recurrent(1))).boxes]
    ['x1_1', 'x2_1', 'out_o0_1', 'o1_1', 'o2_1']
    """
    boxes = _boxes(model)
    if len(boxes) <= MOST_BOXES:
        found = _joined(model, boxes)
        if len(found.ways) <= MOST_WAYS:
            return found
    return _joined(model, _whole_blocks(model))


def _forward(model: Architecture) -> list[Line]:
    return [line for line in model.lines if line.quantity.tag not in OF_LOSS]


def _inputs(model: Architecture) -> list[Quantity]:
    return [one for one in model.lines.quantities.values() if one.tag == "input"]


def _boxes(model: Architecture) -> list[Box]:
    chains = {line.name: [line.quantity] for line in _forward(model)}
    for first, then in _links(model):
        chains[then] = [*chains.pop(first), *chains[then]]
    return [
        *(Box(one.name, (one,)) for one in _inputs(model)),
        *(Box(_title(chain), tuple(chain)) for chain in chains.values()),
    ]


def _title(chain: list[Quantity]) -> str:
    """A neuron's name where its output is in the box, else that of the last quantity."""
    last = chain[-1]
    return last.neuron if len(chain) > 1 and last.letter == "out" else last.name


def _links(model: Architecture) -> Iterator[tuple[str, str]]:
    """The quantities that only one line uses, which uses nothing else: where that holds of a whole family."""
    lines = _forward(model)
    written = {line.name: line.quantity for line in lines}
    signals = {*written, *(one.name for one in _inputs(model))}
    uses = {line.name: _used(line, signals) for line in lines}
    users = Counter(name for names in uses.values() for name in names)
    found: dict[tuple[int, str, str], list[tuple[str, str] | None]] = {}
    for line in lines:
        for name in uses[line.name]:
            of = written.get(name)
            if of and of.block == line.quantity.block:
                alone = len(uses[line.name]) == users[name] == 1
                kind = (of.block, of.family, line.quantity.family)
                found.setdefault(kind, []).append((name, line.name) if alone else None)
    for links in found.values():
        if all(links):
            yield from (link for link in links if link)


def _used(line: Line, known: Iterable[str]) -> list[str]:
    """The names of its right side among those that are known, in their order."""
    names = names_in(line.rhs)
    return [name for name in known if name in names]


def _whole_blocks(model: Architecture) -> list[Box]:
    """A box for the inputs and for each block; what a residual adds is one of its own."""
    found: dict[tuple[int, bool], list[Quantity]] = {}
    for one in [*_inputs(model), *(line.quantity for line in _forward(model))]:
        found.setdefault((one.block, one.tag == "skip"), []).append(one)
    blocks = list(_flat(model.blocks)) if isinstance(model, Model) else []
    boxes = []
    for (number, skip), quantities in found.items():
        name = "inputs" if not number else "sum" if skip else blocks[number - 1]
        last = [one for one in quantities if one.family == quantities[-1].family]
        count = sum(one.block == number for one in model.lines.parameters.values())
        facts = [" × ".join(map(str, map(max, zip(*(one.index for one in last)))))]
        facts += [f"{count} parameter{'s' * (count > 1)}"] if count and not skip else []
        boxes.append(Box(f"{name} {number}" if number else name, tuple(quantities), tuple(facts)))
    return boxes


def _flat(blocks: Iterable[Block]) -> Iterator[str]:
    """What the blocks are called, in the order of their numbers.

    >>> import bpkit as bp
    >>> [*_flat([Residual(bp.blocks.Dense(1)), bp.blocks.Dense(2)])]
    ['Dense', 'Dense']
    """
    for block in blocks:
        if isinstance(block, Residual):
            yield from _flat(block.blocks)
        else:
            yield type(block).__name__


def _joined(model: Architecture, boxes: list[Box]) -> Graph:
    box_of = {one.name: box.name for box in boxes for one in box.quantities}
    parameters, ways = model.lines.parameters, dict[str, Way]()
    added: dict[str, list[str]] = {box.name: [] for box in boxes}
    outputs = {}
    for line in model.lines:
        signals, target = _used(line, box_of), box_of.get(line.name, "")
        if line.quantity.tag == "error":
            of = next(one.name for one in model.lines.quantities.values() if one.name in signals and one.tag != "input")
            targets = _used(line, model.targets)
            outputs[line.name] = (box_of[of], targets[0] if targets else "")
        if not target:
            continue
        on_way = set()
        for name in signals:
            slope = line.slopes.get(name)
            factor = slope.rhs.name if slope and slope.rhs.is_Symbol else ""
            if box_of[name] != target:
                way = Way(box_of[name], target, factor if factor in parameters else "")
                ways.setdefault(way.key, way)
                on_way.add(way.parameter)
        added[target] += (one for one in _used(line, parameters) if one not in on_way)
    overview = any(box.facts for box in boxes)
    return Graph(
        {box.name: box for box in boxes},
        {key: replace(way, parameter="") if overview else way for key, way in ways.items()},
        {name: tuple(dict.fromkeys(all_)) for name, all_ in added.items()},
        outputs,
        box_of,
        overview,
    )
