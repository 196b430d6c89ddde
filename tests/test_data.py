"""The data sets and the starting values: shapes, classes, seeds, spreads."""

from __future__ import annotations

import numpy as np
import pytest

import bpkit as bp
from bpkit.core.initial import SPREADS, initial_parameters

NAMES = ["xor", "moons", "circles", "spiral", "tomatoes"]


@pytest.mark.parametrize("name", NAMES)
def test_the_same_seed_gives_the_same_points(name: str) -> None:
    one, same, other = (bp.examples.data_set(name, 40, 0.1, seed) for seed in (3, 3, 4))
    assert np.array_equal(one.inputs, same.inputs)
    assert not np.array_equal(one.inputs, other.inputs)
    assert one.inputs.shape == (40, 2)
    assert one.targets.shape == (40, 1)
    assert set(one.targets.ravel()) == {0.0, 1.0}
    assert not one.inputs.flags.writeable


def test_xor_is_one_where_exactly_one_input_is() -> None:
    xor = bp.examples.data_set("xor")
    table = {tuple(point): target for point, (target,) in zip(xor.inputs.tolist(), xor.targets.tolist(), strict=True)}
    assert table == {(0, 0): 0, (0, 1): 1, (1, 0): 1, (1, 1): 0}


def test_circles_without_noise_lie_on_two_radii() -> None:
    rings = bp.examples.data_set("circles", 30, noise=0)
    radii = np.hypot(*rings.inputs.T)
    assert np.allclose(radii[rings.targets.ravel() == 1], 0.4)
    assert np.allclose(radii[rings.targets.ravel() == 0], 1.0)


def test_moons_without_noise_lie_on_two_half_circles() -> None:
    moons = bp.examples.data_set("moons", 31, noise=0)
    upper = moons.inputs[moons.targets.ravel() == 0]
    lower = moons.inputs[moons.targets.ravel() == 1]
    assert np.allclose(np.hypot(*upper.T), 1)
    assert np.allclose(np.hypot(*(lower - [1, 0.5]).T), 1)
    assert upper[:, 1].min() > -1e-9
    assert lower[:, 1].max() < 0.5 + 1e-9


def test_the_arms_of_the_spiral_are_each_other_turned_by_half_a_circle() -> None:
    spiral = bp.examples.data_set("spiral", 50, noise=0)
    low, high = (spiral.inputs[spiral.targets.ravel() == one] for one in (0, 1))
    assert np.allclose(low, -high)
    radius, angle = np.hypot(*low.T), np.unwrap(np.arctan2(*low.T))
    assert np.allclose(np.diff(radius, 2), 0)
    assert np.allclose(np.diff(angle, 2), 0)
    assert angle[-1] - angle[0] > 1.5 * np.pi


def test_ripe_tomatoes_are_redder_and_softer() -> None:
    tomatoes = bp.examples.data_set("tomatoes", 30, noise=0)
    unripe, ripe = (tomatoes.inputs[tomatoes.targets.ravel() == one] for one in (0, 1))
    assert (len(unripe), len(ripe)) == (15, 15)
    assert 0 < tomatoes.inputs.min() < tomatoes.inputs.max() < 1
    assert unripe[:, 0].max() < ripe[:, 0].min()
    assert unripe[:, 1].mean() < ripe[:, 1].mean()


@pytest.mark.parametrize("name", NAMES)
def test_noise_adds_the_same_draws_to_every_shape(name: str) -> None:
    clean, noisy = (bp.examples.data_set(name, 40, noise, seed=5).inputs for noise in (0, 0.3))
    assert np.array_equal(noisy, clean + 0.3 * np.random.default_rng(5).normal(size=(40, 2)))


def test_a_split_shares_the_points_out_in_another_order() -> None:
    moons = bp.examples.data_set("moons")
    training, test = moons.split()
    assert len(training.inputs) == len(test.inputs) == 100
    rows = lambda *sets: sorted(map(tuple, np.vstack([np.hstack([one.inputs, one.targets]) for one in sets]).tolist()))
    assert rows(training, test) == rows(moons)
    assert 30 < training.targets.sum() < 70
    assert not training.inputs.flags.writeable
    assert np.array_equal(moons.split(60)[0].inputs, np.vstack([training.inputs, test.inputs])[:60])
    assert not np.array_equal(moons.split(seed=1)[0].inputs, training.inputs)


def test_xor_can_be_learned() -> None:
    network = bp.Network(2, 4, 1, activation="tanh", bias="neuron")
    problem = bp.examples.data_set("xor").problem(network, seed=1)
    trace = bp.train(problem, 3000)
    assert trace.loss[-1] < 0.01 < trace.loss[0]


@pytest.mark.parametrize("scheme", sorted(SPREADS))
def test_the_spread_of_weights_is_the_scheme_s(scheme: str) -> None:
    network = bp.Network(20, 60, 1)
    drawn = initial_parameters(network, np.random.default_rng(0), scheme, scale=2.0)
    first = [drawn[name] for name, (source, _) in network.weights.items() if source.startswith("x")]
    expected = {"xavier": np.sqrt(2 / 80), "he": np.sqrt(2 / 20), "lecun": np.sqrt(1 / 20), "unit": 1.0}[scheme]
    assert np.std(first) == pytest.approx(2 * expected, rel=0.1)
    assert drawn["b1"] == 0


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: bp.examples.data_set("moon"), "did you mean 'moons'"),
        (lambda: bp.examples.data_set("xor", 3), "at least 4"),
        (lambda: bp.examples.data_set("xor").split(4), "from 1 to 3 points"),
        (lambda: bp.examples.data_set("xor", noise=float("nan")), "noise"),
        (lambda: initial_parameters(bp.Network(2, 1), np.random.default_rng(0), "hee"), "did you mean 'he'"),
        (lambda: initial_parameters(bp.Network(2, 1), np.random.default_rng(0), scale=-1.0), "from 0"),
    ],
)
def test_bad_input_is_named(call, words: str) -> None:
    with pytest.raises(bp.BpkitError, match=words):
        call()
