"""The files of an nbgrader assignment for some sheets, by name, as a class gets them."""

from __future__ import annotations

from collections.abc import Sequence

from bpkit.exercises.editions import nbgrader
from bpkit.exercises.sheets.files import slugs
from bpkit.exercises.sheets.key import most_points
from bpkit.exercises.sheets.sheet import Sheet


def assignment_files(sheets: Sequence[Sheet]) -> dict[str, str]:
    """The notebook for nbgrader's ``source``, then a copy for each learner where there are several."""
    learners = [sheet.learner for sheet in sheets]
    points = most_points([exercise.points for exercise in sheet] for sheet in sheets)
    made, places = nbgrader.assignment(
        list(zip(learners, slugs(learners), strict=True)), [sheet.data()["tasks"] for sheet in sheets], points
    )
    copies = {
        nbgrader.HANDOUT.format(place.slug): nbgrader.handout(sheet, made, place)
        for sheet, place in zip(sheets, places)
    }
    return {nbgrader.SOURCE: nbgrader.source(sheets[0], made), **copies}
