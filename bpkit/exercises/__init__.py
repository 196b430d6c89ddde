"""Exercises: drawn from a seed, checked by meaning, marked with the mistake's name.

``generate("hidden-weight", seed=7)`` draws one exercise, ``make_sheet`` a learner's sheet of them; ``questions`` lists
the bank.
"""

from bpkit.exercises.editions.nbgrader import grade
from bpkit.exercises.generation import generate, questions, restore
from bpkit.exercises.sheet import Checker, Sheet, make_sheet, open_sheet

__all__ = ["Checker", "Sheet", "generate", "grade", "make_sheet", "open_sheet", "questions", "restore"]
