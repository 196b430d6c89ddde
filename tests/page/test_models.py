"""A model's picture and apps as data: every quantity has its place and its light, and the page computes as Python."""

from __future__ import annotations

import json
import random
from functools import cache
from typing import Any

import numpy as np
import pytest
from module_engine import engine
from py_mini_racer import MiniRacer
from stacks import STACKS, drawn, gradients, loss_of, samples

import bpkit as bp
from bpkit.core.quantities import SIGNED
from bpkit.page.programs import every_line, packed, recorded, training_program
from bpkit.page.programs import samples as page_samples
from bpkit.show.diagram import numbers_of
from bpkit.show.diagram_spec import network_spec
from bpkit.show.diagram_words import words
from bpkit.show.graph import graph
from bpkit.show.graph_svg import touched
from bpkit.show.lines_table import lines_spec

RNN = bp.examples.rnn.problem
BLOCKS = ["recurrent, last", "lstm, last", "conv1d and pool", "conv2d", "layer norm", "residual", "embedding"]
BLOCKS += ["attention of width 2", "softmax", "residual attention", "two convolutions"]


@cache
def spec_of(model: bp.Model) -> str:
    return json.dumps(network_spec(model))


def in_page(problem: bp.Problem, **data: Any) -> str:
    return str(engine().eval(f"networkWords({spec_of(problem.network)}, {json.dumps(data)})"))


@pytest.mark.parametrize("name", STACKS)
def test_the_words_are_those_of_python(name: str) -> None:
    """All numbers, the given ones, those of a stepper that has come so far, and those of a batch."""
    problem, rng = drawn(STACKS[name], 5), random.Random(name)
    whole = numbers_of(problem)
    steps = [step.name for step in problem.derivation]
    part = {**problem.givens, **{one: whole[one] for one in steps[: rng.randint(0, len(steps))]}}
    batch = numbers_of(drawn(STACKS[name], 5, 3))
    for numbers in (whole, problem.givens, part, batch, {}):
        lit, digits = rng.sample(steps, rng.randint(0, 2)), rng.randint(1, 17)
        expected = words(problem.network, numbers, lit, digits)
        assert in_page(problem, numbers=dict(numbers), lit=lit, digits=digits, phase="forward") == expected


def test_the_words_know_what_floats_cannot_tell_from_1() -> None:
    flat = RNN.replace(b1_1=90.0)
    expected = words(flat.network, numbers_of(flat))
    assert "out_h1_1_1 ≈ 1" in expected
    assert in_page(flat, numbers=numbers_of(flat)) == expected


def test_the_way_back_and_the_update_are_told() -> None:
    numbers = numbers_of(RNN)
    back, update = (in_page(RNN, numbers=numbers, phase=phase) for phase in ("backward", "update"))
    assert f"∂E/∂Wh1,1,1 = {numbers['dE_total/dWh1_1_1']:.6g}" in back
    assert f"∂E/∂net(h1,2,1) = {numbers['dE_total/dnet_h1_2_1']:.6g}" in back
    assert f"new b1,1 = {numbers['b1_1_new']:.6g}" in update


@pytest.mark.parametrize("name", STACKS)
def test_every_quantity_has_its_light_and_its_place(name: str) -> None:
    model = STACKS[name]
    spec, lines = json.loads(spec_of(model)), bp.derive(model)
    items = {part["name"] for key in ("nodes", "biases") for part in spec[key]}
    items |= {edge["key"] for edge in spec["edges"]} | {edge["name"] for edge in spec["edges"]}
    items |= {"E_total", *model.targets} | {one for row in spec["outputs"] for one in (row["target"], row["error"])}
    for step in lines.with_inputs:
        lights = spec["lights"][step.name]
        assert lights, step.name
        assert {*lights} >= touched(model, [step.name])
        if not graph(model).overview:
            assert {*lights} <= items, step.name
    assert {*spec["lights"]}.isdisjoint({one.name for one in lines.quantities.values() if one.tag in SIGNED})
    if graph(model).overview:
        return
    shown = {node[key] for node in spec["nodes"] for key in ("net", "out") if key in node}
    errors = {line.name for line in model.lines if line.quantity.tag == "error"}
    assert shown == {*model.inputs, *(line.name for line in model.lines)} - errors - {"E_total"}
    assert {one["error"] for one in spec["outputs"]} == errors
    for part in (*spec["edges"], *spec["biases"]):
        if part["name"]:
            assert part["back"] == lines.target(part["name"]).name
            assert part["new"] == f"{part['name']}_new"
    handles = [one["name"] for one in spec["biases"] if not one["again"]]
    handles += [one["name"] for one in spec["edges"] if one["plate"] and not one["again"]]
    assert sorted(handles) == sorted(model.parameters), "each parameter can be chosen by keyboard at one place"


