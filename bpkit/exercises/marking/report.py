"""The class's page: what to do first, how the class did, which misconceptions there are, and everybody's points."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bpkit.core.spelling import counted
from bpkit.exercises.marking.findings import asked, findings
from bpkit.exercises.marking.overrides import TOTAL
from bpkit.exercises.marking.standing import Outcome, Standing
from bpkit.exercises.marking.statistics import (
    FEW,
    FORMS,
    LOW,
    Bar,
    Item,
    bars,
    form,
    items,
    number_of,
    shares,
    spread,
)
from bpkit.exercises.marking.submissions import READ
from bpkit.exercises.marking.whose import RECOGNISED
from bpkit.exercises.templates import rendered

SHOWN_FIRST = 8  # learners behind a misconception; the others open
TYPICAL = 3  # wrong answers of a question
SETTLED = (READ, "late work does not count")  # begin remarks after which there is nothing to do
ASIDE = ": not counted"  # follows the path of another file, for which another one counts
CHART = (560.0, 170.0, 26.0)  # pixels: width and height of the histogram, and the room below it

Pages = Mapping[str, str]  # where each learner's page is, by ``place``


@dataclass(frozen=True)
class Column:
    """A bar of the histogram on the page: where it is, how high, what is written below it and above."""

    left: float
    width: float
    top: float
    height: float
    below: str
    count: int


def place(one: Standing) -> str:
    """What tells the pages of learners apart: the file that counts, else the learner.

    >>> place(Standing("Ada Ash", "ada-ash"))
    'ada-ash'
    """
    return one.where or one.slug


def class_page(outcome: Outcome, pages: Pages | None = None) -> str:
    """The class's page; ``pages`` says where the learners' pages are."""
    sheet = outcome.key.sheet(outcome.key.seats[0].slug)
    return rendered(
        "class.html",
        title=f"{sheet.title}: the class" if sheet.title else "The class",
        about=sheet.date,
        language="en",
        **_values(outcome, pages or {}),
    )


def class_body(outcome: Outcome) -> str:
    """The same inside a page that has a head of its own, and without links."""
    return rendered("class_body.html", **_values(outcome, {}))


def _values(outcome: Outcome, pages: Pages) -> dict[str, Any]:
    good = outcome.good
    unclear = [(one, mark, why) for one in good for mark, why in one.unclear]
    rows = [row for one in outcome.standings for row in _files(one)]
    files, settled = ([row[1:] for row in rows if row[0] is waits] for waits in (True, False))
    points, of = [one.points for one in good], max((one.of for one in good), default=0.0)
    middle = spread(points)
    return {
        "pages": pages,
        "place": place,
        "points_of": points_of,
        "marked": f"{outcome!r}.",
        "have": f"{len(good)} of {counted(sum(bool(one.slug) for one in outcome.standings), 'learner')} have marks.",
        "average": _average(good, of),
        "files": files,
        "settled": settled,
        "unclear": unclear,
        "by_hand": list(_by_hand(outcome)),
        "absent": outcome.absent,
        "spread": middle,
        "of": of,
        "chart": _chart(bars(points, of)),
        "chart_size": CHART,
        "questions": list(_questions(outcome)),
        "forms": [name for name in FORMS if name != "to mark" or any(one.pending for one in good)],
        "few": FEW if len(good) < FEW else 0,
        "low": LOW,
        "findings": findings(outcome),
        "first": SHOWN_FIRST,
        "learners": [one for one in outcome.standings if one.slug],
        "ids": any(one.id for one in outcome.standings),
        "policy": outcome.policy.sentences,
        "changed": [
            (one, "the whole sheet" if key == TOTAL else key, other)
            for one in outcome.standings
            for key, other in one.changed.items()
        ],
    }


def points_of(points: float) -> str:
    """Points as a report shows them.

    >>> points_of(2.0), points_of(20 / 3)
    ('2', '6.67')
    """
    return f"{round(points, 2):g}"


def _average(good: Sequence[Standing], of: float) -> str:
    """How the class did in one sentence; answers that are still to mark are left out."""
    found = shares(good)
    return f"On average {100 * sum(found) / len(found):.0f} % of {points_of(of)} points." if found else ""


def _files(one: Standing) -> Iterator[tuple[bool, Standing, str, str]]:
    """A line for each file of a learner with something to say about it, and whether it waits for the instructor."""
    if one.file:
        settled = [said for said in one.own_remarks if _settled(one, said)]
        waiting = [said for said in (*one.own_remarks, *one.notes) if said not in settled]
        waiting = [f"not marked: {one.file.problem}", *waiting] if one.file.problem else waiting
        for waits, said in ((True, waiting), (False, settled)):
            if said:
                yield waits, one, one.where, "; ".join(said)
    for file in one.others:
        yield not file.aside, one, file.where, file.aside or f"not marked: {file.problem}"


def _settled(one: Standing, remark: str) -> bool:
    """True for a remark that only tells what the kit did; the line of an earlier run has several in one."""
    parts = remark.replace(RECOGNISED, READ).split("; ")
    return all(said.startswith(SETTLED) or ASIDE in said or said == one.lateness for said in parts)


def _by_hand(outcome: Outcome) -> Iterator[tuple[str, str, int, float]]:
    """The answers that are left to the instructor: key, title, how many, and what each is worth."""
    found: dict[str, list[float]] = {}
    first: dict[str, str] = {}
    for one in outcome.good:
        for mark in one.pending:
            found.setdefault(mark.key, []).append(mark.worth)
            first.setdefault(mark.key, one.slug)
    for key in filter(found.__contains__, outcome.keys):
        yield key, asked(outcome.key, first[key], key)[0].bank.title, len(found[key]), found[key][0]


def _chart(found: Sequence[Bar]) -> tuple[Column, ...]:
    """The bars as they are drawn, none higher than there is room."""
    width, height, below = CHART
    each, most = width / max(1, len(found)), max((bar.count for bar in found), default=0) or 1
    return tuple(
        Column(
            each * i + 2,
            each - 4,
            height - below - tall,
            tall,
            f"{points_of(bar.start)}–{points_of(bar.end)}",
            bar.count,
        )
        for i, bar in enumerate(found)
        for tall in [(height - below - 18) * bar.count / most]
    )


@dataclass(frozen=True)
class Line:
    """A line of the table of questions: a question, or one of its parts."""

    key: str
    title: str
    item: Item
    typical: str


def _questions(outcome: Outcome) -> Iterator[Line]:
    titles = _titles(outcome)
    for whole, parts in items(outcome.good, outcome.keys):
        number = number_of(whole.keys[0])
        title, alone = titles[number], not parts
        yield Line(number, title, whole, _typical(outcome, whole.keys[0]) if alone else "")
        for part in parts:
            yield Line(part.keys[0], "", part, _typical(outcome, part.keys[0]))


def _titles(outcome: Outcome) -> dict[str, str]:
    """What the questions are called, by number."""
    found: dict[str, str] = {}
    for one in outcome.good:
        for mark in one.marks:
            if (number := number_of(mark.key)) not in found:
                found[number] = asked(outcome.key, one.slug, mark.key)[0].bank.title
    return found


def _typical(outcome: Outcome, key: str) -> str:
    """The wrong answers to a key that several learners gave: by the misconception, else as they were typed."""
    met: Counter[str] = Counter()
    for one in outcome.good:
        for mark in one.marks:
            if mark.key == key and form(one, [mark]) in ("wrong", "partly right", "unreadable"):
                met[next(iter(mark.feedback.misconceptions), f"“{mark.given}”")] += 1
    often = [(name, count) for name, count in met.most_common(TYPICAL) if count > 1 or not name.startswith("“")]
    return "; ".join(f"{name} ({count})" for name, count in often)
