"""Names and ids of learners, as people and learning systems spell them."""

from __future__ import annotations

import re
import unicodedata

# The signs that people and keyboards have for an apostrophe, which many systems leave out of names.
_APOSTROPHES = str.maketrans(dict.fromkeys("'’‘`´ʼʻʹ′＇"))


def without_apostrophes(text: str) -> str:
    """The same text with its apostrophes left out.

    >>> without_apostrophes("O’Brien")
    'OBrien'
    """
    return text.translate(_APOSTROPHES)


def name_of(text: str) -> str:
    """A name's words in the order of the alphabet, without accents and punctuation.

    >>> name_of("Ash-Müller, Ada") == name_of("ada ash muller")
    True
    """
    letters = (letter for letter in unicodedata.normalize("NFKD", text) if not unicodedata.combining(letter))
    return " ".join(sorted(re.findall(r"[^\W_]+", "".join(letters).casefold())))


def id_of(text: str) -> str:
    """An id without what programs put around it: Brightspace's #, zeros, which spreadsheets take away, and ="..".

    >>> id_of("#00123") == id_of('="123"') == "123"
    True
    """
    plain = text.strip().removeprefix("=").strip('"').lstrip("#").strip().casefold()
    return plain.lstrip("0") or plain if plain.isdecimal() else plain
