"""The same question with another activation or loss, and the softmax with cross-entropy."""

from __future__ import annotations

from collections.abc import Sequence
from types import MappingProxyType

import numpy as np

from bpkit.core.network import Network, layered
from bpkit.core.problem import Problem
from bpkit.exercises.bank.quantities import HIDDEN, OUTPUT, number_part, quantity_question, worked
from bpkit.exercises.drawing import choose, draw_problem
from bpkit.exercises.exercise import Content, Question, Solution
from bpkit.exercises.task import Task
from bpkit.exercises.words import givens, plain

_SIZES = {"easy": ((1, 1, 1), (2, 1, 1)), "medium": ((2, 2, 1), (1, 2, 2)), "hard": ((2, 2, 2), (2, 3, 1))}
_OTHERS = ("tanh", "relu", "softplus", "leaky_relu")


def _draw_activation(rng: np.random.Generator, level: str) -> Task:
    sizes = _SIZES[level][choose(rng, _SIZES[level])]
    other = _OTHERS[choose(rng, _OTHERS[: 2 if level == "easy" else 4])]
    problem = draw_problem(rng, Network(*sizes))
    swapped = problem.replace(network=Network(*sizes, activation=[other, "sigmoid"]))
    return Task("activation-swap", (problem, swapped), MappingProxyType({"asks": ["dE_total/dw1"]}))


def _draw_loss(rng: np.random.Generator, level: str) -> Task:
    sizes = _SIZES[level][choose(rng, _SIZES[level])]
    swapped = draw_problem(rng, Network(*sizes, loss="binary_cross_entropy"))
    network = Network(*sizes)
    problem = swapped.replace(network=network)
    late = next(name for name, (_, target) in network.weights.items() if target == "o1")
    asks = ["E_total", "dE_total/dnet_o1", f"dE_total/d{late}"]
    return Task("loss-swap", (problem, swapped), MappingProxyType({"asks": asks}))


def _what(problem: Problem, by: str) -> str:
    if by == "loss":
        return plain(problem.network.loss.name)
    return f"{plain(layered(problem.network, 'activation-swap').activations[0].name)} in the hidden layer"


def _swap(id: str, title: str, by: str, draw: object, reveals: tuple[str, ...]) -> Question:
    def build(task: Task) -> Content:
        asks: Sequence[str] = task.about["asks"]
        parts = [
            number_part(problem, quantity, reveals, f" with {_what(problem, by)}")
            for problem in task.problems
            for quantity in asks
        ]
        first, second = task.problems
        text = lambda: (
            f"{title}.\n\n{givens(first)}\n\nThen repeat it with {_what(second, by)} instead of {_what(first, by)} "
            "and the same numbers. Compute:"
        )
        solve = lambda: Solution(tuple(piece for problem in task.problems for piece in worked(problem, asks).pieces))
        return Content(text, tuple(parts), solve)

    return Question(id, "other networks", title, draw, build, reveals)  # type: ignore[arg-type]  # one of the two above


def _softmax_networks(level: str) -> tuple[Network, ...]:
    sizes = {"easy": ((2, 2), (2, 3)), "medium": ((2, 3), (2, 2, 2)), "hard": ((2, 2, 3), (3, 2, 3))}[level]
    return tuple(
        Network(*one, activation=[*["tanh"] * (len(one) - 2), "softmax"], loss="cross_entropy") for one in sizes
    )


def _softmax_asks(network: Network, rng: np.random.Generator) -> list[str]:
    late = [name for name, (_, target) in network.weights.items() if target in network.outputs]
    deltas = [f"dE_total/dnet_{o}" for o in network.outputs]
    return ["E_total", *deltas, f"dE_total/d{late[choose(rng, late)]}"]


QUESTIONS = (
    _swap(
        "activation-swap",
        "The same weight with another activation",
        "activation",
        _draw_activation,
        ("uses the sigmoid's slope", *HIDDEN[:4], "takes the slope at net"),
    ),
    _swap(
        "loss-swap",
        "The same network with another loss",
        "loss",
        _draw_loss,
        (*OUTPUT[:2], "leaves out the second half of the cross-entropy", "halves the gradient"),
    ),
    quantity_question(
        "softmax-delta",
        "other networks",
        "Softmax with cross-entropy",
        _softmax_asks,
        ("takes only the diagonal of the softmax slope", "swaps the sign of the error", "leaves out the input factor"),
        _softmax_networks,
    ),
)
