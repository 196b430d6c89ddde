"""Type any number you got: the detective names the mistake behind it, while you type."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import ipywidgets as widgets

from bpkit.apps.base import App, View, described
from bpkit.apps.controls import Number
from bpkit.apps.verdicts import HALF, WHOLE, line_html, line_words, look, page_html, verdict_html, verdict_words
from bpkit.core.errors import BpkitError, suggest
from bpkit.core.numeric import canonical
from bpkit.core.problem import Problem
from bpkit.core.program import averaged
from bpkit.mistakes.question import MOST_UPDATES, Question, question
from bpkit.mistakes.typed_number import read
from bpkit.mistakes.verdict import Diagnosis

# "net_o1 = 0.794609, out_o1 = 0.6888"; a comma inside a number is a decimal one, one before a name parts two.
_GIVEN = re.compile(r"\s*([A-Za-z]\w*(?:/\w+)?)\s*=\s*([^\s=;A-Za-z][^\s=;]*?)\s*(?:[,;]\s*|\s+|$)(?=[A-Za-z]|$)")
HOW = "Write earlier numbers like net_o1 = 0.794609, out_o1 = 0.6888."


@dataclass(frozen=True)
class State:
    """The quantity, the number typed, the earlier numbers it was computed from, and what the detective says."""

    asked: Question
    typed: str
    given: tuple[tuple[str, str], ...]
    found: Diagnosis | str
    opened: bool
    digits: int

    @property
    def problem(self) -> Problem:
        """The problem that the number belongs to."""
        return self.asked.problem


class Detective(App):
    """A box for any number of the derivation, at once or after some updates, and one for earlier numbers of your own.

    A step that is right, from an earlier number that is wrong, counts as right.
    """

    name = "detective"
    batches = True

    def controls(self) -> Mapping[str, Any]:
        steps = self.problem.derivation.with_inputs
        names = [step.name for step in steps if not self.problem.is_batch or averaged(step)]
        wide = {"layout": {"width": "340px", "margin": "1px 2px"}, "style": {"description_width": "110px"}}
        return {
            "quantity": widgets.Dropdown(options=names, value="E_total", description="Quantity", **wide),
            "updates": Number("after updates", 0, 0, 100, 1, whole=True, bounds=(0, MOST_UPDATES), label_width="90px"),
            "number": widgets.Text(description="Your number", placeholder="such as 0.0851", **wide),
            "given": widgets.Text(
                description="computed from",
                placeholder="earlier numbers of yours: net_o1 = 0.794609",
                layout={"width": "min(100%, 534px)", "margin": "1px 2px"},
                style={"description_width": "110px"},
            ),
            "line": widgets.Checkbox(description="Show the line", indent=False, **described(width="130px")),
        }

    def views(self) -> Mapping[str, View]:
        return {
            "verdict": (widgets.HTML(), lambda state: verdict_html(state.found)),
            "line": (widgets.HTML(), lambda state: line_html(state.asked, state.digits) if state.opened else ""),
        }

    def page(self) -> Sequence[widgets.Widget]:
        control = self.control
        control["updates"].layout.flex = "0 1 320px"
        rows = [["quantity", "updates"], ["number", "line"], ["given"]]
        boxes = [widgets.HBox([control[name] for name in row], layout={"flex_flow": "row wrap"}) for row in rows]
        return [*boxes, self.view["verdict"], self.view["line"]]

    def read(self, values: Mapping[str, Any]) -> State:
        updates = int(values["updates"])
        asked = question(
            self.problem, f"{values['quantity']} after {updates} updates" if updates else values["quantity"]
        )
        given = earlier(values["given"])
        said = HOW if given is None else unheard_of(self.problem, given)
        found = said or look(self.problem, str(asked), values["number"], given)
        pairs = tuple((given or {}).items())
        return State(asked, values["number"], pairs, found, values["line"], values["digits"])

    def page_html(self, state: State) -> str:
        return page_html(state.asked, state.typed, state.found)

    def words(self, state: State) -> str:
        given = "?" if isinstance(state.found, str) else state.found.figure.text
        from_ = "".join(f", from {name} = {value}" for name, value in state.given)
        line = f" {line_words(state.asked, state.digits)}" if state.opened else ""
        return f"{state.asked} = {given}{from_}: {verdict_words(state.found)}{line}"

    @property
    def share(self) -> str:
        """The expression that asks the detective the same, ready to copy into a cell."""
        given = f", given={dict(self.state.given)!r}" if self.state.given else ""
        return f"bp.diagnose({super().share}, {str(self.state.asked)!r}, {self.state.typed!r}{given})"


def unheard_of(problem: Problem, given: Mapping[str, str]) -> str:
    """What to say about an earlier number that is no quantity of the problem; nothing where all are."""
    known = problem.derivation
    for name in given:
        if name not in known:
            near = suggest(canonical(name), known.by_name)
            return f"I do not know {name} here{near}{'' if near.endswith('?') else '.'} {HOW}"
    return ""


def earlier(text: str) -> dict[str, str] | None:
    """The numbers of ``net_o1 = 0.79, out_o1 = 0.69`` by name; None while the text is not all of that form."""
    found: dict[str, str] = {}
    place = 0
    while text[place:].strip():
        match = _GIVEN.match(text, place)
        if not match or (HALF.fullmatch(match[2]) and not WHOLE.fullmatch(match[2])):
            return None
        try:
            read(match[2])
        except BpkitError:
            return None
        found[match[1]] = match[2]
        place = match.end()
    return found
