"""What an app is given, an example or a problem, and the expression that gives it back."""

from __future__ import annotations

import re
from typing import Any

from bpkit.core import blocks
from bpkit.core.errors import BpkitError
from bpkit.core.problem import Problem
from bpkit.examples.example import Example


def problem_of(given: object, name: str, batches: bool) -> tuple[Problem, str]:
    """The problem of an example, or the problem itself, and the expression that names it."""
    if isinstance(given, Example):
        problem, source = given.problem, f"bp.examples.{given.name}.problem"
    elif isinstance(given, Problem):
        problem, source = given, ""
    else:
        raise BpkitError(
            f"{name} app: expected an example or a Problem, got {given!r}; "
            f"write bp.apps.{name}(bp.examples.article) or bp.apps.{name}(problem)"
        )
    if problem.is_batch and not batches:
        raise BpkitError(
            f"{name} app: expected one sample, got a batch of {len(problem.inputs)}; choose one with problem.sample(0)"
        )
    return problem, source


def share(source: str, before: Problem, now: Problem) -> str:
    """The expression for a problem: what changed of an example, or the whole problem where it has no name."""
    if not source:
        return "bp." + _named(repr(now)).replace(", update=", ", update=bp.updates.", 1)
    changes = []
    if now.network != before.network:
        changes += [f"network={_named(repr(now.network))}", f"parameters={dict(now.parameters)!r}"]
        old: dict[str, Any] = {**before.givens, **now.parameters}
    else:
        old = before.givens
    changes += [f"{name}={value!r}" for name, value in now.givens.items() if name in old and value != old[name]]
    if now.train_biases != before.train_biases:
        changes.append(f"train_biases={now.train_biases}")
    if now.update != before.update:
        changes.append(f"update=bp.updates.{now.update!r}")
    return f"{source}.replace({', '.join(changes)})" if changes else source


def _named(text: str) -> str:
    """A text that makes an object, with the modules that its classes are in."""
    text = re.sub(rf"\b({'|'.join(blocks.__all__)})\(", r"bp.blocks.\1(", text)
    return re.sub(r"\b(Network|Model)\(", r"bp.\1(", text, count=1)
