"""Which mistakes give what a program gave: one of the catalogue, one that only arrays make, or two together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations, islice
from itertools import product as every

import numpy as np

from bpkit.core.numeric import evaluate
from bpkit.core.problem import Problem
from bpkit.core.quantities import Role
from bpkit.core.runtime import Array
from bpkit.mistakes.misconceptions import PROCEDURES
from bpkit.mistakes.misconceptions.batch_slips import sum_of_samples
from bpkit.mistakes.misconceptions.loss_slips import error_sign
from bpkit.mistakes.misconceptions.slope_slips import hidden_slope_forgotten, output_slope_forgotten
from bpkit.mistakes.misconceptions.update_slips import gradient_added, rate_forgotten
from bpkit.mistakes.programs.array_rules import ArrayRule, alternatives
from bpkit.mistakes.programs.expected import EXACT, Expected, agree, expected, laid, mistaken, ways_of
from bpkit.mistakes.programs.outcome import LOSS, OUTPUTS, Part
from bpkit.mistakes.programs.places import places
from bpkit.mistakes.question import Question
from bpkit.mistakes.rewrite import Misconception
from bpkit.mistakes.variants import Way

MOST = 2  # mistakes that are named together
MOST_PAIRS = 400
# Mistakes that are often made together.
USUAL = frozenset(
    {
        error_sign.name,
        output_slope_forgotten.name,
        hidden_slope_forgotten.name,
        sum_of_samples.name,
        gradient_added.name,
        rate_forgotten.name,
    }
)
# What is said of a wrong sign in some parts, where the error has the right one in the others.
MINUS = ("swap the sign", "there is a minus too many here, or a difference turned round")
CLUES = 16  # mistakes that explain something, and are tried in pairs


@dataclass(frozen=True)
class Hypothesis:
    """What a program may do wrong: ``way`` holds the rewritten lines, ``rules`` what happens to arrays after that."""

    name: str
    you: str
    sentence: str
    detail: str = ""
    rank: int = 2
    way: Way = ()
    rules: tuple[ArrayRule, ...] = ()
    parts: tuple[Part, ...] = ()  # that the array rules spoil

    @property
    def count(self) -> int:
        """How many mistakes it takes."""
        return max(1, len(self.way) + len(self.rules))


@dataclass(frozen=True, eq=False)
class Results:
    """The parts that a program gave on one problem, and how closely they are compared."""

    problem: Problem
    parts: Mapping[Part, Array]
    tolerance: float = EXACT
    shared: bool = False
    turned: bool | None = None  # whether square tables lie as for W @ x; None where either will do

    def fits(self, part: Part, columns: Array) -> Array:
        """For each column of expected numbers, whether a part has them."""
        value, shape = self.parts[part], columns.shape[:-1]
        lies = laid(value, shape, self.turned) or _stretched(value, shape)
        if value.size == 1 and len(shape) == 1:
            lies = [np.full(shape, value.item())]
        found = np.zeros(columns.shape[-1], dtype=bool)
        for array in lies:
            found |= agree(array, columns, self.tolerance)
        return found

    def right(self, expected: Expected) -> dict[Part, bool]:
        """Which parts are as they should be."""
        return {part: self.is_right(part, expected) for part in self.parts}

    def is_right(self, part: Part, expected: Expected) -> bool:
        """Is a part as it should be? Where a layer shares one bias, its derivative may be the sum of the shares."""
        place = part.place(expected)
        true = expected.truth(place)
        if self.fits(part, true[..., None])[0]:
            return True
        if not self.shared or not part.key or place.tag != "bias":
            return False
        total = np.full(true.shape, expected.truth(expected.of(Role.GRADIENT, part.key)).sum())
        whole = total if part.is_slope else expected.start(part.key) - self.problem.learning_rate * total
        return bool(self.fits(part, whole[..., None])[0])


def _stretched(value: Array, shape: tuple[int, ...]) -> list[Array]:
    """A table with one column, or one row, where all of them would be alike."""
    for lies in (value, value.T):
        if lies.ndim == 2 == len(shape) and all(a in (1, b) for a, b in zip(lies.shape, shape)):
            return [np.broadcast_to(lies, shape)]
    return []


def single(one: Misconception) -> Hypothesis:
    """A misconception of the catalogue."""
    return Hypothesis(one.name, one.you, one.sentence, one.detail, one.rank, (one,))


def of_arrays(rules: Sequence[ArrayRule], parts: Iterable[Part], way: Way = ()) -> Hypothesis:
    """A mistake in arrays, maybe after one of the catalogue."""
    known: list[Misconception | ArrayRule] = [*way, *rules]
    return Hypothesis(*_said(known), "", max(one.rank for one in known), way, tuple(rules), tuple(parts))


def together(way: Way) -> Hypothesis:
    """Several misconceptions of the catalogue at once."""
    return Hypothesis(*_said(way), "", sum(one.rank for one in way), way)


def _said(known: Sequence[Misconception | ArrayRule]) -> tuple[str, str, str]:
    """The name of several mistakes at once, what you do in them and why that is wrong."""
    name, you = (" and ".join(getattr(one, word) for one in known) for word in ("name", "you"))
    return name, you, ", and ".join(one.sentence for one in known)


def explained(results: Results) -> list[Hypothesis]:
    """Everything that gives all parts as they came, the simplest first."""
    whole = mistaken(results.problem)
    found = [*_of_the_catalogue(results, whole), *_in_arrays(results, whole), *_elsewhere(results)]
    found = found or [*_in_parts(results, whole)] or [*_pairs(results, whole)]
    return list({one.name: one for one in reversed(found)}.values())[::-1]


def _columns(results: Results, expected: Expected) -> dict[Part, Array]:
    return {part: results.fits(part, expected.arrays[part.place(expected).name]) for part in results.parts}


def _of_the_catalogue(results: Results, expected: Expected) -> Iterator[Hypothesis]:
    fits = np.logical_and.reduce([*_columns(results, expected).values()])
    told = set()
    for column in np.flatnonzero(fits):
        for one in expected.ways[column]:
            if one.name not in told:
                told.add(one.name)
                yield single(one)


def _in_parts(results: Results, expected: Expected) -> Iterator[Hypothesis]:
    """Mistakes that are made in some parts only, in one line of the update and not in the other."""
    columns = _columns(results, expected)
    wrong = [part for part, fits in columns.items() if not fits[0]]
    names = np.array(["", *(way[0].name for way in expected.ways[1:])])
    for name in dict.fromkeys(names[1:].tolist()):
        shapes = [np.flatnonzero(columns[part] & (names == name)) for part in wrong]
        if wrong and all(map(len, shapes)):
            (one,) = expected.ways[int(shapes[0][0])]
            made = single(one) if name != error_sign.name else replace(single(one), you=MINUS[0], sentence=MINUS[1])
            detail = f"in {' and '.join(part.name for part in wrong)} only"
            yield replace(made, detail=detail, parts=tuple(wrong))


def _in_arrays(results: Results, expected: Expected, column: int = 0, way: Way = ()) -> Iterator[Hypothesis]:
    """Rules of arrays that explain every part which a way does not."""
    fits = {part: bool(columns[column]) for part, columns in _columns(results, expected).items()}
    wrong = [part for part, right in fits.items() if not right]
    rules: dict[str, ArrayRule] = {}
    for part in wrong:
        rule = _rule_of(results, expected, part, column)
        if rule is None:
            return
        rules.setdefault(rule.name, rule)
    if 0 < len(rules) <= MOST - len(way):
        yield of_arrays([*rules.values()], wrong, way)


def _rule_of(results: Results, expected: Expected, part: Part, column: int) -> ArrayRule | None:
    if not part.key or results.problem.one_by_one:
        return None
    old = expected.start(part.key)
    for rule, gradient in alternatives(expected, part.key, column):
        wanted = [gradient] if part.is_slope else [*_stepped(old, gradient, results.problem.learning_rate)]
        value = results.parts[part]
        if any(
            agree(lies, array[..., None], results.tolerance)[0] for array in wanted for lies in laid(value, array.shape)
        ):
            return rule
    return None


def _stepped(old: Array, gradient: Array, rate: float) -> Iterator[Array]:
    """A parameter after a step along an array of maybe another shape, as NumPy stretches it."""
    shapes = {gradient.shape: gradient}
    if gradient.ndim == 1:
        shapes[(len(gradient), 1)] = gradient[:, None]
    for one in shapes.values():
        try:
            yield old - rate * one
        except ValueError:
            continue


def _elsewhere(results: Results) -> Iterator[Hypothesis]:
    """Mistakes in the way to the numbers; each way is right on another problem."""
    problem, network = results.problem, results.problem.network
    parts = [part for part in results.parts if part.key]
    name = network.parameters[0]
    quantity = f"dE_total/d{name}" if parts and parts[0].is_slope else f"{name}_new" if parts else "E_total"
    if Part(OUTPUTS) in results.parts:
        return
    for procedure in PROCEDURES:
        for detail, other, _ in procedure.elsewhere(Question(problem, quantity)):
            if all(_gives(results, part, other) for part in parts or results.parts):
                words = procedure.name, procedure.you, procedure.sentence
                yield Hypothesis(*words, detail, procedure.rank)
                break


def _gives(results: Results, part: Part, other: Question) -> bool:
    """Has a part the numbers of another problem, after its updates?"""
    reached = other.problem.updated(other.updates) if other.updates else other.problem
    place = places(other.derivation).get(part.place(expected(results.problem)).name)
    if place is None or reached.network.parameters != results.problem.network.parameters:
        return False
    values = evaluate(reached)
    numbers = np.array([values[line] for line in place.lines.flat]).reshape(place.lines.shape)
    more = reached.n_samples // results.problem.n_samples  # of all pairs a program may take the sum of the means
    either = np.stack([numbers, numbers * more], axis=-1) if more > 1 else numbers[..., None]
    if part == Part(LOSS):
        either = either.reshape(-1)
    return bool(results.fits(part, either).any())


def _pairs(results: Results, expected: Expected) -> Iterator[Hypothesis]:
    """Two mistakes at once: each of them explains a part that is wrong, or spoils what the other one explains."""
    columns = _columns(results, expected)
    wrong = [part for part, fits in columns.items() if not fits[0]]
    counts = sum(columns[part].astype(int) for part in wrong) if wrong else np.zeros(1)
    score = np.array(counts)
    score[0] = 0
    clues: dict[str, int] = {}
    for column in np.argsort(-score, kind="stable"):
        if score[column] and len(clues) < CLUES:
            clues.setdefault(expected.ways[column][0].name + expected.ways[column][0].detail, int(column))
    for column in clues.values():
        yield from _in_arrays(results, expected, column, expected.ways[column])
    ways = [expected.ways[column] for column in clues.values()]
    if not ways:  # each of them spoils all that the other one explains
        ways = [way for way in expected.ways if way and way[0].name in USUAL]
    pairs = [(a[0], b[0]) for a, b in combinations(ways, 2) if a[0].name != b[0].name]
    if pairs:
        whole = Expected(expected.problem, pairs)
        fits = np.logical_and.reduce([*_columns(results, whole).values()])
        told = set()
        for place in np.flatnonzero(fits):
            one = together(pairs[place])
            if one.name not in told:
                told.add(one.name)
                yield one


def holds(hypothesis: Hypothesis, results: Results) -> bool:
    """Does a mistake found on one problem explain what the program gave on another?"""
    if not hypothesis.way and not hypothesis.rules:
        return any(one.name == hypothesis.name for one in _elsewhere(results))
    if hypothesis.parts and not hypothesis.rules:
        known = ways_of(results.problem.derivation, frozenset([hypothesis.name]))
        return any(_in_parts(results, Expected(results.problem, known)))
    ways = _named(hypothesis.way, results.problem)
    whole = Expected(results.problem, ways or ((),))
    columns = _columns(results, whole)
    if not hypothesis.rules:
        return bool(np.logical_and.reduce([*columns.values()]).any())
    names = {rule.name for rule in hypothesis.rules}
    for column in range(len(whole.ways)):
        for one in _in_arrays(results, whole, column, ()):
            if {rule.name for rule in one.rules} <= names:
                return True
        if np.logical_and.reduce([fits[column] for fits in columns.values()]):
            return True
    return False


def _named(way: Way, problem: Problem) -> list[Way]:
    """The ways of another problem that make the same mistakes, in whatever shape."""
    known = ways_of(problem.derivation, frozenset(mistake.name for mistake in way))
    shapes = [[one[0] for one in known[1:] if one[0].name == mistake.name] for mistake in way]
    if not shapes:
        return []
    if len(shapes) == 1:
        return [(one,) for one in shapes[0]]
    alike = ((a, b) for a, b in every(*shapes) if a.detail == way[0].detail or b.detail == way[1].detail)
    return [*islice(alike, MOST_PAIRS)]


def of_functions(one: Hypothesis, whole: Expected) -> bool:
    """Is a mistake one about an activation or the loss, so that another network would have other lines there?"""
    edited = {line for mistake in one.way for line in mistake.edits}
    last = whole.outputs.quantity.block
    touched = [place for place in whole.places.values() if edited & set(place.lines.flat)]
    return any(
        place.is_a(Role.FORWARD, "out", "error", "total")
        or place.role is Role.SLOPE
        or (place.is_a(Role.ADJOINT, "out", "net") and place.quantity.block == last)
        for place in touched
    )
