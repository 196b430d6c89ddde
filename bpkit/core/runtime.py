"""The few functions that generated code calls and that ``math`` and NumPy lack: for floats, and for arrays."""

from __future__ import annotations

import math
from collections.abc import Callable
from contextlib import suppress
from types import CodeType, FunctionType
from typing import Any

import mpmath
import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
DIGITS = 50  # of the precise second try, where floats overflow


def softmax(own: float, *nets: float) -> float:
    """The share of e^own in the sum over the layer, without overflow."""
    top = max(nets)
    return math.exp(own - top) / math.fsum(math.exp(net - top) for net in nets)


def log_softmax(own: float, *nets: float) -> float:
    """The logarithm of that share, exact also where the share rounds to 0 or 1."""
    nets_left = list(nets)
    top = max(nets)
    nets_left.remove(top)
    return own - top - math.log1p(math.fsum(math.exp(net - top) for net in nets_left))


def log_odds(own: float, *others: float) -> float:
    """The logarithm of e^own over the sum of all others: how a softmax weighs one against the rest."""
    top = max(others)
    return own - top - math.log(math.fsum(math.exp(net - top) for net in others))


def xlogy(x: float, y: float) -> float:
    """x·ln y, which is 0 when x is."""
    return 0.0 if x == 0 else x * math.log(y)


def xexp(x: float, z: float) -> float:
    """x·e^z, which is 0 when x is, and infinite where e^z leaves the floats."""
    if x == 0:
        return 0.0
    return x * (math.exp(z) if z < 709 else math.inf)


def ratio(x: float, y: float) -> float:
    """x/y, which is 0 when x is."""
    return 0.0 if x == 0 else x / y


def pick(condition: bool, then: Callable[..., Any], otherwise: Callable[..., Any], *given: Any) -> Any:
    """The first where the condition holds, else the second."""
    return then(*given) if condition else otherwise(*given)


def array_softmax(own: Array, *nets: Array) -> Array:
    """As ``softmax``, sample by sample."""
    top = _top(nets)
    share: Array = np.exp(own - top) / sum(np.exp(net - top) for net in nets)
    return share


def array_log_softmax(own: Array, *nets: Array) -> Array:
    """As ``log_softmax``, sample by sample."""
    stack = np.sort(np.stack(np.broadcast_arrays(*nets)), axis=0)
    rest = np.exp(stack[:-1] - stack[-1]).sum(axis=0)
    log_share: Array = own - stack[-1] - np.log1p(rest)
    return log_share


def array_log_odds(own: Array, *others: Array) -> Array:
    """As ``log_odds``, sample by sample."""
    top = _top(others)
    odds: Array = own - top - np.log(sum(np.exp(net - top) for net in others))
    return odds


def _top(nets: tuple[Array, ...]) -> Array:
    top = nets[0]
    for net in nets[1:]:
        top = np.maximum(top, net)
    return top


def matrix_softmax(net: Array) -> Array:
    """The softmax of each row."""
    powers = np.exp(net - net.max(axis=1, keepdims=True))
    share: Array = powers / powers.sum(axis=1, keepdims=True)
    return share


def matrix_log_softmax(net: Array) -> Array:
    """The logarithm of the softmax of each row."""
    columns: Array = np.stack([array_log_softmax(own, *net.T) for own in net.T], axis=1)
    return columns


def matrix_log_odds(net: Array) -> Array:
    """The logarithm of each output's odds against all the others of its row."""
    rows = net.T
    columns: Array = np.stack([array_log_odds(rows[k], *np.delete(rows, k, 0)) for k in range(len(rows))], axis=1)
    return columns


def matrix_others(table: Array) -> Array:
    """Row by row the sum of all the other columns; unlike 1 - out it keeps its digits where out rounds to 1."""
    others: Array = table @ (1 - np.eye(table.shape[1]))
    return others


def matrix_softmax_slope(out: Array, slope: Array) -> Array:
    """What the slopes of the loss in the outputs become in the net inputs of a softmax, row by row."""
    delta: Array = out * (slope * matrix_others(out) - matrix_others(slope * out))
    return delta


def matrix_odds_slope(net: Array, slope: Array) -> Array:
    """What the slopes of the loss in the log-odds become in the net inputs, row by row."""
    delta: Array = slope.copy()
    for k in range(net.shape[1]):
        others = np.arange(net.shape[1]) != k
        delta[:, others] -= slope[:, [k]] * matrix_softmax(net[:, others])
    return delta


