"""A picture as a part of a page, in the colours of the page, light or dark."""

from __future__ import annotations

import re

from bpkit.show import palette
from bpkit.show.drawing import Drawing

_COLORS = {
    palette.INK: "--ink",
    palette.FAINT: "--faint",
    palette.LINE: "--line",
    palette.PAPER: "--paper",
    palette.FILL: "--fill",
    palette.POSITIVE: "--positive",
    palette.NEGATIVE: "--negative",
    palette.LIT: "--lit",
    palette.RUNS[2][0]: "--good",
}
_PAINTED = re.compile("|".join(_COLORS), re.IGNORECASE)


def themed(drawing: Drawing) -> str:
    """The picture as HTML, painted in the page's own colours.

    What the picture says of dark pages by itself goes: inside a page it would be said of the whole page.

    >>> themed(Drawing("", f"<style>rules</style><path fill='{palette.INK}'/>"))
    "<path fill='var(--ink)'/>"
    """
    drawn = re.sub("<style>.*?</style>", "", str(drawing.figure))
    return _PAINTED.sub(lambda found: f"var({_COLORS[_known(found[0])]})", drawn)


def _known(color: str) -> str:
    """The colour of the table, which may be written in other letters.

    >>> _known("#1f2328") == palette.INK
    True
    """
    return next(one for one in _COLORS if one.lower() == color.lower())
