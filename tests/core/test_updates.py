"""Update rules against plain loops written from their papers and against autograd's optimizers: lines, numbers, state.

Each rule of the loop below takes one gradient, remembers what it must in a dict, and returns what is subtracted.
"""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Callable
from dataclasses import FrozenInstanceError, replace
from typing import Any

import numpy as np
import pytest
import sympy as sp
from autograd.misc.optimizers import adam, sgd
from oracle import Case, array_gradients, parameter_names, random_case
from rows import KINDS
from thorough import EVERYTHING

import bpkit as bp
from bpkit.core.updates import Adam, GradientDescent, Momentum, RMSProp

ARTICLE = bp.examples.article.problem
STEPS = 12

# The rules by hand

Memory = dict[str, float]
Step = Callable[[float, Memory, int, float], float]  # gradient, memory, number of the update, learning rate


def gradient_descent(g: float, memory: Memory, t: int, rate: float) -> float:
    return rate * g


def momentum(beta: float) -> Step:
    def step(g: float, memory: Memory, t: int, rate: float) -> float:
        memory["v"] = beta * memory.get("v", 0.0) + g
        return rate * memory["v"]

    return step


def rmsprop(rho: float, epsilon: float) -> Step:
    def step(g: float, memory: Memory, t: int, rate: float) -> float:
        memory["s"] = rho * memory.get("s", 0.0) + (1 - rho) * g * g
        return rate * g / (math.sqrt(memory["s"]) + epsilon)

    return step


def adam_by_hand(beta1: float, beta2: float, epsilon: float) -> Step:
    def step(g: float, memory: Memory, t: int, rate: float) -> float:
        memory["m"] = beta1 * memory.get("m", 0.0) + (1 - beta1) * g
        memory["v"] = beta2 * memory.get("v", 0.0) + (1 - beta2) * g * g
        memory["mhat"] = memory["m"] / (1 - beta1**t)
        memory["vhat"] = memory["v"] / (1 - beta2**t)
        return rate * memory["mhat"] / (math.sqrt(memory["vhat"]) + epsilon)

    return step


RULES: dict[str, tuple[Any, Step, str]] = {  # the rule, the same by hand, the letters of its state
    "gradient descent": (GradientDescent(), gradient_descent, ""),
    "momentum": (Momentum(), momentum(0.9), "v"),
    "a short memory": (Momentum(beta=0.5), momentum(0.5), "v"),
    "RMSProp": (RMSProp(), rmsprop(0.9, 1e-8), "s"),
    "RMSProp otherwise": (RMSProp(rho=0.7, epsilon=1e-3), rmsprop(0.7, 1e-3), "s"),
    "Adam": (Adam(), adam_by_hand(0.9, 0.999, 1e-8), "mv"),
    "Adam otherwise": (Adam(beta1=0.6, beta2=0.8, epsilon=1e-2), adam_by_hand(0.6, 0.8, 1e-2), "mv"),
}


def in_plain_numbers(rule: Any) -> Step:
    """The rule's own numbers as a step: they are right if they are the lines', and the lines if they are the loop's."""

    def step(g: float, memory: Memory, t: int, rate: float) -> float:
        made = rule.computed(g, defaultdict(float, memory, t=t - 1))
        memory.update({letter: value for letter, value in made.items() if letter not in ("t", "step")})
        return rate * made["step"]

    return step


def letters_of(rule: Any) -> str:
    """The letters of what a rule remembers of a parameter."""
    states = bp.derive(ARTICLE.replace(update=rule)).states
    return "".join(name.removesuffix("_w1") for name in states if name.endswith("_w1"))


RULES |= {f"{name}, by itself": (one(), in_plain_numbers(one()), letters_of(one())) for name, one in KINDS.items()}
every_rule = pytest.mark.parametrize("name", [name for name in RULES if EVERYTHING or "otherwise" not in name])


