"""What every app is made of: settings -> values -> one frozen State; the page draws, the kernel knows the same.

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

How its parts are drawn is in ``bpkit/page/bpkit.js``, under the same name in ``VIEWS``. A move on the page sends all
values to the kernel, which keeps them; ``app.state`` is computed when it is asked for. ``app.w1.value = 0.3`` and
``app.set(w1=0.3, w2=0.1)`` move the page. Who moved first is decided by a number: a message of the page that has not
seen the kernel's last move is dropped, and the page shows that move.
"""

from __future__ import annotations

import math
import os
import sys
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from html import escape
from itertools import count
from typing import Any, ClassVar
from zlib import crc32

import anywidget
import numpy as np
import traitlets

from bpkit.apps.given import problem_of, share
from bpkit.apps.settings import Check, Choice, Number, Setting
from bpkit.core.errors import BpkitError, suggest
from bpkit.core.problem import Problem
from bpkit.examples.example import Example
from bpkit.page.module import text_of
from bpkit.page.saving import holder, page, save
from bpkit.show.drawing import Drawing

ALIVE = "Run the cells down to this one to bring it to life."
MOST_SLIDERS = 80  # of a kind
DIGITS = Choice("Numbers", 6, (("6 digits", 6), ("12 digits", 12)))
TWIN = Check("Picture in words")


class Control:
    """One control of an app: ``app.w1.value``, to read and to set."""

    def __init__(self, app: Live, name: str) -> None:
        self._app, self._name = app, name

    @property
    def value(self) -> Any:
        """What it is at."""
        return self._app.values[self._name]

    @value.setter
    def value(self, value: Any) -> None:
        self._app.set(**{self._name: value})

    @property
    def options(self) -> tuple[Any, ...]:
        """The values that it can have, where these are listed."""
        setting = self._app.setting[self._name]
        return tuple(value for _, value in setting.options) if isinstance(setting, Choice) else ()

    def __repr__(self) -> str:
        return f"<{self._name}: {self.value!r}>"


