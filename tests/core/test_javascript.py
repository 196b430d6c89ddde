"""The JavaScript of a derivation says what its Python says: in a real engine, line by line and update by update."""

from __future__ import annotations

import atexit
import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import mpmath as mp
import numpy as np
import pytest
import sympy as sp
from hypothesis import assume, example, given
from hypothesis import strategies as st
from module_engine import returned
from oracle import SMALLEST, Case, random_case
from py_mini_racer import MiniRacer
from rows import ACTIVATIONS, ANYWHERE, DECAYING
from strategies import cases
from thorough import examples, many

import bpkit as bp
from bpkit.core.javascript import HELPERS, evaluation, module, training
from bpkit.core.names import is_taken, is_word

ENGINE = MiniRacer()
atexit.register(ENGINE.close)  # left to the interpreter's last moments, the engine may wait for its thread for ever
NETS = (-1000.0, -709.9, 36.9, 1000.0, -745.2, -36.9, -5.0, 4.6, 709.4, 709.9)[: many(4, 100)]

z, y, out = sp.symbols("z y out")
OWN: dict[str, sp.Expr] = {
    "own_swish": z / (1 + sp.exp(-z)),
    "own_mish": z * sp.tanh(sp.log(1 + sp.exp(z))),
    "own_gelu": z * (1 + sp.erf(z / sp.sqrt(2))) / 2,
    "quick": z / (1 + sp.exp(-1.702 * z)),
    "by_hand": (sp.exp(z) - sp.exp(-z)) / (sp.exp(z) + sp.exp(-z)),
    "hyperbolic": sp.sinh(z) / sp.cosh(z),
    "smooth": sp.log(1 + sp.exp(2 * z)) / 2,
    "own_elu": sp.Piecewise((z, z > 0), (sp.exp(z) - 1, True)),
    "own_softsign": z / (1 + sp.Abs(z)),
    "bump": sp.exp(-(z**2)),
    "root": sp.sqrt(1 + z**2) - z ** sp.Rational(2) / (3 + z**2) ** sp.Rational(5, 2),
    "arctangent": sp.atan(z) * 2 / sp.pi,
    "waves": sp.sin(z) + sp.cos(z) / 3 + sp.E,
    "steps3": sp.Piecewise((-1 + z / 10, z < -1), (z * sp.exp(z**2 - 1), z <= 1), (1 + z / 10, True)),
    "own_hard": sp.Min(sp.Max(z, -1), 1),
    "inside": sp.exp(-(sp.log(1 + sp.exp(z)) ** 2)) * sp.exp(z) / (1 + sp.exp(z)),
    "typeof": sp.tanh(z / 2),  # a word that JavaScript keeps for itself
}


def called(text: str, call: str) -> list[float]:
    """What a function of a module returns: one number, the values of an object, or records."""
    plain = text.replace("export function", "function")
    result = f"const r = {call}; return Float64Array.from(typeof r === 'number' ? [r] : Object.values(r));"
    return returned(ENGINE, f"{plain}\n{result}")


def with_numbers(name: str, numbers: Iterable[float]) -> str:
    return f"{name}({', '.join(repr(float(number)) for number in numbers)})"


def text_of(problem: bp.Problem) -> str:
    program = bp.derive(problem).program
    return module(
        evaluation(program.steps, program.givens, [s.name for s in program.steps]), functions=program.functions
    )


def in_javascript(problem: bp.Problem, text: str = "") -> dict[str, float]:
    program = bp.derive(problem).program
    call = with_numbers("evaluate", (problem.givens[name] for name in program.givens))
    return dict(zip((step.name for step in program.steps), called(text or text_of(problem), call), strict=True))


def loop_of(problem: bp.Problem) -> str:
    program = bp.derive(problem).program
    loop = training(program.steps, program.givens, program.new, (*program.recorded, "E_total"))
    return module(loop, functions=program.functions)


