"""Matrix algebra: its signs as text, LaTeX and Python, and families read as it: a sum over an index is a product.

A batch has a row for each sample, which is one more index. ``out_0`` holds the inputs, ``W_1`` has a row for each
source and a column for each target of the first layer, and ``*`` multiplies element by element.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

import sympy as sp
from sympy.printing.precedence import PRECEDENCE

from bpkit.core.expressions import names_in, others, product
from bpkit.core.families import Family, Row, rebuilt
from bpkit.core.program import averaged
from bpkit.core.quantities import Quantity, Role

Form = tuple[sp.Expr, tuple[sp.Symbol, ...]]  # matrix algebra, and what each axis counts: a letter, or the samples
Sides = tuple[Any, Any, Any]  # a right side as it is read, as it is computed, and as training computes it
SAMPLES = sp.Symbol("samples")
ADD, MUL, TIGHT = PRECEDENCE["Add"], PRECEDENCE["Mul"], PRECEDENCE["Atom"] - 1


class Node(sp.Expr):  # type: ignore[misc]  # SymPy ships no types
    """Matrix algebra with a sign of its own: as text, LaTeX and Python, with places for its parts."""

    forms: dict[str, str]
    inner: int  # parts that bind no stronger stand in brackets

    def _form(self, printer: Any) -> str:
        parts = (printer.parenthesize(arg, self.inner) for arg in self.args)
        return self.forms[printer.printmethod].format(*parts)

    _text = _latex = _pythoncode = _form


def _sign(name: str, text: str, latex: str, python: str, inner: int = 0, precedence: int = MUL) -> type[Node]:
    forms = {"_text": text, "_latex": latex, "_pythoncode": python}
    return type(name, (Node,), {"forms": forms, "inner": inner, "precedence": precedence})


_MEAN = "mean over samples of the sum over outputs of"

# What stands beside a product of matrices is multiplied element by element: brackets there.
Product = _sign("Product", "{} @ {}", r"{}\,{}", "{} @ {}", MUL, ADD)
Scaled = _sign("Scaled", "{} * {}", r"{}\,{}", "{}*{}", MUL - 1, MUL + 1)  # a number for all, times an array
Transposed = _sign("Transposed", "{}.T", r"{}^{{\top}}", "{}.T", TIGHT, TIGHT)
Whole = _sign("Whole", "sum({})", r"\operatorname{{sum}}({})", "{}.sum()", TIGHT)
Columns = _sign("Columns", "column sums of {}", r"\text{{column sums of }} {}", "{}.sum(axis=0)", TIGHT)
Rows = _sign("Rows", "row sums of {}", r"\text{{row sums of }} {}", "{}.sum(axis=1)", TIGHT)
Upright = _sign("Upright", "{}", "{}", "{}[:, None]", TIGHT, TIGHT)  # a number for each sample, as a column
Mean = _sign("Mean", "{} / n", "{} / n", "{}/n", ADD - 1)  # a sum over the samples, divided by their number
Loss = _sign("Loss", _MEAN + " {}", rf"\text{{{{{_MEAN} }}}} {{}}", "", ADD - 1)  # Mean(Whole(..)), as it is read
Both = _sign("Both", "sum over samples and outputs of {}", r"\text{{sum over samples and outputs of }} {}", "", ADD - 1)
Apart = _sign("Apart", "(1 - I)", "(1 - I)", "apart_{}", precedence=TIGHT)  # 0 on the diagonal and 1 beside it
# A function of a number and its row, such as softmax, for all numbers of all rows.
Joint = _sign("Joint", "{}({})", r"\operatorname{{{}}}({})", "{0}({1}, *{1}.T[:, :, None])")
# A value where a condition holds and another elsewhere, which is computed where it is needed at all.
Cases = _sign("Cases", "", "", "({1} if ({0}).all() else where({0}, {1}, {2}))", precedence=PRECEDENCE["Atom"])


def multiplied(factors: Iterable[sp.Expr]) -> sp.Expr:
    """A product without products in it, with one number, in front."""
    flat = [one for factor in factors for one in (factor.args if factor.is_Mul else (factor,))]
    number = sp.Mul(*(one for one in flat if one.is_Number))
    left = [one for one in (number, *(one for one in flat if not one.is_Number)) if one != 1] or [number]
    return product(*left)


def matrix_quantity(quantity: Quantity) -> Quantity:
    """What stands for a family in the matrix form: the layer's number in place of a neuron."""
    if quantity.of and quantity.by and quantity.of.tag == "total" and quantity.by.tag == "net":
        return Quantity("delta", spelled=f"delta_{quantity.block}", block=quantity.block, tag="delta")
    if quantity.of:
        by = matrix_quantity(quantity.by) if quantity.by else None
        return replace(quantity, of=matrix_quantity(quantity.of), by=by)
    layers = {"net": "net", "out": "out", "input": "out", "bias": "b"}
    if quantity.tag in layers:
        return replace(quantity, spelled=f"{layers[quantity.tag]}_{quantity.block}", index=())
    return replace(quantity, spelled="targets" if quantity.tag == "target" else quantity.family, index=())


