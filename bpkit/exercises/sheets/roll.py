"""A roll of a class: one number that vouches for everybody's tasks without holding any of them, nor a name.

The marks of all learners are hashed in pairs up to one root (a hash tree). With the root, a learner's tasks and the few
hashes on their way up, you can tell whether these are the tasks that this learner was given. Nothing in it is secret.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

from bpkit.exercises.questions.streams import digest

LENGTH = 32  # hexadecimal digits


def seat_mark(learner: str, slug: str, tasks: Sequence[Any]) -> str:
    """What stands for a learner with these tasks.

    >>> seat_mark("Ada Ash", "ada-ash", ["loss"]) == seat_mark("Ada Ash", "ada-ash", ["descent"])
    False
    """
    return _short("seat", learner, slug, json.dumps(tasks, sort_keys=True))


def call_roll(marks: Sequence[str]) -> tuple[str, tuple[tuple[str, ...], ...]]:
    """The root of a class, and for each mark the hashes on its way up.

    >>> root, ways = call_roll(["a", "b", "c"])
    >>> on_roll("b", ways[1], root), on_roll("x", ways[1], root)
    (True, False)
    """
    row, places = list(marks), list(range(len(marks)))
    ways: list[list[str]] = [[] for _ in marks]
    while len(row) > 1:
        for way, place in zip(ways, places, strict=True):
            if place ^ 1 < len(row):  # the last of an odd row goes up alone
                way.append(row[place ^ 1])
        row = [_pair(row[i : i + 2]) for i in range(0, len(row), 2)]
        places = [place // 2 for place in places]
    return row[0], tuple(map(tuple, ways))


def on_roll(mark: str, way: Iterable[str], root: str) -> bool:
    """True when a mark leads to that root.

    >>> on_roll("a", (), root="a"), on_roll("b", (), root="a")
    (True, False)
    """
    for other in way:
        mark = _pair((mark, str(other)))
    return mark == root


def _pair(both: Sequence[str]) -> str:
    return both[0] if len(both) == 1 else _short("pair", *sorted(both))


def _short(*words: object) -> str:
    return digest(*words).hex()[:LENGTH]
