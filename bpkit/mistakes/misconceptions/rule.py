"""What a misconception is on any network, and where it happens: layers, their lines, the order of weights."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache

import sympy as sp

from bpkit.core.chain_rule import Step
from bpkit.core.derivation import Derivation
from bpkit.core.expressions import names_in
from bpkit.core.network import Edge, Network, natural
from bpkit.core.quantities import Quantity, Role
from bpkit.mistakes.question import Question
from bpkit.mistakes.rewrite import Edit

Shapes = Iterator[tuple[str, dict[str, Edit]]]


class Shows(Enum):
    """Where a misconception shows: in all that follows from it, in the answer alone, only behind updates or samples."""

    EVERYWHERE = "everywhere"
    ANSWER = "answer"  # the right number of something that was not asked
    TRAINING = "training"  # before an update it is nothing else than another mistake
    BATCH = "batch"  # of one sample it makes nothing


@dataclass(frozen=True)
class Rule:
    """A mistake on any network: its stable ``name``, what ``you`` do in it ("you get this if you .."), a ``sentence``
    that says why it is one, and the ``shapes`` that it comes in on a derivation: a word on where it happens, and the
    edits by line.

    ``rank`` is 1 for what most people do sooner or later, 2 for what is met, 3 for what is far-fetched. ``convention``
    is a whole sentence on where others do so rightly.
    """

    name: str
    you: str
    sentence: str
    shapes: Callable[[Derivation], Shapes]
    rank: int = 2
    shows: Shows = Shows.EVERYWHERE
    convention: str = ""

    def __call__(self, derivation: Derivation) -> Shapes:
        return self.shapes(derivation)


@dataclass(frozen=True)
class Procedure:
    """A mistake in the way to the number, whose every line is right, on another problem: ``elsewhere`` finds what is
    asked there, a word on it, and the line to look at.
    """

    name: str
    you: str
    sentence: str
    elsewhere: Callable[[Question], Iterator[tuple[str, Question, str]]]
    rank: int = 2


def procedure(
    name: str, you: str, sentence: str, *, rank: int = 2
) -> Callable[[Callable[[Question], Iterator[tuple[str, Question, str]]]], Procedure]:
    """Give a function that finds what is asked on another problem its words."""
    return lambda elsewhere: Procedure(name, you, sentence, elsewhere, rank)


def misconception(
    name: str,
    you: str,
    sentence: str,
    *,
    rank: int = 2,
    shows: Shows = Shows.EVERYWHERE,
    convention: str = "",
) -> Callable[[Callable[[Derivation], Shapes]], Rule]:
    """Give a function that yields the shapes of a mistake its words."""
    return lambda shapes: Rule(name, you, sentence, shapes, rank, shows, convention)


def places(d: Derivation, first: int = 1, last: int | None = None) -> Iterator[tuple[str, range]]:
    """All blocks from ``first`` to ``last`` together, then each one alone, with words for where."""
    end = last_block(d)
    last = end if last is None else last
    if last > first:
        yield "", range(first, last + 1)
    if first == 1 and last == end > 2:
        yield "in the hidden layers", range(1, end)
    for depth in range(last, first - 1, -1):
        yield f"in {layer(d, depth)}", range(depth, depth + 1)


def layer(d: Derivation, depth: int) -> str:
    """A block in words."""
    end = last_block(d)
    hidden = "the hidden layer" if end == 2 else f"hidden layer {depth}"
    return "the output layer" if depth == end else hidden


def at(derivation: Derivation, role: Role, tag: str, layers: range | None = None, of: str | None = None) -> list[Step]:
    """The lines of a role, in some layers: forward lines by their tag, derivatives by the tags of the quantities
    that they are taken with respect to and, where that is asked, ``of``.
    """
    lines = (step for step in derivation if step.role is role and step.quantity.tag == tag)
    chosen = (step for step in lines if layers is None or step.quantity.block in layers)
    return [step for step in chosen if of is None or ends(step)[0].tag == of]


def ends(step: Step) -> tuple[Quantity, Quantity]:
    """The quantity that a derivative is of, and the one that it is with respect to."""
    quantity = step.quantity
    return quantity.of or quantity, quantity.by or quantity


def slopes_of_loss(derivation: Derivation) -> list[Step]:
    """The slopes of the errors with respect to the outputs."""
    return at(derivation, Role.SLOPE, "out", of="error")


def new_values(derivation: Derivation) -> dict[str, Step]:
    """The lines that make the new value of each parameter."""
    return {ends(step)[0].name: step for step in derivation if step.quantity.mark}


def parameters(derivation: Derivation) -> list[Quantity]:
    """The weights and biases, in their order."""
    return [ends(step)[0] for step in new_values(derivation).values()]


def gradients(derivation: Derivation) -> dict[str, Step]:
    """The lines with the derivative with respect to each parameter."""
    return {ends(step)[1].name: step for step in derivation if step.role is Role.GRADIENT}


def given(derivation: Derivation, tag: str) -> list[str]:
    """The names of what a problem gives of one kind: inputs or targets."""
    return [one.name for one in derivation.quantities.values() if one.tag == tag and one.role is Role.GIVEN]


@lru_cache(maxsize=128)
def last_block(derivation: Derivation) -> int:
    """The number of the block that the outputs belong to."""
    return max((step.quantity.block for step in at(derivation, Role.FORWARD, "out")), default=0)


def row(derivation: Derivation, block: int, tag: str = "net") -> list[Quantity]:
    """What a block computes of one kind, in its order."""
    return [step.quantity for step in at(derivation, Role.FORWARD, tag, range(block, block + 1))]


@lru_cache(maxsize=128)
def _derivatives(derivation: Derivation) -> Mapping[tuple[str, str], Step]:
    return {(ends(step)[0].name, ends(step)[1].name): step for step in derivation if step.quantity.by}


def derivative(derivation: Derivation, of: Quantity, by: Quantity) -> Step | None:
    """The line with the derivative of one quantity with respect to another."""
    return _derivatives(derivation).get((of.name, by.name))


def adjoint(derivation: Derivation, by: Quantity) -> Step | None:
    """The line with the derivative of the loss with respect to a quantity."""
    (whole,) = at(derivation, Role.FORWARD, "total")
    return derivative(derivation, whole.quantity, by)


@lru_cache(maxsize=128)
def _neurons(derivation: Derivation) -> Mapping[tuple[str, str], Quantity]:
    return {(s.quantity.tag, s.quantity.neuron): s.quantity for s in derivation if s.role is Role.FORWARD}


def beside(derivation: Derivation, quantity: Quantity, tag: str) -> Quantity | None:
    """What is computed at the same neuron: its output beside its net input, its error beside its output."""
    return _neurons(derivation).get((tag, quantity.neuron))


def own_slope(derivation: Derivation, net: Quantity) -> Step | None:
    """The slope of a neuron's own output with respect to its net input."""
    out = beside(derivation, net, "out")
    return derivative(derivation, out, net) if out else None


