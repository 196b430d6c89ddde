"""The page's module in a JavaScript engine without a page, for what it computes."""

from __future__ import annotations

import atexit
import re
from functools import cache
from pathlib import Path

from py_mini_racer import MiniRacer

MODULE = Path(__file__).parents[1] / "bpkit" / "page" / "bpkit.js"


@cache
def engine() -> MiniRacer:
    """All functions of the module as globals; what it gives to an importer is left out."""
    one = MiniRacer()
    atexit.register(one.close)  # left to the interpreter's last moments, the engine may wait for its thread for ever
    one.eval(re.sub(r"(?m)^export default [\s\S]*|^export ", "", MODULE.read_text(encoding="utf-8")))
    return one


def returned(one: MiniRacer, body: str) -> list[float]:
    """The numbers that the body of a function returns, one or many.

    They come as text: the engine may use the memory of an array again at any time.
    """
    run = f'(() => {{"use strict"; {body}\n}})()'
    text = str(one.eval(f"(found => Array.from(typeof found === 'number' ? [found] : found, String).join(' '))({run})"))
    return [float(number) for number in text.split()]
