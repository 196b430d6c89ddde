"""The kernel's half of something that lives in the page: settings -> values -> one frozen State.

The page draws and the kernel knows the same. How the parts are drawn is in ``bpkit/page/bpkit.js``, under the app's
name in ``VIEWS``. A move on the page sends all values to the kernel, which keeps them; ``app.state`` is computed when
it is asked for. ``app.w1.value = 0.3`` and ``app.set(w1=0.3, w2=0.1)`` move the page. Who moved first is decided by a
number: a message of the page that has not seen the kernel's last move is dropped, and the page shows that move. What
only the kernel can say of the values, a verdict on an answer, it tells the page beside them.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import suppress
from functools import cache
from html import escape
from itertools import count
from typing import Any, ClassVar
from zlib import crc32

import anywidget
import traitlets

from bpkit.apps.controls import Choice, Setting
from bpkit.core.errors import BpkitError, suggest
from bpkit.page import progress_file
from bpkit.page.module import text_of
from bpkit.page.saving import holder, page, save
from bpkit.show.drawing import Drawing

ALIVE = "Run the cells down to this one to bring it to life."
WAITING = {
    "waiting": "Asking the kernel …",
    "gone": "The kernel has not answered. If it was stopped, run the cells down to this one again.",
}


class Control:
    """One control of an app: ``app.w1.value``, to read and to set."""

    def __init__(self, app: Linked, name: str) -> None:
        self._app, self._name = app, name

    @property
    def value(self) -> Any:
        """The control's present value; you can set it, too."""
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


