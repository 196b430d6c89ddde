"""Batches: the mean of the samples' losses, their sum, or one update after each sample in its order."""

from __future__ import annotations

import copy
import math
import pickle
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from oracle import Case, array_gradients, mp_gradient, mp_loss, parameter_names, random_case

import bpkit as bp
from bpkit.core.numeric import loss_over

KINDS = [
    (("tanh", "sigmoid"), "half_squared_error"),
    (("softplus", "softmax"), "cross_entropy"),
    (("sigmoid", "sigmoid"), "binary_cross_entropy"),
    (("tanh", "softmax"), "mean_squared_error"),
    (("leaky_relu", "identity"), "squared_error"),
]
WAYS = ["mean", "sum", "each"]
every_kind = pytest.mark.parametrize("kind", range(len(KINDS)))
every_way = pytest.mark.parametrize("batch", WAYS)


def case_of(kind: int = 0, samples: int = 3, sizes: tuple[int, ...] = (2, 3, 2), bias: str = "layer") -> Case:
    return random_case(np.random.default_rng([kind, samples]), sizes, *KINDS[kind], bias, samples)


def sample(case: Case, row: int) -> Case:
    """One sample of it, as a case of its own."""
    return replace(case, inputs=(case.inputs[row],), targets=(case.targets[row],), single=True)


def after(case: Case, rate: float, steps: int, rows: list[int]) -> list[dict[str, float]]:
    """The parameters after updates on one sample after another, by autograd's gradients."""
    now = [dict(case.parameters)]
    for row in rows[:steps]:
        gradient = array_gradients(replace(sample(case, row), parameters=now[-1]))
        now.append({name: value - rate * gradient[name] for name, value in now[-1].items()})
    return now


def of_the_whole(step: Any, problem: bp.Problem) -> bool:
    """Is it one number for the batch: the loss, a derivative by a parameter, an update's line?"""
    name = step.name
    return name == "E_total" or name.removeprefix("dE_total/d") in problem.parameters or name.endswith("_new")


@every_kind
@every_way
def test_the_loss_and_the_gradients(kind: int, batch: str) -> None:
    case = case_of(kind)
    problem, mean = case.problem(batch=batch), bp.evaluate(case.problem())
    values, share = bp.evaluate(problem), len(case.inputs) if batch == "sum" else 1
    theirs = array_gradients(case)
    exact = share * float(mp_loss(case, case.parameters))
    assert values["E_total"] == pytest.approx(exact, rel=1e-12)
    assert float(loss_over(problem)) == pytest.approx(exact, rel=1e-12)
    for name in parameter_names(case):
        assert values[f"dE/d{name}"] == pytest.approx(share * theirs[name], rel=1e-9, abs=1e-13)
    for step in bp.derive(problem):  # what belongs to a sample is the same in all three ways
        if not of_the_whole(step, problem):
            assert values[step.name].shape == (3,)
            np.testing.assert_array_equal(values[step.name], mean[step.name])


def test_a_batch_is_its_mean_unless_said() -> None:
    case = case_of()
    assert case.problem().batch == "mean"
    assert case.problem() == case.problem(batch="mean") != case.problem(batch="sum")
    assert "batch" not in repr(case.problem())
    assert "batch='each'" in repr(case.problem(batch="each"))


@every_kind
def test_the_sum_is_the_mean_with_a_rate_times_the_samples(kind: int) -> None:
    case = case_of(kind)
    added = bp.train(case.problem(batch="sum", learning_rate=0.01), 20)
    mean = bp.train(case.problem(learning_rate=0.03), 20)
    np.testing.assert_allclose(added.table, mean.table, rtol=1e-11, atol=1e-14)
    np.testing.assert_allclose(added.loss, 3 * mean.loss, rtol=1e-11)


@every_kind
@pytest.mark.parametrize("bias", ["layer", "neuron", "none"])
def test_one_update_after_each_sample_in_order(kind: int, bias: str) -> None:
    case = case_of(kind, bias=bias)
    rows = [0, 1, 2] * 3
    trace = bp.train(case.problem(batch="each", learning_rate=0.1), 8)
    assert len(trace) == 9
    for update, now in enumerate(after(case, 0.1, 8, rows)):
        assert {name: trace[name][update] for name in now} == pytest.approx(now, rel=1e-9, abs=1e-12)
        whole = float(mp_loss(case, now))
        assert trace.loss[update] == pytest.approx(whole, rel=1e-9)
        assert bp.evaluate(trace.at(update))["E_total"] == pytest.approx(trace.loss[update], rel=1e-12)