def case_of(samples: int = 0, bias: str = "layer", own_names: bool = False) -> Case:
    rng = np.random.default_rng([samples, len(bias)])
    kinds = ("tanh", "sigmoid")
    return random_case(rng, (2, 3, 2), kinds, "half_squared_error", bias, samples, own_names=own_names)


def is_bias(name: str) -> bool:
    return name.startswith("b")


def by_hand(
    case: Case, step: Step, steps: int, rate: float, decay: float = 0.0, train_biases: bool = True, batch: str = "mean"
) -> list[dict[str, float]]:
    """Every parameter, and what is remembered of it (``m_w1``), after each update; gradients by autograd."""
    now = dict(case.parameters)
    memories: dict[str, Memory] = {name: {} for name in now}
    states = [dict(now)]
    share = len(case.inputs) if batch == "sum" else 1
    for t in range(1, steps + 1):
        gradient = array_gradients(replace(case, parameters=now))
        for name in parameter_names(case):
            if is_bias(name) and not train_biases:
                continue
            g = share * gradient[name] + (0 if is_bias(name) else decay * now[name])
            now[name] = now[name] - step(g, memories[name], t, rate)
        remembered = {f"{letter}_{n}": v for n, memory in memories.items() for letter, v in memory.items()}
        states.append({**now, **remembered})
    return states


def agree(trace: Any, states: list[dict[str, float]], case: Case, letters: str, train_biases: bool = True) -> None:
    assert len(trace) == len(states)
    for name in parameter_names(case):
        np.testing.assert_allclose(trace[name], [state[name] for state in states], rtol=1e-9, atol=1e-12)
        for letter in letters if train_biases or not is_bias(name) else "":
            theirs = [state.get(f"{letter}_{name}", 0.0) for state in states]
            assert trace[f"{letter}_{name}"][0] == 0
            np.testing.assert_allclose(trace[f"{letter}_{name}"], theirs, rtol=1e-8, atol=1e-14)


@every_rule
@pytest.mark.parametrize("bias", ["layer", "neuron", "none"])
def test_training_is_the_loop_of_the_paper(name: str, bias: str) -> None:
    rule, step, letters = RULES[name]
    case = case_of(bias=bias, own_names=bias == "neuron")
    trace = bp.train(case.problem(update=rule, learning_rate=0.05), STEPS)
    agree(trace, by_hand(case, step, STEPS, 0.05), case, letters)


@every_rule
@pytest.mark.parametrize("batch", ["mean", "sum"])
def test_on_a_batch_the_rule_sees_the_batchs_gradient(name: str, batch: str) -> None:
    rule, step, letters = RULES[name]
    case = case_of(samples=3)
    problem = case.problem(update=rule, learning_rate=0.05, batch=batch)
    agree(bp.train(problem, STEPS), by_hand(case, step, STEPS, 0.05, batch=batch), case, letters)
    first = by_hand(case, step, 1, 0.05, batch=batch)[1]
    values = bp.evaluate(problem)
    for parameter in parameter_names(case):
        assert values[f"{parameter}_new"] == pytest.approx(first[parameter], rel=1e-10, abs=1e-13)


@pytest.mark.parametrize("name", KINDS)
@pytest.mark.parametrize("train_biases", [True, False])
@pytest.mark.parametrize("samples", [0, 3])
def test_weight_decay_and_biases_that_stay(name: str, train_biases: bool, samples: int) -> None:
    _, step, letters = RULES.get(name) or RULES[f"{name}, by itself"]
    case = case_of(samples=samples)
    rule = KINDS[name](weight_decay=0.3)
    problem = case.problem(update=rule, learning_rate=0.05, train_biases=train_biases)
    states = by_hand(case, step, STEPS, 0.05, 0.3, train_biases)
    agree(bp.train(problem, STEPS), states, case, letters, train_biases)
    plain, decayed = bp.evaluate(case.problem()), bp.evaluate(problem)
    for line in plain:
        if not line.endswith("_new"):  # the loss and its derivatives do not know of the decay
            np.testing.assert_array_equal(plain[line], decayed[line])
    assert decayed["w1_new"] == pytest.approx(states[1]["w1"], rel=1e-10)
    if not train_biases:
        assert decayed["b1_new"] == problem.parameters["b1"]
        assert not any(f"_{bias}" in state for bias in ("b1", "b2") for state in problem.state)


