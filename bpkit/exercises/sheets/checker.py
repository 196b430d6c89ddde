"""``check("3b")`` in a learner's notebook: judges the answer, and says where marking cannot read its cell."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from bpkit.core.errors import BpkitError, suggest
from bpkit.exercises.questions.answers import Found, NotRead, written_in
from bpkit.exercises.questions.feedback import Feedback
from bpkit.exercises.questions.judging import judge_all
from bpkit.exercises.questions.parts import ExactPart, NumberPart, Part
from bpkit.exercises.questions.written import FunctionPart
from bpkit.exercises.sheets.sheet import Sheet


@dataclass(frozen=True, eq=False, repr=False)
class Checker:
    """Judges the entry of ``answers`` under a key.

    In a notebook it sees values that marking cannot see, as marking runs nothing. So it also reads the cell's text as
    marking will, and says when the two differ.
    """

    sheet: Sheet
    answers: Mapping[str, object]

    def __call__(self, key: str) -> Feedback:
        if key not in self.sheet.parts:
            raise BpkitError(f"check: this sheet asks for no {key!r}{suggest(key, self.sheet.parts)}")
        part, shell = self.sheet.parts[key], _shell()
        own = shell.user_ns.get("answers") if shell else None
        answers = {**self.answers, **own} if isinstance(own, Mapping) else self.answers
        value = answers.get(key)
        if isinstance(part, FunctionPart):
            return part.judge(value)
        number, _ = self.sheet.places[key]
        parts = {name: self.sheet.parts[name] for name, place in self.sheet.places.items() if place[0] == number}
        said = judge_all(parts, answers)[key]
        if shell is None:
            return said
        # The sources that ran, the cell of this very check excepted.
        found = written_in(shell.history_manager.input_hist_raw[:-1], key)
        if said.verdict not in ("blank", "unreadable"):
            return said if _readable(found, value) else _not_marked(said, part)
        if said.verdict == "blank" and found and isinstance(found.value, NotRead):  # it stopped with an error
            return Feedback("unreadable", f"{found.value.why}; the cell has set no answer")
        return said

    def __repr__(self) -> str:
        return f"check(key) for the keys {', '.join(self.sheet.parts)}"


def _shell() -> Any:
    """The notebook's own shell; None outside of one."""
    ipython = sys.modules.get("IPython")
    return ipython.get_ipython() if ipython else None


def _readable(found: Found | None, value: object) -> bool:
    """Does marking read this very value out of the cell?"""
    if found is None or isinstance(found.value, NotRead):
        return False
    try:
        return bool(found.value == value)
    except Exception:  # a learner's own object may answer with anything
        return False


def _not_marked(said: Feedback, part: Part) -> Feedback:
    """The same feedback, with a warning about the cell."""
    itself = "the number itself" if isinstance(part, NumberPart) else "the answer itself"
    if isinstance(part, ExactPart) and part.reader == "word":
        itself = "the word itself, in quotes"
    return replace(said, message=f"{said.message} But this cell will not be marked as it stands: write {itself}.")
