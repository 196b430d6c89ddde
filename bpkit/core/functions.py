"""Activations and losses: for each one SymPy expression, its slope as the lesson writes it, and a stable spelling.

The *stable* expressions say the same as the readable ones, in a form that neither overflows nor loses digits where
an output is close to 0 or 1; the compiler prints them, people read the others, and a test proves them equal.
"""

from __future__ import annotations

import keyword
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

import sympy as sp
from sympy.codegen.cfunctions import log1p

from bpkit.core.errors import BpkitError, suggest

Z, OUT, Y, K = sp.symbols("z out y K")

# Words with a meaning in generated code: no weight and no activation of a user's may be called so.
RESERVED = frozenset(
    [
        "math",
        "np",
        "exp",
        "log",
        "log1p",
        "expm1",
        "tanh",
        "cosh",
        "sinh",
        "sin",
        "cos",
        "tan",
        "sqrt",
        "where",
        "guarded",
        "steps",
        "record",
        "learning_rate",
        "inf",
        "softmax",
        "log_softmax",
        "xlogy",
        "xexp",
        "ratio",
        "evaluate",
        "train",
        "abs",
        "min",
        "max",
        "sum",
        "range",
    ]
)

# Functions that only generated code calls; core/runtime gives them for floats and for arrays.
softmax, log_softmax, xlogy, xexp, ratio = (
    sp.Function(n) for n in ["softmax", "log_softmax", "xlogy", "xexp", "ratio"]
)


def product(*factors: sp.Expr) -> sp.Expr:
    """Multiply without simplifying: the factors stay in the order of the lesson."""
    return factors[0] if len(factors) == 1 else sp.Mul(*factors, evaluate=False)


def total(*terms: sp.Expr) -> sp.Expr:
    """Add without simplifying: the terms stay in the order of the lesson."""
    return terms[0] if len(terms) == 1 else sp.Add(*terms, evaluate=False)


def put(expr: sp.Expr, values: Mapping[sp.Expr, sp.Expr]) -> sp.Expr:
    """Replace symbols and leave the shape of the expression alone, where ``subs`` would simplify it."""
    if expr in values:
        return values[expr]
    if not expr.args:
        return expr
    args = [put(arg, values) for arg in expr.args]
    if isinstance(expr, sp.Add | sp.Mul | sp.Pow):
        return type(expr)(*args, evaluate=False)
    return expr.func(*args)


def power(base: sp.Expr, exponent: int) -> sp.Expr:
    """A power that stays as written."""
    return sp.Pow(base, exponent, evaluate=False)


@dataclass(frozen=True)
class Activation:
    """What a neuron does with its net input: ``out = f(net)``.

    ``Activation("swish", z / (1 + sp.exp(-z)))`` makes a new one from a single SymPy expression in one symbol;
    its slope is the derivative of that expression, and it works wherever a built-in name does.
    """

    name: str
    expr: sp.Expr
    slope: sp.Expr | None = None
    stable: sp.Expr | None = field(default=None, repr=False)
    stable_slope: sp.Expr | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        if not isinstance(self.name, str) or not self.name.isidentifier() or keyword.iskeyword(self.name):
            raise BpkitError(
                f"Activation: its name must be one word that Python accepts, got {self.name!r}; "
                "write for example Activation('swish', z / (1 + sp.exp(-z)))"
            )
        if self.stable is not None:
            return  # one of the table below
        if self.name in BUILT_IN or self.name in RESERVED:
            raise BpkitError(f"Activation: the name {self.name!r} is taken; choose another for your own")
        try:
            expr = sp.sympify(self.expr, strict=True)
        except sp.SympifyError:
            raise BpkitError(
                f"Activation {self.name!r}: expected a SymPy expression, got {self.expr!r}; "
                "make a symbol with z = sympy.Symbol('z') and write the function with it"
            ) from None
        symbols = expr.free_symbols
        if len(symbols) > 1:
            names = ", ".join(sorted(map(str, symbols)))
            raise BpkitError(
                f"Activation {self.name!r}: expected one symbol, the net input, got {names}; "
                "put numbers in place of the others"
            )
        real = sp.Symbol("z", real=True)
        expr = expr.xreplace(dict.fromkeys(symbols, real))
        if expr.has(sp.Max, sp.Min, sp.Abs, sp.sign, sp.Heaviside):
            expr = expr.rewrite(sp.Piecewise)
        slope = (
            sp.diff(expr, real) if self.slope is None else sp.sympify(self.slope).xreplace(dict.fromkeys(symbols, real))
        )
        if unknown := slope.atoms(sp.Derivative, sp.DiracDelta) or slope.free_symbols - {real, OUT}:
            raise BpkitError(
                f"Activation {self.name!r}: its slope holds {sorted(map(str, unknown))}, expected only z and out; "
                "give the slope yourself as the third argument"
            )
        object.__setattr__(self, "expr", expr.xreplace({real: Z}))
        object.__setattr__(self, "slope", slope.xreplace({real: Z}))
        object.__setattr__(self, "stable", sp.Function(self.name)(Z))
        if OUT not in slope.free_symbols:
            object.__setattr__(self, "stable_slope", sp.Function(self.name + "_slope")(Z))

    @property
    def joint(self) -> bool:
        """True for softmax, whose outputs each depend on the net inputs of the whole layer."""
        return self.name == "softmax"

    @property
    def built_in(self) -> bool:
        return self.name in BUILT_IN

    def at(self, net: sp.Symbol) -> tuple[sp.Expr, sp.Expr]:
        """Right side and stable spelling of ``out = f(net)``."""
        return put(self.expr, {Z: net}), put(self.stable, {Z: net})

    def slope_at(self, net: sp.Symbol, out: sp.Symbol) -> tuple[sp.Expr, sp.Expr]:
        """Right side and stable spelling of ``dout/dnet``."""
        slope, values = self.slope, {Z: net, OUT: out}
        stable = slope if self.stable_slope is None else self.stable_slope
        return put(slope, values), put(stable, values)


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


