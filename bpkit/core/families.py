"""Families: the lines of one shape as one line with an index, net_h[j] = Σ_i W_1[i,j] · x[i] + b_1, read off the lines.

A right side is read as a shape and the numbers in it, which are the indices of its quantities. Lines of one shape whose
numbers follow from their own indices are one family. What is folded is filled in again and compared with its lines.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property
from itertools import combinations_with_replacement, product
from math import prod
from operator import attrgetter
from typing import Any, NamedTuple

import sympy as sp
from sympy.core.relational import Relational

from bpkit.core.chain_rule import Step
from bpkit.core.expressions import total
from bpkit.core.quantities import Quantity
from bpkit.core.shown import Shown

LETTERS = "ijklmpqrsuvabcdefghtxyz"
SIDES = attrgetter("lhs", "rhs", "stable", "cancelled")
Axis = int | None  # what an index counts: the neurons of this block, or the one that a sum of one is over
Numbers = tuple[int, ...]
Options = dict[Numbers, int]  # what may be added up to a number: own indices (~a is less own index a), and so much
Fill = Callable[[Mapping[str, int]], Any]  # writes something out for values of the letters


class Row(sp.Expr):  # type: ignore[misc]  # SymPy ships no types
    """The numbers of a row, as arguments of a function: an expression, and its letter, first and last."""


class Leaf(NamedTuple):
    """A quantity with an index, in a shape."""

    family: str
    places: int


class Run(NamedTuple):
    """So many parts of one shape, in a shape: from one to the next their numbers, which count this, grow by these."""

    axis: Axis
    length: int
    steps: Numbers
    part: Any


class Part(NamedTuple):
    """What is read of an expression: its shape, the numbers in it, and what each counts."""

    shape: Any
    numbers: Numbers = ()
    axes: tuple[Axis, ...] = ()


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
    def reason(self) -> str:
        """Why the first of the lines holds."""
        return self.steps[0].reason

    @property
    def shown(self) -> sp.Expr:
        """The right side in its shortest form."""
        return self.rhs if self.cancelled is None else self.cancelled

    def values(self, step: Step) -> dict[str, int]:
        """The value of each letter of the left side in one of the lines.

        >>> import bpkit as bp
        >>> family = bp.derive(bp.Network(2, 3)).families()[0]
        >>> [family.values(step) for step in family.steps]
        [{'j': 1}, {'j': 2}, {'j': 3}]
        """
        found = {}
        for place, value in zip(self.lhs.args[1:], step.quantity.indices):
            more, rest = place.as_coeff_Add()
            times, letter = rest.as_coeff_Mul()
            if letter.is_Symbol:
                found[letter.name] = int((value - more) / times)
        return found

    @cached_property
    def missing(self) -> list[dict[str, int]]:
        """The values of the letters of the left side for which there is no line, such as those of a diagonal.

        >>> import bpkit as bp
        >>> softmax = bp.derive(bp.Network(1, 2, activation="softmax", loss="cross_entropy")).families()
        >>> [(str(family.lhs), family.missing) for family in softmax if family.missing]
        [('dout_o/dnet_o[j, k]', [{'j': 1, 'k': 1}, {'j': 2, 'k': 2}])]
        """
        letters = [*self.index][: self.free]
        found = {tuple(map(self.values(step).__getitem__, letters)) for step in self.steps}
        every = product(*(range(low, high + 1) for low, high in map(self.index.__getitem__, letters)))
        return [dict(zip(letters, values)) for values in every if values not in found]


def axes_of(quantity: Quantity) -> Numbers:
    """What each index counts; if nothing is said, the last the neurons of its block, one before those before it.

    >>> axes_of(Quantity("w", "h2_", (1, 3), block=2))
    (1, 2)
    """
    if quantity.axes:
        return quantity.axes
    inside = [axes_of(one) for one in (quantity.of, quantity.by) if one]
    return (*sum(inside, ()), *range(quantity.block - len(quantity.index) + 1, quantity.block + 1))


def _joined(head: Any, parts: Iterable[Part]) -> Part:
    shapes, numbers, axes = zip(*parts)
    return Part((head, *shapes), sum(numbers, ()), sum(axes, ()))


def _runs(parts: list[Part]) -> list[Part]:
    """Parts of one shape whose numbers grow evenly as one; found from the last on, as a function's row is last."""
    found = []
    end = len(parts)
    while end:
        start, steps = end - 1, None
        while start and parts[start - 1].shape == parts[start].shape:
            grown = tuple(b - a for a, b in zip(parts[start - 1].numbers, parts[start].numbers))
            if not any(grown) or any(abs(one) > 1 for one in grown) or steps not in (None, grown):
                break
            start, steps = start - 1, grown
        first = parts[start]
        if steps:
            axis = next(axis for axis, step in zip(first.axes, steps) if step)
            first = first._replace(shape=Run(axis, end - start, steps, first.shape))
        found.append(first)
        end = start
    return found[::-1]


