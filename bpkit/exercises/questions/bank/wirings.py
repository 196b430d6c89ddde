"""Questions about a drawn network: which weight is where, how many paths there are, how strong the gradient is."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

import numpy as np

from bpkit.core.derivation import derive
from bpkit.core.network import Edge, Network, layered
from bpkit.core.numeric import evaluate
from bpkit.core.problem import Problem
from bpkit.exercises.questions.bank.choices import count
from bpkit.exercises.questions.bank.looking import CLIMBS, TOPIC, Named, choice, shown
from bpkit.exercises.questions.exercise import Content, Question, Solution
from bpkit.exercises.questions.friendly_problems import choose, draw_problem, settled
from bpkit.exercises.questions.parts import ExactPart, Wrong
from bpkit.exercises.questions.task import Task
from bpkit.exercises.questions.words import in_words, maths, table
from bpkit.show.wiring_picture import subscripted, wiring

# Wiring

_WIRED: Mapping[str, tuple[tuple[int, ...], ...]] = {
    "easy": ((2, 2, 2), (2, 2, 1)),
    "medium": ((2, 3, 2), (3, 2, 2), (2, 2, 3)),
    "hard": ((2, 3, 2), (3, 2, 3)),
}
_WIRE_REVEALS = (
    "takes the weights in the order of their numbers",
    "looks at one end only",
    "follows another line",
)


def _renumbered(rng: np.random.Generator, network: Network) -> Network:
    """The same network with the numbers of each layer's weights in another order, as in the article."""
    names: dict[Edge, str] = {}
    for layer in network.layers[:-1]:
        edges = [edge for edge in network.weight_of if edge[0] in layer]
        own = [network.weight_of[edge] for edge in edges]
        names |= dict(zip(edges, map(str, rng.permutation(np.array(own)))))
    return Network(*network.sizes, bias="none", weight_names=names)


def _draw_wiring(rng: np.random.Generator, level: str) -> Task:
    shapes = _WIRED[level]
    network = _renumbered(rng, Network(*shapes[choose(rng, shapes)], bias="none"))
    layer = choose(rng, network.layers[:-1])
    edges = [name for name, (source, _) in network.weights.items() if source in network.layers[layer]]
    first, second = (str(one) for one in rng.choice(np.array(edges), 2, replace=False))
    about = {"sought": first, "weight": second}
    return Task("read-network", (draw_problem(rng, network),), about)


def _build_wiring(task: Task) -> Content:
    network, sought, weight = task.network, task.about["sought"], task.about["weight"]
    source, target = network.weights[sought]
    first, last = (subscripted(network, end) for end in (source, target))
    near = [name for name, (start, _) in network.weights.items() if network.layer_of[start] == network.layer_of[source]]
    usual = Network(*network.sizes, bias="none")
    by_number = usual.weight_of[source, target]
    names = {name: subscripted(network, name) for name in near}
    wrong = {names[name]: _other_line(network, (source, target), name, name == by_number) for name in near}
    lines = {name: _line(network, network.weights[name]) for name in near}
    ends = {
        lines[name]: _other_ends(network, weight, name, usual.weights[weight] == network.weights[name]) for name in near
    }
    own = network.weights[weight]
    parts = (
        choice(
            f"Which weight leads from {first} to {last}?",
            names[sought],
            [names[name] for name in near],
            wrong,
            (f"Find {first} and {last}, and follow the line between them to its name.",),
        ),
        choice(
            f"Which neurons does {maths(network, weight)} join?",
            lines[weight],
            sorted(lines.values()),
            ends,
            (f"Find {subscripted(network, weight)} and follow its line in both directions.",),
        ),
    )
    said = in_words(
        [
            f"{maths(network, name)} leads from {subscripted(network, a)} to {subscripted(network, b)}"
            for name, (a, b) in network.weights.items()
            if name in near
        ]
    )
    solve = lambda: Solution(
        (
            f"{said}.",
            f"So {maths(network, sought)} multiplies {_signal(network, source)} in the net input of "
            f"{last}, and {maths(network, weight)} {_signal(network, own[0])} in that of "
            f"{subscripted(network, own[1])}.",
        )
    )
    text = lambda: "A network is drawn. Its weights need not be numbered in the order you expect."
    return Content(text, parts, solve, partial(wiring, network))


def _line(network: Network, edge: Edge) -> str:
    return " → ".join(subscripted(network, end) for end in edge)


