"""A program as a learner writes it: its text, how to call it, and what a review should say."""

from __future__ import annotations

import linecache
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import bpkit as bp

_numbers = count(1)


@dataclass(frozen=True)
class Program:
    """The text of a module, the expressions for the function and for the object that it changes, and the truth.

    ``names`` are regular expressions for the name (or sentence) of the mistake, ``lines`` the lines of the text any of
    which is a fair answer to where it shows first.
    """

    id: str
    style: str
    bug: str
    source: str
    entry: str = "backward"
    on: str = ""
    options: Mapping[str, Any] = field(default_factory=dict)
    names: tuple[str, ...] = ()
    lines: tuple[int, ...] = ()
    verdict: str = "misconception"

    def loaded(self) -> dict[str, Any]:
        """The module's names, after its text has run; the text can be found as that of a file can."""
        name = f"<learner {next(_numbers)}>"
        linecache.cache[name] = (len(self.source), None, self.source.splitlines(keepends=True), name)
        module: dict[str, Any] = {"__name__": f"learner_{self.id}"}
        exec(compile(self.source, name, "exec"), module)
        return module

    def reviewed(self) -> Any:
        """What ``bp.review`` says of it."""
        module = self.loaded()
        options = dict(self.options)
        if self.on:
            options["on"] = eval(self.on, module)
        return bp.review(eval(self.entry, module), **options)
