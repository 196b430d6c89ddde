"""A second, plain program for what the engine computes, which shares nothing with it but the names of quantities.

Written twice: over numbers of mpmath, loop by loop, for as many digits as a test wants, and over arrays, for the
``autograd`` library to differentiate. A ``Case`` says what to compute in plain data; ``problem`` makes the engine's
objects of it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import autograd.numpy as anp
import mpmath as mp
import numpy as np
import sympy as sp
from autograd import grad
from rows import ACTIVATIONS, EVERY_LOSS, LOSSES

import bpkit as bp
from bpkit.core.code import code
from bpkit.core.expressions import OUT, K, Y, Z
from bpkit.core.functions import BUILT_IN, Own, computable
from bpkit.core.runtime import ARRAYS_ONLY, MATH

SMALLEST = 1e-290  # what is smaller may lose digits on its way into a float, or underflow


@dataclass(frozen=True)
class Case:
    """Sizes, one activation per layer, a loss, a kind of bias, the weights' names in default order, and numbers."""

    sizes: tuple[int, ...]
    activations: tuple[str, ...]
    loss: str
    bias: str
    names: tuple[str, ...]  # by layer, then target, then source
    parameters: Mapping[str, float]
    inputs: tuple[tuple[float, ...], ...]  # a row for each sample
    targets: tuple[tuple[float, ...], ...]
    single: bool = False  # one sample, given as a plain list

    @property
    def layers(self) -> list[list[str]]:
        hidden = len(self.sizes) - 2
        prefixes = ["x", *(["h"] if hidden == 1 else [f"h{n}_" for n in range(1, hidden + 1)]), "o"]
        return [[f"{p}{i}" for i in range(1, size + 1)] for p, size in zip(prefixes, self.sizes, strict=True)]

    @property
    def wiring(self) -> list[list[tuple[list[str], list[str]]]]:
        """For each layer and each neuron of it: the names of its weights, by source, and of its biases."""
        left = iter(self.names)
        wires = []
        for number, (before, after) in enumerate(zip(self.layers, self.layers[1:]), 1):
            bias = {"layer": lambda _, n=number: [f"b{n}"], "neuron": lambda t: [f"b_{t}"], "none": lambda _: []}
            wires.append([([next(left) for _ in before], bias[self.bias](target)) for target in after])
        return wires

    @property
    def own_names(self) -> dict[tuple[str, str], str]:
        edges = [(s, t) for before, after in zip(self.layers, self.layers[1:]) for t in after for s in before]
        return dict(zip(edges, self.names, strict=True))

    def network(self) -> bp.Network:
        return bp.Network(
            *self.sizes, activation=self.activations, loss=self.loss, bias=self.bias, weight_names=self.own_names
        )

    def problem(self, **more: Any) -> bp.Problem:
        inputs, targets = (self.inputs[0], self.targets[0]) if self.single else (self.inputs, self.targets)
        return bp.Problem(self.network(), self.parameters, inputs, targets, **more)


def parameter_names(case: Case) -> list[str]:
    """Every weight, and every bias once."""
    rows = [row for layer in case.wiring for row in layer]
    return list(dict.fromkeys([*case.names, *(bias for _, biases in rows for bias in biases)]))


def random_case(rng: np.random.Generator, sizes: Sequence[int], activations: Sequence[str], loss: str, bias: str,
                samples: int = 0, spread: float = 1.0, own_names: bool = False) -> Case:  # fmt: skip
    """Numbers for a network, seeded; ``samples=0`` gives one sample as a plain list."""
    count = sum(a * b for a, b in zip(sizes, sizes[1:]))
    names = tuple(f"w{n}" for n in range(1, count + 1))
    if own_names:
        names = tuple(f"theta_{n}" if n % 2 else f"v{n}" for n in rng.permutation(count))
    rows = max(samples, 1)
    inputs = spread * rng.normal(size=(rows, sizes[0]))
    if loss in EVERY_LOSS and EVERY_LOSS[loss].targets_in_unit_interval:
        targets = rng.uniform(0, 1, size=(rows, sizes[-1]))
        if activations[-1] == "softmax":
            targets /= targets.sum(axis=1, keepdims=True)
    else:
        targets = rng.normal(size=(rows, sizes[-1]))
    case = Case(tuple(sizes), tuple(activations), loss, bias, names, {},
                tuple(map(tuple, inputs.tolist())), tuple(map(tuple, targets.tolist())), samples == 0)  # fmt: skip
    return replace(case, parameters={name: spread * float(rng.normal()) for name in parameter_names(case)})


# With numbers of any precision

Function = Callable[[Any], Any]


