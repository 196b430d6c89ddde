"""Finds out how a program is to be called, by trying, and calls it on problems of several sizes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from bpkit.core.architecture import Architecture
from bpkit.core.derivation import derive
from bpkit.core.errors import BpkitError
from bpkit.core.network import Network
from bpkit.core.updates import GradientDescent, UpdateRule
from bpkit.mistakes.programs.arguments import RATES, Convention, read_signature
from bpkit.mistakes.programs.expected import Expected, expected
from bpkit.mistakes.programs.hypotheses import Results, explained
from bpkit.mistakes.programs.keeping import globals_of
from bpkit.mistakes.programs.objects import parameters_of, rates_of
from bpkit.mistakes.programs.outcome import PARAMETERS, Part
from bpkit.mistakes.programs.places import Place
from bpkit.mistakes.programs.source import numbers_in_code
from bpkit.mistakes.programs.spellings import Layered, plain, spelling_of
from bpkit.mistakes.programs.trials import Setting, longer, sizes_for, sizes_of, sizes_text, trial
from bpkit.mistakes.programs.ways_to_call import LAYOUTS, Attempt, Caller, held_sizes

SECONDS = 2.0  # that one call may take
BUDGET = 2.5  # that the program may run in all before no further call is begun; what the kit computes does not count
MOST_WEIGHTS = 120  # of a network that is taken as it is
MOST_LINES = 1500  # of the derivation of a model


@dataclass(frozen=True, eq=False)
class Asked:
    """What a review was asked, as it was said; None where it has to be seen."""

    function: Callable[..., Any]
    network: Architecture | None
    returns: str | None
    layout: str | None
    batch: str | None
    update: UpdateRule | None
    on: object


@dataclass(frozen=True, eq=False)
class Call:
    """The way to call a program that works, and what came of it; ``one_output`` where it takes no others."""

    attempt: Attempt
    setting: Setting
    one_output: bool


@dataclass(eq=False)
class Tried:
    """One problem with what the program gave on it."""

    attempt: Attempt
    expected: Expected
    results: Results
    right: dict[Part, bool]

    @property
    def wrong(self) -> list[Part]:
        return [part for part, ok in self.right.items() if not ok]

    @property
    def labelled(self) -> dict[str, Place]:
        """What the wrong derivatives should be, by the names that they have in the program."""
        labels = self.attempt.outcome.labels if self.attempt.outcome else {}
        wrong = {part.key: part.place(self.expected) for part in self.wrong if part.is_slope}
        return {label: wrong[key] for label, key in labels.items() if key in wrong}


class Calls:
    """The calls of one review: all of a program, on copies of what it gets, within a bounded time."""

    def __init__(self, asked: Asked) -> None:
        self.spelling = spelling = spelling_of(asked.network) if asked.network else Layered()
        if asked.on is None and parameters_of(owner := getattr(asked.function, "__self__", None), spelling):
            asked = replace(asked, on=owner)  # a method of an object that holds parameters
        self.asked = asked
        network, on = asked.network, asked.on
        self.fixed = network is not None and not network.layers  # a model is taken as it is
        if self.fixed and network is not None:
            _check_small(network)
        self.sizes = _held(on) if on is not None and not self.fixed else None
        layers = len(network.layers) - 1 if network else len(self.sizes[0]) - 1 if self.sizes else None
        biased = (
            network.bias != "none"
            if network
            else on is None or any(key[0] == "b" for key in parameters_of(on, spelling))
        )
        letters = "Wb" if biased else "W"
        keys = [f"{letter}{k}" for k in range(1, (layers or 2) + 1) for letter in letters]
        keys = [*network.tables] if network and self.fixed else keys
        remembers = asked.update is not None and not isinstance(asked.update, GradientDescent)
        self.signature = read_signature(asked.function, on, keys, spelling, asked.returns, remembers)
        self.layers = [layers or self.signature.layers or 0] if layers or self.signature.layers else [2, 1, 3]
        steps = asked.update is not None and self.signature.rate
        returns = asked.returns or (PARAMETERS if steps else None)
        self.caller = Caller(asked.function, self.signature, spelling, returns, on, SECONDS)
        base = network or Network(*(self.sizes[0] if self.sizes else (3, 4, 2)), bias="neuron")
        if network is None and not (self.signature.biased and biased):
            base = Network(*map(len, base.layers), activation=base.activations, loss=base.loss, bias="none")
        self.setting = Setting(base, asked.batch, asked.update)

    @property
    def time_left(self) -> bool:
        """May another call be made?"""
        return self.caller.spent < BUDGET

    def _sizes(self, setting: Setting, one_output: bool = False) -> tuple[tuple[int, ...], ...]:
        if self.sizes:
            return (self.sizes[0],) * 3
        given = self.asked.network is not None and _weights(setting.sizes) <= MOST_WEIGHTS
        return sizes_for(setting, given, one_output)

    def first(self) -> Call:
        """The call that works best: as one sample, as a batch of one, or as a batch; with one output if it must be."""
        best: Call | None = None
        for several in self._settings():
            found = [
                call for setting, upright, one_output in several if (call := self._call(setting, upright, one_output))
            ]
            batch = [call for call in found if call.setting.batch and call.attempt.sums_biases]
            for call in batch or found:
                if best is None or call.attempt.progress > best.attempt.progress:
                    best = call
            if best and (best.attempt.fits or best.attempt.run.endless or not self.time_left):
                return best
        assert best is not None
        return best

    def _settings(self) -> Iterator[list[tuple[Setting, bool, bool]]]:
        """What may be wanted, the likeliest first: setting, whether a batch of one, whether one output.

        A function that takes a batch takes one of a single sample too: so a batch is tried first.
        """
        batch, network = self.setting, self.setting.network
        several = self.asked.network is None and len(network.outputs) > 1 and not self.sizes
        for one_output in (False, True) if several else (False,):
            yield [(self.setting, False, one_output)]
            if self.asked.batch is None:
                batch = replace(self.setting, batch="mean")
                yield [(batch, False, one_output), (self.setting, True, one_output)]

    def _call(self, setting: Setting, upright: bool, one_output: bool) -> Call | None:
        """The best call with one setting."""
        best: Call | None = None
        layout = self.asked.layout or (self.sizes[1] if self.sizes else None)
        for count, forms in self._counts():
            own = setting if self.fixed or len(setting.sizes) == count + 1 else longer(setting, count)
            sizes = self._sizes(own, one_output)
            plain = Convention(LAYOUTS[0], count, forms[0] if forms else "list", setting.batch, upright)
            for how in self._ways(plain, forms, layout) if sizes else ():
                if not self.time_left:
                    break
                attempt = self.caller(trial(own, sizes[0], 0), how)
                if best is None or attempt.progress > best.attempt.progress:
                    best = Call(attempt, own, one_output)
                if attempt.fits or attempt.run.endless:
                    return best
            if best and "arrays" not in forms and not _wants_others(best.attempt.run.error):
                break
        return best

    def _ways(self, plain: Convention, forms: tuple[str, ...], layout: str | None) -> Iterator[Convention]:
        """In which layouts weights, biases and samples may come: the most usual first."""
        turned = replace(plain, layout=LAYOUTS[1])
        several = plain.batch is not None or plain.upright
        rare = [replace(plain, flat=True), replace(turned, across=True), replace(turned, across=True, flat=True)]
        tall = [replace(turned, across=True, tall=True)] if self.fixed else []
        for way in (plain, turned, *tall, *(rare if several else ())):
            for form in forms if layout in (None, way.layout) else ():
                yield replace(way, form=form)

    def _counts(self) -> Iterator[tuple[int, tuple[str, ...]]]:
        """How many weight matrices it may take, and in which forms; where nothing says so, two of them first."""
        forms = self.signature.forms
        if forms[0] == "arrays" and 1 in (self.layers or [1]):
            yield 1, forms[:1]
        for count in self.layers:
            yield count, tuple(form for form in forms if form != "arrays")

    def tried(self, attempt: Attempt, setting: Setting) -> Tried:
        assert attempt.outcome is not None
        whole = expected(attempt.problem)
        results = Results(attempt.problem, attempt.outcome.parts, attempt.tolerance, setting.shared, attempt.turned)
        return Tried(attempt, whole, results, results.right(whole))

    def on_all(self, first: Attempt, setting: Setting, one_output: bool) -> tuple[list[Tried], list[Attempt]]:
        """The program on problems of several sizes; those that it stopped on apart."""
        attempts = [first]
        for number, sizes in enumerate(self._sizes(setting, one_output)[:3]):
            if number and self.caller.spent + first.run.seconds < BUDGET:
                attempts.append(self.caller(trial(setting, sizes, number), first.how))
        working = [self.tried(one, setting) for one in attempts if one.works]
        return working, [one for one in attempts if not one.works]

    def with_classes(
        self,
        attempt: Attempt,
        setting: Setting,
        one_output: bool,
        soft: tuple[list[Tried], list[Attempt]],
    ) -> tuple[list[Tried], list[Attempt]]:
        """The same with targets of 0 and 1, where more is right with those: a program may look for the class."""
        best = soft
        for batch in dict.fromkeys(
            [setting.batch, *(["mean", "sum"] if setting.batch and not self.asked.batch else [])]
        ):
            own = replace(setting, hard=True, batch=batch)
            other, own = self._with_rate(*self._at(own, attempt))
            if other.works:
                found = self.on_all(other, own, one_output)
                if sum(len(one.wrong) for one in found[0]) < sum(len(one.wrong) for one in best[0]):
                    best = found
        return best

    def _with_rate(self, attempt: Attempt, setting: Setting) -> tuple[Attempt, Setting]:
        """The same with the learning rate that the program has of its own."""
        assert attempt.outcome is not None
        given = self.signature.rate or (self.asked.on is not None and rates_of(self.caller.held))
        if given or attempt.outcome.kind != PARAMETERS:
            return attempt, setting
        tried = [self._at(replace(setting, rate=rate), attempt) for rate in self._own_rates(attempt, setting)]
        tried = [one for one in tried if one[0].works]
        for call in tried:
            if not self.tried(*call).wrong:
                return call
        for call in tried:
            found = self.tried(*call)
            if explained(found.results):
                return call
        return tried[0] if tried else (attempt, setting)

    def _at(self, setting: Setting, attempt: Attempt) -> tuple[Attempt, Setting]:
        """The same call in another setting."""
        how = replace(attempt.how, batch=setting.batch)
        return self.caller(trial(setting, sizes_of(attempt.problem.network), 0), how), setting

    def _own_rates(self, attempt: Attempt, setting: Setting) -> list[float]:
        """The learning rates that a program may have of its own: named so, written in its update, or 1 for none."""
        bound = [value for name, value in getattr(self.asked.function, "keywords", {}).items() if plain(name) in RATES]
        if bound:
            return [float(bound[0])]
        named = [one for one in attempt.run.seen if one.value.size == 1 and plain(one.name.rpartition(".")[2]) in RATES]
        if named:
            return [float(named[-1].value)]
        for name, value in globals_of(self.asked.function).items():
            if plain(name) in RATES and isinstance(value, int | float):
                return [float(value)]
        return [1.0, *numbers_in_code(self.asked.function)]

    def _mean_or_sum(self, setting: Setting, attempt: Attempt) -> tuple[Attempt, Setting]:
        """A batch whose kind was not said: that under which the program is right, else right up to one mistake."""
        options = [self._with_rate(*self._at(replace(setting, batch=batch), attempt)) for batch in ("mean", "sum")]
        options = [one for one in options if one[0].works]
        least: tuple[int, tuple[Attempt, Setting]] = (99, (attempt, setting))
        for call in options:
            found = self.tried(*call)
            mistakes = [one.count for one in explained(found.results)] if found.wrong else [0]
            least = min(least, (min(mistakes, default=98), call), key=lambda one: one[0])
        return least[1]

    def otherwise(self, tried: Sequence[Tried], setting: Setting) -> Iterator[tuple[list[Tried], list[Attempt]]]:
        """The program on the same problems, called in ways that no shape tells from the first: square weights laid the
        other way, updates counted from 0.
        """
        first = tried[0].attempt
        turned = self._ways(first.how, (first.how.form,), None) if self.fixed and self.asked.layout is None else ()
        ways = [way for way in turned if way.layout != first.how.layout]
        ways += [replace(first.how, time=0)] if self.signature.counts_updates else []
        for way in ways:
            other = self.caller(first.problem, way) if self.time_left else None
            if other and other.fits:
                yield self.on_all(other, setting, False)

    def with_outputs(self, attempt: Attempt, setting: Setting) -> Attempt:
        """The same call with two outputs, of a program that was tried with one."""
        return self.caller(trial(setting, sizes_for(setting, False)[0], 0), attempt.how)

    def settled(self, attempt: Attempt, setting: Setting) -> tuple[Attempt, Setting]:
        """The same call, now with the kind of batch and the learning rate that the program has."""
        assert attempt.outcome is not None
        self.caller.said = attempt.outcome.kind  # what it returns does not depend on the numbers
        if self.asked.batch is None and setting.batch == "mean":
            return self._mean_or_sum(setting, attempt)
        return self._with_rate(attempt, setting)


def _wants_others(error: BaseException | None) -> bool:
    """Is it an error of a program that takes another number of arrays?"""
    wrong = isinstance(error, KeyError | IndexError | TypeError)
    return wrong or (isinstance(error, ValueError) and "unpack" in str(error))


def _weights(sizes: tuple[int, ...]) -> int:
    return sum(a * b for a, b in zip(sizes, sizes[1:]))


def _check_small(network: Architecture) -> None:
    if (lines := len(derive(network))) > MOST_LINES:
        raise BpkitError(
            f"review: expected a model of at most {MOST_LINES} lines, got {network!r} with {lines}; "
            "the bug is the same in a small one, so give one with fewer steps and units"
        )


def _held(on: object) -> tuple[tuple[int, ...], str]:
    """Sizes and layout of an object's arrays; ``BpkitError`` where it holds none, or too many numbers."""
    found = held_sizes(on)
    if found is None:
        names = ", ".join([*getattr(on, "__dict__", {})][:6]) or "nothing"
        raise BpkitError(
            f"review: expected on= to hold arrays W1, b1, W2, .. that fit together, got a {type(on).__name__} with "
            f"{names}; give the network, or call its arrays so"
        )
    if _weights(found[0]) > MOST_WEIGHTS:
        raise BpkitError(
            f"review: expected a network of at most {MOST_WEIGHTS} weights, got {sizes_text([found[0]])}; the "
            "bug is the same in a small one, so make one such as 4-3-2 and review its method"
        )
    return found
