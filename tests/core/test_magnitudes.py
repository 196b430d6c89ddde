"""Parameters from 1e-12 to 1e6 in one network: as exact as the numbers given allow, relative to each derivative."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import mpmath as mp
import numpy as np
from backward import mp_backward
from hypothesis import given
from hypothesis import strategies as st
from oracle import SMALLEST, Case, differences, mp_gradient, parameter_names
from strategies import cases
from thorough import examples

import bpkit as bp
from bpkit.core.matrix_program import matrix_gradient

DIGITS = 400  # softplus is log(1 + e^z), and its smallest float is near e^-708


def spread_out(case: Case, rng: np.random.Generator) -> Case:
    """Signs at random, and powers of ten from -12 to 6."""
    size = len(case.parameters)
    numbers = rng.choice([-1, 1], size) * 10 ** rng.uniform(-12, 6, size)
    return replace(case, parameters=dict(zip(case.parameters, map(float, numbers))))


def nudged(case: Case, rng: np.random.Generator) -> Case:
    """Every number moved by its last digit or two: what the floats' own rounding may do."""
    move = lambda value: value * (1 + 4e-16 * float(rng.choice([-1, 1])))
    rows = lambda table: tuple(tuple(map(move, row)) for row in table)
    numbers = {name: move(value) for name, value in case.parameters.items()}
    return replace(case, parameters=numbers, inputs=rows(case.inputs), targets=rows(case.targets))


def allowed(case: Case, exact: dict[str, Any], rng: np.random.Generator) -> dict[str, Any]:
    """1e-9 of each derivative; what rounding the given numbers moves it by; what terms that cancel may leave."""
    others, terms = [mp_backward(nudged(case, rng)) for _ in range(3)], mp_backward(case, sizes=True)
    return {
        name: 1e-9 * abs(value)
        + 30 * max(abs(other[name] - value) for other in others)
        + 1e-14 * terms[name]
        + SMALLEST
        for name, value in exact.items()
    }


@examples(6, 300)
@given(cases(), st.integers(0, 2**32 - 1))
def test_derivatives_of_numbers_far_apart(case: Case, seed: int) -> None:
    rng = np.random.default_rng(seed)
    case = spread_out(case, rng)
    problem = case.problem()
    values = bp.evaluate(problem)
    with mp.workdps(DIGITS):
        exact = mp_backward(case)
        room = allowed(case, exact, rng)
        for found in ({name: values[f"dE/d{name}"] for name in exact}, matrix_gradient(problem)[1]):
            for name in exact:
                assert abs(found[name] - exact[name]) <= room[name], (name, found[name], mp.nstr(exact[name], 17), case)
    for name in parameter_names(case):
        old, move = problem.parameters[name], problem.learning_rate * values[f"dE/d{name}"]
        assert abs(values[f"{name}_new"] - (old - move)) <= 1e-12 * (abs(old) + abs(move))


@examples(8, 100)
@given(cases())
def test_the_tests_own_program_agrees_with_differences(case: Case) -> None:
    with mp.workdps(50):
        assert differences({name: float(value) for name, value in mp_backward(case).items()}, mp_gradient(case)) == []
