"""How far rounding on paper can carry an answer away: every line of the derivation, off by half a unit."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bpkit.core.code import assignment, header, identifier
from bpkit.core.network import Network
from bpkit.core.problem import Problem
from bpkit.core.program import lines

Array = NDArray[np.float64]


def half_unit(value: float, digits: int) -> float:
    """Half a unit in the last of so many significant digits: 0.00005 for 0.0851 to four."""
    if value == 0 or not math.isfinite(value):
        return 0.5 * 10.0**-digits
    return float(0.5 * 10.0 ** (math.floor(math.log10(abs(value)) + 1e-12) - digits + 1))


def rounded(value: float, digits: int) -> float:
    """A number to so many significant digits."""
    return float(f"{value:.{digits - 1}e}")


def significant(value: float) -> int:
    """How many significant digits a number needs to be written down, twelve at most: 3 for 0.0851."""
    return len(f"{value:.11e}".partition("e")[0].strip("-").replace(".", "").rstrip("0")) or 1


@lru_cache(maxsize=128)
def _nudged(network: Network, train_biases: bool) -> tuple[list[str], Callable[..., Any]]:
    """The derivation on arrays of one entry per line: in entry number i the line number i is off by half a unit."""
    steps = lines(network, train_biases)
    body = ["", f"def run({', '.join(network.givens)}, off):"]
    for row, step in enumerate(steps):
        body.append(f"    {assignment(step, True)}")
        if not step.rhs.is_Atom:  # nothing is computed, so nothing is rounded
            body.append(f"    {identifier(step.name)} = off({identifier(step.name)}, {row})")
    body.append(f"    return ({', '.join(identifier(step.name) for step in steps)},)")
    module: dict[str, Any] = {}
    plain = "\n".join(body).replace(" off(", " (")  # handed in, and unknown to what looks for imports
    text = "\n".join([*header(plain, network.activations, True), *body, ""])
    exec(compile(text, "<bpkit rounding>", "exec"), module)
    return [step.name for step in steps], module["run"]


@lru_cache(maxsize=256)
def paper_slack(problem: Problem, digits: int) -> Mapping[str, float]:
    """For each quantity of one sample how far it can be off when every line is rounded to so many digits."""
    names, run = _nudged(problem.network, problem.train_biases)
    width = len(names) + 1  # the last entry stays exact

    def off(value: Any, row: int) -> Array:
        entries = np.empty(width)
        entries[...] = value
        entries[row] += half_unit(float(entries[-1]), digits)
        return entries

    with np.errstate(all="ignore"):
        results = run(**problem.givens, off=off)
    spread = np.empty((len(names), width))
    for row, result in zip(spread, results):
        row[...] = result
    return MappingProxyType(dict(zip(names, np.abs(spread - spread[:, -1:]).sum(axis=1).tolist())))
