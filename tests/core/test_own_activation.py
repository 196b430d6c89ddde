"""A user's own activation: one SymPy expression, and it derives, evaluates, trains, and stands ±1000."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from typing import Any

import mpmath as mp
import numpy as np
import pytest
import sympy as sp
from oracle import Case, differences, mp_gradient, mp_loss, random_case

import bpkit as bp
from bpkit.core.matrix_program import matrix_gradient
from bpkit.core.numeric import loss_over

z = sp.Symbol("z")
OWN: dict[str, tuple[sp.Expr, Callable[[Any], Any]]] = {
    "swish": (z / (1 + sp.exp(-z)), lambda v: v / (1 + mp.exp(-v))),
    "mish": (z * sp.tanh(sp.log(1 + sp.exp(z))), lambda v: v * mp.tanh(mp.log(1 + mp.exp(v)))),
    "gelu": (z * (1 + sp.erf(z / sp.sqrt(2))) / 2, lambda v: v * mp.erfc(-v / mp.sqrt(2)) / 2),
    "elu": (sp.Piecewise((z, z > 0), (sp.exp(z) - 1, True)), lambda v: v if v > 0 else mp.expm1(v)),
    "softsign": (z / (1 + sp.Abs(z)), lambda v: v / (1 + abs(v))),
    "bump": (sp.exp(-(z**2)), lambda v: mp.exp(-(v**2))),
    "cubic": (z**3 / 10 + z, lambda v: v**3 / 10 + v),
    "arctangent": (sp.atan(z) * 2 / sp.pi, lambda v: mp.atan(v) * 2 / mp.pi),
    "steps3": (
        sp.Piecewise((-1 + z / 10, z < -1), (z * sp.exp(z**2 - 1), z <= 1), (1 + z / 10, True)),
        lambda v: -1 + v / 10 if v < -1 else v * mp.exp(v**2 - 1) if v <= 1 else 1 + v / 10,
    ),
    "hard": (sp.Min(sp.Max(z, -1), 1), lambda v: min(max(v, -1), 1)),
}
MEANINGS = {name: function for name, (_, function) in OWN.items()}


def problem(case: Case, **more: Any) -> bp.Problem:
    """The case with the user's own functions in place of their names."""
    kinds = [bp.Activation(one, OWN[one][0]) if one in OWN else one for one in case.activations]
    network = bp.Network(*case.sizes, activation=kinds, loss=case.loss, bias=case.bias, weight_names=case.own_names)
    inputs, targets = (case.inputs[0], case.targets[0]) if case.single else (case.inputs, case.targets)
    return bp.Problem(network, case.parameters, inputs, targets, **more)


@pytest.mark.parametrize("name", OWN)
@pytest.mark.parametrize("samples", [0, 3])
def test_everything_works_at_once(name: str, samples: int) -> None:
    case = random_case(
        np.random.default_rng(len(name)), (2, 3, 2), (name, name), "half_squared_error", "layer", samples
    )
    rate = 1e-6
    own = problem(case, learning_rate=rate)
    theirs = mp_gradient(case, own=MEANINGS)
    values = bp.evaluate(own)
    assert differences({n: values[f"dE/d{n}"] for n in theirs}, theirs) == []
    assert differences(matrix_gradient(own)[1], theirs) == []
    exact = float(mp_loss(case, case.parameters, MEANINGS))
    assert values["E_total"] == pytest.approx(exact, rel=1e-12)
    assert float(loss_over(own)) == pytest.approx(exact, rel=1e-12)
    trace = bp.train(own, 5)
    assert trace.diverged_at is None
    moved = {n: case.parameters[n] - rate * float(theirs[n]) for n in theirs}
    assert {n: trace[n][1] for n in moved} == pytest.approx(moved, rel=1e-10, abs=1e-12)
    assert bp.check_gradient(own, tolerance=1e-5).passed
    derivation = bp.derive(own.network)
    assert "E_total" in str(derivation)
    assert derivation._repr_latex_()
    assert name in derivation.source()
    assert "delta_1" in str(derivation.matrices())


@pytest.mark.parametrize("name", OWN)
def test_what_an_activation_says_of_itself_makes_it_again(name: str) -> None:
    own = bp.Activation(name, OWN[name][0])
    assert eval(repr(own), {**vars(sp), "Activation": bp.Activation, "z": z}) == own


