"""The kit's SVG in fewer bytes: what an element inherits anyway, and colours that the picture does not have, go.

A class's files hold thousands of pictures, so a fifth of their size is many megabytes.
"""

from __future__ import annotations

import re
from functools import lru_cache, partial

_RULE = re.compile(r"\[((?:fill|stroke)='#\w+')\]\{(fill|stroke):#\w+\}")
_DARK = re.compile(r"<style>(@media \(prefers-color-scheme:dark\)\{)(.*?)(\}</style>)", re.DOTALL)
_TEXT = re.compile(r"<text\b[^>]*>")
_ROOT = re.compile(r"<svg\b[^>]*>")
ANCHOR = " text-anchor='middle'"


@lru_cache(maxsize=64)
def compact(svg: str) -> str:
    """The same picture, shorter."""
    found = _ROOT.match(svg)
    if not found or "<g" in svg:  # a group would come between the picture and what inherits from it
        return svg
    root, inside = found[0], svg[found.end() :]
    texts = _TEXT.findall(inside)
    if texts and all(" text-anchor='" in one for one in texts):
        root = f"{root[:-1]}{ANCHOR}>"
        inside = _TEXT.sub(partial(_without, ANCHOR), inside)
    for inherited in re.findall(r" (?:font-size|fill)='[^']*'", root):
        inside = _TEXT.sub(partial(_without, inherited), inside)
    inside = inside.replace(".0'", "'")
    drawn = root + _DARK.sub("", inside)

    def dark(style: re.Match[str]) -> str:
        return f"<style>{style[1]}{_RULE.sub(lambda rule: rule[0] if rule[1] in drawn else '', style[2])}{style[3]}"

    return root + _DARK.sub(dark, inside)


def _without(said: str, tag: re.Match[str]) -> str:
    return tag[0].replace(said, "")
