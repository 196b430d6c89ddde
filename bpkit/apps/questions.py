"""The lessons' predictions by name, as data: what is asked, and how the answer and its reason are computed.

They live here and not in the lessons, where the cell above the question would show the answer. No answer is typed:
each is computed from the problem that the lesson is about.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType

import numpy as np

from bpkit.core.derivation import derive
from bpkit.core.initial import initial_parameters
from bpkit.core.matrix_program import matrix_gradient
from bpkit.core.network import Network
from bpkit.core.numeric import evaluate
from bpkit.core.problem import Problem
from bpkit.core.spelling import number
from bpkit.core.training import train
from bpkit.examples.article import article
from bpkit.show.depth import gradient_sizes

Answer = str | float


@dataclass(frozen=True)
class Question:
    """What is asked, what may be chosen (nothing, where a number is typed), and what computes answer and reason."""

    text: str
    solve: Callable[[], tuple[Answer, str]]
    choices: tuple[str, ...] = ()


def nearest(value: float, choices: Sequence[str]) -> str:
    """The choice whose number is nearest."""
    return min(choices, key=lambda choice: abs(float(choice) - value))


def prose(value: float, digits: int = 6) -> str:
    """A number as a sentence has it, with a real minus."""
    return number(value, digits).replace("-", "−", value < 0)


@lru_cache(maxsize=1)
def _slopes() -> Mapping[str, float]:
    """The numbers of the article's network."""
    values = evaluate(article.problem)
    return MappingProxyType({name: float(values[name]) for name in values})


WAYS = ("up", "down")
SIGNS = ("positive", "negative")


def _way(slope: float) -> str:
    """Which way a weight goes against its slope."""
    return WAYS[slope > 0]


def _toward_the_target() -> tuple[Answer, str]:
    slope = _slopes()["dE_total/dw7"]
    return _way(slope), (
        "w₇ multiplies the output of h1, which is positive; so a larger w₇ makes the output of o2 larger, and it is "
        f"too small. In numbers, ∂E/∂w₇ = {prose(slope)}"
    )


def _slope_at_3() -> tuple[Answer, str]:
    network = Network(1, 1, bias="none")
    problem = Problem(network, {"w1": 3.0}, inputs=[1.0], targets=[0.2], learning_rate=5)
    return _way(evaluate(problem)["dE_total/dw1"]), (
        "a positive slope means that the loss grows to the right, so it falls to the left. Go against the slope"
    )


def _sigmoid_at_1() -> tuple[Answer, str]:
    neuron = Problem(Network(1, 1), {"w1": 1.5, "b1": -0.5}, inputs=[1.0], targets=[1.0])
    return evaluate(neuron)["out_o1"], "the sigmoid is a half at 0, and only from about 4 on is it close to 1"


def _forward_runs() -> tuple[Answer, str]:
    large = Network(2, 32, 32, 2)
    weights, biases = len(large.weights), len(large.biases)
    return 2.0 * (weights + biases), (
        f"there are 2·32 + 32·32 + 32·2 = {weights:,} weights and {biases} biases, and each needs two runs"
    )


HUNDREDTHS = ("0.75", "0.80", "0.85", "0.90")


def _net_of_o1() -> tuple[Answer, str]:
    net = _slopes()["net_o1"]
    return nearest(net, HUNDREDTHS), (
        "a third of 0.6 and a fifth of 0.6 together are about 0.33, and the bias adds 0.5. "
        f"With all digits it is {prose(net)}"
    )


def _sign_for_w5() -> tuple[Answer, str]:
    slope = _slopes()["dE_total/dw5"]
    return SIGNS[slope < 0], (
        "the output of o1 is too large, and a larger w₅ makes it larger still; so the loss grows with w₅. "
        f"In numbers, ∂E/∂w₅ = {prose(slope)}"
    )


PATHS = (
    "positive, and the path through o1 contributes more",
    "positive, and the path through o2 contributes more",
    "negative, and the path through o1 contributes more",
    "negative, and the path through o2 contributes more",
)


def _two_paths() -> tuple[Answer, str]:
    problem = article.problem
    one, two = (float(path.product or 0) for path in derive(problem.network).paths("w1").at(problem))
    total = one + two
    return PATHS[2 * (total < 0) + (abs(two) > abs(one))], (
        f"the path through o1 gives {prose(one)}, the path through o2 {prose(two)}, and together {prose(total)}. "
        "A larger w₁ makes both outputs larger; o1 is too large and far from its target, o2 is too small and nearer"
    )


def _how_many_updates() -> tuple[Answer, str]:
    count = int((train(article.problem, 1000).loss < 0.1).argmax())
    return float(count), (
        "the weights of the output layer do most of the work, and their derivatives are large at the start"
    )


