"""Practice without end on the page: one question after the other, in the card of a question of a lesson."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bpkit.apps.controls import Choice, Setting
from bpkit.core.errors import BpkitError
from bpkit.exercises.questions.cards import NOT_YET
from bpkit.exercises.questions.exercise import Exercise
from bpkit.exercises.questions.practice import history
from bpkit.exercises.questions.practice.next_question import (
    SKIPPED,
    Entry,
    Turn,
    entry,
    following,
    open_mistakes,
    pool_of,
    reason,
    said_of,
    steps,
)
from bpkit.exercises.questions.sitting import Ask, Sitting
from bpkit.page import progress_file

EVERYTHING = "all topics"
ALL_RIGHT = "All correct."
STILL = "Here you practise: one question after the other, harder or easier as you answer."
_TEXTS = {
    "again": "Next question",
    "againTip": "The next question; it depends on what you answered",
    "waitingList": "Mistakes that come back until you answer them right twice",
}


class Practice(Ask):
    """Questions without end: ``answer(a="0.5")`` answers, ``again()`` goes on to the next.

    Which one is next depends on what was answered before: see ``course.py`` beside this. In a notebook every
    answer is kept in the learner's own file, the one that ``bpkit practice`` uses too.
    """

    name = "practice"
    kind = "Practice"
    alone = False  # which question comes next, and what it asks, only a kernel can say
    keeps = ()

    def __init__(self, topic: str | None = None, seed: int = 0) -> None:
        self._seed = seed
        self._topics = _topics(topic or "")
        kept = history.usual_file() if progress_file.notebook() else None
        try:
            self._kept, (self._entries, _) = kept, history.read(kept)
            self._trouble = ""
        except BpkitError as error:
            self._kept, self._entries, self._trouble = None, (), str(error)
        self._before = len(steps(self._entries))
        self._turn = self._next(topic or "")
        super().__init__(self._turn.question, 0, self._turn.difficulty)

    def _settings(self) -> dict[str, Setting]:
        first = self._topics[0][1]
        return {"topic": Choice("topic", first, self._topics), **super()._settings()}

    def _next(self, topic: str) -> Turn:
        return following(steps(self._entries), pool_of(topic), self._seed)

    def _drawn(self, seed: int) -> Exercise:
        return self._turn.exercise

    def page(self) -> dict[str, Any]:
        page = super().page()
        rows = [["topic", "counts"], ["why"], ["asked"], ["buttons"], ["solution"], ["waiting"]]
        return page | {"layout": {"rows": rows}, "texts": page["texts"] | _TEXTS}

    def settled(self, values: dict[str, Any], before: Mapping[str, Any]) -> dict[str, Any]:
        """Keep what was answered, or go on to another question: of another topic, or where the learner asks for it."""
        topic = values["topic"] != before["topic"]
        if topic or values["seed"] != before["seed"]:
            if not topic and not any(one.turn == self._turn for one in self._entries):
                self._keep(entry(self._turn, SKIPPED))
            self._turn = self._next(values["topic"])
            values = values | {"seed": before["seed"] + 1}
            return super().settled(values, before)
        sitting, old = self.read(values), self.read(before)
        for letter, typed, was, found in zip(sitting.exercise.parts, sitting.typed, old.typed, sitting.feedback):
            if typed != was and found.verdict not in NOT_YET:
                self._keep(entry(self._turn, found.verdict, letter, found))
        if sitting.hinted != old.hinted:
            self._keep(entry(self._turn, "hint"))
        if sitting.opened and not old.opened:
            self._keep(entry(self._turn, "solution"))
        return values

    def _keep(self, one: Entry) -> None:
        self._entries = (*self._entries, one)
        try:
            history.add(self._kept, one)
        except BpkitError as error:
            self._kept, self._trouble = None, str(error)

    def tells(self) -> dict[str, Any]:
        told, done = super().tells(), steps(self._entries)
        now = [step for step in done[self._before :] if step.right is not None]
        counts = f"{sum(step.right is True for step in now)} of {len(now)} right at the first answer." if now else ""
        return told | {
            "draw": {**told["draw"], "title": self.title},
            "score": ALL_RIGHT if self.done else told["score"],
            "why": f"{self._why} Level: {self._turn.difficulty}.",
            "counts": f"{counts} {self._trouble}".strip(),
            "waits": [said_of(one.name) for one in open_mistakes(done)],
        }

    @property
    def _why(self) -> str:
        return reason(self._turn, [step for step in steps(self._entries) if step.turn != self._turn])

    def still(self, state: Sitting) -> str:
        return f"<p>{STILL}</p>"

    def still_markdown(self, state: Sitting) -> str:
        return ""

    def drawing(self, state: Sitting) -> None:
        return None

    def __repr__(self) -> str:
        return f"{self.kind}: {self._why} {self.words(self.state)}"


def _topics(wanted: str) -> tuple[tuple[str, str], ...]:
    """What may be chosen, the one that was asked for first: labels, and how ``pool_of`` finds them."""
    pool = pool_of(wanted)
    topics = tuple((topic, topic) for topic in dict.fromkeys(one.topic for one in pool_of()))
    everything = ((EVERYTHING, ""), *topics)
    if not wanted:
        return everything
    chosen = (pool[0].title, pool[0].id) if len(pool) == 1 else (pool[0].topic, pool[0].topic)
    return (chosen, *(one for one in everything if one != chosen))
