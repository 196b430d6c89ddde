"""Questions about curves of the loss: its slope at a point, two losses, the error of a difference quotient."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from bpkit.core.network import Network
from bpkit.core.numeric import evaluate, loss_over
from bpkit.core.problem import Problem
from bpkit.core.spelling import number
from bpkit.exercises.questions.bank.looking import CLIMBS, TOPIC, choice, shown
from bpkit.exercises.questions.exercise import Content, Question, Solution
from bpkit.exercises.questions.friendly_problems import architectures, choose, draw_problem, settled
from bpkit.exercises.questions.task import Task
from bpkit.exercises.questions.words import table
from bpkit.show.chart import NAMES
from bpkit.show.question_pictures import TINY, error_curve, expected, loss_curve_with_points, loss_functions, slope_of
from bpkit.show.quotient_picture import DECADE, STEPS, Errors, errors, size

Array = NDArray[np.float64]

# A point on a curve

_SLOPE_REVEALS = (
    "reads the curve from right to left",
    "adds the gradient",
    "takes the height for the slope",
    "overlooks the steepest place",
)
_LEFT, _RIGHT = "to the left", "to the right"
_TURNED_BACK = (CLIMBS[0], f"{CLIMBS[1]}, or have the wrong sign in a)", CLIMBS[2])


def _draw_slope(rng: np.random.Generator, level: str) -> Task:
    network = Network(1, 1, bias="neuron")
    trap = level != "easy"  # the highest point is always one of the outer ones
    steepest = settled(rng, NAMES) if trap else 2 * settled(rng, (0, 2))
    while True:
        x, y = float(rng.choice([0.8, 0.9, 1.2, 1.5])), float(rng.choice([0.2, 0.3, 0.4, 0.6, 0.7, 0.8]))
        reach = round(7 / x)
        at = sorted(float(one) for one in rng.choice(np.arange(-2 * reach + 1, 2 * reach), 3, replace=False) / 2)
        asked = choose(rng, NAMES)
        bias = float(rng.integers(-7, 8)) / 10
        if min(abs(one - other) for one, other in pairwise(at)) < reach / 5:
            continue
        problem = Problem(network, {"w1": at[asked], "b_o1": bias}, [x], [y], 0.1)
        if _clear_slopes(problem, (-reach, reach), at, asked, steepest, trap):
            about = {"ends": [-reach, reach], "at": at, "asked": asked}
            return Task("read-slope", (problem,), about)


def _slopes(problem: Problem, at: Iterable[float]) -> list[float]:
    return [float(evaluate(problem.replace(w1=one))["dE/dw1"]) for one in at]


def _clear_slopes(
    problem: Problem, ends: tuple[float, float], at: Sequence[float], asked: int, steepest: int, trap: bool
) -> bool:
    """Can signs, heights and slopes be told apart by eye? With a trap the highest point is not the steepest."""
    wide = ends[1] - ends[0]
    heights = loss_over(problem, w1=np.array(at))
    high = np.sort(heights)[::-1]
    if high[0] - high[1] < 0.1 * high[0] or (trap and heights.argmax() == steepest):
        return False
    # Where the slope changes its sign a dot would hide which one it has.
    grid = np.linspace(*ends, 201)
    lowest = float(grid[loss_over(problem, w1=grid).argmin()])
    if min(abs(one - lowest) for one in at) < wide / 9:
        return False
    scale = wide / float(loss_over(problem, w1=np.linspace(*ends, 50)).max())
    steep = np.abs(_slopes(problem, at)) * scale  # of the picture: 1 is the diagonal
    order = np.sort(steep)[::-1]
    plain = order[0] >= 1.7 * order[1] and steep[asked] >= 0.5
    return bool(plain and steep.argmax() == steepest and (heights.argmax() != steepest) == trap)


def _build_slope(task: Task) -> Content:
    problem, at, asked = task.problem, task.about["at"], NAMES[task.about["asked"]]
    slopes, heights = _slopes(problem, at), loss_over(problem, w1=np.array(at))
    here, steepest = slopes[task.about["asked"]], NAMES[int(np.argmax(np.abs(slopes)))]
    highest = NAMES[int(np.argmax(heights))]
    sign, other = ("positive", "negative") if here > 0 else ("negative", "positive")
    way, back = (_LEFT, _RIGHT) if here > 0 else (_RIGHT, _LEFT)
    runs = "rises" if here > 0 else "falls"
    turned = ("reads the curve from right to left", "", f"follow the curve at {asked} from left to right")
    wrong = {
        name: (
            "takes the height for the slope",
            "",
            f"the loss is largest at {name}, but that says nothing about how steep the curve is there",
        )
        if name == highest
        else ("overlooks the steepest place", "", f"at {name} the curve is not steepest; compare the three points")
        for name in NAMES
    }
    parts = (
        choice(
            f"Is $\\partial E/\\partial w_1$ positive or negative at {asked}?",
            sign,
            ("positive", "negative"),
            {other: turned},
            ("Follow the curve from left to right: does it rise or fall there?",),
        ),
        choice(
            f"Which way does an update move $w_1$ from {asked}?",
            way,
            (_LEFT, _RIGHT),
            {back: _TURNED_BACK},
            ("The new weight is the old one minus the learning rate times the slope.",),
        ),
        choice(
            "From which point is the step of an update largest?",
            steepest,
            NAMES,
            wrong,
            ("The step is the learning rate times the slope.", "Compare how steep the curve is, not how high."),
        ),
    )
    ends = (float(task.about["ends"][0]), float(task.about["ends"][1]))
    rows = [[name, shown(x), shown(y), shown(slope)] for name, x, y, slope in zip(NAMES, at, heights, slopes)]
    solve = lambda: Solution(
        (
            f"At {asked} the curve {runs} from left to right, so the slope is {sign} and the update moves $w_1$ {way}, "
            f"downhill. The curve is steepest at {steepest}, so the step is largest there.",
            table(["point", "$w_1$", "$E$", "$\\partial E/\\partial w_1$"], rows),
        )
    )
    text = lambda: "The picture shows the loss $E$ over one weight."
    return Content(text, parts, solve, partial(loss_curve_with_points, problem, "w1", ends, at))


# Two losses

_LOSS_REVEALS = (
    "confuses the two losses",
    "takes a bounded error for a strong push",
    "takes the slope of the other loss",
    "turns the slope upside down",
    "swaps the sign of the error",
)
_TWO = ("cross_entropy", "half_squared_error")
_FORMULAS = {1: (r"$-\ln p$", r"$\frac{1}{2}(1-p)^2$"), 0: (r"$-\ln(1-p)$", r"$\frac{1}{2}p^2$")}


def _draw_losses(rng: np.random.Generator, level: str) -> Task:
    target = 1 if level == "easy" else settled(rng, (0, 1))
    miss = float(rng.choice([0.05, 0.1, 0.2, 0.25]))  # how far the output is from the wrong end
    about = {"first": choose(rng, _TWO), "target": target, "p": miss if target else round(1 - miss, 2)}
    return Task("read-loss-functions", (), about)


def _build_losses(task: Task) -> Content:
    about = task.about
    target, p = about["target"], about["p"]
    kinds = ["binary_cross_entropy", "half_squared_error"]
    kinds = kinds if about["first"] == 0 else kinds[::-1]
    log, square = NAMES[about["first"]], NAMES[1 - about["first"]]
    formulas, end = _FORMULAS[target], "0" if target else "1"
    slopes = [slope_of(kind, p, target) for kind in ("binary_cross_entropy", "half_squared_error")]
    right = shown(slopes[0])
    wrong = {
        shown(slopes[1]): ("takes the slope of the other loss", "", f"this is the slope of {square}"),
        shown(1 / slopes[0]): ("turns the slope upside down", "", "the curve is steep here, so the slope is large"),
        shown(-slopes[0]): (
            "swaps the sign of the error",
            "",
            f"the curve {'falls' if target else 'rises'} from left to right",
        ),
    }
    parts = (
        choice(
            f"Which curve is {formulas[0]}?",
            log,
            NAMES[:2],
            {square: ("confuses the two losses", "", f"{square} ends at ½, but −ln grows without end")},
            (f"What does {formulas[0]} do when $p$ comes close to {end}?",),
        ),
        choice(
            f"Near $p = {end}$, which loss pushes the output harder?",
            log,
            NAMES[:2],
            {square: ("takes a bounded error for a strong push", "", f"near {end} the curve of {log} is far steeper")},
            ("The push is the slope of the error with respect to the output.",),
        ),
        choice(
            f"About how large is the slope of {log} at $p = {number(p)}$?",
            right,
            sorted([right, *wrong], key=lambda one: float(one.replace("−", "-"))),
            wrong,
            ("The derivative of $\\ln p$ with respect to $p$ is $1/p$.",),
            "number",
        ),
    )
    solve = lambda: Solution(
        (
            f"{log} is {formulas[0]} and {square} is {formulas[1]}. At $p = {number(p)}$ the slope of {log} is {right} "
            f"and that of {square} is {shown(slopes[1])}, so {log} pushes "
            f"{shown(abs(slopes[0] / slopes[1]))} times as hard.",
        )
    )
    text = lambda: (
        f"The target is {target}, the output is $p$. The curves are {formulas[0]} and {formulas[1]}, in some order."
    )
    return Content(text, parts, solve, partial(loss_functions, kinds, float(target)))


# The error of a difference quotient

_V_REVEALS = (
    "confuses rounding with the curve",
    "takes the smallest h for the best",
    "takes a large h for safe",
    "confuses central and one-sided quotients",
    "takes the smallest error for the largest",
)
_TIMES = {"10": False, "100": True}


def _draw_error(rng: np.random.Generator, level: str) -> Task:
    options = architectures(level)
    central = bool(settled(rng, (0, 1)))
    while True:
        network = options[choose(rng, options)]
        problem, weights = draw_problem(rng, network), list(network.weights)
        weight = weights[choose(rng, weights)]
        found = errors(problem, weight, central)
        order = [int(one) for one in rng.permutation(len(NAMES))]
        if (steps := _marked(found, 100.0 if central else 10.0)) and not problem.is_batch:
            about = {"weight": weight, "central": central, "at": [steps[place] for place in order]}
            return Task("read-error-v", (problem,), about)


def _marked(found: Errors, falls: float) -> list[float]:
    """A step on the left arm, the best and one on the right arm; none where the arms cannot be told by eye."""
    if found.best is None or found.flat or not found.falls or not 0.8 < found.falls / falls < 1.25:
        return []
    best = int(np.argmin(np.abs(STEPS - found.best)))
    left, right = best + 4 * DECADE, best - (2 if falls > 10 else 3) * DECADE - DECADE // 2
    if right < 0 or left >= len(STEPS):
        return []
    low = max(float(found.errors[best]), TINY)
    clear = min(float(found.errors[left]), float(found.errors[right])) > 100 * low
    return [float(STEPS[place]) for place in (left, best, right)] if clear else []


def _build_error(task: Task) -> Content:
    problem, weight, at = task.problem, task.about["weight"], task.about["at"]
    found = errors(problem, weight, task.about["central"])
    left, best, right = (NAMES[int(place)] for place in np.argsort(at))
    central = task.about["central"]
    times, other = ("100", "10") if central else ("10", "100")
    small = ("takes the smallest error for the largest", "", f"at {best} both errors are small")
    kind, opposite = ("central", "one-sided") if central else ("one-sided", "central")
    parts = (
        choice(
            "Where does rounding make the error large?",
            left,
            NAMES,
            {
                right: (
                    "confuses rounding with the curve",
                    "",
                    f"at {right} h is large, so the loss curve bends within h",
                ),
                best: small,
            },
            ("If h is tiny, the two losses differ in their last digits only.",),
        ),
        choice(
            "Where would you choose h?",
            best,
            NAMES,
            {
                left: ("takes the smallest h for the best", "", f"at {left} the two losses differ in too few digits"),
                right: ("takes a large h for safe", "", f"at {right} the loss curve bends within h"),
            },
            ("You want the smallest error.",),
        ),
        choice(
            f"Start at {right} and make h 10 times smaller. About how many times smaller does the error get?",
            times,
            tuple(_TIMES),
            {
                other: (
                    "confuses central and one-sided quotients",
                    "",
                    f"a {opposite} quotient does that; this curve is {'steeper' if central else 'less steep'}",
                )
            },
            ("Count powers of ten on both axes along the right arm.",),
            "number",
        ),
    )
    steps, likely = [int(np.argmin(np.abs(STEPS - one))) for one in at], expected(found)
    rows = [[name, number(one, 2), size(float(likely[step]))] for name, one, step in zip(NAMES, at, steps)]
    solve = lambda: Solution(
        (
            f"Left of {best} the error grows because the two losses differ in too few digits. Right of {best} it grows "
            f"because the loss curve bends. On the right the error falls {times} times when h falls 10 times: the "
            f"quotient is {kind}.",
            table(["point", "h", "error, about"], rows),
        )
    )
    text = lambda: "You measure a slope by nudging. The picture shows the error that you can expect for each h."
    return Content(text, parts, solve, partial(error_curve, found, at))


QUESTIONS = (
    Question("read-slope", TOPIC, "A point on the loss curve", _draw_slope, _build_slope, _SLOPE_REVEALS),
    Question("read-loss-functions", TOPIC, "Two losses", _draw_losses, _build_losses, _LOSS_REVEALS),
    Question("read-error-v", TOPIC, "How large should h be?", _draw_error, _build_error, _V_REVEALS),
)
