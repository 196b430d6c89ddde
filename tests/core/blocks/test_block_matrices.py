"""The matrix form of models: each line that is matrix algebra, run by NumPy, gives the numbers of the scalar lines."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import numpy as np
import pytest
from rows import DECAYING
from stacks import STACKS, drawn

import bpkit as bp
from bpkit.core.blocks import Attention, Conv1d, Dense, LayerNorm, Recurrent, Residual
from bpkit.core.code import code, identifier

NAMED = pytest.mark.parametrize("name", STACKS)
Array = np.ndarray[Any, Any]


def softmax(own: Array, *row: Array) -> Array:
    return np.exp(own) / sum(np.exp(one) for one in row)


def log_softmax(own: Array, *row: Array) -> Array:
    return own - np.log(sum(np.exp(one) for one in row))


def pick(holds: Array, then: Any, otherwise: Any, *given: Array) -> Array:
    return np.where(holds, then(*given), otherwise(*given))


OWN = {
    "max": np.maximum,  # of 0 and a net input
    "softmax": softmax,
    "log_softmax": log_softmax,
    "pick": pick,
    "xlogy": lambda x, y: x * np.log(y),
    "xexp": lambda x, z: x * np.exp(z),
    "ratio": lambda x, y: x / y,
    "fourth": lambda y, out: (y - out) ** 4 + y * out,
    "fourth_slope": lambda y, out: 4 * (out - y) ** 3 + y,
    **{f"apart_{n}": 1 - np.eye(n) for n in range(1, 5)},
}


def arrays_of(problem: bp.Problem) -> dict[str, Any]:
    """Every family as an array, from its scalar numbers; what has no index is a number."""
    derivation, values = problem.derivation, bp.evaluate(problem)
    numbers = {**problem.givens, **values}
    rows: dict[str, dict[tuple[int, ...], float]] = defaultdict(dict)
    for name, quantity in derivation.quantities.items():
        if name in numbers:
            rows[quantity.family][quantity.indices] = numbers[name]
    found: dict[str, Any] = {}
    for family, entries in rows.items():
        first = np.min([*entries], axis=0).astype(int)
        shape = np.max([*entries], axis=0).astype(int) - first + 1
        array = np.full(tuple(shape), np.nan)
        for index, value in entries.items():
            array[tuple(np.array(index, dtype=int) - first)] = value
        found[identifier(family)] = array if array.ndim else float(array)
    return found


def check(problem: bp.Problem) -> int:
    """How many lines were run."""
    arrays, done = arrays_of(problem), 0
    space = {**vars(np), **OWN, **arrays}
    for step in problem.derivation.matrices():
        if step.rhs is None:
            continue
        theirs = arrays[identifier(step.name)]
        for side in (step.rhs, step.stable, step.quick):
            ours = eval(code(side, arrays=True), space)
            assert np.shape(ours) in (np.shape(theirs), ()), step
            np.testing.assert_allclose(np.broadcast_to(ours, np.shape(theirs)), theirs, rtol=1e-10, atol=1e-12)
        done += 1
    return done


@NAMED
def test_every_matrix_line_is_its_scalar_lines(name: str) -> None:
    assert check(drawn(STACKS[name], 1)) > 1


@pytest.mark.parametrize("rule", DECAYING.values())
def test_updates_in_matrices(rule: Any) -> None:
    for name in ("layer norm", "attention of width 2", "dense over steps"):
        check(drawn(STACKS[name], 2, update=rule).updated(2))


def texts(model: bp.Model) -> list[str]:
    return [str(step).split("   ")[0].split("  ", 1)[1] for step in bp.derive(model).matrices()]


def test_attention_as_papers_write_it() -> None:
    lines = texts(bp.Model((4, 3), Attention(3), Dense(1)))
    for line in (
        "q_h1 = x @ Wq1",
        "score_h1 = (q_h1 @ k_h1.T) / √3",
        "share_h1 = softmax(score_h1)",
        "out_h1 = share_h1 @ v_h1",
        "dE_total/dv_h1 = share_h1.T @ dE_total/dout_h1",
        "dE_total/dshare_h1 = dE_total/dout_h1 @ v_h1.T",
        "dE_total/dq_h1 = (dE_total/dscore_h1 @ k_h1) / √3",
        "dE_total/dk_h1 = (dE_total/dscore_h1.T @ q_h1) / √3",
        "dE_total/dWv1 = x.T @ dE_total/dv_h1",
    ):
        assert line in lines


def test_other_blocks_as_papers_write_them() -> None:
    norm = texts(bp.Model((3, 2), Dense(3), LayerNorm()))
    assert "mean_o = (1/3) * (row sums of out_h1)" in norm
    assert "diff_o = out_h1 - mean_o" in norm
    assert "dE_total/dg2 = column sums of (dE_total/dout_o * norm_o)" in norm
    through = texts(bp.Model((3, 2), Recurrent(2, "all"), Dense(1)))
    assert "net_h1 = x @ Wx1 + out_h1[:-1] @ Wh1 + b1" in through
    assert "dE_total/dWh1 = out_h1[:-1].T @ dE_total/dnet_h1" in through
    past = texts(bp.Model(2, Residual(Dense(2, "tanh")), Dense(1)))
    assert "out_r1 = x + out_h1" in past
    assert "dE_total/dW1 = x ⊗ dE_total/dnet_h1" in past
    assert "dE_total/db1 = sum(dE_total/dnet_h1)" in texts(bp.Model((5,), Conv1d(2, "tanh"), Dense(1)))


@NAMED
def test_the_loss_is_one_line(name: str) -> None:
    step = bp.derive(STACKS[name]).matrices()["E_total"]
    assert step.rhs is None or str(step).split("= ")[1].startswith(("sum(", "-sum(", "-(sum("))
