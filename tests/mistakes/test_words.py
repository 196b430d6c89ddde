"""What a verdict says, over many verdicts: whole sentences, to the learner, opened by right or wrong."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

import numpy as np
import pytest
from wrong_programs import random_numbers

import bpkit as bp
from bpkit.apps.verdicts import LOOKS, settled, verdict_html, verdict_words
from bpkit.core.spelling import typeset
from bpkit.mistakes.misconceptions import catalogue, catalogue_of_training
from bpkit.mistakes.variants import wrong_values
from bpkit.mistakes.verdict import Diagnosis

ARTICLE, MAZUR = bp.examples.article.problem, bp.examples.mazur.problem
DEEP = bp.Network(2, 2, 2, 1, activation=["relu", "leaky_relu", "sigmoid"], loss="binary_cross_entropy", bias="neuron")
SOFT = bp.Network(2, 3, 3, activation=["tanh", "softmax"], loss="cross_entropy")
ASKED = ("net_o1", "out_o1", "E_total", "dE/dnet_o1", "dE/dw1", "w1_new", "E_total after 1 update")
OPENINGS = ("Right", "So far right", "Not right")
BROKEN = (r"\bone (forgets|takes|adds|leaves|uses|swaps|gives|keeps|passes|follows)", r", \.", r"\?\.", r"\.\.", r"  ",
          r"\( ", r" \)", r": \w[^.;(]*: ", r"\w_\w", r"\bNone\b", r"\bnan\b", r"d[EA-Z]\w*/d", r"[ (]-\d", r"; ;",
          r"\bin place of\b", r"\bby dE", r"catalogue", r"\bthe learner\b")  # fmt: skip


def texts(problem: bp.Problem, quantity: str, rng: np.random.Generator) -> Iterator[str]:
    """Right, nearly right, each mistake, and anything, in few digits and in many."""
    numbers = [*list(wrong_values(problem, quantity).values())[:: rng.integers(6, 12)], rng.normal(), 0.0]
    exact = float(np.mean(bp.evaluate(problem)[quantity])) if "after" not in quantity else 0.3
    for number in [*numbers, exact, exact * 1.0003, -exact, 10 * exact, 1.7 * exact]:
        for digits in rng.choice([1, 2, 3, 5, 8], 2, replace=False):
            yield f"{number:.{digits}g}"


@cache
def verdicts() -> tuple[Diagnosis, ...]:
    rng = np.random.default_rng(6)
    problems = [ARTICLE, MAZUR, *(random_numbers(rng).problem() for _ in range(1))]
    for network in (DEEP, SOFT):
        parameters = {name: float(rng.uniform(-1, 1)) for name in network.parameters}
        outputs = len(network.outputs)
        problems.append(bp.Problem(network, parameters, [0.3, 0.8], [1.0 / outputs] * outputs))
    found = []
    for problem in problems:
        bias = next(iter(problem.network.biases))
        for quantity in (*ASKED, f"dE/d{bias}"):
            for text in texts(problem, quantity, rng):
                found.append(bp.diagnose(problem, quantity, text))
                if quantity == "dE/dw1":
                    found.append(bp.diagnose(problem, quantity, text, digits=4))
                    found.append(bp.diagnose(problem, quantity, text, {"out_o1": "0.7", "net_o1": -0.31}))
    return tuple(found)


def test_every_verdict_is_met() -> None:
    assert {one.verdict for one in verdicts()} == set(LOOKS)
    assert len(verdicts()) > 600


@pytest.mark.parametrize("pattern", BROKEN)
def test_no_message_is_broken_or_in_a_programmers_voice(pattern: str) -> None:
    for one in verdicts():
        assert not re.search(pattern, one.message), one.message


def test_messages_open_with_right_or_wrong_and_have_three_sentences_at_most() -> None:
    for one in verdicts():
        assert one.message.startswith(OPENINGS), one.message
        assert one.message.startswith("Not right") == (one.verdict in ("misconception", "unknown")), one.message
        assert one.message.endswith((".", "?")), one.message
        assert one.message.count("(") == one.message.count(")"), one.message
        assert len(re.findall(r"[.?](?= [A-Z]|$)", one.message)) <= 3, one.message


def test_every_explanation_has_its_own_line() -> None:
    for one in verdicts():
        for explained in one.misconceptions:
            assert explained.where.startswith(f"Line ({explained.step.number}) should be")
            assert explained.look in one.message or len(one.misconceptions) > 1 or one.verdict != "misconception"
            if len(one.misconceptions) > 1:
                assert explained.where in repr(one)
        if one.verdict == "misconception" and len({m.name for m in one.misconceptions}) > 1:
            assert not one.sure


def test_no_digits_are_asked_for_that_do_not_exist() -> None:
    for one in verdicts():
        if one.verdict == "misconception" and one.misconceptions[0].value == one.figure.value != 0:
            assert "more digits" not in one.message


def test_names_are_labels_and_sentences_speak_to_you() -> None:
    for network in (ARTICLE.network, DEEP, SOFT):
        for one in (*catalogue(network), *catalogue_of_training(network)):
            assert one.name[0].islower()
            assert "in place of" not in one.name + one.sentence + one.detail
            assert "passes net on" not in one.name
            assert not re.search(r"\b(if|as|when|that) one\b", f"{one.you} {one.sentence}"), one
            assert one.you[0].islower()
            assert not one.you.endswith(".")
            assert not one.sentence.endswith(".")
            assert ": " not in one.sentence


@pytest.mark.parametrize(
    ("name", "read"),
    [
        ("dE_total/dw5", "∂E/∂w₅"),
        ("dE_o1/dnet_o1", "∂E(o1)/∂net(o1)"),
        ("w10_new", "new w₁₀"),
        ("b_h1_2_new", "new b(h1,2)"),
        ("E_total after 2 updates", "E after 2 updates"),
        ("w1 - learning_rate · dE_total/dw1", "w₁ − η · ∂E/∂w₁"),
        ("exp(-net_h1_1)", "exp(−net(h1,1))"),
        ("-0.25 and 1e-7", "−0.25 and 1e-7"),
        ("x1 · (1 - out_h1_2)", "x₁ · (1 − out(h1,2))"),
    ],
)
def test_quantities_as_people_read_them(name: str, read: str) -> None:
    assert typeset(name, bp.derive(DEEP).quantities) == read


def test_a_number_typed_as_a_formula_is_told_by_its_value() -> None:
    found = bp.diagnose(ARTICLE, "dE/dw5", "dE/dw5 = 2*0.0851429384315719")
    assert found.message.startswith("Not right: you get 0.170286 if you double the slope of the loss")
    assert bp.diagnose(ARTICLE, "dE/dw5", "-0.0851429").message.startswith("Not right: you get −0.0851429 if")


def test_a_box_shows_few_digits_as_neither_right_nor_wrong() -> None:
    app = bp.apps.ask(ARTICLE, "net_o1")
    app.number.value = "0.8"
    found = app.state.found
    assert found.verdict == "few_digits"
    assert not app.state.opened
    assert not settled(found)
    assert "≈" in verdict_html(found)
    assert verdict_words(found) == "So far right; one more digit, please."
    app.number.value = f"{bp.evaluate(ARTICLE)['net_o1']:.6f}"
    assert app.state.opened
