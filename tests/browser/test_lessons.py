"""Every lesson in a real JupyterLab: it runs, its widgets are drawn, nothing complains, and a person can look at it."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from live_lab import NOTEBOOKS, THEMES, Lab

from bpkit.cli import notebooks


@pytest.fixture(scope="package")
def screenshots(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return Path(os.environ.get("BPKIT_SCREENSHOTS") or tmp_path_factory.getbasetemp() / "screenshots").absolute()


@pytest.mark.parametrize("path", notebooks(NOTEBOOKS))
def test_a_lesson_runs_and_is_drawn_in_both_themes(
    lab: Lab, path: str, screenshots: Path, record_property: Callable[[str, object], None]
) -> None:
    record_property("screenshots", str(screenshots))
    with lab.notebook(path) as notebook:
        notebook.run()
        for theme in reversed(THEMES):
            lab.theme(theme)
            notebook.screenshot(screenshots / f"{Path(path).stem}_{theme}.png")
        assert notebook.problems() == []