@pytest.mark.parametrize("rate", [0.01, 0.3])
def test_autograds_adam_and_its_descent_with_momentum(rate: float) -> None:
    case = case_of(samples=4)
    names = parameter_names(case)
    start = np.array([case.parameters[name] for name in names])

    def gradient(theta: np.ndarray, _: int) -> np.ndarray:
        found = array_gradients(replace(case, parameters=dict(zip(names, map(float, theta), strict=True))))
        return np.array([found[name] for name in names])

    final = bp.train(case.problem(update=Adam(), learning_rate=rate), STEPS).final
    theirs = adam(gradient, start, num_iters=STEPS, step_size=rate)
    np.testing.assert_allclose([final.parameters[name] for name in names], theirs, rtol=1e-9, atol=1e-12)
    final = bp.train(case.problem(update=Momentum(0.8), learning_rate=rate), STEPS).final
    # Its velocity holds (1 - mass) times the gradient, so that the learning rate takes the share back.
    theirs = sgd(gradient, start, num_iters=STEPS, step_size=rate / (1 - 0.8), mass=0.8)
    np.testing.assert_allclose([final.parameters[name] for name in names], theirs, rtol=1e-9, atol=1e-12)


# Lines

LINES = {
    "gradient descent": [],
    "momentum": ["v_w1"],
    "RMSProp": ["s_w1"],
    "Adam": ["m_w1", "v_w1", "mhat_w1", "vhat_w1"],
}


@pytest.mark.parametrize("name", LINES)
def test_the_lines_of_a_rule_stand_before_the_new_value(name: str) -> None:
    plain = bp.derive(ARTICLE.network)
    problem = ARTICLE.replace(update=RULES[name][0], train_biases=True)
    lines = [step.name for step in bp.derive(problem)]
    own = [line for line in lines if line not in plain]
    of_each = [line.replace("w1", p) for p in ARTICLE.parameters for line in LINES[name]]
    assert [line for line in own if line != "t"] == of_each
    place = lines.index("w1_new")
    assert lines[place - len(LINES[name]) : place] == LINES[name]
    assert [line for line in lines if line in plain] == [step.name for step in plain]
    assert bp.derive(ARTICLE.network) == bp.derive(ARTICLE.replace(train_biases=True))
    assert list(bp.evaluate(problem)) == lines


PAPERS: list[tuple[Any, dict[str, str]]] = [
    (GradientDescent(), {"w1_new": "w1 - learning_rate*g"}),
    (Momentum(), {"v_w1": "beta*v_w1_old + g", "w1_new": "w1 - learning_rate*v_w1"}),
    (
        RMSProp(),
        {"s_w1": "rho*s_w1_old + (1 - rho)*g**2", "w1_new": "w1 - learning_rate*g/(s_w1**0.5 + epsilon)"},
    ),
    (
        Adam(),
        {
            "t": "t_old + 1",
            "m_w1": "beta1*m_w1_old + (1 - beta1)*g",
            "v_w1": "beta2*v_w1_old + (1 - beta2)*g**2",
            "mhat_w1": "m_w1/(1 - beta1**t)",
            "vhat_w1": "v_w1/(1 - beta2**t)",
            "w1_new": "w1 - learning_rate*mhat_w1/(vhat_w1**0.5 + epsilon)",
        },
    ),
]


