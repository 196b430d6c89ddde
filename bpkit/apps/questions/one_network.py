"""The predictions of lessons 00 to 08 about one network and its numbers."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from itertools import pairwise
from math import prod
from types import MappingProxyType

import numpy as np

from bpkit.apps.questions.audited import (
    DIVIDED,
    LATER,
    SENTENCES,
    WHERE,
    divided,
    figures_that_hold,
    true_sentence,
    where_mazur_slips,
    with_each_slip,
)
from bpkit.apps.questions.prediction import Answer, Question
from bpkit.apps.questions.rates import GROWTH, TRIPLED, how_many_updates, largest_rate, rate_too_large, with_each_rate
from bpkit.apps.questions.wires import (
    BEHIND,
    FOLLOWERS,
    INTO,
    SHARERS,
    into_h1,
    led_elsewhere,
    shared_behind,
    shared_factor,
    w4_turned,
)
from bpkit.apps.recalculate import printed_lines
from bpkit.core.derivation import derive
from bpkit.core.initial import initial_parameters
from bpkit.core.network import Network
from bpkit.core.numeric import evaluate
from bpkit.core.problem import Problem
from bpkit.core.spelling import number_read
from bpkit.core.train import train
from bpkit.examples.article import article
from bpkit.mistakes.typed_number import read as typed
from bpkit.show.quotient_picture import errors


@lru_cache(maxsize=1)
def _slopes() -> Mapping[str, float]:
    """The numbers of the article's network."""
    values = evaluate(article.problem)
    return MappingProxyType({name: float(values[name]) for name in values})


WAYS = ("up", "down", "neither helps: E stays as it is")


def _toward_the_target() -> tuple[Answer, str]:
    slope = _slopes()["dE_total/dw7"]
    return WAYS[(slope > 0) + 2 * (slope == 0)], (
        "w₇ multiplies the output of h1, which is positive; so a larger w₇ makes the output of o2 larger, and it is "
        f"too small. In numbers, ∂E/∂w₇ = {number_read(slope)}: it is negative, so E falls when w₇ goes up"
    )


LAMP = Problem(Network(1, 1, bias="none"), {"w1": 3.0}, inputs=[1.0], targets=[0.2], learning_rate=5)
STEPS = tuple(
    f"to the {side}, each {size} than the one before" for side in ("left", "right") for size in ("longer", "shorter")
)


def _steps_in_fog() -> tuple[Answer, str]:
    steps = np.diff(train(LAMP, 5)["w1"])
    shorter = bool((np.diff(abs(steps)) < 0).all())
    return STEPS[2 * bool(steps[0] > 0) + shorter], (
        "the ground rises to the right, so downhill is to the left. There it gets steeper, and the slope alone decides "
        "how long a step is. It does not matter how far away the lowest point is"
    )


WALKS = (
    "it arrives in fewer steps, and stays there",
    "it jumps past the lowest point once, then it settles there",
    "it jumps past the lowest point and never settles there",
)


def _rate_100() -> tuple[Answer, str]:
    run = train(LAMP.replace(learning_rate=100), 100)
    jumped, rests = bool((np.diff(run.loss) > 0).any()), bool(run.loss[-10:].max() < 1e-4)
    slopes = (evaluate(LAMP.replace(w1=float(one)))["dE/dw1"] for one in run["w1"][1:])
    past = ("first", "second", "third")[next(place for place, slope in enumerate(slopes) if slope < 0)]
    return WALKS[jumped + (jumped and not rests)], (
        "a step of 100 times the slope is huge where the ground is steep. At 3 it is nearly flat, and it is the "
        f"{past} step that jumps past the lowest point. Where that lands, and what the walk does in the end, you see "
        "below"
    )


def _sigmoid_at_1() -> tuple[Answer, str]:
    neuron = Problem(Network(2, 1), {"w1": 2.0, "w2": 1.0, "b1": -1.4}, inputs=[0.9, 0.6], targets=[0.95])
    return evaluate(neuron)["out_o1"], (
        "the output of a sigmoid is always between 0 and 1. It is a half at net = 0, and it is close to 1 only from "
        "about net = 4 on"
    )


