"""The controls of an app as data: what may be chosen or typed, what a value must be, what the page is told of it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, ClassVar

from bpkit.core.errors import BpkitError, suggest


@dataclass(frozen=True)
class Setting:
    """A control: its label and the value that it opens with."""

    label: str
    value: Any
    kind: ClassVar[str]

    def checked(self, value: Any) -> Any:
        """The value that it takes for one that is given; ``BpkitError`` where there is none."""
        return value

    def spec(self) -> dict[str, Any]:
        """What the page is told."""
        return {"kind": self.kind, **asdict(self)}


@dataclass(frozen=True)
class Number(Setting):
    """A number: a slider from ``low`` to ``high`` in steps (powers of ten with ``log``) and a box for any other.

    ``given`` is the name of the problem's number that it stands for, if that is not its own. ``bounds`` are kept by
    slider and box; ``whole`` rounds. ``ends`` are words below the slider's ends.
    """

    value: float
    low: float = -3
    high: float = 3
    step: float = 0.01
    log: bool = False
    whole: bool = False
    bounds: tuple[float, float] | None = None
    given: str | None = None
    tip: str = ""
    ends: tuple[str, str] | None = None
    kind: ClassVar[str] = "number"

    def checked(self, value: Any) -> float:
        try:
            number = float(value)
        except (TypeError, ValueError):
            number = math.nan
        if not math.isfinite(number):
            raise BpkitError(f"{self.label}: expected a finite number, got {value!r}; write it like 0.25")
        low, high = self.bounds or (-math.inf, math.inf)
        number = min(max(number, low), high)
        return round(number) if self.whole else number


@dataclass(frozen=True)
class Choice(Setting):
    """One of some options, each a label and a value; ``listed`` shows all of them, and may open without a choice.

    ``groups`` are titles of a long list, each with how many options stand below it.
    """

    options: Sequence[tuple[str, Any]] = ()
    tip: str = ""
    listed: bool = False
    groups: Sequence[tuple[str, int]] = ()
    kind: ClassVar[str] = "choice"

    def checked(self, value: Any) -> Any:
        if value == self.value:
            return self.value
        known = [one for _, one in self.options]
        if value not in known:
            texts = list(map(str, known))
            near = suggest(str(value), texts)
            raise BpkitError(f"{self.label}: expected one of {', '.join(texts)}, got {value!r}{near}")
        return known[known.index(value)]


@dataclass(frozen=True)
class Check(Setting):
    """A box that is ticked or not."""

    value: bool = False
    tip: str = ""
    kind: ClassVar[str] = "check"

    def checked(self, value: Any) -> bool:
        return bool(value)


@dataclass(frozen=True)
class Text(Setting):
    """A line of text; with ``live`` it is read letter by letter, otherwise when it is entered."""

    value: str = ""
    hint: str = ""
    live: bool = False
    kind: ClassVar[str] = "text"

    def checked(self, value: Any) -> str:
        return str(value)


@dataclass(frozen=True)
class Held(Setting):
    """A value without a face: what the page has in its place sets it. A list stays a list."""

    kind: ClassVar[str] = "held"

    def checked(self, value: Any) -> Any:
        if self.value is not None and not isinstance(value, type(self.value)):
            raise BpkitError(f"{self.label}: expected what it was ({type(self.value).__name__}), got {value!r}")
        return value


def options(*values: str) -> tuple[tuple[str, str], ...]:
    """Options whose labels are their values.

    >>> options("sigmoid", "tanh")
    (('sigmoid', 'sigmoid'), ('tanh', 'tanh'))
    """
    return tuple((value, value) for value in values)
