"""Calls a learner's program on a problem in the way that it expects, which is found by trying."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np

from bpkit.core.arrays import to_arrays
from bpkit.core.numeric import evaluate
from bpkit.core.problem import Problem
from bpkit.core.runtime import Array
from bpkit.mistakes.programs.arguments import RATES, Convention, Signature
from bpkit.mistakes.programs.expected import EXACT, SINGLE
from bpkit.mistakes.programs.keeping import Kept, standing_in
from bpkit.mistakes.programs.objects import Slot, copied, gradients_of, parameters_of, rates_of
from bpkit.mistakes.programs.outcome import (
    ALIKE,
    LOSS,
    PARAMETERS,
    Item,
    Outcome,
    Part,
    items_of,
    read_label,
    read_outcome,
)
from bpkit.mistakes.programs.running import Run, run
from bpkit.mistakes.programs.source import returned_names
from bpkit.mistakes.programs.spellings import Layered, Spelling, biases_of, plain

LAYOUTS = ("x @ W", "W @ x")


@dataclass(frozen=True, eq=False)
class Attempt:
    """One call of a program on a problem: how it was called, what happened, and what it gave."""

    problem: Problem
    how: Convention
    run: Run
    outcome: Outcome | None
    count: int = 0  # of the arrays that came back
    said: str | None = None  # what it is said to return
    changed: tuple[str, ...] = ()  # the parameters that it was given and has written over

    @property
    def works(self) -> bool:
        """Did it end, and give something that can be read?"""
        return self.run.error is None and self.outcome is not None

    @property
    def fits(self) -> bool:
        """Has every part the shape that it should have?"""
        return self.works and not self.misfits

    @property
    def misfits(self) -> list[Part]:
        """The parts of another shape than their parameter."""
        shapes = shapes_of(self.problem)
        parts = self.outcome.parts.items() if self.outcome else ()
        return [part for part, value in parts if not _has_shape(value, shapes.get(part.key))]

    def lacks(self, biased: bool) -> tuple[Part, ...]:
        """The parts that have to come too: a program that is given no biases, not ``biased``, may leave them out."""
        missing, biases = self.outcome.missing if self.outcome else (), biases_of(self.problem.network)
        weights = any(part.key not in biases for part in missing)
        return missing if biased or weights or len(missing) < len(biases) else ()

    @property
    def transposed(self) -> list[Part]:
        """The parts that are transposed, compared with the parameter that the program was given."""
        shapes = shapes_of(self.problem)
        turn = -1 if self.how.layout == LAYOUTS[1] else 1
        parts = self.outcome.parts.items() if self.outcome else ()
        return [
            part
            for part, value in parts
            if part.is_slope and part.key in shapes and len(shape := shapes[part.key][::turn]) == 2
            if value.shape == shape[::-1] != shape
        ]

    @property
    def sums_biases(self) -> bool:
        """Has it added up something over the samples for a bias?"""
        parts = self.outcome.parts if self.outcome else {}
        biases = [part for part in parts if part.key in biases_of(self.problem.network)]
        return self.works and any(part not in self.misfits for part in biases)

    @property
    def turned(self) -> bool | None:
        """Do tables come back as for W @ x? A square of a network may be either, one of a model as the others."""
        network = self.problem.network
        if network.layers or self.outcome is None:
            return None
        shapes = shapes_of(self.problem)
        tables = [
            (value.shape, shapes[part.key])
            for part, value in self.outcome.parts.items()
            if part.key and value.ndim == 2 and len(set(value.shape)) == 2 and part.key not in network.upright
        ]
        if tables and all(shape == wanted[::-1] for shape, wanted in tables):
            return True
        return self.how.layout == LAYOUTS[1] and not any(shape == wanted for shape, wanted in tables)

    @property
    def tolerance(self) -> float:
        """How closely numbers are compared: floats of 32 bits have fewer digits."""
        kinds = [seen.value.dtype for seen in self.run.seen if seen.value.dtype.kind == "f"]
        parts = [value.dtype for value in self.outcome.parts.values()] if self.outcome else []
        short = any(kind.kind == "f" and kind.itemsize < 8 for kind in [*kinds, *parts])
        return SINGLE if short else EXACT

    @property
    def progress(self) -> tuple[bool, bool, int]:
        """How far it came: attempts are compared by it."""
        return self.fits, self.works, len({(seen.code, seen.line) for seen in self.run.seen})


def shapes_of(problem: Problem) -> dict[str, tuple[int, ...]]:
    """The shapes of the parameters for x @ W.

    >>> import bpkit as bp
    >>> shapes_of(bp.examples.article.problem)
    {'W1': (2, 2), 'b1': (2,), 'W2': (2, 2), 'b2': (2,)}
    """
    return {key: value.shape for key, value in problem.arrays("x @ W").items()}


def _has_shape(value: Array, shape: tuple[int, ...] | None) -> bool:
    if shape is None:
        return True
    squeezed = tuple(size for size in value.shape if size > 1)
    wanted = tuple(size for size in shape if size > 1)
    return squeezed in (wanted, wanted[::-1]) and (value.ndim > 1 or len(shape) == 1 or value.size == 1)


class Caller:
    """Calls one function, always in the same way; what it changes is a copy."""

    def __init__(
        self,
        function: Callable[..., Any],
        signature: Signature,
        spelling: Spelling,
        said: str | None,
        on: object,
        seconds: float,
    ) -> None:
        self.function, self.signature, self.said, self.on, self.seconds = function, signature, said, on, seconds
        self.spelling = spelling
        self.kept = Kept(function)
        self.held: Any = None  # the copy that the last call has changed
        self.spent = 0.0  # seconds that the program has run

    def __call__(self, problem: Problem, how: Convention, second: bool = False, again: bool = False) -> Attempt:
        """One call; a ``second`` one finds what the last has left outside of it, and ``again`` the object too."""
        if not second:
            self.kept.restore()
        function, slots = self.function, dict[str, Slot]()
        if self.on is not None:
            if not again:
                self.held = copied(self.on)
                _fill(self.held, problem, how, self.spelling)
            function = _bound(self.function, self.on, self.held)
            slots = parameters_of(self.held, self.spelling)
        given, named, arrays = self.signature.arguments(problem, how, self.held)
        before = {key: np.array(value) for key, value in arrays.items()}
        if slots:
            before = {key: np.array(slot.read(), dtype=float) for key, slot in slots.items()}
        packed = [one for one in (*given, *named.values()) if isinstance(one, dict | list)]
        with standing_in(self.function, self.on, self.held):
            found = run(function, given, named, self.seconds)
        self.spent += found.seconds
        after = (
            {key: np.array(slot.read(), dtype=float) for key, slot in parameters_of(self.held, self.spelling).items()}
            if slots
            else _after(arrays, packed)
        )
        moved = {key for key in before if key in after and not np.array_equal(before[key], after[key], equal_nan=True)}
        outcome = self._outcome(problem, how, found, before, after, bool(moved)) if found.error is None else None
        count = len(items_of(found.result, self.spelling))
        changed = tuple(sorted(moved)) if self.on is None else ()  # an object's are its own
        return Attempt(problem, how, found, outcome, count, self.said, changed)

    def _outcome(
        self,
        problem: Problem,
        how: Convention,
        found: Run,
        before: Mapping[str, Array],
        after: Mapping[str, Array],
        moved: bool,
    ) -> Outcome | None:
        shapes = shapes_of(problem)
        outputs = (problem.n_samples, *problem.network.output_shape)
        ends = [seen for seen in found.seen if seen.returned]
        labels = returned_names(ends[-1].code, ends[-1].line) if ends else []
        items = items_of(found.result, self.spelling, labels)
        new = PARAMETERS if labels and set(labels) <= {*before, "loss"} else ""  # return W1, b1, ..
        alike = 0.2 if self.signature.rate else ALIKE  # with a rate it makes a step, rather than not
        alone = len(items) == 1 and items[0].value.size == 1 == np.prod(outputs) and self.signature.takes_targets
        said = self.said or (LOSS if alone else None)  # of one output and its loss, the loss takes a target
        slopes = partial(_slopes, problem, how.layout)
        read = read_outcome(items, shapes, outputs, said, before, new, alike, slopes) if items else None
        if read is not None and isinstance(found.result, list | tuple) and len(items) == len(found.result):
            read = replace(read, order=_order(read, items))
        in_place = Outcome(PARAMETERS, {Part(PARAMETERS, key): value for key, value in after.items()})
        given = {part.key for part in read.parts} if read else set()
        if self.said == PARAMETERS and not set(shapes) <= given:
            return _with_loss(in_place, items, outputs) if self.on is not None or moved else read
        if read is not None and given - {""} and (self.on is None or read.kind != PARAMETERS):
            return read
        if self.said in ("outputs", "loss"):
            return read
        if self.on is not None and self._steps:
            return _with_loss(in_place, items, outputs)
        if self.on is not None:
            kept = [
                Item(label, one.value, self.spelling)
                for label, value in gradients_of(self.held, self.spelling).items()
                for one in items_of({label: value}, self.spelling)
            ]
            held = read_outcome(kept, shapes, outputs, "gradients", before) if kept and not moved else None
            whole = held if held and len(held.parts) >= len(shapes) else in_place
            return _with_loss(whole, items, outputs)
        return _with_loss(in_place, items, outputs) if moved else read

    @property
    def _steps(self) -> bool:
        """Does the method use a learning rate, so that it should change the parameters?"""
        code = getattr(getattr(self.function, "__func__", self.function), "__code__", None)
        return self.signature.rate or bool(code and RATES & {plain(name) for name in code.co_names})


def _order(read: Outcome, items: Sequence[Item]) -> tuple[str, ...]:
    """The order in which the parameters' arrays came."""
    parts = [*read.parts.items()]
    return tuple(part.key for item in items for part, value in parts if value is item.value and part.key)


