"""A question about the arrays of a program: which product gives a derivative of a batch, and in which shape."""

from __future__ import annotations

import numpy as np

from bpkit.core.network import Network
from bpkit.exercises.questions.bank.choices import TOPIC, one_of, shuffle
from bpkit.exercises.questions.exercise import Content, Question, Solution
from bpkit.exercises.questions.friendly_problems import draw_problem, settled
from bpkit.exercises.questions.parts import ExactPart, Wrong
from bpkit.exercises.questions.task import Task
from bpkit.exercises.questions.words import in_words

_UPRIGHT, _TURNED = "forgets to transpose", "swaps rows and columns"
_BY_NUMBER, _OTHER_LAYER = "multiplies number by number instead of adding up", "takes an array of another layer"
_BY_POINT, _OF_WEIGHTS = "keeps a row for each point", "gives the shape of the weights"
_SUM, _ALL = "takes the sum instead of the mean", "takes the mean over the neurons too"
_ACROSS, _EACH = "sums the bias gradient over the wrong axis", "does not sum the bias gradient over the samples"


def _draw(rng: np.random.Generator, level: str) -> Task:
    layers = 3 if level == "hard" else 2
    sizes = rng.permutation(np.arange(2, 7))[: layers + 1]  # all different, so that a wrong product shows
    layer = settled(rng, tuple(range(1 if level == "easy" else 2, layers + 1))) + (1 if level == "easy" else 2)
    about = {"level": level, "layer": int(layer), "points": int(rng.integers(7, 10)), "order": shuffle(rng)}
    problem = draw_problem(rng, Network(*map(int, sizes), bias="neuron"))
    return Task("which-product", (problem,), about)


def _gradient(layer: int, before: int, after: int, points: int, order: list[int]) -> ExactPart:
    """Which product gives the derivatives of a table of weights?"""
    incoming, delta = "x" if layer == 1 else f"out{layer - 1}", f"delta{layer}"
    rows, deltas = (points, before), (points, after)
    known = (
        Wrong(
            _UPRIGHT, f"{rows} @ {deltas} does not fit: {before} columns meet {points} rows", f"{incoming} @ {delta}"
        ),
        Wrong(
            _TURNED,
            f"this is {(after, before)}, and the weights of layer {layer} have a row for each input",
            f"{delta}.T @ {incoming}",
        ),
        Wrong(
            _BY_NUMBER, f"* needs the same shape, and makes no sum over the points; {_ADDS}", f"{incoming} * {delta}"
        ),
        Wrong(
            _OTHER_LAYER,
            f"the weights of layer {layer} multiply what goes into it, not what comes out",
            f"out{layer}.T @ {delta}",
        ),
    )
    asks = f"Which expression gives the sum over all points that `dW{layer}` needs?"
    hint = f"Write down the shapes of `{incoming}`, `{delta}` and `W{layer}`. The sum runs over the points."
    return one_of(asks, f"{incoming}.T @ {delta}", known, order, hints=(hint,))


_ADDS = "only @ adds up"


def _way_back(layer: int, before: int, after: int, points: int, order: list[int]) -> ExactPart:
    """Which product takes the deltas of a layer back to the outputs before it?"""
    delta, weights = f"delta{layer}", f"W{layer}"
    deltas, table = (points, after), (before, after)
    known = (
        Wrong(_UPRIGHT, f"{deltas} @ {table} does not fit: {after} columns meet {before} rows", f"{delta} @ {weights}"),
        Wrong(
            _BY_NUMBER, f"* needs the same shape, and makes no sum over the neurons; {_ADDS}", f"{delta} * {weights}.T"
        ),
        Wrong(_TURNED, f"this is {(before, points)}, and each point needs a row", f"{weights} @ {delta}.T"),
        Wrong(
            _OTHER_LAYER,
            f"the deltas of layer {layer} go back through the weights that lead into layer {layer}",
            f"{delta} @ W{layer - 1}.T",
        ),
    )
    asks = (
        f"`delta{layer - 1}` has two factors: what comes back from layer {layer}, and the slope of its own layer. "
        "Which expression gives the first?"
    )
    hint = f"It needs a row for each point and a column for each neuron of layer {layer - 1}. Which sizes must meet?"
    return one_of(asks, f"{delta} @ {weights}.T", known, order, hints=(hint,))