def test_the_next_update_is_that_of_the_next_sample() -> None:
    """E_total and dE/dw1 speak of the whole batch, w1_new of one sample."""
    case = case_of()
    problem = case.problem(batch="each", learning_rate=0.1)
    for update in range(7):
        values, mean = bp.evaluate(problem), bp.evaluate(problem.replace(batch="mean"))
        single = bp.evaluate(problem.replace(batch="mean").sample(update % 3))
        for name in ("E_total", *(f"dE/d{p}" for p in problem.parameters)):
            assert values[name] == mean[name]
        for name in problem.parameters:
            assert values[f"{name}_new"] == pytest.approx(single[f"{name}_new"], rel=1e-14)
            assert values[f"{name}_new"] == problem.updated().parameters[name]
        problem = problem.updated()
        assert problem.state["t"] == update + 1


def test_a_run_on_each_sample_may_start_anywhere() -> None:
    case = case_of()
    problem = case.problem(batch="each", learning_rate=0.1, state={"t": 4})
    rows = [1, 2, 0, 1]
    trace = bp.train(problem, 4)
    for update, now in enumerate(after(case, 0.1, 4, rows)):
        assert {name: trace[name][update] for name in now} == pytest.approx(now, rel=1e-9, abs=1e-12)


def test_the_order_of_the_samples_counts_for_each_alone() -> None:
    case = case_of()
    turned = replace(case, inputs=case.inputs[::-1], targets=case.targets[::-1])
    for batch in WAYS:
        ours, theirs = (bp.train(one.problem(batch=batch), 3).table[-1] for one in (case, turned))
        assert np.allclose(ours, theirs, rtol=1e-9) == (batch != "each")


def adam(memory: dict[str, float], g: float, t: int) -> float:
    memory["m"] = 0.9 * memory.get("m", 0) + 0.1 * g
    memory["v"] = 0.999 * memory.get("v", 0) + 0.001 * g**2
    return memory["m"] / (1 - 0.9**t) / (math.sqrt(memory["v"] / (1 - 0.999**t)) + 1e-8)


@pytest.mark.parametrize("train_biases", [True, False])
def test_adam_on_each_sample(train_biases: bool) -> None:
    """Its state follows the samples, t counts updates; what evaluate says of the next update is of one sample too."""
    case = case_of()
    problem = case.problem(batch="each", update=bp.updates.Adam(), learning_rate=0.1, train_biases=train_biases)
    trace, now = bp.train(problem, 7), dict(case.parameters)
    memory: dict[str, dict[str, float]] = {name: {} for name in now}
    for update in range(7):
        gradient = array_gradients(replace(sample(case, update % 3), parameters=now))
        values = bp.evaluate(trace.at(update))
        for name in now:
            if train_biases or not name.startswith("b"):
                now[name] -= 0.1 * adam(memory[name], gradient[name], update + 1)
                for letter in "mv":
                    state = f"{letter}_{name}"
                    assert trace[state][update + 1] == pytest.approx(memory[name][letter], rel=1e-8, abs=1e-15)
                    assert values[state] == pytest.approx(memory[name][letter], rel=1e-8, abs=1e-15)
            assert trace[name][update + 1] == pytest.approx(now[name], rel=1e-8, abs=1e-12)
            assert values[f"{name}_new"] == pytest.approx(now[name], rel=1e-8, abs=1e-12)
        assert values["t"] == update + 1


def momentum(memory: dict[str, float], g: float, t: int) -> float:
    memory["v"] = 0.5 * memory.get("v", 0) + g
    return memory["v"]


RULES: dict[str, tuple[Any, Any]] = {
    "gradient descent": (bp.updates.GradientDescent(), lambda memory, g, t: g),
    "momentum": (bp.updates.Momentum(0.5), momentum),
    "Adam": (bp.updates.Adam(), adam),
}


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("start", [0, 1])
def test_samples_that_leave_the_floats_on_their_way(rule: str, start: int) -> None:
    """The second sample asks for e^800, which math refuses and NumPy takes: state and order of samples go on."""
    names = ("w1", "w2")
    case = Case((1, 1, 1), ("sigmoid", "identity"), "half_squared_error", "none", names, {"w1": 0.5, "w2": 2.0},
                ((1.0,), (-1600.0,), (0.25,)), ((0.5,), (1.0,), (-1.0,)))  # fmt: skip
    ours, by_hand = RULES[rule]
    problem = case.problem(batch="each", update=ours, learning_rate=0.05)
    if start:
        problem = problem.updated(start)
    trace, now = bp.train(problem, 7), dict(case.parameters)
    memory: dict[str, dict[str, float]] = {name: {} for name in names}
    for update in range(start + 7):
        if update >= start:
            assert {name: trace[name][update - start] for name in now} == pytest.approx(now, rel=1e-9)
            assert trace["t"][update - start] == update
        gradient = mp_gradient(sample(case, update % 3), parameters=now)
        for name in names:
            now[name] -= 0.05 * by_hand(memory[name], float(gradient[name]), update + 1)
    assert trace.final.parameters == pytest.approx(now, rel=1e-9)
    assert trace.diverged_at is None


