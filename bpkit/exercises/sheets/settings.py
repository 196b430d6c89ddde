"""What an instructor says about a sheet in a TOML file: title, date, order, points, language, and own questions."""

from __future__ import annotations

import datetime
import json
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

from bpkit.core.errors import BpkitError, suggest
from bpkit.exercises.questions.bank import QUESTIONS
from bpkit.exercises.questions.exercise import Exercise, Question
from bpkit.exercises.questions.friendly_problems import LEVELS
from bpkit.exercises.questions.generation import generate, worth
from bpkit.exercises.questions.languages import words_of
from bpkit.exercises.questions.own.content import OwnQuestion
from bpkit.exercises.questions.own.own_network import is_number
from bpkit.exercises.questions.own.own_question import private_of, question_from
from bpkit.exercises.questions.task import MOST_POINTS

MOST_BYTES = 1_000_000
MOST_QUESTIONS = 100
LONGEST = 200  # characters of a title or a date
KEYS = ("title", "date", "language", "difficulty", "questions", "points", "question")
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*")


@dataclass(frozen=True)
class Own:
    """An own question as the file has it: its id, its table as JSON, and the language of the sheet."""

    id: str
    table: str
    language: str = "en"

    @property
    def question(self) -> OwnQuestion:
        """The question that this table of the file describes."""
        return _question(self)

    @property
    def private(self) -> dict[str, Any]:
        """What no task may hold: the answer that was typed, and what belongs to it."""
        return private_of(json.loads(self.table))


@lru_cache(maxsize=128)
def _question(own: Own) -> OwnQuestion:
    return question_from(json.loads(own.table), own.language)


@dataclass(frozen=True)
class Settings:
    """What a file says about a sheet. ``difficulty`` and ``questions`` are empty where it does not say.

    ``points`` holds what whole questions are worth, by id.
    """

    title: str = ""
    date: str = ""
    language: str = "en"
    difficulty: str = ""
    questions: tuple[str, ...] = ()
    points: tuple[tuple[str, float], ...] = ()
    own: tuple[Own, ...] = ()

    @property
    def private(self) -> Mapping[str, Any]:
        """The answers of own questions that were typed, by id; only the key holds them."""
        return MappingProxyType({one.id: one.private for one in self.own if one.private})

    @property
    def known(self) -> Mapping[str, Question]:
        """The questions that a sheet may have, the bank's and those of the file, by id."""
        return MappingProxyType({**{one.id: one for one in QUESTIONS}, **{one.id: one.question for one in self.own}})

    def drawn(self, id: str, seed: int = 0, difficulty: str = "medium", redraw: int = 0) -> Exercise:
        """One exercise, with the points that the file gives it."""
        found = generate(self.question(id), seed, difficulty=difficulty, redraw=redraw)
        points = dict(self.points).get(id)
        return found if points is None else worth(found, points)

    def question(self, id: str) -> Question:
        """The question of that id; raises ``BpkitError`` where neither the bank nor the file has it."""
        for one in self.own:
            if one.id == id:
                return one.question
        for other in QUESTIONS:
            if other.id == id:
                return other
        ids = [*(one.id for one in self.own), *(one.id for one in QUESTIONS)]
        raise BpkitError(
            f"question: expected one of the bank's ids{' or your own' * bool(self.own)}, got {id!r}{suggest(id, ids)}"
        )


PLAIN = Settings()


def settings_file(path: Path) -> Settings:
    """The settings in a file; raises ``BpkitError`` for one that cannot be read or does not fit."""
    try:
        with path.open("rb") as file:
            content = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise BpkitError(
            f"sheet: expected a TOML file, got {str(path)!r} ({error.strerror}); write for example --sheet sheet.toml"
        ) from None
    return settings_from(content, path.name)


def settings_from(content: bytes, name: str = "sheet.toml") -> Settings:
    """The same from a file's bytes; editors of Windows put a mark before the text.

    >>> settings_from(b'title = "Test 1"').title
    'Test 1'
    """
    if len(content) > MOST_BYTES:
        raise BpkitError(f"{name}: expected at most {MOST_BYTES // 1_000_000} MB, got more; choose another file")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise BpkitError(
            f"{name}, line {line}: expected text in UTF-8, got something else; save the file again as UTF-8"
        ) from None
    return read_settings(text, name)


@lru_cache(maxsize=16)
def read_settings(text: str, name: str = "sheet.toml") -> Settings:
    """The settings in a text; raises ``BpkitError`` that says where something does not fit.

    >>> read_settings("titel = 'Test 1'")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    bpkit.core.errors.BpkitError: sheet.toml: expected keys ..., got 'titel'; did you mean 'title'?
    """
    try:
        data = tomllib.loads(text.replace("\r\n", "\n").replace("\r", "\n"))
    except tomllib.TOMLDecodeError as error:
        raise BpkitError(f"{name}: {_syntax(str(error), text)}") from None
    except RecursionError:
        raise BpkitError(f"{name}: expected a table or two, got brackets nested too deeply; write it flatter") from None
    try:
        return _settings(data, name)
    except BpkitError as error:
        said = str(error)
        raise BpkitError(said if said.startswith(name) else f"{name}: {said}") from None


