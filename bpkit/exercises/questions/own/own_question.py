"""Questions that an instructor writes: a table of a file becomes a question, and a task brings all of it along but the
answers that are typed."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np

from bpkit.core.errors import BpkitError, suggest
from bpkit.exercises.questions.own.content import TOPIC, OwnQuestion, build, checked_asks, restored
from bpkit.exercises.questions.own.own_functions import check_defined
from bpkit.exercises.questions.own.own_network import Numbers, check_keys, is_number, read_network, read_numbers
from bpkit.exercises.questions.own.told import CHOICE, LONGEST_TEXT, PUBLIC, QUANTITIES, WHOLE, Told, bounded, option
from bpkit.exercises.questions.task import Task

ID = re.compile(r"[a-z][a-z0-9-]{0,39}")
_WORDS = ("id", "title", "text", "asks", "options", "answer", "wrong", "solution")
KEYS = (*_WORDS, "digits", "tolerance", "points", "picture", "given", "network", "numbers")


def private_of(table: Mapping[str, Any]) -> dict[str, Any]:
    """What only the instructor knows about a question: the right answer, why others are wrong, and the solution.

    >>> private_of({"title": "Up or down?", "options": ["up", "down"], "answer": "down"})
    {'answer': 'down'}
    """
    found = {key: table[key] for key in ("answer", "wrong", "solution") if key in table}
    if "options" in table and is_number(found.get("answer")):
        found["answer"] = option(found["answer"])
    return found


def question_from(table: Mapping[str, Any], language: str = "en") -> OwnQuestion:
    """An own question from a table of a file; raises ``BpkitError`` that says which key does not fit.

    Its numbers are drawn once, so that whatever is wrong with them is said at once.
    """
    check_keys("question", table, KEYS)
    id = table.get("id")
    if not isinstance(id, str) or not ID.fullmatch(id):
        got = "none" if id is None else repr(str(id)[:40])
        raise BpkitError(f'id: expected small letters, digits and dashes, such as id = "my-gradient", got {got}')
    kind = QUANTITIES if "asks" in table else CHOICE if "options" in table else WHOLE
    public = {key: table[key] for key in PUBLIC if key in table}
    told = Told.read({"title": id.replace("-", " ").capitalize(), **public, "kind": kind, "language": language})
    numbers = _numbers(table)
    own: dict[str, Any] = {"own": told.data()}
    private = private_of(table)
    if kind == QUANTITIES:
        _refuse(table, ("options", "answer", "wrong"), "beside asks, whose answers are derived")
        if numbers is None:
            raise BpkitError("network: expected a network for the quantities that are asked; write [question.network]")
        if not (told.given or told.text):
            raise BpkitError('given: expected a text of your own beside given = false, got none; write text = ".."')
        own["asks"] = list(checked_asks(table["asks"], numbers.draw(np.random.default_rng(0))))
    else:
        _refuse(table, ("digits", "tolerance", "given"), "where the answer is no number of a derivation")
        _check_typed(told, private)
    if numbers and numbers.sketch.functions:
        own["functions"] = [one.data() for one in numbers.sketch.functions]
    draw = partial(_draw, id, numbers, own, private)
    first = draw(np.random.default_rng(0), "medium")
    content = build(first)
    content.tell()
    if private.get("solution"):
        bounded("solution", private["solution"], LONGEST_TEXT)
        content.solve()
    variety = numbers.variety if numbers else 1
    return OwnQuestion(id, TOPIC, told.title, draw, build, restored(first).reveals, variety)


def _numbers(table: Mapping[str, Any]) -> Numbers | None:
    if "network" not in table:
        if "numbers" in table:
            raise BpkitError("numbers: expected them beside a network; write [question.network] too")
        return None
    return read_numbers(table.get("numbers", {}), read_network(table["network"]))


def _refuse(table: Mapping[str, Any], keys: Sequence[str], where: str) -> None:
    for key in keys:
        if key in table:
            raise BpkitError(f"{key}: expected none {where}; leave it out")


def _check_typed(told: Told, private: Mapping[str, Any]) -> None:
    """Look at an answer that was typed, and at the reasons why others are wrong."""
    answer, wrong = private.get("answer"), private.get("wrong", {})
    if not told.text:
        raise BpkitError('text: expected what is asked, such as text = "..", got nothing')
    if answer is None:
        raise BpkitError(
            "question: expected asks (quantities of a network), options and answer (a choice), or answer (a whole "
            "number), got none of them"
        )
    if told.options and answer not in told.options:
        near = suggest(answer, told.options)
        raise BpkitError(f"answer: expected one of the options, got {str(answer)[:40]!r}{near}")
    if not told.options and (type(answer) is not int or abs(answer) > 1e12):
        raise BpkitError(f"answer: expected a whole number, or options to choose from, got {str(answer)[:40]!r}")
    if not isinstance(wrong, dict) or not all(isinstance(why, str) and why.strip() for why in wrong.values()):
        raise BpkitError(
            f'wrong: expected reasons by answer, such as {{"3" = "the bias is missing"}}, got {str(wrong)[:40]}'
        )
    for one in wrong:
        fits = one in told.options if told.options else re.fullmatch(r"-?\d{1,12}", one)
        if not fits or str(one) == str(answer):
            others = [option for option in told.options if option != answer]
            near = suggest(one, others) if others else "; write a whole number"
            what = "options other than the answer" if others else "other answers than the right one"
            raise BpkitError(f"wrong: expected {what}, got {one[:40]!r}{near}")


def _draw(
    id: str,
    numbers: Numbers | None,
    own: Mapping[str, Any],
    private: Mapping[str, Any],
    rng: np.random.Generator,
    level: str,
) -> Task:
    problem = numbers.draw(rng) if numbers else None
    about = {**own, "own": dict(own["own"])}
    if options := about["own"].get("options"):
        about["own"]["options"] = [options[place] for place in rng.permutation(len(options))]
    if problem and numbers and numbers.sketch.functions:
        check_defined(problem, numbers.sketch.functions)
    problems = (problem,) if problem else ()
    return Task(id, problems, about, private=dict(private))
