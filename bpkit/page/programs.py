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
    r"""Programs by name as one list of lines, and for each program the places of its lines in it.

    >>> packed({"one": "a = 1;\nb = 2;", "two": "b = 2;"})
    {'lines': ['a = 1;', 'b = 2;'], 'of': {'one': [0, 1], 'two': [1]}}
    """
    lines: dict[str, int] = {}
    of = {
        name: [lines.setdefault(line, len(lines)) for line in text.split("\n") if line.strip()]
        for name, text in texts.items()
    }
    return {"lines": list(lines), "of": of}


def line(name: str, right: sp.Expr) -> Step:
    """A line of a page's own, beside those of the derivation, such as a product of factors.

    >>> line("half", sp.Symbol("w1") / 2).name
    'half'
    """
    return Step(0, Quantity("", spelled=name), right, "", right)


def quotients_program() -> str:
    """A program whose ``evaluate`` gives both difference quotients, central and one-sided, of two losses and h."""
    lines = [line(name, QUOTIENTS[name == "central"]) for name in ("central", "one_sided")]
    return module(evaluation(lines, ["above", "below", "h"], [one.name for one in lines]))


def every_line(derivation: Derivation) -> str:
    r"""A program whose ``evaluate`` gives every quantity.

    >>> import bpkit as bp
    >>> print(*every_line(bp.derive(bp.Network(1, 1))).splitlines()[:2], sep="\n")
    export function evaluate(w1, b1, x1, y1, learning_rate) {
      const net_o1 = w1*x1 + b1;  // (1)
    """
    program = derivation.program
    return module(evaluation(program.steps, program.givens, program.names), functions=program.functions)


def training_program(problem: Problem) -> str:
    """A program that trains on a problem's sample or samples, and whose ``evaluate`` gives a sample's forward pass.

    >>> import bpkit as bp
    >>> problem = bp.Problem(bp.Network(1, 1, bias="none"), {"w1": 1}, [1], [0])
    >>> [line for line in training_program(problem).splitlines() if "function train" in line]
    ['export function train(w1, x1, y1, learning_rate, steps) {']
    """
    derivation = problem.derivation
    program = derivation.program
    names = program.new, recorded(derivation)
    if problem.is_batch:
        loop = training_on_samples(program.steps, program.givens, program.data, *names, problem.batch)
    else:
        loop = training(program.steps, program.givens, *names)
    return module(_forward(derivation), loop, functions=program.functions)


def loss_program(problem: Problem) -> str:
    """A program whose ``evaluate`` gives the loss of one sample; with several, ``train`` gives that of all.

    >>> import bpkit as bp
    >>> problem = bp.Problem(bp.Network(1, 1, activation="identity", bias="none"), {"w1": 1}, [1], [0])
    >>> print(loss_program(problem).rstrip())
    export function evaluate(w1, x1, y1, learning_rate) {
      const net_o1 = w1*x1;  // (1)
      const out_o1 = net_o1;  // (2)
      const E_o1 = 0.5*Math.pow(y1 - out_o1, 2);  // (3)
      const E_total = E_o1;  // (4)
      return {"E_total": E_total};
    }
    """
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
    """The samples of a batch as a page needs them; None for a problem with one.

    >>> import bpkit as bp
    >>> samples(bp.Problem(bp.Network(1, 1, bias="none"), {"w1": 1}, [[1], [2]], [[0], [1]]))
    {'rows': [1.0, 0.0, 2.0, 1.0], 'first': 0, 'names': ('x1', 'y1')}
    """
    if not problem.is_batch:
        return None
    return {
        "rows": problem.rows.ravel().tolist(),
        "first": problem.next_sample,
        "names": problem.derivation.program.data,
    }


def recorded(derivation: Derivation) -> tuple[str, ...]:
    """What training records of each update: the parameters, what the rule remembers, the loss.

    >>> import bpkit as bp
    >>> recorded(bp.derive(bp.Network(1, 1)))
    ('w1', 'b1', 'E_total')
    """
    return (*derivation.program.recorded, "E_total")


def forward_program(derivation: Derivation) -> str:
    """A program whose ``evaluate`` gives the quantities of the forward pass."""
    return module(_forward(derivation), functions=derivation.program.functions)


def _forward(derivation: Derivation) -> str:
    program = derivation.program
    forward = [step.name for step in program.steps if step.role is Role.FORWARD]
    return evaluation(program.steps, program.givens, forward)
