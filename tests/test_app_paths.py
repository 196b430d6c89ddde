"""The paths app against a plain walk through the network and against autograd."""

from __future__ import annotations

from dataclasses import replace

import pytest
from app_cases import BY_HAND, slopes
from oracle import mp_values

import bpkit as bp
from bpkit.show.diagram import touched

ARTICLE = bp.examples.article
NETWORK = ARTICLE.problem.network


def by_hand(w1: float = 0.25) -> list[float]:
    """The two products of w1, each of five factors, without bpkit."""
    case = replace(BY_HAND, parameters={**BY_HAND.parameters, "w1": w1})
    v = {name: float(value) for name, value in mp_values(case, case.parameters).items()}
    slope = lambda out: out * (1 - out)
    ends = [("o1", 0.05, 0.35), ("o2", 0.95, 0.45)]
    return [(v[f"out_{o}"] - y) * slope(v[f"out_{o}"]) * w * slope(v["out_h1"]) * 0.1 for o, y, w in ends]


@pytest.mark.parametrize("w1", [0.25, -1.5])
def test_two_paths_of_a_hidden_weight_add_up(w1: float) -> None:
    app = bp.apps.paths(ARTICLE)
    app.w1.value = w1
    one, two = by_hand(w1)
    assert [path.product for path in app.state.ways] == pytest.approx([one, two], rel=1e-12)
    slope = slopes(replace(BY_HAND, parameters={**BY_HAND.parameters, "w1": w1}))["dE_total/dw1"]
    assert one + two == pytest.approx(slope, rel=1e-9)
    assert f" = {one:.6g}; dE_total/dout_o2 · " in repr(app)
    assert f" = {two:.6g}. Together {slope:.6g}. Every path from w1 to the loss is lit." in repr(app)
    assert eval(app.share, {"bp": bp}) == ARTICLE.problem.replace(w1=w1)


def test_one_path_or_all_light_up() -> None:
    app = bp.apps.paths(ARTICLE)
    lit = lambda: touched(NETWORK, app.state.highlight)
    both = {("x1", "h1"), ("h1", "o1"), ("h1", "o2"), "h1", "o1", "o2", "E_total"}
    assert lit() == both
    every = app.drawing(app.state).figure
    app.path.value = 2
    assert lit() == both - {("h1", "o1"), "o1"}
    assert app.drawing(app.state).figure != every
    assert "Path 2 from w1 to the loss is lit: w1 → net_h1 → out_h1 → net_o2 → out_o2 → E_total." in repr(app)
    app.path.value = 0
    assert app.drawing(app.state).figure == every
    app.set(parameter="b1", path=3)
    assert lit() == {"b1", "h2", "o1", ("h2", "o1"), "E_total"}


def test_a_path_that_this_parameter_does_not_have_is_its_last() -> None:
    app = bp.apps.paths(ARTICLE)
    app.set(parameter="b1", path=4)
    assert (app.state.chosen, len(app.state.ways)) == (4, 4)
    app.parameter.value = "w5"
    assert (app.state.chosen, len(app.state.ways), app.path.value) == (1, 1, 1)  # the field says which path is lit
    app.path.value = 9
    assert app.path.value == 1


def test_it_is_the_chain_app_that_opens_elsewhere() -> None:
    paths, chain = bp.apps.paths(ARTICLE), bp.apps.chain(ARTICLE)
    assert (paths.parameter.value, paths.path.value, chain.parameter.value) == ("w1", 0, "w5")
    chain.parameter.value = "w1"
    assert repr(paths).removeprefix("App paths") == repr(chain).removeprefix("App chain")
    with pytest.raises(bp.BpkitError, match=r"write bp.apps.paths\(bp.examples.article\)"):
        bp.apps.paths(3)


def test_more_paths_than_can_be_listed_open_as_terms() -> None:
    network = bp.Network(1, 12, 12, 12, 12, 1)
    app = bp.apps.paths(bp.Problem(network, dict.fromkeys(network.parameters, 0.1), [1], [1]))
    assert app.parameter.value == "w1"
    assert "dE_total/dw1 = dE_total/dnet_h1_1 · dnet_h1_1/dw1 = " in repr(app)
    app.parameter.value = "b4"
    assert len(app.state.ways) == 12
    assert app.state.word == "path"