@pytest.mark.parametrize(("rule", "rows"), PAPERS, ids=repr)
def test_the_right_sides_are_the_papers(rule: Any, rows: dict[str, str]) -> None:
    derivation = bp.derive(ARTICLE.replace(update=rule))
    for name, formula in rows.items():
        rhs = derivation[name].rhs
        numbers = {symbol.name: 0.1 + 0.07 * i for i, symbol in enumerate(sorted(rhs.free_symbols, key=str))}
        found = float(rhs.xreplace({symbol: sp.Float(numbers[symbol.name]) for symbol in rhs.free_symbols}))
        numbers["g"] = numbers.get("dE_total/dw1", math.nan)
        assert found == pytest.approx(eval(formula, dict(numbers)), rel=1e-12), name
        assert set(numbers) - {"g", "dE_total/dw1"} == set(re.findall(r"[a-z]\w*", formula)) - {"g"}, name


def test_each_line_rests_on_what_is_before_it() -> None:
    derivation = bp.derive(ARTICLE.replace(update=Adam(weight_decay=0.1), train_biases=True))
    numbers = {step.name: step.number for step in derivation}
    assert list(numbers.values()) == list(range(1, len(derivation) + 1))
    for step in derivation:
        read = {symbol.name for symbol in step.rhs.free_symbols}
        assert set(step.uses) == {numbers[name] for name in read & set(numbers)}
        assert all(number < step.number for number in step.uses)
    assert {"m_w1", "v_w1", "mhat_w1", "vhat_w1", "t"} <= {step.name for step in derivation.toward("w1_new")}
    assert not any("w2" in step.name for step in derivation.toward("w1_new") if step.role == "update")


@every_rule
def test_lines_with_numbers_and_as_text(name: str) -> None:
    problem = ARTICLE.replace(update=RULES[name][0]).updated(3)
    derivation = bp.derive(problem)
    assert f"{bp.evaluate(problem)['w1_new']:.6g}" in str(derivation.toward("w1_new").at(problem))
    assert derivation._repr_latex_()
    assert derivation.toward("w1_new").at(problem)._repr_latex_()


# Numbers


@every_rule
def test_one_update_after_another(name: str) -> None:
    """What evaluate says of the next update is what training does."""
    rule, _, letters = RULES[name]
    problem = case_of().problem(update=rule, learning_rate=0.05)
    trace = bp.train(problem, 5)
    for update in range(5):
        assert bp.evaluate(problem)["E_total"] == trace.loss[update]
        values, problem = bp.evaluate(problem), problem.updated()
        for parameter in problem.parameters:
            assert values[f"{parameter}_new"] == trace[parameter][update + 1] == problem.parameters[parameter]
            for letter in letters:
                state = f"{letter}_{parameter}"
                assert values[state] == trace[state][update + 1] == problem.state[state]
        if letters == "mv":
            assert values["t"] == update + 1
            assert values["mhat_w1"] == pytest.approx(values["m_w1"] / (1 - rule.beta1 ** (update + 1)), rel=1e-14)
            assert values["vhat_w1"] == pytest.approx(values["v_w1"] / (1 - rule.beta2 ** (update + 1)), rel=1e-14)


@every_rule
@pytest.mark.parametrize("samples", [0, 3])
@pytest.mark.parametrize("batch", ["mean", "sum", "each"])
def test_the_state_is_carried_on(name: str, samples: int, batch: str) -> None:
    rule, _, letters = RULES[name]
    problem = case_of(samples).problem(update=rule, learning_rate=0.05, batch=batch)
    whole, first = bp.train(problem, 12), bp.train(problem, 7)
    second = bp.train(first.final, 5)
    np.testing.assert_array_equal(np.concatenate([first.table, second.table[1:]]), whole.table)
    np.testing.assert_array_equal(np.concatenate([first.loss, second.loss[1:]]), whole.loss)
    for state in problem.state:
        np.testing.assert_array_equal(np.concatenate([first[state], second[state][1:]]), whole[state])
    assert second.final == whole.final == problem.updated(12) == problem.updated(7).updated(5)
    assert dict(second.final.state) == dict(whole.final.state)
    assert whole.at(7) == first.final
    assert whole.at(0) == problem
    if letters == "mv":
        assert whole.final.state["t"] == 12
        assert bp.evaluate(whole.final)["t"] == 13


