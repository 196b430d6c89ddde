"""Parameters and gradients as arrays: W1, b1, W2, .. of a network, in either layout, and back to numbers by name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from itertools import pairwise
from math import isfinite
from reprlib import repr as short
from typing import Any, NamedTuple

import numpy as np

from bpkit.core.errors import BpkitError, suggest
from bpkit.core.network import Network
from bpkit.core.runtime import Array

LAYOUTS = ("x @ W", "W @ x")
Names = np.ndarray[
    Any, np.dtype[Any]
]  # the parameters' names, in the shape of the array that holds their numbers in x @ W


class Entry(NamedTuple):
    """One number of a given array: ``place`` is where the giver finds it, ``position`` counts in the table of names.

    ``shared`` says that other entries of the array have the same name, as where a layer has one bias.
    """

    place: str
    array: str
    position: int
    name: str
    value: float
    shared: bool


def tables(network: Network) -> dict[str, Names]:
    """The names in each array, in order: W1 has a row for each source and a column for each target, b1 the biases."""
    found: dict[str, Names] = {}
    for number, (before, after) in enumerate(pairwise(network.layers), 1):
        found[f"W{number}"] = np.array([[network.weight_of[s, t] for t in after] for s in before], dtype=object)
        if network.biases:
            found[f"b{number}"] = np.array([network.bias_of[neuron] for neuron in after], dtype=object)
    return found


def known_layout(layout: object) -> str:
    """The layout itself; an error that names both where it is another."""
    if isinstance(layout, str) and layout in LAYOUTS:
        return layout
    raise BpkitError(f"layout: expected 'x @ W' or 'W @ x', got {layout!r}{suggest(layout, LAYOUTS)}")


def by_name(network: Network, given: object) -> bool:
    """Is it a dict with parameters' names as keys, {"w1": 0.25}, and not one of arrays, {"W1": [[0.25]]}?

    A key may be both: a shared bias is b1, and so is the array of it. The other keys decide, then the values.
    """
    if not isinstance(given, Mapping):
        return False
    names, keys = set(network.parameters), set(tables(network))
    if given.keys() & (names ^ keys):
        return bool(given.keys() & (names - keys))
    return not any(map(_is_array, given.values()))


def _is_array(value: Any) -> bool:
    return bool(getattr(value, "ndim", isinstance(value, Sequence) and not isinstance(value, str | bytes)))


def from_arrays(network: Network, given: object, layout: str = "x @ W") -> dict[str, float]:
    """Each parameter's number from a list of arrays, [W1, b1, W2, b2], or a dict of them.

    Errors: ``BpkitError`` for shapes that do not fit, with both shapes, for entries that are no finite number, and for
    different entries where a layer shares one bias.
    """
    found: dict[str, float] = {}
    for entry in entries(network, given, layout, "parameters", some=False):
        if not isfinite(entry.value):
            raise BpkitError(f"{entry.place}: expected a finite number, got {entry.value}; write it like 0.25")
        if (first := found.setdefault(entry.name, entry.value)) != entry.value:
            raise BpkitError(
                f"{entry.array}: expected equal entries, because the layer shares one bias, got {first!r} and "
                f'{entry.value!r}; write Network(.., bias="neuron") to give each neuron a bias of its own'
            )
    return found


def to_arrays(network: Network, numbers: Mapping[str, float], layout: str = "x @ W") -> dict[str, Array]:
    """The arrays W1, b1, W2, .. of the parameters' numbers; a bias that a layer shares stands there for each neuron."""
    layout = known_layout(layout)
    return {
        key: _turned(key, np.array([float(numbers[name]) for name in names.flat]).reshape(names.shape), layout)
        for key, names in tables(network).items()
    }


def entries(network: Network, given: object, layout: str, what: str, some: bool) -> Iterator[Entry]:
    """Every number of the arrays given, with its parameter; ``some`` of the arrays may suffice.

    A bias may have the shape (n,), (1, n) or (n, 1), and one that a layer shares may be one number.
    """
    layout, known = known_layout(layout), tables(network)
    for key, array in _keyed(known, given, layout, what, some).items():
        names, numbers = known[key], _numbers(key, array)
        repeated = len(set(names.flat)) < names.size
        once = numbers.size == 1 and names.ndim == 1 and (repeated or names.size == 1)
        if once:
            positions = np.zeros(numbers.shape, dtype=int)
        else:
            positions = _turned(key, np.arange(names.size).reshape(names.shape), layout)
            if names.ndim == 1 and numbers.shape in ((1, names.size), (names.size, 1)):
                positions = positions.reshape(numbers.shape)
        if positions.shape != numbers.shape:
            raise BpkitError(_misfit(key, positions.shape, numbers.shape, layout, known))
        for index, value in np.ndenumerate(numbers):
            position = int(positions[index])
            yield Entry(_place(key, index), key, position, names.flat[position], float(value), repeated and not once)