@pytest.mark.parametrize("name", [name for name in OWN if name != "cubic"])
@pytest.mark.parametrize("net", [-1000.0, -40.0, 40.0, 1000.0])
def test_finite_and_right_at_extremes(name: str, net: float) -> None:
    """One neuron, and a hidden one; as lines, as a batch that also holds a moderate sample, and as matrices."""
    for activations, weights in (((name,), {"w1": net}), ((name, "tanh"), {"w1": net, "w2": 1e-3})):
        sizes = (1,) * (len(activations) + 1)
        case = Case(
            sizes, activations, "half_squared_error", "none", tuple(weights), weights, ((1.0,),), ((0.3,),), True
        )
        batch = Case(sizes, activations, "half_squared_error", "none", tuple(weights), weights,
                     ((1.0,), (1.1e-3,), (-1.0,)), ((0.3,), (0.2,), (0.1,)))  # fmt: skip
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            for one in (case, batch):
                theirs = mp_gradient(one, 1500, own=MEANINGS)
                values = bp.evaluate(problem(one))
                assert differences({n: values[f"dE/d{n}"] for n in theirs}, theirs, floor=1e-13) == [], one
                assert differences(matrix_gradient(problem(one))[1], theirs, floor=1e-13) == [], one
                assert bp.train(problem(one, learning_rate=1e-9), 2).diverged_at is None


def test_a_slope_may_be_given_in_terms_of_out() -> None:
    out = sp.Symbol("out")
    mine = bp.Activation("mine", 1 / (1 + sp.exp(-z)), slope=out * (1 - out))
    network, theirs = bp.Network(2, 2, 1, activation=mine), bp.Network(2, 2, 1)
    rng = np.random.default_rng(0)
    numbers = {name: rng.normal() for name in network.parameters}
    ours = bp.evaluate(bp.Problem(network, numbers, [1, 2], [0]))
    same = bp.evaluate(bp.Problem(theirs, numbers, [1, 2], [0]))
    assert dict(ours) == pytest.approx(dict(same), rel=1e-14)
    assert "out_h1 · (1 - out_h1)" in str(bp.derive(network)["dout_h1/dnet_h1"])


def test_the_symbol_may_have_any_name_and_any_assumption() -> None:
    for symbol in (*sp.symbols("x out w1"), sp.Symbol("z", real=True), sp.Symbol("K", positive=True)):
        network = bp.Network(1, 1, activation=bp.Activation("mine", sp.sin(symbol)), bias="none")
        values = bp.evaluate(bp.Problem(network, {"w1": 0.5}, [1.0], [0.0]))
        assert values["out_o1"] == pytest.approx(math.sin(0.5), rel=1e-15)
        assert values["dout_o1/dnet_o1"] == pytest.approx(math.cos(0.5), rel=1e-15)


def test_a_constant_is_a_function_too() -> None:
    network = bp.Network(1, 1, 1, activation=[bp.Activation("always", sp.Integer(2)), "identity"], bias="none")
    for inputs, targets in (([1.0], [0.0]), ([[1.0], [2.0]], [[0.0], [0.0]])):
        one = bp.Problem(network, {"w1": 0.5, "w2": 3.0}, inputs, targets)
        assert bp.evaluate(one)["dE/dw1"] == 0
        assert bp.evaluate(one)["dE/dw2"] == 12
        assert matrix_gradient(one)[1] == {"w1": 0, "w2": 12}


@pytest.mark.parametrize(
    ("name", "expr", "words"),
    [
        ("a b", z, "one word"),
        ("lambda", z, "one word"),
        ("", z, "one word"),
        (5, z, "one word"),
        ("sigmoid", z, "taken"),
        ("exp", sp.exp(z), "taken"),
        ("asin", sp.asin(z), "taken"),
        ("erf", sp.erf(z), "taken"),
        ("floor", sp.floor(z), "taken"),
        ("pick", z, "taken"),
        ("left", z, "taken"),
        ("net_h1", z, "taken"),
        ("out_1", z, "taken"),
        ("x1", z, "taken"),
        ("b1", z, "taken"),
        ("E_total", z, "taken"),
        ("dE_total_dw1", z, "taken"),
        ("mine", "z + 1", "SymPy expression"),
        ("mine", "__import__('os').system('true')", "SymPy expression"),
        ("mine", None, "SymPy expression"),
        ("mine", lambda v: v, "SymPy expression"),
        ("mine", [z], "SymPy expression"),
        ("mine", z > 0, "SymPy expression"),
        ("mine", z + sp.Symbol("a"), "one symbol"),
        ("mine", sp.I * z, "real"),
        ("mine", sp.Function("f")(z), "got f"),
        ("mine", sp.zoo * z, "real"),
        ("mine", sp.Piecewise((z, z > 0)), "every"),
    ],
)
def test_what_is_no_activation(name: Any, expr: Any, words: str) -> None:
    with pytest.raises(bp.BpkitError, match=words) as caught:
        bp.Activation(name, expr)
    assert "Activation" in str(caught.value)


