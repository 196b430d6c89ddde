"""Problems and quantities in words and formulas, as Markdown that notebooks and pages share."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import lru_cache

from bpkit.core.architecture import Architecture
from bpkit.core.blocks.description import function
from bpkit.core.derivation import Derivation, derive
from bpkit.core.expressions import names_in
from bpkit.core.model import Model
from bpkit.core.network import Network, layered
from bpkit.core.problem import Problem
from bpkit.core.quantities import Role
from bpkit.core.spelling import expr_latex, number_latex, typeset
from bpkit.core.spelling import in_words as in_words
from bpkit.core.updates import GradientDescent
from bpkit.exercises.questions.block_words import told


def maths(model: Architecture | Problem, name: str) -> str:
    r"""The name of one of a model's quantities as a formula in the text.

    >>> print(maths(Network(1, 1), "dE_total/dw1"))
    $\frac{\partial E}{\partial w_{1}}$
    """
    return f"${derive(model).quantities[name].latex}$"


def equals(model: Architecture | Problem, name: str, value: float) -> str:
    """A quantity and its number, as a formula in the text.

    >>> print(equals(Network(1, 1), "w1", -0.25))
    $w_{1} = -0.25$
    """
    return f"${derive(model).quantities[name].latex} = {number_latex(value)}$"


@lru_cache(maxsize=256)
def architecture(model: Architecture) -> str:
    """A network in two sentences, its layers, what its neurons compute, and its loss; a model block by block."""
    if isinstance(model, Model):
        return f"{told(model)}\n\n{_loss(model)}"
    network = layered(model, "words")
    return f"{layers(network)} {_activations(network)} {_loss(model)}"


def _loss(model: Architecture) -> str:
    expr = expr_latex(model.loss.expr, {})
    each = rf"\left({expr}\right)" if model.loss.expr.is_Add else expr
    loss = f"{model.loss.written}, $E = \\sum {each}$"
    return f"Loss: {loss}, over all outputs."


def layers(network: Network) -> str:
    """How many neurons a network has in each layer, in a sentence.

    >>> layers(Network(2, 3, 1))
    'A network of 2 inputs, 3 hidden neurons and 1 output.'
    """
    kinds = ["input", *(["hidden"] * (len(network.sizes) - 2)), "output"]
    each = [
        f"{size} {kind}{'s' if kind != 'hidden' and size > 1 else ''}"
        + (f" neuron{'s' if size > 1 else ''}" if kind == "hidden" else "")
        for size, kind in zip(network.sizes, kinds)
    ]
    return f"A network of {in_words(each)}."


def _activations(network: Network) -> str:
    rows = {activation.name: activation for activation in network.activations}
    each = [function(activation) for activation in rows.values()]
    if len(rows) > 1:
        each = [f"{function(one)} in layer {i}" for i, one in enumerate(network.activations, 1)]
    return f"Activation: {in_words(each)}."


def ways(network: Network) -> str:
    """Every weight of a network and what it joins, in a line.

    >>> ways(Network(2, 1))
    '$w_{1}$ x₁→o1, $w_{2}$ x₂→o1'
    """
    names = network.lines.quantities
    joined = {name: "→".join(typeset(end, names) for end in ends) for name, ends in network.weights.items()}
    return ", ".join(f"{maths(network, name)} {ends}" for name, ends in joined.items())


def _cell(value: float) -> str:
    """A number of a table, typeset, so that its minus is one."""
    return f"${number_latex(value)}$"


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table in Markdown, with a head and rows.

    >>> print(table(["weight", "value"], [["w1", "0.25"]]))
    | weight | value |
    | --- | --- |
    | w1 | 0.25 |
    """
    return "\n".join("| " + " | ".join(cells) + " |" for cells in (head, ["---"] * len(head), *rows))


def weights_table(problem: Problem) -> str:
    """Every weight and bias: its name, what it joins, its number; of a model its place in its array."""
    if isinstance(problem.network, Model):
        return _arrays_table(problem)
    network = layered(problem.network, "weights_table")
    values, names = problem.parameters, network.lines.quantities
    rows = [
        [maths(network, name), *(typeset(neuron, names) for neuron in ends), _cell(values[name])]
        for name, ends in network.weights.items()
    ]
    rows += [
        [maths(network, name), "bias of", " ".join(typeset(neuron, names) for neuron in fed), _cell(values[name])]
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
            _cell(problem.parameters[name]),
        ]
        for name, one in problem.network.lines.parameters.items()
    ]
    return table(["parameter", "what it is", "value"], rows)


