"""Questions about updates and data: which learning rate fails, and what the mean over a batch is."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np

from bpkit.core.derivation import derive
from bpkit.core.network import Network
from bpkit.core.numeric import evaluate
from bpkit.core.problem import Problem
from bpkit.core.quantities import Role
from bpkit.exercises.questions.bank.quantity_questions import DIGITS, OUTPUT, number_part, worked
from bpkit.exercises.questions.card_pictures import beside
from bpkit.exercises.questions.exercise import Content, Question, Solution
from bpkit.exercises.questions.friendly_problems import choose, draw_problem
from bpkit.exercises.questions.parts import ExactPart, NumberPart, Wrong
from bpkit.exercises.questions.proof import prove, prove_after
from bpkit.exercises.questions.slips import differs, told, wrong_columns
from bpkit.exercises.questions.task import Task
from bpkit.exercises.questions.words import equals, givens, in_words, maths
from bpkit.mistakes.hand_rounding import Paper, half_unit, slack
from bpkit.mistakes.question import question

_RATES = (0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 3.0, 4.0)
MOVES = "An update changes every weight, and the bias as well."
_RATE_SLIPS = ("adds the gradient", "forgets the learning rate", "doubles the gradient")


def after(problem: Problem, rate: float) -> float:
    """The loss after one update with a learning rate.

    >>> import bpkit as bp
    >>> round(after(bp.examples.article.problem, 0.5), 6)
    0.225433
    """
    return float(evaluate(problem.replace(learning_rate=rate).updated())["E_total"])


def failing(problem: Problem, rates: list[float]) -> list[float]:
    """The rates of a list with which the loss grows.

    >>> one = Problem(Network(1, 1, activation="identity", bias="none"), {"w1": 1}, [1], [0])
    >>> failing(one, [0.5, 1.0, 3.0])
    [3.0]
    """
    before = evaluate(problem)["E_total"]
    return [rate for rate in rates if after(problem, rate) > before]


def _draw_rates(rng: np.random.Generator, level: str) -> Task:
    network = Network({"easy": 1, "medium": 2, "hard": 3}[level], 1, activation="identity")
    while True:
        problem = draw_problem(rng, network, learning_rate=0.1)
        rates = [float(rate) for rate in np.sort(rng.choice(_RATES, 3, replace=False))]
        if failing(problem, rates) == rates[-1:]:
            return Task("learning-rate", (problem,), {"rates": rates})


def _after_wrongly(problem: Problem) -> tuple[Wrong, ...]:
    """The loss after an update that was made with a misconception."""
    columns, found = wrong_columns(problem), []
    right = evaluate(problem.updated())["E_total"]
    for place, mistake in enumerate(told(problem.derivation)):
        if mistake.name in _RATE_SLIPS:
            new = {name: columns[f"{name}_new"][place] for name in problem.network.parameters}
            value = evaluate(problem.replace(**new))["E_total"]
            if differs(value, right):
                found.append(replace(mistake, answer=value))
    before = evaluate(problem)["E_total"]
    found.append(Wrong("keeps the old value", "compute the loss again, with the new weights", before))
    return tuple(found)


def rounding(problem: Problem, quantity: str, right: float, digits: int = DIGITS) -> float:
    """How far a quantity is off when every line is rounded on paper: of an update and after it, of every sample."""
    return slack(question(problem, quantity), Paper(digits, significant=True)) + half_unit(right, digits)


def _build_rates(task: Task) -> Content:
    problem, rates = task.problem, task.about["rates"]
    parts: list[NumberPart | ExactPart] = []
    for rate in rates[:2]:
        tried = problem.replace(learning_rate=rate)
        new = tried.updated()
        by = equals(problem, "learning_rate", rate)
        ask = f"{maths(problem, 'E_total')} after one update with {by}, to {DIGITS} significant digits"
        right = evaluate(new)["E_total"]
        parts.append(
            NumberPart(
                ask,
                right,
                DIGITS,
                partial(rounding, tried, "E_total after 1 update", right),
                "E_total after 1 update",
                tried,
                partial(prove_after, tried),
                own=True,
                known=partial(_after_wrongly, tried),
                hints=(
                    "First compute one update: every weight and bias minus the learning rate times its derivative.",
                    "Then compute the loss again, with the new weight and bias and the same inputs and target.",
                ),
            )
        )
    options = tuple(f"{rate:g}" for rate in rates)
    ask = f"For which of the learning rates {in_words(options)} does the loss increase?"
    tiny = Wrong(
        "takes the smallest rate for the failing one", "small steps are slow, large ones overshoot", options[0]
    )
    hints = ("Compute the loss before the update, and compare it with the loss after it.", "Long steps overshoot.")
    parts.append(ExactPart(ask, f"{failing(problem, rates)[0]:g}", "number", options, known=(tiny,), hints=hints))
    text = lambda: f"{givens(problem)} {MOVES} Other learning rates are tried below."
    updates = [f"{name}_new" for name in problem.network.parameters]
    each = [problem.replace(learning_rate=rate) for rate in rates]

    def solve() -> Solution:
        pieces = []
        for one in each:
            loss = derive(problem.network).toward("E_total").at(one.updated())
            pieces += [f"With {equals(one, 'learning_rate', one.learning_rate)}:", *worked(one, updates).pieces, loss]
        return Solution(tuple(pieces))

    # The learning rates are those of the parts.
    asks = ["E_total", *(f"dE_total/d{name}" for name in problem.network.parameters)]
    return Content(text, tuple(parts), solve, *beside(problem, asks, MOVES, lit=()))


def batch_slips(problem: Problem, quantity: str) -> tuple[Wrong, ...]:
    """The wrong values of a quantity of a batch: those of a single sample, and the sum and the mean mixed up.

    >>> one = Problem(Network(1, 1, activation="identity", bias="none"), {"w1": 1}, [[1], [3]], [[0], [0]])
    >>> [(wrong.name, wrong.answer) for wrong in batch_slips(one, "E_total")]
    [('takes the sum instead of the mean', 5.0), ('takes one sample for all', 0.5), ('takes one sample for all', 4.5)]
    """
    if problem.derivation[quantity].role is Role.UPDATE:
        return ()  # the detective knows them
    each = [evaluate(problem.sample(row))[quantity] for row in range(problem.n_samples)]
    if problem.batch == "sum":
        other = "takes the mean instead of the sum", "the loss of this batch is the sum over its samples"
        found = [Wrong(*other, sum(each) / len(each))]
    else:
        other = "takes the sum instead of the mean", "the loss of a batch is the mean over its samples"
        found = [Wrong(*other, sum(each))]
    found += [Wrong("takes one sample for all", f"this is sample {i} alone", one) for i, one in enumerate(each, 1)]
    right = evaluate(problem)[quantity]
    return tuple(one for one in found if differs(one.answer, right))


def _draw_batch(rng: np.random.Generator, level: str) -> Task:
    shapes = {"easy": ((1, 1), (2, 1)), "medium": ((2, 1), (1, 1, 1)), "hard": ((2, 1, 1), (2, 2, 1))}[level]
    network = Network(*shapes[choose(rng, shapes)])
    problem = draw_problem(rng, network, samples=3 if level == "hard" else 2)
    return Task("batch-mean", (problem,), {"weight": "w1"})


def _build_batch(task: Task) -> Content:
    problem, quantity = task.problem, f"dE_total/d{task.about['weight']}"
    samples = [problem.sample(row) for row in range(len(problem.inputs))]
    right = evaluate(problem)[quantity]
    parts = [number_part(sample, quantity, OUTPUT, f" of sample {i} alone") for i, sample in enumerate(samples, 1)]
    parts.append(
        NumberPart(
            f"{maths(problem, quantity)} of the batch, to {DIGITS} significant digits",
            right,
            DIGITS,
            partial(rounding, problem, quantity, right),
            quantity,
            problem,
            partial(prove, problem, quantity),
            own=True,
            known=partial(batch_slips, problem, quantity),
            hints=("The loss of the batch is the mean of the losses. What is then its derivative?",),
        )
    )
    mean = "The loss of the batch is the mean over its samples."
    text = lambda: f"{givens(problem)} {mean} Compute:"

    def solve() -> Solution:
        lines = [piece for sample in samples for piece in worked(sample, [quantity]).pieces]
        return Solution((*lines, f"The mean over the samples is {equals(problem, quantity, right)}."))

    return Content(text, tuple(parts), solve, *beside(problem, [quantity], mean))


QUESTIONS = (
    Question(
        "learning-rate",
        "updates",
        "Learning rates",
        _draw_rates,
        _build_rates,
        (*_RATE_SLIPS, "keeps the old value", "takes the smallest rate for the failing one"),
    ),
    Question(
        "batch-mean",
        "matrices and data",
        "A batch and its mean",
        _draw_batch,
        _build_batch,
        ("takes the sum instead of the mean", "takes one sample for all", *OUTPUT[:3]),
    ),
)
