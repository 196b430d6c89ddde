"""A question about starting weights: which spread keeps signals, and what others, or ways past layers, do to deltas."""

from __future__ import annotations

from fractions import Fraction
from math import prod

import numpy as np

from bpkit.core.spelling import readable
from bpkit.exercises.questions.bank.choices import TOPIC, one_of, shuffle
from bpkit.exercises.questions.exercise import Content, Question, Solution
from bpkit.exercises.questions.friendly_problems import choose
from bpkit.exercises.questions.parts import ExactPart, Wrong
from bpkit.exercises.questions.task import Task
from bpkit.exercises.questions.words import in_words

_WHOLE, _SINGLE = "divides by the number of neurons instead of its root", "takes the spread of a single term"
_UP, _HALF = "multiplies by the root instead of dividing", "overlooks that a ReLU passes only half"
_ADDS, _ONCE, _TURNED = "adds up the factors of the layers", "counts one layer only", "turns the factor upside down"
_BARE, _SUMMED, _SIGN = "leaves out the way past each layer", "adds up the slopes of the layers", "drops a sign"
_STEEP, _FLAT = (2, 3, 4, 5), (1, 2)  # tenths
_ROOTS, _LAYERS = (3, 4, 5, 6, 7, 8, 9, 10), {"easy": 3, "medium": 5, "hard": 6}
_SMALL = {Fraction(1, 2): "half", Fraction(1, 3): "a third", Fraction(1, 4): "a quarter", Fraction(1, 5): "a fifth"}
_LARGE = {Fraction(2): "twice", Fraction(3): "three times", Fraction(4): "four times"}  # a tanh would leave slope 1


def _draw(rng: np.random.Generator, level: str) -> Task:
    relu = level == "hard"
    about = {
        "root": _ROOTS[choose(rng, _ROOTS)],
        "times": choose(rng, _times(relu)),
        "layers": _LAYERS[level],
        "relu": relu,
        "order": shuffle(rng),
        "slopes": _slopes(rng),
    }
    return Task("starting-weights", (), about)


def _slopes(rng: np.random.Generator) -> list[int]:
    """Slopes of three layers in tenths, of both signs."""
    up, down, last = (int(rng.choice(sizes)) for sizes in (_STEEP, _STEEP, _FLAT))
    found = [up, -down, last if rng.integers(2) else -last]
    return [found[place] for place in rng.permutation(len(found))]


def _times(relu: bool) -> list[Fraction]:
    return [*_LARGE, *_SMALL][: len(_LARGE) + 1] if relu else [*_SMALL]


def _spread(root: int, n: int, relu: bool, order: list[int]) -> ExactPart:
    """Which spread of the weights keeps the size of the signals?"""
    known = [
        Wrong(
            _WHOLE, "terms of both signs partly cancel: the spread of the sum grows with √n, not with n", f"s = 1/{n}"
        ),
        Wrong(_SINGLE, f"then each term is as large as a signal, and the sum of {n} terms is much larger", "s = 1"),
    ]
    if relu:
        half = "that fits tanh; a ReLU passes only half of its inputs, so s may be √2 times as large"
        known.append(Wrong(_HALF, half, f"s = 1/√{n}"))
        hint = "A ReLU passes only half of its inputs. So only half of the terms count."
    else:
        known.append(Wrong(_UP, "more terms make the sum larger, so each weight must be smaller", f"s = {root}"))
        hint = "The spread of a sum of n independent terms is √n times that of one term."
    return one_of("Which spread s of the weights does that?", f"s = 1/{root}", known, order, hints=(hint,))


def _size(factor: Fraction) -> str:
    return f"multiplied by {factor}" if factor > 1 else f"divided by {1 / factor}"


