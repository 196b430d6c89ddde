"""Which columns of a gradebook's export take marks, what each is called, and out of how many points it is."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from bpkit.core.errors import BpkitError
from bpkit.exercises.sheets.headers import TOTALS, known, plain

# As Canvas, Blackboard and Brightspace head the column of an assignment, and as Moodle's gradebook does.
CANVAS = re.compile(r"(?P<name>.+) \((?P<number>\d+)\)")
BLACKBOARD = re.compile(r"(?P<name>.+?) *(?:\[(?P<total>[^\[\]]*)\])? *\|(?P<number>\d+)")
BRIGHTSPACE = re.compile(r"(?P<name>.+?)(?: Points)? Grade <(?P<kind>[^<>]*)>")
MOODLE = re.compile(r"(?:(?P<activity>[^\W\d][\w ]*): )?(?P<name>.+) \((?P<kind>[^()]+)\)")
MOODLE_POINTS = frozenset({"real", "punkte", "brut", "brute", "valor"})
MOODLE_PERCENT = frozenset({"percentage", "prozentsatz", "prozent", "pourcentage", "porcentaje"})
# Moodle's grading worksheet has one column for the mark, and others that are about it.
GRADE = frozenset("grade bewertung note calificacion valutazione nota cijfer".split())
MAXIMUM = frozenset(
    "maximumgrade bestwertung bestebewertung hochstebewertung maximalebewertung maximalbewertung notemaximale "
    "calificacionmaxima valutazionemassima notamaxima maximumcijfer maximalecijfer".split()
)
CHANGEABLE = frozenset(
    "gradecanbechanged bewertungkanngeandertwerden lanotepeutetremodifiee lacalificacionpuedesercambiada "
    "lavalutazionepuoesserecambiata anotapodeseralterada cijferkangewijzigdworden".split()
)
# Rows that say the points of each column, and columns that say those of the one before.
POINTS = frozenset(
    "pointspossible possible points punkte of max maximum maxpoints maximumpoints maximalpunkte maximalpunktzahl outof "
    "moglichepunkte punktemoglich erreichbarepunkte maxpunkte maximalepunktzahl".split()
)
# What a gradebook works out itself.
_READ_ONLY = re.compile(
    r"\b(?:current|final|total|override|average|adjusted|calculated|overall|course|subtotal)\b.*"
    r"\b(?:score|points|grade|total|numerator|denominator|mark)\b|"
    r"\b(?:total|average|subtotal|gesamt|summe|durchschnitt)$",
    re.IGNORECASE,
)
_REMARKS = re.compile(
    r"comment|remark|feedback|notes\b|kommentar|bemerkung|anmerkung|notiz|last ?modified|last ?access|availab|status|"
    r"end-of-line|zuletzt|verfügbar|download|^[*#]",  # Sakai has comments under * and what it works out under #
    re.IGNORECASE,
)
_NUMBER = r"(\d+(?:[.,]\d+)?)"
_OUT_OF = re.compile(
    rf"[(\[]\s*(?:max(?:imum|imal)?\.?|out of|von|of|/)\s*:?\s*{_NUMBER}[^()\[\]]*[)\]]$|"
    rf"[(\[]\s*{_NUMBER}\s*(?:points?|pts?\.?|punkte?|marks?|p\.?)\s*[)\]]$|\[{_NUMBER}\]$|"
    rf"(?:\bmax\.?:?|\bout of)\s*{_NUMBER}$",
    re.IGNORECASE,
)
_PERCENT = re.compile(r"%\s*[)\]]?$")


@dataclass(frozen=True)
class Column:
    """One column of an export: its header in full, the assignment's name, the system's own number for it.

    ``most`` is what the header says that a mark is out of, 0 where it does not say. ``takes_marks`` is False for what
    an export says about people, and for what the gradebook works out itself; ``if_named`` is True for what may be
    either, such as a total in a table of one's own.
    """

    place: int
    header: str
    name: str = ""
    number: str = ""
    most: float = 0.0
    takes_marks: bool = False
    if_named: bool = False

    def called(self, said: str) -> int:
        """How well that names the column: 3 for its header, 2 for its number, 1 for its name, 0 for not at all."""
        wanted = _folded(said)
        if wanted == _folded(self.header):
            return 3
        if self.number and wanted.strip("()") == self.number:
            return 2
        return int(bool(self.name) and wanted == _folded(self.name))


def _folded(text: str) -> str:
    return " ".join(text.split()).casefold()


def number_in(text: str) -> float | None:
    """The number that a cell holds, with a decimal point or comma, as points or in per cent; None for anything else.

    >>> number_in("12,5"), number_in("80 %"), number_in("–")
    (12.5, 80.0, None)
    """
    cell = text.strip().removesuffix("%").strip().replace(",", ".")
    return float(cell) if re.fullmatch(r"-?\d+(?:\.\d*)?|-?\.\d+", cell) else None


def columns_of(headers: Sequence[str], canvas: bool) -> list[Column]:
    """All columns of an export; ``canvas`` says that a row with the points of each column is below the headers.

    >>> [column.name for column in columns_of(["Student", "Test 1 (4711)"], canvas=True)]
    ['', 'Test 1']
    """
    said = [" ".join(header.split()) for header in headers]
    words = set(map(plain, said))
    if words & GRADE and words & (MAXIMUM | CHANGEABLE):
        first = next(place for place, header in enumerate(said) if plain(header) in GRADE)
        return [Column(place, header, header, takes_marks=place == first) for place, header in enumerate(said)]
    for reader in (_blackboard, _brightspace, _moodle, *([_canvas] if canvas else [])):
        found = [reader(place, header) for place, header in enumerate(said)]
        if any(found):
            return [column or Column(place, header) for place, (header, column) in enumerate(zip(said, found))]
    return [_plain(place, header) for place, header in enumerate(said)]


def _blackboard(place: int, header: str) -> Column | None:
    found = BLACKBOARD.fullmatch(header)
    if not found:
        return None
    most = re.search(_NUMBER, found["total"] or "")
    # "up to 100" is how totals are headed.
    own = not _READ_ONLY.search(found["name"]) and "up to" not in (found["total"] or "")
    return Column(place, header, found["name"], found["number"], _points(most and most[1]), own)


def _brightspace(place: int, header: str) -> Column | None:
    found = BRIGHTSPACE.fullmatch(header)
    if not found:
        return None
    most = re.search(rf"MaxPoints:{_NUMBER}", found["kind"])
    own = bool(most) and not _READ_ONLY.search(found["name"])
    return Column(place, header, found["name"], most=_points(most and most[1]), takes_marks=own)


def _moodle(place: int, header: str) -> Column | None:
    found = MOODLE.fullmatch(header)
    kind = plain(found["kind"]) if found else ""
    if not found or kind not in MOODLE_POINTS | MOODLE_PERCENT:
        return None
    own = bool(found["activity"]) or not _READ_ONLY.search(found["name"])
    return Column(place, header, found["name"], most=100.0 if kind in MOODLE_PERCENT else 0.0, takes_marks=own)


def _canvas(place: int, header: str) -> Column | None:
    found = CANVAS.fullmatch(header)
    if not found:
        return None
    own = not re.search(r"\b(?:Current|Final) (?:Score|Points|Grade)\b", found["name"])
    return Column(place, header, found["name"], found["number"], takes_marks=own)


def _plain(place: int, header: str) -> Column:
    """A column of a table without any system's signs: whatever is not about people may take marks."""
    out_of, numbered = _OUT_OF.search(header), CANVAS.fullmatch(header)
    most = 100.0 if _PERCENT.search(header) else _points(out_of and next(filter(None, out_of.groups())))
    name = header[: out_of.start()].strip(" ,:;–-") if out_of else numbered["name"] if numbered else header
    number = numbered["number"] if numbered else ""
    told = plain(header) in TOTALS or _READ_ONLY.search(name) or _REMARKS.search(header)
    own = bool(header) and (plain(header) in GRADE or not known(header))
    return Column(place, header, name, number, most, own and not told, own)


