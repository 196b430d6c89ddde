"""The output of a neuron under several losses, against a plain program."""

from __future__ import annotations

import math

import pytest

import bpkit as bp
from bpkit.show.outputs_picture import outputs_under, with_loss

STUCK = bp.Problem(bp.Network(1, 1, bias="none"), {"w1": -5}, [1], [1], learning_rate=0.5)
LOSSES = {"half the squared error": "half_squared_error", "surprise": "binary_cross_entropy"}


def by_hand(updates: int, cancels: bool) -> float:
    """A sigmoid of one weight; with the cross-entropy its own slope cancels from the delta."""
    weight = -5.0
    for _ in range(updates):
        out = 1 / (1 + math.exp(-weight))
        weight -= 0.5 * (out - 1) * (1 if cancels else out * (1 - out))
    return 1 / (1 + math.exp(-weight))


def test_each_curve_is_a_plain_program_s() -> None:
    drawing = outputs_under(STUCK, LOSSES, 30)
    axes = drawing.figure.axes[0]
    for line, cancels in zip(axes.lines, (False, True)):
        assert list(line.get_ydata()) == pytest.approx([by_hand(k, cancels) for k in range(31)], rel=1e-9)
    assert f"With surprise it goes from 0.00669 to {by_hand(30, True):.3g}." in drawing.caption
    assert [text.get_text() for text in axes.texts][:2] == ["half the squared error: 0.0074", "surprise: 0.89"]


def test_another_loss_changes_the_loss_alone() -> None:
    now = with_loss(STUCK, "squared_error")
    assert now.network.loss.name == "squared_error"
    assert (now.parameters, now.inputs, now.learning_rate) == (STUCK.parameters, STUCK.inputs, STUCK.learning_rate)
