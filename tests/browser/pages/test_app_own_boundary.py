"""The boundary app with a program of the learner's own, as a saved page: it plays back without a kernel."""

from __future__ import annotations

from typing import Any

import numpy as np
from playwright.sync_api import Locator, expect
from saved_pages import Open, enter

import bpkit as bp

BATCH = bp.examples.data_set("moons").problem(bp.Network(2, 8, 1, bias="neuron"), seed=0, learning_rate=20)


def sigmoid(z: Any) -> Any:
    return 1 / (1 + np.exp(-z))


def step(x: Any, y: Any, W1: Any, b1: Any, W2: Any, b2: Any, rate: float) -> Any:
    h = sigmoid(x @ W1 + b1)
    out = sigmoid(h @ W2 + b2)
    last = (out - y) * out * (1 - out) / len(x)
    first = last @ W2.T * h * (1 - h)
    return W1 - rate * x.T @ first, b1 - rate * first.sum(0), W2 - rate * h.T @ last, b2 - rate * last.sum(0)


def agrees(app: Locator, twin: Any) -> None:
    expect(app.locator(".bpkit-message")).to_have_text(twin.note(twin.state)[0])
    expect(app.get_by_label("Share")).to_have_value(twin.share)


def test_it_plays_back_what_the_program_did(opened: Open) -> None:
    twin = bp.apps.boundary(BATCH, program=step, updates=400)
    app = opened(twin)
    agrees(app, twin)
    for number in (0, 2, 120, 275, 400):  # every second update is kept, so of 275 the one before
        enter(app, "update", number)
        twin.updates.value = number
        agrees(app, twin)
        expect(app.get_by_label("update", exact=True).last).to_have_value(str(number // 2 * 2))
        if number:  # the axis is that of the whole course
            expect(app.locator(".bpkit-curve-ticks")).to_contain_text("400")
    app.get_by_role("button", name="Stop, back to the start").click()
    expect(app.locator(".bpkit-message")).to_contain_text("0 updates")


def test_what_stopped_the_program_is_a_warning(opened: Open) -> None:
    twin = bp.apps.boundary(BATCH, program=lambda *given: None, updates=10)
    app = opened(twin)
    expect(app.locator(".bpkit-message")).to_have_text(twin.note(twin.state)[0])
