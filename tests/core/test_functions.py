"""The table of activations and losses: each slope is a derivative, each stable spelling says the same."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import mpmath as mp
import numpy as np
import pytest
import sympy as sp
from oracle import MP, MP_SLOPE, mp_error
from rows import ACTIVATIONS, LOSSES

from bpkit.core import runtime
from bpkit.core.expressions import OUT, K, Y, Z, others
from bpkit.core.functions import BUILT_IN, Activation
from bpkit.core.losses import LOSSES as EVERY_LOSS
from bpkit.core.losses import fused
from bpkit.core.runtime import at_high_precision

POINTS = [*np.linspace(-30, 30, 41), -1000.0, -740.0, -700.0, -699.0, 2.29, 2.3, 4.59, 4.6, 700.0, 1000.0, 1e-9, -1e-9]
TARGETS = (0.0, 1.0, 0.3, 0.5)
DIGITS = 1000

# What only generated code calls, by definition; ``share`` is the softmax itself.


def share(own: Any, *nets: Any) -> Any:
    return mp.exp(own) / mp.fsum(map(mp.exp, nets))


MEANINGS = {
    **{name: getattr(mp, name) for name in runtime.MATH},
    "softmax": share,
    "log_softmax": lambda own, *nets: mp.log(share(own, *nets)),
    "others": lambda own, *row: mp.fsum(row) - own,
    "xlogy": lambda x, y: 0 if x == 0 else x * mp.log(y),
    "xexp": lambda x, z: x * mp.exp(z),
    "ratio": lambda x, y: 0 if x == 0 else x / y,
    "Abs": abs,
    "Max": max,
}


def function(expr: sp.Expr, *symbols: sp.Symbol) -> Callable[..., Any]:
    """An expression of the table as a function of mpmath numbers."""
    return sp.lambdify(symbols, expr, [MEANINGS, "mpmath"])


def same(ours: Any, theirs: Any) -> bool:
    """Equal to 30 digits of a number, as far as 1000 digits leave them when 1 - out cancels at ±1000."""
    return bool(abs(ours - theirs) <= 1e-30 * abs(theirs) + mp.mpf("1e-900"))


def slope_agrees(activation: Activation) -> bool:
    """Is the declared slope, and its stable spelling, the derivative of the function?"""
    out = function(activation.expr, Z)
    spellings = [function(expr, Z, OUT) for expr in (activation.slope, activation.stable_slope)]
    with mp.workdps(DIGITS):
        return all(
            same(spelling(z, out(z)), MP_SLOPE[activation.name](z))
            for z in map(mp.mpf, POINTS)
            for spelling in spellings
        )


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("softmax", (0.3, -1.2, 0.3, 2.0)),
        ("log_softmax", (0.3, -1.2, 0.3, 2.0)),
        *[("xlogy", given) for given in ((0.3, 0.7), (0.0, 0.0))],
        *[("xexp", given) for given in ((0.3, 0.7), (0.0, 1000.0))],
        *[("ratio", given) for given in ((0.3, 0.7), (0.3, 1.0), (0.0, 0.0))],
    ],
)
def test_what_only_generated_code_calls_means_the_same_in_every_form(name: str, arguments: tuple[float, ...]) -> None:
    """For floats, for arrays, and at many digits; also where 0 meets what leaves the floats."""
    called = eval(f"lambda *given: {name}(*given)", vars(runtime))
    exact = float(MEANINGS[name](*map(mp.mpf, arguments)))
    assert called(*arguments) == pytest.approx(exact, rel=1e-14)
    assert float(at_high_precision(called)(*map(mp.mpf, arguments))) == pytest.approx(exact, rel=1e-14)
    with np.errstate(all="ignore"):
        rows = getattr(runtime, f"array_{name}")(*(np.array([number, 0.5]) for number in arguments))
    assert rows[0] == pytest.approx(exact, rel=1e-14)


def test_the_others_of_a_row_in_every_form() -> None:
    """Without one of the row itself: numbers may be equal, arrays must be the same."""
    assert runtime.others(0.5, 0.25, 0.5, 0.5) == 0.75
    assert float(at_high_precision(eval("lambda *row: others(*row)", vars(runtime)))(*map(mp.mpf, (1, 1, 2)))) == 2
    row = [np.array([1.0, 2.0]), np.array([1.0, 3.0]), np.array([5.0, 7.0])]
    assert runtime.array_others(row[1], *row).tolist() == [6.0, 9.0]
    assert 1 - (1 - 1e-20) != runtime.others(1 - 1e-20, 1 - 1e-20, 1e-20) == 1e-20


def test_a_choice_and_a_division_by_nothing_at_many_digits() -> None:
    chosen = at_high_precision(eval("lambda z: where(z > 0, z**5/(1 + z**4), 0.0)", {"where": np.where}))
    assert [float(chosen(mp.mpf(z))) for z in ("1e70", "-1")] == [1e70, 0]
    picked = runtime.array_pick(np.array([1.0, 0.0]), np.exp, np.negative, np.array([0.0, 3.0]))  # by what was picked
    assert picked.tolist() == [1.0, -3.0]
    divided = at_high_precision(eval("lambda x, y: ratio(x, y)", vars(runtime)))
    assert [divided(mp.mpf(x), mp.mpf(0)) for x in (2, -2)] == [mp.inf, -mp.inf]


def test_the_table_has_what_was_promised() -> None:
    assert {*BUILT_IN} >= {*"sigmoid tanh relu leaky_relu softplus identity softmax".split()}
    assert {*LOSSES} >= {f"{kind}_error" for kind in ("half_squared", "squared", "mean_squared")}
    assert {*EVERY_LOSS} >= {"binary_cross_entropy", "cross_entropy", "output"}


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_the_row_says_whether_it_only_rises(name: str) -> None:
    with mp.workdps(DIGITS):
        assert all(MP_SLOPE[name](z) >= 0 for z in map(mp.mpf, POINTS)) == BUILT_IN[name].rising


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_what_a_lively_neuron_puts_out_is_far_from_the_flat_ends(name: str) -> None:
    low, high = BUILT_IN[name].alive
    nets = [net for net in map(mp.mpf, np.linspace(-30, 30, 601)) if low < MP[name](net) < high]
    assert nets
    assert all(abs(MP_SLOPE[name](net)) > 0.005 for net in nets if abs(net) < 5)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_readable_and_stable_spelling_are_the_function(name: str) -> None:
    activation = BUILT_IN[name]
    spellings = [function(activation.expr, Z), function(activation.stable, Z)]
    with mp.workdps(DIGITS):
        for z in map(mp.mpf, POINTS):
            for spelling in spellings:
                assert same(spelling(z), MP[name](z)), z


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_each_slope_is_the_derivative(name: str) -> None:
    assert slope_agrees(BUILT_IN[name])


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_sympy_differentiates_to_the_same(name: str) -> None:
    """The slope by SymPy's own rules, in place of the formulas of this test's oracle."""
    activation = BUILT_IN[name]
    slope = sp.diff(activation.expr, Z)
    for point in (-2.5, -0.3, 0.7, 3.0):
        value = sp.Float(point, 40)
        out = activation.expr.subs(Z, value)
        assert abs(slope.subs(Z, value) - activation.slope.subs({OUT: out, Z: value})) < 1e-30


@pytest.mark.parametrize(
    "wrong",
    [
        replace(BUILT_IN["sigmoid"], slope=OUT),
        replace(BUILT_IN["sigmoid"], slope=OUT * (1 + OUT)),
        replace(BUILT_IN["tanh"], stable_slope=1 - OUT),
        replace(BUILT_IN["relu"], slope=sp.Integer(1)),
        replace(BUILT_IN["softplus"], stable_slope=BUILT_IN["sigmoid"].slope),
        replace(BUILT_IN["leaky_relu"], stable_slope=BUILT_IN["relu"].slope),
    ],
    ids=lambda activation: activation.name,
)
def test_a_wrong_slope_is_noticed(wrong: Activation) -> None:
    assert not slope_agrees(wrong)


@pytest.mark.parametrize("name", LOSSES)
def test_each_loss_and_its_slope(name: str) -> None:
    loss = EVERY_LOSS[name]
    expr, stable = (function(e, Y, OUT, K) for e in (loss.expr, loss.stable))
    slope, stable_slope = (function(e, Y, OUT, K) for e in (loss.slope, loss.stable_slope))
    with mp.workdps(60):
        for y in map(mp.mpf, TARGETS):
            for out in map(mp.mpf, (0.05, 0.3, 0.5, 0.97, *(() if loss.targets_in_unit_interval else (-3, 4.5)))):
                for outputs in (mp.mpf(1), mp.mpf(3)):
                    exact = mp_error(name, y, out, outputs)
                    step = mp.mpf(10) ** -18
                    above, below = (mp_error(name, y, out + s * step, outputs) for s in (1, -1))
                    assert abs(expr(y, out, outputs) - exact) < 1e-50
                    assert abs(stable(y, out, outputs) - exact) < 1e-50
                    for spelling in (slope, stable_slope):
                        assert abs(spelling(y, out, outputs) - (above - below) / (2 * step)) < 1e-30


def _outputs(nets: list[Any], activation: str) -> list[Any]:
    if activation == "sigmoid":
        return [MP["sigmoid"](net) for net in nets]
    return [share(net, *nets) for net in nets]


PAIRS = [("sigmoid", "binary_cross_entropy"), ("softmax", "cross_entropy")]


@pytest.mark.parametrize("nets", [(0.3, -1.2, 2.0), (-1000.0, 3.0, 1000.0), (40.0, 0.0, -0.5), (4.59, 4.6, 709.0)])
@pytest.mark.parametrize("pair", PAIRS)
def test_what_cancels_says_the_same_as_the_factors(pair: tuple[str, str], nets: tuple[float, ...]) -> None:
    """The short delta and every stable spelling, against loss slope times output slope with many digits."""
    symbols = [sp.symbols(f"{letter}1:4") for letter in ("n", "o", "t")]
    flat = [symbol for group in symbols for symbol in group]
    with mp.workdps(DIGITS):
        z = [mp.mpf(net) for net in nets]
        out = _outputs(z, pair[0])
        for ys in ([1, 0, 0], [0, 0, 1], [mp.mpf("0.25"), mp.mpf("0.25"), mp.mpf("0.5")]):
            slopes = [mp_slope(pair[1], y, o) for y, o in zip(ys, out, strict=True)]
            for k in range(3):
                both = fused(*pair, *symbols, k)
                assert both is not None
                if pair[0] == "sigmoid":
                    delta = slopes[k] * out[k] * (1 - out[k])
                else:
                    delta = mp.fsum(s * o * ((j == k) - out[k]) for j, (s, o) in enumerate(zip(slopes, out)))
                expected = {
                    both.error: mp_error(pair[1], ys[k], out[k], 3),
                    both.slope: slopes[k],
                    both.short.cancelled: delta,
                    both.short.stable: delta,
                }
                for expr, exact in expected.items():
                    assert same(function(expr, *flat)(*z, *out, *ys), exact), (k, expr)


def mp_slope(loss: str, y: Any, out: Any) -> Any:
    return -y / out + ((1 - y) / (1 - out) if loss == "binary_cross_entropy" else 0)


def test_nothing_else_cancels() -> None:
    symbols = [sp.symbols(f"{letter}1:4") for letter in ("n", "o", "t")]
    pairs = {(a, loss) for a in BUILT_IN for loss in EVERY_LOSS if fused(a, loss, *symbols, 0)}
    assert pairs == set(PAIRS)


def test_softmax_and_its_slopes_by_sympy() -> None:
    nets, outs = sp.symbols("n1:4"), sp.symbols("o1:4")
    shares = [BUILT_IN["softmax"].at(nets, k)[0] for k in range(3)]
    for j in range(3):
        for k in range(3):
            for spelling in BUILT_IN["softmax"].slope_at(nets, outs, j, k):
                spelling = spelling.replace(others, lambda own, *row: sum(row) - own)
                difference = sp.diff(shares[j], nets[k]) - spelling.subs(dict(zip(outs, shares)))
                assert sp.simplify(difference) == 0
    assert sp.simplify(sum(shares)) == 1
