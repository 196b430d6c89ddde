"""What every app is made of: controls -> one frozen State -> pure views.

An app is a class with a ``State`` and five short methods::

    @dataclass(frozen=True)
    class State:
        problem: Problem
        digits: int

    class Forward(App):
        name = "forward"

        def controls(self):                        # once: the controls by name; the problem is self.problem
            return numbers(self.problem.parameters)

        def views(self):                           # once: widgets, and for each a function State -> str or bytes
            return {"picture": (widgets.HTML(), lambda state: svg(..))}

        def page(self):                            # once: the rows of the page
            weights = self.group("Weights", self.problem.network.weights)
            return [beside(widgets.VBox(weights), widgets.VBox([self.view["picture"]]))]

        def read(self, values):                    # the controls' values, by name -> the State; may raise BpkitError
            return State(self.problem_from(values), values["digits"])

        def words(self, state):                    # the text twin: one paragraph, with numbers
            return ...

Optional: ``note(state)`` is the message line, ``drawing(state)`` the still picture for pages that run nothing.
The base adds digits, the words on demand, reset, the share line and the message line, watches every control with one
observer, and states a ``BpkitError`` on the message line. Buttons only set controls. Controls are attributes too:
``app.w1.value = 0.3``; ``app.set(w1=0.3, w2=0.1)`` moves several in one redraw; ``app.state`` is what is shown.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from html import escape
from typing import Any, ClassVar

import ipywidgets as widgets
import traitlets

from bpkit.apps.controls import Number
from bpkit.apps.given import problem_of, share
from bpkit.apps.style import STYLE
from bpkit.core.errors import BpkitError, suggest
from bpkit.core.problem import Problem
from bpkit.examples.example import Example
from bpkit.show.drawing import Drawing

MOST_SLIDERS = 80  # of a kind; more take the browser many seconds
View = tuple[Any, Callable[[Any], Any]] | tuple[Any, Callable[[Any], Any], str]


class Picture(widgets.Image):  # type: ignore[misc]
    """A PNG image whose ``tooltip`` is its alternative text.

    An image has no name in the browser unless it has a title, and the browser's side of a tooltip looks for a
    description first: an empty one is given.
    """

    description = traitlets.Unicode("").tag(sync=True)


class App(widgets.VBox):  # type: ignore[misc]
    """A page of controls and views on an example or a problem."""

    name: ClassVar[str]
    batches: ClassVar[bool] = False  # whether a problem with several samples will do

    def __init__(self, given: Example | Problem) -> None:
        self.control: dict[str, Any] = {}
        self.problem, self._source = problem_of(given, self.name, self.batches)
        self.digits_control = widgets.Dropdown(
            options=[("6 digits", 6), ("12 digits", 12)], description="Numbers", **described(width="170px")
        )
        self.twin = widgets.Checkbox(description="Picture in words", indent=False, **described(width="150px"))
        self.control = {**self.controls(), "digits": self.digits_control, "twin": self.twin}
        self._views = self.views()
        self.view = {name: view[0] for name, view in self._views.items()}
        self.reset = widgets.Button(
            description="Reset", tooltip="Back to the values of the beginning", layout={"width": "80px"}
        )
        self.share_line = widgets.Text(description="Share", layout={"flex": "1 1 240px", "margin": "1px 2px"})
        self.message = widgets.HTML()
        self.twin_text = widgets.HTML()
        self._beginning = {name: control.value for name, control in self.control.items()}
        self._waiting = False
        self.state: Any = None
        self._redraw()
        for control in self.control.values():
            control.observe(self._redraw, "value")
        self.reset.on_click(lambda _button: self.set(**self._beginning))
        bar = widgets.HBox(
            [self.reset, self.digits_control, self.twin, self.share_line], layout={"flex_flow": "row wrap"}
        )
        super().__init__([widgets.HTML(STYLE), *self.page(), self.message, bar, self.twin_text])
        self.add_class("bpkit-app")

    # What an app gives.
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
        """The state that the controls stand for."""
        raise NotImplementedError

    def words(self, state: Any) -> str:
        """What the pictures show, in one paragraph with numbers."""
        raise NotImplementedError

    def note(self, state: Any) -> tuple[str, bool]:
        """The message line: its words, and whether they are a warning."""
        return "", False

    def drawing(self, state: Any) -> Drawing | None:
        """A still picture for pages that run nothing."""
        return None

    # What every app has.
    def problem_from(self, values: Mapping[str, Any]) -> Problem:
        """The problem with every number that a control of that name holds."""
        given = self.problem.givens
        return self.problem.replace(**{name: value for name, value in values.items() if name in given})

    @property
    def share(self) -> str:
        """The expression that rebuilds the problem shown, ready to copy into a cell."""
        return share(self._source, self.problem, self.state.problem)

    def group(self, title: str, names: Iterable[str], width: str = "260px") -> list[widgets.Widget]:
        """The controls of some names as a column, if there are such names at all."""
        names = list(names)
        return [column(title, [self.control[name] for name in names if name in self.control], width)] if names else []

    def set(self, **values: Any) -> None:
        """Move several controls and draw once."""
        for name in values:
            if name not in self.control:
                raise BpkitError(f"{self.name} app: there is no control {name!r}{suggest(name, self.control)}")
        self._waiting = True
        try:
            for name, value in values.items():
                self.control[name].value = value
        finally:
            self._waiting = False
            self._redraw()

    def _redraw(self, _change: Any = None) -> None:
        """The one observer: controls -> state -> views."""
        if self._waiting:
            return
        try:
            state = self.read({name: control.value for name, control in self.control.items()})
            frames = [(view[0], view[2] if len(view) > 2 else "value", view[1](state)) for view in self._views.values()]
            words, (note, warning) = self.words(state), self.note(state)
        except BpkitError as error:
            self.message.value = message_html(str(error), True)
            return
        self.state = state
        self._waiting = True  # a view that moves the end of a slider starts nothing new
        try:
            for widget, trait, frame in frames:
                if isinstance(widget, Picture):
                    with widget.hold_sync():  # pixels and words in one message
                        widget.value, widget.tooltip = frame, words
                else:
                    setattr(widget, trait, frame)
        finally:
            self._waiting = False
        self.message.value = message_html(note, warning)
        self.share_line.value = self.share
        self.twin_text.value = f"<p class='bpkit-words'>{escape(words)}</p>" if self.twin.value else ""

    def __getattr__(self, name: str) -> Any:
        control = self.__dict__.get("control", {})
        if name in control:
            return control[name]
        raise AttributeError(f"the {self.name} app has no {name!r}{suggest(name, control)}")

    def __repr__(self) -> str:
        note, _ = self.note(self.state)
        return f"App {self.name}: {self.words(self.state)}" + (f" {note}" if note else "")

    def _repr_mimebundle_(self, **kwargs: Any) -> dict[str, Any]:
        bundle = super()._repr_mimebundle_(**kwargs) or {}
        bundle["text/plain"] = repr(self)
        if still := self.drawing(self.state):
            if isinstance(still.figure, str):
                bundle["image/svg+xml"] = still.figure
            else:
                bundle["image/png"] = still.png()
        return bundle


def described(label: str = "initial", width: str = "auto") -> dict[str, Any]:
    """Layout and style of a control whose label is so wide, in line with those of ``Number``."""
    return {"layout": {"width": width, "margin": "1px 2px"}, "style": {"description_width": label}}


def message_html(words: str, warning: bool) -> str:
    """The message line: always there, so that nothing moves when it speaks; a warning is read out."""
    if not warning:
        return f"<div class='bpkit-message'>{escape(words) or '&nbsp;'}</div>"
    return f"<div class='bpkit-message bpkit-warning' role='alert'><b>Note:</b> {escape(words)}</div>"


def numbers(values: Mapping[str, float]) -> dict[str, Number]:
    """A control for each named number, with a range that suits weights, biases and inputs; none where too many."""
    if len(values) > MOST_SLIDERS:
        return {}
    reach = math.ceil(max([3.0, *(2 * abs(value) for value in values.values())]))  # the steps hold 0 and 0.25
    return {name: Number(name, value, -reach, reach) for name, value in values.items()}


def column(title: str, controls: Sequence[widgets.Widget], width: str = "260px") -> widgets.VBox:
    """Controls below each other under a heading; a long list scrolls, and where there is none it says why."""
    title += "" if controls else ": too many for sliders"
    heading = widgets.HTML(f"<div class='bpkit-heading'>{escape(title)}</div>")
    layout = {"width": width, "flex": "0 0 auto", "max_height": "460px", "overflow": "hidden auto"}
    return widgets.VBox([heading, *controls], layout=layout)


def beside(controls: widgets.VBox, views: widgets.VBox) -> widgets.HBox:
    """Controls at the left, what they move at the right, as wide as the page leaves room."""
    controls.layout.flex = "0 0 auto"
    views.layout.flex, views.layout.min_width, views.layout.overflow = "1 1 0", "0", "hidden"
    return widgets.HBox([controls, views], layout={"align_items": "flex-start"})