def trained(problem: bp.Problem, steps: int, text: str = "") -> np.ndarray[Any, Any]:
    """A row for each record: every parameter, what the rule remembers, and the loss."""
    program = bp.derive(problem).program
    call = with_numbers("train", [*(problem.givens[name] for name in program.givens), steps])
    return np.array(called(text or loop_of(problem), call)).reshape(-1, len(program.recorded) + 1)


def rows_of(trace: Any) -> np.ndarray[Any, Any]:
    return np.column_stack([trace.table, *trace.state.values(), trace.loss])


def differences(ours: Mapping[str, float], theirs: Mapping[str, Any], tolerance: float = 1e-12,
                floor: float = 2e-15) -> list[str]:  # fmt: skip
    """Where two sets of numbers differ; ``floor`` is what terms that cancel may leave of the largest finite one."""
    assert set(ours) == set(theirs)
    right = {name: nearest(value) for name, value in theirs.items()}
    largest = max([1.0, *(abs(value) for value in right.values() if math.isfinite(value))])
    return [
        f"{name}: {ours[name]!r} is not {value!r}"
        for name, value in right.items()
        if ours[name] != value and not abs(ours[name] - value) <= tolerance * abs(value) + floor * largest + SMALLEST
    ]


# A second program for the readable right sides: it walks the expressions, and numbers have as many digits as it takes.

RULES: dict[str, Callable[..., Any]] = {
    "Add": lambda *terms: mp.fsum(terms),
    "Mul": lambda *factors: mp.fprod(factors),
    "Pow": mp.power,
    "Abs": abs,
    "Max": max,
    "Min": min,
}


def precise(expr: sp.Basic, values: Mapping[str, Any]) -> Any:
    if expr.is_Symbol:
        return values[expr.name]
    if expr.is_Number:
        return mp.mpf(expr.p) / expr.q if expr.is_Rational else mp.mpf(float(expr))
    if expr.is_NumberSymbol:
        return mp.mpf(expr.evalf(mp.mp.dps))
    if isinstance(expr, sp.Piecewise):
        return precise(next(value for value, condition in expr.args if holds(condition, values)), values)
    arguments = [precise(one, values) for one in expr.args]
    name = type(expr).__name__
    return (RULES.get(name) or getattr(mp, name))(*arguments)


def holds(condition: sp.Basic, values: Mapping[str, Any]) -> bool:
    if condition in (sp.true, sp.false):
        return bool(condition)
    if isinstance(condition, sp.And):
        return all(holds(one, values) for one in condition.args)
    if isinstance(condition, sp.ITE):
        test, then, otherwise = condition.args
        return holds(then if holds(test, values) else otherwise, values)
    left, right = (precise(one, values) for one in condition.args)
    return {"<": left < right, "<=": left <= right, ">": left > right, ">=": left >= right}[condition.rel_op]


def by_reading(problem: bp.Problem, digits: int = 1400) -> dict[str, Any]:
    """Every line as people read it; e^-1000 is 1e-434, and its square must not be lost beside a 1."""
    with mp.workdps(digits):
        values = {name: mp.mpf(value) for name, value in problem.givens.items()}
        lines = bp.derive(problem)
        for step in lines:
            values[step.name] = precise(step.rhs, values)
        return {step.name: values[step.name] for step in lines}


def nearest(value: Any) -> float:
    try:
        return float(value)
    except OverflowError:
        return math.copysign(math.inf, value)


def own_case(name: str, seed: int, output: str = "identity", sizes: Sequence[int] = (2, 2, 2)) -> bp.Problem:
    case = random_case(np.random.default_rng(seed), sizes, ("tanh", output), "half_squared_error", "layer")
    network = bp.Network(*sizes, activation=[bp.Activation(name, OWN[name]), output])
    return bp.Problem(network, case.parameters, case.inputs[0], case.targets[0], learning_rate=0.01)


def own_loss(name: str, expr: sp.Expr, output: str = "identity") -> bp.Problem:
    case = random_case(np.random.default_rng(3), (2, 2, 2), ("tanh", output), "squared_error", "layer")
    network = bp.Network(2, 2, 2, activation=["tanh", output], loss=bp.Loss(name, expr))
    return bp.Problem(network, case.parameters, case.inputs[0], case.targets[0], learning_rate=0.01)