@pytest.mark.parametrize("name", STACKS)
def test_names_are_typeset_without_underscores(name: str) -> None:
    rows = lines_spec(bp.derive(STACKS[name]), "lines")["rows"]
    for row in rows:
        typeset = row["head"] + row["symbols"] + row["said"]
        assert "_" not in typeset, row["name"]
        assert "Eq(" not in row["filled"]


def compiled(programs: dict[str, str]) -> MiniRacer:
    """The programs of a page as the page compiles them."""
    one = engine()
    one.eval(f"var made = programsOf({json.dumps(packed(programs))});")
    return one


@pytest.mark.parametrize("name", BLOCKS)
def test_the_page_computes_what_python_computes(name: str) -> None:
    problem = drawn(STACKS[name], 8)
    lines, values = problem.derivation, bp.evaluate(problem)
    given = json.dumps([problem.givens[one] for one in lines.program.givens])
    found = json.loads(
        str(compiled({"all": every_line(lines)}).eval(f"JSON.stringify(made('all').evaluate(...{given}))"))
    )
    assert found.keys() == {step.name for step in lines}
    for one, value in found.items():
        assert value == pytest.approx(values[one], rel=1e-9, abs=1e-14), one


def by_autograd(problem: bp.Problem, updates: int) -> tuple[list[float], dict[str, Any]]:
    """Losses and arrays of plain gradient descent over arrays, by a program that shares nothing with the kit's."""
    model, rows, arrays = problem.network, samples(problem), problem.arrays()
    losses = []
    for _ in range(updates + 1):
        losses.append(float(np.mean([loss_of(model, arrays, x, y) for x, y in rows])))
        slopes = gradients(model, arrays, rows)
        arrays = {key: one - problem.learning_rate * slopes[key] for key, one in arrays.items()}
    return losses, arrays


@pytest.mark.parametrize("count", [0, 3])
@pytest.mark.parametrize("name", BLOCKS)
def test_the_page_trains_as_a_program_over_arrays_does(name: str, count: int) -> None:
    problem = drawn(STACKS[name], 4, count, spread=0.5, learning_rate=0.02)
    lines, updates = problem.derivation, 6
    names = recorded(lines)
    kept = [one for one in lines.program.givens if not (count and one in lines.program.data)]
    arguments = json.dumps([problem.givens[one] for one in kept])
    data = page_samples(problem)
    more = f"Float64Array.from({json.dumps(data['rows'])}), 0, " if data else ""
    text = f"Array.from(made('train').train(...{arguments}, {more}{updates})).join(' ')"
    table = [float(one) for one in str(compiled({"train": training_program(problem)}).eval(text)).split()]
    rows = np.reshape(table, (updates + 1, len(names)))
    losses, _ = by_autograd(problem, updates)
    assert rows[:, names.index("E_total")] == pytest.approx(losses, rel=1e-9, abs=1e-14)
    _, before = by_autograd(problem, updates - 1)
    for key, table_of in problem.network.tables.items():
        for at in np.ndindex(table_of.shape):
            column = rows[-1, names.index(table_of[at])]
            assert column == pytest.approx(np.reshape(before[key], table_of.shape)[at], rel=1e-9, abs=1e-14)