def test_the_state_at_the_start() -> None:
    assert not any(ARTICLE.state.values())
    problem = ARTICLE.replace(update=Adam())
    assert {f"{letter}_w{i}" for letter in "mv" for i in range(1, 9)} | {"t"} == set(problem.state)
    assert set(problem.state.values()) == {0}
    trace = bp.train(problem, 4)
    assert trace["m_w1"].shape == (5,)
    assert trace["m_w1"][0] == 0
    assert trace["t"].tolist() == [0, 1, 2, 3, 4]
    with pytest.raises(TypeError):
        problem.state["m_w1"] = 1.0  # type: ignore[index]
    with pytest.raises(bp.BpkitError, match=r"'m_w9'.*m_w"):
        trace["m_w9"]


def test_a_state_may_be_given() -> None:
    problem = ARTICLE.replace(update=Momentum(0.5), state={"v_w1": 2.0})
    values, plain = bp.evaluate(problem), bp.evaluate(ARTICLE)
    assert values["v_w1"] == pytest.approx(1.0 + plain["dE/dw1"], rel=1e-14)
    assert values["w1_new"] == pytest.approx(0.25 - 0.5 * values["v_w1"], rel=1e-14)
    assert values["w2_new"] == plain["w2_new"]
    with pytest.raises(bp.BpkitError, match=r"state: .*'v_w11'.*v_w1"):
        ARTICLE.replace(update=Momentum(), state={"v_w11": 1.0})
    with pytest.raises(bp.BpkitError, match=r"v_w1: expected a finite number"):
        ARTICLE.replace(update=Momentum(), state={"v_w1": math.inf})


@pytest.mark.parametrize("wrong", ["t", ["t"], 5, {"t": -1}, {"t": 1.5}, {"t": "two"}, {"m_w1": None}])
def test_what_is_no_state(wrong: Any) -> None:
    """A mapping of names that this rule remembers; t counts updates."""
    with pytest.raises(bp.BpkitError, match=r"^(state|t|m_w1): expected"):
        ARTICLE.replace(update=Adam(), state=wrong)


def test_another_problem_keeps_what_still_fits_of_the_state() -> None:
    problem = ARTICLE.replace(update=Adam()).updated(3)
    assert dict(problem.replace(learning_rate=0.1).state) == dict(problem.state)
    assert dict(problem.replace(w1=0.3, x1=1).state) == dict(problem.state)
    assert set(problem.replace(update=Momentum()).state.values()) == {0}
    assert problem != ARTICLE.replace(update=Adam(), parameters=problem.parameters)
    assert hash(problem) == hash(ARTICLE.replace(update=Adam()).updated(3))


def test_a_problem_says_its_rule_and_its_state() -> None:
    plain = ARTICLE.replace(update=GradientDescent())
    assert "update" not in repr(plain)
    problem = ARTICLE.replace(update=RMSProp(rho=0.5, weight_decay=0.01)).updated(2)
    words = {"Problem": bp.Problem, "Network": bp.Network, "RMSProp": RMSProp}
    assert eval(repr(problem), words) == problem


@every_rule
@pytest.mark.parametrize("train_biases", [True, False])
def test_the_source_trains_the_same(name: str, train_biases: bool) -> None:
    rule, _, _ = RULES[name]
    problem = ARTICLE.replace(update=rule, train_biases=train_biases).updated(2)
    module: dict[str, Any] = {}
    source = bp.derive(problem).source()
    exec(source, module)
    records: list[tuple[float, ...]] = []
    module["train"](**problem.givens, steps=10, record=records.append, pack=lambda *row: row)
    trace, values = bp.train(problem, 10), bp.evaluate(problem)
    table = np.array(records)
    np.testing.assert_array_equal(table[:, : len(problem.parameters)], trace.table)
    np.testing.assert_array_equal(table[:, -1], trace.loss)
    assert module["evaluate"](**problem.givens) == tuple(values.values())
    for step in bp.derive(problem):
        assert f"# ({step.number})\n" in source


