"""The detective against numbers of every kind that people post, on random networks."""

from __future__ import annotations

from functools import cache

import pytest
from accuracy import Answer, asked, planted, share
from kinds import KINDS, controls, items, random_numbers_near, right_answers
from thorough import in_ci, many

ITEMS = many(10, 60)  # of each kind; README's table has 60
NEAR = many(200, 480)
SEED = 1


@cache
def answers(kind: str) -> tuple[Answer, ...]:
    return tuple(asked(items(kind, ITEMS, SEED)))


@cache
def everything() -> tuple[Answer, ...]:
    return tuple(answer for kind in KINDS for answer in answers(kind))


def lines(found: list[Answer]) -> str:
    return "\n".join(answer.line for answer in found)


@pytest.mark.parametrize("kind", KINDS)
def test_at_least_nine_of_ten_are_named(kind: str) -> None:
    assert len(answers(kind)) == ITEMS
    assert share(a.named for a in answers(kind)) >= 0.9, lines([a for a in answers(kind) if not a.named])


@in_ci
def test_with_six_digits_nearly_all_are_named() -> None:
    found = planted(everything())
    assert len(found) > 5 * ITEMS
    assert share(a.named for a in found) >= 0.95, lines([a for a in found if not a.named])


@in_ci
def test_a_sure_name_is_the_mistake() -> None:
    assert sum(a.sure for a in everything()) > 3 * ITEMS
    assert not [a for a in everything() if a.sure_and_wrong], lines([a for a in everything() if a.sure_and_wrong])


@in_ci
def test_no_mistake_is_called_right() -> None:
    assert not [a for a in everything() if a.called_right], lines([a for a in everything() if a.called_right])


def test_right_answers_are_not_blamed() -> None:
    found = asked(right_answers(many(40, 240), SEED))
    assert not [a for a in found if a.said.verdict not in a.item.verdicts], lines(
        [a for a in found if a.said.verdict not in a.item.verdicts]
    )


def test_random_numbers_get_hardly_a_sure_name() -> None:
    found = asked(random_numbers_near(NEAR, SEED))
    sure = [a for a in found if a.sure]
    assert len(found) >= NEAR
    assert len(sure) <= 0.05 * len(found), lines(sure)
    for given in (False, True):
        six = [a for a in found if a.item.digits == 6 and bool(a.item.given) == given]
        assert len(six) > 15
        assert share(a.sure for a in six) <= 0.03, lines(sure)


def test_mistakes_that_are_not_made_get_hardly_a_sure_name() -> None:
    found = asked(controls(many(40, 240), SEED))
    assert len({a.item.slip for a in found}) >= 10
    assert share(a.sure for a in found) <= 0.03, lines([a for a in found if a.sure])
