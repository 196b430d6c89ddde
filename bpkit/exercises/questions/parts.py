"""What an exercise asks for: a number, a word from a list, a shape, paths, a formula or a function, each with its
right answer and the wrong ones that are known by name."""

from __future__ import annotations

import math
import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import combinations
from types import MappingProxyType
from typing import Any

from bpkit.core.errors import BpkitError
from bpkit.core.problem import Problem
from bpkit.core.spelling import number_latex
from bpkit.exercises.questions.feedback import Feedback
from bpkit.exercises.questions.proof import Proof
from bpkit.mistakes.diagnose import diagnose
from bpkit.mistakes.evidence import HAIR
from bpkit.mistakes.hand_rounding import half_unit
from bpkit.mistakes.nearness import standing
from bpkit.mistakes.typed_number import Figure, NotANumber, read
from bpkit.mistakes.verdict import TOLD

_NAMED = re.compile(r"\$([^$]+)\$((?: [^,]*)?), (?:.*, )?to \d+ significant digits")  # "$w_1$ after 2 updates, to .."
NUMBERED = re.compile(r"line \(\d+\)(?: first)?: ")  # a line of the worked solution, which is not yet open
NOTHING: Mapping[str, Any] = MappingProxyType({})


@dataclass(frozen=True)
class Wrong:
    """A wrong answer that is known: the name of the misconception, why it is one, and the answer it leads to.

    ``you`` completes "you get this if you ..", where the sentence needs that to be understood; ``detail`` says in
    which shape the misconception comes.
    """

    name: str
    sentence: str
    answer: Any
    you: str = ""
    detail: str = ""

    @property
    def said(self) -> str:
        """What a learner hears after "Not right:"."""
        detail = f" ({self.detail})" if self.detail else ""
        return f"you get this if you {self.you}{detail}; {self.sentence}" if self.you else f"{self.sentence}{detail}"


@dataclass(frozen=True)
class Part(ABC):
    """One thing that is asked, in Markdown, and what it is worth.

    ``known`` holds the wrong answers, or a function that finds them: they are only needed where an answer is not right.
    ``hints`` are what a learner may read after a wrong try, one after the other, in Markdown; the last is not the
    answer. A number of a derivation has hints of its own, the lines that lead to it. ``first`` is the letter of a part
    that has to be right before the hints of this one open, because they would give that one away.
    """

    asks: str
    points: float = field(default=1.0, kw_only=True)
    known: tuple[Wrong, ...] | Callable[[], tuple[Wrong, ...]] = field(default=(), kw_only=True)
    hints: tuple[str, ...] | Callable[[], tuple[str, ...]] = field(default=(), kw_only=True)
    first: str = field(default="", kw_only=True)

    @cached_property
    def wrong(self) -> tuple[Wrong, ...]:
        """The wrong answers that are known by name, the likeliest first."""
        return self.known() if callable(self.known) else self.known

    @property
    @abstractmethod
    def answer(self) -> Any:
        """The right answer, as ``judge`` accepts it."""

    @property
    def printed(self) -> str:
        """The right answer as a key prints it; a number without the digits that floats leave behind."""
        return f"{self.answer:.12g}" if isinstance(self.answer, float) else str(self.answer)

    @property
    def written(self) -> str:
        """The right answer as a person writes it, in Markdown."""
        return self.printed

    def judge(self, given: object, earlier: Mapping[str, Any] = NOTHING) -> Feedback:
        """What to say about an answer; it never raises for what a learner typed.

        ``earlier`` holds wrong answers of the same problem, by quantity, which it may follow from.
        """
        if given is None or given is Ellipsis or (isinstance(given, str) and not given.strip()):
            return Feedback("blank", "No answer yet.")
        try:
            return self._judged(given, earlier)
        except NotANumber as error:
            return Feedback("unreadable", error.said)
        except BpkitError as error:
            said = str(error).partition(": ")[2]
            return Feedback("unreadable", f"{said[:1].upper()}{said[1:]}{'' if said.endswith('?') else '.'}")

    @abstractmethod
    def _judged(self, given: object, earlier: Mapping[str, Any]) -> Feedback:
        """The same for an answer that is there; raises ``BpkitError`` for one that cannot be read."""

    def _named(self, found: Sequence[Wrong]) -> Feedback:
        """The mistakes that lead to an answer, each in its own sentence."""
        first = {wrong.name: wrong.said for wrong in reversed(found)}
        names = tuple(dict.fromkeys(wrong.name for wrong in found))
        said = [first[name] for name in names][: 1 if getattr(self, "options", ()) else TOLD]
        return Feedback("misconception", f"Not right: {'. Also, '.join(said)}.", names)


