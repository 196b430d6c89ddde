"""The derivation as data: local steps, numbers, closures, paths, closed forms."""

from __future__ import annotations

import math
from typing import Any

import mpmath as mp
import numpy as np
import pytest
import sympy as sp
from hypothesis import given
from hypothesis import strategies as st
from oracle import Case, parameter_names, random_case
from rows import ACTIVATIONS, EVERY_LOSS, LOSSES, outputs_of
from strategies import cases
from thorough import examples

import bpkit as bp
from bpkit.core.expressions import OUT, K, Y, Z
from bpkit.core.functions import BUILT_IN, as_cases
from bpkit.core.quantities import Role

ONE = st.just(0)
KINDS = [
    (("sigmoid", "sigmoid"), "half_squared_error"),
    (("tanh", "sigmoid"), "binary_cross_entropy"),
    (("softplus", "softmax"), "cross_entropy"),
    (("relu", "tanh"), "squared_error"),
    (("leaky_relu", "identity"), "mean_squared_error"),
    (("identity", "softmax"), "half_squared_error"),
]


def kind(number: int, sizes: tuple[int, ...] = (2, 3, 2), bias: str = "layer") -> Case:
    activations, loss = KINDS[number]
    return random_case(np.random.default_rng(number), sizes, activations, loss, bias)


def digits_of(problem: bp.Problem) -> dict[sp.Symbol, sp.Float]:
    return {sp.Symbol(name): sp.Float(value, 40) for name, value in problem.givens.items()}


def line_by_line(derivation: Any, problem: bp.Problem) -> dict[str, Any]:
    """Every right side as people read it, evaluated with nothing but the givens and the lines before it."""
    known = digits_of(problem)
    for step in derivation:
        value = step.rhs.xreplace(known)
        assert not value.free_symbols, f"{step} needs {value.free_symbols}"
        known[step.lhs] = sp.N(value, 40)
    return {step.name: known[step.lhs] for step in derivation}


@pytest.mark.parametrize("number", range(len(KINDS)))
def test_local_factors_are_sympys_derivatives_of_the_forward_lines(number: int) -> None:
    """Each local factor, dout/dnet, dnet/dw, dnet/dout and dE_o/dout, against SymPy's rule on the line it is about."""
    case = kind(number)
    problem = case.problem()
    derivation = bp.derive(problem.network)
    values = {sp.Symbol(name): value for name, value in line_by_line(derivation, problem).items()} | digits_of(problem)
    checked = set()
    for step in derivation:
        if step.role is Role.SLOPE:
            of, by = step.quantity.of, step.quantity.by
            slope = sp.diff(derivation[of.name].rhs, by.symbol)
            assert abs(sp.N(slope.xreplace(values) - values[step.lhs], 40)) < 1e-25, step
            checked.add((of.tag, by.tag))
    last = [("net", tag) for tag in ("weight", "bias", "out")]
    assert checked == {("error", "out"), ("out", "net"), *last}


@pytest.mark.parametrize("number", range(len(KINDS)))
def test_reading_the_lines_gives_what_the_code_computes(number: int) -> None:
    """The right sides that people read, and the spelling that is computed, give the same numbers."""
    problem = kind(number, bias="neuron").problem()
    derivation, values = bp.derive(problem.network), bp.evaluate(problem)
    for name, value in line_by_line(derivation, problem).items():
        assert values[name] == pytest.approx(float(value), rel=1e-11, abs=1e-14), name


