"""Parameters and gradients as arrays, against plain programs of NumPy in both layouts and against autograd."""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from typing import Any

import autograd.numpy as anp
import numpy as np
import pytest
import sympy as sp
from autograd import grad
from hypothesis import given
from hypothesis import strategies as st
from oracle import Case, parameter_names
from strategies import cases
from thorough import examples

import bpkit as bp
from bpkit.core.arrays import from_arrays, to_arrays

LAYOUTS = ("x @ W", "W @ x")
NAN, INF = float("nan"), float("inf")


# Programs as people write them: tanh, then identity, half the squared error, the mean over a batch


def rows(arrays: list[Any], x: Any, y: Any) -> tuple[float, list[Any]]:
    """One row for each sample, x @ W + b with b of shape (n,): the loss, and dW1, db1, dW2, db2."""
    w1, b1, w2, b2 = arrays
    hidden = np.tanh(x @ w1 + b1)
    out = hidden @ w2 + b2
    delta = (out - y) / len(x)
    back = delta @ w2.T * (1 - hidden**2)
    gradient = [x.T @ back, back.sum(axis=0), hidden.T @ delta, delta.sum(axis=0)]
    return float(0.5 * ((out - y) ** 2).sum() / len(x)), gradient


def columns(arrays: list[Any], x: Any, y: Any) -> tuple[float, list[Any]]:
    """One column for each sample, W @ x + b with b of shape (n, 1)."""
    w1, b1, w2, b2 = arrays
    hidden = np.tanh(w1 @ x + b1)
    out = w2 @ hidden + b2
    delta = (out - y) / x.shape[1]
    back = w2.T @ delta * (1 - hidden**2)
    gradient = [back @ x.T, back.sum(axis=1, keepdims=True), delta @ hidden.T, delta.sum(axis=1, keepdims=True)]
    return float(0.5 * ((out - y) ** 2).sum() / x.shape[1]), gradient


def drawn(sizes: tuple[int, ...], layout: str = "x @ W", seed: int = 0) -> list[Any]:
    """Weights and biases, drawn at random in a program's own shapes."""
    rng, arrays = np.random.default_rng(seed), []
    for before, after in pairwise(sizes):
        arrays += [rng.normal(size=(before, after)), rng.normal(size=after)]
    return arrays if layout == "x @ W" else [a.T if a.ndim == 2 else a[:, None] for a in arrays]


def network(*sizes: int, **more: Any) -> bp.Network:
    return bp.Network(*sizes, **{"activation": ["tanh", "identity"], "bias": "neuron", **more})


def data(sizes: tuple[int, ...], samples: int, seed: int = 1) -> tuple[Any, Any]:
    rng = np.random.default_rng(seed)
    return rng.normal(size=(samples, sizes[0])), rng.normal(size=(samples, sizes[-1]))


def program(sizes: tuple[int, ...], layout: str, samples: int = 4, **more: Any) -> tuple[bp.Problem, list[Any], Any]:
    """A problem made of a program's arrays, the gradients of that program, and its loss."""
    (x, y), arrays = data(sizes, samples), drawn(sizes, layout)
    problem = bp.Problem(network(*sizes, **more), arrays, x, y, layout=layout)
    loss, gradient = rows(arrays, x, y) if layout == "x @ W" else columns(arrays, x.T, y.T)
    return problem, gradient, loss


