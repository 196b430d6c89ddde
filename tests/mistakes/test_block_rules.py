"""The mistakes that blocks bring, each against the same one in a plain NumPy program; and no crash for any model."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
import slipped_blocks as programs
from thorough import THOROUGH, many

import bpkit as bp
from bpkit import blocks
from bpkit.core.quantities import Role
from bpkit.mistakes.misconceptions import RULES, catalogue, catalogue_of_training
from bpkit.mistakes.variants import wrong_values

ONE, MEAN = "counts one use of a shared weight only", "takes the mean over the uses of a shared weight"
CUT, STATE = "cuts the way back through time", "takes the state of the same step"
TURNED, SHIFTED = "turns the kernel round", "shifts the kernel by one"
ROOT, AXIS, KEYS = (
    "forgets the root of the width",
    "takes the softmax over the wrong axis",
    "does not transpose the keys",
)
SLOPE, INPUT, PATH = "forgets the hidden slope", "leaves out the input factor", "follows only one path"
GATE, BACK = "forgets the slope of a gate", "does not transpose the weights backward"

CASES: dict[str, tuple[Callable[[int], Any], dict[str, str]]] = {
    "recurrent": (
        lambda seed: programs.Recurrent(seed),
        {
            "first use": ONE,
            "last use": ONE,
            "middle use": ONE,
            "mean of uses": MEAN,
            **dict.fromkeys(("first input", "last input"), "takes one input for all uses of a shared weight"),
            "cut": CUT,
            "same step": STATE,
            "no hidden slope": SLOPE,
            "no input": INPUT,
            "no bias": "leaves the bias out",
            "bias times input": "multiplies the bias derivative by the input",
            "times the weight": "takes the parameter for its own factor",
            "not transposed": BACK,
            "turned": "transposes the weights forward",
            "turned forward": "transposes the weights forward",
            "other bias": "takes another neuron's bias",
            "neighbour": "takes the neighbour's derivative",
        },
    ),
    "recurrent, every step": (
        lambda seed: programs.Recurrent(seed, every=True),
        {"cut": CUT, "same step": STATE, "first use": ONE, "mean of uses": MEAN, "later only": PATH},
    ),
    "recurrent, one neuron": (
        lambda seed: programs.Recurrent(seed, units=1),
        {"step twice": "multiplies by the weight of the step before once too often", "cut": CUT},
    ),
    "cells": (
        lambda seed: programs.Cells(seed),
        {
            **dict.fromkeys("ifog", GATE),
            "cut": CUT,
            "cut cell": "cuts the way back through the cell",
            "cut gates": "cuts the way back through the gates",
            "same step": STATE,
            "same cell": STATE,
            "squashed": "forgets the slope of the squashed cell",
            "no hidden slope": SLOPE,
        },
    ),
    "convolution": (
        lambda seed: programs.Convolution(seed),
        {
            "turned": TURNED,
            "turned forward": TURNED,
            "turned gradient": TURNED,
            "shifted": SHIFTED,
            "shifted back": SHIFTED,
            "shifted forward": SHIFTED,
            "shifted gradient": SHIFTED,
            "shifted gradient back": SHIFTED,
            "to all": "passes the slope of a maximum to all",
            "no hidden slope": SLOPE,
            "no input": INPUT,
            "first use": ONE,
            "last use": ONE,
            "mean of uses": MEAN,
        },
    ),
    "image": (
        lambda seed: programs.Image(seed),
        {
            "turned": TURNED,
            "to all": "passes the slope of a maximum to all",
            **{f"shifted {way} {where}": SHIFTED for way in ("forward", "gradient") for where in ("up", "right")},
            **{f"shifted {way} {where}": SHIFTED for way in ("forward", "gradient") for where in ("down", "left")},
        },
    ),
    "attention": (
        lambda seed: programs.Attention(seed),
        {
            "diagonal": "takes only the diagonal of the softmax slope",
            "no softmax": "forgets the slope of the softmax",
            "no softmax, no root": "forgets the slope of the softmax",
            "no root": ROOT,
            "no root forward": ROOT,
            "no root back": ROOT,
            **dict.fromkeys(("width", "width forward", "width back"), "divides the scores by the width"),
            "no sum": "leaves out the sum below a softmax",
            "own key": "takes a key for its own slope",
            **dict.fromkeys(("queries turned", "keys turned"), "takes the tokens in the wrong order on the way back"),
            "columns": AXIS,
            "columns forward": AXIS,
            "K": KEYS,
            "K forward": KEYS,
            "K back": KEYS,
            "no input": INPUT,
            "first use": ONE,
            "last use": ONE,
            "mean of uses": MEAN,
            "only q": PATH,
            "only k": PATH,
            "only v": PATH,
        },
    ),
    "attention of three": (
        lambda seed: programs.Attention(seed, 3, 3),
        {"diagonal": "takes only the diagonal of the softmax slope", "columns": AXIS, "K": KEYS, "no root": ROOT},
    ),
    "norm": (
        lambda seed: programs.Norm(seed),
        {
            "mean": "takes the mean for a constant",
            "spread": "takes the spread for a constant",
            "both": "takes mean and spread for constants",
            "no input": INPUT,
        },
    ),
    "residual": (
        lambda seed: programs.Past(seed),
        {
            "back": "forgets the way past the blocks",
            "throughout": "forgets the way past the blocks",
            "forward": "forgets the way past the blocks",
            "past only": PATH,
            "not transposed": BACK,
        },
    ),
    "table": (lambda seed: programs.Table(seed), {"all rows": "updates all rows of the table"}),
}


def cases() -> list[Any]:
    return [pytest.param(kind, slip, id=f"{kind}: {slip}") for kind, (_, slips) in CASES.items() for slip in slips]


@pytest.mark.parametrize("kind", CASES)
def test_the_plain_programs_are_right_without_a_slip(kind: str) -> None:
    program = CASES[kind][0](3)
    exact = bp.evaluate(program.problem)
    for quantity, number in program.values().items():
        assert np.isclose(exact[quantity], number, rtol=1e-9, atol=1e-12), quantity


@pytest.mark.parametrize(("kind", "slip"), cases())
def test_a_program_with_a_mistake_is_named(kind: str, slip: str) -> None:
    """Every number of the program is one that the mistake makes, and the detective says so."""
    make, names = CASES[kind]
    program, name = make(3), names[slip]
    exact, met = bp.evaluate(program.problem), 0
    for quantity, number in program.values(slip).items():
        if np.isclose(exact[quantity], number, rtol=1e-6, atol=1e-9):
            continue
        met += 1
        numbers = [value for one, value in wrong_values(program.problem, quantity).items() if one.name == name]
        assert np.isclose(numbers, number, rtol=1e-9, atol=1e-12).any(), (quantity, number, numbers)
        if abs(number) > 1e-9:
            found = bp.diagnose(program.problem, quantity, f"{number:#.8g}")
            assert name in [one.name for one in found.misconceptions], (quantity, found.message)
    assert met


MODELS = {
    "layers": bp.Model(3, blocks.Dense(4, "relu"), blocks.Dense(2, "sigmoid")),
    "a layer at each step": bp.Model(
        (2, 2), blocks.Dense(2, "sigmoid"), blocks.Dense(3, "softmax"), loss="cross_entropy"
    ),
    "every step": bp.Model((3, 2), blocks.Recurrent(2, steps="all"), blocks.Dense(1)),
    "recurrence alone": bp.Model((3, 1), blocks.Recurrent(2)),
    "two recurrences": bp.Model((2, 1), blocks.Recurrent(2, steps="all"), blocks.Recurrent(1), blocks.Dense(1)),
    "cells": bp.Model((2, 1), blocks.LSTM(2, steps="all"), blocks.LSTM(1), blocks.Dense(1)),
    "cells alone": bp.Model((2, 1), blocks.LSTM(1)),
    "convolution": bp.Model((6,), blocks.Conv1d(3, "tanh"), blocks.MaxPool(2), blocks.Dense(1)),
    "two kernels": bp.Model((6,), blocks.Conv1d(2, "relu"), blocks.Conv1d(2), blocks.Dense(1)),
    "image": bp.Model((4, 4), blocks.Conv2d(2, "tanh"), blocks.Conv2d(2), blocks.MaxPool(2), blocks.Dense(1)),
    "windows alone": bp.Model((4,), blocks.MaxPool(2)),
    "norm": bp.Model(2, blocks.Dense(3), blocks.LayerNorm(), blocks.Dense(2)),
    "norm of steps": bp.Model((2, 2), blocks.LayerNorm()),
    "residual": bp.Model(2, blocks.Residual(blocks.Dense(2, "tanh"), blocks.Dense(2)), blocks.Dense(1)),
    "table": bp.Model(
        (3,), blocks.Embedding(3, 2), blocks.Recurrent(1), blocks.Dense(1, "sigmoid"), loss="binary_cross_entropy"
    ),
    "attention": bp.Model((2, 2), blocks.Attention(2)),
    "attention of one number": bp.Model((3, 1), blocks.Attention(1), blocks.Dense(1)),
    "transformer": bp.Model(
        (2,),
        blocks.Embedding(3, 2),
        blocks.Residual(blocks.Attention(2)),
        blocks.LayerNorm(),
        blocks.Residual(blocks.Dense(2, "relu"), blocks.Dense(2)),
        blocks.Dense(3, "softmax"),
        loss="cross_entropy",
    ),
}


def drawn(model: bp.Model, seed: int = 0, **more: Any) -> bp.Problem:
    """A problem with numbers for everything."""
    rng = np.random.default_rng(seed)
    inputs = rng.uniform(-1.5, 1.5, model.input_shape)
    if model.vocabulary:
        inputs = rng.integers(0, max(model.vocabulary.values()), model.input_shape)
    targets = rng.uniform(0.1, 0.9, model.output_shape)
    if model.loss.name == "cross_entropy":
        targets /= targets.sum(axis=-1, keepdims=True)
    parameters = {name: float(rng.normal()) for name in model.parameters}
    return bp.Problem(model, parameters, inputs, targets, 0.3, **more)


@pytest.mark.parametrize("name", MODELS)
def test_every_quantity_of_every_model_can_be_asked(name: str) -> None:
    problem = drawn(MODELS[name])
    lines = problem.derivation
    assert catalogue(bp.derive(MODELS[name]))
    assert catalogue_of_training(lines)
    exact = bp.evaluate(problem)
    quantities = [*(step.name for step in lines), *(f"dE/d{x}" for x in MODELS[name].inputs)]
    for place, quantity in enumerate(quantities[:: len(quantities) // many(6, 25) or 1]):
        numbers = wrong_values(problem, quantity)
        assert all(np.isfinite(number) for number in numbers.values())
        if place % 3 == 0:
            assert bp.diagnose(problem, quantity, "0.12345").message.startswith(("Right", "So far right", "Not right"))
            assert bp.diagnose(problem, quantity, f"{exact[quantity]:.8g}").verdict in ("correct", "few_digits")


@pytest.mark.parametrize(("name", "adam"), [("every step", 0), ("cells", 1), ("image", 0), ("transformer", 1)])
def test_updates_and_pairs_of_models_can_be_asked(name: str, adam: int) -> None:
    both: tuple[dict[str, Any], ...] = {}, {"update": bp.updates.Adam()}
    for more in both if THOROUGH else both[adam : adam + 1]:
        problem = drawn(MODELS[name], **more)
        for quantity in ("E_total after 2 updates", f"{MODELS[name].parameters[0]}_new"):
            assert bp.diagnose(problem, quantity, "1.234567").verdict in ("unknown", "misconception")


def random_numbers(digits: int, seed: int, each: int, numbers: int) -> Iterator[tuple[bp.Problem, str, str]]:
    """Numbers near the truth that no mistake made, several for one derivative or forward value of many problems."""
    rng = np.random.default_rng(seed)
    worked = [getattr(bp.examples, name).problem for name in ("rnn", "convolution", "attention", "adam_step")]
    drawn_ones = [make(seed).problem for make, _ in CASES.values()]
    for problem in (*worked, *drawn_ones):
        exact = bp.evaluate(problem)
        asked = [
            s.name for s in problem.derivation if s.role in (Role.GRADIENT, Role.ADJOINT, Role.UPDATE, Role.FORWARD)
        ]
        asked = [name for name in asked if abs(float(exact[name])) > 1e-6]
        for quantity in np.repeat(rng.choice(asked, -(-each // numbers)), numbers):
            value = float(exact[quantity]) * np.exp(rng.uniform(-2, 2)) * rng.choice([-1, 1])
            if abs(value / exact[quantity] - 1) > 0.005:
                yield problem, str(quantity), f"{value:.{digits}g}"


@pytest.mark.parametrize("digits", [4, 5])
def test_a_random_number_gets_hardly_a_sure_name(digits: int) -> None:
    found = [bp.diagnose(*one) for one in random_numbers(digits, 5, 9, 1 if THOROUGH else 3)]
    sure = [one.message for one in found if one.verdict == "misconception" and one.sure]
    named = [one for one in found if one.verdict == "misconception"]
    assert len(found) > 100
    assert len(sure) <= 0.01 * len(found), sure
    assert len(named) <= 0.1 * len(found)


@pytest.mark.parametrize("kind", CASES)
def test_a_sure_name_is_the_mistake(kind: str) -> None:
    make, slips = CASES[kind]
    program, sure = make(4), 0
    exact = bp.evaluate(program.problem)
    for slip, name in slips.items():
        for place, (quantity, number) in enumerate(program.values(slip).items()):
            if place % 3 or abs(number - exact[quantity]) <= 1e-3 * abs(exact[quantity]):
                continue
            for digits in (4, 5, 7):
                found = bp.diagnose(program.problem, quantity, f"{number:.{digits}g}")
                if found.verdict == "misconception" and found.sure:
                    sure += 1
                    assert name in [one.name for one in found.misconceptions], (slip, quantity, found.message)
    assert sure


def test_the_other_share_of_a_row_is_named_before_a_slip_that_leads_there_too() -> None:
    given = bp.examples.attention.problem.replace(x2_1=-1)
    values = bp.evaluate(given)
    found = bp.diagnose(given, "share_o1_2", f"{values['share_o1_1']:.5f}")
    assert found.message.startswith("Not right: 0.19557 is share(o1,1), and the question asks for share(o1,2).")
    assert "You also get it if you leave out a term" in found.message
    assert not found.sure
    moved = given.replace(x2_1=-0.5)  # where only a pair of slips leads there too
    found = bp.diagnose(moved, "share_o1_2", f"{bp.evaluate(moved)['share_o1_1']:.5f}")
    assert found.message == "Not right: 0.25718 is share(o1,1), and the question asks for share(o1,2)."
    other = bp.diagnose(given, "share_o1_2", f"{values['share_o2_1']:.5f}")  # that of another row
    assert "the question asks for" not in other.message


def test_names_of_the_blocks_are_labels_and_their_words_hold_for_every_model() -> None:
    """No number and no weight's name stands in them, and each speaks to you."""
    for one in RULES:
        words = f"{one.name} {one.you} {one.sentence}"
        assert one.name[0].islower()
        assert not re.search(r"\bW[a-z]?\d|\bk\d|\w_\w", words), words
    for model in MODELS.values():
        for one in catalogue(model):
            said, words = f"{one.you} {one.sentence}", one.detail.split()
            assert not re.search(r": |\.$|\b(if|as|when|that) one\b|\b(some|every|no|any)body\b", said), one
            assert not any(" ".join(words[i : i + 3]) in said for i in range(len(words) - 2)), (one.you, one.detail)
            assert len(one.detail) <= 80, one.detail
            assert len(one.sentence) <= 120, one.sentence


