"""The gradient check app: the error of a difference quotient against h, and a table of derivatives and quotients."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from bpkit.apps.controls import Choice, Number, Setting
from bpkit.apps.live import Live, choice_of, groups, last_weight, numbers
from bpkit.core.errors import BpkitError
from bpkit.core.numerical_gradient import difference_quotient
from bpkit.core.problem import Problem
from bpkit.core.spelling import PLAIN, number
from bpkit.page.programs import derivatives_program, packed, quotients_program, samples
from bpkit.show.drawing import Drawing
from bpkit.show.quotient_picture import (
    BEST,
    DECADE,
    NAMES,
    NOISE,
    SEEN,
    STEPS,
    TEXTS,
    Errors,
    errors,
    errors_words,
    quotient_figure,
    size,
)

MOST_ROWS = 12  # of the table, so that it fits on a screen with the picture
NOTES = {
    "infinite": "The loss is not finite here, so it has no difference quotient.",
    "flat": "The loss is flat here: changing {parameter} does not change it, whatever h is, as the derivative says.",
    "outside": "h = {h} is outside the picture; the table below shows its numbers. ",
    "best": "The expected best h is about {best} for {parameter}, {formula}; a single h near it can be better by luck.",
}
TABLE = {
    "head": ["parameter", "derived", "measured", "error"],
    "caption": "Derived and measured with h = {h}",
    "more": "; {more} more are not shown",
    "here": "{derivative} ←",
}


@dataclass(frozen=True)
class State:
    """What the gradient check shows: one parameter, one formula, one h."""

    problem: Problem
    parameter: str
    central: bool
    h: float
    digits: int


class GradientCheck(Live):
    """The error of one parameter's difference quotient against h, and a table of all derivatives and quotients."""

    name = "gradient_check"
    batches = True

    def settings(self) -> Mapping[str, Setting]:
        network, names = self.problem.network, self.problem.network.parameters
        if not names:
            raise BpkitError("gradient_check app: expected a network with weights, got one without")
        self._errors: Callable[[Problem, str, bool], Errors] = lru_cache(maxsize=8)(errors)
        formulas = (("central, two runs", True), ("one-sided, one run", False))
        return {
            "parameter": Choice("parameter", last_weight(network), choice_of(network, names)),
            "formula": Choice("quotient", True, formulas),
            "h": Number("h", 1e-3, -12, -1, 0.25, log=True, bounds=(1e-15, 1.0)),
            **numbers(self.problem.parameters),
        }

    def page(self) -> dict[str, Any]:
        problem, names = self.problem, self.problem.network.parameters
        program, quantities = problem.derivation.program, problem.derivation.quantities
        derivatives = {name: f"dE_total/d{name}" for name in names}
        programs = {
            "loss": derivatives_program(problem, ["E_total"]),
            "derived": derivatives_program(problem, ["E_total", *derivatives.values()]),
        }
        inputs = [name for name in program.givens if not (problem.is_batch and name in program.data)]
        return {
            "programs": packed({**programs, "quotients": quotients_program()}),
            "inputs": dict.fromkeys(programs, inputs),
            "samples": samples(problem),
            "derivatives": derivatives,
            "spoken": {  # ∂E/∂w₅ and w₅
                name: {"derivative": PLAIN(quantities[long]), "parameter": PLAIN(quantities[name])}
                for name, long in derivatives.items()
            },
            "steps": STEPS.tolist(),
            "decade": DECADE,
            "noise": NOISE,
            "seen": SEEN,
            "formulas": [{"central": central, "name": name} for central, name in NAMES.items()],
            "rows": min(MOST_ROWS, len(names)),
            "texts": {**TEXTS, "notes": NOTES, "table": TABLE, "here": "this h", "star": BEST},
            "parts": {
                "curve": {
                    "x": {"label": "h", "log": True},
                    "y": {"label": "error of the quotient", "log": True},
                    "size": [812, 260],
                }
            },
            "layout": {
                "groups": groups(self.setting, Nudge=["parameter", "formula", "h"], Weights_and_biases=names),
                "folded": ["Weights and biases"],  # few move them, and the table is wanted on the screen
                "rows": [["curve"], ["message"], ["table"]],
            },
        }

    def read(self, values: Mapping[str, Any]) -> State:
        problem = self.problem_from(values)
        return State(problem, values["parameter"], values["formula"], values["h"], values["digits"])

    def words(self, state: State) -> str:
        return errors_words(self._pair(state)[0], state.h, self._quotient(state), state.digits)

    def note(self, state: State) -> tuple[str, bool]:
        chosen, _ = self._pair(state)
        said = {"parameter": state.parameter, "formula": NAMES[state.central], "h": number(state.h)}
        if chosen.best is None:
            return NOTES["infinite"], True
        if chosen.flat:
            return NOTES["flat"].format(**said), False
        low, high = SEEN
        outside = "" if low <= state.h <= high else NOTES["outside"]
        return (outside + NOTES["best"]).format(**said, best=size(chosen.best)), False

    def drawing(self, state: State) -> Drawing:
        return quotient_figure(*self._pair(state), state.h, self._quotient(state), state.digits)

    def _pair(self, state: State) -> tuple[Errors, Errors]:
        """The errors of the formula that is chosen, and of the other one."""
        chosen, other = (
            self._errors(state.problem, state.parameter, central) for central in (state.central, not state.central)
        )
        return chosen, other

    def _quotient(self, state: State) -> float:
        return float(difference_quotient(state.problem, state.parameter, state.h, state.central)[0])