SIZES = [(3, 4, 2), (2, 2, 2), (1, 3, 1), (4, 1, 2)]


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("sizes", SIZES)
def test_a_program_of_numpy_and_the_kit_agree(sizes: tuple[int, ...], layout: str) -> None:
    """Its arrays go in as they are, its gradients are right as they are, and the problem's arrays run in it again."""
    problem, gradient, loss = program(sizes, layout)
    assert bp.evaluate(problem)["E_total"] == pytest.approx(loss, rel=1e-13)
    check = bp.check_gradient(problem, gradient)
    assert check.passed, check
    assert len(check.rows) == sum(array.size for array in gradient)
    other = next(one for one in LAYOUTS if one != layout)
    assert bp.check_gradient(problem, [g.T for g in gradient], layout=other).passed
    (x, y), back = data(sizes, 4), list(problem.arrays(layout="x @ W").values())
    assert rows(back, x, y)[0] == pytest.approx(loss, rel=1e-13)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_arrays_come_out_as_they_went_in(layout: str) -> None:
    sizes = (3, 4, 2)
    arrays = drawn(sizes, layout)
    problem = bp.Problem(network(*sizes), arrays, *data(sizes, 2), layout=layout)
    found = problem.arrays()
    assert list(found) == ["W1", "b1", "W2", "b2"]
    for ours, theirs in zip(found.values(), arrays, strict=True):
        assert ours.shape == (theirs.shape if theirs.shape[-1] > 1 else theirs.shape[:1])
        assert np.array_equal(ours.ravel(), theirs.ravel())
    turned = problem.arrays(layout="W @ x" if layout == "x @ W" else "x @ W")
    assert all(np.array_equal(turned[key], array.T) for key, array in found.items())
    assert bp.Problem(problem.network, found, problem.inputs, problem.targets, layout=layout) == problem


@examples(25, 300)
@given(cases(), st.sampled_from(LAYOUTS))
def test_every_network_reads_its_own_arrays(case: Case, layout: str) -> None:
    """A round trip changes no bit; shapes are those of the layers, and each entry is the weight that joins its two."""
    built = case.network()
    arrays = to_arrays(built, case.parameters, layout)
    assert from_arrays(built, arrays, layout) == case.parameters
    assert from_arrays(built, list(arrays.values()), layout) == case.parameters
    for number, (before, after) in enumerate(pairwise(case.layers), 1):
        turned = arrays[f"W{number}"] if layout == "x @ W" else arrays[f"W{number}"].T
        assert turned.shape == (len(before), len(after))
        for (weights, _), column in zip(case.wiring[number - 1], turned.T, strict=True):
            assert [case.parameters[weight] for weight in weights] == column.tolist()
        biases = [case.parameters[name] for _, names in case.wiring[number - 1] for name in names]
        assert (arrays[f"b{number}"].tolist() if f"b{number}" in arrays else []) == biases
    assert set(parameter_names(case)) == {name for names in built.tables.values() for name in names.flat}


@pytest.mark.parametrize("bias", ["layer", "neuron", "none"])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_gradients_of_autograd(bias: str, layout: str) -> None:
    """Autograd knows a bias for each neuron; where the layer shares one, its array holds the neurons' shares."""
    sizes, (x, y) = (3, 2, 2), data((3, 2, 2), 5)
    arrays = [a if a.ndim == 2 else np.full(len(a), 0.3) for a in drawn(sizes, layout="x @ W")]

    def loss(given: Any) -> Any:
        out = anp.tanh(x @ given[0] + given[1]) @ given[2] + given[3]
        return 0.5 * anp.sum((out - y) ** 2) / len(x)

    keep = slice(None)
    if bias == "none":
        arrays, keep = [arrays[0], np.zeros(2), arrays[2], np.zeros(2)], slice(None, None, 2)
    turned = [a.T if layout == "W @ x" else a for a in arrays[keep]]
    problem = bp.Problem(network(*sizes, bias=bias), turned, x, y, layout=layout)
    gradient = [g.T if layout == "W @ x" else g for g in grad(loss)(arrays)[keep]]
    check = bp.check_gradient(problem, gradient)
    assert check.passed, check
    assert {row.parameter for row in check.rows} == set(problem.parameters)
    assert float(loss(arrays)) == pytest.approx(bp.evaluate(problem)["E_total"], rel=1e-13)


# Wrong gradients: each is seen, and the rows name exactly the entries that are wrong


