"""A picture with its text twin: words that state, in numbers, what the picture shows."""

from __future__ import annotations

import struct
import zlib
from base64 import b64encode
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

DPI = 144  # sharp on screens with more than one pixel per point, and still quick to send
CARD = "background:#fff;color:#1f2328;border-radius:8px;padding:8px;max-width:100%;box-sizing:border-box"


@dataclass(frozen=True, eq=False, repr=False)
class Drawing:
    """A caption that says in numbers what is drawn, and the picture: a Matplotlib ``Figure``, or the text of an SVG.

    The caption is what ``print`` shows, the picture's alternative text, and what a test compares; the pixels of a
    figure differ from machine to machine. ``drawing.figure`` may be changed or saved like any other.
    """

    caption: str
    figure: Figure | str

    def __repr__(self) -> str:
        return self.caption

    def png(self) -> bytes:
        """The figure as a PNG picture."""
        from matplotlib.backends.backend_agg import FigureCanvasAgg

        assert not isinstance(self.figure, str), "a diagram is SVG text"
        canvas = FigureCanvasAgg(self.figure)
        canvas.draw()  # type: ignore[no-untyped-call]
        return png(canvas, 9)  # to keep, in a notebook's outputs

    def bundles(self) -> tuple[dict[str, Any], ...]:
        """What a notebook shows, one output after the other: the picture, and its words on demand.

        A figure's pixels stand in an output of their own, for they differ between machines, and a test compares all
        others; JupyterLab gives such an image no alternative text, so the words follow it.
        """
        text = escape(self.caption)
        words = f"<details><summary>Picture in words</summary>{text}</details>"
        if not isinstance(self.figure, str):
            return {"text/plain": self.caption, "image/png": self.png()}, {"text/html": words}
        data = b64encode(self.figure.encode()).decode()
        image = f'<img alt="{text}" src="data:image/svg+xml;base64,{data}" style="{CARD}">'
        return ({"text/plain": self.caption, "text/html": image + words},)

    def _ipython_display_(self) -> None:
        from IPython.display import display

        for bundle in self.bundles():
            display(  # type: ignore[no-untyped-call]
                bundle, metadata={"image/png": self._size} if "image/png" in bundle else {}, raw=True
            )

    @property
    def _size(self) -> dict[str, int]:
        """On the page a figure has 100 pixels an inch, however fine it is drawn."""
        assert not isinstance(self.figure, str)
        width, height = self.figure.get_size_inches()
        return {"width": round(100 * width), "height": round(100 * height)}


def png(canvas: FigureCanvasAgg, effort: int = 1) -> bytes:
    """What is on a canvas as a PNG; packed with little effort it takes half the time of the usual writers."""
    width, height = canvas.get_width_height()
    rows = np.zeros((height, 1 + 3 * width), np.uint8)  # in front of each row a 0: stored as it is
    pixels = np.asarray(canvas.buffer_rgba())  # type: ignore[no-untyped-call]
    for color in range(3):  # one by one: eight times faster than all at once
        rows[:, 1 + color :: 3] = pixels[:, :, color]
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)  # eight bits each of red, green, blue
    parts = ((b"IHDR", head), (b"IDAT", zlib.compress(rows.data, effort)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in parts
    )
