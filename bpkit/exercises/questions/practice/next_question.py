"""Practice without end: which question comes next, for what was answered before.

A pure function of the history: after two right answers in a row a topic gets harder, after a wrong one easier. A
mistake that was named comes back with new numbers, other questions between, until it is answered right twice. Topics
come one after the other, those that go wrong sooner.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import chain, islice

from bpkit.core.errors import BpkitError, suggest
from bpkit.exercises.questions.bank import QUESTIONS, find_question
from bpkit.exercises.questions.exercise import Exercise, Question
from bpkit.exercises.questions.feedback import ACCEPTED, Feedback
from bpkit.exercises.questions.friendly_problems import LEVELS
from bpkit.exercises.questions.generation import generate, seen_of
from bpkit.exercises.questions.streams import digest
from bpkit.mistakes.misconceptions import PROCEDURES, RULES

BETWEEN = (2, 4)  # other questions before a mistake comes back: the first time, and after one right answer
MENDED = len(BETWEEN)  # right answers after which it is gone
UP = 2  # right answers in a row that make a topic harder; one wrong answer makes it easier
SURE = 4  # right answers in a row after which a new topic does not start with the easiest
ENOUGH = 3  # questions of a topic that goes wrong before the next topic comes all the same
DRAWS = 6  # of a question and a difficulty, until one reveals a mistake
FACES = 40  # draws, until one is another than the one before: some questions about pictures have few
LAST = ("whole problem",)  # sixteen answers: after all other topics
FUNCTIONS, PICTURES = "code", "pictures"  # topics: one wants functions, the other is about what is drawn
WRONG = ("misconception", "unknown")
HELP = ("hint", "solution")
SKIPPED = "skipped"


@dataclass(frozen=True)
class Turn:
    """A question with its numbers, as it comes; ``again`` names the mistake that it comes back for."""

    question: str
    seed: int
    difficulty: str
    again: str = ""

    @property
    def exercise(self) -> Exercise:
        """The question with its numbers."""
        return _drawn(self.question, self.seed, self.difficulty)

    @property
    def topic(self) -> str:
        """What the question is about."""
        return find_question(self.question).topic


@lru_cache(maxsize=256)
def _drawn(question: str, seed: int, difficulty: str) -> Exercise:
    """A history names the same turns each time it is read."""
    return generate(question, seed, difficulty=difficulty)


@dataclass(frozen=True)
class Entry:
    """One answer of a history, or a hint, a look at the solution, a question left out: what one line of the file holds.

    ``verdict`` is that of a feedback, or ``hint``, ``solution`` or ``skipped``; ``parts`` says how many answers the
    question wants in all, ``reveals`` which mistakes it would have brought to light.
    """

    turn: Turn
    parts: int
    verdict: str
    part: str = ""
    mistakes: tuple[str, ...] = ()
    reveals: tuple[str, ...] = ()


@dataclass(frozen=True)
class Step:
    """A question that was practised: its first answers decide. ``right`` is None where it was left before the end."""

    turn: Turn
    right: bool | None
    named: tuple[str, ...] = ()
    reveals: tuple[str, ...] = ()


@dataclass(frozen=True)
class Mistake:
    """A mistake that is not gone: the step in which it last came up, the right answers since, where it was named."""

    name: str
    last: int
    right: int
    where: tuple[str, ...]


def entry(turn: Turn, verdict: str, part: str = "", found: Feedback | None = None) -> Entry:
    """What is kept of an answer, or of a hint, a look at the solution or a question left out.

    >>> entry(Turn("loss", 7, "easy"), SKIPPED).parts
    1
    """
    exercise = turn.exercise
    named = found.misconceptions if found is not None else ()  # a wrong answer is false
    return Entry(turn, len(exercise.parts), verdict, part, named, exercise.declared)


def steps(entries: Iterable[Entry]) -> tuple[Step, ...]:
    """A history question by question.

    >>> turn = Turn("loss", 7, "easy")
    >>> [step.right for step in steps([Entry(turn, 1, "unknown", "a"), Entry(turn, 1, "correct", "a")])]
    [False]
    """
    by_turn: dict[tuple[str, int, str], list[Entry]] = {}
    for one in entries:
        by_turn.setdefault((one.turn.question, one.turn.seed, one.turn.difficulty), []).append(one)
    return tuple(map(_step, by_turn.values()))


def _step(entries: Sequence[Entry]) -> Step:
    first: dict[str, bool] = {}
    done: set[str] = set()
    helped = False
    for one in entries:
        if one.verdict in HELP:
            helped = helped or len(done) < one.parts
        elif one.verdict in (*ACCEPTED, *WRONG):
            first.setdefault(one.part, one.verdict in ACCEPTED)
            if one.verdict in ACCEPTED:
                done.add(one.part)
    right = None
    if helped or not all(first.values()):
        right = False
    elif len(first) == entries[0].parts:
        right = True
    # Of several mistakes that lead to the same answer the likeliest one comes back.
    named = dict.fromkeys(one.mistakes[0] for one in entries if one.verdict in WRONG and one.mistakes)
    return Step(entries[0].turn, right, tuple(named), entries[0].reveals)


def open_mistakes(done: Sequence[Step]) -> tuple[Mistake, ...]:
    """The mistakes that were named and are not gone, the one that has waited longest first.

    >>> wrong = Step(Turn("loss", 7, "easy"), False, ("leaves out the half",))
    >>> [mistake.name for mistake in open_mistakes([wrong])]
    ['leaves out the half']
    """
    found: dict[str, Mistake] = {}
    for place, step in enumerate(done):
        for name in step.named:
            where = found[name].where if name in found else ()
            found[name] = Mistake(name, place, 0, tuple(dict.fromkeys((*where, step.turn.question))))
        for name, one in list(found.items()):
            if name in step.named or not _asks_about(one, step):
                continue
            found[name] = replace(one, last=place, right=one.right + (step.right is True))
            if found[name].right == MENDED:
                del found[name]
    return tuple(sorted(found.values(), key=lambda one: one.last))


def _asks_about(one: Mistake, step: Step) -> bool:
    """Would a step have shown the mistake? One that no question is meant to reveal shows where it was named."""
    if step.right is None and step.turn.again != one.name:
        return False
    meant = find_question(step.turn.question).reveals
    return one.name in step.reveals or (step.turn.question in one.where and one.name not in meant)


def level(done: Sequence[Step], topic: str) -> str:
    """How difficult a topic is to be now; a new one starts higher for a learner who had everything right."""
    own = [step for step in done if step.turn.topic == topic]
    if not own:
        return LEVELS[len(done) >= SURE and all(step.right for step in done[-SURE:])]
    place, row = LEVELS.index(own[0].turn.difficulty), 0
    for step in own:
        if step.right is None:
            continue
        row = row + 1 if step.right else 0
        if not step.right:
            place = max(place - 1, 0)
        elif row == UP:
            place, row = min(place + 1, len(LEVELS) - 1), 0
    return LEVELS[place]


def following(done: Sequence[Step], pool: Sequence[Question], seed: int = 0) -> Turn:
    """The next question of some: a mistake that is due, or else the next topic's turn.

    >>> following([], [find_question("loss")]).difficulty
    'easy'
    """
    returns = done and done[-1].turn.again and len({one.topic for one in pool}) > 1
    if not returns:  # never two in a row, so that whoever makes many mistakes meets new topics too
        for one in open_mistakes(done):
            if len(done) - 1 - one.last >= BETWEEN[one.right] and (turn := _again(one, done, pool, seed)):
                return turn
    topic = _next_topic(done, pool)
    asked = [one for one in pool if one.topic == topic]
    question = min(asked, key=lambda one: _last(done, one.id))
    return next(_draws(question, level(done, topic), done, seed))


def _again(one: Mistake, done: Sequence[Step], pool: Iterable[Question], seed: int) -> Turn | None:
    """A question that would reveal a mistake, the one that was asked longest ago; None where there is none."""
    known = [question for question in pool if one.name in question.reveals or question.id in one.where]
    begun = {step.turn.topic for step in done} - set(LAST)
    for question in sorted(known, key=lambda question: (question.topic not in begun, _last(done, question.id))):
        usual = LEVELS.index(level(done, question.topic))
        for place in sorted(range(len(LEVELS)), key=lambda place: abs(place - usual)):
            for turn in islice(_draws(question, LEVELS[place], done, seed), DRAWS):
                if one.name in turn.exercise.declared or one.name not in question.reveals:
                    return replace(turn, again=one.name)
    return None


def _draws(question: Question, difficulty: str, done: Sequence[Step], seed: int) -> Iterator[Turn]:
    """Draws of a question, none like the one that was asked last."""
    before = next((step.turn for step in reversed(done) if step.turn.question == question.id), None)
    shown = None if before is None else seen_of(before.exercise)
    for count in range(FACES):
        numbers = digest("practice", seed, len(done), question.id, difficulty, count)
        turn = Turn(question.id, int.from_bytes(numbers[:4], "big"), difficulty)
        if seen_of(turn.exercise) != shown:
            yield turn
    yield turn


def _next_topic(done: Sequence[Step], pool: Iterable[Question]) -> str:
    """The topic whose turn it is: first those that were begun and go wrong, then a new one, then in turn."""
    topics = sorted(dict.fromkeys(one.topic for one in pool), key=lambda topic: topic in LAST)
    own = {topic: [place for place, step in enumerate(done) if step.turn.topic == topic] for topic in topics}
    begun = [topic for topic in topics if own[topic]]
    wrong = [topic for topic in begun if done[own[topic][-1]].right is False]
    if unsettled := [topic for topic in wrong if len(own[topic]) < ENOUGH and topic not in LAST]:
        return min(unsettled, key=lambda topic: own[topic][-1])
    if new := [topic for topic in topics if topic not in begun]:
        return new[0]
    sooner = len(topics) // 2
    return min(begun, key=lambda topic: own[topic][-1] - sooner * (topic in wrong))


def _last(done: Sequence[Step], question: str) -> int:
    """When a question was asked last; -1 for never."""
    return max((place for place, step in enumerate(done) if step.turn.question == question), default=-1)


def pool_of(wanted: str = "", without: Collection[str] = (FUNCTIONS,)) -> tuple[Question, ...]:
    """The questions of a topic, or the one of that id; all without a word. Some topics are left out.

    Raises ``BpkitError`` for what is neither, and for a question that cannot be practised like this.
    """
    every = tuple(one for one in QUESTIONS if one.topic not in without)
    word = wanted.strip().lower().replace("_", "-").replace("-", " ")
    for fits in (str.__eq__, str.startswith):  # the whole name comes first: `loss` is a question
        if found := tuple(one for one in every if word in ("", one.id.replace("-", " ")) or fits(one.topic, word)):
            return found
    names = [*dict.fromkeys(one.topic for one in every), *(one.id for one in every)]
    if word in chain.from_iterable((one.id.replace("-", " "), one.topic) for one in QUESTIONS):
        raise BpkitError(
            f"practice: {wanted!r} expects functions or pictures, which cannot be practised here; "
            "open the notebook with `bpkit lab practice`, or a sheet of exercises"
        )
    raise BpkitError(
        f"practice: expected a topic or a question of `bpkit exercises list`, got {wanted!r}{suggest(word, names)}"
    )


def reason(turn: Turn, done: Sequence[Step]) -> str:
    """Why a question comes now, in a sentence.

    >>> reason(Turn("loss", 7, "easy"), [])
    'A new topic: forward.'
    """
    if turn.again:
        return f"Back to an earlier mistake: {said_of(turn.again)}."
    before = [step for step in done if step.turn.topic == turn.topic]
    if not before:
        return f"A new topic: {turn.topic}."
    was = LEVELS.index(before[-1].turn.difficulty) - LEVELS.index(turn.difficulty)
    return f"{('Now a harder one', 'Another one', 'Now an easier one')[(was > 0) - (was < 0) + 1]}: {turn.topic}."


def said_of(name: str) -> str:
    """A mistake by its name, as what you did: ``to leave out the bias``.

    >>> said_of("leaves the bias out"), said_of("follows only one path")
    ('to leave out the bias', 'to follow only one path')
    """
    verb, _, rest = name.partition(" ")
    you = _YOU.get(name) or f"{_plain_form(verb)} {rest}".rstrip()
    return f"not to {you.removeprefix('do not ')}" if you.startswith("do not ") else f"to {you}"


def _plain_form(verb: str) -> str:
    """``confuse`` for ``confuses``, ``mix`` for ``mixes``, ``copy`` for ``copies``."""
    if verb.endswith("ies"):
        return f"{verb[:-3]}y"
    return verb[:-2] if verb.endswith(("oes", "sses", "xes", "ches", "shes")) else verb.removesuffix("s")


_YOU: Mapping[str, str] = {one.name: one.you for one in RULES} | {one.name: one.you for one in PROCEDURES}


@dataclass(frozen=True)
class Tally:
    """What was practised of a topic: how many questions, and how many of them right at the first answer."""

    topic: str
    asked: int
    right: int
    level: str


def tallies(done: Sequence[Step], pool: Iterable[Question]) -> tuple[Tally, ...]:
    """How a learner stands, topic by topic.

    >>> tallies([Step(Turn("loss", 7, "easy"), True)], [find_question("loss")])
    (Tally(topic='forward', asked=1, right=1, level='easy'),)
    """
    return tuple(
        Tally(
            topic,
            sum(step.turn.topic == topic and step.right is not None for step in done),
            sum(step.turn.topic == topic and step.right is True for step in done),
            level(done, topic),
        )
        for topic in dict.fromkeys(one.topic for one in pool)
    )