def labels(check: Any) -> set[str]:
    return {row.label for row in check.wrong}


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("index", [(0, 1), (2, 0), (1, 1)])
def test_one_entry_off(layout: str, index: tuple[int, int]) -> None:
    problem, gradient, _ = program((3, 3, 2), layout)
    right = gradient[0][index]
    gradient[0][index] *= 1.001
    check = bp.check_gradient(problem, gradient)
    source, target = index if layout == "x @ W" else index[::-1]
    name = problem.network.weight_of[f"x{source + 1}", f"h{target + 1}"]
    label = f"W1[{index[0]}, {index[1]}] ({name})"
    assert labels(check) == {label}
    assert check.worst.parameter == name
    assert check.worst.derived == gradient[0][index]
    assert check.worst.measured == pytest.approx(right, rel=1e-6)
    assert f"not passed: {label} differs most" in repr(check)
    assert f'<th scope="row" style="text-align:left">{label}</th>' in check._repr_html_()
    assert labels(bp.check_gradient(problem, {"W1": gradient[0]})) == {label}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_transposed_gradient(layout: str) -> None:
    """A square one has the right shape: what lies off its diagonal is wrong. Another has not: both shapes are said."""
    problem, gradient, _ = program((3, 3, 2), layout)
    check = bp.check_gradient(problem, [gradient[0].T, *gradient[1:]])
    assert {re.sub(r" \(.*", "", label) for label in labels(check)} == {
        f"W1[{i}, {j}]" for i in range(3) for j in range(3) if i != j
    }
    assert "5 more" not in repr(check)
    assert len(re.findall(r"W1\[\d, \d\]", repr(check).splitlines()[-1])) == 6
    wanted, came = gradient[2].shape, gradient[2].T.shape
    with pytest.raises(bp.BpkitError) as caught:
        bp.check_gradient(problem, [*gradient[:2], gradient[2].T, gradient[3]])
    for part in (f"W2: expected the shape {wanted}", f"got {came}; that is the transpose", "W2.T", "layout="):
        assert part in str(caught.value)


@pytest.mark.parametrize("bias", ["layer", "neuron"])
def test_a_bias_summed_over_the_wrong_axis(bias: str) -> None:
    """With as many samples as neurons the shape is right, and so is the sum: the shares are wrong one by one."""
    sizes, (x, y) = (2, 3, 3), data((2, 3, 3), 3)
    arrays = [a if a.ndim == 2 else np.full(len(a), 0.3) for a in drawn(sizes)]
    problem = bp.Problem(network(*sizes, bias=bias), arrays, x, y)
    _, gradient = rows(arrays, x, y)
    assert bp.check_gradient(problem, gradient).passed
    delta = (np.tanh(x @ arrays[0] + 0.3) @ arrays[2] + 0.3 - y) / len(x)
    assert np.allclose(delta.sum(axis=0), gradient[3])
    check = bp.check_gradient(problem, [*gradient[:3], delta.sum(axis=1)])
    names = ["b_o1", "b_o2", "b_o3"] if bias == "neuron" else [f"o{i}'s share of b2" for i in (1, 2, 3)]
    assert labels(check) == {f"b2[{i}] ({name})" for i, name in enumerate(names)}
    assert {row.parameter for row in check.wrong} == set(names if bias == "neuron" else ["b2"])
    for row, right in zip(check.rows[-3:], gradient[3], strict=True):
        assert row.measured == pytest.approx(right, rel=1e-6)
    with pytest.raises(bp.BpkitError, match=r"b2: expected the shape \(3,\), got \(3, 3\)"):
        bp.check_gradient(problem, [*gradient[:3], delta])


def test_many_wrong_entries_are_counted() -> None:
    problem, gradient, _ = program((3, 4, 2), "x @ W")
    check = bp.check_gradient(problem, [*(2 * array for array in gradient[:3]), gradient[3]])
    (said,) = (line for line in repr(check).splitlines() if line.startswith("not passed"))
    assert len(check.wrong) == 12 + 4 + 8
    assert len(re.findall(r"[Wb]\d\[", said)) == 9
    assert said.endswith("and 15 more differ too")


