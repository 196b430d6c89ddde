"""The table of all that the benchmarks measure: each adds rows to it, and keeps to their bounds."""

from __future__ import annotations

import os
import platform
from dataclasses import dataclass, field
from datetime import date
from importlib.metadata import version
from pathlib import Path

README = Path(__file__).parent / "benchmarks" / "README.md"
HEAD = """# Benchmarks

    .venv/bin/python -m pytest -n 0 tests/benchmarks --table

measures all of this on a quiet machine, fails where a bound is missed, and writes this page anew. A ratio compares
two things of one run on one machine, so that it says the same on a slow machine and on a fast one; bare times and sizes
are those of the machine below. Where a row is of several apps, sliders or sizes, it shows the worst of them.

{day}, {machine}.

| What | Beside | Measured | Bound | In figures |
|---|---|--:|--:|---|
{rows}
"""


@dataclass
class Row:
    """Something that was measured, once or for several apps, sliders or sizes, and the bound that all of them keep."""

    what: str
    beside: str
    unit: str
    most: float | None
    least: float | None
    found: list[tuple[float, str]] = field(default_factory=list)

    def kept(self, value: float) -> bool:
        return (self.most is None or value <= self.most) and (self.least is None or value >= self.least)

    def number(self, value: float) -> str:
        return f"{value:.3g}{self.unit}" if abs(value) < 1000 else f"{value:.0f}{self.unit}"

    @property
    def bound(self) -> str:
        return f"at most {self.most:g}{self.unit}" if self.most is not None else f"at least {self.least:g}{self.unit}"

    def __str__(self) -> str:
        value, figures = (max if self.most is not None else min)(self.found)
        several = f"the worst of {len(self.found)}" if len(self.found) > 1 else ""
        figures = ": ".join(part for part in (several, figures) if part)
        bound = self.bound if self.kept(value) else f"{self.bound}, **missed**"
        return f"| {self.what} | {self.beside} | {self.number(value)} | {bound} | {figures} |"


class Table:
    """All rows of a run, in the order in which they were measured."""

    def __init__(self) -> None:
        self.rows: dict[tuple[str, str], Row] = {}
        self.missed: list[str] = []

    def row(
        self,
        what: str,
        value: float,
        beside: str = "",
        *,
        unit: str = "",
        most: float | None = None,
        least: float | None = None,
        figures: str = "",
    ) -> None:
        """Keep what was measured, beside what; its test fails if that is beyond a bound, the most or the least.

        What is measured again, for another app or size, stands in the same row, which shows the worst.
        """
        row = self.rows.setdefault((what, beside), Row(what, beside, unit, most, least))
        row.found.append((float(value), figures))
        if not row.kept(value):
            self.missed.append(f"{what}: {row.number(value)}, {row.bound}")

    def write(self) -> None:
        packages = ", ".join(f"{name} {version(name)}" for name in ("numpy", "sympy", "matplotlib", "jupyterlab"))
        machine = f"{os.cpu_count()} processors ({platform.machine()}), {platform.system()}"
        machine += f", Python {platform.python_version()}, {packages}"
        rows = "\n".join(map(str, self.rows.values()))
        README.write_text(HEAD.format(day=date.today().isoformat(), machine=machine, rows=rows), encoding="utf-8")
