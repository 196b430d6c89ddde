"""What comes out of marking: a table, a page for each learner, a page for the class; and a cohort's fairness."""

from __future__ import annotations

import html
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import mean, pstdev
from typing import Any

from bpkit.exercises.drawing import operations
from bpkit.exercises.files import csv_text, visible
from bpkit.exercises.generation import indistinct
from bpkit.exercises.judging import BY_HAND
from bpkit.exercises.marking import Marked
from bpkit.exercises.parts import NumberPart
from bpkit.exercises.sheet import Sheet

STYLE = """
body { font: 1rem/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; color: #1a1a1a;
  background: #fff }
table { border-collapse: collapse; margin: 1rem 0; width: 100% }
th, td { border: 1px solid #767676; padding: .3rem .6rem; text-align: left; vertical-align: top }
caption { text-align: left; font-weight: bold; padding: .3rem 0 }
"""


def page(title: str, body: str, language: str = "en") -> str:
    """A whole HTML page that needs nothing from anywhere else."""
    return (
        f'<!DOCTYPE html>\n<html lang="{language}">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{_plain(title)}</title>\n<style>{STYLE}</style>\n</head>\n"
        f"<body>\n<main>\n<h1>{_plain(title)}</h1>\n{body}\n</main>\n</body>\n</html>\n"
    )


