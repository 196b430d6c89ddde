"""The parts that the apps on a problem share.

An app is a class with a ``State`` and a few short methods::

    @dataclass(frozen=True)
    class State:
        problem: Problem
        digits: int

    class Forward(Live):
        name = "forward"

        def settings(self):                        # once: the controls by name; the problem is self.problem
            return numbers(self.problem.parameters)

        def page(self):                            # once: what the page needs, as JSON: programs, parts, layout, texts
            return {"programs": .., "parts": .., "layout": {"groups": .., "rows": ..}}

        def read(self, values):                    # the values by name -> the State; may raise BpkitError
            return State(self.problem_from(values), values["digits"])

        def words(self, state):                    # the text twin: one paragraph, with numbers
            return ...

        def drawing(self, state):                  # the still picture for pages that run nothing
            return ...

Digits, the words on demand, reset and the line to share are theirs without asking.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

import numpy as np

from bpkit.apps.controls import Check, Choice, Number, Setting
from bpkit.apps.given import problem_of, share
from bpkit.apps.linked import Linked
from bpkit.core.architecture import Architecture
from bpkit.core.expressions import names_in
from bpkit.core.problem import Problem
from bpkit.core.spelling import typeset, written
from bpkit.examples.example import Example

MOST_SLIDERS = 80  # of a kind
DIGITS = Choice("Numbers", 6, (("6 digits", 6), ("12 digits", 12)))
TWIN = Check("Picture in words")
RUN = {  # what is said of a run of training
    "went": "{updates} updates: the loss goes from {first} to {last}.",
    "once": "1 update: the loss goes from {first} to {last}.",
    "ended": "The loss overflows at update {ended}: learning rate {rate} is too large here.",
    "nothing": "The loss is not finite before the first update: start with other parameters.",
}


class Live(Linked):
    """An app on an example or a problem."""

    batches: ClassVar[bool] = False  # whether a problem with several samples will do

    def __init__(self, given: Example | Problem | None = None) -> None:  # None is answered in words
        self.problem, self._source = problem_of(given, self.name, self.batches)
        super().__init__({**self.settings(), "digits": DIGITS, "twin": TWIN}, f"{self._source} {self.problem!r}")

    def settings(self) -> Mapping[str, Setting]:
        """The controls by name, in the order of the keyboard."""
        raise NotImplementedError

    def problem_from(self, values: Mapping[str, Any]) -> Problem:
        """The problem with the number that each control is set to."""
        given = self.problem.givens
        names = {name: getattr(one, "given", None) or name for name, one in self.setting.items()}
        return self.problem.replace(**{names[name]: value for name, value in values.items() if names[name] in given})

    @property
    def share(self) -> str:
        """The expression that rebuilds the problem shown, ready to copy into a cell."""
        return share(self._source, self.problem, self.state.problem)

    def _controls(self) -> dict[str, Any]:
        given = self.problem.givens
        names = [name for name, one in self.setting.items() if (getattr(one, "given", None) or name) in given]
        source = self._source or share("", self.problem, self.problem)
        controls, written_ = super()._controls()["controls"], written(self.problem.network.lines.quantities)
        for name in names:
            if name in written_ and self.setting[name].label == name:  # a label of its own says more
                controls[name]["written"] = written_[name]
        return {
            "controls": controls,
            "givens": {name: value for name, value in given.items() if np.ndim(value) == 0},
            "share": {"source": source, "names": names},
        }


def numbers(values: Mapping[str, float]) -> dict[str, Number]:
    """A control for each named number, with a range that suits weights, biases and inputs; none where too many.

    >>> control = numbers({"w1": -2.5})["w1"]
    >>> control.low, control.high
    (-5, 5)
    """
    if len(values) > MOST_SLIDERS:
        return {}
    reach = math.ceil(max([3.0, *(2 * abs(value) for value in values.values())]))  # the steps hold 0 and 0.25
    return {name: Number(name, value, -reach, reach) for name, value in values.items()}


def choice_of(network: Architecture, names: Iterable[str]) -> tuple[tuple[str, str], ...]:
    """Options for some of a network's parameters, as sentences have their names.

    >>> import bpkit as bp
    >>> choice_of(bp.Network(2, 1), ["w2"])
    (('w₂', 'w2'),)
    """
    return tuple((typeset(name, network.lines.quantities), name) for name in names)


def weights_of(network: Architecture) -> tuple[str, ...]:
    """The parameters that are no biases.

    >>> import bpkit as bp
    >>> weights_of(bp.Network(2, 1))
    ('w1', 'w2')
    """
    return tuple(name for name in network.parameters if name not in network.biases)


def last_weight(network: Architecture) -> str:
    """The first weight of the last row that has some: its chain to the loss is the shortest.

    >>> import bpkit as bp
    >>> last_weight(bp.Network(2, 2, 2))
    'w5'
    """
    parameters = {name: network.lines.parameters[name] for name in weights_of(network) or network.parameters}
    last = max(one.block for one in parameters.values())
    rows = (names_in(line.rhs) for line in network.lines if line.quantity.block == last)
    return next(name for row in rows for name in parameters if name in row)


def rate_of(problem: Problem, ends: tuple[str, str] | None = None) -> Number:
    """The control of a problem's learning rate; ``ends`` say what its least and its largest do.

    >>> import bpkit as bp
    >>> rate_of(bp.examples.article.problem).value
    0.5
    """
    rate, (low, high) = problem.learning_rate, (-2, 2)
    said = (f"{10.0**low:g}{ends[0]}", f"{10.0**high:g}{ends[1]}") if ends else None
    return Number("learning rate", rate, low, high, 0.05, log=True, given="learning_rate", ends=said)


def groups(setting: Mapping[str, Setting], **titled: Iterable[str]) -> list[tuple[str, list[str]]]:
    """Groups of controls by their titles, without names that have no control; empty groups fall away.

    >>> groups({"w1": Number("w1", 0.5, -3, 3)}, the_weights=["w1", "w2"], biases=["b1"])
    [('the weights', ['w1'])]
    """
    found = [(title.replace("_", " "), [name for name in names if name in setting]) for title, names in titled.items()]
    return [one for one in found if one[1]]
