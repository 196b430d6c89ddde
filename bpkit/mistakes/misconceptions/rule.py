"""What a misconception is on any network, and where it happens: layers, their lines, the order of weights."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum

from bpkit.core.chain_rule import Step
from bpkit.core.derivation import Derivation
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

    ``rank`` is 1 for what everybody does sooner or later, 2 for what is met, 3 for what is far-fetched. ``convention``
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


def places(network: Network, first: int = 1, last: int | None = None) -> Iterator[tuple[str, range]]:
    """All layers from ``first`` to ``last`` together, then each one alone, with words for where."""
    end = len(network.layers) - 1
    last = end if last is None else last
    if last > first:
        yield "", range(first, last + 1)
    if first == 1 and last == end > 2:
        yield "in the hidden layers", range(1, end)
    for depth in range(last, first - 1, -1):
        hidden = "in the hidden layer" if end == 2 else f"in hidden layer {depth}"
        yield "in the output layer" if depth == end else hidden, range(depth, depth + 1)


def at(derivation: Derivation, role: Role, tag: str, layers: range | None = None, of: str | None = None) -> list[Step]:
    """The lines of a role, in some layers: forward lines by their tag, derivatives by the tags of what they are taken
    by and, where that is asked, ``of``.
    """
    lines = (step for step in derivation if step.role is role and step.quantity.tag == tag)
    chosen = (step for step in lines if layers is None or step.quantity.block in layers)
    return [step for step in chosen if of is None or ends(step)[0].tag == of]


def ends(step: Step) -> tuple[Quantity, Quantity]:
    """What a derivative is taken of, and by what."""
    quantity = step.quantity
    return quantity.of or quantity, quantity.by or quantity


def slopes_of_loss(derivation: Derivation) -> list[Step]:
    """The slopes of the errors in the outputs."""
    return at(derivation, Role.SLOPE, "out", of="error")


def new_values(derivation: Derivation) -> dict[str, Step]:
    """The lines that make the new value of each parameter."""
    return {ends(step)[0].name: step for step in derivation if step.quantity.mark}


def gradients(derivation: Derivation) -> dict[str, Step]:
    """The lines with the derivative with respect to each parameter."""
    return {ends(step)[1].name: step for step in derivation if step.role is Role.GRADIENT}


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
