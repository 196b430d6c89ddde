"""Whose a file is: what it says itself, else its tasks, else the name that it was handed in under."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import PurePosixPath
from typing import Any

from bpkit.exercises.marking.archives import without_ending
from bpkit.exercises.marking.copies import unnumbered
from bpkit.exercises.marking.learner_names import without_apostrophes
from bpkit.exercises.marking.submissions import Submission, source_of
from bpkit.exercises.sheets.cohort import SHARED, Seat
from bpkit.exercises.sheets.files import slug
from bpkit.exercises.sheets.key import Key
from bpkit.exercises.sheets.sheet import MOST, fingerprint

# What learning systems, browsers and people write around a learner's name.
AROUND = frozenset(
    """
    assignment assignsubmission attempt copia copie copy exercises file final homework ipynb json kopia kopie late
    notebook repaired sheet submission submissions tar txt version zip
    """.split()
)

RECOGNISED = "its own data are lost; its "  # begins a remark on a file whose owner is known nevertheless
RENAME = "rename the file to the name that you handed it out under"


@dataclass(frozen=True)
class Owner:
    """The seat that a file belongs to, if any, remarks on that, or why nothing in it may be marked.

    ``origin`` is the seat whose sheet it really is, where another learner handed it in; ``stranger`` is True for a
    sheet that no learner in the key was given, ``several`` for one that may be any of several learners'.
    """

    seat: Seat | None = None
    remarks: tuple[str, ...] = ()
    problem: str = ""
    origin: Seat | None = None
    stranger: bool = False
    several: bool = False


def owner_of(submission: Submission, key: Key, name: str, outer: str = "") -> Owner:
    """Whose a notebook is. ``name`` is its path inside the folder that is marked, ``outer`` that folder's own name."""
    if submission.about.get("kind") == "solution":
        return Owner(problem="it is a solutions notebook that the kit made; it holds no learner's answers")
    tasks, bearers = tasks_of(submission), bearers_of(name, key)
    own_print = submission.about.get("fingerprint")
    known = [*([own_print] if isinstance(own_print, str) else ()), *([fingerprint(tasks)] if tasks else ())]
    given = next((key.by_fingerprint[one] for one in known if one in key.by_fingerprint), ())
    claimed = submission.about.get("learner")
    claimant = key.by_learner.get(claimed) if isinstance(claimed, str) else None
    if known and not given:
        return _stranger(key, tasks, claimant or _only(bearers))
    if claimant and given and claimant not in given:
        why = f"it says that it belongs to {claimant.learner}, but it has the numbers of {_names(given)}"
        return Owner(claimant, problem=f"{why}; nothing in it was marked", origin=given[0])
    own = claimant or _only(given) or _only([one for one in bearers if one in given])
    if own is None:
        return _by_name(key, bearers or bearers_of(outer, key), given)
    near = nearest(name, key)
    if near and own not in near and (len(near) == 1 or _namesakes(near)):
        why = f"it is the sheet of {own.learner}, but {_names(near, ' or ')} handed it in"
        return Owner(_only(near), (), f"{why}; nothing in it was marked", own, several=len(near) > 1)
    if claimant is None:
        return Owner(own, (f"{RECOGNISED}numbers are those of {own.learner}",))
    return Owner(own)


def _stranger(key: Key, tasks: Sequence[Any], seat: Seat | None) -> Owner:
    """A sheet that is not in the key in this form: changed here and there, or made for another key."""
    if seat is not None:
        mine = key.tasks[seat.slug]
        same = [n for n, (one, other) in enumerate(zip(tasks, mine), 1) if one == other]
        if 2 * len(same) > len(mine) and any(mine[number - 1]["question"] not in SHARED for number in same):
            other = ", ".join(str(number) for number in range(1, len(mine) + 1) if number not in same)
            return Owner(seat, (f"its numbers of question {other} are not those of the key, by which it was marked",))
    why = "this sheet is not of this key; mark it with the key that was made with it"
    return Owner(seat, problem=why, stranger=True)


