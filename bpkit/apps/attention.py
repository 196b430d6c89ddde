"""One head of attention that moves: queries meet keys, the shares of each word, what it takes, and the way back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from bpkit.apps.live import Live, numbers
from bpkit.apps.settings import Check, Setting
from bpkit.core.problem import Problem
from bpkit.core.spelling import number
from bpkit.page.programs import every_line, packed
from bpkit.show.attention import HIGH, WIDE, attention_picture, attention_words, head_of, layout, numbers_of
from bpkit.show.drawing import Drawing

TEXTS = {
    "takes": "Word {{row}} takes {{shares}}.",
    "share": "{share} of word {{column}}",
    "loss": "The loss E is {loss}.",
}


@dataclass(frozen=True)
class State:
    """What the app shows: the problem, and whether the derivatives stand below the numbers."""

    problem: Problem
    back: bool
    digits: int


class AttentionApp(Live):
    """Sliders for the words and the weights of one head of attention; the table of shares follows.

    ``back`` shows the derivative of the loss below each number.
    """

    name = "attention"

    def settings(self) -> Mapping[str, Setting]:
        head_of(self.problem, "attention app")
        given = self.problem.givens
        words = {name: float(given[name]) for name in self.problem.network.inputs}
        return {
            "back": Check("show the way back", tip="The derivative of the loss below each number"),
            **numbers(words),
            **numbers(self.problem.parameters),
        }

    def page(self) -> dict[str, Any]:
        problem, placed = self.problem, layout(self.problem)
        derivation, (words, _, width) = problem.derivation, head_of(problem, "attention app")
        parameters = problem.network.parameters
        return {
            "givens": problem.givens,
            "programs": packed({"all": every_line(derivation)}),
            "inputs": {"all": derivation.program.givens},
            "picture": {**asdict(placed), "box": [WIDE, HIGH]},
            "size": [words, width],
            "texts": TEXTS,
            "layout": {
                "rows": [
                    ["back", "message"],
                    ["picture"],
                    list(problem.network.inputs),
                    *([name for name in parameters if name.startswith(f"W{letter}")] for letter in "qkv"),
                ],
            },
        }

    def read(self, values: Mapping[str, Any]) -> State:
        return State(self.problem_from(values), values["back"], values["digits"])

    def words(self, state: State) -> str:
        return attention_words(state.problem, numbers_of(state.problem), state.back, state.digits)

    def note(self, state: State) -> tuple[str, bool]:
        values, (words, _, _) = numbers_of(state.problem), head_of(state.problem, "attention app")
        said = []
        for i in range(1, words + 1):
            shares = " and ".join(
                TEXTS["share"].format(share=number(values[f"share_o{i}_{j}"], 3)).replace("{column}", str(j))
                for j in range(1, words + 1)
            )
            said.append(TEXTS["takes"].format().replace("{row}", str(i)).replace("{shares}", shares))
        loss = TEXTS["loss"].format(loss=number(values["E_total"], state.digits))
        return " ".join([*said, loss]), False

    def drawing(self, state: State) -> Drawing:
        return attention_picture(state.problem, state.back)
