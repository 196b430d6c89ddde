"""The forward app against the engine and against a plain program."""

from __future__ import annotations

import math
import re

import bpkit as bp

ARTICLE = bp.examples.article


def plain(html: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", html.replace("</td>", " ")))


def by_hand(w1: float, x2: float, b2: float) -> tuple[float, ...]:
    """The article's network with some numbers changed, without bpkit."""
    out = lambda net: 1 / (1 + math.exp(-net))
    h1 = out(w1 * 0.1 + 0.15 * x2 + 0.45)
    h2 = out(0.35 * 0.1 + 0.28 * x2 + 0.45)
    o1 = out(0.35 * h1 + 0.20 * h2 + b2)
    o2 = out(0.45 * h1 + 0.40 * h2 + b2)
    return h1, h2, o1, o2, 0.5 * (0.05 - o1) ** 2 + 0.5 * (0.95 - o2) ** 2


def test_every_number_follows_the_sliders() -> None:
    app = bp.apps.forward(ARTICLE)
    app.set(w1=-1.25, x2=0.7, b2=0.1)
    h1, h2, o1, o2, loss = by_hand(-1.25, 0.7, 0.1)
    picture, lines, words = app.view["diagram"].value, plain(app.view["lines"].value), repr(app)
    for value in (h1, h2, o1, o2, loss):
        assert f"{value:.6g}" in picture
        assert f"{value:.6g}" in lines
        assert f"{value:.6g}" in words
    assert "= (-1.25) · 0.1 + 0.15 · 0.7 + 0.45 = 0.43" in lines
    assert app.state.problem == ARTICLE.problem.replace(w1=-1.25, x2=0.7, b2=0.1)


def test_the_printed_slip_is_exposed() -> None:
    """The article prints net_o1 = 0.794609; its own line gives 0.844681."""
    lines = plain(bp.apps.forward(ARTICLE).view["lines"].value)
    assert "(5) neto1= w5 · outh1 + w6 · outh2 + b2 = 0.35 · 0.623634 + 0.2 · 0.632045 + 0.5 = 0.844681" in lines


def test_twelve_digits_on_demand() -> None:
    app = bp.apps.forward(ARTICLE)
    app.digits.value = 12
    assert "0.844680772413" in app.view["lines"].value
    assert "E_total = 0.233452838119" in repr(app)


def test_controls_in_natural_order() -> None:
    app = bp.apps.forward(ARTICLE)
    assert list(app.control) == "x1 x2 w1 w2 w3 w4 w5 w6 w7 w8 b1 b2 digits twin".split()


def test_any_network() -> None:
    network = bp.Network(3, 4, 2, activation=["tanh", "softmax"], loss="cross_entropy", bias="neuron")
    problem = bp.Problem(network, {n: 0.1 * i for i, n in enumerate(network.parameters)}, [1, -1, 0.5], [1, 0])
    app = bp.apps.forward(problem)
    app.b_h3.value = -2.0
    expected = bp.evaluate(problem.replace(b_h3=-2.0))
    assert f"= {expected['E_total']:.6g} " in plain(app.view["lines"].value)
    assert eval(app.share, {"bp": bp}) == problem.replace(b_h3=-2.0)


def test_huge_numbers_are_shown_not_raised() -> None:
    app = bp.apps.forward(bp.Problem(bp.Network(1, 1, activation="identity"), {"w1": 1, "b1": 0}, [1], [0]))
    app.set(w1=1e200, x1=1e200)
    assert "inf" in app.view["lines"].value
    app.reset.click()
    assert "inf" not in app.view["lines"].value


def test_networks_with_too_many_weights_for_sliders() -> None:
    network = bp.Network(2, 32, 32, 2)
    problem = bp.Problem(network, dict.fromkeys(network.parameters, 0.1), [1, -1], [0, 1])
    app = bp.apps.forward(problem)
    assert list(app.control) == "x1 x2 b1 b2 b3 digits twin".split()
    app.b3.value = -1.0
    expected = bp.evaluate(problem.replace(b3=-1.0))["E_total"]
    assert f"E_total = {expected:.6g}" in app.view["diagram"].value
