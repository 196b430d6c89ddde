"""Questions that are answered by looking: three activations, three runs of training, shares of attention."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache, partial
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from bpkit.core.blocks import Attention
from bpkit.core.functions import activation
from bpkit.core.model import Model
from bpkit.core.network import Network
from bpkit.core.numeric import evaluate
from bpkit.core.problem import Problem
from bpkit.core.spelling import number
from bpkit.core.train import train
from bpkit.exercises.questions.bank.looking import TOPIC, Named, choice, short, shown
from bpkit.exercises.questions.exercise import Content, Question, Solution
from bpkit.exercises.questions.friendly_problems import choose, draw_problem, settled
from bpkit.exercises.questions.task import Task
from bpkit.exercises.questions.words import in_words, table
from bpkit.show.activations_picture import profile
from bpkit.show.chart import NAMES
from bpkit.show.question_panels import share_table
from bpkit.show.question_pictures import activation_panels, runs_of

Array = NDArray[np.float64]

# Activations

_KINDS = ("sigmoid", "tanh", "relu", "softplus", "identity")
_SPELLED = {"sigmoid": "the sigmoid", "relu": "ReLU", "identity": "the identity"}
_WHERE = {
    (True, False): "on the left",
    (False, True): "on the right",
    (True, True): "at both ends",
    (False, False): "nowhere",
}
_TELLS = {
    "sigmoid": "the outputs of the sigmoid are between 0 and 1, and ½ at net = 0",
    "tanh": "the outputs of tanh are between −1 and 1, and 0 at net = 0",
    "relu": "ReLU is 0 up to net = 0 and rises in a straight line from there",
    "softplus": "softplus is round at net = 0, and its output there is 0.69",
    "identity": "the identity is one straight line",
}
FLAT = 0.1  # a slope that looks like none
_TAKEN = ("confuses the sigmoid with tanh", "takes another activation for the one asked")


def _spelled(kind: str) -> str:
    return _SPELLED.get(kind, kind)


def _draw_activation(rng: np.random.Generator, level: str) -> Task:
    known = _KINDS[:3] if level == "easy" else _KINDS
    kinds = [str(one) for one in rng.permutation(np.array(known))[:3]]
    about = {"kinds": kinds, "asked": choose(rng, NAMES), "curve": choose(rng, NAMES)}
    return Task("read-activation", (), about)


def _flat_ends(kind: str) -> tuple[bool, bool]:
    """Is the slope of an activation near 0 on the left, and on the right?"""
    left, right = np.abs(profile(activation(kind), [-4.0, 4.0]).slope) < FLAT
    return bool(left), bool(right)


def _build_activation(task: Task) -> Content:
    kinds, about = task.about["kinds"], task.about
    asked, right = kinds[about["asked"]], NAMES[about["asked"]]
    curve, kind = NAMES[about["curve"]], kinds[about["curve"]]
    flat = _flat_ends(kind)
    taken = {
        name: (_TAKEN[{one, asked} != {"sigmoid", "tanh"}], "", f"{name} is {_spelled(one)}, and {_TELLS[asked]}")
        for name, one in zip(NAMES, kinds)
    }
    where = {said: _wrong_end(flat, ends, curve) for ends, said in _WHERE.items() if ends != flat}
    parts = (
        choice(
            f"Which curve is {_spelled(asked)}?",
            right,
            NAMES,
            taken,
            (f"Look at net = 0 and at the ends: {_TELLS[asked]}.",),
        ),
        choice(
            f"Where is curve {curve} nearly flat?",
            _WHERE[flat],
            tuple(_WHERE.values()),
            where,
            ("The slope is near 0 where the curve is flat, however high it is there.",),
        ),
    )
    ends = [float(one) for one in profile(activation(kind), [-4.0, 4.0]).slope]
    named = in_words([f"{name} is {_spelled(one)}" for name, one in zip(NAMES, kinds)])
    solve = lambda: Solution(
        (
            f"{named}, because {_TELLS[asked]}.",
            f"The slope of {curve} is {shown(ends[0])} at net = −4 and {shown(ends[1])} at net = 4: it is near 0 "
            f"{_WHERE[flat]}.",
        )
    )
    text = lambda: "The picture shows three activations: out over net."
    return Content(text, parts, solve, partial(activation_panels, kinds))


def _wrong_end(flat: tuple[bool, bool], said: tuple[bool, bool], curve: str) -> Named:
    sides = ("left", "right")
    missed = [side for side, is_flat, named in zip(sides, flat, said) if is_flat and not named]
    found = [side for side, is_flat, named in zip(sides, flat, said) if is_flat and named]
    if missed and found:
        return (
            "overlooks a flat end",
            "",
            f"{curve} is nearly flat on the {found[0]}, but it also is on the {missed[0]}",
        )
    if missed:
        return "overlooks a flat end", "", f"look at {curve} far away from net = 0, where it hardly rises any more"
    steep = next(side for side, is_flat, named in zip(sides, flat, said) if named and not is_flat)
    return "takes a steep end for a flat one", "", f"{curve} still rises on the {steep}"


# Runs

_STEPS = 24
WORTH = 0.01  # a loss that there is something to learn from
# Of 1 over the curvature of this loss, with which one update would lead to the minimum.
_SHARES = ((0.003, 0.005, 0.007), (0.06, 0.08, 0.1))
_LAST = {False: (0.4, 0.5, 0.7), True: (2.05, 2.06, 2.07, 2.08)}
_NONE = "none of them"
_FAST = ("takes the fastest fall for the largest learning rate", "", "with a still larger one the loss grows instead")
_SLOW = ("takes a slow run for a large learning rate", "", "small steps make the loss fall slowly")
_WILD = ("takes a rising loss for a small learning rate", "", "the loss grows where the steps jump over the minimum")
_QUICK = ("takes a fast fall for a small learning rate", "", "small steps make the loss fall slowly")
_FINE = ("takes a fast fall for too large steps", "", "this loss falls in every update")
_MISSED = ("overlooks a learning rate that is too large", "", "one of the losses grows")


def _draw_runs(rng: np.random.Generator, level: str) -> Task:
    inputs = {"easy": 1, "medium": 2, "hard": 3}[level]
    network, fails = Network(inputs, 1, activation="identity", bias="neuron"), settled(rng, (0, 1, 2)) > 0
    while True:
        problem = draw_problem(rng, network)
        curved = 1 + float(problem.inputs @ problem.inputs)
        rates = [short(float(rng.choice(np.array(some))) / curved) for some in (*_SHARES, _LAST[fails])]
        order = [int(one) for one in rng.permutation(len(rates))]
        if _clear_runs([_run(problem, rate) for rate in rates], fails):
            return Task("read-losses", (problem,), {"rates": [rates[place] for place in order]})


def _run(problem: Problem, rate: float) -> Array:
    return train(problem.replace(learning_rate=rate), _STEPS).loss


def _clear_runs(losses: Sequence[Array], fails: bool) -> bool:
    """Does each run fall far faster than the one before, and does the last one grow where it should?"""
    if min(map(len, losses)) <= _STEPS or losses[0][0] < WORTH:
        return False
    slow, good, last = (loss / loss[0] for loss in losses)
    early = _STEPS // 6
    if not (
        0.6 < slow[-1] < 0.92 and 0.3 < good[early] < 0.75 and good[-1] < 0.15 and slow[early] > good[early] + 0.15
    ):
        return False
    if not fails:
        return bool(last[early] < 0.1 and (np.diff(last) < 1e-9).all())
    # It leaves the picture soon, and not at once.
    return bool(
        last[1] < 1.25 and last[2] < 1.5 and last[_STEPS // 2 :].min() > 1.6 and (np.diff(last[:early]) > 0).all()
    )


def _build_runs(task: Task) -> Content:
    problem, rates = task.problem, task.about["rates"]
    losses = [_run(problem, rate) for rate in rates]
    names = [NAMES[place] for place in np.argsort(rates)]
    slow, good, large = names
    grows = bool(losses[NAMES.index(large)].max() > losses[0][0])
    too_large = large if grows else _NONE
    parts = (
        choice(
            "Which run had the largest learning rate?",
            large,
            NAMES,
            {slow: _SLOW, good: _FAST if grows else _SLOW},
            (
                "Look at the first updates: with larger steps the loss changes faster.",
                "It can also change for the worse.",
            ),
        ),
        choice(
            "Which run had the smallest?",
            slow,
            NAMES,
            {good: _QUICK, large: _WILD if grows else _QUICK},
            ("With small steps the loss changes little from update to update.",),
        ),
        choice(
            "For which run was the learning rate too large?",
            too_large,
            (*NAMES, _NONE),
            {slow: _SLOW, good: _FINE, large: _FINE, _NONE: _MISSED},
            ("Compare where each curve begins with where it ends.",),
        ),
    )
    ends = [f"after {_STEPS} updates it is {shown(loss[-1])}" for loss in losses]
    rows = [[name, number(rate), shown(loss[0]), end] for name, rate, loss, end in zip(NAMES, rates, losses, ends)]
    last = f"In {large} it is too large: the loss grows." if grows else "None is too large: every loss falls."
    solve = lambda: Solution(
        (
            f"{slow} has the smallest learning rate and {large} the largest. {last}",
            table(["run", "learning rate", "$E$ at the start", "later"], rows),
        )
    )
    text = lambda: "The same network was trained three times from the same start. Only the learning rate differs."
    return Content(text, parts, solve, partial(runs_of, losses))


# Attention

_SHARE_REVEALS = (
    "takes the softmax over the wrong axis",
    "overlooks the largest share",
    "adds up the shares that are there",
    "shares equally",
)
_TOKENS = ("the", "red", "tomato", "ripens")


@lru_cache(maxsize=1)  # drawn from again and again
def _attention() -> Model:
    return Model((3, 2), Attention(2))


def _draw_shares(rng: np.random.Generator, level: str) -> Task:
    model = _attention()
    while True:
        problem = draw_problem(rng, model)
        wide = {name: short(1.6 * value) for name, value in problem.parameters.items()}
        problem = Problem(model, wide, rng.integers(-15, 26, (3, 2)) / 10, problem.targets, problem.learning_rate)
        asked, row = (int(one) for one in rng.choice(3, 2, replace=False))
        about = {"asked": asked, "hidden": [row, int(rng.integers(3))], "from": int(rng.integers(2))}
        task = Task("read-shares", (problem,), about)
        if _clear_shares(task):
            return task


def _shares(problem: Problem) -> Array:
    """The shares in hundredths, so rounded that each row still adds up to 1: a row for each token that looks."""
    values = evaluate(problem)
    exact = 100 * np.array([[float(values[f"share_o{i}_{j}"]) for j in (1, 2, 3)] for i in (1, 2, 3)])
    found: Array = np.floor(exact)
    for row, rest in enumerate(exact - found):
        found[row, np.argsort(-rest)[: round(float(rest.sum()))]] += 1
    found /= 100
    return found


def _missing(shares: Array, row: int, column: int) -> tuple[float, float, float]:
    """What is missing in the row, and what it would be from the column, and the sum of the others."""
    line, down = (float(one.sum() - shares[row, column]) for one in (shares[row], shares[:, column]))
    return round(1 - line, 2), round(1 - down, 2), round(line, 2)


def _clear_shares(task: Task) -> bool:
    """Is a row's largest share plain to see, is the hidden one nowhere else, and do wrong readings lead elsewhere?"""
    shares, asked, (row, column) = _shares(task.problem), task.about["asked"], task.about["hidden"]
    own, down = np.sort(shares[asked])[::-1], np.sort(np.delete(shares[:, asked], row if asked == column else []))[::-1]
    answers = [*_missing(shares, row, column), 0.33]
    apart = all(abs(one - other) > 0.04 for one, other in combinations(answers, 2))
    looks = own[0] - own[1] > 0.12 and len(down) > 1 and np.sum(shares == shares[row, column]) == 1
    return bool(apart and looks and 0.05 < answers[1] < 1 and answers[0] > 0.04)


