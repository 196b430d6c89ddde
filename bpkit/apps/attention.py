"""One head of attention that moves: queries meet keys, the shares of each word, what it takes, and the way back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from bpkit.apps.controls import Check, Choice, Setting
from bpkit.apps.live import Live, numbers
from bpkit.core.agreement import near_one
from bpkit.core.problem import Problem
from bpkit.core.spelling import number, readable
from bpkit.examples.example import Example
from bpkit.page.programs import every_line, packed
from bpkit.show.attention_picture import (
    HIGH,
    SMALL,
    WIDE,
    attention_picture,
    attention_words,
    head_of,
    layout,
    numbers_of,
)
from bpkit.show.drawing import Drawing

TEXTS = {
    "takes": "Word {{row}} takes {{shares}}.",
    "share": "{share|near} of word {{column}}",
    "loss": "The loss E is {loss}.",
    "part": "Keys and values show the part of word {word}.",
}


@dataclass(frozen=True)
class State:
    """What the app shows: the problem, whether derivatives are below the numbers, the word whose ways are lit."""

    problem: Problem
    back: bool
    mix: int
    digits: int


class AttentionApp(Live):
    """Sliders for the words and the weights of one head of attention; the table of shares follows.

    ``back`` opens it with the derivative of the loss below each number. The ways to the mix of one word can be lit.
    """

    name = "attention"

    def __init__(self, given: Example | Problem | None = None, back: bool = False) -> None:
        self._back = bool(back)
        super().__init__(given)

    def settings(self) -> Mapping[str, Setting]:
        words, _, _ = head_of(self.problem, "attention app")
        given = self.problem.givens
        each = [(f"word {k}", k) for k in range(1, words + 1)]
        return {
            "back": Check("show the way back", self._back, tip="The derivative of the loss below each number"),
            "mix": Choice("ways of", 0, (("all words", 0), *each), tip="Those that lead to the mix of a word"),
            **numbers({name: float(given[name]) for name in self.problem.network.inputs}),
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
            "picture": {**asdict(placed), "box": [WIDE, HIGH], "small": SMALL},
            "size": [words, width],
            "texts": TEXTS,
            "layout": {
                "rows": [
                    ["back", "mix", "message"],
                    ["picture"],
                    list(problem.network.inputs),
                    *([name for name in parameters if name.startswith(f"W{letter}")] for letter in "qkv"),
                ],
            },
        }

    def read(self, values: Mapping[str, Any]) -> State:
        return State(self.problem_from(values), values["back"], values["mix"], values["digits"])

    def words(self, state: State) -> str:
        return attention_words(state.problem, numbers_of(state.problem), state.back, state.digits)

    def note(self, state: State) -> tuple[str, bool]:
        values, (words, _, _) = numbers_of(state.problem), head_of(state.problem, "attention app")
        said = []
        for i in range(1, words + 1):
            shares = " and ".join(
                TEXTS["share"]
                .replace("{share|near}", near_one(values[f"share_o{i}_{j}"], 3))
                .replace("{{column}}", str(j))
                for j in range(1, words + 1)
            )
            said.append(TEXTS["takes"].format().replace("{row}", str(i)).replace("{shares}", shares))
        loss = TEXTS["loss"].format(loss=number(values["E_total"], state.digits))
        part = [TEXTS["part"].format(word=state.mix)] if state.back and state.mix else []
        return readable(" ".join([*said, loss, *part])), False

    def drawing(self, state: State) -> Drawing:
        return attention_picture(state.problem, state.back)
