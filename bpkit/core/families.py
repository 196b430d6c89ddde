"""Families: the lines of one shape as one line with an index, net_h[j] = Σ_i W_1[i,j] · x[i] + b_1, read off the lines.

A right side is read as a shape and the numbers in it, which are the indices of its quantities. Lines of one shape whose
numbers follow from their own indices are one family. What is folded is filled in again and compared with its lines.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property
from itertools import combinations_with_replacement, product
from typing import Any, NamedTuple

import sympy as sp
from sympy.core.relational import Relational

from bpkit.core.chain_rule import Step
from bpkit.core.expressions import total
from bpkit.core.quantities import Quantity
from bpkit.core.shown import Shown

LETTERS = "ijklmpqrsuvabcdefghtxyz"
Axis = tuple[str, int]  # a family that is no derivative, and which of its indices
Numbers = tuple[int, ...]
Path = tuple[int, ...]
Options = dict[Numbers, int]  # what may be added up to a number: own indices (~a is less own index a), and so much


class Row(sp.Expr):  # type: ignore[misc]  # SymPy ships no types
    """The numbers of a row, as arguments of a function: an expression, and its letter, first and last."""


class Leaf(NamedTuple):
    """A quantity with an index, in a shape."""

    family: str
    axes: tuple[Axis, ...]


class Run(NamedTuple):
    """So many parts of one shape, in a shape: from one to the next their numbers grow by these steps."""

    length: int
    steps: Numbers
    part: Any


class Slot(NamedTuple):
    """A place for a number in a shape: what it counts, its leaf and term, and path, step and length of each run that
    moves it.
    """

    axis: Axis
    leaf: Path
    last: bool
    term: Path
    runs: tuple[tuple[Path, int, int], ...] = ()


@dataclass(frozen=True, repr=False)
class Family(Shown):
    """Lines of one shape as one: left and right side with letters for indices, and the lines themselves.

    ``index`` has the first and last value of each letter, those of the left side (``free`` of them) before those of
    sums. ``stable`` and ``cancelled`` are what a step has under these names; ``leaves`` has a quantity for each family.
    """

    lhs: sp.Expr
    rhs: sp.Expr
    stable: sp.Expr
    cancelled: sp.Expr | None
    steps: tuple[Step, ...]
    leaves: Mapping[str, Quantity] = field(compare=False)
    index: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    free: int = 0

    @property
    def quantity(self) -> Quantity:
        """What the first of the lines is about."""
        return self.steps[0].quantity

    @property
    def numbers(self) -> Numbers:
        """The numbers of the lines."""
        return tuple(step.number for step in self.steps)

    @property
    def reason(self) -> str:
        """Why the first of the lines holds."""
        return self.steps[0].reason

    @property
    def shown(self) -> sp.Expr:
        """The right side in its shortest form."""
        return self.rhs if self.cancelled is None else self.cancelled

    def values(self, step: Step) -> dict[str, int]:
        """The value of each letter of the left side in one of the lines."""
        return {one.name: value for one, value in zip(self.lhs.args[1:], step.quantity.indices) if one.is_Symbol}

    @cached_property
    def missing(self) -> list[dict[str, int]]:
        """The values of the letters of the left side for which there is no line, such as those of a diagonal."""
        letters = [*self.index][: self.free]
        found = {tuple(map(self.values(step).__getitem__, letters)) for step in self.steps}
        every = product(*(range(low, high + 1) for low, high in map(self.index.__getitem__, letters)))
        return [dict(zip(letters, values)) for values in every if values not in found]


def axes_of(quantity: Quantity) -> tuple[Axis, ...]:
    """What each index of a quantity counts: of a derivative those of both."""
    if quantity.of:
        return axes_of(quantity.of) + (axes_of(quantity.by) if quantity.by else ())
    return tuple((quantity.family, place) for place in range(len(quantity.index)))


def _joined(head: Any, parts: Iterable[tuple[Any, Numbers]]) -> tuple[Any, Numbers]:
    shapes, numbers = zip(*parts)
    return (head, *shapes), sum(numbers, ())


def _runs(parts: list[tuple[Any, Numbers]]) -> list[tuple[Any, Numbers]]:
    """Parts of one shape whose numbers grow evenly as one; found from the last on, as a function's row stands last."""
    found = []
    end = len(parts)
    while end:
        start, steps = end - 1, None
        while start and parts[start - 1][0] == parts[start][0]:
            grown = tuple(b - a for a, b in zip(parts[start - 1][1], parts[start][1]))
            if not any(grown) or any(abs(one) > 1 for one in grown) or steps not in (None, grown):
                break
            start, steps = start - 1, grown
        shape, numbers = parts[start]
        found.append((shape if steps is None else Run(end - start, steps, shape), numbers))
        end = start
    return found[::-1]


