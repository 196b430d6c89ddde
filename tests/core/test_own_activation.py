"""A user's own activation: one SymPy expression, and it derives, evaluates, trains, and stands ±1000.

What is checked when an activation or a loss is made is tested here for both; the numbers of losses in test_losses.
"""

from __future__ import annotations

import math
import pickle
import warnings
from collections.abc import Callable
from typing import Any

import mpmath as mp
import numpy as np
import pytest
import sympy as sp
from oracle import Case, differences, mp_gradient, mp_loss, random_case
from thorough import EVERYTHING, THOROUGH

import bpkit as bp
from bpkit.core.matrix_program import matrix_gradient
from bpkit.core.numeric import loss_over
from bpkit.core.runtime import guarded

z = sp.Symbol("z")
OWN: dict[str, tuple[sp.Expr, Callable[[Any], Any]]] = {
    "own_swish": (z / (1 + sp.exp(-z)), lambda v: v / (1 + mp.exp(-v))),
    "own_mish": (z * sp.tanh(sp.log(1 + sp.exp(z))), lambda v: v * mp.tanh(mp.log(1 + mp.exp(v)))),
    "own_gelu": (z * (1 + sp.erf(z / sp.sqrt(2))) / 2, lambda v: v * mp.erfc(-v / mp.sqrt(2)) / 2),
    "own_elu": (sp.Piecewise((z, z > 0), (sp.exp(z) - 1, True)), lambda v: v if v > 0 else mp.expm1(v)),
    "own_softsign": (z / (1 + sp.Abs(z)), lambda v: v / (1 + abs(v))),
    "bump": (sp.exp(-(z**2)), lambda v: mp.exp(-(v**2))),
    "cubic": (z**3 / 10 + z, lambda v: v**3 / 10 + v),
    "arctangent": (sp.atan(z) * 2 / sp.pi, lambda v: mp.atan(v) * 2 / mp.pi),
    "steps3": (
        sp.Piecewise((-1 + z / 10, z < -1), (z * sp.exp(z**2 - 1), z <= 1), (1 + z / 10, True)),
        lambda v: -1 + v / 10 if v < -1 else v * mp.exp(v**2 - 1) if v <= 1 else 1 + v / 10,
    ),
    "own_hard": (sp.Min(sp.Max(z, -1), 1), lambda v: min(max(v, -1), 1)),
}
MEANINGS = {name: function for name, (_, function) in OWN.items()}


def problem(case: Case, **more: Any) -> bp.Problem:
    """The case with the user's own functions in place of their names."""
    kinds = [bp.Activation(one, OWN[one][0]) if one in OWN else one for one in case.activations]
    network = bp.Network(*case.sizes, activation=kinds, loss=case.loss, bias=case.bias, weight_names=case.own_names)
    inputs, targets = (case.inputs[0], case.targets[0]) if case.single else (case.inputs, case.targets)
    return bp.Problem(network, case.parameters, inputs, targets, **more)


@pytest.mark.parametrize("name", OWN)
@pytest.mark.parametrize("samples", [0, 3] if EVERYTHING else [2])
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


@pytest.mark.parametrize("name", [name for name in OWN if name != "cubic"])
@pytest.mark.parametrize("net", [-1000.0, 40.0, *((-40.0, 1000.0) if EVERYTHING else ())])
def test_finite_and_right_at_extremes(name: str, net: float) -> None:
    """One neuron, and a hidden one; as lines, as a batch that also holds a moderate sample, and as matrices."""
    rows = ((1.0,), (1.1e-3,), (-1.0,)), ((0.3,), (0.2,), (0.1,))
    cases = []
    for activations, weights in (((name,), {"w1": net}), ((name, "tanh"), {"w1": net, "w2": 1e-3})):
        sizes = (1,) * (len(activations) + 1)
        kind = sizes, activations, "half_squared_error", "none", tuple(weights), weights
        cases += [Case(*kind, ((1.0,),), ((0.3,),), True), Case(*kind, *rows)]
    half = cases[1:3] if net in (-40.0, 1000.0) else (cases[0], cases[-1])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for one in cases if THOROUGH else half:
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


# What holds for an activation and for a loss alike

MAKES = {"Activation": (bp.Activation, z), "Loss": (bp.Loss, sp.Symbol("out"))}  # and a symbol that it may hold
of_both = pytest.mark.parametrize("kind", MAKES)
NAMES = {
    "one word": ("a b", "lambda", "", 5, None),
    "taken": tuple(
        "sigmoid squared_error exp asin erf floor pick left net_h1 out_1 x1 b1 E_total dE_total_dw1".split()
    ),
}


@of_both
@pytest.mark.parametrize(("words", "name"), [(words, name) for words, names in NAMES.items() for name in names])
def test_what_is_no_name(kind: str, words: str, name: Any) -> None:
    make, symbol = MAKES[kind]
    with pytest.raises(bp.BpkitError, match=f"^{kind} .*{words}"):
        make(name, symbol**2)


