"""Activations: for each one SymPy expression, its slope as the lesson writes it, and a stable spelling.

The *stable* expressions say the same as the readable ones, in a form that neither overflows nor loses digits where
an output is close to 0 or 1; the compiler prints them, people read the others, and a test proves them equal.
"""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from types import MappingProxyType
from typing import Any

import sympy as sp

from bpkit.core.code import code
from bpkit.core.errors import BpkitError, suggest
from bpkit.core.expressions import MINUS, ONE, OUT, Z, log1p, others, power, product, put, softmax, total
from bpkit.core.names import is_taken, is_word
from bpkit.core.runtime import KNOWN, called


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
        if self.stable is not None:
            return  # one of the table below
        own_word("Activation", self.name, BUILT_IN)
        what = f"Activation {self.name!r}"
        expr = own_expression(what, self.expr, "a SymPy expression")
        symbols = expr.free_symbols
        if len(symbols) > 1:
            names = ", ".join(sorted(map(str, symbols)))
            raise BpkitError(f"{what}: expected one symbol, the net input, got {names}; put numbers for the others")
        real = sp.Symbol("z", real=True)
        expr = put(as_cases(expr), dict.fromkeys(symbols, real))
        slope = self.slope
        if slope is not None:
            slope = own_expression(what, slope, "a SymPy expression as slope")
            slope = put(slope, dict.fromkeys(symbols, real))
        slope = own_slope(what, expr, slope, real, {OUT})
        object.__setattr__(self, "expr", put(expr, {real: Z}))
        object.__setattr__(self, "slope", put(slope, {real: Z}))
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

    @property
    def definitions(self) -> tuple[Definition, ...]:
        """The functions of its own that generated code calls: name, symbols and expression."""
        if self.built_in:
            return ()
        slope = () if self.stable_slope is None else ((f"{self.name}_slope", (Z,), self.slope),)
        return ((self.name, (Z,), self.expr), *slope)

    def at(self, nets: Sequence[sp.Symbol], k: int) -> tuple[sp.Expr, sp.Expr]:
        """Right side and stable spelling of ``out_k`` of a layer with these net inputs."""
        if self.joint:
            return softmax_at(nets, k)
        return put(self.expr, {Z: nets[k]}), put(self.stable, {Z: nets[k]})

    def slope_at(self, nets: Sequence[sp.Symbol], outs: Sequence[sp.Symbol], j: int, k: int) -> tuple[sp.Expr, sp.Expr]:
        """Right side and stable spelling of ``dout_j/dnet_k``."""
        if self.joint:
            return softmax_slope_at(outs, j, k)
        slope, values = self.slope, {Z: nets[k], OUT: outs[k]}
        return put(slope, values), put(slope if self.stable_slope is None else self.stable_slope, values)


Definition = tuple[str, tuple[sp.Symbol, ...], sp.Expr]


def own_word(what: str, name: object, taken: Container[str]) -> None:
    """Refuse what is no name for a function of a person's own."""
    if not is_word(name):
        raise BpkitError(f"{what}: its name must be one word that Python accepts, got {name!r}; 'my_own' is one")
    if name in taken or is_taken(str(name), function=True):
        raise BpkitError(f"{what}: the name {name!r} is taken; choose another for your own")


def own_expression(what: str, given: object, expected: str) -> sp.Expr:
    """A person's own expression, checked."""
    try:
        expr = sp.sympify(given, strict=True)
    except sp.SympifyError:
        expr = None
    if not isinstance(expr, sp.Expr):
        raise BpkitError(
            f"{what}: expected {expected}, got {given!r}; "
            "make a symbol with z = sympy.Symbol('z') and write the function with it"
        )
    if expr.has(sp.I, sp.zoo, sp.nan, sp.oo, -sp.oo) or expr.is_Matrix:
        raise BpkitError(f"{what}: expected {expected} with real values, got {expr}")
    if any(piece.args[-1].cond != True for piece in expr.atoms(sp.Piecewise)):  # noqa: E712
        raise BpkitError(f"{what}: expected a value everywhere, got {expr}; end the Piecewise with (.., True)")
    computable(what, as_cases(expr))
    return expr


def computable(what: str, expr: sp.Expr) -> None:
    """Refuse an expression that holds functions which Python's math module does not have."""
    try:
        names = called(compile(code(expr), "<bpkit function>", "eval"))
    except (SyntaxError, NotImplementedError):
        names = {type(next(iter(expr.atoms(sp.Integral, sp.Sum, sp.Derivative)), expr)).__name__}
    if unknown := sorted(names - KNOWN - {symbol.name for symbol in expr.free_symbols}):
        raise BpkitError(
            f"{what}: expected functions that Python's math module has, got {unknown[0]}; "
            "write the expression with those"
        )