@dataclass(frozen=True)
class NumberPart(Part):
    """A number to so many significant digits.

    ``quantity`` and ``problem`` say what it is, as ``diagnose`` is asked, which then judges the answers; both are None
    for a number that is no quantity of a derivation. ``paper`` is how far rounding on paper can carry the right
    answer, or a function that finds it; ``proof`` finds the number three times. ``own`` says that some of the wrong
    answers are the question's own mistakes, which no derivation has. ``asked_before`` names the quantities that the
    exercise asks before this one.
    """

    right: float
    digits: int = 4
    paper: float | Callable[[], float] = 0.0
    quantity: str | None = None
    problem: Problem | None = None
    proof: Callable[[], Proof] | None = None
    own: bool = False
    asked_before: tuple[str, ...] = ()

    @property
    def answer(self) -> float:
        """The right answer, not rounded."""
        return self.right

    @cached_property
    def slack(self) -> float:
        """How far rounding on paper can carry the right answer."""
        return self.paper() if callable(self.paper) else self.paper

    @property
    def tolerance(self) -> float:
        """How far from the exact number an answer to the digits asked may be."""
        return half_unit(self.right, self.digits) * HAIR

    @property
    def room(self) -> float:
        """How far from the exact number an answer may be in all: to the digits asked, or by rounding on paper."""
        return max(self.slack, self.tolerance)

    def reach(self, wrong: Wrong) -> float:
        """How far rounding on paper can carry a wrong number: in proportion to the right one."""
        share = self.slack / abs(self.right) if self.right else 0.0
        return float(max(half_unit(wrong.answer, self.digits) * HAIR, share * abs(wrong.answer)))

    def shown(self, value: float | None = None) -> str:
        """A number to the digits asked, as a learner writes it."""
        return f"{self.right if value is None else value:.{self.digits}g}"

    @property
    def written(self) -> str:
        """The number to the digits asked, behind the name of the quantity where the question says it."""
        value, found = number_latex(float(self.shown()), 12), _NAMED.match(self.asks)
        return f"${found[1]} = {value}${found[2]}" if found else f"${value}$"

    def _judged(self, given: object, earlier: Mapping[str, Any]) -> Feedback:
        usual = self._diagnosed(given, earlier)
        if usual.verdict not in ("unknown", "misconception") or (self.problem is not None and not self.own):
            return usual  # of a quantity the detective knows all that there is to know
        figure = read(given).judged
        exact = [one for one in self.wrong if self._meets(figure, one) == "correct"]
        if usual.verdict == "unknown":
            near = [] if self.problem else [one for one in self.wrong if self._meets(figure, one) == "rounded"]
            return self._named(exact or near) if exact or near else usual
        more = {wrong.name: wrong for wrong in exact if wrong.name not in usual.misconceptions}
        also = "".join(f" Also, {wrong.said}." for wrong in [*more.values()][: TOLD - len(usual.misconceptions)])
        return replace(usual, message=usual.message + also, misconceptions=(*usual.misconceptions, *more))

    def _diagnosed(self, given: object, earlier: Mapping[str, Any]) -> Feedback:
        """The detective's verdict, also on a number that no derivation has."""
        if self.problem is not None and self.quantity is not None:
            found = diagnose(
                self.problem, self.quantity, given, earlier, digits=self.digits, asked_before=self.asked_before
            )
            names = tuple(dict.fromkeys(one.name for one in found.misconceptions))
            said = NUMBERED.sub("", found.message)
            return Feedback("carried" if found.carried else found.verdict, said, names, line=found.line)
        figure = read(given).judged
        unknown = ("unknown", f"Not right, and I do not recognise the mistake behind {figure.text}.")
        return Feedback(*(standing(figure, self.right, self.digits, self.slack) or unknown))

    def _meets(self, figure: Figure, wrong: Wrong) -> str:
        """How a number compares with that of a mistake: judged as if that were the right one."""
        verdict, _ = standing(figure, wrong.answer, self.digits, self.reach(wrong)) or ("", "")
        return verdict


