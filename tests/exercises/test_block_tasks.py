"""Models and update rules as plain data, as text and as arrays: they come back, hostile ones are refused in words."""

from __future__ import annotations

import copy
import json
import re
from functools import cache
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rows import RULES
from stacks import STACKS
from thorough import examples

import bpkit as bp
from bpkit.core import updates
from bpkit.core.blocks import LSTM, Attention, Conv1d, Dense, LayerNorm, MaxPool, Recurrent, Residual
from bpkit.core.errors import BpkitError
from bpkit.core.model import Model
from bpkit.core.problem import Problem
from bpkit.core.quantities import Role
from bpkit.exercises.questions import numpy_reference, proof
from bpkit.exercises.questions.friendly_problems import alive, draw_problem
from bpkit.exercises.questions.generation import generate, restore
from bpkit.exercises.questions.proof import prove
from bpkit.exercises.questions.task import LARGEST, MOST_BLOCKS, problem_data, problem_from
from bpkit.exercises.questions.words import givens, maths
from bpkit.page.in_page import in_page
from bpkit.show.markup import as_html


def blocks_of(model: Model) -> list[str]:
    """The kinds of all blocks, those within others too."""
    return re.findall(rf"({'|'.join(bp.blocks.__all__)})\(", repr(model))


SMALL = {
    name: model
    for name, model in STACKS.items()
    if model.loss.built_in and max(model.shape) <= LARGEST and len(blocks_of(model)) <= MOST_BLOCKS
}
PLAIN = ["easy", "sigmoid", "half_squared_error", 0, 1, -3, 2.5, 7, 10**12, float("nan"), True, None, [], {}, [1], "x"]


def problem_of(model: Model, seed: int = 0) -> Problem:
    rng = np.random.default_rng(seed)
    rows = model.vocabulary
    inputs = rng.integers(0, min(rows.values()), model.input_shape) if rows else rng.integers(1, 10, model.input_shape)
    parameters = {name: round(float(rng.normal()), 2) for name in model.parameters}
    targets = np.eye(*model.output_shape[-2:]) if len(model.output_shape) > 1 else np.eye(model.output_shape[0])[0]
    return Problem(model, parameters, inputs if rows else inputs / 10, targets if model.targets else None, 0.1)


def plain_and_back(problem: Problem) -> Problem:
    return problem_from(json.loads(json.dumps(problem_data(problem), allow_nan=False)))


@pytest.mark.parametrize("name", SMALL)
def test_a_model_comes_back_from_its_data(name: str) -> None:
    problem = problem_of(SMALL[name])
    again = plain_and_back(problem)
    assert again == problem
    assert again.network.blocks == SMALL[name].blocks
    assert problem_data(again) == problem_data(problem)
    assert bp.evaluate(again)["E_total"] == bp.evaluate(problem)["E_total"]


def test_many_blocks_were_tried() -> None:
    assert {kind for model in SMALL.values() for kind in blocks_of(model)} == set(bp.blocks.__all__)


@pytest.mark.parametrize("update", RULES.values(), ids=repr)
def test_a_rule_comes_back_with_what_it_remembers(update: updates.UpdateRule) -> None:
    start = bp.examples.article.problem.replace(update=update)
    for problem in (start, start.updated(3)):
        again = plain_and_back(problem)
        assert again == problem
        assert again.updated(2) == problem.updated(2)


def test_a_batch_comes_back_with_its_rule() -> None:
    problem = Problem(
        bp.Network(1, 1), {"w1": 0.5, "b1": 0.1}, [[1], [2], [3]], [[0], [1], [1]], update=updates.Adam(), batch="each"
    ).updated(2)
    assert plain_and_back(problem) == problem
    assert plain_and_back(problem).next_sample == 2
    assert maths(problem, "m_w1_old")[:-1] in givens(problem)
    slow = problem.replace(update=updates.Momentum()).updated(1)  # it counts its samples, and no updates
    assert "Before this update" in givens(slow)


def test_data_of_plain_networks_have_nothing_new() -> None:
    keys = {"sizes", "activation", "loss", "bias", "parameters", "inputs", "targets", "learning_rate"}
    assert set(generate("hidden-weight", seed=1).task.data()["problems"][0]) == keys


# Data from anywhere


