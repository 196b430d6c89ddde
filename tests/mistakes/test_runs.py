"""What a run shows beside any number: dead ReLUs, saturated and equal neurons, a loss that grows; else nothing."""

from __future__ import annotations

import numpy as np
import pytest
import sympy as sp
from thorough import many

import bpkit as bp
from bpkit.mistakes.question import question
from bpkit.mistakes.runs import overshoots, shown, steepest
from bpkit.mistakes.typed_number import read

N, P = bp.Network, bp.Problem
ARTICLE = bp.examples.article.problem
XOR = ([[0, 0], [0, 1], [1, 0], [1, 1]], [[0], [1], [1], [0]])
SERIES = [2.16, 3.19, 1.85, 4.84, 0.55, 4.2, 1.68, 4.74, 0.14, 5.68, 0.48, 5.03, 0.18]
DEAD = P(
    N(3, 4, 1, activation="relu", bias="none"),
    dict(zip((f"w{i}" for i in range(1, 17)), (.2, .7, .1, .9, .3, .4, .5, .1, .8, .6, .6, .2, .3, .1, .8, .4))),
    [SERIES[i : i + 3] for i in range(10)],
    [[value] for value in SERIES[3:]],
    0.005,
)  # fmt: skip
LOUD = P(N(2, 2, 1, bias="none"), {"w1": 0.4, "w2": 0.5, "w3": 0.6, "w4": 0.3, "w5": 0.7, "w6": -0.2}, [90, 60], [0.2])
TWINS = P(
    N(2, 2, 1, bias="neuron"),
    {**dict.fromkeys("w1 w2 w3 w4 w5 w6".split(), 0.3), "b_h1": 0, "b_h2": 0, "b_o1": 0},
    *XOR,
)
STEEP = P(N(1, 1, activation="identity"), {"w1": 0.2, "b1": 0}, [[4], [7], [9]], [[1], [2], [2.5]], 0.1)
GROWS = "The learning rate is too large: the loss grows."
ALIKE = "h1 and h2 start alike and stay alike."


def said(problem: bp.Problem, quantity: str, number: object = None) -> str:
    return shown(question(problem, quantity), None if number is None else read(number))


# ReLUs that are dead


def test_a_number_to_which_any_overshoot_leads() -> None:
    """Half the mean square of the targets: the loss where every output is 0, whatever made the step too large."""
    number = float(np.mean(np.square(SERIES[3:]))) / 2
    assert said(DEAD, "E_total after 1 update", f"{number:.5f}") == (
        "Every output is 0: all ReLUs of the hidden layer are dead, so nothing can learn now. "
        "Any step that is too large leads to this number."
    )
    asked = question(DEAD, "E_total after 1 update")
    for rate in (0.05, 0.5, 3.0):
        loss = bp.train(DEAD.replace(learning_rate=rate), 1).loss[1]
        assert overshoots(asked, read(repr(float(loss))))
    for other in (7.0699, 14.055755, 3.9331538, 6.2254, 0.0):
        assert not overshoots(asked, read(f"{other:.6g}"))
        assert said(DEAD, "E_total after 1 update", f"{other:.6g}") == ""
    assert not overshoots(question(DEAD, "E_total"), read("6.22519"))


def test_where_the_right_number_is_that_of_an_overshoot_the_run_itself_says_so() -> None:
    started = DEAD.replace(learning_rate=0.05)
    asked = question(started, "E_total after 1 update")
    assert not overshoots(asked, read("6.22519"))
    assert shown(asked, read("6.22519")) == "Every output is 0: o1 is dead, so nothing can learn now."


def test_an_overshoot_to_outputs_that_are_saturated() -> None:
    """The output is 0 then, whose error is half the square of the target."""
    problem = P(N(1, 1, bias="none"), {"w1": 0.2}, [10.0], [0.2], 0.5)
    number = 0.5 * 0.2**2
    assert overshoots(question(problem, "E_total after 1 update"), read(f"{number:.6f}"))
    assert said(problem, "E_total after 1 update", f"{number:.6f}") == (
        "o1 is saturated: its slope is almost 0. Any step that is too large leads to this number."
    )


def test_a_run_that_leaves_the_floats_leads_to_no_number() -> None:
    asked = question(STEEP, "E_total after 5 updates")
    assert not overshoots(asked, read("3.5e9"))
    wild = question(STEEP.replace(learning_rate=1e100), "E_total after 5 updates")
    assert shown(wild) == ""
    assert not overshoots(wild, read("1.5"))


