"""Slips on the way forward: net inputs, biases, activations."""

from __future__ import annotations

from itertools import combinations, islice, pairwise, permutations
from itertools import product as every

import sympy as sp

from bpkit.core.derivation import Derivation
from bpkit.core.expressions import Z, names_in, product, put, total
from bpkit.core.network import Network
from bpkit.core.quantities import Quantity, Role
from bpkit.mistakes.misconceptions.look_alikes import (
    near,
    neighbouring,
    neighbours,
    own_parameters,
    placed,
    signal,
    transposed,
)
from bpkit.mistakes.misconceptions.rule import Shapes, misconception
from bpkit.mistakes.misconceptions.whereabouts import (
    SUMS,
    activation_of,
    at,
    beside,
    bias_in,
    ends,
    fed,
    given,
    gradients,
    last_block,
    lines_holding,
    places,
    row,
    signal_slopes,
    weighted,
)
from bpkit.mistakes.rewrite import Edit, S, becomes, instead, instead_of, omitting


@misconception("leaves the bias out", "leave out the bias", "the net input ends with the bias")
def bias_left_out(d: Derivation) -> Shapes:
    """net = w·x, without b.

    >>> import bpkit as bp
    >>> bias_left_out.written(bp.examples.article.problem, "net_h1")
    'w1 · x1 + w4 · x2'
    """
    for where, layers in places(d):
        biases = {step.name: bias_in(d, step) for step in at(d, Role.FORWARD, ("net", "shifted"), layers)}
        yield where, {name: omitting(bias) for name, bias in biases.items() if bias}


_OTHER_BIAS = ("takes another layer's bias", "use the bias of another layer", "each layer has its own bias")


@misconception(*_OTHER_BIAS)
def other_bias(d: Derivation) -> Shapes:
    """The bias of another layer: that of the neuron beside it, or of the layer's first.

    >>> import bpkit as bp
    >>> other_bias.written(bp.examples.article.problem, "net_h1")
    'w1 · x1 + w4 · x2 + b2'
    """
    network = d.network
    rows = network.layers[1:] if network.biases else ()
    for own, other in permutations(rows, 2):
        for theirs in ([*other, *other[:1] * len(own)], other[:1] * len(own)):
            wrong = {n: network.bias_of[o] for n, o in zip(own, theirs)}
            names = [*dict.fromkeys(f"{new} instead of {network.bias_of[n]}" for n, new in wrong.items())]
            yield (
                " and ".join(names) if len(names) < 3 else f"{names[0]}, and so on",
                {f"net_{n}": instead({network.bias_of[n]: new}) for n, new in wrong.items()},
            )
            if network.bias == "layer":
                break
    if len(network.biases) == 2 and network.bias == "layer":
        first, second = network.biases
        yield (
            f"{first} and {second} exchanged",
            {f"net_{n}": instead({first: second, second: first}) for own in rows for n in own},
        )


@misconception(*_OTHER_BIAS, rank=3)
def biases_exchanged(d: Derivation) -> Shapes:
    """With a bias for each neuron: two layers of one width use each other's."""
    network = d.network
    for one, other in combinations(network.layers[1:], 2) if network.bias == "neuron" else ():
        if len(one) == len(other):
            both = {network.bias_of[a]: network.bias_of[b] for a, b in zip((*one, *other), (*other, *one))}
            yield "each of the other one's", {f"net_{n}": instead(both) for n in (*one, *other)}


@misconception("takes another neuron's bias", "use the bias of another neuron", "each neuron has its own bias")
def other_neurons_bias(d: Derivation) -> Shapes:
    """With a bias for each neuron: that of another neuron, in the same layer or beside it in another.

    >>> import bpkit as bp
    >>> other_neurons_bias.written(bp.Network(1, 2, bias="neuron"), "net_o1")
    'w1 · x1 + b_o2'
    """
    network = d.network
    if not network.layers:
        yield from _bias_beside_it(d)
    elif network.bias == "neuron":
        place_of = {neuron: (layer, i) for layer, row in enumerate(network.layers) for i, neuron in enumerate(row)}
        for neuron, right in network.bias_of.items():
            for other, wrong in network.bias_of.items():
                if other != neuron and any(a == b for a, b in zip(place_of[other], place_of[neuron])):
                    yield f"{wrong} instead of {right}", {f"net_{neuron}": instead({right: wrong})}


