"""Questions about the smallest networks: one weight and its update, one neuron and its slope, a chain of deltas."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache

import numpy as np

from bpkit.core.derivation import derive
from bpkit.core.network import Network
from bpkit.core.numeric import evaluate
from bpkit.core.text import sides_of
from bpkit.exercises.questions.bank.quantity_questions import (
    DIGITS,
    OUTPUT,
    UPDATE,
    asking,
    number_part,
    quantity_question,
    worked,
)
from bpkit.exercises.questions.card_pictures import beside
from bpkit.exercises.questions.exercise import Content, Question, Solution
from bpkit.exercises.questions.friendly_problems import BIG_RATES, choose, draw_problem
from bpkit.exercises.questions.hints import formula
from bpkit.exercises.questions.parts import ExactPart, NumberPart, Wrong
from bpkit.exercises.questions.slips import wrong_answers
from bpkit.exercises.questions.task import Task
from bpkit.exercises.questions.words import equals, givens, maths
from bpkit.mistakes.verdict import KEEPS

STEP = (*UPDATE, KEEPS)
_TWICE = Wrong(  # two mistakes of one step
    "forgets the learning rate",
    "the step is the rate times the slope, and you subtract it",
    None,
    "leave out the learning rate and add the slope",
)
_SOFT = {"easy": ("sigmoid",), "medium": ("sigmoid", "tanh"), "hard": ("tanh", "softplus")}


def _draw_step(rng: np.random.Generator, level: str) -> Task:
    network = Network(1, 1, activation=_SOFT[level][choose(rng, _SOFT[level])], bias="none")
    problem = draw_problem(rng, network, learning_rate=float(rng.choice(BIG_RATES)))
    asks = ["w1_new"] if level == "easy" else ["dE_total/dw1", "w1_new"]
    return Task("one-weight", (problem,), {"asks": asks})


def _build_step(task: Task) -> Content:
    """The slope is asked too, or it is given: then one step is all that must be known."""
    problem, given = task.problem, "dE_total/dw1" not in task.about["asks"]
    slope = evaluate(problem)["dE_total/dw1"]
    right, wrong = ("down", "up") if slope > 0 else ("up", "down")
    climbs = Wrong("adds the gradient", "the slope points uphill, so the update goes the other way", wrong)
    ask = f"Which way does one update move {maths(problem, 'w1')}, up or down?"
    hints = ("The slope says which way is uphill: to the right if it is positive, to the left if it is negative.",)
    way = ExactPart(ask, right, "word", ("down", "up"), known=(climbs,), hints=hints)
    if given:
        # No more digits than the slope's own can give.
        asks = f"{maths(problem, 'w1_new')}, to {DIGITS} significant digits"
        line, numbers = derive(problem.network)["w1_new"], derive(problem.network).at(problem).numbers
        rule = formula(line.quantity.latex, sides_of(line))
        subtract = "The new weight is the old one minus the learning rate times the slope."
        # Mistakes of the update alone: none can be made on the way to a slope that is given.
        known = lambda: (
            *(one for one in wrong_answers(problem, "w1_new", STEP) if one.name in STEP),
            replace(_TWICE, answer=problem.parameters["w1"] + slope),
        )
        new = replace(
            number_part(problem, "w1_new", STEP),
            asks=asks,
            digits=DIGITS,
            paper=0.0,
            quantity=None,
            problem=None,
            known=known,
            hints=lambda: (f"{subtract}\n\n{rule}",),
        )
        parts: tuple[ExactPart | NumberPart, ...] = (way, new)
        here, steep = equals(problem, "w1", problem.parameters["w1"]), equals(problem, "dE_total/dw1", slope)
        text = lambda: (
            f"The weight is {here}. The slope of the loss there is {steep}, and the learning "
            f"rate is {equals(problem, 'learning_rate', problem.learning_rate)}."
        )
        filled = formula(line.quantity.latex, sides_of(line, numbers))
        uphill = f"The slope is {'positive' if slope > 0 else 'negative'}, so the update moves the weight {right}."
        solve = lambda: Solution((f"{uphill} {subtract}", filled))
        return Content(text, parts, solve)
    parts = (way, number_part(problem, "dE_total/dw1", OUTPUT), number_part(problem, "w1_new", (*UPDATE, *OUTPUT)))
    text = lambda: givens(problem)
    return Content(text, parts, lambda: worked(problem, ["w1_new"]), *beside(problem, ["w1_new"]))


@lru_cache(maxsize=16)  # drawn from again and again
def _single(level: str) -> Sequence[Network]:
    """One neuron, with one input or two."""
    return tuple(Network(inputs, 1, activation=name) for inputs in (1, 2) for name in _SOFT[level])


@lru_cache(maxsize=16)
def _chain(level: str) -> Sequence[Network]:
    """Networks with one neuron in each layer."""
    return tuple(Network(1, 1, 1, 1, activation=name, bias="neuron") for name in _SOFT[level])


_SLOPE = ("leaves the bias out", "swaps the inputs", "takes the slope at net", "uses the sigmoid's slope")
_OF_TANH, _LARGEST = "uses the slope of tanh", "takes the largest slope"


_FACTOR_TWICE, _TURNED, _MIXED = "uses a factor twice", "turns the difference round", "mixes net and out"
_PASSED_ON = "a neuron passes on its output, which is the activation of its net input"


def _build_slope(task: Task) -> Content:
    """The first slips of a beginner come in pairs, and of a sigmoid the two factors of the slope invite some of their
    own: that of tanh, the one in the middle, which is read first, a factor twice."""
    content = asking("A neuron and its slope", _SLOPE)(task)
    first, second = content.parts
    if not isinstance(first, NumberPart) or not isinstance(second, NumberPart):
        return content
    outs = replace(first, own=True, known=lambda: (*wrong_answers(task.problem, "out_o1", _SLOPE), *_passed_on(task)))
    if task.network.activations[-1].name != "sigmoid":
        return replace(content, parts=(outs, second))
    known = lambda: (*wrong_answers(task.problem, "dout_o1/dnet_o1", _SLOPE), *_of_the_sigmoid(task))
    return replace(content, parts=(outs, replace(second, known=known, own=True)))


def _passed_on(task: Task) -> tuple[Wrong, ...]:
    """A net that is wrong already, and passed on instead of the output."""
    return tuple(
        replace(one, sentence=_PASSED_ON, you=f"{one.you} and pass on net instead of out")
        for one in wrong_answers(task.problem, "net_o1", _SLOPE)
    )


def _of_the_sigmoid(task: Task) -> tuple[Wrong, ...]:
    """How out · (1 − out) changes."""
    values, rule = evaluate(task.problem), "the slope of the sigmoid is out · (1 − out)"
    net, out = values["net_o1"], values["out_o1"]
    return (
        Wrong(_OF_TANH, rule, 1 - out**2, "use 1 − out², the slope of tanh"),
        Wrong(_LARGEST, "put your out into out · (1 − out)", 0.25, "take the slope in the middle, at net = 0"),
        Wrong(_FACTOR_TWICE, rule, out**2, "multiply out by itself"),
        Wrong(_FACTOR_TWICE, rule, (1 - out) ** 2, "multiply 1 − out by itself"),
        Wrong(_TURNED, rule, out * (out - 1), "use out − 1 instead of 1 − out"),
        Wrong(_MIXED, f"{rule}, and net is in neither factor", net * (1 - out), "use net as the first factor"),
        Wrong(_MIXED, f"{rule}, and net is in neither factor", out * (1 - net), "use net in the second factor"),
        *(replace(one, answer=one.answer * (1 - one.answer)) for one in _passed_on(task)),
    )


QUESTIONS = (
    Question(
        "one-weight", "updates", "One weight, one step", _draw_step, _build_step, ("adds the gradient", *UPDATE[1:])
    ),
    replace(
        quantity_question(
            "neuron-slope",
            "forward",
            "A neuron and its slope",
            lambda network, rng: ["out_o1", "dout_o1/dnet_o1"],
            (*_SLOPE, _OF_TANH, _LARGEST, _FACTOR_TWICE, _TURNED, _MIXED),
            _single,
        ),
        build=_build_slope,
    ),
    quantity_question(
        "delta-chain",
        "hidden layer",
        "Deltas, layer by layer",
        lambda network, rng: [f"dE_total/dnet_{neuron}" for (neuron,) in reversed(network.layers[1:])],
        (
            "forgets the output slope",
            "forgets the hidden slope",
            "leaves out the weight on a path",
            "swaps the sign of the error",
        ),
        _chain,
    ),
)
