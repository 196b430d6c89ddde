"""Parameters and gradients as arrays: W1, b1, W2, .. of a network, in either layout, and back to numbers by name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from math import isfinite
from reprlib import repr as short
from typing import Any, NamedTuple

import numpy as np

from bpkit.core.architecture import Architecture
from bpkit.core.errors import BpkitError, check_all, check_names
from bpkit.core.runtime import Array

LAYOUTS = ("x @ W", "W @ x")


class Entry(NamedTuple):
    """A number for a parameter; from an array ``place`` is where the giver finds it.

    ``share`` is the neuron whose share it is, where other entries have the same name as the layer shares one bias.
    """

    name: str
    value: float
    array: str = ""
    place: str = ""
    share: str = ""


def by_name(network: Architecture, given: object) -> bool:
    """Is it a dict with parameters' names as keys, {"w1": 0.25}, and not one of arrays, {"W1": [[0.25]]}?

    A key may be both: a shared bias is b1, and so is the array of it. The other keys decide, then the values.

    >>> import bpkit as bp
    >>> by_name(bp.Network(1, 1), {"w1": 0.25}), by_name(bp.Network(1, 1), {"W1": [[0.25]]})
    (True, False)
    """
    if not isinstance(given, Mapping):
        return False
    names, keys = set(network.parameters), set(network.tables)
    if given.keys() & (names ^ keys):
        return bool(given.keys() & (names - keys))
    return not any(getattr(value, "ndim", isinstance(value, list | tuple)) for value in given.values())


def from_arrays(network: Architecture, given: object, layout: str = "x @ W") -> dict[str, float]:
    """Each parameter's number from a list of arrays, [W1, b1, W2, b2], or a dict of them.

    Errors: ``BpkitError`` for shapes that do not fit, with both shapes, for entries that are no finite number, and for
    different entries where a layer shares one bias.

    >>> import bpkit as bp
    >>> from_arrays(bp.Network(2, 1), [[[0.1], [0.2]], [0.3]])
    {'w1': 0.1, 'w2': 0.2, 'b1': 0.3}
    """
    found: dict[str, float] = {}
    for entry in entries(network, given, layout, "parameters", some=False):
        value = finite(entry.place, entry.value)
        if (first := found.setdefault(entry.name, value)) != value:
            raise BpkitError(
                f"{entry.array}: expected equal entries, because the layer shares one bias, got {first!r} and "
                f'{value!r}; write Network(.., bias="neuron") to give each neuron a bias of its own'
            )
    return found


def to_arrays(network: Architecture, numbers: Mapping[str, float], layout: str = "x @ W") -> dict[str, Array]:
    """The arrays W1, b1, W2, .. of the parameters' numbers; a bias that a layer shares stands there for each neuron.

    >>> import bpkit as bp
    >>> to_arrays(bp.Network(2, 1), {"w1": 0.1, "w2": 0.2, "b1": 0.3})["W1"].tolist()
    [[0.1], [0.2]]
    """
    return {
        key: _turned(
            np.array([float(numbers[name]) for name in names.flat]).reshape(names.shape), layout, key in network.upright
        )
        for key, names in network.tables.items()
    }


def entries(network: Architecture, given: object, layout: str, what: str, some: bool) -> Iterator[Entry]:
    """Every number of the arrays given, with its parameter; ``some`` of the arrays may suffice.

    A bias may have the shape (n,), (1, n) or (n, 1), and one that a layer shares may be one number.
    """
    turned = {key: _turned(names, layout, key in network.upright) for key, names in network.tables.items()}
    shapes = {key: names.shape for key, names in turned.items()}
    for key, array in _keyed(shapes, given, what, some).items():
        names, numbers = turned[key], _numbers(key, array)
        shared = names.ndim == 1 and len(set(names)) == 1
        if shared and numbers.size == 1:  # the sum of all shares
            names, shared = names[:1], False
        if names.ndim == 1 and names.size == numbers.size == max(numbers.shape, default=1):
            names = names.reshape(numbers.shape)
        if names.shape != numbers.shape:
            raise BpkitError(_misfit(key, numbers.shape, layout, shapes))
        neurons = network.biases[names.flat[0]] if shared else [""] * names.size
        for (index, value), name, neuron in zip(np.ndenumerate(numbers), names.flat, neurons, strict=True):
            yield Entry(name, float(value), key, _place(key, index), neuron)


def _turned(
    array: np.ndarray[Any, np.dtype[Any]], layout: str, upright: bool = False
) -> np.ndarray[Any, np.dtype[Any]]:
    """From x @ W to the layout; a row of biases has no other, and neither has what stands upright in both.

    >>> _turned(np.array([[1, 2, 3]]), "W @ x").tolist()
    [[1], [2], [3]]
    """
    return array.T if layout == "W @ x" and not upright else array


def _place(key: str, index: tuple[int, ...]) -> str:
    return f"{key}[{', '.join(map(str, index))}]" if index else key


def _give(shapes: Mapping[str, tuple[int, ...]]) -> str:
    return "; give " + ", ".join(f"{key} {shape}" for key, shape in shapes.items())


def _keyed(shapes: Mapping[str, tuple[int, ...]], given: Any, what: str, some: bool) -> Mapping[str, object]:
    """The given arrays by W1, b1, .."""
    if isinstance(given, Mapping):
        check_names(f"{what}: this network has", given, shapes)
        check_all(f"{what}: expected an array", shapes if some else given, shapes, _give(shapes))
        return given
    arrays = [*given] if np.iterable(given) and not isinstance(given, str | bytes) else None
    if arrays is None or len(arrays) != len(shapes):
        raise BpkitError(
            f"{what}: expected a dict such as {{'w1': 0.25, ..}} or {len(shapes)} arrays, "
            f"got {short(given) if arrays is None else len(arrays)}{_give(shapes)}"
        )
    return dict(zip(shapes, arrays))


def number(value: object) -> float | None:
    """The float of what is a number, nan and infinity included; None for text, truth values and all else.

    >>> number(np.float64(0.25)), number("0.25"), number(True)
    (0.25, None, None)
    """
    if not isinstance(value, str | bytes | bool | np.bool_) and not getattr(value, "ndim", 0):
        with suppress(TypeError, ValueError, OverflowError):
            return float(value)  # type: ignore[arg-type]
    return None


def finite(what: str, value: object) -> float:
    """The float of what is a finite number.

    >>> finite("w1", float("inf"))
    Traceback (most recent call last):
    ...
    bpkit.core.errors.BpkitError: w1: expected a finite number, got inf; write it like 0.25
    """
    found = number(value)
    if found is None or not isfinite(found):
        raise BpkitError(f"{what}: expected a finite number, got {value!r}; write it like 0.25")
    return found


def off_tape(given: Any) -> Any:
    """What NumPy can read: a tensor of torch that is being learnt cannot be read as it is."""
    return given.detach() if hasattr(given, "detach") else given


def _numbers(key: str, given: Any) -> Array:
    try:
        array = np.asarray(off_tape(given))
    except Exception as error:  # what an array-like raises is its own: a ragged list, a tensor on a device
        raise BpkitError(
            f"{key}: expected an array of numbers, got {short(given)}, of which NumPy says: {error}; "
            "give rows of equal length, such as [[0.1, 0.2], [0.3, 0.4]]"
        ) from None
    found = [number(value) for value in array.ravel().tolist()]
    if None in found:
        index = [*np.ndindex(array.shape)][found.index(None)]
        raise BpkitError(f"{_place(key, index)}: expected a number, got {short(array.item(index))}; write it like 0.25")
    return np.array(found, dtype=float).reshape(array.shape)


def _misfit(key: str, came: tuple[int, ...], layout: str, shapes: Mapping[str, tuple[int, ...]]) -> str:
    """The sentence about an array of another shape: both shapes, and what to do."""
    wanted, lies = shapes[key], ""
    if len(wanted) == 2:
        row, column = ("source", "target") if layout == "x @ W" else ("target", "source")
        lies = f" (a row for each {row} and a column for each {column}, as in {layout})"
    if lies and came == wanted[::-1]:
        other = next(one for one in LAYOUTS if one != layout)
        what_to_do = f'; that is the transpose: say layout="{other}" if all arrays lie so, or give {key}.T'
    elif np.prod(came, dtype=int) == max(wanted) == np.prod(wanted, dtype=int):
        what_to_do = f"; give np.reshape({key}, {wanted})"
    else:
        what_to_do = _give(shapes)
    return f"{key}: expected the shape {wanted}{lies}, got {came}{what_to_do}"
