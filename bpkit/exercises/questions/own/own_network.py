"""The network and the numbers of an own question: read from a table of a file, checked, and drawn from a stream."""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import MISSING, dataclass
from functools import lru_cache
from itertools import groupby
from typing import Any

import numpy as np

from bpkit.core import blocks
from bpkit.core.architecture import Architecture
from bpkit.core.errors import BpkitError, suggest
from bpkit.core.problem import Problem
from bpkit.core.spelling import in_words
from bpkit.core.updates import RULES, GradientDescent, UpdateRule
from bpkit.exercises.questions.friendly_problems import draw_problem
from bpkit.exercises.questions.own.own_functions import MOST, Named
from bpkit.exercises.questions.task import DEEPEST, LARGEST, MOST_BLOCKS, WIDEST, architecture_from, rule_from

MOST_SAMPLES, MOST_VALUES = 8, 64
FARTHEST = 1e6  # a number from 0
FINEST = 6  # decimals of a drawn number
ENOUGH = 1000  # different problems: of fewer some learners share one
USUAL = 9  # different numbers, at least, where the kit draws one
NUMBERS = ("inputs", "targets", "samples")
_NETWORK = ("layers", "model", "activation", "loss", "bias", "update", "batch", "train_biases")
_UNNAMED = {"activation": "this_function", "loss": "this_loss"}  # as sentences call them
_DECIMALS = {"weight": 2, "bias": 2}  # of a drawn number, at least, as the bank has them; 1 for all others


def check_keys(what: str, table: Mapping[str, Any], known: Collection[str]) -> None:
    """Refuse a key that means nothing here.

    >>> check_keys("numbers", {"input": [0.1]}, NUMBERS)  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    bpkit.core.errors.BpkitError: numbers: expected keys ..., got 'input'; did you mean 'inputs'?
    """
    for key in table:
        if key not in known:
            raise BpkitError(
                f"{what}: expected keys such as {in_words([*known][:3])}, got {key[:40]!r}{suggest(key, known)}"
            )


def is_number(value: object) -> bool:
    """Is it a finite number, and no True?

    >>> is_number(0.35), is_number(True), is_number(float("nan"))
    (True, False, False)
    """
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e300


# The network.


@dataclass(frozen=True)
class Sketch:
    """A network without numbers, its formulas, and how it is trained."""

    architecture: Architecture
    functions: tuple[Named, ...] = ()
    update: UpdateRule | None = None
    batch: str = "mean"
    train_biases: bool = True


def read_network(table: Any) -> Sketch:
    """A network from its table: ``layers`` or a ``model`` of blocks, activation, loss, bias, update, batch."""
    if not isinstance(table, dict):
        raise BpkitError(f"network: expected a table such as [question.network] with layers = [2, 2, 1], got {table!r}")
    check_keys("network", table, _NETWORK)
    if ("layers" in table) == ("model" in table):
        raise BpkitError("network: expected either layers = [2, 2, 1] or model = [..], got both or neither")
    named: list[Named] = []
    data = _layers(table, named) if "layers" in table else _model(table, named)
    data["loss"] = _function("loss", table.get("loss", "half_squared_error"), named)
    functions = tuple(dict.fromkeys(named))
    if len(functions) > MOST:
        raise BpkitError(f"network: expected at most {MOST} formulas, got {len(functions)}; take fewer")
    batch, trained = table.get("batch", "mean"), table.get("train_biases", True)
    if batch not in ("mean", "sum"):
        raise BpkitError(f"network: expected batch to be 'mean' or 'sum', got {str(batch)[:40]!r}")
    if not isinstance(trained, bool):
        raise BpkitError(f"network: expected train_biases to be true or false, got {str(trained)[:40]!r}")
    architecture = architecture_from(data, {one.name: one.made() for one in functions})
    return Sketch(architecture, functions, _rule(table.get("update")), batch, trained)


def _layers(table: Mapping[str, Any], named: list[Named]) -> dict[str, Any]:
    sizes = table["layers"]
    whole = isinstance(sizes, list) and all(type(one) is int and 0 < one <= WIDEST for one in sizes)
    if not whole or not 2 <= len(sizes) <= DEEPEST:
        raise BpkitError(
            f"network: expected layers to be 2 to {DEEPEST} whole numbers up to {WIDEST}, inputs first, such as "
            f"[2, 2, 1], got {str(sizes)[:60]}"
        )
    given = table.get("activation", "sigmoid")
    each = given if isinstance(given, list) else [given] * (len(sizes) - 1)
    activations = [_function("activation", one, named) for one in each]
    return {"sizes": sizes, "activation": activations, "bias": table.get("bias", "layer")}


