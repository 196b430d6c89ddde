"""The declared architecture: layers, names, activation, loss; no numbers."""

from __future__ import annotations

import operator
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache, partial
from itertools import groupby, pairwise
from types import MappingProxyType
from typing import Any

import numpy as np
import sympy as sp

from bpkit.core.architecture import Architecture, Names, Start
from bpkit.core.errors import BpkitError, chosen, suggest
from bpkit.core.expressions import symbol
from bpkit.core.functions import HIDDEN, Activation
from bpkit.core.functions import activation as find_activation
from bpkit.core.lines import Lines
from bpkit.core.losses import LOSSES, Loss, check_loss
from bpkit.core.losses import loss as find_loss
from bpkit.core.names import is_taken, is_word
from bpkit.core.neurons import errors, net_input, outputs, whole_loss
from bpkit.core.quantities import Quantity

BIASES = ("layer", "neuron", "none")
Edge = tuple[str, str]


def natural(name: str) -> list[tuple[int, int, str]]:
    """Sort key that puts w10 after w9.

    >>> sorted(["w10", "w9"]), sorted(["w10", "w9"], key=natural)
    (['w10', 'w9'], ['w9', 'w10'])
    """
    parts = ("".join(part) for _, part in groupby(name, str.isdigit))
    return [(0, int(part), "") if part.isdigit() else (1, 0, part) for part in parts]


def _sizes(given: tuple[Any, ...]) -> tuple[int, ...]:
    """The sizes of the layers, given one by one or in a list.

    >>> _sizes((2, 2, 1)), _sizes(([2, 2, 1],))
    ((2, 2, 1), (2, 2, 1))
    """
    values = [*given[0]] if len(given) == 1 and isinstance(given[0], Iterable) else given
    with suppress(TypeError):
        sizes = tuple(map(operator.index, values))
        if len(sizes) > 1 and min(sizes) > 0 and bool not in map(type, values):
            return sizes
    raise BpkitError(
        "Network: expected two or more whole numbers of at least 1, the sizes of the layers, inputs first, "
        f"got {given!r}; write for example Network(2, 2, 2)"
    )


