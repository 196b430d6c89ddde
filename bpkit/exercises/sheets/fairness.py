"""How alike the sheets of a class are: work, sizes of answers, misconceptions, points."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import mean, pstdev
from typing import Any

from bpkit.exercises.questions.friendly_problems import operations
from bpkit.exercises.questions.generation import indistinct
from bpkit.exercises.questions.parts import NumberPart
from bpkit.exercises.sheets.files import csv_text
from bpkit.exercises.sheets.sheet import Sheet


@dataclass(frozen=True)
class Fact:
    """What a fairness report counts of one exercise."""

    question: str
    points: float
    operations: int
    numbers: tuple[float, ...]
    declared: tuple[str, ...]
    alike: tuple[str, ...]


def facts(sheet: Sheet) -> tuple[Fact, ...]:
    """How much work each exercise of a sheet is, its numbers, and the misconceptions that it can bring to light.

    >>> import bpkit as bp
    >>> [(fact.question, fact.operations) for fact in facts(bp.exercises.make_sheet(["loss"]))]
    [('loss', 23)]
    """
    return tuple(
        Fact(
            one.id,
            one.points,
            operations(one.problem, _asked(one.task.about)) if one.task.problems else 0,
            tuple(part.right for part in one.content.parts if isinstance(part, NumberPart)),
            one.declared,
            tuple(f"{a} / {b}" for _, a, b in indistinct(one)),
        )
        for one in sheet
    )


def fairness(cohort: Sequence[Sequence[Fact]]) -> str:
    """How alike the sheets of a cohort are, in CSV: for each question the points, the operations, sizes and signs of
    the answers, the misconceptions that can show, and pairs that no number can tell apart.

    A question that asks some learners for more answers has more points on their sheets; it is marked out of the same
    number for everybody, as the last line says of the whole sheet.
    """
    head: list[object] = ["question", "learners", "points", "marked out of", "operations", "spread", "smallest answer"]
    head += ["largest answer", "negative", "misconceptions", "always covered", "not told apart"]
    rows: list[list[object]] = [head]
    for each in zip(*cohort, strict=True):
        numbers = [number for one in each for number in one.numbers]
        sizes = [f"{min(map(abs, numbers)):.3g}", f"{max(map(abs, numbers)):.3g}"] if numbers else ["", ""]
        negative = f"{sum(number < 0 for number in numbers) / len(numbers):.0%}" if numbers else ""
        work = [one.operations for one in each]
        covered = [set(one.declared) for one in each]
        pairs = sorted({pair for one in each for pair in one.alike})
        rows.append(
            [
                *(each[0].question, len(each), *_worth([one.points for one in each])),
                *(f"{mean(work):.0f}", f"{pstdev(work):.1f}", *sizes, negative),
                *(len(set.union(*covered)), len(set.intersection(*covered)), "; ".join(pairs)),
            ]
        )
    points = [sum(one.points for one in sheet) for sheet in cohort]
    out_of = sum(max(one.points for one in each) for each in zip(*cohort, strict=True))
    whole = ["whole sheet", len(points), _worth(points)[0], f"{out_of:g}"]
    return csv_text([*rows, [*whole, *[""] * (len(head) - len(whole))]])


def _worth(points: Sequence[float]) -> tuple[str, str]:
    """What is written on the sheets, and what everybody's answers are marked out of."""
    least, most = f"{min(points):g}", f"{max(points):g}"
    return least if least == most else f"{least} to {most}", most


def _asked(about: Mapping[str, Any]) -> str:
    """The quantity that shows how much work a question is."""
    asks = about.get("asks") or [about.get("weight") or about.get("target") or "E_total"]
    return str(asks[-1])