class NoMatrix(Exception):
    """A line that cannot be read as matrices."""


class _Same(sp.Expr):  # type: ignore[misc]
    """1 where two indices are equal, else 0."""


class _Beside(sp.Expr):  # type: ignore[misc]
    """0 where two indices are equal, else 1."""


def name_of(leaf: sp.Expr) -> str:
    """The name of a quantity, or of a family with an index."""
    return str(leaf.base.name if isinstance(leaf, sp.Indexed) else leaf.name)


def _put(expr: sp.Expr, values: Mapping[sp.Expr, sp.Expr]) -> sp.Expr:
    """An expression with other letters."""
    return rebuilt(expr.func, [_put(arg, values) for arg in expr.args]) if expr.args else values.get(expr, expr)


class Reader:
    """Reads the families of a derivation as matrices."""

    def __init__(self, families: Sequence[Family], quantities: Mapping[str, Quantity], mean: bool) -> None:
        self.families, self.leaves, self.mean = families, families[0].leaves, mean
        self.names = {name: matrix_quantity(quantity) for name, quantity in self.leaves.items()}
        self.sampled = {name for name, quantity in self.leaves.items() if quantity.tag in ("input", "target")}
        found: dict[str, list[tuple[int, ...]]] = {}
        for quantity in quantities.values():
            found.setdefault(quantity.family, []).append(quantity.indices)
        self.extent = {name: [(min(column), max(column)) for column in zip(*rows)] for name, rows in found.items()}
        self.users: dict[str, list[Family]] = {}
        self.named: dict[str, list[Family]] = {}
        for family in families:
            self.named.setdefault(name_of(family.lhs), []).append(family)
            used = names_in(family.shown) | names_in(family.rhs) | names_in(family.stable)
            for name in used:
                self.users.setdefault(name, []).append(family)
            if used & self.sampled and not averaged(family.steps[0]):
                self.sampled.add(name_of(family.lhs))
        self.put: dict[str, list[tuple[sp.Expr, ...]]] = {}  # what stands for a name: left side, and three right sides

    def lines(self) -> Iterator[tuple[Family, Sides]]:
        """The families that are lines of their own, each with its right sides, or with None where it is no matrix."""
        for family in self.families:
            sides: Sides = (None, None, None)
            with suppress(NoMatrix):
                sides = self.sides(family)
            if self.kept(family):
                if isinstance(family.rhs, sp.Indexed) and {*family.lhs.args[1:]} <= {*family.rhs.args[1:]}:
                    self.put[name_of(family.rhs)] = [(family.rhs, *[family.lhs] * 3)]  # both name the same numbers
                yield family, sides

    def kept(self, family: Family) -> bool:
        """Is it a line of its own, or put into the lines that use it?"""
        users, role = self.users.get(name_of(family.lhs), []), family.quantity.role
        if role is Role.FORWARD:
            return family.quantity.tag == "total" or any(user.quantity.tag != "total" for user in users)
        return role is not Role.SLOPE and (
            role is not Role.ADJOINT or any(user.quantity.role is Role.GRADIENT for user in users)
        )

    def sides(self, family: Family) -> Sides:
        """The right sides of a line."""
        self.check(name_of(family.lhs))
        cases = family.stable.args if isinstance(family.stable, sp.Piecewise) else ()
        # As training goes on a parameter, it needs no spelling that is another for digits near 0 alone.
        quick = family.shown if cases and cases[0].expr == family.shown else family.stable
        put = [self.inlined(one, place) for place, one in enumerate((family.shown, family.stable, quick), 1)]
        if not self.kept(family):
            self.put.setdefault(name_of(family.lhs), []).append((family.lhs, *put))
            return None, None, None
        read, stable, quick = (self.line(family, one, place == 0) for place, one in enumerate(put))
        shorter = read.has(Rows) and stable.has(Joint)  # softmax(net) says the same
        return stable if shorter else read, stable, quick

    def check(self, name: str) -> None:
        """Refuse what is not one family, or one for the diagonal of an array and one for what is beside it."""
        *on, rest = families = sorted(self.named[name], key=lambda one: one.free)
        whole = not rest.missing
        if on:
            diagonal = len(on) == 1 and on[0].free == 1 and len(rest.missing) == len(on[0].steps)
            whole = diagonal and all(len({*one.values()}) == 1 for one in rest.missing)
        if not whole or any(not place.is_Symbol for one in families for place in one.lhs.args[1:]):
            raise NoMatrix

    def inlined(self, expr: sp.Expr, side: int) -> sp.Expr:
        """An expression with what stands for its leaves put in."""
        if isinstance(expr, sp.Indexed | sp.Symbol):
            name = name_of(expr)
            found = [self.filled(expr, one[0], one[side]) for one in self.put.get(name, ())]
            if len(found) != len([one for one in self.named.get(name, ()) if name in self.put or not self.kept(one)]):
                raise NoMatrix
            return sp.Add._from_args(found) if len(found) > 1 else found[0] if found else expr
        if not expr.args:
            return expr
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
        several = len(self.put[name_of(leaf)]) > 1
        factor = _Beside(*leaf.args[1:]) if several else sp.S.One
        for letter, index in zip(left.args[1:], leaf.args[1:]):
            if values.setdefault(letter, index) != index:
                factor = _Same(values[letter], index)
        if not several and factor != 1:
            raise NoMatrix
        bound = {limits[0] for one in right.atoms(sp.Sum, Row) for limits in one.args[1:]}
        return multiplied([factor, _put(right, {**values, **{one: sp.Dummy(integer=True) for one in bound}})])

    def line(self, family: Family, expr: sp.Expr, read: bool) -> sp.Expr:
        """The right side of a line as matrices; over a batch the loss and the gradients are means, or sums."""
        letters = tuple(dict.fromkeys(family.lhs.args[1:]))
        self.order, self.read = (SAMPLES, *letters), read
        self.ranges = {sp.Symbol(letter, integer=True): ends for letter, ends in family.index.items()}
        for one in expr.atoms(sp.Sum, Row):
            self.ranges |= {letter: (int(low), int(high)) for letter, low, high in one.args[1:]}
        if family.quantity.tag == "total":
            found, axes = self.form(_opened(expr)[0])
            if axes[:1] != (SAMPLES,):
                raise NoMatrix
            if read:
                return Loss(found) if self.mean else Both(found)
            return Mean(Whole(found)) if self.mean else Whole(found)
        if family.quantity.role is Role.GRADIENT:
            forms = [self._contracted(term, [SAMPLES]) for term in (expr.args if expr.is_Add else (expr,))]
            found, axes = self._together(sp.Add, [(Mean(one) if self.mean else one, own) for one, own in forms])
        else:
            found, axes = self.form(expr)
        if axes != (self.order if name_of(family.lhs) in self.sampled else letters):
            raise NoMatrix
        return found

    def form(self, expr: sp.Expr) -> Form:
        """An expression as matrix algebra, and what its axes count."""
        if isinstance(expr, sp.Indexed | sp.Symbol):
            name, letters = name_of(expr), expr.args[1:]
            whole = name in self.leaves and len({*letters}) == len(letters)  # no letter by itself, as in k ≠ l
            if not whole or [self.ranges.get(one) for one in letters] != self.extent[self.leaves[name].family]:
                raise NoMatrix
            return sp.Symbol(self.names[name].name), ((SAMPLES,) if name in self.sampled else ()) + letters
        if isinstance(expr, _Beside):
            low, high = self.ranges[expr.args[0]]
            return Apart(sp.Integer(high - low + 1)), expr.args
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
        part, (letter, *_) = row.args
        found, axes = self.form(own)
        if expr.func == others:
            return self._contracted(multiplied([part, _Beside(letter, axes[-1])]), [letter])
        if self.form(part) != (found, (*axes[:-1], letter)):
            raise NoMatrix
        return Joint(sp.Symbol(expr.func.__name__), found), axes

    def _contracted(self, expr: sp.Expr, sums: Sequence[sp.Symbol]) -> Form:
        """A sum over letters as a product of matrices, or as sums of columns or rows."""
        expr, sums = _opened(expr, *sums)
        if not sums:
            return self.form(expr)
        if expr.is_Add and expr.has(_Same, _Beside):
            return self._together(sp.Add, [self._contracted(term, sums) for term in expr.args])
        factors = expr.args if expr.is_Mul else (expr,)
        for one in factors:
            if isinstance(one, _Same):
                gone, left = one.args if one.args[0] in sums else one.args[::-1]
                rest = multiplied(_put(other, {gone: left}) for other in factors if other is not one)
                return self._contracted(rest, [other for other in sums if other != gone])
        groups: dict[tuple[sp.Symbol, ...], list[sp.Expr]] = {}
        outside = []
        for found, axes in map(self.form, factors):
            if {*axes}.isdisjoint(sums):
                outside.append((found, axes))
            else:
                groups.setdefault(axes, []).append(found)
        whole = self._summed([(multiplied(found), axes) for axes, found in groups.items()], sums)
        return self._together(sp.Mul, [whole, *outside])

    def _summed(self, parts: Sequence[Form], sums: Sequence[sp.Symbol]) -> Form:
        rests = [tuple(one for one in axes if one not in sums) for _, axes in parts]
        if len(parts) == 1:
            [(found, axes)], [rest] = parts, rests
            if len(axes) - len(rest) == len(sums) and (not rest or len(axes) == 2):
                return (Columns if axes[1:] == rest else Rows if rest else Whole)(found), rest
        if len(parts) == 2 and len(sums) == 1:
            kept = tuple(one for one in self.order if (one,) in rests)
            if len(kept) == 2:
                (left, one), (right, two) = parts if rests[0] == kept[:1] else parts[::-1]
                left = left if one[1] == sums[0] else Transposed(left)
                right = right if two[0] == sums[0] else Transposed(right)
                return Product(left, right), kept
        raise NoMatrix


def _opened(expr: sp.Expr, *sums: sp.Symbol) -> tuple[sp.Expr, Sequence[sp.Symbol]]:
    """What stands in sums, and their letters."""
    while isinstance(expr, sp.Sum):
        sums += tuple(limits[0] for limits in expr.args[1:])
        expr = expr.args[0]
    return expr, sums