# The same numbers as Python


@examples(20, 400)
@given(cases(samples=st.just(0)))
def test_every_line_is_that_of_python(case: Case) -> None:
    problem = case.problem()
    assert differences(in_javascript(problem), bp.evaluate(problem)) == []


@examples(5, 50)
@given(cases(samples=st.just(0), sizes=st.lists(st.integers(1, 3), min_size=2, max_size=4)))
def test_every_line_is_what_people_read(case: Case) -> None:
    problem = case.problem()
    assert differences(in_javascript(problem), by_reading(problem, 50), floor=2e-14) == []


@pytest.mark.parametrize("name", OWN)
@pytest.mark.parametrize("seed", range(many(1, 30)))
def test_own_activations(name: str, seed: int) -> None:
    problem = own_case(name, seed)
    assert differences(in_javascript(problem), bp.evaluate(problem)) == []
    assert differences(in_javascript(problem), by_reading(problem, 50), floor=2e-14) == []


@pytest.mark.parametrize(
    ("name", "expr"),
    [
        (
            "own_huber",
            sp.Piecewise(((y - out) ** 2 / 2, sp.Abs(y - out) < 1), (sp.Abs(y - out) - sp.Rational(1, 2), True)),
        ),
        ("own_cosh_log", sp.log(sp.cosh(out - y))),
        ("own_pinball", sp.Max(sp.Float(0.8) * (y - out), sp.Float(-0.2) * (y - out))),
        ("switch", (y - out) ** 4),
    ],
)
def test_own_losses(name: str, expr: sp.Expr) -> None:
    problem = own_loss(name, expr)
    assert differences(in_javascript(problem), bp.evaluate(problem)) == []
    assert differences(in_javascript(problem), by_reading(problem, 50), floor=2e-14) == []
    agree_in_training(problem)
    far = problem.replace(x1=1000.0, y1=-2000.0)
    assert differences(in_javascript(far), by_reading(far, 1000), floor=2e-14) == []


def test_the_output_as_loss_and_derivatives_by_inputs() -> None:
    network = bp.Network(2, 3, 1, activation=["softplus", "tanh"], loss="output")
    rng = np.random.default_rng(5)
    problem = bp.Problem(network, {name: rng.normal() for name in network.parameters}, [0.3, -0.7], learning_rate=0.1)
    agree_in_training(problem)
    program, names = bp.derive(problem).input_program, ["dE_total/dx1", "dE_total/dx2"]
    text = module(evaluation(program.steps, program.givens, names), functions=program.functions)
    ours = called(text, with_numbers("evaluate", (problem.givens[name] for name in program.givens)))
    assert ours == pytest.approx([bp.evaluate(problem)[name] for name in names], rel=1e-13)


# Net inputs of ±1000


def one_neuron(net: float, activation: str | bp.Activation, loss: str, y: float) -> bp.Problem:
    return bp.Problem(bp.Network(1, 1, activation=activation, loss=loss, bias="none"), {"w1": net}, [1.0], [y])


@pytest.mark.parametrize(
    ("activation", "loss", "y"),
    [(one, loss, -3.0) for one in ACTIVATIONS for loss in ANYWHERE]
    + [("sigmoid", "binary_cross_entropy", y) for y in (0.0, 1.0)],
)
def test_no_digit_is_lost_at_extremes(activation: str, loss: str, y: float) -> None:
    """Relative to each number, also to those as small as e^-600; what leaves the floats is infinite."""
    for net in NETS:
        problem = one_neuron(net, activation, loss, y)
        assert differences(in_javascript(problem), by_reading(problem), floor=0) == [], net