def _build_shares(task: Task) -> Content:
    shares, asked, (row, column) = _shares(task.problem), task.about["asked"], task.about["hidden"]
    tokens = _TOKENS[task.about["from"] :][:3]
    most = tokens[int(shares[asked].argmax())]
    known = np.where(np.arange(3) == row, -1.0, shares[:, asked]) if column == asked else shares[:, asked]
    down = tokens[int(known.argmax())]
    largest = f"in the row of “{tokens[asked]}” the share of “{most}” is larger"
    axis = "takes the softmax over the wrong axis"
    where = {
        one: (axis, "read down the column", "a row says whom its token looks at")
        if one == down
        else (_SHARE_REVEALS[1], "", largest)
        for one in tokens
    }
    right, by_column, rest = (f"{one:.2f}" for one in _missing(shares, row, column))
    sums = {
        by_column: (axis, "make the column add up to 1", "the shares of a row add up to 1"),
        rest: (_SHARE_REVEALS[2], "add up the other shares of the row", "the missing share is what is left of 1"),
        "0.33": (_SHARE_REVEALS[3], "give each token the same share", "the other shares of this row are printed"),
    }
    parts = (
        choice(f"Which token does “{tokens[asked]}” look at most?", most, tokens, where, ("Read along its row.",)),
        choice(
            "Which share is hidden behind the question mark?",
            right,
            sorted([right, *sums], key=float),
            sums,
            ("What do the shares of one token add up to?",),
            "number",
        ),
    )
    solve = lambda: Solution(
        (
            f"A row is the softmax of the scores of one token, so it adds up to 1. “{tokens[asked]}” looks most at "
            f"“{most}”. The hidden share is 1 − {rest} = {right}.",
        )
    )
    text = lambda: "The picture shows the attention shares of three tokens. Each row is one token."
    return Content(text, parts, solve, partial(share_table, tokens, shares, (row, column)))


QUESTIONS = (
    Question(
        "read-activation",
        TOPIC,
        "Three activations",
        _draw_activation,
        _build_activation,
        ("overlooks a flat end", "takes a steep end for a flat one", *_TAKEN),
    ),
    Question(
        "read-losses",
        TOPIC,
        "Three learning rates",
        _draw_runs,
        _build_runs,
        tuple(name for name, *_ in (_FAST, _SLOW, _WILD, _QUICK, _FINE, _MISSED)),
    ),
    Question("read-shares", TOPIC, "Who looks at whom?", _draw_shares, _build_shares, _SHARE_REVEALS),
)
