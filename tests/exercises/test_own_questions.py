"""Questions that an instructor writes: what they ask, the numbers they draw, and every edition of them."""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
import tomllib
import xml.etree.ElementTree as ET
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from nbgrader.api import Gradebook
from nbgrader.apps.api import NbGraderAPI
from nbgrader.coursedir import CourseDirectory
from thorough import in_ci
from traitlets.config import Config

from bpkit.core.errors import BpkitError
from bpkit.exercises import Checker, open_sheet, restore
from bpkit.exercises.editions import EDITIONS
from bpkit.exercises.editions.nbgrader import NAME
from bpkit.exercises.editions.produce import produce
from bpkit.exercises.editions.shown_question import beside, given
from bpkit.exercises.editions.shown_question import own as own_picture
from bpkit.exercises.marking.doctor import examine
from bpkit.exercises.marking.one_file import mark_file
from bpkit.exercises.questions.exercise import Exercise
from bpkit.exercises.questions.generation import concerns, flaws, generate, remarks
from bpkit.exercises.questions.own.own_question import question_from
from bpkit.exercises.questions.parts import NumberPart
from bpkit.exercises.questions.task import task_from
from bpkit.exercises.sheets.cohort import plan
from bpkit.exercises.sheets.key import read_key
from bpkit.exercises.sheets.settings import read_settings, settings_file
from bpkit.exercises.sheets.sheet import chosen, make_sheet

SHEET = Path(__file__).parent / "sheets/sheet.toml"


def own(toml: str, /, **changes: Any) -> dict[str, Any]:
    """A question's table, as the file has it."""
    table = {"id": "mine", **tomllib.loads(toml), **changes}
    return {key: value for key, value in table.items() if value is not None}


SMALL = """
text = "Here $w_1 = {w1}$ and x is {x1}. What is the slope?"
asks = ["dE/dw1"]
[network]
layers = [1, 1, 1]
bias = "none"
[numbers]
w1 = 0.3
w2 = -0.6
x1 = 0.7
y1 = 0.9
learning_rate = 0.2
"""


def drawn(toml: str, /, seed: int = 0, **changes: Any) -> Exercise:
    return generate(question_from(own(toml, **changes)), seed=seed)


def by_hand() -> dict[str, float]:
    """The numbers of the small question, worked out here."""
    out_h = 1 / (1 + np.exp(-0.3 * 0.7))
    out = 1 / (1 + np.exp(0.6 * out_h))
    delta = (out - 0.9) * out * (1 - out)
    slope = delta * -0.6 * out_h * (1 - out_h) * 0.7
    return {"out": out, "E": (0.9 - out) ** 2 / 2, "w1": slope, "w1_new": 0.3 - 0.2 * slope, "no hidden": delta * -0.42}


def test_fixed_numbers_lead_to_the_answer_of_that_network() -> None:
    exercise, right = drawn(SMALL, asks=["out_o1", "E", "∂E/∂w₁", "w1_new"]), by_hand()
    assert [*exercise.answer.values()] == pytest.approx([right[key] for key in ("out", "E", "w1", "w1_new")], rel=1e-12)
    assert "Here $w_1 = 0.3$ and x is $0.7$." in exercise.question
    assert not re.search(r"\{[a-z]", exercise.question.split("\n\n")[1])
    said = exercise.check(right["no hidden"], part="c")
    assert said.misconceptions == ("forgets the hidden slope",)


@pytest.mark.parametrize("seed", range(12))
def test_what_is_left_out_is_drawn_and_keeps_what_the_bank_guarantees(seed: int) -> None:
    text = SMALL.replace("w2 = -0.6\n", "").replace("x1 = 0.7", "x1 = [0.2, 0.8]")
    exercise = drawn(text, seed=seed)
    problem = exercise.problem
    assert problem.parameters["w1"] == 0.3
    assert 0.2 <= problem.inputs[0] <= 0.8
    assert round(problem.inputs[0], 1) == problem.inputs[0]
    assert [*flaws(exercise)] == []
    assert drawn(text, seed=seed).task == exercise.task
    proof = exercise.content.parts[0].proof()
    assert proof.holds
    assert proof.derived == exercise.answer


def test_a_stream_of_its_own_for_each_question() -> None:
    text = SMALL.replace("w2 = -0.6\n", "")
    first, other = drawn(text, seed=5), drawn(text, seed=5, id="other")
    assert first.problem.parameters["w2"] != other.problem.parameters["w2"]


def test_a_choice_of_three_numbers_is_no_range() -> None:
    text = SMALL.replace("w1 = 0.3", "w1 = [0.3, 0.45, 0.9]").replace("w2 = -0.6\n", "")
    assert {drawn(text, seed=seed).problem.parameters["w1"] for seed in range(20)} == {0.3, 0.45, 0.9}


