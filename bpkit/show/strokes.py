"""The strokes of a diagram as SVG text: ways whose look tells a number, words, names on plates."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from html import escape
from typing import Any

from bpkit.core.spelling import LOW, Name, number, readable
from bpkit.show.inherited import said, shared
from bpkit.show.palette import DARK, FAINT, FILL, FONT, INK, LINE, LIT, NEGATIVE, PAPER, POSITIVE

LETTER = 6.9  # width of a letter of a label
SIGNED_COLORS = {"✗": NEGATIVE, "≈": NEGATIVE, "→": FAINT}
HALO = f"stroke='{PAPER}' stroke-width='6' stroke-linejoin='round' paint-order='stroke'"
LEGEND = "solid: positive, dashed: negative, wide: large"
Point = tuple[float, float]


def picture(width: float, height: float, words: str, parts: Iterable[str]) -> str:
    """A whole picture; ``words`` say what it shows. What neighbours look like is said once, and no colour in vain."""
    w, h = round(width), round(height)
    head = (
        f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {w} {h}' width='{w}' height='{h}' role='img' "
        f"style='max-width:100%;height:auto' {FONT}{said(_USUAL.items())}{labelled(words)}>"
    )
    drawn = f"<rect width='{w}' height='{h}' rx='8' fill='{PAPER}'/>{shared(parts, _USUAL)}"
    rules = "".join(rule for look, rule in _DARK.items() if look in head or look in drawn)
    return f"{head}<style>@media (prefers-color-scheme:dark){{{rules}}}</style>{drawn}</svg>"


def labelled(words: str) -> str:
    """What a picture shows, for those who hear it, as it stands in its text.

    >>> labelled("a curve")
    " aria-label='a curve'"
    """
    return said([("aria-label", words)])


_USUAL = {"font-size": "12", "fill": INK, "text-anchor": "middle"}  # of words
# A page that shows the picture in its dark theme says so (color-scheme).
_DARK = {
    f"{what}='{light}'": f"[{what}='{light}']{{{what}:{dark}}}"
    for light, dark in DARK.items()
    for what in ("fill", "stroke")
}


def way(points: Sequence[Point], value: float | None, lit: bool, faded: bool) -> str:
    """A way through some points: dashed for a negative number, wide for a large one; ringed where it is lit.

    >>> way([(0, 0), (10, 0)], None, lit=False, faded=False)
    "<line x1='0' y1='0' x2='10' y2='0' stroke='#59636E' stroke-width='1.4'/>"
    """
    if len(points) == 2:
        (x1, y1), (x2, y2) = points
        line = f"line x1='{pixels(x1)}' y1='{pixels(y1)}' x2='{pixels(x2)}' y2='{pixels(y2)}'"
    else:
        line = f"polyline fill='none' stroke-linejoin='round' points='{through(points)}'"
    wide = 1.4 if value is None else 1 + min(5.0, 2 * abs(value)) if math.isfinite(value) else 6.0
    dash = f" stroke-dasharray='{4 + wide:.0f} {3 + wide:.0f}'" if value is not None and value < 0 else ""
    color = FAINT if value is None or value == 0 else NEGATIVE if value < 0 else POSITIVE
    pale = " opacity='0.4'" if faded and not lit else ""
    ring = f"<{line} stroke='{LIT}' stroke-width='{pixels(wide + 9)}' stroke-linecap='round'/>" if lit else ""
    return f"{ring}<{line} stroke='{color}' stroke-width='{pixels(wide)}'{dash}{pale}/>"


def pixels(length: float) -> str:
    """A length as pictures have it, to a tenth of a pixel.

    >>> pixels(10.0), pixels(10.04), pixels(9.97)
    ('10', '10', '10')
    """
    return f"{length:.1f}".removesuffix(".0")


def through(points: Iterable[Point]) -> str:
    """Points one after the other.

    >>> through([(0, 0), (10.5, 5)])
    '0,0 10.5,5'
    """
    return " ".join(f"{pixels(x)},{pixels(y)}" for x, y in points)


def frame(at: Point, half: Point, corner: float, lit: bool) -> str:
    """A box around its middle, with half of its width and height, and a ring where it is lit.

    >>> frame((20, 10), (8, 4), 2, False)[:49]
    "<rect x='12.0' y='6.0' width='16.0' height='8.0' "
    """
    (x, y), (wide, tall) = at, half
    ring = f"stroke='{LIT}' stroke-width='6'" if lit else f"stroke='{INK}' stroke-width='1.5'"
    size = f"width='{2 * wide:.1f}' height='{2 * tall:.1f}' rx='{corner:g}'"
    return f"<rect x='{x - wide:.1f}' y='{y - tall:.1f}' {size} fill='{FILL}' {ring}/>"


def text(
    x: float,
    y: float,
    words: str,
    size: float = 12,
    weight: str = "",
    anchor: str = "middle",
    color: str = INK,
    name: Name | None = None,
) -> str:
    """Words around, behind or before a point; a ``name`` before them has its index low."""
    bold = f" font-weight='{weight}'" if weight else ""
    return (
        f"<text x='{pixels(x)}' y='{pixels(y + 4)}' text-anchor='{anchor}' font-size='{size:g}'{bold} fill='{color}'>"
        f"{_named(name, words) if name else escape(words)}</text>"
    )


def _named(name: Name, words: str) -> str:
    """A name and words behind it; its low part is small, and what follows stands on the line again.

    >>> _named(("w", "5"), "=0.25"), _named(("net", "h1"), "")
    ('w₅=0.25', "net<tspan dy='.25em' font-size='80%'>h1</tspan>")
    """
    word, low = name
    if not low or low.isdecimal():
        return escape(f"{word}{low.translate(LOW)}{words}")
    small = f"<tspan dy='.25em' font-size='80%'>{escape(low)}</tspan>"
    return f"{escape(word)}{small}" + (f"<tspan dy='-.2em'>{escape(words)}</tspan>" if words else "")


def label_width(name: Name, value: float | None) -> float:
    """How wide a label is, with a little room around it.

    >>> round(label_width(("w", "5"), None)), round(label_width(("w", "5"), 0.25))
    (22, 56)
    """
    return LETTER * len("".join(name) + _is(value)) + 8


def _is(value: float | None) -> str:
    """A number behind its sign; nothing where there is none.

    >>> _is(-0.25), _is(None)
    ('=−0.25', '')
    """
    return "" if value is None else f"={readable(number(value, 4))}"


def label(
    place: Point, name: Name, value: float | None, lit: bool, anchor: str = "middle", room: float = math.inf
) -> str:
    """A parameter's name and number; around the letters is paper, which keeps the line behind them away."""
    x, y = place
    full = label_width(name, value)
    size, wide = min(12.0, 12 * (room - 4) / (full - 8)), min(full, room)
    left, wide = (x - wide / 2, wide) if anchor == "middle" else (x - 4, wide + 4)
    box = f"x='{pixels(left)}' y='{pixels(y - 8)}' width='{pixels(wide)}' height='16' rx='4'"
    ring = f"<rect {box} fill='{PAPER}' stroke='{LIT}' stroke-width='2'/>" if lit else ""
    return (
        f"{ring}<text x='{pixels(x)}' y='{pixels(y + 4)}' text-anchor='{anchor}' font-size='{pixels(size)}' {HALO}>"
        f"{_named(name, _is(value))}</text>"
    )


