"""Tests that can fail: the gradient check refuses wrong gradients, and the oracle notices a broken engine."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import sympy as sp
from hypothesis import assume, given
from hypothesis import strategies as st
from oracle import Case, array_gradients, differences, mp_gradient, parameter_names, random_case
from strategies import cases
from thorough import examples

import bpkit as bp
from bpkit.core import derivation, functions, numeric
from bpkit.core.chain_rule import Step
from bpkit.core.expressions import OUT, Z
from bpkit.core.matrix_program import MatrixProgram, matrix_gradient
from bpkit.core.quantities import Role

ARTICLE = bp.examples.article.problem


def smooth(case: Case) -> bool:
    """A kink near a nudge would make an honest derivative fail."""
    return not {"relu", "leaky_relu"} & set(case.activations)


@examples(12, 300)
@given(cases())
def test_the_check_passes_right_gradients(case: Case) -> None:
    assume(smooth(case))
    check = bp.check_gradient(case.problem())
    assert check.passed, check
    assert {row.parameter for row in check.rows} == set(parameter_names(case))
    assert "passed" in repr(check)
    theirs = {name: value for name, value in array_gradients(case).items() if name in case.parameters}
    if min(map(abs, theirs.values())) > 1e-9:
        assert bp.check_gradient(case.problem(), theirs).passed


WRONG: dict[str, Callable[[dict[str, float], str, str], float]] = {
    "a thousandth too large": lambda g, name, _: g[name] * 1.001,
    "doubled": lambda g, name, _: g[name] * 2,
    "halved": lambda g, name, _: g[name] / 2,
    "the other sign": lambda g, name, _: -g[name],
    "forgotten": lambda g, name, _: 0.0,
    "a neighbour's": lambda g, name, other: g[other],
    "no number": lambda g, name, _: float("nan"),
    "infinite": lambda g, name, _: float("inf"),
}


@pytest.mark.parametrize("how", WRONG)
@examples(4, 60)
@given(cases(), st.integers(0, 10**6))
def test_the_check_says_no_to_wrong_gradients(how: str, case: Case, pick: int) -> None:
    """And says where: the derivative that was changed is the worst one."""
    assume(smooth(case))
    problem = case.problem()
    values = bp.evaluate(problem)
    names = parameter_names(case)
    gradient = {name: values[f"dE/d{name}"] for name in names}
    name, other = names[pick % len(names)], names[(pick + 1) % len(names)]
    largest = max(map(abs, gradient.values()))
    assume(abs(gradient[name]) > 1e-3 * largest > 1e-7)
    wrong = WRONG[how](gradient, name, other)
    assume(not abs(wrong - gradient[name]) < 1e-4 * abs(gradient[name]))
    check = bp.check_gradient(problem, {**gradient, name: wrong})
    assert not check.passed
    assert check.worst.parameter == name
    assert f"not passed: {name} differs most" in repr(check)


def test_small_derivatives_near_a_target_are_not_accused() -> None:
    """There the loss is far smaller than the outputs whose rounding it passes on."""
    network = bp.Network(1, 1, 1, activation="identity", loss="squared_error", bias="neuron")
    rng = np.random.default_rng(0)
    for w2, b in zip(10 ** rng.uniform(-8, -5, 100), rng.uniform(0.5, 2, 100)):
        problem = bp.Problem(network, {"w1": 0.7, "w2": w2, "b_h1": 0.2, "b_o1": b}, [0.6], [b + 1e-3])
        check = bp.check_gradient(problem)
        assert check.passed, check


def test_the_check_measures_for_itself() -> None:
    """What it compares with is a difference of losses, not the derivation."""
    case = random_case(np.random.default_rng(0), (2, 3, 2), ("tanh", "sigmoid"), "squared_error", "neuron", 3)
    exact = mp_gradient(case)
    for row in bp.check_gradient(case.problem()).rows:
        assert row.measured == pytest.approx(float(exact[row.parameter]), rel=1e-6, abs=1e-9)
        assert row.derived == pytest.approx(float(exact[row.parameter]), rel=1e-12)


def test_a_check_at_a_kink_says_no_as_documented() -> None:
    network = bp.Network(1, 1, activation="relu", bias="none")
    assert not bp.check_gradient(bp.Problem(network, {"w1": 0.0}, [1], [1])).passed


# Broken engines

CASES = [
    random_case(np.random.default_rng(number), (2, 3, 2), (hidden, output), loss, bias, samples)
    for number, (hidden, output, loss, bias, samples) in enumerate(
        [
            ("sigmoid", "sigmoid", "half_squared_error", "layer", 0),
            ("tanh", "identity", "mean_squared_error", "neuron", 0),
            ("softplus", "sigmoid", "binary_cross_entropy", "neuron", 0),
            ("leaky_relu", "softmax", "cross_entropy", "layer", 0),
            ("tanh", "softmax", "squared_error", "neuron", 0),
            ("sigmoid", "tanh", "squared_error", "layer", 3),
        ]
    )
]


def clear() -> None:
    derivation._derived.cache_clear()  # what is compiled is kept with the lines


@pytest.fixture
def fresh() -> Iterator[None]:
    """What was derived before or during the test is forgotten."""
    clear()
    yield
    clear()


def noticed() -> bool:
    """Does the comparison of the gradient tests find a difference on any of the cases?"""
    clear()
    found = []
    for case in CASES:
        theirs = array_gradients(case)
        gradient = {name: theirs[name] for name in parameter_names(case)}
        values = bp.evaluate(case.problem())
        found += differences({name: values[f"dE/d{name}"] for name in gradient}, gradient)
    return bool(found)


def noticed_in_matrices() -> bool:
    clear()
    found = []
    for case in CASES:
        theirs = array_gradients(case)
        found += differences(matrix_gradient(case.problem())[1], {n: theirs[n] for n in parameter_names(case)})
    return bool(found)


@pytest.mark.usefixtures("fresh")
def test_a_sound_engine_is_not_accused() -> None:
    assert not noticed()
    assert not noticed_in_matrices()


def without(factor: str) -> Callable[[Step], Step]:
    """Drop a factor, by the beginning of its name, from the lines that multiply it."""

    def change(step: Step) -> Step:
        kept = [one for one in step.rhs.args if not str(one).startswith(factor)]
        if not step.rhs.is_Mul or not 0 < len(kept) < len(step.rhs.args):
            return step
        rhs = sp.Mul(*kept, evaluate=False)
        return replace(step, rhs=rhs, stable=rhs)

    return change


def is_(step: Step, role: Role, by: str = "", of: str = "", last: bool | None = None) -> bool:
    """Is the line of this role, taken of and by quantities with these tags, in the last layer or before it?"""
    quantity = step.quantity
    if step.role is not role or (quantity.of and by and quantity.by and quantity.by.tag != by):
        return False
    return (not of or quantity.of.tag == of) and (last is None or last == (quantity.block == 2))


def first_term(role: Role, by: str = "") -> Callable[[Step], Step]:
    """Keep only the first path of a sum."""

    def change(step: Step) -> Step:
        rhs = step.rhs.args[0] if is_(step, role, by) and step.rhs.is_Add else step.rhs
        return step if rhs is step.rhs else replace(step, rhs=rhs, stable=rhs)

    return change


def negative(of: str, by: str, last: bool) -> Callable[[Step], Step]:
    return lambda step: replace(step, stable=-step.stable) if is_(step, Role.SLOPE, by, of, last) else step


def swapped(step: Step) -> Step:
    """w5's source in place of w6's: the signal of another neuron."""
    names = {sp.Symbol("out_h1"): sp.Symbol("out_h2"), sp.Symbol("out_h2"): sp.Symbol("out_h1")}
    return replace(step, stable=step.stable.xreplace(names)) if is_(step, Role.SLOPE, "weight") else step


def transposed(step: Step) -> Step:
    names = {sp.Symbol("w7"): sp.Symbol("w8"), sp.Symbol("w8"): sp.Symbol("w7")}
    return replace(step, stable=step.stable.xreplace(names)) if is_(step, Role.SLOPE, "out", "net") else step


MUTATIONS: dict[str, Callable[[Step], Step]] = {
    "forgets the slope of outputs": without("dout_o"),
    "forgets the slope of hidden neurons": without("dout_h"),
    "forgets the signal": without("dnet_o1/dw"),
    "forgets the weight on the way back": without("dnet_o"),
    "forgets the second output": first_term(Role.ADJOINT, "out"),
    "forgets the other neurons of a bias": first_term(Role.GRADIENT),
    "forgets the other outputs of softmax": first_term(Role.ADJOINT, "net"),
    "turns the loss slope round": negative("error", "out", last=True),
    "turns the hidden slope round": negative("out", "net", last=False),
    "takes another neuron's signal": swapped,
    "takes another neuron's weight back": transposed,
    "doubles the gradient": lambda s: replace(s, stable=2 * s.stable) if s.role is Role.GRADIENT else s,
}


@pytest.mark.usefixtures("fresh")
@pytest.mark.parametrize("name", MUTATIONS)
def test_a_broken_line_is_noticed(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    sound = derivation.backpropagated

    def broken(*given: Any) -> tuple[tuple[Step, ...], tuple[Step, ...]]:
        steps, of_inputs = sound(*given)
        return tuple(map(MUTATIONS[name], steps)), of_inputs

    monkeypatch.setattr(derivation, "backpropagated", broken)
    assert noticed()
    monkeypatch.undo()
    assert not noticed()


SLOPES: dict[str, tuple[str, dict[str, Any]]] = {
    "sigmoid": ("sigmoid", {"slope": OUT, "stable_slope": OUT}),
    "sigmoid without its square": ("sigmoid", {"stable_slope": 1 - OUT}),
    "tanh": ("tanh", {"stable_slope": 1 - OUT}),
    "identity": ("identity", {"stable_slope": Z}),
    "softplus": ("softplus", {"stable_slope": sp.exp(-Z)}),
    "leaky_relu": ("leaky_relu", {"stable_slope": sp.Piecewise((0, Z <= 0), (1, True))}),
}


@pytest.mark.usefixtures("fresh")
@pytest.mark.parametrize("name", SLOPES)
def test_a_wrong_slope_in_the_table_is_noticed_in_both_forms(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    which, change = SLOPES[name]
    table = {**functions.BUILT_IN, which: replace(functions.BUILT_IN[which], **change)}
    monkeypatch.setattr(functions, "BUILT_IN", table)
    assert noticed()
    assert noticed_in_matrices()
    case = next(case for case in CASES if which in case.activations)
    assert which not in ("sigmoid", "tanh") or not bp.check_gradient(case.problem()).passed


@pytest.mark.usefixtures("fresh")
def test_a_forgotten_mean_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(numeric, "settler", lambda problem: lambda values: np.sum(values, axis=0))
    assert noticed()


BROKEN = [
    ("/n", ""),
    (".T @", " @"),
    (" - targets", " + targets"),
    ("delta_2 @ ", "delta_2 @ -"),
    (".sum()/n", ".max()/n"),
]


@pytest.mark.usefixtures("fresh")
@pytest.mark.parametrize(("right", "wrong"), BROKEN)
def test_a_broken_matrix_line_is_noticed(right: str, wrong: str, monkeypatch: pytest.MonkeyPatch) -> None:
    sound = MatrixProgram._assigned
    broken = lambda program, step, quick=False: sound(program, step, quick).replace(right, wrong)
    monkeypatch.setattr(MatrixProgram, "_assigned", broken)
    if wrong == " @":  # matrices that do not fit, which NumPy notices
        with pytest.raises(ValueError, match="matmul"):
            noticed_in_matrices()
    else:
        assert noticed_in_matrices()
