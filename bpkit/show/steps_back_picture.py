"""How large the derivative is at each step of a recurrent neuron: what is left of it, or grows, on the way back."""

from __future__ import annotations

import math
from collections.abc import Mapping

from bpkit.core.blocks import Recurrent
from bpkit.core.errors import BpkitError
from bpkit.core.model import Model
from bpkit.core.numeric import evaluate
from bpkit.core.problem import Problem
from bpkit.core.quantities import Role
from bpkit.core.spelling import number, readable
from bpkit.show.chart import DASHES, Plot, dot, few, powers, stroke
from bpkit.show.drawing import Drawing
from bpkit.show.palette import FAINT, RUNS
from bpkit.show.strokes import picture, text

WIDTH, HEIGHT = 860.0, 360.0
BOX = 62.0, 576.0, 306.0, 20.0  # of the plot: left, right, bottom, top
ASIDE, APART = 600.0, 64.0  # where what is said of each curve begins, and how far it is to the next
ROOM = 1  # power of ten below the lowest place and above the highest
EVERY = 3  # powers of ten between two marks


def output_slopes(problem: Problem) -> list[float]:
    """The derivative of the loss with respect to the output of each step, from the first on.

    Errors: ``BpkitError`` for a problem that is not one neuron over several steps, or has a derivative of 0.
    """
    model = problem.network
    lines = [
        (by.index[0], line.name)
        for line in problem.derivation
        if line.role is Role.ADJOINT and (by := line.quantity.by) and by.tag == "out"
    ]
    steps = dict(lines)
    recurrent = isinstance(model, Model) and [type(block) for block in model.blocks] == [Recurrent]
    if not recurrent or not 1 < len(steps) == len(lines):
        raise BpkitError(f"steps_back: expected a model of one recurrent neuron over several steps, got {model!r}")
    values = evaluate(problem)
    found = [float(values[steps[step]]) for step in sorted(steps)]
    if not all(found):
        raise BpkitError(
            "steps_back: expected derivatives other than 0, which a logarithmic axis has no place for, got "
            f"{', '.join(map(str, found))}; take a weight other than 0"
        )
    return found


def steps_back(problems: Mapping[str, Problem], word: str = "step") -> Drawing:
    """Draw the size of ∂E/∂out at each step, on a logarithmic axis, for up to three named problems.

    ``word`` is what a step is called. Errors: ``BpkitError`` for models of another kind, and for derivatives of 0.
    """
    if not 0 < len(problems) <= len(RUNS):
        raise BpkitError(f"steps_back: expected 1 to {len(RUNS)} problems, got {len(problems)}; draw the clearest")
    found = {name: [abs(one) for one in output_slopes(problem)] for name, problem in problems.items()}
    logs = {name: [math.log10(one) for one in sizes] for name, sizes in found.items()}
    last = max(map(len, found.values()))
    low, high = min(map(min, logs.values())) - ROOM, max(map(max, logs.values())) + ROOM
    plot = Plot((0.6, last + 0.4, low, high), BOX)
    days = {float(step): str(step) for step in range(1, last + 1)}
    parts = plot.axes(f"{word}, the loss is at the last one", "size of ∂E/∂out", days, powers(low, high, EVERY))
    parts.append(text(BOX[1] - 8, BOX[2] - 10, "← the way back", 13, "700", "end", FAINT))
    said = []
    highest_first = sorted(found, key=lambda name: -found[name][0])
    for (name, sizes), (color, *_), dash in zip(found.items(), RUNS, DASHES):
        heights, back = logs[name], f"{len(sizes) - 1} {word}{'s' * (len(sizes) > 2)} back"
        times = readable(f"{float(number(sizes[0] / sizes[-1], 2)):g}")
        parts += plot.line(range(1, len(sizes) + 1), heights, color, dash)
        parts += [dot(plot.at(step, height), color, 4) for step, height in enumerate(heights, 1)]
        y = BOX[3] + 40 + APART * highest_first.index(name)
        parts.append(stroke([(ASIDE, y - 5), (ASIDE + 30, y - 5)], color, dash))
        parts.append(text(ASIDE + 38, y, name, 13, "700", "start", color))
        parts.append(text(ASIDE + 38, y + 18, f"{back}: × {times}", 12, "", "start", color))
        said.append(f"{name}: {few(sizes[::-1], 3)}, so {back} it is {times} times as large")
    words = (
        f"Size of ∂E/∂out at each {word}, on a logarithmic axis, from the last {word} back to the first. "
        f"{'. '.join(said)}."
    )
    return Drawing(words, picture(WIDTH, HEIGHT, words, parts))
