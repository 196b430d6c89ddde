"""The audits of both published examples: nothing typed in, every verdict computed; here checked by plain arithmetic."""

from __future__ import annotations

import copy
import math
import pickle
from dataclasses import replace

import numpy as np
import pytest
from drawn_elements import elements

import bpkit as bp
from bpkit.core.spelling import typeset
from bpkit.examples.example import Example
from bpkit.show.palette import LIT


def sigmoid(z: float) -> float:
    return 1 / (1 + math.exp(-z))


@pytest.mark.parametrize("name", [name for name in bp.examples.__all__ if name != "data_set"])
def test_examples_can_be_pickled_and_copied(name: str) -> None:
    one = getattr(bp.examples, name)
    for other in (pickle.loads(pickle.dumps(one)), copy.deepcopy(one), copy.copy(one)):
        assert other == one
        assert {**other.published} == {**one.published}
        with pytest.raises(TypeError):
            other.published["E_total"] = "0"


def test_the_articles_figures() -> None:
    audit = bp.examples.article.audit()
    assert {finding.figure: finding.kind for finding in audit} == {
        "net_h1": "holds",
        "net_h2": "holds",
        "out_h1": "cut off",
        "out_h2": "holds",
        "net_o1": "explained",
        "net_o2": "rounded",
        "out_o1": "follows",
        "out_o2": "unexplained",
        "E_total": "follows",
        "w1_new": "explained",
        "E_total after 1 update": "open",
    }
    assert audit["out_o1"].reasons == ("net_o1",)
    assert audit["E_total"].reasons == ("out_o1", "out_o2")


def test_the_articles_net_o1_by_plain_arithmetic() -> None:
    """0.794609 is b1 in the place of b2, with the product 0.35 · 0.623633 = 0.21827.. kept as 0.2182."""
    finding = bp.examples.article.audit()["net_o1"]
    assert finding.reasons == ("takes another layer's bias",)
    assert "b1 instead of b2" in finding.verdict
    assert "w5 · out_h1 cut off after 4 decimals" in finding.verdict
    kept = math.floor(0.35 * sigmoid(0.505) * 1e4) / 1e4
    assert f"{kept + 0.20 * sigmoid(0.541) + 0.45:.6f}" == finding.printed


def test_the_articles_new_w1_by_plain_arithmetic() -> None:
    """0.249921 comes out, cut off, without the factor w7; so few digits change that it stays a guess."""
    finding = bp.examples.article.audit()["w1_new"]
    assert "leaves out the weight on a path" in finding.reasons
    assert "perhaps" in finding.verdict
    back = 0.35 * 0.136527176483267 + 1.0 * -0.0411136943601528
    new = 0.25 - 0.5 * back * 0.234714725953816 * 0.1
    assert math.floor(new * 1e6) / 1e6 == float(finding.printed)


def mazur_with_updated_weights(updates: int) -> tuple[float, float, float]:
    """Mazur's example by hand, with the new w5..w8 in the hidden layer's derivatives."""
    x, y = np.array([0.05, 0.10]), np.array([0.01, 0.99])
    hidden, output = np.array([[0.15, 0.20], [0.25, 0.30]]), np.array([[0.40, 0.45], [0.50, 0.55]])
    for left in range(updates, -1, -1):
        h = 1 / (1 + np.exp(-(hidden @ x + 0.35)))
        o = 1 / (1 + np.exp(-(output @ h + 0.60)))
        if not left:
            break
        delta = (o - y) * o * (1 - o)
        output = output - 0.5 * np.outer(delta, h)
        hidden = hidden - 0.5 * np.outer(output.T @ delta * h * (1 - h), x)
    return float(0.5 * ((y - o) ** 2).sum()), float(o[0]), float(o[1])


def test_mazurs_figures() -> None:
    audit = bp.examples.mazur.audit()
    late = [finding for finding in audit if "after" in finding.figure]
    for finding in late:
        assert finding.reasons == ("uses the already updated weights",)
    assert all(finding.holds for finding in audit if finding not in late)
    assert audit["dE_o2/dout_h1"].kind == "rounded"
    assert f"{mazur_with_updated_weights(1)[0]:.9f}" == audit["E_total after 1 update"].printed
    total, first, second = mazur_with_updated_weights(10_000)
    assert f"{first:.9f}" == audit["out_o1 after 10000 updates"].printed
    assert f"{second:.9f}" == audit["out_o2 after 10000 updates"].printed
    # printed 0.0000351085, with a digit too many
    assert f"{total:.9f}" == "0.000035085"
    assert "that gives 0.000035085, here printed with a digit too many" in audit["E_total after 10000 updates"].verdict


