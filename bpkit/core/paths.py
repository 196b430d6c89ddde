"""The path view of a derivative: every way from a parameter to the loss, and what the ways add up to."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice

from bpkit.core.errors import BpkitError, suggest
from bpkit.core.network import Network
from bpkit.core.numeric import evaluate, single
from bpkit.core.problem import Problem

PATH_LIMIT = 20_000


@dataclass(frozen=True)
class Path:
    """One way from a parameter to the loss: the quantities that it passes, and a factor for each stretch of it.

    ``nodes`` runs from the parameter to ``E_total``; ``factors`` are written as the chain rule is, from the loss back
    to the parameter. At a problem ``values`` holds the factors' numbers and ``product`` what they multiply to.
    """

    nodes: tuple[str, ...]
    factors: tuple[str, ...]
    values: tuple[float, ...] | None = None
    product: float | None = None

    def at(self, problem: Problem) -> Path:
        """The same path with the numbers of a problem."""
        return Paths((self,)).at(problem)[0]

    def __str__(self) -> str:
        from bpkit.show.render import path_text

        return path_text(self)

    __repr__ = __str__


class Paths(tuple[Path, ...]):
    """Every path from a parameter to the loss; their products add up to the parameter's derivative."""

    def at(self, problem: Problem) -> Paths:
        """The same paths with the numbers of a problem (one sample)."""
        values = evaluate(single(problem, "paths"))
        filled = []
        for path in self:
            numbers = tuple(values[factor] for factor in path.factors)
            filled.append(replace(path, values=numbers, product=math.prod(numbers)))
        return Paths(filled)

    @property
    def total(self) -> float | None:
        """The sum of the products: the derivative itself; None without a problem."""
        products = [path.product for path in self if path.product is not None]
        return sum(products) if len(products) == len(self) else None

    def __str__(self) -> str:
        from bpkit.show.render import paths_text

        return paths_text(self)

    __repr__ = __str__

    def _repr_latex_(self) -> str:
        from bpkit.show.render import paths_latex

        return paths_latex(self)


def find_paths(network: Network, name: str) -> Paths:
    """Every path from a parameter to the loss; raises ``BpkitError`` where there are too many to list."""
    if name not in network.parameters:
        raise BpkitError(f"paths: expected a weight or bias, got {name!r}{suggest(name, network.parameters)}")
    found = tuple(islice(_walk(network, name), PATH_LIMIT + 1))
    if len(found) > PATH_LIMIT:
        raise BpkitError(
            f"paths: {name} reaches the loss by more than {PATH_LIMIT} paths, too many to list; "
            f"toward({name!r}) shares what they have in common"
        )
    return Paths(Path(nodes, tuple(f"d{b}/d{a}" for a, b in zip(nodes, nodes[1:]))[::-1]) for nodes in found)


def _walk(network: Network, name: str) -> Iterator[tuple[str, ...]]:
    last = len(network.layers) - 1
    depth = {neuron: row for row, neurons in enumerate(network.layers) for neuron in neurons}

    def onward(neuron: str) -> Iterator[tuple[str, ...]]:
        if depth[neuron] == last:
            ends = network.outputs if network.activations[-1].joint else (neuron,)
            yield from ((f"net_{neuron}", f"out_{end}", "E_total") for end in ends)
            return
        for following in network.layers[depth[neuron] + 1]:
            yield from ((f"net_{neuron}", f"out_{neuron}", *rest) for rest in onward(following))

    starts = network.biases[name] if name in network.biases else (network.weights[name][1],)
    for neuron in starts:
        yield from ((name, *rest) for rest in onward(neuron))
