"""Reviews a learner's own program: is it right, and if not, which bug does it have, and in which line?"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from bpkit.core.architecture import Architecture
from bpkit.core.errors import BpkitError, chosen
from bpkit.core.problem import BATCHES, Problem
from bpkit.core.quantities import Role
from bpkit.core.shown import Shown
from bpkit.core.updates import UpdateRule
from bpkit.mistakes.misconceptions.slope_slips import other_layers_slope
from bpkit.mistakes.programs.alone import Alone, alone
from bpkit.mistakes.programs.array_evidence import INTEGERS, Evidence, from_calls, from_values, written_over
from bpkit.mistakes.programs.calls import SECONDS, Asked, Calls, Tried
from bpkit.mistakes.programs.consequences import table
from bpkit.mistakes.programs.doubts import Doubt
from bpkit.mistakes.programs.expected import Expected, expected
from bpkit.mistakes.programs.following import ERRORS, Book, Followed, departure, followed, unexplained
from bpkit.mistakes.programs.hypotheses import Hypothesis, explained, holds, of_functions
from bpkit.mistakes.programs.listing import Line, Value, source_of, values_of
from bpkit.mistakes.programs.misshapen import misshapen
from bpkit.mistakes.programs.operands import of_another_layer, wrong_operand
from bpkit.mistakes.programs.ordering import misordered, misunpacked
from bpkit.mistakes.programs.outcome import GRADIENTS, RETURNS, Part, read_label
from bpkit.mistakes.programs.places import Place
from bpkit.mistakes.programs.shape_errors import clash_at
from bpkit.mistakes.programs.source import Gap, assigned_at, gaps_in, is_return
from bpkit.mistakes.programs.suspects import is_usual, maker, not_finite, strayed, suspect
from bpkit.mistakes.programs.telling import (
    Bug,
    broken,
    code_at,
    elsewhere,
    first_message,
    line_of,
    message_of,
    misfit,
    part_words,
    standing,
    stopped_at,
    unknown_message,
)
from bpkit.mistakes.programs.trials import Setting, sizes_of, sizes_text
from bpkit.mistakes.programs.unfinished import Early, ended_early, lines_so_far, strange, unfinished, wrong_return
from bpkit.mistakes.programs.updating import update_slip
from bpkit.mistakes.programs.ways_to_call import LAYOUTS, Attempt, integers_in

USUAL = (
    " (I took sigmoid neurons and half the squared error; if you have others, add "
    "network=bp.Network(.., activation=.., loss=..).)"
)


@dataclass(frozen=True, repr=False, eq=False)
class Review(Shown):
    """The verdict on a program: ``correct``, ``misconception``, ``unknown`` or ``error``, and why.

    ``misconceptions`` are the bugs that explain what it gave, the likeliest first, each with its line; ``sure`` is
    False where several do. ``values`` are the arrays that its lines made, in order. ``parts`` says of each thing that
    the program gave (dW1, b2, the loss) whether it is right. ``problem`` is the one that it is shown on, ``source`` the
    text of its functions. ``gaps`` are the places where ``...`` still stands; the verdict is then ``error``. ``only``
    says within which limits a program is correct: for one output, or with an array transposed.
    """

    verdict: str
    message: str
    misconceptions: tuple[Bug, ...] = ()
    values: tuple[Value, ...] = ()
    sure: bool = True
    parts: Mapping[str, bool] = field(default_factory=dict)
    problem: Problem | None = None
    source: tuple[Line, ...] = ()
    gaps: tuple[Gap, ...] = ()
    only: str = ""


def review(
    function: Callable[..., Any],
    network: Architecture | None = None,
    *,
    returns: str | None = None,
    layout: str | None = None,
    batch: str | None = None,
    update: UpdateRule | None = None,
    on: object = None,
) -> Review:
    """Run a learner's backpropagation on several drawn problems, and name its bug with the line where it shows.

    ``function`` gets inputs, targets and parameters, by position (x, y, W1, b1, W2, b2) or by the names in use: x X,
    y Y t target, W1.., b1.., params or weights as a list or a dict, lr rate eta. It may return gradients, new
    parameters, outputs or a loss, as a list, tuple or dict, or change what it was given; ``returns`` says which, where
    that cannot be seen: "gradients", "parameters", "outputs", "loss". ``on`` is the object whose method it is and whose
    W1, b1, .. it changes. ``network`` says which activations and loss (sigmoid and half the squared error unless
    given), ``layout`` how the weights lie, "x @ W" or "W @ x", ``batch`` that it takes a batch, whose loss is the
    "mean" or the "sum", or "each" for an update after each sample; ``update`` is the rule, whose state may be among the
    arguments: m, v, t. For a program of blocks ``network`` is a ``Model``: x and y have its shape, and the arrays come
    in the order of ``model.tables`` (x, y, Wx1, Wh1, b1, W2, b2) or by the names usual for them, Wxh, Whh, bh, Why, by.
    Returns a ``Review``. The function runs here and now, on copies, for a few seconds at most. Three dots, ``...``,
    may stand where something is still to be written: the review then says in which line.

    Shapes: one sample x (n,), y (m,), b (m,); with ``batch`` rows, x (n_samples, n); for "W @ x" columns, x (n,
    n_samples), b (m, 1). Units: none.
    Errors: ``BpkitError`` for what is no function of Python, and for an argument that cannot be told by name or place.
    Source: the lines of ``derive``, and the misconceptions that rewrite them.

    >>> import bpkit as bp, numpy as np
    >>> def backward(x, y, W1, b1):
    ...     out = 1 / (1 + np.exp(-(x @ W1 + b1)))
    ...     return np.outer(x, out - y), out - y
    >>> bp.review(backward).misconceptions[0].name
    'forgets the output slope'
    >>> def convolved(x, y, kernel, bias):
    ...     d = np.convolve(x, kernel[::-1], "valid") + bias - y
    ...     return np.convolve(x, d, "valid"), d.sum()
    >>> bp.review(convolved, bp.Model((5,), bp.blocks.Conv1d(2))).misconceptions[0].name
    'turns the kernel round'
    """
    if network is not None and not isinstance(network, Architecture):
        near = "give problem.network" if isinstance(network, Problem) else "write bp.Network(2, 3, 2)"
        raise BpkitError(f"review: expected network to be a Network or a Model, got {network!r}; {near}")
    if isinstance(function, Architecture | Problem):
        raise BpkitError(f"review: expected a function, got {function!r}; give the function first, then network=..")
    for what, given, options in (("returns", returns, RETURNS), ("layout", layout, LAYOUTS), ("batch", batch, BATCHES)):
        if given is not None:
            chosen(what, given, options)
    asked = Asked(function, network, returns, layout, batch, update, on)
    reviewer = _Reviewer(asked)
    try:
        return reviewer.review()
    finally:
        reviewer.calls.caller.kept.restore()


class _Reviewer:
    """Goes through one review: calls the program, and explains what it gave."""

    def __init__(self, asked: Asked) -> None:
        self.calls = Calls(asked)
        self.asked = self.calls.asked
        self.setting = self.calls.setting

    def review(self) -> Review:
        """Ask one question after the other until there is a verdict."""
        if gaps := gaps_in(self.asked.function):
            early, attempt = unfinished(self.asked, gaps)
            return self._early(early, attempt, gaps)
        call = self.calls.first()
        if not call.attempt.works:
            return self._unpacked(call.attempt) or self._broken(call.attempt)
        attempt, self.setting = self.calls.settled(call.attempt, call.setting)
        setting = self.setting
        if lacking := attempt.lacks(self.calls.signature.names_biases):
            return self._incomplete(attempt, lacking)
        tried, stopped = self.calls.on_all(attempt, setting, call.one_output)
        if any(one.wrong for one in tried) and setting.network.loss.targets_in_unit_interval:
            tried, stopped = self.calls.with_classes(attempt, setting, call.one_output, (tried, stopped))
        if any(one.wrong for one in tried):
            tried, stopped = self._best_call(tried, stopped, setting)
        first = tried[0]
        right = not any(one.wrong for one in tried)
        if self.calls.time_left:
            values = followed(first.attempt, first.expected)
            if found := from_calls(self.calls.caller, first.attempt, values, right):
                return self._blamed([found.hypothesis], first, found)
        if whole_numbers := integers_in(self.asked.on, self.calls.spelling):
            return self._integers(whole_numbers[0], first)
        if right and (said := misordered(first.attempt, self.calls.caller.signature)):
            order = self._made("error", said, (), first, followed(first.attempt, first.expected), None)
            return replace(order, source=wrong_return(order.source, first.attempt))
        if right and (said_over := written_over(first.attempt, values := followed(first.attempt, first.expected))):
            return self._blamed([said_over.hypothesis], first, said_over, values=values)
        if right:
            return self._correct(tried, stopped, setting, call.one_output)
        unpacked = self._unpacked(next(one.attempt for one in tried if one.wrong))
        return unpacked or self._explained(tried, setting)

    def _best_call(
        self, tried: list[Tried], stopped: list[Attempt], setting: Setting
    ) -> tuple[list[Tried], list[Attempt]]:
        """The call with which a wrong program is right, or wrong in a way that is known."""
        others = [*self.calls.otherwise(tried, setting)]
        best, fewest = (tried, stopped), _mistakes(tried) if others else 0
        for other in others:
            if (count := _mistakes(other[0])) < fewest:
                best, fewest = other, count
        return best

    # What is said

    def _early(self, early: Early, attempt: Attempt, gaps: tuple[Gap, ...] = ()) -> Review:
        """The verdict on a program that gave nothing that can be judged as a whole."""
        bugs = (early.bug,) if early.bug else ()
        return Review("error", early.message, bugs, early.made, problem=attempt.problem, source=early.source, gaps=gaps)

    def _unpacked(self, attempt: Attempt) -> Review | None:
        """What is said of a program that takes one derivative for another, as a function that it calls gives them."""
        values = followed(attempt, expected(attempt.problem)) if attempt.run.seen else []
        if not (found := misunpacked(attempt, values, self.calls.spelling)):
            return None
        made = values_of(values)
        source = wrong_return(source_of(values, made, attempt.run), attempt, GRADIENTS, found.code, found.line)
        return Review("error", found.said, (), made, problem=attempt.problem, source=source)

    def _broken(self, attempt: Attempt) -> Review:
        error = attempt.run.error
        if error is not None and "same_kind" in str(error) and "int" in str(error):
            line, code = code_at(*stopped_at(attempt.run))
            bug = Bug(INTEGERS.name, INTEGERS.you, INTEGERS.sentence, line, code)
            message = message_of(bug, INTEGERS, {}, None, attempt.problem.derivation)
            return Review("misconception", message, (bug,), problem=attempt.problem)
        return self._early(ended_early(attempt, self.calls), attempt)

    def _incomplete(self, attempt: Attempt, missing: Sequence[Part]) -> Review:
        given = part_words(attempt.outcome.parts) if attempt.outcome else "nothing"
        run = attempt.run
        line, code = code_at(run.main, run.end)
        said = f"{line_of(line, code)}: your function gives {given}, and no {part_words(missing)}. Return all of them."
        return self._early(lines_so_far(attempt, self.calls, said), attempt)

    def _correct(
        self, tried: Sequence[Tried], stopped: Sequence[Attempt], setting: Setting, one_output: bool
    ) -> Review:
        first, only = tried[0], ""
        sizes = sizes_text(sizes_of(one.attempt.problem.network) for one in tried)
        drawn = f"for {sizes}" if not self.calls.fixed else f"on {len(tried)} sets of numbers that I drew"
        said = [f"Right: every number agrees with the derivation, {drawn}."]
        if one_output and not (several := self.calls.with_outputs(first.attempt, setting)).fits:
            only = " for one output"
            why = misfit(several, several.misfits[0]) if several.works else broken(several, SECONDS)[0]
            said = [f"Right for one output: every number agrees with the derivation, {drawn}. With two it fails. {why}"]
        if setting.batch and self.asked.batch is None:
            said.append(f"Your function takes a batch, and I judged it with batch={setting.batch!r}.")
        if missing := first.attempt.outcome.missing if first.attempt.outcome else ():
            said.append(f"{part_words(missing)} {'is' if len(missing) == 1 else 'are'} not among what it gives.")
        if lying := first.attempt.transposed:
            only += f", but {part_words(lying)} {'is' if len(lying) == 1 else 'are'} transposed"
            said.append(
                f"{part_words(lying)} {'comes' if len(lying) == 1 else 'come'} back transposed: return the shape of "
                "the parameter, so that you can subtract one from the other."
            )
        if stopped:
            other = sizes_text(sizes_of(one.problem.network) for one in stopped) or f"{len(stopped)} more"
            said.append(f"For {other} it stops: {broken(stopped[0], SECONDS)[0]}")
        values = followed(first.attempt, first.expected)
        return replace(self._made("correct", " ".join(said), (), first, values, None), only=only)

    def _explained(self, tried: Sequence[Tried], setting: Setting) -> Review:
        bad = next(one for one in tried if one.wrong)
        values = followed(bad.attempt, bad.expected)
        for evidence in from_values(bad.attempt, values, bad.expected, bad.wrong):
            return self._blamed([evidence.hypothesis], bad, evidence, values=values)
        if found := _found(bad, tried):
            return self._blamed(found, bad, None, values=values)
        if (lost := not_finite(values)) and any(not np.isfinite(v).all() for v in bad.results.parts.values()):
            line, code = code_at(lost.code, lost.seen.line)
            what = "nan" if np.isnan(lost.seen.value).any() else "infinite"
            said = f"{line_of(line, code)}: from here on your numbers are {what}."
            return self._made("error", said, (), bad, values, lost)
        first = strayed(values, bad.attempt, bad.right, bad.expected) or suspect(values)
        if first is not None and first.true is not None and first.true.place.is_a(Role.FORWARD, *ERRORS):
            one_delta = Doubt(first, bad.expected.last_delta, None)
            said = f"{one_delta.message(bad.attempt)} Take its derivative. {standing(bad.right)}"
            return self._made("unknown", said, (), bad, values, first, sure=False, awaits=one_delta.place)
        made = self._maker(values, bad, bad.attempt.misfits[0]) if bad.attempt.misfits else None
        odd = misshapen(values, bad.attempt, bad.expected)
        if odd and (first is None or odd.value.seen.order <= first.seen.order):
            said = odd.message(values, bad.attempt)
            return self._made("error", said, (), bad, values, odd.value, awaits=odd.place, misshapen=True)
        begins = first is not None and (made is None or first.seen.order < made.seen.order)
        if first is not None and begins and (one := alone(first, values, tried)):
            return self._first_of_several(bad, values, first, one)
        if found_over := written_over(bad.attempt, values):
            return self._blamed([found_over.hypothesis], bad, found_over, values=values)
        if bad.attempt.misfits:
            return self._misshapen(bad, values, first if begins else None, made)
        line, code = code_at(first.code, first.seen.line) if first else (0, "")
        failing = [sizes_of(one.attempt.problem.network) for one in tried if one.wrong]
        passing = [sizes_of(one.attempt.problem.network) for one in tried if not one.wrong]
        function = elsewhere(first.code, bad.attempt.run) if first else ""
        said = unknown_message(bad.right, line, code, failing, passing, function)
        said += self._usual(values, bad)
        return self._made("unknown", said, (), bad, values, first, sure=False)

    def _usual(self, values: Sequence[Followed], bad: Tried, one: Hypothesis | None = None) -> str:
        """What the kit took for granted, where another activation or loss may be behind what is wrong."""
        known = self.asked.network is not None or is_usual(values, bad.expected)
        return "" if known or (one and not of_functions(one, bad.expected)) else USUAL

    def _misshapen(
        self, bad: Tried, values: Sequence[Followed], first: Followed | None, made: Followed | None
    ) -> Review:
        """The line that ``made`` a part whose shape does not fit, or the ``first`` that has made a strange array."""
        part = bad.attempt.misfits[0]
        odd = first is not None and first.true is None and not read_label(first.seen.name, self.calls.spelling)[0]
        if made and odd and (said := strange(bad.attempt, values, self.asked.on)):
            return self._made("error", said, (), bad, values, first)
        at = made or first
        line, code = code_at(at.code, at.seen.line) if at else (0, "")
        it_is = f"this is {made.true.place.shown}. " if made and made.true and made.true.factor == 1 else ""
        said = f"{line_of(line, code)}: {it_is}{misfit(bad.attempt, part)}" if line else misfit(bad.attempt, part)
        if made and (other := wrong_operand(made, part.place(bad.expected), values, bad.attempt)):
            said += f" {other}"
        return self._made("error", said, (), bad, values, made)

    def _first_of_several(self, bad: Tried, values: Sequence[Followed], first: Followed, found: Alone) -> Review:
        """The first of several mistakes that are known one by one."""
        one, (line, code) = found.hypothesis, code_at(first.code, first.seen.line)
        of = elsewhere(first.code, bad.attempt.run)
        bug = Bug(one.name, one.you, one.sentence, line, code, "", one.detail, found.place, of)
        true = first.true.place if first.true and first.true.factor == 1 else None
        d = bad.expected.problem.derivation
        slip = update_slip(values, bad)
        another = slip if slip and (slip.value.code, slip.value.line) != (first.code, line) else None
        also = message_of(another.bug, another.hypothesis, {}, another.place, d, made=False) if another else ""
        said = first_message(bug, found, true, bad.right, d, also)
        said += self._usual(values, bad, one)
        return self._made("unknown", said, (bug,), bad, values, first, sure=False, awaits=found.place)

    def _blamed(
        self,
        found: Sequence[Hypothesis],
        bad: Tried,
        evidence: Evidence | None,
        values: Sequence[Followed] | None = None,
    ) -> Review:
        values = followed(bad.attempt, bad.expected) if values is None else values
        places = [evidence.value if evidence else departure(values, bad.attempt, bad.expected, one) for one in found]
        left = [unexplained(values, bad.attempt, bad.expected, one) for one in found]
        order = sorted(range(len(found)), key=lambda i: (left[i], found[i].rank, places[i] is None))
        best = [i for i in order if left[i] == left[order[0]]]
        bugs = []
        for i in order:
            one, place = found[i], places[i]
            if place is None and not one.way and not one.rules:
                place = suspect(values)
            if place is None:
                made = ((part, self._maker(values, bad, part)) for part in bad.wrong)
                place = next((m for part, m in made if m and (m.true is None or self._called(m, part))), None)
            line, code = code_at(place.code, place.seen.line) if place else self._end(bad, values)
            quantity = place.true.name if place and place.true else ""
            should = self._should(one, place, bad)
            of = elsewhere(place.code, bad.attempt.run) if place else ""
            bugs.append(Bug(one.name, one.you, one.sentence, line, code, quantity, one.detail, should, of))
        first, said_of = places[order[0]], found[order[0]]
        should = bugs[0].should if first and said_of.name == other_layers_slope.name else None
        other = self._taken(first, should, bad, values) if first and should else ""
        if other:
            said_of = replace(said_of, detail="")  # it says the same with the names of the program
        true = first.true.place if first and first.true else None
        is_it = first is None or first.true is None or first.true.factor == 1
        d = bad.expected.problem.derivation
        named = true if is_it else bugs[0].should or true
        said = message_of(bugs[0], said_of, bad.right, named, d, is_it, more=other)
        if bad.attempt.misfits:
            said += f" {misfit(bad.attempt, bad.attempt.misfits[0])}"
        said += self._usual(values, bad, found[order[0]]) if left[order[0]] else ""
        if len(best) > 1 and not (found[order[0]].parts and not found[order[0]].rules):  # those say more than is wrong
            said += f" You get the same if you {' or '.join(found[i].you for i in best[1:3])}."
        sure = len(best) == 1
        return self._made("misconception", said, tuple(bugs), bad, values, places[order[0]], sure, found[order[0]])

    def _taken(self, first: Followed, should: Place, bad: Tried, values: Sequence[Followed]) -> str:
        """Which array of a line belongs to another layer, and whether it fits there if a network has two outputs."""
        one_output = bad.expected.outputs.lines.size == 1
        several = self.calls.with_outputs(bad.attempt, self.setting) if one_output else bad.attempt
        clash = clash_at(*stopped_at(several.run), several.run.shapes) if several.run.error else None
        said = of_another_layer(first, should, values, bad.attempt)
        return f"{said} With two outputs the shapes do not even fit: {clash.sizes}." if said and clash else said

    def _should(self, one: Hypothesis, place: Followed | None, bad: Tried) -> Place | None:
        """The array of the derivation that belongs where a mistake happens."""
        if place is None:
            return None
        book = Book(Expected(bad.expected.problem, ((), one.way)), bad.attempt, 1)
        match = book.find(place.seen.value, place.seen.name)
        return match.place if match and one.way else None

    def _end(self, bad: Tried, values: Sequence[Followed]) -> tuple[int, str]:
        """The line where the program gives what is wrong: its return, else its last update that is right or its end."""
        run = bad.attempt.run
        if is_return(run.main, run.end) and bad.attempt.count >= len(bad.right):
            return code_at(run.main, run.end)
        updates = [one for one in values if one.true and one.true.place.role is Role.UPDATE and not one.seen.returned]
        if updates:
            return code_at(updates[-1].code, updates[-1].seen.line)
        main = run.given[0].code if run.given else None
        ends = [seen for seen in run.seen if seen.code is main] or run.seen
        return code_at(ends[-1].code, ends[-1].line) if ends else (0, "")

    def _maker(self, values: Sequence[Followed], bad: Tried, part: Part) -> Followed | None:
        """The line that made a part: of several with the same array the one that calls it so."""
        return maker([one for one in values if self._called(one, part)], bad.results.parts[part]) or maker(
            values, bad.results.parts[part]
        )

    def _called(self, value: Followed, part: Part) -> bool:
        """Is a value, which is right as something else, called as the part that it should be?"""
        return read_label(value.seen.name, self.calls.spelling)[0] == part.key and part.is_slope

    def _integers(self, name: str, first: Tried) -> Review:
        """An attribute of the object is an array of whole numbers."""
        main = first.attempt.run.given[0].code if first.attempt.run.given else None
        line = assigned_at(main, name)
        _, code = code_at(main, line)
        bug = Bug(INTEGERS.name, INTEGERS.you, INTEGERS.sentence, line, code)
        d = first.expected.problem.derivation
        said = message_of(bug, INTEGERS, first.right, None, d)
        return self._made("misconception", said, (bug,), first, followed(first.attempt, first.expected), None)

    def _made(
        self,
        verdict: str,
        message: str,
        bugs: tuple[Bug, ...],
        shown: Tried,
        values: Sequence[Followed],
        departed: Followed | None,
        sure: bool = True,
        hypothesis: Hypothesis | None = None,
        awaits: Place | None = None,
        misshapen: bool = False,
    ) -> Review:
        labelled = shown.labelled
        if departed is not None and awaits is not None:
            labelled |= {departed.seen.name: awaits}
        parts = {part.name: ok for part, ok in shown.right.items()}
        wrong = verdict in ("misconception", "unknown")
        made, source = table(values, shown, departed, hypothesis, labelled, wrong, misshapen)
        return Review(verdict, message, bugs, made, sure, parts, shown.attempt.problem, source)


def _mistakes(tried: Sequence[Tried]) -> int:
    """How many known mistakes explain what a program gave; none if it is right, many if nothing does."""
    bad = next((one for one in tried if one.wrong), None)
    return min((one.count for one in _found(bad, tried)), default=9) if bad else 0


def _found(bad: Tried, tried: Sequence[Tried]) -> list[Hypothesis]:
    """What explains all that a program gave, on every problem."""
    found = explained(bad.results)
    return [one for one in found if all(holds(one, other.results) for other in tried if other is not bad)]
