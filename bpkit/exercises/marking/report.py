"""The results of marking as pages: one for each learner, and one for the class."""

from __future__ import annotations

import html
from collections import Counter
from collections.abc import Iterator
from statistics import mean

from bpkit.exercises.marking.one_file import by_hand
from bpkit.exercises.marking.standing import Outcome, Standing
from bpkit.exercises.sheets.files import counted, visible
from bpkit.exercises.templates import page, table


def _plain(text: str) -> str:
    """A person's text inside HTML."""
    return html.escape(visible(text))


def feedback_page(one: Standing) -> str:
    """One learner's page."""
    return page(f"Feedback for {one.learner}", feedback_body(one))


def feedback_body(one: Standing) -> str:
    """A learner's page: every answer, the feedback on it, and its points."""
    rows = []
    for mark in one.marks:
        said = mark.feedback.said
        if mark.key in one.changed:
            said = f"Marked by your instructor. {one.changed[mark.key].remark}".strip()
        given = "–" if mark.feedback.verdict == "blank" else mark.given
        rows.append((mark.key, given, said, f"{one.points_for(mark):g} of {mark.worth:g}"))
    total = f"<p>{one.points:g} of {one.of:g} points.</p>"
    if one.pending:
        worth = sum(mark.worth for mark in one.pending)
        answers = counted(len(one.pending), "answer")
        total += f"<p>Your instructor still has to mark {answers}, worth {worth:g} points.</p>"
    remarks = "".join(f"<li>{_plain(remark)}</li>" for remark in one.remarks)
    body = total + table("Your answers", ("answer to", "you wrote", "feedback", "points"), rows)
    return body + (f"<h2>Remarks</h2><ul>{remarks}</ul>" if remarks else "")


def class_page(outcome: Outcome) -> str:
    """The class's page."""
    return page("The class", class_body(outcome))


def class_body(outcome: Outcome) -> str:
    """The class at a glance: what an instructor should look at first, then how the answers went, then who is absent."""
    return "".join((_summary(outcome), *_to_look_at(outcome), _answers(outcome), _absent(outcome)))


def _summary(outcome: Outcome) -> str:
    good = outcome.good
    learners = sum(bool(one.slug) for one in outcome.standings)
    body = f"<p>{outcome!r}. {len(good)} of {counted(learners, 'learner')} have marks.</p>"
    shares = [one.points / worth for one in good if (worth := one.of - sum(mark.worth for mark in one.pending)) > 0]
    if shares:
        body += f"<p>On average {100 * mean(shares):.0f} % of {good[0].of:g} points.</p>"
    if pending := sum(len(one.pending) for one in good):
        body += f"<p>{counted(pending, 'answer')} to mark by hand; the average leaves them out.</p>"
    return body


def _to_look_at(outcome: Outcome) -> Iterator[str]:
    """What marking could not read or could not decide, and what was decided by hand."""
    unclear = [(one.learner, one.where, mark.key, mark.given, why) for one in outcome.good for mark, why in one.unclear]
    if unclear:
        yield table("Answers to look at", ("learner", "file", "answer to", "what is written", "why"), unclear)
    if files := [row for one in outcome.standings for row in _files(one)]:
        yield table("Files to look at", ("learner", "file", "why"), files)
    if changed := [
        (one.learner, key, f"{other.points:g}", other.remark)
        for one in outcome.standings
        for key, other in one.changed.items()
    ]:
        yield table("Marks set by hand, in overrides.csv", ("learner", "answer to", "points", "remark"), changed)


def _files(one: Standing) -> Iterator[tuple[str, str, str]]:
    """A line for each file of a learner that there is something to say about."""
    if one.file:
        own = [one.file.problem and f"not marked: {one.file.problem}", *one.file.remarks, *one.notes]
        if why := "; ".join(filter(None, own)):
            yield one.learner, one.where, why
    for file in one.others:
        yield one.learner, file.where, file.aside or f"not marked: {file.problem}"


def _answers(outcome: Outcome) -> str:
    """Which misconception how often in which question, and how each answer went."""
    named: Counter[tuple[str, str]] = Counter()
    right: Counter[str] = Counter()
    asked: Counter[str] = Counter()
    question = {}
    for one in outcome.good:
        for mark in one.marks:
            question[mark.key] = mark.question
            asked[mark.key] += not by_hand(mark) or mark.key in one.changed
            right[mark.key] += 0 < mark.worth <= one.points_for(mark) + 1e-9
            named.update((name, mark.question) for name in mark.feedback.misconceptions[:1])
    often = [(name, where, str(count)) for (name, where), count in sorted(named.items(), key=lambda o: (-o[1], o[0]))]
    head = ("misconception", "question", "how often")
    body = table("Misconceptions", head, often) if often else "<p>No answer came from a known misconception.</p>"
    went = [(key, question[key], f"{right[key]} of {asked[key]}") for key in outcome.keys]
    return body + table("Right answers", ("answer to", "question", "learners"), went)


def _absent(outcome: Outcome) -> str:
    names = "".join(f"<li>{_plain(name)}</li>" for name in outcome.absent)
    return f"<h2>Handed in nothing</h2><ul>{names}</ul>" if names else ""
