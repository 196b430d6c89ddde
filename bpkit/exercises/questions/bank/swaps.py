"""The same question with another activation, loss or size, and the softmax with cross-entropy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from bpkit.core.chain_rule import Step
from bpkit.core.derivation import derive
from bpkit.core.network import Network, layered
from bpkit.core.numeric import evaluate
from bpkit.core.problem import Problem
from bpkit.core.quantities import Role
from bpkit.core.spelling import expr_latex
from bpkit.exercises.questions.bank.choices import (
    TOPIC,
    brief,
    line,
    numbers,
    one_of,
    rows,
    shuffle,
)
from bpkit.exercises.questions.bank.quantity_questions import HIDDEN, OUTPUT, number_part, worked
from bpkit.exercises.questions.card_pictures import beside, pictured
from bpkit.exercises.questions.exercise import Content, Question, Solution
from bpkit.exercises.questions.friendly_problems import choose, draw_problem, settled
from bpkit.exercises.questions.parts import NumberPart, Wrong
from bpkit.exercises.questions.slips import wrong_answers
from bpkit.exercises.questions.task import Task
from bpkit.exercises.questions.words import givens, in_words, layers, maths

_SIZES = {"easy": ((1, 1, 1), (2, 1, 1)), "medium": ((2, 2, 1), (1, 2, 2)), "hard": ((2, 2, 2), (2, 3, 1))}
# With one more the same seed would give another question; so it is with the lists of activations in this folder.
_OTHERS = ("tanh", "relu", "softplus", "leaky_relu")


def _draw_activation(rng: np.random.Generator, level: str) -> Task:
    sizes = _SIZES[level][choose(rng, _SIZES[level])]
    other = _OTHERS[choose(rng, _OTHERS[: 2 if level == "easy" else 4])]
    problem = draw_problem(rng, Network(*sizes))
    swapped = problem.replace(network=Network(*sizes, activation=[other, "sigmoid"]))
    return Task("activation-swap", (problem, swapped), {"asks": ["dE_total/dw1"]})


def _draw_loss(rng: np.random.Generator, level: str) -> Task:
    sizes = _SIZES[level][choose(rng, _SIZES[level])]
    swapped = draw_problem(rng, Network(*sizes, loss="binary_cross_entropy"))
    network = Network(*sizes)
    problem = swapped.replace(network=network)
    late = next(name for name, (_, target) in network.weights.items() if target == "o1")
    asks = ["E_total", "dE_total/dnet_o1", f"dE_total/d{late}"]
    return Task("loss-swap", (problem, swapped), {"asks": asks})


def _what(problem: Problem, by: str) -> str:
    if by == "loss":
        return problem.network.loss.written
    return f"{layered(problem.network, 'activation-swap').activations[0].written} in the hidden layer"


def _swap(id: str, title: str, by: str, draw: object, reveals: tuple[str, ...]) -> Question:
    def build(task: Task) -> Content:
        asks: Sequence[str] = task.about["asks"]
        parts = [
            number_part(problem, quantity, reveals, f" with {_what(problem, by)}")
            for problem in task.problems
            for quantity in asks
        ]
        first, second = task.problems
        new, old = (_what(problem, by).partition(" in ") for problem in (second, first))
        other = f"Then repeat it with {new[0]} instead of {old[0]}{''.join(new[1:])}. All numbers stay the same."
        text = lambda: f"{givens(first)}\n\n{other} Compute:"
        solve = lambda: Solution(tuple(piece for problem in task.problems for piece in worked(problem, asks).pieces))
        return Content(text, tuple(parts), solve, *beside(first, asks, other))

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


_SHARED = ("takes only the diagonal of the softmax slope", "swaps the sign of the error", "leaves out the input factor")
_NO_TARGET = "forgets the target"
_SHARE = "Compute the output of {neuron} first: its power of e, divided by the sum of all powers."
_SAYS = "what the output says minus what it should say"


def _draw_softmax(rng: np.random.Generator, level: str) -> Task:
    options = _softmax_networks(level)
    network = options[choose(rng, options)]
    problem = draw_problem(rng, network, learning_rate=None)
    return Task("softmax-delta", (problem,), {"asks": _softmax_asks(network, rng)})


def _softmax_hints(problem: Problem, quantity: str) -> tuple[str, ...]:
    """What to do next toward the loss, and toward the derivative of a weight of the last layer."""
    network = problem.network
    if quantity == "E_total":
        true = network.outputs[int(np.argmax(problem.targets))]
        return (
            f"Only the true class counts. Its target is 1: it is {true}.",
            _SHARE.format(neuron=true),
            "E is −ln of it.",
        )
    source, neuron = layered(network, "softmax-delta").weights[quantity.removeprefix("dE_total/d")]
    into = maths(network, source) if source in network.inputs else f"the output of {source}"
    return f"It is the delta of {neuron} times {into}.", f"The delta of {neuron} is {_SAYS}: output minus target."


def _softmax_part(problem: Problem, quantity: str) -> NumberPart:
    """A delta is the share minus the target; giving only the share is a mistake wherever the target is not 0."""
    part = number_part(problem, quantity, _SHARED)
    neuron = quantity.removeprefix("dE_total/dnet_")
    if neuron not in problem.network.outputs:
        return replace(part, hints=_softmax_hints(problem, quantity))
    hints = (_SHARE.format(neuron=neuron), f"The delta is {_SAYS}: output minus target.")
    if not problem.targets[problem.network.outputs.index(neuron)]:
        return replace(part, hints=hints)
    share = evaluate(problem)[f"out_{neuron}"]
    forgot = Wrong(_NO_TARGET, f"that is the output of {neuron}. Subtract its target, which is not 0", share)
    known = lambda: (forgot, *wrong_answers(problem, quantity, _SHARED))
    return replace(part, known=known, own=True, hints=hints)


def _build_softmax(task: Task) -> Content:
    problem, asks = task.problem, task.about["asks"]
    parts = tuple(_softmax_part(problem, quantity) for quantity in asks)
    text = lambda: f"{givens(problem)}\n\nCompute:"
    said = f"The delta of each output is {_SAYS}: output minus target."
    return Content(text, parts, lambda: Solution((said, *worked(problem, asks).pieces)), *beside(problem, asks))


# What changes

_LARGER: Mapping[str, tuple[int, ...]] = {"hidden": (1, 2, 1), "output": (1, 1, 2)}
_BUILT = {
    "easy": ("loss", "activation"),
    "medium": ("loss", "activation", "hidden activation"),
    "hard": ("hidden", "output", "hidden activation"),
}
_KEPT, _ONLY = "keeps the slope of the old loss", "changes the slope and keeps the function"
_SIGMOID, _RULES, _PATH = (
    "uses the sigmoid's slope",
    "takes a changed number for a changed line",
    "follows only one path",
)
_NEIGHBOUR = "changes the neuron beside the new one"


def _draw_changes(rng: np.random.Generator, level: str) -> Task:
    what = _BUILT[level][settled(rng, _BUILT[level])]
    first = Network(1, 1) if level == "easy" else Network(1, 1, 1)
    first, second = _pair(first, what, int(rng.integers(2)))
    problems = (draw_problem(rng, first), draw_problem(rng, second))
    return Task("what-changes", problems, {"what": what, "order": shuffle(rng)})


def _pair(first: Network, what: str, pick: int) -> tuple[Network, Network]:
    """A network and another one, whose weights have the same names as far as they are the same."""
    sizes = first.sizes
    if what == "loss":
        return first, Network(*sizes, loss=("binary_cross_entropy", "squared_error")[pick])
    kind = ("tanh", "relu")[pick]
    if what == "activation":
        return first, Network(*sizes, activation=["sigmoid"] * (len(sizes) - 2) + [kind])
    if what == "hidden activation":
        return first, Network(*sizes, activation=[kind] + ["sigmoid"] * (len(sizes) - 2))
    same = {edge: name for name, edge in first.weights.items()}
    edges = Network(*_LARGER[what]).weights.values()
    new = [edge for edge in edges if edge not in same]
    return first, Network(
        *_LARGER[what], weight_names={**same, **{e: f"w{n}" for n, e in enumerate(new, 1 + len(same))}}
    )


def _changed(task: Task) -> tuple[tuple[Step, ...], Mapping[str, Step], dict[str, set[int]]]:
    """The lines of the first network, those of the second by name, and the numbers of those that are different: the
    right ones, and what people take for them."""
    lines, others = (brief(layered(one.network, task.question), ("w1_new", "E_total")) for one in task.problems)
    now = {one.name: one for one in others}
    right = {one.number for one in lines if one.rhs != now[one.name].rhs}
    forward = {one.number for one in lines if one.number in right and one.role is Role.FORWARD}
    sets = {
        "right": right,
        "forward": forward,
        "backward": right - forward,
        "later": {one.number for one in lines if one.number >= min(right)},
        "beside": right | {one.number for one in lines if one.quantity.neuron == "h1"},
    }
    return lines, now, sets


_ASKS = {
    "hidden": "Now add a second neuron to the hidden layer.",
    "output": "Now add a second output with a target of its own.",
}


def _swap_words(task: Task) -> str:
    first, second = (layered(one.network, task.question) for one in task.problems)
    what = task.about["what"]
    if what == "loss":
        return f"Now replace {first.loss.written} with {second.loss.written}."
    if what in _ASKS:
        return _ASKS[what]
    place, where = (0, "hidden neuron") if what == "hidden activation" else (-1, "output")
    return f"Now replace the sigmoid of the {where} with {second.activations[place].written}."


_AS_PRODUCT = " A product of two slopes counts as the same line, even if you can shorten it."


def _shortened(task: Task) -> tuple[str, ...]:
    """What cancels in the second network: its delta has a shorter form, which this question does not count."""
    derivation = derive(task.problems[1].network)
    short = derivation["dE_o1/dnet_o1"].cancelled
    if task.about["what"] != "loss" or short is None:
        return ()
    name, formula = derivation.quantities["dE_total/dnet_o1"].latex, expr_latex(short, derivation.quantities)
    return (
        "The slopes of the new loss and of the sigmoid cancel, so you may shorten their product: "
        f"${name} = {formula}$.",
    )


def _build_changes(task: Task) -> Content:
    what = task.about["what"]
    steps, now, sets = _changed(task)
    right, first = sets["right"], min(sets["right"])
    half = {
        "loss": (_KEPT, "another loss has another slope as well"),
        "output": (_PATH, "h1 now reaches the loss by two paths, so its derivative has two terms"),
    }.get(what, (_SIGMOID, "another activation has another slope as well"))
    slips = {
        "forward": half,
        "backward": (_ONLY, f"line {first} is different in the first place"),
        "later": (_RULES, "a later line may get another number, but it is still the same formula"),
        "beside": (_NEIGHBOUR, "h1 has the same input and weights as before; the new neuron stands beside it"),
    }
    if what != "hidden":
        del slips["beside"]
    known = [Wrong(*slips[name], numbers(sets[name])) for name in slips if sets[name] and sets[name] != right]
    part = one_of(
        "Which lines are written differently?",
        numbers(right),
        known,
        task.about["order"],
        hints=("A line is different if its formula is, not if only its number is.", "Look for the slopes as well."),
    )
    swap = _swap_words(task)
    shorter = _shortened(task)
    look = f"Look at the formulas, not at the numbers.{_AS_PRODUCT if shorter else ''}"
    asked = f"{swap} {look}\n\nThese are its lines before that:\n\n{rows(steps)}"

    def solve() -> Solution:
        new = [now[step.name] for step in steps if step.number in right]
        said = "\n".join(f"- {line(step, step.names)}" for step in new)
        return Solution(("These lines become:", said, "All other lines are written as before.", *shorter))

    network = task.network
    kinds = in_words(list(dict.fromkeys(one.written for one in network.activations)))
    told = f"All its neurons are {kinds} neurons, and its loss is {network.loss.written}."
    return Content(
        lambda: f"{layers(network)} {told} {asked}",
        (part,),
        solve,
        picture=pictured(task.problem, (), False, ()),
        card=lambda: f"Here is a network. {told} {asked}",
    )


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
    Question(
        "softmax-delta",
        "other networks",
        "Softmax with cross-entropy",
        _draw_softmax,
        _build_softmax,
        (*_SHARED, _NO_TARGET),
    ),
    Question(
        "what-changes",
        TOPIC,
        "What changes?",
        _draw_changes,
        _build_changes,
        (_KEPT, _PATH, _SIGMOID, _ONLY, _RULES, _NEIGHBOUR),
    ),
)