@pytest.mark.parametrize("net", NETS)
@pytest.mark.parametrize("loss", [*ANYWHERE, "cross_entropy"])
def test_softmax_at_extremes(net: float, loss: str) -> None:
    network = bp.Network(1, 3, activation="softmax", loss=loss, bias="none")
    for y in ([1, 0, 0], [0, 1, 0], [0, 0, 1]):
        problem = bp.Problem(network, {"w1": net, "w2": 0.3, "w3": -0.6}, [1.0], y)
        floor = 0 if loss == "cross_entropy" else 2e-15
        assert differences(in_javascript(problem), by_reading(problem), floor=floor) == [], y


@examples(4, 40)
@given(
    st.sampled_from(ACTIVATIONS),
    st.sampled_from([("sigmoid", "binary_cross_entropy"), ("softmax", "cross_entropy"), ("tanh", "squared_error")]),
    st.integers(0, 2**32 - 1),
)
@example("identity", ("sigmoid", "binary_cross_entropy"), 362320)  # a net input beyond 3000
def test_random_networks_with_large_inputs(hidden: str, last: tuple[str, str], seed: int) -> None:
    rng = np.random.default_rng(seed)
    case = random_case(rng, (2, 3, 2), (hidden, last[0]), last[1], "layer")
    problem = replace(case, inputs=(tuple(rng.uniform(-1000, 1000, 2)),)).problem()
    ours, python = in_javascript(problem), bp.evaluate(problem)
    largest = max(abs(value) for name, value in python.items() if name.startswith("net_"))
    assert differences(ours, by_reading(problem, 1400 + math.ceil(largest)), floor=2e-14) == []
    assert differences(ours, python, floor=2e-14) == []


@pytest.mark.parametrize("name", OWN)
def test_own_activations_at_extremes(name: str) -> None:
    for net in NETS:
        problem = one_neuron(net, bp.Activation(name, OWN[name]), "half_squared_error", 0.3)
        assert differences(in_javascript(problem), by_reading(problem, 1000), floor=2e-14) == [], net


@pytest.mark.parametrize("net", [-700.0, -400.0, -100.0, 400.0])
@pytest.mark.parametrize("name", ["own_swish", "quick"])
def test_a_slope_whose_parts_overflow_keeps_its_digits(name: str, net: float) -> None:
    """It is about net·e^net, of a fraction whose denominator leaves the floats."""
    problem = one_neuron(net, bp.Activation(name, OWN[name]), "half_squared_error", 0.3)
    right = by_reading(problem, 1000)
    assert differences(in_javascript(problem), right, floor=0) == []
    assert differences(bp.evaluate(problem), right, floor=0) == []


# Training


@examples(10, 300)
@given(cases(samples=st.just(0)), st.sampled_from([1e-3, 0.1]), st.booleans())
def test_each_update_is_that_of_python(case: Case, rate: float, train_biases: bool) -> None:
    problem = case.problem(learning_rate=rate, train_biases=train_biases)
    agree_in_training(problem)


def agree_in_training(problem: bp.Problem) -> None:
    trace = bp.train(problem, 6)
    ours, rows = trained(problem, 6), rows_of(trace)
    assert ours.shape == rows.shape
    np.testing.assert_allclose(ours, rows, rtol=1e-9, atol=1e-12)
    for update in range(len(rows) - 1):  # each from where Python stood: nothing adds up
        after = trained(trace.at(update), 1)
        assert np.abs(after[1] - rows[update + 1]).max() <= 1e-12 * max(1, np.abs(rows[update + 1]).max())


@pytest.mark.parametrize("rule", DECAYING.values(), ids=repr)
@pytest.mark.parametrize("train_biases", [True, False])
def test_every_rule_of_updates(rule: bp.updates.UpdateRule, train_biases: bool) -> None:
    for seed, activation in enumerate(ACTIVATIONS[: many(2, 60)]):
        case = random_case(np.random.default_rng(seed), (2, 3, 2), (activation, "sigmoid"), "squared_error", "neuron")
        problem = case.problem(learning_rate=0.05, update=rule, train_biases=train_biases)
        agree_in_training(problem)
        moved = bp.train(problem, 3).final
        assert differences(in_javascript(moved), bp.evaluate(moved)) == []
        assert differences(in_javascript(moved), by_reading(moved, 50), floor=2e-14) == []


