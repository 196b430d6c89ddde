"""The paths app against a plain walk through the network and against autograd."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from itertools import product
from typing import Any

import numpy as np
import pytest
from app_cases import BY_HAND, plain, slopes
from oracle import mp_values, random_case

import bpkit as bp
from bpkit.show.diagram import touched

ARTICLE = bp.examples.article
NETWORK = ARTICLE.problem.network


def by_hand(w1: float = 0.25) -> list[float]:
    """The two products of w1, each of five factors, without bpkit."""
    case = replace(BY_HAND, parameters={**BY_HAND.parameters, "w1": w1})
    v = {name: float(value) for name, value in mp_values(case, case.parameters).items()}
    slope = lambda out: out * (1 - out)
    ends = [("o1", 0.05, 0.35), ("o2", 0.95, 0.45)]
    return [(v[f"out_{o}"] - y) * slope(v[f"out_{o}"]) * w * slope(v["out_h1"]) * 0.1 for o, y, w in ends]


@pytest.mark.parametrize("w1", [0.25, -1.5])
def test_two_paths_of_a_hidden_weight_add_up(w1: float) -> None:
    app = bp.apps.paths(ARTICLE)
    app.w1.value = w1
    one, two = by_hand(w1)
    table = plain(app.view["table"].value)
    assert f" 1 {one:.6g} = ∂E/∂outo1 · " in table
    assert f" 2 {two:.6g} = ∂E/∂outo2 · " in table
    assert f" {one + two:.6g} = ∂E/∂w1, the sum " in table
    line = plain(app.view["line"].value)
    assert "(48) ∂E/∂w1 = ∂E/∂neth1 · ∂neth1/∂w1" in line
    assert f"= {one + two:.6g} " in line
    slope = slopes(replace(BY_HAND, parameters={**BY_HAND.parameters, "w1": w1}))["dE_total/dw1"]
    assert one + two == pytest.approx(slope, rel=1e-9)
    assert f"Together {slope:.6g}." in repr(app)
    assert eval(app.share, {"bp": bp}) == ARTICLE.problem.replace(w1=w1)


def test_one_path_or_all_light_up() -> None:
    app = bp.apps.paths(ARTICLE)
    lit = lambda: touched(NETWORK, app.state.highlight)
    both = {("x1", "h1"), ("h1", "o1"), ("h1", "o2"), "h1", "o1", "o2", "E_total"}
    assert lit() == both
    every = app.view["diagram"].value
    app.path.value = 2
    assert lit() == both - {("h1", "o1"), "o1"}
    assert app.view["diagram"].value != every
    assert re.findall(r'<tr class="bpkit-lit"><td>▸ (\d)', app.view["table"].value) == ["2"]
    assert "Path 2 from w1 to the loss is lit: w1 → net_h1 → out_h1 → net_o2 → out_o2 → E_total." in repr(app)
    app.path.value = 0
    assert app.view["diagram"].value == every
    app.set(parameter="b1", path=3)
    assert lit() == {"b1", "h2", "o1", ("h2", "o1"), "E_total"}


@pytest.mark.parametrize("parameter", NETWORK.parameters)
def test_every_parameter_adds_up(parameter: str) -> None:
    app = bp.apps.paths(ARTICLE)
    app.set(parameter=parameter, w6=-1.2)
    slope = slopes(replace(BY_HAND, parameters={**BY_HAND.parameters, "w6": -1.2}))[f"dE_total/d{parameter}"]
    assert app.state.paths.total == pytest.approx(slope, rel=1e-12)
    assert f" {slope:.6g} = ∂E/∂{parameter}" in plain(app.view["table"].value)
    assert plain(app.view["line"].value).endswith(f"= {slope:.6g} ")
    assert app.play.max == len(app.state.paths)


def test_a_path_that_this_parameter_does_not_have_is_its_last() -> None:
    app = bp.apps.paths(ARTICLE)
    app.set(parameter="b1", path=4)
    assert (app.state.chosen, len(app.state.paths), app.path.slider.max) == (4, 4, 4)
    app.parameter.value = "w5"
    assert (app.state.chosen, len(app.state.paths), app.path.slider.max) == (1, 1, 1)
    assert (app.path.value, app.path.entry.value) == (1, "1")  # the field says which path is lit


def test_a_shared_bias_is_lit_along_the_chosen_path_only() -> None:
    app = bp.apps.paths(ARTICLE)
    rings = lambda: len(re.findall(r"<line[^>]*stroke='#F0B400'", app.view["diagram"].value))
    app.parameter.value = "b1"
    assert rings() == 2 + 4  # b1 into h1 and h2, and all weights behind them
    app.path.value = 3
    assert rings() == 1 + 1
    app.set(parameter="w5", path=0)
    assert rings() == 1


SOFTMAX: Any = ((2, 4, 3, 3), ("tanh", "sigmoid", "softmax"), "cross_entropy", "layer")


def test_many_paths() -> None:
    case = random_case(np.random.default_rng(5), *SOFTMAX)
    app = bp.apps.paths(case.problem())
    app.parameter.value = "b1"
    ways = list(product(range(4), range(3), range(3), range(3)))  # a softmax leads each net to each output
    assert len(app.state.paths) == len(ways) == len(set(app.state.paths))
    assert f"b1 has {len(ways)} paths; the table shows 24 of them" in app.message.value
    assert app.state.paths.total == pytest.approx(slopes(case)["dE_total/db1"], rel=1e-9)
    assert math.fsum(p.product for p in app.state.paths) == pytest.approx(app.state.paths.total)
    for chosen in (1, 60, 108):
        app.path.value = chosen
        rows = re.findall(r"<tr(?: class=\"(bpkit-lit)\")?><td>(?:▸ )?(\d+)</td>", app.view["table"].value)
        assert len(rows) == min(24, 108 - int(rows[0][1]) + 1)
        assert str(chosen) in [number for _, number in rows[:3]]  # in sight
        assert [int(number) for mark, number in rows if mark] == [chosen]
    assert f"is the sum of {len(ways)} paths" in repr(app)


def test_too_many_to_list_is_stated_and_the_app_goes_on() -> None:
    network = bp.Network(1, 12, 12, 12, 12, 1)
    app = bp.apps.paths(bp.Problem(network, dict.fromkeys(network.parameters, 0.1), [1], [1]))
    assert network.weights[app.parameter.value][1] == "o1"
    before = repr(app)
    app.parameter.value = "b1"
    assert "more than 20000 paths, too many to list" in app.message.value
    assert "alert" in app.message.value
    assert repr(app) == before
    app.parameter.value = "b4"
    assert "alert" not in app.message.value
    assert len(app.state.paths) == 12


def test_text_digits_reset() -> None:
    app, other = bp.apps.paths(ARTICLE), bp.apps.paths(ARTICLE)
    app.digits.value = 12
    assert f"{by_hand()[0]:.12g}" in app.view["table"].value
    app.set(w1=1, parameter="w8", path=1)
    app.reset.click()
    assert repr(app) == repr(other)
    assert app._repr_mimebundle_()["image/svg+xml"] == app.view["diagram"].value == other.view["diagram"].value
