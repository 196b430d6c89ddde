"""What is asked: a quantity of a problem, at once or after some updates."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np

from bpkit.core.derivation import Derivation
from bpkit.core.errors import BpkitError, suggest
from bpkit.core.numeric import Values, canonical, evaluate
from bpkit.core.problem import Problem
from bpkit.core.program import averaged
from bpkit.core.quantities import Role, updated

MOST_UPDATES = 20_000
PAIRS_UP_TO = 10  # updates; behind more of them pairs of mistakes are not searched
MOST_OF_A_BATCH = 1000  # updates; a verdict on so many takes some seconds
SIDE_BY_SIDE = 50  # updates; more are faster one way after the other


def turn(problem: Problem, update: int = 0) -> Problem:
    """What an update works on: the whole batch, or one sample of it after the other.

    >>> import bpkit as bp
    >>> problem = Problem(bp.Network(1, 1, bias="none"), {"w1": 1}, [[1], [3]], [[0], [0]], batch="each")
    >>> [turn(problem, update).inputs for update in range(3)]
    [array([1.]), array([3.]), array([1.])]
    """
    each = problem.batch == "each" and problem.is_batch
    return problem.sample((problem.next_sample + update) % len(problem.inputs)) if each else problem


@dataclass(frozen=True)
class Question:
    """A quantity of a problem, at once or after some updates: ``E_total``, ``w5_new``, ``E_total after 1 update``."""

    problem: Problem
    quantity: str
    updates: int = 0

    @property
    def derivation(self) -> Derivation:
        lines = self.problem.derivation
        return lines if self.quantity in lines.by_name else lines.with_inputs

    @cached_property
    def exact(self) -> Values:
        """The right numbers of the pass that the quantity belongs to."""
        return evaluate(self.problem.updated(self.updates) if self.updates else self.problem)

    @property
    def given(self) -> list[float]:
        """The numbers that are given, each once: whoever puts them in rounds nothing."""
        values = map(np.ravel, self.problem.givens.values())
        return [*dict.fromkeys(float(number) for each in values for number in each)]

    @property
    def made(self) -> int:
        """How many updates the quantity is behind; a new value is behind the one that makes it."""
        return self.updates + (self.derivation[self.quantity].role is Role.UPDATE)

    def of(self, problem: Problem, turns: int = 1) -> Question:
        """The same quantity of another problem, which takes so many updates for each of this one."""
        own = self.made - self.updates
        updates = self.made * turns - own
        return Question(turn(problem) if own and not updates else problem, self.quantity, updates)

    def __str__(self) -> str:
        return self.quantity + (f" after {self.updates} update{'s' * (self.updates > 1)}" if self.updates else "")


def question(problem: Problem, asked: str) -> Question:
    """Find what is asked; raises ``BpkitError`` with near names for what the derivation does not have.

    >>> import bpkit as bp
    >>> asked = question(bp.examples.article.problem, "E_total after 2 updates")
    >>> asked.quantity, asked.updates
    ('E_total', 2)
    """
    if not isinstance(problem, Problem):
        raise BpkitError(f"diagnose: expected a Problem, got {problem!r}; examples carry one as .problem")
    return _found(problem, str(asked))


@lru_cache(maxsize=64)
def _found(problem: Problem, asked: str) -> Question:
    """One question for all the numbers that are typed: its right number is worked out once."""
    name, updates = _read(asked)
    known = problem.derivation
    parameters = known.network.lines.parameters  # those of problem.network may not be made yet
    olds = {f"{step.name}_new": step.name for step in known if step.name not in parameters}
    if name not in known and name in olds:
        name, updates = olds[name], updates + 1  # E_total_new: what it is with the new weights
    if name in parameters and updates:
        name, updates = updated(parameters[name]).name, updates - 1  # what a weight is after n updates, the last makes
    if name not in known:
        near = suggest(name, [step.name for step in known])
        raise BpkitError(
            f"diagnose: there is no quantity {asked!r}{near}{'' if near.endswith('?') else '.'} "
            "A figure of the trained network is asked for as 'E_total after 1 update'"
        )
    if updates > MOST_UPDATES:
        raise BpkitError(f"diagnose: expected at most {MOST_UPDATES} updates, got {updates}; ask for an earlier figure")
    if problem.is_batch and updates > MOST_OF_A_BATCH:
        raise BpkitError(f"diagnose: expected at most {MOST_OF_A_BATCH} updates of a batch, got {updates}")
    if problem.is_batch and not averaged(known[name]):
        raise BpkitError(
            f"diagnose: {name} has a value for each of the {len(problem.inputs)} samples; choose one of them with "
            "problem.sample(0), or ask for E_total, a derivative with respect to a parameter or a new parameter"
        )
    own = known[name].role is Role.UPDATE and not updates
    return Question(turn(problem) if own else problem, name, updates)


def _read(asked: str) -> tuple[str, int]:
    """Quantity and number of updates: ``E_total after 1 update``, ``dE/dw5``."""
    name, *rest = asked.split() or [asked]
    count = rest[1] if len(rest) == 3 else "1"
    if not rest:
        return canonical(name), 0
    if rest[0] == "after" and rest[-1] in ("update", "updates") and len(rest) in (2, 3):
        if count in ("a", "an", "one"):
            return canonical(name), 1
        if count.isdecimal() and len(count) < 10:
            return canonical(name), int(count)
    return asked, 0
