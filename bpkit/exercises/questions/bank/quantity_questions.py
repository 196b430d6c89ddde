"""Questions whose answers are quantities of the derivation, from one net input to the whole network by hand."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

import numpy as np

from bpkit.core.network import Network, layered
from bpkit.core.numeric import evaluate
from bpkit.core.problem import Problem
from bpkit.core.updates import GradientDescent
from bpkit.examples import article
from bpkit.exercises.questions.card_pictures import beside
from bpkit.exercises.questions.exercise import Content, Question, Solution
from bpkit.exercises.questions.friendly_problems import BIG_RATES, architectures, choose, draw_problem
from bpkit.exercises.questions.parts import NumberPart
from bpkit.exercises.questions.proof import prove
from bpkit.exercises.questions.slips import wrong_answers
from bpkit.exercises.questions.task import Task
from bpkit.exercises.questions.words import givens, maths
from bpkit.mistakes.hand_rounding import paper_slack

Asks = Callable[[Network, np.random.Generator], Sequence[str]]
Networks = Callable[[str], Sequence[Network]]

DIGITS, UPDATE_DIGITS = 4, 5  # an update changes a weight behind its first digit
FINE_DIGITS = 6  # of an update by another rule, whose ε shows late

FORWARD = (
    "leaves the bias out",
    "takes another layer's bias",
    "swaps the inputs",
    "passes on net instead of out",
    "transposes the weights forward",
    "multiplies the bias",
)
OUTPUT = (
    "forgets the output slope",
    "swaps the sign of the error",
    "doubles the gradient",
    "takes the slope at net",
    "counts the output slope twice",
)
WEIGHT = (
    *OUTPUT,
    "leaves out the input factor",
    "takes the neighbour's derivative",
    "gives the new value instead of the derivative",
)
HIDDEN = (
    "follows only one path",
    "forgets the hidden slope",
    "forgets the output slope",
    "swaps the sign of the error",
    "leaves out the weight on a path",
    "does not transpose the weights backward",
    "leaves out the input factor",
    "uses the already updated weights",
)
UPDATE = (
    "adds the gradient",
    "forgets the learning rate",
    "gives the derivative instead of the new value",
    "gives the change instead of what was asked",
)


def number_part(problem: Problem, quantity: str, reveals: Sequence[str], what: str = "") -> NumberPart:
    """Ask for one quantity of one sample, with every wrong value that the catalogue knows."""
    line = problem.derivation.target(quantity)
    plain = problem.update == GradientDescent()
    name, digits = line.name, (UPDATE_DIGITS if plain else FINE_DIGITS) if line.quantity.mark else DIGITS
    return NumberPart(
        f"{maths(problem, name)}{what}, to {digits} significant digits",
        evaluate(problem)[name],
        digits,
        lambda: paper_slack(problem, name, digits),
        name,
        problem,
        partial(prove, problem, name),
        known=lambda: wrong_answers(problem, name, reveals),
    )


def worked(problem: Problem, quantities: Sequence[str]) -> Solution:
    """The lines that some quantities rest on, with the numbers put in.

    >>> [line.name for line in worked(article.problem, ["out_h1"]).pieces[0]]
    ['net_h1', 'out_h1']
    """
    whole = problem.derivation
    lines = dict.fromkeys(step.name for quantity in quantities for step in whole.toward(quantity))
    return Solution((whole.at(problem).pick(lines),))


def asking(title: str, reveals: Sequence[str]) -> Callable[[Task], Content]:
    """The content of a question whose task says which quantities it asks for."""

    def build(task: Task) -> Content:
        problem, wanted = task.problem, task.about["asks"]
        parts = tuple(
            replace(number_part(problem, quantity, reveals), asked_before=tuple(wanted[:place]))
            for place, quantity in enumerate(wanted)
        )
        text = lambda: f"{givens(problem)}\n\nCompute:"
        return Content(text, parts, lambda: worked(problem, wanted), *beside(problem, wanted))

    return build


def quantity_question(
    id: str,
    topic: str,
    title: str,
    asks: Asks,
    reveals: tuple[str, ...],
    networks: Networks = architectures,
    rates: tuple[float, ...] | None = None,
) -> Question:
    """A question that asks for quantities of one problem."""

    def draw(rng: np.random.Generator, level: str) -> Task:
        options = networks(level)
        network = options[choose(rng, options)]
        problem = draw_problem(rng, network, learning_rate=float(rng.choice(rates)) if rates else None)
        return Task(id, (problem,), {"asks": list(asks(network, rng))})

    return Question(id, topic, title, draw, asking(title, reveals), reveals)


def _one(names: Sequence[str], rng: np.random.Generator) -> str:
    return names[choose(rng, names)]


def _into(network: Network, depth: int) -> list[str]:
    """The weights that feed a layer."""
    return [name for name, (_, target) in network.weights.items() if target in network.layers[depth]]


def _net_and_out(network: Network, rng: np.random.Generator) -> list[str]:
    neuron = _one(network.layers[1], rng)
    return [f"net_{neuron}", f"out_{neuron}"]


def _by_hand(network: Network, rng: np.random.Generator) -> list[str]:
    """Every stage of the article: forward, loss, back to one weight of each layer, their updates."""
    forward = [f"{what}_{n}" for layer in network.layers[1:] for what in ("net", "out") for n in layer]
    late, early = _one(_into(network, -1), rng), _one(_into(network, 1), rng)
    target = network.weights[early][1]
    deltas = [f"dE_total/dnet_{o}" for o in network.outputs]
    back = [*deltas, f"dE_total/d{late}", f"dE_total/dnet_{target}", f"dE_total/d{early}"]
    return [*forward, "E_total", *back, f"{late}_new", f"{early}_new"]


def _article(level: str) -> tuple[Network, ...]:
    return (layered(article.problem.network, "network-by-hand"),)


def _with_outputs(level: str) -> tuple[Network, ...]:
    """Networks whose hidden neurons reach the loss by more than one path."""
    return tuple(n for n in architectures(level) if level == "easy" or n.sizes[-1] > 1 or len(n.sizes) > 3)


def _shared_bias(level: str) -> tuple[Network, ...]:
    """Networks with a bias that feeds several neurons."""
    found = tuple(n for n in _with_outputs(level) if n.bias == "layer")
    return found if level != "easy" else tuple(n for n in found if max(n.sizes[1:]) > 1)


QUESTIONS = (
    quantity_question("net-and-out", "forward", "Net input and output of a hidden neuron", _net_and_out, FORWARD),
    quantity_question(
        "whole-forward",
        "forward",
        "The whole way forward",
        lambda network, rng: [f"out_{n}" for layer in network.layers[1:] for n in layer],
        FORWARD,
    ),
    quantity_question(
        "loss",
        "forward",
        "The loss",
        lambda network, rng: ["E_total"],
        ("forgets the ½", "forgets the square", "counts one output's error only", "swaps the targets", *FORWARD),
    ),
    quantity_question(
        "output-delta",
        "output layer",
        "The delta of an output neuron",
        lambda network, rng: [f"dE_total/dnet_{_one(network.outputs, rng)}"],
        OUTPUT,
    ),
    quantity_question(
        "output-weight",
        "output layer",
        "The derivative for a weight into the output layer",
        lambda network, rng: [f"dE_total/d{_one(_into(network, -1), rng)}"],
        WEIGHT,
    ),
    quantity_question(
        "output-update",
        "output layer",
        "The update of a weight into the output layer",
        lambda network, rng: [f"{_one(_into(network, -1), rng)}_new"],
        (*UPDATE, *OUTPUT),
        rates=BIG_RATES,
    ),
    quantity_question(
        "hidden-weight",
        "hidden layer",
        "The derivative for a weight into the hidden layer",
        lambda network, rng: [f"dE_total/d{_one(_into(network, 1), rng)}"],
        HIDDEN,
        _with_outputs,
    ),
    quantity_question(
        "hidden-update",
        "hidden layer",
        "The update of a weight into the hidden layer",
        lambda network, rng: [f"{_one(_into(network, 1), rng)}_new"],
        (*UPDATE, *HIDDEN[:4]),
        _with_outputs,
        BIG_RATES,
    ),
    quantity_question(
        "bias-gradient",
        "hidden layer",
        "A bias that several neurons share",
        lambda network, rng: [f"dE_total/d{next(b for b, fed in network.biases.items() if len(fed) > 1)}"],
        ("follows only one path", "takes the mean instead of the sum", *OUTPUT[:2], "forgets the hidden slope"),
        _shared_bias,
    ),
    quantity_question(
        "network-by-hand",
        "whole problem",
        "The article's network by hand, with new numbers",
        _by_hand,
        (
            "takes the weights in the order of their numbers",
            "leaves the bias out",
            "forgets the output slope",
            "follows only one path",
            "adds the gradient",
            "uses the already updated weights",
        ),
        _article,
        BIG_RATES,
    ),
)
