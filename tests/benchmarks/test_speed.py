"""How fast: ratios to programs written by hand, measured in one run.

A ratio compares two loops on one machine at one time, so it says the same on a slow machine and on a fast one: the runs
take turns, each turn gives a ratio, and the middle one counts. Of a bare time the shortest of several turns counts, to
which nothing else that the machine did has added.
"""

from __future__ import annotations

import math
import os
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import reviewed
from measurements import Table

import bpkit as bp
from bpkit.core import derivation
from bpkit.core.updates import Adam, GradientDescent
from bpkit.mistakes import runs
from bpkit.mistakes.question import question

ARTICLE = bp.examples.article.problem
UPDATES = 5000
BY_HAND = "the same by hand, a line for each number"


def times(*runs: Callable[[], Any], rounds: int = 9, clock: Callable[[], float] = time.perf_counter) -> np.ndarray:
    """The seconds of each, a row for each turn, so that a busy moment of the machine meets all of them."""
    taken = np.empty((rounds, len(runs)))
    for turn in range(rounds):
        for number, run in enumerate(runs):
            start = clock()
            run()
            taken[turn, number] = clock() - start
    return taken


def middle(seconds: Any) -> float:
    return float(np.median(seconds))


def beside(ours: np.ndarray, theirs: np.ndarray) -> str:
    """Both in microseconds."""
    return f"{middle(ours) * 1e6:.3g} µs beside {middle(theirs) * 1e6:.3g} µs"


Row = tuple[float, ...]


def straight_line(w: dict[str, float], x: list[float], y: list[float], rate: float, steps: int) -> list[Row]:
    """The article's training by hand: plain Python, sigmoid(1 - sigmoid), every parameter and the loss recorded."""
    exp = math.exp
    w1, w2, w3, w4, w5, w6, w7, w8, b1, b2 = w.values()
    x1, x2 = x
    y1, y2 = y
    records = []
    for step in range(steps + 1):
        h1 = 1 / (1 + exp(-(w1 * x1 + w4 * x2 + b1)))
        h2 = 1 / (1 + exp(-(w3 * x1 + w2 * x2 + b1)))
        o1 = 1 / (1 + exp(-(w5 * h1 + w6 * h2 + b2)))
        o2 = 1 / (1 + exp(-(w7 * h1 + w8 * h2 + b2)))
        e1, e2 = o1 - y1, o2 - y2
        records.append((w1, w2, w3, w4, w5, w6, w7, w8, b1, b2, 0.5 * (e1 * e1 + e2 * e2)))
        if step == steps:
            break
        d1 = e1 * o1 * (1 - o1)
        d2 = e2 * o2 * (1 - o2)
        g1 = (d1 * w5 + d2 * w7) * h1 * (1 - h1)
        g2 = (d1 * w6 + d2 * w8) * h2 * (1 - h2)
        w1 -= rate * g1 * x1
        w4 -= rate * g1 * x2
        w3 -= rate * g2 * x1
        w2 -= rate * g2 * x2
        w5 -= rate * d1 * h1
        w6 -= rate * d1 * h2
        w7 -= rate * d2 * h1
        w8 -= rate * d2 * h2
    return records


def numpy_loop(problem: bp.Problem, steps: int) -> tuple[np.ndarray, list[Any]]:
    """The same with matrices, one sample, frozen biases."""
    p = problem.parameters
    first = np.array([[p["w1"], p["w3"]], [p["w4"], p["w2"]]])
    second = np.array([[p["w5"], p["w7"]], [p["w6"], p["w8"]]])
    x, y, rate = problem.inputs, problem.targets, problem.learning_rate
    losses = np.empty(steps + 1)
    records = []
    for step in range(steps + 1):
        h = 1 / (1 + np.exp(-(x @ first + p["b1"])))
        o = 1 / (1 + np.exp(-(h @ second + p["b2"])))
        error = o - y
        losses[step] = 0.5 * np.sum(error**2)
        records.append((first.copy(), second.copy()))
        if step == steps:
            break
        delta = error * o * (1 - o)
        back = second @ delta * h * (1 - h)
        second -= rate * np.outer(h, delta)
        first -= rate * np.outer(x, back)
    return losses, records