def data_line(problem: Problem) -> str:
    r"""Inputs, targets and learning rate; a table of samples for a batch.

    >>> import bpkit as bp
    >>> print(data_line(bp.examples.article.problem))
    Inputs and targets: $x_{1} = 0.1$, $x_{2} = 0.2$, $y_{1} = 0.05$ and $y_{2} = 0.95$. Learning rate $\eta = 0.5$.
    """
    network, rate = problem.network, equals(problem, "learning_rate", problem.learning_rate)
    names = (*network.inputs, *network.targets)
    if problem.is_batch:
        rows = [[str(i), *map(_cell, row)] for i, row in enumerate(problem.rows, 1)]
        return table(["sample", *(maths(network, name) for name in names)], rows) + f"\n\nLearning rate {rate}."
    values = [equals(network, name, problem.givens[name]) for name in names]
    return f"Inputs and targets: {in_words(values)}. Learning rate {rate}."


def needed(problem: Problem, asks: Sequence[str]) -> frozenset[str]:
    """The names of all that some quantities depend on: given numbers, and the lines computed from them.

    >>> import bpkit as bp
    >>> sorted(needed(bp.examples.article.problem, ["net_h1"]))
    ['b1', 'net_h1', 'w1', 'w4', 'x1', 'x2']
    """
    return _needed(problem.derivation, tuple(asks))


@lru_cache(maxsize=512)
def _needed(derivation: Derivation, asks: tuple[str, ...]) -> frozenset[str]:
    lines = (step for name in asks for step in derivation.toward(name))
    return frozenset(name for step in lines for name in names_in(step.rhs) | {step.name})


def brief(problem: Problem, asks: Sequence[str], pictured: bool = True, known: Collection[str] = ()) -> str:
    """What a learner needs for some quantities beside the picture of the network, or without one.

    ``known`` is what they read elsewhere: given numbers by name, ``activation``, ``loss``.
    """
    network, used = problem.network, needed(problem, asks)
    blocks = isinstance(network, Model)
    said = [] if blocks or pictured else [layers(layered(network, "brief"))]
    if not blocks and "activation" not in known and computes(used):
        said.append(_activations(layered(network, "brief")))
    if "loss" not in known and not used.isdisjoint(network.targets):
        said.append(_loss(network))
    rate = f"Learning rate {equals(problem, 'learning_rate', problem.learning_rate)}."
    rates = [rate] if "learning_rate" in used and "learning_rate" not in known else []
    if "learning_rate" in used and problem.update == GradientDescent():
        kept = [] if problem.train_biases or not network.biases else ["The biases stay as they are."]
        said += [*rates, *kept]
    pieces = [told(network) if isinstance(network, Model) else "", " ".join(said)]
    if not pictured and not (known and used.intersection(network.parameters) <= {*known}):
        pieces.append(weights_table(problem))
    if problem.is_batch or not pictured:
        pieces.append(_data(problem, used, known))
    if "learning_rate" in used and problem.update != GradientDescent():
        pieces += [*rates, update_lines(problem)]
    return "\n\n".join(filter(None, pieces))


def computes(used: Collection[str]) -> bool:
    """Do some quantities need to know what the neurons compute?

    >>> computes(["net_h1", "w1"]), computes(["out_h1"])
    (False, True)
    """
    return any(name.startswith("out_") or "/dnet_" in name for name in used)


def in_a_table(problem: Problem, asks: Sequence[str]) -> str:
    """The numbers of a picture as tables."""
    return f"{weights_table(problem)}\n\n{_data(problem, needed(problem, asks))}"


def _data(problem: Problem, used: Collection[str], known: Collection[str] = ()) -> str:
    """Inputs, and targets where they are used; of a single sample those that are not known."""
    network = problem.network
    names = [name for name in (*network.inputs, *network.targets) if name in network.inputs or name in used]
    if problem.is_batch:
        places = [[*network.inputs, *network.targets].index(name) for name in names]
        rows = [[str(i), *(_cell(row[place]) for place in places)] for i, row in enumerate(problem.rows, 1)]
        return table(["sample", *(maths(network, name) for name in names)], rows)
    names = [name for name in names if name not in known]
    kinds = ["Inputs"] * (not {*names}.isdisjoint(network.inputs))
    kinds += ["Targets"] * (not {*names}.isdisjoint(network.targets))
    values = [equals(network, name, problem.givens[name]) for name in names]
    return f"{' and '.join(kinds).capitalize()}: {in_words(values)}." if names else ""


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
