"""What is said of a program that has gaps, or ends before it gives anything: each line that ran is judged by itself."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from types import CodeType
from typing import NamedTuple

from bpkit.mistakes.programs.arguments import RATES
from bpkit.mistakes.programs.calls import SECONDS, Asked, Calls
from bpkit.mistakes.programs.doubts import Judged, judged
from bpkit.mistakes.programs.expected import expected
from bpkit.mistakes.programs.flow import depending, downstream, plain_of, waiting, without
from bpkit.mistakes.programs.following import Followed, is_small
from bpkit.mistakes.programs.listing import (
    START,
    Line,
    Value,
    begins,
    depends,
    marked,
    named_line,
    should_be,
    source_of,
    stopped,
    with_gaps,
)
from bpkit.mistakes.programs.operands import wrong_operand
from bpkit.mistakes.programs.outcome import GRADIENTS, PARAMETERS, Part
from bpkit.mistakes.programs.source import Gap, is_return
from bpkit.mistakes.programs.spellings import plain
from bpkit.mistakes.programs.suspects import awaited, suspect
from bpkit.mistakes.programs.telling import Bug, broken, code_at, gaps_message, nothing_message
from bpkit.mistakes.programs.ways_to_call import Attempt, shapes_of

STOPS = 3  # lines that cannot run, after which no more are looked for


class Early(NamedTuple):
    """What is said of a program that gave nothing yet, its first known mistake, and its lines."""

    message: str
    bug: Bug | None
    made: tuple[Value, ...]
    source: tuple[Line, ...]


@dataclass(frozen=True, eq=False)
class _Ran:
    """What came of a program without the lines that cannot run: the last call, and each that stopped by its line."""

    calls: Calls
    attempt: Attempt
    stops: Mapping[int, Attempt]
    main: CodeType | None

    def source(self, lines: Judged) -> tuple[Line, ...]:
        """The text of the program with what each line makes, and where it stops."""
        source = source_of(lines.followed, lines.made, self.attempt.run)
        for line in self.stops:
            after = [one for one in depending(self.main, [line]) if one != line]
            source = marked(source, begins(self.main, after), partial(depends, on=f"line {line}"))
            source = marked(source, begins(self.main, [line]), stopped)
        return source


def _ran(asked: Asked, waits: Mapping[CodeType, Mapping[int, Collection[str]]]) -> _Ran:
    """Run a program without some lines, and without those that stop it or depend on one that does."""
    main: CodeType | None = getattr(plain_of(asked.function), "__code__", None)
    stops: dict[int, Attempt] = {}
    left = {**waits}
    while True:
        calls = Calls(replace(asked, function=without(asked.function, left)))
        try:
            attempt = calls.first().attempt
        finally:
            calls.caller.kept.restore()
        line = _stop(attempt)
        if main is None or not line or line in {*left.get(main, ()), *stops} or len(stops) == STOPS:
            return _Ran(calls, attempt, stops, main)
        stops[line] = attempt
        left[main] = {**left.get(main, {}), **depending(main, [*stops])}


def unfinished(asked: Asked, gaps: tuple[Gap, ...]) -> tuple[Early, Attempt]:
    """A program with gaps: all lines that depend on none of them run, and those that are wrong are told."""
    waits = waiting(asked.function, gaps)
    ran = _ran(asked, waits)
    lines = judged(ran.attempt, _returns(ran.calls), asked.batch)
    known = set().union(*(begins(code, used) for code, used in waits.items()))
    source = with_gaps(_excused(ran.source(lines), _after_misshapen(lines, ran.attempt)), gaps, known)
    said = {line: broken(one, SECONDS)[0] for line, one in [*ran.stops.items()][:1]}
    name = getattr(asked.function, "__name__", "")
    last = gaps_message(gaps, name, any(one.right for one in source))
    return _early(lines, ran.attempt, asked.on, said, last, source), ran.attempt


def ended_early(attempt: Attempt, calls: Calls) -> Early:
    """A program that stops, never ends or gives nothing that can be read."""
    said, line, code = broken(attempt, SECONDS)
    error = attempt.run.error is not None
    inside = error and _inside(attempt)  # without the call of another function its lines would not run
    again = error and not attempt.run.endless and not inside
    ran = _ran(calls.asked, {}) if again else _Ran(calls, attempt, {}, None)
    lines = judged(ran.attempt, _returns(calls), calls.asked.batch)
    source = ran.source(lines)
    source = marked(source, [(line, code[:START])], stopped) if error else wrong_return(source, attempt)
    after = _after_misshapen(lines, attempt)
    source = _excused(source, after)
    follows = (line, code) in {code_at(code_of, one) for code_of, one, _ in after}
    if follows:
        said = f"So your program stops in line {line}." if error else ""
    return _early(lines, ran.attempt, calls.asked.on, {}, said, source, after=not follows)


def lines_so_far(attempt: Attempt, calls: Calls, said: str) -> Early:
    """A program that does not give all that it should."""
    lines = judged(attempt, _returns(calls), calls.asked.batch)
    source = wrong_return(source_of(lines.followed, lines.made, attempt.run), attempt)
    return _early(lines, attempt, calls.asked.on, {}, said, source, after=True)


def _early(
    lines: Judged,
    attempt: Attempt,
    on: object,
    stops: dict[int, str],
    said: str,
    source: tuple[Line, ...],
    after: bool = False,
) -> Early:
    """The first wrong line and the first that stops, in the order of the program, before what else is ``said``, or
    ``after`` it.
    """
    first = next(iter(lines.doubts), None)
    told = dict(stops)
    if first and first.misshapen:
        told = _without(told, first.value)
    if first:
        other = "" if first.found else wrong_operand(first.value, first.place, lines.followed, attempt)
        told[first.value.line] = f"{first.message(attempt)} {other}".strip()
    elif said_of := strange(attempt, lines.followed, on):
        odd = suspect(lines.followed)
        assert odd is not None
        told = _without(told, odd) | {odd.line: said_of}
    messages = [told[line] for line in sorted(told)]
    messages = [said, *messages] if after else [*messages, said]
    bug = first.bug(attempt) if first else None
    return Early(" ".join(filter(None, messages)), bug, lines.made, source)


def _without(told: Mapping[int, str], odd: Followed) -> dict[int, str]:
    """What to say about lines, except those that depend on a strange one."""
    after = depending(odd.code, [odd.line])
    return {line: words for line, words in told.items() if line not in after}


def _inside(attempt: Attempt) -> bool:
    """Did a program stop in another function than the one under review, and in none such as an activation?"""
    trail = attempt.run.trail
    return bool(trail) and trail[0][1] is not trail[-1][1] and not is_small(trail[-1][1])


After = Sequence[tuple[CodeType, int, str]]  # lines of functions that use what another made, and which that is


def _excused(source: tuple[Line, ...], after: After) -> tuple[Line, ...]:
    """The text, where lines that use an array of the wrong shape say so: what they compute from it is not judged."""
    for code, line, on in after:
        source = marked(source, begins(code, [line]), partial(depends, on=on))
    return source


def _after_misshapen(lines: Judged, attempt: Attempt) -> After:
    """The lines that use an array of the wrong shape, each with the line that made it."""
    odd = next((one.value for one in lines.doubts[:1] if one.misshapen), None)
    if odd is None:
        return []
    codes = {one.code for one in lines.followed} | {one.code for one in attempt.run.given}
    after = downstream([(odd.code, odd.line)], codes)
    return [(code, line, named_line(code, *start)) for (code, line), start in after.items()]


def wrong_return(
    source: tuple[Line, ...], attempt: Attempt, kind: str | None = None, code: CodeType | None = None, line: int = 0
) -> tuple[Line, ...]:
    """The text, where a return that does not give what it should says what that is: the last one, or that of a line in
    another function, which gives arrays of a ``kind``.
    """
    run, whole = attempt.run, expected(attempt.problem)
    kind = kind or (attempt.outcome.kind if attempt.outcome else attempt.said)
    code, line = (code, line) if code else (run.main, run.end)
    if (run.error is not None and code is run.main) or not kind or not is_return(code, line):
        return source
    keys = shapes_of(attempt.problem) if kind in (GRADIENTS, PARAMETERS) else [""]
    wanted = [Part(kind, key).place(whole) for key in keys]
    return marked(source, begins(code, [line]), partial(should_be, wanted))


def strange(attempt: Attempt, values: Sequence[Followed], on: object) -> str:
    """What is said of the first line that makes no array of the derivation, in a program that ends too early."""
    if not attempt.problem.network.layers or on is not None or (first := suspect(values)) is None:
        return ""
    whole = expected(attempt.problem)
    if (place := awaited(values, whole)) is None:
        return ""
    wanted = whole.truth(place).shape[0 if attempt.problem.inputs.ndim > 1 else 1 :]
    line, code = code_at(first.code, first.seen.line)
    return nothing_message(line, code, first.seen.value.shape, place, wanted)


def _stop(attempt: Attempt) -> int:
    """The line of the function under review where it cannot go on; 0 where it can."""
    run = attempt.run
    return run.trail[0][0] if run.error is not None and run.trail and not run.endless else 0


def _returns(calls: Calls) -> str | None:
    """What a program is to return: new parameters where it is said so, or where it knows a learning rate."""
    code = getattr(plain_of(calls.asked.function), "__code__", None)
    names = {plain(name) for name in (*code.co_names, *code.co_varnames)} if code else set()
    return calls.asked.returns or (PARAMETERS if calls.signature.rate or RATES & names else None)
