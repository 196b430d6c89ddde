"""Slips on the way back that take what belongs elsewhere: other weights, other derivatives, other outputs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from itertools import pairwise

from bpkit.core.derivation import Derivation
from bpkit.core.expressions import product, total
from bpkit.core.network import Edge, Network, layered
from bpkit.core.quantities import Role
from bpkit.mistakes.misconceptions.look_alikes import alike, near, neighbours, placed, reshaped, signal, transposed
from bpkit.mistakes.misconceptions.path_slips import FEW_SIGNALS
from bpkit.mistakes.misconceptions.rule import Shapes, Shows, misconception
from bpkit.mistakes.misconceptions.whereabouts import (
    adjoint,
    at,
    beside,
    derivative,
    ends,
    gradients,
    joint,
    last_block,
    of_layers,
    own_slope,
    places,
    row,
    signal_slopes,
)
from bpkit.mistakes.rewrite import Edit, S, becomes, instead

_NOT_TRANSPOSED = (
    "does not transpose the weights backward",
    "use the weights on the way back in the order of the way forward",
    "going back to a neuron, use the weights that leave it",
)


@misconception(*_NOT_TRANSPOSED)
def not_transposed(d: Derivation) -> Shapes:
    """The weights go backward in the layout of the way forward, not transposed.

    >>> import bpkit as bp
    >>> not_transposed.written(bp.examples.article.problem, "dnet_o2/dout_h1")
    'w6'
    """
    if not of_layers(d):
        turned = transposed(d)
        for where, layers in places(d):
            slopes = [step for step in signal_slopes(d) if ends(step)[0].block in layers]
            yield where, {step.name: instead(turned) for step in slopes if step.rhs.name in turned}
        return
    network = layered(d.network, "mistakes")
    for where, layers in (*places(d, 2), ("at the inputs", range(1, 2))):
        yield where, _laid_back(network, layers, partial(placed, network, transposed=True))


@misconception(*_NOT_TRANSPOSED, rank=3)
def reshaped_backward(d: Derivation) -> Shapes:
    """A table with a row for each source, reshaped; of a square one that is the same as above."""
    network = d.network
    if not isinstance(network, Network):
        return
    for where, layers in places(d, 2):
        edits = _laid_back(network, layers, partial(reshaped, network))
        yield ", ".join(filter(None, ("as reshape gives them", where))), edits


def _laid_back(network: Network, layers: range, laid: Callable[[int], Mapping[Edge, str]]) -> dict[str, Edit]:
    """The weights on the way back, where a layer and the one before have more than one neuron."""
    edits = dict[str, Edit]()
    for layer in layers:
        if len(network.layers[layer - 1]) > 1 and len(network.layers[layer]) > 1:
            for (source, neuron), weight in laid(layer).items():
                edits[f"dnet_{neuron}/d{signal(network, source)}"] = becomes(weight)
    return edits


@misconception(
    "takes the neighbour's derivative",
    "take the derivative with respect to another parameter",
    "start the chain at the parameter that the question asks for",
    rank=1,
    shows=Shows.ANSWER,
)
def neighbours_derivative(d: Derivation) -> Shapes:
    """The derivative with respect to another weight of the layer, or to another bias.

    >>> import bpkit as bp
    >>> neighbours_derivative.written(bp.examples.article.problem, "dE_total/dw1")
    'dE_total/dnet_h2 · x2'
    """
    network = d.network
    if not isinstance(network, Network):
        yield from _neighbours_gradient(d)
        return
    layer_of = network.layer_of
    for name, (source, target) in network.weights.items():
        for other, (a, b) in network.weights.items():
            close = a == source or b == target or network.sizes[layer_of[b]] * network.sizes[layer_of[a]] <= 6
            if other != name and layer_of[b] == layer_of[target] and close:
                chain = product(S(f"dE_total/dnet_{b}"), S(signal(network, a)))
                yield other, {f"dE_total/d{name}": becomes(chain)}
    for name in network.biases:
        for other in network.biases:
            if other != name:
                yield other, {f"dE_total/d{name}": becomes(d[f"dE_total/d{other}"].rhs)}


def _neighbours_gradient(d: Derivation) -> Shapes:
    """The gradient of a parameter beside it in its array, or of the one in its place in another array of the block."""
    lines = gradients(d)
    for name, step in lines.items():
        own = ends(step)[1]
        for other, wrong in lines.items():
            one = ends(wrong)[1]
            same = one.letter != own.letter and (one.block, one.tag, one.index) == (own.block, own.tag, own.index)
            if other != name and (same or near(own, one)):
                yield other, {step.name: becomes(wrong.rhs)}


@misconception(
    "takes the neuron's own output for its input",
    "use the output of the neuron instead of its input",
    "the factor is the signal that the weight multiplies",
    rank=3,
)
def own_output(d: Derivation) -> Shapes:
    """The derivative with respect to a weight holds the output of the neuron that the weight leads to.

    >>> import bpkit as bp
    >>> own_output.written(bp.examples.article.problem, "dnet_o1/dw5")
    'out_o1'
    """
    for where, layers in places(d):
        lines = at(d, Role.SLOPE, "weight", layers)
        outs = ((step, beside(d, ends(step)[0], "out")) for step in lines)
        yield (
            where,
            {s.name: becomes(out.symbol) for s, out in outs if out and not alike(out, d.quantities[s.rhs.name])},
        )


@misconception(
    "takes one dot product for the whole layer",
    "take one dot product for the whole layer",
    "each neuron multiplies what comes back to it by its own slope",
    rank=3,
)
def dot_product(d: Derivation) -> Shapes:
    """All neurons of a layer get one number: what comes back times the slopes, or deltas times weights, added up.

    >>> import bpkit as bp
    >>> dot_product.written(bp.Network(1, 2, 1), "dE_total/dout_h1")
    'dE_o1/dout_h1 + dE_o1/dout_h2'
    """
    end = last_block(d)
    for where, layers in places(d) if of_layers(d) else ():
        edits: dict[str, Edit] = {}
        for nets in (row(d, block) for block in layers if block != end or not joint(d)):
            pairs = [(adjoint(d, out), own_slope(d, net)) for net in nets if (out := beside(d, net, "out"))]
            factors = [product(back.lhs, slope.lhs) for back, slope in pairs if back and slope]
            for net in nets if len(factors) > 1 else ():
                error = beside(d, net, "error")
                delta = (error and derivative(d, error, net)) or adjoint(d, net)
                if delta:
                    edits[delta.name] = becomes(total(*factors))
        yield where, edits
    for where, layers in places(d, 1, end - 1) if of_layers(d) else ():
        back_to = [[step for out in row(d, block, "out") if (step := adjoint(d, out))] for block in layers]
        sums = [(steps, becomes(total(*(step.rhs for step in steps)))) for steps in back_to if len(steps) > 1]
        yield (
            ", ".join(filter(None, ("that of the deltas and all weights", where))),
            {s.name: edit for steps, edit in sums for s in steps},
        )


@misconception(
    "takes the weights of other paths",
    "use the weights of other paths on the way back",
    "going back to a neuron, multiply each delta by the weight between the two",
    rank=3,
)
def other_paths(d: Derivation) -> Shapes:
    """On the way back to a neuron the weights that leave another one, or its own in another order.

    >>> import bpkit as bp
    >>> other_paths.written(bp.examples.article.problem, "dnet_o2/dout_h1")
    'w8'
    """
    network = d.network
    if not isinstance(network, Network):
        return
    for before, after in pairwise(network.layers[1:]):
        for source in before if len(after) > 1 else ():
            own = [network.weight_of[source, neuron] for neuron in after]
            others = [other for other in before if other != source][:FEW_SIGNALS]
            for taken in (*([network.weight_of[one, neuron] for neuron in after] for one in others), own[::-1]):
                words = f"{' and '.join(taken)} instead of {' and '.join(own)}"
                edits = {f"dnet_{neuron}/dout_{source}": becomes(weight) for neuron, weight in zip(after, taken)}
                yield words if len(own) <= FEW_SIGNALS else f"at {source}", edits


@misconception(
    "takes one weight of another neuron on the way back",
    "use the weight of another connection on the way back",
    "going back to a neuron, multiply by the weight between the two",
    rank=3,
)
def other_weight_back(d: Derivation) -> Shapes:
    """One weight of the way back is another one of its layer.

    >>> import bpkit as bp
    >>> other_weight_back.written(bp.examples.article.problem, "dnet_o1/dout_h1")
    'w6'
    """
    for (source, neuron), weight, other in neighbours(d.network) if isinstance(d.network, Network) else ():
        if source not in d.network.inputs:
            yield f"{other} instead of {weight}", {f"dnet_{neuron}/dout_{source}": becomes(other)}