def _syntax(message: str, text: str) -> str:
    """What TOML itself finds wrong, with the line, and what is most often meant."""
    at = re.search(r"\(at line (\d+), column (\d+)\)|\(at end of document\)", message)
    what = message.partition(" (at ")[0]
    number = int(at[1]) if at and at[1] else len(text.splitlines()) or 1
    lines = text.splitlines()
    line = lines[number - 1].strip()[:60] if number <= len(lines) else ""
    advice = 'put text into quotation marks, as in title = "Sheet 3"'
    if "overwrite" in message or "twice" in message:
        advice = "the same key stands there twice; keep one"
    elif "\\" in line and "'" not in line:
        advice = r"a backslash, as in LaTeX, needs single quotation marks: text = '''.. $\eta$ ..'''"
    elif re.search("[“”‘’]", line):
        advice = "use straight quotation marks"
    elif "date" in line.partition("=")[0]:
        advice = 'write a date as 2026-12-04, or in quotation marks: date = "due Friday"'
    elif re.match(r"\w+\s*:", line):
        advice = "write = after a key, not a colon"
    return f"line {number}: expected TOML, got {line!r} ({what[:1].lower()}{what[1:]}); {advice}"


def _settings(data: Mapping[str, Any], name: str) -> Settings:
    for key in data:
        if key not in KEYS:
            raise BpkitError(f"expected keys such as title, questions and points, got {key[:40]!r}{suggest(key, KEYS)}")
    language = data.get("language", "en")
    if not isinstance(language, str) or not _LANGUAGE.fullmatch(language):
        raise BpkitError(f'language: expected a code such as "en" or "de", got {str(language)[:40]!r}')
    own = _own(data.get("question", []), language, name)
    found = Settings(
        _line("title", data.get("title", "")),
        _date(data.get("date", ""), language),
        language,
        _difficulty(data.get("difficulty", "")),
        (),
        (),
        own,
    )
    questions = _ids(data["questions"], found) if "questions" in data else tuple(one.id for one in own)
    points = _points(data.get("points", {}), found, data.get("question", []))
    return Settings(found.title, found.date, language, found.difficulty, questions, points, own)


def _line(what: str, given: Any) -> str:
    if not isinstance(given, str) or len(given) > LONGEST:
        raise BpkitError(f'{what}: expected up to {LONGEST} characters, such as {what} = "..", got {str(given)[:40]!r}')
    return " ".join(given.split())


def _date(given: Any, language: str) -> str:
    if isinstance(given, datetime.date):
        return words_of(language).written(given)
    if isinstance(given, datetime.time):
        raise BpkitError(f"date: expected words or a date such as 2026-12-04, got the time {given}; add the day")
    return _line("date", given)


def _difficulty(given: Any) -> str:
    if given and given not in LEVELS:
        raise BpkitError(f"difficulty: expected easy, medium or hard, got {str(given)[:40]!r}{suggest(given, LEVELS)}")
    return str(given)


def _own(given: Any, language: str, name: str) -> tuple[Own, ...]:
    if not isinstance(given, list) or not all(isinstance(one, dict) for one in given):
        raise BpkitError(
            "question: expected [[question]] before each question of your own, got something else; "
            "write it with two brackets"
        )
    if len(given) > MOST_QUESTIONS:
        raise BpkitError(f"question: expected at most {MOST_QUESTIONS} questions, got {len(given)}")
    found: list[Own] = []
    bank = {one.id for one in QUESTIONS}
    for number, table in enumerate(given, 1):
        called = f" ({table['id'][:40]})" if isinstance(table.get("id"), str) else ""
        try:
            if table.get("id") in bank:
                raise BpkitError(f"id: expected one that the bank does not have, got {table['id']!r}; choose another")
            if table.get("id") in [one.id for one in found]:
                raise BpkitError(f"id: expected one that no other question has, got {table['id']!r}; choose another")
            own = Own(str(table.get("id")), _plain(table), language)
            generate(own.question)  # its answers are worked out and proven once, so that it is said now what is wrong
            found.append(own)
        except BpkitError as error:
            said = str(error)
            between = " " if said.startswith("expected") else ""
            raise BpkitError(f"{name}, question {number}{called}:{between or ' '}{said}") from None
    return tuple(found)


def _plain(table: Mapping[str, Any]) -> str:
    """A question's table without its points, as JSON."""
    try:
        return json.dumps({key: value for key, value in table.items() if key != "points"}, sort_keys=True)
    except TypeError:
        raise BpkitError(
            "expected text, numbers and lists, got a date or a time; put it into quotation marks"
        ) from None


def _ids(given: Any, settings: Settings) -> tuple[str, ...]:
    if not isinstance(given, list) or not given or not all(isinstance(one, str) for one in given):
        raise BpkitError(f'questions: expected a list of ids, such as ["loss", "hidden-weight"], got {str(given)[:60]}')
    if len(given) > MOST_QUESTIONS:
        raise BpkitError(f"questions: expected at most {MOST_QUESTIONS}, got {len(given)}")
    for one in given:
        if given.count(one) > 1:
            raise BpkitError(f"questions: expected each question once, got {one[:40]!r} twice; keep one")
        try:
            settings.question(one)
        except BpkitError as error:
            raise BpkitError(str(error).replace("question:", "questions:", 1)) from None
    return tuple(given)


def _points(given: Any, settings: Settings, tables: Sequence[Mapping[str, Any]]) -> tuple[tuple[str, float], ...]:
    """What questions are worth: of the table of points, and of the questions themselves."""
    if not isinstance(given, dict):
        raise BpkitError("points: expected a table [points] with lines such as loss = 2, got something else")
    own = {one["id"]: one["points"] for one in tables if "points" in one}
    found: dict[str, float] = {}
    for id, points in (*own.items(), *given.items()):
        if id not in settings.known:
            raise BpkitError(f"points: expected ids of questions, got {id[:40]!r}{suggest(id, settings.known)}")
        if id in found:
            raise BpkitError(
                f"points: expected the points of {id} once, got {found[id]:g} and {str(points)[:20]}; keep one"
            )
        if not is_number(points) or not 0 < points <= MOST_POINTS:
            raise BpkitError(
                f"points: expected {id} to be worth more than 0, at most {MOST_POINTS} points, got {str(points)[:40]!r}"
            )
        found[id] = points
    return tuple(found.items())
