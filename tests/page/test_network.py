"""The network's picture as data: every quantity has its place and its light, and the page says what Python says."""

from __future__ import annotations

import json
import random
from functools import cache
from itertools import combinations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from module_engine import engine
from strategies import cases
from thorough import examples

import bpkit as bp
from bpkit.core.problem import Problem
from bpkit.show.diagram import numbers_of, touched
from bpkit.show.diagram_spec import network_spec
from bpkit.show.diagram_words import words

NETWORKS = [
    bp.Network(2, 2, 2, weight_names={("h1", "o2"): "w6", ("h2", "o1"): "w7"}),
    bp.Network(3, 4, 2, activation="tanh", bias="neuron"),
    bp.Network(2, 3, activation="softmax", loss="cross_entropy"),
    bp.Network(2, 3, 3, 1, bias="none"),
    bp.Network(2, 1, activation="identity", loss="output"),
    bp.Network(4, 5, 3, activation="relu"),
    bp.Network(2, 11, 2),
]
article = bp.examples.article.problem


spec_of = cache(network_spec)


def in_page(problem: Problem, **data: Any) -> str:
    spec = json.dumps(spec_of(problem.network))
    return str(engine().eval(f"networkWords({spec}, {json.dumps(data)})"))


@pytest.mark.parametrize("network", NETWORKS, ids=repr)
def test_every_quantity_lights_its_items(network: bp.Network) -> None:
    spec, lines = spec_of(network), bp.derive(network)
    lights = spec["lights"]
    drawn = {part["name"] for key in ("nodes", "edges", "biases") for part in spec[key]}
    drawn |= {*network.targets, "E_total"} | {step.name for step in lines if step.quantity.tag == "error"}
    left_out = set(network.layer_of) - {node["name"] for node in spec["nodes"]}
    for name in (*(step.name for step in lines.with_inputs), *network.parameters, *network.layer_of):
        expected = {network.weight_of[item] if isinstance(item, tuple) else item for item in touched(network, [name])}
        assert set(lights.get(name, [])) == expected & drawn, name
        assert expected <= drawn or left_out or {*network.parameters} - drawn, name
    assert "learning_rate" not in lights


def test_what_an_update_rule_remembers_lights_its_parameter() -> None:
    lines = article.replace(update=bp.updates.Adam()).derivation
    lights = network_spec(article.network, lines)["lights"]
    assert lights["m_w5"] == lights["vhat_w5"] == lights["w5_new"] == ["w5"]
    assert {step.name for step in lines} - lights.keys() == {"t"}  # the number of the update is about no place


@pytest.mark.parametrize("network", NETWORKS, ids=repr)
def test_every_number_has_its_place(network: bp.Network) -> None:
    """The names are those of the derivation, each at its neuron, its edge or its bias."""
    spec, lines = json.loads(json.dumps(spec_of(network))), bp.derive(network)
    nodes = {node["name"]: node for node in spec["nodes"]}
    for name, node in nodes.items():
        assert node["by_out"] == lines[f"dE/d{'' if name in network.inputs else 'out_'}{name}"].name
        if name not in network.inputs:
            found = [node["net"], node["out"], node["delta"]]
            assert found == [f"net_{name}", f"out_{name}", lines[f"dE/dnet_{name}"].name]
    for part in (*spec["edges"], *spec["biases"]):
        assert (part["back"], part["new"]) == (lines.target(part["name"]).name, lines[f"{part['name']}_new"].name)
    outputs = [(one["target"], one["error"]) for one in spec["outputs"] if one]
    assert len(outputs) == sum(output in nodes for output in network.outputs)
    assert all(error in lines for _, error in outputs)
    assert spec["total"]["value"] == "E_total"
    assert {edge["name"] for edge in spec["edges"]} == {
        weight for weight, ends in network.weights.items() if {*ends} <= nodes.keys()
    }


