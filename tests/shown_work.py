"""The computed numbers that some questions print on purpose: work with a mistake in it is shown as it stands."""

from __future__ import annotations

from bpkit.exercises.questions.bank.mending import MILLION
from bpkit.exercises.sheets.sheet import Sheet


def without_shown_work(sheet: Sheet, text: str) -> str:
    """A text without those numbers: one of them may be an answer but for its sign, or another one's by chance."""
    for exercise in sheet:
        about = exercise.task.about
        millionths = [number for row in (*about.get("lines", ()), *about.get("rows", ())) for number in row]
        for number in millionths:
            if isinstance(number, int):
                text = text.replace(f"{abs(number) / MILLION:.6f}", "")
    return text
