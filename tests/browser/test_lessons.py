"""Every lesson in a real JupyterLab: it runs, its widgets are drawn, nothing complains, and a person can look at it."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from live_lab import NOTEBOOKS, THEMES, Lab

from bpkit.cli import notebooks


@pytest.mark.parametrize("path", notebooks(NOTEBOOKS))
def test_a_lesson_runs_and_is_drawn(lab: Lab, path: str, record_property: Callable[[str, object], None]) -> None:
    """For a person to look at, BPKIT_SCREENSHOTS names a folder for pictures in both themes."""
    folder = os.environ.get("BPKIT_SCREENSHOTS")
    with lab.notebook(path) as notebook:
        notebook.run()
        for theme in reversed(THEMES) if folder else ():
            lab.theme(theme)
            notebook.screenshot(Path(folder).absolute() / f"{Path(path).stem}_{theme}.png")
            record_property("screenshots", str(Path(folder).absolute()))
        assert notebook.problems() == []
