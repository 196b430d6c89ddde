"""The loss and the derivatives of several samples, printed as JavaScript, against the kit's own numbers."""

from __future__ import annotations

import atexit

import numpy as np
import pytest
from module_engine import returned
from py_mini_racer import MiniRacer

import bpkit as bp
from bpkit.core.errors import BpkitError
from bpkit.core.javascript import evaluation_on_samples
from bpkit.page.programs import derivatives_program, samples

ENGINE = MiniRacer()
atexit.register(ENGINE.close)  # left to the interpreter's last moments, the engine may wait for its thread for ever


def called(problem: bp.Problem, outputs: list[str]) -> list[float]:
    """What the printed program gives, in the order of the outputs."""
    program, found = problem.derivation.program, samples(problem)
    data = found["names"] if found else ()
    numbers = [repr(float(problem.givens[name])) for name in program.givens if name not in data]
    rows = [f"Float64Array.from({found['rows']})"] if found else []
    text = derivatives_program(problem, outputs).replace("export function", "function")
    call = f"Float64Array.from(Object.values(evaluate({', '.join(numbers + rows)})))"
    return returned(ENGINE, f"{text}\nreturn {call};")


@pytest.mark.parametrize("count", [0, 1, 2, 7])
@pytest.mark.parametrize("batch", ["mean", "sum", "each"])
@pytest.mark.parametrize("bias", ["layer", "neuron", "none"])
def test_the_loss_and_every_derivative_are_the_kit_s(count: int, batch: str, bias: str) -> None:
    draw = np.random.default_rng(count)
    network = bp.Network(2, 3, 2, activation=["tanh", "softmax"], loss="cross_entropy", bias=bias)
    parameters = {name: float(draw.normal()) for name in network.parameters}
    inputs, targets = draw.normal(size=(max(1, count), 2)), np.eye(2)[draw.integers(2, size=max(1, count))]
    given = (inputs, targets) if count else (inputs[0], targets[0])
    problem = bp.Problem(network, parameters, *given, batch=batch)
    outputs = ["E_total", *(f"dE_total/d{name}" for name in network.parameters)]
    values = bp.evaluate(problem)
    np.testing.assert_allclose(called(problem, outputs), [values[name] for name in outputs], rtol=1e-12, atol=1e-15)
    assert called(problem, ["E_total"]) == called(problem, outputs)[:1]


def test_a_quantity_that_is_no_line_is_refused() -> None:
    program = bp.examples.article.problem.derivation.program
    with pytest.raises(BpkitError, match="expected quantities that are inputs or have a line, got 'E_o9'"):
        evaluation_on_samples(program.steps, program.givens, program.data, ["E_o9"])
