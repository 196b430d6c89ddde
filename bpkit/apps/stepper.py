"""One update line by line: forward, loss, backward, update; each line with its numbers, its reason, its place."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from html import escape
from typing import Any

import ipywidgets as widgets

from bpkit.apps.base import App, View
from bpkit.apps.controls import Number, Player
from bpkit.core.chain_rule import Step
from bpkit.core.derivation import NumberedDerivation
from bpkit.core.expressions import names_in
from bpkit.core.problem import Problem
from bpkit.core.quantities import SIGNED, Quantity, Role
from bpkit.core.text import sides_text
from bpkit.core.training import Trace, train
from bpkit.core.updates import STATE
from bpkit.show.diagram import svg
from bpkit.show.diagram_words import words
from bpkit.show.drawing import Drawing
from bpkit.show.lines import lines_html

MOST_UPDATES = 100
PHASES = ("forward", "loss", "backward", "update")
WIDE = "92px"
CARD = {"height": "172px", "overflow": "auto"}  # fixed, so that nothing moves; what is longer scrolls


def phase_of(step: Step) -> str:
    """Which of the four phases a line belongs to."""
    if step.role is Role.FORWARD:
        return "loss" if step.quantity.tag in ("error", "total") else "forward"
    return "update" if step.role is Role.UPDATE else "backward"


@dataclass(frozen=True)
class State:
    """What the stepper shows: a line of the update after so many updates."""

    problem: Problem
    rows: NumberedDerivation
    update: int
    wanted: int  # the update asked for; the run may end before it
    line: int
    digits: int
    diverged_at: int | None
    run: str  # the run in one sentence

    @property
    def step(self) -> Step:
        """The line that is being computed."""
        return self.rows[self.line]

    @property
    def place(self) -> str:
        """How far the training is, and where in the update the line stands."""
        done = "1 update" if self.update == 1 else f"{self.update} updates"
        return f"After {done}, {phase_of(self.step)} phase, line {self.line} of {len(self.rows)}"

    @property
    def numbers(self) -> dict[str, float]:
        """What is known once this line is computed: the given numbers and the results up to here."""
        computed = {step.name: self.rows.numbers[step.name] for step in self.rows if step.number <= self.line}
        return {**self.problem.givens, **computed}

    @property
    def lit(self) -> tuple[str, ...]:
        """What this line is about, as far as it stands on the picture; what a rule remembers is its parameter's."""
        about = [self.step.quantity, *(self.step.names[name] for name in sorted(names_in(self.step.rhs)))]
        places = [_whose(quantity) for quantity in about]
        return tuple(dict.fromkeys(one.name for one in places if one.tag not in (STATE, *SIGNED)))


def _whose(quantity: Quantity) -> Quantity:
    """The parameter that something of an update rule belongs to; any other quantity itself."""
    if quantity.of and not quantity.by and quantity.mark != "new":
        return _whose(quantity.of)
    return quantity


