"""What the numbers of a run show, whatever was typed: dead ReLUs, saturated or equal neurons, a loss that grows.

How such a run is recognised stands in ``bpkit.core.troubles``; here it is asked up to the quantity in question, and
said in a sentence or two where that quantity depends on it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import cached_property, lru_cache
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np

from bpkit.core.architecture import Architecture
from bpkit.core.derivation import derive
from bpkit.core.functions import Activation
from bpkit.core.network import Network
from bpkit.core.numeric import Values, evaluate
from bpkit.core.problem import Problem
from bpkit.core.quantities import Quantity, Role
from bpkit.core.spelling import typeset
from bpkit.core.train import Trace, train
from bpkit.core.troubles import WEAK, alike, flat_ends, grows, solved
from bpkit.mistakes.misconceptions.whereabouts import ends, uses
from bpkit.mistakes.question import PAIRS_UP_TO, SIDE_BY_SIDE, Question
from bpkit.mistakes.typed_number import TELLING_DIGITS, Figure
from bpkit.mistakes.variants import values

if TYPE_CHECKING:
    from bpkit.mistakes.evidence import Case
    from bpkit.mistakes.verdict import Diagnosis

FADED = 1e-4  # of an activation's largest slope: below it a neuron is saturated
MOST_SAID = 2  # sentences
MOST_NAMED = 4  # neurons by name; more of them are counted
USUAL_RATES = (0.5, 0.1, 1.0, 0.01, 0.05, 0.2, 2.0, 5.0, 10.0)
FAR = (1.0, 10.0, 100.0)  # times a hundred usual steps: what all of these lead to, any overshoot leads to
ANYWHERE = "Any step that is too large leads to this number."


def shown(asked: Question, figure: Figure | None = None) -> str:
    """What the run up to a quantity shows, in at most two sentences; '' where nothing is to be said.

    With a ``figure`` to which any overshoot leads, it is what such a run shows.
    """
    if figure and overshoots(asked, figure):
        return " ".join([*_said(_far(asked, FAR[0]))[:1], ANYWHERE])
    return " ".join(_said(asked))


def another_run(case: Case) -> Diagnosis | None:
    """The right number of a run with another usual learning rate, or with one update more or less than asked for.

    Of four digits these are the likeliest explanation; with more none other is as good.
    """
    asked, figure, own = case.asked, case.figure, case.asked.problem.learning_rate
    if not 0 < asked.updates <= PAIRS_UP_TO or figure.digits < TELLING_DIGITS:
        return None
    counts = [asked.updates - 1, asked.updates + 1]
    runs = [*((own, count) for count in counts), *((rate, asked.updates) for rate in USUAL_RATES if rate != own)]
    if figure.digits > TELLING_DIGITS:  # a run that is wrong in both is too far away for four digits
        runs += [(rate, count) for count in (counts[1], counts[0]) for rate in USUAL_RATES if rate != own]
    for rate, updates in runs:
        other = replace(asked, problem=asked.problem.replace(learning_rate=rate), updates=updates)
        if figure.rounds(float(values(other, "true")[0])):
            made, wanted = (f"{n or 'no'} update{'s' * (n != 1)}" for n in (updates, asked.updates))
            with_, asks = (f" with a learning rate of {rate:g}", f" with {own:g}") if rate != own else ("", "")
            far = ", as far as four digits can show" if figure.digits == TELLING_DIGITS else ""
            said = f"Not right. You get this after {made}{with_}{far}. The question asks for {wanted}{asks}."
            return case.verdict("unknown", said.replace("-", "−"), sure=False)
    return None


def overshoots(asked: Question, figure: Figure) -> bool:
    """Is a figure one to which any overshoot leads, so that it tells no mistake with too large a step from another?

    So it is where all neurons are dead or saturated after a step that is too large, whatever its size.
    """
    if not 0 < asked.updates <= SIDE_BY_SIDE or figure.rounds(_number(asked)):
        return False
    return all(figure.rounds(_number(_far(asked, times))) for times in FAR)


def _far(asked: Question, times: float) -> Question:
    """The same question with steps far too large."""
    rate = max(1.0, 100 * abs(asked.problem.learning_rate)) * times
    return Question(asked.problem.replace(learning_rate=rate), asked.quantity, asked.updates)


@lru_cache(maxsize=256)
def _number(asked: Question) -> float:
    """The right number; nan where the run leaves the floats."""
    trace = train(asked.problem, asked.updates)
    return float("nan") if trace.diverged_at is not None else float(evaluate(trace.final)[asked.quantity])


@lru_cache(maxsize=256)
def _said(asked: Question) -> tuple[str, ...]:
    if not asked.problem.parameters:
        return ()  # nothing learns
    trace = train(asked.problem, asked.updates)
    if trace.diverged_at is not None:
        return ()  # the run itself says so
    run, names = _Run(asked, trace), asked.derivation.quantities
    found = (sentence for look in _LOOKS for sentence in look(run))
    return tuple(typeset(sentence, names) for sentence in islice(found, MOST_SAID))


class _Run:
    """A run up to the quantity asked, and what that quantity has to do with its neurons."""

    def __init__(self, asked: Question, trace: Trace) -> None:
        self.asked, self.trace = asked, trace
        self.network: Architecture = asked.problem.network

    @cached_property
    def values(self) -> Values:
        """Every number of the pass that the quantity belongs to."""
        return evaluate(self.trace.final if self.asked.updates else self.asked.problem)

    @cached_property
    def flat(self) -> dict[tuple[int, str], list[str]]:
        """The neurons at the end of the run that are dead or saturated, by layer and kind; none once it is solved."""
        if solved(self.trace, float(self.trace.loss[-1])):
            return {}
        least = [FADED * steepest(function) for function in self.network.activations]
        found = flat_ends(self.trace, slice(-1, None), least).items()
        return {key: [self.network.layers[key[0]][j] for j in np.flatnonzero(flags[:, 0])] for key, flags in found}

    def of(self, kind: str) -> Iterator[tuple[int, list[str]]]:
        """The layers with such neurons, and these."""
        return ((layer, some) for (layer, one), some in self.flat.items() if one == kind and some)

    def where(self, layer: int) -> str:
        """The name of a layer in a sentence."""
        if layer == len(self.network.layers) - 1:
            return "the output layer"
        return f"hidden layer {layer}" if len(self.network.layers) > 3 else "the hidden layer"

    def neurons(self, some: Sequence[str]) -> str:
        """Neurons by name, only counted where they are many."""
        if len(some) > MOST_NAMED:
            layer = next(number for number, row in enumerate(self.network.layers) if some[0] in row)
            return f"{len(some)} neurons of {self.where(layer)}"
        *most, last = some
        return f"{', '.join(most)} and {last}" if most else last

    @cached_property
    def used(self) -> tuple[frozenset[str], frozenset[str]]:
        """The neurons whose output the quantity depends on, and those on whose slope it does; after updates all."""
        lines, outs, slopes = self.asked.derivation, set(), set()
        for step in lines if self.asked.updates else lines.toward(self.asked.quantity):
            quantity = step.quantity
            if step.role is Role.FORWARD and quantity.tag == "out":
                outs.add(quantity.neuron)
            elif step.role is Role.SLOPE and quantity.by and quantity.by.tag == "net":
                slopes.add(quantity.by.neuron)
        return frozenset(outs), frozenset(slopes)

    @cached_property
    def own(self) -> frozenset[str]:
        """The neurons that the quantity itself is about: both ends of a weight's derivative or new value."""
        step = self.asked.derivation[self.asked.quantity]
        if step.role is Role.FORWARD:
            return frozenset()
        subject, known = _subject(step.quantity), self.asked.derivation.quantities
        slopes = uses(self.asked.derivation, subject) if subject.name in self.network.parameters else []
        signals = (known[one.rhs.name].neuron for one in slopes if one.rhs.is_Symbol)
        return frozenset([*(ends(one)[0].neuron for one in slopes), *signals] or [subject.neuron])

    def still(self, *tags: str) -> bool:
        """Is the derivative with respect to every parameter of these kinds that learns exactly 0?"""
        learning = (step for step in self.asked.derivation if step.role is Role.GRADIENT and step.quantity.tag in tags)
        return not any(self.values[step.name] for step in learning)

    @property
    def slope(self) -> float:
        """The derivative that the quantity is, or that its new value goes by; 1 for any other."""
        step = self.asked.derivation[self.asked.quantity]
        if step.role is Role.FORWARD:
            return 1.0
        name = f"dE/d{_subject(step.quantity).name}" if step.role is Role.UPDATE else step.name
        return float(np.max(np.abs(self.values.get(name, 1.0))))


