"""Questions about trained networks and their training: decision boundaries, walks downhill, deltas in many layers."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

import numpy as np
from numpy.typing import NDArray

from bpkit.core.initial import initial_parameters
from bpkit.core.matrix_program import predict
from bpkit.core.network import Network
from bpkit.core.problem import Problem
from bpkit.core.spelling import number, readable
from bpkit.core.train import Trace, train
from bpkit.core.updates import Adam, Momentum
from bpkit.examples.data import data_set
from bpkit.exercises.questions.bank.choices import count
from bpkit.exercises.questions.bank.looking import TOPIC, Named, choice, short
from bpkit.exercises.questions.exercise import Content, Question, Solution
from bpkit.exercises.questions.parts import ExactPart, Wrong
from bpkit.exercises.questions.task import Task
from bpkit.exercises.questions.words import in_words, table
from bpkit.show.boundary_picture import classes, halfway, plane, right
from bpkit.show.chart import NAMES
from bpkit.show.depth_picture import gradient_sizes
from bpkit.show.question_panels import boundary_panels, depth_curves, walk_panels

Array = NDArray[np.float64]

# Boundaries

_HIDDEN = (1, 2, 8)
_POINTS, _UPDATES = (12, 16, 20), 120
_NEAR = 0.08  # a point this near to a boundary may be counted on its other side
_SHAPES = {1: "a straight line", 2: "two lines that leave the picture", 8: "a closed ring"}
_FEW = "expects more of few neurons"
_MANY = "expects less of many neurons"
_COUNTED = (
    *("counts the points that are right", "counts a whole class", "miscounts by one or two"),
    "expects a line to part a ring",
)


def _draw_boundary(rng: np.random.Generator, level: str) -> Task:
    while True:
        data = data_set("circles", int(rng.choice(_POINTS)), 0.05, int(rng.integers(1_000_000)))
        targets = data.targets if rng.integers(2) else 1 - data.targets
        points = [[*map(short, row), int(kind)] for row, kind in zip(data.inputs, targets[:, 0])]
        order = [int(one) for one in rng.permutation(_HIDDEN)]
        task = Task("read-boundary", (), {"points": points, "hidden": order})
        found = {1: _learned(rng, task, 1)}
        if not _clear_line(found[1]):  # what fails most often comes first
            continue
        found |= {hidden: _learned(rng, task, hidden) for hidden in (2, 8)}
        if _crossings(found[2]) == 4 and _crossings(found[8]) == 0 and right(found[8]) == len(points):
            nets = [dict(found[hidden].parameters) for hidden in order]
            return Task("read-boundary", (), {"points": points, "hidden": order, "nets": nets})


def _learner(task: Task, hidden: int, parameters: Mapping[str, float]) -> Problem:
    """A network with so many hidden neurons, and the points."""
    network = Network(2, hidden, 1, activation=["tanh", "sigmoid"], loss="binary_cross_entropy", bias="neuron")
    rows = np.array(task.about["points"], dtype=float)
    return Problem(network, parameters, rows[:, :2], rows[:, 2:], 0.1, update=Adam())


def _learned(rng: np.random.Generator, task: Task, hidden: int) -> Problem:
    """The same with what it has learned, to two digits."""
    network = Network(2, hidden, 1, bias="neuron")
    start = _learner(task, hidden, initial_parameters(network, rng, scale=1.5))
    final = train(start, _UPDATES).final
    return _learner(task, hidden, {name: short(value) for name, value in final.parameters.items()})


def _clear_line(one: Problem) -> bool:
    """Does a line cut off points of only one class, with no point near it?"""
    on = predict(one, one.inputs)[:, 0] > halfway(one)
    sides = [classes(one)[on], classes(one)[~on]]
    if _crossings(one) != 2 or not any(len(side) > 2 and (side == side[0]).all() for side in sides):
        return False
    around = np.array([[np.cos(turn), np.sin(turn)] for turn in np.linspace(0, 2 * np.pi, 8, endpoint=False)]) * _NEAR
    return all(bool(((predict(one, one.inputs + shift)[:, 0] > halfway(one)) == on).all()) for shift in around)


def _crossings(problem: Problem) -> int:
    """How often the boundary leaves the picture."""
    _, outputs = plane(problem)
    above = outputs > halfway(problem)
    edge = np.concatenate([above[0], above[1:, -1], above[-1, -2::-1], above[-2:0:-1, 0]])
    return int(np.sum(edge != np.roll(edge, 1)))


def _build_boundary(task: Task) -> Content:
    order = list(task.about["hidden"])
    nets = [_learner(task, hidden, one) for hidden, one in zip(order, task.about["nets"])]
    name = {hidden: NAMES[place] for place, hidden in enumerate(order)}
    counted = nets[order.index(1)]
    whole, wrong = len(counted.inputs), len(counted.inputs) - right(counted)
    said = {hidden: f"{name[hidden]} is {shape}" for hidden, shape in _SHAPES.items()}
    straight = "one hidden neuron can only draw a straight line"
    mixed = "you are close. Count again on the side that has points of both classes"
    ring = "two hidden neurons cannot close a ring, and eight can"
    parts = (
        choice(
            "Which network has one hidden neuron?",
            name[1],
            NAMES,
            {name[2]: (_FEW, "", straight), name[8]: (_FEW, "", straight)},
            ("Each hidden neuron adds one bend or one more line.",),
        ),
        choice(
            "Which has eight hidden neurons?",
            name[8],
            NAMES,
            {name[1]: (_MANY, "", straight), name[2]: (_MANY, "", ring)},
            ("What can eight lines enclose?",),
        ),
        count(
            f"How many points are on the wrong side of the boundary in {name[1]}?",
            wrong,
            [
                Wrong(_COUNTED[0], "the question asks for those on the wrong side", whole - wrong),
                Wrong(_COUNTED[1], "some points of this class are on the right side", whole // 2),
                Wrong(_COUNTED[3], "on one side of the line both classes lie: count the smaller part there", 0),
                *(Wrong(_COUNTED[2], mixed, wrong + off) for off in (-2, -1, 1, 2) if wrong + off > 0),
            ],
            (
                "On one side of the line all points belong to one class. That side is the side of this class.",
                "Which points of that class are on the other side?",
            ),
        ),
    )
    solve = lambda: Solution(
        (
            f"{in_words(list(said.values()))}. With more hidden neurons a boundary can bend more often. In {name[1]} "
            f"{wrong} point{'s are' if wrong != 1 else ' is'} on the wrong side.",
        )
    )
    text = lambda: (
        "Networks with 1, 2 and 8 hidden neurons learned the same points. The lines are their decision boundaries."
    )
    return Content(text, parts, solve, partial(boundary_panels, nets))


# Walks

_RULES = ("plain", "momentum", "Adam")
_TURNS = {
    "plain": "plain gradient descent jumps back and forth across the valley",
    "momentum": "momentum makes the steps grow straight down the slope, and then the walk swings past the lowest point",
    "Adam": "the first steps of Adam are equally long in both weights, so its walk starts along a diagonal",
}
_TAKEN = {one: f"takes the walk of {one} for another" for one in ("plain gradient descent", "momentum", "Adam")}
_WALK_ENDS = (-1.7, 1.7, -2.6, 1.2)
_WALKED = {"plain": 14, "momentum": 24, "Adam": 16}


def _draw_walks(rng: np.random.Generator, level: str) -> Task:
    """A valley over two weights: the first is steep, the second is not; three rules walk from one start."""
    network = Network(2, 1, activation="identity", bias="none")
    while True:
        steep, flat = float(rng.integers(17, 22)) / 10, float(rng.integers(5, 8)) / 10
        side = float(rng.choice([-1, 1]))
        inputs = np.array([[steep, flat], [steep, -flat]])
        start = {"w1": side * float(rng.integers(8, 12)) / 10, "w2": -float(rng.integers(18, 23)) / 10}
        shared = (network, start, inputs, np.zeros((2, 1)))
        curved = steep**2
        plain = Problem(*shared, short(float(rng.choice([1.7, 1.75, 1.8])) / curved))
        swings = Problem(*shared, short(float(rng.choice([0.1, 0.12, 0.14])) / curved), update=Momentum(0.9))
        adam = Problem(*shared, float(rng.choice([0.15, 0.2])), update=Adam())
        order = [int(one) for one in rng.permutation(len(_RULES))]
        problems = [(plain, swings, adam)[place] for place in order]
        if _clear_walks(*(_walked(one) for one in (plain, swings, adam))):
            about = {"rules": [_RULES[place] for place in order], "lying": bool(rng.integers(2))}
            return Task("read-walks", tuple(problems), about)


def _walked(problem: Problem) -> Trace:
    """A walk, short enough to be followed by eye."""
    return train(problem, _WALKED[_rule_of(problem)])


def _rule_of(problem: Problem) -> str:
    kind = type(problem.update).__name__
    return {"Momentum": "momentum", "Adam": "Adam"}.get(kind, "plain")


def _clear_walks(plain: Trace, swings: Trace, adam: Trace) -> bool:
    """One that jumps at every update, one that swings past the goal, one that starts on the diagonal; all inside."""
    left, right_, bottom, top = _WALK_ENDS
    inside = all(
        left < one["w1"].min() and one["w1"].max() < right_ and bottom < one["w2"].min() and one["w2"].max() < top
        for one in (plain, swings, adam)
    )
    jumps = (np.sign(plain["w1"][1:]) != np.sign(plain["w1"][:-1])).all()
    past = swings["w2"].max() > 0.3
    first = abs(adam["w1"][3] - adam["w1"][0]) / abs(adam["w2"][3] - adam["w2"][0])
    return bool(inside and jumps and past and 0.8 < first < 1.25)


def _build_walks(task: Task) -> Content:
    rules = list(task.about["rules"])
    name = {rule: NAMES[place] for place, rule in enumerate(rules)}
    traces = [_walked(problem) for problem in task.problems]

    def taken(wanted: str) -> dict[str, Named]:
        full = {"plain": "plain gradient descent"}
        return {
            name[rule]: (_TAKEN[full.get(rule, rule)], "", f"this is {full.get(rule, rule)}; {_TURNS[wanted]}")
            for rule in rules
            if rule != wanted
        }

    parts = (
        choice(
            "Which walk is plain gradient descent?",
            name["plain"],
            NAMES,
            taken("plain"),
            ("It goes straight down the slope at each update and remembers nothing.",),
        ),
        choice(
            "Which one uses momentum?",
            name["momentum"],
            NAMES,
            taken("momentum"),
            ("Momentum adds earlier steps to the new one, so the walk keeps moving like a rolling ball.",),
        ),
        choice(
            "Which one is Adam?",
            name["Adam"],
            NAMES,
            taken("Adam"),
            ("Adam divides each derivative by its usual size, so all weights take steps of about the same size.",),
        ),
    )
    solve = lambda: Solution(
        (f"{name[rules[0]]}: {_TURNS[rules[0]]}. " + " ".join(f"{name[one]}: {_TURNS[one]}." for one in rules[1:]),)
    )
    rates = {rule: number(problem.learning_rate, 2) for rule, problem in zip(rules, task.problems)}
    text = lambda: (
        "Plain gradient descent, momentum and Adam walk on the same loss over two weights, "
        f"each with a learning rate that suits it: {rates['plain']}, {rates['momentum']} (β = 0.9), {rates['Adam']}."
    )
    left, right_, bottom, top = _WALK_ENDS
    lying = (("w2", "w1"), (bottom, top, left, right_))
    seen = lying if task.about["lying"] else (("w1", "w2"), _WALK_ENDS)
    return Content(text, parts, solve, partial(walk_panels, traces, *seen))


# Deltas in many layers

_LAYERS, _WIDTH = 7, 6
_DEEP = {"sigmoid": ("sigmoid", 1.0), "tanh": ("tanh", 1.0), "large": ("relu", 4.0)}
_FATES = {
    "sigmoid": "the slope of a sigmoid is at most ¼, so the deltas shrink in each layer on the way back",
    "large": "large weights make the deltas grow in each layer on the way back",
}
_FAR_OFF = (
    "They are large in the last layer already: the signals grow on their way forward, so the outputs are far from the "
    "targets."
)
_DEPTH_REVEALS = (
    "reads the layers in the wrong order",
    "takes level deltas for shrinking ones",
    "takes level deltas for growing ones",
    "looks at the deltas alone",
    "looks at the inputs alone",
)
_ASKED_LAYERS = (3, 6, 9)  # of a network with more layers than those of the picture
# In ten-thousandths. A tiny size times a big one is more than twice the product of two middle ones.
_TINY, _MIDDLE, _BIG = (20, 30, 40), (100, 200), (5000, 6000, 8000)


def _draw_depth(rng: np.random.Generator, level: str) -> Task:
    kinds = [str(one) for one in rng.permutation(list(_DEEP))]
    while True:
        task = Task("read-depth", (), {"kinds": kinds, "draw": int(rng.integers(1_000_000_000))})
        ratio = {kind: float(one[0] / one[-1]) for kind, one in zip(kinds, _deep(task))}
        if ratio["sigmoid"] < 1e-3 and 0.05 < ratio["tanh"] < 10 and 30 < ratio["large"] < 1e6:
            return Task("read-depth", (), {**task.about, "layers": _draw_layers(rng)})


def _draw_layers(rng: np.random.Generator) -> list[list[int]]:
    """Deltas and inputs of three layers, in ten-thousandths: of two layers one is tiny, of the other both are small."""
    tiny, middle, big = ([int(one) for one in rng.choice(sizes, 2)] for sizes in (_TINY, _MIDDLE, _BIG))
    rows = [[tiny[0], big[0]], middle, [big[1], tiny[1]]]
    return [rows[place] for place in rng.permutation(len(rows))]


def _deep(task: Task) -> list[Array]:
    """The sizes of the deltas of three networks, whose weights come from a stream of their own."""
    rng, found = np.random.default_rng(task.about["draw"]), []
    for kind in task.about["kinds"]:
        activation, scale = _DEEP[kind]
        hidden = [_WIDTH] * (_LAYERS - 1)
        network = Network(2, *hidden, 1, activation=[*[activation] * len(hidden), "identity"], bias="neuron")
        parameters = initial_parameters(network, rng, scale=scale)
        found.append(
            gradient_sizes(Problem(network, parameters, rng.normal(size=(4, 2)), rng.normal(size=(4, 1)), 0.1))[1]
        )
    return found


def _build_depth(task: Task) -> Content:
    kinds, sizes = list(task.about["kinds"]), _deep(task)
    name = {kind: NAMES[place] for place, kind in enumerate(kinds)}
    turned, shrinks, grows, *_ = _DEPTH_REVEALS
    parts = (
        choice(
            "Which network has sigmoid neurons?",
            name["sigmoid"],
            NAMES,
            {name["large"]: (turned, "", _FATES["sigmoid"]), name["tanh"]: (shrinks, "", _FATES["sigmoid"])},
            (
                "Read each curve from right to left, the way the deltas go. Which one falls most?",
                "Six slopes of at most ¼ multiply to about 1/4,000 or less. Which curve falls that far?",
            ),
        ),
        choice(
            "Which one started with weights that are too large?",
            name["large"],
            NAMES,
            {name["sigmoid"]: (turned, "", _FATES["large"]), name["tanh"]: (grows, "", _FATES["large"])},
            ("On the way back, each layer multiplies the deltas by its weights.",),
        ),
        _smallest_derivative(task.about["layers"]),
    )
    rows = [
        [letter, *(readable(number(float(size), 2)) for size in (one[0], one[-1]))] for letter, one in zip(NAMES, sizes)
    ]
    tanh = sizes[kinds.index("tanh")]
    fates = {
        "sigmoid": f"{_FATES['sigmoid']}.",
        "tanh": f"the slope of tanh reaches 1, and {_little(float(tanh[0] / tanh[-1]))}.",
        "large": f"{_FATES['large']}. {_FAR_OFF}",
    }
    solve = lambda: Solution(
        (
            " ".join(f"{name[kind]}: {fates[kind]}" for kind in kinds),
            table(["network", "deltas in layer 1", f"in layer {_LAYERS}"], rows),
            f"A derivative is delta times input, so for c) multiply the two: {in_words(_products(task))}.",
        )
    )
    text = lambda: (
        f"These are the deltas of three networks with {_LAYERS} layers before training. One has "
        "sigmoid neurons, one has tanh, and one has ReLU and weights that are too large."
    )
    return Content(text, parts, solve, partial(depth_curves, sizes))


def _little(ratio: float) -> str:
    """What happens to deltas whose first size is so many times the last."""
    if 0.5 < ratio < 2:
        return "the deltas keep about the same size"
    times = readable(number(max(ratio, 1 / ratio), 2))
    return f"over {_LAYERS - 1} layers the deltas get only about {times} times {'larger' if ratio > 1 else 'smaller'}"


def _smallest_derivative(layers: list[list[int]]) -> ExactPart:
    """In which of three layers is delta times input smallest? In the one where neither is."""
    deltas, inputs = zip(*layers)
    named = [f"layer {one}" for one in _ASKED_LAYERS]
    right = named[int(np.argmin(np.prod(layers, axis=1)))]
    small = "its deltas are the smallest, but its inputs are large; a derivative is delta times input"
    faint = "its inputs are the smallest, but its deltas are large; a derivative is delta times input"
    told = [
        f"In {one} the deltas have the size {_decimal(delta)} and the inputs {_decimal(signal)}."
        for one, (delta, signal) in zip(named, layers)
    ]
    return choice(
        f"Another network has 12 layers. {' '.join(told)} In which of these layers are the derivatives with respect to "
        "the weights smallest?",
        right,
        named,
        {
            named[int(np.argmin(deltas))]: (_DEPTH_REVEALS[3], "", small),
            named[int(np.argmin(inputs))]: (_DEPTH_REVEALS[4], "", faint),
        },
        ("From which two numbers do you get the derivative with respect to a weight?",),
    )


def _products(task: Task) -> list[str]:
    rows = zip(_ASKED_LAYERS, task.about["layers"])
    return [
        f"{_decimal(delta)} · {_decimal(signal)} = {readable(number(delta * signal / 1e8))} in layer {layer}"
        for layer, (delta, signal) in rows
    ]


def _decimal(count: int) -> str:
    """So many ten-thousandths as a decimal."""
    return f"{count / 10_000:g}"


QUESTIONS = (
    Question(
        "read-boundary", TOPIC, "Which network drew it?", _draw_boundary, _build_boundary, (_FEW, _MANY, *_COUNTED)
    ),
    Question("read-walks", TOPIC, "Three walks downhill", _draw_walks, _build_walks, tuple(_TAKEN.values())),
    Question("read-depth", TOPIC, "Many layers", _draw_depth, _build_depth, _DEPTH_REVEALS),
)
