"""What a verdict says, over many verdicts: whole sentences, to the learner, opened by right or wrong."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

import numpy as np
import pytest
from thorough import EVERYTHING, THOROUGH
from wrong_programs import random_numbers

import bpkit as bp
from bpkit.apps.verdicts import settled, verdict_words
from bpkit.core.spelling import typeset
from bpkit.mistakes.misconceptions import PROCEDURES, catalogue, catalogue_of_training
from bpkit.mistakes.variants import wrong_values
from bpkit.mistakes.verdict import Diagnosis

ARTICLE, MAZUR = bp.examples.article.problem, bp.examples.mazur.problem
DEEP = bp.Network(2, 2, 2, 1, activation=["relu", "leaky_relu", "sigmoid"], loss="binary_cross_entropy", bias="neuron")
SOFT = bp.Network(2, 3, 3, activation=["tanh", "softmax"], loss="cross_entropy")
DEAD = bp.Network(2, 3, 1, activation=["relu", "sigmoid"], loss="binary_cross_entropy", bias="neuron")
BATCHED = bp.Network(2, 2, 2, bias="neuron")
ASKED = ("net_o1", "out_o1", "E_total", "dE/dnet_o1", "dE/dw1", "w1_new", "E_total after 1 update")
OPENINGS = ("Right", "So far right", "Nearly right", "Not right", "Too few digits")
BROKEN = (r"\bone (forgets|takes|adds|leaves|uses|swaps|gives|keeps|passes|follows)", r", \.", r"\?\.", r"\.\.", r"  ",
          r"\( ", r" \)", r": \w[^.;(]*: ", r"\w_\w", r"\bNone\b", r"\bnan\b", r"d[EA-Z]\w*/d", r"[ (]-\d", r"; ;",
          r"\bin place of\b", r"\bby dE", r"catalogue", r"\bthe learner\b",
          r"\) \(", r"\(with respect to", r"(?<!on the way )forward only", r"10\^", r"\bby (another|\d+ other) mistake",
          r"\bby ∂", r"cut off to", r"\b(some|every|no|any)body\b", r"\bare asked\b")  # fmt: skip
TYPE_MORE = "Type more digits"


def texts(problem: bp.Problem, quantity: str, rng: np.random.Generator) -> Iterator[str]:
    """Right, nearly right, each mistake, and anything, in few digits and in many."""
    numbers = [*list(wrong_values(problem, quantity).values())[:: rng.integers(6, 12)], rng.normal(), 0.0]
    exact = float(np.mean(bp.evaluate(problem)[quantity])) if "after" not in quantity else 0.3
    for number in [*numbers, exact, exact * 1.0003, -exact, 10 * exact, 1.7 * exact]:
        for digits in rng.choice([1, 2, 3, 5, 8], 2, replace=False):
            yield f"{number:.{digits}g}"


def remembering() -> Iterator[bp.Problem]:
    """Batches and update rules, whose mistakes have words of their own."""
    parameters = {name: 0.1 * (1 + i) * (-1) ** i for i, name in enumerate(BATCHED.parameters)}
    rows, wanted = [[0.6, -0.4], [0.1, 0.9], [-0.5, 0.2]], [[1, 0], [0, 1], [1, 1]]
    for batch in ("mean", "sum"):
        yield bp.Problem(BATCHED, parameters, rows, wanted, batch=batch)
    for rule in (bp.updates.Adam(), bp.updates.Momentum(0.9)):
        yield bp.Problem(BATCHED, parameters, rows[0], wanted[0], 0.1, update=rule)


@cache
def verdicts() -> tuple[Diagnosis, ...]:
    if not EVERYTHING:
        pytest.skip("asks for hundreds of verdicts: in CI, or with BPKIT_THOROUGH=1")
    rng = np.random.default_rng(6)
    problems = [ARTICLE, MAZUR, *(random_numbers(rng).problem() for _ in range(1))]
    for network in (DEEP, SOFT, DEAD):
        parameters = {name: float(rng.uniform(-1, 1)) for name in network.parameters}
        outputs = len(network.outputs)
        problems.append(bp.Problem(network, parameters, [0.3, 0.8], [1.0 / outputs] * outputs))
    found = []
    for turn, problem in enumerate(problems):
        bias = next(iter(problem.network.biases))
        every = (*ASKED, f"dE/d{bias}")
        for quantity in every if THOROUGH else {"dE/dw1": 0, **dict.fromkeys(every[turn % 2 :: 2])}:
            for text in texts(problem, quantity, rng):
                found.append(bp.diagnose(problem, quantity, text))
                if quantity == "dE/dw1":
                    found.append(bp.diagnose(problem, quantity, text, digits=4))
                    found.append(bp.diagnose(problem, quantity, text, {"out_o1": "0.7", "net_o1": -0.31}))
                    found.append(bp.diagnose(problem, quantity, text, {"out_o1": "0.999"}, digits=3))
                    found.append(bp.diagnose(problem, quantity, text, {"out_o1": "1"}, digits=3))
    every = ("E_total", "dE/dw1", "dE/db_o1", "E_total after 2 updates", "w1_new")
    for turn, problem in enumerate(remembering()):  # what a rule does shows in the last two of them
        for quantity in every if THOROUGH else every[3:] if turn > 1 else every[turn::2]:
            found += [bp.diagnose(problem, quantity, text) for text in texts(problem, quantity, rng)]
    return tuple(found)


def test_every_verdict_is_met() -> None:
    assert {one.verdict for one in verdicts()} == {"correct", "rounded", "few_digits", "misconception", "unknown"}
    assert len(verdicts()) > 600


@pytest.mark.parametrize("pattern", BROKEN)
def test_no_message_is_broken_or_in_a_programmers_voice(pattern: str) -> None:
    for one in verdicts():
        assert not re.search(pattern, one.message), one.message


def test_messages_open_with_right_or_wrong_and_have_three_sentences_at_most() -> None:
    for one in verdicts():
        assert one.message.startswith(OPENINGS), one.message
        wrong = one.message.startswith(("Not right", "Nearly right"))
        assert wrong == (one.verdict in ("misconception", "unknown")), one.message
        assert one.message.endswith((".", "?")), one.message
        assert one.message.count("(") == one.message.count(")"), one.message
        assert len(re.findall(r"[.?](?= [A-Z]| [ho]\d|$)", one.message)) <= 3, one.message


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
        ("-0.25 and 1e-7", "−0.25 and 10⁻⁷"),
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
    assert verdict_words(found) == "Too few digits to tell. Type at least 3 digits."
    app.number.value = f"{bp.evaluate(ARTICLE)['net_o1']:.6f}"
    assert app.state.opened


def test_the_heading_shows_a_number_as_sentences_do() -> None:
    for typed, heading in (("-0.0851429", "∂E/∂w₅ = −0.0851429"), ("dE/dw5 = 2*0.0425714", "∂E/∂w₅ = 0.0851428")):
        assert repr(bp.diagnose(ARTICLE, "dE/dw5", typed)).startswith(f"{heading}: ")
    for one in verdicts():
        heading, _, _ = repr(one).partition("\n")
        assert not re.search(r"\w_\w|[ (]-\d|d[EA-Z]\w*/d", heading), heading
        assert heading.removesuffix(":") in one._repr_html_().replace("&amp;", "&"), heading


def test_no_more_digits_are_asked_for_than_the_question_judges() -> None:
    guessed = 0
    for number in ("-0.038979", *(f"{number:.6g}" for number in wrong_values(ARTICLE, "dE/dw8").values())):
        said = bp.diagnose(ARTICLE, "dE/dw8", number, {"out_o1": "0.7"}, digits=3).message
        guessed += "I can only guess" in said
        assert TYPE_MORE not in said, said
    assert guessed


def test_a_zero_is_asked_for_digits_and_a_small_number_for_a_power_of_ten() -> None:
    assert bp.diagnose(ARTICLE, "w1_new", "0").message.endswith("Type at least 5 digits.")
    small = ARTICLE.replace(x1=1e-6)
    assert bp.diagnose(small, "dE/dw1", "0").message.endswith("Type it like 8.5e-5.")


def test_the_words_of_a_rule_do_not_repeat_each_other() -> None:
    """Where it happens says nothing that "you .." has said, and is no telegram."""
    problems = [ARTICLE, MAZUR, *remembering()]
    networks = [problem.derivation for problem in problems] + [bp.derive(one) for one in (DEEP, SOFT, DEAD)]
    for lines in networks:
        for one in (*catalogue(lines), *catalogue_of_training(lines)):
            words = one.detail.split()
            threes = {" ".join(words[i : i + 3]) for i in range(len(words) - 2)}
            assert not any(three in f"{one.you} {one.sentence}" for three in threes), (one.you, one.detail)
            assert ";" not in one.detail, one.detail
            assert len(one.detail) <= 80, one.detail
            assert len(one.sentence) <= 120, one.sentence
            assert not re.search(r"\b(some|every|no|any)body\b|\bstands?\b|\bwants?\b", f"{one.you} {one.sentence}"), (
                one
            )


def test_procedures_speak_to_you_too() -> None:
    for one in PROCEDURES:
        assert one.you[0].islower()
        assert not one.you.endswith("."), one.you
        assert not re.search(
            r"\w_\w|\bone (forgets|takes|adds)|\b(some|every|no|any)body\b|: ", f"{one.you} {one.sentence}"
        )


def test_reasons_hold_for_a_bias_that_neurons_share_and_for_an_output() -> None:
    """Of a shared bias the derivative is a sum of deltas; an output is no parameter."""
    for one in catalogue(ARTICLE.network):
        assert "its derivative is the delta" not in one.sentence, one
        assert not one.sentence.startswith("the parameter reaches"), one


def test_the_reason_for_a_swapped_sign_fits_the_loss() -> None:
    for network, fits in ((ARTICLE.network, True), (SOFT, False), (DEAD, False)):
        (one,) = [m for m in catalogue(network) if m.name == "swaps the sign of the error"]
        assert ("output minus target" in one.sentence) == fits


def test_an_earlier_output_of_one_or_zero_breaks_no_verdict() -> None:
    problem = bp.Problem(DEAD, dict.fromkeys(DEAD.parameters, 0.3), [0.3, 0.8], [1])
    for given in ("0", "1"):
        for quantity in ("E_total", "dE/dw1"):
            for digits in (None, 3):
                found = bp.diagnose(problem, quantity, "0.1", {"out_o1": given}, digits=digits)
                assert found.message.startswith(OPENINGS)


def test_what_an_update_rule_remembers_can_be_asked() -> None:
    *_, adam, momentum = remembering()
    for problem, names in ((adam, ("m_w1", "mhat_w1", "v_w1", "vhat_w1")), (momentum, ("v_w1",))):
        for name in names:
            assert bp.diagnose(problem, name, "123.4").verdict == "unknown"
