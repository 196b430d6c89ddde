"""How a class did, in numbers: its points, and each question's difficulty and discrimination."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import StatisticsError, correlation, mean, median, quantiles

from bpkit.exercises.marking.one_file import by_hand
from bpkit.exercises.marking.standing import Standing
from bpkit.exercises.questions.judging import Mark

FEW = 10  # learners; a correlation of fewer says nothing
LOW = 0.2  # a discrimination below it is worth a look
MOST_BARS = 12
FORMS = ("right", "partly right", "wrong", "blank", "unreadable", "to mark")
_STEPS = (1, 2, 5)


@dataclass(frozen=True)
class Spread:
    """How the points of a class are spread; ``low`` and ``high`` are the quartiles."""

    count: int
    mean: float
    median: float
    low: float
    high: float
    least: float
    most: float


@dataclass(frozen=True)
class Bar:
    """Learners whose points are from ``start`` up to ``end``; only the last bar holds those with ``end`` points."""

    start: float
    end: float
    count: int


@dataclass(frozen=True)
class Item:
    """How one answer went, or all answers of a question.

    ``forms`` counts the learners by what became of their answers; ``earned`` is the mean share of the points, None
    where nothing is marked yet. ``discrimination`` is the correlation with the rest of the sheet, None with fewer than
    ``FEW`` learners, or where all earned the same.
    """

    keys: tuple[str, ...]
    forms: Counter[str]
    earned: float | None
    discrimination: float | None
    marked: int


def spread(points: Sequence[float]) -> Spread | None:
    """Mean, median and quartiles of some points; None where there are none.

    >>> spread([2, 4, 6, 8, 20]).median, spread([2, 4, 6, 8, 20]).mean, spread([])
    (6, 8, None)
    """
    if not points:
        return None
    low, _, high = quantiles(points, n=4, method="inclusive") if len(points) > 1 else [points[0]] * 3
    return Spread(len(points), mean(points), median(points), low, high, min(points), max(points))


def bars(points: Sequence[float], of: float) -> tuple[Bar, ...]:
    """The points in bars of equal and round width, from 0 to all that can be earned.

    >>> [bar.count for bar in bars([0, 5, 10], of=10)]
    [1, 0, 0, 0, 0, 1, 0, 0, 0, 1]
    """
    if of <= 0:
        return ()
    step = _round_step(of / MOST_BARS)
    many = math.ceil(of / step - 1e-9)
    place = Counter(min(int(one / step + 1e-9), many - 1) for one in points)
    return tuple(Bar(step * i, min(step * (i + 1), of), place[i]) for i in range(many))


def _round_step(least: float) -> float:
    """The smallest of 0.1, 0.2, 0.5, 1, 2, 5, 10 .. that is at least so large."""
    power = 10.0 ** (math.floor(math.log10(least)))
    return next(step for step in (*(one * power for one in _STEPS), 10 * power) if step >= least - 1e-9)


def earned(one: Standing, mark: Mark) -> float:
    """What an answer earned by itself; that the work was late is no answer's fault."""
    return one.changed[mark.key].points if mark.key in one.changed else mark.points


def form(one: Standing, marks: Sequence[Mark]) -> str:
    """What became of an answer, or of the answers to one question: one of ``FORMS``.

    >>> import bpkit as bp
    >>> form(Standing(), [Mark("1", "loss", "0.5", bp.exercises.generate("loss").check("0.5"), points=0.0, worth=1.0)])
    'wrong'
    """
    if any(by_hand(mark) and mark.key not in one.changed for mark in marks):
        return "to mark"
    points, worth = sum(earned(one, mark) for mark in marks), sum(mark.worth for mark in marks)
    if points >= worth - 1e-9:
        return "right"
    if points > 0:
        return "partly right"
    verdicts = {"by hand" if mark.key in one.changed else mark.feedback.verdict for mark in marks}
    if verdicts == {"blank"}:
        return "blank"
    return "unreadable" if verdicts <= {"blank", "unreadable"} else "wrong"


@dataclass(frozen=True)
class _Row:
    """A learner's answers by key, and what all of them that are marked earned and are worth."""

    one: Standing
    marks: Mapping[str, Mark]
    earned: float
    worth: float


def _row(one: Standing) -> _Row:
    marked = [mark for mark in one.marks if not by_hand(mark) or mark.key in one.changed]
    whole = sum(earned(one, mark) for mark in marked), sum(mark.worth for mark in marked)
    return _Row(one, {mark.key: mark for mark in one.marks}, *whole)


def _item(rows: Sequence[_Row], keys: Sequence[str]) -> Item:
    """How the answers to some keys went together."""
    forms: Counter[str] = Counter()
    pairs = []  # the share of these answers, and that of all others
    for row in rows:
        mine = [row.marks[key] for key in keys if key in row.marks]
        found = form(row.one, mine) if mine else ""
        forms[found] += bool(found)
        if found and found != "to mark":
            points, worth = sum(earned(row.one, mark) for mark in mine), sum(mark.worth for mark in mine)
            pairs.append((_share(points, worth), _share(row.earned - points, row.worth - worth)))
    whole = [mine for mine, _ in pairs]
    return Item(tuple(keys), forms, mean(whole) if whole else None, _correlation(pairs), len(pairs))


def _share(points: float, worth: float) -> float:
    """A share without the noise of floats, in which those who are alike would differ."""
    return round(points / worth, 9) if worth > 1e-9 else 0.0


def _correlation(pairs: Sequence[tuple[float, float]]) -> float | None:
    """The correlation of an answer with the rest of the sheet (point-biserial where it is right or wrong)."""
    if len(pairs) < FEW:
        return None
    try:
        return correlation(*zip(*pairs))
    except StatisticsError:  # all alike
        return None


def items(standings: Iterable[Standing], keys: Iterable[str]) -> Iterator[tuple[Item, tuple[Item, ...]]]:
    """Each question as a whole, with its parts where there are several."""
    rows, numbers = [_row(one) for one in standings], dict[str, list[str]]()
    for key in keys:
        numbers.setdefault(number_of(key), []).append(key)
    for mine in numbers.values():
        yield _item(rows, mine), tuple(_item(rows, [key]) for key in mine) if len(mine) > 1 else ()


def number_of(key: str) -> str:
    """The number of the question that an answer belongs to: ``4`` for ``4c``.

    >>> number_of("4c"), number_of("12")
    ('4', '12')
    """
    return key.rstrip("abcdefghijklmnopqrstuvwxyz")


def shares(standings: Sequence[Standing]) -> list[float]:
    """Each learner's share of the points, what is still to mark left out."""
    of = ((one.points, one.of - sum(mark.worth for mark in one.pending)) for one in standings)
    return [points / worth for points, worth in of if worth > 0]
