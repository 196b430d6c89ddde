"""Slips with kernels and windows: turned round, shifted, the slope of a maximum."""

from __future__ import annotations

from functools import lru_cache

import sympy as sp

from bpkit.core.chain_rule import Step
from bpkit.core.derivation import Derivation
from bpkit.core.expressions import ONE, names_in, put
from bpkit.core.quantities import Quantity, Role
from bpkit.mistakes.misconceptions.look_alikes import own_parameters, sibling
from bpkit.mistakes.misconceptions.rule import Shapes, misconception
from bpkit.mistakes.misconceptions.whereabouts import PARAMETERS, at, ends, uses
from bpkit.mistakes.rewrite import Edit, S, becomes


@lru_cache(maxsize=128)
def _kernels(d: Derivation) -> tuple[list[Quantity], ...]:
    """The arrays of weights whose indices count places in a kernel, and no signals."""
    counted = {axis for one in d.quantities.values() if one.tag not in PARAMETERS for axis in one.axes}
    arrays = own_parameters(d, "weight").values()
    return tuple(array for array in arrays if array[0].axes and counted.isdisjoint(array[0].axes))


def _lines(d: Derivation, kernel: list[Quantity]) -> tuple[list[Step], list[Step], list[Step]]:
    """The lines that use a kernel, the slopes with respect to its weights, and those with respect to what it covers."""
    nets = {ends(slope)[0].name: None for weight in kernel for slope in uses(d, weight)}
    weights = {weight.name for weight in kernel}
    slopes = [step for step in d if step.role is Role.SLOPE and ends(step)[0].name in nets]
    return (
        [d[name] for name in nets],
        [step for step in slopes if ends(step)[1].name in weights],
        [step for step in slopes if step.rhs.is_Symbol and step.rhs.name in weights],
    )


@misconception(
    "turns the kernel round",
    "turn the kernel round",
    "forward its first weight is on the first signal, and going back each delta takes the weight that it came through",
    convention="In signal processing a convolution turns the kernel round.",
)
def kernel_turned(d: Derivation) -> Shapes:
    """The last weight of a kernel on the first signal: throughout, or one way only.

    >>> import bpkit as bp
    >>> kernel_turned.written(bp.Model(3, bp.blocks.Conv1d(2)), "net_o1")
    'k1_2 · x1 + k1_1 · x2 + b1'
    """
    forward: dict[str, Edit] = {}
    back: dict[str, Edit] = {}
    gradient: dict[str, Edit] = {}
    for kernel in _kernels(d):
        turned = {one.name: other.name for one, other in zip(kernel, reversed(kernel))}
        nets, slopes, covered = _lines(d, kernel)
        names: dict[sp.Expr, sp.Expr] = {S(old): S(new) for old, new in turned.items()}
        signal = {(ends(s)[0].name, ends(s)[1].name): s.rhs for s in slopes}
        if len(kernel) > 1:
            forward |= {step.name: lambda rhs, names=names: put(rhs, names) for step in nets}  # type: ignore[misc]
            back |= {step.name: becomes(turned[step.rhs.name]) for step in covered}
            gradient |= {s.name: becomes(signal[ends(s)[0].name, turned[ends(s)[1].name]]) for s in slopes}
    yield "", {**forward, **back, **gradient}
    yield "on the way forward only", forward
    yield "on the way back only", back
    yield "in the derivative of the kernel", gradient


@misconception(
    "shifts the kernel by one",
    "shift the kernel by one place",
    "each weight of the kernel meets the signal at its own distance from the first",
)
def kernel_shifted(d: Derivation) -> Shapes:
    """The signal beside the right one; behind the end there is none.

    >>> import bpkit as bp
    >>> kernel_shifted.written(bp.Model(3, bp.blocks.Conv1d(2)), "dnet_o1/dk1_1")
    'x2'
    """
    kernels = _kernels(d)
    dimensions = max((len(kernel[0].index) for kernel in kernels), default=0)
    for axis in range(dimensions):
        down = dimensions > 1 and not axis
        for step, where in ((1, "down" if down else "to the right"), (-1, "up" if down else "to the left")):
            forward: dict[str, Edit] = {}
            gradient: dict[str, Edit] = {}
            back: dict[str, Edit] = {}
            for kernel in (one for one in kernels if len(one[0].index) > axis):
                nets, slopes, covered = _lines(d, kernel)
                forward |= {net.name: _moved(d, _covered(d, net, kernel), axis, step) for net in nets}
                gradient |= {one.name: _moved(d, [d.quantities[one.rhs.name]], axis, step) for one in slopes}
                back |= {one.name: _moved(d, [d.quantities[one.rhs.name]], axis, step) for one in covered}
            yield f"{where}, in its derivative", gradient
            yield f"{where}, on the way forward only", forward
            yield where, {**forward, **gradient}
            yield f"{where}, on the way back only", back


def _covered(d: Derivation, net: Step, kernel: list[Quantity]) -> list[Quantity]:
    """The signals under a kernel."""
    own = {one.name for one in kernel}
    found = (d.quantities[name] for name in names_in(net.rhs) - own)
    return [one for one in found if one.tag != "bias"]


def _moved(d: Derivation, given: list[Quantity], axis: int, step: int) -> Edit:
    """What is beside some quantities instead of them, 0 where nothing is."""
    values: dict[sp.Expr, sp.Expr] = {}
    for one in given:
        other = sibling(d, one, tuple(i + step * (k == axis) for k, i in enumerate(one.index)))
        values[one.symbol] = other.symbol if other else sp.S.Zero
    return lambda rhs: put(rhs, values)


@misconception(
    "passes the slope of a maximum to all",
    "pass the derivative on to every number of the window",
    "only the largest number of a window moves its maximum",
)
def maximum_to_all(d: Derivation) -> Shapes:
    """Slope 1 for each number of a window.

    >>> import bpkit as bp
    >>> maximum_to_all.written(bp.Model(3, bp.blocks.Conv1d(2), bp.blocks.MaxPool(2)), "dout_o1/dout_h1_1")
    '1'
    """
    pooled = {step.name for step in at(d, Role.FORWARD, "pool")}
    lines = [step for step in d if step.role is Role.SLOPE and ends(step)[0].name in pooled]
    yield "", {step.name: becomes(ONE) for step in lines}
