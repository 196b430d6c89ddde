"""The Python that a derivation becomes: a module with its lines as functions, and these compiled."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any

import sympy as sp

from bpkit.core.code import assignment, code, header, identifier, inlined, needed
from bpkit.core.derivation import Step, keep
from bpkit.core.derive import derive
from bpkit.core.network import Network
from bpkit.core.rewrites import computable

FUNCTIONS = ("evaluate", "loss", "train")


def lines(network: Network, train_biases: bool) -> tuple[Step, ...]:
    """The steps as a problem runs them: kept biases stay."""
    kept = () if train_biases else network.biases
    return tuple(keep(s) if s.kind == "update" and s.about[0] in kept else s for s in derive(network))


@lru_cache(maxsize=64)
def source(network: Network, train_biases: bool = True) -> str:
    """The Python module that evaluates and trains a network: its functions hold the lines of the derivation."""
    what = f"# Backpropagation for {network!r}; in brackets the numbers of the derivation's lines."
    return _module(network, train_biases, False, FUNCTIONS, what)


def _module(network: Network, train_biases: bool, arrays: bool, functions: Iterable[str], *first: str) -> str:
    """The text of a module with these of the functions."""
    steps = lines(network, train_biases)
    givens = ", ".join(network.givens)
    body: list[str] = []
    for function in functions:
        if function == "evaluate":
            body += ["", f"def evaluate({givens}):"]
            body += [f"    {assignment(step, arrays)}" for step in steps]
            body += [f"    return ({', '.join(identifier(step.name) for step in steps)},)"]
        elif function == "loss":
            body += ["", f"def loss({givens}):"]
            body += [f"    {assignment(step, arrays)}" for step in needed(steps, ["E_total"])]
            body += ["    return E_total"]
        else:
            body += _training_loop(network, steps, givens)
    return "\n".join([*first, *header("\n".join(body), network.activations, arrays), *body, ""])


def _training_loop(network: Network, steps: tuple[Step, ...], givens: str) -> list[str]:
    trained = [step for step in steps if step.kind == "update" and step.uses]
    wanted = ["E_total", *(step.name for step in trained)]
    rows = inlined(needed(steps, wanted))
    loss = next(i for i, (step, _) in enumerate(rows) if step.name == "E_total") + 1

    def show(step: Step, expr: sp.Expr) -> str:
        return f"        {identifier(step.name)} = {code(expr)}  # ({step.number})"

    backward = [row for row in rows[loss:] if row[0].kind != "update"]
    return [
        "",
        f"def train({givens}, steps, record):",
        "    for left in range(steps, -1, -1):",
        *(show(*row) for row in rows[:loss]),
        f"        record({', '.join(network.parameters)}, E_total)",
        "        if not left or not E_total < inf:",
        "            break",
        *(show(*row) for row in backward),
        *(f"        {s.about[0]} -= {code(s.stable.args[1] * -1)}  # ({s.number})" for s in trained),
    ]


@lru_cache(maxsize=128)
def compiled(network: Network, train_biases: bool, arrays: bool, function: str) -> Callable[..., Any]:
    """One function of the generated module; the text comes from bpkit alone, every name in it is checked.

    It is compiled by itself: who asks for a number does not wait for the loop that trains.
    """
    module: dict[str, Any] = {}
    exec(compile(_module(network, train_biases, arrays, [function]), "<bpkit derivation>", "exec"), module)
    run: Callable[..., Any] = module[function]
    return run


@lru_cache(maxsize=64)
def compiled_given(network: Network, train_biases: bool, arrays: bool) -> Callable[..., tuple[Any, ...]]:
    """The evaluation with some quantities handed in: where ``handed__`` holds one, its line is not run."""
    steps = lines(network, train_biases)
    body = ["", f"def evaluate({', '.join(network.givens)}, handed__):"]
    for step in steps:
        body.append(f"    {identifier(step.name)} = handed__.get({step.name!r})")
        body.append(f"    if {identifier(step.name)} is None:")
        # As it is read: the stable spelling takes 1 - out from net where out is near 1, and a wrong out may be.
        body.append(f"        {identifier(step.name)} = {code(computable(step.rhs) if arrays else step.rhs, arrays)}")
    body += [f"    return ({', '.join(identifier(step.name) for step in steps)},)"]
    module: dict[str, Any] = {}
    plain = "\n".join(body).replace("handed__.get(", "(")  # no function that header knows
    exec(
        compile("\n".join([*header(plain, network.activations, arrays), *body, ""]), "<bpkit derivation>", "exec"),
        module,
    )
    run: Callable[..., tuple[Any, ...]] = module["evaluate"]
    return run
