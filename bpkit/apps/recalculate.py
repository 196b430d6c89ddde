"""A printed forward pass, and beside every figure a box to work it out: each line from the numbers that it prints."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from html import escape
from typing import Any

from bpkit.apps.live import Live
from bpkit.apps.settings import Setting, Text
from bpkit.core.chain_rule import Step
from bpkit.core.errors import BpkitError
from bpkit.core.expressions import names_in
from bpkit.core.problem import Problem
from bpkit.core.quantities import Role
from bpkit.core.spelling import HTML, PLAIN, bracketed, expr_text, minus, number
from bpkit.examples.example import Example
from bpkit.mistakes.typed_number import NotANumber, read

KINDS = ("net", "out")
TEXTS = {
    "same": "{value}, as printed",
    "off": "{value}, {off} % off",
    "other": "{value}: use the printed figures",
    "waiting": "cannot read this yet",
    "title": "A printed forward pass, to be worked out again",
    "head": ["figure", "computed as", "printed", "your calculation", "gives"],
}
NEAR = 0.01  # of what a line gives: a calculation further off is not that of the line
SHOWN, ROUGH = 7, 2  # digits of what was worked out, and of how far off the printed figure is


@dataclass(frozen=True)
class Row:
    """A printed figure: its line with the numbers that are printed, the figure itself, and what was typed beside it."""

    step: Step
    line: str
    printed: str
    typed: str = ""

    @property
    def found(self) -> float | None:
        """The number in what was typed; None while there is none."""
        try:
            return read(self.typed).value if self.typed.strip() else None
        except NotANumber:
            return None

    @property
    def told(self) -> str:
        """How the printed figure compares with what was typed."""
        if self.found is None:
            return TEXTS["waiting"] if self.typed.strip() else ""  # type: ignore[return-value]
        value, printed, gives = self.found, float(self.printed), read(self.line).value
        off = abs(value - printed)
        kind = "same" if off <= 1.01 * unit(self.printed) else "off"
        text = str(TEXTS["other" if abs(value - gives) > NEAR * abs(gives) else kind])
        share = float(number(100 * off / abs(printed), ROUGH))
        return minus(text.format(value=number(value, SHOWN), off=number(share, SHOWN)))


@dataclass(frozen=True)
class State:
    """What the page shows."""

    problem: Problem
    rows: tuple[Row, ...]
    digits: int


def unit(printed: str) -> float:
    """One of the last printed digit: a figure that was cut off is no further from the exact one."""
    return float(Decimal(1).scaleb(int(Decimal(printed).as_tuple().exponent)))


class Recalculate(Live):
    """The figures that an example prints of its forward pass, each with a box that takes a number or a calculation.

    The box says what the calculation gives and how far the printed figure is from it, and nothing else. Each line goes
    on from the printed figures before it; a calculation that does not, is told so.
    """

    name = "recalculate"

    def __init__(self, given: Example) -> None:
        if not isinstance(given, Example):
            raise BpkitError(
                f"recalculate app: expected an example with printed figures, got {given!r}; "
                "write bp.apps.recalculate(bp.examples.article)"
            )
        self._example = given
        super().__init__(given)

    def settings(self) -> Mapping[str, Setting]:
        self._rows = printed_lines(self._example)
        return {one.step.name: Text(PLAIN(one.step.quantity), hint="type it here", live=True) for one in self._rows}

    def page(self) -> dict[str, Any]:
        rows = [
            {
                "name": one.step.name,
                "head": HTML(one.step.quantity),
                "line": one.line,
                "printed": one.printed,
                "unit": unit(one.printed),
            }
            for one in self._rows
        ]
        return {"rows": rows, "texts": TEXTS, "near": NEAR, "layout": {"rows": [["table"]], "bar": False}}

    def read(self, values: Mapping[str, Any]) -> State:
        rows = (Row(one.step, one.line, one.printed, values[one.step.name]) for one in self._rows)
        return State(self.problem, tuple(rows), values["digits"])

    def words(self, state: State) -> str:
        return " ".join(
            f"{one.step.name} = {one.line} is printed as {one.printed}"
            + (f"; you have {one.told}." if one.told else ".")
            for one in state.rows
        )

    def still(self, state: State) -> str:
        rows = "".join(
            f"<tr><th scope='row'>{HTML(one.step.quantity)}</th><td>= {escape(one.line)}</td>"
            f"<td>= <b>{one.printed}</b></td></tr>"
            for one in state.rows
        )
        return f"<table class='bpkit-lines'><tbody>{rows}</tbody></table>"


def printed_lines(example: Example) -> tuple[Row, ...]:
    """The net inputs and outputs that an example prints, each with its line, if that has printed numbers alone."""
    problem, published = example.problem, example.published
    known = {name: number(value) for name, value in problem.givens.items()} | dict(published)
    lines = [problem.derivation[name] for name in published if name in problem.derivation]
    steps = [step for step in lines if step.role is Role.FORWARD and step.quantity.tag in KINDS]
    kept = [step for step in steps if names_in(step.rhs) <= known.keys()]
    return tuple(Row(step, _line(step, known), published[step.name]) for step in kept)


def _line(step: Step, known: Mapping[str, str]) -> str:
    """A line of the forward pass with the numbers put in as they are printed."""
    return minus(expr_text(step.rhs, {name: bracketed(known[name]) for name in names_in(step.rhs)}))
