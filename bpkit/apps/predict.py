"""Commit to an answer before it is shown: the learner predicts, then compares."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from html import escape
from typing import Any
from zlib import crc32

import ipywidgets as widgets
import numpy as np

from bpkit.apps.base import described
from bpkit.apps.controls import Held
from bpkit.apps.questions import QUESTIONS, prose
from bpkit.apps.style import STYLE
from bpkit.core.errors import BpkitError, suggest
from bpkit.core.spelling import number
from bpkit.mistakes.diagnose import standing
from bpkit.mistakes.typed_number import read
from bpkit.show.palette import FAINT, NEGATIVE

GREEN = "#007A5A"
CLOSE = 1.1  # as a factor: nearer than this is close


@dataclass(frozen=True)
class Prediction:
    """A question, what may be chosen, the answer with its reason, and what the learner committed to."""

    question: str
    choices: tuple[str, ...] | None
    answer: str | float
    because: str
    committed: str | float | None = None

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
        else:
            text = f"You said {self.committed}. " + ("That is right." if self.right else f"It is {self.answer}.")
        return f"{text} The reason: {self.because.rstrip('.')}." if self.because else text


def _numbers(committed: str | float, answer: str | float) -> tuple[float, float] | None:
    """The numbers that a prediction and its answer are; None where they are words."""
    try:
        return float(committed), float(answer)
    except ValueError:
        return None


def agrees(guess: float, answer: float) -> bool:
    """Is a number the answer, rounded to as many digits as the number has, at least two?"""
    if number(guess) == number(answer):
        return True
    figure = read(guess)
    found = None if answer.is_integer() else standing(figure, answer, max(2, figure.digits), 0.0)
    return found is not None and found[0] == "correct"


def compare(guess: float, answer: float, typed: str = "", true: str = "") -> str:
    """How far a predicted number is off: by how much, in which direction, by which factor or percentage.

    ``typed`` and ``true`` spell the two where that is not left to the digits of the page.
    """
    true, said = true or prose(answer), f"You said {typed or prose(guess)}"
    if number(guess) == number(answer):
        return f"{said}. That is right."
    if agrees(guess, answer):
        return f"{said}. That is right; with more digits it is {true}."
    off = number(
        abs(float(number(guess)) - float(number(answer))), 4
    )  # of the numbers that are read, so that they agree
    way = "high" if guess > answer else "low"
    if guess * answer <= 0:
        sign = ", and on the other side of 0" if guess * answer < 0 else ""
        return f"{said}; it is {true}. You were {off} too {way}{sign}."
    factor = max(guess / answer, answer / guess)
    if factor < 2:
        share, close = number(100 * abs(guess / answer - 1), 2), "Close. " if factor <= CLOSE else ""
        return f"{said}; it is {true}. {close}You were {off}, or {share} %, too {way}."
    size = "large" if abs(guess) > abs(answer) else "small"
    return f"{said}; it is {true}. You were {off} too {way}: {float(number(factor, 2)):g} times too {size}."


def shuffled(question: str, choices: Sequence[str]) -> tuple[str, ...]:
    """Choices in an order that the question decides: always the same, wherever its author put the right one."""
    fixed = sorted(choices)
    draw = np.random.default_rng(crc32("\n".join([question, *fixed]).encode()))
    return tuple(fixed[place] for place in draw.permutation(len(fixed)))


def named(name: str) -> Prediction:
    """A question of the lessons with its answer and reason."""
    if name not in QUESTIONS:
        raise BpkitError(
            f"predict: expected the name of a lesson's question, or a question of your own with its answer, got "
            f"{name!r}{suggest(name, QUESTIONS)}; such as predict('How many?', answer=3)"
        )
    asked = QUESTIONS[name]
    answer, because = asked.solve()
    return Prediction(asked.text, shuffled(asked.text, asked.choices) or None, answer, because)


def own(question: str, choices: Sequence[str] | None, answer: str | float, because: str) -> Prediction:
    """A question of an author's own, or what is wrong with it."""
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


