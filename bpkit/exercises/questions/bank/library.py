"""Questions about a library: what it keeps for the way back, and which loss it computes."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from functools import lru_cache, partial

import numpy as np

from bpkit.core.network import Network
from bpkit.core.problem import Problem
from bpkit.core.spelling import LOW, number, readable
from bpkit.exercises.questions.bank import looking
from bpkit.exercises.questions.bank.choices import TOPIC, count, one_of, shuffle
from bpkit.exercises.questions.exercise import Content, Question, Solution
from bpkit.exercises.questions.friendly_problems import choose, settled
from bpkit.exercises.questions.parts import ExactPart, Wrong
from bpkit.exercises.questions.task import Task
from bpkit.exercises.questions.words import in_words, table
from bpkit.show.chart import NAMES
from bpkit.show.kept_picture import Kept, kept_panels, lifetimes, spelled

# What waits for the way back

_MORE_POINTS, _A_STEP = "takes more points for one more layer", "overlooks the step of a layer"
_NETS, _NO_NETS = "keeps the net inputs too", "forgets that a slope needs the net input"
_INPUTS, _LAST, _HIDDEN = "forgets the inputs", "forgets the last outputs", "forgets the hidden outputs"
_ONE_POINT, _WEIGHTS = "counts a single point", "counts the weights too"
_KINDS = {"easy": ("sigmoid",), "medium": ("sigmoid", "tanh"), "hard": ("relu", "tanh")}
_NEURONS = {
    "sigmoid": "All neurons are sigmoids.",
    "tanh": "The hidden neurons compute tanh, the outputs are sigmoids.",
    "relu": "The hidden neurons compute ReLU, whose slope is read from net; the outputs are sigmoids.",
}
_POINTS = (20, 50, 100, 200)


def _draw_waits(rng: np.random.Generator, level: str) -> Task:
    kind = _KINDS[level][settled(rng, _KINDS[level])]
    sizes = [int(rng.integers(3, 5)), int(rng.integers(5, 9)), int(rng.integers(1, 3))]
    about = {
        "sizes": sizes,
        "kind": kind,
        "points": _POINTS[choose(rng, _POINTS)],
        "places": [int(place) for place in rng.permutation(3)],
        "asked": choose(rng, (1, 2)),
        "order": shuffle(rng),
    }
    return Task("read-stairs", (), about)


@lru_cache(maxsize=256)
def _program(sizes: tuple[int, ...], kind: str, points: int) -> Problem:
    """A batch for a network; what is in its arrays does not matter here."""
    network = Network(*sizes, activation=[*[kind] * (len(sizes) - 2), "sigmoid"], bias="neuron")
    inputs, targets = np.zeros((points, sizes[0])), np.zeros((points, sizes[-1]))
    return Problem(network, dict.fromkeys(network.parameters, 0.1), inputs, targets)


def _named(one: Kept) -> str:
    letters, _, layer = one.name.partition("_")
    return "x" if layer == "0" else letters + layer.translate(LOW)


def _selections(arrays: Sequence[Kept]) -> list[tuple[str, str, list[Kept]]]:
    """What people keep instead: the name of the mistake, why it is wrong, and the arrays."""
    waits, first, last = [one for one in arrays if one.waits], arrays[0], arrays[-1]
    hidden = next(one for one in arrays if one.name == "out_1")
    unread = [one for one in arrays if not one.waits]
    no = in_words([_named(one) for one in unread])
    bare = [one for one in waits if one.name.startswith("out")]
    found = [
        (_NETS, f"no line of the way back uses {no}, because the slope there is read from out", [*arrays]),
        (_NO_NETS, "the slope of ReLU is read from net here", bare),
        (_INPUTS, "∂E/∂W₁ is computed from the inputs x", [one for one in waits if one != first]),
        (
            _LAST,
            f"the error of the outputs is computed from {_named(last)}, and so is their slope",
            [one for one in waits if one != last],
        ),
        (_HIDDEN, f"∂E/∂W₂ is computed from {_named(hidden)}", [one for one in waits if one != hidden]),
    ]
    return [one for one in found if one[2] != waits]


def _which_stairs(deep: str, small: str, large: str) -> ExactPart:
    more = "one more layer makes more steps, up and down"
    return looking.choice(
        "Which stairs are those of the network with two hidden layers?",
        deep,
        NAMES,
        {
            large: (_MORE_POINTS, "", f"more points make every step of {large} higher, and {more}"),
            small: (_A_STEP, "", f"{small} has no more steps than {large}, and {more}"),
        },
        ("Count the steps. Their height shows how many numbers an array has.",),
    )


def _build_waits(task: Task) -> Content:
    sizes, kind, points = tuple(task.about["sizes"]), task.about["kind"], task.about["points"]
    deeper, places = (sizes[0], sizes[1], *sizes[1:]), task.about["places"]
    programs = [_program(*one) for one in ((sizes, kind, points), (sizes, kind, 2 * points), (deeper, kind, points))]
    small, large, deep = (NAMES[places.index(place)] for place in range(3))
    batch = (points, 2 * points)[task.about["asked"]]
    program = programs[task.about["asked"]]
    lines, arrays = lifetimes(program)
    waits = [one for one in arrays if one.waits]

    def listed(some: Sequence[Kept]) -> str:
        return in_words([_named(one) for one in some])

    def total(some: Sequence[Kept]) -> int:
        return sum(one.size for one in some)

    wrong = _selections(arrays)
    weights = len(program.network.parameters)
    counted = [Wrong(name, why, total(some)) for name, why, some in wrong]
    counted += [
        Wrong(_ONE_POINT, f"each of the {batch} points has numbers of its own", total(waits) // batch),
        Wrong(_WEIGHTS, "the weights are always there, so they need not wait", total(waits) + weights),
    ]
    parts = (
        _which_stairs(deep, small, large),
        one_of(
            "Take the network with one hidden layer. Which of its arrays must wait?",
            listed(waits),
            [Wrong(name, why, listed(some)) for name, why, some in wrong],
            task.about["order"],
            hints=("Go through the lines of the way back: the deltas, then ∂E/∂W₂ and ∂E/∂W₁. What does each use?",),
        ),
        count(
            f"It has {batch} points. How many numbers wait at the top of its stairs?",
            total(waits),
            counted,
            ("Each array has a row for each point, and a column for each input or neuron of its layer.",),
        ),
    )
    asked = (
        f"Two programs train a {_spelled(sizes)} network, one with {points} points and the other with {2 * points}. A "
        f"third trains a {_spelled(deeper)} network with {points} points. {_NEURONS[kind]} The "
        "stairs show how many numbers wait for the way back. All three have the same scale."
    )

    def solve() -> Solution:
        backward = {one.number: spelled(one.quantity) for one in lines if one.number > _turn(arrays)}
        rows = [
            [
                _named(one),
                "{} × {}".format(*one.shape),
                in_words([backward[use] for use in one.uses if use in backward]),
            ]
            for one in waits
        ]
        return Solution(
            (
                f"{deep} has more steps than the other two, up and down, because it has one more layer.",
                table(["array", "shape", "used on the way back for"], rows),
                f"Together: {' + '.join(str(one.size) for one in waits)} = {total(waits)} numbers.",
            )
        )

    shown = [programs[place] for place in places]
    return Content(lambda: asked, parts, solve, partial(kept_panels, shown))


def _turn(arrays: Sequence[Kept]) -> int:
    """The number of the last line that makes an array of the forward pass, and of the loss after it."""
    return max(one.made for one in arrays) + 1


def _spelled(sizes: Sequence[int]) -> str:
    return "-".join(map(str, sizes))


# Which loss

_OURS, _HALF = "takes the library's loss for its own", "overlooks a factor of two"
_OUTPUTS, _POINTS_TOO = "counts the outputs wrongly", "divides by the number of points again"
_TURNED_ROUND = "turns the factor round"
_SAME_RATE, _OTHER_WAY = "keeps the learning rate", "changes the learning rate the wrong way"
_RATE, _FEW, _BATCHES = Fraction(6, 5), (3, 4, 5), (10, 20, 30)


def _draw_loss(rng: np.random.Generator, level: str) -> Task:
    outputs, points = _FEW[settled(rng, _FEW)], _BATCHES[choose(rng, _BATCHES)]
    about = {"level": level, "outputs": outputs, "points": points, "order": shuffle(rng)}
    return Task("library-loss", (), about)


def _written(level: str, outputs: int, points: int) -> tuple[str, Fraction, list[tuple[str, str, Fraction]]]:
    """A line with a library's loss, the factor between its derivatives and yours, and the wrong factors."""
    half, mean = Fraction(1, 2), Fraction(1, outputs)
    if level == "easy":
        return (
            "`MSELoss()(model(x), y) / 2`",
            mean,
            [
                (_OURS, f"it takes the mean over the {outputs} outputs as well, and yours takes their sum", 2 * half),
                (_TURNED_ROUND, "a mean is smaller than the sum", 1 / mean),
                (_HALF, "both have the half: the line divides by 2", 2 * mean),
                (_POINTS_TOO, "both losses take the mean over the points", mean / points),
            ],
        )
    if level == "medium":
        return (
            "`MSELoss()(model(x), y)`",
            mean / half,
            [
                (_OURS, f"it takes the mean over the {outputs} outputs as well, and it has no half", 2 * half),
                (_HALF, "it has no half, so there is also a factor of 2", mean),
                (_OUTPUTS, f"it takes the mean over the {outputs} outputs as well", 1 / half),
                (_TURNED_ROUND, "the mean over the outputs divides, and the missing half multiplies", half / mean),
            ],
        )
    whole = Fraction(points)
    return (
        '`MSELoss(reduction="sum")(model(x), y) / 2`',
        whole,
        [
            (_OURS, f"it adds up the {points} points, and yours takes their mean", 2 * half),
            (_TURNED_ROUND, "a sum is larger than the mean", 1 / whole),
            (_OUTPUTS, "your loss adds up the outputs too, so they make no difference", whole / mean),
            (_HALF, "both have the half: the line divides by 2", whole / half),
        ],
    )


