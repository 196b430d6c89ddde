"""The output of a neuron over the updates, once for each of some losses: which of them frees it from a wrong end."""

from __future__ import annotations

from collections.abc import Mapping

from bpkit.core.network import Network, layered
from bpkit.core.numeric import evaluate
from bpkit.core.problem import Problem
from bpkit.core.spelling import number, readable
from bpkit.show.drawing import Drawing
from bpkit.show.palette import FAINT, LOSS_RUNS, RUNS
from bpkit.show.plots import blank, label

LOOKS = {"binary_cross_entropy": LOSS_RUNS[0], "half_squared_error": LOSS_RUNS[1]}


def with_loss(problem: Problem, loss: str) -> Problem:
    """The same problem with another loss.

    >>> import bpkit as bp
    >>> with_loss(bp.examples.article.problem, "squared_error").network.loss.name
    'squared_error'
    """
    before = layered(problem.network, "with_loss")
    return problem.replace(network=Network(*before.sizes, activation=before.activations, loss=loss, bias=before.bias))


def outputs_under(problem: Problem, losses: Mapping[str, str], updates: int = 30) -> Drawing:
    """Draw the first output over some updates, a curve for each loss by its name in words; a line shows the target."""
    figure, axes = blank(7.2, 2.7)
    neuron, target = problem.network.outputs[0], float(problem.targets[0])
    said = [f"The output of {neuron} over {updates} updates. Its target is {number(target)}."]
    others = iter(RUNS)
    for name, loss in losses.items():
        color, line, _ = LOOKS[loss] if loss in LOOKS else next(others)
        now, outs = with_loss(problem, loss), []
        for _ in range(updates + 1):
            outs.append(float(evaluate(now)[f"out_{neuron}"]))
            now = now.updated()
        axes.plot(range(updates + 1), outs, line, color=color, linewidth=2)
        label(axes, f"{name}: {number(outs[-1], 2)}", (updates, outs[-1]), (6, -4), color)
        said.append(f"With {name} it goes from {number(outs[0], 3)} to {number(outs[-1], 3)}.")
    axes.axhline(target, color=FAINT, linestyle=(0, (5, 4)), linewidth=1)
    label(axes, f"target {number(target)}", (0, target), (4, 4), FAINT, 9)
    axes.set(xlim=(0, updates), ylim=(-0.04, 1.14), xlabel="updates", ylabel=f"output of {neuron}")
    return Drawing(readable(" ".join(said)), figure)