def _slopes(problem: Problem, layout: str) -> dict[str, Array]:
    """The right derivatives, in arrays."""
    values = evaluate(problem)
    numbers = {name: float(values[f"dE_total/d{name}"]) for name in problem.parameters}
    return to_arrays(problem.network, numbers, layout)


def _with_loss(outcome: Outcome, items: list[Item], outputs: tuple[int, ...]) -> Outcome:
    """What was changed in place, and the loss that came back beside it."""
    read = read_outcome(items, {}, outputs, "loss", {}) if len(items) == 1 else None
    return replace(outcome, parts={**outcome.parts, **(read.parts if read else {})})


def _after(arrays: Mapping[str, Array], packed: list[Any]) -> dict[str, Array]:
    """The parameters as the call has left them, also where the list or the dict given holds new arrays."""
    after = {key: np.array(value) for key, value in arrays.items()}
    for one in packed:
        if isinstance(one, dict):
            after |= {key: np.array(one[key]) for key in after if key in one and np.shape(one[key])}
        elif len(one) == len(after):
            after = {key: np.array(value) for key, value in zip(after, one)}
    return after


def _fill(held: Any, problem: Problem, how: Convention, spelling: Spelling) -> None:
    """Put a problem's numbers into an object, in the shapes that its own arrays have."""
    arrays = problem.arrays(how.layout)
    for key, slot in parameters_of(held, spelling).items():
        if key in arrays:
            own = slot.read()
            value = arrays[key].reshape(np.shape(own))
            slot.write(value.tolist() if isinstance(own, list) else value)
    for slot in rates_of(held):
        slot.write(problem.learning_rate)


