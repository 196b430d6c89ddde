"""The way forward and the update in plain arrays, as NumPy has them: what a key is compared with, beside its lines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from bpkit.core.blocks.block import Block, activated
from bpkit.core.blocks.residual import Residual
from bpkit.core.model import Model
from bpkit.core.network import layered
from bpkit.core.problem import Problem
from bpkit.core.program import on_arrays
from bpkit.core.quantities import Quantity
from bpkit.core.runtime import Array

Found = dict[tuple[str, int], Array]  # by letter and number of the block
Arrays = Mapping[str, Array]


def forward(problem: Problem) -> Found:
    """Every quantity of one sample's way forward, by its letter and the number of its block: net, out, E and others.

    >>> import bpkit as bp
    >>> forward(bp.examples.article.problem)["net", 1].round(3)
    array([0.505, 0.541])
    """
    network, found = problem.network, Found()
    if isinstance(network, Model):
        number, signal = _stack(network.blocks, 1, _by_block(problem), problem.inputs, found)
    else:
        number, signal = _layers(problem, found)
    targets = problem.targets if network.targets else np.zeros_like(signal)
    found["E", number - 1] = np.asarray(on_arrays(network.loss)(signal, targets, signal.size))
    return found


def at(found: Found, quantity: Quantity) -> float:
    """The value of one quantity among these arrays.

    >>> import bpkit as bp
    >>> problem = bp.examples.article.problem
    >>> round(at(forward(problem), problem.derivation.quantities["net_h2"]), 3)
    0.541
    """
    letter = quantity.tag if quantity.tag == "skip" else quantity.letter
    array = found[letter, quantity.block]
    own = quantity.index[-array.ndim :] if array.ndim else ()  # an error of the last step has no axis of steps
    return float(array[tuple(place - 1 for place in own)])


def total(problem: Problem) -> float:
    """The loss: the errors of all outputs together, over a batch their mean or their sum.

    >>> import bpkit as bp
    >>> round(total(bp.examples.article.problem), 6)
    0.233453
    """
    samples = [problem.sample(row) for row in range(problem.n_samples)] if problem.is_batch else [problem]
    errors = [array for one in samples for (letter, _), array in forward(one).items() if letter == "E"]
    return float(np.sum(errors) / (1 if problem.batch == "sum" else len(samples)))


def _layers(problem: Problem, found: Found) -> tuple[int, Array]:
    """A network's layers, signal @ W + b; the number of the next one and the last outputs."""
    signal, layer, arrays = problem.inputs, 0, problem.arrays("x @ W")
    for layer, function in enumerate(layered(problem.network, "forward").activations, 1):
        found["net", layer] = signal @ arrays[f"W{layer}"] + arrays.get(f"b{layer}", 0.0)
        found["out", layer] = signal = activated(found["net", layer], function)
    return layer + 1, signal


def _by_block(problem: Problem) -> dict[int, dict[str, Array]]:
    """The arrays of each block, by what they are called without its number."""
    own: dict[int, dict[str, Array]] = {}
    for key, array in problem.arrays("x @ W").items():
        number = problem.network.lines.parameters[problem.network.tables[key].flat[0]].block
        own.setdefault(number, {})[key.removesuffix(str(number))] = array
    return own


def _stack(
    blocks: Sequence[Block], number: int, arrays: Mapping[int, Arrays], signal: Array, found: Found
) -> tuple[int, Array]:
    """Blocks one after the other; the number of the next one and what comes out."""
    image = False
    for block in blocks:
        if isinstance(block, Residual):
            number, through = _stack(block.blocks, number, arrays, signal, found)
            found["skip", number - 1] = signal = signal + through
        else:
            if image and not block.makes_image(image):  # it reads an image row after row
                signal = signal.reshape(-1)
            image = block.makes_image(image)
            made = block.computed(arrays.get(number, {}), signal)
            signal = made.pop("passed on", made["out"])
            found.update({(letter, number): array for letter, array in made.items()})
            number += 1
    return number, signal


def updated(problem: Problem, parameter: Quantity, slope: float) -> dict[str, float]:
    """How an update changes a parameter with a slope: what its rule remembers, by letter, and its new value.

    >>> import bpkit as bp
    >>> problem = bp.examples.article.problem
    >>> round(updated(problem, problem.derivation.quantities["w5"], slope=0.0851429)["new"], 6)
    0.307429
    """
    rule, old, derivation = problem.update, problem.parameters[parameter.name], problem.derivation
    states = (derivation.by_name[name].quantity for name in derivation.states)
    remembered = {one.letter: problem.state[one.name] for one in states if one.of in (None, parameter)}
    g = slope + (rule.weight_decay * old if parameter.tag != "bias" else 0.0)
    made = {"g": g, **rule.computed(g, remembered)}
    return {**made, "new": old - problem.learning_rate * made["step"]}