def _slots(shape: Any, path: Path = (), term: Path = ()) -> Iterator[Slot]:
    """The places for numbers in a shape, in order."""
    if isinstance(shape, Leaf):
        for place, axis in enumerate(shape.axes, 1):
            yield Slot(axis, path, place == len(shape.axes), term)
    elif isinstance(shape, Run):
        for step, slot in zip(shape.steps, _slots(shape.part, (*path, -1), term)):
            yield slot._replace(runs=((path, step, shape.length), *slot.runs) if step else slot.runs)
    elif isinstance(shape, tuple):
        for place, part in enumerate(shape[1:]):
            inner = (*path, place)
            yield from _slots(part, inner, inner if shape[0] is sp.Add or isinstance(shape[0], tuple) else term)


def _groups(members: Iterable[tuple[Step, Numbers]]) -> list[tuple[list[Step], list[Options]]]:
    """Lines of one shape whose numbers follow from their own indices in the same way, with what each may be."""
    groups: list[tuple[list[Step], list[Options]]] = []
    for step, numbers in members:
        own = step.quantity.indices
        added = {of: sum(own[a] if a >= 0 else -own[~a] for a in of) for of in _sums(len(own))}
        for steps, options in groups:
            both = [{of: n for of, n in may.items() if added[of] + n == one} for one, may in zip(numbers, options)]
            if all(both):
                steps.append(step)
                options[:] = both
                break
        else:
            groups.append(([step], [{of: one - more for of, more in added.items()} for one in numbers]))
    return groups


@cache
def _sums(axes: int) -> list[Numbers]:
    """Nothing, each own index, and sums and differences of two."""
    pairs = combinations_with_replacement(range(-axes, axes), 2)
    return [(), *((a,) for a in range(axes)), *((a, b) for a, b in pairs if b >= 0 and b != ~a)]


def rebuilt(head: Any, args: list[sp.Expr]) -> sp.Expr:
    """An expression with other parts, as it was written."""
    if len(args) == 1 and issubclass(head, sp.Max | sp.Min):
        return sp.Basic.__new__(head, *args)  # the largest number of a row
    if issubclass(head, sp.Add | sp.Mul):
        return args[0] if len(args) == 1 else head._from_args(args)
    if issubclass(head, (sp.Pow, sp.Piecewise, Relational, *_WITH_ROWS)):
        return head(*args, evaluate=False)
    return head(*args)


_WITH_ROWS = (sp.Function, sp.Max, sp.Min)


class _Folder:
    """Reads lines, and has letters of which each counts the same things on all lines."""

    def __init__(self, quantities: Mapping[str, Quantity]) -> None:
        self.leaves = {**{q.family: q for q in quantities.values()}, **quantities}
        self.letters = [letter for letter in LETTERS if letter not in self.leaves]
        self.found = {name: (Leaf(q.family, axes_of(q)), q.indices) for name, q in quantities.items() if q.indices}
        seen: dict[Axis, set[int]] = defaultdict(set)
        for leaf, numbers in self.found.values():
            for axis, number in zip(leaf.axes, numbers):
                seen[axis].add(number)
        self.alone = {axis for axis, numbers in seen.items() if len(numbers) == 1}
        self.symbols = {(q.family, q.indices): q.symbol for q in quantities.values()}
        self.order = {axis: place for place, axis in enumerate(seen)}
        self.same = {axis: axis for axis in seen}
        self.met: set[Axis] = set()

    def sides(self, step: Step) -> tuple[Any, Numbers]:
        """All right sides of a line as one shape; its head says which stands where."""
        sides = [step.rhs] + [one for one in (step.stable, step.cancelled) if one is not None and one is not step.rhs]
        head = tuple(None if one is None else sides.index(one) for one in (step.rhs, step.stable, step.cancelled))
        return _joined(head, map(self.read, sides))

    def read(self, expr: sp.Expr) -> tuple[Any, Numbers]:
        """The shape of an expression, and the numbers in it."""
        if not expr.args:
            alone = (None, expr), ()  # SymPy would take the name of a leaf that it is compared with for an expression
            return self.found.get(expr.name, alone) if expr.is_Symbol else alone
        parts = [*map(self.read, expr.args)]
        if isinstance(expr, sp.Max | sp.Min):
            parts.sort(key=lambda part: part[1])  # SymPy sorts them by their names
        if expr.is_Add or isinstance(expr, _WITH_ROWS):
            before = 0
            while len(parts) != before:  # a double sum is a run of runs
                before, parts = len(parts), _runs(parts)
        return _joined(expr.func, parts)

    def root(self, axis: Axis) -> Axis:
        return axis if self.same[axis] == axis else self.root(self.same[axis])

    def join(self, *axes: Axis) -> None:
        """They count the same things."""
        first, second = sorted(map(self.root, axes), key=self.order.__getitem__)
        self.same[second] = first
        self.met.update(axes)

    def letter(self, axis: Axis, taken: Iterable[str]) -> str:
        """The letter of what an index counts, or another that is free on this line."""
        place = [one for one in self.order if self.root(one) == one].index(self.root(axis)) % len(self.letters)
        return next(one for one in (*self.letters[place:], *self.letters) if one not in taken)

    def gives_back(self, family: Family) -> bool:
        """Does a family, filled in for each of its lines, say what the line says?"""
        for step in family.steps:
            sides = [(family.lhs, step.lhs), (family.rhs, step.rhs)]
            if family.stable is not family.rhs or step.stable is not step.rhs:
                sides.append((family.stable, step.stable))
            if family.cancelled is not None:
                sides.append((family.cancelled, step.cancelled))
            try:
                if any(self.filled(ours, family.values(step)) != theirs for ours, theirs in sides):
                    return False
            except KeyError:  # no quantity has this index
                return False
        return True

    def filled(self, expr: sp.Expr, values: Mapping[str, int]) -> sp.Expr:
        """An expression with numbers in the places of letters, its sums and rows written out."""
        if isinstance(expr, sp.Indexed):
            return self.symbols[expr.base.name, tuple(_number(one, values) for one in expr.indices)]
        if isinstance(expr, sp.Sum | Row):
            return total(*self._each(expr, values))
        if not expr.args:
            return expr
        inside = Row if isinstance(expr, _WITH_ROWS) else sp.Sum if expr.is_Add else ()
        args = [self._each(a, values) if isinstance(a, inside) else [self.filled(a, values)] for a in expr.args]
        return rebuilt(expr.func, [one for several in args for one in several])

    def _each(self, expr: sp.Expr, values: Mapping[str, int]) -> list[sp.Expr]:
        """The terms of a sum, or the numbers of a row."""
        part, *limits = expr.args
        found = [values]
        for letter, low, high in reversed(limits):
            found = [{**known, letter.name: n} for known in found for n in range(int(low), int(high) + 1)]
        return [self.filled(part, known) for known in found]


