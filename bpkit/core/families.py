"""Families: the lines of one shape as one line with an index, net_h[j] = Σ_i W_1[i,j] · x[i] + b_1, read off the lines.

A right side is read as a shape and the numbers in it, which are the indices of its quantities. Lines of one shape whose
numbers follow from their own indices are one family. What is folded is filled in again and compared with its lines.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from itertools import product
from typing import Any, NamedTuple

import sympy as sp
from sympy.core.relational import Relational

from bpkit.core.chain_rule import Step
from bpkit.core.expressions import symbol, total
from bpkit.core.quantities import Quantity
from bpkit.core.shown import Shown

LETTERS = "ijklmpqrsuvabcdefghtxyz"
Axis = tuple[str, int]  # a family that is no derivative, and which of its indices
Numbers = tuple[int, ...]
Choice = tuple[tuple[int, ...], int]  # what is added up to a number: own indices (~a is less own index a), and so much


class Row(sp.Expr):  # type: ignore[misc]  # SymPy ships no types
    """The numbers of a row, as arguments of a function: an expression, its letter, first and last."""


class Leaf(NamedTuple):
    """A quantity with an index, in a shape."""

    family: str
    axes: tuple[Axis, ...]


class Run(NamedTuple):
    """So many parts of one shape, in a shape: from one to the next their numbers grow by these steps."""

    count: int
    steps: Numbers
    part: Any


class Slot(NamedTuple):
    """A place for a number in a shape: what it counts, in which leaf and term; path, step and length of the runs that move it."""

    axis: Axis
    leaf: tuple[int, ...]
    last: bool
    term: tuple[int, ...]
    runs: tuple[tuple[tuple[int, ...], int, int], ...] = ()


@dataclass(frozen=True, repr=False)
class Family(Shown):
    """Lines of one shape as one: left and right side with letters for indices, and the lines themselves.

    ``index`` has the first and last value of each letter, those of the left side (``free`` of them) before those of
    sums. ``stable`` and ``cancelled`` are what a step has under these names.
    """

    quantity: Quantity  # of the first line
    lhs: sp.Expr
    rhs: sp.Expr
    stable: sp.Expr
    cancelled: sp.Expr | None
    index: Mapping[str, tuple[int, int]]
    free: int
    steps: tuple[Step, ...]
    leaves: Mapping[str, Quantity] = field(compare=False)  # a quantity for each name and each family on the right

    @property
    def name(self) -> str:
        """The family of the quantities on the left: ``net_h``."""
        return self.quantity.family

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

    @cached_property
    def missing(self) -> list[dict[str, int]]:
        """The values of the letters on the left for which there is no line, such as those of the diagonal."""
        letters = [*self.index][: self.free]
        found = {tuple(_values(self.lhs, step)[letter] for letter in letters) for step in self.steps}
        every = product(*(range(low, high + 1) for low, high in [*self.index.values()][: self.free]))
        return [dict(zip(letters, values)) for values in every if values not in found]


def _values(lhs: sp.Expr, step: Step) -> dict[str, int]:
    """The value of each letter on a left side in one of its lines."""
    return {place.name: value for place, value in zip(lhs.args[1:], step.quantity.indices) if place.is_Symbol}


def axes_of(quantity: Quantity) -> tuple[Axis, ...]:
    """What each index of a quantity counts: of a derivative those of both."""
    if quantity.of:
        return axes_of(quantity.of) + (axes_of(quantity.by) if quantity.by else ())
    return tuple((quantity.family, place) for place in range(len(quantity.index)))


class _Reader:
    """Reads right sides: a shape, and the numbers in it."""

    def __init__(self, quantities: Mapping[str, Quantity]) -> None:
        self.found = {name: (Leaf(q.family, axes_of(q)), q.indices) for name, q in quantities.items() if q.indices}

    def sides(self, step: Step) -> tuple[Any, Numbers]:
        """All right sides of a line as one shape; its head says which side stands where."""
        sides = [step.rhs] + [one for one in (step.stable, step.cancelled) if one is not None and one is not step.rhs]
        head = tuple(None if one is None else sides.index(one) for one in (step.rhs, step.stable, step.cancelled))
        return _joined(head, [self.read(side) for side in sides])

    def read(self, expr: sp.Expr) -> tuple[Any, Numbers]:
        if not expr.args:
            return self.found.get(expr.name, (expr, ())) if expr.is_Symbol else (expr, ())
        parts = [self.read(arg) for arg in expr.args]
        if isinstance(expr, sp.Max | sp.Min):
            parts.sort(key=lambda part: part[1])  # SymPy sorts them by their names
        if isinstance(expr, sp.Add | sp.Function | sp.Max | sp.Min):
            before = 0
            while len(parts) != before:  # a double sum is a run of runs
                before, parts = len(parts), _runs(parts)
        return _joined(expr.func, parts)


def _joined(head: Any, parts: list[tuple[Any, Numbers]]) -> tuple[Any, Numbers]:
    return (head, *(shape for shape, _ in parts)), tuple(number for _, own in parts for number in own)


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


def _slots(shape: Any, path: tuple[int, ...] = (), term: tuple[int, ...] = ()) -> Iterator[Slot]:
    """The places for numbers in a shape, in order."""
    if isinstance(shape, Leaf):
        for axis in shape.axes:
            yield Slot(axis, path, axis is shape.axes[-1], term)
    elif isinstance(shape, Run):
        for step, slot in zip(shape.steps, _slots(shape.part, (*path, -1), term)):
            yield slot._replace(runs=((path, step, shape.count), *slot.runs) if step else slot.runs)
    elif isinstance(shape, tuple):
        for place, part in enumerate(shape[1:]):
            inner = (*path, place)
            yield from _slots(part, inner, inner if shape[0] is sp.Add or isinstance(shape[0], tuple) else term)


@dataclass
class _Group:
    """Lines of one shape, and what each number in them may be: an own index and so much, or one number for all."""

    shape: Any
    steps: list[Step] = field(default_factory=list)
    options: list[set[Choice]] = field(default_factory=list)
    chosen: list[Choice] = field(default_factory=list)

    def takes(self, step: Step, numbers: Numbers) -> bool:
        indices = step.quantity.indices
        own = indices + tuple(-value for value in reversed(indices))  # own[~a] is -own[a]
        if not self.steps:
            sums = [((), 0), *(((a,), value) for a, value in enumerate(indices))]
            sums += [((a, b), own[a] + own[b]) for a in range(len(indices)) for b in range(-len(indices), a) if b != ~a]
            kept = [{(of, number - value) for of, value in sums} for number in numbers]
        else:
            kept = [{c for c in cs if sum(own[a] for a in c[0]) + c[1] == n} for cs, n in zip(self.options, numbers)]
        if not all(kept):
            return False
        self.steps.append(step)
        self.options = kept
        return True

    @cached_property
    def slots(self) -> list[Slot]:
        return [*_slots(self.shape)]

    @cached_property
    def columns(self) -> list[Numbers]:
        """The values of each own index, line by line."""
        return [*zip(*(step.quantity.indices for step in self.steps))]


class _Folder:
    """Chooses letters, so that a letter counts the same things on all lines, and writes families with them."""

    def __init__(self, quantities: Mapping[str, Quantity]) -> None:
        self.names = {(q.family, q.indices): name for name, q in quantities.items()}
        seen: dict[Axis, set[int]] = defaultdict(set)
        for quantity in quantities.values():
            for axis, value in zip(axes_of(quantity), quantity.indices):
                seen[axis].add(value)
        self.alone = {axis for axis, values in seen.items() if len(values) == 1}
        self.order = {axis: place for place, axis in enumerate(seen)}
        self.same = {axis: axis for axis in seen}
        self.met: set[Axis] = set()
        named = {*quantities, *(q.family for q in quantities.values())}
        self.letters = [letter for letter in LETTERS if letter not in named]
        self.leaves = {**{q.family: q for q in quantities.values()}, **quantities}

    def root(self, axis: Axis) -> Axis:
        return axis if self.same[axis] == axis else self.root(self.same[axis])

    def join(self, *axes: Axis) -> None:
        """They count the same things."""
        first, second = sorted(map(self.root, axes), key=self.order.__getitem__)
        self.same[second] = first
        self.met.update(axes)

    def choose(self, group: _Group) -> None:
        """What each number on the right is, and so which indices count the same things."""
        own = axes_of(group.steps[0].quantity)
        varies = [len(set(column)) > 1 for column in group.columns]
        fresh = [axis not in self.met for axis in own]
        sums: dict[Any, tuple[Axis, Any]] = {}  # of each run, and of each term that is a sum of one
        for slot, options in zip(group.slots, group.options):
            alone = slot.axis in self.alone and not slot.runs
            # Where rows of one number follow each other, w1 · x1 is a sum over the row before.
            summed = not slot.last or sums.get(("term", slot.term), (None, slot.leaf))[1] != slot.leaf
            fitting = [
                (len(of), not kin, abs(offset), of, offset)
                for of, offset in options
                for kin in [len(of) == 1 and self.root(own[of[0]]) == self.root(slot.axis)]
                if (of and all(varies[a if a >= 0 else ~a] for a in of))
                or (
                    (len(of) == 1 and alone and not offset and own[of[0]] in self.alone)
                    and (kin or (fresh[of[0]] and not summed))
                )
            ]
            choice = min(fitting)[3:] if fitting else next(c for c in options if not c[0])
            group.chosen.append(choice)
            if choice[0]:
                if len(choice[0]) == 1:
                    self.join(slot.axis, own[choice[0][0]])
                continue
            for run, *_ in slot.runs:
                self.join(slot.axis, sums.setdefault(run, (slot.axis, None))[0])
            if alone:
                axis, leaf = sums.setdefault(("term", slot.term), (slot.axis, slot.leaf))
                if leaf != slot.leaf:
                    self.join(slot.axis, axis)

    def letter(self, axis: Axis, taken: Iterable[str]) -> str:
        """The letter of what an index counts, or another that is free on this line."""
        place = [one for one in self.order if self.root(one) == one].index(self.root(axis)) % len(self.letters)
        return next(one for one in (*self.letters[place:], *self.letters) if one not in taken)

    def written(self, group: _Group) -> list[Family]:
        """The family; the lines by themselves where it does not give them back."""
        family = _Writer(self, group).family()
        if all(self._gives_back(family, step) for step in group.steps):
            return [family]
        return [Family(s.quantity, s.lhs, s.rhs, s.stable, s.cancelled, {}, 0, (s,), self.leaves) for s in group.steps]

    def _gives_back(self, family: Family, step: Step) -> bool:
        values = _values(family.lhs, step)
        sides = [(family.rhs, step.rhs), (family.stable, step.stable), (family.cancelled, step.cancelled)]
        try:
            return all(theirs is None or self.filled(ours, values) == theirs for ours, theirs in sides)
        except KeyError:
            return False

    def filled(self, expr: sp.Expr, values: Mapping[str, int]) -> sp.Expr:
        """An expression with numbers in the places of letters, its sums and rows written out."""
        if isinstance(expr, sp.Indexed):
            return symbol(self.names[expr.base.name, tuple(_number(one, values) for one in expr.indices)])
        if isinstance(expr, sp.Sum | Row):
            return total(*self._each(expr, values))
        if not expr.args:
            return expr
        inside = Row if isinstance(expr, _WITH_ROWS) else sp.Sum if expr.is_Add else ()
        args = [self._each(a, values) if isinstance(a, inside) else [self.filled(a, values)] for a in expr.args]
        return _rebuilt(expr.func, [one for several in args for one in several])

    def _each(self, expr: sp.Expr, values: Mapping[str, int]) -> list[sp.Expr]:
        """The terms of a sum, or the numbers of a row."""
        part, *limits = expr.args
        found = [values]
        for letter, low, high in reversed(limits):
            found = [{**known, letter.name: n} for known in found for n in range(int(low), int(high) + 1)]
        return [self.filled(part, known) for known in found]


_WITH_ROWS = (sp.Function, sp.Max, sp.Min)


def _number(index: sp.Expr, values: Mapping[str, int]) -> int:
    """The value of an index such as i + s - 1."""
    if index.is_Symbol:
        return values[index.name]
    pairs = [term.as_coeff_Mul() for term in sp.Add.make_args(index)]
    return sum(int(times) * (values[one.name] if one.is_Symbol else int(one)) for times, one in pairs)


def _rebuilt(head: Any, args: list[sp.Expr]) -> sp.Expr:
    """An expression with other parts, as it was written."""
    if issubclass(head, sp.Add | sp.Mul):
        return head._from_args(args)
    if issubclass(head, (sp.Pow, sp.Piecewise, Relational, *_WITH_ROWS)):
        return head(*args, evaluate=False)
    return head(*args)


class _Writer:
    """Writes one family: letters for own indices, then the right sides with letters for sums."""

    def __init__(self, folder: _Folder, group: _Group) -> None:
        self.folder, self.group = folder, group
        self.index: dict[str, tuple[int, int]] = {}
        self.own: list[sp.Expr] = []
        axes, columns = axes_of(group.steps[0].quantity), group.columns
        for a, (axis, column) in enumerate(zip(axes, columns)):
            varies = len(set(column)) > 1
            ahead = [(b, {mine - other for mine, other in zip(column, columns[b])}) for b in range(a)]
            twins = [self.own[b] + min(by) for b, by in ahead if len(by) == 1 and (varies or self._kin(axes[b], axis))]
            if not varies and axis not in folder.alone:
                self.own.append(sp.Integer(column[0]))
            else:
                self.own.append(twins[0] if twins else self._new(axis, min(column), max(column), self.index))
        self.free = len(self.index)
        self.sums: dict[Any, tuple[sp.Symbol, int, int]] = {}  # letter, first and last, of a run or of a sum of one
        for slot, (own, number) in zip(group.slots, group.chosen):
            around: list[Any] = [
                ((run,), number if step > 0 and not own else 1, count) for run, step, count in slot.runs
            ]
            if self._alone(slot, own):
                around.append((self._term(slot), number, 1))
            for key, first, count in around:
                if key not in self.sums:
                    beside = [one[0].name for other, one in self.sums.items() if other[0] == slot.leaf[: len(other[0])]]
                    letter = self._new(slot.axis, first, first + count - 1, [*[*self.index][: self.free], *beside])
                    self.sums[key] = letter, first, first + count - 1
        self.places = iter([self._place(slot, *choice) for slot, choice in zip(group.slots, group.chosen)])

    def _new(self, axis: Axis, low: int, high: int, taken: Iterable[str]) -> sp.Symbol:
        letter = self.folder.letter(axis, {*taken, *(one for one in self.index if self.index[one] != (low, high))})
        self.index[letter] = low, high
        return sp.Symbol(letter, integer=True)

    def _kin(self, one: Axis, other: Axis) -> bool:
        return self.folder.root(one) == self.folder.root(other)

    def _alone(self, slot: Slot, own: tuple[int, ...]) -> bool:
        return not own and not slot.runs and slot.axis in self.folder.alone

    def _term(self, slot: Slot) -> tuple[Any, ...]:
        return slot.term, self.folder.root(slot.axis)

    def _place(self, slot: Slot, own: tuple[int, ...], number: int) -> sp.Expr:
        if self._alone(slot, own):
            return self.sums[self._term(slot)][0]
        index = sp.Integer(number) + sum(self.own[a] if a >= 0 else -self.own[~a] for a in own)
        for run, step, _ in slot.runs:
            letter, first, _ = self.sums[run,]
            index += step * (letter - first)
        return index

    def family(self) -> Family:
        """The family that the group's lines make."""
        first = self.group.steps[0]
        head, *shapes = self.group.shape
        sides = [self._written(shape, (place,)) for place, shape in enumerate(shapes)]
        rhs, stable, cancelled = (None if place is None else sides[place] for place in head)
        lhs = _indexed(first.quantity.family, self.own) if self.own else first.lhs
        steps, leaves = tuple(self.group.steps), self.folder.leaves
        return Family(first.quantity, lhs, rhs, stable, cancelled, self.index, self.free, steps, leaves)

    def _written(self, shape: Any, path: tuple[int, ...], within: Any = sp.Add) -> sp.Expr:
        """A part of the right side, with its sums of one around it where it is a term."""
        if isinstance(shape, Leaf):
            expr = _indexed(shape.family, [next(self.places) for _ in shape.axes])
        elif isinstance(shape, Run):
            part = self._written(shape.part, (*path, -1), within)
            expr = (sp.Sum if within is sp.Add else Row)(part, sp.Tuple(*self.sums[path,]))
        elif isinstance(shape, tuple):
            args = [self._written(part, (*path, place), shape[0]) for place, part in enumerate(shape[1:])]
            expr = args[0] if args[1:] == [] and shape[0] is sp.Add else _rebuilt(shape[0], args)
        else:
            return shape
        own = [limits for key, limits in self.sums.items() if key[0] == path and len(key) == 2]
        return sp.Sum(expr, *own) if own else expr


def _indexed(family: str, index: list[sp.Expr]) -> sp.Expr:
    return sp.IndexedBase(family)[tuple(index)]


def folded(steps: Iterable[Step], quantities: Mapping[str, Quantity]) -> tuple[Family, ...]:
    """The lines as families, each where its first line stands; ``quantities`` has every quantity by name.

    The work grows with the number of lines.
    """
    reader, folder = _Reader(quantities), _Folder(quantities)
    groups: list[_Group] = []
    alike: dict[Any, list[_Group]] = defaultdict(list)
    for step in steps:
        shape, numbers = reader.sides(step)
        found = alike[step.quantity.family, shape]
        if not any(group.takes(step, numbers) for group in found):
            found.append(_Group(shape))
            found[-1].takes(step, numbers)
            groups.append(found[-1])
    for group in groups:
        folder.choose(group)
    return tuple(family for group in groups for family in folder.written(group))
