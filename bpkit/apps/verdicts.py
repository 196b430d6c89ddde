"""What the apps that judge a typed number share: waiting while it is typed, the verdict, the line behind it."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from html import escape
from types import MappingProxyType

from bpkit.core.chain_rule import Step
from bpkit.core.numeric import evaluate, evaluate_given
from bpkit.core.problem import Problem
from bpkit.core.quantities import Role
from bpkit.core.spelling import HTML, number, readable
from bpkit.core.text import sides_text, text
from bpkit.mistakes.diagnose import diagnose
from bpkit.mistakes.question import Question
from bpkit.mistakes.typed_number import NotANumber, taken
from bpkit.mistakes.verdict import Diagnosis
from bpkit.show.lines_table import lines_html, symbols_html

# Begun, and not a number yet: "", "-", "0.", "8.5e-", "3/".
HALF = re.compile(r"\s*[+\-−–]?\s*(\d*[.,]?|\d+([.,]\d+)?\s*([eE/*×·]|[eE][+\-−–]))?\s*")
WHOLE = re.compile(r"\s*[+\-−–]?\s*\d+\s*")
TELLING = 3  # digits; with fewer, a right answer may be a lucky one and the line stays shut

MOST_SAMPLES = 6  # of a batch whose numbers are shown one by one

LINE, LINES = "Show the line", "Show the lines"


def look(
    problem: Problem,
    quantity: str,
    typed: str,
    given: Mapping[str, str] | None = None,
    asked_before: Collection[str] = (),
    known: Collection[str] = (),
) -> Diagnosis | str:
    """The diagnosis of what was typed, or, while it is no number yet, a line that waits for the rest."""
    if not typed.strip():
        return "No number yet."
    if HALF.fullmatch(typed) and not WHOLE.fullmatch(typed):
        return f"{typed.strip()} … go on, the number is not complete."
    try:
        return diagnose(problem, quantity, typed, given or None, asked_before=asked_before, known=known)
    except NotANumber as error:
        return error.said


def settled(found: Diagnosis | str) -> bool:
    """Is the right answer out, with enough digits to have been computed?

    >>> import bpkit as bp
    >>> settled(bp.diagnose(bp.examples.article.problem, "dE/dw5", "0.0851")), settled("Type a number.")
    (True, False)
    """
    if isinstance(found, str) or found.verdict not in ("correct", "rounded") or found.carried:
        return False
    return found.figure.digits >= TELLING or abs(found.figure.value - found.exact) <= 1e-9 * abs(found.exact)


def said(found: Diagnosis | str) -> dict[str, str]:
    """The verdict as the page is told it; without one while the number is not complete.

    >>> said("Type a number.")
    {'verdict': '', 'message': 'Type a number.'}
    """
    if isinstance(found, str):
        return {"verdict": "", "message": found}
    # What follows and what is nearly right have the signs of an audit.
    verdict = "follows" if found.carried else "few_digits" if found.off_in_digit else found.verdict
    return {"verdict": verdict, "message": f"{found.message} {taken(found.figure.text)}".rstrip()}


def still(asked: Question, typed: str, found: Diagnosis | str) -> str:
    """Quantity, number and verdict, for a page that runs nothing.

    >>> import bpkit as bp
    >>> from bpkit.mistakes.question import question
    >>> still(question(bp.examples.article.problem, "dE/dw5"), "", "")
    '<p><b>∂<i>E</i>/∂w<sub>5</sub> = ?</b></p>'
    """
    name = HTML(asked.derivation[asked.quantity].quantity) + str(asked)[len(asked.quantity) :]
    if not typed.strip():
        return f"<p><b>{name} = ?</b></p>"
    return f"<p><b>{name} = {escape(typed)}</b></p><p>{escape(verdict_words(found))}</p>"


def verdict_words(found: Diagnosis | str) -> str:
    """What is said of a number, or what waits for the rest of it.

    >>> verdict_words("Type a number.")
    'Type a number.'
    """
    return found if isinstance(found, str) else found.message


def line_html(
    asked: Question, digits: int, before: Iterable[Step] = (), given: Mapping[str, float] = MappingProxyType({})
) -> str:
    """A quantity's line in the derivation with its numbers, below those ``before`` it; on a batch below its samples.

    Of one sample, the numbers are those that follow from earlier ones ``given`` of the first pass.

    >>> import bpkit as bp
    >>> from bpkit.mistakes.question import question
    >>> "0.505" in line_html(question(bp.examples.article.problem, "net_h1"), 6)
    True
    """

    def sampled(step: Step, each: str, whole: str) -> str:
        return f"<p>({step.number}) {HTML(step.quantity)} = {symbols_html(step)}; {each} <b>{whole}</b></p>"

    lines = "".join(_lines(asked, digits, before, given, sampled, lines_html))
    return re.sub(r" ([·/×]) ", "\N{NO-BREAK SPACE}\\1\N{NO-BREAK SPACE}", lines)  # it goes on before a sign


def line_words(
    asked: Question, digits: int, before: Iterable[Step] = (), given: Mapping[str, float] = MappingProxyType({})
) -> str:
    """The line to look at, as plain text."""

    def sampled(step: Step, each: str, whole: str) -> str:
        return f"Line ({step.number}): {step.name} = {sides_text(step)}; {each} {whole}."

    def lines(steps: Iterable[Step], numbers: Mapping[str, float], digits: int) -> str:
        return " ".join(f"Line {' '.join(text((one,), numbers, digits).split())}." for one in steps)

    return " ".join(_lines(asked, digits, before, given, sampled, lines))


def _lines(
    asked: Question,
    digits: int,
    before: Iterable[Step],
    given: Mapping[str, float],
    sampled: Callable[[Step, str, str], str],
    lines: Callable[[Iterable[Step], Mapping[str, float], int], str],
) -> Iterator[str]:
    """What the samples give, where a line has a number for each, and the lines below that, in the caller's spelling."""
    step, averaged = asked.derivation[asked.quantity], _over_samples(asked)
    if averaged:
        yield sampled(averaged, *_each(asked, averaged, digits))
    if averaged is not step:
        yield lines([*([] if averaged else before), step], _numbers(asked, given), digits)


def _over_samples(asked: Question) -> Step | None:
    """The line on the way to a quantity of a batch that has a number for each sample: its own, or its derivative."""
    if not asked.problem.is_batch:
        return None
    step = asked.derivation[asked.quantity]
    if step.role is not Role.UPDATE:
        return step
    gradients = [one for one in asked.derivation.toward(asked.quantity) if one.role is Role.GRADIENT]
    return gradients[-1]


def _each(asked: Question, step: Step, digits: int) -> tuple[str, str]:
    """What a line gives for each sample, where they are few, and for all."""
    problem = _problem(asked)
    count, whole = problem.n_samples, "sum" if problem.batch == "sum" else "mean"
    total = readable(number(asked.exact[step.name], digits))
    if count > MOST_SAMPLES:
        return f"the {whole} over {count} samples is", total
    single = (number(evaluate(problem.sample(one))[step.name], digits) for one in range(count))
    return f"for the {count} samples it is {', '.join(map(readable, single))}, and their {whole} is", total


def _problem(asked: Question) -> Problem:
    return asked.problem.updated(asked.updates) if asked.updates else asked.problem


def _numbers(asked: Question, given: Mapping[str, float]) -> Mapping[str, float]:
    problem = _problem(asked)
    if problem.is_batch:
        return {**problem.givens, **asked.exact.numbers}
    if given and not asked.updates:
        return {**problem.givens, **evaluate_given(problem, given).numbers}
    return asked.derivation.toward(asked.quantity).at(problem).numbers