def composed(case: Case) -> sp.Expr:
    """The loss of one sample as one expression, written by this test alone."""
    S = sp.Symbol
    functions = {name: sp.Lambda(Z, as_cases(BUILT_IN[name].expr)) for name in ACTIVATIONS} | {
        "sigmoid": lambda z: 1 / (1 + sp.exp(-z)),
        "tanh": sp.tanh,
        "identity": lambda z: z,
        "softplus": lambda z: sp.log(1 + sp.exp(z)),
        "relu": lambda z: sp.Max(0, z, evaluate=False),
        "leaky_relu": lambda z: sp.Max(sp.Float(0.01) * z, z, evaluate=False),
    }
    signal: list[sp.Expr] = [S(name) for name in case.layers[0]]
    for rows, activation in zip(case.wiring, case.activations, strict=True):
        nets = [
            sum(S(w) * s for w, s in zip(weights, signal, strict=True)) + sum(S(b) for b in biases)
            for weights, biases in rows
        ]
        if activation == "softmax":
            signal = [sp.exp(net) / sum(map(sp.exp, nets)) for net in nets]
        else:
            signal = [functions[activation](net) for net in nets]
    loss = sp.Integer(0)
    for number, out in enumerate(signal, 1):
        y = S(f"y{number}")
        other = as_cases(EVERY_LOSS[case.loss].expr).xreplace({Y: y, OUT: out, K: sp.Integer(len(signal))})
        loss += {
            case.loss: other,
            "half_squared_error": (y - out) ** 2 / 2,
            "squared_error": (y - out) ** 2,
            "mean_squared_error": (y - out) ** 2 / len(signal),
            "binary_cross_entropy": -y * sp.log(out) - (1 - y) * sp.log(1 - out),
            "cross_entropy": -y * sp.log(out),
        }[case.loss]
    return loss


@pytest.mark.parametrize(
    ("sizes", "activations", "loss", "bias"),
    [
        ((2, 2, 2), ("sigmoid", "sigmoid"), "half_squared_error", "layer"),
        ((1, 2, 1), ("tanh", "sigmoid"), "binary_cross_entropy", "neuron"),
        ((1, 2, 2), ("softplus", "softmax"), "cross_entropy", "none"),
        ((1, 1, 2, 1), ("identity", "tanh", "sigmoid"), "squared_error", "layer"),
        ((2, 3), ("softmax",), "mean_squared_error", "neuron"),
    ],
)
def test_expanded_is_sympys_derivative_of_the_composed_loss(
    sizes: tuple[int, ...], activations: tuple[str, ...], loss: str, bias: str
) -> None:
    case = random_case(np.random.default_rng(5), sizes, activations, loss, bias)
    problem = case.problem()
    derivation, numbers = bp.derive(problem.network), digits_of(case.problem())
    whole = composed(case)
    assert abs(sp.N((derivation.expanded("E_total") - whole).xreplace(numbers), 30)) < 1e-25
    for name in parameter_names(case):
        ours, theirs = derivation.expanded(f"dE/d{name}"), sp.diff(whole, sp.Symbol(name))
        assert {str(s) for s in ours.free_symbols} <= set(problem.network.givens) - {"learning_rate"}
        assert abs(sp.N((ours - theirs).xreplace(numbers), 30)) < 1e-25, name
        new = derivation.expanded(f"{name}_new") - (sp.Symbol(name) - sp.Symbol("learning_rate") * theirs)
        assert abs(sp.N(new.xreplace(numbers), 30)) < 1e-25


@examples(4, 40)
@given(cases(ONE, sizes=st.lists(st.integers(1, 2), min_size=2, max_size=3)), st.integers(0, 10**6))
def test_expanded_is_sympys_derivative_of_random_networks(case: Case, pick: int) -> None:
    names = parameter_names(case)
    name, numbers = names[pick % len(names)], digits_of(case.problem())
    ours, theirs = bp.derive(case.network()).expanded(f"dE/d{name}"), sp.diff(composed(case), sp.Symbol(name))
    found, wanted = (sp.N(expression.xreplace(numbers), 30) for expression in (ours, theirs))
    assert abs(found - wanted) <= 1e-20 * (1 + abs(wanted)), (found, wanted)


def test_expanded_is_the_same_expression_where_sympy_can_tell() -> None:
    network = bp.Network(1, 1, activation="tanh")
    x, w, b, y = sp.symbols("x1 w1 b1 y1")
    loss = (y - sp.tanh(w * x + b)) ** 2 / 2
    assert sp.simplify(bp.derive(network).expanded("dE/dw1") - sp.diff(loss, w)) == 0
    assert bp.derive(network).expanded("w1") == bp.derive(network).expanded("dE_total/dw1")


