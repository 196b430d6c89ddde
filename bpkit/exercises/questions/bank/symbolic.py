"""The derivative as a formula: judged by its numbers at several settings, whatever form it was written in."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from types import MappingProxyType

import numpy as np
import sympy as sp

from bpkit.core.chain_rule import Step
from bpkit.core.code import code
from bpkit.core.derivation import Derivation, derive
from bpkit.core.network import Network, layered
from bpkit.core.numeric import evaluate
from bpkit.core.quantities import Role
from bpkit.core.spelling import expr_latex, typeset
from bpkit.exercises.questions.bank.choices import lines
from bpkit.exercises.questions.bank.quantity_questions import OUTPUT
from bpkit.exercises.questions.card_pictures import beside
from bpkit.exercises.questions.exercise import Content, Question, Solution
from bpkit.exercises.questions.friendly_problems import choose, draw_problem
from bpkit.exercises.questions.hints import in_symbols
from bpkit.exercises.questions.parts import Wrong
from bpkit.exercises.questions.slips import told
from bpkit.exercises.questions.streams import stream
from bpkit.exercises.questions.task import Task
from bpkit.exercises.questions.words import architecture, in_words, maths, ways
from bpkit.exercises.questions.written import FormulaPart
from bpkit.mistakes.misconceptions import catalogue

SETTINGS = 5
FLAT, ALSO_FLAT = "forgets the output slope", "the slope of the output is missing as well"
NEIGHBOUR = "takes the neighbour's derivative"
ITSELF = "multiplies by a weight instead of a signal"
ELSEWHERE = "multiplies by the output of another neuron"
MIXED_UP = (NEIGHBOUR, ITSELF, ELSEWHERE)
REVEALS = (*OUTPUT[:3], "leaves out the input factor", "follows only one path", "forgets the hidden slope", *MIXED_UP)

_NETWORKS = {
    "easy": (Network(2, 1, bias="neuron"), Network(2, 2, 1)),
    "medium": (Network(2, 2, 1), Network(2, 2, 2), Network(2, 2, 1, activation="tanh")),
    "hard": (Network(2, 2, 2), Network(2, 2, 2, activation="tanh"), Network(2, 3, 2)),
}


def _draw(rng: np.random.Generator, level: str) -> Task:
    options = _NETWORKS[level]
    network = options[choose(rng, options)]
    weights = [w for w, (source, _) in network.weights.items() if level != "easy" or source not in network.inputs]
    weights = weights or list(network.weights)
    problem = draw_problem(rng, network)
    return Task("symbolic", (problem,), {"weight": weights[choose(rng, weights)]})


def _forward(network: Network) -> frozenset[str]:
    """The quantities of the way forward but the errors, which the formula may use as they are."""
    found = (step.quantity for step in derive(network) if step.role is Role.FORWARD)
    return frozenset(quantity.name for quantity in found if quantity.tag in ("net", "out"))


def formula(derivation: Derivation, quantity: str) -> str:
    """A derivative in inputs, targets, parameters, nets and outs, in Python's spelling.

    >>> formula(derive(Network(1, 1, bias="none")), "dE_total/dw1")
    'out_o1*x1*(1 - out_o1)*(out_o1 - y1)'
    """
    text: str = code(_put_together(derivation, quantity))
    return text


def _put_together(derivation: Derivation, quantity: str) -> sp.Expr:
    keep = _forward(layered(derivation.network, "formula"))
    known: dict[sp.Expr, sp.Expr] = {}
    for step in derivation.toward(quantity):
        if step.name not in keep:
            known[step.lhs] = step.rhs.xreplace(known)
    return known[derivation.target(quantity).lhs]


@lru_cache(maxsize=64)
def _part(network: Network, weight: str) -> FormulaPart:
    """What is asked, with the wrong formulas that are not right in another form."""
    right, wrong = _formulas(network, weight)
    ask = f"Write {maths(network, f'dE_total/d{weight}')} as a formula, for example `x1*w1 + b1`"
    part = FormulaPart(ask, right, _settings(network), known=tuple(w for w in wrong if w.answer))
    known = tuple(w for w in part.wrong if not part.judge(w.answer))
    return FormulaPart(ask, right, part.settings, known=known, hints=lambda: _hints(network, weight))


def _formulas(network: Network, weight: str) -> tuple[str, tuple[Wrong, ...]]:
    """The right formula and the wrong ones, each as its misconception writes it."""
    derivation = derive(network)
    wrong = [
        replace(one, answer=formula(mistake.applied(derivation), weight))
        for mistake, one in zip(catalogue(network), told(derivation), strict=True)
        if mistake.name in REVEALS
        and mistake.name not in MIXED_UP
        and any(step.name in mistake.edits for step in derivation.toward(weight))
    ]
    right = formula(derivation, weight)
    flat = [one.answer for one in wrong if one.name == FLAT and network.weights[weight][1] in network.outputs]
    both = [one for answer in flat for one in _weights(network, weight, answer, f"; {ALSO_FLAT}")]
    return right, tuple(one for one in [*wrong, *_mixed_up(network, weight, right), *both] if one.answer != right)


def _mixed_up(network: Network, weight: str, right: str) -> list[Wrong]:
    """The formulas of the other weights, and the right one with another last factor."""
    derivation, (source, target) = derive(network), network.weights[weight]
    called = {n: n if n in network.inputs else f"out_{n}" for n in network.layer_of if n not in network.outputs}
    found = [
        (NEIGHBOUR, f"this is the derivative with respect to {other}; start the chain at {weight}", other)
        for other in network.weights
        if other != weight
    ]
    mixed = [(name, said, formula(derivation, other)) for name, said, other in found]
    delta = f"({right})/{called[source]}"
    for neuron, name in called.items():
        if neuron != source and (neuron, target) not in network.weight_of:  # else it is the formula of that weight
            where = f"{weight} ends there" if neuron == target else f"{weight} does not start there"
            mixed.append((ELSEWHERE, f"the last factor is that of {neuron}, but {where}", f"{delta}*{name}"))
    others = [Wrong(name, typeset(said, derivation.quantities), answer) for name, said, answer in mixed]
    return [*others, *_weights(network, weight, right)]


def _weights(network: Network, weight: str, formula: str, more: str = "") -> list[Wrong]:
    """A formula for the derivative with a weight instead of the signal that it ends with."""
    (source, target), known = network.weights[weight], derive(network).quantities
    signal = source if source in network.inputs else f"out_{source}"
    return [
        Wrong(
            ITSELF,
            typeset(f"the last factor is the weight {name}; it should be what {weight} is multiplied by{more}", known),
            f"({formula})/{signal}*{name}",
        )
        for name, (_, end) in network.weights.items()
        if end == target
    ]


def _settings(network: Network) -> tuple[MappingProxyType[str, float], ...]:
    """Numbers for every name, all of them consistent: a formula in net or in out then has the same value."""
    rng = stream(0, "settings", repr(network))
    found = []
    for _ in range(SETTINGS):
        problem = draw_problem(rng, network)
        values = evaluate(problem)
        found.append(MappingProxyType({**problem.givens, **{name: values[name] for name in sorted(_forward(network))}}))
    return tuple(found)


def _build(task: Task) -> Content:
    network, weight = task.network, task.about["weight"]
    names = in_words([f"`{name}`" for name in ("x1", "y1", "w1", "out_o1", "net_o1")])
    source, target = network.weights[weight]
    allowed = (
        f"Names such as {names} may stand in the formula, of every neuron that the network has; any form that means "
        "the same is right."
    )
    start = typeset(source, network.lines.quantities)
    text = lambda: (
        f"{architecture(network)} The weight {maths(network, weight)} leads from "
        f"{start} to {target}; the weights are numbered layer by layer, neuron by neuron: {ways(network)}.\n\n"
        f"{allowed}"
    )
    solve = lambda: _solution(derive(network), weight)
    pictured = beside(task.problem, [f"dE_total/d{weight}"], allowed, numbers=False)
    return Content(text, (_part(network, weight),), solve, *pictured)


def _hints(network: Network, weight: str) -> tuple[str, ...]:
    """The lines of the way back, one after the other; to put them into each other is the learner's part."""
    return tuple(in_symbols(step) for step in _back(derive(network), weight))


def _back(derivation: Derivation, weight: str) -> tuple[Step, ...]:
    return tuple(step for step in derivation.toward(weight) if step.role is not Role.FORWARD)


def _solution(derivation: Derivation, weight: str) -> Solution:
    """The lines of the way back, and what they are when put into each other."""
    whole = expr_latex(_put_together(derivation, weight), derivation.quantities)
    one_line = f"Put into each other:\n\n$${derivation.target(weight).quantity.latex} = {whole}$$"
    return Solution((lines(derivation, _back(derivation, weight)), one_line))


QUESTIONS = (Question("symbolic", "output layer", "The derivative as a formula", _draw, _build, REVEALS),)
