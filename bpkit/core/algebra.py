"""Matrix algebra: its signs as text, LaTeX and Python, and families read as it: a sum over an index is a product.

A batch has a row for each sample, which is one more index. ``out_0`` holds the inputs, ``W_1`` has a row for each
source and a column for each target of the first layer, and ``*`` multiplies element by element.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from itertools import chain
from itertools import product as cartesian
from typing import Any

import sympy as sp
from sympy.printing.precedence import PRECEDENCE

from bpkit.core.expressions import names_in, others, product
from bpkit.core.families import Family, Row, rebuilt
from bpkit.core.program import averaged
from bpkit.core.quantities import Quantity, Role

Letters = tuple[sp.Symbol, ...]
Form = tuple[sp.Expr, Letters]  # matrix algebra, and what each axis counts: a letter, or the samples
Term = list[Form]  # factors, which are no array before they are summed over what they do not share
Sides = tuple[Any, Any, Any]  # a right side as it is read, as it is computed, and as training computes it
SAMPLES, SAME = sp.symbols("samples same")  # SAME is 1 where two indices are equal, else 0
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


_MEAN, _SUM = "mean over samples of the sum over outputs of", "sum over samples and outputs of"

# What stands beside a product of matrices is multiplied element by element: brackets there.
Product = _sign("Product", "{} @ {}", r"{}\,{}", "{} @ {}", MUL, ADD)
Scaled = _sign("Scaled", "{} * {}", r"{}\,{}", "{}*{}", MUL - 1, MUL + 1)  # a number for all, times an array
Outer = _sign("Outer", "{} ⊗ {}", r"{} \otimes {}", "outer({}, {})", MUL, ADD)
Later = _sign(
    "Later", "{}[1:]", "{}[1:]", "{}[1:]", TIGHT, PRECEDENCE["Atom"]
)  # the rows after the first, one of a start
Earlier = _sign("Earlier", "{}[:-1]", "{}[:-1]", "{}[:-1]", TIGHT, PRECEDENCE["Atom"])  # the rows before the last
Transposed = _sign("Transposed", "{}.T", r"{}^{{\top}}", "{}.T", TIGHT, TIGHT)
Whole = _sign("Whole", "sum({})", r"\operatorname{{sum}}({})", "{}.sum()", TIGHT)
Columns = _sign("Columns", "column sums of {}", r"\text{{column sums of }} {}", "{}.sum(axis=0)", TIGHT)
Rows = _sign("Rows", "row sums of {}", r"\text{{row sums of }} {}", "{}.sum(axis=1)", TIGHT)
Upright = _sign("Upright", "{}", "{}", "{}[:, None]", TIGHT, TIGHT)  # a number for each sample, as a column
Mean = _sign("Mean", "{} / n", "{} / n", "{}/n", ADD - 1)  # a sum over the samples, divided by their number
Loss = _sign("Loss", _MEAN + " {}", rf"\text{{{{{_MEAN} }}}} {{}}", "({}).sum()/n", ADD - 1)
Both = _sign("Both", _SUM + " {}", rf"\text{{{{{_SUM} }}}} {{}}", "({}).sum()", ADD - 1)
Apart = _sign("Apart", "(1 - I)", "(1 - I)", "apart_{}", precedence=TIGHT)  # 0 on the diagonal and 1 beside it
# A function of a number and its row, such as softmax, for all numbers of all rows.
Joint = _sign("Joint", "{}({})", r"\operatorname{{{}}}({})", "{0}({1}, *{1}.T[:, :, None])")
# The same for all numbers of one row.
JointRow = _sign("JointRow", "{}({})", r"\operatorname{{{}}}({})", "{0}({1}, *{1})")
# A value where a condition holds and another elsewhere, which is computed where it is needed at all.
Cases = _sign("Cases", "", "", "({1} if ({0}).all() else where({0}, {1}, {2}))", precedence=PRECEDENCE["Atom"])


def multiplied(factors: Iterable[sp.Expr]) -> sp.Expr:
    """A product without products in it, with one number, in front.

    >>> x, y = sp.symbols("x y")
    >>> multiplied([x, 2 * y, sp.Integer(3)]).args
    (6, x, y)
    """
    flat = [one for factor in factors for one in (factor.args if factor.is_Mul else (factor,))]
    number = sp.Mul(*(one for one in flat if one.is_Number))
    left = [one for one in (number, *(one for one in flat if not one.is_Number)) if one != 1] or [number]
    return product(*left)


def matrix_quantity(quantity: Quantity) -> Quantity:
    """The array of a family in the matrix form, numbered by its layer instead of a neuron.

    >>> matrix_quantity(Quantity("net", "h", (1,), tag="net", block=1)).name
    'net_1'
    """
    if quantity.of and quantity.by and quantity.of.tag == "total" and quantity.by.tag == "net":
        return Quantity("delta", spelled=f"delta_{quantity.block}", block=quantity.block, tag="delta")
    if quantity.of:
        by = matrix_quantity(quantity.by) if quantity.by else None
        return replace(quantity, of=matrix_quantity(quantity.of), by=by)
    word = {"net": "net", "out": "out", "input": "out", "bias": "b"}.get(quantity.tag)
    spelled = f"{word}_{quantity.block}" if word else "targets" if quantity.tag == "target" else quantity.family
    place = quantity.place
    if quantity.tag == "bias" and quantity.index:
        place = place or "each"  # one for each neuron: what a layer shares has no place
    return replace(quantity, spelled=spelled, index=(), place=place)


def array_quantity(quantity: Quantity) -> Quantity:
    """The array of a family of any model, which has the family's name.

    >>> array_quantity(Quantity("net", "h", (1,))).name
    'net_h'
    """
    if quantity.of:
        by = array_quantity(quantity.by) if quantity.by else None
        return replace(quantity, of=array_quantity(quantity.of), by=by)
    return replace(quantity, spelled=quantity.family, index=(), axes=())


class NoMatrix(Exception):
    """A line that cannot be read as matrices."""


def name_of(leaf: sp.Expr) -> str:
    """The name of a quantity, or of a family with an index.

    >>> name_of(sp.Symbol("w5")), name_of(sp.IndexedBase("net_h")[1])
    ('w5', 'net_h')
    """
    return str(leaf.base.name if isinstance(leaf, sp.Indexed) else leaf.name)


def _moved(term: Term, values: Mapping[sp.Symbol, sp.Symbol]) -> Term:
    """A product with other letters."""
    return [(found, tuple(values.get(one, one) for one in axes)) for found, axes in term]


class Reader:
    """Reads the families of a derivation as matrices; over a batch the loss and the gradients are means, or sums.

    ``samples`` says that arrays have a row for each sample, as those of layers have; else the lines are those of one.
    """

    def __init__(self, families: Sequence[Family], mean: bool, samples: bool = True) -> None:
        self.families, self.leaves, self.mean = families, families[0].leaves, mean and samples
        self.sampled = (SAMPLES,) if samples else ()
        numbers: dict[str, list[tuple[int, ...]]] = defaultdict(list)
        for quantity in self.leaves.values():
            numbers[quantity.family].append(quantity.indices)
        array = matrix_quantity if samples else array_quantity
        self.names = {name: array(self.leaves[name]) for name in numbers}
        self.extent = {name: [(min(column), max(column)) for column in zip(*rows)] for name, rows in numbers.items()}
        self.users: dict[str, list[Quantity]] = defaultdict(list)
        self.named: dict[str, list[Family]] = defaultdict(list)
        for family in families:
            self.named[name_of(family.lhs)].append(family)
            for name in names_in(family.shown) | names_in(family.rhs) | names_in(family.stable):
                self.users[name].append(family.quantity)
        # What stands for a name: for each of its families the indices on the left, and terms for each kind of side.
        self.put: dict[str, list[tuple[Letters, Sequence[list[Term]]]]] = defaultdict(list)

    def lines(self) -> Iterator[tuple[Family, Sides]]:
        """The families that are lines of their own, each with its right sides, or with None where it is no matrix."""
        found: list[tuple[Family, Sides]] = []
        wanted: set[str] = set()  # what lines that are no matrices are written with
        for family in self.families:
            sides: Sides = (None, None, None)
            with suppress(NoMatrix):
                sides = self._sides(family)
            found.append((family, sides))
            if sides[0] is None and not self.sampled and self._kept(family):
                wanted |= names_in(family.shown)
        return (line for line in found if self._kept(line[0]) or name_of(line[0].lhs) in wanted)

    def _kept(self, family: Family) -> bool:
        """Is it on a line of its own, or put into the lines that use it?"""
        quantity, users = family.quantity, self.users[name_of(family.lhs)]
        if quantity.role is Role.FORWARD:
            return quantity.tag == "total" or not self.sampled or any(user.tag != "total" for user in users)
        if quantity.role is Role.ADJOINT and self.sampled:
            past = quantity.by and quantity.by.tag == "skip"  # what comes back goes through a block and past it
            return bool(past) or any(user.role is Role.GRADIENT for user in users)
        return quantity.role is not Role.SLOPE

    def _sides(self, family: Family) -> Sides:
        """The right sides of a line, which from now on are put in for its name."""
        name, left, rhs = name_of(family.lhs), family.lhs.args[1:], family.rhs
        self._check(name)
        letters = tuple(dict.fromkeys(left))
        self.order = (*self.sampled, *letters)
        self.axes = letters if averaged(family.steps[0]) else self.order
        self.ranges = {sp.Symbol(letter, integer=True): ends for letter, ends in family.index.items()}
        cases = family.stable.args if isinstance(family.stable, sp.Piecewise) else ()
        # As training goes on a parameter, it needs no spelling that is another for digits near 0 alone.
        quick = family.shown if cases and cases[0].expr == family.shown else family.stable
        kept = self._kept(family)
        if kept and len(letters) < len(left):  # of a row of one: no diagonal is meant
            raise NoMatrix
        found: list[Any] = []
        for self.side, expr in enumerate((family.shown, family.stable, quick)):
            found.append(self._line(family, expr) if kept else self._terms(expr))
        if not kept:
            self.put[name].append((left, found))
            return None, None, None
        own = [[(self._symbol(name), self.axes)]]
        self.put[name].append((left, [own] * 3))
        if isinstance(rhs, sp.Indexed) and name_of(rhs) in self.named and {*left} <= {*rhs.args[1:]}:
            self.put[name_of(rhs)] = [(rhs.args[1:], [own] * 3)]  # both name the same numbers
        read, stable, quick = found
        shorter = read.has(Rows, Whole) and stable.has(Joint, JointRow)  # softmax(net) says the same
        return stable if shorter else read, stable, quick

    def _check(self, name: str) -> None:
        """Refuse what is not one family, or one for the diagonal of an array and one for what is beside it."""
        *on, rest = families = sorted(self.named[name], key=lambda one: one.free)
        missing = {tuple(one.values()) for one in rest.missing}
        whole = missing == {step.quantity.indices for one in on for step in one.steps}
        diagonal = len(on) < 2 and all(len({*one}) == 1 for one in missing)
        if not whole or not diagonal or any(not one.is_Symbol for family in families for one in family.lhs.args[1:]):
            raise NoMatrix

    def _symbol(self, name: str) -> sp.Symbol:
        return sp.Symbol(self.names[self.leaves[name].family].name)

    def _line(self, family: Family, expr: sp.Expr) -> sp.Expr:
        """The right side of a line as matrices."""
        if family.quantity.tag == "total" and self.sampled:
            found, axes = self._form(expr.args[0] if isinstance(expr, sp.Sum) else expr)
            if axes[:1] != (SAMPLES,):
                raise NoMatrix
            return (Loss if self.mean else Both)(found)
        if family.quantity.role is Role.GRADIENT:
            forms = [self._array([term]) for term in self._contracted(expr, self.sampled)]
            found, axes = self._together(sp.Add, [(Mean(one) if self.mean else one, own) for one, own in forms])
        else:
            found, axes = self._form(expr)
        if axes != self.axes:
            raise NoMatrix
        return found

    def _terms(self, expr: sp.Expr) -> list[Term]:
        """An expression as a sum of products."""
        if isinstance(expr, sp.Indexed | sp.Symbol):
            return self._leaf(name_of(expr), expr.args[1:])
        if expr.is_Mul:
            return [[*chain(*factors)] for factors in cartesian(*map(self._terms, expr.args))]
        return self._contracted(expr, []) if isinstance(expr, sp.Sum) else [[self._of_parts(expr)]]

    def _leaf(self, name: str, letters: Letters) -> list[Term]:
        """What is written for a name; of two families one is for the diagonal, the other beside it."""
        if not self.sampled and (self.leaves[name].role is not Role.SLOPE or name not in self.named):
            return [[self._rows(name, letters)]]
        if name not in self.leaves or [*map(self.ranges.get, letters)] != self.extent[self.leaves[name].family]:
            raise NoMatrix  # such as a letter by itself, in k ≠ l
        if name not in self.named:
            if len({*letters}) < len(letters):
                raise NoMatrix
            sampled = self.sampled * (self.leaves[name].tag in ("input", "target"))
            return [[(self._symbol(name), sampled + letters)]]
        if len(self.put[name]) != len(self.named[name]):
            raise NoMatrix
        found: list[Term] = []
        for left, sides in self.put[name]:
            values, beside = dict(zip(left[::-1], letters[::-1])), []
            if len(self.put[name]) > 1:
                beside = [(SAME, letters) if len({*left}) < len(left) else (self._apart(letters[0]), letters)]
            elif tuple(map(values.__getitem__, left)) != letters:
                raise NoMatrix
            found += [beside + _moved(term, values) for term in sides[self.side]]
        return found

    def _rows(self, name: str, letters: Letters) -> Form:
        """The array of a quantity, or all its rows but the first or the last."""
        found, axes = self._symbol(name), []
        for place, (letter, extent) in enumerate(zip(letters, self.extent[self.leaves[name].family])):
            more, index = letter.as_coeff_Add()
            low, high = (end + int(more) for end in self.ranges.get(index, (0, -1)))
            if (low, high) != extent:
                cut = {(extent[0] + 1, extent[1]): Later, (extent[0], extent[1] - 1): Earlier}.get((low, high))
                if cut is None or place:
                    raise NoMatrix
                found = cut(found)
            axes.append(index)
        if len({*axes}) < len(axes):
            raise NoMatrix
        return found, tuple(axes)

    def _apart(self, letter: sp.Symbol) -> sp.Expr:
        low, high = self.ranges[letter]
        return Apart(sp.Integer(high - low + 1))

    def _form(self, expr: sp.Expr) -> Form:
        """An expression as matrix algebra, and what its axes count."""
        return self._array(self._terms(expr))

    def _array(self, terms: list[Term]) -> Form:
        if any(found == SAME for term in terms for found, _ in term):
            raise NoMatrix
        forms = [self._together(sp.Mul, term) if term[1:] else term[0] for term in terms]
        return self._together(sp.Add, forms) if forms[1:] else forms[0]

    def _of_parts(self, expr: sp.Expr) -> Form:
        """What is no product and no sum over letters."""
        if not expr.args:
            return expr, ()
        if isinstance(expr.args[-1], Row):
            return self._of_row(expr)
        if isinstance(expr, sp.Piecewise) and len(expr.args) == 2 and self.side:
            (then, condition), (rest, _) = expr.args
            forms = [self._form(one) for one in (condition, then, rest)]
            if len({own for _, own in forms}) == 1 and (then.has(sp.Function) or rest.has(sp.Function)):
                return self._together(Cases, forms)
        return self._together(expr.func, [self._form(arg) for arg in expr.args])

    def _together(self, head: Any, forms: Sequence[Form]) -> Form:
        """Parts that are combined element by element."""
        axes = max((one for _, one in forms), key=len)
        if head is sp.Mul and not self.sampled and sorted(len(own) for _, own in forms if own) == [1, 1]:
            rows = {own: found for found, own in forms if own}
            if len(rows) == 2:
                first, second = sorted(rows, key=lambda own: self.order.index(own[0]))
                return self._together(
                    head, [(Outer(rows[first], rows[second]), first + second), *(one for one in forms if not one[1])]
                )
        args = []
        for found, own in forms:
            if own == axes[len(axes) - len(own) :]:
                args.append(found)
            elif own == axes[:-1]:
                numbers, rest = found.as_coeff_Mul() if found.is_Mul else (sp.S.One, found)
                args.append(multiplied([numbers, Upright(rest)]))
            else:
                raise NoMatrix
        if head is not sp.Mul:
            return rebuilt(head, args), axes
        # Numbers first, then what is one number for all; a product of nothing else has its last factor as the rest.
        scalars = [found for found, own in forms if not own and (found.is_Symbol or found.is_Add)]
        if not axes:
            scalars = scalars[:-1] if all(arg.is_Symbol or arg.is_Add or arg.is_Number for arg in args) else []
        numbers = [arg for arg in args if arg.is_Number]
        rest = multiplied(arg for arg in args if arg not in (*scalars, *numbers))
        return multiplied([*numbers, Scaled(multiplied(scalars), rest) if scalars else rest]), axes

    def _of_row(self, expr: sp.Expr) -> Form:
        """A function of a number and its row."""
        if len(expr.args) != 2:
            raise NoMatrix  # the largest of a row
        own, row = expr.args
        part, (letter, *_) = row.args
        found, axes = self._form(own)
        if expr.func == others:
            apart = self._apart(letter), (letter, axes[-1])
            return self._array([self._summed([*term, apart], [letter]) for term in self._terms(part)])
        if self._form(part) != (found, (*axes[:-1], letter)):
            raise NoMatrix
        return (Joint if axes[1:] else JointRow)(sp.Symbol(expr.func.__name__), found), axes

    def _contracted(self, expr: sp.Expr, sums: Sequence[sp.Symbol]) -> list[Term]:
        """A sum over letters as a product of matrices, or as sums of columns or rows."""
        if isinstance(expr, sp.Sum):
            expr, *limits = expr.args
            sums = [*sums, *(letter for letter, *_ in limits)]
        return [self._summed(term, sums) for term in self._terms(expr)]

    def _summed(self, term: Term, sums: Sequence[sp.Symbol]) -> Term:
        for same in term:
            if same[0] == SAME and not {*sums}.isdisjoint(same[1]):
                gone, left = same[1] if same[1][0] in sums else same[1][::-1]
                rest = [one for one in term if one is not same]
                return self._summed(_moved(rest, {gone: left}), [one for one in sums if one != gone])
        if not sums:
            return term
        groups: dict[Letters, list[sp.Expr]] = defaultdict(list)
        for found, axes in term:
            if not {*axes}.isdisjoint(sums):
                groups[axes].append(found)
        parts = [(multiplied(found), axes) for axes, found in groups.items()]
        return [self._product(parts, sums), *(form for form in term if form[1] not in groups)]

    def _product(self, parts: Sequence[Form], sums: Sequence[sp.Symbol]) -> Form:
        rests = [tuple(one for one in axes if one not in sums) for _, axes in parts]
        if len(parts) == 1:
            [(found, axes)], [rest] = parts, rests
            if len(axes) - len(rest) == len(sums) and (not rest or len(axes) == 2):
                return (Whole if not rest else Columns if axes[1:] == rest else Rows)(found), rest
        if len(parts) == 2 and len(sums) == 1 and not self.sampled and any(len(axes) == 1 for _, axes in parts):
            [(row, _), (found, axes)] = sorted(parts, key=lambda part: len(part[1]))  # of one row, with a matrix
            rest = tuple(one for one in axes if one not in sums)
            return Product(*((row, found) if axes[0] == sums[0] else (found, row))), rest
        if len(parts) == 2 and len(sums) == 1:
            kept = tuple(one for one in self.order if (one,) in rests)
            if len(kept) == 2:
                (left, one), (right, two) = parts if rests[0] == kept[:1] else parts[::-1]
                left = left if one[1] == sums[0] else Transposed(left)
                right = right if two[0] == sums[0] else Transposed(right)
                return Product(left, right), kept
        raise NoMatrix
