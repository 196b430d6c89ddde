"""The matrix form: backpropagation layer by layer, as numbered lines that people read and as the program that runs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from operator import attrgetter
from typing import TYPE_CHECKING, Any

import sympy as sp

from bpkit.core.algebra import Apart, Loss, Mean, Reader, matrix_quantity, multiplied, name_of
from bpkit.core.code import code, identifier
from bpkit.core.errors import BpkitError
from bpkit.core.expressions import MINUS, names_in, put
from bpkit.core.families import Family
from bpkit.core.program import compiled, function_text, header
from bpkit.core.quantities import Quantity, Role
from bpkit.core.runtime import called
from bpkit.core.shown import Shown
from bpkit.core.updates import STATE, before

if TYPE_CHECKING:
    from bpkit.core.derivation import Derivation


@dataclass(frozen=True, repr=False, eq=False)
class MatrixStep(Shown):
    """One numbered line of the matrix form: a quantity for a whole layer, its right side, and why.

    ``rhs`` is what people read, ``stable`` what is computed, ``quick`` what training computes: as it goes on a
    parameter, a slope near 0 needs no digits beyond those of 1. A line that is no matrix algebra shows its ``family``.
    """

    number: int
    quantity: Quantity
    rhs: Any
    stable: Any
    quick: Any
    reason: str
    family: Family
    names: Mapping[str, Quantity]

    @property
    def name(self) -> str:
        """The name of the quantity on the left: ``net_1``."""
        return self.quantity.name

    @property
    def role(self) -> Role:
        """Which kind of line it is."""
        return self.family.quantity.role


@dataclass(frozen=True, repr=False, eq=False)
class MatrixDerivation(Shown):
    """Backpropagation in matrices, as numbered lines; iterate, or take ``m["delta_1"]``."""

    derivation: Derivation
    steps: tuple[MatrixStep, ...]

    def __len__(self) -> int:
        return len(self.steps)

    def __iter__(self) -> Any:
        return iter(self.steps)

    def __getitem__(self, name: str) -> MatrixStep:
        found = {step.name: step for step in self.steps}
        if name not in found:
            raise BpkitError(f"matrix form: expected one of {', '.join(found)}, got {name!r}")
        return found[name]

    def source(self, train_biases: bool = True) -> str:
        """The Python that really runs on batches and wide layers."""
        return MatrixProgram(self, train_biases).source


class MatrixProgram:
    """The matrix form as functions of arrays; ``theta`` holds all parameters in one vector, then what is remembered."""

    def __init__(self, form: MatrixDerivation, train_biases: bool = True) -> None:
        self.form, self.train_biases = form, train_biases
        self._made: dict[str, Callable[..., Any]] = {}

    @property
    def complete(self) -> bool:
        """Has every line a reading in matrices, for a row of each sample?

        >>> import bpkit as bp
        >>> MatrixProgram(bp.derive(bp.Network(2, 1)).matrices()).complete
        True
        """
        return bool(self.form.derivation.network.layers) and all(step.stable is not None for step in self.form)

    @cached_property
    def layout(self) -> Mapping[str, Sequence[Quantity]]:
        """The numbers in ``theta``, array by array: parameters, and what is remembered.

        >>> import bpkit as bp
        >>> program = MatrixProgram(bp.derive(bp.Network(2, 1)).matrices())
        >>> {name: [one.name for one in found] for name, found in program.layout.items()}
        {'W_1': ['w1', 'w2'], 'b_1': ['b1']}
        """
        lines = self.form.derivation
        arrays: dict[str, list[Quantity]] = defaultdict(list)
        states = [step.quantity for step in lines.steps if step.quantity.tag == STATE]
        for one in (*map(lines.quantities.__getitem__, lines.network.parameters), *states):
            arrays[matrix_quantity(one).name].append(one)
        return {name: sorted(found, key=attrgetter("indices")) for name, found in arrays.items()}

    @cached_property
    def names(self) -> list[str]:
        """The names of the numbers in ``theta``; of what is remembered those before an update.

        >>> import bpkit as bp
        >>> MatrixProgram(bp.derive(bp.Network(2, 1)).matrices()).names
        ['w1', 'w2', 'b1']
        """
        return [(before(one) if one.tag == STATE else one).name for found in self.layout.values() for one in found]

    def function(self, name: str) -> Callable[..., Any]:
        """``predict``, ``gradients``, ``deltas`` or ``train``."""
        if name not in self._made:
            functions = self.form.derivation.network.functions
            arguments, body = getattr(self, f"_{name}")()
            self._made[name] = compiled(name, arguments, body, functions, arrays=True)
        return self._made[name]

    @property
    def source(self) -> str:
        """The module that these functions make."""
        lines = self.form.derivation
        if not self.complete:
            return lines.source(self.train_biases)
        parts = (function_text(name, *getattr(self, f"_{name}")()) for name in ("predict", "gradients", "train"))
        text = "\n".join(parts)
        imports = header(called(text), lines.network.functions, True)
        what = f"# Backpropagation in matrices for {lines.network!r}; in brackets the numbers of the lines."
        return "\n".join([what, *imports, "", text])

    def _steps(self, *roles: Role) -> list[MatrixStep]:
        return [step for step in self.form if step.role in roles]

    def _start(self, steps: Iterable[MatrixStep]) -> Iterator[str]:
        """What comes before lines: the parts of theta, and what else they need."""
        used, start = {name for step in steps for name in (step.name, *names_in(step.stable))}, 0
        for name, found in self.layout.items():
            end, shape = start + len(found), found[-1].indices
            if name in used:
                yield f"{name} = theta[{start}:{end}]" + (f".reshape{shape}" if shape[1:] else "")
            start = end
        for size in sorted({int(one.args[0]) for step in steps for one in step.stable.atoms(Apart)}):
            yield f"apart_{size} = 1 - eye({size})"
        if any(step.stable.has(Loss, Mean) for step in steps):
            yield "n = len(out_0)"

    def _assigned(self, step: MatrixStep, quick: bool = False) -> str:
        """A line as Python; an update changes its part of theta."""
        quantity, name = step.quantity, identifier(step.name)
        olds = {sp.Symbol(q.name): sp.Symbol(q.of.name) for q in step.names.values() if q.mark == "old" and q.of}
        expr, sign = put(step.quick if quick else step.stable, olds), ""
        if quantity.mark or quantity.tag == STATE:
            name = quantity.of.name if quantity.mark and quantity.of else step.name
            if expr.is_Add and expr.args[0] == sp.Symbol(name):
                [expr], sign = expr.args[1:], "+"
                if expr.could_extract_minus_sign():
                    expr, sign = multiplied([MINUS, expr]), "-"
            name += "" if sign else "[...]"
        return f"{name} {sign}= {code(expr, arrays=True)}  # ({step.number})"

    def _predict(self) -> tuple[list[str], list[str]]:
        steps = [step for step in self._steps(Role.FORWARD) if step.name != "E_total"]
        return ["theta", "out_0"], [*self._start(steps), *map(self._assigned, steps), f"return {steps[-1].name}"]

    def _gradients(self) -> tuple[list[str], list[str]]:
        steps = [step for step in self.form if step.role is not Role.UPDATE]
        found = ", ".join(identifier(step.name) for step in self._steps(Role.GRADIENT))
        body = [*self._start(steps), *map(self._assigned, steps), f"return E_total, ({found},)"]
        return ["theta", "out_0", "targets"], body

    def _deltas(self) -> tuple[list[str], list[str]]:
        steps, found = self._steps(Role.FORWARD, Role.ADJOINT), self._steps(Role.ADJOINT)
        body = [*self._start(steps), *map(self._assigned, steps)]
        return ["theta", "out_0", "targets"], [*body, f"return ({', '.join(one.name for one in found)},)"]

    def _train(self) -> tuple[list[str], list[str]]:
        wanted = {"E_total"}
        steps: list[MatrixStep] = []
        for step in reversed(self.form.steps):
            moves = step.role is Role.UPDATE and not step.stable.is_Symbol
            if step.name in wanted or (moves and (self.train_biases or step.family.quantity.tag != "bias")):
                wanted |= names_in(step.stable)
                steps.insert(0, step)
        forward = [step for step in steps if step.role is Role.FORWARD]
        body = [*map(self._assigned, forward), "rows[step, :-1] = theta", "rows[step, -1] = E_total"]
        body += ["if step == steps or not E_total < inf:", "    return rows[:step + 1]"]
        body += [self._assigned(step, quick=True) for step in steps if step.role is not Role.FORWARD]
        constants = self.form.derivation.update.constants
        arguments = ["theta", "out_0", "targets", "learning_rate", *constants, "steps", "rows"]
        return arguments, [*self._start(steps), "for step in range(steps + 1):", *(f"    {line}" for line in body)]


def _reason(family: Family, reader: Reader, derivation: Derivation) -> str:
    """Why a line holds, for a whole layer."""
    quantity, network = family.quantity, derivation.network
    layer, last = quantity.block, len(network.activations)
    if not last and quantity.role in (Role.ADJOINT, Role.GRADIENT):
        slopes = [one for one in map(reader.leaves.get, map(name_of, family.rhs.atoms(sp.Indexed, sp.Symbol))) if one]
        through = sorted({reader.names[one.of.family].name for one in slopes if one.role is Role.SLOPE and one.of})
        return f"chain rule, through {' and '.join(through)}" if through else family.reason
    if not last and quantity.role is not Role.UPDATE:
        return family.reason
    if quantity.role is Role.UPDATE:
        about = {*names_in(family.steps[0].rhs), *([quantity.of.name] if quantity.of else [])}
        words = {name: reader.names[reader.leaves[name].family].name for name in about}
        return " ".join(words.get(word, word) for word in family.reason.split(" "))
    delta = ", for each sample" if layer == last else ": every path back, times the slope"
    about = {name_of(family.lhs), *names_in(family.rhs)}
    if any(one.cancelled is not None for one in reader.families if name_of(one.lhs) in about):
        joint = network.activations[-1].joint
        delta += ": the slopes cancel" + ", and with targets that add up to 1 this is p - y" * joint
    shared = "one bias for the layer: the deltas of all its neurons together"
    said = {
        (Role.FORWARD, "net"): f"net inputs of layer {layer}, a row for each sample",
        (Role.FORWARD, "out"): f"{network.activations[layer - 1].name} of each net input",
        (Role.FORWARD, "total"): f"the loss: the {derivation.batch} of the samples' losses",
        (Role.ADJOINT, "net"): f"the deltas of layer {layer}{delta}",
        (Role.GRADIENT, "weight"): "every weight's source times its delta",
        (Role.GRADIENT, "bias"): "a bias for each neuron: its delta" if quantity.indices else shared,
    }
    return said.get((quantity.role, quantity.tag), family.reason)


def read_matrices(derivation: Derivation, samples: bool = False) -> MatrixDerivation:
    """Backpropagation in matrices, read off the families of its lines; the updates go layer by layer.

    Arrays have a row for each sample where a network has layers, or with ``samples`` where its blocks are such layers.

    >>> import bpkit as bp
    >>> read_matrices(bp.derive(bp.Network(2, 3)))["net_1"]
    (1)  net_1 = out_0 @ W_1 + b_1   net inputs of layer 1, a row for each sample
    """
    reader = Reader(derivation.families(), derivation.batch == "mean", samples or bool(derivation.network.layers))
    names = {quantity.name: quantity for quantity in reader.names.values()}
    found = [*reader.lines()]
    found.sort(key=lambda line: line[0].quantity.block if line[0].quantity.role is Role.UPDATE else -1)
    steps = (
        MatrixStep(n, reader.names[one.quantity.family], *sides, _reason(one, reader, derivation), one, names)
        for n, (one, sides) in enumerate(found, 1)
    )
    return MatrixDerivation(derivation, tuple(steps))
