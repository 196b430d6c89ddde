"""Questions about what is added up: the samples of a batch, and the uses of a shared weight."""

from __future__ import annotations

import numpy as np

from bpkit.core.architecture import Architecture
from bpkit.core.blocks import Conv1d, Dense, Recurrent
from bpkit.core.derivation import derive
from bpkit.core.expressions import names_in
from bpkit.core.model import Model
from bpkit.core.network import Network
from bpkit.core.numeric import evaluate
from bpkit.core.problem import Problem
from bpkit.core.quantities import Role
from bpkit.core.spelling import number_latex
from bpkit.exercises.questions.bank.choices import (
    TOPIC,
    count,
    is_short,
    line,
    lines,
    numeric,
    one_of,
    shuffle,
)
from bpkit.exercises.questions.exercise import Content, Question, Solution
from bpkit.exercises.questions.friendly_problems import choose, draw_problem, settled
from bpkit.exercises.questions.parts import ExactPart, Wrong
from bpkit.exercises.questions.task import Task
from bpkit.exercises.questions.words import equals, in_words, maths

# Mean or sum

_MEAN, _SUM = "takes the sum instead of the mean", "takes the mean instead of the sum"
_FIRST, _LAST = "keeps only the first sample's gradient", "keeps only the last sample's gradient"
_TWICE = "divides by the number of samples twice"
_SAME_RATE, _OTHER_WAY = "keeps the learning rate", "changes the learning rate the wrong way"
_EVEN_RATES = (0.12, 0.24)
_ROWS = {"easy": (2,), "medium": (2, 4), "hard": (3, 4)}


def _draw_mean(rng: np.random.Generator, level: str) -> Task:
    """One weight on an input of 1: the derivative of each sample is the weight minus the target."""
    kind = ("mean", "sum")[settled(rng, ("mean", "sum"))]
    rows = _ROWS[level][choose(rng, _ROWS[level])]
    network = Network(1, 1, activation="identity", bias="none")
    while True:
        weight = int(rng.integers(2, 9)) / 10
        slopes = rng.permutation([-6, -4, -3, -2, -1, 1, 2, 3, 4, 5, 6, 8])[:rows] / 10
        targets = [[round(weight - slope, 2)] for slope in slopes]
        rate = float(rng.choice(_EVEN_RATES))
        problem = Problem(network, {"w1": weight}, [[1.0]] * rows, targets, rate, batch=kind)
        about = {"level": level, "asks": [], "order": shuffle(rng)}
        task = Task("mean-or-sum", (problem,), about)
        right, wrong = _of_batch(problem)
        if (
            abs(right) > 0.04
            and len({right, *(one.answer for one in wrong)}) == 1 + len(wrong)
            and all(map(is_short, (right, *(one.answer for one in wrong))))
        ):
            return task


def slope_of(problem: Problem) -> float:
    return round(float(evaluate(problem)["dE_total/dw1"]), 9)


def _of_batch(problem: Problem) -> tuple[float, list[Wrong]]:
    """The derivative of a batch, and what people compute instead from those of its samples."""
    mean, total = (slope_of(problem.replace(batch=kind)) for kind in ("mean", "sum"))
    each = [slope_of(problem.sample(row)) for row in range(problem.n_samples)]
    other = {
        "mean": Wrong(_MEAN, "this loss is a mean, so divide by the number of samples", total),
        "sum": Wrong(_SUM, "this loss is a sum, so do not divide", mean),
    }[problem.batch]
    wrong = [
        other,
        Wrong(_FIRST, "every sample has a part in the loss of the batch", each[0]),
        Wrong(_LAST, "every sample has a part in the loss of the batch", each[-1]),
    ]
    if problem.batch == "mean":
        wrong.append(Wrong(_TWICE, "a mean divides the sum once", round(mean / problem.n_samples, 9)))
    return slope_of(problem), wrong


_CHANGE = {1: "it stays the same", 2: "it doubles", 0.5: "it halves"}


