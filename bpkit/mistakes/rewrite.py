"""A misconception as data: a name, a sentence, and how it writes some lines of the derivation."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import sympy as sp

from bpkit.core.chain_rule import Step, behind
from bpkit.core.derivation import Derivation
from bpkit.core.expressions import MINUS, names_in, product, put, total
from bpkit.core.functions import computable
from bpkit.core.quantities import Role

S = sp.Symbol
FAR_FETCHED = 3  # from this rank on a misconception is hardly ever met
# What a mistake may multiply by, though no line of the derivation does: the number of samples, and numbers that are 0
# for all samples but the last, or the first, so that a mean (or a sum) keeps the value of that one.
SAMPLES, LAST, FIRST = "n_samples", "only_last", "only_first"
COUNTS = frozenset({SAMPLES, "learning_rate"})
Edit = Callable[[sp.Expr], sp.Expr]


@dataclass(frozen=True, eq=False, repr=False)
class Misconception:
    """One mistake, as it looks on one network: its stable ``name``, what ``you`` do, a ``sentence`` on why that is
    wrong, and its ``edits``.

    ``edits`` maps the names of lines to what the mistake makes of their right sides. Where a mistake comes in several
    shapes (one path or the other), each is a misconception of the same name whose ``detail`` says which. ``of_answer``
    marks slips in the answer itself, which training would not repeat, ``of_batch`` those that take several samples.
    ``rank`` is 1 for the likeliest mistakes. ``convention`` says where others do so rightly.
    """

    name: str
    you: str
    sentence: str
    detail: str
    edits: Mapping[str, Edit]
    of_answer: bool = False
    of_batch: bool = False
    rank: int = 2
    convention: str = ""

    @property
    def scales(self) -> bool:
        """Does it multiply lines by a plain factor, and nothing else?"""
        return all(isinstance(edit, Times) and edit.plain for edit in self.edits.values())

    def applied(self, derivation: Derivation) -> Derivation:
        """The whole derivation as the mistake writes it."""
        changed = Rewriter(derivation)((self,))
        return replace(derivation, steps=tuple(changed.get(step.name, step) for step in derivation))

    def __repr__(self) -> str:
        return f"Misconception({self.name!r}" + (f", {self.detail})" if self.detail else ")")


class Rewriter:
    """Writes the lines of a derivation as some mistakes, made one after the other, would have them.

    ``given`` names lines whose values are handed in from elsewhere. What a line becomes is remembered, as the same
    mistakes meet it in many pairs.
    """

    def __init__(self, steps: Iterable[Step], given: Iterable[str] = ()) -> None:
        self.true = {step.name: step for step in steps}
        self.given = frozenset(given)
        made = (step for step in self.true.values() if step.role is Role.FORWARD)
        outs = {step.name for step in made if step.quantity.tag in ("out", "share")}
        # A stable spelling rests on lines being true: a slope that is computed from net assumes out = f(net), a
        # cancelled delta assumes the slopes, the lines that lead from what it uses to what the readable one does. Where
        # one of them is rewritten, the line is computed as it is read.
        self.linked = {
            step.name: (
                outs | behind(read, self.true, computed),
                replace(step, stable=computable(step.rhs), cancelled=None),
            )
            for step in self.true.values()
            if (read := names_in(step.rhs)) != (computed := names_in(step.stable))
        }
        self._known: dict[tuple[object, ...], Step | None] = {}

    def __call__(self, mistakes: Iterable[Misconception]) -> dict[str, Step]:
        """Only the lines that change, by name."""
        by_line: dict[str, list[Edit]] = {}
        for mistake in mistakes:
            for name, edit in mistake.edits.items():
                by_line.setdefault(name, []).append(edit)
        changed = {name: step for name, edits in by_line.items() if (step := self.line(name, edits))}
        touched = self.given.union(changed)
        for name, (assumed, as_read) in self.linked.items():
            if not assumed.isdisjoint(touched):
                changed.setdefault(name, as_read)
        return changed

    def line(self, name: str, edits: Iterable[Edit]) -> Step | None:
        """What a line becomes under edits that are made one after the other; None where they change nothing."""
        key = (name, *edits)
        if key not in self._known:
            step, rhs = self.true[name], self.true[name].rhs
            for edit in edits:
                rhs = edit(rhs)
            changed = replace(step, rhs=rhs, stable=computable(rhs), cancelled=None) if rhs != step.rhs else None
            self._known[key] = changed
        return self._known[key]


class SideBySide:
    """What lines become in many ways of making mistakes; only a line that is asked for is written."""

    def __init__(self, rewriter: Rewriter, ways: Sequence[Iterable[Misconception]]) -> None:
        self.rewriter, self.ways = rewriter, ways
        self._made: dict[Misconception, list[int]] = {}  # each mistake with the ways that make it
        for number, way in enumerate(ways):
            for mistake in way:
                self._made.setdefault(mistake, []).append(number)
        self._known: dict[str, list[tuple[Step, list[int]]]] = {}

    def others(self, name: str) -> dict[sp.Expr, list[int]]:
        """The right sides of a line that are not the true one, each with the numbers of the ways that have it."""
        found: dict[sp.Expr, list[int]] = {}
        for step, numbers in [*self._changed(name), *self._as_read(name)]:
            known = found.get(step.stable)
            found[step.stable] = sorted([*known, *numbers]) if known else numbers
        return found

    def _changed(self, name: str) -> list[tuple[Step, list[int]]]:
        """What edits of its own make of a line, and in which ways."""
        if name not in self._known:
            edits = {one: one.edits[name] for one in self._made if name in one.edits}
            several: dict[tuple[Edit, ...], list[int]] = {}
            for number in sorted({number for one in edits for number in self._made[one]}):
                several.setdefault(tuple([edits[one] for one in self.ways[number] if one in edits]), []).append(number)
            found = ((self.rewriter.line(name, made), numbers) for made, numbers in several.items())
            self._known[name] = [(step, numbers) for step, numbers in found if step]
        return self._known[name]

    def _as_read(self, name: str) -> list[tuple[Step, list[int]]]:
        """The line as it is read, and the ways that leave it but change what its stable spelling rests on."""
        if name not in self.rewriter.linked:
            return []
        assumed, as_read = self.rewriter.linked[name]
        loose = {number for line in assumed for _, numbers in self._changed(line) for number in numbers}
        if not assumed.isdisjoint(self.rewriter.given):
            loose = {*range(len(self.ways))}
        loose -= {number for _, numbers in self._changed(name) for number in numbers}
        return [(as_read, sorted(loose))] if loose else []


# The edits, each a small function from right side to right side.


def becomes(expr: sp.Expr | str) -> Edit:
    """Replaces the whole right side of a line.

    >>> becomes("out_h1")(S("net_h1"))
    out_h1
    """
    other = S(expr) if isinstance(expr, str) else expr
    return lambda rhs: other


@dataclass(frozen=True)
class Times:
    """The right side multiplied by something."""

    factors: tuple[sp.Expr, ...]

    def __call__(self, rhs: sp.Expr) -> sp.Expr:
        return product(*self.factors, rhs)

    @property
    def plain(self) -> bool:
        """Is that a number, the learning rate or the count of samples?"""
        return all(names_in(factor) <= COUNTS for factor in self.factors)


def times(*factors: sp.Expr | str) -> Edit:
    """The right side multiplied by something.

    >>> times("w5")(S("delta"))
    delta*w5
    """
    return Times(tuple(S(factor) if isinstance(factor, str) else factor for factor in factors))


def instead(names: Mapping[str, str]) -> Edit:
    """Other quantities in the places of some, all at once.

    >>> instead({"w5": "w6", "w6": "w5"})(S("w5") / S("w6"))
    w6/w5
    """
    values = {S(old): S(new) for old, new in names.items()}
    return lambda rhs: put(rhs, values)


def instead_of(old: sp.Expr, new: sp.Expr) -> Edit:
    """One expression instead of another.

    >>> instead_of(S("out") * S("w5"), S("net"))(S("out") * S("w5") + S("b"))
    b + net
    """
    return lambda rhs: put(rhs, {old: new})


def without(*factors: sp.Expr | str) -> Edit:
    """Some factors left out, wherever they multiply.

    >>> without("w5")(S("a") * S("w5") + S("b") * S("w5"))
    a + b
    """
    gone = {S(factor) if isinstance(factor, str) else factor for factor in factors}

    def edit(rhs: sp.Expr) -> sp.Expr:
        if isinstance(rhs, sp.Mul):
            return product(*(edit(factor) for factor in rhs.args if factor not in gone))
        if isinstance(rhs, sp.Add):
            return total(*map(edit, rhs.args))
        return rhs

    return edit


def only(*symbols: str) -> Edit:
    """Of a sum only the terms that hold one of some symbols.

    >>> only("w5")(S("a") * S("w5") + S("b") * S("w6"))
    a*w5
    """

    def edit(rhs: sp.Expr) -> sp.Expr:
        kept = [term for term in rhs.args if not names_in(term).isdisjoint(symbols)] if rhs.is_Add else []
        return total(*kept) if kept else rhs

    return edit


def negating(*symbols: str) -> Edit:
    """Of a sum the terms that hold one of some symbols, with the other sign.

    >>> negating("b2")(S("a") + S("b2"))
    a - b2
    """

    def edit(rhs: sp.Expr) -> sp.Expr:
        turned = (term if names_in(term).isdisjoint(symbols) else product(MINUS, term) for term in rhs.args)
        return total(*turned) if rhs.is_Add else rhs

    return edit


def omitting(symbol: str) -> Edit:
    """Of a sum every term but those that hold a symbol.

    >>> omitting("b2")(S("a") * S("w5") + S("b2"))
    a*w5
    """

    return lambda rhs: total(*(term for term in rhs.args if symbol not in names_in(term))) if rhs.is_Add else rhs


def dropping(*symbols: str) -> Edit:
    """Of a sum, or of a single term, what holds none of some symbols; nothing left is 0.

    >>> dropping("b2")(S("a") * S("w5") + S("b2")), dropping("b2")(S("b2"))
    (a*w5, 0)
    """

    def edit(rhs: sp.Expr) -> sp.Expr:
        terms = rhs.args if rhs.is_Add else (rhs,)
        kept = [term for term in terms if names_in(term).isdisjoint(symbols)]
        return total(*kept) if kept else sp.S.Zero

    return edit
