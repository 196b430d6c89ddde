"""The machine that sorts tomatoes: its lamps glow as brightly as the outputs say."""

from __future__ import annotations

import re

import pytest
from drawn_elements import elements

import bpkit as bp
from bpkit.show.palette import LIT, PAPER
from bpkit.show.sorter_picture import sorter

PROBLEM = bp.examples.article.problem


def glowing(picture: str) -> list[str]:
    """How much each lamp glows."""
    lamps = [one.look for one in elements(picture, "circle") if one.look["r"] == "17"]
    return [look["fill-opacity"] for look in lamps if look["fill"] == LIT and "fill-opacity" in look]


def channels(color: str) -> list[int]:
    return [int(color[at : at + 2], 16) for at in (1, 3, 5)]


def test_each_lamp_has_its_number_and_glows_by_it() -> None:
    later = PROBLEM.updated(100)
    drawing = sorter({"before training": PROBLEM, "after 100 updates": later})
    picture = str(drawing.figure)
    lamps = glowing(picture)
    wanted = [float(bp.evaluate(one)[f"out_{output}"]) for one in (PROBLEM, later) for output in ("o1", "o2")]
    for share, out in zip(lamps, wanted, strict=True):
        assert float(share) == pytest.approx(out, abs=0.0006)
        assert f"{out:.3g}" in picture
        assert f"glows at {out:.3g}" in drawing.caption
    assert "red 0.1 and soft 0.2" in drawing.caption
    assert [f">{neuron} should be {y}<" in picture for neuron, y in (("o1", 0.05), ("o2", 0.95))] == [True, True]
    assert "ripe (o1) glows" in drawing.caption
    assert drawing.png()  # for pages that show no SVG


def test_two_stages_are_beside_each_other() -> None:
    sizes = [
        re.findall(r"viewBox='0 0 (\d+) (\d+)'", str(sorter(dict.fromkeys(stages, PROBLEM)).figure))[0]
        for stages in (("one",), ("one", "two"), ("one", "two", "three"))
    ]
    (one, low), (two, same), (three, high) = [[int(side) for side in size] for size in sizes]
    assert (two, three) == (2 * one, 2 * one)
    assert low == same < high


def test_what_is_to_be_found_is_not_shown() -> None:
    drawing = sorter({"before training": PROBLEM}, computed=False)
    for out in ("out_o1", "out_o2"):
        assert f"{bp.evaluate(PROBLEM)[out]:.3g}" not in drawing.caption + str(drawing.figure)
    assert {*glowing(str(drawing.figure))} == {"0.000"}


def test_one_lamp_and_the_reddest_tomato() -> None:
    one = bp.Problem(bp.Network(1, 1, bias="none"), {"w1": 3.0}, [1.0], [0.2])
    drawing = sorter({"now": one})
    assert "soft" not in drawing.caption
    assert str(drawing.figure).count("r='17'") == 1
    assert ">one neuron<" in str(drawing.figure)
    assert ">should be 0.2<" in str(drawing.figure)  # there is no other to be told from
    assert "#cd2626" in str(drawing.figure)


def test_what_is_no_sorter_is_refused() -> None:
    three = bp.Network(2, 3)
    for other in (
        bp.Problem(three, dict.fromkeys(three.parameters, 0.1), [1, 2], [0, 1, 0]),
        PROBLEM.replace(inputs=[[0.1, 0.2], [0.3, 0.4]], targets=[[0, 1], [1, 0]]),
        bp.examples.attention.problem,
    ):
        with pytest.raises(bp.BpkitError, match="sorter"):
            sorter({"now": other})


def test_in_the_dark_theme_a_lamp_that_is_on_is_the_bright_one() -> None:
    """Its glow keeps its colour, and the paper behind it turns dark."""
    picture = str(sorter({"after training": PROBLEM.updated(1000)}).figure)
    [look] = re.findall("<style>(.*?)</style>", picture)
    assert look.startswith("@media (prefers-color-scheme:dark)")
    dark = dict(re.findall(r"\[fill='(#\w+)'\]\{fill:(#\w+)\}", look))
    assert sum(channels(dark[PAPER])) < 100
    assert sum(channels(dark[LIT])) > 400
    shares = [float(share) for share in glowing(picture)]
    assert shares[1] > 0.9 > 0.1 > shares[0]
