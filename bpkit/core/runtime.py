"""The few functions that generated code calls and that ``math`` and NumPy lack: for floats, and for arrays.

Those for floats serve at high precision too, with mpmath's functions instead of math's.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Collection
from contextlib import suppress
from functools import reduce
from math import exp, fsum, inf, log, log1p
from types import CodeType, FunctionType
from typing import Any

import mpmath
import numpy as np

Array = np.ndarray[Any, np.dtype[np.float64]]  # numpy.typing's NDArray, without its import
DIGITS = 1000  # of the second try, where floats overflow: 1 - softmax at net inputs of ±1000 leaves e^-2000

# For floats


def softmax(own: float, *nets: float) -> float:
    """The share of e^own in the sum over the layer, without overflow.

    >>> softmax(0.0, 0.0, 0.0), softmax(1000.0, 1000.0, 0.0)
    (0.5, 1.0)
    """
    top = max(nets)
    return exp(own - top) / fsum(exp(net - top) for net in nets)


def log_softmax(own: float, *nets: float) -> float:
    """The logarithm of that share, exact also where the share rounds to 0 or 1.

    >>> log_softmax(0.0, 0.0, 800.0)
    -800.0
    """
    top = max(nets)
    return own - top - log1p(others(1.0, *(exp(net - top) for net in nets)))


def others(own: float, *row: float) -> float:
    """The sum of a row without one of its numbers; unlike 1 - out it keeps its digits where out rounds to 1.

    >>> others(1.0, 1.0, 1e-20)
    1e-20
    """
    rest = [*row]
    rest.remove(own)
    return fsum(rest)


def xlogy(x: float, y: float) -> float:
    """x·ln y, which is 0 when x is.

    >>> xlogy(0.0, 0.0)
    0.0
    """
    return 0.0 if x == 0 else x * log(y)


def xexp(x: float, z: float) -> float:
    """x·e^z, which is 0 when x is.

    >>> xexp(0.0, 1000.0)
    0.0
    """
    return 0.0 if x == 0 else x * exp(z)


def ratio(x: float, y: float) -> float:
    """x/y, which is 0 when x is, and infinite when only y is.

    >>> ratio(0.0, 0.0), ratio(1.0, 0.0)
    (0.0, inf)
    """
    return 0.0 if x == 0 else x / y if y else x * inf


def row_max(*row: float) -> float:
    """The largest of some numbers; nan where one of them is.

    >>> row_max(1.0, 2.0), row_max(1.0, math.nan)
    (2.0, nan)
    """
    return sum(row) if any(one != one for one in row) else max(row)


# For arrays: as those above, element by element


def array_softmax(own: Array, *nets: Array) -> Array:
    """The shares for arrays, of every sample at once.

    >>> array_softmax(np.zeros(2), np.zeros(2), np.zeros(2)).tolist()
    [0.5, 0.5]
    """
    top = reduce(np.maximum, nets)
    share: Array = np.exp(own - top) / sum(np.exp(net - top) for net in nets)
    return share


def array_log_softmax(own: Array, *nets: Array) -> Array:
    """The logarithms of the shares for arrays, of every sample at once.

    >>> array_log_softmax(np.zeros(1), np.zeros(1), np.array([800.0])).tolist()
    [-800.0]
    """
    *rest, top = np.sort(np.broadcast_arrays(*nets), axis=0)
    log_share: Array = own - top - np.log1p(sum(np.exp(net - top) for net in rest))
    return log_share


def array_others(own: Array, *row: Array) -> Array:
    """``own`` is one of the row itself, not only its equal.

    >>> row = np.array([1.0, 2.0]), np.array([1.0, 3.0])
    >>> array_others(row[0], *row).tolist()
    [1.0, 3.0]
    """
    rest: Array = sum((one for one in row if one is not own), np.zeros(()))
    return rest


def array_row_max(*row: Array) -> Array:
    """The largest of some arrays, element by element.

    >>> array_row_max(np.array([1.0, 4.0]), np.array([3.0, 2.0])).tolist()
    [3.0, 4.0]
    """
    found: Array = reduce(np.maximum, row)
    return found


def _unless_zero(combined: Callable[[Array, Array], Array]) -> Callable[[Array, Array], Array]:
    return lambda x, y: np.where(np.equal(x, 0), 0.0, combined(x, y))


array_xlogy = _unless_zero(lambda x, y: x * np.log(y))
array_xexp = _unless_zero(lambda x, y: x * np.exp(y))
array_ratio = _unless_zero(np.divide)
array_erf, array_erfc, array_gamma = (np.vectorize(one, otypes=[float]) for one in (math.erf, math.erfc, math.gamma))


def array_pick(condition: Any, then: Callable[..., Any], otherwise: Callable[..., Any], *given: Any) -> Array:
    """The first where the condition holds, else the second, which is computed only where it is needed.

    >>> array_pick([True, False], lambda x: x, lambda x: -x, np.array([1.0, 2.0])).tolist()
    [1.0, -2.0]
    """
    holds = np.asarray(condition, dtype=bool)  # a condition that is itself picked comes as numbers
    if holds.all():
        value: Array = then(*given)
        return value
    rest, value = np.flatnonzero(~holds), np.empty(holds.shape)
    if len(rest) < holds.size:
        value[...] = then(*given)
    value.put(rest, otherwise(*(np.take(one, rest) for one in np.broadcast_arrays(holds, *given)[1:])))
    return value


# The second try, at high precision


def guarded(function: Callable[..., float]) -> Callable[..., float]:
    """A person's own function, evaluated again at high precision where floats overflow or cancel to nothing.

    >>> guarded(lambda x: exp(x) / (1 + exp(x)))(1000.0)
    1.0
    """
    precise = at_high_precision(function)

    def call(*given: float) -> float:
        with suppress(ArithmeticError, ValueError):
            value = function(*given)
            if math.isfinite(value):
                return value
        with suppress(ArithmeticError, ValueError):
            return float(precisely(precise, *given))
        return math.nan

    call.__dict__["precise"] = precise
    return call


def array_guarded(function: Callable[..., Any]) -> Callable[..., Any]:
    """As ``guarded``, element by element; only the elements that are not finite are evaluated again."""
    precise = at_high_precision(function)

    def call(*given: Any) -> Any:
        inputs = np.broadcast_arrays(*(np.asarray(one, dtype=float) for one in given))
        value = np.array(np.broadcast_to(function(*inputs), inputs[0].shape), dtype=float)
        for index in map(tuple, np.argwhere(~np.isfinite(value))):
            value[index] = math.nan
            with suppress(ArithmeticError, ValueError):
                value[index] = precisely(precise, *(float(one[index]) for one in inputs))
        return value

    return call


_OWN = {one.__name__: one for one in (softmax, log_softmax, others, xlogy, xexp, ratio, row_max)}
_OF_ARRAYS: dict[str, Callable[..., Any]] = {  # what code for arrays calls, for one number
    "where": lambda condition, then, otherwise: then if condition else otherwise,
    "pick": lambda condition, then, otherwise, *given: (then if condition else otherwise)(*given),
    "logical_and": operator.and_,
    "logical_or": operator.or_,
}


def at_high_precision(function: Callable[..., Any]) -> Callable[..., Any]:
    """The same compiled code with mpmath's functions instead of math's.

    >>> at_high_precision(lambda x: exp(x))(1000)
    mpf('1.970071114017047e+434')
    """
    names = {}
    for name in called(function.__code__):
        found = getattr(function.__globals__.get(name), "precise", None) or _OF_ARRAYS.get(name)
        if found := found or (at_high_precision(_OWN[name]) if name in _OWN else getattr(mpmath, name, None)):
            names[name] = found  # what is left, such as max, is Python's own
    return FunctionType(function.__code__, names, function.__name__)


def called(code: CodeType | str) -> set[str]:
    """The names that a piece of code looks up outside itself.

    >>> sorted(called("y = exp(-x)"))
    ['exp', 'x', 'y']
    """
    code = compile(code, "<bpkit>", "exec") if isinstance(code, str) else code
    inner = (constant for constant in code.co_consts if isinstance(constant, CodeType))
    return set(code.co_names).union(*map(called, inner))


def precisely(function: Callable[..., Any], *given: float) -> Any:
    """What a compiled function gives for numbers that neither overflow nor cancel to nothing by rounding.

    ``function`` comes from ``at_high_precision``; the result is a float, or a tuple of floats where it returns several.

    >>> precisely(at_high_precision(lambda x: (1 + x) - 1), 1e-20)
    1e-20
    """
    with mpmath.workdps(DIGITS):
        found = function(*map(mpmath.mpf, given))
        return tuple(map(_as_float, found)) if isinstance(found, tuple) else _as_float(found)


def _as_float(value: Any) -> float:
    """The nearest float: infinite beyond them, nan for what is not real.

    >>> _as_float(mpmath.mpf("1e400")), _as_float(mpmath.mpc(0, 1))
    (inf, nan)
    """
    number = mpmath.mpmathify(value)
    return math.nan if isinstance(number, mpmath.mpc) else float(number)


# What generated code may call: the names of math, which NumPy has as well or this module gives it, and those above.
MATH = tuple("exp log log1p expm1 tanh cosh sinh sin cos tan asin acos atan asinh acosh atanh sqrt floor ceil".split())
CONSTANTS = ("pi", "e", "inf")
MATH_ONLY = ("erf", "erfc", "gamma")
ARRAYS_ONLY = ("where", "logical_and", "logical_or", "eye")
OWN = (*_OWN, "guarded", "pick")
KNOWN = frozenset((*MATH, *CONSTANTS, *MATH_ONLY, *OWN, *ARRAYS_ONLY, "abs", "max", "min"))


def imports(names: Collection[str], arrays: bool) -> list[str]:
    """The lines that import what code with these names calls: from ``math`` for floats, from NumPy for arrays.

    >>> imports(["exp", "softmax"], arrays=True)
    ['from numpy import exp', 'from bpkit.core.runtime import array_softmax as softmax']
    """
    plain = [name for name in (*MATH, *CONSTANTS, *(ARRAYS_ONLY if arrays else MATH_ONLY)) if name in names]
    own = [name for name in (*OWN, *(MATH_ONLY if arrays else ())) if name in names]
    own = [f"array_{name} as {name}" for name in own] if arrays else own
    lines = [f"from {'numpy' if arrays else 'math'} import {', '.join(plain)}"] if plain else []
    return [*lines, *([f"from bpkit.core.runtime import {', '.join(own)}"] if own else [])]
