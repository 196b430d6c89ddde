"""What a program can see of how the kit writes: phrases to drop, one notation, lines named sparingly."""

from __future__ import annotations

import re
from collections.abc import Iterator

# A phrase that a reader stumbles over, and what to write instead. Word by word, in any case.
PHRASES = {
    r"in place of": "instead of",
    r"once more": "again",
    r"somebody|someone else's": "another student",
    r"nobody": "no one acts: say who does what",
    r"but for(?! example)": "except for, up to",
    r"by one way|by two ways": "along a single path",
    r"at home in": "comfortable with",
    r"all the same": "still",
    r"worth ?while": "worth it",
    r"no more than that": "that is all",
    r"mends?|mended|mending": "correct, fix",
    r"the other way round than": "the opposite of what",
    r"what becomes of": "what happens to",
    r"laid down": "swapped",
    r"(?:as|if|when|what|that) one (?:must|does|gets|forgets|leaves|takes|sees)": "you",
    r"derivatives? (?:of [\w\s₀-₉]+ )?by (?:the |a |an |all )?(?:net|out|weights?|bias|parameters?|w|b)[\w₀-₉]*": (
        "with respect to"
    ),
    r"slope of (?:the )?[\w₀-₉ ]*error[\w₀-₉ ]* in its output": "with respect to its output",
    r"for who(?:ever)?": "give the person a noun",
}
PHRASE = {re.compile(rf"(?<!\w)(?:{phrase})(?!\w)", re.IGNORECASE): better for phrase, better in PHRASES.items()}

CODE = re.compile(r"```.*?```|`[^`\n]*`", re.DOTALL)
MATHS = re.compile(r"\$\$.*?\$\$|\$[^$\n]*\$|\\\(.*?\\\)|\\\[.*?\\\]|\\begin\{.*?\\end\{\w+\*?\}", re.DOTALL)
ADDRESS = re.compile(r"\]\([^)\s]*\)|https?://\S+|<[^>]*>|\w+\.ipynb")
NOTATION = {
    re.compile(r"\bd?E(?:_total)?/d\w+"): "write ∂E/∂w₅",
    re.compile(r"(?<![\w₀-₉])[wb]\d+\b(?!_)"): "write w₅",
    re.compile(r"(?<!\w)[A-Za-z]+_[A-Za-z0-9]\w*"): "no underscore outside code",
    re.compile(r"(?<![\w)\]–])-\d"): "a minus is −",
    re.compile(r" - "): "a dash between clauses is –",
    re.compile(r"->|=>"): "an arrow is →",
    re.compile(r"\bx2\d* x \d|\b\d+ x \d+\b"): "shapes are written with ×",
}
LINE = re.compile(r"\((\d+)\)")


def plain(text: str) -> str:
    """Markdown without its code, its formulas and its addresses."""
    return ADDRESS.sub(" ", MATHS.sub(" ", CODE.sub(" ", text)))


def phrases(text: str) -> Iterator[str]:
    """The phrases to drop."""
    for pattern, better in PHRASE.items():
        yield from (f"{found[0]!r}: {better}" for found in pattern.finditer(plain(text)))


def notation(text: str) -> Iterator[str]:
    """What stands in code's notation outside code."""
    for pattern, better in NOTATION.items():
        yield from (f"{found[0]!r}: {better}" for found in pattern.finditer(plain(text)))


def crowded(text: str) -> Iterator[str]:
    """The paragraphs that name more than two lines; a table's rows are paragraphs, a listed item too."""
    for paragraph in re.split(r"\n\s*\n|\n(?=\s*(?:[-*|]|\d+\.) )", plain(text)):
        if len(set(LINE.findall(paragraph))) > 2:
            yield f"{paragraph.strip()[:80]!r}: at most two line numbers"


def faults(text: str) -> list[str]:
    """All of them."""
    return [*phrases(text), *notation(text), *crowded(text)]