@pytest.mark.parametrize("name", OWN)
def test_training_with_an_own_activation(name: str) -> None:
    problem = own_case(name, 7)
    trace = bp.train(problem, 30)
    np.testing.assert_allclose(trained(problem, 30)[:, :-1], trace.table, rtol=1e-11, atol=1e-13)


@pytest.mark.parametrize("net", [-1000.0, 1000.0])
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_training_at_extremes(activation: str, net: float) -> None:
    problem = one_neuron(net, activation, "half_squared_error", 0.3).replace(learning_rate=1e-3)
    trace = bp.train(problem, 5)
    np.testing.assert_allclose(trained(problem, 5)[:, :-1], trace.table, rtol=1e-12)


@pytest.mark.parametrize("steps", [0, 1, 3, 1000])
def test_a_run_ends_where_the_loss_is_no_longer_finite(steps: int) -> None:
    problem = one_neuron(1.0, "identity", "squared_error", 0.0).replace(learning_rate=1e6)
    trace = bp.train(problem, steps)
    ours = trained(problem, steps)
    assert len(ours) == len(trace)
    np.testing.assert_allclose(ours, rows_of(trace), rtol=1e-10)
    assert (trace.diverged_at is None) == (steps < 1000)


def test_a_run_ends_before_a_parameter_that_is_infinite_though_the_loss_is_not() -> None:
    """sigmoid(∞) is 1, and a loss of it is as finite as any."""
    problem = bp.Problem(bp.Network(1, 1, bias="none"), {"w1": 0.0}, [1e300], [1.0], learning_rate=1e300)
    assert len(trained(problem, 5)) == len(bp.train(problem, 5)) == 1


def test_state_goes_from_update_to_update() -> None:
    """Adam for E = (w - y)²/2, written as lines; which line is the new value of what is told, not read from names."""
    w, g, m, v, t, rate = sp.symbols("w g m v t rate")
    beta1, beta2, mean, square, count = sp.symbols("beta1 beta2 mean square count")
    keep = {"evaluate": False}
    rows = {
        "loss": (w - sp.Symbol("y")) ** 2 / 2,
        "g": w - sp.Symbol("y"),
        "count": t + 1,
        "mean": beta1 * m + (1 - beta1) * g,
        "square": beta2 * v + (1 - beta2) * g**2,
        "hat": mean / sp.Add(1, -sp.Pow(beta1, count, **keep), **keep),
        "hat2": square / sp.Add(1, -sp.Pow(beta2, count, **keep), **keep),
        "next": w - rate * sp.Symbol("hat") / (sp.sqrt(sp.Symbol("hat2")) + sp.Float(1e-8)),
    }
    lines: Any = [SimpleNamespace(number=n, name=name, stable=rhs) for n, (name, rhs) in enumerate(rows.items(), 1)]
    start = {"w": 2.0, "m": 0.0, "v": 0.0, "t": 0.0, "y": 0.5, "rate": 0.1, "beta1": 0.9, "beta2": 0.999}
    loop = training(
        lines, start, {"next": "w", "mean": "m", "square": "v", "count": "t"}, ["w", "m", "v", "t", "g"], "loss"
    )
    ours = np.array(called(module(loop), with_numbers("train", [*start.values(), 10]))).reshape(-1, 5)
    one, first, second = 2.0, 0.0, 0.0
    for n in range(11):
        slope = one - 0.5
        assert ours[n] == pytest.approx([one, first, second, n, slope], rel=1e-13)
        first, second = 0.9 * first + 0.1 * slope, 0.999 * second + 0.001 * slope**2
        one -= 0.1 * (first / (1 - 0.9 ** (n + 1))) / (math.sqrt(second / (1 - 0.999 ** (n + 1))) + 1e-8)


# The comparison says no


