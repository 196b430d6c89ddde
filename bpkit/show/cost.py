"""What all derivatives cost: nudging every parameter against one backward pass, counted on the code that runs."""

from __future__ import annotations

import ast
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from matplotlib.axes import Axes

from bpkit.core.code import identifier
from bpkit.core.derivation import derive
from bpkit.core.network import Network
from bpkit.core.problem import Problem
from bpkit.core.quantities import Role
from bpkit.core.spelling import number
from bpkit.show.drawing import Drawing
from bpkit.show.live import Live
from bpkit.show.palette import INK, RUNS
from bpkit.show.plots import logarithmic

NAMES = ("nudging", "backpropagation")
BUDGET = 0.008  # seconds for each of the two timings


@dataclass(frozen=True)
class Cost:
    """Multiplications and divisions, counted in the lines of Python that a network's derivation compiles to."""

    network: Network
    forward: int  # in the lines of one forward run
    both: int  # in those of a forward and a backward pass

    @property
    def parameters(self) -> int:
        return len(self.network.parameters)

    @property
    def runs(self) -> int:
        """Forward runs that nudging takes: one to each side, for every parameter."""
        return 2 * self.parameters

    @property
    def nudging(self) -> int:
        return self.runs * self.forward

    @property
    def times(self) -> float:
        """How many times more work nudging is."""
        return self.nudging / self.both


@lru_cache(maxsize=256)
def count(network: Network) -> Cost:
    """Count what a network's generated code multiplies and divides."""
    derivation = derive(network)
    parts = ast.parse(derivation.source()).body
    functions = {part.name: part for part in parts if isinstance(part, ast.FunctionDef)}

    def work(part: ast.AST) -> int:
        if isinstance(part, ast.IfExp):  # one of the two is computed
            return work(part.test) + max(work(part.body), work(part.orelse))
        own = int(isinstance(part, ast.BinOp) and isinstance(part.op, ast.Mult | ast.Div))
        if isinstance(part, ast.Call) and isinstance(part.func, ast.Name) and part.func.id in functions:
            own += work(functions[part.func.id])  # a user's own activation
        return own + sum(map(work, ast.iter_child_nodes(part)))

    updates = {identifier(step.name) for step in derivation if step.role is Role.UPDATE}
    lines = [line for line in functions["evaluate"].body if isinstance(line, ast.Assign)]
    passes = [line for line in lines if ast.unparse(line.targets[0]) not in updates]
    return Cost(network, work(functions["loss"]), sum(map(work, passes)))


def seconds(problem: Problem) -> tuple[float, float]:
    """How long nudging and backpropagation take here; the loss is timed once and taken for each of nudging's runs."""
    program = derive(problem.network).program
    values = [problem.givens[name] for name in program.givens]  # a thousand keywords would take longer than the work
    loss, every = (_fastest(program.function(name), values) for name in ("loss", "evaluate"))
    return 2 * len(problem.parameters) * loss, every


def _fastest(call: Callable[..., object], values: Sequence[object]) -> float:
    """The shortest of as many calls as the budget allows, at least one: others were interrupted."""
    best, end = float("inf"), time.perf_counter() + BUDGET
    while True:
        start = time.perf_counter()
        call(*values)
        now = time.perf_counter()
        best = min(best, now - start)
        if now > end:
            return best


class CostPlot:
    """Keeps the figure between frames: both counts against the number of parameters, and the present network."""

    def __init__(self) -> None:
        self.live = Live(6.6, 3.2)
        axes = self.live.axes
        logarithmic(axes, "x", "y")
        axes.minorticks_off()  # over many powers of ten they are no help, and half of the drawing
        axes.set(xlabel="weights and biases", ylabel="multiplications")
        axes.set(xlim=(3, 5000), ylim=(10, 1e8))
        self.lines, self.points = [], []
        for (color, dash, _), mark, name in zip(RUNS, "so", NAMES):
            style: dict[str, Any] = {"color": color, "marker": mark, "animated": True}
            self.lines += axes.plot([], [], dash, markersize=4, linewidth=1.8, label=name, **style)
            self.points += axes.plot([], [], markersize=10, markeredgecolor=INK, **style)
        self.gap = axes.plot([], [], ":", color=INK, linewidth=1.2, animated=True, zorder=1)[0]
        self._moving = (self.gap, *self.lines, *self.points)

    def frame(self, here: Cost, row: Sequence[Cost]) -> bytes:
        """The picture of one network among others of its depth, as PNG."""
        for line, values in zip(self.lines, ([c.nudging for c in row], [c.both for c in row])):
            line.set_data([cost.parameters for cost in row], values)
        for point, value in zip(self.points, (here.nudging, here.both)):
            point.set_data([here.parameters], [value])
        self.gap.set_data([here.parameters] * 2, [here.both, here.nudging])

        def prepare(axes: Axes) -> None:
            axes.legend(handles=self.lines, loc="upper left", fontsize=9, framealpha=0.9)

        return self.live.frame(self._moving, "still", prepare)

    def still(self, here: Cost, row: Sequence[Cost]) -> Drawing:
        """The same as a drawing for a page that runs nothing; the plot itself is not used again."""
        self.frame(here, row)
        for artist in self._moving:
            artist.set_animated(False)
        return Drawing(cost_words(here, row), self.live.figure)


def cost_words(here: Cost, row: Sequence[Cost]) -> str:
    """The counts in words; times are not in them, as they differ from run to run."""
    sizes = "-".join(map(str, here.network.sizes))
    first, last = row[0], row[-1]
    return (
        f"A {sizes} network has {here.parameters:,} weights and biases. Nudging each of them to both sides: "
        f"{here.runs:,} forward runs of {here.forward:,} multiplications, {here.nudging:,} in all. Backpropagation: "
        f"one forward and one backward pass, {here.both:,}, or {number(here.both / here.forward, 2)} forward runs; "
        f"nudging costs {number(here.times, 3)} times as much. In the picture, both against the number of weights and "
        f"biases: from {first.parameters} to {last.parameters:,} of them nudging grows from {first.nudging:,} to "
        f"{last.nudging:,}, backpropagation from {first.both:,} to {last.both:,}."
    )