@pytest.mark.parametrize(
    ("numbers", "words"),
    [
        ({"w1": 60.0}, "saturated or dead"),
        ({"y1": 0.45}, "too small, too large or too round"),
        ({"w1": 0.3}, ""),
    ],
)
def test_fixed_numbers_may_break_a_guarantee_which_is_said(numbers: Mapping[str, float], words: str) -> None:
    table = own(SMALL)
    table["numbers"] |= numbers
    exercise = generate(question_from(table))
    said = [one for one in concerns(exercise) if "learners may share" not in one]
    assert any(words in one for one in said) if words else said == []


def test_what_the_text_does_not_say_is_missed() -> None:
    """Where the kit may not add it, preview says what it is, and how to put it in."""
    missed = lambda exercise: [one for one in concerns(exercise) if "the question needs" in one]
    assert not missed(drawn(SMALL, picture=False))
    (said,) = missed(drawn(SMALL, picture=False, given=False, asks=["w1_new"]))
    needs, how = said.split(", but ")
    assert {*re.findall(r"\w+", needs)} >= {"w2", "y1", "learning_rate", "activation", "loss"}
    assert "w1" not in needs
    assert "{w2}" in how
    (said,) = missed(drawn(SMALL, given=False, asks=["w1_new"]))  # the picture shows the weights
    assert said.startswith("the question needs learning_rate, the activation and the loss")
    assert "{learning_rate}" in said
    told = "w1 is {w1}, w2 is {w2}, x1 is 0.7, the target is 0.9; sigmoid, half the squared error."
    assert not missed(drawn(SMALL, picture=False, given=False, text=told))


LOOK = "The first weight is {w1}, the first input is {x1}. How does the loss depend on $w_1$?"
SIGMOID, HALF, RATE = "Activation: sigmoid", "Loss: half the squared error", "Learning rate $"


@pytest.mark.parametrize("picture", [True, False])
@pytest.mark.parametrize(
    ("asks", "text", "there", "missing"),
    [
        ("dE/dw1", LOOK, (SIGMOID, HALF), (RATE,)),
        ("w1_new", LOOK, (SIGMOID, HALF, RATE), ()),
        ("w1_new", f"{LOOK} The rate is {{learning_rate}}.", (SIGMOID, HALF), (RATE,)),
        ("w1_new", f"{LOOK} The target is 0.2.", (SIGMOID, HALF, RATE), ()),  # 0.2 is the learning rate too
        ("out_h1", LOOK, (SIGMOID,), (HALF, RATE)),
        ("net_h1", LOOK, (), (SIGMOID, HALF, RATE)),
        ("dE/dw1", f"{LOOK} The neurons are Sigmoid neurons.", (HALF,), (SIGMOID,)),
        ("dE/dw1", f"{LOOK} Once more with sigmoid instead of tanh.", (SIGMOID, HALF), ()),
        ("dE/dw1", f"{LOOK} Take half the\nsquared error.", (SIGMOID,), (HALF,)),
        ("dE/dw1", f"{LOOK} Take the squared error.", (SIGMOID, HALF), ()),
        ("dE/dw1", f"{LOOK} The loss is half the squared error of the output.", (SIGMOID,), (HALF,)),
    ],
)
def test_below_a_text_stands_what_the_question_needs_and_the_text_leaves_out(
    picture: bool, asks: str, text: str, there: tuple[str, ...], missing: tuple[str, ...]
) -> None:
    exercise = drawn(SMALL, text=text, asks=[asks], picture=picture)
    for whole in (given(exercise), exercise.question):
        assert whole.count("The first weight") == 1
        assert [one for one in (*there, *missing) if one in whole] == [*there]
    bare = drawn(SMALL, text=text, asks=[asks], picture=picture, given=False)
    assert not [one for one in (SIGMOID, HALF, RATE) if one in given(bare) + bare.question]
    assert restore(json.loads(json.dumps(bare.task.data()))).question == bare.question


def test_a_function_that_its_name_alone_does_not_tell_is_written_out() -> None:
    for activations in ("leaky_relu", ["tanh", "sigmoid"], "z / (1 + exp(-z))"):
        network = {"layers": [1, 1, 1], "bias": "none", "activation": activations, "loss": "(out - y)**4"}
        told = "With leaky ReLU, tanh, sigmoid, this function and this loss: {w1}, {w2}, {x1}, {y1}?"
        whole = given(drawn(SMALL, text=told, network=network, picture=False))
        assert "Activation: " in whole
        assert "Loss: " in whole
        assert "| $w_{1}$ |" not in whole  # the text puts in all numbers
        assert "Inputs" not in whole


