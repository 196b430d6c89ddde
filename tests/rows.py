"""The rows of the kit's tables as the tests take them: what stands here comes from the tables, so a new row is tested
wherever these are used. The oracle has an independent formula for the rows that it knows, and the row's own expression
for any other.
"""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import sympy as sp

from bpkit.core import updates
from bpkit.core.functions import BUILT_IN, HIDDEN
from bpkit.core.losses import LOSSES as EVERY_LOSS

ACTIVATIONS = HIDDEN
LOSSES = tuple(name for name, one in EVERY_LOSS.items() if one.needs_targets)
KINKED = {
    name for name, one in {**BUILT_IN, **EVERY_LOSS}.items() if one.expr.has(sp.Piecewise, sp.Max, sp.Min, sp.Abs)
}


def outputs_of(loss: str) -> tuple[str, ...]:
    """The output activations that a loss is defined for."""
    one = EVERY_LOSS[loss]
    return (one.needs,) if one.needs else ("sigmoid",) if one.targets_in_unit_interval else (*ACTIVATIONS, "softmax")


DEFINED = [(output, loss) for output in (*ACTIVATIONS, "softmax") for loss in LOSSES if output in outputs_of(loss)]
ANYWHERE = [loss for loss in LOSSES if len(outputs_of(loss)) > 1]  # behind every output


def rule_of(kind: type[updates.UpdateRule], **more: float) -> updates.UpdateRule:
    """A rule with numbers of the tests' own; its epsilon is so large that what cancels is not blown up."""
    names = [one.name for one in fields(kind) if one.name != "weight_decay"]
    numbers: dict[str, Any] = {name: 1e-3 if name == "epsilon" else 0.8 + 0.1 * k for k, name in enumerate(names)}
    return kind(**numbers, **more)


KINDS = {one.written: one for one in updates.RULES.values()}
DECAYING = {f"{name} with decay": rule_of(one, weight_decay=0.1) for name, one in KINDS.items()}
RULES = {**{name: rule_of(one) for name, one in KINDS.items()}, **DECAYING}
