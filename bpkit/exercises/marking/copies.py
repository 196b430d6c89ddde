"""What the name of a file tells about the file: which copy or attempt it is, and what a learning system wrote there."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from pathlib import PurePosixPath

from bpkit.exercises.marking.archives import without_ending
from bpkit.exercises.sheets.files import slug

ENDING = ".ipynb"
REPAIRED = ".repaired"  # of a copy that `bpkit doctor --repair` wrote

_COPY = r"(?:copy|kopie|copie|copia|kopia|kopi|cópia|kópia|másolat)"
_OF = re.compile(rf"{_COPY}[ _](?:of|von|de|di|van|av|af)[ _](.+)", re.IGNORECASE)
_NUMBER = re.compile(r"(.+?)[ _]?\((\d{1,2})\)")  # as browsers number downloads
_DASH = re.compile(r"(.+?)-(\d{1,2})")
_MARKS = (
    re.compile(
        rf"(.+?) \((?:(?:another )?{_COPY}|(\d{{1,2}})(?:st|nd|rd|th|\.|e|ª)? {_COPY})\)", re.IGNORECASE
    ),  # GNOME
    re.compile(rf"(.+?)[ _]*[ _-][ _]*{_COPY}[ _]?\(?(\d{{0,2}})\)?", re.IGNORECASE),  # Windows, macOS, JupyterLab
    re.compile(r"(.+?)[ _-]+\(?(?:v|ver|version|attempt|versuch|try|take)[ ._-]?(\d{1,2})\)?", re.IGNORECASE),
    re.compile(r"(.+?)[ _-]+\(?late\)?()", re.IGNORECASE),
)
_ATTEMPT = re.compile(r"[ _-]*(?<![^\W\d_])(?:attempt|versuch)[ _-]?(\d{1,3})(?![\d-])", re.IGNORECASE)
# Canvas: ashada_LATE_12345_678_exercises-1.ipynb; the second number counts up with every upload.
_CANVAS = re.compile(r"([^_]+)(_LATE)?_(\d+)_(\d+)_(.+)")
# Moodle: Ada Ash_48151_assignsubmission_file_; the number is the participant's, in this assignment.
MOODLE_FOLDER = re.compile(r"(?P<whole>[^_].*?_(?P<number>\d+)_assignsubmission_[a-z]+)(?:_.*)?")
# Blackboard: Exercises_aash_attempt_2026-11-30-14-22-33_exercises.ipynb
_BLACKBOARD = re.compile(r"_attempt_(\d{4})-(\d\d)-(\d\d)-(\d\d)-(\d\d)-(\d\d)")


@dataclass(frozen=True)
class Told:
    """What a path says: of what it is a copy, and which one (later ones are larger).

    ``upload`` is Canvas's own number, ``person`` the number of the sender, ``late`` is True where Canvas says so.
    ``date`` is the time at which it was handed in, where Blackboard says it.
    """

    base: str
    number: tuple[int, ...] = (0,)
    upload: int = 0
    person: str = ""
    late: bool = False
    date: float = 0.0


def told_by(path: str, own: str = "") -> Told:
    """What the path of a file says about it; ``own`` is its learner's file name, in which a number is no copy's.

    >>> told_by("ada-ash (1).ipynb").number, told_by("ashada_LATE_51_678_hw-2.ipynb").late
    ((0, 1), True)
    """
    name = PurePosixPath(path).name
    canvas = _CANVAS.fullmatch(name)
    upload, person = (int(canvas[4]), canvas[3]) if canvas else (0, "")
    if canvas:
        name = f"{canvas[1]}_{canvas[5]}"
    attempts = [int(number) for number in _ATTEMPT.findall(path)]
    base, numbers = bare(_ATTEMPT.sub("", _BLACKBOARD.sub("", name))), []
    while True:
        base, number = numbered(base, own)
        if not number:
            break
        numbers.append(number)
    board = _BLACKBOARD.search(path)
    when = _when(*map(int, board.groups())) if board else 0.0
    return Told(base, (max(attempts, default=0), *reversed(numbers)), upload, person, bool(canvas and canvas[2]), when)


def _when(*numbers: int) -> float:
    try:
        year, month, day, hour, minute, second = numbers
        return datetime(year, month, day, hour, minute, second).timestamp()
    except (ValueError, OverflowError, OSError):
        return 0.0


def bare(name: str) -> str:
    """A file's name without all of its endings: ``ada-ash.repaired.ipynb`` and ``ada-ash.ipynb.txt`` are of ada-ash.

    >>> bare("ada-ash.repaired.ipynb"), bare("ada-ash.ipynb.txt")
    ('ada-ash', 'ada-ash')
    """
    while ending := next((one for one in (ENDING, ".txt", ".json", REPAIRED) if name.lower().endswith(one)), ""):
        name = name[: -len(ending)]
    return without_ending(name)


def numbered(name: str, own: str = "", dashes: bool = True) -> tuple[str, int]:
    """A file's name without its endings and what says that it is a copy, and the number of that: 0 for the first.

    >>> numbered("ada-ash (1).ipynb", "ada-ash"), numbered("learner-02.ipynb", "learner-02")
    (('ada-ash', 1), ('learner-02', 0))
    """
    stem = bare(name)
    if own and slug(stem) == own:
        return stem, 0
    if found := _NUMBER.fullmatch(stem) or (_DASH.fullmatch(stem) if dashes else None):
        return bare(found[1]), int(found[2])
    if found := _OF.fullmatch(stem):
        return bare(found[1]), 1
    if found := next((found for mark in _MARKS if (found := mark.fullmatch(stem))), None):
        return bare(found[1]), int(found[2] or (2 if "another" in stem else 1))
    return stem, 0


def unnumbered(name: str) -> str:
    """A name without the number that a browser put behind it.

    >>> unnumbered("ada-ash (2).ipynb")
    'ada-ash'
    """
    found = _NUMBER.fullmatch(bare(name))
    return bare(found[1]) if found else bare(name)
