"""Slips with the slopes of activations."""

from __future__ import annotations

from collections.abc import Callable

from bpkit.core.chain_rule import Step
from bpkit.core.derivation import Derivation
from bpkit.core.expressions import ONE, OUT, Z, product, put, total
from bpkit.core.quantities import Role
from bpkit.mistakes.misconceptions.rule import Shapes, at, ends, misconception, places
from bpkit.mistakes.rewrite import Edit, S, becomes, instead, only, times, without


@misconception(
    "forgets the output slope",
    "leave out the slope of the output",
    "going back through the output neuron, multiply by the slope of its activation",
    rank=1,
)
def output_slope_forgotten(d: Derivation) -> Shapes:
    """dE/dout instead of dE/dnet at the outputs."""
    pairs = ((step.name, *ends(step)) for step in _output_deltas(d))
    yield "", {name: becomes(f"d{error.name}/dout_{net.neuron}") for name, error, net in pairs}


def _output_deltas(d: Derivation) -> list[Step]:
    """The derivatives in the net inputs of the outputs that hold a slope: of each error, with softmax of the loss."""
    last = len(d.network.activations)
    of = "total" if d.network.activations[-1].joint else "error"
    return at(d, Role.ADJOINT, "net", range(last, last + 1), of)


@misconception(
    "forgets the hidden slope",
    "leave out the slope of the hidden neuron",
    "going back through a hidden neuron, multiply by the slope of its activation",
    rank=1,
)
def hidden_slope_forgotten(d: Derivation) -> Shapes:
    """dE/dout instead of dE/dnet in hidden layers."""
    for where, layers in places(d.network, 1, len(d.network.layers) - 2):
        deltas = at(d, Role.ADJOINT, "net", layers, of="total")
        yield where, {s.name: without(_slope_of(ends(s)[1].neuron)) for s in deltas}


def _slope_of(neuron: str) -> str:
    return f"dout_{neuron}/dnet_{neuron}"


@misconception(
    "counts the output slope twice",
    "multiply by the slope of the output twice",
    "the delta contains this slope already",
)
def output_slope_twice(d: Derivation) -> Shapes:
    """The slope once more, on a delta that has it already."""
    yield "", {step.name: times(_slope_of(ends(step)[1].neuron)) for step in _output_deltas(d)}


def _slopes(d: Derivation, edit: Callable[[str], Edit], last: int | None = None) -> Shapes:
    for where, layers in places(d.network, last=last):
        yield where, {s.name: edit(ends(s)[1].neuron) for s in at(d, Role.SLOPE, "net", layers)}


@misconception(
    "takes the slope at net",
    "put the net input into the formula of the slope",
    "this formula needs the output of the neuron",
)
def slope_at_net(d: Derivation) -> Shapes:
    """net·(1 - net): the formula in out, filled with net."""
    names = {f"out_{n}": f"net_{n}" for row in d.network.layers[1:] for n in row}
    yield from _slopes(d, lambda neuron: instead(names))


@misconception(
    "applies the slope function to out",
    "put the output into the formula of the slope",
    "this formula needs the net input",
)
def slope_of_out(d: Derivation) -> Shapes:
    """f'(out): the slope function, given out where it wants net."""

    def edit(neuron: str) -> Edit:
        activation, out = d.network.activations[d.network.layer_of[neuron] - 1], S(f"out_{neuron}")
        return becomes(put(activation.slope, {OUT: put(activation.stable, {Z: out}), Z: out}))

    last = len(d.network.activations)
    yield from _slopes(d, edit, last - 1 if d.network.activations[-1].joint else last)


_SIGMOID = (
    "uses the sigmoid's slope",
    "use the slope of the sigmoid",
    "only the sigmoid has the slope out · (1 − out)",
)


@misconception(*_SIGMOID)
def sigmoids_slope(d: Derivation) -> Shapes:
    """out·(1 - out), whatever the activation is."""
    if _has_sigmoid(d):
        yield from _slopes(d, _of_sigmoid)


@misconception(*_SIGMOID, rank=3)
def sigmoids_slope_from_elsewhere(d: Derivation) -> Shapes:
    """The same where no neuron is a sigmoid, so that hardly anybody thinks of it."""
    if not _has_sigmoid(d):
        yield from _slopes(d, _of_sigmoid)


def _of_sigmoid(neuron: str) -> Edit:
    return becomes(product(S(f"out_{neuron}"), total(ONE, -S(f"out_{neuron}"))))


def _has_sigmoid(d: Derivation) -> bool:
    return any(activation.name == "sigmoid" for activation in d.network.activations)


@misconception(
    "takes a part of the slope",
    "use only one factor of the slope",
    "the slope is the product of both factors, such as out · (1 − out)",
)
def part_of_slope(d: Derivation) -> Shapes:
    """Of the two factors of a slope, one is forgotten: out, or 1 - out."""
    yield from _slopes(d, lambda neuron: lambda rhs: rhs.args[0] if rhs.is_Mul else rhs)
    yield from _slopes(d, lambda neuron: lambda rhs: rhs.args[-1] if rhs.is_Mul else rhs)


@misconception(
    "takes another neuron's slope",
    "use the slope of another neuron",
    "each neuron has the slope that belongs to its own output",
)
def other_neurons_slope(d: Derivation) -> Shapes:
    """The slope of the neuron beside it."""
    for step in at(d, Role.SLOPE, "net"):
        out, net = ends(step)
        if (own := net.neuron) == out.neuron:
            for other in d.network.layers[net.block]:
                if other != own:
                    names = {f"net_{own}": f"net_{other}", f"out_{own}": f"out_{other}"}
                    yield f"that of {other} instead of {own}", {step.name: instead(names)}


@misconception(
    "takes only the diagonal of the softmax slope",
    "use only the slope of each output with respect to its own net input",
    "with softmax each net input moves every output",
)
def softmax_diagonal(d: Derivation) -> Shapes:
    """Only the softmax slope of an output in its own net."""
    if d.network.activations[-1].joint:
        yield "", {step.name: only(_slope_of(ends(step)[1].neuron)) for step in _output_deltas(d)}


@misconception(
    "takes the slope of another layer",
    "use the slope of a neuron in another layer",
    "each neuron has the slope that belongs to its own output",
    rank=3,
)
def other_layers_slope(d: Derivation) -> Shapes:
    """The slopes of a neighbouring layer: of the neuron beside it, for the whole layer or for one neuron."""
    layers = d.network.layers
    for depth in range(1, len(layers)):
        for near in (depth - 1, depth + 1):
            if 1 <= near < len(layers):
                beside = zip(layers[depth], [*layers[near], *layers[near][-1:] * len(layers[depth])])
                wrong = [(_slope_of(own), becomes(d[_slope_of(other)].rhs)) for own, other in beside]
                yield f"layer {near} instead of layer {depth}", dict(wrong)
                if near > depth:
                    back = zip(layers[near], [*layers[depth], *layers[depth][-1:] * len(layers[near])])
                    both = [*wrong, *((_slope_of(own), becomes(d[_slope_of(other)].rhs)) for own, other in back)]
                    yield f"layers {depth} and {near} exchanged", dict(both)
                for line, edit in wrong if len(wrong) > 1 else ():
                    yield f"layer {near} instead of layer {depth}, for one neuron", {line: edit}
