"""Check yourself: an exercise of the bank on the page, a box for each answer, and what the checker says of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from html import escape
from typing import Any

import ipywidgets as widgets

from bpkit.apps.base import described
from bpkit.apps.controls import Held
from bpkit.apps.style import STYLE
from bpkit.apps.verdicts import LOOKS
from bpkit.core.errors import BpkitError
from bpkit.exercises.editions.markup import as_html
from bpkit.exercises.editions.mathml import mathml
from bpkit.exercises.exercise import Exercise
from bpkit.exercises.feedback import Feedback
from bpkit.exercises.generation import generate
from bpkit.exercises.judging import judge_all
from bpkit.exercises.parts import ExactPart, NumberPart, Part
from bpkit.exercises.written import FunctionPart
from bpkit.show.palette import FAINT

TABLES = """<style>
.bpkit-question table { border-collapse: collapse; margin: .5em 0; font-variant-numeric: tabular-nums }
.bpkit-question th, .bpkit-question td { font-weight: 400; text-align: left; padding: 1px 12px 1px 4px;
  border-bottom: 1px solid var(--jp-border-color2, #ccc) }
.bpkit-question thead th { color: var(--jp-ui-font-color2, #59636e) }
.bpkit-question table.lines td { border: 0; vertical-align: top }
.bpkit-question table.lines small { color: var(--jp-ui-font-color2, #59636e) }
.bpkit-question p { margin: .4em 0 }
.bpkit-question math { font-family: "STIX Two Math", "Cambria Math", "Latin Modern Math", "DejaVu Math TeX Gyre", math,
  serif; font-size: 1.08em }
</style>"""
_HOW = {"shape": "rows, columns", "paths": "h1 o1, h2 o1", "whole": "a whole number, then Enter"}
_NOT_YET = ("blank", "unreadable")


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


class Ask(widgets.VBox):  # type: ignore[misc]
    """A question of the bank with numbers: ``boxes`` take the answers, ``again`` draws new numbers.

    The verdict on an answer comes with Enter, so that guessing digit by digit does not work. A learner can open the
    worked solution after the first answer.
    """

    def __init__(self, question: str, seed: int = 0, difficulty: str = "easy") -> None:
        self._question, self._difficulty = question, difficulty
        self.seed = Held(value=seed)
        self.again = widgets.Button(
            description="New numbers", tooltip="The same question with other numbers", layout={"width": "110px"}
        )
        self.solution = widgets.ToggleButton(
            description="Worked solution", tooltip="Opens once you have tried an answer", layout={"width": "140px"}
        )
        self.score, self.worked = widgets.HTML(), widgets.HTML()
        self.worked.add_class("bpkit-question")
        self._page = widgets.VBox()
        self._draw()
        self.seed.observe(self._draw, "value")
        self.solution.observe(self._show, "value")
        self.again.on_click(lambda _button: self.seed.set_trait("value", self.seed.value + 1))
        bar = widgets.HBox([self.again, self.solution, self.score], layout={"flex_flow": "row wrap"})
        super().__init__([widgets.HTML(STYLE + TABLES), self._page, bar, self.worked])
        self.add_class("bpkit-app")

    @property
    def state(self) -> Sitting:
        """The exercise and what was typed."""
        return Sitting(self.exercise, tuple(box.value for box in self.boxes), self.solution.value)

    def _draw(self, _change: Any = None) -> None:
        """Draw the exercise of this seed, with empty boxes."""
        self.exercise = generate(self._question, self.seed.value, difficulty=self._difficulty)
        parts = self.exercise.parts
        self.boxes = [_box(letter, part) for letter, part in parts.items()]
        self.verdicts = [widgets.HTML() for _ in parts]
        heading, text = f"<div class='bpkit-heading'>{escape(self.exercise.bank.title)}</div>", self.exercise.content
        given = widgets.HTML(
            heading + as_html(text.tell().partition("\n\n")[2].removesuffix("Compute:")), layout=_side()
        )
        given.add_class("bpkit-question")
        self._page.children = [
            widgets.HBox([given, self._answers(parts.values())], layout={"flex_flow": "row wrap"}),
        ]
        for box in self.boxes:
            box.observe(self._show, "value")
        self.solution.value = False
        self._show()

    def _answers(self, parts: Sequence[Part] | Any) -> widgets.VBox:
        rows = []
        for part, box, verdict in zip(parts, self.boxes, self.verdicts):
            asked = widgets.HTML(as_html(part.asks, partial(mathml, large=True)))
            asked.add_class("bpkit-question")
            rows += [asked, box, verdict]
        return widgets.VBox(rows, layout=_side())

    def _show(self, _change: Any = None) -> None:
        state = self.state
        for place, (verdict, one) in enumerate(zip(self.verdicts, state.feedback)):
            sign, color = LOOKS.get("correct" if one else one.verdict, ("", FAINT))
            verdict.value = (
                f"<div role='status' style='padding:2px 10px;border-left:4px solid {color}'>"
                f"<b>{sign}</b> {escape(state.said(place))}</div>"
            )
        self.solution.disabled = not state.tried
        self.score.value = f"<div role='status' class='bpkit-message'>{state.score}</div>"
        self.worked.value = as_html(state.exercise.solution._repr_markdown_()) if state.opened else ""

    def __repr__(self) -> str:
        state, parts = self.state, self.exercise.parts
        said = " ".join(f"{letter}) {state.said(place)}" for place, letter in enumerate(parts))
        return f"Question {self.exercise.id}: {self.exercise.bank.title}. {said} {state.score}".rstrip()

    def _repr_mimebundle_(self, **kwargs: Any) -> dict[str, Any]:
        bundle = super()._repr_mimebundle_(**kwargs) or {}
        title, _, text = self.exercise.question.partition("\n\n")
        return {**bundle, "text/plain": repr(self), "text/markdown": f"**{title}**\n\n{text}"}


def _side() -> dict[str, str]:
    """Question and answers stand side by side where there is room."""
    return {"flex": "1 1 400px", "min_width": "0", "margin": "0 12px 0 0"}


def _box(letter: str, part: Part) -> Any:
    """What takes the answer to a part: a list where there is one to choose from, else a line of text."""
    if isinstance(part, FunctionPart):
        raise BpkitError("ask: expected a question with answers to type, got one that wants functions; make a sheet")
    reader = part.reader if isinstance(part, ExactPart) else "number"
    how = described("80px", "min(100%, 420px)")
    if isinstance(part, ExactPart) and part.options:
        options = [("choose", ""), *((option, option) for option in part.options)]
        return widgets.Dropdown(options=options, description=f"Answer {letter}", **how)
    hint = _HOW.get(reader, "your number, then Enter") if isinstance(part, ExactPart | NumberPart) else "a formula"
    return widgets.Text(description=f"Answer {letter}", placeholder=hint, continuous_update=False, **how)
