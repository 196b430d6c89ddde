"""Checks derivatives by nudging, and says which mistake leads to a wrong one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from math import isfinite
from operator import itemgetter
from typing import TYPE_CHECKING, Any

import numpy as np

from bpkit.core import numerical_gradient as measured
from bpkit.core.arrays import by_name
from bpkit.core.errors import BpkitError
from bpkit.core.numeric import checked
from bpkit.core.numerical_gradient import STEP, TOLERANCE, GradientRow
from bpkit.core.problem import Problem
from bpkit.core.spelling import typeset
from bpkit.mistakes.diagnose import diagnose
from bpkit.mistakes.programs.source import gaps_in
from bpkit.mistakes.programs.telling import gaps_message
from bpkit.mistakes.typed_number import Figure, NotANumber, read
from bpkit.mistakes.verdict import Diagnosis

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

TOLD = 4  # mistakes that are explained
TURNED = "{name} comes back transposed: swap its rows and columns, so that it has the shape of its parameter."
LOOKED_AT = 40  # wrong rows that are diagnosed; each costs some milliseconds, one that nothing explains a second


@dataclass(frozen=True, repr=False, eq=False)
class GradientCheck(measured.GradientCheck):
    """The derivatives beside their difference quotients; ``diagnoses`` says why the wrong ones are wrong.

    ``wrong`` are the rows that differ, ``worst`` differs most, ``passed`` is True when no row differs. ``unfinished``
    says where a function that was to give the derivatives still has gaps: then there are no rows. ``yours`` is True
    when a function gave them, ``given`` when they came as numbers; ``turned`` names a function's arrays that are right
    once their rows and columns are swapped.
    """

    problem: Problem
    typed: Mapping[str, Figure]
    unfinished: str = ""
    yours: bool = False
    turned: tuple[str, ...] = ()
    given: bool = False

    @property
    def passed(self) -> bool:
        """True when every derivative agrees with its difference quotient."""
        return not self.unfinished and not self.wrong

    @cached_property
    def diagnoses(self) -> Mapping[GradientRow, Diagnosis]:
        """The verdict on wrong rows: on all of them, on the first ones of very many, or on one of each array.

        Where those of one of each array name no mistake, the others would not either, and take long.
        """
        found: dict[GradientRow, Diagnosis] = {}
        for turn, row in self._in_turn()[:LOOKED_AT]:
            if turn and not any(one.verdict == "misconception" for one in found.values()):
                break
            problem, name = self.problem, row.parameter
            if row.share:  # a neuron's share in a shared bias is the derivative of a bias of its own
                problem = problem.with_biases("neuron")
                name = problem.network.bias_of[row.share]
            number = self.typed.get(row.parameter)
            with suppress(NotANumber):  # an unusable number has no mistake behind it
                found[row] = diagnose(problem, f"dE/d{name}", number.text if number else f"{row.derived:.8g}")
        return {row: found[row] for row in self.wrong if row in found}

    def _in_turn(self) -> list[tuple[int, GradientRow]]:
        """The wrong rows with their turns: the first of each array, then the second of each, and so on."""
        turns, quantities = Counter[tuple[int, str]](), self.problem.derivation.quantities
        found = []
        for row in self.wrong:
            if isfinite(row.derived) and isfinite(row.measured):  # an overflow tells no mistake from another
                array = quantities[row.parameter].block, quantities[row.parameter].tag
                found.append((turns[array], row))
                turns[array] += 1
        return sorted(found, key=itemgetter(0))

    @property
    def sayings(self) -> tuple[str, ...]:
        """A line for each mistake that explains wrong rows, the most common one first."""
        if self.turned:
            return tuple(TURNED.format(name=name) for name in self.turned)
        groups: dict[str, list[GradientRow]] = {}
        for row, one in self.diagnoses.items():
            if one.verdict == "misconception":
                groups.setdefault(one.misconceptions[0].name, []).append(row)
        some = sorted(groups.values(), key=len, reverse=True)[:TOLD]
        lines = [self._said(rows) for rows in some]
        more = len(self.wrong) - sum(map(len, some))
        if more and lines:
            lines.append(f"and {more} more row{'s' * (more > 1)}")
        return tuple(lines)

    def _said(self, rows: Sequence[GradientRow]) -> str:
        """The sentence on rows with the same mistake; it points to no line where a learner's function gave them."""
        one = self.diagnoses[rows[0]]
        first = one.misconceptions[0]
        if len(rows) == 1:
            message = one.message.replace(f" {first.look}", "") if self.yours else one.message
            return f"{rows[0].label}: {_plain(message)}"
        said = typeset(f"you get these if you {first.you}; {first.sentence}.", one.names)
        if len(rows) == len(self.wrong):
            return f"{'Both' if len(rows) == 2 else f'All {len(rows)}'} wrong rows: {said}"
        arrays = [*dict.fromkeys(row.place.partition("[")[0] for row in rows)]
        if not all(arrays):
            return f"{', '.join(row.label for row in rows)}: {said}"
        return f"{len(rows)} rows of {' and '.join(filter(None, [', '.join(arrays[:-1]), arrays[-1]]))}: {said}"


