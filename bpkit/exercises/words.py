"""Problems and quantities in words and formulas, as Markdown that notebooks and pages share."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import sympy as sp

from bpkit.core.derivation import derive
from bpkit.core.expressions import Z
from bpkit.core.network import Network
from bpkit.core.problem import Problem
from bpkit.core.spelling import expr_latex, number, number_latex


def maths(model: Network | Problem, name: str) -> str:
    """The name of one of a model's quantities as a formula in the text."""
    return f"${derive(model).quantities[name].latex}$"


def equals(model: Network | Problem, name: str, value: float) -> str:
    """A quantity and its number, as a formula in the text."""
    return f"${derive(model).quantities[name].latex} = {number_latex(value)}$"


def in_words(items: Sequence[str]) -> str:
    """``a, b and c``."""
    return items[0] if len(items) == 1 else ", ".join(items[:-1]) + " and " + items[-1]


def plain(activation: str) -> str:
    """A name of the tables as people write it: ``binary cross entropy``."""
    return activation.replace("_", " ")


@lru_cache(maxsize=256)
def architecture(network: Network) -> str:
    """The network in two sentences: its layers, what its neurons compute, and its loss."""
    kinds = ["input", *(["hidden"] * (len(network.sizes) - 2)), "output"]
    layers = [
        f"{size} {kind}{'s' if kind != 'hidden' and size > 1 else ''}"
        + (f" neuron{'s' if size > 1 else ''}" if kind == "hidden" else "")
        for size, kind in zip(network.sizes, kinds)
    ]
    rows = {activation.name: activation for activation in network.activations}
    each = [f"{_activation(network, name)}" for name in rows]
    if len(rows) > 1:
        each = [f"{_activation(network, one.name)} in layer {i}" for i, one in enumerate(network.activations, 1)]
    loss = f"{plain(network.loss.name)}, $E_{{\\text{{total}}}} = \\sum {expr_latex(network.loss.expr, {})}$"
    return f"A network of {in_words(layers)}. Activation: {in_words(each)}. Loss: {loss}, over all outputs."


_NET = sp.Symbol("net")


def _activation(network: Network, name: str) -> str:
    found = next(one for one in network.activations if one.name == name)
    if found.joint:
        return r"softmax, $\mathit{out}_{k} = e^{\mathit{net}_{k}} / \sum_{j} e^{\mathit{net}_{j}}$"
    return f"{plain(name)}, $\\mathit{{out}} = {expr_latex(found.expr.xreplace({Z: _NET}), {})}$"


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table."""
    return "\n".join("| " + " | ".join(cells) + " |" for cells in (head, ["---"] * len(head), *rows))


def weights_table(problem: Problem) -> str:
    """Every weight and bias: its name, what it joins, its number."""
    network = problem.network
    rows = [
        [maths(network, name), source, target, number(problem.parameters[name])]
        for name, (source, target) in network.weights.items()
    ]
    rows += [
        [maths(network, name), "bias of", " ".join(fed), number(problem.parameters[name])]
        for name, fed in network.biases.items()
    ]
    return table(["parameter", "from", "to", "value"], rows)


def data_line(problem: Problem) -> str:
    """Inputs, targets and learning rate; a table of samples for a batch."""
    network, rate = problem.network, equals(problem, "learning_rate", problem.learning_rate)
    names = (*network.inputs, *network.targets)
    if problem.is_batch:
        rows = [[str(i), *map(number, row)] for i, row in enumerate(np.hstack([problem.inputs, problem.targets]), 1)]
        return table(["sample", *(maths(network, name) for name in names)], rows) + f"\n\nLearning rate {rate}."
    values = [equals(network, name, problem.givens[name]) for name in names]
    return f"Inputs and targets: {in_words(values)}. Learning rate {rate}."


def givens(problem: Problem) -> str:
    """Everything that is given, for a learner who has only this page."""
    kept = "" if problem.train_biases or not problem.network.biases else " The biases stay as they are."
    return f"{architecture(problem.network)}\n\n{weights_table(problem)}\n\n{data_line(problem)}{kept}"