def test_every_edition_of_an_own_text_can_be_answered(tmp_path: Path) -> None:
    text = f'[[question]]\nid = "mine"\ntext = "{LOOK}"\nasks = ["w1_new"]\n[question.network]\nlayers = [2, 2, 1]\n'
    settings = read_settings(text.replace("$w_1$", "it"))
    produce(plan("ada\nbob\n", 4, ("mine",), "medium", settings), tmp_path, 4, EDITIONS, jobs=1, variants=1)
    with zipfile.ZipFile(tmp_path / "canvas/questions.zip") as package:
        canvas = "".join(package.read(name).decode() for name in package.namelist() if name.endswith(".xml"))
    files = [
        *tmp_path.glob("*/*.ipynb"),
        *tmp_path.glob("nbgrader/handout/**/*.ipynb"),
        *tmp_path.glob("*/sheets/*.html"),
    ]
    assert len(files) == 2 + 2 + 2 + 2
    needs = [SIGMOID, HALF, "Learning rate"]
    found = {path: path.read_text(encoding="utf-8") for path in (*files, tmp_path / "moodle/questions.xml")}
    for path, whole in {**found, "canvas": canvas}.items():
        assert [one for one in needs if one in whole] == needs, path


def test_remarks_are_few_each_once_and_the_telling_one_first() -> None:
    table = own(SMALL, tolerance=1e-300)
    table["numbers"] |= {"w1": 300.0}
    exercise = generate(question_from(table))
    said, shown = concerns(exercise), [*remarks(exercise)]
    assert len({*said}) == len(said) > 5
    assert len(shown) == 6
    assert "saturated" in shown[0]
    assert shown[-1] == f"And {len(said) - 5} more like these."
    assert any("learners may share" in one for one in said)
    assert not any("learners may share" in one for one in concerns(exercise, several=False))
    assert [*remarks(generate("loss"))] == []


DEEP = {"layers": [2, 2, 2, 1]}


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ("dE/dout_h1,1", "dE_total/dout_h1_1"),
        ("∂E/∂out_h₁,₂", "dE_total/dout_h1_2"),
        ("∂E/∂net_h₁,₁", "dE_total/dnet_h1_1"),
        ("out(h2,1)", "out_h2_1"),
        ("dE/dnet(h1, 2)", "dE_total/dnet_h1_2"),
        ("net_h1_2", "net_h1_2"),
        ("∂E / ∂w₁₀", "dE_total/dw10"),
        ("dE/dw_1", "dE_total/dw1"),
        ("w_12_new", ""),
        ("E", "E_total"),
    ],
)
def test_quantities_are_asked_for_as_pages_show_them(given: str, name: str) -> None:
    table = {"id": "mine", "asks": [given], "network": DEEP}
    if not name:
        with pytest.raises(BpkitError, match="w1 to w10"):
            question_from(table)
        return
    assert generate(question_from(table)).task.about["asks"] == [name]


@pytest.mark.parametrize(
    ("given", "layers", "near"),
    [
        ("dE/dout_h1", [2, 2, 2, 1], "did you mean 'dE/dout_h1_1' or 'dE/dout_h1_2'?"),
        ("delta_h1", [2, 2, 2, 1], "did you mean 'dE/dnet_h1_1' or 'dE/dnet_h1_2'?"),
        ("δ_h1,2", [2, 2, 2, 1], "did you mean 'dE/dnet_h1_2'?"),
        ("Delta_h1", [2, 2, 1], "did you mean 'dE/dnet_h1'?"),
        ("out_h2", [2, 2, 2, 1], "did you mean 'out_h2_1' or 'out_h2_2'?"),
        ("dE/dw99", [2, 2, 1], "; this network has w1 to w6"),
    ],
)
def test_a_refused_quantity_names_the_neurons(given: str, layers: list[int], near: str) -> None:
    with pytest.raises(BpkitError) as found:
        question_from({"id": "mine", "asks": [given], "network": {"layers": layers}})
    said = str(found.value)
    assert near in said
    deep = len(layers) == 4
    assert ("w1 to w10, b1 to b3" if deep else "w1 to w6, b1 and b2") in said
    assert f"and the neurons {'h1_1, h1_2, h2_1, h2_2, o1' if deep else 'h1, h2, o1'}" in said


def test_a_wide_network_names_some_of_its_neurons() -> None:
    with pytest.raises(BpkitError, match=r"the neurons h1, h2, .*, \.\., o1") as found:
        question_from({"id": "mine", "asks": ["x"], "network": {"layers": [2, 20, 1]}})
    assert len(str(found.value)) < 400


