"""Questions about signs and zeros: which factor of a chain is 0, and which way a weight moves."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from bpkit.core.chain_rule import Step
from bpkit.core.derivation import Derivation, derive
from bpkit.core.network import Network, layered
from bpkit.core.numeric import Values, evaluate
from bpkit.core.problem import Problem
from bpkit.core.quantities import Role
from bpkit.core.spelling import expr_latex, number_latex, typeset
from bpkit.exercises.questions.bank.choices import (
    TOPIC,
    Networks,
    brief,
    by,
    count,
    described,
    lines,
    one_of,
    shuffle,
)
from bpkit.exercises.questions.card_pictures import pictured
from bpkit.exercises.questions.exercise import Content, Question, Solution
from bpkit.exercises.questions.friendly_problems import choose, draw_problem, settled
from bpkit.exercises.questions.parts import ExactPart, Wrong
from bpkit.exercises.questions.task import Task
from bpkit.exercises.questions.words import equals, in_words, maths

# Which factor is zero

_FAR = 12.0  # a net input so far from 0 that a sigmoid or a tanh is flat
_OFF = -2.0  # a net input where ReLU is off
_NOTHING = 1e-3  # a factor so small stops what it multiplies
_CLEARLY = 50  # times as small
_ONE_OUTPUT: Networks = {
    "easy": (Network(2, 1, bias="neuron"), Network(3, 1, bias="neuron")),
    "medium": (Network(2, 2, 1, bias="neuron"), Network(3, 2, 1, bias="neuron")),
    "hard": tuple(Network(2, 2, 1, activation=[kind, "sigmoid"], bias="neuron") for kind in ("relu", "tanh")),
}
_FACTORS = {  # what a factor is, the name of the mistake to take it for the one that is 0, and why it is one
    "error": (
        "the slope of the error of {}",
        "blames the error",
        "this factor is 0 only where the output equals its target",
    ),
    "slope": (
        "the slope of the activation of {}",
        "blames the slope of the activation",
        "this factor is nearly 0 only where the curve of the activation is flat",
    ),
    "weight": ("the weight {}", "blames the weight on the path", "this factor is the weight itself, which is not 0"),
    "input": ("the input {}", "blames the input factor", "this factor is the input itself, which is not 0"),
}
_HINTS = {
    "error": "Which factor is the difference of output and target?",
    "slope": "How steep is the curve of the activation at this net input?",
    "weight": "What is the net input multiplied by on the way from neuron to neuron?",
    "input": "What does the weight in question multiply?",
}
_ALONE, _ALL = "stops only the weight in question", "stops every weight"
_NONE = "thinks that one factor near 0 stops nothing"
_SILENT = "forgets that a neuron with output 0 passes nothing on"


def _kind(step: Step) -> str:
    """What a factor of a chain is: the slope of the error, of an activation, a weight on the way, or what comes in."""
    if step.role is not Role.SLOPE:
        return "error"
    return {"net": "slope", "out": "weight"}.get(by(step).tag, "input")


def _in_words(step: Step) -> str:
    kind = _kind(step)
    what = typeset(str(step.rhs), step.names) if kind in ("weight", "input") else by(step).neuron
    return _FACTORS[kind][0].format(what)


def _draw_zero(rng: np.random.Generator, level: str) -> Task:
    networks = _ONE_OUTPUT[level]
    network = networks[choose(rng, networks)]
    weights = [name for name, (source, _) in network.weights.items() if source in network.inputs]
    weight = weights[choose(rng, weights)]
    factors = derive(network).paths(weight)[0].factors
    about = {"weight": weight, "factor": factors[settled(rng, factors)], "sign": int(rng.choice([1, -1]))}
    while True:
        problem = draw_problem(rng, network)
        task = Task("zero-factor", (problem,), {**about, "order": shuffle(rng)})
        changed, _ = _supposed(task)
        zeros = _zeros(changed)
        if zeros & set(factors) == {about["factor"]} and not _zeros(problem) and _is_clear(changed, zeros):
            return task


def _zeros(problem: Problem) -> set[str]:
    """The factors that stop what they multiply: those of (nearly) nothing."""
    derivation, values = derive(problem), evaluate(problem)
    factors = {one for name in problem.network.parameters for path in derivation.paths(name) for one in path.factors}
    return {name for name in factors if abs(values[name]) < _NOTHING}


def _is_clear(problem: Problem, zeros: set[str]) -> bool:
    """Are the derivatives that these factors stop far smaller than all others?"""
    values, weights = evaluate(problem), layered(problem.network, "zero-factor").weights
    stopped = _stopped(derive(problem), weights, zeros)
    sizes = {name: abs(values[f"dE_total/d{name}"]) for name in weights}
    others = [size for name, size in sizes.items() if name not in stopped]
    return bool(max(sizes[name] for name in stopped) * _CLEARLY < min(others, default=1.0))


def _supposed(task: Task) -> tuple[Problem, str]:
    """The problem with that one factor made (nearly) 0, and what is supposed for it, in words."""
    problem, step, network = task.problem, derive(task.network)[task.about["factor"]], task.network
    kind, below, values = _kind(step), by(step), evaluate(problem)
    if kind == "error":
        return problem.replace(targets=[values[below.name]]), f"the output of {below.neuron} equals its target"
    if kind == "slope":
        off = network.activations[network.layer_of[below.neuron] - 1].name == "relu"
        net = _OFF if off else _FAR * task.about["sign"]
        bias = f"b_{below.neuron}"
        moved = problem.parameters[bias] + net - values[below.name]
        return problem.replace(**{bias: moved}), equals(network, below.name, net)
    return problem.replace(**{str(step.rhs): 0.0}), equals(network, str(step.rhs), 0.0)


def _stopped(derivation: Derivation, weights: Mapping[str, object], zeros: set[str]) -> list[str]:
    """The weights each of whose paths has one of these factors."""
    return [name for name in weights if all(zeros & set(path.factors) for path in derivation.paths(name))]


def _build_zero(task: Task) -> Content:
    network, weight = task.network, task.about["weight"]
    derivation = derive(network)
    factors = derivation.paths(weight)[0].factors
    changed, said = _supposed(task)
    zeros = _zeros(changed)
    (zero,) = zeros & set(factors)
    steps = [derivation[factor] for factor in factors]
    wrong = [Wrong(*_FACTORS[_kind(step)][1:], _in_words(step)) for step in steps if step.name != zero]
    derivative = maths(network, f"dE_total/d{weight}")
    right, kind = _in_words(derivation[zero]), _kind(derivation[zero])
    hint = ("Say in words what each factor of the product is.", _HINTS[kind])
    parts = [one_of(f"Which factor makes {derivative} 0, or nearly 0?", right, wrong, task.about["order"], hints=hint)]
    stopped = _stopped(derivation, network.weights, zeros)
    listed = in_words([maths(network, name) for name in stopped])
    parts.append(_stopped_part(network, stopped, _stopped(derivation, network.weights, {zero})))
    product = r" \cdot ".join(step.quantity.latex for step in steps)
    asked = (
        f"The chain rule gives ${derivative.strip('$')} = {product}$.\n\nSuppose that {said}. Nothing else is special."
    )

    def solve() -> Solution:
        flat = _why_flat(changed, derivation[zero]) if kind == "slope" else ""
        why = f"If {said}, then {right} is 0, or nearly 0, and so is every product that contains it.{flat}"
        also = f"The derivatives with respect to these weights are 0, or nearly 0: {listed}."
        error = brief(network, (f"dE_total/d{weight}",))
        shown = [next((one for one in error if one.name == step.name), step) for step in steps]
        return Solution((why, lines(derivation, shown), also))

    return Content(
        lambda: f"{described(network)}\n\n{asked}",
        tuple(parts),
        solve,
        picture=pictured(task.problem, (), False, [weight]),
        card=lambda: f"{_neurons(network)}\n\n{asked}",
    )


def _why_flat(problem: Problem, slope: Step) -> str:
    """Why the slope of an activation is 0, or nearly 0, at this net input."""
    network, neuron = layered(problem.network, "zero-factor"), by(slope).neuron
    out = maths(network, f"out_{neuron}")
    if network.activations[network.layer_of[neuron] - 1].name == "relu":
        return f" The net input is negative there, so {out} is 0 and stays 0 when the net input changes a little."
    end = number_latex(round(evaluate(problem)[f"out_{neuron}"]))
    return f" There {out} is almost ${end}$, so its slope ${expr_latex(slope.rhs, slope.names)}$ is almost 0."


def _neurons(network: Network) -> str:
    """Which activation the neurons have, in a sentence."""
    kinds = [one.written for one in network.activations]
    if len(set(kinds)) == 1:
        return f"All neurons are {kinds[0]} neurons."
    return f"The hidden neurons are {kinds[0]} neurons, the output is a {kinds[-1]} neuron."


def _stopped_part(network: Network, stopped: list[str], by_one: list[str]) -> ExactPart:
    """How many weights stop learning; ``by_one``: those whose chains contain the one factor that is asked for."""
    total = len(network.weights)
    silent = "the next weight multiplies the output of this neuron, and that output is 0"
    wrong = [
        Wrong(_ALONE, "other weights have the same factor in their chains", 1),
        Wrong(_SILENT, silent, len(by_one)),
        Wrong(_ALL, "a weight still learns if its chain contains no factor that is 0", total),
        Wrong(_NONE, "every product that contains this factor is 0, or nearly 0, whatever its other factors are", 0),
    ]
    ask = f"For how many of the {total} weights is the derivative 0, or nearly 0, then? Biases do not count."
    hint = "Write down the chain of each weight and look for a factor that is 0."
    return count(ask, len(stopped), wrong, (hint,))


# Which way

_SIGNED: Networks = {
    "easy": (Network(1, 1, bias="none"),),  # asked before neurons and the chain rule are known
    "medium": (Network(2, 2, 1), Network(2, 3, 1)),
    "hard": (Network(2, 2, 1, activation=["tanh", "sigmoid"]),),
}
_CLEAR = 0.1  # how far an output is from its target, so that two digits show on which side
_DOWNHILL = "takes downhill for a smaller weight"
_NEGATIVE, _TURNED = "forgets a negative factor", "turns the way round without a negative factor"
_AWAY = "moves the output away from its target"


def _draw_way(rng: np.random.Generator, level: str) -> Task:
    networks = _SIGNED[level]
    network = networks[choose(rng, networks)]
    way = (1, -1)[settled(rng, (1, -1))]
    while True:
        problem = draw_problem(rng, network)
        if level == "hard":
            problem = problem.replace(inputs=problem.inputs * rng.choice([1, -1], problem.inputs.shape))
        weights = [name for name, edge in network.weights.items() if level == "hard" or edge[0] in network.inputs]
        weight = weights[choose(rng, weights)]
        task = Task("which-way", (problem,), {"weight": weight, "level": level})
        values, new = evaluate(problem), evaluate(_moved(task))
        off = values["out_o1"] - problem.targets[0]
        fits = level != "hard" or any(value < 0 for value in _signed(task).values())
        right_way = way * values[f"dE_total/d{weight}"] < 0 and (new["out_o1"] - values["out_o1"]) * off < 0
        if fits and right_way and abs(off) > _CLEAR and new["E_total"] < values["E_total"]:
            return task


def _moved(task: Task) -> Problem:
    """The problem after an update of that one weight."""
    weight = task.about["weight"]
    return task.problem.replace(**{weight: evaluate(task.problem)[f"{weight}_new"]})


def _signed(task: Task) -> dict[str, float]:
    """What decides the sign: what the factors of the chain are that may be negative, by name, with its number."""
    problem, derivation = task.problem, derive(task.network)
    (path,) = derivation.paths(task.about["weight"])
    names = [str(derivation[one].rhs) for one in path.factors if _kind(derivation[one]) in ("weight", "input")]
    known = {**problem.givens, **evaluate(problem)}
    return {name: float(known[name]) for name in names}


def _build_way(task: Task) -> Content:
    problem, network, weight = task.problem, task.network, task.about["weight"]
    derivation, values, new = derive(network), evaluate(problem), evaluate(_moved(task))
    slope, hidden = f"dE_total/d{weight}", f"out_{network.weights[weight][1]}"
    between = [slope] if task.about["level"] == "hard" else []
    after = [hidden] if hidden != "out_o1" else []
    last = ["out_o1"] if after else ["out_o1", "E_total"]
    parts = [_sign_part(task, slope) for slope in between]
    parts += [_way_part(task, name, values, new) for name in (weight, *after, *last)]
    known = {**_signed(task), "out_o1": values["out_o1"]}
    given = [
        equals(network, name, value)
        if name in problem.givens
        else f"${derivation.quantities[name].latex} \\approx {value:.2f}$"
        for name, value in known.items()
    ]
    given.append(equals(network, "y1", float(problem.targets[0])))
    name = maths(network, weight)
    asked = (
        f"You know {in_words(given)}. Gradient descent makes one small step that changes {name} and nothing else. "
        "Answer without computing."
    )

    def solve() -> Solution:
        if task.about["level"] == "easy":
            return Solution((_by_tilt(task),))
        signs = [
            f"- {maths(network, factor)} $= {derivation.quantities[str(rhs)].latex}$ is {_sign(known[str(rhs)])}"
            if str(rhs := derivation[factor].rhs) in known
            else f"- {maths(network, factor)} is {_sign(values[factor])}"
            for factor in derivation.paths(weight)[0].factors
        ]
        product = f"So {maths(network, slope)} is {_sign(values[slope])}, and the update subtracts it:"
        goes = [f"{maths(network, one)} goes {_way(task, one)}" for one in (weight, *after, "out_o1", "E_total")]
        return Solution(("\n".join(signs), f"{product} {in_words(goes)}."))

    return Content(
        lambda: f"{described(network)}\n\n{asked}",
        tuple(parts),
        solve,
        picture=pictured(task.problem, (), False, [weight]),
        card=lambda: asked,
    )


def _by_tilt(task: Task) -> str:
    """Why one weight goes its way: how the loss tilts over it, without the factors of the chain rule."""
    network, weight = task.network, task.about["weight"]
    name, source = maths(network, weight), maths(network, network.weights[weight][0])
    small = evaluate(task.problem)["out_o1"] < task.problem.targets[0]
    return (
        f"The output is too {'small' if small else 'large'}. A larger {name} makes it larger, because {source} is "
        f"positive. So the loss {'falls' if small else 'rises'} to the right, and its slope is "
        f"{_sign(-1 if small else 1)}. The update goes against the slope: {name} goes {_way(task, weight)}, the output "
        f"goes {_way(task, 'out_o1')} toward its target, and the loss $E$ goes {_way(task, 'E_total')}."
    )


def _sign(value: float) -> str:
    return "positive" if value > 0 else "negative"


def _way(task: Task, name: str) -> str:
    """Up or down: how the update of the weight moves it, or a quantity."""
    old, new = ({**one.givens, **evaluate(one)} for one in (task.problem, _moved(task)))
    return "up" if new[name] > old[name] else "down"


def _left_out(task: Task) -> list[tuple[str, str]]:
    """Slips that turn the sign of the derivative round: a negative factor left out, the error the other way round."""
    found = []
    for name, value in _signed(task).items():
        if value < 0:
            said = f"{typeset(name, derive(task.network).quantities)} is negative, and it is a factor of the derivative"
            weight = name in task.network.weights
            found.append(("leaves out the weight on a path" if weight else "leaves out the input factor", said))
    error = evaluate(task.problem)["out_o1"] - task.problem.targets[0]
    side = "above" if error > 0 else "below"
    said = f"the output is {side} its target, so the slope of the error, output minus target, is {_sign(error)}"
    if len(task.network.sizes) == 2:
        moved = typeset(task.about["weight"], derive(task.network).quantities)
        large, goal = ("large", "smaller") if error > 0 else ("small", "larger")
        said = f"the output is too {large}, and only a {goal} {moved} makes it {goal}"
    return found or [("swaps the sign of the error", said)]


def _sign_part(task: Task, slope: str) -> ExactPart:
    right = _sign(evaluate(task.problem)[slope])
    other = {"positive": "negative", "negative": "positive"}[right]
    known = tuple(Wrong(name, said, other) for name, said in _left_out(task))
    ask = f"Is {maths(task.network, slope)} positive or negative?"
    hint = _hint(task, "Find the sign of each factor of the chain. The slope of a sigmoid or tanh is never negative.")
    return ExactPart(ask, right, "word", ("positive", "negative"), known=known, hints=(hint,))


def _hint(task: Task, chain: str) -> str:
    """Where to begin; in words that come before the chain rule where no hidden layer needs it."""
    if len(task.network.sizes) > 2:
        return chain
    weight = maths(task.network, task.about["weight"])
    return f"Is the output too large or too small? What does a larger {weight} do to it?"


def _way_part(task: Task, name: str, values: Values, new: Values) -> ExactPart:
    """Does the weight, an output or the loss go up or down?"""
    right = _way(task, name)
    other = {"up": "down", "down": "up"}[right]
    if name == task.about["weight"]:
        slips = _left_out(task)[:1]
        if right == "up":
            slips.append((_DOWNHILL, "the weight goes against its slope, so it grows where the slope is negative"))
        else:
            slips.append(("adds the gradient", "the update subtracts the slope"))
        hint = _hint(task, "Find the sign of each factor of the chain, then subtract.")
    elif name == "E_total":
        slips = [("adds the gradient", "a small step against the slope makes the loss smaller")]
        hint = "Does a step against the slope lead uphill or downhill?"
    elif name == "out_o1":
        slips = [(_AWAY, "a step that makes the loss smaller moves the only output toward its target")]
        hint = "Compare the output with its target."
    else:
        rises = _way(task, task.about["weight"]) == right
        enters = typeset(list(_signed(task))[-1], derive(task.network).quantities)
        slips = [
            (_TURNED, "a larger weight on a positive input gives a larger net input and a larger output")
            if rises
            else (
                _NEGATIVE,
                f"the weight multiplies {typeset(enters, derive(task.network).quantities)}, which is negative",
            )
        ]
        hint = "What does the weight multiply, and is that positive or negative?"
    known = tuple(Wrong(label, said, other) for label, said in slips)
    shown = "the loss $E$" if name == "E_total" else maths(task.network, name)
    return ExactPart(f"Does {shown} go up or down?", right, "word", ("up", "down"), known=known, hints=(hint,))


QUESTIONS = (
    Question(
        "zero-factor",
        TOPIC,
        "Which factor is zero?",
        _draw_zero,
        _build_zero,
        (*(name for _, name, _ in _FACTORS.values()), _ALONE, _SILENT, _ALL, _NONE),
    ),
    Question(
        "which-way",
        TOPIC,
        "Which way?",
        _draw_way,
        _build_way,
        (
            "adds the gradient",
            "swaps the sign of the error",
            "leaves out the weight on a path",
            "leaves out the input factor",
            _DOWNHILL,
            _NEGATIVE,
            _TURNED,
            _AWAY,
        ),
    ),
)