def micrograd_loop(problem: bp.Problem, steps: int) -> list[tuple[float, ...]]:
    """The same with micrograd; it has no sigmoid, so that is built from its exponential power."""
    from micrograd.engine import Value

    w = {name: Value(value) for name, value in problem.parameters.items()}
    x1, x2 = problem.inputs
    y1, y2 = problem.targets

    def exp(z: Any) -> Any:
        out = Value(math.exp(z.data), (z,), "exp")

        def backward() -> None:
            z.grad += out.data * out.grad

        out._backward = backward
        return out

    def squash(z: Any) -> Any:
        return (exp(-z) + 1) ** -1

    weights = [w[f"w{n}"] for n in range(1, 9)]
    records = []
    for step in range(steps + 1):
        h1 = squash(w["w1"] * x1 + w["w4"] * x2 + w["b1"])
        h2 = squash(w["w3"] * x1 + w["w2"] * x2 + w["b1"])
        o1 = squash(w["w5"] * h1 + w["w6"] * h2 + w["b2"])
        o2 = squash(w["w7"] * h1 + w["w8"] * h2 + w["b2"])
        loss = (o1 - y1) ** 2 * 0.5 + (o2 - y2) ** 2 * 0.5
        records.append((*(value.data for value in w.values()), loss.data))
        if step == steps:
            break
        for value in w.values():
            value.grad = 0
        loss.backward()
        for weight in weights:
            weight.data -= problem.learning_rate * weight.grad
    return records


def test_the_articles_network(table: Table) -> None:
    given = dict(ARTICLE.parameters), ARTICLE.inputs.tolist(), ARTICLE.targets.tolist(), 0.5
    bp.train(ARTICLE, 1)
    few = UPDATES // 20
    taken = times(
        lambda: bp.train(ARTICLE, UPDATES),
        lambda: straight_line(*given, UPDATES),
        lambda: numpy_loop(ARTICLE, few),
        lambda: micrograd_loop(ARTICLE, few),
        rounds=15,
    )
    ours, hand, matrices, scalars = (taken / [UPDATES, UPDATES, few, few]).T
    trace = bp.train(ARTICLE, few)
    np.testing.assert_allclose(np.array(straight_line(*given, few))[:, :-1], trace.table, rtol=1e-12)
    np.testing.assert_allclose(numpy_loop(ARTICLE, few)[0], trace.loss, rtol=1e-12)
    np.testing.assert_allclose(np.array(micrograd_loop(ARTICLE, few))[:, -1], trace.loss, rtol=1e-12)
    what = "the article's network, an update with its records"
    table.row(f"time of {what}", middle(ours / hand), BY_HAND, most=1.3, figures=beside(ours, hand))
    what = f"times faster, {what}"
    table.row(what, middle(matrices / ours), "NumPy, matrices by hand", least=15, figures=beside(ours, matrices))
    table.row(what, middle(scalars / ours), "micrograd", least=55, figures=beside(ours, scalars))


