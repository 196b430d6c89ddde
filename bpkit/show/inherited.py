"""What neighbours in a picture have in common, said once: attributes that SVG inherits move to a group around them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from html import escape
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

# Opacity is not among them: a group is made pale as a whole.
INHERITED = frozenset(
    (
        *("fill", "fill-opacity", "stroke", "stroke-width", "stroke-dasharray", "stroke-linecap", "stroke-linejoin"),
        *("font-size", "font-weight", "text-anchor", "paint-order"),
    )
)
_GROUP, _SIGNS = len("<g></g>"), len(" =''")
_SPECIAL = re.compile("[&<>'\"]")
Look = frozenset[tuple[str, str]]


def shared(parts: Iterable[str], usual: Mapping[str, str]) -> str:
    """Elements as SVG text, in the same order and with the same look; ``usual`` is what the picture says of all.

    >>> shared(["<path d='M0 0' fill='red'/>", "<path d='M1 1' fill='red'/>"], {})
    "<g fill='red'><path d='M0 0'/><path d='M1 1'/></g>"
    """
    elements = list(ElementTree.fromstring(f"<g>{''.join(parts)}</g>"))
    looks = [_look(element, usual) for element in elements]
    return "".join(_runs(elements, looks))


def said(look: Iterable[tuple[str, str]]) -> str:
    """Attributes as they stand in a tag.

    >>> said([("fill", "red"), ("width", "2")])
    " fill='red' width='2'"
    """
    return "".join(f" {name}='{_safe(value)}'" for name, value in look)


def _safe(text: str) -> str:
    """A text as it may stand in an attribute.

    >>> _safe("a < b"), _safe("a, b")
    ('a &lt; b', 'a, b')
    """
    return escape(text) if _SPECIAL.search(text) else text


def _look(element: Element, usual: Mapping[str, str]) -> Look:
    """What an element says of its look that it would not inherit anyway."""
    return frozenset(one for one in element.items() if one[0] in INHERITED and usual.get(one[0]) != one[1])


def _runs(elements: Sequence[Element], looks: Sequence[Look]) -> Iterator[str]:
    at = 0
    while at < len(elements):
        end, common = _run(looks, at)
        inside = "".join(_written(one, look - common) for one, look in zip(elements[at:end], looks[at:end]))
        yield f"<g{said(sorted(common))}>{inside}</g>" if common else inside
        at = end


def _run(looks: Sequence[Look], at: int) -> tuple[int, Look]:
    """The end of the run from a place whose group spares most, and what it has in common."""
    best, most, common, end = (at + 1, Look()), 0, looks[at], at + 1
    while end < len(looks) and (common := common & looks[end]):
        end += 1
        spared = (end - at - 1) * sum(len(name) + len(value) + _SIGNS for name, value in common) - _GROUP
        if spared > most:
            best, most = (end, common), spared
    return best


def _written(element: Element, look: Look) -> str:
    own = [(name, value) for name, value in element.items() if name not in INHERITED or (name, value) in look]
    inside = escape(element.text, quote=False) if element.text else ""
    for one in element:
        inside += _written(one, _look(one, {})) + escape(one.tail or "", quote=False)
    return f"<{element.tag}{said(own)}>{inside}</{element.tag}>" if inside else f"<{element.tag}{said(own)}/>"
