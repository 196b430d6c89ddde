"""The chain app against autograd, against differences of a plain program, and against the paths of the network."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest
from app_cases import BY_HAND, plain, slopes
from oracle import mp_gradient, mp_values, random_case

import bpkit as bp
from bpkit.core.gradient_check import check_gradient

ARTICLE = bp.examples.article


def test_three_factors_of_an_output_weight() -> None:
    app = bp.apps.chain(ARTICLE)
    assert app.parameter.value == "w5"
    values, slope = mp_values(BY_HAND, BY_HAND.parameters), slopes(BY_HAND)
    out, h1 = float(values["out_o1"]), float(values["out_h1"])
    factors = plain(app.view["factors"].value)
    assert f"∂Eo1/∂outo1 = {out - 0.05:.6g}" in factors
    assert f"∂outo1/∂neto1 = outo1 · (1 - outo1) = {out:.6g} · (1 - {out:.6g}) = {out * (1 - out):.6g}" in factors
    assert f"∂neto1/∂w5 = outh1 = {h1:.6g}" in factors
    product = plain(app.view["product"].value)
    assert f"1 {slope['dE_total/dw5']:.6g} = ∂E/∂outo1 · ∂outo1/∂neto1 · ∂neto1/∂w5" in product
    assert f"= {out - 0.05:.6g} · {out * (1 - out):.6g} · {h1:.6g} " in product
    assert f"= {0.35 - 0.5 * slope['dE_total/dw5']:.6g}" in plain(app.view["update"].value)


@pytest.mark.parametrize("parameter", ARTICLE.problem.network.parameters)
def test_every_parameter_of_the_article(parameter: str) -> None:
    app = bp.apps.chain(ARTICLE)
    app.set(parameter=parameter, w1=0.7, w6=-1.2, b2=0.1, rate=2.0)
    case = replace(BY_HAND, parameters={**BY_HAND.parameters, "w1": 0.7, "w6": -1.2, "b2": 0.1})
    slope = slopes(case)[f"dE_total/d{parameter}"]
    assert app.state.derivative == pytest.approx(slope, rel=1e-12)
    assert app.state.ways.total == pytest.approx(slope, rel=1e-12)
    assert len(app.state.ways) == {"w1": 2, "w2": 2, "w3": 2, "w4": 2, "b1": 4, "b2": 2}.get(parameter, 1)
    quotient = float(mp_gradient(case)[parameter])
    found = re.search(r"at the rate (\S+); the derivative is (\S+): they differ by less than a millionth", repr(app))
    assert found
    assert float(found[1]) == pytest.approx(quotient, rel=2e-6)
    assert found[2] in (f"{slope:.6g}", f"{slope:.9g}")
    moved = case.parameters[parameter] - (0 if parameter[0] == "b" else 2.0 * slope)  # the article keeps its biases
    assert plain(app.view["update"].value).endswith(f"= {moved:.6g} ")
    assert f"Lit: {parameter}, dE_total/dout_o" in repr(app)
    assert eval(app.share, {"bp": bp}) == app.state.problem


def test_many_paths_share_a_line() -> None:
    case = random_case(np.random.default_rng(3), (2, 4, 4, 3), ("tanh", "tanh", "softmax"), "cross_entropy", "layer", 0)
    app = bp.apps.chain(case.problem())
    for parameter in ("w1", "b1"):
        app.parameter.value = parameter
        assert "more than 8 paths" in app.message.value
        assert app.state.derivative == pytest.approx(slopes(case)[f"dE_total/d{parameter}"], rel=1e-9)
        assert app.state.ways.total == pytest.approx(app.state.derivative, rel=1e-12)
    assert "is the sum of 4 terms: dE_total/dnet_h1_1 · dnet_h1_1/db1" in repr(app)
    app.parameter.value = "w25"
    assert "more than" not in app.message.value
    assert [path.nodes[-2:] for path in app.state.ways] == [(f"out_o{k}", "E_total") for k in (1, 2, 3)]


def test_a_nudge_that_shows_nothing_claims_nothing() -> None:
    """With b1 = 18 the hidden neurons are flat: two losses differ in their last digits only."""
    app = bp.apps.chain(bp.examples.article)
    app.set(b1=18, parameter="w1")
    assert "; the derivative is 5.03938048e-11: so small a change of the loss is mostly rounding" in repr(app)
    assert "cannot show whether they agree." in repr(app)
    assert "millionth" not in repr(app)


def test_too_many_paths_to_list(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bpkit.core.paths.PATH_LIMIT", 5)
    draw = np.random.default_rng(0)
    network = bp.Network(2, 3, 3, 1, activation="softplus")
    problem = bp.Problem(network, {name: draw.normal() for name in network.parameters}, [1, -1], [0.5])
    app = bp.apps.chain(problem)
    app.parameter.value = "b1"
    assert app.state.derivative == bp.evaluate(problem)["dE/db1"]
    assert "they differ by less than a millionth of their size" in repr(app)
    assert "is the sum of 3 terms" in repr(app)


def test_a_wrong_derivative_would_be_seen() -> None:
    app = bp.apps.chain(ARTICLE)
    check = check_gradient(ARTICLE.problem, {"w5": 0.09})
    assert "they do not agree" in app._check(replace(app.state, check=check))


def test_what_a_kink_does_is_stated() -> None:
    network = bp.Network(1, 1, activation="relu", bias="none")
    app = bp.apps.chain(bp.Problem(network, {"w1": 0.0}, [1.0], [1.0]))
    assert "the derivative is 0: they do not agree" in repr(app)


def test_numbers_beyond_the_floats_leave_the_app_working() -> None:
    network = bp.Network(1, 1, activation="identity", bias="none")
    app = bp.apps.chain(bp.Problem(network, {"w1": 1.0}, [1.0], [1.0]))
    app.w1.value = 1e300
    assert "inf" in repr(app) or "1e+300" in repr(app)
    app.reset.click()
    assert app.state.derivative == 0.0


def test_text_digits_and_storm() -> None:
    app, other = bp.apps.chain(ARTICLE), bp.apps.chain(ARTICLE)
    for value in np.linspace(-3, 3, 40):
        app.w5.value = float(value)
        app.parameter.value = "w1"
    app.reset.click()
    assert repr(app) == repr(other)
    assert {name: view.value for name, view in app.view.items()} == {n: view.value for n, view in other.view.items()}
    app.digits.value = 12
    assert f"{slopes(BY_HAND)['dE_total/dw5']:.12g}" in app.view["product"].value
    assert app._repr_mimebundle_()["image/svg+xml"] == app.view["diagram"].value
