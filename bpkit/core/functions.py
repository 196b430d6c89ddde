"""Activations: for each one SymPy expression, its slope as the lesson writes it, and a stable spelling.

The *stable* expressions say the same as the readable ones, in a form that neither overflows nor loses digits where
an output is close to 0 or 1; the compiler prints them, people read the others, and a test proves them equal.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from types import MappingProxyType
from typing import Any, ClassVar, Self

import sympy as sp
from sympy.printing.str import StrPrinter

from bpkit.core.code import code
from bpkit.core.errors import BpkitError, suggest
from bpkit.core.expressions import MINUS, ONE, OUT, Z, log1p, others, power, product, put, softmax, total
from bpkit.core.names import is_taken, is_word
from bpkit.core.runtime import KNOWN, called

Definition = tuple[str, tuple[sp.Symbol, ...], sp.Expr]


@dataclass(frozen=True, repr=False)
class Own:
    """An activation or a loss: a row of the tables, or a person's own, which is checked when it is made.

    ``written`` is the name as sentences and menus have it: ``half the squared error``, ``leaky ReLU``.
    """

    name: str
    expr: sp.Expr
    slope: sp.Expr = None
    stable: sp.Expr = None
    stable_slope: sp.Expr = None
    written: str = field(default="", kw_only=True)
    table: ClassVar[Mapping[str, Any]]  # those that have a name here
    _given: ClassVar[Mapping[str, Any]] = MappingProxyType({})  # a person's arguments; none in the tables
    _expected: ClassVar[str]
    _wanted: ClassVar[tuple[sp.Symbol, ...]]  # the symbols, the slope's last; a single one may have any name

    @classmethod
    def row(
        cls, name: str, expr: sp.Expr, slope: sp.Expr, stable: Any = None, stable_slope: Any = None, **more: Any
    ) -> Self:
        """A row of the tables; what is computed as it is read is spelled once."""
        stable = expr if stable is None else stable
        return cls(name, expr, slope, stable, slope if stable_slope is None else stable_slope, **more)

    @classmethod
    def found(cls, given: object, table: Mapping[str, Self]) -> Self:
        """The row of that name, or the given one."""
        if isinstance(given, cls):
            return given
        if isinstance(given, str) and given in table:
            return table[given]
        word = cls.__name__
        raise BpkitError(f"{word.lower()}: expected a name or a bpkit.{word}, got {given!r}{suggest(given, table)}")

    @property
    def built_in(self) -> bool:
        """True for those that have a name here.

        >>> import bpkit as bp
        >>> Activation.found("tanh", BUILT_IN).built_in, bp.Activation("square", Z**2).built_in
        (True, False)
        """
        return not self._given

    @property
    def definitions(self) -> tuple[Definition, ...]:
        """The functions of its own that generated code calls: name, symbols and expression.

        >>> Activation("square", Z**2).definitions
        (('square', (z,), z**2), ('square_slope', (z,), 2*z))
        """
        calls = ((self.stable, as_cases(self.expr)), (self.stable_slope, self.slope)) if self._given else ()
        return tuple((call.func.__name__, call.args, expr) for call, expr in calls if call is not expr)

    def __repr__(self) -> str:
        given = {name: one for name, one in self._given.items() if one != getattr(type(self), name, None)}
        more = (f"{name}={_exact(one)}" for name, one in given.items() if name not in ("name", "expr"))
        return f"{type(self).__name__}({', '.join([repr(self.name), _exact(self.expr), *more])})"

    def __reduce__(self) -> tuple[Any, ...]:
        """What pickling keeps: a person's arguments, or a name; SymPy would simplify what is written."""
        return (partial(type(self), **self._given), ()) if self._given else (_row_of, (type(self), self.name))

    def __post_init__(self) -> None:
        """Of a person's own, put the tables' symbols for theirs, write the slope and the calls that code computes."""
        given = dict(vars(self))
        vars(self).update(written=self.written or str(self.name).replace("_", " "))
        if self.stable is not None:
            return  # a row
        what, wanted = f"{type(self).__name__} {self.name!r}", self._wanted
        if not is_word(self.name):
            raise BpkitError(f"{what}: expected one word that Python accepts as its name, such as 'my_own'")
        if is_taken(self.name, function=True) or any(self.name in kind.table for kind in Own.__subclasses__()):
            raise BpkitError(f"{what}: the name {self.name!r} is taken; choose another for your own")
        expr, by = _expression(what, self.expr, self._expected), wanted[-1]
        names = sorted(map(str, expr.free_symbols))
        symbols = dict(zip(names, wanted)) if len(wanted) == 1 else {one.name: one for one in wanted}
        if not symbols.keys() >= {*names}:
            raise BpkitError(f"{what}: expected {self._expected}, got {', '.join(names)}; put numbers for the others")
        expr = _renamed(expr, symbols)
        if self.slope is None:
            slope = _derivative(expr, by)
        else:
            slope = _renamed(_expression(what, self.slope, "a SymPy expression as slope"), symbols)
        arguments = tuple(one for one in wanted if one == by or one in expr.free_symbols)
        allowed = {*arguments, OUT}
        if unknown := slope.atoms(sp.Derivative, sp.DiracDelta) or slope.free_symbols - allowed:
            raise BpkitError(
                f"{what}: its slope holds {', '.join(sorted(map(str, unknown)))}, "
                f"expected only {' and '.join(sorted(map(str, allowed), reverse=True))}; give the slope yourself"
            )
        _check_computable(what, slope)
        stable, stable_slope = (sp.Function(name)(*arguments) for name in (self.name, f"{self.name}_slope"))
        if not slope.free_symbols <= {*arguments}:
            stable_slope = slope
        vars(self).update(expr=expr, slope=slope, stable=stable, stable_slope=stable_slope, _given=given)


