"""Prints the matrix form as JavaScript: one program for networks of any depth and width, chosen while a page runs.

A line of the matrix form says the same for each hidden layer, up to the number of the layer. So it is printed once, for
layer l, as loops over the rows and columns of its arrays; a product of matrices is a loop that adds up. Everything that
is calculus comes from the lines; what stands around them (``javascript_matrices.js``) makes arrays and keeps order.

The module that ``layered`` prints holds these functions; x and y are rows of numbers in one ``Float64Array``:

- ``make(sizes, hidden, output, past)`` a network of zeros: ``theta`` all that training changes, ``gradient``; by
  layer, from 1 on: ``W[l]`` (a row for each source), ``b[l]``, ``dW[l]``, ``db[l]``, ``net[l]``, ``out[l]``, and
  ``delta[l]``
- ``initial(model, normal, scheme, scale)`` draws its weights as ``initial_parameters`` does
- ``order(model)`` the place in ``theta`` and ``gradient`` of each parameter, in the order of their default names
- ``forward(model, x, n)`` the outputs of n samples; ``out[l]`` has those of each layer
- ``loss(model, x, y, n)`` and ``gradients(model, x, y, n)`` the loss, and what it finds on the way back
- ``update(model, constants)`` one update; ``constants`` are ``learning_rate`` and the update rule's own, by name
- ``train(model, x, y, n, constants, {updates, batch, first})`` many, over all samples or over mini-batches
- ``gradientSizes(model, n)`` the root mean square of each layer's derivatives, and of the deltas of n samples
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

from bpkit.core.blocks import Dense, Residual
from bpkit.core.errors import BpkitError
from bpkit.core.functions import Activation, Own
from bpkit.core.functions import activation as find_activation
from bpkit.core.initial import SPREADS
from bpkit.core.javascript import expression, module
from bpkit.core.javascript_loops import Function, function, word
from bpkit.core.matrices import MatrixDerivation, MatrixStep, read_matrices
from bpkit.core.model import Model
from bpkit.core.network import Network
from bpkit.core.network import layered as layered_network
from bpkit.core.problem import Problem
from bpkit.core.quantities import Quantity, Role
from bpkit.core.updates import STATE

DEPTH = 3  # hidden layers of the networks that lines are taken from: a first, a last, and one between them
HIDDEN, OUTPUT = dict.fromkeys(range(1, DEPTH + 1), "hidden"), {DEPTH + 1: "output"}  # places of their layers
PAST = {1: "first", 2: "between", 3: "between", 4: "last"}  # of those with ways past them, which differ by place
TITLE, AROUND = Path(__file__).with_suffix(".js").read_text(encoding="utf-8").strip().split("\n\n", 1)
Kinds = Iterable[str | Activation]


def layered(problem: Problem, hidden: Kinds = (), outputs: Kinds = (), past: bool = False) -> str:
    """Write the ES module for networks with a problem's outputs, loss, update rule and kind of biases, of any size.

    ``hidden`` and ``outputs`` are the activations that ``make`` may be asked for, those of the problem unless given.
    With ``past`` it may be asked for a way past each hidden layer after the first, if all are equally wide and each
    neuron has a bias.
    Errors: ``BpkitError`` where a line has no reading in matrices, or is another one in another layer.
    """
    network = layered_network(problem.network, "layered")
    kinds = network.activations
    inner = [*dict.fromkeys(map(find_activation, hidden))] or [*dict.fromkeys(kinds[:-1])]
    outer = [*dict.fromkeys(map(find_activation, outputs))] or [kinds[-1]]
    if not inner:
        raise BpkitError("layered: expected an activation for hidden layers, got none; give hidden=['tanh']")
    if past and network.bias != "neuron":
        raise BpkitError(f"layered: expected a bias for each neuron, got bias={network.bias!r}; leave out past=True")
    like = Network(2, len(network.outputs), activation=outer[0], loss=network.loss, bias=network.bias)
    return _layered(_zeros(problem, like), tuple(inner), tuple(outer), past)


@lru_cache(maxsize=16)
def _layered(problem: Problem, inner: tuple[Activation, ...], outer: tuple[Activation, ...], past: bool) -> str:
    """The module; of the problem it needs nothing but what a network of one layer has."""
    program = _Program()
    for one in inner:
        program.read(_reference(problem, one, outer[0]), one, HIDDEN)
    for one in outer:
        program.read(_reference(problem, inner[0], one), one, OUTPUT)
    for one in inner * past:
        program.read(_reference_past(problem, one, outer[0]), one, PAST)
    return program.text(layered_network(problem.network, "layered"))


def places(network: Network) -> dict[str, int]:
    """Where each parameter is in ``theta`` and ``gradient``, by its name, in the network's order.

    >>> import bpkit as bp
    >>> places(bp.Network(2, 1))
    {'w1': 0, 'w2': 1, 'b1': 2}
    """
    at: dict[tuple[str, str], int] = {}
    start = 0
    for before, row in zip(network.layers, network.layers[1:]):
        at |= {(s, t): start + k * len(row) + j for k, s in enumerate(before) for j, t in enumerate(row)}
        start += len(before) * len(row)
    return {name: at[edge] for name, edge in network.weights.items()} | {
        name: start + n for n, name in enumerate(network.biases)
    }


def _reference(problem: Problem, hidden: Activation, output: Activation) -> MatrixDerivation:
    """The matrix form of a small network like those that are asked for."""
    given = problem.network
    sizes = (2, 2, 3, 2, len(given.outputs))
    network = Network(*sizes, activation=[*[hidden] * DEPTH, output], loss=given.loss, bias=given.bias)
    return _zeros(problem, network).derivation.matrices()


def _reference_past(problem: Problem, hidden: Activation, output: Activation) -> MatrixDerivation:
    """The matrix form of a small network with a way past each hidden layer after the first."""
    first, *others = [Dense(2, hidden) for _ in PAST]
    last = Dense(len(problem.network.outputs), output)
    model = Model(2, first, *map(Residual, others), last, loss=problem.network.loss)
    form = read_matrices(_zeros(problem, model).derivation, samples=True)
    own = {step.quantity.block for step in form if step.quantity.tag == "skip"}  # blocks that pass on something else

    def told(quantity: Quantity) -> Quantity:
        inner = quantity.tag == "out" and not quantity.of and quantity.block in own
        return replace(quantity, tag="inner") if inner else quantity

    names = {name: told(quantity) for name, quantity in form.steps[0].names.items()}
    return replace(form, steps=tuple(replace(one, quantity=told(one.quantity), names=names) for one in form))


def _zeros(problem: Problem, network: Network | Model) -> Problem:
    """A problem like the given one with other layers; its numbers play no part."""
    numbers = dict.fromkeys(network.parameters, 0.0)
    targets = [[0.0] * len(network.targets)] if network.targets else None
    return Problem(
        network, numbers, [[0.0, 0.0]], targets, 1.0, problem.train_biases, update=problem.update, batch=problem.batch
    )


class _Program:
    """Collects the functions of lines, each text once, and which of them a layer of each kind runs."""

    def __init__(self) -> None:
        self.functions: dict[Function, str] = {}
        self.layers: dict[str, dict[str, dict[str, list[str]]]] = defaultdict(dict)
        self.updates: dict[str, str] = {}  # for W and b, and for what is one number for all layers
        self.arrays: dict[str, str] = {}  # each array in theta, and the one that has its shape
        self.own: list[Own] = []

    def read(self, form: MatrixDerivation, kind: Activation, places: Mapping[int, str]) -> None:
        """Take in the lines of layers with such an activation, by their places, and those of updates."""
        network = form.derivation.network
        self.own += network.functions
        lines: dict[tuple[str, str, str], list[list[MatrixStep]]] = {}
        updates: dict[str, dict[int, list[MatrixStep]]] = {}
        self.arrays |= {name: name for name in ("W", "b") if name == "W" or network.biases}
        for step in form:
            if step.stable is None:
                raise BpkitError(f"layered: expected lines that are matrices, got {step.name} = {step.family.shown}")
            if step.role is Role.UPDATE:
                about = word(step.quantity.subject)
                if not step.stable.is_Symbol:  # else a parameter that is kept
                    updates.setdefault(about, {}).setdefault(step.quantity.block, []).append(step)
                if step.quantity.tag == STATE and step.quantity.of:
                    self.arrays[word(step.quantity)] = about
            elif step.quantity.block in places:
                way = "total" if step.quantity.tag == "total" else _WAYS[step.role]
                lines.setdefault((places[step.quantity.block], way, word(step.quantity)), []).append([step])
        for (place, way, what), each in sorted(lines.items(), key=lambda one: one[0][0] != "between"):
            found = self.layers[place].setdefault(kind.name, {})
            found.setdefault(way, []).append(self._name(each, _title(way, what, kind.name, place)))
        for what, layers in updates.items():
            self.updates[what] = self._name([*layers.values()], f"{what}_new")

    def _name(self, each: Sequence[Sequence[MatrixStep]], title: str) -> str:
        """The name of the function that says the lines of every layer."""
        first, *others = map(function, each)
        if any(one.text != first.text for one in others):
            raise BpkitError(f"layered: expected lines that are the same in every layer, got others for {title}")
        for one, name in self.functions.items():
            if one.text == first.text:
                return name
        self.functions[first] = f"line_{title}"
        return self.functions[first]

    def text(self, network: Network) -> str:
        """The whole module as JavaScript."""
        lines = module(*(f.text.replace("NAME", name, 1) for f, name in self.functions.items()), functions=self.own)
        for one, name in self.functions.items():
            lines = lines.replace(f"function {name}(", f"// {one.says}\nfunction {name}(", 1)
        shapes = {"W": "before*width", "b": "width" if network.bias == "neuron" else "1"}
        own = [name for what, name in self.updates.items() if what in shapes]
        counts = [what for what in self.updates if what not in shapes]
        counting = [self.updates[what] for what in counts]
        arrays = sorted(self.arrays.items(), key=lambda pair: pair[0] != pair[1])  # first the parameters
        tables = [
            f"const WIDTH = {len(network.outputs)};  // of the outputs",
            f"const HIDDEN = {_layers(self.layers['hidden'])};",
            f"const OUTPUTS = {_layers(self.layers['output'])};",
            f"const PAST = {_object((place, _layers(self.layers[place])) for place in dict.fromkeys(PAST.values()))};",
            f"const UPDATES = [{', '.join(own)}], COUNTING = [{', '.join(counting)}];",
            f"const ARRAYS = {_object((name, _quoted(of)) for name, of in arrays)};",
            f"const SHAPES = {_object((name, f'(before, width) => {shape}') for name, shape in shapes.items())};",
            f"const COUNTS = [{', '.join(map(_quoted, counts))}];",
            f"const SPREADS = {_lines((one, f'(before, width) => {expression(SPREADS[one])}') for one in SPREADS)};",
        ]
        for name in {name for one in self.own for name, *_ in one.definitions}:
            if re.search(rf"\b{name}\b(?!\()|function {name}\(", _joined([*(f.text for f in self.functions), AROUND])):
                raise BpkitError(
                    f"layered: expected a function with a name of its own, got {name!r}; give it another name"
                )
        return f"{lines}\n{TITLE}\n\n{_joined(tables)}\n\n{AROUND}\n"


_WAYS = {Role.FORWARD: "forward", Role.ADJOINT: "backward", Role.GRADIENT: "backward"}
_joined = "\n".join


def _title(way: str, what: str, kind: str, place: str) -> str:
    """What a function of lines is called after: what it computes, and the activation where that makes it another."""
    what = "loss" if way == "total" else what
    sums = what == "out" and place in ("between", "last")  # the same for each activation
    if what in ("out", "inner", "loss", "delta") and not sums:
        what = f"{what}_{kind}"
    if place == "output":
        return f"last_{what}" if what.startswith("delta") else what
    return {"hidden": "", "between": "past_"}.get(place, f"past_{place}_") + what


def _quoted(text: str) -> str:
    return f'"{text}"'


def _object(pairs: Iterable[tuple[str, str]]) -> str:
    return f"{{{', '.join(f'{name}: {value}' for name, value in pairs)}}}"


def _lines(pairs: Iterable[tuple[str, str]]) -> str:
    return _joined(["{", *(f"  {name}: {value}," for name, value in pairs), "}"])


def _layers(kinds: Mapping[str, Mapping[str, Sequence[str]]]) -> str:
    """For each activation which functions a layer runs on the way there and back."""
    rows = []
    for kind, ways in kinds.items():
        lists = ((way, names[0] if way == "total" else f"[{', '.join(names)}]") for way, names in ways.items())
        rows.append((_quoted(kind), _object(lists)))
    return _lines(rows)
