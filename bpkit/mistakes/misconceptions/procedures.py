"""Slips in the way to a number: each line is right, on another problem than the one that was asked."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import sympy as sp

from bpkit.core.expressions import names_in, total
from bpkit.core.problem import Problem
from bpkit.core.quantities import Quantity
from bpkit.core.updates import GradientDescent, Momentum, Update, UpdateRule, remembered
from bpkit.mistakes.misconceptions.rule import procedure
from bpkit.mistakes.misconceptions.whereabouts import new_values
from bpkit.mistakes.question import Question

Elsewhere = Iterator[tuple[str, Question, str]]
MOST_PUT_IN = 12  # negative numbers


@dataclass(frozen=True, repr=False)
class Unreset(GradientDescent):
    """Another rule, which gets the sum of all gradients up to now."""

    rule: UpdateRule = field(default_factory=GradientDescent)

    def __post_init__(self) -> None:
        pass  # the other rule's numbers were checked

    @property
    def constants(self) -> dict[str, float]:
        return self.rule.constants

    def before(self) -> Iterator[Update]:
        yield from self.rule.before()

    def lines(self, parameter: Quantity, gradient: sp.Symbol) -> Iterator[Update]:
        state, now, old = remembered("sum", parameter)
        yield state, total(old, gradient), f"all gradients of {parameter.name} up to now"
        yield from self.rule.lines(parameter, now)


def _update_of(asked: Question) -> str:
    """The line of an update: that of the parameter asked for, else the first."""
    quantity = asked.derivation[asked.quantity].quantity
    lines = new_values(asked.derivation)
    about = quantity.of.name if quantity.mark and quantity.of else quantity.name
    return lines[about].name if about in lines else next((step.name for step in lines.values()), asked.quantity)


def _differently(asked: Question, update: UpdateRule, detail: str = "") -> Elsewhere:
    same = type(update) is type(asked.problem.update)  # it remembers the same things
    other = asked.of(asked.problem.replace(update=update, state=asked.problem.state if same else {}))
    if other.quantity in other.derivation.by_name:  # else it is something that this rule does not remember
        yield detail, other, _update_of(asked)


@procedure(
    "does not set the gradient back to zero",
    "add each gradient to those of the earlier updates",
    "set the gradient back to zero before each update",
    rank=1,
)
def gradient_kept(asked: Question) -> Elsewhere:
    """The gradients of all updates up to now add up."""
    if asked.made > 1 and not asked.problem.state:
        yield from _differently(asked, Unreset(rule=asked.problem.update))


@procedure(
    "uses momentum",
    "add a momentum of 0.9",
    "this update uses the gradient only",
)
def momentum_added(asked: Question) -> Elsewhere:
    """Momentum, where plain descent is asked."""
    if asked.made > 1 and isinstance(asked.problem.update, GradientDescent):
        yield from _differently(asked, Momentum(0.9, weight_decay=asked.problem.update.weight_decay))


@procedure(
    "updates by plain gradient descent",
    "subtract the learning rate times the gradient",
    "this problem has another update rule",
    rank=1,
)
def plain_descent(asked: Question) -> Elsewhere:
    """Plain descent, where the problem has another rule."""
    rule = asked.problem.update
    if asked.made and not isinstance(rule, GradientDescent):
        if rule.weight_decay:
            yield from _differently(asked, GradientDescent(), "without the weight decay too")
        yield from _differently(asked, GradientDescent(weight_decay=rule.weight_decay))


@procedure(
    "takes one minus beta for beta",
    "use 1 − β instead of β",
    "β multiplies what the rule remembers",
)
def betas_swapped(asked: Question) -> Elsewhere:
    """1 - beta, wherever the rule has beta."""
    rule = asked.problem.update
    betas = [name for name in rule.constants if name.startswith(("beta", "rho"))]
    turned = {name: 1 - rule.constants[name] for name in betas}
    if asked.made and betas and max(turned.values()) < 1:
        yield from _differently(asked, type(rule)(**{**rule.constants, **turned}))


@procedure(
    "swaps the two betas",
    "exchange β₁ and β₂",
    "β₁ belongs to the gradient and β₂ to its square",
)
def betas_exchanged(asked: Question) -> Elsewhere:
    """Each of Adam's two numbers instead of the other."""
    rule = asked.problem.update
    betas = [name for name in rule.constants if name.startswith(("beta", "rho"))]
    if asked.made and len(betas) == 2:
        other = dict(zip(betas, (rule.constants[name] for name in reversed(betas))))
        yield from _differently(asked, type(rule)(**{**rule.constants, **other}))