def _shape(name: str, shape: tuple[int, int], points: int, layer: int, before: int) -> ExactPart:
    """Which shape has an array of a layer, into which so many numbers go?"""
    rows = "points" if shape[0] == points else "inputs of the layer"
    why = f"the rows are the {rows}, and the columns are the neurons of the layer"
    turned = Wrong(_TURNED, why, shape[::-1], you="swap rows and columns")
    by_point = Wrong(_BY_POINT, "the points are added up, so it has the shape of its weights", (points, shape[1]))
    weights = Wrong(
        _OF_WEIGHTS, f"this is the shape of W{layer}, and {name} has a row for each point", (before, shape[1])
    )
    came = Wrong(_OTHER_LAYER, f"this is the shape of what goes into layer {layer}", (points, before))
    known = (turned, weights, came) if shape[0] == points else (turned, by_point)
    hint = "What belongs to weights has the shape of the weights; what each point has gets a row per point."
    return ExactPart(f"The shape of `{name}` as (rows, columns)", shape, "shape", known=known, hints=(hint,))


def _bias(layer: int, after: int, points: int, order: list[int]) -> ExactPart:
    """Which expression gives the derivatives of the biases?"""
    delta = f"delta{layer}"
    known = (
        Wrong(_SUM, f"the loss is the mean, so the sum is {points} times too large", f"{delta}.sum(axis=0)"),
        Wrong(_ACROSS, f"this is a number for each of the {points} points", f"{delta}.mean(axis=1)"),
        Wrong(_ALL, f"this is one number, and layer {layer} has {after} biases", f"{delta}.mean()"),
        Wrong(_EACH, "each point has a row there, and a bias is the same for all of them", delta),
    )
    asks = (
        f"The loss is the mean over the points, and a row of `{delta}` comes from the loss of its own point alone. "
        f"Which expression gives `db{layer}`? (`axis=0` goes down the columns, `axis=1` along the rows.)"
    )
    hint = f"There is one number for each of the {after} neurons. Over what is the mean?"
    return one_of(asks, f"{delta}.mean(axis=0)", known, order, hints=(hint,))


def _build(task: Task) -> Content:
    sizes, points, layer, order = task.network.sizes, task.about["points"], task.about["layer"], task.about["order"]
    before, after = sizes[layer - 1], sizes[layer]
    if task.about["level"] == "easy":
        first = _gradient(layer, before, after, points, order)
        shape = _shape(f"delta{layer}", (points, after), points, layer, before)
    else:
        first = _way_back(layer, before, after, points, order)
        shape = _shape(f"dW{layer}", (before, after), points, layer, before)
    parts = (first, shape, _bias(layer, after, points, order[1:] + order[:1]))
    asked = (
        f"A program trains a network with layers of {in_words([*map(str, sizes)])} neurons, inputs first, on a batch "
        f"of $n = {points}$ points. `x`, `out1`, `delta1` and so on have a row for each point. `W1` has a row for "
        "each input and a column for each neuron of layer 1, `W2` likewise one layer later."
    )

    def solve() -> Solution:
        weights, deltas = (before, after), (points, after)
        if task.about["level"] == "easy":
            fits = f"{(before, points)} @ {deltas} gives {weights}, the shape of `W{layer}`"
        else:
            fits = f"{deltas} @ {(after, before)} gives {(points, before)}, a row for each point"
        given = f"`W{layer}` is {weights} and `delta{layer}` is {deltas}."
        return Solution(
            (
                f"{given} So `{parts[0].answer}` fits: {fits}. The two sizes that meet are equal.",
                f"The second shape is {parts[1].answer}: `{'delta' if task.about['level'] == 'easy' else 'dW'}{layer}` "
                + ("has a row for each point." if task.about["level"] == "easy" else f"is as large as `W{layer}`."),
                f"`{parts[2].answer}` goes down the columns, so one number is left for each of the {after} neurons.",
            )
        )

    return Content(lambda: asked, parts, solve, drawn=False)


QUESTIONS = (
    Question(
        "which-product",
        TOPIC,
        "Which product?",
        _draw,
        _build,
        (_UPRIGHT, _TURNED, _BY_NUMBER, _OTHER_LAYER, _BY_POINT, _OF_WEIGHTS, _SUM, _ACROSS, _ALL, _EACH),
    ),
)
