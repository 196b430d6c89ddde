"""Losses: for each one SymPy expression, its slope, and what it makes together with the output activation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

import sympy as sp

from bpkit.core.errors import BpkitError, suggest
from bpkit.core.expressions import (
    MINUS,
    ONE,
    OUT,
    K,
    Y,
    log_softmax,
    others,
    power,
    product,
    put,
    ratio,
    total,
    xexp,
    xlogy,
)
from bpkit.core.functions import BUILT_IN, Definition, as_cases, own_expression, own_slope, own_word, stable_softplus


@dataclass(frozen=True)
class Loss:
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

    name: str
    expr: sp.Expr
    slope: sp.Expr | None = None
    stable: sp.Expr | None = field(default=None, repr=False)
    stable_slope: sp.Expr | None = field(default=None, repr=False)
    in_words: str = ""
    targets_in_unit_interval: bool = field(default=False, repr=False)
    needs: str | None = field(default=None, repr=False)  # the activation that it is defined for

    def __post_init__(self) -> None:
        if self.stable is not None:
            return  # one of the table below
        own_word("Loss", self.name, {*LOSSES, *BUILT_IN})
        what = f"Loss {self.name!r}"
        expr = own_expression(what, self.expr, "a SymPy expression in y and out")
        names = {"y": sp.Symbol("y", real=True), "out": sp.Symbol("out", real=True)}
        if unknown := sorted(str(one) for one in expr.free_symbols if str(one) not in names):
            raise BpkitError(
                f"{what}: expected only the symbols y and out, got {', '.join(unknown)}; put numbers for it"
            )
        real = {one: names[str(one)] for one in expr.free_symbols}
        slope = None if self.slope is None else own_expression(what, self.slope, "a SymPy expression as slope")
        if slope is not None:
            slope = put(slope, {one: names.get(str(one), one) for one in slope.free_symbols})
        expr = put(expr, real)
        slope = own_slope(what, as_cases(expr), slope, names["out"], {names["y"]})
        back = {names["y"]: Y, names["out"]: OUT}
        object.__setattr__(self, "expr", put(expr, back))
        object.__setattr__(self, "slope", put(slope, back))
        object.__setattr__(self, "stable", sp.Function(self.name)(*self._symbols))
        object.__setattr__(self, "stable_slope", sp.Function(self.name + "_slope")(*self._symbols))
        object.__setattr__(self, "in_words", self.in_words or f"{self.name} of target and output")

    @property
    def _symbols(self) -> tuple[sp.Symbol, ...]:
        return (Y, OUT) if self.needs_targets else (OUT,)

    @property
    def built_in(self) -> bool:
        """True for the losses that have a name here."""
        return self.name in LOSSES

    @property
    def needs_targets(self) -> bool:
        """False where the output itself is the loss."""
        return Y in self.expr.free_symbols

    @property
    def definitions(self) -> tuple[Definition, ...]:
        """The functions of its own that generated code calls: name, symbols and expression."""
        own = () if self.built_in else (("", as_cases(self.expr)), ("_slope", self.slope))
        return tuple((self.name + end, self._symbols, expr) for end, expr in own)


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
                product(MINUS, total(xlogy(Y, OUT), xlogy(total(ONE, -Y), total(ONE, -OUT)))),
                total(ratio(total(ONE, -Y), total(ONE, -OUT)), -ratio(Y, OUT)),
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
            Loss("output", OUT, ONE, OUT, ONE, "the output itself"),
        )
    }
)


@dataclass(frozen=True)
class Fused:
    """What a loss and the output activation make of each other: stable error and slope from net, and the p - y."""

    error: sp.Expr
    loss_slope: sp.Expr
    delta: sp.Expr
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
    if (activation, loss) == ("softmax", "cross_entropy"):
        share = log_softmax(net, *nets)
        return Fused(
            error=-y * share,
            loss_slope=-xexp(y, -share),
            delta=total(product(out, total(*targets)), -y),
            # out_k Σy - y_k Σout, term by term: exact even where out_k rounds to 1.
            stable_delta=out * others(y, *targets) - y * others(out, *outs),
        )
    return None


def loss(given: object) -> Loss:
    """The loss of that name, or the given one."""
    if isinstance(given, Loss):
        return given
    if isinstance(given, str) and given in LOSSES:
        return LOSSES[given]
    raise BpkitError(f"loss: expected a name or a bpkit.Loss, got {given!r}{suggest(given, LOSSES)}")
