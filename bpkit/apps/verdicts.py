"""What the apps that judge a typed number share: waiting while it is typed, the verdict, the line behind it."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from html import escape

from bpkit.core.chain_rule import Step
from bpkit.core.expressions import names_in
from bpkit.core.numeric import evaluate
from bpkit.core.problem import Problem
from bpkit.core.quantities import Role
from bpkit.core.spelling import HTML, number, readable
from bpkit.core.text import sides_text, text
from bpkit.mistakes.diagnose import diagnose
from bpkit.mistakes.question import Question
from bpkit.mistakes.typed_number import NotANumber, taken
from bpkit.mistakes.verdict import Diagnosis
from bpkit.show.lines import lines_html, symbols_html

# Begun, and not a number yet: "", "-", "0.", "8.5e-", "3/".
HALF = re.compile(r"\s*[+\-−–]?\s*(\d*[.,]?|\d+([.,]\d+)?\s*([eE/*×·]|[eE][+\-−–]))?\s*")
WHOLE = re.compile(r"\s*[+\-−–]?\s*\d+\s*")
FEW = 8  # samples whose numbers are listed
TELLING = 3  # digits; with fewer, a right answer may be a lucky one and the line stays shut

LINE = "Show the line"


def look(
    problem: Problem,
    quantity: str,
    typed: str,
    given: Mapping[str, str] | None = None,
    asked_before: Collection[str] = (),
) -> Diagnosis | str:
    """The diagnosis of what was typed, or, while it is no number yet, a line that waits for the rest."""
    if not typed.strip():
        return "No number yet."
    if HALF.fullmatch(typed) and not WHOLE.fullmatch(typed):
        return f"{typed.strip()} … go on, the number is not complete."
    try:
        return diagnose(problem, quantity, typed, given or None, asked_before=asked_before)
    except NotANumber as error:
        return error.said


def settled(found: Diagnosis | str) -> bool:
    """Is the right answer out, with enough digits to have been computed?"""
    if isinstance(found, str) or found.verdict not in ("correct", "rounded") or found.carried:
        return False
    return found.figure.digits >= TELLING or abs(found.figure.value - found.exact) <= 1e-9 * abs(found.exact)


def said(found: Diagnosis | str) -> dict[str, str]:
    """The verdict as the page is told it; without one while the number is not complete."""
    if isinstance(found, str):
        return {"verdict": "", "message": found}
    # What follows and what is nearly right have the signs of an audit.
    verdict = "follows" if found.carried else "few_digits" if found.off_in_digit else found.verdict
    return {"verdict": verdict, "message": f"{found.message} {taken(found.figure.text)}".rstrip()}


def still(asked: Question, typed: str, found: Diagnosis | str) -> str:
    """Quantity, number and verdict, for a page that runs nothing."""
    name = HTML(asked.derivation[asked.quantity].quantity) + str(asked)[len(asked.quantity) :]
    if not typed.strip():
        return f"<p><b>{name} = ?</b></p>"
    return f"<p><b>{name} = {escape(typed)}</b></p><p>{escape(verdict_words(found))}</p>"


def verdict_words(found: Diagnosis | str) -> str:
    """The verdict in words."""
    return found if isinstance(found, str) else found.message


def line_html(asked: Question, digits: int, before: int | None = None) -> str:
    """The derivation's line for a quantity with its numbers; on a batch, where it has many, with its mean.

    Where a verdict points to a line before it, that one comes first.
    """
    step = asked.derivation[asked.quantity]
    if not asked.problem.is_batch:
        earlier = (one for one in asked.derivation.toward(asked.quantity) if one.number == before != step.number)
        return lines_html([*earlier, step], _numbers(asked), digits)
    if step.role is Role.UPDATE:
        slopes = "".join(
            f"<p>{HTML(one.quantity)} is the mean over {_listed(asked, one, digits)}.</p>" for one in _slopes_of(asked)
        )
        problem = _problem(asked)
        numbers = dict(asked.derivation.at(problem.sample(0)).numbers)
        numbers |= {name: asked.exact[name] for name in (step.name, *(one.name for one in _slopes_of(asked)))}
        return slopes + lines_html([step], numbers, digits)
    symbols = f"{HTML(step.quantity)} = {symbols_html(step)}"
    mean = readable(number(asked.exact[step.name], digits))
    return f"<p>({step.number}) {symbols}; the mean over {_listed(asked, step, digits)} is <b>{mean}</b></p>"


def line_words(asked: Question, digits: int) -> str:
    """The same line as text."""
    step = asked.derivation[asked.quantity]
    if not asked.problem.is_batch:
        return "Line " + " ".join(text((step,), _numbers(asked), digits).split()) + "."
    mean = number(asked.exact[step.name], digits)
    said = f"Line ({step.number}): {step.name} = {sides_text(step)}"
    if step.role is not Role.UPDATE:
        return f"{said}; the mean over {_listed(asked, step, digits)} is {mean}."
    slopes = (f"{one.name} is the mean over {_listed(asked, one, digits)}" for one in _slopes_of(asked))
    return f"{said} = {mean}; {'; '.join(slopes)}."


def _slopes_of(asked: Question) -> list[Step]:
    """The derivatives that an update uses."""
    derivation = asked.derivation
    used = sorted(names_in(derivation[asked.quantity].rhs) & derivation.by_name.keys())
    return [derivation[name] for name in used if derivation[name].role is Role.GRADIENT]


def _listed(asked: Question, step: Step, digits: int) -> str:
    """How many samples there are, and of a few what each has."""
    problem = _problem(asked)
    count = len(problem.inputs)
    if count > FEW:
        return f"{count} samples"
    each = (evaluate(problem.sample(place))[step.name] for place in range(count))
    return f"{count} samples ({', '.join(readable(number(float(one), digits)) for one in each)})"


def _numbers(asked: Question) -> Mapping[str, float]:
    return asked.derivation.toward(asked.quantity).at(_problem(asked)).numbers


def _problem(asked: Question) -> Problem:
    """The problem after the updates that the question asks for."""
    return asked.problem.updated(asked.updates) if asked.updates else asked.problem