def _model(table: Mapping[str, Any], named: list[Named]) -> dict[str, Any]:
    for key in ("activation", "bias"):
        if key in table:
            raise BpkitError(f"network: expected no {key} beside a model, got one; its blocks have their own")
    given = table["model"]
    if not isinstance(given, list) or len(given) < 2 or not all(isinstance(one, dict) for one in given[1:]):
        raise BpkitError(
            'network: expected model to be the inputs and then blocks, such as [3, {block = "Dense", size = 2}], got '
            f"{str(given)[:60]}"
        )
    shape = given[0] if isinstance(given[0], list) else [given[0]]
    _sizes("the inputs of the model", shape)
    return {"shape": shape, "blocks": [_block(one, named) for one in given[1:]]}


def _block(given: Mapping[str, Any], named: list[Named], deep: int = 1) -> dict[str, Any]:
    arguments = dict(given)
    name = arguments.pop("block", None)
    if name not in blocks.__all__:
        raise BpkitError(f"network: expected one of the blocks, got {str(name)[:40]!r}{suggest(name, blocks.__all__)}")
    known = getattr(getattr(blocks, name), "__dataclass_fields__", {})
    fields = [*(known or ("blocks",))]  # one that is around others has only those
    if "size" in arguments and fields[:1] in (["units"], ["width"]):
        arguments[fields[0]] = arguments.pop("size")
    check_keys(f"network, block {name}", arguments, fields)
    if missing := [what for what, field in known.items() if field.default is MISSING and what not in arguments]:
        size = "size" if fields[:1] in (["units"], ["width"]) else missing[0]
        raise BpkitError(f"network, block {name}: expected {missing[0]}, got none; write for example {size} = 2")
    for what, value in arguments.items():
        if what == "activation":
            arguments[what] = _function("activation", value, named)
        elif what == "blocks":
            if not isinstance(value, list) or not all(isinstance(one, dict) for one in value) or deep > MOST_BLOCKS:
                raise BpkitError(
                    f"network, block {name}: expected blocks to be a list of blocks, got {str(value)[:40]}"
                )
            arguments[what] = [_block(one, named, deep + 1) for one in value]
        elif what != "steps":
            _sizes(f"{what} of {name}", [value])
    return {"block": name, **arguments}


def _sizes(what: str, given: Sequence[Any]) -> None:
    if not 0 < len(given) <= 2 or not all(type(one) is int and 0 < one <= LARGEST for one in given):
        raise BpkitError(f"network: expected {what} to be a whole number from 1 to {LARGEST}, got {str(given)[:40]}")


def _function(kind: str, given: Any, named: list[Named]) -> str:
    """The name of an activation or a loss; a formula gets one, and is kept beside it."""
    if isinstance(given, dict):
        check_keys(kind, given, ("name", "formula"))
        if not all(isinstance(given.get(key), str) for key in ("name", "formula")):
            raise BpkitError(f'{kind}: expected name = ".." and formula = "..", got {str(given)[:60]}')
        named.append(Named(kind, given["name"], given["formula"]))
    elif isinstance(given, str) and re.fullmatch(r"\w*", given):
        return given
    elif isinstance(given, str):
        named.append(Named(kind, _UNNAMED[kind], given))
    else:
        raise BpkitError(f"{kind}: expected a name such as 'sigmoid', or a formula, got {str(given)[:60]!r}")
    return named[-1].name


def _rule(given: Any) -> UpdateRule | None:
    if given is None:
        return None
    table = {"rule": given} if isinstance(given, str) else given
    if not isinstance(table, dict) or not isinstance(table.get("rule"), str):
        raise BpkitError(
            f"update: expected a rule such as 'Adam', or {{rule = 'Adam', beta1 = 0.9}}, got {str(given)[:60]!r}"
        )
    plain = {name.lower(): name for name in RULES}
    wanted = str(plain.get(table["rule"].replace("_", "").replace(" ", "").lower(), table["rule"]))
    if wanted not in RULES:
        raise BpkitError(f"update: expected one of the rules, got {wanted[:40]!r}{suggest(wanted, RULES)}")
    rule = rule_from(**{**table, "rule": wanted})
    return None if rule == GradientDescent() else rule