def _depth(times: Fraction, layers: int, order: list[int]) -> ExactPart:
    """How large are the deltas some layers back, if the weights start too large or too small?"""
    added = times * layers if times > 1 else times / layers
    kind = "larger" if times > 1 else "smaller"
    known = (
        Wrong(_ADDS, "each layer multiplies what comes back by the same factor again", _size(added)),
        Wrong(_ONCE, f"this is the factor of one layer, and there are {layers}", _size(times)),
        Wrong(_TURNED, f"{kind} weights make the deltas {kind} too", _size(times**-layers)),
    )
    asks = (
        f"Now all weights start {(_LARGE | _SMALL)[times]} as large as that. What happens to the deltas on the way "
        f"back through {layers} such layers?"
    )
    hint = "Going back, a layer multiplies the deltas by its weights. By which factor does one layer change them now?"
    return one_of(asks, _size(times**layers), known, order, hints=(hint,))


def _past(slopes: list[int], order: list[int]) -> ExactPart:
    """By what do layers with ways past them multiply a derivative, if their slopes have both signs?"""
    f = [Fraction(one, 10) for one in slopes]
    known = (
        Wrong(_BARE, "with a way past it, the factor of a layer is 1 + f′(x)", _by(prod(f))),
        Wrong(_SUMMED, "each layer multiplies by its factor 1 + f′(x); the factors are not added", _by(1 + sum(f))),
        Wrong(_SIGN, "where f′(x) is negative, the factor 1 + f′(x) is below 1", _by(prod(1 + abs(one) for one in f))),
    )
    asks = (
        "In another network of that kind a way leads past each layer: out = x + f(x). In three layers, f′(x) is "
        f"{in_words([_tenths(one) for one in f])}. By which number do the three multiply a derivative on its way back?"
    )
    hint = "What is the slope of x + f(x) with respect to x? Write down one such factor for each of the three layers."
    return one_of(asks, _by(prod(1 + one for one in f)), known, order, hints=(hint,))


def _by(factor: Fraction | int) -> str:
    return f"by {_tenths(factor)}"


def _tenths(value: Fraction | int) -> str:
    """A fraction of few decimals as a sentence has it."""
    return readable(f"{float(value):.4g}")


def _build(task: Task) -> Content:
    root, relu, layers = task.about["root"], task.about["relu"], task.about["layers"]
    n, times = root**2 * (1 + relu), _times(relu)[task.about["times"]]
    order, slopes = task.about["order"], task.about["slopes"]
    parts = (_spread(root, n, relu, order), _depth(times, layers, order[::-1]), _past(slopes, order))
    factors = [_tenths(1 + Fraction(one, 10)) for one in slopes]
    kind = "ReLU, and half of them are active" if relu else "tanh, and their slopes are near 1"
    asked = (
        f"In a deep network each neuron adds $n = {n}$ terms, one for each neuron of the layer before. The neurons "
        f"compute {kind}. The weights are drawn at random, with the spread s (their standard deviation). The net "
        "inputs should keep the same spread from layer to layer."
    )

    def solve() -> Solution:
        terms = f"half of {n} terms" if relu else f"{n} terms"
        return Solution(
            (
                f"Together {terms} have √{root**2} · s = {root} · s times the spread of one signal. That is the same "
                f"spread for {parts[0].answer}.",
                f"Each layer multiplies the deltas by {times}, and {layers} layers by {times} to the power of "
                f"{layers}: they are {parts[1].answer}.",
                f"With a way past it, a layer has the factor 1 + f′(x). Together the three multiply {parts[2].answer}, "
                f"which is {' · '.join(factors)}. What is above 1 and what is below 1 partly cancels.",
            )
        )

    return Content(lambda: asked, parts, solve, drawn=False)


QUESTIONS = (
    Question(
        "starting-weights",
        TOPIC,
        "Starting weights",
        _draw,
        _build,
        (_WHOLE, _SINGLE, _UP, _HALF, _ADDS, _ONCE, _TURNED, _BARE, _SUMMED, _SIGN),
    ),
)