@pytest.mark.parametrize("name", ["momentum", "RMSProp", "Adam"])
def test_a_wide_network_and_a_batch_of_one_train_as_the_straight_lines_do(name: str) -> None:
    rule, step, _ = RULES[name]
    rng = np.random.default_rng(3)
    case = random_case(rng, (4, 12, 10, 3), ("tanh", "tanh", "identity"), "half_squared_error", "layer")
    problem = case.problem(update=rule, learning_rate=0.01)
    assert len(problem.parameters) > bp.core.train.STRAIGHT_LINE_LIMIT
    trace, states = bp.train(problem, 4), by_hand(case, step, 4, 0.01)
    for parameter in ("w1", "w60", "w198", "b2"):
        np.testing.assert_allclose(trace[parameter], [state[parameter] for state in states], rtol=1e-8, atol=1e-11)
    one = ARTICLE.replace(update=rule)
    row = one.replace(inputs=[one.inputs], targets=[one.targets])
    np.testing.assert_allclose(bp.train(row, 20).table, bp.train(one, 20).table, rtol=1e-11, atol=1e-14)


@pytest.mark.parametrize("name", ["gradient descent", "momentum", "RMSProp", "Adam"])
def test_what_does_not_reach_the_loss_stays(name: str) -> None:
    """A dead ReLU: gradient 0, and 0/√0 + ε is 0."""
    network = bp.Network(1, 1, 1, activation=["relu", "identity"])
    numbers = {"w1": -1.0, "w2": 0.5, "b1": -1.0, "b2": 0.25}
    trace = bp.train(bp.Problem(network, numbers, [1.0], [1.0], update=RULES[name][0]), 20)
    assert set(trace["w1"]) == {-1.0}
    assert set(trace["b1"]) == {-1.0}
    assert trace["b2"][-1] != 0.25


@pytest.mark.parametrize("name", ["gradient descent", "momentum", "RMSProp", "Adam"])
def test_a_run_that_leaves_the_floats_on_its_way(name: str) -> None:
    """One update leads to e^14600, which math refuses and NumPy takes; what is remembered goes on all the same."""
    rule, step, letters = RULES[name]
    rate = 1e5 if letters in ("", "v") else 1e4
    network = bp.Network(1, 1, bias="none")
    trace = bp.train(bp.Problem(network, {"w1": 0.5}, [1.0], [0.0], rate, update=rule), 9)
    memory: Memory = {}
    w, expected = 0.5, [0.5]
    for t in range(1, 10):
        out = 1 / (1 + math.exp(-w)) if w > -700 else 0.0
        w -= step(out * out * (1 - out), memory, t, rate)
        expected.append(w)
        for letter in letters:
            assert trace[f"{letter}_w1"][t] == pytest.approx(memory[letter], rel=1e-12)
    assert expected[-1] < -5000
    assert trace["w1"] == pytest.approx(expected, rel=1e-12)
    assert trace.diverged_at is None


# Words


def test_rules_are_values() -> None:
    assert GradientDescent().weight_decay == 0
    assert (Momentum().beta, RMSProp().rho, RMSProp().epsilon) == (0.9, 0.9, 1e-8)
    assert (Adam().beta1, Adam().beta2, Adam().epsilon) == (0.9, 0.999, 1e-8)
    for rule in (one() for one in KINDS.values()):
        assert rule == type(rule)(weight_decay=0)
        assert hash(rule) == hash(type(rule)())
        assert rule != type(rule)(weight_decay=0.1)
        assert eval(repr(rule), vars(bp.updates)) == rule
        with pytest.raises(FrozenInstanceError):
            rule.weight_decay = 1  # type: ignore[misc]
    assert Momentum(0.5) == Momentum(beta=0.5) != Momentum()
    assert repr(Momentum(0)) == "Momentum(beta=0.0)"  # no decay, no word of it
    assert "weight_decay" not in ARTICLE.replace(update=Adam()).givens
    assert ARTICLE.replace(update=Adam(weight_decay=1)).givens["weight_decay"] == 1
    assert bp.Problem(ARTICLE.network, ARTICLE.parameters, [0, 0], [0, 0]).update == GradientDescent()