def array_xlogy(x: Array, y: Array) -> Array:
    """As ``xlogy``, element by element."""
    return np.where(np.equal(x, 0), 0.0, x * np.log(y))


def array_xexp(x: Array, z: Array) -> Array:
    """As ``xexp``, element by element."""
    return np.where(np.equal(x, 0), 0.0, x * np.exp(z))


def array_ratio(x: Array, y: Array) -> Array:
    """As ``ratio``, element by element."""
    return np.where(np.equal(x, 0), 0.0, np.divide(x, y))


def array_pick(condition: Any, then: Callable[..., Any], otherwise: Callable[..., Any], *given: Any) -> Array:
    """Element by element the first or the second, which is computed only where it is needed."""
    holds = np.asarray(condition)
    if holds.all():
        value: Array = then(*given)
        return value if np.ndim(value) else np.full(holds.shape, value)
    rest = np.flatnonzero(~holds)
    value = np.empty(holds.shape)
    if len(rest) < holds.size:
        value[...] = then(*given)
    full = given if all(np.shape(one) == holds.shape for one in given) else np.broadcast_arrays(holds, *given)[1:]
    value.put(rest, otherwise(*(np.take(one, rest) for one in full)))
    return value


def guarded(function: Callable[[float], float]) -> Callable[[float], float]:
    """A user's own function, evaluated again at 50 digits where floats overflow or cancel to nothing."""
    precise = at_high_precision(function)

    def call(z: float) -> float:
        with suppress(ArithmeticError, ValueError):
            value = function(z)
            if math.isfinite(value):
                return value
        return _precisely(precise, z)

    call.__dict__["precise"] = precise
    return call


def array_guarded(function: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """As ``guarded``, element by element; only the elements that are not finite are evaluated again."""
    precise = at_high_precision(function)

    def call(z: Any) -> Any:
        net = np.asarray(z, dtype=float)
        value = np.array(np.broadcast_to(function(net), net.shape), dtype=float)
        for index in zip(*np.nonzero(~np.isfinite(value)), strict=True):
            value[index] = _precisely(precise, float(net[index]))
        return value

    return call


def at_high_precision(function: Callable[..., Any]) -> Callable[..., Any]:
    """The same compiled code with mpmath's functions in place of math's."""
    own = {
        "abs": abs,
        "pick": pick,
        "where": _where,
        "xlogy": _xlogy,
        "xexp": _xexp,
        "ratio": _ratio,
        "softmax": _softmax,
        "log_softmax": _log_softmax,
        "log_odds": _log_odds,
    }
    names = {}
    for name in _names(function.__code__):
        users = getattr(function.__globals__.get(name), "precise", None)
        names[name] = users or own.get(name) or getattr(mpmath, name)
    return FunctionType(function.__code__, names, function.__name__)


def _names(code: CodeType) -> set[str]:
    inner = (constant for constant in code.co_consts if isinstance(constant, CodeType))
    return set(code.co_names).union(*map(_names, inner))


def _where(condition: bool, then: Any, otherwise: Any) -> Any:
    return then if condition else otherwise


def _xlogy(x: Any, y: Any) -> Any:
    return x * 0 if x == 0 else x * mpmath.log(y)


def _xexp(x: Any, z: Any) -> Any:
    return x * 0 if x == 0 else x * mpmath.exp(z)


def _ratio(x: Any, y: Any) -> Any:
    if x == 0:
        return x * 0
    return x / y if y != 0 else mpmath.inf * x


def _softmax(own: Any, *nets: Any) -> Any:
    return 1 / sum(mpmath.exp(net - own) for net in nets)


def _log_softmax(own: Any, *nets: Any) -> Any:
    return -mpmath.log(sum(mpmath.exp(net - own) for net in nets))


def _log_odds(own: Any, *others: Any) -> Any:
    return own - mpmath.log(sum(mpmath.exp(net) for net in others))


def _precisely(function: Callable[[Any], Any], z: float) -> float:
    with mpmath.workdps(DIGITS), suppress(ArithmeticError, ValueError):
        return as_float(function(mpmath.mpf(z)))
    return math.nan


def as_float(value: Any) -> float:
    """The nearest float: infinite beyond them, nan for what is not real."""
    number = mpmath.mpmathify(value)
    if isinstance(number, mpmath.mpc):
        return math.nan
    try:
        return float(number)
    except OverflowError:
        return math.inf if number > 0 else -math.inf


array_erf = np.vectorize(math.erf, otypes=[float])
array_erfc = np.vectorize(math.erfc, otypes=[float])
array_gamma = np.vectorize(math.gamma, otypes=[float])