class _Writer:
    """Lines of one shape, written as a family: what each number is, then letters for own indices and for sums."""

    def __init__(self, folder: _Folder, shape: Any, steps: list[Step], options: list[Options]) -> None:
        self.folder, self.shape, self.steps, self.options = folder, shape, steps, options
        self.axes = axes_of(steps[0].quantity)
        self.columns = [*zip(*(step.quantity.indices for step in steps))]  # the values of each own index
        self.varies = [len({*column}) > 1 for column in self.columns]
        self.slots = [*_slots(shape)]
        self.index: dict[str, tuple[int, int]] = {}
        self.sums: dict[Any, tuple[sp.Symbol, int, int]] = {}  # letter, first and last, of a run or of a sum of one

    def choose(self) -> None:
        """Say what each number on the right is; which indices count the same things follows."""
        folder, own, self.chosen = self.folder, self.axes, []
        fresh = [axis not in folder.met for axis in own]
        sums: dict[Any, tuple[Axis, Any]] = {}  # of each run, and of each term that is a sum of one
        for slot, options in zip(self.slots, self.options):
            alone = slot.axis in folder.alone and not slot.runs
            # Where rows of one number follow each other, w1 · x1 is a sum over the row before.
            summed = not slot.last or sums.get(("term", slot.term), (None, slot.leaf))[1] != slot.leaf
            fitting = []
            for of, number in options.items():
                kin = len(of) == 1 and folder.root(own[of[0]]) == folder.root(slot.axis)
                may = len(of) == 1 and alone and not number and own[of[0]] in folder.alone
                may = may and (kin or (fresh[of[0]] and not summed))
                follows = all(self.varies[max(a, ~a)] for a in of) and not (len(of) == 2 and () in options)
                if of and (follows or may):
                    fitting.append((len(of), not kin, abs(number), (of, number)))
            of, number = min(fitting)[3] if fitting else ((), options[()])
            self.chosen.append((of, number))
            if len(of) == 1:
                folder.join(slot.axis, own[of[0]])
            if of:
                continue
            for run, *_ in slot.runs:
                folder.join(slot.axis, sums.setdefault(run, (slot.axis, None))[0])
            if alone:
                axis, leaf = sums.setdefault(("term", slot.term), (slot.axis, slot.leaf))
                if leaf != slot.leaf:
                    folder.join(slot.axis, axis)

    def family(self) -> Family:
        """The family that the lines make."""
        own = self._left()
        self.free = len(self.index)
        self.places = iter([self._place(own, slot, *choice) for slot, choice in zip(self.slots, self.chosen)])
        head, *shapes = self.shape
        sides = [self._written(shape, (place,)) for place, shape in enumerate(shapes)]
        rhs, stable, cancelled = (None if place is None else sides[place] for place in head)
        lhs = _indexed(self.steps[0].quantity.family, own) if own else self.steps[0].lhs
        return Family(lhs, rhs, stable, cancelled, tuple(self.steps), self.folder.leaves, self.index, self.free)

    def _left(self) -> list[sp.Expr]:
        """The own indices: a letter, a number, or a letter before and so much more."""
        own: list[sp.Expr] = []
        for a, (axis, column) in enumerate(zip(self.axes, self.columns)):
            ahead = [(b, {mine - other for mine, other in zip(column, self.columns[b])}) for b in range(a)]
            kin = [self.varies[a] or self.folder.root(self.axes[b]) == self.folder.root(axis) for b in range(a)]
            twins = [own[b] + min(by) for b, by in ahead if kin[b] and len(by) == 1]
            if self.varies[a] or axis in self.folder.alone:
                own.append(twins[0] if twins else self._new(axis, min(column), max(column), self.index))
            else:
                own.append(sp.Integer(column[0]))
        return own

    def _new(self, axis: Axis, low: int, high: int, taken: Iterable[str]) -> sp.Symbol:
        letter = self.folder.letter(axis, {*taken, *(one for one in self.index if self.index[one] != (low, high))})
        self.index[letter] = low, high
        return sp.Symbol(letter, integer=True)

    def _sum(self, key: tuple[Any, ...], slot: Slot, first: int, length: int) -> tuple[sp.Symbol, int, int]:
        """Letter, first and last of a sum around a place."""
        if key not in self.sums:
            beside = [one[0].name for (path, *_), one in self.sums.items() if path == slot.leaf[: len(path)]]
            letter = self._new(slot.axis, first, first + length - 1, [*[*self.index][: self.free], *beside])
            self.sums[key] = letter, first, first + length - 1
        return self.sums[key]

    def _place(self, own: list[sp.Expr], slot: Slot, of: Numbers, number: int) -> sp.Expr:
        """What stands in a place for a number."""
        if not of and not slot.runs and slot.axis in self.folder.alone:
            return self._sum((slot.term, self.folder.root(slot.axis), number), slot, number, 1)[0]
        index = sp.Integer(number) + sum(own[a] if a >= 0 else -own[~a] for a in of)
        for run, step, length in slot.runs:
            letter, first, _ = self._sum((run,), slot, 1 if of or step < 0 else number, length)
            index += step * (letter - first)
        return index

    def _written(self, shape: Any, path: Path, within: Any = sp.Add) -> sp.Expr:
        """A part of the right side; where it is a term, with its sums of one around it."""
        if isinstance(shape, Leaf):
            expr = _indexed(shape.family, [next(self.places) for _ in shape.axes])
        elif isinstance(shape, Run):
            part = self._written(shape.part, (*path, -1), within)
            expr = (sp.Sum if within is sp.Add else Row)(part, sp.Tuple(*self.sums[path,]))
        elif shape[0] is not None:
            args = [self._written(part, (*path, place), shape[0]) for place, part in enumerate(shape[1:])]
            expr = rebuilt(shape[0], args)
        else:
            return shape[1]
        ones = [limits for key, limits in self.sums.items() if key[0] == path and len(key) > 1]
        return sp.Sum(expr, *ones) if ones else expr


