"""Check yourself: an exercise of the bank on the page, a box for each answer, and what the checker says of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from typing import Any, ClassVar

from bpkit.apps.controls import Check, Held, Setting
from bpkit.apps.linked import WAITING, Linked
from bpkit.core.derivation import NumberedDerivation
from bpkit.core.errors import BpkitError
from bpkit.exercises.questions.answer_boxes import box, helped
from bpkit.exercises.questions.cards import NOT_YET, card, said
from bpkit.exercises.questions.exercise import Exercise
from bpkit.exercises.questions.feedback import Feedback
from bpkit.exercises.questions.generation import generate
from bpkit.exercises.questions.hints import hints
from bpkit.exercises.questions.judging import judge_all
from bpkit.exercises.questions.parts import NumberPart, Part
from bpkit.exercises.questions.written import FunctionPart
from bpkit.page.in_page import in_page
from bpkit.show.drawing import Drawing

DRAWS = 3  # of each question, in a page that cannot ask for more
LONGEST_ROW = 200  # draws one after the other for the same network
WRONG = ("misconception", "unknown")  # what a hint is given for
RIGHT = ("correct", "rounded")
_AFRESH: dict[str, Any] = {"answers": [], "hinted": [], "opened": False}
_TEXTS = {
    "check": "Check",
    "press": "Press Check.",
    "again": "New numbers",
    "againTip": "The same question with other numbers",
    "solution": "Worked solution",
    "solutionTip": "Opens once you have tried an answer",
    "hint": "Hint",
    "hintTip": "The next step, after a wrong answer",
    "hintEarly": "Hint (after a try)",
    "hintEarlyTip": "Opens once an answer of yours is wrong",
    "hintFirst": "Settle {first}) first. Then there is a hint here.",
    "hintsOver": "No more hints. The worked solution has the rest.",
    "choose": "choose",
    "table": "The numbers as a table",
    "misconception": "Your answer goes wrong in this line.",
    "unknown": "Check this line first.",
    "kernel": "You answer this part with a function of your own. That needs a kernel: open the notebook.",
}
# Of a question that asks for no number.
_OTHER = {"again": "Another one", "againTip": "The same kind of question, drawn anew"}


Hinted = tuple[int | None, int]  # the line that hints go from, and how many were asked for


@dataclass(frozen=True)
class Sitting:
    """An exercise, what was typed for each of its parts, and whether the worked solution is open.

    ``hinted`` says for each part from which line its hints go, and how many were asked for.
    """

    exercise: Exercise
    typed: tuple[str, ...]
    opened: bool = False
    hinted: tuple[Hinted, ...] = ()

    @cached_property
    def feedback(self) -> tuple[Feedback, ...]:
        """What the checker says of each part."""
        parts = self.exercise.parts
        return tuple(judge_all(parts, dict(zip(parts, self.typed))).values())

    @property
    def tried(self) -> bool:
        """Was an answer given that could be read? Before that the solution stays shut."""
        return any(one.verdict not in NOT_YET for one in self.feedback)

    @property
    def score(self) -> str:
        """How far the learner is, in words."""
        verdicts, count = [one.verdict for one in self.feedback], len(self.feedback)
        right, follow = sum(one in RIGHT for one in verdicts), verdicts.count("carried")
        if right == count:
            return _all_right(self.exercise)
        if follow:
            return f"{right} right, {follow} follow{'s' * (follow == 1)}."
        return f"{right} of {count} right." if self.tried and count > 1 else ""

    def said(self, place: int) -> str:
        """The verdict on one part in words: the name of the mistake, and the line where it happens."""
        return said(self.exercise.content.parts[place], self.typed[place], self.feedback[place])

    def hints(self, place: int) -> tuple[str, ...]:
        """The hints of a part that were asked for."""
        start, count = self.hinted[place] if place < len(self.hinted) else (None, 0)
        return hints(self.exercise.content.parts[place], start)[:count]

    @property
    def left(self) -> list[tuple[int, int, str]]:
        """Where in the worked solution answers go wrong: the place of the table, the line, and the verdict."""
        found = []
        for part, one in zip(self.exercise.content.parts, self.feedback):
            place = table(self.exercise, part)
            if place is not None and one.line and one.verdict in WRONG:
                found.append((place, one.line, one.verdict))
        return found


class Ask(Linked):
    """A question of the bank with numbers: ``answer(a="up")`` answers, ``again()`` draws new numbers.

    The verdict comes with Enter or *Check*, so that guessing digit by digit, or choice by choice, does not work. After
    a wrong answer there are hints, ``hint("a")``; a learner can open the worked solution after the first answer. New
    numbers come for the same network. A page without a kernel has some draws of the numbers and judges itself.
    """

    name = "exercise"
    kind = "Question"
    keeps: ClassVar[tuple[str, ...]] = ("seed", "answers", "hinted", "opened")

    def __init__(self, question: str, seed: int = 0, difficulty: str = "easy") -> None:
        self._question, self._difficulty, self._first = question, difficulty, seed
        if any(isinstance(part, FunctionPart) for part in self._drawn(seed).parts.values()):
            raise BpkitError(
                f"ask: expected a question with answers to type, got {question!r}, which wants functions; make a sheet"
            )
        super().__init__(self._settings(), f"{question} {difficulty}")

    def _settings(self) -> dict[str, Setting]:
        return _settings(self._first)

    def _drawn(self, seed: int) -> Exercise:
        return _drawn(self._question, self._difficulty, self._first, seed)

    def page(self) -> dict[str, Any]:
        return _page(self._drawn(self.values["seed"]))

    def without_kernel(self) -> dict[str, Any]:
        first = self.values["seed"]
        return _without_kernel([self._drawn(first + place) for place in range(DRAWS)])

    def read(self, values: Mapping[str, Any]) -> Sitting:
        exercise = self._drawn(values["seed"])
        typed = [str(one) for one in values["answers"]][: len(exercise.parts)]
        typed += [""] * (len(exercise.parts) - len(typed))
        sitting = Sitting(exercise, tuple(typed), hinted=tuple(map(_hinted, values["hinted"])))
        return replace(sitting, opened=values["opened"] and sitting.tried)

    def settled(self, values: dict[str, Any], before: Mapping[str, Any]) -> dict[str, Any]:
        return values if values["seed"] == before["seed"] else values | _AFRESH

    def tells(self) -> dict[str, Any]:
        state = self.state
        return {
            "draw": card(state.exercise),
            "said": [[one.verdict, state.said(place), one.line] for place, one in enumerate(state.feedback)],
            "hints": [[in_page(text) for text in state.hints(place)] for place in range(len(state.typed))],
            "over": [self._over(state, place) for place in range(len(state.typed))],
            "tried": state.tried,
            "score": state.score,
            "left": state.left if state.opened else [],
            "solution": in_page(state.exercise.solution._repr_markdown_()) if state.opened else "",
        }

    @property
    def title(self) -> str:
        """What the question is about."""
        return self._drawn(self.values["seed"]).bank.title

    @property
    def done(self) -> bool:
        return all(one.verdict in RIGHT for one in self.state.feedback)

    def answer(self, **typed: str) -> None:
        """Type answers, by the letters of the parts."""
        answers = list(self.state.typed)
        for letter, text in typed.items():
            answers[self._number(letter)] = text
        self.set(answers=answers)

    def _number(self, letter: str) -> int:
        letters = list(self.state.exercise.parts)
        if letter not in letters:
            raise BpkitError(f"ask: expected a part of the question ({', '.join(letters)}), got {letter!r}")
        return letters.index(letter)

    def _over(self, state: Sitting, place: int) -> bool:
        """Were all hints of a part asked for?"""
        start, count = state.hinted[place] if place < len(state.hinted) else (None, 0)
        return count >= len(hints(state.exercise.content.parts[place], start))

    def hint(self, letter: str = "a") -> None:
        """Ask for the next hint of a part, after a wrong answer, and once the part before it is right that it needs."""
        place = self._number(letter)
        one, first = self.state.feedback[place], self.state.exercise.content.parts[place].first
        if one.verdict not in WRONG or (first and self.state.feedback[self._number(first)].verdict not in RIGHT):
            return
        hinted = [*self.values["hinted"], *[None] * (place + 1 - len(self.values["hinted"]))]
        start, count = _hinted(hinted[place]) if hinted[place] else (one.line, 0)
        hinted[place] = [start, count + 1]
        self.set(hinted=hinted)

    def again(self) -> None:
        """Ask the same question with new numbers."""
        self.set(seed=self.values["seed"] + 1)

    def drawing(self, state: Sitting) -> Drawing | None:
        return state.exercise.content.picture() if state.exercise.content.picture else None

    def still(self, state: Sitting) -> str:
        return in_page(self.still_markdown(state))

    def still_markdown(self, state: Sitting) -> str:
        heading = state.exercise.heading
        return f"**{heading}**{state.exercise.question.removeprefix(heading)}"

    def words(self, state: Sitting) -> str:
        said = " ".join(f"{letter}) {state.said(place)}" for place, letter in enumerate(state.exercise.parts))
        return f"{state.exercise.heading} {said} {state.score}".rstrip()

    def __repr__(self) -> str:
        return f"{self.kind} {self.state.exercise.id}: {self.words(self.state)}"


def page_alone(draws: Sequence[Exercise]) -> dict[str, Any]:
    """All that a page without a kernel is told of a question."""
    settings = {name: one.spec() for name, one in _settings(0).items()}
    return {"view": Ask.name, "controls": settings, **_page(draws[0]), **_without_kernel(draws)}


def _settings(seed: int) -> dict[str, Setting]:
    return {
        "seed": Held("seed", seed),
        "answers": Held("answers", []),
        "hinted": Held("hints", []),
        "opened": Check("worked solution"),
    }


def _hinted(told: Any) -> Hinted:
    """What the page says of a part's hints; none for anything else."""
    match told:
        case [int() | None as start, int(count)] if count > 0:
            return start, count
    return None, 0


