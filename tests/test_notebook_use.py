"""Lessons as learners use them: cells twice, an app's cell alone, a stale kernel, another folder, no network."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest
from IPython.core.interactiveshell import InteractiveShell
from thorough import EVERYTHING, THOROUGH

from bpkit.site.notebook_run import silent_shell

LESSONS = sorted((Path(__file__).parents[1] / "notebooks").glob("*.ipynb"))
# CI takes every third lesson; by default, where somebody waits, one of the shorter ones.
TAKEN = LESSONS if THOROUGH else LESSONS[1::3] if EVERYTHING else LESSONS[1:2]


# What an app shows that no first cell can make: the learner's own program, and further networks of a lesson.
MADE_ABOVE = ("program=step", "remembering", "ask(three", "ask(two", "ask(second", "ask(ripe", "ask(row", "own=swish")


def cells(path: Path) -> list[str]:
    return [cell.source for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"]


def run(shell: InteractiveShell, source: str) -> str:
    """What a cell evaluates to, as text; an exception of the cell's is raised here."""
    result = shell.run_cell(source)
    result.raise_error()
    return repr(result.result)


@pytest.fixture(autouse=True)
def _elsewhere_without_a_network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    def refuse(self: socket.socket, address: object) -> None:
        raise AssertionError(f"a lesson asks the network for {address}")

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket.socket, "connect_ex", refuse)
    yield
    assert not list(tmp_path.iterdir()), "a lesson writes files"


@pytest.fixture
def shell() -> InteractiveShell:
    return silent_shell()


def forget(shell: InteractiveShell) -> None:
    """As a new kernel. The shell's own ``reset`` collects garbage, for seconds in a process full of tests."""
    shell.user_ns.clear()
    shell.init_user_ns()


@pytest.mark.parametrize("path", TAKEN, ids=lambda path: path.name)
def test_an_app_needs_the_first_cell_alone(path: Path, shell: InteractiveShell) -> None:
    first, *others = cells(path)
    for place, source in enumerate(others):
        if "bp.apps." in source:
            forget(shell)
            run(shell, first)
            for before in others[:place] if any(name in source for name in MADE_ABOVE) else ():
                run(shell, before)
            run(shell, source)


def test_every_cell_may_run_twice_in_a_kernel_that_holds_the_names_of_other_lessons(shell: InteractiveShell) -> None:
    """The last lesson first: what a lesson needs it makes itself. And a cell gives the same again, unless it moved an
    app in between.
    """
    for path in reversed(TAKEN):
        for source in cells(path):
            first = run(shell, source)
            again = run(shell, source)
            assert again == first or ".value = " in source, source