# Numbers, uses, closures


@examples(15, 200)
@given(cases(ONE))
def test_uses_are_exactly_the_earlier_quantities_on_the_right_side(case: Case) -> None:
    derivation = bp.derive(case.network())
    number = {step.name: step.number for step in derivation}
    assert [step.number for step in derivation] == list(range(1, len(derivation) + 1))
    assert len(number) == len(derivation)
    for step in derivation:
        shown = step.rhs.free_symbols | (step.cancelled.free_symbols if step.cancelled is not None else set())
        names = {str(symbol) for symbol in shown}
        assert names <= set(number) | set(derivation.network.givens)
        assert step.uses == tuple(sorted(number[name] for name in names if name in number))
        assert all(used < step.number for used in step.uses)
        assert step.reason
        assert step.name == step.quantity.name
        assert derivation.quantities[step.name] is step.quantity


@examples(10, 100)
@given(cases(ONE), st.integers(0, 10**6))
def test_toward_holds_the_lines_that_a_quantity_rests_on_and_no_other(case: Case, pick: int) -> None:
    derivation = bp.derive(case.network())
    target = derivation[1 + pick % len(derivation)]
    needed, todo = set(), [target.number]
    while todo:  # a walk of this test's own
        number = todo.pop()
        needed.add(number)
        todo += [used for used in derivation[number].uses if used not in needed]
    part = derivation.toward(target.name)
    assert [step.number for step in part] == sorted(needed)
    assert all(step is derivation[step.number] for step in part)


@pytest.mark.parametrize("number", range(len(KINDS)))
def test_the_lines_of_toward_are_enough(number: int) -> None:
    problem = kind(number, bias="neuron").problem()
    derivation, values = bp.derive(problem.network), bp.evaluate(problem)
    for name in ("w1", "dE/dw7", "b_h1", "E_o1", "w1_new"):
        part = derivation.toward(name)
        last = part.steps[-1].name
        assert last == derivation.target(name).name
        assert float(line_by_line(part, problem)[last]) == pytest.approx(values[last], rel=1e-11)
        assert len(part) < len(derivation)


def test_a_quantity_has_two_names_and_a_number() -> None:
    derivation = bp.derive(bp.Network(2, 2, 2))
    assert derivation["dE/dw5"] is derivation["dE_total/dw5"] is derivation[derivation["dE/dw5"].number]
    assert "dE/dw5" in derivation
    assert "dE/dw9" not in derivation
    assert 5 not in derivation
    assert derivation.toward("w5").steps == derivation.toward("dE/dw5").steps
    assert bp.derive(bp.Network(2, 2, 2)) is derivation


def test_the_lines_come_in_the_order_of_the_lesson() -> None:
    names = [step.name for step in bp.derive(bp.Network(2, 2, 2))]
    order = ["net_h1", "out_h1", "E_o1", "E_total", "dE_o1/dout_o1", "dout_o1/dnet_o1", "dE_total/dw5"]
    order += ["dnet_o1/dout_h1", "dout_h1/dnet_h1", "dE_total/dw1", "w1_new"]
    first = [names.index(name) for name in order]
    assert first == sorted(first)


def test_softmax_with_cross_entropy_shows_why_p_minus_y() -> None:
    """The sum over all outputs stands there, and the short form is equal to it when the targets add up to 1."""
    problem = kind(2).problem()
    derivation = bp.derive(problem.network)
    for k in (1, 2):
        step = derivation[f"dE/dnet_o{k}"]
        assert {f"dE_total/dout_o{j}" for j in (1, 2)} < {str(s) for s in step.rhs.free_symbols}
        assert step.cancelled is not None
        y1, y2, out = sp.symbols(f"y1 y2 out_o{k}")
        short = step.cancelled.subs(y1 + y2, 1).subs({y2: 1 - y1} if k == 1 else {y1: 1 - y2})
        assert sp.simplify(short - (out - (y1 if k == 1 else y2))) == 0
        assert "p - y" in step.reason


# Paths


