"""Slopes as pictures: the curve, its tangent and the slope's own curve against plain formulas, a step both ways."""

from __future__ import annotations

import re

import numpy as np
import pytest
from matplotlib.figure import Figure

import bpkit as bp
from bpkit.show.old_and_new_picture import old_and_new
from bpkit.show.slopes_picture import both_ways, slope

ARTICLE = bp.examples.article.problem
OUT = 0.699450124024558  # of o1, at 40 digits
NET = 0.844680772413252


def sigmoid(net: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-net))


@pytest.mark.parametrize(
    ("name", "curve", "derived", "at"),
    [
        ("dE_o1/dout_o1", lambda out: (0.05 - out) ** 2 / 2, lambda out: out - 0.05, OUT),
        ("dout_o1/dnet_o1", sigmoid, lambda net: sigmoid(net) * (1 - sigmoid(net)), NET),
        ("dnet_o1/dout_h1", lambda out: 0.35 * out + 0.2 * 0.632045012544365 + 0.5, lambda out: 0.35 + 0 * out, None),
    ],
)
def test_a_slope_is_drawn_as_tangent_and_as_a_curve_of_its_own(name, curve, derived, at) -> None:  # type: ignore[no-untyped-def]
    drawing = slope(ARTICLE, name)
    assert isinstance(drawing.figure, Figure)
    left, right = drawing.figure.axes
    for axes, expected in ((left, curve), (right, derived)):
        x, y = (np.asarray(data, dtype=float) for data in axes.lines[0].get_data())
        assert y == pytest.approx(expected(x), rel=1e-12, abs=1e-15)
    (x1, x2), (y1, y2) = left.lines[1].get_data()
    rise = (y2 - y1) / (x2 - x1)
    assert rise == pytest.approx(bp.evaluate(ARTICLE)[name], rel=1e-9)
    if at is not None:
        assert (x1 + x2) / 2 == pytest.approx(at, rel=1e-12)
        assert f"the slope {rise:.6g}" in str(drawing.caption)
    aimed = [line.get_xdata()[0] for axes in (left, right) for line in axes.lines if line.get_linestyle() == "--"]  # type: ignore[index]
    assert aimed == ([0.05, 0.05] if name == "dE_o1/dout_o1" else [])  # the target, where there is one to see
    assert ("at the target, 0.05" in str(drawing.caption)) == bool(aimed)


def test_a_slope_that_there_is_not_is_refused() -> None:
    with pytest.raises(bp.BpkitError, match=r"slope: expected one of .*dE_o1/dout_o1.*, got 'dE/dw5'"):
        slope(ARTICLE, "dE/dw5")


@pytest.mark.parametrize("parameter", ["w5", "w7"])
def test_against_the_slope_the_loss_falls_and_along_it_it_grows(parameter: str) -> None:
    caption = both_ways(ARTICLE, parameter).caption
    rise, at = bp.evaluate(ARTICLE)[f"dE/d{parameter}"], ARTICLE.parameters[parameter]
    losses = [bp.evaluate(ARTICLE.replace(**{parameter: at + sign * 0.5 * rise}))["E_total"] for sign in (-1, 0, 1)]
    assert losses[0] < losses[1] < losses[2]
    assert f"to subtract it gives {at - 0.5 * rise:.6g} and a loss of {losses[0]:.6g}" in caption
    assert f"to add it gives {at + 0.5 * rise:.6g} and a loss of {losses[2]:.6g}" in caption
    with pytest.raises(bp.BpkitError, match=r"both_ways: expected a parameter, got 'w9'"):
        both_ways(ARTICLE, "w9")


def by_hand(problem: bp.Problem, ahead: bool) -> tuple[float, float]:
    """The derivative of w1, and the loss after an update, the output layer ahead of the hidden one or not."""
    new = problem.replace(**{f"w{k}": bp.evaluate(problem)[f"w{k}_new"] for k in range(5, 9)})
    v, w = bp.evaluate(problem), (new if ahead else problem).parameters
    delta = [(v[f"out_{o}"] - y) * v[f"out_{o}"] * (1 - v[f"out_{o}"]) for o, y in zip(("o1", "o2"), problem.targets)]
    slopes = {}
    for h, into in (("h1", ("w5", "w7")), ("h2", ("w6", "w8"))):
        back = sum(d * w[name] for d, name in zip(delta, into)) * v[f"out_{h}"] * (1 - v[f"out_{h}"])
        slopes |= {problem.network.weight_of[x, h]: back * value for x, value in zip(("x1", "x2"), problem.inputs)}
    moved = new.replace(**{name: problem.parameters[name] - 0.5 * slope for name, slope in slopes.items()})
    return slopes["w1"], bp.evaluate(moved)["E_total"]


@pytest.mark.parametrize("example", [bp.examples.article, bp.examples.mazur], ids=lambda one: one.name)
def test_old_and_new_weights_against_a_plain_program(example) -> None:  # type: ignore[no-untyped-def]
    table = old_and_new(example.problem, ["dE/dw1", "E_total after 1 update"])
    for place in range(2):
        assert table.rows[place][1] == pytest.approx(by_hand(example.problem, False)[place], rel=1e-12)
        assert table.rows[place][2] == pytest.approx(by_hand(example.problem, True)[place], rel=1e-12)
    assert "under 0.001 %" in repr(table)
    assert '<th scope="row" style="text-align:left">∂E/∂w₁</th>' in table._repr_html_()


def test_mazurs_loss_is_that_of_new_weights() -> None:
    mazur = bp.examples.mazur
    table = old_and_new(mazur.problem, ["w1_new", "E_total after 1 update"], mazur.published)
    (_, old, _, _, weight), (_, _, new, _, loss) = (re.split(" {2,}", row) for row in repr(table).splitlines()[2:])
    assert weight == old == mazur.published["w1_new"]
    assert loss == new == mazur.published["E_total after 1 update"]
    folded = table.folded("Both <ways>")._repr_html_()
    assert folded.startswith("<details><summary>Both &lt;ways&gt;</summary><table>")
    assert "printed</th>" in folded
    with pytest.raises(bp.BpkitError, match="old_and_new: expected a quantity that depends on when"):
        old_and_new(bp.examples.mazur.problem, ["dE/dw5"])
