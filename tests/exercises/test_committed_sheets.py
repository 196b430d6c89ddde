"""The sheets in notebooks/exercises are what the kit makes for the default seed, byte for byte.

``python tests/exercises/test_committed_sheets.py`` writes them anew, after a question has changed on purpose.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from bpkit.exercises import make_sheet
from bpkit.exercises.editions.notebooks import learner_notebook, solution_notebook

FOLDER = Path(__file__).parents[2] / "notebooks" / "exercises"


def sheets() -> dict[str, str]:
    """The learner's sheet, as it looks after a run with nothing answered, and its solutions."""
    sheet = make_sheet()
    return {"exercises.ipynb": learner_notebook(sheet, executed=True), "solutions.ipynb": solution_notebook(sheet)}


def test_the_committed_sheets_are_the_ones_that_the_kit_makes() -> None:
    made = sheets()
    others = {"practice.ipynb"}  # which has no numbers of its own
    assert {path.name for path in FOLDER.glob("*.ipynb")} == {*made, *others}
    for name, text in made.items():
        if (FOLDER / name).read_text(encoding="utf-8") != text:
            pytest.fail(f"{name} differs; was that meant? Then run: {sys.executable} {Path(__file__)}")


def test_another_seed_makes_another_sheet() -> None:
    assert learner_notebook(make_sheet(seed=1), executed=True) != sheets()["exercises.ipynb"]


if __name__ == "__main__":
    for name, text in sheets().items():
        (FOLDER / name).write_text(text, encoding="utf-8")
