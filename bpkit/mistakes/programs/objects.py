"""An object of the learner's that holds parameters: finds its arrays, and works on a copy."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from bpkit.core.errors import BpkitError
from bpkit.mistakes.programs.arguments import ALL, BIASES, RATES, WEIGHTS
from bpkit.mistakes.programs.spellings import Blocks, Spelling, numbered, plain


@dataclass(frozen=True)
class Slot:
    """A place in an object that holds a number or an array."""

    name: str
    read: Callable[[], Any]
    write: Callable[[Any], None]


def parameters_of(thing: object, spelling: Spelling) -> dict[str, Slot]:
    """The places of W1, b1, .. in an object: attributes, lists, a dict, or the attributes of its layers."""
    if isinstance(spelling, Blocks):
        return _of_blocks(thing, spelling)
    found: dict[str, Slot] = {}
    for name, slot in _slots(thing):
        word = plain(name)
        value = slot.read()
        if key := numbered(name):
            if _is_array(value):
                found.setdefault(key, slot)
        elif isinstance(value, dict) and word in ALL | WEIGHTS:
            found |= {numbered(str(k)): _in(value, k, name) for k in value if numbered(str(k))}
        elif isinstance(value, list) and word in WEIGHTS | BIASES | ALL:
            letters = "W" if word in WEIGHTS else "b" if word in BIASES else ""
            for place, one in enumerate(value):
                key = f"{letters or 'Wb'[place % 2]}{(place if letters else place // 2) + 1}"
                if _is_array(one):
                    found.setdefault(key, _in(value, place, name))
    if any(key.endswith("0") and len(key) == 2 for key in found):  # counted from 0
        found = {f"{key[0]}{int(key[1:]) + 1}": slot for key, slot in found.items()}
    return found or _in_layers(thing) or _single(thing) or _chained(thing)


def _of_blocks(thing: object, spelling: Blocks) -> dict[str, Slot]:
    """Attributes under names that mean the arrays of a model, or what a dict holds under such names."""
    slots = dict(_slots(thing))
    arrays = {name: slot for name, slot in slots.items() if _is_array(slot.read())}
    if found := spelling.keys(arrays):
        return {key: arrays[name] for name, key in found.items()}
    for name, slot in slots.items():
        held = slot.read()
        if isinstance(held, dict) and (found := spelling.keys(key for key in held if isinstance(key, str))):
            return {key: _in(held, word, name) for word, key in found.items()}
    return {}


def _chained(thing: object) -> dict[str, Slot]:
    """Matrices under names of their own, where the sizes of one go on with those of the one before."""
    slots = [slot for name, slot in _slots(thing) if isinstance(slot.read(), np.ndarray) and not _is_slope(name)]
    tables = [
        slot for slot in slots if (np.ndim(slot.read()) == 2 and min(np.shape(slot.read())) > 1) or len(slots) < 3
    ]
    shapes = [np.shape(slot.read()) for slot in tables]
    onward = all(a[1] == b[0] for a, b in zip(shapes, shapes[1:]))
    back = all(a[0] == b[1] for a, b in zip(shapes, shapes[1:]))
    if not tables or any(len(shape) != 2 for shape in shapes) or not (onward or back):
        return {}
    found = {f"W{k}": slot for k, slot in enumerate(tables, 1)}
    rest = [slot for slot in slots if slot not in tables]
    for k, shape in enumerate(shapes, 1):
        own = next((one for one in rest if np.size(one.read()) == shape[1 if onward else 0]), None)
        if own:
            found[f"b{k}"] = own
            rest.remove(own)
    return found


def _is_slope(name: str) -> bool:
    word = plain(name)
    return word[:1] == "d" or word.startswith(("grad", "nabla", "delta", "v", "m"))


def _single(thing: object) -> dict[str, Slot]:
    """One layer: W and b."""
    slots = {plain(name): slot for name, slot in _slots(thing) if _is_array(slot.read())}
    letters = (("W1", WEIGHTS), ("b1", BIASES))
    return {key: slots[word] for key, words in letters for word in sorted(words & slots.keys())[:1]}


def _in_layers(thing: object) -> dict[str, Slot]:
    """A list of objects where each holds the parameters of one layer."""
    for _, slot in _slots(thing):
        value = slot.read()
        if isinstance(value, list | tuple):
            layers = [one for one in map(_single, value) if "W1" in one]
            if layers:
                return {f"{key[0]}{place}": s for place, layer in enumerate(layers, 1) for key, s in layer.items()}
    return {}


def gradients_of(thing: object, spelling: Spelling) -> dict[str, Any]:
    """What an object keeps under names such as dW1, grad_W1 or in a dict of gradients."""
    found: dict[str, Any] = {}
    for name, slot in _slots(thing):
        value, word = slot.read(), plain(name)
        if isinstance(value, dict) and word.startswith(("grad", "d")):
            found |= {str(key): one for key, one in value.items()}
        elif word[:1] in ("d", "g", "n") and not spelling.key(name):
            found[name] = value
    return found


def rates_of(thing: object) -> list[Slot]:
    """The places of a learning rate, in the object or in its class.

    >>> class Net:
    ...     learning_rate = 0.5
    >>> [slot.name for slot in rates_of(Net())]
    ['learning_rate']
    """
    names = [name for name in {**vars(type(thing)), **getattr(thing, "__dict__", {})} if plain(name) in RATES]
    slots = [_attribute(thing, name) for name in names]
    return [slot for slot in slots if isinstance(slot.read(), int | float)]


def _slots(thing: object) -> Iterator[tuple[str, Slot]]:
    for name in [*getattr(thing, "__dict__", ())]:
        yield name, _attribute(thing, name)


def _attribute(thing: object, name: str) -> Slot:
    return Slot(name, lambda: getattr(thing, name), lambda value: setattr(thing, name, value))


def _in(holder: Any, key: Any, name: str) -> Slot:
    return Slot(f"{name}[{key!r}]", lambda: holder[key], lambda value: holder.__setitem__(key, value))


def _is_array(value: Any) -> bool:
    return isinstance(value, np.ndarray | list) and np.ndim(value) in (1, 2) and np.size(value) > 0


def copied(thing: object) -> Any:
    """A copy of an object with all that it holds.

    Errors: ``BpkitError`` for one that cannot be copied.

    >>> weights = {"W1": [0.5]}
    >>> copied(weights) == weights, copied(weights) is weights
    (True, False)
    """
    try:
        return copy.deepcopy(thing)
    except Exception as error:  # whatever its own copying raises
        raise BpkitError(
            f"review: expected an object that can be copied, got {type(error).__name__} from copying it: {error}; "
            "give one that holds arrays and numbers only"
        ) from None