def _subject(quantity: Quantity) -> Quantity:
    """What a derivative is with respect to; the parameter of a new value, or of what an update remembers."""
    return (quantity.by or quantity).subject


@lru_cache(maxsize=64)
def steepest(function: Activation) -> float:
    """The largest slope of an activation, where nets are usual: measured, so that an own one has its own.

    >>> steepest(Network(1, 1).activations[0]), steepest(Network(1, 1, activation="tanh").activations[0])
    (0.25, 1.0)
    """
    nets = np.linspace(-8, 8, 161)[:, None]
    two = Network(1, 2, activation=function, loss="output", bias="none")  # a softmax of one output has no slope
    problem = Problem(two, dict(zip(two.parameters, (1.0, 0.0))), nets)
    name = f"dout_{two.outputs[0]}/dnet_{two.outputs[0]}"
    slopes = np.abs(evaluate(problem)[name] if name in derive(two) else np.zeros(1))
    return float(slopes[np.isfinite(slopes)].max(initial=0.0))


def _growing(run: _Run) -> Iterator[str]:
    for _ in grows(run.trace):
        negative = run.asked.problem.learning_rate < 0
        yield f"The learning rate is {'negative' if negative else 'too large'}: the loss grows."


def _dead_layers(run: _Run) -> Iterator[str]:
    """The first layer without any ReLU that is on, which makes the outputs what they are."""
    for layer, some in run.of("dead"):
        if len(some) < len(run.network.layers[layer]) or run.used[0].isdisjoint(some):
            continue
        outputs = [run.values[f"out_{neuron}"] for neuron in run.network.outputs]
        whole = run.still("weight")
        whose = "nothing" if whole and _biases_still(run) else "no weight" + " up to this layer" * (not whole)
        dead = f"all ReLUs of {run.where(layer)} are dead" if some[1:] else f"{some[0]} is dead"
        start = "" if np.any(outputs) else "Every output is 0: "
        yield _capital(f"{start}{dead}, so {whose} can learn now.")
        return


