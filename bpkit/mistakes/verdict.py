"""What the detective answers: explanations, and the diagnosis that holds them."""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import TYPE_CHECKING

import sympy as sp

from bpkit.core.chain_rule import Step, behind
from bpkit.core.expressions import names_in, put
from bpkit.core.network import Network
from bpkit.core.quantities import Quantity, Role
from bpkit.core.shown import Shown
from bpkit.mistakes.rewrite import FAR_FETCHED, Misconception, S
from bpkit.mistakes.typed_number import Figure
from bpkit.mistakes.variants import Way, outcomes, plan, replaced, rewriter_of

if TYPE_CHECKING:
    from bpkit.mistakes.evidence import Case
    from bpkit.mistakes.misconceptions.rule import Procedure
    from bpkit.mistakes.question import Question

SMALL = 1e-3  # of the exact number: what is off by less is nearly right
CHANCE = 0.03  # that a name was met by luck: a likelier one is not sure
NUMERIC = frozenset("0123456789.,eE+-−/")
TOLD = 2  # mistakes in one sentence, the likelier first; the list below it has them all
LIT = 4  # lines of a message that are shown, at most
WORDS = ("no", "one", "two", "three", "four")
KEEPS = "keeps the old value"
FORWARD_ONLY = "on the way forward only"
TYPE_MORE = "Type more digits."
_ASKS_FOR_MORE = re.compile(r" Type (?:more|at least \d+) digits\.$")


def at_least(digits: int) -> str:
    """What is said where so many digits would tell.

    >>> at_least(5)
    'Type at least 5 digits.'
    """
    return f"Type at least {digits} digits."


def without_more(message: str) -> str:
    """A message that asks for no more digits.

    >>> without_more("You may have left out the bias. Type more digits.")
    'You may have left out the bias.'
    """
    return _ASKS_FOR_MORE.sub("", message)


@dataclass(frozen=True, repr=False)
class Explanation(Shown):
    """One way to come to the number: what was done, where, and what should be there.

    ``name`` is a label that stays; ``you`` says in words what you do ("you get this if you .."), ``sentence`` why that
    is a mistake. ``step`` is the line of the derivation, with its number, as it should be; ``written`` the same line as
    the mistake writes it. ``others`` are the further lines on the way whose numbers the mistake changes. ``parts``
    holds the misconceptions, two where it takes a pair; ``elsewhere`` is True for a mistake in the way to the number,
    which writes no line otherwise.
    """

    name: str
    you: str
    sentence: str
    step: Step
    written: Step
    value: float
    detail: str = ""
    parts: tuple[Misconception, ...] = ()
    elsewhere: bool = False
    others: tuple[Step, ...] = ()

    @property
    def look(self) -> str:
        """The line to look at, as it should be."""
        return str(self._shown("look"))

    @property
    def where(self) -> str:
        """The line, and what it should be."""
        return str(self._shown("where"))


@dataclass(frozen=True, repr=False)
class Diagnosis(Shown):
    """The verdict on a number: ``correct``, ``rounded``, ``few_digits``, ``misconception`` or ``unknown``, and why.

    ``few_digits`` is neither right nor wrong: what was typed fits the right number, and leaves too much of it open.

    ``misconceptions`` are the explanations that fit, the simplest first. ``sure`` is False where too few digits say
    so, or several explanations fit; ``tell_apart`` names a quantity whose value would decide between those.
    ``decimals`` says for ``rounded`` to how many decimals the numbers on the way were kept; such a number can have
    explanations too, less likely ones. ``carried`` are the earlier values, given and wrong, that the number follows
    from; they stand among the misconceptions as errors carried forward. ``hints`` are true sayings about a number
    that nothing explains, and ``first`` is then the line to check first. ``names`` has the quantity of each name.
    """

    quantity: str
    figure: Figure
    verdict: str
    message: str
    exact: float
    misconceptions: tuple[Explanation, ...] = ()
    decimals: int | None = None
    tell_apart: str | None = None
    carried: tuple[str, ...] = ()
    hints: tuple[str, ...] = ()
    sure: bool = True
    first: int | None = None
    names: Mapping[str, Quantity] = field(default_factory=dict, compare=False)

    @property
    def line(self) -> int | None:
        """The number of the line that the verdict sends to: where the mistake happens, or the one to check first."""
        found = [one.step.number for one in self.misconceptions if self.verdict == "misconception" and not self.carried]
        return found[0] if found else self.first

    @property
    def lines(self) -> tuple[int, ...]:
        """The numbers of the lines that the message speaks of, as far as they are few: first one for each mistake."""
        if self.line is None or self.line == self.first:
            return () if self.line is None else (self.line,)
        named = told(self.misconceptions)[:TOLD]
        steps = [*(one.step for one in named), *(step for one in named for step in one.others)]
        return tuple(dict.fromkeys(step.number for step in steps))[:LIT]

    @property
    def off_in_digit(self) -> int | None:
        """The first digit that is off, where nothing explains the number and only late digits are."""
        return late_digit(self.figure.value, self.exact) if self.verdict == "unknown" else None

    @property
    def typed(self) -> str:
        """The number as it was typed; what was typed as a formula or with a name before it as its value."""
        text = self.figure.text
        return text if NUMERIC.issuperset(text) else f"{self.figure.value:.6g}"


