"""The learner's command: ``bpkit practice`` asks questions in the terminal, one after the other, until you stop."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import click

from bpkit.cli.terminal import columns, say
from bpkit.core.errors import BpkitError
from bpkit.core.quantities import Quantity
from bpkit.core.spelling import counted, typeset
from bpkit.exercises.questions.cards import NOT_YET, said
from bpkit.exercises.questions.exercise import Question
from bpkit.exercises.questions.feedback import ACCEPTED, Feedback
from bpkit.exercises.questions.hints import hints
from bpkit.exercises.questions.judging import judge_all
from bpkit.exercises.questions.parts import ExactPart, Part
from bpkit.exercises.questions.practice import history
from bpkit.exercises.questions.practice.next_question import (
    FUNCTIONS,
    PICTURES,
    SKIPPED,
    WRONG,
    Entry,
    Step,
    Turn,
    entry,
    following,
    open_mistakes,
    pool_of,
    reason,
    said_of,
    steps,
    tallies,
)
from bpkit.show.in_terminal import filled, fitting, in_terminal

KEYS = "? hint and s worked solution (after a try), n next question, q stop"
_LIST = re.compile(r'`\[("[^`]*")\]`')  # paths as a notebook wants them
_LINE = re.compile(r"\s*(\(\d+\))\s+(.*?)(?:\s{3,}(.*))?")


class Stop(Exception):
    """The learner has had enough."""


@click.command(short_help="Practise, question after question.")
@click.argument("wanted", nargs=-1, metavar="[TOPIC or QUESTION]")
@click.option("--file", "path", type=click.Path(path_type=Path, dir_okay=False), help="Where your answers are kept.")
@click.option("--seed", default=0, help="Another seed gives other numbers.")
@click.option("--standing", is_flag=True, help="Show how you stand, topic by topic, and stop.")
def practice(wanted: tuple[str, ...], path: Path | None, seed: int, standing: bool) -> None:
    """Practise here in the terminal: one question after the other, as long as you like.

    Right answers in a row make a topic harder, wrong ones easier. A mistake of yours comes back with new numbers until
    you answer it right twice. With a TOPIC or a QUESTION of `bpkit exercises list` you get only that. Questions about
    pictures need a page: `bpkit lab practice` opens it.

    Your answers are kept in a file of your own, and the next time you go on from there.
    """
    pool = pool_of(" ".join(wanted), (FUNCTIONS, PICTURES))
    path = path or history.usual_file()
    before, unread = history.read(path)
    if unread:
        say(f"{unread} of the lines in {path} cannot be read. They stay there.")
    if standing:
        say(_table(steps(before), pool_of()))
        return
    say(f"Your answers are kept in {path}." if path else "Your answers are not kept.", f"Type an answer, or {KEYS}.")
    session = Session(pool, path, seed, before)
    try:
        with suppress(Stop, EOFError, KeyboardInterrupt):
            while True:
                session.ask()
        say("", session.summary())
    except BrokenPipeError:  # `| head` has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


class Session:
    """One sitting at the terminal: asks, judges, keeps."""

    def __init__(self, pool: Sequence[Question], path: Path | None, seed: int, before: Sequence[Entry]) -> None:
        self.pool, self.path, self.seed = pool, path, seed
        self.entries = list(before)
        self.start = len(steps(before))

    def ask(self) -> None:
        """Ask one question until it is answered or left."""
        done = steps(self.entries)
        turn = following(done, self.pool, self.seed)
        exercise = turn.exercise
        rule = "-" * min(columns(), 60)
        head = f"Question {len(done) - self.start + 1} · {turn.topic} · {turn.difficulty}"
        text = exercise.text.removesuffix("Compute:").rstrip()
        say("", rule, head, reason(turn, done), "", f"{exercise.bank.title}", "", in_terminal(text, columns()))
        typed: dict[str, str] = {}
        for letter, part in exercise.parts.items():
            if not self._answered(turn, letter, part, typed):
                return
        if len(exercise.parts) > 1:
            say("That was all of this question.")

    def _answered(self, turn: Turn, letter: str, part: Part, typed: dict[str, str]) -> bool:
        """Ask one part until it is right or passed over; False where the whole question is left."""
        several = len(turn.exercise.parts) > 1
        say("", asked(part, f"{letter}) " if several else "", columns()))
        found, more = Feedback("blank", ""), None
        while True:
            given = self._read(f"{letter}) > " if several else "> ")
            command = given.lower() if _picked(part, given) is None else ""
            if not given:
                say(_keys(several, found))
            elif command in ("q", "quit", "exit"):
                raise Stop
            elif command in ("n", "next"):
                self._left(turn, typed)
                return False
            elif command in ("p", "pass") and several:
                return True
            elif command == "?":
                more = self._hint(turn, letter, part, found, more)
            elif command == "s":
                if self._solution(turn, letter, typed):
                    return False
            else:
                typed[letter] = _picked(part, given) or given
                found = judge_all(turn.exercise.parts, typed)[letter]
                say(filled(f"{found.sign} {said(part, typed[letter], found)}", columns(), "  "))
                if found.verdict not in NOT_YET:
                    self._keep(entry(turn, found.verdict, letter, found))
                if found.verdict in ACCEPTED:
                    return True

    def _read(self, prompt: str) -> str:
        given = input(fitting(prompt, getattr(sys.stdout, "encoding", None)))
        if not sys.stdin.isatty():  # what was typed is not on the screen
            say("")
        return given.strip()

    def _hint(
        self, turn: Turn, letter: str, part: Part, found: Feedback, more: Iterator[str] | None
    ) -> Iterator[str] | None:
        """Show the next hint, once an answer was wrong, from the first wrong line on; gives those that are left."""
        if found.verdict not in WRONG:
            say("Try an answer first. If it is wrong, there are hints.")
            return more
        more = more or iter(hints(part, found.line))
        if (text := next(more, None)) is None:
            say("No more hints. The worked solution (s) has the rest.")
        else:
            self._keep(entry(turn, "hint", letter))
            say(in_terminal(text, columns()))
        return more

    def _solution(self, turn: Turn, letter: str, typed: dict[str, str]) -> bool:
        """Show the worked solution, once an answer was tried."""
        if not any(one.verdict not in NOT_YET for one in judge_all(turn.exercise.parts, typed).values()):
            say("Try an answer first; a guess will do. Then you can see the solution.")
            return False
        self._keep(entry(turn, "solution", letter))
        say("", solution(turn, columns()))
        return True

    def _left(self, turn: Turn, typed: dict[str, str]) -> None:
        if not typed:
            self._keep(entry(turn, SKIPPED))

    def _keep(self, one: Entry) -> None:
        self.entries.append(one)
        try:
            history.add(self.path, one)
        except BpkitError as error:  # the questions go on
            self.path = None
            say(f"From here on your answers are not kept. {error}")

    def summary(self) -> str:
        """What was done in this sitting, and what comes next time."""
        done = steps(self.entries)
        now = done[self.start :]
        answered = [step for step in now if step.right is not None]  # not skipped, nor left before the end
        right = sum(step.right is True for step in answered)
        waiting = open_mistakes(done)
        text = f"{right} of {len(answered)} right at the first answer." if answered else "No question answered."
        return text + (f" {counted(len(waiting), 'mistake')} will come back next time." if waiting else "")


def _keys(several: bool, found: Feedback) -> str:
    """What can be typed instead of an answer."""
    also = "p next part of the question, " if several else ""
    return f"Type an answer, or {KEYS.replace('n next', f'{also}n next')}."


def asked(part: Part, mark: str, width: int) -> str:
    """What a part asks, and how to answer it.

    >>> print(asked(ExactPart("Up or down?", "down", options=("up", "down")), "a) ", 60))
    a) Up or down?
      1  up
      2  down
    """
    options: tuple[str, ...] = getattr(part, "options", ())
    text = in_terminal(mark + _LIST.sub(lambda found: found[1].replace('"', ""), part.asks), width)
    if not options:
        return text
    if _by_value(part):
        return f"{text}\nType one of these: {', '.join(options)}"
    listed = "\n".join(f"  {number}  {option}" for number, option in enumerate(options, 1))
    return f"{text}\n{listed}"


def _by_value(part: Part) -> bool:
    """Are the options numbers, one of which you type?"""
    return isinstance(part, ExactPart) and part.reader in ("whole", "number")


def _picked(part: Part, given: str) -> str | None:
    """The option that an answer names, by itself or by its number in the list; None where there is none."""
    options: tuple[str, ...] = getattr(part, "options", ())
    if not options or not isinstance(part, ExactPart):
        return None
    for option in options:
        with suppress(BpkitError):
            if part.read(given) == part.read(option):
                return option
    if not _by_value(part) and given.isdecimal() and 1 <= int(given) <= len(options):
        return options[int(given) - 1]
    return None


def solution(turn: Turn, width: int) -> str:
    """The answers and the worked solution, the lines of a derivation with their reasons below them."""
    pieces = turn.exercise.solution.pieces
    names = turn.exercise.problem.derivation.quantities if turn.exercise.task.problems else {}
    shown = [in_terminal(one, width) if isinstance(one, str) else _lines(str(one), names, width) for one in pieces]
    answers = in_terminal("\n".join(map(str, turn.exercise.answers.pieces)), width)
    return "\n\n".join([f"The answer:\n{answers}" if "\n" in answers else f"The answer: {answers}", *shown])


def _lines(text: str, names: Mapping[str, Quantity], width: int) -> str:
    """Numbered lines, the reason of each below it; paths, each in as many lines as it needs."""
    found = []
    for row in text.splitlines():
        match = _LINE.fullmatch(row)
        number, formula, why = match.groups() if match else ("", row, "")
        shown = typeset(re.sub(" +", " ", formula), names)
        found.append(filled(f"{number:>5} {shown}" if number else shown, width, " " * 8))
        if why:
            found.append(filled(f"        {typeset(why, names)}", width, " " * 8))
    return "\n".join(found)


def _table(done: Sequence[Step], pool: Sequence[Question]) -> str:
    """How well a learner does: topic by topic, and the mistakes that are not gone."""
    rows = [("topic", "questions", "right", "level")]
    rows += [(one.topic, str(one.asked), str(one.right), one.level if one.asked else "") for one in tallies(done, pool)]
    wide = [max(map(len, column)) for column in zip(*rows)]
    table = "\n".join("  ".join(f"{cell:<{width}}" for cell, width in zip(row, wide)).rstrip() for row in rows)
    waiting = open_mistakes(done)
    if not waiting:
        return f"{table}\n\nNo mistake is waiting to come back."
    listed = "\n".join(f"  {said_of(one.name)}{' (right once since)' * (one.right == 1)}" for one in waiting)
    return f"{table}\n\nThese mistakes come back until you answer them right twice:\n{listed}"