class Live(anywidget.AnyWidget):
    """An app on an example or a problem: a page that draws and computes, and the kernel's half, which follows."""

    name: ClassVar[str]
    batches: ClassVar[bool] = False  # whether a problem with several samples will do
    _esm: ClassVar[str] = text_of("bpkit.js")
    _css: ClassVar[str] = text_of("bpkit.css")

    key = traitlets.Unicode().tag(sync=True)
    spec = traitlets.Dict().tag(sync=True)
    places = traitlets.Int(0).tag(sync=True)  # how often a notebook was given a place for it
    moved = traitlets.Dict().tag(sync=True, echo_update=False)

    def __init__(self, given: Example | Problem | None = None) -> None:  # None is answered in words
        self.problem, self._source = problem_of(given, self.name, self.batches)
        self.setting: dict[str, Setting] = {**self.settings(), "digits": DIGITS, "twin": TWIN}
        self._values = {name: one.value for name, one in self.setting.items()}
        self._beginning = dict(self._values)
        self._version = 0
        self._state = self._read(self._values)
        self._known: tuple[dict[str, Any], Any] = (self._values, self._state)
        made = f"{self.name} {self._source} {self.problem!r} {self._values!r}"
        super().__init__(
            key=f"{self.name}-{crc32(made.encode()):08x}-{next(_count(self.name + made))}",
            spec=self.page_spec(),
            moved={"version": 0, "values": self._values},
        )
        self.observe(self._hear, "moved")

    # What each app gives.
    def settings(self) -> Mapping[str, Setting]:
        """The controls by name, in the order of the keyboard."""
        raise NotImplementedError

    def page(self) -> dict[str, Any]:
        """What its view in the page needs, as JSON."""
        raise NotImplementedError

    def read(self, values: Mapping[str, Any]) -> Any:
        """The state that the values stand for."""
        raise NotImplementedError

    def words(self, state: Any) -> str:
        """What the page shows, in one paragraph with numbers."""
        raise NotImplementedError

    def note(self, state: Any) -> tuple[str, bool]:
        """The message line: its words, and whether they are a warning."""
        return "", False

    def drawing(self, state: Any) -> Drawing | None:
        """A still picture for pages that run nothing."""
        return None

    # What all have.
    @property
    def values(self) -> Mapping[str, Any]:
        """What all controls are at."""
        return self._values

    @property
    def state(self) -> Any:
        """What is shown."""
        values, state = self._known
        if values != self._values:
            state = self._read(self._values)
            self._known = (self._values, state)
        return state

    def set(self, **values: Any) -> None:
        """Move several controls at once. Errors: ``BpkitError`` for a name or a value that will not do."""
        for name in values:
            if name not in self.setting:
                raise BpkitError(f"{self.name} app: there is no control {name!r}{suggest(name, self.setting)}")
        moved = self._values | {name: self.setting[name].checked(value) for name, value in values.items()}
        moved = self.settled(moved, self._values)
        self._known = (moved, self._read(moved))
        self._version += 1
        self._values = moved
        self.moved = {"version": self._version, "values": moved}

    def settled(self, values: dict[str, Any], before: Mapping[str, Any]) -> dict[str, Any]:
        """Values of which some depend on each other, put right."""
        return values

    def _read(self, values: Mapping[str, Any]) -> Any:
        return self.read(values)

    def _hear(self, change: Any) -> None:
        """The page moved: its values are taken, unless it had not seen the kernel's own last move."""
        told = change["new"]
        if told["values"] is self._values or told.get("version") != self._version:
            return
        try:
            moved = {name: one.checked(told["values"].get(name, one.value)) for name, one in self.setting.items()}
        except BpkitError:  # of another version of the page
            return
        self._values = moved

    def problem_from(self, values: Mapping[str, Any]) -> Problem:
        """The problem with every number that a control stands for."""
        given = self.problem.givens
        names = {name: getattr(one, "given", None) or name for name, one in self.setting.items()}
        return self.problem.replace(**{names[name]: value for name, value in values.items() if names[name] in given})

    @property
    def share(self) -> str:
        """The expression that rebuilds the problem shown, ready to copy into a cell."""
        return share(self._source, self.problem, self.state.problem)

    def page_spec(self) -> dict[str, Any]:
        """All that the page is told, as JSON."""
        given = self.problem.givens
        names = [name for name, one in self.setting.items() if (getattr(one, "given", None) or name) in given]
        source = self._source or share("", self.problem, self.problem)
        return {
            "view": self.name,
            "controls": {name: one.spec() for name, one in self.setting.items()},
            "givens": {name: value for name, value in given.items() if np.ndim(value) == 0},
            "share": {"source": source, "names": names},
            **self.page(),
        }

    def save(self, path: str | os.PathLike[str]) -> None:
        """Save the app, with the values shown, as one page that lives without a kernel and without a network.

        Shapes: one file, at most 500 kB for the networks of the lessons. Errors: ``BpkitError`` for a place that
        cannot be written.
        """
        spec = self.page_spec() | {"values": self._values}
        save(path, page(f"bpkit: {self.name.replace('_', ' ')}", holder(spec)))

    def __getattr__(self, name: str) -> Any:
        setting = self.__dict__.get("setting", {})
        if name in setting:
            return Control(self, name)
        raise AttributeError(f"the {self.name} app has no {name!r}{suggest(name, setting)}")

    def __repr__(self) -> str:
        note, _ = self.note(self.state)
        return f"App {self.name}: {self.words(self.state)}" + (f" {note}" if note else "")

    def bundles(self) -> tuple[dict[str, Any], ...]:
        """What a notebook shows: a still picture for pages that run nothing, and the place where the app lives.

        The place is no widget view: of a kernel that is gone, a page could not show one, and would say so in red. It
        holds a line of words until the kernel's half and the module are there. Other front ends than JupyterLab's look
        for a view, and get one.
        """
        place = {"text/html": f'<bpkit-app key="{escape(self.key)}"><p>{ALIVE}</p></bpkit-app>'}
        if _other_front_end():
            place = (super()._repr_mimebundle_() or ({},))[0]
        still = self.drawing(self.state)
        first: dict[str, Any] = {"text/plain": repr(self)}
        if still is None:
            return ({**first, **place},)
        # JupyterLab shows the SVG of a notebook that it trusts alone; of any other it would show the plain text.
        svg = {"image/svg+xml": still.figure} if isinstance(still.figure, str) else {}
        return {**first, **svg, "image/png": still.png()}, {"text/plain": ALIVE, **place}

    def _ipython_display_(self) -> None:
        from IPython.display import display

        self.places += 1
        still = self.drawing(self.state)
        for bundle in self.bundles():
            sizes = {"image/png": still._size} if still is not None and "image/png" in bundle else {}
            display(bundle, metadata=sizes, raw=True)  # type: ignore[no-untyped-call]


@cache
def _count(made: str) -> Iterator[int]:
    """Numbers for the apps that are made alike: each has a key of its own."""
    return count(1)


def _other_front_end() -> bool:
    """Is this a kernel of VS Code or Colab, whose pages know widgets by their views alone?"""
    return "VSCODE_PID" in os.environ or "google.colab" in sys.modules


def numbers(values: Mapping[str, float]) -> dict[str, Number]:
    """A control for each named number, with a range that suits weights, biases and inputs; none where too many."""
    if len(values) > MOST_SLIDERS:
        return {}
    reach = math.ceil(max([3.0, *(2 * abs(value) for value in values.values())]))  # the steps hold 0 and 0.25
    return {name: Number(name, value, -reach, reach) for name, value in values.items()}


def rate_of(problem: Problem) -> Number:
    """The control of a problem's learning rate."""
    rate = problem.learning_rate
    return Number("learning rate", rate, -2, 2, 0.05, log=True, given="learning_rate")


def groups(setting: Mapping[str, Setting], **titled: Iterable[str]) -> list[tuple[str, list[str]]]:
    """Groups of controls by their titles, without names that have no control; empty groups fall away."""
    found = [(title.replace("_", " "), [name for name in names if name in setting]) for title, names in titled.items()]
    return [one for one in found if one[1]]
