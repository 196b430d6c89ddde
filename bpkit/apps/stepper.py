"""One update line by line: forward, loss, backward, update; each line with its numbers, its reason, its place."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from bpkit.apps.controls import Number, Setting
from bpkit.apps.given import share
from bpkit.apps.live import Live, rate_of
from bpkit.core.chain_rule import Step
from bpkit.core.derivation import NumberedDerivation
from bpkit.core.expressions import names_in
from bpkit.core.problem import Problem
from bpkit.core.quantities import SIGNED, Quantity, Role
from bpkit.core.spelling import number
from bpkit.core.text import sides_text
from bpkit.core.train import Trace, train
from bpkit.core.updates import STATE
from bpkit.page.programs import every_line, packed, recorded, training_program
from bpkit.show.diagram import svg
from bpkit.show.diagram_spec import LEGENDS, WEIGHTS_ALONE, network_spec
from bpkit.show.diagram_words import words
from bpkit.show.drawing import Drawing
from bpkit.show.lines_table import lines_spec

MOST_UPDATES = 100
TALLEST = 480  # pixels of a picture below which the line is still seen
PHASES = ("forward", "loss", "backward", "update")
TEXTS = {
    "place": "After {updates} updates, {{phase}} phase, line {line} of {lines}",
    "once": "After 1 update, {{phase}} phase, line {line} of {lines}",
    "why": "Why: {reason}.",
    "ended": "The loss is no longer finite at update {ended}: learning rate {rate} is too large here. "
    "The lines are those of update {update}.",
    "nothing": "The loss is not finite at update 0, before anything is learnt: start with other parameters.",
    "phase": "{number} {phase}",
    "phaseTip": "Go to the first line of the {phase} phase",
    "back": "◂ Back",
    "backTip": "One line back",
    "next": "Next ▸",
    "onward": "Next update ▸",
    "nextTip": "One line on; after the last, the next update",
}


def phase_of(step: Step) -> str:
    """Which of the four phases a line belongs to.

    >>> import bpkit as bp
    >>> [phase_of(bp.derive(bp.Network(1, 1))[name]) for name in ("net_o1", "E_total", "dE/dw1", "w1_new")]
    ['forward', 'loss', 'backward', 'update']
    """
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

    @property
    def step(self) -> Step:
        """The line that is being computed."""
        return self.rows[self.line]

    @property
    def place(self) -> str:
        """How far the training is, and where in the update the line is."""
        text = TEXTS["once" if self.update == 1 else "place"]
        numbers = {"updates": self.update, "line": self.line, "lines": len(self.rows)}
        return text.format(**numbers).format(phase=phase_of(self.step))

    @property
    def numbers(self) -> dict[str, float]:
        """What is known once this line is computed: the given numbers and the results up to here."""
        computed = {step.name: self.rows.numbers[step.name] for step in self.rows if step.number <= self.line}
        return {**self.problem.givens, **computed}

    @property
    def lit(self) -> tuple[str, ...]:
        """What this line is about, as far as the picture shows it."""
        return lit(self.step, self.problem)


def lit(step: Step, problem: Problem) -> tuple[str, ...]:
    """What a line is about, as far as the picture shows it; what a rule remembers is its parameter's.

    Nothing is, where it is the derivative with respect to a bias that is kept: no way back to that is drawn.

    >>> import bpkit as bp
    >>> problem = bp.examples.article.problem
    >>> lit(problem.derivation["net_h1"], problem)
    ('net_h1', 'b1', 'w1', 'w4', 'x1', 'x2')
    """
    if _kept(step, problem):
        return ()
    about = [step.quantity, *(step.names[name] for name in sorted(names_in(step.rhs)))]
    places = [_whose(quantity) for quantity in about]
    return tuple(dict.fromkeys(one.name for one in places if one.tag not in (STATE, *SIGNED)))


def _kept(step: Step, problem: Problem) -> bool:
    """Is it the derivative of the loss with respect to a bias that no update changes?"""
    by = step.quantity.by
    return (
        step.role is Role.GRADIENT and not problem.train_biases and by is not None and by.name in problem.network.biases
    )


def _whose(quantity: Quantity) -> Quantity:
    """The parameter that something of an update rule belongs to; any other quantity itself."""
    if quantity.of and not quantity.by and quantity.mark != "new":
        return _whose(quantity.of)
    return quantity


class Stepper(Live):
    """Back and Next walk through the lines of one update, and on into the next one."""

    name = "stepper"

    def settings(self) -> Mapping[str, Setting]:
        self._train: Callable[[float], Trace] = lru_cache(maxsize=4)(
            lambda rate: train(self.problem.replace(learning_rate=rate), MOST_UPDATES)
        )
        self._rows: Callable[[float, int], NumberedDerivation] = lru_cache(maxsize=4)(self._rows_at)
        self.last = len(self.problem.derivation)
        line, update = (1, self.last), (0, MOST_UPDATES)
        return {
            "line": Number("line", 1, *line, 1, whole=True, bounds=line),
            "update": Number("updates done", 0, *update, 1, whole=True, bounds=update),
            "rate": rate_of(self.problem),
        }

    def page(self) -> dict[str, Any]:
        problem, derivation = self.problem, self.problem.derivation
        programs = {"all": every_line(derivation), "train": training_program(problem)}
        # On the way back the derivative takes the weight's place: plates of two rows would hide the ways.
        picture = network_spec(problem.network, derivation) | {"brief": True}
        if not problem.train_biases:  # what is kept has no way back: drawn wide it would look as if it moved most
            picture["biases"] = [one | {"back": None} for one in picture["biases"]]
            picture["legends"] = LEGENDS | {"backward": (WEIGHTS_ALONE, LEGENDS["backward"][1])}
        views = [["network"], ["card"]] if picture["height"] <= TALLEST else [["card"], ["network"]]
        return {
            "programs": packed(programs),
            "inputs": dict.fromkeys(programs, derivation.program.givens),
            "recorded": {"train": recorded(derivation)},
            "parts": {
                "network": picture,
                "lines": lines_spec(derivation, "The line, and the lines that it uses"),
            },
            "places": [{"phase": phase_of(step), "lit": lit(step, problem)} for step in derivation],
            "phases": PHASES,
            "most": MOST_UPDATES,
            "texts": TEXTS,
            "layout": {"rows": [["phases", "walk", "play"], ["line", "update", "rate"], *views, ["message"]]},
        }

    def read(self, values: Mapping[str, Any]) -> State:
        trace = self._train(values["rate"])
        wanted, line = int(values["update"]), int(values["line"])
        update = max(0, min(wanted, len(trace) - 1))
        rows = self._rows(values["rate"], update)
        return State(rows.problem, rows, update, wanted, line, values["digits"], trace.diverged_at)

    def words(self, state: State) -> str:
        step = state.step
        text = f"{step.name} = {sides_text(step, state.rows.numbers, state.digits)}"
        network = words(state.problem.network, state.numbers, state.lit, state.digits)
        return f"{state.place}: {text}. Why: {step.reason}. {network}"

    def note(self, state: State) -> tuple[str, bool]:
        ended = state.diverged_at
        if ended is None or state.wanted < ended:
            return "", False
        rate = number(state.problem.learning_rate)
        return TEXTS["ended" if ended else "nothing"].format(ended=ended, rate=rate, update=state.update), True

    def drawing(self, state: State) -> Drawing:
        return Drawing(self.words(state), svg(state.problem.network, state.numbers, state.lit))

    @property
    def share(self) -> str:
        """The expression that rebuilds the problem shown: its start, and how many updates it has had."""
        state = self.state
        start = self.problem.replace(learning_rate=state.problem.learning_rate)
        made = f".updated({state.update})" if state.update else ""
        return share(self._source, self.problem, start) + made

    def _rows_at(self, rate: float, update: int) -> NumberedDerivation:
        trace = self._train(rate)
        problem = trace.at(update) if len(trace) else self.problem.replace(learning_rate=rate)
        return problem.derivation.at(problem)