def good(block: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    data = problem_data(Problem(Model((3, 1), Recurrent(1), Dense(1)), **NUMBERS))
    return data | ({"blocks": [block, *data["blocks"][1:]]} if block else {}) | more


NUMBERS: dict[str, Any] = {
    "parameters": {"Wx1_1_1": 0.5, "Wh1_1_1": 0.5, "b1_1": 0.1, "W2_1_1": 0.2, "b2_1": 0.3},
    "inputs": [0.1, 0.2, 0.3],
    "targets": [0.5],
}
DEEP: dict[str, Any] = {"block": "Dense", "units": 1}
for _ in range(2000):
    DEEP = {"block": "Residual", "blocks": [DEEP]}


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (good({"block": "Recurent", "units": 1}), "did you mean 'Recurrent'"),
        (good({"block": "__class__"}), "choose one of Attention"),
        (good({"block": "block"}), "one of the blocks"),
        (good({"block": ["Dense"]}), "one of the blocks"),
        (good({"units": 1}), "data of a problem"),
        (good({"block": "Recurrent", "units": LARGEST + 1}), f"units to be at most {LARGEST}"),
        (good({"block": "Recurrent", "units": [LARGEST + 1]}), f"units to be at most {LARGEST}"),
        (good({"block": "Recurrent", "units": 1, "size": 2}), "data of a problem"),
        (good({"block": "Recurrent", "units": 1, "activation": "softmax"}), "activation of single neurons"),
        (good({"block": "Recurrent", "units": 1, "steps": "some"}), "steps"),
        (good({"block": "Recurrent", "units": True}), "whole number"),
        (good(DEEP), f"at most {MOST_BLOCKS} blocks"),
        (good(blocks=[{"block": "Dense", "units": 1}] * 5), f"at most {MOST_BLOCKS} blocks"),
        (good({"block": "Residual", "blocks": [{"block": "Dense", "units": 1}] * 4}), f"at most {MOST_BLOCKS} blocks"),
        (good(blocks="Den"), "data of a problem"),
        (good(blocks=[]), "blocks after the inputs"),
        (good(blocks=None), "data of a problem"),
        (good(shape=[LARGEST + 1, 1]), f"shape to be at most {LARGEST}"),
        (good(shape=[1] * 100_000), "shape"),
        (good(shape=[3, 1, 1]), "Model"),
        (good(update={"rule": "Adagrad"}), "one of the update rules"),
        (good(update={"rule": "UpdateRule"}), "one of the update rules"),
        (good(update={"rule": "Adam", "beta1": 2}), "beta1"),
        (good(update={"rule": "Adam", "eta": 2}), "Adam"),
        (good(update=["Adam"]), "data of a problem"),
        (good(update={"rule": "Adam"}, state={"t": -1}), "state"),
        (good(update={"rule": "Adam"}, state={"m_w9": 1}), "state"),
        (good(state=[1]), "state"),
        (good(batch="some"), "batch"),
    ],
)
def test_hostile_data_are_refused_in_words(data: dict[str, Any], said: str) -> None:
    with pytest.raises(BpkitError, match=said) as refused:
        problem_from(data)
    assert len(str(refused.value)) < 400


@cache
def unspoiled() -> dict[str, Any]:
    model = Model((2, 2), Residual(Attention(2)), LayerNorm(), Dense(1))
    return problem_data(problem_of(model).replace(update=updates.Adam()).updated(1))


@examples(200, 4000)
@given(st.data())
def test_data_spoiled_anywhere_make_a_problem_or_a_refusal(data: st.DataObject) -> None:
    spoiled = copy.deepcopy(unspoiled())
    place: Any = spoiled
    while True:
        key = data.draw(st.sampled_from(list(place) if isinstance(place, dict) else list(range(len(place)))))
        if not isinstance(place[key], dict | list) or not place[key] or data.draw(st.integers(0, 3)) == 0:
            break
        place = place[key]
    place[key] = data.draw(st.sampled_from(PLAIN))
    try:
        found = problem_from(spoiled)
    except BpkitError:
        return
    assert givens(found)


@pytest.mark.parametrize("id", ["hidden-paths", "matrix-shapes", "symbolic", "code"])
def test_a_question_about_layers_refuses_a_model_in_words(id: str) -> None:
    task = generate(id, seed=1).task.data()
    spoiled = task | {"problems": [good()]}
    with pytest.raises(BpkitError, match="fully connected Network"):
        assert restore(spoiled).question


# Words and arrays


@pytest.mark.parametrize("name", SMALL)
def test_every_block_is_told_with_names_that_pages_can_draw(name: str) -> None:
    problem = problem_of(SMALL[name])
    text = givens(problem)
    for parameter in problem.network.parameters:
        assert f"| {maths(problem, parameter)} |" in text
    for one in (*problem.network.inputs, *problem.network.targets):
        assert maths(problem, one)[:-1] in text
    for number in range(1, 1 + sum(kind != "Residual" for kind in blocks_of(SMALL[name]))):
        assert f"- Block {number} " in text
    lines = problem.derivation.at(problem)._repr_latex_()
    for page in (as_html(text), as_html(lines), in_page(text), in_page(lines)):
        assert page.count("<math") > 4


