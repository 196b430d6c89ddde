"""The cost app: counts against counting by hand and against numbers that count their own multiplications."""

from __future__ import annotations

import math
import re
import sys
from typing import Any

import pytest
import sympy as sp
from thorough import EVERYTHING

import bpkit as bp
from bpkit.apps.cost import LARGEST as OFFERED
from bpkit.show.cost_picture import cost_words, count, count_of_size

ARTICLE = bp.examples.article
# Weights and biases of the largest network, and the neurons of three hidden layers that fit: its lines take long to
# write, and a smaller limit shows as well that it is kept.
LARGEST, FITTING = (OFFERED, 24) if EVERYTHING else (400, 12)


class Counted(float):
    """A number that counts how often it, or what comes of it, is multiplied or divided."""

    tally = 0

    def _worked(self, value: float) -> Counted:
        type(self).tally += 1
        return Counted(value)

    def __mul__(self, other: float) -> Counted:
        return self._worked(float(self) * float(other))

    def __rmul__(self, other: float) -> Counted:
        return self._worked(float(other) * float(self))

    def __truediv__(self, other: float) -> Counted:
        return self._worked(float(self) / float(other))

    def __rtruediv__(self, other: float) -> Counted:
        return self._worked(float(other) / float(self))

    def __add__(self, other: float) -> Counted:
        return Counted(float(self) + float(other))

    def __sub__(self, other: float) -> Counted:
        return Counted(float(self) - float(other))

    def __rsub__(self, other: float) -> Counted:
        return Counted(float(other) - float(self))

    def __neg__(self) -> Counted:
        return Counted(-float(self))

    __radd__ = __add__


def tallied(network: bp.Network, function: str) -> int:
    """Run the generated code on such numbers; exp is made to keep them."""
    run = bp.derive(network).program.function(function)
    kept = run.__globals__["exp"]
    run.__globals__["exp"] = lambda z: Counted(math.exp(z))
    try:
        Counted.tally = 0
        run(**{name: Counted(0.3) for name in network.givens})
        return Counted.tally
    finally:
        run.__globals__["exp"] = kept


def test_a_user_s_own_activation_counts_with_all_that_it_does() -> None:
    z = sp.Symbol("z")
    plain, own = (count(bp.Network(1, 1, activation=kind)) for kind in ("identity", bp.Activation("odd", z * z / 7)))
    assert own.forward == plain.forward + 2
    assert own.both == plain.both + 3  # and once in the slope, 2/7 z


@pytest.mark.parametrize("sizes", [(2, 2, 2), (1, 1), (2, 3, 1), (2, 4, 4, 2), (3, 2, 5, 2)])
def test_counts_are_what_the_code_really_does(sizes: tuple[int, ...]) -> None:
    network = bp.Network(*sizes)
    cost = count(network)
    assert cost.forward == tallied(network, "loss")
    updates = len(network.parameters)  # each multiplies once, learning rate times slope, and belongs to no pass
    assert cost.both == tallied(network, "evaluate") - updates
    weights = sum(a * b for a, b in zip(sizes, sizes[1:]))
    assert cost.forward == weights + sum(sizes[1:]) + 2 * sizes[-1]  # a division in each sigmoid, ½(..)² of each output
    assert cost.runs == 2 * (weights + len(sizes) - 1)
    assert cost.nudging == cost.runs * cost.forward


def test_backpropagation_stays_near_three_forward_runs_and_nudging_grows() -> None:
    app = bp.apps.cost(ARTICLE)
    times = []
    for width in (1, 2, 4, 8, 16):
        app.width.value = width
        cost = count(app.state.problem.network)
        assert 2 < cost.both / cost.forward < 4
        times.append(cost.times)
    assert times == sorted(times)
    assert times[-1] > 40


def test_words_hold_the_counts_and_no_times() -> None:
    app = bp.apps.cost(ARTICLE)
    assert "A 2-2-2 network has 10 weights and biases." in repr(app)
    assert "20 forward runs of 16 multiplications, 320 in all" in repr(app)
    assert "one forward and one backward pass, 40, or 2.5 forward runs" in repr(app)
    assert not re.search(r"\d (µs|ms|s)\b", repr(app))
    assert repr(app) == repr(bp.apps.cost(ARTICLE))
    app.set(width=8, depth=2)
    assert app.state.problem.network.sizes == (2, 8, 8, 2)
    assert f"{2 * 99:,} forward runs" in repr(app)
    assert app.share == f"bp.{app.state.problem.network!r}"
    assert eval(app.share, {"bp": bp}) == app.state.problem.network


def problem_of(*sizes: int) -> bp.Problem:
    network = bp.Network(*sizes, bias="neuron")
    return bp.Problem(network, dict.fromkeys(network.parameters, 0.1), [0.5] * sizes[0], [0.5] * sizes[-1])


@pytest.fixture
def limited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.modules["bpkit.apps.cost"], "LARGEST", LARGEST)  # the app has the name of its module


MEANS = {"activation": ["tanh", "relu"], "loss": "squared_error", "bias": "neuron"}
OWN = {
    "activation": [bp.Activation("odd", sp.Symbol("z") ** 2 / 7), "softmax"],
    "loss": "cross_entropy",
    "bias": "none",
}


@pytest.mark.parametrize("given", [{}, MEANS, OWN])
@pytest.mark.parametrize(("width", "depth"), [(1, 1), (3, 2), (4, 1), (11, 1), (1, 3), (2, 4), (5, 2), (4, 3), (7, 5)])
def test_a_few_small_networks_give_the_counts_of_all(given: Any, width: int, depth: int) -> None:
    def network(width: int, depth: int) -> bp.Network:
        kinds = given.get("activation", ["sigmoid", "sigmoid"])
        return bp.Network(3, *[width] * depth, 2, **{**given, "activation": [*[kinds[0]] * depth, kinds[1]]})

    assert count_of_size(network, width, depth) == count(network(width, depth))


