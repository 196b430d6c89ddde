"""What a misconception is on any model: its words, and the shapes that it comes in."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum

from bpkit.core.architecture import Architecture
from bpkit.core.derivation import Derivation, derive
from bpkit.core.problem import Problem
from bpkit.core.spelling import expr_text
from bpkit.mistakes.question import Question
from bpkit.mistakes.rewrite import Edit

Shapes = Iterator[tuple[str, dict[str, Edit]]]


class Shows(Enum):
    """Where a misconception shows: in all that follows from it, in the answer only, or only over updates or samples."""

    EVERYWHERE = "everywhere"
    ANSWER = "answer"  # the right number of something that was not asked
    TRAINING = "training"  # before an update it cannot be told from another mistake
    BATCH = "batch"  # with one sample it changes nothing


@dataclass(frozen=True)
class Rule:
    """A mistake on any network: its stable ``name``, what ``you`` do in it ("you get this if you .."), a ``sentence``
    that says why it is one, and the ``shapes`` that it comes in on a derivation: a word on where it happens, and the
    edits by line.

    ``rank`` is 1 for what most people do sooner or later, 2 for what some people do, 3 for what is far-fetched.
    ``convention`` is a whole sentence that says where this is right.
    """

    name: str
    you: str
    sentence: str
    shapes: Callable[[Derivation], Shapes]
    rank: int = 2
    shows: Shows = Shows.EVERYWHERE
    convention: str = ""

    def __call__(self, derivation: Derivation) -> Shapes:
        return self.shapes(derivation)

    def written(self, model: Architecture | Problem, line: str) -> str:
        """The right side of a line of a model, as the first shape that changes this line has it."""
        derivation = derive(model)
        right = derivation.by_name[line].rhs
        made = (edits[line](right) for _, edits in self(derivation) if line in edits)
        return expr_text(next(wrong for wrong in made if wrong != right))


@dataclass(frozen=True)
class Procedure:
    """A mistake whose lines are all right, but on another problem: ``elsewhere`` finds the question there, a word
    about it, and the line to look at.
    """

    name: str
    you: str
    sentence: str
    elsewhere: Callable[[Question], Iterator[tuple[str, Question, str]]]
    rank: int = 2


def procedure(
    name: str, you: str, sentence: str, *, rank: int = 2
) -> Callable[[Callable[[Question], Iterator[tuple[str, Question, str]]]], Procedure]:
    """Make a procedure of a function that finds the question on another problem, and of these words."""
    return lambda elsewhere: Procedure(name, you, sentence, elsewhere, rank)


def misconception(
    name: str,
    you: str,
    sentence: str,
    *,
    rank: int = 2,
    shows: Shows = Shows.EVERYWHERE,
    convention: str = "",
) -> Callable[[Callable[[Derivation], Shapes]], Rule]:
    """Make a rule of a function that yields the shapes of a mistake, and of these words."""
    return lambda shapes: Rule(name, you, sentence, shapes, rank, shows, convention)
