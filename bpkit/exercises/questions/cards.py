"""An exercise as a card of a page: its text and picture, and for each part what is asked and how to answer."""

from __future__ import annotations

import re
from typing import Any

from bpkit.core.spelling import typeset
from bpkit.exercises.questions.exercise import Exercise
from bpkit.exercises.questions.feedback import Feedback
from bpkit.exercises.questions.hints import hints
from bpkit.exercises.questions.parts import ExactPart, NumberPart, Part
from bpkit.exercises.questions.written import FunctionPart
from bpkit.mistakes.typed_number import taken
from bpkit.page.in_page import in_page
from bpkit.show.themed import themed

NOT_YET = ("blank", "unreadable")
WIDE = 470  # pixels: a wider picture stands above its answers, any other left of them
LONG = 7  # rows of tables: more stand left of the answers by themselves, fewer below the picture
LONGEST_LISTED = 12  # signs of an option; where one is longer, all are seen at once
_HOW = {"shape": "rows, columns", "paths": "h1 o1, h2 o1", "whole": "a whole number", "order": "letters"}
_QUANTITY = re.compile(r"(\$[^$]+\$)([^,]*)(?:, \w+)?, to (\d+) significant digits")
_LIST = re.compile(r'`\[("[^`]*")\]`')


def card(one: Exercise) -> dict[str, Any]:
    """What is given, in words and as a picture, and what is asked."""
    content = one.content
    text = content.card() if content.card else one.text.removesuffix("Compute:")
    blocks = [block for block in text.split("\n\n") if block.strip()]
    tables = [block for block in blocks if block.startswith("|")]
    return {
        "given": in_page("\n\n".join(block for block in blocks if block not in tables)),
        "data": in_page("\n\n".join(tables)) if tables else "",
        "long": sum(block.count("\n") for block in tables) > LONG,
        **_picture(one),
        "parts": [_asked(part, letter, len(one.parts) > 1) for letter, part in one.parts.items()],
    }


def _picture(one: Exercise) -> dict[str, Any]:
    """The picture, its words, and its numbers as a table."""
    if one.content.picture is None:
        return {"picture": "", "wide": False, "table": ""}
    drawing = one.content.picture()
    table = in_page(one.content.table()) if one.content.table else ""
    wide = _width(str(drawing.figure)) > WIDE
    return {"picture": themed(drawing), "wide": wide, "table": table}


def _width(svg: str) -> float:
    found = re.search(r"width=['\"]([\d.]+)", svg)
    return float(found[1]) if found else 0.0


def said(part: Part, typed: str, found: Feedback) -> str:
    """What is said of an answer, and what was read of it where that was typed in another form.

    >>> part = NumberPart("E?", 0.25)
    >>> said(part, "1/4", part.judge("1/4"))
    'Right. I read it as 0.25.'
    """
    number = isinstance(part, NumberPart) or (
        isinstance(part, ExactPart) and not part.options and part.reader in ("whole", "number")
    )
    read = taken(typed) if number and found.verdict not in NOT_YET else ""
    return f"{found.message} {read}".rstrip()


def _asked(part: Part, letter: str, several: bool) -> dict[str, Any]:
    """A part of a question: its text, the name before its box, and the field or the list that takes the answer."""
    reader = part.reader if isinstance(part, ExactPart) else "number"
    how = _HOW.get(reader, "a number") if isinstance(part, ExactPart | NumberPart) else "a formula"
    asks = _LIST.sub(lambda found: found[1].replace('"', ""), part.asks)
    name, found = "", _QUANTITY.fullmatch(asks)
    if found and isinstance(part, NumberPart):
        name, asks, how = f"{found[1]}{found[2]} =", "", f"{found[3]} digits, or a formula"
    elif isinstance(part, NumberPart):
        how = f"{part.digits} digits, or a formula"
    options = list(getattr(part, "options", ()))
    spoken = ""
    if name and isinstance(part, NumberPart) and part.problem and part.quantity and found:
        quantity = typeset(part.quantity.partition(" after ")[0], part.problem.derivation.quantities)
        spoken = f": {quantity}{found[2].replace('$', '').replace(chr(92) + 'eta', 'η')}"
    return {
        "letter": f"{letter})" if several else "",
        "asks": in_page(asks, large=True) if asks else "",
        "name": in_page(name).removeprefix("<p>").removesuffix("</p>"),
        "label": f"Answer {letter}{spoken}",
        "helps": f"Hints for {letter}",
        "hint": how,
        "options": options,
        "listed": any(len(option) > LONGEST_LISTED for option in options),
        "hints": bool(hints(part)),
        "first": part.first,
        "kernel": isinstance(part, FunctionPart),
    }