@every_way
@pytest.mark.parametrize("rule", [bp.updates.GradientDescent(), bp.updates.Adam()], ids=repr)
def test_on_a_single_sample_the_ways_are_one(batch: str, rule: Any) -> None:
    case = case_of(samples=0)
    plain, asked = case.problem(update=rule), case.problem(update=rule, batch=batch)
    assert bp.derive(asked) == bp.derive(plain)
    assert dict(bp.evaluate(asked)) == dict(bp.evaluate(plain))
    ours, theirs = bp.train(asked, 9), bp.train(plain, 9)
    np.testing.assert_array_equal(ours.table, theirs.table)
    np.testing.assert_array_equal(ours.loss, theirs.loss)
    assert dict(ours.final.state) == dict(theirs.final.state)
    one = asked.replace(inputs=[asked.inputs], targets=[asked.targets])
    np.testing.assert_allclose(bp.train(one, 9).table, theirs.table, rtol=1e-11, atol=1e-14)
    np.testing.assert_allclose(bp.train(one, 9).loss, theirs.loss, rtol=1e-11)


@every_way
def test_a_wide_network(batch: str) -> None:
    """More parameters than straight lines are made for."""
    case = case_of(sizes=(4, 20, 5), samples=2)
    problem = case.problem(batch=batch, learning_rate=0.05)
    assert len(problem.parameters) > bp.core.train.STRAIGHT_LINE_LIMIT
    trace, now = bp.train(problem, 3), dict(case.parameters)
    for update in range(3):
        seen = sample(case, update % 2) if batch == "each" else case
        gradient = array_gradients(replace(seen, parameters=now))
        now = {n: value - 0.05 * (2 if batch == "sum" else 1) * gradient[n] for n, value in now.items()}
        assert {name: trace[name][update + 1] for name in now} == pytest.approx(now, rel=1e-9, abs=1e-12)


@every_way
def test_the_gradient_check_knows_the_way(batch: str) -> None:
    problem = case_of().problem(batch=batch)
    assert bp.check_gradient(problem).passed


@every_way
def test_a_sample_of_a_batch_is_a_problem_of_its_own(batch: str) -> None:
    case = case_of()
    problem = case.problem(batch=batch)
    for row in range(3):
        alone = bp.evaluate(problem.sample(row))
        assert alone["E_total"] == pytest.approx(float(mp_loss(sample(case, row), case.parameters)), rel=1e-12)


@every_way
def test_a_run_on_a_batch_that_diverges_keeps_what_is_finite(batch: str) -> None:
    steep = bp.Network(1, 1, activation="identity", bias="none")
    trace = bp.train(bp.Problem(steep, {"w1": 3.0}, [[2.0], [1.0]], [[1.0], [3.0]], 1e60, batch=batch), 20)
    assert trace.diverged_at == len(trace) < 21
    assert np.isfinite(trace.loss).all()
    assert np.isfinite(trace.table).all()
    assert len(trace) >= 2


def test_words() -> None:
    case = case_of()
    for wrong, meant in (("means", "mean"), ("Sum", "sum"), ("every", "each"), (3, "mean"), (None, "each")):
        with pytest.raises(bp.BpkitError, match=f"batch: .*'{meant}'"):
            case.problem(batch=wrong)
    with pytest.raises(bp.BpkitError, match=r"batch: .*did you mean 'sum'|batch: .*'sum'\?"):
        case.problem(batch="summ")


def test_matrices_say_what_the_batch_makes_of_its_samples() -> None:
    rows = bp.Problem(
        bp.Network(2, 1, bias="neuron"), [[[0.5], [0.2]], [0.1]], [[1, 2], [3, 4]], [[1], [0]], batch="sum"
    )
    whole, mean = (str(bp.derive(one).matrices()) for one in (rows, rows.replace(batch="mean")))
    assert "sum over samples and outputs of" in whole
    assert "/ n" not in whole
    assert "mean over samples" in mean
    assert "out_0.T @ delta_1 / n" in mean
    assert bp.derive(rows).families() == bp.derive(rows).families()


