"""The matrix form: read off the lines, shown, and run for batches under every update rule as the lines run."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import sympy as sp
from hypothesis import given
from hypothesis import strategies as st
from oracle import Case, array_gradients, differences, parameter_names, random_case
from rows import RULES
from strategies import cases
from thorough import examples

import bpkit as bp
from bpkit.core import train
from bpkit.core.chain_rule import Step
from bpkit.core.expressions import product
from bpkit.core.matrices import MatrixDerivation, read_matrices
from bpkit.core.matrix_program import MatrixProgram, matrix_gradient, matrix_program, predict, train_matrices
from bpkit.core.quantities import Role

ARTICLE = bp.examples.article.problem


def straight(problem: bp.Problem, steps: int) -> np.ndarray:
    """The records of the straight lines over the columns of the samples."""
    return train._lines(problem, steps, len(problem.derivation.program.recorded) + 1, arrays=True)


# Run


@examples(25, 400)
@given(cases(), st.sampled_from(["mean", "sum"]))
def test_predictions_and_gradients_are_those_of_another_program(case: Case, whole: str) -> None:
    theirs = array_gradients(case)
    problem = case.problem().replace(batch=whole)
    times = len(case.inputs) if whole == "sum" else 1
    assert matrix_program(problem).complete
    loss, gradient = matrix_gradient(problem)
    assert list(gradient) == list(problem.network.parameters)
    wanted = {name: times * theirs[name] for name in parameter_names(case)}
    assert differences(gradient, wanted, floor=2e-14 * times) == []
    values = bp.evaluate(problem)
    assert loss == pytest.approx(float(np.sum(values["E_total"])), rel=1e-12)
    outs = np.stack([np.atleast_1d(values[f"out_{name}"]) for name in problem.network.outputs], axis=1)
    np.testing.assert_allclose(predict(problem, case.inputs), outs, rtol=1e-12, atol=1e-300)


@examples(10, 150)
@given(
    cases(st.integers(0, 4)),
    st.sampled_from([*RULES]),
    st.sampled_from(["mean", "sum"]),
    st.booleans(),
)
def test_training_is_that_of_the_lines(case: Case, rule: str, whole: str, train_biases: bool) -> None:
    problem = case.problem(learning_rate=0.02, train_biases=train_biases)
    problem = problem.replace(update=RULES[rule], batch=whole)
    ours, theirs = train_matrices(problem, 6), straight(problem, 6)
    assert ours is not None
    tame = np.cumprod(np.nan_to_num(np.abs(theirs), nan=np.inf).max(axis=1) < 1e6) == 1  # a run may leave the floats
    # The slope of a bias that softmax's outputs share is 0 but for rounding, which two rules divide by 1e-8.
    atol = 1e-8 if rule in ("rmsprop", "adam") else 1e-11
    np.testing.assert_allclose(ours[: len(theirs)][tame], theirs[tame], rtol=1e-9, atol=atol)


@pytest.mark.parametrize("rule", RULES)
def test_training_goes_on_with_what_was_remembered(rule: str) -> None:
    case = random_case(np.random.default_rng(3), (2, 3, 2), ("tanh", "softmax"), "cross_entropy", "neuron", 5)
    problem = case.problem(learning_rate=0.1).replace(update=RULES[rule])
    whole, half = bp.train(problem, 8), bp.train(problem, 4)
    np.testing.assert_allclose(bp.train(half.final, 4).table, whole.table[4:], rtol=1e-12)
    assert whole.state.keys() == problem.state.keys()
    for name, column in whole.state.items():
        np.testing.assert_allclose(bp.train(half.final, 4).state[name], column[4:], rtol=1e-12)


def test_a_run_ends_where_the_loss_leaves_the_floats() -> None:
    network = bp.Network(1, 1, activation="identity", bias="none")
    problem = bp.Problem(network, {"w1": 1.0}, [[1e3], [2e3]], [[0.0], [1.0]], learning_rate=1e3)
    ours, theirs = train_matrices(problem, 60), straight(problem, 60)
    assert ours is not None
    assert len(ours) == len(theirs) < 61
    np.testing.assert_allclose(ours, theirs, rtol=1e-9)
    assert bp.train(problem, 60).diverged_at == len(ours) - 1


@pytest.mark.parametrize("loss", ["cross_entropy", "squared_error"])
@pytest.mark.parametrize("net", [-1000.0, -40.0, 0.5, 40.0, 1000.0])
@pytest.mark.parametrize("ys", [(0.2, 0.3, 0.5), (1.0, 0.0, 0.0), (0.0, 0.5, 1.0)])
def test_softmax_where_outputs_round_to_one(loss: str, net: float, ys: tuple[float, ...]) -> None:
    """The lines, sample by sample, are held to many digits elsewhere; targets need not add up to 1."""
    network = bp.Network(1, 3, activation="softmax", loss=loss, bias="none")
    numbers = {"w1": net, "w2": 0.3, "w3": -0.6}
    alone = bp.Problem(network, numbers, [1.0], list(ys))
    batch = alone.replace(inputs=[[1.0], [1.0]], targets=[list(ys)] * 2)
    assert matrix_program(batch).complete
    wanted = {name: bp.evaluate(alone)[f"dE/d{name}"] for name in numbers}
    assert differences(matrix_gradient(batch)[1], wanted, 1e-12, 0) == []


@pytest.mark.parametrize("activation", ["sigmoid", "tanh", "softplus", "relu"])
def test_training_at_net_inputs_of_a_thousand(activation: str) -> None:
    network = bp.Network(1, 1, activation=activation, bias="none")
    problem = bp.Problem(network, {"w1": 1.0}, [[1000.0], [-1000.0], [0.5]], [[1.0], [0.0], [0.5]], learning_rate=1e-4)
    trace = bp.train(problem, 3)
    assert trace.diverged_at is None
    np.testing.assert_allclose(trace["w1"], straight(problem, 3)[:, 0], rtol=1e-13)


def test_one_compiled_program_for_each_derivation() -> None:
    problem = ARTICLE.replace(inputs=[[0.1, 0.2]] * 2, targets=[[0.05, 0.95]] * 2)
    assert matrix_program(problem) is matrix_program(problem.replace(w1=3.0))
    assert matrix_program(problem) is not matrix_program(problem.replace(batch="sum"))


# Read


def doubled(step: Step) -> Step:
    """A gradient twice as large."""
    if step.role is not Role.GRADIENT:
        return step
    rhs = product(sp.Integer(2), *step.rhs.args) if step.rhs.is_Mul else step.rhs
    return replace(step, rhs=rhs, stable=rhs)


def turned(step: Step) -> Step:
    """A weight of another place on the way back."""
    swap = {sp.Symbol("w6"): sp.Symbol("w7"), sp.Symbol("w7"): sp.Symbol("w6")}
    back = step.role is Role.SLOPE and step.quantity.by is not None and step.quantity.by.tag == "out"
    return replace(step, rhs=step.rhs.xreplace(swap), stable=step.stable.xreplace(swap)) if back else step


def flat(step: Step) -> Step:
    """The slope of a hidden neuron left out."""
    about = step.quantity
    hidden = about.role is Role.SLOPE and about.of is not None and about.of.tag == "out" and about.block == 1
    return replace(step, rhs=sp.S.One, stable=sp.S.One) if hidden else step


def of_lines(change: Any) -> tuple[MatrixDerivation, dict[str, np.ndarray]]:
    """The matrix form of changed lines, and what its program says of the article."""
    lines = bp.derive(bp.Network(2, 2, 2))
    form = read_matrices(replace(lines, steps=tuple(map(change, lines.steps))))
    program = MatrixProgram(form)
    theta = np.array([0.25, 0.35, 0.15, 0.28, 0.35, 0.45, 0.2, 0.4, 0.45, 0.5])
    _, parts = program.function("gradients")(theta, np.array([[0.1, 0.2]]), np.array([[0.05, 0.95]]))
    return form, dict(zip([step.name for step in form if step.role is Role.GRADIENT], parts, strict=True))


def test_changed_lines_are_another_matrix_form() -> None:
    """Nothing of it is written by hand: where the lines are wrong, it is wrong in the same way."""
    _, right = of_lines(lambda step: step)
    _, twice = of_lines(doubled)
    np.testing.assert_allclose(twice["dE_total/dW_1"], 2 * right["dE_total/dW_1"], rtol=1e-14)
    form, without = of_lines(flat)
    assert "delta_1 = delta_2 @ W_2.T  " in str(form)
    assert not np.allclose(without["dE_total/dW_1"], right["dE_total/dW_1"], rtol=1e-3)
    form, back = of_lines(turned)
    assert "delta_2 @ W_2)" in str(form)
    assert not np.allclose(back["dE_total/dW_1"], right["dE_total/dW_1"], rtol=1e-3)


def test_one_line_that_differs_is_no_matrix() -> None:
    lines = bp.derive(bp.Network(2, 3, 2))
    other = {"dnet_h2/dw3": sp.Symbol("x2")}
    steps = tuple(replace(s, rhs=other.get(s.name, s.rhs), stable=other.get(s.name, s.stable)) for s in lines)
    form = read_matrices(replace(lines, steps=steps))
    assert not MatrixProgram(form).complete
    assert form["dE_total/dW_1"].rhs is None
    assert form["dE_total/dW_2"].rhs is not None


@pytest.mark.parametrize("name", ["w3_new", "net_h2"])
def test_a_line_that_differs_of_those_that_are_kept(name: str) -> None:
    """Neither the layer's line stands for it, nor what uses it."""
    lines = bp.derive(bp.Network(2, 3, 2))
    twice = lambda s: replace(s, rhs=product(sp.Integer(2), s.rhs), stable=product(sp.Integer(2), s.stable))
    form = read_matrices(replace(lines, steps=tuple(twice(s) if s.name == name else s for s in lines)))
    assert not MatrixProgram(form).complete
    own = [step for step in form if step.name == ("W_1_new" if name == "w3_new" else "net_1")]
    assert len(own) == 2
    assert [step.rhs for step in own] == [None, None]