def test_an_answer_without_a_value_is_refused() -> None:
    with pytest.raises(BpkitError, match="larger or not defined"):
        drawn(SMALL, network={"layers": [1, 1], "activation": "log(z)"}, numbers={"w1": -0.5, "b1": 0.1, "x1": 0.9})


def test_a_place_without_a_derivative_is_refused() -> None:
    kink = {"w1": 0.5, "b1": -0.25, "x1": 0.5, "y1": 0.3}
    with pytest.raises(BpkitError, match="choose other numbers"):
        drawn(SMALL, text=None, network={"layers": [1, 1], "activation": "relu(z) + z"}, numbers=kink)


def test_digits_and_tolerance_decide_what_is_right() -> None:
    right = by_hand()["w1"]
    usual, wide = drawn(SMALL), drawn(SMALL, tolerance=0.1 * abs(right))
    assert usual.content.parts[0].tolerance == pytest.approx(half_of_last_digit(right, 4), rel=1e-6)
    near = right * 1.08
    assert not usual.check(near).accepted
    assert wide.check(near).accepted
    assert not wide.check(right * 1.11).accepted
    assert drawn(SMALL, digits=2).check(float(f"{right:.2g}")).accepted
    assert wide.content.parts[0].room == pytest.approx(0.1 * abs(right))


def half_of_last_digit(value: float, digits: int) -> float:
    return 0.5 * 10 ** (np.floor(np.log10(abs(value))) - digits + 1)


def test_a_narrow_tolerance_never_refuses_all_the_digits_asked() -> None:
    exercise = drawn(SMALL, tolerance=1e-12)
    assert exercise.check(f"{by_hand()['w1']:.4g}").accepted
    assert any("smaller than" in one for one in concerns(exercise))


MODELS = {
    "Dense": ([3], [{"block": "Dense", "size": 2, "activation": "tanh"}, {"block": "Dense", "units": 1}], "dE/dW1_1_1"),
    "Recurrent": ([3, 1], [{"block": "Recurrent", "size": 1}, {"block": "Dense", "size": 1}], "dE/dWh1_1_1"),
    "LSTM": ([2, 1], [{"block": "LSTM", "size": 1}, {"block": "Dense", "size": 1}], "E"),
    "Conv1d": ([5], [{"block": "Conv1d", "size": 2}, {"block": "MaxPool", "size": 2}], "dE/dk1_1"),
    "LayerNorm": ([2], [{"block": "Dense", "size": 3}, {"block": "LayerNorm"}], "dE/dnet_h1_1"),
    "Attention": ([2, 2], [{"block": "Attention", "size": 2}], "share_o1_2"),
    "Embedding": ([2], [{"block": "Embedding", "rows": 3, "columns": 1}, {"block": "Dense", "size": 1}], "E"),
    "Residual": ([2], [{"block": "Residual", "blocks": [{"block": "Dense", "size": 2}]}], "dE/dW1_1_1"),
}


@pytest.mark.parametrize("name", MODELS)
def test_models_of_blocks(name: str) -> None:
    shape, blocks, asked = MODELS[name]
    table = {"id": "mine", "asks": [asked], "network": {"model": [shape, *blocks]}}
    exercise = generate(question_from(table), seed=2)
    assert exercise.check(f"{exercise.answer:.4g}").accepted
    again = restore(json.loads(json.dumps(exercise.task.data(), allow_nan=False)))
    assert again.answer == exercise.answer
    assert again.question == exercise.question


def test_arrays_of_a_model_may_be_given_whole() -> None:
    table = {
        "id": "mine",
        "asks": ["out_o1"],
        "network": {"model": [2, {"block": "Dense", "size": 1}]},
        "numbers": {"W1": [[0.5], [0.25]], "b1": [0.1], "inputs": [0.2, 0.4]},
    }
    assert generate(question_from(table)).answer == pytest.approx(0.5 * 0.2 + 0.25 * 0.4 + 0.1)


FORMULAS = {
    "z / (1 + exp(-z))": lambda z: z / (1 + np.exp(-z)),
    "tanh(z)**2": lambda z: np.tanh(z) ** 2,
    "z*tanh(ln(1+e^z))": lambda z: z * np.tanh(np.log(1 + np.exp(z))),
    "relu(z) - 0.1*relu(-z)": lambda z: max(z, 0) - 0.1 * max(-z, 0),
    "sqrt(abs(z) + 1)": lambda z: np.sqrt(abs(z) + 1),
    "sigmoid(2*z)": lambda z: 1 / (1 + np.exp(-2 * z)),
}


