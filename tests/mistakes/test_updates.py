"""The detective where the update has a rule of its own, a batch is summed or taken sample by sample, or the loss is a
person's own. The wrong numbers come from plain NumPy loops."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
import sympy as sp
from thorough import THOROUGH
from wrong_programs import PROGRAMS, Numbers, _pass, random_numbers

import bpkit as bp
from bpkit.mistakes.misconceptions import catalogue, catalogue_of_training
from bpkit.mistakes.question import question
from bpkit.mistakes.variants import wrong_values

U = bp.updates
RATE = 0.05


def plain(g, s, t):
    return g


def momentum(g, s, t):
    s["v"] = 0.9 * s.get("v", 0.0) + g
    return s["v"]


def rmsprop(g, s, t):
    s["s"] = 0.9 * s.get("s", 0.0) + 0.1 * g**2
    return g / (np.sqrt(s["s"]) + 1e-8)


def adam(g, s, t):
    s["m"] = 0.9 * s.get("m", 0.0) + 0.1 * g
    s["v"] = 0.999 * s.get("v", 0.0) + 0.001 * g**2
    return s["m"] / (1 - 0.9**t) / (np.sqrt(s["v"] / (1 - 0.999**t)) + 1e-8)


RULES = {
    "plain": (U.GradientDescent(), plain),
    "decay": (U.GradientDescent(weight_decay=0.1), plain),
    "momentum": (U.Momentum(), momentum),
    "rmsprop": (U.RMSProp(), rmsprop),
    "adam": (U.Adam(), adam),
}


class Run:
    """Training by hand on three samples, with a mistake or without: weights ``W``, slopes ``dW``, ``loss`` after it."""

    def __init__(self, n: Numbers, rule: str, batch: str, updates: int, *switches: str) -> None:
        self.n, self.batch, self.switches, step = n, batch, frozenset(switches), RULES[rule][1]
        rng = np.random.default_rng(3)
        self.X = np.round(rng.uniform(0.1, 1, (3, n.sizes[0])), 2)
        self.Y = np.round(rng.uniform(0.1, 0.9, (3, n.sizes[-1])), 2)
        self.W, self.b = [w.copy() for w in n.W], [b.copy() for b in n.b]
        states = [{} for _ in range(2 * len(n.W))]
        factor = (1.0 if "adds" in switches else -1.0) * (1.0 if "no rate" in switches else RATE)
        for t in range(1, updates + 1):
            _, dW, db = self.passes([(t - 1) % 3] if batch == "each" else [0, 1, 2])
            if rule == "decay":
                dW = [g + 0.1 * w for g, w in zip(dW, self.W)]
            moves = [factor * step(g, s, t) for g, s in zip([*dW, *db], states)]
            self.W = [w + move for w, move in zip(self.W, moves)]
            if n.train_biases:
                self.b = [b + move for b, move in zip(self.b, moves[len(self.W) :])]
        self.loss, self.dW, _ = self.passes([0, 1, 2])

    def passes(self, rows: list[int]):
        found = []
        for row in rows:
            sample = replace(self.n, x=self.X[row], y=self.Y[row])
            with np.errstate(all="ignore"):  # some mistakes make the weights explode
                results, (dW, db) = _pass(sample, self.W, self.b, self.switches)
            found.append((results["E_total"], *dW, *db))
        whole = np.sum if self.batch == "sum" else np.mean
        loss, *slopes = [whole(column, axis=0) for column in zip(*found)]
        return float(loss), slopes[: len(self.W)], slopes[len(self.W) :]

    def problem(self, rule: str) -> bp.Problem:
        return self.n.problem().replace(
            inputs=self.X, targets=self.Y, learning_rate=RATE, update=RULES[rule][0], batch=self.batch
        )


def networks() -> list[Numbers]:
    rng = np.random.default_rng(11)
    drawn = [random_numbers(rng) for _ in range(30)]
    return [n for n in drawn if n.activations[-1] != "softmax" and len(n.sizes) == 3 and n.sizes[-1] > 1][
        : 2 if THOROUGH else 1
    ]


ASKED = {
    "E_total after 4 updates": lambda run: run.loss,
    "w1 after 4 updates": lambda run: run.W[0][0, 0],
    "dE/dw1 after 4 updates": lambda run: run.dW[0][0, 0],
}
SWITCHES = ("adds", "no rate", "no output slope", "no hidden slope", "one path", "no input", "no path weight", "net on",
            "error sign", "swaps targets", "no bias", "slope at net")  # fmt: skip


@pytest.mark.parametrize(
    ("rule", "batch"),
    [*((rule, "mean") for rule in RULES), *((r, b) for r in ("plain", "adam") for b in ("sum", "each"))],
)
def test_mistakes_have_their_names_under_every_rule_and_batch(rule: str, batch: str) -> None:
    good = []
    for n in networks():
        problem = Run(n, rule, batch, 0).problem(rule)
        runs = {switch: Run(n, rule, batch, 4, switch) for switch in SWITCHES}
        for quantity, read in ASKED.items():
            right = read(Run(n, rule, batch, 4))
            assert bp.diagnose(problem, quantity, f"{right:.10g}").verdict == "correct"
            for switch, run in runs.items():
                wrong = read(run)
                if np.isfinite(wrong) and abs(wrong - right) > 1e-5 * abs(right):
                    found = bp.diagnose(problem, quantity, f"{wrong:.10g}")
                    good.append(PROGRAMS[switch] in [m.name for m in found.misconceptions])
                    assert found.verdict != "correct", found
    assert len(good) > 25 * len(networks())
    assert np.mean(good) >= 0.95


@pytest.mark.parametrize("rule", RULES)
def test_the_next_update_starts_from_what_is_remembered(rule: str) -> None:
    """A problem in the midst of training: its new values, right and with the rate forgotten."""
    n = networks()[0]
    for batch in ("mean", "sum", "each"):
        problem = Run(n, rule, batch, 0).problem(rule).updated(4)
        old, new = (Run(n, rule, batch, updates).W[0][0, 0] for updates in (4, 5))
        assert bp.diagnose(problem, "w1_new", f"{new:.10g}").verdict == "correct"
        found = bp.diagnose(problem, "w1_new", f"{old + (new - old) / RATE:.10g}")
        assert [m.name for m in found.misconceptions] == ["forgets the learning rate"]
        assert bp.diagnose(problem, "w1_new", f"{old - (new - old):.10g}").misconceptions[0].name == "adds the gradient"


@pytest.mark.parametrize("rule", ["rmsprop", "adam"])
def test_a_step_in_proportion_to_the_slopes_is_told(rule: str) -> None:
    """On two weights and on three: who divides the slope of one by the usual size of another's."""
    for inputs in ([2, 0.3], [2, 0.3, 1]):
        network = bp.Network(len(inputs), 1, activation="identity", bias="none")
        weights = dict(zip(network.parameters, (-0.5, -2.0, 0.4)))
        problem = bp.Problem(network, weights, inputs, [2.6], 0.47, update=RULES[rule][0])
        slopes = (np.dot(inputs, list(weights.values())) - 2.6) * np.array(inputs)
        own = 1.0 if rule == "adam" else math.sqrt(0.1)
        for size in np.abs(np.delete(slopes, 1)):
            wrong = -2 - 0.47 * slopes[1] / (own * size)
            found = bp.diagnose(problem, "w2_new", f"{wrong:.6g}", known=["dE/dw2"])
            assert found.misconceptions[0].name == "divides by the usual size of another slope", found.message
    assert all(one.name != "divides by the usual size of another slope" for one in catalogue(bp.derive(network)))