def test_a_derivative_that_is_the_same_for_all_samples_runs_by_the_lines() -> None:
    """The output itself as the loss: its slope is 1, a number and no matrix."""
    network = bp.Network(2, 2, activation="identity", loss="output", bias="neuron")
    inputs = np.array([[0.5, -1.0], [2.0, 0.25], [1.0, 1.0]])
    numbers = {name: 0.1 * n for n, name in enumerate(network.parameters)}
    problem = bp.Problem(network, numbers, inputs, learning_rate=0.5)
    form = problem.derivation.matrices()
    assert [step.rhs for step in form if step.role is not Role.FORWARD] == [None] * 5  # nor is what uses it a matrix
    assert form["delta_1"].rhs is None
    assert "for j = 1..2" in str(form)
    assert form._repr_latex_().count(r"\\") == len(form) - 1
    assert "def evaluate" in form.source()
    mean = inputs.mean(axis=0)
    assert matrix_gradient(problem)[1] == pytest.approx(
        {"w1": mean[0], "w2": mean[1], "w3": mean[0], "w4": mean[1], "b_o1": 1.0, "b_o2": 1.0}
    )
    assert train_matrices(problem, 3) is None
    trace = bp.train(problem, 3)
    assert trace["w2"] == pytest.approx(0.1 - 0.5 * mean[1] * np.arange(4))
    assert predict(problem, inputs) == pytest.approx(inputs @ np.array([[0.0, 0.2], [0.1, 0.3]]) + np.array([0.4, 0.5]))