def _is_weight(key: str) -> bool:
    """Does an input multiply it as a matrix, so that the layout says how it lies?"""
    return key.startswith("W")


def _turned(key: str, array: np.ndarray[Any, np.dtype[Any]], layout: str) -> np.ndarray[Any, np.dtype[Any]]:
    return array.T if layout == "W @ x" and _is_weight(key) else array


def _place(key: str, index: tuple[int, ...]) -> str:
    return f"{key}[{', '.join(map(str, index))}]" if index else key


def _shapes(known: Mapping[str, Names], layout: str) -> str:
    return "give " + ", ".join(f"{key} {_turned(key, names, layout).shape}" for key, names in known.items())


def _keyed(known: Mapping[str, Names], given: Any, layout: str, what: str, some: bool) -> Mapping[str, object]:
    """The given arrays by W1, b1, .."""
    if isinstance(given, Mapping):
        for key in given:
            if key not in known:
                raise BpkitError(f"{what}: this network has no {key!r}{suggest(key, known)}")
        missing = [key for key in known if key not in given]
        if missing and not some:
            raise BpkitError(
                f"{what}: expected an array for each of {', '.join(known)}; "
                f"{', '.join(missing)} {'is' if len(missing) == 1 else 'are'} missing; {_shapes(known, layout)}"
            )
        return given
    arrays = [*given] if np.iterable(given) and not isinstance(given, str | bytes) else None
    if arrays is None or len(arrays) != len(known):
        raise BpkitError(
            f"{what}: expected a dict such as {{'w1': 0.25, ..}} or {len(known)} arrays, "
            f"got {short(given) if arrays is None else len(arrays)}; {_shapes(known, layout)}"
        )
    return dict(zip(known, arrays))


def number(value: object) -> float | None:
    """The float of what is a number, nan and infinity included; None for text, truth values and all else."""
    if not isinstance(value, str | bytes | bool | np.bool_):
        with suppress(TypeError, ValueError, OverflowError):
            return float(value)  # type: ignore[arg-type]
    return None


def _numbers(key: str, given: Any) -> Array:
    given = given.detach() if hasattr(given, "detach") else given  # a tensor of torch that is being learnt
    try:
        array = np.asarray(given)
    except Exception as error:  # what an array-like raises is its own: a ragged list, a tensor on a device
        raise BpkitError(
            f"{key}: expected an array of numbers, got {short(given)}, of which NumPy says: {error}; "
            "give rows of equal length, such as [[0.1, 0.2], [0.3, 0.4]]"
        ) from None
    found = [number(value) for value in array.ravel().tolist()]
    for index, value in zip(np.ndindex(array.shape), found, strict=True):
        if value is None:
            raise BpkitError(
                f"{_place(key, index)}: expected a number, got {short(array.item(index))}; write it like 0.25"
            )
    return np.array(found, dtype=float).reshape(array.shape)


def _misfit(key: str, wanted: tuple[int, ...], came: tuple[int, ...], layout: str, known: Mapping[str, Names]) -> str:
    """The sentence about an array of another shape: both shapes, and what to do."""
    sides = ("source", "target") if layout == "x @ W" else ("target", "source")
    lies = f" (a row for each {sides[0]} and a column for each {sides[1]}, as in {layout})" if _is_weight(key) else ""
    if _is_weight(key) and came == wanted[::-1]:
        other = next(one for one in LAYOUTS if one != layout)
        what_to_do = f'that is the transpose: say layout="{other}" if all arrays lie so, or give {key}.T'
    elif np.prod(came, dtype=int) == max(wanted) == np.prod(wanted, dtype=int):
        what_to_do = f"give np.reshape({key}, {wanted})"
    else:
        what_to_do = _shapes(known, layout)
    return f"{key}: expected the shape {wanted}{lies}, got {came}; {what_to_do}"
