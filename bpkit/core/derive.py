"""Writes backpropagation down: every rule of calculus that the kit uses stands here or in the table of functions."""

from __future__ import annotations

from functools import lru_cache

import sympy as sp

from bpkit.core.derivation import Derivation, Step
from bpkit.core.errors import BpkitError
from bpkit.core.expressions import MINUS, ONE, OUT, K, Y, names_in, product, put, total
from bpkit.core.functions import softmax_at, softmax_slope_at
from bpkit.core.losses import fused
from bpkit.core.network import Network

S = sp.Symbol


class _Writer:
    """Collects the steps and numbers them; ``uses`` are found by looking which earlier left sides a line holds."""

    def __init__(self, network: Network) -> None:
        self.network = network
        self.steps: list[Step] = []
        self.number_of: dict[str, int] = {}

    def write(
        self,
        kind: str,
        about: tuple[str, ...],
        name: str,
        rhs: sp.Expr,
        reason: str,
        stable: sp.Expr | None = None,
        cancelled: sp.Expr | None = None,
    ) -> None:
        number = len(self.steps) + 1
        seen = names_in(rhs) | (names_in(cancelled) if cancelled is not None else set())
        uses = sorted(self.number_of[symbol] for symbol in seen if symbol in self.number_of)
        computed = rhs if stable is None else stable
        self.number_of[name] = number
        self.steps.append(Step(number, name, rhs, reason, kind, about, computed, tuple(uses), cancelled))

    def forward(self) -> None:
        network = self.network
        for depth, (before, after) in enumerate(zip(network.layers, network.layers[1:])):
            activation = network.activations[depth]
            for neuron in after:
                terms = [product(S(network.weight_of[source, neuron]), self.signal(source)) for source in before]
                bias = network.bias_of.get(neuron)
                what = "input" if depth == 0 else "hidden output"
                self.write(
                    "net",
                    (neuron,),
                    f"net_{neuron}",
                    total(*terms, *([S(bias)] if bias else [])),
                    f"net input of {neuron}: each {what} times its weight"
                    + (f", plus the bias {bias}" if bias else ""),
                )
            nets = [S(f"net_{neuron}") for neuron in after]
            for k, neuron in enumerate(after):
                rhs, stable = softmax_at(nets, k) if activation.joint else activation.at(nets[k])
                self.write(
                    "out",
                    (neuron,),
                    f"out_{neuron}",
                    rhs,
                    f"output of {neuron}: {activation.name} of its net input",
                    stable,
                )

    def signal(self, neuron: str) -> sp.Symbol:
        """What a neuron passes on: an input itself, or an output."""
        return S(neuron) if neuron in self.network.inputs else S(f"out_{neuron}")

    def error(self) -> None:
        network = self.network
        nets, outs, targets = self.output_symbols()
        for k, neuron in enumerate(network.outputs):
            values = {Y: targets[k], OUT: outs[k], K: sp.Integer(len(outs))}
            both = fused(network.activations[-1].name, network.loss.name, nets, outs, targets, k)
            stable = both.error if both else put(network.loss.stable, values)
            self.write(
                "error",
                (neuron,),
                f"E_{neuron}",
                put(network.loss.expr, values),
                f"error of {neuron}: {network.loss.in_words}",
                stable,
            )
        errors = [S(f"E_{neuron}") for neuron in network.outputs]
        self.write(
            "total",
            network.outputs,
            "E_total",
            total(*errors),
            "the loss: the errors of all outputs together",
        )

    def output_symbols(self) -> tuple[list[sp.Symbol], list[sp.Symbol], list[sp.Symbol]]:
        outputs = self.network.outputs
        return (
            [S(f"net_{o}") for o in outputs],
            [S(f"out_{o}") for o in outputs],
            [S(y) for y in self.network.targets],
        )

    def output_layer(self) -> None:
        network = self.network
        nets, outs, targets = self.output_symbols()
        activation, joint = network.activations[-1], network.activations[-1].joint
        both = [fused(activation.name, network.loss.name, nets, outs, targets, k) for k in range(len(outs))]
        for k, o in enumerate(network.outputs):
            values = {Y: targets[k], OUT: outs[k], K: sp.Integer(len(outs))}
            cancel = both[k]
            self.write(
                "loss slope",
                (o,),
                f"dE_{o}/dout_{o}",
                put(network.loss.slope, values),
                f"slope of the error of {o} in its output",
                cancel.loss_slope if cancel else put(network.loss.stable_slope, values),
            )
            self.write("dE/dout", (o,), f"dE_total/dout_{o}", S(f"dE_{o}/dout_{o}"), f"out_{o} stands in E_{o} alone")
        for k, o in enumerate(network.outputs):
            for j, other in enumerate(network.outputs):
                if j == k or joint:
                    rhs, stable = softmax_slope_at(outs, j, k) if joint else activation.slope_at(nets[k], outs[k])
                    self.write(
                        "output slope",
                        (other, o),
                        f"dout_{other}/dnet_{o}",
                        rhs,
                        f"slope of {activation.name} at {o}"
                        if j == k
                        else f"softmax shares: when net_{o} grows, out_{other} falls",
                        stable,
                    )
        for k, o in enumerate(network.outputs):
            cancel = both[k]
            if joint:
                terms = [product(S(f"dE_total/dout_{j}"), S(f"dout_{j}/dnet_{o}")) for j in network.outputs]
                rhs, why = total(*terms), f"chain rule: net_{o} moves every output of the softmax"
            else:
                factors = product(S(f"dE_{o}/dout_{o}"), S(f"dout_{o}/dnet_{o}"))
                self.write(
                    "dE_o/dnet",
                    (o,),
                    f"dE_{o}/dnet_{o}",
                    factors,
                    f"chain rule: the error of {o} through out_{o}",
                    cancel.stable_delta if cancel else None,
                    cancel.delta if cancel else None,
                )
                rhs, why = S(f"dE_{o}/dnet_{o}"), f"net_{o} reaches E_{o} alone: the delta of {o}"
            if joint and cancel:
                if cancel.delta is not None:
                    why += "; the slopes cancel, and with targets that add up to 1 this is p - y"
                self.write("delta", (o,), f"dE_total/dnet_{o}", rhs, why, cancel.stable_delta, cancel.delta)
            else:
                self.write("delta", (o,), f"dE_total/dnet_{o}", rhs, why)

    def parameters(self, depth: int) -> None:
        """Every derivative by a weight or bias that feeds layer ``depth`` (1 is the first after the inputs)."""
        network = self.network
        neurons = network.layers[depth]
        for weight, (source, neuron) in network.weights.items():
            if neuron in neurons:
                local = f"dnet_{neuron}/d{weight}"
                self.write(
                    "dnet/dw",
                    (weight, neuron),
                    local,
                    self.signal(source),
                    f"in net_{neuron} the weight {weight} multiplies {self.signal(source)}",
                )
                self.write(
                    "gradient",
                    (weight, neuron),
                    f"dE_total/d{weight}",
                    product(S(f"dE_total/dnet_{neuron}"), S(local)),
                    f"chain rule for {weight}, through net_{neuron}",
                )
        for bias, fed in network.biases.items():
            mine = [neuron for neuron in fed if neuron in neurons]
            for neuron in mine:
                self.write(
                    "dnet/db",
                    (bias, neuron),
                    f"dnet_{neuron}/d{bias}",
                    ONE,
                    f"the bias {bias} is added to net_{neuron}",
                )
            if mine:
                terms = [product(S(f"dE_total/dnet_{neuron}"), S(f"dnet_{neuron}/d{bias}")) for neuron in mine]
                why = f"chain rule for {bias}" + (", one term for each neuron that it feeds" if len(mine) > 1 else "")
                self.write("gradient", (bias, *mine), f"dE_total/d{bias}", total(*terms), why)

    def hidden_layer(self, depth: int) -> None:
        network = self.network
        neurons, following = network.layers[depth], network.layers[depth + 1]
        # One term per output has a name of its own (dE_o1/dout_h1) where each output has an error of its own.
        per_output = depth == len(network.layers) - 2 and not network.activations[-1].joint
        activation = network.activations[depth - 1]
        for h in neurons:
            for n in following:
                self.write(
                    "dnet/dout",
                    (h, n),
                    f"dnet_{n}/dout_{h}",
                    S(network.weight_of[h, n]),
                    f"in net_{n} the output of {h} is multiplied by {network.weight_of[h, n]}",
                )
            if per_output:
                for o in following:
                    self.write(
                        "dE_o/dout",
                        (h, o),
                        f"dE_{o}/dout_{h}",
                        product(S(f"dE_{o}/dnet_{o}"), S(f"dnet_{o}/dout_{h}")),
                        f"chain rule: the error of {o} through net_{o}",
                    )
                terms = [S(f"dE_{o}/dout_{h}") for o in following]
            else:
                terms = [product(S(f"dE_total/dnet_{n}"), S(f"dnet_{n}/dout_{h}")) for n in following]
            through = " and ".join(following) if len(following) < 4 else "every neuron after it"
            self.write(
                "dE/dout", (h,), f"dE_total/dout_{h}", total(*terms), f"out_{h} reaches the loss through {through}"
            )
        for h in neurons:
            net, out = S(f"net_{h}"), S(f"out_{h}")
            rhs, stable = activation.slope_at(net, out)
            self.write("hidden slope", (h,), f"dout_{h}/dnet_{h}", rhs, f"slope of {activation.name} at {h}", stable)
            self.write(
                "delta",
                (h,),
                f"dE_total/dnet_{h}",
                product(S(f"dE_total/dout_{h}"), S(f"dout_{h}/dnet_{h}")),
                f"chain rule: the loss through out_{h}, the delta of {h}",
            )

    def update(self) -> None:
        rate = S("learning_rate")
        for name in self.network.parameters:
            self.write(
                "update",
                (name,),
                f"{name}_new",
                total(S(name), product(MINUS, rate, S(f"dE_total/d{name}"))),
                f"gradient descent: {name} goes against its slope",
            )


@lru_cache(maxsize=64)
def derive(network: Network) -> Derivation:
    """Write backpropagation down for a network, line by numbered line: forward, loss, backward, update.

    Returns a ``Derivation``. The work grows with the number of weights, as every line is local: it names the
    quantities just before it and is never a composed expression.

    Shapes: any sizes of layers; the lines are those of one sample. Units: none.
    Errors: ``BpkitError`` where no ``Network`` came.
    Source: the order of the lines is that of the article "Mastering Backpropagation in Neural Network", AfterAcademy.

    >>> import bpkit as bp
    >>> bp.derive(bp.Network(1, 1))["dE/dw1"].rhs
    dE_total/dnet_o1*dnet_o1/dw1
    """
    if not isinstance(network, Network):
        raise BpkitError(f"derive: expected a Network, got {network!r}; with a problem write derive(problem.network)")
    writer = _Writer(network)
    writer.forward()
    writer.error()
    writer.output_layer()
    writer.parameters(len(network.layers) - 1)
    for depth in range(len(network.layers) - 2, 0, -1):
        writer.hidden_layer(depth)
        writer.parameters(depth)
    writer.update()
    return Derivation(network, tuple(writer.steps))
