"""Who is who between a key and a gradebook: by an id first, then by a name, whichever of its parts comes first."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from bpkit.exercises.marking.copies import MOODLE_FOLDER, bare, numbered
from bpkit.exercises.marking.learner_names import id_of, name_of
from bpkit.exercises.marking.standing import Standing

PARTICIPANT = "participant"  # what Moodle numbers in its grading worksheet and in the folders of its hand-ins
_PARTICIPANT = re.compile(r"[^\W\d_]{4,}[^\d@]{0,12}(\d+)")


@dataclass(frozen=True)
class Listed:
    """One person of a gradebook: where, all ids by the column that they are in, and every name that they go by."""

    place: int
    shown: str
    ids: Mapping[str, str]
    names: frozenset[str]


@dataclass(frozen=True)
class Wanted:
    """One learner whose marks are to go in: all ids, and every name that they go by."""

    standing: Standing
    shown: str
    ids: frozenset[str]
    names: frozenset[str]


@dataclass(frozen=True)
class Meeting:
    """The learners with their places in the gradebook, those who are not in it, and those left out, each with why.

    ``others`` counts the people of the gradebook who are none of the learners.
    """

    found: tuple[tuple[Standing, int], ...]
    missing: tuple[str, ...]
    unclear: tuple[tuple[str, str], ...]
    others: int


def participant(cell: str) -> str:
    """The number that Moodle gives a participant, told from other numbers: of ``Participant 48151``.

    >>> participant("Participant 48151"), participant("Teilnehmer/in48151"), participant("48151")
    ('participant 48151', 'participant 48151', '')
    """
    found = _PARTICIPANT.fullmatch(cell.strip())
    return f"{PARTICIPANT} {int(found[1])}" if found else ""


def wanted(standings: Iterable[Standing], one_sheet: bool, short: bool = False) -> list[Wanted]:
    """The learners; where all have one sheet, the names of the files say whose they are.

    With ``short`` the name of a learner's file may be an id too, as it is in nbgrader's folders.
    """
    people = []
    for one in standings:
        if not one.slug:
            continue
        parts = PurePosixPath(one.where).parts
        folders = [found for part in parts if (found := MOODLE_FOLDER.fullmatch(part))]
        numbers = {f"{PARTICIPANT} {int(found['number'])}" for found in folders}
        shown = one.learner.removesuffix(f" ({one.id})") if one.id else one.learner
        called, ids = [shown], [one.id, *([one.learner, one.slug] if short else [])]
        if one_sheet:
            called = [numbered(bare(part), dashes=False)[0] for part in parts]
            called += [found["whole"].split("_")[0] for found in folders]
            shown, ids = one.where or shown, called
        names = frozenset(filter(None, map(name_of, called)))
        people.append(Wanted(one, shown, frozenset(filter(None, map(id_of, ids))) | numbers, names))
    return people


def meet(people: Sequence[Wanted], listed: Sequence[Listed]) -> Meeting:
    """Find everybody's place; whoever may be two people, or two places, is left out."""
    by_id = _index((id, row) for row in listed for id in {*map(id_of, row.ids.values())} - {""})
    by_name = _index((name, row) for row in listed for name in row.names)
    namesakes = Counter(name for one in people for name in one.names)

    def rows(keys: Iterable[str], places: Mapping[str, Sequence[Listed]]) -> list[Listed]:
        return list({row.place: row for key in keys for row in places.get(key, ())}.values())

    found: dict[int, list[Wanted]] = {}
    missing, unclear, unsure, speaking = [], [], [], set()
    possible: set[int] = set()
    for one in people:
        same, called = rows(one.ids, by_id), rows(one.names, by_name)
        possible |= {row.place for row in (*same, *called)}
        if len(same) > 1:  # an id of one kind may be another's of another kind
            same = [row for row in same if row.names & one.names] or same
        if len(same) > 1:
            unclear.append((one.shown, f"several rows have the same id: {_shown(same)}"))
        elif same and len(called) == 1 and called[0] is not same[0]:
            unclear.append((one.shown, f"the id is that of {same[0].shown}, but the name is in another row"))
        elif same:
            found.setdefault(same[0].place, []).append(one)
            speaking |= {column for column, id in same[0].ids.items() if id_of(id) == id_of(one.standing.id) != ""}
        else:
            unsure.append((one, called))
    for one, called in unsure:
        # A column that has the key's ids for others has another person's for this row.
        other = [id for row in called for column, id in row.ids.items() if column in speaking and id]
        if not called:
            missing.append(one.shown)
        elif len(called) > 1:
            unclear.append((one.shown, f"{len(called)} rows have this name, and no id tells them apart"))
        elif any(namesakes[name] > 1 for name in one.names):
            unclear.append((one.shown, "another learner has the same name, and no id tells them apart"))
        elif other and one.standing.id:
            unclear.append((one.shown, f"the id is {one.standing.id} in the key, but {other[0]} in the gradebook"))
        else:
            found.setdefault(called[0].place, []).append(one)
    for place, claims in list(found.items()):
        if len(claims) > 1:
            del found[place]
            names = " and ".join(one.shown for one in claims)
            unclear += [(one.shown, f"{names} fit the same row") for one in claims]
    pairs = [(claims[0].standing, place) for place, claims in found.items()]
    in_order = tuple(sorted(pairs, key=lambda pair: pair[1]))
    return Meeting(in_order, tuple(missing), tuple(unclear), len(listed) - len(possible))


def _index(pairs: Iterable[tuple[str, Listed]]) -> dict[str, list[Listed]]:
    found: dict[str, list[Listed]] = {}
    for key, row in pairs:
        found.setdefault(key, []).append(row)
    return found


def _shown(rows: Sequence[Listed]) -> str:
    return " and ".join(row.shown for row in rows[:3])