def test_what_math_does_not_have_is_said() -> None:
    """When the function is made, and not when it first runs; what is no number of functions at all, too."""
    for expr in (sp.besselj(0, z), sp.LambertW(z), sp.gamma(z), sp.Integral(sp.exp(-z * z), z)):
        with pytest.raises(bp.BpkitError, match="math module has, got"):
            bp.Activation("mine", expr)
        with pytest.raises(bp.BpkitError, match="math module has, got"):
            bp.Loss("mine", expr.subs(z, sp.Symbol("out")))
    for expr in (sp.Matrix([z]), sp.oo):
        with pytest.raises(bp.BpkitError, match="with real values"):
            bp.Activation("mine", expr)


def test_conditions_may_be_joined() -> None:
    """A piece between two bounds, for one sample and for a batch."""
    hard = bp.Activation("hard", sp.Piecewise((z, (z > -1) & (z < 1)), (sp.sign(z), True)))
    away = bp.Activation("away", sp.Piecewise((z, (z < -1) | (z > 1)), (0, True)))
    network = bp.Network(1, 1, activation=hard, bias="none")
    other = bp.Network(1, 1, activation=away, bias="none")
    for x, expected, outside in ((0.25, 0.25, 0), (3.0, 1.0, 3.0), (-3.0, -1.0, -3.0)):
        assert bp.evaluate(bp.Problem(network, {"w1": 1.0}, [x], [0.0]))["out_o1"] == expected
        assert bp.evaluate(bp.Problem(other, {"w1": 1.0}, [x], [0.0]))["out_o1"] == outside
    batch = bp.evaluate(bp.Problem(network, {"w1": 1.0}, [[0.25], [3.0], [-3.0]], [[0.0]] * 3))
    assert batch["out_o1"].tolist() == [0.25, 1.0, -1.0]


def test_one_sample_trains_where_math_overflows_beside_a_function_of_ones_own() -> None:
    """The lines go on in arrays there, and the own function's second try takes a number alone."""
    y, out = sp.symbols("y out")
    network = bp.Network(1, 1, loss=bp.Loss("tilted", sp.Max(0.8 * (y - out), -0.2 * (y - out))))
    problem = bp.Problem(network, {"w1": 1.0, "b1": -1000.0}, [0.3], [0.25], 0.1)
    rows = problem.replace(inputs=[[0.3], [0.2]], targets=[[0.25], [0.1]])
    for one in (problem, rows, rows.replace(batch="each"), rows.replace(batch="sum")):
        trace = bp.train(one, 3)
        assert trace.diverged_at is None
        assert len(trace) == 4
        assert trace.loss[0] == pytest.approx(bp.evaluate(one)["E_total"], rel=1e-12)


@pytest.mark.parametrize("slope", ["out*(1-out)", "__import__('os').system('true')", z + sp.Symbol("a"), 5j])
def test_a_slope_that_is_none(slope: Any) -> None:
    with pytest.raises(bp.BpkitError, match="slope"):
        bp.Activation("mine", z**2, slope)


def test_two_functions_of_one_name_are_refused() -> None:
    one, other = bp.Activation("mine", z**2), bp.Activation("mine", z**3)
    with pytest.raises(bp.BpkitError, match=r"'mine'.*two"):
        bp.Network(1, 1, 1, activation=[one, other])
    assert bp.Network(1, 1, 1, activation=[one, bp.Activation("mine", z**2)])


def test_a_weight_may_not_be_called_as_the_activation() -> None:
    mine = bp.Activation("mine", z**2)
    for name in ("mine", "mine_slope"):
        with pytest.raises(bp.BpkitError, match="weight_names"):
            bp.Network(1, 1, activation=mine, weight_names={("x1", "o1"): name})
