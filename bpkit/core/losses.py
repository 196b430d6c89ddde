"""Losses: for each one SymPy expression, its slope, and what it makes together with the output activation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import sympy as sp

from bpkit.core.errors import BpkitError, suggest
from bpkit.core.expressions import (
    MINUS,
    ONE,
    OUT,
    K,
    Y,
    log_odds,
    log_softmax,
    power,
    product,
    ratio,
    softmax,
    total,
    xexp,
    xlogy,
)
from bpkit.core.functions import stable_softplus


@dataclass(frozen=True)
class Loss:
    """How far one output is from its target: ``E_o1`` as a function of ``y`` and ``out``; E_total is their sum.

    ``K`` stands for the number of outputs. ``slope`` is ``dE_o1/dout_o1``. ``needs`` names the activation of the
    output layer that the loss is defined for, ``targets`` the interval that its targets come from.
    """

    name: str
    expr: sp.Expr
    slope: sp.Expr
    stable: sp.Expr
    stable_slope: sp.Expr
    in_words: str
    targets_in_unit_interval: bool = False
    needs: str | None = None


_HALF = sp.Rational(1, 2)
_DIFFERENCE, _BACK = total(Y, -OUT), total(OUT, -Y)
_BCE_SLOPE = total(product(MINUS, Y, power(OUT, -1)), product(total(ONE, -Y), power(total(ONE, -OUT), -1)))

LOSSES: Mapping[str, Loss] = MappingProxyType(
    {
        loss.name: loss
        for loss in (
            Loss(
                "half_squared_error",
                product(_HALF, power(_DIFFERENCE, 2)),
                _BACK,
                product(_HALF, power(_DIFFERENCE, 2)),
                _BACK,
                "half of the squared difference between target and output",
            ),
            Loss(
                "squared_error",
                power(_DIFFERENCE, 2),
                product(sp.Integer(2), _BACK),
                power(_DIFFERENCE, 2),
                product(sp.Integer(2), _BACK),
                "squared difference between target and output",
            ),
            Loss(
                "mean_squared_error",
                product(power(K, -1), power(_DIFFERENCE, 2)),
                product(2 / K, _BACK),
                product(power(K, -1), power(_DIFFERENCE, 2)),
                product(2 / K, _BACK),
                "squared difference between target and output, shared among the outputs",
            ),
            Loss(
                "binary_cross_entropy",
                product(
                    MINUS,
                    total(
                        product(Y, sp.log(OUT)),
                        product(total(ONE, -Y), sp.log(total(ONE, -OUT), evaluate=False)),
                    ),
                ),
                _BCE_SLOPE,
                -(xlogy(Y, OUT) + xlogy(1 - Y, 1 - OUT)),
                ratio(1 - Y, 1 - OUT) - ratio(Y, OUT),
                "surprise at the target, when out is read as the probability of a 1",
                targets_in_unit_interval=True,
            ),
            Loss(
                "cross_entropy",
                product(MINUS, Y, sp.log(OUT)),
                product(MINUS, Y, power(OUT, -1)),
                -xlogy(Y, OUT),
                -ratio(Y, OUT),
                "surprise at the target, when the outputs are read as probabilities",
                targets_in_unit_interval=True,
                needs="softmax",
            ),
        )
    }
)


@dataclass(frozen=True)
class Fused:
    """What a loss and the output activation make of each other: stable error and slope from net, and the p - y.

    ``delta`` is None where people gain nothing by cancelling, though numbers do.
    """

    error: sp.Expr
    loss_slope: sp.Expr
    delta: sp.Expr | None
    stable_delta: sp.Expr


def odds_error(y: sp.Expr, z: sp.Expr) -> sp.Expr:
    """The binary cross-entropy of out = 1/(1 + e^-z)."""
    return y * stable_softplus(-z) + (1 - y) * stable_softplus(z)


def odds_delta(y: sp.Expr, out: sp.Expr, z: sp.Expr) -> sp.Expr:
    """Its slope in z, out - y, with all its digits where out is close to 1."""
    return sp.Piecewise((out - y, out < 0.99), ((1 - y) * out - y / (1 + sp.exp(z)), True))


def _odds_slope(y: sp.Expr, z: sp.Expr) -> sp.Expr:
    """Its slope in out."""
    return (1 - y) + xexp(1 - y, z) - y - xexp(y, -z)


def by_odds(activation: str, loss: str, outputs: int) -> bool:
    """Softmax with binary cross-entropy: each output against all others together is a sigmoid of its log-odds,
    net_k - log of the sum of the others' e^net, and there this pair cancels.
    """
    return (activation, loss) == ("softmax", "binary_cross_entropy") and outputs > 1


def without(row: Sequence[sp.Symbol], k: int) -> list[sp.Symbol]:
    """All but one."""
    return [*row[:k], *row[k + 1 :]]


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
        return Fused(
            error=odds_error(y, net),
            loss_slope=_odds_slope(y, net),
            delta=total(out, -y),
            stable_delta=odds_delta(y, out, net),
        )
    if by_odds(activation, loss, len(nets)):
        odds = [log_odds(nets[j], *without(nets, j)) for j in range(len(nets))]
        deltas = [odds_delta(*of) for of in zip(targets, outs, odds)]
        shares = [deltas[j] * softmax(net, *without(nets, j)) for j in range(len(nets)) if j != k]
        return Fused(
            error=odds_error(y, odds[k]),
            loss_slope=_odds_slope(y, odds[k]),
            delta=None,
            stable_delta=sp.Add(deltas[k], *(-share for share in shares)),
        )
    if (activation, loss) == ("softmax", "cross_entropy"):
        share = log_softmax(net, *nets)
        others = [j for j in range(len(nets)) if j != k]
        return Fused(
            error=-y * share,
            loss_slope=-xexp(y, -share),
            delta=total(product(out, total(*targets)), -y),
            # out_k Σy - y_k Σout, term by term: exact even where out_k rounds to 1.
            stable_delta=sp.Add(*(out * targets[j] - y * outs[j] for j in others)),
        )
    return None


def loss(given: object) -> Loss:
    """The loss of that name."""
    if isinstance(given, str) and given in LOSSES:
        return LOSSES[given]
    raise BpkitError(f"loss: expected a name, got {given!r}{suggest(given, LOSSES)}")