def _plain(message: str) -> str:
    """A message without its opening, which the table says already."""
    return message.removeprefix("Not right: ").removeprefix("Not right, and ")


def check_gradient(
    problem: Problem,
    gradient: Mapping[str, Any] | Sequence[ArrayLike] | Callable[..., Any] | None = None,
    step: float = STEP,
    tolerance: float = TOLERANCE,
    layout: str | None = None,
) -> GradientCheck:
    """Compare each derivative with (E(w + h) - E(w - h)) / 2h, and say which mistake leads to a wrong one.

    ``gradient`` may hold derivatives from elsewhere, checked instead of the derivation's: by parameter name,
    {"w1": 0.1} or as typed, {"w1": "0,1"}, as a list of arrays, [dW1, db1, dW2, db2], or as a dict of arrays,
    {"W1": dW1}; dicts may hold some. It may also be the function that computes them, which is called with the inputs,
    the targets and the arrays: gradient(x, y, W1, b1, W2, b2). ``layout`` is "x @ W" or "W @ x",
    the problem's unless given. ``step`` is h, scaled with the parameter where that is larger than 1. Returns a
    ``GradientCheck``. A kink (ReLU at 0) can make an honest derivative fail: the quotient then straddles it.

    Shapes: one row for each parameter, or for each entry of the arrays, which have one bias per neuron: where a layer
    shares a bias, its array holds the neurons' shares, or their sum as one number. Units: none; differences are
    relative.
    Errors: ``BpkitError`` for a name that is no parameter, for arrays that do not fit, with both shapes, and for a step
    or a tolerance that is not above 0. A function that stops, or gives its arrays in another order, raises nothing: the
    check says so.
    Source: the central difference, see Bishop, "Pattern Recognition and Machine Learning" (2006), section 5.3.3.

    >>> import bpkit as bp
    >>> bp.check_gradient(bp.examples.article.problem).passed
    True
    """
    network = checked(problem, "check_gradient").network
    typed: dict[str, Figure] = {}
    if callable(gradient) and (gaps := gaps_in(gradient)):
        said = gaps_message(gaps, getattr(gradient, "__name__", ""), False)
        return GradientCheck((), step, tolerance, problem, typed, f"not checked yet. {said}")
    given: Any = gradient
    if callable(gradient):
        given, said = _called(gradient, problem, layout)
        if said:
            return GradientCheck((), step, tolerance, problem, typed, f"not checked. {said}")
    if isinstance(given, Mapping) and by_name(network, given):
        for name, value in given.items():
            if isinstance(value, str):
                try:
                    typed[name] = read(value)
                except NotANumber as error:
                    raise BpkitError(f"check_gradient: expected a number for {name}, got {value!r}") from error
        given = {**given, **{name: figure.value for name, figure in typed.items()}}
    try:
        found = measured.check_gradient(problem, given, step, tolerance, layout)
    except BpkitError as error:
        if not callable(gradient) or not isinstance(given, list):
            raise
        said = f"What `{getattr(gradient, '__name__', 'function')}` returned does not fit: {error}."
        return GradientCheck((), step, tolerance, problem, typed, f"not checked. {said}")
    rows = _as_typed(found.rows, typed)
    if not callable(gradient):
        return GradientCheck(rows, found.step, found.tolerance, problem, typed, given=gradient is not None)
    turned = _turned(problem, given, found, layout) if isinstance(given, list) else ()
    return GradientCheck(rows, found.step, found.tolerance, problem, typed, yours=True, turned=turned)