def _bound(function: Callable[..., Any], on: object, held: Any) -> Callable[..., Any]:
    """The method of the copy; a function that is none of its methods works on what it names."""
    if getattr(function, "__self__", None) is on:
        bound: Callable[..., Any] = function.__func__.__get__(held)  # type: ignore[attr-defined]
        return bound
    return function


def held_sizes(on: object) -> tuple[tuple[int, ...], str] | None:
    """The sizes of an object's layers and the layout of its arrays; None where they do not fit together.

    >>> from types import SimpleNamespace
    >>> held_sizes(SimpleNamespace(W1=np.zeros((2, 3)), b1=np.zeros(3), W2=np.zeros((3, 1))))
    ((2, 3, 1), 'x @ W')
    """
    slots = parameters_of(on, Layered())
    tables = [np.shape(slots[key].read()) for key in sorted(slots, key=lambda key: int(key[1:])) if key[0] == "W"]
    if not tables or any(len(shape) != 2 for shape in tables):
        return None
    biases = [np.size(slots[f"b{k}"].read()) for k in range(1, len(tables) + 1) if f"b{k}" in slots]
    for layout in LAYOUTS:
        turned = [shape if layout == LAYOUTS[0] else shape[::-1] for shape in tables]
        joined = all(a[1] == b[0] for a, b in zip(turned, turned[1:]))
        if joined and all(size == shape[1] for size, shape in zip(biases, turned)):
            return (turned[0][0], *(shape[1] for shape in turned)), layout
    return None


def integers_in(on: object, spelling: Spelling) -> list[str]:
    """The attributes of an object that are arrays of whole numbers, where parameters or their gradients belong.

    >>> from types import SimpleNamespace
    >>> integers_in(SimpleNamespace(W1=np.array([[1, 2]]), b1=np.array([0.5])), Layered())
    ['W1']
    """
    found = []
    for name, value in vars(on).items() if hasattr(on, "__dict__") else ():
        if isinstance(value, np.ndarray) and value.dtype.kind in "iu" and read_label(name, spelling)[0]:
            found.append(name)
    return found


def same(one: Outcome, other: Outcome) -> bool:
    """Did two calls give the same, up to the order in which numbers are added?"""
    return all(
        value.shape == other.parts[part].shape and np.allclose(value, other.parts[part], rtol=1e-7, equal_nan=True)
        for part, value in one.parts.items()
        if part in other.parts
    )
