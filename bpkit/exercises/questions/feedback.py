"""What a learner hears about an answer: a verdict, a sentence, and the names of what went wrong."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from html import escape

ACCEPTED = ("correct", "rounded", "carried")
_SIGNS = {"correct": "✓", "rounded": "✓", "carried": "≈"}
_SIGNS |= {"few_digits": "≈", "misconception": "✗", "unknown": "✗", "unreadable": "?", "blank": "–"}
_LABELS = {
    "correct": "right",
    "rounded": "right",
    "carried": "right, given your earlier answer",
    "few_digits": "too few digits",
    "misconception": "not right",
    "unknown": "not right",
    "unreadable": "could not be read",
    "blank": "no answer",
    "by hand": "your instructor marks this",
}
_SAID_BY_THE_LABEL = re.compile(r"\A(?:Right\.|Not right[:.]|Not right, and|No answer yet\.)\s*")
# What asks to type something else, as it is said of work that has been handed in.
_HANDED_IN = tuple(
    (re.compile(asked), said)
    for asked, said in (
        (r"\bType (\d+) significant digits, and I can .*?\.", r"With \1 significant digits I could say more."),
        (r"\bType more digits, so that the change shows\.", "With more digits the change would show."),
        (r"\bmore digits, please, so that the change shows\.", "with more digits the change would show."),
        (r"\bone more digit, please\.", "with one more digit I could tell."),
        (r"\bType at least (\S+) digits\.", r"It takes at least \1 digits."),
        (r"\bType more digits\.", "With more digits I could say more."),
        (r"\bType (?:it|a calculation) like (.+?)\.(?=\s|\Z)", r"It can be written like \1."),
        (r"\bWrite a point instead of the comma, like (\S+)\.(?=\s|\Z)", r"With a point, like \1, I could read it."),
        (r"\A([^\s'\"]+) is a name; write the value itself\Z", r"You wrote a name, \1. Only a value can be marked."),
        (r"; write the value itself\Z", "; only the value itself can be marked."),
        (r"; write answers\[\.\.\] = and the value\Z", "; only a value can be marked."),
    )
)


@dataclass(frozen=True)
class Feedback:
    """The feedback on one answer.

    ``verdict`` is ``correct``, ``rounded`` (right up to rounding on the way), ``carried`` (right, given an earlier
    value that is not), ``few_digits`` (neither right nor wrong, and worth nothing yet), ``misconception``, ``unknown``,
    ``unreadable`` or ``blank``.

    ``misconceptions`` holds stable names, the likeliest first; ``partly`` is the part of the points that an answer
    earns which does not count as a whole: a function with some right results. ``line`` is the number of the
    derivation's line that the message sends to, if there is one.
    """

    verdict: str
    message: str
    misconceptions: tuple[str, ...] = ()
    partly: float = 0.0
    line: int | None = None

    @property
    def accepted(self) -> bool:
        """True when the answer counts."""
        return self.verdict in ACCEPTED

    @property
    def share(self) -> float:
        """The part of the points that is earned: all for an answer that counts."""
        return 1.0 if self.accepted else self.partly

    @property
    def sign(self) -> str:
        """The verdict as one sign, for a page."""
        return _SIGNS.get(self.verdict, "…")

    @property
    def said(self) -> str:
        """What a person reads: the sign, the message, and the names as labels behind it."""
        return f"{self.sign} {self.message}" + f" ({'; '.join(self.misconceptions)})" * bool(self.misconceptions)

    @property
    def label(self) -> str:
        """The verdict in a few words for the learner."""
        return "partly right" if 0 < self.share < 1 else _LABELS.get(self.verdict, "marked earlier")

    @property
    def why(self) -> str:
        """The message as it goes on after the label, on a page about work that was handed in: nothing can be typed any
        more. It leaves out the names, which say the same.
        """
        if self.verdict == "by hand":  # what is said then is for the instructor
            return ""
        text = _SAID_BY_THE_LABEL.sub("", self.message)
        for asked, said in _HANDED_IN:
            text = asked.sub(said, text)
        return f"{text[:1].upper()}{text[1:]}"

    def __bool__(self) -> bool:
        return self.accepted

    def __repr__(self) -> str:
        return f"{', '.join((self.verdict, *self.misconceptions))}: {self.message}"

    def _repr_html_(self) -> str:
        return f"<p>{escape(self.said)}</p>"


@dataclass(frozen=True)
class Feedbacks:
    """The feedback on the answers to an exercise with several parts, by their letters."""

    parts: Mapping[str, Feedback]

    @property
    def verdict(self) -> str:
        """``correct`` when every answer counts, else the verdict of the first that does not."""
        return next((one.verdict for one in self.parts.values() if not one), "correct")

    @property
    def misconceptions(self) -> tuple[str, ...]:
        """The names from all parts."""
        return tuple(dict.fromkeys(name for one in self.parts.values() for name in one.misconceptions))

    @property
    def message(self) -> str:
        """One line for each part."""
        return "\n".join(f"{letter}) {one!r}" for letter, one in self.parts.items())

    @property
    def accepted(self) -> bool:
        """True when every answer counts."""
        return all(self.parts.values())

    def __bool__(self) -> bool:
        return self.accepted

    def __getitem__(self, letter: str) -> Feedback:
        return self.parts[letter]

    def __repr__(self) -> str:
        return self.message

    def _repr_html_(self) -> str:
        lines = (f"<li><b>{escape(letter)})</b> {escape(one.said)}</li>" for letter, one in self.parts.items())
        return f"<ul>{''.join(lines)}</ul>"
