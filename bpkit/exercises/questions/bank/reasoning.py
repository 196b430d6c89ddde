"""Questions before the arithmetic: which paths there are, which sign and size to expect, which shapes fit."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from itertools import pairwise

import numpy as np

from bpkit.core.derivation import derive
from bpkit.core.network import Network
from bpkit.core.numeric import evaluate
from bpkit.core.path_sums import Path
from bpkit.core.problem import Problem
from bpkit.core.spelling import typeset
from bpkit.exercises.questions.bank.quantity_questions import DIGITS, HIDDEN, number_part, worked
from bpkit.exercises.questions.card_pictures import beside
from bpkit.exercises.questions.exercise import Content, Question, Solution
from bpkit.exercises.questions.friendly_problems import architectures, choose, draw_problem, settled
from bpkit.exercises.questions.parts import ExactPart, NumberPart, Wrong
from bpkit.exercises.questions.proof import prove_product
from bpkit.exercises.questions.slips import wrong_answers
from bpkit.exercises.questions.task import Task
from bpkit.exercises.questions.words import givens, maths
from bpkit.mistakes.hand_rounding import half_unit

# Networks in which a weight reaches the loss by two paths or more.
_MANY_PATHS: Mapping[str, tuple[tuple[int, ...], ...]] = {
    "easy": ((1, 2, 2), (2, 2, 2)),
    "medium": ((2, 2, 3), (2, 3, 2), (3, 2, 2), (2, 2, 2, 1), (2, 2, 3, 1)),
    "hard": ((2, 2, 2, 2), (2, 2, 3, 2), (2, 2, 2, 3), (2, 3, 2, 2)),
}


def _draw_paths(rng: np.random.Generator, level: str) -> Task:
    shapes = _MANY_PATHS[level]
    network = Network(*shapes[choose(rng, shapes)])
    early = [name for name, (source, _) in network.weights.items() if source in network.inputs]
    problem = draw_problem(rng, network)
    weight = early[choose(rng, early)]
    path = choose(rng, derive(network).paths(weight))
    return Task("hidden-paths", (problem,), {"weight": weight, "path": path})


def _neurons(path: Path) -> tuple[str, ...]:
    """The neurons that a path passes, those of its net inputs."""
    nodes = (path.names[node] for node in path.nodes)
    return tuple(node.neuron for node in nodes if node.tag == "net")


def _build_paths(task: Task) -> Content:
    network, weight = task.network, task.about["weight"]
    found = [_neurons(path) for path in derive(network).paths(weight)]
    right = frozenset(found)
    other = next(
        name for name, edge in network.weights.items() if name != weight and edge[0] == network.weights[weight][0]
    )
    others = frozenset(_neurons(path) for path in derive(network).paths(other))
    shown = typeset(other, network.lines.quantities)
    wrong = [Wrong("follows only one path", "every path adds its own product", _listed({path})) for path in found]
    if len(found) > 2:
        wrong += [
            Wrong("leaves out a path", "one path from the weight to the loss is missing", _listed(right - {path}))
            for path in found
        ]
    wrong += [
        Wrong("follows another weight", f"these are the paths of {shown}", _listed(others)),
        Wrong(
            "counts paths of other weights too",
            f"a path starts in the neuron that the weight feeds, and {shown} feeds another",
            _listed(right | others),
        ),
    ]
    begin = " ".join(layer[0] for layer in network.layers[1:-1])
    ask = (
        f"List every path from {maths(network, weight)} to {maths(network, 'E_total')}, each as the neurons that it "
        f'passes, for example `["{begin} o1", "{begin} o2"]`'
    )
    text = lambda: givens(task.problem)
    solve = lambda: Solution((_sentence(len(found)), derive(network).paths(weight).at(task.problem)))
    neurons = tuple(network.layer_of)[network.sizes[0] :]
    source, target = (typeset(end, network.lines.quantities) for end in network.weights[weight])
    hints = (
        f"{maths(network, weight)} joins {source} and {target}, so every path begins in {target}.",
        "From each neuron a path may go on to every neuron of the next layer, up to an output.",
        f"There are {len(found)} paths.",
    )
    listed = ExactPart(ask, right, "paths", neurons=neurons, known=tuple(wrong), hints=hints)
    return Content(text, (listed, _product_part(task)), solve, *beside(task.problem, [f"dE_total/d{weight}"]))


def _product_part(task: Task) -> NumberPart:
    """What one of the paths contributes."""
    problem, weight = task.problem, task.about["weight"]
    paths = derive(problem.network).paths(weight).at(problem)
    path = paths[task.about["path"]]
    passed = " ".join(_neurons(path))
    numbers = list(path.values or ())
    right = math.prod(numbers)
    slack = right * sum(half_unit(number, DIGITS) / abs(number) for number in numbers) * 2
    factors = r" \cdot ".join(path.names[factor].latex for factor in path.factors)
    wrong = [
        Wrong("gives the sum of all paths", "this is the whole derivative", paths.total),
        Wrong(
            "leaves out the input factor",
            "the last factor of a path is what the weight multiplies",
            right / numbers[-1],
        ),
    ]
    return NumberPart(
        f"The product of the factors along the path through `{passed}`, to {DIGITS} significant digits",
        right,
        DIGITS,
        abs(slack) + half_unit(right, DIGITS),
        proof=partial(prove_product, problem, path.factors),
        known=tuple(wrong),
        hints=(
            "Go back from the error: its slope, then at each neuron the slope of its activation and the weight on the "
            "way, and at last what the weight multiplies.",
            f"The factors are ${factors}$.",
        ),
    )


def _listed(paths: frozenset[tuple[str, ...]] | set[tuple[str, ...]]) -> list[str]:
    return [" ".join(path) for path in sorted(paths)]


def _sentence(number: int) -> str:
    return f"There are {number} paths, and the derivative is the sum of their products."


_POWERS = (-3, -2)  # orders of magnitude, each as often as the other


def _draw_sign(rng: np.random.Generator, level: str) -> Task:
    options, power = architectures(level), _POWERS[settled(rng, _POWERS)]
    while True:
        network = options[choose(rng, options)]
        weights = list(network.weights)
        problem, quantity = draw_problem(rng, network), f"dE_total/d{weights[choose(rng, weights)]}"
        if _power(evaluate(problem)[quantity]) == power:
            return Task("sign-first", (problem,), {"asks": [quantity]})


def _power(value: float) -> int:
    return math.floor(math.log10(abs(value)))


def _sign(value: float) -> str:
    return "positive" if value > 0 else "negative"


def _signs(problem: Problem, quantity: str, read: Callable[[float], str | int]) -> tuple[Wrong, ...]:
    """The sign, or the order of magnitude, that mistakes lead to."""
    right = read(evaluate(problem)[quantity])
    wrong = [one for one in wrong_answers(problem, quantity, HIDDEN) if one.name in HIDDEN and one.answer]
    return tuple(replace(one, answer=read(one.answer)) for one in wrong if read(one.answer) != right)


def _build_sign(task: Task) -> Content:
    problem, quantity = task.problem, task.about["asks"][0]
    value = evaluate(problem)[quantity]
    name = maths(problem, quantity)
    parts = (
        ExactPart(
            f"Before computing: is {name} positive or negative?",
            _sign(value),
            "word",
            ("positive", "negative"),
            known=partial(_signs, problem, quantity, _sign),
            hints=(
                "The derivative is a sum of products, one for each path. Look at the sign of each factor.",
                "The slope of an error is out − y: is the output too large, or too small? The slopes of sigmoid and "
                "tanh are never negative, so only weights and inputs can change the sign.",
            ),
        ),
        ExactPart(
            f"Its order of magnitude: the whole number $k$ with $10^k \\leq |{name.strip('$')}| < 10^{{k+1}}$",
            _power(value),
            "whole",
            known=partial(_signs, problem, quantity, _power),
            hints=(
                "Estimate each factor with one digit and multiply them.",
                "0.05 lies between $10^{-2}$ and $10^{-1}$, so its $k$ is −2.",
            ),
        ),
        number_part(problem, quantity, HIDDEN, ", computed"),
    )
    text = lambda: givens(problem)
    return Content(text, parts, lambda: worked(problem, [quantity]), *beside(problem, [quantity]))


def _draw_shapes(rng: np.random.Generator, level: str) -> Task:
    layers = {"easy": 2, "medium": 2, "hard": 3}[level]
    sizes = rng.permutation(np.arange(2, 8))[: layers + 1]  # all different, so that a transposed shape shows
    samples = int(rng.integers(9, 33))
    network = Network(*map(int, sizes), bias="neuron")
    problem = draw_problem(rng, network)
    layer = int(rng.integers(1, layers + 1))
    names = [f"W_{layer}", f"net_{layer}", f"dE_total/dW_{layer}", f"delta_{int(rng.integers(1, layers + 1))}"]
    return Task("matrix-shapes", (problem,), {"samples": samples, "names": names})


def _matrices(network: Network, samples: int) -> Iterator[tuple[str, str, int, int]]:
    """The quantities of the matrix form: name, formula, and rows and columns: sources and targets, or samples and
    neurons.
    """
    for layer, (sources, neurons) in enumerate(pairwise(network.sizes), 1):
        yield f"W_{layer}", f"W_{{{layer}}}", sources, neurons
        yield f"dE_total/dW_{layer}", rf"\partial E / \partial W_{{{layer}}}", sources, neurons
        yield f"net_{layer}", rf"\mathit{{net}}_{{{layer}}}", samples, neurons
        yield f"delta_{layer}", rf"\delta_{{{layer}}}", samples, neurons


_BEFORE = "counts the layer before"
_WEIGHT_SHAPE = (
    "A weight matrix has a row for each input or neuron before it, and a column for each neuron behind it. "
    "A derivative has the shape of what it is taken with respect to."
)
_BATCH_SHAPE = "What is computed for each sample has a row for each sample, and a column for each neuron of the layer."


def _build_shapes(task: Task) -> Content:
    network, samples = task.network, task.about["samples"]
    parts = []
    known = {name: row for name, *row in _matrices(network, samples)}
    for formula, rows, columns in map(known.__getitem__, task.about["names"]):
        turned = Wrong(
            "swaps rows and columns",
            "there is a row for each source or sample and a column for each target",
            (columns, rows),
        )
        single = Wrong("forgets the batch", "a batch has a row for each sample", (1, columns))
        before = network.sizes[network.sizes.index(columns) - 1]
        said = "the columns are the neurons of this layer, not of the layer before"
        layer = [Wrong(_BEFORE, said, shape) for shape in ((rows, before), (before, rows))]
        wrong = (turned, single, *layer) if rows == samples else (turned,)
        hints = (_BATCH_SHAPE,) if rows == samples else (_WEIGHT_SHAPE,)
        asks = f"The shape of ${formula}$ as (rows, columns)"
        parts.append(ExactPart(asks, (rows, columns), "shape", known=wrong, hints=hints))
    sizes = ", ".join(map(str, network.sizes))
    text = lambda: (
        f"A network with layers of {sizes} neurons, inputs first, works on a batch of "
        f"{samples} samples. A batch has a row for each sample, $W_1$ a row for each input and a column for each "
        "neuron of the first layer after the inputs, and $\\delta_l$ holds the deltas of layer $l$."
    )
    return Content(text, tuple(parts), lambda: Solution((derive(network).matrices()._repr_latex_(),)))


QUESTIONS = (
    Question(
        "hidden-paths",
        "hidden layer",
        "The paths of a weight",
        _draw_paths,
        _build_paths,
        (
            "follows only one path",
            "leaves out a path",
            "follows another weight",
            "counts paths of other weights too",
            "gives the sum of all paths",
            "leaves out the input factor",
        ),
    ),
    Question("sign-first", "hidden layer", "Sign and size first", _draw_sign, _build_sign, HIDDEN[:5]),
    Question(
        "matrix-shapes",
        "matrices and data",
        "Shapes in the matrix form",
        _draw_shapes,
        _build_shapes,
        ("swaps rows and columns", "forgets the batch", _BEFORE),
    ),
)
