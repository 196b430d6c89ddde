"""Where on a derivation a mistake happens: blocks, their lines, and what uses each quantity."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache

import sympy as sp

from bpkit.core.chain_rule import Step
from bpkit.core.derivation import Derivation
from bpkit.core.expressions import Z, names_in, put
from bpkit.core.functions import Activation
from bpkit.core.quantities import Quantity, Role

Tags = str | tuple[str, ...]
PARAMETERS = ("weight", "bias", "gain", "row")
SUMS = ("net", "query", "key", "value")  # the tags of weighted sums
SIGNALS = ("out", "hidden", "mix", "shifted", "skip", "pool", "embedded")  # of what a neuron or a block passes on


def places(d: Derivation, first: int = 1, last: int | None = None) -> Iterator[tuple[str, range]]:
    """All blocks from ``first`` to ``last`` together, then each alone, with words for where if there are several.

    >>> import bpkit as bp
    >>> [where for where, blocks in places(bp.derive(bp.Network(1, 1, 1)))]
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

    >>> import bpkit as bp
    >>> d = bp.derive(bp.Network(1, 1, 1))
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

    >>> import bpkit as bp
    >>> of_layers(bp.derive(bp.Network(1, 1)))
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

    >>> import bpkit as bp
    >>> [step.name for step in at(bp.derive(bp.Network(2, 2, 2)), Role.FORWARD, "net")]
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

    >>> import bpkit as bp
    >>> of, by = ends(bp.derive(bp.Network(1, 1))["dE/dw1"])
    >>> of.name, by.name
    ('E_total', 'w1')
    """
    quantity = step.quantity
    return quantity.of or quantity, quantity.by or quantity


@lru_cache(maxsize=128)
def slopes_of_loss(derivation: Derivation) -> tuple[Step, ...]:
    """The slopes of the errors with respect to the outputs.

    >>> import bpkit as bp
    >>> [step.name for step in slopes_of_loss(bp.derive(bp.Network(1, 2)))]
    ['dE_o1/dout_o1', 'dE_o2/dout_o2']
    """
    slopes = (step for step in derivation if step.role is Role.SLOPE)
    return tuple(step for step in slopes if ends(step)[0].tag == "error")


def new_values(derivation: Derivation) -> dict[str, Step]:
    """The lines that make the new value of each parameter.

    >>> import bpkit as bp
    >>> {name: step.name for name, step in new_values(bp.derive(bp.Network(1, 1))).items()}
    {'w1': 'w1_new', 'b1': 'b1_new'}
    """
    return {ends(step)[0].name: step for step in derivation if step.quantity.mark}


def parameters(derivation: Derivation) -> list[Quantity]:
    """The weights and biases, in their order.

    >>> import bpkit as bp
    >>> [one.name for one in parameters(bp.derive(bp.Network(2, 1)))]
    ['w1', 'w2', 'b1']
    """
    return [ends(step)[0] for step in new_values(derivation).values()]


def gradients(derivation: Derivation) -> dict[str, Step]:
    """The lines with the derivative with respect to each parameter.

    >>> import bpkit as bp
    >>> {name: step.name for name, step in gradients(bp.derive(bp.Network(1, 1))).items()}
    {'w1': 'dE_total/dw1', 'b1': 'dE_total/db1'}
    """
    return {ends(step)[1].name: step for step in derivation if step.role is Role.GRADIENT}


def lines_holding(derivation: Derivation, names: Iterable[str]) -> Mapping[str, list[str]]:
    """For each name the forward lines and slopes that use it.

    >>> import bpkit as bp
    >>> lines_holding(bp.derive(bp.Network(1, 1)), ["w1"])
    {'w1': ['net_o1']}
    """
    found: dict[str, list[str]] = {name: [] for name in names}
    for step in derivation:
        for name in names_in(step.rhs) & found.keys() if step.role in (Role.FORWARD, Role.SLOPE) else ():
            found[name].append(step.name)
    return found


def given(derivation: Derivation, tag: str) -> list[str]:
    """The names of the inputs or of the targets.

    >>> import bpkit as bp
    >>> d = bp.derive(bp.Network(2, 1))
    >>> given(d, "input"), given(d, "target")
    (['x1', 'x2'], ['y1'])
    """
    return [one.name for one in derivation.quantities.values() if one.tag == tag and one.role is Role.GIVEN]


@lru_cache(maxsize=128)
def last_block(derivation: Derivation) -> int:
    """The number of the block that the outputs belong to.

    >>> import bpkit as bp
    >>> last_block(bp.derive(bp.Network(2, 3, 1)))
    2
    """
    return max((step.quantity.block for step in at(derivation, Role.FORWARD, "error")), default=0)


def row(derivation: Derivation, block: int, tag: str = "net") -> list[Quantity]:
    """The quantities of one kind that a block computes, in order.

    >>> import bpkit as bp
    >>> [one.name for one in row(bp.derive(bp.Network(2, 3, 1)), 1)]
    ['net_h1', 'net_h2', 'net_h3']
    """
    return [step.quantity for step in at(derivation, Role.FORWARD, tag, range(block, block + 1))]


@lru_cache(maxsize=128)
def _derivatives(derivation: Derivation) -> Mapping[tuple[str, str], Step]:
    return {(ends(step)[0].name, ends(step)[1].name): step for step in derivation if step.quantity.by}


def derivative(derivation: Derivation, of: Quantity, by: Quantity) -> Step | None:
    """The line with the derivative of one quantity with respect to another.

    >>> import bpkit as bp
    >>> d = bp.derive(bp.Network(1, 1))
    >>> derivative(d, d["out_o1"].quantity, d["net_o1"].quantity).name
    'dout_o1/dnet_o1'
    """
    return _derivatives(derivation).get((of.name, by.name))


def adjoint(derivation: Derivation, by: Quantity) -> Step | None:
    """The line with the derivative of the loss with respect to a quantity.

    >>> import bpkit as bp
    >>> d = bp.derive(bp.Network(1, 1))
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

    >>> import bpkit as bp
    >>> d = bp.derive(bp.Network(1, 1))
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

    >>> import bpkit as bp
    >>> d = bp.derive(bp.Network(1, 1, 2))
    >>> [step.name for step in uses(d, d["out_h1"].quantity)]
    ['dnet_o1/dout_h1', 'dnet_o2/dout_h1']
    """
    return _users(derivation).get(quantity.name, [])


@lru_cache(maxsize=128)
def output_nets(derivation: Derivation) -> tuple[Quantity, ...]:
    """The net inputs of the neurons whose outputs meet the targets.

    >>> import bpkit as bp
    >>> [net.name for net in output_nets(bp.derive(bp.Network(2, 3, 2)))]
    ['net_o1', 'net_o2']
    """
    outs = (ends(step)[1] for step in slopes_of_loss(derivation))
    return tuple(net for out in outs if out.tag == "out" and (net := beside(derivation, out, "net")))


def output_deltas(derivation: Derivation) -> list[Step]:
    """The derivatives with respect to those net inputs: of each error where such lines exist, else of the loss.

    >>> import bpkit as bp
    >>> [step.name for step in output_deltas(bp.derive(bp.Network(2, 3, 2)))]
    ['dE_o1/dnet_o1', 'dE_o2/dnet_o2']
    """
    found = []
    for net in output_nets(derivation):
        error = beside(derivation, net, "error")
        found.append((error and derivative(derivation, error, net)) or adjoint(derivation, net))
    return [step for step in found if step]


def hidden_deltas(derivation: Derivation, layers: range | None = None) -> list[Step]:
    """The derivatives of the loss with respect to all other net inputs.

    >>> import bpkit as bp
    >>> [step.name for step in hidden_deltas(bp.derive(bp.Network(2, 3, 2)))]
    ['dE_total/dnet_h1', 'dE_total/dnet_h2', 'dE_total/dnet_h3']
    """
    last = set(output_nets(derivation))
    return [s for s in at(derivation, Role.ADJOINT, "net", layers, of="total") if ends(s)[1] not in last]


def last_hidden(derivation: Derivation) -> int:
    """The last block that has such net inputs.

    >>> import bpkit as bp
    >>> last_hidden(bp.derive(bp.Network(2, 3, 3, 1)))
    2
    """
    return max((step.quantity.block for step in hidden_deltas(derivation)), default=0)


def signal_slopes(derivation: Derivation) -> list[Step]:
    """The slopes of weighted sums with respect to signals: each is a weight.

    >>> import bpkit as bp
    >>> [step.name for step in signal_slopes(bp.derive(bp.Network(1, 2, 1)))]
    ['dnet_o1/dout_h1', 'dnet_o1/dout_h2']
    """
    return at(derivation, Role.SLOPE, ("input", *SIGNALS), of=SUMS)


def own_slope(derivation: Derivation, net: Quantity) -> Step | None:
    """The slope of a neuron's own output with respect to its net input.

    >>> import bpkit as bp
    >>> d = bp.derive(bp.Network(1, 1))
    >>> own_slope(d, d["net_o1"].quantity).name
    'dout_o1/dnet_o1'
    """
    out = beside(derivation, net, "out")
    return derivative(derivation, out, net) if out else None


def fed(derivation: Derivation, parameter: Quantity) -> list[Quantity]:
    """The quantities that use a parameter.

    >>> import bpkit as bp
    >>> d = bp.derive(bp.Network(1, 2))
    >>> [one.name for one in fed(d, d.quantities["b1"])]
    ['net_o1', 'net_o2']
    """
    return [ends(step)[0] for step in uses(derivation, parameter)]


def weighted(derivation: Derivation, net: Quantity) -> list[Step]:
    """The slopes of a weighted sum with respect to its weights, term by term: the signals that those multiply.

    >>> import bpkit as bp
    >>> d = bp.derive(bp.Network(2, 1))
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

    >>> import bpkit as bp
    >>> [(step.name, deltas) for step, deltas in shared_deltas(bp.derive(bp.Network(1, 2, bias="neuron")))]
    [('dE_total/db_o1', [dE_total/dnet_o1, dE_total/dnet_o2]), ('dE_total/db_o2', [dE_total/dnet_o1, dE_total/dnet_o2])]
    """
    for step in at(derivation, Role.GRADIENT, "bias"):
        nets = row(derivation, step.quantity.block)
        if len(fed(derivation, ends(step)[1])) < len(nets):
            yield step, [delta.lhs for net in nets if (delta := adjoint(derivation, net))]


def bias_in(derivation: Derivation, step: Step) -> str | None:
    """The bias that a line adds.

    >>> import bpkit as bp
    >>> d = bp.derive(bp.Network(1, 1))
    >>> bias_in(d, d["net_o1"]), bias_in(d, d["out_o1"])
    ('b1', None)
    """
    names = derivation.quantities
    return next((name for name in sorted(names_in(step.rhs)) if names[name].tag == "bias"), None)


def joint(derivation: Derivation) -> bool:
    """Does each net input of the last block move every output, as with softmax?

    >>> import bpkit as bp
    >>> softmax = bp.Network(1, 2, activation="softmax", loss="cross_entropy")
    >>> joint(bp.derive(bp.Network(1, 2))), joint(bp.derive(softmax))
    (False, True)
    """
    slopes = at(derivation, Role.SLOPE, "net", range(last_block(derivation), last_block(derivation) + 1), of="out")
    return any(ends(step)[0].neuron != ends(step)[1].neuron for step in slopes)


def activation_of(derivation: Derivation, net: Quantity) -> Activation | None:
    """The function that makes a neuron's output of its net input.

    >>> import bpkit as bp
    >>> d = bp.derive(bp.Network(1, 1, activation="tanh"))
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
