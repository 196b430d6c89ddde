"""Feedback as Moodle takes it back: one zip, with a folder for each learner that is named as Moodle named it.

Moodle hands out what was handed in as ``Ada Ash_48151_assignsubmission_file_/..``, and reads the participant's number
out of the same name when "Upload multiple feedback files in a zip" gives the feedback back.
"""

from __future__ import annotations

from pathlib import Path, PurePosixPath

from bpkit.exercises.marking.copies import MOODLE_FOLDER
from bpkit.exercises.marking.standing import Outcome
from bpkit.exercises.marking.whole_class import PAGE, pages_of
from bpkit.exercises.sheets.zips import zipped

MOODLE_ZIP, FEEDBACK = "moodle_feedback.zip", "feedback.html"


def moodle_folder(where: str) -> str:
    """The folder of Moodle's that a file came in, also where the file itself has its name; empty without one.

    >>> moodle_folder("all/Ada Ash_48151_assignsubmission_file/exercises.ipynb")
    'Ada Ash_48151_assignsubmission_file'
    """
    *folders, file = PurePosixPath(where).parts or ("",)
    for part in reversed(folders):
        if MOODLE_FOLDER.fullmatch(part):
            return part
    found = MOODLE_FOLDER.fullmatch(file)
    return f"{found['whole']}_" if found else ""


def moodle_feedback(outcome: Outcome, out: Path) -> bytes | None:
    """The feedback pages in the folder ``out`` of all who handed in through Moodle; None where none did."""
    files = {}
    for name, one in pages_of(outcome):
        folder, page = moodle_folder(one.where), out / PAGE.format(name)
        if folder and page.is_file():
            files[f"{folder}/{FEEDBACK}"] = page.read_bytes()
    return zipped(files) if files else None