def _signal(network: Network, source: str) -> str:
    """What a weight multiplies that starts there."""
    return f"{'the input' if source in network.inputs else 'the output of'} {subscripted(network, source)}"


def _other_line(network: Network, wanted: Edge, name: str, by_number: bool) -> Named:
    """Why a weight is not the one from one neuron to another."""
    source, target = network.weights[name]
    truth = f"{subscripted(network, name)} leads from {subscripted(network, source)} to {subscripted(network, target)}"
    if by_number:
        return _WIRE_REVEALS[0], "count the weights in order", f"look at the drawing: {truth}"
    one_end = source == wanted[0] or target == wanted[1]
    return _WIRE_REVEALS[1] if one_end else _WIRE_REVEALS[2], "", truth


def _other_ends(network: Network, weight: str, name: str, by_number: bool) -> Named:
    """Why a weight does not join two neurons."""
    truth = f"{subscripted(network, name)} joins these two"
    if by_number:
        return _WIRE_REVEALS[0], "count the weights in order", f"look at the drawing: {truth}"
    (source, target), own = network.weights[name], network.weights[weight]
    return _WIRE_REVEALS[1] if source == own[0] or target == own[1] else _WIRE_REVEALS[2], "", truth


# Paths

_PATH_SHAPES: Mapping[str, tuple[tuple[int, ...], ...]] = {
    "easy": ((2, 2, 2), (2, 2, 3), (2, 3, 2), (3, 2, 3)),
    "medium": ((2, 2, 2, 1), (2, 2, 3, 1), (2, 2, 2, 2), (2, 3, 2, 1)),
    "hard": ((2, 2, 3, 2), (2, 3, 2, 2), (2, 2, 2, 3), (2, 2, 2, 2, 1)),
}
_PATH_REVEALS = (
    "follows only one path",
    "counts paths of other weights too",
    "counts neurons instead of paths",
    "adds up layers instead of multiplying",
)


def _draw_count(rng: np.random.Generator, level: str) -> Task:
    shapes = _PATH_SHAPES[level]
    network = Network(*shapes[choose(rng, shapes)], bias="none")
    early, late = ([name for name, edge in network.weights.items() if edge[0] in layer] for layer in network.layers[:2])
    about = {"weights": [early[choose(rng, early)], late[choose(rng, late)]]}
    return Task("count-paths", (draw_problem(rng, network),), about)


def _paths(network: Network, weight: str) -> int:
    return len(derive(network).paths(weight))


def _build_count(task: Task) -> Content:
    network, weights = task.network, task.about["weights"]
    parts = tuple(_counted(network, weight) for weight in weights)
    said = "\n".join(f"- {_way_on(network, weight)}" for weight in weights)
    solve = lambda: Solution(
        ("Multiply the numbers of ways on, from the neuron that the weight feeds to the loss.", said)
    )
    text = lambda: "Every output is part of the loss $E$. The picture names two weights."
    return Content(text, parts, solve, partial(wiring, network, weights, "", None, True))


def _counted(network: Network, weight: str) -> ExactPart:
    """How many paths one weight has."""
    source, end = network.weights[weight]
    right, target = _paths(network, weight), subscripted(network, end)
    after = [len(layer) for layer in network.layers[network.layer_of[end] + 1 :]]
    others = sum(_paths(network, name) for name, edge in network.weights.items() if edge[0] == source)
    wrong = [
        Wrong("follows only one path", "the ways part at each neuron that has more than one line to the right", 1),
        Wrong(
            "counts paths of other weights too",
            f"each of these paths must start with {subscripted(network, weight)}, which ends in {target}",
            others,
        ),
        Wrong("counts neurons instead of paths", "this is the number of neurons after the weight", 1 + sum(after)),
        Wrong(
            "adds up layers instead of multiplying", "each way on can be followed by each of the next ones", sum(after)
        ),
    ]
    ask = f"How many paths lead from {maths(network, weight)} to $E$?"
    look = f"Start at {target}, where {subscripted(network, weight)} ends, and count its lines to the right."
    hints = (
        f"At each neuron after {target} count the lines to the right as well." if after else f"{target} is an output.",
        "Each way on can be followed by each of the next ones, so multiply.",
    )
    return count(ask, right, [one for one in wrong if one.answer], hints, look)


