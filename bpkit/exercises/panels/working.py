"""Work that is done a little at a time, so that the page stays alive: no thread, but a clock in the browser."""

from __future__ import annotations

import math
import time
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import ipywidgets as widgets
import traitlets

from bpkit.core.errors import BpkitError
from bpkit.exercises.editions.produce import Pass
from bpkit.exercises.panels.panel import Held, Panel, View
from bpkit.mistakes.typed_number import NotANumber, read

SLICE = 0.25  # seconds of work at a tick; between two ticks the kernel answers to everything else
TICK = 40  # milliseconds
OVERWRITE = "overwrite what is there"
_END = object()

Passes = Generator[Pass, None, Any]


class Work:
    """Passes, worked off one learner's share after the other."""

    def __init__(self, passes: Passes) -> None:
        self._passes = passes
        self._pass: Pass | None = None
        self.what, self.done, self.total = "", 0, 1
        self.finished, self.result = False, None

    def go_on(self) -> None:
        """Work for a slice of time, and do at least a share; what the work raises ends it."""
        until = time.monotonic() + SLICE
        while not self.finished:
            self._step()
            if time.monotonic() >= until:
                return

    def _step(self) -> None:
        if self._pass is None:
            try:
                self._pass = next(self._passes)
            except StopIteration as end:
                self.finished, self.result = True, end.value
            else:
                self.what, self.done, self.total = self._pass.what, 0, max(self._pass.total, 1)
        elif next(self._pass.work, _END) is _END:
            self._pass = None
        else:
            self.done += 1


@dataclass(frozen=True)
class Progress:
    """How far the work is: whether it goes on, what is being done, how much of it; its result, or what went wrong."""

    running: bool
    what: str = ""
    done: int = 0
    total: int = 1
    result: Any = None
    problem: str = ""

    @property
    def words(self) -> str:
        """For the message line and for beside the bar."""
        if self.running or (self.what and not self.result):
            return f"{self.what} {self.done} of {self.total}{'' if self.running else ', stopped'}"
        return "done" if self.result else ""


class Working(Panel):
    """A panel with a button that starts work, one that stops it, and a bar.

    ``setup`` makes what to do of the controls' values, ``passes`` the work. What was started keeps its setup whatever
    is changed meanwhile. Stopped and started again with the same setup it goes on where it was.
    """

    start: ClassVar[str]  # what the button says

    def __init__(self) -> None:
        self._work: Work | None = None
        self._setup: Any = None
        self._running, self._problem = False, ""
        super().__init__()

    def setup(self, values: Mapping[str, Any]) -> Any:
        """What the controls ask for; raises ``BpkitError`` for what cannot be."""
        raise NotImplementedError

    def passes(self, setup: Any) -> Passes:
        """The passes of work that this setup needs."""
        raise NotImplementedError

    def further_controls(self) -> Mapping[str, Any]:
        self._clock = widgets.Play(min=0, max=10**9, interval=TICK, layout={"display": "none"})
        return {"run": Held(value=False), "tick": self._clock}

    def working_views(self) -> dict[str, View]:
        """The views of every working panel."""
        self._bar = widgets.FloatProgress(min=0, max=1, layout={"width": "220px", "margin": "1px 8px"})
        self._said, self._start_button = (
            widgets.HTML(),
            widgets.Button(description=self.start, button_style="primary", layout={"width": "auto"}),
        )
        self._stop_button = widgets.Button(
            description="Stop",
            tooltip="What is done stays; the button beside goes on from there",
            layout={"width": "80px"},
        )
        self._start_button.on_click(lambda _button: self.set(run=True))
        self._stop_button.on_click(lambda _button: self.set(run=False))
        return {
            "run": (self.control["run"], lambda state: state.progress.running),
            "clock": (self._clock, lambda state: state.progress.running, "playing"),
            "bar": (self._bar, lambda state: state.progress.done / state.progress.total),
            "said": (self._said, lambda state: f"<div role='status'>{state.progress.words}</div>"),
            "busy": (self._start_button, lambda state: state.progress.running, "disabled"),
            "idle": (self._stop_button, lambda state: not state.progress.running, "disabled"),
        }

    def set(self, **values: Any) -> None:
        """Move several controls, the button last and once: what it starts may be over by the time that it is drawn."""
        run = values.pop("run", None)
        if values:
            super().set(**values)
        if run is not None:
            self.control["run"].value = run

    def foot(self) -> Sequence[widgets.Widget]:
        return ()

    def work_rows(self) -> Sequence[widgets.Widget]:
        """The buttons and the bar, and the message line below them, where it is seen."""
        row: Sequence[Any] = [self._start_button, self._stop_button, self._bar, self._said, self._clock]
        return [widgets.HBox(row, layout={"flex_flow": "row wrap", "align_items": "center"}), self.message]

    def prepared(self, values: Mapping[str, Any]) -> tuple[Any, str, Progress]:
        """What the controls ask for, or why that cannot be, and how far the work is."""
        try:
            setup, problem = self.setup(values), ""
        except BpkitError as error:
            setup, problem = None, str(error)
        return setup, problem, self.advance(setup, values)

    def advance(self, setup: Any, values: Mapping[str, Any]) -> Progress:
        """Start, go on or stop, as the button says; a slice of work when it goes on. Without a setup nothing starts."""
        if values["run"] and not self._running and setup is not None:
            self._problem, self._running = "", True
            if self._work is None or self._work.finished or self._setup != setup:
                self._work, self._setup = Work(self.passes(setup)), setup
        self._running &= values["run"]
        if self._running and self._work:
            try:
                self._work.go_on()
            except (Exception, KeyboardInterrupt) as error:  # whatever it was, the page must not stay busy
                self._problem = _words(error)
                self._work, self._running = None, False
            else:
                self._running = not self._work.finished
        if self._work is None:  # what went wrong with one request says nothing of another
            return Progress(False, problem=self._problem if setup == self._setup else "")
        return Progress(self._running, self._work.what, self._work.done, self._work.total, self._work.result)


class WholeNumber(widgets.Text):  # type: ignore[misc]
    """A field for a whole number, kept as text: a browser's own field for numbers drops what it cannot read."""

    value = traitlets.CUnicode("").tag(sync=True)

    def __init__(self, **options: Any) -> None:
        super().__init__(continuous_update=False, **options)


def whole_number(name: str, typed: str) -> int:
    """What stands in such a field; raises ``BpkitError`` for anything but a whole number.

    >>> whole_number("seed", "7"), whole_number("seed", "1e3")
    (7, 1000)
    """
    try:
        value = read(typed).value
    except NotANumber:
        value = math.nan
    if not value.is_integer():
        raise BpkitError(f"{name}: expected a whole number, got {typed[:40]!r}; type it like 7")
    return int(value)


def on_a_page(words: str) -> str:
    """What a command would say, with the tick instead of its option.

    >>> on_a_page("Choose another folder, or allow overwriting (--force).")
    'Choose another folder, or tick “overwrite what is there”.'
    """
    return words.replace("allow overwriting (--force)", f"tick “{OVERWRITE}”")


def _words(error: BaseException) -> str:
    if isinstance(error, KeyboardInterrupt):
        return "interrupted; press the button again, and it goes on from the files that are there"
    if isinstance(error, OSError):
        return f"{error.filename}: {error.strerror}" if error.filename and error.strerror else str(error)
    if isinstance(error, BpkitError):
        return str(error)
    return f"the kit stopped at an error of its own ({type(error).__name__}: {error}); change something and try again"