@of_both
@pytest.mark.parametrize(
    ("expr", "words"),
    [
        (lambda v: f"{v} + 1", "SymPy expression"),
        (lambda v: "__import__('os').system('true')", "SymPy expression"),
        (lambda v: None, "SymPy expression"),
        (lambda v: lambda v: v, "SymPy expression"),
        (lambda v: [v], "SymPy expression"),
        (lambda v: v > 0, "SymPy expression"),
        (lambda v: v + sp.Symbol("a"), r"SymPy expression in .*, got a, .*; put numbers for the others"),
        (lambda v: sp.I * v, "with real values"),
        (lambda v: sp.zoo * v, "with real values"),
        (lambda v: sp.oo, "with real values"),
        (lambda v: sp.Matrix([v]), "with real values"),
        (lambda v: sp.Piecewise((v, v > 0)), "a value everywhere"),
        (lambda v: sp.Function("f")(v), "math module has, got f"),
        (lambda v: sp.besselj(0, v), "math module has, got besselj"),
        (lambda v: sp.LambertW(v), "math module has, got LambertW"),
        (lambda v: sp.gamma(v), "math module has, got polygamma"),  # in its slope
        (lambda v: sp.Integral(sp.exp(-v * v), v), "math module has, got Integral"),
    ],
)
def test_what_is_no_expression(kind: str, expr: Callable[[Any], Any], words: str) -> None:
    make, symbol = MAKES[kind]
    with pytest.raises(bp.BpkitError, match=f"^{kind} 'mine': .*{words}"):
        make("mine", expr(symbol))


@of_both
@pytest.mark.parametrize("slope", ["out*(1-out)", "__import__('os').system('true')", z + sp.Symbol("a"), 5j])
def test_a_slope_that_is_none(kind: str, slope: Any) -> None:
    make, symbol = MAKES[kind]
    with pytest.raises(bp.BpkitError, match=f"^{kind} 'mine': .*slope"):
        make("mine", symbol**2, slope)


@of_both
def test_what_people_made_says_itself_and_is_a_value(kind: str) -> None:
    make, v = MAKES[kind]
    made = {}
    for name, expr in (("square", v**2), ("half", sp.Abs(v) - sp.Rational(1, 2)), ("largest", sp.Max(0.1 * v, 1 - v))):
        for more in ({}, {"slope": 3 * v / 7 + sp.Rational(1, 7)}):
            one, same = make(name, expr, **more), make(name, expr, **more)
            assert one == same
            assert hash(one) == hash(same)
            assert pickle.loads(pickle.dumps(one)) == one
            assert eval(repr(one), {**vars(sp), kind: make, str(v): v}) == one
            made[repr(one)] = one
    assert len(made) == len({*made.values()}) == 6
    assert "slope" not in repr(make("square", v**2))
    assert all(pickle.loads(pickle.dumps(row)) is row for row in make.table.values())
    assert not one.built_in
    assert all(row.built_in for row in make.table.values())


@of_both
def test_a_name_belongs_to_one_function(kind: str) -> None:
    make, symbol = MAKES[kind]
    mine, argument = make("mine", symbol**2), kind.lower()
    for name in ("mine", "mine_slope"):
        with pytest.raises(bp.BpkitError, match="weight_names"):
            bp.Network(1, 1, **{argument: mine}, weight_names={("x1", "o1"): name})
    one = {"activation": [mine, "sigmoid"], "loss": bp.Loss("mine", sp.Symbol("out"))}
    other = {"activation": [bp.Activation("mine", z**3), "sigmoid"], "loss": mine}
    same = {"activation": [mine, bp.Activation("mine", z**3)]}
    with pytest.raises(bp.BpkitError, match=r"'mine'.*two"):
        bp.Network(1, 1, 1, **(one if kind == "Activation" else other))
    if kind == "Activation":
        with pytest.raises(bp.BpkitError, match=r"'mine'.*two"):
            bp.Network(1, 1, 1, **same)
        assert bp.Network(1, 1, 1, activation=[mine, bp.Activation("mine", z**2)])


def test_conditions_may_be_joined() -> None:
    """A piece between two bounds, for one sample and for a batch."""
    hard = bp.Activation("own_hard", sp.Piecewise((z, (z > -1) & (z < 1)), (sp.sign(z), True)))
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


def test_where_a_function_has_no_value_it_is_no_number() -> None:
    for expr, x in ((1 / z, 0.0), (sp.sqrt(z), -1.0), (sp.log(z), -2.0)):
        network = bp.Network(1, 1, activation=bp.Activation("mine", expr), bias="none")
        one = bp.Problem(network, {"w1": 1.0}, [x], [0.0])
        batch = bp.Problem(network, {"w1": 1.0}, [[x], [2.0]], [[0.0], [0.0]])
        assert not math.isfinite(bp.evaluate(one)["out_o1"])
        assert not math.isfinite(bp.evaluate(batch)["out_o1"][0])
        assert bp.evaluate(batch)["out_o1"][1] == pytest.approx(float(expr.subs(z, 2)), rel=1e-15)
        assert bp.train(one, 3).diverged_at == bp.train(batch, 3).diverged_at == 0
        assert math.isnan(guarded(eval(f"lambda z: {expr}", {**vars(math)}))(x))
