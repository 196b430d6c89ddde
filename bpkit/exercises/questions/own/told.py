"""What an own question says in words: read from a file or from a task, which may come from anywhere, within bounds."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Self

from bpkit.core.errors import BpkitError, suggest
from bpkit.core.functions import BUILT_IN
from bpkit.core.losses import LOSSES
from bpkit.core.numeric import canonical, evaluate
from bpkit.core.problem import Problem
from bpkit.core.spelling import number_latex
from bpkit.exercises.questions.languages import Words, words_of
from bpkit.exercises.questions.own.own_network import check_keys, is_number
from bpkit.exercises.questions.parts import READERS
from bpkit.mistakes.typed_number import MOST_DIGITS

LONGEST_TITLE, LONGEST_TEXT, LONGEST_OPTION = 200, 5000, 60
MOST_OPTIONS = 12
QUANTITIES, CHOICE, WHOLE = KINDS = ("quantities", "choice", "whole")
PUBLIC = ("title", "text", "digits", "tolerance", "picture", "given", "language", "kind", "options")
# {w1} puts a number in; \frac{a}{b}, w_{new} and {{a}} are LaTeX's own.
_NAME = r"[\w.]*(?:,\d+)*"
_PLACE = re.compile(rf"(?<![\\\w}}_^{{])\{{([A-Za-z∂]{_NAME}(?:/∂?\w{_NAME})?)\}}")
_PLAIN = str.maketrans("∂₀₁₂₃₄₅₆₇₈₉", "d0123456789")
_CLEAR = frozenset({"sigmoid", "tanh", "ReLU", "softmax"})  # activations whose name alone says what they compute
_NOT_TELLING = ("output",)  # "the output" stands in many texts, and seldom as a loss


@dataclass(frozen=True)
class Told:
    """The public half of an own question beside its problem, as a task keeps it."""

    title: str
    text: str = ""
    digits: int | None = None
    tolerance: float | None = None
    picture: bool = True
    given: bool = True
    language: str = "en"
    kind: str = "quantities"
    options: tuple[str, ...] = ()

    @classmethod
    def read(cls, data: Any) -> Self:
        """From plain data, which may come from anywhere; raises ``BpkitError`` for what does not fit."""
        if not isinstance(data, Mapping):
            raise BpkitError(f"own question: expected a table, got {str(data)[:40]}")
        check_keys("own question", data, PUBLIC)
        title = bounded("title", data.get("title"), LONGEST_TITLE)
        text = bounded("text", data["text"], LONGEST_TEXT) if "text" in data else ""
        digits, tolerance = data.get("digits"), data.get("tolerance")
        if digits is not None and not (type(digits) is int and 2 <= digits <= MOST_DIGITS):
            raise BpkitError(f"digits: expected a whole number from 2 to {MOST_DIGITS}, got {str(digits)[:40]!r}")
        if tolerance is not None and not (is_number(tolerance) and tolerance > 0):
            raise BpkitError(f"tolerance: expected a number above 0, got {str(tolerance)[:40]!r}")
        picture, kind = data.get("picture", True), data.get("kind", QUANTITIES)
        given = data.get("given", True)
        for what, value in (("picture", picture), ("given", given)):
            if not isinstance(value, bool):
                raise BpkitError(f"{what}: expected true or false, got {str(value)[:40]!r}")
        if kind not in KINDS:
            raise BpkitError(f"own question: expected a kind of {', '.join(KINDS)}, got {str(kind)[:40]!r}")
        language = str(data.get("language", "en"))[:20]
        options = _options(data["options"]) if kind == "choice" else ()
        return cls(" ".join(title.split()), text, digits, tolerance, picture, given, language, kind, options)

    def data(self) -> dict[str, Any]:
        """Plain data; what is usual is left out."""
        fields = {name: getattr(self, name) for name in PUBLIC}
        usual = type(self)(self.title)
        found = {name: value for name, value in fields.items() if name == "title" or value != getattr(usual, name)}
        return {**found, "options": list(self.options)} if self.options else found

    @property
    def words(self) -> Words:
        """The fixed words of its language."""
        return words_of(self.language)


def bounded(what: str, given: Any, most: int) -> str:
    if not isinstance(given, str) or not given.strip():
        raise BpkitError(f'{what}: expected text, such as {what} = "..", got {str(given)[:40]!r}')
    if len(given) > most:
        raise BpkitError(f"{what}: expected at most {most} characters, got {len(given)}; write it shorter")
    return given.strip()


def _options(given: Any) -> tuple[str, ...]:
    if not isinstance(given, list | tuple) or not 2 <= len(given) <= MOST_OPTIONS:
        raise BpkitError(
            f"options: expected a list of 2 to {MOST_OPTIONS} answers to choose from, got {str(given)[:40]}"
        )
    options = tuple(map(option, given))
    reader = READERS[reader_of(options)]
    if len({reader(one) for one in options}) < len(options):
        raise BpkitError(f"options: expected answers that all differ, got {', '.join(options)[:80]}")
    return options


def option(given: Any) -> str:
    text = f"{given:g}" if is_number(given) else given
    if not isinstance(text, str) or not text.strip(" \t\n.!'\"") or len(text) > LONGEST_OPTION or "\n" in text:
        raise BpkitError(
            f"options: expected words or numbers of at most {LONGEST_OPTION} characters, got {str(given)[:80]!r}; put "
            'long ones into the text as A, B, .. and write options = ["A", "B"]'
        )
    return text.strip()


def reader_of(options: Sequence[str]) -> str:
    """How an answer to choose is read: as a number where all options are numbers.

    >>> reader_of(["0.1", "0.5"]), reader_of(["up", "down"])
    ('number', 'word')
    """
    try:
        [float(one) for one in options]
    except ValueError:
        return "word"
    return "number"


def filled(text: str, problem: Problem | None, digits: int) -> str:
    """A text with the numbers that it names in braces.

    >>> import bpkit as bp
    >>> filled("At w₅ = {w5} the loss is {E}.", bp.examples.article.problem, digits=4)
    'At w₅ = $0.35$ the loss is $0.2335$.'
    """
    if problem is None:
        return text
    pieces = re.split(r"(\$\$|\$)", text)
    inside, found = False, []
    for piece in pieces:
        inside ^= piece in ("$", "$$")
        found.append(_PLACE.sub(partial(_placed, problem, digits, inside), piece))
    return "".join(found)


def _placed(problem: Problem, digits: int, inside: bool, place: re.Match[str]) -> str:
    name = plain_name(place[1])
    values = problem.givens
    if name in values:
        value = values[name]
    elif name in problem.derivation:
        value = evaluate(problem)[name]
        value = float(f"{value:.{digits}g}") if isinstance(value, float) else value
    else:
        raise BpkitError(
            f"text: expected the names of numbers in braces, such as {{{problem.network.parameters[0]}}}, got "
            f"{place[0][:40]}{suggest(name, values)}{'' if suggest(name, values).endswith('?') else '; '}"
            f"{'' if suggest(name, values).endswith('?') else 'write {{a}} for braces of LaTeX'}"
        )
    if not isinstance(value, float):
        raise BpkitError(f"text: expected one number for {place[0][:40]}, got one for each sample of a batch")
    return number_latex(value) if inside else f"${number_latex(value)}$"


def places_in(text: str) -> frozenset[str]:
    """The names that a text puts numbers in for.

    >>> sorted(places_in("At w₅ = {w5} the loss is {E}."))
    ['E_total', 'w5']
    """
    return frozenset(plain_name(name) for name in _PLACE.findall(text))


def plain_name(given: str) -> str:
    """A quantity's full name from what pages show: ``∂E/∂out_h₁,₁`` and ``dE/dout(h1,1)`` are dE_total/dout_h1_1.

    >>> plain_name("∂E/∂out_h₁,₁"), plain_name("dE/dout(h1,1)")
    ('dE_total/dout_h1_1', 'dE_total/dout_h1_1')
    """
    plain = re.sub(r"\s", "", given).translate(_PLAIN)
    plain = re.sub(r"(?<=\d),(?=\d)", "_", plain)
    plain = re.sub(r"\((\w+)\)", r"_\1", plain)
    return canonical(plain)


def known_from(text: str, problem: Problem) -> frozenset[str]:
    """What a text tells of a problem: the numbers that it puts in by name, ``activation`` and ``loss``.

    A function counts where the text names it and no other of its kind.

    >>> import bpkit as bp
    >>> sorted(known_from("A sigmoid network with w₅ = {w5}.", bp.examples.article.problem))
    ['activation', 'w5']
    """
    functions = {one.written for one in getattr(problem.network, "activations", ())}
    found = {*places_in(text)}
    named = _named(text, [one.written for one in BUILT_IN.values()])
    if len(functions) == 1 and functions <= _CLEAR and named == functions:
        found.add("activation")
    losses = [one.written for name, one in LOSSES.items() if name not in _NOT_TELLING]
    if _named(text, losses) == {problem.network.loss.written}:
        found.add("loss")
    return frozenset(found)


def _named(text: str, names: Sequence[str]) -> set[str]:
    """Those of some names that a text has, each where it is not part of a longer one."""
    plain = re.sub(r"[\s_-]+", " ", text).lower()
    by_words = {name.replace("-", " ").lower(): name for name in names}
    longest = "|".join(re.escape(words) for words in sorted(by_words, key=len, reverse=True))
    return {by_words[words] for words in re.findall(rf"(?<!\w)(?:{longest})", plain)}