def test_problems_and_values_can_be_pickled_and_copied() -> None:
    network = bp.Network(2, 2, 1, activation=["tanh", "sigmoid"], weight_names={("x1", "h1"): "u"})
    rng = np.random.default_rng(0)
    problem = bp.Problem(network, {name: rng.normal() for name in network.parameters}, [[1, 2], [3, 4]], [[1], [0]])
    for one in (problem, problem.sample(0), problem.replace(update=bp.updates.Adam(), batch="each").updated(3)):
        network.biases, one.derivation  # noqa: B018 (what is remembered must not stand in the way)
        for other in (pickle.loads(pickle.dumps(one)), copy.deepcopy(one)):
            assert other == one
            assert other.network == one.network
        values = pickle.loads(pickle.dumps(bp.evaluate(one)))
        assert np.all(values["dE/dx1"] == bp.evaluate(one)["dE/dx1"])
        assert values["E_total"] == bp.evaluate(one)["E_total"]
        assert (bp.train(pickle.loads(pickle.dumps(one)), 3).table == bp.train(one, 3).table).all()


def test_rows_and_updates_are_whole_numbers() -> None:
    rows = bp.Problem(bp.Network(1, 1), {"w1": 1, "b1": 0}, [[1], [2]], [[1], [0]])
    for wrong in (1.0, 2, "a"):
        with pytest.raises(bp.BpkitError, match="sample: expected a row"):
            rows.sample(wrong)  # type: ignore[arg-type]
    for update in (1.5, "a", 9):
        with pytest.raises(bp.BpkitError, match="trace: expected an update"):
            bp.train(rows, 3).at(update)  # type: ignore[arg-type]


CHANGES: list[dict[str, Any]] = [
    {"train_biases": False}, {"update": bp.updates.GradientDescent(weight_decay=0.1)},
    {"batch": "sum"}, {"learning_rate": 0.1}, {"w1": 9.0},
    {"inputs": [[3, 4], [1, 2]]}, {"inputs": [[1, 2]], "targets": [[1]]}, {"inputs": [1, 2], "targets": [1]},
    {"targets": [[1], [1]]}, {"network": bp.Network(2, 1, activation="tanh")},
]  # fmt: skip


@pytest.mark.parametrize("change", CHANGES, ids=repr)
def test_problems_are_equal_where_all_their_numbers_are(change: dict[str, Any]) -> None:
    """The layout is only how arrays are read and written."""
    problem = bp.Problem(bp.Network(2, 1), {"w1": 0.5, "w2": 0.2, "b1": 0.1}, [[1, 2], [3, 4]], [[1], [0]])
    same, other = problem.replace(), problem.replace(**change)
    assert same is not problem
    assert same == problem == problem.replace(layout="W @ x") != other != 5
    assert hash(same) == hash(problem) != hash(other)
    moving = problem.replace(update=bp.updates.Momentum())
    assert moving != moving.replace(state={"v_w1": 1.0})
    assert "state" not in repr(moving)
    row = {"inputs": [[1, 2]], "targets": [[1]]}
    assert problem.replace(**row) != problem.replace(**row).sample(0)


def test_a_state_that_is_given_takes_the_place_of_the_old_one() -> None:
    problem = case_of().problem(update=bp.updates.Adam()).updated(3)
    assert problem.replace(w1=0.1).state == problem.state
    assert {name: value for name, value in problem.replace(state={"t": 1, "m_w1": -0.5}).state.items() if value} == {
        "t": 1,
        "m_w1": -0.5,
    }


@pytest.mark.parametrize("bias", ["layer", "neuron", "none"])
@pytest.mark.parametrize("layout", ["x @ W", "W @ x"])
def test_the_biases_may_have_another_fate(bias: str, layout: str) -> None:
    """Kept, they stay; each neuron's own starts where its layer's stands, and their derivatives add up to its."""
    case = case_of(bias=bias)
    problem = case.problem(layout=layout)
    kept, names = problem.with_biases("kept"), problem.network.biases
    assert problem.with_biases(bias) == problem
    assert kept.train_biases == (bias == "none")
    assert (kept == problem) == (bias == "none")
    assert all(kept.updated().parameters[name] == problem.parameters[name] for name in names)
    assert kept.with_biases(bias) == problem
    if bias == "none":
        allowed = "'kept' or 'none'"
    else:
        allowed = "'kept', 'layer' or 'neuron'" if bias == "layer" else "'kept' or 'neuron'"
        own = kept.with_biases("neuron")
        assert own.train_biases
        assert own.network.bias == "neuron"
        ours, theirs = bp.evaluate(own), bp.evaluate(problem)
        assert ours["E_total"] == theirs["E_total"]
        for name, neurons in names.items():
            assert {own.parameters[f"b_{neuron}"] for neuron in neurons} == {problem.parameters[name]}
            added = sum(ours[f"dE/db_{neuron}"] for neuron in neurons)
            assert added == pytest.approx(theirs[f"dE/d{name}"], rel=1e-12)
    for wrong in ("each", "none" if bias != "none" else "neuron"):
        with pytest.raises(bp.BpkitError, match=f"with_biases: expected {allowed}, got '{wrong}'"):
            problem.with_biases(wrong)
