"""The parts of the instructor's pages: controls -> one frozen State -> pure views, and a message line."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from html import escape
from threading import RLock
from typing import Any, ClassVar

import ipywidgets as widgets
import traitlets

from bpkit.apps.linked import ALIVE
from bpkit.core.errors import BpkitError, suggest
from bpkit.exercises.panels.style import STYLE

# JupyterLab hands what widgets say to a thread beside the one that runs cells, the first messages excepted. So two may
# want to draw at once: one after the other, whatever the panel.
_DRAWING = RLock()

View = tuple[Any, Callable[[Any], Any]] | tuple[Any, Callable[[Any], Any], str]


class Held(traitlets.HasTraits):
    """A control without a face: buttons set its ``value``, the panel reads it like any other."""

    value = traitlets.Any()


class Panel(widgets.VBox):  # type: ignore[misc]
    """A page of controls and views; one observer, and the message line says what goes wrong.

    Controls are attributes too: ``panel.seed.value = 3``; ``panel.set(seed=3, learners=5)`` moves several in one
    redraw; ``panel.state`` is what is shown. Buttons only set controls.
    """

    name: ClassVar[str]
    message_lines: ClassVar[int] = 1  # room for the message, whatever it says

    def __init__(self) -> None:
        self.control: dict[str, Any] = {}
        self.control = {**self.controls(), **self.further_controls()}
        self._views = self.views()
        self.view = {name: view[0] for name, view in self._views.items()}
        self.message = widgets.HTML(layout={"min_height": f"{1.5 * self.message_lines + 0.3:g}em"})
        self._waiting = False
        self.state: Any = None
        self._redraw()
        for control in self.control.values():
            control.observe(self._redraw, "value")
        super().__init__([widgets.HTML(STYLE), *self.page(), *self.foot()])
        self.add_class("bpkit-app")

    # What each gives.
    def controls(self) -> Mapping[str, Any]:
        """The controls by name, in the order of the keyboard."""
        raise NotImplementedError

    def views(self) -> Mapping[str, View]:
        """The widgets that show, each with the function that turns a state into its value.

        A third element names another trait than ``value``: ``(self.control["update"], lambda state: .., "high")``.
        """
        raise NotImplementedError

    def page(self) -> Sequence[widgets.Widget]:
        """The rows of the page."""
        raise NotImplementedError

    def read(self, values: Mapping[str, Any]) -> Any:
        """The state that the controls are set to."""
        raise NotImplementedError

    def words(self, state: Any) -> str:
        """What the views show, in one paragraph with numbers."""
        raise NotImplementedError

    def note(self, state: Any) -> tuple[str, bool]:
        """The message line: its words, and whether they are a warning."""
        return "", False

    def further_controls(self) -> Mapping[str, Any]:
        """The controls at the foot."""
        return {}

    def foot(self) -> Sequence[widgets.Widget]:
        """The last rows: the message line, unless it is elsewhere on the page."""
        return [self.message]

    def page_html(self, state: Any) -> str:
        """What a page that runs nothing shows of it, as HTML."""
        words = self.words(state)
        return f"<p>{escape(words[:1].upper() + words[1:])}</p><p>{ALIVE}</p>"

    # What all have.
    def set(self, **values: Any) -> None:
        """Move several controls and draw once."""
        for name in values:
            if name not in self.control:
                raise BpkitError(f"{self.name} panel: there is no control {name!r}{suggest(name, self.control)}")
        for _ in range(2):  # where one control moves the end of another, that takes its value the second time
            with _DRAWING:
                self._waiting = True
                try:
                    for name, value in values.items():
                        self.control[name].value = value
                finally:
                    self._waiting = False
                    self._redraw()
            if all(self.control[name].value == value for name, value in values.items()):
                return

    def _values(self) -> dict[str, Any]:
        return {name: control.value for name, control in self.control.items()}

    def _redraw(self, _change: Any = None) -> None:
        """The one observer: controls -> state -> views."""
        with _DRAWING:
            if not self._waiting:
                self._draw(self._values())

    def _draw(self, values: Mapping[str, Any]) -> None:
        try:
            state = self.read(values)
            frames = [(view[0], view[2] if len(view) > 2 else "value", view[1](state)) for view in self._views.values()]
            note, warning = self.note(state)
        except BpkitError as error:
            self.message.value = message_html(str(error), True)  # what is shown stays
            return
        if self._values() != values:
            return  # moved meanwhile by the other thread, which waits to draw: its values are not to be overwritten
        self.state = state
        self._waiting = True  # a view that moves the end of a slider starts nothing new
        try:
            for widget, trait, frame in frames:
                setattr(widget, trait, frame)
        finally:
            self._waiting = False
        self.message.value = message_html(note, warning)

    def __getattr__(self, name: str) -> Any:
        control = self.__dict__.get("control", {})
        if name in control:
            return control[name]
        raise AttributeError(f"the {self.name} panel has no {name!r}{suggest(name, control)}")

    def __repr__(self) -> str:
        note, _ = self.note(self.state)
        return f"Panel {self.name}: {self.words(self.state)}" + (f" {note}" if note else "")

    def _repr_mimebundle_(self, **kwargs: Any) -> dict[str, Any]:
        bundle = super()._repr_mimebundle_(**kwargs) or {}
        bundle["text/plain"] = repr(self)
        bundle["text/html"] = self.page_html(self.state)
        return bundle


def message_html(words: str, warning: bool) -> str:
    """The message line: always there, so that nothing moves when it speaks; a warning is read out.

    >>> message_html("The key is <missing>.", warning=True)
    "<div class='bpkit-message bpkit-warning' role='alert'><b>Note:</b> The key is &lt;missing&gt;.</div>"
    """
    if not warning:
        return f"<div class='bpkit-message'>{escape(words) or '&nbsp;'}</div>"
    return f"<div class='bpkit-message bpkit-warning' role='alert'><b>Note:</b> {escape(words)}</div>"


def described(label: str = "initial", width: str = "auto") -> dict[str, Any]:
    """Layout and style of a control whose label is so wide, in line with those of ``Number``.

    >>> described("8em")["style"]
    {'description_width': '8em'}
    """
    return {"layout": {"width": width, "margin": "1px 2px"}, "style": {"description_width": label}}
