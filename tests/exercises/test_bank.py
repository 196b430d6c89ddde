"""The bank over many seeds: right answers accepted, declared mistakes named, guarantees kept, keys proven."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import autograd.numpy as anp
import numpy as np
import pytest
from autograd import grad
from thorough import THOROUGH, many

import bpkit as bp
from bpkit.core.derivation import NumberedDerivation, derive
from bpkit.core.errors import BpkitError
from bpkit.exercises.questions import bank, generation
from bpkit.exercises.questions.exercise import Exercise
from bpkit.exercises.questions.generation import flaws, generate, indistinct, questions, restore
from bpkit.exercises.questions.parts import ExactPart, NumberPart, Part
from bpkit.exercises.questions.proof import Proof
from bpkit.exercises.questions.slips import wrong_columns
from bpkit.exercises.questions.written import FormulaPart, FunctionPart
from bpkit.mistakes.misconceptions import catalogue

# 200 seeds of every question take some minutes; the usual run looks at a sample.
SEEDS = many(3, 200)  # one of each level
MORE = max(6, SEEDS)
LEVELS = ("easy", "medium", "hard")
IDS = [question.id for question in questions()]


@cache
def draw(id: str, seed: int) -> Exercise:
    return generate(id, seed=seed, difficulty=LEVELS[seed % 3])


def drawn(id: str, seeds: int = SEEDS) -> list[Exercise]:
    return [draw(id, seed) for seed in range(seeds)]


def typed(part: Part, answer: Any) -> Any:
    """An answer as a learner writes it: numbers as text, to the digits asked."""
    return f"{answer:#.{part.digits}g}" if isinstance(part, NumberPart) else answer


def test_an_id_names_one_question() -> None:
    """It is an argument in a terminal, and a name in files."""
    assert len(set(IDS)) == len(IDS)
    assert all(re.fullmatch("[a-z]+(-[a-z]+)*", id) for id in IDS)


def test_what_questions_declare_are_names_of_the_catalogue_or_of_the_question_itself() -> None:
    for question in questions()[:: 1 if THOROUGH else 4]:
        unknown, own = set(question.reveals), set()
        for exercise in (draw(question.id, seed) for seed in range(MORE)):
            own |= {wrong.name for part in exercise.content.parts for wrong in part.wrong}
            if unknown := unknown - own:
                unknown -= {m.name for problem in exercise.task.problems for m in catalogue(problem.network)}
            if not unknown:
                break
        assert not unknown, question.id
        assert own & set(question.reveals), question.id


def sentences(exercise: Exercise) -> list[str]:
    """All that a learner may be told in words, with formulas and code taken out."""
    told = [exercise.question, exercise.solution._repr_markdown_()]
    for part in exercise.parts.values():
        hints = part.hints() if callable(part.hints) else part.hints
        told += [*hints, *(f"{wrong.sentence} {wrong.detail}" for wrong in part.wrong), *getattr(part, "options", ())]
    told = [re.sub("“\\w+”", "", text) for text in told if " " in text]  # a learner chooses w2 by typing it
    return [re.sub(r"\$\$.*?\$\$|\$[^$]*\$|```.*?```|`[^`]*`", "", text, flags=re.DOTALL) for text in told]


@pytest.mark.parametrize("id", IDS)
def test_words_have_names_as_pictures_have_them(id: str) -> None:
    """h1,2 and w₅ in a sentence, as on the picture beside it; never the names of the code, h1_2 and w5."""
    # The names of a model's blocks have several numbers, x1,2.
    raw = re.compile(r"\b(?:[ho]\d?_\d\w*|[wxy]\d+(?![\d,])|b_\w+|net_\w+|out_\w+|dE\w*/d\w+|\w+_(?:new|total))\b")
    assert [found for one in drawn(id) for text in sentences(one) for found in raw.findall(text)] == []


@pytest.mark.parametrize("id", IDS)
def test_right_answers_are_accepted_and_declared_mistakes_named(id: str) -> None:
    named: list[str] = []
    # A function to write is tried on the same networks whatever the seed: one of each level is all there is. A network
    # by hand has so many parts that one of each level says enough.
    brief = id == "code" or (id == "network-by-hand" and not THOROUGH)
    exercises = drawn(id)[: len(LEVELS)] if brief else drawn(id)
    for exercise in exercises:
        assert exercise.check(exercise.answer).verdict == "correct"
        for letter, part in exercise.parts.items():
            assert part.judge(typed(part, part.answer)).verdict == "correct", (letter, part)
            for wrong in part.wrong:
                if wrong.name in exercise.declared and wrong.answer is not None:  # functions have tests of their own
                    said = part.judge(typed(part, wrong.answer))
                    assert said.verdict == "misconception", (exercise.task.data(), letter, wrong)
                    assert wrong.name in said.misconceptions, (exercise.task.data(), letter, wrong)
                    assert said.message.startswith("Not right")
                    named.append(wrong.name)
    assert len(named) >= len(exercises) // 3
    assert not THOROUGH or id == "code" or set(named) == set(bank.find_question(id).reveals)


@pytest.mark.parametrize("id", IDS)
def test_guarantees_hold_and_keys_are_proven(id: str) -> None:
    for exercise in drawn(id) if THOROUGH else drawn(id)[::3]:
        assert list(flaws(exercise)) == []
        for part in exercise.content.parts:
            if isinstance(part, NumberPart):
                assert 1e-3 <= abs(part.right) < 1e3
                assert f"{abs(part.right):.3g}" not in exercise.question
                assert part.slack < 0.05 * abs(part.right)
                if part.proof:
                    proof = part.proof()
                    assert proof.derived == part.right
                    assert proof.holds
        for problem in exercise.task.problems:
            written = [*problem.parameters.values(), *problem.inputs.ravel(), *problem.targets.ravel()]
            assert all(value == round(value, 2) for value in written)


def test_every_number_but_those_made_of_printed_ones_is_proven_three_ways() -> None:
    for id in IDS:
        for letter, part in draw(id, 1).parts.items():
            if isinstance(part, NumberPart):
                assert part.proof or (id, letter) in (("gradient-check", "b"), ("weight-moved", "b"))


@pytest.mark.parametrize("off", ["derived", "measured", "precise"])
def test_a_proof_can_fail(off: str) -> None:
    good = Proof("dE_total/dw1", 0.0851, 0.0851, 0.0851)
    assert good.holds
    assert not replace(good, **{off: 0.0852}).holds


def test_a_key_that_is_not_proven_is_never_handed_out(monkeypatch: pytest.MonkeyPatch) -> None:
    def spoiled(part: NumberPart) -> NumberPart:
        return replace(part, right=part.right * 1.001)

    question = bank.find_question("hidden-weight")
    build = question.build
    made = replace(
        question,
        build=lambda task: replace(build(task), parts=tuple(map(spoiled, build(task).parts))),  # type: ignore[arg-type]
    )
    monkeypatch.setattr(generation, "find_question", lambda id: made)
    with pytest.raises(BpkitError, match="three ways"):
        generate("hidden-weight", seed=1)


def autograd_gradient(problem: bp.Problem) -> dict[str, float]:
    """The derivatives of a network with half the squared error, by a library, from a program of its own."""
    network = problem.network
    rules = {"sigmoid": lambda z: 1 / (1 + anp.exp(-z)), "tanh": anp.tanh}

    def loss(values: Any) -> Any:
        named = dict(zip(network.parameters, values))
        out = dict(zip(network.inputs, problem.inputs))
        for activation, layer in zip(network.activations, network.layers[1:]):
            for neuron in layer:
                net = sum(named[w] * out[a] for w, (a, b) in network.weights.items() if b == neuron)
                bias = [named[name] for name, fed in network.biases.items() if neuron in fed]
                out[neuron] = rules[activation.name](net + sum(bias))
        return sum((y - out[o]) ** 2 / 2 for y, o in zip(problem.targets, network.outputs))

    values = np.array([problem.parameters[name] for name in network.parameters])
    return dict(zip(network.parameters, grad(loss)(values)))


@pytest.mark.parametrize("id", ["output-weight", "hidden-weight", "bias-gradient"])
def test_keys_are_what_a_library_finds(id: str) -> None:
    for exercise in drawn(id)[::4]:
        parameter = exercise.task.about["asks"][0].removeprefix("dE_total/d")
        assert exercise.answer == pytest.approx(autograd_gradient(exercise.problem)[parameter], rel=1e-9)


def test_swapped_questions_use_what_they_name() -> None:
    exercise = generate("activation-swap", seed=4)
    first, second = exercise.task.problems
    assert first.network.activations[0].name == "sigmoid" != second.network.activations[0].name
    assert first.parameters == second.parameters
    assert second.network.activations[0].name.replace("_", " ") in exercise.question


# Streams and data


def test_the_same_seed_gives_the_same_exercise_whatever_was_drawn_before() -> None:
    alone = generate("hidden-weight", seed=7)
    generate("loss", seed=7)
    assert generate("hidden-weight", seed=7).task == alone.task
    assert generate("hidden-weight", seed=8).task != alone.task
    assert generate("hidden-weight", seed=7, learner="ada").task != alone.task
    assert generate("hidden-weight", seed=7, redraw=1).task != alone.task


def test_a_new_question_in_the_bank_changes_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    before = [generate(id, seed=5).task.data() for id in IDS[:6]]
    extra = replace(bank.QUESTIONS[0], id="a-new-one")
    monkeypatch.setattr(bank, "QUESTIONS", (extra, *bank.QUESTIONS))
    assert generate("a-new-one", seed=5).task.problem != generate("net-and-out", seed=5).task.problem
    assert [generate(id, seed=5).task.data() for id in IDS[:6]] == before


def test_another_process_with_another_hash_seed_draws_the_same() -> None:
    program = (
        "import json; from bpkit.exercises import generate, questions; "
        "drawn = (generate(question.id, seed=0, difficulty='easy') for question in questions()); "
        "print(json.dumps([[one.task.data(), one.question] for one in drawn]))"
    )
    texts = {
        subprocess.run(
            [sys.executable, "-c", program], env={**os.environ, "PYTHONHASHSEED": seed}, capture_output=True, check=True
        ).stdout
        for seed in (("1", "2") if THOROUGH else ("1",))
    }
    assert len(texts) == 1
    here = (draw(id, 0) for id in IDS)
    assert json.loads(texts.pop()) == [[one.task.data(), one.question] for one in here]


@pytest.mark.parametrize("id", IDS)
def test_an_exercise_comes_back_from_its_public_data(id: str) -> None:
    exercise = draw(id, 1)
    again = restore(json.loads(json.dumps(exercise.task.data())))
    assert again.question == exercise.question
    assert str(again.answer) == str(exercise.answer)
    assert str(again.solution) == str(exercise.solution)
    assert " at 0x" not in repr(again) + repr(again.answer) + repr(again.solution) + again.solution._repr_markdown_()


@pytest.mark.parametrize(
    "data", [{}, [], None, {"question": "loss"}, {"question": "loss", "problems": [{}], "about": {}}]
)
def test_data_that_is_no_task_is_refused_in_words(data: Any) -> None:
    with pytest.raises(BpkitError, match="task:"):
        restore(data)


def test_unknown_questions_and_difficulties_are_refused_in_words() -> None:
    with pytest.raises(BpkitError, match="did you mean 'hidden-weight'"):
        generate("hiden-weight")
    with pytest.raises(BpkitError, match="easy, medium or hard"):
        generate("loss", difficulty="brutal")


def test_difficulty_is_the_number_of_operations() -> None:
    from bpkit.exercises.questions.friendly_problems import operations

    means = []
    for level in ("easy", "medium", "hard"):
        found = [generate("hidden-weight", seed=seed, difficulty=level) for seed in range(many(6, 12))]
        means.append(np.mean([operations(e.problem.network, e.task.about["asks"][0]) for e in found]))
    assert means[0] < means[1] < means[2]


def test_harder_exercises_have_other_architectures_too() -> None:
    found = {
        level: [generate("output-weight", seed=seed, difficulty=level) for seed in range(many(8, 24))]
        for level in LEVELS
    }
    networks = {level: {e.problem.network for e in exercises} for level, exercises in found.items()}
    for of in (lambda n: n.sizes, lambda n: n.bias):
        assert all(len(set(map(of, many))) > 1 for many in networks.values())
    kinds = {level: {tuple(a.name for a in n.activations) for n in many} for level, many in networks.items()}
    assert {name for kind in kinds["easy"] for name in kind} == {"sigmoid"}
    assert {name for kind in kinds["hard"] for name in kind} == {"sigmoid", "tanh"}
    paths = {level: [len(derive(n).paths("w1")) for n in many] for level, many in networks.items()}
    assert max(paths["easy"]) == 1
    assert min(paths["hard"]) > 1


def test_what_no_draw_can_part_is_reported() -> None:
    # On a network with one output the mean of the outputs' errors is their sum, and halving twice is once.
    found = {pair for exercise in drawn("learning-rate") for pair in indistinct(exercise)}
    assert ("a", "keeps the old value", "keeps the old value") not in found
    assert all(one != other for _, one, other in found)


def test_every_kind_of_part_is_in_the_bank() -> None:
    kinds = {type(part) for id in IDS for part in draw(id, 0).content.parts}
    assert kinds == {NumberPart, ExactPart, FormulaPart, FunctionPart}


def planted(exercise: Exercise) -> set[str]:
    """The misconceptions that compute every number of a worked solution with one wrong line."""
    columns, lines = wrong_columns(exercise.problem), exercise.task.about["lines"]
    return {
        mistake.name
        for place, mistake in enumerate(catalogue(exercise.problem.network))
        if all(round(float(columns[name][place]) * 1e6) == shown for name, _, shown in lines)
    }


def test_the_solution_of_which_slip_has_the_numbers_of_the_question_s_own_lines() -> None:
    for exercise in drawn("which-slip"):
        shown = [(number, name) for number, (name, _, _) in enumerate(exercise.task.about["lines"], 1)]
        said, right = exercise.solution.pieces
        assert isinstance(right, NumberedDerivation)
        assert [(step.number, step.name) for step in right] == shown
        wrong = exercise.content.parts[0].answer
        assert said.startswith(f"Line {wrong} is the first wrong line")
        assert right.numbers[right[wrong].name] == exercise.content.parts[1].answer
        text = str(exercise.solution)
        assert re.findall(r"^ *\((\d+)\)", text, re.MULTILINE) == [str(number) for number, _ in shown]
        for step in right:  # and a line uses lines before it
            assert set(step.uses) <= set(range(1, step.number))


def test_no_number_of_the_table_gives_away_which_line_is_wrong() -> None:
    for exercise in drawn("which-slip"):
        _, mended = exercise.content.parts
        said = {mended.judge(f"{shown / 1e6:.6f}").message for _, _, shown in exercise.task.about["lines"]}
        assert said == {"Not right: that number is printed in the table, so it is not the corrected one."}


def test_which_slip_has_mistakes_of_many_kinds() -> None:
    kinds = [planted(exercise) for exercise in drawn("which-slip", MORE)]
    assert all(kinds)
    assert len(set.union(*kinds)) >= 4
    assert max(sum(name in kind for kind in kinds) for name in set.union(*kinds)) <= len(kinds) / 2


def test_new_numbers_bring_another_slip() -> None:
    notebook = next((Path(__file__).parents[2] / "notebooks").glob("08_*.ipynb")).read_text(encoding="utf-8")
    [seed] = [int(seed) for seed in re.findall(r"ask\(\\\"which-slip\\\", seed=(\d+)\)", notebook)]
    one, other = (planted(generate("which-slip", seed=each, difficulty="easy")) for each in (seed, seed + 1))
    assert one
    assert other
    assert not one & other


def test_no_learning_rate_makes_one_number_of_two_mistakes() -> None:
    """With 1/2, 1 or 2 who forgets the rate doubles or halves the gradient as well, or is right."""
    for id in set(IDS) - {"read-walks"}:  # where nobody computes with it
        for exercise in drawn(id):
            for problem in exercise.task.problems:
                assert problem.learning_rate not in (0.5, 1.0, 2.0), exercise.task.data()