def late_digit(value: float, exact: float) -> int | None:
    """The first digit that is off in a number that is nearly right; None in one further off.

    >>> late_digit(0.2335, 0.2334528), late_digit(0.3, 0.2334528)
    (5, None)
    """
    off = abs(value - exact)
    if not math.isfinite(exact) or not 0 < off < SMALL * abs(exact):
        return None
    return math.floor(math.log10(abs(exact))) - math.floor(math.log10(off)) + 1


def near(case: Case) -> int | None:
    """The first digit that is off in a number that is nearly right, where no digits are asked."""
    return None if case.digits else late_digit(case.figure.value, case.exact)


def unrecognised(case: Case) -> str:
    """How the verdict on a number opens that nothing explains; where digits are asked, nearly right is not enough."""
    late = near(case)
    how = "Not right" if late is None else f"Nearly right: it is off from digit {late} on"
    return f"{how}, and I do not recognise the mistake."


def explain(case: Case, way: Way, value: float, given: Collection[str] = ()) -> Explanation:
    """Where on the way to the quantity, or to the values ``given``, a mistake happens first, and what it writes there.

    The way is that of the mistake: what it leaves out leads nowhere.
    """
    return replace(_explained(case.asked, way, frozenset(given)), value=value)


@lru_cache(maxsize=512)
def _explained(asked: Question, way: Way, given: frozenset[str]) -> Explanation:
    """The same whatever the number is, which is typed with more and more digits."""
    rewriter = rewriter_of(asked.derivation)
    changed = rewriter(way)
    steps = rewriter.true | changed
    near = behind([asked.quantity], steps, given)
    updated = behind(replaced(asked.derivation), steps, given) if asked.updates else set[str]()
    edited = [name for name in changed if any(name in mistake.edits for mistake in way)]
    edited.sort(key=lambda name: (name not in near, asked.derivation[name].number))
    shows = [name for name in edited if edited[1:] and name in near | updated and _shows(asked, changed[name])]
    first = next((name for name in shows if name in near), edited[0])
    others = tuple(rewriter.true[name] for name in shows if name != first)
    lines = ((rewriter.true[name], changed[name]) for name in edited if name in near)
    if words := _weights_for_others(asked, (line for line in lines if line[0].rhs != line[1].rhs)):
        return Explanation(
            way[0].name, *words, rewriter.true[first], changed[first], math.nan, parts=way, others=others
        )
    return Explanation(
        " and ".join(mistake.name for mistake in way),
        " and ".join(mistake.you for mistake in way),
        ", and ".join(mistake.sentence for mistake in way),
        rewriter.true[first],
        changed[first],
        math.nan,
        way[0].detail if len(way) == 1 else "",
        way,
        others=others,
    )


def _weights_for_others(asked: Question, lines: Iterable[tuple[Step, Step]]) -> tuple[str, str] | None:
    """What you do, and why it is wrong, where that is one weight instead of another, or two swapped, and no more.

    ``lines`` holds each line as it should be and as it is written.
    """
    network = asked.derivation.network
    weights = network.weights if isinstance(network, Network) else {}
    taken = set()
    for true, written in lines:
        used, wrong = names_in(true.rhs), names_in(written.rhs)
        old, new = "".join(used - wrong), "".join(wrong - used)
        if not {old, new} <= weights.keys() or put(true.rhs, {S(old): S(new)}) != written.rhs:
            return None
        taken.add((new, old))
    if not taken or taken - {(new, old), (old, new)}:
        return None
    lead = ", and ".join(f"{one} leads from {' to '.join(weights[one])}" for one in (new, old))
    return f"swap {new} and {old}" if len(taken) > 1 else f"use {new} instead of {old}", lead


def _shows(asked: Question, written: Step) -> bool:
    """Does a mistake change the number of this line, where all before it are right? Not where it only doubles a 0."""
    exact = asked.exact
    known = {**exact.problem.givens, **exact.numbers}
    with suppress(KeyError, TypeError, ValueError, ArithmeticError):  # what no line has, or has for each sample
        used = {sp.Symbol(name): sp.Float(float(known[name])) for name in names_in(written.rhs)}
        right = float(known[written.name])
        return bool(abs(float(written.rhs.xreplace(used)) - right) > 1e-12 * abs(right))
    return True


