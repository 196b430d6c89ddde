"""What an SVG text draws, element by element, each with all that it inherits: independent of how it is written."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

SVG = "{http://www.w3.org/2000/svg}"
# https://www.w3.org/TR/SVG2/propidx.html: those of the kit's pictures that are inherited, and one that is not.
_INHERITED = (
    *("fill", "fill-opacity", "stroke", "stroke-width", "stroke-dasharray", "stroke-linecap", "stroke-linejoin"),
    *("font-size", "font-weight", "text-anchor", "paint-order"),
)


@dataclass(frozen=True)
class Drawn:
    """An element: its tag, its attributes with the inherited ones, its words."""

    tag: str
    look: Mapping[str, str]
    words: str


def elements(svg_text: str, tag: str = "") -> list[Drawn]:
    """All that is drawn, in order; of one ``tag`` if it is given."""
    root = ET.fromstring(svg_text)
    return [one for one in _below(root, {}) if tag in ("", one.tag)]


def _below(parent: ET.Element, given: Mapping[str, str]) -> Iterator[Drawn]:
    inherited = {**given, **{name: value for name, value in parent.items() if name in _INHERITED}}
    for node in parent:
        tag = node.tag.removeprefix(SVG)
        if tag == "g":
            assert set(node.keys()) <= set(_INHERITED)
            yield from _below(node, inherited)
        elif tag != "style":
            yield Drawn(tag, {**inherited, **node.attrib}, "".join(node.itertext()))
