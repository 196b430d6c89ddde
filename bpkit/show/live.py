"""A figure that stays between frames: the still part is kept as pixels, and only what moved is drawn again."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from typing import Any

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg

from bpkit.show.drawing import png
from bpkit.show.plots import blank


class Live:
    """Draws frames quickly: axes, ticks and words once for each ``key``, the moving artists every time.

    Make the artists with ``animated=True`` on ``live.axes``, set their data, and ask for a ``frame``.
    """

    def __init__(self, width: float = 6.4, height: float = 3.4) -> None:
        # Margins that stay: nothing jumps, and drawing takes half the time.
        self.figure, self.axes = blank(width, height, layout=None)
        self.figure.subplots_adjust(
            left=0.66 / width, right=1 - 0.2 / width, bottom=0.52 / height, top=1 - 0.12 / height
        )
        self.canvas = FigureCanvasAgg(self.figure)
        self._key: Hashable = None
        self._still: Any = None

    def frame(self, moving: Iterable[Artist], key: Hashable, prepare: Callable[[Axes], object]) -> bytes:
        """One picture as PNG bytes; when ``key`` changed, ``prepare(axes)`` sets limits and scales first."""
        if self._still is None or key != self._key:
            prepare(self.axes)
            self.canvas.draw()  # type: ignore[no-untyped-call]
            self._still, self._key = self.canvas.copy_from_bbox(self.figure.bbox), key  # type: ignore[no-untyped-call]
        self.canvas.restore_region(self._still)  # type: ignore[no-untyped-call]
        for artist in moving:
            self.axes.draw_artist(artist)
        return png(np.asarray(self.canvas.buffer_rgba()))  # type: ignore[no-untyped-call]
