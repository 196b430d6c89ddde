"""The instructor's pages: ``bp.exercises.panels.regenerate()`` makes a class's sheets, ``mark()`` marks them."""

from bpkit.exercises.panels.marking_panel import Mark as mark
from bpkit.exercises.panels.regenerate import Regenerate as regenerate

__all__ = ["mark", "regenerate"]
