"""The lines of blocks as programs, the same in JavaScript and in Python; models as values: equal, kept, written out."""

from __future__ import annotations

import atexit
import pickle
from typing import Any

import numpy as np
import pytest
import sympy as sp
from module_engine import returned
from py_mini_racer import MiniRacer
from rows import DECAYING
from stacks import FOURTH, SOME, STACKS, drawn
from thorough import many

import bpkit as bp
from bpkit.core import blocks
from bpkit.core.blocks import LSTM, Conv1d, Dense, LayerNorm, MaxPool, Recurrent, Residual
from bpkit.core.javascript import evaluation, evaluation_on_samples, module, training, training_on_samples

ENGINE = MiniRacer()
atexit.register(ENGINE.close)  # left to the interpreter's last moments, the engine may wait for its thread for ever
NAMED = pytest.mark.parametrize("name", SOME)
LEARNT = (
    "two recurrents",
    "lstm, last",
    "conv1d and pool",
    "layer norm",
    "residual attention",
    "embedding and attention",
)


def called(text: str, call: str) -> np.ndarray[Any, Any]:
    plain = text.replace("export function", "function")
    return np.array(returned(ENGINE, f"{plain}\nconst r = {call}; return Float64Array.from(Object.values(r));"))


def numbers(values: Any) -> str:
    return ", ".join(repr(float(value)) for value in values)


def in_javascript(problem: bp.Problem) -> np.ndarray[Any, Any]:
    """The number of every line, those of the inputs' derivatives too."""
    program = problem.derivation.input_program
    names = [step.name for step in program.steps]
    text = module(evaluation(program.steps, program.givens, names), functions=program.functions)
    return called(text, f"evaluate({numbers(problem.givens[name] for name in program.givens)})")


def in_python(problem: bp.Problem) -> np.ndarray[Any, Any]:
    values = bp.evaluate(problem)
    return np.array([values[step.name] for step in problem.derivation.with_inputs])


def same(ours: Any, theirs: Any, tolerance: float = 1e-12) -> None:
    ours, theirs = np.asarray(ours), np.asarray(theirs)
    finite = np.isfinite(theirs)
    assert (np.isfinite(ours) == finite).all()
    assert (ours[~finite] == theirs[~finite]).all()
    largest = max(1.0, np.abs(theirs[finite]).max())
    np.testing.assert_allclose(ours[finite], theirs[finite], rtol=tolerance, atol=2e-15 * largest)


@NAMED
def test_every_line_in_javascript(name: str) -> None:
    for seed in range(many(1, 20)):
        problem = drawn(STACKS[name], seed)
        same(in_javascript(problem), in_python(problem))


@NAMED
def test_javascript_at_extremes(name: str) -> None:
    """Net inputs and scores of ±1000: finite where Python's numbers are."""
    model = STACKS[name]
    problem, rng = drawn(model, 0), np.random.default_rng(1)
    signs = {one: float(rng.choice([-1.0, 1.0])) for one in problem.parameters}
    problem = problem.replace(parameters=signs)
    problem = problem if model.vocabulary else problem.replace(inputs=500 * problem.inputs)
    ours, theirs = in_javascript(problem), in_python(problem)
    names = [step.name for step in problem.derivation.with_inputs]
    derivatives = [place for place, one in enumerate(names) if one.startswith("dE_total")]
    same(ours[derivatives], theirs[derivatives], 1e-9)


