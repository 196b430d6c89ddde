"""A picture with its text twin: words that state, in numbers, what the picture shows."""

from __future__ import annotations

import struct
import zlib
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Pixels = NDArray[np.uint8]  # rows, columns, colours

DPI = 144  # sharp on screens with more than one pixel per point, and still quick to send
PER_INCH = 100  # pixels of the page, however fine a figure is drawn
CARD = "max-width:100%;border-radius:8px"
# An SVG takes its dark colours by itself where the page says that it is dark, as JupyterLab does. Of pixels that were
# drawn on white, light and dark change places there, and the hues come back.
_THEMED = (
    "<style>[data-jp-theme-light=false] .jp-OutputArea-child:has(+ .jp-OutputArea-child .bpkit-picture-words) img"
    "{filter:invert(.91) hue-rotate(180deg)}</style>"
)


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
        """The picture as PNG, also of a diagram."""
        return small_png(_pixels(self._figure, DPI))

    @property
    def _figure(self) -> Figure:
        """The figure, or one drawn after the SVG."""
        from bpkit.show.raster import raster

        return raster(self.figure) if isinstance(self.figure, str) else self.figure

    def bundles(self) -> tuple[dict[str, Any], ...]:
        """What a notebook shows, one output after the other: the picture, and its words on demand.

        A figure's pixels stand in an output of their own, for they differ between machines, and a test compares all
        others; JupyterLab gives such an image no alternative text, so the words follow it.
        """
        text = escape(self.caption)
        opened = "<summary>Picture in words</summary>"
        words = f'<details class="bpkit-picture-words">{opened}{text}</details>'
        if not isinstance(self.figure, str):
            return {"text/plain": self.caption, "image/png": self.png()}, {"text/html": _THEMED + words}
        data = b64encode(self.figure.encode()).decode()
        source = f"data:image/svg+xml;base64,{data}"
        image = f'<img class="bpkit-picture" alt="{text}" src="{source}" style="{CARD}">'
        return ({"text/plain": self.caption, "text/html": image + words},)

    def _ipython_display_(self) -> None:
        from IPython.display import display

        for bundle in self.bundles():
            display(  # type: ignore[no-untyped-call]
                bundle, metadata={"image/png": self._size} if "image/png" in bundle else {}, raw=True
            )

    @property
    def _size(self) -> dict[str, int]:
        """What a figure takes of the page."""
        width, height = self._figure.get_size_inches()
        return {"width": round(PER_INCH * width), "height": round(PER_INCH * height)}


def _pixels(figure: Figure, dpi: float) -> Pixels:
    """A figure drawn so fine; it keeps its own fineness."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    own = figure.dpi
    try:
        figure.set_dpi(dpi)
        canvas = FigureCanvasAgg(figure)
        canvas.draw()  # type: ignore[no-untyped-call]
        return np.asarray(canvas.buffer_rgba())  # type: ignore[no-untyped-call]
    finally:
        figure.set_dpi(own)


def small_png(pixels: Pixels) -> bytes:
    r"""Pixels as a PNG to keep, in a notebook's outputs: the 256 most frequent colours take a third of the room.

    >>> import numpy as np
    >>> small_png(np.zeros((2, 3, 3), np.uint8))[:4]
    b'\x89PNG'
    """
    height, width, _ = pixels.shape
    red, green, blue = (pixels[:, :, color].astype(np.intp).ravel() for color in range(3))
    bins = (red >> 3) << 10 | (green >> 3) << 5 | blue >> 3  # colours that nobody tells apart
    many = np.bincount(bins, minlength=1 << 15)
    used = many.nonzero()[0]
    means = np.stack([np.bincount(bins, one, 1 << 15)[used] / many[used] for one in (red, green, blue)], axis=1)
    kept = means[np.argsort(-many[used], kind="stable")[:256]].round()
    place = np.zeros(1 << 15, np.uint8)
    place[used] = ((means[:, None] - kept) ** 2).sum(axis=2).argmin(axis=1)
    rows = np.zeros((height, 1 + width), np.uint8)
    rows[:, 1:] = place[bins].reshape(height, width)
    return _file(width, height, 3, {b"PLTE": kept.astype(np.uint8).tobytes(), b"IDAT": zlib.compress(rows.data, 9)})


def _file(width: int, height: int, kind: int, parts: Mapping[bytes, bytes]) -> bytes:
    """A PNG file: 2 is the kind whose pixels are colours, of 3 they are places in a list of them; eight bits each."""
    head = struct.pack(">IIBBBBB", width, height, 8, kind, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        for name, data in {b"IHDR": head, **parts, b"IEND": b""}.items()
    )
