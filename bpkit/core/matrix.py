"""The same rules layer by layer, as matrices: the one second notation, for batches and wide layers.

A batch has a row for each sample: ``out_0`` holds the inputs, ``W_1`` a row for each source and a column for each
target of the first layer, and ``*`` multiplies element by element.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import sympy as sp

from bpkit.core.code import code
from bpkit.core.errors import BpkitError
from bpkit.core.expressions import OUT, K, Y, Z, put
from bpkit.core.functions import last_case
from bpkit.core.losses import by_odds, fused, odds_delta, odds_error
from bpkit.core.network import Network


@dataclass(frozen=True)
class MatrixStep:
    """One numbered line of the matrix form: a quantity, the rule as people read it, its Python, and why.

    ``parts`` is the rule in pieces: strings of matrix algebra, and expressions taken element by element.
    """

    number: int
    name: str
    parts: tuple[str | sp.Expr, ...]
    code: str
    reason: str
    kind: str

    def __str__(self) -> str:
        from bpkit.show.matrices import matrix_text

        return matrix_text((self,))

    __repr__ = __str__


@dataclass(frozen=True, repr=False)
class MatrixDerivation:
    """Backpropagation of one network in matrices, as numbered lines; iterate, or take ``m["delta_1"]``."""

    network: Network
    steps: tuple[MatrixStep, ...]

    def __len__(self) -> int:
        return len(self.steps)

    def __iter__(self) -> Iterator[MatrixStep]:
        return iter(self.steps)

    def __getitem__(self, name: str) -> MatrixStep:
        for step in self.steps:
            if step.name == name:
                return step
        raise BpkitError(f"matrix form: expected one of {', '.join(step.name for step in self.steps)}, got {name!r}")

    def source(self, train_biases: bool = True) -> str:
        """The Python that really runs on batches and wide layers."""
        from bpkit.core.matrix_run import matrix_source

        return matrix_source(self.network, train_biases)

    def __str__(self) -> str:
        from bpkit.show.matrices import matrix_text

        return matrix_text(self.steps)

    __repr__ = __str__

    def _repr_latex_(self) -> str:
        from bpkit.show.matrices import matrix_latex

        return matrix_latex(self.steps)


class _Writer:
    def __init__(self, network: Network) -> None:
        self.network = network
        self.steps: list[MatrixStep] = []

    def write(self, kind: str, name: str, parts: tuple[str | sp.Expr, ...], text: str, reason: str) -> None:
        self.steps.append(MatrixStep(len(self.steps) + 1, name, parts, text, reason, kind))

    def forward(self) -> None:
        for layer, activation in enumerate(self.network.activations, 1):
            bias = "" if self.network.bias == "none" else f" + b_{layer}"
            rule = f"out_{layer - 1} @ W_{layer}{bias}"
            self.write("net", f"net_{layer}", (rule,), rule, f"net inputs of layer {layer}, a row for each sample")
            net = sp.Symbol(f"net_{layer}")
            shown: str | sp.Expr = put(activation.expr, {Z: net})
            text = code(put(activation.stable, {Z: net}), arrays=True)
            if activation.joint:
                shown, text = f"softmax(net_{layer})", f"matrix_softmax(net_{layer})"
            self.write("out", f"out_{layer}", (shown,), text, f"{activation.name} of each net input")

    def loss(self) -> None:
        last = len(self.network.activations)
        net, out, targets = sp.Symbol(f"net_{last}"), sp.Symbol(f"out_{last}"), sp.Symbol("targets")
        values = {Y: targets, OUT: out, K: sp.Integer(len(self.network.outputs))}
        activation, loss = self.network.activations[-1], self.network.loss
        shown = put(loss.expr, values)
        both = None if activation.joint else fused(activation.name, loss.name, [net], [out], [targets], 0)
        text = code(both.error if both else put(loss.stable, values), arrays=True)
        cancels = activation.joint and loss.needs == activation.name
        if cancels:
            text = f"-(targets*matrix_log_softmax({net}))"
        odds = sp.Function("matrix_log_odds")(net)
        if at_odds := by_odds(activation.name, loss.name, len(self.network.outputs)):
            text = code(odds_error(targets, odds), arrays=True)
        self.write(
            "total",
            "E_total",
            ("mean over samples of the sum over outputs of ", shown),
            f"({text}).sum()/n",
            "the loss: the mean of the samples' losses",
        )
        name, why = f"delta_{last}", f"dE_total/dnet of layer {last}, for each sample"
        if cancels:
            text = f"{out}*matrix_others(targets) - targets*matrix_others({out})"
            self.write(
                "delta",
                name,
                (sp.Add(out, -targets, evaluate=False),),
                text,
                why + ": p - y, for targets that add up to 1",
            )
        elif both:
            self.write(
                "delta",
                name,
                (both.delta,),
                code(last_case(both.stable_delta), arrays=True),
                why + ": the slopes cancel",
            )
        elif activation.joint:
            text = f"matrix_softmax_slope({out}, {code(put(loss.stable_slope, values), arrays=True)})"
            if at_odds:
                text = f"matrix_odds_slope({net}, {code(last_case(odds_delta(targets, out, odds)), arrays=True)})"
            self.write(
                "delta",
                name,
                (f"softmax slope of {out}, applied to ", put(loss.slope, values)),
                text,
                why,
            )
        else:
            shown_slope, slope = activation.slope_at(net, out)[0], activation.array_slope_at(net, out)
            left, right = put(loss.slope, values), code(put(loss.stable_slope, values), arrays=True)
            self.write("delta", name, (left, " * ", shown_slope), f"({right})*({code(slope, arrays=True)})", why)

    def parameters(self, layer: int) -> None:
        rule = f"out_{layer - 1}.T @ delta_{layer}"
        self.write(
            "gradient",
            f"dE_total/dW_{layer}",
            (f"{rule} / n",),
            f"{rule}/n",
            "every weight's source times its delta",
        )
        if self.network.bias == "layer":
            self.write(
                "gradient",
                f"dE_total/db_{layer}",
                (f"sum(delta_{layer}) / n",),
                f"delta_{layer}.sum()/n",
                "one bias for the layer: the deltas of all its neurons together",
            )
        elif self.network.bias == "neuron":
            self.write(
                "gradient",
                f"dE_total/db_{layer}",
                (f"column sums of delta_{layer} / n",),
                f"delta_{layer}.sum(axis=0)/n",
                "a bias for each neuron: its delta",
            )

    def hidden(self, layer: int) -> None:
        net, out = sp.Symbol(f"net_{layer}"), sp.Symbol(f"out_{layer}")
        activation = self.network.activations[layer - 1]
        shown, slope = activation.slope_at(net, out)[0], activation.array_slope_at(net, out)
        back = f"(delta_{layer + 1} @ W_{layer + 1}.T)"
        self.write(
            "delta",
            f"delta_{layer}",
            (f"{back} * ", shown),
            f"{back}*({code(slope, arrays=True)})",
            f"dE_total/dnet of layer {layer}: every path back, times the slope",
        )

    def update(self) -> None:
        for layer in range(1, len(self.network.activations) + 1):
            for letter in ("W", "b") if self.network.bias != "none" else ("W",):
                rule = f"{letter}_{layer} - learning_rate * dE_total/d{letter}_{layer}"
                self.write(
                    "update",
                    f"{letter}_{layer}_new",
                    (rule,),
                    f"{letter}_{layer} -= learning_rate*dE_total_d{letter}_{layer}",
                    "gradient descent",
                )


@lru_cache(maxsize=64)
def derive_matrices(network: Network) -> MatrixDerivation:
    """Write backpropagation down in matrices: the rules of ``derive``, a line for each layer.

    The slopes are those of the same table, and a test holds both forms equal. Returns a ``MatrixDerivation``.
    """
    if not isinstance(network, Network):
        raise BpkitError(f"derive_matrices: expected a Network, got {network!r}")
    writer, last = _Writer(network), len(network.activations)
    writer.forward()
    writer.loss()
    writer.parameters(last)
    for layer in range(last - 1, 0, -1):
        writer.hidden(layer)
        writer.parameters(layer)
    writer.update()
    return MatrixDerivation(network, tuple(writer.steps))
