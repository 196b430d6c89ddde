"""Questions about what depends on what: on a weight, on a line with a slip in it, on how the network is built."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from itertools import pairwise

import numpy as np

from bpkit.core.chain_rule import Step
from bpkit.core.derivation import Derivation, derive
from bpkit.core.network import Network, layered
from bpkit.core.numeric import evaluate
from bpkit.core.problem import Problem
from bpkit.core.quantities import Quantity, Role
from bpkit.core.spelling import bracketed, number, number_latex, readable, typeset
from bpkit.examples import article
from bpkit.exercises.questions.bank.choices import (
    TOPIC,
    Networks,
    brief,
    described,
    in_prose,
    numbers,
    one_of,
    rows,
    shuffle,
)
from bpkit.exercises.questions.card_pictures import pictured
from bpkit.exercises.questions.exercise import Content, Question, Solution
from bpkit.exercises.questions.friendly_problems import choose, draw_problem, settled
from bpkit.exercises.questions.parts import ExactPart, NumberPart, Wrong
from bpkit.exercises.questions.task import Task
from bpkit.exercises.questions.words import equals, in_words, layers, maths

# What stays

_WIDE: Networks = {
    "easy": (Network(2, 2, 2, bias="neuron"),),
    "medium": (Network(2, 3, 2, bias="neuron"), Network(2, 3, 1, bias="neuron")),
    "hard": (Network(2, 2, 2, bias="neuron"),),
}
_NUDGE = 0.25
_FED, _NEXT = "forgets the neuron that the weight feeds", "stops at the next neuron"
_LOSS = "forgets that the loss changes"
_FIXED = "takes a derivative to be independent of the weights"
_BEFORE, _BESIDE = "changes what comes before the weight", "changes a neuron that the weight does not reach"
_UNUSED = "changes a derivative that does not use the weight"


def _draw_stays(rng: np.random.Generator, level: str) -> Task:
    networks = _WIDE[level]
    network = networks[choose(rng, networks)]
    early = level == "medium"
    weights = [name for name, (source, _) in network.weights.items() if (source in network.inputs) is early]
    weight = weights[choose(rng, weights)]
    while True:
        problem = draw_problem(rng, network)
        same, other = _compared(problem, weight, level == "hard")
        asks = [_mixed(rng, same, other), _mixed(rng, other, same)]
        task = Task("what-stays", (problem,), {"weight": weight, "asks": [], "choices": asks})
        if all(len(choices) == len(set(choices)) == 4 for choices in asks):
            return task


def _mixed(rng: np.random.Generator, one: list[str], many: list[str]) -> list[str]:
    """One of some quantities among three of others, shuffled."""
    found = [one[choose(rng, one)], *(many[place] for place in rng.permutation(len(many))[:3])]
    return [found[place] for place in rng.permutation(len(found))]


def _compared(problem: Problem, weight: str, back: bool) -> tuple[list[str], list[str]]:
    """What stays when a weight changes, and what does not: of the way forward, or of the derivatives."""
    old = evaluate(problem)
    new = evaluate(problem.replace(**{weight: problem.parameters[weight] + _NUDGE}))
    roles = (Role.GRADIENT,) if back else (Role.FORWARD,)
    names = [step.name for step in derive(problem.network) if step.role in roles]
    return [name for name in names if old[name] == new[name]], [name for name in names if old[name] != new[name]]


@lru_cache(maxsize=256)
def _way_to(derivation: Derivation, weight: str, name: str) -> tuple[str, ...]:
    """A shortest chain of lines from a weight to a quantity that uses it."""
    ways: list[tuple[str, ...]] = [(name,)]
    for way in ways:
        step = derivation[way[0]]
        if weight in {str(one) for one in step.rhs.free_symbols}:
            return way
        ways += [(derivation[used].name, *way) for used in step.uses]
    return (name,)


def _build_stays(task: Task) -> Content:
    problem, network, weight = task.problem, task.network, task.about["weight"]
    derivation = derive(network)
    names = derivation.quantities
    back = derivation[task.about["choices"][0][0]].role is Role.GRADIENT
    same, other = _compared(problem, weight, back)
    spelled, fed = typeset(weight, names), network.weights[weight][1]

    def reached(name: str) -> Wrong:
        way = _way_to(derivation, weight, name)
        passed = list(dict.fromkeys(names[one].neuron for one in way if names[one].tag == "net" and names[one].place))
        if back:
            label, why = _FIXED, f"this derivative contains {spelled} as a factor"
            if passed:
                why = f"{spelled} changes the output of {passed[-1]}, and this derivative depends on that output"
        else:
            label = _LOSS if names[name].tag in ("error", "total") else _FED if len(way) == 1 else _NEXT
            why = f"{spelled} feeds {passed[0]}" + "".join(
                f", {one} leads on to {two}" for one, two in pairwise(passed)
            )
            ends = in_prose(names[name], names)
            late = names[name].tag in ("error", "total")
            why += f", so the output of {passed[-1]} changes, and {ends} with it" if late else f", so {ends} changes"
        return Wrong(label, why, in_prose(names[name], names))

    def kept(name: str) -> Wrong:
        if back:
            label, why = _UNUSED, f"no line that leads to it uses {spelled}"
        elif names[name].block < names[weight].block:
            label, why = _BEFORE, f"numbers flow forward, and {spelled} comes later"
        else:
            label, why = (
                _BESIDE,
                f"{spelled} feeds {fed}, and no path leads on from there to {in_prose(names[name], names)}",
            )
        return Wrong(label, why, in_prose(names[name], names))

    first, second = task.about["choices"]
    factors = ("Which factors does each derivative contain? Where do they come from?",)
    before = (
        f"Find {spelled} in the picture. Which neuron does its line lead into?",
        f"What is computed before {fed}, or beside it in the same layer, is the same whatever {spelled} is.",
    )
    after = (f"Start where the line of {spelled} ends and go on to the right. What do you come past?",)
    parts = [
        _choice("Which of these stays the same?", first, same, reached, names, factors if back else before),
        _choice("And which of these changes?", second, other, kept, names, factors if back else after),
    ]
    asked = f"Only {maths(network, weight)} is changed, by hand. The inputs and all other parameters stay as they are."
    if not back:
        asked += (
            " Each neuron has a bias of its own. The error says how wrong one output is; the errors of all outputs "
            "add up to the loss."
        )

    def solve() -> Solution:
        ways = [" → ".join(maths(network, node) for node in path.nodes) for path in derivation.paths(weight)]
        said = f"{maths(network, weight)} reaches the loss like this: {', and '.join(ways)}."
        stays = in_words([maths(network, name) for name in same])
        moves = in_words([maths(network, name) for name in other])
        what = "derivatives" if back else "numbers of the forward pass"
        return Solution((f"{said} Of the {what}, these stay: {stays}. These change: {moves}.",))

    return Content(
        lambda: f"{described(network)}\n\n{asked}",
        tuple(parts),
        solve,
        picture=pictured(problem, (), False, [weight]),
        card=lambda: asked,
    )


def _choice(
    asks: str,
    choices: Sequence[str],
    right: Sequence[str],
    wrong: Callable[[str], Wrong],
    names: Mapping[str, Quantity],
    hints: tuple[str, ...],
) -> ExactPart:
    """Quantities to choose from, one of which is right."""
    (answer,) = set(choices) & set(right)
    options = tuple(in_prose(names[name], names) for name in choices)
    known = tuple(wrong(name) for name in choices if name != answer)
    return ExactPart(asks, in_prose(names[answer], names), "word", options, known=known, hints=hints)


# A weight is moved

_TWO_OUTPUTS: Networks = {
    "easy": (layered(article.problem.network, "weight-moved"),),
    "medium": (Network(2, 2, 2), Network(2, 3, 2)),
    "hard": (Network(2, 3, 2), Network(3, 3, 2)),
}
_MOVES = (0.05, 0.1)
_CLEAR = 3e-3  # change of the loss that shows in four digits
_BOTH, _NEITHER = "both", "neither"
_WHOLE, _OPPOSITE = "adds the whole slope", "moves the loss the other way"
_CHANGE = "gives the change instead of what was asked"
_OWN_CHANGE, _SHARE, _TIMES = (
    "adds the change of the weight",
    "takes a share of the loss",
    "multiplies the loss by the slope",
)


def _draw_moved(rng: np.random.Generator, level: str) -> Task:
    networks = _TWO_OUTPUTS[level]
    network, early = networks[choose(rng, networks)], bool(settled(rng, (0, 1)))
    weights = [name for name, (source, _) in network.weights.items() if (source in network.inputs) is early]
    up = level == "easy" or bool(choose(rng, (0, 1)))
    while True:
        problem, weight = draw_problem(rng, network), weights[choose(rng, weights)]
        move = float(rng.choice(_MOVES)) * (1 if up else -1)
        _, slope = _printed(problem, weight)
        if abs(slope * move) >= _CLEAR:
            return Task("weight-moved", (problem,), {"asks": [], "weight": weight, "move": move})


def _printed(problem: Problem, weight: str) -> tuple[float, float]:
    """The loss and its slope as the question prints them: nothing more is needed."""
    values = evaluate(problem)
    return float(f"{values['E_total']:.4g}"), float(f"{values[f'dE_total/d{weight}']:.3g}")


def _build_moved(task: Task) -> Content:
    problem, network, weight, move = task.problem, task.network, task.about["weight"], task.about["move"]
    names, (loss, slope) = derive(network).quantities, _printed(problem, weight)
    spelled, fed = typeset(weight, names), network.weights[weight][1]
    first, second = network.outputs
    if fed in network.outputs:
        right, past = f"{fed} alone", f"{spelled} leads into {fed}, and no line leads on from there to the other output"
        labels = {f"{one} alone": _BESIDE for one in network.outputs} | {_BOTH: _BESIDE, _NEITHER: _FED}
    else:
        right, past = _BOTH, f"{spelled} leads into {fed}, and from there lines lead on"
        labels = dict.fromkeys((f"{first} alone", f"{second} alone", _NEITHER), _NEXT)
    options = (f"{first} alone", f"{second} alone", _BOTH, _NEITHER)
    which = ExactPart(
        f"Which of the outputs {first} and {second} does this change?",
        right,
        "word",
        options,
        known=tuple(Wrong(labels[one], past, one) for one in options if one != right),
        hints=(f"Find {spelled} in the picture. Which neuron does its line lead into?", "Follow the lines from there."),
    )
    change = slope * move
    slips = (
        Wrong(_WHOLE, "multiply the slope by the change of the weight first", loss + slope, "add the whole slope"),
        Wrong(
            _OPPOSITE,
            "with a positive slope E goes the same way as the weight, with a negative one the other way",
            loss - change,
            "move E the other way",
        ),
        Wrong(_CHANGE, "add it to E", change, "stop at the change of E"),
        Wrong(_CHANGE, "add it to E", -change, "stop at the change of E, with the other sign"),
        Wrong(_OWN_CHANGE, "E changes by the slope times that", loss + move, "add the change of the weight"),
        Wrong(_SHARE, "the slope times the change of the weight is to be added as it is", loss * (1 + change)),
        Wrong(
            _TIMES,
            "multiply the slope by the change of the weight, and add that to E",
            loss * slope,
            "multiply E by it",
        ),
    )
    about = NumberPart(
        "The value of $E$ then, by this slope, to 4 significant digits",
        round(loss + change, 9),  # without the digits that floats leave behind
        known=slips,
        hints=(
            "The slope says how many times as much E changes as the weight does. Add that change to E.",
            "Multiply the slope by the change of the weight, with its sign, and add that to E.",
        ),
    )
    way = "raise" if move > 0 else "lower"
    given = f"{equals(network, 'E_total', loss)} and {equals(network, f'dE_total/d{weight}', slope)}"
    asked = (
        f"Here {given}. You {way} {maths(network, weight)} by ${number_latex(abs(move))}$. All other weights and "
        "biases stay as they are."
    )

    def solve() -> Solution:
        anew = evaluate(problem.replace(**{weight: problem.parameters[weight] + move}))["E_total"]
        times, sign = bracketed(number_latex(slope)), "+" if move > 0 else "-"
        total = number_latex(float(number(loss + change, 4)))
        return Solution(
            (
                f"The line of {past}.",
                f"$${number_latex(loss)} {sign} {number_latex(abs(move))} \\cdot {times} = {total}$$",
                f"If you compute the whole network anew, E is {readable(number(anew, 4))}. A slope is exact for tiny "
                "changes only.",
            )
        )

    return Content(
        lambda: f"{described(network)}\n\n{asked}",
        (which, about),
        solve,
        picture=pictured(problem, (), False, [weight]),
        card=lambda: asked,
    )


# What follows

_FOLLOWED: Networks = {
    "easy": (Network(2, 1), Network(3, 1)),
    "medium": (Network(2, 2, 2), Network(3, 2, 2), Network(2, 2, 1)),
    "hard": (Network(1, 1, 1), Network(2, 1, 1), Network(1, 1, 1, activation="tanh")),
}
_DIRECT, _LATER = "stops at the lines that use it directly", "takes every later line for wrong"
_UPSTREAM, _END = "follows the lines the wrong way", "stops before the end"


def _draw_follows(rng: np.random.Generator, level: str) -> Task:
    networks = _FOLLOWED[level]
    network = networks[choose(rng, networks)]
    wanted = ["E_total"] if level == "medium" else ["dE_total/dw1", "E_total"]
    steps = brief(network, tuple(wanted))
    while True:
        wrong = 1 + int(rng.integers(len(steps) - 1))
        sets = _spoiled(steps, wrong)
        if sets["right"] and len({numbers(one) for one in sets.values() if one}) >= 3:
            about = {"wanted": wanted, "line": wrong, "order": shuffle(rng)}
            return Task("what-follows", (draw_problem(rng, network),), about)


def _spoiled(steps: Sequence[Step], wrong: int) -> dict[str, set[int]]:
    """The lines that a wrong one makes wrong, and what people take for them."""
    right: set[int] = set()
    for step in steps:
        if {wrong, *right} & set(step.uses):
            right.add(step.number)
    before = {wrong}
    for step in reversed(steps):
        if step.number in before:
            before |= set(step.uses)
    return {
        "right": right,
        "direct": {step.number for step in steps if wrong in step.uses},
        "later": {step.number for step in steps if step.number > wrong},
        "before": before - {wrong},
        "short": right - {max(right)} if right else set(),
    }


def _build_follows(task: Task) -> Content:
    network, wrong = task.network, task.about["line"]
    steps = brief(network, tuple(task.about["wanted"]))
    sets = _spoiled(steps, wrong)
    right = sets["right"]
    missed = min(right - sets["direct"], default=0)
    via = min(set(steps[missed - 1].uses) & right, default=0) if missed else 0
    spared = min(sets["later"] - right, default=0)
    slips = {
        "direct": (_DIRECT, f"line {missed} uses line {via}, which is wrong too"),
        "later": (_LATER, f"line {spared} uses no wrong line"),
        "before": (_UPSTREAM, "these are lines that it uses, and a slip does not travel back to them"),
        "short": (_END, f"line {max(right)} uses a wrong line as well"),
    }
    known = [Wrong(*slips[name], numbers(sets[name])) for name in slips if sets[name] and sets[name] != right]
    first = {one.answer: one for one in reversed(known)}
    part = one_of(
        f"Which other lines then have a wrong result because of line {wrong}?",
        numbers(right),
        list(reversed(first.values())),
        task.about["order"],
        hints=(f"Find the lines that use the left side of line {wrong}. Then find the lines that use those.",),
    )
    asked = (
        f"Another student makes a slip in line {wrong}, so its result is wrong. All other lines are computed "
        f"correctly from the results before them.\n\n{rows(steps)}"
    )

    def solve() -> Solution:
        said = []
        for place in sorted(right):
            used = [str(one) for one in steps[place - 1].uses if one in right | {wrong}]
            said.append(f"- Line {place} uses line{'s' * (len(used) > 1)} {in_words(used)}.")
        others = [str(step.number) for step in steps if step.number not in right | {wrong}]
        rest = f"Still right: {in_words(others)}." if others else "No other line is right."
        slopes = [
            step.number
            for step in steps
            if step.role is Role.SLOPE and step.quantity.of == steps[wrong - 1].quantity and step.number not in right
        ]
        if slopes:
            rest += (
                f" Line {slopes[0]} is the slope of line {wrong}: it comes from the formula of that line and not from "
                "its result, so the slip does not reach the derivatives that way."
            )
        return Solution((f"Wrong because of line {wrong}:", "\n".join(said), rest))

    return Content(
        lambda: f"{layers(network)} {asked}",
        (part,),
        solve,
        card=lambda: asked,
    )


QUESTIONS = (
    Question(
        "what-stays",
        TOPIC,
        "What stays?",
        _draw_stays,
        _build_stays,
        (_FED, _NEXT, _LOSS, _FIXED, _BEFORE, _BESIDE, _UNUSED),
    ),
    Question(
        "weight-moved",
        "updates",
        "A weight is moved",
        _draw_moved,
        _build_moved,
        (_FED, _NEXT, _BESIDE, _WHOLE, _OPPOSITE, _CHANGE, _OWN_CHANGE, _SHARE, _TIMES),
    ),
    Question(
        "what-follows",
        TOPIC,
        "What follows from a slip?",
        _draw_follows,
        _build_follows,
        (_DIRECT, _LATER, _UPSTREAM, _END),
    ),
)
