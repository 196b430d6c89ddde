"""What is wrong with a run: each trouble, the update where it began, and none where nothing is wrong."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import sympy as sp
from hypothesis import assume, given
from hypothesis import strategies as st
from oracle import Case, random_case
from strategies import cases
from thorough import examples, many

import bpkit as bp
from bpkit.core import troubles
from bpkit.core.numeric import loss_over
from bpkit.core.train import Trace
from bpkit.core.troubles import Trouble, find_troubles

N, P = bp.Network, bp.Problem
X = [[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]
XOR = [[0.0], [1.0], [1.0], [0.0]]
SMOOTH = ("sigmoid", "tanh", "identity", "softplus", "leaky_relu")
ARTICLE = P(
    N(2, 2, 2),
    dict(zip("w1 w2 w3 w4 w5 w6 w7 w8 b1 b2".split(), (0.25, 0.15, 0.35, 0.28, 0.35, 0.2, 0.45, 0.4, 0.45, 0.5))),
    [0.1, 0.2],
    [0.05, 0.95],
)


def drawn(network: bp.Network, seed: int = 1, scale: float = 1.0) -> dict[str, float]:
    numbers = scale * np.random.default_rng(seed).normal(size=len(network.parameters))
    return dict(zip(network.parameters, map(float, numbers)))


def problem(network: bp.Network, seed: int = 1, batch: bool = True, **more: object) -> bp.Problem:
    """The four points of XOR, or the last but one, and weights by a seed."""
    outputs = [row * len(network.outputs) for row in XOR]
    data = (X, outputs) if batch else (X[2], outputs[2])
    return P(network, drawn(network, seed), *data, **more)  # type: ignore[arg-type]


def through(start: bp.Problem, *rows: bp.Problem) -> Trace:
    """A run whose records are these."""
    names = start.network.parameters
    table = np.array([[row.parameters[name] for name in names] for row in rows])
    loss = loss_over(start, **dict(zip(names, table.T)))
    return Trace(start, loss, table, {})


def by_loop(trace: Trace, holds: Callable[[bp.Problem], bool]) -> int | None:
    """The first update from which on it holds for all, looked at one by one; None where it does not hold at the end."""
    since = None
    for update in range(len(trace)):
        if not holds(trace.at(update)):
            since = None
        elif since is None:
            since = update
    return since


def found(trace: Trace, kind: str) -> list[Trouble]:
    return [one for one in find_troubles(trace) if one.kind == kind]


def kinds(trace: Trace) -> list[str]:
    return [one.kind for one in find_troubles(trace)]


# Healthy runs


@pytest.mark.parametrize("steps", [0, 1, 20, 1000])
@pytest.mark.parametrize("batch", [False, True])
@pytest.mark.parametrize("train_biases", [False, True])
def test_a_healthy_run_has_no_trouble(steps: int, batch: bool, train_biases: bool) -> None:
    start = ARTICLE.replace(train_biases=train_biases)
    if batch:
        start = start.replace(inputs=[[0.1, 0.2], [0.3, 0.1]], targets=[[0.05, 0.95], [0.2, 0.9]])
    assert find_troubles(bp.train(start, steps)) == ()


@examples(12, 400)
@given(
    cases(),
    st.sampled_from(["mean", "sum", "each"]),
    st.sampled_from([bp.updates.GradientDescent(), bp.updates.Momentum(0.5), bp.updates.Adam()]),
    st.integers(0, 40),
)
def test_random_runs_have_no_trouble_but_those_that_a_loop_sees(
    case: Case, batch: str, update: bp.updates.UpdateRule, steps: int
) -> None:
    trace = bp.train(case.problem(learning_rate=0.003, batch=batch, update=update), steps)
    for one in find_troubles(trace):
        if one.kind == "grows":
            assert trace.loss[one.update :].min() > trace.loss[one.update - 1]
        elif one.kind in ("dead", "saturated"):
            values = bp.evaluate(trace.final)
            flat = [
                neuron
                for row in trace.problem.network.layers[1:]
                for neuron in row
                if np.all(np.abs(values[f"dout_{neuron}/dnet_{neuron}"]) < 1e-10)
            ]
            assert flat, "no neuron is flat for each sample"
        else:
            assert one.kind == "still"
            np.testing.assert_allclose(trace.table[one.update :], trace.table[-1:], rtol=1e-8, atol=1e-8)
            slopes = [abs(bp.evaluate(trace.final)[f"dE/d{name}"]) for name in trace.problem.network.parameters]
            assert max(slopes) < 1e-6


@examples(8, 400)
@given(st.data())
def test_smooth_networks_that_start_small_learn_without_trouble(data: st.DataObject) -> None:
    sizes = data.draw(st.lists(st.integers(1, 4), min_size=2, max_size=4))
    activations = [data.draw(st.sampled_from(SMOOTH)) for _ in sizes[1:]]
    seed, samples = data.draw(st.integers(0, 10**6)), data.draw(st.integers(0, 5))
    case = random_case(np.random.default_rng(seed), sizes, activations, "half_squared_error", "neuron", samples)
    start = case.problem(learning_rate=0.002)
    assume(bp.train(start, 1).loss[1] <= bp.evaluate(start)["E_total"])
    assert find_troubles(bp.train(start, 30)) == ()


# The loss grows


LINE = P(N(1, 1, activation="identity"), {"w1": 0.2, "b1": 0.0}, [[4.0], [7.0], [9.0]], [[1.0], [2.0], [2.5]])


@pytest.mark.parametrize("steps", [1, 5, 50])
@pytest.mark.parametrize("rate", [0.1, 1.0, 1e3, 1e60])
@pytest.mark.parametrize("batch", ["mean", "sum", "each"])
def test_a_rate_that_is_too_large_is_said_while_the_loss_grows(steps: int, rate: float, batch: str) -> None:
    trace = bp.train(LINE.replace(learning_rate=rate, batch=batch), steps)
    if trace.diverged_at is not None:
        assert find_troubles(trace) == ()
        return
    first = min(range(steps + 1), key=lambda update: (trace.loss[update], -update)) + 1
    assert first == 1 or (batch == "each" and rate == 0.1)
    if first > steps or (batch == "each" and steps < 3 and trace.loss[1] < 11 * trace.loss[0]):
        assert find_troubles(trace) == ()
        return
    (one,) = find_troubles(trace)
    assert (one.kind, one.update) == ("grows", first)
    assert f"learning rate {rate:g} is too large here; take a smaller one" in one.sentence
    grows = all(after > before for before, after in zip(trace.loss[first - 1 :], trace.loss[first:]))
    when = "," if first == steps else " and does not fall back," if not grows else ""
    assert f"{'at' if when else 'from'} update {first}{when or ' on,'} because" in one.sentence


def test_of_a_long_run_some_updates_tell_whether_they_went_too_far(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[int] = []
    monkeypatch.setattr(
        troubles, "loss_over", lambda one, **rows: seen.append(rows["w1"].size) or loss_over(one, **rows)
    )
    for piece in (20_000, 100, 7):
        monkeypatch.setattr(troubles, "PIECE", piece)
        assert kinds(bp.train(LINE, 50)) == ["grows"]
    assert seen == [50 * 20, 25 * 20, 3 * 20]  # each with twenty shorter steps; three samples


@pytest.mark.parametrize("update", [bp.updates.Momentum(0.9), bp.updates.Momentum(0.5)])
def test_other_rules_overshoot_too(update: bp.updates.UpdateRule) -> None:
    trace = bp.train(LINE.replace(learning_rate=2.0, update=update), 30)
    assert kinds(trace) == ["grows"]


def test_the_update_is_the_one_after_the_smallest_loss() -> None:
    """A valley that gets steeper on the way down: w2 w1 x = y has its slope at w1² + w2²."""
    start = P(N(1, 1, 1, activation="identity", bias="none"), {"w1": 0.1, "w2": 0.2}, [1.0], [8.0], 0.3)
    seen = set()
    for steps in range(3, 40):
        trace = bp.train(start, steps)
        lowest = min(range(len(trace)), key=lambda update: (trace.loss[update], -update))
        for one in found(trace, "grows"):
            assert one.update == lowest + 1
            seen.add(one.update)
    assert max(seen) > 1


def test_a_negative_rate_is_said_to_be_one() -> None:
    (one,) = find_troubles(bp.train(ARTICLE.replace(learning_rate=-0.5), 5))
    assert (one.kind, one.update) == ("grows", 1)
    assert one.sentence == "The loss grows from update 1 on, because the learning rate is negative; take a positive one"


def test_a_loss_that_grows_for_a_moment_is_no_trouble() -> None:
    losses = [1.0, 0.5, 0.9, 1.3, 0.4, 0.3, 0.35]
    trace = bp.train(ARTICLE, 6)
    assert not found(Trace(ARTICLE, np.array(losses), trace.table, {}), "grows")


def test_a_swing_of_momentum_is_no_trouble() -> None:
    start = P(N(1, 1, activation="identity", bias="none"), {"w1": 0.0}, [1.0], [1.0], 0.2)
    trace = bp.train(start.replace(update=bp.updates.Momentum(0.9)), 60)
    assert (np.diff(trace.loss) > 0).any()
    for steps in range(60):
        assert find_troubles(bp.train(trace.problem, steps)) == ()


@pytest.mark.parametrize("update", [bp.updates.RMSProp(), bp.updates.Momentum(0.9)])
def test_a_first_step_that_is_too_long_for_a_rule_with_a_memory_is_no_trouble_yet(
    update: bp.updates.UpdateRule,
) -> None:
    start = P(N(1, 1, activation="identity", bias="none"), {"w1": 0.9}, [1.0], [1.0], 2.2, update=update)
    if isinstance(update, bp.updates.RMSProp):
        start = start.replace(learning_rate=0.1)
    trace = bp.train(start, 1)
    assert trace.loss[1] > 1.2 * trace.loss[0]
    assert find_troubles(trace) == ()
    assert kinds(bp.train(start.replace(update=bp.updates.GradientDescent(), learning_rate=2.2), 1)) == ["grows"]


def test_one_sample_that_pulls_against_the_others_is_no_trouble() -> None:
    start = P(N(1, 1, activation="identity", bias="none"), {"w1": 1.0}, [[1.0]] * 4, [[0.0], *[[1.5]] * 3], 0.1)
    start = start.replace(batch="each")
    trace = bp.train(start, 1)
    assert trace.loss[1] > 1.02 * trace.loss[0]
    assert find_troubles(trace) == ()
    assert find_troubles(bp.train(start, 2)) == ()


def test_a_weight_decay_that_raises_the_loss_is_no_trouble_of_the_rate() -> None:
    best = bp.train(LINE.replace(learning_rate=0.01), 20_000).final
    decayed = best.replace(update=bp.updates.GradientDescent(weight_decay=5.0), learning_rate=0.001)
    for steps in (1, 10, 5000):
        trace = bp.train(decayed, steps)
        assert trace.loss[-1] > 1.1 * trace.loss[0] or steps == 1
        assert find_troubles(trace) == ()


def test_only_the_updates_that_made_it_grow_are_asked_whether_they_went_too_far() -> None:
    start = P(N(1, 1, activation="identity", bias="none"), {"w1": 1.0}, [1.0], [0.0])
    for after, expected in (([0.3, 0.6, 1.2], []), ([-0.3, 0.6, -1.2], [4])):  # up the same side, and from side to side
        trace = through(start, *(start.replace(w1=w) for w in (1.0, 0.6, 0.3, 0.1, *after)))
        assert [one.update for one in find_troubles(trace)] == expected


def test_rounding_at_the_end_of_a_run_is_no_growth() -> None:
    done = bp.train(LINE.replace(learning_rate=0.01), 20_000).final
    for steps in (1, 7, 500):
        assert find_troubles(bp.train(done, steps)) == ()


def test_jitter_of_a_loss_near_zero_is_no_growth() -> None:
    start = P(N(1, 1, activation="identity", bias="none"), {"w1": 0.5}, [1.0], [0.5], 0.0005)
    assert find_troubles(bp.train(start.replace(w1=0.5001, update=bp.updates.Adam()), 30)) == ()


# The weights swing


PARABOLA = P(N(1, 1, activation="identity", bias="none"), {"w1": 0.0}, [1.0], [1.0])  # (w - 1)² / 2
SWING = "The weights swing from side to side from update {} on and the loss gets no smaller, because learning rate {} "
SWING += "is too large here; take a smaller one"


@pytest.mark.parametrize("batch", [False, True])
@pytest.mark.parametrize("rate", [1.05, 1.1, 1.2])
def test_a_loss_that_goes_up_and_down_for_ever(rate: float, batch: bool) -> None:
    """Two equal weights a turn to a(1 + r - r a²), a cubic map: beyond r = 1 it ends in a and b in turn, with
    ab = 1/r and a² + b² = 1 + 1/r, that is a loss (a² - 1)² / 2 and (b² - 1)² / 2.
    """
    start = P(N(1, 1, 1, activation="identity", bias="none"), {"w1": 0.5, "w2": 0.5}, [1.0], [1.0], rate)
    if batch:
        start = start.replace(inputs=[[1.0]], targets=[[1.0]], batch="each")  # whose one sample is the whole batch
    trace = bp.train(start, 400)
    squares = np.roots([1, -(1 + 1 / rate), 1 / rate**2])
    np.testing.assert_allclose(sorted(trace.loss[-2:]), sorted((squares - 1) ** 2 / 2), rtol=1e-6)
    best = min(trace.loss)
    first = next(update for update, loss in enumerate(trace.loss) if loss <= 1.001 * best) + 1
    assert find_troubles(trace) == (("swings", first, SWING.format(first, rate)),)


@pytest.mark.parametrize("rate", [0.9, 0.97])
def test_a_swing_that_dies_away_is_no_trouble(rate: float) -> None:
    start = P(N(1, 1, 1, activation="identity", bias="none"), {"w1": 0.5, "w2": 0.5}, [1.0], [1.0], rate)
    for steps in (20, 40, 400):
        trace = bp.train(start, steps)
        assert (np.diff(np.sign(trace["w1"][:20] - 1)) != 0).sum() > 10
        assert find_troubles(trace) == ()


@pytest.mark.parametrize("rate", [1.9, 1.99, 2.0])
def test_weights_that_leap_to_the_other_side_and_back(rate: float) -> None:
    """w - 1 turns to (1 - r)(w - 1): at r = 2 it stays as large, and the loss is the same for ever."""
    for steps in (1, 19, 20, 300):
        trace = bp.train(PARABOLA.replace(learning_rate=rate), steps)
        told = rate == 2 and steps >= 20  # of fewer updates nobody can be sure
        assert find_troubles(trace) == ((("swings", 1, SWING.format(1, 2)),) if told else ())


@pytest.mark.parametrize("steps", [199, 200, 1000])
def test_a_rule_with_a_memory_has_ten_times_as_long(steps: int) -> None:
    """With momentum w - 1 follows powers of two numbers; at r = 2(1 + beta) they are -1 and -beta, and a velocity of
    2/3 leaves the first alone.
    """
    rule, state = bp.updates.Momentum(0.5), {"v_w1": 2 / 3}
    trace = bp.train(PARABOLA.replace(learning_rate=3.0, update=rule).replace(state=state), steps)
    np.testing.assert_allclose(trace["w1"], [2.0 * (update % 2) for update in range(steps + 1)], atol=1e-9)
    assert kinds(trace) == ["swings"] * (steps >= 200)
    damped = trace.problem.replace(learning_rate=2.5)
    assert find_troubles(bp.train(damped, steps)) == ()


def test_only_a_swing_that_lasts_for_half_of_the_run_is_one() -> None:
    here, there = PARABOLA.replace(w1=0.0, learning_rate=0.25), PARABOLA.replace(w1=2.0)
    for before in (0, 5, 20, 30):
        for swings in (19, 20, 25, 30, 31):
            way = [here.replace(w1=-9 + 9 * step / before) for step in range(before)]
            trace = through(here, *way, *([here, there] * swings)[: swings + 1])
            told = swings >= max(20, before)
            assert find_troubles(trace) == ((("swings", before + 1, SWING.format(before + 1, 0.25)),) if told else ())


@pytest.mark.parametrize("other", [0.5, 0.9, 1.2])
def test_weights_that_go_to_and_fro_on_one_side_leap_over_nothing(other: float) -> None:
    rows = [PARABOLA, PARABOLA.replace(w1=other)] * 20
    assert ("swings" in kinds(through(PARABOLA, *rows))) == (other > 1)


def test_what_is_as_good_as_solved_may_swing() -> None:
    for size, told in ((0.1, True), (0.04, True), (0.03, False)):  # losses are size² / 2, at the start 1/2
        sides = [PARABOLA.replace(w1=1 + size), PARABOLA.replace(w1=1 - size)]
        assert kinds(through(PARABOLA, PARABOLA, *sides * 12)) == ["swings"] * told
    tiny = [PARABOLA.replace(w1=1 + 0.001), PARABOLA.replace(w1=1 - 0.001)]
    assert find_troubles(through(tiny[0], *tiny * 12)) == ()


def test_a_swing_about_the_best_that_there_is_is_no_trouble() -> None:
    """What is leapt over must be better by a hundredth."""
    best = bp.train(LINE.replace(learning_rate=0.01), 20_000).final
    seen = set()
    for size in (0.5, 0.01, 0.0001):
        sides = [best.replace(w1=best.parameters["w1"] + sign * size) for sign in (1, -1)]
        trace = through(best, *sides * 12)
        told = bool(bp.evaluate(best)["E_total"] < 0.99 * trace.loss.min())
        assert kinds(trace) == ["swings"] * told
        seen.add(told)
    assert seen == {True, False}


def test_samples_that_take_turns_swing_as_they_must() -> None:
    start = PARABOLA.replace(inputs=[[1.0], [1.0]], targets=[[0.0], [4.0]], learning_rate=0.9, batch="each")
    trace = bp.train(start, 200)
    assert (np.abs(np.diff(trace["w1"][-20:])) > 1).all()
    assert find_troubles(trace) == ()


def test_a_loss_that_grows_is_not_said_to_swing_too() -> None:
    assert kinds(bp.train(PARABOLA.replace(learning_rate=2.01), 300)) == ["grows"]


# Layers that are dead

RELU = N(2, 3, 1, activation=["relu", "identity"], bias="neuron")


def dead_at(layer: int) -> Callable[[bp.Problem], bool]:
    def holds(at: bp.Problem) -> bool:
        values = bp.evaluate(at)
        return all(np.all(np.asarray(values[f"out_{neuron}"]) == 0) for neuron in at.network.layers[layer])

    return holds


@examples(15, 200)
@given(st.lists(st.booleans(), min_size=1, max_size=40), st.booleans(), st.integers(0, 99))
def test_the_update_from_which_on_a_layer_is_dead(states: list[bool], batch: bool, seed: int) -> None:
    """Records that come and go between a network whose hidden ReLUs are all 0 and one where they are not."""
    alive = problem(RELU, seed, batch)
    alive = alive.replace(b_h1=3.0 + abs(alive.parameters["w1"]) + abs(alive.parameters["w2"]), b_o1=5.0)
    dead = alive.replace(b_h1=-9.0, b_h2=-9.0, b_h3=-9.0)
    trace = through(alive, *(dead if state else alive for state in states))
    expected = by_loop(trace, dead_at(1))
    assert expected == (None if not states[-1] else len(states) - states[::-1].index(False) if False in states else 0)
    assert [one.update for one in found(trace, "dead")] == ([] if expected is None else [expected])


@pytest.mark.parametrize("rate", [0.5, 3.0, 10.0])
@pytest.mark.parametrize("seed", range(many(2, 8)))
@pytest.mark.parametrize("sizes", [(2, 4, 1), (2, 3, 3, 2)])
def test_a_loop_over_a_run_of_relus_finds_the_same(rate: float, seed: int, sizes: tuple[int, ...]) -> None:
    trace = bp.train(problem(N(*sizes, activation="relu", bias="neuron"), seed, learning_rate=rate), 15)
    if trace.diverged_at is not None:
        return
    dead = {layer: by_loop(trace, dead_at(layer)) for layer in range(1, len(sizes))}
    last = len(sizes) - 1
    expected = [
        (f"hidden layer {layer}" if layer < last else "the output layer", update)
        for layer, update in dead.items()
        if update is not None
    ]
    got = found(trace, "dead")
    assert len(got) == len(expected)
    for one, (where, update) in zip(got, expected):
        assert one.update == update
        assert f"All ReLUs of {where} are dead" in one.sentence
        assert (f"from update {update} on" if update else "from the start") in one.sentence
        assert ("nothing can learn now" in one.sentence) == (where == "the output layer")
        assert ("smaller learning rate" in one.sentence) == bool(update)


def test_relus_of_which_one_is_not_off_are_as_they_should_be() -> None:
    start = problem(RELU).replace(b_h1=-9.0, b_h2=-9.0, b_h3=0.5, b_o1=3.0)
    assert np.any(bp.evaluate(start)["out_h3"] > 0)
    assert find_troubles(bp.train(start, 0)) == ()


@pytest.mark.parametrize("target", [0.0, -0.5])
def test_a_dead_output_that_is_right_or_cannot_be_better_is_no_trouble(target: float) -> None:
    start = P(N(1, 1, activation="relu", bias="none"), {"w1": -1.0}, [1.0], [target])
    assert find_troubles(bp.train(start, 20)) == ()
    assert kinds(bp.train(start.replace(targets=[0.5]), 20)) == ["dead"]
    assert kinds(bp.train(start.replace(w1=0.0, targets=[0.5]), 20)) == ["dead"]


def test_dead_outputs_of_which_one_is_wrong_are_a_trouble() -> None:
    start = P(N(1, 2, activation="relu", bias="none"), {"w1": -1.0, "w2": -1.0}, [1.0], [-0.3, 0.5])
    assert kinds(bp.train(start, 5)) == ["dead"]


def test_a_task_that_is_solved_without_the_dead_layer_is_no_trouble() -> None:
    start = problem(RELU, batch=False).replace(b_h1=-9.0, b_h2=-9.0, b_h3=-9.0)
    assert kinds(bp.train(start, 1)) == ["dead"]
    trace = bp.train(start, 100)
    assert trace.loss[-1] < 1e-6
    assert find_troubles(trace) == ()


def test_the_words_of_a_dead_layer() -> None:
    start = problem(RELU).replace(b_h1=-9.0, b_h2=-9.0, b_h3=-9.0)
    (one,) = find_troubles(bp.train(start, 3))
    assert one.sentence == (
        "All ReLUs of hidden layer 1 are dead from the start: their outputs and slopes are 0, so no weight up to this "
        "layer can learn now; start with other weights or use leaky ReLUs"
    )


# Neurons that are saturated


def flat_at(neuron: str) -> Callable[[bp.Problem], bool]:
    return lambda at: bool(np.all(np.abs(bp.evaluate(at)[f"dout_{neuron}/dnet_{neuron}"]) < 1e-10))


@examples(15, 200)
@given(
    st.lists(st.integers(0, 2), min_size=1, max_size=40),
    st.sampled_from(["sigmoid", "tanh", "softplus"]),
    st.booleans(),
)
def test_the_update_from_which_on_neurons_are_saturated(states: list[int], activation: str, batch: bool) -> None:
    """Records of three kinds: no neuron at its flat end, the first, or the first and the second."""
    start = problem(N(2, 3, 1, activation=[activation, "identity"], bias="neuron"), 3, batch).replace(b_o1=4.0)
    one = start.replace(b_h1=-60.0)
    trace = through(start, *((start, one, one.replace(b_h2=-60.0))[state] for state in states))
    names = ["h1", "h2"][: states[-1]]
    expected = [by_loop(trace, lambda at: all(flat_at(name)(at) for name in names))] if names else []
    got = found(trace, "saturated")
    assert [one.update for one in got] == expected
    said = {1: "Neuron h1 of hidden layer 1 is saturated", 2: "The neurons h1 and h2 of hidden layer 1 are saturated"}
    assert [one.sentence.split(" from ")[0] for one in got] == [said[state] for state in states[-1:] if state]
    assert all("no weight that leads there" in one.sentence for one in got)


@pytest.mark.parametrize("activation", ["sigmoid", "tanh"])
@pytest.mark.parametrize("size", [2, 5])
def test_inputs_that_are_too_large_saturate_a_layer_from_the_start(activation: str, size: int) -> None:
    network = N(2, size, 1, activation=[activation, "sigmoid"], bias="none")
    weights = {name: 0.3 + 0.1 * number for number, name in enumerate(network.weights)}
    (one,) = find_troubles(bp.train(P(network, weights, [90.0, 60.0], [0.2], 0.05), 3))
    assert (one.kind, one.update) == ("saturated", 0)
    who = "The neurons h1 and h2 of hidden layer 1" if size == 2 else "5 neurons of hidden layer 1"
    assert one.sentence == (
        f"{who} are saturated from the start: their slopes are below 1e-10, so no weight up to this layer can learn "
        "now; scale the inputs down or start with smaller weights"
    )


@pytest.mark.parametrize("batch", [False, True])
def test_a_rate_that_throws_the_outputs_to_their_wrong_end(batch: bool) -> None:
    start = P(N(1, 1, bias="none"), {"w1": 0.1}, [1.0], [0.45], 1e5)
    if batch:
        start = start.replace(inputs=[[1.0], [2.0]], targets=[[0.45], [0.4]])
    trace = bp.train(start, 10)
    assert kinds(trace) == ["grows", "saturated"]
    (one,) = found(trace, "saturated")
    assert one.update == by_loop(trace, flat_at("o1")) == 1
    assert "Neuron o1 of the output layer is saturated from update 1 on: its slope is below 1e-10" in one.sentence
    assert one.sentence.endswith("so nothing can learn now; take a smaller learning rate")


@pytest.mark.parametrize("weight", [-50.0, 50.0])
@pytest.mark.parametrize("target", [-0.5, 0.0, 1.0, 1.5])
@pytest.mark.parametrize("activation", ["sigmoid", "tanh"])
def test_saturated_outputs_that_are_right_or_as_near_as_they_can_come(
    weight: float, target: float, activation: str
) -> None:
    wrong = (weight > 0) != (target > 0.5)
    if activation == "tanh":
        target = 2 * target - 1  # the same places between its two ends
    start = P(N(1, 1, activation=activation, bias="none"), {"w1": weight}, [1.0], [target], 0.1)
    assert kinds(bp.train(start, 10)) == ["saturated"] * wrong


def test_a_cross_entropy_brings_the_slope_back() -> None:
    for network, targets in (
        (N(1, 2, loss="binary_cross_entropy", bias="none"), [0.0, 1.0]),
        (N(1, 2, activation="softmax", loss="cross_entropy", bias="none"), [0.0, 1.0]),
    ):
        start = P(network, {"w1": 60.0, "w2": -60.0}, [1.0], targets, 0.01)
        assert find_troubles(bp.train(start, 5)) == ()
    softmax = N(1, 2, activation="softmax", bias="none")
    wrong = P(softmax, {"w1": 60.0, "w2": -60.0}, [1.0], [0.0, 1.0], 0.01)
    assert kinds(bp.train(wrong, 5)) == ["saturated"]
    assert find_troubles(bp.train(wrong.replace(targets=[1.0, 0.0]), 5)) == ()


def test_a_function_of_several_pieces_is_no_relu_where_it_only_runs_out() -> None:
    """e^z below 0 and 1 + z above: at -800 its output and slope leave the floats, yet no piece of it is flat."""
    z = sp.Symbol("z")
    own = bp.Activation("own", sp.Piecewise((sp.exp(z), z < 0), (1 + z, True)))
    for one, kind in ((own, "saturated"), (bp.Activation("cut", sp.Max(0, z)), "dead")):
        network = N(1, 2, 1, activation=[one, "identity"], bias="none")
        start = P(network, {"w1": -800.0, "w2": -900.0, "w3": 0.2, "w4": 0.3}, [1.0], [1.0])
        assert bp.evaluate(start)["out_h1"] == bp.evaluate(start)["dout_h1/dnet_h1"] == 0
        assert kinds(bp.train(start, 3)) == [kind]


def test_a_neuron_that_is_flat_for_some_samples_only_is_as_it_should_be() -> None:
    start = problem(N(2, 2, 1, bias="neuron")).replace(w1=80.0, b_h1=-40.0)
    values = bp.evaluate(start)["dout_h1/dnet_h1"]
    assert np.sum(values < 1e-10) == len(X)
    assert kinds(bp.train(start, 0)) == ["saturated"]
    assert find_troubles(bp.train(start.replace(b_h1=0.5), 0)) == ()


# Hidden neurons alike


def same_at(neurons: tuple[str, ...]) -> Callable[[bp.Problem], bool]:
    """Equal outputs and equal derivatives by them, for each sample."""

    def holds(at: bp.Problem) -> bool:
        values = bp.evaluate(at)
        rows = [[np.asarray(values[f"{of}{neuron}"]) for neuron in neurons] for of in ("out_", "dE_total/dout_")]
        return all(np.allclose(one, row[0], rtol=1e-7, atol=1e-14) for row in rows for one in row)

    return holds


@pytest.mark.parametrize("activation", ["sigmoid", "tanh", "relu"])
@pytest.mark.parametrize("bias", ["layer", "neuron", "none"])
@pytest.mark.parametrize("steps", [0, 1, 300])
def test_neurons_that_start_alike_stay_alike(activation: str, bias: str, steps: int) -> None:
    network = N(2, 2, 1, activation=[activation, "sigmoid"], bias=bias)
    trace = bp.train(P(network, dict.fromkeys(network.parameters, 0.3), X, XOR), steps)
    (one,) = found(trace, "alike")
    assert one.update == by_loop(trace, same_at(("h1", "h2"))) == 0
    assert one.sentence == (
        "The neurons h1 and h2 of hidden layer 1 are alike from the start and stay alike, because their weights are "
        "equal; draw the starting weights at random"
    )


def test_some_neurons_alike_in_several_layers() -> None:
    start = problem(N(2, 4, 3, 2, bias="neuron"), 5)
    network, changes = start.network, {}

    def make_alike(layer: int, first: int, *others: int) -> None:
        a, rows = network.layers[layer][first], network.layers
        for b in (rows[layer][other] for other in others):
            changes[f"b_{b}"] = start.parameters[f"b_{a}"]
            for s in rows[layer - 1]:
                changes[network.weight_of[s, b]] = start.parameters[network.weight_of[s, a]]
            for t in rows[layer + 1]:
                changes[network.weight_of[b, t]] = start.parameters[network.weight_of[a, t]]

    make_alike(1, 0, 2)
    trace = bp.train(start.replace(**changes), 20)
    assert [one.sentence[:45] for one in found(trace, "alike")] == ["The neurons h1_1 and h1_3 of hidden layer 1 a"]
    make_alike(1, 1, 3)
    assert [one.sentence[:29] for one in found(bp.train(start.replace(**changes), 0), "alike")] == [
        "The neurons h1_1 and h1_3 of ",
        "The neurons h1_2 and h1_4 of ",
    ]
    changes.clear()
    make_alike(2, 0, 1, 2)
    assert [one.sentence[:54] for one in found(bp.train(start.replace(**changes), 9), "alike")] == [
        "The neurons h2_1, h2_2 and h2_3 of hidden layer 2 are "
    ]


@examples(10, 100)
@given(st.lists(st.booleans(), min_size=1, max_size=40))
def test_the_update_from_which_on_neurons_are_alike(states: list[bool]) -> None:
    start = problem(N(2, 2, 1, bias="none"), 2)
    alike = start.replace(w3=start.parameters["w1"], w4=start.parameters["w2"], w6=start.parameters["w5"])
    trace = through(start, *(alike if state else start for state in states))
    expected = by_loop(trace, same_at(("h1", "h2")))
    assert [one.update for one in found(trace, "alike")] == ([] if expected is None else [expected])


@pytest.mark.parametrize("change", [{"w1": 0.4}, {"w5": 0.4}, {"b_h1": 0.1}])
def test_neurons_that_differ_in_one_parameter_are_not_alike(change: dict[str, float]) -> None:
    network = N(2, 2, 1, bias="neuron")
    start = P(network, dict.fromkeys(network.parameters, 0.3), X, XOR).replace(**change)
    assert find_troubles(bp.train(start, 20)) == ()


@pytest.mark.parametrize("sizes", [(2, 2), (2, 1, 2), (1, 1, 1, 1)])
def test_outputs_and_neurons_alone_in_their_layer_are_never_alike(sizes: tuple[int, ...]) -> None:
    network = N(*sizes)
    inputs, targets = [[0.5] * sizes[0]] * 2, [[0.2] * sizes[-1]] * 2
    assert find_troubles(bp.train(P(network, dict.fromkeys(network.parameters, 0.3), inputs, targets), 5)) == ()


# Nothing moves


@pytest.mark.parametrize("steps", [1, 30])
def test_a_rate_of_zero_and_one_that_is_too_small(steps: int) -> None:
    assert [one.sentence for one in find_troubles(bp.train(ARTICLE.replace(learning_rate=0), steps))] == [
        "Nothing moves from the start, because the learning rate is 0; take a larger one"
    ]
    assert [one.sentence for one in find_troubles(bp.train(ARTICLE.replace(learning_rate=1e-12), steps))] == [
        "Nothing moves from the start, because learning rate 1e-12 is too small here; take a larger one"
    ]
    assert find_troubles(bp.train(ARTICLE.replace(learning_rate=0), 0)) == ()
    assert find_troubles(bp.train(ARTICLE.replace(learning_rate=1e-4), steps)) == ()


@pytest.mark.parametrize("bias", ["none", "neuron"])
@pytest.mark.parametrize("activation", ["tanh", "relu", "identity"])
def test_weights_that_are_all_zero(activation: str, bias: str) -> None:
    network = N(2, 3, 1, activation=[activation, "identity"], bias=bias)
    targets = [[0.3], [0.9], [0.2], [0.7]]
    trace = bp.train(P(network, dict.fromkeys(network.parameters, 0.0), X, targets), 100)
    said = kinds(trace)
    assert "alike" in said
    assert ("dead" in said) == (activation == "relu")
    assert ("still" in said) == (activation != "relu")
    for one in found(trace, "still"):
        near = [bool(np.all(np.abs(row - trace.table[-1]) <= 1e-9)) for row in trace.table]
        assert one.update == len(near) - near[::-1].index(False) if False in near else one.update == 0
        assert "because every derivative is almost 0, although other weights have a smaller loss" in one.sentence


def test_a_minimum_with_a_loss_left_is_no_trouble() -> None:
    start = LINE.replace(learning_rate=0.01)
    settled = bp.train(start, 30_000)
    assert settled.loss[-1] > 1e-3
    assert np.abs(settled.table[-20] - settled.table[-1]).max() < 1e-12
    assert find_troubles(settled) == ()
    assert find_troubles(bp.train(settled.final, 50)) == ()


def test_what_a_weight_decay_balances_is_no_trouble() -> None:
    start = LINE.replace(learning_rate=0.01, update=bp.updates.GradientDescent(weight_decay=0.5))
    settled = bp.train(start, 30_000).final
    assert bp.evaluate(settled)["dE/dw1"] ** 2 > 1e-6
    assert find_troubles(bp.train(settled, 50)) == ()


def test_biases_that_are_kept_do_not_count_as_still() -> None:
    """With inputs of 0 no weight can move, and the biases may not."""
    start = P(N(1, 1), {"w1": 0.5, "b1": 0.5}, [0.0], [0.9], train_biases=False)
    assert find_troubles(bp.train(start, 20)) == ()  # no weight would make it better
    assert find_troubles(bp.train(start.replace(train_biases=True), 20)) == ()


@pytest.mark.parametrize("updates", [0, 8, 9, 10, 11])
def test_what_stops_on_its_way_must_be_still_for_a_while(updates: int) -> None:
    start = ARTICLE.replace(learning_rate=1e-12)
    moved = [start.replace(w1=0.1 * step) for step in range(5)]
    trace = through(start, *moved, *[start] * (updates + 1))
    assert [one.update for one in find_troubles(trace)] == [5] * (updates >= 10)


def test_an_update_by_one_sample_that_asks_for_none_is_no_trouble() -> None:
    start = P(N(1, 1, activation="relu", bias="none"), {"w1": 1.0}, [[-1.0], [1.0]], [[0.0], [3.0]], 0.1)
    trace = bp.train(start.replace(batch="each"), 1)
    assert np.all(trace.table[0] == trace.table[1])
    assert find_troubles(trace) == ()


# How it is found


def test_few_evaluations_are_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[int] = []
    old = troubles.flat_ends

    def counted(trace: Trace, rows: slice) -> object:
        seen.append(len(trace.table[rows]))
        return old(trace, rows)

    monkeypatch.setattr(troubles, "flat_ends", counted)
    find_troubles(bp.train(ARTICLE.replace(learning_rate=0.01), 1000))
    assert seen == [1]
    seen.clear()
    network = N(2, 2, 1, bias="none")
    trace = bp.train(P(network, drawn(network), [900.0, 600.0], [0.2], 1e-4), 1000)
    for piece, expected in ((5000, [1, 1001]), (400, [1, 400, 400, 201])):
        monkeypatch.setattr(troubles, "PIECE", piece)
        (one,) = find_troubles(trace)
        assert (one.kind, one.update) == ("saturated", 0)
        assert seen == expected
        seen.clear()
    table = trace.problem.replace(inputs=[[900.0, 600.0]] * 4, targets=[[0.2]] * 4)
    assert [one.update for one in find_troubles(Trace(table, trace.loss, trace.table, {}))] == [0]
    assert seen == [1, *[100] * 10, 1]
    seen.clear()
    # From its update 500 on it is as before, which the first piece from the end that is long enough tells.
    awake = Trace(trace.problem, trace.loss, np.concatenate([0 * trace.table[:500], trace.table[500:]]), {})
    assert [one.update for one in find_troubles(awake)] == [500]
    assert seen == [1, 400, 400]


def test_a_run_without_records_or_that_left_the_floats_says_why_itself() -> None:
    start = P(N(1, 1, activation="identity", bias="none"), {"w1": 3.0}, [2.0], [1.0], 1e200)
    for trace in (bp.train(start, 20), bp.train(start.replace(w1=1e200), 20)):
        assert trace.diverged_at is not None
        assert find_troubles(trace) == ()


def test_the_message_says_it_and_a_healthy_run_says_nothing() -> None:
    problem = bp.examples.article.problem
    still = bp.train(problem.replace(learning_rate=0.0), 3)
    assert [trouble.kind for trouble in still.troubles] == ["still"]
    assert still.message == f"3 updates: the loss goes from 0.233453 to 0.233453. {still.troubles[0].sentence}"
    assert repr(still) == f"Trace({still.message})"
    assert bp.train(problem, 20).troubles == ()
    assert bp.train(problem, 20).message == "20 updates: the loss goes from 0.233453 to 0.0982564"


@pytest.mark.parametrize("batch", [False, True])
def test_a_function_without_its_variable_breaks_no_message(batch: bool) -> None:
    constant = bp.Network(2, 2, 1, activation=bp.Activation("three", sp.Integer(3)))
    untouched = bp.Network(2, 2, 1, loss=bp.Loss("target", sp.Symbol("y")))
    for network in (constant, untouched):
        rows = ([[1, 2], [3, 4]], [[1], [0]]) if batch else ([1, 2], [1])
        numbers = dict(zip(network.parameters, np.linspace(-1, 1, len(network.parameters))))
        assert bp.train(bp.Problem(network, numbers, *rows), 3).message.startswith("3 updates")
