"""A task: the public half of an exercise, from which the kit works out the rest; and its plain data for files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from types import MappingProxyType
from typing import Any

from bpkit.core import blocks
from bpkit.core.architecture import Architecture
from bpkit.core.blocks.block import Block
from bpkit.core.errors import BpkitError, suggest
from bpkit.core.functions import Activation, Own
from bpkit.core.model import Model
from bpkit.core.network import Network, layered
from bpkit.core.problem import BATCHES, Problem
from bpkit.core.updates import RULES, GradientDescent, UpdateRule
from bpkit.exercises.questions.own.own_functions import check_defined, functions_from

# Data from a file may claim more than memory holds.
DEEPEST, WIDEST = 8, 32  # layers and neurons of a network
MOST_BLOCKS, LARGEST = 4, 6  # blocks of a model, and its sizes: those of its inputs, and of each block
MOST_POINTS = 1000


@dataclass(frozen=True, eq=False)
class Task:
    """What a learner sees of an exercise: its question, the problems with their numbers, and what it is about.

    ``about`` holds words and numbers (which weight, which rates, which lines are printed). A task has no answer in
    it: right and wrong answers are read from the derivation of its problems. ``points`` is what an instructor says that
    the whole question is worth. ``private`` holds what only an instructor knows about an own question; it never goes
    into the task's data.
    """

    question: str
    problems: tuple[Problem, ...]
    about: Mapping[str, Any] = field(default_factory=dict)
    points: float | None = None
    private: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        frozen = {name: MappingProxyType(dict(getattr(self, name))) for name in ("about", "private")}
        vars(self).update(frozen)

    @property
    def problem(self) -> Problem:
        """The first problem, for most questions the only one."""
        return self.problems[0]

    @property
    def network(self) -> Network:
        """The network of the first problem; ``BpkitError`` where that is a model of other blocks."""
        return layered(self.problem.network, f"task: {self.question}")

    def data(self) -> dict[str, Any]:
        """Only numbers, words, lists and dicts, as JSON has them."""
        return {
            "question": self.question,
            "problems": [problem_data(problem) for problem in self.problems],
            "about": dict(self.about),
            **({"points": self.points} if self.points is not None else {}),
        }

    def __eq__(self, other: object) -> bool:
        return self.data() == other.data() if isinstance(other, Task) else NotImplemented

    def __hash__(self) -> int:
        return hash((self.question, self.problems))


def problem_data(problem: Problem) -> dict[str, Any]:
    """A problem as plain data; what is usual is left out."""
    data: dict[str, Any] = {
        **_architecture_data(problem.network),
        "parameters": dict(problem.parameters),
        "inputs": problem.inputs.tolist(),
        "targets": problem.targets.tolist(),
        "learning_rate": problem.learning_rate,
    }
    if not problem.train_biases:
        data["train_biases"] = False
    if problem.update != GradientDescent():
        data["update"] = {"rule": type(problem.update).__name__, **problem.update.constants}
    if any(problem.state.values()):
        data["state"] = dict(problem.state)
    if problem.batch != BATCHES[0]:
        data["batch"] = problem.batch
    return data


def _architecture_data(architecture: Architecture) -> dict[str, Any]:
    if isinstance(architecture, Model):
        shape, stacked = list(architecture.shape), list(map(_block_data, architecture.blocks))
        return {"shape": shape, "blocks": stacked, "loss": architecture.loss.name}
    network = layered(architecture, "task")
    data: dict[str, Any] = {
        "sizes": list(network.sizes),
        "activation": [activation.name for activation in network.activations],
        "loss": network.loss.name,
        "bias": network.bias,
    }
    if network.renamed:
        data["weight_names"] = [[*edge, name] for edge, name in network.renamed.items()]
    return data


def _block_data(block: Block) -> dict[str, Any]:
    """A block's name and its arguments; those of a block around blocks are blocks."""
    plain = {name: value.name if isinstance(value, Activation) else value for name, value in vars(block).items()}
    if "blocks" in plain:
        plain["blocks"] = list(map(_block_data, plain["blocks"]))
    return {"block": type(block).__name__, **plain}


def problem_from(data: Mapping[str, Any], own: Mapping[str, Own] = MappingProxyType({})) -> Problem:
    """A problem from plain data, with functions of its own by name; raises ``BpkitError`` for data that is none."""
    try:
        return Problem(
            architecture_from(data, own),
            data["parameters"],
            data["inputs"],
            data["targets"],
            data["learning_rate"],
            data.get("train_biases", True),
            update=rule_from(**data["update"]) if "update" in data else None,
            state=data.get("state"),
            batch=data.get("batch", BATCHES[0]),
        )
    except (KeyError, TypeError, AttributeError, IndexError) as error:
        raise BpkitError(
            f"task: expected the data of a problem, got something else ({error}); take it from the key"
        ) from None