# Shown


@pytest.mark.parametrize("sizes", [(2, 2, 2), (1, 1), (3, 1), (1, 4, 1, 2), (2, 1, 1, 1)])
def test_sizes_leave_the_form_alone(sizes: tuple[int, ...]) -> None:
    """Also where a layer has one neuron: a product of matrices, not of numbers."""
    form = bp.derive(bp.Network(*sizes)).matrices()
    last = len(sizes) - 1
    lines = {step.name: " = ".join(str(step).split(" = ")[1:]).split("   ")[0] for step in form}
    for layer in range(1, last + 1):
        assert lines[f"net_{layer}"] == f"out_{layer - 1} @ W_{layer} + b_{layer}"
        assert lines[f"dE_total/dW_{layer}"] == f"out_{layer - 1}.T @ delta_{layer} / n"
        assert lines[f"dE_total/db_{layer}"] == f"sum(delta_{layer}) / n"
        assert lines[f"W_{layer}_new"] == f"W_{layer} - learning_rate * dE_total/dW_{layer}"
        if layer < last:
            back = f"(delta_{layer + 1} @ W_{layer + 1}.T)"
            assert lines[f"delta_{layer}"] == f"{back} * out_{layer} * (1 - out_{layer})"
    assert lines[f"delta_{last}"] == f"(out_{last} - targets) * out_{last} * (1 - out_{last})"
    updates = [name for name in lines if name.endswith("_new")]
    assert updates == [f"{letter}_{layer}_new" for layer in range(1, last + 1) for letter in "Wb"]
    assert lines["E_total"].endswith(f"the sum over outputs of ½ * (targets - out_{last})²")


def softmax(net: np.ndarray) -> np.ndarray:
    grown = np.exp(net)
    return np.array(grown / grown.sum(axis=1, keepdims=True))