def _row_of(kind: type[Own], name: str) -> Any:
    return kind.table[name]


class _Exact(StrPrinter):  # type: ignore[misc]  # SymPy ships no types
    """Prints what Python reads as the same expression."""

    def _print_Rational(self, expr: sp.Rational) -> str:
        return f"Rational({expr.p}, {expr.q})"

    def _print_Float(self, expr: sp.Float) -> str:
        return repr(float(expr))


def _exact(given: object) -> str:
    return str(_Exact().doprint(given)) if isinstance(given, sp.Basic) else repr(given)


@dataclass(frozen=True, repr=False)
class Activation(Own):
    """What a neuron does with its net input: ``out = f(net)``.

    ``Activation("swish", z / (1 + sp.exp(-z)))`` makes a new one from a single SymPy expression in one symbol;
    its slope is the derivative of that expression, and it works wherever a built-in name does.

    Shapes: one number in, one number out, for each neuron; only softmax takes its whole layer.
    Units: none. Errors: ``BpkitError`` for more symbols than one, and for what has no derivative.
    Source: the textbook's names and formulas, see Bishop, "Pattern Recognition and Machine Learning" (2006), chapter 5.

    >>> import bpkit as bp, sympy as sp
    >>> z = sp.Symbol("z")
    >>> swish = bp.Activation("swish", z / (1 + sp.exp(-z)))
    >>> bp.derive(bp.Network(1, 1, activation=swish))["dout_o1/dnet_o1"].rhs
    net_o1*exp(-net_o1)/(1 + exp(-net_o1))**2 + 1/(1 + exp(-net_o1))
    """

    _expected = "a SymPy expression in one symbol"
    _wanted = (Z,)

    rising: bool = field(default=False, kw_only=True)  # for certain, wherever it is not flat
    alive: tuple[float, float] = field(default=(-math.inf, math.inf), kw_only=True)  # outputs far from its flat ends
    joint: ClassVar[bool] = False  # True for softmax, whose outputs each depend on the net inputs of the whole layer

    def at(self, nets: Sequence[sp.Symbol], k: int) -> tuple[sp.Expr, sp.Expr]:
        """Right side and stable spelling of ``out_k`` of a layer with these net inputs.

        >>> activation("sigmoid").at(sp.symbols("net_h1 net_h2"), 1)[0]
        1/(1 + exp(-net_h2))
        """
        return put(self.expr, {Z: nets[k]}), put(self.stable, {Z: nets[k]})

    def slope_at(self, nets: Sequence[sp.Symbol], outs: Sequence[sp.Symbol], j: int, k: int) -> tuple[sp.Expr, sp.Expr]:
        """Right side and stable spelling of ``dout_j/dnet_k``.

        >>> nets, outs = sp.symbols("net_o1 net_o2"), sp.symbols("out_o1 out_o2")
        >>> activation("sigmoid").slope_at(nets, outs, 0, 0)[0], activation("softmax").slope_at(nets, outs, 0, 1)[0]
        (out_o1*(1 - out_o1), -out_o1*out_o2)
        """
        values = {Z: nets[k], OUT: outs[k]}
        return put(self.slope, values), put(self.stable_slope, values)


