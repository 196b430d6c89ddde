"""The lines layer by layer, as matrices: read off the families, where a sum over an index is a product of matrices.

A batch has a row for each sample, which is one more index. ``out_0`` holds the inputs, ``W_1`` has a row for each
source and a column for each target of the first layer, and ``*`` multiplies element by element.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import count
from typing import TYPE_CHECKING, Any

import sympy as sp

from bpkit.core.algebra import (
    Apart,
    Cases,
    Columns,
    Joint,
    Loss,
    Mean,
    Product,
    Rows,
    Scaled,
    Transposed,
    Upright,
    Whole,
    multiplied,
)
from bpkit.core.errors import BpkitError
from bpkit.core.expressions import names_in, others
from bpkit.core.families import Family, Row, rebuilt
from bpkit.core.program import averaged
from bpkit.core.quantities import Quantity, Role
from bpkit.core.shown import Shown

if TYPE_CHECKING:
    from bpkit.core.derivation import Derivation

Form = tuple[sp.Expr, tuple[str, ...]]  # matrix algebra, and what each axis counts: a letter, or the samples
SAMPLES = "n"


class NoMatrix(Exception):
    """A line that cannot be read as matrices."""


@dataclass(frozen=True, repr=False)
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


@dataclass(frozen=True, repr=False)
class MatrixDerivation(Shown):
    """Backpropagation in matrices, as numbered lines; iterate, or take ``m["delta_1"]``."""

    derivation: Derivation
    steps: tuple[MatrixStep, ...]

    def __len__(self) -> int:
        return len(self.steps)

    def __iter__(self) -> Any:
        return iter(self.steps)

    def __getitem__(self, name: str) -> MatrixStep:
        for step in self.steps:
            if step.name == name:
                return step
        raise BpkitError(f"matrix form: expected one of {', '.join(step.name for step in self.steps)}, got {name!r}")

    def source(self, train_biases: bool = True) -> str:
        """The Python that really runs on batches and wide layers."""
        from bpkit.core.matrix_program import MatrixProgram

        return MatrixProgram(self, train_biases).source


def matrix_quantity(quantity: Quantity) -> Quantity:
    """What stands for a family in the matrix form: the layer's number in place of a neuron."""
    if quantity.of and quantity.by and quantity.of.tag == "total" and quantity.by.tag == "net":
        return Quantity("delta", spelled=f"delta_{quantity.block}", block=quantity.block, tag="delta")
    if quantity.of:
        by = matrix_quantity(quantity.by) if quantity.by else None
        return replace(quantity, of=matrix_quantity(quantity.of), by=by)
    letter = {"net": "net", "out": "out", "input": "out", "bias": "b"}.get(quantity.tag)
    if letter:
        return replace(quantity, spelled=f"{letter}_{quantity.block}", index=())
    return replace(quantity, spelled="targets" if quantity.tag == "target" else quantity.family, index=())


class _Same(sp.Expr):  # type: ignore[misc]
    """1 where two indices are equal, else 0."""


class _Beside(sp.Expr):  # type: ignore[misc]
    """0 where two indices are equal, else 1."""


def _leaves_in(expr: sp.Expr) -> Iterator[str]:
    """The names of quantities and of families in an expression."""
    if isinstance(expr, sp.Indexed | sp.Symbol):
        yield _name(expr)
    else:
        for arg in expr.args[:1] if isinstance(expr, sp.Sum | Row) else expr.args:
            yield from _leaves_in(arg)


def _name(leaf: sp.Expr) -> str:
    return str(leaf.base.name if isinstance(leaf, sp.Indexed) else leaf.name)


def _quick(family: Family) -> sp.Expr:
    """The line as it is read where the spelling computed begins with that and has another for digits near 0 alone."""
    cases = family.stable.args if isinstance(family.stable, sp.Piecewise) else ()
    return family.shown if cases and cases[0].expr == family.shown else family.stable


