"""A sheet: one learner's exercises in order, and the keys (1, 2a, 2b, ..) of what they ask."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType
from typing import Any

from bpkit.core.errors import BpkitError, suggest
from bpkit.core.spelling import counted
from bpkit.exercises.questions.bank import QUESTIONS
from bpkit.exercises.questions.exercise import Exercise
from bpkit.exercises.questions.feedback import Feedback
from bpkit.exercises.questions.generation import restore
from bpkit.exercises.questions.parts import Part
from bpkit.exercises.questions.streams import digest
from bpkit.exercises.sheets.codes import code
from bpkit.exercises.sheets.settings import PLAIN, Settings

MOST = 100  # exercises of a sheet
DEFAULT_QUESTIONS = (
    "net-and-out",
    "loss",
    "output-delta",
    "output-weight",
    "hidden-paths",
    "hidden-weight",
    "hidden-update",
    "sign-first",
    "which-slip",
    "learning-rate",
)


@dataclass(frozen=True, eq=False, repr=False)
class Sheet:
    """Some exercises for one learner. ``sheet["3"]`` is the third; ``sheet.parts["3b"]`` what its part b asks.

    ``title`` and ``date`` are what an instructor calls the sheet and when it is due, in their words; ``id`` is the
    learner's in the roster, ``language`` that of the stems.
    """

    exercises: tuple[Exercise, ...]
    learner: str = ""
    title: str = ""
    date: str = ""
    id: str = ""
    language: str = "en"

    def __len__(self) -> int:
        return len(self.exercises)

    def __iter__(self) -> Iterator[Exercise]:
        return iter(self.exercises)

    def __getitem__(self, number: str | int) -> Exercise:
        text = str(number)
        if text.isdecimal() and 1 <= int(text) <= len(self):
            return self.exercises[int(text) - 1]
        raise BpkitError(f"sheet: expected the number of an exercise from 1 to {len(self)}, got {number!r}")

    @cached_property
    def parts(self) -> Mapping[str, Part]:
        """Everything that is asked, by key: ``1`` where an exercise has one part, ``2a``, ``2b`` where it has more."""
        return MappingProxyType({key: self[number].parts[letter] for key, (number, letter) in self.places.items()})

    @cached_property
    def places(self) -> Mapping[str, tuple[int, str]]:
        """The exercise and the letter of each key."""
        found = {}
        for number, exercise in enumerate(self.exercises, 1):
            for letter in exercise.parts:
                found[f"{number}{letter if len(exercise.parts) > 1 else ''}"] = (number, letter)
        return MappingProxyType(found)

    def check(self, key: str, value: object) -> Feedback:
        """Judge the answer to one key."""
        if key not in self.parts:
            raise BpkitError(f"check: this sheet asks for no {key!r}{suggest(key, self.parts)}")
        return self.parts[key].judge(value)

    def data(self) -> dict[str, Any]:
        """The public data of the whole sheet, as JSON has it; no answer, no seed."""
        return {"tasks": [exercise.task.data() for exercise in self.exercises]}

    @property
    def fingerprint(self) -> str:
        """Tells this sheet's tasks from any others."""
        return fingerprint(self.data()["tasks"])

    @property
    def code(self) -> str:
        """The same in eight signs, as a sheet on paper shows it."""
        return code(self.fingerprint)

    def __repr__(self) -> str:
        names = ", ".join(exercise.id for exercise in self.exercises)
        return f"Sheet({counted(len(self), 'exercise')}: {names})"


def fingerprint(tasks: Sequence[Any]) -> str:
    """What tells tasks, as JSON has them, from any others.

    >>> len(fingerprint(["w5"])), fingerprint(["w5"]) == fingerprint(["w6"])
    (16, False)
    """
    return digest(json.dumps({"tasks": tasks}, sort_keys=True)).hex()[:16]


def chosen(topics: Sequence[str] = (), ids: Sequence[str] = (), settings: Settings = PLAIN) -> tuple[str, ...]:
    """Questions by id, in this order, then those of some topics; when nothing is asked for, those of the settings or
    the usual ten.

    >>> chosen(ids=["loss", "net-and-out"]), chosen() == DEFAULT_QUESTIONS
    (('loss', 'net-and-out'), True)
    """
    known = list(dict.fromkeys(question.topic for question in QUESTIONS))
    for topic in topics:
        if topic not in known:
            raise BpkitError(f"topics: expected some of {', '.join(known)}, got {topic!r}{suggest(topic, known)}")
    named = [settings.question(id).id for id in ids] + [one.id for one in QUESTIONS if one.topic in topics]
    return tuple(dict.fromkeys(named)) or settings.questions or DEFAULT_QUESTIONS


def make_sheet(
    questions: Sequence[str] = DEFAULT_QUESTIONS,
    seed: int = 0,
    learner: str = "",
    difficulty: str = "medium",
    redraws: Mapping[str, int] | None = None,
    settings: Settings = PLAIN,
) -> Sheet:
    """Draw a learner's sheet; each question has a random stream of its own, so that adding one changes no other.

    ``settings`` are what an instructor's file says: title, date, points, and questions of their own.

    >>> make_sheet(["loss", "output-delta"], seed=7)[2].task == make_sheet(["output-delta"], seed=7)[1].task
    True
    """
    again = redraws or {}
    found = tuple(settings.drawn(id, seed, difficulty, again.get(id, 0)) for id in dict.fromkeys(questions))
    if not found:
        raise BpkitError("sheet: expected at least one question, got none; leave the list out for the usual ten")
    return Sheet(found, learner, settings.title, settings.date, language=settings.language)


def open_sheet(data: str | Mapping[str, Any], private: Mapping[str, Any] = MappingProxyType({})) -> Sheet:
    """The sheet of a notebook's own data; everything else is worked out anew, in this kernel.

    ``private`` holds answers that an instructor typed, by question: a key has them, and no notebook.

    >>> open_sheet(make_sheet(["loss"]).data())
    Sheet(1 exercise: loss)
    """
    try:
        plain = json.loads(data) if isinstance(data, str) else data
        if len(plain["tasks"]) > MOST:
            raise BpkitError(f"sheet: expected at most {MOST} tasks, got {len(plain['tasks'])}; take a fresh copy")
        return Sheet(tuple(restore(task, private) for task in plain["tasks"]))
    except (KeyError, TypeError, json.JSONDecodeError, RecursionError) as error:
        raise BpkitError(
            f"sheet: expected the data that bpkit wrote, got something else ({error}); take the cell from a fresh copy"
        ) from None
