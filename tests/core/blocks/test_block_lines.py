"""What is read off the lines of blocks: paths, single expressions, lines toward a quantity, and families."""

from __future__ import annotations

import math
from collections.abc import Mapping
from itertools import product as grid
from typing import Any

import pytest
import sympy as sp
from rows import DECAYING
from stacks import SOME, STACKS, drawn
from thorough import THOROUGH

import bpkit as bp
from bpkit.core.blocks import LSTM, Attention, Conv1d, Conv2d, Dense, LayerNorm, MaxPool, Recurrent
from bpkit.core.families import Family
from bpkit.core.quantities import Role

NAMED = pytest.mark.parametrize("name", SOME)
MANY = 3000  # paths of a parameter that a test walks


def few_paths(derivation: bp.core.derivation.Derivation, name: str) -> bool:
    """Are there no more paths than a test can walk? Counted by the lines that use each other."""
    count = {name: 1}
    for step in derivation:
        if step.role is Role.FORWARD:
            count[step.name] = sum(count.get(one.name, 0) for one in step.rhs.free_symbols)
    return count["E_total"] <= MANY


@NAMED
def test_paths_add_up_to_the_derivative(name: str) -> None:
    problem, walked = drawn(STACKS[name], 1), 0
    derivation, values = bp.derive(problem.network), bp.evaluate(problem)
    # One of each array, its last, and an input.
    for one in [names.flat[-1] for names in problem.network.tables.values()] + [problem.network.inputs[0]]:
        if not few_paths(derivation, one):
            continue
        walked += 1
        paths = derivation.paths(one).at(problem)
        assert paths.total == pytest.approx(values[f"dE/d{one}"], rel=1e-9, abs=1e-12)
        assert sum(path.product for path in paths) == pytest.approx(values[f"dE/d{one}"], rel=1e-9, abs=1e-12)
        assert all(path.nodes[0] == one and path.nodes[-1] == "E_total" for path in paths)
        assert len({path.nodes for path in paths}) == len(paths)
    assert walked


def test_the_paths_of_a_shared_weight_are_those_through_time() -> None:
    """Wh acts at steps 2 and 3, and the zeros before step 1 pass nothing on: three uses, a path from each."""
    paths = bp.derive(bp.examples.rnn.problem.network).paths("Wh1_1_1")
    assert len(paths) == 3
    assert sorted(len(path.nodes) for path in paths) == [6, 8, 10]


@NAMED
def test_the_lines_toward_a_quantity_are_enough(name: str) -> None:
    problem = drawn(STACKS[name], 2)
    derivation = bp.derive(problem.network)
    for one in (problem.network.parameters[0], problem.network.parameters[-1], problem.network.inputs[-1]):
        lines = derivation.toward(one)
        assert lines.steps[-1].name == f"dE_total/d{one}"
        known = {*problem.network.givens}
        for step in lines:
            assert {symbol.name for symbol in step.rhs.free_symbols} <= known
            known.add(step.name)
        assert str(lines.at(problem))


SMALL = (
    bp.Model((2, 1), Recurrent(1), Dense(1)),
    bp.Model((1, 1), LSTM(1)),
    bp.Model((4,), Conv1d(2, "tanh"), Dense(1)),
    bp.Model((2,), Conv1d(1, "tanh"), MaxPool(2), Dense(1)),
    bp.Model((2, 1), Attention(1)),
    bp.Model(2, LayerNorm(), Dense(1)),
    bp.Model((2,), bp.core.blocks.Embedding(2, 1), Dense(1, "tanh")),
    bp.Model(2, bp.core.blocks.Residual(Dense(2, "tanh")), Dense(1)),
)


@pytest.mark.parametrize("model", SMALL, ids=repr)
def test_one_expression_says_the_same(model: bp.Model) -> None:
    problem = drawn(model, 3)
    values, derivation = bp.evaluate(problem), bp.derive(model)
    for one in ("E_total", *(f"dE/d{name}" for name in (*model.parameters, *model.inputs))):
        expr = derivation.expanded(one)
        symbols = sorted(expr.free_symbols, key=str)
        assert {symbol.name for symbol in symbols} <= {*model.givens}
        run = sp.lambdify(symbols, expr, "math", dummify=True)
        found = run(*(problem.givens[symbol.name] for symbol in symbols))
        assert found == pytest.approx(values[one], rel=1e-9, abs=1e-12)


# Families, filled in again