def table(caption: str, head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """An HTML table with a caption and header cells; every cell is plain text."""
    top = "".join(f'<th scope="col">{html.escape(cell)}</th>' for cell in head)
    body = "".join("<tr>" + "".join(f"<td>{_plain(cell)}</td>" for cell in row) + "</tr>\n" for row in rows)
    return (
        f"<table><caption>{html.escape(caption)}</caption><thead><tr>{top}</tr></thead><tbody>\n{body}</tbody></table>"
    )


def _plain(text: str) -> str:
    """Somebody's text inside HTML."""
    return html.escape(visible(text))


def marks_table(results: Sequence[Marked]) -> str:
    """One line for each file, in CSV: who, points, every answer's points, remarks; files with a problem too."""
    keys = list(dict.fromkeys(mark.key for marked in results for mark in marked.marks))
    rows: list[list[object]] = [["learner", "file", "points", "of", "by hand", *keys, "remarks", "problem"]]
    for marked in results:
        by_key = {mark.key: mark for mark in marked.marks}
        hand = sum(mark.feedback.verdict == BY_HAND for mark in marked.marks)
        each = [_points(by_key[key].points) if key in by_key else "" for key in keys]
        total = [_points(marked.points), _points(marked.worth), hand] if marked.marks else ["", "", ""]
        rows.append([marked.learner, marked.path.name, *total, *each, "; ".join(marked.remarks), marked.problem])
    return csv_text(rows)


def _points(value: float) -> str:
    return f"{value:g}"


def answers_table(results: Sequence[Marked]) -> str:
    """One line for each answer, in CSV: what was written, the verdict, the points, the misconceptions' names."""
    rows: list[list[object]] = [["learner", "key", "question", "answer", "verdict", "points", "of", "misconceptions"]]
    for marked in results:
        for mark in marked.marks:
            said = mark.feedback
            named = "; ".join(said.misconceptions)
            rows.append(
                [
                    *(marked.learner, mark.key, mark.question, mark.given, said.verdict),
                    *(_points(mark.points), _points(mark.worth), named),
                ]
            )
    return csv_text(rows)


def feedback_page(marked: Marked) -> str:
    """One learner's page."""
    return page(f"Feedback for {marked.learner}", feedback_body(marked))


def feedback_body(marked: Marked) -> str:
    """What stands on a learner's page: every answer, what is said about it, and its points."""
    rows = [
        (
            m.key,
            "–" if m.feedback.verdict == "blank" else m.given,
            f"{m.feedback.verdict}: {m.feedback.message}",
            f"{m.points:g} of {m.worth:g}",
        )
        for m in marked.marks
    ]
    total = f"<p>{marked.points:g} of {marked.worth:g} points.</p>"
    if any(mark.feedback.verdict == BY_HAND for mark in marked.marks):
        total += "<p>Answers marked by hand are not counted in here.</p>"
    remarks = "".join(f"<li>{_plain(remark)}</li>" for remark in marked.remarks)
    body = total + table("Your answers", ("answer to", "you wrote", "feedback", "points"), rows)
    return body + (f"<h2>Remarks</h2><ul>{remarks}</ul>" if remarks else "")


def class_page(results: Sequence[Marked], missing: Sequence[str] = ()) -> str:
    """The class's page."""
    return page("The class", class_body(results, missing))


def class_body(results: Sequence[Marked], missing: Sequence[str] = ()) -> str:
    """The class at a glance: which misconception how often in which question, how each answer went, what to look at,
    of whom nothing was marked.
    """
    good = [marked for marked in results if marked.marks]
    named: Counter[tuple[str, str]] = Counter()
    right: Counter[str] = Counter()
    asked: Counter[str] = Counter()
    question = {}
    for marked in good:
        for mark in marked.marks:
            question[mark.key] = mark.question
            asked[mark.key] += mark.feedback.verdict != BY_HAND
            right[mark.key] += bool(mark.feedback)
            named.update((name, mark.question) for name in mark.feedback.misconceptions[:1])
    body = f"<p>{len(good)} of {len(results)} files were marked.</p>"
    if good and (worth := [marked.worth for marked in good if marked.worth]):
        shares = [100 * marked.points / marked.worth for marked in good if marked.worth]
        body += f"<p>On average {mean(shares):.0f} % of {max(worth):g} points.</p>"
    often = [(name, where, str(count)) for (name, where), count in sorted(named.items(), key=lambda o: (-o[1], o[0]))]
    head = ("misconception", "question", "how often")
    body += table("Misconceptions", head, often) if often else "<p>No answer came from a known misconception.</p>"
    went = [(key, question[key], f"{right[key]} of {asked[key]}") for key in question]
    body += table("Answers that count", ("answer to", "question", "learners"), went)
    look = [(m.path.name, m.problem or "; ".join(m.remarks)) for m in results if m.problem or m.remarks]
    if look:
        body += table("Files to look at", ("file", "why"), look)
    return body + (f"<p>Nothing marked of {html.escape(listed(missing))}.</p>" if missing else "")


def listed(names: Sequence[str], most: int = 20) -> str:
    """Names in a row; of many the first, and how many more."""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


@dataclass(frozen=True)
class Fact:
    """What a fairness report counts of one exercise."""

    question: str
    operations: int
    numbers: tuple[float, ...]
    declared: tuple[str, ...]
    alike: tuple[str, ...]


def facts(sheet: Sheet) -> tuple[Fact, ...]:
    """How much work each exercise of a sheet is, its numbers, and the misconceptions that it can bring to light."""
    return tuple(
        Fact(
            one.id,
            operations(one.problem.network, _asked(one.task.about)),
            tuple(part.right for part in one.content.parts if isinstance(part, NumberPart)),
            one.declared,
            tuple(f"{a} / {b}" for _, a, b in indistinct(one)),
        )
        for one in sheet
    )


def fairness(cohort: Sequence[Sequence[Fact]]) -> str:
    """How alike the sheets of a cohort are, in CSV: for each question the operations, sizes and signs of the answers,
    the misconceptions that can show, and pairs that no number can tell apart."""
    head = ["question", "learners", "operations", "spread", "smallest answer", "largest answer", "negative"]
    rows: list[list[object]] = [[*head, "misconceptions", "always covered", "not told apart"]]
    for each in zip(*cohort, strict=True):
        numbers = [number for one in each for number in one.numbers]
        sizes = [f"{min(map(abs, numbers)):.3g}", f"{max(map(abs, numbers)):.3g}"] if numbers else ["", ""]
        negative = f"{sum(number < 0 for number in numbers) / len(numbers):.0%}" if numbers else ""
        work = [one.operations for one in each]
        covered = [set(one.declared) for one in each]
        pairs = sorted({pair for one in each for pair in one.alike})
        rows.append(
            [
                *(each[0].question, len(each), f"{mean(work):.0f}", f"{pstdev(work):.1f}", *sizes, negative),
                *(len(set.union(*covered)), len(set.intersection(*covered)), "; ".join(pairs)),
            ]
        )
    return csv_text(rows)


def _asked(about: Mapping[str, Any]) -> str:
    """The quantity that shows how much work a question is."""
    asks = about.get("asks") or [about.get("weight") or about.get("target") or "E_total"]
    return str(asks[-1])