def adam_by_hand(w: dict[str, float], x: list[float], y: list[float], rate: float, steps: int) -> list[Row]:
    """The article's training with Adam by hand: every parameter, both means of each weight and the loss recorded."""
    exp, sqrt = math.exp, math.sqrt
    w1, w2, w3, w4, w5, w6, w7, w8, b1, b2 = w.values()
    x1, x2 = x
    y1, y2 = y
    m1 = m2 = m3 = m4 = m5 = m6 = m7 = m8 = v1 = v2 = v3 = v4 = v5 = v6 = v7 = v8 = 0.0
    t = 0.0
    records = []
    for step in range(steps + 1):
        h1 = 1 / (1 + exp(-(w1 * x1 + w4 * x2 + b1)))
        h2 = 1 / (1 + exp(-(w3 * x1 + w2 * x2 + b1)))
        o1 = 1 / (1 + exp(-(w5 * h1 + w6 * h2 + b2)))
        o2 = 1 / (1 + exp(-(w7 * h1 + w8 * h2 + b2)))
        e1, e2 = o1 - y1, o2 - y2
        loss = 0.5 * (e1 * e1 + e2 * e2)
        means = m1, v1, m2, v2, m3, v3, m4, v4, m5, v5, m6, v6, m7, v7, m8, v8
        records.append((w1, w2, w3, w4, w5, w6, w7, w8, b1, b2, t, *means, loss))
        if step == steps:
            break
        t += 1
        d1 = e1 * o1 * (1 - o1)
        d2 = e2 * o2 * (1 - o2)
        d3 = (d1 * w5 + d2 * w7) * h1 * (1 - h1)
        d4 = (d1 * w6 + d2 * w8) * h2 * (1 - h2)
        g1, g2, g3, g4, g5, g6, g7, g8 = d3 * x1, d4 * x2, d4 * x1, d3 * x2, d1 * h1, d1 * h2, d2 * h1, d2 * h2
        c, k = 1 - 0.9**t, 1 - 0.999**t
        m1 = 0.9 * m1 + 0.1 * g1
        v1 = 0.999 * v1 + 0.001 * g1 * g1
        w1 -= rate * (m1 / c) / (sqrt(v1 / k) + 1e-8)
        m2 = 0.9 * m2 + 0.1 * g2
        v2 = 0.999 * v2 + 0.001 * g2 * g2
        w2 -= rate * (m2 / c) / (sqrt(v2 / k) + 1e-8)
        m3 = 0.9 * m3 + 0.1 * g3
        v3 = 0.999 * v3 + 0.001 * g3 * g3
        w3 -= rate * (m3 / c) / (sqrt(v3 / k) + 1e-8)
        m4 = 0.9 * m4 + 0.1 * g4
        v4 = 0.999 * v4 + 0.001 * g4 * g4
        w4 -= rate * (m4 / c) / (sqrt(v4 / k) + 1e-8)
        m5 = 0.9 * m5 + 0.1 * g5
        v5 = 0.999 * v5 + 0.001 * g5 * g5
        w5 -= rate * (m5 / c) / (sqrt(v5 / k) + 1e-8)
        m6 = 0.9 * m6 + 0.1 * g6
        v6 = 0.999 * v6 + 0.001 * g6 * g6
        w6 -= rate * (m6 / c) / (sqrt(v6 / k) + 1e-8)
        m7 = 0.9 * m7 + 0.1 * g7
        v7 = 0.999 * v7 + 0.001 * g7 * g7
        w7 -= rate * (m7 / c) / (sqrt(v7 / k) + 1e-8)
        m8 = 0.9 * m8 + 0.1 * g8
        v8 = 0.999 * v8 + 0.001 * g8 * g8
        w8 -= rate * (m8 / c) / (sqrt(v8 / k) + 1e-8)
    return records


def test_adam(table: Table) -> None:
    problem = ARTICLE.replace(update=Adam(), learning_rate=0.01)
    given = dict(ARTICLE.parameters), ARTICLE.inputs.tolist(), ARTICLE.targets.tolist(), 0.01
    trace, theirs = bp.train(problem, 50), np.array(adam_by_hand(*given, 50))
    np.testing.assert_allclose(trace.table, theirs[:, :10], rtol=1e-10)
    np.testing.assert_allclose(trace["v_w8"], theirs[:, -2], rtol=1e-9)
    np.testing.assert_allclose(trace.loss, theirs[:, -1], rtol=1e-10)
    taken = times(lambda: bp.train(problem, UPDATES), lambda: adam_by_hand(*given, UPDATES), rounds=15)
    ours, hand = taken.T / UPDATES
    table.row("time of an update by Adam", middle(ours / hand), BY_HAND, most=1.5, figures=beside(ours, hand))


def batch(activation: str) -> bp.Problem:
    network = bp.Network(2, 8, 8, 1, activation=activation)
    rng = np.random.default_rng(0)
    numbers = {name: rng.normal() for name in network.parameters}
    inputs = rng.normal(size=(200, 2))
    return bp.Problem(network, numbers, inputs, np.sin(inputs[:, :1]), learning_rate=0.05)