@pytest.mark.parametrize(
    ("make", "got"),
    [
        (lambda: Adam(lr=0.01), "beta1, beta2, epsilon, weight_decay, .*got 'lr'"),
        (lambda: RMSProp(0.9, 1e-8, 0.01), "rho, epsilon, weight_decay, .*got 0.01"),  # decay by its name alone
        (lambda: Momentum(0.9, beta=0.8), "beta, weight_decay, each at most once, got 'beta'"),
        (lambda: GradientDescent(0.1), "GradientDescent: expected weight_decay, .*got 0.1"),
    ],
)
def test_an_argument_that_a_rule_does_not_have(make: Callable[[], Any], got: str) -> None:
    with pytest.raises(bp.BpkitError, match=f"{got}; the learning rate is an argument of Problem"):
        make()


@pytest.mark.parametrize("wrong", [-0.1, math.nan, math.inf, "much", None, True])
def test_numbers_that_no_rule_can_have(wrong: Any) -> None:
    for make in (GradientDescent, Momentum, RMSProp, Adam):
        with pytest.raises(bp.BpkitError, match=f"{make.__name__}: expected weight_decay from 0, finite, got"):
            make(weight_decay=wrong)
    for make, word in ((Momentum, "beta"), (RMSProp, "rho"), (RMSProp, "epsilon"), (Adam, "beta1"), (Adam, "beta2")):
        with pytest.raises(bp.BpkitError, match=f"{make.__name__}: expected .*{word}"):
            make(**{word: wrong})


def test_a_division_by_nothing_is_refused() -> None:
    for make in (RMSProp, Adam):
        with pytest.raises(bp.BpkitError, match=f"{make.__name__}: expected epsilon above 0, such as 1e-8, got 0"):
            make(epsilon=0)


def test_what_does_not_learn_says_so() -> None:
    reasons = {step.name: step.reason for step in bp.derive(ARTICLE.replace(train_biases=False))}
    assert reasons["b1_new"] == "this problem keeps its biases: b1 stays"


def test_a_memory_that_never_fades_is_refused() -> None:
    for make, word in ((Momentum, "beta"), (RMSProp, "rho"), (Adam, "beta1"), (Adam, "beta2")):
        with pytest.raises(bp.BpkitError, match=f"{make.__name__}: expected {word} from 0 to below 1.*, got 1"):
            make(**{word: 1})


@pytest.mark.parametrize(
    ("wrong", "meant"), [("adam", "Adam"), ("Momentun", "Momentum"), (Adam, "Adam"), (0.9, "Adam")]
)
def test_an_unknown_rule_is_refused_with_what_was_meant(wrong: Any, meant: str) -> None:
    with pytest.raises(bp.BpkitError, match=f"update: .*{meant}"):
        ARTICLE.replace(update=wrong)


def test_a_function_of_ones_own_is_not_called_as_the_rule_calls_a_number() -> None:
    y, out = sp.symbols("y out")
    for name in ("t", "beta1", "v_w1"):
        network = bp.Network(1, 1, loss=bp.Loss(name, (y - out) ** 4))
        bp.derive(bp.Problem(network, {"w1": 1.0, "b1": 0.0}, [1.0], [0.0]))
        with pytest.raises(bp.BpkitError, match=f"Adam does not use itself, got a function called '{name}'"):
            bp.Problem(network, {"w1": 1.0, "b1": 0.0}, [1.0], [0.0], update=Adam())


def test_what_is_no_rule_itself() -> None:
    problem = bp.examples.article.problem
    for rule in (bp.updates.UpdateRule(), Adam):
        with pytest.raises(bp.BpkitError, match=r"update: expected a rule such as bp\.updates\.Adam"):
            problem.replace(update=rule)
