"""The training app's half in the kernel against the engine and a plain program; its page is compared in a browser."""

from __future__ import annotations

import math
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rows import KINDS

import bpkit as bp
from bpkit.core.train import train

NOTEBOOKS = Path(__file__).parents[1] / "notebooks"
ARTICLE = bp.examples.article
LINE = bp.Problem(bp.Network(1, 1, activation="identity"), {"w1": 1, "b1": 0}, [1], [3], learning_rate=0.1)


def by_hand(policy: str, rate: float, updates: int) -> float:
    """The loss of the article's network after some updates, by a program of its own."""
    w = dict(enumerate((0.25, 0.28, 0.35, 0.15, 0.35, 0.20, 0.45, 0.40), 1))
    b = {"h1": 0.45, "h2": 0.45, "o1": 0.5, "o2": 0.5}
    out = lambda net: 1 / (1 + math.exp(-net))
    loss = math.nan
    for _ in range(updates + 1):
        h1, h2 = out(w[1] * 0.1 + w[4] * 0.2 + b["h1"]), out(w[3] * 0.1 + w[2] * 0.2 + b["h2"])
        o1, o2 = out(w[5] * h1 + w[6] * h2 + b["o1"]), out(w[7] * h1 + w[8] * h2 + b["o2"])
        loss = ((0.05 - o1) ** 2 + (0.95 - o2) ** 2) / 2
        d = {"o1": (o1 - 0.05) * o1 * (1 - o1), "o2": (o2 - 0.95) * o2 * (1 - o2)}
        d["h1"] = (d["o1"] * w[5] + d["o2"] * w[7]) * h1 * (1 - h1)
        d["h2"] = (d["o1"] * w[6] + d["o2"] * w[8]) * h2 * (1 - h2)
        slopes = (d["h1"] * 0.1, d["h2"] * 0.2, d["h2"] * 0.1, d["h1"] * 0.2)
        slopes += (d["o1"] * h1, d["o1"] * h2, d["o2"] * h1, d["o2"] * h2)
        w = {i: w[i] - rate * slope for i, slope in enumerate(slopes, 1)}
        if policy == "layer":
            d = {k: d[k[0] + "1"] + d[k[0] + "2"] for k in d}
        if policy != "kept":
            b = {k: b[k] - rate * d[k] for k in b}
    return loss


@pytest.mark.parametrize("policy", ["kept", "layer", "neuron"])
@pytest.mark.parametrize("rate", [0.5, 2.0])
def test_the_curve_ends_where_a_plain_program_ends(policy: str, rate: float) -> None:
    app = bp.apps.training(ARTICLE)
    app.set(biases=policy, rate=rate, updates=100)
    expected = by_hand(policy, rate, 100)
    assert f"{expected:.6g} after 100" in repr(app)
    assert {"kept": "biases kept", "layer": "per layer, trained", "neuron": "per neuron, trained"}[policy] in repr(app)
    assert f"to {expected:.6g}." in app.note(app.state)[0]
    assert eval(app.share, {"bp": bp}) == app.state.problem
    assert bp.train(app.state.problem, 100).loss[-1] == pytest.approx(expected, rel=1e-12)


def test_the_facts_of_the_article() -> None:
    app = bp.apps.training(ARTICLE)
    for figure in ("0.233453 after 0", "0.225433 after 1", "0.156131 after 10", "0.0114816 after 100"):
        assert figure in repr(app)
    app.updates.value = 1000
    assert "0.000120369 after 1000" in repr(app)
    app.updates.value = 20
    assert "0.0982564 after 20" in repr(app)


def test_the_weights_are_those_of_the_update_shown() -> None:
    app = bp.apps.training(ARTICLE)
    app.shown.value = 1
    exact = {"w1": "0.249656", "w5": "0.307429", "w8": "0.412993"}  # after one update, from the article's facts
    for name, value in exact.items():
        assert f"{name} = {value} from" in repr(app)
    app.set(updates=1000, shown=1000)
    assert f"w5 = {bp.train(ARTICLE.problem, 1000)['w5'][-1]:.6g} from" in repr(app)