class Linked(anywidget.AnyWidget):
    """A page that draws and computes, and the kernel's half, which follows."""

    name: ClassVar[str]
    alone: ClassVar[bool] = True  # whether it lives in a page without a kernel too
    kind: ClassVar[str] = "App"  # what it calls itself
    keeps: ClassVar[tuple[str, ...]] = ()  # the values that are kept from one day to the next: a learner's answers
    _esm: ClassVar[str] = text_of("bpkit.js")
    _css: ClassVar[str] = text_of("bpkit.css")

    key = traitlets.Unicode().tag(sync=True)
    spec = traitlets.Dict().tag(sync=True)
    places = traitlets.Int(0).tag(sync=True)  # how often a notebook was given a place for it
    moved = traitlets.Dict().tag(sync=True, echo_update=False)
    told = traitlets.Dict().tag(sync=True)

    def __init__(self, settings: Mapping[str, Setting], made: str) -> None:
        """``made`` says what it is made from: two apps made from the same have the same keys in every run."""
        self.setting = dict(settings)
        self._values = {name: one.value for name, one in self.setting.items()}
        self._version = 0
        self._known: tuple[dict[str, Any], Any] = (self._values, self.read(self._values))
        made = f"{self.name} {made} {self._values!r}"
        self._id = f"{self.name}-{crc32(made.encode()):08x}"
        super().__init__(
            key=f"{self._id}-{next(_count(self.name + made))}",
            spec={"view": self.name, **self._controls(), **self.page()},
            moved={"version": 0, "values": self._values},
        )
        self._tell()
        self._remember()
        self.observe(self._hear, "moved")

    # What each gives.
    def page(self) -> dict[str, Any]:
        """What its view in the page needs, as JSON."""
        raise NotImplementedError

    def read(self, values: Mapping[str, Any]) -> Any:
        """The state that the values stand for; ``BpkitError`` where there is none."""
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

    def still(self, state: Any) -> str:
        """A still text for pages that run nothing, where there is no picture: HTML in one piece."""
        return ""

    def still_markdown(self, state: Any) -> str:
        """The same as Markdown, where it has formulas: pages that trust nothing show no others."""
        return ""

    def tells(self) -> dict[str, Any] | None:
        """What only the kernel can say about the values shown, as JSON."""
        return None

    def without_kernel(self) -> dict[str, Any]:
        """What a page without a kernel needs besides."""
        return {}

    @property
    def title(self) -> str:
        """What a question is called where the learner's progress is told."""
        return self.name

    @property
    def done(self) -> bool:
        """Has a question found its answer?"""
        return False

    # What all have.
    @property
    def values(self) -> Mapping[str, Any]:
        """What all controls are at."""
        return self._values

    @property
    def state(self) -> Any:
        """What the page shows, read from the values of the controls."""
        values, state = self._known
        if values != self._values:
            state = self.read(self._values)
            self._known = (self._values, state)
        return state

    def set(self, **values: Any) -> None:
        """Move several controls at once. Errors: ``BpkitError`` for a name or a value that will not do."""
        for name in values:
            if name not in self.setting:
                raise BpkitError(f"{self.name} app: there is no control {name!r}{suggest(name, self.setting)}")
        moved = self._values | {name: self.setting[name].checked(value) for name, value in values.items()}
        moved = self.settled(moved, self._values)
        self._known = (moved, self.read(moved))
        self._version += 1
        self._values = moved
        self.moved = {"version": self._version, "values": moved}
        self._tell()

    def settled(self, values: dict[str, Any], before: Mapping[str, Any]) -> dict[str, Any]:
        """Corrects values that depend on each other."""
        return values

    def _hear(self, change: Any) -> None:
        """The page moved: its values are taken, unless it had not seen the kernel's own last move."""
        told = change["new"]
        if told["values"] is self._values or told.get("version") != self._version:
            return
        try:
            moved = {name: one.checked(told["values"].get(name, one.value)) for name, one in self.setting.items()}
        except BpkitError:  # of another version of the page
            return
        self._values = self.settled(moved, self._values)
        self._tell()
        kept = {name: self._values[name] for name in self.keeps}
        if kept != {name: self.setting[name].value for name in self.keeps} and (lesson := progress_file.notebook()):
            with suppress(BpkitError):  # of values that stand for nothing there is nothing to keep
                progress_file.keep(lesson, self._id, self.title, kept, self.done)

    def _remember(self) -> None:
        """Give the answers that were given on another day."""
        if not self.keeps or not (lesson := progress_file.notebook()):
            return
        kept = progress_file.answered(lesson).get(self._id, {}).get("values")
        if isinstance(kept, dict):
            with suppress(BpkitError):  # of another version of the kit, or changed by hand
                for name in self.keeps:  # one after the other: new numbers take the answers to the old ones away
                    self.set(**{name: kept.get(name, self._values[name])})

    def _tell(self) -> None:
        try:
            told = self.tells()
        except BpkitError as error:
            told = {"note": str(error)}
        if told is not None:
            self.told = {"values": self._values, **told}

    def _controls(self) -> dict[str, Any]:
        return {"controls": {name: one.spec() for name, one in self.setting.items()}}

    def page_spec(self) -> dict[str, Any]:
        """All that a page without a kernel is told, as JSON; it opens with the values shown."""
        return {**self.spec, **self.without_kernel(), "values": self._values}

    def save(self, path: str | os.PathLike[str]) -> None:
        """Save the app, with the values shown, as one page that lives without a kernel and without a network.

        Shapes: one file, at most 500 kB for the networks of the lessons. Errors: ``BpkitError`` for a place that
        cannot be written, and for an app that cannot do without a kernel.
        """
        if not self.alone:
            raise BpkitError(f"save: expected an app that lives in a page alone, got {self.name}, which needs a kernel")
        save(path, page(f"bpkit: {self.name.replace('_', ' ')}", holder(self.page_spec())))

    def __getattr__(self, name: str) -> Any:
        setting = self.__dict__.get("setting", {})
        if name in setting:
            return Control(self, name)
        raise AttributeError(f"the {self.name} app has no {name!r}{suggest(name, setting)}")

    def __repr__(self) -> str:
        note, _ = self.note(self.state)
        return f"{self.kind} {self.name}: {self.words(self.state)}" + (f" {note}" if note else "")

    def bundles(self) -> tuple[dict[str, Any], ...]:
        """What a notebook shows: a still for pages that run nothing, and the place where the app lives.

        The place is no widget view: of a kernel that is gone, a page could not show one, and would say so in red. It
        holds a line of words until the kernel's half and the module are there. Other front ends than JupyterLab's look
        for a view, and get one.
        """
        picture, markdown = self.drawing(self.state), self.still_markdown(self.state)
        stills: list[dict[str, Any]] = []
        if markdown:
            stills.append({"text/plain": repr(self), "text/markdown": markdown})
        if picture is not None:
            # JupyterLab shows the SVG of a notebook that it trusts alone; of any other it would show the plain text.
            svg = {"image/svg+xml": picture.figure} if isinstance(picture.figure, str) else {}
            stills.append({"text/plain": picture.caption if stills else repr(self), **svg, "image/png": picture.png()})
        if not stills:
            return ({"text/plain": repr(self), **self._place(self.still(self.state))},)
        return *stills, {"text/plain": ALIVE, **self._place(stills=len(stills))}

    def _place(self, words: str = "", stills: int = 0) -> dict[str, Any]:
        if _other_front_end():
            return dict((super()._repr_mimebundle_() or ({},))[0])
        # What stands in the outputs before goes when the app is there.
        still = f' still="{stills}"' if stills > 1 else " still" if stills else ""
        return {"text/html": f'<bpkit-app key="{escape(self.key)}"{still}>{words}<p>{ALIVE}</p></bpkit-app>'}

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
    """Is this a kernel of VS Code or Colab, whose pages know widgets only by their views?"""
    return "VSCODE_PID" in os.environ or "google.colab" in sys.modules
