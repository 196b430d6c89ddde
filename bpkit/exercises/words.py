"""Problems and quantities in words and formulas, as Markdown that notebooks and pages share."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from bpkit.core.architecture import Architecture
from bpkit.core.derivation import derive
from bpkit.core.model import Model
from bpkit.core.network import Network, layered
from bpkit.core.problem import Problem
from bpkit.core.quantities import Role
from bpkit.core.spelling import expr_latex, number, number_latex
from bpkit.core.updates import GradientDescent
from bpkit.exercises.block_words import function, told
from bpkit.exercises.block_words import in_words as in_words
from bpkit.exercises.block_words import plain as plain


def maths(model: Architecture | Problem, name: str) -> str:
    """The name of one of a model's quantities as a formula in the text."""
    return f"${derive(model).quantities[name].latex}$"


def equals(model: Architecture | Problem, name: str, value: float) -> str:
    """A quantity and its number, as a formula in the text."""
    return f"${derive(model).quantities[name].latex} = {number_latex(value)}$"


@lru_cache(maxsize=256)
def architecture(model: Architecture) -> str:
    """A network in two sentences, its layers, what its neurons compute, and its loss; a model block by block."""
    loss = f"{plain(model.loss.name)}, $E_{{\\text{{total}}}} = \\sum {expr_latex(model.loss.expr, {})}$"
    what = told(model) + "\n\n" if isinstance(model, Model) else f"{_layers(layered(model, 'words'))} "
    return f"{what}Loss: {loss}, over all outputs."


def _layers(network: Network) -> str:
    kinds = ["input", *(["hidden"] * (len(network.sizes) - 2)), "output"]
    layers = [
        f"{size} {kind}{'s' if kind != 'hidden' and size > 1 else ''}"
        + (f" neuron{'s' if size > 1 else ''}" if kind == "hidden" else "")
        for size, kind in zip(network.sizes, kinds)
    ]
    rows = {activation.name: activation for activation in network.activations}
    each = [function(activation) for activation in rows.values()]
    if len(rows) > 1:
        each = [f"{function(one)} in layer {i}" for i, one in enumerate(network.activations, 1)]
    return f"A network of {in_words(layers)}. Activation: {in_words(each)}."


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table."""
    return "\n".join("| " + " | ".join(cells) + " |" for cells in (head, ["---"] * len(head), *rows))


def weights_table(problem: Problem) -> str:
    """Every weight and bias: its name, what it joins, its number; of a model its place in its array."""
    if isinstance(problem.network, Model):
        return _arrays_table(problem)
    network = layered(problem.network, "weights_table")
    rows = [
        [maths(network, name), source, target, number(problem.parameters[name])]
        for name, (source, target) in network.weights.items()
    ]
    rows += [
        [maths(network, name), "bias of", " ".join(fed), number(problem.parameters[name])]
        for name, fed in network.biases.items()
    ]
    return table(["parameter", "from", "to", "value"], rows)


_PLACES = ("", ", entry {}", ", row {}, column {}", ", entry {}, {}, {}")  # by how many indices there are
_KINDS = {"row": "table"}


def _arrays_table(problem: Problem) -> str:
    rows = [
        [
            maths(problem, name),
            _KINDS.get(one.tag, one.tag) + _PLACES[len(one.index)].format(*one.index),
            number(problem.parameters[name]),
        ]
        for name, one in problem.network.lines.parameters.items()
    ]
    return table(["parameter", "what it is", "value"], rows)


def data_line(problem: Problem) -> str:
    """Inputs, targets and learning rate; a table of samples for a batch."""
    network, rate = problem.network, equals(problem, "learning_rate", problem.learning_rate)
    names = (*network.inputs, *network.targets)
    if problem.is_batch:
        rows = [[str(i), *map(number, row)] for i, row in enumerate(problem.rows, 1)]
        return table(["sample", *(maths(network, name) for name in names)], rows) + f"\n\nLearning rate {rate}."
    values = [equals(network, name, problem.givens[name]) for name in names]
    return f"Inputs and targets: {in_words(values)}. Learning rate {rate}."


def update_lines(problem: Problem) -> str:
    """The lines of an update rule, for the first parameter, and what it remembers of earlier updates."""
    rule, names = problem.update, problem.derivation.quantities
    first = problem.network.parameters[0]
    lines = [step for step in problem.derivation if step.role is Role.UPDATE]
    shown = [one for one in lines if one.quantity.of is None or one.quantity.of.name == first]
    each = "\n".join(f"- ${one.quantity.latex} = {expr_latex(one.rhs, names)}$" for one in shown)
    constants = in_words([equals(problem, name, value) for name, value in rule.constants.items()])
    decays = " Weights decay, biases do not." if rule.weight_decay else ""
    olds = [equals(problem, old, value) for name, value in problem.state.items() if (old := f"{name}_old") in names]
    before = f"\n\nBefore this update: {in_words(olds)}." if olds else ""
    return (
        f"The update rule is {type(rule).__name__} with {constants}. Here it is for {maths(problem, first)}; the other "
        f"parameters have lines of the same form.{decays}\n\n{each}{before}"
    )


def givens(problem: Problem) -> str:
    """Everything that is given, for a learner who has only this page."""
    kept = "" if problem.train_biases or not problem.network.biases else " The biases stay as they are."
    rule = "" if problem.update == GradientDescent() else f"\n\n{update_lines(problem)}"
    return f"{architecture(problem.network)}\n\n{weights_table(problem)}\n\n{data_line(problem)}{kept}{rule}"
