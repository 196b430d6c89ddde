"""The path view of a derivative: every way from a parameter to the loss, and what the ways add up to."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from bpkit.core.chain_rule import Step
from bpkit.core.errors import BpkitError, suggest
from bpkit.core.numeric import evaluate, single
from bpkit.core.quantities import Quantity, Role
from bpkit.core.shown import Shown

if TYPE_CHECKING:
    from bpkit.core.problem import Problem

PATH_LIMIT = 20_000


@dataclass(frozen=True, repr=False)
class Path(Shown):
    """One way from a parameter to the loss: the quantities that it passes, and a factor for each stretch of it.

    ``nodes`` runs from the parameter to ``E_total``; ``factors`` are written as the chain rule is, from the loss back
    to the parameter. At a problem ``values`` holds the factors' numbers and ``product`` what they multiply to.
    ``names`` has the quantity of each name.
    """

    nodes: tuple[str, ...]
    factors: tuple[str, ...]
    values: tuple[float, ...] | None = None
    product: float | None = None
    names: Mapping[str, Quantity] = field(default_factory=dict, compare=False)

    def at(self, problem: Problem) -> Path:
        """The same path with the numbers of a problem."""
        return Paths((self,)).at(problem)[0]


class Paths(Shown, tuple[Path, ...]):
    """Every path from a parameter to the loss; their products add up to the parameter's derivative."""

    def at(self, problem: Problem) -> Paths:
        """The same paths with the numbers of a problem (one sample).

        >>> import bpkit as bp
        >>> problem = bp.examples.article.problem
        >>> [round(path.product, 6) for path in bp.derive(problem.network).paths("w1").at(problem)]
        [0.001122, -0.000434]
        """
        values = evaluate(single(problem, "paths"))
        filled = []
        for path in self:
            numbers = tuple(values[factor] for factor in path.factors)
            filled.append(replace(path, values=numbers, product=math.prod(numbers)))
        return Paths(filled)

    @property
    def total(self) -> float | None:
        """The sum of the products: the derivative itself; None without a problem.

        >>> import bpkit as bp
        >>> problem = bp.examples.article.problem
        >>> round(bp.derive(problem.network).paths("w1").at(problem).total, 8)
        0.00068732
        """
        products = [path.product for path in self if path.product is not None]
        return sum(products) if len(products) == len(self) else None


def find_paths(steps: Sequence[Step], name: str, known: Iterable[str]) -> Paths:
    """Every path from a parameter or an input to the loss, read off the slopes among the lines.

    Raises ``BpkitError`` for a name that is not ``known``, and where there are too many paths to list.

    >>> import bpkit as bp
    >>> [path.nodes[3] for path in find_paths(bp.derive(bp.examples.article.problem).steps, "w1", ["w1"])]
    ['net_o1', 'net_o2']
    """
    if name not in known:
        raise BpkitError(f"paths: expected a weight, a bias or an input, got {name!r}{suggest(name, known)}")
    onward: dict[str, list[tuple[str, str]]] = {}  # where a quantity goes on to, and the factor of that stretch
    whole: dict[str, tuple[str, str]] = {}  # the loss, and its derivative in a quantity
    for step in steps:
        of, by = step.quantity.of, step.quantity.by
        if of and by and step.role is Role.SLOPE:
            onward.setdefault(by.name, []).append((of.name, step.name))
        elif of and by and of.tag == "total":
            whole[by.name] = (of.name, step.name)
    for quantity, ways in onward.items():
        # The last stretch leads through an error, which stands in the loss as it is.
        onward[quantity] = [(of if of in onward else whole[quantity][0], factor) for of, factor in ways]
        if len(ways) == 1 and ways[0][0] not in onward:
            onward[quantity] = [whole[quantity]]
    found: list[Path] = []
    waiting: list[tuple[tuple[str, ...], tuple[str, ...]]] = [((name,), ())]  # nodes and factors of ways to go on
    while waiting:
        nodes, factors = waiting.pop()
        further = onward.get(nodes[-1], [])
        if factors and not further:
            found.append(Path(nodes, factors[::-1], names=steps[0].names))
        if len(found) > PATH_LIMIT:
            raise BpkitError(
                f"paths: {name} reaches the loss by more than {PATH_LIMIT} paths, too many to list; "
                f"toward({name!r}) shares what they have in common"
            )
        waiting += (((*nodes, of), (*factors, factor)) for of, factor in reversed(further))
    return Paths(found)