def _build_mean(task: Task) -> Content:
    problem, order = task.problem, task.about["order"]
    rows, kind, name = problem.n_samples, problem.batch, maths(problem, "dE_total/dw1")
    each = [slope_of(problem.sample(row)) for row in range(rows)]
    right, wrong = _of_batch(problem)
    spelled, known = numeric(right, wrong)
    hint = f"The derivative of a {kind} is the {kind} of the derivatives."
    parts = [one_of(f"What is {name} of the batch?", spelled, known, order, "number", (hint,))]
    twice = problem.replace(inputs=np.tile(problem.inputs, (2, 1)), targets=np.tile(problem.targets, (2, 1)))
    factor = round(slope_of(twice) / right, 6)
    slips = {1: _SUM, 2: _MEAN, 0.5: _TWICE}
    why = {
        "mean": "there are twice as many terms, and the mean divides by twice as many",
        "sum": "there are twice as many terms, and nothing divides the sum",
    }[kind]
    parts.append(
        one_of(
            f"Each sample is put into the batch a second time. What happens to {name}?",
            _CHANGE[factor],
            [Wrong(slips[other], why, said) for other, said in _CHANGE.items() if other != factor],
            order[1:] + order[:1],
            hints=("Write down the batch with each derivative twice.",),
        )
    )
    new = {"mean": "sum", "sum": "mean"}[kind]
    rate = problem.learning_rate
    fitting = rate * right / slope_of(problem.replace(batch=new))
    if task.about["level"] == "hard":
        same = Wrong(_SAME_RATE, f"the derivative is {rows} times as {'large' if kind == 'mean' else 'small'}", rate)
        wrong_way = Wrong(_OTHER_WAY, "learning rate times derivative is to stay the same", rate * rate / fitting)
        ask = f"The loss is now the {new} instead of the {kind}. Which learning rate gives the same update as before?"
        spelled, known = numeric(fitting, (same, wrong_way))
        parts.append(one_of(ask, spelled, known, order, "number", ("By which factor does the derivative change?",)))
    of = in_words([f"${number_latex(slope)}$" for slope in each])
    asked = (
        f"A batch has {rows} samples. The derivatives of their own errors with respect to {maths(problem, 'w1')} are "
        f"{of}. The loss of the batch is the **{kind}** of the errors."
        + (f" The learning rate is {equals(problem, 'learning_rate', rate)}." if len(parts) > 2 else "")
    )

    def solve() -> Solution:
        terms = " + ".join(f"({number_latex(slope)})" if slope < 0 else number_latex(slope) for slope in each)
        whole = f"({terms}) / {rows}" if kind == "mean" else terms
        said = [f"{name} $= {whole} = {number_latex(right)}$.", f"With each sample twice {_CHANGE[factor]}: {why}."]
        if len(parts) > 2:
            said.append(f"The same update needs the learning rate $\\eta = {number_latex(fitting)}$.")
        return Solution(tuple(said))

    return Content(lambda: asked, tuple(parts), solve, drawn=False)


# In how many places a weight works

_ONE_USE, _MEAN_USE = "counts one use of a shared weight only", "takes the mean over the uses of a shared weight"
_KERNEL, _INPUTS = "counts the weights of the kernel", "counts the inputs"
_ONE_FEWER, _PER_USE = "leaves out one of the steps", "counts a weight for each use"
_LARGEST = "takes the largest use for all"


def _draw_uses(rng: np.random.Generator, level: str) -> Task:
    convolves = ("kernel", "steps")[settled(rng, ("kernel", "steps"))] == "kernel"
    size, length = int(rng.integers(2, 4)), int(rng.integers(4, 7))
    if convolves:
        model, weight = Model((length,), Conv1d(size, "tanh"), Dense(1)), f"k1_{1 + int(rng.integers(size))}"
    else:
        steps = int(rng.integers(2, 6))
        model, weight = Model((steps, 1), Recurrent(1), Dense(1)), "Wx1_1_1"
    about = {"weight": weight, "level": level, "order": shuffle(rng)}
    return Task("count-uses", (draw_problem(rng, model),), about)


def _uses(problem: Problem, weight: str) -> list[str]:
    """The lines of the forward pass that use a weight."""
    forward = (step for step in derive(problem) if step.role is Role.FORWARD)
    return [step.name for step in forward if weight in names_in(step.rhs)]


