"""What questions with answers to choose share: options in the order of the seed, and quantities and lines in words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any

import numpy as np

from bpkit.core.chain_rule import Step
from bpkit.core.derivation import Derivation, derive
from bpkit.core.expressions import names_in
from bpkit.core.network import Network
from bpkit.core.quantities import Quantity, Role
from bpkit.core.spelling import expr_latex, number, readable, typeset
from bpkit.exercises.questions.parts import ExactPart, Wrong
from bpkit.exercises.questions.words import in_words, layers, table, ways

Networks = Mapping[str, tuple[Network, ...]]

TOPIC = "concepts"
MOST = 8  # options of a part


def shuffle(rng: np.random.Generator) -> list[int]:
    """The order in which a task shows its options: plain numbers, so that it can be kept.

    >>> sorted(shuffle(np.random.default_rng(7)))
    [0, 1, 2, 3, 4, 5, 6, 7]
    """
    return [int(place) for place in rng.permutation(MOST)]


def one_of(
    asks: str,
    right: str,
    wrong: Iterable[Wrong],
    order: Sequence[int] = (),
    reader: str = "word",
    hints: tuple[str, ...] = (),
) -> ExactPart:
    """A part whose answer is chosen: the right one and the wrong ones, shuffled, or sorted where no order is given.

    >>> one_of("Does w5 go up or down?", "down", [Wrong("adds the gradient", "subtract it", "up")]).options
    ('down', 'up')
    """
    known = tuple(one for one in wrong if one.answer != right)
    found = [*dict.fromkeys([right, *(one.answer for one in known)])]
    if order:
        found = [found[place] for place in order if place < len(found)]
    else:
        found.sort()
    return ExactPart(asks, right, reader, tuple(found), known=known, hints=hints)


def count(asks: str, right: int, wrong: Iterable[Wrong], hints: tuple[str, ...] = (), look: str = "") -> ExactPart:
    """A part whose answer is a whole number; ``look`` is what to look at where nothing explains a wrong one.

    >>> count("How many paths lead from w1 to E?", 2, [Wrong("follows only one path", "", 1)]).judge(1).misconceptions
    ('follows only one path',)
    """
    known = {one.answer: one for one in reversed(list(wrong)) if one.answer != right}
    return ExactPart(asks, right, "whole", known=tuple(reversed(known.values())), hints=hints, look=look)


_WORDS = {"net": "the net input of {}", "out": "the output of {}", "error": "the error of {}"}


def in_prose(quantity: Quantity, names: Mapping[str, Quantity]) -> str:
    """A quantity as a sentence has it: the net input of o1, the loss E, ∂E/∂w₅.

    >>> lines = derive(Network(1, 1))
    >>> [in_prose(lines[name].quantity, lines.quantities) for name in ("net_o1", "E_total", "dE/dw1")]
    ['the net input of o1', 'the loss E', '∂E/∂w₁']
    """
    if quantity.role is Role.FORWARD and quantity.tag in _WORDS:
        return _WORDS[quantity.tag].format(quantity.neuron)
    return "the loss E" if quantity.tag == "total" else typeset(quantity.name, names)


def line(step: Step, names: Mapping[str, Quantity]) -> str:
    r"""A line of a derivation as a formula in the text.

    >>> step = derive(Network(1, 1, bias="none"))["net_o1"]
    >>> print(line(step, step.names))
    $\mathit{net}_{o1} = w_{1} \cdot x_{1}$
    """
    return f"${step.quantity.latex} = {expr_latex(step.rhs, names)}$"


def lines(derivation: Derivation, steps: Iterable[Step]) -> str:
    """Some lines of a derivation with their reasons, numbered 1, 2, 3, .."""
    shown = tuple(replace(step, number=number, uses=()) for number, step in enumerate(steps, 1))
    return replace(derivation, steps=shown, of_inputs=())._repr_latex_()


def numbers(places: Iterable[int]) -> str:
    """Numbers of lines as an option: lines 4 and 7 to 9.

    >>> numbers([9, 4, 7, 8]), numbers([4])
    ('lines 4 and 7 to 9', 'line 4')
    """
    runs: list[list[int]] = []
    for place in sorted(places):
        if runs and place == runs[-1][-1] + 1:
            runs[-1].append(place)
        else:
            runs.append([place])
    said = [one for run in runs for one in ([f"{run[0]} to {run[-1]}"] if len(run) > 2 else map(str, run))]
    return f"line{'s' * (sum(map(len, runs)) > 1)} {in_words(said)}"


def described(network: Network) -> str:
    """Layers, activations and which weight joins which neurons, in three sentences.

    >>> described(Network(1, 1))
    'A network of 1 input and 1 output. Activation: sigmoid. The weights: $w_{1}$ x₁→o1.'
    """
    kinds = [one.written for one in network.activations]
    activation = in_words([f"{kind} in layer {place}" for place, kind in enumerate(kinds, 1)])
    said = kinds[0] if len(set(kinds)) == 1 else activation
    return f"{layers(network)} Activation: {said}. The weights: {ways(network)}."


def numeric(right: float, wrong: Sequence[Wrong]) -> tuple[str, list[Wrong]]:
    return readable(number(right)), [Wrong(one.name, one.sentence, readable(number(one.answer))) for one in wrong]


def is_short(value: float) -> bool:
    """Has a number at most two digits? Longer ones may be answers to other questions of a sheet.

    >>> is_short(0.25), is_short(0.233)
    (True, False)
    """
    return float(f"{value:.1e}") == float(f"{value:.9g}")


def by(step: Step) -> Quantity:
    """What a derivative is taken with respect to.

    >>> by(derive(Network(1, 1))["dE/dw1"]).name
    'w1'
    """
    return step.quantity.by or step.quantity


@lru_cache(maxsize=128)
def brief(network: Network, wanted: tuple[str, ...]) -> tuple[Step, ...]:
    """The lines toward some quantities without mere copies, numbered 1, 2, 3, ..

    A derivative that only repeats another is left out, and a slope that is a weight or a signal stands in the line that
    uses it. Where the errors are not shown, one output's error is the loss.
    """
    derivation = derive(network)
    names, on_the_way = derivation.quantities, {step.name for name in wanted for step in derivation.toward(name)}
    found: list[Step] = []
    put: dict[Any, Any] = {}
    for step in (one for one in derivation if one.name in on_the_way):
        rhs = step.rhs.xreplace(put)
        if rhs.is_Symbol and step.role is Role.SLOPE:
            put[step.lhs] = rhs
        elif rhs.is_Symbol and step.role is Role.ADJOINT:  # what was repeated goes by the new name from here on
            put[rhs] = step.lhs
            found = [replace(one, quantity=step.quantity) if one.lhs == rhs else one for one in found]
        else:
            found.append(replace(step, rhs=rhs))
    if "E_total" not in wanted and network.sizes[-1] == 1:
        whole = {one.lhs: names[f"dE_total/d{one.quantity.by.name}"] for one in found if one.quantity.by}
        whole = {old: new for old, new in whole.items() if str(old).startswith("dE_") and new.symbol != old}
        put |= {old: new.symbol for old, new in whole.items()}
        found = [replace(one, quantity=whole.get(one.lhs, one.quantity)) for one in found]
    found = [replace(one, rhs=one.rhs.xreplace(put)) for one in found]
    place = {one.name: number for number, one in enumerate(found, 1)}
    used = [tuple(sorted(place[name] for name in names_in(one.rhs) if name in place)) for one in found]
    return tuple(replace(one, number=place[one.name], uses=uses) for one, uses in zip(found, used))


def rows(steps: Sequence[Step]) -> str:
    return table(["line", "formula"], [[str(step.number), line(step, step.names)] for step in steps])
