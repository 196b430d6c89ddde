"""What learners read beside the lessons is written like them: reasons, misconceptions, predictions, questions."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from english import crowded, faults, phrases

import bpkit as bp
from bpkit.apps.questions import QUESTIONS as PREDICTIONS
from bpkit.exercises.questions.bank import QUESTIONS
from bpkit.exercises.questions.exercise import Question
from bpkit.exercises.questions.generation import generate
from bpkit.mistakes.misconceptions import PROCEDURES, RULES

PACKAGE = Path(bp.__file__).parent
DOCUMENTED = ast.Module | ast.ClassDef | ast.FunctionDef
NETWORKS = (
    bp.Network(2, 2, 2),
    bp.Network(2, 2, 2, 1, activation="relu", loss="binary_cross_entropy", bias="none"),
    bp.Network(2, 3, activation="softmax", loss="cross_entropy", bias="neuron"),
)


def test_reasons() -> None:
    update = bp.examples.article.problem.replace
    problems = [update(update=rule) for rule in (bp.updates.Adam(), bp.updates.Momentum(0.9, weight_decay=0.1))]
    derivations = [bp.derive(one) for one in (*NETWORKS, *problems)]
    reasons = {step.reason for derivation in derivations for step in derivation}
    assert len(reasons) > 100
    assert [fault for reason in reasons for fault in phrases(reason)] == []


def test_misconceptions() -> None:
    texts = [text for rule in (*RULES, *PROCEDURES) for text in (rule.name, rule.you, rule.sentence)]
    assert len(texts) > 200
    assert [fault for text in texts for fault in faults(text)] == []


def test_predictions() -> None:
    for name in PREDICTIONS:
        asked = bp.apps.predict(name).state
        for text in (asked.question, *(asked.choices or ()), asked.because):
            assert faults(text) == [], (name, text)


@pytest.mark.parametrize("question", QUESTIONS, ids=[one.id for one in QUESTIONS])
def test_questions(question: Question) -> None:
    for text in read(generate(question.id, 3)):
        assert [*phrases(text), *crowded(text)] == [], text


def read(exercise: bp.exercises.Exercise) -> Iterator[str]:
    """All that is read of a question, but for what it prints of a derivation."""
    yield exercise.content.tell()
    for part in exercise.content.parts:
        yield from (part.asks, *(wrong.said for wrong in part.wrong))
        yield from (part.hints if isinstance(part.hints, tuple) else ())


def test_docstrings() -> None:
    modules = [ast.parse(path.read_text(encoding="utf-8")) for path in PACKAGE.rglob("*.py")]
    told = (node for module in modules for node in ast.walk(module) if isinstance(node, DOCUMENTED))
    assert [fault for node in told for fault in phrases(ast.get_docstring(node) or "")] == []
