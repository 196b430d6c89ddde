"""The derivation as data: numbered steps, and the readers that pick lines, paths and closed forms out of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING

import sympy as sp

from bpkit.core.errors import BpkitError, suggest
from bpkit.core.network import Network

if TYPE_CHECKING:
    from bpkit.core.matrix import MatrixDerivation
    from bpkit.core.numeric import Values
    from bpkit.core.paths import Paths
    from bpkit.core.problem import Problem


def canonical(name: str) -> str:
    """The full name of a quantity: ``dE/dw5`` is short for ``dE_total/dw5``."""
    return "dE_total/" + name[3:] if name.startswith("dE/") else name


@dataclass(frozen=True)
class Step:
    """One numbered line: a quantity, what it equals, why, and the numbers of the lines that it uses.

    ``kind`` says which rule wrote the line and ``about`` which neurons or parameter it is about. ``rhs`` is what
    people read; ``stable`` says the same in the spelling that is computed. ``cancelled`` is the short form that is
    left of ``rhs`` where loss and activation cancel (p - y), else None.
    """

    number: int
    name: str
    rhs: sp.Expr
    reason: str
    kind: str
    about: tuple[str, ...]
    stable: sp.Expr
    uses: tuple[int, ...] = ()
    cancelled: sp.Expr | None = None

    @property
    def lhs(self) -> sp.Symbol:
        """The left side: the symbol with the quantity's name."""
        return sp.Symbol(self.name)

    def __str__(self) -> str:
        from bpkit.show.render import text

        return text((self,))

    __repr__ = __str__

    def _repr_latex_(self) -> str:
        from bpkit.show.render import latex

        return latex((self,))


@dataclass(frozen=True, repr=False)
class Derivation:
    """Backpropagation of one network, written down once as numbered lines that everything else reads.

    Iterate over its ``Step`` lines, take one by name (``d["dE/dw1"]``) or by equation number (``d[12]``). It shows
    itself as LaTeX in a notebook and as aligned text in a terminal.
    """

    network: Network
    steps: tuple[Step, ...]

    @cached_property
    def by_name(self) -> Mapping[str, Step]:
        """The steps by the name of their quantity."""
        return MappingProxyType({step.name: step for step in self.steps})

    @cached_property
    def _by_number(self) -> Mapping[int, Step]:
        return MappingProxyType({step.number: step for step in self.steps})

    def __len__(self) -> int:
        return len(self.steps)

    def __iter__(self) -> Iterator[Step]:
        return iter(self.steps)

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and canonical(name) in self.by_name

    def __getitem__(self, key: str | int) -> Step:
        if isinstance(key, int):
            if key in self._by_number:
                return self._by_number[key]
            raise BpkitError(
                f"derivation: expected the number of one of its lines, got {key}; "
                f"it runs from {self.steps[0].number} to {self.steps[-1].number}"
            )
        name = canonical(str(key))
        if name in self.by_name:
            return self.by_name[name]
        raise BpkitError(f"derivation: it has no line for {key!r}{suggest(name, self.by_name)}")

    def target(self, name: str) -> Step:
        """The line asked for by a quantity, or by a parameter: ``w1`` asks for the line of its derivative."""
        return self[f"dE_total/d{name}" if name in self.network.parameters else name]

    def toward(self, name: str) -> Derivation:
        """Only the lines that a quantity rests on, with their numbers kept; ``toward("w1")`` means dE_total/dw1."""
        wanted, waiting = set(), [self.target(name).number]
        while waiting:
            number = waiting.pop()
            if number not in wanted:
                wanted.add(number)
                waiting += (used for used in self._by_number[number].uses if used in self._by_number)
        return Derivation(self.network, tuple(step for step in self.steps if step.number in wanted))

    def at(self, problem: Problem, digits: int = 6) -> NumberedDerivation:
        """The same lines with a problem's numbers put in: symbols = numbers = result, to so many digits."""
        from bpkit.core.numeric import evaluate, single

        problem = single(problem, "at")
        if problem.network != self.network:
            raise BpkitError(
                f"at: expected a problem of this derivation's network, {self.network!r}, "
                f"got one of {problem.network!r}; "
                "derive(problem.network) gives its lines"
            )
        kept = () if problem.train_biases else self.network.biases
        lines = Derivation(
            self.network,
            tuple(keep(step) if step.about[0] in kept and step.kind == "update" else step for step in self.steps),
        )
        return NumberedDerivation(lines, problem, evaluate(problem), digits)

    def paths(self, name: str) -> Paths:
        """Every path from a parameter to the loss, each with its factors; their products add up to the derivative."""
        from bpkit.core.paths import find_paths

        return find_paths(self.network, name)

    def expanded(self, name: str) -> sp.Expr:
        """One SymPy expression for a quantity in parameters, inputs, targets (and the learning rate) alone."""
        known: dict[sp.Expr, sp.Expr] = {}
        for step in self.toward(name):
            known[step.lhs] = step.rhs.xreplace(known)
        return known[self.target(name).lhs]

    def matrices(self) -> MatrixDerivation:
        """The same rules layer by layer, as matrices."""
        from bpkit.core.matrix import derive_matrices

        return derive_matrices(self.network)

    def source(self, train_biases: bool = True) -> str:
        """The Python that really runs: the lines of this derivation as straight-line code, evaluated and trained."""
        from bpkit.core.program import source

        return source(self.network, train_biases)

    def __str__(self) -> str:
        from bpkit.show.render import text

        return text(self.steps)

    __repr__ = __str__

    def _repr_latex_(self) -> str:
        from bpkit.show.render import latex

        return latex(self.steps)


def keep(step: Step) -> Step:
    """The update line of a bias that the problem keeps as it is."""
    symbol = sp.Symbol(step.about[0])
    return replace(step, rhs=symbol, stable=symbol, uses=(), reason=f"this problem keeps its biases: {symbol} stays")


@dataclass(frozen=True, repr=False)
class NumberedDerivation:
    """A derivation with the numbers put in: for each line its symbols, the numbers in their places, the result."""

    lines: Derivation
    problem: Problem
    values: Values
    digits: int

    def __len__(self) -> int:
        return len(self.lines)

    def __iter__(self) -> Iterator[Step]:
        return iter(self.lines)

    def __getitem__(self, key: str | int) -> Step:
        return self.lines[key]

    def toward(self, name: str) -> NumberedDerivation:
        """Only the lines that a quantity rests on."""
        return replace(self, lines=self.lines.toward(name))

    def pick(self, names: Iterable[str]) -> NumberedDerivation:
        """Only the lines of the quantities named, in the derivation's order."""
        wanted = {self.lines[name].number for name in names}
        return replace(self, lines=replace(self.lines, steps=tuple(s for s in self.lines if s.number in wanted)))

    @cached_property
    def numbers(self) -> Mapping[str, float]:
        """The number of every symbol on these lines: givens and results."""
        return MappingProxyType({**self.problem.givens, **self.values})

    def __str__(self) -> str:
        from bpkit.show.render import text

        return text(self.lines.steps, self.numbers, self.digits)

    __repr__ = __str__

    def _repr_latex_(self) -> str:
        from bpkit.show.render import latex

        return latex(self.lines.steps, self.numbers, self.digits)