@pytest.mark.parametrize("formula", FORMULAS)
def test_an_activation_may_be_a_formula(formula: str) -> None:
    network = {"layers": [1, 1], "bias": "none", "activation": formula, "loss": "(out - y)**4"}
    exercise = drawn(SMALL, asks=["out_o1", "E", "dE/dw1"], network=network, numbers={"w1": -0.8, "x1": 0.9, "y1": 0.3})
    f, h = FORMULAS[formula], 1e-6
    loss = lambda w: (f(w * 0.9) - 0.3) ** 4
    assert exercise.answer["a"] == pytest.approx(f(-0.72))
    assert exercise.answer["b"] == pytest.approx(loss(-0.8))
    assert exercise.answer["c"] == pytest.approx((loss(-0.8 + h) - loss(-0.8 - h)) / (2 * h), rel=1e-5)
    assert restore(json.loads(json.dumps(exercise.task.data()))).answer == exercise.answer


@pytest.mark.parametrize(
    "formula",
    [
        "__import__('os').system('touch ran')",
        "z.__class__",
        "exp(exp(z))",
        "e**(e**z)",
        "sigmoid(exp(z))",
        "((z**8)**8)**8",
        "z * ((1000**8)**8)**8",
        "9" * 300,
        "z if z else 0",
        "[z for z in z]",
        "y + z",
        "2",
        "z" + "+z" * 200,
    ],
)
def test_a_formula_that_could_harm_is_refused(formula: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(BpkitError, match="activation"):
        question_from(own(SMALL, network={"layers": [1, 1], "activation": formula}, numbers={}))
    assert not any(tmp_path.iterdir())


def test_batches_and_update_rules() -> None:
    network = {"layers": [2, 1], "activation": "identity", "bias": "none", "update": {"rule": "momentum", "beta": 0.5}}
    numbers = {
        "inputs": [[0.5, 0.1], [0.2, 0.9]],
        "targets": [[1.0], [0.3]],
        "w1": 0.4,
        "w2": -0.7,
        "learning_rate": 0.3,
    }
    numbers["v_w1"] = 0.2
    exercise = drawn(SMALL, text=None, asks=["dE/dw1", "w1_new"], network=network, numbers=numbers)
    x, y, w = np.array(numbers["inputs"]), np.array(numbers["targets"])[:, 0], np.array([0.4, -0.7])
    each = (x @ w - y) * x[:, 0]
    assert exercise.answer["a"] == pytest.approx(each.mean())
    assert exercise.answer["b"] == pytest.approx(0.4 - 0.3 * (0.5 * 0.2 + each.mean()))
    assert "takes the sum instead of the mean" in exercise.check(float(each.sum()), part="a").misconceptions
    whole = drawn(SMALL, text=None, network={**network, "batch": "sum"}, numbers=numbers)
    assert whole.answer == pytest.approx(each.sum())
    assert "takes the mean instead of the sum" in whole.check(float(each.mean())).misconceptions
    assert "Sample 2" in str(whole.solution)


@pytest.mark.parametrize("batch", ["mean", "sum"])
@pytest.mark.parametrize("rule", ["GradientDescent", "Momentum", "RMSProp", "Adam"])
def test_a_batch_is_proven_with_every_update_rule(rule: str, batch: str) -> None:
    network = {"layers": [2, 2, 1], "update": rule, "batch": batch}
    asks = ["E_total", "dE/dw1", "w5_new"]
    exercise = drawn(SMALL, text=None, asks=asks, network=network, numbers={"samples": 3})
    assert [part.proof().holds for part in exercise.content.parts] == [True] * 3
    new = exercise.problem.updated().parameters["w5"]
    assert exercise.answer["c"] == pytest.approx(new, rel=1e-12)


def test_so_many_samples_are_drawn() -> None:
    table = own(SMALL, text=None)
    table["numbers"] = {"samples": 3, "x1": 0.4}
    problem = generate(question_from(table)).problem
    assert problem.inputs.tolist() == [[0.4]] * 3
    assert len({*problem.targets[:, 0]}) > 1


CHOICE = 'text = "Which?"\noptions = ["the slope", "the weight", "the rate"]\nanswer = "the slope"'


def test_the_answer_to_a_choice_is_in_no_task() -> None:
    exercise = drawn(CHOICE, wrong={"the rate": "it is not there"})
    assert exercise.check(" The Slope ").verdict == "correct"
    said = exercise.check("the rate")
    assert said.verdict == "misconception"
    assert "it is not there" in said.message
    data = exercise.task.data()
    orders = {tuple(drawn(CHOICE, seed=seed).task.data()["about"]["own"]["options"]) for seed in range(30)}
    assert len(orders) == 6  # the place of the right answer tells nothing
    alone = restore(data)
    for option in ("the slope", "the rate"):
        assert alone.check(option).verdict == "by hand"
        assert "instructor" in alone.check(option).message
    assert alone.check("the slop").verdict == "unreadable"
    assert alone.check(None).verdict == "blank"
    assert "it is not there" not in json.dumps(data)
    full = restore(data, {"mine": {"answer": "the slope", "wrong": {"the rate": "it is not there"}}})
    assert full.check("the rate").message == said.message


def test_options_may_be_numbers() -> None:
    exercise = drawn(CHOICE, options=[0.5, 1, 2.5], answer=2.5)
    assert exercise.check(2.5).accepted
    assert exercise.check("2,5").accepted
    assert not exercise.check(1).accepted


def test_a_whole_number() -> None:
    exercise = drawn('text = "How many?"\nanswer = 26\nsolution = "$20 + 6$"', wrong={"20": "the biases count too"})
    assert exercise.check(26).accepted
    assert "the biases count too" in exercise.check("20").message
    assert "$20 + 6$" in str(exercise.solution)
    alone = restore(exercise.task.data())
    assert alone.check(26).verdict == alone.check(27).verdict == "by hand"
    assert alone.check(2.5).verdict == "unreadable"
    assert "20 + 6" not in str(alone.solution)


def test_a_choice_may_be_about_a_network_with_numbers() -> None:
    table = own(
        SMALL, asks=None, text="Is {net_h1} or {w1} larger, $x = {x1}$, $\\frac{a}{b_{c}}$?", options=["A", "B"]
    )
    exercise = generate(question_from({**table, "answer": "A"}))
    assert "Is $0.21$ or $0.3$ larger, $x = 0.7$, $\\frac{a}{b_{c}}$?" in exercise.question


# Whole sheets.


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    settings, folder = settings_file(SHEET), tmp_path_factory.mktemp("own")
    produce(
        plan("ada\nbob\n", 4, chosen(settings=settings), settings.difficulty, settings),
        folder,
        4,
        EDITIONS,
        jobs=1,
        variants=2,
    )
    return folder


def answered(made: Path, learner: str, answers: Mapping[str, Any], to: Path) -> Path:
    notebook = json.loads((made / f"learners/{learner}.ipynb").read_text(encoding="utf-8"))
    for cell in notebook["cells"]:
        about = cell["metadata"].get("bpkit", {})
        if about.get("kind") == "answer" and about["key"] in answers:
            cell["source"] = f'answers["{about["key"]}"] = {answers[about["key"]]!r}'
    path = to / f"{learner}.ipynb"
    path.write_text(json.dumps(notebook), encoding="utf-8")
    return path


def test_banks_say_the_title_of_the_sheet(made: Path) -> None:
    title = tomllib.loads(SHEET.read_text(encoding="utf-8"))["title"]
    quiz = ET.fromstring((made / "moodle/questions.xml").read_text(encoding="utf-8"))
    assert {info.findtext("text") for info in quiz.iter("info")} == {title}
    with zipfile.ZipFile(made / "canvas/questions.zip") as package:
        assert f'title="{title}"'.encode() in package.read("bpkit/bpkit.xml")


def test_a_sheet_is_marked_by_its_key_alone(made: Path, tmp_path: Path) -> None:
    key = read_key(made / "key")
    sheet = key.sheet("ada")
    assert (sheet.title, sheet.date) == ("Sheet 3: backpropagation", "due Friday 4 December, 18:00")
    right = {
        name: float(f"{part.right:.6g}") if isinstance(part, NumberPart) else part.answer
        for name, part in sheet.parts.items()
    }
    assert right["6"] == "the slope of o1"
    assert right["7"] == 26
    marked = mark_file(answered(made, "ada", right, tmp_path), key)
    assert not marked.problem
    assert marked.points == pytest.approx(4 + 3 + 2 + 1 + 1 + 1 + 1)
    wrong = mark_file(answered(made, "ada", right | {"6": "the learning rate", "7": 20, "1": 7.5}, tmp_path), key)
    assert wrong.points == pytest.approx(3 + 2 + 1 + 1)
    said = {mark.key: mark.feedback for mark in wrong.marks}
    assert "belongs to the update" in said["6"].message
    assert "biases count" in said["7"].message
    assert examine(tmp_path / "ada.ipynb", key).markable
    assert examine(tmp_path / "ada.ipynb").markable


def test_every_edition_says_the_same_points_title_and_date(made: Path) -> None:
    worth = json.loads((made / "key/key.json").read_text(encoding="utf-8"))["worth"]
    assert worth == [4, 3, 2, 1, 1, 1, 1]
    for name in ("learners/ada.ipynb", "nbgrader/source/backpropagation/exercises.ipynb", "solutions/ada.ipynb"):
        cells = json.loads((made / name).read_text(encoding="utf-8"))["cells"]
        assert cells[0]["source"].startswith("# Sheet 3: backpropagation")
        assert "due Friday 4 December, 18:00" in cells[0]["source"]
        headings = re.findall(
            r"^## \d+\. .*\((\d+) points?\)", "\n".join(cell["source"] for cell in cells), re.MULTILINE
        )
        assert [*map(float, headings)] == worth
    cells = json.loads((made / "nbgrader/source/backpropagation/exercises.ipynb").read_text())["cells"]
    graded = [cell["metadata"].get("nbgrader", {}) for cell in cells]
    assert [one["points"] for one in graded if one.get("grade") or one.get("task")] == worth
    assert [one["grade_id"] for one in graded if one.get("task")] == ["grade-6", "grade-7"]
    xml = (made / "moodle/questions.xml").read_text(encoding="utf-8")
    assert sum(map(float, re.findall(r"<defaultgrade>([\d.]+)", xml))) == pytest.approx(
        2 * sum(worth[:5]) + 3, abs=1e-3
    )
    assert "Sheet 3: backpropagation" in (made / "printable/sheets/ada.html").read_text(encoding="utf-8")


def test_no_learner_finds_the_typed_answers(made: Path) -> None:
    for path in (*made.glob("learners/*"), *made.glob("nbgrader/**/*.ipynb"), *made.glob("printable/sheets/*")):
        text = path.read_text(encoding="utf-8")
        assert "26" not in re.findall(
            r"(?<![\w.])26(?![\w.])", re.sub(r"data:image[^)\"]*|[MLQC][\d. -]+", "", text)
        ) or (path.suffix == ".html")
        for private in ("belongs to the update", "biases count", '\\"answer\\"', "6$ biases"):
            assert private not in text, (path, private)


def test_the_check_of_a_notebook_judges_numbers_and_leaves_typed_answers(made: Path) -> None:
    cells = json.loads((made / "learners/bob.ipynb").read_text(encoding="utf-8"))["cells"]
    setup = next(cell["source"] for cell in cells if "open_sheet" in cell["source"])
    space: dict[str, Any] = {}
    exec(setup, space)
    assert isinstance(space["check"], Checker)
    sheet = read_key(made / "key").sheet("bob")
    space["answers"] |= {"2b": sheet.parts["2b"].answer, "6": "the weight w5", "7": 26}
    assert space["check"]("2b").accepted
    assert space["check"]("6").verdict == space["check"]("7").verdict == "by hand"


@in_ci
@pytest.mark.filterwarnings("ignore:Object of type <Submitted:RuntimeWarning")  # SQLAlchemy's, about nbgrader's code
def test_nbgrader_leaves_typed_answers_to_be_marked_by_hand(
    made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    shutil.copytree(made / "nbgrader/source", tmp_path / "source")
    config = Config()
    config.CourseDirectory.root = str(tmp_path)
    config.CourseDirectory.db_url = f"sqlite:///{tmp_path / 'gradebook.db'}"
    api = NbGraderAPI(CourseDirectory(config=config), config=config)
    done = api.generate_assignment(NAME, create=True)
    assert done["success"], done["log"]
    notebook = json.loads((made / f"nbgrader/handout/ada/{NAME}/exercises.ipynb").read_text(encoding="utf-8"))
    sheet = read_key(made / "key").sheet("ada")
    for cell in notebook["cells"]:
        key = cell["metadata"].get("bpkit", {}).get("key")
        if key:
            cell["source"] = f'answers["{key}"] = {sheet.parts[key].answer!r}'
    folder = tmp_path / "submitted/ada" / NAME
    folder.mkdir(parents=True)
    (folder / "exercises.ipynb").write_text(json.dumps(notebook), encoding="utf-8")
    done = api.autograde(NAME, "ada", create=True)
    assert done["success"], done["log"]
    with Gradebook(config.CourseDirectory.db_url) as book:
        assert book.find_assignment(NAME).max_score == 13
        submission = book.find_submission(NAME, "ada")
        assert submission.score == 4 + 3 + 2 + 1 + 1
        assert submission.needs_manual_grade


def test_learners_have_numbers_of_their_own_and_share_what_has_none() -> None:
    settings = settings_file(SHEET)
    sheets = [make_sheet(("my-gradient", "how-many"), seed, settings=settings) for seed in range(6)]
    tasks = [[json.dumps(task) for task in sheet.data()["tasks"]] for sheet in sheets]
    assert len({one for one, _ in tasks}) == 6
    assert len({two for _, two in tasks}) == 1


def test_a_question_of_one_problem_is_shared_and_stops_no_class(tmp_path: Path) -> None:
    text = '[[question]]\nid = "mine"\n' + SMALL.replace("[network]", "[question.network]").replace(
        "[numbers]", "[question.numbers]"
    )
    settings = read_settings(text)
    done = produce(plan(5, 0, chosen(settings=settings), "medium", settings), tmp_path, 0, ["learner"], jobs=1)
    assert done.plan.redraws == ()


# What comes back may be anything.

HOSTILE: dict[str, Any] = {
    "own": 3,
    "own list": [],
    "title": {"title": 5},
    "no title": {},
    "long title": {"title": "x" * 10_000},
    "long text": {"title": "x", "text": "x" * 100_000},
    "digits": {"title": "x", "digits": 10**9},
    "tolerance": {"title": "x", "tolerance": -1},
    "nan": {"title": "x", "tolerance": float("nan")},
    "kind": {"title": "x", "kind": "code"},
    "options": {"title": "x", "kind": "choice", "options": ["a"] * 1000},
    "unknown": {"title": "x", "script": "x"},
    "place": {"title": "x", "text": "{secret}"},
    "no list": {"title": "x", "kind": "choice", "options": 3},
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_changed_definition_is_no_sheet(name: str) -> None:
    data = json.loads(json.dumps(drawn(SMALL).task.data()))
    data["about"]["own"] = HOSTILE[name]
    if name == "place":
        with pytest.raises(BpkitError, match=r"got \{secret\}"):
            open_sheet({"tasks": [data]}).check("1", 0.5)
        return
    with pytest.raises(BpkitError) as found:
        open_sheet({"tasks": [data]})
    assert len(str(found.value)) < 400


@pytest.mark.parametrize(
    "change",
    [
        {"functions": [["activation", "sigmoid2", "exp(exp(z))"]]},
        {"functions": [["activation", "f", "z"]] * 99},
        {"functions": [["os", "f", "z"]]},
        {"functions": "z"},
        {"functions": [["activation", "exp", "z"]]},
        {"asks": []},
        {"asks": ["dE/dw1"] * 500},
        {"asks": "x" * 100_000},
        {"asks": [{}]},
    ],
)
def test_changed_formulas_and_quantities_are_refused(change: Mapping[str, Any]) -> None:
    data = json.loads(json.dumps(drawn(SMALL).task.data()))
    data["about"] |= change
    with pytest.raises(BpkitError):
        open_sheet({"tasks": [data]})


def test_numbers_that_a_formula_cannot_bear_are_refused_at_once() -> None:
    table = own(SMALL, text=None, network={"layers": [1, 1, 1], "activation": "exp(z)"}, numbers={})
    data = json.loads(json.dumps(generate(question_from(table)).task.data()))
    data["problems"][0]["parameters"]["w1"] = 1e12
    with pytest.raises(BpkitError, match="larger or not defined"):
        task_from(data)


@pytest.mark.parametrize("points", [0, -1, "3", True, float("inf"), 10**9, [1]])
def test_points_of_a_task_have_bounds(points: Any) -> None:
    data = {**drawn(SMALL).task.data(), "points": points}
    with pytest.raises(BpkitError, match="points"):
        restore(data)


def test_points_scale_all_parts_of_a_bank_question() -> None:
    settings = read_settings(
        'questions = ["net-and-out", "network-by-hand"]\n[points]\nnet-and-out = 5\nnetwork-by-hand = 7'
    )
    sheet = make_sheet(settings.questions, settings=settings)
    assert [part.points for part in sheet[1].content.parts] == [2.5, 2.5]
    assert sheet[2].points == 7
    assert len({round(part.points, 9) for part in sheet[2].content.parts}) == 1
    again = open_sheet(json.loads(json.dumps(sheet.data())))
    assert [one.points for one in again] == [5, 7]


def test_a_sheet_shows_every_number_that_a_question_needs() -> None:
    """Beside a picture the samples of a batch, and without one whatever the text may have left out."""
    batch = {"layers": [2, 1]}
    numbers = {"inputs": [[0.5, 0.1], [0.2, 0.9]], "targets": [[0.8], [0.3]], "learning_rate": 0.3}
    pictured = drawn(SMALL, text="A batch.", network=batch, numbers=numbers)
    assert all(f"${value}$" in given(pictured) for value in (0.5, 0.1, 0.2, 0.9, 0.8, 0.3))
    assert given(pictured).count("$0.8$") == 1
    for text in (None, "With {w1}, {w2}, {x1}, {y1}."):
        alone = drawn(SMALL, text=text, picture=False)
        assert own_picture(alone) is beside(alone) is None
        assert all(f"${value}$" in given(alone) or f"= {value}$" in given(alone) for value in (0.3, -0.6, 0.7, 0.9))