def _points(number: str | None) -> float:
    return (number_in(number) or 0.0) if number else 0.0


def chosen(columns: Sequence[Column], empty: Sequence[Column], said: str) -> Column:
    """The column that is meant: what ``said`` names, else the only one that takes marks and has none yet.

    Raises ``BpkitError`` where none or several can be meant; it names them.
    """
    if said.strip():
        return _named(columns, said)
    able = [column for column in columns if column.takes_marks]
    if len(empty) == 1:
        return empty[0]
    if empty:
        raise BpkitError(
            f"gradebook: expected one column without any mark yet, found {len(empty)}: {listed(empty)}; say which one "
            "you mean (--column NAME)"
        )
    if able:
        raise BpkitError(
            f"gradebook: expected a column without any mark yet, but there are marks in all of them: {listed(able)}; "
            "say which one to complete (--column NAME), or export the gradebook with a new assignment"
        )
    raise BpkitError(
        "gradebook: expected a column for the marks, found none beside the names and what the gradebook works out "
        "itself; add a column for this sheet, or say which one you mean (--column NAME)"
    )


def _named(columns: Sequence[Column], said: str) -> Column:
    able = [column for column in columns if column.takes_marks or column.if_named]
    best = max((column.called(said) for column in able), default=0)
    found = [column for column in able if best and column.called(said) == best]
    if len(found) > 1:
        raise BpkitError(
            f"gradebook: expected the name of one column, but {said[:60]!r} fits {len(found)}: {listed(found)}; give "
            "the header in full, or its number"
        )
    if not found:
        which = f"choose from {listed(able)}" if able else "no column of this file takes marks"
        raise BpkitError(f"gradebook: expected a column for marks, {said[:60]!r} is none; {which}")
    return found[0]


def listed(columns: Sequence[Column]) -> str:
    """The headers of some columns.

    >>> listed(columns_of(["Student", "Test 1 (4711)"], canvas=True))
    '“Student”, “Test 1 (4711)”'
    """
    shown = ", ".join(f"“{column.header[:80]}”" for column in columns[:12])
    return f"{shown} and {len(columns) - 12} more" if len(columns) > 12 else shown
