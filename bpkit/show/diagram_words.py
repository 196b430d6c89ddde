"""The picture of a network in words: its alternative text, and what a test or a screen reader reads."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from bpkit.core.agreement import near_one
from bpkit.core.architecture import Architecture
from bpkit.core.network import Network
from bpkit.core.spelling import number
from bpkit.show import graph_words
from bpkit.show.graph_words import FLAT as FLAT

MOST = 60  # weights or neurons that are named one by one; a wide layer is told by its range


def words(network: Architecture, numbers: Mapping[str, float], highlight: Iterable[str] = (), digits: int = 6) -> str:
    """Every name with its number, where each weight goes, what is lit.

    >>> import bpkit as bp
    >>> words(bp.Network(1, 1, bias="none"), {"x1": 2, "w1": 0.5}, ["w1"]).split(". ")[1:]
    ['Inputs x1 = 2', 'Weights w1 = 0.5 from x1 to o1', 'Lit: w1.']
    """
    if not isinstance(network, Network):
        return graph_words.words(network, numbers, highlight, digits)
    return " ".join(f"{sentence}." for sentence in _sentences(network, numbers, tuple(highlight), digits))


def at_neuron(kind: str, neuron: str, numbers: Mapping[str, float], digits: int = 6) -> str:
    """A neuron's ``net`` or ``out`` behind its sign: ``= 0.7``, or ``≈ 1`` where the float is 1 by rounding.

    >>> at_neuron("out", "h1", {"out_h1": 0.25}), at_neuron("out", "h1", {"out_h1": 1.0, "net_h1": 40.0})
    ('= 0.25', '≈ 1')
    """
    value, net = numbers[f"{kind}_{neuron}"], numbers.get(f"net_{neuron}", 0.0)
    return f"≈ {value:g}" if kind == "out" and abs(value) == 1 and abs(net) > FLAT else f"= {near_one(value, digits)}"


def _sentences(
    network: Network, numbers: Mapping[str, float], highlight: tuple[str, ...], digits: int
) -> Iterator[str]:
    def show(name: str) -> str:
        return f"{name} = {number(numbers[name], digits)}" if name in numbers else name

    def at(neuron: str, kind: str) -> str:
        name = f"{kind}_{neuron}"
        return f"{name} {at_neuron(kind, neuron, numbers, digits)}" if name in numbers else name

    kinds = " and ".join(dict.fromkeys(one.written for one in network.activations))
    yield f"The {'-'.join(map(str, network.sizes))} network has {kinds} neurons, and its loss is {network.loss.written}"
    yield "Inputs " + ", ".join(map(show, network.inputs))
    yield _weights(network, numbers, digits)
    if network.biases:
        yield "Biases " + ", ".join(f"{show(name)} into {' and '.join(fed)}" for name, fed in network.biases.items())
    neurons = [neuron for layer in network.layers[1:] for neuron in layer]
    if any(f"net_{neuron}" in numbers for neuron in neurons):
        named = neurons if len(neurons) <= MOST else network.outputs
        yield "Neurons " + "; ".join(f"{at(neuron, 'net')}, {at(neuron, 'out')}" for neuron in named)
        pairs = zip(network.targets, network.outputs)
        yield "Targets " + "; ".join(f"{show(target)}, {show(f'E_{output}')}" for target, output in pairs)
    elif any(target in numbers for target in network.targets):
        yield "Targets " + ", ".join(map(show, network.targets))
    if "E_total" in numbers:
        yield f"Loss {show('E_total')}"
    if highlight:
        yield "Lit: " + ", ".join(highlight)


def _weights(network: Network, numbers: Mapping[str, float], digits: int) -> str:
    if len(network.weights) > MOST:
        known = [numbers[name] for name in network.weights if name in numbers]
        ends = f" between {number(min(known), digits)} and {number(max(known), digits)}" if known else ""
        return f"{len(network.weights)} weights{ends}"
    ways = []
    for name, (source, target) in network.weights.items():
        value = f" = {number(numbers[name], digits)}" if name in numbers else ""
        ways.append(f"{name}{value} from {source} to {target}")
    return "Weights " + ", ".join(ways)
