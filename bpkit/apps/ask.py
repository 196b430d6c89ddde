"""One question, one box: the learner types a number and hears what is right or wrong with it, not the answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import ipywidgets as widgets

from bpkit.apps.base import App, View, described
from bpkit.apps.verdicts import line_html, line_words, look, page_html, settled, verdict_html, verdict_words
from bpkit.core.problem import Problem
from bpkit.examples.example import Example
from bpkit.mistakes.question import Question, question
from bpkit.mistakes.verdict import Diagnosis


@dataclass(frozen=True)
class State:
    """What is asked, what was typed, what the detective says of it, and whether the line stands open."""

    asked: Question
    typed: str
    found: Diagnosis | str
    opened: bool
    digits: int

    @property
    def problem(self) -> Problem:
        """The problem that the question is about."""
        return self.asked.problem


class Ask(App):
    """A box for one quantity: ``ask(problem, "net_o1")``, also ``"E_total after 1 update"``.

    The verdict comes with Enter, so that nobody finds the answer digit by digit. The derivation's line with its
    numbers opens by itself once the answer is right, and before that only for who asks for it.
    """

    name = "ask"
    batches = True
    children: Any

    def __init__(self, given: Example | Problem, quantity: str) -> None:
        self._quantity = quantity
        super().__init__(given)
        style, row, *_ = self.children
        self.children = (style, row, self.view["verdict"], self.view["line"])

    def controls(self) -> Mapping[str, Any]:
        self.asked = question(self.problem, self._quantity)
        _ = self.asked.exact  # a question that has no answer is told to its author
        number = widgets.Text(
            description=f"{self.asked} =",
            placeholder="your number, then Enter",
            continuous_update=False,
            **described(width="min(100%, 420px)"),
        )
        return {
            "number": number,
            "line": widgets.Checkbox(description="Show the line", indent=False, **described(width="130px")),
        }

    def views(self) -> Mapping[str, View]:
        return {
            "verdict": (widgets.HTML(), lambda state: verdict_html(state.found)),
            "line": (widgets.HTML(), lambda state: line_html(state.asked, state.digits) if state.opened else ""),
        }

    def page(self) -> Sequence[widgets.Widget]:
        check = widgets.Button(description="Check", tooltip=f"Check your {self.asked}", layout={"width": "80px"})
        row = [self.control["number"], check, self.control["line"]]
        return [widgets.HBox(row, layout={"flex_flow": "row wrap"})]

    def read(self, values: Mapping[str, Any]) -> State:
        found = look(self.problem, str(self.asked), values["number"])
        return State(self.asked, values["number"], found, values["line"] or settled(found), values["digits"])

    def page_html(self, state: State) -> str:
        return page_html(state.asked, state.typed, state.found)

    def words(self, state: State) -> str:
        given = "?" if isinstance(state.found, str) else state.found.figure.text
        line = f" {line_words(state.asked, state.digits)}" if state.opened else ""
        return f"{state.asked} = {given}: {verdict_words(state.found)}{line}"
