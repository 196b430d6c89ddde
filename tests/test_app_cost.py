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
from bpkit.show.cost import CostPlot, count

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
    assert re.search(r"\d (µs|ms)</td>", app.view["table"].value)
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


@pytest.mark.usefixtures("limited")
@pytest.mark.parametrize("given", [ARTICLE, problem_of(150, 2, 3)])
def test_whatever_the_sliders_offer_is_shown(given: Any) -> None:
    """More layers leave room for fewer neurons: the slider's end moves along, and nothing is refused."""
    app = bp.apps.cost(given)
    assert len(app.state.problem.network.parameters) <= LARGEST
    for depth in range(1, int(app.depth.high) + 1):
        for end in ("min", "max"):
            app.depth.slider.value = depth
            app.width.slider.value = 10.0 ** getattr(app.width.slider, end)
            assert "Note" not in app.message.value
            sizes = app.state.problem.network.sizes
            assert sizes[1:-1] == (int(app.width.value),) * depth
            assert app.state.problem.givens.keys() == {*app.state.problem.network.givens}
            assert 10.0**app.width.slider.max == pytest.approx(app._widest[depth])
    one_more = app._network(app.state.width + 1, app.state.depth)
    assert app.state.width == 32 or len(one_more.parameters) > LARGEST


def test_the_lesson_s_network_fits_and_a_deeper_one_gets_narrower() -> None:
    app = bp.apps.cost(ARTICLE)
    app.set(width=32, depth=2)
    assert "2,310 forward runs" in repr(app)
    app.depth.value = 3
    assert app.state.problem.network.sizes == (2, 24, 24, 24, 2)
    assert app.width.value == 24
    assert "With 3 hidden layers this app goes up to 24 neurons in each." in app.message.value
    app.width.entry.value = "30"  # typed, which the slider cannot do
    assert (app.width.value, app.width.entry.value) == (24, "24")
    assert "I took 24." in app.width.children[-1].value
    app.depth.value = 1
    assert "goes up to" not in app.message.value
    app.width.value = 32
    assert app.state.problem.network.sizes == (2, 32, 2)
    app.reset.click()
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
    with pytest.raises(bp.BpkitError, match=r"problem\.sample\(0\)"):
        bp.apps.cost(bp.examples.data_set("xor").problem(bp.Network(2, 2, 1)))


@pytest.mark.parametrize("change", [{"width": 5}, {"depth": 2}])
def test_the_picture_follows(change: dict[str, Any]) -> None:
    app = bp.apps.cost(ARTICLE)
    before = app.view["picture"].value
    app.set(**change)
    fresh = CostPlot().frame(count(app.state.problem.network), app._row(app.state))
    assert before != app.view["picture"].value == fresh
    assert repr(app.drawing(app.state)) == app.words(app.state)
    assert app.drawing(app.state).png().startswith(b"\x89PNG")
    app.reset.click()
    assert app.view["picture"].value == before
