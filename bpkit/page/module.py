"""The ES module that draws every app, and its look, as text."""

from __future__ import annotations

import re
from functools import lru_cache
from importlib.resources import files


@lru_cache(maxsize=2)
def text_of(name: str) -> str:
    """One of the page's own files: ``bpkit.js`` or ``bpkit.css``.

    >>> text_of("bpkit.css").splitlines()[0]
    "/* The look of bpkit's pages and apps. Light and dark are designed; colour is never the only sign. */"
    """
    return files("bpkit.page").joinpath(name).read_text(encoding="utf-8")


_COMMENT = re.compile(r"^[ \t]*(?://[^\n]*|/\*(?:[^*]|\*(?!/))*\*/)[ \t]*\n", re.MULTILINE)
_OF_STYLES = re.compile(r"/\*(?:[^*]|\*(?!/))*\*/")  # in a style sheet also behind a rule, as its texts hold none
_AT_THE_END = re.compile(r" +// [^\n\"`]*$", re.MULTILINE)  # without quotes: in a text, one would follow
_INDENTATION = re.compile(r"^[ \t]+|^\n", re.MULTILINE)
_TEXTS = re.compile(r"""("(?:\\.|[^"\\])*"|`(?:\\.|[^`\\])*`)""")
# Beside its texts, a line may hold one of another kind, or a regular expression, which no room is around.
_UNSURE = re.compile("['`\"]|/(?! )|(?<! )/")
_AROUND_SIGNS = re.compile(r" *([=<>,:?&|(){}\[\];!*%]) *")
_AROUND_SUMS = re.compile(r"(?<![-+ ]) ([-+]) (?![-+ ])")
_AROUND_BRACES = re.compile(r"\s*([{};])\s*|(?<=[:,]) ")  # in a style sheet, whose texts hold none of them


@lru_cache(maxsize=2)
def inline(name: str) -> str:
    """The same as a page holds it: without comments, indentation and room, which only a reader of the source needs.

    The text is read line by line, not as a language: no text in backquotes may go on in another line.

    >>> len(inline("bpkit.css")) < len(text_of("bpkit.css"))
    True
    """
    found = text_of(name)
    for one in (_COMMENT, _AT_THE_END, _INDENTATION):
        found = one.sub("", found)
    if name.endswith(".css"):
        return _AROUND_BRACES.sub(r"\1", _OF_STYLES.sub("", found))
    return "".join(map(_going_on, map(_without_room, found.split("\n")))).removesuffix("\n")


def _going_on(line: str) -> str:
    r"""A line of a program with its end, where the next could not follow without.

    >>> _going_on("if (one) {"), _going_on("one = 1")
    ('if (one) {', 'one = 1\n')
    """
    return line if line.endswith(("{", ",")) and "//" not in line else f"{line}\n"


def _without_room(line: str) -> str:
    """A line of a program without the room around its signs; its texts, every other piece, stay as they are.

    >>> _without_room('const both = one + two, said = "a + b";')
    'const both=one+two,said="a + b";'
    """
    code, texts = (pieces := _TEXTS.split(line))[::2], pieces[1::2]
    if any(map(_UNSURE.search, code)) or any(one.count("${") > one.count("}") for one in texts):  # texts in texts
        return line
    pieces[::2] = (_AROUND_SUMS.sub(r"\1", _AROUND_SIGNS.sub(r"\1", one)) for one in code)
    return "".join(pieces)