def test_a_shared_bias_as_one_number() -> None:
    """A number for a bias that a layer shares is the sum of the shares."""
    (x, y), sizes = data((2, 3, 2), 4), (2, 3, 2)
    w1, _, w2, _ = drawn(sizes)
    problems = [
        bp.Problem(network(*sizes, bias="layer"), [w1, b1, w2, b2], x, y)
        for b1, b2 in ((0.2, 0.4), ([0.2], [[0.4]]), ([0.2] * 3, [[0.4], [0.4]]))
    ]
    assert problems[0] == problems[1] == problems[2]
    _, (dw1, db1, dw2, db2) = rows([w1, np.full(3, 0.2), w2, np.full(2, 0.4)], x, y)
    for sums in ((db1.sum(), db2.sum()), ([db1.sum()], [db2.sum()]), (db1, db2.sum())):
        check = bp.check_gradient(problems[0], [dw1, sums[0], dw2, sums[1]])
        assert check.passed, check
    assert bp.check_gradient(problems[0], {"b1": db1.sum()}).rows[0].label == "b1"
    wrong = bp.check_gradient(problems[0], [dw1, 2 * db1.sum(), dw2, db2])
    assert labels(wrong) == {"b1 (b1)"}


@pytest.mark.parametrize("value", [NAN, INF, -INF])
def test_what_is_no_finite_number_does_not_pass(value: float) -> None:
    problem, gradient, _ = program((2, 2, 1), "x @ W")
    gradient[2][1, 0] = value
    assert labels(bp.check_gradient(problem, gradient)) == {"W2[1, 0] (w6)"}
    assert labels(bp.check_gradient(problem, {"w6": value})) == {"w6"}


HUBER = sp.Piecewise(
    (sp.Symbol("out") ** 2 / 2 - sp.Symbol("out") * sp.Symbol("y"), sp.Abs(sp.Symbol("out") - sp.Symbol("y")) < 1),
    (2 * sp.Abs(sp.Symbol("out") - sp.Symbol("y")), True),
)


@pytest.mark.parametrize("batch", ["mean", "sum", "each"])
@pytest.mark.parametrize("loss", ["squared_error", "output", "own_huber"])
@pytest.mark.parametrize("bias", ["layer", "neuron"])
def test_every_loss_and_batch_is_checked(batch: str, loss: str, bias: str) -> None:
    """The neurons' shares are found by autograd, of the loss that the batch has."""
    (x, y), sizes = data((2, 3, 2), 4), (2, 3, 2)
    arrays = [a if a.ndim == 2 else np.full(len(a), 0.3) for a in drawn(sizes)]
    error: dict[str, Callable[[Any], Any]] = {
        "squared_error": lambda out: (y - out) ** 2,
        "output": lambda out: out,
        "own_huber": lambda out: anp.where(anp.abs(out - y) < 1, out**2 / 2 - out * y, 2 * anp.abs(out - y)),
    }

    def whole(given: Any) -> Any:
        out = anp.tanh(x @ given[0] + given[1]) @ given[2] + given[3]
        return anp.sum(error[loss](out)) / (1 if batch == "sum" else len(x))

    own = bp.Loss("own_huber", HUBER) if loss == "own_huber" else loss
    targets = None if loss == "output" else y
    problem = bp.Problem(network(*sizes, bias=bias, loss=own), arrays, x, targets, batch=batch)
    assert bp.evaluate(problem)["E_total"] == pytest.approx(float(whole(arrays)), rel=1e-12)
    gradient = grad(whole)(arrays)
    check = bp.check_gradient(problem, gradient)
    assert check.passed, check
    assert bp.check_gradient(problem).passed
    assert len(bp.check_gradient(problem, [g * 4 for g in gradient]).wrong) == sum(g.size for g in gradient)


def test_arrays_after_updates_with_a_state() -> None:
    """A rule that remembers is no part of the derivative."""
    (x, y), sizes = data((2, 3, 2), 4), (2, 3, 2)
    start = [a if a.ndim == 2 else np.full(len(a), 0.3) for a in drawn(sizes)]
    problem = bp.Problem(network(*sizes, bias="layer"), start, x, y, 0.1, update=bp.updates.Adam()).updated(3)
    arrays = list(problem.arrays().values())
    assert not np.allclose(arrays[1], start[1])
    assert bp.check_gradient(problem, rows(arrays, x, y)[1]).passed


# What arrays may be


class Tensor:
    """What libraries hand out: it becomes an array when NumPy asks, once it is taken off the tape."""

    def __init__(self, values: Any, taped: bool = True) -> None:
        self.values, self.taped, self.ndim = np.asarray(values, dtype=np.float32), taped, np.ndim(values)

    def detach(self) -> Tensor:
        return Tensor(self.values, taped=False)

    def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
        if self.taped:
            raise RuntimeError("Can't call numpy() on Tensor that requires grad.")
        return self.values.astype(dtype or np.float32)