@dataclass(frozen=True, init=False, repr=False)
class Network(Architecture):
    """A fully connected network as it is drawn: inputs x1.., hidden neurons h1.., outputs o1.., and a name per weight.

    ``Network(2, 2, 2)`` has two inputs, two hidden and two output neurons. ``activation`` is a name or an
    ``Activation`` for all layers, or a sequence with one per layer after the inputs; ``loss`` is a name or a ``Loss``;
    ``bias`` is ``"layer"`` (b1, b2, .. shared by a layer), ``"neuron"`` (b_h1, b_o1, ..) or ``"none"``;
    ``weight_names`` maps pairs (source, target) to names and may name only some: the others keep w1, w2, .. by layer,
    target, source.
    With several hidden layers ``h1_2`` is neuron 2 of hidden layer 1.

    Activations: {activations}; softmax for the outputs only.
    Losses: {losses}.
    Shapes: one size for each layer, the inputs first, two or more. Units: none; it holds names, no numbers.
    Errors: ``BpkitError`` for what fits no network, with the name that was probably meant.
    Source: the lettering of the article "Mastering Backpropagation in Neural Network", AfterAcademy.

    >>> Network(2, 2, 2).weights["w5"]
    ('h1', 'o1')
    """

    sizes: tuple[int, ...]
    activations: tuple[Activation, ...]
    loss: Loss
    bias: str
    weight_of: Mapping[Edge, str]  # the name of the weight from source to target

    def __init__(
        self,
        *sizes: int | Sequence[int],
        activation: str | Activation | Sequence[str | Activation] = "sigmoid",
        loss: str | Loss = "half_squared_error",
        bias: str = "layer",
        weight_names: Mapping[Edge, str] | None = None,
    ) -> None:
        set_fields = vars(self).update  # the class is frozen
        set_fields(sizes=_sizes(sizes), loss=find_loss(loss), bias=chosen("bias", bias, BIASES))
        set_fields(activations=self._checked_activations(activation))
        check_loss(self.loss, self.activations[-1])
        set_fields(weight_of=MappingProxyType(self._checked_names({} if weight_names is None else weight_names)))

    def _checked_activations(self, given: object) -> tuple[Activation, ...]:
        layers = len(self.sizes) - 1
        each = list(given) if isinstance(given, Iterable) and not isinstance(given, str) else [given] * layers
        if len(each) != layers:
            raise BpkitError(
                f"activation: expected one for all layers or {layers}, one per layer after the inputs, got {len(each)}"
            )
        found = tuple(map(find_activation, each))
        if any(one.joint for one in found[:-1]):
            raise BpkitError(
                "activation: 'softmax' works in the output layer only, got it in a hidden layer; "
                "write for example activation=['tanh', 'softmax']"
            )
        return found

    def _checked_names(self, given: Mapping[Edge, str]) -> dict[Edge, str]:
        functions: dict[str, Activation | Loss] = {}
        for one in self.functions:
            for name, *_ in one.definitions:
                if functions.setdefault(name, one) != one:
                    what = type(one).__name__.lower()
                    raise BpkitError(f"{what}: expected a name of its own for each function, got {name!r} for two")
        if not isinstance(given, Mapping):
            raise BpkitError(f"weight_names: expected a dict such as {{('x1', 'h1'): 'w1', ..}}, got {given!r}")
        edges = [(s, t) for before, after in pairwise(self.layers) for t in after for s in before]
        names = {edge: given.get(edge, f"w{number}") for number, edge in enumerate(edges, 1)}
        for pair in (pair for pair in given if pair not in names):
            wanted = f"{pair[0]} to {pair[1]}" if isinstance(pair, tuple) and len(pair) == 2 else pair
            near = suggest(wanted, (f"{s} to {t}" for s, t in edges))
            raise BpkitError(f"weight_names: this network has no weight from {wanted}{near}")
        owner: dict[str, Edge] = {}
        for edge, name in names.items():
            if not is_word(name) or is_taken(name) or name in functions:
                raise BpkitError(
                    f"weight_names: {edge[0]} to {edge[1]} needs a plain word of its own, such as 'w1' or 'theta_3', "
                    f"got {name!r}; names of quantities, of functions and of Python are taken"
                )
            if owner.setdefault(name, edge) != edge:
                raise BpkitError(
                    f"weight_names: each weight needs a name of its own, got {name!r} twice; name them all"
                )
        return names

    @cached_property
    def places(self) -> tuple[tuple[Quantity, ...], ...]:
        """The neurons layer by layer, inputs first, as places that quantities stand at.

        >>> [place.neuron for place in Network(1, 2, 2, 1).places[1]]
        ['h1_1', 'h1_2']
        """
        hidden = len(self.sizes) - 2
        letters = ["x", *(("h" if hidden == 1 else f"h{layer}_") for layer in range(1, hidden + 1)), "o"]
        return tuple(
            tuple(Quantity("", letter, (i,), block=layer) for i in range(1, size + 1))
            for layer, (letter, size) in enumerate(zip(letters, self.sizes, strict=True))
        )

    @cached_property
    def layers(self) -> tuple[tuple[str, ...], ...]:
        """The neurons' names, layer by layer, inputs first.

        >>> Network(1, 2, 1).layers
        (('x1',), ('h1', 'h2'), ('o1',))
        """
        return tuple(tuple(place.neuron for place in row) for row in self.places)

    @cached_property
    def layer_of(self) -> Mapping[str, int]:
        """The layer that each neuron stands in; the inputs are 0.

        >>> Network(1, 2, 1).layer_of["h2"]
        1
        """
        return MappingProxyType({name: layer for layer, row in enumerate(self.layers) for name in row})

    @property
    def inputs(self) -> tuple[str, ...]:
        return self.layers[0]

    @property
    def outputs(self) -> tuple[str, ...]:
        return self.layers[-1]

    @cached_property
    def targets(self) -> tuple[str, ...]:
        """The targets' names; none where the loss needs none.

        >>> Network(1, 2).targets, Network(1, 2, loss="output").targets
        (('y1', 'y2'), ())
        """
        if not self.loss.needs_targets:
            return ()
        return tuple(f"y{i}" for i in range(1, self.sizes[-1] + 1))

    @cached_property
    def weights(self) -> Mapping[str, Edge]:
        """Each weight's name and the neurons that it joins, in natural order by layer.

        >>> dict(Network(2, 1).weights)
        {'w1': ('x1', 'o1'), 'w2': ('x2', 'o1')}
        """
        rows = sorted(self.weight_of.items(), key=lambda row: (self.layer_of[row[0][0]], natural(row[1])))
        return MappingProxyType({name: edge for edge, name in rows})

    @cached_property
    def biases(self) -> Mapping[str, tuple[str, ...]]:
        """Each bias's name and the neurons that it feeds.

        >>> dict(Network(1, 2).biases), dict(Network(1, 2, bias="neuron").biases)
        ({'b1': ('o1', 'o2')}, {'b_o1': ('o1',), 'b_o2': ('o2',)})
        """
        rows = () if self.bias == "none" else self.layers[1:]
        if self.bias == "layer":
            return MappingProxyType({f"b{layer}": row for layer, row in enumerate(rows, 1)})
        return MappingProxyType({f"b_{neuron}": (neuron,) for row in rows for neuron in row})

    @cached_property
    def bias_of(self) -> Mapping[str, str]:
        """The name of the bias that feeds a neuron.

        >>> dict(Network(1, 2).bias_of)
        {'o1': 'b1', 'o2': 'b1'}
        """
        return MappingProxyType({neuron: name for name, row in self.biases.items() for neuron in row})

    @cached_property
    def parameters(self) -> tuple[str, ...]:
        """Every weight and bias, by name.

        >>> Network(2, 1).parameters
        ('w1', 'w2', 'b1')
        """
        return (*self.weights, *self.biases)

    @cached_property
    def tables(self) -> Mapping[str, Names]:
        """W1 has a row for each source and a column for each target, b1 the biases.

        >>> Network(2, 3).tables["W1"].tolist()
        [['w1', 'w3', 'w5'], ['w2', 'w4', 'w6']]
        """
        found: dict[str, Names] = {}
        for number, (before, after) in enumerate(pairwise(self.layers), 1):
            found[f"W{number}"] = np.array([[self.weight_of[s, t] for t in after] for s in before], dtype=object)
            if self.biases:
                found[f"b{number}"] = np.array([self.bias_of[neuron] for neuron in after], dtype=object)
        return MappingProxyType(found)

    @cached_property
    def starts(self) -> Mapping[str, Start]:
        size = {neuron: len(row) for row in self.layers for neuron in row}
        drawn = {name: Start(size[source], size[target]) for name, (source, target) in self.weights.items()}
        return MappingProxyType({**drawn, **dict.fromkeys(self.biases, Start())})

    @cached_property
    def lines(self) -> Lines:
        """The forward pass as lines, from which ``derive`` writes all the others."""
        return _lines(self)

    @property
    def functions(self) -> tuple[Activation | Loss, ...]:
        """What its generated code may call."""
        return (*self.activations, self.loss)

    def with_bias(self, policy: str) -> Network:
        given: dict[str, Any] = {"activation": self.activations, "loss": self.loss}
        return Network(self.sizes, **given, bias=policy, weight_names=self.weight_of)

    @cached_property
    def _hash(self) -> int:
        return hash((self.sizes, self.activations, self.loss, self.bias, *self.weight_of.items()))

    def __hash__(self) -> int:
        return self._hash  # asked again and again, and long to find for a wide network

    def __reduce__(self) -> tuple[Any, ...]:
        """What pickling keeps: what a person gave."""
        named: dict[str, Any] = {"activation": self.activations, "loss": self.loss, "bias": self.bias}
        return partial(Network, *self.sizes, **named, weight_names=dict(self.weight_of)), ()

    def __repr__(self) -> str:
        named = [f"weight_names={self.renamed!r}"] if self.renamed else []
        return f"Network({', '.join([*map(str, self.sizes), self.chosen, *named])})"

    @property
    def chosen(self) -> str:
        """What is chosen beside the sizes, as code: its activation, its loss and its bias.

        >>> Network(2, 1, loss="squared_error").chosen
        "activation='sigmoid', loss='squared_error', bias='layer'"
        """
        kinds = [one.name if one.built_in else one for one in self.activations]
        named = {
            "activation": kinds[0] if kinds.count(kinds[0]) == len(kinds) else kinds,
            "loss": self.loss.name if self.loss.built_in else self.loss,
            "bias": self.bias,
        }
        return ", ".join(f"{key}={value!r}" for key, value in named.items())

    @property
    def renamed(self) -> dict[Edge, str]:
        """The weights that are not called w1, w2, .. by layer, target, source.

        >>> Network(2, 1, weight_names={("x2", "o1"): "theta_1"}).renamed
        {('x2', 'o1'): 'theta_1'}
        """
        return {edge: name for number, (edge, name) in enumerate(self.weight_of.items(), 1) if name != f"w{number}"}