@dataclass(frozen=True)
class Figures:
    """Numbers of a picture with their names: to how many digits, which are lit, and the signs that judge them."""

    numbers: Mapping[str, float]
    names: Mapping[str, Name]
    lit: Set[Any]
    digits: int
    signs: Mapping[str, str] = field(default_factory=dict)

    def beside(self, places: Mapping[str, Point], size: float) -> Iterator[str]:
        """Names and their numbers, each behind its place; those without a number are left out."""
        for name, place in places.items():
            if name in self.numbers:
                yield self._line(name, place, size, "", "start")

    def foot(self, loss: str, width: float, height: float) -> Iterator[str]:
        """Below, the loss and how to read the ways."""
        below = height - 18
        if loss in self.numbers:
            yield self._line(loss, (width - 14, below), 13, "600", "end")
        yield text(14, below, LEGEND, 12, color=FAINT, anchor="start")
        across = f"y1='{pixels(below - 16)}' x2='{pixels(width - 14)}' y2='{pixels(below - 16)}'"
        yield f"<line x1='14' {across} stroke='{LINE}'/>"

    def _line(self, name: str, place: Point, size: float, weight: str, anchor: str) -> str:
        sign = self.signs.get(name, "")
        words = f" = {readable(number(self.numbers[name], self.digits))} {sign}".rstrip()
        bold = "700" if name in self.lit else weight
        return text(*place, words, size, bold, anchor, SIGNED_COLORS.get(sign, INK), self.names[name])
