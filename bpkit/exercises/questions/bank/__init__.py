"""The bank: every question that the kit can draw numbers for."""

from __future__ import annotations

from bpkit.core.errors import BpkitError, suggest
from bpkit.core.folder import modules_in
from bpkit.exercises.questions.exercise import Question

# The order in which practice takes up their topics; questions of another file come after these.
_ORDER = """quantity_questions reasoning swaps batches mending symbolic coding chains blocks factors reach orders sums
costs pictures kernels loss_curves wirings trained products library starting""".split()
QUESTIONS: tuple[Question, ...] = tuple(
    question for module in modules_in(__name__, first=_ORDER) for question in getattr(module, "QUESTIONS", ())
)


def find_question(id: str) -> Question:
    """The question of that id.

    >>> find_question("loss").title
    'The loss'
    """
    for question in QUESTIONS:
        if question.id == id:
            return question
    raise BpkitError(
        f"question: expected one of the bank's ids, got {id!r}{suggest(id, [question.id for question in QUESTIONS])}"
    )