def _way_on(network: Network, weight: str) -> str:
    end = network.weights[weight][1]
    after = [len(layer) for layer in network.layers[network.layer_of[end] + 1 :]]
    product = " · ".join(map(str, after)) or "1"
    whole = f"{product} = {_paths(network, weight)}" if len(after) > 1 else f"{_paths(network, weight)}"
    many = "s" * (_paths(network, weight) != 1)
    return f"{maths(network, weight)} ends in {subscripted(network, end)}, so it has {whole} path{many}."


# Widths

_STRONG_REVEALS = ("overlooks the widest line", "adds the gradient", "looks at the wrong output")
UP, DOWN = "up", "down"


def _draw_strength(rng: np.random.Generator, level: str) -> Task:
    shapes = {"easy": ((2, 2, 2),), "medium": ((2, 2, 2), (3, 2, 2)), "hard": ((2, 3, 2), (3, 2, 2))}[level]
    network = Network(*shapes[choose(rng, shapes)], bias="none")
    negative = bool(settled(rng, (0, 1)))
    while True:
        problem = draw_problem(rng, network)
        strength = _strength(problem)
        sizes = np.sort(np.abs(list(strength.values())))[::-1]
        deltas = [abs(float(evaluate(problem)[f"dE/dnet_{output}"])) for output in network.outputs]
        weight = [name for name, value in strength.items() if abs(value) > sizes[0] / 4]
        asked = weight[choose(rng, weight)]
        clear = sizes[0] > 1.35 * sizes[1] and max(deltas) > 2 * min(deltas) and (strength[asked] < 0) == negative
        if clear:
            return Task("read-gradient", (problem,), {"weight": asked})


def _strength(problem: Problem) -> dict[str, float]:
    """The derivative of the loss with respect to each weight."""
    values = evaluate(problem)
    return {name: float(values[f"dE/d{name}"]) for name in layered(problem.network, "read-gradient").weights}


def _build_strength(task: Task) -> Content:
    network, problem, weight = task.network, task.problem, task.about["weight"]
    strength, names = _strength(problem), {name: subscripted(network, name) for name in network.weights}
    first, *others = sorted(strength, key=lambda name: -abs(strength[name]))
    thinner = {names[one]: (_STRONG_REVEALS[0], "", f"the line of {names[first]} is wider") for one in others}
    falls = strength[weight] < 0
    way, back = (UP, DOWN) if falls else (DOWN, UP)
    deltas = {output: float(evaluate(problem)[f"dE/dnet_{output}"]) for output in network.outputs}
    loud = max(deltas, key=lambda one: abs(deltas[one]))
    quiet = dict.fromkeys(deltas, (_STRONG_REVEALS[2], "", f"the lines into {loud} are wider, so its delta is larger"))
    parts = (
        choice(
            "Which weight changes most in the next update?",
            names[first],
            list(names.values()),
            thinner,
            ("The change is the learning rate times the derivative.", "The wider a line, the larger |∂E/∂w|."),
        ),
        choice(
            f"Does the next update move {maths(network, weight)} up or down?",
            way,
            (UP, DOWN),
            {back: CLIMBS},
            ("An update goes against the slope.", "Subtracting a negative number makes the weight larger."),
        ),
        choice(
            "Which output has the larger delta?",
            loud,
            network.outputs,
            quiet,
            ("The derivative of an output weight is the delta of its output times the signal.",),
        ),
    )
    rows = [[maths(network, name), shown(value)] for name, value in strength.items()]
    sign = "negative, so it moves up" if falls else "positive, so it moves down"
    solve = lambda: Solution(
        (
            f"The widest line is that of {names[first]}. {names[weight]} has a "
            f"{'dashed' if falls else 'solid'} line: its derivative is {sign}. The lines into {loud} are the wider "
            "ones, because its delta is the larger one.",
            table(["weight", "$\\partial E/\\partial w$"], rows),
        )
    )
    text = lambda: (
        "The wider a line, the larger is $|\\partial E/\\partial w|$ of its weight. "
        "Dashed lines have a negative derivative."
    )
    return Content(text, parts, solve, partial(wiring, network, None, "", strength))


QUESTIONS = (
    Question("read-network", TOPIC, "Which weight is where?", _draw_wiring, _build_wiring, _WIRE_REVEALS),
    Question("count-paths", TOPIC, "Count the paths", _draw_count, _build_count, _PATH_REVEALS),
    Question("read-gradient", TOPIC, "The gradient on the network", _draw_strength, _build_strength, _STRONG_REVEALS),
)