def own_slope(what: str, expr: sp.Expr, slope: sp.Expr | None, by: sp.Symbol, others: set[sp.Symbol]) -> sp.Expr:
    """Its derivative, or the one that the person gives, checked."""
    slope = as_cases(_slope(expr, by)) if slope is None else slope
    if unknown := slope.atoms(sp.Derivative, sp.DiracDelta) or slope.free_symbols - {by} - others:
        raise BpkitError(
            f"{what}: its slope holds {', '.join(sorted(map(str, unknown)))}, expected only "
            f"{' and '.join(sorted({str(by), *map(str, others)}, reverse=True))}; give the slope yourself"
        )
    computable(what, slope)
    return slope


def _cases(*pairs: tuple[sp.Expr, Any]) -> sp.Expr:
    return sp.Piecewise(*pairs, evaluate=False)


def as_cases(expr: sp.Expr) -> sp.Expr:
    """Max, Min, Abs, sign and Heaviside as cases, which have derivatives; SymPy's own rewriting may never end."""
    if isinstance(expr, sp.Piecewise):
        return _cases(*((as_cases(value), condition) for value, condition in expr.args))
    if not expr.args:
        return expr
    first, *rest = args = [as_cases(arg) for arg in expr.args]
    if isinstance(expr, sp.Max | sp.Min):
        for one in rest:
            # A number first, so that a nan in the other passes through and is noticed.
            a, b = (first, one) if first.is_number else (one, first)
            first = _cases((a, (b - a <= 0) if isinstance(expr, sp.Max) else (b - a >= 0)), (b, True))
        return first
    if isinstance(expr, sp.Abs):
        return _cases((-first, first < 0), (first, True))
    if isinstance(expr, sp.sign):
        return _cases((-1, first < 0), (1, first > 0), (0, True))
    if isinstance(expr, sp.Heaviside):
        return _cases((0, first < 0), (1, first > 0), (rest[0], True))
    return expr.func(*args)


def _slope(expr: sp.Expr, by: sp.Symbol) -> sp.Expr:
    """The derivative, case by case: SymPy's would compare the cases, which may never end."""
    if isinstance(expr, sp.Piecewise):
        return _cases(*((_slope(value, by), condition) for value, condition in expr.args))
    inner = {piece: sp.Dummy(real=True) for piece in expr.atoms(sp.Piecewise)}
    outer = put(expr, inner)
    back = {dummy: piece for piece, dummy in inner.items()}
    parts = [sp.diff(outer, by), *(sp.diff(outer, dummy) * _slope(piece, by) for piece, dummy in inner.items())]
    return put(sp.Add(*parts), back)


# SymPy loads much to evaluate one of these, which stays as it is.
_exp, _Abs, _tanh = (partial(function, evaluate=False) for function in (sp.exp, sp.Abs, sp.tanh))


def _sigmoid(z: sp.Expr) -> sp.Expr:
    return power(total(sp.Integer(1), _exp(-z)), -1)


def stable_softplus(z: sp.Expr) -> sp.Expr:
    """log(1 + e^z) with a power that cannot overflow."""
    return total(product(sp.S.Half, total(z, _Abs(z))), log1p(_exp(-_Abs(z))))


_BUILT_IN = (
    Activation(
        "sigmoid",
        _sigmoid(Z),
        product(OUT, total(ONE, -OUT)),
        _sigmoid(Z),
        # Close to 1 the difference 1 - out has few digits left; 1/(1 + e^z) is the same and keeps them all.
        _cases(
            (product(OUT, total(ONE, -OUT)), sp.Lt(OUT, 0.99, evaluate=False)),
            (product(OUT, power(total(ONE, _exp(Z)), -1)), True),
        ),
    ),
    Activation(
        "tanh",
        _tanh(Z),
        total(ONE, -power(OUT, 2)),
        _tanh(Z),
        _cases(
            (total(ONE, -power(OUT, 2)), sp.Lt(_Abs(OUT), 0.99, evaluate=False)),
            (product(power(total(ONE, _Abs(OUT)), 2), _exp(-2 * _Abs(Z))), True),
        ),
    ),
    Activation("identity", Z, ONE, Z, ONE),
    Activation(
        "softplus",
        sp.log(total(ONE, _exp(Z)), evaluate=False),
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
    Activation("softmax", Z, ONE, Z, ONE),  # joint: softmax_at and softmax_slope_at write its lines
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
        outs[k] * others(outs[k], *outs),
    )


def activation(given: object) -> Activation:
    """The activation of that name, or the given one."""
    if isinstance(given, Activation):
        return given
    if isinstance(given, str) and given in BUILT_IN:
        return BUILT_IN[given]
    raise BpkitError(f"activation: expected a name or a bpkit.Activation, got {given!r}{suggest(given, BUILT_IN)}")
