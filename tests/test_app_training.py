"""The training app against the engine and against a plain program; the curve against its pixels."""

from __future__ import annotations

import math
import re
import xml.etree.ElementTree as ET

import numpy as np
import pytest

import bpkit as bp
from bpkit.show.chart import chart, decades, linear, updates
from bpkit.show.palette import RUNS

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
    assert f"to {expected:.6g}." in app.message.value
    assert eval(app.share, {"bp": bp}) == app.state.problem
    assert bp.train(app.state.problem, 100).loss[-1] == pytest.approx(expected, rel=1e-12)


def test_the_facts_of_the_article() -> None:
    app = bp.apps.training(ARTICLE)
    for figure in ("0.233453 after 0", "0.225433 after 1", "0.156131 after 10", "0.0114816 after 100"):
        assert figure in repr(app)
    app.updates.value = 20
    assert "0.0982564 after 20" in repr(app)


def test_the_diagram_shows_the_weights_of_the_update_shown() -> None:
    app = bp.apps.training(ARTICLE)
    app.shown.value = 1
    exact = {"w1": "0.249656", "w5": "0.307429", "w8": "0.412993"}  # after one update, from the article's facts
    for name, value in exact.items():
        assert f"{name} = {value} from" in repr(app)
    assert "<tspan font-weight='700'>w5</tspan>=0.3074" in app.view["diagram"].value
    app.shown.value = 1000
    assert f"w5 = {bp.train(ARTICLE.problem, 1000)['w5'][-1]:.6g} from" in repr(app)


def test_the_update_shown_stays_inside_the_run() -> None:
    app = bp.apps.training(ARTICLE)
    app.shown.value = 900
    app.updates.value = 50
    assert (app.state.shown, app.shown.value, app.shown.slider.max, app.play.max) == (50, 50, 50, 50)
    app.updates.value = 10_000
    assert (app.state.shown, app.shown.slider.max, app.play.max, app.play.step) == (50, 10_000, 10_000, 100)


def test_divergence_is_stated_and_the_app_goes_on() -> None:
    app = bp.apps.training(LINE)
    app.rate.value = 90
    assert "no longer finite at update" in app.message.value
    assert "learning rate 90 is too large here" in app.message.value
    assert "role='alert'" in app.message.value
    assert len(polylines(app.view["curve"].value)) == 1
    assert app.shown.slider.max == len(bp.train(LINE.replace(learning_rate=90), 1000)) - 1
    app.set(w1=1e200, log=True)  # not even the first loss is finite
    assert "no point to draw" in repr(app)
    app.reset.click()
    assert "alert" not in app.message.value
    assert app.state.problem == LINE


def polylines(picture: str) -> list[list[tuple[float, float]]]:
    lines = (node.get("points", "") for node in ET.fromstring(picture).iter() if node.tag.endswith("polyline"))
    return [[tuple(map(float, pair.split(","))) for pair in line.split()] for line in lines]  # type: ignore[misc]


def axis(picture: str, anchor: str, coordinate: str) -> dict[str, float]:
    """Where the numbers stand that are written along an axis."""
    texts = (node for node in ET.fromstring(picture).iter() if node.tag.endswith("text"))
    return {str(node.text): float(node.get(coordinate, "nan")) for node in texts if node.get("text-anchor") == anchor}


