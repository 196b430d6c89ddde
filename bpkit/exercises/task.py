"""A task: the public half of an exercise, from which the kit works out the rest; and its plain data for files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from bpkit.core.errors import BpkitError
from bpkit.core.network import Network
from bpkit.core.problem import Problem

DEEPEST, WIDEST = 8, 32  # layers and neurons of an exercise; data from a file may claim more than memory holds


@dataclass(frozen=True, eq=False)
class Task:
    """What a learner sees of an exercise: its question, the problems with their numbers, and what it is about.

    ``about`` holds words and numbers (which weight, which rates, which lines are printed). A task has no answer in
    it: right and wrong answers are read from the derivation of its problems.
    """

    question: str
    problems: tuple[Problem, ...]
    about: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def problem(self) -> Problem:
        """The first problem, for most questions the only one."""
        return self.problems[0]

    def data(self) -> dict[str, Any]:
        """Numbers, words, lists and dicts alone, as JSON has them."""
        return {
            "question": self.question,
            "problems": [problem_data(problem) for problem in self.problems],
            "about": dict(self.about),
        }

    def __eq__(self, other: object) -> bool:
        return self.data() == other.data() if isinstance(other, Task) else NotImplemented

    def __hash__(self) -> int:
        return hash((self.question, self.problems))


def problem_data(problem: Problem) -> dict[str, Any]:
    """A problem as plain data."""
    network = problem.network
    data: dict[str, Any] = {
        "sizes": list(network.sizes),
        "activation": [activation.name for activation in network.activations],
        "loss": network.loss.name,
        "bias": network.bias,
        "parameters": dict(problem.parameters),
        "inputs": problem.inputs.tolist(),
        "targets": problem.targets.tolist(),
        "learning_rate": problem.learning_rate,
    }
    if network.renamed:
        data["weight_names"] = [[*edge, name] for edge, name in network.renamed.items()]
    if not problem.train_biases:
        data["train_biases"] = False
    return data


def problem_from(data: Mapping[str, Any]) -> Problem:
    """A problem from plain data; raises ``BpkitError`` for data that is none."""
    try:
        if len(data["sizes"]) > DEEPEST or max(data["sizes"]) > WIDEST:
            raise BpkitError(
                f"task: expected at most {DEEPEST} layers of {WIDEST} neurons, got {str(data['sizes'])[:40]}; "
                "take it from the key"
            )
        network = Network(
            *data["sizes"],
            activation=list(data["activation"]),
            loss=data["loss"],
            bias=data["bias"],
            weight_names={(source, target): name for source, target, name in data.get("weight_names", ())},
        )
        return Problem(
            network,
            data["parameters"],
            data["inputs"],
            data["targets"],
            data["learning_rate"],
            data.get("train_biases", True),
        )
    except (KeyError, TypeError, AttributeError, IndexError) as error:
        raise BpkitError(
            f"task: expected the data of a problem, got something else ({error}); take it from the key"
        ) from None


def task_from(data: Mapping[str, Any]) -> Task:
    """A task from plain data, as ``Task.data`` gives it."""
    try:
        problems = tuple(problem_from(problem) for problem in data["problems"])
        return Task(str(data["question"]), problems, MappingProxyType(dict(data["about"])))
    except (KeyError, TypeError, ValueError) as error:
        if isinstance(error, BpkitError):
            raise
        raise BpkitError(
            f"task: expected question, problems and about, got something else ({error}); take it from the key"
        ) from None
