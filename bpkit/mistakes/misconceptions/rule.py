"""What a misconception is on any model, and where it happens: blocks, their lines, and what uses each quantity."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from itertools import combinations

import sympy as sp

from bpkit.core.architecture import Architecture
from bpkit.core.chain_rule import Step
from bpkit.core.derivation import Derivation, derive
from bpkit.core.expressions import Z, names_in, put
from bpkit.core.functions import Activation
from bpkit.core.network import Edge, Network, natural
from bpkit.core.problem import Problem
from bpkit.core.quantities import Quantity, Role
from bpkit.core.spelling import expr_text
from bpkit.mistakes.question import Question
from bpkit.mistakes.rewrite import Edit

Shapes = Iterator[tuple[str, dict[str, Edit]]]
Tags = str | tuple[str, ...]

PARAMETERS = ("weight", "bias", "gain", "row")
SUMS = ("net", "query", "key", "value")  # the tags of weighted sums
SIGNALS = ("out", "hidden", "mix", "shifted", "skip", "pool", "embedded")  # of what a neuron or a block passes on


class Shows(Enum):
    """Where a misconception shows: in all that follows from it, in the answer only, or only over updates or samples."""

    EVERYWHERE = "everywhere"
    ANSWER = "answer"  # the right number of something that was not asked
    TRAINING = "training"  # before an update it cannot be told from another mistake
    BATCH = "batch"  # with one sample it changes nothing


@dataclass(frozen=True)
class Rule:
    """A mistake on any network: its stable ``name``, what ``you`` do in it ("you get this if you .."), a ``sentence``
    that says why it is one, and the ``shapes`` that it comes in on a derivation: a word on where it happens, and the
    edits by line.

    ``rank`` is 1 for what most people do sooner or later, 2 for what some people do, 3 for what is far-fetched.
    ``convention`` is a whole sentence that says where this is right.
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

    def written(self, model: Architecture | Problem, line: str) -> str:
        """The right side of a line of a model, as the first shape that changes this line has it."""
        derivation = derive(model)
        right = derivation.by_name[line].rhs
        made = (edits[line](right) for _, edits in self(derivation) if line in edits)
        return expr_text(next(wrong for wrong in made if wrong != right))


@dataclass(frozen=True)
class Procedure:
    """A mistake whose lines are all right, but on another problem: ``elsewhere`` finds the question there, a word
    about it, and the line to look at.
    """

    name: str
    you: str
    sentence: str
    elsewhere: Callable[[Question], Iterator[tuple[str, Question, str]]]
    rank: int = 2


def procedure(
    name: str, you: str, sentence: str, *, rank: int = 2
) -> Callable[[Callable[[Question], Iterator[tuple[str, Question, str]]]], Procedure]:
    """Make a procedure of a function that finds the question on another problem, and of these words."""
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
    """Make a rule of a function that yields the shapes of a mistake, and of these words."""
    return lambda shapes: Rule(name, you, sentence, shapes, rank, shows, convention)


def places(d: Derivation, first: int = 1, last: int | None = None) -> Iterator[tuple[str, range]]:
    """All blocks from ``first`` to ``last`` together, then each alone, with words for where if there are several.

    >>> [where for where, blocks in places(derive(Network(1, 1, 1)))]
    ['', 'in the output layer', 'in the hidden layer']
    """
    end = last_block(d)
    last = end if last is None else last
    if last > first:
        yield "", range(first, last + 1)
    if first == 1 and last == end > 2:
        yield "in the hidden layers" if of_layers(d) else "before the output layer", range(1, end)
    for depth in range(last, first - 1, -1):
        yield f"in {layer(d, depth)}" if end > 1 else "", range(depth, depth + 1)