def _figures_that_hold() -> tuple[Answer, str]:
    audit = article.audit()
    return float(sum(finding.holds for finding in audit)), (
        "an early mistake is carried into every later figure that uses it"
    )


SLOPES = ("p − y", "p · (1 − p)", "−y / p", "(p − y) · p · (1 − p)")


def _softmax_slope() -> tuple[Answer, str]:
    classes = Network(2, 3, activation="softmax", loss="cross_entropy")
    weights = dict(zip(classes.parameters, [0.1, -0.3, -0.3, -0.5, 1.1, 0.7, 0.0]))
    values = evaluate(Problem(classes, weights, inputs=[1, 0.5], targets=[0, 1, 0]))
    p, y, slope = float(values["out_o2"]), 1.0, float(values["dE_total/dnet_o2"])
    found = dict(zip(SLOPES, (p - y, p * (1 - p), -y / p, (p - y) * p * (1 - p))))
    return min(SLOPES, key=lambda choice: abs(found[choice] - slope)), (
        "the −y/p of the loss and the slopes of the softmax cancel; the lines below show it step by step"
    )


def _net_of_a_batch() -> tuple[Answer, str]:
    points, hidden = 200, 8
    return float(points * hidden), "there is a row for each point and a column for each hidden neuron"


SHRINK = ("about 10 times", "about 1,000 times", "more than a million times")


def _ten_layers() -> tuple[Answer, str]:
    network = Network(2, *[8] * 10, 2, bias="neuron")
    problem = article.problem.replace(network=network, parameters=initial_parameters(network, np.random.default_rng(0)))
    sizes = gradient_sizes(problem)[1]
    factor = float(sizes[-1] / sizes[0])
    return SHRINK[2 if factor > 1e6 else int(factor > 100)], (
        f"here it is about {float(number(factor, 2)):,.0f} times. Each of the ten layers multiplies by a slope of "
        "a quarter or less, and a quarter to the power of ten is about a millionth"
    )


DIGITS = ("2 or 3", "about 7", "13 or more")


def _library_digits() -> tuple[Answer, str]:
    # Two programs that apply the same rules in another order, as the library does.
    values, (_, slopes) = _slopes(), matrix_gradient(article.problem)
    off = max(abs(slope / values[f"dE_total/d{name}"] - 1) for name, slope in slopes.items())
    return DIGITS[2 if off < 1e-13 else int(off < 1e-5)], (
        "both apply the same rules to the same numbers, and each step is rounded only after about 16 digits. "
        "A difference quotient, which is an approximation, has far fewer digits"
    )


QUESTIONS: Mapping[str, Question] = MappingProxyType(
    {
        "toward-the-target": Question(
            "The target of o2 is 0.95, and its output is about 0.74. Which way should w₇ go, the weight from h1 to o2?",
            _toward_the_target,
            WAYS,
        ),
        "slope-at-3": Question("The slope of the loss at w₁ = 3 is positive. Which way must w₁ go?", _slope_at_3, WAYS),
        "sigmoid-at-1": Question(
            "A neuron has w₁ = 1.5, b₁ = −0.5 and the input 1, so its net input is 1. What is its output, roughly?",
            _sigmoid_at_1,
        ),
        "forward-runs": Question(
            "A 2-32-32-2 network: how many forward runs does nudging need for all its parameters, two for each?",
            _forward_runs,
        ),
        "net-of-o1": Question("Which of these is nearest to the net input of o1?", _net_of_o1, HUNDREDTHS),
        "sign-for-w5": Question("What is the sign of ∂E/∂w₅?", _sign_for_w5, SIGNS),
        "two-paths": Question("What is the sign of ∂E/∂w₁, and which path contributes more?", _two_paths, PATHS),
        "how-many-updates": Question(
            "After how many updates is the loss below 0.1 for the first time?", _how_many_updates
        ),
        "figures-that-hold": Question(
            "How many of the 11 printed figures are exact, or rounded or cut off from the exact value?",
            _figures_that_hold,
        ),
        "softmax-slope": Question(
            "What is the derivative of the cross-entropy with respect to the net input of a softmax output?",
            _softmax_slope,
            SLOPES,
        ),
        "net-of-a-batch": Question(
            "200 points go through a 2-8-1 network at once. How many numbers are in net_1, the net inputs of its "
            "hidden layer?",
            _net_of_a_batch,
        ),
        "ten-layers": Question(
            "Ten hidden layers of sigmoids: how many times smaller are the deltas of the first layer than those of "
            "the last?",
            _ten_layers,
            SHRINK,
        ),
        "library-digits": Question(
            "To how many digits will the library's derivatives agree with those of the lines?", _library_digits, DIGITS
        ),
    }
)