def test_verdicts_of_models_are_sentences() -> None:
    for name in ("cells", "image", "transformer", "every step"):
        problem, rng = drawn(MODELS[name]), np.random.default_rng(2)
        steps = [step.name for step in problem.derivation if step.role is not Role.SLOPE]
        for quantity in rng.choice(steps, 8, replace=False):
            numbers = [*wrong_values(problem, str(quantity)).values()]
            for number in [0.7, *numbers[:: max(1, len(numbers) // 4)]]:
                found = bp.diagnose(problem, str(quantity), f"{number:.6g}")
                assert found.message.endswith((".", "?")), found.message
                assert not re.search(r"\.\.|  |\( | \)|\bNone\b|\bnan\b|\w_\w|d[EA-Z]\w*/d", found.message), (
                    found.message
                )
                assert len(re.findall(r"[.?](?= [A-Z]|$)", found.message)) <= 3, found.message


@pytest.mark.parametrize(
    ("kind", "slip"), [("recurrent, every step", "cut"), ("attention", "diagonal"), ("norm", "both")]
)
def test_check_gradient_names_the_mistake_of_an_array(kind: str, slip: str) -> None:
    make, slips = CASES[kind]
    program = make(3)
    gradient = {
        name.removeprefix("dE/d"): number for name, number in program.values(slip).items() if "dE/dout" not in name
    }
    found = bp.check_gradient(program.problem, gradient=gradient)
    assert not found.passed
    names = {one.name for row in found.diagnoses.values() for one in row.misconceptions}
    assert slips[slip] in names
    (you,) = {one.you for one in catalogue(program.problem) if one.name == slips[slip]}
    assert any(you in said for said in found.sayings), found.sayings


def test_a_right_number_from_rounded_ones_is_right() -> None:
    """Scores, shares and what is mixed, each kept to four decimals."""
    program = programs.Attention(3)
    q, k, v = (np.round(program.x @ program.W[letter], 4) for letter in "qkv")
    scores = np.round(q @ k.T / np.sqrt(2), 4)
    shares = np.round(np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True), 4)
    mixed = shares @ v
    exact = bp.evaluate(program.problem)["out_o1_1"]
    assert abs(mixed[0, 0] - exact) > 1e-6
    found = bp.diagnose(program.problem, "out_o1_1", f"{mixed[0, 0]:.6f}")
    assert found.verdict == "rounded", found.message
    assert bp.diagnose(program.problem, "out_o1_1", f"{mixed[0, 0]:.3g}", digits=3).verdict == "correct"


def test_a_right_step_from_a_wrong_state_is_no_new_mistake() -> None:
    program = programs.Recurrent(3)
    state = 0.4321
    V, c = program.V[:, 0], program.c[0]
    exact = bp.evaluate(program.problem)
    out = state * V[0] + exact["out_h1_3_2"] * V[1] + c
    found = bp.diagnose(program.problem, "out_o1", f"{out:.9g}", {"out_h1_3_1": "0.4321"})
    assert found.verdict == "correct"
    assert found.carried == ("out_h1_3_1",)


def test_a_window_compares_and_rounds_nothing() -> None:
    """The largest of a window is a copy: rounding it moves no derivative by more than a trifle."""
    program = programs.Convolution(4)
    wrong = program.values("shifted")["dE/dk1_1"]
    exact = bp.evaluate(program.problem)["dE/dk1_1"]
    assert 0.001 < abs(wrong / exact - 1) < 0.003
    assert bp.diagnose(program.problem, "dE/dk1_1", f"{wrong:.6g}").verdict == "misconception"


def test_a_run_of_a_model_whose_loss_grows_is_told() -> None:
    program = programs.Recurrent(3, every=True)
    problem = program.problem.replace(learning_rate=3.0)
    found = bp.diagnose(problem, "E_total after 4 updates", "0.5")
    assert "The learning rate is too large: the loss grows." in found.message


def test_mistakes_of_the_update_are_named_for_every_parameter() -> None:
    for name in ("every step", "image", "transformer"):
        problem = drawn(MODELS[name])
        exact = bp.evaluate(problem)
        for parameter in MODELS[name].parameters[::5]:
            old, slope = problem.parameters[parameter], float(exact[f"dE/d{parameter}"])
            if abs(slope) < 1e-3:
                continue
            for number, what in (
                (old + 0.3 * slope, "adds the gradient"),
                (old - slope, "forgets the learning rate"),
                (old - 0.09 * slope, "multiplies by the learning rate twice"),
                (slope, "gives the derivative instead of the new value"),
            ):
                found = bp.diagnose(problem, f"{parameter}_new", f"{number:#.9g}")
                assert what in [one.name for one in found.misconceptions], (parameter, what, found.message)


@pytest.mark.parametrize("batch", ["mean", "sum", "each"])
def test_batches_of_sequences_can_be_asked(batch: str) -> None:
    """Of three sequences the last one's gradient alone, or their sum for the mean."""
    rng = np.random.default_rng(1)
    x, y = rng.uniform(-1, 1, (3, 3, 1)), rng.uniform(-1, 1, (3, 1))
    program = programs.Recurrent(1)
    each = []
    for one, wanted in zip(x, y, strict=True):
        program.x, program.y = one, wanted[None]
        each.append(program.values()["dE/dWh1_1_2"])
    problem = program.problem.replace(inputs=x, targets=y, batch=batch)
    mistaken = sum(each) / (3 if batch == "sum" else 1)
    name = "takes the mean instead of the sum" if batch == "sum" else "takes the sum instead of the mean"
    found = bp.diagnose(problem, "dE/dWh1_1_2", f"{mistaken:.9g}")
    assert name in [one.name for one in found.misconceptions], found.message


def test_the_worked_step_of_adam_names_its_mistakes() -> None:
    """Plain arithmetic of the first two updates, with an epsilon that shows in the digits."""
    problem = bp.examples.adam_step.problem
    slope = float(bp.evaluate(problem)["dE/dw1"])
    m, v, old, rate, epsilon = 0.1 * slope, 0.001 * slope**2, problem.parameters["w1"], problem.learning_rate, 0.01
    problem = problem.replace(update=bp.updates.Adam(epsilon=epsilon))
    for number, name in (
        (old - rate * m / (np.sqrt(v) + epsilon), "leaves out the correction of the running means"),
        (old - rate * slope / np.sqrt(slope**2 + epsilon), "puts ε inside the root"),
    ):
        found = bp.diagnose(problem, "w1_new", f"{number:.8g}")
        assert name in [one.name for one in found.misconceptions], (name, found.message)
    later = problem.updated(1)
    state, t = later.state, 2
    g = float(bp.evaluate(later)["dE/dw1"])
    m, v = 0.9 * state["m_w1"] + 0.1 * g, 0.999 * state["v_w1"] + 0.001 * g**2
    early = later.parameters["w1"] - rate * (m / (1 - 0.9 ** (t - 1))) / (np.sqrt(v / (1 - 0.999 ** (t - 1))) + epsilon)
    found = bp.diagnose(later, "w1_new", f"{early:.9g}")
    assert "counts the updates from zero" in [one.name for one in found.misconceptions], found.message


def test_a_cell_has_a_slope_for_each_gate() -> None:
    """The rule of the hidden slope takes all gates together, that of gates one at a time."""
    details = [one.detail for one in catalogue(MODELS["cells alone"]) if one.name == GATE]
    assert details == [f"that of the {gate}" for gate in ("input gate", "forget gate", "output gate", "candidate")]
    assert not [one for one in catalogue(MODELS["recurrence alone"]) if one.name == GATE]
