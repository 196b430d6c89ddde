"""Which quantities people take for one another: those of one family, those beside each other, weights in a table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from itertools import combinations, islice, pairwise

from bpkit.core.derivation import Derivation
from bpkit.core.network import Edge, Network, natural
from bpkit.core.quantities import Quantity, Role

NEAR_LIMIT = 60  # shapes that one layer may add


def signal(network: Network, neuron: str) -> str:
    """What a neuron passes on.

    >>> import bpkit as bp
    >>> network = bp.Network(2, 2, 1)
    >>> signal(network, "x1"), signal(network, "h1")
    ('x1', 'out_h1')
    """
    return neuron if neuron in network.inputs else f"out_{neuron}"


def placed(network: Network, layer: int, transposed: bool) -> Mapping[Edge, str]:
    """The weights into a layer in another order: transposed, or by their numbers.

    >>> import bpkit as bp
    >>> network = bp.Network(2, 2)
    >>> network.weight_of["x2", "o1"], placed(network, 1, transposed=True)["x2", "o1"]
    ('w2', 'w3')
    """
    before, after = network.layers[layer - 1], network.layers[layer]
    edges = [(source, target) for target in after for source in before]
    if not transposed:
        return dict(zip(edges, sorted((network.weight_of[edge] for edge in edges), key=natural)))
    turned = [(source, target) for source in before for target in after]
    return dict(zip(turned, (network.weight_of[edge] for edge in edges)))


def reshaped(network: Network, layer: int) -> Mapping[Edge, str]:
    """The weights into a layer, in a table with a row for each source, reshaped to one with a row for each target;
    nothing where that is the same as taking a table of targets for one of sources.

    >>> import bpkit as bp
    >>> network = bp.Network(2, 3)
    >>> network.weight_of["x2", "o1"], reshaped(network, 1)["x2", "o1"]
    ('w2', 'w3')
    """
    before, after = network.layers[layer - 1], network.layers[layer]
    if len(before) == len(after):
        return {}
    weights = (network.weight_of[source, target] for source in before for target in after)
    return dict(zip(((source, target) for target in after for source in before), weights))


def neighbours(network: Network) -> Iterator[tuple[Edge, str, str]]:
    """Each weight with another one of its layer; in wide layers one that shares an end with it."""
    for before, after in pairwise(network.layers):
        edges = [(source, neuron) for neuron in after for source in before]
        wide = len(edges) * (len(edges) - 1) > NEAR_LIMIT
        found = (
            ((source, neuron), network.weight_of[source, neuron], network.weight_of[a, b])
            for source, neuron in edges
            for a, b in edges
            if (a, b) != (source, neuron) and (a == source or b == neuron or not wide)
        )
        yield from islice(found, NEAR_LIMIT)


def neighbouring(derivation: Derivation, tag: str) -> Iterator[tuple[str, str]]:
    """Pairs of inputs or of targets: all pairs, but where they have two indices only neighbours.

    >>> import bpkit as bp
    >>> list(neighbouring(bp.derive(bp.Network(3, 1)), "input"))
    [('x1', 'x2'), ('x1', 'x3'), ('x2', 'x3')]
    """
    known = [one for one in derivation.quantities.values() if one.tag == tag and one.role is Role.GIVEN]
    for one, other in combinations(known, 2):
        if near(one, other) or len(one.index) == 1:
            yield one.name, other.name


@lru_cache(maxsize=128)
def _by_place(derivation: Derivation) -> Mapping[tuple[str, str, int, tuple[int, ...]], Quantity]:
    known = (one for one in derivation.quantities.values() if not one.of)
    return {(one.letter, one.place, one.block, one.index): one for one in known}


def sibling(derivation: Derivation, quantity: Quantity, index: tuple[int, ...]) -> Quantity | None:
    """The quantity with another index in the same family.

    >>> import bpkit as bp
    >>> d = bp.derive(bp.Network(1, 2))
    >>> sibling(d, d["net_o1"].quantity, (2,)).name
    'net_o2'
    """
    return _by_place(derivation).get((quantity.letter, quantity.place, quantity.block, index))


def near(one: Quantity, other: Quantity) -> bool:
    """Are two of a family neighbours: with one index that differs, by one where it counts steps or places?

    >>> import bpkit as bp
    >>> d = bp.derive(bp.Network(1, 3))
    >>> near(d["net_o1"].quantity, d["net_o3"].quantity), near(d["net_o1"].quantity, d["net_o1"].quantity)
    (True, False)
    """
    apart = [abs(i - j) for i, j in zip(one.index, other.index, strict=True) if i != j] if alike(one, other) else []
    return len(apart) == 1 and (not one.axes or apart == [1])


def alike(one: Quantity, other: Quantity) -> bool:
    """Are two of one family?

    >>> import bpkit as bp
    >>> d = bp.derive(bp.Network(1, 2))
    >>> alike(d["net_o1"].quantity, d["net_o2"].quantity), alike(d["net_o1"].quantity, d["out_o1"].quantity)
    (True, False)
    """
    return (one.letter, one.place, one.block) == (other.letter, other.place, other.block)


def own_parameters(derivation: Derivation, tag: str) -> dict[tuple[str, int], list[Quantity]]:
    """The parameters of a kind, array by array.

    >>> import bpkit as bp
    >>> arrays = own_parameters(bp.derive(bp.Network(2, 1)), "weight")
    >>> {name: [one.name for one in array] for name, array in arrays.items()}
    {('W_1', 1): ['w1', 'w2']}
    """
    found: dict[tuple[str, int], list[Quantity]] = {}
    for one in derivation.quantities.values():
        if one.tag == tag and one.role is Role.GIVEN and not one.of:
            found.setdefault((one.letter, one.block), []).append(one)
    return found


@lru_cache(maxsize=128)
def transposed(derivation: Derivation) -> Mapping[str, str]:
    """The weights of every square array, each with the one that is put in its place when rows and columns swap.

    >>> import bpkit as bp
    >>> dict(transposed(bp.derive(bp.Network(2, 2))))
    {'w1': 'w1', 'w2': 'w3', 'w3': 'w2', 'w4': 'w4'}
    """
    found: dict[str, str] = {}
    for array in own_parameters(derivation, "weight").values():
        turned = {one.name: sibling(derivation, one, one.index[::-1]) for one in array if len(one.index) == 2}
        if len(turned) > 1 and all(turned.values()):
            found |= {name: one.name for name, one in turned.items() if one}
    return found