def test_with_the_slope_known_a_line_of_the_rule_is_to_be_checked() -> None:
    problem = bp.Problem(
        bp.Network(2, 1, activation="identity", bias="none"), {"w1": -0.5, "w2": -2}, [2, 0.3], [2.6], 0.47,
        update=U.Adam(),
    )  # fmt: skip
    known = ["dE/dw2", "t"]
    slope = (2 * -0.5 + 0.3 * -2 - 2.6) * 0.3
    uncorrected = -2 - 0.47 * 0.1 * slope / math.sqrt(0.001 * slope**2)
    for digits in (2, 3, 4):
        found = bp.diagnose(problem, "w2_new", f"{uncorrected:.{digits}g}", known=known)
        assert found.misconceptions[0].name == "leaves out the correction of the running means", found.message
    found = bp.diagnose(problem, "w2_new", "-0.83", known=known)
    assert found.verdict == "unknown"
    assert found.first == bp.derive(problem)["m_w2"].number


def test_many_updates_of_one_sample_carry_their_state() -> None:
    problem = bp.examples.article.problem.replace(update=U.Adam(), learning_rate=0.01)
    exact = bp.evaluate(problem.updated(80))["E_total"]
    assert bp.diagnose(problem, "E_total after 80 updates", f"{exact:.9g}").verdict == "correct"
    uphill = problem.replace(learning_rate=-0.01).updated(80)
    found = bp.diagnose(problem, "E_total after 80 updates", f"{bp.evaluate(uphill)['E_total']:.9g}")
    assert "adds the gradient" in [m.name for m in found.misconceptions]


def test_words_of_plain_gradient_descent_are_said_of_it_alone() -> None:
    plain_only = {
        "gives the derivative instead of the new value",
        "gives the new value instead of the derivative",
        "gives the change instead of what was asked",
    }
    problem = bp.examples.article.problem
    assert plain_only <= {m.name for m in catalogue(problem)}
    for rule in (U.Adam(), U.Momentum(), U.RMSProp(), U.GradientDescent(weight_decay=0.1)):
        assert plain_only.isdisjoint(m.name for m in catalogue(problem.replace(update=rule)))
    kept = problem.replace(train_biases=False)
    assert "updates the biases" in {m.name for m in wrong_values(kept, "b1_new")}
    decayed = kept.replace(update=U.GradientDescent(weight_decay=0.1))
    moved = problem.parameters["b1"] - problem.learning_rate * bp.evaluate(problem)["dE/db1"]  # biases do not decay
    assert bp.diagnose(decayed, "b1_new", f"{moved:.10g}").misconceptions[0].name == "updates the biases"