def layer(d: Derivation, depth: int) -> str:
    """The name of a layer or block in a sentence.

    >>> d = derive(Network(1, 1, 1))
    >>> layer(d, 1), layer(d, 2)
    ('the hidden layer', 'the output layer')
    """
    end = last_block(d)
    if depth == end:
        return "the output layer"
    if not of_layers(d):
        return f"block {depth}"
    return "the hidden layer" if end == 2 else f"hidden layer {depth}"


@lru_cache(maxsize=128)
def of_layers(derivation: Derivation) -> bool:
    """Is it made of layers of neurons only, so that no index counts anything else?

    >>> of_layers(derive(Network(1, 1)))
    True
    """
    return not any(one.axes for one in derivation.quantities.values())


@lru_cache(maxsize=128)
def _lines(derivation: Derivation) -> Mapping[tuple[Role, str], list[Step]]:
    found: dict[tuple[Role, str], list[Step]] = {}
    for step in derivation:
        found.setdefault((step.role, step.quantity.tag), []).append(step)
    return found


def at(
    derivation: Derivation, role: Role, tags: Tags, layers: range | None = None, of: Tags | None = None
) -> list[Step]:
    """The lines of a role, in some layers: forward lines whose quantity has one of the tags, or derivatives with
    respect to a quantity that has one; ``of`` are the tags that the differentiated quantity may have.

    >>> [step.name for step in at(derive(Network(2, 2, 2)), Role.FORWARD, "net")]
    ['net_h1', 'net_h2', 'net_o1', 'net_o2']
    """
    known, tags, of = _lines(derivation), _each(tags), _each(of)
    found = [step for tag in tags for step in known.get((role, tag), ())]
    found = found if len(tags) == 1 else sorted(found, key=lambda step: step.number)
    found = [step for step in found if layers is None or step.quantity.block in layers]
    return [step for step in found if not of or ends(step)[0].tag in of]


def _each(tags: Tags | None) -> tuple[str, ...]:
    return (tags,) if isinstance(tags, str) else tags or ()


def ends(step: Step) -> tuple[Quantity, Quantity]:
    """The quantity that a derivative is of, and the one that it is with respect to.

    >>> of, by = ends(derive(Network(1, 1))["dE/dw1"])
    >>> of.name, by.name
    ('E_total', 'w1')
    """
    quantity = step.quantity
    return quantity.of or quantity, quantity.by or quantity


@lru_cache(maxsize=128)
def slopes_of_loss(derivation: Derivation) -> tuple[Step, ...]:
    """The slopes of the errors with respect to the outputs.

    >>> [step.name for step in slopes_of_loss(derive(Network(1, 2)))]
    ['dE_o1/dout_o1', 'dE_o2/dout_o2']
    """
    slopes = (step for step in derivation if step.role is Role.SLOPE)
    return tuple(step for step in slopes if ends(step)[0].tag == "error")


def new_values(derivation: Derivation) -> dict[str, Step]:
    """The lines that make the new value of each parameter.

    >>> {name: step.name for name, step in new_values(derive(Network(1, 1))).items()}
    {'w1': 'w1_new', 'b1': 'b1_new'}
    """
    return {ends(step)[0].name: step for step in derivation if step.quantity.mark}


def parameters(derivation: Derivation) -> list[Quantity]:
    """The weights and biases, in their order.

    >>> [one.name for one in parameters(derive(Network(2, 1)))]
    ['w1', 'w2', 'b1']
    """
    return [ends(step)[0] for step in new_values(derivation).values()]


def gradients(derivation: Derivation) -> dict[str, Step]:
    """The lines with the derivative with respect to each parameter.

    >>> {name: step.name for name, step in gradients(derive(Network(1, 1))).items()}
    {'w1': 'dE_total/dw1', 'b1': 'dE_total/db1'}
    """
    return {ends(step)[1].name: step for step in derivation if step.role is Role.GRADIENT}


