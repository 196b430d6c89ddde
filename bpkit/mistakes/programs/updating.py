"""Judges an update by itself: what a line does with the derivative that the program has, be that right or wrong."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import sympy as sp

from bpkit.core.expressions import names_in
from bpkit.core.quantities import Role
from bpkit.core.runtime import Array
from bpkit.core.updates import RATE
from bpkit.mistakes.misconceptions import catalogue, catalogue_of_training
from bpkit.mistakes.misconceptions.whereabouts import ends, gradients
from bpkit.mistakes.programs.calls import Tried
from bpkit.mistakes.programs.expected import agree
from bpkit.mistakes.programs.following import Book, Followed
from bpkit.mistakes.programs.hypotheses import Hypothesis, single
from bpkit.mistakes.programs.listing import Line
from bpkit.mistakes.programs.outcome import GRADIENTS, PARAMETERS
from bpkit.mistakes.programs.places import Place
from bpkit.mistakes.programs.telling import Bug, code_at


class Slip(NamedTuple):
    """A wrong update: its value, the mistake, and the array that belongs there."""

    value: Followed
    hypothesis: Hypothesis
    place: Place

    @property
    def bug(self) -> Bug:
        """The mistake with its line."""
        one, (line, code) = self.hypothesis, code_at(self.value.code, self.value.seen.line)
        return Bug(one.name, one.you, one.sentence, line, code, should=self.place)

    def mark(self, line: Line) -> Line:
        """A line of the program's text that has it."""
        return Line(line.number, line.text, True, self.place.name, False, self.place.shown)


def update_slip(values: Sequence[Followed], bad: Tried) -> Slip | None:
    """The first new parameter that the function under review computes wrongly from a derivative that it has."""
    attempt, run = bad.attempt, bad.attempt.run
    if attempt.outcome is None or attempt.outcome.kind != PARAMETERS or not run.given:
        return None
    book, main = Book(bad.expected, attempt), run.given[0].code
    own = [one for one in values if one.code is main and one.seen.value.dtype.kind == "f"]
    old = attempt.how.parameters(attempt.problem)
    found = []
    for key, start in old.items():
        slopes = [one for one in own if book.label(one.seen.name) == (key, GRADIENTS) and not one.seen.returned]
        slope = slopes[-1] if slopes else None
        if slope is None or slope.seen.value.shape != start.shape:
            continue
        place = bad.expected.of(Role.UPDATE, key)
        made = [one for one in own if one.seen.order > slope.seen.order and one.seen.value.shape == start.shape]
        for one, hypothesis in _slips(place, made, start, slope.seen.value, bad):
            found.append(Slip(one, hypothesis, place))
    return min(found, key=lambda slip: slip.value.seen.order, default=None)


def _slips(
    place: Place, made: Sequence[Followed], start: Array, slope: Array, bad: Tried
) -> Iterator[tuple[Followed, Hypothesis]]:
    """The values that a mistake gives for a parameter and its derivative, and the right update does not."""
    d, tolerance = bad.expected.problem.derivation, bad.attempt.tolerance
    step = d[place.lines.flat[0]]
    name = ends(step)[0].name
    known = {name: start, gradients(d)[name].name: slope, RATE.name: np.asarray(bad.attempt.problem.learning_rate)}
    right = _value(step.rhs, known)
    for mistake in (*catalogue_of_training(d), *catalogue(d)):
        edit = mistake.edits.get(step.name)
        wrong = _value(edit(step.rhs), known) if edit else None
        for one in made if wrong is not None and right is not None else ():
            pair = np.stack(np.broadcast_arrays(right, wrong), axis=-1)  # type: ignore[arg-type]
            if [*agree(one.seen.value, pair, tolerance)] == [False, True] and not np.array_equal(one.seen.value, start):
                yield one, single(mistake)


def _value(rhs: sp.Expr, known: Mapping[str, Array]) -> Array | None:
    """The value of an update's right side with some arrays; None where it uses anything else."""
    if not names_in(rhs) <= known.keys():
        return None
    names = [*known]
    found: Array = np.asarray(sp.lambdify([sp.Symbol(name) for name in names], rhs, "numpy")(*known.values()))
    return found