@pytest.mark.parametrize(
    ("bias", "more", "words"),
    [
        ("none", {}, "Every output is 0: all ReLUs of the hidden layer are dead, so nothing can learn now."),
        ("neuron", {"b_o1": 0.3}, "All ReLUs of the hidden layer are dead, so no weight can learn now."),
    ],
)
def test_a_hidden_layer_that_is_dead(bias: str, more: dict[str, float], words: str) -> None:
    network = N(2, 2, 1, activation=["relu", "identity"], bias=bias)
    numbers = (
        dict.fromkeys(network.parameters, 0.0)
        | {"w1": -0.4, "w2": -0.2, "w3": -1, "w4": -0.3, "w5": 0.7, "w6": 0.2}
        | more
    )
    problem = P(network, numbers, [[1, 2], [0.5, 0.1]], [[1], [0.2]])
    for quantity in ("E_total", "dE/dw1", "dE/dw5", "w3_new", "E_total after 3 updates"):
        assert said(problem, quantity) == words
    assert said(problem.sample(0), "net_h1") == ""  # a net input is as it should be
    if more:  # before the bias of the output has moved, it may be 0
        assert said(problem.replace(b_o1=0.0), "E_total") == f"Every output is 0: a{words[1:]}"
    if bias == "neuron":
        assert said(problem.replace(train_biases=False), "dE/dw1") == words.replace("no weight", "nothing")


def test_a_dead_layer_in_the_middle() -> None:
    network = N(1, 2, 2, 2, 1, activation=["tanh", "relu", "tanh", "tanh"], bias="neuron")
    numbers = {name: 0.1 * (number + 1) for number, name in enumerate(network.parameters)}
    problem = P(network, numbers | {"b_h2_1": -9.0, "b_h2_2": -8.0}, [0.3], [0.9])
    assert (
        said(problem, "dE/dw1") == "All ReLUs of hidden layer 2 are dead, so no weight up to this layer can learn now."
    )


def test_one_dead_relu_is_said_where_its_own_derivative_is_0() -> None:
    network = N(2, 2, 1, activation=["relu", "identity"], bias="none")
    problem = P(
        network, {"w1": 0.4, "w2": 0.2, "w3": -1, "w4": -0.3, "w5": 0.7, "w6": 0.2}, [[1, 2], [0.5, 0.1]], [[1], [0.2]]
    )
    words = "h2 is dead: its output is 0 for every sample, so its weights do not learn."
    for quantity in ("dE/dw3", "dE/dw4", "dE/dw6", "w3_new", "dE/dw3 after 2 updates"):
        assert said(problem, quantity) == words
    for quantity in ("dE/dw1", "dE/dw5", "w1_new", "E_total", "E_total after 2 updates"):
        assert said(problem, quantity) == ""
    one = problem.sample(0)
    for quantity in ("dE/dw3", "dE/dnet_h2", "dout_h2/dnet_h2"):
        assert said(one, quantity) == "h2 is dead: its output is 0, so its weights do not learn."
    assert said(one, "dE/dout_h2") == said(one, "net_h2") == said(one, "out_h2") == ""
    leaky = N(2, 2, 1, activation=["leaky_relu", "identity"], bias="none")
    assert said(problem.replace(network=leaky), "dE/dw3") == ""
    adam = problem.replace(update=bp.updates.Adam())
    assert said(adam, "w3_new") == said(adam, "vhat_w3") == words
    assert said(adam, "t") == said(adam, "vhat_w1") == ""


def test_a_derivative_that_is_0_for_another_reason_accuses_no_relu() -> None:
    network = N(2, 2, 1, activation=["relu", "identity"], bias="none")
    problem = P(network, {"w1": 0.4, "w2": 0.2, "w3": -1, "w4": -0.3, "w5": 0.7, "w6": 0.2}, [0, 2], [1])
    assert bp.evaluate(problem)["dE/dw1"] == 0
    assert said(problem, "dE/dw1") == ""


# Saturated neurons


def test_a_saturated_neuron_is_named_where_its_slope_is_used() -> None:
    for quantity in ("dE/dw1", "w1_new", "dE/dw2", "dE/dnet_h1"):
        assert said(LOUD, quantity) == "h1 is saturated: its slope is almost 0."
    for quantity in ("dE/dw5", "w5_new", "net_h1", "out_h1", "E_total"):
        assert said(LOUD, quantity) == ""
    assert said(LOUD, "E_total after 1 update") == "h1 and h2 are saturated: their slopes are almost 0."


