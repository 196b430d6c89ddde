"""Runs a notebook's cells in this process, as its kernel would, and gives what each of them ends with."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import chdir
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from types import ModuleType
from typing import Any

from bpkit.core.errors import BpkitError


@dataclass(frozen=True)
class Ran:
    """What the cells end with, one after the other, and the names that they leave behind."""

    results: tuple[Any, ...]
    names: dict[str, Any]


def run(sources: Sequence[str], where: str, folder: Path) -> Ran:
    """Run the cells of a notebook in its folder; it is trusted like a program, as those of this repository are.

    Raises ``BpkitError`` for a cell that fails.
    """
    from IPython.utils.capture import capture_output

    shell, results = silent_shell(), []
    for number, source in enumerate(sources, 1):
        with chdir(folder), capture_output():
            found = shell.run_cell(source, store_history=False)
        if error := found.error_before_exec or found.error_in_exec:
            raise BpkitError(f"{where}: code cell {number} stopped with {type(error).__name__}: {error}")
        results.append(found.result)
    return Ran(tuple(results), shell.user_ns)


def silent_shell() -> Any:
    """What runs the cells of a kernel, for their results: to show those would take most of the time."""
    from IPython.core.interactiveshell import InteractiveShell
    from traitlets.config import Config

    # It keeps no history: neither a file in the user's home nor a thread that would write it.
    quiet = Config({"HistoryManager": {"enabled": False}})
    with TemporaryDirectory() as home:
        shell: Any = InteractiveShell(  # type: ignore[no-untyped-call]
            config=quiet, ipython_dir=home, user_module=ModuleType("lesson")
        )
    shell.display_formatter.formatters = {}
    shell.display_formatter.mimebundle_formatter.enabled = False
    shell.display_formatter.ipython_display_formatter.enabled = False
    return shell
