"""The lines of a fully connected layer, and of the errors at the end: forward, with the textbook's slopes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import sympy as sp

from bpkit.core.expressions import ONE, OUT, K, Y, product, put, symbol, total
from bpkit.core.functions import Activation
from bpkit.core.lines import Lines, Slope
from bpkit.core.losses import Loss, fused
from bpkit.core.quantities import Quantity, Role, derivative


def dense(
    lines: Lines,
    block: int,
    signals: Mapping[str, sp.Symbol],
    neurons: Sequence[Quantity],
    weights: Mapping[tuple[str, str], str],
    biases: Mapping[str, str],
    activation: Activation,
    by_error: tuple[bool, bool] = (False, False),
    last: bool = False,
) -> dict[str, sp.Symbol]:
    """Write a layer: ``net`` and ``out`` of each neuron from the signals that come in; return what goes out.

    ``signals`` maps the neurons before to what they pass on, ``neurons`` are the places of the layer, ``weights`` and
    ``biases`` name the parameters. ``by_error`` says for nets and for outs whether their derivatives are written error
    by error.
    """
    lines.stage(by_error[0], slopes_first=last)
    nets = []
    for place in neurons:
        neuron, net = place.neuron, Quantity("net", place.place, place.index, tag="net", block=block)
        terms, slopes = [], {}
        for source, signal in signals.items():
            weight = symbol(weights[source, neuron])
            terms.append(product(weight, signal))
            slopes[weight] = Slope(signal, f"in {net.name} the weight {weight.name} multiplies {signal.name}")
            what = f"the output of {source}" if block > 1 else f"the input {signal.name}"
            slopes[signal] = Slope(weight, f"in {net.name} {what} is multiplied by {weight.name}")
        reason = f"net input of {neuron}: each {'hidden output' if block > 1 else 'input'} times its weight"
        if neuron in biases:
            bias = symbol(biases[neuron])
            terms.append(bias)
            slopes[bias] = Slope(ONE, f"the bias {bias.name} is added to {net.name}")
            reason += f", plus the bias {bias.name}"
        nets.append(lines.let(net, total(*terms), reason, slopes))
    lines.stage(by_error[1])
    outs = [Quantity("out", place.place, place.index, tag="out", block=block) for place in neurons]
    symbols = [out.symbol for out in outs]
    for k, (place, out) in enumerate(zip(neurons, outs)):
        rhs, stable = activation.at(nets, k)
        slopes = {}
        for j in range(len(nets)) if activation.joint else [k]:
            reason = f"slope of {activation.name} at {place.neuron}"
            if j != k:
                reason = f"softmax shares: when {nets[j].name} grows, {out.name} falls"
            shown, computed = activation.slope_at(nets, symbols, k, j)
            slopes[nets[j]] = Slope(shown, reason, computed)
        lines.let(out, rhs, f"output of {place.neuron}: {activation.name} of its net input", slopes, stable)
    return dict(zip((place.neuron for place in neurons), symbols))


def errors(
    lines: Lines,
    block: int,
    loss: Loss,
    activation: Activation,
    neurons: Sequence[Quantity],
    targets: Sequence[Quantity],
) -> None:
    """Write the error of each output and their sum, the loss; and where loss and activation cancel, what is left."""
    nets = [Quantity("net", place.place, place.index, Role.FORWARD, "net", block) for place in neurons]
    outs = [Quantity("out", place.place, place.index).symbol for place in neurons]
    ys = [lines.given(target) for target in targets] if loss.needs_targets else [Y] * len(outs)
    whole = Quantity("E", "total", role=Role.FORWARD, tag="total", block=block)
    lines.stage()
    found = []
    for k, place in enumerate(neurons):
        values = {Y: ys[k], OUT: outs[k], K: sp.Integer(len(outs))}
        both = fused(activation.name, loss.name, [net.symbol for net in nets], outs, ys, k)
        error = Quantity("E", place.place, place.index, Role.FORWARD, "error", block)
        slope = Slope(
            put(loss.slope, values),
            f"slope of the error of {place.neuron} in its output",
            both.slope if both else put(loss.stable_slope, values),
        )
        stable = both.error if both else put(loss.stable, values)
        reason = f"error of {place.neuron}: {loss.in_words or f'{loss.name} of target and output'}"
        found.append(lines.let(error, put(loss.expr, values), reason, {outs[k]: slope}, stable))
        if both:
            of = whole if activation.joint else error
            lines.shortcuts[derivative(of, nets[k], Role.ADJOINT).name] = both.short
    lines.stage()
    lines.let(whole, total(*found), "the loss: the errors of all outputs together")
