"""How often a review names the bug of a program: ``python tests/reviewed.py`` prints the tables.

The programs come from ``learners``, which knows nothing of the rules; the review is asked through ``bp.review`` alone.
"""

from __future__ import annotations

import argparse
import re
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib import import_module
from pathlib import Path
from typing import Any

from learners.program import Program

import bpkit as bp

FIRST = 4


@dataclass(frozen=True)
class Answer:
    """A program with what the review said, and how long it took."""

    program: Program
    said: Any
    seconds: float

    @cached_property
    def texts(self) -> list[str]:
        """Name and sentence of each of the first bugs."""
        return [f"{bug.name}; {bug.you}; {bug.sentence}" for bug in self.said.misconceptions[:FIRST]]

    @property
    def named(self) -> bool:
        return self.said.verdict == "misconception" and any(map(self._means, self.texts))

    @property
    def good(self) -> bool:
        """Is it what a review should say?"""
        return self.named if self.program.verdict == "misconception" else self.said.verdict == self.program.verdict

    @property
    def line_right(self) -> bool:
        bugs = self.said.misconceptions[:FIRST]
        found = [bug.line for bug, text in zip(bugs, self.texts) if self._means(text)]
        return bool(found) and found[0] in self.program.lines

    @property
    def sure_and_wrong(self) -> bool:
        said = self.said
        if said.verdict == "misconception":
            return bool(said.sure) and not self.named
        return bool(said.verdict == "correct" and self.program.verdict == "misconception")

    def _means(self, text: str) -> bool:
        return any(re.search(name, text, re.IGNORECASE) for name in self.program.names)

    @property
    def line(self) -> str:
        """The program and what was said, for a reader."""
        names = ", ".join(f"{bug.name} (line {bug.line})" for bug in self.said.misconceptions[:FIRST])
        wanted = f"{self.program.names} in {self.program.lines}" if self.program.names else self.program.verdict
        return f"{self.program.id}: {self.said.verdict} {names}; wanted {wanted}\n    {self.said.message}"


@dataclass(frozen=True)
class Refused:
    """What stands for a review where the call itself was refused."""

    message: str
    verdict: str = "error"
    misconceptions: tuple[Any, ...] = ()
    sure: bool = True


def programs(*modules: str) -> list[Program]:
    """The programs of some modules of ``learners``, of all of them unless some are named."""
    folder = Path(__file__).parent / "learners"
    names = modules or sorted(path.stem for path in folder.glob("*.py") if path.stem not in ("__init__", "program"))
    return [one for name in names for one in getattr(import_module(f"learners.{name}"), "programs", list)()]


def asked(found: Iterable[Program]) -> list[Answer]:
    """What a review says of each."""
    answers = []
    for one in found:
        begun = time.perf_counter()
        try:
            said = one.reviewed()
        except bp.BpkitError as error:  # nothing that could be called
            said = Refused(str(error))
        answers.append(Answer(one, said, time.perf_counter() - begun))
    return answers


def table(answers: Sequence[Answer], by: str) -> str:
    """A Markdown table of the programs with a bug, by kind of bug or by style."""
    rows = [f"| {by} | programs | named | line right | sure and wrong |", "|---|---|---|---|---|"]
    wrong = [one for one in answers if one.program.verdict == "misconception"]
    groups: dict[str, list[Answer]] = {}
    for one in wrong:
        groups.setdefault(getattr(one.program, by), []).append(one)
    for name, several in [*sorted(groups.items()), ("all", wrong)]:
        named = [one for one in several if one.named]
        lines = sum(one.line_right for one in named)
        rows.append(f"| {name} | {len(several)} | {len(named)} | {lines} | {sum(o.sure_and_wrong for o in several)} |")
    return "\n".join(rows)


def summary(answers: Sequence[Answer]) -> str:
    """The other programs, and the time that a review takes."""
    said = []
    for verdict, what in (("correct", "right"), ("unknown", "wrong as nobody is"), ("error", "broken")):
        several = [one for one in answers if one.program.verdict == verdict]
        named = sum(one.said.verdict == "misconception" for one in several)
        sure = sum(one.said.verdict == "misconception" and one.said.sure for one in several)
        good = sum(one.good for one in several)
        said.append(f"{what}: {good} of {len(several)} as they should be, {named} blamed, {sure} for sure")
    times = sorted(one.seconds for one in answers)
    if times:
        said.append(f"seconds: median {times[len(times) // 2]:.2f}, longest {times[-1]:.2f}")
    return "\n".join(said)


def main() -> None:
    """The tables; with ``--tell`` every program that is not answered as it should be."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("modules", nargs="*", help="modules of learners; all of them unless some are named")
    parser.add_argument("--tell", action="store_true", help="print what is not as it should be")
    options = parser.parse_args()
    answers = asked(programs(*options.modules))
    if options.tell:
        for one in answers:
            if not one.good or (one.named and not one.line_right):
                print(one.line)
    print(table(answers, "bug"), table(answers, "style"), summary(answers), sep="\n\n")


if __name__ == "__main__":
    main()