FUNCTIONS: dict[str, tuple[Callable[[Any], Any], Callable[[Any], Any]]] = {
    "sigmoid": (lambda z: 1 / (1 + np.exp(-z)), lambda out: out * (1 - out)),
    "tanh": (np.tanh, lambda out: 1 - out**2),
    "relu": (lambda z: np.maximum(z, 0), lambda out: out > 0),
}


def numpy_batch(problem: bp.Problem, steps: int) -> list[tuple[Any, ...]]:
    """A batch by hand: three layers, a bias shared by each layer, every matrix and the loss recorded."""
    function, slope = FUNCTIONS[problem.network.activations[0].name]
    p, names = problem.parameters, problem.network
    w = [
        np.array([[p[names.weight_of[s, t]] for t in after] for s in before])
        for before, after in zip(names.layers, names.layers[1:])
    ]
    b = [p["b1"], p["b2"], p["b3"]]
    x, y, rate, n = problem.inputs, problem.targets, problem.learning_rate, len(problem.inputs)
    records = []
    for step in range(steps + 1):
        h1 = function(x @ w[0] + b[0])
        h2 = function(h1 @ w[1] + b[1])
        out = function(h2 @ w[2] + b[2])
        error = out - y
        records.append((*(matrix.copy() for matrix in w), *b, 0.5 * np.sum(error**2) / n))
        if step == steps:
            break
        d3 = error * slope(out)
        d2 = d3 @ w[2].T * slope(h2)
        d1 = d2 @ w[1].T * slope(h1)
        w[2] -= rate * (h2.T @ d3) / n
        w[1] -= rate * (h1.T @ d2) / n
        w[0] -= rate * (x.T @ d1) / n
        b = [bias - rate * np.sum(d) / n for bias, d in zip(b, (d1, d2, d3), strict=True)]
    return records


@pytest.mark.parametrize("activation", FUNCTIONS)
def test_a_batch_of_200(activation: str, table: Table) -> None:
    problem, steps = batch(activation), 300
    bp.train(problem, 1)
    ours, hand = times(lambda: bp.train(problem, steps), lambda: numpy_batch(problem, steps), rounds=15).T / steps
    np.testing.assert_allclose([row[-1] for row in numpy_batch(problem, 50)], bp.train(problem, 50).loss, rtol=1e-11)
    what, figures = "time of an update of 2-8-8-1, over 200 samples", f"{activation}, {beside(ours, hand)}"
    table.row(what, middle(ours / hand), "NumPy, matrices by hand", most=1.15, figures=figures)


def derived_anew(*sizes: int) -> derivation.Derivation:
    """The lines of a network that was never derived before: forward, backward, update."""
    return derivation._derived.__wrapped__(bp.Network(*sizes), GradientDescent(), True, "mean")


def test_deriving(table: Table) -> None:
    """Processor time: all of it is one thread's, and the clock on the wall depends on what else runs."""
    derived_anew(2, 4, 4, 4, 2)
    seconds = times(lambda: derived_anew(2, 4, 4, 4, 2), rounds=40, clock=time.process_time).min()
    widths = (8, 12, 16, 24, 32)
    lines = [len(derived_anew(2, width, width, 2)) for width in widths]
    taken = times(
        *(lambda width=width: derived_anew(2, width, width, 2) for width in widths), rounds=7, clock=time.process_time
    )
    exponent = float(np.polyfit(np.log(lines), np.log(taken.min(axis=0)), 1)[0])
    figures = f"2-32-32-2: {lines[-1]} lines in {taken[:, -1].min() * 1e3:.0f} ms"
    table.row("deriving 2-4-4-4-2", seconds * 1e3, unit=" ms", most=5)
    table.row("power of the lines with which deriving grows", exponent, most=1.1, figures=figures)


def test_code_of_a_wide_network(table: Table) -> None:

    def make() -> None:
        program = derived_anew(2, 32, 32, 2).program
        for function in ("evaluate", "loss", "train"):
            program.function(function)

    seconds = times(make, rounds=3).min()
    table.row("lines of 2-32-32-2, and the Python that evaluates and trains it", seconds, unit=" s", most=5)