def _by_name(key: Key, bearers: Sequence[Seat], given: Sequence[Seat]) -> Owner:
    """Whose a notebook is that does not say so itself."""
    fitting = [one for one in bearers if one in given] if given else list(bearers)
    if len(fitting) == 1:
        return Owner(fitting[0], (f"{RECOGNISED}owner was read from the name of the file or its folder",))
    if fitting or len(given) > 1:
        why = f"it may belong to {_names(fitting or given, ' or ')}"
        return Owner(problem=f"{why}; {RENAME}", several=True)
    if len(key.seats) == 1:
        return Owner(key.seats[0])
    return Owner(problem=f"no learner of the key has this name; {RENAME}")


def _only(seats: Sequence[Seat]) -> Seat | None:
    return seats[0] if len(seats) == 1 else None


def _namesakes(seats: Sequence[Seat]) -> bool:
    return len({_without_id(seat) for seat in seats}) == 1


def _names(seats: Sequence[Seat], between: str = " and ") -> str:
    return between.join(seat.learner for seat in seats[:3]) + (" and others" if len(seats) > 3 else "")


def tasks_of(submission: Submission) -> list[Any]:
    """The tasks in the cell that opens the sheet, unread and untrusted; none where that cell is lost or changed."""
    for cell in submission.cells:
        source = source_of(cell)
        if '"tasks"' not in source:
            continue
        try:
            texts = [one.value for one in ast.walk(ast.parse(source)) if isinstance(one, ast.Constant)]
            found = [json.loads(text) for text in texts if isinstance(text, str) and '"tasks"' in text]
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            continue
        for data in found:
            tasks = data.get("tasks") if isinstance(data, dict) else None
            if isinstance(tasks, list) and 0 < len(tasks) <= MOST:
                return tasks
    return []


# Names


def bearers_of(name: str, key: Key) -> tuple[Seat, ...]:
    """Everybody whose name is in a path: in the file's own name or in a folder's.

    >>> bearers_of("Ada Ash/exercises.ipynb", Key((Seat("Ada Ash", "ada-ash", seed=1),), {}, {}))
    (Seat(learner='Ada Ash', slug='ada-ash', seed=1, id=''),)
    """
    found = [fitting(part, key) for part in _parts(name)]
    sure = {seat for seats in found if len(seats) == 1 for seat in seats}
    # Where a folder is called like two learners, the name of the file may tell them apart.
    kept = (seats for seats in found if len(seats) == 1 or not sure.intersection(seats))
    return tuple(dict.fromkeys(seat for seats in kept for seat in seats))


def nearest(name: str, key: Key) -> tuple[Seat, ...]:
    """Who handed a file in: learning systems name the folder after them, or begin the file's name with theirs.

    >>> key = Key((Seat("Ada Ash", "ada-ash", 1), Seat("Bo", "bo", 2)), {}, {})
    >>> [seat.slug for seat in nearest("Bo_48151_assignsubmission_file/ada-ash.ipynb", key)]
    ['bo']
    """
    *folders, file = [fitting(part, key) for part in _parts(name)] or [()]
    return next((found for found in reversed(folders) if found), file)


def _parts(name: str) -> list[str]:
    path = PurePosixPath(name)
    return [*map(without_ending, path.parent.parts), unnumbered(path.stem)] if name else []


def fitting(name: str, key: Key) -> tuple[Seat, ...]:
    """The learners whom a name fits: the one who is called exactly so, else all whose names are among its words.

    A name with a word too many for a learner who has only one fits no learner: Lee_Ann need not be Ann. An apostrophe
    parts a name or is left out, whichever fits one learner.

    >>> key = Key((Seat("Ann", "ann", 1), Seat("Ada Ash", "ada-ash", 2)), {}, {})
    >>> [[seat.slug for seat in fitting(name, key)] for name in ("ann", "Lee_Ann", "Ash Ada hw 2")]
    [['ann'], [], ['ada-ash']]
    """
    short = without_apostrophes(name)
    found = _fitting(name, _index(key)) if short == name else ()
    if found:
        return found
    bare = tuple(key.by_slug[seat.slug] for seat in _fitting(short, _bare_index(key)))
    return bare if short == name or len(bare) == 1 else _fitting(name, _index(key)) or bare


