"""The derivation as data: numbered steps, and the readers that pick lines, paths and closed forms out of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import sympy as sp

from bpkit.core.architecture import Architecture
from bpkit.core.chain_rule import Step, backpropagated
from bpkit.core.errors import BpkitError, suggest
from bpkit.core.families import Family, folded
from bpkit.core.matrices import MatrixDerivation, read_matrices
from bpkit.core.numeric import Values, canonical, evaluate, single
from bpkit.core.path_sums import Paths, find_paths
from bpkit.core.program import Program
from bpkit.core.quantities import Quantity, Role
from bpkit.core.shown import Shown
from bpkit.core.updates import STATE, GradientDescent, UpdateRule, before

if TYPE_CHECKING:
    from bpkit.core.problem import Problem


PLAIN = GradientDescent()


@dataclass(frozen=True, repr=False, eq=False)
class Derivation(Shown):
    """Backpropagation of one network, written down once as numbered lines that everything else reads.

    Iterate over its ``Step`` lines, take one by name (``d["dE/dw1"]``) or by equation number (``d[12]``). Derivatives
    by the inputs (``d["dE/dx1"]``) are there when asked for; their numbers follow the last. It shows itself as LaTeX
    in a notebook and as aligned text in a terminal.
    """

    network: Architecture
    steps: tuple[Step, ...]
    update: UpdateRule = PLAIN
    train_biases: bool = True
    of_inputs: tuple[Step, ...] = ()
    batch: str = "mean"  # or "sum": what matrices make of the samples; the lines are those of one

    @cached_property
    def by_name(self) -> Mapping[str, Step]:
        """The steps by the name of their quantity."""
        return MappingProxyType({step.name: step for step in self.steps})

    @property
    def quantities(self) -> Mapping[str, Quantity]:
        """Every quantity by its name: what is given and what the lines write."""
        return MappingProxyType(self.steps[0].names)

    @cached_property
    def with_inputs(self) -> Derivation:
        """The same, followed by the lines of the derivatives with respect to the inputs.

        >>> import bpkit as bp
        >>> bp.derive(bp.Network(1, 1)).with_inputs.steps[-1].name
        'dE_total/dx1'
        """
        return replace(self, steps=(*self.steps, *self.of_inputs), of_inputs=())

    def __reduce__(self) -> tuple[Any, ...]:
        """What pickling keeps: whose lines these are, and which; SymPy would simplify what is written."""
        numbers = tuple(step.number for step in self.steps)
        return _again, (self.network, self.update, self.train_biases, self.batch, numbers)

    def __len__(self) -> int:
        return len(self.steps)

    def __iter__(self) -> Iterator[Step]:
        return iter(self.steps)

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and canonical(name) in self._lines

    def __getitem__(self, key: str | int) -> Step:
        if isinstance(key, int):
            if key in self._lines:
                return self._lines[key]
            raise BpkitError(
                f"derivation: expected the number of one of its lines, got {key}; "
                f"it runs from {self.steps[0].number} to {self.steps[-1].number}"
            )
        name = canonical(str(key))
        if name in self._lines:
            return self._lines[name]
        raise BpkitError(f"derivation: it has no line for {key!r}{suggest(name, self.by_name)}")

    @cached_property
    def _lines(self) -> Mapping[str | int, Step]:
        """Every line under its name and its number; derivatives with respect to the inputs have a name only."""
        return {step.number: step for step in self.steps} | {step.name: step for step in self.with_inputs.steps}

    def target(self, name: str) -> Step:
        """The line asked for by a quantity, or by a parameter: ``w1`` asks for the line of its derivative.

        >>> import bpkit as bp
        >>> bp.derive(bp.Network(1, 1)).target("w1").name
        'dE_total/dw1'
        """
        return self[f"dE_total/d{name}" if name in (*self.network.parameters, *self.network.inputs) else name]

    def toward(self, name: str) -> Derivation:
        """Only the lines that a quantity rests on, with their numbers kept; ``toward("w1")`` means dE_total/dw1.

        >>> import bpkit as bp
        >>> [step.name for step in bp.derive(bp.Network(1, 1)).toward("out_o1")]
        ['net_o1', 'out_o1']
        """
        target = self.target(name)
        whole = self if target.name in self.by_name else self.with_inputs
        wanted = {target.number}
        for step in reversed(whole.steps):
            if step.number in wanted:
                wanted.update(step.uses)
        return replace(whole, steps=tuple(step for step in whole.steps if step.number in wanted), of_inputs=())

    def at(self, problem: Problem, digits: int = 6) -> NumberedDerivation:
        """The same lines with a problem's numbers put in: symbols = numbers = result, to so many digits.

        >>> import bpkit as bp
        >>> problem = bp.Problem(bp.Network(1, 1, bias="none"), {"w1": 0.5}, inputs=[2], targets=[1])
        >>> print(bp.derive(problem.network).toward("net_o1").at(problem))
        (1)  net_o1 = w1 · x1 = 0.5 · 2 = 1   net input of o1: each input times its weight
        """
        problem = single(problem, "at")
        if problem.network != self.network:
            raise BpkitError(
                f"at: expected a problem of this derivation's network, {self.network!r}, "
                f"got one of {problem.network!r}; derive(problem.network) gives its lines"
            )
        lines, whole = self, problem.derivation
        if self is derive(self.network):
            lines = whole
        elif (self.update, self.train_biases) != (whole.update, whole.train_biases):  # its updates are others
            steps = (whole.by_name.get(s.name) if s.role is Role.UPDATE else s for s in self)
            lines = replace(self, steps=tuple(step for step in steps if step))
        return NumberedDerivation(lines, problem, evaluate(problem), digits)

    def paths(self, name: str) -> Paths:
        """Every path from a parameter or an input to the loss, each with its factors; they add up to the derivative.

        >>> import bpkit as bp
        >>> [" → ".join(path.nodes) for path in bp.derive(bp.Network(1, 1, 1)).paths("w1")]
        ['w1 → net_h1 → out_h1 → net_o1 → out_o1 → E_total']
        """
        return find_paths(self.with_inputs.steps, name, (*self.network.parameters, *self.network.inputs))

    def expanded(self, name: str) -> sp.Expr:
        """One SymPy expression for a quantity in parameters, inputs, targets and the learning rate only.

        >>> import bpkit as bp
        >>> bp.derive(bp.Network(1, 1, activation="identity")).expanded("dE/dw1")
        x1*(b1 + w1*x1 - y1)
        """
        known: dict[sp.Expr, sp.Expr] = {}
        for step in self.toward(name):
            known[step.lhs] = step.rhs.xreplace(known)
        return known[self.target(name).lhs]

    def families(self) -> tuple[Family, ...]:
        """The lines with an index: those of one shape as one, its instances beneath.

        >>> import bpkit as bp
        >>> print(bp.derive(bp.Network(2, 3)).families()[0])
        net_o[j] = Σ_i W_1[i,j] · x[i] + b1   for j = 1..3   sum over i = 1..2
        """
        return self._families

    def matrices(self) -> MatrixDerivation:
        """The same rules layer by layer, as matrices.

        >>> import bpkit as bp
        >>> [one.name for one in bp.derive(bp.Network(2, 3)).matrices().steps][:3]
        ['net_1', 'out_1', 'E_total']
        """
        return self._matrices

    @cached_property
    def _families(self) -> tuple[Family, ...]:
        return folded(self.steps, self.quantities)

    @cached_property
    def _matrices(self) -> MatrixDerivation:
        return read_matrices(self)

    @cached_property
    def states(self) -> Mapping[str, sp.Expr]:
        """The lines of what the update rule remembers, by name.

        >>> import bpkit as bp
        >>> problem = bp.examples.article.problem.replace(update=bp.updates.Momentum())
        >>> bp.derive(problem).states["v_w5"]
        beta*v_w5_old + dE_total/dw5
        """
        return MappingProxyType({step.name: step.rhs for step in self.steps if step.quantity.tag == STATE})

    @cached_property
    def program(self) -> Program:
        """What the lines compute, as functions."""
        states = {name: before(self.by_name[name].quantity).name for name in self.states}
        marked = (step for step in self.steps if step.quantity.mark == "new" and step.uses)
        learnt = {step.name: step.quantity.of.name for step in marked if step.quantity.of}
        return Program(
            self.steps,
            (*self.network.givens, *self.update.constants, *states.values()),
            (*self.network.inputs, *self.network.targets),
            self.network.functions,
            {**learnt, **states},
            (*self.network.parameters, *states.values()),
            f"# Backpropagation for {self.network!r}; in brackets the numbers of the derivation's lines.",
        )

    @property
    def input_program(self) -> Program:
        """The program that also computes the derivatives with respect to the inputs."""
        return self.with_inputs.program

    def source(self, train_biases: bool | None = None) -> str:
        """The Python that really runs: the lines of this derivation as straight-line code, evaluated and trained.

        >>> import bpkit as bp
        >>> [line.strip() for line in bp.derive(bp.Network(1, 1)).source().splitlines() if "# (1)" in line][0]
        'net_o1 = w1*x1 + b1  # (1)'
        """
        if train_biases not in (None, True, False):
            raise BpkitError(f"source: expected train_biases to be True or False, got {train_biases!r}")
        trained = self.train_biases if train_biases is None else train_biases
        return _derived(self.network, self.update, trained, "mean").program.source


@dataclass(frozen=True, repr=False, eq=False)
class NumberedDerivation(Shown):
    """A derivation with the numbers put in: for each line its symbols, the numbers in their places, the result."""

    lines: Derivation
    problem: Problem
    values: Values
    digits: int
    bare: bool = False  # shown without the numbers of the lines and without their reasons

    def __len__(self) -> int:
        return len(self.lines)

    def __iter__(self) -> Iterator[Step]:
        return iter(self.lines)

    def __getitem__(self, key: str | int) -> Step:
        return self.lines[key]

    def toward(self, name: str) -> NumberedDerivation:
        """Only the lines that a quantity rests on."""
        return replace(self, lines=self.lines.toward(name))

    def pick(self, names: Iterable[str], bare: bool = False) -> NumberedDerivation:
        """Only the lines of the quantities named, in the derivation's order; ``bare`` as formulas and no more.

        >>> import bpkit as bp
        >>> problem = bp.examples.article.problem
        >>> print(bp.derive(problem.network).at(problem).pick(["net_h1"], bare=True))
        net_h1 = w1 · x1 + w4 · x2 + b1 = 0.25 · 0.1 + 0.15 · 0.2 + 0.45 = 0.505
        """
        whole = self.lines.with_inputs
        wanted = {whole[name].number for name in names}
        steps = tuple(step for step in whole if step.number in wanted)
        return replace(self, lines=replace(whole, steps=steps), bare=bare)

    @cached_property
    def numbers(self) -> Mapping[str, float]:
        """The number of every symbol on these lines: givens and results.

        >>> import bpkit as bp
        >>> problem = bp.Problem(bp.Network(1, 1, bias="none"), {"w1": 0.5}, inputs=[2], targets=[1])
        >>> dict(bp.derive(problem.network).at(problem).toward("net_o1").numbers)["net_o1"]
        1.0
        """
        of_inputs = any(step.name not in self.values.numbers for step in self.lines)
        return MappingProxyType({**self.problem.givens, **(self.values.with_inputs if of_inputs else self.values)})


@lru_cache(maxsize=128)
def _derived(network: Architecture, update: UpdateRule, train_biases: bool, batch: str) -> Derivation:
    if batch != "mean":
        return replace(_derived(network, update, train_biases, "mean"), batch=batch)
    trained = [name for name in network.parameters if train_biases or name not in network.biases]
    steps, of_inputs = backpropagated(network.lines, update, trained)
    words = {step.name for step in steps} | update.constants.keys()
    if twice := sorted(words & {name for one in network.functions for name, *_ in one.definitions}):
        raise BpkitError(
            f"update: expected names that {type(update).__name__} does not use itself, "
            f"got a function called {twice[0]!r}; give it another name"
        )
    return Derivation(network, steps, update, train_biases, of_inputs)


def _again(
    network: Architecture, update: UpdateRule, train_biases: bool, batch: str, numbers: tuple[int, ...]
) -> Derivation:
    """Some lines of a derivation, by their numbers."""
    whole = _derived(network, update, train_biases, batch)
    if numbers == tuple(step.number for step in whole.steps):
        return whole
    steps = {step.number: step for step in whole.with_inputs.steps}
    return replace(whole, steps=tuple(steps[number] for number in numbers), of_inputs=())


def derive(model: Architecture | Problem) -> Derivation:
    """Write backpropagation down for a network or a model, line by numbered line: forward, loss, backward, update.

    Returns a ``Derivation``. A network's update is plain gradient descent; with a problem the update lines are those
    of its rule. The work grows with the number of weights, as every line is local: it names the quantities just before
    it and is never a composed expression.

    Shapes: any sizes of layers; the lines are those of one sample. Units: none.
    Errors: ``BpkitError`` where neither a ``Network``, a ``Model`` nor a ``Problem`` came.
    Source: the order of the lines is that of the article "Mastering Backpropagation in Neural Network", AfterAcademy.

    >>> import bpkit as bp
    >>> bp.derive(bp.Network(1, 1))["dE/dw1"].rhs
    dE_total/dnet_o1*dnet_o1/dw1
    """
    if isinstance(model, Architecture):
        return _derived(model, PLAIN, True, "mean")
    if (network := getattr(model, "network", None)) is None:
        raise BpkitError(f"derive: expected a Network, a Model or a Problem, got {model!r}; write derive(problem)")
    batch = "sum" if model.batch == "sum" and model.is_batch else "mean"
    return _derived(network, model.update, model.train_biases, batch)