@pytest.mark.parametrize(
    ("id", "said"),
    [
        ("through-time", r"it starts from $\mathit{out}_{0} = 0$"),
        ("through-time", r"\mathit{out}_{t-1} \cdot \mathit{Wh}_{1}"),
        ("attention-share", r"softmax of each row of $Q \cdot K^{\top} / \sqrt{2}$"),
        ("convolution", "not turned round"),
        ("convolution", "windows that do not overlap"),
        ("layer-norm", r"\sqrt{\mathit{var} + 10^{-5}}"),
        ("layer-norm", "mean of their squared differences"),
        ("adam-step", r"$\hat{m}_{w_{1}} = \frac{m_{w_{1}}}{1 - \beta_{1}^{t}}$"),
        ("adam-step", r"$t^{\text{old}} = 1$"),
        ("adam-step", "Weights decay, biases do not."),
    ],
)
def test_conventions_are_told(id: str, said: str) -> None:
    assert said in generate(id, seed=3, difficulty="hard").question


@pytest.mark.parametrize("name", SMALL)
def test_arrays_find_every_quantity_of_the_way_forward(name: str) -> None:
    problem = problem_of(SMALL[name])
    values, found = bp.evaluate(problem), numpy_reference.forward(problem)
    steps = [
        one for one in problem.derivation if one.role is Role.FORWARD and one.quantity.tag not in ("start", "total")
    ]
    for step in steps:
        assert numpy_reference.at(found, step.quantity) == pytest.approx(values[step.name], rel=1e-12, abs=1e-12), (
            step.name
        )
    assert numpy_reference.total(problem) == pytest.approx(values["E_total"], rel=1e-12)


@pytest.mark.parametrize(
    "model",
    [
        Model((2, 1), LSTM(1), Dense(1)),
        Model((2, 2), Residual(Attention(2), LayerNorm()), Dense(1)),
        Model(5, Conv1d(2, "tanh"), MaxPool(2), Dense(1)),
    ],
    ids=repr,
)
def test_every_line_of_blocks_and_of_adam_is_proven_three_ways(model: Model) -> None:
    problem = draw_problem(np.random.default_rng(5), model).replace(update=updates.Adam(weight_decay=0.1)).updated(2)
    for step in problem.derivation:
        decided = step.quantity.by is not None and step.rhs.is_Piecewise  # nudged, the largest stays the largest
        if step.quantity.tag != "start" and step.name != "t" and not decided:
            assert prove(problem, step.name).holds, step.name


def test_a_proof_of_a_model_can_fail(monkeypatch: pytest.MonkeyPatch) -> None:
    exercise = generate("attention-share", seed=1, difficulty="hard")
    share = exercise.content.parts[0]
    assert share.proof().holds
    monkeypatch.setattr(proof, "at", lambda *_: 0.5)
    assert not share.proof().holds


# Draws


def test_draws_that_hang_on_a_hair_are_not_handed_out() -> None:
    model = Model(5, Conv1d(2, "tanh"), MaxPool(2))
    problem = draw_problem(np.random.default_rng(1), model)
    even = problem.replace(inputs=[0.4, 0.5, 0.4, 0.5, 0.4], k1_1=0.5, k1_2=0.5)
    apart = problem.replace(inputs=[0.1, 0.2, 0.9, 0.1, 0.2], k1_1=0.5, k1_2=0.5, b1=0.1)
    assert not alive(bp.evaluate(even))
    assert alive(bp.evaluate(apart))
    flat = draw_problem(np.random.default_rng(1), Model(3, LayerNorm()))
    assert not alive(bp.evaluate(flat.replace(inputs=[0.5, 0.5, 0.6])))
    assert alive(bp.evaluate(flat.replace(inputs=[0.1, 0.5, 0.9])))
    sure = draw_problem(np.random.default_rng(1), Model((2, 1), Attention(1)))
    assert alive(bp.evaluate(sure.replace(inputs=[[1.0], [-1.0]], Wq1_1_1=0.9, Wk1_1_1=0.9)))
    assert not alive(bp.evaluate(sure.replace(inputs=[[2.0], [-2.0]], Wq1_1_1=0.9, Wk1_1_1=0.9)))
    full = draw_problem(np.random.default_rng(1), Model((3, 1), Recurrent(1), Dense(1)))
    assert not alive(bp.evaluate(full.replace(Wx1_1_1=5.0)))
    assert alive(bp.evaluate(full.replace(Wx1_1_1=0.5)))


def test_what_is_drawn_has_two_digits_and_gains_around_one() -> None:
    for seed in range(20):
        problem = draw_problem(np.random.default_rng(seed), Model(2, Dense(3), LayerNorm()))
        gains = [value for name, value in problem.parameters.items() if name.startswith("g")]
        assert all(0.5 <= gain <= 1.5 and gain == round(gain, 1) for gain in gains)
        assert all(0.1 <= abs(value) <= 1.5 for value in problem.parameters.values())
        assert all(value == round(value, 2) for value in problem.parameters.values())
