"""A network with numbers: parameters, a sample or a batch, targets, a learning rate."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property, partial
from itertools import chain
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np
import sympy as sp

from bpkit.core.architecture import Architecture
from bpkit.core.arrays import LAYOUTS, by_name, finite, from_arrays, off_tape, to_arrays
from bpkit.core.derivation import Derivation, derive
from bpkit.core.errors import BpkitError, check_all, check_names, chosen, suggest
from bpkit.core.runtime import Array
from bpkit.core.shown import Shown
from bpkit.core.train import train
from bpkit.core.updates import GradientDescent, UpdateRule

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from bpkit.show.drawing import Drawing

BATCHES = ("mean", "sum", "each")


def _parameters(network: Architecture, given: Any, layout: str) -> Mapping[str, float]:
    if not by_name(network, given):
        given = from_arrays(network, given, layout)
    check_names("parameters: this network has", given, network.parameters)
    check_all("parameters: expected a number", given, network.parameters)
    return MappingProxyType({name: finite(name, given[name]) for name in network.parameters})


def _table(name: str, values: ArrayLike, shape: tuple[int, ...], one: str) -> Array:
    """Numbers in the shape of one sample, or of several; of a shape such as (3, 1) the 1 may be left out."""
    table: Array = np.empty(())
    with suppress(TypeError, ValueError, OverflowError):
        given = np.array(off_tape(values))
        table = given.astype(float) if given.dtype.kind in "biufO" else table
    size = len(shape)
    if shape[1:] == (1,) and table.shape[-size:] != shape and table.shape[-1:] == shape[:1]:
        table = table[..., None]
    if table.ndim not in (size, size + 1) or table.shape[-size:] != shape or table.size == 0:
        got = f"shape {table.shape}" if table.ndim in (1, 2, 3) else repr(values)
        wanted = f"{shape[0]} numbers, one for each {one}, or a table with {shape[0]} columns and a row for each sample"
        if size > 1:
            wanted = f"numbers of the shape {shape}, one for each {one}, or an array of such for a batch"
        raise BpkitError(f"{name}: expected {wanted}, got {got}")
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

    network: Architecture
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
        network: Architecture,
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
        if not isinstance(network, Architecture):
            raise BpkitError(
                f"Problem: expected a Network or a Model first, got {network!r}; write Problem(Network(2, 2, 2), ..)"
            )
        if not isinstance(train_biases, bool | np.bool_):
            raise BpkitError(f"train_biases: expected True or False, got {train_biases!r}")
        update = GradientDescent() if update is None else update
        if not isinstance(update, UpdateRule) or type(update) is UpdateRule:
            rules = [rule.__name__ for rule in UpdateRule.__subclasses__()]
            near = f"; write {update.__name__}()" if isinstance(update, type) else suggest(update, rules)
            raise BpkitError(f"update: expected a rule such as bp.updates.Adam(), got {update!r}{near}")
        layout = chosen("layout", layout, LAYOUTS)
        vars(self).update(  # the class is frozen
            network=network,
            parameters=_parameters(network, parameters, layout),
            inputs=_table("inputs", inputs, network.input_shape, "input"),
            learning_rate=finite("learning_rate", learning_rate),
            train_biases=bool(train_biases),
            update=update,
            batch=chosen("batch", batch, BATCHES),
            layout=layout,
        )
        self._check_tokens()
        vars(self)["targets"] = self._checked_targets(targets)
        vars(self)["state"] = self._checked_state({} if state is None else state)

    def _check_tokens(self) -> None:
        for column, (name, rows) in enumerate(self.network.vocabulary.items()):
            tokens = self.inputs[..., column]
            if (wrong := tokens[(tokens % 1 != 0) | (tokens < 0) | (tokens >= rows)]).size:
                raise BpkitError(
                    f"inputs: expected {name} to be a token, a whole number from 0 to {rows - 1}, as the table has "
                    f"{rows} rows, got {wrong[0]:g}"
                )

    def _checked_targets(self, given: Any) -> Array:
        network, samples = self.network, self.inputs.shape[: int(self.is_batch)]
        if not network.targets:
            if given is not None and np.size(given):
                raise BpkitError(
                    f"targets: expected none, as the loss {network.loss.name!r} has no target, got {given!r}"
                )
            return np.empty((*samples, 0))
        if given is None:
            raise BpkitError(f"targets: expected {len(network.targets)} numbers for each sample, got none")
        table = _table("targets", given, network.output_shape, "output")
        if table.shape != (*samples, *network.output_shape):
            raise BpkitError(
                f"targets: expected a row for each sample of inputs, shape {(*samples, *network.output_shape)}, "
                f"got {table.shape}"
            )
        outside = table[(table < 0) | (table > 1)]
        if network.loss.targets_in_unit_interval and outside.size:
            raise BpkitError(
                f"targets: {network.loss.name} reads them as probabilities and expects them in [0, 1], "
                f"got {outside[0]:g}; scale them, or take a squared error"
            )
        return table

    def _checked_state(self, given: Mapping[str, float]) -> Mapping[str, float]:
        lines = self.derivation.states
        names = dict.fromkeys([*lines, "t"] if self.one_by_one else lines)
        if not isinstance(given, Mapping):
            raise BpkitError(f"state: expected a dict such as that of trace.final.state, got {given!r}")
        check_names("state: this problem remembers", given, names)
        found = {name: finite(name, given.get(name, 0.0)) for name in names}
        for name, value in found.items():
            wanted = ""
            if name == "t" and (value < 0 or value % 1):
                wanted = "a whole number, that of the updates done"
            elif value < 0 and any(power.exp == 2 for power in lines[name].atoms(sp.Pow)):
                wanted = "0 or more, as it adds up squares"
            if wanted:
                raise BpkitError(f"state: expected {name} to be {wanted}, got {value:g}")
        return MappingProxyType(found)

    @cached_property
    def derivation(self) -> Derivation:
        """The lines of the network with this problem's update rule, as ``derive(problem)`` gives them."""
        return derive(self)

    def arrays(self, layout: str | None = None) -> dict[str, Array]:
        """The parameters as arrays: ``W1`` of shape (n_before, n_after), ``b1`` (n_after,), a bias for each neuron.

        >>> import bpkit as bp
        >>> problem = bp.Problem(bp.Network(1, 1), {"w1": 0.5, "b1": 0.1}, inputs=[2], targets=[1])
        >>> problem.arrays()
        {'W1': array([[0.5]]), 'b1': array([0.1])}
        """
        layout = self.layout if layout is None else chosen("layout", layout, LAYOUTS)
        return to_arrays(self.network, self.parameters, layout)

    @property
    def one_by_one(self) -> bool:
        """True where every update takes one sample of a batch.

        >>> import bpkit as bp
        >>> batch = bp.Problem(bp.Network(1, 1, bias="none"), {"w1": 1}, [[1], [2]], [[0], [1]])
        >>> batch.one_by_one, batch.replace(batch="each").one_by_one
        (False, True)
        """
        return self.batch == "each" and self.is_batch

    @property
    def next_sample(self) -> int:
        """The row that the next update takes under ``batch="each"``.

        >>> import bpkit as bp
        >>> batch = bp.Problem(bp.Network(1, 1, bias="none"), {"w1": 1}, [[1], [2]], [[0], [1]], batch="each")
        >>> batch.next_sample, batch.updated().next_sample, batch.updated(2).next_sample
        (0, 1, 0)
        """
        return int(self.state["t"]) % len(self.inputs) if self.one_by_one else 0

    @cached_property
    def is_batch(self) -> bool:
        """True when inputs and targets are tables with a row for each sample.

        >>> import bpkit as bp
        >>> bp.examples.article.problem.is_batch
        False
        """
        return self.inputs.ndim > len(self.network.input_shape)

    @property
    def n_samples(self) -> int:
        """The number of rows; 1 for a single sample.

        >>> import bpkit as bp
        >>> bp.Problem(bp.Network(1, 1, bias="none"), {"w1": 1}, [[1], [2]], [[0], [1]]).n_samples
        2
        """
        return len(self.inputs) if self.is_batch else 1

    @cached_property
    def rows(self) -> Array:
        """A row for each sample: all its inputs, then all its targets.

        >>> import bpkit as bp
        >>> bp.examples.article.problem.rows.tolist()
        [[0.1, 0.2, 0.05, 0.95]]
        """
        count = self.n_samples
        return np.hstack([self.inputs.reshape(count, -1), self.targets.reshape(count, -1)])

    @property
    def givens(self) -> dict[str, Any]:
        """Every given number by its name; on a batch each x and y is the column of its samples.

        >>> import bpkit as bp
        >>> bp.Problem(bp.Network(1, 1, bias="none"), {"w1": 0.5}, [2], [1]).givens
        {'w1': 0.5, 'x1': 2.0, 'y1': 1.0, 'learning_rate': 0.5}
        """
        return dict(self._givens)

    @cached_property
    def _givens(self) -> dict[str, Any]:
        network = self.network
        columns = zip((*network.inputs, *network.targets), self.rows.T, strict=True)
        data = {name: value if self.is_batch else float(value[0]) for name, value in columns}
        written = self.derivation.by_name
        olds = {f"{name}_old": value for name, value in self.state.items() if name in written}
        return {**self.parameters, **data, "learning_rate": self.learning_rate, **self.update.constants, **olds}

    def sample(self, number: int) -> Problem:
        """The problem with one row of the batch, counted from 0, as its only sample.

        >>> import bpkit as bp
        >>> problem = bp.Problem(bp.Network(1, 1), {"w1": 0.5, "b1": 0.1}, inputs=[[2], [3]], targets=[[1], [0]])
        >>> problem.sample(1).inputs
        array([3.])
        """
        rows = range(-len(self.inputs), len(self.inputs))
        if not self.is_batch or isinstance(number, float) or number not in rows:
            have = f"a batch of {len(self.inputs)}" if self.is_batch else "a single sample"
            raise BpkitError(f"sample: expected a row of the batch, got {number!r}; this problem has {have}")
        return self.replace(inputs=self.inputs[number], targets=self.targets[number])

    def replace(self, /, **changes: Any) -> Problem:
        """The same problem with some values changed: ``problem.replace(w1=0.3, x2=1, learning_rate=0.1)``.

        Accepts every argument of ``Problem``, every parameter by name, and with a single sample each input and target.
        Another network or update rule begins with an empty state.

        >>> import bpkit as bp
        >>> problem = bp.Problem(bp.Network(1, 1), {"w1": 0.5, "b1": 0.1}, inputs=[2], targets=[1])
        >>> dict(problem.replace(w1=0.3).parameters)
        {'w1': 0.3, 'b1': 0.1}
        """
        carried = "state" not in changes
        fields: dict[str, Any] = {**self._fields, "state": {}}
        fields |= {name: changes.pop(name) for name in fields.keys() & changes.keys()}
        network = fields["network"]
        data = {} if self.is_batch else {"inputs": network.inputs, "targets": network.targets}
        check_names("replace: this problem has", changes, [*network.parameters, *fields, *chain(*data.values())])
        if own := {name: value for name, value in changes.items() if name in network.parameters}:
            fields["parameters"] = {**_parameters(network, fields["parameters"], fields["layout"]), **own}
        for key, names in data.items():
            if changes.keys() & set(names):
                olds = zip(names, np.ravel(fields[key]), strict=True)
                news = [finite(name, changes.get(name, old)) for name, old in olds]
                fields[key] = np.reshape(news, np.shape(fields[key]))
        other = Problem(**fields)
        if carried and (other.network, other.update) == (self.network, self.update):  # what still fits of it
            vars(other)["state"] = MappingProxyType({name: self.state.get(name, 0.0) for name in other.state})
        return other

    def with_biases(self, policy: str) -> Problem:
        """The same numbers with another fate of the biases: ``"kept"``, or trained ``"layer"`` by layer (as a problem
        whose layers share a bias has them) or one for each ``"neuron"``, which starts where its layer's bias stands.

        >>> import bpkit as bp
        >>> [*bp.examples.article.problem.with_biases("neuron").network.biases]
        ['b_h1', 'b_h2', 'b_o1', 'b_o2']
        """
        network = self.network
        policies = dict.fromkeys(["kept", network.bias, "neuron" if network.biases else "none"])
        if chosen("with_biases", policy, policies) == "kept":
            return self.replace(train_biases=False) if network.biases else self
        if policy == network.bias:
            return self.replace(train_biases=True)
        return self.replace(network=network.with_bias(policy), parameters=self.arrays(), train_biases=True)

    def updated(self, steps: int = 1) -> Problem:
        """The problem after so many updates; raises ``BpkitError`` when the loss diverges.

        >>> import bpkit as bp
        >>> round(bp.examples.article.problem.updated(2).parameters["w5"], 6)
        0.264728
        """
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

    @property
    def _fields(self) -> dict[str, Any]:
        """The arguments that make it, as plain values."""
        fields = {name: getattr(self, name) for name in self.__dataclass_fields__}
        return {**fields, "parameters": dict(self.parameters), "state": dict(self.state)}

    def _key(self) -> tuple[Any, ...]:
        tables = tuple((table.shape, table.tobytes()) for table in (self.inputs, self.targets))
        numbers = (*self.parameters.items(), *self.state.items(), self.learning_rate, *tables)
        return (self.network, self.train_biases, self.update, self.batch, *numbers)

    def __eq__(self, other: object) -> bool:
        return self._key() == other._key() if isinstance(other, Problem) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._key())

    def __reduce__(self) -> tuple[Any, ...]:
        return partial(Problem, **self._fields), ()

    def __repr__(self) -> str:
        fields = {**self._fields, "inputs": self.inputs.tolist(), "targets": self.targets.tolist()}
        usual = {"update": GradientDescent(), "batch": BATCHES[0], "layout": LAYOUTS[0]}
        if not any(self.state.values()):
            usual["state"] = fields["state"]
        named = [f"{name}={value!r}" for name, value in fields.items() if name not in usual or usual[name] != value]
        return f"Problem({', '.join(named).removeprefix('network=')})"