def fed(derivation: Derivation, parameter: Quantity) -> list[Quantity]:
    """The net inputs that use a parameter."""
    slopes = at(derivation, Role.SLOPE, parameter.tag, of="net")
    return [ends(step)[0] for step in slopes if ends(step)[1].name == parameter.name]


def weighted(derivation: Derivation, net: Quantity) -> list[Step]:
    """The slopes of a net input with respect to its weights, term by term: the signals that those multiply."""
    found = {ends(s)[1].name: s for s in at(derivation, Role.SLOPE, "weight") if ends(s)[0].name == net.name}
    terms = derivation[net.name].rhs.args
    return [found[name] for term in terms for name in sorted(names_in(term)) if name in found]


def shared_deltas(derivation: Derivation) -> Iterator[tuple[Step, list[sp.Symbol]]]:
    """The gradient of each bias that feeds a part of its layer only, and the deltas of the whole layer."""
    for step in at(derivation, Role.GRADIENT, "bias"):
        nets = row(derivation, step.quantity.block)
        if len(fed(derivation, ends(step)[1])) < len(nets):
            yield step, [delta.lhs for net in nets if (delta := adjoint(derivation, net))]


def bias_in(derivation: Derivation, step: Step) -> str | None:
    """The bias that a line adds."""
    names = derivation.quantities
    return next((name for name in sorted(names_in(step.rhs)) if names[name].tag == "bias"), None)


def joint(derivation: Derivation) -> bool:
    """Does each net input of the last block move every output, as with softmax?"""
    slopes = at(derivation, Role.SLOPE, "net", range(last_block(derivation), last_block(derivation) + 1), of="out")
    return any(ends(step)[0].neuron != ends(step)[1].neuron for step in slopes)


# Of a dense network's table of weights alone


def signal(network: Network, neuron: str) -> str:
    """What a neuron passes on."""
    return neuron if neuron in network.inputs else f"out_{neuron}"


def placed(network: Network, layer: int, transposed: bool) -> Mapping[Edge, str]:
    """The weights into a layer laid down in another order: transposed, or by their numbers."""
    before, after = network.layers[layer - 1], network.layers[layer]
    edges = [(source, target) for target in after for source in before]
    if not transposed:
        return dict(zip(edges, sorted((network.weight_of[edge] for edge in edges), key=natural)))
    turned = [(source, target) for source in before for target in after]
    return dict(zip(turned, (network.weight_of[edge] for edge in edges)))


def reshaped(network: Network, layer: int) -> Mapping[Edge, str]:
    """The weights into a layer, in a table with a row for each source, reshaped to one with a row for each target;
    nothing where that is the same as taking a table of targets for one of sources.
    """
    before, after = network.layers[layer - 1], network.layers[layer]
    if len(before) == len(after):
        return {}
    weights = (network.weight_of[source, target] for source in before for target in after)
    return dict(zip(((source, target) for target in after for source in before), weights))