SHAPES = (
    "a straight line, whatever the weights are",
    "a line with up to ten bends",
    "a smooth curve with up to ten humps",
)


def _no_activation() -> tuple[Answer, str]:
    network = Network(1, 10, 1, activation="identity", bias="neuron")
    weights = initial_parameters(network, np.random.default_rng(0))
    out = evaluate(Problem(network, weights, np.linspace(-1, 1, 21)[:, None], np.zeros((21, 1))))["out_o1"]
    bend = float(abs(np.diff(out, 2)).max())
    return SHAPES[int(bend > 1e-9)], (
        "each hidden neuron is a multiple of the input plus a number, and a sum of such lines is a line again"
    )


CHAIN = {"w1": 3.0, "b_h1": 1.0, "w2": -2.0, "b_o1": 5.0}
TWO_IN_ONE = (
    "one with the weight −6 and the bias 3",
    "one with the weight −6 and the bias 5",
    "one with the weight −6 and the bias 6",
    "one with the weight 1 and the bias 6",
    "none: two neurons can do more than one",
)


def _two_in_one() -> tuple[Answer, str]:
    chain = Problem(Network(1, 1, 1, activation="identity", bias="neuron"), CHAIN, [0.0], [0.0])
    bias, sum_ = (evaluate(chain.replace(inputs=[x]))["out_o1"] for x in (0.0, 1.0))
    return f"one with the weight {number_read(sum_ - bias)} and the bias {number_read(bias)}", (
        "−2 · (3 x₁ + 1) + 5 = −6 x₁ + 3 for every x₁. Each further layer only multiplies and adds again, so without "
        "an activation many layers do no more than one"
    )


def _folded_wrongly() -> Mapping[str, str]:
    return {
        TWO_IN_ONE[1]: "The bias of h1 reaches o1 as well.",
        TWO_IN_ONE[2]: "The bias of h1 is multiplied by the weight −2 on its way to the output of o1.",
        TWO_IN_ONE[3]: "The weights follow one another, so they multiply.",
        TWO_IN_ONE[4]: "Without an activation they cannot.",
    }


LARGE = (2, 32, 32, 2)


def _forward_runs() -> tuple[Answer, str]:
    large = Network(*LARGE)
    weights, biases = len(large.weights), len(large.biases)
    return 2.0 * (weights + biases), (
        f"there are 2·32 + 32·32 + 32·2 = {weights:,} weights and {biases} biases, and each needs two runs"
    )


def _runs_miscounted() -> Mapping[str, str]:
    shared, own = (Network(*LARGE, bias=bias) for bias in ("layer", "neuron"))
    weights, biases = len(shared.weights), len(shared.biases)
    return {
        str(2 * weights): "You left out the three biases, and each of them takes two runs as well.",
        str(weights + biases): "You counted one run for each, and nudging to both sides takes two.",
        str(weights): "You left out the three biases, and counted one run for each weight instead of two.",
        str(2 * len(own.parameters)): "You gave each neuron a bias of its own, and here a layer shares one.",
    }


ERRORS = ("smaller all the way", "smaller at first, then always the same", "smaller at first, then larger again")


def _smaller_h() -> tuple[Answer, str]:
    found = errors(article.problem, "w5", True).errors  # from a large h to a small one
    turns = float(found[-1] / found.min())
    return ERRORS[int(found.argmin() < len(found) - 1) * (1 + (turns > 10))], (
        "with a smaller h the quotient is closer to the slope at the point itself. But the two losses become so alike "
        "that their difference is left with few digits, and it is divided by a tiny number"
    )


WORDS = {"net": "the net input", "out": "the output"}
FIGURES = tuple(
    f"{WORDS[kind]} of {neuron}, {printed}"
    for name, printed in article.published.items()
    for kind, _, neuron in [name.partition("_")]
    if kind in WORDS and neuron != "new"
)


