"""Activations: for each one SymPy expression, its slope as the lesson writes it, and a stable spelling.

The *stable* expressions say the same as the readable ones, in a form that neither overflows nor loses digits where
an output is close to 0 or 1; the compiler prints them, people read the others, and a test proves them equal.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

import sympy as sp
from sympy.codegen.cfunctions import log1p

from bpkit.core.errors import BpkitError, suggest
from bpkit.core.expressions import MINUS, ONE, OUT, Z, power, product, put, softmax, total
from bpkit.core.names import is_taken, is_word


@dataclass(frozen=True)
class Activation:
    """What a neuron does with its net input: ``out = f(net)``.

    ``Activation("swish", z / (1 + sp.exp(-z)))`` makes a new one from a single SymPy expression in one symbol;
    its slope is the derivative of that expression, and it works wherever a built-in name does.

    Shapes: one number in, one number out, for each neuron; softmax alone takes its whole layer.
    Units: none. Errors: ``BpkitError`` for more symbols than one, and for what has no derivative.
    Source: the textbook's names and formulas, see Bishop, "Pattern Recognition and Machine Learning" (2006), chapter 5.

    >>> import bpkit as bp, sympy as sp
    >>> z = sp.Symbol("z")
    >>> swish = bp.Activation("swish", z / (1 + sp.exp(-z)))
    >>> bp.derive(bp.Network(1, 1, activation=swish))["dout_o1/dnet_o1"].rhs
    net_o1*exp(-net_o1)/(1 + exp(-net_o1))**2 + 1/(1 + exp(-net_o1))
    """

    name: str
    expr: sp.Expr
    slope: sp.Expr | None = None
    stable: sp.Expr | None = field(default=None, repr=False)
    stable_slope: sp.Expr | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        if not is_word(self.name):
            raise BpkitError(
                f"Activation: its name must be one word that Python accepts, got {self.name!r}; "
                "write for example Activation('swish', z / (1 + sp.exp(-z)))"
            )
        if self.stable is not None:
            return  # one of the table below
        if self.name in BUILT_IN or is_taken(self.name, function=True):
            raise BpkitError(f"Activation: the name {self.name!r} is taken; choose another for your own")
        expr = self._expression(self.expr, "a SymPy expression")
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
        if self.slope is None:
            slope = sp.diff(expr, real)
        else:
            slope = self._expression(self.slope, "a SymPy expression as slope").xreplace(dict.fromkeys(symbols, real))
        if unknown := slope.atoms(sp.Derivative, sp.DiracDelta) or slope.free_symbols - {real, OUT}:
            raise BpkitError(
                f"Activation {self.name!r}: its slope holds {', '.join(sorted(map(str, unknown)))}, "
                "expected only z and out; give the slope yourself as the third argument"
            )
        object.__setattr__(self, "expr", expr.xreplace({real: Z}))
        object.__setattr__(self, "slope", slope.xreplace({real: Z}))
        object.__setattr__(self, "stable", sp.Function(self.name)(Z))
        if OUT not in slope.free_symbols:
            object.__setattr__(self, "stable_slope", sp.Function(self.name + "_slope")(Z))

    def _expression(self, given: object, expected: str) -> sp.Expr:
        try:
            expr = sp.sympify(given, strict=True)
        except sp.SympifyError:
            expr = None
        if not isinstance(expr, sp.Expr):
            raise BpkitError(
                f"Activation {self.name!r}: expected {expected}, got {given!r}; "
                "make a symbol with z = sympy.Symbol('z') and write the function with it"
            )
        if expr.has(sp.I, sp.zoo, sp.nan):
            raise BpkitError(f"Activation {self.name!r}: expected {expected} with real values, got {expr}")
        if any(piece.args[-1].cond != True for piece in expr.atoms(sp.Piecewise)):  # noqa: E712
            raise BpkitError(
                f"Activation {self.name!r}: expected a value at every net input, got {expr}; "
                "end the Piecewise with (.., True)"
            )
        return expr

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

    def array_slope_at(self, net: sp.Symbol, out: sp.Symbol) -> sp.Expr:
        """The stable spelling for arrays, which choose by ``net`` alone; see ``last_case``."""
        stable = self.slope_at(net, out)[1]
        by_out = self.built_in and stable.has(sp.Piecewise) and out in stable.free_symbols
        return last_case(stable) if by_out else stable


def last_case(expr: sp.Expr) -> sp.Expr:
    """The case that holds everywhere, of spellings chosen by ``out``; arrays compute faster than they choose."""
    return expr.args[-1][0] if isinstance(expr, sp.Piecewise) else expr


def _sigmoid(z: sp.Expr) -> sp.Expr:
    return power(total(sp.Integer(1), sp.exp(-z)), -1)


def stable_softplus(z: sp.Expr) -> sp.Expr:
    """log(1 + e^z) with a power that cannot overflow."""
    return (z + sp.Abs(z)) / 2 + log1p(sp.exp(-sp.Abs(z)))


_BUILT_IN = (
    Activation(
        "sigmoid",
        _sigmoid(Z),
        product(OUT, total(ONE, -OUT)),
        _sigmoid(Z),
        # Close to 1 the difference 1 - out has few digits left; 1/(1 + e^z) is the same and keeps them all.
        sp.Piecewise((product(OUT, total(ONE, -OUT)), OUT < 0.99), (OUT / (1 + sp.exp(Z)), True)),
    ),
    Activation(
        "tanh",
        sp.tanh(Z),
        total(ONE, -power(OUT, 2)),
        sp.tanh(Z),
        sp.Piecewise((1 - power(OUT, 2), sp.Abs(OUT) < 0.99), ((1 + sp.Abs(OUT)) ** 2 * sp.exp(-2 * sp.Abs(Z)), True)),
    ),
    Activation("identity", Z, ONE, Z, ONE),
    Activation(
        "softplus",
        sp.log(total(ONE, sp.exp(Z)), evaluate=False),
        _sigmoid(Z),
        stable_softplus(Z),
        _sigmoid(Z),
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
    Activation("softmax", Z, ONE, Z, ONE),  # joint: its lines are written by softmax_at and softmax_slope_at
)
BUILT_IN: Mapping[str, Activation] = MappingProxyType({activation.name: activation for activation in _BUILT_IN})


def softmax_at(nets: Sequence[sp.Symbol], k: int) -> tuple[sp.Expr, sp.Expr]:
    """Right side and stable spelling of ``out_k``: the share of e^net_k in the layer's sum."""
    shown = product(sp.exp(nets[k]), power(total(*(sp.exp(net) for net in nets)), -1))
    return shown, softmax(nets[k], *nets)


def softmax_slope_at(outs: Sequence[sp.Symbol], j: int, k: int) -> tuple[sp.Expr, sp.Expr]:
    """Right side and stable spelling of ``dout_j/dnet_k``."""
    if j != k:
        shown = product(MINUS, outs[j], outs[k])
        return shown, shown
    return (
        product(outs[k], total(ONE, -outs[k])),
        outs[k] * sp.Add(*(out for i, out in enumerate(outs) if i != k)),
    )


def activation(given: object) -> Activation:
    """The activation of that name, or the given one."""
    if isinstance(given, Activation):
        return given
    if isinstance(given, str) and given in BUILT_IN:
        return BUILT_IN[given]
    raise BpkitError(f"activation: expected a name or a bpkit.Activation, got {given!r}{suggest(given, BUILT_IN)}")