@procedure(
    "forgets the weight decay",
    "leave out the weight decay",
    "this update adds a share of each weight to its gradient",
    rank=1,
)
def decay_forgotten(asked: Question) -> Elsewhere:
    """No weight decay, where the rule has it."""
    rule = asked.problem.update
    if asked.made and rule.weight_decay:
        yield from _differently(asked, type(rule)(**{**rule.constants, "weight_decay": 0.0}))


@procedure(
    "updates after each sample",
    "update after each sample",
    "this problem makes one update from the whole batch",
    rank=1,
)
def each_sample(asked: Question) -> Elsewhere:
    """An update after each sample, where the batch makes one."""
    problem = asked.problem
    if asked.made and problem.is_batch and problem.batch != "each":
        other = asked.of(problem.replace(batch="each"), len(problem.inputs))
        if asked.updates and problem.batch == "sum":  # the loss stays a sum
            learnt = other.problem.updated(other.updates).parameters
            other = Question(problem.replace(parameters=learnt, state={}), asked.quantity)
        yield "", other, _update_of(asked)
        if problem.batch == "mean":
            n = len(problem.inputs)
            share = problem.replace(batch="each", learning_rate=problem.learning_rate / n)
            yield "each by its share of the mean", asked.of(share, n), _update_of(asked)


@procedure(
    "updates with the whole batch",
    "make one update from the whole batch",
    "this problem updates after each sample",
    rank=1,
)
def whole_batch(asked: Question) -> Elsewhere:
    """One update from the whole batch, where each sample makes one."""
    problem = asked.problem
    if asked.updates and problem.is_batch and problem.batch == "each":
        for batch in ("mean", "sum"):
            yield f"with the {batch} of the gradients", asked.of(problem.replace(batch=batch)), _update_of(asked)


@procedure(
    "compares each output with each target",
    "compare each output with the targets of all samples",
    "arrays of the shapes (n,) and (n, 1) give all pairs, but each output has only one target",
)
def every_pair(asked: Question) -> Elsewhere:
    """An array (n,) against one (n, 1): each sample's output meets each sample's target."""
    problem, step = asked.problem, asked.derivation[asked.quantity]
    if problem.is_batch and problem.batch != "each" and len(problem.network.targets) == 1:
        n = len(problem.inputs)
        everywhere = problem.replace(
            inputs=np.repeat(problem.inputs, n, axis=0), targets=np.tile(problem.targets, (n, 1))
        )
        error = next((one.name for one in asked.derivation if one.quantity.tag == "error"), step.name)
        yield "", asked.of(everywhere), error
        if asked.updates and step.quantity.tag == "total":
            trained = everywhere.replace(parameters=problem.updated(asked.updates).parameters)
            yield "in the loss only", Question(trained, asked.quantity), error


@procedure(
    "loses a minus sign",
    "lose a minus sign",
    "a negative number keeps its sign when it is put in",
    rank=1,
)
def minus_lost(asked: Question) -> Elsewhere:
    """A negative parameter or input, put in without its sign; of few of them, as people do it by hand."""
    problem, derivation = asked.problem, asked.derivation
    if asked.updates or problem.is_batch or asked.quantity not in derivation:
        return
    used: dict[str, str] = {}  # the first line that each is put into
    for step in derivation.toward(asked.quantity):
        for name in names_in(step.rhs):
            used.setdefault(name, step.name)
    put_in = (*problem.parameters, *problem.network.inputs)
    negative = [name for name in put_in if name in used and problem.givens[name] < 0]
    for name in negative if len(negative) <= MOST_PUT_IN else ():
        value = problem.givens[name]
        yield f"{name} is {value:.6g}", Question(problem.replace(**{name: -value}), asked.quantity), used[name]


@procedure(
    "gives each neuron a bias of its own",
    "give each neuron a bias of its own",
    "the neurons of a layer share one bias, and its derivative is the sum of their deltas",
)
def own_biases(asked: Question) -> Elsewhere:
    """A bias for each neuron, updated by the neuron's own delta, where a layer shares one."""
    problem, network = asked.problem, asked.problem.network
    shared = next((name for name, fed in network.biases.items() if len(fed) > 1), None)
    if asked.updates and network.bias == "layer" and shared:
        split: Problem = problem.with_biases("neuron")
        if asked.quantity in split.derivation:  # else it is about a shared bias, which is then none
            yield "", asked.of(split), asked.derivation.target(shared).name