def _number(index: sp.Expr, values: Mapping[str, int]) -> int:
    """The number of an index such as j + s - 1; subs would take most of the time."""
    rest, terms = index.as_coeff_Add()
    return int(rest) + sum(int(by) * values[one.name] for one, by in terms.as_coefficients_dict().items() if one != 1)


def _indexed(family: str, index: list[sp.Expr]) -> sp.Expr:
    return sp.IndexedBase(family)[tuple(index)]


def folded(steps: Iterable[Step], quantities: Mapping[str, Quantity]) -> tuple[Family, ...]:
    """The lines as families, each where its first line stands; ``quantities`` has every quantity by name.

    The work grows with the number of lines.
    """
    folder, steps = _Folder(quantities), [*steps]
    alike: dict[Any, list[tuple[Step, Numbers]]] = defaultdict(list)
    for step in steps:
        shape, numbers = folder.sides(step)
        alike[step.quantity.family, shape].append((step, numbers))
    found = [_Writer(folder, shape, *group) for (_, shape), members in alike.items() for group in _groups(members)]
    place = {id(step): number for number, step in enumerate(steps)}
    found.sort(key=lambda one: place[id(one.steps[0])])
    for one in found:  # all before the first is written: letters follow from what counts the same things
        one.choose()
    families: list[Family] = []
    for family in (one.family() for one in found):
        if folder.gives_back(family):
            families.append(family)
        else:
            families += (Family(s.lhs, s.rhs, s.stable, s.cancelled, (s,), folder.leaves) for s in family.steps)
    return tuple(sorted(families, key=lambda family: place[id(family.steps[0])]))