def _bias_beside_it(d: Derivation) -> Shapes:
    """In an array of biases the one beside it, wherever that is used."""
    for array in own_parameters(d, "bias").values():
        for own, other in permutations(array, 2):
            if near(own, other):
                edit = instead({own.name: other.name})
                yield f"{other.name} instead of {own.name}", {net.name: edit for net in fed(d, own)}


@misconception("adds the bias more than once", "add the bias to each product", "add it once, to the whole sum")
def bias_repeated(d: Derivation) -> Shapes:
    """Each product gets the bias: net = (w1·x1 + b) + (w2·x2 + b).

    >>> import bpkit as bp
    >>> bias_repeated.written(bp.examples.article.problem, "net_h1")
    'w1 · x1 + w4 · x2 + 2 · b1'
    """
    for where, layers in places(d):
        edits = {}
        for step in at(d, Role.FORWARD, "net", layers):
            bias, products = bias_in(d, step), weighted(d, step.quantity)
            if bias and len(products) > 1:
                edits[step.name] = instead_of(S(bias), product(sp.Integer(len(products)), S(bias)))
        yield where, edits


@misconception("multiplies the bias", "multiply the bias by the input of the neuron", "add the bias as it is")
def bias_multiplied(d: Derivation) -> Shapes:
    """The bias is multiplied by the signal, as if it were a weight: net = w·x + b·x.

    >>> import bpkit as bp
    >>> bias_multiplied.written(bp.Network(1, 1), "net_o1")
    'w1 · x1 + b1 · x1'
    """
    for where, layers in places(d):
        edits = {}
        for step in at(d, Role.FORWARD, "net", layers):
            if (bias := bias_in(d, step)) and (signals := [slope.rhs for slope in weighted(d, step.quantity)]):
                edits[step.name] = instead_of(S(bias), product(S(bias), total(*signals)))
        yield where, edits


@misconception(
    "leaves out a term of the net input",
    "leave out a term of the net input",
    "every neuron in the layer before adds its product",
)
def term_left_out(d: Derivation) -> Shapes:
    """One product is missing from a net input.

    >>> import bpkit as bp
    >>> term_left_out.written(bp.examples.article.problem, "net_h1")
    'w4 · x2 + b1'
    """
    for step in at(d, Role.FORWARD, SUMS):
        slopes = weighted(d, step.quantity)
        for slope in slopes if len(slopes) > 1 else ():
            weight = ends(slope)[1].name
            yield f"{weight} · {slope.rhs} is missing", {step.name: omitting(weight)}


@misconception("swaps the inputs", "swap the inputs", "each weight multiplies the input that it starts from")
def inputs_swapped(d: Derivation) -> Shapes:
    """x1 and x2 change places.

    >>> import bpkit as bp
    >>> inputs_swapped.written(bp.examples.article.problem, "net_h1")
    'w1 · x2 + w4 · x1 + b1'
    """
    holding = lines_holding(d, given(d, "input"))
    for one, other in neighbouring(d, "input"):
        both = {one: other, other: one}
        yield f"{one} and {other}", {name: instead(both) for name in (*holding[one], *holding[other])}


_PASSED_ON = (
    "passes on net instead of out",
    "pass on net instead of out",
    "a neuron passes on its output, which is the activation of its net input",
)


@misconception(*_PASSED_ON)
def net_passed_on(d: Derivation) -> Shapes:
    """The activation is forgotten: out = net; or net stands in the derivative, where out belongs.

    >>> import bpkit as bp
    >>> net_passed_on.written(bp.examples.article.problem, "out_h1")
    'net_h1'
    """
    for where, layers in places(d):
        nets = ((step.name, beside(d, step.quantity, "net")) for step in at(d, Role.FORWARD, "out", layers))
        yield where, {name: becomes(net.symbol) for name, net in nets if net}
    outs = {step.lhs: beside(d, step.quantity, "net") for step in at(d, Role.FORWARD, "out")}
    signals = ((step.name, outs.get(step.rhs)) for step in at(d, Role.SLOPE, "weight"))
    yield "in the derivative", {name: becomes(net.symbol) for name, net in signals if net}