W1, B1, W2, B2 = [[0.5, 0.25, -1], [2, 0.125, 4]], [1, 2, 3], [[0.5], [0.75], [1]], [0.5]
SMALL = network(2, 3, 1)


@pytest.mark.parametrize(
    "make",
    [
        np.array, Tensor, lambda v: np.array(v, dtype=object), lambda v: np.array(v, dtype=np.float32),
        lambda v: v, lambda v: tuple(map(tuple, v)) if np.ndim(v) == 2 else tuple(v),
        lambda v: np.vectorize(Fraction, otypes=[object])(v), lambda v: np.vectorize(Decimal, otypes=[object])(v),
    ],
)  # fmt: skip
@pytest.mark.parametrize("together", [list, tuple, iter, lambda v: dict(zip(("W1", "b1", "W2", "b2"), v, strict=True))])
def test_arrays_of_every_kind(make: Callable[[Any], Any], together: Callable[[Any], Any]) -> None:
    found = bp.Problem(SMALL, together([make(one) for one in (W1, B1, W2, B2)]), [1, 2], [0]).parameters
    assert found == bp.Problem(SMALL, [W1, B1, W2, B2], [1, 2], [0]).parameters
    assert all(type(value) is float for value in found.values())
    assert [found[name] for name in ("w1", "w2", "w3", "b_h3", "w7", "b_o1")] == [0.5, 2.0, 0.25, 3.0, 0.5, 0.5]


@pytest.mark.parametrize("shape", [(3,), (1, 3), (3, 1)])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_biases_of_every_shape(shape: tuple[int, ...], layout: str) -> None:
    """Their gradients too; a place in a gradient counts as its own array does."""
    arrays = [np.array(W1), np.reshape(B1, shape), np.array(W2), np.array(B2)]
    turned = [np.transpose(a) if layout == "W @ x" and i % 2 == 0 else a for i, a in enumerate(arrays)]
    problem = bp.Problem(SMALL, turned, [1, 2], [0], layout=layout)
    assert [problem.parameters[f"b_h{i}"] for i in (1, 2, 3)] == B1
    gradient = np.array([bp.evaluate(problem)[f"dE/db_h{i}"] + (i == 2) for i in (1, 2, 3)]).reshape(shape)
    where = {(3,): "1", (1, 3): "0, 1", (3, 1): "1, 0"}[shape]
    assert labels(bp.check_gradient(problem, {"b1": gradient})) == {f"b1[{where}] (b_h2)"}


def test_dicts_by_parameter_and_by_array_are_told_apart() -> None:
    shared = bp.Network(2, 1)  # its bias is b1, and so is the array of it
    by_name = bp.Problem(shared, {"w1": 0.1, "w2": 0.2, "b1": 0.35}, [1, 2], [0])
    assert bp.Problem(shared, {"W1": [[0.1], [0.2]], "b1": [0.35]}, [1, 2], [0]) == by_name
    assert bp.Problem(shared, {"W1": [[0.1], [0.2]], "b1": 0.35}, [1, 2], [0]) == by_name
    one = bp.Network(1, 1, weight_names={("x1", "o1"): "W1"})
    assert bp.Problem(one, {"W1": 0.5, "b1": 0.25}, [1], [0]) == bp.Problem(
        one, {"W1": [[0.5]], "b1": [0.25]}, [1], [0]
    )
    two = bp.Network(2, 1, weight_names={("x2", "o1"): "W1"})
    assert bp.Problem(two, {"w1": 0.5, "W1": 0.25, "b1": 0}, [1, 2], [0]).parameters["W1"] == 0.25
    assert bp.Problem(two, {"W1": [[0.5], [0.25]], "b1": 0}, [1, 2], [0]).parameters["W1"] == 0.25
    derivative = bp.evaluate(by_name)["dE/db1"]
    for gradient in ({"b1": derivative}, {"b1": [derivative]}, {"b1": np.array(derivative)}):
        assert bp.check_gradient(by_name, gradient).passed
    assert bp.check_gradient(by_name, {"w1": np.array(bp.evaluate(by_name)["dE/dw1"])}).passed


