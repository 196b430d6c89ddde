"""One entry of a matrix line: its frames, its terms and its result, against NumPy and the lines of single neurons."""

from __future__ import annotations

import re

import numpy as np
import pytest

import bpkit as bp
from bpkit.show.entries import DIGITS, Entry, entry

WEIGHTS = [[[0.5, 0.2], [-0.3, 0.7]], [0.1, -0.2], [[0.6, -0.5], [-0.4, 0.8]], [0.3, -0.1]]
BATCH = bp.Problem(
    bp.Network(2, 2, 2, bias="neuron"), WEIGHTS, [[0.9, 0.6], [0.1, 0.2], [0.8, 0.3]], [[1, 0], [0, 1], [1, 0]]
)


def framed(shown: Entry) -> list[list[list[float]]]:
    """The framed numbers of each matrix, row by row; the first matrix is the result."""
    tables = re.findall(r"\\begin\{pmatrix\} (.*?) \\end\{pmatrix\}", shown._repr_latex_())
    return [
        [row for line in table.split(r" \\ ") if (row := [*map(float, re.findall(r"\\boxed\{(.*?)\}", line))])]
        for table in tables
    ]


def test_a_net_input_is_a_row_times_a_column_and_the_bias() -> None:
    for point in (1, 2, 3):
        for place in (1, 2):
            shown = entry(BATCH, f"net_h{place}", point)
            [[result]], [row], column, [[bias]] = framed(shown)
            assert row == [*BATCH.inputs[point - 1]]
            assert np.ravel(column).tolist() == [one[place - 1] for one in WEIGHTS[0]]
            assert (
                row @ np.ravel(column) + bias == pytest.approx(result) == bp.evaluate(BATCH)[f"net_h{place}"][point - 1]
            )
    assert repr(entry(BATCH, "net_h2", 3)) == (
        "net_h2 of point 3 = w3 · x1 + w4 · x2 + b_h2 = 0.2 · 0.8 + 0.7 · 0.3 + (-0.2) = 0.17"
    )


def test_a_delta_adds_the_paths_and_multiplies_by_the_slope() -> None:
    values = bp.evaluate(BATCH)
    shown = entry(BATCH, "dE/dnet_h1", 2)
    [[result]], [back], turned, [[out]], [[again]] = framed(shown)
    assert np.ravel(turned).tolist() == [0.6, -0.5]  # of W2, the row of h1
    assert back == pytest.approx([values[f"dE/dnet_o{k}"][1] for k in (1, 2)], rel=10.0**-DIGITS * 5)
    assert back @ np.ravel(turned) * out * (1 - again) == pytest.approx(result, rel=0.01)
    assert "dE_2/dnet_h1 of point 2 = (dE_2/dnet_o1 · w5 + dE_2/dnet_o2 · w7) · (out_h1 · (1 - out_h1))" in repr(shown)


@pytest.mark.parametrize(("name", "factors"), [("w1", 0), ("w4", 1), ("b_h2", None), ("w7", "out_h1")])
def test_the_derivative_of_a_parameter_is_a_mean_over_the_points(name: str, factors: int | str | None) -> None:
    values, shown = bp.evaluate(BATCH), entry(BATCH, f"dE/d{name}")
    neuron = {"w1": "h1", "w4": "h2", "b_h2": "h2", "w7": "o2"}[name]
    deltas = values[f"dE/dnet_{neuron}"]
    sources = 1.0 if factors is None else values[factors] if isinstance(factors, str) else BATCH.inputs[:, factors]
    [[result]], *tables = framed(shown)
    assert result == pytest.approx(np.mean(deltas * sources), rel=10.0**-DIGITS * 5)
    assert np.ravel(tables[-1]) == pytest.approx(deltas, rel=10.0**-DIGITS * 5)
    if factors is not None:
        assert np.ravel(tables[0]) == pytest.approx(sources, rel=10.0**-DIGITS * 5)
    assert r"\tfrac{1}{3}" in shown._repr_latex_()
    assert repr(shown).startswith(f"dE_total/d{name}: mean of dE_i/dnet_{neuron} · ")
    assert " over the points i = mean of " in repr(shown)


@pytest.mark.parametrize("point", [1, 3])
def test_a_delta_is_of_its_own_points_loss_and_a_parameters_derivative_of_the_mean(point: int) -> None:
    """With ∂E in both places one of them would be wrong, by the number of points."""
    shown = entry(BATCH, "dE/dnet_o1", point)._repr_latex_()
    assert rf"\frac{{\partial E_{{{point}}}}}{{\partial \mathit{{net}}_{{o1}}}}\ (\text{{point {point}}}) &=" in shown
    assert r"\partial E}" not in shown
    alone = bp.evaluate(BATCH.sample(point - 1))["dE/dnet_o1"]
    assert float(shown.split("= ")[-1].split()[0]) == pytest.approx(alone, rel=10.0**-DIGITS * 5)
    mean = entry(BATCH, "dE/dw1")._repr_latex_()
    left, _, right = mean.splitlines()[3].partition("&=")
    assert left.strip() == r"\frac{\partial E}{\partial w_{1}}"
    assert r"\text{the mean of } \frac{\partial E_{i}}{\partial \mathit{net}_{h1}}" in right
    assert right.endswith(r"\text{ over the points } i \\[4pt]")


def test_where_the_loss_is_a_sum_the_entry_is_one_too() -> None:
    shown = entry(BATCH.replace(batch="sum"), "dE/dw1")
    mean = float(repr(entry(BATCH, "dE/dw1")).split()[-1])
    assert float(repr(shown).split()[-1]) == pytest.approx(3 * mean, rel=0.01)
    assert r"\text{the sum of }" in shown._repr_latex_()
    assert r"\tfrac" not in shown._repr_latex_()
    assert "mean" not in shown._repr_latex_() + repr(shown)


def test_what_is_written_out_uses_just_the_numbers_that_are_framed() -> None:
    for name, point in (("net_o2", 1), ("dE/dnet_h2", 3), ("out_h1", 2), ("dE/dnet_o1", 1)):
        shown = entry(BATCH, name, point)
        frames = {abs(one) for table in framed(shown) for row in table for one in row}
        worked = repr(shown).split(" = ")[2]
        numbers = {float(one) for one in re.findall(r"\d+\.\d+", worked)}
        assert numbers <= frames, name


def test_what_is_no_entry_is_refused() -> None:
    for name in ("w1", "w1_new", "E_total", "dE_o1/dout_o1"):
        with pytest.raises(bp.BpkitError, match="entry: expected a net, an output, a delta"):
            entry(BATCH, name)
    with pytest.raises(bp.BpkitError, match="entry: expected a point from 1 to 3, got 4"):
        entry(BATCH, "net_h1", 4)