@misconception(*_PASSED_ON, rank=3)
def net_passed_on_forward(d: Derivation) -> Shapes:
    """Only the next layer gets net: the slopes and the derivatives of the weights have out.

    >>> import bpkit as bp
    >>> net_passed_on_forward.written(bp.examples.article.problem, "net_o1")
    'w5 · net_h1 + w6 · net_h2 + b2'
    """
    outs = {step.name: beside(d, step.quantity, "net") for step in at(d, Role.FORWARD, "out")}
    names = {name: net.name for name, net in outs.items() if net}
    nets = at(d, Role.FORWARD, "net", range(2, last_block(d) + 1))
    yield "in the hidden layers, whose derivatives are right", {step.name: instead(names) for step in nets}


@misconception(
    "applies the activation twice",
    "apply the activation twice",
    "the output is the activation of the net input, applied once",
)
def activation_twice(d: Derivation) -> Shapes:
    """The activation acts twice: out = f(f(net)).

    >>> import bpkit as bp
    >>> activation_twice.written(bp.examples.article.problem, "out_h1")
    '1 / (1 + exp(-1 / (1 + exp(-net_h1))))'
    """
    for where, layers in places(d):
        edits = {}
        for step in at(d, Role.FORWARD, "out", layers):
            net = beside(d, step.quantity, "net")
            activation = activation_of(d, net) if net else None
            if net is None or activation is None or activation.joint:
                continue
            once = activation.expr if activation.built_in else activation.stable
            if not once.has(sp.Piecewise, sp.Max):
                edits[step.name] = becomes(put(once, {Z: put(once, {Z: net.symbol})}))
        yield where, edits
    last, final = next(reversed(d.network.layers), ()), next(reversed(d.network.activations), None)
    if final and final.joint:
        shares = [final.at([S(f"net_{o}") for o in last], k)[1] for k in range(len(last))]
        yield "in the output layer", {f"out_{o}": becomes(own.func(own, *shares)) for o, own in zip(last, shares)}


@misconception(
    "loses the minus in the exponent",
    "lose the minus in the exponent",
    "without it the sigmoid 1/(1 + exp(−net)) falls where it should rise",
)
def exponent_sign(d: Derivation) -> Shapes:
    """1/(1 + e^net): the minus in the exponent is lost.

    >>> import bpkit as bp
    >>> exponent_sign.written(bp.examples.article.problem, "out_h1")
    '1 / (1 + exp(net_h1))'
    """
    for where, layers in places(d):
        edits = {}
        for step in at(d, Role.FORWARD, "out", layers):
            net = beside(d, step.quantity, "net")
            if net and step.rhs.has(falling := sp.exp(-net.symbol)):
                edits[step.name] = instead_of(falling, sp.exp(net.symbol))
        yield where, edits


@misconception(
    "leaves out the sum below a softmax",
    "do not divide by the sum of the exponentials",
    "a softmax divides each exponential by the sum of all of them",
)
def softmax_sum_left_out(d: Derivation) -> Shapes:
    """The power e^net, or e^score, is not divided by the sum.

    >>> import bpkit as bp
    >>> softmax_sum_left_out.written(bp.Network(1, 2, activation="softmax", loss="cross_entropy"), "out_o1")
    'exp(net_o1)'
    """
    edits: dict[str, Edit] = {}
    for step in at(d, Role.FORWARD, ("out", "share")):
        factors = step.rhs.args if step.rhs.is_Mul else ()
        for one, other in permutations(factors, 2):
            if isinstance(one, sp.exp) and other.is_Pow and other.exp == -1 and one in other.base.args:
                edits[step.name] = becomes(one)
    yield "", edits


@misconception(
    "transposes the weights forward",
    "swap the rows and columns of the weights",
    "each weight then connects the wrong two neurons",
)
def forward_transposed(d: Derivation) -> Shapes:
    """W has its rows and columns swapped, only in the forward pass or throughout.

    >>> import bpkit as bp
    >>> forward_transposed.written(bp.examples.article.problem, "net_o1")
    'w5 · out_h1 + w7 · out_h2 + b2'
    """
    if isinstance(d.network, Network):
        yield from _laid_down(d, d.network, True)
    else:
        yield from _turned(d)


