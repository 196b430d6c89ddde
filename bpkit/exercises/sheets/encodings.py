"""The text in a file's bytes: read where its letters leave no doubt about the encoding, refused where they do.

A list of names is too short for the statistics of an encoding detector, which turns Hélène into Hélčne. So every
encoding that a spreadsheet may have written is tried, and readings that no language's names can have are dropped.
"""

from __future__ import annotations

import codecs
import re
import unicodedata
from collections.abc import Mapping, Set
from functools import lru_cache
from itertools import combinations

# UTF-32's marks first: UTF-16's is the beginning of one.
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# Letters of a language's names beside a to z. What is rare in a language, as æ in French, is left to others.
_WEST = {
    "German": "äöüßé",
    "French": "àâçéèêëîïôùûüÿœ",
    "Spanish": "áéíñóúüç",
    "Catalan": "àçèéíïòóúü",
    "Portuguese": "áâãàçéêíóôõú",
    "Italian": "àèéìíòóùú",
    "Dutch": "áéèëïöüó",
    "Danish": "æøåéöä",
    "Swedish": "åäöéü",
    "Icelandic": "áðéíóúýþæö",
    "Faroese": "áðíóúýæø",
    "Irish": "áéíóú",
    "Estonian": "äõöüšž",
}
_CENTRE = {
    "Polish": "ąćęłńóśźż",
    "Czech": "áčďéěíňóřšťúůýžö",
    "Slovak": "áäčďéíĺľňóôŕšťúýž",
    "Hungarian": "áéíóöőúüű",
    "Croatian": "čćđšž",
    "Romanian": "ăâîşţ",
    "German": "äöüßé",
}
_TURKISH = {"Turkish": "çğıİöşüâîû", "German": "äöüß"}
_BALTIC = {"Latvian": "āčēģīķļņšūž", "Lithuanian": "ąčęėįšūž", "Estonian": "äõöüšž"}
_CYRILLIC = {
    "Russian": "абвгдеёжзийклмнопрстуфхцчшщъыьэюя",
    "Ukrainian": "абвгґдеєжзиіїйклмнопрстуфхцчшщьюя",
    "Serbian": "абвгдђежзијклљмнњопрстћуфхцчџш",
}
_GREEK = {"Greek": "αβγδεζηθικλμνξοπρσςτυφχψωάέήίόύώϊϋ"}
_HEBREW = {"Hebrew": "אבגדהוזחטיךכלםמןנסעףפץצקרשת"}
_ARABIC = {"Arabic": "ءآأؤإئابةتثجحخدذرزسشصضطظعغفقكلمنهوىي"}
# In the order in which they are named where several give the same text.
_CANDIDATES: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "cp1252": ("Windows-1252", _WEST),
    "iso8859_15": ("ISO-8859-15", _WEST),
    "mac_roman": ("Mac Roman", _WEST),
    "cp850": ("DOS (code page 850)", _WEST),
    "cp1250": ("Windows-1250", _CENTRE),
    "iso8859_2": ("ISO-8859-2", _CENTRE),
    "mac_latin2": ("Mac Central European", _CENTRE),
    "cp852": ("DOS (code page 852)", _CENTRE),
    "cp1254": ("Windows-1254", _TURKISH),
    "cp1257": ("Windows-1257", _BALTIC),
    "cp1251": ("Windows-1251", _CYRILLIC),
    "koi8_u": ("KOI8", _CYRILLIC),
    "iso8859_5": ("ISO-8859-5", _CYRILLIC),
    "mac_cyrillic": ("Mac Cyrillic", _CYRILLIC),
    "cp866": ("DOS (code page 866)", _CYRILLIC),
    "cp1253": ("Windows-1253", _GREEK),
    "cp1255": ("Windows-1255", _HEBREW),
    "cp1256": ("Windows-1256", _ARABIC),
}
_WINDOWS = {encoding for encoding, (name, _) in _CANDIDATES.items() if name.startswith("Windows")}
# Hardly a program writes them, and with them much looks well: they raise doubts and are never the answer.
_RARE = frozenset({"mac_latin2", "cp852", "iso8859_5", "mac_cyrillic"})
# Two bytes for a sign. Which of them it is, a list of names does not tell for sure, whoever looks at it.
_ASIAN = ("gb18030", "big5", "cp932", "euc_jp", "cp949")
# Headers of countries whose computers write Western letters.
_WESTERN = frozenset(
    """
    vorname nachname matrikelnummer teilnehmer gruppe nom nombre apellidos cognome nome matricola sobrenome voornaam
    achternaam fornavn etternavn efternavn fornamn efternamn förnamn etunimi sukunimi prénom étudiant
    """.split()
)
MOST_LINES = 2000  # that are looked at; a class has fewer, and so many leave no doubt
MANY = 4  # languages
_WORD = re.compile(r"[^\W\d_]+(?:[’'][^\W\d_]+)*")
# What names and headers have beside letters: an apostrophe in a word, other signs where no letter touches them.
_SIGNS = re.compile(r"(?<=\w)’(?=\w)|(?<!\w)[–—…·•§€](?!\w)|(?<=[Nn])°(?!\w)|\u00a0")
_VOWELS = frozenset("aeiouæøœıаеиоуыэюяіαειηοωυ")