def architecture_from(data: Mapping[str, Any], own: Mapping[str, Own]) -> Network | Model:
    """A network, or a model of blocks.

    >>> architecture_from({"sizes": [2, 1], "activation": ["tanh"], "loss": "half_squared_error", "bias": "none"}, {})
    Network(2, 1, activation='tanh', loss='half_squared_error', bias='none')
    """
    return _model(data, own) if "blocks" in data else _network(data, own)


def _network(data: Mapping[str, Any], own: Mapping[str, Any]) -> Network:
    if len(data["sizes"]) > DEEPEST or max(data["sizes"]) > WIDEST:
        raise BpkitError(
            f"task: expected at most {DEEPEST} layers of {WIDEST} neurons, got {str(data['sizes'])[:40]}; "
            "take it from the key"
        )
    activations = tuple(own.get(name, name) for name in data["activation"])
    names = tuple((source, target, name) for source, target, name in data.get("weight_names", ()))
    return _made(activations, own.get(data["loss"], data["loss"]), data["bias"], names, *data["sizes"])


@lru_cache(maxsize=256, typed=True)
def _made(activations: Any, loss: Any, bias: str, names: tuple[tuple[str, str, str], ...], *sizes: int) -> Network:
    """A network, made once: the sheets of a class have few."""
    renamed = {(source, target): name for source, target, name in names}
    return Network(*sizes, activation=list(activations), loss=loss, bias=bias, weight_names=renamed)


def _model(data: Mapping[str, Any], own: Mapping[str, Any]) -> Model:
    stacked = list(data["blocks"])
    for one in stacked:  # grows by the blocks within blocks
        if len(stacked) > MOST_BLOCKS:
            raise BpkitError(f"task: expected at most {MOST_BLOCKS} blocks, got more; take it from the key")
        stacked += one.get("blocks", ())
    each = (_block(one, own) for one in data["blocks"])
    return Model(_small("shape", data["shape"]), *each, loss=own.get(data["loss"], data["loss"]))


def _block(data: Mapping[str, Any], own: Mapping[str, Any]) -> Block:
    arguments = dict(data)
    name = arguments.pop("block")
    if name not in blocks.__all__:
        raise BpkitError(f"task: expected one of the blocks, got {str(name)[:40]!r}{suggest(name, blocks.__all__)}")
    inner = (_block(one, own) for one in arguments.pop("blocks", ()))
    small = {
        what: own.get(value, value) if isinstance(value, str) else _small(what, value)
        for what, value in arguments.items()
    }
    found: Block = getattr(blocks, name)(*inner, **small)
    return found


def _small(what: str, value: Any) -> Any:
    """A size, or the sizes of a shape, that memory holds; words are left to the blocks."""
    sizes = value if isinstance(value, list) else [value]
    if len(sizes) > LARGEST or any(not isinstance(one, str) and not 0 < one <= LARGEST for one in sizes):
        raise BpkitError(f"task: expected {what} to be at most {LARGEST}, got {str(value)[:40]}; take it from the key")
    return value


def rule_from(rule: str, **constants: float) -> UpdateRule:
    """An update rule by its name and constants.

    >>> rule_from("Momentum", beta=0.9)
    Momentum(beta=0.9)
    """
    if rule not in RULES:
        raise BpkitError(f"task: expected one of the update rules, got {str(rule)[:40]!r}{suggest(rule, RULES)}")
    return RULES[rule](**constants)


def task_from(data: Mapping[str, Any]) -> Task:
    """A task from plain data, as ``Task.data`` gives it."""
    try:
        about = dict(data["about"])
        functions = functions_from(about.get("functions", []))
        own = {one.name: one.made() for one in functions}
        problems = tuple(problem_from(problem, own) for problem in data["problems"])
        for problem in problems if functions else ():
            check_defined(problem, functions)
        return Task(str(data["question"]), problems, about, _points(data.get("points")))
    except (KeyError, TypeError, ValueError) as error:
        if isinstance(error, BpkitError):
            raise
        raise BpkitError(
            f"task: expected question, problems and about, got something else ({error}); take it from the key"
        ) from None


def _points(given: Any) -> float | None:
    if given is None or (type(given) in (int, float) and 0 < given <= MOST_POINTS):
        return given  # type: ignore[no-any-return]  # checked just now
    raise BpkitError(
        f"task: expected points above 0, at most {MOST_POINTS}, got {str(given)[:40]}; take it from the key"
    )
