"""Evaluates a derivation many times over, side by side: once as it is and once for each way of writing it wrongly.

Every line becomes one row of numbers, a column for each way; where a way writes the line differently its column is
overwritten. One call on arrays thus replaces thousands of evaluations.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from itertools import combinations
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np
import sympy as sp

from bpkit.core.chain_rule import Step, behind
from bpkit.core.code import code, identifier
from bpkit.core.derivation import Derivation
from bpkit.core.expressions import names_in
from bpkit.core.problem import Problem
from bpkit.core.program import averaged, compiled, inlined
from bpkit.core.quantities import Role
from bpkit.core.runtime import Array
from bpkit.mistakes.misconceptions import catalogue, catalogue_of_training
from bpkit.mistakes.question import SIDE_BY_SIDE, Question, question, turn
from bpkit.mistakes.rewrite import FIRST, LAST, SAMPLES, Misconception, Rewriter, SideBySide

PAIR_MEMBERS = 110
Columns = np.ndarray[Any, np.dtype[np.int64]] | slice
Way = tuple[Misconception, ...]  # mistakes made together; () is the derivation as it is
Settle = Callable[[str, Array], Array]  # what becomes of a line's numbers before others use them


@dataclass(frozen=True, eq=False)
class Plan:
    """Compiled ways: ``columns`` of them, their wanted ``lines``."""

    columns: int
    lines: tuple[Step, ...]
    run: Callable[..., tuple[Any, ...]]

    @property
    def updating(self) -> bool:
        """Are all the lines wanted those of the update?"""
        return all(line.role is Role.UPDATE for line in self.lines)


@lru_cache(maxsize=64)
def rewriter_of(derivation: Derivation, given: frozenset[str] = frozenset()) -> Rewriter:
    """The rewriter of a derivation's lines, which remembers the mistakes that it has met.

    >>> import bpkit as bp
    >>> d = bp.derive(bp.Network(1, 1))
    >>> sorted(rewriter_of(d)(catalogue(d)[:1])), catalogue(d)[:1]
    (['b1_new', 'w1_new'], (Misconception('adds the gradient'),))
    """
    return Rewriter(derivation, given)


def replaced(derivation: Derivation) -> dict[str, str]:
    """The lines of an update, and the given number that each of them replaces in the next one.

    >>> import bpkit as bp
    >>> replaced(bp.derive(bp.Network(2, 1)))
    {'w1_new': 'w1', 'w2_new': 'w2', 'b1_new': 'b1'}
    """
    new = {s.name: s.quantity.of.name for s in derivation if s.quantity.mark and s.quantity.of}
    return {**new, **derivation.program.new}


def plan(
    derivation: Derivation, ways: Sequence[Way], wanted: Iterable[str], given: frozenset[str] = frozenset()
) -> Plan:
    """Compile the lines that the wanted quantities need, in all the ways."""
    rewriter = rewriter_of(derivation, given)
    places = rewriter.true
    others = cache(SideBySide(rewriter, ways).others)
    wanted = tuple(wanted)
    body: list[str] = []
    indices: list[Columns] = []
    for name in _order(places, others, wanted, given):
        own, line = identifier(name), places[name]
        if name in given:
            body.append(f"{own} = settle__({name!r}, full__({own}))")
            continue
        mean = "mean__" if averaged(line) and line.role is not Role.UPDATE else ""
        true = f"{mean}({code(line.stable, arrays=True)})"
        if wrong := others(name):
            body.append(f"{own} = full__({true})")
            for expr, columns in wrong.items():
                body.append(f"over__({own}, columns__[{len(indices)}], {mean}({code(expr, arrays=True)}))")
                indices.append(_side_by_side(columns))
            body.append(f"{own} = settle__({name!r}, {own})")
        else:
            body.append(f"{own} = settle__({name!r}, {true})")
    body.append(f"return ({', '.join(map(identifier, wanted))},)")
    arguments = [*derivation.program.givens, *map(identifier, sorted(given)), *_HELPERS]
    functions = derivation.network.functions
    run = compiled("evaluate", arguments, body, functions, True, columns__=indices, over__=_over)
    return Plan(len(ways), tuple(places[name] for name in wanted), run)


_HELPERS = (SAMPLES, LAST, FIRST, "full__", "mean__", "settle__")


def _side_by_side(columns: list[int]) -> Columns:
    """Columns next to each other as a slice, which is several times as quick."""
    first, end = columns[0], columns[-1] + 1
    return slice(first, end) if end - first == len(columns) else np.array(columns)


def _over(row: Array, columns: Columns, values: Any) -> None:
    wide = getattr(values, "shape", ())[-1:] == row.shape[-1:]  # else one number for all columns
    row[..., columns] = values[..., columns] if wide else values


def _order(
    steps: Mapping[str, Step],
    others: Callable[[str], Iterable[sp.Expr]],
    wanted: Iterable[str],
    given: frozenset[str],
) -> list[str]:
    """The lines that are needed, each after those that any way of writing it uses."""
    order: list[str] = []
    state: dict[str, bool] = {}

    def visit(name: str) -> None:
        if name not in steps or name in state:
            return
        state[name] = True
        if name not in given:
            for expr in (steps[name].stable, *others(name)):
                for symbol in sorted(names_in(expr)):
                    visit(symbol)
        order.append(name)

    for name in wanted:
        visit(name)
    return order


def outcomes(
    made: Plan, problem: Problem, given: Mapping[str, float] | None = None, settle: Settle | None = None
) -> dict[str, Array]:
    """Run a plan: every wanted quantity as an array, a number for each way (on a batch the mean over the samples).

    ``given`` holds the values of lines that are handed in. A way that leaves the floats holds ``inf`` or ``nan``.

    >>> import bpkit as bp
    >>> asked = question(bp.examples.article.problem, "net_h1")
    >>> outcomes(plan(asked.derivation, mistakes(asked)[:2], ["net_h1"]), asked.problem)["net_h1"].round(3).tolist()
    [0.505, 0.055]
    """
    return _run(made, problem, {}, given or {}, settle)


def sample_by_sample(made: Plan, problem: Problem) -> dict[str, Array]:
    """Run a plan: every wanted quantity as an array with a row for each sample and a column for each way.

    What is one number for the whole batch stands in every row.
    """
    return _rows(made, problem, {}, {}, None)


def learnt(made: Plan, problem: Problem, updates: int) -> dict[str, Array]:
    """Repeat a plan of updates: the new values of the numbers that each replaces, by their names."""
    return _repeated(made, problem, updates, {}, None)


def after(
    made: Plan,
    problem: Problem,
    updates: int,
    last: Plan,
    given: Mapping[str, float] | None = None,
    settle: Settle | None = None,
) -> dict[str, Array]:
    """Repeat a plan of updates, in every way, and evaluate another with what each has reached.

    Values ``given`` are handed in again at every update: meant for one.
    """
    start = _repeated(made, problem, updates, given or {}, settle)
    return _run(last, turn(problem, updates) if last.updating else problem, start, {}, settle)


def _repeated(
    made: Plan, problem: Problem, updates: int, given: Mapping[str, float], settle: Settle | None
) -> dict[str, Array]:
    start: dict[str, Array] = {}
    follows = replaced(problem.derivation)
    for update in range(updates):
        new = _run(made, turn(problem, update), start, given, settle)
        start = {follows[name]: values for name, values in new.items()}
    return start


def _run(
    made: Plan, problem: Problem, start: Mapping[str, Array], given: Mapping[str, float], settle: Settle | None
) -> dict[str, Array]:
    """The mean over the samples of every row."""
    rows = _rows(made, problem, start, given, settle)
    # + 0.0 turns a negative zero round, as the mean does
    return {name: row.mean(axis=0) if len(row) > 1 else row[0] + 0.0 for name, row in rows.items()}


def _rows(
    made: Plan, problem: Problem, start: Mapping[str, Array], given: Mapping[str, float], settle: Settle | None
) -> dict[str, Array]:
    samples = len(problem.inputs) if problem.is_batch else 1
    shape = (samples, made.columns)
    summed = problem.batch == "sum"

    def full(values: Any) -> Array:
        array = np.empty(shape)
        array[...] = values
        return array

    def settled(values: Any) -> Any:
        if samples == 1:
            return values
        wide = np.broadcast_to(values, shape)
        return wide.sum(axis=0) if summed else wide.mean(axis=0)

    # A row for each sample, or one number for all; arrays throughout, as the lines choose element by element.
    numbers = {name: np.asarray(value, dtype=float).reshape(-1, 1) for name, value in problem.givens.items()}
    handed = {identifier(name): np.float64(value) for name, value in given.items()}
    last = np.where(np.arange(samples) == samples - 1, 1.0 if summed else float(samples), 0.0)[:, None]
    helpers = dict(zip(_HELPERS, (float(samples), last, last[::-1], full, settled, settle or _as_they_are)))
    with np.errstate(all="ignore"):
        rows = made.run(**{**numbers, **start}, **handed, **helpers)
        return {step.name: full(row) for step, row in zip(made.lines, rows)}


def _as_they_are(name: str, values: Array) -> Array:
    return values


@lru_cache(maxsize=512)
def _loop(derivation: Derivation, way: Way) -> Callable[..., tuple[float, ...]]:
    """The updates as one way would have them, in straight lines of floats."""
    rewriter, follows = rewriter_of(derivation), replaced(derivation)
    steps = {**rewriter.true, **rewriter(way)}
    rows = inlined([steps[name] for name in _order(steps, lambda name: (), follows, frozenset())])
    body = [f"    {identifier(step.name)} = {code(expr)}" for step, expr in rows]
    names = ", ".join(follows.values())
    body = ["for left in range(steps):", *body, f"    {names}, = {', '.join(follows)},", f"return ({names},)"]
    arguments = [*derivation.program.givens, *_HELPERS[:3], "steps"]
    return compiled("train", arguments, body, derivation.network.functions)


def long_after(ways: Sequence[Way], problem: Problem, updates: int, last: Plan) -> dict[str, Array]:
    """As ``after``, for one sample and many updates: each way by itself, as fast as floats go."""
    derivation = problem.derivation
    names = [*replaced(derivation).values()]
    table = np.full((len(ways), len(names)), np.nan)
    for row, way in zip(table, ways):
        # A way whose numbers leave the floats leads nowhere.
        with suppress(ArithmeticError, ValueError):
            row[:] = _loop(derivation, way)(**problem.givens, **dict.fromkeys(_HELPERS[:3], 1.0), steps=updates)
    return _run(last, problem, dict(zip(names, table.T)), {}, None)


# What mistakes make of a quantity


class _Scope(NamedTuple):
    """Where mistakes are looked for: on the way to a quantity, at once or behind updates, over several samples."""

    derivation: Derivation
    quantity: str
    trained: bool
    batch: bool


def _scope(asked: Question) -> _Scope:
    return _Scope(asked.derivation, asked.quantity, asked.updates > 0, asked.problem.is_batch)


@lru_cache(maxsize=1024)
def _touching(scope: _Scope, given: frozenset[str]) -> tuple[Misconception, ...]:
    """The misconceptions that rewrite a line which the quantity rests on, as far as it is not given."""
    derivation, trained = scope.derivation, scope.trained
    wanted = [scope.quantity, *(replaced(derivation) if trained else ())]
    lines = behind(wanted, derivation.with_inputs.by_name, given)
    known = [*catalogue(derivation), *(catalogue_of_training(derivation) if trained else ())]
    known = [m for m in known if not (trained and m.of_answer) and (scope.batch or not m.of_batch)]
    return tuple(m for m in known if lines & set(m.edits))


@lru_cache(maxsize=1024)
def _ways(scope: _Scope, kind: str, given: frozenset[str] = frozenset()) -> tuple[Way, ...]:
    """The derivation as it is (``true``), then each single mistake (``singles``); or two different ones (``pairs``)."""
    if kind == "pairs":
        likely = sorted(_touching(scope, given), key=lambda one: one.rank)[:PAIR_MEMBERS]
        pairs = ((a, b) for a, b in combinations(likely, 2) if a.name != b.name)
        return tuple(sorted(pairs, key=lambda pair: pair[0].rank + pair[1].rank))
    known = () if kind == "true" else _touching(scope, frozenset())
    return ((), *((m,) for m in known))


@lru_cache(maxsize=1024)
def _plan(scope: _Scope, kind: str, given: frozenset[str], updating: bool) -> Plan:
    ways = _ways(scope, kind, given if kind == "pairs" else frozenset())
    return plan(scope.derivation, ways, replaced(scope.derivation) if updating else [scope.quantity], given)


def values(
    asked: Question,
    kind: str,
    given: Mapping[str, float] | None = None,
    settle: Settle | None = None,
    columns: int | None = None,
) -> Array:
    """The asked quantity in all the ways of a kind: ``true``, ``singles``, ``pairs``.

    ``given`` hands in values of earlier lines (of the first pass). ``settle`` and ``columns`` treat the numbers on
    their way, for the ``true`` kind.

    >>> import bpkit as bp
    >>> values(question(bp.examples.article.problem, "net_h1"), "true").round(3).tolist()
    [0.505]
    """
    if settle:
        return _worked_out(asked, kind, given or {}, settle, columns)
    return _exactly(asked, kind, tuple(sorted((given or {}).items())))


@lru_cache(maxsize=64)
def _exactly(asked: Question, kind: str, given: tuple[tuple[str, float], ...]) -> Array:
    """The same for one number after the other that is typed: no caller may write to the array."""
    many = asked.updates > SIDE_BY_SIDE
    found = _long(asked, kind) if many else _worked_out(asked, kind, dict(given), None, None)
    found.flags.writeable = False
    return found


def _worked_out(
    asked: Question, kind: str, given: Mapping[str, float], settle: Settle | None, columns: int | None
) -> Array:
    trained, handed = asked.updates > 0, frozenset(given)
    if trained and kind == "pairs":  # what is given holds for one update: the pairs are those of the whole
        given, handed = {}, frozenset()
    made, last = (_plan(_scope(asked), kind, *more) for more in ((handed, trained), (frozenset(), False)))
    if columns:
        made, last = replace(made, columns=columns), replace(last, columns=columns)
    if trained:
        return after(made, asked.problem, asked.updates, last, given, settle)[asked.quantity]
    return outcomes(made, asked.problem, given, settle)[asked.quantity]


def _long(asked: Question, kind: str) -> Array:
    """After many updates: given values matter no more."""
    last = _plan(_scope(asked), kind, frozenset(), False)
    if asked.problem.is_batch:
        made = _plan(_scope(asked), kind, frozenset(), True)
        return after(made, asked.problem, asked.updates, last)[asked.quantity]
    return long_after(mistakes(asked, kind), asked.problem, asked.updates, last)[asked.quantity]


def value_in(asked: Question, way: Way) -> float:
    """What some mistakes, made together and at every update, make of the quantity.

    >>> import bpkit as bp
    >>> asked = question(bp.examples.article.problem, "net_h1")
    >>> mistakes(asked)[1], round(value_in(asked, mistakes(asked)[1]), 3)
    ((Misconception('leaves the bias out'),), 0.055)
    """
    last = plan(asked.derivation, (way,), [asked.quantity])
    if not asked.updates:
        found = outcomes(last, asked.problem)
    elif asked.problem.is_batch:
        made = plan(asked.derivation, (way,), replaced(asked.derivation))
        found = after(made, asked.problem, asked.updates, last)
    else:
        found = long_after((way,), asked.problem, asked.updates, last)
    return float(found[asked.quantity][0])


def mistakes(asked: Question, kind: str = "singles", given: Iterable[str] = ()) -> tuple[Way, ...]:
    """The ways that ``values`` has a number for, in its order; in pairs what is given holds no mistake.

    >>> import bpkit as bp
    >>> mistakes(question(bp.examples.article.problem, "net_h1"))[:3]
    ((), (Misconception('leaves the bias out'),), (Misconception('leaves the bias out', in the hidden layer),))
    """
    handed = frozenset(given) if kind == "pairs" and not asked.updates else frozenset[str]()
    return _ways(_scope(asked), kind, handed)


def wrong_values(problem: Problem, quantity: str) -> Mapping[Misconception, float]:
    """The value of a quantity with every misconception, the simplest mistakes first.

    Those that come out as the truth does, or leave the floats, are left out; different mistakes may share a value.

    >>> import bpkit as bp
    >>> wrong = wrong_values(bp.examples.article.problem, "net_h1")
    >>> {mistake.name for mistake, value in wrong.items() if round(value, 3) == 0.055}
    {'leaves the bias out'}
    """
    asked = question(problem, quantity)
    numbers = values(asked, "singles")
    return MappingProxyType(
        {way[0]: float(number) for way, number in _different(mistakes(asked), numbers) if np.isfinite(number)}
    )


def _different(ways: tuple[Way, ...], numbers: Array) -> Iterator[tuple[Way, float]]:
    for way, number in zip(ways[1:], numbers[1:]):
        if not abs(number - numbers[0]) <= 1e-12 * abs(numbers[0]):
            yield way, number
