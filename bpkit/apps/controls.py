"""The controls of the apps: a number as slider and exact entry, and a value that only buttons change."""

from __future__ import annotations

import math
from typing import Any

import ipywidgets as widgets
import traitlets

from bpkit.apps.panel import message_html
from bpkit.core.errors import BpkitError
from bpkit.mistakes.typed_number import read


class _Slider(widgets.FloatSlider):  # type: ignore[misc]
    """A slider to which the kernel does not say back what it has just said: one message less for each key."""

    value = traitlets.CFloat(0.0).tag(sync=True, echo_update=False)


class _LogSlider(widgets.FloatLogSlider):  # type: ignore[misc]
    """The same for powers of ten."""

    value = traitlets.CFloat(1.0).tag(sync=True, echo_update=False)


# Layouts and styles are models of their own in the browser: shared, an app of twenty sliders opens faster.
_LABEL = "44px"
_LONGEST = 40  # characters of what was typed that are said back


def digits(value: float) -> str:
    """The fewest digits that give a number back exactly, as people type it: 20, 0.1, 1e-9."""
    return repr(value).removesuffix(".0").replace("e-0", "e-")


class Number(widgets.HBox):  # type: ignore[misc]
    """A number with its name, a field for the exact value and a slider: ``number.value``.

    The slider runs from ``low`` to ``high`` in steps of ``step``; with ``log=True`` these are powers of ten. The
    field takes any number as people type it (``0,5``, ``1/3``, ``exp(-1)``), also between the steps and beyond the
    ends, where the slider waits. ``whole`` rounds to integers. ``bounds`` are kept by both. What the field cannot read
    changes nothing: a word below it says so, and says it too where another number was taken than the one typed.
    """

    value = traitlets.Float()
    children: Any

    def __init__(
        self,
        name: str,
        value: float,
        low: float = -3,
        high: float = 3,
        step: float = 0.01,
        *,
        log: bool = False,
        whole: bool = False,
        bounds: tuple[float, float] = (-math.inf, math.inf),
        label_width: str = _LABEL,
        tooltip: str = "",
    ) -> None:
        self._log, self._whole, self._bounds = log, whole, bounds
        self._ends, self._step = (low, high), step
        self._busy = self._moved = False
        entry_width = f"calc({label_width} + 88px)"
        # Text, sent as a whole: a browser's own field for numbers drops what it cannot read, 0,5 and 1/3, in silence.
        self.entry = widgets.Text(
            description=name,
            value=digits(float(value)),
            continuous_update=False,
            layout=widgets.Layout(width=entry_width, margin="1px 2px", flex="0 0 auto"),
            style={"description_width": label_width},
            tooltip=tooltip or name,
        )
        kind = _LogSlider if log else _Slider
        self.slider = kind(
            value=self._on_slider(value),
            min=low,
            max=high,
            step=step,
            readout=False,
            layout=widgets.Layout(width="120px", margin="1px 2px", flex="1 1 60px", min_width="60px"),
        )
        super().__init__(
            [self.entry, self.slider], value=float(value), layout=widgets.Layout(flex="1 1 auto", overflow="visible")
        )
        self.add_class("bpkit-number")
        self.entry.observe(self._from_entry, "value")
        self.slider.observe(self._from_slider, "value")

    @property
    def whole(self) -> bool:
        """Whether it rounds to integers."""
        return self._whole

    @property
    def high(self) -> float:
        """The upper end of the slider; setting it moves the upper bound of a bounded number along."""
        return self._ends[1]

    @high.setter
    def high(self, high: float) -> None:
        self._ends = (self._ends[0], high)
        if math.isfinite(self._bounds[1]):
            self._bounds = (self._bounds[0], high)
            self.value = min(self.value, high)
        self.slider.max = high

    def _on_slider(self, value: float) -> float:
        """Where the slider stands for a value: at the value, or at the nearer end."""
        low, high = (10.0**end for end in self._ends) if self._log else self._ends
        return min(max(value, low), high)

    def _position(self, value: float) -> int:
        """The step of the slider that is nearest to a value."""
        place = self._on_slider(value)
        return round(((math.log10(place) if self._log else place) - self._ends[0]) / self._step)

    @traitlets.validate("value")
    def _check(self, proposal: Any) -> float:
        value = float(proposal["value"])
        if not math.isfinite(value):
            raise BpkitError(f"{self.entry.description}: expected a finite number, got {value}; write it like 0.25")
        low, high = self._bounds
        value = min(max(value, low), high)
        self._say("")
        return float(round(value)) if self._whole else value

    def notify_change(self, change: Any) -> None:
        super().notify_change(change)  # what follows the value is first on its way to the page, its own field second
        if change["name"] == "value":
            self._spread()

    def _spread(self) -> None:
        self._busy = True
        try:
            self.entry.value = digits(self.value)
            # A slider that was moved, or stands right, is left alone: what came back would undo the keys pressed since.
            if not self._moved and self._position(self.slider.value) != self._position(self.value):
                self.slider.value = self._on_slider(self.value)
        finally:
            self._busy = False

    def _from_entry(self, change: Any) -> None:
        if self._busy:
            return
        typed = change["new"].strip()
        try:
            value = read(typed).value
        except BpkitError:
            self._spread()  # back to the number that stays
            got = typed if len(typed) <= _LONGEST else f"{typed[:_LONGEST]}…"
            known = f"I cannot read '{got}' as a number. Type it" if typed else "The box was empty. Type a number"
            self._say(f"{known} like {'3' if self._whole else '0.25 or 1/3'}.")
            return
        self.value = value
        self._spread()
        if self.value != value:
            self._say(f"This box takes {self._taken}. I took {digits(self.value)}.")

    @property
    def _taken(self) -> str:
        """The numbers that can be typed, in words."""
        low, high = self._bounds
        ends = f" from {digits(low)} to {digits(high)}" if math.isfinite(high - low) else ""
        return f"{'whole ' if self._whole else ''}numbers{ends}"

    def _say(self, words: str) -> None:
        """Put a word below field and slider. Most numbers never have one, so its widget comes and goes with it."""
        for old in self.children[2:]:
            self.children = self.children[:2]
            old.close()
        if words:
            self.children = (*self.children, widgets.HTML(message_html(words, True)))
        (self.add_class if words else self.remove_class)("bpkit-said")

    def _from_slider(self, change: Any) -> None:
        # A slider snaps to its steps as soon as it is drawn; 0.2499 must not become 0.25 by being looked at.
        if not self._busy and self._position(change["new"]) != self._position(self.value):
            self._moved = True
            try:
                # Powers of ten to three digits, which is as exact as one sees where the knob stands.
                self.value = float(f"{change['new']:.{3 if self._log else 10}g}")
            finally:
                self._moved = False


class Held(traitlets.HasTraits):
    """A control without a face: buttons set its ``value``, the app reads it like any other."""

    value = traitlets.Any()
