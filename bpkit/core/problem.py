"""A network with numbers: parameters, a sample or a batch, targets, a learning rate."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property, partial
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np

from bpkit.core.arrays import LAYOUTS, by_name, from_arrays, known_layout, to_arrays
from bpkit.core.derivation import Derivation, derive
from bpkit.core.errors import BpkitError, suggest
from bpkit.core.network import Network
from bpkit.core.runtime import Array
from bpkit.core.shown import Shown
from bpkit.core.training import train
from bpkit.core.updates import STATE, GradientDescent, UpdateRule

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from bpkit.show.drawing import Drawing

BATCHES = ("mean", "sum", "each")


def _number(name: str, value: object) -> float:
    number = math.nan
    if not isinstance(value, str | bytes | bool | np.bool_ | np.ndarray):
        with suppress(TypeError, ValueError, OverflowError):
            number = float(value)  # type: ignore[arg-type]
    if not math.isfinite(number):
        raise BpkitError(f"{name}: expected a finite number, got {value!r}; write it like 0.25")
    return number


def _parameters(network: Network, given: Any, layout: str) -> Mapping[str, float]:
    if not by_name(network, given):
        given = from_arrays(network, given, layout)
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


def _chosen(name: str, given: object, options: tuple[str, ...]) -> str:
    if isinstance(given, str) and given in options:
        return given
    raise BpkitError(f"{name}: expected {', '.join(map(repr, options))}, got {given!r}{suggest(given, options)}")


def _table(name: str, values: ArrayLike, columns: int, one: str) -> Array:
    try:
        given = np.array(values.detach() if hasattr(values, "detach") else values)  # torch's that are being learnt
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
class Problem(Shown):
    """A network, a number for each weight and bias, inputs, targets and a learning rate.

    ``parameters`` maps names to numbers, or holds arrays as programs have them: ``[W1, b1, W2, b2]`` or ``{"W1": ..}``,
    for ``layout`` "x @ W" or "W @ x". ``inputs`` has the shape (n_inputs,) for one sample or (n_samples, n_inputs) for
    a batch, ``targets`` likewise with the outputs. Over a batch the loss is the mean of the samples' losses;
    ``batch="sum"`` adds them, ``batch="each"`` updates after each sample in order. ``update`` is the rule
    (``bp.updates.Adam()``), plain gradient descent unless given, and ``state`` what it remembers, nothing at the start.
    ``train_biases=False`` keeps the biases as they are when the network learns. ``problem.replace(w1=0.3)`` is another
    problem: none ever changes.

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
    update: UpdateRule
    batch: str
    layout: str
    state: Mapping[str, float]

    def __init__(
        self,
        network: Network,
        parameters: Mapping[str, Any] | Sequence[ArrayLike],
        inputs: ArrayLike,
        targets: ArrayLike | None = None,
        learning_rate: float = 0.5,
        train_biases: bool = True,
        *,
        update: UpdateRule | None = None,
        batch: str = "mean",
        layout: str = LAYOUTS[0],
        state: Mapping[str, float] | None = None,
    ) -> None:
        if not isinstance(network, Network):
            raise BpkitError(f"Problem: expected a Network first, got {network!r}; write Problem(Network(2, 2, 2), ..)")
        if not isinstance(train_biases, bool | np.bool_):
            raise BpkitError(f"train_biases: expected True or False, got {train_biases!r}")
        update = GradientDescent() if update is None else update
        if not isinstance(update, UpdateRule) or type(update) is UpdateRule:
            rules = [rule.__name__ for rule in UpdateRule.__subclasses__()]
            near = f"; write {update.__name__}()" if isinstance(update, type) else suggest(update, rules)
            raise BpkitError(f"update: expected a rule such as bp.updates.Adam(), got {update!r}{near}")
        layout = known_layout(layout)
        table = _table("inputs", inputs, len(network.inputs), "input")
        if not network.targets:
            if targets is not None and np.size(targets):
                raise BpkitError(
                    f"targets: expected none, as the loss {network.loss.name!r} has no target, got {targets!r}"
                )
            targets = np.empty((*table.shape[:-1], 0))
        elif targets is None:
            raise BpkitError(f"targets: expected {len(network.targets)} numbers for each sample, got none")
        else:
            targets = _table("targets", targets, len(network.outputs), "output")
        fields = {
            "network": network,
            "parameters": _parameters(network, parameters, layout),
            "inputs": table,
            "targets": targets,
            "learning_rate": _number("learning_rate", learning_rate),
            "train_biases": bool(train_biases),
            "update": update,
            "batch": _chosen("batch", batch, BATCHES),
            "layout": layout,
        }
        for name, value in fields.items():
            object.__setattr__(self, name, value)
        self._check_targets()
        object.__setattr__(self, "state", self._checked_state({} if state is None else state))

    def _checked_state(self, given: Mapping[str, float]) -> Mapping[str, float]:
        known = [step.name for step in self.derivation if step.quantity.tag == STATE]
        if self.batch == "each" and self.is_batch and "t" not in known:
            known.append("t")
        if not isinstance(given, Mapping):
            raise BpkitError(f"state: expected a dict such as that of trace.final.state, got {given!r}")
        for name in given:
            if name not in known:
                raise BpkitError(f"state: this problem remembers no {name!r}{suggest(name, known)}")
        found = {name: _number(name, given.get(name, 0.0)) for name in known}
        if found.get("t", 0) < 0 or found.get("t", 0) % 1:
            raise BpkitError(f"state: expected t to be a whole number, that of the updates done, got {found['t']:g}")
        return MappingProxyType(found)

    @cached_property
    def derivation(self) -> Derivation:
        """The lines of the network with this problem's update rule, as ``derive(problem)`` gives them."""
        return derive(self)

    def arrays(self, layout: str | None = None) -> dict[str, Array]:
        """The parameters as arrays: ``W1`` of shape (n_before, n_after), ``b1`` (n_after,), a bias for each neuron."""
        return to_arrays(self.network, self.parameters, layout or self.layout)

    @property
    def next_sample(self) -> int:
        """The row that the next update takes under ``batch="each"``."""
        return int(self.state.get("t", 0)) % len(self.inputs) if self.batch == "each" and self.is_batch else 0

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
        written = self.derivation.by_name
        olds = {f"{name}_old": value for name, value in self.state.items() if name in written}
        return {**self.parameters, **data, "learning_rate": self.learning_rate, **self.update.constants, **olds}

    def sample(self, number: int) -> Problem:
        """The problem with one row of the batch, counted from 0, as its only sample."""
        rows = range(-len(self.inputs), len(self.inputs))
        if not self.is_batch or isinstance(number, float) or number not in rows:
            have = f"a batch of {len(self.inputs)}" if self.is_batch else "a single sample"
            raise BpkitError(f"sample: expected a row of the batch, got {number!r}; this problem has {have}")
        return self.replace(inputs=self.inputs[number], targets=self.targets[number] if self.network.targets else None)

    def replace(self, /, **changes: Any) -> Problem:
        """The same problem with some values changed: ``problem.replace(w1=0.3, x2=1, learning_rate=0.1)``.

        Accepts every argument of ``Problem``, every parameter by name, and with a single sample each input and target.
        Another network or update rule begins with an empty state.
        """
        fields = {name: changes.pop(name, getattr(self, name)) for name in self.__dataclass_fields__}
        network, parameters, data = fields["network"], fields["parameters"], {}
        own = {name: value for name, value in changes.items() if name in network.parameters}
        for name in changes.keys() - own.keys():
            if name in (*network.inputs, *network.targets) and not self.is_batch:
                data[name] = _number(name, changes[name])
            else:
                options = [*network.parameters, *self.__dataclass_fields__]
                options += () if self.is_batch else (*network.inputs, *network.targets)
                raise BpkitError(f"replace: this problem has no {name!r}{suggest(name, options)}")
        for key, names in (("inputs", network.inputs), ("targets", network.targets)):
            if any(name in data for name in names):
                fields[key] = [data.get(name, old) for name, old in zip(names, fields[key], strict=True)]
        if own:
            parameters = {**_parameters(network, parameters, fields["layout"]), **own}
        if fields["state"] is self.state:  # what still fits of it
            bare = Problem(**{**fields, "parameters": parameters, "state": {}})
            same = network == self.network and bare.update == self.update
            return bare if not same or not bare.state else bare._remembering(self.state)
        return Problem(**{**fields, "parameters": parameters})

    def _remembering(self, state: Mapping[str, float]) -> Problem:
        """The same with a state, as far as its names are known here."""
        fields = {name: getattr(self, name) for name in self.__dataclass_fields__}
        return Problem(**{**fields, "state": {name: state[name] for name in self.state if name in state}})

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
            loss=network.loss,
            bias="neuron",
            weight_names=network.weight_of,
        )
        biases = {f"b_{neuron}": self.parameters[bias] for neuron, bias in network.bias_of.items()}
        weights = {name: self.parameters[name] for name in network.weights}
        return self.replace(network=own, parameters={**weights, **biases}, train_biases=True)

    def updated(self, steps: int = 1) -> Problem:
        """The problem after so many updates; raises ``BpkitError`` when the loss diverges."""
        trace = train(self, steps)
        if trace.diverged_at is not None:
            raise BpkitError(f"updated: {trace.message}" + ("; take a smaller one" if trace.diverged_at else ""))
        return trace.final

    def diagram(self, highlight: Iterable[str] = (), digits: int = 6, computed: bool = True) -> Drawing:
        """The picture of the network with every number at its place; what ``highlight`` names is lit.

        ``computed=False`` shows only the numbers that are given, and no net, output or loss.
        """
        drawing: Drawing = self._shown("diagram", highlight, digits, computed)
        return drawing

    def _key(self) -> tuple[Any, ...]:
        data = tuple((table.shape, table.tobytes()) for table in (self.inputs, self.targets))
        rule = (self.update, self.batch, tuple(self.state.items()))
        return (self.network, tuple(self.parameters.items()), data, self.learning_rate, self.train_biases, *rule)

    def __eq__(self, other: object) -> bool:
        return self._key() == other._key() if isinstance(other, Problem) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._key())

    def __reduce__(self) -> tuple[Any, ...]:
        """What pickling keeps: the arguments."""
        fields = {name: getattr(self, name) for name in self.__dataclass_fields__}
        plain: dict[str, Any] = {"parameters": dict(self.parameters), "state": dict(self.state)}
        plain["targets"] = self.targets if self.network.targets else None
        return partial(Problem, **{**fields, **plain}), ()

    @property
    def _unusual(self) -> str:
        """The arguments that most problems leave as they are."""
        usual = {"update": GradientDescent(), "batch": "mean", "layout": LAYOUTS[0]}
        named = {name: getattr(self, name) for name, value in usual.items() if getattr(self, name) != value}
        if any(self.state.values()):
            named["state"] = dict(self.state)
        return "".join(f", {name}={value!r}" for name, value in named.items())

    def __repr__(self) -> str:
        return (
            f"Problem({self.network!r}, parameters={dict(self.parameters)!r}, inputs={self.inputs.tolist()!r}, "
            f"targets={self.targets.tolist()!r}, learning_rate={self.learning_rate!r}, "
            f"train_biases={self.train_biases!r}{self._unusual})"
        )
