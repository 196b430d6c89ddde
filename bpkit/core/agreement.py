"""Numbers of a line that do not contradict each other: an output near 1 is not spelled 1, and what is shown adds up.

With six digits everywhere, a sigmoid at 19.5 would be "1", and its slope "1 · (1 - 1) = 3.4e-09".
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import mpmath
import sympy as sp

from bpkit.core.expressions import names_in
from bpkit.core.quantities import Quantity, Role
from bpkit.core.spelling import number

if TYPE_CHECKING:
    from bpkit.core.chain_rule import Step

Spell = Callable[[Any, int], str]
CLOSE = 1e-4  # a line agrees with its result when a calculator gives four of the digits from what is shown
MORE = (9, 12, 15, 17)  # digits that are tried where the usual ones cancel
LAST = 2.0**-53  # half of the distance between 1 and the float below it
USUAL = 6  # digits of a page, in which 0.9999999 is 1


def near_one(value: float, digits: int = 6, spell: Spell = number) -> str:
    """A number; where its digits would make it 1 although it is less, its distance from 1.

    The last two floats before 1 are 1 itself: a sum such as 0.2 + 0.2 - 1.4 ends there by rounding.

    >>> near_one(0.25), near_one(1 - 3.4e-9)
    ('0.25', '1 - 3.4e-09')
    """
    if abs(value) >= 1 - 2 * LAST or not _rounds_to_one(value, digits):
        return spell(value, digits)
    left = 1 - abs(value)
    return _apart(value, spell(left, max(1, min(digits, math.floor(math.log10(left / LAST))))))


def _rounds_to_one(value: float, digits: int) -> bool:
    return number(abs(value), min(digits, USUAL)) == "1"


def _apart(value: float, left: str) -> str:
    return f"1 - {left}" if value > 0 else f"-1 + {left}"


def result(step: Step, numbers: Mapping[str, float], digits: int = 6, spell: Spell = number) -> str:
    """The result of a line; an output that only rounds to 1, in digits or in floats, is never spelled so.

    >>> import bpkit as bp
    >>> result(bp.derive(bp.Network(1, 1))["out_o1"], {"net_o1": 40.0, "out_o1": 1.0})
    '1 - 4.24835e-18'
    """
    value = numbers[step.name]
    if is_output(step.quantity) and not step.rhs.is_Atom and _rounds_to_one(value, digits):
        given = {sp.Symbol(name): numbers[name] for name in names_in(step.rhs)}
        left = left_of_one(step.rhs, value > 0).evalf(17, subs=given)
        if left.is_Float and (distance := mpmath.mpf(str(left))) > 0:
            return _apart(value, _tiny(distance, digits, spell))
    return near_one(value, digits, spell)


@lru_cache(maxsize=256)
def left_of_one(rhs: sp.Expr, above: bool) -> sp.Expr:
    """What a right side leaves to 1, or to -1, as one fraction, in which nothing cancels.

    >>> z = sp.Symbol("z")
    >>> left_of_one(1 / (1 + sp.exp(-z)), above=True)
    1/(exp(z) + 1)
    """
    over, under = sp.fraction(sp.together(1 - (1 if above else -1) * rhs.rewrite(sp.exp)))
    return sp.expand(over) / under


def _tiny(left: mpmath.mpf, digits: int, spell: Spell) -> str:
    """A small number, also one that is too small for a float.

    >>> _tiny(mpmath.mpf(10) ** -400, 6, number)
    '1e-400'
    """
    if float(left) > 1e-300:
        return spell(float(left), digits)
    size = math.floor(mpmath.log10(left))
    head = number(float(left / mpmath.mpf(10) ** size), digits)
    return f"{head}e{size}" if spell is number else rf"{head} \times 10^{{{size}}}"


def is_output(quantity: Quantity | None) -> bool:
    """Is it what a neuron puts out?

    >>> is_output(Quantity("out", "h", (1,), Role.FORWARD, "out")), is_output(Quantity("w", index=(1,)))
    (True, False)
    """
    return quantity is not None and quantity.role is Role.FORWARD and quantity.tag == "out"


def digits_that_agree(step: Step, numbers: Mapping[str, float], digits: int = 6) -> int | None:
    """How many digits of the numbers put into a line give its result; None where 17 do not.

    >>> import bpkit as bp
    >>> step = bp.derive(bp.Network(1, 1))["dE_o1/dout_o1"]
    >>> digits_that_agree(step, {"y1": 0.5, "out_o1": 0.5000001234567, step.name: 1.234567e-7})
    12
    """
    form, value = step.shown, numbers[step.name]
    used = {name: float(numbers[name]) for name in names_in(form)}
    at_one = (name for name, one in used.items() if abs(one) == 1)
    if step.role is Role.SLOPE and is_output(step.quantity.of) and any(is_output(step.names.get(n)) for n in at_one):
        return None  # the float says 1, the slope knows better
    if not value or not math.isfinite(value) or len(used) > 12 or not form.has(sp.Add):
        return digits  # digits are lost in sums, and here of few terms
    for tried in (digits, *(more for more in MORE if more > digits)):
        with mpmath.workdps(40):
            found = _at(form, {name: _read(near_one(one, tried)) for name, one in used.items()})
        if found is None or abs(found - value) <= CLOSE * abs(value):
            return tried
    return None


def _read(text: str) -> mpmath.mpf:
    """The number that a reader sees, also of ``1 - 3.4e-09``.

    >>> _read("1 - 3.4e-09") == 1 - mpmath.mpf("3.4e-09")
    True
    """
    whole, _, left = text.replace(" + ", " - -").partition(" - ")
    return mpmath.mpf(whole) - mpmath.mpf(left or 0)


def _at(form: sp.Expr, values: Mapping[str, Any]) -> Any:
    """A form at numbers; None where it has a function or a power that is not looked into."""
    if form.is_Symbol:
        return values[form.name]
    if form.is_Rational:
        return mpmath.mpf(int(form.p)) / int(form.q)
    parts = [_at(part, values) for part in form.args]
    if not parts or None in parts:
        return None
    if form.is_Add:
        return mpmath.fsum(parts)
    if form.is_Mul:
        return mpmath.fprod(parts)
    if isinstance(form, sp.log):
        return mpmath.log(parts[0]) if parts[0] > 0 else mpmath.inf
    if form.is_Pow and (parts[0] > 0 or parts[1] == int(parts[1])):
        return parts[0] ** parts[1] if parts[0] or parts[1] > 0 else mpmath.inf
    return None
