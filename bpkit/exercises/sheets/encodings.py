"""The text in a file's bytes: read where its letters leave no doubt about the encoding, refused where they do.

charset-normalizer proposes the readings, but its choice among them turns Hélène into Hélčne, because a list of names is
too short for its statistics. So rules of names have a veto here, and where several readings are left none is taken.
"""

from __future__ import annotations

import codecs
import re
import unicodedata
from collections.abc import Sequence, Set
from functools import lru_cache

# UTF-32's marks first: UTF-16's is the beginning of one.
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# For each language the letters of its names beside a to z, and words of its headers.
_WEST = (
    "äöüßé vorname nachname familienname matrikelnummer teilnehmer",
    "àâçéèêëîïôùûüÿœ nom prénom prenom étudiant",
    "áéíñóúüç nombre apellidos apellido",
    "àçèéíïòóúü cognoms",
    "áâãàçéêíóôõúü sobrenome apelido",
    "àèéìíòóùú cognome matricola",
    "éèëïöü voornaam achternaam",
    "æøåéöäüôòóè fornavn etternavn efternavn",
    "åäöéüáà förnamn fornamn efternamn etunimi sukunimi",
    "áðéíóúýþæö eftirnafn",
    "äõöüšž eesnimi perekonnanimi",
)
_CENTRE = (
    "ąćęłńóśźż nazwisko imię",
    "áčďéěíňóřšťúůýžöü příjmení jméno",
    "áäčďéíĺľňóôŕšťúýžö priezvisko meno",
    "áéíóöőúüű vezetéknév keresztnév név",
    "čćđšž prezime priimek",
    "ăâîşţ nume prenume",
)
_BALTIC = ("āčēģīķļņšūž uzvārds vārds", "ąčęėšūž pavardė vardas", "äõöüšž eesnimi perekonnanimi", "ąćęłńóśźż")
_RUSSIAN, _UKRAINIAN = "абвгдеёжзийклмнопрстуфхцчшщъыьэюя", "абвгґдеєжзиіїйклмнопрстуфхцчшщьюя"
_CYRILLIC = (_RUSSIAN, _UKRAINIAN, "абвгдђежзијклљмнњопрстћуфхцчџш")
_GREEK = ("αβγδεζηθικλμνξοπρσςτυφχψωάέήίόύώϊϋ",)
# In the order in which they are named where several give the same text. Those without a name are hardly written any
# more: they raise doubts and are never the answer.
_PAGES = {
    "cp1252": ("Windows-1252", _WEST),
    "cp1250": ("Windows-1250", _CENTRE),
    "cp1251": ("Windows-1251", _CYRILLIC),
    "cp1253": ("Windows-1253", _GREEK),
    "cp1254": ("Windows-1254", ("çğıİöşüâîû soyadı adı",)),
    "cp1255": ("Windows-1255", ("אבגדהוזחטיךכלםמןנסעףפץצקרשת",)),
    "cp1256": ("Windows-1256", ("ءآأؤإئابةتثجحخدذرزسشصضطظعغفقكلمنهوىي",)),
    "cp1257": ("Windows-1257", _BALTIC),
    "iso8859_15": ("ISO-8859-15", _WEST),
    "iso8859_2": ("ISO-8859-2", _CENTRE),
    "mac_roman": ("Mac Roman", _WEST),
    "koi8_u": ("KOI8", _CYRILLIC),
    "iso8859_7": ("", _GREEK),
    **dict.fromkeys(("cp437", "cp850", "mac_iceland"), ("", _WEST)),
    **dict.fromkeys(("cp852", "mac_latin2"), ("", _CENTRE)),
    **dict.fromkeys(("cp866", "iso8859_5", "mac_cyrillic"), ("", _CYRILLIC)),
}
_LETTERS = {language: frozenset(language.split()[0]) for _, group in _PAGES.values() for language in group}
_HEADERS = frozenset(word for _, group in _PAGES.values() for language in group for word in language.split()[1:])
MOST_LINES = 2000  # that are looked at; a class has fewer, and so many leave no doubt
CLEAN = 0.2  # the library's own limit of mess; what is messier still raises doubts
ILL, ENOUGH = 3, 2  # what speaks against a line that no language has; and what one reading must be better by
_WORD = re.compile(r"[^\W\d_]+")
# Signs that names and remarks may have, and signs that touch a letter where no text has them.
_USUAL = re.compile(r"(?<=\w)’(?=\w)|(?<!\w)[–—…·•§€](?!\w)|(?<=[Nn])°(?!\w)|(?<!\w)\u00a0|\u00a0(?=[A-Z])|[\r\t]")
_GARBLED = re.compile(r"[^\W\d_][^\w\s\x00-\x7f’‘“”„«»–—…·]|[^\w\s\x00-\x7f’‘“”„«»–—…·][^\W\d_]")
# What no language with such a letter writes, and an accent between two other vowels, or between two other consonants.
_NEVER = re.compile(
    "[ńśź][aeiouj]|[āēīőű][aeiou]|ă[aeo]|iă|[aeiou]ė|ķ(?![eil])|õ$|õ.*õ|[ĺŕ]$|^ĺ|^[ьъ]|[аеёиоуыэюя][ьъ]|[ךםןףץ](?=.)"
    "|[b-df-hj-np-tv-xz][ďťňř][b-df-hj-np-tv-xz]|[b-df-hjkmnp-qstvwxz]č[b-df-hjl-np-tv-xz]"
)
_STUMBLE = re.compile("[vV]V[vV]|[cC]C[cC]")
_FREE = re.compile("(?<![A-Za-z\u0530-\u07ff])[\u0530-\u07ff]+(?![A-Za-z\u0530-\u07ff])")


