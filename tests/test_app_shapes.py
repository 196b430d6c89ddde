"""The shapes app: every box has the shape of the array that it stands for, in a plain NumPy program."""

from __future__ import annotations

import re

import numpy as np
import pytest

import bpkit as bp
from bpkit.show.matrix_boxes import Box, boxed, drawn, side

NETWORK = bp.Network(2, 8, 1, activation=["tanh", "sigmoid"], loss="binary_cross_entropy", bias="neuron")
MOONS = bp.examples.data_set("moons", 100).problem(NETWORK, seed=0)


def arrays(n: int, sizes: tuple[int, ...]) -> dict[str, np.ndarray]:
    """Arrays of zeros with the names of the lines."""
    found = {"y": np.zeros((n, sizes[-1])), "out_0": np.zeros((n, sizes[0]))}
    for layer, (before, width) in enumerate(zip(sizes, sizes[1:]), 1):
        found |= {f"W_{layer}": np.zeros((before, width)), f"b_{layer}": np.zeros((1, width))}
        found |= {f"{name}_{layer}": np.zeros((n, width)) for name in ("net", "out", "delta")}
    return found


@pytest.mark.parametrize(("n", "sizes"), [(100, (2, 8, 1)), (1, (3, 4, 2)), (7, (1, 1, 5))])
def test_each_box_has_the_shape_of_its_array(n: int, sizes: tuple[int, int, int]) -> None:
    app = bp.apps.shapes(MOONS)
    app.set(n=n, l0=sizes[0], l1=sizes[1], l2=sizes[2])
    state, plain = app.state, arrays(n, sizes)
    boxes = 0
    for step in drawn(state.form):
        for one in (piece for row in boxed(step, state.network) for piece in row):
            if isinstance(one, Box):
                name = "y" if one.name == "targets" else f"{one.name}_{one.layer}"
                array = plain[name].T if one.turned else plain[name]
                assert tuple(state.counts[letter] for letter in one.shape) == array.shape, (step, one)
                boxes += 1
    assert boxes == 33


def test_products_fit_and_the_words_say_so() -> None:
    app = bp.apps.shapes(MOONS)
    assert "(1) net₁ (100 × 8) = out₀ (100 × 2) W₁ (2 × 8) + b₁ (1 × 8)" in repr(app)
    assert "(5) E = mean of the row sums of −(y (100 × 1) ∘ ln(out₂ (100 × 1))" in repr(app)
    assert "δ₁ (100 × 8) = (δ₂ (100 × 1) W₂ᵀ (1 × 8)) ∘ (1 − out₁ (100 × 8)²)" in repr(app)
    pairs = re.findall(r"\((\d+) × (\d+)\) \w+[₀₁₂]ᵀ? \((\d+) × (\d+)\)", app.words(app.state))
    assert pairs
    assert all(inner == other for _, inner, other, _ in pairs)
    assert "33 weights and biases" in app.note(app.state)[0]
    assert "With 100 points, net₁ has 100 × 8 = 800 numbers" in app.note(app.state)[0]
    app.set(l1=1, n=1)
    assert "With 1 point, net₁ has 1 × 1 = 1" in app.note(app.state)[0]


def test_a_larger_count_is_a_longer_side() -> None:
    sides = [side(count) for count in (1, 2, 8, 100, 200)]
    assert sides == sorted(set(sides))


def test_a_bias_for_each_layer_is_one_number() -> None:
    app = bp.apps.shapes(bp.examples.article)
    assert "b₁ (1 × 1)" in repr(app)
    assert "10 weights and biases" in app.note(app.state)[0]
    assert app.drawing(app.state).png().startswith(b"\x89PNG")


def test_what_it_shares_makes_the_lines_that_it_draws() -> None:
    app = bp.apps.shapes(MOONS)
    app.set(l1=3)
    same = bp.Network(2, 3, 1, activation=["tanh", "sigmoid"], loss="binary_cross_entropy", bias="neuron")
    assert repr(eval(app.share, {"bp": bp})) == repr(bp.derive(same).matrices())
