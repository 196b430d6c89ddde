"""Hints between a wrong answer and the worked solution: what to do next, one line at a time, and never the answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from bpkit.core.chain_rule import Step
from bpkit.core.derivation import Derivation
from bpkit.core.expressions import names_in
from bpkit.core.spelling import typeset
from bpkit.core.text import sides_of
from bpkit.exercises.questions.parts import ExactPart, NumberPart, Part
from bpkit.mistakes.question import question

FEWEST = 3  # options of which some may be ruled out


@dataclass(frozen=True)
class Ways:
    """The lines toward a number: each in symbols and with its numbers, except the number itself."""

    part: NumberPart

    @cached_property
    def lines(self) -> Derivation | None:
        """The lines; None for a number that is no quantity of one sample's derivation, or comes after updates."""
        problem, quantity = self.part.problem, self.part.quantity
        if problem is None or quantity is None or question(problem, quantity).updates or problem.is_batch:
            return None
        return problem.derivation.toward(quantity)

    @cached_property
    def numbers(self) -> Mapping[str, float]:
        """The number of every symbol on the lines."""
        problem = self.part.problem
        return self.lines.at(problem).numbers if self.lines and problem else {}

    def after(self, start: int | None) -> tuple[int, ...]:
        """The lines from one on that lead to the number; all of them where that is none of these."""
        steps = tuple(self.lines or ())
        led = {start} if any(step.number == start for step in steps) else {step.number for step in steps}
        for step in steps:
            if not led.isdisjoint(step.uses):
                led.add(step.number)
        return tuple(step.number for step in steps if step.number in led)

    def symbols(self, number: int) -> str:
        """What to do in a line, in Markdown."""
        return in_symbols(self._step(number))

    def filled(self, number: int) -> str:
        """The same line with the numbers put in; nothing where that would be the answer by itself."""
        step = self._step(number)
        sides = sides_of(step, self.numbers)[len(sides_of(step)) :]
        if any(self.numbers[name] == self.part.right for name in names_in(step.rhs) | names_in(step.shown)):
            return ""
        if self.numbers[step.name] == self.part.right:  # of the number itself, and of what only repeats it
            sides = sides[:-1]
        return formula(step.quantity.latex, sides) if sides else ""

    def _step(self, number: int) -> Step:
        return next(step for step in self.lines or () if step.number == number)


def in_symbols(step: Step) -> str:
    r"""What to do in a line: its reason and its symbols, in Markdown.

    >>> import bpkit as bp
    >>> print(in_symbols(bp.derive(bp.Network(1, 1, bias="none"))["net_o1"]))
    Line (1): net input of o1: each input times its weight.
    <BLANKLINE>
    $\mathit{net}_{o1} = w_{1} \cdot x_{1}$
    """
    shown = formula(step.quantity.latex, sides_of(step))
    return f"Line ({step.number}): {typeset(step.reason, step.names)}.\n\n{shown}"


def formula(left: str, sides: Sequence[str]) -> str:
    """An equation whose sides may stand one below the other where the room is narrow.

    >>> formula("E", ["½(y − out)²", "0.2335"])
    '$E = ½(y − out)²$ $= 0.2335$'
    """
    return " ".join([f"${left} = {sides[0]}$", *(f"$= {side}$" for side in sides[1:])])


def hints(part: Part, start: int | None = None) -> tuple[str, ...]:
    """What may be read after a wrong try, one after the other, in Markdown; ``start`` is the line to begin with.

    >>> hints(ExactPart("Up or down?", "down", hints=("Which sign has the slope?",)))
    ('Which sign has the slope?',)
    """
    if own := part.hints() if callable(part.hints) else part.hints:
        return own
    if isinstance(part, NumberPart) and (found := ways(part)):
        after = found.after(start)
        texts = [found.symbols(after[0])]
        for before, number in zip(after, after[1:]):
            texts.append("\n\n".join(filter(None, (found.filled(before), found.symbols(number)))))
        return (*texts, *filter(None, (found.filled(after[-1]),)))
    return ruled_out(part) if isinstance(part, ExactPart) else ()


def ways(part: Part) -> Ways | None:
    """The lines toward a number that has no hints of its own; None for any other part.

    >>> ways(ExactPart("Up or down?", "down")) is None
    True
    """
    found = Ways(part) if isinstance(part, NumberPart) and not part.hints else None
    return found if found and found.lines else None


def ruled_out(part: ExactPart) -> tuple[str, ...]:
    """Of several options those that are wrong, one after the other, until two are left.

    >>> ruled_out(ExactPart("Which is largest?", "b", options=("a", "b", "c", "d")))
    ('It is not: a', 'It is not: c')
    """
    wrong = [option for option in part.options if part.read(option) != part.read(part.answer)]
    return tuple(f"It is not: {option}" for option in wrong[: len(part.options) - 2] if len(part.options) >= FEWEST)
