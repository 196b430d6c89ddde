"""What a learner has answered, kept in a small file of the learner's from one day to the next.

Only answers that a person gave on a page of a notebook are kept, under the notebook's name. ``BPKIT_PROGRESS`` names
another file; empty, it keeps nothing.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

VARIABLE = "BPKIT_PROGRESS"


def place() -> Path | None:
    """The file: ``~/.bpkit/progress.json``, another that the variable names, or none."""
    named = os.environ.get(VARIABLE)
    return Path.home() / ".bpkit" / "progress.json" if named is None else Path(named) if named else None


def notebook() -> str:
    """The name of the notebook whose kernel this is; empty where there is none, or where it is not told."""
    return Path(os.environ.get("JPY_SESSION_NAME", "")).stem if _in_kernel() else ""


def _in_kernel() -> bool:
    """Is this the kernel of a notebook?"""
    try:
        from IPython.core.getipython import get_ipython
    except ImportError:
        return False
    return hasattr(get_ipython(), "kernel")


def answered(lesson: str) -> Mapping[str, Mapping[str, Any]]:
    """What is kept of a lesson: by question, its ``title``, the ``values`` given, and whether it is ``done``.

    >>> answered("no such lesson")
    {}
    """
    found = _read().get(lesson)
    return {key: one for key, one in found.items() if isinstance(one, dict)} if isinstance(found, dict) else {}


def keep(lesson: str, question: str, title: str, values: Mapping[str, Any], done: bool) -> None:
    """Keep an answer; what was done once stays done. Where nothing can be written, nothing is kept."""
    path = place()
    if path is None:
        return
    everything = _read()
    before = answered(lesson)
    done = done or bool(before.get(question, {}).get("done"))
    everything[lesson] = {**before, question: {"title": title, "values": dict(values), "done": done}}
    _write(path, everything)


def _read() -> dict[str, Any]:
    """The whole file. One that cannot be read is left as it is, under another name, when a new one is written."""
    path = place()
    try:
        found = json.loads(path.read_text(encoding="utf-8")) if path else {}
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _write(path: Path, everything: Mapping[str, Any]) -> None:
    """In one step, so that two notebooks do not read half a file."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.exists() and path.stat().st_size and not _read():
            path.replace(path.with_name(f"{path.name}.unreadable"))
        with NamedTemporaryFile("w", encoding="utf-8", dir=path.parent, suffix=".tmp", delete=False) as file:
            json.dump(everything, file, indent=1, ensure_ascii=False)
        Path(file.name).replace(path)
    except OSError:
        return
