"""How long the derivation of blocks takes, and that it grows with its lines: attention over 4, 8 and 16 tokens."""

from __future__ import annotations

from itertools import pairwise
from time import process_time

import pytest

from bpkit.core.blocks import LSTM, Attention, Dense
from bpkit.core.chain_rule import backpropagated
from bpkit.core.families import folded
from bpkit.core.model import Model
from bpkit.core.quantities import Quantity
from bpkit.core.updates import GradientDescent

SIZES = (4, 8, 16)
GROWTH = 1.6  # more work for each line of a model that has four times as many lines
LIMIT = 0.3  # seconds for the derivation of attention over 4 tokens of 4 numbers


def measured(model: Model) -> tuple[int, float, float, int]:
    """The lines, the least seconds of three runs for them and for their families, and how many families there are."""
    lines, names = model.lines, model.parameters
    derive, fold = [], []
    for _ in range(3):
        start = process_time()
        steps, _ = backpropagated(lines, GradientDescent(), names)
        derive.append(process_time() - start)
        rate = {"learning_rate": Quantity("learning_rate", tag="rate")}
        known = {**lines.quantities, **rate, **{step.name: step.quantity for step in steps}}
        start = process_time()
        families = folded(steps, known)
        fold.append(process_time() - start)
    return len(steps), min(derive), min(fold), len(families)


@pytest.mark.parametrize(
    "make",
    [lambda n: Model((n, 4), Attention(4)), lambda n: Model((n, 2), LSTM(2), Dense(1))],
    ids=["attention", "lstm"],
)
def test_the_work_grows_with_the_lines(make: object, capsys: pytest.CaptureFixture[str]) -> None:
    found = [measured(make(n)) for n in SIZES]
    with capsys.disabled():
        for size, (lines, derive, fold, families) in zip(SIZES, found, strict=True):
            print(f"\n{size}: {lines} lines in {derive:.3f} s, {families} families in {fold:.3f} s", end="")
    for (few, *quick, _), (many, *slow, _) in pairwise(found):
        for before, after in zip(quick, slow, strict=True):
            assert after / before < GROWTH * many / few
    assert len({families for *_, families in found}) == 1


def test_attention_of_four_tokens(capsys: pytest.CaptureFixture[str]) -> None:
    lines, derive, fold, families = measured(Model((4, 4), Attention(4)))
    with capsys.disabled():
        print(f"\n{lines} lines in {derive:.3f} s, {families} families in {fold:.3f} s")
    assert derive < LIMIT
    assert families <= 40