def test_right_figures_hold_and_a_made_up_one_does_not() -> None:
    article = bp.examples.article
    right = {name: f"{article.exact(name):.7f}" for name in article.published}
    assert all(finding.kind == "holds" for finding in replace(article, published=right).audit())
    wrong = replace(article, published={**right, "out_o1": "0.7123456"}).audit()
    assert wrong["out_o1"].kind == "unexplained"
    assert wrong["out_o2"].kind == "holds"


def test_a_figure_is_only_called_wrong_by_itself_where_no_unprinted_line_leads_to_an_earlier_wrong_one() -> None:
    article = bp.examples.article
    right = {name: f"{article.exact(name):.7f}" for name in article.published}
    updated = "E_total after 1 update"
    for wrong, kind in (
        ({updated: "0.2141234"}, "unexplained"),  # nothing before it is wrong
        ({"w1_new": "0.2431234", updated: "0.2141234"}, "open"),  # from new weights, of which a wrong one is printed
        ({"net_o1": "0.8123456", updated: "0.2141234"}, "open"),  # the update starts from it
        ({"w1_new": "0.2431234"}, "unexplained"),
    ):
        figure = [*wrong][-1]
        assert replace(article, published={**right, **wrong}).audit()[figure].kind == kind, wrong
    short = {"dE_total/dw5": "0.0712345", "dE_total/dw6": "0.0712399"}  # from the same delta, which is not printed
    assert [one.kind for one in replace(article, published=short).audit()] == ["unexplained", "open"]
    apart = {"out_h1": "0.6236336", "dE_o1/dnet_o1": "0.1365272", "dE_total/dw5": "0.0712345", "dnet_o1/dw6": "0.71234"}
    assert [one.kind for one in replace(article, published=apart).audit()][2:] == ["unexplained", "unexplained"]


def test_an_audit_shows_itself_alike_as_text_and_html() -> None:
    audit = bp.examples.article.audit()
    signs = {"holds": "✓", "cut off": "✓", "rounded": "✓", "follows": "→", "explained": "✗", "unexplained": "✗"}
    signs["open"] = "?"
    for finding in audit:
        verdict = f"{'≈' if finding.small else signs[finding.kind]} {typeset(finding.verdict, audit.names)}"
        assert verdict in repr(audit)
        assert verdict in audit._repr_html_()
    assert "✗ wrong, explained: takes another layer's bias (b₁ instead of b₂, with" in repr(audit)
    folded = audit.folded("Open <me>")._repr_html_()
    assert folded == f"<details><summary>Open &lt;me&gt;</summary>{audit._repr_html_()}</details>"
    assert [finding.figure for finding in audit.wrong] == [one.figure for one in audit if not one.holds]
    assert "E after 10000 updates" in repr(bp.examples.mazur.audit())
    assert "0.0000351018778298" in repr(bp.examples.mazur.audit().wrong)
    assert "−0.0190491182583" in repr(bp.examples.mazur.audit())
    with pytest.raises(bp.BpkitError, match="expected one of net_h1"):
        audit["net_o9"]


@pytest.mark.parametrize("example", [bp.examples.article, bp.examples.mazur])
def test_the_picture_of_an_example_has_its_figures_as_they_are_printed(example: Example) -> None:
    picture = example.diagram(["out_o1"])
    for figure in ("net_h1", "out_h1", "net_o1", "out_o1", "out_o2", "E_total"):
        assert example.published[figure] in picture.figure
        assert f"{figure} = {example.published[figure]}" in picture.caption
    assert "new" not in picture.caption
    assert picture.caption.endswith("Lit: out_o1.")
    rings = [(one.look.get("stroke"), one.look.get("stroke-width")) for one in elements(picture.figure, "rect")]
    assert rings.count((LIT, "6")) == 1


def test_an_audited_picture_has_the_sign_of_the_audit_behind_every_figure() -> None:
    article = bp.examples.article
    picture, audit = article.diagram(audited=True), article.audit()
    for figure in ("net_h1", "out_h1", "net_o1", "net_o2", "out_o1", "out_o2", "E_total"):
        assert f"{figure} = {article.published[figure]} {audit[figure].sign}" in picture.caption
        assert f"{article.published[figure]} {audit[figure].sign}</t" in picture.figure
    assert not set("✓→≈✗") & set(article.diagram().figure)
