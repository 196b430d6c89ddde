"""What all derivatives cost: nudging every parameter against one backward pass, counted on the code that runs."""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import comb

from bpkit.core.code import identifier
from bpkit.core.derivation import derive
from bpkit.core.network import Network
from bpkit.core.quantities import Role
from bpkit.core.spelling import number
from bpkit.show.drawing import Drawing
from bpkit.show.palette import INK, RUNS
from bpkit.show.plots import blank, label, logarithmic

NAMES = ("nudging", "backpropagation")
COUNTS = ("parameters", "runs", "forward", "nudging", "both")  # of a Cost
SEEN = (2, 2000), (10, 1e7)  # of weights and biases, and of multiplications, in the picture
TEXTS = {
    "all": "A {sizes} network has {parameters} weights and biases. Nudging each of them to both sides: {runs} forward "
    "runs of {forward} multiplications, {nudging} in all. Backpropagation: one forward and one backward pass, {both}, "
    "or {passes} forward runs; nudging costs {times} times as much. In the picture, both against the number of weights "
    "and biases: from {from} to {to} of them nudging grows from {nudgingFrom} to {nudgingTo}, backpropagation from "
    "{bothFrom} to {bothTo}.",
}


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
        """How many times more work nudging is.

        >>> Cost(Network(2, 2, 2), forward=10, both=40).times
        5.0
        """
        return self.nudging / self.both


@lru_cache(maxsize=256)
def count(network: Network) -> Cost:
    """Count what a network's generated code multiplies and divides.

    >>> cost = count(Network(2, 2, 2))
    >>> cost.parameters, cost.runs
    (10, 20)
    """
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


def count_of_size(network: Callable[[int, int], Network], width: int, depth: int) -> Cost:
    """The same for a network with so many hidden layers of so many neurons, whose lines would take long to write out.

    Every layer adds the same lines for each neuron and for each weight. So a count is a square in the width and a line
    in the depth, and those of a few small networks give all others.
    """
    if width <= 3 and depth <= 2:
        return count(network(width, depth))

    def grown(of: Callable[[Cost], int]) -> int:
        small = []
        for few in range(1, min(width, 3) + 1):
            one, two = (of(count(network(few, layers))) for layers in (1, 2))
            small.append(one + (depth - 1) * (two - one))
        total = 0
        for order in range(len(small)):  # Newton's differences
            total += comb(width - 1, order) * small[0]
            small = [after - before for before, after in zip(small, small[1:])]
        return total

    return Cost(network(width, depth), grown(lambda one: one.forward), grown(lambda one: one.both))


def cost_figure(here: Cost, row: Sequence[Cost]) -> Drawing:
    """Both counts against the number of parameters: one network among others of its depth."""
    figure, axes = blank(6.6, 3.2)
    logarithmic(axes, "x", "y")
    axes.minorticks_off()  # over many powers of ten they are no help
    axes.set(xlabel="weights and biases", ylabel="multiplications", xlim=SEEN[0], ylim=SEEN[1])
    parameters = [cost.parameters for cost in row]
    counts = ([cost.nudging for cost in row], here.nudging), ([cost.both for cost in row], here.both)
    axes.plot([here.parameters] * 2, [here.both, here.nudging], ":", color=INK, linewidth=1.2)
    for (values, value), (color, dash, _), mark, name in zip(counts, RUNS, "so", NAMES):
        axes.plot(parameters, values, dash, color=color, linewidth=1.8, label=name)
        axes.plot([here.parameters], [value], mark, color=color, markersize=10, markeredgecolor=INK)
        label(axes, name, (parameters[-1], values[-1]), (8, -4), color)
    return Drawing(cost_words(here, row), figure)


def cost_words(here: Cost, row: Sequence[Cost]) -> str:
    """The counts in words; times are not in them, as they differ from run to run.

    >>> cost_words(count(Network(2, 2, 2)), [count(Network(2, 1))]).split(". ")[0]
    'A 2-2-2 network has 10 weights and biases'
    """
    first, last = row[0], row[-1]
    counts = {name: getattr(here, name) for name in COUNTS} | {"from": first.parameters, "to": last.parameters}
    for name in ("nudging", "both"):
        counts |= {f"{name}From": getattr(first, name), f"{name}To": getattr(last, name)}
    return TEXTS["all"].format(
        sizes="-".join(map(str, here.network.sizes)),
        passes=number(here.both / here.forward, 2),
        times=number(here.times, 3),
        **{name: f"{value:,}" for name, value in counts.items()},
    )
