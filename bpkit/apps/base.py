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
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any, ClassVar

import ipywidgets as widgets

from bpkit.apps.controls import Number
from bpkit.apps.given import problem_of, share
from bpkit.apps.panel import ALIVE, Panel, Picture, View, described
from bpkit.core.problem import Problem
from bpkit.examples.example import Example
from bpkit.show.drawing import Drawing

__all__ = ["App", "Picture", "View", "beside", "column", "described", "numbers"]
MOST_SLIDERS = 80  # of a kind; more take the browser many seconds
LONG = 14  # controls; a longer column scrolls
STILL = f"This is a still picture. {ALIVE}"


class App(Panel):
    """A page of controls and views on an example or a problem."""

    kind = "app"
    batches: ClassVar[bool] = False  # whether a problem with several samples will do

    def __init__(self, given: Example | Problem | None = None) -> None:  # None is answered in words
        self.problem, self._source = problem_of(given, self.name, self.batches)
        self.digits_control = widgets.Dropdown(
            options=[("6 digits", 6), ("12 digits", 12)], description="Numbers", **described(width="170px")
        )
        self.twin = widgets.Checkbox(description="Picture in words", indent=False, **described(width="150px"))
        self.reset = widgets.Button(
            description="Reset", tooltip="Back to the values of the beginning", layout={"width": "80px"}
        )
        self.share_line = widgets.Text(description="Share", layout={"flex": "1 1 240px", "margin": "1px 2px"})
        self.twin_text = widgets.HTML()
        self.reset.on_click(lambda _button: self.set(**self._beginning))
        super().__init__()

    # What an app gives.
    def drawing(self, state: Any) -> Drawing | None:
        """A still picture for pages that run nothing."""
        return None

    def page_html(self, state: Any) -> str:
        return ""  # most have a picture

    # What every app has.
    def further_controls(self) -> Mapping[str, Any]:
        return {"digits": self.digits_control, "twin": self.twin}

    def foot(self) -> Sequence[widgets.Widget]:
        bar = [self.reset, self.digits_control, self.twin, self.share_line]
        return [self.message, widgets.HBox(bar, layout={"flex_flow": "row wrap"}), self.twin_text]

    def follow(self, state: Any, words: str) -> None:
        self.share_line.value = self.share
        self.twin_text.value = f"<p class='bpkit-words'>{escape(words)}</p>" if self.twin.value else ""

    def problem_from(self, values: Mapping[str, Any]) -> Problem:
        """The problem with every number that a control of that name holds."""
        given = self.problem.givens
        return self.problem.replace(**{name: value for name, value in values.items() if name in given})

    @property
    def share(self) -> str:
        """The expression that rebuilds the problem shown, ready to copy into a cell."""
        return share(self._source, self.problem, self.state.problem)

    def group(self, title: str, names: Iterable[str], width: str = "280px") -> list[widgets.Widget]:
        """The controls of some names as a column, if there are such names at all."""
        names = list(names)
        return [column(title, [self.control[name] for name in names if name in self.control], width)] if names else []

    def _repr_mimebundle_(self, **kwargs: Any) -> dict[str, Any]:
        bundle = super()._repr_mimebundle_(**kwargs)
        if still := self.drawing(self.state):
            # JupyterLab shows the SVG of a notebook that it trusts alone; of any other it would show the plain text.
            if isinstance(still.figure, str):
                bundle["image/svg+xml"] = still.figure
            bundle["image/png"] = still.still(STILL)
        return bundle


def numbers(values: Mapping[str, float]) -> dict[str, Number]:
    """A control for each named number, with a range that suits weights, biases and inputs; none where too many."""
    if len(values) > MOST_SLIDERS:
        return {}
    reach = math.ceil(max([3.0, *(2 * abs(value) for value in values.values())]))  # the steps hold 0 and 0.25
    return {name: Number(name, value, -reach, reach) for name, value in values.items()}


def column(title: str, controls: Sequence[widgets.Widget], width: str = "280px") -> widgets.VBox:
    """Controls below each other under a heading; a long list scrolls, and where there is none it says why."""
    title += "" if controls else ": too many for sliders"
    heading = widgets.HTML(f"<div class='bpkit-heading'>{escape(title)}</div>")
    scrolls = {"max_height": "460px", "overflow": "hidden auto"} if len(controls) > LONG else {"overflow": "visible"}
    return widgets.VBox([heading, *controls], layout={"width": width, "flex": "0 0 auto", **scrolls})


def beside(controls: widgets.VBox, views: widgets.VBox) -> widgets.HBox:
    """Controls at the left, what they move at the right, as wide as the page leaves room; if that is little, below.

    Then the controls stand in two columns, so that what they move stays in sight.
    """
    controls.add_class("bpkit-controls")
    views.add_class("bpkit-views")
    controls.layout.flex = "0 0 auto"
    views.layout.flex, views.layout.min_width, views.layout.overflow = "1 1 460px", "0", "hidden"
    return widgets.HBox([controls, views], layout={"flex_flow": "row wrap", "align_items": "flex-start"})
