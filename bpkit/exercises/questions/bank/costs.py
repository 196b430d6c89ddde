"""Questions about what training takes: runs for all derivatives, and how far a first step goes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from bpkit.core.chain_rule import Step
from bpkit.core.expressions import MINUS, names_in
from bpkit.core.network import Network
from bpkit.core.numeric import evaluate
from bpkit.core.problem import Problem
from bpkit.core.quantities import Role
from bpkit.core.spelling import bracketed, expr_latex, number, number_latex
from bpkit.core.updates import Adam, GradientDescent, Momentum, RMSProp, UpdateRule
from bpkit.exercises.questions.bank.choices import (
    TOPIC,
    count,
    is_short,
    numeric,
    one_of,
    shuffle,
)
from bpkit.exercises.questions.bank.sums import slope_of
from bpkit.exercises.questions.card_pictures import pictured
from bpkit.exercises.questions.exercise import Content, Question, Solution
from bpkit.exercises.questions.friendly_problems import RATES, choose, draw_problem, settled
from bpkit.exercises.questions.parts import ExactPart, Wrong
from bpkit.exercises.questions.slips import wrong_answers
from bpkit.exercises.questions.task import Task
from bpkit.exercises.questions.words import equals, maths, update_lines
from bpkit.mistakes.rewrite import omitting, without

# What derivatives cost

_SIZED: Mapping[str, tuple[tuple[int, ...], ...]] = {
    "easy": ((2, 2, 1), (1, 3, 1), (3, 2, 1), (2, 2, 2), (2, 3, 1), (3, 2, 2)),
    "medium": ((2, 3, 2), (3, 2, 2), (2, 2, 2)),
    "hard": ((2, 3, 2), (3, 3, 2), (2, 2, 2, 1)),
}
_TIMES = (3, 5, 10)
_ONE_WAY, _BOTH_WAYS = "nudges in one direction only", "nudges in both directions"
_BASE, _NO_BIAS = "forgets the run without a nudge", "forgets the biases"
_EACH_BACK, _EACH_FORWARD = "goes back once for each weight", "runs forward once for each weight"
_NO_FORWARD = "forgets the forward pass"
_WEIGHTS_ONCE, _BASE_TOO = "counts each weight once and no bias", "adds a run without a nudge"
_ONE_FOR_ALL = "takes one nudge for all derivatives"
_SAME_RUN, _SAME_GROWTH = "forgets that each run takes longer too", "lets backpropagation grow like nudging"
_ADDS = "adds the two factors"
_FREE = "takes backpropagation to cost the same whatever the size"
_PASSES = "one forward and one backward pass"


def _draw_costs(rng: np.random.Generator, level: str) -> Task:
    sizes = _SIZED[level][choose(rng, _SIZED[level])]
    about = {"level": level, "times": _TIMES[choose(rng, _TIMES)], "order": shuffle(rng)}
    problem = draw_problem(rng, Network(*sizes, bias="neuron"))
    return Task("what-costs", (problem,), about)


def _build_costs(task: Task) -> Content:
    network, level, times, order = task.network, task.about["level"], task.about["times"], task.about["order"]
    every, weights = len(network.parameters), len(network.weights)
    both = level != "hard"
    right = 2 * every if both else every + 1
    slips = [
        Wrong(_ONE_WAY, "up and down takes two runs for each of them", every)
        if both
        else Wrong(_BASE, "each difference also needs the loss without a nudge, which is one run more", every),
        Wrong(_NO_BIAS, "a bias is nudged as well", 2 * weights if both else weights + 1),
        Wrong(_BOTH_WAYS, "here each of them is nudged up only", 2 * every),
        Wrong(
            _WEIGHTS_ONCE,
            f"a bias is nudged as well, and {'up and down takes two runs' if both else 'the first loss takes a run'}",
            weights,
        ),
        Wrong(_BASE_TOO, "up and down needs two losses, and the one in the middle is not used", 2 * every + 1),
        Wrong(_BASE, "each difference also needs the loss without a nudge, which is one run more", every),
        Wrong(_ONE_FOR_ALL, "a nudge gives a single derivative, so each weight and bias needs its own", 2),
        Wrong(_ONE_FOR_ALL, "a nudge gives a single derivative, so each weight and bias needs its own", 1),
    ]
    how = "up and down" if both else "up"
    nudging = count(
        f"How many forward passes do all derivatives cost by nudging, when each weight and bias is nudged {how} once?",
        right,
        slips,
        ("Count the weights and the biases first.", f"Which losses does one difference need, if you nudge {how}?"),
    )
    passes = one_of(
        "And by backpropagation?",
        _PASSES,
        (
            Wrong(_EACH_BACK, "one backward pass gives all derivatives at once", "one backward pass for each weight"),
            Wrong(
                _EACH_FORWARD,
                "forward passes alone give no derivative without a nudge",
                "one forward pass for each weight",
            ),
            Wrong(_NO_FORWARD, "the derivatives contain the outputs of the forward pass", "one backward pass alone"),
        ),
        order,
        hints=("How many derivatives does one backward pass give, and which numbers must be known before it?",),
    )
    # Every pass costs in proportion to the weights; by nudging the number of passes grows as well.
    grown = [
        one_of(
            f"The network gets {times} times as many weights, and each pass then takes {times} times as long. "
            "How many times as long does nudging take?",
            str(times * times),
            (
                Wrong(_SAME_RUN, f"there are {times} times as many runs, and each of them takes longer", str(times)),
                Wrong(_ADDS, "more runs and longer runs multiply", str(2 * times)),
            ),
            order,
            "whole",
            ("How many runs are there now, and how long does each take?",),
        ),
        one_of(
            "And backpropagation?",
            str(times),
            (
                Wrong(_SAME_GROWTH, "the number of passes stays the same", str(times * times)),
                Wrong(_FREE, "the passes stay as many, but each of them takes longer", "1"),
            ),
            order,
            "whole",
            ("How many passes are there now, and how long does each take?",),
        ),
    ]
    parts = {"easy": (nudging, passes), "medium": (nudging, grown[0]), "hard": (nudging, *grown)}[level]
    shape = "-".join(map(str, network.sizes))
    asked = f"A {shape} network has a bias for each hidden neuron and each output."

    def solve() -> Solution:
        runs = f"{every} · 2 = {right}" if both else f"{every} + 1 = {right}"
        said = (
            f"There are {weights} weights and {every - weights} biases, {every} in all. Nudging takes {runs} forward "
            f"passes, backpropagation {_PASSES}, whatever the size."
        )
        more = (
            f"With {times} times as many weights nudging takes {times} times as many runs, each {times} times as "
            f"long: {times} · {times} = {times * times} times as long. Backpropagation takes {times} times as long."
        )
        return Solution((said, more) if level != "easy" else (said,))

    return Content(lambda: asked, parts, solve, pictured(task.problem, (), False, ()))


# The first step

_RULES: Mapping[str, tuple[UpdateRule, ...]] = {
    "easy": (Momentum(0.9), Adam(0.9, 0.96)),
    "medium": (Momentum(0.8), RMSProp(0.96), Adam(0.9, 0.96), RMSProp(0.75)),
    "hard": (Momentum(0.9), Adam(0.9, 0.96), Momentum(0.8), Adam(0.8, 0.99)),
}
_PLAIN = "updates by plain gradient descent"
_FULL, _SHARE = "makes every step as long as the learning rate", "takes only a share of the first gradient"
_SCALED, _DIVIDED = "lets the step grow with the gradient", "lets the step shrink as the gradient grows"
_STILL, _ONLY_OLD, _BOTH = "forgets the velocity", "keeps only the old velocity", "keeps the whole old velocity"
_FASTER = "lets the steps of a steady slope grow"
_ADAM_SLIPS = ("leaves out the correction of the running means", "forgets the root of the running mean")
_NO_RATE = "forgets the learning rate"
_FACTOR = 10


def _draw_first(rng: np.random.Generator, level: str) -> Task:
    """One weight on an input of 1 without an error of more than some tenths; nothing is remembered yet."""
    rules = _RULES[level]
    rule = rules[settled(rng, rules)]
    network = Network(1, 1, activation="identity", bias="none")
    while True:
        weight, slope = int(rng.integers(2, 9)) / 10, int(rng.choice([2, 3, 4, 6, 8])) * rng.choice([1, -1]) / 10
        rate = float(rng.choice(RATES))
        problem = Problem(network, {"w1": weight}, [1.0], [round(weight - slope, 2)], rate, update=rule)
        about = {"level": level, "asks": [], "order": shuffle(rng)}
        task = Task("first-step", (problem,), about)
        right, wrong = _step(problem), _step_slips(problem)
        each = [one.answer for one in wrong]
        if each and all(abs(one - right) > 1e-3 for one in each) and all(map(is_short, (right, *each))):
            return task


def _step(problem: Problem) -> float:
    """How far one update moves the weight; ε shows in no digit of it."""
    return float(f"{abs(evaluate(problem)['w1_new'] - problem.parameters['w1']):.4g}")


def _step_slips(problem: Problem) -> list[Wrong]:
    """The lengths of the first step that mistakes lead to, each number once."""
    rule, rate, old, right = problem.update, problem.learning_rate, problem.parameters["w1"], _step(problem)
    found = []
    plain = _step(problem.replace(update=GradientDescent(), state={}))
    if isinstance(rule, Momentum):
        share = "the velocity starts at 0 and then takes the whole derivative, not a share of it"
        found.append(Wrong(_SHARE, share, float(f"{(1 - rule.beta) * plain:.4g}")))
        found.append(Wrong(_FULL, "the step still depends on the size of the derivative", rate))
    else:
        found.append(Wrong(_PLAIN, "this rule divides by the root of a running mean", plain))
        if isinstance(rule, RMSProp):
            starts = "the running mean starts at 0 and takes only a share of the square, so its root is small"
            found.append(Wrong(_FULL, starts, rate))
    found += [
        Wrong(one.name, one.said, float(f"{abs(one.answer - old):.4g}"))
        for one in wrong_answers(problem, "w1_new", (*_ADAM_SLIPS, _NO_RATE))
        if one.name in (*_ADAM_SLIPS, _NO_RATE) and not one.detail
    ]
    each = {one.answer: one for one in reversed(found) if abs(one.answer - right) > 1e-9 and one.answer}
    return list(reversed(each.values()))[:4]


_LENGTHS = {1.0: "as far as now", float(_FACTOR): "ten times as far", 1 / _FACTOR: "a tenth as far"}


def _build_first(task: Task) -> Content:
    problem, order = task.problem, task.about["order"]
    rule, slope = problem.update, slope_of(problem)
    name, right = maths(problem, "w1"), _step(problem)
    spelled, known = numeric(right, _step_slips(problem))
    hint = "Nothing is remembered yet, so start with 0 for every old value."
    parts = [one_of(f"How far does the first update move {name}?", spelled, known, order, "number", (hint,))]
    target = problem.parameters["w1"] - _FACTOR * slope
    longer = round(_step(problem.replace(targets=[target])) / right, 6)
    momentum = isinstance(rule, Momentum)
    why = (
        "the first velocity is the derivative itself, so the step grows with it"
        if momentum
        else "the derivative is divided by its own size, so its size cancels"
    )
    labels = {1.0: _FULL, float(_FACTOR): _SCALED, 1 / _FACTOR: _DIVIDED}
    parts.append(
        one_of(
            "How far would it move if the derivative were ten times as large?",
            _LENGTHS[longer],
            [Wrong(labels[one], why, said) for one, said in _LENGTHS.items() if one != longer],
            order[2:] + order[:2],
            hints=("Put the larger derivative into the lines. Does one of them divide by the size of the derivative?",),
        )
    )
    if task.about["level"] == "hard":
        parts.append(_second_part(problem, right, order))
    asked = (
        f"The derivative of the loss with respect to {name} is ${number_latex(slope)}$, and the learning rate is "
        f"{equals(problem, 'learning_rate', problem.learning_rate)}. Nothing is remembered from earlier updates. "
        f"{update_lines(problem)}"
    )

    def solve() -> Solution:
        *way, new = [step for step in problem.derivation.toward("w1_new") if step.role is Role.UPDATE]
        worked = problem.derivation.at(problem).pick(step.name for step in way)
        said = f"The first update moves {name} by {spelled}: {why}."
        tiny = "" if momentum else " Here ε is too small to show."
        return Solution((said, worked, f"So {name} moves by ${_moved(problem, new)} = {spelled}$.{tiny}"))

    return Content(lambda: asked, tuple(parts), solve, drawn=False)


def _moved(problem: Problem, new: Step) -> str:
    """What the line of the new weight subtracts, without its sign: in symbols, then with numbers for all but ε."""
    moved, names = without(MINUS)(omitting("w1")(new.rhs)), problem.derivation.quantities
    values = {**problem.givens, **evaluate(problem)}
    used = names_in(moved) - {"epsilon"}
    numbers = {name: bracketed(number_latex(float(values[name]))) for name in used}
    sides = (expr_latex(moved, names), expr_latex(moved, names, numbers))
    return " = ".join(rf"\left| {side} \right|" for side in sides)


def _second_part(problem: Problem, right: float, order: Sequence[int]) -> ExactPart:
    """How long the second step is if the derivative stays as it was."""
    again = problem.updated().replace(w1=problem.parameters["w1"])
    times = round(_step(again) / right, 6)
    rule = problem.update
    if isinstance(rule, Momentum):
        known = [
            Wrong(_STILL, f"the velocity keeps {number(rule.beta)} of what it was", "1"),
            Wrong(_ONLY_OLD, "the new derivative is added to what is kept", number(rule.beta)),
            Wrong(_BOTH, f"the velocity keeps only {number(rule.beta)} of what it was", "2"),
        ]
    else:
        faster = "the step is the mean slope divided by the root of the mean square, and both stay the same"
        known = [Wrong(_FASTER, faster, number(1 + rule.constants["beta1"])), Wrong(_FASTER, faster, "2")]
    asks = (
        "In the second update the derivative is the same. How many times as far as the first does it move the weight?"
    )
    hint = "Put what is remembered after the first update into the lines."
    return one_of(asks, number(times), known, order, "number", (hint,))


QUESTIONS = (
    Question(
        "what-costs",
        TOPIC,
        "What does it cost?",
        _draw_costs,
        _build_costs,
        (
            _ONE_WAY,
            _BASE,
            _BOTH_WAYS,
            _NO_BIAS,
            _EACH_BACK,
            _EACH_FORWARD,
            _NO_FORWARD,
            _WEIGHTS_ONCE,
            _BASE_TOO,
            _ONE_FOR_ALL,
            _SAME_RUN,
            _SAME_GROWTH,
            _ADDS,
            _FREE,
        ),
    ),
    Question(
        "first-step",
        TOPIC,
        "The first step",
        _draw_first,
        _build_first,
        (
            _PLAIN,
            _FULL,
            _SHARE,
            _SCALED,
            _DIVIDED,
            _STILL,
            _ONLY_OLD,
            _BOTH,
            _FASTER,
            *_ADAM_SLIPS,
            _NO_RATE,
        ),
    ),
)