def test_importing(table: Table) -> None:
    """Each in a process of its own."""
    # As on a user's machine, where the modules were compiled when they were first imported.
    usual = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}

    def importing(modules: str) -> float:
        # Of this thread alone: those that NumPy starts spin for a while, whoever imports what.
        program = f"import time; start = time.thread_time(); import {modules}; print(time.thread_time() - start)"
        run = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True, env=usual)
        return float(run.stdout)

    importing("bpkit, sympy, numpy")
    ours, theirs = np.array([(importing("bpkit"), importing("sympy, numpy")) for _ in range(9)]).T
    what, figures = "time of `import bpkit`", f"{middle(ours) * 1e3:.0f} ms"
    table.row(what, middle(ours / theirs), "`import sympy, numpy`", most=1.2, figures=figures)


def test_deriving_against_sympys_diff_of_the_composed_loss(table: Table) -> None:
    import sympy as sp

    network = bp.Network(2, 4, 4, 4, 2)
    written = bp.derive(network)
    loss = written.expanded("E_total")
    start = time.perf_counter()
    operations = sum(sp.count_ops(sp.diff(loss, sp.Symbol(name))) for name in network.weights)
    seconds = time.perf_counter() - start
    ours = middle(times(lambda: derived_anew(2, 4, 4, 4, 2), rounds=5))
    lines = sum(sp.count_ops(step.rhs) for step in written)
    figures = f"{seconds:.1f} s and {operations} operations, ours {ours:.3f} s and {lines}"
    table.row("times faster to derive 2-4-4-4-2", seconds / ours, "SymPy's diff", least=50, figures=figures)


def test_a_verdict_while_one_types(table: Table) -> None:
    """Where no mistake explains the number, pairs of mistakes are searched too."""
    verdicts = {"misconception": "0.2503436617", "unknown": "0.1234567"}
    for verdict, typed in verdicts.items():
        assert bp.diagnose(ARTICLE, "w1_new", typed).verdict == verdict
    taken = times(*(lambda t=typed: bp.diagnose(ARTICLE, "w1_new", t) for typed in verdicts.values()))
    single, pairs = taken.min(axis=0) * 1e3
    table.row("verdict on a number that a mistake explains", single, unit=" ms", most=50)
    table.row("verdict on a number that none explains", pairs, unit=" ms", most=500)


def test_what_a_run_shows_costs_little_beside_a_verdict(table: Table) -> None:
    """Whether neurons are dead or saturated is looked up with every verdict."""
    asked = question(ARTICLE, "dE/dw5")
    verdict, look = times(
        lambda: bp.diagnose(ARTICLE, "dE/dw5", "0.1234567"), lambda: runs._said.__wrapped__(asked)
    ).min(axis=0)
    table.row("time to see whether a neuron is dead or saturated", look / verdict, "the whole verdict", most=0.5)


def test_the_first_verdict_of_all(table: Table) -> None:
    """In a fresh process, where the catalogue of mistakes is compiled first."""
    program = (
        "import time, bpkit as bp; article, ask = bp.examples.article.problem, bp.diagnose;"
        "start = time.perf_counter(); ask(article, 'w1_new', '0.249921'); print(time.perf_counter() - start)"
    )
    # As on a user's machine, where the modules were compiled when they were first imported.
    usual = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    runs = [
        subprocess.run([sys.executable, "-c", program], capture_output=True, check=True, env=usual) for _ in range(5)
    ]
    first = min(float(run.stdout) for run in runs)
    table.row("first verdict of a process", first * 1e3, unit=" ms", most=50)


def test_a_review_of_a_program(table: Table) -> None:
    """The first one of a network compiles the catalogue."""
    taken = sorted(one.seconds for one in reviewed.asked(reviewed.programs("public")))
    many = f"{len(taken)} public programs"
    table.row("review of a program, in the median", taken[len(taken) // 2], unit=" s", most=1, figures=many)
    table.row("review of a program, the longest", taken[-1], unit=" s", most=5, figures=many)