@pytest.mark.parametrize(("function", "flat", "steep"), [("sigmoid", 11.0, 9.0), ("tanh", 5.5, 4.5)])
def test_how_flat_is_saturated(function: str, flat: float, steep: float) -> None:
    """A ten thousandth of the largest slope: at a net input of 10.6 for the sigmoid, of 5.3 for tanh."""
    network = N(1, 1, 1, activation=[function, "identity"], bias="none")
    for net, words in ((flat, "h1 is saturated: its slope is almost 0."), (steep, "")):
        for sign in (1, -1):
            assert said(P(network, {"w1": sign * net, "w2": 0.4}, [1], [3]), "dE/dw1") == words


def test_outputs_are_saturated_unless_they_are_right_or_their_loss_cancels_the_slope() -> None:
    for target, loss, words in (
        (0.0, "half_squared_error", "o1 is saturated: its slope is almost 0."),
        (1.0, "half_squared_error", ""),
        (0.0, "binary_cross_entropy", ""),
    ):
        assert said(P(N(1, 1, loss=loss, bias="none"), {"w1": 15.0}, [1], [target]), "dE/dw1") == words
    soft = {"activation": "softmax", "bias": "none"}
    numbers = {"w1": 20.0, "w2": 0.0, "w3": 1.0}
    flat = P(N(1, 3, **soft), numbers, [1], [0, 1, 0])
    assert said(flat, "dE/dw1") == "o1 is saturated: its slope is almost 0."
    assert said(flat, "E_total after 1 update") == "o1 and o2 are saturated: their slopes are almost 0."
    assert said(P(N(1, 3, **soft, loss="cross_entropy"), numbers, [1], [0, 1, 0]), "dE/dw1") == ""


def test_a_neuron_that_is_flat_for_some_samples_is_not_saturated() -> None:
    network = N(1, 1, 1, activation=["tanh", "identity"], bias="none")
    assert said(P(network, {"w1": 30, "w2": 0.4}, [[1], [0.01]], [[3], [2]]), "dE/dw1") == ""
    assert said(P(network, {"w1": 30, "w2": 0.4}, [[1], [0.5]], [[3], [2]]), "dE/dw1").startswith("h1 is saturated")


def test_many_neurons_are_counted() -> None:
    network = N(1, 6, 1, activation=["tanh", "identity"], bias="none")
    numbers = {name: 20.0 + number for number, name in enumerate(network.parameters)}
    words = "6 neurons of the hidden layer are saturated: their slopes are almost 0."
    assert said(P(network, numbers, [1], [3], 1e-9), "E_total after 1 update") == words


def test_the_largest_slope_of_an_activation() -> None:
    for name, slope in (("sigmoid", 0.25), ("tanh", 1.0), ("relu", 1.0), ("softmax", 0.25), ("identity", 1.0)):
        assert steepest(N(1, 2, activation=name).activations[0]) == pytest.approx(slope, rel=1e-12)
    z = sp.Symbol("z")
    assert steepest(bp.Activation("gentle", sp.tanh(z) / 50)) == pytest.approx(0.02)
    assert steepest(bp.Activation("three", sp.Integer(3))) == 0


# Equal neurons


def test_neurons_that_start_alike() -> None:
    assert said(TWINS, "E_total after 10 updates") == ALIKE
    for quantity in ("dE/dw1", "dE/dw4", "w5_new", "b_h1_new"):
        assert said(TWINS, quantity) == ALIKE
    for quantity in ("E_total", "dE/db_o1"):
        assert said(TWINS, quantity) == ""
    for name in ("w1", "w4", "w6", "b_h2"):
        assert said(TWINS.replace(**{name: 0.31}), "E_total after 10 updates") == ""


def test_some_of_several_neurons_are_alike() -> None:
    network = N(2, 3, 1, bias="none")
    numbers = {"w1": 0.2, "w2": -0.4, "w3": 0.7, "w4": 0.1, "w5": 0.2, "w6": -0.4, "w7": 0.5, "w8": 0.6, "w9": 0.5}
    problem = P(network, numbers, *XOR)
    assert said(problem, "E_total after 3 updates") == "h1 and h3 start alike and stay alike."
    assert said(problem, "dE/dw3") == ""
    assert said(problem.replace(w3=0.2, w4=-0.4, w8=0.5), "E_total after 1 update") == (
        "h1, h2 and h3 start alike and stay alike."
    )


