"""The neuron app's half in the kernel and the curves of all activations against plain functions and differences."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
import sympy as sp

import bpkit as bp
from bpkit.core.expressions import Z
from bpkit.core.functions import BUILT_IN, HIDDEN
from bpkit.show.activations_picture import activation_curves, activation_lines, profile, two_layers

NEURON = bp.Problem(bp.Network(1, 1), {"w1": 1.5, "b1": -0.5}, inputs=[1.0], targets=[1.0])
BY_HAND = {name: sp.lambdify(Z, BUILT_IN[name].expr, "math") for name in HIDDEN}


def quotient(function: Callable[[float], float], z: float, h: float = 1e-5) -> float:
    return (function(z + h) - function(z - h)) / (2 * h)


def test_every_activation_but_softmax_can_be_chosen() -> None:
    app = bp.apps.neuron(NEURON)
    assert app.activation.options == HIDDEN
    labels = {value: label for label, value in app.spec["controls"]["activation"]["options"]}
    assert (labels["relu"], labels["leaky_relu"], labels["tanh"]) == ("ReLU", "leaky ReLU", "tanh")


@pytest.mark.parametrize("name", HIDDEN)
def test_net_out_and_slope_follow_the_sliders(name: str) -> None:
    app = bp.apps.neuron(NEURON)
    for w, b, x in [(1.5, -0.5, 1.0), (-2.0, 0.3, 0.7), (0.4, 3.0, -2.5)]:
        app.set(w1=w, b1=b, x1=x, activation=name)
        net = w * x + b
        out, slope = BY_HAND[name](net), quotient(BY_HAND[name], net)
        here = app.state.here
        assert (here.net, here.out) == pytest.approx((net, out))
        assert here.slope == pytest.approx(slope, abs=1e-9)
        assert f"= {net:.6g};" in repr(app)
        assert f"= {out:.6g};" in repr(app)
        axes = app.drawing(app.state).figure.axes[0]  # type: ignore[union-attr]
        moving = {line.get_label(): np.array(line.get_xydata()) for line in axes.lines}
        np.testing.assert_allclose(moving["here"], [[net, out]])
        np.testing.assert_allclose(moving["its slope"], [[net, slope]], atol=1e-9)
        (left, low), (right, high) = moving["tangent"]
        assert (high - low) / (right - left) == pytest.approx(slope, abs=1e-9)
        assert ((left + right) / 2, (low + high) / 2) == pytest.approx((net, out))


@pytest.mark.parametrize("name", HIDDEN)
def test_the_curves_are_those_of_plain_functions(name: str) -> None:
    one = profile(name)
    for net, out in list(zip(one.net, one.out, strict=True))[::32]:
        assert out == pytest.approx(BY_HAND[name](net), abs=1e-15)
    for net, rise in list(zip(one.net, one.slope, strict=True))[::32]:
        if net != 0:  # a kink has no slope of its own
            assert rise == pytest.approx(quotient(BY_HAND[name], net), abs=1e-9)


def test_the_words_of_the_lesson() -> None:
    app = bp.apps.neuron(NEURON)
    assert repr(app).startswith(
        "App neuron: A neuron with net_o1 = w1 · x1 + b1 = 1.5 · 1 + (-0.5) = 1; "
        f"out_o1 = 1 / (1 + exp(-net_o1)) = 1 / (1 + exp(-1)) = {BY_HAND['sigmoid'](1):.6g}; dout_o1/dnet_o1 = "
    )
    assert "at 0 out 0.5 and slope 0.25" in repr(app)
    app.digits.value = 12
    assert f"{BY_HAND['sigmoid'](1):.12g}" in repr(app)
    assert app.drawing(app.state).caption == app.words(app.state)
    assert app.bundles()[0]["image/png"].startswith(b"\x89PNG")


def test_a_point_outside_the_picture_is_said() -> None:
    app = bp.apps.neuron(NEURON)
    assert app.note(app.state) == ("", False)
    app.w1.value = 40.0
    assert app.note(app.state) == ("net = 39.5 is outside the picture. The lines are right all the same.", False)


def test_more_inputs_one_of_many_neurons_and_none_given() -> None:
    app = bp.apps.neuron(bp.examples.article)
    assert list(app.setting) == "x1 x2 w1 w4 b1 activation digits twin".split()  # w1 and w4 lead into h1
    assert app.state.here.net == pytest.approx(0.25 * 0.1 + 0.15 * 0.2 + 0.45)
    app.set(x2=-1, w4=2)
    assert app.state.here.net == pytest.approx(0.25 * 0.1 - 2 + 0.45)
    assert eval(app.share, {"bp": bp}) == app.state.problem
    app.activation.value = "tanh"
    assert eval(app.share, {"bp": bp}) == app.state.problem
    weights = {f"w{n}": 1.0 for n in range(1, 7)}
    bare = bp.apps.neuron(bp.Problem(bp.Network(2, 3, bias="none"), weights, [1, 2], [0, 0, 0]))
    assert list(bare.setting) == "x1 x2 w1 w2 activation digits twin".split()
    own = bp.apps.neuron(
        bp.Problem(bp.Network(1, 2, bias="neuron"), {"w1": 1, "w2": 2, "b_o1": 3, "b_o2": 4}, [1], [0, 0])
    )
    assert own.state.here.net == 4
    usual = bp.apps.neuron()
    assert list(usual.setting) == "x1 w1 b1 activation digits twin".split()


def test_a_tomato_has_two_inputs_from_0_to_1() -> None:
    lamp = bp.Problem(bp.Network(2, 1), {"w1": 2, "w2": 1, "b1": -1.4}, [0.9, 0.6], [0.95])
    controls = bp.apps.neuron(lamp, tomato=True).spec["controls"]
    assert [(controls[name]["low"], controls[name]["high"]) for name in ("x1", "x2", "w1")] == [(0, 1), (0, 1), (-4, 4)]
    assert bp.apps.neuron(lamp).spec["controls"]["x1"]["low"] == -4
    with pytest.raises(bp.BpkitError, match="expected a neuron with 2 inputs for a tomato, got 1"):
        bp.apps.neuron(NEURON, tomato=True)


def test_a_user_s_own_activation_and_a_softmax() -> None:
    z = sp.Symbol("z")
    swish = bp.Activation("swish", z / (1 + sp.exp(-z)))
    app = bp.apps.neuron(bp.Problem(bp.Network(1, 1, activation=swish), {"w1": 2.0, "b1": 0.0}, [1.0], [1.0]))
    assert app.activation.value == "swish"
    by_hand = lambda z: z / (1 + math.exp(-z))
    assert app.state.here.out == pytest.approx(by_hand(2))
    assert app.state.here.slope == pytest.approx(quotient(by_hand, 2))
    app.activation.value = "tanh"
    app.activation.value = "swish"
    assert app.state.here.out == pytest.approx(by_hand(2))
    network = bp.Network(1, 2, activation="softmax", loss="cross_entropy")
    shared = bp.apps.neuron(bp.Problem(network, {"w1": 1.0, "w2": 2.0, "b1": 0.0}, [1.0], [1.0, 0.0]))
    assert shared.activation.value == "sigmoid"


def test_two_layers_without_an_activation_are_a_straight_line() -> None:
    drawing = two_layers()
    straight, bent = drawing.figure.axes  # type: ignore[union-attr]
    for axes, most in ((straight, 1e-12), (bent, None)):
        for line in axes.lines:
            bend = abs(np.diff(np.array(line.get_ydata(), dtype=float), 2)).max()
            assert bend < 1e-12 if most else bend > 1e-3
        o1, h1, h2 = (np.array(line.get_ydata(), dtype=float) for line in axes.lines)
        np.testing.assert_allclose(o1, h1 - h2, atol=1e-12)
    x = np.linspace(0, 1, 101)
    np.testing.assert_allclose(bent.lines[1].get_ydata(), [BY_HAND["sigmoid"](16 * one - 5) for one in x])
    middle = BY_HAND["sigmoid"](3) - BY_HAND["sigmoid"](-4)
    assert repr(drawing).startswith("net of h1 = 16·x₁ − 5, net of h2 = 20·x₁ − 14. ")
    assert f"Hidden layer sigmoid: the output of o1 is 0.00669 at x₁ = 0, {middle:.3g} at x₁ = 0.5" in repr(drawing)


def test_activation_curves_side_by_side() -> None:
    drawing = activation_curves(("sigmoid", "tanh", "relu"))
    titles = [axes.get_title() for axes in drawing.figure.axes if axes.get_visible()]  # type: ignore[union-attr]
    assert titles == ["sigmoid", "tanh", "ReLU"]
    tanh, slope = BY_HAND["tanh"](2), 1 - BY_HAND["tanh"](2) ** 2
    assert f"tanh: at -2 out {-tanh:.4g} and slope {slope:.4g}, at 0 out 0 and slope 1," in repr(drawing)
    assert drawing.png().startswith(b"\x89PNG")
    for axes, name in zip(drawing.figure.axes, ("sigmoid", "tanh", "relu"), strict=True):  # type: ignore[union-attr]
        assert {label.get_text() for label in axes.texts} == {"out", "slope"}
        net, out = axes.lines[0].get_xydata()[500]
        assert out == pytest.approx(BY_HAND[name](net))
    own = activation_curves(bp.Activation("wave", sp.sin(sp.Symbol("z")))).figure.axes[0]  # type: ignore[union-attr]
    assert [text.get_text() for text in own.get_legend().get_texts()] == ["out", "slope"]
    every = activation_curves()
    assert all(f"{BUILT_IN[name].written}: at -2" in repr(every) for name in HIDDEN)
    assert len([axes for axes in activation_curves(HIDDEN[:4]).figure.axes if axes.get_visible()]) == 4  # type: ignore[union-attr]
    assert repr(activation_curves("relu")).startswith("ReLU: at -2 out 0 and slope 0")


def test_activations_as_lines_are_those_of_the_derivation() -> None:
    lines = activation_lines()
    assert [row.split()[0] for row in repr(lines).splitlines()[2:]] == list(HIDDEN)
    assert "out = 1 / (1 + exp(-net)) dout/dnet = out · (1 - out)" in " ".join(repr(lines).split())
    latex = lines._repr_latex_()
    assert latex.count(" \\\\[6pt]\n") == len(HIDDEN) - 1
    assert "o1" not in latex
    assert r"\text{leaky ReLU} && \mathit{out} &= \begin{cases} \mathit{net} &" in latex
    for one, out, slope in lines.lines:
        derived = bp.derive(bp.Network(1, 1, activation=one))
        assert (out.rhs, slope.rhs) == (derived["out_o1"].rhs, derived["dout_o1/dnet_o1"].rhs)


def test_what_is_no_curve_is_refused() -> None:
    with pytest.raises(bp.BpkitError, match="expected functions of one net input, got 'softmax'"):
        profile("softmax")
    with pytest.raises(bp.BpkitError, match=r"expected a name .*'sigmoyd'; did you mean 'sigmoid'"):
        activation_curves("sigmoyd")
    with pytest.raises(bp.BpkitError, match="expected at least one name"):
        activation_curves(())
