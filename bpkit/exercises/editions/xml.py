"""XML for learning systems: elements from texts, and files that are the same bytes everywhere."""

from __future__ import annotations

import re
from collections.abc import Iterable
from xml.etree.ElementTree import Element, tostring

# What XML has no way to write, not even escaped; an instructor's own question may hold it.
_NOT_IN_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def element(tag: str, *inside: Element | str | None, **attributes: str) -> Element:
    """An element that holds a text or other elements; ``None`` among them is left out.

    >>> tostring(element("item", "E < 1", None, element("points", "2"), title="The loss"), encoding="unicode")
    '<item title="The loss">E &lt; 1<points>2</points></item>'
    """
    made = Element(tag, {name: _written(value) for name, value in attributes.items()})
    for one in inside:
        if isinstance(one, str):
            made.text = (made.text or "") + _written(one)
        elif one is not None:
            made.append(one)
    return made


def document(root: Element, rows: Iterable[Element] = ()) -> str:
    """The whole file; each of the ``rows`` begins a line.

    >>> print(document(element("quiz")), end="")
    <?xml version="1.0" encoding="UTF-8"?>
    <quiz />
    """
    for row in rows:
        row.tail = "\n"
    # The declaration is written here, as the library's own depends on the machine's encoding.
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{tostring(root, encoding="unicode")}\n'


def _written(text: str) -> str:
    return _NOT_IN_XML.sub("\ufffd", text)
