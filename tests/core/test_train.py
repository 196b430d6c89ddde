"""Training: the fused loop, the matrices, what a Trace records, and where a run stops."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from oracle import Case, array_gradients, parameter_names, random_case
from strategies import cases
from thorough import examples

import bpkit as bp
from bpkit.core import train
from bpkit.core.matrix_program import train_matrices
from bpkit.core.quantities import Role

ARTICLE = bp.examples.article.problem


def by_hand(problem: bp.Problem, steps: int) -> list[dict[str, float]]:
    """One evaluation after another, each taking the new parameters of the one before."""
    states = [dict(problem.parameters)]
    for _ in range(steps):
        values = bp.evaluate(problem)
        problem = problem.replace(parameters={name: values[f"{name}_new"] for name in problem.parameters})
        states.append(dict(problem.parameters))
    return states


@examples(12, 200)
@given(cases(), st.booleans(), st.floats(0.001, 0.3))
def test_training_is_repeated_evaluation(case: Case, train_biases: bool, rate: float) -> None:
    problem = case.problem(train_biases=train_biases, learning_rate=rate)
    trace = bp.train(problem, 4)
    if trace.diverged_at is not None:
        return
    states = by_hand(problem, 4)
    for name in parameter_names(case):
        theirs = [state[name] for state in states]
        np.testing.assert_allclose(trace[name], theirs, rtol=1e-9, atol=1e-12)
        if name.startswith("b") and not train_biases:
            assert set(trace[name]) == {problem.parameters[name]}
            assert bp.evaluate(problem)[f"{name}_new"] == problem.parameters[name]
            assert math.isfinite(bp.evaluate(problem)[f"dE/d{name}"])
    for update, state in enumerate(states):
        loss = bp.evaluate(problem.replace(parameters=state))["E_total"]
        assert trace.loss[update] == pytest.approx(loss, rel=1e-9, abs=1e-15)


@examples(8, 200)
@given(cases(st.integers(1, 4)))
def test_one_update_goes_against_autograds_gradient(case: Case) -> None:
    theirs = array_gradients(case)
    problem = case.problem(learning_rate=0.125)
    trace = bp.train(problem, 1)
    values = bp.evaluate(problem)
    for name in parameter_names(case):
        expected = pytest.approx(case.parameters[name] - 0.125 * theirs[name], rel=1e-12, abs=1e-12)
        assert trace[name][1] == expected
        assert values[f"{name}_new"] == expected
        assert problem.updated().parameters[name] == trace[name][1]


@examples(8, 200)
@given(cases(st.just(0)))
def test_straight_lines_and_matrices_train_alike(case: Case) -> None:
    problem = case.problem(learning_rate=0.05)
    lines, matrices = bp.train(problem, 5), train_matrices(problem, 5)
    assert (lines.diverged_at is None) == bool(np.isfinite(matrices).all())
    if lines.diverged_at is None:
        np.testing.assert_allclose(lines.table, matrices[:, :-1], rtol=1e-9, atol=1e-12)
        np.testing.assert_allclose(lines.loss, matrices[:, -1], rtol=1e-9, atol=1e-15)


def test_a_wide_network_goes_through_the_matrices_and_gives_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    case = random_case(np.random.default_rng(2), (4, 12, 10, 3), ("tanh", "tanh", "softmax"), "cross_entropy", "neuron")
    problem = case.problem(learning_rate=0.1)
    assert len(problem.network.parameters) > train.STRAIGHT_LINE_LIMIT
    wide = bp.train(problem, 10)
    monkeypatch.setattr(train, "STRAIGHT_LINE_LIMIT", 10**9)
    narrow = bp.train(problem, 10)
    assert not np.array_equal(wide.table, narrow.table)  # two ways, which round differently
    np.testing.assert_allclose(wide.table, narrow.table, rtol=1e-11, atol=1e-14)
    np.testing.assert_allclose(wide.loss, narrow.loss, rtol=1e-11)


# What a Trace records


@pytest.mark.parametrize("steps", [0, 1, 7])
def test_the_shapes_of_a_trace(steps: int) -> None:
    for problem in (ARTICLE, ARTICLE.replace(inputs=[[0.1, 0.2]] * 3, targets=[[0.05, 0.95]] * 3)):
        trace = bp.train(problem, steps)
        assert len(trace) == steps + 1
        assert trace.loss.shape == trace["w1"].shape == trace["E_total"].shape == (steps + 1,)
        assert trace.diverged_at is None
        assert trace.final == problem.updated(steps)
        assert trace.at(0) == problem
        assert trace.at(-1) == trace.at(steps) == trace.final
        assert trace.loss[0] == pytest.approx(bp.evaluate(problem)["E_total"], rel=1e-15)
        assert trace.loss[-1] == pytest.approx(bp.evaluate(trace.final)["E_total"], rel=1e-15)
        for array in (trace.loss, trace["w1"], trace.table):
            with pytest.raises(ValueError, match="read-only"):
                array[0] = 1


def test_what_a_trace_does_not_have_is_refused_with_what_it_has() -> None:
    adam = bp.train(ARTICLE.replace(update=bp.updates.Adam()), 2)
    with pytest.raises(
        bp.BpkitError, match=r"^trace: expected a weight, a bias, what .*\(t, m_w1, ..\) or E_total, got 'x'"
    ):
        adam["x"]
    with pytest.raises(bp.BpkitError, match=r"^trace: expected a weight, a bias or E_total, got 'm_w1'; did .*'w1'"):
        bp.train(ARTICLE, 2)["m_w1"]
    with pytest.raises(bp.BpkitError, match="got 'E_totl'; did you mean 'E_total'"):
        adam["E_totl"]
    assert [name for name in adam.state if np.shares_memory(adam[name], adam.state[name])] == [*adam.state]


def test_updated_is_the_last_state_and_runs_may_be_chained() -> None:
    assert ARTICLE.updated(3).updated(4).parameters == pytest.approx(ARTICLE.updated(7).parameters, rel=1e-14)
    assert ARTICLE.updated(0) == ARTICLE
    assert ARTICLE.updated().parameters["w1"] == pytest.approx(0.249656338334619, rel=1e-12)
    assert bp.train(bp.train(ARTICLE, 10).final, 10).loss[-1] == pytest.approx(
        bp.train(ARTICLE, 20).loss[-1], rel=1e-13
    )


def test_equal_samples_weigh_as_one() -> None:
    batch = ARTICLE.replace(inputs=[[0.1, 0.2]] * 4, targets=[[0.05, 0.95]] * 4)
    np.testing.assert_allclose(bp.train(batch, 50).table, bp.train(ARTICLE, 50).table, rtol=1e-12)


def test_samples_in_another_order_train_alike() -> None:
    case = random_case(np.random.default_rng(4), (2, 3, 1), ("tanh", "sigmoid"), "half_squared_error", "layer", 5)
    problem = case.problem()
    turned = problem.replace(inputs=problem.inputs[::-1], targets=problem.targets[::-1])
    np.testing.assert_allclose(bp.train(problem, 30).table, bp.train(turned, 30).table, rtol=1e-11, atol=1e-13)


def test_adding_in_place_of_subtracting_climbs() -> None:
    assert bp.train(ARTICLE.replace(learning_rate=-0.5), 20).loss[-1] > bp.train(ARTICLE, 0).loss[0]


# Where the loss leaves the floats

STEEP = bp.Problem(bp.Network(1, 1, activation="identity", bias="none"), {"w1": 3.0}, [2.0], [1.0])


@pytest.mark.parametrize("rate", [90.0, 1e4, 1e100, 1e200])
@pytest.mark.parametrize("batch", [False, True])
def test_a_run_that_diverges_stops_there_and_keeps_what_it_has(rate: float, batch: bool) -> None:
    """w - 1/2 turns to (1 - 4 rate)(w - 1/2) with each update, so the update that leaves the floats is known."""
    problem = STEEP.replace(learning_rate=rate)
    if batch:
        problem = problem.replace(inputs=[[2.0]], targets=[[1.0]])
    trace = bp.train(problem, 400)
    factor = math.log10(4 * rate - 1)
    last = int((308.25 - math.log10(2) - 2 * math.log10(2.5)) / (2 * factor))  # (2·2.5·factor^n)²/2 within the floats
    assert trace.diverged_at == pytest.approx(last + 1, abs=1)
    assert len(trace) == trace.diverged_at
    assert np.isfinite(trace.loss).all()
    assert np.isfinite(trace.table).all()
    assert trace.final == trace.at(-1) == problem.replace(w1=trace["w1"][-1])
    assert f"update {trace.diverged_at}" in trace.message
    assert f"{rate:g}" in trace.message
    for update in range(len(trace) - 1):
        exact = trace["w1"][update] - rate * 2 * (2 * trace["w1"][update] - 1)
        assert trace["w1"][update + 1] == pytest.approx(exact, rel=1e-12)
    with pytest.raises(bp.BpkitError, match=rf"update {trace.diverged_at}.*too large.*take a smaller one"):
        problem.updated(400)
    assert bp.train(problem, len(trace) - 1).diverged_at is None
    assert bp.train(problem, len(trace)).diverged_at == trace.diverged_at


def test_a_run_goes_on_where_one_exponential_leaves_the_floats() -> None:
    """The first update throws the net to -1461, where e^1461 is no float; the outputs are 0 and the loss is finite."""
    network = bp.Network(1, 1, loss="binary_cross_entropy", bias="none")
    trace = bp.train(bp.Problem(network, {"w1": 1.0}, [1.0], [0.0], learning_rate=2000), 5)
    assert trace.diverged_at is None
    assert len(trace) == 6
    np.testing.assert_allclose(trace["w1"][1:], 1 - 2000 / (1 + math.exp(-1)), rtol=1e-14)


def plain_update(rule: bp.updates.UpdateRule, g: float, memory: dict[str, float]) -> float:
    """The step of a rule as its paper writes it; ``memory`` is what it remembers."""
    if isinstance(rule, bp.updates.Momentum):
        memory["v"] = rule.beta * memory.get("v", 0) + g
        return memory["v"]
    if isinstance(rule, bp.updates.Adam):
        memory["t"] = memory.get("t", 0) + 1
        memory["m"] = rule.beta1 * memory.get("m", 0) + (1 - rule.beta1) * g
        memory["v"] = rule.beta2 * memory.get("v", 0) + (1 - rule.beta2) * g**2
        m, v = memory["m"] / (1 - rule.beta1 ** memory["t"]), memory["v"] / (1 - rule.beta2 ** memory["t"])
        return float(m / (math.sqrt(v) + rule.epsilon))
    return g


@pytest.mark.parametrize("rule", [bp.updates.GradientDescent(), bp.updates.Momentum(0.5), bp.updates.Adam()], ids=repr)
@pytest.mark.parametrize("start", [-300.0, -660.0, -800.0])
@pytest.mark.parametrize("batch", [False, True])
def test_a_run_goes_on_as_before_where_it_leaves_the_floats(
    rule: bp.updates.UpdateRule, start: float, batch: bool
) -> None:
    """A negative rate drives the net below -710, where e^-net is no float, early or late or from the first record on;
    what a rule remembers and whose turn it is go on, as in a plain program.
    """
    network = bp.Network(1, 1, loss="binary_cross_entropy", bias="none")
    inputs, steps = [1.0, 1.375, 1.125][: 3 if batch else 1], 8
    data: tuple[list[Any], list[Any]] = ([[x] for x in inputs], [[1.0]] * 3) if batch else (inputs, [1.0])
    problem = bp.Problem(network, {"w1": start}, *data, learning_rate=-100.0, update=rule, batch="each")
    trace, w, memory = bp.train(problem, steps), start, dict[str, float]()
    assert len(trace) == steps + 1
    for update in range(steps + 1):
        assert trace["w1"][update] == pytest.approx(w, rel=1e-13)
        assert trace.loss[update] == pytest.approx(
            -w * sum(inputs) / len(inputs), rel=1e-13
        )  # -log out, for out near 0
        for name, value in memory.items():
            assert trace["t" if name == "t" else f"{name}_w1"][update] == pytest.approx(value, rel=1e-12)
        w -= -100.0 * plain_update(rule, -inputs[update % len(inputs)], memory)  # out is 0, so the slope is -x
    assert w < -1000
    rest = bp.train(trace.at(2), steps - 2)
    for name in ("w1", *trace.state):
        np.testing.assert_allclose(rest[name], trace[name][2:], rtol=1e-12)


def test_a_loss_that_is_infinite_from_the_start() -> None:
    problem = STEEP.replace(w1=1e200)
    trace = bp.train(problem, 5)
    assert trace.diverged_at == 0
    assert len(trace) == 0
    assert trace.final == problem
    assert "update 0" in repr(trace)
    assert "learning rate" not in repr(trace)  # it has done nothing yet
    with pytest.raises(bp.BpkitError, match=r"updated: .*not finite at update 0.*other parameters$"):
        problem.updated()


def test_outputs_that_are_no_probabilities_give_no_loss() -> None:
    network = bp.Network(1, 1, activation="identity", loss="binary_cross_entropy", bias="none")
    for inputs, targets in (([1.0], [1.0]), ([[1.0]], [[1.0]])):
        problem = bp.Problem(network, {"w1": -0.5}, inputs, targets)
        assert not np.isfinite(bp.evaluate(problem)["E_total"])
        assert bp.train(problem, 3).diverged_at == 0
        assert not bp.check_gradient(problem).passed


@examples(10, 200)
@given(cases(), st.floats(1, 1e6))
def test_a_run_never_records_what_is_not_finite(case: Case, rate: float) -> None:
    problem = case.problem(learning_rate=rate)
    trace = bp.train(problem, 30)
    assert np.isfinite(trace.table).all()
    assert np.isfinite(trace.loss).all()
    assert (trace.diverged_at is None) == (len(trace) == 31)
    assert trace.diverged_at in (None, len(trace))


def test_records_that_do_not_fit_are_refused_before_they_are_made() -> None:
    batch = ARTICLE.replace(inputs=[[0.1, 0.2]], targets=[[0.05, 0.95]])
    for problem in (ARTICLE, batch):
        with pytest.raises(bp.BpkitError, match=r"at most \d+ updates for 10 parameters.*got 40000000.*trace.final"):
            bp.train(problem, 40_000_000)


def test_the_most_updates_that_are_named_are_possible(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(train, "RECORD_LIMIT", 99)  # 9 records of the loss and 10 parameters
    assert len(bp.train(ARTICLE, 8)) == 9
    with pytest.raises(bp.BpkitError, match="at most 8 updates for 10 parameters"):
        bp.train(ARTICLE, 9)


# The source that runs


def test_the_source_is_a_program_that_gives_the_same_numbers() -> None:
    for problem in (ARTICLE, ARTICLE.replace(train_biases=True)):
        source = bp.derive(problem.network).source(problem.train_biases)
        module: dict[str, object] = {}
        exec(source, module)
        values = bp.evaluate(problem)
        assert module["evaluate"](**problem.givens) == tuple(values.values())  # type: ignore[operator]
        assert module["loss"](**problem.givens) == values["E_total"]  # type: ignore[operator]
        records: list[tuple[float, ...]] = []
        module["train"](**problem.givens, steps=10, record=records.append, pack=lambda *row: row)  # type: ignore[operator]
        np.testing.assert_array_equal(np.array(records)[:, :-1], bp.train(problem, 10).table)
        names = [line.split(" = ")[0].strip() for line in source.split("def loss")[0].splitlines() if " = " in line]
        assert names == [name.replace("/", "_") for name in values]
        for step in bp.derive(problem.network):
            assert f"# ({step.number})\n" in source


def test_the_matrix_source_is_a_program_too() -> None:
    form = bp.derive(ARTICLE.network).matrices()
    module: dict[str, object] = {}
    exec(form.source(), module)
    theta = np.array([0.25, 0.35, 0.15, 0.28, 0.35, 0.45, 0.2, 0.4, 0.45, 0.5])  # by source, then target
    loss, parts = module["gradients"](theta, np.array([[0.1, 0.2]]), np.array([[0.05, 0.95]]))  # type: ignore[operator]
    assert loss == pytest.approx(0.233452838118922, rel=1e-12)
    gradient = dict(zip([s.name for s in form if s.role is Role.GRADIENT], parts, strict=True))
    w_1 = [[0.000687323330761988, 0.000252563641348723], [0.00137464666152398, 0.000505127282697446]]
    np.testing.assert_allclose(gradient["dE_total/dW_1"], w_1, rtol=1e-12)