def test_what_is_a_sum_is_not_blamed_for_being_none() -> None:
    """Over the samples of a batch; one sample after the other has nothing to add up in its update."""
    n, name = networks()[0], "takes the sum instead of the mean"
    expected = {"mean": (True, True, True), "sum": (False, False, False), "each": (True, True, False)}
    for batch, named in expected.items():
        problem = Run(n, "plain", batch, 0).problem("plain")
        for quantity, one in zip(("E_total", "dE/dw1", "w1_new"), named):
            assert (name in {m.name for m in wrong_values(problem, quantity)}) == one


# Losses


Y, OUT = sp.symbols("y out")
OWN = [
    bp.Loss("log_cosh", sp.log(sp.cosh(OUT - Y))),
    bp.Loss("half_of_squares", (Y - OUT) ** 2 / 2),
    bp.Loss("pinball", sp.Max(0.8 * (Y - OUT), -0.2 * (Y - OUT))),
    "output",
]
OF_TEXTBOOKS = {"forgets the square", "forgets the ½", "doubles the loss", "doubles the gradient",
                "swaps the sign of the error", "leaves out the second half of the cross-entropy"}  # fmt: skip


@pytest.mark.parametrize("loss", OWN, ids=str)
def test_a_loss_of_ones_own_is_not_taken_for_a_square(loss: bp.Loss | str) -> None:
    article = bp.examples.article.problem
    network = bp.Network(2, 2, 2, loss=loss)
    targets = article.targets if network.targets else None
    problem = bp.Problem(network, article.parameters, article.inputs, targets)
    known = [*catalogue(problem), *catalogue_of_training(problem)]
    assert OF_TEXTBOOKS.isdisjoint(m.name for m in known if m.detail != "and the loss")
    assert ("swaps the targets" in {m.name for m in known}) == bool(network.targets)
    for quantity in ("E_total", "dE/dw1", "w1_new", "E_total after 2 updates"):
        asked = question(problem, quantity)
        exact = asked.exact[asked.quantity]
        assert bp.diagnose(problem, quantity, f"{exact:.9g}").verdict == "correct"
        for mistake, wrong in wrong_values(problem, quantity).items():
            found = bp.diagnose(problem, quantity, repr(wrong))
            assert mistake.name in [m.name for m in found.misconceptions], found


# Derivatives by the inputs


def test_derivatives_by_the_inputs() -> None:
    n = Numbers([2, 3, 2], ["sigmoid", "sigmoid"], "half_squared_error", "layer", *_drawn(), 0.5, True)
    problem, (W1, W2) = n.problem(), n.W
    h = 1 / (1 + np.exp(-(W1 @ n.x + n.b[0])))
    o = 1 / (1 + np.exp(-(W2 @ h + n.b[1])))
    delta_o = (o - n.y) * o * (1 - o)
    back = W2.T @ delta_o
    delta_h = back * h * (1 - h)
    cases = {
        "": W1.T @ delta_h,
        "forgets the hidden slope": W1.T @ back,
        "forgets the output slope": W1.T @ (W2.T @ (o - n.y) * h * (1 - h)),
        "swaps the sign of the error": -W1.T @ delta_h,
        "doubles the gradient": 2 * W1.T @ delta_h,
        "leaves out the weight on a path": np.full(2, delta_h.sum()),
        "follows only one path": W1[1] * delta_h[1],
        "does not transpose the weights backward": W1.ravel().reshape(2, 3) @ delta_h,
    }
    for name, both in cases.items():
        for i, number in enumerate(both, 1):
            for digits in (6, 9):
                found = bp.diagnose(problem, f"dE/dx{i}", f"{number:.{digits}g}")
                assert [m.name for m in found.misconceptions][:1] == ([name] if name else []), found
                assert (found.verdict == "correct") == (not name)
    at_once = bp.diagnose(problem, "dE/dx1", f"{cases[''][0]:.9g}", given={"net_h1": 0.3})
    assert at_once.verdict == "correct"


def _drawn() -> tuple:
    rng = np.random.default_rng(5)
    draw = lambda *shape: np.round(rng.uniform(-1, 1, shape), 3)
    return [draw(3, 2), draw(2, 3)], [np.full(3, 0.4), np.full(2, -0.3)], draw(2) + 1.2, np.array([0.3, 0.8])


def test_a_derivative_by_an_input_follows_from_an_earlier_value() -> None:
    problem = bp.examples.article.problem
    given = bp.evaluate(problem)["dE_total/dnet_h1"] + 0.01
    w1, w2 = (problem.parameters[problem.network.weight_of["x1", hidden]] for hidden in ("h1", "h2"))
    expected = given * w1 + bp.evaluate(problem)["dE_total/dnet_h2"] * w2
    found = bp.diagnose(problem, "dE/dx1", f"{expected:.9g}", given={"dE_total/dnet_h1": f"{given:.9g}"})
    assert found.verdict == "correct"
    assert found.carried == ("dE_total/dnet_h1",)