@pytest.mark.parametrize(
    ("activations", "loss", "bias"),
    [
        (("tanh", "softmax"), "half_squared_error", "neuron"),
        (("tanh", "softmax"), "cross_entropy", "layer"),
        (("sigmoid", "sigmoid"), "binary_cross_entropy", "layer"),
        (("softplus", "tanh"), "squared_error", "neuron"),
    ],
)
def test_the_lines_that_people_read_give_the_gradients(activations: tuple[str, ...], loss: str, bias: str) -> None:
    """Their text, run as it stands: of a matrix's lines nobody else computes what is shown."""
    case = random_case(np.random.default_rng(8), (2, 4, 3), activations, loss, bias, 5)
    problem = case.problem()
    program, givens = matrix_program(problem), problem.givens
    known: dict[str, Any] = {"out_0": np.array(case.inputs), "targets": np.array(case.targets), "n": 5, "I": np.eye(3)}
    known |= {"ones": np.ones((3, 3)), "sum": np.sum, "softmax": softmax, "exp": np.exp, "ln": np.log, "tanh": np.tanh}
    for name, found in program.layout.items():
        shape = found[-1].indices
        known[name] = np.array([givens[one.name] for one in found]).reshape(shape or (1,))
    gradient: dict[str, float] = {}
    for step in program.form:
        text = str(step).split(" = ", 1)[1].split("   ")[0]
        if step.name == "E_total" or step.role is Role.UPDATE:
            continue
        text = text.replace("²", "**2").replace("½", "0.5").replace("column sums of ", "np.ones(n) @ ")
        text = text.replace("row sums of targets", "targets @ ones")
        value = known[step.name] = eval(text, {"np": np}, known)
        if step.role is Role.GRADIENT and step.quantity.by is not None:
            names = [one.name for one in program.layout[step.quantity.by.name]]
            gradient |= dict(zip(names, np.ravel(value), strict=True))
    theirs = array_gradients(case)
    assert differences(gradient, {name: theirs[name] for name in parameter_names(case)}) == []


def test_a_product_stands_in_brackets_beside_other_factors() -> None:
    latex = bp.derive(bp.Network(2, 2, 2)).matrices()._repr_latex_()
    assert r"\left(\delta_{2}\,W_{2}^{\top}\right) \circ \mathit{out}_{1}" in latex
    assert r"&= \mathit{out}_{0}\,W_{1} + b_{1} &&" in latex


def test_families_in_text() -> None:
    """A letter counts the same everywhere: i the inputs, j the hidden neurons, k the outputs."""
    families = bp.derive(bp.Network(3, 4, 2, activation=["tanh", "softmax"], loss="cross_entropy")).families()
    text = [str(family) for family in families]
    for line in (
        "net_h[j] = Σ_i W_1[i,j] · x[i] + b1   for j = 1..4   sum over i = 1..3",
        "net_o[k] = Σ_j W_2[j,k] · out_h[j] + b2   for k = 1..2   sum over j = 1..4",
        "dout_o[k]/dnet_o[k] = out_o[k] · (1 - out_o[k])   for k = 1..2",
        "dE_total/dW_1[i,j] = dE_total/dnet_h[j] · dnet_h[j]/dW_1[i,j]   for i = 1..3; j = 1..4",
    ):
        assert line in text
    beside = [line for line in text if "≠" in line]
    assert len(beside) == 1
    assert beside[0].startswith("dout_o[k]/dnet_o[l] = -out_o[k] · out_o[l]   for ")
    assert beside[0].endswith("; k ≠ l")


def test_the_lines_of_adam() -> None:
    form = bp.derive(ARTICLE.replace(update=bp.updates.Adam())).matrices()
    text = [" ".join(line.split()) for line in str(form).splitlines()]
    for line in (
        "m_W_1 = beta1 * m_W_1_old + (1 - beta1) * dE_total/dW_1 running mean of the slopes of W_1",
        "mhat_W_1 = m_W_1 / (1 - beta1^t) m_W_1 without the zeros of its start",
        "W_1_new = W_1 - learning_rate * mhat_W_1 / (√vhat_W_1 + epsilon) Adam moves W_1 against its mean "
        "slope, divided by its usual size",
    ):
        assert any(one.endswith(line) for one in text), line
    latex = form._repr_latex_()
    assert r"\hat{m}_{W_{1}} &= \frac{m_{W_{1}}}{1 - \beta_{1}^{t}}" in latex


def test_the_source_of_every_rule_is_what_runs() -> None:
    case = random_case(np.random.default_rng(5), (2, 3, 2), ("relu", "softmax"), "cross_entropy", "layer", 4)
    for rule in RULES.values():
        problem = case.problem(learning_rate=0.1).replace(update=rule, train_biases=True)
        for train_biases in (True, False):
            module: dict[str, Any] = {}
            exec(problem.derivation.matrices().source(train_biases), module)
            program = matrix_program(problem)
            theta = np.array([problem.givens[name] for name in program.names])
            rows = np.empty((4, len(theta) + 1))
            tables = np.array(problem.inputs), np.array(problem.targets)
            found = module["train"](theta, *tables, 0.1, *rule.constants.values(), 3, rows)
            wanted = bp.train(problem.replace(train_biases=train_biases), 3)
            for name in problem.network.parameters:
                np.testing.assert_allclose(found[:, program.names.index(name)], wanted[name], rtol=1e-13)