def test_neurons_of_deep_networks_are_typeset() -> None:
    network = N(2, 2, 2, 1, bias="none")
    words = "h1,1 and h1,2 start alike and stay alike. h2,1 and h2,2 start alike and stay alike."
    assert said(P(network, dict.fromkeys(network.parameters, 0.3), *XOR), "E_total after 1 update") == words


# The loss grows


def test_a_loss_that_grows() -> None:
    for updates in (1, 2, 5, 10):
        assert said(STEEP, f"E_total after {updates} updates") == GROWS
        assert said(STEEP.replace(learning_rate=0.01), f"E_total after {updates} updates") == ""
    assert said(STEEP, "w1 after 4 updates") == GROWS
    assert said(STEEP, "E_total") == said(STEEP, "w1_new") == ""
    negative = ARTICLE.replace(learning_rate=-0.5)
    assert said(negative, "E_total after 5 updates") == "The learning rate is negative: the loss grows."


def test_a_tiny_increase_is_no_growth() -> None:
    """A parabola with its lowest point at 1, from 0.0 to just beyond the mirrored point."""
    problem = P(N(1, 1, activation="identity", bias="none"), {"w1": 0.0}, [1.0], [1.0], 2.0001)
    losses = bp.train(problem, 1).loss
    assert losses[0] < losses[1] < 1.001 * losses[0]
    assert said(problem, "E_total after 1 update") == ""
    assert said(problem.replace(learning_rate=2.1), "E_total after 1 update") == GROWS


def test_what_is_said_is_never_more_than_two_sentences() -> None:
    problem = TWINS.replace(inputs=np.add(XOR[0], 1) * 90, learning_rate=0.5)
    words = said(problem, "E_total after 2 updates")
    assert words == "h1 and h2 are saturated: their slopes are almost 0. h1 and h2 start alike and stay alike."


# And else nothing


def test_healthy_problems_get_no_word() -> None:
    """Many networks with smooth activations, moderate numbers and small steps; the losses are looked at."""
    rng = np.random.default_rng(7)
    for _ in range(many(80, 200)):
        sizes = [int(size) for size in rng.integers(1, 4, rng.integers(2, 5))]
        functions = [
            str(name) for name in rng.choice(["sigmoid", "tanh", "identity", "softplus", "leaky_relu"], len(sizes) - 1)
        ]
        network = N(*sizes, activation=functions, bias=str(rng.choice(["layer", "neuron", "none"])))
        numbers = dict(zip(network.parameters, rng.normal(0, 0.7, len(network.parameters)).tolist()))
        shape = [()] if rng.random() < 0.5 else [(int(rng.integers(2, 6)),)]
        x, y = (rng.uniform(0, 1, (*shape[0], size)) for size in (sizes[0], sizes[-1]))
        problem = P(network, numbers, x, y, 0.01)
        last = network.parameters[-1]
        for quantity in (
            "E_total",
            f"dE/d{last}",
            "dE/dw1",
            "w1_new",
            "E_total after 1 update",
            "E_total after 7 updates",
        ):
            assert said(problem, quantity) == "", (problem, quantity)
        number = bp.train(problem, 7).loss[7]
        assert not overshoots(question(problem, "E_total after 7 updates"), read(f"{1.01 * number:.6g}"))


def test_relus_are_dead_where_plain_numpy_says_so() -> None:
    rng, seen = np.random.default_rng(3), set()
    for _ in range(150):
        w1, w2 = rng.normal(size=(2, 2)), rng.normal(size=(2, 1))
        x, y = rng.uniform(0, 1, (3, 2)), rng.uniform(0.2, 1, (3, 1))
        problem = P(N(2, 2, 1, activation=["relu", "identity"], bias="none"), [w1, w2], x, y, 0.1)
        off = [bool(np.all(x @ w1[:, j] <= 0)) for j in range(2)]
        delta = (x @ w1 > 0) * ((np.maximum(0, x @ w1) @ w2 - y) @ w2.T)
        gradient = x.T @ delta
        expected = ""
        if all(off):
            expected = "Every output is 0: all ReLUs of the hidden layer are dead, so nothing can learn now."
        elif off[0]:
            assert not gradient[:, 0].any()
            expected = "h1 is dead: its output is 0 for every sample, so its weights do not learn."
        assert said(problem, "dE/dw1") == expected
        seen.add(expected[:5])
    assert len(seen) == 3
