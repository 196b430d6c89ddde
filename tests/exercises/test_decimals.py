"""Numbers that stay apart when a learning system cuts them to four decimals, and answers of every size."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest
from thorough import many

from bpkit.exercises.questions import decimals
from bpkit.exercises.questions.generation import flaws, generate
from bpkit.exercises.questions.parts import NumberPart, Wrong


def asked(right: float, digits: int = 4, wrong: float | None = None, paper: float = 0.0) -> NumberPart:
    known = () if wrong is None else (Wrong("slips", "a slip", wrong),)
    return NumberPart("a number", right, digits, paper, known=known)


@pytest.mark.parametrize(
    ("part", "cut", "margin"),
    [
        (asked(0.7543), False, 5.5e-5),
        (asked(2.345), False, 5e-4),
        (asked(0.7543, paper=3e-4), False, 3e-4),
        (asked(0.0851163), True, 1.63e-5),  # 0.08512 becomes 0.0851
        (asked(0.0030004), True, 5e-7),
        (asked(0.325286, 6), True, 1.4e-5),
    ],
)
def test_a_margin_holds_what_four_decimals_leave(part: NumberPart, cut: bool, margin: float) -> None:
    assert decimals.is_cut(part) is cut
    assert decimals.margin(part) == pytest.approx(margin, abs=3e-8)
    assert abs(round(float(part.shown()), 4) - part.right) <= decimals.margin(part)


@pytest.mark.parametrize(
    ("wrong", "confused"),
    [(0.003142, False), (0.00316, True), (0.0033, False), (0.0031423, False), (-0.003142, False)],
)
def test_a_mistake_that_four_decimals_hide_is_noticed(wrong: float, confused: bool) -> None:
    part = asked(0.003142, wrong=wrong)
    assert [one.answer for one in decimals.confused(part)] == [wrong] * confused


def test_what_is_cut_to_the_very_number_is_noticed() -> None:
    part = asked(-0.6505001, 6, wrong=-0.6505224)  # both are -0.6505
    assert decimals.margin(part) < 1e-6
    assert [one.answer for one in decimals.confused(part)] == [-0.6505224]


def test_an_exercise_whose_mistake_four_decimals_hide_is_not_handed_out() -> None:
    exercise = generate("hidden-weight", seed=3)
    (part,) = exercise.content.parts
    assert isinstance(part, NumberPart)
    assert list(flaws(exercise)) == []
    near = Wrong("leaves out a term", "one is missing", part.right + max(part.slack, part.tolerance) + 1e-8)
    exercise.__dict__["content"] = replace(exercise.content, parts=(replace(part, known=(near,)),))
    del exercise.__dict__["parts"]
    assert "four decimals do not tell" in "; ".join(flaws(exercise))


@pytest.mark.parametrize("difficulty", ["easy", "medium", "hard"])
def test_small_answers_are_asked_for_as_often_as_larger_ones(difficulty: str) -> None:
    seeds = many(24, 200)
    powers = Counter(generate("sign-first", seed=seed, difficulty=difficulty).answer["b"] for seed in range(seeds))
    assert set(powers) == {-3, -2}
    assert min(powers.values()) > seeds / 4


def test_updates_move_their_weight_in_the_first_decimals() -> None:
    for seed in range(many(12, 100)):
        exercise = generate("hidden-update", seed=seed)
        (asked_for,) = exercise.task.about["asks"]
        old = exercise.problem.parameters[asked_for.removesuffix("_new")]
        assert abs(exercise.answer - old) >= 8e-3
