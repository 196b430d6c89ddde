"""The bank: every question that the kit can draw numbers for."""

from __future__ import annotations

from bpkit.core.errors import BpkitError, suggest
from bpkit.exercises.questions.bank import (
    batches,
    blocks,
    chains,
    coding,
    costs,
    factors,
    kernels,
    library,
    loss_curves,
    mending,
    orders,
    pictures,
    products,
    quantity_questions,
    reach,
    reasoning,
    starting,
    sums,
    swaps,
    symbolic,
    trained,
    wirings,
)
from bpkit.exercises.questions.exercise import Question

QUESTIONS: tuple[Question, ...] = (
    *quantity_questions.QUESTIONS,
    *reasoning.QUESTIONS,
    *swaps.QUESTIONS,
    *batches.QUESTIONS,
    *mending.QUESTIONS,
    *symbolic.QUESTIONS,
    *coding.QUESTIONS,
    *chains.QUESTIONS,
    *blocks.QUESTIONS,
    *factors.QUESTIONS,
    *reach.QUESTIONS,
    *orders.QUESTIONS,
    *sums.QUESTIONS,
    *costs.QUESTIONS,
    *pictures.QUESTIONS,
    *kernels.QUESTIONS,
    *loss_curves.QUESTIONS,
    *wirings.QUESTIONS,
    *trained.QUESTIONS,
    *products.QUESTIONS,
    *library.QUESTIONS,
    *starting.QUESTIONS,
)


def find_question(id: str) -> Question:
    """The question of that id."""
    for question in QUESTIONS:
        if question.id == id:
            return question
    raise BpkitError(
        f"question: expected one of the bank's ids, got {id!r}{suggest(id, [question.id for question in QUESTIONS])}"
    )