def _turned(
    problem: Problem, given: Sequence[Any], found: measured.GradientCheck, layout: str | None
) -> tuple[str, ...]:
    """The square arrays that explain all wrong rows by lying the other way round: their shape does not show it."""
    arrays = [np.asarray(one, dtype=float) for one in given]
    bad = {row.place.partition("[")[0] for row in found.wrong}
    wrong = [place for place, key in enumerate(problem.arrays(layout or problem.layout)) if key in bad]
    if not wrong or any(arrays[place].ndim < 2 for place in wrong):
        return ()
    others = [one.T if place in wrong else one for place, one in enumerate(arrays)]
    right = measured.check_gradient(problem, others, found.step, found.tolerance, layout).passed
    names = [*problem.arrays(layout or problem.layout)]
    return tuple(f"d{names[place]}" for place in wrong) if right else ()


def _called(function: Callable[..., Any], problem: Problem, layout: str | None) -> tuple[Any, str]:
    """The derivatives that a function gives for a problem, or what is wrong with it; it gets copies of the arrays."""
    arrays, name = problem.arrays(layout or problem.layout), getattr(function, "__name__", "function")
    wanted = {f"d{key}": one.shape for key, one in arrays.items()}
    try:
        found = function(*(np.array(one) for one in (problem.inputs, problem.targets, *arrays.values())))
    except Exception as error:  # whatever a learner's program raises is to be commented on
        text = str(error)[:120]
        text = "the shapes in a matrix product do not fit" if "gufunc" in text else text.rstrip(".")
        return None, f"`{name}` stopped with {type(error).__name__}: {text}. bp.review({name}) says in which line."
    if found is None:
        return None, f"`{name}` returned nothing. End it with return {', '.join(wanted)}."
    if isinstance(found, Mapping):
        return found, ""
    given = [*found] if isinstance(found, tuple | list) else [found]
    came = [np.shape(one) for one in given]
    if len(came) != len(wanted):
        return None, f"`{name}` returned {len(came)} arrays, and there are {len(wanted)}: {', '.join(wanted)}."
    wrong = [key for key, shape in zip(wanted, came) if shape != wanted[key]]
    if wrong and sorted(came) == sorted(wanted.values()):
        return None, (
            f"The shapes that `{name}` returned are right, but their order is not: return {wrong[0]} "
            f"{'first' if wrong[0] == next(iter(wanted)) else 'in its place'}. The order is that of the parameters: "
            f"return {', '.join(wanted)}."
        )
    if wrong and all(shape in (wanted[key], wanted[key][::-1]) for key, shape in zip(wanted, came)):
        return None, " ".join(TURNED.format(name=key) for key in wrong)
    return given, ""


def _as_typed(rows: tuple[GradientRow, ...], typed: Mapping[str, Figure]) -> tuple[GradientRow, ...]:
    """A typed number that rounds the measured one is right: only its rounding is off."""
    return tuple(
        row._replace(error=0.0) if row.parameter in typed and typed[row.parameter].rounds(row.measured) else row
        for row in rows
    )