def _sigmoid(z: sp.Expr) -> sp.Expr:
    return power(total(sp.Integer(1), sp.exp(-z)), -1)


def _stable_sigmoid(z: sp.Expr) -> sp.Expr:
    # Below -700 exp(-z) leaves the floats; there 1/(1+e^-z) equals e^z to every digit.
    return sp.Piecewise((_sigmoid(z), z > -700), (sp.exp(z), True))


def _stable_softplus(z: sp.Expr) -> sp.Expr:
    return sp.Piecewise((z + log1p(sp.exp(-z)), z > 0), (log1p(sp.exp(z)), True))


_ONE = sp.Integer(1)
_E = sp.exp(-2 * sp.Abs(Z))

_BUILT_IN = (
    Activation(
        "sigmoid",
        _sigmoid(Z),
        product(OUT, total(_ONE, -OUT)),
        _stable_sigmoid(Z),
        # Close to 1 the difference 1 - out has few digits left; out·e^-z is the same and keeps them all.
        sp.Piecewise((product(OUT, total(_ONE, -OUT)), OUT < 0.99), (OUT * OUT * sp.exp(-Z), True)),
    ),
    Activation(
        "tanh",
        sp.tanh(Z),
        total(_ONE, -power(OUT, 2)),
        sp.tanh(Z),
        sp.Piecewise((1 - power(OUT, 2), sp.Abs(OUT) < 0.99), (4 * _E / (1 + _E) ** 2, True)),
    ),
    Activation("identity", Z, _ONE, Z, _ONE),
    Activation(
        "softplus",
        sp.log(total(_ONE, sp.exp(Z)), evaluate=False),
        _sigmoid(Z),
        _stable_softplus(Z),
        _stable_sigmoid(Z),
    ),
    # "z <= 0" first, so that a nan passes through and is noticed.
    Activation(
        "relu",
        sp.Max(0, Z),
        sp.Piecewise((1, Z > 0), (0, True)),
        sp.Piecewise((0, Z <= 0), (Z, True)),
        sp.Piecewise((0, Z <= 0), (1, True)),
    ),
    Activation(
        "leaky_relu",
        sp.Piecewise((Z, Z > 0), (0.01 * Z, True)),
        sp.Piecewise((1, Z > 0), (0.01, True)),
        sp.Piecewise((0.01 * Z, Z <= 0), (Z, True)),
        sp.Piecewise((0.01, Z <= 0), (1, True)),
    ),
    Activation("softmax", Z, _ONE, Z, _ONE),  # joint: its lines are written by softmax_at and softmax_slope_at
)
BUILT_IN: Mapping[str, Activation] = MappingProxyType({activation.name: activation for activation in _BUILT_IN})

_HALF, _MINUS = sp.Rational(1, 2), sp.Integer(-1)
_DIFFERENCE, _BACK = total(Y, -OUT), total(OUT, -Y)
_BCE_SLOPE = total(product(_MINUS, Y, power(OUT, -1)), product(total(_ONE, -Y), power(total(_ONE, -OUT), -1)))

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
                    _MINUS,
                    total(
                        product(Y, sp.log(OUT)),
                        product(total(_ONE, -Y), sp.log(total(_ONE, -OUT), evaluate=False)),
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
                product(_MINUS, Y, sp.log(OUT)),
                product(_MINUS, Y, power(OUT, -1)),
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
    """What a loss and the output activation make of each other: stable error and slope from net, and the p - y."""

    error: sp.Expr
    loss_slope: sp.Expr
    delta: sp.Expr
    stable_delta: sp.Expr


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
            error=y * _stable_softplus(-net) + (1 - y) * _stable_softplus(net),
            loss_slope=(1 - y) + xexp(1 - y, net) - y - xexp(y, -net),
            delta=total(out, -y),
            stable_delta=sp.Piecewise((out - y, out < 0.99), ((1 - y) * out - y * out * sp.exp(-net), True)),
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


def softmax_at(nets: Sequence[sp.Symbol], k: int) -> tuple[sp.Expr, sp.Expr]:
    """Right side and stable spelling of ``out_k``: the share of e^net_k in the layer's sum."""
    shown = product(sp.exp(nets[k]), power(total(*(sp.exp(net) for net in nets)), -1))
    return shown, softmax(nets[k], *nets)


def softmax_slope_at(outs: Sequence[sp.Symbol], j: int, k: int) -> tuple[sp.Expr, sp.Expr]:
    """Right side and stable spelling of ``dout_j/dnet_k``."""
    if j != k:
        shown = product(_MINUS, outs[j], outs[k])
        return shown, shown
    return (
        product(outs[k], total(_ONE, -outs[k])),
        outs[k] * sp.Add(*(out for i, out in enumerate(outs) if i != k)),
    )


def activation(given: object) -> Activation:
    """The activation of that name, or the given one."""
    if isinstance(given, Activation):
        return given
    if isinstance(given, str) and given in BUILT_IN:
        return BUILT_IN[given]
    raise BpkitError(f"activation: expected a name or a bpkit.Activation, got {given!r}{suggest(given, BUILT_IN)}")


def loss(given: object) -> Loss:
    """The loss of that name."""
    if isinstance(given, str) and given in LOSSES:
        return LOSSES[given]
    raise BpkitError(f"loss: expected a name, got {given!r}{suggest(given, LOSSES)}")