def decoded(content: bytes) -> tuple[str, str] | None:
    """The text and the name of its encoding; None where that cannot be known."""
    for mark, name in _MARKS:
        if content.startswith(mark):
            text = _decoded(content, name)
            return None if text is None or "\0" in text else (text, name.removesuffix("-sig").upper())
    text = _decoded(content, "utf-8")
    if text is not None and "\0" not in text:
        return text, "UTF-8"
    return _without_mark(content) if b"\0" in content else _legacy(content)


def _decoded(content: bytes, encoding: str) -> str | None:
    try:
        return content.decode(encoding)
    except UnicodeError:
        return None


def _without_mark(content: bytes) -> tuple[str, str] | None:
    """UTF-16 without a byte order mark: the zeros of its separators and line ends are all on one side."""
    sides = content[::2].count(0), content[1::2].count(0)
    if len(content) % 2 or min(sides) or max(sides) < 2:
        return None
    text = _decoded(content, "utf-16-be" if sides[0] else "utf-16-le")
    if text is None or not all(one.isprintable() or one in "\r\n\t" for one in text):
        return None
    return text, "UTF-16"


def _legacy(content: bytes) -> tuple[str, str] | None:
    """A text in one of the older encodings, in which a byte is a letter."""
    lines = content.splitlines()
    telling = [line for line in dict.fromkeys(lines) if not line.isascii()][:MOST_LINES]
    encoding = _encoding(b"\n".join(dict.fromkeys([*lines[:3], *telling])))
    text = _decoded(content, encoding) if encoding else None
    return None if text is None else (text, _CANDIDATES[encoding][0])


def _encoding(content: bytes) -> str:
    """The encoding of lines that are not ASCII, and of the first ones; empty where several would do."""
    names: dict[str, str] = {}
    languages: dict[str, dict[str, str]] = {}
    for encoding, (_, group) in _CANDIDATES.items():
        text = _decoded(content, encoding)
        if text is not None and _possible(text, group):
            names.setdefault(text, encoding)
            languages[text] = {**languages.get(text, {}), **group}
    if any(_asian(_decoded(content, encoding) or "") for encoding in _ASIAN):
        return ""
    west = {text for text in names if languages[text].keys() >= _WEST.keys()}
    known = {text for text in west if _western(text)} or set(names)
    needed = {text: _languages(text, languages[text]) for text in known}
    # Where Western letters are written, names of several languages meet in one person; elsewhere hardly.
    odd = {text for text in known - west if not _coherent(text, languages[text])}
    for text in known - odd - {text for text in known if names[text] in _RARE}:
        if names[text] not in _WINDOWS and len(_words(text)) < 3:
            continue  # one name alone may look well in an encoding that hardly a program writes
        if all(_surer(text, other, needed, west, other in odd) for other in known - {text}):
            return names[text]
    return ""


def _surer(text: str, other: str, needed: Mapping[str, int], west: Set[str], odd: bool) -> bool:
    """Is one reading right beyond doubt, where the other would be possible, and is perhaps an odd one?

    One that takes fewer languages is, if enough words say so; Western classes may well take several.
    """
    fewer = needed[other] - needed[text] + odd
    mixed = other in west and needed[other] <= MANY
    if fewer > (mixed and needed[other] == MANY):
        enough = 1 if odd else 5 if mixed else 2 if text in west else 3
        return not _better(other, text) and _differing(text, other) >= enough
    return fewer == 0 and _better(text, other)