def _measured(name: str) -> Function:
    """The slope of a row that has no formula below, as a difference quotient."""

    def slope(z: Any) -> Any:
        step = mp.mpf(10) ** (-mp.mp.dps // 3)
        return (MP[name](z + step) - MP[name](z - step)) / (2 * step)

    return slope


MP: dict[str, Function] = {name: sp.lambdify(Z, BUILT_IN[name].expr, "mpmath") for name in ACTIVATIONS} | {
    "sigmoid": lambda z: 1 / (1 + mp.exp(-z)),
    "tanh": mp.tanh,
    "identity": lambda z: z,
    "softplus": lambda z: mp.log(1 + mp.exp(z)),
    "relu": lambda z: z if z > 0 else mp.mpf(0),
    "leaky_relu": lambda z: z if z > 0 else z * mp.mpf(0.01),
}
MP_SLOPE: dict[str, Function] = {name: _measured(name) for name in ACTIVATIONS} | {
    "sigmoid": lambda z: 1 / (2 * mp.cosh(z / 2)) ** 2,
    "tanh": lambda z: 1 / mp.cosh(z) ** 2,
    "identity": lambda z: mp.mpf(1),
    "softplus": lambda z: 1 / (1 + mp.exp(-z)),
    "relu": lambda z: mp.mpf(1 if z > 0 else 0),
    "leaky_relu": lambda z: mp.mpf(1 if z > 0 else 0.01),
}


def _times_log(y: Any, p: Any) -> Any:
    return 0 if y == 0 else y * mp.log(p)


def mp_error(loss: str, y: Any, out: Any, outputs: int) -> Any:
    """The error of one output."""
    if loss == "binary_cross_entropy":
        return -_times_log(y, out) - _times_log(1 - y, 1 - out)
    if loss == "cross_entropy":
        return -_times_log(y, out)
    share = {"half_squared_error": mp.mpf(0.5), "squared_error": 1, "mean_squared_error": mp.mpf(1) / outputs}
    return (y - out) ** 2 * share[loss] if loss in share else _mp_loss(loss)(y, out, outputs)


def mp_error_slope(loss: str, y: Any, out: Any, outputs: int) -> Any:
    """Its derivative with respect to the output, as a difference quotient."""
    step = mp.mpf(10) ** (-mp.mp.dps // 3)
    return (mp_error(loss, y, out + step, outputs) - mp_error(loss, y, out - step, outputs)) / (2 * step)


@cache
def _mp_loss(loss: str) -> Callable[..., Any]:
    return sp.lambdify((Y, OUT, K), EVERY_LOSS[loss].expr, "mpmath")


def mp_values(case: Case, parameters: Mapping[str, Any], sample: int = 0,
              own: Mapping[str, Function] | None = None) -> dict[str, Any]:  # fmt: skip
    """Every net, out and error of one sample."""
    functions = {**MP, **(own or {})}
    signal = [mp.mpf(x) for x in case.inputs[sample]]
    values: dict[str, Any] = {}
    for names, rows, activation in zip(case.layers[1:], case.wiring, case.activations, strict=True):
        nets = []
        for weights, biases in rows:
            net = mp.mpf(0)
            for weight, given in zip(weights, signal, strict=True):
                net += mp.mpmathify(parameters[weight]) * given
            for bias in biases:
                net += mp.mpmathify(parameters[bias])
            nets.append(net)
        if activation == "softmax":
            powers = [mp.exp(net) for net in nets]
            signal = [power / sum(powers) for power in powers]
        else:
            signal = [functions[activation](net) for net in nets]
        for name, net, out in zip(names, nets, signal, strict=True):
            values[f"net_{name}"], values[f"out_{name}"] = net, out
    for name, y, out in zip(case.layers[-1], case.targets[sample], signal, strict=True):
        values[f"E_{name}"] = mp_error(case.loss, mp.mpf(y), out, len(signal))
    values["E_total"] = sum(values[f"E_{name}"] for name in case.layers[-1])
    return values


def mp_loss(case: Case, parameters: Mapping[str, Any], own: Mapping[str, Function] | None = None) -> Any:
    """The mean of the samples' losses."""
    rows = range(len(case.inputs))
    return sum(mp_values(case, parameters, row, own)["E_total"] for row in rows) / len(rows)


def mp_gradient(case: Case, digits: int = 50, own: Mapping[str, Function] | None = None,
                parameters: Mapping[str, Any] | None = None) -> dict[str, Any]:  # fmt: skip
    """Every derivative as a central difference, its step small enough for ``digits`` digits over 3."""
    given = case.parameters if parameters is None else parameters
    gradient = {}
    with mp.workdps(digits):
        step = mp.mpf(10) ** (-digits // 3)
        for name in parameter_names(case):
            above, below = (mp_loss(case, {**given, name: mp.mpf(given[name]) + sign * step}, own) for sign in (1, -1))
            gradient[name] = (above - below) / (2 * step)
    return gradient


# With arrays, for autograd

AUTOGRAD = {
    **{name: getattr(anp, name) for name in (*MATH, *ARRAYS_ONLY) if hasattr(anp, name)},
    "pick": lambda holds, then, otherwise, *given: anp.where(holds, then(*given), otherwise(*given)),
}


def _on_arrays(own: Own, arguments: str) -> Callable[..., Any]:
    """A row that has no formula below."""
    return eval(f"lambda {arguments}: {code(computable(own.expr), True)}", AUTOGRAD)


def _error(own: Own) -> Callable[[Any, Any], Any]:
    run = _on_arrays(own, "y, out, K")
    return lambda y, out: run(y, out, y.shape[-1])


ARRAYS: dict[str, Function] = {name: _on_arrays(BUILT_IN[name], "z") for name in ACTIVATIONS} | {
    "sigmoid": lambda z: 1 / (1 + anp.exp(-z)),
    "tanh": anp.tanh,
    "identity": lambda z: z,
    "softplus": lambda z: anp.log(1 + anp.exp(z)),
    "relu": lambda z: anp.where(z > 0, z, 0.0),
    "leaky_relu": lambda z: anp.where(z > 0, z, 0.01 * z),
    "softmax": lambda z: anp.exp(z) / anp.sum(anp.exp(z), axis=-1, keepdims=True),
}
ERRORS: dict[str, Callable[[Any, Any], Any]] = {name: _error(EVERY_LOSS[name]) for name in LOSSES} | {
    "half_squared_error": lambda y, out: 0.5 * (y - out) ** 2,
    "squared_error": lambda y, out: (y - out) ** 2,
    "mean_squared_error": lambda y, out: (y - out) ** 2 / y.shape[1],
    "binary_cross_entropy": lambda y, out: -y * anp.log(out) - (1 - y) * anp.log(1 - out),
    "cross_entropy": lambda y, out: -y * anp.log(out),
}


def array_errors(case: Case, theta: Any, nudges: Mapping[str, Any]) -> Any:
    """The errors, a row for each sample; ``nudges`` are added to nets and outs of a layer (``net_1``, ``out_1``)."""
    place = {name: i for i, name in enumerate(parameter_names(case))}
    signal = anp.array(case.inputs)
    for number, (rows, activation) in enumerate(zip(case.wiring, case.activations, strict=True), 1):
        net = signal @ theta[np.array([[place[w] for w in weights] for weights, _ in rows])].T
        if case.bias != "none":
            net = net + theta[np.array([place[biases[0]] for _, biases in rows])]
        signal = ARRAYS[activation](net + nudges[f"net_{number}"]) + nudges[f"out_{number}"]
    return ERRORS[case.loss](anp.array(case.targets), signal)


def array_gradients(case: Case, output: int | None = None) -> dict[str, float]:
    """By autograd: dE/d of every parameter, net and out; of one output's error where ``output`` is given.

    Derivatives by nets and outs are those of the first sample.
    """
    theta = np.array([case.parameters[name] for name in parameter_names(case)])
    nudges = {
        f"{kind}_{number}": np.zeros((len(case.inputs), size))
        for number, size in enumerate(case.sizes[1:], 1)
        for kind in ("net", "out")
    }

    def loss(theta: Any, nudges: Any) -> Any:
        errors = array_errors(case, theta, nudges)
        return anp.sum(errors if output is None else errors[:, output]) / len(case.inputs)

    by_parameter, by_nudge = grad(loss, (0, 1))(theta, nudges)
    found = dict(zip(parameter_names(case), map(float, by_parameter), strict=True))
    for number, names in enumerate(case.layers[1:], 1):
        for kind in ("net", "out"):
            for name, value in zip(names, by_nudge[f"{kind}_{number}"][0], strict=True):
                found[f"{kind}_{name}"] = float(value) * len(case.inputs)
    return found


def differences(ours: Mapping[str, float], theirs: Mapping[str, Any], tolerance: float = 1e-9,
                floor: float = 2e-14) -> list[str]:  # fmt: skip
    """Where two sets of numbers differ by more than the tolerance, relative to each number.

    ``floor`` is what terms that cancel may leave, relative to the largest number of the set, or to 1.
    """
    assert set(ours) == set(theirs)
    largest = max((abs(value) for value in theirs.values()), default=1.0)
    return [
        f"{name}: {ours[name]!r} is not {mp.nstr(mp.mpf(theirs[name]), 17)}"
        for name in theirs
        if not abs(ours[name] - theirs[name]) <= tolerance * abs(theirs[name]) + floor * max(largest, 1) + SMALLEST
    ]
