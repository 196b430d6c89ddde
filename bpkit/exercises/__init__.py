"""Exercises: drawn from a seed, checked by meaning, marked with the mistake's name.

``generate("hidden-weight", seed=7)`` draws one exercise, ``ask("hidden-weight", seed=7)`` puts it on the page with
boxes for the answers, ``practice()`` goes on with one question after the other, ``make_sheet`` makes a learner's sheet
of them; ``questions`` lists the bank. For instructors ``panels.regenerate()`` makes a class's sheets and
``panels.mark()`` marks what is handed in.

Shapes: one exercise has one or more parts, each with an answer of its own. Units: none.
Errors: ``BpkitError`` for a question that is not in the bank and for an answer that is of another kind.
Source: every answer, and every mistake looked for, is computed from the lines of ``bpkit.derive``.

>>> import bpkit as bp
>>> exercise = bp.exercises.generate("hidden-weight", seed=7)
>>> exercise.check(exercise.answer)
correct: Right.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from bpkit.exercises.questions.generation import generate, questions, restore
from bpkit.exercises.sheets.checker import Checker
from bpkit.exercises.sheets.grading import grade
from bpkit.exercises.sheets.sheet import Sheet, make_sheet, open_sheet

if TYPE_CHECKING:
    from bpkit.exercises import panels
    from bpkit.exercises.questions.practice.page import Practice
    from bpkit.exercises.questions.sitting import Ask

__all__ = [
    "Checker",
    "Sheet",
    "ask",
    "generate",
    "grade",
    "make_sheet",
    "open_sheet",
    "panels",
    "practice",
    "questions",
    "restore",
]


def __getattr__(name: str) -> Any:
    if name == "panels":  # widgets, which sheets and marking do without
        return import_module("bpkit.exercises.panels")
    raise AttributeError(f"bpkit.exercises has no {name!r}; it has {', '.join(__all__)}")


def ask(question: str, seed: int = 0, difficulty: str = "easy") -> "Ask":
    """A question of the bank on the page: numbers from the seed, a box for each answer, the mistake by its name.

    Raises ``BpkitError`` for a question that the bank does not have, and for one that wants functions.
    """
    from bpkit.exercises.questions.sitting import Ask  # widgets, which sheets and marking do without

    return Ask(question, seed, difficulty)


def practice(topic: str | None = None, seed: int = 0) -> "Practice":
    """Questions without end on the page: each mistake comes back with new numbers until it is gone.

    ``topic`` is a topic or a question of the bank; all topics if it is left out. Raises ``BpkitError`` for any other.
    """
    from bpkit.exercises.questions.practice.page import Practice  # widgets, which sheets and marking do without

    return Practice(topic, seed)