def layered(architecture: Architecture, verb: str) -> Network:
    """The network itself; an error that says so where it is a model of other blocks."""
    if not isinstance(architecture, Network):
        raise BpkitError(f"{verb}: expected a fully connected Network, got {architecture!r}; write Network(2, 2, 2)")
    return architecture


Network.__doc__ = (
    (Network.__doc__ or "").replace("{activations}", ", ".join(HIDDEN)).replace("{losses}", ", ".join(LOSSES))
)


@lru_cache(maxsize=256)
def _lines(network: Network) -> Lines:
    """Drawn numbers come with networks that are equal: their lines are written once."""
    lines, last = Lines(), len(network.sizes) - 1
    place = {one.neuron: one for row in network.places for one in row}
    signals = {one.neuron: lines.given(Quantity("x", index=one.index, tag="input")) for one in network.places[0]}
    for name, (source, target) in network.weights.items():
        layer, index = place[target].block, place[source].index + place[target].index
        lines.parameter(Quantity(f"W_{layer}", index=index, tag="weight", block=layer, spelled=name))
    for name, (first, *_) in network.biases.items():
        layer = place[first].block
        shared = Quantity(f"b_{layer}", tag="bias", block=layer, spelled=name)
        lines.parameter(shared if network.bias == "layer" else replace(place[first], letter="b", tag="bias"))
    each = not network.activations[-1].joint  # each output has an error of its own
    for layer, activation in enumerate(network.activations, 1):
        lines.stage(each and layer == last, slopes_first=layer == last)
        nets = [_net_input(network, lines, target, signals) for target in network.places[layer]]
        lines.stage(layer == last or (each and layer == last - 1))
        outs = [replace(one, letter="out", tag="out") for one in network.places[layer]]
        found = outputs(lines, nets, outs, activation)
        signals = {one.neuron: symbol for one, symbol in zip(outs, found)}
    ys = [Quantity("y", index=one.index, tag="target", block=last) for one in network.places[-1]]
    for y in ys if network.loss.needs_targets else ():
        lines.given(y)
    lines.stage()
    whole_loss(lines, errors(lines, network.loss, outs, ys, nets, activation, by_error=each), last)
    return lines


def _net_input(network: Network, lines: Lines, place: Quantity, signals: Mapping[str, sp.Symbol]) -> sp.Symbol:
    neuron, first = place.neuron, place.block == 1
    terms = [
        (
            symbol(network.weight_of[source, neuron]),
            signal,
            f"the input {signal}" if first else f"the output of {source}",
        )
        for source, signal in signals.items()
    ]
    bias = symbol(network.bias_of[neuron]) if neuron in network.bias_of else None
    reason = f"net input of {neuron}: each {'input' if first else 'hidden output'} times its weight"
    return net_input(lines, replace(place, letter="net", tag="net"), terms, bias, reason)
