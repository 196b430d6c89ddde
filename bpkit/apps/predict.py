"""Commit to an answer before it is shown: the learner predicts, then compares."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from html import escape
from typing import Any
from zlib import crc32

import numpy as np

from bpkit.apps.controls import Choice, Held, Setting, Text, options
from bpkit.apps.linked import WAITING, Linked
from bpkit.core.errors import BpkitError, suggest
from bpkit.core.spelling import number, number_read
from bpkit.mistakes.nearness import standing
from bpkit.mistakes.typed_number import read

CLOSE = 1.1  # as a factor: nearer than this is close


@dataclass(frozen=True)
class Prediction:
    """A question, what may be chosen, the answer with its reason, and what the learner committed to."""

    question: str
    choices: tuple[str, ...] | None
    answer: str | float
    because: str
    committed: str | float | None = None
    replies: Mapping[str, str] = field(default_factory=dict)  # to wrong choices, or to wrong numbers
    label: str = "Your prediction"

    @property
    def right(self) -> bool:
        """Is what was committed the answer, to the digits that were typed?"""
        if isinstance(self.committed, float):
            return agrees(self.committed, float(self.answer))
        return self.committed == self.answer

    @property
    def feedback(self) -> str:
        """The comparison with the answer and the reason; empty before the learner committed."""
        if self.committed is None:
            return ""
        pair = _numbers(self.committed, self.answer)
        if pair is not None:
            guess, answer = pair
            typed, true = (str(self.committed), str(self.answer)) if self.choices else ("", "")
            text = compare(guess, answer, typed, true)
            if said := self.replies.get(f"{guess:.12g}"):
                text = f"{text.partition('. ')[0]}. {said}"
        else:
            reply = f"{said} " if (said := self.replies.get(str(self.committed))) else ""
            known = "That is right." if self.right else f"{reply}It is {_quoted(self.answer)}."
            text = f"You said {_quoted(self.committed)}. {known}"
        return f"{text} The reason: {self.because.rstrip('.')}." if self.because else text


def _quoted(choice: object) -> str:
    """A choice within a sentence: in quotes where it has several words of its own.

    >>> _quoted("up"), _quoted("up and down")
    ('up', '“up and down”')
    """
    return f"“{choice}”" if " " in str(choice) and "“" not in str(choice) else str(choice)


def _numbers(committed: str | float, answer: str | float) -> tuple[float, float] | None:
    """The numbers that a prediction and its answer are; None where they are words.

    >>> _numbers("0.25", 0.5), _numbers("up", "down")
    ((0.25, 0.5), None)
    """
    try:
        return float(committed), float(answer)
    except ValueError:
        return None


def agrees(guess: float, answer: float) -> bool:
    """Is a number the answer, rounded to as many digits as the number has, at least two?

    >>> agrees(0.085, 0.0851429), agrees(0.08, 0.0851429), agrees(4.0, 4.0)
    (True, False, True)
    """
    if number(guess) == number(answer):
        return True
    figure = read(guess)
    found = None if answer.is_integer() else standing(figure, answer, max(2, figure.digits), 0.0)
    return found is not None and found[0] == "correct"


def compare(guess: float, answer: float, typed: str = "", true: str = "") -> str:
    """How far a predicted number is off: by how much, in which direction, by which factor or percentage.

    ``typed`` and ``true`` spell the two where that is not left to the digits of the page.
    """
    true, said = true or number_read(answer), f"You said {typed or number_read(guess)}"
    if number(guess) == number(answer):
        return f"{said}. That is right."
    if agrees(guess, answer):
        return f"{said}. That is right; with more digits it is {true}."
    # Of the numbers that are read, so that they agree.
    off = number_read(abs(float(number(guess)) - float(number(answer))), 4)
    way = "high" if guess > answer else "low"
    if guess * answer <= 0:
        sign = ", and on the other side of 0" if guess * answer < 0 else ""
        return f"{said}; it is {true}. You were {off} too {way}{sign}."
    factor = max(guess / answer, answer / guess)
    if factor < 2:
        share, close = number_read(100 * abs(guess / answer - 1), 2), "Close. " if factor <= CLOSE else ""
        return f"{said}; it is {true}. {close}You were {off}, or {share} %, too {way}."
    size = "large" if abs(guess) > abs(answer) else "small"
    return f"{said}; it is {true}. You were {off} too {way}: {float(number(factor, 2)):g} times too {size}."


def shuffled(question: str, choices: Sequence[str]) -> tuple[str, ...]:
    """Choices in an order that the question decides: always the same, wherever its author put the right one.

    >>> shuffled("Which?", ["a", "b", "c"]) == shuffled("Which?", ["c", "b", "a"])
    True
    """
    fixed = sorted(choices)
    draw = np.random.default_rng(crc32("\n".join([question, *fixed]).encode()))
    return tuple(fixed[place] for place in draw.permutation(len(fixed)))


def named(name: str) -> Prediction:
    """A question of the lessons with its answer and reason."""
    from bpkit.apps.questions import QUESTIONS  # only here: a question that is broken must not break every app

    if name not in QUESTIONS:
        raise BpkitError(
            f"predict: expected the name of a lesson's question, or a question of your own with its answer, got "
            f"{name!r}{suggest(name, QUESTIONS)}; such as predict('How many?', answer=3)"
        )
    asked = QUESTIONS[name]
    answer, because = asked.solve()
    replies = asked.replies() if asked.replies else {}
    choices = shuffled(asked.text, asked.choices) or None
    return Prediction(asked.text, choices, answer, because, replies=replies, label=asked.label)


def own(question: str, choices: Sequence[str] | None, answer: str | float, because: str) -> Prediction:
    """A question of an author's own, or what is wrong with it.

    >>> own("How many?", None, 3, "There are three.").answer
    3.0
    """
    if choices is None:
        if isinstance(answer, str | bool):
            raise BpkitError(f"predict: expected a number as the answer, got {answer!r}; or give choices=[..]")
        return Prediction(question, None, float(answer), because)
    if answer not in choices or len(set(choices)) < len(choices):
        raise BpkitError(
            f"predict: expected the answer to be one of the different choices {', '.join(map(str, choices))}, "
            f"got {answer!r}{suggest(str(answer), list(map(str, choices)))}"
        )
    return Prediction(question, shuffled(question, list(map(str, choices))), str(answer), because)


class Predict(Linked):
    """A question that shows its answer only to those who have committed to one of their own.

    ``predict("two-paths")`` asks a question of the lessons; ``bpkit.apps.questions.QUESTIONS`` lists their names. One
    of your own is ``predict("Which way?", choices=["up", "down"], answer="down", because="..")``; without ``choices``
    the answer is a number that is typed. Then hide the cell's source, which holds the answer: in JupyterLab, *View →
    Collapse Selected Code*. Choices are shuffled, each time in the same way.

    ``guess`` is the control, ``commit()`` does it once; ``committed`` and ``feedback`` say the rest.
    """

    name = "predict"
    keeps = ("guess", "final")
    title = "the prediction"

    def __init__(
        self,
        question: str,
        choices: Sequence[str] | None = None,
        *,
        answer: str | float | None = None,
        because: str = "",
    ) -> None:
        self._asked = named(question) if answer is None else own(question, choices, answer, because)
        super().__init__(self._settings(), repr(self._asked.question))

    def _settings(self) -> Mapping[str, Setting]:
        listed = self._asked.choices
        guess = (
            Text(self._asked.label, hint="a number", live=True)
            if listed is None
            else Choice(self._asked.label, None, options(*listed), listed=True)
        )
        return {"guess": guess, "final": Held("what was committed", None)}

    def page(self) -> dict[str, Any]:
        asked, number = self._asked, self._asked.choices is None
        return {
            "layout": {"rows": [["asked"], ["guess", "commit"], ["verdict"]]},
            "asked": asked.question,
            "texts": WAITING
            | {
                "commit": "Commit",
                "tip": "Commit to your answer; then it cannot be changed",
                "ready": "Press Commit to compare. After that you cannot change it.",
                "empty": f"{'Type a number' if number else 'Choose'}, then commit.",
                "pressed": "That needs a number first. Type a number, then commit."
                if number
                else "That needs an answer first. Choose, then commit.",
            },
        }

    def without_kernel(self) -> dict[str, Any]:
        asked = self._asked
        if asked.choices is None:
            because = f" The reason: {asked.because.rstrip('.')}." if asked.because else ""
            answer = float(asked.answer)
            named = [[float(one), replace(asked, committed=float(one)).feedback] for one in asked.replies]
            return {
                "answer": answer,
                "true": number_read(answer),
                "because": because,
                "says": comparisons(),
                "named": named,
            }
        said = {one: replace(asked, committed=one) for one in asked.choices}
        return {"said": {one: [state.right, state.feedback] for one, state in said.items()}}

    def read(self, values: Mapping[str, Any]) -> Prediction:
        final, choices = values["final"], self._asked.choices
        if final is not None and (final not in choices if choices else not isinstance(final, str)):
            raise BpkitError(f"predict: expected {', '.join(choices or ('a number as it is typed',))}, got {final!r}")
        if final is None or choices is not None:
            return replace(self._asked, committed=final)
        return replace(self._asked, committed=read(str(final)).value)

    def settled(self, values: dict[str, Any], before: Mapping[str, Any]) -> dict[str, Any]:
        return values if before["final"] is None else dict(before)

    def tells(self) -> dict[str, Any]:
        state = self.state
        if state.committed is None:
            return {"verdict": "", "message": ""}
        return {"verdict": "correct" if state.right else "other", "message": state.feedback}

    @property
    def done(self) -> bool:
        return self.values["final"] is not None

    def commit(self) -> None:
        """Commit to the present guess, once. Errors: ``BpkitError`` where there is none yet."""
        guess = self.values["guess"]
        if guess is None or not guess.strip():
            raise BpkitError("predict: expected a prediction, got none; set app.guess.value, then app.commit()")
        self.set(final=guess)

    @property
    def committed(self) -> str | float | None:
        """What the learner committed to; None before."""
        committed: str | float | None = self.state.committed
        return committed

    @property
    def feedback(self) -> str:
        """What is said after committing; empty before."""
        return str(self.state.feedback)

    def still(self, state: Prediction) -> str:
        choices = "".join(f"<li>{escape(choice)}</li>" for choice in state.choices or ())
        said = f"<p>{escape(state.feedback)}</p>" if state.feedback else ""
        return f"<p><b>{escape(state.question)}</b></p>{choices and f'<ul>{choices}</ul>'}{said}"

    def words(self, state: Prediction) -> str:
        choices = f" ({' / '.join(state.choices)})" if state.choices else ""
        return f"{state.question}{choices} {state.feedback or 'No prediction yet.'}"

    def __repr__(self) -> str:
        return f"Predict: {self.words(self.state)}"


@lru_cache(maxsize=1)
def comparisons() -> dict[str, str]:
    """Every sentence that compares a prediction with the answer: those of ``compare``, with holes for the numbers."""

    def said(guess: float, answer: float, last: str = "") -> str:
        holes = iter(("said", "true", "off", last))  # in the order of the sentence
        return re.sub(
            r"−?\d+(?:\.\d+)?",
            lambda found: f"{{{hole}}}" if (hole := next(holes)) else found[0],
            compare(guess, answer),
        )

    return {
        "right": said(7.0, 7.0),
        "rounded": said(0.73, 0.731058),
        "zero_high": said(0.0, -3.0),
        "zero_low": said(0.0, 3.0),
        "across_high": said(2.0, -3.0),
        "across_low": said(-2.0, 3.0),
        "close_high": said(105.0, 100.0, "share"),
        "close_low": said(95.0, 100.0, "share"),
        "near_high": said(150.0, 100.0, "share"),
        "near_low": said(70.0, 100.0, "share"),
        "high_large": said(32.0, 2.0, "times"),
        "low_small": said(2.0, 32.0, "times"),
        "low_large": said(-32.0, -2.0, "times"),
        "high_small": said(-2.0, -32.0, "times"),
    }
