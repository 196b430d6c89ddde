"""The picture of a batch: each point's own derivative, their mean and their sum, against difference quotients."""

from __future__ import annotations

import re

import pytest

import bpkit as bp
from bpkit.show.batch_picture import batch_slopes


def test_mean_and_sum_are_those_of_difference_quotients() -> None:
    network = bp.Network(2, 3, 1, activation=["tanh", "sigmoid"], loss="binary_cross_entropy", bias="neuron")
    problem = bp.examples.data_set("moons", 30).problem(network, seed=0)
    told = re.findall(r"(\d+) points: mean (\S+), sum (\S+)\.", str(batch_slopes(problem, "w2", (30, 10))))
    for size, mean, total in told:
        part = problem.replace(inputs=problem.inputs[: int(size)], targets=problem.targets[: int(size)])
        above, below = (bp.train(part.replace(w2=problem.parameters["w2"] + h), 0).loss[0] for h in (1e-5, -1e-5))
        slope = (above - below) / 2e-5
        assert float(mean.replace("−", "-")) == pytest.approx(slope, rel=0.01)
        assert float(total.replace("−", "-")) == pytest.approx(int(size) * slope, rel=0.01)
    assert [size for size, *_ in told] == ["30", "10"]


def test_a_batch_of_five_is_among_the_rows() -> None:
    """The lesson says that the mean of so few points is off."""
    network = bp.Network(2, 8, 1, activation=["tanh", "sigmoid"], loss="binary_cross_entropy", bias="neuron")
    problem = bp.examples.data_set("moons").split()[0].problem(network, seed=0)
    said = str(batch_slopes(problem, "w2"))
    assert "with respect to w₂" in said
    means = {int(size): float(mean.replace("−", "-")) for size, mean in re.findall(r"(\d+) points: mean (\S+),", said)}
    assert [*means] == [100, 50, 20, 5]
    assert all(abs(means[size] / means[100] - 1) < 0.1 for size in (50, 20))
    assert abs(means[5] / means[100] - 1) > 0.3