def neighbouring(derivation: Derivation, tag: str) -> Iterator[tuple[str, str]]:
    """Pairs of inputs or of targets: all pairs, but where they have two indices only neighbours.

    >>> list(neighbouring(derive(Network(3, 1)), "input"))
    [('x1', 'x2'), ('x1', 'x3'), ('x2', 'x3')]
    """
    known = [one for one in derivation.quantities.values() if one.tag == tag and one.role is Role.GIVEN]
    for one, other in combinations(known, 2):
        if near(one, other) or len(one.index) == 1:
            yield one.name, other.name


def lines_holding(derivation: Derivation, names: Iterable[str]) -> Mapping[str, list[str]]:
    """For each name the forward lines and slopes that use it.

    >>> lines_holding(derive(Network(1, 1)), ["w1"])
    {'w1': ['net_o1']}
    """
    found: dict[str, list[str]] = {name: [] for name in names}
    for step in derivation:
        for name in names_in(step.rhs) & found.keys() if step.role in (Role.FORWARD, Role.SLOPE) else ():
            found[name].append(step.name)
    return found


def given(derivation: Derivation, tag: str) -> list[str]:
    """The names of the inputs or of the targets.

    >>> d = derive(Network(2, 1))
    >>> given(d, "input"), given(d, "target")
    (['x1', 'x2'], ['y1'])
    """
    return [one.name for one in derivation.quantities.values() if one.tag == tag and one.role is Role.GIVEN]


@lru_cache(maxsize=128)
def last_block(derivation: Derivation) -> int:
    """The number of the block that the outputs belong to.

    >>> last_block(derive(Network(2, 3, 1)))
    2
    """
    return max((step.quantity.block for step in at(derivation, Role.FORWARD, "error")), default=0)


def row(derivation: Derivation, block: int, tag: str = "net") -> list[Quantity]:
    """The quantities of one kind that a block computes, in order.

    >>> [one.name for one in row(derive(Network(2, 3, 1)), 1)]
    ['net_h1', 'net_h2', 'net_h3']
    """
    return [step.quantity for step in at(derivation, Role.FORWARD, tag, range(block, block + 1))]


@lru_cache(maxsize=128)
def _derivatives(derivation: Derivation) -> Mapping[tuple[str, str], Step]:
    return {(ends(step)[0].name, ends(step)[1].name): step for step in derivation if step.quantity.by}


def derivative(derivation: Derivation, of: Quantity, by: Quantity) -> Step | None:
    """The line with the derivative of one quantity with respect to another.

    >>> d = derive(Network(1, 1))
    >>> derivative(d, d["out_o1"].quantity, d["net_o1"].quantity).name
    'dout_o1/dnet_o1'
    """
    return _derivatives(derivation).get((of.name, by.name))


def adjoint(derivation: Derivation, by: Quantity) -> Step | None:
    """The line with the derivative of the loss with respect to a quantity.

    >>> d = derive(Network(1, 1))
    >>> adjoint(d, d["net_o1"].quantity).name
    'dE_total/dnet_o1'
    """
    (whole,) = at(derivation, Role.FORWARD, "total")
    return derivative(derivation, whole.quantity, by)


@lru_cache(maxsize=128)
def _neurons(derivation: Derivation) -> Mapping[tuple[str, str], list[Step]]:
    found: dict[tuple[str, str], list[Step]] = {}
    for step in derivation:
        if step.role is Role.FORWARD:
            found.setdefault((step.quantity.tag, step.quantity.neuron), []).append(step)
    return found


def beside(derivation: Derivation, quantity: Quantity, tag: str) -> Quantity | None:
    """What is computed at the same neuron: its output beside its net input, its error beside its output.

    Where a neuron has several of the kind, as gates have net inputs, it is the one that uses the quantity or that the
    quantity uses.

    >>> d = derive(Network(1, 1))
    >>> beside(d, d["net_o1"].quantity, "out").name
    'out_o1'
    """
    found = _neurons(derivation).get((tag, quantity.neuron), [])
    if found[1:]:
        used = names_in(derivation[quantity.name].rhs)
        found = [step for step in found if step.name in used or quantity.name in names_in(step.rhs)]
    return found[0].quantity if found else None


