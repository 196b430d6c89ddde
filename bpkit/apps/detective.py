"""Type any number you got: the detective names the mistake behind it, while you type."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from bpkit.apps.controls import Check, Choice, Held, Number, Setting, Text
from bpkit.apps.linked import WAITING
from bpkit.apps.live import Live
from bpkit.apps.verdicts import HALF, LINE, WHOLE, line_html, line_words, look, said, still, verdict_words
from bpkit.core.chain_rule import Step
from bpkit.core.errors import BpkitError, suggest
from bpkit.core.network import Network
from bpkit.core.numeric import canonical
from bpkit.core.problem import Problem
from bpkit.core.program import averaged
from bpkit.core.quantities import Quantity, Role
from bpkit.core.spelling import typeset
from bpkit.examples.audit import sources
from bpkit.examples.example import Example
from bpkit.mistakes.question import MOST_UPDATES, Question, question
from bpkit.mistakes.typed_number import MOST_DIGITS, read
from bpkit.mistakes.variants import replaced
from bpkit.mistakes.verdict import Diagnosis, without_more
from bpkit.show.diagram import touched
from bpkit.show.drawing import Drawing
from bpkit.show.given_picture import fits, given_network
from bpkit.show.themed import themed

# "net_o1 = 0.794609, out(o1) = 0.6888"; a comma inside a number is a decimal one, one before a name parts two.
_GIVEN = re.compile(
    r"\s*([A-Za-z]\w*(?:\(\w+\))?(?:/\w+)?)\s*=\s*([^\s=;A-Za-z][^\s=;]*?)\s*(?:[,;]\s*|\s+|$)(?=[A-Za-z]|$)"
)
HOW = "Write earlier numbers like net_o1 = 0.79, out_o1 = 0.69."


@dataclass(frozen=True)
class State:
    """The quantity, the number typed, the earlier numbers it was computed from, and what the detective says."""

    asked: Question
    typed: str
    earlier: str
    opened: bool
    digits: int
    printed: bool = False  # is the number the one that the example prints?
    holding: tuple[str, ...] = ()  # printed figures that hold

    @property
    def problem(self) -> Problem:
        """The problem that the number belongs to."""
        return self.asked.problem

    @cached_property
    def given(self) -> Mapping[str, str]:
        """The earlier numbers by name; none while they cannot be read."""
        return earlier(self.earlier) or {}

    @cached_property
    def found(self) -> Diagnosis | str:
        """The diagnosis of the number, or what is still missing."""
        wrong = HOW if earlier(self.earlier) is None else unheard_of(self.problem, self.given)
        found = wrong or look(self.problem, str(self.asked), self.typed, self.given, self.holding)
        if isinstance(found, str) or not self.printed:
            return found
        return replace(found, message=without_more(found.message))  # a printed figure has no more

    @property
    def named(self) -> tuple[int, ...]:
        """The numbers of the lines that the verdict speaks of."""
        return () if isinstance(self.found, str) else self.found.lines

    @property
    def shown(self) -> int:
        """The digits of the lines that open: at least those of a number typed, so that the two can be compared."""
        figure = None if isinstance(self.found, str) else self.found.figure
        return max(self.digits, min(figure.digits, MOST_DIGITS) if figure and not figure.exact else 0)

    @property
    def numbers(self) -> Mapping[str, float]:
        """The values of the earlier numbers, where all of them can be used."""
        return {} if isinstance(self.found, str) else {name: read(text).value for name, text in self.given.items()}


class Detective(Live):
    """A box for any number of the derivation, at once or after some updates, and one for earlier numbers of your own.

    A step that is right, from an earlier number that is wrong, counts as right. It opens with ``quantity``, and with
    ``number`` typed in; without ``updates`` it only asks about the first pass. The figures that an example prints come
    first in its list, and two buttons type them.
    """

    name = "detective"
    batches = True
    alone = False

    def __init__(
        self,
        given: Example | Problem | None = None,
        quantity: str = "E_total",
        number: str = "",
        *,
        updates: bool = True,
    ) -> None:
        self._opening, self._later = (quantity, number), updates
        self._figures = figures(given) if isinstance(given, Example) else {}
        self._holding = tuple(name for name, one in self._figures.items() if one.holds)
        super().__init__(given)

    def settings(self) -> Mapping[str, Setting]:
        steps = self.problem.derivation.with_inputs
        names = [step.name for step in steps if not self.problem.is_batch or averaged(step)]
        (quantity, typed), known = self._opening, steps.quantities
        groups = [(title, [name for name in names if self._group(steps[name]) == title]) for title in GROUPS]
        offered = tuple((typeset(name, known), name) for _, some in groups for name in some)
        counts = tuple((title, len(some)) for title, some in groups if some)
        choice = Choice("Quantity", "E_total", offered, groups=counts)
        return {
            "quantity": replace(choice, value=choice.checked(quantity)),
            "updates": Number("after updates", 0, 0, 100, 1, whole=True, bounds=(0, MOST_UPDATES))
            if self._later
            else Held("after updates", 0),
            "number": Text("Your number", typed, hint="such as 0.0851", live=True),
            "given": Text("computed from", hint=f"earlier numbers of yours: {self._such_as}", live=True),
            "line": Check(LINE),
        }

    @property
    def _such_as(self) -> str:
        """An earlier number as it may be typed: a net input that the example prints."""
        printed = ((name, one.printed) for name, one in self._figures.items() if name.startswith("net_o"))
        name, figure = next(printed, ("net_o1", "0.79"))
        return f"{name} = {figure}"

    def page(self) -> dict[str, Any]:
        rows = [
            ["quantity", *(["updates"] if self._later else [])],
            ["number", "line"],
            ["given"],
            *([["picture"]] if self._readable else []),
            ["verdict"],
            ["behind"],
        ]
        if self._figures:
            rows.insert(2, ["printed"])
        figures = {name: [one.printed, one.earlier, one.why] for name, one in self._figures.items()}
        return {"layout": {"rows": rows}, "figures": figures, "texts": WAITING | TEXTS}

    def _group(self, step: Step) -> str:
        return GROUPS[0] if step.name in self._figures else group_of(step)

    def read(self, values: Mapping[str, Any]) -> State:
        updates, name = int(values["updates"]), values["quantity"]
        asked = question(self.problem, f"{name} after {updates} updates" if updates else name)
        typed, figure = values["number"], self._figures.get(printed_as(name, updates))
        printed = figure is not None and typed.strip() == figure.printed
        way = {step.name for step in asked.derivation.toward(asked.quantity)} - {asked.quantity}
        holding = tuple(one for one in self._holding if one in way)
        return State(asked, typed, values["given"], values["line"], values["digits"], printed, holding)

    def tells(self) -> dict[str, Any]:
        state = self.state
        line = line_html(state.asked, state.shown, self._before(state), state.numbers) if state.opened else ""
        drawn = self._drawn(state)
        more = {"place": themed(drawn)} if drawn else {}
        return said(state.found) | {"line": line, "share": self.share} | more

    @property
    def _readable(self) -> bool:
        """Can the network be read on a small picture?"""
        network = self.problem.network
        return isinstance(network, Network) and not self.problem.is_batch and fits(network)

    def _drawn(self, state: State) -> Drawing | None:
        """The network with its given numbers; what the lines named are about is lit, else what is asked."""
        network = state.problem.network
        if not self._readable or not isinstance(network, Network):
            return None
        lines = state.asked.derivation
        steps = [one for one in lines if one.number in state.named] or [lines[state.asked.quantity]]
        places = frozenset[str]().union(*(lit(network, one.quantity) for one in steps))
        return given_network(network, state.problem.givens, places)

    @staticmethod
    def _before(state: State) -> list[Step]:
        """The lines that a verdict points to, where they come before the one of the quantity."""
        return [one for one in [*state.asked.derivation.toward(state.asked.quantity)][:-1] if one.number in state.named]

    def still(self, state: State) -> str:
        drawn = self._drawn(state)
        above = str(drawn.bundles()[0]["text/html"]) if drawn else ""
        return above + still(state.asked, state.typed, state.found)

    def words(self, state: State) -> str:
        given = "?" if isinstance(state.found, str) else state.found.figure.text
        from_ = "".join(f", from {name} = {value}" for name, value in state.given.items())
        line = f" {line_words(state.asked, state.shown, given=state.numbers)}" if state.opened else ""
        return f"{state.asked} = {given}{from_}: {verdict_words(state.found)}{line}"

    @property
    def share(self) -> str:
        """The expression that asks the detective the same, ready to copy into a cell."""
        state = self.state
        given = f", given={dict(state.given)!r}" if state.given else ""
        if not isinstance(state.found, str) and state.found.first is not None and state.holding:
            given += f", asked_before={list(state.holding)!r}"  # they decide which line is to be checked first
        return f"bp.diagnose({super().share}, {str(state.asked)!r}, {state.typed!r}{given})"


MANY = 100  # updates; more take a while
PRINTED = "Printed figures"
GROUPS = (PRINTED, "Forward", "Errors and loss", "Derivatives of the loss", "Other slopes", "After the update")
TEXTS = {
    "number": "Type the printed figure",
    "numberTip": "Type the figure that the example prints for this quantity",
    "from": "Start from the printed figures",
    "fromTip": "Type the printed figures that this quantity is computed from",
    "unprinted": "No figure is printed for this one.",
    "computing": "Computing {updates} updates …",
    "many": MANY,
}
FIRST = "It comes from no earlier printed figure."
UNPRINTED = "It comes from weights that are not printed."


def lit(network: Network, quantity: Quantity) -> frozenset[str]:
    """The weights, biases and neurons that a quantity is about; the loss is about all outputs.

    >>> import bpkit as bp
    >>> network = bp.Network(2, 1)
    >>> sorted(lit(network, bp.derive(network)["dnet_o1/dw2"].quantity))
    ['o1', 'w2']
    """
    if quantity.tag == "total":
        return frozenset(network.outputs)
    known = network.lines.quantities
    names = (network.weight_of[one] if isinstance(one, tuple) else one for one in touched(network, [quantity.name]))
    found = (known[name].neuron if name in known and known[name].tag == "error" else name for name in names)
    return frozenset(found) - {network.lines.total.name}


def group_of(step: Step) -> str:
    """The title below which a quantity stands in the list.

    >>> import bpkit as bp
    >>> lines = bp.derive(bp.Network(1, 1))
    >>> [group_of(lines[name]) for name in ("net_o1", "dE/dw1", "w1_new")]
    ['Forward', 'Derivatives of the loss', 'After the update']
    """
    quantity = step.quantity
    if step.role is Role.UPDATE:
        return GROUPS[5]
    if step.role is Role.FORWARD:
        return GROUPS[2 if quantity.tag in ("error", "total") else 1]
    return GROUPS[3 if quantity.of and quantity.of.tag == "total" else 4]


@dataclass(frozen=True)
class Figure:
    """A printed figure, the earlier ones that it is computed from as they are typed, or why there are none."""

    printed: str
    earlier: str
    why: str
    holds: bool


def figures(example: Example) -> dict[str, Figure]:
    """The figures that an example prints, by quantity and update; those after an update start from no earlier ones."""
    found: dict[str, Figure] = {}
    before: dict[str, str] = {}
    for finding in example.audit():
        asked = question(example.problem, finding.figure)
        if asked.updates:
            why = new_weights(asked, before)
            found[printed_as(asked.quantity, asked.updates)] = Figure(finding.printed, "", why, finding.holds)
            continue
        from_ = sources(asked.derivation, asked.quantity, before)
        typed = ", ".join(f"{name} = {figure}" for name, figure in from_.items())
        found[asked.quantity] = Figure(finding.printed, typed, "" if typed else FIRST, finding.holds)
        before[asked.quantity] = finding.printed
    return found


def new_weights(asked: Question, printed: Collection[str]) -> str:
    """Which of the new weights that a number after updates comes from are printed.

    >>> import bpkit as bp
    >>> new_weights(question(bp.examples.article.problem, "E_total after 1 update"), ["w5_new"])
    'It comes from 8 new weights, of which only new w₅ is printed.'
    """
    known, biases = asked.derivation.quantities, asked.problem.train_biases
    new = [name for name, old in replaced(asked.derivation).items() if biases or known[old].tag != "bias"]
    here = [typeset(name, known) for name in new if name in printed]
    if asked.updates > 1 or not here:
        return UNPRINTED
    if len(here) == len(new):
        return "After an update the detective starts from the old weights."
    some = f"{len(here)} are" if here[1:] else f"{here[0]} is"
    return f"It comes from {len(new)} new weights, of which only {some} printed."


def printed_as(quantity: str, updates: int) -> str:
    """The key of a printed figure, which the page makes in the same way.

    >>> printed_as("E_total", 0), printed_as("E_total", 100)
    ('E_total', 'E_total after 100')
    """
    return f"{quantity} after {updates}" if updates else quantity


def unheard_of(problem: Problem, given: Mapping[str, str]) -> str:
    """What to say about an earlier number that is no quantity of the problem; nothing where all are.

    >>> import bpkit as bp
    >>> unheard_of(bp.examples.article.problem, {"net_h9": "0.5"}).partition(";")[0]
    'I do not know net_h9 here'
    """
    known = problem.derivation
    for name in given:
        if name not in known:
            near = suggest(canonical(name), known.by_name)
            return f"I do not know {name} here{near}{'' if near.endswith('?') else '.'} {HOW}"
    return ""


def earlier(text: str) -> dict[str, str] | None:
    """The numbers of ``net_o1 = 0.79, out_o1 = 0.69`` by name; None while the text is not all of that form.

    >>> earlier("net_o1 = 0.79, out_o1 = 0.69"), earlier("net_o1 = ")
    ({'net_o1': '0.79', 'out_o1': '0.69'}, None)
    """
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
        found[match[1].replace("(", "_").replace(")", "")] = match[2]
        place = match.end()
    return found
