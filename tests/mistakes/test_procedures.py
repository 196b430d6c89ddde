"""Mistakes in the way to a number: other update rules, samples one by one, shared biases; against plain programs."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import pytest
from thorough import THOROUGH

import bpkit as bp
from bpkit.mistakes.misconceptions import PROCEDURES
from bpkit.mistakes.question import question
from bpkit.mistakes.variants import wrong_values

Arrays = list[np.ndarray]
Step = Callable[[Arrays, Arrays, dict[str, Arrays], int], Arrays]
SIZES = [(2, 2, 2), (2, 3, 1), (3, 2, 2)]
RATE = 0.3


def sigmoid(z: np.ndarray) -> np.ndarray:
    return 0.5 + 0.5 * np.tanh(0.5 * z)


def gradient(parameters: Arrays, x: np.ndarray, y: np.ndarray) -> tuple[float, Arrays]:
    """Half the squared error of a sigmoid network, as a mean over the rows, and its gradient."""
    W1, b1, W2, b2 = parameters
    h = sigmoid(x @ W1 + b1)
    o = sigmoid(h @ W2 + b2)
    d2 = (o - y) * o * (1 - o) / len(x)
    d1 = d2 @ W2.T * h * (1 - h)
    return 0.5 * ((o - y) ** 2).sum() / len(x), [x.T @ d1, d1.sum(axis=0), h.T @ d2, d2.sum(axis=0)]


def drawn(seed: int, samples: int = 3) -> tuple[Arrays, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    n, m, k = SIZES[seed % len(SIZES)]
    shapes = [(n, m), (m,), (m, k), (k,)]
    parameters = [rng.uniform(-1.5, 1.5, shape).round(2) for shape in shapes]
    return parameters, rng.uniform(-1, 1, (samples, n)).round(2), rng.uniform(0.1, 0.9, (samples, k)).round(2)


def problem(seed: int, update: bp.updates.UpdateRule | None = None, samples: int = 3) -> bp.Problem:
    parameters, x, y = drawn(seed, samples)
    network = bp.Network(*SIZES[seed % len(SIZES)], bias="neuron")
    given = (x, y) if samples > 1 else (x[0], y[0])
    return bp.Problem(network, parameters, *given, RATE, update=update)


def run(seed: int, step: Step, updates: int, rows: Callable[[int], object] = lambda t: slice(None)) -> dict[str, float]:
    """The first and the last weight and the loss after some updates, each made by a step."""
    parameters, x, y = drawn(seed)
    memory: dict[str, Arrays] = {}
    for t in range(updates):
        chosen = rows(t)
        _, slopes = gradient(parameters, x[chosen], y[chosen])
        parameters = step(parameters, slopes, memory, t + 1)
    return {"loss": gradient(parameters, x, y)[0], "w1": parameters[0][0, 0], "last": parameters[2][-1, -1]}


def plain(parameters: Arrays, slopes: Arrays, memory: dict[str, Arrays], t: int) -> Arrays:
    return [p - RATE * g for p, g in zip(parameters, slopes)]


def kept(parameters: Arrays, slopes: Arrays, memory: dict[str, Arrays], t: int) -> Arrays:
    memory["g"] = [a + g for a, g in zip(memory.get("g", [0.0] * 4), slopes)]
    return [p - RATE * g for p, g in zip(parameters, memory["g"])]


def momentum(parameters: Arrays, slopes: Arrays, memory: dict[str, Arrays], t: int) -> Arrays:
    memory["v"] = [0.9 * v + g for v, g in zip(memory.get("v", [0.0] * 4), slopes)]
    return [p - RATE * v for p, v in zip(parameters, memory["v"])]


def swapped_momentum(parameters: Arrays, slopes: Arrays, memory: dict[str, Arrays], t: int) -> Arrays:
    memory["v"] = [0.1 * v + g for v, g in zip(memory.get("v", [0.0] * 4), slopes)]
    return [p - RATE * v for p, v in zip(parameters, memory["v"])]


def share_momentum(parameters: Arrays, slopes: Arrays, memory: dict[str, Arrays], t: int) -> Arrays:
    memory["v"] = [0.9 * v + 0.1 * g for v, g in zip(memory.get("v", [0.0] * 4), slopes)]
    return [p - RATE * v for p, v in zip(parameters, memory["v"])]


def whole_momentum(parameters: Arrays, slopes: Arrays, memory: dict[str, Arrays], t: int) -> Arrays:
    memory["v"] = [v + g for v, g in zip(memory.get("v", [0.0] * 4), slopes)]
    return [p - RATE * v for p, v in zip(parameters, memory["v"])]


def adam(slip: str = "") -> Step:
    def step(parameters: Arrays, slopes: Arrays, memory: dict[str, Arrays], t: int) -> Arrays:
        first, second = (0.999, 0.9) if slip == "exchanged" else (0.9, 0.999)
        a, b, c, d = first, 1 - first, second, 1 - second
        if slip == "swapped":
            a, b, c, d = b, a, d, c
        memory["m"] = [a * m + b * g for m, g in zip(memory.get("m", [0.0] * 4), slopes)]
        power = 1 if slip == "not squared" else 2
        memory["v"] = [c * v + d * g**power for v, g in zip(memory.get("v", [0.0] * 4), slopes)]
        count = t - 1 if slip == "from 0" else t
        m_share, v_share = 1 - first**count, 1 - second**count
        m_share = 1.0 if slip in ("uncorrected", "m uncorrected") else m_share
        v_share = 1.0 if slip in ("uncorrected", "v uncorrected") else v_share
        root = (lambda v: v) if slip == "no root" else np.sqrt
        with np.errstate(all="ignore"):
            return [
                p - RATE * (m / m_share) / (root(v / v_share) + 1e-8)
                for p, m, v in zip(parameters, memory["m"], memory["v"])
            ]

    return step


def decayed(of_bias: bool, share: float = 0.2, of_weight: bool = True) -> Step:
    def step(parameters: Arrays, slopes: Arrays, memory: dict[str, Arrays], t: int) -> Arrays:
        pulls = [share * (p if of_weight else 1) if p.ndim == 2 or of_bias else 0 for p in parameters]
        return [p - RATE * (g + pull) for p, g, pull in zip(parameters, slopes, pulls)]

    return step


ADAM, MOMENTUM, DECAY = bp.updates.Adam(), bp.updates.Momentum(0.9), bp.updates.GradientDescent(weight_decay=0.2)
CASES = [
    (None, kept, "does not set the gradient back to zero", 2),
    (None, kept, "does not set the gradient back to zero", 4),
    (None, momentum, "uses momentum", 3),
    (MOMENTUM, plain, "updates by plain gradient descent", 3),
    (MOMENTUM, share_momentum, "takes the gradient's share into the velocity", 2),
    (MOMENTUM, swapped_momentum, "takes one minus beta for beta", 3),
    (MOMENTUM, whole_momentum, "keeps the whole of the old velocity", 3),
    (ADAM, plain, "updates by plain gradient descent", 2),
    (ADAM, adam("uncorrected"), "leaves out the correction of the running means", 2),
    (ADAM, adam("m uncorrected"), "leaves out the correction of the running means", 2),
    (ADAM, adam("v uncorrected"), "leaves out the correction of the running means", 2),
    (ADAM, adam("swapped"), "swaps the shares of the old and the new", 3),
    (ADAM, adam("exchanged"), "swaps the two betas", 3),
    (ADAM, adam("no root"), "forgets the root of the running mean", 1),
    (DECAY, plain, "forgets the weight decay", 2),
    (DECAY, decayed(True), "updates the biases with weight decay", 2),
    (DECAY, decayed(False, of_weight=False), "leaves the weight out of the decay", 2),
]


def test_a_rule_that_goes_on_from_a_velocity_is_told_without_its_decay() -> None:
    network = bp.Network(2, 1, activation="identity", bias="none")
    problem = bp.Problem(network, {"w1": 2, "w2": -1}, [1, 3], [0.5], learning_rate=0.1, state={"v_w1": 4, "v_w2": 0},
                         update=bp.updates.Momentum(0.5, weight_decay=0.2))  # fmt: skip
    slope = (2 * 1 - 1 * 3 - 0.5) * 1
    found = bp.diagnose(problem, "w1_new", f"{2 - 0.1 * (0.5 * 4 + slope):.9g}")
    assert [one.name for one in found.misconceptions] == ["forgets the weight decay"]
    found = bp.diagnose(problem, "w1_new", f"{2 - 0.1 * (0.5 * 4 + slope + 0.2):.9g}")
    assert [one.name for one in found.misconceptions] == ["leaves the weight out of the decay"]
    for decay in (0.2, 0):
        found = bp.diagnose(problem, "w1_new", f"{2 - 0.1 * (slope + decay * 2):.9g}")
        assert found.misconceptions[0].name == "updates by plain gradient descent"


def test_a_mean_of_slopes_that_are_not_squared_is_named() -> None:
    """Where the slope is positive, so that its root can be taken."""
    network = bp.Network(2, 1, activation="identity", bias="none")
    problem = bp.Problem(network, {"w1": 2, "w2": -1}, [1, 3], [-3], 0.1, update=bp.updates.Adam())
    slope = (2 * 1 - 1 * 3 + 3) * 1
    found = bp.diagnose(problem, "w1_new", f"{2 - 0.1 * slope / (np.sqrt(slope) + 1e-8):.9g}")
    assert "forgets the square in the running mean" in [one.name for one in found.misconceptions[:4]]


def asked(seed: int, updates: int) -> Iterator[tuple[str, str]]:
    n, m, k = SIZES[seed % len(SIZES)]
    s = "s" * (updates > 1)
    yield "loss", f"E_total after {updates} update{s}"
    yield "w1", f"w1 after {updates} update{s}"
    yield "last", f"w{n * m + m * k} after {updates} update{s}"


def agree(update: bp.updates.UpdateRule | None, step: Step, updates: int) -> None:
    """The plain program is right where it makes no mistake."""
    for seed in range(3):
        for key, quantity in asked(seed, updates):
            exact = question(problem(seed, update), quantity)
            assert exact.exact[exact.quantity] == pytest.approx(run(seed, step, updates)[key], abs=1e-12)


@pytest.mark.parametrize(
    ("update", "step"), [(None, plain), (MOMENTUM, momentum), (ADAM, adam()), (DECAY, decayed(False))]
)
def test_the_programs_are_right_where_they_make_no_mistake(update: bp.updates.UpdateRule | None, step: Step) -> None:
    agree(update, step, 3)


@pytest.mark.parametrize(("update", "step", "name", "updates"), CASES)
def test_other_update_rules_are_named(
    update: bp.updates.UpdateRule | None, step: Step, name: str, updates: int
) -> None:
    for seed in range(6 if THOROUGH else len(SIZES)):
        wrong = run(seed, step, updates)
        for key, quantity in asked(seed, updates):
            found = bp.diagnose(problem(seed, update), quantity, f"{wrong[key]:.9g}")
            if "Any step that is too large" in found.message:  # saturated: every such mistake ends there
                assert key == "loss"
                continue
            if found.verdict in ("correct", "few_digits"):  # this parameter is not touched by the mistake
                assert name == "updates the biases with weight decay"
                continue
            names = [one.name for one in found.misconceptions]
            assert name in names[:4], (quantity, found)
            assert not (found.sure and names[0] != name), found


def test_updates_after_each_sample_are_named() -> None:
    for seed in range(6 if THOROUGH else len(SIZES)):
        wrong = run(seed, plain, 3, rows=lambda t: slice(t, t + 1))
        for key, quantity in asked(seed, 1):
            found = bp.diagnose(problem(seed), quantity, f"{wrong[key]:.9g}")
            assert found.misconceptions[0].name == "updates after each sample", found
        right = run(seed, plain, 2)
        for key, quantity in asked(seed, 2):
            found = bp.diagnose(problem(seed).replace(batch="each"), quantity, f"{right[key]:.9g}")
            assert "updates with the whole batch" in [one.name for one in found.misconceptions[:4]], found
        for key, quantity in asked(seed, 6):
            one_by_one = problem(seed).replace(batch="each")
            found = bp.diagnose(one_by_one, quantity, f"{right[key]:.9g}")
            assert found.verdict in ("misconception", "unknown")  # six batches are another thing than two


def test_each_output_against_each_target_is_named() -> None:
    for seed in (1, 4, 7):
        (W1, b1, W2, b2), x, y = drawn(seed)
        h = sigmoid(x @ W1 + b1)
        o = sigmoid(h @ W2 + b2)
        assert o.shape == (3, 1)
        wrong = 0.5 * np.mean((o - y[:, 0]) ** 2)  # (3, 1) against (3,)
        found = bp.diagnose(problem(seed), "E_total", f"{wrong:.9g}")
        assert found.misconceptions[0].name == "compares each output with each target"
        assert "(n, 1)" in found.message


def test_a_bias_for_each_neuron_is_named_where_layers_share_one() -> None:
    for seed in range(4):
        parameters, x, y = drawn(seed, 1)
        parameters[1], parameters[3] = (np.full_like(b, b[0]) for b in (parameters[1], parameters[3]))
        network = bp.Network(*SIZES[seed % len(SIZES)])
        shared = bp.Problem(network, parameters, x[0], y[0], RATE)
        for _ in range(2):
            parameters = plain(parameters, gradient(parameters, x, y)[1], {}, 1)
        found = bp.diagnose(shared, "E_total after 2 updates", f"{gradient(parameters, x, y)[0]:.9g}")
        assert found.misconceptions[0].name == "gives each neuron a bias of its own"


def test_a_lost_minus_is_named_with_its_number_and_the_line_where_it_is_put_in() -> None:
    x, y, (W1, b1), (W2, b2) = (0.1, -0.2), 0.5, ([[0.3, -0.4], [0.7, 0.6]], 0.2), ([[-0.5], [0.8]], -0.3)
    asked = bp.Problem(bp.Network(2, 2, 1), [W1, [b1, b1], W2, [b2]], x, [y], RATE)

    def net_o1(x2: float, w3: float, w5: float) -> float:
        h1, h2 = (sigmoid(0.1 * a + x2 * b + 0.2) for a, b in ((0.3, 0.7), (w3, 0.6)))
        return float(h1 * w5 + h2 * 0.8 - 0.3)

    names = asked.network.weight_of
    for changed, name, line in (
        ((-0.2, -0.4, 0.5), names["h1", "o1"], "net_o1"),
        ((-0.2, 0.4, -0.5), names["x1", "h2"], "net_h2"),
        ((0.2, -0.4, -0.5), "x2", "net_h1"),
    ):
        [one] = bp.diagnose(asked, "net_o1", f"{net_o1(*changed):.7g}").misconceptions
        assert (one.name, one.step.name) == ("loses a minus sign", line)
        assert one.detail.startswith(f"{name} is -0.")
    assert bp.diagnose(asked, "net_o1", f"{net_o1(-0.2, -0.4, -0.5):.7g}").verdict == "correct"
    walked = asked.replace(update=bp.updates.Momentum(), state={f"v_{names['h1', 'o1']}": -0.3})
    assert (
        bp.diagnose(walked, "net_o1", f"{net_o1(-0.2, -0.4, 0.5):.7g}").misconceptions[0].name == "loses a minus sign"
    )


def test_a_procedure_speaks_only_where_it_differs() -> None:
    """Before any update, and for one sample, there is nothing to do otherwise."""
    before = question(bp.examples.mazur.problem, "dE/dw5")
    assert [one for procedure in PROCEDURES for one in procedure.elsewhere(before)] == []
    after = question(bp.examples.mazur.problem, "E_total after 1 update")
    assert {p.name for p in PROCEDURES if [*p.elsewhere(after)]} <= {"gives each neuron a bias of its own"}
    names = {mistake.name for mistake in wrong_values(bp.examples.mazur.problem, "w5_new")}
    assert not names & {procedure.name for procedure in PROCEDURES}


def test_a_batch_after_hundreds_of_updates_is_judged() -> None:
    def fitted(factor: float) -> float:
        x, y, w, b = np.array([0.2, 0.5, 0.9]), np.array([0.3, 0.4, 0.9]), 0.1, -0.2
        for _ in range(200):
            e = w * x + b - y
            w, b = w - RATE * factor * (e * x).mean(), b - RATE * factor * e.mean()
        return float(0.5 * ((w * x + b - y) ** 2).mean())

    line = bp.Network(1, 1, activation="identity")
    given = {"w1": 0.1, "b1": -0.2}, [[0.2], [0.5], [0.9]], [[0.3], [0.4], [0.9]], RATE
    after = bp.Problem(line, *given)
    assert bp.diagnose(after, "E_total after 200 updates", f"{fitted(1.0):.8g}").verdict == "correct"
    for factor, name in ((2.0, "doubles the gradient"), (0.5, "halves the gradient"), (3.0, "takes the sum instead")):
        found = bp.diagnose(after, "E_total after 200 updates", f"{fitted(factor):.8g}")
        assert any(one.name.startswith(name) for one in found.misconceptions), found
    with pytest.raises(bp.BpkitError, match="at most 1000 updates of a batch"):
        bp.diagnose(after, "E_total after 1001 updates", "0.1")