@examples(12, 200)
@given(cases(ONE))
def test_paths_add_up_to_the_derivative(case: Case) -> None:
    problem = case.problem()
    derivation, values = bp.derive(problem.network), bp.evaluate(problem)
    softmax = case.activations[-1] == "softmax"
    for name in parameter_names(case):
        paths = derivation.paths(name)
        start = problem.network.biases.get(name) or (problem.network.weights[name][1],)
        depth = next(i for i, layer in enumerate(case.layers) if start[0] in layer)
        onward = math.prod(case.sizes[depth + 1 :]) * (case.sizes[-1] if softmax else 1)
        assert len(paths) == len(start) * onward
        assert len({path.nodes for path in paths}) == len(paths)
        assert paths.total is None
        for path in paths:
            assert (path.nodes[0], path.nodes[-1]) == (name, "E_total")
            factors = tuple(f"d{b}/d{a}" for a, b in zip(path.nodes, path.nodes[1:]))
            assert path.factors == factors[::-1]
            assert all(factor in derivation for factor in factors)
            assert path.values is path.product is None
        filled = paths.at(problem)
        for path in filled:
            assert path.values == tuple(values[factor] for factor in path.factors)
            assert path.product == pytest.approx(math.prod(path.values), rel=1e-12)
        scale = max(abs(path.product) for path in filled)
        assert filled.total == pytest.approx(values[f"dE/d{name}"], rel=1e-9, abs=1e-13 * scale)


def test_the_articles_two_paths() -> None:
    problem = bp.examples.article.problem
    one, two = bp.derive(problem.network).paths("w1").at(problem)
    assert one.nodes == ("w1", "net_h1", "out_h1", "net_o1", "out_o1", "E_total")
    assert two.nodes == ("w1", "net_h1", "out_h1", "net_o2", "out_o2", "E_total")
    with mp.workdps(30):
        local = mp.mpf("0.234714725953816") * mp.mpf("0.1")
        assert one.product == pytest.approx(float(mp.mpf("0.0477845117691434") * local), rel=1e-12)
        assert two.product == pytest.approx(float(mp.mpf("-0.0185011624620688") * local), rel=1e-12)
    assert bp.derive(problem.network).paths("w1")[0].at(problem) == one


# Cost


def test_the_work_is_linear_in_the_number_of_weights() -> None:
    """Counted, not timed: lines and operations for each weight do not grow, where the composed loss explodes."""
    shapes = [(2, 4, 4, 2), (2, 8, 8, 2), (2, 16, 16, 2), (2, 4, 4, 4, 4, 4, 4, 2)]
    costs = []
    for sizes in shapes:
        network = bp.Network(*sizes)
        steps = bp.derive(network).steps
        weights = len(network.weights)
        operations = sum(sp.count_ops(step.rhs, visual=False) for step in steps)
        costs.append((len(steps) / weights, operations / weights))
        assert len(bp.derive(network).source()) < 1200 * weights
    for lines, operations in costs:
        assert lines <= costs[0][0] * 1.2 < 8
        assert operations <= costs[0][1] * 1.2 < 15


@pytest.mark.parametrize("loss", LOSSES)
def test_no_line_is_longer_than_its_layer_is_wide(loss: str) -> None:
    """A line names the quantities just before it: it never grows with the depth."""
    last = outputs_of(loss)[0]
    longest = [
        max(
            sp.count_ops(step.rhs)
            for step in bp.derive(bp.Network(*[3] * n, activation=["tanh"] * (n - 2) + [last], loss=loss))
        )
        for n in (3, 5, 8)
    ]
    assert longest[0] == longest[1] == longest[2]


def test_the_source_trains_the_biases_or_keeps_them() -> None:
    derivation = bp.derive(bp.Network(1, 1))
    assert derivation.source() == derivation.source(True) != derivation.source(False)
    for wrong in ("a", 2, [], 0.5):
        with pytest.raises(bp.BpkitError, match=r"source: expected train_biases to be True or False, got"):
            derivation.source(wrong)  # type: ignore[arg-type]