# The numbers.


@dataclass(frozen=True)
class Span:
    """What a number may be: from ``low`` to ``high`` in so many decimals, or one of some ``values``."""

    low: float = 0.0
    high: float = 0.0
    decimals: int = 0
    values: tuple[float, ...] = ()

    @property
    def count(self) -> int:
        """How many numbers those are."""
        first, last = self._ends
        return len(self.values) or last - first + 1

    @property
    def _ends(self) -> tuple[int, int]:
        scale = 10**self.decimals
        return math.ceil(self.low * scale - 1e-6), math.floor(self.high * scale + 1e-6)

    def drawn(self, rng: np.random.Generator) -> float:
        """One of the allowed numbers, drawn at random."""
        if self.values:
            return self.values[int(rng.integers(len(self.values)))]
        first, last = self._ends
        return int(rng.integers(first, last + 1)) / float(10**self.decimals)


def _span(name: str, given: Any, decimals: int) -> Span:
    """A fixed number, a range [least, most], or a choice of three numbers and more."""
    each = given if isinstance(given, list) else [given]
    if not each or len(each) > MOST_VALUES or not all(is_number(one) and abs(one) <= FARTHEST for one in each):
        raise BpkitError(
            f"numbers: expected {name} to be a number up to {FARTHEST:.0f}, a range such as [0.1, 0.9], or numbers to "
            f"choose from, got {str(given)[:40]}"
        )
    if len(each) != 2:
        return Span(values=tuple(map(float, each)))
    low, high = map(float, each)
    if low >= high:
        raise BpkitError(f"numbers: expected {name} to run from a smaller to a larger number, got {str(given)[:40]}")
    places = max(len(f"{end:.{FINEST}f}".rstrip("0").partition(".")[2]) for end in (low, high))
    return Span(low, high, max(places, decimals))


@dataclass(frozen=True)
class Numbers:
    """How a problem's numbers are drawn: spans by name, whole tables, and how many samples there are."""

    sketch: Sketch
    spans: Mapping[str, Span]
    inputs: Any = None
    targets: Any = None
    samples: int | None = None

    @property
    def variety(self) -> int:
        """How many different problems can come out, as far as that is known."""
        network, count = self.sketch.architecture, 1
        tables = {"inputs": self.inputs, "targets": self.targets}
        given = {*self.spans, *(n for key, table in tables.items() if table is not None for n in getattr(network, key))}
        for name in (*network.parameters, *network.inputs, *network.targets, "learning_rate"):
            # Another learning rate alone makes no other question where none is asked for.
            count *= self.spans[name].count if name in self.spans else 1 if name in given else USUAL
            count = min(count, 10 * ENOUGH)
        return count

    def draw(self, rng: np.random.Generator) -> Problem:
        """A problem: what is not given is drawn as in the bank."""
        network = self.sketch.architecture
        problem = draw_problem(rng, network, self.samples)
        inputs = problem.inputs if self.inputs is None else np.array(self.inputs, dtype=float)
        targets = problem.targets if self.targets is None else np.array(self.targets, dtype=float)
        parameters = {n: self._one(rng, n, value) for n, value in problem.parameters.items()}
        return Problem(
            network,
            parameters,
            self._each(rng, network.inputs, inputs, len(network.input_shape)),
            self._each(rng, network.targets, targets, len(network.output_shape)),
            self._one(rng, "learning_rate", problem.learning_rate),
            self.sketch.train_biases,
            update=self.sketch.update,
            batch=self.sketch.batch,
            state={n: span.drawn(rng) for n, span in self.spans.items() if n not in self._names} or None,
        )

    @property
    def _names(self) -> frozenset[str]:
        return frozenset(self.sketch.architecture.givens)

    def _one(self, rng: np.random.Generator, name: str, value: float) -> float:
        return self.spans[name].drawn(rng) if name in self.spans else value

    def _each(self, rng: np.random.Generator, names: Sequence[str], drawn: Any, axes: int) -> Any:
        """Inputs or targets, with those that are given by name; in a batch sample by sample."""
        if not names:
            return None
        table = np.array(drawn)
        rows = table if table.ndim > axes else table[None]
        for row in rows:
            row.flat = [self._one(rng, name, value) for name, value in zip(names, row.flat)]
        return table