@pytest.mark.parametrize("given", [ARTICLE.problem, "mixed"])
def test_the_page_is_told_the_counts_of_every_network_that_is_offered(given: Any) -> None:
    mixed = bp.Network(2, 4, 4, 1, activation=["tanh", "relu", "sigmoid"])
    app = bp.apps.cost(
        bp.Problem(mixed, dict.fromkeys(mixed.parameters, 0.1), [1, 2], [0]) if given == "mixed" else given
    )
    costs = app.spec["costs"]
    assert {depth: len(row) for depth, row in costs.items()} == app._widest
    assert bool(app.spec["programs"]["of"]) == (given != "mixed")  # which has no program for all sizes, and no times
    for depth, width in [(1, 1), (1, 9), (2, 4), (3, 3), (3, 6)]:
        app.set(width=width, depth=depth)
        told, cost = costs[depth][width - 1], count(app.state.problem.network)
        assert [told[name] for name in ("parameters", "runs", "forward", "nudging", "both")] == [
            *(cost.parameters, cost.runs, cost.forward, cost.nudging, cost.both)
        ]
        assert told["source"] == app.share
        assert told["layers"] == app.state.problem.network.sizes
        assert app.words(app.state).startswith(cost_words(cost, [cost]).partition(" In the")[0])


@pytest.mark.usefixtures("limited")
@pytest.mark.parametrize("given", [ARTICLE, problem_of(150, 2, 3)])
def test_whatever_the_sliders_offer_is_shown(given: Any) -> None:
    """More layers leave room for fewer neurons: the width moves along, and nothing is refused."""
    app = bp.apps.cost(given)
    assert len(app.state.problem.network.parameters) <= LARGEST
    low, high = app.setting["depth"].bounds
    for depth in range(low, high + 1):
        for width in (1, app._widest[depth], 1000):
            app.depth.value = depth
            app.width.value = width
            assert app.state.problem.network.sizes[1:-1] == (app.width.value,) * depth
            assert app.width.value == min(width, app._widest[depth])
            assert app.state.problem.givens.keys() == {*app.state.problem.network.givens}
    one_more = app._network(app.state.width + 1, app.state.depth)
    assert app.state.width == 32 or len(one_more.parameters) > LARGEST


def test_the_lesson_s_network_fits_and_a_deeper_one_gets_narrower() -> None:
    app = bp.apps.cost(ARTICLE)
    app.set(width=32, depth=2)
    assert "2,310 forward runs" in repr(app)
    app.depth.value = 3
    assert app.state.problem.network.sizes == (2, 24, 24, 24, 2)
    assert app.width.value == 24
    assert app.note(app.state) == ("With 3 hidden layers this app goes up to 24 neurons in each.", False)
    app.set(width=30)
    assert app.width.value == 24
    app.depth.value = 1
    assert app.note(app.state) == ("", False)
    app.width.value = 32
    assert app.state.problem.network.sizes == (2, 32, 2)
    app.set(width=2)
    assert app.state.problem == ARTICLE.problem


@pytest.mark.usefixtures("limited")
def test_a_given_network_that_is_too_large_starts_with_narrower_layers() -> None:
    given = problem_of(2, *[FITTING * 5 // 3] * 3, 1)
    assert bp.apps.cost(given).state.problem.network.sizes == (2, *[FITTING] * 3, 1)
    with pytest.raises(bp.BpkitError, match=f"at most {LARGEST:,} weights and biases"):
        bp.apps.cost(problem_of(LARGEST, 2))


def test_other_networks() -> None:
    soft = bp.Network(2, 3, activation=["softmax"], loss="cross_entropy")
    problem = bp.Problem(soft, dict.fromkeys(soft.parameters, 0.1), [1, 2], [0, 1, 0])
    assert bp.apps.cost(problem).state.problem.network.activations[0].name == "sigmoid"
    y, out = sp.symbols("y out")
    quartic = bp.Network(1, 2, 1, loss=bp.Loss("quartic", (y - out) ** 4))
    app = bp.apps.cost(bp.Problem(quartic, dict.fromkeys(quartic.parameters, 0.1), [1], [0]))
    app.set(width=4)
    assert app.state.problem.network.loss == quartic.loss
    with pytest.raises(bp.BpkitError, match=r"problem\.sample\(0\)"):
        bp.apps.cost(bp.examples.data_set("xor").problem(bp.Network(2, 2, 1)))


def test_the_still_picture_holds_the_counts_and_their_words() -> None:
    app = bp.apps.cost(ARTICLE)
    app.set(width=5, depth=2)
    cost, still = count(app.state.problem.network), app.drawing(app.state)
    assert repr(still) == app.words(app.state)
    axes = still.figure.axes[0]
    ends = [(line.get_xdata()[0], *line.get_ydata()) for line in axes.lines if len(line.get_xdata()) == 1]
    assert ends == [(cost.parameters, cost.nudging), (cost.parameters, cost.both)]
    nudging, both = (line for line in axes.lines if line.get_label() in ("nudging", "backpropagation"))
    assert nudging.get_ydata()[4] == cost.nudging
    assert both.get_ydata()[4] == cost.both
    assert still.png().startswith(b"\x89PNG")


def test_what_will_not_do_is_refused() -> None:
    app = bp.apps.cost(ARTICLE)
    with pytest.raises(bp.BpkitError, match="neurons in each: expected a finite number, got 'many'"):
        app.width.value = "many"
    app.set(width=2.4, depth=99)
    assert (app.width.value, app.depth.value) == (2, 3)