@pytest.mark.parametrize("log", [False, True])
@pytest.mark.parametrize("updates", [200, 5000])
def test_the_curve_goes_through_the_losses_by_its_own_axes(log: bool, updates: int) -> None:
    app = bp.apps.training(ARTICLE)
    app.set(log=log, updates=updates, rate=1.0)
    picture = app.view["curve"].value
    loss = bp.train(ARTICLE.problem.replace(learning_rate=1.0), updates).loss
    along, down = axis(picture, "middle", "x"), axis(picture, "end", "y")
    ticks = {
        tick: float(tick.replace("10⁰", "1").replace("10⁻", "1e-").translate(str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789")))
        for tick in down
    }
    scale = math.log10 if log else float
    (low, bottom), (high, top) = (
        (scale(ticks[tick]), down[tick]) for tick in (min(ticks, key=ticks.get), max(ticks, key=ticks.get))
    )
    (line,) = polylines(picture)
    zero, right = along["0"], along[str(updates)]
    for x, y in line:
        update = round((x - zero) / (right - zero) * updates)
        near = loss[max(0, update - updates // 300) : update + updates // 300 + 1]
        places = [bottom - 4 + (scale(value) - low) / (high - low) * (top - bottom) for value in near]
        assert min(places) - 0.3 <= y <= max(places) + 0.3
    assert (line[0][0], line[-1][0]) == (zero, right)


def test_two_runs_can_be_pinned_and_compared() -> None:
    app = bp.apps.training(ARTICLE)
    alone = app.view["curve"].value
    app.pin.click()
    app.rate.value = 5.0
    app.pin.click()
    app.set(rate=10.0, updates=500)
    assert {name: run.problem.learning_rate for name, run in app.state.pinned} == {"Pinned A": 0.5, "Pinned B": 5.0}
    words = repr(app)
    assert "This run, biases kept: Loss E_total against updates, learning rate 10:" in words
    assert "Pinned A, biases kept: Loss E_total against updates, learning rate 0.5: 0.233453 after 0" in words
    assert len(polylines(app.view["curve"].value)) == 3
    assert "Pinned A: 1000 updates: the loss goes from 0.233453 to 0.000120369." in app.message.value
    assert "Pinned B, rate 5</text>" in app.view["curve"].value
    assert "Pinned B, biases kept: Loss E_total against updates, learning rate 5:" in words
    app.unpin.click()
    assert "Pinned" not in repr(app)
    app.reset.click()
    assert app.view["curve"].value == alone


def test_a_pinned_curve_keeps_its_name_and_its_colour_when_another_takes_the_oldest_s_place() -> None:
    app = bp.apps.training(ARTICLE)
    seen = []
    for rate in (0.5, 5.0, 10.0, 20.0):
        app.rate.value = rate
        app.pin.click()
        picture = app.view["curve"].value
        names = re.findall(r">(Pinned [AB], rate [\d.]+)</text>", picture)
        strokes = re.findall(r"<polyline fill='none' stroke='(#\w+)'", picture)[::-1]
        assert strokes == [color for color, _, _ in RUNS][: len(strokes)]
        seen.append(dict(zip(names, strokes[1:])))
    assert [sorted(one) for one in seen] == [
        ["Pinned A, rate 0.5"],
        ["Pinned A, rate 0.5", "Pinned B, rate 5"],
        ["Pinned A, rate 10", "Pinned B, rate 5"],
        ["Pinned A, rate 10", "Pinned B, rate 20"],
    ]
    for before, after in zip(seen, seen[1:]):
        assert all(after[name] == color for name, color in before.items() if name in after)
    assert eval(app.share, {"bp": bp}) == app.state.problem


def test_a_frame_depends_on_the_state_alone() -> None:
    first, second = bp.apps.training(ARTICLE), bp.apps.training(ARTICLE)
    for value in (0.1, 3.0, -2.0, 0.7):
        first.w5.value = value
    second.w5.value = 0.7
    assert first.state == second.state
    assert first.view["curve"].value == second.view["curve"].value
    assert first.view["diagram"].value == second.view["diagram"].value


def test_batches_and_other_networks_train_too() -> None:
    draw = np.random.default_rng(0)
    network = bp.Network(2, 3, 1, activation="tanh", loss="mean_squared_error", bias="none")
    problem = bp.Problem(
        network, {n: float(draw.normal()) for n in network.parameters}, [[0, 0], [0, 1], [1, 0]], [[0], [1], [1]]
    )
    app = bp.apps.training(problem)
    assert f"{bp.train(problem, 1000).loss[-1]:.6g} after 1000" in repr(app)
    assert eval(app.share, {"bp": bp}) == problem


def test_no_peak_of_a_long_run_is_lost() -> None:
    losses = np.ones(10_001)
    losses[1234], losses[7777] = 5.0, 0.25
    (line,) = polylines(chart([("a run", losses)], 0, False, "words"))
    ys = [y for _, y in line]
    top, bottom = 30, 238  # of the frame: 5 and 0
    assert len(line) < 1000
    assert min(ys) == top
    assert max(ys) == pytest.approx(bottom - 0.25 / 5 * (bottom - top), abs=0.1)


def test_the_logarithmic_axis_ends_where_the_curve_does_and_a_loss_of_0_is_not_on_it() -> None:
    app = bp.apps.training(ARTICLE)
    app.set(rate=10.0, updates=10_000, log=True)
    lowest = app._trace(app.state.run).loss.min()
    assert 0 < lowest < 1e-30
    (line,) = polylines(app.view["curve"].value)
    top, bottom = 30, 238  # of the frame: a power of ten above the first loss, and one below the last
    powers = 1 - math.floor(math.log10(lowest)) - 1
    assert max(y for _, y in line) == pytest.approx(bottom, abs=(bottom - top) / powers)
    assert len({round(y, 1) for _, y in line}) > 100  # and not a line along the edge
    losses = np.array([1.0, 0.1, 0.0, 0.0])
    (short,) = polylines(chart([("a run", losses)], 3, True, "words"))
    assert len(short) == 2
    assert "<circle" not in chart([("a run", losses)], 3, True, "words")
    assert "<circle" in chart([("a run", losses)], 3, False, "words")


def test_scales_are_round_and_hold_every_loss() -> None:
    assert [text for _, text in linear(0.2334).ticks] == "0 0.05 0.1 0.15 0.2 0.25".split()
    assert [text for _, text in decades(np.array([0.2334, 1e-5])).ticks] == "10⁻⁵ 10⁻⁴ 10⁻³ 10⁻² 10⁻¹ 10⁰".split()
    assert decades(np.array([0.0])).low > 0
    assert decades(np.array([4e-32, 0.2])).low == 1e-32
    assert decades(np.array([3e20, 3e22])).ticks[0][1] == "10²⁰"
    assert np.isfinite(decades(np.array([5e-324, 1.7e308])).high)
    assert linear(0.0).high == 1
    for top in np.geomspace(1e-12, 1e12, 97):
        scale = linear(top)
        assert top <= scale.high * (1 + 1e-9)
        assert 4 <= len(scale.ticks) <= 6
        assert scale.high < 2.1 * top
    for last in (1, 7, 20, 1000, 10_000):
        assert all(value == int(value) <= last for value, _ in updates(last).ticks)