def read_numbers(table: Any, sketch: Sketch) -> Numbers:
    """The numbers of a question from their table; names are those of the network, of its arrays, and of what an update
    rule remembers."""
    if not isinstance(table, dict):
        raise BpkitError(f"numbers: expected a table such as [question.numbers] with w1 = 0.3, got {str(table)[:60]}")
    network = sketch.architecture
    arrays = {key: names for key, names in network.tables.items() if key not in network.parameters}
    kinds = {name: one.tag for name, one in network.lines.parameters.items()}
    memory = _remembered(sketch)
    known = [*network.givens, *arrays, *memory, *NUMBERS]
    spans: dict[str, Span] = {}
    for name, given in table.items():
        if name not in known:
            raise BpkitError(f"numbers: expected names of this network, got {name[:40]!r}{_near(name, known, network)}")
        if name in arrays:
            values = _table(name, given, arrays[name].shape)
            spans |= {one: Span(values=(float(value),)) for one, value in zip(arrays[name].flat, values.flat)}
        elif name not in NUMBERS:
            whole = name in network.vocabulary or name == "t"
            spans[name] = _span(name, given, 0 if whole else _DECIMALS.get(kinds.get(name, ""), 1))
    inputs, targets, samples = (table.get(name) for name in NUMBERS)
    if samples is not None and not (type(samples) is int and 2 <= samples <= MOST_SAMPLES):
        raise BpkitError(f"numbers: expected samples to be a whole number from 2 to {MOST_SAMPLES}, got {samples!r}")
    counts = {"samples": samples}
    for what, rows, shape in (("inputs", inputs, network.input_shape), ("targets", targets, network.output_shape)):
        if rows is not None:
            counts[what] = _rows(what, rows, shape)
    found = {what: count for what, count in counts.items() if what != "samples" or count}
    if len({*found.values()}) > 1:
        raise BpkitError(
            "numbers: expected as many samples everywhere, got "
            f"{in_words([f'{n or 1} in {w}' for w, n in found.items()])}"
        )
    return Numbers(sketch, spans, inputs, targets, next(iter(found.values()), None))


def _remembered(sketch: Sketch) -> tuple[str, ...]:
    """What the update rule remembers, by name."""
    if sketch.update is None:
        return ()
    return tuple(_sample(sketch.architecture).replace(update=sketch.update).state)


@lru_cache(maxsize=64)
def _sample(architecture: Architecture) -> Problem:
    """Some numbers for a network."""
    return draw_problem(np.random.default_rng(0), architecture)


def _rows(what: str, given: Any, shape: tuple[int, ...]) -> int | None:
    """How many samples a table holds; None for a single one without a table around it."""
    try:
        array = np.array(given, dtype=float)
    except (TypeError, ValueError):
        array = np.empty(())
    small = array.ndim and array.size and np.all(np.abs(array) <= FARTHEST)
    if small and array.shape == shape:
        return None
    if small and array.shape[1:] == shape and 2 <= len(array) <= MOST_SAMPLES:
        return len(array)
    one = str([0.1] * shape[-1]) if len(shape) == 1 else f"numbers of the shape {shape}"
    raise BpkitError(
        f"numbers: expected {what} to be {one}, or a list of 2 to {MOST_SAMPLES} of such for a batch, got "
        f"{str(given)[:60]}"
    )


def _table(name: str, given: Any, shape: tuple[int, ...]) -> Any:
    try:
        array = np.array(given, dtype=float)
    except (TypeError, ValueError):
        array = np.empty(())
    if array.shape != shape or not np.all(np.abs(array) <= FARTHEST):
        raise BpkitError(f"numbers: expected {name} to be numbers of the shape {shape}, got {str(given)[:60]}")
    return array


def _near(name: str, known: Sequence[str], network: Architecture) -> str:
    near = suggest(name, known)
    meant = near.startswith("; did you mean") and not name[-1:].isdigit()
    return near if meant else f"; this network has {spelled(network)}"


def spelled(network: Architecture) -> str:
    """What a network's parameters are called: ``w1 to w6, b1 and b2``.

    >>> import bpkit as bp
    >>> spelled(bp.Network(2, 2, 2))
    'w1 to w8, b1 and b2'
    """
    runs = []
    for stem, group in groupby(network.parameters, lambda name: name.rstrip("0123456789")):
        names = [*group]
        runs.append(f"{names[0]} to {names[-1]}" if len(names) > 2 and stem else " and ".join(names))
    return f"{', '.join(runs[:12])}{' and others' if len(runs) > 12 else ''}"
