"""The programs of a page: the lines of derivations as JavaScript, each line carried once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import sympy as sp

from bpkit.core.chain_rule import Step
from bpkit.core.derivation import Derivation
from bpkit.core.javascript import evaluation, evaluation_on_samples, module, training, training_on_samples
from bpkit.core.numerical_gradient import QUOTIENTS
from bpkit.core.problem import Problem
from bpkit.core.quantities import Quantity, Role


def packed(texts: Mapping[str, str]) -> dict[str, Any]:
    """Programs by name as one list of lines, and for each program the places of its lines in it."""
    lines: dict[str, int] = {}
    of = {
        name: [lines.setdefault(line, len(lines)) for line in text.split("\n") if line.strip()]
        for name, text in texts.items()
    }
    return {"lines": list(lines), "of": of}


def line(name: str, right: sp.Expr) -> Step:
    """A line of a page's own, beside those of the derivation, such as a product of factors."""
    return Step(0, Quantity("", spelled=name), right, "", right)


def quotients_program() -> str:
    """A program whose ``evaluate`` gives both difference quotients, central and one-sided, of two losses and h."""
    lines = [line(name, QUOTIENTS[name == "central"]) for name in ("central", "one_sided")]
    return module(evaluation(lines, ["above", "below", "h"], [one.name for one in lines]))


def every_line(derivation: Derivation) -> str:
    """A program whose ``evaluate`` gives every quantity."""
    program = derivation.program
    return module(evaluation(program.steps, program.givens, program.names), functions=program.functions)


def training_program(problem: Problem) -> str:
    """A program that trains on a problem's sample or samples, and whose ``evaluate`` gives a sample's forward pass."""
    derivation = problem.derivation
    program = derivation.program
    names = program.new, recorded(derivation)
    if problem.is_batch:
        loop = training_on_samples(program.steps, program.givens, program.data, *names, problem.batch)
    else:
        loop = training(program.steps, program.givens, *names)
    return module(_forward(derivation), loop, functions=program.functions)


def loss_program(problem: Problem) -> str:
    """A program whose ``evaluate`` gives the loss of one sample; with several, ``train`` gives that of all."""
    program = problem.derivation.program
    return module(evaluation(program.steps, program.givens, ["E_total"]), functions=program.functions)


def derivatives_program(problem: Problem, outputs: Iterable[str]) -> str:
    """A program whose ``evaluate`` gives the loss or parameters' derivatives; with several samples, those of all."""
    program, wanted = problem.derivation.program, tuple(outputs)
    if problem.is_batch:
        text = evaluation_on_samples(program.steps, program.givens, program.data, wanted, problem.batch)
    else:
        text = evaluation(program.steps, program.givens, wanted)
    return module(text, functions=program.functions)


def samples(problem: Problem) -> dict[str, Any] | None:
    """The samples of a batch as a page needs them; None for a problem with one."""
    if not problem.is_batch:
        return None
    return {
        "rows": problem.rows.ravel().tolist(),
        "first": problem.next_sample,
        "names": problem.derivation.program.data,
    }


def recorded(derivation: Derivation) -> tuple[str, ...]:
    """What training records of each update: the parameters, what the rule remembers, the loss."""
    return (*derivation.program.recorded, "E_total")


def forward_program(derivation: Derivation) -> str:
    """A program whose ``evaluate`` gives the quantities of the forward pass."""
    return module(_forward(derivation), functions=derivation.program.functions)


def _forward(derivation: Derivation) -> str:
    program = derivation.program
    forward = [step.name for step in program.steps if step.role is Role.FORWARD]
    return evaluation(program.steps, program.givens, forward)