@pytest.mark.parametrize(
    "network",
    [
        bp.Network(2, 2, 2),
        bp.Network(2, 2, 2, activation=["tanh", "softmax"], loss="cross_entropy", bias="neuron"),
        bp.Network(1, 2, 1, activation=["softplus", "sigmoid"], loss="binary_cross_entropy"),
    ],
    ids=repr,
)
def test_a_change_in_any_line_is_seen(network: bp.Network) -> None:
    rng = np.random.default_rng(2)
    numbers = {name: rng.normal() for name in network.parameters}
    problem = bp.Problem(network, numbers, rng.normal(size=len(network.inputs)), rng.uniform(size=len(network.outputs)))
    text, right = text_of(problem), bp.evaluate(problem)
    assert differences(in_javascript(problem, text), right) == []
    lines = re.findall(r"  const (\S+) = (.*);  // \((\d+)\)", text)
    assert [int(number) for *_, number in lines] == [step.number for step in bp.derive(network)]
    for name, rhs, _ in lines:
        wrong = text.replace(f"const {name} = {rhs};", f"const {name} = ({rhs})*(1 + 1e-9);")
        assert wrong != text
        assert differences(in_javascript(problem, wrong), right) != [], name


def test_a_change_in_the_loop_is_seen() -> None:
    case = random_case(np.random.default_rng(6), (2, 2, 2), ("sigmoid", "tanh"), "squared_error", "layer")
    problem = case.problem(update=bp.updates.Adam())
    text, right = loop_of(problem), rows_of(bp.train(problem, 4))

    def same(text: str) -> bool:
        ours = trained(problem, 4, text)
        return ours.shape == right.shape and bool(np.allclose(ours, right, rtol=1e-11, atol=0))

    assert same(text)
    for line in re.findall(r"\n    (\w+ = \w+;)", text):
        assert not same(text.replace(f"\n    {line}", "")), line
    first, second = re.findall(r"\n    (records.*;)", text)[:2]
    assert not same(text.replace(f"{first}\n    {second}", f"{second}\n    {first}"))
    assert not same(text.replace("w1 - learning_rate", "w1 + learning_rate"))
    assert not same(text.replace("made = 0", "made = 1"))


# The text


def test_only_what_is_needed_is_written() -> None:
    network = bp.Network(2, 3, activation="softmax", loss="cross_entropy")
    derivation, givens = bp.derive(network), (*network.parameters, "x1", "x2", "y1", "y2", "y3", "learning_rate")
    text = module(evaluation(derivation, givens, ["out_o1"], "first"))
    assert "const net_o1 = w1*x1 + w2*x2 + b1;  // (1)" in text
    assert text.count("export function first(") == 1
    assert re.findall(r"const (\w+) = .*// \((\d+)\)", text) == [
        (f"net_o{k}", str(derivation[f"net_o{k}"].number)) for k in (1, 2, 3)
    ] + [("out_o1", str(derivation["out_o1"].number))]
    assert re.findall(r"^function (\w+)", text, re.MULTILINE) == ["softmax"]
    assert 'return {"out_o1": out_o1};' in text
    both = module(evaluation(derivation, givens, ["out_o1"], "first"), evaluation(derivation, givens, ["E_total"]))
    assert re.findall(r"^function (\w+)", both, re.MULTILINE) == ["softmax", "log_softmax"]
    numbers = [0.1] * len(network.parameters) + [1, 2, 1, 0, 0, 0.5]
    assert called(both, with_numbers("first", numbers)) == pytest.approx([1 / 3], rel=1e-15)
    assert called(both, with_numbers("evaluate", numbers)) == pytest.approx([math.log(3)], rel=1e-15)


def test_an_output_has_its_own_name() -> None:
    lines, givens = bp.derive(bp.Network(1, 1, bias="none")), ("w1", "x1", "y1")
    text = module(evaluation(lines, givens, ["dE_total/dw1", "w1"])).replace("export ", "")
    values = ENGINE.eval(f"(() => {{{text} return JSON.stringify(evaluate(0, 2, 1))}})()")
    assert values == '{"dE_total/dw1":-0.25,"w1":0}'


