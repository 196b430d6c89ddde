"""Reads what a program gave back: gradients, new parameters, outputs or a loss, in whatever form they come."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from bpkit.core.quantities import Role
from bpkit.core.runtime import Array
from bpkit.mistakes.programs.expected import Expected, laid
from bpkit.mistakes.programs.places import Place
from bpkit.mistakes.programs.running import numbers_in
from bpkit.mistakes.programs.spellings import Layered, Spelling, plain
from bpkit.mistakes.programs.spellings import read_label as label_of

GRADIENTS, PARAMETERS, OUTPUTS, LOSS = RETURNS = ("gradients", "parameters", "outputs", "loss")
ERRORS = frozenset("e err error".split())
LOSSES = frozenset("loss cost e error etotal j l totalloss mse".split())
ALIKE = 0.6  # correlation with the old parameters from which numbers are taken for new ones


@dataclass(frozen=True, eq=False)
class Item:
    """One array that came back, with the word that the program has for it."""

    label: str
    value: Array
    spelling: Spelling

    @property
    def key(self) -> str:
        """The parameter that the label is about."""
        return read_label(self.label, self.spelling)[0]

    @property
    def kind(self) -> str:
        """What the label says that it is."""
        return read_label(self.label, self.spelling)[1]


class Part(NamedTuple):
    """One of the things that a program gives: the gradient or the new value of an array of parameters, the outputs, the
    loss.
    """

    kind: str
    key: str = ""  # of the array of parameters

    @property
    def name(self) -> str:
        """As people call it: dW1, W1, out, loss."""
        return {GRADIENTS: f"d{self.key}", PARAMETERS: self.key, OUTPUTS: "out", LOSS: "loss"}[self.kind]

    @property
    def is_slope(self) -> bool:
        return self.kind == GRADIENTS

    def place(self, expected: Expected) -> Place:
        """The array of the derivation that it should be."""
        if self.kind == OUTPUTS:
            return expected.outputs
        if self.kind == LOSS:
            return expected.loss
        return expected.of(Role.GRADIENT if self.is_slope else Role.UPDATE, self.key)


@dataclass(frozen=True, eq=False)
class Outcome:
    """What came back, by parts. Each is as the program gave it."""

    kind: str
    parts: Mapping[Part, Array]
    missing: tuple[Part, ...] = field(default=())
    labels: Mapping[str, str] = field(default_factory=dict)  # the array that each label of the program turned out to be
    order: tuple[str, ...] = ()  # of the parameters' arrays, where they came one after the other


def read_label(label: str, spelling: Spelling) -> tuple[str, str]:
    """Parameter and kind that a label speaks of.

    >>> read_label("dW1", Layered()), read_label("W1_new", Layered()), read_label("loss", Layered())
    (('W1', 'gradients'), ('W1', 'parameters'), ('', 'loss'))
    """
    key, sloped, new = label_of(label, spelling)
    if key or sloped:
        return key, PARAMETERS if new else GRADIENTS if sloped else ""
    return "", LOSS if "".join(
        one for one in plain(label.rpartition(".")[2] or label) if one.isalnum()
    ) in LOSSES else ""


def items_of(result: Any, spelling: Spelling, labels: Sequence[str] = ()) -> list[Item]:
    """Every array of what came back, whatever it is nested in.

    >>> [(item.label, item.value.tolist()) for item in items_of({"dW1": [[0.1]], "loss": 0.2335}, Layered())]
    [('dW1', [[0.1]]), ('loss', 0.2335)]
    """
    if labels and isinstance(result, list | tuple) and len(labels) == len(result):
        return [item for label, one in zip(labels, result) for item in _items(label, one, spelling)]
    return [*_items("", result, spelling)]


def _items(label: str, value: Any, spelling: Spelling) -> Iterator[Item]:
    if isinstance(value, Mapping):
        for key, one in value.items():
            yield from _items(str(key), one, spelling)
    elif isinstance(value, list | tuple) and not _is_row(value):
        for place, one in enumerate(value, 1):
            # Of a list of weights each is told by its place.
            own = plain(label)[-1:] in ("w", "b") and isinstance(spelling, Layered) and not spelling.key(label)
            yield from _items(f"{label}{place}" if own else label, one, spelling)
    else:
        for _, array in numbers_in("", value):
            yield Item(label, array, spelling)


def _is_row(value: Sequence[Any]) -> bool:
    """Is a list itself an array: numbers, or rows of numbers of one length?"""
    found = [*numbers_in("", value)]
    return len(found) == 1 and found[0][0] == ""


def read_outcome(
    items: list[Item],
    shapes: Mapping[str, tuple[int, ...]],
    outputs: tuple[int, ...],
    said: str | None,
    old: Mapping[str, Array],
    likely: str = "",
    alike: float = ALIKE,
    slopes: Callable[[], Mapping[str, Array]] = dict,
) -> Outcome | None:
    """Which part each array is: by its label, by its shape, by its place; None where nothing can be told.

    ``shapes`` are those of the parameters for x @ W, ``outputs`` that of the outputs, ``old`` the parameters that the
    program was given, ``likely`` the kind where no label says another, ``alike`` the correlation with the old ones from
    which numbers are new parameters, unless they are more like the derivatives, which ``slopes`` gives.
    """
    if said in (OUTPUTS, LOSS):
        return _one(said, items, outputs)
    if not said and len(items) == 1 and not items[0].key and (alone := _one(OUTPUTS, items, outputs)):
        return alone
    scalars = [item for item in items if item.value.size == 1]
    spare = len(items) > len(shapes)
    labelled = sum(item.key in shapes for item in items)
    exact = {key for item in items for key, shape in shapes.items() if item.value.shape in (shape, shape[::-1])}
    forward = _one(OUTPUTS, [item for item in items if not item.key], outputs)
    if not said and forward and not labelled and 2 * len(exact) <= len(shapes):  # the outputs beside what leads to them
        return forward
    losses = [item for item in scalars if _is_loss(item, spare)][:1]
    rest = [item for item in items if item not in losses]
    found = _assigned(rest, shapes)
    if len(found) < (1 if labelled else max(1, len(shapes) // 2)):
        return None if said else (_one(OUTPUTS, items, outputs) or _one(LOSS, items, outputs))
    kinds = [item.kind for item in rest if item.kind in (GRADIENTS, PARAMETERS)]
    kind = said or (max(kinds, key=kinds.count) if kinds else likely) or _kind(found, old, alike, slopes)
    parts = {Part(kind, key): found[key].value for key in shapes if key in found}
    labels = {item.label: key for key, item in found.items() if item.kind == GRADIENTS}
    if losses:
        parts[Part(LOSS)] = losses[0].value
    missing = tuple(Part(kind, key) for key in shapes if key not in found)
    return Outcome(kind, parts, missing, labels)


def _is_loss(item: Item, spare: bool) -> bool:
    """Is a number the loss? One called error may be a derivative, where nothing else is left for it."""
    return (spare and not item.key) or (item.kind == LOSS and plain(item.label) not in ERRORS)


def _one(kind: str, items: list[Item], outputs: tuple[int, ...]) -> Outcome | None:
    """Only the outputs, or only the loss."""
    fits: Callable[[Item], bool] = (
        (lambda item: bool(laid(item.value, outputs))) if kind == OUTPUTS else (lambda item: item.value.size == 1)
    )
    found = [item for item in items if fits(item)]
    named = [item for item in found if item.kind == LOSS] or found[-1:]
    if not named:
        return None
    return Outcome(kind, {Part(kind): named[-1].value})


def _assigned(items: list[Item], shapes: Mapping[str, tuple[int, ...]]) -> dict[str, Item]:
    found: dict[str, Item] = {}
    waiting = []
    for item in items:
        if item.key in shapes and item.key not in found:
            found[item.key] = item
        else:
            waiting.append(item)
    keys = [key for key in shapes if key not in found]
    strange = [not any(laid(item.value, shapes[key]) for key in keys) for item in waiting]
    placed = [bool(laid(item.value, shapes[key])) for item, key in zip(waiting, keys)]
    if len(waiting) == len(keys) and all(a or b for a, b in zip(placed, strange)):  # all in order, if of odd shapes
        return {**found, **dict(zip(keys, waiting))}
    for item in [*waiting]:  # by a shape that only one of them has
        fitting = [key for key in keys if laid(item.value, shapes[key])]
        if fitting:
            found[fitting[0]] = item
            keys.remove(fitting[0])
            waiting.remove(item)
    for item in [*waiting]:  # a table over the samples: of which layer?
        sizes = [key for key in keys if set(shapes[key]) <= set(item.value.shape)]
        if sizes:
            found[sizes[0]] = item
            keys.remove(sizes[0])
            waiting.remove(item)
    if len(waiting) == len(keys):
        return {**found, **dict(zip(keys, waiting))}
    return found


def _kind(
    found: Mapping[str, Item], old: Mapping[str, Array], alike: float, slopes: Callable[[], Mapping[str, Array]]
) -> str:
    """New parameters are near the old ones; gradients may be so by chance, but nearer to the right gradients."""
    near = _likeness(found, old)
    return PARAMETERS if near > alike and near > _likeness(found, slopes()) else GRADIENTS


def _likeness(found: Mapping[str, Item], others: Mapping[str, Array]) -> float:
    """The correlation of what came back with some arrays of the parameters' shapes."""
    ours, theirs = [np.empty(0)], [np.empty(0)]
    for key, item in found.items():
        for array in laid(item.value, others[key].shape)[:1] if key in others else ():
            ours.append(np.ravel(array).astype(float))
            theirs.append(np.ravel(others[key]))
    if len(ours) < 2:
        return -1.0
    with np.errstate(all="ignore"):
        return float(np.corrcoef(np.concatenate(ours), np.concatenate(theirs))[0, 1])
