"""The chain app against autograd, against differences of a plain program, and against the paths of the network."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest
from app_cases import BY_HAND, slopes
from oracle import mp_gradient, mp_values, random_case

import bpkit as bp
from bpkit.apps.chain import MOST_PATHS
from bpkit.core.numerical_gradient import check_gradient

ARTICLE = bp.examples.article
LOW = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")


def test_three_factors_of_an_output_weight() -> None:
    app = bp.apps.chain(ARTICLE)
    assert app.parameter.value == "w5"
    values, slope = mp_values(BY_HAND, BY_HAND.parameters), slopes(BY_HAND)["dE_total/dw5"]
    out, h1 = float(values["out_o1"]), float(values["out_h1"])
    assert app.state.factors == ("dE_total/dout_o1", "dout_o1/dnet_o1", "dnet_o1/dw5")
    assert repr(app).startswith(
        "App chain: dE_total/dw5 = dE_total/dout_o1 · dout_o1/dnet_o1 · dnet_o1/dw5 = "
        f"{out - 0.05:.6g} · {out * (1 - out):.6g} · {h1:.6g} = {slope:.6g}. The only path from w5 to the loss is lit: "
        "w5 → net_o1 → out_o1 → E_total. Nudged by 1e-05 up and down"
    )
    assert f"0.35 - 0.5 · {slope:.6g} = {0.35 - 0.5 * slope:.6g}." in repr(app)
    assert repr(app) == f"App chain: {app.drawing(app.state)!r}"


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
    if parameter[0] == "b":  # the article keeps its biases: a line would show a slope and no step
        assert f"Only the weights are updated: {parameter.translate(LOW)} stays. The 2-2-2 network" in repr(app)
        assert "_new = " not in repr(app)
    else:
        assert f"{parameter}_new = " in repr(app)
        assert f" = {case.parameters[parameter] - 2.0 * slope:.6g}. The 2-2-2 network" in repr(app)
    assert f"Lit: {parameter}, dE_total/dout_o" in repr(app)
    assert eval(app.share, {"bp": bp}) == app.state.problem


def test_many_paths_share_a_line() -> None:
    case = random_case(np.random.default_rng(3), (2, 4, 4, 3), ("tanh", "tanh", "softmax"), "cross_entropy", "layer", 0)
    app = bp.apps.chain(case.problem())
    for parameter in ("w1", "b1"):
        app.parameter.value = parameter
        note, warning = app.note(app.state)
        assert f"{parameter.translate(LOW)} reaches the loss by more than {MOST_PATHS} paths" in note
        assert not warning
        assert app.state.derivative == pytest.approx(slopes(case)[f"dE_total/d{parameter}"], rel=1e-9)
        assert app.state.ways.total == pytest.approx(app.state.derivative, rel=1e-12)
    assert "is the sum of 4 terms: dE_total/dnet_h1_1 · dnet_h1_1/db1" in repr(app)
    assert "Every term from b1 to the loss is lit." in repr(app)
    app.path.value = 2
    assert "Term 2 from b1 to the loss is lit." in repr(app)
    assert app.state.highlight == ("dE_total/dnet_h1_2", "dnet_h1_2/db1")
    app.parameter.value = "w25"
    assert app.note(app.state) == ("", False)
    assert [path.nodes[-2:] for path in app.state.ways] == [(f"out_o{k}", "E_total") for k in (1, 2, 3)]


def test_the_paths_are_those_of_the_derivation() -> None:
    case = random_case(np.random.default_rng(4), (2, 3, 3), ("relu", "softmax"), "cross_entropy", "neuron", 0)
    app, derivation = bp.apps.chain(case.problem()), bp.derive(case.problem().network)
    for parameter in app.parameter.options:
        app.parameter.value = parameter
        assert app.state.ways == derivation.paths(parameter).at(app.state.problem)


def test_too_many_paths_to_list(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bpkit.core.path_sums.PATH_LIMIT", 5)
    draw = np.random.default_rng(0)
    network = bp.Network(2, 3, 3, 1, activation="softplus")
    problem = bp.Problem(network, {name: draw.normal() for name in network.parameters}, [1, -1], [0.5])
    app = bp.apps.chain(problem)
    app.parameter.value = "b1"
    assert app.state.derivative == bp.evaluate(problem)["dE/db1"]
    assert "they differ by less than a millionth of their size" in repr(app)
    assert "is the sum of 3 terms" in repr(app)


def test_a_nudge_that_shows_nothing_claims_nothing() -> None:
    """With b1 = 18 the hidden neurons are flat: two losses differ in their last digits only."""
    app = bp.apps.chain(ARTICLE)
    app.set(b1=18, parameter="w1")
    assert "; the derivative is 5.03938048e-11: so small a change of the loss is mostly rounding" in repr(app)
    assert "cannot show whether they agree." in repr(app)
    assert "millionth" not in repr(app)


def test_a_wrong_derivative_would_be_seen() -> None:
    app = bp.apps.chain(ARTICLE)
    check = check_gradient(ARTICLE.problem, {"w5": 0.09})
    assert "they do not agree" in app._check(replace(app.state, check=check))


def test_what_a_kink_does_is_stated() -> None:
    network = bp.Network(1, 1, activation="relu", bias="none")
    app = bp.apps.chain(bp.Problem(network, {"w1": 0.0}, [1.0], [1.0]))
    assert "the derivative is 0: they do not agree" in repr(app)


def test_a_nudge_grows_with_its_parameter() -> None:
    app = bp.apps.chain(ARTICLE)
    app.w5.value = -20
    assert "Nudged by 0.0002 up and down, w₅" in repr(app)


def test_numbers_beyond_the_floats_leave_the_app_working() -> None:
    network = bp.Network(1, 1, activation="identity", bias="none")
    app = bp.apps.chain(bp.Problem(network, {"w1": 1.0}, [1.0], [1.0]))
    app.w1.value = 1e300
    assert "inf" in repr(app) or "1e+300" in repr(app)
    app.w1.value = 1
    assert app.state.derivative == 0.0


def test_the_curve_of_the_identity_has_axes_alike_so_that_its_slope_looks_like_1() -> None:
    app = bp.apps.chain(bp.Problem(bp.Network(1, 1, activation="identity", bias="none"), {"w1": 1.0}, [1.0], [1.0]))
    curve = app.spec["slopes"]["dout_o1/dnet_o1"]["curve"]
    assert (curve["from"], curve["to"]) == curve["heights"]


def test_digits_and_refusals() -> None:
    app = bp.apps.chain(ARTICLE)
    app.digits.value = 12
    assert f"{slopes(BY_HAND)['dE_total/dw5']:.12g}" in repr(app)
    for values, words in [
        ({"parameter": "w9"}, "parameter: expected one of w1, w2, .*, got 'w9'"),
        ({"w5": "x"}, "w5: expected a finite number, got 'x'"),
        ({"weight": 1}, "there is no control 'weight'"),
    ]:
        with pytest.raises(bp.BpkitError, match=words):
            app.set(**values)
    batch = ARTICLE.problem.replace(inputs=[[0, 1], [1, 0]], targets=[[0, 1], [1, 0]])
    with pytest.raises(bp.BpkitError, match="chain app: expected one sample"):
        bp.apps.chain(batch)


def test_a_large_network_offers_what_is_drawn() -> None:
    network = bp.Network(2, 32, 32, 2)
    app = bp.apps.chain(bp.Problem(network, dict.fromkeys(network.parameters, 0.1), [1, -1], [0, 1]))
    drawn = {one["name"] for one in app.spec["parts"]["network"]["edges"]}
    assert set(app.parameter.options) == drawn | {"b1", "b2", "b3"}
    assert app.parameter.value in drawn
