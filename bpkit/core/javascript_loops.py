"""Prints lines of the matrix form as JavaScript's loops: number by number, a product of matrices as a sum that adds up.

What is printed says nothing of sizes: they come from ``model.sizes`` as it runs. An array of the layer before or after
the line's own is ``out_before`` or ``W_after``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import NamedTuple

import sympy as sp

from bpkit.core import algebra as at_once
from bpkit.core.algebra import multiplied
from bpkit.core.errors import BpkitError
from bpkit.core.expressions import names_in, power
from bpkit.core.families import rebuilt
from bpkit.core.javascript import expression, identifier
from bpkit.core.matrices import MatrixStep
from bpkit.core.quantities import SIGNED, Quantity, Role
from bpkit.core.spelling import expr_text
from bpkit.core.updates import STATE

Axis = str | int  # what an axis counts: the samples, or the neurons of a layer, by its distance from the line's
Letters = tuple[str, ...]  # of the loops that an array's axes are in
SAMPLES = "samples"
FLAT: Letters = ("p",)  # one loop over all the numbers of arrays of one shape
WORDS: Mapping[str, str] = {
    "net": "net", "out": "out", "input": "out", "target": "targets", "weight": "W", "bias": "b", "delta": "delta",
    "skip": "out", "inner": "inner",  # of a layer with a way past it: what it passes on, and what is its own
}  # fmt: skip
_LETTERS: Mapping[Axis, str] = {SAMPLES: "i", -1: "k", 0: "j", 1: "m"}
_SIZES: Mapping[Axis, str] = {SAMPLES: "n", -1: "before", 0: "width", 1: "after"}
_BESIDE = {-1: "_before", 0: "", 1: "_after"}
_SUMS = (at_once.Whole, at_once.Loss, at_once.Both, at_once.Columns, at_once.Rows)
_TURNED = (*_SUMS, at_once.Product, at_once.Transposed, at_once.Upright, at_once.Joint)  # whose axes are not all alike


class Function(NamedTuple):
    """What a line becomes: its text with NAME for the name, and what it says, for those who read it."""

    text: str
    says: str


def word(quantity: Quantity) -> str:
    """The name of an array in every layer: W, dW, m_W.

    >>> word(Quantity("m", of=Quantity("w", index=(5,), tag="weight")))
    'm_W'
    """
    if quantity.by:
        return f"d{word(quantity.by)}"
    if quantity.of:
        return word(quantity.of) if quantity.mark else f"{quantity.letter}_{word(quantity.of)}"
    return WORDS.get(quantity.tag, quantity.name)


def function(steps: Sequence[MatrixStep]) -> Function:
    """One line of the matrix form as a function, or those of an update of a parameter."""
    first = steps[0]
    loops = _Loops(first.names, first.quantity.block)
    if first.role is Role.UPDATE:
        loops.update(steps)
    else:
        loops.line(first)
    says = "; ".join(f"{one.name} = {expr_text(one.rhs)}" for one in steps)
    return Function(loops.text(counts=first.role is Role.UPDATE and not first.quantity.block), says)


class _Loops:
    """Writes the body of a function, and keeps what it uses."""

    def __init__(self, names: Mapping[str, Quantity], layer: int) -> None:
        self.names, self.layer = names, layer
        self.body: list[str] = []
        self.before: list[str] = []  # what stands before the loop of an update
        self.arrays: dict[str, str] = {}
        self.sizes: set[Axis] = set()
        self.constants: dict[str, None] = {}
        self.letters: list[str] = []
        self.pair: Letters = ()  # the loops in which p is the place in an array of two axes
        self.local: set[str] = set()
        self.sums = 0

    def text(self, counts: bool) -> str:
        """The function, after its lines were written."""
        updates = "{" + ", ".join(map(identifier, self.constants)) + "}"
        given = "model" if counts else f"model, l, {updates if self.constants else 'n'}"
        head = [f"const {name} = {where};" for name, where in self.arrays.items()]
        if lengths := [
            f"{_SIZES[axis]} = model.sizes[{self._layer(axis)}]" for axis in (-1, 0, 1) if axis in self.sizes
        ]:
            head.append(f"const {', '.join(lengths)};")
        return "\n".join([f"function NAME({given}) {{", *_indented([*head, *self.before, *self.body]), "}"])

    def line(self, step: MatrixStep) -> None:
        """A line of the forward pass or of the way back: the numbers of one array, or the loss."""
        if step.quantity.tag == "total":
            loss = expression(self.value(step.stable, ()))
            self.body.append(f"return {loss};")
            return
        symbol, axes = sp.Symbol(step.name), self.axes(sp.Symbol(step.name))
        flat = len(axes) == 2 and self._alike(step.stable, axes)
        with self.loops(axes, flat) as letters:
            found, left = (expression(self.value(one, letters)) for one in (step.stable, symbol))
            self.body.append(f"{left} = {found};")

    def update(self, steps: Sequence[MatrixStep]) -> None:
        """The lines of an update of one parameter, in one loop over its numbers."""
        parameter = steps[0].quantity.subject
        inside, self.body = self.body, []
        for step in steps:
            lasts = step.quantity.mark or step.quantity.tag == STATE
            if not lasts:
                self.local.add(step.name)
            found = expression(self.value(step.stable, FLAT))
            left = expression(self.value(sp.Symbol(step.name), FLAT))
            self.body.append(f"{'' if lasts else 'const '}{left} = {found};")
        if parameter.block:
            length = f"{self._array(parameter)}.length"
            self.body = [f"for (let p = 0; p < {length}; p++) {{", *_indented(self.body), "}"]
        self.body = inside + self.body

    def value(self, expr: sp.Expr, at: Letters) -> sp.Expr:
        """One number of an expression, with the numbers of arrays as symbols; what it needs is written before it."""
        head, args = type(expr), expr.args
        if at != FLAT:  # an array with fewer axes is the same along the first
            at = at[:1] if head is at_once.Upright else at[len(at) - len(self.axes(expr)) :]
        if expr.is_Symbol:
            return self._number(self.names[expr.name], at)
        if not args:
            return expr
        if head is at_once.Upright:
            return self.value(args[0], at)
        if head is at_once.Transposed:
            return self.value(args[0], at[::-1])
        if head is at_once.Mean:
            return multiplied([self.value(args[0], at), power(sp.Symbol("n"), -1)])
        if head is at_once.Scaled:
            return multiplied([self.value(arg, at) for arg in args])
        if head is at_once.Cases:
            condition, then, rest = (self.value(arg, at) for arg in args)
            return sp.Piecewise((then, condition), (rest, True), evaluate=False)
        if head is at_once.Joint:
            return self._joint(args[0].name, args[1], at)
        if head is at_once.Product:
            return self._product(args[0], args[1], at)
        if head in _SUMS:
            return self._added(head, args[0], at)
        if isinstance(expr, at_once.Node):
            raise BpkitError(f"javascript: expected matrices that can be written as loops, got {expr}")
        if at == FLAT and expr.is_Add and expr.has(sp.Pow) and not self._moves(expr):
            name = f"still{len(self.before) + 1}"  # the same for all numbers of the array
            parts = rebuilt(head, [self.value(arg, at) for arg in args])
            self.before.append(f"const {name} = {expression(parts)};")
            return sp.Symbol(name)
        return rebuilt(head, [self.value(arg, at) for arg in args])

    def axes(self, expr: sp.Expr) -> tuple[Axis, ...]:
        """What the axes of an expression count."""
        head, args = type(expr), expr.args
        if expr.is_Symbol:
            return self._axes_of(self.names[expr.name]) if expr.name in self.names else ()
        if head is at_once.Product:
            return self.axes(args[0])[:1] + self.axes(args[1])[1:]
        if head is at_once.Transposed:
            return self.axes(args[0])[::-1]
        if head in _SUMS:
            own = self.axes(args[0])
            return own[1:] if head is at_once.Columns else own[:1] if head is at_once.Rows else ()
        if head is at_once.Apart:
            return (0, 0)
        return max((self.axes(arg) for arg in args), key=len, default=())

    @contextmanager
    def loops(self, axes: Sequence[Axis], flat: bool = False) -> Iterator[Letters]:
        """Loops over axes, around what is written inside."""
        outer, self.body = self.body, []
        letters: list[str] = []
        for axis in axes:
            letters.append(next(one for one in (_LETTERS[axis], "q", "r") if one not in (*self.letters, *letters)))
        self.letters += letters
        pair, self.pair = self.pair, self.pair or tuple(letters[1:] and letters)
        yield FLAT if flat else tuple(letters)
        self.letters = self.letters[: len(self.letters) - len(letters)]
        sizes = [self._size(axis) for axis in axes]
        if self.pair != pair and not flat:
            self.body.insert(0, f"const {FLAT[0]} = {letters[0]}*{sizes[1]} + {letters[1]};")
        self.pair = pair
        ends = [(FLAT[0], "*".join(sizes))] if flat else [*zip(letters, sizes)]
        for letter, size in ends[::-1]:
            self.body = [f"for (let {letter} = 0; {letter} < {size}; {letter}++) {{", *_indented(self.body), "}"]
        self.body = outer + self.body

    def _product(self, left: sp.Expr, right: sp.Expr, at: Letters) -> sp.Expr:
        name = self._sum()
        with self.loops(self.axes(left)[1:]) as (q,):
            if isinstance(right, at_once.Apart):
                term, where = self.value(left, (at[0], q)), f"if ({q} !== {at[1]}) "
            else:
                term, where = multiplied([self.value(left, (at[0], q)), self.value(right, (q, at[1]))]), ""
            self.body.append(f"{where}{name} += {expression(term)};")
        return sp.Symbol(name)

    def _added(self, head: type, part: sp.Expr, at: Letters) -> sp.Expr:
        """A sum over rows, over columns or over both."""
        name, axes = self._sum(), self.axes(part)
        over = axes[:1] if head is at_once.Columns else axes[1:] if head is at_once.Rows else axes
        with self.loops(over) as letters:
            inner = (*letters, *at) if head is at_once.Columns else (*at, *letters)
            term = expression(self.value(part, inner))
            self.body.append(f"{name} += {term};")
        return multiplied([sp.Symbol(name), power(sp.Symbol("n"), -1)]) if head is at_once.Loss else sp.Symbol(name)

    def _joint(self, name: str, part: sp.Expr, at: Letters) -> sp.Expr:
        """A function of a number and its row."""
        if not part.is_Symbol:
            raise BpkitError(f"javascript: expected {name} of the numbers of one array, got {part}")
        width, array = self._size(self.axes(part)[1]), self._array(self.names[part.name])
        row = f"...{array}.subarray({at[0]}*{width}, {at[0]}*{width} + {width})"
        return sp.Function(name)(self.value(part, at), sp.Symbol(row))

    def _sum(self) -> str:
        self.sums += 1
        name = f"sum{self.sums}"
        self.body.append(f"let {name} = 0;")
        return name

    def _number(self, quantity: Quantity, at: Letters) -> sp.Symbol:
        """What is written for a quantity: a constant, a number of this update, or one of an array."""
        if quantity.tag in SIGNED:
            self.constants[quantity.name] = None
            return sp.Symbol(quantity.name)
        if quantity.name in self.local:
            return sp.Symbol(word(quantity))
        axes = self._axes_of(quantity)
        place = at[0] if at else "0"
        if not quantity.subject.block and quantity.tag == STATE:
            place = "0"  # the number of the update, which is one for all layers
        elif len(at) == 2 and at == self.pair:
            place = FLAT[0]
        elif len(at) == 2:
            place = f"{at[0]}*{self._size(axes[1])} + {at[1]}"
        return sp.Symbol(f"{self._array(quantity)}[{place}]")

    def _array(self, quantity: Quantity) -> str:
        """The name of an array in this function, which it takes from the model first."""
        name = word(quantity)
        if quantity.tag == "target" or (quantity.tag == STATE and not quantity.block):
            self.arrays[name] = f"model.{name}"
            return name
        beside = self._beside(quantity.block)
        self.arrays[name + _BESIDE[beside]] = f"model.{name}[{self._layer(beside)}]"
        return name + _BESIDE[beside]

    def _axes_of(self, quantity: Quantity) -> tuple[Axis, ...]:
        about = quantity.by or quantity.of
        if about:
            return self._axes_of(about)
        if quantity.tag not in WORDS:
            return ()
        own = self._beside(quantity.block)
        if quantity.tag == "bias":
            return (own,) if quantity.place else ()  # one that a whole layer shares has no place
        return (own - 1 if quantity.tag == "weight" else SAMPLES, own)

    def _beside(self, block: int) -> int:
        if abs(block - self.layer) > 1:
            raise BpkitError(f"javascript: expected a line of layers that are neighbours, got {self.layer} and {block}")
        return block - self.layer

    def _size(self, axis: Axis) -> str:
        self.sizes.add(axis)
        return _SIZES[axis]

    @staticmethod
    def _layer(beside: int) -> str:
        return {-1: "l - 1", 0: "l", 1: "l + 1"}[beside]

    def _moves(self, expr: sp.Expr) -> bool:
        """Is it another number for each parameter?"""
        found = (self.names[name] for name in names_in(expr))
        return any(one.tag not in SIGNED and one.subject.block for one in found)

    def _alike(self, expr: sp.Expr, axes: tuple[Axis, ...]) -> bool:
        """Is it made number by number from arrays of one shape?"""
        arrays = (one for one in expr.free_symbols if one.name in self.names)
        return not expr.has(*_TURNED) and all(self.axes(one) in (axes, ()) for one in arrays)


def _indented(lines: Sequence[str]) -> list[str]:
    return [f"  {line}" for line in lines]
