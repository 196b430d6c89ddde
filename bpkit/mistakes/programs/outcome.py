"""Reads what a program gave back: gradients, new parameters, outputs or a loss, in whatever form they come."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from bpkit.core.runtime import Array
from bpkit.mistakes.programs.arguments import numbered, plain
from bpkit.mistakes.programs.expected import laid
from bpkit.mistakes.programs.running import numbers_in

GRADIENTS, PARAMETERS, OUTPUTS, LOSS = RETURNS = ("gradients", "parameters", "outputs", "loss")
LOSSES = frozenset("loss cost e error etotal j l totalloss mse".split())
NEW = frozenset("new updated next after".split())
ALIKE = 0.6  # correlation with the old parameters from which numbers are taken for new ones


@dataclass(frozen=True, eq=False)
class Item:
    """One array that came back, with the word that stands at it in the program."""

    label: str
    value: Array

    @property
    def key(self) -> str:
        """The parameter that the label is about."""
        return read_label(self.label)[0]

    @property
    def kind(self) -> str:
        """What the label says that it is."""
        return read_label(self.label)[1]


@dataclass(frozen=True, eq=False)
class Outcome:
    """What came back, by parts: ``dW1`` for a gradient, ``W1`` for a new parameter, ``out``, ``loss``.

    Each is as the program gave it.
    """

    kind: str
    parts: Mapping[str, Array]
    missing: tuple[str, ...] = field(default=())


def quantity_of(part: str, layers: int) -> str:
    """The array of the derivation that a part should be."""
    if part == "out":
        return f"out_{layers}"
    if part == "loss":
        return "E_total"
    return f"dE/{part}" if part.startswith("d") else f"{part}_new"


def read_label(label: str) -> tuple[str, str]:
    """Parameter and kind that a label speaks of: dW1, grad_W1 and W1_grad are gradients, W1_new is new."""
    word = plain(label.rpartition(".")[2] or label)
    word = "".join(one for one in word if one.isalnum())
    for cut in range(len(word)):
        for end in (len(word), *(len(word) - len(more) for more in ("grad", "gradient", *NEW) if word.endswith(more))):
            if key := numbered(word[cut:end]):
                before, after = word[:cut], word[end:]
                if before in NEW or after in NEW:
                    return key, PARAMETERS
                if not before and not after:
                    return key, ""
                sloped = after.startswith("grad") or before[:1] in ("d", "g", "n")
                return key, GRADIENTS if sloped else ""
    if word[:1] in ("d", "g", "n") and word.endswith(("w", "b")):  # dw and db of a single layer
        return "", GRADIENTS
    return "", LOSS if word in LOSSES else ""


def items_of(result: Any, labels: Sequence[str] = ()) -> list[Item]:
    """Every array of what came back, whatever it is nested in."""
    if labels and isinstance(result, list | tuple) and len(labels) == len(result):
        return [item for label, one in zip(labels, result) for item in _items(label, one)]
    return [*_items("", result)]


def _items(label: str, value: Any) -> Iterator[Item]:
    if isinstance(value, Mapping):
        for key, one in value.items():
            yield from _items(str(key), one)
    elif isinstance(value, list | tuple) and not _is_row(value):
        for place, one in enumerate(value, 1):
            # Of a list of weights each is told by its place.
            letter = {"w": "W", "b": "b"}.get(plain(label)[-1:] or plain(label).rstrip("s")[-1:], "")
            yield from _items(f"{label}{place}" if letter and label and not numbered(label) else label, one)
    else:
        for _, array in numbers_in("", value):
            yield Item(label, array)


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
) -> Outcome | None:
    """Which part each array is: by its label, by its shape, by its place; None where nothing can be told.

    ``shapes`` are those of the parameters for x @ W, ``outputs`` that of the outputs, ``old`` the parameters that the
    program was given, ``likely`` the kind where no label says another, ``alike``
    the correlation with the old parameters from which numbers are new ones.
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
    if not said and forward and not labelled and len(exact) < len(shapes):  # the outputs beside what leads to them
        return forward
    losses = [item for item in scalars if item.kind == LOSS or (spare and not item.key)][:1]
    rest = [item for item in items if item not in losses]
    found = _assigned(rest, shapes)
    if len(found) < (1 if labelled else max(1, len(shapes) // 2)):
        return None if said else (_one(OUTPUTS, items, outputs) or _one(LOSS, items, outputs))
    kinds = [item.kind for item in rest if item.kind]
    kind = said or (max(kinds, key=kinds.count) if kinds else likely) or _kind(found, old, alike)
    letter = "d" if kind == GRADIENTS else ""
    parts = {letter + key: value for key, value in found.items()}
    if losses:
        parts["loss"] = losses[0].value
    missing = tuple(letter + key for key in shapes if key not in found)
    return Outcome(kind, parts, missing)


def _one(kind: str, items: list[Item], outputs: tuple[int, ...]) -> Outcome | None:
    """The outputs or the loss alone."""
    fits: Callable[[Item], bool] = (
        (lambda item: bool(laid(item.value, outputs))) if kind == OUTPUTS else (lambda item: item.value.size == 1)
    )
    found = [item for item in items if fits(item)]
    named = [item for item in found if item.kind == LOSS] or found[-1:]
    if not named:
        return None
    return Outcome(kind, {"out" if kind == OUTPUTS else "loss": named[-1].value})


def _assigned(items: list[Item], shapes: Mapping[str, tuple[int, ...]]) -> dict[str, Array]:
    found: dict[str, Array] = {}
    waiting = []
    for item in items:
        if item.key in shapes and item.key not in found:
            found[item.key] = item.value
        else:
            waiting.append(item)
    keys = [key for key in shapes if key not in found]
    for item in [*waiting]:  # by a shape that only one of them has
        fitting = [key for key in keys if laid(item.value, shapes[key])]
        if fitting:
            found[fitting[0]] = item.value
            keys.remove(fitting[0])
            waiting.remove(item)
    for item in [*waiting]:  # a table over the samples: of which layer?
        sizes = [key for key in keys if set(shapes[key]) <= set(item.value.shape)]
        if sizes:
            found[sizes[0]] = item.value
            keys.remove(sizes[0])
            waiting.remove(item)
    if len(waiting) == len(keys):
        return {**found, **{key: item.value for key, item in zip(keys, waiting)}}
    return found


def _kind(found: Mapping[str, Array], old: Mapping[str, Array], alike: float) -> str:
    """New parameters are near the old ones, gradients are not."""
    new, before = [], []
    for key, value in found.items():
        for array in laid(value, old[key].shape)[:1]:
            new.append(np.ravel(array))
            before.append(np.ravel(old[key]))
    if not new:
        return GRADIENTS
    with np.errstate(all="ignore"):
        near = np.corrcoef(np.concatenate(new).astype(float), np.concatenate(before))[0, 1]
    return PARAMETERS if near > alike else GRADIENTS