class _Reader:
    """Reads the families of a derivation as matrices."""

    def __init__(self, derivation: Derivation) -> None:
        self.derivation, self.families = derivation, derivation.families()
        self.leaves = self.families[0].leaves
        found: dict[str, list[tuple[int, ...]]] = {}
        for quantity in derivation.quantities.values():
            found.setdefault(quantity.family, []).append(quantity.indices)
        self.extent = {name: [(min(c), max(c)) for c in zip(*rows)] for name, rows in found.items()}
        self.users: dict[str, list[Family]] = {}
        self.named: dict[str, list[Family]] = {}
        self.sampled = {name for name, quantity in self.leaves.items() if quantity.tag in ("input", "target")}
        for family in self.families:
            self.named.setdefault(_name(family.lhs), []).append(family)
            used = {name for side in (family.shown, family.rhs, family.stable) for name in _leaves_in(side)}
            for name in used:
                self.users.setdefault(name, []).append(family)
            if used & self.sampled and not averaged(family.steps[0]):
                self.sampled.add(_name(family.lhs))
        self.put: dict[str, list[tuple[sp.Expr, ...]]] = {}  # what stands for a name: left side, read and computed
        self.letters = count()

    def check(self, name: str) -> None:
        """Refuse what is not one family, or one for the diagonal of an array and one for what is beside it."""
        families = sorted(self.named[name], key=lambda one: one.free)
        *on, rest = families
        beside = [*rest.missing] if on else []
        diagonal = len(on) == 1 and on[0].free == 1 and len(beside) == len(on[0].steps)
        whole = not rest.missing if not on else diagonal and all(len({*one.values()}) == 1 for one in beside)
        if not whole or any(not place.is_Symbol for one in families for place in one.lhs.args[1:]):
            raise NoMatrix

    def kept(self, family: Family) -> bool:
        """Is it a line of its own, or put into the lines that use it?"""
        users, role = self.users.get(_name(family.lhs), []), family.quantity.role
        if role is Role.FORWARD:
            return family.quantity.tag == "total" or any(user.quantity.tag != "total" for user in users)
        return role is not Role.SLOPE and (
            role is not Role.ADJOINT or any(user.quantity.role is Role.GRADIENT for user in users)
        )

    def lines(self) -> Iterator[MatrixStep]:
        """The lines that are kept, unnumbered."""
        for family in self.families:
            sides = (None, None, None)
            with suppress(NoMatrix):
                self.check(_name(family.lhs))
                three = family.shown, family.stable, _quick(family)
                inlined = [self.inlined(one, place) for place, one in enumerate(three, 1)]
                if not self.kept(family):
                    self.put.setdefault(_name(family.lhs), []).append((family.lhs, *inlined))
                else:
                    sides = tuple(self.line(family, one, n == 0) for n, one in enumerate(inlined))
                    if sides[0].has(Rows) and sides[1].has(Joint):  # softmax(net) is shorter, and says the same
                        sides = sides[1], *sides[1:]
            if self.kept(family):
                if isinstance(family.rhs, sp.Indexed) and {*family.lhs.args[1:]} <= {*family.rhs.args[1:]}:
                    self.put[_name(family.rhs)] = [(family.rhs, *[family.lhs] * 3)]  # both name the same numbers
                left = self.names[_name(family.lhs)]
                names = {quantity.name: quantity for quantity in self.names.values()}
                yield MatrixStep(0, left, *sides, self.reason(family), family, names)

    def inlined(self, expr: sp.Expr, side: int) -> sp.Expr:
        """An expression with what stands for its leaves put in."""
        if isinstance(expr, sp.Indexed | sp.Symbol):
            name = _name(expr)
            found = [self.filled(expr, one[0], one[side]) for one in self.put.get(name, ())]
            if len(found) != len([one for one in self.named.get(name, ()) if name in self.put or not self.kept(one)]):
                raise NoMatrix
            return sp.Add._from_args(found) if len(found) > 1 else found[0] if found else expr
        if not expr.args:
            return expr
        if isinstance(expr, sp.Sum | Row):
            return expr.func(self.inlined(expr.args[0], side), *expr.args[1:])
        args = [self.inlined(arg, side) for arg in expr.args]
        if not expr.is_Mul:
            return rebuilt(expr.func, args)
        split = next((one for one in args if one.is_Add and one.has(_Same, _Beside)), None)
        if split is None:
            return multiplied(args)
        return sp.Add._from_args([multiplied(term if one is split else one for one in args) for term in split.args])

    def filled(self, leaf: sp.Expr, left: sp.Expr, right: sp.Expr) -> sp.Expr:
        """What stands for a leaf, with its indices; of two right sides one is for the diagonal, the other beside it."""
        values: dict[sp.Expr, sp.Expr] = {}
        factor = sp.S.One
        for letter, index in zip(left.args[1:], leaf.args[1:]):
            if values.setdefault(letter, index) != index:
                factor = _Same(values[letter], index)
        several = len(self.put[_name(leaf)]) > 1
        if several and factor is sp.S.One:
            factor = _Beside(*leaf.args[1:])
        if several == (factor is sp.S.One):
            raise NoMatrix
        bound = {limit[0] for one in right.atoms(sp.Sum, Row) for limit in one.args[1:]}
        values |= {one: sp.Symbol(f"{one}{next(self.letters)}", integer=True) for one in bound}
        return multiplied([factor, _put(right, values)])

    @cached_property
    def names(self) -> dict[str, Quantity]:
        """What stands for each name and each family in the matrix form."""
        return {name: matrix_quantity(quantity) for name, quantity in self.leaves.items()}

    def line(self, family: Family, expr: sp.Expr, read: bool = False) -> sp.Expr:
        """The right side of a line as matrices; over a batch the loss and the gradients are means."""
        letters = tuple(dict.fromkeys(map(str, family.lhs.args[1:])))
        self.order, self.read = (SAMPLES, *letters), read
        self.ranges = dict(family.index)
        name = _name(family.lhs)
        if family.quantity.tag == "total":
            found, axes = self.form(self._opened(expr)[0])
            if axes[:1] != (SAMPLES,):
                raise NoMatrix
            return Loss(found) if read else Mean(Whole(found))
        if family.quantity.role is Role.GRADIENT:
            terms = expr.args if expr.is_Add else (expr,)
            forms = [self._contracted(term, [SAMPLES]) for term in terms]
            found, axes = self._together(sp.Add, [(Mean(one), own) for one, own in forms])
        else:
            found, axes = self.form(expr)
        if axes != ((SAMPLES, *letters) if name in self.sampled else letters):
            raise NoMatrix
        return found

    def form(self, expr: sp.Expr) -> Form:
        """An expression as matrix algebra, and what its axes count."""
        if isinstance(expr, sp.Indexed | sp.Symbol):
            name, letters = _name(expr), tuple(map(str, expr.args[1:]))
            if name not in self.leaves:  # a letter by itself, as in a case for k ≠ l
                raise NoMatrix
            if [self.ranges.get(one) for one in letters] != self.extent[self.leaves[name].family]:
                raise NoMatrix
            if len({*letters}) < len(letters):
                raise NoMatrix
            return sp.Symbol(self.names[name].name), ((SAMPLES,) if name in self.sampled else ()) + letters
        if isinstance(expr, _Beside):
            low, high = self.ranges[str(expr.args[0])]
            return Apart(sp.Integer(high - low + 1)), tuple(map(str, expr.args))
        if isinstance(expr, sp.Sum):
            return self._contracted(expr, [])
        if not expr.args:
            return expr, ()
        if isinstance(expr.args[-1], Row):
            return self._of_row(expr)
        if isinstance(expr, sp.Piecewise) and len(expr.args) == 2 and not self.read:
            (then, condition), (rest, _) = expr.args
            forms = [self.form(one) for one in (condition, then, rest)]
            if len({own for _, own in forms}) == 1 and (then.has(sp.Function) or rest.has(sp.Function)):
                return self._together(Cases, forms)
        return self._together(expr.func, [self.form(arg) for arg in expr.args])

    def _together(self, head: Any, forms: Sequence[Form]) -> Form:
        """Parts that are combined element by element."""
        axes = max((one for _, one in forms), key=len)
        args = []
        for found, own in forms:
            if own != axes[len(axes) - len(own) :] and own != axes[:-1]:
                raise NoMatrix
            args.append(found if own == axes[len(axes) - len(own) :] else Upright(found))
        if head is not sp.Mul:
            return rebuilt(head, args), axes
        scalars = [found for found, own in forms if not own and (found.is_Symbol or found.is_Add)]
        if not axes:
            scalars = scalars[:-1] if all(arg.is_Symbol or arg.is_Add or arg.is_Number for arg in args) else []
        numbers = [arg for arg in args if arg.is_Number]
        rest = multiplied(arg for arg in args if arg not in (*scalars, *numbers))
        return multiplied([*numbers, Scaled(multiplied(scalars), rest) if scalars else rest]), axes

    def _of_row(self, expr: sp.Expr) -> Form:
        """A function of a number and its row."""
        own, row = expr.args
        part, (letter, low, high) = row.args
        self.ranges[str(letter)] = int(low), int(high)
        found, axes = self.form(own)
        if expr.func == others:
            return self._contracted(multiplied([part, _Beside(letter, sp.Symbol(axes[-1]))]), [str(letter)])
        if self.form(part) != (found, (*axes[:-1], str(letter))):
            raise NoMatrix
        return Joint(sp.Symbol(expr.func.__name__), found), axes

    def _opened(self, expr: sp.Expr, *sums: str) -> tuple[sp.Expr, list[str]]:
        """What stands in sums, and their letters."""
        if not isinstance(expr, sp.Sum):
            return expr, [*sums]
        for letter, low, high in expr.args[1:]:
            self.ranges[str(letter)] = int(low), int(high)
        return self._opened(expr.args[0], *sums, *(str(one[0]) for one in expr.args[1:]))

    def _contracted(self, expr: sp.Expr, sums: Sequence[str]) -> Form:
        """A sum over letters as a product of matrices, or as sums of columns or rows."""
        expr, sums = self._opened(expr, *sums)
        if not sums:
            return self.form(expr)
        if expr.is_Add and expr.has(_Same, _Beside):
            return self._together(sp.Add, [self._contracted(term, sums) for term in expr.args])
        factors = [*expr.args] if expr.is_Mul else [expr]
        for one in factors:
            if isinstance(one, _Same):
                gone, left = one.args if str(one.args[0]) in sums else one.args[::-1]
                rest = multiplied(_put(other, {gone: left}) for other in factors if other is not one)
                return self._contracted(rest, [other for other in sums if other != str(gone)])
        forms = [self.form(factor) for factor in factors]
        groups: dict[tuple[str, ...], list[sp.Expr]] = {}
        for found, axes in forms:
            if not {*axes}.isdisjoint(sums):
                groups.setdefault(axes, []).append(found)
        outside = [(found, axes) for found, axes in forms if {*axes}.isdisjoint(sums)]
        numbers = [one for one in outside if one[0].is_Number]
        whole = self._summed([(multiplied(found), axes) for axes, found in groups.items()], sums)
        return self._together(sp.Mul, [*numbers, whole, *(one for one in outside if not one[0].is_Number)])

    def _summed(self, parts: Sequence[Form], sums: Sequence[str]) -> Form:
        if len(parts) == 1:
            [(found, axes)] = parts
            rest = tuple(one for one in axes if one not in sums)
            if len(axes) - len(rest) == len(sums) and (not rest or len(axes) == 2):
                return (Columns if axes[1:] == rest else Rows if rest else Whole)(found), rest
        if len(parts) == 2 and len(sums) == 1:
            rank = {letter: place for place, letter in enumerate(self.order)}
            rests = [[rank.get(one, -1) for one in axes if one not in sums] for _, axes in parts]
            if all(len(rest) == 1 and rest[0] >= 0 for rest in rests) and rests[0] != rests[1]:
                (left, one), (right, two) = parts if rests[0] < rests[1] else parts[::-1]
                left = left if one[1] == sums[0] else Transposed(left)
                right = right if two[0] == sums[0] else Transposed(right)
                return Product(left, right), tuple(self.order[rest[0]] for rest in sorted(rests))
        raise NoMatrix

    def reason(self, family: Family) -> str:
        """Why a line holds, for a whole layer."""
        quantity, network = family.quantity, self.derivation.network
        layer, last = quantity.block, len(network.activations)
        if quantity.role is Role.UPDATE:
            known = {*names_in(family.steps[0].rhs), *([quantity.of.name] if quantity.of else [])}
            words = {name: self.names[name].name for name in known}
            return " ".join(words.get(word, word) for word in family.reason.partition(":")[0].split(" "))
        delta = ", for each sample" if layer == last else ": every path back, times the slope"
        about = {_name(family.lhs), *_leaves_in(family.rhs)}
        if any(one.cancelled is not None for one in self.families if _name(one.lhs) in about):
            delta += ": the slopes cancel"
        shared = "one bias for the layer: the deltas of all its neurons together"
        said = {
            (Role.FORWARD, "net"): f"net inputs of layer {layer}, a row for each sample",
            (Role.FORWARD, "out"): f"{network.activations[layer - 1].name} of each net input",
            (Role.FORWARD, "total"): "the loss: the mean of the samples' losses",
            (Role.ADJOINT, "net"): f"dE_total/dnet of layer {layer}{delta}",
            (Role.GRADIENT, "weight"): "every weight's source times its delta",
            (Role.GRADIENT, "bias"): "a bias for each neuron: its delta" if quantity.indices else shared,
        }
        return said.get((quantity.role, quantity.tag), family.reason)


def _put(expr: sp.Expr, values: Mapping[sp.Expr, sp.Expr]) -> sp.Expr:
    """An expression with other letters."""
    if isinstance(expr, sp.Indexed):
        return expr.base[tuple(one.xreplace(values) for one in expr.indices)]
    if not expr.args:
        return values.get(expr, expr)
    if isinstance(expr, sp.Sum | Row):
        limits = [sp.Tuple(values.get(letter, letter), *ends) for letter, *ends in expr.args[1:]]
        return expr.func(_put(expr.args[0], values), *limits)
    return rebuilt(expr.func, [_put(arg, values) for arg in expr.args])


def read_matrices(derivation: Derivation) -> MatrixDerivation:
    """Backpropagation in matrices, read off the families of its lines; the updates stand layer by layer."""
    steps = [*_Reader(derivation).lines()]
    steps.sort(key=lambda step: step.quantity.block if step.role is Role.UPDATE else -1)
    return MatrixDerivation(derivation, tuple(replace(step, number=n) for n, step in enumerate(steps, 1)))
