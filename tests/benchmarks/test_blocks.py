"""How long the derivation of blocks takes, and that it grows with its lines: attention over 4, 8 and 16 tokens."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from time import process_time

import pytest
from measurements import Table

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
def test_the_work_grows_with_the_lines(
    make: Callable[[int], Model], table: Table, request: pytest.FixtureRequest
) -> None:
    found = [measured(make(n)) for n in SIZES]
    for (few, *quick, _), (many, *slow, _) in pairwise(found):
        for what, before, after in zip(("deriving", "families of"), quick, slow, strict=True):
            figures = f"{request.node.callspec.id}, {few} lines in {before:.3f} s, {many} in {after:.3f} s"
            table.row(f"{what} blocks, growth of the time", after / before / (many / few), "growth of the lines",
                      most=GROWTH, figures=figures)  # fmt: skip
    assert len({families for *_, families in found}) == 1


def test_attention_of_four_tokens(table: Table) -> None:
    lines, derive, fold, families = measured(Model((4, 4), Attention(4)))
    table.row("deriving attention, 4 tokens of 4 numbers", derive, unit=" s", most=LIMIT, figures=f"{lines} lines")
    table.row("families of its lines", families, most=40, figures=f"found in {fold:.3f} s")