class Predict(widgets.VBox):  # type: ignore[misc]
    """A question that shows its answer only to those who have committed to one of their own.

    ``predict("two-paths")`` asks a question of the lessons; ``bpkit.apps.questions.QUESTIONS`` lists their names. One
    of your own is ``predict("Which way?", choices=["up", "down"], answer="down", because="..")``; without ``choices``
    the answer is a number that is typed. Then hide the cell's source, which holds the answer: in JupyterLab, *View →
    Collapse Selected Code*. Choices are shuffled, each time in the same way.

    ``guess`` is the control, ``commit`` holds what was committed (None before), the button sets it once;
    ``committed`` and ``feedback`` say the rest.
    """

    def __init__(
        self,
        question: str,
        choices: Sequence[str] | None = None,
        *,
        answer: str | float | None = None,
        because: str = "",
    ) -> None:
        self._asked = named(question) if answer is None else own(question, choices, answer, because)
        asked = self._asked
        self.guess = _box() if asked.choices is None else _radio(asked.question, asked.choices)
        self.commit = Held(value=None)
        self.button = widgets.Button(
            description="Commit", tooltip="Commit to your answer; then it cannot be changed", layout={"width": "90px"}
        )
        self.answer = widgets.HTML()
        self._show()
        self.guess.observe(self._show, "value")
        self.commit.observe(self._show, "value")
        self.button.on_click(lambda _button: self._commit())
        text = widgets.HTML(f"<div class='bpkit-heading'>{escape(asked.question)}</div>")
        box = widgets.HBox if asked.choices is None else widgets.VBox
        row = box([self.guess, self.button])
        super().__init__([widgets.HTML(STYLE), text, row, self.answer])
        self.add_class("bpkit-app")

    @property
    def state(self) -> Prediction:
        """The question and what was committed."""
        return replace(self._asked, committed=self.commit.value)

    @property
    def committed(self) -> str | float | None:
        """What the learner committed to; None before."""
        value: str | float | None = self.commit.value
        return value

    @property
    def feedback(self) -> str:
        """What is said after committing; empty before."""
        return self.state.feedback

    def _read(self) -> str | float | None:
        """The present answer, or None while there is none."""
        value = self.guess.value
        if self._asked.choices is not None:
            return value if value is None else str(value)
        try:
            return read(value).value
        except BpkitError:
            return None

    def _missing(self, pressed: bool = False) -> str:
        """What there must be to commit to; said plainly to a person who presses Commit without."""
        if pressed and self._asked.choices is None and self.guess.value.strip():
            return f"I cannot read {self.guess.value.strip()[:40]!r} as a number. Type it like 0.0851 or 1/3."
        what = "Choose" if self._asked.choices else "Type a number"
        none = "an answer" if self._asked.choices else "a number"
        return f"That needs {none} first. {what}, then commit." if pressed else f"{what}, then commit."

    def _commit(self) -> None:
        if self.commit.value is None:
            self.commit.value = self._read()
            if self.commit.value is None:
                self.answer.value = _said(self._missing(pressed=True), FAINT)

    def _show(self, _change: Any = None) -> None:
        state = self.state
        ready = self._read() is not None
        self.guess.disabled = state.committed is not None
        # Before there is an answer it can be pressed too: Tab right behind the last digit must not pass it.
        self.button.disabled = state.committed is not None
        if state.committed is not None:
            words, color = state.feedback, GREEN if state.right else NEGATIVE
            sign = "✓ " if state.right else "→ "
        else:
            words, color, sign = "Press Commit to compare." if ready else self._missing(), FAINT, ""
        self.answer.value = _said(words, color, sign)

    def __repr__(self) -> str:
        state = self.state
        choices = f" ({' / '.join(state.choices)})" if state.choices else ""
        return f"Predict: {state.question}{choices} {state.feedback or 'No prediction yet.'}"

    def _repr_mimebundle_(self, **kwargs: Any) -> dict[str, Any]:
        bundle = super()._repr_mimebundle_(**kwargs) or {}
        state = self.state
        choices = "".join(f"<li>{escape(choice)}</li>" for choice in state.choices or ())
        said = f"<p>{escape(state.feedback)}</p>" if state.feedback else "<p>Run this page to commit to an answer.</p>"
        page = f"<p><b>{escape(state.question)}</b></p>{choices and f'<ul>{choices}</ul>'}{said}"
        return {**bundle, "text/plain": repr(self), "text/html": page}


def _said(words: str, color: str, sign: str = "") -> str:
    return (
        "<div role='status' style='min-height:3.2em;max-width:70em;padding:4px 10px;"
        f"border-left:4px solid {color}'><b>{sign}</b>{escape(words)}</div>"
    )


def _box() -> widgets.Text:
    # Sent as a whole, when the field is left: of a number sent letter by letter the last ones wait for the kernel's
    # answer to the first, and a quick press of Commit, which waits for nothing, would commit to half of it.
    return widgets.Text(
        description="Your prediction",
        placeholder="a number",
        continuous_update=False,
        **described(label="110px", width="260px"),
    )


def _radio(question: str, choices: Sequence[str]) -> widgets.RadioButtons:
    return widgets.RadioButtons(
        options=list(choices),
        value=None,
        description="Your prediction",
        tooltip=question,
        layout={"width": "auto", "min_width": "260px", "margin": "1px 2px"},
        style={"description_width": "110px"},
    )