def _wrong_figure() -> tuple[Answer, str]:
    rows = printed_lines(article)
    given = [typed(row.line).value for row in rows]
    off = [abs(float(row.printed) / value - 1) for row, value in zip(rows, given)]
    place = off.index(max(off))
    return FIGURES[place], (
        f"{rows[place].line} is {number_read(given[place])}, and the article prints {rows[place].printed}. "
        "Every other line gives its printed figure, to four digits or more"
    )


EXACT = 0.001  # of a hundred: nearer than this, only the figure's own digits are missing


def _figures_off() -> Mapping[str, str]:
    """How far each printed figure is off what its own line gives."""
    rows = printed_lines(article)
    shares = [100 * abs(float(row.printed) / typed(row.line).value - 1) for row in rows]
    return {
        figure: f"That figure is only {number_read(share, 1)} % off what its line gives."
        if share > EXACT
        else "That figure is what its line gives, as far as its digits show."
        for figure, share in zip(FIGURES, shares)
    }


MOVES = (
    "net, out and E all go up",
    "net and out go up, and E goes down",
    "net goes up, and out and E go down",
    "net, out and E all go down",
)


def _w5_up() -> tuple[Answer, str]:
    problem = article.problem
    before, after = (evaluate(problem.replace(w5=w5)) for w5 in (0.35, 0.36))
    up = [bool(after[name] > before[name]) for name in ("net_o1", "out_o1", "E_total")]
    return MOVES[[[True] * 3, [True, True, False], [True, False, False], [False] * 3].index(up)], (
        "w₅ multiplies the output of h1, which is positive, so net grows and the sigmoid grows with it. But the output "
        "of o1 is too large already, so E grows as well"
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
        f"the path through o1 gives {number_read(one)}, the path through o2 {number_read(two)}, and together "
        f"{number_read(total)}. "
        "A larger w₁ makes both outputs larger; o1 is too large and far from its target, o2 is too small and nearer"
    )


PATHS_OF_TEN = ("90", "1,000", "1,000,000", "1,000,000,000")


def _nine_layers() -> tuple[Answer, str]:
    after = (10,) * 10  # the neurons of each layer from the first hidden one on
    paths, sums = prod(after[1:]), sum(one * next_ for one, next_ in pairwise(after))
    return f"{paths:,}", (
        "each layer after the first hidden one has ten neurons to pass through, so it makes ten times as many paths. "
        f"If you add the paths at every neuron instead, {len(after) - 1} · 10 · 10 = {sums} multiplications by a "
        "weight are enough, and their sums serve all weights and not just this one. That is why backpropagation is fast"
    )


