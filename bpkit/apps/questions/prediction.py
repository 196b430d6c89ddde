"""A prediction as data: what is asked, and how the answer and its reason are computed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

Answer = str | float


@dataclass(frozen=True)
class Question:
    """What is asked, what may be chosen (nothing, where a number is typed), and what computes answer and reason.

    ``replies`` finds a sentence for a wrong choice or number that deserves one of its own. ``label`` says what is
    given: an answer that is looked up is no prediction.
    """

    text: str
    solve: Callable[[], tuple[Answer, str]]
    choices: tuple[str, ...] = ()
    replies: Callable[[], Mapping[str, str]] | None = None
    label: str = "Your prediction"
