"""Move any weight, bias or input and follow the numbers through the network, on the picture and line by line.

What differs from the start is lit: what you moved, and every number that follows from it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from bpkit.apps.controls import Number, Setting
from bpkit.apps.live import Live, groups, numbers, weights_of
from bpkit.core.chain_rule import Step
from bpkit.core.expressions import names_in
from bpkit.core.network import Network
from bpkit.core.problem import Problem
from bpkit.core.quantities import Role
from bpkit.examples.example import Example
from bpkit.page.programs import forward_program, packed
from bpkit.show.diagram import diagram, numbers_of
from bpkit.show.diagram_spec import network_spec
from bpkit.show.diagram_words import words
from bpkit.show.drawing import Drawing
from bpkit.show.lines_table import lines_spec


@dataclass(frozen=True)
class State:
    """What the forward app shows; ``changed`` names what was moved and the quantities that follow from it."""

    problem: Problem
    changed: tuple[str, ...]
    digits: int


class Forward(Live):
    """Sliders for every weight, bias and input; the diagram and the numbered forward lines follow.

    With ``lines=False`` there is only the diagram.
    """

    name = "forward"

    def __init__(self, given: Example | Problem, lines: bool = True) -> None:
        self._lines = lines
        super().__init__(given)

    def settings(self) -> Mapping[str, Setting]:
        network, givens = self.problem.network, self.problem.givens
        kinds = (network.inputs, weights_of(network), network.biases)
        rows = {
            name: Number(name, givens[name], 0, rows - 1, 1, whole=True, bounds=(0, rows - 1))
            for name, rows in network.vocabulary.items()
        }
        sliders = (numbers({name: givens[name] for name in kind}) for kind in kinds)
        return {name: rows.get(name, one) for kind in sliders for name, one in kind.items()}

    def page(self) -> dict[str, Any]:
        network, derivation = self.problem.network, self.problem.derivation
        steps = [step for step in derivation if step.role is Role.FORWARD]
        return {
            "follows": self._follows,
            "leads": self._leads,
            "programs": packed({"numbers": forward_program(derivation)}),
            "inputs": {"numbers": derivation.program.givens},
            "parts": {"network": network_spec(network), "lines": lines_spec(steps, "The forward lines")},
            "layout": {
                "groups": groups(
                    self.setting, Inputs=network.inputs, Weights=weights_of(network), Biases=network.biases
                ),
                "rows": [["network"], ["lines"]] if self._lines else [["network"]],
            },
        }

    def read(self, values: Mapping[str, Any]) -> State:
        moved = [name for name in self._follows if values[name] != self.setting[name].value]
        found = {name for one in moved for name in self._follows[one]}
        changed = [step.name for step in self.problem.derivation if step.name in found]
        lines = [weight for one in moved for weight in self._leads.get(one, ())]
        return State(self.problem_from(values), (*dict.fromkeys([*moved, *lines]), *changed), values["digits"])

    @cached_property
    def _follows(self) -> dict[str, list[str]]:
        """For each control the quantities of the forward pass that depend on it."""
        steps = [step for step in self.problem.derivation if step.role is Role.FORWARD]
        givens = self.problem.givens
        return {name: list(_dependent(steps, name)) for name in self.setting if name in givens}

    @cached_property
    def _leads(self) -> dict[str, list[str]]:
        """For each input the weights of the lines that start there."""
        network = self.problem.network
        if not isinstance(network, Network):
            return {}
        return {one: [name for name, (start, _) in network.weights.items() if start == one] for one in network.inputs}

    def words(self, state: State) -> str:
        return words(state.problem.network, numbers_of(state.problem), state.changed, state.digits)

    def drawing(self, state: State) -> Drawing:
        return diagram(state.problem, state.changed, state.digits)


def _dependent(steps: Iterable[Step], name: str) -> Iterator[str]:
    """The quantities that change with a number, in the order of their lines."""
    found = {name}
    for step in steps:
        if names_in(step.rhs) & found:
            found.add(step.name)
            yield step.name