@pytest.mark.parametrize("name", LEARNT)
@pytest.mark.parametrize("rule", DECAYING.values(), ids=repr)
def test_training_in_javascript(name: str, rule: Any) -> None:
    problem = drawn(STACKS[name], 1, spread=0.5, update=rule, learning_rate=0.02)
    program, recorded = problem.derivation.program, (*problem.derivation.program.recorded, "E_total")
    loop = training(program.steps, program.givens, program.new, recorded)
    text = module(loop, functions=program.functions)
    given = numbers(problem.givens[one] for one in program.givens)
    ours = called(text, f"train({given}, 6)").reshape(-1, len(recorded))
    trace = bp.train(problem, 6)
    theirs = np.column_stack([trace.table, *trace.state.values(), trace.loss])
    np.testing.assert_allclose(ours, theirs, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("batch", ["mean", "sum", "each"])
@pytest.mark.parametrize("name", LEARNT)
def test_batches_in_javascript(name: str, batch: str) -> None:
    problem = drawn(STACKS[name], 2, count=3, batch=batch, spread=0.5, learning_rate=0.05)
    program = problem.derivation.program
    kept = [problem.givens[one] for one in program.givens if one not in program.data]
    rows = f"new Float64Array([{numbers(problem.rows.ravel())}])"
    recorded = (*program.recorded, "E_total")
    loop = training_on_samples(program.steps, program.givens, program.data, program.new, recorded, batch)
    text = module(loop, functions=program.functions)
    ours = called(text, f"train({numbers(kept)}, {rows}, 0, 5)").reshape(-1, len(recorded))
    trace = bp.train(problem, 5)
    np.testing.assert_allclose(ours, np.column_stack([trace.table, trace.loss]), rtol=1e-10, atol=1e-12)
    wanted = [f"dE_total/d{one}" for one in problem.parameters]
    once = evaluation_on_samples(program.steps, program.givens, program.data, wanted, batch)
    ours = called(module(once, functions=program.functions), f"evaluate({numbers(kept)}, {rows})")
    np.testing.assert_allclose(ours, [bp.evaluate(problem)[one] for one in wanted], rtol=1e-11, atol=1e-13)


@NAMED
def test_the_source_runs(name: str) -> None:
    problem = drawn(STACKS[name], 3, learning_rate=0.03)
    space: dict[str, Any] = {}
    exec(bp.derive(problem.network).source(), space)
    program = problem.derivation.program
    found = space["evaluate"](*(problem.givens[one] for one in program.givens))
    values = bp.evaluate(problem)
    assert [*found] == [values[step.name] for step in program.steps]


# Models as values


@NAMED
def test_a_model_is_what_was_written(name: str) -> None:
    model = STACKS[name]
    space = {one: getattr(blocks, one) for one in blocks.__all__} | {"Model": bp.Model, "Loss": bp.Loss}
    again = eval(repr(model), {**vars(sp), **space, "y": sp.Symbol("y"), "out": sp.Symbol("out")})
    kept = pickle.loads(pickle.dumps(model))
    for other in (again, kept):
        assert other == model
        assert hash(other) == hash(model)
        assert other.parameters == model.parameters
        assert repr(other) == repr(model)
    others = [one for key, one in STACKS.items() if key != name]
    assert model not in others


@NAMED
def test_a_problem_is_what_was_written(name: str) -> None:
    problem = drawn(STACKS[name], 4, count=2)
    assert pickle.loads(pickle.dumps(problem)) == problem
    assert {problem: 1}[problem.replace()] == 1
    first = problem.network.parameters[0]
    assert problem.replace(**{first: 9.0}) != problem
    assert problem.replace(**{first: 9.0}).parameters[first] == 9.0


def test_blocks_are_equal_by_what_they_are() -> None:
    assert Residual(Dense(2), LayerNorm()) == Residual(Dense(2), LayerNorm()) != Residual(Dense(2))
    assert hash(Residual(Dense(2))) == hash(Residual(Dense(2)))
    assert {LayerNorm(), LayerNorm(), MaxPool(), MaxPool(2), MaxPool(3)} == {LayerNorm(), MaxPool(2), MaxPool(3)}
    assert Recurrent(2) != LSTM(2)
    assert Residual(Dense(2)) != Dense(2)
    assert Conv1d(2, "tanh") == Conv1d(2, activation=bp.Activation.table["tanh"])


def test_reprs() -> None:
    assert repr(bp.Model((3, 1), Recurrent(2), Dense(1))) == (
        "Model((3, 1), Recurrent(2), Dense(1), loss='half_squared_error')"
    )
    assert repr(Recurrent(2, "all", "sigmoid")) == "Recurrent(2, steps='all', activation='sigmoid')"
    assert repr(Residual(Dense(2, "tanh"), LayerNorm())) == "Residual(Dense(2, activation='tanh'), LayerNorm())"
    assert repr(bp.Model(2, Dense(1), loss=FOURTH)).startswith("Model(2, Dense(1), loss=Loss('fourth', ")


def test_another_model_takes_the_place_of_one() -> None:
    first, second = bp.Model((3, 1), Recurrent(1), Dense(1)), bp.Model((3, 1), LSTM(1), Dense(1))
    problem = drawn(first, 0)
    numbers = second.random(1)
    other = problem.replace(network=second, parameters=numbers)
    assert other.network == second
    assert other.parameters == numbers
    np.testing.assert_array_equal(other.inputs, problem.inputs)
    assert other.replace(x2_1=7.0).inputs[1, 0] == 7.0
    assert other.replace(y1=7.0).targets[0] == 7.0


def test_targets_of_steps_can_be_replaced_one_by_one() -> None:
    problem = drawn(STACKS["recurrent, all"], 0)
    assert problem.replace(y2_1=5.0).targets[1, 0] == 5.0


def test_a_shape_of_one_column_may_be_left_out() -> None:
    model = bp.Model((3, 1), Recurrent(1, "all"))
    assert bp.Problem(model, model.random(0), [1, 2, 3], [0, 0, 1]) == bp.Problem(
        model, model.random(0), [[1], [2], [3]], [[0], [0], [1]]
    )
    batch = bp.Problem(model, model.random(0), [[1, 2, 3], [4, 5, 6]], [[0, 0, 1], [1, 0, 0]])
    assert (batch.is_batch, batch.n_samples, batch.inputs.shape) == (True, 2, (2, 3, 1))


def test_random_numbers_start_as_schemes_say() -> None:
    model = bp.Model((4, 3), LSTM(2, "all"), LayerNorm(), Dense(1))
    start = model.random(0)
    assert list(start) == list(model.parameters)
    assert start == model.random(0) != model.random(1)
    tags = {name: one.tag for name, one in model.lines.parameters.items()}
    assert {start[name] for name, tag in tags.items() if tag == "bias"} == {0.0}
    assert {start[name] for name, tag in tags.items() if tag == "gain"} == {1.0}
    assert all(start[name] for name, tag in tags.items() if tag == "weight")


def test_a_model_with_nothing_to_learn_is_trained_all_the_same() -> None:
    model = bp.Model((4,), MaxPool(2))
    for rows in ([1.0, 2.0, 4.0, 3.0], [[1.0, 2.0, 4.0, 3.0]] * 2):
        problem = bp.Problem(model, {}, rows, [2.0, 3.0] if np.ndim(rows) == 1 else [[2.0, 3.0]] * 2)
        assert bp.train(problem, 3).loss.tolist() == [0.5] * 4
        assert problem.updated(2) == problem


def test_a_derivation_is_kept_with_what_was_asked_of_it() -> None:
    model = STACKS["recurrent, last"]
    problem = drawn(model, 1)
    for derivation in (bp.derive(model), bp.derive(problem).toward(model.parameters[0])):
        _ = derivation.by_name, derivation.quantities, bp.evaluate(problem), derivation.families()
        other = pickle.loads(pickle.dumps(derivation))
        assert [step.name for step in other] == [step.name for step in derivation]
        assert str(other.at(problem)) == str(derivation.at(problem))
