"""Check yourself: an exercise of the bank on the page, a box for each answer, and what the checker says of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

from bpkit.apps.linked import WAITING, Linked
from bpkit.apps.settings import Check, Held, Setting
from bpkit.core.errors import BpkitError
from bpkit.exercises.boxes import box
from bpkit.exercises.editions.in_page import in_page
from bpkit.exercises.exercise import Exercise
from bpkit.exercises.feedback import Feedback
from bpkit.exercises.generation import generate
from bpkit.exercises.judging import judge_all
from bpkit.exercises.parts import ExactPart, NumberPart, Part
from bpkit.exercises.written import FunctionPart

DRAWS = 3  # of each question, in a page that cannot ask for more
_HOW = {"shape": "rows, columns", "paths": "h1 o1, h2 o1", "whole": "a whole number, then Enter"}
_NOT_YET = ("blank", "unreadable")
_TEXTS = {
    "check": "Check",
    "again": "New numbers",
    "againTip": "The same question with other numbers",
    "solution": "Worked solution",
    "solutionTip": "Opens once you have tried an answer",
    "kernel": "You answer this part with a function of your own. That needs a kernel: open the notebook.",
}


@dataclass(frozen=True)
class Sitting:
    """An exercise, what was typed for each of its parts, and whether the worked solution stands open."""

    exercise: Exercise
    typed: tuple[str, ...]
    opened: bool = False

    @cached_property
    def feedback(self) -> tuple[Feedback, ...]:
        """What the checker says of each part."""
        parts = self.exercise.parts
        return tuple(judge_all(parts, dict(zip(parts, self.typed))).values())

    @property
    def tried(self) -> bool:
        """Was an answer given that could be read? Before that the solution stays shut."""
        return any(one.verdict not in _NOT_YET for one in self.feedback)

    @property
    def score(self) -> str:
        """How far the learner is, in words."""
        right, count = sum(map(bool, self.feedback)), len(self.feedback)
        if right == count:
            return "All correct. Try new numbers, or go to the next question."
        return f"{right} of {count} right." if self.tried and count > 1 else ""

    def said(self, place: int) -> str:
        """The verdict on one part in words: the name of the mistake, and the line where it happens."""
        return self.feedback[place].message


class Ask(Linked):
    """A question of the bank with numbers: ``answer(a="up")`` answers, ``again()`` draws new numbers.

    The verdict on an answer comes with Enter, so that guessing digit by digit does not work. A learner can open the
    worked solution after the first answer. A page without a kernel has some draws of the numbers and judges itself.
    """

    name = "exercise"
    kind = "Question"

    def __init__(self, question: str, seed: int = 0, difficulty: str = "easy") -> None:
        self._question, self._difficulty = question, difficulty
        if any(isinstance(part, FunctionPart) for part in self._drawn(seed).parts.values()):
            raise BpkitError(
                f"ask: expected a question with answers to type, got {question!r}, which wants functions; make a sheet"
            )
        super().__init__(_settings(seed), f"{question} {difficulty}")

    def _drawn(self, seed: int) -> Exercise:
        return generate(self._question, seed, difficulty=self._difficulty)

    def page(self) -> dict[str, Any]:
        return _page(self._drawn(self.values["seed"]))

    def without_kernel(self) -> dict[str, Any]:
        first = self.values["seed"]
        return _without_kernel([self._drawn(first + place) for place in range(DRAWS)])

    def read(self, values: Mapping[str, Any]) -> Sitting:
        exercise = self._drawn(values["seed"])
        typed = [str(one) for one in values["answers"]][: len(exercise.parts)]
        typed += [""] * (len(exercise.parts) - len(typed))
        sitting = Sitting(exercise, tuple(typed))
        return Sitting(exercise, tuple(typed), opened=values["opened"] and sitting.tried)

    def settled(self, values: dict[str, Any], before: Mapping[str, Any]) -> dict[str, Any]:
        return values if values["seed"] == before["seed"] else values | {"answers": [], "opened": False}

    def tells(self) -> dict[str, Any]:
        state = self.state
        return {
            "draw": draw(state.exercise),
            "said": [[one.verdict, one.message] for one in state.feedback],
            "tried": state.tried,
            "score": state.score,
            "solution": in_page(state.exercise.solution._repr_markdown_()) if state.opened else "",
        }

    def answer(self, **typed: str) -> None:
        """Type answers, by the letters of the parts."""
        letters = list(self.state.exercise.parts)
        answers = list(self.state.typed)
        for letter, text in typed.items():
            if letter not in letters:
                raise BpkitError(f"ask: expected a part of the question ({', '.join(letters)}), got {letter!r}")
            answers[letters.index(letter)] = text
        self.set(answers=answers)

    def again(self) -> None:
        """Draw new numbers."""
        self.set(seed=self.values["seed"] + 1)

    def still(self, state: Sitting) -> str:
        return in_page(self.still_markdown(state))

    def still_markdown(self, state: Sitting) -> str:
        title, _, text = state.exercise.question.partition("\n\n")
        return f"**{title}**\n\n{text}"

    def words(self, state: Sitting) -> str:
        said = " ".join(f"{letter}) {state.said(place)}" for place, letter in enumerate(state.exercise.parts))
        return f"{state.exercise.bank.title}. {said} {state.score}".rstrip()

    def __repr__(self) -> str:
        return f"{self.kind} {self.state.exercise.id}: {self.words(self.state)}"


def page_alone(draws: Sequence[Exercise]) -> dict[str, Any]:
    """All that a page without a kernel is told of a question."""
    settings = {name: one.spec() for name, one in _settings(0).items()}
    return {"view": Ask.name, "controls": settings, **_page(draws[0]), **_without_kernel(draws)}


def _settings(seed: int) -> dict[str, Setting]:
    return {"seed": Held("seed", seed), "answers": Held("answers", []), "opened": Check("worked solution")}


def _page(first: Exercise) -> dict[str, Any]:
    """What the view of a question needs in any page: its title, and its first draw of numbers."""
    return {
        "title": first.bank.title,
        "first": draw(first),
        "layout": {"rows": [["asked"], ["buttons"], ["solution"]]},
        "texts": WAITING | _TEXTS,
    }


def _without_kernel(draws: Sequence[Exercise]) -> dict[str, Any]:
    """What it needs besides in a page without a kernel: each draw with its answers, and what is said of all."""
    done, some = _scores()
    return {
        "draws": [
            {
                **draw(one),
                "boxes": [box(part) for part in one.parts.values() if not isinstance(part, FunctionPart)],
                "solution": in_page(one.solution._repr_markdown_()),
            }
            for one in draws
        ],
        "done": done if len(draws) > 1 else f"{done.partition('. ')[0]}.",
        "score": some,
    }


def draw(one: Exercise) -> dict[str, Any]:
    """One draw: what is given, and what is asked."""
    tell = one.content.tell().partition("\n\n")[2].removesuffix("Compute:")
    return {"given": in_page(tell), "parts": [_asked(part, letter) for letter, part in one.parts.items()]}


def _asked(part: Part, letter: str) -> dict[str, Any]:
    """A part of a question: its text, and the field or the list that takes the answer."""
    reader = part.reader if isinstance(part, ExactPart) else "number"
    typed = _HOW.get(reader, "your number, then Enter") if isinstance(part, ExactPart | NumberPart) else "a formula"
    return {
        "asks": in_page(part.asks, large=True),
        "label": f"Answer {letter}",
        "hint": typed,
        "options": list(getattr(part, "options", ())),
        "kernel": isinstance(part, FunctionPart),
    }


@lru_cache(maxsize=1)
def _scores() -> tuple[str, str]:
    """What is said of all answers together: when all are right, and of some of them; from a question of two parts."""
    two = generate("one-weight", 1, difficulty="easy")
    first, second = (part.printed for part in two.parts.values())
    done, some = Sitting(two, (first, second)).score, Sitting(two, (first, "")).score
    return done, some.replace("1", "{right}").replace("2", "{count}")