@dataclass(frozen=True, repr=False)
class _Softmax(Activation):
    joint = True

    def at(self, nets: Sequence[sp.Symbol], k: int) -> tuple[sp.Expr, sp.Expr]:
        shown = product(sp.exp(nets[k]), power(total(*(sp.exp(net) for net in nets)), -1))
        return shown, softmax(nets[k], *nets)

    def slope_at(self, nets: Sequence[sp.Symbol], outs: Sequence[sp.Symbol], j: int, k: int) -> tuple[sp.Expr, sp.Expr]:
        shown = product(outs[k], total(ONE, -outs[k])) if j == k else product(MINUS, outs[j], outs[k])
        return shown, outs[k] * others(outs[k], *outs) if j == k else shown


def _expression(what: str, given: object, expected: str) -> sp.Expr:
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
    _check_computable(what, as_cases(expr))
    return expr


def _check_computable(what: str, expr: sp.Expr) -> None:
    """Refuse an expression that holds functions which Python's math module does not have."""
    try:
        names = called(code(expr))
    except (SyntaxError, NotImplementedError):
        names = {type(next(iter(expr.atoms(sp.Integral, sp.Sum, sp.Derivative)), expr)).__name__}
    if unknown := sorted(names - KNOWN - {symbol.name for symbol in expr.free_symbols}):
        raise BpkitError(
            f"{what}: expected functions that Python's math module has, got {unknown[0]}; "
            "write the expression with those"
        )


def _cases(*pairs: tuple[sp.Expr, Any]) -> sp.Expr:
    return sp.Piecewise(*pairs, evaluate=False)


_CASES: dict[Any, Callable[..., tuple[Any, ...]]] = {
    sp.Abs: lambda one: ((-one, one < 0), (one, True)),
    sp.sign: lambda one: ((-1, one < 0), (1, one > 0), (0, True)),
    sp.Heaviside: lambda one, at_0: ((0, one < 0), (1, one > 0), (at_0, True)),
}


def as_cases(expr: sp.Expr) -> sp.Expr:
    """Max, Min, Abs, sign and Heaviside as cases, which have derivatives; SymPy's own rewriting may never end.

    >>> as_cases(sp.Abs(Z))
    Piecewise((-z, z < 0), (z, True))
    """
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
    if expr.func in _CASES:
        return _cases(*_CASES[expr.func](*args))
    return expr.func(*args)


def computable(rhs: sp.Expr) -> sp.Expr:
    """A right side for arrays: max(0, z) becomes a choice.

    >>> computable(sp.Max(0, Z))
    Piecewise((0, z <= 0), (z, True))
    """
    return as_cases(rhs) if rhs.has(sp.Max, sp.Min, sp.sign, sp.Heaviside) else rhs


def _renamed(expr: sp.Expr, symbols: Mapping[str, sp.Symbol]) -> sp.Expr:
    return put(expr, {old: symbols.get(old.name, old) for old in expr.free_symbols})


def _derivative(expr: sp.Expr, by: sp.Symbol) -> sp.Expr:
    """The derivative as cases, in real numbers."""
    real = {one: sp.Symbol(one.name, real=True) for one in (by, *expr.free_symbols)}
    slope = as_cases(_slope(as_cases(put(expr, real)), real[by]))
    return put(slope, {new: old for old, new in real.items()})


