"""What an own question makes of its task: the text, the parts and the worked solution, with no file at hand."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from bpkit.core.errors import BpkitError, suggest
from bpkit.core.numeric import canonical, evaluate
from bpkit.core.problem import Problem
from bpkit.core.program import averaged
from bpkit.exercises.questions.bank.quantities import DIGITS, worked
from bpkit.exercises.questions.card_pictures import beside
from bpkit.exercises.questions.exercise import Content, Question, Solution
from bpkit.exercises.questions.own.network import ENOUGH, spelled
from bpkit.exercises.questions.own.parts import HiddenPart, quantity_part, reader_at, reveals_of
from bpkit.exercises.questions.own.told import QUANTITIES, Told, filled, places_in
from bpkit.exercises.questions.parts import ExactPart, Part, Wrong
from bpkit.exercises.questions.task import Task
from bpkit.exercises.questions.words import data_line, equals, givens, in_a_table, needed

TOPIC = "own questions"
MOST_ASKED = 20
_PLAIN = str.maketrans("∂₀₁₂₃₄₅₆₇₈₉", "d0123456789")


@dataclass(frozen=True)
class OwnQuestion(Question):
    """A question of an instructor's; of so few different problems (``variety``) that learners may share one."""

    variety: int = 1

    @property
    def few(self) -> bool:
        """True where learners may have the same problem."""
        return self.variety < ENOUGH


def restored(task: Task) -> OwnQuestion:
    """The question of a task that brings its own along."""
    told = Told.read(task.about["own"])
    problem = task.problems[0] if task.problems else None
    asks = checked_asks(task.about.get("asks", []), problem) if told.kind == QUANTITIES else ()
    if told.kind == QUANTITIES and not asks:
        raise BpkitError("asks: expected quantities such as dE/dw1, got none")
    reveals = tuple(dict.fromkeys(name for one in asks for name in reveals_of(task.problem, one)))
    return OwnQuestion(task.question, TOPIC, told.title, _not_drawn, build, reveals or _named(task.private))


def _not_drawn(rng: np.random.Generator, level: str) -> Task:
    raise BpkitError("own question: expected the file that it was written in; new numbers are drawn from that alone")


def build(task: Task) -> Content:
    told = Told.read(task.about["own"])
    return _of_quantities(task, told) if told.kind == QUANTITIES else _typed(task, told)


def _of_quantities(task: Task, told: Told) -> Content:
    problem, words = task.problem, told.words
    asks = checked_asks(task.about["asks"], problem)
    parts = tuple(quantity_part(problem, name, told, asks[:place]) for place, name in enumerate(asks))
    solve = lambda: Solution((*_solution(task), *_lines(problem, asks)))

    def tell(*given: str) -> str:
        return "\n\n".join(filter(None, (f"{told.title}.", *given, words.compute)))

    if not told.text:
        whole = tell(givens(problem))
        if not told.picture:
            return Content(lambda: whole, parts, solve, drawn=False)
        return Content(lambda: whole, parts, solve, *beside(problem, asks))
    text = filled(told.text, problem, told.digits or DIGITS)
    if not told.picture:
        return Content(lambda: tell(text), parts, solve, card=lambda: text, drawn=False)
    picture, _, table = beside(problem, asks)
    numbers = in_a_table(problem, asks)
    more = [numbers] if not picture else [data_line(problem)] if problem.is_batch else []  # beside a picture, if any
    return Content(lambda: tell(text, numbers), parts, solve, picture, lambda: "\n\n".join([text, *more]), table)


def _lines(problem: Problem, asks: Sequence[str]) -> tuple[Any, ...]:
    """The lines toward some quantities; of a batch those of each sample, then what the batch makes of them."""
    if not problem.is_batch:
        return worked(problem, asks).pieces
    found: list[Any] = []
    slopes = dict.fromkeys(_of_sample(problem, name) for name in asks)
    for row in range(problem.n_samples):
        found += [f"Sample {row + 1}:", *worked(problem.sample(row), [*slopes]).pieces]
    whole = "sum" if problem.batch == "sum" else "mean"
    each = dict.fromkeys((*slopes, *asks))
    found += [
        f"Over the batch, as the {whole} of its samples: {equals(problem, n, evaluate(problem)[n])}." for n in each
    ]
    return tuple(found)


def _of_sample(problem: Problem, name: str) -> str:
    """What a batch adds up of its samples for a quantity: of a new value the derivative."""
    quantity = problem.derivation.target(name).quantity
    return f"dE_total/d{quantity.subject.name}" if quantity.of and not quantity.by else name


