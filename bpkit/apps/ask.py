"""One question, one box: the learner types a number and hears what is right or wrong with it, not the answer."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from bpkit.apps.controls import Check, Setting, Text
from bpkit.apps.linked import WAITING
from bpkit.apps.live import DIGITS, Live
from bpkit.apps.verdicts import LINE, LINES, line_html, line_words, look, said, settled, still, verdict_words
from bpkit.core.chain_rule import Step
from bpkit.core.expressions import names_in
from bpkit.core.network import Network
from bpkit.core.problem import Problem
from bpkit.core.quantities import Role
from bpkit.core.spelling import typeset
from bpkit.examples.example import Example
from bpkit.mistakes.evidence import of_old_numbers
from bpkit.mistakes.question import Question, question
from bpkit.mistakes.verdict import Diagnosis
from bpkit.page.boxes import open_box
from bpkit.show.drawing import Drawing
from bpkit.show.given_picture import fits, given_network
from bpkit.show.themed import themed

ON_PICTURES = ("net", "out")  # of the forward pass: what they rest on is read off the network
MOST_BEFORE = 8  # lines that open above the last one; more are not read in a box


@dataclass(frozen=True)
class State:
    """What is asked, what was typed, what the detective says about it, and whether the line is open."""

    asked: Question
    typed: str
    wanted: bool
    digits: int
    known: tuple[str, ...] = ()
    old: Mapping[str, float] = field(default_factory=dict, compare=False)
    same: tuple[str, ...] = ()

    @property
    def problem(self) -> Problem:
        """The problem that the question is about."""
        return self.asked.problem

    @cached_property
    def found(self) -> Diagnosis | str:
        """The diagnosis of what was typed, or a line that waits for the rest."""
        found = look(self.problem, str(self.asked), self.typed, asked_before=self.same, known=self.known)
        return found if isinstance(found, str) else of_old_numbers(found, self.old)

    @property
    def opened(self) -> bool:
        """Is the line shown open?"""
        return self.wanted or settled(self.found)


class Ask(Live):
    """A box for one quantity: ``ask(problem, "net_o1")``, also ``"E_total after 1 update"``.

    The verdict comes with Enter, so that guessing digit by digit does not work. The derivation's line with its numbers
    opens by itself once the answer is right, and before that only where the learner asks for it. Where a net input or
    an output is asked, the network is drawn with all weights and with the inputs that count, and the lines start there.
    ``known`` names lines whose results the learner has: no mistake is sought on the way to them, and the lines that
    open come after them. ``before`` is the problem that the learner had before some of its numbers were changed: the
    line to check first is one whose result changed.
    """

    name = "ask"
    batches = True
    keeps = ("number", "line")

    def __init__(
        self, given: Example | Problem, quantity: str, known: Iterable[str] = (), before: Problem | None = None
    ) -> None:
        self._quantity, self._known_lines = quantity, tuple(known)
        self._earlier = question(before, quantity) if before else None
        self._old = _old_row(self._earlier) if self._earlier else {}
        super().__init__(given)

    def settings(self) -> Mapping[str, Setting]:
        self.asked = question(self.problem, self._quantity)
        _ = self.asked.exact  # a question that has no answer is told to its author
        self._known_lines = tuple(self.asked.derivation[name].name for name in self._known_lines)
        old, new = self._earlier.exact if self._earlier else {}, self.asked.exact
        self._same = tuple(name for name in old if name in new and np.array_equal(old[name], new[name]))
        return {
            "number": Text(f"{self._spelled} =", hint="your number, then Enter"),
            "line": Check(LINES if self._before else LINE),
        }

    def page(self) -> dict[str, Any]:
        drawn = themed(self._drawn) if self._drawn else ""
        rows = [*([["picture"]] if drawn else []), ["number", "check", "line"], ["verdict"], ["behind"]]
        return {
            "picture": drawn,
            "layout": {"rows": rows, "bar": False},
            "texts": WAITING | {"check": "Check", "tip": f"Check your {self._spelled}"},
        }

    @property
    def _spelled(self) -> str:
        """What is asked, as sentences have it: ∂E/∂w₅."""
        return typeset(str(self.asked), self.asked.derivation.quantities)

    @cached_property
    def _before(self) -> tuple[Step, ...]:
        """The lines before the last that the learner works out too: those after what the picture or the page gives, and
        after a change those whose result is another one.
        """
        if self.problem.is_batch or not (self._known_lines or self._drawn or self._same):
            return ()
        lines = self.asked.derivation
        has = {step.name for name in self._known_lines for step in lines.toward(name)}.union(self._same)
        found = tuple(step for step in lines.toward(self.asked.quantity) if step.name not in has)[:-1]
        return found if len(found) <= MOST_BEFORE else ()

    @cached_property
    def _drawn(self) -> Drawing | None:
        """The network of a question about a net input or an output, where it can be read."""
        problem, network = self.problem, self.problem.network
        quantity = self.asked.derivation[self.asked.quantity].quantity
        forward = quantity.role is Role.FORWARD and quantity.tag in ON_PICTURES and not self.asked.updates
        if not forward or problem.is_batch or not isinstance(network, Network) or not fits(network):
            return None
        used = {name for step in self.asked.derivation.toward(self.asked.quantity) for name in names_in(step.rhs)}
        shown = {name: value for name, value in problem.givens.items() if name in problem.parameters or name in used}
        return given_network(network, shown)

    def without_kernel(self) -> dict[str, Any]:
        lines = {digits: line_html(self.asked, digits, self._before) for _, digits in DIGITS.options}
        box = open_box(self.problem, str(self.asked), self._known_lines, self._old, self._same)
        return {"box": box, "lines": lines}

    def read(self, values: Mapping[str, Any]) -> State:
        known, old, same = self._known_lines, self._old, self._same
        return State(self.asked, values["number"], values["line"], values["digits"], known, old, same)

    @property
    def title(self) -> str:
        return f"a number for {self._quantity}"

    @property
    def done(self) -> bool:
        return settled(self.state.found)

    def tells(self) -> dict[str, Any]:
        state = self.state
        return said(state.found) | {"line": line_html(self.asked, state.digits, self._before) if state.opened else ""}

    def still(self, state: State) -> str:
        drawn = str(self._drawn.bundles()[0]["text/html"]) if self._drawn else ""
        return drawn + still(state.asked, state.typed, state.found)

    def words(self, state: State) -> str:
        given = "?" if isinstance(state.found, str) else state.found.figure.text
        line = f" {line_words(state.asked, state.digits, self._before)}" if state.opened else ""
        return f"{state.asked} = {given}: {verdict_words(state.found)}{line}"


def _old_row(asked: Question) -> dict[str, float]:
    """What is asked, as it was before a change, and the numbers of its kind beside it."""
    names = asked.derivation.quantities
    own = names[asked.quantity]
    same = [one.name for one in names.values() if (one.tag, one.role, one.block) == (own.tag, own.role, own.block)]
    row = {} if own.role is not Role.FORWARD or asked.updates else {name: asked.exact[name] for name in same}
    own_row = {str(asked): asked.exact[asked.quantity]} | row
    return {name: float(number) for name, number in own_row.items() if not np.ndim(number)}
