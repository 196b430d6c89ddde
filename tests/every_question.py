"""A sheet with every question of the bank, for what holds of each: easy, medium and hard take turns.

The next seed turns on, so that three seeds meet each question at each level.
"""

from __future__ import annotations

from functools import cache

from bpkit.exercises import generate, questions
from bpkit.exercises.questions.friendly_problems import LEVELS
from bpkit.exercises.sheets.sheet import Sheet

ALL = tuple(question.id for question in questions())


@cache
def every_question(seed: int, learner: str = "Ada") -> Sheet:
    levels = (LEVELS[(seed + place) % len(LEVELS)] for place in range(len(ALL)))
    return Sheet(tuple(generate(id, seed, difficulty=level) for id, level in zip(ALL, levels)), learner)