def decoded(content: bytes) -> tuple[str, str] | None:
    """The text and the name of its encoding; None where that cannot be known.

    >>> decoded("Prénom".encode("utf-8")), decoded("Prénom".encode("cp1252"))
    (('Prénom', 'UTF-8'), ('Prénom', 'Windows-1252'))
    """
    for mark, name in _MARKS:
        if content.startswith(mark):
            text = _decoded(content, name)
            return None if text is None or "\0" in text else (text, name.removesuffix("-sig").upper())
    text = _decoded(content, "utf-8")
    if text is not None and "\0" not in text and not _by_chance(text):
        return text, "UTF-8"
    return _without_mark(content) if b"\0" in content else _legacy(content)


def _decoded(content: bytes, encoding: str) -> str | None:
    try:
        return content.decode(encoding)
    except UnicodeError:
        return None


def _by_chance(text: str) -> bool:
    """Are Eastern letters only beside Latin ones? Two letters in an encoding of DOS may look like one of them."""
    beyond = {one for one in text if one > "\x7f"}
    return bool(beyond) and all("\u0530" <= one <= "\u07ff" for one in beyond) and not _FREE.search(text)


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
    from charset_normalizer import from_bytes

    lines = content.splitlines()
    telling = [line for line in dict.fromkeys(lines) if not line.isascii()][:MOST_LINES]
    sample = b"\n".join([b" ".join(lines[:3]), *telling])
    # Without limits: a page that it finds messy would keep the library from trying pages like it, and a language that
    # seems to fit from trying other scripts.
    matches = from_bytes(
        sample,
        cp_isolation=list(_PAGES),
        threshold=100,
        language_threshold=100,
        preemptive_behaviour=False,
        enable_fallback=False,
    )
    clean: dict[tuple[str, ...], str] = {}
    flaws: dict[tuple[str, ...], list[int]] = {}
    for match in matches:
        header, *rows = str(match).split("\n")
        pages = sorted(match.could_be_from_charset, key=list(_PAGES).index)
        name, text = _PAGES[pages[0]][0], tuple(rows)
        headers = set(_WORD.findall(header.lower())) & _HEADERS
        flaws[text] = against = min((_flaws(text, _PAGES[page][1], headers) for page in pages), key=sum)
        # A name or two may look well in an encoding that hardly a program writes.
        known = name.startswith("Windows") or (name != "" and len(text) >= 3)
        garbled = match.chaos >= CLEAN or 4 * against.count(ILL) > len(text) or any(map(_GARBLED.search, text))
        if known and not garbled:
            clean[text] = pages[0]
    for text, page in clean.items():
        if all(_better(text, flaws[text], other, flaws[other]) for other in flaws.keys() - {text}):
            whole = _decoded(content, page)
            return None if whole is None else (whole, _PAGES[page][0])
    return None