def _windowed(indices: Numbers, size: Numbers) -> Numbers:
    """Indices, and behind them the number of the window that each is in, for windows of more than one.

    >>> [_windowed((i,), (2,)) for i in (1, 2, 3, 4)]
    [(1, 1), (2, 1), (3, 2), (4, 2)]
    """
    return (*indices, *(-(-one // many) for one, many in zip(indices, size) if many > 1))


def _groups(members: Iterable[tuple[Step, Part]], size: Numbers = ()) -> list[tuple[list[Step], list[Options]]]:
    """Lines of one shape whose numbers follow from their own indices in the same way, with what each may be."""
    groups: list[tuple[list[Step], list[Options]]] = []
    for step, line in members:
        own = _windowed(step.quantity.indices, size)
        added = {of: sum(own[a] if a >= 0 else -own[~a] for a in of) for of in _sums(len(own))}
        for steps, options in groups:
            both = [{of: n for of, n in may.items() if added[of] + n == one} for one, may in zip(line.numbers, options)]
            if all(both):
                steps.append(step)
                options[:] = both
                break
        else:
            groups.append(([step], [{of: one - more for of, more in added.items()} for one in line.numbers]))
    return groups


def _by_window(members: list[tuple[Step, Part]], groups: list[Any]) -> tuple[list[Any], Numbers]:
    """Groups that are windows of one size, as one group for each place in a window, if these are fewer."""
    sizes = {tuple(len({*column}) for column in zip(*(step.quantity.indices for step in steps))) for steps, _ in groups}
    size = sizes.pop()
    if not sizes and 1 < prod(size) < len(groups):
        places: dict[Numbers, list[tuple[Step, Part]]] = defaultdict(list)
        for step, line in members:
            places[tuple(one % many for one, many in zip(step.quantity.indices, size))].append((step, line))
        found = [group for place in places.values() for group in _groups(place, size)]
        if len(found) < len(groups):
            return found, size
    return groups, ()


@cache
def _sums(axes: int) -> list[Numbers]:
    """Nothing, each own index, three times it, and sums and differences of two.

    >>> _sums(1)
    [(), (0,), (0, 0, 0), (0, 0)]
    """
    pairs = combinations_with_replacement(range(-axes, axes), 2)
    return [
        (),
        *((a,) * many for a in range(axes) for many in (1, 3)),
        *((a, b) for a, b in pairs if b >= 0 and b != ~a),
    ]


def rebuilt(head: Any, args: list[sp.Expr]) -> sp.Expr:
    """An expression with other parts, as it was written.

    >>> rebuilt(sp.Add, [sp.Integer(1), sp.Integer(1)])
    1 + 1
    """
    if len(args) == 1 and issubclass(head, sp.Max | sp.Min):
        return sp.Basic.__new__(head, *args)  # the largest number of a row
    if issubclass(head, sp.Add | sp.Mul):
        return args[0] if len(args) == 1 else head._from_args(args)
    if issubclass(head, (sp.Pow, sp.Piecewise, Relational, *_WITH_ROWS)):
        return head(*args, evaluate=False)
    return head(*args)


_WITH_ROWS = (sp.Function, sp.Max, sp.Min)


class _Folder:
    """Reads lines as shapes and numbers, and fills families in again."""

    def __init__(self, quantities: Mapping[str, Quantity]) -> None:
        families = {q.family: q for q in quantities.values()}
        self.leaves = {**families, **quantities}
        self.letters = [letter for letter in LETTERS if letter not in self.leaves]
        axes = {name: axes_of(q) for name, q in families.items()}
        self.found = {
            name: Part(Leaf(q.family, len(q.indices)) if q.indices else (None, q.symbol), q.indices, axes[q.family])
            for name, q in quantities.items()
        }
        seen: dict[int, set[int]] = defaultdict(set)
        for q in quantities.values():
            for axis, number in zip(axes[q.family], q.indices):
                seen[axis].add(number)
        self.axes: list[Axis] = [*sorted(seen)]
        self.alone = {axis for axis, numbers in seen.items() if len(numbers) == 1}
        self.symbols = {(q.family, q.indices): q.symbol for q in quantities.values()}

    def line(self, step: Step) -> Part:
        """All right sides of a line as one; its head says which is where."""
        sides = [step.rhs] + [one for one in (step.stable, step.cancelled) if one is not None and one is not step.rhs]
        head = tuple(None if one is None else sides.index(one) for one in (step.rhs, step.stable, step.cancelled))
        own = self.found[step.name].axes
        return _joined(head, [self._term(self._read(side, own), own) for side in sides])

    def _term(self, part: Part, own: Collection[Axis]) -> Part:
        """A term: w1 · x1 is a sum over the row before, also where that is a row of one."""
        for axis in dict.fromkeys(part.axes):
            if axis in self.alone and axis not in own:
                steps = tuple(int(one == axis) for one in part.axes)
                axes = tuple(None if one == axis else one for one in part.axes)
                part = part._replace(shape=Run(axis, 1, steps, part.shape), axes=axes)
        return part

    def _read(self, expr: sp.Expr, own: Collection[Axis]) -> Part:
        if not expr.args:  # SymPy would take the name of a leaf that it is compared with for an expression
            return (self.found.get(expr.name) if expr.is_Symbol else None) or Part((None, expr))
        parts = [self._read(arg, own) for arg in expr.args]
        if isinstance(expr, sp.Max | sp.Min | sp.And):
            parts.sort(key=lambda part: part.numbers)  # SymPy sorts them by their names
        if expr.is_Add or isinstance(expr, _WITH_ROWS):
            before = 0
            while len(parts) != before:  # a double sum is a run of runs
                before, parts = len(parts), _runs(parts)
        return _joined(expr.func, [self._term(part, own) for part in parts] if expr.is_Add else parts)

    def gives_back(self, family: Family) -> bool:
        """Does a family, filled in for each of its lines, say what the line says?"""
        fills = {ours: self.fill(ours) for ours in SIDES(family)}
        lines = ((family.values(step), {*zip(SIDES(family), SIDES(step))}) for step in family.steps)
        try:
            return all(fills[ours](values) == [theirs] for values, sides in lines for ours, theirs in sides)
        except KeyError:  # no quantity has this index
            return False

    def fill(self, expr: sp.Expr | None, within: Any = None) -> Fill:
        """What writes an expression with numbers in the places of letters: one part, or those of a sum or of a row."""
        if isinstance(expr, sp.Indexed):
            family, places = expr.base.name, [*map(_number, expr.indices)]
            return lambda values: [self.symbols[family, tuple([place(values) for place in places])]]
        if expr is None or not expr.args:
            return lambda values: [expr]
        if not isinstance(expr, sp.Sum | Row):
            fills = [self.fill(arg, expr.func) for arg in expr.args]
            return lambda values: [rebuilt(expr.func, [one for fill in fills for one in fill(values)])]
        part, *limits = expr.args
        fill, letters = self.fill(part), [letter.name for letter, *_ in limits[::-1]]
        rows = [*product(*(range(int(low), int(high) + 1) for _, low, high in limits[::-1]))]

        def each(values: Mapping[str, int]) -> list[sp.Expr]:
            return [one for row in rows for one in fill({**values, **dict(zip(letters, row))})]

        return each if isinstance(expr, Row) or within is sp.Add else lambda values: [total(*each(values))]


def _number(index: sp.Expr) -> Fill:
    """What gives the number of an index such as j + s - 1.

    >>> j, s = sp.symbols("j s", integer=True)
    >>> _number(j + s - 1)({"j": 2, "s": 3})
    4
    """
    rest, terms = index.as_coeff_Add()
    letters = [(int(by), one.name) for one, by in terms.as_coefficients_dict().items() if one != 1]
    return lambda values: sum([by * values[name] for by, name in letters], int(rest))


class _Writer:
    """Writes lines of one shape as a family: letters for own indices first, then for sums."""

    def __init__(
        self, folder: _Folder, steps: list[Step], line: Part, options: list[Options], size: Numbers = ()
    ) -> None:
        self.folder, self.steps, self.line, self.options = folder, steps, line, options
        self.index: dict[str, tuple[int, int]] = {}
        columns = [*zip(*(_windowed(step.quantity.indices, size) for step in steps))]  # the values of each own index
        self.varies = [len({*column}) > 1 for column in columns]
        own = folder.found[steps[0].name].axes
        # What follows the number of a window says what that counts.
        follows = [[axis for axis, may in zip(line.axes, options) if may.get((b,)) == 0] for b in range(len(columns))]
        counts = [axes[0] if axes else None for axes in follows[len(own) :]]
        self.axes = (*own, *counts)
        windows = [self._letter(axis, min(one), max(one), self.index) for axis, one in zip(counts, columns[len(own) :])]
        self.own: list[sp.Expr] = []
        inside = iter(zip(windows, columns[len(own) :]))
        for a, (axis, column) in enumerate(zip(own, columns)):
            if size and size[a] > 1:
                letter, numbers = next(inside)
                self.own.append(size[a] * letter + (column[0] - size[a] * numbers[0]))
                continue
            ahead = [b for b in range(a) if self.varies[a] or self.axes[b] == axis]
            # A letter before, or a multiple of it, and so much more.
            apart = (
                (b, m, {mine - m * other for mine, other in zip(column, columns[b])}) for b in ahead for m in (1, 2, 3)
            )
            twins = [m * self.own[b] + min(by) for b, m, by in apart if len(by) == 1]
            if not self.varies[a] and axis not in folder.alone:
                self.own.append(sp.Integer(column[0]))
            else:
                self.own.append(twins[0] if twins else self._letter(axis, min(column), max(column), self.index))
        self.left = [*self.own]
        self.own += windows
        self.free = [*self.index]

    def family(self) -> Family:
        """The family that the lines make."""
        self.places = [self._place(axis, may) for axis, may in zip(self.line.axes, self.options)]
        head, *shapes = self.line.shape
        sides = [self._written(shape, self.free) for shape in shapes]
        rhs, stable, cancelled = (None if side is None else sides[side] for side in head)
        first, leaves = self.steps[0].quantity, self.folder.leaves
        lhs = _indexed(first.family, self.left) if self.left else first.symbol
        return Family(lhs, rhs, stable, cancelled, tuple(self.steps), leaves, self.index, len(self.free))

    def _letter(self, axis: Axis, low: int, high: int, taken: Iterable[str]) -> sp.Symbol:
        """The letter of what an index counts, or another that is free on this line."""
        letters = self.folder.letters
        place = self.folder.axes.index(axis) % len(letters)
        used = {*taken, *(one for one in self.index if self.index[one] != (low, high))}
        letter = next(one for one in (*letters[place:], *letters) if one not in used)
        self.index[letter] = low, high
        return sp.Symbol(letter, integer=True)

    def _place(self, axis: Axis, options: Options) -> sp.Expr:
        """What is written for a number: as few own indices as can be, and rather one that counts the same."""
        fitting = []
        for of, number in options.items():
            kin = len(of) == 1 and self.axes[of[0]] == axis
            follows = all(self.varies[max(a, ~a)] for a in of) and not (len(of) > 1 and () in options)
            if of and (follows or kin):
                fitting.append((len(of), not kin, abs(number), (of, number)))
        of, number = min(fitting)[3] if fitting else ((), options[()])
        return sp.Integer(number) + sum(self.own[a] if a >= 0 else -self.own[~a] for a in of)

    def _written(self, shape: Any, taken: Sequence[str], within: Any = sp.Add) -> sp.Expr:
        """A part of the right side; takes what is written for its numbers from the front of ``places``."""
        if isinstance(shape, Leaf):
            return _indexed(shape.family, [self.places.pop(0) for _ in range(shape.places)])
        if isinstance(shape, Run):
            step, start = next((step, place) for step, place in zip(shape.steps, self.places) if step)
            first = int(start) if start.is_Integer and step > 0 else 1
            last = first + shape.length - 1
            letter = self._letter(shape.axis, first, last, taken)
            for place, step in enumerate(shape.steps):
                self.places[place] += step * (letter - first)
            part = self._written(shape.part, [*taken, letter.name], within)
            return (sp.Sum if within is sp.Add else Row)(part, sp.Tuple(letter, first, last))
        head, *parts = shape
        return parts[0] if head is None else rebuilt(head, [self._written(part, taken, head) for part in parts])


def _indexed(family: str, index: list[sp.Expr]) -> sp.Expr:
    return sp.IndexedBase(family)[tuple(index)]


def folded(steps: Iterable[Step], quantities: Mapping[str, Quantity]) -> tuple[Family, ...]:
    """The lines as families, each in the place of its first line; ``quantities`` has every quantity by name.

    The work grows with the number of lines.
    """
    folder = _Folder(quantities)
    alike: dict[Any, list[tuple[Step, Part]]] = defaultdict(list)
    for step in steps:
        line = folder.line(step)
        alike[step.quantity.family, line.shape].append((step, line))
    families: list[Family] = []
    for members in alike.values():
        groups, size = _by_window(members, _groups(members))
        for group, options in groups:
            family = _Writer(folder, group, members[0][1], options, size).family()
            if folder.gives_back(family):
                families.append(family)
            else:
                families += (Family(s.lhs, s.rhs, s.stable, s.cancelled, (s,), folder.leaves) for s in group)
    return tuple(sorted(families, key=lambda family: family.steps[0].number))