WORDS = """abstract arguments as async await boolean break byte case catch char class const constructor continue
debugger default delete do double else end enum eval export extends false final finally float for from function get goto
if implements import in instanceof int interface isFinite isNaN let long native new null of package private protected
public records return set short static super switch synchronized this throw throws transient true try typeof undefined
value var void volatile while with yield made number root self t top u
Array Float64Array Function Infinity JSON Math NaN Number Object String globalThis""".split()


def test_words_that_javascript_keeps_for_itself() -> None:
    """Every one that a Network accepts as the name of a weight."""
    words = [word for word in WORDS if is_word(word) and not is_taken(word)]
    assert {"let", "var", "function", "Math", "undefined", "typeof"} <= set(words)
    names = {(f"x{k}", "o1"): word for k, word in enumerate(words, 1)}
    network = bp.Network(len(words), 1, activation="tanh", weight_names=names)
    rng = np.random.default_rng(0)
    numbers = {name: rng.normal() / 10 for name in network.parameters}
    problem = bp.Problem(network, numbers, rng.normal(size=len(words)), [0.3])
    assert differences(in_javascript(problem), bp.evaluate(problem)) == []
    np.testing.assert_allclose(trained(problem, 3)[:, :-1], bp.train(problem, 3).table, rtol=1e-11)
    assert "let$*x" in text_of(problem)
    assert "await$, x1)" in evaluation((), ("await", "x1"), ["await"])


def test_errors_say_what_is_unknown() -> None:
    derivation, givens = bp.derive(bp.Network(1, 1)), ("w1", "b1", "x1", "y1")
    with pytest.raises(bp.BpkitError, match=r"javascript: expected quantities .* got 'E_totl'"):
        evaluation(derivation, givens, ["E_totl"])
    with pytest.raises(bp.BpkitError, match="got 'learning_rate'"):
        evaluation(derivation, givens, ["w1_new"])
    with pytest.raises(bp.BpkitError, match="got 'v'"):
        training(derivation, (*givens, "learning_rate"), {"w1_new": "v"}, ["E_total"])
    with pytest.raises(bp.BpkitError, match="got 'E_mean'"):
        training(derivation, (*givens, "learning_rate"), {"w1_new": "w1"}, ["w1"], loss="E_mean")
    line = SimpleNamespace(number=1, name="result", stable=sp.besselj(0, z))
    with pytest.raises(bp.BpkitError, match=r"javascript: expected functions .* got besselj"):
        module(evaluation([line], ["z"], ["result"]))  # type: ignore[list-item]
    network = bp.Network(1, 1, activation=bp.Activation("mine", z**3))
    with pytest.raises(bp.BpkitError, match=r"got mine"):
        module(evaluation(bp.derive(network), givens, ["E_total"]))


# Expressions: brackets, signs and powers

LEAVES = st.sampled_from([*sp.symbols("a b c"), *map(sp.Integer, (-2, -1, 1, 3)), sp.Rational(1, 2), sp.Rational(-2, 3),
                          sp.Float(0.25), sp.Float(-1e-5), sp.pi])  # fmt: skip
KEEP = {"evaluate": False}


def combined(parts: st.SearchStrategy[sp.Expr]) -> st.SearchStrategy[sp.Expr]:
    several = st.lists(parts, min_size=2, max_size=3)
    return st.one_of(
        several.map(lambda args: sp.Add(*args, **KEEP)),
        several.map(lambda args: sp.Mul(*args, **KEEP)),
        parts.map(lambda arg: sp.Mul(-1, arg, **KEEP)),
        st.tuples(parts, st.sampled_from([-3, -2, -1, 2, 3])).map(lambda pair: sp.Pow(*map(sp.sympify, pair), **KEEP)),
        parts.map(lambda arg: sp.sqrt(sp.Abs(arg, **KEEP), **KEEP)),
        parts.map(lambda arg: sp.tanh(arg, **KEEP)),
        st.tuples(parts, parts).map(lambda two: sp.Max(*two)),
        st.tuples(parts, parts).map(lambda two: sp.Piecewise((two[0], sp.Symbol("a") < 1), (two[1], True))),
    )