def _terms(problem: Problem, weight: str) -> dict[str, float]:
    """What people may compute from the contributions of all uses, in words, with its number."""
    values = evaluate(problem)
    each = [values[f"dE_total/d{use}"] * values[f"d{use}/d{weight}"] for use in _uses(problem, weight)]
    return {
        "their sum": sum(each),
        "their mean": sum(each) / len(each),
        "the last one": each[-1],
        "the largest one": max(each, key=abs),
    }


def _build_uses(task: Task) -> Content:
    problem, weight, level = task.problem, task.about["weight"], task.about["level"]
    model, order, derivation = problem.network, task.about["order"], derive(problem)
    uses = _uses(problem, weight)
    steps, kernel = model.input_shape[0], weight.startswith("k")
    size = sum(name.startswith("k1") for name in model.parameters)
    slips = [Wrong(_ONE_USE, "the same weight works in several places", 1)]
    if kernel:
        slips.append(Wrong(_KERNEL, "that is how many weights the kernel has, not where this one works", size))
        slips.append(Wrong(_INPUTS, "the kernel has fewer places than there are inputs", steps))
        told = (
            f"A kernel of {size} weights moves along {steps} inputs, one place at a time and never beyond the ends. "
            "One more neuron, of its own weights, follows."
        )
    else:
        slips.append(Wrong(_ONE_FEWER, "each step reads an input with this weight, the first one too", steps - 1))
        told = (
            f"A recurrent neuron reads a sequence of {steps} steps, one input at each step. One more neuron, of its "
            "own weights, follows after the last step."
        )
    hint = (
        "Write down the places of the kernel, one after the other."
        if kernel
        else "Write down the net input of each step."
    )
    name, slope = maths(problem, weight), maths(problem, f"dE_total/d{weight}")
    asks = f"In how many net inputs does {name} appear?"
    parts = [count(asks, len(uses), slips, (hint,))]
    terms = _terms(problem, weight)
    right = next(said for said, value in terms.items() if abs(value - evaluate(problem)[f"dE_total/d{weight}"]) < 1e-12)
    adds = "the loss depends on the weight through every use, so all contributions add up"
    labels = {"their mean": _MEAN_USE, "the last one": _ONE_USE, "the largest one": _LARGEST}
    parts.append(
        one_of(
            f"Each use contributes a term. What is {slope}?",
            right,
            [Wrong(labels[said], adds, said) for said in terms if said != right],
            order,
            hints=("What does the chain rule do when several paths lead to the loss?",),
        )
    )
    if level != "easy":
        parts.append(_weights_part(model, kernel, len(uses), size))
    first = derivation[uses[0]]
    index = "the layer and the place" if kernel else "the layer, the step and the neuron"
    asked = f"{told} The first net input is {line(first, derivation.quantities)}, and its indices are {index}."

    def solve() -> Solution:
        whole = lines(derivation, [derivation[f"dE_total/d{weight}"]])
        said = f"{name} appears in {in_words([maths(problem, use) for use in uses])}, {len(uses)} net inputs in all."
        return Solution((said, "Each of them is a term of the derivative:", whole))

    return Content(lambda: asked, tuple(parts), solve)


def _weights_part(model: Architecture, kernel: bool, uses: int, size: int) -> ExactPart:
    """How many weights the layer has, however often they are used."""
    shared = [name for name, one in model.lines.parameters.items() if one.block == 1 and one.tag != "bias"]
    what = "kernel" if kernel else "recurrent neuron"
    per_use = Wrong(_PER_USE, "a shared weight is one number, however often it is used", len(shared) * uses)
    asks = f"How many weights does the {what} have to learn, without its bias?"
    return count(asks, len(shared), (per_use,), ("How many different numbers are there to learn?",))


QUESTIONS = (
    Question(
        "mean-or-sum",
        TOPIC,
        "Mean or sum?",
        _draw_mean,
        _build_mean,
        (_MEAN, _SUM, _FIRST, _LAST, _TWICE, _SAME_RATE, _OTHER_WAY),
    ),
    Question(
        "count-uses",
        TOPIC,
        "In how many places?",
        _draw_uses,
        _build_uses,
        (_ONE_USE, _MEAN_USE, _KERNEL, _INPUTS, _ONE_FEWER, _LARGEST, _PER_USE),
    ),
)