@dataclass(frozen=True)
class ExactPart(Part):
    """A word, a number to choose, a whole number, a shape or paths: right or not, without a tolerance.

    ``reader`` says how it is read (``paths``, ``order`` or a key of ``READERS``); ``options`` lists what may be chosen;
    ``neurons`` are those that paths may pass, besides those of the right ones. An order is letters, as in ``C A B D``;
    a wrong one is taken for the first known mistake all of whose exchanges it has. ``look`` is said of an answer that
    no known mistake explains.
    """

    right: Any
    reader: str = "word"
    options: tuple[str, ...] = ()
    neurons: tuple[str, ...] = ()
    look: str = ""

    @property
    def answer(self) -> Any:
        """The right answer, as a learner writes it."""
        return [" ".join(path) for path in sorted(self.right)] if self.reader == "paths" else self.right

    @property
    def written(self) -> str:
        """The right answer as a sheet shows it."""
        if self.reader == "paths":
            return ", ".join(self.answer)
        return f"${number_latex(self.right)}$" if isinstance(self.right, int | float) else str(self.right)

    def read(self, given: object) -> Any:
        """What was written, in a form that can be compared; ``BpkitError`` for what cannot be read."""
        if self.reader == "paths":
            return _paths(given, frozenset(self.neurons).union(*self.right))
        if self.reader == "order":
            return _order(given, _letters(str(self.right)))
        return READERS[self.reader](given)

    def _judged(self, given: object, earlier: Mapping[str, Any]) -> Feedback:
        value, shown = self.read(given), str(given) if len(str(given)) <= 60 else f"{str(given)[:57]} .."
        if self.options and value not in map(self.read, self.options):
            raise BpkitError(f"answer: expected one of {', '.join(self.options)}, got {shown}")
        if value == self.read(self.answer):
            return Feedback("correct", "Right.")
        if self.reader == "order":
            found = [wrong for wrong in self.wrong if self._exchanged(wrong.answer) <= self._exchanged(value)][:1]
        else:
            found = [wrong for wrong in self.wrong if self.read(wrong.answer) == value]
        if found:
            return self._named(found)
        return Feedback("unknown", self.some(value) if self.reader == "paths" else f"Not right. {self.look}".strip())

    def some(self, paths: frozenset[tuple[str, ...]]) -> str:
        """What to say if some of the paths are wrong."""
        right, missing = len(paths & self.right), len(self.right - paths)
        others = " The others are not among them." if paths - self.right else ""
        if not right:
            return "Not right: none of these is one of the paths." if paths else "Not right: I see no path in this."
        still = f"{_spelled(missing)} still missing" if missing else "and none missing"
        return f"{_spelled(right).capitalize()} right, {still}.{others}"

    def _exchanged(self, order: object) -> frozenset[tuple[str, str]]:
        """The pairs of letters whose order is the opposite of the right one."""
        place = {letter: number for number, letter in enumerate(self.read(self.answer))}
        return frozenset((a, b) for a, b in combinations(self.read(order), 2) if place[a] > place[b])


def _spelled(number: int) -> str:
    """A small number in words, as a sentence has it."""
    return _NUMBERS[number] if number < len(_NUMBERS) else str(number)


_NUMBERS = ("none", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")


def _word(given: object) -> str:
    if not isinstance(given, str) or len(given) > 60:
        raise BpkitError(f"answer: expected a word in quotes, got {str(given)[:40]!r}")
    word = given.strip(" \t\n.!'\"").lower().translate(_PLAIN)
    return {"+": "positive", "-": "negative", "plus": "positive", "minus": "negative"}.get(word, word)


# ∂E/∂w₅ may be typed as dE/dw5.
_PLAIN = str.maketrans("−∂₀₁₂₃₄₅₆₇₈₉", "-d0123456789")


def _number(given: object) -> float:
    return given if isinstance(given, float) and math.isfinite(given) else read(given).value


def _whole(given: object) -> int:
    typed = _number(given)
    if typed != int(typed):
        raise BpkitError(f"answer: expected a whole number, got {typed:g}")
    return int(typed)


def _shape(given: object) -> tuple[int, ...]:
    sizes = re.findall(r"\d+", given[:60]) if isinstance(given, str) else given
    if not isinstance(sizes, list | tuple) or not 1 <= len(sizes) <= 4:
        raise BpkitError(f"answer: expected rows and columns such as (2, 3), got {str(given)[:40]!r}")
    return tuple(_whole(size) for size in sizes)


def _paths(given: object, neurons: frozenset[str]) -> frozenset[tuple[str, ...]]:
    """Paths as neurons in their order; arrows, nets, weights and other words between them are passed over."""
    if isinstance(given, str):
        given = re.split(r"[,;\n]", given[:2000])
    if not isinstance(given, list | tuple | set | frozenset) or len(given) > 64:
        raise BpkitError("answer: expected a list of paths such as ['h1 o1', 'h1 o2']")
    words = (re.findall(r"\w+", str(path)[:500]) for path in given)
    return frozenset(tuple(word for word in path if word in neurons) for path in words) - {()}


def _order(given: object, right: tuple[str, ...]) -> tuple[str, ...]:
    """All letters of the right order, each once; spaces, commas, dashes and arrows between them are passed over."""
    found = _letters(" ".join(map(str, given)) if isinstance(given, list | tuple) else str(given))
    if sorted(found) != sorted(right):
        raise BpkitError(
            f"answer: expected each of the letters {min(right)} to {max(right)} once, such as "
            f"{' '.join(sorted(right))}, got {str(given)[:40]!r}"
        )
    return found


def _letters(text: str) -> tuple[str, ...]:
    return tuple(re.findall(r"[A-Z]", text[:200].upper()))


READERS: Mapping[str, Callable[[object], Any]] = MappingProxyType(
    {"word": _word, "number": _number, "whole": _whole, "shape": _shape}
)