@examples(150, 3000)
@given(st.recursive(LEAVES, combined, max_leaves=12), st.lists(st.floats(0.1, 2.5), min_size=3, max_size=3))
def test_an_expression_means_the_same(expr: sp.Expr, numbers: list[float]) -> None:
    line: Any = SimpleNamespace(number=1, name="result", stable=expr)
    call = with_numbers("evaluate", numbers)
    with mp.workdps(30):
        try:
            right = precise(expr, dict(zip("abc", map(mp.mpf, numbers), strict=True)))
            moved = precise(expr, dict(zip("abc", (mp.mpf(n) * (1 + mp.mpf(10) ** -14) for n in numbers), strict=True)))
        except ZeroDivisionError:
            assume(False)
        assume(abs(right) < 1e12 and abs(moved - right) < 1e-9 * max(1, abs(right)))
    (ours,) = called(module(evaluation([line], "abc", ["result"])), call)
    assert ours == pytest.approx(float(right), rel=1e-6, abs=1e-6)


def test_numbers_are_printed_to_the_last_digit() -> None:
    for expr, text in {
        sp.Float(0.12345678901234567): "0.12345678901234566",
        sp.Rational(1, 3) * z: "0.3333333333333333*z",
        sp.Float(1e-300): "1e-300",
        sp.pi * z: "Math.PI*z",
        z**2 * y: "y*(z*z)",
        sp.Mul(2, sp.Pow(y - z, 2, **KEEP), **KEEP): "2*Math.pow(y - z, 2)",
    }.items():
        line: Any = SimpleNamespace(number=1, name="result", stable=expr)
        assert f"= {text};" in evaluation([line], "yz", ["result"])


# The kit's own functions

POINTS = [
    -700,
    -30.5,
    -6.3,
    -2.5,
    -2,
    -1.9,
    -0.7,
    -1e-9,
    0,
    1e-300,
    1e-9,
    0.49,
    0.5,
    0.7,
    1,
    1.9,
    2,
    2.1,
    6.3,
    25,
    170.1,
]


def helper(name: str, *arguments: float) -> float:
    both = "\n\n".join(HELPERS.values())
    return called(both, with_numbers(name, arguments))[0]


@pytest.mark.parametrize("name", ["erf", "erfc", "gamma"])
def test_special_functions(name: str) -> None:
    for x in POINTS:
        if name != "gamma" or x > 0 or x % 1:  # it has poles
            right = float(getattr(mp, name)(mp.mpf(x)))
            assert helper(name, x) == pytest.approx(right, rel=1e-12, abs=SMALLEST), x


def test_shares_of_a_layer() -> None:
    assert helper("others", 2, 1, 2, 2, 4) == 7
    assert helper("others", 0.5, 0.5) == 0
    with mp.workdps(1000):
        for nets in ([0.3, -0.2, 1.0], [1000.0, -1000.0, 3.0], [-5.0], [7.0, 7.0], [40.0, 0.0]):
            whole = sum(mp.exp(mp.mpf(net)) for net in nets)
            for own in nets:
                assert helper("softmax", own, *nets) == pytest.approx(float(mp.exp(own) / whole), rel=1e-14)
                assert helper("log_softmax", own, *nets) == pytest.approx(float(own - mp.log(whole)), rel=1e-14)


def test_products_of_which_one_factor_leaves_the_floats() -> None:
    assert helper("xexp", 0, 1e4) == helper("xlogy", 0, 0) == helper("ratio", 0, 0) == 0
    assert helper("xexp", 1e-10, 720) == pytest.approx(float(mp.exp(720) * mp.mpf("1e-10")), rel=1e-12)
    assert helper("xexp", 0.3, -2.5) == pytest.approx(0.3 * math.exp(-2.5), rel=1e-15)
    assert helper("xexp", 1, 1000) == helper("ratio", 1, 0) == math.inf
    assert helper("xlogy", 1, 0) == -math.inf
    assert helper("xlogy", 0.5, 3) == pytest.approx(0.5 * math.log(3), rel=1e-15)
    assert helper("ratio", 3, 4) == 0.75