def test_the_update_shown_stays_inside_the_run() -> None:
    app = bp.apps.training(ARTICLE)
    app.shown.value = 900
    app.updates.value = 50
    assert app.state.shown == 50
    app.updates.value = 10_000
    assert app.state.shown == 900


def test_divergence_is_stated_and_the_app_goes_on() -> None:
    app = bp.apps.training(LINE)
    app.rate.value = 90
    words, warning = app.note(app.state)
    assert "no longer finite at update" in words
    assert "learning rate 90 is too large here" in words
    assert warning
    app.set(w1=1e200, log=True)  # not even the first loss is finite
    assert "no point to draw" in repr(app)
    app.set(w1=1, rate=0.1, log=False)
    assert not app.note(app.state)[1]
    assert app.state.problem == LINE


@pytest.mark.parametrize("rule", KINDS)
@pytest.mark.parametrize("activation", ["sigmoid", "tanh", "relu", "identity"])
def test_update_rules_and_activations_can_be_chosen(rule: str, activation: str) -> None:
    app = bp.apps.training(ARTICLE)
    app.set(rule=rule, activation=activation, updates=30)
    names = ARTICLE.problem.network.weight_of
    network = bp.Network(2, 2, 2, activation=activation, weight_names=names)
    problem = ARTICLE.problem.replace(network=network, update=KINDS[rule]())
    assert app.state.problem == problem
    assert f"{bp.train(problem, 30).loss[-1]:.6g} after 30" in repr(app)
    assert f"{activation} {rule} kept" in app.spec["programs"]["of"]


@pytest.mark.parametrize("problem", [ARTICLE.problem, LINE])
def test_the_presets_are_timid_bold_and_one_at_which_the_loss_overflows(problem: bp.Problem) -> None:
    app = bp.apps.training(problem)
    presets = {one["label"].partition(":")[0]: one["values"] for one in app.spec["presets"]}
    assert list(presets) == ["timid", "as given", "bold", "too large"]
    ends = {}
    for name, values in presets.items():
        app.set(**values)
        ends[name] = app.note(app.state)
        assert ends[name][1] == (name == "too large")
        assert app.state.problem.learning_rate == values["rate"]
    assert "no longer finite" in ends["too large"][0]
    assert app.activation.value == "identity"  # as no output of a sigmoid can leave 0 to 1
    app.set(**presets["as given"])
    assert app.state.problem == problem


def test_on_a_batch_or_a_large_network_no_learning_rate_is_called_too_large() -> None:
    network = bp.Network(1, 1, activation="identity")
    batch = bp.Problem(network, {"w1": 1, "b1": 0}, [[1], [2]], [[3], [1]], learning_rate=0.1)
    assert [one["label"] for one in bp.apps.training(batch).spec["presets"]] == [
        "timid: 0.01",
        "as given: 0.1",
        "bold: 1",
    ]


def test_a_loss_that_asks_for_its_activation_keeps_it() -> None:
    network = bp.Network(2, 2, activation="softmax", loss="cross_entropy")
    problem = bp.Problem(network, dict.fromkeys(network.parameters, 0.1), [1, 2], [0, 1])
    assert bp.apps.training(problem).activation.options == ("softmax",)


def test_two_runs_can_be_pinned_and_compared() -> None:
    app = bp.apps.training(ARTICLE)
    kept = [name for name in app.spec["kept"] if name in app.values]
    pinned: list[Any] = []
    for name, rate in (("Pinned A", 0.5), ("Pinned B", 5.0)):
        app.rate.value = rate
        pinned.append([name, {one: app.values[one] for one in kept}])
    app.set(pinned=pinned, rate=10.0, updates=500)
    assert {name: run.problem.learning_rate for name, run in app.state.pinned} == {"Pinned A": 0.5, "Pinned B": 5.0}
    words = repr(app)
    assert "This run, biases kept: Loss E_total against updates, learning rate 10:" in words
    assert "Pinned A, biases kept: Loss E_total against updates, learning rate 0.5: 0.233453 after 0" in words
    assert "Pinned A: 100 updates: the loss goes from 0.233453 to 0.0114816." in words
    assert "Pinned B, biases kept: Loss E_total against updates, learning rate 5:" in words
    app.pinned.value = []
    assert "Pinned" not in repr(app)