def _asian(text: str) -> bool:
    """Does a text beyond ASCII have Chinese, Japanese and Korean signs only, apart from words in Latin letters?"""
    signs = [one for one in text if one > "\x7f"]
    return (
        all(unicodedata.east_asian_width(one) == "W" for one in signs)
        and all(word.isascii() or not any("a" <= one.lower() <= "z" for one in word) for word in _WORD.findall(text))
        and bool(signs)
    )


def _western(text: str) -> bool:
    return any(word in _WESTERN for line in text.split("\n", 3)[:3] for word in re.findall(r"\w+", line.lower()))


def _possible(text: str, group: Mapping[str, str]) -> bool:
    """Are all signs those of a table of names, and written as words are?"""
    alphabet = _letters(frozenset(group.values()))
    for one in set(_SIGNS.sub("", text)):
        if one > "\x7f" and one not in alphabet:
            return False
        if one < " " and one not in "\r\n\t":
            return False
    return all(map(_written, _words(text)))


@lru_cache(maxsize=32)
def _letters(alphabets: frozenset[str]) -> frozenset[str]:
    small = set().union(*alphabets)
    return frozenset(small | {large for one in small if len(large := one.upper()) == 1})


def _words(text: str) -> set[str]:
    return {word for word in _WORD.findall(text) if not word.isascii()}


def _written(word: str) -> bool:
    """Is a word in one script, with its capitals where names have them, and not of accents alone?"""
    cased = word.replace("’", "").replace("'", "")
    latin = {"LATIN" in unicodedata.name(one, "") for one in cased}
    accents = sum(one > "\x7f" for one in cased)
    if len(latin) > 1 or (latin == {True} and len(cased) > 3 and 3 * accents > 2 * len(cased)):
        return False
    if cased.isupper():
        return True
    for before, one in zip(cased, cased[1:]):
        if one.isupper() and not (before + one).isascii() and "’" not in word:
            return False
    return True


def _coherent(text: str, group: Mapping[str, str]) -> bool:
    """Has every line letters of one language only?"""
    return all(any(special <= set(own) for own in group.values()) for special in _specials(text))


def _specials(text: str) -> set[frozenset[str]]:
    """The letters beside a to z in each line."""
    return {
        frozenset(one for word in _words(line) for one in word.lower() if one > "\x7f" and one.isalpha())
        for line in text.split("\n")
    }


def _languages(text: str, group: Mapping[str, str]) -> int:
    """How many languages it takes to have the letters of all words, one more than ``MANY`` for a word of none."""
    words = _specials("\n".join(_words(text)))
    if not all(any(special <= set(own) for own in group.values()) for special in words):
        return MANY + 1
    for count in range(1, MANY):
        for some in combinations(map(frozenset, group.values()), count):
            if all(any(special <= own for own in some) for special in words):
                return count
    return MANY


def _differing(one: str, other: str) -> int:
    """How many words two readings have that are not the same."""
    return len(_words(one) ^ _words(other)) // 2


def _better(one: str, other: str) -> bool:
    """Can the first be pronounced where the second cannot, and nowhere the other way round?"""
    if len(one) != len(other):
        return False
    places = {place for place, (a, b) in enumerate(zip(one, other)) if a != b}
    fluent, halting = _stumbles(one, places), _stumbles(other, places)
    return not fluent.keys() - halting.keys() and sum(halting[place] for place in halting.keys() - fluent.keys()) > 1


def _stumbles(text: str, places: Set[int]) -> dict[int, int]:
    """The places of letters that are amidst three vowels or consonants in a row; twice as bad where names have none."""
    found: dict[int, int] = {}
    for run in re.finditer("[vV]{3,}|V[Vh]|hV|[cl]{3,}", "".join(map(_sound, text))):
        hard = run[0] != "ccc" and "l" not in run[0]
        found |= {place: 1 + hard for place in range(run.start(), run.end()) if place in places}
    return found


@lru_cache(maxsize=2000)
def _sound(sign: str) -> str:
    """A vowel, one with an accent, one that may be a syllable beside another, a consonant, one that may be a vowel."""
    small = sign.lower()
    if not sign.isalpha() or small == sign.upper() or small == "y":  # scripts without vowels; y may be either
        return " "
    if small in "íúïüëý":
        return "h"
    if {small, unicodedata.normalize("NFD", small)[0]} & _VOWELS:
        return "V" if sign > "\x7f" else "v"
    return "l" if small in "lr" else "c"