def _solution(task: Task) -> tuple[str, ...]:
    text = str(task.private.get("solution", ""))
    return (filled(text, task.problems[0] if task.problems else None, DIGITS),) if text else ()


def _typed(task: Task, told: Told) -> Content:
    """A choice or a whole number: the instructor typed the answer, and the task does not hold it."""
    problem, words = task.problems[0] if task.problems else None, told.words
    text = filled(told.text, problem, told.digits or DIGITS)
    asks = words.choose.format("; ".join(f"“{one}”" for one in told.options)) if told.options else words.whole
    reader = reader_at(told.options)
    part: Part = HiddenPart(asks, words.by_hand, told.options)
    answer, said = task.private.get("answer"), words.no_solution
    if answer is not None:
        known = tuple(Wrong(_label(one), why, one) for one, why in task.private.get("wrong", {}).items())
        if not told.options:
            known = tuple(replace(one, answer=int(one.answer)) for one in known)
        part = ExactPart(asks, answer, reader, told.options, known=known)
        said = f"{words.answer}: {part.written}."
    picture, _, table = beside(problem, ["E_total"]) if problem and told.picture else (None, None, None)
    if problem and told.picture and not picture:
        text = f"{text}\n\n{in_a_table(problem, ['E_total'])}"
    card = (lambda: text) if picture else None
    solve = lambda: Solution(_solution(task) or (said,))
    return Content(lambda: f"{told.title}.\n\n{text}", (part,), solve, picture, card, table, drawn=bool(picture))


def _label(option: str) -> str:
    return f"answers “{option}”"


def _named(private: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(map(_label, private.get("wrong", {})))


def unsaid(task: Task) -> tuple[str, ...]:
    """The given numbers that an own question needs and does not show anywhere."""
    told = Told.read(task.about["own"])
    if told.kind != QUANTITIES or not told.text:
        return ()
    problem = task.problem
    used = [name for name in problem.givens if name in needed(problem, task.about["asks"])]
    network, rate = problem.network, ["learning_rate"] if problem.is_batch else []
    drawn = {*network.parameters, *network.inputs, *network.targets, *rate} if told.picture else set()
    said = places_in(told.text)
    return tuple(name for name in used if name not in said | drawn and not _is_written(problem, name, told.text))


def _is_written(problem: Problem, name: str, text: str) -> bool:
    value = problem.givens[name]
    return (
        isinstance(value, float)
        and re.search(rf"(?<![\d.]){re.escape(f'{abs(value):g}')}(?![\d]|\.\d)", text) is not None
    )


def checked_asks(given: Any, problem: Problem | None) -> tuple[str, ...]:
    """The quantities asked for, by the names of the derivation."""
    each = [given] if isinstance(given, str) else given
    if (
        not isinstance(each, list | tuple)
        or not 0 < len(each) <= MOST_ASKED
        or not all(isinstance(q, str) for q in each)
    ):
        raise BpkitError(f"asks: expected a list of 1 to {MOST_ASKED} quantities such as dE/dw1, got {str(given)[:60]}")
    if problem is None:
        raise BpkitError("network: expected a network for the quantities that are asked; write [question.network]")
    found = tuple(_checked(one, problem) for one in each)
    if len({*found}) < len(found):
        raise BpkitError(f"asks: expected each quantity once, got {', '.join(each)[:80]}")
    return found


def _checked(given: str, problem: Problem) -> str:
    derivation, network = problem.derivation, problem.network
    plain = given.strip().translate(_PLAIN)
    name = canonical("E_total" if plain == "E" else plain)
    if name not in derivation and name not in network.parameters:
        example = f"dE/d{network.parameters[0]}" if network.parameters else "E_total"
        near = suggest(name, derivation.by_name)
        by = re.fullmatch(r"dE\w*/d(\w+)|(\w+)_new", name)
        more = f"; {spelled(network)}" if by or not near.startswith("; did you mean") else near
        raise BpkitError(f"expected asks to be quantities such as {example}, got {given[:40]!r}{more}")
    step = derivation.target(name)
    if step.name not in derivation.by_name:
        raise BpkitError(
            f"expected asks to be quantities of the derivation, got {given[:40]!r}; derivatives with respect to inputs "
            "are not among them"
        )
    if problem.is_batch and not averaged(step):
        raise BpkitError(
            f"expected asks to be quantities of a whole batch, got {given[:40]!r}; ask for E_total, for a derivative "
            "with respect to a parameter or for a new parameter"
        )
    return step.name
