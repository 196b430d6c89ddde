"""A printed forward pass, and beside every figure a box to work it out: each line from the numbers that it prints."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from html import escape
from typing import Any

from bpkit.apps.controls import Setting, Text
from bpkit.apps.live import Live
from bpkit.core.chain_rule import Step
from bpkit.core.errors import BpkitError
from bpkit.core.expressions import names_in
from bpkit.core.problem import Problem
from bpkit.core.quantities import Role
from bpkit.core.spelling import HTML, PLAIN, bracketed, expr_text, number, readable
from bpkit.examples.example import Example
from bpkit.mistakes.typed_number import NotANumber, advice, read

KINDS = ("net", "out")
TEXTS = {
    "same": "{value}, as printed",
    "off": "{value}, {off} % off",
    "late": "{value}, {off} % off: only a late digit",
    "other": "{value}: not what this line gives; use its printed figures",
    "slip": "{value}: {slip}",
    "close": ". Nearly the printed figure!",
    "waiting": "Go on, the calculation is not complete.",
    "title": "A printed forward pass, to be worked out again",
    "head": ["figure", "computed as", "printed", "your calculation"],
}
# Begun: it ends in a sign, or in the first letters of a function.
BEGUN = re.compile(r"([-−–+*·×/÷^(.,=]|(?<![a-z])(e|ex|exp|l|ln|s[igmod]*))\s*$")
NEAR = 0.01  # of what a line gives: a calculation further off is not that of the line
ALMOST = 0.001  # of what a known slip gives: so near, it is that slip
SHOWN, ROUGH = 7, 2  # digits of what was worked out, and of how far off the printed figure is


@dataclass(frozen=True)
class Row:
    """A printed figure: its line with the numbers that are printed, the figure itself, and what was typed beside it.

    ``slips`` are calculations that people make instead of the line's, each with words for it.
    """

    step: Step
    line: str
    printed: str
    typed: str = ""
    slips: tuple[tuple[str, str], ...] = ()

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
            return self._unread
        value, printed = self.found, float(self.printed)
        off = abs(value - printed)
        late = "late" if off <= ALMOST * abs(printed) else "off"
        kind, slip = "same" if off <= 1.01 * unit(self.printed) else late, ""
        if not _near(value, self.line, NEAR):
            slip = next((words for line, words in self.slips if _near(value, line, ALMOST)), "")
            kind = "slip" if slip else "other"
        close = str(TEXTS["close"]) if slip and off <= ALMOST * abs(printed) else ""
        share = float(number(100 * off / abs(printed), ROUGH))
        text = str(TEXTS[kind]).format(value=number(value, SHOWN), off=number(share, SHOWN), slip=slip)
        return readable(text + close)

    @property
    def _unread(self) -> str:
        """What is said while there is no number: nothing, that it is not complete, or what to do about it."""
        if not self.typed.strip():
            return ""
        do = advice(self.typed.strip())
        return str(TEXTS["waiting"]) if BEGUN.search(self.typed) else f"{do[0].upper()}{do[1:]}."


@dataclass(frozen=True)
class State:
    """The problem, its rows and the digits that the page shows."""

    problem: Problem
    rows: tuple[Row, ...]
    digits: int


def _near(value: float, line: str, share: float) -> bool:
    gives = read(line).value
    return abs(value - gives) <= share * abs(gives)


def unit(printed: str) -> float:
    """One of the last printed digit: a figure that was cut off is no further from the exact one.

    >>> unit("0.699"), unit("12")
    (0.001, 1.0)
    """
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
                "slips": one.slips,
            }
            for one in self._rows
        ]
        return {
            "rows": rows,
            "texts": TEXTS,
            "near": NEAR,
            "almost": ALMOST,
            "begun": BEGUN.pattern,
            "layout": {"rows": [["table"]], "bar": False},
        }

    def read(self, values: Mapping[str, Any]) -> State:
        rows = (replace(one, typed=values[one.step.name]) for one in self._rows)
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
    """The net inputs and outputs that an example prints, each with its line, if it has only printed numbers.

    >>> import bpkit as bp
    >>> first = printed_lines(bp.examples.article)[0]
    >>> first.line, first.printed
    ('0.25 · 0.1 + 0.15 · 0.2 + 0.45', '0.505')
    """
    problem, published = example.problem, example.published
    known = {name: number(value) for name, value in problem.givens.items()} | dict(published)
    lines = [problem.derivation[name] for name in published if name in problem.derivation]
    steps = [step for step in lines if step.role is Role.FORWARD and step.quantity.tag in KINDS]
    kept = [step for step in steps if names_in(step.rhs) <= known.keys()]
    return tuple(
        Row(step, _line(step, known), published[step.name], slips=tuple(_slips(problem, step, known))) for step in kept
    )


def _line(step: Step, known: Mapping[str, str]) -> str:
    """A line of the forward pass with the numbers put in as they are printed."""
    return readable(expr_text(step.rhs, {name: bracketed(known[name]) for name in names_in(step.rhs)}))


def _slips(problem: Problem, step: Step, known: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """A net input with the bias of another layer or without any, an output without the minus before the net input."""
    biases, names = problem.network.biases, problem.derivation.quantities
    for own in sorted(names_in(step.rhs) & biases.keys()):
        yield _line(step, {**known, own: "0"}), f"without the bias {PLAIN(names[own])}"
        for other in biases.keys() - {own}:
            if known[other] != known[own]:
                words = f"with {PLAIN(names[other])} instead of {PLAIN(names[own])}"
                yield _line(step, {**known, own: known[other]}), words
    if step.quantity.tag == "out":
        (net,) = names_in(step.rhs)
        yield (
            _line(step, {**known, net: number(-float(known[net]), SHOWN + 1)}),
            "the line has a minus before the net input",
        )