def _better(one: Sequence[str], flaws: Sequence[int], other: Sequence[str], others: Sequence[int]) -> bool:
    """Does a reading look better than another where they differ, and hardly ever worse?"""
    gaps = [theirs - own for a, b, own, theirs in zip(one, other, flaws, others) if a != b]
    return sum(gap if gap > 0 else 3 * gap for gap in gaps) >= ENOUGH


def _flaws(lines: Sequence[str], group: Sequence[str], headers: Set[str]) -> list[int]:
    """What speaks against each line, if the class is of the language that fits best, or that the headers have."""
    own = [language for language in group if headers & set(language.split()[1:])]
    if headers and not own:
        return [ILL] * len(lines)
    # In a Western class, names of several languages meet in one person.
    parts = [list(map(_special, _WORD.findall(line) if group is _WEST else [line])) for line in lines]
    ill = [not _written(line) or not all(_fits(part, *group) for part in some) for line, some in zip(lines, parts)]
    halting = [bool(_STUMBLE.search("".join(map(_sound, line)))) for line in lines]
    costs = []
    for language in own or group:
        foreign = [(2 if own else 1) * (not all(_fits(part, language) for part in some)) for some in parts]
        costs.append([ILL if bad else strange + hard for bad, strange, hard in zip(ill, foreign, halting)])
    return min(costs, key=sum)


def _special(text: str) -> Set[str]:
    """The letters beside a to z."""
    return {one for one in text.lower() if one > "\x7f" and one.isalpha()}


def _fits(special: Set[str], *languages: str) -> bool:
    """Are these letters all those of one language?"""
    return any(special <= _LETTERS[language] for language in languages)


def _written(line: str) -> bool:
    """Are all signs usual, and all words such as names can be?"""
    if any(one < " " or (one > "\x7f" and not one.isalpha()) for one in _USUAL.sub("", line)):
        return False
    return all(_name(found[0], line[: found.start()]) for found in _WORD.finditer(line) if not found[0].isascii())


def _name(word: str, before: str) -> bool:
    """Is a word in one script, with capitals where names have them, and not only of accents?"""
    scripts = {unicodedata.name(one, "").split(" ")[0] for one in word}
    inside = any(two.isupper() and not (one + two).isascii() for one, two in zip(word, word[1:]))
    if len(scripts) > 1 or _NEVER.search(word.lower()) or (inside and not word.isupper()):
        return False
    if scripts != {"LATIN"}:
        return not word[0].islower() or before.endswith(("'", "’"))
    return len(word) < 4 or 3 * sum(one > "\x7f" for one in word) <= 2 * len(word)


@lru_cache(maxsize=1024)
def _sound(letter: str) -> str:
    """A vowel or a consonant, in capitals with an accent; neither for what may be both, or is spoken with a vowel."""
    plain = unicodedata.normalize("NFD", letter.lower())[0]
    if not letter.isalpha() or plain > "\u024f" or plain == "y" or letter.lower() in "ãõ":
        return " "
    kind = "v" if plain in "aeiouæøœı" else "c"
    return kind if letter <= "\x7f" else kind.upper()