def test_batches_and_other_networks_train_too() -> None:
    draw = np.random.default_rng(0)
    network = bp.Network(2, 3, 1, activation="tanh", loss="mean_squared_error", bias="none")
    problem = bp.Problem(
        network, {n: float(draw.normal()) for n in network.parameters}, [[0, 0], [0, 1], [1, 0]], [[0], [1], [1]]
    )
    app = bp.apps.training(problem)
    assert f"{bp.train(problem, 100).loss[-1]:.6g} after 100" in repr(app)
    assert eval(app.share, {"bp": bp}) == problem


def test_a_large_network_has_the_program_of_its_own_choices_alone() -> None:
    network = bp.Network(4, 8, 2)
    problem = bp.Problem(network, dict.fromkeys(network.parameters, 0.1), [1, 0, 1, 0], [0, 1])
    app = bp.apps.training(problem)
    assert app.activation.options == ("sigmoid",)
    assert app.rule.options == ("gradient descent",)


def test_it_says_from_which_update_on_the_loss_is_small_enough() -> None:
    app = bp.apps.training(ARTICLE, below=0.1, rules=False)
    assert "first below 0.1 after update 20." in app.note(app.state)[0]
    app.set(rate=0.05)
    assert "It is not below 0.1 within these updates." in app.note(app.state)[0]
    app.set(rate=30)
    assert "·10⁻⁹. It is first below 0.1 after update" in app.note(app.state)[0]
    assert app.values["rule"] == "gradient descent"
    assert "rule" not in {name for _, names in app.spec["layout"]["groups"] for name in names}


def test_a_run_that_overflows_is_shown_on_a_logarithmic_scale() -> None:
    *usual, large = bp.apps.training(bp.examples.article).spec["presets"]
    assert [one["values"]["log"] for one in usual] == [False] * 3
    assert large["values"]["log"]


def test_it_may_leave_out_where_the_weights_start() -> None:
    titles = [title for title, _ in bp.apps.training(bp.examples.article, starts=False).spec["layout"]["groups"]]
    assert titles == ["Run", "Compare"]


def test_a_rate_of_30_does_what_the_lesson_tells() -> None:
    """Thrown to a flat end, it creeps back, and the step from there throws both outputs to the end that it stays at."""
    tanh = bp.Network(2, 2, 2, activation="tanh", weight_names=ARTICLE.problem.network.weight_of)
    run = train(ARTICLE.problem.replace(network=tanh, learning_rate=30), 100)
    outs = [[float(bp.evaluate(run.at(k))[name]) for name in ("out_o1", "out_o2")] for k in range(9)]
    first = [o1 for o1, _ in outs]
    assert -1 < first[1] < -0.998
    assert all(0 < later - before < 0.05 for before, later in pairwise(first[1:6]))
    assert 0.95 < first[6] < 1
    assert outs[6][1] < 0
    assert max(outs[7]) < -0.9999
    weights = np.array([[run[name][k] for name in ARTICLE.problem.network.weights] for k in range(101)])
    steps = np.linalg.norm(np.diff(weights, axis=0), axis=1)
    assert steps.argmax() == 6
    assert steps[1:5].max() < 0.1 * steps[0]
    assert {f"{loss:.2f}" for loss in run.loss[7:]} == {"2.45"}
    lesson = (NOTEBOOKS / "07_training.ipynb").read_text(encoding="utf-8")
    assert "type 30 into" in lesson
    assert "throws o1 nearly to 1 and o2 below 0" in lesson
    assert "the loss stays at 2.45" in lesson