@lru_cache(maxsize=128)
def _users(derivation: Derivation) -> Mapping[str, list[Step]]:
    found: dict[str, list[Step]] = {}
    for step in derivation:
        if step.role is Role.SLOPE:
            found.setdefault(ends(step)[1].name, []).append(step)
    order = {step.name: step.number for step in derivation if step.role is Role.FORWARD}
    return {name: sorted(steps, key=lambda step: order[ends(step)[0].name]) for name, steps in found.items()}


def uses(derivation: Derivation, quantity: Quantity) -> list[Step]:
    """The slopes of all lines that use a quantity, in the order of those lines.

    >>> d = derive(Network(1, 1, 2))
    >>> [step.name for step in uses(d, d["out_h1"].quantity)]
    ['dnet_o1/dout_h1', 'dnet_o2/dout_h1']
    """
    return _users(derivation).get(quantity.name, [])


@lru_cache(maxsize=128)
def _by_place(derivation: Derivation) -> Mapping[tuple[str, str, int, tuple[int, ...]], Quantity]:
    known = (one for one in derivation.quantities.values() if not one.of)
    return {(one.letter, one.place, one.block, one.index): one for one in known}


def sibling(derivation: Derivation, quantity: Quantity, index: tuple[int, ...]) -> Quantity | None:
    """The quantity with another index in the same family.

    >>> d = derive(Network(1, 2))
    >>> sibling(d, d["net_o1"].quantity, (2,)).name
    'net_o2'
    """
    return _by_place(derivation).get((quantity.letter, quantity.place, quantity.block, index))


def near(one: Quantity, other: Quantity) -> bool:
    """Are two of a family neighbours: with one index that differs, by one where it counts steps or places?

    >>> d = derive(Network(1, 3))
    >>> near(d["net_o1"].quantity, d["net_o3"].quantity), near(d["net_o1"].quantity, d["net_o1"].quantity)
    (True, False)
    """
    apart = [abs(i - j) for i, j in zip(one.index, other.index, strict=True) if i != j] if alike(one, other) else []
    return len(apart) == 1 and (not one.axes or apart == [1])


def alike(one: Quantity, other: Quantity) -> bool:
    """Are two of one family?

    >>> d = derive(Network(1, 2))
    >>> alike(d["net_o1"].quantity, d["net_o2"].quantity), alike(d["net_o1"].quantity, d["out_o1"].quantity)
    (True, False)
    """
    return (one.letter, one.place, one.block) == (other.letter, other.place, other.block)


def own_parameters(derivation: Derivation, tag: str) -> dict[tuple[str, int], list[Quantity]]:
    """The parameters of a kind, array by array.

    >>> {name: [one.name for one in array] for name, array in own_parameters(derive(Network(2, 1)), "weight").items()}
    {('W_1', 1): ['w1', 'w2']}
    """
    found: dict[tuple[str, int], list[Quantity]] = {}
    for one in derivation.quantities.values():
        if one.tag == tag and one.role is Role.GIVEN and not one.of:
            found.setdefault((one.letter, one.block), []).append(one)
    return found


@lru_cache(maxsize=128)
def output_nets(derivation: Derivation) -> tuple[Quantity, ...]:
    """The net inputs of the neurons whose outputs meet the targets.

    >>> [net.name for net in output_nets(derive(Network(2, 3, 2)))]
    ['net_o1', 'net_o2']
    """
    outs = (ends(step)[1] for step in slopes_of_loss(derivation))
    return tuple(net for out in outs if out.tag == "out" and (net := beside(derivation, out, "net")))