def _compared(factor: Fraction) -> str:
    if factor == 1:
        return "the same"
    return f"yours divided by {1 / factor}" if factor.numerator == 1 else f"yours times {factor}"


def _build_loss(task: Task) -> Content:
    outputs, points, order = task.about["outputs"], task.about["points"], task.about["order"]
    line, factor, slips = _written(task.about["level"], outputs, points)
    larger = _compared(factor)
    rate, fitting, other = (readable(number(float(one))) for one in (_RATE, _RATE / factor, _RATE * factor))
    parts = (
        one_of(
            "How large are the derivatives that the library finds, compared with yours?",
            larger,
            [Wrong(name, why, _compared(one)) for name, why, one in slips],
            order,
            hints=("Write down both losses. What does each add up, what does it average, and does it have the ½?",),
        ),
        one_of(
            f"You trained with the learning rate {rate}. Which one makes the same steps with this loss?",
            fitting,
            [
                Wrong(_SAME_RATE, f"the derivatives are {larger}, and the steps would change in the same way", rate),
                Wrong(_OTHER_WAY, "learning rate times derivative has to stay the same", other),
            ],
            order[1:] + order[:1],
            "number",
            ("Learning rate times derivative has to stay the same.",),
        ),
    )
    asked = (
        f"Your network has {outputs} outputs. Your loss adds up half the squared error over the outputs, and "
        f"averages this over the {points} points of the batch. For the same network another student writes {line}."
    )

    def solve() -> Solution:
        return Solution(
            (
                f"The derivatives are {larger}, because what multiplies the loss multiplies every derivative too.",
                f"The same steps need the learning rate {rate} divided by {factor}, which is {fitting}.",
            )
        )

    return Content(lambda: asked, parts, solve, drawn=False)


QUESTIONS = (
    Question(
        "read-stairs",
        looking.TOPIC,
        "What waits?",
        _draw_waits,
        _build_waits,
        (_MORE_POINTS, _A_STEP, _NETS, _NO_NETS, _INPUTS, _LAST, _HIDDEN, _ONE_POINT, _WEIGHTS),
    ),
    Question(
        "library-loss",
        TOPIC,
        "A library's loss",
        _draw_loss,
        _build_loss,
        (_OURS, _HALF, _OUTPUTS, _POINTS_TOO, _TURNED_ROUND, _SAME_RATE, _OTHER_WAY),
    ),
)