def filled(expr: Any, numbers: Mapping[Any, float], values: Mapping[str, int]) -> Any:
    """The number of a family's right side for values of its letters: one, or those of a row."""
    if isinstance(expr, sp.Indexed):
        return numbers[str(expr.base), tuple(number(index, values) for index in expr.indices)]
    if expr.is_Symbol:
        return numbers[expr.name, ()]
    if expr in (sp.true, sp.false):
        return bool(expr)
    if not expr.args:
        return float(expr)
    if isinstance(expr, sp.Sum) or type(expr).__name__ == "Row":
        part, *limits = expr.args
        ranges = [range(int(low), int(high) + 1) for _, low, high in limits]
        letters = [letter.name for letter, _, _ in limits]
        found = [filled(part, numbers, {**values, **dict(zip(letters, row))}) for row in grid(*ranges)]
        rows = [one for row in found for one in (row if isinstance(row, list) else [row])]  # rows of an image
        return math.fsum(found) if isinstance(expr, sp.Sum) else rows
    if isinstance(expr, sp.Piecewise):
        return next(filled(one, numbers, values) for one, holds in expr.args if filled(holds, numbers, values))
    parts = [filled(arg, numbers, values) for arg in expr.args]
    flat = [one for part in parts for one in (part if isinstance(part, list) else [part])]
    for kind, rule in (
        (sp.Add, math.fsum),
        (sp.Mul, math.prod),
        (sp.Pow, lambda of: of[0] ** of[1]),
        (sp.Max, max),
        (sp.And, all),
        (sp.Ge, lambda of: of[0] >= of[1]),
        (sp.Gt, lambda of: of[0] > of[1]),
        (sp.Le, lambda of: of[0] <= of[1]),
        (sp.Lt, lambda of: of[0] < of[1]),
        (sp.Eq, lambda of: of[0] == of[1]),
    ):
        if isinstance(expr, kind):
            return rule(flat)
    return getattr(math, type(expr).__name__)(*flat)


def number(index: sp.Expr, values: Mapping[str, int]) -> int:
    """The value of an index such as t + 1."""
    return int(index.xreplace({letter: sp.Integer(values[letter.name]) for letter in index.free_symbols}))


def letters_of(family: Family, index: tuple[int, ...]) -> dict[str, int]:
    """The values of the letters on the left for which it has this index; there must be exactly one."""
    places = family.lhs.indices if isinstance(family.lhs, sp.Indexed) else ()
    letters = [*family.index][: family.free]
    ranges = [range(low, high + 1) for low, high in map(family.index.__getitem__, letters)]
    found = [dict(zip(letters, row)) for row in grid(*ranges)]
    found = [row for row in found if tuple(number(place, row) for place in places) == index]
    assert len(found) == 1
    return found[0]


def check(problem: bp.Problem) -> tuple[Family, ...]:
    """Every line stands beneath one family, and the family has its number."""
    derivation = problem.derivation
    families = derivation.families()
    numbers = {**problem.givens, **bp.evaluate(problem)}
    named = {(q.family, q.indices): numbers[name] for name, q in derivation.quantities.items() if name in numbers}
    placed = sorted(step.number for family in families for step in family.steps)
    assert placed == [step.number for step in derivation]
    for family in families:
        assert str(family)
        for step in family.steps:
            values = letters_of(family, step.quantity.indices)
            assert filled(family.rhs, named, values) == pytest.approx(numbers[step.name], rel=1e-9, abs=1e-12), step
        many = math.prod(high - low + 1 for low, high in [*family.index.values()][: family.free])
        assert len(family.steps) == many - len(family.missing)
    return families


@NAMED
def test_families_are_their_lines(name: str) -> None:
    check(drawn(STACKS[name], 1))


@pytest.mark.parametrize("rule", DECAYING.values(), ids=repr)
def test_families_of_update_rules(rule: Any) -> None:
    for name in ("attention of width 2", "lstm, last", "conv2d and pool", "embedding"):
        check(drawn(STACKS[name], 1, update=rule))


def count(model: bp.Model) -> int:
    return len(bp.derive(model).families())


def test_attention_is_forty_lines_at_most() -> None:
    model = bp.Model((4, 4), Attention(4))
    assert len(bp.derive(model)) > 480
    assert len(check(drawn(model, 0))) <= 40


@pytest.mark.parametrize(
    "make",
    [
        lambda n: bp.Model((n, 2), Recurrent(2), Dense(2)),
        lambda n: bp.Model((n, 2), LSTM(2), Dense(2)),
        lambda n: bp.Model((4, 2), LSTM(n, "all"), Dense(2)),
        lambda n: bp.Model((n, 2), Attention(2), Dense(2)),
        lambda n: bp.Model((3, n), Attention(2)),
        lambda n: bp.Model((3, 2), Attention(n), Dense(2)),
        lambda n: bp.Model((2 * n + 1,), Conv1d(2, "tanh"), MaxPool(2), Dense(2)),
        lambda n: bp.Model((3 * n,), Conv1d(1, "tanh"), MaxPool(3), Dense(2)),
        lambda n: bp.Model((2 * n + 1, 2 * n + 1), Conv2d(2, "tanh"), MaxPool(2), Dense(2)),
        lambda n: bp.Model(2, Dense(n, "tanh"), LayerNorm(), Dense(2)),
        lambda n: bp.Model((n, 3), LayerNorm(), Dense(2)),
    ],
    ids=["steps", "lstm", "units", "tokens", "features", "width", "windows", "threes", "image", "norm", "rows"],
)
def test_families_do_not_grow_with_the_sizes(make: Any) -> None:
    assert count(make(3)) == count(make(4)) == count(make(5 if THOROUGH else 4))
    check(drawn(make(3), 0))


def test_a_textbook_writes_them_so() -> None:
    lines = [str(family).split("   ")[0] for family in bp.derive(bp.Model((4, 3), Attention(3))).families()]
    assert "score_o[i,j] = (Σ_k q_o[i,k] · k_o[j,k]) / √3" in lines
    assert "share_o[i,j] = exp(score_o[i,j]) / (Σ_k exp(score_o[i,k]))" in lines
    assert "out_o[i,k] = Σ_j share_o[i,j] · v_o[j,k]" in lines
