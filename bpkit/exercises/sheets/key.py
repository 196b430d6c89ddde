"""The key of a class: who got which tasks. Right and wrong answers are worked out from them when they are needed."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import version
from itertools import zip_longest
from pathlib import Path
from types import MappingProxyType
from typing import Any

from bpkit.core.errors import BpkitError
from bpkit.exercises.sheets.cohort import Plan, Seat, titled
from bpkit.exercises.sheets.sheet import Sheet, fingerprint, open_sheet

SCHEMA = 1
_SAID = {"title": "", "date": "", "language": "en"}  # what a key says of a sheet where an instructor did


@dataclass(frozen=True, eq=False, repr=False)
class Key:
    """The tasks of every learner, by file name; ``key.sheet(slug)`` is one learner's sheet."""

    seats: tuple[Seat, ...]
    tasks: Mapping[str, Any]
    about: Mapping[str, Any]

    @cached_property
    def by_learner(self) -> Mapping[str, Seat]:
        """The seats by the learners' names."""
        return MappingProxyType({seat.learner: seat for seat in self.seats})

    @cached_property
    def by_slug(self) -> Mapping[str, Seat]:
        """The seats by file name."""
        return MappingProxyType({seat.slug: seat for seat in self.seats})

    @cached_property
    def by_fingerprint(self) -> Mapping[str, tuple[Seat, ...]]:
        """The seats by what tells their tasks from others'; several where a sheet has no numbers in it."""
        found: dict[str, tuple[Seat, ...]] = {}
        for seat in self.seats:
            mark = fingerprint(self.tasks[seat.slug])
            found[mark] = (*found.get(mark, ()), seat)
        return MappingProxyType(found)

    @cached_property
    def worth(self) -> tuple[float, ...]:
        """What each question is worth, the same for everybody: as much as to those who have most answers to give."""
        known = self.about.get("worth")  # an older key does not say it
        if isinstance(known, list) and known and all(isinstance(one, int | float) and one > 0 for one in known):
            return tuple(map(float, known))
        return most_points([exercise.points for exercise in self.sheet(seat.slug)] for seat in self.seats)

    def worths(self, sheet: Sheet) -> dict[str, float]:
        """What each answer of a sheet is worth."""
        return {
            key: sheet.parts[key].points * self.worth[number - 1] / sheet[number].points
            for key, (number, _) in sheet.places.items()
        }

    def sheet(self, slug: str) -> Sheet:
        """The sheet of a seat."""
        private = self.about.get("private")
        found = open_sheet({"tasks": self.tasks[slug]}, private if isinstance(private, dict) else {})
        title, date, language = (str(self.about.get(name, usual)) for name, usual in _SAID.items())
        return titled(found, self.by_slug[slug], title, date, language)

    def alone(self, slug: str) -> Key:
        """The key of one seat, which can be sent to another process."""
        return Key((self.by_slug[slug],), {slug: self.tasks[slug]}, dict(self.about))

    def __repr__(self) -> str:
        return f"Key({len(self.seats)} learners, {len(self.about.get('questions', ()))} questions)"


def most_points(sheets: Iterable[Iterable[float]]) -> tuple[float, ...]:
    """The most points that each question has on any of the sheets.

    >>> most_points([[1, 2], [3, 1, 4]])
    (3, 2, 4)
    """
    return tuple(max(same) for same in zip_longest(*sheets, fillvalue=0.0))


def key_text(plan: Plan, tasks: Iterable[tuple[Seat, list[Any]]], seed: int, worth: Sequence[float] = ()) -> str:
    """The key as JSON, one line for each learner; ``worth`` says what each question is marked out of.

    Answers that an instructor typed are in it once, for all learners.
    """
    settings = plan.settings
    said = {name: getattr(settings, name) for name, usual in _SAID.items() if getattr(settings, name) != usual}
    private = {id: found for id, found in settings.private.items() if id in plan.questions}
    about = {
        **said,
        **({"private": private} if private else {}),
        "schema": SCHEMA,
        "bpkit": version("bpkit"),
        "seed": seed,
        "difficulty": plan.difficulty,
        "questions": list(plan.questions),
        "worth": [round(one, 9) for one in worth],
    }
    rows = [
        json.dumps(
            {
                "learner": seat.learner,
                "id": seat.id,
                "slug": seat.slug,
                "seed": seat.seed,
                "redraws": plan.redraws_of(seat.slug),
                "tasks": found,
            },
            sort_keys=True,
            ensure_ascii=False,
        )
        for seat, found in tasks
    ]
    head = json.dumps(about, sort_keys=True)[:-1]
    return f'{head}, "learners": [\n' + ",\n".join(rows) + "\n]}\n"


def key_file(path: Path) -> Path:
    """The key itself, also where its folder is named, or the folder of all that was made."""
    within = [path / "key.json", path / "key" / "key.json"] if path.is_dir() else [path]
    return next((one for one in within if one.exists()), within[0])


def read_key(path: Path) -> Key:
    """Read a key that ``bpkit exercises new`` wrote; raises ``BpkitError`` for any other file."""
    path = key_file(path)
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        rows = data["learners"]
        seats = tuple(
            Seat(str(row["learner"]), str(row["slug"]), int(row["seed"]), str(row.get("id", ""))) for row in rows
        )
        tasks = {str(row["slug"]): row["tasks"] for row in rows}
        if data["schema"] != SCHEMA or len(tasks) != len(rows):
            raise ValueError(f"schema {data['schema']}, {len(rows)} learners")
    except OSError as error:
        raise BpkitError(
            f"key: expected the key.json that `bpkit exercises new` wrote, found none at {path} ({error.strerror})"
        ) from None
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise BpkitError(
            f"key: expected the key.json that `bpkit exercises new` wrote, {path} is something else ({error})"
        ) from None
    return Key(seats, MappingProxyType(tasks), MappingProxyType({k: v for k, v in data.items() if k != "learners"}))
