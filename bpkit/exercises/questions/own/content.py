"""The content of an own question: the text, the parts and the worked solution, with no file at hand."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np

from bpkit.core.architecture import Architecture
from bpkit.core.derivation import Derivation, derive
from bpkit.core.errors import BpkitError, suggest
from bpkit.core.model import Model
from bpkit.core.numeric import evaluate
from bpkit.core.problem import Problem
from bpkit.core.program import averaged
from bpkit.core.spelling import in_words
from bpkit.core.updates import GradientDescent
from bpkit.exercises.questions.bank.quantity_questions import DIGITS, worked
from bpkit.exercises.questions.card_pictures import beside
from bpkit.exercises.questions.exercise import Content, Question, Solution
from bpkit.exercises.questions.own.own_network import ENOUGH, spelled
from bpkit.exercises.questions.own.own_parts import HiddenPart, quantity_part, reader_at, reveals_of
from bpkit.exercises.questions.own.told import QUANTITIES, Told, filled, known_from, places_in, plain_name
from bpkit.exercises.questions.parts import ExactPart, Part, Wrong
from bpkit.exercises.questions.task import Task
from bpkit.exercises.questions.words import brief, computes, data_line, equals, givens, in_a_table, needed

TOPIC = "own questions"
MOST_ASKED = 20
MOST_NEURONS = 12  # that a refusal names


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
        return "\n\n".join(filter(None, (*given, words.compute)))

    if not told.text:
        whole = tell(givens(problem))
        if not told.picture:
            return Content(lambda: whole, parts, solve, drawn=False)
        return Content(lambda: whole, parts, solve, *beside(problem, asks))
    text = filled(told.text, problem, told.digits or DIGITS)
    picture, _, table = beside(problem, asks) if told.picture else (None, None, None)
    below = partial(_given, problem, asks, told)
    card = lambda: "\n\n".join(filter(None, (text, below(picture is not None))))
    return Content(lambda: tell(text, below(False)), parts, solve, picture, card, table, drawn=told.picture)


def _given(problem: Problem, asks: Sequence[str], told: Told, pictured: bool) -> str:
    """What is written below an instructor's own text, beside the picture or without one."""
    if told.given:
        return brief(problem, asks, pictured, known_from(told.text, problem))
    if not told.picture:
        return ""
    return in_a_table(problem, asks) if not pictured else data_line(problem) if problem.is_batch else ""


def _lines(problem: Problem, asks: Sequence[str]) -> tuple[Any, ...]:
    """The lines toward some quantities; of a batch those of each sample, then their mean or sum."""
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
    return Content(lambda: text, (part,), solve, picture, card, table, drawn=bool(picture))


def _label(option: str) -> str:
    return f"answers “{option}”"


def _named(private: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(map(_label, private.get("wrong", {})))


def unsaid(task: Task) -> Iterator[str]:
    """What an own question needs and shows nowhere, where the kit may not add it, and how to put it in."""
    told = Told.read(task.about["own"])
    if told.kind != QUANTITIES or not told.text or told.given:
        return
    numbers, words = _missing_numbers(task.problem, task.about["asks"], told), _missing_words(task, told)
    how = [f"put each number into the text as {{{numbers[0]}}}"] if numbers else []
    how += [f"describe {in_words(words)} in the text"] if words else []
    if how:
        yield (
            f"the question needs {in_words([*numbers, *words])}, but neither the text nor a picture shows that: "
            f"{' and '.join(how)}, or leave out given = false, and the kit adds it"
        )


def _missing_words(task: Task, told: Told) -> list[str]:
    """What an own question does not say of its network, numbers apart."""
    problem, used, known = task.problem, needed(task.problem, task.about["asks"]), known_from(told.text, task.problem)
    blocks = isinstance(problem.network, Model)
    found = ["the blocks"] if blocks and not told.picture else []
    if not blocks and "activation" not in known and computes(used):
        found.append("the activation")
    if "loss" not in known and not used.isdisjoint(problem.network.targets):
        found.append("the loss")
    rule = type(problem.update).__name__
    if "learning_rate" in used and problem.update != GradientDescent() and rule.lower() not in told.text.lower():
        found.append("the update rule")
    return found


def _missing_numbers(problem: Problem, asks: Sequence[str], told: Told) -> tuple[str, ...]:
    used = [name for name in problem.givens if name in needed(problem, asks)]
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
    name = plain_name(given)
    if name not in derivation and name not in network.parameters:
        name = re.sub(r"(?<=[A-Za-z])_(?=\d)", "", name)  # w_1 for w1, as formulas are typed
    if name not in derivation and name not in network.parameters:
        one = next(iter(network.parameters), "")
        example = f"net_h1, E_total, dE/d{one} or, for the new weight, {one}_new" if one else "E_total"
        near, names = _near(name, derivation), f"his network has {_names_of(network)}"
        more = f"{near} T{names}" if near else f"; t{names}"
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


def _near(name: str, derivation: Derivation) -> str:
    """The quantities that were probably meant: of a layer's name those of its neurons, of a delta its derivative."""
    meant = re.sub("(?i)^(?:delta|δ)_?", "dE_total/dnet_", name)
    neurons = re.compile(rf"{re.escape(meant)}_\d+")
    found = [meant] if meant in derivation else [one for one in derivation.by_name if neurons.fullmatch(one)][:3]
    if found:
        return f"; did you mean {' or '.join(repr(one.replace('dE_total/', 'dE/')) for one in found)}?"
    near = suggest(name, derivation.by_name)
    unknown = re.fullmatch(r"dE\w*/d(\w+)|(\w+)_new", meant)
    return near if near.startswith("; did you mean") and not unknown else ""


def _names_of(network: Architecture) -> str:
    """What a network's parameters and neurons are called: ``w1 to w6, b1 and b2, and the neurons h1, h2 and o1``."""
    neurons = [name.removeprefix("out_") for name in derive(network).by_name if name.startswith("out_")]
    shown = neurons if len(neurons) <= MOST_NEURONS else [*neurons[: MOST_NEURONS - 2], "..", neurons[-1]]
    return ", and ".join(filter(None, (spelled(network), f"the neurons {', '.join(shown)}")))
