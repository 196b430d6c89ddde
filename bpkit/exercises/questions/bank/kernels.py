"""A question about a picture of a convolution: which kernel made it, and what that kernel sends back."""

from __future__ import annotations

from functools import partial

import numpy as np

from bpkit.core.spelling import readable
from bpkit.exercises.questions.bank.choices import shuffle
from bpkit.exercises.questions.bank.looking import TOPIC, choice, shown
from bpkit.exercises.questions.exercise import Content, Question, Solution
from bpkit.exercises.questions.friendly_problems import choose
from bpkit.exercises.questions.parts import ExactPart
from bpkit.exercises.questions.task import Task
from bpkit.show.question_panels import kernel_rows

_KERNELS = ((-1.0, 1.0), (1.0, -1.0), (0.5, 0.5), (1.0, 0.0))  # one of the first two made the picture
_TURNED, _MEAN, _COPY = "turns the kernel round", "takes a mean for a difference", "takes a copy for a difference"
_ONE, _BARE = "follows only one path", "leaves out the weights on the way back"
_LENGTH, _STEP = 5, 0.4  # numbers of the row; what two neighbours differ by at least, somewhere
_DELTAS = ((0.5, 0.6, 0.7, 0.8), (0.15, 0.25, 0.35))  # of two places; their difference is no number of a row


def _draw(rng: np.random.Generator, level: str) -> Task:
    row = rng.integers(1, 10, _LENGTH) / 10
    while np.abs(np.diff(row)).max() < _STEP or np.unique(row).size < _LENGTH - 1:
        row = rng.integers(1, 10, _LENGTH) / 10
    deltas = [float(rng.choice(some)) for some in _DELTAS]
    about = {
        "row": [float(one) for one in row],
        "kernel": choose(rng, _KERNELS[:2]),
        "place": int(rng.integers(1, _LENGTH - 1)),
        "deltas": deltas[:: int(rng.choice([1, -1]))],
        "order": shuffle(rng),
    }
    return Task("read-kernel", (), about)


def _spelled(kernel: tuple[float, float]) -> str:
    return readable(f"k₁ = {kernel[0]:g} and k₂ = {kernel[1]:g}")


def _which(task: Task, pair: tuple[str, str], place: int) -> ExactPart:
    """Which kernel made the row of results? The hint says where to look, and the pair that is there."""
    options = [_spelled(one) for one in _KERNELS]
    own = task.about["kernel"]
    reasons = {
        options[1 - own]: (_TURNED, "turn the kernel round", "k₁ is the weight of the left number of a pair"),
        options[2]: (_MEAN, "", "a mean of numbers above 0 is above 0, and some results are below"),
        options[3]: (_COPY, "", "then each result would be the left number of its pair"),
    }
    shuffled = [options[one] for one in task.about["order"] if one < len(options)]
    hint = f"The result at place {place} comes from {pair[0]} and {pair[1]}."
    return choice("Which kernel made the lower row?", options[own], shuffled, reasons, (hint,))


def _back(task: Task, x: str, right: str) -> ExactPart:
    """What arrives at an input that two places use?"""
    (k1, k2), place, (one, two) = _KERNELS[task.about["kernel"]], task.about["place"], task.about["deltas"]
    wrong = {
        shown(k1 * one + k2 * two): (
            _TURNED,
            "give each δ the other weight",
            f"{x} is the right number at place {place}, so that δ comes back with k₂",
        ),
        shown(k2 * one): (_ONE, "count one place only", f"{x} is used at two places, and both send something back"),
        shown(one + two): (_BARE, "leave out the weights", "each δ comes back times the weight that it went through"),
    }
    asks = (
        f"Now the way back. The δ of place {place} is {shown(one)}, that of place {place + 1} is {shown(two)}, and all "
        f"others are 0. What arrives at {x}?"
    )
    hint = f"{x} is the right one of the two numbers at place {place}. Which weight multiplied it there?"
    return choice(asks, right, sorted([right, *wrong]), wrong, (hint,), "number")


def _build(task: Task) -> Content:
    about, kernel = task.about, _KERNELS[task.about["kernel"]]
    row, place, (one, two) = np.array(about["row"]), about["place"], about["deltas"]
    made = np.round(kernel[0] * row[:-1] + kernel[1] * row[1:], 2)
    steep = int(np.abs(np.diff(row)).argmax())
    first, second = (shown(float(value)) for value in row[steep : steep + 2])
    x, arrives = f"x{'₁₂₃₄₅'[place]}", shown(kernel[1] * one + kernel[0] * two)
    solve = lambda: Solution(
        (
            f"The result at place {steep + 1} is {shown(float(made[steep]))}, which is k₁ · {first} + k₂ · {second} "
            f"with {_spelled(kernel)}.",
            f"{x} is the right number at place {place} and the left one at place {place + 1}. So k₂ · {shown(one)} + "
            f"k₁ · {shown(two)} = {arrives} arrives there.",
        )
    )
    text = lambda: (
        "The picture shows a row of five numbers. A kernel of two weights, k₁ for the left number and "
        "k₂ for the right one, was laid on each pair of neighbours. The results are below."
    )
    parts = (_which(task, (first, second), steep + 1), _back(task, x, arrives))
    return Content(text, parts, solve, partial(kernel_rows, row, made))


QUESTIONS = (Question("read-kernel", TOPIC, "Which kernel?", _draw, _build, (_TURNED, _MEAN, _COPY, _ONE, _BARE)),)