def _slope(expr: sp.Expr, by: sp.Symbol) -> sp.Expr:
    """The derivative, case by case: SymPy's would compare the cases, which may never end.

    >>> _slope(sp.Piecewise((0, Z <= 0), (Z**2, True)), Z)
    Piecewise((0, z <= 0), (2*z, True))
    """
    if isinstance(expr, sp.Piecewise):
        return _cases(*((_slope(value, by), condition) for value, condition in expr.args))
    inner = {piece: sp.Dummy(real=True) for piece in expr.atoms(sp.Piecewise)}
    outer = put(expr, inner)
    parts = [sp.diff(outer, by), *(sp.diff(outer, dummy) * _slope(piece, by) for piece, dummy in inner.items())]
    return put(sp.Add(*parts), {dummy: piece for piece, dummy in inner.items()})


# SymPy loads much to evaluate one of these, which stays as it is.
_exp, _Abs, _tanh = (partial(function, evaluate=False) for function in (sp.exp, sp.Abs, sp.tanh))


def stable_softplus(z: sp.Expr) -> sp.Expr:
    """log(1 + e^z) with a power that cannot overflow.

    >>> stable_softplus(Z)
    (z + Abs(z))/2 + log1p(exp(-Abs(z)))
    """
    return total(product(sp.S.Half, total(z, _Abs(z))), log1p(_exp(-_Abs(z))))


_SIGMOID = power(total(ONE, _exp(-Z)), -1)
_ROWS = (
    Activation.row(
        "sigmoid",
        _SIGMOID,
        product(OUT, total(ONE, -OUT)),
        # Close to 1 the difference 1 - out has few digits left; 1/(1 + e^z) is the same and keeps them all.
        stable_slope=_cases(
            (product(OUT, total(ONE, -OUT)), sp.Lt(OUT, 0.99, evaluate=False)),
            (product(OUT, power(total(ONE, _exp(Z)), -1)), True),
        ),
        rising=True,
        alive=(0.05, 0.95),
    ),
    Activation.row(
        "tanh",
        _tanh(Z),
        total(ONE, -power(OUT, 2)),
        stable_slope=_cases(
            (total(ONE, -power(OUT, 2)), sp.Lt(_Abs(OUT), 0.99, evaluate=False)),
            (product(power(total(ONE, _Abs(OUT)), 2), _exp(-2 * _Abs(Z))), True),
        ),
        rising=True,
        alive=(-0.95, 0.95),
    ),
    # "z <= 0" first, so that a nan passes through and is noticed.
    Activation.row(
        "relu",
        sp.Max(0, Z),
        sp.Piecewise((1, Z > 0), (0, True)),
        sp.Piecewise((0, Z <= 0), (Z, True)),
        sp.Piecewise((0, Z <= 0), (1, True)),
        written="ReLU",
        rising=True,
        alive=(0.05, math.inf),
    ),
    Activation.row(
        "leaky_relu",
        sp.Piecewise((Z, Z > 0), (0.01 * Z, True)),
        sp.Piecewise((1, Z > 0), (0.01, True)),
        sp.Piecewise((0.01 * Z, Z <= 0), (Z, True)),
        sp.Piecewise((0.01, Z <= 0), (1, True)),
        written="leaky ReLU",
        rising=True,
    ),
    Activation.row(
        "softplus",
        sp.log(total(ONE, _exp(Z)), evaluate=False),
        _SIGMOID,
        stable_softplus(Z),
        rising=True,
    ),
    Activation.row("identity", Z, ONE, rising=True),
    _Softmax.row("softmax", Z, ONE, alive=(0.05, 0.95)),
)
BUILT_IN: Mapping[str, Activation] = MappingProxyType({one.name: one for one in _ROWS})
Activation.table = BUILT_IN
HIDDEN = tuple(name for name, one in BUILT_IN.items() if not one.joint)  # those of a neuron by itself


def activation(given: object) -> Activation:
    """The activation of that name, or the given one.

    >>> activation("tanh").expr
    tanh(z)
    """
    return Activation.found(given, BUILT_IN)
