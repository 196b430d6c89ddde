"""Losses: for each one SymPy expression, its slope, and what it makes together with the output activation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType
from typing import NamedTuple

import sympy as sp

from bpkit.core.errors import BpkitError
from bpkit.core.expressions import MINUS, ONE, OUT, K, Y, log_softmax, others, power, product, ratio, total, xexp, xlogy
from bpkit.core.functions import Activation, Own, stable_softplus
from bpkit.core.lines import Shortcut


@dataclass(frozen=True, repr=False)
class Loss(Own):
    """How far one output is from its target: ``E_o1`` as a function of ``y`` and ``out``; E_total is their sum.

    ``Loss("huber", expr)`` makes a new one from one SymPy expression in the symbols ``y`` and ``out``; its slope
    dE_o1/dout_o1 is the derivative of that expression. A network takes it where it takes a loss's name.

    Shapes: one number for each output. Units: none.
    Errors: ``BpkitError`` for other symbols, for what has no derivative, and for a name that is taken.
    Source: the formulas are those of Bishop, "Pattern Recognition and Machine Learning" (2006), chapters 4 and 5.

    >>> import bpkit as bp, sympy as sp
    >>> y, out = sp.symbols("y out")
    >>> bp.derive(bp.Network(1, 1, loss=bp.Loss("log_cosh", sp.log(sp.cosh(out - y)))))["dE_o1/dout_o1"].rhs
    sinh(out_o1 - y1)/cosh(out_o1 - y1)
    """

    _expected = "a SymPy expression in y and out"
    _wanted = (Y, OUT)
    in_words: str = ""
    targets_in_unit_interval: bool = False
    needs: str | None = None  # the activation that it is defined for

    @cached_property
    def needs_targets(self) -> bool:
        """False where the output itself is the loss.

        >>> LOSSES["half_squared_error"].needs_targets, LOSSES["output"].needs_targets
        (True, False)
        """
        return Y in self.expr.free_symbols


_SQUARE, _BACK, _REST, _MISS = power(total(Y, -OUT), 2), total(OUT, -Y), total(ONE, -Y), total(ONE, -OUT)

_ROWS = (
    Loss.row(
        "half_squared_error",
        product(sp.S.Half, _SQUARE),
        _BACK,
        written="half the squared error",
        in_words="half of the squared difference between target and output",
    ),
    Loss.row(
        "squared_error",
        _SQUARE,
        product(sp.Integer(2), _BACK),
        written="the squared error",
        in_words="squared difference between target and output",
    ),
    Loss.row(
        "mean_squared_error",
        product(power(K, -1), _SQUARE),
        product(2 / K, _BACK),
        written="the mean squared error",
        in_words="squared difference between target and output, shared among the outputs",
    ),
    Loss.row(
        "binary_cross_entropy",
        product(MINUS, total(product(Y, sp.log(OUT)), product(_REST, sp.log(_MISS, evaluate=False)))),
        total(product(MINUS, Y, power(OUT, -1)), product(_REST, power(_MISS, -1))),
        product(MINUS, total(xlogy(Y, OUT), xlogy(_REST, _MISS))),
        total(ratio(_REST, _MISS), -ratio(Y, OUT)),
        written="binary cross-entropy",
        in_words="surprise at the target, when out is read as the probability of a 1",
        targets_in_unit_interval=True,
    ),
    Loss.row(
        "cross_entropy",
        product(MINUS, Y, sp.log(OUT)),
        product(MINUS, Y, power(OUT, -1)),
        -xlogy(Y, OUT),
        -ratio(Y, OUT),
        written="cross-entropy",
        in_words="surprise at the target, when the outputs are read as probabilities",
        targets_in_unit_interval=True,
        needs="softmax",
    ),
    Loss.row("output", OUT, ONE, written="the output", in_words="the output itself"),
)
LOSSES: Mapping[str, Loss] = MappingProxyType({one.name: one for one in _ROWS})
Loss.table = LOSSES


class Fused(NamedTuple):
    """What a loss and the output activation give together: stable error and slope from net, and the p - y."""

    error: sp.Expr
    slope: sp.Expr
    short: Shortcut


def fused(
    activation: str,
    loss: str,
    nets: Sequence[sp.Symbol],
    outs: Sequence[sp.Symbol],
    targets: Sequence[sp.Symbol],
    k: int,
) -> Fused | None:
    """The cancelled forms for output number ``k``, or None where loss and activation do not cancel."""
    net, out, y = nets[k], outs[k], targets[k]
    if (activation, loss) == ("sigmoid", "binary_cross_entropy"):
        # With all its digits where out is close to 1.
        delta = sp.Piecewise((out - y, out < 0.99), ((1 - y) * out - y / (1 + sp.exp(net)), True))
        return Fused(
            y * stable_softplus(-net) + (1 - y) * stable_softplus(net),
            (1 - y) + xexp(1 - y, net) - y - xexp(y, -net),
            Shortcut(delta, total(out, -y)),
        )
    if (activation, loss) == ("softmax", "cross_entropy"):
        share = log_softmax(net, *nets)
        # out_k Σy - y_k Σout, term by term: exact even where out_k rounds to 1.
        delta = out * others(y, *targets) - y * others(out, *outs)
        because = "the slopes cancel, and with targets that add up to 1 this is p - y"
        short = Shortcut(delta, total(product(out, total(*targets)), -y), because)
        return Fused(-y * share, -xexp(y, -share), short)
    return None


def loss(given: object) -> Loss:
    """The loss of that name, or the given one.

    >>> loss("half_squared_error").expr
    (-out + y)**2/2
    """
    return Loss.found(given, LOSSES)


def check_loss(loss: Loss, last: Activation | None) -> None:
    """Refuse a loss that the activation of the last layer does not fit."""
    name = last.name if last else "none"
    if loss.needs and name != loss.needs:
        raise BpkitError(
            f"loss {loss.name!r}: expected {loss.needs} outputs, got {name}; "
            "give one activation per layer and end with 'softmax', or take 'binary_cross_entropy' with 'sigmoid'"
        )
    if loss.name == "binary_cross_entropy" and last and last.joint:
        raise BpkitError(
            "loss 'binary_cross_entropy': expected outputs that are probabilities each for itself, got softmax, "
            "whose outputs share one; take 'cross_entropy' with softmax, or 'sigmoid' outputs"
        )
