"""Why a handed-in derivative is wrong: planted mistakes, in arrays of both layouts and by name as typed."""

from __future__ import annotations

import numpy as np
import pytest

import bpkit as bp

ARTICLE = bp.examples.article.problem


def batch(layout: str) -> tuple[bp.Problem, dict[str, np.ndarray]]:
    """A 2-3-2 network of sigmoids and four samples, and its right gradient in plain NumPy."""
    rng = np.random.default_rng(4)
    x, y = rng.uniform(-1, 1, (4, 2)), rng.uniform(0, 1, (4, 2))
    w1, b1, w2, b2 = rng.normal(size=(2, 3)), rng.normal(size=3), rng.normal(size=(3, 2)), rng.normal(size=2)
    h = 1 / (1 + np.exp(-(x @ w1 + b1)))
    out = 1 / (1 + np.exp(-(h @ w2 + b2)))
    delta = (out - y) * out * (1 - out) / len(x)
    back = delta @ w2.T
    turned = (lambda array: array.T) if layout == "W @ x" else (lambda array: array)
    problem = bp.Problem(bp.Network(2, 3, 2, bias="neuron"), [turned(w1), b1, turned(w2), b2], x, y, layout=layout)
    slope = back * h * (1 - h)
    found = {"W1": turned(x.T @ slope), "b1": slope.sum(axis=0), "W2": turned(h.T @ delta), "b2": delta.sum(axis=0)}
    found["no slope"] = turned(x.T @ back)
    return problem, found


@pytest.mark.parametrize("layout", ["x @ W", "W @ x"])
@pytest.mark.parametrize(("mistake", "factor"), [("sign", -1.0), ("sum", 4.0), ("hidden slope", 0.0)])
def test_a_planted_mistake_is_named_on_every_row_it_spoils(layout: str, mistake: str, factor: float) -> None:
    problem, gradient = batch(layout)
    wrong = {"W1": factor * gradient["W1"] if factor else gradient["no slope"]}
    check = bp.check_gradient(problem, wrong)
    assert len(check.diagnoses) == len(check.wrong) == 6
    for row in check.wrong:
        assert mistake in " ".join(one.name for one in check.diagnoses[row].misconceptions), check.diagnoses[row]
    assert check.sayings
    assert repr(check).splitlines()[-len(check.sayings) :] == [*check.sayings]


@pytest.mark.parametrize("layout", ["x @ W", "W @ x"])
def test_a_right_gradient_stays_silent(layout: str) -> None:
    problem, gradient = batch(layout)
    check = bp.check_gradient(problem, {key: gradient[key] for key in ("W1", "b1", "W2", "b2")})
    assert check.passed
    assert check.sayings == ()
    assert "<p>" not in check._repr_html_()


def test_values_as_typed() -> None:
    check = bp.check_gradient(ARTICLE, {"w5": "0,0851", "w8": "-2.60e-2", "w1": "1/3"})
    assert [row.parameter for row in check.wrong] == ["w1"]
    assert bp.check_gradient(ARTICLE, {"w5": "0,0851"}).passed
    assert not bp.check_gradient(ARTICLE, {"w5": "0,0852"}).passed


def test_all_wrong_rows_with_one_mistake_are_said_once() -> None:
    values = bp.evaluate(ARTICLE)
    check = bp.check_gradient(ARTICLE, {name: -values[f"dE/d{name}"] for name in ("w1", "w5", "w8")})
    (said,) = check.sayings
    assert said.startswith("All 3 wrong rows: you get these if you ")
    assert said in check._repr_html_()


def test_a_share_of_a_shared_bias_and_no_number() -> None:
    right = bp.evaluate(ARTICLE.with_biases("neuron"))
    check = bp.check_gradient(ARTICLE, {"b2": np.array([-right["dE/db_o1"], right["dE/db_o2"]])})
    (said,) = check.diagnoses.values()
    assert (said.quantity, said.verdict) == ("dE_total/db_o1", "misconception")
    assert bp.check_gradient(ARTICLE, {"w1": float("nan")}).sayings == ()


def test_where_nothing_explains_one_row_of_each_array_no_more_rows_are_searched() -> None:
    network = bp.Network(2, 4, 1, bias="neuron")
    draw = np.random.default_rng(3)
    problem = bp.Problem(network, {name: draw.normal() for name in network.parameters}, [0.3, 0.9], [0.2])
    exact = bp.evaluate(problem)
    odd = {name: float(exact[f"dE_total/d{name}"]) * 1.7317 + 0.0123457 for name in network.parameters}
    check = bp.check_gradient(problem, odd)
    assert len(check.wrong) == len(odd)
    quantities = problem.derivation.quantities
    arrays = [(quantities[row.parameter].block, quantities[row.parameter].tag) for row in check.diagnoses]
    assert sorted(arrays) == [(1, "bias"), (1, "weight"), (2, "bias"), (2, "weight")]
    known = odd | {name: -float(exact[f"dE_total/d{name}"]) for name in ("w9", "w10", "w11", "w12")}
    check = bp.check_gradient(problem, known)
    assert len(check.diagnoses) == len(known)  # one is named, so all are looked at
    assert "w9" in "\n".join(check.sayings)
