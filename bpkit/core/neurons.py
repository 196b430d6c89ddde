"""The lines of neurons: net inputs, outputs, and the errors at the end, with the textbook's slopes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import sympy as sp

from bpkit.core.expressions import ONE, OUT, K, Y, product, put, total
from bpkit.core.functions import Activation
from bpkit.core.lines import Lines, Slope
from bpkit.core.losses import Loss, fused
from bpkit.core.quantities import Quantity, Role, derivative

Term = tuple[sp.Symbol, sp.Symbol, str]  # a weight, the signal that it multiplies, and what that is in words


def net_input(lines: Lines, net: Quantity, terms: Iterable[Term], bias: sp.Symbol | None, reason: str) -> sp.Symbol:
    """Write a net input: each signal times its weight, plus the bias if there is one."""
    name, parts, slopes = net.name, [], {}
    for weight, signal, what in terms:
        parts.append(product(weight, signal))
        slopes[weight] = Slope(signal, f"in {name} the weight {weight.name} multiplies {signal.name}")
        slopes[signal] = Slope(weight, f"in {name} {what} is multiplied by {weight.name}")
    if bias is not None:
        parts.append(bias)
        slopes[bias] = Slope(ONE, f"the bias {bias.name} is added to {name}")
        reason += f", plus the bias {bias.name}"
    return lines.let(net, total(*parts), reason, slopes)


def outputs(
    lines: Lines, nets: Sequence[sp.Symbol], outs: Sequence[Quantity], activation: Activation
) -> list[sp.Symbol]:
    """Write the outputs of a row of neurons: the activation of their net inputs."""
    symbols = [out.symbol for out in outs]
    for k, out in enumerate(outs):
        who, of = (f"output of {out.neuron}", "its net input") if out.letter == "out" else (out.name, nets[k].name)
        rhs, stable = activation.at(nets, k)
        slopes = {}
        for j in range(len(nets)) if activation.joint else [k]:
            reason = f"slope of {activation.name} at {out.neuron if out.letter == 'out' else nets[k].name}"
            if j != k:
                reason = f"the outputs of a softmax add up to 1, so {out.name} falls when {nets[j].name} grows"
            shown, computed = activation.slope_at(nets, symbols, k, j)
            slopes[nets[j]] = Slope(shown, reason, computed)
        lines.let(out, rhs, f"{who}: {activation.name} of {of}", slopes, stable)
    return symbols


def errors(
    lines: Lines,
    loss: Loss,
    outs: Sequence[Quantity],
    targets: Sequence[Quantity],
    nets: Sequence[sp.Symbol] = (),
    activation: Activation | None = None,
    by_error: bool = False,
    whole: int = 0,
) -> list[sp.Symbol]:
    """Write the error of each output; and where loss and activation cancel, what is left of the derivative in ``nets``.

    ``by_error`` says that the derivatives in the nets are written error by error; ``whole`` is how many outputs there
    are in all, if these are one row of several.
    """
    symbols = [out.symbol for out in outs]
    ys = [target.symbol for target in targets] if loss.needs_targets else [Y] * len(outs)
    found = []
    for k, out in enumerate(outs):
        values = {Y: ys[k], OUT: symbols[k], K: sp.Integer(whole or len(outs))}
        both = fused(activation.name, loss.name, nets, symbols, ys, k) if activation else None
        error = Quantity("E", out.place, out.index, Role.FORWARD, "error", out.block, axes=out.axes)
        slope = Slope(
            put(loss.slope, values),
            f"slope of {out.neuron}'s error with respect to its output",
            both.slope if both else put(loss.stable_slope, values),
        )
        stable = both.error if both else put(loss.stable, values)
        reason = f"error of {out.neuron}: {loss.in_words or f'{loss.name} of target and output'}"
        found.append(lines.let(error, put(loss.expr, values), reason, {symbols[k]: slope}, stable))
        if both:
            of = error if by_error else TOTAL
            net = lines.quantities[nets[k].name]
            lines.shortcuts[derivative(of, net, Role.ADJOINT).name] = both.short
    return found


TOTAL = Quantity("E", "total", role=Role.FORWARD, tag="total")


def whole_loss(lines: Lines, found: Sequence[sp.Symbol], block: int) -> None:
    """Write the loss: all errors together."""
    lines.stage()
    whole = Quantity("E", "total", role=Role.FORWARD, tag="total", block=block)
    lines.let(whole, total(*found), "the loss is the sum of the errors of all outputs")
