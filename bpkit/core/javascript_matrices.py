"""Prints the matrix form as JavaScript: one program for networks of any depth and width, chosen while a page runs.

A line of the matrix form says the same for each hidden layer, up to the number of the layer. So it is printed once, for
layer l, as loops over the rows and columns of its arrays; a product of matrices is a loop that adds up. Everything that
is calculus comes from the lines; what stands around them (``javascript_matrices.js``) makes arrays and keeps order.

The module that ``layered`` prints holds these functions; x and y are rows of numbers in one ``Float64Array``:

- ``make(sizes, hidden, output)`` a network of zeros: ``theta`` all that training changes, ``gradient``; layer by layer
  ``W[l]`` (a row for each source), ``b[l]``, ``dW[l]``, ``db[l]``, ``net[l]``, ``out[l]``, ``delta[l]``, from 1 on
- ``initial(model, normal, scheme, scale)`` draws its weights as ``initial_parameters`` does
- ``order(model)`` the place in ``theta`` and ``gradient`` of each parameter, in the order of their default names
- ``forward(model, x, n)`` the outputs of n samples; ``out[l]`` has those of each layer
- ``loss(model, x, y, n)`` and ``gradients(model, x, y, n)`` the loss, and what it finds on the way back
- ``update(model, constants)`` one update; ``constants`` are ``learning_rate`` and the update rule's own, by name
- ``train(model, x, y, n, constants, {updates, batch, first})`` many, over all samples or over mini-batches
- ``gradientSizes(model)`` the root mean square of each layer's derivatives
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from bpkit.core.errors import BpkitError
from bpkit.core.functions import Activation, Own
from bpkit.core.functions import activation as find_activation
from bpkit.core.initial import SPREADS
from bpkit.core.javascript import expression, module
from bpkit.core.javascript_loops import Function, function, root, word
from bpkit.core.matrices import MatrixDerivation, MatrixStep
from bpkit.core.network import Network
from bpkit.core.network import layered as layered_network
from bpkit.core.problem import Problem
from bpkit.core.quantities import Role
from bpkit.core.updates import STATE

DEPTH = 3  # hidden layers of the networks that lines are taken from: a first, a last, and one between them
TITLE, AROUND = Path(__file__).with_suffix(".js").read_text(encoding="utf-8").strip().split("\n\n", 1)
Kinds = Iterable[str | Activation]


def layered(problem: Problem, hidden: Kinds = (), outputs: Kinds = ()) -> str:
    """Write the ES module for networks with a problem's outputs, loss, update rule and kind of biases, of any size.

    ``hidden`` and ``outputs`` are the activations that ``make`` may be asked for, those of the problem unless given.
    Errors: ``BpkitError`` where a line has no reading in matrices, or is another one in another layer.
    """
    network = layered_network(problem.network, "layered")
    kinds = network.activations
    inner = [*dict.fromkeys(map(find_activation, hidden))] or [*dict.fromkeys(kinds[:-1])]
    outer = [*dict.fromkeys(map(find_activation, outputs))] or [kinds[-1]]
    if not inner:
        raise BpkitError("layered: expected an activation for hidden layers, got none; give hidden=['tanh']")
    program = _Program()
    for one in inner:
        program.read(_reference(problem, one, outer[0]), hidden=True)
    for one in outer:
        program.read(_reference(problem, inner[0], one), hidden=False)
    return program.text(network)


def places(network: Network) -> dict[str, int]:
    """Where each parameter is in ``theta`` and ``gradient``, by its name, in the network's order."""
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
    numbers = dict.fromkeys(network.parameters, 0.0)
    targets = [[0.0] * len(network.targets)] if network.targets else None
    own = Problem(
        network, numbers, [[0.0, 0.0]], targets, 1.0, problem.train_biases, update=problem.update, batch=problem.batch
    )
    return own.derivation.matrices()


class _Program:
    """Collects the functions of lines, each text once, and which of them a layer of each kind runs."""

    def __init__(self) -> None:
        self.functions: dict[Function, str] = {}
        self.layers: dict[bool, dict[str, dict[str, list[str]]]] = {True: {}, False: {}}
        self.updates: dict[str, str] = {}  # for W and b, and for what is one number for all layers
        self.arrays: dict[str, str] = {}  # each array in theta, and the one that has its shape
        self.own: list[Own] = []

    def read(self, form: MatrixDerivation, hidden: bool) -> None:
        """Take in the lines of hidden layers, or those of the outputs; and those of updates."""
        network = form.derivation.network
        self.own += network.functions
        kind = network.activations[0 if hidden else -1].name
        lines: dict[tuple[str, str], list[list[MatrixStep]]] = {}
        updates: dict[str, dict[int, list[MatrixStep]]] = {}
        self.arrays |= {name: name for name in ("W", "b") if name == "W" or network.biases}
        for step in form:
            if step.stable is None:
                raise BpkitError(f"layered: expected lines that are matrices, got {step.name} = {step.family.shown}")
            if step.role is Role.UPDATE:
                about = word(root(step.quantity))
                if not step.stable.is_Symbol:  # else a parameter that is kept
                    updates.setdefault(about, {}).setdefault(step.quantity.block, []).append(step)
                if step.quantity.tag == STATE and step.quantity.of:
                    self.arrays[word(step.quantity)] = about
            elif (step.quantity.block <= DEPTH) == hidden:
                way = "total" if step.quantity.tag == "total" else _WAYS[step.role]
                lines.setdefault((way, word(step.quantity)), []).append([step])
        found: dict[str, list[str]] = {}
        for (way, what), each in lines.items():
            found.setdefault(way, []).append(self._name(each, _title(way, what, kind, hidden)))
        self.layers[hidden][kind] = found
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
        """The module."""
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
            f"const HIDDEN = {_layers(self.layers[True])};",
            f"const OUTPUTS = {_layers(self.layers[False])};",
            f"const UPDATES = [{', '.join(own)}], COUNTING = [{', '.join(counting)}];",
            f"const ARRAYS = {_object((name, _quoted(of)) for name, of in arrays)};",
            f"const SHAPES = {_object((name, f'(before, width) => {shape}') for name, shape in shapes.items())};",
            f"const COUNTS = [{', '.join(map(_quoted, counts))}];",
            f"const SPREADS = {_lines((one, f'(before, width) => {_spread(one)}') for one in SPREADS)};",
        ]
        for name in {name for one in self.own for name, *_ in one.definitions}:
            if re.search(rf"\b{name}\b(?!\()|function {name}\(", _joined([*(f.text for f in self.functions), AROUND])):
                raise BpkitError(
                    f"layered: expected a function with a name of its own, got {name!r}; give it another name"
                )
        return f"{lines}\n{TITLE}\n\n{_joined(tables)}\n\n{AROUND}\n"


_WAYS = {Role.FORWARD: "forward", Role.ADJOINT: "backward", Role.GRADIENT: "backward"}
_joined = "\n".join


def _title(way: str, what: str, kind: str, hidden: bool) -> str:
    """What a function of lines is called after: what it computes, and the activation where that makes it another."""
    what = "loss" if way == "total" else what
    if what in ("out", "loss", "delta"):
        what = f"{what}_{kind}"
    return what if hidden or not what.startswith("delta") else f"last_{what}"


def _spread(scheme: str) -> str:
    return str(expression(SPREADS[scheme]))


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
