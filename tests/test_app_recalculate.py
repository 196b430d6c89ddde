"""The printed forward pass with its boxes: each line from printed numbers, and what a calculation says of a figure."""

from __future__ import annotations

import math
import re

import pytest

import bpkit as bp
from bpkit.apps.recalculate import printed_lines

ARTICLE = bp.examples.article
FIGURES = "net_h1 net_h2 out_h1 out_h2 net_o1 net_o2 out_o1 out_o2".split()


def by_hand(line: str) -> float:
    """A line as a pocket calculator has it."""
    return float(eval(re.sub("·", "*", line.replace("−", "-")), {"exp": math.exp}))


def test_every_figure_of_the_forward_pass_has_a_box_and_its_line() -> None:
    app = bp.apps.recalculate(ARTICLE)
    assert [name for name in app.setting if name not in ("digits", "twin")] == FIGURES
    lines = {row.step.name: row.line for row in app.state.rows}
    assert lines["net_h1"] == "0.25 · 0.1 + 0.15 · 0.2 + 0.45"  # w4 leads to h1
    assert lines["net_o1"] == "0.35 · 0.623633 + 0.2 · 0.632045 + 0.5"
    assert lines["out_o1"] == "1 / (1 + exp(−0.794609))"  # of the figure that is printed


def test_a_line_can_be_typed_as_it_is_shown() -> None:
    app = bp.apps.recalculate(ARTICLE)
    for row in app.state.rows:
        app.set(**{row.step.name: row.line})
    for row in app.state.rows:
        assert row.found == pytest.approx(by_hand(row.line), rel=1e-14)


def test_two_figures_are_not_what_their_lines_give_and_one_of_them_is_far_off() -> None:
    app = bp.apps.recalculate(ARTICLE)
    app.set(**{row.step.name: row.line for row in app.state.rows})
    told = {row.step.name: row.told for row in app.state.rows}
    assert [name for name in FIGURES if "as printed" not in told[name]] == ["net_o1", "out_o2"]
    assert told["net_o1"] == "0.8446805, 6.3 % off"
    assert told["out_o2"] == "0.7375847, 0.0055 % off: only a late digit"
    assert told["out_h1"] == "0.6236336, as printed"  # which was cut off


def test_what_is_no_number_yet_is_waited_for() -> None:
    app, unread = bp.apps.recalculate(ARTICLE), "Go on, the calculation is not complete."
    bracket, example = "Check the brackets: a ) is missing.", "Type it like 0.0851 or 1/3."
    begun = [(typed, unread) for typed in ("0.25*", "1/(1 + e", "1/(1+exp(", "-")]
    for typed, told in (
        ("", ""),
        ("  ", ""),
        *begun,
        ("x", example),
        ("(1+2", bracket),
        ("0,505", "0.505, as printed"),
    ):
        app.net_h1.value = typed
        assert app.state.rows[0].told == told


def test_a_calculation_that_is_not_that_of_the_line_is_told_so_and_not_the_figure() -> None:
    app = bp.apps.recalculate(ARTICLE)
    app.set(out_o1="1/(1+exp(-0.84468055))", net_o1="0.84")  # one's own net instead of the printed one
    told = {row.step.name: row.told for row in app.state.rows}
    assert told["out_o1"] == "0.6994501: not what this line gives; use its printed figures"
    assert told["net_o1"] == "0.84, 5.7 % off"  # rounded, but that of the line


@pytest.mark.parametrize("power", ["exp({})", "e^({})", "e**({})", "e^{}"])
def test_the_exponential_is_read_as_the_page_writes_it(power: str) -> None:
    app = bp.apps.recalculate(ARTICLE)
    app.out_h1.value = f"1/(1 + {power.format('-0.505')})"
    assert app.state.rows[2].told == "0.6236336, as printed"


def test_known_slips_are_named() -> None:
    app = bp.apps.recalculate(ARTICLE)
    for figure, typed, said in (
        ("out_o1", "1/(1+exp(0.794609))", "0.3111799: the line has a minus before the net input"),
        ("out_h2", "1/(1+e^0.541)", "0.367955: the line has a minus before the net input"),
        ("net_h1", "0.25*0.1 + 0.15*0.2", "0.055: without the bias b₁"),
        ("net_h1", "0.25*0.1 + 0.15*0.2 + 0.5", "0.555: with b₂ instead of b₁"),
        # What the article did: found, not scolded.
        (
            "net_o1",
            "0.35*0.623633+0.2*0.632045+0.45",
            "0.7946806: with b₁ instead of b₂. Nearly the printed figure!",
        ),
        ("net_o2", "0.45*0.623633+0.4*0.632045+0.45", "0.9834528: with b₁ instead of b₂"),
    ):
        app.set(**{figure: typed})
        assert app.state.rows[FIGURES.index(figure)].told == said


def test_nothing_that_is_stored_has_what_a_wrong_line_gives() -> None:
    app = bp.apps.recalculate(ARTICLE)
    assert "0.8446" not in str([app.spec, app.bundles()])
    assert "net_o1 = 0.35 · 0.623633 + 0.2 · 0.632045 + 0.5 is printed as 0.794609." in repr(app)


def test_a_line_without_all_its_printed_numbers_is_left_out() -> None:
    assert [row.step.name for row in printed_lines(bp.examples.mazur)] == ["net_h1", "out_h1", "net_o1", "out_o1"]


def test_it_asks_for_an_example() -> None:
    with pytest.raises(bp.BpkitError, match=r"write bp.apps.recalculate\(bp.examples.article\)"):
        bp.apps.recalculate(ARTICLE.problem)  # type: ignore[arg-type]


def test_an_audit_ends_where_it_is_told_to() -> None:
    whole = ARTICLE.audit()
    some = ARTICLE.audit("out_o2")
    assert [finding.figure for finding in some] == FIGURES
    assert [*some] == [*whole][:8]
    with pytest.raises(bp.BpkitError, match=r"audit: expected one of net_h1, .*, got 'out_o3'"):
        ARTICLE.audit("out_o3")