def explain_elsewhere(case: Case, procedure: Procedure, detail: str, line: str, value: float) -> Explanation:
    """A mistake in the way to the number, with the line to look at."""
    step = case.asked.derivation[line]
    return Explanation(procedure.name, procedure.you, procedure.sentence, step, step, value, detail, elsewhere=True)


def told(found: Sequence[Explanation]) -> list[Explanation]:
    """The explanations that a message may speak of: the far-fetched ones only where there is no other."""
    likely = [one for one in found if all(part.rank < FAR_FETCHED for part in one.parts)] or found
    return [*{one.you + one.detail: one for one in reversed(likely)}.values()][::-1]  # one slip may have two names


def blame(case: Case, found: list[Explanation], telling: int | None = None, chance: float = 0.0) -> Diagnosis | None:
    """The verdict that names mistakes.

    ``telling`` is how many digits say so, where that is known better; ``chance`` is how likely a number of no mistake
    would have met one of them.
    """
    if not found:
        return None
    digits = case.telling if telling is None else telling
    whole = case.is_whole(found[0].value)  # a number without more digits, so none are asked for
    sure = digits >= case.enough and len(found) == 1 and chance <= CHANCE
    guess = (digits < case.enough or chance > CHANCE) and not whole
    apart = telling_apart(case, found) if len(found) > 1 else None
    named = told(found)
    says = [f"{_opening(case, digits, guess)} {_how(case, named)}"]
    conventions = [part.convention for one in found for part in one.parts if part.convention and case.is_derivative]
    if len(named) == 1:
        says.append(named[0].look)
    if conventions:
        says.append(conventions[0])
    elif guess and not (case.digits and case.figure.digits >= case.digits):
        says.append(TYPE_MORE)
    elif apart and len(named) > 1:
        says.append(f"Your {case.spelled(apart)} would show which.")
    return case.verdict("misconception", " ".join(says), misconceptions=tuple(found), tell_apart=apart, sure=sure)


def _opening(case: Case, digits: int, guess: bool) -> str:
    if not guess:
        return "Not right:"
    if digits >= case.enough:
        return "Not right, and I can only guess, because many mistakes come close to this number:"
    of = " of the change" if digits < case.figure.digits else ""
    count = WORDS[digits] if digits < len(WORDS) else str(digits)
    return f"Not right, and from {count} digit{'s' * (digits != 1)}{of} I can only guess:"


def _how(case: Case, found: list[Explanation]) -> str:
    """You get the number if you do this, or that."""
    text, first = case.text, found[0]
    if first.name == KEEPS and len(found) == 1:
        return f"{text} is the old {case.spelled(case.before)}, from before the update."
    if len(found) == 1:
        return f"you get {text} if you {_done(case, first)}; {case.spelled(first.sentence)}."
    ways = [f"if you {_done(case, one, placed=True)}" for one in found[:TOLD]]
    return f"you get {text} {' or '.join(ways)}."


def _done(case: Case, one: Explanation, placed: bool = False) -> str:
    """What you do, and where: if it is ``placed`` in which lines, as far as the quantity leaves that open."""
    steps, detail = tuple(case.asked.derivation.toward(case.asked.quantity)), one.detail
    if all(step.role is Role.FORWARD for step in steps):
        detail = detail.removesuffix(FORWARD_ONLY).removesuffix(", ")
    where = ", ".join(filter(None, (case.spelled(detail), _place(case, one) if placed else "")))
    return case.spelled(one.you) + (f" ({where})" if where else "")


def _place(case: Case, one: Explanation) -> str:
    """In which lines a mistake is made; nothing where that is only the line of the quantity itself."""
    names = [step.name for step in sorted((one.step, *one.others), key=lambda step: step.number)]
    if len(names) > 2:
        count = WORDS[len(names)] if len(names) < len(WORDS) else len(names)
        return f"in {count} lines, the first is {case.spelled(names[0])}"
    return "" if names == [case.asked.quantity] else f"in {' and '.join(map(case.spelled, names))}"


def telling_apart(case: Case, found: list[Explanation]) -> str | None:
    """The nearest other quantity whose value differs under every two of the explanations."""
    lines = case.asked.derivation
    nearest_first = [step.name for step in lines.toward(case.asked.quantity)][::-1]
    others = [name for name in nearest_first if name != case.asked.quantity]
    if not others or any(one.elsewhere for one in found):
        return None
    ways = [one.parts for one in found]
    rows = outcomes(plan(lines, ways, others), case.asked.problem)
    best, most = None, 1
    for name in others:
        kinds = len({f"{value:.4g}" for value in rows[name]})
        if kinds > most:
            best, most = name, kinds
    return best
