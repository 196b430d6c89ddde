"""Training on several samples, printed as JavaScript, against the kit's own training of batches."""

from __future__ import annotations

import atexit
from typing import Any

import numpy as np
import pytest
from module_engine import returned
from py_mini_racer import MiniRacer
from rows import RULES

import bpkit as bp
from bpkit.core.javascript import module, training_on_samples

ENGINE = MiniRacer()
atexit.register(ENGINE.close)  # left to the interpreter's last moments, the engine may wait for its thread for ever


def rows_of(trace: Any) -> np.ndarray[Any, Any]:
    kept = bp.derive(trace.problem).program.recorded  # a count of the updates that no line uses is none of them
    return np.column_stack([*(trace[name] for name in kept_names(trace, kept)), trace.loss])


def kept_names(trace: Any, recorded: tuple[str, ...]) -> list[str]:
    states = dict(zip((name for name in recorded if name not in trace.problem.parameters), trace.state))
    return [states.get(name, name) for name in recorded]


def drawn(seed: int, batch: str, rule: object) -> bp.Problem:
    draw = np.random.default_rng(seed)
    kind = ("sigmoid", "tanh", "softplus")[seed % 3]
    network = bp.Network(2, 3, 2, activation=kind, bias=("layer", "neuron", "none")[seed % 3])
    count = int(draw.integers(2, 6))
    parameters = {name: float(draw.normal()) for name in network.parameters}
    return bp.Problem(
        network, parameters, draw.normal(size=(count, 2)), draw.uniform(0, 1, (count, 2)), 0.3, batch=batch, update=rule
    )


def trained(problem: bp.Problem, steps: int) -> np.ndarray[Any, Any]:
    program = bp.derive(problem).program
    recorded = (*program.recorded, "E_total")
    text = module(
        training_on_samples(program.steps, program.givens, program.data, program.new, recorded, problem.batch),
        functions=program.functions,
    )
    numbers = [problem.givens[name] for name in program.givens if name not in program.data]
    samples = np.hstack([problem.inputs, problem.targets]).ravel()
    call = f"train({', '.join(map(repr, map(float, numbers)))}, new Float64Array({samples.tolist()}), "
    call += f"{problem.next_sample}, {steps})"
    plain = text.replace("export function", "function")
    return np.array(returned(ENGINE, f"{plain}\nreturn {call};")).reshape(-1, len(recorded))


@pytest.mark.parametrize("batch", ["mean", "sum", "each"])
@pytest.mark.parametrize("rule", RULES.values(), ids=repr)
def test_a_batch_is_trained_as_the_kit_trains_it(batch: str, rule: object) -> None:
    for seed in range(4):
        problem = drawn(seed, batch, rule)
        ours, theirs = trained(problem, 12), rows_of(bp.train(problem, 12))
        assert ours.shape == theirs.shape
        np.testing.assert_allclose(ours, theirs, rtol=1e-11, atol=1e-13)


def test_what_overflows_ends_the_records() -> None:
    network = bp.Network(1, 1, activation="identity")
    problem = bp.Problem(network, {"w1": 1.0, "b1": 0.0}, [[1.0], [2.0]], [[3.0], [4.0]], learning_rate=1e3)
    trace = bp.train(problem, 500)
    assert trace.diverged_at is not None
    assert len(trained(problem, 500)) == len(trace)