@pytest.mark.parametrize("network", NETWORKS, ids=repr)
def test_plates_keep_apart_and_lie_on_their_edges(network: bp.Network) -> None:
    spec = spec_of(network)
    boxes = []
    for edge in spec["edges"]:
        if not (plate := edge["plate"]):
            continue
        (x1, y1, x2, y2), (x, y), wide = edge["ends"], plate["at"], max(plate["room"])
        assert y == pytest.approx(y1 + (y2 - y1) * (x - x1) / (x2 - x1), abs=0.2)
        assert plate["rows"] == 2
        assert x1 - 1 <= x - wide / 2 <= x + wide / 2 <= x2 + 1, "a plate over a neuron"
        boxes.append((edge["name"], x - wide / 2, x + wide / 2, y - 7, y + 20))
    assert boxes
    for (one, left, right, top, low), (other, left_, right_, top_, low_) in combinations(boxes, 2):
        assert right <= left_ + 1 or right_ <= left + 1 or low <= top_ + 1 or low_ <= top + 1, (one, other)


def test_a_crowd_of_plates_has_one_row_each_and_a_throng_has_none() -> None:
    crowd, throng = network_spec(bp.Network(6, 6)), network_spec(bp.Network(7, 7))
    assert {edge["plate"] and edge["plate"]["rows"] for edge in throng["edges"]} == {None}
    assert len({edge["plate"]["rows"] for edge in crowd["edges"]}) == 1
    assert [one["text"] for one in spec_of(bp.Network(2, 11, 2))["hidden"]] == ["⋮ 4 more"]


@examples(10, 600)
@given(case=cases(), digits=st.integers(1, 17), seed=st.integers(0, 2**32))
def test_the_words_are_those_of_python(case: Any, digits: int, seed: int) -> None:
    """All numbers, the given ones, and those of a stepper that has come so far."""
    problem, rng = case.problem(), random.Random(seed)
    whole = numbers_of(problem)
    stages = [whole, problem.parameters if problem.is_batch else problem.givens, {}]
    if not problem.is_batch:
        steps = [step.name for step in problem.derivation]
        stages.append({**problem.givens, **{name: whole[name] for name in steps[: rng.randint(0, len(steps))]}})
    for numbers in stages:
        lit = rng.sample(["w1", "E_total", "dE_total/dw1"], rng.randint(0, 2))
        expected = words(problem.network, numbers, lit, digits)
        assert in_page(problem, numbers=dict(numbers), lit=lit, digits=digits, phase="forward") == expected


def test_the_words_know_what_floats_cannot_tell_from_1_and_many_weights() -> None:
    flat = article.replace(b1=90.0)
    expected = words(flat.network, numbers_of(flat))
    assert in_page(flat, numbers=numbers_of(flat)) == expected
    assert "out_h1 ≈ 1" in expected
    rng, network = random.Random(1), bp.Network(2, 8, 8, 1)
    parameters = {name: rng.gauss(0, 1) for name in network.parameters}
    wide = bp.Problem(network, parameters=parameters, inputs=[0.1, 0.2], targets=[1.0], learning_rate=0.5)
    assert "88 weights between" in words(network, numbers_of(wide))
    for numbers in (numbers_of(wide), wide.givens, {}):
        assert in_page(wide, numbers=dict(numbers)) == words(network, numbers)


def test_the_way_back_and_the_update_are_told() -> None:
    numbers = numbers_of(article)
    back, update = (in_page(article, numbers=numbers, phase=phase) for phase in ("backward", "update"))
    assert back.startswith(words(article.network, numbers))
    assert "∂E/∂w₅ = 0.0851429" in back
    assert "∂E/∂net(o1) = 0.136527" in back
    assert "new w₅ = 0.307429" in update
    some = {**article.givens, "dE_total/dw5": numbers["dE_total/dw5"]}
    assert in_page(article, numbers=some, phase="backward").endswith("Derivatives ∂E/∂w₅ = 0.0851429.")
    assert "Derivatives" not in in_page(article, numbers=article.givens, phase="backward")