@lru_cache(maxsize=64)
def _drawn(question: str, difficulty: str, first: int, seed: int) -> Exercise:
    """A draw: the first, and after it the same network with other numbers."""
    before = _drawn(question, difficulty, first, seed - 1) if first < seed <= first + LONGEST_ROW else None
    return generate(question, seed, difficulty=difficulty, like=before)


def table(exercise: Exercise, part: Part) -> int | None:
    """The place of the table with a part's lines among those of the worked solution; None where there is none."""
    pieces = [piece for piece in exercise.solution.pieces if isinstance(piece, NumberedDerivation)]
    if not isinstance(part, NumberPart) or part.problem is None:
        return None
    return next((place for place, piece in enumerate(pieces) if piece.problem == part.problem), None)


def _texts(one: Exercise) -> dict[str, str]:
    return _TEXTS | ({} if any(isinstance(part, NumberPart) for part in one.content.parts) else _OTHER)


def _all_right(one: Exercise) -> str:
    """What is said when every answer is right; the button has its own words in it."""
    return f"All correct. Press “{_texts(one)['again']}”, or go to the next question."


def _page(first: Exercise) -> dict[str, Any]:
    """What the view of a question needs in any page: its title, and its first draw of numbers."""
    return {
        "title": first.bank.title,
        "first": card(first),
        "layout": {"rows": [["asked"], ["buttons"], ["solution"]]},
        "texts": WAITING | _texts(first),
    }


def _without_kernel(draws: Sequence[Exercise]) -> dict[str, Any]:
    """What it needs besides in a page without a kernel: each draw with its answers, and what is said of all."""
    done = _all_right(draws[0])
    return {
        "draws": [
            {
                **card(one),
                "boxes": [
                    box(part) | helped(part) | {"table": table(one, part)}
                    for part in one.parts.values()
                    if not isinstance(part, FunctionPart)
                ],
                "solution": in_page(one.solution._repr_markdown_()),
            }
            for one in draws
        ],
        "done": done if len(draws) > 1 else f"{done.partition('. ')[0]}.",
        "score": _some_right(),
    }


@lru_cache(maxsize=1)
def _some_right() -> str:
    """What is said of some right answers among others; from a question of two parts."""
    two = generate("one-weight", 1, difficulty="easy")
    first, _ = (part.printed for part in two.parts.values())
    return Sitting(two, (first, "")).score.replace("1", "{right}").replace("2", "{count}")