def _capital(sentence: str) -> str:
    """A sentence with a capital, unless a neuron begins it."""
    return sentence[0].upper() + sentence[1:] if sentence.startswith("all ") else sentence


def _biases_still(run: _Run) -> bool:
    return not run.asked.problem.train_biases or run.still("bias")


def _dead_neurons(run: _Run) -> Iterator[str]:
    """A ReLU that is off for all samples, where that is why the derivative asked is 0."""
    if run.slope:
        return
    whole = {neuron for layer, some in run.of("dead") for neuron in some if set(some) == {*run.network.layers[layer]}}
    for _, some in run.of("dead"):
        for neuron in some:
            asks = neuron not in run.network.outputs or np.abs(run.values[f"dE/dout_{neuron}"]).max() > WEAK
            if neuron in run.own - whole and asks:
                each = " for every sample" if run.asked.problem.is_batch else ""
                yield f"{neuron} is dead: its output is 0{each}, so its weights do not learn."


def _saturated(run: _Run) -> Iterator[str]:
    for _, some in run.of("saturated"):
        if those := [neuron for neuron in some if neuron in run.used[1]]:
            verb, slopes = ("is", "its slope is") if len(those) == 1 else ("are", "their slopes are")
            yield f"{run.neurons(those)} {verb} saturated: {slopes} almost 0."


def _equal(run: _Run) -> Iterator[str]:
    for update, _, some in alike(run.trace):
        if run.asked.updates or not run.own.isdisjoint(some):
            yield f"{run.neurons(some)} {'have become' if update else 'start'} alike and stay alike."


_LOOKS: tuple[Callable[[_Run], Iterator[str]], ...] = (_dead_layers, _growing, _saturated, _dead_neurons, _equal)
