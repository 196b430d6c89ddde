"""A network with numbers: parameters, a sample or a batch, targets, a learning rate."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bpkit.core.errors import BpkitError, suggest
from bpkit.core.network import Network

if TYPE_CHECKING:
    from bpkit.show.drawing import Drawing

Array = NDArray[np.float64]


def _number(name: str, value: object) -> float:
    number = math.nan
    if not isinstance(value, str | bytes | bool | np.bool_ | np.ndarray):
        with suppress(TypeError, ValueError, OverflowError):
            number = float(value)  # type: ignore[arg-type]
    if not math.isfinite(number):
        raise BpkitError(f"{name}: expected a finite number, got {value!r}; write it like 0.25")
    return number


def _parameters(network: Network, given: object) -> Mapping[str, float]:
    if not isinstance(given, Mapping):
        raise BpkitError(f"parameters: expected a dict such as {{'w1': 0.25, ..}}, got {given!r}")
    for name in given:
        if name not in network.parameters:
            raise BpkitError(f"parameters: this network has no {name!r}{suggest(name, network.parameters)}")
    missing = [name for name in network.parameters if name not in given]
    if missing:
        raise BpkitError(
            f"parameters: expected a number for each of {', '.join(network.parameters)}; "
            f"{', '.join(missing)} {'is' if len(missing) == 1 else 'are'} missing"
        )
    return MappingProxyType({name: _number(name, given[name]) for name in network.parameters})


def _table(name: str, values: ArrayLike, columns: int, one: str) -> Array:
    try:
        given = np.array(values)
        table = np.empty((0, 0, 0)) if given.dtype.kind not in "biufO" else given.astype(float)
    except (TypeError, ValueError, OverflowError):
        table = np.empty((0, 0, 0))
    if table.ndim not in (1, 2) or table.shape[-1] != columns or table.size == 0:
        got = f"shape {table.shape}" if table.ndim in (1, 2) else repr(values)
        raise BpkitError(
            f"{name}: expected {columns} numbers, one for each {one}, or a table with {columns} columns and a row for "
            f"each sample, got {got}"
        )
    if not np.isfinite(table).all():
        raise BpkitError(f"{name}: expected finite numbers, got {table[~np.isfinite(table)][0]}")
    table.setflags(write=False)
    return table


@dataclass(frozen=True, init=False, eq=False, repr=False)
class Problem:
    """A network, a number for each weight and bias, inputs, targets and a learning rate.

    ``inputs`` has the shape (n_inputs,) for one sample or (n_samples, n_inputs) for a batch, ``targets`` likewise
    with the outputs; over a batch the loss is the mean of the samples' losses. ``train_biases=False`` keeps the
    biases as they are when the network learns. ``problem.replace(w1=0.3)`` is another problem: none ever changes.

    Shapes: as above, and one number for each parameter. Units: none.
    Errors: ``BpkitError`` for missing, misspelt or non-finite values and for shapes that do not fit.
    Source: the numbers are yours; ``bpkit.examples`` has the article's.

    >>> import bpkit as bp
    >>> problem = bp.Problem(bp.Network(1, 1), {"w1": 0.5, "b1": 0.1}, inputs=[2], targets=[1], learning_rate=0.5)
    >>> round(bp.evaluate(problem)["net_o1"], 12)
    1.1
    """

    network: Network
    parameters: Mapping[str, float]
    inputs: Array
    targets: Array
    learning_rate: float
    train_biases: bool

    def __init__(
        self,
        network: Network,
        parameters: Mapping[str, float],
        inputs: ArrayLike,
        targets: ArrayLike,
        learning_rate: float = 0.5,
        train_biases: bool = True,
    ) -> None:
        if not isinstance(network, Network):
            raise BpkitError(f"Problem: expected a Network first, got {network!r}; write Problem(Network(2, 2, 2), ..)")
        if not isinstance(train_biases, bool | np.bool_):
            raise BpkitError(f"train_biases: expected True or False, got {train_biases!r}")
        fields = {
            "network": network,
            "parameters": _parameters(network, parameters),
            "inputs": _table("inputs", inputs, len(network.inputs), "input"),
            "targets": _table("targets", targets, len(network.outputs), "output"),
            "learning_rate": _number("learning_rate", learning_rate),
            "train_biases": bool(train_biases),
        }
        for name, value in fields.items():
            object.__setattr__(self, name, value)
        self._check_targets()

    def _check_targets(self) -> None:
        inputs, targets, loss = self.inputs, self.targets, self.network.loss
        if inputs.shape[:-1] != targets.shape[:-1]:
            raise BpkitError(
                f"targets: expected a row for each sample of inputs, shape {(*inputs.shape[:-1], targets.shape[-1])}, "
                f"got {targets.shape}"
            )
        outside = targets[(targets < 0) | (targets > 1)]
        if loss.targets_in_unit_interval and outside.size:
            raise BpkitError(
                f"targets: {loss.name} reads them as probabilities and expects them in [0, 1], got {outside[0]:g}; "
                "scale them, or take a squared error"
            )

    @property
    def is_batch(self) -> bool:
        """True when inputs and targets are tables with a row for each sample."""
        return self.inputs.ndim == 2

    @property
    def givens(self) -> dict[str, Any]:
        """Every given number by its name; on a batch each x and y is the column of its samples."""
        network = self.network
        columns = zip((*network.inputs, *network.targets), (*self.inputs.T, *self.targets.T), strict=True)
        data = {name: value if self.is_batch else float(value) for name, value in columns}
        return {**self.parameters, **data, "learning_rate": self.learning_rate}

    def sample(self, number: int) -> Problem:
        """The problem with one row of the batch, counted from 0, as its only sample."""
        rows = range(-len(self.inputs), len(self.inputs))
        if not self.is_batch or number not in rows:
            have = f"a batch of {len(self.inputs)}" if self.is_batch else "a single sample"
            raise BpkitError(f"sample: expected a row of the batch, got {number!r}; this problem has {have}")
        return self.replace(inputs=self.inputs[number], targets=self.targets[number])

    def replace(self, /, **changes: Any) -> Problem:
        """The same problem with some values changed: ``problem.replace(w1=0.3, x2=1, learning_rate=0.1)``.

        Accepts every parameter, ``learning_rate``, ``train_biases``, ``inputs``, ``targets``, ``parameters``,
        ``network``, and with a single sample each input and target by name.
        """
        fields = {name: changes.pop(name, getattr(self, name)) for name in self.__dataclass_fields__}
        network = fields["network"]
        parameters, data = dict(fields["parameters"]), {}
        for name, value in changes.items():
            if name in network.parameters:
                parameters[name] = value
            elif name in (*network.inputs, *network.targets) and not self.is_batch:
                data[name] = _number(name, value)
            else:
                options = [*network.parameters, *self.__dataclass_fields__]
                options += () if self.is_batch else (*network.inputs, *network.targets)
                raise BpkitError(f"replace: this problem has no {name!r}{suggest(name, options)}")
        for key, names in (("inputs", network.inputs), ("targets", network.targets)):
            if any(name in data for name in names):
                fields[key] = [data.get(name, old) for name, old in zip(names, fields[key], strict=True)]
        return Problem(**{**fields, "parameters": parameters})

    def with_biases(self, policy: str) -> Problem:
        """The same numbers with another fate of the biases: ``"kept"``, or trained ``"layer"`` by layer (as a problem
        whose layers share a bias has them) or one for each ``"neuron"``, which starts where its layer's bias stands.
        """
        network = self.network
        if policy == "kept":
            return self.replace(train_biases=False) if network.biases else self
        if policy == network.bias:
            return self.replace(train_biases=True)
        if policy != "neuron" or not network.biases:
            raise BpkitError(
                f"with_biases: expected 'kept', 'neuron' or, where layers share one, 'layer', got {policy!r}; "
                f"this network has bias={network.bias!r}"
            )
        own = Network(
            network.sizes,
            activation=network.activations,
            loss=network.loss.name,
            bias="neuron",
            weight_names=network.weight_of,
        )
        biases = {f"b_{neuron}": self.parameters[bias] for neuron, bias in network.bias_of.items()}
        weights = {name: self.parameters[name] for name in network.weights}
        return self.replace(network=own, parameters={**weights, **biases}, train_biases=True)

    def updated(self, steps: int = 1) -> Problem:
        """The problem after so many updates of gradient descent; raises ``BpkitError`` when the loss diverges."""
        from bpkit.core.training import train

        trace = train(self, steps)
        if trace.diverged_at is not None:
            raise BpkitError(f"updated: {trace.message}" + ("; take a smaller one" if trace.diverged_at else ""))
        return trace.final

    def diagram(self, highlight: Iterable[str] = (), digits: int = 6, computed: bool = True) -> Drawing:
        """The picture of the network with every number at its place; what ``highlight`` names is lit.

        ``computed=False`` shows only the numbers that are given, and no net, output or loss.
        """
        from bpkit.show.diagram import diagram

        return diagram(self.network, self, highlight, digits, computed)

    def _key(self) -> tuple[Any, ...]:
        data = tuple((table.shape, table.tobytes()) for table in (self.inputs, self.targets))
        return (self.network, tuple(self.parameters.items()), data, self.learning_rate, self.train_biases)

    def __eq__(self, other: object) -> bool:
        return self._key() == other._key() if isinstance(other, Problem) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._key())

    def __repr__(self) -> str:
        return (
            f"Problem({self.network!r}, parameters={dict(self.parameters)!r}, inputs={self.inputs.tolist()!r}, "
            f"targets={self.targets.tolist()!r}, learning_rate={self.learning_rate!r}, "
            f"train_biases={self.train_biases!r})"
        )