def _turned(d: Derivation) -> Shapes:
    """The same of every square array in the block."""
    turned, lines = transposed(d), gradients(d)
    for where, layers in places(d):
        forward = {step.name: instead(turned) for step in at(d, Role.FORWARD, SUMS, layers)}
        back = {s.name: instead(turned) for s in signal_slopes(d) if ends(s)[0].block in layers}
        block = [name for name in turned if lines[name].quantity.block in layers]
        swapped = {lines[name].name: becomes(lines[turned[name]].rhs) for name in block}
        if swapped:
            yield ", ".join(filter(None, (where, "on the way forward only"))), forward
            yield where, {**forward, **back, **swapped}


@misconception(
    "takes the weights in the order of their numbers",
    "use the weights in the order of their numbers",
    "look at the drawing, because the weights of this network are numbered differently",
)
def order_of_numbers(d: Derivation) -> Shapes:
    """The weights are taken in the order of their numbers, where the network is wired otherwise.

    >>> import bpkit as bp
    >>> order_of_numbers.written(bp.examples.article.problem, "net_h1")
    'w1 · x1 + w2 · x2 + b1'
    """
    if isinstance(d.network, Network) and d.network.renamed:
        yield from _laid_down(d, d.network, False)


def _laid_down(d: Derivation, network: Network, turned: bool) -> Shapes:
    for where, layers in places(d):
        forward: dict[str, Edit] = {}
        throughout: dict[str, Edit] = {}
        for layer in layers:
            wrong = placed(network, layer, turned)
            for neuron in network.layers[layer]:
                moved = {network.weight_of[s, neuron]: wrong[s, neuron] for s in network.layers[layer - 1]}
                forward[f"net_{neuron}"] = instead(moved)
            for (source, neuron), weight in wrong.items():
                if source not in network.inputs:
                    throughout[f"dnet_{neuron}/dout_{source}"] = becomes(weight)
                throughout[f"dE_total/d{weight}"] = becomes(
                    product(S(f"dE_total/dnet_{neuron}"), S(signal(network, source)))
                )
        yield ", ".join(filter(None, (where, "on the way forward only"))), forward
        yield where, {**forward, **throughout}


@misconception(
    "takes one weight of another neuron",
    "mix up the weights",
    "each signal is multiplied by the weight that leads from it to the neuron",
    rank=3,
)
def other_weight(d: Derivation) -> Shapes:
    """One weight of a net input is another one of its layer; or a neuron takes a column, where its row belongs.

    >>> import bpkit as bp
    >>> other_weight.written(bp.examples.article.problem, "net_h1")
    'w4 · x1 + w4 · x2 + b1'
    """
    if not isinstance(network := d.network, Network):
        return
    for (_, neuron), weight, other in neighbours(network):
        yield f"{other} instead of {weight}", {f"net_{neuron}": instead({weight: other})}
    for before, after in pairwise(network.layers):
        for neuron, start in every(after, before) if len(after) >= len(before) > 1 else ():
            column = [network.weight_of[start, target] for target in after]
            moved = {network.weight_of[source, neuron]: new for source, new in zip(before, column)}
            yield f"at {neuron} those that leave {start}", {f"net_{neuron}": instead(moved)}


def _side_by_side(one: Quantity, other: Quantity) -> bool:
    """Are two neurons of one layer, at one step?"""
    return near(one, other) and one.index[:-1] == other.index[:-1]


@misconception(
    "takes a neighbour's output",
    "swap the outputs of two neurons",
    "each weight multiplies the output of the neuron that it starts from",
    rank=3,
)
def outputs_swapped(d: Derivation) -> Shapes:
    """Two hidden neurons of a layer change places, only in the forward pass or in the derivatives too.

    >>> import bpkit as bp
    >>> outputs_swapped.written(bp.examples.article.problem, "net_o1")
    'w5 · out_h2 + w6 · out_h1 + b2'
    """
    for block in range(1, last_block(d)):
        pairs = (pair for pair in combinations(row(d, block, "out"), 2) if _side_by_side(*pair))
        for first, second in islice(pairs, 12):
            one, other = first.neuron, second.neuron
            both = {first.name: second.name, second.name: first.name}
            nets = [s for s in at(d, Role.FORWARD, SUMS) if both.keys() & names_in(s.rhs)]
            slopes = [s for s in at(d, Role.SLOPE, "weight") if both.keys() & names_in(s.rhs)]
            for where, lines in (
                ("", [*nets, *slopes]),
                (", on the way forward only", nets),
                (", in the derivatives only", slopes),
            ):
                yield f"{one} and {other}{where}", {s.name: instead(both) for s in lines}
