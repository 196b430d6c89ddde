"""Pictures of models: ways are the uses of the lines, columns the longest ways, and nothing lies on another."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from itertools import combinations
from typing import Any

import pytest
import sympy as sp
from drawn_elements import elements
from stacks import STACKS, drawn

import bpkit as bp
from bpkit import blocks
from bpkit.core.spelling import LOW
from bpkit.show.diagram import numbers_of
from bpkit.show.drawing import Drawing
from bpkit.show.graph import MOST_BOXES, graph
from bpkit.show.graph_layout import plan
from bpkit.show.graph_spec import anchor, graph_spec
from bpkit.show.graph_svg import items, touched
from bpkit.show.palette import LIT
from bpkit.show.raster import raster

SVG = "{http://www.w3.org/2000/svg}"
MODELS = list(STACKS.values())
RNN, CONVOLUTION, ATTENTION = (getattr(bp.examples, name).problem for name in ("rnn", "convolution", "attention"))
LARGE = bp.Model((4, 4), blocks.Residual(blocks.LayerNorm(), blocks.Attention(4)), blocks.Dense(2))
Rect = tuple[float, float, float, float]


def uses(model: bp.Model) -> dict[str, list[tuple[str, str]]]:
    """For each quantity of the forward pass the signals that its line uses, each with the parameter it is times."""
    lines = [line for line in model.lines if line.quantity.tag not in ("error", "total")]
    signals = {*model.inputs, *(line.name for line in lines)}
    found = {}
    for line in lines:
        used = [symbol for symbol in line.rhs.free_symbols if symbol.name in signals]
        linear = [] if line.rhs.has(sp.Piecewise, sp.Max, sp.exp) else used
        slopes = {symbol.name: sp.diff(line.rhs, symbol) for symbol in linear}
        factors = {name: str(slope) for name, slope in slopes.items() if str(slope) in model.parameters}
        found[line.name] = [(symbol.name, factors.get(symbol.name, "")) for symbol in used]
    return found


@pytest.mark.parametrize("model", MODELS, ids=list(STACKS))
def test_ways_are_the_uses_of_the_lines(model: bp.Model) -> None:
    picture, lines = graph(model), uses(model)
    assert set(picture.box_of) == {*model.inputs, *lines}, "each quantity is in one box"
    held = [one.name for box in picture.boxes.values() for one in box.quantities]
    assert sorted(held) == sorted(picture.box_of)
    at = picture.box_of
    expected = {(at[source], at[name]) for name, row in lines.items() for source, _ in row if at[source] != at[name]}
    assert {(way.source, way.target) for way in picture.ways.values()} == expected
    if picture.overview:
        return
    named = {
        (at[source], at[name], weight)
        for name, row in lines.items()
        for source, weight in row
        if at[source] != at[name]
    }
    assert {(way.source, way.target, way.parameter) for way in picture.ways.values()} == named
    # At each step and place a block's boxes are alike: what goes together once goes together always.
    kinds: dict[tuple[int, str], set[tuple[str, ...]]] = {}
    for box in picture.boxes.values():
        for one in box.quantities:
            if one.tag != "start":
                kinds.setdefault((one.block, one.family), set()).add(tuple(each.family for each in box.quantities))
    assert {len(found) for found in kinds.values()} == {1}
    # A box of several holds a chain: each quantity is all that the next one uses, and nothing else uses it.
    for box in picture.boxes.values():
        for first, then in zip(box.quantities, box.quantities[1:]):
            assert [source for source, _ in lines[then.name]] == [first.name]
            assert [name for name, row in lines.items() if first.name in dict(row)] == [then.name]


@pytest.mark.parametrize("model", MODELS, ids=list(STACKS))
def test_every_parameter_stands_where_it_acts_or_in_a_table(model: bp.Model) -> None:
    picture, placed = graph(model), plan(model)
    if picture.overview:
        return
    symbols = {line.name: {one.name for one in line.rhs.free_symbols} for line in model.lines}
    acts = {(box, name) for quantity, box in picture.box_of.items() for name in symbols.get(quantity, set())}
    shown = {plate.parameter for plate in (*placed.plates, *placed.cells)}
    assert shown == set(model.parameters)
    told = {(way.target, way.parameter) for way in picture.ways.values() if way.parameter}
    told |= {(box, name) for box, added in picture.added.items() for name in added}
    assert told == {(box, name) for box, name in acts if name in model.parameters}


def longest(ways: set[tuple[str, str]], name: str) -> int:
    """The most ways in a row that end in a box."""
    return max((1 + longest(ways, source) for source, target in ways if target == name), default=0)


@pytest.mark.parametrize("model", MODELS, ids=list(STACKS))
def test_columns_are_the_longest_ways(model: bp.Model) -> None:
    picture, placed = graph(model), plan(model)
    ways = {(way.source, way.target) for way in picture.ways.values()}
    for name, column in placed.columns.items():
        if any(target == name for _, target in ways):
            assert column == longest(ways, name), name
        else:  # what starts the picture stands just before what needs it first
            users = [longest(ways, target) for source, target in ways if source == name]
            assert column == min(users, default=1) - 1  # a token whose table has one row leads nowhere
    for source, target in ways:
        assert placed.boxes[source][0] < placed.boxes[target][0]


def rects(model: bp.Model) -> dict[str, Rect]:
    placed = plan(model)
    return {
        name: (x - placed.half[name][0], y - placed.half[name][1], x + placed.half[name][0], y + placed.half[name][1])
        for name, (x, y) in placed.boxes.items()
    }


def shared(one: Rect, other: Rect) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


@pytest.mark.parametrize("model", MODELS, ids=list(STACKS))
def test_nothing_lies_on_another(model: bp.Model) -> None:
    picture, placed, boxes = graph(model), plan(model), rects(model)
    for one, other in combinations(boxes.values(), 2):
        assert not shared(one, other)
    plates = [
        (plate.at[0] - plate.room / 2 + 1, plate.at[1] - 7, plate.at[0] + plate.room / 2 - 1, plate.at[1] + 7)
        for plate in (*placed.plates, *placed.cells)
    ]
    for rect, other in combinations([*plates], 2):
        assert not shared(rect, other)
    for left, top, right, low in (*boxes.values(), *plates):
        assert not any(shared((left + 1, top + 1, right - 1, low - 1), box) for box in boxes.values()) or (
            (left, top, right, low) in boxes.values()
        )
        assert 0 <= left < right <= placed.width
        assert 0 <= top < low <= placed.height
    for key, points in placed.ways.items():
        if key in placed.behind:
            continue
        own = (picture.ways[key].source, picture.ways[key].target)
        for start, end in zip(points, points[1:]):
            for step in range(1, 200):
                x, y = (a + (b - a) * step / 200 for a, b in zip(start, end))
                under = [name for name, box in boxes.items() if box[0] < x < box[2] and box[1] < y < box[3]]
                assert not {*under} - {*own}, key
                assert not under


def texts(picture: Any) -> list[str]:
    return ["".join(node.itertext()) for node in ET.fromstring(picture).iter(f"{SVG}text")]


@pytest.mark.parametrize("problem", [RNN, CONVOLUTION, ATTENTION], ids=["rnn", "convolution", "attention"])
def test_every_number_stands_on_the_picture(problem: bp.Problem) -> None:
    drawing, values = problem.diagram(), bp.evaluate(problem)
    shown, caption = texts(drawing.figure), drawing.caption
    for name, value in problem.parameters.items():
        written = name.replace("_", ",") if "_" in name else name.translate(LOW)
        assert f"{written}={value:.4g}".replace("-", "−") in shown
    for line in problem.network.lines:
        number = f"{values[line.name] + 0.0:.6g}"
        assert any(text.split()[-1] == number.replace("-", "−") for text in shown if text), (line.name, number)
        assert f"{line.name} = {number}" in caption
    bare = problem.network.diagram()
    assert not any("=" in text for text in texts(bare.figure))
    letters = lambda names: {
        re.sub("[_,]", "", name).translate(LOW) for name in names
    }  # an index is low, and has a comma
    assert letters({*graph(problem.network).boxes, *problem.network.parameters}) <= letters(texts(bare.figure))
    assert ET.fromstring(str(drawing.figure)).attrib["aria-label"] == caption
    assert f"and its loss is {problem.network.loss.written}." in caption
    given = problem.diagram(computed=False)
    assert f"{problem.network.inputs[0]} = " in given.caption
    assert "E_total" not in given.caption


def test_steps_run_to_the_right_and_tokens_stand_below_each_other() -> None:
    steps, tokens, kernel = plan(RNN.network).boxes, plan(ATTENTION.network).boxes, plan(CONVOLUTION.network).boxes
    states = [steps[name] for name in ("out_h1_0_1", "h1_1_1", "h1_2_1", "h1_3_1", "o1")]
    assert [x for x, _ in states] == sorted({x for x, _ in states})
    assert len({y for _, y in states}) == 1, "the state flows on one level"
    assert len({steps[name][1] for name in RNN.network.inputs}) == 1
    first, second = ([place[1] for name, place in tokens.items() if f"{t}_" in name] for t in ("o1_", "o2_"))
    lows = [tokens[name][1] for name in tokens if "o1_" in name or name.startswith("x1_")]
    assert max(lows) < min(tokens[name][1] for name in tokens if "o2_" in name or name.startswith("x2_"))
    assert len(first) == len(second)
    for place in range(1, 5):  # a kernel's output stands between the numbers that the kernel lies on
        assert kernel[f"x{place}"][1] < kernel[f"h1_{place}"][1] + 30
        assert kernel[f"h1_{place}"][1] < kernel[f"x{place + 1}"][1] + 30


def test_large_models_are_told_by_their_blocks() -> None:
    picture = graph(LARGE)
    assert picture.overview
    assert {name: box.facts for name, box in picture.boxes.items()} == {
        "inputs": ("4 × 4",),
        "LayerNorm 1": ("4 × 4", "8 parameters"),
        "Attention 2": ("4 × 4", "48 parameters"),
        "sum 2": ("4 × 4",),
        "Dense 3": ("4 × 2", "10 parameters"),
    }
    assert {(way.source, way.target) for way in picture.ways.values()} == {
        ("inputs", "LayerNorm 1"),
        ("LayerNorm 1", "Attention 2"),
        ("Attention 2", "sum 2"),
        ("inputs", "sum 2"),
        ("sum 2", "Dense 3"),
    }
    problem = drawn(LARGE, 1)
    drawing = problem.diagram(highlight=["dE_total/dWq2_1_1"])
    assert len(str(drawing.figure)) < 10_000
    assert "sum 2, 4 × 4, from inputs and Attention 2." in drawing.caption
    assert touched(LARGE, ["dE_total/dWq2_1_1"]) == {"E_total", "Wq2_1_1", "Attention 2"}
    assert max(len(graph(model).boxes) for model in MODELS) <= MOST_BOXES


def test_quantities_light_their_boxes_and_ways() -> None:
    model = RNN.network
    key = "h1_1_1 → h1_2_1"
    assert touched(model, ["out_h1_2_1"]) == {"h1_2_1"}
    assert touched(model, ["dnet_h1_2_1/dout_h1_1_1"]) == {"h1_2_1", "h1_1_1", key}
    # One use of a shared weight lights that use; the weight by itself lights all.
    assert touched(model, ["dnet_h1_2_1/dWh1_1_1"]) == {"h1_2_1", "Wh1_1_1", key}
    assert touched(model, ["Wh1_1_1_new"]) == {"Wh1_1_1", key, "out_h1_0_1 → h1_1_1", "h1_2_1 → h1_3_1"}
    assert touched(model, ["net_h1_2_1", "Wh1_1_1", "Wx1_1_1"]) == {
        *("h1_2_1", "Wh1_1_1", "Wx1_1_1", key, "x2_1 → h1_2_1")
    }
    assert touched(model, ["E_o1", "y1", "dE/db1_1", "x2_1"]) == {"E_o1", "y1", "E_total", "b1_1", "x2_1"}
    for step in bp.derive(model).with_inputs:
        assert touched(model, [step.name]), step.name
    for name, plates in (("dnet_h1_2_1/dWh1_1_1", 1), ("Wh1_1_1_new", 3), ("dnet_h1_2_1/db1_1", 1), ("dE/db1_1", 3)):
        rings = [one.look for one in elements(str(RNN.diagram([name]).figure), "rect") if "stroke" in one.look]
        assert sum(one["stroke"] == LIT and one["stroke-width"] == "2" for one in rings) == plates, name
    lit, plain = RNN.diagram(highlight=["Wh1_1_1"]), RNN.diagram()
    assert lit.figure != plain.figure
    assert lit.caption.endswith("Lit: Wh1_1_1.")
    with pytest.raises(bp.BpkitError, match=r"highlight: the picture has no 'net_h1_9_1'; did you mean"):
        RNN.diagram(highlight=["net_h1_9_1"])


@pytest.mark.parametrize("name", STACKS)
def test_every_model_is_drawn_with_and_without_numbers(name: str) -> None:
    problem = drawn(STACKS[name], 3)
    batch = drawn(STACKS[name], 3, 4)
    for drawing in (problem.diagram(), problem.network.diagram(), problem.diagram(computed=False), batch.diagram()):
        assert isinstance(drawing, Drawing)
        ET.fromstring(str(drawing.figure))
    assert f"E_total = {numbers_of(batch)['E_total']:.6g}" in batch.diagram().caption
    assert "nan" not in str(problem.diagram().figure)


def test_a_picture_has_pixels_too() -> None:
    figure = raster(str(ATTENTION.diagram().figure))
    lines = figure.axes[0].lines
    assert max(len(line.get_xdata()) for line in lines) > 2, "ways that pass columns bend"
    assert RNN.diagram().png().startswith(b"\x89PNG")


def test_a_factors_mark_leaves_boxes_plates_and_other_ways_alone() -> None:
    model = bp.Model((3, 1), blocks.Recurrent(1))
    spec, lines = graph_spec(model), bp.derive(model)
    plates = [(*one["plate"]["at"], one["plate"]["room"][0]) for one in spec["edges"]]
    for name in ("dnet_o1_1/dWx1_1_1", "dnet_o2_1/dWx1_1_1", "dnet_o2_1/dout_o1_1"):
        x, y = anchor(spec, model, lines[name].quantity) or (0.0, 0.0)
        for box in spec["nodes"]:
            (bx, by), half, tall = box["at"], box["half"], box["tall"]
            assert abs(bx - x) >= half + 62 or abs(by - y) >= tall + 9, (name, box["name"])
        own = set(items(model, lines[name].quantity))
        for x1, y1, x2, y2 in (one["ends"] for one in spec["edges"] if one["key"] not in own):
            for k in range(101):
                at = (x1 + (x2 - x1) * k / 100, y1 + (y2 - y1) * k / 100)
                assert abs(at[0] - x) > 62 or abs(at[1] - y) > 7, (name, at)
        assert all(abs(px - x) >= (room + 126) / 2 or abs(py - y) >= 16 for px, py, room in plates), name
