"""Move any weight, bias or input and follow the numbers through the network, on the picture and line by line."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bpkit.apps.live import Live, groups, numbers, weights_of
from bpkit.apps.settings import Number, Setting
from bpkit.core.problem import Problem
from bpkit.core.quantities import Role
from bpkit.page.programs import forward_program, packed
from bpkit.show.diagram import diagram, numbers_of
from bpkit.show.diagram_spec import network_spec
from bpkit.show.diagram_words import words
from bpkit.show.drawing import Drawing
from bpkit.show.lines import lines_spec


@dataclass(frozen=True)
class State:
    """What the forward app shows."""

    problem: Problem
    digits: int


class Forward(Live):
    """Sliders for every weight, bias and input; the diagram and the numbered forward lines follow."""

    name = "forward"

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
            "programs": packed({"numbers": forward_program(derivation)}),
            "inputs": {"numbers": derivation.program.givens},
            "parts": {"network": network_spec(network), "lines": lines_spec(steps, "The forward lines")},
            "layout": {
                "groups": groups(
                    self.setting, Inputs=network.inputs, Weights=weights_of(network), Biases=network.biases
                ),
                "rows": [["network"], ["lines"]],
            },
        }

    def read(self, values: Mapping[str, Any]) -> State:
        return State(self.problem_from(values), values["digits"])

    def words(self, state: State) -> str:
        return words(state.problem.network, numbers_of(state.problem), digits=state.digits)

    def drawing(self, state: State) -> Drawing:
        return diagram(state.problem, digits=state.digits)