def _fitting(name: str, index: _Names) -> tuple[Seat, ...]:
    texts = [text for text in (_before_number(name), name) if text]
    for text in reversed(texts):
        if found := index.exact.get(slug(text)) or index.exact.get("-".join(_words(text))):
            return found
    for text in texts:
        words = set(_words(text))
        near = {seat: own for word in sorted(words) for seat, own in index.by_word.get(word, ()) if own <= words}
        for own, same in index.namesakes.items():
            if own <= words and not any(own <= other for other in near.values()):
                near |= dict.fromkeys(same, own)
        if len(near) == 1:
            ((seat, own),) = near.items()
            return (seat,) if len(own) > 1 or not any(word.isalpha() for word in words - own) else ()
        if near:
            return tuple(near)
    return ()


def _before_number(name: str) -> str:
    """What comes before the number that a learning system writes behind a name: of ``Ada Ash_48151_file`` Ada Ash."""
    pieces = name.split("_")
    at = next((place for place, piece in enumerate(pieces) if piece.isdecimal()), 0)
    return "_".join(pieces[:at])


def _words(text: str) -> list[str]:
    return [word for word in slug(text).split("-") if word not in AROUND]


@dataclass(frozen=True)
class _Names:
    """The learners of a key by their names, by each word of them, and those of one name by its words."""

    exact: Mapping[str, tuple[Seat, ...]]
    by_word: Mapping[str, Sequence[tuple[Seat, frozenset[str]]]]
    namesakes: Mapping[frozenset[str], Sequence[Seat]]


@lru_cache(maxsize=2)
def _index(key: Key) -> _Names:
    """The names as they are, in which an apostrophe parts words."""
    return _names_of(key.seats)


@lru_cache(maxsize=2)
def _bare_index(key: Key) -> _Names:
    """The names without their apostrophes."""
    return _names_of([replace(seat, learner=without_apostrophes(seat.learner)) for seat in key.seats])


def _names_of(seats: Sequence[Seat]) -> _Names:
    exact: dict[str, tuple[Seat, ...]] = {}
    by_word: dict[str, list[tuple[Seat, frozenset[str]]]] = {}
    called: dict[str, list[Seat]] = {}
    for seat in seats:
        called.setdefault(_without_id(seat), []).append(seat)
    for seat in seats:
        names = {seat.learner, *([_without_id(seat)] if len(called[_without_id(seat)]) > 1 else [])}
        for name in filter(None, (spelt for one in names for spelt in _spellings(one))):
            exact[name] = tuple(dict.fromkeys((*exact.get(name, ()), seat)))
        for words in {frozenset(_words(seat.slug)), frozenset(_words(seat.learner))}:
            for word in words:
                by_word.setdefault(word, []).append((seat, words))
    exact |= {seat.slug: (seat,) for seat in seats}  # the name that a sheet was handed out under
    return _Names(exact, by_word, {frozenset(_words(name)): same for name, same in called.items() if len(same) > 1})


def _without_id(seat: Seat) -> str:
    """A learner's name as other systems write it: two of one name have their ids behind it in a key."""
    return re.sub(r" \([^()]+\)$", "", seat.learner)


def _spellings(name: str) -> Iterator[str]:
    """A learner's name as a file may bear it: ``ada-ash``, or ``ashada`` as Canvas writes it."""
    words = _words(name)
    yield slug(name)
    yield "-".join(words)
    yield "".join(words)
    yield "".join([*words[-1:], *words[:-1]])