class Stepper(App):
    """Back and Next walk through the lines of one update, and on into the next one."""

    name = "stepper"

    def controls(self) -> Mapping[str, Any]:
        self._train: Callable[[float], Trace] = lru_cache(maxsize=4)(
            lambda rate: train(self.problem.replace(learning_rate=rate), MOST_UPDATES)
        )
        self._rows: Callable[[float, int], NumberedDerivation] = lru_cache(maxsize=4)(self._rows_at)
        self.last = len(self.problem.derivation)
        line, update = (1, self.last), (0, MOST_UPDATES)
        return {
            "line": Number("line", 1, *line, 1, whole=True, bounds=line, label_width=WIDE),
            "update": Number("updates done", 0, *update, 1, whole=True, bounds=update, label_width=WIDE),
            "rate": Number("learning rate", self.problem.learning_rate, -2, 2, 0.05, log=True, label_width=WIDE),
        }

    def views(self) -> Mapping[str, View]:
        self.play = Player(self.control["line"], min=1, max=self.last, interval=1500)
        first = {phase_of(step): step.number for step in reversed(tuple(self.problem.derivation))}
        self.phase = {
            phase: _button(phase, f"Go to the first line of the phase {phase}", self._go(first[phase]))
            for phase in PHASES
        }
        self.back = _button("◂ Back", "One line back", lambda _: self._move(-1), "80px")
        self.next = _button("Next ▸", "One line on; after the last, the next update", lambda _: self._move(1), "124px")
        return {
            **{
                f"phase_{phase}": (button, partial(self._phase_label, phase), "description")
                for phase, button in self.phase.items()
            },
            "next": (self.next, lambda state: "Next ▸" if state.line < self.last else "Next update ▸", "description"),
            "card": (widgets.HTML(layout=CARD), self._card),
            "diagram": (widgets.HTML(), lambda state: svg(state.problem.network, state.numbers, state.lit)),
        }

    def page(self) -> Sequence[widgets.Widget]:
        control, row = self.control, {"align_items": "center", "flex_flow": "row wrap"}
        self.control["line"].layout.width = "440px"
        phases = widgets.HBox(list(self.phase.values()), layout=row)
        walk = widgets.HBox([self.back, self.next, control["line"], self.play], layout=row)
        onward = widgets.HBox([control["update"], control["rate"]], layout=row)
        return [phases, walk, onward, self.view["card"], self.view["diagram"]]

    def read(self, values: Mapping[str, Any]) -> State:
        trace = self._train(values["rate"])
        wanted, line = int(values["update"]), int(values["line"])
        update = max(0, min(wanted, len(trace) - 1))
        rows = self._rows(values["rate"], update)
        return State(rows.problem, rows, update, wanted, line, values["digits"], trace.diverged_at, trace.message)

    def words(self, state: State) -> str:
        step = state.step
        text = f"{step.name} = {sides_text(step, state.rows.numbers, state.digits)}"
        network = words(state.problem.network, state.numbers, state.lit, state.digits)
        return f"{state.place}: {text}. Why: {step.reason}. {network}"

    def note(self, state: State) -> tuple[str, bool]:
        if state.diverged_at is not None and state.wanted >= state.diverged_at:
            return f"{state.run[0].upper()}{state.run[1:]}; the lines are those of update {state.update}.", True
        return "", False

    def drawing(self, state: State) -> Drawing:
        return Drawing(self.words(state), svg(state.problem.network, state.numbers, state.lit))

    def _rows_at(self, rate: float, update: int) -> NumberedDerivation:
        trace = self._train(rate)
        problem = trace.at(update) if len(trace) else self.problem.replace(learning_rate=rate)
        return problem.derivation.at(problem)

    def _go(self, line: int) -> Callable[[Any], None]:
        return lambda _button: self.set(line=line)

    def _move(self, by: int) -> None:
        """One line on or back, across the borders between updates."""
        state, line = self.state, self.state.line + by
        if 1 <= line <= self.last:
            self.set(line=line)
        elif 0 <= state.update + by <= (MOST_UPDATES if state.diverged_at is None else state.diverged_at - 1):
            self.set(line=1 if by > 0 else self.last, update=state.update + by)

    def _phase_label(self, phase: str, state: State) -> str:
        label = f"{PHASES.index(phase) + 1} {phase}"
        return f"▸ {label}" if phase == phase_of(state.step) else label

    def _card(self, state: State) -> str:
        """The line, why it holds, and below it the lines that it uses."""
        step, used = state.step, [state.rows[number] for number in state.step.uses]
        below = " Below it stand the lines that it uses." if used else ""
        return (
            f"<div class='bpkit-heading'>{state.place}</div>"
            f"<div style='padding:0 4px 4px'>Why: {escape(step.reason)}.{below}</div>"
            f"{lines_html([step, *used], state.rows.numbers, state.digits, [step.number])}"
        )


def _button(label: str, tooltip: str, press: Callable[[Any], None], width: str = "116px") -> widgets.Button:
    button = widgets.Button(description=label, tooltip=tooltip, layout={"width": width, "margin": "1px 2px"})
    button.on_click(press)
    return button