QUESTIONS: Mapping[str, Question] = {
    "toward-the-target": Question(
        "The lamp “not yet” is o2. It should be at 0.95, and it is at about 0.74. Which way should you move w₇, "
        "the weight from h1 to o2, so that E becomes smaller?",
        _toward_the_target,
        WAYS,
        lambda: {WAYS[2]: "w₇ leads into o2, so the lamp changes when w₇ does."},
    ),
    "steps-in-fog": Question(
        "In fog you stand at w₁ = 3. The ground is nearly flat here; it rises a little to the right. You step "
        "downhill, always by 5 times the slope under your feet. Where do your first five steps go? Whether they "
        "get longer you can only guess, because you cannot see the ground ahead.",
        _steps_in_fog,
        STEPS,
    ),
    "rate-100": Question(
        "Now each step is 100 times the slope instead of 5 times. What happens to the walk from w₁ = 3?",
        _rate_100,
        WALKS,
    ),
    "sigmoid-at-1": Question(
        "A red, soft tomato: x₁ = 0.9 and x₂ = 0.6. With w₁ = 2, w₂ = 1 and b₁ = −1.4 the net input is 1. What is "
        "the output, roughly?",
        _sigmoid_at_1,
    ),
    "into-h1": Question("Which weights lead into h1?", into_h1, INTO, led_elsewhere),
    "no-activation": Question(
        "One input, ten hidden neurons, one output, and no activation anywhere: each neuron passes on its net. "
        "You draw the output against the input. What do you get?",
        _no_activation,
        SHAPES,
    ),
    "two-in-one": Question(
        "h1 gets x₁ with the weight 3 and has the bias 1. o1 gets the output of h1 with the weight −2 and has the "
        "bias 5. Neither has an activation. Which single neuron without an activation does the same?",
        _two_in_one,
        TWO_IN_ONE,
        _folded_wrongly,
        "Your answer",
    ),
    "forward-runs": Question(
        "A network has 2 inputs, two hidden layers of 32 neurons each, and 2 outputs. Every neuron has a weight "
        "for each neuron of the layer before it, and each of the three layers after the inputs shares one bias. "
        "Nudging takes two forward runs for every weight and every bias. How many runs is that?",
        _forward_runs,
        replies=_runs_miscounted,
    ),
    "shared-factor": Question(
        "The network has ten slopes, for 8 weights and 2 biases; b₁ goes into h1 and h2, b₂ into o1 and o2. Which "
        "of these slopes use the slope of E with respect to the net input of o1?",
        shared_factor,
        SHARERS,
    ),
    "smaller-h": Question(
        "You measure ∂E/∂w₅ with h = 0.1, then 0.01 and so on, down to a millionth of a millionth. How large is "
        "the error on the way?",
        _smaller_h,
        ERRORS,
    ),
    "shared-behind": Question(
        "The backward pass has come to h1 and found the slope of E with respect to its net input. Which of the ten "
        "slopes use this number?",
        shared_behind,
        BEHIND,
    ),
    "w4-turned": Question(
        "You turn up w₄ and leave everything else as it is. Which outputs change?",
        w4_turned,
        FOLLOWERS,
    ),
    "wrong-figure": Question(
        "Which printed figure is more than one per cent off what its own line gives?",
        _wrong_figure,
        FIGURES,
        _figures_off,
    ),
    "w5-up": Question(
        "You turn up w₅ a little. What happens to the net input and the output of o1, and to the loss E?",
        _w5_up,
        MOVES,
    ),
    "two-paths": Question("What is the sign of ∂E/∂w₁, and which path contributes more?", _two_paths, PATHS),
    "nine-layers": Question(
        "Take a network with 9 hidden layers, and ten neurons in every layer, the outputs too. How many paths lead "
        "from one weight at the inputs to the loss?",
        _nine_layers,
        PATHS_OF_TEN,
    ),
    "how-many-updates": Question("After how many updates is the loss below 0.1 for the first time?", how_many_updates),
    "rate-too-large": Question(
        "Now take the sigmoid away, so that each output is just its net input, and use a learning rate of 6, "
        "twelve times as large. What will the loss curve show?",
        rate_too_large,
        GROWTH,
    ),
    "largest-rate": Question(
        "In the training app above, press Reset and choose tanh. Make the learning rate three times as large again "
        "and again: 0.1, 0.3, 0.9, 2.7, 8.1, 24.3. Stop at the first one with which the loss does not get below "
        "0.1 in 100 updates, and go one step back. Where do you end up?",
        largest_rate,
        TRIPLED,
        with_each_rate,
        "Your answer",
    ),
    "figures-that-hold": Question(
        "Which of these three figures are right, up to rounding?",
        figures_that_hold,
        LATER,
    ),
    "where-mazur-slips": Question(
        "Mazur's post prints 32 figures, and 28 of them hold. Where are the other four?", where_mazur_slips, WHERE
    ),
    "true-sentence": Question(
        "Three of these sentences are wrong. Which one can you defend?",
        true_sentence,
        SENTENCES,
    ),
    "divided": Question(
        "Another student got −0.0411137 for ∂E/∂w₈ of the article's network. The right factors are −0.212415 for "
        "the error of o2 (output minus target), 0.193553 for the slope of its sigmoid, and 0.632045 for the output "
        "of h2. Multiply the three, and divide the student's number by the right one. What is wrong with it?",
        divided,
        DIVIDED,
        with_each_slip,
        "Your answer",
    ),
}