def output_deltas(derivation: Derivation) -> list[Step]:
    """The derivatives with respect to those net inputs: of each error where such lines exist, else of the loss.

    >>> [step.name for step in output_deltas(derive(Network(2, 3, 2)))]
    ['dE_o1/dnet_o1', 'dE_o2/dnet_o2']
    """
    found = []
    for net in output_nets(derivation):
        error = beside(derivation, net, "error")
        found.append((error and derivative(derivation, error, net)) or adjoint(derivation, net))
    return [step for step in found if step]


def hidden_deltas(derivation: Derivation, layers: range | None = None) -> list[Step]:
    """The derivatives of the loss with respect to all other net inputs.

    >>> [step.name for step in hidden_deltas(derive(Network(2, 3, 2)))]
    ['dE_total/dnet_h1', 'dE_total/dnet_h2', 'dE_total/dnet_h3']
    """
    last = set(output_nets(derivation))
    return [s for s in at(derivation, Role.ADJOINT, "net", layers, of="total") if ends(s)[1] not in last]


def last_hidden(derivation: Derivation) -> int:
    """The last block that has such net inputs.

    >>> last_hidden(derive(Network(2, 3, 3, 1)))
    2
    """
    return max((step.quantity.block for step in hidden_deltas(derivation)), default=0)


def signal_slopes(derivation: Derivation) -> list[Step]:
    """The slopes of weighted sums with respect to signals: each is a weight.

    >>> [step.name for step in signal_slopes(derive(Network(1, 2, 1)))]
    ['dnet_o1/dout_h1', 'dnet_o1/dout_h2']
    """
    return at(derivation, Role.SLOPE, ("input", *SIGNALS), of=SUMS)


def own_slope(derivation: Derivation, net: Quantity) -> Step | None:
    """The slope of a neuron's own output with respect to its net input.

    >>> d = derive(Network(1, 1))
    >>> own_slope(d, d["net_o1"].quantity).name
    'dout_o1/dnet_o1'
    """
    out = beside(derivation, net, "out")
    return derivative(derivation, out, net) if out else None


@lru_cache(maxsize=128)
def transposed(derivation: Derivation) -> Mapping[str, str]:
    """The weights of every square array, each with the one that is put in its place when rows and columns swap.

    >>> dict(transposed(derive(Network(2, 2))))
    {'w1': 'w1', 'w2': 'w3', 'w3': 'w2', 'w4': 'w4'}
    """
    found: dict[str, str] = {}
    for array in own_parameters(derivation, "weight").values():
        turned = {one.name: sibling(derivation, one, one.index[::-1]) for one in array if len(one.index) == 2}
        if len(turned) > 1 and all(turned.values()):
            found |= {name: one.name for name, one in turned.items() if one}
    return found


def fed(derivation: Derivation, parameter: Quantity) -> list[Quantity]:
    """The quantities that use a parameter.

    >>> d = derive(Network(1, 2))
    >>> [one.name for one in fed(d, d.quantities["b1"])]
    ['net_o1', 'net_o2']
    """
    return [ends(step)[0] for step in uses(derivation, parameter)]


def weighted(derivation: Derivation, net: Quantity) -> list[Step]:
    """The slopes of a weighted sum with respect to its weights, term by term: the signals that those multiply.

    >>> d = derive(Network(2, 1))
    >>> [step.name for step in weighted(d, d["net_o1"].quantity)]
    ['dnet_o1/dw1', 'dnet_o1/dw2']
    """
    found = {ends(s)[1].name: s for s in _weighted(derivation).get(net.name, ())}
    terms = derivation[net.name].rhs.args
    return [found[name] for term in terms for name in sorted(names_in(term)) if name in found]


@lru_cache(maxsize=128)
def _weighted(derivation: Derivation) -> Mapping[str, list[Step]]:
    found: dict[str, list[Step]] = {}
    for step in at(derivation, Role.SLOPE, "weight"):
        found.setdefault(ends(step)[0].name, []).append(step)
    return found