def test_a_problem_keeps_its_layout() -> None:
    problem = bp.Problem(SMALL, [np.transpose(W1), B1, np.transpose(W2), B2], [1, 2], [0], layout="W @ x")
    assert problem.arrays()["W1"].shape == problem.replace(w1=3).arrays()["W1"].shape == (3, 2)
    assert problem.arrays(layout="x @ W")["W1"].shape == (2, 3)
    problem.arrays()["W1"][:] = 0  # a copy
    assert problem.parameters["w1"] == 0.5


# What cannot be


def made(arrays: Any, **more: Any) -> Callable[[], Any]:
    net = more.pop("net", SMALL)
    return lambda: bp.Problem(net, arrays, [1, 2], [0] * net.sizes[-1], **more)


def checked(gradient: Any, **more: Any) -> Callable[[], Any]:
    return lambda: bp.check_gradient(bp.Problem(SMALL, [W1, B1, W2, B2], [1, 2], [0]), gradient, **more)


SHARED, BARE = bp.Network(2, 3, 1), bp.Network(2, 3, 1, bias="none")
GIVE = "give W1 (2, 3), b1 (3,), W2 (3, 1), b2 (1,)"
REFUSED: list[tuple[Callable[[], Any], list[str]]] = [
    (made(5), ["parameters: expected a dict such as {'w1': 0.25, ..} or 4 arrays, got 5", GIVE]),
    (made(None), ["parameters: expected a dict", "got None"]),
    (made("W1"), ["parameters: expected a dict", "got 'W1'"]),
    (made(np.array(0.5)), ["parameters: expected a dict", "got array(0.5)"]),
    (made([0.25] * 13), ["or 4 arrays, got 13", GIVE]),
    (made([W1, B1, W2]), ["or 4 arrays, got 3", GIVE]),
    (made([W1, B1, W2, B2], net=BARE), ["or 2 arrays, got 4", "give W1 (2, 3), W2 (3, 1)"]),
    (made([W1, W2], layout="W @ x"), ["or 4 arrays, got 2", "give W1 (3, 2), b1 (3,), W2 (1, 3), b2 (1,)"]),
    (made({"W1": W1, "b1": B1, "W2": W2}), ["expected an array for each of W1, b1, W2, b2; b2 is missing", GIVE]),
    (made({"W1": W1, "b1": B1}), ["W2, b2 are missing"]),
    (made({"W1": W1, "b1": B1, "W2": W2, "b2": B2, "W3": W2}), ["no 'W3'; choose one of W1, b1, W2, b2"]),
    (made({"0.weight": np.array(W1)}), ["no '0.weight'; choose one of W1, b1, W2, b2"]),
    (made({"W1": W1, "w1": 0.5}), ["no 'W1'"]),
    (made({"W1": W1, "W2": W2, "b1": 1}, net=BARE), ["no 'b1'"]),
    (made([np.transpose(W1), B1, W2, B2]), [
        "W1: expected the shape (2, 3) (a row for each source and a column for each target, as in x @ W), got (3, 2); ",
        'that is the transpose: say layout="W @ x" if all arrays lie so, or give W1.T',
    ]),
    (made([W1, B1, W2, B2], layout="W @ x"), [
        "W1: expected the shape (3, 2) (a row for each target and a column for each source, as in W @ x), got (2, 3); ",
        'layout="x @ W"',
    ]),
    (made([W1, B1, [0.5, 0.75, 1], B2]), ["W2: expected the shape (3, 1)", "got (3,); give np.reshape(W2, (3, 1))"]),
    (made([[1, 2, 3, 4, 5, 6], B1, W2, B2]), ["W1: expected the shape (2, 3)", "got (6,)", GIVE]),
    (lambda: bp.Problem(bp.Network(1, 1), [0.5, 0], [1], [0]), ["W1: expected the shape (1, 1)", "np.reshape(W1, "]),
    (made([W1, [B1, B1], W2, B2]), ["b1: expected the shape (3,), got (2, 3)", GIVE]),
    (made([W1, [1, 2], W2, B2]), ["b1: expected the shape (3,), got (2,)", GIVE]),
    (made([W1, 1, W2, B2]), ["b1: expected the shape (3,), got ()"]),
    (lambda: bp.Problem(bp.Network(1, 4), [[[1, 2, 3, 4]], [[1, 1], [1, 1]]], [1], [0] * 4), [
        "b1: expected the shape (4,), got (2, 2); give np.reshape(b1, (4,))",
    ]),
    (made([W1[0], B1, W2, B2]), ["W1: expected the shape (2, 3)", "got (3,)", GIVE]),
    (made([0.5, B1, W2, B2]), ["W1: expected the shape (2, 3)", "got ()"]),
    (made([[], B1, W2, B2]), ["W1: expected the shape (2, 3)", "got (0,)"]),
    (made([[[1, 2, 3], [4, 5]], B1, W2, B2]), ["W1: expected an array of numbers", "rows of equal length"]),
    (made([W1, B1, [[1], [NAN], [1]], B2]), ["W2[1, 0]: expected a finite number, got nan"]),
    (made([W1, [1, INF, 2], W2, B2]), ["b1[1]: expected a finite number, got inf"]),
    (made([W1, [1, "2", 2], W2, B2]), ["b1[0]: expected a number, got '1'"]),
    (made([W1, [1, None, 2], W2, B2]), ["b1[1]: expected a number, got None"]),
    (made([W1, [1, 10**400, 2], W2, B2]), ["b1[1]: expected a number, got 1000"]),
    (made([W1, [True, False, True], W2, B2]), ["b1[0]: expected a number, got True"]),
    (made([W1, [1, 2j, 1], W2, B2]), ["b1[0]: expected a number, got (1+0j)"]),
    (made(["weights", B1, W2, B2]), ["W1: expected a number, got 'weights'"]),
    (made([W1, B1, W2, B2], net=SHARED), [
        "b1: expected equal entries, because the layer shares one bias, got 1.0 and 2.0", 'Network(.., bias="neuron")',
    ]),
    (made([W1, [1, 1], W2, B2], net=SHARED), ["b1: expected the shape (3,), got (2,)"]),
    (made([W1, B1, W2, B2], layout="xW"), ["layout: expected 'x @ W'", "'W @ x'", "got 'xW'"]),
    (made([W1, B1, W2, B2], layout=None), ["layout: expected", "got None"]),
    (lambda: made([W1, B1, W2, B2])().arrays(layout="Wx"), ["layout: expected", "got 'Wx'"]),
    (checked([W1, B1, W2, B2], layout="x@W"), ["layout: expected", "got 'x@W'", "did you mean 'x @ W'?"]),
    (checked([W1, B1, W2]), ["check_gradient: expected a dict such as {'w1': 0.25, ..} or 4 arrays, got 3", GIVE]),
    (checked([]), ["or 4 arrays, got 0"]),
    (checked(0.5), ["check_gradient: expected a dict", "got 0.5"]),
    (checked({"dW1": np.array(W1)}), ["check_gradient: this network has no 'dW1'; did you mean 'W1'"]),
    (checked({"w1": "half"}), ["check_gradient: expected a number for w1, got 'half'"]),
    (checked({"w1": None}), ["check_gradient: expected a number for w1, got None"]),
    (checked({"w1": 0.5, "W1": W1}), ["no 'W1'"]),
    (checked({"W1": [[1, 2, "3"], [1, 2, 3]]}), ["W1[0, 0]: expected a number, got '1'"]),
    (checked({"W2": [W1]}), ["W2: expected the shape (3, 1)", "got (1, 2, 3)"]),
]  # fmt: skip


@pytest.mark.parametrize("number", range(len(REFUSED)))
def test_what_was_expected_what_came_what_to_do(number: int) -> None:
    attempt, parts = REFUSED[number]
    with pytest.raises(bp.BpkitError) as caught:
        attempt()
    for part in parts:
        assert part in str(caught.value), str(caught.value)
    assert not re.search(r"np\.float64|Traceback", str(caught.value))
