"""The table of a reviewed program: the lines that have the mistake, those that only follow from it, and the rest."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from functools import partial

from bpkit.core.chain_rule import behind
from bpkit.core.derivation import Derivation
from bpkit.mistakes.programs.calls import Tried
from bpkit.mistakes.programs.expected import Expected
from bpkit.mistakes.programs.flow import downstream
from bpkit.mistakes.programs.following import Book, Followed, is_small
from bpkit.mistakes.programs.hypotheses import Hypothesis
from bpkit.mistakes.programs.listing import (
    Line,
    Value,
    begins,
    following,
    marked,
    named_line,
    should_be,
    source_of,
    values_of,
)
from bpkit.mistakes.programs.places import Place
from bpkit.mistakes.programs.source import computed_at, first_line, is_return
from bpkit.mistakes.programs.suspects import is_odd
from bpkit.mistakes.programs.updating import update_slip


def table(
    values: Sequence[Followed],
    shown: Tried,
    departed: Followed | None,
    hypothesis: Hypothesis | None,
    labelled: Mapping[str, Place],
    wrong: bool,
    misshapen: bool = False,
) -> tuple[tuple[Value, ...], tuple[Line, ...]]:
    """What each line made, and the text with it; ``wrong`` says that the program is not right,
    ``misshapen`` that what departed has the wrong shape: what a later line makes of it is right only by chance.
    """
    way = hypothesis.way if hypothesis else ()
    book = Book(Expected(shown.expected.problem, ((), way)), shown.attempt, 1) if way else None
    made = values_of(values, departed, book, labelled)
    if departed is not None and book is not None:
        edits = {name for one in way for name in one.edits}
        made = _consequences(values, made, departed, book, edits, shown.expected.problem.derivation)
    if departed is not None:
        known = lambda one: not misshapen and one.true is not None and not is_odd(one.true.factor)
        made = following(values, made, [departed], known, misshapen)
    source = source_of(values, made, shown.attempt.run)
    if departed is not None and (slip := update_slip(values, shown)):
        source = marked(source, begins(slip.value.code, [slip.value.line]), slip.mark)
    return made, _ended(source, shown, departed) if wrong else source


def _consequences(
    values: Sequence[Followed],
    made: tuple[Value, ...],
    first: Followed,
    book: Book,
    edits: Collection[str],
    d: Derivation,
) -> tuple[Value, ...]:
    """The arrays of a mistake; those that a right line computes from a wrong array say on which line they depend."""
    match = book.find(first.seen.value, first.seen.name)
    told = behind(match.place.lines.flat, d.with_inputs.by_name) & {*edits} if match else set()
    told = told or {*edits}
    spots, codes, found = [(first.code, first.line)], {one.code for one in values}, []
    after = downstream(spots, codes)
    for one, value in zip(values, made, strict=True):
        at = (one.code, one.line)
        if value.right is False and is_small(one.code) and one.code is not first.code:
            value = replace(value, quantity="", right=None, shown="")  # the sigmoid that a wrong line calls
        elif value.right is False and at not in spots:
            match = book.find(one.seen.value, one.seen.name)
            own = behind(match.place.lines.flat, d.with_inputs.by_name) & {*edits} if match else {*edits}
            here = any(code is one.code for code, _ in spots)
            if own <= told and (at in after or not here):
                follows = named_line(one.code, *after.get(at, spots[0]))
                value = replace(value, quantity="", right=None, shown="", follows=follows)
            else:
                told |= own
                spots.append(at)
                after = downstream(spots, codes)
        found.append(value)
    return tuple(found)


def _ended(source: tuple[Line, ...], shown: Tried, departed: Followed | None) -> tuple[Line, ...]:
    """The text, where a return that is to blame itself says what it should give back instead."""
    code, end = shown.attempt.run.main, shown.attempt.run.end
    parts = [part for part in shown.wrong if part.key]
    if code is None or not parts or not is_return(code, end):
        return source
    blamed = departed is None or (departed.code is code and departed.line == first_line(code, end))
    if not blamed or (departed is not None and not computed_at(code, end)):
        return source
    places = [part.place(shown.expected) for part in parts]
    return marked(source, begins(code, [end]), partial(should_be, places))
