"""Which misconceptions the answers of a class show: in which question, in which line, how often, and whose."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bpkit.core.errors import BpkitError
from bpkit.exercises.marking.standing import Outcome, Standing
from bpkit.exercises.questions.exercise import Exercise
from bpkit.exercises.questions.generation import restore
from bpkit.exercises.questions.judging import Mark
from bpkit.exercises.questions.parts import NumberPart, Part
from bpkit.exercises.questions.slips import told
from bpkit.exercises.sheets.key import Key
from bpkit.show.markup import as_html


@dataclass(frozen=True)
class Place:
    """Where a misconception was met: the key and title of the question, the line, and the learners.

    ``line`` is HTML, empty where no line of a worked solution is meant.
    """

    key: str
    title: str
    line: str
    who: tuple[Standing, ...]


@dataclass(frozen=True)
class Finding:
    """A misconception: its name, why it is one, how many answers show it, and in which questions."""

    name: str
    sentence: str
    count: int
    places: tuple[Place, ...]


def findings(outcome: Outcome) -> tuple[Finding, ...]:
    """The likeliest misconception of each answer, counted by name and by question, the most frequent first."""
    met: dict[str, dict[str, list[tuple[Standing, Mark]]]] = {}
    for one in outcome.good:
        for mark in one.marks:
            for name in mark.feedback.misconceptions[:1]:
                met.setdefault(name, {}).setdefault(mark.key, []).append((one, mark))
    found = [_finding(name, by_key, outcome.key) for name, by_key in met.items()]
    return tuple(sorted(found, key=lambda one: (-one.count, one.name)))


def _finding(name: str, by_key: Mapping[str, Sequence[tuple[Standing, Mark]]], of: Key) -> Finding:
    often = sorted(by_key, key=lambda key: -len(by_key[key]))
    places, sentences = [], []
    for key in often:
        # A mark of an earlier run does not know its line any more.
        one, mark = next((pair for pair in by_key[key] if pair[1].feedback.line), by_key[key][0])
        exercise, part = asked(of, one.slug, key)
        line = line_of(part, mark.feedback.line)
        others = tuple(who for who, _ in by_key[key] if who is not one)
        places.append(Place(key, exercise.bank.title, line, (one, *others)))
        sentences.append(_sentence(name, part))
    return Finding(name, next(filter(None, sentences), ""), sum(map(len, by_key.values())), tuple(places))


def asked(of: Key, slug: str, key: str) -> tuple[Exercise, Part]:
    """The exercise of a learner's sheet that a key belongs to, and the part; no other is worked out."""
    number = key.rstrip("abcdefghijklmnopqrstuvwxyz")
    exercise = restore(of.tasks[slug][int(number) - 1])
    return exercise, exercise.parts[key.removeprefix(number) or "a"]


def line_of(part: Part, number: int | None) -> str:
    """A line of the derivation of what was asked, typeset; empty where there is none."""
    if number is None or not isinstance(part, NumberPart) or part.problem is None:
        return ""
    try:
        return as_html(part.problem.derivation[number]._repr_latex_())
    except BpkitError:
        return ""


def _sentence(name: str, part: Part) -> str:
    """Why that is a mistake, in the words of the catalogue, for two made together those of both."""
    general = told(part.problem.derivation) if isinstance(part, NumberPart) and part.problem else ()
    known = {one.name: one.sentence for one in reversed(general)}
    if name not in known and not all(one in known for one in name.split(" and ")):
        known = {one.name: one.sentence for one in reversed(part.wrong)}  # a question's own; they take longer to find
    found = [known[name]] if name in known else [known.get(one, "") for one in name.split(" and ")]
    return " ".join(f"{text[0].upper()}{text[1:].rstrip('.')}." for text in found if text)
