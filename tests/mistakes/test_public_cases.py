"""What the detective says of numbers that were met in public."""

from __future__ import annotations

import pytest
from public_cases import CASES, Case

import bpkit as bp

FIRST = 4


def label(case: Case) -> str:
    return f"{case.kind}: {case.quantity} {case.number}{' given' if case.given else ''}"


@pytest.mark.parametrize("case", CASES, ids=label)
def test_what_is_said_of_a_number_that_was_met(case: Case) -> None:
    found = bp.diagnose(case.problem, case.quantity, case.number, case.given)
    told = found.misconceptions[:FIRST]
    texts = [f"{one.name}; {one.sentence}".lower() for one in told]
    if not told and "misconception" not in found.verdict:
        texts = [found.message.lower()]  # a verdict without a list says it in its message
    assert found.verdict in case.verdicts, found
    for word in case.said:
        assert word in found.message.lower(), found
    for word in case.unsaid:
        assert word not in found.message.lower(), found
    for word in case.never:
        assert not any(word == "." or word in one.name for one in told), found
    if case.names:
        meant = [[name.lower() in text for name in case.names] for text in texts[: 1 if case.first else FIRST]]
        if case.together:
            assert any(all(row) for row in meant), found
        elif case.every:
            assert meant, found
            assert all(any(column) for column in zip(*meant, strict=True)), found
        else:
            assert any(any(row) for row in meant), found
    assert case.sure or found.verdict != "misconception" or not found.sure, found
    assert not (found.verdict == "misconception" and found.sure and len({one.name for one in found.misconceptions}) > 1)


def test_every_kind_of_case_is_met() -> None:
    assert {int(case.kind.split()[0]) for case in CASES if case.kind[0].isdigit()} == set(range(1, 18))
    asked = [(case.problem, case.quantity, case.number, tuple(case.given.items())) for case in CASES]
    assert all(one not in asked[:at] for at, one in enumerate(asked))  # nothing stands twice