def shared_deltas(derivation: Derivation) -> Iterator[tuple[Step, list[sp.Symbol]]]:
    """The gradient of each bias that feeds a part of its layer only, and the deltas of the whole layer.

    >>> [(step.name, deltas) for step, deltas in shared_deltas(derive(Network(1, 2, bias="neuron")))]
    [('dE_total/db_o1', [dE_total/dnet_o1, dE_total/dnet_o2]), ('dE_total/db_o2', [dE_total/dnet_o1, dE_total/dnet_o2])]
    """
    for step in at(derivation, Role.GRADIENT, "bias"):
        nets = row(derivation, step.quantity.block)
        if len(fed(derivation, ends(step)[1])) < len(nets):
            yield step, [delta.lhs for net in nets if (delta := adjoint(derivation, net))]


def bias_in(derivation: Derivation, step: Step) -> str | None:
    """The bias that a line adds.

    >>> d = derive(Network(1, 1))
    >>> bias_in(d, d["net_o1"]), bias_in(d, d["out_o1"])
    ('b1', None)
    """
    names = derivation.quantities
    return next((name for name in sorted(names_in(step.rhs)) if names[name].tag == "bias"), None)


def joint(derivation: Derivation) -> bool:
    """Does each net input of the last block move every output, as with softmax?

    >>> joint(derive(Network(1, 2))), joint(derive(Network(1, 2, activation="softmax", loss="cross_entropy")))
    (False, True)
    """
    slopes = at(derivation, Role.SLOPE, "net", range(last_block(derivation), last_block(derivation) + 1), of="out")
    return any(ends(step)[0].neuron != ends(step)[1].neuron for step in slopes)


def activation_of(derivation: Derivation, net: Quantity) -> Activation | None:
    """The function that makes a neuron's output of its net input.

    >>> d = derive(Network(1, 1, activation="tanh"))
    >>> activation_of(d, d["net_o1"].quantity).name
    'tanh'
    """
    out = beside(derivation, net, "out")
    if out is None:
        return None
    functions = (one for one in derivation.network.functions if isinstance(one, Activation))
    if joint(derivation) and net.block == last_block(derivation):
        return next((one for one in functions if one.joint), None)
    written, values = derivation[out.name].rhs, {Z: net.symbol}
    return next((one for one in functions if not one.joint and put(one.expr, values) == written), None)


# Only for the table of weights of a dense network


def signal(network: Network, neuron: str) -> str:
    """What a neuron passes on.

    >>> network = Network(2, 2, 1)
    >>> signal(network, "x1"), signal(network, "h1")
    ('x1', 'out_h1')
    """
    return neuron if neuron in network.inputs else f"out_{neuron}"


def placed(network: Network, layer: int, transposed: bool) -> Mapping[Edge, str]:
    """The weights into a layer in another order: transposed, or by their numbers.

    >>> network = Network(2, 2)
    >>> network.weight_of["x2", "o1"], placed(network, 1, transposed=True)["x2", "o1"]
    ('w2', 'w3')
    """
    before, after = network.layers[layer - 1], network.layers[layer]
    edges = [(source, target) for target in after for source in before]
    if not transposed:
        return dict(zip(edges, sorted((network.weight_of[edge] for edge in edges), key=natural)))
    turned = [(source, target) for source in before for target in after]
    return dict(zip(turned, (network.weight_of[edge] for edge in edges)))


def reshaped(network: Network, layer: int) -> Mapping[Edge, str]:
    """The weights into a layer, in a table with a row for each source, reshaped to one with a row for each target;
    nothing where that is the same as taking a table of targets for one of sources.

    >>> network = Network(2, 3)
    >>> network.weight_of["x2", "o1"], reshaped(network, 1)["x2", "o1"]
    ('w2', 'w3')
    """
    before, after = network.layers[layer - 1], network.layers[layer]
    if len(before) == len(after):
        return {}
    weights = (network.weight_of[source, target] for source in before for target in after)
    return dict(zip(((source, target) for target in after for source in before), weights))
